/** The course of a port over time, and the straight line on to its end. */
import { scaleLinear, scaleUtc } from "d3-scale";
import { area, curveStepAfter, stack } from "d3-shape";
import { type History, type HistoryPoint, isoDate, remaining } from "../report/history.ts";
import { count, freshId, h, number, s } from "./dom.ts";

type Key = "capi" | "bridged" | "pure";

/** From the bottom of the chart to its top. */
const LAYERS: readonly { readonly key: Key; readonly className: string; readonly label: string }[] = [
  { key: "capi", className: "state-legacy", label: "on the C API" },
  { key: "bridged", className: "state-doneBridged", label: "HPy, bridged" },
  { key: "pure", className: "state-donePure", label: "HPy" },
];

const MARGIN = { top: 12, right: 12, bottom: 26, left: 44 };

function describe(point: HistoryPoint): string {
  return `${isoDate(point.time)}: ${number(point.capi)} on the C API, ${number(point.bridged)} bridged, ${number(point.pure)} HPy`;
}

/** One sentence on where it goes. */
function forecastText({ points, forecast }: History): string {
  const last = points.at(-1);
  if (last === undefined) return "There is no commit to tell from.";
  if (remaining(last) === 0 && last.pure > 0) return "No function is left on the C API: the port is done.";
  if (forecast === null) return "There is no HPy code in the history yet, so there is no pace to tell.";
  const pace = `${number(forecast.perWeek)} functions a week since ${isoDate(forecast.from)}`;
  return forecast.doneBy === null
    ? `At the recent pace (${pace}) the port does not come to an end.`
    : `At the recent pace (${pace}) the port is done by ${isoDate(forecast.doneBy)}.`;
}

