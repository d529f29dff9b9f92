import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { pythonEnvironment } from "../../verify/python-environment.ts";
import { migrateBuild, projectFiles } from "./build-files.ts";
import { BUILD_STYLES } from "./build-styles.ts";

const python = pythonEnvironment().python;
const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function hpyModule(name: string): string {
  return `#include "hpy.h"
HPyDef_METH(${name}_answer, "answer", HPyFunc_NOARGS)
static HPy ${name}_answer_impl(HPyContext *ctx, HPy self)
{
    return HPyLong_FromLong(ctx, 42);
}
static HPyDef *defines[] = {&${name}_answer, NULL};
static HPyModuleDef definition = {.doc = "a test", .size = 0, .defines = defines};
HPy_MODINIT(${name}, definition)
`;
}

function legacyModule(name: string): string {
  return `#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *unused) { return PyLong_FromLong(41); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, ""}, {NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "${name}", "", -1, methods};
PyMODINIT_FUNC PyInit_${name}(void) { return PyModule_Create(&definition); }
`;
}

function writeProject(texts: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "hpy-migrate-test-"));
  folders.push(folder);
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text, "latin1");
  }
  return folder;
}

function build(folder: string, abi: "cpython" | "hybrid", more: readonly string[] = []): string {
  const args = ["setup.py", `--hpy-abi=${abi}`, "--hpy-use-static-libs", ...more, "build_ext", "--inplace"];
  const result = spawnSync(python, args, {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, CFLAGS: "-O0" },
  });
  const output = `${result.stdout}${result.stderr}`;
  if (result.status !== 0) throw new Error(output);
  return output;
}

/** What `answer()` of a module gives, and how its file name ends. */
function answerOf(folder: string, module: string): string {
  const program = `import warnings; warnings.simplefilter("ignore")
import ${module} as m
print(m.answer(), m.__file__.rsplit("/", 1)[1].split(".", 1)[1])`;
  return execFileSync(python, ["-c", program], { cwd: folder, encoding: "utf8" }).trim();
}

describe.concurrent("a migrated setup.py builds", () => {
  for (const style of BUILD_STYLES.filter((each) => each.build === "build")) {
    it.each(["hybrid", "cpython"] as const)(`${style.title} (%s)`, { timeout: 240_000 }, async (abi) => {
      const migrated = (name: string): boolean =>
        style.modules.some((module) => module.endsWith(name)) || style.setup.includes("hpy_ext_modules");
      const texts = Object.fromEntries(
        migrateBuild(projectFiles({ "setup.py": style.setup, "pkg/_fast.c": "", "pkg/_slow.c": "" }), style.modules)
          .files.filter((file) => !file.path.endsWith(".c"))
          .map((file) => [file.path, file.text]),
      );
      const folder = writeProject({
        ...texts,
        "pkg/__init__.py": "",
        // Two packages in the root are what automatic discovery rejects.
        "examples/__init__.py": "",
        "pkg/_fast.c": migrated("_fast") ? hpyModule("_fast") : legacyModule("_fast"),
        "pkg/_slow.c": migrated("_slow") ? hpyModule("_slow") : legacyModule("_slow"),
      });
      build(folder, abi);
      const suffix = abi === "hybrid" ? "hpy0-cp" : "cpython-";
      for (const module of style.modules) {
        if (module === "pkg._slow" && style.title.includes("removes")) {
          expect(() => answerOf(folder, module)).toThrow("ModuleNotFoundError");
        } else expect(answerOf(folder, module)).toMatch(new RegExp(`^42 ${suffix}`, "u"));
      }
      if (style.title.includes("stays")) {
        const staying = style.modules.includes("pkg._fast") ? "pkg._slow" : "pkg._fast";
        expect(answerOf(folder, staying)).toMatch(/^41 cpython-/u);
      }
    });
  }
});

describe.concurrent("behaviour that must survive", () => {
  it("still retries without the extension when it does not compile", { timeout: 240_000 }, async () => {
    const style = BUILD_STYLES.find((each) => each.title.includes("retries"));
    const migrated = migrateBuild(projectFiles({ "setup.py": style?.setup ?? "" }), style?.modules ?? []);
    const folder = writeProject({
      "setup.py": migrated.text("setup.py"),
      "pkg/__init__.py": "",
      "pkg/_fast.c": "#error this platform cannot\n",
    });
    const result = spawnSync(python, ["setup.py", "build"], { cwd: folder, encoding: "utf8" });
    expect(result.status).toBe(0);
    expect(result.stderr + result.stdout).toContain("this platform cannot");
  });

  it("builds a wheel from PEP 621 metadata, ext-modules of pyproject.toml included", { timeout: 240_000 }, async () => {
    const { files } = migrateBuild(
      projectFiles({
        "pyproject.toml": `[build-system]
requires = ["setuptools>=74.1"]
build-backend = "setuptools.build_meta"

[project]
name = "pkg"
version = "1"

[tool.setuptools]
packages = ["pkg"]
ext-modules = [{ name = "pkg._fast", sources = ["pkg/_fast.c"] }]
`,
        "pkg/_fast.c": hpyModule("_fast"),
        "pkg/__init__.py": "",
      }),
      ["pkg._fast"],
    );
    const folder = writeProject(Object.fromEntries(files.map((file) => [file.path, file.text])));
    execFileSync(python, ["-m", "pip", "wheel", "-q", "--no-build-isolation", "--no-deps", "-w", "out", "."], {
      cwd: folder,
      stdio: "pipe",
    });
    const listing = `import glob, zipfile; print(zipfile.ZipFile(glob.glob("out/*.whl")[0]).namelist())`;
    expect(execFileSync(python, ["-c", listing], { cwd: folder, encoding: "utf8" })).toContain("pkg/_fast.cpython-");
  });
});
