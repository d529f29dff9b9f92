/** Static type objects: every `PyTypeObject` variable of a project with its fields, suites and other declarations. */

import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import type { MacroKnowledge, ParsedFile } from "../syntax/source.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import { stripCasts, stripParentheses } from "./declarations.ts";
import { type GlobalVariable, isDead, isNullConstant, type Project } from "./project.ts";

/** Fields of `PyTypeObject` after its head, in their order (`Include/cpython/object.h` of CPython 3.11). */
const TYPE_FIELDS: readonly string[] = [
  "tp_name",
  "tp_basicsize",
  "tp_itemsize",
  "tp_dealloc",
  "tp_vectorcall_offset",
  "tp_getattr",
  "tp_setattr",
  "tp_as_async",
  "tp_repr",
  "tp_as_number",
  "tp_as_sequence",
  "tp_as_mapping",
  "tp_hash",
  "tp_call",
  "tp_str",
  "tp_getattro",
  "tp_setattro",
  "tp_as_buffer",
  "tp_flags",
  "tp_doc",
  "tp_traverse",
  "tp_clear",
  "tp_richcompare",
  "tp_weaklistoffset",
  "tp_iter",
  "tp_iternext",
  "tp_methods",
  "tp_members",
  "tp_getset",
  "tp_base",
  "tp_dict",
  "tp_descr_get",
  "tp_descr_set",
  "tp_dictoffset",
  "tp_init",
  "tp_alloc",
  "tp_new",
  "tp_free",
  "tp_is_gc",
  "tp_bases",
  "tp_mro",
  "tp_cache",
  "tp_subclasses",
  "tp_weaklist",
  "tp_del",
  "tp_version_tag",
  "tp_finalize",
  "tp_vectorcall",
];

/** Fields of the tables that a type object points to, in their order, by the field that points to them. */
export const SUITE_FIELDS: ReadonlyMap<string, readonly string[]> = new Map([
  ["tp_as_async", ["am_await", "am_aiter", "am_anext", "am_send"]],
  [
    "tp_as_number",
    [
      "nb_add",
      "nb_subtract",
      "nb_multiply",
      "nb_remainder",
      "nb_divmod",
      "nb_power",
      "nb_negative",
      "nb_positive",
      "nb_absolute",
      "nb_bool",
      "nb_invert",
      "nb_lshift",
      "nb_rshift",
      "nb_and",
      "nb_xor",
      "nb_or",
      "nb_int",
      "nb_reserved",
      "nb_float",
      "nb_inplace_add",
      "nb_inplace_subtract",
      "nb_inplace_multiply",
      "nb_inplace_remainder",
      "nb_inplace_power",
      "nb_inplace_lshift",
      "nb_inplace_rshift",
      "nb_inplace_and",
      "nb_inplace_xor",
      "nb_inplace_or",
      "nb_floor_divide",
      "nb_true_divide",
      "nb_inplace_floor_divide",
      "nb_inplace_true_divide",
      "nb_index",
      "nb_matrix_multiply",
      "nb_inplace_matrix_multiply",
    ],
  ],
  [
    "tp_as_sequence",
    [
      "sq_length",
      "sq_concat",
      "sq_repeat",
      "sq_item",
      "was_sq_slice",
      "sq_ass_item",
      "was_sq_ass_slice",
      "sq_contains",
      "sq_inplace_concat",
      "sq_inplace_repeat",
    ],
  ],
  ["tp_as_mapping", ["mp_length", "mp_subscript", "mp_ass_subscript"]],
  ["tp_as_buffer", ["bf_getbuffer", "bf_releasebuffer"]],
]);

/** A value in an initialiser, with the file that it stands in. */
export interface FieldValue {
  readonly file: ParsedFile;
  readonly node: Node;
}

/** A table of functions that a type object points to, such as its `PyNumberMethods`. */
export interface Suite {
  /** The variable; null for a compound literal. */
  readonly variable: GlobalVariable | null;
  readonly fields: ReadonlyMap<string, FieldValue>;
}

