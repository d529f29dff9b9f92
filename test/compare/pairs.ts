/**
 * Pairs of extension functions, one on the C API and one on HPy, that must behave alike. Each is compiled, called with
 * the same Python values under every ABI, and compared by result, exception type and what happened to its arguments.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { supportClosure } from "../../model/support-registry.ts";
import { type Abi, buildExtension } from "../../verify/build.ts";
import { type PythonEnvironment, pythonEnvironment } from "../../verify/python-environment.ts";

export interface Pair {
  readonly name: string;
  /**
   * Statements that return `PyObject *`. `a`, `b`, `c` and `d` are the arguments (NULL when missing). `number(x)` makes an
   * int, or fails when x is -1 with an exception; `lent(p)` answers a borrowed reference, and both `lent` and `found`
   * (for a new one) answer "NULL" for NULL without an exception; `done()` answers None.
   */
  readonly capi: string;
  /** The same for HPy: `number(ctx, x)`, `found(ctx, h)`, `done(ctx)`. */
  readonly hpy: string;
  /** Support functions that the HPy side calls. */
  readonly support: readonly string[];
  /** Tuples of arguments, as Python expressions; evaluated anew for each call. */
  readonly calls: readonly string[];
}

const DRIVER = fileURLToPath(new URL("pairs.py", import.meta.url));

const CAPI_HELPERS = `
static PyObject *number(long long value)
{
    return value == -1 && PyErr_Occurred() ? NULL : PyLong_FromLongLong(value);
}
static PyObject *found(PyObject *object)
{
    return object == NULL && !PyErr_Occurred() ? PyUnicode_FromString("NULL") : object;
}
static PyObject *lent(PyObject *object)
{
    Py_XINCREF(object);
    return found(object);
}
static PyObject *done(void)
{
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}
`;

const HPY_HELPERS = `
static HPy number(HPyContext *ctx, long long value)
{
    return value == -1 && HPyErr_Occurred(ctx) ? HPy_NULL : HPyLong_FromLongLong(ctx, value);
}
static HPy found(HPyContext *ctx, HPy object)
{
    return HPy_IsNull(object) && !HPyErr_Occurred(ctx) ? HPyUnicode_FromString(ctx, "NULL") : object;
}
static HPy done(HPyContext *ctx)
{
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
}
`;

const ARGUMENTS = ["a", "b", "c", "d"];

function capiSource(module: string, pairs: readonly Pair[], shared: string): string {
  const functions = pairs.map(({ name, capi }) => {
    const locals = ARGUMENTS.map((letter, at) => `*${letter} = n_ > ${at} ? PyTuple_GET_ITEM(args_, ${at}) : NULL`);
    return `static PyObject *${name}(PyObject *self_, PyObject *args_)
{
    Py_ssize_t n_ = PyTuple_GET_SIZE(args_);
    PyObject ${locals.join(", ")};
    (void)a; (void)b; (void)c; (void)d;
    ${capi}
}
`;
  });
  const rows = pairs.map(({ name }) => `    {"${name}", ${name}, METH_VARARGS, NULL},`);
  return `#define PY_SSIZE_T_CLEAN
#include <Python.h>
${shared}
${CAPI_HELPERS}
${functions.join("\n")}
static PyMethodDef methods[] = {
${rows.join("\n")}
    {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "${module}", NULL, 0, methods};
PyMODINIT_FUNC PyInit_${module}(void) { return PyModule_Create(&definition); }
`;
}

function hpySource(module: string, pairs: readonly Pair[], shared: string): string {
  const functions = pairs.map(({ name, hpy }) => {
    const locals = ARGUMENTS.map((letter, at) => `${letter} = nargs_ > ${at} ? args_[${at}] : HPy_NULL`);
    return `HPyDef_METH(${name}, "${name}", HPyFunc_VARARGS)
static HPy ${name}_impl(HPyContext *ctx, HPy self_, const HPy *args_, size_t nargs_)
{
    HPy ${locals.join(", ")};
    (void)a; (void)b; (void)c; (void)d;
    ${hpy}
}
`;
  });
  const closure = supportClosure(pairs.flatMap((pair) => pair.support));
  const includes = new Set(closure.flatMap((entry) => entry.includes));
  return `#include "hpy.h"
${[...includes].map((header) => `#include ${header}`).join("\n")}
${shared}
${HPY_HELPERS}
${closure.map((entry) => entry.code).join("\n")}
${functions.join("\n")}
static HPyDef *defines[] = {${pairs.map(({ name }) => `&${name}, `).join("")}NULL};
static HPyModuleDef definition = {.defines = defines};
HPy_MODINIT(${module}, definition)
`;
}

export interface PairOutcome {
  /** One entry per call that differed, leaked or crashed; empty when all is well. */
  readonly differences: readonly unknown[];
  /** Number of calls compared, over all modules. */
  readonly compared: number;
}

/** Builds all pairs into one module per ABI and compares them, in release and in debug mode. `shared` is C for both sides. */
export async function comparePairs(stem: string, pairs: readonly Pair[], shared = ""): Promise<PairOutcome> {
  const environment = pythonEnvironment();
  const directories: string[] = [];
  const modules: string[] = [];
  const sides: readonly (readonly [Abi, (module: string) => string])[] = [
    ["capi", (module) => capiSource(module, pairs, shared)],
    ["cpython", (module) => hpySource(module, pairs, shared)],
    ["hybrid", (module) => hpySource(module, pairs, shared)],
  ];
  for (const [abi, source] of sides) {
    const name = `${stem}_${abi}`;
    const files = [{ path: `${name}.c`, text: source(name) }];
    const built = await buildExtension({ name, files, units: [`${name}.c`] }, abi, environment);
    if (!built.ok) throw new Error(`${abi}: ${built.output}`);
    directories.push(built.directory);
    modules.push(name);
  }
  const release = run(environment, directories, modules, pairs, null);
  const debug = run(environment, directories, modules, pairs, "debug");
  return { differences: [...release.differences, ...debug.differences], compared: release.compared + debug.compared };
}

function run(
  environment: PythonEnvironment,
  directories: readonly string[],
  modules: readonly string[],
  pairs: readonly Pair[],
  mode: "debug" | null,
): PairOutcome {
  const scratch = mkdtempSync(join(tmpdir(), "pairs-"));
  try {
    const list = join(scratch, "cases.json");
    writeFileSync(list, JSON.stringify(pairs.map(({ name, calls }) => ({ name, calls }))));
    const { HPY: _unused, ...inherited } = process.env;
    const result = spawnSync(environment.python, [DRIVER, list, ...modules], {
      encoding: "utf8",
      env: { ...inherited, PYTHONPATH: directories.join(":"), ...(mode === null ? {} : { HPY: mode }) },
      maxBuffer: 64 << 20,
    });
    const lines = result.stdout.split("\n").filter((line) => line !== "");
    const summary = result.stderr.trim().split("\n").at(-1) ?? "";
    if (result.status !== 0)
      throw new Error(`status ${result.status} ${result.signal}\n${result.stdout}\n${result.stderr}`);
    return { differences: lines.map((line) => JSON.parse(line)), compared: JSON.parse(summary).compared };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
