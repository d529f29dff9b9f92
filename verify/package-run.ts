/** Building a real package in place with its own setup.py, and running its own tests on the result. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { Abi } from "./build.ts";
import type { PythonEnvironment } from "./python-environment.ts";

export interface PackageBuild {
  readonly ok: boolean;
  /** Everything that setup.py and the compiler printed. */
  readonly output: string;
  /** Extension modules that the build left in the tree, relative to it. */
  readonly libraries: readonly string[];
  readonly seconds: number;
}

/** Outcome of one test: what pytest calls it. */
export type TestOutcome = "passed" | "failed" | "skipped";

export interface PackageTests {
  readonly ok: boolean;
  readonly output: string;
  /** By test id; empty when the tests are not run by pytest. */
  readonly outcomes: ReadonlyMap<string, TestOutcome>;
  /** Handles that were open at the end of a process, one line each; only in debug mode. */
  readonly leaks: readonly string[];
  readonly seconds: number;
}

/** Diagnostics that point at code which compiles and then crashes. */
const STRICT = "-Werror=implicit-function-declaration -Werror=incompatible-pointer-types -Werror=int-conversion";

/** Seconds after which a build or a test run is taken to hang. */
const LIMIT = 900;

interface Finished {
  readonly status: number | null;
  readonly output: string;
  readonly seconds: number;
}

function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Finished> {
  const start = performance.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: LIMIT * 1000,
      killSignal: "SIGKILL",
    });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    const finish = (status: number | null, last: string): void => {
      const output = Buffer.concat(chunks).toString("utf8");
      resolve({ status, output: `${output}${last}`, seconds: (performance.now() - start) / 1000 });
    };
    child.on("error", (error) => finish(null, `cannot run ${command}: ${error.message}\n`));
    child.on("close", (status, signal) => finish(status, signal ? `killed by ${signal}\n` : ""));
  });
}

/** Files below a directory that end with `.so`, without those of setuptools' scratch directory. */
function librariesIn(root: string): string[] {
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".so"))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((path) => !path.startsWith("build/"))
    .sort();
}

/** What `--hpy-use-static-libs` does: `linked` is quick, `compiled` is what users of the package do. */
export type Helpers = "linked" | "compiled";

/** Builds the extension modules of the package at `root` in place. `capi` builds without HPy. */
export async function buildPackage(
  root: string,
  abi: Abi,
  helpers: Helpers,
  environment: PythonEnvironment,
): Promise<PackageBuild> {
  // An extension of another ABI beside the new one would win on import.
  for (const library of librariesIn(root)) rmSync(join(root, library));
  rmSync(join(root, "build"), { recursive: true, force: true });
  if (!existsSync(join(root, "setup.py")))
    writeFileSync(join(root, "setup.py"), "from setuptools import setup\nsetup()\n");
  const globals =
    abi === "capi" ? [] : [`--hpy-abi=${abi}`, ...(helpers === "linked" ? ["--hpy-use-static-libs"] : [])];
  const flags = abi === "capi" ? "-O1 -w" : `-O1 -Wall -Wno-unused ${STRICT}`;
  const env = { ...process.env, CFLAGS: flags, HPY: undefined };
  const result = await run(environment.python, ["setup.py", ...globals, "build_ext", "--inplace"], root, env);
  const libraries = librariesIn(root);
  return { ok: result.status === 0 && libraries.length > 0, output: result.output, libraries, seconds: result.seconds };
}

/** Watches every interpreter of a test run for handles that are never closed, the last thing before it exits. */
const WATCH_LEAKS = `
import os
if os.environ.get("HPY") == "debug" and "HPY_MIGRATE_LEAKS" in os.environ:
    import atexit, gc
    from hpy.debug import HPyLeakError, LeakDetector
    detector = LeakDetector()
    detector.start()
    def stop():
        gc.collect()
        try:
            detector.stop()
        except HPyLeakError as error:
            with open(os.environ["HPY_MIGRATE_LEAKS"], "a") as log:
                for leak in error.leaks:
                    log.write(repr(leak).split("\\n")[0] + "\\n")
    atexit.register(stop)
`;

