/** What the names and expressions of one function mean, as far as references to objects need it. */

import type { CapiFunction } from "../model/api/capi.ts";
import { CAPI_CONSTANTS, CAPI_FUNCTIONS } from "../model/api/capi-table.ts";
import { CONTEXT_HANDLES } from "../model/api/context-handles.ts";
import {
  type CType,
  type Declarator,
  decodeEscapes,
  isObjectPointer,
  isObjectPointerPointer,
  mentionsObject,
  readDeclarators,
  readTypeDescriptor,
  stringValue,
  stripParentheses,
} from "../model/declarations.ts";
import { type CFunction, type GlobalVariable, type Project, resolveFunction } from "../model/project.ts";
import { lex, TokenKind } from "../syntax/lexer.ts";
import type { Span } from "../syntax/source.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";

/** What an expression is to the ownership analysis. */
export type ExpressionType =
  /** A reference to an object held in a local, a parameter or a temporary: becomes a handle. */
  | "handle"
  /** A `PyObject *` that lives in C memory and stays one: a global, a struct field, an element of an array. */
  | "cell"
  /** `PyObject **` parameter or address of a local reference. */
  | "handle-pointer"
  /** The null pointer constant. */
  | "null"
  | "other";

/** A local variable or parameter. */
export interface Local {
  readonly name: string;
  readonly type: CType;
  readonly declarator: Declarator;
  /** Declaration statement; NONE for a parameter. */
  readonly declaration: Node;
  readonly parameter: number;
  readonly isStatic: boolean;
}

/** A refusal found while reading a function. */
export class Refused extends Error {
  readonly id: string;
  readonly span: Span;
  constructor(id: string, span: Span, message: string) {
    super(message);
    this.id = id;
    this.span = span;
  }
}

/** How a called name resolves. */
export type Callee =
  | { readonly kind: "capi"; readonly name: string; readonly facts: CapiFunction }
  | { readonly kind: "project"; readonly target: CFunction }
  /** A C function or a macro without objects. */
  | { readonly kind: "foreign"; readonly name: string }
  /** Anything but a plain name. */
  | { readonly kind: "computed" };

const TYPE_OBJECT_SUFFIX = "_Type";

/** Whether a name belongs to the C API by its form: `Py...`, `_Py...`. */
export function looksLikeCapi(name: string): boolean {
  const start = name.startsWith("_Py") ? 3 : name.startsWith("Py") ? 2 : 0;
  if (start === 0) return false;
  const next = name.charAt(start);
  return next === "_" || (next >= "A" && next <= "Z");
}

export class Typing {
  readonly project: Project;
  readonly fn: CFunction;
  readonly tree: Tree;
  readonly locals: ReadonlyMap<string, Local>;
  readonly #fields: ReadonlyMap<string, FieldKind>;
  /** Name of the `PyObject *const *args` parameter of a METH_FASTCALL function; empty for others. */
  readonly #fastcallArguments: string;
  /** Locals that stay `PyObject *` because their address goes to the C API. */
  readonly rawLocals: ReadonlySet<string>;

  constructor(project: Project, fn: CFunction, fields: ReadonlyMap<string, FieldKind>, fastcallArguments: string) {
    this.project = project;
    this.fn = fn;
    this.tree = fn.file.tree;
    this.#fields = fields;
    this.#fastcallArguments = fastcallArguments;
    this.locals = this.#readLocals();
    this.rawLocals = this.#findRawLocals();
  }

