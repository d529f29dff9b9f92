/**
 * Static type objects become types that the module's exec function creates from an `HPyType_Spec` of legacy shape: what
 * they had goes into `legacy_slots`, the variable becomes a pointer of the same name. Types that derive from each
 * other move together.
 */

import { Refused } from "../analysis/typing.ts";
import { CAPI_FUNCTIONS } from "../model/api/capi-table.ts";
import { readDeclarators, stringValue, stripCasts, stripParentheses } from "../model/declarations.ts";
import {
  type CFunction,
  type ExtensionModule,
  type GlobalVariable,
  isConditional,
  isDead,
  isNullConstant,
  isUnparsed,
  type Project,
  resolveFunction,
  topLevelCalls,
} from "../model/project.ts";
import {
  type FieldValue,
  readStaticTypes,
  readSuite,
  type StaticType,
  SUITE_FIELDS,
  type Suite,
} from "../model/static-types.ts";
import { EditSet } from "../syntax/edits.ts";
import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import type { ParsedFile, Span } from "../syntax/source.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import { skipReason } from "./analyses.ts";
import { insertHpyInclude, insertSharedSupport } from "./insert-support.ts";
import { FreeNames, hasWord, type SourceEdits } from "./module-to-hpy.ts";
import { indentationAt, indentationUnit, newlineOf, StatementEdits } from "./statement-edits.ts";
import {
  addressed,
  type Creation,
  createdPointers,
  execFunction,
  hpyFlags,
  includersOf,
  insertCreation,
  isOneUnit,
  removal,
  unitOf,
} from "./type-creation.ts";
import {
  callsOfBase,
  type Deallocator,
  isEmptyDestroy,
  readDeallocator,
  writeDestroy,
  writeHeapDeallocator,
} from "./type-deallocator.ts";
import { macrosNaming, refusePasted, rewriteTypeUses, UseRefused } from "./type-uses.ts";
import { wholeItem } from "./whole-item.ts";

const RULE = "type-to-spec";

/** Why a type stays. */
export interface TypeRefusal {
  readonly type: StaticType;
  /** File of the refusal's span. */
  readonly file: ParsedFile;
  readonly refused: Refused;
}

/** A step that moves types that belong together. */
export interface TypeStep extends SourceEdits {
  /** The types in base-first order. */
  readonly types: readonly StaticType[];
}

/** The next step of a module, if any type is ready, and why the others stay. */
export interface TypePlan {
  readonly step: TypeStep | null;
  readonly refusals: readonly TypeRefusal[];
}

/** The base of a type. */
type Base =
  | { readonly kind: "object" }
  | { readonly kind: "own"; readonly type: StaticType }
  /** C source of a `PyTypeObject *`. */
  | { readonly kind: "other"; readonly source: string };

type Deallocation =
  /** Nothing to do: what a type without deallocator inherits is right. */
  | { readonly kind: "inherited" }
  | { readonly kind: "destroy"; readonly deallocator: Deallocator }
  /** The deallocator does nothing but free: the type needs none. */
  | { readonly kind: "dropped"; readonly deallocator: Deallocator }
  | { readonly kind: "legacy"; readonly deallocator: Deallocator }
  /** The deallocator of the base, a C expression, which releases the type itself. */
  | { readonly kind: "shared"; readonly base: string }
  /** A deallocator that calls that of the base, a C expression, and releases the type. */
  | { readonly kind: "generated"; readonly base: string };

interface Draft {
  readonly type: StaticType;
  readonly values: ReadonlyMap<string, FieldValue>;
  /** The functions of the tables that the type points to, by the field that does. */
  readonly suites: ReadonlyMap<string, Suite>;
  /** Statements of init code that the specification replaces. */
  readonly obsolete: readonly { readonly file: ParsedFile; readonly node: Node }[];
  /** Further flags that init code adds, as C source. */
  readonly moreFlags: readonly string[];
  readonly base: Base;
  readonly hasGc: boolean;
  readonly isBaseType: boolean;
  readonly hasDefaultFlags: boolean;
  /** Functions that another type may share, which then moves in the same step. */
  readonly functions: readonly string[];
}

/** Fields that the runtime fills, or that a specification has no slot for. */
const RUNTIME_FIELDS: ReadonlySet<string> = new Set([
  "tp_dict",
  "tp_bases",
  "tp_mro",
  "tp_cache",
  "tp_subclasses",
  "tp_weaklist",
  "tp_version_tag",
]);
/** Fields that become something else than a legacy slot. */
const OTHER_FIELDS: ReadonlySet<string> = new Set([
  "tp_name",
  "tp_basicsize",
  "tp_itemsize",
  "tp_dealloc",
  "tp_vectorcall_offset",
  "tp_flags",
  "tp_doc",
  "tp_weaklistoffset",
  "tp_dictoffset",
  "tp_members",
  "tp_base",
  "tp_vectorcall",
]);
const OFFSET_MEMBERS: ReadonlyMap<string, string> = new Map([
  ["tp_dictoffset", "__dictoffset__"],
  ["tp_weaklistoffset", "__weaklistoffset__"],
  ["tp_vectorcall_offset", "__vectorcalloffset__"],
]);
const FREEING_FUNCTIONS: ReadonlySet<string> = new Set([
  "PyObject_Del",
  "PyObject_Free",
  "PyObject_GC_Del",
  "PyObject_FREE",
  "PyObject_DEL",
]);

/** What the initialiser and the init code say of a type. */
type Gathered = Pick<Draft, "values" | "suites" | "obsolete" | "moreFlags">;

/**
 * Plans the next step for the static types of a module, which must be an HPy module. `kept` are the types, by
 * {@link typeKey}, that stay for reasons found outside.
 */
export function planTypes(project: Project, module: ExtensionModule, kept: ReadonlyMap<string, Refused>): TypePlan {
  return new TypePlanner(project, module).plan(kept);
}

/** Identity of a type in all states of a project. */
export function typeKey(type: StaticType): string {
  return `${type.file.path}\0${type.name}`;
}

function spanOf(tree: Tree, n: Node): Span {
  return { start: tree.start(n), end: tree.end(n) };
}

class TypePlanner {
  readonly #project: Project;
  readonly #module: ExtensionModule;
  readonly #types: readonly StaticType[];
  readonly #refusals = new Map<StaticType, TypeRefusal>();
  readonly #drafts = new Map<StaticType, Draft>();
  readonly #gathered = new Map<StaticType, Gathered>();

  constructor(project: Project, module: ExtensionModule) {
    this.#project = project;
    this.#module = module;
    this.#types = readStaticTypes(project, module.files);
  }

