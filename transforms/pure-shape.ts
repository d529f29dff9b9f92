/**
 * Takes `PyObject_HEAD` out of the struct of a type once nothing needs it: everything of the type is HPy code, the struct
 * is only seen through handles, and it holds no references. HPy then lays the struct out itself, and the type can be built
 * for the universal ABI. A type that Python may subclass keeps the head: in HPy 0.9 instances of such subclasses
 * get a wrong pointer from `HPy_New` (HPY.md, hazard H1).
 */

import { HARMLESS_CAPI, looksLikeCapi } from "../analysis/capi-names.ts";
import { readDeclarators, stripCasts, stripParentheses } from "../model/declarations.ts";
import { type HPyTypeSpec, readHPyTypes } from "../model/hpy-types.ts";
import type { StructType } from "../model/object-structs.ts";
import { type CFunction, type ExtensionModule, isNullConstant, type Project, readFunction } from "../model/project.ts";
import { EditSet } from "../syntax/edits.ts";
import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import type { ParsedFile } from "../syntax/source.ts";
import { NONE, type Node } from "../syntax/tree.ts";
import type { SourceEdits } from "./module-to-hpy.ts";

const RULE = "pure-shape";
const HELPERS = "HPyType_LEGACY_HELPERS";
/** Members of `PyObject_HEAD`, by which code reaches the header of an object. */
const HEADER_FIELDS: ReadonlySet<string> = new Set(["ob_base", "ob_refcnt", "ob_type", "ob_size"]);

/** A type whose struct loses its head. */
export interface PureShape extends SourceEdits {
  readonly type: string;
  readonly struct: string;
}

/** Why a type keeps `PyObject_HEAD`. */
export interface KeptHead {
  /** The variable of the type, or of its specification. */
  readonly variable: string;
  readonly specification: HPyTypeSpec["specification"];
  readonly reason: string;
}

/** The next type of a module that can take the pure shape, if there is one, and why the others of legacy shape cannot. */
export function planPureShape(
  project: Project,
  module: ExtensionModule,
): { readonly shape: PureShape | null; readonly kept: readonly KeptHead[] } {
  const types = readHPyTypes(project);
  const kept: KeptHead[] = [];
  for (const type of types) {
    if (!module.files.includes(type.specification.file)) continue;
    if (field(type, "builtin_shape") !== "HPyType_BuiltinShape_Legacy") continue;
    const struct = candidate(project, type, types);
    const edits = typeof struct !== "string" && isOnlyViewed(project, struct) ? editsFor(project, type, struct) : null;
    if (typeof struct === "string" || edits === null) {
      const reason =
        typeof struct === "string" ? struct : "code reaches its objects through plain pointers to the struct";
      kept.push({ variable: type.pointer ?? type.specification.name, specification: type.specification, reason });
      continue;
    }
    return {
      kept: [],
      shape: {
        type: type.name,
        struct: struct.name,
        edits,
        functions: [],
        notes: [
          "Instances are laid out by HPy from here on: C code of other extensions can no longer reach the struct through a `PyObject *`.",
        ],
      },
    };
  }
  return { shape: null, kept };
}

function field(type: HPyTypeSpec, name: string): string {
  const node = type.specification.fields.get(name);
  return node === undefined ? "" : type.specification.file.tree.source(node);
}

