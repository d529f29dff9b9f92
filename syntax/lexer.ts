/**
 * A lexer for C and C++ over latin-1 text. It needs no macro knowledge, never fails, and is the base of masking,
 * of the audit and of everything that looks at code the grammar cannot parse.
 */

/** Kinds of tokens; a preprocessor directive is one token up to the end of its logical line. */
export const TokenKind = {
  identifier: 1,
  number: 2,
  /** A string literal with its prefix. */
  string: 3,
  /** A character literal with its prefix. */
  character: 4,
  /** One character of punctuation: `->` is two tokens that touch. */
  punctuation: 5,
  /** From `#` to the end of the line, with continuation lines and comments inside, without the final newline. */
  directive: 6,
  comment: 7,
} as const;

/** Tokens in source order as columns; only the first `count` entries are meaningful. */
export interface Tokens {
  readonly text: string;
  readonly count: number;
  readonly kind: Uint8Array;
  readonly start: Uint32Array;
  readonly end: Uint32Array;
}

const IDENTIFIER_START = 1;
const IDENTIFIER_PART = 2;
const DIGIT = 4;
const SPACE = 8;

/** Character classes; bytes of 0x80 and more are letters, as in identifiers of UTF-8 sources. */
const CLASSES = buildClasses();

function buildClasses(): Uint8Array {
  const classes = new Uint8Array(65536);
  for (let c = 0; c < classes.length; c++) {
    const letter = (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95 || c === 36 || c >= 128;
    const digit = c >= 48 && c <= 57;
    const space = c === 32 || (c >= 9 && c <= 13) || c === 0;
    classes[c] =
      (letter ? IDENTIFIER_START | IDENTIFIER_PART : 0) | (digit ? DIGIT | IDENTIFIER_PART : 0) | (space ? SPACE : 0);
  }
  return classes;
}

/** Whether the character code may stand in an identifier. */
export function isIdentifierCode(code: number): boolean {
  return ((CLASSES[code] ?? 0) & IDENTIFIER_PART) !== 0;
}

const NEWLINE = 10;
const RETURN = 13;
const BACKSLASH = 92;
const SLASH = 47;
const STAR = 42;
const QUOTE = 34;
const APOSTROPHE = 39;
const HASH = 35;

/** Length of a line continuation at `i` (backslash and newline), or 0. */
function continuationAt(text: string, i: number): number {
  if (text.charCodeAt(i) !== BACKSLASH) return 0;
  const next = text.charCodeAt(i + 1);
  if (next === NEWLINE) return 2;
  return next === RETURN && text.charCodeAt(i + 2) === NEWLINE ? 3 : 0;
}

/** End of the comment that starts at `i`, or `i` when none starts there. */
function skipComment(text: string, i: number, limit: number): number {
  if (text.charCodeAt(i) !== SLASH) return i;
  const next = text.charCodeAt(i + 1);
  if (next === STAR) {
    const close = text.indexOf("*/", i + 2);
    return close < 0 || close + 2 > limit ? limit : close + 2;
  }
  if (next !== SLASH) return i;
  let j = i + 2;
  while (j < limit) {
    const skip = continuationAt(text, j);
    if (skip > 0) {
      j += skip;
      continue;
    }
    if (text.charCodeAt(j) === NEWLINE) break;
    j++;
  }
  if (j > limit) return limit;
  return text.charCodeAt(j - 1) === RETURN && text.charCodeAt(j) === NEWLINE ? j - 1 : j;
}

/** End of the literal whose opening quote is at `i`; an unterminated one ends before its newline. */
function skipQuoted(text: string, i: number, limit: number): number {
  const quote = text.charCodeAt(i);
  let j = i + 1;
  while (j < limit) {
    const c = text.charCodeAt(j);
    if (c === quote) return j + 1;
    if (c === NEWLINE) return j;
    if (c === BACKSLASH) {
      const skip = continuationAt(text, j);
      j += skip > 0 ? skip : text.charCodeAt(j + 1) === NEWLINE ? 1 : 2;
    } else j++;
  }
  return limit;
}

/** End of a C++ raw string whose opening quote is at `i`. */
function skipRawString(text: string, i: number, limit: number): number {
  const open = text.indexOf("(", i);
  if (open < 0 || open - i > 17) return skipQuoted(text, i, limit);
  const closing = `)${text.slice(i + 1, open)}"`;
  const close = text.indexOf(closing, open);
  return close < 0 ? limit : Math.min(limit, close + closing.length);
}

/** End of the directive whose `#` is at `i`: the end of its logical line, before the newline. */
function skipDirective(text: string, i: number, limit: number): number {
  let j = i + 1;
  while (j < limit) {
    const c = text.charCodeAt(j);
    if (c === NEWLINE) break;
    if (c === BACKSLASH) {
      const skip = continuationAt(text, j);
      j += skip > 0 ? skip : 1;
    } else if (c === SLASH) {
      const after = skipComment(text, j, limit);
      j = after > j ? after : j + 1;
    } else if (c === QUOTE || c === APOSTROPHE) j = skipQuoted(text, j, limit);
    else j++;
  }
  if (j > limit) j = limit;
  return text.charCodeAt(j - 1) === RETURN && text.charCodeAt(j) === NEWLINE ? j - 1 : j;
}

function isStringPrefix(text: string, start: number, end: number): boolean {
  if (end - start > 3) return false;
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i);
    // L, u, U, R and the 8 of u8.
    if (c !== 76 && c !== 117 && c !== 85 && c !== 82 && !(c === 56 && i > start)) return false;
  }
  return true;
}

