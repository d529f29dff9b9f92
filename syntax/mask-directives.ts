import { readDirective, withoutComments } from "./directives.ts";
import { isPunctuation, lex, TokenKind, type Tokens, tokenText } from "./lexer.ts";
import type { MaskBuffer } from "./mask-buffer.ts";

const CONDITIONS = new Set(["if", "elif"]);
const NAMES_ONLY = new Set(["ifdef", "ifndef", "elifdef", "elifndef", "undef"]);

/** Makes directive token `t` one that the grammar takes: no comments inside, no text behind `#endif`, ... */
export function tidyDirective(buffer: MaskBuffer, tokens: Tokens, t: number): void {
  const { name, argument } = readDirective(tokens, t);
  const end = tokens.end[t] as number;
  const parts = lex(tokens.text, "piece", argument, end);
  if (!endsWithLineComment(parts, end)) blankComments(buffer, parts);
  const words = withoutComments(parts);
  // The null directive.
  if (name === "" && words.count === 0) buffer.blank(tokens.start[t] as number, end);
  else if (name === "else" || name === "endif") buffer.blank(argument, end);
  else if (NAMES_ONLY.has(name)) {
    if (words.count > 1) buffer.blank(words.start[1] as number, end);
  } else if (CONDITIONS.has(name)) {
    if (words.count > 0 && !isPlainCondition(words)) {
      buffer.join(words.start[0] as number, words.end[words.count - 1] as number);
    }
  } else {
    if (name === "define") tidyParameters(buffer, words);
    closeLine(buffer, words, words.count > 0 ? (words.end[words.count - 1] as number) : argument, end);
  }
}

/** Whether the only comment ends the line and the grammar takes it as it is. */
function endsWithLineComment(parts: Tokens, end: number): boolean {
  const last = parts.count - 1;
  for (let t = 0; t < last; t++) if (parts.kind[t] === TokenKind.comment) return false;
  if (last < 0 || parts.kind[last] !== TokenKind.comment || parts.end[last] !== end) return false;
  return parts.text.startsWith("//", parts.start[last]) && !tokenText(parts, last).includes("\n");
}

/** Blanks comments; one that goes over several lines would end the directive, so its line ends go as well. */
function blankComments(buffer: MaskBuffer, parts: Tokens): void {
  for (let c = 0; c < parts.count; c++) {
    if (parts.kind[c] === TokenKind.comment) buffer.erase(parts.start[c] as number, parts.end[c] as number);
  }
}

/**
 * The grammar wants the line to end right behind the last word of a directive. White space there becomes a comment;
 * a single space becomes part of the word before it.
 */
function closeLine(buffer: MaskBuffer, words: Tokens, from: number, end: number): void {
  if (end <= from || buffer.at(from) === 47 || buffer.at(end - 1) > 32) return;
  if (end - from >= 2) {
    buffer.erase(from, end);
    buffer.write(from, "//");
    return;
  }
  const last = buffer.at(from - 1);
  if (words.count > 0 && (last === 34 || last === 62)) {
    buffer.put(from - 1, 32);
    buffer.put(from, last);
  } else buffer.put(from, 95);
}

/** Names of variadic parameters (`args...`) are GNU C; the grammar knows `...` only. */
function tidyParameters(buffer: MaskBuffer, parts: Tokens): void {
  if (!isPunctuation(parts, 1, 40) || parts.start[1] !== parts.end[0]) return;
  for (let p = 2; p < parts.count && !isPunctuation(parts, p, 41); p++) {
    if (parts.kind[p] === TokenKind.identifier && isPunctuation(parts, p + 1, 46)) {
      buffer.blank(parts.start[p] as number, parts.end[p] as number);
    }
  }
}

/** Whether the grammar's expressions of `#if` cover this one: no strings, header names or `?:`. */
function isPlainCondition(condition: Tokens): boolean {
  let depth = 0;
  let operand = false;
  for (let t = 0; t < condition.count; t++) {
    const kind = condition.kind[t];
    if (kind === TokenKind.string) return false;
    if (kind === TokenKind.identifier || kind === TokenKind.number || kind === TokenKind.character) {
      if (operand) return false;
      operand = !(kind === TokenKind.identifier && tokenText(condition, t) === "defined");
      continue;
    }
    const c = condition.text.charCodeAt(condition.start[t] as number);
    if (c === 40) {
      depth++;
      operand = false;
    } else if (c === 41) {
      depth--;
      if (depth < 0 || !operand) return false;
    } else if (c === 63 || c === 58 || c === 46 || c === 35) return false;
    else if (c === 33 || c === 126) operand = false;
    else if (c === 61 && isPunctuation(condition, t - 1, 33)) operand = false;
    else {
      // A second character of an operator, or a sign, may follow an operator; anything else needs an operand.
      if (!operand && !isOperatorTail(condition, t)) return false;
      operand = false;
    }
  }
  return depth === 0 && operand;
}

function isOperatorTail(condition: Tokens, t: number): boolean {
  const c = condition.text.charCodeAt(condition.start[t] as number);
  if (c === 43 || c === 45) return true;
  return t > 0 && condition.kind[t - 1] === TokenKind.punctuation && condition.end[t - 1] === condition.start[t];
}
