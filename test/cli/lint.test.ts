/** `lint` and `check` with the real checker, on small projects. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type CheckEngine, check } from "../../cli/check-command.ts";
import { type LintCommandOptions, type LintEngine, lint } from "../../cli/lint-command.ts";
import { loadParser } from "../../cli/load-parser.ts";
import { checkProject } from "../../engine/check-project.ts";
import { planMigration } from "../../engine/engine.ts";
import { fixProject, lintProject } from "../../engine/lint-project.ts";
import { PLAIN } from "../../report/style.ts";
import { scratch } from "./command-line.ts";

const parser = await loadParser();
const engine: LintEngine & CheckEngine = {
  lint: async (input, options) => lintProject(input, parser, options),
  fix: async (input) => fixProject(input, parser),
  check: async (input, baseline) => checkProject(input, parser, baseline),
  plan: async (input, options) => planMigration(input, parser, options),
};

interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function ran(
  work: (around: {
    readonly version: string;
    readonly style: typeof PLAIN;
    readonly print: (text: string) => void;
    readonly err: (text: string) => void;
  }) => Promise<{ readonly ok: boolean; readonly value?: number; readonly status?: number; readonly message?: string }>,
): Promise<Outcome> {
  let out = "";
  let err = "";
  const result = await work({
    version: "1.2.3",
    style: PLAIN,
    print: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { status: (result.ok ? result.value : result.status) ?? -1, out, err: err + (result.message ?? "") };
}

function linted(root: string, options: Partial<LintCommandOptions> = {}): Promise<Outcome> {
  return ran((around) => lint(root, { exclude: [], ...options }, engine, around));
}

function checked(root: string, options: Partial<Parameters<typeof check>[1]> = {}): Promise<Outcome> {
  return ran((around) => check(root, { exclude: [], ...options }, engine, around));
}

const LEAKS = `#include "hpy.h"

HPyDef_METH(f, "f", HPyFunc_O)
static HPy f_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPy text = HPy_Str(ctx, arg); /* caf\xc3\xa9 */
    if (HPy_IsNull(text))
        return HPy_NULL;
    if (HPy_Length(ctx, text) < 0) return HPy_NULL;
    return arg;
}
`;

describe("lint", () => {
  test("prints places, messages, ids and the path, and fails", async () => {
    const { status, out, err } = await linted(scratch({ "src/m.c": LEAKS }));
    expect(status).toBe(1);
    expect(out).toContain(
      "src/m.c:9:36: error: the handle `text` is not closed when the function leaves here [handle-leaked]\n",
    );
    expect(out).toContain("    src/m.c:6:16: comes from here\n");
    expect(out).toContain("src/m.c:10:5: error: a handle of the caller is returned without HPy_Dup");
    expect(err).toBe("hpy-migrate: 3 findings in 1 function\n");
  });

  test("offers repairs that it has tried, and makes them", async () => {
    const root = scratch({ "m.c": LEAKS });
    const { out } = await linted(root, { format: "json" });
    const report = JSON.parse(out);
    expect(report.totals).toEqual({ functions: 1, findings: 3, suppressed: 0 });
    expect(report.findings[0]).toMatchObject({
      id: "handle-leaked",
      path: "m.c",
      line: 9,
      function: "f_impl",
      related: [{ line: 6 }, { line: 7, message: "false here" }, { line: 9, message: "true here" }],
      fix: { title: "Close text before the return", edits: [{ text: "{ HPy_Close(ctx, text); " }, { text: " }" }] },
    });
    expect((await linted(root, { fix: true })).status).toBe(0);
    expect(readFileSync(join(root, "m.c"), "latin1")).toBe(
      LEAKS.replace(
        "< 0) return HPy_NULL;\n    return arg;",
        "< 0) { HPy_Close(ctx, text); return HPy_NULL; }\n    HPy_Close(ctx, text);\n    return HPy_Dup(ctx, arg);",
      ),
    );
  });

  test("SARIF has rules with help, places and the path", async () => {
    const { out } = await linted(scratch({ "m.c": LEAKS }), { format: "sarif" });
    const [run] = JSON.parse(out).runs;
    expect(run.tool.driver.rules.map((rule: { id: string }) => rule.id)).toEqual([
      "borrowed-handle-returned",
      "handle-leaked",
    ]);
    expect(run.results[0]).toMatchObject({
      ruleId: "handle-leaked",
      level: "error",
      locations: [{ physicalLocation: { artifactLocation: { uri: "m.c" }, region: { startLine: 9 } } }],
      relatedLocations: [{ physicalLocation: { region: { startLine: 6 } } }, {}, {}],
      codeFlows: [
        {
          threadFlows: [{ locations: [{}, {}, {}, { location: { message: { text: run.results[0].message.text } } }] }],
        },
      ],
      fixes: [{ description: { text: "Close text before the return" } }],
    });
  });

  test("writes commands of GitHub's workflows", async () => {
    const { out } = await linted(scratch({ "a,b.c": LEAKS }), { format: "github" });
    expect(out.split("\n")[0]).toBe(
      "::error file=a%2Cb.c,line=9,col=36,title=handle-leaked::the handle `text` is not closed when the function leaves here%0Aa,b.c:6: comes from here%0Aa,b.c:7: false here%0Aa,b.c:9: true here",
    );
  });

  test("comments with a reason take findings back; those that do not are reported", async () => {
    const allowed = LEAKS.replace(
      "static HPy f_impl",
      "/* hpy-migrate: allow handle-leaked, borrowed-handle-returned: shown to students */\nstatic HPy f_impl",
    );
    const { status, err } = await linted(scratch({ "m.c": allowed }));
    expect([status, err]).toEqual([0, "hpy-migrate: 0 findings in 1 function; 3 allowed by comments\n"]);
    const line = LEAKS.replace(
      "    return arg;",
      "    return arg; // hpy-migrate: allow borrowed-handle-returned, double-close: no",
    );
    const { out } = await linted(scratch({ "m.c": line }));
    expect(out).not.toContain("[borrowed-handle-returned]");
    expect(out).toContain("m.c:10:17: warning: nothing here is reported as double-close [suppression-unused]");
  });

  test("--capi looks at the code that still uses the C API", async () => {
    const source = `#include <Python.h>
