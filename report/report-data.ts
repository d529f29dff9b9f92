/** The data of a report: every format shows these figures, and the JSON form is this. */
import type { Account, FunctionReport, Step, TypeReport } from "../engine/types.ts";
import type { Assessment } from "./assessment.ts";
import type { History } from "./history.ts";
import type { Standing, State } from "./standing.ts";

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
