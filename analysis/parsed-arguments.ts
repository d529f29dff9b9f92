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

/** What a function parses of its own parameters, itself or in another helper; null for other functions. */
export function parsedArguments(project: Project, fn: CFunction): ParsedArguments | null {
  const known = found.get(fn);
  if (known === "running") return null;
  if (known !== undefined) return known;
  found.set(fn, "running");
  const answer = readParsed(project, fn);
  found.set(fn, answer);
  return answer;
}

function readParsed(project: Project, fn: CFunction): ParsedArguments | null {
  const tree = fn.file.tree;
  const parameterOf = (n: Node | undefined): number => {
    if (n === undefined) return -1;
    const at = stripCasts(tree, n);
    if (at === NONE || tree.kind(at) !== "identifier") return -1;
    return fn.parameters.findIndex((p) => p.name === tree.source(at) && isObjectPointer(p.type));
  };
  for (const call of tree.descendants(fn.body, "call_expression")) {
    const callee = tree.field(call, "function");
    if (callee === NONE || tree.kind(callee) !== "identifier") continue;
    const list = tree.named(tree.field(call, "arguments"));
    const parser = TUPLE_PARSERS.get(tree.source(callee));
    const target = parser === undefined ? resolveFunction(project, fn.file, tree.source(callee)) : null;
    const parsed =
      parser !== undefined
        ? { args: 0, keywords: parser === "keywords" ? 1 : -1 }
        : target === null || target === fn
          ? null
          : parsedArguments(project, target);
    if (parsed === null) continue;
    const args = parameterOf(list[parsed.args]);
    if (args >= 0) return { args, keywords: parameterOf(list[parsed.keywords]) };
  }
  return null;
}
