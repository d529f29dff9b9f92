/** What a port takes: where it stands, what can move, what blocks the rest, and what HPy would have to offer. */
import { missingCalls } from "../engine/capi-use.ts";
import { explain } from "../engine/explain.ts";
import type { FunctionReport, MigrationPlan, ModuleReport, ProjectInput, Refusal } from "../engine/types.ts";
import { readable } from "./readable.ts";
import { NO_FUNCTIONS, type Standing, type State, sumOfStandings } from "./standing.ts";

/** A cause that holds functions back. */
export interface Blocker {
  /** Id of the refusal. */
  readonly id: string;
  /** The function of the C API that has no counterpart; null where the cause is another one. */
  readonly capi: string | null;
  /** One line. */
  readonly title: string;
  /** Legacy functions and types that it holds back. */
  readonly holds: number;
  /** True when these wait for other functions only, so that the cause goes away with theirs. */
  readonly follows: boolean;
  readonly example: { readonly file: string; readonly line: number; readonly message: string };
}

/** Something that HPy lacks, with the functions that use it. */
export interface Feature {
  /** What HPy lacks, a sentence. */
  readonly lacks: string;
  /** Calls of the C API that would need it, the most used first; empty for what is no call. */
  readonly capi: readonly string[];
  /** Functions that stay legacy or bridged and use it. */
  readonly functions: number;
  /** Of these, the ones that lack nothing else of HPy. */
  readonly alone: number;
}

/** `reached`: nothing uses the C API. `reachable`: the last step drops Python.h. `blocked`: something stays. */
export type Universal = "reached" | "reachable" | "blocked";

export interface ModuleAssessment {
  readonly name: string;
  readonly standing: Standing;
  /** Types that stay on the C API. */
  readonly legacyTypes: number;
  readonly universal: Universal;
  readonly steps: number;
}

export interface Assessment {
  readonly standing: Standing;
  readonly modules: readonly ModuleAssessment[];
  readonly blockers: readonly Blocker[];
  readonly features: readonly Feature[];
  /** Size of all steps together; lines that several steps change count in each. */
  readonly diff: { readonly files: number; readonly insertions: number; readonly deletions: number };
}

/** Refusals that are about other functions: they go away when those move. */
const FOLLOWING: ReadonlySet<string> = new Set(["only-used-by-legacy-code", "calls-legacy-function"]);

/** Refusals about a single call of the C API. */
const ABOUT_CALLS: ReadonlySet<string> = new Set(["no-hpy-equivalent", "not-bridgeable"]);

/** Refusals that are limits of HPy 0.9 itself, not of this tool, and no calls; from the pages of the refusals. */
const LIMITS: ReadonlyMap<string, string> = new Map([
  ["constant-without-handle", "HPy 0.9 has no handle for this constant object."],
  ["method-flags", "HPy 0.9 has no class methods, static methods and METH_COEXIST."],
  ["module-state", "HPy 0.9 has no module state."],
  ["module-create-slot", "HPy 0.9 has no create slot for modules."],
]);

/** Where a function of a plan stands. */
export function stateOf(unit: FunctionReport): State {
  if (unit.status === "legacy") return "legacy";
  if (unit.kind === "migrated") return unit.status === "pure" ? "donePure" : "doneBridged";
  return unit.status === "pure" ? "readyPure" : "readyBridged";
}

function standingOf(module: ModuleReport): Standing {
  const counts = { ...NO_FUNCTIONS, functions: module.functions.length };
  for (const unit of module.functions) counts[stateOf(unit)]++;
  return counts;
}

/** Whether nothing of a module needs the C API once its steps are applied. */
function universalOf(module: ModuleReport, standing: Standing): Universal {
  if (module.steps.some((step) => step.kind === "finish")) return "reachable";
  const settled = standing.functions > 0 && standing.donePure === standing.functions;
  const legacyTypes = module.types.some((type) => type.status !== "pure");
  return settled && !legacyTypes && module.steps.length === 0 && module.refusals.length === 0 ? "reached" : "blocked";
}

/** The refusal behind a refusal: a function of a module that cannot move stays for the module's reason. */
export function rootCause(module: ModuleReport, refusal: Refusal): Refusal {
  return refusal.id === "module-stays-legacy" ? (module.refusals[0] ?? refusal) : refusal;
}

/** Text of a plan's files by path. */
function textsOf(input: ProjectInput): ReadonlyMap<string, string> {
  return new Map(input.files.map((file) => [file.path, file.text]));
}

