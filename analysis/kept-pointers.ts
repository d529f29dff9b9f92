/** Pointers of a function, such as those into the text of an argument, that it keeps beyond its own life. */

import { readDeclarators, stripCasts } from "../model/declarations.ts";
import { type CFunction, type Project, resolveFunction } from "../model/project.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";

const KNOWN = new WeakMap<CFunction, ReadonlySet<string>>();

/**
 * Names of parameters and locals whose value is stored, as it is, where it outlives the call: in a field or element
 * behind a pointer, in a variable of the file, or by a function of the project that is given it.
 */
export function keptPointers(project: Project, fn: CFunction): ReadonlySet<string> {
  const known = KNOWN.get(fn);
  if (known !== undefined) return known;
  // Functions that call each other see what is known so far; another round of the caller would find the rest.
  const kept = new Set<string>();
  KNOWN.set(fn, kept);
  const { tree } = fn.file;
  const locals = localsOf(tree, fn);
  const flows: { readonly from: string; readonly to: string }[] = [];
  for (const n of tree.descendants(fn.body, "assignment_expression")) {
    if (tree.source(tree.field(n, "operator")) !== "=") continue;
    const left = stripCasts(tree, tree.field(n, "left"));
    for (const from of valuesOf(tree, tree.field(n, "right"))) {
      if (!locals.has(from)) continue;
      if (tree.kind(left) === "identifier" && locals.get(tree.source(left)) === "automatic")
        flows.push({ from, to: tree.source(left) });
      else if (outlives(tree, left, locals)) kept.add(from);
    }
  }
  for (const n of tree.descendants(fn.body, "init_declarator")) {
    const to = tree.source(tree.field(n, "declarator")).replace(/^[*\s]+/, "");
    for (const from of valuesOf(tree, tree.field(n, "value")))
      if (locals.get(to) === "static") kept.add(from);
      else flows.push({ from, to });
  }
  for (const call of tree.descendants(fn.body, "call_expression")) {
    const callee = tree.field(call, "function");
    const target =
      callee !== NONE && tree.kind(callee) === "identifier"
        ? resolveFunction(project, fn.file, tree.source(callee))
        : null;
    if (target === null) continue;
    const keptThere = keptPointers(project, target);
    tree.named(tree.field(call, "arguments")).forEach((argument, i) => {
      if (!keptThere.has(target.parameters[i]?.name ?? "")) return;
      for (const from of valuesOf(tree, argument)) if (locals.has(from)) kept.add(from);
    });
  }
  for (let size = -1; size !== kept.size; ) {
    size = kept.size;
    for (const { from, to } of flows) if (kept.has(to)) kept.add(from);
  }
  return kept;
}

/** Parameters and locals of a function, by how long they live. */
function localsOf(tree: Tree, fn: CFunction): Map<string, "automatic" | "static"> {
  const found = new Map<string, "automatic" | "static">();
  for (const { name } of fn.parameters) found.set(name, "automatic");
  for (const declaration of tree.descendants(fn.body, "declaration")) {
    const isStatic = tree
      .children(declaration)
      .some((c) => tree.kind(c) === "storage_class_specifier" && tree.source(c) === "static");
    for (const { name } of readDeclarators(tree, declaration)) found.set(name, isStatic ? "static" : "automatic");
  }
  return found;
}

/** Variables whose value an expression may be. */
function valuesOf(tree: Tree, n: Node): string[] {
  if (n === NONE) return [];
  const at = stripCasts(tree, n);
  switch (tree.kind(at)) {
    case "identifier":
      return [tree.source(at)];
    case "conditional_expression":
      return [...valuesOf(tree, tree.field(at, "consequence")), ...valuesOf(tree, tree.field(at, "alternative"))];
    case "assignment_expression":
      return valuesOf(tree, tree.field(at, "right"));
    case "comma_expression":
      return valuesOf(tree, tree.field(at, "right"));
    default:
      return [];
  }
}

/** Whether a place that is assigned to is memory of its own kind: not a part of a variable of the function. */
function outlives(tree: Tree, place: Node, locals: ReadonlyMap<string, "automatic" | "static">): boolean {
  switch (tree.kind(place)) {
    case "identifier":
      return locals.get(tree.source(place)) !== "automatic";
    case "field_expression":
      return (
        tree.token(place, "->") !== NONE || outlives(tree, stripCasts(tree, tree.field(place, "argument")), locals)
      );
    default:
      return tree.kind(place) === "pointer_expression" && isFieldOfObject(tree, place);
  }
}

/** `*self->place`: what a field of something points to. */
function isFieldOfObject(tree: Tree, place: Node): boolean {
  return tree.kind(stripCasts(tree, tree.field(place, "argument"))) === "field_expression";
}