/** A static type object. */
export interface StaticType {
  readonly name: string;
  readonly file: ParsedFile;
  /** The declaration with the initialiser, or the only one where the fields are assigned at run time. */
  readonly definition: GlobalVariable;
  /** All declarations of the same variable, in all files, the definition among them. */
  readonly declarations: readonly GlobalVariable[];
  /** The address of the metatype in the head; null where it is NULL or `&PyType_Type`. */
  readonly metatype: Node | null;
  /** Fields of the initialiser that are not null constants. */
  readonly fields: ReadonlyMap<string, FieldValue>;
  /** A part of the initialiser that cannot be read; null when all of it can. */
  readonly unread: Node | null;
}

const TYPE_BASE = /^(PyTypeObject|struct _typeobject)$/;

/** Whether a variable is a type object itself, not a pointer to one or an array of them. */
function isTypeObject(variable: GlobalVariable): boolean {
  const { type } = variable.declarator;
  return TYPE_BASE.test(type.base) && type.pointers === 0 && type.arrays === 0 && !type.isFunction;
}

/** All static type objects that files define, in the order of files and offsets. */
export function readStaticTypes(project: Project, files: readonly ParsedFile[]): StaticType[] {
  const found: StaticType[] = [];
  for (const variables of project.globals.values()) {
    const objects = variables.filter(isTypeObject);
    for (const file of files) {
      const here = objects.filter((g) => g.file === file && !g.isExtern);
      const definition = here.find((g) => g.declarator.value !== NONE) ?? here[0];
      if (definition === undefined) continue;
      const isElsewhere =
        definition.declarator.value === NONE &&
        objects.some((g) => g.file !== file && g.declarator.value !== NONE && !g.isStatic);
      if (isElsewhere) continue;
      const declarations = objects.filter((g) => g.file === file || (!definition.isStatic && !g.isStatic));
      found.push(readType(project.knowledge, definition, declarations));
    }
  }
  const place = (t: StaticType): number => files.indexOf(t.file);
  return found.sort((a, b) => place(a) - place(b) || a.definition.declaration - b.definition.declaration);
}

function readType(
  knowledge: MacroKnowledge,
  definition: GlobalVariable,
  declarations: readonly GlobalVariable[],
): StaticType {
  const { file } = definition;
  const { tree } = file;
  const base = { name: definition.name, file, definition, declarations };
  const initializer = definition.declarator.value;
  const fields = new Map<string, FieldValue>();
  if (initializer === NONE) return { ...base, metatype: null, fields, unread: null };
  if (tree.kind(initializer) !== "initializer_list") return { ...base, metatype: null, fields, unread: initializer };
  let metatype: Node | null = null;
  let unread: Node | null = null;
  /** Position in the fields; -2 at the head, -1 at `ob_size`. */
  let position = -2;
  for (const item of tree.named(initializer)) {
    if (isDead(file, tree.start(item))) continue;
    const joined = position === -2 ? joinedToHead(knowledge, tree, item) : null;
    if (joined !== null) {
      metatype = joined.metatype;
      position = TYPE_FIELDS.indexOf(joined.field) + 1;
      if (!isNullValue(knowledge, tree, joined.value)) fields.set(joined.field, { file, node: joined.value });
      continue;
    }
    const isPair = tree.kind(item) === "initializer_pair";
    const value = isPair ? tree.field(item, "value") : item;
    const field = isPair ? tree.source(tree.named(tree.field(item, "designator"))[0] ?? item) : null;
    const isHead = field === null ? position === -2 : field === "ob_base";
    if (isHead) {
      const head = headOf(knowledge, tree, value);
      if (head === null) unread ??= item;
      else {
        metatype = head.metatype;
        position = head.hasSize ? 0 : -1;
      }
      continue;
    }
    if (field === null && position === -1) {
      position = 0;
      continue;
    }
    const name = field ?? TYPE_FIELDS[position];
    const index = name === undefined ? -1 : TYPE_FIELDS.indexOf(name);
    if (name === undefined || (index < 0 && name !== "tp_print")) {
      unread ??= item;
      continue;
    }
    position = name === "tp_print" ? TYPE_FIELDS.indexOf("tp_getattr") : index + 1;
    if (standsForSeveral(knowledge, tree, value)) unread ??= item;
    else if (!isNullValue(knowledge, tree, value)) fields.set(name, { file, node: value });
  }
  return { ...base, metatype, fields, unread };
}

