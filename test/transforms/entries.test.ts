/** Entries of types in the plan: what moves together, what stays and why, and which function comes first. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadParser } from "../../cli/load-parser.ts";
import { planMigration } from "../../engine/engine.ts";
import type { MigrationPlan } from "../../engine/types.ts";
import { FIXTURES } from "../fixtures/fixture.ts";

const parser = await loadParser();

function fixture(name: string): string {
  return readFileSync(join(FIXTURES, "types", name.replaceAll("_", "-"), `${name}.c`), "latin1");
}

function plan(text: string, first?: string): MigrationPlan {
  const options = first === undefined ? {} : { first };
  return planMigration({ files: [{ path: "module.c", text }] }, parser, { hpy: "0.9", ...options });
}

const PLAIN = plan(fixture("entries_plain"));

test("entries that share a function move in one step", () => {
  const step = PLAIN.steps.find((s) => s.functions.includes("Box_get_value"));
  expect(step?.title).toBe("Move Box.first, Box.second, Box.factor and Box.third to HPy");
  expect(step?.functions).toEqual(["Box_get_value", "Box_set_value", "Box_set_factor"]);
  expect(PLAIN.steps.find((s) => s.functions.includes("Box_int"))?.title).toBe(
    "Move the slot nb_int of Box and the slot nb_index of Box to HPy",
  );
});

test("a type lists what stays and is no function of the project", () => {
  const [box] = PLAIN.modules[0]?.types ?? [];
  expect(box).toMatchObject({ name: "Box_Type_spec", status: "bridged" });
  expect(box?.refusals.map((r) => [r.id, r.message])).toEqual([
    ["slot-missing-in-hpy", "HPy 0.9 has no slot `HPy_tp_getattro`."],
  ]);
  const [record] = plan(fixture("entries_struct")).modules[0]?.types ?? [];
  expect(record?.refusals.map((r) => r.id)).toEqual(["member-kind", "member-of-object", "fields-stay-pointers"]);
});

test("a function of a type can be asked for first", () => {
  const steps = plan(fixture("entries_plain"), "Box_contains").steps;
  expect(steps[0]).toMatchObject({ id: "function-Box_contains", title: "Move the slot sq_contains of Box to HPy" });
  expect(steps).toHaveLength(PLAIN.steps.length);
});

test("the last entry takes the table and its slot along", () => {
  const end = PLAIN.steps.at(-1)?.changes[0]?.after ?? "";
  expect(end).not.toContain("PyGetSetDef");
  expect(end).toContain("{Py_tp_methods, Box_methods},");
});

test("a table that other code reads keeps its entries", () => {
  const text = fixture("entries_plain").replace(
    "static int entries_plain_exec_impl(HPyContext *ctx, HPy module)\n{",
    "$&\n    if (Box_getset[0].get == NULL)\n        return -1;",
  );
  const functions = plan(text).modules[0]?.functions ?? [];
  expect(functions.find((f) => f.name === "Box_get_total")).toMatchObject({
    status: "legacy",
    refusals: [{ id: "table-used-elsewhere" }],
  });
});

test("a function with another signature than its slot is refused", () => {
  const text = fixture("entries_plain").replace("static Py_ssize_t\nBox_length", "static int\nBox_length");
  const functions = plan(text).modules[0]?.functions ?? [];
  expect(functions.find((f) => f.name === "Box_length")?.refusals.map((r) => r.id)).toEqual(["slot-signature"]);
});

test("what legacy code goes on calling stays beside an HPy copy, and is counted as that", () => {
  const made = plan(fixture("entries_copies"));
  const item = made.modules[0]?.functions.find((f) => f.name === "Word_item");
  expect(item).toMatchObject({ status: "pure", via: "function-Word_item", refusals: [{ id: "kept-beside-copy" }] });
  expect(made.account.legacy.map((l) => l.reason)).toContain("kept-beside-copy");
  const { found, rewritten, legacy, suppressed, unparsed } = made.account;
  expect(legacy.reduce((sum, l) => sum + l.sites, rewritten + suppressed + unparsed)).toBe(found);
});
