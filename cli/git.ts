/** The few things that `apply --commit` asks of git. */
import { spawnSync } from "node:child_process";
import type { Step } from "../engine/types.ts";
import { renderNotes } from "../report/patch-series.ts";
import { type Result, success, unusable } from "./failure.ts";

function git(root: string, args: readonly string[]): Result<string> {
  const result = spawnSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 64 << 20 });
  if (result.error) return unusable(`cannot run git: ${result.error.message}`);
  if (result.status === 0) return success(result.stdout);
  const lines = `${result.stderr}\n${result.stdout}`.split("\n").map((line) => line.trim());
  return unusable(`git ${args[0]}: ${lines.find((line) => line !== "") ?? `exit status ${result.status}`}`);
}

/** Whether commits can be made here: a work tree, and a clean one unless the caller allows otherwise. */
export function checkWorkTree(root: string, dirty: "refused" | "allowed"): Result<null> {
  const inside = git(root, ["rev-parse", "--is-inside-work-tree"]);
  if (!inside.ok)
    return inside.message.startsWith("cannot run") ? inside : unusable("--commit: not in a git repository");
  if (dirty === "allowed") return success(null);
  const status = git(root, ["status", "--porcelain", "--untracked-files=no"]);
  if (!status.ok) return status;
  const changed = status.value.split("\n").filter((line) => line !== "").length;
  if (changed === 0) return success(null);
  return unusable(`--commit: the work tree has ${changed} uncommitted changes; commit them, or pass --allow-dirty`);
}

/** Commits exactly the files of one step. */
export function commitStep(root: string, step: Step): Result<null> {
  const paths = step.changes.map((change) => change.path);
  const added = git(root, ["add", "--", ...paths]);
  if (!added.ok) return added;
  const notes = renderNotes(step);
  const message = notes === "" ? step.title : `${step.title}\n\n${notes}`;
  const committed = git(root, ["commit", "--quiet", "--message", message, "--", ...paths]);
  if (committed.ok) return success(null);
  git(root, ["reset", "--quiet", "--", ...paths]);
  return committed;
}
