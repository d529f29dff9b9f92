import { describe, expect, it } from "vitest";
import { migrateBuild, projectFiles } from "./build-files.ts";
import { BUILD_STYLES } from "./build-styles.ts";

const SOURCES = { "pkg/__init__.py": "", "pkg/_fast.c": "", "pkg/_slow.c": "" };
const SIMPLE = `from setuptools import setup, Extension
setup(ext_modules=[Extension("pkg._fast", ["pkg/_fast.c"])])
`;

function refusal(texts: Readonly<Record<string, string>>, module = "pkg._fast"): string {
  const { plan } = migrateBuild(projectFiles({ ...SOURCES, ...texts }), [module]);
  expect(plan.changes).toEqual([]);
  expect(plan.refusals.map((each) => each.modules)).toEqual([[module]]);
  return plan.refusals[0]?.message ?? "";
}

function pyproject(text: string): string {
  const files = projectFiles({ ...SOURCES, "setup.py": SIMPLE, "pyproject.toml": text });
  const result = migrateBuild(files, ["pkg._fast"]);
  expect(result.plan.refusals).toEqual([]);
  return result.text("pyproject.toml");
}

describe("setup.py", () => {
  for (const style of BUILD_STYLES) {
    it(`edits ${style.title}`, () => {
      const files = projectFiles({ ...SOURCES, "setup.py": style.setup });
      const result = migrateBuild(files, style.modules);
      expect(result.plan.refusals).toEqual([]);
      expect(result.text("setup.py")).toBe(style.after);
    });

    it(`leaves ${style.title} alone once it is edited`, () => {
      const files = projectFiles({ ...SOURCES, "setup.py": style.setup });
      const { plan } = migrateBuild(migrateBuild(files, style.modules).files, style.modules);
      expect(plan).toEqual({ changes: [], notes: [], refusals: [] });
    });
  }

  it("keeps files that need nothing as they are", () => {
    const { plan } = migrateBuild(projectFiles({ ...SOURCES, "setup.py": SIMPLE }), []);
    expect(plan.changes).toEqual([]);
  });

  it("tells what a fallback without the extension loses", () => {
    const setup = `from setuptools import setup, Extension
import os
setup(**({} if os.environ.get("PURE") else {"ext_modules": [Extension("pkg._fast", ["pkg/_fast.c"])]}))
`;
    const fallback = migrateBuild(projectFiles({ ...SOURCES, "setup.py": setup }), ["pkg._fast"]).plan.notes;
    const always = migrateBuild(projectFiles({ ...SOURCES, "setup.py": SIMPLE }), ["pkg._fast"]).plan.notes;
    expect(fallback.some((note) => note.includes("--hpy-abi is an unknown option"))).toBe(true);
    expect(always.some((note) => note.includes("--hpy-abi is an unknown option"))).toBe(false);
    expect(always.some((note) => note.includes("run-time dependencies"))).toBe(true);
  });
});

describe("the limited C API", () => {
  const edited = (setup: string): string => {
    const result = migrateBuild(projectFiles({ ...SOURCES, "setup.py": setup }), ["pkg._fast"]);
    expect(result.plan.refusals).toEqual([]);
    expect(result.plan.notes.some((note) => note.includes("limited C API"))).toBe(true);
    return result.text("setup.py");
  };

  it("is switched off in the arguments of an Extension", () => {
    expect(
      edited(`from setuptools import setup, Extension
setup(ext_modules=[Extension("pkg._fast", ["pkg/_fast.c"], py_limited_api=True,
                             define_macros=[("A", "1"), ("Py_LIMITED_API", "0x03080000")])])
`),
    ).toBe(`from setuptools import setup, Extension
setup(hpy_ext_modules=[Extension("pkg._fast", ["pkg/_fast.c"], py_limited_api=False,
                             define_macros=[("A", "1")])], ext_modules=[])
`);
  });

  it("leaves an empty dictionary, which tests false, and no empty block", () => {
    expect(
      edited(`from setuptools import setup, Extension
macros = []
if True:
    limited = {"py_limited_api": True}
    macros.append(("Py_LIMITED_API", "0x03060000"))
else:
    limited = {}
if True:
    macros.append(("Py_LIMITED_API", "0x03060000"))
fast = Extension("pkg._fast", ["pkg/_fast.c"], define_macros=macros, **limited)
setup(packages=["pkg"], ext_modules=[fast], options={"bdist_wheel": {"py_limited_api": "cp36", "universal": 0}})
`),
    ).toBe(`from setuptools import setup, Extension
macros = []
if True:
    limited = {}
else:
    limited = {}
if True:
    pass
fast = Extension("pkg._fast", ["pkg/_fast.c"], define_macros=macros, **limited)
setup(packages=["pkg"], hpy_ext_modules=[fast], options={"bdist_wheel": {"universal": 0}})
`);
  });
});

