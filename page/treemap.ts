/** The files of a project as a map: the area is the number of functions, the colours are their states. */
import { hierarchy, treemap, treemapSquarify } from "d3-hierarchy";
import type { FileStanding } from "../report/report-data.ts";
import { percent } from "../report/words.ts";
import { count, h } from "./dom.ts";
import { doneOf, movedOf, STATES, stateClass } from "./states.ts";

interface Node {
  readonly file: FileStanding | null;
  readonly children: readonly Node[];
}

/** Files beyond this many are shown together: tiles would be too small to see. */
const TILES = 150;

/**
 * A map that keeps to the width of its holder. Tiles are buttons in one tab stop; the arrow keys go from one to the
 * next, the largest first.
 */
export function renderTreemap(files: readonly FileStanding[], choose: (file: string) => void): HTMLElement {
  const sorted = [...files].sort((a, b) => b.standing.functions - a.standing.functions);
  const shown = sorted.slice(0, TILES);
  const labels = labelsOf(shown);
  const map = h("div", {
    class: "treemap",
    role: "group",
    "aria-label": "Files by functions; arrow keys go through them",
  });
  const draw = (): void => {
    const width = map.clientWidth;
    const height = map.clientHeight;
    if (width === 0 || height === 0) return;
    const focused = map.contains(document.activeElement);
    const root = hierarchy<Node>({ file: null, children: shown.map((file) => ({ file, children: [] })) }).sum((node) =>
      node.file === null ? 0 : node.file.standing.functions,
    );
    const tiles = treemap<Node>()
      .tile(treemapSquarify)
      .size([width, height])
      .paddingInner(2)
      .round(true)(root)
      .leaves();
    map.replaceChildren(
      ...tiles.flatMap((tile, index) => {
        const { file } = tile.data;
        return file === null ? [] : [tileOf(file, labels.get(file.path) ?? file.path, index, tile, choose)];
      }),
    );
    if (focused) (map.firstElementChild as HTMLElement | null)?.focus();
  };
  map.addEventListener("keydown", (event) => {
    const tiles = [...map.children] as HTMLElement[];
    const at = tiles.indexOf(document.activeElement as HTMLElement);
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -at, End: tiles.length - 1 - at }[
      event.key
    ];
    if (step === undefined || at < 0) return;
    event.preventDefault();
    const next = tiles[Math.min(tiles.length - 1, Math.max(0, at + step))];
    for (const tile of tiles) tile.tabIndex = tile === next ? 0 : -1;
    next?.focus();
  });
  let width = 0;
  new ResizeObserver(() => {
    if (map.clientWidth === width) return;
    width = map.clientWidth;
    draw();
  }).observe(map);
  const rest = sorted.length - shown.length;
  const note =
    rest > 0
      ? h("p", { class: "muted" }, `The ${count(rest, "smallest file")} are not on the map; the table has them.`)
      : null;
  return h("div", {}, map, ...(note === null ? [] : [note]));
}

interface Box {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** The shortest ends of paths that tell them apart. */
function labelsOf(files: readonly FileStanding[]): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  const end = (path: string, parts: number): string => path.split("/").slice(-parts).join("/");
  for (const { path } of files) {
    const depth = path.split("/").length;
    let parts = 1;
    while (parts < depth && files.some((other) => other.path !== path && end(other.path, parts) === end(path, parts)))
      parts++;
    labels.set(path, end(path, parts));
  }
  return labels;
}

function tileOf(
  file: FileStanding,
  label: string,
  index: number,
  box: Box,
  choose: (file: string) => void,
): HTMLElement {
  const { standing, path } = file;
  const text = `${path}: ${count(standing.functions, "function")}, ${percent(doneOf(standing), standing.functions)} HPy today, ${percent(movedOf(standing), standing.functions)} after all steps`;
  const tile = h("button", {
    type: "button",
    class: "tile",
    title: text,
    tabindex: index === 0 ? 0 : -1,
    click: () => choose(path),
  });
  tile.style.left = `${box.x0}px`;
  tile.style.top = `${box.y0}px`;
  const width = box.x1 - box.x0;
  const height = box.y1 - box.y0;
  tile.style.width = `${width}px`;
  tile.style.height = `${height}px`;
  const shares = h("span", { class: "shares" });
  for (const state of STATES) {
    if (standing[state] === 0) continue;
    const share = h("span", { class: stateClass(state) });
    share.style.flexGrow = String(standing[state]);
    shares.append(share);
  }
  tile.append(shares, h("span", { class: "hidden" }, text));
  if (width > 56 && height > 26) {
    tile.append(
      h(
        "span",
        { class: "tile-label", "aria-hidden": "true" },
        label,
        height > 44 ? h("span", { class: "tile-count" }, String(standing.functions)) : null,
      ),
    );
  }
  return tile;
}
