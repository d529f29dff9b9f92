import type { InputFile, Span } from "../syntax/source.ts";

/** What the shells call the engine with. Every file that may matter: C sources, headers, setup.py, pyproject.toml. */
export interface ProjectInput {
  readonly files: readonly InputFile[];
}

export interface MigrationOptions {
  /** HPy release to target; `0.9` is the only table so far. */
  readonly hpy: "0.9";
  /** When functions may move that go on calling the C API in places; `needed` is the default. */
  readonly bridge?: BridgeUse;
  /** A function to move before the others of its module, with what it needs; the rest of the series follows it. */
  readonly first?: string;
  /** Steps that must not be made: what they would move stays legacy with the refusal `verification-failed`. */
  readonly excluded?: readonly Exclusion[];
}

/**
 * `never`: such functions stay legacy. `needed`: the C API is called for what HPy lacks. `always`: and for what HPy's own
 * call does differently in some case, as the notes of a step say otherwise.
 */
export type BridgeUse = "never" | "needed" | "always";

/** A step that was made from this input before and did not pass verification. */
export interface Exclusion {
  /** Its id. */
  readonly step: string;
  /** The first lines of what went wrong. */
  readonly evidence: string;
}

/** Why something stays as it is. `id` is a stable kebab-case name that `explain` answers. */
export interface Refusal {
  readonly id: string;
  /** Id of the refusal of a function that this one calls, where it stays because of that; missing elsewhere. */
  readonly root?: string;
  readonly path: string;
  readonly span: Span;
  /** 1-based line of `span.start` in the original file. */
  readonly line: number;
  readonly message: string;
}

export type FunctionStatus = "pure" | "bridged" | "legacy";

export interface FunctionReport {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  /** The definition in the file as it was read. */
  readonly span: Span;
  /** `method` a module function in a method table; `helper` called from others; `init` PyInit; `type` a method, getter, setter or slot of a type; `migrated` is HPy already. */
  readonly kind: "method" | "helper" | "init" | "type" | "migrated";
  /** Name of the type of the module that lists it, as in {@link TypeReport}; null for a function of none. */
  readonly type: string | null;
  /** Status once all steps are applied. */
  readonly status: FunctionStatus;
  /** Id of the step that moves it; null where it is HPy already or stays legacy. */
  readonly via: string | null;
  readonly refusals: readonly Refusal[];
}

export interface TypeReport {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly status: FunctionStatus;
  readonly refusals: readonly Refusal[];
}

export interface FileChange {
  readonly path: string;
  /** Latin-1 text; null when the step creates the file. */
  readonly before: string | null;
  readonly after: string;
}

/** One reviewable change. The tree builds, passes its tests and leaks nothing after each. */
export interface Step {
  /** Stable kebab-case id, unique in the series: `module-_speedups`, `function-encode_basestring`. */
  readonly id: string;
  readonly title: string;
  readonly kind: "module" | "type" | "function" | "member" | "fields" | "global" | "retire" | "finish";
  readonly module: string;
  readonly functions: readonly string[];
  readonly changes: readonly FileChange[];
  readonly insertions: number;
  readonly deletions: number;
  /** What a reviewer should know: changed error texts, leaks that the step closes, new build requirements. */
  readonly notes: readonly string[];
}

export interface ModuleReport {
  readonly name: string;
  readonly files: readonly string[];
  readonly functions: readonly FunctionReport[];
  readonly types: readonly TypeReport[];
  readonly steps: readonly Step[];
  /** Why the module itself cannot be moved; empty when it can. */
  readonly refusals: readonly Refusal[];
}

/** Sites found = rewritten + kept legacy (by reason) + suppressed + unparsed. A site is one use of a C-API name. */
export interface Account {
  readonly found: number;
  readonly rewritten: number;
  readonly legacy: readonly { readonly reason: string; readonly sites: number }[];
  readonly suppressed: number;
  readonly unparsed: number;
}

export interface MigrationPlan {
  readonly hpy: "0.9";
  readonly modules: readonly ModuleReport[];
  /** All steps of all modules in the order in which they apply. Each step's `before` is the previous step's `after`. */
  readonly steps: readonly Step[];
  readonly account: Account;
  /** Parts of the project that the parser could not read, and generated files left alone, for the report. */
  readonly notes: readonly Refusal[];
  readonly totals: {
    readonly functions: number;
    readonly pure: number;
    readonly bridged: number;
    readonly legacy: number;
    readonly steps: number;
  };
}
