/** Puts `#include "hpy.h"` and support functions into a source file, once. */

import { fileScopeNodes, includedFiles, type Project, shareUnit } from "../model/project.ts";
import type { SupportFunction } from "../model/support.ts";
import { supportClosure } from "../model/support-registry.ts";
import type { EditSet } from "../syntax/edits.ts";
import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import type { Include, ParsedFile } from "../syntax/source.ts";
import { NONE } from "../syntax/tree.ts";
import type { Bridge } from "./bridge.ts";
import { hasWord } from "./module-to-hpy.ts";
import { newlineOf } from "./statement-edits.ts";
import { startWithMacros } from "./whole-item.ts";

const RULE = "support-functions";
const INNER_SCOPES: readonly string[] = [
  "initializer_list",
  "compound_statement",
  "field_declaration_list",
  "enumerator_list",
];

/** Whether a file includes `hpy.h` itself. */
function includesHpy(file: ParsedFile): boolean {
  return file.includes.some((i) => i.path === "hpy.h");
}

/** Adds the include after that of `Python.h`, or first where the file leaves that to a header of its own. */
export function insertHpyInclude(file: ParsedFile, edits: EditSet): void {
  if (includesHpy(file)) return;
  const newline = newlineOf(file.text);
  const python = file.includes.find((i) => i.path === "Python.h");
  const usual = fileScopeIncludes(file).filter((i) => !isConditional(file, i.span.start));
  const first = startOfFunctions(file);
  const anchor = python ?? usual.filter((i) => i.span.end <= first).at(-1) ?? usual.at(-1);
  const at = anchor === undefined ? afterGuard(file) : endOfGroup(file, anchor.span.end);
  if (at < 0) edits.insert(afterByteOrderMark(file.text), `#include "hpy.h"${newline}`, RULE, -10);
  else edits.insert(at, `${newline}#include "hpy.h"`, RULE, -10);
}

function afterByteOrderMark(text: string): number {
  return text.startsWith("\xef\xbb\xbf") ? 3 : 0;
}

/** The includes of a file but those of data in the middle of a table or of a function. */
function fileScopeIncludes(file: ParsedFile): readonly Include[] {
  const { tree } = file;
  return file.includes.filter(
    ({ span }) => tree.enclosing(tree.spanning(span.start, span.end), ...INNER_SCOPES) === NONE,
  );
}

/** End of the `#define` of an include guard around the whole file; -1 without one. */
function afterGuard(file: ParsedFile): number {
  const tokens = lex(file.text);
  const directives: number[] = [];
  for (let t = 0; t < tokens.count && directives.length < 2; t++) {
    if (tokens.kind[t] === TokenKind.comment) continue;
    if (tokens.kind[t] !== TokenKind.directive) return -1;
    directives.push(t);
  }
  const [first, second] = directives;
  if (first === undefined || second === undefined) return -1;
  const isDefine = tokenText(tokens, second).slice(1).trimStart().startsWith("define");
  const group = file.conditionals.find((g) => g.span.start === tokens.start[first]);
  if (!isDefine || group === undefined || group.branches.length > 1 || !isGuard(file, group.span.end)) return -1;
  return tokens.end[second] as number;
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
  return last >= 0 ? endOfGroup(file, last) : afterIncludes(file);
}

function afterIncludes(file: ParsedFile): number {
  const first = startOfFunctions(file);
  const last = fileScopeIncludes(file)
    .filter((i) => i.span.end <= first)
    .at(-1);
  if (last !== undefined) return endOfGroup(file, last.span.end);
  return Math.max(afterGuard(file), afterByteOrderMark(file.text));
}