describe("build scripts of other backends", () => {
  it("renames the key that Poetry's build script sets", () => {
    const files = projectFiles({
      ...SOURCES,
      "build.py": `from setuptools import Extension

def build(setup_kwargs):
    """Called by Poetry."""
    setup_kwargs.update({"ext_modules": [Extension("pkg._fast", ["pkg/_fast.c"])]})
`,
      "pyproject.toml": `[tool.poetry]
name = "pkg"
build = "build.py"

[build-system]
requires = ["poetry-core>=1.0"]
build-backend = "poetry.core.masonry.api"
`,
    });
    const result = migrateBuild(files, ["pkg._fast"]);
    expect(result.plan.refusals).toEqual([]);
    expect(result.text("build.py")).toContain('{"hpy_ext_modules": [Extension(');
    expect(result.text("pyproject.toml")).toContain(
      'requires = ["poetry-core>=1.0", "setuptools>=64,<81", "hpy==0.9.0"]',
    );
  });

  it("refuses a script that runs the command by itself", () => {
    const message = refusal({
      "build.py": `from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext
def build():
    command = build_ext(Distribution({"ext_modules": [Extension("pkg._fast", ["pkg/_fast.c"])]}))
    command.ensure_finalized()
    command.run()
`,
      "pyproject.toml": `[tool.poetry.build]
script = "build.py"
[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
`,
    });
    expect(message).toContain("setuptools.setup(hpy_ext_modules=...)");
  });

  it.each([
    ["scikit_build_core.build", "scikit_build_core.build"],
    ["mesonpy", "mesonpy"],
    ["hatchling.build", "hatchling.build"],
    ["maturin", "maturin"],
  ])("refuses %s", (backend, named) => {
    const text = `[build-system]\nrequires = []\nbuild-backend = "${backend}"\n`;
    expect(refusal({ "pyproject.toml": text })).toContain(named);
  });

  it("refuses skbuild and numpy.distutils, whatever pyproject.toml says", () => {
    expect(refusal({ "setup.py": `from skbuild import setup\nsetup(name="pkg")\n` })).toContain("scikit-build");
    expect(refusal({ "setup.py": `from numpy.distutils.core import setup, Extension\n` })).toContain("numpy.distutils");
  });
});

describe("refusals", () => {
  it("says where an extension that is not static comes from", () => {
    const message = refusal({
      "setup.py": `from setuptools import setup
import secret
setup(ext_modules=secret.modules())
`,
    });
    expect(message).toContain("pkg._fast");
    expect(message).toContain("hpy_ext_modules");
  });

  it("refuses the limited API where it is not written as data", () => {
    const computed = `from setuptools import setup, Extension
macros = dict(Py_LIMITED_API="0x03080000")
name = "Py_LIMITED_API"
setup(ext_modules=[Extension("pkg._fast", ["pkg/_fast.c"], define_macros=[(name, "0x03080000")])])
`;
    expect(refusal({ "setup.py": computed })).toContain("limited C API");
  });

  it("refuses flags under which HPy's headers do not compile", () => {
    const flags = (list: string): string => SIMPLE.replace('.c"]', `.c"], extra_compile_args=[${list}]`);
    expect(refusal({ "setup.py": flags('"-std=c89"') })).toContain("C99");
    expect(refusal({ "setup.py": flags('"-Wall", "-Wextra", "-Werror"') })).toContain("-Wextra");
  });

  it("refuses a name that the loader would overwrite", () => {
    expect(refusal({ "setup.py": SIMPLE, "pkg/_fast.py": "x = 1\n" })).toContain("pkg/_fast.py");
  });

  it("refuses an assignment to self.extensions, which HPy ignores", () => {
    const setup = `from setuptools import setup, Extension
from setuptools.command.build_ext import build_ext
class command(build_ext):
    def finalize_options(self):
        build_ext.finalize_options(self)
        self.extensions = [e for e in self.extensions if e.name != "x"]
setup(cmdclass={"build_ext": command}, ext_modules=[Extension("pkg._fast", ["pkg/_fast.c"])])
`;
    expect(refusal({ "setup.py": setup })).toContain("self.extensions[:]");
  });

  it("refuses the attribute of the distribution", () => {
    const setup = `from setuptools import setup, Extension
from setuptools.command.build_ext import build_ext
class command(build_ext):
    def run(self):
        self.distribution.ext_modules = []
setup(cmdclass={"build_ext": command}, ext_modules=[Extension("pkg._fast", ["pkg/_fast.c"])])
`;
    expect(refusal({ "setup.py": setup })).toContain("attribute ext_modules");
  });

  it("refuses one dictionary key for both kinds", () => {
    const setup = `from setuptools import setup, Extension
kw = {}
kw["ext_modules"] = [Extension("pkg._fast", ["pkg/_fast.c"]), Extension("pkg._slow", ["pkg/_slow.c"])]
setup(**kw)
`;
    expect(refusal({ "setup.py": setup })).toContain('"hpy_ext_modules"');
  });

  it("refuses a script that is not Python", () => {
    expect(refusal({ "setup.py": `${SIMPLE}def f(:\n  )` })).toContain("could not be parsed");
  });

  it("refuses a partial import from distutils", () => {
    const setup = SIMPLE.replace("from setuptools import setup, Extension", "from distutils.core import *");
    expect(refusal({ "setup.py": setup })).toContain("setuptools");
  });
});

