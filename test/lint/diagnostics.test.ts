import { describe, expect, it } from "vitest";
import { loadParser } from "../../cli/load-parser.ts";
import { DIAGNOSTICS } from "../../lint/diagnostics.ts";
import { lintHandles } from "../../lint/lint-files.ts";
import type { ParsedFile } from "../../syntax/source.ts";

const parser = await loadParser();

function parse(text: string): ParsedFile {
  const file = { path: "example.c", text };
  return parser.parse(file, parser.prepare([file]));
}

function found(file: ParsedFile): string[] {
  return lintHandles([file]).flatMap((report) => report.findings.map((f) => f.id));
}

describe("diagnostics", () => {
  it.each(DIAGNOSTICS.map((d) => [d.id, d] as const))(
    "%s is found in its example and not in the repaired code",
    (id, d) => {
      const example = parse(d.example);
      expect(example.unparsed).toEqual([]);
      expect(found(example)).toContain(id);
      const repaired = parse(d.repaired);
      expect(repaired.unparsed).toEqual([]);
      expect(found(repaired)).toEqual([]);
    },
  );

  it("have unique ids", () => {
    expect(new Set(DIAGNOSTICS.map((d) => d.id)).size).toBe(DIAGNOSTICS.length);
  });
});
