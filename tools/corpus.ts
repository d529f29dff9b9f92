/**
 * `npm run corpus [-- --only NAME... --jobs N --json FILE --from NAME=DIR --group N]`: fetches the packages of
 * corpus/packages.json, migrates them, verifies every step with their own tests, and writes docs/CORPUS.md. Results are
 * kept by package and by the sources of this program, so that a run which was interrupted goes on where it was.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError } from "commander";
import { cacheDirectory, pythonEnvironment } from "../verify/python-environment.ts";
import type { CorpusEntry, CorpusResult } from "./corpus-entry.ts";
import { renderCorpus } from "./corpus-page.ts";
import { fetchSourceArchive } from "./source-archive.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Folders whose code decides what a result is. */
const DECIDING = ["syntax", "model", "analysis", "rules", "transforms", "lint", "engine", "verify"];

/** A hash of the sources that results depend on. */
function codeHash(): string {
  const hash = createHash("sha256");
  for (const folder of DECIDING) {
    const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).filter((f) =>
      f.endsWith(".ts"),
    );
    for (const file of files.sort()) hash.update(`${file}\0`).update(readFileSync(join(ROOT, folder, file)));
  }
  hash.update(readFileSync(join(ROOT, "tools", "corpus-package.ts")));
  return hash.digest("hex").slice(0, 16);
}

interface Options {
  readonly only?: readonly string[];
  readonly jobs: number;
  readonly json?: string;
  readonly from: ReadonlyMap<string, string>;
  readonly group: number;
  /** Seconds that a package may take. */
  readonly limit: number;
  /** Whether to run nothing, and to write the page from the results that there are. */
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
async function runEntry(entry: CorpusEntry, code: string, options: Options): Promise<CorpusResult | Failure> {
  const { name, version } = entry;
  const key = createHash("sha256")
    .update(JSON.stringify(entry))
    .update(code)
    .update(String(options.group))
    .digest("hex");
  const results = join(cacheDirectory(), "corpus", "results");
  mkdirSync(results, { recursive: true });
  const file = join(results, `${name}-${version}-${key.slice(0, 16)}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as CorpusResult;
  if (options.kept) return { name, version, error: "it has not been run to its end with this version" };
  let source = options.from.get(name);
  try {
    if (source === undefined && entry.sha256 === undefined) {
      return { name, version, error: `the package index has no source archive; give one with --from ${name}=DIR` };
    }
    source ??= fetchSourceArchive(`${name}==${version}`, pythonEnvironment(), entry.sha256 ?? null);
  } catch (error) {
    return { name, version, error: error instanceof Error ? error.message : String(error) };
  }
  const entryFile = `${file}.entry`;
  writeFileSync(entryFile, JSON.stringify(entry));
  const worker = join(ROOT, "tools", "corpus-package.ts");
  const args = ["--import", "tsx", worker, entryFile, `${file}.new`, source, String(options.group)];
  const log: string[] = [];
  const status = await new Promise<number | null>((done) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "ignore", "pipe"] });
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
  rmSync(entryFile, { force: true });
  if (status !== 0) return { name, version, error: log.join("").trim().split("\n").slice(-5).join("\n") };
  renameSync(`${file}.new`, file);
  return JSON.parse(readFileSync(file, "utf8")) as CorpusResult;
}

async function runCorpus(options: Options): Promise<boolean> {
  const { packages } = JSON.parse(readFileSync(join(ROOT, "corpus", "packages.json"), "utf8")) as {
    packages: readonly CorpusEntry[];
  };
  const unknown = options.only?.find((name) => !packages.some((entry) => entry.name === name));
  if (unknown !== undefined) throw new Error(`corpus/packages.json has no package "${unknown}"`);
  const wanted = packages.filter((entry) => options.only?.includes(entry.name) ?? true);
  const code = codeHash();
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
    writeFileSync(options.json, `${JSON.stringify({ code, packages: ordered }, null, 2)}\n`);
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
  .option("--kept", "run nothing: write the page from the results that earlier runs of this version have kept")
  .action(async (options: Options) => {
    process.exitCode = (await runCorpus(options)) ? 0 : 1;
  })
  .parseAsync();
