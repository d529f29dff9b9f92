/** The table of functions: filter, search, sort, and the change or the source of one on a click. */

import type { FunctionRow, ProjectReport } from "../report/report-data.ts";
import type { State } from "../report/standing.ts";
import { renderPatch, renderSource } from "./diff.ts";
import { count, freshId, h, number } from "./dom.ts";
import { type Column, type Order, sortableHead, sorted } from "./sortable.ts";
import { chip, STATE_TEXTS, STATES, stateClass } from "./states.ts";

/** Rows that are drawn at once: a page of thousands would be slow to lay out. */
const PAGE = 100;

export interface FunctionTable {
  readonly element: HTMLElement;
  /** Shows the functions of one file only. */
  readonly showFile: (file: string) => void;
}

/** Where the long texts of a project's functions and steps are. */
export interface ProjectTexts {
  readonly patchOf: (step: string) => string;
  readonly sourceOf: (index: number) => string;
}

interface Row {
  readonly unit: FunctionRow;
  readonly index: number;
  /** What the search looks through, in lower case. */
  readonly haystack: string;
}

function reasonOf(unit: FunctionRow): string {
  return unit.reasons[0]?.id ?? unit.via ?? "";
}

const COLUMNS: readonly Column<Row>[] = [
  { label: "Function", key: ({ unit }) => unit.name.toLowerCase(), cell: ({ unit }) => unit.name },
  {
    label: "Place",
    key: ({ unit }) => `${unit.file}\0${String(unit.line).padStart(7, "0")}`,
    cell: ({ unit }) => h("span", { class: "place" }, `${unit.file}:${unit.line}`),
  },
  { label: "Kind", key: ({ unit }) => unit.kind, cell: ({ unit }) => unit.kind },
  { label: "Status", key: ({ unit }) => STATES.indexOf(unit.state), cell: ({ unit }) => chip(unit.state) },
  {
    label: "Step or reason",
    key: ({ unit }) => reasonOf(unit),
    cell: ({ unit }) => h("code", {}, reasonOf(unit)),
  },
];

function option(value: string, label: string): HTMLOptionElement {
  return h("option", { value }, label);
}

