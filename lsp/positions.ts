/**
 * Offsets of the engine and positions of the protocol. The engine reads bytes as latin-1, one character a byte; the
 * protocol speaks of lines and of code units in the encoding that was negotiated, UTF-16 unless the client offers more.
 */

export type PositionEncoding = "utf-8" | "utf-16" | "utf-32";

export interface Position {
  readonly line: number;
  readonly character: number;
}

export interface Range {
  readonly start: Position;
  readonly end: Position;
}

const LF = 10;
const CR = 13;

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

/** A string of Unicode as the bytes of its UTF-8 form, one character each. */
export function toBytes(text: string): string {
  if (isAscii(text)) return text;
  return latin1(new TextEncoder().encode(text));
}

/** Bytes as a string, one character each. */
function latin1(bytes: Uint8Array): string {
  const parts: string[] = [];
  // Arguments of a call are limited, so the bytes go in slices.
  for (let at = 0; at < bytes.length; at += 8192) parts.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
  return parts.join("");
}

function decodeUtf8(bytes: string): string | null {
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return decoder.decode(Uint8Array.from(bytes, (character) => character.charCodeAt(0)));
  } catch {
    return null;
  }
}

/** Whether bytes are UTF-8, which is what an editor must take them for to give them back unchanged. */
export function isUtf8(bytes: string): boolean {
  return isAscii(bytes) || decodeUtf8(bytes) !== null;
}

/** Bytes as text for people: UTF-8 where they are, otherwise latin-1. */
export function toText(bytes: string): string {
  return isAscii(bytes) ? bytes : (decodeUtf8(bytes) ?? bytes);
}

/** Lines of one version of a text. Lines end with `\n`, `\r\n` or `\r`, as the protocol has it. */
export class TextPositions {
  readonly text: string;
  readonly encoding: PositionEncoding;
  readonly #starts: number[];
  /** Whether a character of the text is a byte of UTF-8, rather than a code unit of its own. */
  #isEncoded: boolean | null = null;

  constructor(text: string, encoding: PositionEncoding) {
    this.text = text;
    this.encoding = encoding;
    const starts = [0];
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code === LF || (code === CR && text.charCodeAt(i + 1) !== LF)) starts.push(i + 1);
    }
    this.#starts = starts;
  }

  get lineCount(): number {
    return this.#starts.length;
  }

  /** Offset of the first character of a line; lines beyond the last give the length of the text. */
  lineStart(line: number): number {
    return line < this.#starts.length ? (this.#starts[Math.max(0, line)] as number) : this.text.length;
  }

  /** Offset behind the last character of a line, before what ends it. */
  lineEnd(line: number): number {
    const start = this.lineStart(line);
    let end = this.lineStart(line + 1);
    if (end > start && this.text.charCodeAt(end - 1) === LF) end--;
    if (end > start && this.text.charCodeAt(end - 1) === CR) end--;
    return end;
  }

  positionAt(offset: number): Position {
    const at = Math.max(0, Math.min(offset, this.text.length));
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] as number) <= at) low = middle;
      else high = middle;
    }
    const start = this.#starts[low] as number;
    return { line: low, character: this.#units(start, at) };
  }

  /** Offset of a position. A column beyond the end of its line is the end of the line, as the protocol has it. */
  offsetAt({ line, character }: Position): number {
    if (line >= this.#starts.length) return this.text.length;
    const start = this.lineStart(line);
    const end = this.lineEnd(line);
    if (character <= 0) return start;
    if (this.#isPlain()) return Math.min(start + character, end);
    let units = 0;
    let at = start;
    while (at < end) {
      let next = at + 1;
      while (next < end && (this.text.charCodeAt(next) & 0xc0) === 0x80) next++;
      units += this.#unitsOf(this.text.charCodeAt(at), next - at);
      // A position inside of a character stands for its start.
      if (units > character) return at;
      at = next;
      if (units === character) return at;
    }
    return end;
  }

  range(span: { readonly start: number; readonly end: number }): Range {
    return { start: this.positionAt(span.start), end: this.positionAt(span.end) };
  }

  #units(start: number, end: number): number {
    if (this.#isPlain()) return end - start;
    let units = 0;
    for (let at = start; at < end; ) {
      let next = at + 1;
      while (next < end && (this.text.charCodeAt(next) & 0xc0) === 0x80) next++;
      units += this.#unitsOf(this.text.charCodeAt(at), next - at);
      at = next;
    }
    return units;
  }

  /** Code units of a character by its first byte. */
  #unitsOf(first: number, bytes: number): number {
    if (this.encoding === "utf-8") return bytes;
    return this.encoding === "utf-16" && first >= 0xf0 ? 2 : 1;
  }

  /** Whether columns are differences of offsets. */
  #isPlain(): boolean {
    if (this.encoding === "utf-8") return true;
    this.#isEncoded ??= !isAscii(this.text) && isUtf8(this.text);
    return !this.#isEncoded;
  }
}
