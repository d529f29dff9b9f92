/** Several packages side by side: which are closest to HPy, and what HPy lacks most. */

import { sharedBlockers, sharedFeatures } from "../report/readiness.ts";
import { isAssessed, type ProjectSummary, type Report } from "../report/report-data.ts";
import { sumOfStandings } from "../report/standing.ts";
import { firstClause, percent } from "../report/words.ts";
import { count, freshId, h, number } from "./dom.ts";
import { meter, ranking, section } from "./parts.ts";
import { type Column, type Order, sortableHead, sorted } from "./sortable.ts";
import { doneOf, legend, movedOf, standingBar } from "./states.ts";

interface Row {
  readonly project: ProjectSummary;
  /** Place in the report. */
  readonly index: number;
  readonly share: number;
}

function mainBlocker(project: ProjectSummary): string {
  const { blockers } = project.assessment;
  return (blockers.find((blocker) => !blocker.follows) ?? blockers[0])?.title ?? "";
}

function columns(open: (index: number) => void): readonly Column<Row>[] {
  const standing = ({ project }: Row) => project.assessment.standing;
  return [
    {
      label: "Package",
      key: ({ project }) => project.name.toLowerCase(),
      cell: ({ project, index }) =>
        h(
          "span",
          {},
          h("button", { type: "button", class: "link", click: () => open(index) }, project.name),
          h("span", { class: "muted" }, project.version === null ? "" : ` ${project.version}`),
        ),
    },
    {
      label: "Functions",
      className: "number",
      key: (row) => standing(row).functions,
      cell: (row) => number(standing(row).functions),
    },
    {
      label: "HPy today",
      className: "number",
      key: (row) => doneOf(standing(row)) / Math.max(1, standing(row).functions),
      cell: (row) => percent(doneOf(standing(row)), standing(row).functions),
    },
    {
      label: "After all steps",
      className: "number",
      key: ({ share }) => share,
      cell: (row) => percent(movedOf(standing(row)), standing(row).functions),
    },
    {
      label: "Shares",
      className: "wide",
      key: ({ share }) => share,
      cell: (row) => standingBar(standing(row)),
    },
    {
      label: "Steps",
      className: "number",
      key: ({ project }) => project.assessment.modules.reduce((sum, module) => sum + module.steps, 0),
      cell: ({ project }) => number(project.assessment.modules.reduce((sum, module) => sum + module.steps, 0)),
    },
    {
      label: "Universal ABI",
      className: "number",
      key: ({ project }) => {
        const { modules } = project.assessment;
        return modules.filter((module) => module.universal !== "blocked").length / Math.max(1, modules.length);
      },
      cell: ({ project }) => {
        const { modules } = project.assessment;
        return `${modules.filter((module) => module.universal !== "blocked").length} of ${modules.length}`;
      },
    },
    {
      label: "Holds most back",
      key: ({ project }) => mainBlocker(project),
      cell: ({ project }) => h("span", { class: "small" }, mainBlocker(project)),
    },
  ];
}

/** The table of packages with a search; a click on a name opens the package. */
function packageTable(rows: readonly Row[], open: (index: number) => void): HTMLElement {
  const all = columns(open);
  let order: Order = { column: 3, descending: true };
  const head = h("thead");
  const body = h("tbody");
  const id = freshId("packages");
  const search = h("input", { type: "search", id, placeholder: "name or cause", input: () => draw() });
  const status = h("p", { role: "status", class: "muted" });
  function draw(): void {
    const words = search.value
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== "");
    const found = rows.filter(({ project }) => {
      const haystack = [project.name, ...project.assessment.blockers.flatMap((b) => [b.id, b.title, b.capi ?? ""])];
      return words.every((word) => haystack.join("\n").toLowerCase().includes(word));
    });
    head.replaceChildren(
      sortableHead(all, order, rows[0], (wanted) => {
        order = wanted;
        draw();
        (head.querySelectorAll("button")[wanted.column] as HTMLElement | undefined)?.focus();
      }),
    );
    body.replaceChildren(
      ...sorted(found, all, order).map((row) =>
        h(
          "tr",
          {},
          ...all.map((column, index) =>
            index === 0
              ? h("th", { scope: "row", "data-label": column.label }, column.cell(row))
              : h("td", { class: column.className ?? null, "data-label": column.label }, column.cell(row)),
          ),
        ),
      ),
    );
    status.textContent = `${count(found.length, "package")}${found.length === rows.length ? "" : ` of ${rows.length}`}`;
  }
  draw();
  return h(
    "div",
    {},
    h(
      "div",
      { class: "filters", role: "search", "aria-label": "Packages" },
      h("div", { class: "field grow" }, h("label", { for: id }, "Search"), search),
    ),
    status,
    h(
      "div",
      { class: "scroll", role: "group", tabindex: 0, "aria-label": "Packages" },
      h("table", { class: "packages" }, h("caption", { class: "hidden" }, "Packages"), head, body),
    ),
  );
}

