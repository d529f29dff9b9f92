/** A package of one small extension module, in a scratch directory. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { FileChange, MigrationPlan, Step } from "../../engine/types.ts";

/** A new directory with these files, removed after the test. */
export function directoryWith(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "hpy-migrate-tiny-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const SETUP = `from setuptools import setup, Extension
setup(name="tiny", version="1", packages=["tiny"], package_dir={"": "src"},
      LIST=[Extension("tiny.probe", sources=["src/probe.c"])])
`;

const TESTS = `from tiny import probe
def test_one():
    assert probe.one() == 1
def test_type():
    assert isinstance(probe.one(), int)
`;

/** An HPy module in a src folder, with one function `one` of the given body. */
export function hpyPackage(body: string): string {
  return directoryWith({
    "src/tiny/__init__.py": "",
    "src/probe.c": `#include "hpy.h"
HPyDef_METH(one, "one", HPyFunc_NOARGS)
static HPy one_impl(HPyContext *ctx, HPy self) { ${body} }
static HPyDef *defines[] = { &one, NULL };
static HPyModuleDef moduledef = { .defines = defines };
HPy_MODINIT(probe, moduledef)
`,
    "setup.py": SETUP.replace("LIST", "hpy_ext_modules"),
    "tests/test_probe.py": TESTS,
  });
}

const CAPI_SOURCE = `#include <Python.h>
static PyObject *one(PyObject *self, PyObject *ignored) { return PyLong_FromLong(1); }
static PyMethodDef methods[] = { {"one", one, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL} };
static struct PyModuleDef moduledef = { PyModuleDef_HEAD_INIT, "probe", NULL, -1, methods };
PyMODINIT_FUNC PyInit_probe(void) { return PyModule_Create(&moduledef); }
`;

/** A module of the C API in a src folder, with tests for its function `one`. */
export function capiPackage(more: Readonly<Record<string, string>> = {}): string {
  return directoryWith({
    "src/tiny/__init__.py": "",
    "src/probe.c": CAPI_SOURCE,
    "setup.py": SETUP.replace("LIST", "ext_modules"),
    "tests/test_probe.py": TESTS,
    ...more,
  });
}

/** The same as an HPy module that still includes Python.h; the body is that of its function `one`. */
export function hpySource(body: string): string {
  return `#include <Python.h>
#include "hpy.h"
HPyDef_METH(one, "one", HPyFunc_NOARGS)
static HPy one_impl(HPyContext *ctx, HPy self) { ${body} }
static HPyDef *defines[] = { &one, NULL };
static HPyModuleDef moduledef = { .defines = defines };
HPy_MODINIT(probe, moduledef)
`;
}

const EMPTY_REPORT = { functions: [], types: [], refusals: [] } as const;

/** The plan of a series for the package above: its first step makes it HPy, each further body is one more step. */
export function planOf(bodies: readonly string[]): MigrationPlan {
  let source = CAPI_SOURCE;
  let setup = SETUP.replace("LIST", "ext_modules");
  const steps = bodies.map((body, index): Step => {
    const changes: FileChange[] = [{ path: "src/probe.c", before: source, after: hpySource(body) }];
    source = hpySource(body);
    if (index === 0) {
      const after = SETUP.replace("LIST", "hpy_ext_modules");
      changes.unshift({ path: "setup.py", before: setup, after });
      setup = after;
    }
    const id = index === 0 ? "module-probe" : `function-${index}`;
    const kind = index === 0 ? "module" : "function";
    const base = { id, title: `Step ${index}`, kind, module: "probe", functions: [] } as const;
    return { ...base, changes, insertions: 1, deletions: 1, notes: [] };
  });
  return {
    hpy: "0.9",
    modules: [{ name: "probe", files: ["src/probe.c"], steps, ...EMPTY_REPORT }],
    steps,
    account: { found: 0, rewritten: 0, legacy: [], suppressed: 0, unparsed: 0 },
    notes: [],
    totals: { functions: 0, pure: 0, bridged: 0, legacy: 0, steps: steps.length },
  };
}
