/** Edits as data: spans on the original text, with holes that keep (and further rewrite) parts of it. */

import type { Span } from "./source.ts";

/** A replacement on original offsets. */
export interface Edit extends Span {
  readonly text: string;
  /** Id of the rule or transform that made it. */
  readonly rule: string;
}

/** A span of the original that is rendered with the edits inside it. */
export interface Hole extends Span {
  /** Of the replacements of exactly this span, only those of a greater order are rendered in it. */
  readonly above?: number;
}

/** New text of a replacement: literal text and holes. */
export type Part = string | Hole;

interface Replacement extends Span {
  readonly parts: readonly Part[];
  readonly rule: string;
  /** Order among insertions at the same offset: lower comes first. Among replacements of one span, lower is outer. */
  readonly order: number;
}

/** Two edits that overlap without one holding the other. */
class EditConflict extends Error {
  readonly span: Span;
  constructor(span: Span) {
    super(`edits overlap at ${span.start}-${span.end}`);
    this.span = span;
  }
}

/**
 * Collects replacements of one file. A replacement may hold others: those lying in one of its holes are rendered
 * there, those elsewhere inside it are dropped with the text that they would have changed.
 */
export class EditSet {
  readonly #text: string;
  readonly #replacements: Replacement[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  get size(): number {
    return this.#replacements.length;
  }

  replace(span: Span, parts: readonly Part[] | string, rule: string, order = 0): void {
    this.#replacements.push({
      start: span.start,
      end: span.end,
      parts: typeof parts === "string" ? [parts] : parts,
      rule,
      order,
    });
  }

  insert(offset: number, text: string, rule: string, order = 0): void {
    this.replace({ start: offset, end: offset }, [text], rule, order);
  }

  /** Text of a span with all edits inside it applied. */
  render(span: Span): string {
    return this.#render(span, this.#inside(span));
  }

  /** The outermost replacements as flat edits, in order of position. Throws {@link EditConflict} on overlap. */
  edits(): Edit[] {
    const whole = { start: 0, end: this.#text.length };
    const inside = this.#inside(whole);
    return this.#outermost(inside).map((r) => ({
      start: r.start,
      end: r.end,
      text: this.#renderParts(r),
      rule: r.rule,
    }));
  }

  #inside(span: Span): Replacement[] {
    return this.#replacements.filter((r) => r.start >= span.start && r.end <= span.end);
  }

  #outermost(candidates: readonly Replacement[]): Replacement[] {
    const sorted = candidates
      .map((r, index) => ({ r, index }))
      .sort(
        (a, b) =>
          a.r.start - b.r.start ||
          (a.r.start === a.r.end ? 0 : 1) - (b.r.start === b.r.end ? 0 : 1) ||
          (a.r.start === a.r.end && b.r.start === b.r.end ? a.r.order - b.r.order : b.r.end - a.r.end) ||
          (a.r.start === b.r.start && a.r.end === b.r.end ? a.r.order - b.r.order : 0) ||
          a.index - b.index,
      );
    const kept: Replacement[] = [];
    let reach = -1;
    for (const { r } of sorted) {
      const last = kept[kept.length - 1];
      const insideLast = last !== undefined && last.end > last.start && r.end <= last.end && r.start >= last.start;
      if (insideLast && (r.start < r.end || r.start < last.end)) continue;
      if (r.start < reach) throw new EditConflict(r);
      kept.push(r);
      reach = Math.max(reach, r.end);
    }
    return kept;
  }

  #render(span: Span, inside: readonly Replacement[]): string {
    let text = "";
    let at = span.start;
    for (const r of this.#outermost(inside)) {
      text += this.#text.slice(at, r.start) + this.#renderParts(r);
      at = r.end;
    }
    return text + this.#text.slice(at, span.end);
  }

  #renderParts(r: Replacement): string {
    return r.parts
      .map((part) => {
        if (typeof part === "string") return part;
        const isSame = part.start === r.start && part.end === r.end;
        const above = part.above ?? (isSame ? r.order : Number.NEGATIVE_INFINITY);
        const inner = this.#inside(part).filter(
          (x) => x !== r && !isAtEdge(x, part) && (x.start !== part.start || x.end !== part.end || x.order > above),
        );
        return this.#render(part, inner);
      })
      .join("");
  }
}

/** An insertion at the border of a hole belongs to what surrounds the hole. */
function isAtEdge(edit: Span, hole: Span): boolean {
  return edit.start === edit.end && (edit.start === hole.start || edit.end === hole.end);
}

function _isHole(part: Part): part is Hole {
  return typeof part !== "string";
}

/** Applies flat edits, which must not overlap, to a text. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = "";
  let at = 0;
  for (const edit of [...edits].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (edit.start < at) throw new EditConflict(edit);
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}

/**
 * The flat edits that do at once what `first` does to a text and `second` to the result; null where one of the second
 * stands across the border of one of the first.
 */
export function composeEdits(first: readonly Edit[], second: readonly Edit[]): Edit[] | null {
  const result: Edit[] = [];
  const rest = [...second].sort((a, b) => a.start - b.start || a.end - b.end);
  let shift = 0;
  /** Takes those of the second that lie before an offset of the middle text. */
  const takeBefore = (offset: number): boolean => {
    while (rest[0] !== undefined && rest[0].start < offset) {
      const edit = rest.shift() as Edit;
      if (edit.end > offset) return false;
      result.push({ ...edit, start: edit.start - shift, end: edit.end - shift });
    }
    return true;
  };
  for (const edit of [...first].sort((a, b) => a.start - b.start || a.end - b.end)) {
    const start = edit.start + shift;
    const end = start + edit.text.length;
    if (!takeBefore(start)) return null;
    const inside: Edit[] = [];
    while (rest[0] !== undefined && rest[0].start < end) {
      const inner = rest.shift() as Edit;
      if (inner.end > end) return null;
      inside.push({ ...inner, start: inner.start - start, end: inner.end - start });
    }
    result.push({ ...edit, text: applyEdits(edit.text, inside) });
    shift += edit.text.length - (edit.end - edit.start);
  }
  return takeBefore(Number.POSITIVE_INFINITY) ? result : null;
}
