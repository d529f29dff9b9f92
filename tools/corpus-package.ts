/**
 * Runs one package of the corpus: a {@link CorpusJob} comes as a line on stdin, which stays open for as long as somebody waits for
 * the result; that goes to stdout. A process of its own for each, so that peak memory is the package's and a failure costs
 * no other.
 */
import { cpSync } from "node:fs";
import { basename, join } from "node:path";
import { loadParser } from "../cli/load-parser.ts";
import { readProject } from "../cli/project.ts";
import { planMigration } from "../engine/engine.ts";
import type { MigrationPlan, ProjectInput } from "../engine/types.ts";
import { assess } from "../report/assessment.ts";
import { cacheDirectory, pythonEnvironment } from "../verify/python-environment.ts";
import { Workplace } from "../verify/workplace.ts";
import type { CorpusEntry, CorpusJob, CorpusResult, Verification } from "./corpus-entry.ts";
import { type Replan, unverified, verifyEntry } from "./corpus-verification.ts";
import { conditionsDigest, type KeptVerification, seriesDigest, VerificationStore } from "./kept-verification.ts";

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** The package's tree with the tests that the corpus has for it, in a scratch directory. */
function treeOf(entry: CorpusEntry, source: string, scratch: string): string {
  const root = join(scratch, basename(source));
  cpSync(source, root, { recursive: true, verbatimSymlinks: true });
  if (entry.tests !== undefined) cpSync(entry.tests, join(root, "corpus_tests"), { recursive: true });
  return root;
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

/** What earlier runs found of this series, with the plan that was left in the end; null when none did. */
function recalled(
  known: KeptVerification | null,
  first: MigrationPlan,
  replan: Replan,
): { readonly plan: MigrationPlan; readonly verification: Verification } | null {
  if (known === null) return null;
  const plan = known.excluded.length === 0 ? first : replan(known.excluded);
  return seriesDigest(plan.steps) === known.last ? { plan, verification: known.verification } : null;
}

async function runJob(job: CorpusJob, scratch: string): Promise<CorpusResult> {
  const { entry } = job;
  Object.assign(process.env, entry.env ?? {});
  const root = treeOf(entry, job.source, scratch);
  const parser = await loadParser();
  const project = readProject(root, { exclude: entry.exclude ?? [] });
  if (!project.ok) throw new Error(project.message);
  const started = performance.now();
  const replan: Replan = (excluded) => planMigration(project.value.input, parser, { hpy: "0.9", excluded });
  const first = replan([]);
  const planSeconds = (performance.now() - started) / 1000;
  const memory = Math.round(process.resourceUsage().maxRSS / 1024);
  say(`${entry.name}: planned ${first.steps.length} steps in ${planSeconds.toFixed(1)} s`);
  const base = { name: entry.name, version: entry.version, planSeconds, memory };

  const store = new VerificationStore(join(cacheDirectory(), "corpus", "verifications"));
  const group = Math.max(entry.group ?? 1, job.group);
  const conditions = conditionsDigest(entry, job.digest, [job.code, pythonEnvironment().version], group);
  const known = recalled(store.recall(entry.name, conditions, first.steps), first, replan);
  if (known !== null) {
    say(`${entry.name}: the series is as it was when it was verified`);
    return { ...base, ...known.verification, ...numbersOf(known.plan, project.value.input) };
  }
  if (job.verify === "kept") {
    const reason = "no earlier run verified this series";
    return { ...base, ...unverified(first, reason, null), ...numbersOf(first, project.value.input) };
  }
  const { plan, kept } = await verifyEntry(entry, root, conditions, first, replan, group);
  // What cannot be built today may be possible tomorrow.
  if (kept.verification.unverified === null) store.keep(entry.name, conditions, first.steps, kept);
  return { ...base, ...kept.verification, ...numbersOf(plan, project.value.input) };
}

let input = "";
process.stdin.setEncoding("utf8");
const job = await new Promise<CorpusJob>((resolve) => {
  process.stdin.on("data", (text: string) => {
    input += text;
    if (input.endsWith("\n")) resolve(JSON.parse(input) as CorpusJob);
  });
  // Nobody waits any more; the guards of workplaces end and remove what there is.
  process.stdin.on("end", () => process.exit(1));
});
const workplace = new Workplace(join(cacheDirectory(), "corpus", "trees"));
try {
  const result = await runJob(job, workplace.directory);
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
} finally {
  await workplace.close();
  process.stdin.destroy();
}
