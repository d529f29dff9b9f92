/** Where the text of a project names a function, apart from its definition and its prototypes. */

import { readDeclarators } from "../model/declarations.ts";
import { type CFunction, isDead, type Project, readFunction, shareUnit } from "../model/project.ts";
import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import type { ParsedFile } from "../syntax/source.ts";
import { NONE, type Node } from "../syntax/tree.ts";

export interface Use {
  readonly file: ParsedFile;
  readonly start: number;
  readonly end: number;
  readonly kind: "text" | "directive";
  /** Whether it stands in a branch that CPython 3.11 on Linux never compiles. */
  readonly isDead: boolean;
}

/** Whether an offset of a file lies in a node of it. */
export function isWithin(file: ParsedFile, node: Node, offset: number): boolean {
  return offset >= file.tree.start(node) && offset < file.tree.end(node);
}

/**
 * The uses of a function in the files that can see it: identifiers that are no member of a struct, no local variable
 * of that name and no module name, and directives that mention it.
 */
export function usesOf(project: Project, fn: CFunction): readonly Use[] {
  const known = USES.get(fn) ?? findUses(project, fn);
  USES.set(fn, known);
  return known;
}

/** A function belongs to one project, and units that cannot move yet ask for its uses again and again. */
const USES = new WeakMap<CFunction, readonly Use[]>();

function findUses(project: Project, fn: CFunction): readonly Use[] {
  const uses: Use[] = [];
  const prototypes = project.prototypes.get(fn.name) ?? [];
  for (const file of project.files) {
    const found = wordsOf(file).get(fn.name);
    if (found === undefined || (fn.isStatic && !shareUnit(project, file, fn.file))) continue;
    const own = prototypes.filter((p) => p.file === file);
    const tokens = lex(file.text);
    for (const t of found) {
      const start = tokens.start[t] as number;
      const end = tokens.end[t] as number;
      if (tokens.kind[t] === TokenKind.directive) {
        uses.push({ file, start, end, kind: "directive", isDead: isDead(file, start) });
        continue;
      }
      const before = t > 0 ? tokenText(tokens, t - 1) : "";
      const isModuleName = before === "(" && t > 1 && tokenText(tokens, t - 2) === "HPy_MODINIT";
      const isField = file.tree.kind(file.tree.spanning(start, end)) === "field_identifier";
      const isMember = isField || before === "." || (before === ">" && t > 1 && tokenText(tokens, t - 2) === "-");
      if (isMember || isModuleName) continue;
      if (file === fn.file && start === file.tree.start(fn.declarator.nameNode)) continue;
      if (own.some((p) => isWithin(file, p.declaration, start)) || isLocal(file, start, fn.name)) continue;
      uses.push({ file, start, end, kind: "text", isDead: isDead(file, start) });
    }
  }
  return uses;
}

/** By word, the ascending numbers of the tokens of a file that are it, and of the directives that mention it. */
const WORDS = new WeakMap<ParsedFile, ReadonlyMap<string, readonly number[]>>();

function wordsOf(file: ParsedFile): ReadonlyMap<string, readonly number[]> {
  const known = WORDS.get(file);
  if (known !== undefined) return known;
  const words = new Map<string, number[]>();
  const add = (word: string, t: number): void => {
    const list = words.get(word);
    if (list === undefined) words.set(word, [t]);
    else if (list.at(-1) !== t) list.push(t);
  };
  const tokens = lex(file.text);
  const includes = new Set(file.includes.map(({ span }) => span.start));
  for (let t = 0; t < tokens.count; t++) {
    // The name of a header is no use of a function.
    if (includes.has(tokens.start[t] as number)) continue;
    if (tokens.kind[t] === TokenKind.identifier) add(tokenText(tokens, t), t);
    else if (tokens.kind[t] === TokenKind.directive) for (const word of wordsIn(tokenText(tokens, t))) add(word, t);
  }
  WORDS.set(file, words);
  return words;
}

/** All runs of letters, digits and underscores, those in strings and comments too. */
function* wordsIn(text: string): Generator<string> {
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    if (i < text.length && isWordCode(text.charCodeAt(i))) continue;
    if (i > start) yield text.slice(start, i);
    start = i + 1;
  }
}

function isWordCode(code: number): boolean {
  return ((code | 32) >= 97 && (code | 32) <= 122) || (code >= 48 && code <= 57) || code === 95;
}

/** Whether the function around an offset declares a variable of this name. */
function isLocal(file: ParsedFile, offset: number, name: string): boolean {
  const { tree } = file;
  const holder = tree.enclosing(tree.spanning(offset, offset + 1), "function_definition");
  const fn = holder === NONE ? null : readFunction(file, holder);
  if (fn === null) return false;
  if (fn.parameters.some((p) => p.name === name)) return true;
  for (const d of tree.descendants(fn.body, "declaration"))
    if (readDeclarators(tree, d).some((x) => x.name === name)) return true;
  return false;
}
