/**
 * Parsing a text that differs little from one that was parsed before: the top-level items that are the same keep their
 * nodes, and only the text between them is parsed.
 *
 * Items end with a semicolon, a closing brace or the end of a directive's line, and the grammars of C and C++ read each
 * of them from the same state, so the tree of a text without errors is the sequence of the trees of its items. Where
 * there is an error in either, that does not hold, because recovery looks far ahead and back; then the answer is null.
 */

import type { Columns } from "./tree.ts";

/** A text as it was given to the grammar, and the columns of its tree. */
export interface ParsedText {
  readonly masked: string;
  /** Ascending offsets where masking wrote a token that the file does not have. */
  readonly inserted: readonly number[];
  readonly columns: Columns;
}

/** Nodes of the new tree that lie in a row in one of the trees it is made of. */
interface Piece {
  readonly from: Columns;
  /** Its nodes: children of the root with all that is below them. */
  readonly first: number;
  readonly last: number;
  /** What its offsets grow by. */
  readonly shift: number;
}

const ERROR = 4;
const SPACE = 32;

/** Items that are looked for after one that has changed, and the least length of those that are unmistakable enough. */
const LOOKAHEAD = 12;
const MARKED_LENGTH = 24;

/**
 * Columns of the tree of `masked`, which are those that a parse of the whole text gives. `parse` parses a part of it.
 * Null where the whole text has to be parsed.
 */
export function reparse(
  earlier: ParsedText,
  masked: string,
  inserted: readonly number[],
  parse: (masked: string, inserted: readonly number[]) => Columns,
): Columns | null {
  const { columns } = earlier;
  if (!isWhole(columns, earlier.masked.length, earlier.inserted)) return null;
  const pieces: Piece[] = [];
  const parsePart = (from: number, to: number): boolean => {
    const start = skipSpace(masked, from);
    if (start >= to) return true;
    const end = endOfLines(masked, to);
    const own = between(inserted, start, end).map((offset) => offset - start);
    const part = parse(masked.slice(start, end), own);
    if (!isWhole(part, end - start, own)) return false;
    pieces.push({ from: part, first: 1, last: part.symbol.length, shift: start });
    return true;
  };
  let done = 0;
  const items = new Items(earlier);
  for (let n = 1; n < items.end; ) {
    const at = skipSpace(masked, done);
    if (items.isAt(n, masked, inserted, at)) {
      const next = items.next(n);
      const shift = at - items.start(n);
      const last = pieces.at(-1);
      if (last !== undefined && last.from === columns && last.last === n && last.shift === shift)
        pieces[pieces.length - 1] = { ...last, last: next };
      else pieces.push({ from: columns, first: n, last: next, shift });
      done = at + items.fullLength(n);
      n = next;
      continue;
    }
    const found = items.findAfter(n, masked, inserted, at);
    if (found === null) break;
    if (!parsePart(done, found.at)) return null;
    done = found.at;
    n = found.item;
  }
  if (!parsePart(done, masked.length) || pieces.length === 0) return null;
  return join(pieces, columns, endOfRoot(masked.length, inserted));
}

/** Whether a tree has no error, and a root that goes to the end of the text. */
function isWhole(columns: Columns, length: number, inserted: readonly number[]): boolean {
  return ((columns.flags[0] as number) & ERROR) === 0 && columns.end[0] === endOfRoot(length, inserted);
}

/** Nodes end before an inserted token that closes them. */
function endOfRoot(length: number, inserted: readonly number[]): number {
  return inserted.at(-1) === length - 1 ? length - 1 : length;
}

/** The top-level items of a text that was parsed. */
class Items {
  readonly #text: ParsedText;
  readonly end: number;

  constructor(text: ParsedText) {
    this.#text = text;
    this.end = text.columns.symbol.length;
  }

  start(item: number): number {
    return this.#text.columns.start[item] as number;
  }

