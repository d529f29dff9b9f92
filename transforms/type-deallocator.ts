/**
 * The deallocator of a static type, once the type is created at run time. It becomes an `HPy_tp_destroy`, which HPy
 * calls before it frees the object and releases the type; where that cannot be shown to do the same, it stays and
 * releases the type itself, as the deallocators of heap types must.
 */

import { Refused } from "../analysis/typing.ts";
import { readDeclarators, stripCasts, stripParentheses } from "../model/declarations.ts";
import { type CFunction, isConditional, type Project } from "../model/project.ts";
import type { EditSet } from "../syntax/edits.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import { hasWord } from "./module-to-hpy.ts";
import { indentationAt, newlineOf, StatementEdits } from "./statement-edits.ts";
import { startWithMacros, wholeItem } from "./whole-item.ts";

const RULE = "type-to-spec";

const FREES: ReadonlySet<string> = new Set([
  "PyObject_Del",
  "PyObject_DEL",
  "PyObject_Free",
  "PyObject_FREE",
  "PyObject_GC_Del",
  "PyMem_Free",
  "PyMem_FREE",
  "PyMem_Del",
  "PyMem_DEL",
]);
const UNTRACKS: ReadonlySet<string> = new Set(["PyObject_GC_UnTrack", "_PyObject_GC_UNTRACK"]);
const RELEASES: ReadonlySet<string> = new Set(["Py_DECREF", "Py_XDECREF"]);

const UNDER_CONDITION = "the object is freed under a condition";
const NOT_AT_END = "the object is not freed at the end";
const RETURNS_BEFORE = "it returns without freeing the object";
/** Of deallocators that keep dead objects for reuse. */
const KEEPING: ReadonlySet<string> = new Set([UNDER_CONDITION, NOT_AT_END, RETURNS_BEFORE]);

/** What a deallocator does with the object itself. */
export interface Deallocator {
  readonly fn: CFunction;
  /** Calls that free the object: statements. */
  readonly frees: readonly Node[];
  /** Calls of the deallocator of a base type, which frees the object: statements. */
  readonly baseCalls: readonly Node[];
  readonly untracks: readonly Node[];
  /** Statements that release the type. */
  readonly releases: readonly Node[];
  /** `if (PyObject_CallFinalizerFromDealloc(self) < 0) return;` */
  readonly finalizers: readonly Node[];
  /** Why it cannot become a destroy function, whatever its type; null where it can. */
  readonly obstacle: string | null;
  /**
   * Whether it keeps dead objects that `PyObject_Init` gives their type anew, with a new reference to it. Objects that
   * only `_Py_NewReference` brings back keep the reference that they had.
   */
  readonly keepsObjects: boolean;
}

/** Whether an expression statement that calls something else is in the way of nothing. */
function statementOfCall(tree: Tree, call: Node): Node {
  const parent = tree.parent(call);
  return tree.kind(parent) === "expression_statement" ? parent : NONE;
}

/**
 * Reads a deallocator. `baseNames` are the functions that deallocate the base types of the extension. Throws
 * {@link Refused} when it is not seen to free the object.
 */
