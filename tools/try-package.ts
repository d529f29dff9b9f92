/**
 * `npm run try -- NAME==VERSION`: migrates a real package and proves it. The original is built and tested, all steps
 * are applied (with --every also each alone), and the result is built for cpython and hybrid with the package's own
 * setup.py, tested with its own tests, and tested again in debug mode under a leak detector.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { Command } from "commander";
import { loadParser } from "../cli/load-parser.ts";
import { readProject } from "../cli/project.ts";
import { writeChanges } from "../cli/write-files.ts";
import { planMigration } from "../engine/engine.ts";
import type { MigrationPlan, ProjectInput } from "../engine/types.ts";
import { renderAccount } from "../report/account.ts";
import { assess } from "../report/assessment.ts";
import { renderOverview } from "../report/plan-text.ts";
import { PLAIN } from "../report/style.ts";
import {
  buildPackage,
  findTests,
  type Helpers,
  type PackageBuild,
  type PackageTests,
  testPackage,
} from "../verify/package-run.ts";
import { cacheDirectory, type PythonEnvironment, pythonEnvironment } from "../verify/python-environment.ts";
import { fetchSourceArchive } from "./source-archive.ts";

interface Options {
  /** Shell command that runs the tests. */
  readonly test?: string;
  /** A file or directory to copy into the tree, for archives without tests. */
  readonly tests?: string;
  /** What the tests import besides the package. */
  readonly needs?: string;
  readonly exclude: string[];
  readonly every?: true;
}

function say(text: string): void {
  process.stdout.write(text);
}

/** The last lines of a long text, indented. */
function tail(text: string, lines: number): string {
  return text
    .trimEnd()
    .split("\n")
    .slice(-lines)
    .map((line) => `    ${line}\n`)
    .join("");
}

/** What the compiler said, without the command lines: the diagnostics with the lines that they quote. */
function diagnostics(output: string): string {
  const lines = output.split("\n");
  const wanted = lines.filter(
    (line) => /(error|warning|note):|In function|^\s+\d* \|/.test(line) && !line.includes("command-line option"),
  );
  return tail(wanted.length > 0 ? wanted.join("\n") : output, 60);
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}

function summary(tests: PackageTests): string {
  if (tests.outcomes.size === 0) return tests.ok ? "passed" : "failed";
  const of = (outcome: string) => [...tests.outcomes.values()].filter((other) => other === outcome).length;
  const skipped = of("skipped") > 0 ? `, ${of("skipped")} skipped` : "";
  return `${of("passed")} passed, ${of("failed")} failed${skipped}`;
}

/** Ids of tests that passed on the original and do not pass now. */
function regressions(before: PackageTests, after: PackageTests): string[] {
  return [...before.outcomes]
    .filter(([id, outcome]) => outcome === "passed" && after.outcomes.get(id) !== "passed")
    .map(([id]) => id);
}

interface Trial {
  readonly work: string;
  readonly options: Options;
  readonly path: readonly string[];
  readonly environment: PythonEnvironment;
}

/** Builds and tests one state of the tree. Gives the tests' results, or null when they are no use. */
async function check(
  trial: Trial,
  root: string,
  label: string,
  abi: "capi" | "cpython" | "hybrid",
  helpers: Helpers,
  reference: { readonly build: PackageBuild; readonly tests: PackageTests | null } | null,
): Promise<{ readonly ok: boolean; readonly build: PackageBuild; readonly tests: PackageTests | null }> {
  const build = await buildPackage(root, abi, helpers, trial.environment);
  const missing = reference ? reference.build.libraries.length - build.libraries.length : 0;
  const built = build.ok && missing <= 0;
  say(`${label.padEnd(28)} ${abi.padEnd(8)} build ${built ? "ok" : "FAILED"} (${seconds(build.seconds)})`);
  if (!built) {
    say(`\n${build.ok ? `    ${missing} extension modules were not built\n` : ""}${diagnostics(build.output)}`);
    return { ok: false, build, tests: null };
  }
  const command = trial.options.test ?? null;
  if (command === null && findTests(root) === null) {
    say(" | no tests\n");
    return { ok: true, build, tests: null };
  }
  let ok = true;
  let first: PackageTests | null = null;
  for (const mode of abi === "hybrid" ? (["release", "debug"] as const) : (["release"] as const)) {
    const tests = await testPackage(root, build.libraries, { command, path: trial.path, mode }, trial.environment);
    first ??= tests;
    const worse = reference?.tests ? regressions(reference.tests, tests) : [];
    const failed = reference === null ? false : worse.length > 0 || (!tests.ok && (reference.tests?.ok ?? true));
    const leaked = tests.leaks.length > 0;
    say(
      `${mode === "debug" ? `\n${"".padEnd(37)} debug` : ""} | tests ${failed ? "WORSE " : ""}${summary(tests)} (${seconds(tests.seconds)})`,
    );
    if (mode === "debug") say(leaked ? ` | ${tests.leaks.length} LEAKS` : " | no leaks");
    if (failed || leaked) ok = false;
    if (failed || (reference === null && !tests.ok)) {
      say(
        `\n${worse
          .slice(0, 20)
          .map((id) => `    worse: ${id}\n`)
          .join("")}${tail(tests.output, 40)}`,
      );
    }
    if (leaked)
      say(
        `\n${tests.leaks
          .slice(0, 10)
          .map((leak) => `    ${leak}\n`)
          .join("")}`,
      );
  }
  say("\n");
  return { ok, build, tests: first };
}

