/**
 * Rewrites what one HPy function does with the references in an object struct: `HPy_FromPyObject` of a field becomes a
 * load, an assignment of a new reference a store, a test for NULL `HPyField_IsNull`, and a `PyObject *` variable that
 * keeps a value while the field is given another becomes a handle. Whatever else is done with a field is refused.
 */

import { type FieldUse, fieldsStay } from "../analysis/object-fields.ts";
import { type Declarator, readDeclarators, stripCasts, stripParentheses } from "../model/declarations.ts";
import { type CFunction, isNullConstant, type Project } from "../model/project.ts";
import type { EditSet, Part } from "../syntax/edits.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import { StatementEdits, statementOf } from "./statement-edits.ts";

const RELEASES: ReadonlySet<string> = new Set(["Py_DECREF", "Py_XDECREF"]);
const REPLACES: ReadonlySet<string> = new Set(["Py_SETREF", "Py_XSETREF"]);
/** Objects of the C API that stand beside a field in a comparison, and the handles of the context for them. */
const CONSTANTS: ReadonlyMap<string, string> = new Map([
  ["Py_None", "h_None"],
  ["Py_True", "h_True"],
  ["Py_False", "h_False"],
  ["Py_NotImplemented", "h_NotImplemented"],
  ["Py_Ellipsis", "h_Ellipsis"],
]);
/** Calls that run no code of others between a test of a field and its load. */
const QUIET: ReadonlySet<string> = new Set([
  "HPyBytes_Check",
  "HPyCallable_Check",
  "HPyDict_Check",
  "HPyField_IsNull",
  "HPyList_Check",
  "HPyTuple_Check",
  "HPyUnicode_Check",
  "HPy_Dup",
  "HPy_FromPyObject",
  "HPy_Is",
  "HPy_IsNull",
  "HPy_TypeCheck",
]);

/** What the rewriting of a function has come across. */
export interface RewrittenFields {
  readonly support: ReadonlySet<string>;
  /** Fields that are given a value without a word about the one that they had. */
  readonly overwritten: ReadonlySet<string>;
}

/** Rewrites all uses of fields in one migrated function. Throws `Refused`. */
export function rewriteFields(
  project: Project,
  fn: CFunction,
  uses: readonly FieldUse[],
  edits: EditSet,
  rule: string,
): RewrittenFields {
  const rewriter = new FieldRewriter(project, fn, uses, edits, rule);
  rewriter.run();
  return rewriter;
}

/** A `PyObject *` variable that holds the value of a field for a while. */
interface Keeper {
  readonly declarator: Declarator;
  readonly declaration: Node;
}

/** Names that a function does not use yet. */
class LocalNames {
  readonly #used: Set<string>;
  constructor(fn: CFunction) {
    const { tree } = fn.file;
    this.#used = new Set([...tree.descendants(fn.node, "identifier")].map((n) => tree.source(n)));
  }
  take(wish: string): string {
    let name = wish;
    for (let i = 2; this.#used.has(name); i++) name = `${wish}${i}`;
    this.#used.add(name);
    return name;
  }
}

class FieldRewriter implements RewrittenFields {
  readonly support = new Set<string>();
  readonly overwritten = new Set<string>();
  readonly #project: Project;
  readonly #fn: CFunction;
  readonly #tree: Tree;
  readonly #uses: ReadonlyMap<Node, FieldUse>;
  readonly #edits: EditSet;
  readonly #statements: StatementEdits;
  readonly #rule: string;
  readonly #ctx: string;
  readonly #keepers = new Map<string, Keeper>();
  readonly #names: LocalNames;
  /** Nodes that a rewritten pattern has taken care of. */
  readonly #done = new Set<Node>();

  constructor(project: Project, fn: CFunction, uses: readonly FieldUse[], edits: EditSet, rule: string) {
    this.#project = project;
    this.#fn = fn;
    this.#tree = fn.file.tree;
    this.#uses = new Map(uses.map((u) => [u.node, u]));
    this.#edits = edits;
    this.#statements = new StatementEdits(this.#tree, edits, rule);
    this.#rule = rule;
    this.#names = new LocalNames(fn);
    this.#ctx = fn.parameters.find((p) => p.type.base === "HPyContext")?.name ?? "ctx";
  }

