import { isIdentifierCode } from "./lexer.ts";
import type { Span } from "./source.ts";

const SPACE = 32;
const UNDERSCORE = 95;

/** Masking touches a small part of a text: it is copied by blocks of 256 characters. */
const BLOCK_BITS = 8;
const BLOCK_SIZE = 1 << BLOCK_BITS;
/** What a block may be besides the one of the text. */
const WRITTEN = 1;
const ERASED = 2;
/** Blocks that become text at once. */
const MOST_BLOCKS = 64;

/**
 * A copy of a text that is changed in place and never changes its length, so that every offset stays that of the
 * original. Line ends survive, except where a semicolon or comma has to take the place of one.
 */
export class MaskBuffer {
  readonly #text: string;
  /** The bytes of the blocks that are written. */
  readonly #bytes: Uint8Array;
  readonly #blocks: Uint8Array;
  readonly #inserted: number[] = [];

  constructor(text: string) {
    this.#text = text;
    this.#bytes = new Uint8Array(text.length);
    this.#blocks = new Uint8Array((text.length >> BLOCK_BITS) + 1);
    // The grammar takes a NUL for the end of the text.
    for (let i = text.indexOf("\0"); i >= 0; i = text.indexOf("\0", i + 1)) this.put(i, SPACE);
  }

  get length(): number {
    return this.#text.length;
  }

  at(i: number): number {
    if (i < 0 || i >= this.length) return 0;
    const block = this.#blocks[i >> BLOCK_BITS];
    return block === WRITTEN ? (this.#bytes[i] as number) : block === ERASED ? SPACE : this.#text.charCodeAt(i);
  }

  /** The bytes, of which those of the blocks from `start` to `end` may be written. */
  #open(start: number, end: number): Uint8Array {
    const bytes = this.#bytes;
    const text = this.#text;
    for (let block = start >> BLOCK_BITS; block << BLOCK_BITS < end; block++) {
      const before = this.#blocks[block];
      if (before === WRITTEN) continue;
      this.#blocks[block] = WRITTEN;
      const last = Math.min(text.length, (block + 1) << BLOCK_BITS);
      if (before === ERASED) bytes.fill(SPACE, block << BLOCK_BITS, last);
      else for (let i = block << BLOCK_BITS; i < last; i++) bytes[i] = text.charCodeAt(i);
    }
    return bytes;
  }

  /** Replaces everything but line ends by spaces. */
  blank(start: number, end: number): void {
    if (end <= start) return;
    const bytes = this.#open(start, end);
    for (let i = start; i < end; i++) if (bytes[i] !== 10 && bytes[i] !== 13) bytes[i] = SPACE;
  }

  /** Keeps only the given ascending spans and replaces everything else by spaces. */
  restrict(spans: readonly Span[]): void {
    let last = 0;
    for (const { start, end } of spans) {
      if (start > last) this.erase(last, start);
      last = Math.max(last, end);
    }
    this.erase(last, this.length);
  }

  /** Replaces everything, line ends too, by spaces. */
  erase(start: number, end: number): void {
    if (end <= start) return;
    const [first, last] = [(start + BLOCK_SIZE - 1) >> BLOCK_BITS, end >> BLOCK_BITS];
    if (first >= last) {
      this.#open(start, end).fill(SPACE, start, end);
      return;
    }
    this.#blocks.fill(ERASED, first, last);
    this.erase(start, first << BLOCK_BITS);
    this.erase(last << BLOCK_BITS, end);
  }

  put(i: number, code: number): void {
    this.#open(i, i + 1)[i] = code;
  }

  /** Writes ASCII `text` at `start`. */
  write(start: number, text: string): void {
    const bytes = this.#open(start, start + text.length);
    for (let i = 0; i < text.length; i++) bytes[start + i] = text.charCodeAt(i);
  }

  /** Makes one identifier of `[start, end)`: whatever cannot stand in one becomes an underscore. */
  join(start: number, end: number): void {
    // The grammar takes only letters beyond ASCII, and a byte of UTF-8 alone may be anything.
    if (end <= start) return;
    const bytes = this.#open(start, end);
    for (let i = start; i < end; i++) {
      const code = bytes[i] as number;
      if (code >= 128 || !isIdentifierCode(code)) bytes[i] = UNDERSCORE;
    }
    // The first letter goes as well, so that the result can be neither a keyword nor a number.
    bytes[start] = UNDERSCORE;
  }

  /** Writes a punctuation character that the file does not have into the white space at `i`; false without room. */
  insert(i: number, code: number): boolean {
    if (i >= this.length) return false;
    const c = this.at(i);
    if (c === SPACE || (c >= 9 && c <= 13)) {
      this.put(i, code);
      this.#inserted.push(i);
      return true;
    }
    if (c === 47 && (this.at(i + 1) === 47 || this.at(i + 1) === 42)) return this.#insertBeforeComment(i, code);
    return false;
  }

  /** Moves the opening of the comment at `i` by one, or blanks the comment when it is too short for that. */
  #insertBeforeComment(i: number, code: number): boolean {
    const line = this.at(i + 1) === 47;
    let end = i + 2;
    if (line) while (end < this.length && this.at(end) !== 10 && this.at(end) !== 13) end++;
    else {
      while (end + 1 < this.length && !(this.at(end) === 42 && this.at(end + 1) === 47)) end++;
      end = Math.min(this.length, end + 2);
    }
    if (end - i < 6) this.blank(i, end);
    else {
      this.put(i + 2, this.at(i + 1));
      this.put(i + 1, 47);
    }
    this.put(i, code);
    this.#inserted.push(i);
    return true;
  }

  /** The masked text and the ascending offsets of inserted characters. */
  finish(): { readonly text: string; readonly inserted: readonly number[] } {
    const pieces: string[] = [];
    const last = (this.length - 1) >> BLOCK_BITS;
    for (let block = 0; block <= last; ) {
      const state = this.#blocks[block];
      const first = block;
      while (block <= last && this.#blocks[block] === state && (state !== WRITTEN || block - first < MOST_BLOCKS))
        block++;
      const [start, end] = [first << BLOCK_BITS, Math.min(this.length, block << BLOCK_BITS)];
      if (state === ERASED) pieces.push(" ".repeat(end - start));
      else if (state !== WRITTEN) pieces.push(this.#text.slice(start, end));
      // A typed array is array-like enough for apply, and four times faster than spreading it.
      else pieces.push(String.fromCharCode.apply(null, this.#bytes.subarray(start, end) as unknown as number[]));
    }
    const text = pieces.join("");
    return { text, inserted: this.#inserted.sort((a, b) => a - b) };
  }
}
