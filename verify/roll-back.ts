/** Keeps the steps of a series that pass, and plans again without those that do not. */
import type { Exclusion, MigrationPlan, Step } from "../engine/types.ts";
import { type SeriesOptions, type SeriesResult, type SeriesStep, type StepResult, verifySeries } from "./series.ts";
import type { HpyAbi, Verifier } from "./verifier.ts";

/** A step that failed, with what it would have changed. */
export interface DroppedStep {
  readonly result: StepResult;
  readonly exclusion: Exclusion;
}

export interface KeptSteps {
  /** The last plan, in which what failed is legacy. */
  readonly plan: MigrationPlan;
  /** Its steps that are green; all of them, unless the planner went on to offer what was excluded. */
  readonly steps: readonly Step[];
  readonly dropped: readonly DroppedStep[];
  readonly verification: SeriesResult;
}

/** Plans, given what must not be made; null when nothing is left to do. */
export type Replan = (
  excluded: readonly Exclusion[],
) => Promise<{ readonly plan: MigrationPlan; readonly steps: readonly Step[] } | null>;

/** Lines of evidence that a refusal holds. */
const LINES = 3;

function exclusionOf(failed: StepResult): Exclusion {
  const evidence = failed.problems.flatMap((problem) => [problem.message, ...problem.evidence.slice(0, LINES)]);
  return { step: failed.id, evidence: evidence.slice(0, LINES + 1).join("\n") };
}

/** Number of steps from the start that two series have in common, in what they write. */
function commonSteps(a: readonly SeriesStep[], b: readonly SeriesStep[]): number {
  const same = (x: SeriesStep, y: SeriesStep | undefined): boolean =>
    y !== undefined &&
    x.changes.length === y.changes.length &&
    x.changes.every((change, i) => change.path === y.changes[i]?.path && change.after === y.changes[i]?.after);
  const first = a.findIndex((step, i) => !same(step, b[i]));
  return first < 0 ? a.length : first;
}

/** Options of the series, except that the last ABIs depend on how far the plan gets. */
export interface KeepOptions extends Omit<SeriesOptions, "finalAbis"> {
  readonly finalAbis: (plan: MigrationPlan, steps: readonly Step[]) => readonly HpyAbi[];
}

/** Drops each step that fails, and replans, until what is left is green. */
export async function keepGreenSteps(
  verifier: Verifier,
  replan: Replan,
  options: KeepOptions,
  onDrop: (dropped: DroppedStep) => void,
): Promise<KeptSteps | null> {
  const dropped: DroppedStep[] = [];
  let made = await replan([]);
  let known = options.known;
  let results: readonly StepResult[] = [];
  while (made !== null) {
    const { steps } = made;
    const verification = await verifySeries(verifier, steps, {
      ...options,
      known,
      finalAbis: options.finalAbis(made.plan, steps),
    });
    // What an earlier round has checked is told as it was then.
    const merged = verification.steps.map((step, i) => {
      const earlier = i < known ? results[i] : undefined;
      return earlier !== undefined && earlier.id === step.id ? earlier : step;
    });
    const { failed } = verification;
    if (failed === null) return { plan: made.plan, steps, dropped, verification: { ...verification, steps: merged } };
    const drop = { result: failed, exclusion: exclusionOf(failed) };
    const isNew = !dropped.some((other) => other.exclusion.step === failed.id);
    const at = merged.findIndex((step) => step.id === failed.id);
    if (isNew) {
      dropped.push(drop);
      onDrop(drop);
    }
    const next = isNew ? await replan(dropped.map((other) => other.exclusion)) : null;
    if (next === null) {
      const kept = { ...verification, failed: null, steps: merged.slice(0, at) };
      return { plan: made.plan, steps: steps.slice(0, at), dropped, verification: kept };
    }
    known = Math.min(at, commonSteps(steps, next.steps));
    results = merged;
    made = next;
  }
  return null;
}
