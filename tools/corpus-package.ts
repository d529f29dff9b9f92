/**
 * Runs one package of the corpus: `tsx tools/corpus-package.ts ENTRY.json RESULT.json DIRECTORY GROUP`. A process of its own for each, so
 * that peak memory is the package's and a failure costs no other. `npm run corpus` calls it.
 */
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { loadParser } from "../cli/load-parser.ts";
import { readProject } from "../cli/project.ts";
import { planMigration } from "../engine/engine.ts";
import type { Exclusion, MigrationPlan, ProjectInput } from "../engine/types.ts";
import { assess } from "../report/assessment.ts";
import { compareStates } from "../verify/compare.ts";
import { Laboratory } from "../verify/laboratory.ts";
import { findBuildCommand, findRequirements, findTestCommand } from "../verify/project-commands.ts";
import { cacheDirectory } from "../verify/python-environment.ts";
import { keepGreenSteps } from "../verify/roll-back.ts";
import { statesOf } from "../verify/series.ts";
import { type Baseline, type State, Verifier } from "../verify/verifier.ts";
import type { CorpusEntry, CorpusResult } from "./corpus-entry.ts";

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** The package's tree with the tests that the corpus has for it. */
function treeOf(entry: CorpusEntry, source: string): string {
  const root = join(mkdtempSync(join(tmpdir(), "hpy-migrate-corpus-")), basename(source));
  cpSync(source, root, { recursive: true, verbatimSymlinks: true });
  if (entry.tests !== undefined) cpSync(entry.tests, join(root, "corpus_tests"), { recursive: true });
  return root;
}

/** What the tree and its tests are, for the memory of green states. */
function identityOf(entry: CorpusEntry, source: string): string {
  const hash = createHash("sha256").update(JSON.stringify(entry)).update(source);
  const tests = entry.tests === undefined ? [] : readdirSync(entry.tests);
  for (const name of tests.sort()) hash.update(readFileSync(join(entry.tests as string, name)));
  return hash.digest("hex");
}

type Unverified = Pick<
  CorpusResult,
  | "unverified"
  | "steps"
  | "checks"
  | "testsBefore"
  | "testsAfter"
  | "leaks"
  | "untested"
  | "comparison"
  | "verifySeconds"
>;

function unverified(plan: MigrationPlan, reason: string, baseline: Baseline | null): Unverified {
  return {
    unverified: reason,
    steps: { total: plan.steps.length, green: 0, within: 0, rolledBack: [] },
    checks: 0,
    testsBefore: baseline?.tests ?? null,
    testsAfter: null,
    leaks: null,
    untested: [],
    comparison: null,
    verifySeconds: 0,
  };
}

function numbersOf(
  plan: MigrationPlan,
  input: ProjectInput,
): Pick<CorpusResult, "functions" | "types" | "causes" | "insertions" | "deletions"> {
  const types = plan.modules.flatMap((module) => module.types);
  return {
    functions: plan.totals,
    types: {
      moved: types.filter((type) => type.status !== "legacy").length,
      legacy: types.filter((type) => type.status === "legacy").length,
    },
    causes: assess(plan, input).blockers.map(({ id, title, holds, follows }) => ({ id, title, holds, follows })),
    insertions: plan.steps.reduce((sum, step) => sum + step.insertions, 0),
    deletions: plan.steps.reduce((sum, step) => sum + step.deletions, 0),
  };
}

async function verifyEntry(
  entry: CorpusEntry,
  root: string,
  source: string,
  first: MigrationPlan,
  replan: (excluded: readonly Exclusion[]) => MigrationPlan,
  group: number,
): Promise<Unverified & { readonly plan: MigrationPlan }> {
  const build = entry.build ?? findBuildCommand(root)?.command;
  if (build === undefined) return { ...unverified(first, "its build is not one of setuptools", null), plan: first };
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
      memory: { directory: join(cacheDirectory(), "corpus", "green"), identity: identityOf(entry, source) },
      onActivity: (activity) => say(`${entry.name}: ${activity}`),
    });
    const baseline = await verifier.baseline();
    if (baseline.failure !== null) {
      const [line = ""] = baseline.failure.evidence;
      return { ...unverified(first, `${baseline.failure.message}: ${line}`, baseline), plan: first };
    }
    const missing = entry.modules.filter((name) => !baseline.modules.includes(name));
    if (missing.length > 0) {
      return { ...unverified(first, `its build does not make ${missing.join(", ")} here`, baseline), plan: first };
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
        group: Math.max(entry.group ?? 1, group),
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
    return {
      plan: kept.plan,
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
      comparison,
      verifySeconds: (performance.now() - started) / 1000,
    };
  } finally {
    await laboratory.close();
  }
}

const [entryFile = "", resultFile = "", source = "", group = "1"] = process.argv.slice(2);
const entry = JSON.parse(readFileSync(entryFile, "utf8")) as CorpusEntry;
Object.assign(process.env, entry.env ?? {});
const root = treeOf(entry, source);
try {
  const parser = await loadParser();
  const project = readProject(root, { exclude: entry.exclude ?? [] });
  if (!project.ok) throw new Error(project.message);
  const started = performance.now();
  const replan = (excluded: readonly Exclusion[]): MigrationPlan =>
    planMigration(project.value.input, parser, { hpy: "0.9", excluded });
  const first = replan([]);
  const planSeconds = (performance.now() - started) / 1000;
  const memory = Math.round(process.resourceUsage().maxRSS / 1024);
  say(`${entry.name}: planned ${first.steps.length} steps in ${planSeconds.toFixed(1)} s`);
  const { plan, ...verification } = await verifyEntry(entry, root, source, first, replan, Number(group));
  const base = { name: entry.name, version: entry.version, planSeconds, memory };
  const result: CorpusResult = { ...base, ...verification, ...numbersOf(plan, project.value.input) };
  writeFileSync(resultFile, `${JSON.stringify(result, null, 2)}\n`);
} finally {
  rmSync(join(root, ".."), { recursive: true, force: true });
}
