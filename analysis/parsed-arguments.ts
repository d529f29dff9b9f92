/** Helpers that are given the whole tuple of arguments of a Python call, and parse it. */

import { isObjectPointer, stripCasts } from "../model/declarations.ts";
import { type CFunction, type Project, resolveFunction } from "../model/project.ts";
import { NONE, type Node } from "../syntax/tree.ts";

/** Which parameters of a helper take the arguments of the Python call that its caller serves. */
export interface ParsedArguments {
  /** Index of the parameter for the tuple. */
  readonly args: number;
  /** Index of the parameter for the dict of keywords; -1 without one. */
  readonly keywords: number;
}

/** Argument parsers of the C API that take a tuple, and the dict of keywords second where `keywords` says so. */
const TUPLE_PARSERS: ReadonlyMap<string, "tuple" | "keywords"> = new Map([
  ["PyArg_ParseTuple", "tuple"],
  ["PyArg_UnpackTuple", "tuple"],
  ["PyArg_ParseTupleAndKeywords", "keywords"],
]);

const found = new WeakMap<CFunction, ParsedArguments | "running" | null>();

/**
 * What a function parses of its own parameters, itself or in another helper, where an array and a count can take the
 * place of the tuple: it is not used as an object, and every caller passes on a parameter of its own. Null for other
 * functions, whose parameter stays a tuple.
 */
export function parsedArguments(project: Project, fn: CFunction): ParsedArguments | null {
  const known = found.get(fn);
  if (known === "running") return null;
  if (known !== undefined) return known;
  found.set(fn, "running");
  const parsed = readParsed(project, fn);
  const answer = parsed !== null && isPassedOn(project, fn, parsed) ? parsed : null;
  found.set(fn, answer);
  return answer;
}

/** C-API calls that take a tuple first and have a form on an array. */
const ARRAY_FORMS: ReadonlySet<string> = new Set([
  ...TUPLE_PARSERS.keys(),
  "PyTuple_GET_SIZE",
  "PyTuple_Size",
  "PyTuple_GET_ITEM",
]);

function readParsed(project: Project, fn: CFunction): ParsedArguments | null {
  const tree = fn.file.tree;
  const parameterOf = (n: Node | undefined): number => {
    if (n === undefined) return -1;
    const at = stripCasts(tree, n);
    if (at === NONE || tree.kind(at) !== "identifier") return -1;
    return fn.parameters.findIndex((p) => p.name === tree.source(at) && isObjectPointer(p.type));
  };
  for (const call of tree.descendants(fn.body, "call_expression")) {
    const parsed = parsedBy(project, fn, call);
    if (parsed === null) continue;
    const list = tree.named(tree.field(call, "arguments"));
    const args = parameterOf(list[parsed.args]);
    if (args < 0) continue;
    const keywords = parameterOf(list[parsed.keywords]);
    return isUsedAsObject(project, fn, args) ? null : { args, keywords };
  }
  return null;
}

/** Which arguments of a call are parsed by it. */
function parsedBy(project: Project, fn: CFunction, call: Node): ParsedArguments | null {
  const tree = fn.file.tree;
  const callee = tree.field(call, "function");
  if (callee === NONE || tree.kind(callee) !== "identifier") return null;
  const parser = TUPLE_PARSERS.get(tree.source(callee));
  if (parser !== undefined) return { args: 0, keywords: parser === "keywords" ? 1 : -1 };
  const target = resolveFunction(project, fn.file, tree.source(callee));
  return target === null || target === fn ? null : parsedArguments(project, target);
}

/** Whether a parameter is used other than by parsers and for its size and items. */
function isUsedAsObject(project: Project, fn: CFunction, parameter: number): boolean {
  const tree = fn.file.tree;
  const name = fn.parameters[parameter]?.name ?? "";
  for (const n of tree.descendants(fn.body, "identifier")) {
    if (tree.source(n) !== name) continue;
    let at = n;
    while (["parenthesized_expression", "cast_expression"].includes(tree.kind(tree.parent(at)))) at = tree.parent(at);
    const list = tree.parent(at);
    if (tree.kind(list) !== "argument_list") return true;
    const call = tree.parent(list);
    const index = tree.named(list).indexOf(at);
    const isForm = index === 0 && ARRAY_FORMS.has(tree.source(tree.field(call, "function")));
    if (!isForm && parsedBy(project, fn, call)?.args !== index) return true;
  }
  return false;
}

interface Call {
  readonly caller: CFunction;
  readonly node: Node;
}

const callsOf = new WeakMap<Project, ReadonlyMap<string, readonly Call[]>>();

/** Every call of a project by the called name. */
function callsIn(project: Project): ReadonlyMap<string, readonly Call[]> {
  const known = callsOf.get(project);
  if (known !== undefined) return known;
  const calls = new Map<string, Call[]>();
  for (const caller of [...project.functions.values()].flat()) {
    const tree = caller.file.tree;
    for (const node of tree.descendants(caller.body, "call_expression")) {
      const name = tree.source(tree.field(node, "function"));
      const same = calls.get(name);
      if (same === undefined) calls.set(name, [{ caller, node }]);
      else same.push({ caller, node });
    }
  }
  callsOf.set(project, calls);
  return calls;
}

/** Whether every call of a helper passes a parameter of the caller for the tuple. */
function isPassedOn(project: Project, fn: CFunction, parsed: ParsedArguments): boolean {
  return (callsIn(project).get(fn.name) ?? []).every(({ caller, node }) => {
    const tree = caller.file.tree;
    const argument = tree.named(tree.field(node, "arguments"))[parsed.args];
    if (argument === undefined) return false;
    const name = tree.source(stripCasts(tree, argument));
    return caller.isMigrated || caller.parameters.some((p) => p.name === name && isObjectPointer(p.type));
  });
}