  plan(kept: ReadonlyMap<string, Refused>): TypePlan {
    for (const type of this.#types) {
      const known = kept.get(typeKey(type));
      try {
        if (known !== undefined) throw known;
        this.#drafts.set(type, this.#draft(type));
      } catch (error) {
        this.#refuse(type, error);
      }
    }
    for (;;) {
      this.#spreadRefusals();
      const component = this.#components()[0];
      if (component === undefined) return { step: null, refusals: [...this.#refusals.values()] };
      try {
        return { step: this.#write(component), refusals: [...this.#refusals.values()] };
      } catch (error) {
        const culprit = component.find((t) => error instanceof UseRefused && t.name === error.typeName);
        for (const type of culprit === undefined ? component : [culprit]) this.#refuse(type, error);
      }
    }
  }

  #refuse(type: StaticType, error: unknown): void {
    if (!(error instanceof Refused)) throw error;
    this.#drafts.delete(type);
    const file = error instanceof UseRefused ? error.file : type.file;
    this.#refusals.set(type, { type, file, refused: error });
  }

  #nameSpan(type: StaticType): Span {
    return spanOf(type.file.tree, type.definition.declarator.node);
  }

  /** A base stays with a type that derives from it, and types stay with those that share their deallocator. */
  #spreadRefusals(): void {
    for (let changed = true; changed; ) {
      changed = false;
      for (const [type, draft] of this.#drafts) {
        for (const [other, refusal] of this.#refusals) {
          const derives = this.#baseNameOf(other) === type.name;
          const shares = draft.functions.some((f) => this.#functionsOf(other).includes(f));
          if (!derives && !shares) continue;
          const why = derives
            ? `\`${other.name}\` derives from it and stays a static type (${refusal.refused.id}); the base of a static type must be static`
            : `It shares a deallocator or a traverse function with \`${other.name}\`, which stays a static type`;
          this.#refuse(type, new Refused("type-bound-to-static", this.#nameSpan(type), `${why}.`));
          changed = true;
          break;
        }
        if (changed) break;
        const base = draft.base.kind === "own" && this.#refusals.has(draft.base.type) ? draft.base.type : null;
        if (base === null || this.#gather(base, "lenient").obsolete.length === 0) continue;
        const message = `Its base \`${base.name}\` stays a static type that init code completes after the exec function begins.`;
        this.#refuse(type, new Refused("type-base", this.#nameSpan(type), message));
        changed = true;
        break;
      }
    }
  }

  /** Name of the own type that a type derives from, however it says so; null for none. */
  #baseNameOf(type: StaticType): string | null {
    const value = this.#gather(type, "lenient").values.get("tp_base");
    return value === undefined ? null : addressed(value.file.tree, value.node);
  }

  #functionsOf(type: StaticType): string[] {
    const found: string[] = [];
    const { values } = this.#gather(type, "lenient");
    for (const field of ["tp_dealloc", "tp_traverse"]) {
      const value = values.get(field);
      if (value !== undefined)
        found.push(`${type.file.path}:${value.file.tree.source(stripCasts(value.file.tree, value.node))}`);
    }
    return found.filter((f) => !FREEING_FUNCTIONS.has(f.slice(f.lastIndexOf(":") + 1)));
  }

