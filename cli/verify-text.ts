/** What verification says to people, and to scripts. */
import { count } from "../report/account.ts";
import type { Style } from "../report/style.ts";
import type { Comparison } from "../verify/compare.ts";
import type { DroppedStep } from "../verify/roll-back.ts";
import type { SeriesResult, StepResult } from "../verify/series.ts";
import type { Baseline, HpyAbi, Problem, TestCounts } from "../verify/verifier.ts";

/** Version of the JSON that `verify` prints; it is raised when a field changes its meaning or goes. */
const VERIFY_SCHEMA = 1;

/** Names that are listed one by one. */
const LISTED = 10;

function seconds(value: number): string {
  return value < 60 ? `${value.toFixed(1)} s` : `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}

function countsText(tests: TestCounts): string {
  const parts = [`${tests.passed} passed`];
  if (tests.failed > 0) parts.push(`${tests.failed} failed`);
  if (tests.skipped > 0) parts.push(`${tests.skipped} skipped`);
  return parts.join(", ");
}

function hasCounts(tests: TestCounts): boolean {
  return tests.passed + tests.failed + tests.skipped > 0;
}

function list(title: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  const shown = names.slice(0, LISTED).map((name) => `    ${name}\n`);
  const rest = names.length > LISTED ? `    and ${names.length - LISTED} more\n` : "";
  return `  ${title}:\n${shown.join("")}${rest}`;
}

function problemText(problem: Problem, style: Style): string {
  return `    ${style.bad(problem.message)}\n${problem.evidence.map((line) => `      ${line}\n`).join("")}`;
}

/** What the original is like. */
export function renderBaseline(baseline: Baseline, test: string | null, style: Style): string {
  const { failure, tests } = baseline;
  if (failure !== null && failure.kind === "build")
    return `original: ${style.bad("failed")}\n${problemText(failure, style)}`;
  const built = `original: builds (${baseline.abi}) in ${seconds(baseline.buildSeconds)}`;
  if (failure !== null) return `${built}\n${problemText(failure, style)}`;
  const modules = `  modules: ${baseline.modules.join(", ")}\n`;
  if (test === null || tests === null) return `${built}; there are no tests\n${modules}`;
  const outcome = hasCounts(tests) ? countsText(tests) : "the test command succeeds";
  return [
    `${built}, ${outcome} in ${seconds(baseline.testSeconds)}\n`,
    modules,
    list("fail before the first step, and are not blamed on any", baseline.failing),
    list("leaks before the first step", baseline.leaks),
    list("modules that the tests do not load", baseline.untested),
  ].join("");
}

/** Modules whose steps nothing has compiled; an empty text when there are none. */
export function renderUnbuilt(names: readonly string[]): string {
  return list("modules that the build does not make here, whose steps are not verified", names);
}

/** One line for a step, and what is wrong with it. */
export function renderStepResult(step: StepResult, index: number, total: number, style: Style): string {
  const width = String(total).length;
  const number = `${String(index + 1).padStart(width)}/${total}`;
  const verdicts = {
    green: style.good("ok    "),
    within: style.good("ok (*)"),
    failed: style.bad("FAILED"),
    unchecked: "-     ",
  };
  const time = step.seconds > 0 ? `  (${seconds(step.seconds)})` : "";
  const line = `${number} ${verdicts[step.verdict]} ${step.verdict === "failed" ? style.bold(step.id) : step.id}: ${step.title}${time}\n`;
  const unstable = list("fail now and then", step.unstable);
  return `${line}${step.problems.map((problem) => problemText(problem, style)).join("")}${unstable}`;
}

/** Whether all is well: no step fails, and where there is none, nothing is wrong with the start. */
export function isGreen(result: SeriesResult, baseline: Baseline): boolean {
  return result.failed === null && (result.steps.length > 0 || baseline.leaks.length + baseline.failing.length === 0);
}

/** The last line: what was found. */
export function renderVerdict(
  result: SeriesResult,
  baseline: Baseline,
  abis: readonly HpyAbi[],
  finalAbis: readonly HpyAbi[],
  style: Style,
): string {
  const total = result.steps.length;
  const { failed } = result;
  if (failed !== null) {
    const rest = result.steps.filter((step) => step.verdict === "unchecked").length;
    const unchecked = rest > 0 ? `; ${count(rest, "step")} after it not checked` : "";
    return `${style.bad("not green")}: ${style.bold(failed.id)} is the first step that fails${unchecked}\n`;
  }
  if (!isGreen(result, baseline)) {
    const { failing, leaks } = baseline;
    const found = [
      ...(failing.length > 0 ? [count(failing.length, "test") + (failing.length === 1 ? " fails" : " fail")] : []),
      ...(leaks.length > 0 ? ["handles are never closed"] : []),
    ];
    return `${style.bad("not green")}: there is no step to check, and ${found.join(" and ")}\n`;
  }
  if (total === 0) return `${style.good("green")}: there is no step to check\n`;
  const within = result.steps.filter((step) => step.verdict === "within").length;
  const grouped = within > 0 ? `; (*) ${count(within, "step")} not checked alone, but a later state is green` : "";
  const also = finalAbis.length > 0 ? `, the last also ${finalAbis.join(" and ")}` : "";
  return `${style.good("green")}: ${count(total, "step")} (${abis.join(" and ")}${also})${grouped}\n`;
}

/** How the calls of the original and of the last state differ. */
export function renderComparison(comparison: Comparison, style: Style): string {
  const { functions, calls, differences } = comparison;
  const scope = `${count(calls, "call")} of ${count(functions, "function")}`;
  if (differences.length === 0) return `compared: ${style.good("no difference")} in ${scope}\n`;
  const lines = differences
    .slice(0, LISTED)
    .map((d) => `    ${d.call}\n      original: ${d.original}\n      migrated: ${d.migrated}\n`);
  const rest = differences.length > LISTED ? `    and ${differences.length - LISTED} more\n` : "";
  return `compared: ${style.bad(count(differences.length, "difference"))} in ${scope}\n${lines.join("")}${rest}`;
}

/** What `apply --verify` says of a step that it drops. */
export function renderDropped(dropped: DroppedStep, style: Style): string {
  const { result } = dropped;
  return `${style.bad("dropped")} ${style.bold(result.id)}: ${result.title}\n${result.problems.map((problem) => problemText(problem, style)).join("")}`;
}

/** The object that `verify --json` prints. */
export function verifyJson(
  commands: { readonly build: string; readonly test: string | null },
  abis: readonly HpyAbi[],
  finalAbis: readonly HpyAbi[],
  baseline: Baseline,
  result: SeriesResult | null,
  comparison: Comparison | null,
): object {
  return {
    schema: VERIFY_SCHEMA,
    commands,
    abis,
    finalAbis,
    baseline,
    green: baseline.failure === null && result !== null && isGreen(result, baseline),
    failed: result?.failed?.id ?? null,
    checks: result?.checks ?? 0,
    steps: result?.steps ?? [],
    comparison,
  };
}