function draw(holder: HTMLElement, history: History, chosen: number): void {
  const { points, forecast } = history;
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return;
  const width = Math.max(280, holder.clientWidth);
  const height = Math.min(320, Math.max(200, width * 0.4));
  // A forecast that lies far ahead would press the history together; its line then leaves the chart.
  const span = Math.max(last.time - first.time, 86400);
  const end = forecast?.doneBy ? Math.min(forecast.doneBy, last.time + span * 0.6) : last.time;
  const x = scaleUtc()
    .domain([first.time * 1000, Math.max(end, first.time + 86400) * 1000])
    .range([MARGIN.left, width - MARGIN.right]);
  const most = Math.max(1, ...points.map((point) => point.pure + remaining(point)));
  const y = scaleLinear()
    .domain([0, most])
    .nice(5)
    .range([height - MARGIN.bottom, MARGIN.top]);
  const chart = s("svg", {
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    "aria-hidden": "true",
    class: "burn-down",
  });
  for (const tick of y.ticks(5)) {
    chart.append(
      s("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: y(tick), y2: y(tick) }),
      s("text", { x: MARGIN.left - 6, y: y(tick) + 4, "text-anchor": "end" }, number(tick)),
    );
  }
  const format = x.tickFormat();
  const ticks = x.ticks(Math.max(2, Math.floor(width / 110)));
  for (const tick of ticks) {
    const at = x(tick);
    if (at < MARGIN.left + 10 || at > width - 24) continue;
    chart.append(
      s("line", { class: "tick", x1: at, x2: at, y1: height - MARGIN.bottom, y2: height - MARGIN.bottom + 4 }),
      s("text", { x: at, y: height - 8, "text-anchor": "middle" }, format(tick)),
    );
  }
  const layers = stack<HistoryPoint, Key>().keys(LAYERS.map(({ key }) => key))([...points]);
  for (const [index, layer] of layers.entries()) {
    const path = area<(typeof layer)[number]>()
      .x((piece) => x(piece.data.time * 1000))
      .y0((piece) => y(piece[0]))
      .y1((piece) => y(piece[1]))
      .curve(curveStepAfter)(layer);
    chart.append(s("path", { class: `layer ${LAYERS[index]?.className ?? ""}`, d: path ?? "" }));
  }
  if (forecast?.doneBy) {
    const slope = remaining(last) / (forecast.doneBy - last.time);
    const left = remaining(last) - slope * (end - last.time);
    chart.append(
      s("line", {
        class: "forecast",
        x1: x(last.time * 1000),
        y1: y(remaining(last)),
        x2: x(end * 1000),
        y2: y(Math.max(0, left)),
      }),
    );
  }
  const point = points[chosen];
  if (point !== undefined) {
    const at = x(point.time * 1000);
    chart.append(
      s("line", { class: "cursor", x1: at, x2: at, y1: MARGIN.top, y2: height - MARGIN.bottom }),
      s("circle", { class: "cursor-dot", cx: at, cy: y(remaining(point)), r: 4 }),
    );
  }
  holder.replaceChildren(chart);
}

/** The chart with a slider that goes through the commits, and all of them as a table. */
export function renderBurnDown(history: History): HTMLElement {
  const { points } = history;
  const holder = h("div", { class: "chart" });
  const output = h("p", { class: "readout" });
  const id = freshId("commit");
  const slider = h("input", { type: "range", id, min: 0, max: points.length - 1, step: 1, value: points.length - 1 });
  const update = (): void => {
    const chosen = Number(slider.value);
    draw(holder, history, chosen);
    const point = points[chosen];
    if (point === undefined) return;
    output.replaceChildren(h("code", {}, point.commit.slice(0, 10)), ` ${describe(point)}`, h("br"), point.subject);
    slider.setAttribute("aria-valuetext", `${describe(point)}. ${point.subject}`);
  };
  slider.addEventListener("input", update);
  holder.addEventListener("pointermove", (event) => {
    const first = points[0]?.time ?? 0;
    const box = holder.getBoundingClientRect();
    const last = points.at(-1)?.time ?? first;
    const chart = holder.firstElementChild;
    if (chart === null) return;
    // The chart's own scale: the dot of a commit is found by its place.
    const share = (event.clientX - box.left - MARGIN.left) / (box.width - MARGIN.left - MARGIN.right);
    const doneBy = history.forecast?.doneBy ?? last;
    const end = Math.max(last, Math.min(doneBy, last + Math.max(last - first, 86400) * 0.6));
    const time = first + share * (Math.max(end, first + 86400) - first);
    const after = points.findIndex((point) => point.time > time);
    slider.value = String(after < 0 ? points.length - 1 : Math.max(0, after - 1));
    update();
  });
  let width = 0;
  new ResizeObserver(() => {
    if (holder.clientWidth === width) return;
    width = holder.clientWidth;
    update();
  }).observe(holder);
  const rows = [...points]
    .reverse()
    .map((point) =>
      h(
        "tr",
        {},
        h("td", {}, isoDate(point.time)),
        h("td", {}, h("code", {}, point.commit.slice(0, 10))),
        h("td", { class: "number" }, number(point.capi)),
        h("td", { class: "number" }, number(point.bridged)),
        h("td", { class: "number" }, number(point.pure)),
        h("td", {}, point.subject),
      ),
    );
  const heads = ["Date", "Commit", "C API", "Bridged", "HPy", "Subject"].map((name) => h("th", { scope: "col" }, name));
  return h(
    "div",
    {},
    h("p", { class: "lead" }, forecastText(history)),
    h(
      "ul",
      { class: "legend" },
      ...[...LAYERS]
        .reverse()
        .map(({ className, label }) =>
          h("li", {}, h("span", { class: `swatch ${className}`, "aria-hidden": "true" }), label),
        ),
    ),
    holder,
    h("div", { class: "scrub" }, h("label", { for: id }, "Commit"), slider),
    output,
    h(
      "details",
      {},
      h("summary", {}, `${count(points.length, "commit")} as a table`),
      h(
        "div",
        { class: "scroll", role: "group", tabindex: 0, "aria-label": "Commits" },
        h("table", { class: "plain" }, h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}, ...rows)),
      ),
    ),
  );
}
