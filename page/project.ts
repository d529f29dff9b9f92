/** The page of one project. */

import type { ProjectReport, ProjectSummary, StepRow } from "../report/report-data.ts";
import { isDetailed } from "../report/report-data.ts";
import { percent } from "../report/words.ts";
import { renderBurnDown } from "./burn-down.ts";
import { renderPatch } from "./diff.ts";
import { count, h, number } from "./dom.ts";
import { type ProjectTexts, renderFunctionTable } from "./function-table.ts";
import { meter, ranking, section } from "./parts.ts";
import { doneOf, legend, movedOf, standingBar } from "./states.ts";
import { renderTreemap } from "./treemap.ts";

function hero(project: ProjectSummary): HTMLElement {
  const { standing, diff, modules } = project.assessment;
  const universal = modules.filter((module) => module.universal !== "blocked").length;
  const figure = (value: string, label: string): HTMLElement =>
    h("div", { class: "figure" }, h("dd", {}, value), h("dt", {}, label));
  return h(
    "section",
    { class: "hero", "aria-label": "Progress" },
    h(
      "p",
      { class: "headline" },
      h("span", { class: "big" }, percent(doneOf(standing), standing.functions)),
      h("span", {}, ` of ${count(standing.functions, "function")} that touch Python's C API are HPy code today`),
    ),
    standingBar(standing),
    legend(standing),
    h(
      "dl",
      { class: "figures" },
      figure(percent(movedOf(standing), standing.functions), "HPy once all steps are applied"),
      figure(`+${number(diff.insertions)} -${number(diff.deletions)}`, `lines in ${count(diff.files, "file")}`),
      figure(
        `${universal} of ${number(modules.length)}`,
        `${modules.length === 1 ? "module" : "modules"} can reach the universal ABI`,
      ),
      figure(number(project.size.lines), `lines of C in ${count(project.size.files, "file")}`),
    ),
  );
}

function stepRow(step: StepRow, place: number, texts: ProjectTexts): HTMLElement {
  const details = h(
    "details",
    { class: "step" },
    h(
      "summary",
      {},
      h("span", { class: "step-number" }, String(place)),
      h("span", { class: "step-title" }, step.title),
      h(
        "span",
        { class: "size" },
        h("span", { class: "plus" }, `+${step.insertions}`),
        " ",
        h("span", { class: "minus" }, `-${step.deletions}`),
      ),
    ),
  );
  details.addEventListener("toggle", () => {
    if (!details.open || details.childElementCount > 1) return;
    const patch = texts.patchOf(step.id);
    details.append(
      h("p", { class: "muted" }, h("code", {}, step.id), ` changes ${step.files.join(", ")}`),
      step.notes.length === 0 ? "" : h("ul", {}, ...step.notes.map((note) => h("li", {}, note))),
      patch === "" ? h("p", { class: "muted" }, "The change is too long for this page.") : renderPatch(patch),
    );
  });
  return details;
}

/** Steps that are listed before the rest is folded away. */
const STEPS = 6;

function plan(project: ProjectReport, texts: ProjectTexts): HTMLElement {
  const { steps } = project;
  const [next] = steps;
  if (next === undefined) {
    const settled = project.assessment.standing.legacy === 0;
    return section(
      "Plan",
      settled ? "Everything has moved: no step is left." : "No step is left: what stays is listed below.",
    );
  }
  const rows = (from: number, to: number): HTMLElement[] =>
    steps.slice(from, to).map((step, index) => stepRow(step, from + index + 1, texts));
  const rest = h("details", {}, h("summary", {}, `${count(steps.length - STEPS, "more step")}`));
  // Thousands of steps are made when somebody wants to see them.
  rest.addEventListener("toggle", () => {
    if (rest.childElementCount === 1) rest.append(h("div", { class: "steps" }, ...rows(STEPS, steps.length)));
  });
  return section(
    "Plan",
    `${count(steps.length, "step")} to go; each leaves an extension that builds and passes its tests. Next:`,
    h("p", { class: "command" }, h("code", {}, "hpy-migrate apply"), " writes ", h("code", {}, next.id), "."),
    h("div", { class: "steps" }, ...rows(0, STEPS)),
    steps.length > STEPS ? rest : null,
  );
}

