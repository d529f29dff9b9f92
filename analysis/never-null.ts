/** Which parameters for object structs always get an object, by the calls that a project makes. */

import { stripCasts } from "../model/declarations.ts";
import type { CFunction, Project } from "../model/project.ts";
import type { ParsedFile } from "../syntax/source.ts";
import { NONE, type Node } from "../syntax/tree.ts";

/** Tables that Python calls functions from, always with an object first. */
const TABLES: ReadonlySet<string> = new Set([
  "PyMethodDef",
  "PyGetSetDef",
  "PyTypeObject",
  "PyType_Slot",
  "PyNumberMethods",
  "PySequenceMethods",
  "PyMappingMethods",
  "PyAsyncMethods",
  "PyBufferProcs",
]);

/** A place that names a function. */
interface Mention {
  readonly file: ParsedFile;
  readonly node: Node;
}

const mentions = new WeakMap<Project, ReadonlyMap<string, readonly Mention[]>>();

/** Whether every call of a function in the project gives a parameter an object, as far as names tell. */
export function isAlwaysGiven(project: Project, fn: CFunction, index: number): boolean {
  const known = given.get(fn) ?? new Map<number, boolean>();
  given.set(fn, known);
  const answer = known.get(index) ?? isGiven(project, fn, index, new Set());
  known.set(index, answer);
  return answer;
}

/** The answers by parameter; a function belongs to one project. */
const given = new WeakMap<CFunction, Map<number, boolean>>();

function isGiven(project: Project, fn: CFunction, index: number, asked: Set<string>): boolean {
  const key = `${fn.name}:${index}`;
  if (asked.has(key)) return true;
  asked.add(key);
  const places = (mentionsOf(project).get(fn.name) ?? []).filter((m) => !fn.isStatic || m.file === fn.file);
  return places.length > 0 && places.every((place) => isGivenAt(project, place, fn, index, asked));
}

function isGivenAt(project: Project, place: Mention, fn: CFunction, index: number, asked: Set<string>): boolean {
  const { file, node } = place;
  const tree = file.tree;
  const call = tree.parent(node);
  if (tree.kind(call) !== "call_expression" || tree.field(call, "function") !== node)
    return index === 0 && isInTable(place);
  const argument = tree.named(tree.field(call, "arguments"))[index];
  if (argument === undefined) return false;
  const at = stripCasts(tree, argument);
  if (tree.kind(at) !== "identifier") return false;
  const name = tree.source(at);
  const holder = tree.enclosing(call, "function_definition");
  const caller = callersOf(project).get(file)?.get(holder);
  if (caller === undefined) return false;
  const parameter = caller.parameters.findIndex((p) => p.name === name);
  if (parameter < 0 || isAssigned(caller, name)) return false;
  return caller === fn && parameter === index ? true : isGiven(project, caller, parameter, asked);
}

const callers = new WeakMap<Project, ReadonlyMap<ParsedFile, ReadonlyMap<Node, CFunction>>>();

/** The functions of a project by file and node. */
function callersOf(project: Project): ReadonlyMap<ParsedFile, ReadonlyMap<Node, CFunction>> {
  const known = callers.get(project);
  if (known !== undefined) return known;
  const found = new Map<ParsedFile, Map<Node, CFunction>>();
  for (const list of project.functions.values())
    for (const fn of list) {
      const inFile = found.get(fn.file) ?? new Map<Node, CFunction>();
      found.set(fn.file, inFile.set(fn.node, fn));
    }
  callers.set(project, found);
  return found;
}

/** Whether a function is named in the initialiser of a table for Python, or for HPy. */
function isInTable({ file, node }: Mention): boolean {
  const tree = file.tree;
  const declaration = tree.enclosing(node, "declaration", "function_definition", "expression_statement");
  if (declaration === NONE) return false;
  if (tree.kind(declaration) === "declaration") {
    const base = tree.source(tree.field(declaration, "type"));
    return TABLES.has(base);
  }
  return tree.kind(declaration) === "expression_statement" && tree.source(declaration).startsWith("HPyDef_");
}

/** Whether a parameter is assigned or has its address taken. */
function isAssigned(fn: CFunction, name: string): boolean {
  const tree = fn.file.tree;
  for (const n of tree.descendants(fn.body, "assignment_expression", "pointer_expression", "update_expression")) {
    const target =
      tree.kind(n) === "assignment_expression"
        ? tree.field(n, "left")
        : tree.kind(n) === "pointer_expression" && tree.token(n, "&") === NONE
          ? NONE
          : tree.field(n, "argument");
    if (target !== NONE && tree.source(stripCasts(tree, target)) === name) return true;
  }
  return false;
}

/** Every identifier with the name of a function that is not its own declarator, by name. */
function mentionsOf(project: Project): ReadonlyMap<string, readonly Mention[]> {
  const known = mentions.get(project);
  if (known !== undefined) return known;
  const found = new Map<string, Mention[]>();
  for (const file of project.files) {
    const tree = file.tree;
    for (const node of tree.descendants(0, "identifier")) {
      const name = tree.source(node);
      if (!project.functions.has(name) || tree.kind(tree.parent(node)).endsWith("declarator")) continue;
      const list = found.get(name) ?? [];
      list.push({ file, node });
      found.set(name, list);
    }
  }
  mentions.set(project, found);
  return found;
}
