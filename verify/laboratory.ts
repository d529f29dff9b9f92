/**
 * Where a project is built and tested: a workplace with a virtual environment that lives as long as it. The packages of
 * the pinned environment and what the project needs are seen from it; whatever a build installs goes with it.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { Abi } from "./build.ts";
import { type CompilerCommands, compileOnce } from "./compile-once.ts";
import {
  cacheDirectory,
  type PythonEnvironment,
  PythonEnvironmentError,
  pythonEnvironment,
} from "./python-environment.ts";
import { PYTEST_PLUGIN, WATCH } from "./watch.ts";
import { type Finished, Workplace } from "./workplace.ts";

export interface LaboratoryOptions {
  /** Interpreter to base the environment on; its own packages can be imported too. Null for the default. */
  readonly python: string | null;
  /** Requirements to install besides HPy, setuptools and pytest. */
  readonly requirements: readonly string[];
}

/** Seconds that an installation may take. */
const INSTALL_LIMIT = 1800;

/** Names with which a package of the environment must not be shadowed by what something else depends on: HPy needs this setuptools. */
const OURS = /^(setuptools|pkg_resources|_distutils_hack|distutils-precedence\.pth|hpy)(-.*)?$/;

/** What is asked of the interpreter that the user names, and of the pinned environment. */
const ASK = `
import json, site, sysconfig
paths = site.getsitepackages() + ([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])
cc, cxx = sysconfig.get_config_vars("CC", "CXX")
print(json.dumps({"paths": paths, "CC": cc or "cc", "CXX": cxx or "c++"}))
`;

interface Answer extends CompilerCommands {
  readonly paths: readonly string[];
}

function ask(python: string): Answer {
  const result = spawnSync(python, ["-c", ASK], { encoding: "utf8" });
  if (result.status !== 0)
    throw new PythonEnvironmentError(`cannot run ${python}: ${result.error?.message ?? result.stderr}`);
  return JSON.parse(result.stdout) as Answer;
}

export class Laboratory {
  readonly workplace: Workplace;
  readonly environment: PythonEnvironment;
  /** One line for each thing that could not be installed. */
  readonly warnings: string[] = [];
  /** Directories with what the project needs, for the path of interpreters that leave the environment. */
  readonly #packages: string[];
  readonly #bin: string;
  readonly #variables: NodeJS.ProcessEnv;

