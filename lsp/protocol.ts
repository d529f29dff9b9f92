/**
 * What the server and its clients say to each other beside the Language Server Protocol: names of requests and
 * notifications, and the shapes of what they carry. It depends on nothing, so that every client can import it.
 *
 * Every `uri` of a folder is the `uri` of a workspace folder as the client gave it.
 */

/** Request to the server, {@link PlanParams} -> {@link PlanResult}: the plan as a tree, for a side view. */
export const PLAN_REQUEST = "hpyMigrate/plan";
/** Request to the server, {@link StepParams} -> {@link StepDiffResult}: the diff that `hpy-migrate diff` prints. */
export const STEP_DIFF_REQUEST = "hpyMigrate/stepDiff";
/**
 * Request to the server, {@link StepParams} -> {@link ApplyStepResult}: the edit that makes the step. The client applies
 * it; it is versioned, and refers to the text that the server planned from.
 */
export const APPLY_STEP_REQUEST = "hpyMigrate/applyStep";
/** Request to the server, {@link FolderParams} -> {@link ReportResult}: what `hpy-migrate report --format html` prints. */
export const REPORT_REQUEST = "hpyMigrate/report";
/** Request to the server, {@link ExplainParams} -> {@link ExplainResult}: the page of a rule, refusal or C-API name. */
export const EXPLAIN_REQUEST = "hpyMigrate/explain";
/** Notification to the client, {@link StatusParams}: sent whenever what it tells has changed. */
export const STATUS_NOTIFICATION = "hpyMigrate/status";
/** Notification to the client, {@link PlanChangedParams}: a view that shows the plan should ask for it again. */
export const PLAN_CHANGED_NOTIFICATION = "hpyMigrate/planChanged";

/** Request to the client, {@link ListFilesParams} -> {@link ListFilesResult}; only servers without a file system ask. */
export const LIST_FILES_REQUEST = "hpyMigrate/listFiles";
/** Request to the client, {@link ReadFileParams} -> {@link ReadFileResult}; only servers without a file system ask. */
export const READ_FILE_REQUEST = "hpyMigrate/readFile";

/** Commands of `workspace/executeCommand`. Their only argument is an object of the type that is named. */
export const COMMANDS = {
  /** {@link StepParams}: applies the step by `workspace/applyEdit`. */
  applyStep: "hpyMigrate.applyStep",
  /** {@link ExplainParams}: shows the page; a client that has a better place for it registers the command itself. */
  explain: "hpyMigrate.explain",
} as const;

/** What the client may put into `initializationOptions`; all of it is optional on a server with a file system. */
export interface InitializationOptions {
  /** Where the WebAssembly modules lie, as URIs that {@link READ_FILE_REQUEST} reads; needed by the browser's server. */
  readonly wasm?: {
    /** `web-tree-sitter.wasm`. */
    readonly runtime: string;
    /** `tree-sitter-c.wasm`. */
    readonly c: string;
    /** `tree-sitter-cpp.wasm`. */
    readonly cpp: string;
  };
  /**
   * URI of a page, with `{id}` in the place of the id of a rule, transform, refusal or diagnostic: what links in
   * diagnostics and documents lead to.
   */
  readonly pages?: string;
  /**
   * Commands of {@link COMMANDS} that the client registers itself: it runs these names when a code lens or a code action
   * says so, and the server does not announce them.
   */
  readonly clientCommands?: readonly string[];
  /** The settings, for clients without `workspace/configuration`. */
  readonly settings?: Partial<Settings>;
}

/** The section `hpyMigrate` of the configuration. */
export interface Settings {
  /** Globs relative to the folder, beside those of `[tool.hpy-migrate]` in pyproject.toml. */
  readonly exclude: readonly string[];
  /** Which functions and types say where they stand: all, those that stay legacy, or none. */
  readonly diagnostics: "all" | "refused" | "none";
  /** Whether handles of HPy code, and references of C-API code, are checked. */
  readonly lint: "all" | "handles" | "none";
  readonly codeLens: boolean;
  /** Whether uses of the C API in legacy code are marked by semantic tokens. */
  readonly semanticTokens: boolean;
}

export const DEFAULT_SETTINGS: Settings = {
  exclude: [],
  diagnostics: "all",
  lint: "all",
  codeLens: true,
  semanticTokens: true,
};

/** `pure`: HPy only. `bridged`: HPy with single calls of the C API. `legacy`: stays on the C API, see its refusals. */
export type UnitStatus = "pure" | "bridged" | "legacy";

export interface FolderParams {
  readonly folder: string;
}

export interface PlanParams {
  /** Left out: all folders. */
  readonly folder?: string;
}

export interface PlanResult {
  readonly folders: readonly FolderPlan[];
}

export interface FolderPlan {
  readonly folder: string;
  readonly name: string;
  /** `planning`: what is told is of an earlier text, or nothing yet. `failed`: see `message`. */
  readonly state: "planning" | "ready" | "failed";
  /** Why there is no plan, one line; null when there is one. */
  readonly message: string | null;
  readonly modules: readonly PlanModule[];
  /** All steps in the order in which they apply; the first one is the next. */
  readonly steps: readonly PlanStep[];
  readonly totals: Totals;
}

