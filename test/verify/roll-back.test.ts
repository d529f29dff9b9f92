/**
 * `apply --verify` with rules that are wrong on purpose: one that does not compile, one that gives wrong values, one that
 * leaks. What they spoil must be dropped with the evidence and the rest must be applied.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { loadParser } from "../../cli/load-parser.ts";
import { type Engine, run } from "../../cli/program.ts";
import { planMigration } from "../../engine/engine.ts";
import type { Exclusion } from "../../engine/types.ts";
import type { Rule } from "../../rules/rule.ts";
import { capiPackage } from "./tiny-package.ts";

// Hoisted, as the mocks are.
const WRONG = vi.hoisted(() => ({
  PyLong_FromLong: "HPyLong_FromLong($ctx, $0, $0)",
  PyFloat_FromDouble: "HPyFloat_FromDouble($ctx, $0 + 1)",
  PyUnicode_FromString: "(HPyUnicode_FromString($ctx, $0), HPyUnicode_FromString($ctx, $0))",
}));

vi.mock(import("../../rules/table.ts"), async (importOriginal) => {
  const original = await importOriginal();
  const rules = new Map<string, Rule>(original.RULES);
  for (const [name, template] of Object.entries(WRONG)) rules.set(name, { ...(rules.get(name) as Rule), template });
  return { ...original, RULES: rules };
});

// The independent checker would refuse the rule that leaks; what is tested here is the net below it.
vi.mock(import("../../lint/check-handles.ts"), async (importOriginal) => ({
  ...(await importOriginal()),
  proveHandles: () => ({ verdict: "clean", findings: [], unproven: [] }),
}));

const SOURCE = `#include <Python.h>
static PyObject *good(PyObject *self, PyObject *arg) { return PyNumber_Negative(arg); }
static PyObject *number(PyObject *self, PyObject *ignored) { return PyLong_FromLong(1); }
static PyObject *half(PyObject *self, PyObject *ignored) { return PyFloat_FromDouble(0.5); }
static PyObject *text(PyObject *self, PyObject *ignored) { return PyUnicode_FromString("text"); }
static PyObject *fine(PyObject *self, PyObject *arg) { return PyNumber_Absolute(arg); }
static PyMethodDef methods[] = {
    {"good", good, METH_O, NULL},
    {"number", number, METH_NOARGS, NULL},
    {"half", half, METH_NOARGS, NULL},
    {"text", text, METH_NOARGS, NULL},
    {"fine", fine, METH_O, NULL},
    {NULL, NULL, 0, NULL}
};
static struct PyModuleDef moduledef = { PyModuleDef_HEAD_INIT, "probe", NULL, -1, methods };
PyMODINIT_FUNC PyInit_probe(void) { return PyModule_Create(&moduledef); }
`;

const TESTS = `from tiny import probe
def test_good(): assert probe.good(3) == -3
def test_number(): assert probe.number() == 1
def test_half(): assert probe.half() == 0.5
def test_text(): assert probe.text() == "text"
def test_fine(): assert probe.fine(-3) == 3
`;

async function hpyMigrate(...args: readonly string[]): Promise<{ status: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const parser = await loadParser();
  const engine: Partial<Engine> = { plan: async (input, options) => planMigration(input, parser, options) };
  const status = await run(args, async () => engine as Engine, {
    version: "1.2.3",
    out: (bytes) => {
      out += Buffer.from(bytes, "latin1").toString("utf8");
    },
    err: (text) => {
      err += text;
    },
    colour: { out: false },
  });
  return { status, out, err };
}

test("steps that fail are dropped with the evidence, and the rest is applied and green", async () => {
  const root = capiPackage({ "src/probe.c": SOURCE, "tests/test_probe.py": TESTS });
  const { status, out, err } = await hpyMigrate("apply", root, "--all", "--verify");
  expect(out).toMatch(/dropped function-number: .*\n {4}it does not build \(hybrid\)\n.*too many arguments/);
  expect(out).toMatch(
    /dropped function-half: .*\n {4}a test that passed before fails \(hybrid\)\n {6}tests\/test_probe.py::test_half: assert 1.5 == 0.5/,
  );
  expect(out).toMatch(
    /dropped function-text: .*\n {4}a handle is never closed \(hybrid, debug mode\)\n {6}a handle for 'text', made in text \(src\/probe\.c:8\)/,
  );
  expect(err).toContain("3 steps failed and were not written; what they move stays legacy\n");
  expect(status).toBe(0);

  const source = readFileSync(join(root, "src", "probe.c"), "utf8");
  for (const name of ["good", "fine"])
    expect(source).toMatch(new RegExp(`^HPyDef_METH\\w*\\(${name}_def, "${name}"`, "m"));
  for (const name of ["number", "half", "text"]) expect(source).toContain(`{"${name}", ${name}, METH_NOARGS, NULL}`);
  expect(source).toContain("return PyFloat_FromDouble(0.5);");
}, 240_000);

test("an excluded step stays legacy with a refusal that holds the evidence", async () => {
  const files = [{ path: "probe.c", text: SOURCE }];
  const parser = await loadParser();
  const stay = (excluded: readonly Exclusion[]): readonly (readonly [string, string])[] =>
    planMigration({ files }, parser, { hpy: "0.9", excluded })
      .modules.flatMap((module) => module.functions)
      .flatMap((unit) => unit.refusals.map((refusal) => [unit.name, `${refusal.id}: ${refusal.message}`] as const));
  expect(stay([])).toEqual([]);
  expect(stay([{ step: "function-half", evidence: "assert 1.5 == 0.5" }])).toEqual([
    ["half", "verification-failed: The step was made and failed: assert 1.5 == 0.5"],
  ]);
  const all = stay([{ step: "module-probe", evidence: "it does not build" }]);
  expect(all).toHaveLength(6);
  expect(all[0]?.[1]).toContain("The step was made and failed: it does not build");
});
