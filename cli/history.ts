/** The steps that were made already, as the commits of a repository hold them. */
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SeriesStep } from "../verify/series.ts";
import { type Result, success, unusable } from "./failure.ts";
import { sourceFilter } from "./project.ts";

/** Files that a step may add besides sources. */
const BUILD_FILES = ["pyproject.toml", "setup.py", "setup.cfg"];

const isSource = sourceFilter([]);

/** Output of git as latin-1 text: one character is one byte. */
function git(root: string, args: readonly string[]): Result<string> {
  // Without optional locks it leaves the index as it is, too.
  const env = { ...process.env, GIT_OPTIONAL_LOCKS: "0" };
  const result = spawnSync("git", args, { cwd: root, encoding: "latin1", maxBuffer: 1 << 30, env });
  if (result.error) return unusable(`cannot run git: ${result.error.message}`);
  if (result.status === 0) return success(result.stdout);
  return unusable(`git ${args[0]}: ${result.stderr.trim().split("\n")[0] ?? `exit status ${result.status}`}`);
}

/** Parses `--name-status -z`: pairs of a letter and a path. */
function changedPaths(text: string): { readonly path: string; readonly isGone: boolean }[] {
  const parts = text.split("\0");
  const found: { path: string; isGone: boolean }[] = [];
  for (let i = 0; i + 1 < parts.length; i += 2) {
    found.push({ path: Buffer.from(parts[i + 1] as string, "latin1").toString("utf8"), isGone: parts[i] === "D" });
  }
  return found;
}

/** The commits after a revision, in order, each as a step; what is not committed is the last one. */
export function stepsSince(root: string, revision: string): Result<readonly SeriesStep[]> {
  const base = git(root, ["rev-parse", "--verify", "--quiet", `${revision}^{commit}`]);
  if (!base.ok) return unusable(`--since: no revision "${revision}" in the repository of ${root}`);
  const listed = git(root, ["rev-list", "--reverse", "--first-parent", `${revision}..HEAD`, "--", "."]);
  if (!listed.ok) return listed;
  const steps: SeriesStep[] = [];
  for (const commit of listed.value.split("\n").filter((line) => line !== "")) {
    const subject = git(root, ["log", "-1", "--format=%h%x00%s", commit]);
    const changed = git(root, ["diff", "--name-status", "--no-renames", "-z", "--relative", `${commit}^`, commit]);
    if (!subject.ok) return subject;
    if (!changed.ok) return changed;
    const changes: { path: string; after: string | null }[] = [];
    for (const { path, isGone } of changedPaths(changed.value)) {
      const text = isGone ? success(null) : git(root, ["show", `${commit}:./${path}`]);
      if (!text.ok) return text;
      changes.push({ path, after: text.value });
    }
    const [id = commit, title = ""] = Buffer.from(subject.value.trimEnd(), "latin1").toString("utf8").split("\0");
    steps.push({ id, title, changes });
  }
  const dirty = git(root, ["diff", "--name-status", "--no-renames", "-z", "--relative", "HEAD"]);
  if (!dirty.ok) return dirty;
  const changes = changedPaths(dirty.value).map(({ path, isGone }): { path: string; after: string | null } => {
    const file = join(root, path);
    const isFile = !isGone && existsSync(file) && lstatSync(file).isFile();
    return { path, after: isFile ? readFileSync(file, "latin1") : null };
  });
  const added = git(root, ["ls-files", "--others", "--exclude-standard", "-z", "--", "."]);
  if (!added.ok) return added;
  for (const path of Buffer.from(added.value, "latin1").toString("utf8").split("\0")) {
    // What builds leave is no part of a step.
    if (BUILD_FILES.includes(path) || isSource(path))
      changes.push({ path, after: readFileSync(join(root, path), "latin1") });
  }
  if (changes.length > 0) steps.push({ id: "uncommitted", title: "what is not committed", changes });
  return success(steps);
}

/** Writes the tree of a revision into a new directory. */
export function exportRevision(root: string, revision: string, target: string): Result<null> {
  mkdirSync(target);
  const archive = spawnSync("git", ["archive", "--format=tar", revision], { cwd: root, maxBuffer: 1 << 30 });
  if (archive.status !== 0) return unusable(`git archive: ${archive.stderr?.toString().trim().split("\n")[0]}`);
  const unpacked = spawnSync("tar", ["-x", "-C", target], { input: archive.stdout });
  return unpacked.status === 0 ? success(null) : unusable(`tar: ${unpacked.stderr?.toString().trim()}`);
}

/** Whether a revision holds an HPy module. */
export function startAt(root: string, revision: string): "capi" | "hpy" {
  const found = git(root, ["grep", "-l", "HPy_MODINIT", revision, "--", "*.c", "*.cpp", "*.cc", "*.cxx"]);
  return found.ok && found.value !== "" ? "hpy" : "capi";
}

/**
 * The last revision before the project had HPy code: what a migration that is under way started from. Null when the
 * history does not tell, such as outside a repository.
 */
export function lastCapiRevision(root: string): string | null {
  if (!git(root, ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).ok) return null;
  if (startAt(root, "HEAD") === "capi") return "HEAD";
  const changes = git(root, ["log", "--first-parent", "--format=%H", "-SHPy_MODINIT", "--", "."]);
  if (!changes.ok) return null;
  for (const commit of changes.value.split("\n").filter((line) => line !== "")) {
    const parent = git(root, ["rev-parse", "--verify", "--quiet", `${commit}^`]);
    if (parent.ok && startAt(root, parent.value.trim()) === "capi") return parent.value.trim();
  }
  return null;
}
