/** Jumps in a piece of code that no grammar has read, such as the replacement text of a macro. */

import { isPunctuation, TokenKind, type Tokens, tokenText } from "./lexer.ts";

const OPEN = 40;
const CLOSE = 41;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const LOOPS: ReadonlySet<string> = new Set(["do", "for", "switch", "while"]);

/** The first word that leaves the code other than at its end: a return or goto, a break out of a loop around it; null for none. */
export function jumpOut(tokens: Tokens): string | null {
  for (let t = 0; t < tokens.count; t++) {
    const word = tokens.kind[t] === TokenKind.identifier ? tokenText(tokens, t) : "";
    if (word === "return" || word === "goto") return word;
  }
  return breakOut(tokens, 0, tokens.count);
}

/** The first `break` or `continue` between two tokens that belongs to a loop or switch around them; null for none. */
export function breakOut(tokens: Tokens, from: number, to: number): string | null {
  for (let t = from; t < to; t++) {
    const word = tokens.kind[t] === TokenKind.identifier ? tokenText(tokens, t) : "";
    if (word === "break" || word === "continue") return word;
    if (!LOOPS.has(word)) continue;
    // A loop in braces keeps its jumps; without braces, nothing is taken for granted.
    let open = t + 1;
    if (isPunctuation(tokens, open, OPEN)) open = closingToken(tokens, open, to) + 1;
    if (!isPunctuation(tokens, open, OPEN_BRACE)) continue;
    const close = closingToken(tokens, open, to);
    const inner = word === "switch" ? continueIn(tokens, open, close) : null;
    if (inner !== null) return inner;
    t = close;
  }
  return null;
}

/** A `continue` in a switch is one of the loop around it. */
function continueIn(tokens: Tokens, from: number, to: number): string | null {
  for (let t = from; t < to; t++)
    if (tokens.kind[t] === TokenKind.identifier && tokenText(tokens, t) === "continue") return "continue";
  return null;
}

/** Index of the parenthesis or brace that closes the one at `open`; `to` where there is none before that. */
export function closingToken(tokens: Tokens, open: number, to: number): number {
  let depth = 0;
  for (let t = open; t < to; t++) {
    if (isPunctuation(tokens, t, OPEN) || isPunctuation(tokens, t, OPEN_BRACE)) depth++;
    else if ((isPunctuation(tokens, t, CLOSE) || isPunctuation(tokens, t, CLOSE_BRACE)) && --depth === 0) return t;
  }
  return to;
}
