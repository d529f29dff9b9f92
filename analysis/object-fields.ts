/**
 * The references in an object struct, and every place of a project that reads or writes them. A field can become an
 * `HPyField` only where all of these places are known: legacy code cannot read one.
 */

import { type CType, readDeclarators, readTypeDescriptor, stripParentheses } from "../model/declarations.ts";
import type { StructType } from "../model/object-structs.ts";
import { type CFunction, isDead, type Project, readFunction, resolveFunction } from "../model/project.ts";
import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import type { ParsedFile } from "../syntax/source.ts";
import { NONE, type Node } from "../syntax/tree.ts";
import { Refused } from "./typing.ts";

/** `view->field` for a field that holds a reference. */
export interface FieldUse {
  readonly file: ParsedFile;
  readonly fn: CFunction;
  /** The `field_expression`. */
  readonly node: Node;
  readonly field: string;
  /** The pointer to the struct, without parentheses. */
  readonly view: Node;
}

/** Refuses to make the references of a struct `HPyField`s; the reason reads on after a colon. */
export function fieldsStay(reason: string): Refused {
  return new Refused("fields-stay-pointers", { start: 0, end: 0 }, `Its references stay \`PyObject *\`: ${reason}.`);
}

/**
 * The fields of a struct that hold references, in their order; `PyObject_HEAD` is none.
 *
 * @throws Refused where one is an array, a struct or a pointer to a pointer, which an `HPyField` cannot replace.
 */
export function referenceFields(project: Project, struct: StructType): string[] {
  const names: string[] = [];
  for (const [name, type] of struct.fields) {
    if (name === "ob_base" || !project.objects.mentionsObject(type)) continue;
    if (!project.objects.isObjectPointer(type))
      throw fieldsStay(`\`${name}\` is no single reference but an array, a struct or a pointer to references`);
    names.push(name);
  }
  return names;
}

/**
 * Every use of some fields of a struct in live code.
 *
 * @throws Refused where a use may be of this struct or of another one, or stands outside of functions that can be read.
 */
export function fieldUses(project: Project, struct: StructType, fields: readonly string[]): FieldUse[] {
  const wanted = new Set(fields);
  const uses: FieldUse[] = [];
  for (const file of project.files) {
    if (!fields.some((f) => file.text.includes(f))) continue;
    refuseHiddenUses(file, wanted);
    const { tree } = file;
    for (const node of tree.descendants(0, "field_expression")) {
      const field = tree.source(tree.field(node, "field"));
      if (!wanted.has(field) || isDead(file, tree.start(node))) continue;
      const holder = tree.enclosing(node, "function_definition");
      const fn = holder === NONE ? null : readFunction(file, holder);
      const view = stripParentheses(tree, tree.field(node, "argument"));
      const type = typeOf(project, file, fn, view);
      // Objects are reached through pointers; what is named by value is a struct or union of another kind.
      if (type === null && tree.token(node, ".") !== NONE && tree.kind(view) !== "pointer_expression") continue;
      const found = type === null ? null : project.objects.struct(type.base);
      if (type !== null && (found === null || found.node !== struct.node || found.file !== struct.file)) continue;
      if (type === null || fn === null)
        throw fieldsStay(`it is not known whose field \`${tree.source(node)}\` in ${placeOf(file, fn)} is`);
      uses.push({ file, fn, node, field, view });
    }
  }
  return uses;
}

/** Macros and unreadable parts of a file that reach a member of one of the names. */
function refuseHiddenUses(file: ParsedFile, fields: ReadonlySet<string>): void {
  const tokens = lex(file.text);
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] !== TokenKind.directive) continue;
    const start = tokens.start[t] as number;
    const field = memberIn(file.text.slice(start + 1, tokens.end[t]), fields);
    if (field === null || isDead(file, start)) continue;
    throw fieldsStay(`a macro in ${file.path} reaches the field \`${field}\` of an object`);
  }
  for (const { span, name } of file.unparsed) {
    const field = memberIn(file.text.slice(span.start, span.end), fields);
    if (field === null) continue;
    throw fieldsStay(`\`${name}\` is not understood by the parser and may use the field \`${field}\``);
  }
}

function placeOf(file: ParsedFile, fn: CFunction | null): string {
  return fn === null ? file.path : `\`${fn.name}\``;
}

/** The first of the names that follows `->` or `.` in a text; null where none does. */
function memberIn(text: string, fields: ReadonlySet<string>): string | null {
  const tokens = lex(text, "piece");
  for (let t = 1; t < tokens.count; t++) {
    if (tokens.kind[t] !== TokenKind.identifier) continue;
    const before = tokenText(tokens, t - 1);
    const isMember = before === "." || before === "->" || (before === ">" && tokenText(tokens, t - 2) === "-");
    if (isMember && fields.has(tokenText(tokens, t))) return tokenText(tokens, t);
  }
  return null;
}

/** Type of an expression that a field is taken of; null where it is not known. */
export function typeOf(project: Project, file: ParsedFile, fn: CFunction | null, n: Node): CType | null {
  const { tree } = file;
  const at = stripParentheses(tree, n);
  switch (tree.kind(at)) {
    case "cast_expression":
      return readTypeDescriptor(tree, tree.field(at, "type"));
    case "identifier":
      return typeOfName(project, file, fn, tree.source(at));
    case "call_expression": {
      const callee = tree.source(tree.field(at, "function"));
      if (callee.endsWith("_AsStruct"))
        return { base: callee.slice(0, -"_AsStruct".length), pointers: 1, arrays: 0, isFunction: false };
      return resolveFunction(project, file, callee)?.result ?? null;
    }
    case "field_expression": {
      const holder = typeOf(project, file, fn, tree.field(at, "argument"));
      return holder === null ? null : project.objects.fieldType(holder.base, tree.source(tree.field(at, "field")));
    }
    case "assignment_expression":
      return typeOf(project, file, fn, tree.field(at, "left"));
    case "subscript_expression":
      return typeOf(project, file, fn, tree.field(at, "argument"));
    case "pointer_expression":
      return typeOf(project, file, fn, tree.field(at, "argument"));
    default:
      return null;
  }
}

function typeOfName(project: Project, file: ParsedFile, fn: CFunction | null, name: string): CType | null {
  const types: CType[] = [];
  if (fn !== null) {
    for (const p of fn.parameters) if (p.name === name) types.push(p.type);
    for (const d of file.tree.descendants(fn.body, "declaration"))
      for (const declared of readDeclarators(file.tree, d)) if (declared.name === name) types.push(declared.type);
  }
  if (types.length === 0) for (const g of project.globals.get(name) ?? []) types.push(g.declarator.type);
  const [first, ...others] = types;
  return first !== undefined && others.every((t) => t.base === first.base) ? first : null;
}
