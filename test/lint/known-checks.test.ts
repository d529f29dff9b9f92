import { beforeAll, describe, expect, it } from "vitest";
import { loadParser } from "../../cli/load-parser.ts";
import { checkHandles } from "../../lint/check-handles.ts";
import type { Parser } from "../../syntax/source.ts";

let parser: Parser;

beforeAll(async () => {
  parser = await loadParser();
});

/** Ids of the findings in `f`, each with the text of its place. */
function findings(text: string): string[] {
  const file = { path: "a.c", text };
  const parsed = parser.parse(file, parser.prepare([file]));
  return checkHandles(parsed, { functions: ["f"] }).map((f) => `${f.id}: ${text.slice(f.span.start, f.span.end)}`);
}

const HELPER = "static HPy make(HPyContext *ctx, HPy x) { return HPyLong_FromLong(ctx, 1); }\n";
const LEAK =
  "static int f(HPyContext *ctx, HPy x) {\n  HPy y = make(ctx, x);\n  if (HPy_IsNull(y)) return -1;\n  return 0;\n}\n";

describe("a function that was checked before", () => {
  it("has its findings at its new place", () => {
    const first = findings(HELPER + LEAK);
    expect(first).toEqual(["handle-leaked: return 0;"]);
    expect(findings(`/* moved */\n${HELPER}\nint other;\n${LEAK}`)).toEqual(first);
  });

  it("is checked again when a function that it calls has changed", () => {
    expect(findings(HELPER + LEAK)).toHaveLength(1);
    const constant = HELPER.replace("HPyLong_FromLong(ctx, 1)", "ctx->h_None");
    expect(findings(constant + LEAK).filter((f) => f.startsWith("handle-leaked"))).toEqual([]);
    expect(findings(HELPER + LEAK)).toHaveLength(1);
  });

  it("is checked again when a function that it calls is declared with another type", () => {
    const caller = "static int f(HPyContext *ctx, HPy x) {\n  other(ctx, x);\n  return 0;\n}\n";
    const handle = findings(`HPy other(HPyContext *ctx, HPy x);\n${caller}`);
    expect(handle).toHaveLength(1);
    expect(findings(`int other(HPyContext *ctx, HPy x);\n${caller}`)).toEqual([]);
    expect(findings(`\n\nHPy other(HPyContext *ctx, HPy x);\n${caller}`)).toEqual(handle);
  });
});
