/** Building elements without markup: text is always text, whatever a source file holds. */

type Child = Node | string | null;

type Attributes = Readonly<Record<string, string | number | true | null | ((event: Event) => void)>>;

const SVG = "http://www.w3.org/2000/svg";

function fill(element: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null));
}

/** An HTML element. An attribute that is null is left out, one that is a function is an event listener. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  fill(element, attributes, children);
  return element;
}

/** An SVG element. */
export function s<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag);
  fill(element, attributes, children);
  return element;
}

let made = 0;

/** An id that no other element has. */
export function freshId(prefix: string): string {
  made++;
  return `${prefix}-${made}`;
}

/** A number as the reader writes it. */
export function number(value: number): string {
  return value.toLocaleString("en");
}

/** `1 file`, `2,000 files`. */
export function count(value: number, noun: string): string {
  return `${number(value)} ${noun}${value === 1 ? "" : "s"}`;
}
