/** Verifies the series of a package of the corpus, and rolls back what fails. */
import { join } from "node:path";
import type { Exclusion, MigrationPlan } from "../engine/types.ts";
import { compareStates } from "../verify/compare.ts";
import { Laboratory } from "../verify/laboratory.ts";
import { findBuildCommand, findRequirements, findTestCommand } from "../verify/project-commands.ts";
import { cacheDirectory } from "../verify/python-environment.ts";
import { keepGreenSteps } from "../verify/roll-back.ts";
import { statesOf } from "../verify/series.ts";
import { type Baseline, type State, Verifier } from "../verify/verifier.ts";
import type { CorpusEntry, Verification } from "./corpus-entry.ts";
import { type KeptVerification, seriesDigest } from "./kept-verification.ts";

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** What there is to say of a package that is only planned. */
export function unverified(plan: MigrationPlan, reason: string, baseline: Baseline | null): Verification {
  return {
    unverified: reason,
    steps: { total: plan.steps.length, green: 0, within: 0, rolledBack: [] },
    checks: 0,
    testsBefore: baseline?.tests ?? null,
    testsAfter: null,
    leaks: null,
    untested: [],
    unbuilt: [],
    comparison: null,
    verifySeconds: 0,
  };
}

/** Plans again without some steps. */
export type Replan = (excluded: readonly Exclusion[]) => MigrationPlan;

/** What came of verifying. */
export interface VerifiedEntry {
  /** The plan without what was rolled back. */
  readonly plan: MigrationPlan;
  readonly kept: KeptVerification;
}

/**
 * Builds and tests the tree at `root` along the series.
 *
 * @param conditions - Digest of what decides the outcome besides the series, for the memory of green states.
 */
export async function verifyEntry(
  entry: CorpusEntry,
  root: string,
  conditions: string,
  first: MigrationPlan,
  replan: Replan,
  group: number,
): Promise<VerifiedEntry> {
  const without = (reason: string, baseline: Baseline | null): VerifiedEntry => ({
    plan: first,
    kept: { excluded: [], last: seriesDigest(first.steps), verification: unverified(first, reason, baseline) },
  });
  const build = entry.build ?? findBuildCommand(root)?.command;
  if (build === undefined) return without("its build is not one of setuptools", null);
  const ownTests = entry.tests === undefined ? null : "python -m pytest -q --tb=short corpus_tests";
  const test = entry.test ?? ownTests ?? findTestCommand(root)?.command ?? null;
  const started = performance.now();
  const requirements = [...findRequirements(root), ...(entry.requires ?? [])];
  const laboratory = await Laboratory.open({ python: null, requirements });
  try {
    for (const warning of laboratory.warnings) say(`${entry.name}: ${warning}`);
    const verifier = new Verifier(laboratory, {
      root,
      build,
      test,
      start: "capi",
      abi: "hybrid",
      timeout: null,
      memory: { directory: join(cacheDirectory(), "corpus", "green"), identity: conditions },
      onActivity: (activity) => say(`${entry.name}: ${activity}`),
    });
    const baseline = await verifier.baseline();
    if (baseline.failure !== null) {
      const [line = ""] = baseline.failure.evidence;
      return without(`${baseline.failure.message}: ${line}`, baseline);
    }
    const missing = entry.modules.filter((name) => !baseline.modules.includes(name));
    if (missing.length > 0) {
      return without(`its build does not make ${missing.join(", ")} here`, baseline);
    }
    const finished = (plan: MigrationPlan): boolean =>
      plan.modules.every((module) => module.steps.some((step) => step.kind === "finish"));
    const kept = await keepGreenSteps(
      verifier,
      async (excluded) => {
        const plan = excluded.length === 0 ? first : replan(excluded);
        return { plan, steps: plan.steps };
      },
      {
        abis: ["hybrid"],
        finalAbis: (plan) => (finished(plan) ? ["cpython", "universal"] : ["cpython"]),
        group,
        known: 0,
        onStep: (done, total) => say(`${entry.name}: ${done}/${total} steps`),
        onResult: () => {},
      },
      ({ result }) => {
        say(`${entry.name}: dropped ${result.id}`);
        for (const problem of result.problems)
          say([problem.message, ...problem.evidence].map((line) => `    ${line}`).join("\n"));
      },
    );
    if (kept === null) throw new Error("planning gave nothing");
    const { steps, last, checks } = kept.verification;
    const compared =
      kept.steps.length > 0 && entry.compare !== false
        ? await compareStates(
            laboratory,
            verifier,
            "capi",
            statesOf(kept.steps).at(-1) as State,
            "hybrid",
            (activity) => say(`${entry.name}: ${activity}`),
          )
        : null;
    const comparison =
      compared === null
        ? null
        : {
            functions: compared.functions,
            calls: compared.calls,
            differences: compared.differences.map((d) => `${d.call}: ${d.original}, then ${d.migrated}`),
          };
    const verification: Verification = {
      unverified: null,
      steps: {
        total: kept.steps.length + kept.dropped.length,
        green: steps.filter((step) => step.verdict === "green").length,
        within: steps.filter((step) => step.verdict === "within").length,
        rolledBack: kept.dropped.map(({ result }) => ({
          id: result.id,
          evidence: result.problems.flatMap((problem) => [problem.message, ...problem.evidence]),
        })),
      },
      checks,
      testsBefore: baseline.tests,
      testsAfter: last?.tests ?? baseline.tests,
      leaks: last?.leaks ?? null,
      untested: baseline.untested,
      unbuilt: kept.plan.modules
        .filter((module) => module.steps.length > 0 && !baseline.modules.includes(module.name))
        .map((module) => module.name),
      comparison,
      verifySeconds: (performance.now() - started) / 1000,
    };
    const excluded = kept.dropped.map((dropped) => dropped.exclusion);
    return { plan: kept.plan, kept: { excluded, last: seriesDigest(kept.plan.steps), verification } };
  } finally {
    await laboratory.close();
  }
}
