/** A package of one small extension module, in a scratch directory. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

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
