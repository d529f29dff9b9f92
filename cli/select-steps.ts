import type { MigrationPlan, Step } from "../engine/types.ts";
import { type Result, success, unusable } from "./failure.ts";

/** Which steps `diff` and `apply` are about. */
export type Selector =
  | { readonly kind: "next" }
  | { readonly kind: "all" }
  | { readonly kind: "step"; readonly id: string }
  | { readonly kind: "through"; readonly id: string }
  | { readonly kind: "function"; readonly name: string };

/** Options of the command line that select steps. */
export interface SelectorOptions {
  readonly step?: string;
  readonly function?: string;
  readonly through?: string;
  readonly all?: true;
}

/** The one selector that was given; the next step when there is none. */
export function readSelector(options: SelectorOptions): Result<Selector> {
  const given: Selector[] = [];
  if (options.step !== undefined) given.push({ kind: "step", id: options.step });
  if (options.function !== undefined) given.push({ kind: "function", name: options.function });
  if (options.through !== undefined) given.push({ kind: "through", id: options.through });
  if (options.all) given.push({ kind: "all" });
  if (given.length > 1) return unusable("--step, --function, --through and --all exclude each other");
  return success(given[0] ?? { kind: "next" });
}

function indexOfStep(plan: MigrationPlan, id: string): Result<number> {
  const index = plan.steps.findIndex((step) => step.id === id);
  if (index >= 0) return success(index);
  if (plan.steps.length === 0) return unusable(`no step "${id}": no step is left`);
  return unusable(`no step "${id}"; the next one is "${plan.steps[0]?.id}", hpy-migrate plan lists all`);
}

function indexOfFunction(plan: MigrationPlan, name: string): Result<number> {
  const functions = plan.modules.flatMap((module) => module.functions.filter((unit) => unit.name === name));
  const moving = functions.find((unit) => unit.via !== null);
  if (moving?.via) return indexOfStep(plan, moving.via);
  const [found] = functions;
  if (found === undefined) return unusable(`no function "${name}" that uses the C API`);
  if (found.status !== "legacy") return unusable(`function "${name}" has moved already`);
  const [refusal] = found.refusals;
  return unusable(`function "${name}" stays legacy${refusal ? ` (${refusal.id}: ${refusal.message})` : ""}`);
}

/**
 * The selected steps, in order. A series applies in order only, so `through` and `function` include what comes before;
 * `step` is that step alone.
 */
export function selectSteps(plan: MigrationPlan, selector: Selector): Result<readonly Step[]> {
  switch (selector.kind) {
    case "next":
      return success(plan.steps.slice(0, 1));
    case "all":
      return success(plan.steps);
    case "step": {
      const index = indexOfStep(plan, selector.id);
      return index.ok ? success(plan.steps.slice(index.value, index.value + 1)) : index;
    }
    case "through": {
      const index = indexOfStep(plan, selector.id);
      return index.ok ? success(plan.steps.slice(0, index.value + 1)) : index;
    }
    case "function": {
      const index = indexOfFunction(plan, selector.name);
      return index.ok ? success(plan.steps.slice(0, index.value + 1)) : index;
    }
  }
}

/** Whether a selection can be written: it has to begin with the next step. */
export function checkApplicable(plan: MigrationPlan, steps: readonly Step[]): Result<null> {
  const [first] = steps;
  if (first === undefined || first === plan.steps[0]) return success(null);
  const before = plan.steps.slice(0, plan.steps.indexOf(first)).map((step) => step.id);
  const named =
    before.length > 3 ? `${before.slice(0, 3).join(", ")} and ${before.length - 3} more` : before.join(", ");
  return unusable(`step "${first.id}" builds on ${named}; --through ${first.id} writes them all`);
}
