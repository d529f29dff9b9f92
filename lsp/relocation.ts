import type { Span } from "../syntax/source.ts";

/**
 * Finds spans of an earlier text in a later one. The two are taken to differ in one stretch in the middle: what lies
 * before or behind it has the same text at a place that can be told, and of what touches it nothing is said.
 */
export class Relocation {
  readonly #prefix: number;
  /** Where the common end starts in the earlier text. */
  readonly #suffix: number;
  readonly #shift: number;

  constructor(before: string, after: string) {
    const shorter = Math.min(before.length, after.length);
    let prefix = 0;
    if (before === after) prefix = shorter;
    else while (prefix < shorter && before.charCodeAt(prefix) === after.charCodeAt(prefix)) prefix++;
    let suffix = 0;
    while (
      suffix < shorter - prefix &&
      before.charCodeAt(before.length - 1 - suffix) === after.charCodeAt(after.length - 1 - suffix)
    )
      suffix++;
    this.#prefix = prefix;
    this.#suffix = before.length - suffix;
    this.#shift = after.length - before.length;
  }

  /** The span in the later text; null where its text may have changed. */
  find({ start, end }: Span): Span | null {
    if (end <= this.#prefix) return { start, end };
    if (start >= this.#suffix) return { start: start + this.#shift, end: end + this.#shift };
    return null;
  }
}
