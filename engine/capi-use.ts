/** Which names of the C API a function uses, and what HPy lacks of them. */
import { HARMLESS_CAPI, looksLikeCapi } from "../analysis/capi-names.ts";
import { CAPI_CONSTANTS, CAPI_FUNCTIONS } from "../model/api/capi-table.ts";
import type { CFunction } from "../model/project.ts";
import { SUPPORT } from "../model/support-registry.ts";
import { UNMAPPED } from "../rules/table.ts";
import { lex, TokenKind } from "../syntax/lexer.ts";
import { LEGACY_CALL } from "../transforms/legacy-calls.ts";

/** Whether a name belongs to the C API: one of its functions, constants, types or macros. */
export function isCapiName(name: string): boolean {
  return CAPI_FUNCTIONS.has(name) || CAPI_CONSTANTS.has(name) || looksLikeCapi(name);
}

/**
 * Whether a function's text names the C API by a name that only the C API has. Names such as `digit` or `inquiry` are
 * in Python.h too, and mean something else in code that does not include it; integer types such as `Py_ssize_t` make
 * no function one of Python's.
 */
export function usesCapi(fn: CFunction): boolean {
  const text = fn.file.text.slice(fn.file.tree.start(fn.node), fn.file.tree.end(fn.node));
  const tokens = lex(text);
  for (let i = 0; i < tokens.count; i++) {
    if (tokens.kind[i] !== TokenKind.identifier) continue;
    const name = text.slice(tokens.start[i], tokens.end[i]);
    if (looksLikeCapi(name) && !HARMLESS_CAPI.has(name)) return true;
  }
  return false;
}

/** Whether a migrated function still goes through the C API: calls of it, bridges, or `PyObject *` of its own. */
export function usesCapiCalls(fn: CFunction): boolean {
  const tree = fn.file.tree;
  for (const n of tree.descendants(fn.body, "identifier", "type_identifier")) {
    const name = tree.source(n);
    if (CAPI_FUNCTIONS.has(name) || name === "PyObject" || name === "HPy_AsPyObject" || name === "HPy_FromPyObject")
      return true;
    if (name.startsWith("hpyx_Py") || name.startsWith(LEGACY_CALL) || SUPPORT.get(name)?.bridged === true) return true;
  }
  return false;
}

/** A function of the C API that HPy has no counterpart for. */
export interface MissingCall {
  readonly capi: string;
  /** What HPy lacks, a whole sentence; the same one for all calls of a family. */
  readonly reason: string;
}

/**
 * The calls in a piece of C that HPy 0.9 has nothing for and that stand in the way of the universal ABI, each name
 * once, in the order of their first use. Calls that hold no objects, such as those of the allocator, are among them:
 * they need Python.h all the same.
 */
export function missingCalls(text: string): MissingCall[] {
  const tokens = lex(text);
  const found = new Map<string, MissingCall>();
  for (let i = 0; i < tokens.count; i++) {
    if (tokens.kind[i] !== TokenKind.identifier) continue;
    const name = text.slice(tokens.start[i], tokens.end[i]);
    const unmapped = UNMAPPED.get(name);
    if (unmapped !== undefined && !found.has(name)) found.set(name, { capi: name, reason: unmapped.reason });
  }
  return [...found.values()];
}
