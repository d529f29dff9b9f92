import { describe, expect, it } from "vitest";
import { readBuildFiles } from "../../model/build-files.ts";
import type { BuildFacts, ExtensionFact } from "../../model/build-files.types.ts";

/** Facts of a project with this setup.py and empty files at these paths. */
function facts(setup: string, paths: readonly string[] = [], more: Readonly<Record<string, string>> = {}): BuildFacts {
  const others = paths.map((path) => ({ path, text: "" }));
  const named = Object.entries(more).map(([path, text]) => ({ path, text }));
  return readBuildFiles([{ path: "setup.py", text: setup }, ...named, ...others]);
}

function only(found: BuildFacts): ExtensionFact {
  const [extension] = found.extensions;
  if (extension === undefined || found.extensions.length > 1) throw new Error(`${found.extensions.length} extensions`);
  return extension;
}

/** Sources of the one extension whose `sources` argument is given. */
function sourcesOf(prelude: string, sources: string, paths: readonly string[] = []): readonly string[] {
  const setup = `import os, sys, glob
from pathlib import Path
from setuptools import setup, Extension
${prelude}
setup(ext_modules=[Extension("m", sources=${sources})])
`;
  return only(facts(setup, paths)).sources;
}

describe("sources", () => {
  it.each([
    ["", '["a.c", "./b//c.c", "x/../d.c"]', ["a.c", "b/c.c", "d.c"]],
    ['common = ["a.c"]', 'common + ["b.c"]', ["a.c", "b.c"]],
    ['base = "src"', 'os.path.join(base, "deep", "a.c").split()', ["src/deep/a.c"]],
    ['base = "src"', '[f"{base}/{n}.c" for n in ("a", "b") if n != "b"]', ["src/a.c"]],
    ["HERE = os.path.dirname(os.path.abspath(__file__))", '[os.path.join(HERE, "a.c")]', ["a.c"]],
    ["HERE = Path(__file__).resolve().parent", '[str(HERE / "src" / "a.c")]', ["src/a.c"]],
    ["", '["%s/%s.c" % ("src", n) for n in "a b".split()]', ["src/a.c", "src/b.c"]],
    ["", '["{}/{}.c".format("src", "a")]', ["src/a.c"]],
    ["", 'list(map(str, ["a.c"]))', ["a.c"]],
    ['s = ["a.c"]\ns.append("b.c")\ns += ["c.c"]\ns.extend(("d.c",))', "s", ["a.c", "b.c", "c.c", "d.c"]],
    ['s = ["old.c"]\ns = ["new.c"]', "s", ["new.c"]],
    ['if sys.platform == "win32":\n    s = ["w.c"]\nelse:\n    s = ["u.c"]', "s", ["w.c", "u.c"]],
    ['s = ["a.c"]\nif sys.platform == "darwin":\n    s.append("mac.c")', "s", ["a.c", "mac.c"]],
    ['a, (b, c) = "a.c", ("b.c", "c.c")', "[a, c]", ["a.c", "c.c"]],
    ['d = {"k": ["a.c"]}\nd["l"] = ["b.c"]', 'd["k"] + d["l"]', ["a.c", "b.c"]],
    ['def f(*names, ext=".c"):\n    return [n + ext for n in names]', 'f("a", "b")', ["a.c", "b.c"]],
  ] as const)("reads %j with %s", (prelude, sources, expected) => {
    expect(sourcesOf(prelude, sources)).toEqual(expected);
  });

  it("expands globs over the files of the project", () => {
    const paths = ["src/b.c", "src/a.c", "src/a.h", "src/deep/c.c", "other/d.c"];
    expect(sourcesOf("", 'glob.glob("src/*.c")', paths)).toEqual(["src/a.c", "src/b.c"]);
    expect(sourcesOf("", 'sorted(str(p) for p in Path("src").rglob("*.c"))', paths)).toEqual([
      "src/a.c",
      "src/b.c",
      "src/deep/c.c",
    ]);
    expect(sourcesOf("", 'glob.glob("src/[!a].?")', paths)).toEqual(["src/b.c"]);
  });

  it("names what is not static", () => {
    const setup = `import os
from setuptools import setup, Extension
setup(ext_modules=[Extension("m", ["a.c"] + os.environ["MORE"].split())])
`;
    const found = facts(setup);
    expect(only(found).sources).toEqual(["a.c"]);
    expect(only(found).sourcesResolved).toBe("partial");
    expect(found.unresolved.map((each) => [each.what, setup.slice(each.span.start, each.span.end)])).toEqual([
      ["sources", 'os.environ["MORE"].split()'],
    ]);
  });
});

