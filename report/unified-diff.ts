import { structuredPatch } from "diff";
import type { FileChange } from "../engine/types.ts";

/** Lines of context around a change; what git shows. */
const CONTEXT = 3;

/** A diff of one file with the counts that a diffstat shows. */
export interface FileDiff {
  readonly path: string;
  /** Git's extended unified format. One character is one byte; the caller writes it as latin-1. */
  readonly text: string;
  readonly insertions: number;
  readonly deletions: number;
}

/** A string of code units as the bytes of its UTF-8 form, one character each: what a path is in a byte-exact patch. */
export function utf8Bytes(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
}

/** Git's quoting of paths: a path with a control character, a quote, a backslash or a non-ASCII byte is a C string. */
function quotedPath(path: string): string {
  const bytes = utf8Bytes(path);
  let quoted = "";
  for (const character of bytes) {
    const code = character.charCodeAt(0);
    if (character === '"' || character === "\\") quoted += `\\${character}`;
    else if (code < 0x20 || code >= 0x7f) quoted += `\\${code.toString(8).padStart(3, "0")}`;
    else quoted += character;
  }
  return quoted === bytes ? bytes : `"${quoted}"`;
}

function isIdentifierStart(character: string): boolean {
  return (character >= "a" && character <= "z") || (character >= "A" && character <= "Z") || character === "_";
}

/** The nearest line above a hunk that starts in the first column, as git shows it after `@@` to say which function it is. */
function heading(lines: readonly string[], firstLine: number): string {
  for (let index = Math.min(firstLine, lines.length) - 1; index >= 0; index--) {
    const line = lines[index] as string;
    if (line !== "" && isIdentifierStart(line.charAt(0)) && !line.trimEnd().endsWith(":"))
      return ` ${line.trimEnd().slice(0, 80)}`;
  }
  return "";
}

/** `1,4`, `1` for a single line, and for no lines the number of the line before, as the format wants it. */
function range(start: number, lines: number): string {
  if (lines === 1) return String(start);
  return `${lines === 0 ? start - 1 : start},${lines}`;
}

/** The unified diff of one changed or created file. */
export function diffFile(change: FileChange): FileDiff {
  const before = change.before ?? "";
  const patch = structuredPatch("a", "b", before, change.after, undefined, undefined, { context: CONTEXT });
  const oldPath = quotedPath(`a/${change.path}`);
  const newPath = quotedPath(`b/${change.path}`);
  const header = [`diff --git ${oldPath} ${newPath}`];
  if (change.before === null) header.push("new file mode 100644", "--- /dev/null");
  // Git marks the end of a name that holds a space with a tab; patch(1) would cut it at the space otherwise.
  else header.push(`--- ${oldPath}${change.path.includes(" ") ? "\t" : ""}`);
  header.push(`+++ ${newPath}${change.path.includes(" ") ? "\t" : ""}`);

  const oldLines = before.split("\n");
  const body: string[] = [];
  let insertions = 0;
  let deletions = 0;
  for (const hunk of patch.hunks) {
    const title = heading(oldLines, hunk.oldStart - 1);
    body.push(`@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@${title}`);
    for (const line of hunk.lines) {
      if (line.startsWith("+")) insertions++;
      else if (line.startsWith("-")) deletions++;
      body.push(line);
    }
  }
  return { path: change.path, text: `${[...header, ...body].join("\n")}\n`, insertions, deletions };
}
