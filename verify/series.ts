/** Replays a series of steps state by state, and finds the first that spoils something. */
import type { HpyAbi, Problem, State, StateResult, Verifier } from "./verifier.ts";

/** What is needed of a step: engine steps, patches and commits are all replayed alike. */
export interface SeriesStep {
  readonly id: string;
  readonly title: string;
  readonly changes: readonly { readonly path: string; readonly after: string | null }[];
}

/** `green`: checked by itself; `within`: inside a group whose end is green; `unchecked`: after the first failure. */
export type StepVerdict = "green" | "within" | "failed" | "unchecked";

export interface StepResult {
  readonly id: string;
  readonly title: string;
  readonly verdict: StepVerdict;
  readonly problems: readonly Problem[];
  readonly unstable: readonly string[];
  readonly seconds: number;
}

export interface SeriesResult {
  readonly steps: readonly StepResult[];
  /** The first step that fails; null when all are green. */
  readonly failed: StepResult | null;
  /** Number of states that were built and tested. */
  readonly checks: number;
  /** Result of the last state that was checked and is green; null when there is none. */
  readonly last: StateResult | null;
}

export interface SeriesOptions {
  /** ABIs of every step. */
  readonly abis: readonly HpyAbi[];
  /** Further ABIs of the last state only. */
  readonly finalAbis: readonly HpyAbi[];
  /** Steps between two checks: 1 for each step, Infinity for the last alone. Failures are narrowed down by halving. */
  readonly group: number;
  /** Steps, from the start, that are known to be green. */
  readonly known: number;
  readonly onStep: (done: number, total: number) => void;
  /** Told each step that is found green by itself, as soon as it is. */
  readonly onResult: (step: StepResult, index: number) => void;
}

/** The files after each step, cumulative; the first entry is the start. */
export function statesOf(steps: readonly SeriesStep[]): State[] {
  const states: State[] = [new Map()];
  for (const step of steps) {
    const state = new Map<string, string | null>(states.at(-1));
    for (const change of step.changes) state.set(change.path, change.after);
    states.push(state);
  }
  return states;
}

function resultOf(step: SeriesStep, verdict: StepVerdict, result: StateResult | undefined): StepResult {
  return {
    id: step.id,
    title: step.title,
    verdict,
    problems: verdict === "failed" ? (result?.problems ?? []) : [],
    unstable: result?.unstable ?? [],
    seconds: result?.seconds ?? 0,
  };
}

/** Checks the series up to its first failure. */
export async function verifySeries(
  verifier: Verifier,
  steps: readonly SeriesStep[],
  options: SeriesOptions,
): Promise<SeriesResult> {
  const states = statesOf(steps);
  const results = new Map<number, StateResult>();
  const { abis, finalAbis } = options;
  const checkAt = async (index: number, under: readonly HpyAbi[]): Promise<boolean> => {
    const step = steps[index - 1];
    const result = await verifier.check(states[index] as State, under, step?.id ?? "start");
    results.set(index, result);
    return result.problems.length === 0;
  };
  /** The first bad state after a good one, given that `bad` is bad. */
  const narrow = async (good: number, bad: number, under: readonly HpyAbi[]): Promise<number> => {
    let low = good;
    let high = bad;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (await checkAt(middle, under)) low = middle;
      else high = middle;
    }
    return high;
  };

  let good = options.known;
  let bad: number | null = null;
  while (good < steps.length && bad === null) {
    options.onStep(good, steps.length);
    const next = Math.min(good + options.group, steps.length);
    if (await checkAt(next, abis)) {
      good = next;
      options.onResult(resultOf(steps[next - 1] as SeriesStep, "green", results.get(next)), next - 1);
    } else bad = await narrow(good, next, abis);
  }
  if (bad === null && steps.length > 0 && finalAbis.length > 0) {
    for (const abi of finalAbis) {
      if (bad !== null || (await checkAt(steps.length, [abi]))) continue;
      // Universal forbids what earlier states still use, so only the last step can be to blame.
      bad = abi === "universal" ? steps.length : await narrow(0, steps.length, [abi]);
    }
  }
  options.onStep(bad ?? steps.length, steps.length);

  const outcome = steps.map((step, index): StepResult => {
    const at = index + 1;
    const result = results.get(at);
    if (at === bad) return resultOf(step, "failed", result);
    if (bad !== null && at > bad) return resultOf(step, "unchecked", undefined);
    return resultOf(step, at <= options.known || result?.problems.length === 0 ? "green" : "within", result);
  });
  const lastGood = [...results].filter(([, result]) => result.problems.length === 0).sort(([a], [b]) => b - a)[0];
  return {
    steps: outcome,
    failed: bad === null ? null : (outcome[bad - 1] as StepResult),
    checks: results.size,
    last: lastGood?.[1] ?? null,
  };
}
