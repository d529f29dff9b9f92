/** Stands for the folder of the build script in an absolute path; no real path contains it. */
export const PROJECT_ROOT = "\u0000";

/** `os.path.join`: an absolute part drops what is before it. */
export function joinPaths(...parts: readonly string[]): string {
  let result = "";
  for (const part of parts) {
    if (part.startsWith("/") || part.startsWith(PROJECT_ROOT) || result === "") result = part;
    else if (part !== "") result = result.endsWith("/") ? result + part : `${result}/${part}`;
  }
  return result;
}

/** `os.path.dirname`. */
export function parentPath(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

/**
 * Path relative to the root of the project of a path that a build script in folder `root` names; null where it lies
 * outside the project.
 */
export function projectPath(path: string, root: string): string | null {
  const unix = path.replaceAll("\\", "/");
  if (unix.startsWith("/")) return null;
  const relative = unix.startsWith(PROJECT_ROOT) ? unix.slice(PROJECT_ROOT.length) : unix;
  const result: string[] = [];
  for (const part of `${root}/${relative}`.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") result.push(part);
    else if (result.pop() === undefined) return null;
  }
  return result.join("/");
}

/** Paths that a shell pattern with `*`, `?`, `[...]` and `**` matches, sorted. */
export function expandGlob(pattern: string, paths: readonly string[]): readonly string[] {
  const parts = pattern.split("/");
  // Most paths are told apart by what stands before the first special character.
  const special = [...pattern].findIndex((character) => "*?[".includes(character));
  const start = pattern.slice(0, special < 0 ? pattern.length : special);
  return paths.filter((path) => path.startsWith(start) && matchParts(parts, path.split("/"))).sort();
}

function matchParts(pattern: readonly string[], path: readonly string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return path.length === 0;
  if (head === "**") return matchParts(rest, path) || (path.length > 0 && matchParts(pattern, path.slice(1)));
  const [first, ...tail] = path;
  return first !== undefined && matchName(head, first) && matchParts(rest, tail);
}

function matchName(pattern: string, name: string): boolean {
  if (pattern === "") return name === "";
  const character = pattern[0] ?? "";
  if (character === "*") {
    return matchName(pattern.slice(1), name) || (name !== "" && matchName(pattern, name.slice(1)));
  }
  if (name === "") return false;
  if (character === "[") {
    const close = pattern.indexOf("]", 2);
    if (close > 0)
      return inClass(pattern.slice(1, close), name[0] ?? "") && matchName(pattern.slice(close + 1), name.slice(1));
  }
  return (character === "?" || character === name[0]) && matchName(pattern.slice(1), name.slice(1));
}

function inClass(members: string, character: string): boolean {
  const negated = members.startsWith("!");
  const body = negated ? members.slice(1) : members;
  let found = false;
  for (let at = 0; at < body.length; at++) {
    const low = body[at] ?? "";
    const high = body[at + 1] === "-" && at + 2 < body.length ? (body[at + 2] ?? low) : low;
    if (high !== low) at += 2;
    if (low <= character && character <= high) found = true;
  }
  return found !== negated;
}
