import { withoutComments } from "./directives.ts";
import { isPunctuation, lex, TokenKind, type Tokens } from "./lexer.ts";
import { MaskBuffer } from "./mask-buffer.ts";

const HASH = 35;

/**
 * The body of a macro with the operators of the preprocessor masked, of the same length: what `##` pastes becomes one
 * identifier, and `#x` becomes `x`.
 */
export function maskPasting(text: string): string {
  const tokens = withoutComments(lex(text, "piece"));
  const buffer = new MaskBuffer(text);
  for (let t = 0; t < tokens.count; t++) {
    if (!isPunctuation(tokens, t, HASH)) continue;
    if (!isPaste(tokens, t)) {
      if (tokens.kind[t + 1] === TokenKind.identifier) buffer.put(tokens.start[t] as number, 32);
      continue;
    }
    const first = t - 1;
    let last = t + 2;
    while (isPaste(tokens, last + 1)) last += 3;
    if (isWord(tokens, first) && isWord(tokens, last)) {
      buffer.join(tokens.start[first] as number, tokens.end[last] as number);
    } else {
      // `, ## __VA_ARGS__` of GNU C.
      buffer.blank(tokens.start[t] as number, tokens.end[t + 1] as number);
    }
    t = last;
  }
  return buffer.finish().text;
}

function isPaste(tokens: Tokens, t: number): boolean {
  return isPunctuation(tokens, t, HASH) && isPunctuation(tokens, t + 1, HASH) && tokens.end[t] === tokens.start[t + 1];
}

function isWord(tokens: Tokens, t: number): boolean {
  const kind = t >= 0 && t < tokens.count ? tokens.kind[t] : 0;
  return kind === TokenKind.identifier || kind === TokenKind.number;
}
