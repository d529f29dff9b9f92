/** Changes of files as edits of the protocol. */
import { structuredPatch } from "diff";
import type { TextEdit } from "vscode-languageserver";
import { type TextPositions, toText } from "./positions.ts";

/** All of an empty text; positions beyond the end stand for the end. */
const WHOLE_EMPTY = { start: { line: 0, character: 0 }, end: { line: 1, character: 0 } };

/**
 * Edits that make `after` of the text: whole lines, so that cursors and marks elsewhere stay where they are. Applied
 * together they give `after` exactly.
 */
export function textEdits(positions: TextPositions, after: string): TextEdit[] {
  const before = positions.text;
  if (before === after) return [];
  // Editors that keep lines rather than text have a line in an empty file; its end is where the next one would start.
  if (before === "") return [{ range: WHOLE_EMPTY, newText: toText(after) }];
  const { hunks } = structuredPatch("", "", before, after, undefined, undefined, { context: 0 });
  const oldLines = lineStarts(before);
  const newLines = lineStarts(after);
  const offset = (starts: readonly number[], text: string, line: number): number =>
    line < starts.length ? (starts[line] as number) : text.length;
  return hunks.map((hunk) => {
    // A hunk without lines on one side is numbered from the line after it.
    const from = hunk.oldStart - 1;
    const to = hunk.newStart - 1;
    const start = offset(oldLines, before, from);
    const end = offset(oldLines, before, from + hunk.oldLines);
    const text = after.slice(offset(newLines, after, to), offset(newLines, after, to + hunk.newLines));
    return { range: positions.range({ start, end }), newText: toText(text) };
  });
}

/** Offsets of lines as the diff counts them: ended by `\n` only. */
function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