/**
 * The head and the field after it, where nothing but the comma of the head's macro stands between them, so that they
 * look like one expression: `PyVarObject_HEAD_INIT(NULL, 0).tp_name = "m.T"`, or `MY_HEAD "m.T"`.
 */
function joinedToHead(
  knowledge: MacroKnowledge,
  tree: Tree,
  item: Node,
): { readonly metatype: Node | null; readonly field: string; readonly value: Node } | null {
  if (tree.kind(item) === "concatenated_string") {
    const [macro, value, ...more] = tree.named(item);
    if (macro === undefined || value === undefined || more.length > 0 || tree.kind(macro) !== "identifier") return null;
    return isHeadMacro(knowledge, tree, macro) ? { metatype: null, field: "tp_name", value } : null;
  }
  if (tree.kind(item) !== "assignment_expression") return null;
  const left = tree.field(item, "left");
  if (tree.kind(left) !== "field_expression") return null;
  const head = headOf(knowledge, tree, tree.field(left, "argument"));
  const field = tree.source(tree.field(left, "field"));
  if (head === null || !head.hasSize || !TYPE_FIELDS.includes(field)) return null;
  return { metatype: head.metatype, field, value: tree.field(item, "right") };
}

/** Whether a name is a macro that is the head of a type without a metatype whatever `#if` decides. */
function isHeadMacro(knowledge: MacroKnowledge, tree: Tree, n: Node): boolean {
  const definitions = knowledge.definitions.get(tree.source(n)) ?? [];
  return definitions.length > 0 && definitions.every((d) => d.parameters === null && isPlainHead(d.body));
}

