/** `hpy-migrate report`: where one project or several stand, in the form that is asked for. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import type { FunctionCounts } from "../engine/count-functions.ts";
import type { MigrationOptions, MigrationPlan, ProjectInput } from "../engine/types.ts";
import { renderBadge } from "../report/badge.ts";
import type { History } from "../report/history.ts";
import { detail } from "../report/make-report.ts";
import { renderOverview } from "../report/plan-text.ts";
import {
  type ProjectFailure,
  type ProjectReport,
  type ProjectSummary,
  REPORT_SCHEMA,
  type Report,
} from "../report/report-data.ts";
import type { PlannedProject } from "../report/report-html.ts";
import { renderMarkdown } from "../report/report-markdown.ts";
import { renderReportSarif } from "../report/report-sarif.ts";
import { renderComparison, renderHistory } from "../report/report-text.ts";
import type { Style } from "../report/style.ts";
import type { InputFile } from "../syntax/source.ts";
import { describeSystemError, type Result, success, unusable } from "./failure.ts";
import { ProgressBar } from "./progress.ts";
import { readProject } from "./project.ts";
import { readHistory } from "./report-history.ts";
import { nameOf } from "./report-name.ts";

export interface ReportCommandOptions {
  readonly format?: "text" | "json" | "markdown" | "html" | "sarif" | "badge";
  readonly json?: true;
  readonly quiet?: true;
  readonly out?: string;
  readonly history?: true;
  readonly since?: string;
  readonly max: number;
  readonly hpy: "0.9";
  readonly exclude: readonly string[];
}

/** What the command needs of the core. */
export interface ReportEngine {
  readonly plan: (input: ProjectInput, options: MigrationOptions) => Promise<MigrationPlan>;
  readonly loadCounter: () => Promise<(file: InputFile) => FunctionCounts>;
}

export interface ReportSurroundings {
  readonly version: string;
  readonly style: Style;
  /** Width of the terminal that `err` writes to, for progress; missing when it is none. */
  readonly columns?: number;
  /** Results, as text. */
  readonly print: (text: string) => void;
  /** Everything else. */
  readonly err: (text: string) => void;
}

/** Whether a path is the output of a survey: a file of JSON lines. */
function isSurvey(path: string): boolean {
  const name = path.toLowerCase();
  return name.endsWith(".jsonl") || name.endsWith(".ndjson") || name.endsWith(".json");
}

/** Lines of a survey. The last line of one that was interrupted may be cut off; it is left out with a warning. */
function readSurvey(path: string, err: (text: string) => void): Result<(ProjectSummary | ProjectFailure)[]> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    return unusable(describeSystemError(error, path));
  }
  const found = new Map<string, ProjectSummary | ProjectFailure>();
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "") continue;
    let value: Partial<ProjectSummary & ProjectFailure>;
    try {
      value = JSON.parse(line) as Partial<ProjectSummary & ProjectFailure>;
    } catch {
      if (index === lines.length - 1) {
        err(`hpy-migrate: ${path}:${index + 1}: the last line is cut off; left out\n`);
        continue;
      }
      return unusable(`${path}:${index + 1}: is no line of a survey`);
    }
    if (value === null || value.schema !== REPORT_SCHEMA || typeof value.name !== "string")
      return unusable(`${path}:${index + 1}: is no line of a survey of this version`);
    // A survey that went on after a failure has two lines of the project; the later one counts.
    found.set(`${value.name}\0${value.version ?? ""}`, value as ProjectSummary | ProjectFailure);
  }
  return success([...found.values()]);
}

async function historyOf(
  root: string,
  options: ReportCommandOptions,
  engine: ReportEngine,
  around: ReportSurroundings,
): Promise<Result<History | null>> {
  if (!options.history) return success(null);
  const count = await engine.loadCounter();
  const bar = around.columns === undefined || options.quiet ? null : new ProgressBar(around.err, around.columns);
  const read = await readHistory(root, {
    ...(options.since === undefined ? {} : { since: options.since }),
    max: options.max,
    exclude: options.exclude,
    count,
    progress: (done, total) => bar?.steps(done, total),
  });
  bar?.clear();
  return read;
}

async function makeProject(
  path: string,
  options: ReportCommandOptions,
  engine: ReportEngine,
  around: ReportSurroundings,
): Promise<Result<PlannedProject>> {
  const read = readProject(path, { exclude: options.exclude });
  if (!read.ok) return read;
  for (const warning of read.value.warnings) around.err(`hpy-migrate: ${warning}\n`);
  const { root, input } = read.value;
  const history = await historyOf(root, options, engine, around);
  if (!history.ok) return history;
  const plan = await engine.plan(input, { hpy: options.hpy });
  if (plan.modules.length === 0) return unusable(`${path}: no Python extension module found`);
  return success({ project: detail(plan, input, nameOf(root), history.value), plan, input });
}

/** Runs the command on at least one path. */
export async function report(
  paths: readonly string[],
  options: ReportCommandOptions,
  engine: ReportEngine,
  around: ReportSurroundings,
): Promise<Result<number>> {
  const format = options.format ?? (options.json ? "json" : "text");
  const projects: (ProjectReport | ProjectSummary | ProjectFailure)[] = [];
  const made: PlannedProject[] = [];
  for (const path of paths) {
    if (isSurvey(path) && statSync(path, { throwIfNoEntry: false })?.isFile()) {
      const lines = readSurvey(path, around.err);
      if (!lines.ok) return lines;
      projects.push(...lines.value);
      continue;
    }
    const project = await makeProject(path, options, engine, around);
    if (!project.ok) {
      if (paths.length === 1) return project;
      around.err(`hpy-migrate: ${project.message}\n`);
      projects.push({ schema: REPORT_SCHEMA, ...nameOf(path), error: project.message });
      continue;
    }
    made.push(project.value);
    projects.push(project.value.project);
  }
  if (projects.length === 0) return unusable("there is nothing to report on");
  const text = await render(format, { schema: REPORT_SCHEMA, hpy: options.hpy, projects }, made, around);
  if (options.out === undefined) {
    around.print(text);
    return success(0);
  }
  try {
    writeFileSync(options.out, text);
  } catch (error) {
    return unusable(describeSystemError(error, options.out));
  }
  if (!options.quiet) around.err(`hpy-migrate: wrote ${options.out}\n`);
  return success(0);
}

async function render(
  format: NonNullable<ReportCommandOptions["format"]>,
  report: Report,
  made: readonly PlannedProject[],
  around: ReportSurroundings,
): Promise<string> {
  switch (format) {
    case "json":
      return `${JSON.stringify(report, null, 2)}\n`;
    case "markdown":
      return renderMarkdown(report);
    case "html": {
      // The page carries its script and style, which the other formats need not load.
      const { renderHtml } = await import("../report/report-html.ts");
      return renderHtml(report, made, around.version);
    }
    case "sarif":
      return renderReportSarif(report, around.version);
    case "badge":
      return renderBadge(report);
    case "text": {
      const [only] = made;
      if (only === undefined || report.projects.length > 1) return renderComparison(report, around.style);
      const { plan, project } = only;
      const overview = renderOverview(plan, project.assessment, around.style);
      return project.history === null ? overview : `${overview}\n${renderHistory(project.history, around.style)}`;
    }
  }
}
