/**
 * Expands the macros of a project that stand for an expression with the C API in it, such as
 * `#define Point_Check(o) PyObject_TypeCheck(o, Point_Type)`, inside of functions: what they hide has to be rewritten.
 */

import { HARMLESS_CAPI, looksLikeCapi } from "../analysis/capi-names.ts";
import { isDead, type Project } from "../model/project.ts";
import type { Edit } from "../syntax/edits.ts";
import { EditSet } from "../syntax/edits.ts";
import { isPunctuation, lex, TokenKind, type Tokens, tokenText } from "../syntax/lexer.ts";
import type { InputFile, MacroDefinition, ParsedFile, Span } from "../syntax/source.ts";

const RULE = "expand-api-macros";
const HASH = 35;
const OPEN = 40;
const CLOSE = 41;
const STAR = 42;
const COMMA = 44;
const SEMICOLON = 59;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
/** Words that make a statement, a declaration or a computed text of a macro's body. */
const NO_EXPRESSION: ReadonlySet<string> = new Set([
  "break",
  "case",
  "continue",
  "do",
  "else",
  "for",
  "goto",
  "if",
  "return",
  "static",
  "switch",
  "while",
  "__VA_ARGS__",
]);
const MAXIMAL_LENGTH = 400;

/** Expands these macros in all functions that are not of HPy yet; null when there is nothing to expand. */
export function expandApiMacros(project: Project): ReadonlyMap<ParsedFile, EditSet> | null {
  const macros = apiMacros(project);
  if (macros.size === 0) return null;
  const bodies = new Map<ParsedFile, Span[]>();
  for (const all of project.functions.values())
    for (const { file, body, isMigrated } of all) {
      if (isMigrated) continue;
      const span = { start: file.tree.start(body), end: file.tree.end(body) };
      bodies.set(file, [...(bodies.get(file) ?? []), span]);
    }
  const expanded = new Map<ParsedFile, EditSet>();
  for (const [file, spans] of bodies) {
    const edits = new EditSet(file.text);
    const tokens = lex(file.text);
    for (let t = 0; t < tokens.count; t++) {
      const macro = macros.get(tokenText(tokens, t));
      if (macro === undefined || tokens.kind[t] !== TokenKind.identifier) continue;
      const start = tokens.start[t] as number;
      if (!spans.some((s) => start >= s.start && start < s.end) || isDead(file, start)) continue;
      if (isField(tokens, t) || file.macros.some((m) => start >= m.span.start && start < m.span.end)) continue;
      const call = callOf(tokens, t, macro);
      if (call === null) continue;
      const text = expandCall(macros, macro, call.values, new Set());
      if (text === null || text.length > MAXIMAL_LENGTH) continue;
      edits.replace({ start, end: tokens.end[call.last] as number }, text, RULE);
      t = call.last;
    }
    if (edits.size > 0) expanded.set(file, edits);
  }
  return expanded.size === 0 ? null : expanded;
}

/**
 * Adds to the edits of a step, which are of the expanded text, those that put macros back in functions that the step
 * does not rewrite. `expansion` are the edits that made the expanded text from the original.
 */
export function restoreMacros(
  project: Project,
  original: ReadonlyMap<string, InputFile>,
  expansions: ReadonlyMap<string, readonly Edit[]>,
  step: ReadonlyMap<ParsedFile, EditSet>,
): ReadonlyMap<ParsedFile, EditSet> {
  const result = new Map(step);
  for (const [path, edits] of expansions) {
    const file = project.files.find((f) => f.path === path);
    const before = original.get(path)?.text;
    if (file === undefined || before === undefined) continue;
    const { tree } = file;
    const set = result.get(file) ?? new EditSet(file.text);
    const touched = set.edits();
    const functions = [...project.functions.values()]
      .flat()
      .filter((f) => f.file === file)
      .map((f) => ({ start: tree.start(f.node), end: tree.end(f.node) }))
      .filter((span) => !touched.some((e) => e.start < span.end && e.end > span.start && e.start < e.end));
    let shift = 0;
    for (const edit of edits) {
      const start = edit.start + shift;
      const end = start + edit.text.length;
      shift += edit.text.length - (edit.end - edit.start);
      if (functions.some((f) => start >= f.start && end <= f.end))
        set.replace({ start, end }, before.slice(edit.start, edit.end), RULE);
    }
    result.set(file, set);
  }
  return result;
}

/** The macros that one definition gives a single expression which uses the C API, directly or by others of them. */
function apiMacros(project: Project): ReadonlyMap<string, MacroDefinition> {
  const single = new Map<string, MacroDefinition>();
  for (const [name, definitions] of project.knowledge.definitions) {
    const live = definitions.filter((d) => {
      const file = project.files.find((f) => f.path === d.path);
      return file === undefined || !isDead(file, d.span.start);
    });
    const macro = live[0];
    if (macro !== undefined && live.every((d) => isSame(d, macro)) && isExpression(macro)) single.set(name, macro);
  }
  const found = new Map<string, MacroDefinition>();
  const usesApi = (macro: MacroDefinition, seen: ReadonlySet<string>): boolean => {
    const tokens = lex(macro.body, "piece");
    for (let t = 0; t < tokens.count; t++) {
      const word = tokenText(tokens, t);
      if (tokens.kind[t] !== TokenKind.identifier || macro.parameters?.includes(word) === true) continue;
      if (looksLikeCapi(word) && !HARMLESS_CAPI.has(word)) return true;
      const nested = single.get(word);
      if (nested !== undefined && !seen.has(word) && usesApi(nested, new Set([...seen, word]))) return true;
    }
    return false;
  };
  for (const [name, macro] of single) {
    const isAlias = macro.parameters === null && lex(macro.body, "piece").count === 1;
    if (!isAlias && usesApi(macro, new Set([name]))) found.set(name, macro);
  }
  return found;
}

