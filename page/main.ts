/** The script of the report page: everything is drawn from the data that the page carries. */
import { isAssessed, isDetailed } from "../report/report-data.ts";
import { renderComparison } from "./comparison.ts";
import { h } from "./dom.ts";
import type { ProjectTexts } from "./function-table.ts";
import { readPageData, Texts } from "./page-data.ts";
import { renderProject } from "./project.ts";

const THEMES = ["auto", "light", "dark"] as const;

/** The choice holds for this view only: a page from a file keeps nothing. */
function themeChoice(): HTMLElement {
  const select = h(
    "select",
    {
      id: "theme",
      change: () => {
        if (select.value === "auto") document.documentElement.removeAttribute("data-theme");
        else document.documentElement.setAttribute("data-theme", select.value);
      },
    },
    ...THEMES.map((theme) => h("option", { value: theme }, theme)),
  );
  return h("div", { class: "theme" }, h("label", { for: "theme" }, "Theme"), select);
}

const { report, texts } = readPageData();
const projects = report.projects;

function textsOf(index: number): ProjectTexts | null {
  const project = projects[index];
  const places = texts[index];
  if (project === undefined || places === undefined || places === null || !isDetailed(project)) return null;
  const packed = new Texts(places.packed);
  const steps = new Map(project.steps.map((step, at) => [step.id, at]));
  return {
    patchOf: (id) => packed.get(steps.get(id) ?? -1),
    sourceOf: (at) => packed.get(project.steps.length + at),
  };
}

const title = h("h1", {});
const subtitle = h("p", { class: "muted" });
const back = h(
  "button",
  { type: "button", class: "link back", hidden: true, click: () => show(null) },
  "\u2190 All packages",
);
const main = h("main", { id: "main" });

function show(index: number | null): void {
  const project = index === null ? undefined : projects[index];
  back.hidden = projects.length < 2 || project === undefined;
  if (project === undefined) {
    title.textContent = "HPy readiness";
    subtitle.textContent = `${projects.length} packages, target HPy ${report.hpy}`;
    main.replaceChildren(renderComparison(report, show));
  } else {
    title.textContent = project.name;
    const version = project.version === null ? "" : `${project.version}, `;
    subtitle.textContent = `${version}migration to HPy ${report.hpy}`;
    main.replaceChildren(isAssessed(project) ? renderProject(project, textsOf(index ?? 0)) : h("p", {}, project.error));
  }
  scrollTo(0, 0);
}

document.body.replaceChildren(
  h("a", { class: "skip", href: "#main" }, "Skip to the content"),
  h("header", {}, h("div", {}, back, title, subtitle), themeChoice()),
  main,
  h("footer", {}, h("p", { class: "muted" }, `Made by hpy-migrate ${document.documentElement.dataset.version ?? ""}.`)),
);
show(projects.length === 1 ? 0 : null);
