/** The commands, over an engine that the caller supplies: `main.ts` in the product, a scripted one in tests. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { Explanation } from "../engine/explain.ts";
import { checkApplicable, selectSteps, wantedFunction } from "../engine/select-steps.ts";
import type { BridgeUse, MigrationOptions, MigrationPlan, ProjectInput, Step } from "../engine/types.ts";
import { count, renderAccount } from "../report/account.ts";
import { assess } from "../report/assessment.ts";
import { renderPatchSeries, renderStat } from "../report/patch-series.ts";
import { PLAN_SCHEMA, planJson, stepJson } from "../report/plan-json.ts";
import { renderOverview, renderPlan } from "../report/plan-text.ts";
import { COLOURED, PLAIN, type Style } from "../report/style.ts";
import { diffFile } from "../report/unified-diff.ts";
import type { DroppedStep, Replan } from "../verify/roll-back.ts";
import type { CheckCommandOptions, CheckEngine } from "./check-command.ts";
import { describeSystemError, type Failure, type Result, success, unusable } from "./failure.ts";
import { checkWorkTree, commitStep } from "./git.ts";
import type { LintCommandOptions, LintEngine, LintSurroundings } from "./lint-command.ts";
import { type Project, readProject } from "./project.ts";
import { readSelector, type SelectorOptions } from "./read-selector.ts";
import type { ReportCommandOptions, ReportEngine } from "./report-command.ts";
import type { Shard, SurveyOptions } from "./survey-command.ts";
import {
  abiList,
  type PlanAt,
  positiveSeconds,
  type VerifyOptions,
  type VerifyOutput,
  verifyAndKeep,
  verifyHistory,
  verifyPlan,
} from "./verify-command.ts";
import { undoChanges, writeChanges } from "./write-files.ts";

/** What the commands need of the core. */
export interface Engine extends LintEngine, CheckEngine, ReportEngine {
  readonly plan: (input: ProjectInput, options: MigrationOptions) => Promise<MigrationPlan>;
  readonly explain: (id: string) => Explanation | null;
}

/** Makes the engine when a command needs it. */
export type LoadEngine = () => Promise<Engine>;

/** Where a run reads its surroundings from and writes its results to. */
export interface Surroundings {
  readonly version: string;
  /** Results. One character is one byte. */
  readonly out: (bytes: string) => void;
  /** Everything else, as text. */
  readonly err: (text: string) => void;
  readonly colour: { readonly out: boolean };
  /** Width of the terminal that `err` writes to, for progress; missing when it is none. */
  readonly columns?: number;
}

interface CommonOptions {
  readonly json?: true;
  readonly quiet?: true;
  readonly color: boolean;
  readonly hpy: "0.9";
  readonly bridge?: BridgeUse;
  readonly exclude: readonly string[];
  readonly allowDirty?: true;
}

interface DiffOptions extends CommonOptions, SelectorOptions {
  readonly out?: string;
  readonly date: Date;
}

interface ApplyOptions extends CommonOptions, SelectorOptions, VerifyOptions {
  readonly commit?: true;
  readonly verify?: true;
}

