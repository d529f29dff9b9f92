/** The data of a report: every format shows these figures, and the JSON form is this. */
import type {
  Account,
  FunctionReport,
  MigrationPlan,
  ProjectInput,
  Refusal,
  Step,
  TypeReport,
} from "../engine/types.ts";
import { type Assessment, assess, rootCause, type Standing, type State, stateOf } from "./assessment.ts";
import type { History } from "./history.ts";
import { stepJson } from "./plan-json.ts";
import { readable } from "./readable.ts";

/** Raised whenever a field changes its meaning or goes away; new fields do not raise it. */
export const REPORT_SCHEMA = 1;

/** A reason of a function, type or module, at its place. */
export interface PlacedReason {
  readonly id: string;
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** Where a whole source tree stands; a line of a survey is one of these. */
export interface ProjectSummary {
  readonly schema: typeof REPORT_SCHEMA;
  readonly name: string;
  /** Release of the package where its metadata tell it. */
  readonly version: string | null;
  /** C and C++ files that were read, and their lines. */
  readonly size: { readonly files: number; readonly lines: number };
  readonly assessment: Assessment;
  readonly account: Account;
}

/** A source tree that could not be assessed. */
export interface ProjectFailure {
  readonly schema: typeof REPORT_SCHEMA;
  readonly name: string;
  readonly version: string | null;
  readonly error: string;
}

export interface FileStanding {
  readonly path: string;
  readonly module: string;
  readonly standing: Standing;
}

export interface FunctionRow {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly module: string;
  readonly kind: FunctionReport["kind"];
  readonly state: State;
  /** Step that moves it; null where it has moved or stays. */
  readonly via: string | null;
  readonly reasons: readonly PlacedReason[];
}

export interface TypeRow {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly module: string;
  readonly status: TypeReport["status"];
  readonly reasons: readonly PlacedReason[];
}

export interface StepRow {
  readonly id: string;
  readonly title: string;
  readonly kind: Step["kind"];
  readonly module: string;
  readonly files: readonly string[];
  readonly insertions: number;
  readonly deletions: number;
  readonly notes: readonly string[];
}

/** A source tree with all that is known of it. */
export interface ProjectReport extends ProjectSummary {
  readonly files: readonly FileStanding[];
  readonly functions: readonly FunctionRow[];
  readonly types: readonly TypeRow[];
  /** In the order in which they apply; the first one is the next. */
  readonly steps: readonly StepRow[];
  /** Parts that could not be read, and generated files. */
  readonly notes: readonly PlacedReason[];
  readonly history: History | null;
}

/** What `report --format json` prints. */
export interface Report {
  readonly schema: typeof REPORT_SCHEMA;
  readonly hpy: "0.9";
  readonly projects: readonly (ProjectReport | ProjectSummary | ProjectFailure)[];
}

/** Whether a project was assessed at all. */
export function isAssessed<T extends ProjectSummary>(project: T | ProjectFailure): project is T {
  return "assessment" in project;
}

/** Whether a project is known in full, not only by its figures. */
export function isDetailed(project: Report["projects"][number]): project is ProjectReport {
  return "functions" in project;
}

/** What names a source tree. */
export interface ProjectName {
  readonly name: string;
  readonly version: string | null;
}

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
      const standing = { functions: 0, donePure: 0, doneBridged: 0, readyPure: 0, readyBridged: 0, legacy: 0 };
      known = { path: file, module, standing };
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