/** Values with how often they occur, the most frequent first. */
function frequencies(values: readonly string[]): [string, number][] {
  const found = new Map<string, number>();
  for (const value of values) found.set(value, (found.get(value) ?? 0) + 1);
  return [...found].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

function select(label: string, all: string, values: readonly [string, number][], change: () => void) {
  const id = freshId("filter");
  const element = h(
    "select",
    { id, change },
    option("", all),
    ...values.map(([value, times]) => option(value, `${value} (${number(times)})`)),
  );
  return { element, field: h("div", { class: "field" }, h("label", { for: id }, label), element) };
}

/** What opens under a row: reasons, then the change that moves the function, or its source. */
function detailOf({ unit, index }: Row, texts: ProjectTexts): HTMLElement {
  const parts: Node[] = [];
  if (unit.reasons.length > 0)
    parts.push(
      h(
        "ul",
        { class: "reasons" },
        ...unit.reasons.map((reason) =>
          h(
            "li",
            {},
            h("code", {}, reason.id),
            ` ${reason.message} `,
            h("span", { class: "muted place" }, `${reason.file}:${reason.line}`),
          ),
        ),
      ),
    );
  if (unit.via !== null) {
    parts.push(
      h(
        "p",
        {},
        "Moved by step ",
        h("code", {}, unit.via),
        "; ",
        h("code", {}, `hpy-migrate diff --step ${unit.via}`),
        " prints it.",
      ),
    );
    const patch = texts.patchOf(unit.via);
    parts.push(patch === "" ? h("p", { class: "muted" }, "The change is too long for this page.") : renderPatch(patch));
  } else {
    const source = texts.sourceOf(index);
    const noted = new Map(
      unit.reasons.filter((reason) => reason.file === unit.file).map((reason) => [reason.line, reason.id]),
    );
    if (source !== "") parts.push(renderSource(source, unit.file, noted));
  }
  return h("div", { class: "detail" }, ...parts);
}

/** The table of a project. */
export function renderFunctionTable(project: ProjectReport, texts: ProjectTexts): FunctionTable {
  const rows: readonly Row[] = project.functions.map((unit, index) => ({
    unit,
    index,
    haystack: [unit.name, unit.file, unit.module, unit.via ?? "", ...unit.reasons.flatMap((r) => [r.id, r.message])]
      .join("\n")
      .toLowerCase(),
  }));
  let order: Order = { column: 1, descending: false };
  let limit = PAGE;
  let file = "";
  const open = new Set<number>();
  const states = new Set<State>();

  const again = (): void => {
    limit = PAGE;
    draw();
  };
  const searchId = freshId("search");
  const search = h("input", { type: "search", id: searchId, placeholder: "name, file, reason", input: again });
  const modules = select("Module", "all", frequencies(rows.map(({ unit }) => unit.module)), again);
  const reasons = select(
    "Reason",
    "any",
    frequencies(rows.flatMap(({ unit }) => [...new Set(unit.reasons.map((reason) => reason.id))])),
    again,
  );
  const stateButtons = STATES.filter((state) => rows.some(({ unit }) => unit.state === state)).map((state) => {
    const button = h(
      "button",
      {
        type: "button",
        class: "toggle",
        "aria-pressed": "false",
        title: STATE_TEXTS[state].meaning,
        click: () => {
          if (!states.delete(state)) states.add(state);
          button.setAttribute("aria-pressed", String(states.has(state)));
          again();
        },
      },
      h("span", { class: `swatch ${stateClass(state)}`, "aria-hidden": "true" }),
      `${STATE_TEXTS[state].label} ${number(project.assessment.standing[state])}`,
    );
    return button;
  });
  const fileChip = h("button", { type: "button", class: "toggle chosen", hidden: true, click: () => chooseFile("") });
  const status = h("p", { role: "status", class: "muted" });
  const head = h("thead");
  const body = h("tbody");
  const moreButton = h("button", {
    type: "button",
    class: "more",
    click: () => {
      limit += PAGE * 2;
      draw();
    },
  });
  const table = h("table", { class: "functions" }, h("caption", { class: "hidden" }, "Functions"), head, body);

  function chooseFile(path: string): void {
    file = path;
    fileChip.hidden = path === "";
    fileChip.textContent = `${path} \u00d7`;
    fileChip.setAttribute("aria-label", `Stop filtering by ${path}`);
    again();
  }

  function matching(): Row[] {
    const words = search.value
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== "");
    const module = modules.element.value;
    const reason = reasons.element.value;
    return rows.filter(
      ({ unit, haystack }) =>
        (states.size === 0 || states.has(unit.state)) &&
        (file === "" || unit.file === file) &&
        (module === "" || unit.module === module) &&
        (reason === "" || unit.reasons.some(({ id }) => id === reason)) &&
        words.every((word) => haystack.includes(word)),
    );
  }

  function rowOf(row: Row): HTMLElement[] {
    const isOpen = open.has(row.index);
    const detailId = `detail-${row.index}`;
    const button = h(
      "button",
      {
        type: "button",
        class: "disclose",
        "aria-expanded": String(isOpen),
        "aria-controls": isOpen ? detailId : null,
        click: () => {
          if (!open.delete(row.index)) open.add(row.index);
          draw();
          (body.querySelector(`[data-row="${row.index}"] button`) as HTMLElement | null)?.focus();
        },
      },
      row.unit.name,
    );
    const cells = COLUMNS.map((column, index) =>
      h("td", { "data-label": column.label }, index === 0 ? button : column.cell(row)),
    );
    const line = h("tr", { "data-row": row.index, class: isOpen ? "open" : null }, ...cells);
    if (!isOpen) return [line];
    return [
      line,
      h("tr", { class: "detail-row", id: detailId }, h("td", { colspan: COLUMNS.length }, detailOf(row, texts))),
    ];
  }

  function draw(): void {
    const found = sorted(matching(), COLUMNS, order);
    const shown = found.slice(0, limit);
    head.replaceChildren(
      sortableHead(COLUMNS, order, rows[0], (wanted) => {
        const column = wanted.column;
        order = wanted;
        draw();
        (head.querySelectorAll("button")[column] as HTMLElement | undefined)?.focus();
      }),
    );
    body.replaceChildren(...shown.flatMap(rowOf));
    const all = rows.length === found.length ? "" : ` of ${number(rows.length)}`;
    status.textContent =
      found.length > shown.length
        ? `${number(shown.length)} of ${count(found.length, "function")}${all === "" ? "" : `, filtered from ${number(rows.length)}`}`
        : `${count(found.length, "function")}${all}`;
    moreButton.hidden = shown.length === found.length;
    moreButton.textContent = `Show ${number(Math.min(PAGE * 2, found.length - shown.length))} more`;
  }

  // Paper has no button to press: everything that matches is printed.
  addEventListener("beforeprint", () => {
    limit = Number.POSITIVE_INFINITY;
    draw();
  });
  addEventListener("afterprint", again);
  draw();
  const severalModules = new Set(rows.map(({ unit }) => unit.module)).size > 1;
  const element = h(
    "div",
    {},
    h(
      "div",
      { class: "filters", role: "search", "aria-label": "Functions" },
      h("div", { class: "field grow" }, h("label", { for: searchId }, "Search"), search),
      severalModules ? modules.field : null,
      rows.some(({ unit }) => unit.reasons.length > 0) ? reasons.field : null,
    ),
    h("div", { class: "toggles", role: "group", "aria-label": "Status" }, ...stateButtons, fileChip),
    status,
    table,
    moreButton,
  );
  return { element, showFile: chooseFile };
}