/** The struct of a type for which nothing in its specification stands in the way, or what does. */
function candidate(project: Project, type: HPyTypeSpec, types: readonly HPyTypeSpec[]): StructType | string {
  const { file, fields } = type.specification;
  const slots = fields.get("legacy_slots");
  if (slots !== undefined && !isNullConstant(file.tree, slots)) {
    const left = type.slots?.entries.map((e) => e.slot) ?? [];
    return left.length === 0 ? "it has legacy slots" : `it has the legacy slots ${left.join(", ")}`;
  }
  const itemsize = fields.get("itemsize");
  if (itemsize !== undefined && !isNullConstant(file.tree, itemsize)) return "its objects differ in size";
  if (words(type.flags).some((w) => w.endsWith("_BASETYPE")))
    return "Python code may subclass it, and HPy 0.9 hands out a wrong pointer for instances of such subclasses; without Py_TPFLAGS_BASETYPE it could be laid out by HPy";
  const size = words(field(type, "basicsize"));
  const name = size.slice(2, -1).join(" ");
  const struct = project.objects.struct(name);
  if (size[0] !== "sizeof" || struct === null || struct.name === "" || struct.head !== "PyObject_HEAD")
    return "its struct is not one of the project that begins with PyObject_HEAD";
  const sharing = types.filter((t) => words(field(t, "basicsize")).includes(struct.name));
  const isEmbedded = project.objects
    .objectStructs()
    .some((s) => s !== struct && (s.head === struct.name || s.head === struct.tag));
  if (sharing.length !== 1 || isEmbedded) return "other types share its struct";
  if ([...struct.fields].some(([f, t]) => f !== "ob_base" && project.objects.mentionsObject(t)))
    return "its struct holds references to objects";
  if (hasBase(project, type)) return "it has a base type";
  if (type.pointer === null || isLookedInto(project, type.pointer)) return "code sets members of the type object";
  return struct;
}

function words(source: string): string[] {
  const tokens = lex(source, "piece");
  return Array.from({ length: tokens.count }, (_, t) => tokenText(tokens, t));
}

/** Whether the call that creates the type gives it a base, or something else than that call uses the specification. */
function hasBase(project: Project, type: HPyTypeSpec): boolean {
  const { name } = type.specification;
  let creations = 0;
  for (const { tree, text } of project.files) {
    if (!text.includes(name)) continue;
    for (const n of tree.descendants(0, "identifier")) {
      if (tree.source(n) !== name || n === type.specification.declaration) continue;
      const call = tree.enclosing(n, "call_expression", "declaration");
      if (call === NONE || tree.kind(call) === "declaration") continue;
      const [, , base] = tree.named(tree.field(call, "arguments"));
      const isCreation = tree.source(tree.field(call, "function")) === "hpyx_create_type";
      if (!isCreation || base === undefined || !isNullConstant(tree, base)) return true;
      creations++;
    }
  }
  return creations !== 1;
}

/** Whether any code reads or sets members of the type object: `T->tp_clear`. */
function isLookedInto(project: Project, pointer: string): boolean {
  return project.files.some(({ tree, text }) => {
    if (!text.includes(pointer)) return false;
    return [...tree.descendants(0, "field_expression")].some((n) => tree.source(tree.field(n, "argument")) === pointer);
  });
}

/**
 * Whether every place that names the struct sees it as plain data: its definition and helpers, `sizeof` and `offsetof`,
 * and pointers in HPy code that are only looked into.
 */
function isOnlyViewed(project: Project, struct: StructType): boolean {
  for (const file of project.files) {
    const names = [struct.name, ...(struct.tag === "" ? [] : [struct.tag.replace("struct ", "")])];
    if (!names.some((name) => file.text.includes(name))) continue;
    if (directivesName(file, names)) return false;
    const { tree } = file;
    for (const n of tree.descendants(0, "type_identifier", "identifier")) {
      if (!names.includes(tree.source(n))) continue;
      const inDefinition =
        file === struct.file &&
        tree.start(n) >= tree.start(typeDefinition(struct)) &&
        tree.end(n) <= tree.end(typeDefinition(struct));
      if (inDefinition || isHelperArgument(file, n) || isMeasured(file, n)) continue;
      const holder = tree.enclosing(n, "function_definition");
      const fn = holder === NONE ? null : readFunction(file, holder);
      if (fn === null || !isHpyCode(fn) || !isPlainPointer(file, n)) return false;
    }
    for (const fn of functionsOf(project, file)) if (!looksInto(project, fn, struct)) return false;
  }
  return true;
}

function functionsOf(project: Project, file: ParsedFile): CFunction[] {
  return [...project.functions.values()].flat().filter((f) => f.file === file);
}

/** The whole `typedef struct {...} S;`, or the struct where it stands alone. */
function typeDefinition(struct: StructType): Node {
  const { tree } = struct.file;
  const holder = tree.enclosing(struct.node, "type_definition");
  return holder === NONE ? struct.node : holder;
}