/** A character stands for a code point in `text` and for a byte in the result. */
function bytesOf(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

function hpyVersion(given: string): "0.9" {
  if (given === "0.9" || given === "0.9.0") return "0.9";
  throw new InvalidArgumentError("The only known version is 0.9.");
}

function workers(given: string): number {
  const number = Number(given);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError("It must be a positive whole number.");
}

function shard(given: string): Shard {
  const [index, of, ...rest] = given.split("/").map(Number);
  if (index !== undefined && of !== undefined && rest.length === 0 && Number.isInteger(index) && Number.isInteger(of)) {
    if (index >= 1 && index <= of) return { index, of };
  }
  throw new InvalidArgumentError("It must be like 1/4: the first of four parts.");
}

function date(given: string): Date {
  const parsed = new Date(given);
  if (!Number.isNaN(parsed.getTime())) return parsed;
  throw new InvalidArgumentError("It must be a date such as 2024-05-31.");
}

/** Dates of patches when none is given: fixed, so that the same input gives the same output. */
const SERIES_DATE = new Date("2000-01-01T00:00:00Z");

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

/** When functions may move that go on calling the C API in places. */
function withBridges(command: Command): Command {
  return command.addOption(
    new Option(
      "--bridge <when>",
      "call the C API from moved functions: for nothing, for what HPy lacks, or also for exactness",
    )
      .choices(["never", "needed", "always"])
      .default("needed"),
  );
}

function withSelectors(command: Command): Command {
  return withBridges(command)
    .option("--step <id>", "this step")
    .option("--function <name>", "the steps up to the one that moves this function")
    .option("--through <id>", "the steps up to this one")
    .option("--all", "all steps");
}

function withVerifyOptions(command: Command): Command {
  return command
    .option("--build <command>", "shell command that builds in place; setup.py is used by default")
    .option("--test <command>", "shell command that runs the tests; they are looked for by default")
    .addOption(new Option("--abi <names>", "ABIs to check steps under, separated by commas").argParser(abiList))
    .option("--python <exe>", "interpreter to build and test with")
    .addOption(
      new Option("--require <package>", "what building and testing needs; repeatable")
        .argParser(collect)
        .default([], "none"),
    )
    .addOption(new Option("--timeout <seconds>", "after this, tests hang").argParser(positiveSeconds));
}

/** Runs one command line and gives its exit status. Bugs escape as exceptions. */
export async function run(args: readonly string[], load: LoadEngine, around: Surroundings): Promise<number> {
  let status = 0;
  const settle = (result: Result<number>): void => {
    status = result.ok ? result.value : report(result, around);
  };
  const program = new Command("hpy-migrate");
  const action =
    <O>(work: (path: string, options: O) => Promise<Result<number>>) =>
    async (path: string | undefined, _own: unknown, command: Command): Promise<void> => {
      const result = await work(path ?? ".", command.optsWithGlobals<O & CommonOptions>());
      settle(result);
    };

  program
    .description("Moves Python C extensions from Python.h to HPy, one verified step at a time.")
    .version(around.version, "--version")
    .helpOption("-h, --help", "show this text")
    .argument("[path]", "the project: a directory, or one C file", ".")
    .option("--json", "machine-readable results")
    .option("--quiet", "no account and no hints on stderr")
    .option("--no-color", "no colours, also by NO_COLOR")
    .addOption(new Option("--hpy <version>", "HPy release to target").argParser(hpyVersion).default("0.9"))
    .addOption(
      new Option("--exclude <glob>", "files to leave alone; repeatable").argParser(collect).default([], "none"),
    )
    .addOption(new Option("-j, --jobs <n>", "parallel workers").argParser(workers))
    .option("--allow-dirty", "commit although the work tree has other changes")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => around.out(bytesOf(text)),
      writeErr: (text) => around.err(text),
      outputError: (text, write) => write(text.replace(/^error: /, "hpy-migrate: ")),
    })
    .exitOverride()
    .action(action<CommonOptions>((path, options) => overview(path, options, load, around)));

  withBridges(program.command("plan"))
    .description("the ordered steps, and each function's status and refusals")
    .argument("[path]", "the project", ".")
    .action(action<CommonOptions>((path, options) => plan(path, options, load, around)));

  withSelectors(program.command("diff"))
    .description("unified diff of the next step, or of the selected ones")
    .argument("[path]", "the project", ".")
    .option("--out <dir>", "write a numbered series for `git am` and `git apply` instead")
    .addOption(
      new Option("--date <date>", "date of the patches of --out").argParser(date).default(SERIES_DATE, "2000-01-01"),
    )
    .action(action<DiffOptions>((path, options) => diff(path, options, load, around)));

  withVerifyOptions(withSelectors(program.command("apply")))
    .description("write the next step, or the selected ones")
    .argument("[path]", "the project", ".")
    .option("--commit", "make one git commit per step")
    .option("--verify", "build and test each step first, drop those that fail, and plan again without them")
    .action(action<ApplyOptions>((path, options) => apply(path, options, load, around)));

  program
    .command("lint")
    .description("check the handles of HPy code, migrated or written by hand")
    .argument("[path]", "the project", ".")
    .addOption(new Option("--format <format>", "form of the results").choices(["text", "json", "sarif", "github"]))
    .option("--capi", "check the references of code that still uses the C API instead")
    .option("--fix", "make the repairs that are certain, then check")
    .addOption(
      new Option("--abi <abi>", "what it is built for; setup.cfg says it by default").choices(["hybrid", "universal"]),
    )
    .option("--unproven", "say on stderr where the checker lost track")
    .action(
      action<LintCommandOptions & CommonOptions>(async (path, options) => {
        const { lint } = await import("./lint-command.ts");
        return lint(path, options, await load(), lintSurroundings(options, around));
      }),
    );

  withVerifyOptions(program.command("verify"))
    .description("replay the series in a scratch copy: build, test and look for leaks after each step")
    .argument("[path]", "the project", ".")
    .option(
      "--since <revision>",
      "replay the commits since then, and what is not committed, instead of what is planned",
    )
    .option("--compare", "call every function of the original and of the last state with edge values")
    .option("--bisect", "check the last state, and halve the series to find the first step that fails")
    .action(action<CommonOptions & VerifyOptions>((path, options) => verify(path, options, load, around)));

  program
    .command("report")
    .description("where one project or several stand: text, pages, badges; also of a survey's lines")
    .argument("[paths...]", "projects, or a file of survey lines", ["."])
    .addOption(
      new Option("--format <format>", "form of the report").choices([
        "text",
        "json",
        "markdown",
        "html",
        "sarif",
        "badge",
      ]),
    )
    .option("--out <file>", "write it there instead of stdout")
    .option("--history", "count the commits of the git history too")
    .option("--since <date>", "first date of the history, as git takes it")
    .addOption(new Option("--max <n>", "commits of the history to look at").argParser(workers).default(300))
    .action(async (paths: readonly string[], _own: unknown, command: Command) => {
      const options = command.optsWithGlobals<ReportCommandOptions & CommonOptions>();
      const { report: run } = await import("./report-command.ts");
      settle(
        await run(paths, options, await load(), {
          version: around.version,
          style: styleFor(options, around.colour.out && options.out === undefined),
          print: (text) => around.out(bytesOf(text)),
          err: around.err,
          ...(around.columns === undefined ? {} : { columns: around.columns }),
        }),
      );
    });

  program
    .command("survey")
    .description("assess many source trees or archives in parallel, one line of JSON each")
    .argument("<list>", "a directory of them, or a file with a path a line; - for stdin")
    .option("--out <file>", "add the lines to this file, and go on where an earlier run stopped")
    .addOption(new Option("--shard <i/n>", "only every n-th, from the i-th").argParser(shard))
    .addOption(new Option("--timeout <seconds>", "give up a source tree after this").argParser(workers).default(600))
    .option("--retry-failed", "try those again that failed in an earlier run")
    .action(
      action<SurveyOptions & CommonOptions>(async (given, options) => {
        const { survey } = await import("./survey-command.ts");
        return survey(given, options, {
          print: (text) => around.out(bytesOf(text)),
          err: around.err,
          ...(around.columns === undefined ? {} : { columns: around.columns }),
        });
      }),
    );

  program
    .command("check")
    .description("for CI: fail on C-API use that is new since the baseline, or on pending steps")
    .argument("[path]", "the project", ".")
    .addOption(new Option("--format <format>", "form of the results").choices(["text", "json", "sarif", "github"]))
    .option("--pending", "fail while a step is pending")
    .option("--update-baseline", "record the C-API use that is left in hpy-migrate.baseline.json")
    .action(
      action<CheckCommandOptions & CommonOptions>(async (path, options) => {
        const { check } = await import("./check-command.ts");
        return check(path, options, await load(), lintSurroundings(options, around));
      }),
    );

  program
    .command("lsp")
    .description("the language server, for editors")
    .option("--stdio", "talk on stdin and stdout; the only way")
    .action(async () => {
      const { serveStdio } = await import("../lsp/node.ts");
      serveStdio(around.version);
      // The client ends the process by a message.
      await new Promise(() => {});
    });

  program
    .command("explain")
    .description("a rule, transform or refusal, with an example")
    .argument("<id>", "its id")
    .action(action<CommonOptions>(async (id, options) => explain(id, options, load, around)));

  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 2;
  }
  return status;
}

