/** Where a function holds the interpreter's lock, told by the macros and functions that release and take it. */

import type { Cfg, CfgNode } from "../syntax/cfg.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import { EVALUATED } from "./liveness.ts";

/** Macros of `Include/ceval.h`, by what they do to the lock. */
const MACROS: ReadonlyMap<string, "release" | "take"> = new Map([
  ["Py_BEGIN_ALLOW_THREADS", "release"],
  ["Py_UNBLOCK_THREADS", "release"],
  ["Py_BLOCK_THREADS", "take"],
  ["Py_END_ALLOW_THREADS", "take"],
]);

/** Functions of `Include/ceval.h`, by what they do to the lock. */
const FUNCTIONS: ReadonlyMap<string, "release" | "take"> = new Map([
  ["PyEval_SaveThread", "release"],
  ["PyEval_RestoreThread", "take"],
]);

/** What the graph says about the lock of the interpreter. */
export interface ThreadStates {
  /** Evaluated expressions and declarations that run, on some path, while the lock is released. */
  readonly released: readonly Node[];
  /**
   * The first place that releases what is released, takes what is held, leaves the function without the lock, or does
   * either within a larger expression.
   */
  readonly unbalanced: Node | null;
}

/** Follows the lock over every path of a function that is entered with it. */
export function computeThreadStates(tree: Tree, cfg: Cfg): ThreadStates {
  const effects = cfg.nodes.map((node) => effectOf(tree, node));
  const states = cfg.nodes.map(() => ({ held: false, released: false }));
  const entry = states[0];
  if (entry === undefined) return { released: [], unbalanced: null };
  entry.held = true;
  const queue = [0];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    const node = cfg.nodes[id];
    const state = states[id];
    if (node === undefined || state === undefined) continue;
    const effect = effects[id];
    const after =
      effect === null || effect === "hidden" ? state : { held: effect === "take", released: effect === "release" };
    for (const { to } of node.successors) {
      const next = states[to];
      if (next === undefined || ((next.held || !after.held) && (next.released || !after.released))) continue;
      next.held ||= after.held;
      next.released ||= after.released;
      queue.push(to);
    }
  }
  const released: Node[] = [];
  let unbalanced: Node | null = null;
  cfg.nodes.forEach((node, id) => {
    const state = states[id];
    if (state === undefined || (!state.held && !state.released)) return;
    const effect = effects[id];
    if (effect === "hidden") unbalanced ??= node.syntax;
    if (effect === "take" ? state.held : state.released && (effect === "release" || node.kind === "return"))
      unbalanced ??= node.syntax;
    if (state.released && effect === null && EVALUATED.has(node.kind) && node.syntax !== NONE)
      released.push(node.syntax);
  });
  // The exit is node 1; a body without a return statement falls into it.
  if (states[1]?.released) unbalanced ??= cfg.nodes[0]?.syntax ?? NONE;
  return { released, unbalanced };
}

function effectOf(tree: Tree, node: CfgNode): "release" | "take" | "hidden" | null {
  if (!EVALUATED.has(node.kind) || node.syntax === NONE) return null;
  const { syntax } = node;
  if (tree.kind(syntax) === "identifier") return MACROS.get(tree.source(syntax)) ?? null;
  const calls = [...tree.descendants(syntax, "call_expression")].filter((n) =>
    FUNCTIONS.has(tree.source(tree.field(n, "function"))),
  );
  const [call] = calls;
  if (call === undefined) return null;
  const parent = tree.parent(call);
  const isWhole =
    call === syntax ||
    (parent === syntax && tree.kind(parent) === "assignment_expression") ||
    (tree.kind(parent) === "init_declarator" &&
      tree.named(syntax).filter((n) => n !== tree.field(syntax, "type")).length === 1);
  if (calls.length > 1 || !isWhole) return "hidden";
  return FUNCTIONS.get(tree.source(tree.field(call, "function"))) ?? null;
}