function skipNumber(text: string, i: number, limit: number): number {
  let j = i + 1;
  while (j < limit) {
    const c = text.charCodeAt(j);
    if (isIdentifierCode(c) || c === 46) {
      j++;
      continue;
    }
    const before = text.charCodeAt(j - 1) | 32;
    const hexadecimal = (text.charCodeAt(i + 1) | 32) === 120;
    // A sign belongs to the number after e (decimal) or p (hexadecimal); an apostrophe separates digits in C++.
    if ((c === 43 || c === 45) && before === (hexadecimal ? 112 : 101)) j++;
    else if (c === APOSTROPHE && ((CLASSES[text.charCodeAt(j + 1)] ?? 0) & DIGIT) !== 0) j++;
    else break;
  }
  return j;
}

/** Tokens of the files that were read last: planning a step reads the files of a project many times over. */
const RECENT = new Map<string, Tokens>();
let recentLength = 0;
/** Characters of the files whose tokens are kept, which take about three bytes for each: a large project is read twice. */
const RECENT_LIMIT = 16_000_000;
/** Shorter texts, such as the body of one function, are read again sooner than they are found. */
const RECENT_LENGTH = 1000;

/**
 * Tokens of `text` between `from` and `to`, which nobody may change. `as` says whether the range starts at the
 * beginning of a line of a file, where `#` opens a directive, or is a piece of a line such as the body of a macro, where
 * `#` is punctuation.
 */
export function lex(text: string, as: "file" | "piece" = "file", from = 0, to = text.length): Tokens {
  if (as === "piece" || from !== 0 || to !== text.length || text.length < RECENT_LENGTH)
    return readTokens(text, as, from, to);
  const known = RECENT.get(text);
  const tokens = known ?? readTokens(text, as, from, to);
  if (known === undefined) recentLength += text.length;
  else RECENT.delete(text);
  RECENT.set(text, tokens);
  for (const oldest of RECENT.keys()) {
    if (recentLength <= RECENT_LIMIT || oldest === text) break;
    RECENT.delete(oldest);
    recentLength -= oldest.length;
  }
  return tokens;
}

function readTokens(text: string, as: "file" | "piece", from: number, to: number): Tokens {
  let capacity = ((to - from) >> 2) + 16;
  let kind = new Uint8Array(capacity);
  let start = new Uint32Array(capacity);
  let end = new Uint32Array(capacity);
  let count = 0;
  let lineStart = as === "file";
  // A byte order mark in front of a file is no part of its first word.
  let i = from === 0 && as === "file" && text.startsWith("\xef\xbb\xbf") ? 3 : from;
  while (i < to) {
    const c = text.charCodeAt(i);
    const classes = CLASSES[c] as number;
    if ((classes & SPACE) !== 0) {
      if (c === NEWLINE && as === "file") lineStart = true;
      i++;
      continue;
    }
    let what: number = TokenKind.punctuation;
    let j = i + 1;
    if ((classes & IDENTIFIER_START) !== 0) {
      while (j < to && ((CLASSES[text.charCodeAt(j)] as number) & IDENTIFIER_PART) !== 0) j++;
      what = TokenKind.identifier;
      const next = j < to ? text.charCodeAt(j) : 0;
      if ((next === QUOTE || next === APOSTROPHE) && isStringPrefix(text, i, j)) {
        what = next === QUOTE ? TokenKind.string : TokenKind.character;
        j = text.charCodeAt(j - 1) === 82 ? skipRawString(text, j, to) : skipQuoted(text, j, to);
      }
    } else if ((classes & DIGIT) !== 0 || (c === 46 && ((CLASSES[text.charCodeAt(i + 1)] ?? 0) & DIGIT) !== 0)) {
      j = skipNumber(text, i, to);
      what = TokenKind.number;
    } else if (c === QUOTE || c === APOSTROPHE) {
      j = skipQuoted(text, i, to);
      what = c === QUOTE ? TokenKind.string : TokenKind.character;
    } else if (c === SLASH) {
      const after = skipComment(text, i, to);
      if (after > i) {
        what = TokenKind.comment;
        j = after;
      }
    } else if (c === HASH && lineStart) {
      j = skipDirective(text, i, to);
      what = TokenKind.directive;
    } else if (c === BACKSLASH) {
      const skip = continuationAt(text, i);
      if (skip > 0) {
        i += skip;
        continue;
      }
    }
    if (what !== TokenKind.comment) lineStart = false;
    if (j > to) j = to;
    if (count === capacity) {
      capacity *= 2;
      kind = grow(kind, new Uint8Array(capacity));
      start = grow(start, new Uint32Array(capacity));
      end = grow(end, new Uint32Array(capacity));
    }
    kind[count] = what;
    start[count] = i;
    end[count] = j;
    count++;
    i = j;
  }
  return { text, count, kind, start, end };
}

function grow<T extends Uint8Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Text of token `t`. */
export function tokenText(tokens: Tokens, t: number): string {
  return tokens.text.slice(tokens.start[t], tokens.end[t]);
}

/** Whether token `t` is the punctuation character `code`. */
export function isPunctuation(tokens: Tokens, t: number, code: number): boolean {
  return (
    t >= 0 &&
    t < tokens.count &&
    tokens.kind[t] === TokenKind.punctuation &&
    tokens.text.charCodeAt(tokens.start[t] as number) === code
  );
}

/** The tokens for which `keep` answers true. */
export function filterTokens(tokens: Tokens, keep: (t: number) => boolean): Tokens {
  const kind = new Uint8Array(tokens.count);
  const start = new Uint32Array(tokens.count);
  const end = new Uint32Array(tokens.count);
  let count = 0;
  for (let t = 0; t < tokens.count; t++) {
    if (!keep(t)) continue;
    kind[count] = tokens.kind[t] as number;
    start[count] = tokens.start[t] as number;
    end[count] = tokens.end[t] as number;
    count++;
  }
  return { text: tokens.text, count, kind, start, end };
}