function lintSurroundings(options: CommonOptions, around: Surroundings): LintSurroundings {
  return {
    version: around.version,
    style: styleFor(options, around.colour.out),
    print: (text) => around.out(bytesOf(text)),
    err: around.err,
  };
}

function report(failure: Failure, around: Surroundings): number {
  around.err(`hpy-migrate: ${failure.message}\n`);
  return failure.status;
}

interface Planned {
  readonly project: Project;
  readonly plan: MigrationPlan;
}

async function makePlan(
  path: string,
  options: CommonOptions,
  load: LoadEngine,
  around: Surroundings,
  first?: string,
): Promise<Result<Planned>> {
  const project = readProject(path, { exclude: options.exclude });
  if (!project.ok) return project;
  for (const warning of project.value.warnings) around.err(`hpy-migrate: ${warning}\n`);
  const engine = await load();
  const made = await engine.plan(project.value.input, {
    hpy: options.hpy,
    ...(options.bridge === undefined ? {} : { bridge: options.bridge }),
    ...(first === undefined ? {} : { first }),
  });
  if (made.modules.length === 0) {
    const [note] = made.notes;
    const why = note ? ` (${note.path}:${note.line}: ${note.message})` : "";
    return unusable(`${path}: no Python extension module found${why}`);
  }
  return success({ project: project.value, plan: made });
}

