/** Building a project in a scratch tree with its own build, and running its own tests on the result. */
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, delimiter, dirname, join, relative, resolve, sep } from "node:path";
import type { Abi } from "./build.ts";
import { abiVariables, type Laboratory } from "./laboratory.ts";

export interface PackageBuild {
  readonly ok: boolean;
  /** Everything that the build and the compiler printed, and how they ended if not by exiting. */
  readonly output: string;
  /** Extension modules that the build left in the tree, relative to it. */
  readonly libraries: readonly string[];
  readonly seconds: number;
}

/** Outcome of one test. */
export type TestOutcome = "passed" | "failed" | "skipped";

/** A handle that was never closed. */
export interface Leak {
  /** The object, as HPy's debug mode shows it. */
  readonly object: string;
  /** Return addresses, innermost first, as `file(symbol+0xoffset) [address]`; empty when they were not recorded. */
  readonly trace: readonly string[];
}

export interface PackageTests {
  /** Exit status; null when the run was killed. */
  readonly status: number | null;
  /** The signal that ended the interpreter, also when a shell in between reported it. */
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly output: string;
  /** By test id; empty when neither pytest nor unittest ran. */
  readonly outcomes: ReadonlyMap<string, TestOutcome>;
  /** What failing tests said, by id. */
  readonly messages: ReadonlyMap<string, string>;
  /** The test that was running when the run ended, if it did not end by itself. */
  readonly last: string | null;
  /** Handles that were open at the end of a process; only in debug mode. */
  readonly leaks: readonly Leak[];
  /** Names of the extension modules of the tree that an interpreter loaded; null when no interpreter got to its end. */
  readonly loaded: ReadonlySet<string> | null;
  readonly seconds: number;
}

/** Whether diagnostics are errors that point at code which compiles and then crashes. */
export type Strictness = "strict" | "lenient";

const STRICT = "-Werror=implicit-function-declaration -Werror=incompatible-pointer-types -Werror=int-conversion";

/** Little optimisation, for speed, and line tables for the traces of leaks. */
const FLAGS = "-O1 -g1";

/** Seconds after which a build is taken to hang. */
const BUILD_LIMIT = 3600;

const EXTENSION_SUFFIX = /\.(cpython-[^/]*|abi3|hpy\d[^/]*|pypy[^/]*)\.so$/;

/** Directories that no build and no test needs, or that hold results of builds. */
const LEFT_OUT = [".git", ".hg", ".svn", ".tox", ".nox", "node_modules", "__pycache__", ".pytest_cache", ".mypy_cache"];

/** A copy of a project's tree for building, without what earlier builds left. The original is only read. */
export function copyTree(from: string, to: string): void {
  const root = realpathSync(from);
  cpSync(root, to, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => {
      const name = basename(source);
      if (source === root) return true;
      if (LEFT_OUT.includes(name) || EXTENSION_SUFFIX.test(name)) return false;
      const stat = lstatSync(source);
      if (stat.isSymbolicLink()) return staysInside(root, source);
      if (stat.isDirectory()) return !existsSync(join(source, "pyvenv.cfg")) && !isBuildOutput(root, source);
      return stat.isFile();
    },
  });
}

/** A link out of the tree would let a build or a test change what it leads to. */
function staysInside(root: string, link: string): boolean {
  const target = resolve(dirname(link), readlinkSync(link));
  return !relative(root, target).startsWith(`..${sep}`) && !readlinkSync(link).startsWith(sep);
}

function isBuildOutput(root: string, directory: string): boolean {
  if (dirname(directory) !== root || basename(directory) !== "build") return false;
  return readdirSync(directory).some((name) => /^(lib|temp|bdist)\b/.test(name));
}

/** A scratch tree whose files follow the states of a series; only what differs is written. */
export class Tree {
  readonly root: string;
  /** What was written over the copy, by path; null for a file that the copy does not have. */
  readonly #current = new Map<string, string | null>();
  readonly #original = new Map<string, string | null>();

  constructor(root: string) {
    this.root = root;
  }

