/**
 * The structs of a project, and which of them are objects: those that begin with `PyObject_HEAD`, `PyObject_VAR_HEAD`,
 * a `PyObject` or another object struct. A pointer to such a struct is a reference to a Python object.
 */

import { lex, TokenKind } from "../syntax/lexer.ts";
import type { MacroKnowledge, ParsedFile } from "../syntax/source.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import { type CType, readDeclarators, typeSpecifier } from "./declarations.ts";

/** A struct or union type of the project. */
export interface StructType {
  /** Typedef name, the first where there are several; empty for a struct that has only a tag. */
  readonly name: string;
  /** `struct tag` or `union tag`; the place in the project for one without tag. */
  readonly tag: string;
  readonly file: ParsedFile;
  /** The `struct_specifier` with the fields. */
  readonly node: Node;
  /** Fields by name, those of anonymous members included. */
  readonly fields: ReadonlyMap<string, CType>;
  /** Where objects begin: the base type of the first member, `PyObject_HEAD` for the macro. */
  readonly head: string;
}

/** Members and macros that an object begins with. */
const HEADS: ReadonlySet<string> = new Set([
  "PyObject_HEAD",
  "PyObject_VAR_HEAD",
  "PyException_HEAD",
  "PyObject",
  "PyVarObject",
  "struct _object",
]);

/** Types of the C API for any object, whose pointers are references without a layout of their own. */
const PLAIN_OBJECTS: ReadonlySet<string> = new Set(["PyObject", "PyTypeObject", "struct _object", "PyVarObject"]);

/** Structs of the C API that describe objects of one built-in type (Include/cpython of CPython 3.11). */
const CAPI_STRUCTS: ReadonlySet<string> = new Set([
  "PyASCIIObject",
  "PyBaseExceptionObject",
  "PyByteArrayObject",
  "PyBytesObject",
  "PyCFunctionObject",
  "PyCMethodObject",
  "PyCellObject",
  "PyCodeObject",
  "PyCompactUnicodeObject",
  "PyComplexObject",
  "PyDescrObject",
  "PyDictObject",
  "PyFloatObject",
  "PyFrameObject",
  "PyFunctionObject",
  "PyGenObject",
  "PyHeapTypeObject",
  "PyListObject",
  "PyLongObject",
  "PyMemoryViewObject",
  "PyMethodObject",
  "PyModuleObject",
  "PyOSErrorObject",
  "PySetObject",
  "PySliceObject",
  "PyStopIterationObject",
  "PySyntaxErrorObject",
  "PySystemExitObject",
  "PyTupleObject",
  "PyUnicodeObject",
  "PyWeakReference",
]);

/** Which types of a project are references to objects. */
export class ObjectTypes {
  readonly #structs: ReadonlyMap<string, StructType>;
  readonly #objects = new Map<string, boolean>();

  constructor(files: readonly ParsedFile[], knowledge: MacroKnowledge) {
    this.#structs = collectStructs(files, knowledge);
  }

  /** The struct of the project that a type specifier names (`PointObject`, `struct point`); null for other types. */
  struct(base: string): StructType | null {
    return this.#structs.get(base) ?? null;
  }

