/** Editing `PyObject *` declarations into `HPy` ones. */

import type { EditSet } from "../syntax/edits.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";

/** Deletes one `*` of a declarator and the white space that only stood around it. */
export function deleteStar(tree: Tree, star: Node, edits: EditSet, rule: string): void {
  if (star === NONE) return;
  const text = tree.text;
  let start = tree.start(star);
  let end = tree.end(star);
  const before = text.charAt(start - 1);
  const after = text.charAt(end);
  const isBlank = (c: string): boolean => c === " " || c === "\t";
  const isBreak = (c: string): boolean => c === "\n" || c === "\r";
  if (isBlank(before) && isBlank(after)) end++;
  else if (isBlank(before) && (isBreak(after) || after === "," || after === ")")) start--;
  const needsSpace =
    start === tree.start(star) && !isBlank(before) && !isBreak(before) && !isBlank(after) && !isBreak(after);
  edits.replace({ start, end }, needsSpace && after !== "," && after !== ")" ? " " : "", rule);
}
