import type { ParsedFile } from "./source.ts";
import type { Node } from "./tree.ts";

/** Condition under which an edge is taken. */
export type EdgeGuard =
  | { readonly kind: "always" }
  | { readonly kind: "true" }
  | { readonly kind: "false" }
  /** A switch arm; `value` is the case expression, or NONE for `default` (or for falling past a switch without one). */
  | { readonly kind: "case"; readonly value: Node }
  /** One of several `#if` branches; each is possible. */
  | { readonly kind: "alternative" };

export interface CfgEdge {
  readonly to: number;
  readonly guard: EdgeGuard;
}

/**
 * A point of execution. Expressions are whole: `a && f(b)` is one condition node, and the client splits
 * short-circuits itself while it evaluates.
 */
export interface CfgNode {
  readonly id: number;
  readonly kind:
    | "entry"
    | "exit"
    /** A local declaration; `syntax` is the `declaration` node. */
    | "declaration"
    /** `syntax` is the expression of an expression statement or of a `for` clause. */
    | "expression"
    /** `syntax` is the condition (without parentheses); leaves by `true` and `false` edges. */
    | "condition"
    /** `syntax` is the switch value (without parentheses); leaves by `case` edges. */
    | "switch"
    /**
     * `syntax` is the return_statement, or the expression of a statement whose macro returns (`Py_RETURN_NONE`); its one
     * edge leads to the exit.
     */
    | "return"
    /** `syntax` is the goto_statement, break_statement or continue_statement. */
    | "jump"
    /** Where paths meet or fork without evaluating anything: labels, loop heads, ends of statements, `#if`. */
    | "join";
  /** -1 for entry, exit and joins without syntax. */
  readonly syntax: Node;
  readonly successors: readonly CfgEdge[];
}

/** Control-flow graph of one function body. Node 0 is the entry, node 1 the exit. */
export interface Cfg {
  readonly nodes: readonly CfgNode[];
  /** Innermost statement (child of a block, or unbraced body) that a node belongs to; -1 for entry and exit. */
  readonly statement: readonly Node[];
  /** Set when the body has something the graph cannot show (computed goto, inline asm with labels, ...). */
  readonly problem: { readonly node: Node; readonly reason: string } | null;
}

export type BuildCfg = (file: ParsedFile, functionNode: Node) => Cfg;
