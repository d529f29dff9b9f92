/** Which variables may still be read at each node of a control-flow graph. */

import { stripParentheses } from "../model/declarations.ts";
import type { Cfg } from "../syntax/cfg.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";

/** Nodes that evaluate their syntax; the others only name the statement that they belong to. */
export const EVALUATED: ReadonlySet<string> = new Set(["declaration", "expression", "condition", "switch", "return"]);

/** Uses and unconditional definitions of the tracked names in one node. */
interface Effects {
  readonly uses: ReadonlySet<string>;
  readonly kills: ReadonlySet<string>;
}

/** What the variables of a function are to the computation. */
export interface Tracking {
  /** Whether a name is a variable whose life is wanted. */
  readonly tracked: (name: string) => boolean;
  /** Whether an expression `&x` only receives a new value for `x`, whatever `x` held. */
  readonly isOutput: (n: Node) => boolean;
}

/** Names live at the entry of each node of the graph. */
export function computeLiveness(tree: Tree, cfg: Cfg, tracking: Tracking): ReadonlySet<string>[] {
  const effects = cfg.nodes.map((node) => effectsOf(tree, EVALUATED.has(node.kind) ? node.syntax : NONE, tracking));
  const live: Set<string>[] = cfg.nodes.map(() => new Set<string>());
  const predecessors: number[][] = cfg.nodes.map(() => []);
  for (const node of cfg.nodes) for (const edge of node.successors) predecessors[edge.to]?.push(node.id);
  const queue = cfg.nodes.map((n) => n.id);
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    const node = cfg.nodes[id];
    const { uses, kills } = effects[id] as Effects;
    if (node === undefined) continue;
    const before = new Set(uses);
    for (const edge of node.successors) for (const name of live[edge.to] ?? []) if (!kills.has(name)) before.add(name);
    const known = live[id] as Set<string>;
    if (before.size > known.size) {
      live[id] = before;
      queue.push(...(predecessors[id] ?? []));
    }
  }
  return live;
}

function effectsOf(tree: Tree, syntax: Node, tracking: Tracking): Effects {
  const uses = new Set<string>();
  const kills = new Set<string>();
  if (syntax === NONE) return { uses, kills };
  visit(tree, syntax, tracking, uses, kills, "always");
  return { uses, kills };
}

function visit(
  tree: Tree,
  n: Node,
  tracking: Tracking,
  uses: Set<string>,
  kills: Set<string>,
  when: "always" | "perhaps",
): void {
  switch (tree.kind(n)) {
    case "identifier": {
      const name = tree.source(n);
      if (tracking.tracked(name) && !kills.has(name)) uses.add(name);
      return;
    }
    case "init_declarator": {
      visit(tree, tree.field(n, "value"), tracking, uses, kills, when);
      kill(tree, tree.field(n, "declarator"), tracking, kills, when);
      return;
    }
    case "assignment_expression": {
      const left = stripParentheses(tree, tree.field(n, "left"));
      const right = tree.field(n, "right");
      visit(tree, right, tracking, uses, kills, when);
      if (tree.source(tree.field(n, "operator")) === "=" && tree.kind(left) === "identifier")
        kill(tree, left, tracking, kills, when);
      else visit(tree, left, tracking, uses, kills, when);
      return;
    }
    case "binary_expression": {
      const operator = tree.source(tree.field(n, "operator"));
      visit(tree, tree.field(n, "left"), tracking, uses, kills, when);
      const lazy = operator === "&&" || operator === "||";
      visit(tree, tree.field(n, "right"), tracking, uses, kills, lazy ? "perhaps" : when);
      return;
    }
    case "conditional_expression": {
      visit(tree, tree.field(n, "condition"), tracking, uses, kills, when);
      for (const name of ["consequence", "alternative"]) {
        const part = tree.field(n, name);
        if (part !== NONE) visit(tree, part, tracking, uses, kills, "perhaps");
      }
      return;
    }
    case "declaration": {
      for (const c of tree.fields(n, "declarator")) {
        if (tree.kind(c) === "init_declarator") visit(tree, c, tracking, uses, kills, when);
        else kill(tree, c, tracking, kills, when);
      }
      return;
    }
    case "sizeof_expression":
      return;
    case "call_expression": {
      const outputs: Node[] = [];
      for (const c of tree.named(n)) visitOperands(tree, c, tracking, uses, kills, when, outputs);
      for (const output of outputs) kill(tree, output, tracking, kills, when);
      return;
    }
    default:
      for (const c of tree.named(n)) visit(tree, c, tracking, uses, kills, when);
  }
}

/** The callee or the arguments of a call; variables that only receive something are left for the end. */
function visitOperands(
  tree: Tree,
  n: Node,
  tracking: Tracking,
  uses: Set<string>,
  kills: Set<string>,
  when: "always" | "perhaps",
  outputs: Node[],
): void {
  if (tree.kind(n) !== "argument_list") {
    visit(tree, n, tracking, uses, kills, when);
    return;
  }
  for (const argument of tree.named(n)) {
    if (tracking.isOutput(argument)) outputs.push(argument);
    else visit(tree, argument, tracking, uses, kills, when);
  }
}

function kill(tree: Tree, declarator: Node, tracking: Tracking, kills: Set<string>, when: "always" | "perhaps"): void {
  if (when === "perhaps") return;
  for (const id of tree.descendants(declarator, "identifier")) {
    const name = tree.source(id);
    if (tracking.tracked(name)) kills.add(name);
    return;
  }
}