export function readDeallocator(project: Project, fn: CFunction, baseNames: ReadonlySet<string>): Deallocator {
  const { tree } = fn.file;
  const name = { start: tree.start(fn.declarator.node), end: tree.end(fn.declarator.node) };
  if (isConditional(fn.file, tree.start(fn.node)))
    throw new Refused("conditional-code", name, `\`${fn.name}\` is compiled under a condition that cannot be decided.`);
  const parameter = fn.parameters[0];
  if (parameter === undefined || parameter.nameNode === NONE || fn.parameters.length !== 1)
    throw new Refused("type-deallocator", name, `\`${fn.name}\` does not take the object alone.`);
  const selves = new Set([parameter.name]);
  const types = new Set<string>();
  const freeFunctions = new Set<string>();
  const isSelf = (n: Node): boolean => selves.has(tree.source(stripCasts(tree, n)));
  const isTypeOfSelf = (n: Node): boolean => {
    const at = stripCasts(tree, n);
    if (types.has(tree.source(at))) return true;
    if (tree.kind(at) === "call_expression") {
      const argument = tree.named(tree.field(at, "arguments"))[0];
      return tree.source(tree.field(at, "function")) === "Py_TYPE" && argument !== undefined && isSelf(argument);
    }
    if (tree.kind(at) !== "field_expression") return false;
    return tree.source(tree.field(at, "field")) === "ob_type" && isSelf(tree.field(at, "argument"));
  };
  const frees: Node[] = [];
  const baseCalls: Node[] = [];
  const untracks: Node[] = [];
  const releases: Node[] = [];
  const finalizers: Node[] = [];
  let obstacle: string | null = null;
  for (let n = fn.body; n < tree.next(fn.body); n++) {
    if (tree.kind(n) === "declaration") {
      for (const d of readDeclarators(tree, n)) {
        if (d.value === NONE || d.nameNode === NONE) continue;
        if (isSelf(d.value)) selves.add(d.name);
        else if (isTypeOfSelf(d.value)) types.add(d.name);
        else if (d.type.base === "freefunc") freeFunctions.add(d.name);
      }
      continue;
    }
    if (tree.kind(n) === "assignment_expression") {
      const left = tree.field(n, "left");
      if (tree.kind(left) !== "identifier") continue;
      if (isSelf(tree.field(n, "right"))) selves.add(tree.source(left));
      else if (isTypeOfSelf(tree.field(n, "right"))) types.add(tree.source(left));
      continue;
    }
    if (tree.kind(n) !== "call_expression") continue;
    const called = stripCasts(tree, tree.field(n, "function"));
    const argument = tree.named(tree.field(n, "arguments"))[0];
    if (argument === undefined) continue;
    const callee = tree.source(called);
    if (callee.startsWith("Py_TRASHCAN")) obstacle ??= "it uses the trashcan";
    const field = tree.kind(called) === "field_expression" ? tree.source(tree.field(called, "field")) : "";
    const isFree =
      isSelf(argument) &&
      (FREES.has(callee) ||
        field === "tp_free" ||
        freeFunctions.has(callee) ||
        (tree.kind(called) === "call_expression" && tree.source(called).includes("Py_tp_free")));
    const isBase = isSelf(argument) && (field === "tp_dealloc" || baseNames.has(callee));
    const statement = statementOfCall(tree, n);
    if (isFree || isBase) {
      if (statement === NONE) obstacle ??= "the call that frees the object is part of an expression";
      else (isFree ? frees : baseCalls).push(statement);
    } else if (UNTRACKS.has(callee) && isSelf(argument)) {
      if (statement !== NONE) untracks.push(statement);
    } else if (RELEASES.has(callee) && isTypeOfSelf(argument)) {
      if (statement !== NONE) releases.push(statement);
    } else if (callee === "PyObject_CallFinalizerFromDealloc") {
      const test = tree.enclosing(n, "if_statement", "compound_statement");
      const isPlain =
        tree.kind(test) === "if_statement" &&
        n < tree.field(test, "consequence") &&
        isReturn(tree, tree.field(test, "consequence")) &&
        tree.field(test, "alternative") === NONE;
      if (isPlain) finalizers.push(test);
      else obstacle ??= "it calls the finaliser in a way of its own";
    } else if (callee === "PyObject_CallFinalizer" || callee === "_PyObject_ResurrectStart")
      obstacle ??= "it may bring the object back to life";
  }
  if (frees.length + baseCalls.length === 0)
    throw new Refused("type-deallocator", name, `\`${fn.name}\` is not seen to free the object.`);
  const kept = keepingObstacle(fn, [...frees, ...baseCalls], finalizers);
  obstacle ??= shapeObstacle(fn, [...frees, ...baseCalls]) ?? kept;
  const { path } = fn.file;
  if (!fn.isStatic && (project.prototypes.get(fn.name) ?? []).some((p) => p.file.path !== path))
    obstacle ??= "other files see it";
  const keepsObjects =
    KEEPING.has(obstacle ?? "") &&
    !project.files.some((f) => ["_Py_NewReference", "ob_refcnt"].some((w) => hasWord(f.text, w)));
  return { fn, frees, baseCalls, untracks, releases, finalizers, obstacle, keepsObjects };
}

