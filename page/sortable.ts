/** Tables that sort by a click on the head of a column. */
import { h } from "./dom.ts";

export interface Column<T> {
  readonly label: string;
  /** What a row sorts by; numbers go down first, texts up. */
  readonly key: (row: T) => string | number;
  readonly cell: (row: T) => Node | string;
  readonly className?: string;
}

export interface Order {
  readonly column: number;
  readonly descending: boolean;
}

/** Rows in an order; rows that are equal keep the order that they had. */
export function sorted<T>(rows: readonly T[], columns: readonly Column<T>[], order: Order): T[] {
  const column = columns[order.column];
  if (column === undefined) return [...rows];
  const direction = order.descending ? -1 : 1;
  const keyed = rows.map((row) => ({ row, key: column.key(row) }));
  keyed.sort((a, b) => (a.key < b.key ? -direction : a.key > b.key ? direction : 0));
  return keyed.map(({ row }) => row);
}

/** The head row of a sortable table; `change` gets the order that a click asks for. */
export function sortableHead<T>(
  columns: readonly Column<T>[],
  order: Order,
  sample: T | undefined,
  change: (order: Order) => void,
): HTMLTableRowElement {
  const cells = columns.map((column, index) => {
    const isSorted = order.column === index;
    const direction = isSorted ? (order.descending ? "descending" : "ascending") : "none";
    const arrow = isSorted ? (order.descending ? " \u2193" : " \u2191") : "";
    return h(
      "th",
      { scope: "col", "aria-sort": direction, class: column.className ?? null },
      h(
        "button",
        {
          type: "button",
          class: "sort",
          click: () => {
            const numeric = sample !== undefined && typeof column.key(sample) === "number";
            change({ column: index, descending: isSorted ? !order.descending : numeric });
          },
        },
        column.label,
        h("span", { "aria-hidden": "true", class: "arrow" }, arrow),
      ),
    );
  });
  return h("tr", {}, ...cells);
}
