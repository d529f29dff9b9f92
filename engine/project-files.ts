/** Which files of a source tree make up a project, and what its `[tool.hpy-migrate]` says. Every shell asks here. */
import picomatch from "picomatch";
import { parse as parseToml } from "smol-toml";

export const MEGABYTE = 1024 * 1024;

/** Bytes above which a file is not parsed: its syntax tree would not fit into WebAssembly's memory. */
export const SIZE_LIMIT = 16 * MEGABYTE;

export const SOURCE_EXTENSIONS: readonly string[] = [".c", ".cc", ".cpp", ".cxx", ".c++", ".c.src"];
export const HEADER_EXTENSIONS: readonly string[] = [".h", ".hh", ".hpp", ".hxx", ".inc", ".inl", ".h.src"];
export const BUILD_FILES: readonly string[] = ["setup.py", "setup.cfg", "pyproject.toml"];

/** Directories that hold no sources of the project. Those whose names start with a dot never do. */
const SKIPPED_DIRECTORIES = ["node_modules", "__pycache__", "site-packages", "venv", "__pypackages__"];
/** Directories that are build output where they lie in the root; deeper, packages use these names for sources. */
const SKIPPED_IN_ROOT = ["build", "dist", "env"];
/** A directory with one of these files is an environment or a cache. */
export const DIRECTORY_MARKS: readonly string[] = ["pyvenv.cfg", "CACHEDIR.TAG"];

/** What a file that has to do with Python's C API mentions. */
export const PYTHON_MARKS: readonly string[] = ["Python.h", "PyObject", "Py_", "hpy.h"];

/** Whether a name ends with an extension and is more than that. */
export function endsWithOneOf(name: string, extensions: readonly string[]): boolean {
  const lower = name.toLowerCase();
  return extensions.some((extension) => lower.endsWith(extension) && lower.length > extension.length);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Whether a path names a C or C++ file. */
export function isCFile(path: string): boolean {
  const name = baseName(path);
  return endsWithOneOf(name, SOURCE_EXTENSIONS) || endsWithOneOf(name, HEADER_EXTENSIONS);
}

/** Whether a path names a file that a project consists of. */
export function isProjectFile(path: string): boolean {
  return isCFile(path) || BUILD_FILES.includes(baseName(path));
}

/** Whether a directory, by its path below the root, is left alone for its name. */
export function isSkippedDirectory(path: string): boolean {
  const name = baseName(path);
  if (name.startsWith(".") || SKIPPED_DIRECTORIES.includes(name) || name.endsWith(".egg-info")) return true;
  return !path.includes("/") && SKIPPED_IN_ROOT.includes(name);
}

/** Matches a path that a pattern names, or that lies in a directory that a pattern names. */
export function excludes(patterns: readonly string[]): (path: string) => boolean {
  if (patterns.length === 0) return () => false;
  const matches = picomatch(
    patterns.map((pattern) => (pattern.endsWith("/") ? pattern.slice(0, -1) : pattern)),
    { dot: true },
  );
  return (path) => {
    const parts = path.split("/");
    return parts.some((_, index) => matches(parts.slice(0, index + 1).join("/")));
  };
}

/** Whether a path below the root lies in no directory that is left alone for its name. */
export function isInProject(path: string): boolean {
  const directories = path.split("/").slice(0, -1);
  return directories.every((_, depth) => !isSkippedDirectory(directories.slice(0, depth + 1).join("/")));
}

/** The order of a walk that sorts the entries of each directory by name. */
export function compareAsWalked(a: string, b: string): number {
  const left = a.split("/");
  const right = b.split("/");
  for (let i = 0; i < left.length && i < right.length; i++) {
    if (left[i] !== right[i]) return (left[i] as string) < (right[i] as string) ? -1 : 1;
  }
  return left.length - right.length;
}

/** `[tool.hpy-migrate]` of pyproject.toml. */
export interface Configuration {
  /** Globs of what to leave alone. */
  readonly exclude: readonly string[];
  /** Shell command that builds the extension modules in place. */
  readonly build?: string;
  /** Shell command that runs the tests. */
  readonly test?: string;
  /** Interpreter to build and test with. */
  readonly python?: string;
  /** What has to be installed to build and to test. */
  readonly requires: readonly string[];
}

export const NO_CONFIGURATION: Configuration = { exclude: [], requires: [] };

const TEXT_SETTINGS = ["build", "test", "python"] as const;
const LIST_SETTINGS = ["exclude", "requires"] as const;
const SETTINGS: readonly string[] = [...LIST_SETTINGS, ...TEXT_SETTINGS];

/** The configuration in the text of a pyproject.toml, or one line that says what is wrong with it. */
export function parseConfiguration(
  text: string,
): { readonly ok: true; readonly value: Configuration } | { readonly ok: false; readonly message: string } {
  const wrong = (message: string): { readonly ok: false; readonly message: string } => ({
    ok: false,
    message: `pyproject.toml: ${message}`,
  });
  let document: Record<string, unknown>;
  try {
    document = parseToml(text);
  } catch (error) {
    const [firstLine = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
    return wrong(firstLine);
  }
  const tool = document.tool as Record<string, unknown> | undefined;
  const section = (tool?.["hpy-migrate"] ?? {}) as Record<string, unknown>;
  const unknown = Object.keys(section).find((key) => !SETTINGS.includes(key));
  if (unknown !== undefined) {
    const known = `it has "${SETTINGS.join('", "')}"`;
    return wrong(`[tool.hpy-migrate] has no setting "${unknown}"; ${known}`);
  }
  for (const key of LIST_SETTINGS) {
    const value = section[key] ?? [];
    if (!Array.isArray(value) || !value.every((entry) => typeof entry === "string")) {
      return wrong(`[tool.hpy-migrate] ${key} must be a list of strings`);
    }
  }
  for (const key of TEXT_SETTINGS) {
    if (section[key] !== undefined && typeof section[key] !== "string") {
      return wrong(`[tool.hpy-migrate] ${key} must be a string`);
    }
  }
  return { ok: true, value: { ...NO_CONFIGURATION, ...section } };
}
