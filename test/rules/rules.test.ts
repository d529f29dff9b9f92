import { describe, expect, test } from "vitest";
import { CAPI_FUNCTIONS } from "../../model/api/capi-table.ts";
import { HPY_0_9 } from "../../model/api/hpy-0.9.generated.ts";
import { SUPPORT } from "../../model/support-registry.ts";
import { expandTemplate, templateIdentifiers, templateParts } from "../../rules/expand-template.ts";
import { HANDLED } from "../../rules/handled.ts";
import type { Rule } from "../../rules/rule.ts";
import { RULE_FAMILIES, RULES, UNMAPPED } from "../../rules/table.ts";
import { bridgeFor } from "../../transforms/bridge.ts";

const ALL = [...RULES.values()];

/** Every name that a template may use besides support functions: HPy's own, C keywords and standard types. */
const HPY_NAMES = new Set([
  ...HPY_0_9.declarations.map((declaration) => declaration.name),
  ...HPY_0_9.macros.map((macro) => macro.name),
  ...HPY_0_9.contextHandles.map((handle) => handle.name),
  ...HPY_0_9.constants.map((constant) => constant.name),
]);
const C_NAMES = new Set(["char", "NULL"]);

function templates(rule: Rule): { readonly template: string; readonly support: readonly string[] }[] {
  return rule.otherwise === undefined ? [rule] : [rule, rule.otherwise];
}

