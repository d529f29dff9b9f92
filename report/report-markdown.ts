/** A report as the Markdown of a pull-request comment. */
import { count } from "./account.ts";
import { isoDate, remaining } from "./history.ts";
import { isAssessed, isDetailed, type ProjectReport, type ProjectSummary, type Report } from "./report-data.ts";
import type { Standing } from "./standing.ts";
import { firstClause, percent } from "./words.ts";

/** Rows of a table that is not folded. */
const ROWS = 10;
/** Rows of the folded list of functions: a comment of GitHub holds 65,536 characters. */
const FUNCTIONS = 200;

/** Text in a table cell or a paragraph: nothing in it is markup. */
function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]<>()#+\-!|~&]/g, (character) => `\\${character}`).replace(/\s+/g, " ");
}

/** Text as code; a table would take a bar for the end of the cell, backticks or not. */
function code(text: string): string {
  const runs = text.match(/`+/g)?.map((run) => run.length) ?? [0];
  const fence = "`".repeat(Math.max(...runs) + 1);
  const pad = text.includes("`") ? " " : "";
  return `${fence}${pad}${text.replaceAll("|", "\\|").replace(/\s+/g, " ")}${pad}${fence}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = head.map((title) => (title.startsWith("#") ? "---:" : "---"));
  return [line(head.map((title) => title.replace(/^#/, ""))), line(rule), ...rows.map(line)].join("\n");
}

/** Figures of a standing in the columns of {@link STANDING}. */
function cells(standing: Standing): string[] {
  const done = standing.donePure + standing.doneBridged;
  const ready = standing.readyPure + standing.readyBridged;
  return [
    String(standing.functions),
    `${done} (${percent(done, standing.functions)})`,
    String(ready),
    String(standing.legacy),
  ];
}

const STANDING = ["#functions", "#HPy today", "#ready to move", "#staying legacy"];

function headline(standing: Standing): string {
  const done = standing.donePure + standing.doneBridged;
  const ready = standing.readyPure + standing.readyBridged;
  return `**${percent(done, standing.functions)}** of ${count(standing.functions, "function")} that touch Python's C API are HPy code today; **${percent(done + ready, standing.functions)}** once all steps are applied.`;
}

function projectParts(project: ProjectSummary | ProjectReport): string[] {
  const { assessment } = project;
  const parts = [headline(assessment.standing)];
  const rows = assessment.modules.map(({ name, standing, universal }) => [code(name), ...cells(standing), universal]);
  parts.push(table(["module", ...STANDING, "universal ABI"], rows.slice(0, 4 * ROWS)));
  if (isDetailed(project)) {
    const [next] = project.steps;
    const { insertions, deletions, files } = assessment.diff;
    parts.push(
      next === undefined
        ? "No step is left."
        : `**Next step:** ${code(next.id)} ${escaped(next.title)} (+${next.insertions} -${next.deletions}); ${count(project.steps.length, "step")} to go, +${insertions} -${deletions} lines in ${count(files, "file")}.`,
    );
    const last = project.history?.points.at(-1);
    if (project.history !== null && last !== undefined) {
      const { forecast } = project.history;
      const pace =
        forecast === null
          ? ""
          : forecast.doneBy === null
            ? ` At the pace since ${isoDate(forecast.from)} it does not come to an end.`
            : ` At the pace since ${isoDate(forecast.from)}, ${forecast.perWeek} functions a week, it is done by ${isoDate(forecast.doneBy)}.`;
      parts.push(`**History:** ${count(remaining(last), "function")} left at ${isoDate(last.time)}.${pace}`);
    }
  }
  if (assessment.blockers.length > 0)
    parts.push(
      "**What holds the rest back**",
      table(
        ["#holds", "cause", "example"],
        assessment.blockers
          .slice(0, ROWS)
          .map(({ holds, title, example }) => [String(holds), escaped(title), code(`${example.file}:${example.line}`)]),
      ),
    );
  if (assessment.features.length > 0)
    parts.push(
      "**What HPy would have to offer**",
      table(
        ["#functions", "#lack only this", "missing", "calls"],
        assessment.features
          .slice(0, ROWS)
          .map(({ functions, alone, lacks, capi }) => [
            String(functions),
            String(alone),
            escaped(firstClause(lacks)),
            capi.slice(0, 3).map(code).join(", "),
          ]),
      ),
    );
  if (isDetailed(project)) parts.push(functionList(project));
  return parts;
}

function functionList(project: ProjectReport): string {
  const open = project.functions.filter((unit) => unit.state === "legacy");
  if (open.length === 0) return "";
  const rows = open.slice(0, FUNCTIONS).map((unit) => {
    const [reason] = unit.reasons;
    return [code(unit.name), code(`${unit.file}:${unit.line}`), reason === undefined ? "" : escaped(reason.id)];
  });
  const rest = open.length > FUNCTIONS ? `\n\nand ${open.length - FUNCTIONS} more` : "";
  return `<details><summary>${count(open.length, "function")} staying legacy</summary>\n\n${table(["function", "place", "reason"], rows)}${rest}\n\n</details>`;
}

/** Markdown text of a report, short enough for a comment. */
export function renderMarkdown(report: Report): string {
  const parts: string[] = [];
  if (report.projects.length > 1) {
    parts.push("## HPy migration");
    const rows = report.projects.map((project) =>
      isAssessed(project)
        ? [escaped(project.name), ...cells(project.assessment.standing)]
        : [escaped(project.name), escaped(project.error), "", "", ""],
    );
    parts.push(table(["project", ...STANDING], rows));
    return `${parts.join("\n\n")}\n`;
  }
  for (const project of report.projects) {
    parts.push(`## HPy migration of ${escaped(project.name)}`);
    if (isAssessed(project)) parts.push(...projectParts(project));
    else parts.push(escaped(project.error));
  }
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}