  length(item: number): number {
    return (this.#text.columns.end[item] as number) - this.start(item);
  }

  /** Length with the inserted token that the item ends in: its node was made to end before that. */
  fullLength(item: number): number {
    const length = this.length(item);
    const end = this.start(item) + length;
    if (between(this.#text.inserted, end, end + 1).length === 0) return length;
    const next = this.next(item);
    return next < this.end && this.start(next) === end ? length : length + 1;
  }

  next(item: number): number {
    return this.#text.columns.next[item] as number;
  }

  /** Whether the item stands at this offset of another text, with the same tokens inserted. */
  isAt(item: number, masked: string, inserted: readonly number[], at: number): boolean {
    const length = this.length(item);
    // A node that ends in an inserted token was made to end before it, and what is empty has nothing to compare.
    return (
      length > 0 && masked.startsWith(this.#source(item), at) && this.#hasSameInserted(item, length + 1, inserted, at)
    );
  }

  /** The first of the items after this one that stands in another text from an offset on; null without one. */
  findAfter(
    item: number,
    masked: string,
    inserted: readonly number[],
    from: number,
  ): { readonly item: number; readonly at: number } | null {
    let best: { readonly item: number; readonly at: number } | null = null;
    let seen = 0;
    for (let other = this.next(item); other < this.end && seen < LOOKAHEAD; other = this.next(other)) {
      if (this.length(other) < MARKED_LENGTH) continue;
      seen++;
      const at = masked.indexOf(this.#source(other), from);
      if (at < 0 || !this.isAt(other, masked, inserted, at) || !startsLine(masked, at)) continue;
      if (best === null || at < best.at) best = { item: other, at };
      if (best.item !== other) break;
    }
    return best;
  }

  #source(item: number): string {
    return this.#text.masked.slice(this.start(item), this.start(item) + this.length(item));
  }

  #hasSameInserted(item: number, length: number, inserted: readonly number[], at: number): boolean {
    const start = this.start(item);
    const mine = between(this.#text.inserted, start, start + length);
    const theirs = between(inserted, at, at + length);
    return mine.length === theirs.length && mine.every((offset, i) => offset - start === (theirs[i] as number) - at);
  }
}

/** Whether only white space stands before an offset in its line. */
function startsLine(text: string, at: number): boolean {
  for (let i = at - 1; i >= 0; i--) {
    const code = text.charCodeAt(i);
    if (code === 10) return true;
    if (!isSpace(code)) return false;
  }
  return true;
}

function isSpace(code: number): boolean {
  return code === SPACE || (code >= 9 && code <= 13);
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** Where a part of a text that ends at `to` ends without the empty lines after it. */
function endOfLines(text: string, to: number): number {
  let end = to;
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end--;
  // A directive needs the end of its line.
  const newline = text.indexOf("\n", end);
  return newline < 0 || newline >= to ? to : newline + 1;
}

/** The ascending offsets in a range. */
function between(offsets: readonly number[], start: number, end: number): number[] {
  let low = 0;
  for (let high = offsets.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((offsets[middle] as number) < start) low = middle + 1;
    else high = middle;
  }
  const found: number[] = [];
  for (let i = low; i < offsets.length && (offsets[i] as number) < end; i++) found.push(offsets[i] as number);
  return found;
}

/** One tree of pieces in source order below a root like `old`'s. */
function join(pieces: readonly Piece[], old: Columns, end: number): Columns {
  const count = pieces.reduce((sum, { first, last }) => sum + last - first, 1);
  const joined: Columns = {
    symbol: new Uint16Array(count),
    field: new Uint8Array(count),
    flags: new Uint8Array(count),
    start: new Uint32Array(count),
    end: new Uint32Array(count),
    parent: new Int32Array(count),
    next: new Int32Array(count),
  };
  joined.symbol[0] = old.symbol[0] as number;
  joined.field[0] = old.field[0] as number;
  joined.flags[0] = old.flags[0] as number;
  joined.end[0] = end;
  joined.parent[0] = old.parent[0] as number;
  joined.next[0] = count;
  let at = 1;
  for (const { from, first, last, shift } of pieces) {
    joined.symbol.set(from.symbol.subarray(first, last), at);
    joined.field.set(from.field.subarray(first, last), at);
    joined.flags.set(from.flags.subarray(first, last), at);
    const move = at - first;
    for (let n = first, to = at; n < last; n++, to++) {
      const parent = from.parent[n] as number;
      joined.start[to] = (from.start[n] as number) + shift;
      joined.end[to] = (from.end[n] as number) + shift;
      joined.parent[to] = parent === 0 ? 0 : parent + move;
      joined.next[to] = (from.next[n] as number) + move;
    }
    at += last - first;
  }
  joined.start[0] = joined.start[1] as number;
  return joined;
}
