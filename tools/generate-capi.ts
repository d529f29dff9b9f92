/**
 * Writes `model/api/capi.generated.ts`: C signatures and constants of CPython, read from installed headers.
 *
 *     tsx tools/generate-capi.ts /usr/include/python3.11 [OTHER...] [--check]
 *
 * The first directory is the reference; the others are older and newer releases, from which only the names that the
 * reference lacks are taken. It runs `gcc -E -dD`, so that the result is what a compiler sees.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Project, VariableDeclarationKind } from "ts-morph";
import { CAPI_FACTS } from "../model/api/capi/families.ts";
import { CAPI_MACRO_SIGNATURES } from "../model/api/capi/macro-signatures.ts";
import { CAPI_TYPED_CONSTANTS } from "../model/api/capi/typed-constants.ts";
import { CAPI_SIGNATURES } from "../model/api/capi.generated.ts";
import { asFunction, type CDefine, declarations, isWord, plainTokens, scan, spell } from "./c-declarations.ts";

const TARGET = join(dirname(fileURLToPath(import.meta.url)), "..", "model", "api", "capi.generated.ts");

/** Headers that extensions include besides Python.h, as far as a release has them. */
const EXTRA_HEADERS = [
  "structmember.h",
  "datetime.h",
  "frameobject.h",
  "marshal.h",
  "pystrhex.h",
  "structseq.h",
  "longintrepr.h",
  "osmodule.h",
  "pymath.h",
  "cStringIO.h",
  "code.h",
  "pytime.h",
];

interface Signature {
  readonly name: string;
  readonly result: string;
  readonly parameters: readonly string[];
  /** Header below the include directory. */
  readonly header: string;
  /** `3.11`. */
  readonly python: string;
}

interface Constant {
  readonly name: string;
  readonly kind: "object" | "type-object" | "exception" | "type" | "number";
  readonly type: string;
  readonly header: string;
  readonly python: string;
}

/** A function-like macro, or a macro that renames a function. */
interface Macro {
  readonly name: string;
  readonly header: string;
  readonly python: string;
}

interface Release {
  readonly signatures: readonly Signature[];
  readonly macros: readonly Macro[];
  readonly constants: readonly Constant[];
}

/** Python names, without the UCS2/UCS4 decoration of Python 2 builds. */
function undecorated(spelling: string): string {
  let name = spelling;
  for (const width of ["UCS2", "UCS4"]) {
    name = name.replace(`PyUnicode${width}_`, "PyUnicode_");
  }
  return name;
}

const isApiName = (name: string): boolean => name.startsWith("Py") || name.startsWith("_Py");

function releaseOf(include: string): Release {
  const text = preprocess(include);
  const source = scan(text);
  const python = pythonVersion(include);
  const inside = (file: string): boolean => file.startsWith(`${include}/`) && !file.includes("/internal/");
  const header = (file: string): string => relative(include, file);
  const signatures: Signature[] = [];
  const constants: Constant[] = [];
  for (const declaration of declarations(source.tokens)) {
    if (!inside(declaration.file)) continue;
    const where = { header: header(declaration.file), python };
    const fn = asFunction(declaration);
    if (fn !== undefined) {
      const name = undecorated(fn.name);
      if (isApiName(name)) {
        signatures.push({ name, result: fn.result, parameters: fn.parameters.map((p) => p.type), ...where });
      }
    } else {
      constants.push(...declaredConstants(declaration.tokens, where));
    }
  }
  const known = new Set([...signatures.map((s) => s.name), ...constants.map((c) => c.name)]);
  const defines = new Map(source.defines.map((define) => [define.name, define]));
  for (const define of defines.values()) {
    if (!inside(define.file) || define.parameters !== undefined || known.has(define.name)) continue;
    if (isNumeric(define, defines, constants, new Set())) {
      constants.push({ name: define.name, kind: "number", type: "int", header: header(define.file), python });
    }
  }
  const macros = [...defines.values()]
    .filter((define) => inside(define.file) && isApiName(define.name))
    .map((define) => ({ name: define.name, header: header(define.file), python }));
  return { signatures, macros, constants };
}

