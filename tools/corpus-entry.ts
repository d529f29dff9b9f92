/** What the corpus says of a package, and what running it gives. */

/** An entry of corpus/packages.json. */
export interface CorpusEntry {
  readonly name: string;
  readonly version: string;
  /** Of the source archive; missing where the package index has none and a directory must be given. */
  readonly sha256?: string;
  /** Extension modules that its build makes. */
  readonly modules: readonly string[];
  /** What is rare about it. */
  readonly about: string;
  /** Shell command; found by the files otherwise. */
  readonly build?: string;
  /** Shell command; found by the files otherwise. */
  readonly test?: string;
  /** Directory in the repository with tests for an archive that has none. */
  readonly tests?: string;
  readonly requires?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Steps between two checks; 1 is the default. */
  readonly group?: number;
  /** False where calling functions with arbitrary values would harm or take for ever. */
  readonly compare?: boolean;
  readonly exclude?: readonly string[];
}

/** What became of a package. Every number was measured by running it. */
export interface CorpusResult {
  readonly name: string;
  readonly version: string;
  /** Why there is no verification; null when there is. */
  readonly unverified: string | null;
  readonly functions: { readonly pure: number; readonly bridged: number; readonly legacy: number };
  readonly types: { readonly moved: number; readonly legacy: number };
  /** What holds functions and types back, with their number; `follows` where they only wait for others. */
  readonly causes: readonly {
    readonly id: string;
    readonly title: string;
    readonly holds: number;
    readonly follows: boolean;
  }[];
  readonly steps: {
    readonly total: number;
    readonly green: number;
    /** Steps inside a group whose last state is green. */
    readonly within: number;
    readonly rolledBack: readonly { readonly id: string; readonly evidence: readonly string[] }[];
  };
  readonly checks: number;
  readonly testsBefore: TestNumbers | null;
  readonly testsAfter: TestNumbers | null;
  /** Open handles at the end of the last green state's runs in debug mode. */
  readonly leaks: number | null;
  /** Modules that the tests do not load. */
  readonly untested: readonly string[];
  /** Modules with steps that the build does not make here, such as those of other systems. */
  readonly unbuilt: readonly string[];
  /** Functions that were called with edge values on both builds, and calls whose outcomes differ. */
  readonly comparison: {
    readonly functions: number;
    readonly calls: number;
    readonly differences: readonly string[];
  } | null;
  readonly planSeconds: number;
  readonly verifySeconds: number;
  /** Peak memory of planning in MB. */
  readonly memory: number;
  readonly insertions: number;
  readonly deletions: number;
}

/** The part of a result that building and testing gives. */
export type Verification = Pick<
  CorpusResult,
  | "unverified"
  | "steps"
  | "checks"
  | "testsBefore"
  | "testsAfter"
  | "leaks"
  | "untested"
  | "unbuilt"
  | "comparison"
  | "verifySeconds"
>;

/** What the process that runs one package is told. */
export interface CorpusJob {
  readonly entry: CorpusEntry;
  /** Directory of the package's source; it is only read. */
  readonly source: string;
  /** Digest of the source. */
  readonly digest: string;
  /** Digest of the code that decides how a verification ends. */
  readonly code: string;
  /** Steps between two checks, unless the package asks for more. */
  readonly group: number;
  /** `kept` takes what earlier runs have found of the same series, and builds nothing. */
  readonly verify: "anew" | "kept";
}

export interface TestNumbers {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}
