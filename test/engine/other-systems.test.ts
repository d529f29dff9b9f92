/** Sources of several systems define functions of the same names, and only some are compiled together. */
import { expect, it } from "vitest";
import { loadParser } from "../../cli/load-parser.ts";
import { planMigration } from "../../engine/engine.ts";
import { statesOf } from "../../verify/series.ts";

const SETUP = `from setuptools import setup, Extension
import sys
if sys.platform == "aix":
    ext = Extension("_aix", ["aix.c"])
else:
    ext = Extension("_linux", ["linux.c", "disk.c"])
setup(name="disks", ext_modules=[ext])
`;

function moduleSource(name: string, head: string): string {
  return `#include <Python.h>
${head}
static PyMethodDef methods[] = {{"disks", disks, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef moduledef = {PyModuleDef_HEAD_INIT, "${name}", NULL, -1, methods};
PyMODINIT_FUNC PyInit_${name}(void) { return PyModule_Create(&moduledef); }
`;
}

it("a prototype of another system's function stays when a static function of the name moves", async () => {
  const header = "#include <Python.h>\nPyObject *disks(PyObject *self, PyObject *ignored);\n";
  const body = "(PyObject *self, PyObject *ignored) { return PyLong_FromLong(1); }";
  const files = [
    { path: "setup.py", text: SETUP },
    {
      path: "aix.c",
      text: moduleSource(
        "_aix",
        `static PyObject *disks(PyObject *self, PyObject *ignored);\nstatic PyObject *disks${body}`,
      ),
    },
    // What keeps the function of this one legacy is that an \`#if\` splits it.
    {
      path: "disk.c",
      text: `#include "disk.h"\nPyObject *disks(PyObject *self, PyObject *ignored) {\n#ifdef BIG\n  if (ignored) {\n#else\n  if (self) {\n#endif\n    return PyLong_FromLong(1);\n  }\n  return PyLong_FromLong(2);\n}\n`,
    },
    { path: "disk.h", text: header },
    { path: "linux.c", text: moduleSource("_linux", '#include "disk.h"') },
  ];
  const plan = planMigration({ files }, await loadParser(), { hpy: "0.9" });
  const step = plan.steps.find((s) => s.module === "_aix" && s.kind === "function");
  const at = plan.steps.indexOf(step as (typeof plan.steps)[number]);
  expect(step?.changes.map((change) => change.path)).toEqual(["aix.c"]);
  const state = statesOf(plan.steps)[at + 1];
  // The prototype in its own file goes: HPy's macro declares the function.
  expect(state?.get("aix.c")).not.toContain("PyObject *disks(");
  expect(state?.get("disk.h") ?? header).toContain("PyObject *disks(PyObject *self, PyObject *ignored);");
});

it("the NULL of PyErr_NoMemory is no object where an int is returned", async () => {
  const head = `static int fill(PyObject *target, char **to)
{
    PyObject *one = PyLong_FromLong(1);
    if (one == NULL)
        return -1;
    *to = PyMem_RawMalloc(8);
    if (*to == NULL) {
        Py_DECREF(one);
        return PyErr_NoMemory();
    }
    Py_DECREF(one);
    return 1;
}
static PyObject *disks(PyObject *self, PyObject *ignored)
{
    char *to;
    if (!fill(self, &to))
        return NULL;
    return PyLong_FromLong(1);
}`;
  const files = [
    {
      path: "setup.py",
      text: 'from setuptools import setup, Extension\nsetup(ext_modules=[Extension("_aix", ["aix.c"])])\n',
    },
    { path: "aix.c", text: moduleSource("_aix", head) },
  ];
  const plan = planMigration({ files }, await loadParser(), { hpy: "0.9" });
  const text = statesOf(plan.steps).at(-1)?.get("aix.c") ?? "";
  expect(text).toContain("        HPyErr_NoMemory(ctx);\n        return 0;\n");
  expect(text).not.toContain("return HPyErr_NoMemory");
});
