import { isIdentifierCode } from "./lexer.ts";
import type { Span } from "./source.ts";

const SPACE = 32;
const UNDERSCORE = 95;

/**
 * A copy of a text that is changed in place and never changes its length, so that every offset stays that of the
 * original. Line ends survive, except where a semicolon or comma has to take the place of one.
 */
export class MaskBuffer {
  readonly #bytes: Uint8Array;
  readonly #inserted: number[] = [];

  constructor(text: string) {
    const bytes = new Uint8Array(text.length);
    // The grammar takes a NUL for the end of the text.
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i) || SPACE;
    this.#bytes = bytes;
  }

  get length(): number {
    return this.#bytes.length;
  }

  at(i: number): number {
    return this.#bytes[i] ?? 0;
  }

  /** Replaces everything but line ends by spaces. */
  blank(start: number, end: number): void {
    const bytes = this.#bytes;
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
    this.#bytes.fill(SPACE, start, end);
  }

  put(i: number, code: number): void {
    this.#bytes[i] = code;
  }

  /** Writes ASCII `text` at `start`. */
  write(start: number, text: string): void {
    for (let i = 0; i < text.length; i++) this.#bytes[start + i] = text.charCodeAt(i);
  }

  /** Makes one identifier of `[start, end)`: whatever cannot stand in one becomes an underscore. */
  join(start: number, end: number): void {
    // The grammar takes only letters beyond ASCII, and a byte of UTF-8 alone may be anything.
    for (let i = start; i < end; i++)
      if (this.at(i) >= 128 || !isIdentifierCode(this.at(i))) this.#bytes[i] = UNDERSCORE;
    // The first letter goes as well, so that the result can be neither a keyword nor a number.
    if (end > start) this.#bytes[start] = UNDERSCORE;
  }

  /** Writes a punctuation character that the file does not have into the white space at `i`; false without room. */
  insert(i: number, code: number): boolean {
    if (i >= this.length) return false;
    const c = this.at(i);
    if (c === SPACE || (c >= 9 && c <= 13)) {
      this.#bytes[i] = code;
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
      this.#bytes[i + 2] = this.at(i + 1);
      this.#bytes[i + 1] = 47;
    }
    this.#bytes[i] = code;
    this.#inserted.push(i);
    return true;
  }

  /** The masked text and the ascending offsets of inserted characters. */
  finish(): { readonly text: string; readonly inserted: readonly number[] } {
    const pieces: string[] = [];
    for (let i = 0; i < this.length; i += 16_384) {
      const piece = this.#bytes.subarray(i, i + 16_384);
      // A typed array is array-like enough for apply, and four times faster than spreading it.
      pieces.push(String.fromCharCode.apply(null, piece as unknown as number[]));
    }
    const text = pieces.join("");
    return { text, inserted: this.#inserted.sort((a, b) => a - b) };
  }
}
