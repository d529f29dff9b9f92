import { diffLines } from "diff";

/** Counts the lines that a change inserts and deletes. */
export function lineChanges(
  before: string,
  after: string,
): { readonly insertions: number; readonly deletions: number } {
  let insertions = 0;
  let deletions = 0;
  for (const part of diffLines(before, after)) {
    if (part.added) insertions += part.count ?? 0;
    else if (part.removed) deletions += part.count ?? 0;
  }
  return { insertions, deletions };
}
