import { type EvaluatedConditionals, evaluateConditionals, type Fact } from "./conditionals.ts";
import { groupDirectives } from "./directives.ts";
import type { Tokens } from "./lexer.ts";

/**
 * The platform that verification runs on: CPython 3.11, Linux on x86-64, gcc. Values of the Python macros are those
 * of the headers of CPython 3.11; sizes are those of pyconfig.h there.
 */
const PLATFORM: readonly (readonly [string, Fact])[] = [
  ["PY_VERSION_HEX", 0x030b00f0],
  ["PY_MAJOR_VERSION", 3],
  ["PY_MINOR_VERSION", 11],
  ["PYTHON_API_VERSION", 1013],
  ["WITH_THREAD", "defined"],
  ["HAVE_LONG_LONG", "defined"],
  ["_Py_PARSE_PID", "defined"],
  ["PyLong_FromPid", "defined"],
  ["PyLong_AsPid", "defined"],
  ["PY_FORMAT_SIZE_T", "defined"],
  ["SIZEOF_INT", 4],
  ["SIZEOF_PID_T", 4],
  ["SIZEOF_SHORT", 2],
  ["SIZEOF_LONG", 8],
  ["SIZEOF_LONG_LONG", 8],
  ["SIZEOF_SIZE_T", 8],
  ["SIZEOF_VOID_P", 8],
  ["SIZEOF_WCHAR_T", 4],
  ["__linux__", 1],
  ["__linux", 1],
  ["__unix__", 1],
  ["__unix", 1],
  ["__x86_64__", 1],
  ["__GNUC__", 12],
  ["__GNUC_MINOR__", "defined"],
  ["__STDC__", 1],
  ["__STDC_VERSION__", 201710],
  ["__BYTE_ORDER__", 1234],
  ["__ORDER_LITTLE_ENDIAN__", 1234],
  ["__ORDER_BIG_ENDIAN__", 4321],
];

/** Macros that do not exist on that platform. */
const ABSENT: readonly string[] = [
  "_WIN32",
  "_WIN64",
  "WIN32",
  "WIN64",
  "__WIN32__",
  "_WINDOWS",
  "MS_WINDOWS",
  "MS_WIN32",
  "MS_WIN64",
  "_MSC_VER",
  "__MINGW32__",
  "__MINGW64__",
  "__CYGWIN__",
  "__BORLANDC__",
  "__WATCOMC__",
  "__INTEL_COMPILER",
  "__clang__",
  "__APPLE__",
  "__MACH__",
  "__FreeBSD__",
  "__NetBSD__",
  "__OpenBSD__",
  "__DragonFly__",
  "__sun",
  "__sun__",
  "sun",
  "_AIX",
  "__hpux",
  "__VMS",
  "__EMSCRIPTEN__",
  "__ANDROID__",
  "__i386__",
  "__arm__",
  "__aarch64__",
  "PYPY_VERSION",
  "PyCapsule_Type",
  "PYPY_VERSION_NUM",
  "GRAALVM_PYTHON",
  "Py_LIMITED_API",
  "Py_GIL_DISABLED",
  "Py_TRACE_REFS",
  "Py_DEBUG",
];

/** Facts that hold before a project's own definitions are looked at. */
export function platformFacts(language: "c" | "cpp"): Map<string, Fact> {
  const facts = new Map<string, Fact>(PLATFORM);
  for (const name of ABSENT) facts.set(name, "undefined");
  if (language === "cpp") {
    facts.set("__cplusplus", 201703);
    facts.delete("__STDC_VERSION__");
  } else facts.set("__cplusplus", "undefined");
  return facts;
}

/** Facts about nothing but the version of Python. */
function versionFacts(): Map<string, Fact> {
  return new Map(PLATFORM.filter(([name]) => name.startsWith("PY_")));
}

type Definitions = EvaluatedConditionals["definitions"];

/** By tokens of a file, its definitions under the facts that were asked with last, by what these were for. */
const KNOWN = new WeakMap<Tokens, Map<string, { readonly facts: string; readonly definitions: Definitions }>>();

/** Definitions of a file under facts, which `written` holds as text: few files change from one step to the next. */
function definitionsUnder(
  tokens: Tokens,
  purpose: "version" | "first round" | "second round",
  facts: ReadonlyMap<string, Fact>,
  written: string,
): Definitions {
  const known = KNOWN.get(tokens) ?? new Map();
  KNOWN.set(tokens, known);
  const last = known.get(purpose);
  if (last?.facts === written) return last.definitions;
  const { definitions } = evaluateConditionals(tokens, groupDirectives(tokens), facts);
  known.set(purpose, { facts: written, definitions });
  return definitions;
}

/**
 * What the conditional definitions of a project tell: a macro that is defined where a condition is known to hold
 * exists, and one that is defined for other versions of Python only does not. `files` are tokens without comments.
 */
export function learnFacts(files: readonly Tokens[]): Map<string, Fact> {
  const shared = new Map<string, Fact>();
  const platform = platformFacts("c");
  const version = versionFacts();
  for (const round of ["first round", "second round"] as const) {
    const facts = new Map([...platform, ...shared]);
    const written = JSON.stringify([...shared]);
    const elsewhere = new Set<string>();
    const excluded = new Set<string>();
    for (const tokens of files) {
      const byVersion = definitionsUnder(tokens, "version", version, "");
      definitionsUnder(tokens, round, facts, written).forEach(({ definition, liveness, conditional, fact }, i) => {
        const { name } = definition;
        if (platform.has(name)) return;
        if (byVersion[i]?.liveness === "dead") excluded.add(name);
        else elsewhere.add(name);
        if (liveness !== "live" || !conditional) return;
        const known = shared.get(name);
        shared.set(name, known === undefined || known === "undefined" || known === fact ? fact : "defined");
      });
    }
    for (const name of excluded) if (!elsewhere.has(name) && !shared.has(name)) shared.set(name, "undefined");
  }
  return shared;
}