function directivesName(file: ParsedFile, names: readonly string[]): boolean {
  const tokens = lex(file.text);
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] !== TokenKind.directive) continue;
    const inside = words(file.text.slice((tokens.start[t] as number) + 1, tokens.end[t]));
    if (inside.some((word) => names.includes(word))) return true;
  }
  return false;
}

function isHelperArgument(file: ParsedFile, n: Node): boolean {
  const { tree } = file;
  const before = lex(file.text.slice(Math.max(0, tree.start(n) - HELPERS.length - 8), tree.start(n)), "piece");
  return before.count >= 2 && tokenText(before, before.count - 2) === HELPERS;
}

/** `sizeof(S)` and `offsetof(S, f)`. */
function isMeasured(file: ParsedFile, n: Node): boolean {
  const { tree } = file;
  if (tree.enclosing(n, "sizeof_expression", "function_definition") !== NONE) {
    const at = tree.enclosing(n, "sizeof_expression", "function_definition");
    if (tree.kind(at) === "sizeof_expression") return true;
  }
  if (tree.enclosing(n, "offsetof_expression") !== NONE) return true;
  const call = tree.enclosing(n, "call_expression");
  return call !== NONE && ["offsetof", "sizeof"].includes(tree.source(tree.field(call, "function")));
}

/**
 * Code that knows no more of an object than its struct: it takes a context, implements a slot that has none and gets the
 * struct itself, or is plain C.
 */
function isHpyCode(fn: CFunction): boolean {
  if (fn.isMigrated) return true;
  const [first] = fn.parameters;
  if (first !== undefined && first.type.base === "void" && first.type.pointers === 1) return true;
  const { tree, text } = fn.file;
  return !words(text.slice(tree.start(fn.node), tree.end(fn.node))).some(
    (w) => looksLikeCapi(w) && !HARMLESS_CAPI.has(w),
  );
}

/** Whether a type name stands in the declaration of `S *p`, or in a cast to `S *`. */
function isPlainPointer(file: ParsedFile, n: Node): boolean {
  const { tree } = file;
  const holder = tree.enclosing(n, "declaration", "parameter_declaration", "type_descriptor");
  if (holder === NONE) return false;
  if (tree.kind(holder) === "type_descriptor") return tree.source(holder).replaceAll(/\s/g, "").endsWith("*");
  if (tree.kind(holder) === "parameter_declaration") return tree.source(holder).includes("*");
  return readDeclarators(tree, holder).every((d) => d.type.pointers === 1 && d.type.arrays === 0);
}

/**
 * Whether a function only reads and writes fields through its pointers to the struct, compares them with NULL, sets
 * them, and hands them to functions of the project.
 */
function looksInto(project: Project, fn: CFunction, struct: StructType): boolean {
  const { tree } = fn.file;
  const isOurs = (base: string): boolean => base === struct.name || base === struct.tag;
  const variables = new Set<string>();
  for (const p of fn.parameters) if (isOurs(p.type.base) && p.type.pointers > 0) variables.add(p.name);
  for (const d of tree.descendants(fn.body, "declaration"))
    for (const declared of readDeclarators(tree, d)) if (isOurs(declared.type.base)) variables.add(declared.name);
  if (variables.size === 0) return true;
  for (const n of tree.descendants(fn.body, "identifier")) {
    if (!variables.has(tree.source(n)) || tree.fieldOf(n) === "declarator") continue;
    let at = n;
    while (tree.kind(tree.parent(at)) === "parenthesized_expression") at = tree.parent(at);
    const parent = tree.parent(at);
    switch (tree.kind(parent)) {
      case "field_expression":
        if (HEADER_FIELDS.has(tree.source(tree.field(parent, "field")))) return false;
        break;
      case "assignment_expression": {
        if (tree.field(parent, "left") === at && !isView(project, fn, tree.field(parent, "right"), variables))
          return false;
        if (tree.field(parent, "right") === at && !variables.has(tree.source(tree.field(parent, "left")))) return false;
        break;
      }
      case "init_declarator":
        if (
          tree.field(parent, "declarator") !== at &&
          !variables.has(readDeclarators(tree, tree.parent(parent)).find((d) => d.value === at)?.name ?? "")
        )
          return false;
        break;
      case "pointer_expression": {
        // `&p` is an output of HPy_New; `*p` copies the whole struct.
        const call = tree.enclosing(parent, "call_expression", "expression_statement", "declaration");
        if (tree.source(tree.field(call, "function")) !== "HPy_New") return false;
        break;
      }
      case "argument_list": {
        const callee = tree.source(tree.field(tree.parent(parent), "function"));
        const targets = project.functions.get(callee) ?? [];
        const index = tree.named(parent).indexOf(at);
        if (targets.length === 0 || !targets.every((t) => isOurs(t.parameters[index]?.type.base ?? ""))) return false;
        break;
      }
      case "binary_expression":
      case "unary_expression":
      case "if_statement":
      case "conditional_expression":
        break;
      default:
        return false;
    }
  }
  for (const d of tree.descendants(fn.body, "init_declarator")) {
    const declared = readDeclarators(tree, tree.parent(d)).find((x) => x.value === tree.field(d, "value"));
    if (declared === undefined || !isOurs(declared.type.base)) continue;
    if (!isView(project, fn, tree.field(d, "value"), variables)) return false;
  }
  return true;
}

