import type { MigrationPlan, ModuleReport, Refusal, Step } from "../engine/types.ts";
import type { Assessment } from "./assessment.ts";

/** Raised whenever a field changes its meaning or goes away; new fields do not raise it. */
export const PLAN_SCHEMA = 1;

function refusalJson({ id, line, message }: Refusal): object {
  return { id, line, message };
}

function placedRefusalJson({ id, path, line, message }: Refusal): object {
  return { id, file: path, line, message };
}

interface StepJson {
  readonly id: string;
  readonly title: string;
  readonly kind: Step["kind"];
  readonly files: readonly string[];
  readonly insertions: number;
  readonly deletions: number;
  readonly notes: readonly string[];
}

/** A step as the plan lists it; the diff is the business of `diff`. */
export function stepJson({ id, title, kind, changes, insertions, deletions, notes }: Step): StepJson {
  return { id, title, kind, files: changes.map((change) => change.path), insertions, deletions, notes };
}

function moduleJson(module: ModuleReport): object {
  return {
    name: module.name,
    files: module.files,
    functions: module.functions.map(({ name, file, line, kind, status, via, refusals }) => ({
      name,
      file,
      line,
      kind,
      status,
      via,
      refusals: refusals.map(refusalJson),
    })),
    types: module.types.map(({ name, file, line, status, refusals }) => ({
      name,
      file,
      line,
      status,
      refusals: refusals.map(refusalJson),
    })),
    refusals: module.refusals.map(placedRefusalJson),
    steps: module.steps.map(stepJson),
  };
}

/** What `plan --json` prints; docs/plan-schema.json describes it. */
export function planJson(plan: MigrationPlan, assessment: Assessment): object {
  return {
    schema: PLAN_SCHEMA,
    hpy: plan.hpy,
    modules: plan.modules.map(moduleJson),
    steps: plan.steps.map((step) => step.id),
    account: plan.account,
    notes: plan.notes.map(placedRefusalJson),
    totals: plan.totals,
    assessment,
  };
}
