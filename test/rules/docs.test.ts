/** The reference pages are what their sources give. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { REFUSALS } from "../../engine/refusals.ts";
import { RULES } from "../../rules/table.ts";
import { generateDocs } from "../../tools/generate-docs.ts";

const DOCS = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "docs");
const pages = generateDocs();

describe("reference pages", () => {
  test.each([...pages.keys()])("docs/%s is up to date", (name) => {
    expect(readFileSync(join(DOCS, name), "utf8") === pages.get(name), "run npx tsx tools/generate-docs.ts").toBe(true);
  });

  test("link to headings that exist", () => {
    const headings = new Set(
      (pages.get("rules.md") ?? "")
        .split("\n")
        .filter((line) => line.startsWith("### "))
        .map((line) => line.slice(4)),
    );
    for (const rule of RULES.values()) expect(headings).toContain(rule.id);
    const links = [...(pages.get("api.md") ?? "").matchAll(/rules\.md#([a-z0-9-]+)/g)].map((match) => match[1]);
    expect(links.filter((link) => link === undefined || !headings.has(link))).toEqual([]);
  });

  test("have one heading for each refusal", () => {
    const headings = (pages.get("refusals.md") ?? "").split("\n").filter((line) => line.startsWith("## "));
    expect(headings).toEqual(REFUSALS.map((page) => `## ${page.id}`));
  });
});