function preprocess(include: string): string {
  const headers = ["Python.h", ...EXTRA_HEADERS.filter((name) => existsSync(join(include, name)))];
  const input = headers.map((name) => `#include <${name}>\n`).join("");
  const run = spawnSync("gcc", ["-E", "-dD", `-I${include}`, "-"], { input, encoding: "latin1", maxBuffer: 1 << 28 });
  if (run.status !== 0) throw new Error(`gcc -E failed for ${include}: ${run.stderr}`);
  return run.stdout;
}

function pythonVersion(include: string): string {
  const defines = scan(readFileSync(join(include, "patchlevel.h"), "latin1")).defines;
  const part = (name: string): string => defines.find((define) => define.name === name)?.value[0] ?? "?";
  return `${part("PY_MAJOR_VERSION")}.${part("PY_MINOR_VERSION")}`;
}

/** Variables, typedefs and enumerators of one declaration. */
function declaredConstants(
  tokens: readonly string[],
  where: { readonly header: string; readonly python: string },
): Constant[] {
  const found: Constant[] = [];
  const open = tokens.indexOf("{");
  if (tokens.includes("enum") && open !== -1) {
    const body = tokens.slice(open + 1, tokens.indexOf("}", open));
    for (const [at, text] of body.entries()) {
      if (isApiName(text) && (at === 0 || body[at - 1] === ",")) {
        found.push({ name: text, kind: "number", type: "int", ...where });
      }
    }
  }
  if (tokens[0] === "typedef") {
    const pointer = tokens.findIndex((text, at) => text === "(" && tokens[at + 1] === "*");
    const named = pointer !== -1 && open === -1 ? tokens[pointer + 2] : tokens.findLast((text) => isWord(text));
    if (named !== undefined && isWord(named)) found.push({ name: named, kind: "type", type: "typedef", ...where });
    return found;
  }
  const name = tokens.at(-1);
  if (tokens[0] === "extern" && isWord(name) && isApiName(name) && open === -1) {
    const type = spell(plainTokens(tokens.slice(0, -1)));
    const kind = name.startsWith("PyExc_") ? "exception" : type === "PyTypeObject" ? "type-object" : undefined;
    if (kind !== undefined) found.push({ name, kind, type, ...where });
    else if (type === "PyObject *") found.push({ name, kind: "object", type, ...where });
    else if (type === "int" || type === "long") found.push({ name, kind: "number", type, ...where });
  }
  return found;
}

/** Whether an object-like macro is an integer or text built from literals and other such macros. */
function isNumeric(
  define: CDefine,
  defines: ReadonlyMap<string, CDefine>,
  constants: readonly Constant[],
  open: Set<string>,
): boolean {
  if (open.has(define.name) || define.value.length === 0) return false;
  open.add(define.name);
  const words = define.value.filter((text) => isWord(text));
  const literal = define.value.some((text) => text.charAt(0) >= "0" && text.charAt(0) <= "9");
  if (words.length === 0) return literal;
  const casts = new Set(["int", "unsigned", "long", "char", "Py_ssize_t", "size_t", "short", "double", "uint32_t"]);
  return words.every((word) => {
    if (casts.has(word)) return literal || words.length > 1;
    const next = defines.get(word);
    if (next !== undefined && next.parameters === undefined) return isNumeric(next, defines, constants, new Set(open));
    return constants.some((constant) => constant.name === word && constant.kind === "number") || isLimit(word);
  });
}

/** Limits that the C library defines. */
const isLimit = (word: string): boolean => word.endsWith("_MAX") || word.endsWith("_MIN") || word === "sizeof";