/** The account that ends each run. What could not be parsed is told even to those who want quiet. */
function closeAccount(made: MigrationPlan, options: CommonOptions, around: Surroundings): void {
  if (!options.quiet) around.err(renderAccount(made.account));
  if (made.account.unparsed > 0) {
    const sites = count(made.account.unparsed, "C-API site");
    around.err(`hpy-migrate: ${sites} in code that could not be parsed; hpy-migrate plan says where\n`);
  }
}

function styleFor(options: CommonOptions, allowed: boolean): Style {
  return allowed && options.color ? COLOURED : PLAIN;
}

function printJson(value: object, around: Surroundings): void {
  around.out(bytesOf(`${JSON.stringify(value, null, 2)}\n`));
}

async function overview(
  path: string,
  options: CommonOptions,
  load: LoadEngine,
  around: Surroundings,
): Promise<Result<number>> {
  const planned = await makePlan(path, options, load, around);
  if (!planned.ok) return planned;
  const made = planned.value.plan;
  const assessment = assess(made, planned.value.project.input);
  if (options.json) printJson(planJson(made, assessment), around);
  else around.out(bytesOf(renderOverview(made, assessment, styleFor(options, around.colour.out))));
  closeAccount(made, options, around);
  return success(0);
}

async function plan(
  path: string,
  options: CommonOptions,
  load: LoadEngine,
  around: Surroundings,
): Promise<Result<number>> {
  const planned = await makePlan(path, options, load, around);
  if (!planned.ok) return planned;
  const { input } = planned.value.project;
  const defects = await (await load()).lint(input, { side: "capi", fixes: "none" });
  // What is wrong in the original code would be carried along, so a reader of the plan should know.
  const made = { ...planned.value.plan, notes: [...planned.value.plan.notes, ...defects.findings] };
  const assessment = assess(made, input);
  if (options.json) printJson(planJson(made, assessment), around);
  else around.out(bytesOf(renderPlan(made, assessment, styleFor(options, around.colour.out))));
  closeAccount(made, options, around);
  return success(0);
}

function verifyOutput(options: CommonOptions, around: Surroundings): VerifyOutput {
  return {
    json: options.json === true,
    quiet: options.quiet === true,
    style: styleFor(options, around.colour.out),
    out: (text) => around.out(bytesOf(text)),
    err: around.err,
    columns: options.quiet ? null : (around.columns ?? null),
  };
}