  /** Types that must move together, base first. */
  #components(): StaticType[][] {
    const group = new Map<StaticType, StaticType>();
    const root = (t: StaticType): StaticType => {
      const up = group.get(t) ?? t;
      return up === t ? t : root(up);
    };
    const drafts = [...this.#drafts];
    for (const [type, draft] of drafts) {
      for (const [other, theirs] of drafts) {
        const isBase = draft.base.kind === "own" && draft.base.type === other;
        if (isBase || draft.functions.some((f) => theirs.functions.includes(f))) {
          const [a, b] = [root(type), root(other)];
          if (a !== b) group.set(b, a);
        }
      }
    }
    const components = new Map<StaticType, StaticType[]>();
    for (const [type] of drafts) {
      const key = root(type);
      components.set(key, [...(components.get(key) ?? []), type]);
    }
    return [...components.values()].map((types) => {
      const depth = (t: StaticType): number => {
        const base = this.#drafts.get(t)?.base;
        return base?.kind === "own" && types.includes(base.type) ? depth(base.type) + 1 : 0;
      };
      return types.sort((a, b) => depth(a) - depth(b) || this.#types.indexOf(a) - this.#types.indexOf(b));
    });
  }

  /** Reads what a type is; throws {@link Refused} for what a specification cannot say. */
  #draft(type: StaticType): Draft {
    const { file, definition } = type;
    const { tree } = file;
    const name = this.#nameSpan(type);
    const skipped = skipReason(file, definition.declaration);
    if (skipped !== null)
      throw new Refused(
        "skip-comment",
        name,
        skipped === "" ? "A comment keeps it legacy." : `A comment keeps it legacy: ${skipped}.`,
      );
    if (isUnparsed(file, spanOf(tree, definition.declaration)))
      throw new Refused("unparsed", name, "The parser does not understand the definition of the type.");
    if (isConditional(file, tree.start(definition.declaration)))
      throw new Refused("conditional-code", name, "It is compiled under a condition that cannot be decided.");
    if (this.#exec === null)
      throw new Refused(
        "type-without-exec",
        name,
        "The exec function of the module, which would create it, is not found.",
      );
    if (this.#project.modules.filter((m) => m.files.includes(file)).length > 1)
      throw new Refused(
        "type-in-several-modules",
        name,
        "The file belongs to several modules, each with a copy of the type.",
      );
    const isSequence = this.#module.files.some(
      (f) => f.text.includes("PyStructSequence_InitType") && hasWord(f.text, type.name),
    );
    if (definition.declarator.value === NONE && isSequence)
      throw new Refused("struct-sequence", name, "The type is a struct sequence, which is filled in at run time.");
    if (definition.declarator.value !== NONE && readDeclarators(tree, definition.declaration).length > 1)
      throw new Refused("type-initialiser", name, "Several variables are declared at once with the type.");
    if (type.unread !== null)
      throw new Refused(
        "type-initialiser",
        spanOf(tree, type.unread),
        "This part of the initialiser is not understood.",
      );
    if (type.metatype !== null)
      throw new Refused("type-metatype", spanOf(tree, type.metatype), "The type has a metatype of its own.");
    const { values, suites, obsolete, moreFlags } = this.#gather(type, "strict");
    if (!values.has("tp_name"))
      throw new Refused("type-set-up-at-run-time", name, "The type gets its name at run time only.");
    for (const { file: at, node } of values.values())
      if (isConditional(at, at.tree.start(node)))
        throw new Refused("conditional-code", name, "A field is set under a condition that cannot be decided.");
    for (const field of RUNTIME_FIELDS)
      if (values.has(field))
        throw new Refused("type-set-up-at-run-time", name, `The type comes with a ${field} of its own.`);
    const flagNames = this.#flagNames(values.get("tp_flags"), moreFlags);
    const hasGc = flagNames.has("Py_TPFLAGS_HAVE_GC");
    if (hasGc && !values.has("tp_traverse"))
      throw new Refused("type-initialiser", name, "The type takes part in garbage collection without a tp_traverse.");
    return {
      type,
      values,
      suites,
      obsolete,
      moreFlags,
      base: this.#baseOf(type, values.get("tp_base")),
      hasGc,
      isBaseType: flagNames.has("Py_TPFLAGS_BASETYPE"),
      hasDefaultFlags: flagNames.has("Py_TPFLAGS_DEFAULT"),
      functions: this.#functionsOf(type),
    };
  }

  /** The fields of a type with those that init code assigns before the type is ready. */
  #gather(type: StaticType, manner: "strict" | "lenient"): Gathered {
    const known = this.#gathered.get(type);
    if (known !== undefined) return known;
    const values = new Map(type.fields);
    const obsolete: { file: ParsedFile; node: Node }[] = [];
    const moreFlags: string[] = [];
    const refuse = (file: ParsedFile, n: Node, message: string): void => {
      if (manner === "strict")
        throw new UseRefused("type-set-up-at-run-time", spanOf(file.tree, n), message, file, type.name);
    };
    const assign = (file: ParsedFile, n: Node, field: string, into: Map<string, FieldValue>): void => {
      const { tree } = file;
      const statement = tree.parent(n);
      const fn = tree.enclosing(n, "function_definition");
      if (fn === NONE || isReadyBefore(tree, fn, n, type.name)) return;
      const isPlain =
        tree.kind(statement) === "expression_statement" && tree.parent(statement) === tree.field(fn, "body");
      if (!isPlain || isConditional(file, tree.start(n))) {
        refuse(file, n, `\`${field}\` is assigned under a condition or within an expression.`);
        return;
      }
      const right = tree.field(n, "right");
      const operator = tree.source(tree.field(n, "operator"));
      if (operator === "|=" && field === "tp_flags") moreFlags.push(tree.source(stripParentheses(tree, right)));
      else if (operator !== "=" || !this.#isConstant(type, field, { file, node: right })) {
        refuse(file, n, `The value of \`${field}\` is only known at run time.`);
        return;
      } else if (isNullConstant(tree, right)) into.delete(field);
      else into.set(field, { file, node: right });
      obsolete.push({ file, node: statement });
    };
    for (const file of this.#filesOf(type)) {
      const { tree } = file;
      if (!hasWord(file.text, type.name)) continue;
      for (const n of tree.descendants(0, "assignment_expression", "call_expression")) {
        if (isDead(file, tree.start(n))) continue;
        if (tree.kind(n) === "call_expression") {
          const [object, metatype] = tree.named(tree.field(n, "arguments"));
          const isSetType = tree.source(tree.field(n, "function")) === "Py_SET_TYPE";
          if (!isSetType || object === undefined || metatype === undefined) continue;
          if (addressed(tree, object) !== type.name) continue;
          const isUsual = addressed(tree, metatype) === "PyType_Type";
          if (isUsual && tree.kind(tree.parent(n)) === "expression_statement")
            obsolete.push({ file, node: tree.parent(n) });
          else refuse(file, n, "The metatype of the type is set at run time.");
          continue;
        }
        const field = fieldOf(tree, tree.field(n, "left"), type.name);
        if (field === null) continue;
        if (field !== "ob_type") assign(file, n, field, values);
        else if (
          addressed(tree, tree.field(n, "right")) === "PyType_Type" &&
          tree.kind(tree.parent(n)) === "expression_statement"
        )
          obsolete.push({ file, node: tree.parent(n) });
        else refuse(file, n, "The metatype of the type is set at run time.");
      }
    }
    const suites = new Map<string, Suite>();
    for (const [field, value] of values) {
      if (!SUITE_FIELDS.has(field)) continue;
      const suite = readSuite(this.#project, field, value);
      if (suite === null) {
        refuse(value.file, value.node, `The functions of \`${field}\` cannot be read.`);
        continue;
      }
      const { variable } = suite;
      const fields = new Map(suite.fields);
      if (variable !== null) {
        const { tree } = variable.file;
        let assignments = 0;
        for (const n of tree.descendants(0, "assignment_expression")) {
          const name = fieldOf(tree, tree.field(n, "left"), variable.name);
          if (name === null || isDead(variable.file, tree.start(n))) continue;
          assignments++;
          assign(variable.file, n, name, fields);
        }
        const users = assignments === 0 ? [] : this.#types.filter((t) => usesVariable(t, variable.name));
        if (users.length > 1 || (assignments > 0 && !variable.isStatic))
          refuse(value.file, value.node, `\`${variable.name}\` is filled at run time and others use it too.`);
      }
      suites.set(field, { variable, fields });
    }
    const found = { values, suites, obsolete, moreFlags };
    this.#gathered.set(type, found);
    return found;
  }

  /** Whether a value that init code assigns can stand in a specification beside the type. */
  #isConstant(type: StaticType, field: string, value: FieldValue): boolean {
    const { file, node } = value;
    const { tree } = file;
    if (isNullConstant(tree, node) || field === "tp_base") return true;
    const at = stripCasts(tree, node);
    const kind = tree.kind(at);
    if (
      ["number_literal", "string_literal", "concatenated_string", "sizeof_expression", "offsetof_expression"].includes(
        kind,
      )
    )
      return true;
    if (field === "tp_flags")
      return [...tree.descendants(at, "identifier")].every((id) => tree.source(id).startsWith("Py_TPFLAGS_"));
    const target = kind === "pointer_expression" ? stripCasts(tree, tree.field(at, "argument")) : at;
    if (tree.kind(target) !== "identifier") return false;
    const name = tree.source(target);
    if (CAPI_FUNCTIONS.has(name)) return true;
    const fn = resolveFunction(this.#project, type.file, name);
    if (fn !== null) return fn.file === file && (file === type.file || !fn.isStatic);
    if (file !== type.file) return false;
    if (isDocumentation(tree, name)) return true;
    const variable = (this.#project.globals.get(name) ?? []).find((g) => g.file === file);
    if (variable === undefined) return false;
    return kind === "pointer_expression" || variable.declarator.type.arrays === 1;
  }

  #baseOf(type: StaticType, value: FieldValue | undefined): Base {
    if (value === undefined) return { kind: "object" };
    const { tree } = value.file;
    const name = addressed(tree, value.node);
    if (name === "PyBaseObject_Type") return { kind: "object" };
    const own = name === null ? undefined : this.#types.find((t) => t.name === name && this.#isInScope(t, value.file));
    if (own !== undefined) return { kind: "own", type: own };
    const plain = tree.source(stripCasts(tree, value.node));
    if (name !== null && own === undefined && !this.#project.globals.has(name) && name.startsWith("Py"))
      return { kind: "other", source: `&${name}` };
    if (plain.startsWith("PyExc_")) return { kind: "other", source: `(PyTypeObject *)${plain}` };
    throw new UseRefused(
      "type-base",
      spanOf(tree, value.node),
      "The base is not known before the module's own code runs.",
      value.file,
      type.name,
    );
  }

  /** Names of the flags of a type, macros of the project replaced by what they say. */
  #flagNames(value: FieldValue | undefined, more: readonly string[]): ReadonlySet<string> {
    const found = new Set<string>();
    const add = (text: string, depth: number): void => {
      const tokens = lex(text, "piece");
      for (let t = 0; t < tokens.count; t++) {
        if (tokens.kind[t] !== TokenKind.identifier) continue;
        const word = tokenText(tokens, t);
        found.add(word);
        if (depth < 4) for (const { body } of this.#project.knowledge.definitions.get(word) ?? []) add(body, depth + 1);
      }
    };
    if (value !== undefined) add(value.file.tree.source(value.node), 0);
    for (const text of more) add(text, 0);
    return found;
  }

  get #exec(): CFunction | null {
    return execFunction(this.#project, this.#module);
  }

  /** Whether a name in a file means this type. */
  #isInScope(type: StaticType, file: ParsedFile): boolean {
    if (file === type.file) return true;
    const others = (this.#project.globals.get(type.name) ?? []).filter((g) => g.file === file);
    if (others.some((g) => !type.declarations.includes(g))) return false;
    if (!type.definition.isStatic) return true;
    return this.#module.files.includes(file) && (isIncluded(type.file, this.#module) || isIncluded(file, this.#module));
  }

  #filesOf(type: StaticType): ParsedFile[] {
    return this.#project.files.filter((f) => this.#isInScope(type, f));
  }

  #write(types: readonly StaticType[]): TypeStep {
    const drafts = types.map((t) => this.#drafts.get(t) as Draft);
    return new TypeWriter(this.#project, this.#module, this.#exec as CFunction, drafts, (t) =>
      this.#filesOf(t),
    ).write();
  }
}

/** The field that `T.f`, `(&T)->f` or `Py_TYPE(&T)` names; null for other expressions. */
function fieldOf(tree: Tree, n: Node, name: string): string | null {
  const at = stripParentheses(tree, n);
  if (tree.kind(at) === "call_expression") {
    const argument = tree.named(tree.field(at, "arguments"))[0];
    const isType = tree.source(tree.field(at, "function")) === "Py_TYPE" && argument !== undefined;
    return isType && addressed(tree, argument) === name ? "ob_type" : null;
  }
  if (tree.kind(at) !== "field_expression") return null;
  const object = stripCasts(tree, tree.field(at, "argument"));
  const field = tree.source(tree.field(at, "field"));
  return tree.source(object) === name || addressed(tree, object) === name ? field : null;
}

/** Whether a function calls `PyType_Ready` for the type before a node. */
function isReadyBefore(tree: Tree, fn: Node, n: Node, name: string): boolean {
  for (const call of tree.descendants(fn, "call_expression")) {
    if (call >= n) return false;
    if (tree.source(tree.field(call, "function")) !== "PyType_Ready") continue;
    const argument = tree.named(tree.field(call, "arguments"))[0];
    if (argument !== undefined && addressed(tree, argument) === name) return true;
  }
  return false;
}

/** Whether other files of the module include a file. */
function isIncluded(file: ParsedFile, module: ExtensionModule): boolean {
  return includersOf(file, module).length > 0;
}

/** Writes one step: types that all become pointers. */
class TypeWriter {
  readonly #project: Project;
  readonly #module: ExtensionModule;
  readonly #exec: CFunction;
  readonly #drafts: readonly Draft[];
  readonly #filesOf: (type: StaticType) => ParsedFile[];
  readonly #names: FreeNames;
  readonly #edits = new Map<ParsedFile, EditSet>();
  readonly #covered = new Map<ParsedFile, Span[]>();
  readonly #notes: string[] = [];
  readonly #deallocations = new Map<Draft, Deallocation>();
  readonly #support = new Map<ParsedFile, Set<string>>();

