/** What the ownership analysis finds out about small functions, drawn under their sources. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { printFacts } from "../../analysis/print-facts.ts";
import { loadParser } from "../../cli/load-parser.ts";
import { buildProject } from "../../model/project.ts";
import type { Parser } from "../../syntax/source.ts";
import { Analyses } from "../../transforms/analyses.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const SOURCES = join(ROOT, "fixtures", "analysis");

let parser: Parser;

beforeAll(async () => {
  parser = await loadParser();
});

function factsOf(name: string): string {
  const input = { path: name, text: readFileSync(join(SOURCES, name), "latin1") };
  const knowledge = parser.prepare([input]);
  const file = parser.parse(input, knowledge);
  const project = buildProject([file], knowledge, () => null);
  const analyses = new Analyses(project, "refused");
  return [...project.functions.values()]
    .flat()
    .map((fn) => printFacts(analyses.method(fn, "o")))
    .join("\n");
}

test.each(readdirSync(SOURCES).filter((name) => name.endsWith(".c")))("%s", async (name) => {
  await expect(factsOf(name)).toMatchFileSnapshot(join(ROOT, "snapshots", "analysis", name.replace(".c", ".txt")));
});

test("a borrowed item is promoted, and closed after its last use", () => {
  const facts = factsOf("borrowed.c");
  expect(facts).toContain("item promoted");
  expect(facts).toContain("//  before: item promoted\n//  close after: item");
});

test("where paths meet, a variable is owned on one and null on the other", () => {
  const facts = factsOf("cleanup.c");
  expect(facts).toContain("first owned, result null, second null");
  expect(facts).toContain("first owned, result owned, second owned");
});