async function verify(
  path: string,
  options: CommonOptions & VerifyOptions,
  load: LoadEngine,
  around: Surroundings,
): Promise<Result<number>> {
  if (options.since !== undefined) {
    const project = readProject(path, { exclude: options.exclude });
    return project.ok ? verifyHistory(project.value, options.since, options, verifyOutput(options, around)) : project;
  }
  const planned = await makePlan(path, options, load, around);
  if (!planned.ok) return planned;
  const planAt: PlanAt = async (root) => {
    const other = await makePlan(root, options, load, { ...around, err: () => {} });
    return other.ok ? other.value.plan : null;
  };
  const { project, plan: made } = planned.value;
  const verified = await verifyPlan(project, made, planAt, options, verifyOutput(options, around));
  closeAccount(made, options, around);
  return verified;
}

async function selected(
  path: string,
  options: CommonOptions & SelectorOptions,
  load: LoadEngine,
  around: Surroundings,
): Promise<Result<Planned & { readonly steps: readonly Step[] }>> {
  const selector = readSelector(options);
  if (!selector.ok) return selector;
  const planned = await makePlan(path, options, load, around, wantedFunction(selector.value));
  if (!planned.ok) return planned;
  const steps = selectSteps(planned.value.plan, selector.value);
  return steps.ok ? success({ ...planned.value, steps: steps.value }) : unusable(steps.message);
}

function nothingLeft(options: CommonOptions, around: Surroundings): void {
  if (!options.quiet) around.err("hpy-migrate: no step is left\n");
}

async function diff(
  path: string,
  options: DiffOptions,
  load: LoadEngine,
  around: Surroundings,
): Promise<Result<number>> {
  const found = await selected(path, options, load, around);
  if (!found.ok) return found;
  const { steps, plan: made } = found.value;
  if (options.out !== undefined) {
    const written = writeSeries(steps, options.out, options.date, around);
    if (!written.ok) return written;
    if (options.json) printJson({ schema: PLAN_SCHEMA, patches: written.value }, around);
    else for (const name of written.value) around.out(bytesOf(`${name}\n`));
    const usesCrlf = steps.some((step) => step.changes.some((change) => change.after.includes("\r\n")));
    if (usesCrlf && !options.quiet) around.err("hpy-migrate: files with CRLF line ends need git am --keep-cr\n");
  } else if (options.json) {
    const diffs = steps.map((step) => ({
      ...stepJson(step),
      diff: step.changes.map((change) => decode(diffFile(change).text)).join(""),
    }));
    printJson({ schema: PLAN_SCHEMA, steps: diffs }, around);
  } else {
    const style = styleFor(options, around.colour.out);
    for (const step of steps)
      around.out(step.changes.map((change) => colourDiff(diffFile(change).text, style)).join(""));
  }
  if (steps.length === 0) nothingLeft(options, around);
  else if (!options.quiet) for (const step of steps) around.err(stepHeading(step));
  closeAccount(made, options, around);
  return success(0);
}

/** A diff for people: UTF-8 where its bytes are UTF-8. */
function decode(bytes: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, "latin1"));
  } catch {
    return bytes;
  }
}

function stepHeading(step: Step): string {
  const notes = step.notes.map((note) => `  note: ${note}\n`).join("");
  return `${step.id}: ${step.title} (+${step.insertions} -${step.deletions})\n${notes}`;
}

function colourDiff(text: string, style: Style): string {
  if (style === PLAIN) return text;
  const colour = (line: string): string => {
    if (line.startsWith("+++") || line.startsWith("---") || line.startsWith("diff ")) return style.bold(line);
    if (line.startsWith("@@")) return style.notable(line);
    if (line.startsWith("+")) return style.good(line);
    return line.startsWith("-") ? style.bad(line) : line;
  };
  return text
    .split("\n")
    .map((line) => (line === "" ? line : colour(line)))
    .join("\n");
}

/** Writes a series into a directory that holds no other one. */
function writeSeries(
  steps: readonly Step[],
  directory: string,
  when: Date,
  around: Surroundings,
): Result<readonly string[]> {
  const patches = renderPatchSeries(steps, around.version, when);
  try {
    mkdirSync(directory, { recursive: true });
    const names = new Set(patches.map((patch) => patch.name));
    const foreign = readdirSync(directory).find((name) => name.endsWith(".patch") && !names.has(name));
    if (foreign !== undefined)
      return unusable(`${join(directory, foreign)}: is of another series; nothing was written`);
    for (const patch of patches) writeFileSync(join(directory, patch.name), Buffer.from(patch.text, "latin1"));
  } catch (error) {
    return unusable(describeSystemError(error, directory));
  }
  return success(patches.map((patch) => join(directory, patch.name)));
}

