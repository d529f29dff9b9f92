import { withoutComments } from "./directives.ts";
import { HEADER_MACROS, KEYWORDS, type MacroRole } from "./header-macros.ts";
import { isPunctuation, lex, TokenKind, type Tokens, tokenText } from "./lexer.ts";
import type { MacroDefinition, MacroKnowledge } from "./source.ts";

/** What masking knows about one macro name. */
export interface MacroInfo {
  readonly role: MacroRole | "other";
  /** Whether every definition has parameters, none has, or both occur. */
  readonly form: "object" | "function" | "both";
  /** True when nothing is left of an invocation in any configuration. */
  readonly empty: boolean;
  /** Number of the argument that a wrapper leaves. */
  readonly kept: number;
}

/** What masking knows about all macros of a project, by name. */
export type MacroTable = ReadonlyMap<string, MacroInfo>;

/** The one question that the parse of a file asks about macros. */
export type MacroLookup = Pick<MacroTable, "get">;

const ATTRIBUTE_WORDS = new Set(
  `inline __inline __inline__ __forceinline static extern __thread _Thread_local thread_local restrict __restrict
  __restrict__ volatile register _Noreturn __extension__ constexpr noexcept __cdecl __stdcall __fastcall __vectorcall
  __noreturn__`.split(/\s+/),
);
const ATTRIBUTE_CALLS = new Set([
  "__attribute__",
  "__attribute",
  "__declspec",
  "_declspec",
  "_Pragma",
  "__pragma",
  "alignas",
  "throw",
  "noexcept",
]);
const STATEMENT_WORDS = new Set(["if", "for", "while", "do", "switch", "return", "goto", "break", "continue"]);

interface Body {
  readonly parameters: readonly string[] | null;
  readonly tokens: Tokens;
}

/** Roles of all macros that a project defines, on top of those of the system headers. */
export function classifyMacros(definitions: MacroKnowledge["definitions"]): MacroTable {
  const bodies = new Map<string, readonly Body[]>();
  for (const [name, variants] of definitions) {
    if (!KEYWORDS.has(name)) bodies.set(name, variants.map(readBody));
  }
  const table = new Map<string, MacroInfo>();
  for (const [name, role] of HEADER_MACROS) {
    const call = role === "wrapper" || role === "attribute-call";
    table.set(name, { role, form: call ? "function" : "both", empty: false, kept: 0 });
  }
  // A macro may be defined by others, so what one round learns helps the next; chains are short.
  for (let round = 0; round < 4; round++) {
    let changed = false;
    for (const [name, variants] of bodies) {
      const known = table.get(name);
      if (known !== undefined && (known.role !== "other" || round === 0)) continue;
      const info = classify(variants, table);
      if (known?.role === info.role) continue;
      table.set(name, info);
      changed = true;
    }
    if (!changed) break;
  }
  return table;
}

function readBody(definition: MacroDefinition): Body {
  return { parameters: definition.parameters, tokens: withoutComments(lex(definition.body, "piece")) };
}

function classify(variants: readonly Body[], table: MacroTable): MacroInfo {
  const functions = variants.filter((variant) => variant.parameters !== null).length;
  const form = functions === 0 ? "object" : functions === variants.length ? "function" : "both";
  const empty = variants.every((variant) => variant.tokens.count === 0);
  const role = roleOf(variants, form, table);
  const kept = role === "wrapper" ? wrappedParameter(variants[0] as Body, table) : 0;
  return { role, form, empty, kept };
}

function roleOf(variants: readonly Body[], form: MacroInfo["form"], table: MacroTable): MacroRole | "other" {
  if (variants.every((variant) => isAttributeRun(variant.tokens, 0, variant.tokens.count, table))) {
    return form === "object" ? "attribute" : "attribute-call";
  }
  if (form === "function" && variants.every((variant) => wrappedParameter(variant, table) >= 0)) return "wrapper";
  const filled = variants.filter((variant) => variant.tokens.count > 0);
  if (filled.every((variant) => isStringRun(variant.tokens, table))) return "string";
  const heads = filled.map((variant) => controlHead(variant.tokens));
  if (heads.some((head) => head === "loop")) return "loop";
  if (heads.some((head) => head === "branch")) return "branch";
  if (filled.some((variant) => endsWith(variant.tokens, 44))) return "item";
  if (filled.some((variant) => isStatement(variant.tokens, table))) return "statement";
  return "other";
}

function endsWith(tokens: Tokens, code: number): boolean {
  return isPunctuation(tokens, tokens.count - 1, code);
}

/** Index of the closing bracket for the opening one at `open`, or `limit`. */
function closingIndex(tokens: Tokens, open: number, limit: number): number {
  let depth = 0;
  for (let t = open; t < limit; t++) {
    if (tokens.kind[t] !== TokenKind.punctuation) continue;
    const c = tokens.text.charCodeAt(tokens.start[t] as number);
    if (c === 40 || c === 91 || c === 123) depth++;
    else if (c === 41 || c === 93 || c === 125) {
      depth--;
      if (depth === 0) return t;
    }
  }
  return limit;
}

