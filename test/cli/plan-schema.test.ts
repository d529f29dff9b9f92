/** What the program prints must be what docs/plan-schema.json says, in both directions. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { MigrationPlan, Refusal, Step } from "../../engine/types.ts";
import { assess } from "../../report/assessment.ts";
import { planJson } from "../../report/plan-json.ts";

interface Schema {
  readonly $ref?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly type?: string | readonly string[];
  readonly minimum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly $defs?: Readonly<Record<string, Schema>>;
}

const SCHEMA = JSON.parse(
  readFileSync(fileURLToPath(new URL("../../docs/plan-schema.json", import.meta.url)), "utf8"),
) as Schema;

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

/** The part of JSON Schema that the file uses. */
function violations(value: unknown, schema: Schema, path: string): string[] {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.slice("#/$defs/".length);
    return violations(value, SCHEMA.$defs?.[name] ?? {}, path);
  }
  if (schema.const !== undefined && value !== schema.const) return [`${path} is not ${schema.const}`];
  if (schema.enum !== undefined && !schema.enum.includes(value))
    return [`${path} is not one of ${schema.enum.join(", ")}`];
  if (schema.type !== undefined && ![schema.type].flat().includes(typeOf(value)))
    return [`${path} is ${typeOf(value)}`];
  if (schema.minimum !== undefined && (value as number) < schema.minimum) return [`${path} is below ${schema.minimum}`];
  if (Array.isArray(value))
    return value.flatMap((item, index) => violations(item, schema.items ?? {}, `${path}[${index}]`));
  if (schema.properties === undefined) return [];
  const object = value as Record<string, unknown>;
  return [
    ...(schema.required ?? []).filter((key) => !(key in object)).map((key) => `${path}.${key} is missing`),
    ...Object.entries(object).flatMap(([key, member]) => {
      const known = schema.properties?.[key];
      return known ? violations(member, known, `${path}.${key}`) : [`${path}.${key} is not documented`];
    }),
  ];
}

/** A plan in which no list is empty and every optional thing is there. */
function fullPlan(): MigrationPlan {
  const refusal: Refusal = { id: "why", path: "m.c", span: { start: 1, end: 2 }, line: 1, message: "Because." };
  const step: Step = {
    id: "module-m",
    title: "Move m",
    kind: "module",
    module: "m",
    functions: ["f"],
    changes: [{ path: "m.c", before: "a", after: "b" }],
    insertions: 1,
    deletions: 1,
    notes: ["n"],
  };
  const place = { file: "m.c", line: 3 };
  return {
    hpy: "0.9",
    modules: [
      {
        name: "m",
        files: ["m.c"],
        functions: [
          {
            name: "f",
            ...place,
            span: { start: 0, end: 3 },
            kind: "method",
            type: null,
            status: "pure",
            via: "module-m",
            refusals: [],
          },
          {
            name: "g",
            ...place,
            span: { start: 4, end: 40 },
            kind: "helper",
            type: null,
            status: "legacy",
            via: null,
            refusals: [refusal],
          },
        ],
        types: [{ name: "T", ...place, status: "legacy", refusals: [refusal] }],
        steps: [step],
        refusals: [refusal],
      },
    ],
    steps: [step],
    account: { found: 3, rewritten: 1, legacy: [{ reason: "why", sites: 1 }], suppressed: 1, unparsed: 0 },
    notes: [refusal],
    totals: { functions: 2, pure: 1, bridged: 0, legacy: 1, steps: 1 },
  };
}

/** The source has a call that HPy lacks, so that the assessment is full too. */
function fullJson(): object {
  const plan = fullPlan();
  const text = "f()\ng() { PyErr_Fetch(&a, &b, &c); }\n";
  return planJson(plan, assess(plan, { files: [{ path: "m.c", text }] }));
}

test("a plan follows the documented schema", () => {
  const printed = JSON.parse(JSON.stringify(fullJson()));
  expect(violations(printed, SCHEMA, "plan")).toEqual([]);
});

test("the check notices what is wrong", () => {
  const printed = JSON.parse(JSON.stringify(fullJson()));
  printed.schema = 2;
  printed.modules[0].functions[0].status = "done";
  delete printed.modules[0].name;
  printed.extra = 1;
  expect(violations(printed, SCHEMA, "plan").sort()).toEqual([
    "plan.extra is not documented",
    "plan.modules[0].functions[0].status is not one of pure, bridged, legacy",
    "plan.modules[0].name is missing",
    "plan.schema is not 1",
  ]);
});

test("internal positions and texts do not leak into the schema", () => {
  const printed = JSON.stringify(fullJson());
  for (const internal of ["span", "before", "after", "changes"]) expect(printed).not.toContain(`"${internal}"`);
});
