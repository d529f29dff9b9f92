/**
 * Calls of the project's own legacy functions from HPy code: a function beside the caller takes handles, calls the legacy
 * one with the objects and answers a handle.
 */

import type { ObjectTypes } from "../model/object-structs.ts";
import type { CFunction, Project } from "../model/project.ts";
import type { EditSet } from "../syntax/edits.ts";
import { indentationUnit, newlineOf } from "./statement-edits.ts";
import { startWithMacros } from "./whole-item.ts";

const RULE = "legacy-calls";

/** How the names begin of functions through which HPy code calls legacy ones. */
export const LEGACY_CALL = "legacy_call_";

/** Name of the function through which HPy code calls a legacy function. */
export function nameOfLegacyBridge(fn: CFunction): string {
  return `${LEGACY_CALL}${fn.name}`;
}

/**
 * Writes the function through which `caller` calls `target`, before the caller; where an earlier step has written it
 * further down in the file, declares it there.
 */
export function writeLegacyBridge(project: Project, target: CFunction, caller: CFunction, edits: EditSet): void {
  const { file } = caller;
  const name = nameOfLegacyBridge(target);
  const known = (project.functions.get(name) ?? []).find((f) => f.isMigrated && f.file === file);
  const at = startWithComments(caller);
  if (known !== undefined && file.tree.start(known.node) < at) return;
  const isDeclared = (project.prototypes.get(name) ?? []).some(
    (p) => p.file === file && file.tree.start(p.declaration) < at,
  );
  if (known !== undefined && isDeclared) return;
  const newline = newlineOf(file.text);
  const head = headOf(target, project.objects);
  const lines =
    known === undefined ? [head, ...bodyOf(target, project.objects, indentationUnit(file.text))] : [`${head};`];
  edits.insert(at, `${lines.join(newline)}${newline}${newline}`, RULE, -20);
}

function headOf(target: CFunction, objects: ObjectTypes): string {
  const { tree } = target.file;
  const parameters = target.parameters.map((p) =>
    objects.isObjectPointer(p.type) ? `HPy ${p.name}` : tree.source(tree.parent(p.node)),
  );
  const result = objects.isObjectPointer(target.result) ? "HPy" : target.result.base;
  return `static ${result} ${nameOfLegacyBridge(target)}(${["HPyContext *ctx", ...parameters].join(", ")})`;
}

function bodyOf(target: CFunction, objects: ObjectTypes, unit: string): string[] {
  const given = target.parameters.filter((p) => objects.isObjectPointer(p.type));
  const passed = target.parameters.map((p) => {
    if (!given.includes(p)) return p.name;
    return p.type.base === "PyObject" ? `py_${p.name}` : `(${p.type.base} *)py_${p.name}`;
  });
  const call = `${target.name}(${passed.join(", ")})`;
  const releases = given.map((p) => `Py_XDECREF(py_${p.name});`);
  const lines = given.map((p) => `PyObject *py_${p.name} = HPy_AsPyObject(ctx, ${p.name});`);
  const { result } = target;
  if (objects.isObjectPointer(result))
    lines.push(
      `PyObject *py_result = ${result.base === "PyObject" ? "" : "(PyObject *)"}${call};`,
      "HPy result = HPy_FromPyObject(ctx, py_result);",
      "Py_XDECREF(py_result);",
      ...releases,
      "return result;",
    );
  else if (result.base === "void") lines.push(`${call};`, ...releases);
  else lines.push(`${result.base} result = ${call};`, ...releases, "return result;");
  return ["{", ...lines.map((line) => `${unit}${line}`), "}"];
}

/** Where a function begins with the comments right above it. */
function startWithComments(fn: CFunction): number {
  const { tree, text } = fn.file;
  const siblings = tree.children(tree.parent(fn.node));
  let start = startWithMacros(fn.file, fn.node);
  for (let i = siblings.indexOf(fn.node) - 1; i >= 0; i--) {
    const sibling = siblings[i] as number;
    const between = text.slice(tree.end(sibling), start);
    if (!tree.isComment(sibling) || between.trim() !== "" || between.split("\n").length > 2) break;
    start = tree.start(sibling);
  }
  return start;
}