function blockers(project: ProjectSummary): HTMLElement | null {
  const list = project.assessment.blockers;
  if (list.length === 0) return null;
  const most = Math.max(...list.map((blocker) => blocker.holds));
  const rows = list.map(({ id, title, holds, follows, example }) =>
    h(
      "li",
      {},
      h("span", { class: "rank" }, number(holds)),
      h(
        "span",
        {},
        h("span", { class: "cause" }, title),
        follows ? h("span", { class: "muted" }, " (goes away with the others)") : null,
        meter(holds, most),
        h("span", { class: "muted small" }, h("code", {}, id), ` ${example.file}:${example.line}`),
      ),
    ),
  );
  return section(
    "What holds the rest back",
    "Functions and types that each cause keeps on the C API.",
    ranking(rows, "cause"),
  );
}

function features(project: ProjectSummary): HTMLElement | null {
  const list = project.assessment.features;
  if (list.length === 0) return null;
  const most = Math.max(...list.map((feature) => feature.functions));
  const rows = list.map(({ lacks, capi, functions, alone }) =>
    h(
      "li",
      {},
      h("span", { class: "rank" }, number(functions)),
      h(
        "span",
        {},
        h("span", { class: "cause" }, lacks),
        meter(functions, most),
        h(
          "span",
          { class: "muted small" },
          alone > 0 ? `${number(alone)} lack only this. ` : "",
          capi.length > 0 ? h("code", {}, `${capi.slice(0, 4).join(", ")}${capi.length > 4 ? ", ..." : ""}`) : null,
        ),
      ),
    ),
  );
  return section(
    "What HPy would have to offer",
    "Functions that stay legacy or bridged and use something that HPy lacks.",
    ranking(rows, "feature"),
  );
}

function modules(project: ProjectSummary): HTMLElement | null {
  const list = project.assessment.modules;
  if (list.length < 2) return null;
  const rows = [...list]
    .sort((a, b) => b.standing.functions - a.standing.functions)
    .map((module) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, module.name),
        h("td", { class: "number" }, number(module.standing.functions)),
        h("td", { class: "wide" }, standingBar(module.standing)),
        h("td", { class: "number" }, percent(doneOf(module.standing), module.standing.functions)),
        h("td", { class: "number" }, percent(movedOf(module.standing), module.standing.functions)),
        h("td", {}, module.universal),
      ),
    );
  const heads = ["Module", "Functions", "Shares", "Today", "After all steps", "Universal ABI"].map((name, index) =>
    h("th", { scope: "col", class: [1, 3, 4].includes(index) ? "number" : null }, name),
  );
  return section(
    "Modules",
    null,
    h(
      "div",
      { class: "scroll", role: "group", tabindex: 0, "aria-label": "Modules" },
      h("table", { class: "plain" }, h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}, ...rows)),
    ),
  );
}

function types(project: ProjectReport): HTMLElement | null {
  if (project.types.length === 0) return null;
  const rows = project.types.map((type) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, type.name),
      h("td", { class: "place" }, `${type.file}:${type.line}`),
      h("td", {}, type.status),
      h("td", {}, type.reasons.map((reason) => reason.message).join(" ")),
    ),
  );
  const heads = ["Type", "Place", "Status", "Reason"].map((name) => h("th", { scope: "col" }, name));
  return section(
    "Types",
    null,
    h(
      "div",
      { class: "scroll", role: "group", tabindex: 0, "aria-label": "Types" },
      h("table", { class: "plain" }, h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}, ...rows)),
    ),
  );
}

/** All that is known of one project. */
export function renderProject(project: ProjectSummary | ProjectReport, texts: ProjectTexts | null): HTMLElement {
  const parts: (HTMLElement | null)[] = [hero(project)];
  if (isDetailed(project) && texts !== null) {
    const table = renderFunctionTable(project, texts);
    const functions = section(
      "Functions",
      "A click on a name shows the change that moves it, or the place that keeps it.",
      table.element,
    );
    if (project.history !== null) parts.push(section("Burn-down", null, renderBurnDown(project.history)));
    parts.push(plan(project, texts));
    parts.push(h("div", { class: "columns" }, blockers(project) ?? "", features(project) ?? ""));
    if (project.files.length > 0)
      parts.push(
        section(
          "Files",
          "The area is the number of functions; a click lists them.",
          renderTreemap(project.files, (file) => {
            table.showFile(file);
            functions.scrollIntoView({ behavior: "auto", block: "start" });
          }),
        ),
      );
    parts.push(modules(project), types(project), functions);
  } else {
    parts.push(h("div", { class: "columns" }, blockers(project) ?? "", features(project) ?? ""), modules(project));
  }
  return h("div", {}, ...parts);
}