static PyObject *f(PyObject *self, PyObject *arg)
{
    PyObject *text = PyObject_Str(arg);
    if (text == NULL)
        return NULL;
    if (PyObject_Length(text) < 0)
        return NULL;
    Py_DECREF(text);
    Py_RETURN_NONE;
}
static PyMethodDef methods[] = {{"f", f, METH_O, NULL}, {NULL}};
`;
    const root = scratch({ "m.c": source });
    expect((await linted(root)).status).toBe(0);
    const { status, out } = await linted(root, { capi: true });
    expect(status).toBe(1);
    expect(out).toContain("m.c:8:9: error: the reference `text` is not released when the function leaves here");
  });

  test("what the universal ABI lacks is found when setup.cfg asks for it", async () => {
    const files = { "m.c": '#include "hpy.h"\n#include <Python.h>\n' };
    expect((await linted(scratch(files))).status).toBe(0);
    expect((await linted(scratch(files), { abi: "universal" })).out).toContain("m.c:2:1: error");
    expect((await linted(scratch({ ...files, "setup.cfg": "[global]\nhpy_abi = universal\n" }))).status).toBe(1);
  });
});

const LEGACY = `#include <Python.h>
static PyObject *f(PyObject *self, PyObject *arg)
{
    return PyNumber_Absolute(arg);
}
static PyMethodDef methods[] = {{"f", f, METH_O, NULL}, {NULL}};
static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "m", NULL, -1, methods};
PyMODINIT_FUNC PyInit_m(void) { return PyModule_Create(&def); }
`;

describe("check", () => {
  test("needs a baseline, and writes one without line numbers", async () => {
    const root = scratch({ "m.c": LEGACY });
    const first = await checked(root);
    expect(first.status).toBe(2);
    expect(first.err).toContain("check --update-baseline writes it");
    expect((await checked(root, { updateBaseline: true })).status).toBe(0);
    const text = readFileSync(join(root, "hpy-migrate.baseline.json"), "utf8");
    expect(JSON.parse(text).legacy["m.c"]).toEqual({
      "": { PyMethodDef: 1, PyModuleDef: 1, PyModuleDef_HEAD_INIT: 1 },
      PyInit_m: { PyMODINIT_FUNC: 1, PyModule_Create: 1 },
      f: { PyNumber_Absolute: 1, PyObject: 3 },
    });
    expect((await checked(root, { updateBaseline: true })).err).toContain("is up to date");
  });

  test("fails on new uses, with their places, and not when code moves or goes", async () => {
    const root = scratch({ "m.c": LEGACY });
    await checked(root, { updateBaseline: true });
    const baseline = readFileSync(join(root, "hpy-migrate.baseline.json"), "utf8");
    const withBaseline = (text: string, path = "m.c"): string =>
      scratch({ [path]: text, "hpy-migrate.baseline.json": baseline });
    expect((await checked(root)).status).toBe(0);
    expect((await checked(withBaseline(`\n\n${LEGACY}`))).status).toBe(0);
    expect((await checked(withBaseline(LEGACY, "src/other.c"))).status).toBe(0);
    const grown = LEGACY.replace("return PyNumber", "Py_INCREF(arg);\n    return PyNumber");
    const { status, out } = await checked(withBaseline(grown));
    expect(status).toBe(1);
    expect(out).toBe("m.c:4:5: error: Py_INCREF in f is not in the baseline [capi-use-new]\n");
    const gone = await checked(withBaseline(LEGACY.replace("PyNumber_Absolute(arg)", "NULL")));
    expect([gone.status, gone.err.includes("1 use of the baseline")]).toEqual([0, true]);
  });

  test("what a function still used before it moved is no new use", async () => {
    const root = scratch({ "m.c": LEGACY });
    await checked(root, { updateBaseline: true });
    const moved = LEGACY.replace(
      "static PyObject *f(PyObject *self, PyObject *arg)",
      "static HPy f_impl(HPyContext *ctx, HPy self, HPy arg)",
    ).replace("(arg);", "(HPy_AsPyObject(ctx, arg));");
    const baseline = readFileSync(join(root, "hpy-migrate.baseline.json"), "utf8");
    expect((await checked(scratch({ "m.c": moved, "hpy-migrate.baseline.json": baseline }))).status).toBe(0);
  });

  test("--pending fails while a step is left", async () => {
    const { status, out } = await checked(scratch({ "m.c": LEGACY }), { pending: true });
    expect(status).toBe(1);
    expect(out).toContain("m.c:2:1: error: the step function-f is pending: ");
    expect((await checked(scratch({ "m.c": "int x;\n" }), { pending: true })).status).toBe(0);
  });

  test("a baseline that is none is bad input", async () => {
    const { status, err } = await checked(scratch({ "m.c": LEGACY, "hpy-migrate.baseline.json": "{" }));
    expect([status, err.includes("is no JSON")]).toEqual([2, true]);
  });
});