  /** All object structs of the project, in the order of their names. */
  objectStructs(): readonly StructType[] {
    const found = new Set([...this.#structs].filter(([base]) => this.isObjectStruct(base)).map(([, struct]) => struct));
    return [...found].sort((a, b) => (a.name + a.tag < b.name + b.tag ? -1 : 1));
  }

  /** Whether a type specifier names a struct of the project that begins like an object. */
  isObjectStruct(base: string): boolean {
    const known = this.#objects.get(base);
    if (known !== undefined) return known;
    this.#objects.set(base, false);
    const head = this.#structs.get(base)?.head;
    const answer =
      head !== undefined &&
      (HEADS.has(head) || PLAIN_OBJECTS.has(head) || CAPI_STRUCTS.has(head) || this.isObjectStruct(head));
    this.#objects.set(base, answer);
    return answer;
  }

  /** Type of a field of a struct of the project; null where the struct or the field is not known. */
  fieldType(base: string, field: string): CType | null {
    return this.#structs.get(base)?.fields.get(field) ?? null;
  }

  /** Whether values of this type are references to Python objects: `PyObject *`, `PyListObject *`, `PointObject *`. */
  isObjectPointer(type: CType): boolean {
    return type.pointers === 1 && type.arrays === 0 && !type.isFunction && this.mentionsObject(type);
  }

  /** Whether this is `PyObject **`: an out-parameter or an array of references. */
  isObjectPointerPointer(type: CType): boolean {
    return type.pointers + type.arrays === 2 && type.pointers >= 1 && !type.isFunction && this.mentionsObject(type);
  }

  /** Whether the type has references to objects in it in some shape. */
  mentionsObject(type: CType): boolean {
    return PLAIN_OBJECTS.has(type.base) || CAPI_STRUCTS.has(type.base) || this.isObjectStruct(type.base);
  }

  /** Whether values of this type point to an object struct of the project, whose fields the code may use. */
  isStructPointer(type: CType): boolean {
    return type.pointers === 1 && type.arrays === 0 && !type.isFunction && this.isObjectStruct(type.base);
  }
}

function collectStructs(files: readonly ParsedFile[], knowledge: MacroKnowledge): ReadonlyMap<string, StructType> {
  const structs = new Map<string, StructType>();
  const aliases = new Map<string, string>();
  for (const file of files) {
    const tree = file.tree;
    for (const node of tree.descendants(0, "struct_specifier", "union_specifier")) {
      const body = tree.field(node, "body");
      if (body === NONE) continue;
      const holder = tree.parent(node);
      const tagNode = tree.field(node, "name");
      const keyword = tree.kind(node).slice(0, tree.kind(node).indexOf("_"));
      const tag = tagNode === NONE ? inlineBase(file, node) : `${keyword} ${tree.source(tagNode)}`;
      const names =
        tree.kind(holder) === "type_definition"
          ? readDeclarators(tree, holder)
              .filter((d) => d.type.pointers === 0 && d.type.arrays === 0 && !d.type.isFunction)
              .map((d) => d.name)
          : [];
      const fields = new Map<string, CType>();
      readFields(file, body, fields, knowledge);
      const head = keyword === "struct" ? headOf(tree, body, knowledge) : "";
      const struct: StructType = { name: names[0] ?? "", tag, file, node, fields, head };
      for (const name of [tag, ...names]) if (!structs.has(name)) structs.set(name, struct);
      if (file.language === "cpp" && tagNode !== NONE && keyword === "struct") {
        const plain = tag.slice("struct ".length);
        if (!structs.has(plain)) structs.set(plain, { ...struct, name: plain });
      }
    }
    for (const node of tree.descendants(0, "type_definition"))
      for (const d of readDeclarators(tree, node))
        if (d.type.pointers === 0 && d.type.arrays === 0 && !d.type.isFunction && d.name !== "")
          aliases.set(d.name, d.type.base);
  }
  for (const [name, target] of aliases) {
    if (structs.has(name)) continue;
    let at = target;
    for (let depth = 0; depth < 10 && !structs.has(at) && aliases.has(at); depth++) at = aliases.get(at) as string;
    const struct = structs.get(at);
    if (struct === undefined) continue;
    const named = struct.name === "" ? { ...struct, name } : struct;
    structs.set(name, named);
    if (struct.name === "") structs.set(at, named);
  }
  return structs;
}

/**
 * Type names are given for plain fields, and fields of anonymous structs and unions, and those that a macro of the
 * project declares, count as the struct's own.
 */
function readFields(file: ParsedFile, body: Node, fields: Map<string, CType>, knowledge: MacroKnowledge): void {
  const tree = file.tree;
  for (const declaration of tree.named(body)) {
    if (tree.kind(declaration).startsWith("preproc")) {
      readFields(file, declaration, fields, knowledge);
      continue;
    }
    if (tree.kind(declaration) !== "field_declaration") continue;
    const declarators = readDeclarators(tree, declaration);
    for (const d of declarators)
      if (d.name !== "" && !fields.has(d.name)) fields.set(d.name, namedType(file, declaration, d.type));
    if (declarators.length > 0) continue;
    const type = tree.field(declaration, "type");
    const inner = type === NONE ? NONE : tree.field(type, "body");
    if (inner !== NONE) readFields(file, inner, fields, knowledge);
    else
      for (const [name, of] of fieldsOfMacro(tree, declaration, knowledge)) if (!fields.has(name)) fields.set(name, of);
  }
}

/** Name and argument of a macro that stands where a struct declares a field; null for anything else. */
function macroInStruct(tree: Tree, declaration: Node): { readonly name: string; readonly argument: string } | null {
  const type = tree.field(declaration, "type");
  if (type === NONE) return null;
  const [name, argument] = tree.named(type);
  if (tree.kind(type) === "macro_type_specifier" && name !== undefined)
    return { name: tree.source(name), argument: argument === undefined ? "" : tree.source(argument) };
  return tree.kind(type) === "type_identifier" ? { name: tree.source(type), argument: "" } : null;
}

/** The plain fields that a macro of the project declares in a struct. */
function fieldsOfMacro(tree: Tree, declaration: Node, knowledge: MacroKnowledge): Map<string, CType> {
  const fields = new Map<string, CType>();
  const use = macroInStruct(tree, declaration);
  const definitions = use === null ? [] : (knowledge.definitions.get(use.name) ?? []);
  const [definition] = definitions;
  if (use === null || definition === undefined || definitions.length > 1) return fields;
  const tokens = lex(definition.body, "piece");
  let words: string[] = [];
  let isPasted = false;
  for (let t = 0; t < tokens.count; t++) {
    const source = tokens.text.slice(tokens.start[t], tokens.end[t]);
    if (source === "#") {
      isPasted = true;
      continue;
    }
    const word = source === definition.parameters?.[0] ? use.argument : source;
    if (isPasted) words.push(`${words.pop() ?? ""}${word}`);
    else if (HEADS.has(word)) words = [];
    else words.push(word);
    isPasted = false;
    if (words.at(-1) !== ";") continue;
    const name = words.at(-2) ?? "";
    const base = words.slice(0, -2).filter((w) => w !== "*" && w !== "const" && w !== "volatile");
    const pointers = words.filter((w) => w === "*").length;
    if (!words.some((w) => "[](){},:=".includes(w)) && base.length > 0)
      fields.set(name, { base: base.join(" "), pointers, arrays: 0, isFunction: false });
    words = [];
  }
  return fields;
}

/** Name by which a struct or union without tag is known here: by its place. */
function inlineBase(file: ParsedFile, node: Node): string {
  return `${file.path}:${file.tree.start(node)}`;
}

/** The type that a declaration gives a declarator, where a struct or union without tag has a name of its own. */
export function namedType(file: ParsedFile, declaration: Node, type: CType): CType {
  const tree = file.tree;
  const node = tree.field(declaration, "type");
  const isInline = node !== NONE && tree.field(node, "body") !== NONE && tree.field(node, "name") === NONE;
  return isInline ? { ...type, base: inlineBase(file, node) } : type;
}

/** Base type of the first member when it is no pointer; macros of the project are looked through. */
function headOf(tree: Tree, body: Node, knowledge: MacroKnowledge): string {
  const first = tree.named(body)[0];
  if (first === undefined || tree.kind(first) !== "field_declaration") return "";
  const declarators = readDeclarators(tree, first);
  if (declarators.some((d) => d.type.pointers > 0 || d.type.arrays > 0)) return "";
  const base = declarators.length > 0 ? "" : macroInStruct(tree, first)?.name;
  return base === "" || base === undefined ? typeSpecifier(tree, first) : behindMacros(base, knowledge);
}

/** First word that a macro stands for, through macros that stand for macros. */
function behindMacros(word: string, knowledge: MacroKnowledge): string {
  let at = word;
  for (let depth = 0; depth < 10 && !HEADS.has(at); depth++) {
    const body = knowledge.definitions.get(at)?.[0]?.body;
    if (body === undefined) return at;
    const tokens = lex(body, "piece");
    if (tokens.count === 0 || tokens.kind[0] !== TokenKind.identifier) return at;
    at = body.slice(tokens.start[0], tokens.end[0]);
  }
  return at;
}