  #findRawLocals(): ReadonlySet<string> {
    const tree = this.tree;
    const raw = new Set<string>();
    for (const n of tree.descendants(this.fn.body, "pointer_expression")) {
      if (tree.token(n, "&") === NONE) continue;
      const argument = stripParentheses(tree, tree.field(n, "argument"));
      const local = tree.kind(argument) === "identifier" ? this.locals.get(tree.source(argument)) : undefined;
      if (local === undefined || local.parameter >= 0 || local.isStatic || !isObjectPointer(local.type)) continue;
      let at = n;
      while (["parenthesized_expression", "cast_expression"].includes(tree.kind(tree.parent(at)))) at = tree.parent(at);
      const list = tree.parent(at);
      if (tree.kind(list) !== "argument_list") continue;
      const callee = this.callee(tree.parent(list));
      if (callee.kind !== "capi" || callee.name.startsWith("PyArg_")) continue;
      const ownership = callee.facts.parameters[tree.named(list).indexOf(at)]?.ownership;
      if (ownership === "out-new" || ownership === "out-borrowed" || ownership === "in-out") raw.add(local.name);
    }
    return raw;
  }

  span(n: Node): Span {
    return { start: this.tree.start(n), end: this.tree.end(n) };
  }

  refuse(id: string, n: Node, message: string): never {
    throw new Refused(id, this.span(n), message);
  }

  #readLocals(): ReadonlyMap<string, Local> {
    const tree = this.tree;
    const locals = new Map<string, Local>();
    this.fn.parameters.forEach((p, index) => {
      if (p.name !== "")
        locals.set(p.name, {
          name: p.name,
          type: p.type,
          declarator: p,
          declaration: NONE,
          parameter: index,
          isStatic: false,
        });
    });
    const scopes = new Map<string, Node[]>();
    for (const declaration of tree.descendants(this.fn.body, "declaration")) {
      const isStatic = tree.children(declaration).some((c) => tree.source(c) === "static");
      for (const declarator of readDeclarators(tree, declaration)) {
        if (declarator.name === "") continue;
        const scope = tree.enclosing(tree.parent(declaration), "compound_statement", "for_statement");
        const earlier = locals.get(declarator.name);
        if (earlier !== undefined) {
          const sameType = JSON.stringify(earlier.type) === JSON.stringify(declarator.type);
          const nested =
            earlier.parameter >= 0 ||
            (scopes.get(declarator.name) ?? []).some(
              (s) => (scope >= s && scope < tree.next(s)) || (s >= scope && s < tree.next(scope)),
            );
          const objects = mentionsObject(earlier.type) || mentionsObject(declarator.type);
          if (objects && (nested || !sameType || isStatic || earlier.isStatic))
            this.refuse(
              "shadowed-variable",
              declarator.node,
              `\`${declarator.name}\` is declared more than once with overlapping scopes or different types.`,
            );
          scopes.get(declarator.name)?.push(scope);
          continue;
        }
        scopes.set(declarator.name, [scope]);
        locals.set(declarator.name, {
          name: declarator.name,
          type: declarator.type,
          declarator,
          declaration,
          parameter: -1,
          isStatic,
        });
      }
    }
    return locals;
  }

  /** Every declaration of a local name (sibling blocks may reuse it). */
  declarationsOf(name: string): { readonly declaration: Node; readonly declarator: Declarator }[] {
    const found: { declaration: Node; declarator: Declarator }[] = [];
    for (const declaration of this.tree.descendants(this.fn.body, "declaration"))
      for (const declarator of readDeclarators(this.tree, declaration))
        if (declarator.name === name) found.push({ declaration, declarator });
    return found;
  }

  /** Name of a project macro that stands for another name (`#define PyString_Check PyUnicode_Check`), resolved. */
  canonicalName(name: string): string {
    let at = name;
    for (let depth = 0; depth < 10; depth++) {
      const definitions = (this.project.knowledge.definitions.get(at) ?? []).filter((d) => this.#isLiveDefinition(d));
      if (definitions.length !== 1) return at;
      const definition = definitions[0];
      if (definition === undefined || definition.parameters !== null) return at;
      const tokens = lex(definition.body, "piece");
      if (tokens.count !== 1 || tokens.kind[0] !== TokenKind.identifier) return at;
      at = definition.body.trim();
    }
    return at;
  }

  /** Text of string literals and of the project's macros that stand for them; null for anything else. */
  stringOf(n: Node): string | null {
    const at = stripParentheses(this.tree, n);
    if (at === NONE) return null;
    if (this.tree.kind(at) !== "concatenated_string") {
      const source = this.tree.source(at);
      return stringValue(this.tree, at) ?? (this.locals.has(source) ? null : this.#stringMacro(source, 0));
    }
    const pieces = this.tree.named(at).map((part) => this.stringOf(part));
    return pieces.includes(null) ? null : pieces.join("");
  }

  #stringMacro(name: string, depth: number): string | null {
    const known = (this.project.knowledge.definitions.get(name) ?? []).filter((d) => this.#isLiveDefinition(d));
    const own = known.filter((d) => d.path === this.fn.file.path);
    const definitions = own.length > 0 ? own : known;
    const definition = definitions[0];
    if (definitions.length !== 1 || definition === undefined || definition.parameters !== null || depth > 10)
      return null;
    const tokens = lex(definition.body, "piece");
    let text = "";
    for (let i = 0; i < tokens.count; i++) {
      const source = tokens.text.slice(tokens.start[i], tokens.end[i]);
      const piece =
        tokens.kind[i] === TokenKind.identifier
          ? this.#stringMacro(source, depth + 1)
          : tokens.kind[i] === TokenKind.string && source.startsWith('"')
            ? decodeEscapes(source.slice(1, -1))
            : null;
      if (piece === null) return null;
      text += piece;
    }
    return tokens.count === 0 ? null : text;
  }

  #isLiveDefinition(definition: { readonly path: string; readonly span: Span }): boolean {
    const file = this.project.files.find((f) => f.path === definition.path);
    if (file === undefined) return true;
    return !file.conditionals.some((c) =>
      c.branches.some(
        (b) => b.liveness === "dead" && definition.span.start >= b.body.start && definition.span.start < b.body.end,
      ),
    );
  }

  /** A macro of the project with this name that is not a mere alias; null when there is none. */
  macroNamed(name: string): { readonly body: string; readonly parameters: readonly string[] | null } | null {
    const definitions = (this.project.knowledge.definitions.get(name) ?? []).filter((d) => this.#isLiveDefinition(d));
    return definitions[0] ?? null;
  }

  /** Whether a macro's expansion has the C API, objects or control flow in it, and which name shows it. */
  macroProblem(name: string, seen: ReadonlySet<string> = new Set()): string | null {
    if (seen.has(name)) return null;
    const within = new Set([...seen, name]);
    for (const definition of this.project.knowledge.definitions.get(name) ?? []) {
      if (!this.#isLiveDefinition(definition)) continue;
      const tokens = lex(definition.body, "piece");
      for (let i = 0; i < tokens.count; i++) {
        if (tokens.kind[i] !== TokenKind.identifier) continue;
        const word = tokens.text.slice(tokens.start[i], tokens.end[i]);
        if (definition.parameters?.includes(word)) continue;
        if (word === "return" || word === "goto" || word === "break" || word === "continue") return word;
        if (looksLikeCapi(word) && !HARMLESS_CAPI.has(word)) return word;
        const local = this.locals.get(word);
        if (local !== undefined && mentionsObject(local.type)) return word;
        if (this.project.functions.get(word)?.some((f) => touchesObjects(f))) return word;
        if (this.project.globals.get(word)?.some((g) => mentionsObject(g.declarator.type))) return word;
        const nested = this.macroProblem(word, within);
        if (nested !== null) return nested;
      }
    }
    return null;
  }

  local(name: string): Local | undefined {
    return this.locals.get(name);
  }

  global(name: string): GlobalVariable | undefined {
    if (this.locals.has(name)) return undefined;
    const all = this.project.globals.get(name) ?? [];
    return all.find((g) => g.file === this.fn.file && !g.isExtern) ?? all.find((g) => !g.isExtern) ?? all[0];
  }

  /** Resolves the function of a call expression. */
  callee(call: Node): Callee {
    const tree = this.tree;
    const n = stripParentheses(tree, tree.field(call, "function"));
    if (n === NONE || tree.kind(n) !== "identifier") return { kind: "computed" };
    const written = tree.source(n);
    if (this.locals.has(written)) return { kind: "computed" };
    const name = this.canonicalName(written);
    const target = resolveFunction(this.project, this.fn.file, name);
    if (target !== null) return { kind: "project", target };
    const facts = CAPI_FUNCTIONS.get(name);
    if (facts !== undefined) return { kind: "capi", name, facts };
    return { kind: "foreign", name };
  }

  /** Whether an identifier names a constant object of the C API (`Py_None`, `PyExc_TypeError`), and which. */
  constantObject(name: string): string | null {
    if (this.locals.has(name) || this.project.globals.has(name)) return null;
    const canonical = this.canonicalName(name);
    return this.#isConstantName(canonical) && CONTEXT_HANDLES.has(canonical) ? canonical : null;
  }

  #isConstantName(name: string): boolean {
    const constant = CAPI_CONSTANTS.get(name);
    return constant !== undefined && (constant.kind === "object" || constant.kind === "exception");
  }

  /** Name of the type object for `&PyList_Type` where HPy has a context handle for it; null for anything else. */
  typeObject(n: Node): string | null {
    const name = this.#typeObjectName(n);
    return name !== null && CONTEXT_HANDLES.has(`&${name}`) ? name : null;
  }

  #typeObjectName(n: Node): string | null {
    const tree = this.tree;
    const at = stripParentheses(tree, n);
    if (at === NONE || tree.kind(at) !== "pointer_expression" || tree.token(at, "&") === NONE) return null;
    const argument = stripParentheses(tree, tree.field(at, "argument"));
    if (argument === NONE || tree.kind(argument) !== "identifier") return null;
    const name = this.canonicalName(tree.source(argument));
    if (this.locals.has(name) || this.project.globals.has(name)) return null;
    const constant = CAPI_CONSTANTS.get(name);
    return constant?.kind === "type-object" || (looksLikeCapi(name) && name.endsWith(TYPE_OBJECT_SUFFIX)) ? name : null;
  }

  /** Whether this is `&T` with a static type object of the project, which stays a C object. */
  isProjectType(n: Node): boolean {
    const tree = this.tree;
    const at = stripParentheses(tree, n);
    if (at === NONE || tree.kind(at) !== "pointer_expression" || tree.token(at, "&") === NONE) return false;
    const argument = stripParentheses(tree, tree.field(at, "argument"));
    if (argument === NONE || tree.kind(argument) !== "identifier") return false;
    const type = this.global(tree.source(argument))?.declarator.type;
    return type !== undefined && type.base === "PyTypeObject" && type.pointers === 0 && type.arrays === 0;
  }

  /** Classifies an expression. */
  typeOf(n: Node): ExpressionType {
    const tree = this.tree;
    switch (tree.kind(n)) {
      case "parenthesized_expression": {
        const inner = tree.named(n)[0];
        return inner === undefined ? "other" : this.typeOf(inner);
      }
      case "null":
        return "null";
      case "identifier": {
        const name = tree.source(n);
        if (name === "NULL" || name === "nullptr") return "null";
        const local = this.locals.get(name);
        if (local !== undefined) return this.rawLocals.has(name) ? "cell" : classifyLocal(local);
        const global = this.global(name);
        if (global !== undefined) return isObjectPointer(global.declarator.type) ? "cell" : "other";
        if (this.constantObject(name) !== null) return "handle";
        return this.#isConstantName(this.canonicalName(name)) ? "cell" : "other";
      }
      case "call_expression": {
        const callee = this.callee(n);
        const result =
          callee.kind === "capi"
            ? parseType(callee.facts.result)
            : callee.kind === "project"
              ? callee.target.result
              : null;
        if (result === null) return "other";
        if (callee.kind === "capi" && INTEGER_LIKE_RESULTS.has(callee.name)) return "other";
        return isObjectPointer(result) ? "handle" : "other";
      }
      case "cast_expression": {
        const type = readTypeDescriptor(tree, tree.field(n, "type"));
        const inner = this.typeOf(tree.field(n, "value"));
        if (isObjectPointer(type)) {
          if (this.typeObject(tree.field(n, "value")) !== null) return "handle";
          return inner === "null" || inner === "cell" || inner === "handle" ? inner : "cell";
        }
        if (type.base === "void" && type.pointers === 1 && inner === "null") return "null";
        return inner === "handle-pointer" ? "handle-pointer" : "other";
      }
      case "assignment_expression":
        return this.typeOf(tree.field(n, "left"));
      case "conditional_expression": {
        const first = this.typeOf(tree.field(n, "consequence"));
        const second = this.typeOf(tree.field(n, "alternative"));
        if (first === "handle" || second === "handle") return "handle";
        return first === "null" ? second : first;
      }
      case "comma_expression":
        return this.typeOf(tree.field(n, "right"));
      case "pointer_expression": {
        if (this.typeObject(n) !== null) return "handle";
        if (this.isProjectType(n) || this.#typeObjectName(n) !== null) return "cell";
        const argument = tree.field(n, "argument");
        if (tree.token(n, "*") !== NONE)
          return this.typeOf(argument) === "handle-pointer" ? "handle" : this.#cellType(n);
        return this.typeOf(argument) === "handle" && tree.kind(stripParentheses(tree, argument)) === "identifier"
          ? "handle-pointer"
          : "other";
      }
      case "field_expression":
      case "subscript_expression":
        return this.#cellType(n);
      default:
        return "other";
    }
  }

  #cellType(n: Node): ExpressionType {
    const tree = this.tree;
    switch (tree.kind(n)) {
      case "field_expression": {
        const field = tree.source(tree.field(n, "field"));
        const kind = this.#fields.get(field);
        if (kind === "mixed")
          this.refuse(
            "ambiguous-field",
            n,
            `Several structs have a field \`${field}\`, with and without an object in it; the analysis cannot tell which this is.`,
          );
        return kind === "object" ? "cell" : "other";
      }
      case "subscript_expression": {
        const base = tree.field(n, "argument");
        if (this.isFastcallArguments(base)) return "handle";
        return this.#isObjectArray(base) ? "cell" : "other";
      }
      case "pointer_expression":
        return this.#isObjectArray(tree.field(n, "argument")) ? "cell" : "other";
      default:
        return "other";
    }
  }

  /** Whether an expression is the argument array of a METH_FASTCALL function, whose elements become handles. */
  isFastcallArguments(n: Node): boolean {
    const at = stripParentheses(this.tree, n);
    return this.#fastcallArguments !== "" && at !== NONE && this.tree.source(at) === this.#fastcallArguments;
  }

  #isObjectArray(n: Node): boolean {
    const tree = this.tree;
    const at = stripParentheses(tree, n);
    if (at === NONE) return false;
    if (tree.kind(at) === "identifier") {
      const name = tree.source(at);
      if (name === this.#fastcallArguments) return false;
      const type = this.locals.get(name)?.type ?? this.global(name)?.declarator.type;
      return type !== undefined && isObjectPointerPointer(type);
    }
    if (tree.kind(at) === "field_expression") return this.#fields.get(tree.source(tree.field(at, "field"))) === "array";
    return false;
  }
}

