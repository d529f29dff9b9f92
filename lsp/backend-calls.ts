/** What the server asks of a backend: plain data both ways, since a backend may run in another thread. */
import type { LintFinding } from "../engine/lint-project.ts";
import type { Selector } from "../engine/select-steps.ts";
import type { FileChange, FunctionReport, ModuleReport, Refusal, Step, TypeReport } from "../engine/types.ts";
import type { InputFile, Span } from "../syntax/source.ts";
import type { Settings } from "./protocol.ts";

/** A step without the texts that it changes, which stay in the backend. */
export interface StepSummary extends Omit<Step, "changes"> {
  readonly files: readonly string[];
}

/** A function with the place of its name in the text that was planned. */
export interface PlannedFunction extends FunctionReport {
  readonly nameSpan: Span;
}

export interface PlannedType extends TypeReport {
  readonly nameSpan: Span;
}

export interface PlannedModule extends Omit<ModuleReport, "functions" | "types" | "steps"> {
  readonly functions: readonly PlannedFunction[];
  readonly types: readonly PlannedType[];
}

/** A plan without the texts. */
export interface PlanSummary {
  readonly modules: readonly PlannedModule[];
  readonly steps: readonly StepSummary[];
  readonly notes: readonly Refusal[];
}

/** What steps make of the files together. */
export interface Selection {
  readonly steps: readonly StepSummary[];
  /** One for each file: from the text before the first step to that after the last one. */
  readonly changes: readonly FileChange[];
  /** What `hpy-migrate diff` prints for these steps, latin-1. */
  readonly diff: string;
}

/** What one look at one version of a file tells. */
export interface FileCheck {
  readonly functions: readonly OutlinedFunction[];
  readonly findings: readonly LintFinding[];
  /** Parts that the parser does not understand. */
  readonly unparsed: readonly { readonly span: Span; readonly name: string; readonly reason: string }[];
}

export interface OutlinedFunction {
  readonly name: string;
  /** The whole definition. */
  readonly span: Span;
  readonly nameSpan: Span;
}

/** Bytes of the WebAssembly modules. */
export interface WasmModules {
  readonly runtime: Uint8Array;
  readonly c: Uint8Array;
  readonly cpp: Uint8Array;
}

interface InFolder {
  readonly folder: string;
}

/** By method, what it is given and what it answers. */
export interface BackendCalls {
  start: { readonly params: { readonly wasm: WasmModules; readonly version: string }; readonly result: null };
  /** Replaces the texts of files; `removed` ones are gone. */
  update: {
    readonly params: InFolder & { readonly files: readonly InputFile[]; readonly removed: readonly string[] };
    readonly result: null;
  };
  check: {
    readonly params: InFolder & { readonly path: string; readonly lint: Settings["lint"] };
    readonly result: FileCheck;
  };
  /** Null when the files changed before the plan was there. */
  plan: { readonly params: InFolder; readonly result: PlanSummary | null };
  select: {
    readonly params: InFolder & { readonly selector: Selector };
    readonly result: Selection | { readonly problem: string };
  };
  /** The text of a file with all certain repairs made in it, and how many they are. */
  fix: {
    readonly params: InFolder & { readonly path: string };
    readonly result: { readonly after: string; readonly applied: number };
  };
  /** The findings of a file for which a repair is certain. */
  repairs: { readonly params: InFolder & { readonly path: string }; readonly result: readonly LintFinding[] };
  report: {
    readonly params: InFolder & { readonly name: string };
    readonly result: { readonly html: string } | { readonly problem: string };
  };
  /** Forgets a folder. */
  drop: { readonly params: InFolder; readonly result: null };
}

export type BackendMethod = keyof BackendCalls;

/** What goes to a backend. */
export interface BackendRequest {
  readonly id: number;
  readonly method: BackendMethod;
  readonly params: unknown;
}

/** What comes back: a result, or the message of an exception. */
export type BackendAnswer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };
