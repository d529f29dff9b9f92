/** Rewrites the body of one function from references to handles, following the facts of the ownership analysis. */

import { FREEING, readSlotCall, type SlotCall, TRACKING } from "../analysis/constructions.ts";
import {
  BUILDERS,
  type Facts,
  isRawComparison,
  isUntouchedCall,
  PARSERS,
  passesDict,
  passesTuple,
  REFERENCE_COUNTS,
  TRACKER,
} from "../analysis/ownership.ts";
import { parsedArguments } from "../analysis/parsed-arguments.ts";
import { STRUCT_CALLS, usesStructCalls } from "../analysis/struct-views.ts";
import { computeThreadStates } from "../analysis/thread-state.ts";
import { Refused, type Typing } from "../analysis/typing.ts";
import { CONTEXT_HANDLES } from "../model/api/context-handles.ts";
import {
  type CType,
  type Declarator,
  readDeclarators,
  readTypeDescriptor,
  stringValue,
  stripCasts,
  stripParentheses,
} from "../model/declarations.ts";
import type { ObjectTypes } from "../model/object-structs.ts";
import { type CFunction, resolveFunction } from "../model/project.ts";
import type { EditSet, Part } from "../syntax/edits.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import { planArgumentParsing } from "./argument-parsing.ts";
import { type Bridge, bridgeFor } from "./bridge.ts";
import { planBuildValue, planCallArguments } from "./build-value.ts";
import { type Builder, findBuilders } from "./builders.ts";
import { formatLiteral, planFormat } from "./format-strings.ts";
import { deleteStar } from "./object-type.ts";
import { indentationAt, newlineOf, StatementEdits, statementOf } from "./statement-edits.ts";
import { type HeldView, leaves, StructViews } from "./struct-views.ts";

/** A rule as the rewriter needs it; the rules folder has the full rows. */
export interface CallRule {
  readonly id: string;
  readonly arity: number | "variadic";
  readonly template: string;
  readonly support: readonly string[];
  readonly note?: string;
  /** The template holds only where this condition on one argument does. */
  readonly when?: CallCondition;
  /** What holds elsewhere; without it the call is bridged there. */
  readonly otherwise?: { readonly template: string; readonly support: readonly string[] };
  readonly variadic?: "null-terminated";
}

/** A condition on one argument: spelled so, not spelled so, or an integer literal without sign. */
export type CallCondition =
  | { readonly argument: number; readonly literal: string }
  | { readonly argument: number; readonly unless: string }
  | { readonly argument: number; readonly is: "natural" };

export interface Unmapping {
  readonly answer: "bridge" | "stays" | "refuse";
  readonly reason: string;
}

/** Everything a rewrite needs besides the facts. */
export interface RewriteContext {
  readonly rules: ReadonlyMap<string, CallRule>;
  readonly unmapped: ReadonlyMap<string, Unmapping>;
  /** Name that a project function has in HPy code; null when it stays legacy and must be bridged. */
  readonly helperName: (target: CFunction) => string | null;
  /** Whether lists and tuples that are only filled and returned use HPy's builders. */
  readonly containers: "builders" | "bridged";
}

/** What the rewritten function uses. */
export interface RewriteResult {
  /** Support functions of the library, by name. */
  readonly support: ReadonlySet<string>;
  /** Wrappers generated for C-API functions. */
  readonly bridges: ReadonlyMap<string, Bridge>;
  /** True when C API is still called. */
  readonly bridged: boolean;
  readonly notes: readonly string[];
  /** Object structs whose `NAME_AsStruct` is called, by their typedef name. */
  readonly structs: ReadonlySet<string>;
  /** Names of C-API functions that were rewritten by a rule. */
  readonly rules: ReadonlySet<string>;
}

/** Columns after which a condition is put on several lines. */
const LINE_WIDTH = 100;
const RULE = "function-body";

/** Nesting of replacements of one expression, outermost first. */
const Nesting = {
  /** A returned value that moves before the closes in front of its return statement. */
  returnValue: -30,
  /** What is done with a handle: a null test, a duplicate, a store into a `PyObject *`. */
  use: -25,
  /** The variable that a temporary handle gets. */
  temporary: -20,
  /** `HPy_FromPyObject` around a `PyObject *`. */
  load: -5,
} as const;

/** Names that the convention gives to the arguments of the migrated function. */
export interface ArgumentNames {
  readonly ctx: string;
  readonly self: string;
  readonly args: string;
  readonly nargs: string;
  readonly kwnames: string;
  /** The last parameter of a getter or setter that has none for its closure. */
  readonly closure: string;
  /** Names of the handles of variables that keep their own name for the view of their struct. */
  readonly handles: ReadonlyMap<string, string>;
  readonly objects: ObjectTypes;
}

export class BodyRewriter {
  readonly #facts: Facts;
  readonly #typing: Typing;
  readonly #tree: Tree;
  readonly #edits: EditSet;
  readonly #context: RewriteContext;
  readonly #statements: StatementEdits;
  readonly #taken = new Set<string>();
  /** Declarations of temporaries whose expressions are being rewritten. */
  readonly #hoisted = new Map<Node, { readonly statement: Node; readonly line: readonly Part[] }>();
  readonly #temporaryNames = new Map<Node, string>();
  readonly #support = new Set<string>();
  readonly #bridges = new Map<string, Bridge>();
  readonly #notes: string[];
  readonly #rulesUsed = new Set<string>();
  #bridged = false;
  /** The calls that close what the targets of argument parsers refer to, by the name that the analysis has for it. */
  readonly #releases = new Map<string, string>();
  readonly names: ArgumentNames;
  readonly #handles: ReadonlyMap<string, string>;
  readonly #views: StructViews;
  readonly #builders: ReadonlyMap<string, Builder>;

  constructor(facts: Facts, edits: EditSet, context: RewriteContext) {
    this.#facts = facts;
    this.#typing = facts.typing;
    this.#tree = facts.typing.tree;
    this.#edits = edits;
    this.#context = context;
    this.#statements = new StatementEdits(this.#tree, edits, RULE);
    this.#notes = [...facts.notes];
    this.#builders = context.containers === "builders" ? findBuilders(facts) : new Map();
    for (const n of this.#tree.descendants(
      facts.fn.node,
      "identifier",
      "type_identifier",
      "field_identifier",
      "statement_identifier",
    ))
      this.#taken.add(this.#tree.source(n));
    const handles = new Map([...facts.typing.viewedHandles].map((name) => [name, this.#fresh(`h_${name}`)]));
    this.#handles = handles;
    const parameter = (index: number): string => this.#handleName(facts.fn.parameters[index]?.name ?? "");
    const named = (name: string, wish: string): string => (name === "" ? this.#fresh(wish) : name);
    this.names = {
      ctx: this.#fresh("ctx"),
      self: named(parameter(0), "self"),
      args: named(parameter(facts.parsed?.args ?? 1), "args"),
      nargs: facts.convention.startsWith("fastcall") ? named(parameter(2), "nargs") : this.#fresh("nargs"),
      kwnames:
        facts.convention === "fastcall-keywords"
          ? named(parameter(3), "kwnames")
          : passesDict(facts.convention)
            ? named(parameter(2), "kw")
            : named(parameter(facts.parsed?.keywords ?? -1), "kwnames"),
      closure: this.#fresh("closure"),
      handles,
      objects: facts.typing.objects,
    };
    this.#views = new StructViews(facts, this.#statements, this.names);
  }

  #fresh(wish: string): string {
    let name = wish;
    for (let i = 2; this.#taken.has(name); i++) name = `${wish}${i}`;
    this.#taken.add(name);
    return name;
  }

  /** Name of the handle of a variable: its own, unless that stays with the view of its struct. */
  #handleName(variable: string): string {
    return this.#handles.get(variable) ?? variable;
  }

  /** Makes all edits inside the body; the signature is the caller's part. */
  rewrite(): RewriteResult {
    this.#checkThreads();
    const body = this.#facts.fn.body;
    this.#entry();
    for (const builder of this.#builders.values()) this.#useBuilder(builder);
    for (const n of this.#tree.named(body)) this.#statement(n);
    this.#closings();
    this.#statements.finish();
    return {
      support: this.#support,
      bridges: this.#bridges,
      bridged: this.#bridged,
      notes: this.#notes,
      structs: this.#views.structs,
      rules: this.#rulesUsed,
    };
  }

  #refuse(id: string, n: Node, message: string): never {
    throw new Refused(id, this.#typing.span(n), message);
  }

  /** Rewrites every use of a variable that becomes a builder; the walk over the body leaves these alone. */
  #useBuilder(builder: Builder): void {
    const tree = this.#tree;
    const ctx = this.names.ctx;
    const type = `HPy${builder.container}Builder`;
    for (const use of builder.uses) {
      this.#builderNodes.add(use.node);
      if (use.kind === "check") this.#statements.remove(use.node);
      else if (use.kind === "build")
        this.#edits.replace(this.#typing.span(use.node), `${type}_Build(${ctx}, ${builder.name})`, RULE);
      else if (use.kind === "cancel")
        this.#edits.replace(this.#typing.span(use.node), `${type}_Cancel(${ctx}, ${builder.name})`, RULE);
      else {
        const list = tree.named(tree.field(use.node, "arguments"));
        this.#edits.replace(
          this.#typing.span(tree.field(use.node, "function")),
          `${type}_${use.kind === "new" ? "New" : "Set"}`,
          RULE,
        );
        this.#insertContext(use.node, list.length);
        list.forEach((argument, i) => {
          if (use.kind === "set" && i === 0) return;
          if (use.kind === "set" && i === 2) this.#value(argument, "handle");
          else this.#argument(argument);
        });
      }
    }
  }

  readonly #builderNodes = new Set<Node>();

  /** Handles made at the start: duplicated parameters and the tuple of arguments. */
  #entry(): void {
    const first = this.#tree.named(this.#facts.fn.body)[0];
    if (first === undefined) return;
    this.#views.declareParameters(first);
    for (const name of this.#facts.parameterDuplicates)
      if (name !== this.#argumentsParameter() && !(this.#facts.needsDict && name === this.#keywordsParameter())) {
        const handle = this.#handleName(name);
        this.#statements.before(first, [`${handle} = HPy_Dup(${this.names.ctx}, ${handle});`]);
      }
    if (this.#facts.needsTuple) {
      const tuple = this.#tupleName();
      this.#statements.before(
        first,
        [`HPy ${tuple} = HPyTuple_FromArray(${this.names.ctx}, (HPy *)${this.names.args}, ${this.#signedCount()});`],
        "declaration",
      );
      this.#statements.before(first, [`if (HPy_IsNull(${tuple})) return ${this.#failure()};`]);
    }
    if (!this.#facts.needsDict) return;
    const { ctx, args, nargs, kwnames } = this.names;
    const dict = this.#dictName();
    this.#support.add("hpyx_keywords_dict");
    this.#statements.before(first, [`HPy ${dict};`], "declaration");
    const close = this.#facts.needsTuple ? `HPy_Close(${ctx}, ${this.#tupleName()}); ` : "";
    const failed = `hpyx_keywords_dict(${ctx}, ${args}, ${nargs}, ${kwnames}, &${dict}) < 0`;
    this.#statements.before(first, [
      close === ""
        ? `if (${failed}) return ${this.#failure()};`
        : `if (${failed}) { ${close}return ${this.#failure()}; }`,
    ]);
  }