  constructor(
    project: Project,
    module: ExtensionModule,
    exec: CFunction,
    drafts: readonly Draft[],
    filesOf: (type: StaticType) => ParsedFile[],
  ) {
    this.#project = project;
    this.#module = module;
    this.#exec = exec;
    this.#drafts = drafts;
    this.#filesOf = filesOf;
    this.#names = new FreeNames(project);
  }

  write(): TypeStep {
    for (const draft of this.#drafts) this.#cover(draft);
    this.#decideDeallocations();
    const creations = this.#drafts.map((draft) => this.#writeType(draft));
    this.#writeDeallocators();
    this.#writeVisits();
    this.#removeReadyCalls();
    this.#removeSuites();
    insertCreation(this.#exec, this.#editsOf(this.#exec.file), creations);
    this.#writeUses();
    const needs = new Map(
      [...this.#support].map(([file, names]) => [file, { support: new Set(names), bridges: new Map() }]),
    );
    insertSharedSupport(this.#project, needs, (file) => this.#editsOf(file));
    for (const file of needs.keys()) insertHpyInclude(file, this.#editsOf(file));
    return {
      edits: this.#edits,
      functions: [],
      notes: [...new Set(this.#notes)],
      types: this.#drafts.map((d) => d.type),
    };
  }

  #editsOf(file: ParsedFile): EditSet {
    const known = this.#edits.get(file);
    if (known !== undefined) return known;
    const fresh = new EditSet(file.text);
    this.#edits.set(file, fresh);
    return fresh;
  }

  #coveredIn(file: ParsedFile): Span[] {
    const known = this.#covered.get(file);
    if (known !== undefined) return known;
    const fresh: Span[] = [];
    this.#covered.set(file, fresh);
    return fresh;
  }

  /** The definition goes; other declarations declare a pointer; what init code did is in the specification. */
  #cover(draft: Draft): void {
    const { type } = draft;
    for (const { file, declaration, declarator } of type.declarations) {
      const { tree } = file;
      const name = spanOf(tree, declarator.nameNode);
      const isInitialised = type.definition.declarator.value !== NONE;
      if (isInitialised && declaration === type.definition.declaration && file === type.file)
        this.#coveredIn(file).push(spanOf(tree, declaration));
      else {
        this.#coveredIn(file).push(name);
        this.#editsOf(file).insert(name.start, "*", RULE);
      }
    }
    for (const { file, node } of draft.obsolete) {
      this.#coveredIn(file).push(spanOf(file.tree, node));
      const statements = new StatementEdits(file.tree, this.#editsOf(file), RULE);
      statements.remove(node);
      statements.finish();
    }
  }

  #draftOf(type: StaticType): Draft | undefined {
    return this.#drafts.find((d) => d.type === type);
  }

  #baseDraft(draft: Draft): Draft | undefined {
    return draft.base.kind === "own" ? this.#draftOf(draft.base.type) : undefined;
  }

  /** C expression for the base that `hpyx_create_type` gets; null for `object`. */
  #baseSource(draft: Draft): string | null {
    const { base } = draft;
    if (base.kind === "object") return null;
    if (base.kind === "other") return base.source;
    return this.#draftOf(base.type) === undefined ? `&${base.type.name}` : base.type.name;
  }

  // Deallocators.

  #deallocatorName(draft: Draft): string | null {
    const value = draft.values.get("tp_dealloc");
    if (value === undefined) return null;
    const { tree } = value.file;
    const at = stripCasts(tree, value.node);
    return tree.kind(at) === "identifier" ? tree.source(at) : "";
  }

  #decideDeallocations(): void {
    const names = new Set<string>();
    for (const draft of this.#drafts) {
      const name = this.#deallocatorName(draft);
      if (name !== null && name !== "") names.add(name);
    }
    const read = new Map<Draft, Deallocator>();
    for (const draft of this.#drafts) {
      const { type } = draft;
      const name = this.#deallocatorName(draft);
      if (name === null || FREEING_FUNCTIONS.has(name)) continue;
      const fn = resolveFunction(this.#project, type.file, name);
      if (fn === null)
        throw new UseRefused(
          "type-deallocator",
          spanOf(type.file.tree, type.definition.declarator.node),
          `The deallocator of \`${type.name}\` is not found.`,
          type.file,
          type.name,
        );
      try {
        read.set(draft, readDeallocator(this.#project, fn, names));
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        throw new UseRefused(error.id, error.span, error.message, fn.file, type.name);
      }
    }
    const legacy = new Set<Draft>();
    for (const [draft, d] of read) if (!this.#canDestroy(draft, d, read)) legacy.add(draft);
    for (let before = -1; before !== legacy.size; ) {
      before = legacy.size;
      for (const [draft, d] of read) {
        const base = this.#baseDraft(draft);
        const isBelowLegacy = base !== undefined && legacy.has(base);
        if (isBelowLegacy || [...legacy].some((l) => this.#callsByName(read.get(l), d.fn.name))) legacy.add(draft);
        if (base === undefined && draft.base.kind === "own") legacy.add(draft);
      }
      for (const [draft, d] of read) if ([...legacy].some((l) => read.get(l)?.fn === d.fn)) legacy.add(draft);
    }
    for (const draft of this.#drafts) this.#deallocations.set(draft, this.#deallocation(draft, read, legacy));
  }

  #callsByName(deallocator: Deallocator | undefined, name: string): boolean {
    return (
      deallocator !== undefined && callsOfBase(deallocator, new Set([name])).length > 0 && deallocator.fn.name !== name
    );
  }

  /** Whether a deallocator, by itself, does what HPy does around a destroy function. */
  #canDestroy(draft: Draft, d: Deallocator, read: ReadonlyMap<Draft, Deallocator>): boolean {
    if (d.obstacle !== null || draft.base.kind === "other") return false;
    const free = draft.values.get("tp_free");
    if (free !== undefined && !FREEING_FUNCTIONS.has(free.file.tree.source(stripCasts(free.file.tree, free.node))))
      return false;
    let finalizes = false;
    for (let at: Draft | undefined = draft; at !== undefined; at = this.#baseDraft(at))
      finalizes ||= at.values.has("tp_finalize");
    const base = this.#baseDraft(draft);
    const baseRead = base === undefined ? undefined : read.get(base);
    const isInheritedOne = baseRead !== undefined && baseRead.fn === d.fn;
    const hasOwnBase = base !== undefined && baseRead !== undefined && !isInheritedOne;
    if (hasOwnBase ? d.frees.length > 0 : d.baseCalls.length > 0) return false;
    if (!hasOwnBase && finalizes !== d.finalizers.length > 0) return false;
    if (hasOwnBase && d.finalizers.length > 0 && !finalizes) return false;
    return this.#otherUses(d, [...read.values()]) === 0;
  }

  /** How often a deallocator is used other than as the deallocator of the types of this step, or by those of derived ones. */
  #otherUses(d: Deallocator, all: readonly Deallocator[]): number {
    let uses = 0;
    for (const file of this.#project.files) {
      if (!hasWord(file.text, d.fn.name)) continue;
      const local = resolveFunction(this.#project, file, d.fn.name);
      if (local !== d.fn) continue;
      const { tree } = file;
      for (const { span, body } of file.macros) if (span.start >= 0 && hasWord(body, d.fn.name)) uses++;
      const calls = all
        .filter((o) => o !== d && o.fn.file === file)
        .flatMap((o) => callsOfBase(o, new Set([d.fn.name])));
      const excused: Span[] = [
        ...this.#coveredIn(file),
        ...calls.map((c) => spanOf(tree, c)),
        ...(this.#project.prototypes.get(d.fn.name) ?? [])
          .filter((p) => p.file === file)
          .map((p) => spanOf(tree, p.declaration)),
        ...(d.fn.file === file ? [spanOf(tree, d.fn.declarator.node)] : []),
      ];
      for (const id of tree.descendants(0, "identifier")) {
        if (tree.source(id) !== d.fn.name || isDead(file, tree.start(id))) continue;
        if (!excused.some((e) => tree.start(id) >= e.start && tree.start(id) < e.end)) uses++;
      }
    }
    return uses;
  }

  #deallocation(draft: Draft, read: ReadonlyMap<Draft, Deallocator>, legacy: ReadonlySet<Draft>): Deallocation {
    const deallocator = read.get(draft);
    const base = this.#baseDraft(draft);
    const source = this.#baseSource(draft);
    if (deallocator === undefined) {
      if (!draft.hasGc || source === null) return { kind: "inherited" };
      const isLegacyBase =
        base === undefined ||
        this.#deallocations.get(base)?.kind === "legacy" ||
        this.#deallocations.get(base)?.kind === "generated";
      if (base !== undefined) return isLegacyBase ? { kind: "shared", base: source } : { kind: "inherited" };
      return { kind: "generated", base: source };
    }
    if (legacy.has(draft)) return { kind: "legacy", deallocator };
    if (base !== undefined && read.get(base)?.fn === deallocator.fn) return { kind: "inherited" };
    const isWhole = base === undefined && isEmptyDestroy(deallocator) && deallocator.finalizers.length === 0;
    return { kind: isWhole ? "dropped" : "destroy", deallocator };
  }

  #writeDeallocators(): void {
    const done = new Set<CFunction>();
    const heapNames = new Set(this.#drafts.flatMap((d) => [d.type.name, this.#deallocatorName(d) ?? ""]));
    for (const draft of this.#drafts) {
      const found = this.#deallocations.get(draft);
      if (found === undefined || !("deallocator" in found) || done.has(found.deallocator.fn)) continue;
      const { deallocator } = found;
      const { fn } = deallocator;
      done.add(fn);
      const edits = this.#editsOf(fn.file);
      if (found.kind === "legacy")
        writeHeapDeallocator(
          deallocator,
          this.#baseDraft(draft) === undefined ? [] : callsOfBase(deallocator, heapNames),
          deallocator.keepsObjects && initialisesObjects(draft.type.file) ? "always" : "after-free",
          edits,
        );
      else if (found.kind === "destroy") writeDestroy(this.#project, deallocator, `${fn.name}_def`, edits);
      else {
        for (const span of [fn.node, ...this.#prototypesOf(fn)].map((n) =>
          removal(fn.file.text, wholeItem(fn.file, n)),
        )) {
          edits.replace(span, "", RULE);
          this.#coveredIn(fn.file).push(span);
        }
      }
    }
  }

  #prototypesOf(fn: CFunction): Node[] {
    return (this.#project.prototypes.get(fn.name) ?? []).filter((p) => p.file === fn.file).map((p) => p.declaration);
  }

  /**
   * Python subclasses of a heap type leave it to the traverse function of that type to visit the class of an object,
   * since Python 3.9.
   */
  #writeVisits(): void {
    const done = new Set<CFunction>();
    for (const draft of this.#drafts) {
      const value = draft.values.get("tp_traverse");
      if (!draft.hasGc || !draft.isBaseType || value === undefined) continue;
      const { tree } = value.file;
      const fn = resolveFunction(this.#project, draft.type.file, tree.source(stripCasts(tree, value.node)));
      const [self, visit, argument] = fn?.parameters ?? [];
      if (fn === null || done.has(fn) || self === undefined || visit === undefined || argument === undefined) continue;
      done.add(fn);
      const body = fn.file.tree;
      const source = body.source(fn.body);
      if (source.includes("tp_traverse") || source.includes(`Py_VISIT(Py_TYPE(`)) continue;
      const baseTraverse = this.#baseDraft(draft)?.values.get("tp_traverse");
      if (baseTraverse !== undefined) {
        const name = baseTraverse.file.tree.source(stripCasts(baseTraverse.file.tree, baseTraverse.node));
        if (hasWord(source, name)) continue;
      }
      const statements = body.named(fn.body);
      const first = statements.find((s) => body.kind(s) !== "declaration");
      if (first === undefined) continue;
      const { text } = fn.file;
      const newline = newlineOf(text);
      const indent = indentationAt(text, body.start(first));
      const isUsual = visit.name === "visit" && argument.name === "arg";
      const lines = isUsual
        ? [`${indent}Py_VISIT(Py_TYPE(${self.name}));`]
        : [
            `${indent}{`,
            `${indent}${indentationUnit(text)}int visited = ${visit.name}((PyObject *)Py_TYPE(${self.name}), ${argument.name});`,
            `${indent}${indentationUnit(text)}if (visited)`,
            `${indent}${indentationUnit(text)}${indentationUnit(text)}return visited;`,
            `${indent}}`,
          ];
      const at = text.lastIndexOf("\n", body.start(first) - 1) + 1;
      this.#editsOf(fn.file).insert(
        at,
        ["#if PY_VERSION_HEX >= 0x03090000", ...lines, "#endif", ""].join(newline),
        RULE,
      );
    }
  }

  // The specification.

  /** Replaces the definition of a type and answers the statements that create it. */
  #writeType(draft: Draft): Creation {
    const { type, values } = draft;
    const { file, definition } = type;
    const { tree, text } = file;
    const unit = indentationUnit(text);
    const blocks: string[] = [];
    const storage = definition.isStatic ? "static " : "";
    const isDeclared = type.declarations.some(
      (g) => g !== definition && g.file === file && !g.isExtern && g.declaration < definition.declaration,
    );
    const isInitialised = definition.declarator.value !== NONE;
    const pointer = isDeclared || !isInitialised ? null : `${storage}PyTypeObject *${type.name};`;
    const later = this.#laterPlace(draft);
    if (pointer !== null && later === null) blocks.push(pointer);
    const pokes: string[] = [];
    const slots = this.#slots(draft, blocks, pokes);
    const defines: string[] = [];
    if (draft.hasGc) {
      const symbol = this.#names.take(`${type.name}_fields`);
      defines.push(symbol);
      blocks.push(
        [
          `/* HPy wants this of types that take part in garbage collection; Py_tp_traverse visits the fields. */`,
          `HPyDef_SLOT(${symbol}, HPy_tp_traverse)`,
          `static int ${symbol}_impl(void *self, HPyFunc_visitproc visit, void *arg)`,
          "{",
          `${unit}return 0;`,
          "}",
        ].join("\n"),
      );
    }
    const deallocation = this.#deallocations.get(draft) ?? { kind: "inherited" };
    if (deallocation.kind === "destroy") defines.push(`${deallocation.deallocator.fn.name}_def`);
    const slotsName = this.#names.take(`${type.name}_slots`);
    const definesName = this.#names.take(`${type.name}_defines`);
    const specName = this.#names.take(`${type.name}_spec`);
    blocks.push(
      [`static PyType_Slot ${slotsName}[] = {`, ...slots.map((s) => `${unit}${s},`), `${unit}{0, NULL}`, "};"].join(
        "\n",
      ),
      [`static HPyDef *${definesName}[] = {`, ...defines.map((d) => `${unit}&${d},`), `${unit}NULL`, "};"].join("\n"),
      [
        `static HPyType_Spec ${specName} = {`,
        ...this.#specLines(draft, slotsName, definesName).map((l) => `${unit}${l}`),
        "};",
      ].join("\n"),
    );
    if (deallocation.kind === "shared") pokes.push(`${type.name}->tp_dealloc = ${deallocation.base}->tp_dealloc;`);
    const vectorcall = values.get("tp_vectorcall");
    if (vectorcall !== undefined) pokes.push(`${type.name}->tp_vectorcall = ${valueSource(vectorcall)};`);
    if (this.#inheritsAnnotations(draft)) {
      const base = this.#baseSource(draft);
      pokes.push(
        "/* Asked for its annotations, a type made at run time without any makes an empty dict; it keeps those of its base. */",
        `if (PyDict_SetItemString(${type.name}->tp_dict, "__annotations__",`,
        `${unit}${unit}${unit}${unit}${unit}     PyDict_GetItemString(${base}->tp_dict, "__annotations__")) < 0)`,
        `${unit}return -1;`,
      );
    }
    const statements = [
      `if (hpyx_create_type(ctx, &${specName}, ${this.#baseSource(draft) ?? "NULL"}, &${type.name}) < 0)`,
      `${unit}return -1;`,
      ...pokes,
    ];
    const exec = this.#exec;
    const isVisible = isOneUnit(file, exec, later ?? definition.declaration, this.#module);
    if (unitOf(file, this.#module) === null)
      throw new UseRefused(
        "type-in-several-units",
        spanOf(tree, definition.declarator.node),
        "The definition of the type stands in a header that several sources include.",
        file,
        type.name,
      );
    let creation: Creation = { statements, prototype: null };
    if (!isVisible) {
      const name = this.#names.take(`${type.name}_create`);
      blocks.push(
        [`int ${name}(HPyContext *ctx)`, "{", ...statements.map((s) => `${unit}${s}`), `${unit}return 0;`, "}"].join(
          "\n",
        ),
      );
      this.#needSupport(file, "hpyx_create_type");
      creation = {
        statements: [`if (${name}(ctx) < 0)`, `${indentationUnit(exec.file.text)}return -1;`],
        prototype: `extern int ${name}(HPyContext *ctx);`,
      };
    } else this.#needSupport(exec.file === file ? file : exec.file, "hpyx_create_type");
    if (!this.#support.has(file)) this.#support.set(file, new Set());
    const written = blocks.join("\n\n").replaceAll("\n", newlineOf(text));
    const edits = this.#editsOf(file);
    if (later !== null) {
      if (isInitialised) edits.replace(spanOf(tree, definition.declaration), pointer ?? "", RULE);
      edits.insert(tree.start(later), written + newlineOf(text) + newlineOf(text), RULE, -4);
    } else edits.replace(spanOf(tree, definition.declaration), written, RULE);
    return creation;
  }

  /** Whether a base of the extension, but not the type itself, has a `__annotations__` of its own. */
  #inheritsAnnotations(draft: Draft): boolean {
    const has = (d: Draft): boolean =>
      ["tp_getset", "tp_members"].some((field) => {
        const value = d.values.get(field);
        if (value === undefined) return false;
        const name = valueSource(value);
        const table = (this.#project.globals.get(name) ?? []).find((g) => g.declarator.value !== NONE);
        return table?.file.tree.source(table.declarator.value).includes('"__annotations__"') === true;
      });
    if (has(draft)) return false;
    for (let at = this.#baseDraft(draft); at !== undefined; at = this.#baseDraft(at)) if (has(at)) return true;
    return false;
  }

  #needSupport(file: ParsedFile, name: string): void {
    this.#support.set(file, (this.#support.get(file) ?? new Set<string>()).add(name));
  }

  /** The last function that fills in a type, before which all that it assigns is declared; null where none does. */
  #laterPlace(draft: Draft): Node | null {
    const { file, definition } = draft.type;
    let last: Node | null = null;
    for (const { file: at, node } of draft.obsolete) {
      if (at !== file) continue;
      const fn = file.tree.enclosing(node, "function_definition");
      if (fn > (last ?? definition.declaration) && assigns(file.tree, node)) last = fn;
    }
    return last;
  }

  #slots(draft: Draft, blocks: string[], pokes: string[]): string[] {
    const { type, values } = draft;
    const slots: string[] = [];
    // C++ has no conversion of a function to `void *` without a cast.
    const cast = type.file.language === "cpp" ? "(void *)" : "";
    const push = (field: string, value: string): void => {
      slots.push(`{Py_${field}, ${cast}${value}}`);
    };
    const deallocation = this.#deallocations.get(draft) ?? { kind: "inherited" };
    const dealloc = (name: string): void => {
      if (draft.hasGc) pokes.push(`${type.name}->tp_dealloc = (destructor)${name};`);
      else push("tp_dealloc", name);
    };
    if (deallocation.kind === "legacy") dealloc(deallocation.deallocator.fn.name);
    if (deallocation.kind === "generated") {
      const name = this.#names.take(`${type.name}_dealloc`);
      const unit = indentationUnit(type.file.text);
      blocks.push(
        [
          `static void ${name}(PyObject *self)`,
          "{",
          `${unit}PyTypeObject *type = Py_TYPE(self);`,
          `${unit}(${deallocation.base})->tp_dealloc(self);`,
          `${unit}Py_DECREF(type);`,
          "}",
        ].join("\n"),
      );
      dealloc(name);
    }
    for (const [field, value] of values) {
      if (SUITE_FIELDS.has(field)) {
        const suite = draft.suites.get(field);
        if (suite === undefined) continue;
        for (const [name, entry] of suite.fields) {
          if (isConditional(entry.file, entry.file.tree.start(entry.node)))
            throw new UseRefused(
              "conditional-code",
              spanOf(entry.file.tree, entry.node),
              "A field is set under a condition that cannot be decided.",
              entry.file,
              type.name,
            );
          push(name, valueSource(entry));
        }
        continue;
      }
      if (OTHER_FIELDS.has(field)) continue;
      if (field === "tp_clear" && draft.hasGc) {
        const source = valueSource(value);
        pokes.push(`${type.name}->tp_clear = (inquiry)${source};`);
        continue;
      }
      if (!field.startsWith("tp_")) continue;
      push(field, valueSource(value));
    }
    const members = this.#members(draft, blocks);
    if (members !== null) slots.push(`{Py_tp_members, ${members}}`);
    return slots;
  }

  /** The table of members, with the offsets that a specification gives as members; null for none. */
  #members(draft: Draft, blocks: string[]): string | null {
    const { type, values } = draft;
    const { file } = type;
    const offsets: string[] = [];
    for (const [field, member] of OFFSET_MEMBERS) {
      const value = values.get(field);
      if (value === undefined) continue;
      offsets.push(`{"${member}", T_PYSSIZET, ${value.file.tree.source(value.node)}, READONLY},`);
    }
    const table = values.get("tp_members");
    if (offsets.length === 0) return table === undefined ? null : valueSource(table);
    if (!values.has("tp_basicsize"))
      throw new UseRefused(
        "type-initialiser",
        spanOf(file.tree, type.definition.declarator.node),
        "The type has a place for a dict or weak references, but no size of its own.",
        file,
        type.name,
      );
    if (!this.#project.files.some((f) => f.includes.some((i) => i.path === "structmember.h")))
      this.#includeStructMember(file);
    const unit = indentationUnit(file.text);
    if (table === undefined) {
      const name = this.#names.take(`${type.name}_members`);
      blocks.push(
        [`static PyMemberDef ${name}[] = {`, ...offsets.map((o) => `${unit}${o}`), `${unit}{NULL}`, "};"].join("\n"),
      );
      return name;
    }
    const name = valueSource(table);
    const variable = (this.#project.globals.get(name) ?? []).find(
      (g) => g.declarator.value !== NONE && g.file === file,
    );
    const items = variable === undefined ? [] : file.tree.named(variable.declarator.value);
    const last = items[items.length - 1];
    const users = this.#project.files.filter((f) => hasWord(f.text, name));
    if (variable === undefined || last === undefined || users.length > 1)
      throw new UseRefused(
        "type-initialiser",
        spanOf(table.file.tree, table.node),
        "The table of members, to which the places of the dict and of weak references must be added, is not found.",
        table.file,
        type.name,
      );
    const newline = newlineOf(file.text);
    const indent = indentationAt(file.text, file.tree.start(last));
    this.#editsOf(file).insert(file.tree.start(last), offsets.map((o) => `${o}${newline}${indent}`).join(""), RULE);
    return name;
  }

  #includeStructMember(file: ParsedFile): void {
    const python = file.includes.find((i) => i.path === "Python.h") ?? file.includes[file.includes.length - 1];
    if (python === undefined) return;
    this.#editsOf(file).insert(python.span.end, `${newlineOf(file.text)}#include <structmember.h>`, RULE, -11);
  }

  #specLines(draft: Draft, slots: string, defines: string): string[] {
    const { values } = draft;
    const source = (field: string): string | null => {
      const value = values.get(field);
      return value === undefined ? null : value.file.tree.source(value.node);
    };
    const lines = [`.name = ${this.#typeName(draft)},`];
    const size = source("tp_basicsize");
    if (size !== null) lines.push(`.basicsize = ${size},`);
    const items = source("tp_itemsize");
    if (items !== null) lines.push(`.itemsize = ${items},`);
    const raw =
      draft.base.kind === "object" && !values.has("tp_new")
        ? { bits: ["(1UL << 7)", "(1UL << 8)"], names: "Py_TPFLAGS_DISALLOW_INSTANTIATION, Py_TPFLAGS_IMMUTABLETYPE" }
        : { bits: ["(1UL << 8)"], names: "Py_TPFLAGS_IMMUTABLETYPE" };
    const flags = [source("tp_flags"), ...draft.moreFlags].filter((f) => f !== null).map((f) => hpyFlags(f));
    if (!draft.hasDefaultFlags) flags.unshift("HPy_TPFLAGS_DEFAULT");
    lines.push(`.flags = ${[...flags, ...raw.bits].join(" | ")}, /* ${raw.names} */`);
    lines.push(".builtin_shape = HPyType_BuiltinShape_Legacy,", `.legacy_slots = ${slots},`, `.defines = ${defines},`);
    const doc = source("tp_doc");
    if (doc !== null) lines.push(`.doc = ${doc},`);
    return lines;
  }

  /** The name for HPy, which wants a module in it. */
  #typeName(draft: Draft): string {
    const { type, values } = draft;
    const value = values.get("tp_name");
    const text = value === undefined ? null : constantString(this.#project, value.file.tree, value.node);
    // Macros of the compiler's command line stand beside literals as literals do; a dot in one of these is enough.
    if (value !== undefined && text === null && hasDottedLiteral(value)) return valueSource(value);
    if (value === undefined || text === null)
      throw new UseRefused(
        "type-name",
        spanOf(type.file.tree, type.definition.declarator.node),
        "The name of the type is no string literal.",
        type.file,
        type.name,
      );
    const source = value.file.tree.source(stripParentheses(value.file.tree, value.node));
    if (text.includes(".")) return source;
    this.#notes.push(
      `\`${text}\` has a name without a module, which HPy does not take: it is created as \`builtins.${text}\`. Its __module__, __name__ and __qualname__ stay; error messages that show tp_name have the longer name.`,
    );
    return source.startsWith('"') ? `"builtins.${source.slice(1)}` : `"builtins." ${source}`;
  }

  // The module.

  /** A type that exists is ready: statements that do nothing but see to it go. */
  #removeReadyCalls(): void {
    const created = createdPointers(this.#project);
    for (const file of this.#project.files) {
      if (!file.text.includes("PyType_Ready")) continue;
      const { tree } = file;
      const names = new Set(this.#drafts.filter((d) => this.#filesOf(d.type).includes(file)).map((d) => d.type.name));
      const statements = new StatementEdits(tree, this.#editsOf(file), RULE);
      const seen = new Set<Node>();
      for (const call of tree.descendants(0, "call_expression")) {
        if (tree.source(tree.field(call, "function")) !== "PyType_Ready") continue;
        const argument = tree.named(tree.field(call, "arguments"))[0];
        const name = argument === undefined ? null : addressed(tree, argument);
        if (name === null || !names.has(name)) continue;
        const statement = tree.enclosing(call, "expression_statement", "if_statement", "compound_statement");
        if (statement === NONE || seen.has(statement)) continue;
        seen.add(statement);
        const isPlain =
          (tree.kind(statement) === "expression_statement" && tree.named(statement)[0] === call) ||
          (tree.kind(statement) === "if_statement" &&
            tree.field(statement, "alternative") === NONE &&
            onlyReadies(tree, tree.field(statement, "condition"), names, created));
        if (!isPlain) continue;
        statements.remove(statement);
        this.#coveredIn(file).push(spanOf(tree, statement));
      }
      statements.finish();
    }
  }

  /** Tables of functions that only the types of this step pointed to. */
  #removeSuites(): void {
    const variables = new Set<GlobalVariable>();
    for (const { suites } of this.#drafts)
      for (const { variable } of suites.values()) if (variable !== null) variables.add(variable);
    for (const variable of variables) {
      const { file, name } = variable;
      const { tree } = file;
      const all = (this.#project.globals.get(name) ?? []).filter((g) => g.file === file);
      const isShared = this.#project.files.some((f) => f !== file && hasWord(f.text, name));
      const isInMacro = file.macros.some((m) => hasWord(m.body, name));
      if (isShared || isInMacro || all.some((g) => readDeclarators(tree, g.declaration).length > 1)) continue;
      const excused = [...this.#coveredIn(file), ...all.map((g) => spanOf(tree, g.declaration))];
      const isUsed = [...tree.descendants(0, "identifier")].some(
        (id) => tree.source(id) === name && !excused.some((e) => tree.start(id) >= e.start && tree.start(id) < e.end),
      );
      if (isUsed) continue;
      for (const { declaration } of all) {
        const span = removal(file.text, spanOf(tree, declaration));
        this.#editsOf(file).replace(span, "", RULE);
        this.#coveredIn(file).push(span);
      }
    }
  }

  #writeUses(): void {
    const names = new Set(this.#drafts.map((d) => d.type.name));
    const macros = macrosNaming(this.#project.knowledge, names);
    refusePasted(this.#project.files, this.#project.knowledge, names);
    for (const file of this.#project.files) {
      const here = new Set(this.#drafts.filter((d) => this.#filesOf(d.type).includes(file)).map((d) => d.type.name));
      if (here.size === 0 || ![...here, ...macros.keys()].some((n) => hasWord(file.text, n))) continue;
      rewriteTypeUses(file, this.#project.knowledge, here, macros, this.#coveredIn(file), this.#editsOf(file));
    }
  }
}

/** C source of a value that a slot takes: a pointer of any kind, without casts. */
function valueSource(value: FieldValue): string {
  const { tree } = value.file;
  return tree.source(stripCasts(tree, value.node));
}

/** Whether a literal among joined strings, the others perhaps macros of unknown value, has a dot in it. */
function hasDottedLiteral({ file: { tree }, node }: FieldValue): boolean {
  const joined = stripParentheses(tree, node);
  if (tree.kind(joined) !== "concatenated_string") return false;
  return tree.named(joined).some((part) => tree.kind(part) === "string_literal" && tree.source(part).includes("."));
}

/** Value of a string, macros of the project replaced; null when it cannot be told. */
function constantString(project: Project, tree: Tree, n: Node): string | null {
  const at = stripParentheses(tree, n);
  const plain = stringValue(tree, at);
  if (plain !== null) return plain;
  const ofMacro = (name: string, depth: number): string | null => {
    const [definition, ...more] = project.knowledge.definitions.get(name) ?? [];
    if (definition === undefined || more.some((m) => m.body !== definition.body)) return null;
    const tokens = lex(definition.body, "piece");
    let text = "";
    for (let t = 0; t < tokens.count; t++) {
      const word = tokenText(tokens, t);
      if (tokens.kind[t] === TokenKind.string) text += word.slice(1, -1);
      else if (tokens.kind[t] === TokenKind.identifier && depth < 4) {
        const part = ofMacro(word, depth + 1);
        if (part === null) return null;
        text += part;
      } else return null;
    }
    return text;
  };
  if (tree.kind(at) === "identifier") return ofMacro(tree.source(at), 0);
  if (tree.kind(at) !== "concatenated_string") return null;
  let text = "";
  for (const part of tree.named(at)) {
    const piece = constantString(project, tree, part);
    if (piece === null) return null;
    text += piece;
  }
  return text;
}

/** Whether a condition tests nothing but that types of this step, or of earlier ones, are ready. */
function onlyReadies(tree: Tree, n: Node, names: ReadonlySet<string>, created: ReadonlySet<string>): boolean {
  const at = stripParentheses(tree, n);
  if (tree.kind(at) === "binary_expression") {
    const operator = tree.source(tree.field(at, "operator"));
    const left = tree.field(at, "left");
    if (operator === "||") return [left, tree.field(at, "right")].every((s) => onlyReadies(tree, s, names, created));
    if (!["<", "!=", "=="].includes(operator)) return false;
    const right = tree.source(tree.field(at, "right"));
    return right === (operator === "==" ? "-1" : "0") && onlyReadies(tree, left, names, created);
  }
  if (tree.kind(at) !== "call_expression" || tree.source(tree.field(at, "function")) !== "PyType_Ready") return false;
  const argument = tree.named(tree.field(at, "arguments"))[0];
  if (argument === undefined) return false;
  const name = addressed(tree, argument);
  return name === null ? created.has(tree.source(stripCasts(tree, argument))) : names.has(name);
}

/** Whether a file gives memory that it has kept the head of an object again, with a new reference to the type. */
function initialisesObjects(file: ParsedFile): boolean {
  return ["PyObject_Init", "PyObject_INIT", "PyObject_InitVar", "PyObject_INIT_VAR"].some((f) => hasWord(file.text, f));
}

/** Whether a statement assigns something else than the metatype. */
function assigns(tree: Tree, statement: Node): boolean {
  const n = tree.named(statement)[0] ?? NONE;
  return (
    n !== NONE && tree.kind(n) === "assignment_expression" && !tree.source(tree.field(n, "left")).includes("ob_type")
  );
}

/** Whether a field of a type names a variable. */
function usesVariable(type: StaticType, name: string): boolean {
  return [...type.fields.values()].some(({ file, node }) => addressed(file.tree, node) === name);
}

/** Whether `PyDoc_STRVAR` declares a name in a file. */
function isDocumentation(tree: Tree, name: string): boolean {
  for (const call of topLevelCalls(tree, "PyDoc_STRVAR"))
    if (tree.source(tree.named(tree.field(call, "arguments"))[0] ?? call) === name) return true;
  return false;
}
