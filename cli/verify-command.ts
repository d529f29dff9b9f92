/** `hpy-migrate verify`, and what `apply --verify` shares with it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { InvalidArgumentError } from "commander";
import type { MigrationPlan, Step } from "../engine/types.ts";
import type { Style } from "../report/style.ts";
import { compareStates } from "../verify/compare.ts";
import { Laboratory } from "../verify/laboratory.ts";
import { findBuildCommand, findRequirements, findTestCommand } from "../verify/project-commands.ts";
import { cacheDirectory, PythonEnvironmentError } from "../verify/python-environment.ts";
import { type KeptSteps, keepGreenSteps, type Replan } from "../verify/roll-back.ts";
import { type SeriesResult, type SeriesStep, statesOf, verifySeries } from "../verify/series.ts";
import { type Baseline, type HpyAbi, Verifier } from "../verify/verifier.ts";
import { Workplace } from "../verify/workplace.ts";
import { withEdits } from "./edited-series.ts";
import { type Result, success, unusable } from "./failure.ts";
import { exportRevision, lastCapiRevision, startAt, stepsSince } from "./history.ts";
import { ProgressBar } from "./progress.ts";
import type { Project } from "./project.ts";
import {
  isGreen,
  renderBaseline,
  renderComparison,
  renderDropped,
  renderStepResult,
  renderUnbuilt,
  renderVerdict,
  verifyJson,
} from "./verify-text.ts";

/** Options of `verify` and of `apply --verify`. */
export interface VerifyOptions {
  readonly build?: string;
  readonly test?: string;
  readonly abi?: readonly HpyAbi[];
  readonly python?: string;
  readonly require?: readonly string[];
  readonly timeout?: number;
  readonly bisect?: true;
  readonly compare?: true;
  readonly since?: string;
}

/** Where a verification writes. */
export interface VerifyOutput {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly style: Style;
  /** Text for stdout. */
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Columns of the terminal that stderr is; null when it is none. */
  readonly columns: number | null;
}

const ABIS: readonly HpyAbi[] = ["cpython", "hybrid", "universal"];

/** Reads `--abi`, a list with commas. */
export function abiList(given: string): readonly HpyAbi[] {
  return given.split(",").map((name) => {
    const known = ABIS.find((abi) => abi === name.trim());
    if (known === undefined) throw new InvalidArgumentError(`The ABIs are ${ABIS.join(", ")}.`);
    return known;
  });
}

/** Reads `--timeout`, in seconds. */
export function positiveSeconds(given: string): number {
  const number = Number(given);
  if (Number.isFinite(number) && number > 0) return number;
  throw new InvalidArgumentError("It must be a positive number of seconds.");
}

/** A verification that is ready to go: the original is built and tested. */
interface Verification {
  readonly laboratory: Laboratory;
  readonly verifier: Verifier;
  readonly baseline: Baseline;
  readonly commands: { readonly build: string; readonly test: string | null };
  readonly progress: ProgressBar | null;
  /** Prints text without disturbing the progress bar. */
  readonly say: (text: string) => void;
}

/** Status with which a process that a signal ended is known to shells. */
const SIGNAL_STATUS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** What a series starts from. */
interface Start {
  /** Whether some module is HPy already. */
  readonly kind: "capi" | "hpy";
  /** A revision of the repository; null for the tree as it is. */
  readonly revision: string | null;
}

/** Whether something is wrong before the first step. */
function isUnsound({ failure, failing, leaks }: Baseline): boolean {
  return failure !== null || failing.length + leaks.length > 0;
}

