/** Removes the legacy copy of a helper when no legacy code calls it any more; the HPy copy takes its name. */

import {
  type CFunction,
  type ExtensionModule,
  type Project,
  prototypesOf,
  resolveFunction,
  shareUnit,
} from "../model/project.ts";
import { EditSet } from "../syntax/edits.ts";
import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import type { ParsedFile } from "../syntax/source.ts";
import type { Node } from "../syntax/tree.ts";
import type { SourceEdits } from "./module-to-hpy.ts";
import { isWithin, usesOf } from "./uses.ts";
import { wholeItem } from "./whole-item.ts";

const RULE = "retire-helper";
const COPY_SUFFIX = "_hpy";

/** Plans the retirement of one helper of the module; null when none is ready. */
export function planRetirement(
  project: Project,
  module: ExtensionModule,
): (SourceEdits & { readonly helper: string }) | null {
  const copies = [...project.functions].filter(([name]) => name.endsWith(COPY_SUFFIX));
  for (const file of module.files) {
    for (const [name, definitions] of copies) {
      const copy = definitions.find((d) => d.file === file && d.isMigrated);
      if (copy === undefined) continue;
      const legacy = resolveFunction(project, file, name.slice(0, -COPY_SUFFIX.length));
      if (legacy === null || legacy.isMigrated || legacy.file !== file || isUsed(project, legacy)) continue;
      return { ...retire(project, legacy, copy), helper: legacy.name };
    }
  }
  return null;
}

/** Whether anything but the function itself and its prototypes names it. */
function isUsed(project: Project, legacy: CFunction): boolean {
  return usesOf(project, legacy).some(
    (use) => use.kind === "directive" || use.file !== legacy.file || !isWithin(use.file, legacy.node, use.start),
  );
}

function retire(project: Project, legacy: CFunction, copy: CFunction): SourceEdits {
  const sets = new Map<ParsedFile, EditSet>();
  const of = (file: ParsedFile): EditSet => {
    const known = sets.get(file) ?? new EditSet(file.text);
    sets.set(file, known);
    return known;
  };
  const removed: { readonly file: ParsedFile; readonly start: number; readonly end: number }[] = [];
  const remove = (file: ParsedFile, node: Node): void => {
    const { start, end } = wholeItem(file, node);
    const span = { start, end: endWithBlankLine(file.text, end) };
    of(file).replace(span, "", RULE);
    removed.push({ file, ...span });
  };
  remove(legacy.file, legacy.node);
  for (const prototype of prototypesOf(project, legacy)) remove(prototype.file, prototype.declaration);
  for (const file of project.files) {
    if (copy.isStatic && !shareUnit(project, file, copy.file)) continue;
    // The tree does not show what HPy's macros name.
    const tokens = lex(file.text);
    for (let t = 0; t < tokens.count; t++) {
      if (tokens.kind[t] !== TokenKind.identifier || tokenText(tokens, t) !== copy.name) continue;
      const span = { start: tokens.start[t] as number, end: tokens.end[t] as number };
      if (removed.some((r) => r.file === file && span.start >= r.start && span.end <= r.end)) continue;
      of(file).replace(span, legacy.name, RULE);
    }
  }
  return { edits: sets, functions: [legacy.name], notes: [] };
}

/** End of a removed item with the line break and one empty line after it. */
function endWithBlankLine(text: string, end: number): number {
  let at = end;
  for (let i = 0; i < 2; i++) {
    const lineEnd = text.indexOf("\n", at);
    if (lineEnd < 0 || text.slice(at, lineEnd).trim() !== "") break;
    at = lineEnd + 1;
  }
  return at;
}