function render(releases: readonly Release[]): string {
  const wanted = new Set(CAPI_FACTS.map((fact) => fact.name));
  const typed = new Set(CAPI_MACRO_SIGNATURES.map((macro) => macro.name));
  const keywords = new Set(CAPI_TYPED_CONSTANTS.map((macro) => macro.name));
  const signatures = new Map<string, Signature>();
  const constants = new Map<string, Constant>();
  for (const [at, release] of releases.entries()) {
    for (const signature of release.signatures) {
      if (!signatures.has(signature.name) && !typed.has(signature.name) && wanted.has(signature.name)) {
        signatures.set(signature.name, signature);
      }
    }
    for (const constant of release.constants) {
      const functionLike = wanted.has(constant.name) || typed.has(constant.name) || keywords.has(constant.name);
      const old = at === 0 || isPublicConstant(constant);
      if (!constants.has(constant.name) && !functionLike && old) constants.set(constant.name, constant);
    }
  }
  const macros = new Map<string, Macro>();
  for (const release of releases) {
    for (const macro of release.macros) {
      if (typed.has(macro.name) && !macros.has(macro.name)) macros.set(macro.name, macro);
    }
  }
  const missing = [...wanted].filter((name) => !signatures.has(name) && !typed.has(name));
  if (missing.length > 0) throw new Error(`no signature for: ${missing.join(" ")}`);
  const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);
  const text = (value: string): string => JSON.stringify(value);
  const file = new Project({ useInMemoryFileSystem: true }).createSourceFile("capi.generated.ts");
  file.addStatements(
    "/* Generated by tools/generate-capi.ts from the headers of CPython. Do not edit. */\n" +
      "// biome-ignore-all format: one row per name keeps the table searchable.",
  );
  file.addVariableStatement({
    isExported: true,
    declarationKind: VariableDeclarationKind.Const,
    docs: ["Name, result type, parameter types, header, Python release that declares it."],
    declarations: [
      {
        name: "CAPI_SIGNATURES",
        type: "readonly (readonly [string, string, readonly string[], string, string])[]",
        initializer: `[\n${[...signatures.values()]
          .sort(byName)
          .map((s) => {
            const parameters = s.parameters.map(text).join(", ");
            return `[${text(s.name)}, ${text(s.result)}, [${parameters}], ${text(s.header)}, ${text(s.python)}],\n`;
          })
          .join("")}]`,
      },
    ],
  });
  file.addVariableStatement({
    isExported: true,
    declarationKind: VariableDeclarationKind.Const,
    docs: ["Name, header, Python release of the macros whose types are typed in; names for Windows alone are missing."],
    declarations: [
      {
        name: "CAPI_MACRO_HEADERS",
        type: "readonly (readonly [string, string, string])[]",
        initializer: `[\n${[...macros.values()]
          .sort(byName)
          .map((m) => `[${[m.name, m.header, m.python].map(text).join(", ")}],\n`)
          .join("")}]`,
      },
    ],
  });
  file.addVariableStatement({
    isExported: true,
    declarationKind: VariableDeclarationKind.Const,
    docs: ["Name, kind, C type, header, Python release that declares it."],
    declarations: [
      {
        name: "CAPI_DECLARED_CONSTANTS",
        type: 'readonly (readonly [string, "object" | "type-object" | "exception" | "type" | "number", string, string, string])[]',
        initializer: `[\n${[...constants.values()]
          .sort(byName)
          .map((c) => `[${[c.name, c.kind, c.type, c.header, c.python].map(text).join(", ")}],\n`)
          .join("")}]`,
      },
    ],
  });
  return file.getFullText();
}

const isPublicConstant = (constant: Constant): boolean => constant.name.startsWith("Py");

/** The text of the generated file for these include directories, the reference first. */
export function generateCapi(includes: readonly string[]): string {
  return render(includes.map(releaseOf));
}

/**
 * How the committed table differs from the headers of one release: a line per name that the release declares and the
 * table lacks or spells otherwise. Empty for the reference release, whatever its patch level.
 */
export function capiDrift(include: string): string[] {
  const table = new Map(CAPI_SIGNATURES.map(([name, result, parameters]) => [name, spelled(result, parameters)]));
  const typed = new Set(CAPI_MACRO_SIGNATURES.map((macro) => macro.name));
  return releaseOf(include).signatures.flatMap(({ name, result, parameters }) => {
    if (typed.has(name) || name.startsWith("PyInit_")) return [];
    const known = table.get(name);
    const declared = spelled(result, parameters);
    return known === declared ? [] : [`${name}: ${known ?? "not in the table"}, declared ${declared}`];
  });
}

function spelled(result: string, parameters: readonly string[]): string {
  return `${result} (${parameters.join(", ")})`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const includes = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
  if (includes.length === 0 || includes.some((include) => !readdirSync(include).includes("Python.h"))) {
    process.stderr.write("usage: generate-capi INCLUDE_DIR [OTHER_INCLUDE_DIR...] [--check]\n");
    process.exitCode = 2;
  } else {
    const generated = generateCapi(includes);
    if (process.argv.includes("--check")) {
      process.exitCode = readFileSync(TARGET, "utf8") === generated ? 0 : 1;
    } else {
      writeFileSync(TARGET, generated);
    }
  }
}
