/** Parts that several pages are made of. */
import { count, freshId, h } from "./dom.ts";

/** A part of the page with its heading. */
export function section(title: string, lead: string | null, ...content: readonly (Node | null)[]): HTMLElement {
  const id = freshId("part");
  return h(
    "section",
    { "aria-labelledby": id },
    h("h2", { id }, title),
    lead === null ? null : h("p", { class: "lead" }, lead),
    ...content,
  );
}

/** A bar of a list, as long as its share of the longest. */
export function meter(value: number, most: number): HTMLElement {
  const bar = h("span", { class: "meter", "aria-hidden": "true" });
  bar.style.width = `${Math.max(1, (100 * value) / Math.max(1, most))}%`;
  return h("span", { class: "meter-track" }, bar);
}

/** Rows of a ranking that are shown before the rest is folded away. */
const RANKS = 8;

/** A list of causes with their weights, the heaviest first. */
export function ranking(items: readonly HTMLElement[], noun: string): HTMLElement {
  const rest = items.slice(RANKS);
  return h(
    "div",
    {},
    h("ol", { class: "ranking" }, ...items.slice(0, RANKS)),
    rest.length === 0
      ? ""
      : h(
          "details",
          {},
          h("summary", {}, count(rest.length, `more ${noun}`)),
          h("ol", { class: "ranking", start: RANKS + 1 }, ...rest),
        ),
  );
}
