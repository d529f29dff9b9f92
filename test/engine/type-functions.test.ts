/** Functions are counted with the type whose tables list them, in the original and after each step. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadParser } from "../../cli/load-parser.ts";
import { planMigration } from "../../engine/engine.ts";

const FIXTURES = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "fixtures");
const parser = await loadParser();

function read(path: string): { path: string; text: string } {
  return { path: "code.c", text: readFileSync(join(FIXTURES, path), "latin1") };
}

/** Function names by type, as the plan of a source tells; functions of no type are left out. */
function byType(text: string): Record<string, string[]> {
  const plan = planMigration({ files: [{ path: "code.c", text }] }, parser, { hpy: "0.9" });
  const found: Record<string, string[]> = {};
  for (const { name, type } of plan.modules.flatMap((module) => module.functions)) {
    if (type !== null) found[type] = [...(found[type] ?? []), name];
  }
  return found;
}

/** The text after each step, the original first. */
function states(text: string): string[] {
  const plan = planMigration({ files: [{ path: "code.c", text }] }, parser, { hpy: "0.9" });
  return [text, ...plan.steps.map((step) => step.changes.find((change) => change.path === "code.c")?.after ?? "")];
}

const COUNTER = [
  "Counter_new",
  "Counter_dealloc",
  "Counter_repr",
  "Counter_step",
  "Counter_twin",
  "Counter_length",
  "Counter_bool",
  "Counter_add",
];

test("tables and suites of a static type, and its HPyDefs later", () => {
  const all = states(read("types/static-plain/static_plain.c").text);
  expect(all.length).toBeGreaterThan(5);
  for (const text of [all[0], all[6], all.at(-1)]) {
    const { Counter_Type = [] } = byType(text ?? "");
    // The destructor takes no context, so it is not a function that the plan knows once it is HPy's.
    const expected = Counter_Type.includes("Counter_dealloc")
      ? COUNTER
      : COUNTER.filter((f) => f !== "Counter_dealloc");
    expect(Counter_Type).toEqual(expected);
  }
});

test("slots, methods and getters of a PyType_Spec", () => {
  const found = byType(read("types/heap-specs/heap_specs.c").text);
  expect(found.Stack_spec).toEqual(
    expect.arrayContaining(["Stack_new", "Stack_init", "Stack_push", "Stack_pop", "Stack_repr"]),
  );
  expect(Object.values(found).flat()).not.toContain("is_stack");
  expect(Object.values(found).flat()).not.toContain("make_tower");
});
