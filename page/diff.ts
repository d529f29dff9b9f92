/** Unified diffs as tables: before and after side by side where there is room, one under the other elsewhere. */
import { h } from "./dom.ts";

interface Line {
  readonly kind: "same" | "removed" | "added";
  readonly before: number | null;
  readonly after: number | null;
  readonly text: string;
}

interface Hunk {
  readonly heading: string;
  readonly lines: readonly Line[];
}

interface FilePatch {
  readonly path: string;
  readonly hunks: readonly Hunk[];
}

/** Reads git's unified format. */
function readPatch(text: string): FilePatch[] {
  const files: { path: string; hunks: { heading: string; lines: Line[] }[] }[] = [];
  let before = 0;
  let after = 0;
  let hunk: { heading: string; lines: Line[] } | undefined;
  for (const line of text.split("\n")) {
    if (line.startsWith("diff --git ")) {
      files.push({ path: line.slice(line.indexOf(" b/") + 3), hunks: [] });
      hunk = undefined;
      continue;
    }
    const head = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)$/.exec(line);
    if (head !== null) {
      before = Number(head[1]);
      after = Number(head[2]);
      hunk = { heading: line, lines: [] };
      files.at(-1)?.hunks.push(hunk);
      continue;
    }
    if (hunk === undefined) continue;
    const rest = line.slice(1);
    if (line.startsWith("+")) hunk.lines.push({ kind: "added", before: null, after: after++, text: rest });
    else if (line.startsWith("-")) hunk.lines.push({ kind: "removed", before: before++, after: null, text: rest });
    else if (line.startsWith(" ")) hunk.lines.push({ kind: "same", before: before++, after: after++, text: rest });
  }
  return files;
}

/** What differs within a changed line: the text between the common start and the common end is marked. */
function marked(text: string, other: string, tag: "del" | "ins"): (Node | string)[] {
  const most = Math.min(text.length, other.length);
  let start = 0;
  while (start < most && text[start] === other[start]) start++;
  let end = 0;
  while (end < most - start && text[text.length - 1 - end] === other[other.length - 1 - end]) end++;
  if (start + end < text.trim().length / 4) return [text];
  const middle = text.slice(start, text.length - end);
  return [text.slice(0, start), middle === "" ? "" : h(tag, {}, middle), text.slice(text.length - end)];
}

interface Pair {
  readonly left: Line | null;
  readonly right: Line | null;
}

/** Puts removed lines beside the added ones that replace them. */
function pairs(lines: readonly Line[]): Pair[] {
  const found: Pair[] = [];
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] as Line;
    if (line.kind === "same") {
      found.push({ left: line, right: line });
      at++;
      continue;
    }
    const removed: Line[] = [];
    const added: Line[] = [];
    for (; at < lines.length && lines[at]?.kind === "removed"; at++) removed.push(lines[at] as Line);
    for (; at < lines.length && lines[at]?.kind === "added"; at++) added.push(lines[at] as Line);
    for (let row = 0; row < Math.max(removed.length, added.length); row++)
      found.push({ left: removed[row] ?? null, right: added[row] ?? null });
  }
  return found;
}

function content(line: Line, other: Line | null): (Node | string)[] {
  if (line.kind === "same" || other === null || other.kind === "same") return [line.text];
  return marked(line.text, other.text, line.kind === "removed" ? "del" : "ins");
}

const SIGNS = { same: " ", removed: "-", added: "+" } as const;

function cells(line: Line | null, other: Line | null, place: number | null): HTMLElement[] {
  if (line === null) return [h("td", { class: "line" }), h("td", { class: "sign" }), h("td", { class: "none" })];
  return [
    h("td", { class: "line" }, String(place ?? "")),
    h("td", { class: `sign ${line.kind}` }, SIGNS[line.kind]),
    h("td", { class: `code ${line.kind}` }, ...content(line, other)),
  ];
}

function sideBySide(hunks: readonly Hunk[], table: HTMLTableElement): void {
  table.classList.add("side-by-side");
  const columns = ["line", "sign", "code", "line", "sign", "code"].map((name) => h("col", { class: name }));
  table.append(h("colgroup", {}, ...columns));
  table.append(
    h(
      "thead",
      {},
      h("tr", {}, h("th", { colspan: 3, scope: "col" }, "Before"), h("th", { colspan: 3, scope: "col" }, "After")),
    ),
  );
  const body = h("tbody");
  for (const hunk of hunks) {
    body.append(h("tr", { class: "hunk" }, h("td", { colspan: 6 }, hunk.heading)));
    for (const { left, right } of pairs(hunk.lines))
      body.append(
        h("tr", {}, ...cells(left, right, left?.before ?? null), ...cells(right, left, right?.after ?? null)),
      );
  }
  table.append(body);
}

function oneColumn(hunks: readonly Hunk[], table: HTMLTableElement): void {
  table.append(
    h(
      "thead",
      {},
      h("tr", {}, h("th", { scope: "col" }, "Line"), h("th", { colspan: 2, scope: "col" }, "Before (-) and after (+)")),
    ),
  );
  const body = h("tbody");
  for (const hunk of hunks) {
    body.append(h("tr", { class: "hunk" }, h("td", { colspan: 3 }, hunk.heading)));
    const partners = new Map<Line, Line | null>();
    for (const { left, right } of pairs(hunk.lines)) {
      if (left !== null) partners.set(left, right);
      if (right !== null && right !== left) partners.set(right, left);
    }
    for (const line of hunk.lines)
      body.append(h("tr", {}, ...cells(line, partners.get(line) ?? null, line.after ?? line.before)));
  }
  table.append(body);
}

/** Width from which two columns of code are readable. */
const WIDE = matchMedia("(min-width: 64rem)");

/** A patch as one table per file; it follows the width of the window. */
export function renderPatch(text: string): HTMLElement {
  const holder = h("div", { class: "patch" });
  const files = readPatch(text);
  const draw = (): void => {
    holder.replaceChildren(
      ...files.map((file) => {
        const table = h("table", { class: "diff" }, h("caption", {}, file.path));
        if (WIDE.matches) sideBySide(file.hunks, table);
        else oneColumn(file.hunks, table);
        return h(
          "div",
          { class: "scroll", role: "group", tabindex: 0, "aria-label": `Changes of ${file.path}` },
          table,
        );
      }),
    );
  };
  draw();
  WIDE.addEventListener("change", draw);
  return holder;
}

/** Lines of source with their numbers, as `number TAB text`; a line without a tab is a gap. */
export function renderSource(text: string, path: string, noted: ReadonlyMap<number, string>): HTMLElement {
  const body = h("tbody");
  for (const line of text.split("\n")) {
    const tab = line.indexOf("\t");
    if (tab < 0) {
      body.append(h("tr", { class: "hunk" }, h("td", { colspan: 2 }, "...")));
      continue;
    }
    const place = Number(line.slice(0, tab));
    const note = noted.get(place);
    body.append(
      h(
        "tr",
        { class: note === undefined ? null : "noted" },
        h("td", { class: "line" }, String(place)),
        h("td", { class: "code" }, line.slice(tab + 1), note === undefined ? null : h("span", { class: "note" }, note)),
      ),
    );
  }
  return h(
    "div",
    { class: "scroll", role: "group", tabindex: 0, "aria-label": `Source in ${path}` },
    h("table", { class: "diff source" }, h("caption", {}, path), body),
  );
}