/** Whether the tokens `[from, to)` are attributes only (or nothing). */
function isAttributeRun(tokens: Tokens, from: number, to: number, table: MacroTable): boolean {
  let t = from;
  while (t < to) {
    // The "C" of extern "C".
    if (tokens.kind[t] === TokenKind.string && t > from && tokenText(tokens, t - 1) === "extern") {
      t++;
      continue;
    }
    if (tokens.kind[t] !== TokenKind.identifier) return isDoubleBracket(tokens, t, to);
    const word = tokenText(tokens, t);
    const call = isPunctuation(tokens, t + 1, 40) && t + 1 < to;
    const role = table.get(word)?.role;
    if (call && (ATTRIBUTE_CALLS.has(word) || role === "attribute-call")) t = closingIndex(tokens, t + 1, to) + 1;
    else if (!call && (ATTRIBUTE_WORDS.has(word) || role === "attribute" || word === "__declspec")) t++;
    else return false;
  }
  return true;
}

/** Whether `[[ ... ]]` fills the tokens `[from, to)`. */
function isDoubleBracket(tokens: Tokens, from: number, to: number): boolean {
  return (
    isPunctuation(tokens, from, 91) && isPunctuation(tokens, from + 1, 91) && closingIndex(tokens, from, to) === to - 1
  );
}

/** Number of the parameter that is left when the attributes are gone (perhaps with a pasted prefix), or -1. */
function wrappedParameter(body: Body, table: MacroTable): number {
  return (body.parameters ?? []).findIndex((parameter) => isWrapped(body.tokens, parameter, table));
}

function isWrapped(tokens: Tokens, parameter: string, table: MacroTable): boolean {
  let at = 0;
  while (isAttributeRun(tokens, 0, at + 1, table)) at++;
  // The parameter, or the start of a name that is pasted from it, is the first thing that is no attribute.
  for (const skip of [0, 1, 3, 4]) {
    if (tokens.kind[at + skip] === TokenKind.identifier && tokenText(tokens, at + skip) === parameter) {
      return isWrappedAt(tokens, at + skip, table);
    }
  }
  return false;
}

function isWrappedAt(tokens: Tokens, at: number, table: MacroTable): boolean {
  let from = at;
  let to = at + 1;
  // A pasted name: `prefix ## x`.
  if (isPunctuation(tokens, at - 1, 35) && isPunctuation(tokens, at - 2, 35)) from = at - 3;
  if (isPunctuation(tokens, at + 1, 35) && isPunctuation(tokens, at + 2, 35)) to = at + 4;
  const pasted = to - from > 1;
  // `(x)` alone is an expression; a parenthesised pasted name is a declarator.
  if (pasted && isPunctuation(tokens, from - 1, 40) && isPunctuation(tokens, to, 41)) {
    from--;
    to++;
  }
  if (from < 0 || to > tokens.count) return false;
  const bare = from === 0 && to === tokens.count;
  if (bare && !pasted) return false;
  return isAttributeRun(tokens, 0, from, table) && isAttributeRun(tokens, to, tokens.count, table);
}

function isStringRun(tokens: Tokens, table: MacroTable): boolean {
  if (tokens.count === 0) return false;
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] === TokenKind.string) continue;
    if (tokens.kind[t] !== TokenKind.identifier || table.get(tokenText(tokens, t))?.role !== "string") return false;
  }
  return true;
}

/** What a body is that begins with `for`, `while` or `if` and lacks the statement that they govern. */
function controlHead(tokens: Tokens): "loop" | "branch" | null {
  if (tokens.count < 3 || tokens.kind[0] !== TokenKind.identifier || !isPunctuation(tokens, 1, 40)) return null;
  const word = tokenText(tokens, 0);
  if (word !== "for" && word !== "while" && word !== "if") return null;
  if (closingIndex(tokens, 1, tokens.count) !== tokens.count - 1) return null;
  return word === "if" ? "branch" : "loop";
}

function isStatement(tokens: Tokens, table: MacroTable): boolean {
  let braces = 0;
  for (let t = 0; t < tokens.count; t++) {
    if (isPunctuation(tokens, t, 123)) braces++;
    else if (isPunctuation(tokens, t, 125)) braces--;
    else if (isPunctuation(tokens, t, 59) && braces === 0) return true;
  }
  if (braces !== 0 || tokens.count === 0) return true;
  // A block, or a function with its body; without semicolons it is an initialiser.
  if (isPunctuation(tokens, tokens.count - 1, 125)) return containsSemicolon(tokens);
  if (tokens.kind[0] !== TokenKind.identifier) return false;
  const first = tokenText(tokens, 0);
  if (STATEMENT_WORDS.has(first)) return true;
  const info = table.get(first);
  if (info?.role !== "statement") return false;
  const end = isPunctuation(tokens, 1, 40) ? closingIndex(tokens, 1, tokens.count) : 0;
  return end === tokens.count - 1;
}

function containsSemicolon(tokens: Tokens): boolean {
  for (let t = 0; t < tokens.count; t++) if (isPunctuation(tokens, t, 59)) return true;
  return false;
}
