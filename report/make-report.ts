/** Makes the data of a report from a plan. */
import type { MigrationPlan, ProjectInput, Refusal } from "../engine/types.ts";
import { assess, rootCause, stateOf } from "./assessment.ts";
import type { History } from "./history.ts";
import { stepJson } from "./plan-json.ts";
import { readable } from "./readable.ts";
import {
  type FileStanding,
  type FunctionRow,
  type PlacedReason,
  type ProjectName,
  type ProjectReport,
  type ProjectSummary,
  REPORT_SCHEMA,
  type TypeRow,
} from "./report-data.ts";
import { NO_FUNCTIONS, type Standing } from "./standing.ts";

const SOURCES = [".c", ".h", ".cc", ".cpp", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".inc", ".inl", ".src"];

function linesOf(text: string): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
  return text === "" || text.endsWith("\n") ? lines : lines + 1;
}

/** The figures of a plan; the input is the one that it was made from. */
export function summarize(plan: MigrationPlan, input: ProjectInput, project: ProjectName): ProjectSummary {
  const sources = input.files.filter((file) =>
    SOURCES.some((extension) => file.path.toLowerCase().endsWith(extension)),
  );
  return {
    schema: REPORT_SCHEMA,
    ...project,
    size: { files: sources.length, lines: sources.reduce((sum, file) => sum + linesOf(file.text), 0) },
    assessment: assess(plan, input),
    account: plan.account,
  };
}

function placed({ id, path, line, message }: Refusal): PlacedReason {
  return { id, file: path, line, message: readable(message) };
}

function fileStandings(functions: readonly FunctionRow[]): FileStanding[] {
  const found = new Map<string, { path: string; module: string; standing: Record<keyof Standing, number> }>();
  for (const { file, module, state } of functions) {
    let known = found.get(file);
    if (known === undefined) {
      known = { path: file, module, standing: { ...NO_FUNCTIONS } };
      found.set(file, known);
    }
    known.standing.functions++;
    known.standing[state]++;
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** All that a report tells of one source tree. */
export function detail(
  plan: MigrationPlan,
  input: ProjectInput,
  project: ProjectName,
  history: History | null,
): ProjectReport {
  const functions = plan.modules.flatMap((module) =>
    module.functions.map(
      (unit): FunctionRow => ({
        name: readable(unit.name),
        file: unit.file,
        line: unit.line,
        module: module.name,
        kind: unit.kind,
        state: stateOf(unit),
        via: unit.via,
        reasons: unit.refusals.map((refusal) => placed(rootCause(module, refusal))),
      }),
    ),
  );
  const types = plan.modules.flatMap((module) =>
    module.types.map(
      (type): TypeRow => ({
        name: readable(type.name),
        file: type.file,
        line: type.line,
        module: module.name,
        status: type.status,
        reasons: type.refusals.map(placed),
      }),
    ),
  );
  return {
    ...summarize(plan, input, project),
    files: fileStandings(functions),
    functions,
    types,
    steps: plan.steps.map((step) => ({ ...stepJson(step), module: step.module })),
    notes: plan.notes.map(placed),
    history,
  };
}