/** Writes each test's outcome as one line, "outcome id". */
const RECORD_OUTCOMES = `
import os
def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        with open(os.environ["HPY_MIGRATE_OUTCOMES"], "a") as log:
            log.write(report.outcome + " " + report.nodeid.replace("\\n", " ") + "\\n")
def pytest_collectreport(report):
    if report.failed:
        with open(os.environ["HPY_MIGRATE_OUTCOMES"], "a") as log:
            log.write("failed collection of " + report.nodeid + "\\n")
`;

/** Directories that have to be on the path for the built modules to be importable: the parents of their packages. */
function importRoots(root: string, libraries: readonly string[]): string[] {
  const roots = new Set([root]);
  for (const library of libraries) {
    let directory = dirname(join(root, library));
    while (directory !== root && existsSync(join(directory, "__init__.py"))) directory = dirname(directory);
    roots.add(directory);
  }
  return [...roots];
}

export interface TestOptions {
  /** Shell command; null for pytest on the tests that are found. */
  readonly command: string | null;
  /** Further directories for the path, such as where the tests' own requirements are. */
  readonly path: readonly string[];
  readonly mode: "release" | "debug";
}

/** Where a package keeps its tests: `tests` or `test` at the top, or in one of its packages; null when it has none. */
export function findTests(root: string): string | null {
  const names = ["tests", "test"];
  const top = names.find((name) => existsSync(join(root, name)));
  if (top) return top;
  const nested = readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isDirectory() && names.includes(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((path) => !path.startsWith("build/") && !path.includes("node_modules"))
    .sort((a, b) => a.length - b.length);
  if (nested[0]) return nested[0];
  const files = readdirSync(root).filter((name) => name.startsWith("test") && name.endsWith(".py"));
  return files[0] ?? null;
}

/** Runs the tests of a package that was built in place. */
export async function testPackage(
  root: string,
  libraries: readonly string[],
  options: TestOptions,
  environment: PythonEnvironment,
): Promise<PackageTests> {
  const scratch = mkdtempSync(join(tmpdir(), "hpy-migrate-package-"));
  try {
    const plugins = join(scratch, "plugins");
    mkdirSync(plugins);
    writeFileSync(join(plugins, "sitecustomize.py"), WATCH_LEAKS);
    writeFileSync(join(plugins, "hpy_migrate_outcomes.py"), RECORD_OUTCOMES);
    const outcomeLog = join(scratch, "outcomes");
    const leakLog = join(scratch, "leaks");
    // Tests that copy or rename the interpreter leave the virtual environment, and HPy with it.
    const packages = join(dirname(environment.hpyInclude), "..", "..");
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      PATH: `${dirname(environment.python)}${delimiter}${process.env.PATH ?? ""}`,
      PYTHONPATH: [plugins, ...importRoots(root, libraries), ...options.path, packages].join(delimiter),
      PYTHONDONTWRITEBYTECODE: "1",
      PYTHONFAULTHANDLER: "1",
      PYTEST_ADDOPTS: "-p hpy_migrate_outcomes -p no:cacheprovider",
      HPY_MIGRATE_OUTCOMES: outcomeLog,
      HPY_MIGRATE_LEAKS: leakLog,
      HPY: options.mode === "debug" ? "debug" : undefined,
    };
    const tests = findTests(root) ?? ".";
    const result = options.command
      ? await run("bash", ["-c", options.command], root, env)
      : await run(environment.python, ["-m", "pytest", "-q", "--tb=short", "-W", "ignore", tests], root, env);
    const outcomes = new Map<string, TestOutcome>();
    for (const line of linesOf(outcomeLog)) {
      const space = line.indexOf(" ");
      const id = line.slice(space + 1);
      // A test whose call passed can still fail in its teardown.
      if (outcomes.get(id) !== "failed") outcomes.set(id, line.slice(0, space) as TestOutcome);
    }
    return {
      ok: result.status === 0,
      output: result.output,
      outcomes,
      leaks: linesOf(leakLog),
      seconds: result.seconds,
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function linesOf(file: string): string[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "");
}