function sliceOf(texts: ReadonlyMap<string, string>, place: Pick<Refusal, "path" | "span">): string {
  return texts.get(place.path)?.slice(place.span.start, place.span.end) ?? "";
}

function blockersOf(plan: MigrationPlan, texts: ReadonlyMap<string, string>): Blocker[] {
  const found = new Map<string, { refusal: Refusal; capi: string | null; holds: number }>();
  for (const module of plan.modules) {
    for (const unit of [...module.functions, ...module.types]) {
      const keys = new Set<string>();
      for (const given of unit.refusals) {
        const cause = rootCause(module, given);
        // What a callee is refused for holds its callers too.
        const refusal = cause.root === undefined ? cause : { ...cause, id: cause.root };
        const capi = ABOUT_CALLS.has(refusal.id) ? (missingCalls(sliceOf(texts, refusal))[0]?.capi ?? null) : null;
        const key = capi === null ? refusal.id : `${refusal.id} ${capi}`;
        if (keys.has(key)) continue;
        keys.add(key);
        const known = found.get(key);
        if (known === undefined) found.set(key, { refusal, capi, holds: 1 });
        else known.holds++;
      }
    }
    // A module without functions of its own may be refused too.
    for (const refusal of module.refusals)
      if (!found.has(refusal.id)) found.set(refusal.id, { refusal, capi: null, holds: 0 });
  }
  return [...found.values()]
    .map(({ refusal, capi, holds }) => ({
      id: refusal.id,
      capi,
      title: capi === null ? (explain(refusal.id)?.title ?? refusal.message) : `HPy ${plan.hpy} has no ${capi}`,
      holds,
      follows: FOLLOWING.has(refusal.id),
      example: { file: refusal.path, line: refusal.line, message: readable(refusal.message) },
    }))
    .sort((a, b) => Number(a.follows) - Number(b.follows) || b.holds - a.holds || (a.title < b.title ? -1 : 1));
}

function featuresOf(plan: MigrationPlan, texts: ReadonlyMap<string, string>): Feature[] {
  const found = new Map<string, { calls: Map<string, number>; functions: number; alone: number }>();
  const use = (lacks: string, calls: readonly string[], alone: number): void => {
    const known = found.get(lacks) ?? { calls: new Map<string, number>(), functions: 0, alone: 0 };
    found.set(lacks, known);
    known.functions++;
    known.alone += alone;
    for (const call of calls) known.calls.set(call, (known.calls.get(call) ?? 0) + 1);
  };
  for (const module of plan.modules) {
    for (const unit of module.functions) {
      if (unit.status === "pure") continue;
      const lacking = new Map<string, string[]>();
      for (const { capi, reason } of missingCalls(sliceOf(texts, { path: unit.file, span: unit.span })))
        lacking.set(reason, [...(lacking.get(reason) ?? []), capi]);
      for (const refusal of unit.refusals) {
        const limit = LIMITS.get(rootCause(module, refusal).id);
        if (limit !== undefined && !lacking.has(limit)) lacking.set(limit, []);
      }
      for (const [lacks, calls] of lacking) use(lacks, calls, lacking.size === 1 ? 1 : 0);
    }
  }
  return [...found]
    .map(([lacks, { calls, functions, alone }]) => ({
      lacks,
      capi: [...calls].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([name]) => name),
      functions,
      alone,
    }))
    .sort((a, b) => b.functions - a.functions || (a.lacks < b.lacks ? -1 : 1));
}

/** Assesses a plan; the input is the one that it was made from. */
export function assess(plan: MigrationPlan, input: ProjectInput): Assessment {
  const texts = textsOf(input);
  const modules = plan.modules.map((module): ModuleAssessment => {
    const standing = standingOf(module);
    return {
      name: module.name,
      standing,
      legacyTypes: module.types.filter((type) => type.status !== "pure").length,
      universal: universalOf(module, standing),
      steps: module.steps.length,
    };
  });
  return {
    standing: sumOfStandings(modules.map((module) => module.standing)),
    modules,
    blockers: blockersOf(plan, texts),
    features: featuresOf(plan, texts),
    diff: {
      files: new Set(plan.steps.flatMap((step) => step.changes.map((change) => change.path))).size,
      insertions: plan.steps.reduce((sum, step) => sum + step.insertions, 0),
      deletions: plan.steps.reduce((sum, step) => sum + step.deletions, 0),
    },
  };
}