  /** Makes the files what the state says (latin-1 text); all others are as they were copied. */
  write(state: ReadonlyMap<string, string | null>): void {
    for (const [path, text] of state) this.#set(path, text);
    for (const path of this.#current.keys()) if (!state.has(path)) this.#set(path, this.#original.get(path) ?? null);
  }

  #set(path: string, text: string | null): void {
    const target = join(this.root, path);
    if (!this.#original.has(path)) this.#original.set(path, existsSync(target) ? readFileSync(target, "latin1") : null);
    const current = this.#current.has(path) ? this.#current.get(path) : this.#original.get(path);
    if (current === text) return;
    this.#current.set(path, text);
    if (text === null) {
      rmSync(target, { force: true });
      return;
    }
    mkdirSync(dirname(target), { recursive: true });
    if (existsSync(target)) chmodSync(target, 0o644);
    writeFileSync(target, Buffer.from(text, "latin1"));
  }
}

/** Extension modules below a directory, without those of setuptools' scratch directory. */
function librariesIn(root: string): string[] {
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && EXTENSION_SUFFIX.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((path) => !path.startsWith("build/"))
    .sort();
}

/** Name of the extension module in a file, such as `_speedups`. */
export function moduleOf(library: string): string {
  return basename(library).split(".")[0] as string;
}

/** Builds the extension modules of the tree at `root` with a command that leaves them in place. `capi` builds without HPy. */
export async function buildPackage(
  laboratory: Laboratory,
  root: string,
  abi: Abi,
  command: string,
  strictness: Strictness,
): Promise<PackageBuild> {
  // An extension of another ABI or of an earlier state beside the new one would win on import.
  for (const library of librariesIn(root)) rmSync(join(root, library));
  for (const name of existsSync(join(root, "build")) ? readdirSync(join(root, "build")) : []) {
    if (name.startsWith("lib")) rmSync(join(root, "build", name), { recursive: true, force: true });
  }
  const flags = strictness === "strict" ? `${FLAGS} ${STRICT}` : FLAGS;
  const variables = {
    ...abiVariables(abi, laboratory.directory),
    CFLAGS: `${flags} ${process.env.CFLAGS ?? ""}`.trim(),
    // There is no repository here that a version could be read from.
    ...(existsSync(join(root, "PKG-INFO")) ? {} : { SETUPTOOLS_SCM_PRETEND_VERSION: "0" }),
  };
  const result = await laboratory.shell(command, root, variables, BUILD_LIMIT);
  const libraries = librariesIn(root);
  const end = result.timedOut ? `the build did not end in ${BUILD_LIMIT} s\n` : "";
  const nothing = result.status === 0 && libraries.length === 0 ? "the build made no extension module\n" : "";
  return {
    ok: result.status === 0 && libraries.length > 0,
    output: `${result.output}${end}${nothing}`,
    libraries,
    seconds: result.seconds,
  };
}

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
  /** Command line for the shell. */
  readonly command: string;
  readonly abi: Abi;
  readonly mode: "release" | "debug";
  /** Frames to record for each handle in debug mode, which is slow; 0 for none. */
  readonly traces: number;
  /** Seconds after which the run is taken to hang. */
  readonly limit: number;
}

interface LogEntry {
  readonly test?: string;
  readonly outcome?: TestOutcome | "started";
  readonly message?: string;
  readonly leak?: string;
  readonly trace?: readonly string[];
  readonly loaded?: readonly string[];
}

const SIGNALS = new Map([
  [4, "SIGILL"],
  [6, "SIGABRT"],
  [7, "SIGBUS"],
  [8, "SIGFPE"],
  [9, "SIGKILL"],
  [11, "SIGSEGV"],
]);

/** Runs the tests of a project that was built in place. */
export async function testPackage(
  laboratory: Laboratory,
  root: string,
  libraries: readonly string[],
  options: TestOptions,
): Promise<PackageTests> {
  const scratch = mkdtempSync(join(laboratory.directory, "test-"));
  try {
    const log = join(scratch, "log");
    const variables: NodeJS.ProcessEnv = {
      ...abiVariables(options.abi, laboratory.directory),
      PYTHONPATH: [...importRoots(root, libraries), ...laboratory.packages, join(laboratory.directory, "plugins")].join(
        delimiter,
      ),
      PYTHONFAULTHANDLER: "1",
      PYTEST_ADDOPTS: "-p hpy_migrate_pytest -p no:cacheprovider",
      HPY_MIGRATE_LOG: log,
      ...(options.mode === "debug" ? { HPY: "debug" } : {}),
      ...(options.traces > 0 ? { HPY_MIGRATE_TRACES: String(options.traces) } : {}),
    };
    const result = await laboratory.shell(options.command, root, variables, options.limit);
    const outcomes = new Map<string, TestOutcome>();
    const messages = new Map<string, string>();
    const leaks: Leak[] = [];
    let loaded: Set<string> | null = null;
    let last: string | null = null;
    for (const entry of entriesOf(log)) {
      if (entry.leak !== undefined) leaks.push({ object: entry.leak, trace: entry.trace ?? [] });
      if (entry.loaded !== undefined) {
        loaded ??= new Set();
        for (const path of entry.loaded) if (path.startsWith(root + sep)) loaded.add(moduleOf(path));
      }
      if (entry.test === undefined || entry.outcome === undefined) continue;
      if (entry.outcome === "started") {
        last = entry.test;
        continue;
      }
      // A test whose call passed can still fail in its teardown.
      if (outcomes.get(entry.test) !== "failed") outcomes.set(entry.test, entry.outcome);
      if (entry.outcome === "failed" && entry.message && !messages.has(entry.test)) {
        messages.set(entry.test, entry.message);
      }
    }
    const reported = result.status !== null && result.status > 128 ? SIGNALS.get(result.status - 128) : undefined;
    const signal = result.timedOut ? null : (result.signal ?? reported ?? null);
    return {
      status: result.status,
      signal,
      timedOut: result.timedOut,
      output: result.output,
      outcomes,
      messages,
      last: result.timedOut || signal !== null ? last : null,
      leaks,
      loaded,
      seconds: result.seconds,
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function entriesOf(file: string): LogEntry[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as LogEntry];
      } catch {
        // A process that was killed while it wrote.
        return [];
      }
    });
}
