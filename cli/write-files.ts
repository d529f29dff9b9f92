/** Writing a step: every file whole, old or new, and all files of a step or none. */
import { randomBytes } from "node:crypto";
import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { FileChange } from "../engine/types.ts";
import { describeSystemError, type Result, success, unusable } from "./failure.ts";

interface Prepared {
  readonly change: FileChange;
  readonly target: string;
  readonly temporary: string;
  /** Permission bits of the file that is replaced; null for a new file. */
  readonly mode: number | null;
}

function temporaryName(target: string): string {
  return join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}.tmp`);
}

/** Why a file must not be replaced, or its permission bits. */
function checkTarget(target: string, change: FileChange): Result<number | null> {
  const { path, before } = change;
  try {
    if (before === null) {
      try {
        lstatSync(target);
      } catch {
        return success(null);
      }
      return unusable(`${path}: exists although the step would create it; plan again`);
    }
    const stat = lstatSync(target);
    if (stat.isSymbolicLink()) return unusable(`${path}: is a symbolic link out of the project; nothing was written`);
    // The superuser may write anything, so the permission bits are read as what the owner wants.
    if ((stat.mode & 0o222) === 0) return unusable(`${path}: is read-only; nothing was written`);
    accessSync(target, constants.W_OK);
    if (readFileSync(target, "latin1") !== before) {
      return unusable(`${path}: has changed since it was read; nothing was written, plan again`);
    }
    return success(stat.mode & 0o7777);
  } catch (error) {
    return unusable(`${describeSystemError(error, path)}; nothing was written`);
  }
}

/**
 * Replaces the files of one step. New texts are written beside the old files first and moved into place when all of
 * them are complete, so that an interruption leaves every file whole. A failure puts back what was moved.
 */
export function writeChanges(root: string, changes: readonly FileChange[]): Result<null> {
  const checked: Prepared[] = [];
  for (const change of changes) {
    const target = join(root, change.path);
    const mode = checkTarget(target, change);
    if (!mode.ok) return mode;
    checked.push({ change, target, temporary: temporaryName(target), mode: mode.value });
  }

  const written: Prepared[] = [];
  const moved: Prepared[] = [];
  let current = "";
  try {
    for (const prepared of checked) {
      current = prepared.change.path;
      if (prepared.mode === null) mkdirSync(dirname(prepared.target), { recursive: true });
      written.push(prepared);
      writeFileSync(prepared.temporary, Buffer.from(prepared.change.after, "latin1"), { flag: "wx", flush: true });
      if (prepared.mode !== null) chmodSync(prepared.temporary, prepared.mode);
    }
    for (const prepared of checked) {
      current = prepared.change.path;
      renameSync(prepared.temporary, prepared.target);
      moved.push(prepared);
    }
    return success(null);
  } catch (error) {
    for (const prepared of moved) restore(prepared);
    for (const prepared of written) rmSync(prepared.temporary, { force: true });
    return unusable(`${describeSystemError(error, current)}; nothing was written`);
  }
}

function restore({ change, target, mode }: Prepared): void {
  if (change.before === null) {
    rmSync(target, { force: true });
    return;
  }
  const temporary = temporaryName(target);
  writeFileSync(temporary, Buffer.from(change.before, "latin1"), { flag: "wx" });
  if (mode !== null) chmodSync(temporary, mode);
  renameSync(temporary, target);
}

/** Puts back what the files held before a step that was written. */
export function undoChanges(root: string, changes: readonly FileChange[]): void {
  for (const change of changes) {
    const target = join(root, change.path);
    const mode = change.before === null ? null : lstatSync(target).mode & 0o7777;
    restore({ change, target, temporary: "", mode });
  }
}
