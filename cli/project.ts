/** Reading a source tree: which files matter, as bytes, and what could not be read. */
import {
  closeSync,
  type Dirent,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import {
  type Configuration,
  DIRECTORY_MARKS,
  endsWithOneOf,
  excludes,
  isCFile,
  isInProject,
  isProjectFile,
  isSkippedDirectory,
  MEGABYTE,
  NO_CONFIGURATION,
  PYTHON_MARKS,
  parseConfiguration,
  SIZE_LIMIT,
  SOURCE_EXTENSIONS,
} from "../engine/project-files.ts";
import type { ProjectInput } from "../engine/types.ts";
import type { InputFile } from "../syntax/source.ts";
import { describeSystemError, type Result, success, unusable } from "./failure.ts";

export interface ProjectOptions {
  /** Glob patterns, relative to the root, of what to leave alone; a pattern that matches a directory leaves out all of it. */
  readonly exclude: readonly string[];
}

export interface Project {
  /** Absolute path that all others are relative to. */
  readonly root: string;
  readonly input: ProjectInput;
  /** One line for each file that was left alone although it looks like a source. */
  readonly warnings: readonly string[];
  readonly configuration: Configuration;
}

/**
 * Whether a path below the root names a C or C++ file that {@link readProject} would read, told from the path alone: in
 * a commit there is no directory to look into.
 */
export function sourceFilter(patterns: readonly string[]): (path: string) => boolean {
  const excluded = excludes(patterns);
  return (path) => isInProject(path) && isCFile(path) && !excluded(path);
}

function readConfiguration(root: string): Result<Configuration> {
  const path = join(root, "pyproject.toml");
  if (!existsSync(path)) return success(NO_CONFIGURATION);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    return unusable(describeSystemError(error, "pyproject.toml"));
  }
  const parsed = parseConfiguration(text);
  return parsed.ok ? parsed : unusable(parsed.message);
}

/** A file's bytes, or why there are none. */
type Content =
  | { readonly kind: "text"; readonly text: string }
  /** It can be left alone: nothing in it can depend on what a migration changes. */
  | { readonly kind: "skipped"; readonly reason: string }
  | { readonly kind: "failed"; readonly message: string };

function readContent(absolute: string, path: string): Content {
  let descriptor: number;
  try {
    descriptor = openSync(absolute, "r");
  } catch (error) {
    return { kind: "failed", message: describeSystemError(error, path) };
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) return { kind: "skipped", reason: `${path}: is not a regular file; left alone` };
    if (stat.size > SIZE_LIMIT) {
      const size = `${(stat.size / MEGABYTE).toFixed(1)} MB`;
      return refuse(descriptor, path, `${size} is more than the ${SIZE_LIMIT / MEGABYTE} MB that can be analysed`);
    }
    const bytes = readFileSync(descriptor);
    if (bytes.includes(0)) return refuse(descriptor, path, "contains NUL bytes, so it is not C text");
    return { kind: "text", text: bytes.toString("latin1") };
  } catch (error) {
    return { kind: "failed", message: describeSystemError(error, path) };
  } finally {
    closeSync(descriptor);
  }
}

/** Whether a file mentions Python's C API; reads it in pieces, so its size does not matter. */
function mentionsPython(descriptor: number): boolean {
  const overlap = Math.max(...PYTHON_MARKS.map((mark) => mark.length)) - 1;
  const buffer = Buffer.alloc(MEGABYTE);
  for (let position = 0; ; ) {
    const read = readSync(descriptor, buffer, 0, buffer.length, position);
    const piece = buffer.subarray(0, read);
    if (PYTHON_MARKS.some((mark) => piece.includes(mark))) return true;
    if (read < buffer.length) return false;
    position += read - overlap;
  }
}

/**
 * A file that cannot be analysed is left alone when it has nothing to do with Python. Otherwise the run stops: what it
 * uses of the rest of the project is unknown, so no step would be safe.
 */