/** The page of several packages. */
export function renderComparison(report: Report, open: (index: number) => void): HTMLElement {
  const rows: Row[] = report.projects.flatMap((project, index) => {
    if (!isAssessed(project)) return [];
    const { standing } = project.assessment;
    return [{ project, index, share: standing.functions === 0 ? 1 : movedOf(standing) / standing.functions }];
  });
  const failed = report.projects.filter((project) => !isAssessed(project));
  const projects = rows.map(({ project }) => project);
  const standing = sumOfStandings(projects.map((project) => project.assessment.standing));
  const lines = projects.reduce((sum, project) => sum + project.size.lines, 0);
  const features = sharedFeatures(projects);
  const blockers = sharedBlockers(projects);
  const mostFeature = Math.max(1, ...features.map((feature) => feature.packages));
  const mostBlocker = Math.max(1, ...blockers.map((blocker) => blocker.packages));
  return h(
    "div",
    {},
    h(
      "section",
      { class: "hero", "aria-label": "Progress" },
      h(
        "p",
        { class: "headline" },
        h("span", { class: "big" }, percent(movedOf(standing), standing.functions)),
        h(
          "span",
          {},
          ` of ${count(standing.functions, "function")} in ${count(projects.length, "package")} (${number(lines)} lines of C) are HPy code or can be moved to HPy ${report.hpy} today`,
        ),
      ),
      standingBar(standing),
      legend(standing),
    ),
    section("Packages", "Closest to HPy first; a click on the head of a column sorts.", packageTable(rows, open)),
    h(
      "div",
      { class: "columns" },
      features.length === 0
        ? ""
        : section(
            "What HPy lacks most",
            "By packages that use it in functions which stay legacy or bridged.",
            ranking(
              features.map(({ lacks, capi, packages, functions, alone }) =>
                h(
                  "li",
                  {},
                  h("span", { class: "rank" }, number(packages)),
                  h(
                    "span",
                    {},
                    h("span", { class: "cause", title: lacks }, firstClause(lacks)),
                    meter(packages, mostFeature),
                    h(
                      "span",
                      { class: "muted small" },
                      `${count(functions, "function")}${alone > 0 ? `, ${number(alone)} lack only this` : ""}. `,
                      h("code", {}, `${capi.slice(0, 4).join(", ")}${capi.length > 4 ? ", ..." : ""}`),
                    ),
                  ),
                ),
              ),
              "feature",
            ),
          ),
      blockers.length === 0
        ? ""
        : section(
            "What holds functions back",
            "By packages; the same causes that the plan of each package names.",
            ranking(
              blockers.map(({ id, title, packages, holds }) =>
                h(
                  "li",
                  {},
                  h("span", { class: "rank" }, number(packages)),
                  h(
                    "span",
                    {},
                    h("span", { class: "cause" }, title),
                    meter(packages, mostBlocker),
                    h("span", { class: "muted small" }, `${count(holds, "function")}. `, h("code", {}, id)),
                  ),
                ),
              ),
              "cause",
            ),
          ),
    ),
    failed.length === 0
      ? ""
      : section(
          "Not assessed",
          null,
          h(
            "ul",
            {},
            ...failed.map((project) =>
              h("li", {}, h("strong", {}, project.name), isAssessed(project) ? "" : `: ${project.error}`),
            ),
          ),
        ),
  );
}