/** What a pointer to the struct may be set to: a view of a handle, the data of a slot without context, NULL, another view. */
function isView(project: Project, fn: CFunction, n: Node, variables: ReadonlySet<string>): boolean {
  const { tree } = fn.file;
  const value = stripParentheses(tree, n);
  if (isNullConstant(tree, value)) return true;
  switch (tree.kind(value)) {
    case "conditional_expression":
      return (
        isView(project, fn, tree.field(value, "consequence"), variables) &&
        isView(project, fn, tree.field(value, "alternative"), variables)
      );
    case "call_expression":
      return tree.source(tree.field(value, "function")).endsWith("_AsStruct");
    case "identifier":
      return variables.has(tree.source(value));
    case "cast_expression": {
      const inner = stripCasts(tree, value);
      const [first] = fn.parameters;
      return !fn.isMigrated && first !== undefined && tree.source(inner) === first.name;
    }
    default:
      return false;
  }
}

function editsFor(project: Project, type: HPyTypeSpec, struct: StructType): ReadonlyMap<ParsedFile, EditSet> | null {
  const sets = new Map<ParsedFile, EditSet>();
  const of = (file: ParsedFile): EditSet => {
    const known = sets.get(file) ?? new EditSet(file.text);
    sets.set(file, known);
    return known;
  };
  const { file } = struct;
  const { tree, text } = file;
  const body = tree.field(struct.node, "body");
  const tokens = lex(text, "piece", tree.start(body), tree.end(body));
  let heads = 0;
  for (let t = 0; t < tokens.count; t++) {
    if (tokenText(tokens, t) !== "PyObject_HEAD") continue;
    heads++;
    const next = t + 1 < tokens.count && tokenText(tokens, t + 1) === ";" ? tokens.end[t + 1] : tokens.end[t];
    of(file).replace(withLine(text, tokens.start[t] as number, next as number), "", RULE);
  }
  if (heads !== 1) return null;
  for (const other of project.files) {
    if (!other.text.includes(HELPERS)) continue;
    const all = lex(other.text);
    for (let t = 0; t + 2 < all.count; t++) {
      if (tokenText(all, t) !== HELPERS || tokenText(all, t + 2) !== struct.name) continue;
      of(other).replace({ start: all.start[t] as number, end: all.end[t] as number }, "HPyType_HELPERS", RULE);
    }
  }
  const { specification } = type;
  const shape = specification.fields.get("builtin_shape");
  if (shape === undefined) return null;
  const held = specification.file.tree;
  of(specification.file).replace(
    { start: held.start(shape), end: held.end(shape) },
    "HPyType_BuiltinShape_Object",
    RULE,
  );
  return sets;
}

/** A span with its whole line where nothing else stands on that. */
function withLine(text: string, start: number, end: number): { readonly start: number; readonly end: number } {
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const newline = text.indexOf("\n", end);
  if (newline < 0 || text.slice(lineStart, start).trim() !== "" || text.slice(end, newline).trim() !== "")
    return { start, end };
  return { start: lineStart, end: newline + 1 };
}
