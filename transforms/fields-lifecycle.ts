/**
 * What becomes of the functions that visit, clear and release the references in an object struct when these become
 * `HPyField`s: `HPy_tp_traverse` takes the place of the first, HPy does the work of the others. Only functions that do
 * nothing else are understood; of a deallocator, what it does besides stays.
 */

import { type FieldUse, fieldsStay } from "../analysis/object-fields.ts";
import { readDeclarators, stripCasts, stripParentheses } from "../model/declarations.ts";
import { type CFunction, isNullConstant } from "../model/project.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";

const RELEASES: ReadonlySet<string> = new Set(["Py_CLEAR", "Py_DECREF", "Py_XDECREF"]);
/** Functions that give memory back and run no other code. */
const FREES: ReadonlySet<string> = new Set([
  "free",
  "PyMem_Del",
  "PyMem_FREE",
  "PyMem_Free",
  "PyMem_RawFree",
  "PyObject_Free",
]);

/** Refuses a function for `tp_traverse` that does more than to visit fields and the type. */
export function checkTraverse(fn: CFunction, uses: readonly FieldUse[]): void {
  const { tree } = fn.file;
  const visit = fn.parameters[1]?.name ?? "visit";
  const isVisited = (n: Node): boolean => {
    const at = stripCasts(tree, n);
    const isType = tree.kind(at) === "call_expression" && tree.source(tree.field(at, "function")) === "Py_TYPE";
    return isType || uses.some((u) => u.node === at);
  };
  for (const call of tree.descendants(fn.body, "call_expression")) {
    const callee = tree.source(tree.field(call, "function"));
    const [first] = tree.named(tree.field(call, "arguments"));
    if (callee === "Py_TYPE") continue;
    const isVisit = (callee === "Py_VISIT" || callee === visit) && first !== undefined && isVisited(first);
    if (!isVisit) throw notOnly(fn, call, "visits");
  }
  for (const set of tree.descendants(fn.body, "assignment_expression", "update_expression"))
    if (tree.kind(set) === "update_expression" || tree.kind(tree.field(set, "left")) !== "identifier")
      throw notOnly(fn, set, "visits");
}

/** The fields that a function for `tp_clear` clears. Throws `Refused` where it does something else. */
export function clearedFields(fn: CFunction, uses: readonly FieldUse[]): ReadonlySet<string> {
  const { tree } = fn.file;
  const isField = (n: Node): boolean => uses.some((u) => u.node === stripCasts(tree, n));
  const kept = new Set<string>();
  const cleared = new Set<string>();
  for (const use of uses) cleared.add(use.field);
  for (const d of tree.descendants(fn.body, "declaration"))
    for (const declared of readDeclarators(tree, d)) kept.add(declared.name);
  for (const call of tree.descendants(fn.body, "call_expression")) {
    const [first] = tree.named(tree.field(call, "arguments"));
    const isRelease = RELEASES.has(tree.source(tree.field(call, "function"))) && first !== undefined;
    const at = first === undefined ? NONE : stripCasts(tree, first);
    if (!isRelease || !(isField(at) || kept.has(tree.source(at)))) throw notOnly(fn, call, "clears");
  }
  for (const set of tree.descendants(fn.body, "assignment_expression", "update_expression")) {
    const left = tree.field(set, "left");
    const isPlain =
      tree.kind(set) === "assignment_expression" &&
      (kept.has(tree.source(left)) || isField(stripParentheses(tree, left)));
    if (!isPlain) throw notOnly(fn, set, "clears");
  }
  return cleared;
}

function notOnly(fn: CFunction, n: Node, what: string): Error {
  const { tree } = fn.file;
  return fieldsStay(`\`${fn.name}\` does more than HPy, which only ${what} the fields: \`${tree.source(n)}\``);
}

/** What of a deallocator goes, and whether anything is left. */
export interface ReleasedFields {
  readonly fields: ReadonlySet<string>;
  /** Statements to delete. */
  readonly statements: readonly Node[];
  readonly isEmptied: boolean;
}

/**
 * Finds what an `HPy_tp_destroy` function releases. HPy clears the fields before it runs, so nothing in it may come
 * before a release that could need the objects.
 *
 * @throws Refused where it uses a field in another way.
 */