async function apply(
  path: string,
  options: ApplyOptions,
  load: LoadEngine,
  around: Surroundings,
): Promise<Result<number>> {
  const found = await selected(path, options, load, around);
  if (!found.ok) return found;
  const { project, plan: made, steps } = found.value;
  const applicable = checkApplicable(made, steps);
  if (!applicable.ok) return unusable(applicable.message);
  if (options.commit) {
    const clean = checkWorkTree(project.root, options.allowDirty ? "allowed" : "refused");
    if (!clean.ok) return clean;
  }
  if (!options.verify) return writeSteps(project, made, steps, [], options, around);
  const selector = readSelector(options);
  if (!selector.ok) return selector;
  const engine = await load();
  const first = wantedFunction(selector.value);
  const replan: Replan = async (excluded) => {
    if (excluded.length === 0) return { plan: made, steps };
    const next = await engine.plan(project.input, {
      hpy: options.hpy,
      ...(options.bridge === undefined ? {} : { bridge: options.bridge }),
      excluded,
      ...(first === undefined ? {} : { first }),
    });
    const left = selectSteps(next, selector.value);
    return left.ok ? { plan: next, steps: left.value } : null;
  };
  return verifyAndKeep(project, made, replan, options, verifyOutput(options, around), async (kept) =>
    writeSteps(project, kept.plan, kept.steps, kept.dropped, options, around),
  );
}

/** Writes steps that are known to apply, one after the other. */
function writeSteps(
  project: Project,
  made: MigrationPlan,
  steps: readonly Step[],
  dropped: readonly DroppedStep[],
  options: ApplyOptions,
  around: Surroundings,
): Result<number> {
  for (const [index, step] of steps.entries()) {
    const written = writeStep(project.root, step, options);
    if (!written.ok) {
      return index === 0 ? written : { ...written, message: `after ${count(index, "step")}: ${written.message}` };
    }
    if (!options.json) {
      around.out(bytesOf(stepHeading(step)));
      around.out(bytesOf(renderStat(step.changes.map(diffFile))));
    }
  }
  if (options.json) {
    const drops = dropped.map(({ exclusion, result }) => ({ id: exclusion.step, problems: result.problems }));
    const applied = {
      schema: PLAN_SCHEMA,
      applied: steps.map(stepJson),
      ...(options.verify ? { dropped: drops } : {}),
    };
    printJson(applied, around);
  }
  if (dropped.length > 0 && !options.quiet) {
    around.err(
      `hpy-migrate: ${count(dropped.length, "step")} failed and were not written; what they move stays legacy\n`,
    );
  }
  if (steps.length === 0) nothingLeft(options, around);
  else if (!options.quiet) around.err(`${count(made.steps.length - steps.length, "step")} left\n`);
  closeAccount(made, options, around);
  return success(0);
}

function writeStep(root: string, step: Step, options: ApplyOptions): Result<null> {
  const written = writeChanges(root, step.changes);
  if (!written.ok || !options.commit) return written;
  const committed = commitStep(root, step);
  if (!committed.ok) undoChanges(root, step.changes);
  return committed;
}

async function explain(
  id: string,
  options: CommonOptions,
  load: LoadEngine,
  around: Surroundings,
): Promise<Result<number>> {
  const { explain: find } = await load();
  const explanation = find(id);
  if (explanation === null) return unusable(`nothing is called "${id}"`);
  if (options.json) {
    printJson({ schema: PLAN_SCHEMA, ...explanation }, around);
    return success(0);
  }
  const style = styleFor(options, around.colour.out);
  const lines = [
    `${style.bold(explanation.id)} (${explanation.kind}): ${explanation.title}`,
    "",
    explanation.text.trim(),
  ];
  if (explanation.example) {
    const { before, after } = explanation.example;
    lines.push("", style.bold("before"), before.trimEnd(), "", style.bold("after"), after.trimEnd());
  }
  around.out(bytesOf(`${lines.join("\n")}\n`));
  return success(0);
}
