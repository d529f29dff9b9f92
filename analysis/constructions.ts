/** Calls that make an object of a type, for which HPy has `HPy_New`, and calls of a type's own constructor. */

import { stripCasts, stripParentheses } from "../model/declarations.ts";
import type { CFunction, Project } from "../model/project.ts";
import { readStaticTypes } from "../model/static-types.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";

/** A call that makes an empty object. */
export interface Construction {
  /** The expression for the type. */
  readonly type: Node;
  /** Name of the object struct that the result is cast to; empty for `PyObject *`. */
  readonly struct: string;
  /** The number of items at the end of the object; NONE where the form has none. */
  readonly items: Node;
  /** Whether an object with references in it is tracked at once, or later by a call of PyObject_GC_Track. */
  readonly tracked: "at-once" | "by-call";
}

/** Functions with their arguments: the struct, the type, the number of items. */
const FUNCTIONS: ReadonlyMap<
  string,
  { readonly struct: number; readonly type: number; readonly items: number; readonly tracked: Construction["tracked"] }
> = new Map([
  ["PyType_GenericAlloc", { struct: -1, type: 0, items: 1, tracked: "at-once" }],
  ["PyType_GenericNew", { struct: -1, type: 0, items: -1, tracked: "at-once" }],
  ["PyObject_New", { struct: 0, type: 1, items: -1, tracked: "at-once" }],
  ["PyObject_NEW", { struct: 0, type: 1, items: -1, tracked: "at-once" }],
  ["PyObject_GC_New", { struct: 0, type: 1, items: -1, tracked: "by-call" }],
  ["_PyObject_New", { struct: -1, type: 0, items: -1, tracked: "at-once" }],
  ["_PyObject_GC_New", { struct: -1, type: 0, items: -1, tracked: "by-call" }],
]);

/** Functions that have CPython track an object; HPy_New has done so already. */
export const TRACKING: ReadonlySet<string> = new Set(["PyObject_GC_Track", "_PyObject_GC_TRACK"]);

/** Functions that give back the memory of an object without calling its deallocator. */
export const FREEING: ReadonlySet<string> = new Set(["PyObject_Del", "PyObject_DEL", "PyObject_GC_Del"]);

/** The construction that a call expression is; null for other calls. `name` is the called name, empty for others. */
export function readConstruction(tree: Tree, call: Node, name: string): Construction | null {
  const list = tree.named(tree.field(call, "arguments"));
  const form = FUNCTIONS.get(name);
  if (form !== undefined) {
    const type = list[form.type];
    if (type === undefined) return null;
    const struct = list[form.struct];
    return {
      type,
      struct: struct === undefined ? "" : tree.source(struct),
      items: list[form.items] ?? NONE,
      tracked: form.tracked,
    };
  }
  let callee = stripParentheses(tree, tree.field(call, "function"));
  if (callee !== NONE && tree.kind(callee) === "pointer_expression")
    callee = stripParentheses(tree, tree.field(callee, "argument"));
  if (callee === NONE || tree.kind(callee) !== "field_expression") return null;
  const [type, items] = list;
  if (tree.source(tree.field(callee, "field")) !== "tp_alloc" || type === undefined || items === undefined) return null;
  return { type, struct: "", items, tracked: "at-once" };
}

/** A call of a type's own slot: the constructor or initialiser of a base. */
export interface SlotCall {
  readonly name: "tp_new" | "tp_init";
  /** The pointer to the type; NONE for a built-in type that is named itself. */
  readonly base: Node;
  /** `PyUnicode_Type` in `PyUnicode_Type.tp_new(...)`; empty for other types. */
  readonly builtIn: string;
}

/** Reads `base->tp_new(type, args, kwds)` and `PyUnicode_Type.tp_init(self, args, kwds)`; null for other calls. */
export function readSlotCall(tree: Tree, call: Node): SlotCall | null {
  const callee = stripParentheses(tree, tree.field(call, "function"));
  if (callee === NONE || tree.kind(callee) !== "field_expression") return null;
  const name = tree.source(tree.field(callee, "field"));
  if ((name !== "tp_new" && name !== "tp_init") || tree.named(tree.field(call, "arguments")).length !== 3) return null;
  const base = tree.field(callee, "argument");
  if (tree.token(callee, "->") !== NONE) return { name, base, builtIn: "" };
  const isName = tree.kind(base) === "identifier";
  return isName ? { name, base: NONE, builtIn: tree.source(base) } : null;
}

const allocators = new WeakMap<Project, string | null>();

/** The function that some type of the project has as `tp_alloc`, where it is not CPython's own; null without one. */
export function customAllocator(project: Project): string | null {
  const known = allocators.get(project);
  if (known !== undefined) return known;
  const found = findAllocator(project);
  allocators.set(project, found);
  return found;
}

function findAllocator(project: Project): string | null {
  const values: { readonly tree: Tree; readonly node: Node }[] = [];
  for (const { fields } of readStaticTypes(project, project.files)) {
    const value = fields.get("tp_alloc");
    if (value !== undefined) values.push({ tree: value.file.tree, node: value.node });
  }
  for (const { tree, text } of project.files) {
    if (!text.includes("tp_alloc")) continue;
    for (const n of tree.descendants(0, "assignment_expression", "initializer_list")) {
      const node = setAllocator(tree, n);
      if (node !== NONE) values.push({ tree, node });
    }
  }
  const sources = values.map(({ tree, node }) => tree.source(stripCasts(tree, node)));
  return sources.find((source) => !["0", "NULL", "PyType_GenericAlloc"].includes(source)) ?? null;
}

/** What `T.tp_alloc = f` or `{Py_tp_alloc, f}` sets; NONE for other nodes. */
function setAllocator(tree: Tree, n: Node): Node {
  if (tree.kind(n) === "assignment_expression") {
    const left = stripParentheses(tree, tree.field(n, "left"));
    const isField = left !== NONE && tree.kind(left) === "field_expression";
    return isField && tree.source(tree.field(left, "field")) === "tp_alloc" ? tree.field(n, "right") : NONE;
  }
  const [slot, value] = tree.named(n);
  return slot !== undefined && value !== undefined && tree.source(slot) === "Py_tp_alloc" ? value : NONE;
}

const fragile = new WeakMap<Project, string | null>();

/**
 * A `tp_traverse` of the project that follows a pointer in the struct to another field, so that it may crash on an
 * object whose memory is zero; null without one. HPy_New tracks objects before their fields are set.
 */
export function fragileTraverse(project: Project): string | null {
  const known = fragile.get(project);
  if (known !== undefined) return known;
  const found = [...project.functions.values()].flat().find(followsPointers)?.name ?? null;
  fragile.set(project, found);
  return found;
}

function followsPointers(fn: CFunction): boolean {
  if (!fn.parameters.some((p) => p.type.base === "visitproc")) return false;
  const { tree } = fn.file;
  for (const n of tree.descendants(fn.body, "field_expression")) {
    const inner = stripCasts(tree, tree.field(n, "argument"));
    if (tree.token(n, "->") !== NONE && inner !== NONE && tree.kind(inner) === "field_expression") return true;
  }
  return false;
}
