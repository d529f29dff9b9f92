/** Every example compiles: `before` against Python.h, `after` against HPy under each ABI that it can have. */
import { describe, expect, test } from "vitest";
import { SUPPORT, supportClosure } from "../../model/support-registry.ts";
import type { Rule } from "../../rules/rule.ts";
import { RULES } from "../../rules/table.ts";
import { type Abi, buildExtension } from "../../verify/build.ts";
import { pythonEnvironment } from "../../verify/python-environment.ts";

const OBJECTS = [
  "args",
  "callable",
  "globals",
  "key",
  "kwargs",
  "locals",
  "module",
  "name",
  "object",
  "other",
  "value",
];

/** Declarations of everything that examples name, for one world. */
function environment(objectType: string, typeType: string, sizeType: string): string {
  return [
    ...OBJECTS.map((name) => `extern ${objectType}${name};`),
    `extern ${typeType}type;`,
    `extern ${objectType}result;`,
    `extern ${sizeType} count, index_, size, start, stop, step;`,
    "extern const char *text; extern char *buffer; extern const wchar_t *wide; extern void *pointer;",
    "extern long number; extern int status, overflow; extern double real, imaginary;",
    "#define index index_",
    "#define EXAMPLE_NUMBER 3",
    '#define EXAMPLE_TEXT "text"',
  ].join("\n");
}

function functions(rules: readonly Rule[], side: "before" | "after", parameter: string): string {
  return rules
    .map(
      (rule) =>
        `void example_${rule.id.replaceAll("-", "_")}(${parameter})\n{\n    (void)(${rule.example[side]});\n}\n`,
    )
    .join("\n");
}

function capiSource(rules: readonly Rule[]): string {
  return `#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <wchar.h>
${environment("PyObject *", "PyTypeObject *", "Py_ssize_t")}
extern Py_buffer view;
${functions(rules, "before", "void")}
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "examples_before", NULL, 0, NULL};
PyMODINIT_FUNC PyInit_examples_before(void) { return PyModule_Create(&definition); }
`;
}

function hpySource(rules: readonly Rule[], abi: Abi): string {
  const support = supportClosure(rules.flatMap((rule) => [...rule.support, ...(rule.otherwise?.support ?? [])]));
  const includes = [...new Set(support.flatMap((entry) => entry.includes))];
  return `#include "hpy.h"
#include <wchar.h>
${includes.map((header) => `#include ${header}`).join("\n")}
${environment("HPy ", "HPy ", "HPy_ssize_t")}
${abi === "universal" ? "" : "extern Py_buffer view;"}
${support.map((entry) => entry.code).join("\n")}
${functions(rules, "after", "HPyContext *ctx")}
static HPyModuleDef definition = {.doc = "examples"};
HPy_MODINIT(examples_after, definition)
`;
}

async function build(name: string, abi: Abi, text: string): Promise<string> {
  const path = `${name}.c`;
  const built = await buildExtension({ name, files: [{ path, text }], units: [path] }, abi, pythonEnvironment());
  return built.ok ? "" : built.output;
}

describe("examples of the rules", () => {
  const rules = [...RULES.values()];

  test("compile before", async () => {
    expect(await build("examples_before", "capi", capiSource(rules))).toBe("");
  });

  test.each(["cpython", "hybrid"] as const)("compile after, under the %s ABI", async (abi) => {
    expect(await build("examples_after", abi, hpySource(rules, abi))).toBe("");
  });

  test("compile after, under the universal ABI, where nothing is bridged", async () => {
    const pure = rules.filter(
      (rule) =>
        !rule.example.after.includes("Py_eval_input") &&
        supportClosure(rule.support).every((entry) => SUPPORT.get(entry.name)?.bridged === false),
    );
    expect(rules.length - pure.length).toBeLessThan(10);
    expect(await build("examples_after", "universal", hpySource(pure, "universal"))).toBe("");
  });
});
