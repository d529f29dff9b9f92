/**
 * Finds lists and tuples that a function only makes, fills and returns: HPy has builders for them. Only those of a
 * literal size: a builder that could not be made tells so when it is built, and a loop over a size that is too
 * large would have run by then.
 */

import type { Facts } from "../analysis/ownership.ts";
import { isObjectPointer, stripCasts, stripParentheses } from "../model/declarations.ts";
import { isNullConstant } from "../model/project.ts";
import { NONE, type Node } from "../syntax/tree.ts";

/** What the rewriter does with one use of a builder variable; `node` is what it replaces. */
export type BuilderUse =
  /** `PyTuple_New(n)`. */
  | { readonly kind: "new"; readonly node: Node }
  /** `PyTuple_SET_ITEM(t, i, x)`. */
  | { readonly kind: "set"; readonly node: Node }
  /** `if (t == NULL) ...`, which goes: a builder that could not be made fails when it is built. */
  | { readonly kind: "check"; readonly node: Node }
  /** `Py_DECREF(t)`. */
  | { readonly kind: "cancel"; readonly node: Node }
  /** The `t` of `return t`. */
  | { readonly kind: "build"; readonly node: Node };

export interface Builder {
  readonly name: string;
  readonly container: "List" | "Tuple";
  readonly uses: readonly BuilderUse[];
}

const SETTERS: ReadonlyMap<string, "List" | "Tuple"> = new Map([
  ["PyList_SET_ITEM", "List"],
  ["PyTuple_SET_ITEM", "Tuple"],
]);
const MAKERS: ReadonlyMap<string, "List" | "Tuple"> = new Map([
  ["PyList_New", "List"],
  ["PyTuple_New", "Tuple"],
]);

/** All builder variables of a function. */
export function findBuilders(facts: Facts): ReadonlyMap<string, Builder> {
  const builders = new Map<string, Builder>();
  for (const local of facts.typing.locals.values()) {
    if (local.parameter >= 0 || local.isStatic || !isObjectPointer(local.type)) continue;
    if (facts.typing.rawLocals.has(local.name) || facts.closings.some((c) => c.variable === local.name)) continue;
    if (facts.typing.declarationsOf(local.name).length !== 1) continue;
    const builder = readBuilder(facts, local.name);
    if (builder !== null) builders.set(local.name, builder);
  }
  return builders;
}

function readBuilder(facts: Facts, name: string): Builder | null {
  const { typing } = facts;
  const tree = typing.tree;
  const uses: BuilderUse[] = [];
  let container: "List" | "Tuple" | null = null;
  const made = (value: Node): boolean => {
    const call = stripCasts(tree, value);
    const callee = tree.kind(call) === "call_expression" ? typing.callee(call) : null;
    const kind = callee?.kind === "capi" ? MAKERS.get(callee.name) : undefined;
    if (kind === undefined || container !== null) return false;
    const size = tree.named(tree.field(call, "arguments"))[0];
    if (size === undefined || tree.kind(size) !== "number_literal" || Number(tree.source(size)) <= 0) return false;
    container = kind;
    uses.push({ kind: "new", node: call });
    return true;
  };
  for (const n of tree.descendants(facts.fn.body, "identifier")) {
    if (tree.source(n) !== name) continue;
    let at = n;
    while (["parenthesized_expression", "cast_expression"].includes(tree.kind(tree.parent(at)))) at = tree.parent(at);
    const parent = tree.parent(at);
    switch (tree.kind(parent)) {
      case "init_declarator": {
        const value = tree.field(parent, "value");
        if (!isNullConstant(tree, value) && !made(value)) return null;
        break;
      }
      case "declaration":
      case "pointer_declarator": {
        const holder = tree.enclosing(parent, "init_declarator", "declaration");
        if (tree.kind(holder) === "init_declarator") {
          const value = tree.field(holder, "value");
          if (!isNullConstant(tree, value) && !made(value)) return null;
        }
        break;
      }
      case "assignment_expression": {
        const isStatement = tree.kind(tree.parent(parent)) === "expression_statement";
        if (!isStatement || tree.field(parent, "left") !== at || !made(tree.field(parent, "right"))) return null;
        break;
      }
      case "return_statement":
        if (facts.decisions.get(n) !== "keep") return null;
        uses.push({ kind: "build", node: n });
        break;
      case "argument_list": {
        const call = tree.parent(parent);
        const callee = typing.callee(call);
        const isStatement = tree.kind(tree.parent(call)) === "expression_statement";
        if (callee.kind !== "capi" || !isStatement || tree.named(parent)[0] !== at) return null;
        if (callee.name === "Py_DECREF" || callee.name === "Py_XDECREF") {
          if (facts.decisions.get(call) !== "close") return null;
          uses.push({ kind: "cancel", node: call });
        } else if (SETTERS.has(callee.name) && SETTERS.get(callee.name) === container)
          uses.push({ kind: "set", node: call });
        else return null;
        break;
      }
      default: {
        const check = nullCheck(facts, at);
        if (check === NONE) return null;
        uses.push({ kind: "check", node: check });
      }
    }
  }
  if (container === null || !uses.some((u) => u.kind === "set") || !uses.some((u) => u.kind === "build")) return null;
  return { name, container, uses };
}

/** The `if (x == NULL) <leave>` or `if (!x) <leave>` around an operand, without an else; NONE for anything else. */
function nullCheck(facts: Facts, operand: Node): Node {
  const tree = facts.typing.tree;
  const condition = tree.parent(operand);
  const kind = tree.kind(condition);
  const isTest =
    (kind === "unary_expression" && tree.source(tree.field(condition, "operator")) === "!") ||
    (kind === "binary_expression" &&
      tree.source(tree.field(condition, "operator")) === "==" &&
      isNullConstant(tree, tree.field(condition, "right")));
  if (!isTest) return NONE;
  const holder = tree.parent(condition);
  const statement = tree.kind(holder) === "parenthesized_expression" ? tree.parent(holder) : NONE;
  if (statement === NONE || tree.kind(statement) !== "if_statement" || tree.field(statement, "alternative") !== NONE)
    return NONE;
  if (stripParentheses(tree, tree.field(statement, "condition")) !== condition) return NONE;
  if (tree.kind(tree.parent(statement)) !== "compound_statement") return NONE;
  const body = tree.field(statement, "consequence");
  const only = tree.kind(body) === "compound_statement" ? tree.named(body) : [body];
  const [jump] = only;
  if (only.length !== 1 || jump === undefined || facts.closings.some((c) => c.before.includes(jump))) return NONE;
  return tree.kind(jump) === "return_statement" || tree.kind(jump) === "goto_statement" ? statement : NONE;
}
