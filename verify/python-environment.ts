/**
 * The Python environment that everything is verified in: a virtual environment in the cache directory with a pinned
 * HPy release. It is created once, by whoever needs it first, and reused.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** What the environment holds. setuptools 81 and later are excluded because the loader stubs of HPy 0.9.0 import `pkg_resources`. */
const PYTHON_REQUIREMENTS = ["hpy==0.9.0", "setuptools>=64,<81", "wheel", "pytest"] as const;

/** Where the interpreter and HPy's parts are. All paths are absolute. */
export interface PythonEnvironment {
  /** The interpreter of the virtual environment. */
  readonly python: string;
  /** Directory of `Python.h`. */
  readonly pythonInclude: string;
  /** Directory of `hpy.h`. */
  readonly hpyInclude: string;
  /** The static library of helpers that an extension links to, by ABI; shipped in HPy's wheel and built by its setup.py. */
  readonly helperLibraries: Readonly<Record<"cpython" | "hybrid" | "universal", string>>;
  /** File name suffix of an extension module by ABI, such as `.hpy0-cp311.so`. */
  readonly suffixes: Readonly<Record<"cpython" | "hybrid" | "universal", string>>;
  /** Version of the interpreter, such as `3.11.7`. */
  readonly version: string;
}

/**
 * Directory for everything that can be made again: `$HPY_MIGRATE_CACHE`; for the sources of this program `.cache` in
 * the repository, and for the installed program the user's cache directory.
 */
export function cacheDirectory(): string {
  const configured = process.env.HPY_MIGRATE_CACHE;
  if (configured) return resolve(configured);
  const self = fileURLToPath(import.meta.url);
  if (self.endsWith(".ts")) return join(dirname(self), "..", ".cache");
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "hpy-migrate");
}

/** Asks the interpreter where things are; runs inside the virtual environment. */
const DESCRIBE = `
import glob, json, os, sys, sysconfig, setuptools, hpy.devel
from hpy.devel.abitag import get_hpy_ext_suffix
base = os.path.dirname(hpy.devel.__file__)
abis = ("cpython", "hybrid", "universal")
print(json.dumps({
    "python": sys.executable,
    "pythonInclude": sysconfig.get_paths()["include"],
    "hpyInclude": os.path.join(base, "include"),
    "helperLibraries": {abi: glob.glob(os.path.join(base, "lib", abi, "*"))[0] for abi in abis},
    "suffixes": {abi: get_hpy_ext_suffix(abi) for abi in abis},
    "version": ".".join(map(str, sys.version_info[:3])),
}))
`;

/** An environment could not be made; the message is for people. */
export class PythonEnvironmentError extends Error {}

function run(command: string, args: readonly string[]): string {
  const result = spawnSync(command, args, { encoding: "utf8", maxBuffer: 64 << 20 });
  if (result.error) throw new PythonEnvironmentError(`cannot run ${command}: ${result.error.message}`);
  if (result.status !== 0) {
    const output = `${result.stdout}${result.stderr}`.trim().split("\n").slice(-12).join("\n");
    throw new PythonEnvironmentError(`${command} ${args.slice(0, 4).join(" ")} failed:\n${output}`);
  }
  return result.stdout;
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs `work` while no other process holds the same lock; waits for as long as the holder lives. A lock whose holder
 * has died is taken over.
 */
export function withLock<T>(lock: string, work: () => T): T {
  mkdirSync(dirname(lock), { recursive: true });
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      if (isAbandoned(lock)) rmSync(lock, { force: true });
      else sleep(200);
    }
  }
  try {
    return work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function isAbandoned(lock: string): boolean {
  try {
    const pid = Number(readFileSync(lock, "utf8"));
    // An empty lock is one that its owner is about to fill; after a while it is one that its owner never filled.
    if (pid === 0) return Date.now() - statSync(lock).mtimeMs > 10_000;
    return !isAlive(pid);
  } catch {
    return false;
  }
}

const known = new Map<string | null, PythonEnvironment>();

/**
 * The environment, created when it does not exist yet (which needs the package index, once).
 *
 * @param interpreter - The interpreter to base it on; null for `$PYTHON` or `python3`.
 * @throws PythonEnvironmentError when the interpreter cannot be used or the packages cannot be installed.
 */
export function pythonEnvironment(interpreter: string | null = null): PythonEnvironment {
  const environment = known.get(interpreter) ?? ensureEnvironment(interpreter);
  known.set(interpreter, environment);
  return environment;
}

function ensureEnvironment(interpreter: string | null): PythonEnvironment {
  const hash = createHash("sha256").update(PYTHON_REQUIREMENTS.join("\n"));
  if (interpreter !== null) hash.update(`\0${run(interpreter, ["-c", "import sys; print(sys.version, sys.prefix)"])}`);
  const key = hash.digest("hex").slice(0, 12);
  const directory = join(cacheDirectory(), "python", key);
  const description = join(directory, "environment.json");
  const described = (): PythonEnvironment | null => {
    if (!existsSync(description)) return null;
    const environment = JSON.parse(readFileSync(description, "utf8")) as PythonEnvironment;
    return existsSync(environment.python) ? environment : null;
  };
  const ready = described();
  if (ready) return ready;
  return withLock(`${directory}.lock`, () => {
    const madeMeanwhile = described();
    if (madeMeanwhile) return madeMeanwhile;
    rmSync(directory, { recursive: true, force: true });
    run(interpreter ?? process.env.PYTHON ?? "python3", ["-m", "venv", directory]);
    const python = join(directory, "bin", "python");
    run(python, ["-m", "pip", "install", "--quiet", ...PYTHON_REQUIREMENTS]);
    // The description is written last and moved into place: it stands for a complete environment.
    writeFileSync(`${description}.new`, run(python, ["-c", DESCRIBE]));
    renameSync(`${description}.new`, description);
    return described() as PythonEnvironment;
  });
}
