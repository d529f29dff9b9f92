/**
 * How a function uses its pointers to object structs: as references to objects, which become handles, or only to reach
 * the fields, for which a plain C pointer goes on serving.
 */

import { CAPI_FUNCTIONS } from "../model/api/capi-table.ts";
import { readTypeDescriptor } from "../model/declarations.ts";
import { type CFunction, type Project, resolveFunction } from "../model/project.ts";
import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import type { ParsedFile } from "../syntax/source.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import { HARMLESS_CAPI, looksLikeCapi } from "./capi-names.ts";

/** What one occurrence of a pointer to an object struct is used for. */
export type StructUse =
  /** The struct behind it is read or written, or the pointer goes to plain C code. */
  | "view"
  /** Its truth is taken, or it is compared with NULL. */
  | "test"
  /** It is assigned. */
  | "definition"
  /** Its value goes to a variable or to memory; the node is the assignment or declarator. */
  | "copy"
  /** It is mentioned without being evaluated. */
  | "none"
  /** It stands for the object. */
  | "object";

/** C-API macros that work on the struct of an object and stay as they are. */
export const STRUCT_CALLS: ReadonlySet<string> = new Set(["Py_SIZE", "Py_SET_SIZE"]);

/** Where an occurrence is looked at. */
export interface Place {
  readonly project: Project;
  readonly file: ParsedFile;
  /** Whether a name is a parameter or local variable of the function. */
  readonly isLocal: (name: string) => boolean;
}

/** Classifies an identifier (or another expression) of a type `S *`, and answers the node that uses it. */
export function structUse(place: Place, n: Node): { readonly use: StructUse; readonly by: Node } {
  const tree = place.file.tree;
  const objects = place.project.objects;
  let at = n;
  let isPlain = false;
  for (;;) {
    const parent = tree.parent(at);
    const by = parent;
    switch (tree.kind(parent)) {
      case "parenthesized_expression":
        at = parent;
        continue;
      case "field_expression":
        return { use: isPlain ? "object" : "view", by };
      case "pointer_expression": {
        if (tree.token(parent, "*") === NONE) return { use: "object", by };
        let holder = tree.parent(parent);
        while (tree.kind(holder) === "parenthesized_expression") holder = tree.parent(holder);
        return { use: tree.kind(holder) === "field_expression" && !isPlain ? "view" : "object", by };
      }
      case "sizeof_expression":
        return { use: "none", by };
      case "cast_expression": {
        const type = readTypeDescriptor(tree, tree.field(parent, "type"));
        if (type.base === "void" && type.pointers === 0) return { use: "none", by };
        if (!objects.isObjectPointer(type)) return { use: "view", by };
        isPlain = !objects.isStructPointer(type);
        at = parent;
        continue;
      }
      case "unary_expression":
        return { use: tree.source(tree.field(parent, "operator")) === "!" ? "test" : "object", by };
      case "binary_expression": {
        const operator = tree.source(tree.field(parent, "operator"));
        if (operator === "&&" || operator === "||") return { use: "test", by };
        const other = tree.field(parent, tree.field(parent, "left") === at ? "right" : "left");
        const isTest = (operator === "==" || operator === "!=") && isNull(tree, other);
        return { use: isTest ? "test" : "object", by };
      }
      case "conditional_expression":
        if (tree.field(parent, "condition") === at) return { use: "test", by };
        at = parent;
        continue;
      case "comma_expression":
        if (tree.field(parent, "left") === at) return { use: "none", by };
        at = parent;
        continue;
      case "if_statement":
      case "while_statement":
      case "do_statement":
      case "for_statement":
        return { use: tree.fieldOf(at) === "condition" ? "test" : "none", by };
      case "expression_statement":
        return { use: "none", by };
      case "assignment_expression":
        if (tree.source(tree.field(parent, "operator")) !== "=") return { use: "object", by };
        return { use: tree.field(parent, "left") === at ? "definition" : "copy", by };
      case "init_declarator":
        return { use: "copy", by };
      case "argument_list":
        return { use: argumentUse(place, parent, at), by };
      default:
        return { use: "object", by };
    }
  }
}

function isNull(tree: Tree, n: Node): boolean {
  let at = n;
  while (at !== NONE && ["parenthesized_expression", "cast_expression"].includes(tree.kind(at)))
    at = tree.kind(at) === "cast_expression" ? tree.field(at, "value") : (tree.named(at)[0] ?? NONE);
  return at !== NONE && (tree.kind(at) === "null" || tree.source(at) === "NULL" || tree.source(at) === "0");
}

function argumentUse(place: Place, list: Node, argument: Node): StructUse {
  const tree = place.file.tree;
  const callee = tree.field(tree.parent(list), "function");
  if (callee === NONE || tree.kind(callee) !== "identifier") return "object";
  const name = tree.source(callee);
  if (place.isLocal(name)) return "object";
  const target = resolveFunction(place.project, place.file, name);
  if (target !== null) {
    const type = target.parameters[tree.named(list).indexOf(argument)]?.type;
    return type !== undefined && place.project.objects.isStructPointer(type) && isPlainFunction(place.project, target)
      ? "view"
      : "object";
  }
  if (STRUCT_CALLS.has(name)) return "view";
  return CAPI_FUNCTIONS.has(name) || looksLikeCapi(name) ? "object" : "view";
}

