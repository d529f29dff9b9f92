/**
 * `npm run corpus [-- --only NAME... --jobs N --json FILE --from NAME=DIR --group N]`: fetches the packages of
 * corpus/packages.json, migrates them, verifies every step with their own tests, and writes docs/CORPUS.md. Each package is
 * planned anew when a source of this program has changed; a series that is what it was is not verified again, so that a
 * run which was interrupted goes on where it was, and a change costs the series that it changes.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError } from "commander";
import { cacheDirectory, pythonEnvironment } from "../verify/python-environment.ts";
import type { CorpusEntry, CorpusJob, CorpusResult } from "./corpus-entry.ts";
import { renderCorpus } from "./corpus-page.ts";
import { conditionsDigest, directoryDigest } from "./kept-verification.ts";
import { fetchSourceArchive } from "./source-archive.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Whose code decides how building and testing a series ends. */
const VERIFYING = ["verify", "tools/corpus-verification.ts"];

/** Folders whose code decides what a result is. */
const DECIDING = [
  "syntax",
  "model",
  "analysis",
  "rules",
  "transforms",
  "lint",
  "engine",
  "report",
  "verify",
  "cli",
  "tools",
];

/** A hash of TypeScript sources: files, and all files of folders. */
function codeHash(places: readonly string[]): string {
  const hash = createHash("sha256");
  for (const place of places) {
    const files = place.endsWith(".ts")
      ? [place]
      : readdirSync(join(ROOT, place), { recursive: true, encoding: "utf8" })
          .filter((file) => file.endsWith(".ts"))
          .map((file) => join(place, file));
    for (const file of files.sort()) hash.update(`${file}\0`).update(readFileSync(join(ROOT, file)));
  }
  return hash.digest("hex").slice(0, 16);
}

/** What results hold for. */
interface Code {
  /** Of all that decides what a result is. */
  readonly all: string;
  /** Of what decides how building and testing ends. */
  readonly verify: string;
}

interface Options {
  readonly only?: readonly string[];
  readonly jobs: number;
  readonly json?: string;
  readonly from: ReadonlyMap<string, string>;
  readonly group: number;
  /** Seconds that a package may take. */
  readonly limit: number;
  /** Whether to build nothing: what was not verified before is only planned. */
  readonly kept?: true;
}

interface Failure {
  readonly name: string;
  readonly version: string;
  readonly error: string;
}

function positive(given: string): number {
  const number = Number(given);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError("It must be a positive whole number.");
}

function collectFrom(given: string, earlier: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const [name = "", directory = ""] = given.split("=");
  if (!existsSync(directory)) throw new InvalidArgumentError("It must be NAME=DIRECTORY.");
  return new Map([...earlier, [name, resolve(directory)]]);
}

/** Runs one package, or finds its result. */
async function runEntry(entry: CorpusEntry, code: Code, options: Options): Promise<CorpusResult | Failure> {
  const { name, version } = entry;
  const given = options.from.get(name);
  if (given === undefined && entry.sha256 === undefined) {
    return { name, version, error: `the package index has no source archive; give one with --from ${name}=DIR` };
  }
  const digest = given === undefined ? (entry.sha256 as string) : directoryDigest(given);
  const key = conditionsDigest(entry, digest, [code.all], options.group);
  const results = join(cacheDirectory(), "corpus", "results");
  mkdirSync(results, { recursive: true });
  const file = join(results, `${name}-${version}-${key.slice(0, 16)}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as CorpusResult;
  let source: string;
  try {
    source = given ?? fetchSourceArchive(`${name}==${version}`, pythonEnvironment(), digest);
  } catch (error) {
    return { name, version, error: error instanceof Error ? error.message : String(error) };
  }
  const verify = options.kept ? "kept" : "anew";
  const job: CorpusJob = { entry, source, digest, code: code.verify, group: options.group, verify };
  const log: string[] = [];
  let answer = "";
  const status = await new Promise<number | null>((done) => {
    const args = ["--import", "tsx", join(ROOT, "tools", "corpus-package.ts")];
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ["pipe", "pipe", "pipe"] });
    child.stdin.on("error", () => {});
    child.stdin.write(`${JSON.stringify(job)}\n`);
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (text: string) => {
      answer += text;
    });
    child.stderr.setEncoding("utf8");
    child.stderr.on("data", (text: string) => {
      process.stderr.write(text);
      log.push(text);
    });
    // The guard of its workplace ends what it started.
    const timer = setTimeout(() => {
      log.push(`it took longer than ${options.limit} s`);
      child.kill("SIGKILL");
    }, options.limit * 1000);
    child.on("close", (code) => {
      clearTimeout(timer);
      done(code);
    });
  });
  if (status !== 0) return { name, version, error: log.join("").trim().split("\n").slice(-5).join("\n") };
  const result = JSON.parse(answer) as CorpusResult;
  // What could not be verified is tried again.
  if (result.unverified === null) {
    writeFileSync(`${file}.${process.pid}`, answer);
    renameSync(`${file}.${process.pid}`, file);
  }
  return result;
}

async function runCorpus(options: Options): Promise<boolean> {
  const { packages } = JSON.parse(readFileSync(join(ROOT, "corpus", "packages.json"), "utf8")) as {
    packages: readonly CorpusEntry[];
  };
  const unknown = options.only?.find((name) => !packages.some((entry) => entry.name === name));
  if (unknown !== undefined) throw new Error(`corpus/packages.json has no package "${unknown}"`);
  const wanted = packages.filter((entry) => options.only?.includes(entry.name) ?? true);
  const code = { all: codeHash(DECIDING), verify: codeHash(VERIFYING) };
  const results = new Map<string, CorpusResult | Failure>();
  const queue = [...wanted];
  const work = async (): Promise<void> => {
    for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) {
      const result = await runEntry(entry, code, options);
      results.set(entry.name, result);
      if ("error" in result) process.stderr.write(`${entry.name}: ${result.error}\n`);
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
  const ordered = wanted.map((entry) => results.get(entry.name) as CorpusResult | Failure);
  const done = ordered.filter((result): result is CorpusResult => !("error" in result));
  const failed = ordered.filter((result): result is Failure => "error" in result);
  const page = renderCorpus(packages, done, failed);
  process.stdout.write(page);
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify({ code: code.all, packages: ordered }, null, 2)}\n`);
  // A part of the corpus is no result of the corpus.
  if (options.only === undefined) writeFileSync(join(ROOT, "docs", "CORPUS.md"), page);
  const known = packages.filter((entry) => entry.sha256 !== undefined).map((entry) => entry.name);
  return !failed.some((result) => known.includes(result.name));
}

await new Command("corpus")
  .description("migrate real packages and verify every step with their own tests")
  .option("--only <name...>", "these packages; docs/CORPUS.md stays as it is then")
  .option("--jobs <n>", "packages at a time", positive, 1)
  .option("--json <file>", "write the results as JSON too")
  .option(
    "--from <name=dir>",
    "the source of a package that the index does not have; repeatable",
    collectFrom,
    new Map(),
  )
  .option("--group <n>", "steps between two checks, where the package does not ask for more", positive, 1)
  .option("--limit <seconds>", "what a package may take; one that takes longer is listed as not run", positive, 7200)
  .option("--kept", "build nothing: plan, and take what earlier runs have found of the same series")
  .action(async (options: Options) => {
    process.exitCode = (await runCorpus(options)) ? 0 : 1;
  })
  .parseAsync();