/** Whether the body of a macro is the head of a type without a metatype, up to and with its `ob_size`. */
function isPlainHead(body: string): boolean {
  const tokens = lex(body, "piece");
  const words: string[] = [];
  for (let t = 0; t < tokens.count; t++) if (tokens.kind[t] !== TokenKind.comment) words.push(tokenText(tokens, t));
  const text = words.join(" ").replace(/^(\w+ \( )(NULL|0|& PyType_Type)(?= )/, "$1TYPE");
  return [
    "PyVarObject_HEAD_INIT ( TYPE , 0 )",
    "PyVarObject_HEAD_INIT ( TYPE , 0 ) ,",
    "PyObject_HEAD_INIT ( TYPE ) 0 ,",
  ].includes(text);
}

/** What the head of an initialiser says; null when it is no known form. */
function headOf(
  knowledge: MacroKnowledge,
  tree: Tree,
  n: Node,
): { readonly metatype: Node | null; readonly hasSize: boolean } | null {
  if (tree.kind(n) === "initializer_list") {
    const items = tree.named(n);
    const inner = items[0] === undefined ? null : headOf(knowledge, tree, items[0]);
    return inner === null ? null : { metatype: inner.metatype, hasSize: true };
  }
  if (tree.kind(n) === "identifier") return isHeadMacro(knowledge, tree, n) ? { metatype: null, hasSize: true } : null;
  if (tree.kind(n) !== "call_expression") return null;
  const name = tree.source(tree.field(n, "function"));
  if (name !== "PyVarObject_HEAD_INIT" && name !== "PyObject_HEAD_INIT") return null;
  const type = tree.named(tree.field(n, "arguments"))[0];
  const isPlain = type === undefined || isNullValue(knowledge, tree, type) || tree.source(type) === "&PyType_Type";
  return { metatype: isPlain ? null : type, hasSize: name === "PyVarObject_HEAD_INIT" };
}

/** The table that a field such as `tp_as_number` points to; null when it is not a plain variable or literal. */
export function readSuite(project: Project, field: string, value: FieldValue): Suite | null {
  const names = SUITE_FIELDS.get(field);
  if (names === undefined) return null;
  const { file } = value;
  const { tree } = file;
  let at = stripParentheses(tree, value.node);
  while (tree.kind(at) === "cast_expression") at = stripParentheses(tree, tree.field(at, "value"));
  if (tree.kind(at) === "pointer_expression") at = stripParentheses(tree, tree.field(at, "argument"));
  if (tree.kind(at) === "compound_literal_expression")
    return suiteOf(project.knowledge, file, tree.field(at, "value"), names, null);
  if (tree.kind(at) !== "identifier") return null;
  const variables = (project.globals.get(tree.source(at)) ?? []).filter((g) => !g.isExtern);
  const initialised = variables.filter((g) => g.declarator.value !== NONE);
  const variable =
    initialised.find((g) => g.file === file) ??
    (initialised.length === 1 ? initialised[0] : variables.find((g) => g.file === file));
  if (variable === undefined) return null;
  const initializer = variable.declarator.value;
  return initializer === NONE
    ? { variable, fields: new Map() }
    : suiteOf(project.knowledge, variable.file, initializer, names, variable);
}

/** Whether a value is a macro of the project that stands for several parts of an initialiser. */
function standsForSeveral(knowledge: MacroKnowledge, tree: Tree, n: Node): boolean {
  const at = tree.kind(n) === "call_expression" ? tree.field(n, "function") : n;
  if (tree.kind(at) !== "identifier") return false;
  return (knowledge.definitions.get(tree.source(at)) ?? []).some(({ body }) => {
    const tokens = lex(body, "piece");
    let depth = 0;
    for (let t = 0; t < tokens.count; t++) {
      const text = tokenText(tokens, t);
      if (text === "(" || text === "{") depth++;
      else if (text === ")" || text === "}") depth--;
      else if (depth === 0 && (text === "," || (t === 0 && text === "."))) return true;
    }
    return false;
  });
}

/** Whether a value is a null pointer, as written or by macros of the project. */
function isNullValue(knowledge: MacroKnowledge, tree: Tree, n: Node): boolean {
  if (isNullConstant(tree, n)) return true;
  const at = stripCasts(tree, n);
  const isCall = tree.kind(at) === "call_expression";
  const definitions = knowledge.definitions.get(tree.source(isCall ? tree.field(at, "function") : at)) ?? [];
  return (
    definitions.length > 0 &&
    definitions.every((d) => (d.parameters !== null) === isCall && isNullText(d.body, d.parameters ?? []))
  );
}

/** Whether the body of a macro is a null pointer whatever its arguments are. */
function isNullText(body: string, parameters: readonly string[]): boolean {
  const tokens = lex(body, "piece");
  const words: string[] = [];
  for (let t = 0; t < tokens.count; t++) {
    const word = tokenText(tokens, t);
    if (parameters.includes(word)) return false;
    if (tokens.kind[t] !== TokenKind.punctuation) words.push(word);
  }
  return words.length === 1 && (words[0] === "0" || words[0] === "NULL");
}

function suiteOf(
  knowledge: MacroKnowledge,
  file: ParsedFile,
  initializer: Node,
  names: readonly string[],
  variable: GlobalVariable | null,
): Suite | null {
  const { tree } = file;
  if (tree.kind(initializer) !== "initializer_list") return null;
  const fields = new Map<string, FieldValue>();
  let position = 0;
  for (const item of tree.named(initializer)) {
    if (isDead(file, tree.start(item))) continue;
    const isPair = tree.kind(item) === "initializer_pair";
    const value = isPair ? tree.field(item, "value") : item;
    const name = isPair ? tree.source(tree.named(tree.field(item, "designator"))[0] ?? item) : names[position];
    if (name === undefined || !names.includes(name)) return null;
    position = names.indexOf(name) + 1;
    if (!isNullValue(knowledge, tree, value)) fields.set(name, { file, node: value });
  }
  return { variable, fields };
}
