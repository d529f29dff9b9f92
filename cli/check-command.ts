/** `hpy-migrate check`: what a continuous integration fails on. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Baseline, type CheckReport, pendingSteps } from "../engine/check-project.ts";
import type { MigrationOptions, MigrationPlan, ProjectInput } from "../engine/types.ts";
import { count } from "../report/account.ts";
import { checkJson, lintAnnotations, lintSarif, renderLintText } from "../report/lint-output.ts";
import { describeSystemError, type Result, success, unusable } from "./failure.ts";
import type { LintSurroundings } from "./lint-command.ts";
import { readProject } from "./project.ts";
import { writeChanges } from "./write-files.ts";

const BASELINE = "hpy-migrate.baseline.json";

/** What the command needs of the core. */
export interface CheckEngine {
  readonly check: (input: ProjectInput, baseline: Baseline | null) => Promise<CheckReport>;
  readonly plan: (input: ProjectInput, options: MigrationOptions) => Promise<MigrationPlan>;
}

export interface CheckCommandOptions {
  readonly format?: "text" | "json" | "sarif" | "github";
  readonly json?: true;
  readonly quiet?: true;
  readonly pending?: true;
  readonly updateBaseline?: true;
  readonly exclude: readonly string[];
}

/** Runs the command; its status is 1 when a step is pending that must not be, or C-API use is new. */
export async function check(
  path: string,
  options: CheckCommandOptions,
  engine: CheckEngine,
  around: LintSurroundings,
): Promise<Result<number>> {
  const read = readProject(path, { exclude: options.exclude });
  if (!read.ok) return read;
  const { root, input, warnings } = read.value;
  for (const warning of warnings) around.err(`hpy-migrate: ${warning}\n`);
  const known = readBaseline(root);
  if (!known.ok) return known;
  if (options.updateBaseline)
    return updateBaseline(root, known.value, await engine.check(input, null), options, around);
  if (known.value === null && !options.pending)
    return unusable(`${BASELINE}: there is none; check --update-baseline writes it`);
  const report = known.value === null ? null : await engine.check(input, known.value.baseline);
  const findings = [
    ...(options.pending ? pendingSteps(await engine.plan(input, { hpy: "0.9" }), input) : []),
    ...(report?.findings ?? []),
  ];
  const gone = report?.gone ?? 0;
  switch (options.format ?? (options.json ? "json" : "text")) {
    case "json":
      around.print(`${JSON.stringify(checkJson(findings, report?.suppressed ?? 0, gone), null, 2)}\n`);
      break;
    case "sarif":
      around.print(lintSarif(findings, around.version));
      break;
    case "github":
      around.print(lintAnnotations(findings));
      break;
    default:
      around.print(renderLintText(findings, around.style));
  }
  if (!options.quiet) {
    around.err(`hpy-migrate: ${count(findings.length, "finding")}\n`);
    if (gone > 0)
      around.err(
        `hpy-migrate: ${count(gone, "use")} of the baseline ${gone === 1 ? "is" : "are"} gone; check --update-baseline records it\n`,
      );
  }
  return success(findings.length > 0 ? 1 : 0);
}

interface KnownBaseline {
  readonly text: string;
  readonly baseline: Baseline;
}

function readBaseline(root: string): Result<KnownBaseline | null> {
  const path = join(root, BASELINE);
  if (!existsSync(path)) return success(null);
  try {
    const text = readFileSync(path, "utf8");
    const value = JSON.parse(text) as Partial<Baseline> | null;
    if (value?.schema !== 1 || typeof value.legacy !== "object" || value.legacy === null)
      return unusable(`${BASELINE}: is no baseline of this version; check --update-baseline writes it anew`);
    return success({ text, baseline: value as Baseline });
  } catch (error) {
    if (error instanceof SyntaxError) return unusable(`${BASELINE}: is no JSON: ${error.message}`);
    return unusable(describeSystemError(error, BASELINE));
  }
}

function updateBaseline(
  root: string,
  known: KnownBaseline | null,
  report: CheckReport,
  options: CheckCommandOptions,
  around: LintSurroundings,
): Result<number> {
  const text = `${JSON.stringify(report.current, null, 2)}\n`;
  if (known?.text !== text) {
    const toBytes = (value: string): string => Buffer.from(value, "utf8").toString("latin1");
    const before = known === null ? null : toBytes(known.text);
    const written = writeChanges(root, [{ path: BASELINE, before, after: toBytes(text) }]);
    if (!written.ok) return written;
  }
  if (!options.quiet) around.err(`hpy-migrate: ${BASELINE} ${known?.text === text ? "is up to date" : "written"}\n`);
  return success(0);
}