function refuse(descriptor: number, path: string, reason: string): Content {
  if (mentionsPython(descriptor)) {
    return { kind: "failed", message: `${path}: ${reason}; leave it out with --exclude ${path}` };
  }
  return { kind: "skipped", reason: `${path}: ${reason}; left alone` };
}

interface Walk {
  readonly root: string;
  readonly excluded: (path: string) => boolean;
  /** Around a single file, only its own directory is read: it may lie anywhere. */
  readonly recursion: "deep" | "flat";
  readonly files: InputFile[];
  readonly warnings: string[];
}

function skipsDirectory(walk: Walk, path: string): boolean {
  return isSkippedDirectory(path) || DIRECTORY_MARKS.some((mark) => existsSync(join(walk.root, path, mark)));
}

/**
 * Adds the file, or gives a message when the run must stop. A symbolic link is followed only to a file outside the
 * project: inside, the file itself is found too, and would count twice.
 */
function addFile(walk: Walk, path: string, kind: "file" | "link"): string | null {
  const absolute = join(walk.root, path);
  if (kind === "link") {
    let target: string;
    try {
      target = realpathSync(absolute);
      if (!statSync(target).isFile()) return null;
    } catch (error) {
      walk.warnings.push(`${describeSystemError(error, path)}; left alone`);
      return null;
    }
    if (target.startsWith(walk.root + sep)) return null;
  }
  const content = readContent(absolute, path);
  if (content.kind === "failed") return content.message;
  if (content.kind === "skipped") walk.warnings.push(content.reason);
  else walk.files.push({ path, text: content.text });
  return null;
}

/** Walks without following links to directories, so that a loop of links has no end to look for. */
function addDirectory(walk: Walk, path: string): string | null {
  let entries: Dirent[];
  try {
    entries = readdirSync(join(walk.root, path), { withFileTypes: true });
  } catch (error) {
    return describeSystemError(error, path === "" ? walk.root : path);
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const child = path === "" ? entry.name : `${path}/${entry.name}`;
    if (walk.excluded(child)) continue;
    let problem: string | null = null;
    if (entry.isDirectory()) {
      if (walk.recursion === "deep" && !skipsDirectory(walk, child)) problem = addDirectory(walk, child);
    } else if (isProjectFile(entry.name)) {
      if (entry.isSymbolicLink()) problem = addFile(walk, child, "link");
      else if (entry.isFile()) problem = addFile(walk, child, "file");
    }
    if (problem !== null) return problem;
  }
  return null;
}

/**
 * Reads the project at a directory, or a single C file with the headers and build files around it. Fails when the path
 * does not exist, is no C file, or when a file that may matter cannot be read.
 */
export function readProject(given: string, options: ProjectOptions): Result<Project> {
  let real: string;
  let isDirectory: boolean;
  try {
    real = realpathSync(resolve(given));
    const stat = statSync(real);
    isDirectory = stat.isDirectory();
    if (!isDirectory && !stat.isFile()) return unusable(`${given}: is neither a directory nor a file`);
  } catch (error) {
    return unusable(describeSystemError(error, given));
  }
  if (!isDirectory && !isCFile(real)) return unusable(`${given}: is not a C or C++ file`);
  const root = isDirectory ? real : dirname(real);

  const configuration = readConfiguration(root);
  if (!configuration.ok) return configuration;
  const excluded = excludes([...configuration.value.exclude, ...options.exclude]);
  const single = isDirectory ? null : relative(root, real);
  const walk: Walk = {
    root,
    excluded: (path) =>
      (path !== single && excluded(path)) ||
      (single !== null && path !== single && endsWithOneOf(path, SOURCE_EXTENSIONS)),
    recursion: isDirectory ? "deep" : "flat",
    files: [],
    warnings: [],
  };
  const problem = addDirectory(walk, "");
  if (problem !== null) return unusable(problem);
  return success({
    root,
    input: { files: walk.files },
    warnings: walk.warnings,
    configuration: configuration.value,
  });
}