export function releasedFields(
  fn: CFunction,
  uses: readonly FieldUse[],
  clear: { readonly name: string; readonly fields: ReadonlySet<string> } | null,
): ReleasedFields {
  const { tree } = fn.file;
  const fields = new Set<string>();
  const statements: Node[] = [];
  const explained = new Set<Node>();
  for (const statement of tree.named(fn.body)) {
    const release = releaseIn(tree, statement, uses, clear?.name ?? "");
    if (release === null) continue;
    for (const use of release) {
      if (isArgument(tree, use.node)) fields.add(use.field);
      explained.add(use.node);
    }
    if (release.length === 0) for (const f of clear?.fields ?? []) fields.add(f);
    statements.push(statement);
  }
  const left = uses.find((u) => !explained.has(u.node));
  if (left !== undefined)
    throw fieldsStay(
      `\`${fn.name}\` uses \`${tree.source(left.node)}\` when HPy has cleared it, or does not release it on every path`,
    );
  const last = statements.reduce((end, s) => Math.max(end, tree.start(s)), 0);
  for (const call of tree.descendants(fn.body, "call_expression")) {
    const callee = tree.source(tree.field(call, "function"));
    if (callee === "PyObject_ClearWeakRefs")
      throw fieldsStay("weak references to its objects must be cleared first, and HPy clears the fields before that");
    const isRelease = statements.some((s) => tree.start(call) >= tree.start(s) && tree.end(call) <= tree.end(s));
    if (isRelease || FREES.has(callee) || tree.start(call) > last) continue;
    throw fieldsStay(`\`${fn.name}\` calls \`${callee}\` before it releases the fields, and HPy releases them first`);
  }
  for (const leaving of tree.descendants(fn.body, "return_statement", "goto_statement"))
    if (tree.start(leaving) < last) throw fieldsStay(`\`${fn.name}\` does not release the fields on every path`);
  const rest = tree.named(fn.body).filter((s) => !statements.includes(s));
  return { fields, statements, isEmptied: rest.every((s) => isHarmless(tree, s)) };
}

function isArgument(tree: Tree, n: Node): boolean {
  let at = tree.parent(n);
  while (["parenthesized_expression", "cast_expression"].includes(tree.kind(at))) at = tree.parent(at);
  return tree.kind(at) === "argument_list";
}

/** A declaration that runs no code, a call of nothing, or a bare return. */
function isHarmless(tree: Tree, statement: Node): boolean {
  if (tree.kind(statement) === "return_statement") return true;
  if (tree.kind(statement) !== "declaration") return false;
  return [...tree.descendants(statement, "call_expression")].length === 0;
}

/** The fields that a statement does nothing but release, none for a call of the clear function; null for others. */
function releaseIn(tree: Tree, statement: Node, uses: readonly FieldUse[], clear: string): readonly FieldUse[] | null {
  if (tree.kind(statement) === "if_statement") {
    if (tree.field(statement, "alternative") !== NONE) return null;
    const body = tree.field(statement, "consequence");
    const inner = tree.kind(body) === "compound_statement" ? tree.named(body) : [body];
    const released = inner.map((s) => releaseIn(tree, s, uses, ""));
    const condition = useIn(tree, testedFor(tree, tree.field(statement, "condition")), uses);
    if (condition === null || released.some((r) => r === null)) return null;
    const all = released.flatMap((r) => r ?? []);
    return all.every((u) => u.field === condition.field) ? [condition, ...all] : null;
  }
  const [expression] = tree.named(statement);
  if (tree.kind(statement) !== "expression_statement" || expression === undefined) return null;
  if (tree.kind(expression) === "assignment_expression") {
    const use = useIn(tree, tree.field(expression, "left"), uses);
    return use !== null && isNullConstant(tree, tree.field(expression, "right")) ? [use] : null;
  }
  const call = stripCasts(tree, expression);
  if (tree.kind(call) !== "call_expression") return null;
  const callee = tree.source(tree.field(call, "function"));
  if (clear !== "" && callee === clear) return [];
  const [first] = tree.named(tree.field(call, "arguments"));
  const use = first === undefined ? null : useIn(tree, first, uses);
  return RELEASES.has(callee) && use !== null ? [use] : null;
}

function useIn(tree: Tree, n: Node, uses: readonly FieldUse[]): FieldUse | null {
  const at = stripCasts(tree, n);
  return uses.find((u) => u.node === at) ?? null;
}

/** What a condition tests against NULL. */
function testedFor(tree: Tree, condition: Node): Node {
  const at = stripParentheses(tree, condition);
  const isComparison =
    tree.kind(at) === "binary_expression" &&
    tree.source(tree.field(at, "operator")) === "!=" &&
    isNullConstant(tree, tree.field(at, "right"));
  return isComparison ? tree.field(at, "left") : at;
}
