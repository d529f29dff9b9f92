/** What the trial of a real package must notice, on a package of two files. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { buildPackage, findTests, type PackageTests, testPackage } from "../../verify/package-run.ts";
import { pythonEnvironment } from "../../verify/python-environment.ts";

function makePackage(body: string): string {
  const root = mkdtempSync(join(tmpdir(), "hpy-migrate-tiny-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const source = `#include "hpy.h"
HPyDef_METH(one, "one", HPyFunc_NOARGS)
static HPy one_impl(HPyContext *ctx, HPy self) { ${body} }
static HPyDef *defines[] = { &one, NULL };
static HPyModuleDef moduledef = { .defines = defines };
HPy_MODINIT(probe, moduledef)
`;
  const setup = `from setuptools import setup, Extension
setup(name="tiny", version="1", packages=["tiny"], package_dir={"": "src"},
      hpy_ext_modules=[Extension("tiny.probe", sources=["src/probe.c"])])
`;
  const tests = `from tiny import probe
def test_one():
    assert probe.one() == 1
def test_type():
    assert isinstance(probe.one(), int)
`;
  mkdirSync(join(root, "src", "tiny"), { recursive: true });
  mkdirSync(join(root, "tests"));
  writeFileSync(join(root, "src", "probe.c"), source);
  writeFileSync(join(root, "src", "tiny", "__init__.py"), "");
  writeFileSync(join(root, "setup.py"), setup);
  writeFileSync(join(root, "tests", "test_probe.py"), tests);
  return root;
}

async function buildAndTest(body: string, command: string | null): Promise<PackageTests> {
  const environment = pythonEnvironment();
  const root = makePackage(body);
  const build = await buildPackage(root, "hybrid", "linked", environment);
  expect(build.output).not.toContain("error:");
  expect(build).toMatchObject({ ok: true, libraries: [`src/tiny/probe${environment.suffixes.hybrid}`] });
  return testPackage(root, build.libraries, { command, path: [], mode: "debug" }, environment);
}

test("tests of a package in a src folder run in debug mode", async () => {
  const tests = await buildAndTest("return HPyLong_FromLong(ctx, 1);", null);
  expect(tests).toMatchObject({ ok: true, leaks: [] });
  expect([...tests.outcomes]).toEqual([
    ["tests/test_probe.py::test_one", "passed"],
    ["tests/test_probe.py::test_type", "passed"],
  ]);
});

test("failures are told by test, leaks by handle", async () => {
  const tests = await buildAndTest("HPyLong_FromLong(ctx, 7); return HPyLong_FromLong(ctx, 2);", null);
  expect(tests.ok).toBe(false);
  expect(tests.outcomes.get("tests/test_probe.py::test_one")).toBe("failed");
  expect(tests.outcomes.get("tests/test_probe.py::test_type")).toBe("passed");
  expect(tests.leaks).toHaveLength(2);
  expect(tests.leaks[0]).toMatch(/^<DebugHandle 0x[0-9a-f]+ for 7>$/);
});

test("leaks are found whatever command runs the tests", async () => {
  const tests = await buildAndTest(
    "HPyLong_FromLong(ctx, 7); return HPyLong_FromLong(ctx, 1);",
    "python -c 'from tiny import probe; probe.one()'",
  );
  expect(tests).toMatchObject({ ok: true });
  expect(tests.leaks).toHaveLength(1);
});

test("a build that fails says why, and an extension of another ABI does not stand in for it", async () => {
  const environment = pythonEnvironment();
  const root = makePackage("return undeclared;");
  writeFileSync(join(root, "src", "tiny", `probe${environment.suffixes.hybrid}`), "");
  const build = await buildPackage(root, "cpython", "linked", environment);
  expect(build).toMatchObject({ ok: false, libraries: [] });
  expect(build.output).toContain("undeclared");
});

test("tests are found at the top or in a package", () => {
  const root = makePackage("");
  expect(findTests(root)).toBe("tests");
  rmSync(join(root, "tests"), { recursive: true });
  mkdirSync(join(root, "src", "tiny", "tests"));
  expect(findTests(root)).toBe("src/tiny/tests");
  rmSync(join(root, "src", "tiny", "tests"), { recursive: true });
  expect(findTests(root)).toBeNull();
});