describe("pyproject.toml", () => {
  it("is created where there is none", () => {
    const result = migrateBuild(projectFiles({ ...SOURCES, "setup.py": SIMPLE }), ["pkg._fast"]);
    expect(result.text("pyproject.toml")).toBe('[build-system]\nrequires = ["setuptools>=64,<81", "hpy==0.9.0"]\n');
    expect(result.plan.changes.find((change) => change.path === "pyproject.toml")?.kind).toBe("create");
  });

  it("gets a table before the others, and after an opening comment", () => {
    expect(pyproject("[tool.black]\nline-length = 100\n")).toBe(
      '[build-system]\nrequires = ["setuptools>=64,<81", "hpy==0.9.0"]\n\n[tool.black]\nline-length = 100\n',
    );
    expect(pyproject("# Licence: MIT\n[tool.black]\n")).toBe(
      '# Licence: MIT\n[tool.black]\n\n[build-system]\nrequires = ["setuptools>=64,<81", "hpy==0.9.0"]\n',
    );
  });

  it.each([
    ['["setuptools"]', '["setuptools>=64,<81", "hpy==0.9.0"]'],
    ["['setuptools', 'wheel']", "['setuptools>=64,<81', 'wheel', 'hpy==0.9.0']"],
    ['["setuptools >= 61"]', '["setuptools >= 64, < 81", "hpy==0.9.0"]'],
    ['["setuptools>=77.0.3"]', '["setuptools>=77.0.3,<81", "hpy==0.9.0"]'],
    ['["setuptools[core]>=40.8,!=60.0"]', '["setuptools[core]>=64,!=60.0,<81", "hpy==0.9.0"]'],
    ['["setuptools==68.2.2"]', '["setuptools==68.2.2", "hpy==0.9.0"]'],
    ['["setuptools<90"]', '["setuptools>=64,<81", "hpy==0.9.0"]'],
    ['["setuptools>=64,<81", "hpy==0.9.0"]', '["setuptools>=64,<81", "hpy==0.9.0"]'],
    ['["setuptools>=64,<81", "HPy>=0.9"]', '["setuptools>=64,<81", "HPy==0.9.0"]'],
    [`["setuptools>=42; python_version > '3'"]`, `["setuptools>=64,<81; python_version > '3'", "hpy==0.9.0"]`],
    ['["Cython"]', '["Cython", "setuptools>=64,<81", "hpy==0.9.0"]'],
    ["[]", '["setuptools>=64,<81", "hpy==0.9.0"]'],
  ])("turns %s into %s", (before, after) => {
    expect(pyproject(`[build-system]\nrequires = ${before}\n`)).toBe(`[build-system]\nrequires = ${after}\n`);
  });

  it("keeps the layout and the comments of a long array", () => {
    expect(
      pyproject('[build-system]\nrequires = [\n  "setuptools>=64,<81", # bounded\n  "wheel"  # old pip\n]\n'),
    ).toBe(
      '[build-system]\nrequires = [\n  "setuptools>=64,<81", # bounded\n  "wheel",  # old pip\n  "hpy==0.9.0"\n]\n',
    );
    expect(pyproject('[build-system]\r\nrequires = [\r\n\t"setuptools==70.0.0",\r\n]\r\n')).toBe(
      '[build-system]\r\nrequires = [\r\n\t"setuptools==70.0.0",\r\n\t"hpy==0.9.0",\r\n]\r\n',
    );
  });

  it.each([['"setuptools<60"'], ['"setuptools>=82"'], ['"setuptools", "hpy<0.9"'], ['"hpy @ git+https://x/y"']])(
    "refuses requirements that exclude HPy: %s",
    (requirement) => {
      const text = `[build-system]\nrequires = [${requirement}]\n`;
      expect(refusal({ "setup.py": SIMPLE, "pyproject.toml": text })).toContain("HPy 0.9.0 needs");
    },
  );

  it("hands its own ext-modules to a new setup.py", () => {
    const files = projectFiles({
      ...SOURCES,
      "pyproject.toml": `[build-system]
requires = ["setuptools>=74.1"]
build-backend = "setuptools.build_meta"

[project]
name = "pkg"
version = "1"

[tool.setuptools]
packages = ["pkg"]
ext-modules = [
  { name = "pkg._fast", sources = ["pkg/_fast.c"], define-macros = [["FAST", "1"], ["NDEBUG"]], optional = true },
]

[tool.other]
x = 1
`,
    });
    const result = migrateBuild(files, ["pkg._fast"]);
    expect(result.plan.refusals).toEqual([]);
    expect(result.text("setup.py")).toBe(`from setuptools import Extension, setup

setup(
    hpy_ext_modules=[
        Extension("pkg._fast", sources=["pkg/_fast.c"], define_macros=[("FAST", "1"), ("NDEBUG",)], optional=True),
    ],
)
`);
    expect(result.text("pyproject.toml")).toContain('[tool.setuptools]\npackages = ["pkg"]\n\n[tool.other]');
    expect(result.text("setup.cfg")).toBe("[global]\nhpy_use_static_libs = 1\n");
    expect(migrateBuild(result.files, ["pkg._fast"]).plan.changes).toEqual([]);
  });

  it("hands one table of an array of tables on", () => {
    const files = projectFiles({
      ...SOURCES,
      "pyproject.toml": `[build-system]
requires = ["setuptools>=74.1"]

[[tool.setuptools.ext-modules]]
name = "pkg._fast"
sources = ["pkg/_fast.c"]

[[tool.setuptools.ext-modules]]
name = "pkg._slow"
sources = ["pkg/_slow.c"]
`,
    });
    const result = migrateBuild(files, ["pkg._fast"]);
    expect(result.text("setup.py")).toContain('Extension("pkg._fast", sources=["pkg/_fast.c"])');
    expect(result.text("pyproject.toml")).not.toContain("_fast");
    expect(result.text("pyproject.toml")).toContain('[[tool.setuptools.ext-modules]]\nname = "pkg._slow"');
  });
});