/** Functions that use Python's C API, and how far they are. */
export interface Totals {
  readonly functions: number;
  /** HPy already. */
  readonly migrated: number;
  /** A step moves them. */
  readonly ready: number;
  readonly legacy: number;
}

export interface PlanStep {
  readonly id: string;
  readonly title: string;
  readonly kind: string;
  readonly module: string;
  readonly files: readonly string[];
  readonly insertions: number;
  readonly deletions: number;
  readonly notes: readonly string[];
}

export interface PlanModule {
  readonly name: string;
  /** The file that defines the module. */
  readonly place: Place | null;
  /** Why the module itself cannot move; empty when it can. */
  readonly refusals: readonly PlanRefusal[];
  /** Step that makes it an HPy module; null when it is one or stays. */
  readonly step: string | null;
  readonly types: readonly PlanType[];
  /** Functions that belong to none of the types. */
  readonly functions: readonly PlanFunction[];
}

export interface PlanType {
  readonly name: string;
  readonly place: Place;
  readonly status: UnitStatus;
  readonly refusals: readonly PlanRefusal[];
  /** Step that moves it; null when it has moved or stays. */
  readonly step: string | null;
  /** Its methods, getters, setters and slots. */
  readonly functions: readonly PlanFunction[];
}

export interface PlanFunction {
  readonly name: string;
  readonly place: Place;
  readonly kind: "method" | "helper" | "init" | "type" | "migrated";
  /** Once all steps are applied. */
  readonly status: UnitStatus;
  /** Whether it is HPy already. */
  readonly migrated: boolean;
  /** Step that moves it; null when it has moved or stays. */
  readonly step: string | null;
  readonly refusals: readonly PlanRefusal[];
}

export interface PlanRefusal {
  readonly id: string;
  readonly message: string;
  readonly place: Place;
}

export interface Place {
  readonly uri: string;
  /** Lines count from 0, characters as negotiated. */
  readonly range: PlaceRange;
}

export interface PlaceRange {
  readonly start: { readonly line: number; readonly character: number };
  readonly end: { readonly line: number; readonly character: number };
}

/** What to apply or to show: by `step` that one alone, otherwise several. */
export type StepSelector =
  | { readonly kind: "next" }
  | { readonly kind: "all" }
  | { readonly kind: "step"; readonly id: string }
  /** All steps up to this one. */
  | { readonly kind: "through"; readonly id: string }
  /** What moves this function, planned before the others, with what it needs. */
  | { readonly kind: "function"; readonly name: string };

export interface StepParams extends FolderParams {
  readonly selector: StepSelector;
}

export interface StepDiffResult {
  /** What `hpy-migrate diff` prints for the selector; empty with a `problem`. */
  readonly diff: string;
  /** The texts around the change by file, for a client that shows diffs side by side. */
  readonly files: readonly {
    readonly uri: string;
    readonly path: string;
    /** Null where the step makes the file. */
    readonly before: string | null;
    readonly after: string;
  }[];
  readonly steps: readonly PlanStep[];
  /** Why there is nothing to show, one line. */
  readonly problem: string | null;
}

export interface ApplyStepResult {
  /** A `WorkspaceEdit` of the protocol; null with a `problem`. */
  readonly edit: object | null;
  readonly steps: readonly PlanStep[];
  /** Why there is no edit, one line. */
  readonly problem: string | null;
}

export interface ReportResult {
  /** A whole page with a content security policy of its own; null with a `problem`. */
  readonly html: string | null;
  readonly problem: string | null;
}

export interface ExplainParams {
  readonly id: string;
}

export interface ExplainResult {
  /** Null when nothing has this name. */
  readonly markdown: string | null;
}

export interface StatusParams {
  readonly folders: readonly {
    readonly folder: string;
    readonly name: string;
    /** `indexing`: files are being read. `planning`: a plan is being made. */
    readonly state: "indexing" | "planning" | "ready" | "failed";
    readonly message: string | null;
    readonly totals: Totals;
    /** Whole percents of the functions that are HPy already; null where none is known. */
    readonly share: number | null;
    /** Files read so far and in all, while indexing. */
    readonly progress: { readonly done: number; readonly total: number } | null;
  }[];
}

export interface PlanChangedParams {
  readonly folder: string;
}

export interface ListFilesParams {
  readonly folder: string;
  /** Ends of the names of files that may matter, in lower case. */
  readonly extensions: readonly string[];
  /** Whole names of further files that may matter. */
  readonly names: readonly string[];
  /** Names of directories that need not be looked into; those that start with a dot never matter. */
  readonly skip: readonly string[];
}

export interface ListFilesResult {
  /** Paths below the folder with `/`; more than needed does no harm. */
  readonly files: readonly string[];
}

export interface ReadFileParams {
  readonly uri: string;
}

export interface ReadFileResult {
  /** The bytes of the file in base64; null where it cannot be read. */
  readonly base64: string | null;
}
