/** What the build and the tests of a project must notice, on a package of two files. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { Laboratory } from "../../verify/laboratory.ts";
import { buildPackage, copyTree, type PackageTests, Tree, testPackage } from "../../verify/package-run.ts";
import { cacheDirectory } from "../../verify/python-environment.ts";
import { directoryWith, hpyPackage } from "./tiny-package.ts";

vi.setConfig({ testTimeout: 240_000 });

const BUILD = "python setup.py build_ext --inplace --force";
const PYTEST = "python -m pytest -q --tb=short tests";

let laboratory: Laboratory;

beforeAll(async () => {
  laboratory = await Laboratory.open({ python: null, requirements: [] });
});

afterAll(() => laboratory.close());

async function buildAndTest(body: string, command: string, limit = 60): Promise<PackageTests> {
  const root = hpyPackage(body);
  const build = await buildPackage(laboratory, root, "hybrid", BUILD, "strict");
  expect(build.output).not.toContain("error:");
  expect(build).toMatchObject({ ok: true, libraries: [`src/tiny/probe${laboratory.environment.suffixes.hybrid}`] });
  const options = { command, abi: "hybrid", mode: "debug", traces: 16, limit } as const;
  return testPackage(laboratory, root, build.libraries, options);
}

test("tests of a package in a src folder run in debug mode", async () => {
  const tests = await buildAndTest("return HPyLong_FromLong(ctx, 1);", PYTEST);
  expect(tests).toMatchObject({ status: 0, signal: null, timedOut: false, leaks: [], last: null });
  expect([...(tests.loaded ?? [])]).toEqual(["probe"]);
  expect([...tests.outcomes]).toEqual([
    ["tests/test_probe.py::test_one", "passed"],
    ["tests/test_probe.py::test_type", "passed"],
  ]);
});

test("failures are told by test, leaks by handle with the place of its allocation", async () => {
  const tests = await buildAndTest("HPyLong_FromLong(ctx, 7); return HPyLong_FromLong(ctx, 2);", PYTEST);
  expect(tests.status).toBe(1);
  expect(tests.outcomes.get("tests/test_probe.py::test_one")).toBe("failed");
  expect(tests.outcomes.get("tests/test_probe.py::test_type")).toBe("passed");
  expect(tests.messages.get("tests/test_probe.py::test_one")).toContain("assert 2 == 1");
  expect(tests.leaks).toHaveLength(2);
  expect(tests.leaks[0]?.object).toMatch(/^<DebugHandle 0x[0-9a-f]+ for 7>$/);
  expect(tests.leaks[0]?.trace.some((frame) => frame.includes("probe.hpy0"))).toBe(true);
});

test("leaks and modules are found whatever command runs the tests", async () => {
  const tests = await buildAndTest(
    "HPyLong_FromLong(ctx, 7); return HPyLong_FromLong(ctx, 1);",
    "python -c 'from tiny import probe; probe.one()'",
  );
  expect(tests).toMatchObject({ status: 0 });
  expect(tests.leaks).toHaveLength(1);
  expect([...(tests.loaded ?? [])]).toEqual(["probe"]);
});

test("unittest's outcomes are read too", async () => {
  const script = `import unittest; from tiny import probe
class T(unittest.TestCase):
    def test_good(self): self.assertEqual(probe.one(), 1)
    def test_bad(self): self.assertEqual(probe.one(), 2)
    def test_ugly(self): raise unittest.SkipTest("no")
unittest.main()`;
  const tests = await buildAndTest("return HPyLong_FromLong(ctx, 1);", `python -c '${script.replaceAll("'", '"')}'`);
  expect(Object.fromEntries(tests.outcomes)).toEqual({
    "__main__.T.test_bad": "failed",
    "__main__.T.test_good": "passed",
    "__main__.T.test_ugly": "skipped",
  });
  expect(tests.messages.get("__main__.T.test_bad")).toBe("AssertionError: 1 != 2");
});

test("a crash is told with its signal and the test that was running", async () => {
  const tests = await buildAndTest("*(volatile int *)8 = 1; return HPyLong_FromLong(ctx, 1);", PYTEST);
  expect(tests).toMatchObject({ signal: "SIGSEGV", last: "tests/test_probe.py::test_one" });
});

test("a hang is told with the test that was running", async () => {
  const tests = await buildAndTest("for (volatile int i = 0;; i++); return HPy_NULL;", PYTEST, 4);
  expect(tests).toMatchObject({ timedOut: true, signal: null, last: "tests/test_probe.py::test_one" });
});

test("a build that fails says why, and an extension of another ABI does not stand in for it", async () => {
  const root = hpyPackage("return undeclared;");
  writeFileSync(join(root, "src", "tiny", `probe${laboratory.environment.suffixes.hybrid}`), "");
  const build = await buildPackage(laboratory, root, "cpython", BUILD, "strict");
  expect(build).toMatchObject({ ok: false, libraries: [] });
  expect(build.output).toContain("undeclared");
});

test("a build that makes nothing is no success", async () => {
  const root = directoryWith({ "setup.py": "from setuptools import setup\nsetup(name='tiny')\n" });
  const build = await buildPackage(laboratory, root, "cpython", BUILD, "strict");
  expect(build.ok).toBe(false);
  expect(build.output).toContain("the build made no extension module");
});

/** Writes a wheel of the name with a module of that name, and one that is called setuptools. */
const WHEEL = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1] + "/greedy-1-py3-none-any.whl", "w") as wheel:
    wheel.writestr("greedy.py", "")
    wheel.writestr("setuptools/__init__.py", "raise SystemExit('not this one')")
    wheel.writestr("greedy-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: greedy\\nVersion: 1\\n")
    wheel.writestr("greedy-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr("greedy-1.dist-info/RECORD", "")
`;

test("what a project needs does not bring a setuptools of its own", async () => {
  const scratch = directoryWith({});
  execFileSync(laboratory.environment.python, ["-c", WHEEL, scratch]);
  const other = await Laboratory.open({ python: null, requirements: [join(scratch, "greedy-1-py3-none-any.whl")] });
  try {
    expect(other.warnings).toEqual([]);
    const [needs = ""] = other.packages;
    expect(dirname(needs)).toBe(join(cacheDirectory(), "needs"));
    onTestFinished(() => rmSync(needs, { recursive: true, force: true }));
    const script = "import greedy, setuptools; print(setuptools.__version__)";
    const { output } = await other.run(other.python, ["-c", script], other.directory, {}, 60);
    expect(output).toMatch(/^[\d.]+\n$/);
    expect(Number.parseInt(output, 10)).toBeLessThan(81);
  } finally {
    await other.close();
  }
});

test("a copy leaves out what builds left and what leads out of the tree", () => {
  const root = directoryWith({
    "a.c": "a",
    "a.cpython-311-x86_64-linux-gnu.so": "stale",
    "data.so": "data",
    "build/temp.linux/a.o": "stale",
    "pkg/build/source.c": "source",
    "env/pyvenv.cfg": "",
    ".git/config": "",
  });
  symlinkSync("a.c", join(root, "inside"));
  symlinkSync("/etc/passwd", join(root, "outside"));
  const to = join(directoryWith({}), "copy");
  copyTree(root, to);
  const exists = (path: string): boolean => existsSync(join(to, path));
  expect(["a.c", "data.so", "pkg/build/source.c", "inside"].filter(exists)).toHaveLength(4);
  expect(["a.cpython-311-x86_64-linux-gnu.so", "build", "env", ".git", "outside"].filter(exists)).toEqual([]);
});

test("a tree follows states in any order, and forgets files that a state does not have", () => {
  const root = directoryWith({ a: "old", b: "same" });
  const tree = new Tree(root);
  const read = (path: string): string | null =>
    existsSync(join(root, path)) ? readFileSync(join(root, path), "latin1") : null;
  tree.write(
    new Map([
      ["a", "new \xe9"],
      ["sub/c", "created"],
    ]),
  );
  expect([read("a"), read("b"), read("sub/c")]).toEqual(["new \xe9", "same", "created"]);
  tree.write(new Map([["b", "changed"]]));
  expect([read("a"), read("b"), read("sub/c")]).toEqual(["old", "changed", null]);
  tree.write(new Map());
  expect([read("a"), read("b"), read("sub/c")]).toEqual(["old", "same", null]);
});
