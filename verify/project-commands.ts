/** How a project is built and tested, as its own files tell. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse as parseToml } from "smol-toml";

/** A command for the shell, and which file it was found in, for people. */
export interface FoundCommand {
  readonly command: string;
  readonly from: string;
}

function textOf(root: string, name: string): string {
  const path = join(root, name);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

function tomlOf(root: string): Record<string, unknown> {
  try {
    return parseToml(textOf(root, "pyproject.toml"));
  } catch {
    return {};
  }
}

/** A value in nested tables, or undefined. */
function at(table: unknown, ...path: readonly string[]): unknown {
  let value = table;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}

/** The lines of a section of an ini file, without comments. */
function sectionOf(text: string, name: string): string[] {
  const lines = text.split(/\r?\n/);
  const start = lines.findIndex((line) => line.trim() === `[${name}]`);
  if (start < 0) return [];
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.startsWith("["));
  return (end < 0 ? rest : rest.slice(0, end)).filter((line) => !/^\s*[#;]/.test(line));
}

/** The value of a key in the lines of a section, one entry a line. */
function settingOf(lines: readonly string[], key: string): string[] {
  const start = lines.findIndex((line) => line.split("=")[0]?.trim() === key);
  const first = lines[start];
  if (first === undefined) return [];
  const values = [first.slice(first.indexOf("=") + 1)];
  for (const line of lines.slice(start + 1)) {
    if (line.trim() !== "" && !/^\s/.test(line)) break;
    values.push(line);
  }
  return values.map((value) => value.trim()).filter((value) => value !== "");
}

/** The command that builds the extension modules in place; null when the project does not use setuptools. */
export function findBuildCommand(root: string): FoundCommand | null {
  const command = "python setup.py build_ext --inplace --force";
  if (existsSync(join(root, "setup.py"))) return { command, from: "setup.py" };
  const backend = at(tomlOf(root), "build-system", "build-backend");
  const usesSetuptools = backend === undefined || (typeof backend === "string" && backend.startsWith("setuptools"));
  if (existsSync(join(root, "pyproject.toml")) && usesSetuptools) {
    return {
      command: `python -c 'from setuptools import setup; setup()' build_ext --inplace --force`,
      from: "pyproject.toml",
    };
  }
  return null;
}

/** Commands of tox that run tests, with tox's substitutions made. */
function toxCommands(root: string): string | null {
  const lines = sectionOf(textOf(root, "tox.ini"), "testenv");
  const joined: string[] = [];
  for (const line of settingOf(lines, "commands")) {
    const last = joined.at(-1);
    if (last?.endsWith("\\")) joined[joined.length - 1] = `${last.slice(0, -1)}${line}`;
    else joined.push(line);
  }
  const commands = joined
    .map((line) => line.replace(/^-\s*/, "").replace(/\{posargs(?::([^}]*))?\}/g, (_, given?: string) => given ?? ""))
    .map((line) => line.replaceAll("{envpython}", "python").replaceAll("{toxinidir}", ".").trim());
  const tests = commands.filter((line) =>
    /^(pytest|py\.test|python -m (pytest|unittest)|python setup\.py test)\b/.test(line),
  );
  const usable = tests.filter((line) => !/[{}]/.test(line) && !line.includes("setup.py test"));
  return usable.length > 0 && usable.length === tests.length ? usable.join(" && ") : null;
}

const PYTEST = "python -m pytest -q --tb=short";

/** Directories with these names hold tests. */
const TEST_DIRECTORIES = ["tests", "test"];

function isTestFile(name: string): boolean {
  return (
    name.endsWith(".py") &&
    (name.startsWith("test_") || name.endsWith("_test.py") || name === "tests.py" || name === "test.py")
  );
}

/** Where a project keeps its tests, relative to it: directories or files at the top or in its packages. Empty when it has none. */
export function findTests(root: string): string[] {
  const top = TEST_DIRECTORIES.filter((name) => existsSync(join(root, name)));
  if (top[0] !== undefined) return [top[0]];
  const entries = readdirSync(root, { withFileTypes: true, recursive: true })
    .map((entry) => ({ entry, path: join(entry.parentPath, entry.name).slice(root.length + 1) }))
    .filter(({ path }) => !/(^|\/)(build|node_modules|site-packages|\.[^/]*)\//.test(path));
  const depth = (path: string): number => path.split("/").length;
  const nested = entries
    .filter(({ entry }) => entry.isDirectory() && TEST_DIRECTORIES.includes(entry.name))
    .map(({ path }) => path)
    .filter((path) => readdirSync(join(root, path)).some((name) => isTestFile(name)))
    .sort((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1));
  if (nested[0] !== undefined) return [nested[0]];
  const files = entries
    .filter(({ entry }) => entry.isFile() && isTestFile(entry.name))
    .map(({ path }) => path)
    .sort((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1));
  const least = files[0] === undefined ? 0 : depth(files[0]);
  return files.filter((path) => depth(path) === least);
}

/** Whether a project says itself how pytest is to be run. */
function configuresPytest(root: string): string | null {
  if (existsSync(join(root, "pytest.ini"))) return "pytest.ini";
  if (at(tomlOf(root), "tool", "pytest", "ini_options") !== undefined) return "pyproject.toml";
  if (sectionOf(textOf(root, "setup.cfg"), "tool:pytest").length > 0) return "setup.cfg";
  return sectionOf(textOf(root, "tox.ini"), "pytest").length > 0 ? "tox.ini" : null;
}

/** Where pytest's own configuration says that tests are, or the setting is missing. */
function hasTestPaths(root: string): boolean {
  if (strings(at(tomlOf(root), "tool", "pytest", "ini_options", "testpaths")).length > 0) return true;
  const places = [
    ["pytest.ini", "pytest"],
    ["tox.ini", "pytest"],
    ["setup.cfg", "tool:pytest"],
  ] as const;
  return places.some(([file, section]) => settingOf(sectionOf(textOf(root, file), section), "testpaths").length > 0);
}

/**
 * The command that runs the tests: what tox runs, or pytest (which runs unittest's tests too) on the tests that are
 * found. Null when there are none.
 */
export function findTestCommand(root: string): FoundCommand | null {
  const tox = toxCommands(root);
  if (tox !== null) return { command: tox, from: "tox.ini" };
  const configured = configuresPytest(root);
  if (configured !== null && hasTestPaths(root)) return { command: PYTEST, from: configured };
  const tests = findTests(root);
  if (tests.length > 0) {
    return { command: `${PYTEST} ${tests.map((path) => `'${path}'`).join(" ")}`, from: tests[0] as string };
  }
  return configured === null ? null : { command: PYTEST, from: configured };
}

/** Extras that by custom name what the tests import. */
const TEST_EXTRAS = ["test", "tests", "testing"];

/**
 * What has to be installed to build the project and to run its tests, as far as pyproject.toml and setup.cfg say it.
 * setuptools, wheel and hpy are left out: the environment has releases of them that fit together.
 */
export function findRequirements(root: string): string[] {
  const document = tomlOf(root);
  const configuration = textOf(root, "setup.cfg");
  const extras = sectionOf(configuration, "options.extras_require");
  const all = [
    ...strings(at(document, "build-system", "requires")),
    ...strings(at(document, "project", "dependencies")),
    ...TEST_EXTRAS.flatMap((extra) => strings(at(document, "project", "optional-dependencies", extra))),
    ...TEST_EXTRAS.flatMap((group) => strings(at(document, "dependency-groups", group))),
    ...settingOf(sectionOf(configuration, "options"), "install_requires"),
    ...TEST_EXTRAS.flatMap((extra) => settingOf(extras, extra)),
  ];
  const nameOf = (requirement: string): string => /^[\w.-]*/.exec(requirement)?.[0].toLowerCase() ?? "";
  const given = ["", "setuptools", "wheel", "hpy", "pip", "pytest", "oldest-supported-numpy"];
  return [...new Set(all)].filter((requirement) => !given.includes(nameOf(requirement)));
}
