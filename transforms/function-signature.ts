/** Rewrites the signature of a function, and its prototypes, to HPy. */

import type { CallingConvention } from "../analysis/ownership.ts";
import type { ParsedArguments } from "../analysis/parsed-arguments.ts";
import type { Declarator } from "../model/declarations.ts";
import type { ObjectTypes } from "../model/object-structs.ts";
import { type CFunction, type Prototype, readParameters } from "../model/project.ts";
import type { EditSet } from "../syntax/edits.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import type { ArgumentNames } from "./function-body.ts";
import { deleteStar } from "./object-type.ts";

const RULE = "function-signature";

/** Parameter list of a method. */
function methodParameters(convention: CallingConvention, names: ArgumentNames): string {
  const base = `HPyContext *${names.ctx}, HPy ${names.self}`;
  switch (convention) {
    case "noargs":
      return `(${base})`;
    case "o":
      return `(${base}, HPy ${names.args})`;
    case "varargs":
    case "fastcall":
      return `(${base}, const HPy *${names.args}, size_t ${names.nargs})`;
    case "new":
    case "type-init":
      return `(${base}, const HPy *${names.args}, HPy_ssize_t ${names.nargs}, HPy ${names.kwnames})`;
    default:
      return `(${base}, const HPy *${names.args}, size_t ${names.nargs}, HPy ${names.kwnames})`;
  }
}

/** Edits the result type and the parameters of a definition. */
export function rewriteSignature(
  fn: CFunction,
  convention: CallingConvention,
  names: ArgumentNames,
  parsed: ParsedArguments | null,
  edits: EditSet,
): void {
  const tree = fn.file.tree;
  if (convention === "init") {
    const type = tree.field(fn.node, "type");
    edits.replace({ start: tree.start(type), end: tree.end(type) }, "int", RULE);
    deleteStar(tree, fn.declarator.stars[0] ?? NONE, edits, RULE);
    const parameter = fn.parameters[0]?.name ?? "module";
    edits.replace(
      { start: tree.start(fn.declarator.parameters), end: tree.end(fn.declarator.parameters) },
      `(HPyContext *${names.ctx}, HPy ${parameter})`,
      RULE,
    );
    return;
  }
  const { objects } = names;
  if (objects.isObjectPointer(fn.result)) rewriteObjectType(tree, fn.node, [fn.declarator], edits);
  const list = fn.declarator.parameters;
  switch (convention) {
    case "helper":
      rewriteHelperParameters(tree, list, names, parsed, edits);
      return;
    case "getter":
    case "setter":
    case "slot":
      rewriteHelperParameters(tree, list, names, null, edits);
      if (convention === "slot") rewriteSlotTypes(fn, objects, edits);
      else if (fn.parameters.length === (convention === "getter" ? 1 : 2))
        edits.insert(tree.start(tree.token(list, ")")), `, void *${names.closure}`, RULE);
      return;
    default:
      edits.replace({ start: tree.start(list), end: tree.end(list) }, methodParameters(convention, names), RULE);
  }
}

/** The types in slots that HPy has names of its own for: hashes, comparison operators and buffers. */
function rewriteSlotTypes(fn: CFunction, objects: ObjectTypes, edits: EditSet): void {
  const tree = fn.file.tree;
  const retype = (holder: Node, type: string): void => {
    const at = tree.field(holder, "type");
    edits.replace({ start: tree.start(at), end: tree.end(at) }, type, RULE);
  };
  const [, second, third] = fn.parameters;
  if (fn.result.pointers === 0 && fn.parameters.length === 1 && HASHES.has(fn.result.base))
    retype(fn.node, "HPy_hash_t");
  const isComparison =
    third !== undefined && objects.isObjectPointer(fn.result) && third.type.pointers === 0 && third.type.base === "int";
  if (isComparison) retype(tree.enclosing(third.node, "parameter_declaration"), "HPy_RichCmpOp");
  if (second?.type.base === "Py_buffer") retype(tree.enclosing(second.node, "parameter_declaration"), "HPy_buffer");
}

const HASHES: ReadonlySet<string> = new Set(["Py_hash_t", "long"]);

/** Edits a prototype like the definition of the helper that it announces. */
export function rewritePrototype(
  prototype: Prototype,
  parsed: ParsedArguments | null,
  edits: EditSet,
  rename: string,
  objects: ObjectTypes,
): void {
  const tree = prototype.file.tree;
  if (objects.isObjectPointer({ ...prototype.declarator.type, isFunction: false }))
    rewriteObjectType(tree, prototype.declaration, [prototype.declarator], edits);
  if (rename !== prototype.name)
    edits.replace(
      { start: tree.start(prototype.declarator.nameNode), end: tree.end(prototype.declarator.nameNode) },
      rename,
      RULE,
    );
  rewriteHelperParameters(
    tree,
    prototype.declarator.parameters,
    { ctx: "ctx", nargs: "nargs", handles: new Map(), objects },
    parsed,
    edits,
  );
}

function rewriteHelperParameters(
  tree: Tree,
  list: Node,
  { ctx, nargs, handles, objects }: Pick<ArgumentNames, "ctx" | "nargs" | "handles" | "objects">,
  parsed: ParsedArguments | null,
  edits: EditSet,
): void {
  const parameters = readParameters(tree, list);
  const open = tree.token(list, "(");
  if (parameters.length === 0) {
    edits.replace({ start: tree.start(list), end: tree.end(list) }, `(HPyContext *${ctx})`, RULE);
    return;
  }
  edits.insert(tree.end(open), `HPyContext *${ctx}, `, RULE, -1);
  for (const node of tree.named(list)) {
    if (tree.kind(node) !== "parameter_declaration") continue;
    const index = parameters.findIndex((p) => p.node >= node && p.node < tree.next(node));
    const declarator = parameters[index];
    if (declarator === undefined) continue;
    if (index === parsed?.args) {
      const type = tree.field(node, "type");
      edits.replace({ start: tree.start(type), end: tree.end(type) }, "const HPy", RULE);
      edits.insert(tree.end(node), declarator.name === "" ? ", size_t" : `, size_t ${nargs}`, RULE);
    } else if (objects.isObjectPointer(declarator.type) || objects.isObjectPointerPointer(declarator.type)) {
      rewriteObjectType(tree, node, [declarator], edits);
      const handle = handles.get(declarator.name);
      const { nameNode } = declarator;
      if (handle !== undefined) edits.replace({ start: tree.start(nameNode), end: tree.end(nameNode) }, handle, RULE);
    }
  }
}

/** `PyObject *x` becomes `HPy x`, `PyObject **x` becomes `HPy *x`. */
function rewriteObjectType(tree: Tree, declaration: Node, declarators: readonly Declarator[], edits: EditSet): void {
  const type = tree.field(declaration, "type");
  edits.replace({ start: tree.start(type), end: tree.end(type) }, "HPy", RULE);
  for (const d of declarators) {
    deleteStar(tree, d.stars[0] ?? NONE, edits, RULE);
  }
}
