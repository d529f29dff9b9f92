/**
 * Cost of `Parser.parse` (lex, mask, parse, flatten, audit) in units of one native tree-sitter parse of the same
 * text: `tsx bench/parse.ts DIR...`. Prints one line per directory; the smaller of three runs counts on both sides.
 */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { loadParser } from "../cli/load-parser.ts";
import type { InputFile } from "../syntax/source.ts";

interface NativeParser {
  setLanguage(language: unknown): void;
  parse(text: string, old: null, options: { bufferSize: number }): unknown;
}

const ROUNDS = 3;
const require = createRequire(import.meta.url);
const Native = require("tree-sitter") as new () => NativeParser;
const languages = { c: require("tree-sitter-c-native") as unknown, cpp: require("tree-sitter-cpp") as unknown };

function listSources(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return listSources(path);
    return /\.(c|h|cc|cpp|hpp)$/.test(entry.name) ? [path] : [];
  });
}

function measure(run: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now();
    run();
    best = Math.min(best, performance.now() - started);
  }
  return best;
}

const parser = await loadParser();
const native = new Native();
for (const directory of process.argv.slice(2)) {
  const files: InputFile[] = listSources(directory).map((path) => ({
    path,
    text: readFileSync(path).toString("latin1"),
  }));
  const bytes = files.reduce((sum, file) => sum + file.text.length, 0);
  const floor = measure(() => {
    for (const { path, text } of files) {
      native.setLanguage(/\.(c|h)$/.test(path) ? languages.c : languages.cpp);
      native.parse(text, null, { bufferSize: 2 * text.length + 1024 });
    }
  });
  let knowledge = parser.prepare(files);
  const prepare = measure(() => {
    knowledge = parser.prepare(files);
  });
  const parse = measure(() => {
    for (const file of files) parser.parse(file, knowledge);
  });
  console.log(
    `${basename(directory)}: ${(bytes / 1e6).toFixed(2)} MB, native ${floor.toFixed(0)} ms, ` +
      `prepare ${(prepare / floor).toFixed(2)}, parse ${(parse / floor).toFixed(2)}`,
  );
}