  /** What the function returns when it fails. */
  #failure(): string {
    return this.#typing.objects.isObjectPointer(this.#facts.fn.result) ? "HPy_NULL" : "-1";
  }

  #keywordsParameter(): string {
    return this.#facts.fn.parameters[2]?.name ?? "";
  }

  #dict = "";
  #dictName(): string {
    if (this.#dict === "") this.#dict = this.#fresh(`${this.#keywordsParameter()}_dict`);
    return this.#dict;
  }

  #argumentsParameter(): string {
    return passesTuple(this.#facts.convention) || this.#facts.parsed !== null ? this.names.args : "";
  }

  /** Number of arguments as the C API counts them. */
  #signedCount(): string {
    return passesDict(this.#facts.convention) ? this.names.nargs : `(HPy_ssize_t)${this.names.nargs}`;
  }

  #tuple = "";
  #tupleName(): string {
    if (this.#tuple === "") this.#tuple = this.#fresh(`${this.names.args}_tuple`);
    return this.#tuple;
  }

  // Statements.

  #statement(n: Node): void {
    const tree = this.#tree;
    if (this.#builderNodes.has(n)) return;
    switch (tree.kind(n)) {
      case "declaration":
        this.#declaration(n);
        return;
      case "expression_statement":
        this.#expressionStatement(n);
        return;
      case "return_statement": {
        const value = tree.named(n)[0];
        if (value !== undefined && this.#facts.convention === "init") {
          this.#returnFromInit(value);
          return;
        }
        if (value === undefined) return;
        const givesObject = this.#typing.objects.isObjectPointer(this.#facts.fn.result);
        if (!givesObject && this.#isMemoryError(value)) this.#returnMemoryError(n, value);
        this.#value(value, givesObject ? "handle" : "any");
        return;
      }
      case "if_statement":
      case "while_statement":
      case "do_statement": {
        for (const c of tree.named(n)) {
          if (tree.fieldOf(c) === "condition") this.#condition(c);
          else this.#statement(c);
        }
        return;
      }
      case "for_statement": {
        for (const c of tree.named(n)) {
          const field = tree.fieldOf(c);
          if (field === "condition") this.#condition(c);
          else if (field === "body") this.#statement(c);
          else if (tree.kind(c) === "declaration") this.#declaration(c);
          else this.#value(c, "any");
        }
        return;
      }
      default: {
        for (const c of tree.named(n)) {
          const kind = tree.kind(c);
          if (kind === "statement_identifier" || (tree.kind(n) === "case_statement" && tree.fieldOf(c) === "value"))
            continue;
          if (kind === "parenthesized_expression") this.#value(c, "any");
          else if (kind.startsWith("preproc") || STATEMENT_KINDS.has(kind)) this.#preprocOrStatement(c);
          else if (!PREPROC_LEAVES.has(kind) && !tree.kind(n).startsWith("preproc")) this.#value(c, "any");
        }
      }
    }
  }

  /** The module or NULL becomes the status of an exec function; a call that raises keeps being made. */
  #returnFromInit(value: Node): void {
    const tree = this.#tree;
    const at = stripCasts(tree, value);
    if (this.#typing.typeOf(at) === "null") this.#edits.replace(this.#typing.span(value), "-1", RULE);
    else if (tree.kind(at) === "identifier" && this.#typing.local(tree.source(at)) !== undefined)
      this.#edits.replace(this.#typing.span(value), "0", RULE);
    else this.#refuse("init-returns-other", value, "The init function returns something else than the module.");
  }

  #preprocOrStatement(n: Node): void {
    if (this.#isDeadBranch(n)) return;
    this.#statement(n);
  }

  #isDeadBranch(n: Node): boolean {
    const start = this.#tree.start(n);
    return this.#facts.fn.file.conditionals.some((c) =>
      c.branches.some((b) => b.liveness === "dead" && start >= b.body.start && start < b.body.end),
    );
  }

  #declaration(n: Node): void {
    const tree = this.#tree;
    const declarators = readDeclarators(tree, n);
    const objects = declarators.filter((d) => this.#typing.objects.isObjectPointer(d.type));
    const isStatic = tree.children(n).some((c) => tree.source(c) === "static");
    const isPointer = (d: Declarator): boolean =>
      this.#typing.rawLocals.has(d.name) || this.#typing.viewLocals.has(d.name);
    if (objects.some(isPointer)) {
      if (!objects.every(isPointer)) {
        this.#divideDeclaration(n, declarators, isPointer);
        return;
      }
      for (const d of declarators) if (d.value !== NONE) this.#pointerValue(d);
      return;
    }
    const built = objects.filter((d) => this.#builders.has(d.name));
    if (built.length > 0) {
      this.#declareBuilders(n, objects);
      return;
    }
    if (objects.length > 0 && !isStatic) {
      const type = tree.field(n, "type");
      this.#edits.replace(this.#typing.span(type), "HPy", RULE);
      for (const d of objects) {
        deleteStar(this.#tree, d.stars[0] ?? NONE, this.#edits, RULE);
        const handle = this.#handles.get(d.name);
        if (handle !== undefined) {
          this.#edits.replace(this.#typing.span(d.nameNode), handle, RULE);
          if (d.value !== NONE && this.#isConstruction(d.value)) this.#views.constructed(d, n);
          else this.#views.declared(d, n);
        }
        if (d.value !== NONE) this.#value(d.value, "handle");
        else if (this.#facts.initialise.has(d.name)) this.#edits.insert(tree.end(d.node), " = HPy_NULL", RULE);
      }
      return;
    }
    if (this.#isKeywordList(n)) return;
    for (const d of declarators) if (d.value !== NONE && !isStatic) this.#value(d.value, "any");
    for (const d of declarators)
      if (d.value !== NONE && !isStatic && d.type.base === "char" && d.type.pointers === 1)
        this.#castInterior(d.value, n);
  }

  /** The value of a variable that stays a C pointer. */
  #pointerValue(d: Declarator): void {
    if (this.#typing.rawLocals.has(d.name)) this.#storeIntoCell(d.value, d.type);
    else if (this.#typing.viewLocals.has(d.name) && this.#typing.typeOf(d.value) === "handle")
      this.#view(d.value, this.#views.heldBy(this.#tree.parent(d.value), d.name));
    else this.#value(d.value, "any");
  }

  /** A declaration of handles and of C pointers becomes one declaration for each variable. */
  #divideDeclaration(n: Node, declarators: readonly Declarator[], isPointer: (d: Declarator) => boolean): void {
    const tree = this.#tree;
    if (tree.kind(tree.parent(n)) === "for_statement")
      this.#refuse(
        "mixed-declaration",
        n,
        "One declaration has both references that become handles and references that stay.",
      );
    const type = tree.text.slice(tree.start(n), tree.end(tree.field(n, "type")));
    const lines = declarators.map((d): Part[] => {
      const value: Part[] = d.value === NONE ? [] : [" = ", this.#typing.span(d.value)];
      if (!this.#typing.objects.isObjectPointer(d.type) || isPointer(d)) {
        if (d.value !== NONE) this.#pointerValue(d);
        return [`${type} ${tree.source(d.node)}`, ...value, ";"];
      }
      if (d.value !== NONE) this.#value(d.value, "handle");
      if (this.#handles.has(d.name)) this.#views.declared(d, n);
      const start = d.value === NONE && this.#facts.initialise.has(d.name) ? " = HPy_NULL" : "";
      return [`HPy ${this.#handleName(d.name)}${start}`, ...value, ";"];
    });
    const newline = newlineOf(tree.text) + indentationAt(tree.text, tree.start(n));
    const parts = lines.flatMap((line, i): Part[] => (i === 0 ? line : [newline, ...line]));
    this.#edits.replace(this.#typing.span(n), parts, RULE);
  }

  /** A declaration with builders among its variables becomes one declaration per type. */
  #declareBuilders(n: Node, objects: readonly Declarator[]): void {
    const lines: Part[][] = [];
    const handles = objects.filter((d) => !this.#builders.has(d.name));
    handles.forEach((d, i) => {
      const value: Part[] =
        d.value !== NONE
          ? [" = ", this.#typing.span(d.value)]
          : this.#facts.initialise.has(d.name)
            ? [" = HPy_NULL"]
            : [];
      if (d.value !== NONE) this.#value(d.value, "handle");
      const line = lines[0];
      if (i === 0 || line === undefined) lines.push([`HPy ${d.name}`, ...value]);
      else line.push(`, ${d.name}`, ...value);
    });
    for (const d of objects) {
      const builder = this.#builders.get(d.name);
      if (builder === undefined) continue;
      const isMade = d.value !== NONE && this.#builderNodes.has(stripCasts(this.#tree, d.value));
      const value: Part[] = isMade ? [" = ", this.#typing.span(d.value)] : d.value !== NONE ? [" = {0}"] : [];
      lines.push([`HPy${builder.container}Builder ${d.name}`, ...value]);
    }
    const newline = newlineOf(this.#tree.text);
    const indent = indentationAt(this.#tree.text, this.#tree.start(n));
    const parts = lines.flatMap((line, i): Part[] => [...(i === 0 ? [] : [newline + indent]), ...line, ";"]);
    this.#edits.replace(this.#typing.span(n), parts, RULE);
  }

  /** `static char *kwlist[]` gets the `const` that HPy's parsers want only where the type would not fit. */
  #isKeywordList(n: Node): boolean {
    return readDeclarators(this.#tree, n).some(
      (d) => d.type.base === "char" && d.type.arrays === 1 && d.type.pointers === 1,
    );
  }

  #expressionStatement(n: Node): void {
    const tree = this.#tree;
    const expression = tree.named(n)[0];
    if (expression === undefined || this.#builderNodes.has(expression)) return;
    const source = tree.source(expression);
    const ctx = this.names.ctx;
    if (tree.kind(expression) === "identifier") {
      const replacement = STATEMENT_MACROS[source];
      if (replacement !== undefined) {
        const end = tree.source(n).endsWith(";") || !replacement.includes("_token") ? "" : ";";
        this.#edits.replace(this.#typing.span(expression), `${replacement.replaceAll("$ctx", ctx)}${end}`, RULE);
        return;
      }
    }
    if (tree.kind(expression) === "call_expression") {
      if (this.#referenceCount(expression, n)) return;
      const called = tree.field(expression, "function");
      if (tree.source(called) === "Py_RETURN_RICHCOMPARE") {
        const list = tree.named(tree.field(expression, "arguments"));
        this.#edits.replace(this.#typing.span(called), "HPy_RETURN_RICHCOMPARE", RULE);
        this.#insertContext(expression, list.length);
        for (const argument of list) this.#value(argument, "any");
        return;
      }
      const callee = this.#typing.callee(expression);
      if (callee.kind === "capi" && TRACKING.has(callee.name)) {
        this.#statements.remove(n);
        return;
      }
    }
    this.#value(expression, "any");
  }

  /** Whether a name stands for the view of a handle: a field of its struct is used. */
  #isViewed(n: Node): boolean {
    const field = this.#tree.parent(n);
    return (
      this.#typing.viewedHandles.has(this.#tree.source(n)) &&
      this.#tree.kind(field) === "field_expression" &&
      this.#tree.field(field, "argument") === n
    );
  }

  /** While the interpreter's lock is released nothing may use the context, and each function gives the lock back. */
  #checkThreads(): void {
    const tree = this.#tree;
    const { released, unbalanced } = computeThreadStates(tree, this.#facts.cfg);
    if (unbalanced !== null)
      this.#refuse(
        "api-without-gil",
        unbalanced === NONE ? this.#facts.fn.node : unbalanced,
        "The interpreter's lock is not released and taken in turns on every path.",
      );
    for (const part of released) {
      for (const n of tree.descendants(part, "identifier")) {
        const name = tree.source(n);
        const call = tree.parent(n);
        const isApi =
          tree.kind(call) === "call_expression" &&
          tree.field(call, "function") === n &&
          this.#typing.callee(call).kind === "capi";
        const answer = this.#context.unmapped.get(this.#typing.canonicalName(name))?.answer;
        if ((isApi && answer !== "stays") || (this.#typing.typeOf(n) === "handle" && !this.#isViewed(n)))
          this.#refuse("api-without-gil", n, `\`${name}\` is used where the interpreter's lock is released.`);
      }
    }
  }

  /** Statement that is a reference-count operation; true when it was handled. */
  #referenceCount(call: Node, statement: Node): boolean {
    const tree = this.#tree;
    const callee = this.#typing.callee(call);
    if (callee.kind !== "capi" || !REFERENCE_COUNTS.has(callee.name)) return false;
    const decision = this.#facts.decisions.get(call);
    const [argument, replacement] = tree.named(tree.field(call, "arguments"));
    if (argument === undefined) return false;
    if (replacement !== undefined && decision !== "keep") {
      this.#replaceReference(call, statement, argument, replacement);
      return true;
    }
    const ctx = this.names.ctx;
    const variable = tree.source(stripCasts(tree, argument));
    const name = this.#handleName(variable);
    const isClear = callee.name === "Py_CLEAR";
    if (isClear) this.#views.forget(variable, statement);
    if (replacement !== undefined) {
      this.#bridged = true;
      this.#value(argument, "any");
      this.#storeIntoCell(replacement, this.#typing.ctypeOf(argument));
      return true;
    }
    if (decision === undefined || decision === "keep") {
      if (decision === "keep") this.#bridged = true;
      else if (callee.name === "Py_NewRef" || callee.name === "Py_XNewRef") return false;
      else if (this.#typing.typeOf(stripCasts(tree, argument)) === "handle")
        this.#closeStatement(call, statement, argument, name, isClear);
      return true;
    }
    if (decision === "delete") {
      if (isClear) this.#edits.replace(this.#typing.span(call), `${name} = HPy_NULL`, RULE);
      else this.#statements.remove(statement);
      return true;
    }
    if (decision === "dup") {
      this.#edits.replace(this.#typing.span(call), `${name} = HPy_Dup(${ctx}, ${name})`, RULE);
      return true;
    }
    this.#closeStatement(call, statement, argument, name, isClear);
    return true;
  }

  /** `Py_SETREF(x, y)`: the old handle is closed after the new one is in place. */
  #replaceReference(call: Node, statement: Node, argument: Node, replacement: Node): void {
    const variable = this.#tree.source(stripCasts(this.#tree, argument));
    const name = this.#handleName(variable);
    this.#views.assigned(variable, call, statement);
    if (this.#facts.decisions.get(call) === "close") {
      const old = this.#fresh(`old_${name}`);
      this.#statements.before(statement, [`HPy ${old} = ${name};`], "declaration");
      this.#statements.after(statement, [`HPy_Close(${this.names.ctx}, ${old});`]);
    }
    this.#edits.replace(this.#typing.span(call), [`${name} = `, this.#typing.span(replacement)], RULE);
    this.#value(replacement, "handle");
  }

  #closeStatement(call: Node, statement: Node, argument: Node, name: string, isClear: boolean): void {
    const stripped = stripCasts(this.#tree, argument);
    this.#edits.replace(
      this.#typing.span(call),
      [`HPy_Close(${this.names.ctx}, `, this.#typing.span(stripped), ")"],
      RULE,
    );
    this.#value(stripped, "handle");
    if (isClear || this.#facts.reset.has(this.#tree.source(stripped)))
      this.#statements.after(statement, [`${name} = HPy_NULL;`]);
  }

  // Closings.

  #temporaryName(variable: string): string {
    if (variable === this.#argumentsParameter() && this.#facts.needsTuple) return this.#tupleName();
    if (this.#facts.needsDict && variable === this.#keywordsParameter()) return this.#dictName();
    if (!variable.startsWith("%t")) return this.#handleName(variable);
    return this.#temporaryNames.get(Number(variable.slice(2))) ?? variable;
  }

  #closeText(variable: string): string {
    const release = this.#releases.get(variable);
    if (release !== undefined) return `${release};`;
    return `HPy_Close(${this.names.ctx}, ${this.#temporaryName(variable)});`;
  }

  #closings(): void {
    const tree = this.#tree;
    const before = new Map<Node, string[]>();
    for (const closing of this.#facts.closings) {
      const text = this.#closeText(closing.variable);
      const isReset = this.#facts.reset.has(closing.variable);
      if (closing.falls === "through") {
        this.#statements.after(closing.after, [text]);
        if (isReset) this.#statements.after(closing.after, [`${this.#temporaryName(closing.variable)} = HPy_NULL;`]);
      }
      for (const statement of closing.reassigned) {
        this.#saveReplacement(statement, closing.variable);
        this.#statements.before(statement, [text]);
      }
      for (const jump of closing.before) {
        const list = before.get(jump) ?? [];
        if (!list.includes(closing.variable)) list.push(closing.variable);
        before.set(jump, list);
      }
    }
    for (const [jump, variables] of before) {
      const macro = tree.kind(jump) === "expression_statement";
      const value = tree.kind(jump) === "return_statement" ? tree.named(jump)[0] : undefined;
      const sorted = variables.sort((a, b) => this.#closeOrder(a) - this.#closeOrder(b));
      if (macro || value === undefined || this.#isIndependent(value, sorted)) {
        for (const v of sorted) this.#statements.before(jump, [this.#closeText(v)]);
        continue;
      }
      const result = this.#fresh("result");
      const isInit = this.#facts.convention === "init";
      const type = isInit
        ? "int "
        : this.#typing.objects.isObjectPointer(this.#facts.fn.result)
          ? "HPy "
          : `${this.#resultType()} `;
      this.#statements.before(
        jump,
        [`${type}${result} = `, { ...this.#typing.span(value), above: Nesting.returnValue }, ";"],
        "declaration",
      );
      for (const v of sorted) this.#statements.before(jump, [this.#closeText(v)]);
      this.#edits.replace(this.#typing.span(value), result, RULE, Nesting.returnValue);
    }
  }

  /** `x = f(x)`: what replaces a handle is made before the handle is closed. */
  #saveReplacement(statement: Node, variable: string): void {
    const tree = this.#tree;
    const [assignment] = tree.kind(statement) === "expression_statement" ? tree.named(statement) : [];
    if (assignment === undefined || tree.kind(assignment) !== "assignment_expression") return;
    const right = tree.field(assignment, "right");
    if (![...tree.descendants(right, "identifier")].some((n) => tree.source(n) === variable)) return;
    const replacement = this.#fresh(`new_${variable}`);
    const value = { ...this.#typing.span(right), above: Nesting.returnValue };
    this.#statements.before(statement, [`HPy ${replacement} = `, value, ";"], "declaration");
    this.#edits.replace(this.#typing.span(right), replacement, RULE, Nesting.returnValue);
  }

  /** Trackers go last: handles read from them are closed before. */
  #closeOrder(variable: string): number {
    return variable.startsWith(TRACKER) ? 1 : 0;
  }

  #resultType(): string {
    const { base, pointers } = this.#facts.fn.result;
    const qualifier = this.#tree.children(this.#facts.fn.node).some((c) => this.#tree.source(c) === "const")
      ? "const "
      : "";
    return `${qualifier}${base}${pointers > 0 ? ` ${"*".repeat(pointers)}` : ""}`;
  }

  #isMemoryError(value: Node): boolean {
    const at = stripCasts(this.#tree, value);
    if (this.#tree.kind(at) !== "call_expression") return false;
    const callee = this.#typing.callee(at);
    return callee.kind === "capi" && callee.name === "PyErr_NoMemory";
  }

  /** `return PyErr_NoMemory();` where no object is returned: its NULL becomes a 0, which a handle does not. */
  #returnMemoryError(statement: Node, value: Node): void {
    const call = this.#typing.span(stripCasts(this.#tree, value));
    this.#statements.before(statement, [{ ...call, above: Nesting.returnValue }, ";"]);
    const zero = this.#facts.fn.result.pointers > 0 ? "NULL" : "0";
    this.#edits.replace(this.#typing.span(value), zero, RULE, Nesting.returnValue);
  }

  /** Whether a returned expression neither uses what is closed before it nor anything that could depend on it. */
  #isIndependent(value: Node, closed: readonly string[]): boolean {
    const tree = this.#tree;
    const at = stripCasts(tree, value);
    const kind = tree.kind(at);
    if (kind === "null" || kind === "number_literal" || kind === "true" || kind === "false") return true;
    if (kind === "unary_expression") return this.#isIndependent(tree.field(at, "argument"), closed);
    if (kind === "call_expression" && this.#typing.callee(at).kind === "capi") return this.#isMemoryError(value);
    if (kind !== "identifier") return false;
    const name = tree.source(at);
    if (closed.includes(name) || closed.includes(`%t${at}`)) return false;
    if (this.#typing.constantObject(name) !== null) return true;
    const type = this.#typing.typeOf(at);
    if (type === "cell") return false;
    if (type === "handle")
      return this.#facts.decisions.get(at) !== "dup" || !closed.some((name) => name.startsWith(TRACKER));
    const local = this.#typing.local(name);
    return local === undefined || local.type.pointers === 0;
  }

  // Expressions.

  #condition(n: Node): void {
    const tree = this.#tree;
    const inner = stripParentheses(tree, n);
    if (inner === NONE) return;
    this.#truth(inner);
  }

  /** An expression whose truth is taken. */
  #truth(n: Node): void {
    const tree = this.#tree;
    const kind = tree.kind(n);
    if (kind === "parenthesized_expression") {
      const inner = tree.named(n)[0];
      if (inner !== undefined) this.#truth(inner);
      return;
    }
    if (kind === "binary_expression") {
      const operator = tree.source(tree.field(n, "operator"));
      if (operator === "&&" || operator === "||") {
        this.#truth(tree.field(n, "left"));
        this.#truth(tree.field(n, "right"));
        return;
      }
    }
    if (kind === "unary_expression" && tree.source(tree.field(n, "operator")) === "!") {
      this.#negation(n);
      return;
    }
    if (this.#typing.typeOf(n) === "handle" && !this.#isRaw(n)) {
      this.#edits.replace(this.#typing.span(n), ["!HPy_IsNull(", ...this.#asArgument(n), ")"], RULE, Nesting.use);
      this.#value(n, "handle");
      return;
    }
    this.#value(n, "any");
  }

  /** An expression as the one argument of a macro: a comma in it must not divide it. */
  #asArgument(n: Node): Part[] {
    const span = this.#typing.span(n);
    return this.#tree.kind(n) === "comma_expression" ? ["(", span, ")"] : [span];
  }

  #negation(n: Node): void {
    const tree = this.#tree;
    const argument = tree.field(n, "argument");
    const inner = stripParentheses(tree, argument);
    if (this.#typing.typeOf(inner) === "handle" && !this.#isRaw(inner)) {
      this.#edits.replace(this.#typing.span(n), ["HPy_IsNull(", ...this.#asArgument(inner), ")"], RULE);
      this.#value(inner, "handle");
      return;
    }
    const parse = tree.kind(inner) === "call_expression" ? this.#parseOperands(inner) : null;
    if (parse !== null) {
      const [first, ...rest] = parse;
      if (rest.length === 0) this.#edits.replace(this.#typing.span(inner), first ?? "1", RULE);
      else {
        this.#joinOperands(n, negated(parse), "||", this.#standsAlone(n) ? "bare" : "parenthesised");
      }
      return;
    }
    this.#truth(argument);
  }

  /** Replaces an expression by operands, each on a line of its own, below the first, when one line would be too long. */
  #joinOperands(n: Node, operands: readonly string[], operator: "&&" | "||", form: "bare" | "parenthesised"): void {
    const { text } = this.#tree;
    const { start } = this.#typing.span(n);
    const [open, close] = form === "bare" ? ["", ""] : ["(", ")"];
    const line = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
    const length = operands.reduce((sum, operand) => sum + operand.length + operator.length + 2, line.length);
    const indent = indentationAt(text, start);
    const below = newlineOf(text) + indent + " ".repeat(line.length - indent.length + open.length);
    const separator = length > LINE_WIDTH ? ` ${operator}${below}` : ` ${operator} `;
    this.#edits.replace(this.#typing.span(n), open + operands.join(separator) + close, RULE);
  }

  /** Whether an expression is the whole of a condition or an operand of `||`, so that `||` in it needs no parentheses. */
  #standsAlone(n: Node): boolean {
    const tree = this.#tree;
    const parent = tree.parent(n);
    if (tree.kind(parent) === "parenthesized_expression") return true;
    return tree.kind(parent) === "binary_expression" && tree.source(tree.field(parent, "operator")) === "||";
  }

  #isRaw(n: Node): boolean {
    return this.#typing.typeOf(n) === "cell";
  }

  /** Rewrites an expression; `handle` where its value is used as a handle. */
  #value(n: Node, want: "handle" | "any"): void {
    this.#expression(n, want);
    // What the operands need before the statement stands before what is made of them.
    const hoisted = this.#hoisted.get(n);
    if (hoisted === undefined) return;
    this.#hoisted.delete(n);
    this.#statements.before(hoisted.statement, hoisted.line, "declaration");
  }

  #expression(n: Node, want: "handle" | "any"): void {
    const tree = this.#tree;
    if (this.#builderNodes.has(n)) return;
    const type = want === "handle" ? this.#typing.typeOf(n) : "other";
    const decision = this.#facts.decisions.get(n);
    if (decision === "dup" && want === "handle") {
      this.#edits.replace(
        this.#typing.span(n),
        [`HPy_Dup(${this.names.ctx}, `, this.#typing.span(n), ")"],
        RULE,
        Nesting.use,
      );
    }
    if (
      type === "cell" &&
      tree.kind(n) === "cast_expression" &&
      this.#typing.typeOf(tree.field(n, "value")) === "cell"
    ) {
      const inner = tree.field(n, "value");
      this.#edits.replace(this.#typing.span(n), [this.#typing.span(inner)], RULE);
      this.#value(inner, "handle");
      return;
    }
    if (want === "handle" && tree.kind(n) === "call_expression" && this.#typing.isNullPointer(n)) {
      this.#edits.replace(this.#typing.span(n), ["(", this.#typing.span(n), ", HPy_NULL)"], RULE, Nesting.use);
      this.#value(n, "any");
      return;
    }
    if (this.#facts.temporaries.has(n)) this.#bindTemporary(n);
    if (type === "cell" && !TRANSPARENT.has(tree.kind(n))) {
      this.#bridged = true;
      this.#edits.replace(
        this.#typing.span(n),
        [
          `HPy_FromPyObject(${this.names.ctx}, ${this.#isOtherPointer(n) ? "(PyObject *)" : ""}`,
          this.#typing.span(n),
          ")",
        ],
        RULE,
        Nesting.load,
      );
      this.#reach(n);
      return;
    }
    switch (tree.kind(n)) {
      case "null":
      case "number_literal":
        if (want === "handle" && this.#typing.typeOf(n) === "null")
          this.#edits.replace(this.#typing.span(n), "HPy_NULL", RULE);
        return;
      case "identifier":
        this.#identifier(n, want);
        return;
      case "parenthesized_expression": {
        const inner = tree.named(n)[0];
        if (inner !== undefined) this.#value(inner, want);
        return;
      }
      case "cast_expression":
        this.#cast(n, want);
        return;
      case "assignment_expression":
        this.#assignment(n);
        return;
      case "conditional_expression": {
        this.#truth(tree.field(n, "condition"));
        const inherited = this.#typing.typeOf(n) === "handle" ? "handle" : want;
        this.#value(tree.field(n, "consequence"), inherited);
        this.#value(tree.field(n, "alternative"), inherited);
        return;
      }
      case "comma_expression":
        this.#comma(n, want);
        return;
      case "unary_expression":
        if (tree.source(tree.field(n, "operator")) === "!") this.#negation(n);
        else this.#value(tree.field(n, "argument"), "any");
        return;
      case "binary_expression":
        this.#binary(n);
        return;
      case "pointer_expression": {
        const typeObject = this.#typing.typeObject(n);
        if (typeObject !== null) {
          this.#constant(n, `&${typeObject}`);
          return;
        }
        const argument = tree.field(n, "argument");
        if (tree.token(n, "*") !== NONE && this.#typing.typeOf(argument) === "handle") {
          this.#view(argument, "object");
          return;
        }
        if (tree.token(n, "&") !== NONE) this.#views.passed(n);
        this.#value(argument, "any");
        return;
      }
      case "call_expression":
        this.#call(n);
        return;
      case "sizeof_expression":
        return;
      case "field_expression": {
        const argument = tree.field(n, "argument");
        if (tree.source(tree.field(n, "field")) === "tp_name" && this.#typing.typeOf(argument) === "handle") {
          this.#support.add("hpyx_type_name");
          this.#bridged = true;
          this.#edits.replace(
            this.#typing.span(n),
            [`hpyx_type_name(${this.names.ctx}, `, this.#typing.span(argument), ")"],
            RULE,
          );
          this.#value(argument, "handle");
          return;
        }
        this.#reach(n);
        return;
      }
      default:
        this.#children(n);
    }
  }

  /** An expression that reads C memory: a field through a view, or any other. */
  #reach(n: Node): void {
    const argument = this.#tree.kind(n) === "field_expression" ? this.#tree.field(n, "argument") : NONE;
    if (argument !== NONE && this.#typing.typeOf(argument) === "handle") this.#view(argument, "object");
    else this.#children(n);
  }

  /**
   * A reference whose struct is used: a variable with a view stays as it is written, any other reference is turned into
   * a pointer in place. `held` says whether there is an object for certain.
   */
  #view(n: Node, held: HeldView): void {
    const inner = stripCasts(this.#tree, n);
    if (this.#handles.has(this.#tree.source(inner)) && this.#tree.kind(inner) === "identifier") return;
    const name = this.#views.structName(n);
    const isVariable = this.#tree.kind(inner) === "identifier";
    if (held !== "object" && !isVariable)
      this.#refuse("struct-view-of-null", n, "The struct of an object is handed on that may be missing.");
    const open = `${name}_AsStruct(${this.names.ctx}, `;
    const span = this.#typing.span(inner);
    const parts: Part[] = held === "object" ? [open, span, ")"] : ["HPy_IsNull(", span, ") ? NULL : ", open, span, ")"];
    this.#edits.replace(this.#typing.span(n), parts, RULE, Nesting.use);
    this.#value(inner, "handle");
  }

  /** An argument of plain C code, which gets pointers to structs. */
  #plainArgument(n: Node): void {
    if (this.#typing.typeOf(n) === "handle" && this.#typing.isStruct(n)) this.#view(n, this.#views.heldBy(n, ""));
    else this.#value(n, "any");
  }

  /** Whether a C pointer to an object has another type than `PyObject *`. */
  #isOtherPointer(n: Node): boolean {
    const type = this.#typing.ctypeOf(n);
    return this.#tree.kind(n) === "pointer_expression" || (type !== null && type.base !== "PyObject");
  }

  #children(n: Node): void {
    for (const c of this.#tree.named(n)) {
      const kind = this.#tree.kind(c);
      if (kind === "field_identifier" || kind === "type_descriptor" || kind.endsWith("designator")) continue;
      this.#value(c, "any");
    }
  }

  #comma(n: Node, want: "handle" | "any"): void {
    const tree = this.#tree;
    const left = tree.field(n, "left");
    const right = tree.field(n, "right");
    const isCount = tree.kind(left) === "call_expression" && this.#facts.decisions.get(left) === "delete";
    if (isCount) {
      this.#edits.replace(this.#typing.span(n), [this.#typing.span(right)], RULE);
    } else this.#value(left, "any");
    this.#value(right, want);
  }

  #identifier(n: Node, want: "handle" | "any"): void {
    const name = this.#tree.source(n);
    if (name === "NULL" || name === "nullptr") {
      if (want === "handle") this.#edits.replace(this.#typing.span(n), "HPy_NULL", RULE);
      return;
    }
    const constant = this.#typing.constantObject(name);
    if (constant !== null) {
      this.#constant(n, constant);
      return;
    }
    if (name === this.#argumentsParameter() && this.#facts.needsTuple) {
      this.#edits.replace(this.#typing.span(n), this.#tupleName(), RULE);
      return;
    }
    if (this.#facts.needsDict && name === this.#keywordsParameter()) {
      this.#edits.replace(this.#typing.span(n), this.#dictName(), RULE);
      return;
    }
    const handle = this.#handles.get(name);
    if (handle !== undefined) {
      this.#edits.replace(this.#typing.span(n), handle, RULE);
      return;
    }
    if (this.#facts.convention.startsWith("fastcall") && name === this.names.nargs)
      this.#edits.replace(this.#typing.span(n), `(HPy_ssize_t)${name}`, RULE);
  }

  #constant(n: Node, name: string): void {
    const handle = CONTEXT_HANDLES.get(name);
    if (handle === undefined) {
      this.#bridged = true;
      this.#refuse("constant-without-handle", n, `HPy 0.9 has no context handle for \`${name}\`.`);
    }
    this.#edits.replace(this.#typing.span(n), `${this.names.ctx}->${handle}`, RULE);
  }

  #cast(n: Node, want: "handle" | "any"): void {
    const tree = this.#tree;
    const inner = tree.field(n, "value");
    const type = readTypeDescriptor(tree, tree.field(n, "type"));
    const outer = this.#typing.typeOf(n);
    const isReference = outer === "handle" || outer === "handle-pointer" || (outer === "null" && want === "handle");
    if (this.#typing.objects.isObjectPointer(type) && isReference) {
      this.#edits.replace(this.#typing.span(n), [this.#typing.span(inner)], RULE);
      this.#value(inner, "handle");
      return;
    }
    if (type.base === "void" && type.pointers === 0) {
      const isTemporary = this.#typing.typeOf(inner) === "handle";
      this.#value(inner, isTemporary ? "handle" : "any");
      return;
    }
    if (this.#typing.typeOf(inner) === "handle" && this.#typing.isAlwaysNull(inner)) {
      const call = stripCasts(tree, inner);
      this.#edits.replace(this.#typing.span(n), ["(", this.#typing.span(call), ", NULL)"], RULE);
      this.#value(call, "any");
      return;
    }
    if (this.#typing.typeOf(inner) === "handle" && this.#typing.isStruct(inner)) {
      this.#view(inner, this.#views.heldBy(inner, ""));
      return;
    }
    if (this.#typing.typeOf(n) === "null" && want === "handle") {
      this.#edits.replace(this.#typing.span(n), "HPy_NULL", RULE);
      return;
    }
    this.#value(inner, "any");
  }

  #assignment(n: Node): void {
    const tree = this.#tree;
    const left = tree.field(n, "left");
    const right = tree.field(n, "right");
    const leftType = this.#typing.typeOf(left);
    if (leftType === "cell") {
      this.#value(left, "any");
      this.#storeIntoCell(right, this.#typing.ctypeOf(left));
      return;
    }
    if (leftType === "handle") {
      this.#value(left, "any");
      this.#value(right, "handle");
      const moved = stripCasts(tree, right);
      if (this.#facts.moves.has(moved))
        this.#statements.after(statementOf(tree, n), [`${this.#handleName(tree.source(moved))} = HPy_NULL;`]);
      if (!this.#isConstruction(right)) this.#setView(n, stripParentheses(tree, left));
      return;
    }
    const target = stripParentheses(tree, left);
    if (this.#typing.viewLocals.has(tree.source(target)) && this.#typing.typeOf(right) === "handle") {
      this.#view(right, this.#views.heldBy(n, tree.source(target)));
      return;
    }
    this.#value(left, "any");
    this.#value(right, "any");
    if (tree.kind(left) === "identifier") {
      const type = this.#typing.local(tree.source(left))?.type;
      if (type?.base === "char" && type.pointers === 1) this.#castInterior(right, n);
    }
  }

  /** After an assignment to a variable with a view, the view follows: in a statement of its own or in place. */
  #setView(assignment: Node, left: Node): void {
    const tree = this.#tree;
    if (tree.kind(left) !== "identifier" || !this.#handles.has(tree.source(left))) return;
    const name = tree.source(left);
    const view = this.#views.assignedInside(name, assignment);
    if (view === null) return;
    const isUsed = tree.kind(tree.parent(assignment)) !== "for_statement";
    const span = this.#typing.span(assignment);
    const parts: Part[] = isUsed
      ? ["(", span, `, ${name} = ${view}, ${this.#handleName(name)})`]
      : [span, `, ${name} = ${view}`];
    this.#edits.replace(span, parts, RULE, Nesting.use);
  }

  /** The right side of an assignment to a C pointer of this type that stays one. */
  #storeIntoCell(right: Node, type: CType | null): void {
    if (this.#typing.typeOf(right) !== "handle") {
      this.#value(right, "any");
      return;
    }
    this.#bridged = true;
    this.#edits.replace(
      this.#typing.span(right),
      [
        `${type === null || type.base === "PyObject" ? "" : `(${type.base} *)`}HPy_AsPyObject(${this.names.ctx}, `,
        this.#typing.span(right),
        ")",
      ],
      RULE,
      Nesting.use,
    );
    this.#value(right, "handle");
  }

  /** HPy's interior pointers are const; a `char *` variable of the original keeps its type. */
  #castInterior(value: Node, holder: Node): void {
    const tree = this.#tree;
    const call = stripParentheses(tree, value);
    if (tree.kind(call) !== "call_expression") return;
    const callee = this.#typing.callee(call);
    if (callee.kind !== "capi" || callee.facts.ownership.kind !== "interior") return;
    if (tree.children(holder).some((c) => tree.source(c) === "const")) return;
    this.#edits.replace(this.#typing.span(call), ["(char *)", this.#typing.span(call)], RULE, Nesting.use);
  }

  #binary(n: Node): void {
    const tree = this.#tree;
    const operator = tree.source(tree.field(n, "operator"));
    const left = tree.field(n, "left");
    const right = tree.field(n, "right");
    if (operator === "&&" || operator === "||") {
      this.#truth(left);
      this.#truth(right);
      return;
    }
    if ((operator === "==" || operator === "!=") && isRawComparison(this.#typing, left, right)) {
      // Constants stay `PyObject *` beside a cell that is one.
      for (const side of [left, right]) if (this.#typing.typeOf(side) === "cell") this.#value(side, "any");
      return;
    }
    if (operator === "==" || operator === "!=") {
      const types = [this.#typing.typeOf(left), this.#typing.typeOf(right)];
      if (types.includes("handle")) {
        const negated = operator === "!=" ? "!" : "";
        if (types.includes("null")) {
          const side = types[0] === "null" ? right : left;
          const inner = stripParentheses(tree, side);
          this.#edits.replace(this.#typing.span(n), [`${negated}HPy_IsNull(`, ...this.#asArgument(inner), ")"], RULE);
          this.#value(inner, "handle");
          return;
        }
        this.#edits.replace(
          this.#typing.span(n),
          [`${negated}HPy_Is(${this.names.ctx}, `, this.#typing.span(left), ", ", this.#typing.span(right), ")"],
          RULE,
        );
        this.#value(left, "handle");
        this.#value(right, "handle");
        return;
      }
      const parse = this.#comparedParse(left, right);
      if (parse !== null) {
        const operands = this.#parseOperands(parse);
        if (operands !== null) {
          const form = operands.length > 1 ? "parenthesised" : "bare";
          if (operator === "==") this.#joinOperands(n, negated(operands), "||", form);
          else this.#joinOperands(n, operands, "&&", form);
          return;
        }
      }
    }
    this.#value(left, "any");
    this.#value(right, "any");
  }

  /** `PyArg_ParseTuple(...) == 0`: the call, or null. */
  #comparedParse(left: Node, right: Node): Node | null {
    const tree = this.#tree;
    const call = stripParentheses(tree, left);
    if (tree.kind(call) !== "call_expression" || tree.source(right) !== "0") return null;
    const callee = this.#typing.callee(call);
    return callee.kind === "capi" && PARSERS.has(callee.name) ? call : null;
  }

  // Temporaries.

  /** Gives a made handle a variable: declared before the statement where that is safe, else assigned in place. */
  #bindTemporary(n: Node): void {
    const name = this.#fresh(this.#temporaryWish(n));
    this.#temporaryNames.set(n, name);
    const closing = this.#facts.closings.find((c) => c.variable === `%t${n}`);
    const statement = statementOf(this.#tree, n);
    const first = closing === undefined ? statement : closing.first;
    if (first === statement && this.#isHoistable(n, statement)) {
      const line = [`HPy ${name} = `, { ...this.#typing.span(n), above: Nesting.temporary }, ";"];
      this.#hoisted.set(n, { statement, line });
      this.#edits.replace(this.#typing.span(n), name, RULE, Nesting.temporary);
      return;
    }
    this.#statements.before(first, [`HPy ${name} = HPy_NULL;`], "declaration");
    const isWhole =
      this.#tree.kind(this.#tree.parent(n)) === "expression_statement" ||
      this.#tree.kind(this.#tree.parent(n)) === "parenthesized_expression";
    this.#edits.replace(
      this.#typing.span(n),
      [
        isWhole ? `${name} = ` : `(${name} = `,
        { ...this.#typing.span(n), above: Nesting.temporary },
        isWhole ? "" : ")",
      ],
      RULE,
      Nesting.temporary,
    );
  }

  #temporaryWish(n: Node): string {
    const tree = this.#tree;
    if (tree.kind(n) === "call_expression") {
      const callee = this.#typing.callee(n);
      const name = callee.kind === "capi" ? (TEMPORARY_NAMES[callee.name] ?? "") : "";
      return name === "" ? "value" : name;
    }
    const at = stripCasts(tree, n);
    const base = tree.kind(at) === "field_expression" ? tree.source(tree.field(at, "field")) : tree.source(at);
    const word = base.startsWith("&") ? base.slice(1) : base;
    return /^[A-Za-z_]\w*$/.test(word) ? `h_${word}` : "value";
  }

  /** Whether an expression may be evaluated before its statement without changing what happens. */
  #isHoistable(n: Node, statement: Node): boolean {
    const tree = this.#tree;
    const kind = tree.kind(statement);
    if (!["expression_statement", "return_statement", "if_statement", "switch_statement", "declaration"].includes(kind))
      return false;
    if (tree.kind(tree.parent(statement)) === "labeled_statement") return false;
    if (tree.kind(tree.parent(statement)) === "for_statement" && tree.fieldOf(statement) !== "body") return false;
    let at = n;
    for (let parent = tree.parent(at); at !== statement; at = parent, parent = tree.parent(parent)) {
      switch (tree.kind(parent)) {
        case "binary_expression": {
          const operator = tree.source(tree.field(parent, "operator"));
          if ((operator === "&&" || operator === "||") && tree.field(parent, "left") !== at) return false;
          break;
        }
        case "conditional_expression":
          if (tree.field(parent, "condition") !== at) return false;
          break;
        case "comma_expression":
          if (tree.field(parent, "left") !== at) return false;
          break;
        case "init_declarator":
          if (tree.fields(statement, "declarator")[0] !== parent) return false;
          break;
        case "assignment_expression":
          if (tree.field(parent, "left") === at) return false;
          break;
        case "compound_statement":
        case "for_statement":
          return false;
        default:
      }
    }
    return true;
  }

  // Calls.

  #call(n: Node): void {
    const tree = this.#tree;
    const construction = this.#typing.construction(n);
    if (construction !== null) {
      this.#construct(n, construction.type);
      return;
    }
    const callee = this.#typing.callee(n);
    const list = tree.named(tree.field(n, "arguments"));
    const slot = callee.kind === "computed" ? readSlotCall(tree, n) : null;
    if (slot !== null) {
      this.#slotCall(n, slot, list);
      return;
    }
    switch (callee.kind) {
      case "project":
        this.#projectCall(n, callee.target, list);
        return;
      case "capi":
        this.#capiCall(n, callee.name, list);
        return;
      default:
        if (callee.kind === "foreign" && EXPECT.has(callee.name) && list[0] !== undefined) {
          this.#truth(list[0]);
          return;
        }
        if (callee.kind === "computed") this.#value(tree.field(n, "function"), "any");
        if (callee.kind === "foreign" && this.#worksOnStructs(callee.name)) this.#bridged = true;
        for (const argument of list) this.#plainArgument(argument);
    }
  }

  /** The constructor or initialiser of a base is called through the C API. */
  #slotCall(n: Node, slot: SlotCall, list: readonly Node[]): void {
    const name = slot.name === "tp_new" ? "hpyx_type_new" : "hpyx_type_init";
    const ctx = this.names.ctx;
    this.#support.add(name);
    this.#bridged = true;
    const base: Part =
      slot.builtIn === "" ? this.#typing.span(slot.base) : `${ctx}->${CONTEXT_HANDLES.get(`&${slot.builtIn}`)}`;
    const parts = list.flatMap((argument): Part[] => [", ", this.#typing.span(argument)]);
    this.#edits.replace(this.#typing.span(n), [`${name}(${ctx}, `, base, ...parts, ")"], RULE);
    if (slot.builtIn === "") this.#value(slot.base, "handle");
    for (const argument of list) this.#value(argument, "handle");
  }

  #isConstruction(n: Node): boolean {
    const at = stripCasts(this.#tree, n);
    return this.#tree.kind(at) === "call_expression" && this.#typing.construction(at) !== null;
  }

  /** `HPy_New` hands out the view of the new object with its handle. */
  #construct(n: Node, type: Node): void {
    const tree = this.#tree;
    let at = n;
    while (["parenthesized_expression", "cast_expression"].includes(tree.kind(tree.parent(at)))) at = tree.parent(at);
    const holder = tree.parent(at);
    const target =
      tree.kind(holder) === "init_declarator"
        ? tree.field(holder, "declarator")
        : tree.kind(holder) === "assignment_expression"
          ? tree.field(holder, "left")
          : NONE;
    const variable = target === NONE ? "" : [...tree.descendants(target, "identifier")].map((i) => tree.source(i))[0];
    let data = variable ?? "";
    if (!this.#handles.has(data)) {
      data = this.#fresh("data");
      this.#statements.before(statementOf(tree, n), [`void *${data};`], "declaration");
    }
    this.#edits.replace(
      this.#typing.span(n),
      [`HPy_New(${this.names.ctx}, `, this.#typing.span(type), `, &${data})`],
      RULE,
    );
    this.#value(type, "handle");
  }

  #argument(n: Node): void {
    const type = this.#typing.typeOf(n);
    this.#value(n, type === "handle" || type === "cell" ? "handle" : "any");
  }

  /** Arguments of a call whose parameter types are known: NULL for an object becomes HPy_NULL. */
  #typedArguments(list: readonly Node[], isObject: (index: number) => boolean): void {
    list.forEach((argument, i) => {
      if (isObject(i)) this.#value(argument, "handle");
      else this.#argument(argument);
    });
  }

  #projectCall(n: Node, target: CFunction, list: readonly Node[]): void {
    const tree = this.#tree;
    const objects =
      this.#typing.objects.isObjectPointer(target.result) ||
      target.parameters.some(
        (p) => this.#typing.objects.isObjectPointer(p.type) || this.#typing.objects.isObjectPointerPointer(p.type),
      );
    if (objects && this.#typing.isPlain(target)) {
      if (this.#worksOnStructs(target.name)) this.#bridged = true;
      for (const argument of list) this.#plainArgument(argument);
      return;
    }
    const name = this.#context.helperName(target);
    if (this.#facts.bridged.has(target)) this.#bridged = true;
    const functionNode = tree.field(n, "function");
    if (name === null) {
      if (!objects) {
        this.#bridged = true;
        for (const argument of list) this.#value(argument, "any");
        return;
      }
      this.#refuse("calls-legacy-function", n, `\`${target.name}\` stays legacy and takes or returns objects.`);
    }
    if (name !== target.name || tree.source(functionNode) !== name)
      this.#edits.replace(this.#typing.span(functionNode), name, RULE);
    this.#insertContext(n, list.length);
    const parsed = parsedArguments(this.#typing.project, target);
    list.forEach((argument, i) => {
      const parameter = target.parameters[i];
      if (i === parsed?.args) {
        const count = passesDict(this.#facts.convention) ? `(size_t)${this.names.nargs}` : this.names.nargs;
        this.#edits.replace(this.#typing.span(argument), `${this.names.args}, ${count}`, RULE);
      } else if (i === parsed?.keywords && this.#typing.typeOf(argument) !== "null")
        this.#edits.replace(this.#typing.span(argument), this.names.kwnames, RULE);
      else if (parameter !== undefined && this.#typing.objects.isObjectPointer(parameter.type))
        this.#value(argument, "handle");
      else this.#argument(argument);
    });
  }

  /** Whether plain C code reads the structs of objects by macros of the C API. */
  #worksOnStructs(name: string): boolean {
    return usesStructCalls(this.#typing.project, this.#typing.fn.file, name);
  }

  #insertContext(call: Node, count: number): void {
    const open = this.#typing.span(this.#tree.token(this.#tree.field(call, "arguments"), "("));
    const separator = count === 0 ? "" : /\s/.test(this.#tree.text.charAt(open.end)) ? "," : ", ";
    this.#edits.replace(open, `(${this.names.ctx}${separator}`, RULE);
  }

  #capiCall(n: Node, name: string, list: readonly Node[]): void {
    const tree = this.#tree;
    if (name === "Py_NewRef" || name === "Py_XNewRef") {
      this.#edits.replace(this.#typing.span(tree.field(n, "function")), "HPy_Dup", RULE);
      this.#insertContext(n, list.length);
      this.#typedArguments(list, () => true);
      return;
    }
    const [first] = list;
    if (STRUCT_CALLS.has(name) && first !== undefined) {
      const object = stripCasts(tree, first);
      if (this.#typing.typeOf(object) === "handle" && this.#typing.isStruct(object)) {
        this.#bridged = true;
        this.#view(object, "object");
        for (const argument of list.slice(1)) this.#value(argument, "any");
        return;
      }
    }
    if (this.#typing.isCurrentExceptionMatch(n)) {
      const type = list[1] as Node;
      const parts = [`HPyErr_ExceptionMatches(${this.names.ctx}, `, this.#typing.span(type), ")"];
      this.#edits.replace(this.#typing.span(n), parts, RULE);
      this.#value(type, "handle");
      return;
    }
    if (name === "PyLong_FromVoidPtr" && first !== undefined) {
      const object = stripCasts(tree, first);
      if (this.#typing.typeOf(object) === "handle") {
        this.#support.add("hpyx_id");
        const parts = [`hpyx_id(${this.names.ctx}, `, this.#typing.span(object), ")"];
        this.#edits.replace(this.#typing.span(n), parts, RULE);
        this.#value(object, "handle");
        return;
      }
    }
    if (REFERENCE_COUNTS.has(name)) {
      const decision = this.#facts.decisions.get(n);
      if (decision === "keep") {
        this.#bridged = true;
        return;
      }
      this.#refuse("reference-count-in-expression", n, `\`${name}\` is used inside an expression.`);
    }
    if (PARSERS.has(name)) {
      const operands = this.#parseOperands(n);
      if (operands === null)
        this.#refuse("format-not-supported", n, "The format of the arguments cannot be written for HPy.");
      const isBare = operands.length === 1 || this.#isWholeCondition(n);
      this.#joinOperands(n, operands, "&&", isBare ? "bare" : "parenthesised");
      return;
    }
    if (this.#argumentAccess(n, name, list)) return;
    if (FREEING.has(name) && this.#facts.decisions.get(n) === "close") {
      const object = stripCasts(tree, list[0] as Node);
      this.#support.add("hpyx_free_object");
      this.#bridged = true;
      this.#edits.replace(
        this.#typing.span(n),
        [`hpyx_free_object(${this.names.ctx}, `, this.#typing.span(object), ")"],
        RULE,
      );
      this.#value(object, "handle");
      return;
    }
    if (isUntouchedCall(this.#typing, n)) {
      this.#bridged = true;
      for (const argument of list) this.#value(argument, "any");
      return;
    }
    if (BUILDERS.has(name)) {
      this.#buildCall(n, name, list);
      return;
    }
    if (name === "PyErr_Format" || name === "PyUnicode_FromFormat") {
      this.#formatCall(n, name, list);
      return;
    }
    const rule = this.#needsWritableBytes(name, list) ? undefined : this.#context.rules.get(name);
    if (rule !== undefined && this.#applyRule(n, rule, list)) return;
    this.#withoutRule(n, name, list);
  }

  /**
   * Bytes that are made first and filled afterwards need the C API: HPy makes them from their contents only, and its
   * pointers into them are read-only.
   */
  #needsWritableBytes(name: string, list: readonly Node[]): boolean {
    if (!WRITABLE_BYTES.has(name)) return false;
    const tree = this.#tree;
    if (name === "PyBytes_FromStringAndSize") return list[0] !== undefined && this.#typing.typeOf(list[0]) === "null";
    for (const call of tree.descendants(0, "call_expression")) {
      if (tree.source(tree.field(call, "function")) !== "PyBytes_FromStringAndSize") continue;
      const first = tree.named(tree.field(call, "arguments"))[0];
      if (first !== undefined && ["NULL", "0"].includes(tree.source(stripCasts(tree, first)))) return true;
    }
    return false;
  }

  #isWholeCondition(n: Node): boolean {
    return this.#tree.kind(this.#tree.parent(n)) === "parenthesized_expression";
  }

  #argumentAccess(n: Node, name: string, list: readonly Node[]): boolean {
    const tree = this.#tree;
    const args = this.#argumentsParameter();
    const first = list[0];
    if (args === "" || first === undefined || tree.source(stripCasts(tree, first)) !== args) return false;
    if (name === "PyTuple_GET_SIZE" || name === "PyTuple_Size") {
      this.#edits.replace(this.#typing.span(n), this.#signedCount(), RULE);
      return true;
    }
    if (name === "PyTuple_GET_ITEM") {
      const index = list[1] as Node;
      this.#edits.replace(this.#typing.span(n), [`${this.names.args}[`, this.#typing.span(index), "]"], RULE);
      this.#value(index, "any");
      return true;
    }
    return false;
  }

  /** Applies a rule; false when it does not fit this call. */
  #applyRule(n: Node, rule: CallRule, list: readonly Node[]): boolean {
    const tree = this.#tree;
    const callee = this.#typing.callee(n);
    if (callee.kind !== "capi") return false;
    let given = list;
    if (rule.variadic === "null-terminated") {
      const last = list[list.length - 1];
      if (last === undefined || this.#typing.typeOf(last) !== "null") return false;
      given = list.slice(0, -1);
    }
    if (rule.arity !== "variadic" && rule.arity !== given.length) return false;
    const form = this.#formFor(rule, given);
    if (form === null) return false;
    this.#rulesUsed.add(rule.id);
    for (const name of form.support) this.#support.add(name);
    if (rule.note !== undefined) this.#note(rule.note);
    const parameters = callee.facts.parameters;
    const isObject = (i: number): boolean => {
      const type = parameters[i]?.type ?? "";
      if (type !== "" && type !== "...")
        return type.startsWith("PyObject *") || type.startsWith("PyTypeObject *") || type === "PyObject*";
      return rule.variadic === "null-terminated";
    };
    this.#typedArguments(given, isObject);
    const simple = simpleTemplate(form.template, given.length);
    if (simple !== null && given.length === list.length) {
      this.#edits.replace(this.#typing.span(tree.field(n, "function")), simple, RULE);
      this.#insertContext(n, list.length);
      return true;
    }
    const parts: Part[] = [];
    const used = new Set<number>();
    const template = form.template
      .replaceAll("$ctx", this.names.ctx)
      .replaceAll("(ctx,", `(${this.names.ctx},`)
      .replaceAll("(ctx)", `(${this.names.ctx})`)
      .replaceAll("ctx->", `${this.names.ctx}->`);
    for (const piece of template.split(/(\$q?\d+|\$\*|\$n)/)) {
      if (piece === "$n") {
        parts.push(String(given.length - 1 - Math.max(-1, ...used)));
      } else if (/^\$q\d+$/.test(piece)) {
        const argument = given[Number(piece.slice(2))];
        if (argument === undefined) return false;
        parts.push(JSON.stringify(tree.source(argument)));
      } else if (piece === "$*") {
        const highest = used.size === 0 ? -1 : Math.max(...used);
        for (let i = highest + 1; i < given.length; i++) {
          parts.push(", ", this.#typing.span(given[i] as Node));
          used.add(i);
        }
      } else if (/^\$\d+$/.test(piece)) {
        const index = Number(piece.slice(1));
        const argument = given[index];
        if (argument === undefined) return false;
        if (used.has(index) && !this.#isRepeatable(argument))
          this.#refuse("argument-with-side-effects", argument, "The HPy form needs this argument twice.");
        used.add(index);
        parts.push(this.#typing.span(argument));
      } else parts.push(piece);
    }
    this.#edits.replace(this.#typing.span(n), parts, RULE);
    return true;
  }

  /** The template that holds for these arguments; null when none does. */
  #formFor(
    rule: CallRule,
    given: readonly Node[],
  ): { readonly template: string; readonly support: readonly string[] } | null {
    const { when } = rule;
    if (when === undefined) return rule;
    const argument = given[when.argument];
    if (argument === undefined) return null;
    const source = this.#tree.source(stripCasts(this.#tree, argument));
    const holds =
      "literal" in when ? source === when.literal : "unless" in when ? source !== when.unless : /^\d+$/.test(source);
    return holds ? rule : (rule.otherwise ?? null);
  }

  #isRepeatable(n: Node): boolean {
    return ["identifier", "number_literal", "string_literal", "null"].includes(
      this.#tree.kind(stripCasts(this.#tree, n)),
    );
  }

  #note(text: string): void {
    if (!this.#notes.includes(text)) this.#notes.push(text);
  }

  /** A call without a rule: left as plain C, bridged, or refused. */
  #withoutRule(n: Node, name: string, list: readonly Node[]): void {
    const callee = this.#typing.callee(n);
    if (callee.kind !== "capi") return;
    const unmapped = this.#context.unmapped.get(name);
    if (unmapped?.answer === "refuse") this.#refuse("no-hpy-equivalent", n, `\`${name}\`: ${unmapped.reason}`);
    this.#bridged = true;
    const hasObjects =
      callee.facts.parameters.some((p) => p.type.includes("PyObject") || p.type.includes("PyTypeObject")) ||
      (isObjectResult(callee.facts.result) && this.#typing.typeOf(n) === "handle");
    if (!hasObjects || unmapped?.answer === "stays") {
      if (list.some((a) => this.#typing.typeOf(a) === "handle"))
        this.#refuse("no-hpy-equivalent", n, `\`${name}\` has no counterpart in HPy 0.9.`);
      for (const argument of list) this.#value(argument, "any");
      return;
    }
    const bridge = bridgeFor(callee.facts);
    if ("unsupported" in bridge)
      this.#refuse(
        "not-bridgeable",
        n,
        `\`${name}\` has no counterpart in HPy 0.9 and cannot be bridged: ${bridge.unsupported}.`,
      );
    if (callee.facts.parameters.length !== list.length)
      this.#refuse("not-bridgeable", n, `\`${name}\` is called with an unexpected number of arguments.`);
    this.#bridges.set(bridge.name, bridge);
    this.#edits.replace(this.#typing.span(this.#tree.field(n, "function")), bridge.name, RULE);
    this.#insertContext(n, list.length);
    this.#typedArguments(list, (i) => bridge.objects.has(i));
  }

  #rendered(n: Node): string {
    return this.#edits.render(this.#typing.span(n));
  }

  #formatCall(n: Node, name: string, list: readonly Node[]): void {
    const tree = this.#tree;
    const at = name === "PyErr_Format" ? 1 : 0;
    const formatNode = list[at];
    const text = formatNode === undefined ? null : this.#typing.stringOf(formatNode);
    if (text === null || formatNode === undefined)
      this.#refuse("computed-format", n, `The format of \`${name}\` is not a string literal.`);
    const plan = planFormat(text, name === "PyErr_Format" ? "error" : "unicode");
    if ("unsupported" in plan)
      this.#refuse("format-not-supported", n, `The format cannot be written for HPy: ${plan.unsupported}.`);
    for (const s of plan.support) this.#support.add(s);
    for (const note of plan.notes) this.#note(note);
    this.#edits.replace(this.#typing.span(tree.field(n, "function")), plan.callee, RULE);
    if (plan.format !== text) this.#edits.replace(this.#typing.span(formatNode), formatLiteral(plan), RULE);
    this.#insertContext(n, list.length);
    this.#typedArguments(list, (i) => i === 0 && at === 1);
  }

  #buildCall(n: Node, name: string, list: readonly Node[]): void {
    const tree = this.#tree;
    const at = BUILDERS.get(name) as number;
    const formatNode = list[at];
    const isNull = formatNode !== undefined && this.#typing.typeOf(formatNode) === "null";
    const text = formatNode === undefined ? "" : isNull ? "" : this.#typing.stringOf(formatNode);
    if (text === null) this.#refuse("computed-format", n, `The format of \`${name}\` is not a string literal.`);
    const values = list.slice(at + 1);
    for (const argument of list) if (argument !== formatNode) this.#argument(argument);
    const request = {
      format: text,
      values: values.map((v) => this.#maker(v) ?? this.#rendered(v)),
      nonNull: values.map(
        (v) =>
          tree.kind(stripParentheses(tree, v)) === "string_literal" ||
          this.#typing.constantObject(tree.source(v)) !== null,
      ),
      ctx: this.names.ctx,
      fresh: (wish: string) => this.#fresh(wish),
    };
    const plan =
      name === "Py_BuildValue"
        ? planBuildValue(request)
        : planCallArguments(
            name === "PyObject_CallFunction"
              ? { ...request, callable: this.#rendered(list[0] as Node) }
              : { ...request, callable: this.#rendered(list[0] as Node), method: this.#rendered(list[1] as Node) },
          );
    if ("unsupported" in plan)
      this.#refuse("format-not-supported", n, `The format "${text}" cannot be written for HPy: ${plan.unsupported}.`);
    for (const s of plan.support) this.#support.add(s);
    for (const note of plan.notes) this.#note(note);
    if (plan.bridged) this.#bridged = true;
    const made = plan.closes.filter((c) => c.create !== null);
    if (made.length === 0) {
      this.#edits.replace(this.#typing.span(n), plan.expression, RULE);
      return;
    }
    const statement = statementOf(tree, n);
    if (!this.#isHoistable(n, statement))
      this.#refuse(
        "value-built-in-condition",
        n,
        "The handles that this value needs cannot be made and closed inside the expression.",
      );
    for (const c of made) this.#statements.before(statement, [`HPy ${c.name} = ${c.create};`], "declaration");
    const value = this.#fresh("value");
    this.#statements.before(statement, [`HPy ${value} = ${plan.expression};`], "declaration");
    for (const c of made) this.#statements.before(statement, [`HPy_Close(${this.names.ctx}, ${c.name});`]);
    this.#edits.replace(this.#typing.span(n), value, RULE);
  }

  /** Operands of the `&&` chain that replaces an argument parser; null when this is no parser. */
  #parseOperands(call: Node): readonly string[] | null {
    const tree = this.#tree;
    const callee = this.#typing.callee(call);
    if (callee.kind !== "capi") return null;
    const layout = PARSERS.get(callee.name);
    if (layout === undefined) return null;
    const list = tree.named(tree.field(call, "arguments"));
    const targets = list.slice(layout.targets);
    for (const target of targets) this.#argument(target);
    const tuple = list[0];
    const isOwn = tuple === undefined || tree.source(stripCasts(tree, tuple)) === this.#argumentsParameter();
    if (!isOwn) this.#value(tuple, "handle");
    const common = {
      ...(isOwn ? {} : { tuple: this.#rendered(tuple) }),
      targets: targets.map((t) => this.#converter(t) ?? this.#rendered(t)),
      targetTypes: targets.map((t) => this.#targetType(t)),
      args: this.names.args,
      nargs: this.names.nargs,
      kwnames: this.names.kwnames,
      keywordsIn: passesDict(this.#facts.convention) ? ("dict" as const) : ("names" as const),
      ctx: this.names.ctx,
      fresh: (wish: string) => this.#fresh(wish),
    };
    const isKeywords = callee.name === "PyArg_ParseTupleAndKeywords";
    const formatText =
      callee.name === "PyArg_UnpackTuple" ? "" : (this.#typing.stringOf(list[layout.format] as Node) ?? "");
    const plan =
      callee.name === "PyArg_UnpackTuple"
        ? planArgumentParsing({
            ...common,
            flavour: "unpack",
            format: "",
            unpack: {
              name: stringValue(tree, list[1] as Node) ?? "",
              minimum: Number(tree.source(list[2] as Node)),
              maximum: Number(tree.source(list[3] as Node)),
            },
          })
        : isKeywords
          ? planArgumentParsing({
              ...common,
              flavour: "keywords",
              format: formatText,
              ...this.#keywordList(list[3] as Node),
            })
          : planArgumentParsing({ ...common, flavour: "tuple", format: formatText });
    if ("unsupported" in plan)
      this.#refuse(
        "format-not-supported",
        call,
        `The format "${formatText}" cannot be written for HPy: ${plan.unsupported}.`,
      );
    plan.receives.forEach((effect, i) => {
      const target = targets[i];
      if (effect.kind !== "type" || target === undefined) return;
      const type = this.#typing.typeOf(target);
      if (type !== "handle" && type !== "cell")
        this.#refuse("argument-target", target, `\`${tree.source(target)}\` is not known to be an object.`);
    });
    for (const s of plan.support) this.#support.add(s);
    for (const note of plan.notes) this.#note(note);
    if (plan.bridged) this.#bridged = true;
    const statement = statementOf(tree, call);
    for (const d of plan.declarations) this.#statements.before(statement, [`${d};`], "declaration");
    if (plan.release !== null) this.#releases.set(`${TRACKER}${call}`, plan.release);
    this.#ownReceived(call, statement, targets);
    return plan.operands;
  }

  /** Variables that receive an argument and must own it, because on another path they own what they hold. */
  #ownReceived(call: Node, statement: Node, targets: readonly Node[]): void {
    const tree = this.#tree;
    for (const target of targets) {
      if (this.#facts.decisions.get(target) !== "dup") continue;
      const inner = stripParentheses(tree, tree.field(stripCasts(tree, target), "argument"));
      const condition = stripParentheses(tree, tree.field(statement, "condition"));
      const isTest =
        tree.kind(statement) === "if_statement" &&
        tree.field(statement, "alternative") === NONE &&
        tree.kind(condition) === "unary_expression" &&
        stripParentheses(tree, tree.field(condition, "argument")) === call &&
        leaves(tree, tree.field(statement, "consequence"));
      if (!isTest)
        this.#refuse(
          "ownership-differs-by-path",
          target,
          `\`${tree.source(inner)}\` holds an argument on one path and a handle of its own on another.`,
        );
      const name = this.#handleName(tree.source(inner));
      this.#statements.after(statement, [`${name} = HPy_Dup(${this.names.ctx}, ${name});`]);
    }
  }

  /** A converter of `O&` whose second parameter is not `void *`, as the variadic parser allowed; null for other targets. */
  #converter(target: Node): string | null {
    const name = this.#tree.source(target);
    const converter = resolveFunction(this.#typing.project, this.#typing.fn.file, name);
    const output = converter?.parameters[1]?.type;
    if (output === undefined || (output.base === "void" && output.pointers === 1)) return null;
    return `(int (*)(PyObject *, void *))${name}`;
  }

  /** A function for `O&` of a build format whose parameter is not `void *`, as `...` allowed; null for other values. */
  #maker(value: Node): string | null {
    if (this.#tree.kind(value) !== "identifier") return null;
    const name = this.#tree.source(value);
    if (this.#typing.local(name) !== undefined) return null;
    const input = resolveFunction(this.#typing.project, this.#typing.fn.file, name)?.parameters[0]?.type;
    if (input === undefined || (input.base === "void" && input.pointers === 1)) return null;
    return `(PyObject *(*)(void *))${name}`;
  }

  /** C type of the variable behind a target `&x`. */
  #targetType(target: Node): string | undefined {
    const tree = this.#tree;
    const at = stripCasts(tree, target);
    if (tree.kind(at) !== "pointer_expression") return undefined;
    const inner = stripParentheses(tree, tree.field(at, "argument"));
    if (tree.kind(inner) !== "identifier") return undefined;
    const local = this.#typing.local(tree.source(inner));
    if (local === undefined || local.type.arrays > 0) return undefined;
    if (this.#typing.objects.isObjectPointer(local.type)) return "HPy";
    const isConst =
      local.declaration !== NONE &&
      tree.children(local.declaration).some((c) => tree.kind(c) === "type_qualifier" && tree.source(c) === "const");
    return `${isConst ? "const " : ""}${local.type.base}${local.type.pointers > 0 ? ` ${"*".repeat(local.type.pointers)}` : ""}`;
  }

  /** The array in `&array[0]`; any other expression as it is. */
  #arrayNamed(n: Node): Node {
    const tree = this.#tree;
    if (tree.kind(n) !== "pointer_expression" || !tree.source(n).startsWith("&")) return n;
    const element = stripParentheses(tree, tree.field(n, "argument"));
    if (tree.kind(element) !== "subscript_expression" || tree.source(tree.field(element, "index")) !== "0") return n;
    return tree.field(element, "argument");
  }

  #keywordList(n: Node): { keywords: string; keywordNames: string[] } {
    const tree = this.#tree;
    const at = this.#arrayNamed(stripCasts(tree, n));
    if (tree.kind(at) !== "identifier") this.#refuse("computed-keywords", n, "The list of keywords is not a variable.");
    const name = tree.source(at);
    const declared = this.#typing.declarationsOf(name)[0]?.declarator ?? this.#typing.global(name)?.declarator;
    const holder = this.#typing.local(name) !== undefined ? tree : this.#typing.global(name)?.file.tree;
    if (
      declared === undefined ||
      holder === undefined ||
      declared.value === NONE ||
      holder.kind(declared.value) !== "initializer_list"
    )
      this.#refuse("computed-keywords", n, `The keywords in \`${name}\` cannot be read.`);
    const names: string[] = [];
    for (const item of holder.named(declared.value)) {
      const text = stringValue(holder, stripCasts(holder, item));
      if (text !== null) names.push(text);
      else if (["NULL", "0", "nullptr"].includes(holder.source(stripCasts(holder, item)))) break;
      else this.#refuse("computed-keywords", n, `The keywords in \`${name}\` cannot be read.`);
    }
    return { keywords: name, keywordNames: names };
  }
}

/** The callee of a template that is just `Name(ctx, $0, $1, ...)` with all arguments in order; null otherwise. */
function simpleTemplate(template: string, count: number): string | null {
  const open = template.indexOf("(");
  if (open < 0) return null;
  const name = template.slice(0, open);
  if (!/^\w+$/.test(name)) return null;
  const expected = ["ctx", ...Array.from({ length: count }, (_, i) => `$${i}`)].join(", ");
  const body = template.slice(open).replaceAll("$ctx", "ctx");
  return body === `(${expected})` ? name : null;
}

function negated(operands: readonly string[]): readonly string[] {
  return operands.map((operand) => `!${operand}`);
}

function isObjectResult(type: string): boolean {
  return type.startsWith("PyObject *") || type.startsWith("PyTypeObject *");
}

const TRANSPARENT: ReadonlySet<string> = new Set([
  "parenthesized_expression",
  "conditional_expression",
  "comma_expression",
  "assignment_expression",
]);
const WRITABLE_BYTES: ReadonlySet<string> = new Set([
  "PyBytes_FromStringAndSize",
  "PyBytes_AS_STRING",
  "PyBytes_AsString",
]);
const EXPECT: ReadonlySet<string> = new Set(["__builtin_expect", "likely", "unlikely", "Py_LIKELY", "Py_UNLIKELY"]);
const PREPROC_LEAVES: ReadonlySet<string> = new Set([
  "preproc_directive",
  "preproc_arg",
  "identifier",
  "preproc_defined",
]);
const STATEMENT_KINDS: ReadonlySet<string> = new Set([
  "compound_statement",
  "else_clause",
  "if_statement",
  "for_statement",
  "while_statement",
  "do_statement",
  "switch_statement",
  "case_statement",
  "labeled_statement",
  "return_statement",
  "expression_statement",
  "declaration",
  "goto_statement",
  "break_statement",
  "continue_statement",
]);

/** Statement macros, by what replaces them. `_token` is what `HPy_BEGIN_LEAVE_PYTHON` declares (hpy/macros.h). */
const STATEMENT_MACROS: Readonly<Record<string, string>> = {
  Py_RETURN_NONE: "return HPy_Dup($ctx, $ctx->h_None)",
  Py_RETURN_TRUE: "return HPy_Dup($ctx, $ctx->h_True)",
  Py_RETURN_FALSE: "return HPy_Dup($ctx, $ctx->h_False)",
  Py_RETURN_NOTIMPLEMENTED: "return HPy_Dup($ctx, $ctx->h_NotImplemented)",
  Py_BEGIN_ALLOW_THREADS: "HPy_BEGIN_LEAVE_PYTHON($ctx)",
  Py_BLOCK_THREADS: "HPy_ReenterPythonExecution($ctx, _token)",
  Py_UNBLOCK_THREADS: "_token = HPy_LeavePythonExecution($ctx)",
  Py_END_ALLOW_THREADS: "HPy_END_LEAVE_PYTHON($ctx)",
};

/** What a temporary is called, by what made it. */
const TEMPORARY_NAMES: Readonly<Record<string, string>> = {
  PyTuple_GET_ITEM: "item",
  PyTuple_GetItem: "item",
  PyList_GET_ITEM: "item",
  PyList_GetItem: "item",
  PySequence_GetItem: "item",
  PyDict_GetItem: "item",
  PyDict_GetItemString: "item",
  PyObject_GetAttrString: "attribute",
  PyObject_GetAttr: "attribute",
  PyObject_GetItem: "item",
  Py_TYPE: "type",
  PyObject_Type: "type",
  PyLong_FromLong: "number",
  PyLong_FromSsize_t: "number",
  PyFloat_FromDouble: "number",
  PyUnicode_FromString: "text",
  PyUnicode_FromFormat: "text",
  PyObject_Str: "text",
  PyObject_Repr: "text",
  PyObject_CallMethod: "result",
  PyObject_CallFunction: "result",
  PyObject_Call: "result",
  PyObject_CallObject: "result",
};