/** Whether a statement is nothing but `return;`. */
function isReturn(tree: Tree, statement: Node): boolean {
  if (tree.kind(statement) === "compound_statement") {
    const statements = tree.named(statement);
    return statements.length === 1 && isReturn(tree, statements[0] as Node);
  }
  return tree.kind(statement) === "return_statement" && tree.named(statement).length === 0;
}

/** Why the paths of a deallocator cannot be told; null when they can. */
function shapeObstacle(fn: CFunction, frees: readonly Node[]): string | null {
  const { tree } = fn.file;
  for (const n of tree.descendants(fn.body, "goto_statement", "preproc_if", "preproc_ifdef"))
    return tree.kind(n) === "goto_statement" ? "it jumps" : "a part of it is compiled under a condition";
  for (const free of frees) {
    const siblings = tree.named(tree.parent(free));
    if (siblings.slice(siblings.indexOf(free) + 1).some((s) => frees.includes(s))) return "the object is freed twice";
  }
  return null;
}

/** Why a deallocator may leave the object unfreed; null when each path frees it. */
function keepingObstacle(fn: CFunction, frees: readonly Node[], finalizers: readonly Node[]): string | null {
  const { tree } = fn.file;
  for (const free of frees) {
    const block = tree.parent(free);
    if (tree.kind(block) !== "compound_statement") return "the object is freed under a condition";
    const siblings = tree.named(block);
    const rest = siblings.slice(siblings.indexOf(free) + 1);
    if (block !== fn.body && !rest.some((s) => tree.kind(s) === "return_statement"))
      return "the object is freed under a condition";
  }
  if (!frees.some((f) => tree.parent(f) === fn.body)) return "the object is not freed at the end";
  for (const n of tree.descendants(fn.body, "return_statement")) {
    if (finalizers.some((f) => n > f && n < tree.next(f))) continue;
    const siblings = tree.named(tree.parent(n));
    const isAfterFree =
      tree.kind(tree.parent(n)) === "compound_statement" && frees.some((f) => siblings.includes(f) && f < n);
    if (!isAfterFree) return "it returns without freeing the object";
  }
  return null;
}

/** Whether nothing but freeing the object is left of a deallocator that becomes a destroy function. */
export function isEmptyDestroy(deallocator: Deallocator): boolean {
  const { fn } = deallocator;
  const { tree } = fn.file;
  const removed = removedStatements(deallocator);
  return tree.named(fn.body).every((s) => removed.includes(s) || tree.kind(s) === "declaration");
}

function removedStatements(d: Deallocator): Node[] {
  return [...d.frees, ...d.baseCalls, ...d.untracks, ...d.releases, ...d.finalizers];
}