  run(): void {
    for (const use of this.#uses.values()) this.#findKeeper(use);
    for (const name of [...this.#keepers.keys()]) this.#simplifySwaps(name);
    for (const use of this.#uses.values()) if (!this.#done.has(use.node)) this.#rewriteUse(use);
    for (const [name, keeper] of this.#keepers) this.#rewriteKeeper(name, keeper);
    this.#statements.finish();
  }

  #refuse(n: Node, what: string): never {
    throw fieldsStay(`\`${this.#fn.name}\` ${what}: \`${this.#tree.source(n).replaceAll(/\s+/g, " ")}\``);
  }

  #source(n: Node): string {
    return this.#tree.source(n);
  }

  /** The outermost of the parentheses and casts around an expression. */
  #wrapped(n: Node): Node {
    let at = n;
    while (["parenthesized_expression", "cast_expression"].includes(this.#tree.kind(this.#tree.parent(at))))
      at = this.#tree.parent(at);
    return at;
  }

  #replace(n: Node, parts: readonly Part[] | string): void {
    this.#edits.replace({ start: this.#tree.start(n), end: this.#tree.end(n) }, parts, this.#rule);
  }

  // Who owns a field.

  /** The handle of the object that a view shows. */
  #ownerOf(use: FieldUse): string {
    const owner = this.#tree.kind(use.view) === "identifier" ? this.#ownerOfVariable(use) : this.#handleOf(use.view);
    if (owner === null) this.#refuse(use.node, "reaches the field of an object whose handle is not known");
    return owner;
  }

  #ownerOfVariable(use: FieldUse): string | null {
    const tree = this.#tree;
    const name = this.#source(use.view);
    const owners = new Set<string | null>();
    for (const declaration of tree.descendants(this.#fn.body, "declaration"))
      for (const d of readDeclarators(tree, declaration))
        if (d.name === name && d.value !== NONE && !isNullConstant(tree, d.value)) owners.add(this.#handleOf(d.value));
    for (const assignment of tree.descendants(this.#fn.body, "assignment_expression")) {
      const value = tree.field(assignment, "right");
      if (this.#source(tree.field(assignment, "left")) === name && !isNullConstant(tree, value))
        owners.add(this.#handleOf(value));
    }
    for (const address of tree.descendants(this.#fn.body, "pointer_expression")) {
      const isAddress = tree.token(address, "&") !== NONE && this.#source(tree.field(address, "argument")) === name;
      if (isAddress) owners.add(this.#madeWith(address));
    }
    const [owner, ...others] = owners;
    return owner !== undefined && others.length === 0 ? owner : null;
  }

  /** The handle in `S_AsStruct(ctx, h)`, also behind a test of that handle. */
  #handleOf(n: Node): string | null {
    const tree = this.#tree;
    const at = stripCasts(tree, n);
    if (tree.kind(at) === "conditional_expression") {
      const handles = [tree.field(at, "consequence"), tree.field(at, "alternative")]
        .filter((branch) => !isNullConstant(tree, branch))
        .map((branch) => this.#handleOf(branch));
      return handles.length === 1 ? (handles[0] ?? null) : null;
    }
    if (tree.kind(at) !== "call_expression" || !this.#source(tree.field(at, "function")).endsWith("_AsStruct"))
      return null;
    const handle = tree.named(tree.field(at, "arguments"))[1];
    return handle !== undefined && tree.kind(handle) === "identifier" ? this.#source(handle) : null;
  }

  /** The handle that `h = HPy_New(ctx, type, &view)` makes with a view. */
  #madeWith(address: Node): string | null {
    const tree = this.#tree;
    const call = tree.enclosing(address, "call_expression");
    if (this.#source(tree.field(call, "function")) !== "HPy_New") return null;
    const holder = tree.parent(this.#wrapped(call));
    if (tree.kind(holder) === "assignment_expression") return this.#source(tree.field(holder, "left"));
    if (tree.kind(holder) !== "init_declarator") return null;
    return (
      readDeclarators(tree, tree.parent(holder)).find((d) => d.value !== NONE && tree.parent(d.value) === holder)
        ?.name ?? null
    );
  }

  #isFresh(use: FieldUse): boolean {
    const tree = this.#tree;
    if (tree.kind(use.view) !== "identifier") return false;
    const name = this.#source(use.view);
    return [...tree.descendants(this.#fn.body, "pointer_expression")].some(
      (p) => this.#source(tree.field(p, "argument")) === name && this.#madeWith(p) !== null,
    );
  }

  // Variables that keep the value of a field.

  /** Notes the variable that a field is copied to. */
  #findKeeper(use: FieldUse): void {
    const tree = this.#tree;
    const at = this.#wrapped(use.node);
    const parent = tree.parent(at);
    if (this.#movedTo(use) !== null) return;
    const name =
      tree.kind(parent) === "assignment_expression" && tree.field(parent, "right") === at
        ? this.#source(tree.field(parent, "left"))
        : tree.kind(parent) === "init_declarator"
          ? (readDeclarators(tree, tree.parent(parent)).find((d) => d.value === at)?.name ?? "")
          : null;
    if (name === null || this.#keepers.has(name)) return;
    const declared: Keeper[] = [];
    for (const declaration of tree.descendants(this.#fn.body, "declaration"))
      for (const declarator of readDeclarators(tree, declaration))
        if (declarator.name === name) declared.push({ declarator, declaration });
    const [keeper] = declared;
    if (keeper === undefined || declared.length > 1 || !this.#project.objects.isObjectPointer(keeper.declarator.type))
      this.#refuse(tree.parent(at), "copies a field to where no handle can be kept");
    this.#keepers.set(name, keeper);
  }

  #usesOfKeeper(name: string): Node[] {
    const { nameNode } = (this.#keepers.get(name) as Keeper).declarator;
    return [...this.#tree.descendants(this.#fn.body, "identifier")].filter(
      (n) => n !== nameNode && this.#source(n) === name && !this.#done.has(n),
    );
  }

  /**
   * `old = p->f; ... p->f = value; Py_XDECREF(old);` is one store, which releases the old value last as well. What stands
   * before the store may leave, since nothing has been taken until then.
   */
  #simplifySwaps(name: string): void {
    const tree = this.#tree;
    for (const release of this.#usesOfKeeper(name)) {
      const call = this.#callOf(release);
      const last = call === NONE ? NONE : tree.parent(call);
      if (last === NONE || !RELEASES.has(this.#calleeOf(call)) || tree.kind(last) !== "expression_statement") continue;
      const copy = this.#copyBefore(name, release);
      if (copy === null) continue;
      const siblings = tree.named(tree.parent(last));
      let at = siblings.indexOf(last) - 1;
      while (at >= 0 && this.#isClose(siblings[at] as Node)) at--;
      const store = siblings[at];
      if (store === undefined || this.#storeOf(store, copy.use) === null) continue;
      if (this.#isInOtherLoop(copy.statement, store)) continue;
      const between = this.#usesOfKeeper(name).filter((n) => tree.start(n) > tree.end(copy.statement) && n !== release);
      const stores = [...this.#uses.values()].filter(
        (u) =>
          this.#source(u.node) === this.#source(copy.use.node) &&
          tree.start(u.node) > tree.end(copy.statement) &&
          tree.start(u.node) < tree.start(store) &&
          !this.#isTest(u.node),
      );
      const later = between.filter((n) => tree.start(n) > tree.end(last));
      if (later[0] !== undefined && this.#copyBefore(name, later[0])?.statement === copy.statement) continue;
      // The declaration is needed by what uses the variable otherwise.
      const { declaration: own } = this.#keepers.get(name) as Keeper;
      if (own === copy.statement && this.#usesOfKeeper(name).some((n) => n !== release)) continue;
      if (between.some((n) => tree.start(n) < tree.start(release)) || stores.length > 0) continue;
      this.#statements.remove(copy.statement);
      this.#statements.remove(last);
      this.#done.add(copy.use.node);
      this.#done.add(release);
      for (const n of tree.descendants(copy.statement, "identifier")) this.#done.add(n);
      this.#released.add(store);
      const { declarator, declaration } = this.#keepers.get(name) as Keeper;
      if (this.#usesOfKeeper(name).length > 0) continue;
      if (declaration !== copy.statement) this.#removeDeclarator({ declarator, declaration });
      this.#keepers.delete(name);
      return;
    }
  }

  /** The statement that copies a field to a variable, as the last one that sets it before a place. */
  #copyBefore(name: string, n: Node): { readonly statement: Node; readonly use: FieldUse } | null {
    const tree = this.#tree;
    const { declarator, declaration } = this.#keepers.get(name) as Keeper;
    let found: { readonly statement: Node; readonly use: FieldUse } | null = null;
    const values: { readonly statement: Node; readonly value: Node }[] = [];
    if (declarator.value !== NONE && readDeclarators(tree, declaration).length === 1)
      values.push({ statement: declaration, value: declarator.value });
    for (const assignment of tree.descendants(this.#fn.body, "assignment_expression"))
      if (this.#source(tree.field(assignment, "left")) === name)
        values.push({ statement: tree.parent(assignment), value: tree.field(assignment, "right") });
    for (const { statement, value } of values) {
      if (tree.start(value) > tree.start(n)) continue;
      const use = this.#uses.get(stripCasts(tree, value));
      const block = tree.parent(statement);
      const holds = tree.start(block) <= tree.start(n) && tree.end(n) <= tree.end(block);
      const isStatement = ["expression_statement", "declaration"].includes(tree.kind(statement));
      found = use !== undefined && holds && isStatement ? { statement, use } : null;
    }
    return found;
  }

  #isInOtherLoop(from: Node, to: Node): boolean {
    const loops = ["for_statement", "while_statement", "do_statement"];
    return this.#tree.enclosing(from, ...loops) !== this.#tree.enclosing(to, ...loops);
  }

  /** Whether an expression is only asked for its truth. */
  #isTest(n: Node): boolean {
    const tree = this.#tree;
    const at = this.#wrapped(n);
    const parent = tree.parent(at);
    if (tree.fieldOf(at) === "condition" || tree.kind(parent) === "unary_expression") return true;
    return tree.kind(parent) === "binary_expression";
  }

  /** Stores whose old value is taken care of. */
  readonly #released = new Set<Node>();

  /** The field that `p->f = q->g;` gives the value of another one; null where the value goes elsewhere. */
  #movedTo(use: FieldUse): FieldUse | null {
    const tree = this.#tree;
    const at = this.#wrapped(use.node);
    const parent = tree.parent(at);
    if (tree.kind(parent) !== "assignment_expression" || tree.field(parent, "right") !== at) return null;
    return this.#uses.get(stripParentheses(tree, tree.field(parent, "left"))) ?? null;
  }

  #keptIn(use: FieldUse): string | null {
    const tree = this.#tree;
    const parent = tree.parent(this.#wrapped(use.node));
    if (tree.kind(parent) === "assignment_expression" && tree.field(parent, "left") !== this.#wrapped(use.node)) {
      return this.#source(tree.field(parent, "left"));
    }
    if (tree.kind(parent) !== "init_declarator") return null;
    return readDeclarators(tree, tree.parent(parent)).find((d) => d.value === this.#wrapped(use.node))?.name ?? null;
  }

  #removeDeclarator({ declarator, declaration }: Keeper): void {
    const tree = this.#tree;
    const all = readDeclarators(tree, declaration);
    if (all.length === 1) {
      this.#statements.remove(declaration);
      return;
    }
    const others = all.filter((d) => d.name !== declarator.name);
    const [first] = all;
    const [next] = others;
    const after = all[all.findIndex((d) => d.name === declarator.name) + 1];
    if (first === undefined || next === undefined) return;
    const outer = (d: Declarator): Node => (d.value === NONE ? d.node : tree.parent(d.value));
    const start = tree.start(outer(declarator));
    if (after !== undefined) {
      this.#edits.replace({ start, end: tree.start(outer(after)) }, "", this.#rule);
      return;
    }
    const before = all[all.length - 2] as Declarator;
    this.#edits.replace({ start: tree.end(outer(before)), end: tree.end(outer(declarator)) }, "", this.#rule);
  }

  /** The call whose argument an expression is; NONE where it is none. */
  #callOf(n: Node): Node {
    const tree = this.#tree;
    const list = tree.parent(this.#wrapped(n));
    return tree.kind(list) === "argument_list" ? tree.parent(list) : NONE;
  }

  #calleeOf(call: Node): string {
    return this.#source(this.#tree.field(call, "function"));
  }

  #isClose(statement: Node): boolean {
    const tree = this.#tree;
    const [call] = tree.named(statement);
    return (
      tree.kind(statement) === "expression_statement" &&
      call !== undefined &&
      tree.kind(call) === "call_expression" &&
      this.#calleeOf(call) === "HPy_Close"
    );
  }

  /** The value that a statement stores into the field of a use; null where it does no such thing. */
  #storeOf(statement: Node, use: FieldUse): Node | null {
    const tree = this.#tree;
    const [assignment] = tree.named(statement);
    if (tree.kind(statement) !== "expression_statement" || assignment === undefined) return null;
    if (tree.kind(assignment) !== "assignment_expression") return null;
    if (this.#source(tree.field(assignment, "operator")) !== "=") return null;
    const left = stripParentheses(tree, tree.field(assignment, "left"));
    return this.#uses.has(left) && this.#source(left) === this.#source(use.node)
      ? tree.field(assignment, "right")
      : null;
  }

  #rewriteKeeper(name: string, { declarator, declaration }: Keeper): void {
    const tree = this.#tree;
    const all = readDeclarators(tree, declaration);
    const fresh = all.every((d) => this.#keepers.has(d.name));
    const type = tree.field(declaration, "type");
    if (!fresh && all.length > 1) this.#refuse(declaration, "declares a variable together with others");
    this.#replace(type, "HPy");
    for (const star of declarator.stars) {
      let end = tree.end(star);
      while (tree.text.charAt(end) === " ") end++;
      this.#edits.replace({ start: tree.start(star), end }, "", this.#rule);
    }
    if (declarator.value !== NONE && isNullConstant(tree, declarator.value))
      this.#replace(declarator.value, "HPy_NULL");
    for (const n of this.#usesOfKeeper(name)) this.#rewriteKept(n, name);
    this.#closeAtExits(name);
  }

  /** A return before the variable is released or put back: it has a handle of its own now. */
  #closeAtExits(name: string): void {
    const tree = this.#tree;
    const uses = this.#usesOfKeeper(name);
    const consumed = uses.filter((n) => {
      const call = this.#callOf(n);
      const parent = tree.parent(this.#wrapped(n));
      const isPutBack =
        tree.kind(parent) === "assignment_expression" && tree.field(parent, "right") === this.#wrapped(n);
      return (
        isPutBack || (call !== NONE && (RELEASES.has(this.#calleeOf(call)) || this.#calleeOf(call) === "Py_CLEAR"))
      );
    });
    for (const leaving of tree.descendants(this.#fn.body, "return_statement")) {
      const copy = this.#copyBefore(name, leaving);
      if (copy === null) continue;
      if (!this.#isConsumedBefore(leaving, copy.statement, consumed))
        this.#statements.before(leaving, [`HPy_Close(${this.#ctx}, ${name});`]);
    }
  }

  /** Whether a statement before another one, back to a first one, holds one of some places. */
  #isConsumedBefore(leaving: Node, first: Node, places: readonly Node[]): boolean {
    const tree = this.#tree;
    for (let at = leaving; at !== this.#fn.body && at !== NONE; at = tree.parent(at)) {
      const block = tree.parent(at);
      if (tree.kind(block) !== "compound_statement" && tree.kind(block) !== "case_statement") continue;
      for (const earlier of tree.named(block)) {
        if (earlier === at) break;
        if (tree.start(earlier) < tree.start(first)) continue;
        if (places.some((p) => tree.start(p) >= tree.start(earlier) && tree.end(p) <= tree.end(earlier))) return true;
      }
    }
    return false;
  }

  /** One use of a variable that keeps the value of a field. */
  #rewriteKept(n: Node, name: string): void {
    const tree = this.#tree;
    const at = this.#wrapped(n);
    const parent = tree.parent(at);
    const call = this.#callOf(n);
    const ctx = this.#ctx;
    if (call !== NONE && RELEASES.has(this.#calleeOf(call))) {
      this.#replace(call, `HPy_Close(${ctx}, ${name})`);
      return;
    }
    if (
      call !== NONE &&
      this.#calleeOf(call) === "Py_CLEAR" &&
      tree.kind(tree.parent(call)) === "expression_statement"
    ) {
      this.#replace(call, `HPy_Close(${ctx}, ${name})`);
      this.#statements.after(tree.parent(call), [`${name} = HPy_NULL;`]);
      return;
    }
    if (call !== NONE && this.#calleeOf(call) === "HPy_FromPyObject") {
      this.#replace(call, `HPy_Dup(${ctx}, ${name})`);
      return;
    }
    if (tree.kind(parent) === "assignment_expression") {
      if (tree.field(parent, "left") === at) {
        const value = stripCasts(tree, tree.field(parent, "right"));
        if (isNullConstant(tree, value)) this.#replace(tree.field(parent, "right"), "HPy_NULL");
        else if (!this.#uses.has(value)) this.#refuse(parent, "sets a copy of a field to something else");
        return;
      }
      // The field gets back what was taken from it: `#store` has written that.
      const left = stripParentheses(tree, tree.field(parent, "left"));
      if (this.#uses.has(left) && tree.kind(tree.parent(parent)) === "expression_statement") return;
    }
    if (this.#rewriteTest(at, `HPy_IsNull(${name})`)) return;
    this.#refuse(parent, "uses a copy of a field in a way that is not known");
  }

  // Uses of a field itself.

  #rewriteUse(use: FieldUse): void {
    const tree = this.#tree;
    const at = this.#wrapped(use.node);
    const parent = tree.parent(at);
    const call = this.#callOf(use.node);
    if (call !== NONE && this.#rewriteArgument(use, call)) return;
    if (tree.kind(parent) === "assignment_expression" && tree.field(parent, "left") === at) {
      this.#store(use, parent);
      return;
    }
    // The store that the value goes to loads it.
    if (this.#movedTo(use) !== null) return;
    if (this.#keptIn(use) !== null) {
      this.#replace(at, this.#load(use));
      return;
    }
    if (this.#rewriteIdentity(use, at)) return;
    if (this.#rewriteTest(at, `HPyField_IsNull(${this.#source(use.node)})`)) return;
    const by = tree.kind(parent) === "argument_list" ? tree.parent(parent) : parent;
    this.#refuse(by, "uses a field in a way that no HPyField allows");
  }

  /** A field in the arguments of a call that gives it away, releases it or replaces it. */
  #rewriteArgument(use: FieldUse, call: Node): boolean {
    const tree = this.#tree;
    const callee = this.#calleeOf(call);
    const [first, second] = tree.named(tree.field(call, "arguments"));
    const statement = tree.parent(call);
    const isStatement = tree.kind(statement) === "expression_statement";
    const field = this.#source(use.node);
    if (callee === "HPy_FromPyObject") {
      this.#replace(call, this.#load(use));
      return true;
    }
    if (callee === "Py_CLEAR" && isStatement) {
      this.#replace(call, `HPyField_Store(${this.#ctx}, ${this.#ownerOf(use)}, &${field}, HPy_NULL)`);
      return true;
    }
    if (REPLACES.has(callee) && isStatement && first !== undefined && second !== undefined) {
      this.#replace(call, this.#storeText(use, second));
      return true;
    }
    if (!RELEASES.has(callee) || !isStatement) return false;
    const siblings = tree.named(tree.parent(statement));
    const next = siblings[siblings.indexOf(statement) + 1];
    if (next === undefined || this.#storeOf(next, use) === null) {
      this.#refuse(call, "releases a field and does not fill it at once");
    }
    this.#released.add(next);
    this.#statements.remove(statement);
    return true;
  }

  /** `p->f = value;` */
  #store(use: FieldUse, assignment: Node): void {
    const tree = this.#tree;
    const statement = tree.parent(assignment);
    const value = tree.field(assignment, "right");
    const isPlain = this.#source(tree.field(assignment, "operator")) === "=";
    if (tree.kind(statement) !== "expression_statement" || !isPlain)
      this.#refuse(assignment, "sets a field inside an expression");
    const kept = stripCasts(tree, value);
    if (tree.kind(kept) === "identifier" && this.#keepers.has(this.#source(kept))) {
      this.#replace(
        assignment,
        `HPyField_Store(${this.#ctx}, ${this.#ownerOf(use)}, &${this.#source(use.node)}, ${this.#source(kept)})`,
      );
      this.#statements.after(statement, [`HPy_Close(${this.#ctx}, ${this.#source(kept)});`]);
      return;
    }
    const moved = this.#uses.get(kept);
    if (moved !== undefined) {
      const handle = this.#names.take(moved.field);
      this.#statements.before(statement, [`HPy ${handle} = ${this.#load(moved)};`], "declaration");
      this.#replace(
        assignment,
        `HPyField_Store(${this.#ctx}, ${this.#ownerOf(use)}, &${this.#source(use.node)}, ${handle})`,
      );
      this.#statements.after(statement, [`HPy_Close(${this.#ctx}, ${handle});`]);
    } else this.#replace(assignment, this.#storeText(use, value));
    if (!this.#isFresh(use) && !this.#released.has(statement) && !this.#isKeptBefore(use) && !this.#isEmptyAt(use))
      this.overwritten.add(use.field);
  }

  #storeText(use: FieldUse, value: Node): string {
    const tree = this.#tree;
    const target = `${this.#ctx}, ${this.#ownerOf(use)}, &${this.#source(use.node)}`;
    if (isNullConstant(tree, value)) return `HPyField_Store(${target}, HPy_NULL)`;
    const call = stripCasts(tree, value);
    const isNew = tree.kind(call) === "call_expression" && this.#calleeOf(call) === "HPy_AsPyObject";
    const handle = isNew ? tree.named(tree.field(call, "arguments"))[1] : undefined;
    const isPlace =
      handle !== undefined && ["identifier", "field_expression", "subscript_expression"].includes(tree.kind(handle));
    if (!isPlace) this.#refuse(value, "stores something else into a field than the reference of a handle");
    return `HPyField_Store(${target}, ${this.#source(handle)})`;
  }

  /** Whether some variable keeps the value of this field. */
  #isKeptBefore(use: FieldUse): boolean {
    return [...this.#uses.values()].some(
      (u) => this.#source(u.node) === this.#source(use.node) && this.#keepers.has(this.#keptIn(u) ?? ""),
    );
  }

  /** A load that gives HPy_NULL for an empty field, unless a test right before says that it is not empty. */
  #load(use: FieldUse): string {
    const target = `${this.#ctx}, ${this.#ownerOf(use)}, ${this.#source(use.node)}`;
    if (this.#isTested(use)) return `HPyField_Load(${target})`;
    this.support.add("hpyx_load_field");
    return `hpyx_load_field(${target})`;
  }

  /** `p->f == Py_None`, whose sides stayed C pointers. */
  #rewriteIdentity(use: FieldUse, at: Node): boolean {
    const tree = this.#tree;
    const parent = tree.parent(at);
    if (tree.kind(parent) !== "binary_expression") return false;
    const operator = this.#source(tree.field(parent, "operator"));
    const other = stripCasts(tree, tree.field(parent, tree.field(parent, "left") === at ? "right" : "left"));
    const constant = CONSTANTS.get(this.#source(other));
    if ((operator !== "==" && operator !== "!=") || constant === undefined) return false;
    this.support.add("hpyx_field_is");
    const call = `hpyx_field_is(${this.#ctx}, ${this.#ownerOf(use)}, ${this.#source(use.node)}, ${this.#ctx}->${constant})`;
    this.#replace(parent, operator === "==" ? call : `!${call}`);
    return true;
  }

  // Tests.

  /** Rewrites an expression whose truth is asked for; answers false where it is used otherwise. */
  #rewriteTest(at: Node, isNull: string): boolean {
    const tree = this.#tree;
    const parent = tree.parent(at);
    switch (tree.kind(parent)) {
      case "binary_expression": {
        const operator = this.#source(tree.field(parent, "operator"));
        if (operator === "&&" || operator === "||") {
          this.#replace(at, `!${isNull}`);
          return true;
        }
        const other = tree.field(parent, "left") === at ? tree.field(parent, "right") : tree.field(parent, "left");
        if ((operator !== "==" && operator !== "!=") || !isNullConstant(tree, other)) return false;
        this.#replace(parent, operator === "==" ? isNull : `!${isNull}`);
        return true;
      }
      case "unary_expression":
        if (this.#source(tree.field(parent, "operator")) !== "!") return false;
        this.#replace(parent, isNull);
        return true;
      case "if_statement":
      case "while_statement":
      case "do_statement":
      case "for_statement":
      case "conditional_expression": {
        if (tree.field(parent, "condition") !== at) return false;
        const isParenthesised = tree.kind(at) === "parenthesized_expression";
        this.#replace(at, isParenthesised ? `(!${isNull})` : `!${isNull}`);
        return true;
      }
      default:
        return false;
    }
  }

  /** Whether an expression is a test of the same field; answers what it means when it holds. */
  #testOf(n: Node, use: FieldUse): "empty" | "full" | null {
    const tree = this.#tree;
    const at = stripParentheses(tree, n);
    const isField = (x: Node): boolean => this.#source(stripCasts(tree, x)) === this.#source(use.node);
    if (isField(at)) return "full";
    if (tree.kind(at) === "unary_expression" && this.#source(tree.field(at, "operator")) === "!")
      return isField(tree.field(at, "argument")) ? "empty" : null;
    if (tree.kind(at) !== "binary_expression") return null;
    const [left, right] = [tree.field(at, "left"), tree.field(at, "right")];
    const compares = (isField(left) && isNullConstant(tree, right)) || (isField(right) && isNullConstant(tree, left));
    const operator = this.#source(tree.field(at, "operator"));
    return !compares ? null : operator === "==" ? "empty" : operator === "!=" ? "full" : null;
  }

  /** Whether a field was found empty by an `if` around a store. */
  #isEmptyAt(use: FieldUse): boolean {
    const tree = this.#tree;
    for (let at = use.node; at !== NONE && at !== this.#fn.body; at = tree.parent(at)) {
      const parent = tree.parent(at);
      if (tree.kind(parent) !== "if_statement" || tree.field(parent, "consequence") !== at) continue;
      if (this.#testOf(tree.field(parent, "condition"), use) === "empty") return true;
    }
    return false;
  }

  /** Whether a test that the field is not empty stands so close before a load that nothing can come between. */
  #isTested(use: FieldUse): boolean {
    const tree = this.#tree;
    for (let at = use.node; at !== this.#fn.body && at !== NONE; at = tree.parent(at)) {
      const parent = tree.parent(at);
      const isBranch = ["if_statement", "conditional_expression"].includes(tree.kind(parent));
      if (isBranch && tree.field(parent, "condition") !== at) {
        const wanted = tree.field(parent, "consequence") === at ? "full" : "empty";
        const condition = tree.field(parent, "condition");
        if (this.#testOf(condition, use) === wanted) return this.#isQuietBetween(condition, use.node);
      }
      const guard = this.#guardBefore(at, use);
      if (guard !== NONE) return this.#isQuietBetween(guard, use.node);
      if (tree.kind(parent) !== "compound_statement") continue;
      const siblings = tree.named(parent);
      const before = siblings[siblings.indexOf(at) - 1];
      if (before !== undefined && this.#leavesWhenEmpty(before, use)) return this.#isQuietBetween(before, use.node);
    }
    return false;
  }

  /** The operand before an expression in a chain of `||` or `&&` that keeps it from being asked of an empty field. */
  #guardBefore(at: Node, use: FieldUse): Node {
    const tree = this.#tree;
    const parent = tree.parent(at);
    if (tree.kind(parent) !== "binary_expression" || tree.field(parent, "right") !== at) return NONE;
    const operator = this.#source(tree.field(parent, "operator"));
    if (operator !== "||" && operator !== "&&") return NONE;
    const wanted = operator === "||" ? "empty" : "full";
    return this.#operands(tree.field(parent, "left"), operator).find((n) => this.#testOf(n, use) === wanted) ?? NONE;
  }

  /** The operands of a chain of one logical operator. */
  #operands(n: Node, operator: string): Node[] {
    const tree = this.#tree;
    const at = stripParentheses(tree, n);
    const isChain = tree.kind(at) === "binary_expression" && this.#source(tree.field(at, "operator")) === operator;
    return isChain
      ? [...this.#operands(tree.field(at, "left"), operator), ...this.#operands(tree.field(at, "right"), operator)]
      : [at];
  }

  #leavesWhenEmpty(statement: Node, use: FieldUse): boolean {
    const tree = this.#tree;
    if (tree.kind(statement) !== "if_statement" || tree.field(statement, "alternative") !== NONE) return false;
    const causes = this.#operands(tree.field(statement, "condition"), "||");
    const test = causes.findIndex((n) => this.#testOf(n, use) === "empty");
    if (test < 0 || !causes.slice(test + 1).every((n) => this.#isQuiet(n))) return false;
    const body = tree.field(statement, "consequence");
    const last = tree.kind(body) === "compound_statement" ? tree.named(body).at(-1) : body;
    return last !== undefined && ["return_statement", "goto_statement"].includes(tree.kind(last));
  }

  #isQuietCall(call: Node): boolean {
    const callee = this.#calleeOf(call);
    return QUIET.has(callee) || callee.endsWith("_AsStruct");
  }

  /** Whether an expression runs no code of others. */
  #isQuiet(n: Node): boolean {
    return [...this.#tree.descendants(n, "call_expression")].every((call) => this.#isQuietCall(call));
  }

  #isQuietBetween(before: Node, use: Node): boolean {
    const tree = this.#tree;
    // The arguments of a call are evaluated in no order, so that what stands behind the load may run before it.
    const statement = statementOf(tree, use);
    const condition = tree.field(statement, "condition");
    const isInCondition = condition !== NONE && tree.start(use) < tree.end(condition);
    const end = tree.end(isInCondition ? condition : statement);
    for (const call of tree.descendants(this.#fn.body, "call_expression")) {
      if (tree.start(call) < tree.end(before) || tree.start(call) >= end) continue;
      if (tree.start(call) <= tree.start(use) && tree.end(call) >= tree.end(use)) continue;
      if (!this.#isQuietCall(call)) return false;
    }
    for (const other of this.#uses.values())
      if (
        other.field === this.#uses.get(use)?.field &&
        tree.start(other.node) >= tree.end(before) &&
        tree.start(other.node) < tree.start(use)
      )
        return false;
    return true;
  }
}
