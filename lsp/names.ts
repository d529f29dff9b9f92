/** Names in a text: what stands under the cursor, uses of the C API, and ids in the comments of this program. */
import { explain } from "../engine/explain.ts";
import { lex, TokenKind } from "../syntax/lexer.ts";
import type { Span } from "../syntax/source.ts";

export interface Named {
  readonly name: string;
  readonly span: Span;
}

/** The identifier at an offset; null in comments, strings and elsewhere. */
export function identifierAt(text: string, offset: number): Named | null {
  const tokens = lex(text);
  let low = 0;
  let high = tokens.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tokens.end[middle] as number) < offset) low = middle + 1;
    else high = middle;
  }
  // Between two tokens that touch, either may be the identifier.
  for (const t of [low, low + 1]) {
    if (t >= tokens.count || tokens.kind[t] !== TokenKind.identifier) continue;
    const span = { start: tokens.start[t] as number, end: tokens.end[t] as number };
    if (span.start <= offset && offset <= span.end) return { name: text.slice(span.start, span.end), span };
  }
  return null;
}

const MARK = "hpy-migrate: ";

/** Ids that comments of this program name, such as `hpy-migrate: allow ID: reason`. */
export function idsInComments(text: string): Named[] {
  if (!text.includes(MARK)) return [];
  const tokens = lex(text);
  const found: Named[] = [];
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] !== TokenKind.comment) continue;
    const start = tokens.start[t] as number;
    const comment = text.slice(start, tokens.end[t]);
    const at = comment.indexOf(MARK);
    if (at < 0) continue;
    const from = at + MARK.length;
    const colon = comment.indexOf(":", from);
    let word = from;
    for (const part of comment.slice(from, colon < 0 ? undefined : colon).split(/([ ,]+)/)) {
      if (part.includes("-") && explain(part) !== null)
        found.push({ name: part, span: { start: start + word, end: start + word + part.length } });
      word += part.length;
    }
  }
  return found;
}

/** Names of the C API in some stretches of a text, in their order. */
export function capiNames(text: string, stretches: readonly Span[], isCapi: (name: string) => boolean): Span[] {
  const tokens = lex(text);
  const found: Span[] = [];
  let next = 0;
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] !== TokenKind.identifier) continue;
    const start = tokens.start[t] as number;
    while (next < stretches.length && (stretches[next] as Span).end <= start) next++;
    const stretch = stretches[next];
    if (stretch === undefined) break;
    const end = tokens.end[t] as number;
    if (start >= stretch.start && isCapi(text.slice(start, end))) found.push({ start, end });
  }
  return found;
}
