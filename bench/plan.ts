/**
 * `npm run bench [-- DIRECTORY]`: what planning costs, as ratios to the bare parse of the same files in the same run, so
 * that the figures of two machines can be compared.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { Language, Parser as TreeSitter } from "web-tree-sitter";
import { loadParser } from "../cli/load-parser.ts";
import { readProject } from "../cli/project.ts";
import { planGradually, planMigration } from "../engine/engine.ts";
import type { InputFile } from "../syntax/source.ts";

// As on the command line.
setFlagsFromString("--liftoff-only");

const require = createRequire(import.meta.url);
const ROUNDS = 3;

/** The least of several runs in seconds: the one that was disturbed least. */
function measure(work: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    work();
    best = Math.min(best, process.cpuUsage(start).user / 1e6);
  }
  return best;
}

const directory = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), "..", "fixtures");
const project = readProject(directory, { exclude: [] });
if (!project.ok) throw new Error(project.message);
const { input } = project.value;
const sources = input.files.filter((file) => file.path.endsWith(".c") || file.path.endsWith(".h"));
const bytes = sources.reduce((sum, file) => sum + file.text.length, 0);

await TreeSitter.init();
const bare = new TreeSitter();
bare.setLanguage(await Language.load(require.resolve("tree-sitter-c/tree-sitter-c.wasm")));
const parser = await loadParser();

/** The fixtures are many small projects; any other directory is one. */
function projects(): InputFile[][] {
  if (process.argv[2] !== undefined) return [[...input.files]];
  const groups = new Map<string, InputFile[]>();
  for (const file of input.files) {
    const key = file.path.split("/").slice(0, 2).join("/");
    groups.set(key, [...(groups.get(key) ?? []), { path: file.path.slice(key.length + 1), text: file.text }]);
  }
  return [...groups.values()];
}

/** What one run costs: the tool remembers what it has read, so a second one would cost less. */
function measureOnce(work: () => void): number {
  const start = process.cpuUsage();
  work();
  return process.cpuUsage(start).user / 1e6;
}

/** The same files after a statement has been typed into the last function of the longest. */
function edited(files: readonly InputFile[]): InputFile[] {
  const longest = Math.max(...files.map((file) => (file.path.endsWith(".c") ? file.text.length : 0)));
  return files.map((file) => {
    const at = file.text.lastIndexOf("return");
    const isIt = file.path.endsWith(".c") && file.text.length === longest && at >= 0;
    return isIt ? { path: file.path, text: `${file.text.slice(0, at)};${file.text.slice(at)}` } : file;
  });
}

const parseBare = measure(() => {
  for (const file of sources) bare.parse(file.text)?.delete();
});
const parseOurs = measureOnce(() => {
  const knowledge = parser.prepare(sources);
  for (const file of sources) parser.parse(file, knowledge);
});
const parseEdited = measureOnce(() => {
  const changed = edited(sources);
  const knowledge = parser.prepare(changed);
  for (const file of changed) parser.parse(file, knowledge);
});
/** The part of a plan that parses and models what is there. */
let readAll = 0;
const planner = await loadParser();
const planAll = measureOnce(() => {
  for (const files of projects()) {
    const planning = planGradually({ files }, planner, { hpy: "0.9" });
    // The first pause comes when everything is parsed and modelled.
    readAll += measureOnce(() => planning.next());
    while (planning.next().done !== true);
  }
});
const planEdited = measureOnce(() => {
  for (const files of projects()) planMigration({ files: edited(files) }, planner, { hpy: "0.9" });
});

const megabytes = bytes / 1e6;
const row = (name: string, seconds: number): string =>
  `${name.padEnd(24)} ${(seconds / parseBare).toFixed(1).padStart(8)} P ${(seconds / megabytes).toFixed(2).padStart(8)} s/MB`;
process.stdout.write(`${sources.length} files, ${megabytes.toFixed(2)} MB; P is the bare parse by web-tree-sitter\n`);
process.stdout.write(
  [
    row("bare parse", parseBare),
    row("mask, parse, flatten", parseOurs),
    row("the same after an edit", parseEdited),
    row("plan: reading", readAll),
    row("plan: steps and figures", planAll - readAll),
    row("plan", planAll),
    row("plan after an edit", planEdited),
    "",
  ].join("\n"),
);