/** Rewrites a deallocator into the implementation of `HPy_tp_destroy`, with its definition `symbol` before it. */
export function writeDestroy(project: Project, deallocator: Deallocator, symbol: string, edits: EditSet): void {
  const { fn } = deallocator;
  const { tree, text } = fn.file;
  const newline = newlineOf(text);
  const removed = removedStatements(deallocator);
  const statements = new StatementEdits(tree, edits, RULE);
  for (const statement of removed) statements.remove(statement);
  const isKept = (n: Node): boolean => !removed.some((r) => n >= r && n < tree.next(r));
  const isUsed = (name: string, except: Node): boolean => {
    for (const id of tree.descendants(fn.body, "identifier"))
      if (id !== except && tree.source(id) === name && isKept(id)) return true;
    return false;
  };
  for (const declaration of tree.named(fn.body)) {
    if (tree.kind(declaration) !== "declaration") continue;
    const [only, ...more] = readDeclarators(tree, declaration);
    const isOfTheObject = only?.type.base === "PyTypeObject" || only?.type.base === "freefunc";
    if (only === undefined || more.length > 0 || !isOfTheObject || isUsed(only.name, only.nameNode)) continue;
    statements.remove(declaration);
  }
  statements.finish();
  const parameter = fn.parameters[0];
  if (parameter === undefined) return;
  const used = new Set<string>();
  for (const id of tree.descendants(fn.node, "identifier")) used.add(tree.source(id));
  let data = "data";
  for (let i = 2; used.has(data); i++) data = `data${i}`;
  edits.replace(
    { start: tree.start(fn.declarator.parameters), end: tree.end(fn.declarator.parameters) },
    `(void *${data})`,
    RULE,
  );
  if (isUsed(parameter.name, parameter.nameNode)) {
    const first = tree.named(fn.body)[0];
    const indent = first === undefined ? "    " : indentationAt(text, tree.start(first));
    const { base } = parameter.type;
    edits.insert(tree.start(fn.body) + 1, `${newline}${indent}${base} *${parameter.name} = (${base} *)${data};`, RULE);
  }
  const definition = `HPyDef_SLOT_IMPL(${symbol}, ${fn.name}, HPy_tp_destroy)`;
  const prototypes = (project.prototypes.get(fn.name) ?? []).filter((p) => p.file === fn.file);
  for (const [i, { declaration }] of prototypes.entries())
    edits.replace(wholeItem(fn.file, declaration), i === 0 ? definition : "", RULE);
  if (prototypes.length === 0) edits.insert(startWithMacros(fn.file, fn.node), definition + newline, RULE);
}

/**
 * Lets a deallocator that stays release the type: after it has freed the object, or on every path, where objects that
 * are kept get a new reference to their type when they are used again.
 */
export function writeHeapDeallocator(
  deallocator: Deallocator,
  ownBaseCalls: readonly Node[],
  when: "after-free" | "always",
  edits: EditSet,
): void {
  const { fn } = deallocator;
  const { tree, text } = fn.file;
  const parameter = fn.parameters[0];
  if (parameter === undefined || deallocator.releases.length > 0) return;
  const places = [...deallocator.frees, ...deallocator.baseCalls.filter((c) => !ownBaseCalls.includes(c))];
  if (places.length === 0) return;
  const used = new Set<string>();
  for (const id of tree.descendants(fn.node, "identifier")) used.add(tree.source(id));
  let type = "type";
  for (let i = 2; used.has(type); i++) type = `type${i}`;
  const newline = newlineOf(text);
  const body = tree.named(fn.body);
  const indent = body[0] === undefined ? "    " : indentationAt(text, tree.start(body[0]));
  edits.insert(tree.start(fn.body) + 1, `${newline}${indent}PyTypeObject *${type} = Py_TYPE(${parameter.name});`, RULE);
  const statements = new StatementEdits(tree, edits, RULE);
  const release = [`Py_DECREF(${type});`];
  if (when === "after-free") for (const free of places) statements.after(free, release);
  else {
    const finalized = (n: Node): boolean => deallocator.finalizers.some((f) => n > f && n < tree.next(f));
    for (const n of tree.descendants(fn.body, "return_statement")) if (!finalized(n)) statements.before(n, release);
    const last = body[body.length - 1];
    if (last !== undefined && tree.kind(last) !== "return_statement") statements.after(last, release);
  }
  statements.finish();
}

/** The statements of a deallocator that call the deallocator of one of these types or functions. */
export function callsOfBase(deallocator: Deallocator, names: ReadonlySet<string>): Node[] {
  const { tree } = deallocator.fn.file;
  return deallocator.baseCalls.filter((statement) => {
    const call = tree.named(statement)[0] ?? NONE;
    if (call === NONE) return false;
    const called = stripParentheses(tree, tree.field(call, "function"));
    for (const id of tree.descendants(called, "identifier"))
      if (names.has(tree.source(id)) || tree.source(called).includes("tp_base")) return true;
    return false;
  });
}
