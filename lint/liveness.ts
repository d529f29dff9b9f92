import type { Cfg } from "../syntax/cfg.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import { readDeclaration, type Scope } from "./declarations.ts";

/**
 * Places that may still be read, per node of the graph, before the node runs. A place whose address is kept in
 * another variable counts as read everywhere.
 */
export function liveness(tree: Tree, cfg: Cfg, scope: Scope): ReadonlySet<string>[] {
  const uses = cfg.nodes.map((n) => readPlaces(tree, n.syntax, n.kind, scope));
  const kills = cfg.nodes.map((n) => writtenPlaces(tree, n.syntax, n.kind, scope));
  const live: Set<string>[] = cfg.nodes.map((_, i) => new Set(uses[i]));
  const before: number[][] = cfg.nodes.map(() => []);
  for (const node of cfg.nodes) for (const { to } of node.successors) before[to]?.push(node.id);
  const queue = cfg.nodes.map((n) => n.id);
  while (queue.length > 0) {
    const id = queue.pop() as number;
    const mine = live[id] as Set<string>;
    for (const p of before[id] ?? []) {
      const theirs = live[p] as Set<string>;
      const size = theirs.size;
      for (const place of mine) if (!kills[p]?.has(place)) theirs.add(place);
      if (theirs.size > size) queue.push(p);
    }
  }
  return live;
}

function readPlaces(tree: Tree, syntax: Node, kind: string, scope: Scope): Set<string> {
  const found = new Set<string>();
  if (syntax === NONE || kind === "join" || kind === "jump") return found;
  const skipped = plainTarget(tree, syntax);
  for (const n of tree.descendants(syntax, "identifier")) {
    if (n === skipped) continue;
    const variable = scope.resolve(tree.source(n), tree.start(n));
    if (variable !== undefined) found.add(variable.place);
  }
  return found;
}

function writtenPlaces(tree: Tree, syntax: Node, kind: string, scope: Scope): Set<string> {
  const found = new Set<string>();
  if (syntax === NONE) return found;
  if (kind === "declaration") {
    for (const d of readDeclaration(tree, syntax)) {
      const variable = scope.resolve(d.name, d.nameNode === NONE ? 0 : tree.start(d.nameNode));
      if (variable !== undefined) found.add(variable.place);
    }
    for (const place of readPlacesOfInitialisers(tree, syntax, scope)) found.delete(place);
    return found;
  }
  const target = plainTarget(tree, syntax);
  if (target !== NONE) {
    const variable = scope.resolve(tree.source(target), tree.start(target));
    if (variable !== undefined) found.add(variable.place);
    for (const n of tree.descendants(tree.field(syntax, "right"), "identifier")) {
      const read = scope.resolve(tree.source(n), tree.start(n));
      if (read !== undefined) found.delete(read.place);
    }
  }
  return found;
}

function readPlacesOfInitialisers(tree: Tree, declaration: Node, scope: Scope): Set<string> {
  const found = new Set<string>();
  for (const d of readDeclaration(tree, declaration)) {
    if (d.value === NONE) continue;
    for (const n of tree.descendants(d.value, "identifier")) {
      const variable = scope.resolve(tree.source(n), tree.start(n));
      if (variable !== undefined) found.add(variable.place);
    }
  }
  return found;
}

/** The identifier on the left of `x = ...`, or NONE. */
function plainTarget(tree: Tree, syntax: Node): Node {
  if (tree.kind(syntax) !== "assignment_expression") return NONE;
  const operator = tree.field(syntax, "operator");
  if (operator !== NONE && tree.kind(operator) !== "=") return NONE;
  const left = tree.field(syntax, "left");
  return left !== NONE && tree.kind(left) === "identifier" ? left : NONE;
}