describe("setup.cfg", () => {
  const PEP621 = '[project]\nname = "pkg"\nversion = "1"\n';

  it("links the static library where setuptools reads the manifest for package data", () => {
    const files = { ...SOURCES, "setup.py": SIMPLE, "pyproject.toml": PEP621 };
    expect(migrateBuild(projectFiles(files), ["pkg._fast"]).text("setup.cfg")).toBe(
      "[global]\nhpy_use_static_libs = 1\n",
    );
    const inSetup = { ...SOURCES, "setup.py": SIMPLE.replace("setup(ext", "setup(include_package_data=True, ext") };
    expect(migrateBuild(projectFiles(inSetup), ["pkg._fast"]).text("setup.cfg")).not.toBe("");
  });

  it("is not needed where package data are declared otherwise", () => {
    const off = `${PEP621}[tool.setuptools]\ninclude-package-data = false\n`;
    const files = { ...SOURCES, "setup.py": SIMPLE, "pyproject.toml": off };
    expect(migrateBuild(projectFiles(files), ["pkg._fast"]).text("setup.cfg")).toBe("");
    const plain = { ...SOURCES, "setup.py": SIMPLE };
    expect(migrateBuild(projectFiles(plain), ["pkg._fast"]).text("setup.cfg")).toBe("");
  });

  it("extends what is there", () => {
    const cfg = (before: string): string => {
      const files = { ...SOURCES, "setup.py": SIMPLE, "pyproject.toml": PEP621, "setup.cfg": before };
      return migrateBuild(projectFiles(files), ["pkg._fast"]).text("setup.cfg");
    };
    expect(cfg("[metadata]\nname = pkg")).toBe("[metadata]\nname = pkg\n\n[global]\nhpy_use_static_libs = 1\n");
    expect(cfg("[global]\r\nverbose = 1\r\n")).toBe("[global]\r\nhpy_use_static_libs = 1\r\nverbose = 1\r\n");
    expect(cfg("[global]\nhpy-use-static-libs = 1\n")).toBe("[global]\nhpy-use-static-libs = 1\n");
  });
});
