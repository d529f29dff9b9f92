/**
 * The last step: nothing legacy is left, so `Python.h` goes and the names that only it declares become HPy's own. The
 * module then builds under the universal ABI.
 */

import { looksLikeCapi } from "../analysis/capi-names.ts";
import { type ExtensionModule, topLevelCalls } from "../model/project.ts";
import { EditSet } from "../syntax/edits.ts";
import { lex, TokenKind } from "../syntax/lexer.ts";
import type { ParsedFile } from "../syntax/source.ts";
import type { SourceEdits } from "./module-to-hpy.ts";
import { newlineOf } from "./statement-edits.ts";

const RULE = "finish-module";

/** Names of Python.h with a counterpart in hpy.h that means the same. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ["Py_ssize_t", "HPy_ssize_t"],
  ["Py_hash_t", "HPy_hash_t"],
  ["Py_UCS4", "HPy_UCS4"],
  ["Py_LT", "HPy_LT"],
  ["Py_LE", "HPy_LE"],
  ["Py_EQ", "HPy_EQ"],
  ["Py_NE", "HPy_NE"],
  ["Py_GT", "HPy_GT"],
  ["Py_GE", "HPy_GE"],
]);

/** Standard headers that Python.h includes, by what programs take from them. */
const PROVIDED: readonly { readonly header: string; readonly names: readonly string[] }[] = [
  { header: "assert.h", names: ["assert"] },
  {
    header: "ctype.h",
    names: ["isalpha", "isalnum", "isdigit", "isspace", "isupper", "islower", "tolower", "toupper"],
  },
  { header: "errno.h", names: ["errno", "EINVAL", "ERANGE", "ENOENT", "EINTR", "ENOMEM"] },
  {
    header: "limits.h",
    names: [
      "INT_MAX",
      "INT_MIN",
      "UINT_MAX",
      "LONG_MAX",
      "LONG_MIN",
      "ULONG_MAX",
      "CHAR_BIT",
      "LLONG_MAX",
      "LLONG_MIN",
    ],
  },
  {
    header: "math.h",
    names: ["floor", "ceil", "sqrt", "pow", "fabs", "isnan", "isinf", "isfinite", "HUGE_VAL", "NAN", "INFINITY"],
  },
  { header: "stddef.h", names: ["offsetof", "ptrdiff_t"] },
  {
    header: "stdio.h",
    names: ["printf", "fprintf", "snprintf", "sprintf", "FILE", "stderr", "stdout", "fopen", "fclose", "fflush"],
  },
  {
    header: "stdlib.h",
    names: [
      "malloc",
      "calloc",
      "realloc",
      "free",
      "abort",
      "exit",
      "getenv",
      "strtol",
      "strtoul",
      "strtod",
      "qsort",
      "abs",
      "labs",
    ],
  },
  {
    header: "string.h",
    names: [
      "memcpy",
      "memset",
      "memcmp",
      "memmove",
      "memchr",
      "strlen",
      "strcmp",
      "strncmp",
      "strcpy",
      "strncpy",
      "strcat",
      "strchr",
      "strrchr",
      "strstr",
      "strerror",
      "strdup",
    ],
  },
  { header: "time.h", names: ["time_t", "time", "clock", "localtime", "gmtime", "struct tm"] },
  { header: "unistd.h", names: ["close", "read", "write", "getpid", "unlink", "usleep", "sysconf"] },
  { header: "wchar.h", names: ["wchar_t", "wcslen", "wcscmp"] },
];

/** Plans the step; null while anything of Python.h is still in use. */
export function planFinish(module: ExtensionModule): SourceEdits | null {
  if (!module.isHPy || module.methods !== null) return null;
  const sets = new Map<ParsedFile, EditSet>();
  for (const file of module.files) {
    const edits = finishFile(file);
    if (edits === null) return null;
    if (edits.size > 0) sets.set(file, edits);
  }
  if (![...module.files].some((f) => f.includes.some((i) => i.path === "Python.h"))) return null;
  return { edits: sets, functions: [], notes: [] };
}

function finishFile(file: ParsedFile): EditSet | null {
  // Where a part is not understood, its ends cannot be told.
  if (file.unparsed.length > 0) return null;
  const edits = new EditSet(file.text);
  const docstrings = new Set<number>();
  for (const call of topLevelCalls(file.tree, "PyDoc_STRVAR")) {
    const tree = file.tree;
    const list = tree.field(call, "arguments");
    const [name, text] = tree.named(list);
    if (name === undefined || text === undefined) return null;
    docstrings.add(tree.start(call));
    const end = tree.end(call);
    edits.replace(
      { start: tree.start(call), end },
      [
        `static const char ${tree.source(name)}[] =`,
        { start: afterComma(file, tree.end(name)), end: tree.end(text) },
        file.text.charAt(end) === ";" ? "" : ";",
      ],
      RULE,
    );
  }
  const tokens = lex(file.text);
  for (let i = 0; i < tokens.count; i++) {
    const start = tokens.start[i] as number;
    const end = tokens.end[i] as number;
    const text = file.text.slice(start, end);
    if (tokens.kind[i] === TokenKind.directive) {
      const words = lex(text.slice(1), "piece");
      const word = (n: number): string => (n < words.count ? words.text.slice(words.start[n], words.end[n]) : "");
      const isInclude = word(0) === "include" && text.includes("Python.h");
      const isMemberHeader = word(0) === "include" && text.includes("structmember.h");
      const isClean = word(0) === "define" && word(1) === "PY_SSIZE_T_CLEAN";
      if (isInclude || isMemberHeader || isClean) {
        const lineEnd = file.text.indexOf("\n", end);
        if (isInclude) {
          const newline = newlineOf(file.text);
          const lines = missingHeaders(file).map((h) => `#include <${h}>${newline}`);
          edits.replace({ start, end: lineEnd < 0 ? end : lineEnd + 1 }, lines.join(""), RULE);
          continue;
        }
        edits.replace({ start, end: lineEnd < 0 ? end : lineEnd + 1 }, "", RULE);
        continue;
      }
      for (let k = 0; k < words.count; k++)
        if (words.kind[k] === TokenKind.identifier && isPythonName(word(k))) return null;
      continue;
    }
    if (tokens.kind[i] !== TokenKind.identifier || !isPythonName(text)) continue;
    if (text === "PyDoc_STRVAR" && docstrings.has(start)) continue;
    const renamed = RENAMED.get(text);
    if (renamed === undefined) return null;
    edits.replace({ start, end }, renamed, RULE);
  }
  return edits;
}

/** Standard headers that the file used through Python.h alone. */
function missingHeaders(file: ParsedFile): string[] {
  const included = new Set(file.includes.map((i) => i.path));
  const used = new Set<string>();
  const tokens = lex(file.text);
  for (let i = 0; i < tokens.count; i++)
    if (tokens.kind[i] === TokenKind.identifier) used.add(file.text.slice(tokens.start[i], tokens.end[i]));
  return PROVIDED.filter((p) => !included.has(p.header) && p.names.some((n) => used.has(n))).map((p) => p.header);
}

function isPythonName(name: string): boolean {
  return (
    looksLikeCapi(name) ||
    name.startsWith("PY_") ||
    name.startsWith("METH_") ||
    name === "HPy_AsPyObject" ||
    name === "HPy_FromPyObject"
  );
}

function afterComma(file: ParsedFile, offset: number): number {
  return file.text.indexOf(",", offset) + 1;
}