/** Index of the parenthesis that closes the one at `open`. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === "(") depth++;
    if (text[at] === ")" && --depth === 0) return at;
  }
  return -1;
}

describe("rules", () => {
  test("have unique kebab-case ids that do not name the remedy", () => {
    const ids = ALL.map((rule) => rule.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
    expect(ids.filter((id) => id.includes("hpy"))).toEqual([]);
  });

  test("stand in the files of their families, sorted", () => {
    expect(RULE_FAMILIES.map((family) => family.name)).toEqual(RULE_FAMILIES.map((family) => family.name).sort());
    for (const { rules } of RULE_FAMILIES)
      expect(rules.map((rule) => rule.id)).toEqual(rules.map((rule) => rule.id).sort());
  });

  test.each(ALL.map((rule) => [rule.id, rule] as const))("%s uses names that exist", (_, rule) => {
    for (const { template, support } of templates(rule)) {
      const names = templateIdentifiers(template);
      expect(names.filter((name) => name.startsWith("hpyx_"))).toEqual([...support]);
      expect(support.filter((name) => !SUPPORT.has(name))).toEqual([]);
      expect(names.filter((name) => !name.startsWith("hpyx_") && !HPY_NAMES.has(name) && !C_NAMES.has(name))).toEqual(
        [],
      );
    }
  });

  test.each(ALL.map((rule) => [rule.id, rule] as const))(
    "%s evaluates each argument at most once, as a postfix expression",
    (_, rule) => {
      for (const { template } of templates(rule)) {
        const used = templateParts(template).flatMap((part) => (part.kind === "argument" ? [part.index] : []));
        expect(new Set(used).size).toBe(used.length);
        const arity = rule.arity === "variadic" ? Number.POSITIVE_INFINITY : rule.arity;
        expect(used.every((index) => index < arity)).toBe(true);
        // An argument that a condition fixes to a literal has no effects; every other one must still be evaluated.
        if (rule.arity !== "variadic") {
          const fixed = rule.when !== undefined && "literal" in rule.when ? rule.when.argument : -1;
          const missing = [...Array(rule.arity).keys()].filter((index) => !used.includes(index) && index !== fixed);
          expect(missing).toEqual([]);
        }
        const text = expandTemplate(template, {
          context: "ctx",
          arguments: Array(rule.arity === "variadic" ? 3 : rule.arity).fill("x"),
        });
        expect(closing(text, text.indexOf("("))).toBe(text.length - 1);
      }
    },
  );

  test.each(ALL.map((rule) => [rule.id, rule] as const))("%s has the arguments of its C function", (_, rule) => {
    const facts = CAPI_FUNCTIONS.get(rule.capi);
    if (facts === undefined) throw new Error(`${rule.capi} is unknown`);
    const isVariadic = facts.parameters.at(-1)?.type === "...";
    expect(rule.arity).toBe(isVariadic ? "variadic" : facts.parameters.length);
    if (rule.when !== undefined) expect(rule.when.argument).toBeLessThan(facts.parameters.length);
  });

  test.each(ALL.map((rule) => [rule.id, rule] as const))("%s is documented by whole sentences", (_, rule) => {
    for (const text of [rule.why, rule.note ?? "Fine."]) expect(text).toMatch(/^[A-Z`].*\.$/s);
    expect(rule.summary).toMatch(/\.$/);
    if (rule.safety === "review") expect(rule.note).toBeDefined();
  });
});

describe("the C API", () => {
  test("has exactly one answer for every function", () => {
    for (const name of CAPI_FUNCTIONS.keys()) {
      const answers = [RULES.has(name), UNMAPPED.has(name), HANDLED.has(name)].filter(Boolean);
      expect([name, answers.length]).toEqual([name, 1]);
    }
    for (const name of [...RULES.keys(), ...UNMAPPED.keys(), ...HANDLED.keys()])
      expect(CAPI_FUNCTIONS.has(name)).toBe(true);
  });

  test("is bridged only where a bridge can be made", () => {
    const impossible = [...UNMAPPED.values()].filter(({ capi, answer }) => {
      const facts = CAPI_FUNCTIONS.get(capi);
      return answer === "bridge" && (facts === undefined || "unsupported" in bridgeFor(facts));
    });
    expect(impossible.map((entry) => entry.capi)).toEqual([]);
  });

  test("names what HPy lacks in whole sentences", () => {
    for (const { reason } of UNMAPPED.values()) expect(reason).toMatch(/^[A-Z].*\.$/s);
  });

  // Decided by thought: one name for each kind of answer.
  test.each([
    ["PyErr_Fetch", "bridge"],
    ["PyGILState_Ensure", "refuse"],
    ["Py_REFCNT", "refuse"],
    ["PyObject_GC_Track", "refuse"],
    ["PyDict_Next", "bridge"],
    ["PyUnicode_Append", "bridge"],
    ["PyModule_GetState", "refuse"],
    ["PyMem_Malloc", "stays"],
    ["PyOS_string_to_double", "bridge"],
    ["PyBuffer_Release", "stays"],
    ["Py_EnterRecursiveCall", "stays"],
    ["PyUnicode_KIND", "bridge"],
    ["PyDate_FromDate", "bridge"],
    ["PyErr_Print", "stays"],
    ["PyErr_CheckSignals", "stays"],
    ["PyWeakref_NewRef", "bridge"],
  ])("%s: %s", (name, answer) => {
    expect(UNMAPPED.get(name)?.answer).toBe(answer);
  });
});

describe("expandTemplate", () => {
  test("replaces every placeholder", () => {
    const values = { context: "c", arguments: ["f", "a", "b"], sources: ["f", "A", "b"] };
    expect(expandTemplate("call($ctx, $0, $n$*)", values)).toBe("call(c, f, 2, a, b)");
    expect(expandTemplate("add($ctx, $q1, $1)", values)).toBe('add(c, "A", a)');
    expect(expandTemplate("$ctx->h_None", values)).toBe("c->h_None");
    expect(expandTemplate("call($ctx, $0, $n$*)", { context: "c", arguments: ["f"] })).toBe("call(c, f, 0)");
  });

  test("rejects what is no placeholder", () => {
    expect(() => expandTemplate("f($x)", { context: "c", arguments: [] })).toThrow(RangeError);
    expect(() => expandTemplate("f($1)", { context: "c", arguments: ["a"] })).toThrow(RangeError);
  });
});
