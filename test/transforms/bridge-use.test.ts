/** The option `bridge` of a plan: which functions move with it, and with which calls. */
import { expect, test } from "vitest";
import { loadParser } from "../../cli/load-parser.ts";
import { planMigration } from "../../engine/engine.ts";
import type { BridgeUse, MigrationPlan } from "../../engine/types.ts";

const SOURCE = `#include <Python.h>

static PyObject *plain(PyObject *self, PyObject *o) { return PyObject_Repr(o); }
static PyObject *lacking(PyObject *self, PyObject *o) { return PyWeakref_NewRef(o, NULL); }
static PyObject *inexact(PyObject *self, PyObject *o)
{
    if (PyDict_SetItem(o, self, self) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"plain", plain, METH_O, NULL},
    {"lacking", lacking, METH_O, NULL},
    {"inexact", inexact, METH_O, NULL},
    {NULL, NULL, 0, NULL}
};
static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "m", NULL, -1, methods};
PyMODINIT_FUNC PyInit_m(void) { return PyModule_Create(&def); }
`;

const parser = await loadParser();

function planWith(bridge?: BridgeUse): MigrationPlan {
  const input = { files: [{ path: "m.c", text: SOURCE }] };
  return planMigration(input, parser, { hpy: "0.9", ...(bridge === undefined ? {} : { bridge }) });
}

function statuses(plan: MigrationPlan): Record<string, string> {
  return Object.fromEntries(plan.modules.flatMap((m) => m.functions.map((f) => [f.name, f.status])));
}

test("bridges serve what HPy lacks, unless the plan says otherwise", () => {
  expect(statuses(planWith())).toMatchObject({ plain: "pure", lacking: "bridged", inexact: "pure" });
  expect(planWith("needed")).toEqual(planWith());
});

test("without bridges, functions that need one stay, and say so", () => {
  const plan = planWith("never");
  expect(statuses(plan)).toMatchObject({ plain: "pure", lacking: "legacy", inexact: "pure" });
  const kept = plan.modules[0]?.functions.find((f) => f.name === "lacking");
  expect(kept?.refusals).toMatchObject([{ id: "bridge-not-wanted" }]);
});

test("with bridges everywhere, no step notes another behaviour", () => {
  const notesOf = (plan: MigrationPlan): readonly string[] =>
    plan.steps.filter((s) => s.kind === "function").flatMap((s) => s.notes);
  expect(notesOf(planWith("needed"))).not.toEqual([]);
  expect(notesOf(planWith("always"))).toEqual([]);
  expect(statuses(planWith("always"))).toMatchObject({ plain: "pure", lacking: "bridged", inexact: "bridged" });
});
