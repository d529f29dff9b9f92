/** What a source tree calls itself. */
import { readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { parse as parseToml } from "smol-toml";
import type { ProjectName } from "../report/report-data.ts";

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** A field of the mail-like metadata that a source archive carries. */
function field(metadata: string, name: string): string | null {
  const head = metadata.split(/\r?\n\r?\n/)[0] ?? "";
  const line = head.split(/\r?\n/).find((candidate) => candidate.startsWith(`${name}: `));
  return line === undefined ? null : line.slice(name.length + 2).trim();
}

/** Name and version by the metadata of a source archive, by pyproject.toml, or by the name of the directory. */
export function nameOf(root: string): ProjectName {
  const fallback = basename(resolve(root));
  const metadata = read(join(root, "PKG-INFO"));
  const name = metadata === null ? null : field(metadata, "Name");
  if (metadata !== null && name !== null) return { name, version: field(metadata, "Version") };
  try {
    const { project } = parseToml(read(join(root, "pyproject.toml")) ?? "");
    const { name: declared, version } = (project ?? {}) as Record<string, unknown>;
    if (typeof declared === "string") return { name: declared, version: typeof version === "string" ? version : null };
  } catch {
    // What cannot be read names nothing.
  }
  return { name: fallback, version: null };
}