/** Kind of a struct field by name, over all structs of the project. */
export type FieldKind = "object" | "array" | "other" | "mixed";

/** Classifies every field name of a project's structs. */
export function collectFields(project: Project): ReadonlyMap<string, FieldKind> {
  const kinds = new Map<string, FieldKind>();
  for (const file of project.files) {
    for (const n of file.tree.descendants(0, "field_declaration")) {
      for (const d of readDeclarators(file.tree, n)) {
        if (d.name === "") continue;
        const kind: FieldKind = isObjectPointer(d.type) ? "object" : isObjectPointerPointer(d.type) ? "array" : "other";
        const earlier = kinds.get(d.name);
        kinds.set(d.name, earlier === undefined || earlier === kind ? kind : "mixed");
      }
    }
  }
  return kinds;
}

function classifyLocal(local: Local): ExpressionType {
  if (isObjectPointer(local.type)) return local.isStatic ? "cell" : "handle";
  return local.parameter >= 0 && isObjectPointerPointer(local.type) && local.type.pointers === 2
    ? "handle-pointer"
    : "other";
}

/** Whether a function takes or returns references to objects. */
function touchesObjects(f: CFunction): boolean {
  return mentionsObject(f.result) || f.parameters.some((p) => mentionsObject(p.type));
}

/** Results that are pointers in the C API and plain integers in HPy. */
const INTEGER_LIKE_RESULTS: ReadonlySet<string> = new Set(["PyErr_Occurred"]);

/** C-API names that a macro may use without touching objects or the interpreter. */
const HARMLESS_CAPI: ReadonlySet<string> = new Set([
  "Py_ssize_t",
  "Py_hash_t",
  "Py_uhash_t",
  "Py_UCS1",
  "Py_UCS2",
  "Py_UCS4",
  "Py_UNUSED",
  "Py_MIN",
  "Py_MAX",
  "Py_ABS",
  "Py_ARRAY_LENGTH",
  "Py_CHARMASK",
  "Py_LOCAL",
  "Py_LOCAL_INLINE",
  "PY_SSIZE_T_MAX",
  "PY_SSIZE_T_MIN",
  "PY_LONG_LONG",
]);

/** Reads a type written as in a C-API table: `const char *`, `PyObject **`. */
export function parseType(text: string): CType {
  const base = text
    .replaceAll("*", " ")
    .split(" ")
    .filter((w) => w !== "" && w !== "const")
    .join(" ");
  return { base, pointers: text.split("*").length - 1, arrays: 0, isFunction: false };
}
