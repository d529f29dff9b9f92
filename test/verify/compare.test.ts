/** What differential runs must see: other values, other exceptions, references that drift, crashes; and no noise. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Comparison, compareOutcomes, compareStates, type Runs } from "../../verify/compare.ts";
import { Laboratory } from "../../verify/laboratory.ts";
import { Verifier } from "../../verify/verifier.ts";
import { capiPackage } from "./tiny-package.ts";

vi.setConfig({ testTimeout: 400_000 });

const BUILD = "python setup.py build_ext --inplace --force";

let laboratory: Laboratory;

beforeAll(async () => {
  laboratory = await Laboratory.open({ python: null, requirements: [] });
});

afterAll(() => laboratory.close());

/** A module of the C API with one function of one argument. */
function source(body: string): string {
  return `#include <Python.h>
#include <time.h>
static PyObject *kept;
static PyObject *f(PyObject *self, PyObject *arg) { ${body} }
static PyMethodDef methods[] = { {"f", f, METH_O, NULL}, {NULL, NULL, 0, NULL} };
static struct PyModuleDef moduledef = { PyModuleDef_HEAD_INIT, "probe", NULL, -1, methods };
PyMODINIT_FUNC PyInit_probe(void) { return PyModule_Create(&moduledef); }
`;
}

async function compare(before: string, after: string): Promise<Comparison> {
  const root = capiPackage({ "src/probe.c": source(before) });
  const options = {
    root,
    build: BUILD,
    test: null,
    start: "capi",
    abi: "hybrid",
    timeout: null,
    memory: null,
  } as const;
  const verifier = new Verifier(laboratory, { ...options, onActivity: () => {} });
  const state = new Map([["src/probe.c", source(after)]]);
  // Both are built for the C API: what is compared does not matter to the comparison.
  return (await compareStates(laboratory, verifier, "capi", state, "capi", () => {})) as Comparison;
}

const LONG = "long n = PyLong_AsLong(arg); if (n == -1 && PyErr_Occurred()) return NULL; return PyLong_FromLong(n);";

test("values, exceptions, references and crashes that differ are found, and equal ones are not", async () => {
  expect((await compare(LONG, `/* the same */ ${LONG}`)).differences).toEqual([]);
  const same = await compare("return PyLong_FromLong((long)clock());", "return PyLong_FromLong(7);");
  expect(same.differences.filter((d) => d.original.startsWith("returns"))).toEqual([]);

  // The original answers from memory that nobody wrote, so that there is nothing to compare with. What is larger than
  // 32 MiB the C library maps afresh each time, so that the first run finds zeros whatever was freed before.
  const unwritten =
    'unsigned char *p = malloc(40u << 20); int bad = p[20u << 20] != 0; free(p); if (bad) { PyErr_SetString(PyExc_ValueError, "u"); return NULL; } Py_RETURN_NONE;';
  expect(
    (await compare(unwritten, "return PyLong_FromLong(7);")).differences.filter((d) => d.call.endsWith(".f(0)")),
  ).toEqual([]);

  const overflow = LONG.replace("return NULL;", '{ PyErr_SetString(PyExc_ValueError, "n"); return NULL; }');
  const { differences } = await compare(LONG, overflow);
  expect(differences).toContainEqual({
    call: "tiny.probe.f(2**200)",
    original: "raises OverflowError",
    migrated: "raises ValueError",
  });
  expect(differences.some((d) => d.call === "tiny.probe.f(0)")).toBe(false);
  // Calls with a wrong number of arguments never reach the function.
  expect(differences.some((d) => d.call.startsWith("tiny.probe.f(0, "))).toBe(false);

  const keeps = await compare(LONG, `Py_INCREF(arg); ${LONG}`);
  expect(keeps.differences).toContainEqual({
    call: "tiny.probe.f(2**200)",
    original: "raises OverflowError",
    migrated: "raises OverflowError, references: argument 1 +1",
  });

  const crashes = await compare(LONG, `if (PyList_Check(arg)) *(volatile int *)8 = 1; ${LONG}`);
  expect(crashes.differences).toContainEqual({
    call: "tiny.probe.f([])",
    original: "raises TypeError",
    migrated: "dies of signal 11",
  });
  expect(crashes.differences.length).toBeLessThanOrEqual(4);
});

test("what differs between two runs of one build is not compared, or only by kind", () => {
  const run = (a: string, b: string) => ({ "m.f": { "1": [a, []], "2": [b, []] } }) as const;
  const [one, two, text] = ["returns int 1", "returns int 2", "returns str 'x'"];
  const steady = (a: string, b: string): Runs => [run(a, b), run(a, b)];
  const sum = { functions: 1, calls: 2, differences: [] };
  expect(compareOutcomes([run(one, one), run(one, two)], steady(two, two))).toEqual(sum);
  expect(compareOutcomes(steady(two, two), [run(one, one), run(one, two)])).toEqual(sum);
  expect(compareOutcomes([run(one, one), run(one, two)], steady(one, text)).differences).toHaveLength(1);
  expect(compareOutcomes([run(one, one), run(one, text)], steady(one, two))).toEqual({ ...sum, calls: 1 });
  // Only the migrated build is unsteady: that is a difference, and no chance hides it.
  expect(compareOutcomes(steady(one, two), [run(one, two), run(one, text)]).differences).toEqual([
    { call: "m.f(2)", original: two, migrated: `${two}; in another run ${text}` },
  ]);
  expect(compareOutcomes(steady(one, two), steady(one, one)).differences).toEqual([
    { call: "m.f(2)", original: two, migrated: one },
  ]);
  expect(compareOutcomes(steady(one, one), [{}, {}]).differences).toEqual([
    { call: "m.f", original: "is there", migrated: "is missing" },
  ]);
});
