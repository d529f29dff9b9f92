import { TokenKind, type Tokens } from "./lexer.ts";

/**
 * For each bracket token the token of its partner; -1 for brackets without one and for all other tokens. A brace
 * closes whatever is still open inside it, so that one stray parenthesis does no harm beyond its block.
 */
export function matchBrackets(tokens: Tokens): Int32Array {
  const match = new Int32Array(tokens.count).fill(-1);
  const stack: number[] = [];
  const codeOf = (t: number): number => tokens.text.charCodeAt(tokens.start[t] as number);
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] !== TokenKind.punctuation) continue;
    const c = codeOf(t);
    if (c === 40 || c === 91 || c === 123) {
      stack.push(t);
      continue;
    }
    if (c !== 41 && c !== 93 && c !== 125) continue;
    const wanted = c === 41 ? 40 : c - 2;
    let at = stack.length - 1;
    while (at >= 0 && codeOf(stack[at] as number) !== wanted && (c === 125 || codeOf(stack[at] as number) !== 123))
      at--;
    if (at < 0 || codeOf(stack[at] as number) !== wanted) continue;
    const open = stack[at] as number;
    stack.length = at;
    match[open] = t;
    match[t] = open;
  }
  return match;
}
