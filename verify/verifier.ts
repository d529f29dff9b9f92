/** Checks single states of a project's tree against what it was like before: does it build, pass, crash, hang, leak. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Abi } from "./build.ts";
import { buildEvidence, crashEvidence, leakEvidence, missingEvidence, testEvidence } from "./evidence.ts";
import type { Laboratory } from "./laboratory.ts";
import {
  buildPackage,
  copyTree,
  moduleOf,
  type PackageBuild,
  type PackageTests,
  type Strictness,
  type TestOptions,
  Tree,
  testPackage,
} from "./package-run.ts";

/** The ABIs that a step can be checked under. */
export type HpyAbi = Exclude<Abi, "capi">;

/** What a state consists of: the files that differ from the tree as it was read, latin-1 text by path; null for a file that is gone. */
export type State = ReadonlyMap<string, string | null>;

export type ProblemKind = "build" | "missing-module" | "test" | "crash" | "hang" | "leak";

/** Something that was in order at the start and is not any more. */
export interface Problem {
  readonly kind: ProblemKind;
  readonly abi: Abi;
  /** Null for what shows before the tests run. */
  readonly mode: "release" | "debug" | null;
  /** One line. */
  readonly message: string;
  /** A few lines of what the compiler, the tests or the debug mode said. */
  readonly evidence: readonly string[];
}

/** How the tests of one run ended. All zero where only the exit status of the command is known. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface StateResult {
  readonly problems: readonly Problem[];
  /** Tests that failed once and passed when they were repeated. */
  readonly unstable: readonly string[];
  /** Of the last ABI's release run; null when there are no tests or the build failed. */
  readonly tests: TestCounts | null;
  /** Open handles at the end of debug runs. */
  readonly leaks: number;
  readonly seconds: number;
}

export interface Baseline {
  /** Why nothing can be verified; null when it can. */
  readonly failure: Problem | null;
  readonly abi: Abi;
  /** Names of the extension modules that the build makes. */
  readonly modules: readonly string[];
  /** Tests that fail before the first step. */
  readonly failing: readonly string[];
  readonly tests: TestCounts | null;
  /** Handles that the project leaks already; nothing for a project that is not HPy yet. */
  readonly leaks: readonly string[];
  /** Modules that no test loads: what happens in them is not tested. */
  readonly untested: readonly string[];
  readonly buildSeconds: number;
  readonly testSeconds: number;
}

export interface VerifierOptions {
  /** The project's tree; it is only read. */
  readonly root: string;
  readonly build: string;
  /** Null when there are no tests. */
  readonly test: string | null;
  /** Whether some module is HPy already, so that the start must be built and watched like any other state. */
  readonly start: "capi" | "hpy";
  /** ABI under which an HPy project's start is measured. */
  readonly abi: HpyAbi;
  /** Seconds after which tests are taken to hang; null for a limit by how long they take at the start. */
  readonly timeout: number | null;
  /** Where green states are remembered between runs, and what the tree and its tests are; null to forget them. */
  readonly memory: { readonly directory: string; readonly identity: string } | null;
  /** Told what is going on, for a progress bar. */
  readonly onActivity: (activity: string) => void;
}

/** Frames of a trace: enough to reach the project's code from inside the debug mode. */
const FRAMES = 24;

function countsOf(tests: PackageTests): TestCounts {
  const count = (outcome: string): number => [...tests.outcomes.values()].filter((other) => other === outcome).length;
  return { passed: count("passed"), failed: count("failed"), skipped: count("skipped") };
}

function idsWith(tests: PackageTests, outcome: string): string[] {
  return [...tests.outcomes].filter(([, other]) => other === outcome).map(([id]) => id);
}

/** What a run is compared with. */
interface Reference {
  readonly passed: ReadonlySet<string>;
  readonly status: number | null;
  readonly leaks: number;
}

export class Verifier {
  readonly #laboratory: Laboratory;
  readonly #options: VerifierOptions;
  readonly #trees = new Map<Abi, Tree>();
  readonly #references = new Map<"release" | "debug", Reference>();
  readonly #pristine: string;
  #strictness: Strictness = "strict";
  #modules: readonly string[] = [];
  #testSeconds = 0;