/** Where the first function of a file begins; the end of a file without functions. */
function startOfFunctions(file: ParsedFile): number {
  for (const n of fileScopeNodes(file.tree, "function_definition")) return startWithMacros(file, n);
  return file.text.length;
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

/** Where the support functions of a step stand, for one file. */
export interface SupportPlaces {
  /** Names that the file needs not define itself, because a file that it includes does. */
  readonly visible: ReadonlySet<string>;
  /**
   * Names that other files of the same compilation define too, without seeing this one first: all of these definitions
   * stand in guards, so that the compiler takes the first.
   */
  readonly guarded: ReadonlySet<string>;
}

/** Works out where support functions stand in files that are compiled together; also for files that only get guards. */
export function sharedSupport(
  project: Project,
  needs: ReadonlyMap<ParsedFile, SupportNeeds>,
): ReadonlyMap<ParsedFile, SupportPlaces> {
  const namesOf = (need: SupportNeeds | undefined): Set<string> =>
    new Set(need === undefined ? [] : [...supportClosure(need.support).map((f) => f.name), ...need.bridges.keys()]);
  const places = new Map<ParsedFile, { visible: Set<string>; guarded: Set<string> }>();
  const placesOf = (file: ParsedFile): { visible: Set<string>; guarded: Set<string> } => {
    const known = places.get(file) ?? { visible: new Set(), guarded: new Set() };
    places.set(file, known);
    return known;
  };
  for (const [file, need] of needs) {
    const own = definedFunctions(file);
    const wanted = [...namesOf(need)].filter((name) => !own.has(name));
    const seen = placesOf(file);
    if (wanted.length === 0) continue;
    for (const other of project.files) {
      if (other === file || !shareUnit(project, file, other)) continue;
      const isIncluded = includedFiles(project, file).has(other);
      const isIncluding = includedFiles(project, other).has(file);
      const defined = definedFunctions(other);
      const planned = namesOf(needs.get(other));
      for (const name of wanted) {
        if (!defined.has(name) && !planned.has(name)) continue;
        if (isIncluded) seen.visible.add(name);
        else if (!isIncluding || defined.has(name)) {
          seen.guarded.add(name);
          placesOf(other).guarded.add(name);
        }
      }
    }
  }
  return places;
}

function guardOf(name: string): string {
  return name.toUpperCase();
}

function guarded(name: string, code: string): string {
  return `#ifndef ${guardOf(name)}\n#define ${guardOf(name)}\n${code}\n#endif`;
}

/** Puts guards around definitions that a file has already. */
export function guardSupport(file: ParsedFile, edits: EditSet, names: ReadonlySet<string>): void {
  const { tree, text } = file;
  const newline = newlineOf(text);
  for (const n of fileScopeNodes(tree, "function_definition")) {
    let name = "";
    for (const id of tree.descendants(tree.field(n, "declarator"), "identifier")) {
      name = tree.source(id);
      break;
    }
    if (!names.has(name) || hasWord(text, guardOf(name))) continue;
    edits.insert(
      startWithMacros(file, n),
      `#ifndef ${guardOf(name)}${newline}#define ${guardOf(name)}${newline}`,
      RULE,
      -5,
    );
    edits.insert(tree.end(n), `${newline}#endif`, RULE, -5);
  }
}

/** Inserts support functions and bridges that neither the file nor one that it includes defines, in their order of need. */
export function insertSupport(
  file: ParsedFile,
  edits: EditSet,
  support: Iterable<string>,
  bridges: Iterable<Bridge>,
  places: SupportPlaces = { visible: new Set(), guarded: new Set() },
): SupportFunction[] {
  const newline = newlineOf(file.text);
  const defined = new Set([...definedFunctions(file), ...places.visible]);
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
    ...[...needed, ...wrappers].flatMap(({ name, code }) => [
      "",
      places.guarded.has(name) ? guarded(name, code.trimEnd()) : code.trimEnd(),
    ]),
  ]
    .join("\n")
    .replaceAll("\n", newline);
  edits.insert(supportOffset(file), text, RULE, 0);
  return needed;
}

/** Inserts what files need, once in all that is compiled together. */
export function insertSharedSupport(
  project: Project,
  needs: ReadonlyMap<ParsedFile, SupportNeeds>,
  editsOf: (file: ParsedFile) => EditSet,
): void {
  const places = sharedSupport(project, needs);
  for (const [file, { guarded }] of places) if (guarded.size > 0) guardSupport(file, editsOf(file), guarded);
  for (const [file, { support, bridges }] of needs)
    insertSupport(file, editsOf(file), support, bridges.values(), places.get(file));
}
