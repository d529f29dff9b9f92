/**
 * Cost of `hpy-migrate lint` (read macros, mask, parse, flatten, audit, check) in units of one bare tree-sitter parse
 * of the same bytes in the same process, and of our own parser:
 *
 *     npx tsx bench/lint.ts [--lines N] [--capi] PATH...
 *
 * All C and C++ files below the paths are one project. With `--lines`, copies of it, each with other names for what is
 * defined outside of functions, fill a project of that size. The smaller
 * processor time of two runs counts on both sides.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { loadParser } from "../cli/load-parser.ts";
import { lintProject } from "../engine/lint-project.ts";
import { lex, TokenKind } from "../syntax/lexer.ts";
import type { InputFile } from "../syntax/source.ts";
import { NONE } from "../syntax/tree.ts";

interface NativeParser {
  setLanguage(language: unknown): void;
  parse(text: string, old: null, options: { bufferSize: number }): unknown;
}

const ROUNDS = 2;
const require = createRequire(import.meta.url);
const Native = require("tree-sitter") as new () => NativeParser;
const languages = { c: require("tree-sitter-c-native") as unknown, cpp: require("tree-sitter-cpp") as unknown };
const EXTENSIONS = [".c", ".h", ".cc", ".cpp", ".hpp"];

function listSources(path: string): string[] {
  if (statSync(path).isFile()) return EXTENSIONS.some((end) => path.endsWith(end)) ? [path] : [];
  return readdirSync(path)
    .sort()
    .flatMap((name) => listSources(join(path, name)));
}

function linesOf(files: readonly InputFile[]): number {
  return files.reduce((sum, file) => sum + file.text.split("\n").length, 0);
}

const parser = await loadParser();

/** Names of the functions that the files define. */
function definedNames(files: readonly InputFile[]): Set<string> {
  const knowledge = parser.prepare(files);
  const names = new Set<string>();
  for (const file of files) {
    const { tree } = parser.parse(file, knowledge);
    for (const node of tree.descendants(0, "function_declarator")) {
      const name = tree.field(node, "declarator");
      if (name !== NONE && tree.kind(name) === "identifier") names.add(tree.source(name));
    }
  }
  return names;
}

/** A copy of the files in which functions have names of their own. */
function renamed(files: readonly InputFile[], names: ReadonlySet<string>, copy: number): InputFile[] {
  return files.map(({ path, text }) => {
    const tokens = lex(text);
    let result = "";
    let from = 0;
    for (let t = 0; t < tokens.count; t++) {
      const start = tokens.start[t] as number;
      const end = tokens.end[t] as number;
      if (tokens.kind[t] !== TokenKind.identifier || !names.has(text.slice(start, end))) continue;
      result += `${text.slice(from, start)}c${copy}_${text.slice(start, end)}`;
      from = end;
    }
    return { path: `copy${copy}/${path}`, text: result + text.slice(from) };
  });
}

function measure(run: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const started = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(started);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}

const args = process.argv.slice(2);
const at = args.indexOf("--lines");
const wanted = at < 0 ? 0 : Number(args[at + 1]);
const paths = args.filter((a, i) => !a.startsWith("--") && (at < 0 || i !== at + 1));
const original: InputFile[] = paths.flatMap((path) =>
  listSources(path).map((file) => ({ path: file, text: readFileSync(file, "latin1") })),
);
const files = [...original];
if (wanted > 0) {
  const names = definedNames(original);
  for (let copy = 1; linesOf(files) < wanted; copy++) files.push(...renamed(original, names, copy));
}
const bytes = files.reduce((sum, file) => sum + file.text.length, 0);

const native = new Native();
const bare = measure(() => {
  for (const { path, text } of files) {
    native.setLanguage(path.endsWith(".c") || path.endsWith(".h") ? languages.c : languages.cpp);
    native.parse(text, null, { bufferSize: 2 * text.length + 1024 });
  }
});
const parse = measure(() => {
  const knowledge = parser.prepare(files);
  for (const file of files) parser.parse(file, knowledge);
});
const side = args.includes("--capi") ? "capi" : "hpy";
let functions = 0;
let findings = 0;
const lint = measure(() => {
  const report = lintProject({ files }, parser, { side, fixes: "none" });
  functions = report.functions;
  findings = report.findings.length;
});
process.stdout.write(
  [
    `${linesOf(files)} lines, ${(bytes / 1e6).toFixed(2)} MB, ${functions} functions, ${findings} findings`,
    `bare parse ${bare.toFixed(0)} ms; our parser ${(parse / bare).toFixed(2)}; lint ${(lint / bare).toFixed(2)}`,
    "",
  ].join("\n"),
);
