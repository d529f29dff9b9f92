import { withoutComments } from "./directives.ts";
import { isPunctuation, TokenKind, type Tokens, tokenText } from "./lexer.ts";

/** Text of the same length as the original that the grammar can parse. */
export interface MaskedText {
  readonly text: string;
  /** Ascending offsets where a token was written that the file does not have. */
  readonly inserted: readonly number[];
}

/** Statement macros of Python.h that are used without a semicolon. */
const STATEMENTS = new Set([
  "Py_BEGIN_ALLOW_THREADS",
  "Py_END_ALLOW_THREADS",
  "Py_BLOCK_THREADS",
  "Py_UNBLOCK_THREADS",
]);
const HEADS = new Set(["PyObject_HEAD", "PyObject_VAR_HEAD", "PyException_HEAD"]);
const WRAPPERS = new Set(["PyAPI_FUNC", "PyAPI_DATA", "Py_LOCAL", "Py_LOCAL_INLINE"]);

/** Masks what the grammar cannot parse. */
export function mask(tokens: Tokens): MaskedText {
  const code = withoutComments(tokens);
  const bytes = [...tokens.text];
  const inserted: number[] = [];
  for (let t = 0; t < code.count; t++) {
    if (code.kind[t] !== TokenKind.identifier) continue;
    const word = tokenText(code, t);
    const after = code.end[t] as number;
    if ((STATEMENTS.has(word) || HEADS.has(word)) && !isPunctuation(code, t + 1, 59) && (bytes[after] ?? "") <= " ") {
      bytes[after] = ";";
      inserted.push(after);
    } else if (WRAPPERS.has(word) && isPunctuation(code, t + 1, 40)) {
      let close = t + 1;
      while (close < code.count && !isPunctuation(code, close, 41)) close++;
      if (close >= code.count) continue;
      for (let i = code.start[t] as number; i < (code.end[t + 1] as number); i++) bytes[i] = " ";
      bytes[code.start[close] as number] = " ";
    }
  }
  return { text: bytes.join(""), inserted };
}