describe("extensions", () => {
  it("follows helper functions, loops and other modules of the project", () => {
    const found = facts(
      `from setuptools import setup
import helper
from helper import make as build
setup(ext_modules=[build("a")] + [helper.make(n) for n in ("b", "c")])
`,
      [],
      { "helper.py": 'from setuptools import Extension as E\ndef make(n):\n    return E("p." + n, [n + ".c"])\n' },
    );
    expect(found.extensions.map((each) => [each.name, each.sources, each.list])).toEqual([
      ["p.a", ["a.c"], "ext_modules"],
      ["p.b", ["b.c"], "ext_modules"],
      ["p.c", ["c.c"], "ext_modules"],
    ]);
    expect(found.unresolved).toEqual([]);
  });

  it("reads options, and what is set after the call", () => {
    const found = facts(`from setuptools import setup, Extension
common = dict(define_macros=[("A", None), ("B", "2")], include_dirs=["inc"])
ext = Extension("m", ["m.cpp"], optional=True, extra_compile_args=["-O3"], **common)
ext.define_macros.append(("C", "3"))
ext.sources += ["more.c"]
setup(ext_modules=[ext])
`);
    expect(only(found)).toMatchObject({
      name: "m",
      sources: ["m.cpp", "more.c"],
      defineMacros: [
        { name: "A", value: null },
        { name: "B", value: "2" },
        { name: "C", value: "3" },
      ],
      includeDirs: ["inc"],
      extraCompileArgs: ["-O3"],
      language: "c++",
      optional: "optional",
      limitedApi: "full",
      condition: "always",
    });
  });

  it("knows subclasses and the list that each goes to", () => {
    const found = facts(`import setuptools
class Special(setuptools.Extension):
    pass
setuptools.setup(ext_modules=[Special("a", ["a.c"])], hpy_ext_modules=[setuptools.Extension("b", ["b.c"])])
unused = setuptools.Extension("c", ["c.c"])
`);
    expect(found.extensions.map((each) => [each.name, each.list])).toEqual([
      ["a", "ext_modules"],
      ["b", "hpy_ext_modules"],
      ["c", "none"],
    ]);
  });

  it("tells which are conditional", () => {
    const found = facts(`import sys
from setuptools import setup, Extension
modules = [Extension("a", ["a.c"])]
if sys.platform == "linux":
    modules += [Extension("b", ["b.c"])]
modules.append(Extension("c", ["c.c"]) if sys.argv else Extension("d", ["d.c"]))
if __name__ == "__main__":
    setup(ext_modules=modules)
`);
    expect(found.extensions.map((each) => [each.name, each.condition])).toEqual([
      ["a", "always"],
      ["b", "conditional"],
      ["c", "conditional"],
      ["d", "conditional"],
    ]);
  });

  it("follows the parameters of a function that calls setup", () => {
    const found = facts(`from setuptools import setup, Extension
def run(modules, **more):
    setup(ext_modules=modules, **more)
try:
    run([Extension("a", ["a.c"])])
except Exception:
    run([], name="x")
`);
    expect(only(found)).toMatchObject({ name: "a", list: "ext_modules" });
    expect(found.lists).toMatchObject([{ form: "keyword", extensions: [0], unknown: "none" }]);
  });

  it("ends on definitions that refer to themselves", () => {
    const found = facts(`from setuptools import setup, Extension
def f(x):
    return f(x + ["a"])
x = x + y
y = x
class A(B): pass
class B(A): pass
setup(ext_modules=f(x) + A())
`);
    expect(found.lists).toMatchObject([{ unknown: "some" }]);
  });

  it("survives any prefix of a script", () => {
    const setup = `from setuptools import setup, Extension\nsetup(ext_modules=[Extension(f"a{1}", ["a" 'b'], **{"c": 1}) for a in [1]])\n`;
    for (let end = 0; end <= setup.length; end++) expect(() => facts(setup.slice(0, end))).not.toThrow();
  });
});

describe("the build", () => {
  it("finds the build file nearest to the root, and paths relative to it", () => {
    const found = readBuildFiles([
      { path: "pyproject.toml", text: "[tool.black]\n" },
      { path: "python/setup.py", text: 'from setuptools import *\nsetup(ext_modules=[Extension("m", ["../c/m.c"])])' },
      { path: "python/tests/deep/setup.py", text: "" },
    ]);
    expect(found.root).toBe("python");
    expect(found.script).toBe("python/setup.py");
    expect(only(found).sources).toEqual(["c/m.c"]);
  });

  it("says which build_ext a command derives from", () => {
    const classes = (text: string): unknown => facts(text).buildExt.map((each) => [each.className, each.base]);
    expect(classes("from distutils.command.build_ext import build_ext\nclass A(build_ext): pass\n")).toEqual([
      ["A", "distutils"],
    ]);
    const text = `import setuptools.command.build_ext
class A(setuptools.command.build_ext.build_ext): pass
class B(A, object): pass
class C(Exception): pass
`;
    expect(classes(text)).toEqual([
      ["A", "setuptools"],
      ["B", "setuptools"],
    ]);
  });

  it("reports PEP 621 metadata, -Werror and the limited API", () => {
    const found = facts(
      `from setuptools import setup, Extension
setup(ext_modules=[Extension("m", ["m.c"], extra_compile_args=["-Werror"], py_limited_api=True)])
`,
      [],
      { "pyproject.toml": '[project]\nname = "x"\nversion = "1"\n' },
    );
    expect(found.metadata).toBe("pep-621");
    expect(found.werror).toMatchObject([{ path: "setup.py", condition: "always" }]);
    expect(found.limitedApi).toHaveLength(1);
    expect(only(found).limitedApi).toBe("limited");
  });

  it("keeps byte offsets in a script with non-ASCII text", () => {
    const utf8 = Buffer.from(
      '# é ☃\nfrom setuptools import setup, Extension\nsetup(ext_modules=[Extension("m", ["m.c"])])\n',
    );
    const text = utf8.toString("latin1");
    const [place] = facts(text).lists;
    expect(utf8.subarray(place?.nameSpan.start, place?.nameSpan.end).toString()).toBe("ext_modules");
  });

  it("says what cannot build HPy extensions", () => {
    expect(readBuildFiles([]).backend).toBe("none");
    expect(readBuildFiles([{ path: "meson.build", text: "" }]).unsupported).toContain("Meson");
    const broken = facts("", [], { "pyproject.toml": "[build-system\n" });
    expect(broken.backend).toBe("setuptools");
  });
});
