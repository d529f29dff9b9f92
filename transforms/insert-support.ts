/** Puts `#include "hpy.h"` and support functions into a source file, once. */

import { Refused } from "../analysis/typing.ts";
import { fileScopeNodes, includedFiles, type Project } from "../model/project.ts";
import type { SupportFunction } from "../model/support.ts";
import { supportClosure } from "../model/support-registry.ts";
import type { EditSet } from "../syntax/edits.ts";
import type { ParsedFile } from "../syntax/source.ts";
import type { Bridge } from "./bridge.ts";
import { newlineOf } from "./statement-edits.ts";

const RULE = "support-functions";

/** Whether a file includes `hpy.h` itself. */
function includesHpy(file: ParsedFile): boolean {
  return file.includes.some((i) => i.path === "hpy.h");
}

/** Adds the include after that of `Python.h`, or first where the file leaves that to a header of its own. */
export function insertHpyInclude(file: ParsedFile, edits: EditSet): void {
  if (includesHpy(file)) return;
  const newline = newlineOf(file.text);
  const python = file.includes.find((i) => i.path === "Python.h");
  const anchor = python ?? [...file.includes].reverse().find((i) => !isConditional(file, i.span.start));
  if (anchor === undefined) edits.insert(afterByteOrderMark(file.text), `#include "hpy.h"${newline}`, RULE, -10);
  else edits.insert(endOfGroup(file, anchor.span.end), `${newline}#include "hpy.h"`, RULE, -10);
}

function afterByteOrderMark(text: string): number {
  return text.startsWith("\xef\xbb\xbf") ? 3 : 0;
}

/** End of the outermost `#if` group around an offset, so that what follows is unconditional. */
export function endOfGroup(file: ParsedFile, offset: number): number {
  let end = offset;
  for (const group of file.conditionals)
    if (group.span.start < offset && group.span.end > end && !isGuard(file, group.span.end)) end = group.span.end;
  return end;
}

/** An include guard around the whole file is no condition. */
function isGuard(file: ParsedFile, end: number): boolean {
  return file.text.slice(end).trim() === "";
}

function isConditional(file: ParsedFile, offset: number): boolean {
  return file.conditionals.some((g) => g.span.start < offset && g.span.end > offset && !isGuard(file, g.span.end));
}

/** Offset where support functions go: after those that are there, else after the last include before the first function. */
export function supportOffset(file: ParsedFile): number {
  let last = -1;
  for (const n of fileScopeNodes(file.tree, "function_definition")) {
    for (const id of file.tree.descendants(file.tree.field(n, "declarator"), "identifier")) {
      if (file.tree.source(id).startsWith("hpyx_")) last = file.tree.end(n);
      break;
    }
  }
  return last >= 0 ? last : afterIncludes(file);
}

function afterIncludes(file: ParsedFile): number {
  let firstFunction = file.text.length;
  for (const n of fileScopeNodes(file.tree, "function_definition")) {
    firstFunction = file.tree.start(n);
    break;
  }
  const last = file.includes.filter((i) => i.span.end <= firstFunction).pop();
  return last === undefined ? afterByteOrderMark(file.text) : endOfGroup(file, last.span.end);
}

/** Names of functions that a file defines. */
function definedFunctions(file: ParsedFile): ReadonlySet<string> {
  const names = new Set<string>();
  for (const n of fileScopeNodes(file.tree, "function_definition"))
    for (const id of file.tree.descendants(file.tree.field(n, "declarator"), "identifier")) {
      names.add(file.tree.source(id));
      break;
    }
  return names;
}

/** What each file of a step needs: support functions, and bridges by name. */
export interface SupportNeeds {
  readonly support: ReadonlySet<string>;
  readonly bridges: ReadonlyMap<string, Bridge>;
}

/**
 * Names that each file needs not define itself, because a file that it includes does. Refuses where a name would be
 * defined twice in a translation unit: in a header and in the source that includes it, or in two headers.
 */
export function sharedSupport(
  project: Project,
  needs: ReadonlyMap<ParsedFile, SupportNeeds>,
): ReadonlyMap<ParsedFile, ReadonlySet<string>> {
  const namesOf = (need: SupportNeeds | undefined): Set<string> =>
    new Set(need === undefined ? [] : [...supportClosure(need.support).map((f) => f.name), ...need.bridges.keys()]);
  const included = new Map(project.files.map((f) => [f, includedFiles(project, f)]));
  const visible = new Map<ParsedFile, Set<string>>();
  for (const [file, need] of needs) {
    const own = definedFunctions(file);
    const wanted = [...namesOf(need)].filter((name) => !own.has(name));
    const seen = new Set<string>();
    visible.set(file, seen);
    if (wanted.length === 0) continue;
    for (const other of project.files) {
      if (other === file) continue;
      const isIncluded = included.get(file)?.has(other) === true;
      const isTogether =
        isIncluded ||
        included.get(other)?.has(file) === true ||
        project.files.some((f) => included.get(f)?.has(file) === true && included.get(f)?.has(other) === true);
      if (!isTogether) continue;
      const defined = definedFunctions(other);
      const planned = namesOf(needs.get(other));
      for (const name of wanted) {
        if (!defined.has(name) && !planned.has(name)) continue;
        if (isIncluded) seen.add(name);
        else if (included.get(other)?.has(file) !== true || defined.has(name))
          throw new Refused(
            "support-defined-twice",
            { start: 0, end: 0 },
            `\`${name}\` would be defined in ${file.path} and in ${other.path}, which are compiled together.`,
          );
      }
    }
  }
  return visible;
}

/** Inserts support functions and bridges that neither the file nor one that it includes defines, in their order of need. */
export function insertSupport(
  file: ParsedFile,
  edits: EditSet,
  support: Iterable<string>,
  bridges: Iterable<Bridge>,
  visible: ReadonlySet<string> = new Set(),
): SupportFunction[] {
  const newline = newlineOf(file.text);
  const defined = new Set([...definedFunctions(file), ...visible]);
  const needed = supportClosure(support).filter((f) => !defined.has(f.name));
  const wrappers = [...bridges].filter((b) => !defined.has(b.name)).sort((a, b) => (a.name < b.name ? -1 : 1));
  if (needed.length === 0 && wrappers.length === 0) return [];
  const included = new Set(file.includes.map((i) => i.path));
  const includes = [...new Set(needed.flatMap((f) => f.includes))]
    .map((i) => i.replaceAll(/[<>"]/g, ""))
    .filter((i) => !included.has(i))
    .sort();
  const text = [
    "",
    ...includes.map((i) => `#include <${i}>`),
    ...needed.flatMap((f) => ["", f.code.trimEnd()]),
    ...wrappers.flatMap((b) => ["", b.code.trimEnd()]),
  ]
    .join("\n")
    .replaceAll("\n", newline);
  edits.insert(supportOffset(file), text, RULE, 0);
  return needed;
}
