/** A process of a survey: assesses the source trees that it is sent, one after the other. */
import { createReadStream, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { unzipSync } from "fflate";
import { extract } from "tar";
import { planMigration } from "../engine/engine.ts";
import { summarize } from "../report/make-report.ts";
import { loadParser } from "./load-parser.ts";
import { readProject, sourceFilter } from "./project.ts";
import { nameOf } from "./report-name.ts";
import { type SurveyAnswer, type SurveyJob, surveyName } from "./survey-job.ts";

/** Bytes of wanted files that an archive may hold: more is no package but a bomb. */
const LIMIT = 2 ** 30;
const METADATA = ["PKG-INFO", "setup.py", "setup.cfg", "pyproject.toml"];

/** Whether a file of an archive matters; the first directory is the archive's own. */
function isWanted(path: string): boolean {
  const inside = path.split("/").slice(1).join("/");
  return METADATA.includes(path.split("/").at(-1) ?? "") || sourceFilter([])(inside);
}

/** Adds up sizes. Throws when they exceed the limit. */
function limited(): (bytes: number) => void {
  let sum = 0;
  return (bytes) => {
    sum += bytes;
    if (sum > LIMIT) throw new Error("the archive holds more than 1 GiB of sources");
  };
}

async function unpackTar(archive: string, target: string): Promise<void> {
  const take = limited();
  await new Promise<void>((resolve, reject) => {
    const unpacker = extract({
      cwd: target,
      strict: true,
      preservePaths: false,
      filter: (path, entry) => {
        if (!("type" in entry) || entry.type !== "File" || !isWanted(path)) return false;
        take(entry.size);
        return true;
      },
    });
    createReadStream(archive)
      .on("error", reject)
      .pipe(unpacker)
      .on("error", reject)
      .on("close", () => resolve());
  });
}

function unpackZip(archive: string, target: string): void {
  const take = limited();
  const files = unzipSync(readFileSync(archive), {
    filter: ({ name, originalSize }) => {
      // A path that leads out of the target is of no package.
      if (name.endsWith("/") || name.startsWith("/") || name.split(/[\\/]/).includes("..") || !isWanted(name))
        return false;
      take(originalSize);
      return true;
    },
  });
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(target, name)), { recursive: true });
    writeFileSync(join(target, name), bytes);
  }
}

/** The source tree of a job: the directory itself, or what an archive unpacks to. */
async function treeOf(job: SurveyJob): Promise<string> {
  if (statSync(job.path).isDirectory()) return job.path;
  if (job.path.toLowerCase().endsWith(".zip")) unpackZip(job.path, job.scratch);
  else await unpackTar(job.path, job.scratch);
  const entries = readdirSync(job.scratch);
  return entries.length === 1 ? join(job.scratch, entries[0] as string) : job.scratch;
}

async function assessTree(job: SurveyJob): Promise<SurveyAnswer> {
  const tree = await treeOf(job);
  const read = readProject(tree, { exclude: job.exclude });
  if (!read.ok) throw new Error(read.message);
  const { input } = read.value;
  const plan = planMigration(input, await loadParser(), { hpy: job.hpy });
  if (plan.modules.length === 0) throw new Error("no Python extension module found");
  const declared = nameOf(tree);
  const name = declared.version === null ? { ...declared, ...surveyName(job.source) } : declared;
  return { ...summarize(plan, input, name), source: job.source };
}

setFlagsFromString("--liftoff-only");

process.on("message", (job: SurveyJob) => {
  assessTree(job).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      const [message = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
      process.send?.({ error: message });
    },
  );
});
