import type { Span } from "../syntax/source.ts";

/** A `[table]` or `[[array.of.tables]]` header; the part of the file before the first header has an empty path. */
export interface TomlTable {
  readonly path: readonly string[];
  readonly form: "root" | "table" | "array";
  /** The header line without its newline; empty for the root table. */
  readonly header: Span;
  /** Where the next header begins, or the end of the file. */
  readonly end: number;
  readonly pairs: readonly TomlPair[];
}

/** `key = value`. */
export interface TomlPair {
  readonly key: readonly string[];
  readonly keySpan: Span;
  readonly value: TomlValue;
}

export interface TomlValue {
  readonly kind: "string" | "array" | "inline-table" | "other";
  readonly span: Span;
  /** Text of a string, escapes unresolved but for quotes; an empty string for the other kinds. */
  readonly text: string;
  /** Quotes that open and close a string. */
  readonly quote: string;
  /** Elements of an array. */
  readonly elements: readonly TomlValue[];
  /** Pairs of an inline table. */
  readonly pairs: readonly TomlPair[];
}

/**
 * Finds where tables, keys and values stand in a TOML document, which the TOML parser does not tell.
 *
 * The document must be valid: parse it first. On text that is not TOML the result is a prefix of what is there.
 */
export function scanToml(text: string): readonly TomlTable[] {
  return new TomlScanner(text).document();
}

class TomlScanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    // A byte order mark, as latin-1.
    if (text.startsWith("\u00ef\u00bb\u00bf")) this.#at = 3;
  }

  document(): TomlTable[] {
    const tables: { path: string[]; form: TomlTable["form"]; header: Span; end: number; pairs: TomlPair[] }[] = [
      { path: [], form: "root", header: { start: this.#at, end: this.#at }, end: this.#text.length, pairs: [] },
    ];
    for (;;) {
      this.#skipBlank();
      if (this.#at >= this.#text.length) return tables;
      const start = this.#at;
      const last = tables.at(-1);
      if (last === undefined) return tables;
      if (this.#peek() === "[") {
        const array = this.#text.startsWith("[[", this.#at);
        this.#at += array ? 2 : 1;
        const path = this.#key();
        this.#at += array ? 2 : 1;
        last.end = start;
        tables.push({
          path,
          form: array ? "array" : "table",
          header: { start, end: this.#at },
          end: this.#text.length,
          pairs: [],
        });
      } else {
        const pair = this.#pair();
        if (pair === null) return tables;
        last.pairs.push(pair);
      }
    }
  }

  #peek(): string {
    return this.#text[this.#at] ?? "";
  }

  #skipSpace(): void {
    while (this.#peek() === " " || this.#peek() === "\t") this.#at++;
  }

  /** White space, newlines and comments. */
  #skipBlank(): void {
    for (;;) {
      const character = this.#peek();
      if (character === "#") {
        while (this.#at < this.#text.length && this.#peek() !== "\n") this.#at++;
      } else if (character === " " || character === "\t" || character === "\r" || character === "\n") this.#at++;
      else return;
    }
  }

  #key(): string[] {
    const parts: string[] = [];
    for (;;) {
      this.#skipSpace();
      const quote = this.#peek();
      if (quote === '"' || quote === "'") parts.push(this.#string().text);
      else {
        const start = this.#at;
        while (isBareKey(this.#peek())) this.#at++;
        parts.push(this.#text.slice(start, this.#at));
      }
      this.#skipSpace();
      if (this.#peek() !== ".") return parts;
      this.#at++;
    }
  }

  #pair(): TomlPair | null {
    const start = this.#at;
    const key = this.#key();
    if (this.#peek() !== "=") return null;
    const keySpan = { start, end: this.#text.slice(start, this.#at).trimEnd().length + start };
    this.#at++;
    this.#skipSpace();
    return { key, keySpan, value: this.#value() };
  }

  #value(): TomlValue {
    const start = this.#at;
    const character = this.#peek();
    if (character === '"' || character === "'") return this.#string();
    if (character === "[") {
      const elements: TomlValue[] = [];
      this.#at++;
      for (;;) {
        this.#skipBlank();
        if (this.#peek() === ",") this.#at++;
        else if (this.#peek() === "]" || this.#peek() === "") break;
        else elements.push(this.#value());
      }
      this.#at++;
      return { ...plain("array", start, this.#at), elements };
    }
    if (character === "{") {
      const pairs: TomlPair[] = [];
      this.#at++;
      for (;;) {
        this.#skipBlank();
        if (this.#peek() === ",") this.#at++;
        else if (this.#peek() === "}" || this.#peek() === "") break;
        else {
          const pair = this.#pair();
          if (pair === null) break;
          pairs.push(pair);
        }
      }
      this.#at++;
      return { ...plain("inline-table", start, this.#at), pairs };
    }
    while (this.#at < this.#text.length && !",]}#\r\n".includes(this.#peek())) this.#at++;
    // An unexpected character must still be passed, or the scan would not end.
    if (this.#at === start) this.#at++;
    return plain("other", start, start + this.#text.slice(start, this.#at).trimEnd().length);
  }

  #string(): TomlValue {
    const start = this.#at;
    const character = this.#peek();
    const quote = this.#text.startsWith(character.repeat(3), start) ? character.repeat(3) : character;
    this.#at += quote.length;
    const from = this.#at;
    while (this.#at < this.#text.length && !this.#text.startsWith(quote, this.#at)) {
      this.#at += character === '"' && this.#peek() === "\\" ? 2 : 1;
    }
    const raw = this.#text.slice(from, this.#at);
    this.#at += quote.length;
    // A multi-line string may end in one or two quotes of its own.
    while (quote.length === 3 && this.#peek() === character) this.#at++;
    const text = character === '"' ? raw.replaceAll('\\"', '"').replaceAll("\\\\", "\\") : raw;
    return { ...plain("string", start, this.#at), text, quote };
  }
}

function plain(kind: TomlValue["kind"], start: number, end: number): TomlValue {
  return { kind, span: { start, end }, text: "", quote: "", elements: [], pairs: [] };
}

function isBareKey(character: string): boolean {
  return (
    (character >= "a" && character <= "z") ||
    (character >= "A" && character <= "Z") ||
    (character >= "0" && character <= "9") ||
    character === "_" ||
    character === "-"
  );
}
