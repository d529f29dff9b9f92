import { filterTokens, isPunctuation, lex, TokenKind, type Tokens, tokenText } from "./lexer.ts";
import type { Include, MacroDefinition, Span } from "./source.ts";

/** The name of a directive (`if`, `define`, ...; empty for a null directive) and where its argument starts. */
export interface DirectiveHead {
  readonly name: string;
  readonly argument: number;
}

/** A group of conditional directives as token indices; `end` is -1 when `#endif` is missing. */
export interface DirectiveGroup {
  /** Tokens of `#if`, `#elif` ... `#else`. */
  readonly branches: number[];
  /** Token of the `#endif`. */
  end: number;
  /** Index of the enclosing group, or -1, and the number of the branch of it that holds this group. */
  readonly outer: number;
  readonly outerBranch: number;
}

const NAME_OPENERS = new Set(["if", "ifdef", "ifndef"]);
const NAME_BRANCHES = new Set(["elif", "elifdef", "elifndef", "else"]);

/** Reads the name of directive token `t`. */
export function readDirective(tokens: Tokens, t: number): DirectiveHead {
  const start = tokens.start[t] as number;
  const end = tokens.end[t] as number;
  let i = start + 1;
  const { text } = tokens;
  while (i < end) {
    const c = text.charCodeAt(i);
    if (c === 32 || c === 9) i++;
    else if (c === 92 && (text.charCodeAt(i + 1) === 10 || text.charCodeAt(i + 1) === 13)) i += 2;
    else if (c === 47 && text.charCodeAt(i + 1) === 42) {
      const close = text.indexOf("*/", i + 2);
      i = close < 0 ? end : close + 2;
    } else break;
  }
  let j = i;
  while (j < end && isLetter(text.charCodeAt(j))) j++;
  return { name: text.slice(i, j), argument: Math.min(j, end) };
}

function isLetter(c: number): boolean {
  return (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === 95;
}

/** `text[from, to)` with comments, continuations and line ends replaced by spaces, of the same length. */
function blankComments(text: string, from: number, to: number): string {
  const tokens = lex(text, "piece", from, to);
  let result = "";
  let last = from;
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] === TokenKind.comment) continue;
    const start = tokens.start[t] as number;
    result += " ".repeat(start - last);
    result += tokenText(tokens, t);
    last = tokens.end[t] as number;
  }
  return result + " ".repeat(to - last);
}

/** Groups of conditionals in the order of their `#if`; unbalanced `#else` and `#endif` are ignored. */
export function groupDirectives(tokens: Tokens): DirectiveGroup[] {
  const groups: DirectiveGroup[] = [];
  const open: number[] = [];
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] !== TokenKind.directive) continue;
    const { name } = readDirective(tokens, t);
    const current = open.at(-1) ?? -1;
    if (NAME_OPENERS.has(name)) {
      const outer = groups[current];
      groups.push({ branches: [t], end: -1, outer: current, outerBranch: outer ? outer.branches.length - 1 : -1 });
      open.push(groups.length - 1);
    } else if (NAME_BRANCHES.has(name)) groups[current]?.branches.push(t);
    else if (name === "endif") {
      const group = groups[current];
      if (group) group.end = t;
      open.pop();
    }
  }
  return groups;
}

/** Condition of a branch as an `#if` expression: `#ifdef X` gives `defined(X)`; empty for `#else`. */
export function branchCondition(tokens: Tokens, t: number): string {
  const { name, argument } = readDirective(tokens, t);
  if (name === "else") return "";
  const words = blankComments(tokens.text, argument, tokens.end[t] as number)
    .split(/\s+/)
    .filter((word) => word !== "");
  if (name === "if" || name === "elif") return words.join(" ");
  return `${name.endsWith("ndef") ? "!" : ""}defined(${words[0] ?? ""})`;
}

/** Reads directive token `t` as a `#define`; null when it is none or has no name. */
export function readDefinition(tokens: Tokens, t: number): MacroDefinition | null {
  const head = readDirective(tokens, t);
  if (head.name !== "define") return null;
  const { text } = tokens;
  const start = tokens.start[t] as number;
  const end = tokens.end[t] as number;
  const parts = withoutComments(lex(text, "piece", head.argument, end));
  if (parts.count === 0 || parts.kind[0] !== TokenKind.identifier) return null;
  const name = tokenText(parts, 0);
  let bodyStart = parts.end[0] as number;
  let parameters: string[] | null = null;
  if (isPunctuation(parts, 1, 40) && parts.start[1] === bodyStart) {
    let close = 2;
    while (close < parts.count && !isPunctuation(parts, close, 41)) close++;
    if (close >= parts.count) return null;
    parameters = text
      .slice(parts.end[1], parts.start[close])
      .split(",")
      .map((parameter) => blankComments(parameter, 0, parameter.length).trim())
      .filter((parameter) => parameter !== "");
    // `args...` names the variable part in GNU C; the contract is a final `...`.
    const last = parameters.at(-1);
    if (last?.endsWith("...") && last !== "...") parameters.push("...");
    bodyStart = parts.end[close] as number;
  }
  const blanked = blankComments(text, bodyStart, end);
  const body = blanked.trim();
  const offset = body === "" ? bodyStart : bodyStart + blanked.indexOf(body);
  return {
    name,
    parameters,
    body,
    span: { start, end },
    bodySpan: { start: offset, end: offset + body.length },
  };
}

/** Reads directive token `t` as an `#include`; null when it is none or names no file. */
export function readInclude(tokens: Tokens, t: number): Include | null {
  const head = readDirective(tokens, t);
  if (head.name !== "include" && head.name !== "include_next" && head.name !== "import") return null;
  const end = tokens.end[t] as number;
  const argument = tokens.text.slice(head.argument, end).trim();
  const system = argument.startsWith("<");
  if (!system && !argument.startsWith('"')) return null;
  const close = argument.indexOf(system ? ">" : '"', 1);
  if (close < 0) return null;
  return { span: { start: tokens.start[t] as number, end }, path: argument.slice(1, close).trim(), system };
}

/** Tokens without comments. */
export function withoutComments(tokens: Tokens): Tokens {
  return filterTokens(tokens, (t) => tokens.kind[t] !== TokenKind.comment);
}

/** The lines after directive token `t` up to the line of directive token `next` (or the end of the text for -1). */
export function bodyBetween(tokens: Tokens, t: number, next: number): Span {
  const { text } = tokens;
  const newline = text.indexOf("\n", tokens.end[t]);
  const start = newline < 0 ? text.length : newline + 1;
  if (next < 0) return { start, end: text.length };
  const lineStart = text.lastIndexOf("\n", (tokens.start[next] as number) - 1) + 1;
  return { start: Math.min(start, lineStart), end: lineStart };
}
