import { describe, expect, it } from "vitest";
import { loadParser } from "../../cli/load-parser.ts";
import { DIAGNOSTICS, type Diagnostic } from "../../lint/diagnostics.ts";
import { lintHandles, lintReferences } from "../../lint/lint-files.ts";
import type { ParsedFile } from "../../syntax/source.ts";

const parser = await loadParser();

function parse(text: string, language: "c" | "cpp" = "c"): ParsedFile {
  const file = { path: `example.${language}`, text };
  return parser.parse(file, parser.prepare([file]));
}

function found(file: ParsedFile, abi: "hybrid" | "universal", side: Diagnostic["side"]): string[] {
  const reports = side === "capi" ? lintReferences([file], [file]) : lintHandles([file], abi, [file]);
  return reports.flatMap((report) => report.findings.map((f) => f.id));
}

describe("diagnostics", () => {
  it.each(DIAGNOSTICS.filter((d) => d.side !== "check").map((d) => [d.id, d] as const))(
    "%s is found in its example and not in the repaired code",
    (id, d) => {
      const abi = id === "capi-in-universal" ? "universal" : "hybrid";
      const example = parse(d.example, d.language);
      expect(example.unparsed).toEqual([]);
      expect(found(example, abi, d.side)).toContain(id);
      const repaired = parse(d.repaired, d.language);
      expect(repaired.unparsed).toEqual([]);
      expect(found(repaired, abi, d.side)).toEqual([]);
    },
  );

  it("have unique ids", () => {
    expect(new Set(DIAGNOSTICS.map((d) => d.id)).size).toBe(DIAGNOSTICS.length);
  });
});
