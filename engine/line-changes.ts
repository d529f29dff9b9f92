import { diffLines } from "diff";

const NEWLINE = 10;

/** Counts the lines that a change inserts and deletes. */
export function lineChanges(
  before: string,
  after: string,
): { readonly insertions: number; readonly deletions: number } {
  // Lines that are the same at both ends are part of no shortest difference.
  const shorter = Math.min(before.length, after.length);
  let first = 0;
  for (let i = 0; i < shorter && before.charCodeAt(i) === after.charCodeAt(i); i++)
    if (before.charCodeAt(i) === NEWLINE) first = i + 1;
  let last = 0;
  for (let i = 1; i <= shorter - first; i++) {
    const code = before.charCodeAt(before.length - i);
    if (code !== after.charCodeAt(after.length - i)) break;
    if (code === NEWLINE) last = i - 1;
  }
  let insertions = 0;
  let deletions = 0;
  for (const part of diffLines(before.slice(first, before.length - last), after.slice(first, after.length - last))) {
    if (part.added) insertions += part.count ?? 0;
    else if (part.removed) deletions += part.count ?? 0;
  }
  return { insertions, deletions };
}
