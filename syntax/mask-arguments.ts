import { KEYWORDS, TYPE_KEYWORDS } from "./header-macros.ts";
import { isPunctuation, TokenKind, type Tokens, tokenText } from "./lexer.ts";
import type { MaskBuffer } from "./mask-buffer.ts";

const COMMA = 44;
const STAR = 42;
const SEMICOLON = 59;

/** Keywords that may begin or stand in an expression. */
const EXPRESSION_KEYWORDS = new Set(
  `sizeof this new delete typename alignof _Alignof offsetof _Generic __extension__ static_cast const_cast operator
  dynamic_cast reinterpret_cast nullptr`.split(/\s+/),
);

/**
 * Makes expressions of the arguments of a macro call between the parentheses `open` and `close`: types, operators,
 * keywords and statements become one identifier each, and an empty argument loses its comma.
 */
export function maskArguments(buffer: MaskBuffer, tokens: Tokens, open: number, close: number, gone: Uint8Array): void {
  let from = open + 1;
  let depth = 0;
  for (let t = open + 1; t <= close; t++) {
    if (tokens.kind[t] !== TokenKind.punctuation) continue;
    const c = tokens.text.charCodeAt(tokens.start[t] as number);
    if (t < close && (c === 40 || c === 91 || c === 123)) depth++;
    else if (t < close && (c === 41 || c === 93 || c === 125)) depth--;
    else if (depth === 0 && (t === close || c === COMMA)) {
      maskArgument(buffer, tokens, from, t, t === close ? open : -1, gone);
      from = t + 1;
    }
  }
}

/** Masks the argument of tokens `[from, to)`; `open` is the opening parenthesis for the last argument, else -1. */
function maskArgument(
  buffer: MaskBuffer,
  tokens: Tokens,
  from: number,
  to: number,
  open: number,
  gone: Uint8Array,
): void {
  if (from === to) {
    if (open < 0) drop(buffer, tokens, to, gone);
    else if (from - 1 !== open && gone[from - 1] !== 1) drop(buffer, tokens, from - 1, gone);
    return;
  }
  dropSemicolons(buffer, tokens, from, to, gone);
  const declaration = isParameterList(tokens, from, to) || isType(tokens, from, to) || isStatement(tokens, from, to);
  if (declaration || isOperator(tokens, from, to) || isDesignated(tokens, from)) {
    join(buffer, tokens, from, to, gone);
  }
}

function drop(buffer: MaskBuffer, tokens: Tokens, t: number, gone: Uint8Array): void {
  buffer.blank(tokens.start[t] as number, tokens.end[t] as number);
  gone[t] = 1;
}

function join(buffer: MaskBuffer, tokens: Tokens, from: number, to: number, gone: Uint8Array): void {
  buffer.join(tokens.start[from] as number, tokens.end[to - 1] as number);
  // The first token stays for the context to see, unless it is a bracket whose partner goes.
  gone.fill(1, tokens.kind[from] === TokenKind.punctuation ? from : from + 1, to);
}

/**
 * `int x = f(y);` as an argument becomes `x = f(y)`: a final semicolon goes, and so does the type of a declaration.
 * Further semicolons become commas.
 */
function dropSemicolons(buffer: MaskBuffer, tokens: Tokens, from: number, to: number, gone: Uint8Array): void {
  if (!isPunctuation(tokens, to - 1, SEMICOLON)) return;
  for (let t = from; t < to; t++) {
    if (isPunctuation(tokens, t, 123)) return;
    if (tokens.kind[t] !== TokenKind.identifier) continue;
    const word = tokenText(tokens, t);
    if (KEYWORDS.has(word) && !TYPE_KEYWORDS.has(word) && !EXPRESSION_KEYWORDS.has(word)) return;
  }
  drop(buffer, tokens, to - 1, gone);
  let first = from;
  for (let t = from; t < to - 1; t++) {
    if (!isPunctuation(tokens, t, SEMICOLON)) continue;
    buffer.put(tokens.start[t] as number, COMMA);
    dropType(buffer, tokens, first, t, gone);
    first = t + 1;
  }
  dropType(buffer, tokens, first, to - 1, gone);
}

/** Blanks the type of `type name = value`. */
function dropType(buffer: MaskBuffer, tokens: Tokens, from: number, to: number, gone: Uint8Array): void {
  let name = from;
  while (name < to && (tokens.kind[name] === TokenKind.identifier || isPunctuation(tokens, name, STAR))) name++;
  if (!isPunctuation(tokens, name, 61) || name - from < 2) return;
  for (let t = from; t < name - 1; t++) drop(buffer, tokens, t, gone);
}