function isSame(a: MacroDefinition, b: MacroDefinition): boolean {
  return a.body === b.body && (a.parameters ?? [null]).join() === (b.parameters ?? [null]).join();
}

function isExpression(macro: MacroDefinition): boolean {
  if (macro.parameters?.includes("...") === true) return false;
  const tokens = lex(macro.body, "piece");
  let depth = 0;
  for (let t = 0; t < tokens.count; t++) {
    if ([HASH, SEMICOLON, OPEN_BRACE, CLOSE_BRACE].some((p) => isPunctuation(tokens, t, p))) return false;
    if (NO_EXPRESSION.has(tokenText(tokens, t))) return false;
    if (isPunctuation(tokens, t, OPEN)) depth++;
    if (isPunctuation(tokens, t, CLOSE) && --depth < 0) return false;
    // What a comma at the top separates is several arguments, or no expression of its own.
    if (depth === 0 && isPunctuation(tokens, t, COMMA)) return false;
  }
  return tokens.count > 0 && depth === 0;
}

/** Whether an identifier names a field: `x.name` or `x->name`. */
function isField(tokens: Tokens, t: number): boolean {
  if (t < 1) return false;
  const before = tokenText(tokens, t - 1);
  return before === "." || (before === ">" && t > 1 && tokenText(tokens, t - 2) === "-");
}

/** Arguments of a macro's use and its last token; null where a function-like macro is not called, or not with as many. */
function callOf(
  tokens: Tokens,
  name: number,
  macro: MacroDefinition,
): { readonly values: readonly string[]; readonly last: number } | null {
  if (macro.parameters === null) return { values: [], last: name };
  if (!isPunctuation(tokens, name + 1, OPEN)) return null;
  const values: string[] = [];
  let depth = 0;
  let start = tokens.end[name + 1] as number;
  for (let t = name + 1; t < tokens.count; t++) {
    if (tokens.kind[t] === TokenKind.directive || tokens.kind[t] === TokenKind.comment) return null;
    if (isPunctuation(tokens, t, OPEN)) depth++;
    const ends = isPunctuation(tokens, t, CLOSE) && --depth === 0;
    if (!ends && !(depth === 1 && isPunctuation(tokens, t, COMMA))) continue;
    values.push(tokens.text.slice(start, tokens.start[t]).trim());
    start = tokens.end[t] as number;
    if (!ends) continue;
    if (macro.parameters.length === 0 && values.length === 1 && values[0] === "") return { values: [], last: t };
    return values.length === macro.parameters.length && !values.includes("") ? { values, last: t } : null;
  }
  return null;
}

/** Expansion of a macro on one line; `seen` are the macros that are being expanded, which stay as they are. */
function expandCall(
  macros: ReadonlyMap<string, MacroDefinition>,
  macro: MacroDefinition,
  values: readonly string[],
  seen: ReadonlySet<string>,
): string | null {
  const given = values.map((v) => expandText(macros, v, seen));
  const tokens = lex(macro.body, "piece");
  let text = "";
  for (let t = 0; t < tokens.count; t++) {
    const source = tokenText(tokens, t);
    const at =
      tokens.kind[t] === TokenKind.identifier && !isField(tokens, t) ? (macro.parameters ?? []).indexOf(source) : -1;
    const value = at < 0 ? source : given[at];
    if (value === undefined || value === null) return null;
    const isApart = t > 0 && (tokens.end[t - 1] as number) < (tokens.start[t] as number);
    if (isApart) text += " ";
    // A name needs no parentheses around it, unless they are those of a call.
    if (isPunctuation(tokens, t, OPEN) && isPunctuation(tokens, t + 2, CLOSE) && !endsOperand(tokens, t - 1)) {
      const parameter = (macro.parameters ?? []).indexOf(tokenText(tokens, t + 1));
      const only = parameter < 0 ? undefined : given[parameter];
      if (only !== undefined && only !== null && isName(only)) {
        text += only;
        t += 2;
        continue;
      }
    }
    text += value;
  }
  return expandText(macros, text, new Set([...seen, macro.name]));
}

function isName(text: string): boolean {
  const tokens = lex(text, "piece");
  return tokens.count === 1 && tokens.kind[0] === TokenKind.identifier;
}

/** Whether parentheses after this token are those of a call: a name, or a parenthesis that closes no cast to a pointer. */
function endsOperand(tokens: Tokens, t: number): boolean {
  if (t < 0) return false;
  if (isPunctuation(tokens, t, CLOSE)) return !isPunctuation(tokens, t - 1, STAR);
  return tokens.kind[t] === TokenKind.identifier || tokenText(tokens, t) === "]";
}

function expandText(
  macros: ReadonlyMap<string, MacroDefinition>,
  source: string,
  seen: ReadonlySet<string>,
): string | null {
  const tokens = lex(source, "piece");
  let text = "";
  let at = 0;
  for (let t = 0; t < tokens.count; t++) {
    const name = tokenText(tokens, t);
    const macro = seen.has(name) || tokens.kind[t] !== TokenKind.identifier ? undefined : macros.get(name);
    if (macro === undefined || isField(tokens, t)) continue;
    const call = callOf(tokens, t, macro);
    if (call === null) continue;
    const expanded = expandCall(macros, macro, call.values, seen);
    if (expanded === null) return null;
    text += source.slice(at, tokens.start[t]) + expanded;
    at = tokens.end[call.last] as number;
    t = call.last;
  }
  return text + source.slice(at);
}