/** Runs work in a laboratory that is gone afterwards, also when the process is told to end meanwhile. */
async function withVerification(
  project: Project,
  start: Start,
  options: VerifyOptions,
  output: VerifyOutput,
  work: (verification: Verification) => Promise<Result<number>>,
  /** Asked when the start is unsound: the answer, or null to go on. */
  explain: () => Promise<Result<number> | null> = async () => null,
): Promise<Result<number>> {
  const { configuration, root } = project;
  const build = options.build ?? configuration.build ?? findBuildCommand(root)?.command;
  if (build === undefined) {
    return unusable(`${root}: has no setup.py or pyproject.toml of setuptools; say how to build with --build`);
  }
  const test = options.test ?? configuration.test ?? findTestCommand(root)?.command ?? null;
  if (test === null) output.err("hpy-migrate: no tests were found, so steps are only built; name them with --test\n");
  const python = options.python ?? configuration.python ?? null;
  if (python?.includes("/") && !existsSync(python)) return unusable(`${python}: no such interpreter`);
  const requirements = [...findRequirements(root), ...configuration.requires, ...(options.require ?? [])];

  const progress = output.columns === null ? null : new ProgressBar(output.err, output.columns);
  progress?.activity("preparing the environment");
  let laboratory: Laboratory;
  try {
    laboratory = await Laboratory.open({ python, requirements });
  } catch (error) {
    progress?.clear();
    if (error instanceof PythonEnvironmentError) return unusable(error.message);
    throw error;
  }
  const interrupt = (signal: NodeJS.Signals): void => {
    progress?.clear();
    void laboratory.close().then(() => process.exit(SIGNAL_STATUS[signal as keyof typeof SIGNAL_STATUS]));
  };
  for (const signal of Object.keys(SIGNAL_STATUS)) process.on(signal, interrupt);
  try {
    for (const warning of laboratory.warnings) output.err(`hpy-migrate: ${warning}\n`);
    const exported = join(laboratory.directory, "revision");
    if (start.revision !== null) {
      const written = exportRevision(root, start.revision, exported);
      if (!written.ok) return written;
    }
    const verifier = new Verifier(laboratory, {
      root: start.revision === null ? root : exported,
      build,
      test,
      start: start.kind,
      abi: options.abi?.[0] ?? "hybrid",
      timeout: options.timeout ?? null,
      memory: null,
      onActivity: (activity) => progress?.activity(activity),
    });
    const say = (text: string): void => {
      progress?.clear();
      output.out(text);
    };
    const baseline = await verifier.baseline();
    if (!output.json) say(renderBaseline(baseline, test, output.style));
    const explained = isUnsound(baseline) ? await explain() : null;
    if (explained !== null) return explained;
    if (baseline.failure !== null) {
      if (output.json) say(json(verifyJson({ build, test }, [], [], baseline, null, null)));
      return success(1);
    }
    return await work({ laboratory, verifier, baseline, commands: { build, test }, progress, say });
  } finally {
    for (const signal of Object.keys(SIGNAL_STATUS)) process.off(signal, interrupt);
    await laboratory.close();
    progress?.clear();
  }
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Whether a project's files hold an HPy module. */
function startOf(project: Project): "capi" | "hpy" {
  return project.input.files.some((file) => file.text.includes("HPy_MODINIT")) ? "hpy" : "capi";
}

/** The ABIs for each step, and those for the last state only. */
interface Abis {
  readonly abis: readonly HpyAbi[];
  readonly finalAbis: readonly HpyAbi[];
}

function abisFor(plan: MigrationPlan, steps: readonly Step[], options: VerifyOptions): Abis {
  if (options.abi !== undefined) return { abis: options.abi, finalAbis: [] };
  const isFinished = plan.modules.every((module) =>
    steps.some((step) => step.kind === "finish" && step.module === module.name),
  );
  return { abis: ["hybrid"], finalAbis: isFinished ? ["cpython", "universal"] : ["cpython"] };
}

/** Plans the project in a directory; null when there is none. */
export type PlanAt = (root: string) => Promise<MigrationPlan | null>;

/**
 * Replays the steps of a plan. Status 1 when one fails. When something is wrong with a project that is HPy already, the
 * steps that it was made by are replayed from its history, to name the one with the fault.
 */
export function verifyPlan(
  project: Project,
  plan: MigrationPlan,
  planAt: PlanAt,
  options: VerifyOptions,
  output: VerifyOutput,
): Promise<Result<number>> {
  const start = { kind: startOf(project), revision: null };
  const explain = start.kind === "hpy" ? () => blameHistory(project, plan, planAt, options, output) : undefined;
  const modules = plan.modules.filter((module) => module.steps.length > 0).map((module) => module.name);
  return verifySteps(project, start, plan.steps, abisFor(plan, plan.steps, options), options, output, explain, modules);
}

/** Names what was done since the C API that spoils something; null when nothing does, or there is no history. */
async function blameHistory(
  project: Project,
  pending: MigrationPlan,
  planAt: PlanAt,
  options: VerifyOptions,
  output: VerifyOutput,
): Promise<Result<number> | null> {
  const revision = lastCapiRevision(project.root);
  if (revision === null) return null;
  const commits = stepsSince(project.root, revision);
  if (!commits.ok) return null;
  const steps = (await plannedSteps(project, revision, commits.value, pending, planAt)) ?? commits.value;
  let told = "";
  const kept: VerifyOutput = {
    ...output,
    out: (text) => {
      told += text;
    },
  };
  const { compare: _, ...replayed } = options;
  const start = { kind: "capi", revision } as const;
  const result = await verifySteps(project, start, steps, abisOf(options), { ...replayed, bisect: true }, kept);
  if (!result.ok || result.value === 0) return null;
  if (!output.json) output.out(`since ${revision}, which is of the C API:\n`);
  output.out(told);
  return result;
}

/** The steps that were applied without a commit for each, with what was edited since; null when that cannot be told. */
async function plannedSteps(
  project: Project,
  revision: string,
  commits: readonly SeriesStep[],
  pending: MigrationPlan,
  planAt: PlanAt,
): Promise<readonly SeriesStep[] | null> {
  const [only, second] = commits;
  if (only === undefined || second !== undefined) return null;
  const workplace = new Workplace(join(cacheDirectory(), "verify"));
  try {
    const original = join(workplace.directory, "revision");
    if (!exportRevision(project.root, revision, original).ok) return null;
    const steps = (await planAt(original))?.steps ?? [];
    const applied = steps.slice(0, Math.max(steps.length - pending.steps.length, 0));
    return withEdits(applied, new Map(only.changes.map(({ path, after }) => [path, after])));
  } finally {
    await workplace.close();
  }
}

/** The ABIs where no plan says how far the project is. */
function abisOf(options: VerifyOptions): Abis {
  return { abis: options.abi ?? (["hybrid"] as const), finalAbis: options.abi ? [] : (["cpython"] as const) };
}

/** Replays the commits since a revision, and what is not committed. Status 1 when one fails. */
export async function verifyHistory(
  project: Project,
  revision: string,
  options: VerifyOptions,
  output: VerifyOutput,
): Promise<Result<number>> {
  const steps = stepsSince(project.root, revision);
  if (!steps.ok) return steps;
  const start = { kind: startAt(project.root, revision), revision };
  return verifySteps(project, start, steps.value, abisOf(options), options, output);
}

function verifySteps(
  project: Project,
  start: Start,
  steps: readonly SeriesStep[],
  { abis, finalAbis }: Abis,
  options: VerifyOptions,
  output: VerifyOutput,
  explain?: () => Promise<Result<number> | null>,
  /** Names of the modules that the steps move. */
  modules: readonly string[] = [],
): Promise<Result<number>> {
  const work = async (verification: Verification): Promise<Result<number>> => {
    const result = await replay(verification, steps, abis, finalAbis, options, output);
    const { laboratory, verifier, baseline, progress } = verification;
    const last = statesOf(steps).at(-1) ?? new Map();
    const comparison =
      options.compare && result.failed === null && steps.length > 0
        ? await compareStates(laboratory, verifier, baseline.abi, last, abis[0] ?? "hybrid", (activity) =>
            progress?.activity(activity),
          )
        : null;
    const unbuilt = modules.filter((name) => !baseline.modules.includes(name));
    if (output.json) {
      const told = verifyJson(verification.commands, abis, finalAbis, baseline, result, comparison);
      verification.say(json({ ...told, unbuilt }));
    } else {
      if (comparison !== null) verification.say(renderComparison(comparison, output.style));
      verification.say(renderUnbuilt(unbuilt));
      verification.say(renderVerdict(result, baseline, abis, finalAbis, output.style));
    }
    const isSame = comparison === null || comparison.differences.length === 0;
    return success(isGreen(result, baseline) && isSame ? 0 : 1);
  };
  return withVerification(project, start, options, output, work, explain);
}

async function replay(
  verification: Verification,
  steps: readonly SeriesStep[],
  abis: readonly HpyAbi[],
  finalAbis: readonly HpyAbi[],
  options: VerifyOptions,
  output: VerifyOutput,
): Promise<SeriesResult> {
  const { verifier, progress, say } = verification;
  const result = await verifySeries(verifier, steps, {
    abis,
    finalAbis,
    group: options.bisect ? Number.POSITIVE_INFINITY : 1,
    known: 0,
    onStep: (done, total) => progress?.steps(done, total),
    onResult: (step, index) => {
      if (!output.json && !options.bisect) say(renderStepResult(step, index, steps.length, output.style));
    },
  });
  if (!output.json) {
    for (const [index, step] of result.steps.entries()) {
      if (options.bisect || step.verdict === "failed") say(renderStepResult(step, index, steps.length, output.style));
    }
  }
  return result;
}

/**
 * Verifies the steps that a plan offers, drops those that fail, and hands the ones that are kept to `write`. Nothing is
 * written when the original itself cannot be verified.
 */
export function verifyAndKeep(
  project: Project,
  plan: MigrationPlan,
  replan: Replan,
  options: VerifyOptions,
  output: VerifyOutput,
  write: (kept: KeptSteps) => Promise<Result<number>>,
): Promise<Result<number>> {
  const start = { kind: startOf(project), revision: null };
  return withVerification(project, start, options, output, async ({ verifier, progress, say }) => {
    const series = {
      abis: abisFor(plan, [], options).abis,
      finalAbis: (made: MigrationPlan, steps: readonly Step[]) => abisFor(made, steps, options).finalAbis,
      group: 1,
      known: 0,
      onStep: (done: number, total: number) => progress?.steps(done, total),
      onResult: () => {},
    };
    const kept = await keepGreenSteps(verifier, replan, series, (dropped) => {
      if (!output.json) say(renderDropped(dropped, output.style));
    });
    progress?.clear();
    return kept === null ? unusable("nothing is left of the selection") : write(kept);
  });
}
