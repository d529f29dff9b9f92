/** `hpy-migrate survey`: assesses many source trees in parallel, one line of JSON each. */
import { type ChildProcess, fork } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { count } from "../report/account.ts";
import { REPORT_SCHEMA } from "../report/report-data.ts";
import { describeSystemError, type Result, success, unusable } from "./failure.ts";
import { ProgressBar } from "./progress.ts";
import { archiveExtension, type SurveyAnswer, type SurveyJob, surveyName } from "./survey-job.ts";

/** One part of a survey that is spread over machines. */
export interface Shard {
  /** 1-based. */
  readonly index: number;
  readonly of: number;
}

export interface SurveyOptions {
  readonly out?: string;
  readonly shard?: Shard;
  readonly jobs?: number;
  /** Seconds after which a source tree is given up. */
  readonly timeout: number;
  readonly retryFailed?: true;
  readonly quiet?: true;
  readonly exclude: readonly string[];
  readonly hpy: "0.9";
}

export interface SurveySurroundings {
  readonly print: (text: string) => void;
  readonly err: (text: string) => void;
  /** Width of the terminal that `err` writes to; missing when it is none. */
  readonly columns?: number;
}

interface Tree {
  readonly path: string;
  readonly source: string;
}

/** Source trees of a directory that holds them, or of a list: a path a line, relative to the list. */
function treesOf(given: string): Result<Tree[]> {
  try {
    if (given !== "-" && statSync(given).isDirectory()) {
      const entries = readdirSync(given, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() || archiveExtension(entry.name) !== null)
        .filter((entry) => !entry.name.startsWith("."))
        .map((entry) => entry.name)
        .sort();
      return success(entries.map((source) => ({ path: join(given, source), source })));
    }
    const text = readFileSync(given === "-" ? 0 : given, "utf8");
    const base = given === "-" ? "." : dirname(given);
    const sources = text
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#"));
    return success(
      [...new Set(sources)].map((source) => ({ path: isAbsolute(source) ? source : join(base, source), source })),
    );
  } catch (error) {
    return unusable(describeSystemError(error, given));
  }
}

/** Sources that the file has a line of already. A cut-off line counts as none. */
function surveyed(file: string, retry: "failed" | "nothing"): Set<string> {
  const found = new Set<string>();
  if (!existsSync(file)) return found;
  for (const line of readFileSync(file, "utf8").split("\n")) {
    try {
      const { source, error } = JSON.parse(line) as { source?: unknown; error?: unknown };
      if (typeof source !== "string") continue;
      if (error !== undefined && retry === "failed") found.delete(source);
      else found.add(source);
    } catch {
      // The run that wrote it was interrupted here.
    }
  }
  return found;
}

/** Puts a line end behind a line that was cut off, so that the next line stands alone. */
function mend(file: string): void {
  if (!existsSync(file)) return;
  const bytes = readFileSync(file);
  if (bytes.length > 0 && bytes.at(-1) !== 10) appendFileSync(file, "\n");
}

/** The module of the processes lies beside this one: compiled in the package, as TypeScript in development. */
const WORKER = fileURLToPath(new URL(`./survey-worker${import.meta.url.slice(-3)}`, import.meta.url));

/** A process that assesses one tree at a time. A tree that crashes it or takes too long costs that tree only. */
class Worker {
  #child: ChildProcess | null = null;

  /** Gives the answer, or why there is none. */
  async assess(tree: Tree, options: SurveyOptions): Promise<SurveyAnswer> {
    const scratch = mkdtempSync(join(tmpdir(), "hpy-migrate-survey-"));
    try {
      const job: SurveyJob = { ...tree, scratch, exclude: options.exclude, hpy: options.hpy };
      return await this.#ask(job, options.timeout);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }

  stop(): void {
    this.#child?.kill("SIGKILL");
    this.#child = null;
  }

  #start(): ChildProcess {
    this.#child ??= fork(WORKER, [], {
      execArgv: WORKER.endsWith(".ts") ? ["--import", import.meta.resolve("tsx")] : [],
      serialization: "json",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    return this.#child;
  }

  #ask(job: SurveyJob, seconds: number): Promise<SurveyAnswer> {
    const child = this.#start();
    return new Promise((resolve) => {
      const finish = (answer: SurveyAnswer): void => {
        clearTimeout(timer);
        child.removeAllListeners();
        resolve(answer);
      };
      const timer = setTimeout(() => {
        this.stop();
        finish({ error: `not assessed within ${seconds} s` });
      }, seconds * 1000);
      child.once("message", (answer) => finish(answer as SurveyAnswer));
      child.once("error", (error) => {
        this.stop();
        finish({ error: error.message });
      });
      child.once("exit", (status, signal) => {
        this.#child = null;
        finish({ error: `the assessment crashed (${signal ?? `exit status ${status}`})` });
      });
      child.send(job, (error) => {
        if (error !== null) finish({ error: error.message });
      });
    });
  }
}

/** Runs the command. A tree that cannot be assessed gets a line that says why; the status is 0 all the same. */
export async function survey(
  given: string,
  options: SurveyOptions,
  around: SurveySurroundings,
): Promise<Result<number>> {
  const listed = treesOf(given);
  if (!listed.ok) return listed;
  const { shard, out } = options;
  const own = listed.value.filter((_, index) => shard === undefined || index % shard.of === shard.index - 1);
  let done: Set<string>;
  try {
    done = out === undefined ? new Set() : surveyed(out, options.retryFailed ? "failed" : "nothing");
    if (out !== undefined) mend(out);
  } catch (error) {
    return unusable(describeSystemError(error, out ?? ""));
  }
  const left = own.filter((tree) => !done.has(tree.source));
  const queue = [...left];
  const bar = around.columns === undefined || options.quiet ? null : new ProgressBar(around.err, around.columns);
  let finished = 0;
  let failed = 0;
  let problem: string | null = null;
  const work = async (): Promise<void> => {
    const worker = new Worker();
    for (let tree = queue.shift(); tree !== undefined && problem === null; tree = queue.shift()) {
      bar?.activity(tree.source);
      const answer = existsSync(tree.path)
        ? await worker.assess(tree, options)
        : { error: `${tree.path}: no such file or directory` };
      const line =
        "error" in answer
          ? { schema: REPORT_SCHEMA, source: tree.source, ...surveyName(tree.source), error: answer.error }
          : answer;
      if ("error" in answer) failed++;
      finished++;
      const text = `${JSON.stringify(line)}\n`;
      try {
        if (out === undefined) {
          bar?.clear();
          around.print(text);
        } else appendFileSync(out, text);
      } catch (error) {
        problem = describeSystemError(error, out ?? "");
      }
      bar?.steps(finished, left.length);
    }
    worker.stop();
  };
  const workers = Math.min(options.jobs ?? availableParallelism(), Math.max(1, left.length));
  await Promise.all(Array.from({ length: workers }, work));
  bar?.clear();
  if (problem !== null) return unusable(problem);
  if (!options.quiet) {
    const before = own.length - left.length;
    const parts = [`${count(finished, "source tree")} surveyed`];
    if (failed > 0) parts.push(`${failed} of them failed`);
    if (before > 0) parts.push(`${before} were there before`);
    around.err(`hpy-migrate: ${parts.join(", ")}\n`);
  }
  return success(0);
}
