/** Which steps of a plan somebody asks for. */
import type { MigrationPlan, Step } from "./types.ts";

/** What was asked for, or one line that says why there is no such thing. */
export type Selected<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

function success<T>(value: T): Selected<T> {
  return { ok: true, value };
}

function unusable(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}

/** Which steps `diff` and `apply` are about. */
export type Selector =
  | { readonly kind: "next" }
  | { readonly kind: "all" }
  | { readonly kind: "step"; readonly id: string }
  | { readonly kind: "through"; readonly id: string }
  | { readonly kind: "function"; readonly name: string };

function indexOfStep(plan: MigrationPlan, id: string): Selected<number> {
  const index = plan.steps.findIndex((step) => step.id === id);
  if (index >= 0) return success(index);
  if (plan.steps.length === 0) return unusable(`no step "${id}": no step is left`);
  return unusable(`no step "${id}"; the next one is "${plan.steps[0]?.id}", hpy-migrate plan lists all`);
}

function indexOfFunction(plan: MigrationPlan, name: string): Selected<number> {
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
export function selectSteps(plan: MigrationPlan, selector: Selector): Selected<readonly Step[]> {
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
export function checkApplicable(plan: MigrationPlan, steps: readonly Step[]): Selected<null> {
  const [first] = steps;
  if (first === undefined || first === plan.steps[0]) return success(null);
  const before = plan.steps.slice(0, plan.steps.indexOf(first)).map((step) => step.id);
  const named =
    before.length > 3 ? `${before.slice(0, 3).join(", ")} and ${before.length - 3} more` : before.join(", ");
  return unusable(`step "${first.id}" builds on ${named}; --through ${first.id} writes them all`);
}

/** The function that a selector asks for: it is planned before the others, so that only what it needs comes with it. */
export function wantedFunction(selector: Selector): string | undefined {
  if (selector.kind === "function") return selector.name;
  const prefix = "function-";
  return selector.kind === "step" && selector.id.startsWith(prefix) ? selector.id.slice(prefix.length) : undefined;
}