  private constructor(
    workplace: Workplace,
    environment: PythonEnvironment,
    packages: string[],
    compilers: CompilerCommands,
  ) {
    this.workplace = workplace;
    this.environment = environment;
    this.#packages = packages;
    this.#bin = join(workplace.directory, "venv", "bin");
    const { HPY: _, PYTHONHOME: __, PYTHONPATH: ___, ...inherited } = process.env;
    this.#variables = {
      ...inherited,
      ...compilers,
      PATH: [this.#bin, dirname(environment.python), inherited.PATH ?? ""].join(delimiter),
      VIRTUAL_ENV: dirname(this.#bin),
      PYTHONNOUSERSITE: "1",
      PYTHONDONTWRITEBYTECODE: "1",
      PIP_DISABLE_PIP_VERSION_CHECK: "1",
      TMPDIR: join(workplace.directory, "tmp"),
    };
  }

  /**
   * Opens a laboratory; the caller closes it.
   *
   * @throws PythonEnvironmentError when there is no usable interpreter.
   */
  static async open(options: LaboratoryOptions): Promise<Laboratory> {
    const environment = pythonEnvironment(options.python);
    const pinned = ask(environment.python);
    const theirs = options.python === null ? [] : ask(options.python).paths;
    const compilers = {
      CC: process.env.CC || pinned.CC,
      CXX: process.env.CXX || pinned.CXX,
    };
    const workplace = new Workplace(join(cacheDirectory(), "verify"));
    try {
      const launched = compileOnce(join(cacheDirectory(), "objects"), environment.python, compilers);
      const packages = [...pinned.paths, ...theirs];
      const laboratory = new Laboratory(workplace, environment, packages, launched);
      await laboratory.#prepare(options.requirements);
      return laboratory;
    } catch (error) {
      await workplace.close();
      throw error;
    }
  }

  /** Directory for the trees of this run. */
  get directory(): string {
    return this.workplace.directory;
  }

  /** Directories that make what is installed importable without the virtual environment. */
  get packages(): readonly string[] {
    return this.#packages;
  }

  get python(): string {
    return join(this.#bin, "python");
  }

  /** Runs a command line of the shell in the environment. */
  shell(command: string, cwd: string, variables: NodeJS.ProcessEnv, limit: number): Promise<Finished> {
    return this.run("bash", ["-c", command], cwd, variables, limit);
  }

  run(
    command: string,
    args: readonly string[],
    cwd: string,
    variables: NodeJS.ProcessEnv,
    limit: number,
  ): Promise<Finished> {
    return this.workplace.run(command, args, { cwd, env: { ...this.#variables, ...variables }, limit });
  }

  close(): Promise<void> {
    return this.workplace.close();
  }

  async #prepare(requirements: readonly string[]): Promise<void> {
    mkdirSync(join(this.directory, "tmp"));
    const venv = dirname(this.#bin);
    const made = await this.run(
      this.environment.python,
      ["-m", "venv", "--without-pip", venv],
      this.directory,
      {},
      120,
    );
    if (made.status !== 0) throw new PythonEnvironmentError(`cannot make a virtual environment:\n${made.output}`);
    const needs = await this.#install(requirements);
    if (needs !== null) this.#packages.unshift(needs);
    const plugins = join(this.directory, "plugins");
    mkdirSync(plugins);
    writeFileSync(join(plugins, "hpy_migrate_watch.py"), WATCH);
    writeFileSync(join(plugins, "hpy_migrate_pytest.py"), PYTEST_PLUGIN);
    const { paths } = ask(this.python);
    // addsitedir, unlike a path on a line of its own, also reads the .pth files there.
    const lines = this.#packages.map((path) => `import site; site.addsitedir(${JSON.stringify(path)})`);
    writeFileSync(
      join(paths[0] as string, "hpy_migrate.pth"),
      `${[...lines, plugins, "import hpy_migrate_watch"].join("\n")}\n`,
    );
    // The scripts of the pinned environment would run its interpreter, and install into it.
    for (const name of ["pip", "pytest"]) {
      const script = join(this.#bin, name);
      const body = `from runpy import run_module\nrun_module("${name}", run_name="__main__", alter_sys=True)\n`;
      writeFileSync(script, `#!${this.python}\n${body}`);
      chmodSync(script, 0o755);
    }
  }

  /** Installs requirements into the cache, once; what cannot be had is a warning, since it may not be needed. */
  async #install(requirements: readonly string[]): Promise<string | null> {
    if (requirements.length === 0) return null;
    const key = createHash("sha256")
      .update([...requirements, this.environment.version, OURS.source].join("\n"))
      .digest("hex");
    const target = join(cacheDirectory(), "needs", key.slice(0, 16));
    if (existsSync(target)) return target;
    const scratch = join(this.directory, "needs");
    const install = (wanted: readonly string[]): Promise<Finished> => {
      const args = ["-m", "pip", "install", "--quiet", "--no-warn-script-location", "--target", scratch, ...wanted];
      return this.run(this.environment.python, args, this.directory, {}, INSTALL_LIMIT);
    };
    if ((await install(requirements)).status !== 0) {
      for (const requirement of requirements) {
        const result = await install([requirement]);
        const [reason = ""] = result.output.split("\n").filter((line) => line.startsWith("ERROR"));
        if (result.status !== 0) this.warnings.push(`${requirement} cannot be installed: ${reason}`);
      }
    }
    if (!existsSync(scratch)) return null;
    for (const name of readdirSync(scratch)) {
      if (OURS.test(name)) rmSync(join(scratch, name), { recursive: true, force: true });
    }
    // What could not be had is tried again next time.
    if (this.warnings.length > 0) return scratch;
    mkdirSync(dirname(target), { recursive: true });
    try {
      renameSync(scratch, target);
    } catch {
      // Another process was faster.
      rmSync(scratch, { recursive: true, force: true });
    }
    return target;
  }
}

/** What a build and a test run are told about the ABI. */
export function abiVariables(abi: Abi, directory: string): NodeJS.ProcessEnv {
  if (abi === "capi") return {};
  const configuration = join(directory, `${abi}.cfg`);
  if (!existsSync(configuration)) writeFileSync(configuration, `[global]\nhpy_abi = ${abi}\n`);
  return { DIST_EXTRA_CONFIG: configuration, HPY_ABI: abi };
}