function freshCopy(from: string, to: string): string {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  return to;
}

async function planFor(
  root: string,
  exclude: readonly string[],
): Promise<{ readonly plan: MigrationPlan; readonly input: ProjectInput }> {
  const project = readProject(root, { exclude });
  if (!project.ok) throw new Error(project.message);
  for (const warning of project.value.warnings) say(`    ${warning}\n`);
  const { input } = project.value;
  return { plan: planMigration(input, await loadParser(), { hpy: "0.9" }), input };
}

function installNeeds(needs: string | undefined, work: string, environment: PythonEnvironment): string[] {
  if (needs === undefined) return [];
  const target = join(work, "needs");
  if (!existsSync(target)) {
    const args = ["-m", "pip", "install", "--quiet", "--target", target, ...needs.split(" ")];
    const result = spawnSync(environment.python, args, { encoding: "utf8" });
    if (result.status !== 0) throw new Error(result.stderr);
  }
  return [target];
}

async function tryPackage(requirement: string, options: Options): Promise<boolean> {
  const environment = pythonEnvironment();
  const source = existsSync(requirement) ? resolve(requirement) : fetchSourceArchive(requirement, environment);
  const work = join(cacheDirectory(), "try", basename(source));
  mkdirSync(work, { recursive: true });
  const trial: Trial = { work, options, path: installNeeds(options.needs, work, environment), environment };

  const original = freshCopy(source, join(work, "original"));
  if (options.tests) cpSync(options.tests, join(original, basename(options.tests)), { recursive: true });
  const pristine = freshCopy(original, join(work, "pristine"));
  const reference = await check(trial, original, "original", "capi", "compiled", null);
  if (!reference.build.ok) return false;

  const started = performance.now();
  const { plan, input } = await planFor(pristine, options.exclude);
  say(
    `planned in ${seconds((performance.now() - started) / 1000)}\n${renderOverview(plan, assess(plan, input), PLAIN)}${renderAccount(plan.account)}\n`,
  );
  if (plan.steps.length === 0) return true;

  const migrated = freshCopy(pristine, join(work, "migrated"));
  let ok = true;
  for (const [index, step] of plan.steps.entries()) {
    const written = writeChanges(migrated, step.changes);
    if (!written.ok) throw new Error(written.message);
    const isLast = index === plan.steps.length - 1;
    if (!options.every && !isLast) continue;
    const label = isLast ? "all steps" : `${index + 1} ${step.id}`;
    for (const abi of ["cpython", "hybrid"] as const) {
      const tree = freshCopy(migrated, join(work, abi));
      const result = await check(trial, tree, label, abi, isLast ? "compiled" : "linked", reference);
      ok &&= result.ok;
    }
  }
  const { plan: rest } = await planFor(migrated, options.exclude);
  if (rest.steps.length > 0) {
    ok = false;
    say(
      `NOT FINISHED: a second run finds ${rest.steps.length} steps: ${rest.steps.map((step) => step.id).join(", ")}\n`,
    );
  }
  say(`original: ${pristine}\nmigrated: ${migrated}\n`);
  return ok;
}

await new Command("try")
  .description("migrate a real package, build every ABI and run its own tests")
  .argument("<package>", "NAME==VERSION on the package index, or a directory")
  .option("--test <command>", "shell command that runs the tests; pytest on the tests that are found by default")
  .option("--tests <path>", "tests to copy into the tree, for archives without")
  .option("--needs <packages>", "packages that the tests need, separated by spaces")
  .option(
    "--exclude <glob>",
    "files to leave alone; repeatable",
    (value: string, earlier: string[]) => [...earlier, value],
    [],
  )
  .option("--every", "build and test after each step")
  .action(async (requirement: string, options: Options) => {
    try {
      const ok = await tryPackage(requirement, options);
      say(ok ? "PASSED\n" : "FAILED\n");
      process.exitCode = ok ? 0 : 1;
    } catch (error) {
      process.stderr.write(
        `${error instanceof Error && !process.env.HPY_MIGRATE_DEBUG ? error.message : String((error as Error).stack)}\n`,
      );
      process.exitCode = 2;
    }
  })
  .parseAsync();
