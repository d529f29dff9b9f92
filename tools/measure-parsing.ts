/**
 * Prints how much of the C and C++ under each given directory can be parsed: `tsx tools/measure-parsing.ts DIR...`.
 * With `--causes`, every part that could not is listed with its reason.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { loadParser } from "../cli/load-parser.ts";
import { withoutComments } from "../syntax/directives.ts";
import { filterTokens, lex } from "../syntax/lexer.ts";
import { outlineFunctions } from "../syntax/outline.ts";
import type { InputFile, ParsedFile } from "../syntax/source.ts";

const EXTENSIONS = new Set([".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".hh", ".hxx"]);

function listFiles(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return entry.name === ".git" ? [] : listFiles(path);
    const dot = entry.name.lastIndexOf(".");
    return entry.isFile() && EXTENSIONS.has(entry.name.slice(dot)) ? [path] : [];
  });
}

/** Functions of a file by its tokens, and how many of them overlap something unparsed. */
function countFunctions(parsed: ParsedFile): { readonly all: number; readonly unparsed: number } {
  const hidden = parsed.hidden;
  const tokens = withoutComments(lex(parsed.text));
  const shown = filterTokens(tokens, (t) => {
    const at = tokens.start[t] as number;
    return !hidden.some((span) => at >= span.start && at < span.end);
  });
  const functions = outlineFunctions(shown, parsed.language);
  const unparsed = functions.filter((one) =>
    parsed.unparsed.some((part) => part.span.start < one.end && part.span.end > one.start),
  );
  return { all: functions.length, unparsed: unparsed.length };
}

const directories = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const showCauses = process.argv.includes("--causes");
const parser = await loadParser();
let allFunctions = 0;
let allUnparsed = 0;
for (const directory of directories) {
  const files: InputFile[] = listFiles(directory).map((path) => ({
    path: relative(directory, path),
    text: readFileSync(path).toString("latin1"),
  }));
  const knowledge = parser.prepare(files);
  let functions = 0;
  let unparsed = 0;
  let parts = 0;
  const started = performance.now();
  const causes: string[] = [];
  for (const file of files) {
    const parsed = parser.parse(file, knowledge);
    const count = countFunctions(parsed);
    functions += count.all;
    unparsed += count.unparsed;
    parts += parsed.unparsed.length;
    for (const { name, span, reason } of parsed.unparsed) {
      const line = file.text.slice(0, span.start).split("\n").length;
      causes.push(`    ${file.path}:${line} ${name === "" ? "-" : name}: ${reason}`);
    }
  }
  allFunctions += functions;
  allUnparsed += unparsed;
  const share = functions === 0 ? 0 : (100 * unparsed) / functions;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${basename(directory)}: ${files.length} files, ${functions} functions, ${unparsed} unparsed (${share.toFixed(2)} %), ` +
      `${parts} unparsed parts, ${seconds} s`,
  );
  if (showCauses) for (const cause of causes) console.log(cause);
}
const share = allFunctions === 0 ? 0 : (100 * allUnparsed) / allFunctions;
console.log(`all: ${allFunctions} functions, ${allUnparsed} unparsed (${share.toFixed(2)} %)`);
