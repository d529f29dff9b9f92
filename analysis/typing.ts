/** What the names and expressions of one function mean, as far as references to objects need it. */

import type { CapiFunction } from "../model/api/capi.ts";
import { CAPI_CONSTANTS, CAPI_FUNCTIONS } from "../model/api/capi-table.ts";
import { CAPSULE_FUNCTIONS } from "../model/api/capsule-functions.ts";
import { CONTEXT_HANDLES } from "../model/api/context-handles.ts";
import {
  type CType,
  type Declarator,
  decodeEscapes,
  readDeclarators,
  readTypeDescriptor,
  stringValue,
  stripCasts,
  stripParentheses,
} from "../model/declarations.ts";
import { namedType, type ObjectTypes } from "../model/object-structs.ts";
import {
  areAlternatives,
  type CFunction,
  type GlobalVariable,
  isDead,
  type Project,
  resolveFunction,
} from "../model/project.ts";
import { jumpOut } from "../syntax/jumps.ts";
import { lex, TokenKind } from "../syntax/lexer.ts";
import type { Span } from "../syntax/source.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import { HARMLESS_CAPI, looksLikeCapi } from "./capi-names.ts";
import { type Construction, readConstruction, readSlotCall } from "./constructions.ts";
import { callsApi, isPlainFunction, STRUCT_CALLS, type StructUse, structUse } from "./struct-views.ts";

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
  /** Id of the refusal of another function that this one only follows; its own id where there is none. */
  readonly root: string;
  constructor(id: string, span: Span, message: string, root = id) {
    super(message);
    this.id = id;
    this.span = span;
    this.root = root;
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

export class Typing {
  readonly project: Project;
  readonly fn: CFunction;
  readonly tree: Tree;
  readonly locals: ReadonlyMap<string, Local>;
  readonly #fields: ReadonlyMap<string, FieldKind>;
  /** Name of the `PyObject *const *args` parameter of a METH_FASTCALL function; empty for others. */
  readonly #fastcallArguments: string;
  readonly objects: ObjectTypes;
  /**
   * Locals that stay C pointers to objects: those whose address goes to the C API, and pointers to object structs that
   * only come from C memory and only serve to reach fields.
   */
  readonly rawLocals: ReadonlySet<string>;
  /** Locals `S *` that only serve to reach the fields of an object that another variable holds. */
  readonly viewLocals: ReadonlySet<string>;
  /** Locals and parameters `S *` that become a handle and, because their fields are used too, a view. */
  readonly viewedHandles: ReadonlySet<string>;

  constructor(project: Project, fn: CFunction, fields: ReadonlyMap<string, FieldKind>, fastcallArguments: string) {
    this.project = project;
    this.fn = fn;
    this.tree = fn.file.tree;
    this.objects = project.objects;
    this.#fields = fields;
    this.#fastcallArguments = fastcallArguments;
    this.locals = this.#readLocals();
    const raw = this.#findRawLocals();
    const views = new Set<string>();
    this.rawLocals = raw;
    this.viewLocals = views;
    this.viewedHandles = this.#classifyStructs(raw, views);
  }

  /** Sorts the locals that point to object structs; answers those that become a handle and a view. */
  #classifyStructs(raw: Set<string>, views: Set<string>): ReadonlySet<string> {
    const uses = new Map<string, { use: StructUse; by: Node; at: Node }[]>();
    for (const local of this.locals.values())
      if (!local.isStatic && this.objects.isStructPointer(local.type) && !raw.has(local.name)) uses.set(local.name, []);
    if (uses.size === 0) return new Set();
    const place = { project: this.project, file: this.fn.file, isLocal: (name: string) => this.locals.has(name) };
    for (const n of this.tree.descendants(this.fn.body, "identifier")) {
      const list = uses.get(this.tree.source(n));
      if (list !== undefined && !this.#isDeclaredName(n)) list.push({ ...structUse(place, n), at: n });
    }
    // Best first: a plain C pointer, then a view of another variable's object, then a handle.
    for (const [name, list] of uses) {
      const local = this.locals.get(name) as Local;
      const isPlain = list.every((u) => u.use !== "object" && !this.#isObjectCopy(u));
      if (local.parameter < 0 && (isPlain || this.#isChain(name, list))) raw.add(name);
    }
    for (let changed = true; changed; ) {
      changed = false;
      for (const name of [...raw, ...views]) {
        const list = uses.get(name);
        if (list === undefined) continue;
        const sources = this.#definitionsOf(name, list);
        if (raw.has(name)) {
          if (sources.every((s) => this.#isRawSource(s))) continue;
          raw.delete(name);
          views.add(name);
          changed = true;
        }
        const isView =
          sources.every((s) => this.#isViewSource(s)) &&
          list.every((u) => u.use !== "object" && (u.use !== "copy" || this.#isToView(u.by)));
        if (isView) continue;
        views.delete(name);
        changed = true;
      }
    }
    const viewed = new Set<string>();
    for (const [name, list] of uses)
      if (!raw.has(name) && !views.has(name) && list.some((u) => u.use === "view" || this.#isViewCopy(u, views)))
        viewed.add(name);
    return viewed;
  }

  /** Whether a name is the declared name of a declarator. */
  #isDeclaredName(n: Node): boolean {
    const tree = this.tree;
    let at = n;
    for (;;) {
      const parent = tree.parent(at);
      if (tree.kind(parent) === "declaration") return true;
      if (tree.kind(parent) === "init_declarator") return tree.field(parent, "declarator") === at;
      if (!tree.kind(parent).endsWith("_declarator")) return false;
      at = parent;
    }
  }

  /** A copy into something that is no pointer to an object struct, so that the object itself is meant. */
  #isObjectCopy(found: { readonly use: StructUse; readonly by: Node }): boolean {
    if (found.use !== "copy") return false;
    const type = this.#copyTarget(found.by);
    return type === null || !this.objects.isStructPointer(type);
  }

  /** Whether the target of a copy is a local view. */
  #isToView(by: Node): boolean {
    const target = this.#copiedTo(by);
    return target !== NONE && this.viewLocals.has(this.tree.source(target));
  }

  /** A variable that walks from one object to the next: it is set to what its own fields hold. */
  #isChain(name: string, uses: readonly { readonly use: StructUse; readonly by: Node }[]): boolean {
    const tree = this.tree;
    if (uses.some((u) => tree.kind(u.by) === "pointer_expression" && tree.token(u.by, "&") !== NONE)) return false;
    return uses.some((u) => {
      if (u.use !== "definition") return false;
      const from = stripCasts(tree, tree.field(u.by, "right"));
      return (
        tree.kind(from) === "field_expression" && tree.source(stripCasts(tree, tree.field(from, "argument"))) === name
      );
    });
  }

  #copyTarget(by: Node): CType | null {
    const tree = this.tree;
    if (tree.kind(by) === "assignment_expression") return this.ctypeOf(tree.field(by, "left"));
    const name = tree.source(readDeclaredName(tree, tree.field(by, "declarator")));
    return this.locals.get(name)?.type ?? null;
  }

  #isViewCopy(found: { readonly use: StructUse; readonly by: Node }, views: ReadonlySet<string>): boolean {
    if (found.use !== "copy") return false;
    const target = this.#copiedTo(found.by);
    return target !== NONE && views.has(this.tree.source(target));
  }

  /** What an assignment or declarator sets. */
  #copiedTo(by: Node): Node {
    const tree = this.tree;
    return tree.kind(by) === "assignment_expression"
      ? stripParentheses(tree, tree.field(by, "left"))
      : readDeclaredName(tree, tree.field(by, "declarator"));
  }

  /** The expressions that a local is set to. */
  #definitionsOf(name: string, uses: readonly { readonly use: StructUse; readonly by: Node }[]): Node[] {
    const sources = this.declarationsOf(name)
      .map((d) => d.declarator.value)
      .filter((v) => v !== NONE);
    for (const u of uses) if (u.use === "definition") sources.push(this.tree.field(u.by, "right"));
    return sources;
  }

  #isRawSource(n: Node): boolean {
    const type = this.typeOf(n);
    if (type === "cell" || type === "null") return true;
    return type === "other" && !this.#isViewOf(n);
  }

  /** An expression that is a view of a variable's object already. */
  #isViewOf(n: Node): boolean {
    const at = stripCasts(this.tree, n);
    return this.tree.kind(at) === "identifier" && this.viewLocals.has(this.tree.source(at));
  }

  #isViewSource(n: Node): boolean {
    if (this.typeOf(n) === "null" || this.#isViewOf(n)) return true;
    const at = stripCasts(this.tree, n);
    return (
      this.typeOf(n) === "handle" &&
      this.tree.kind(at) === "identifier" &&
      this.locals.has(this.tree.source(at)) &&
      this.typeOf(at) === "handle"
    );
  }

  #findRawLocals(): Set<string> {
    const tree = this.tree;
    const raw = new Set<string>();
    for (const n of tree.descendants(this.fn.body, "pointer_expression")) {
      if (tree.token(n, "&") === NONE) continue;
      const argument = stripParentheses(tree, tree.field(n, "argument"));
      const local = tree.kind(argument) === "identifier" ? this.locals.get(tree.source(argument)) : undefined;
      if (local === undefined || local.parameter >= 0 || local.isStatic || !this.objects.isObjectPointer(local.type))
        continue;
      let at = n;
      while (["parenthesized_expression", "cast_expression"].includes(tree.kind(tree.parent(at)))) at = tree.parent(at);
      const list = tree.parent(at);
      if (tree.kind(list) !== "argument_list") continue;
      const callee = this.callee(tree.parent(list));
      if (callee.kind !== "capi" || callee.name.startsWith("PyArg_")) continue;
      const ownership = callee.facts.parameters[tree.named(list).indexOf(at)]?.ownership;
      if (ownership === "out-new" || ownership === "out-borrowed" || ownership === "in-out") raw.add(local.name);
    }
    for (const name of this.#findReplaced()) raw.add(name);
    return raw;
  }

  /**
   * Locals that only keep what a field or global held until it is replaced, and release that or put it back into C
   * memory: `old = self->x; self->x = new; Py_XDECREF(old);`. The reference moves from C memory to C memory, so no handle
   * is needed.
   */
  #findReplaced(): string[] {
    const tree = this.tree;
    const place = { project: this.project, file: this.fn.file, isLocal: (name: string) => this.locals.has(name) };
    const uses = new Map<string, { use: StructUse; by: Node }[]>();
    for (const local of this.locals.values())
      if (local.parameter < 0 && !local.isStatic && this.objects.isObjectPointer(local.type)) uses.set(local.name, []);
    for (const n of tree.descendants(this.fn.body, "identifier")) {
      const list = uses.get(tree.source(n));
      if (list !== undefined && !this.#isDeclaredName(n)) list.push(structUse(place, n));
    }
    const isRelease = (by: Node): boolean =>
      tree.kind(by) === "argument_list" &&
      ["Py_DECREF", "Py_XDECREF"].includes(tree.source(tree.field(tree.parent(by), "function")));
    const isPutBack = ({ use, by }: { readonly use: StructUse; readonly by: Node }): boolean => {
      if (use !== "copy" || tree.kind(by) !== "assignment_expression") return false;
      const target = stripParentheses(tree, tree.field(by, "left"));
      return tree.kind(target) === "field_expression" || this.#isGlobalName(target);
    };
    return [...uses]
      .filter(
        ([name, list]) =>
          list.some((u) => isRelease(u.by) || isPutBack(u)) &&
          list.every(
            (u) => u.use === "test" || u.use === "none" || u.use === "definition" || isRelease(u.by) || isPutBack(u),
          ) &&
          this.#definitionsOf(name, list).every((source) => {
            const from = stripCasts(tree, source);
            return tree.kind(from) === "field_expression" || this.#isGlobalName(from) || isNullName(tree, from);
          }),
      )
      .map(([name]) => name);
  }

  #isGlobalName(n: Node): boolean {
    return this.tree.kind(n) === "identifier" && this.global(this.tree.source(n)) !== undefined;
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
    const { file } = this.fn;
    for (const declaration of tree.descendants(this.fn.body, "declaration")) {
      if (isDead(file, tree.start(declaration))) continue;
      const isStatic = tree.children(declaration).some((c) => tree.source(c) === "static");
      for (const declarator of readDeclarators(tree, declaration)) {
        if (declarator.name === "") continue;
        const scope = tree.enclosing(tree.parent(declaration), "compound_statement", "for_statement");
        const earlier = locals.get(declarator.name);
        if (earlier !== undefined) {
          const sameType = JSON.stringify(earlier.type) === JSON.stringify(declarator.type);
          if (sameType && !isStatic && earlier.parameter < 0 && areAlternatives(file, earlier.declaration, declaration))
            continue;
          const nested =
            earlier.parameter >= 0 ||
            (scopes.get(declarator.name) ?? []).some(
              (s) => (scope >= s && scope < tree.next(s)) || (s >= scope && s < tree.next(scope)),
            );
          const objects = this.objects.mentionsObject(earlier.type) || this.objects.mentionsObject(declarator.type);
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
      if (this.locals.has(source)) return this.#constantString(source);
      return stringValue(this.tree, at) ?? this.#stringMacro(source, 0) ?? this.#constantArray(source);
    }
    const pieces = this.tree.named(at).map((part) => this.stringOf(part));
    return pieces.includes(null) ? null : pieces.join("");
  }

  /** The literal that a local `const char *` is declared with, where nothing else is ever assigned to it. */
  #constantString(name: string): string | null {
    const tree = this.tree;
    const [only, ...more] = this.declarationsOf(name);
    if (only === undefined || more.length > 0 || this.locals.get(name)?.parameter !== -1) return null;
    const { type, value } = only.declarator;
    if (type.base !== "char" || type.pointers !== 1 || type.arrays > 0 || value === NONE) return null;
    const isSet = [...tree.descendants(this.fn.body, "identifier")].some((n) => {
      if (tree.source(n) !== name) return false;
      const parent = tree.parent(n);
      const kind = tree.kind(parent);
      if (kind === "assignment_expression") return tree.field(parent, "left") === n;
      return kind === "update_expression" || (kind === "pointer_expression" && tree.token(parent, "&") !== NONE);
    });
    return isSet ? null : this.stringOf(stripCasts(tree, value));
  }

  /** The literal of `static const char name[] = "..."`. */
  #constantArray(name: string): string | null {
    const [only, ...more] = this.project.globals.get(name) ?? [];
    if (only === undefined || more.length > 0 || !only.isStatic) return null;
    const { tree } = only.file;
    const { type, value } = only.declarator;
    const isConstant = tree.children(only.declaration).some((c) => tree.source(c) === "const");
    if (!isConstant || type.base !== "char" || type.pointers + type.arrays !== 1 || value === NONE) return null;
    // A pointer could be set to another text, unless it is constant itself.
    return type.arrays === 1 ? stringValue(tree, value) : null;
  }

  #stringMacro(name: string, depth: number): string | null {
    const known = (this.project.knowledge.definitions.get(name) ?? []).filter((d) => this.#isLiveDefinition(d));
    const own = known.filter((d) => d.path === this.fn.file.path);
    const definitions = own.length > 0 ? own : known;
    const definition = definitions[0];
    if (definition === undefined) return PYTHON_STRINGS.get(name) ?? null;
    if (definitions.length !== 1 || definition.parameters !== null || depth > 10) return null;
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

  /** The arguments of a call that its expansion evaluates, where it is one of a macro of the project; else all of them. */
  evaluatedArguments(name: string, list: readonly Node[]): readonly Node[] {
    const definitions = (this.project.knowledge.definitions.get(name) ?? []).filter((d) => this.#isLiveDefinition(d));
    if (definitions.length === 0) return list;
    return list.filter((_, at) =>
      definitions.some((d) => {
        const parameter = d.parameters?.[at];
        if (parameter === undefined || parameter === "...") return true;
        const tokens = lex(d.body, "piece");
        for (let i = 0; i < tokens.count; i++)
          if (tokens.text.slice(tokens.start[i], tokens.end[i]) === parameter) return true;
        return false;
      }),
    );
  }

  /** Whether a macro's expansion has the C API, objects or control flow in it, and which name shows it. */
  macroProblem(name: string, seen: ReadonlySet<string> = new Set()): string | null {
    if (seen.has(name)) return null;
    const within = new Set([...seen, name]);
    for (const definition of this.project.knowledge.definitions.get(name) ?? []) {
      if (!this.#isLiveDefinition(definition)) continue;
      const tokens = lex(definition.body, "piece");
      const jump = jumpOut(tokens);
      if (jump !== null) return jump;
      for (let i = 0; i < tokens.count; i++) {
        if (tokens.kind[i] !== TokenKind.identifier) continue;
        const word = tokens.text.slice(tokens.start[i], tokens.end[i]);
        if (definition.parameters?.includes(word)) continue;
        const before = i > 1 && tokens.text[tokens.start[i - 1] as number] === "(" ? i - 2 : -1;
        if (before >= 0 && SIZES.has(tokens.text.slice(tokens.start[before], tokens.end[before]))) continue;
        if (looksLikeCapi(word) && !HARMLESS_CAPI.has(word) && !STRUCT_CALLS.has(word)) return word;
        const local = this.locals.get(word);
        if (local !== undefined && this.objects.mentionsObject(local.type)) return word;
        if (this.project.functions.get(word)?.some((f) => this.#touchesObjects(f))) return word;
        if (this.project.globals.get(word)?.some((g) => this.objects.mentionsObject(g.declarator.type))) return word;
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

  /** The object that a call expression makes; null for other calls. */
  construction(call: Node): Construction | null {
    const callee = stripParentheses(this.tree, this.tree.field(call, "function"));
    const isName = callee !== NONE && this.tree.kind(callee) === "identifier";
    const name = isName ? this.canonicalName(this.tree.source(callee)) : "";
    if (isName && this.callee(call).kind === "project") return null;
    return readConstruction(this.tree, call, name);
  }

  /** Resolves the function of a call expression. */
  callee(call: Node): Callee {
    const tree = this.tree;
    const n = stripParentheses(tree, tree.field(call, "function"));
    if (n !== NONE && tree.kind(n) === "field_expression") {
      const facts = CAPSULE_FUNCTIONS.get(this.#memberName(n));
      return facts === undefined ? { kind: "computed" } : { kind: "capi", name: facts.name, facts };
    }
    if (n === NONE || tree.kind(n) !== "identifier") return { kind: "computed" };
    const written = tree.source(n);
    if (this.locals.has(written)) return { kind: "computed" };
    const name = this.canonicalName(written);
    const target = resolveFunction(this.project, this.fn.file, name);
    if (target !== null) return { kind: "project", target };
    const facts = CAPI_FUNCTIONS.get(name);
    if (facts !== undefined && !this.#isStandIn(facts)) return { kind: "capi", name, facts };
    return { kind: "foreign", name };
  }

  /** `pointer->member` as it would be written without white space; empty for other fields. */
  #memberName(n: Node): string {
    const tree = this.tree;
    const pointer = tree.field(n, "argument");
    if (tree.token(n, "->") === NONE || tree.kind(pointer) !== "identifier") return "";
    const name = tree.source(pointer);
    return this.locals.has(name) ? "" : `${name}->${tree.source(tree.field(n, "field"))}`;
  }

  /** Whether the project has a macro of its own for a function that CPython 3.11 lacks: `#define PyInt_Check(o) 0`. */
  #isStandIn(facts: CapiFunction): boolean {
    if (!facts.source.includes(" of Python ")) return false;
    return this.macroNamed(facts.name)?.parameters != null;
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
      case "number_literal":
        return tree.source(n) === "0" ? "null" : "other";
      case "identifier": {
        const name = tree.source(n);
        if (name === "NULL" || name === "nullptr") return "null";
        const local = this.locals.get(name);
        if (local !== undefined)
          return this.rawLocals.has(name) ? "cell" : this.viewLocals.has(name) ? "other" : this.#classifyLocal(local);
        const global = this.global(name);
        if (global !== undefined) return this.objects.isObjectPointer(global.declarator.type) ? "cell" : "other";
        if (this.constantObject(name) !== null) return "handle";
        return this.#isConstantName(this.canonicalName(name)) ? "cell" : "other";
      }
      case "call_expression": {
        if (this.construction(n) !== null || readSlotCall(tree, n)?.name === "tp_new") return "handle";
        const callee = this.callee(n);
        const result =
          callee.kind === "capi"
            ? parseType(callee.facts.result)
            : callee.kind === "project"
              ? callee.target.result
              : null;
        if (result === null) return "other";
        if (callee.kind === "capi" && INTEGER_LIKE_RESULTS.has(callee.name)) return "other";
        return this.objects.isObjectPointer(result) ? "handle" : "other";
      }
      case "cast_expression": {
        const type = readTypeDescriptor(tree, tree.field(n, "type"));
        const inner = this.typeOf(tree.field(n, "value"));
        if (this.objects.isObjectPointer(type)) {
          if (this.#isViewOf(n)) return "other";
          if (this.typeObject(tree.field(n, "value")) !== null) return "handle";
          // The address of a reference, as a parser's target that was given a star too few.
          if (inner === "handle-pointer") return "handle-pointer";
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
        const kind = this.#fieldKind(n);
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
      return type !== undefined && this.objects.isObjectPointerPointer(type);
    }
    if (tree.kind(at) === "field_expression") return this.#fieldKind(at) === "array";
    return false;
  }

  /** Kind of a field: by its struct where that is known, else by its name. */
  #fieldKind(n: Node): FieldKind | undefined {
    const type = this.ctypeOf(n);
    if (type !== null) return fieldKind(this.objects, type);
    return this.#fields.get(this.tree.source(this.tree.field(n, "field")));
  }

  /** C type of an expression as far as declarations tell it; null where they do not. */
  ctypeOf(n: Node): CType | null {
    const tree = this.tree;
    const at = stripParentheses(tree, n);
    if (at === NONE) return null;
    const element = (type: CType | null): CType | null =>
      type === null || type.isFunction || type.pointers + type.arrays === 0
        ? null
        : type.arrays > 0
          ? { ...type, arrays: type.arrays - 1 }
          : { ...type, pointers: type.pointers - 1 };
    switch (tree.kind(at)) {
      case "identifier": {
        const name = tree.source(at);
        const local = this.locals.get(name);
        if (local !== undefined && local.declaration !== NONE)
          return namedType(this.fn.file, local.declaration, local.type);
        return local?.type ?? this.global(name)?.declarator.type ?? null;
      }
      case "cast_expression":
        return readTypeDescriptor(tree, tree.field(at, "type"));
      case "call_expression": {
        const made = this.construction(at);
        if (made !== null) return { base: made.struct || "PyObject", pointers: 1, arrays: 0, isFunction: false };
        const callee = this.callee(at);
        if (callee.kind === "capi") return parseType(callee.facts.result);
        return callee.kind === "project" ? callee.target.result : null;
      }
      case "field_expression": {
        const base = this.ctypeOf(tree.field(at, "argument"));
        if (base === null || base.isFunction) return null;
        return this.objects.fieldType(base.base, tree.source(tree.field(at, "field")));
      }
      case "subscript_expression":
        return element(this.ctypeOf(tree.field(at, "argument")));
      case "pointer_expression": {
        const inner = this.ctypeOf(tree.field(at, "argument"));
        if (tree.token(at, "*") !== NONE) return element(inner);
        return inner === null || inner.arrays > 0 ? null : { ...inner, pointers: inner.pointers + 1 };
      }
      case "assignment_expression":
        return this.ctypeOf(tree.field(at, "left"));
      case "comma_expression":
        return this.ctypeOf(tree.field(at, "right"));
      case "conditional_expression":
        return this.ctypeOf(tree.field(at, "consequence")) ?? this.ctypeOf(tree.field(at, "alternative"));
      default:
        return null;
    }
  }

  /** Whether an expression is a call that raises an exception and always answers NULL. */
  isAlwaysNull(n: Node): boolean {
    const at = stripCasts(this.tree, n);
    const callee = this.tree.kind(at) === "call_expression" ? this.callee(at) : null;
    return callee?.kind === "capi" && callee.facts.ownership.kind === "plain" && this.typeOf(at) === "handle";
  }

  /** Whether an expression is a call of a project function that returns `void *` and nothing but NULL. */
  isNullPointer(n: Node): boolean {
    const at = stripCasts(this.tree, n);
    const callee = at !== NONE && this.tree.kind(at) === "call_expression" ? this.callee(at) : null;
    if (callee?.kind !== "project") return false;
    const { result, body, file } = callee.target;
    if (result.base !== "void" || result.pointers !== 1) return false;
    const returns = [...file.tree.descendants(body, "return_statement")];
    return (
      returns.length > 0 &&
      returns.every((r) => {
        const value = file.tree.named(r)[0];
        return value !== undefined && isNullName(file.tree, stripCasts(file.tree, value));
      })
    );
  }

  /** Whether a call is `PyErr_GivenExceptionMatches(PyErr_Occurred(), type)`, which is about the current exception. */
  isCurrentExceptionMatch(call: Node): boolean {
    const tree = this.tree;
    const callee = this.callee(call);
    if (callee.kind !== "capi" || callee.name !== "PyErr_GivenExceptionMatches") return false;
    const [given, type] = tree.named(tree.field(call, "arguments"));
    if (given === undefined || type === undefined) return false;
    const at = stripCasts(tree, given);
    const inner = tree.kind(at) === "call_expression" ? this.callee(at) : null;
    return inner?.kind === "capi" && inner.name === "PyErr_Occurred";
  }

  /** Whether an expression is a pointer to an object struct of the project whose fields the code may use. */
  isStruct(n: Node): boolean {
    const type = this.ctypeOf(n);
    return type !== null && this.objects.isStructPointer(type);
  }

  /** Whether a function only works on the fields of the structs it is given, so that it takes views. */
  isPlain(fn: CFunction): boolean {
    return isPlainFunction(this.project, fn);
  }

  /** Whether a function that takes and returns no objects calls the C API. */
  callsApi(fn: CFunction): boolean {
    return callsApi(this.project, fn);
  }

  /** Whether a function takes or returns references to objects. */
  #touchesObjects(f: CFunction): boolean {
    return this.objects.mentionsObject(f.result) || f.parameters.some((p) => this.objects.mentionsObject(p.type));
  }

  #classifyLocal(local: Local): ExpressionType {
    if (this.objects.isObjectPointer(local.type)) return local.isStatic ? "cell" : "handle";
    return local.parameter >= 0 && this.objects.isObjectPointerPointer(local.type) && local.type.pointers === 2
      ? "handle-pointer"
      : "other";
  }
}

/** Format units that Python.h defines as strings (Include/longobject.h, Include/pyport.h of CPython 3.11, Linux). */
const PYTHON_STRINGS: ReadonlyMap<string, string> = new Map([
  ["_Py_PARSE_PID", "i"],
  ["PY_FORMAT_SIZE_T", "z"],
]);

/** Kind of a struct field by name, over all structs of the project. */
export type FieldKind = "object" | "array" | "other" | "mixed";

function fieldKind(objects: ObjectTypes, type: CType): Exclude<FieldKind, "mixed"> {
  return objects.isObjectPointer(type) ? "object" : objects.isObjectPointerPointer(type) ? "array" : "other";
}

/** Classifies every field name of a project's structs. */
export function collectFields(project: Project): ReadonlyMap<string, FieldKind> {
  const kinds = new Map<string, FieldKind>();
  for (const file of project.files) {
    for (const n of file.tree.descendants(0, "field_declaration")) {
      for (const d of readDeclarators(file.tree, n)) {
        if (d.name === "") continue;
        const kind = fieldKind(project.objects, d.type);
        const earlier = kinds.get(d.name);
        kinds.set(d.name, earlier === undefined || earlier === kind ? kind : "mixed");
      }
    }
  }
  return kinds;
}

function isNullName(tree: Tree, n: Node): boolean {
  return tree.kind(n) === "null" || ["NULL", "nullptr", "0"].includes(tree.source(n));
}

/** The identifier that a declarator declares; NONE for an abstract one. */
function readDeclaredName(tree: Tree, declarator: Node): Node {
  for (const id of tree.descendants(declarator, "identifier")) return id;
  return NONE;
}

/** Operators that ask for the layout of a type and evaluate nothing. */
const SIZES: ReadonlySet<string> = new Set(["sizeof", "offsetof", "_Alignof", "alignof"]);

/** Results that are pointers in the C API and plain integers in HPy. */
const INTEGER_LIKE_RESULTS: ReadonlySet<string> = new Set(["PyErr_Occurred"]);

/** Reads a type written as in a C-API table: `const char *`, `PyObject **`. */
export function parseType(text: string): CType {
  const known = PARSED_TYPES.get(text);
  if (known !== undefined) return known;
  const base = text
    .replaceAll("*", " ")
    .split(" ")
    .filter((w) => w !== "" && w !== "const")
    .join(" ");
  const type: CType = { base, pointers: text.split("*").length - 1, arrays: 0, isFunction: false };
  PARSED_TYPES.set(text, type);
  return type;
}

/** The types of the tables by their text, of which there are few. */
const PARSED_TYPES = new Map<string, CType>();
