/** A report as SARIF: a note at each place where something stays on the C API. */
import { isDetailed, type PlacedReason, type Report } from "./report-data.ts";
import { renderSarif, type SarifFinding } from "./sarif.ts";

/** SARIF text of a report; projects are told apart by the folders that the caller names them with. */
export function renderReportSarif(report: Report, version: string): string {
  const findings: SarifFinding[] = [];
  for (const project of report.projects) {
    if (!isDetailed(project)) continue;
    const prefix = report.projects.length > 1 ? `${project.name}/` : "";
    const add = (reason: PlacedReason, unit: string): void => {
      findings.push({
        id: reason.id,
        level: "note",
        message: unit === "" ? reason.message : `${unit} stays legacy: ${reason.message}`,
        path: `${prefix}${reason.file}`,
        line: reason.line,
        ...(unit === "" ? {} : { unit }),
      });
    };
    for (const unit of [...project.functions, ...project.types])
      for (const reason of unit.reasons) add(reason, unit.name);
    for (const note of project.notes) add(note, "");
  }
  return renderSarif(findings, version);
}