  constructor(laboratory: Laboratory, options: VerifierOptions) {
    this.#laboratory = laboratory;
    this.#options = options;
    this.#pristine = join(laboratory.directory, "pristine");
    copyTree(options.root, this.#pristine);
  }

  /** Builds and tests the project as it is. Must be called first. */
  async baseline(): Promise<Baseline> {
    const isHpy = this.#options.start === "hpy";
    const abi = isHpy ? this.#options.abi : "capi";
    const tree = this.#treeOf(abi);
    this.#options.onActivity("building the original");
    let build = await this.#build(tree, abi);
    if (!build.ok) {
      // Code that compiles only with warnings is theirs; then such warnings cannot tell against a step.
      this.#strictness = "lenient";
      build = await this.#build(tree, abi);
    }
    this.#modules = [...new Set(build.libraries.map(moduleOf))];
    const result: Baseline = {
      failure: null,
      abi,
      modules: this.#modules,
      failing: [],
      tests: null,
      leaks: [],
      untested: [],
      buildSeconds: build.seconds,
      testSeconds: 0,
    };
    if (!build.ok) {
      const evidence = buildEvidence(build, tree.root);
      return {
        ...result,
        failure: { kind: "build", abi, mode: null, message: "the original does not build", evidence },
      };
    }
    if (this.#options.test === null) return result;
    this.#options.onActivity("testing the original");
    const tests = await this.#test(tree, build, abi, "release", 0);
    if (tests.timedOut) {
      const message = `the original's tests did not end in ${Math.round(tests.seconds)} s`;
      const evidence = tests.last === null ? [] : [`while ${tests.last} was running`];
      return { ...result, failure: { kind: "hang", abi, mode: "release", message, evidence } };
    }
    if (tests.signal !== null) {
      const message = `the original's tests end with ${tests.signal}${tests.last === null ? "" : ` in ${tests.last}`}`;
      const evidence = crashEvidence(tests, tree.root);
      return { ...result, failure: { kind: "crash", abi, mode: "release", message, evidence } };
    }
    if (tests.outcomes.size === 0 && tests.status !== 0) {
      // pytest and unittest say so when they found no test.
      const message =
        tests.status === 5
          ? "the test command ran no test"
          : `the original's test command fails (status ${tests.status}) and does not say which tests do`;
      return {
        ...result,
        failure: { kind: "test", abi, mode: "release", message, evidence: testEvidence(tests, [], tree.root) },
      };
    }
    if (tests.outcomes.size > 0 && idsWith(tests, "passed").length === 0) {
      const evidence = testEvidence(tests, idsWith(tests, "failed"), tree.root);
      const message = "no test of the original passes, so none can tell against a step";
      return { ...result, failure: { kind: "test", abi, mode: "release", message, evidence } };
    }
    this.#testSeconds = tests.seconds;
    const reference = { passed: new Set(idsWith(tests, "passed")), status: tests.status, leaks: 0 };
    this.#references.set("release", reference);
    this.#references.set("debug", reference);
    let leaks: string[] = [];
    if (isHpy && abi !== "cpython") {
      const debug = await this.#test(tree, build, abi, "debug", FRAMES);
      leaks = leakEvidence(debug.leaks, tree.root);
      const passed = new Set(idsWith(debug, "passed"));
      this.#references.set("debug", { passed, status: debug.status, leaks: debug.leaks.length });
    }
    return {
      ...result,
      failing: idsWith(tests, "failed"),
      tests: countsOf(tests),
      leaks,
      untested: tests.loaded === null ? [] : this.#modules.filter((name) => !tests.loaded?.has(name)),
      testSeconds: tests.seconds,
    };
  }

  /** Builds and tests a state under some ABIs; stops at the first that has problems. */
  async check(state: State, abis: readonly HpyAbi[], label: string): Promise<StateResult> {
    const results: StateResult[] = [];
    for (const abi of abis) {
      const key = this.#keyOf(state, abi);
      const known = this.#recall(key);
      const result = known ?? (await this.#checkOne(state, abi, label));
      if (known === null && result.problems.length === 0) this.#remember(key, result);
      results.push(result);
      if (result.problems.length > 0) break;
    }
    return {
      problems: results.flatMap((result) => result.problems),
      unstable: [...new Set(results.flatMap((result) => result.unstable))],
      tests: results.at(-1)?.tests ?? null,
      leaks: results.reduce((sum, result) => sum + result.leaks, 0),
      seconds: results.reduce((sum, result) => sum + result.seconds, 0),
    };
  }

  /** Directory and libraries of a state, built; null when it does not build. For those who want to load it. */
  async buildState(state: State, abi: Abi): Promise<{ readonly root: string; readonly build: PackageBuild } | null> {
    const tree = this.#treeOf(abi);
    tree.write(state);
    const build = await this.#build(tree, abi);
    return build.ok ? { root: tree.root, build } : null;
  }

  async #checkOne(state: State, abi: HpyAbi, label: string): Promise<StateResult> {
    const start = performance.now();
    const seconds = (): number => (performance.now() - start) / 1000;
    const tree = this.#treeOf(abi);
    tree.write(state);
    const failed = (problem: Problem): StateResult => ({
      problems: [problem],
      unstable: [],
      tests: null,
      leaks: 0,
      seconds: seconds(),
    });
    this.#options.onActivity(`${label}: building (${abi})`);
    const build = await this.#build(tree, abi);
    if (!build.ok) {
      const evidence = buildEvidence(build, tree.root);
      return failed({ kind: "build", abi, mode: null, message: `it does not build (${abi})`, evidence });
    }
    const built = new Set(build.libraries.map(moduleOf));
    const missing = this.#modules.filter((name) => !built.has(name));
    if (missing.length > 0) {
      const evidence = missingEvidence(build, missing, tree.root);
      const message = `the build leaves out ${missing.join(", ")} (${abi})`;
      return failed({ kind: "missing-module", abi, mode: null, message, evidence });
    }
    if (this.#options.test === null) return { problems: [], unstable: [], tests: null, leaks: 0, seconds: seconds() };

    const unstable: string[] = [];
    let counts: TestCounts | null = null;
    let leaks = 0;
    for (const mode of abi === "cpython" ? (["release"] as const) : (["release", "debug"] as const)) {
      this.#options.onActivity(`${label}: testing (${abi}${mode === "debug" ? ", debug mode" : ""})`);
      const run = await this.#runTests(tree, build, abi, mode);
      counts ??= countsOf(run.tests);
      leaks += run.tests.leaks.length;
      unstable.push(...run.unstable);
      if (run.problem !== null) {
        return { problems: [run.problem], unstable, tests: counts, leaks, seconds: seconds() };
      }
    }
    return { problems: [], unstable, tests: counts, leaks, seconds: seconds() };
  }

  /** One run of the tests; repeated when it is worse than it was, so that a test that fails now and then is not blamed on a step. */
  async #runTests(
    tree: Tree,
    build: PackageBuild,
    abi: HpyAbi,
    mode: "release" | "debug",
  ): Promise<{ readonly tests: PackageTests; readonly problem: Problem | null; readonly unstable: readonly string[] }> {
    const tests = await this.#test(tree, build, abi, mode, 0);
    const worse = this.#isWorse(tests, mode);
    if (worse.fatal) return { tests, problem: this.#problemOf(tests, [], tree, abi, mode), unstable: [] };
    if (worse.broken.length === 0 && !worse.status && !worse.leaks) return { tests, problem: null, unstable: [] };
    const again = await this.#test(tree, build, abi, mode, mode === "debug" && worse.leaks ? FRAMES : 0);
    const still = this.#isWorse(again, mode);
    const broken = worse.broken.filter((id) => still.broken.includes(id));
    const unstable = [...worse.broken, ...still.broken].filter((id) => !broken.includes(id));
    const isWorse = still.fatal || broken.length > 0 || (worse.status && still.status) || (worse.leaks && still.leaks);
    return { tests: again, problem: isWorse ? this.#problemOf(again, broken, tree, abi, mode) : null, unstable };
  }

  #isWorse(
    tests: PackageTests,
    mode: "release" | "debug",
  ): {
    readonly fatal: boolean;
    readonly broken: readonly string[];
    readonly status: boolean;
    readonly leaks: boolean;
  } {
    const reference = this.#references.get(mode) as Reference;
    const fatal = tests.timedOut || tests.signal !== null;
    const broken = fatal ? [] : [...reference.passed].filter((id) => tests.outcomes.get(id) !== "passed");
    return {
      fatal,
      broken,
      // Where tests are known by name, their names tell; a failure before counts only with the exit status.
      status: !fatal && reference.status === 0 && tests.status !== 0 && broken.length === 0,
      leaks: tests.leaks.length > reference.leaks,
    };
  }

  #problemOf(tests: PackageTests, broken: readonly string[], tree: Tree, abi: Abi, mode: "release" | "debug"): Problem {
    const where = `(${abi}${mode === "debug" ? ", debug mode" : ""})`;
    const during = tests.last === null ? "" : ` in ${tests.last}`;
    const base = { abi, mode } as const;
    if (tests.timedOut) {
      const message = `the tests did not end in ${Math.round(tests.seconds)} s${during} ${where}`;
      return { ...base, kind: "hang", message, evidence: testEvidence(tests, [], tree.root) };
    }
    if (tests.signal !== null) {
      const message = `the interpreter died of ${tests.signal}${during} ${where}`;
      return { ...base, kind: "crash", message, evidence: crashEvidence(tests, tree.root) };
    }
    if (broken.length > 0) {
      const what =
        broken.length === 1 ? "a test that passed before fails" : `${broken.length} tests that passed before fail`;
      return { ...base, kind: "test", message: `${what} ${where}`, evidence: testEvidence(tests, broken, tree.root) };
    }
    const reference = this.#references.get(mode) as Reference;
    if (tests.leaks.length > reference.leaks) {
      const open = tests.leaks.length - reference.leaks;
      const message = `${open === 1 ? "a handle is" : `${open} handles are`} never closed ${where}`;
      return { ...base, kind: "leak", message, evidence: leakEvidence(tests.leaks, tree.root) };
    }
    const message = `the test command ends with status ${tests.status} ${where}`;
    return { ...base, kind: "test", message, evidence: testEvidence(tests, [], tree.root) };
  }

  #treeOf(abi: Abi): Tree {
    let tree = this.#trees.get(abi);
    if (tree === undefined) {
      const root = join(this.#laboratory.directory, abi);
      copyTree(this.#pristine, root);
      tree = new Tree(root);
      this.#trees.set(abi, tree);
    }
    return tree;
  }

  #build(tree: Tree, abi: Abi): Promise<PackageBuild> {
    return buildPackage(this.#laboratory, tree.root, abi, this.#options.build, this.#strictness);
  }

  #test(tree: Tree, build: PackageBuild, abi: Abi, mode: "release" | "debug", traces: number): Promise<PackageTests> {
    const usual = this.#testSeconds === 0 ? 3600 : 60 + 20 * this.#testSeconds;
    // HPy's debug mode is several times slower, recording traces many times.
    const factor = mode === "release" ? 1 : traces > 0 ? 10 : 4;
    const options: TestOptions = {
      command: this.#options.test as string,
      abi,
      mode,
      traces,
      limit: (this.#options.timeout ?? usual) * factor,
    };
    return testPackage(this.#laboratory, tree.root, build.libraries, options);
  }

  #keyOf(state: State, abi: Abi): string {
    const hash = createHash("sha256");
    const { build, test, memory } = this.#options;
    for (const part of [memory?.identity ?? "", this.#laboratory.environment.version, abi, build, test ?? ""]) {
      hash.update(`${part}\0`);
    }
    for (const [path, text] of [...state].sort(([a], [b]) => (a < b ? -1 : 1))) {
      hash.update(`${path}\0${text?.length}\0`).update(text ?? "", "latin1");
    }
    return hash.digest("hex").slice(0, 32);
  }

  #recall(key: string): StateResult | null {
    const { memory } = this.#options;
    const path = memory === null ? null : join(memory.directory, key);
    return path !== null && existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as StateResult) : null;
  }

  #remember(key: string, result: StateResult): void {
    const { memory } = this.#options;
    if (memory === null) return;
    mkdirSync(memory.directory, { recursive: true });
    const path = join(memory.directory, key);
    writeFileSync(`${path}.${process.pid}`, JSON.stringify(result));
    renameSync(`${path}.${process.pid}`, path);
  }
}
