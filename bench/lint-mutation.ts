import { readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { loadParser } from "../cli/load-parser.ts";
import { HandleChecker } from "../lint/check-handles.ts";
import type { Finding } from "../lint/findings.ts";
import type { InputFile, ParsedFile, Parser } from "../syntax/source.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";

/*
 * Deletes or duplicates one HPy_Close, HPy_Dup, tracker close, builder cancel or Py_DECREF at a time and counts how
 * many of these mutants the handle checker reports. Mutants of functions that are not clean beforehand are left out,
 * and so are those that do not change what the code does to any handle (closing twice what is HPy_NULL by then).
 *
 *     npx tsx bench/lint-mutation.ts [--limit N] [--show] PATH...
 *
 * Each PATH is a project: a file, or a folder whose C and C++ files are read together.
 */

const RELEASES = new Set([
  "HPy_Close",
  "HPyTracker_Close",
  "HPyListBuilder_Cancel",
  "HPyTupleBuilder_Cancel",
  "Py_DECREF",
  "Py_XDECREF",
]);
const EXTENSIONS = new Set([".c", ".cc", ".cpp", ".cxx", ".h", ".hpp"]);

interface Mutant {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** The mutants of a function, in source order. */
function mutantsOf(tree: Tree, functionNode: Node): Mutant[] {
  const found: Mutant[] = [];
  for (const call of tree.descendants(functionNode, "call_expression")) {
    const callee = tree.field(call, "function");
    const name = callee === NONE ? "" : tree.source(callee);
    const start = tree.start(call);
    const end = tree.end(call);
    const source = tree.source(call);
    if (RELEASES.has(name) && tree.kind(tree.parent(call)) === "expression_statement") {
      found.push({ kind: `delete ${name}`, start, end, replacement: "(void)0" });
      found.push({ kind: `duplicate ${name}`, start, end, replacement: `${source}, ${source}` });
    }
    if (name === "HPy_Dup") {
      const argument = tree.named(tree.field(call, "arguments"))[1];
      if (argument === undefined) continue;
      found.push({ kind: "delete HPy_Dup", start, end, replacement: tree.source(argument) });
      found.push({ kind: "duplicate HPy_Dup", start, end, replacement: `HPy_Dup(ctx, ${source})` });
    }
  }
  return found;
}

function readProject(path: string): InputFile[] {
  if (statSync(path).isFile()) return [{ path, text: readFileSync(path, "latin1") }];
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .filter((name) => EXTENSIONS.has(extname(name)))
    .sort()
    .map((name) => ({ path: name, text: readFileSync(join(path, name), "latin1") }));
}

/** Findings of a function and of the functions that call it. */
function findingsAround(files: readonly ParsedFile[], file: ParsedFile, name: string): Finding[] {
  const checker = new HandleChecker(files);
  return files.flatMap((f) =>
    checker
      .functionsOf(f)
      .filter((info) => (f === file && info.name === name) || info.calls.has(name))
      .flatMap((info) => [...checker.result(info).findings]),
  );
}

interface Tally {
  mutants: number;
  found: number;
  readonly missed: string[];
}

/** Texts of functions that have been mutated: support functions are the same in many files. */
const done = new Set<string>();

function run(parser: Parser, inputs: readonly InputFile[], limit: number, tallies: Map<string, Tally>): void {
  const knowledge = parser.prepare(inputs);
  const files = inputs.map((f) => parser.parse(f, knowledge));
  const checker = new HandleChecker(files);
  let left = limit;
  for (const [i, file] of files.entries()) {
    for (const info of checker.functionsOf(file)) {
      const source = file.tree.source(info.node);
      if (done.has(source) || checker.proof(info).verdict !== "clean") continue;
      done.add(source);
      const before = findingsAround(files, file, info.name).length;
      for (const mutant of mutantsOf(file.tree, info.node)) {
        if (left-- <= 0) return;
        const text = file.text.slice(0, mutant.start) + mutant.replacement + file.text.slice(mutant.end);
        const changed = parser.parse({ path: file.path, text }, knowledge);
        const all = files.map((f, j) => (j === i ? changed : f));
        const after = findingsAround(all, changed, info.name).length;
        const tally = tallies.get(mutant.kind) ?? { mutants: 0, found: 0, missed: [] };
        tallies.set(mutant.kind, tally);
        tally.mutants++;
        if (after > before) tally.found++;
        else
          tally.missed.push(
            `${file.path}:${file.text.slice(0, mutant.start).split("\n").length} ${info.name}: ${mutant.kind}`,
          );
      }
    }
  }
}

const args = process.argv.slice(2);
const show = args.includes("--show");
const at = args.indexOf("--limit");
const limit = at < 0 ? Number.POSITIVE_INFINITY : Number(args[at + 1]);
const paths = args.filter((a, i) => !a.startsWith("--") && (at < 0 || i !== at + 1));
const parser = await loadParser();
const tallies = new Map<string, Tally>();
for (const path of paths) run(parser, readProject(path), limit, tallies);
let mutants = 0;
let found = 0;
for (const [kind, tally] of [...tallies].sort()) {
  mutants += tally.mutants;
  found += tally.found;
  process.stdout.write(`${kind.padEnd(32)} ${String(tally.found).padStart(5)} of ${tally.mutants}\n`);
  if (show) for (const line of tally.missed) process.stdout.write(`    missed ${line}\n`);
}
const share = mutants === 0 ? 0 : (100 * found) / mutants;
process.stdout.write(`${"all".padEnd(32)} ${String(found).padStart(5)} of ${mutants} (${share.toFixed(1)} %)\n`);
