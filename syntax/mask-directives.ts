import { readDirective, withoutComments } from "./directives.ts";
import { isPunctuation, lex, TokenKind, type Tokens, tokenText } from "./lexer.ts";
import type { MaskBuffer } from "./mask-buffer.ts";

const CONDITIONS = new Set(["if", "elif"]);
const NAMES_ONLY = new Set(["ifdef", "ifndef", "elifdef", "elifndef", "undef"]);

/** Makes directive token `t` one that the grammar takes: no comments inside, no text behind `#endif`, ... */
export function tidyDirective(buffer: MaskBuffer, tokens: Tokens, t: number): void {
  const { name, argument } = readDirective(tokens, t);
  const end = tokens.end[t] as number;
  blankInnerComments(buffer, tokens, argument, end);
  if (name === "else" || name === "endif") buffer.blank(argument, end);
  else if (name === "define") tidyParameters(buffer, withoutComments(lex(tokens.text, "piece", argument, end)));
  else if (NAMES_ONLY.has(name)) {
    const words = withoutComments(lex(tokens.text, "piece", argument, end));
    if (words.count > 1) buffer.blank(words.start[1] as number, end);
  } else if (CONDITIONS.has(name)) {
    const condition = withoutComments(lex(tokens.text, "piece", argument, end));
    if (condition.count > 0 && !isPlainCondition(condition)) {
      buffer.join(condition.start[0] as number, condition.end[condition.count - 1] as number);
    }
  }
}

/** Blanks comments; one that goes over several lines would end the directive, so its line ends go as well. */
function blankInnerComments(buffer: MaskBuffer, tokens: Tokens, from: number, to: number): void {
  const parts = lex(tokens.text, "piece", from, to);
  for (let c = 0; c < parts.count; c++) {
    if (parts.kind[c] === TokenKind.comment) buffer.erase(parts.start[c] as number, parts.end[c] as number);
  }
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