/** `(void)` or `(int x, void *y)` as a whole argument. */
function isParameterList(tokens: Tokens, from: number, to: number): boolean {
  if (!isPunctuation(tokens, from, 40) || !isPunctuation(tokens, to - 1, 41)) return false;
  for (let t = from + 1; t < to - 1; t++) {
    if (isPunctuation(tokens, t, 40) || isPunctuation(tokens, t, 41)) return false;
  }
  if (to - from === 3) return TYPE_KEYWORDS.has(tokenText(tokens, from + 1));
  for (let t = from + 1; t < to - 2; t++) {
    const name = tokens.kind[t] === TokenKind.identifier && tokenText(tokens, t) !== "sizeof";
    if (name && tokens.kind[t + 1] === TokenKind.identifier) return true;
  }
  return false;
}

/** One operator, such as the `<=` of `COMPARE(a, b, <=)`. */
function isOperator(tokens: Tokens, from: number, to: number): boolean {
  if (to - from > 3) return false;
  for (let t = from; t < to; t++) {
    if (tokens.kind[t] !== TokenKind.punctuation) return false;
    const c = tokens.text.charCodeAt(tokens.start[t] as number);
    if (c === 40 || c === 41 || c === 123 || c === 125 || c === 91 || c === 93) return false;
    if (t > from && tokens.start[t] !== tokens.end[t - 1]) return false;
  }
  return true;
}

/** A member of an initialiser, such as the `.doc = "..."` of HPyDef_METH. */
function isDesignated(tokens: Tokens, from: number): boolean {
  return (
    isPunctuation(tokens, from, 46) &&
    tokens.kind[from + 1] === TokenKind.identifier &&
    isPunctuation(tokens, from + 2, 61)
  );
}

/** A type, perhaps with a name: `int`, `struct x`, `Type *`, `unsigned long`, `void (*)(int)`. */
function isType(tokens: Tokens, from: number, to: number): boolean {
  if (tokens.kind[from] !== TokenKind.identifier) return false;
  let keywords = 0;
  let names = 0;
  let stars = 0;
  for (let t = from; t < to; t++) {
    if (tokens.kind[t] === TokenKind.identifier) {
      const word = tokenText(tokens, t);
      // `const char *name` is a declaration, `Type * name` may be a product.
      if (stars > 0 && word !== "const" && keywords === 0) return false;
      if (TYPE_KEYWORDS.has(word)) keywords++;
      else if (KEYWORDS.has(word)) return false;
      else names++;
    } else if (isPunctuation(tokens, t, STAR)) stars++;
    else {
      // An abstract declarator of a function pointer or an array behind the type; `int(x)` is a cast in C++.
      const declarator =
        (isPunctuation(tokens, t, 40) && isPunctuation(tokens, t + 1, STAR)) || isPunctuation(tokens, t, 91);
      return keywords > 0 && names === 0 && declarator;
    }
  }
  return keywords > 0 ? names <= 2 : stars > 0 && names === 1;
}

/** Keywords of statements or declarations, or two names side by side, but no calls and no blocks. */
function isStatement(tokens: Tokens, from: number, to: number): boolean {
  let found = false;
  for (let t = from; t < to; t++) {
    if (isPunctuation(tokens, t, 123) || isPunctuation(tokens, t, 59)) return false;
    if (tokens.kind[t] !== TokenKind.identifier) continue;
    const word = tokenText(tokens, t);
    if (isPunctuation(tokens, t + 1, 40) && !KEYWORDS.has(word)) return false;
    if (t > from && tokens.kind[t - 1] === TokenKind.identifier) {
      const before = tokenText(tokens, t - 1);
      if (!EXPRESSION_KEYWORDS.has(before) && !TYPE_KEYWORDS.has(before) && !inParentheses(tokens, from, t))
        found = true;
    }
    const opens = t === from && KEYWORDS.has(word) && !EXPRESSION_KEYWORDS.has(word);
    if (opens && !(TYPE_KEYWORDS.has(word) && t + 1 < to)) found = true;
  }
  return found;
}

function inParentheses(tokens: Tokens, from: number, to: number): boolean {
  let depth = 0;
  for (let t = from; t < to; t++) {
    if (isPunctuation(tokens, t, 40)) depth++;
    else if (isPunctuation(tokens, t, 41)) depth--;
  }
  return depth > 0;
}
