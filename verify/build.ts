/**
 * Builds extension modules with the C compiler directly, without setup.py: the fixtures need hundreds of builds, and
 * interpreter and setuptools start-up would dominate. Results are kept by content, so an unchanged step is free.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { InputFile } from "../syntax/source.ts";
import { cacheDirectory, type PythonEnvironment } from "./python-environment.ts";

/** `capi` is the plain C API (`Python.h` and nothing of HPy); the others are HPy's. */
export type Abi = "capi" | "cpython" | "hybrid" | "universal";

/** What to build. */
export interface ExtensionSources {
  /** Name of the module without its package, as in `PyInit_<name>`. */
  readonly name: string;
  /** Every file that the build may read; latin-1 text. */
  readonly files: readonly InputFile[];
  /** Paths of the translation units among `files`. */
  readonly units: readonly string[];
}

/** `directory` holds what `import name` needs when it is on `sys.path`; its content never changes. */
export type BuildResult =
  | { readonly ok: true; readonly directory: string; readonly key: string }
  | { readonly ok: false; readonly output: string };

/**
 * Diagnostics that are errors: in each of them C code that a migration got wrong would still compile and crash later
 * (a forgotten API call under the universal ABI, a handle where a pointer is expected).
 */
const FLAGS = [
  "-O1",
  "-fPIC",
  "-Wall",
  "-Wno-unused",
  "-Werror=implicit-function-declaration",
  "-Werror=incompatible-pointer-types",
  "-Werror=int-conversion",
  "-Werror=return-type",
] as const;

const CPLUSPLUS = [".cc", ".cpp", ".cxx", ".c++"];

function isCPlusPlus(path: string): boolean {
  return CPLUSPLUS.some((extension) => path.endsWith(extension));
}

/** Diagnostics that only C knows; g++ rejects such code anyway. */
function flagsFor(path: string): string[] {
  if (!isCPlusPlus(path)) return [...FLAGS];
  return [...FLAGS.filter((flag) => flag.startsWith("-Werror") === false), "-std=c++17"];
}

function definesFor(abi: Abi): string[] {
  if (abi === "capi") return [];
  return ["-DHPY", `-DHPY_ABI_${abi.toUpperCase()}`];
}

function includesFor(abi: Abi, environment: PythonEnvironment): string[] {
  const python = `-I${environment.pythonInclude}`;
  if (abi === "capi") return [python];
  const hpy = `-I${environment.hpyInclude}`;
  // The universal ABI forbids Python.h by a header of that name which only holds an #error.
  return abi === "universal"
    ? [`-I${join(environment.hpyInclude, "hpy", "forbid_python_h")}`, hpy, python]
    : [hpy, python];
}

let compilerVersion: string | null = null;

function compiler(): string {
  compilerVersion ??= spawnSync("gcc", ["--version"], { encoding: "utf8" }).stdout ?? "none";
  return compilerVersion;
}

/** The loader that HPy's build writes next to a hybrid or universal module, without its dependency on `pkg_resources`. */
function loaderStub(name: string, library: string): string {
  return [
    "from os import environ, path",
    "from sys import modules",
    "from hpy.universal import _load_bootstrap",
    `_file = path.join(path.dirname(__file__), ${JSON.stringify(library)})`,
    `modules[__name__] = _load_bootstrap(${JSON.stringify(name)}, __name__, __package__, _file, __loader__, __spec__, environ)`,
    "",
  ].join("\n");
}

function run(
  command: string,
  args: readonly string[],
  cwd: string,
): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("error", (error) => resolve({ status: null, output: `cannot run ${command}: ${error.message}` }));
    child.on("close", (status) => resolve({ status, output: Buffer.concat(chunks).toString("utf8") }));
  });
}

/** Writes files (latin-1 text, relative paths) below a directory. */
function writeTree(directory: string, files: readonly InputFile[]): void {
  for (const file of files) {
    const path = join(directory, file.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, Buffer.from(file.text, "latin1"));
  }
}

/** Builds a module for one ABI, or finds the earlier result for exactly these files. Failures are values. */
export async function buildExtension(
  extension: ExtensionSources,
  abi: Abi,
  environment: PythonEnvironment,
): Promise<BuildResult> {
  const hash = createHash("sha256");
  for (const part of [compiler(), environment.python, environment.version, abi, extension.name, ...FLAGS]) {
    hash.update(`${part}\0`);
  }
  for (const unit of extension.units) hash.update(`${unit}\0`);
  for (const file of extension.files) hash.update(`${file.path}\0${file.text.length}\0`).update(file.text, "latin1");
  const key = hash.digest("hex").slice(0, 32);
  const root = join(cacheDirectory(), "build");
  const directory = join(root, key);
  if (existsSync(directory)) return { ok: true, directory, key };

  mkdirSync(root, { recursive: true });
  const scratch = mkdtempSync(join(root, "scratch-"));
  try {
    const sources = join(scratch, "sources");
    const result = join(scratch, "result");
    mkdirSync(result);
    writeTree(sources, extension.files);
    const objects: string[] = [];
    for (const unit of extension.units) {
      const object = join(scratch, `${objects.length}.o`);
      const command = isCPlusPlus(unit) ? "g++" : "gcc";
      const args = [
        "-c",
        unit,
        "-o",
        object,
        ...flagsFor(unit),
        "-I.",
        ...includesFor(abi, environment),
        ...definesFor(abi),
      ];
      const compiled = await run(command, args, sources);
      if (compiled.status !== 0) return { ok: false, output: compiled.output };
      objects.push(object);
    }
    const suffix = environment.suffixes[abi === "capi" ? "cpython" : abi];
    const library = `${extension.name}${suffix}`;
    const linker = extension.units.some(isCPlusPlus) ? "g++" : "gcc";
    const helpers = abi === "capi" ? [] : [environment.helperLibraries[abi]];
    const linked = await run(
      linker,
      ["-shared", "-s", "-o", join(result, library), ...objects, ...helpers, "-lm"],
      scratch,
    );
    if (linked.status !== 0) return { ok: false, output: linked.output };
    if (abi === "hybrid" || abi === "universal") {
      writeFileSync(join(result, `${extension.name}.py`), loaderStub(extension.name, library));
    }
    try {
      renameSync(result, directory);
    } catch {
      // Another process finished the same build first; its result is the same.
    }
    return { ok: true, directory, key };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
