/** How projects say that they are built and tested. */
import { expect, test } from "vitest";
import { findBuildCommand, findRequirements, findTestCommand, findTests } from "../../verify/project-commands.ts";
import { directoryWith } from "./tiny-package.ts";

const PYTEST = "python -m pytest -q --tb=short";

test("setup.py builds; a project of setuptools without one is built all the same, others are not", () => {
  expect(findBuildCommand(directoryWith({ "setup.py": "" }))?.command).toBe(
    "python setup.py build_ext --inplace --force",
  );
  const backend = (name: string): string =>
    directoryWith({ "pyproject.toml": `[build-system]\nbuild-backend = "${name}"\n` });
  expect(findBuildCommand(backend("setuptools.build_meta"))?.command).toContain("setup()' build_ext --inplace");
  expect(findBuildCommand(backend("mesonpy"))).toBeNull();
  expect(findBuildCommand(directoryWith({ "a.c": "" }))).toBeNull();
});

test.each([
  ["a directory at the top", { "tests/test_a.py": "", "pkg/tests/test_b.py": "" }, `${PYTEST} 'tests'`],
  [
    "a directory in a package",
    { "src/pkg/tests/test_b.py": "", "src/pkg/tests/data.txt": "" },
    `${PYTEST} 'src/pkg/tests'`,
  ],
  ["a directory without tests", { "pkg/test/data.txt": "", "pkg/test_a.py": "" }, `${PYTEST} 'pkg/test_a.py'`],
  ["files at the top", { "test_a.py": "", "test_b.py": "", "pkg/test_c.py": "" }, `${PYTEST} 'test_a.py' 'test_b.py'`],
  ["results of a build", { "build/lib/tests/test_a.py": "", "node_modules/tests/test_a.py": "" }, null],
  [
    "pytest's configuration",
    { "tests/test_a.py": "", "pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["checks"]\n' },
    PYTEST,
  ],
  [
    "a configuration without paths",
    { "tests/test_a.py": "", "setup.cfg": "[tool:pytest]\naddopts = -x\n" },
    `${PYTEST} 'tests'`,
  ],
  ["an ini file with paths", { "tests/a.py": "", "pytest.ini": "[pytest]\ntestpaths = checks\n" }, PYTEST],
  [
    "tox",
    {
      "tests/a.py": "",
      "tox.ini":
        "[tox]\nx = 1\n[testenv]\ndeps =\n  pytest\ncommands =\n    pip list\n    pytest --strict \\\n      {posargs:tests/unit}\n[flake8]\n",
    },
    "pytest --strict tests/unit",
  ],
  [
    "tox with unittest",
    { "tox.ini": "[testenv]\ncommands =\n  {envpython} -m unittest discover\n  coverage report\n" },
    "python -m unittest discover",
  ],
  [
    "tox that needs a tool of its own",
    { "tests/test_a.py": "", "tox.ini": "[testenv]\ncommands = nox\n" },
    `${PYTEST} 'tests'`,
  ],
  [
    "tox with substitutions of its own",
    { "test/test_a.py": "", "tox.ini": "[testenv]\ncommands = pytest {[base]args}\n" },
    `${PYTEST} 'test'`,
  ],
  ["nothing", { "setup.py": "" }, null],
] as const)("tests are found: %s", (_, files, command) => {
  expect(findTestCommand(directoryWith(files))?.command ?? null).toBe(command);
});

test("tests are found nearest to the top", () => {
  expect(findTests(directoryWith({ "a/b/tests/test_x.py": "", "z/tests/test_x.py": "" }))).toEqual(["z/tests"]);
  expect(findTests(directoryWith({ "pkg/code.py": "" }))).toEqual([]);
});

test("requirements of the build and of the tests, without what the environment has", () => {
  const root = directoryWith({
    "pyproject.toml": `[build-system]
requires = ["setuptools>=64", "wheel", "hpy==0.9.0", "cppy>=1.1"]
[project]
dependencies = ["numpy"]
[project.optional-dependencies]
test = ["pytest", "hypothesis>=6"]
docs = ["sphinx"]
`,
    "setup.cfg":
      "[options]\ninstall_requires =\n    six\n    numpy\n[options.extras_require]\ntesting =\n    pytz\ndocs =\n    furo\n",
  });
  expect(findRequirements(root)).toEqual(["cppy>=1.1", "numpy", "hypothesis>=6", "six", "pytz"]);
  expect(findRequirements(directoryWith({ "pyproject.toml": "not [ toml" }))).toEqual([]);
});
