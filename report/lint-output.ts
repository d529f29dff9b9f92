/** Findings of the handle checker as text, JSON, SARIF and commands of GitHub's workflows. */
import type { LintFinding, LintReport } from "../engine/lint-project.ts";
import { count } from "./account.ts";
import { renderSarif } from "./sarif.ts";
import type { Style } from "./style.ts";

/** Version of the JSON document; a change that could break a reader raises it. */
const LINT_SCHEMA = 1;

/** `error` where it is wrong at run time on a path that the code itself shows. */
function levelOf(finding: LintFinding): "error" | "warning" {
  return finding.severity === "error" && finding.certainty === "certain" ? "error" : "warning";
}

/** One paragraph per finding, as compilers print them: the place, the message, the path that leads there. */
export function renderLintText(findings: readonly LintFinding[], style: Style): string {
  return findings
    .map((finding) => {
      const level = levelOf(finding);
      const shown = level === "error" ? style.bad("error") : style.notable("warning");
      const place = style.bold(`${finding.path}:${finding.line}:${finding.column}:`);
      const head = `${place} ${shown}: ${finding.message} ${style.dim(`[${finding.id}]`)}\n`;
      const path = finding.related.map((point) =>
        style.dim(`    ${point.path}:${point.line}:${point.column}: ${point.message}\n`),
      );
      return [head, ...path].join("");
    })
    .join("");
}

/** The line that closes a run. */
export function renderLintSummary(report: LintReport): string {
  const places = new Set(report.unproven.map((place) => `${place.path}\0${place.function}`));
  const parts = [
    `${count(report.findings.length, "finding")} in ${count(report.functions, "function")}`,
    ...(report.suppressed > 0 ? [`${report.suppressed} allowed by comments`] : []),
    ...(places.size > 0 ? [`${count(places.size, "function")} not understood on every path`] : []),
  ];
  return `hpy-migrate: ${parts.join("; ")}\n`;
}

/** Where the checker lost track, one line each. */
export function renderUnproven(report: LintReport): string {
  return report.unproven
    .map((place) => `${place.path}:${place.line}: note: ${place.function || "outside of functions"}: ${place.reason}\n`)
    .join("");
}

/** The report as a value for JSON. */
export function lintJson(report: LintReport): object {
  return {
    schema: LINT_SCHEMA,
    hpy: "0.9",
    totals: { functions: report.functions, findings: report.findings.length, suppressed: report.suppressed },
    findings: report.findings.map((finding) => ({ level: levelOf(finding), ...finding })),
    unproven: report.unproven,
  };
}

/** The result of `check` as a value for JSON. */
export function checkJson(findings: readonly LintFinding[], suppressed: number, gone: number): object {
  return {
    schema: LINT_SCHEMA,
    hpy: "0.9",
    totals: { findings: findings.length, suppressed, gone },
    findings: findings.map((finding) => ({ level: levelOf(finding), ...finding })),
  };
}

/** The findings as a SARIF 2.1.0 log. */
export function lintSarif(findings: readonly LintFinding[], version: string): string {
  return renderSarif(
    findings.map((finding) => ({ ...finding, level: levelOf(finding), unit: finding.function })),
    version,
  );
}

/** Text in the value of a workflow command. */
function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

/** Text in a property of a workflow command. */
function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** What GitHub shows beside the lines of a pull request. */
interface Annotation {
  readonly path: string;
  readonly line: number;
  readonly column?: number;
  readonly endLine?: number;
  readonly level: "error" | "warning" | "notice";
  readonly title: string;
  readonly message: string;
}

/** Workflow commands, one line each. */
function renderAnnotations(annotations: readonly Annotation[]): string {
  return annotations
    .map(({ path, line, column, endLine, level, title, message }) => {
      const properties = [
        `file=${escapeProperty(path)}`,
        `line=${line}`,
        ...(endLine === undefined || endLine === line ? [] : [`endLine=${endLine}`]),
        ...(column === undefined ? [] : [`col=${column}`]),
        `title=${escapeProperty(title)}`,
      ];
      return `::${level} ${properties.join(",")}::${escapeData(message)}\n`;
    })
    .join("");
}

/** The findings as workflow commands. */
export function lintAnnotations(findings: readonly LintFinding[]): string {
  return renderAnnotations(
    findings.map((finding) => {
      const { path, line, column, endLine, id, message, related } = finding;
      const steps = related.map((point) => `\n${point.path}:${point.line}: ${point.message}`).join("");
      return { path, line, column, endLine, level: levelOf(finding), title: id, message: `${message}${steps}` };
    }),
  );
}
