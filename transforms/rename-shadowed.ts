/**
 * Gives local variables a name of their own where a function declares one name several times for objects: in a block
 * inside of the scope of another, or with different types. The analysis knows variables by name.
 */

import { type Declarator, hasStorage, readDeclarators } from "../model/declarations.ts";
import { areAlternatives, type CFunction, isDead, type Project } from "../model/project.ts";
import { EditSet } from "../syntax/edits.ts";
import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import type { ParsedFile, Span } from "../syntax/source.ts";
import { NONE, type Node } from "../syntax/tree.ts";
import { FreeNames, hasWord } from "./module-to-hpy.ts";

const RULE = "rename-shadowed";

/** One declaration of a local variable or parameter. */
interface Variable {
  readonly declarator: Declarator;
  /** NONE for a parameter. */
  readonly declaration: Node;
  /** Where the name means this variable, unless a block inside declares it again. */
  readonly scope: Span;
}

/** Renames such variables in all functions that are not of HPy yet; null when there are none. */
export function renameShadowed(project: Project): ReadonlyMap<ParsedFile, EditSet> | null {
  const renamed = new Map<ParsedFile, EditSet>();
  const names = new FreeNames(project);
  for (const all of project.functions.values())
    for (const fn of all) {
      if (fn.isMigrated) continue;
      for (const [name, variables] of declaredTwice(fn)) {
        if (!mentionsObjects(project, variables) || isOutOfSight(project, fn, name)) continue;
        const edits = renamed.get(fn.file) ?? new EditSet(fn.file.text);
        rename(fn, name, variables, names, edits);
        if (edits.size > 0) renamed.set(fn.file, edits);
      }
    }
  return renamed.size === 0 ? null : renamed;
}

/** The variables of a function by name, where several have it. */
function declaredTwice(fn: CFunction): Map<string, Variable[]> {
  const { tree } = fn.file;
  const found = new Map<string, Variable[]>();
  const add = (declarator: Declarator, declaration: Node, scope: Span): void => {
    if (declarator.name === "") return;
    found.set(declarator.name, [...(found.get(declarator.name) ?? []), { declarator, declaration, scope }]);
  };
  const whole = { start: tree.start(fn.body), end: tree.end(fn.body) };
  for (const p of fn.parameters) add(p, NONE, whole);
  for (const declaration of tree.descendants(fn.body, "declaration")) {
    if (isDead(fn.file, tree.start(declaration))) continue;
    const block = tree.enclosing(tree.parent(declaration), "compound_statement", "for_statement");
    for (const d of readDeclarators(tree, declaration))
      if (d.nameNode !== NONE) add(d, declaration, { start: tree.start(d.nameNode), end: tree.end(block) });
  }
  for (const [name, variables] of found) if (variables.length < 2) found.delete(name);
  return found;
}

function mentionsObjects({ objects }: Project, variables: readonly Variable[]): boolean {
  return variables.some((v) => objects.mentionsObject(v.declarator.type));
}

/** Whether the name may stand in the function where the tree does not show it: in a macro, or in a part that is hidden. */
function isOutOfSight(project: Project, fn: CFunction, name: string): boolean {
  const { tree, text, hidden } = fn.file;
  const [start, end] = [tree.start(fn.body), tree.end(fn.body)];
  if (hidden.some((h) => h.start >= start && h.end <= end && hasWord(text.slice(h.start, h.end), name))) return true;
  const tokens = lex(text.slice(start, end));
  const seen = new Set<string>();
  const isNamedBy = (macro: string): boolean => {
    if (seen.has(macro)) return false;
    seen.add(macro);
    return (project.knowledge.definitions.get(macro) ?? []).some((d) => {
      const body = lex(d.body, "piece");
      for (let t = 0; t < body.count; t++) {
        if (body.kind[t] !== TokenKind.identifier) continue;
        const word = tokenText(body, t);
        if (d.parameters?.includes(word) !== true && (word === name || isNamedBy(word))) return true;
      }
      return false;
    });
  };
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] === TokenKind.directive && hasWord(tokenText(tokens, t), name)) return true;
    if (tokens.kind[t] === TokenKind.identifier && isNamedBy(tokenText(tokens, t))) return true;
  }
  return false;
}

function rename(fn: CFunction, name: string, variables: readonly Variable[], names: FreeNames, edits: EditSet): void {
  const { tree } = fn.file;
  const fresh = new Map<Variable, string>();
  variables.forEach((variable, i) => {
    const earlier = variables.slice(0, i).filter((v) => !fresh.has(v));
    if (earlier.some((v) => isInTheWay(fn, v, variable))) fresh.set(variable, names.take(`${name}2`));
  });
  if (fresh.size === 0) return;
  for (const n of tree.descendants(fn.body, "identifier")) {
    if (tree.source(n) !== name) continue;
    const start = tree.start(n);
    const meant = variables
      .filter((v) => start >= v.scope.start && start < v.scope.end)
      .reduce<Variable | null>((inner, v) => (inner === null || v.scope.start >= inner.scope.start ? v : inner), null);
    const wish = meant === null ? undefined : fresh.get(meant);
    if (wish !== undefined) edits.replace({ start, end: tree.end(n) }, wish, RULE);
  }
}

/** Whether two variables of one name cannot be taken for one. */
function isInTheWay({ file }: CFunction, first: Variable, second: Variable): boolean {
  const isNested = second.scope.start < first.scope.end;
  const isSameType = JSON.stringify(first.declarator.type) === JSON.stringify(second.declarator.type);
  const isStatic = [first, second].some(
    (v) => v.declaration !== NONE && hasStorage(file.tree, v.declaration, "static"),
  );
  if (first.declaration !== NONE && areAlternatives(file, first.declaration, second.declaration))
    return !isSameType || isStatic;
  return isNested || !isSameType || isStatic;
}