const plainFunctions = new WeakMap<Project, Map<CFunction, boolean>>();

/**
 * Whether a function takes object structs but is plain C: it reaches their fields only, and uses neither the C API nor
 * anything that does. It needs no context and keeps its pointers.
 */
export function isPlainFunction(project: Project, fn: CFunction): boolean {
  const known = plainFunctions.get(project) ?? new Map<CFunction, boolean>();
  plainFunctions.set(project, known);
  const answer = known.get(fn);
  if (answer !== undefined) return answer;
  known.set(fn, true);
  const found = readPlain(project, fn);
  known.set(fn, found);
  return found;
}

function readPlain(project: Project, fn: CFunction): boolean {
  const { objects } = project;
  const tree = fn.file.tree;
  if (objects.mentionsObject(fn.result) || fn.isMigrated || fn.isVariadic) return false;
  const pointers = new Set<string>();
  for (const p of fn.parameters) {
    if (!objects.mentionsObject(p.type)) continue;
    if (!objects.isStructPointer(p.type)) return false;
    pointers.add(p.name);
  }
  if (pointers.size === 0) return false;
  const names = new Set(fn.parameters.map((p) => p.name));
  for (const n of tree.descendants(fn.body, "init_declarator", "declaration"))
    for (const d of tree.fields(n, "declarator"))
      for (const id of tree.descendants(d, "identifier")) names.add(tree.source(id));
  const place: Place = { project, file: fn.file, isLocal: (name) => names.has(name) };
  for (const n of tree.descendants(fn.body, "identifier", "type_identifier")) {
    const name = tree.source(n);
    if (isApi(name)) return false;
    if (tree.kind(n) === "type_identifier") continue;
    if (pointers.has(name)) {
      const { use } = structUse(place, n);
      if (use === "object" || use === "definition") return false;
      continue;
    }
    if (names.has(name)) continue;
    if (macroUses(project, name, isApi)) return false;
    const target = resolveFunction(project, fn.file, name);
    if (target === null) continue;
    if (target.isMigrated || !isPlainC(project, target)) return false;
  }
  return true;
}

const callers = new WeakMap<Project, Map<CFunction, boolean>>();

/**
 * Whether a function takes and returns no objects but calls the C API, itself or through others, to raise an exception
 * for instance. It needs a context in HPy.
 */
export function callsApi(project: Project, fn: CFunction): boolean {
  const known = callers.get(project) ?? new Map<CFunction, boolean>();
  callers.set(project, known);
  const answer = known.get(fn);
  if (answer !== undefined) return answer;
  known.set(fn, false);
  const { objects } = project;
  const { tree } = fn.file;
  let found = false;
  if (!fn.isMigrated && !fn.isVariadic && !fn.parameters.some((p) => objects.mentionsObject(p.type)))
    for (const n of tree.descendants(fn.body, "identifier")) {
      const name = tree.source(n);
      found ||= isApi(name) || macroUses(project, name, isApi);
      if (found) break;
      const target = resolveFunction(project, fn.file, name);
      if (target !== null && target !== fn) found = callsApi(project, target);
      if (found) break;
    }
  known.set(fn, found);
  return found;
}

/** Whether a called function is plain C too. */
function isPlainC(project: Project, target: CFunction): boolean {
  const takesObjects = target.parameters.some((p) => project.objects.mentionsObject(p.type));
  if (takesObjects) return isPlainFunction(project, target);
  const tree = target.file.tree;
  for (const n of tree.descendants(target.body, "identifier", "type_identifier"))
    if (isApi(tree.source(n))) return false;
  return true;
}

/** Whether a name belongs to the part of the C API that works on more than the struct of an object. */
function isApi(name: string): boolean {
  return looksLikeCapi(name) && !HARMLESS_CAPI.has(name) && !STRUCT_CALLS.has(name);
}

/** Whether a macro of the project expands to code with such a name in it. */
function macroUses(project: Project, name: string, isMeant: (word: string) => boolean, depth = 0): boolean {
  for (const definition of depth > 10 ? [] : (project.knowledge.definitions.get(name) ?? [])) {
    const tokens = lex(definition.body, "piece");
    for (let t = 0; t < tokens.count; t++) {
      if (tokens.kind[t] !== TokenKind.identifier) continue;
      const word = tokenText(tokens, t);
      if (word !== name && (isMeant(word) || macroUses(project, word, isMeant, depth + 1))) return true;
    }
  }
  return false;
}

/** Whether plain C code, a macro or a function, works on the structs of objects by macros of the C API. */
export function usesStructCalls(project: Project, file: ParsedFile, name: string): boolean {
  const isMeant = (word: string): boolean => STRUCT_CALLS.has(word);
  if (macroUses(project, name, isMeant)) return true;
  const target = resolveFunction(project, file, name);
  if (target === null) return false;
  const tree = target.file.tree;
  for (const n of tree.descendants(target.body, "identifier"))
    if (isMeant(tree.source(n)) || macroUses(project, tree.source(n), isMeant)) return true;
  return false;
}
