/**
 * Moves entries out of the legacy tables of a module or a type: their functions and the helpers that these need become
 * HPy code, and `HPyDef`s beside them take their places in the `.defines`. What legacy code still calls is copied.
 */

import { looksLikeCapi } from "../analysis/capi-names.ts";
import type { CallingConvention, Facts } from "../analysis/ownership.ts";
import { Refused } from "../analysis/typing.ts";
import { isObjectPointer } from "../model/declarations.ts";
import {
  type CFunction,
  type ExtensionModule,
  type Project,
  type Prototype,
  prototypesOf,
  resolveFunction,
} from "../model/project.ts";
import { EditSet } from "../syntax/edits.ts";
import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import type { ParsedFile } from "../syntax/source.ts";
import { NONE, type Node } from "../syntax/tree.ts";
import { type Analyses, refuseUnreadable } from "./analyses.ts";
import type { Bridge } from "./bridge.ts";
import { type Defined, DefinitionWriter, type Implementation } from "./definitions.ts";
import { type Entry, entryFunctions, refusedEntry } from "./entries.ts";
import {
  BodyRewriter,
  type CallRule,
  type RewriteContext,
  type RewriteResult,
  type Unmapping,
} from "./function-body.ts";
import { rewritePrototype, rewriteSignature } from "./function-signature.ts";
import { guardSupport, insertHpyInclude, insertSupport, type SupportNeeds, sharedSupport } from "./insert-support.ts";
import { nameOfLegacyBridge, writeLegacyBridge } from "./legacy-calls.ts";
import { FreeNames, type SourceEdits } from "./module-to-hpy.ts";
import { RefusedAt } from "./refused-at.ts";
import { checkSignature, completeSignature, isSameSignature } from "./slot-signature.ts";
import { indentationUnit, newlineOf } from "./statement-edits.ts";
import { insertStructHelpers } from "./struct-views.ts";
import { isWithin, type Use, usesOf } from "./uses.ts";
import { startWithMacros, wholeItem } from "./whole-item.ts";

const RULE = "method-to-hpydef";
const COPY_SUFFIX = "_hpy";

/** The rules that rewrites use, handed in by the engine. */
export interface RuleSet {
  readonly rules: ReadonlyMap<string, CallRule>;
  readonly unmapped: ReadonlyMap<string, Unmapping>;
}

export interface MethodStep extends SourceEdits {
  /** Legacy functions of the project that the moved ones call over bridges, with why they stay. */
  readonly called: ReadonlyMap<CFunction, Refused>;
  /** Functions that became HPy code, with what each still does through the C API. */
  readonly migrated: readonly Migrated[];
  readonly bridged: boolean;
}

/** How lists and tuples that are only filled and returned are written. */
export type Containers = RewriteContext["containers"];

/** Whether a function that legacy code goes on using may be kept for it beside its HPy form. */
export type Copies = "none" | "allowed";

/**
 * Plans the step that moves entries of the legacy tables: one, or several that share functions. Throws {@link Refused}.
 */
export function planEntries(
  project: Project,
  module: ExtensionModule,
  unit: readonly Entry[],
  analyses: Analyses,
  rules: RuleSet,
  containers: Containers,
  copies: Copies,
): MethodStep {
  const defined = unit.map((entry) => ({ entry, functions: entryFunctions(project, entry) }));
  return new MethodPlanner(project, module, analyses, rules, containers).plan(defined, copies);
}

/**
 * Moves the module's own initialisation to HPy: the function that `HPy_mod_exec` calls with a `PyObject *` becomes the
 * exec function itself. Null when there is none. Throws {@link Refused}.
 */
export function planInit(
  project: Project,
  module: ExtensionModule,
  analyses: Analyses,
  rules: RuleSet,
): MethodStep | null {
  const found = findInit(project, module);
  if (found === null) return null;
  refuseUnreadable(project, found.init);
  return new MethodPlanner(project, module, analyses, rules, "bridged").planInit(found.exec, found.init);
}

/** The exec function that only wraps a legacy init function, with that function. */
export function findInit(
  project: Project,
  module: ExtensionModule,
): { readonly exec: CFunction; readonly init: CFunction } | null {
  for (const list of project.functions.values()) {
    for (const exec of list) {
      if (exec.file !== module.file || !exec.isMigrated || !exec.name.endsWith("_exec_impl")) continue;
      const tree = exec.file.tree;
      for (const call of tree.descendants(exec.body, "call_expression")) {
        const argument = tree.named(tree.field(call, "arguments"))[0];
        const name = tree.field(call, "function");
        if (argument === undefined || tree.kind(argument) !== "call_expression") continue;
        if (tree.source(tree.field(argument, "function")) !== "HPy_AsPyObject") continue;
        const init = resolveFunction(project, exec.file, tree.source(name));
        if (init !== null && !init.isMigrated && isObjectPointer(init.result) && init.parameters.length === 1)
          return { exec, init };
      }
    }
  }
  return null;
}

/** How a function is called once it has moved; the HPy signature is empty where no definition names it. */
interface Calling {
  readonly convention: CallingConvention;
  readonly signature: string;
}

const HELPER: Calling = { convention: "helper", signature: "" };
const INIT: Calling = { convention: "init", signature: "" };

interface Migrated {
  readonly name: string;
  readonly file: string;
  readonly bridged: boolean;
  /** The legacy function that this one is the HPy copy of; null for what was rewritten where it stands. */
  readonly copyOf: string | null;
}

const NO_NEEDS: SupportNeeds = { support: new Set(), bridges: new Map() };

/** A part of a file that goes or moves with the step. */
interface Row {
  readonly file: ParsedFile;
  readonly node: Node;
}

class MethodPlanner {
  readonly #containers: Containers;
  readonly #project: Project;
  readonly #module: ExtensionModule;
  readonly #analyses: Analyses;
  readonly #rules: RuleSet;
  readonly #edits = new Map<ParsedFile, EditSet>();
  readonly #support = new Map<ParsedFile, Set<string>>();
  /** Object structs that views are taken of. */
  readonly #structs = new Map<ParsedFile, ReadonlySet<string>>();
  readonly #bridges = new Map<ParsedFile, Map<string, Bridge>>();
  readonly #notes: string[] = [];
  /** Files in which HPy code is written. */
  readonly #usesHpy = new Set<ParsedFile>();
  readonly #called = new Map<CFunction, Refused>();
  /** Legacy functions that HPy code of a file calls, each with its first caller in that file. */
  readonly #legacyCallers = new Map<ParsedFile, Map<CFunction, CFunction>>();
  /** Name of the context in the function that was rewritten last. */
  #contextName = "ctx";

  constructor(project: Project, module: ExtensionModule, analyses: Analyses, rules: RuleSet, containers: Containers) {
    this.#containers = containers;
    this.#project = project;
    this.#module = module;
    this.#analyses = analyses;
    this.#rules = rules;
  }

  #of(file: ParsedFile): EditSet {
    const known = this.#edits.get(file);
    if (known !== undefined) return known;
    const fresh = new EditSet(file.text);
    this.#edits.set(file, fresh);
    return fresh;
  }

  plan(defined: readonly Defined[], copies: Copies): MethodStep {
    const functions = conventionsOf(defined);
    const rows = defined.map((d) => ({ file: d.entry.table.file, node: d.entry.node }));
    if (copies === "none") for (const [fn, { convention }] of functions) this.#refuseOtherUses(fn, convention, rows);
    const facts = new Map<CFunction, Facts>();
    for (const [fn, { convention, signature }] of functions) {
      this.#refuseInPlainModule(fn);
      if (convention === "slot") checkSignature(fn, signature);
      facts.set(fn, this.#analyses.method(fn, convention));
    }
    const helpers = this.#helperClosure(facts);
    const own = [...functions].filter(([fn, c]) => !this.#hasOwnCopy(fn, c.convention)).map(([fn]) => fn);
    const inPlace = this.#inPlace(own, this.#uncopied(helpers.keys()), rows);
    const names = new Map<CFunction, string>();
    for (const [fn, { convention }] of functions) {
      if (helpers.has(fn) || facts.get(fn)?.callees.has(fn) === true) this.#checkCalled(fn, convention);
      const callers = [...helpers.values(), ...facts.values()].filter((f) => f.callees.has(fn));
      if (this.#isShared(fn) && callers.some((f) => f.fn.file !== fn.file))
        this.#refuseUse(
          fn,
          "is called in other files by functions that move with it, and definitions of HPy are static",
        );
      names.set(fn, inPlace.has(fn) ? fn.name : this.#nameOfCopy(fn, convention, rows, copies));
    }
    for (const helper of helpers.keys())
      if (!functions.has(helper)) names.set(helper, inPlace.has(helper) ? helper.name : `${helper.name}${COPY_SUFFIX}`);
    const migrated = this.#moveHelpers(helpers, functions, inPlace, names);
    const implementations = new Map<CFunction, Implementation>();
    const moved: Migrated[] = [];
    for (const [fn, entry] of functions) {
      const name = names.get(fn) as string;
      const copied = inPlace.has(fn) ? undefined : this.#copyOf(fn, name);
      if (copied !== undefined) {
        const { signature } = entry;
        implementations.set(fn, {
          fn,
          name,
          signature,
          at: startWithMacros(copied.file, copied.node),
          placement: "before",
        });
        this.#makeStatic(copied);
        // It is proved again as what Python calls.
        moved.push({ name, file: fn.file.path, bridged: usesCapi(copied), copyOf: fn.name });
        continue;
      }
      const own = facts.get(fn) as Facts;
      const result = inPlace.has(fn) ? this.#rewriteInPlace(fn, entry, own, names) : this.#copy(fn, entry, own, names);
      if (inPlace.has(fn)) this.#makeStatic(fn);
      moved.push(movedAs(fn, name, result));
      implementations.set(
        fn,
        inPlace.has(fn)
          ? { fn, name, signature: entry.signature, at: startWithMacros(fn.file, fn.node), placement: "before" }
          : { fn, name, signature: entry.signature, at: fn.file.tree.end(fn.node), placement: "after" },
      );
    }
    new DefinitionWriter(this.#project, this.#module, (file) => this.#of(file)).write(defined, implementations);
    for (const { fn } of implementations.values()) this.#usesHpy.add(fn.file);
    return this.#step(
      [...moved, ...migrated],
      [...moved, ...migrated].map((m) => m.name),
    );
  }

  planInit(exec: CFunction, init: CFunction): MethodStep {
    const facts = this.#analyses.method(init, "init");
    const functions = new Map([[init, INIT]]);
    const helpers = this.#helperClosure(new Map([[init, facts]]));
    const inPlace = this.#inPlace([init], this.#uncopied(helpers.keys()), [{ file: exec.file, node: exec.node }]);
    const names = new Map<CFunction, string>([[init, init.name]]);
    for (const helper of helpers.keys())
      names.set(helper, inPlace.has(helper) ? helper.name : `${helper.name}${COPY_SUFFIX}`);
    const migrated = this.#moveHelpers(helpers, functions, inPlace, names);
    const result = this.#rewriteInPlace(init, INIT, facts, names);
    const tree = init.file.tree;
    const edits = this.#of(init.file);
    edits.replace(
      { start: tree.start(init.declarator.nameNode), end: tree.end(init.declarator.nameNode) },
      exec.name,
      RULE,
    );
    this.#keepPrelude(exec, init, edits);
    new DefinitionWriter(this.#project, this.#module, (file) => this.#of(file)).deleteDeclaration(exec.file, exec.node);
    return this.#step(
      [{ name: exec.name, file: exec.file.path, bridged: result.bridged, copyOf: null }, ...migrated],
      [init.name, ...migrated.map((m) => m.name)],
    );
  }

  /** What the exec function does before it calls the init function comes first in what takes the place of both. */
  #keepPrelude(exec: CFunction, init: CFunction, edits: EditSet): void {
    const { file } = exec;
    const { tree } = file;
    const [context, module] = exec.parameters.map((p) => p.name);
    const parameter = init.parameters[0]?.name ?? "module";
    const lines: string[] = [];
    for (const statement of tree.named(exec.body)) {
      if (tree.isComment(statement)) continue;
      const callsInit = [...tree.descendants(statement, "identifier")].some((n) => tree.source(n) === init.name);
      if (callsInit) break;
      const source = tree.source(statement);
      const tokens = lex(source, "piece");
      let text = "";
      let end = 0;
      for (let t = 0; t < tokens.count; t++) {
        const word = tokenText(tokens, t);
        const isName = tokens.kind[t] === TokenKind.identifier;
        text += source.slice(end, tokens.start[t]);
        text += isName && word === context ? this.#contextName : isName && word === module ? parameter : word;
        end = tokens.end[t] as number;
      }
      lines.push(text + source.slice(end));
    }
    const newline = newlineOf(init.file.text);
    const unit = indentationUnit(init.file.text);
    const open = init.file.tree.start(init.body) + 1;
    const start = startWithMacros(init.file, init.node);
    for (const [name, prototypes] of this.#project.prototypes) {
      const declared = prototypes.filter((p) => p.file === file);
      const isCalled = lines.some((line) => line.includes(`${name}(`));
      const [late] = declared.filter((p) => tree.start(p.declaration) > start);
      if (!isCalled || late === undefined || declared.some((p) => tree.start(p.declaration) < start)) continue;
      const { start: from, end: to } = wholeItem(file, late.declaration);
      edits.insert(start, `${file.text.slice(from, to)}${newline}${newline}`, RULE, -9);
      new DefinitionWriter(this.#project, this.#module, (f) => this.#of(f)).deleteDeclaration(file, late.declaration);
    }
    if (lines.length > 0) edits.insert(open, lines.map((line) => `${newline}${unit}${line}`).join(""), RULE, -8);
  }

  #step(migrated: readonly Migrated[], functions: readonly string[]): MethodStep {
    this.#finish();
    return {
      edits: this.#edits,
      functions,
      notes: this.#notes,
      migrated,
      called: this.#called,
      bridged: migrated.some((m) => m.bridged),
    };
  }

  /** Rewrites or copies the helpers of a step that are no functions of its entries. */
  #moveHelpers(
    helpers: ReadonlyMap<CFunction, Facts>,
    functions: ReadonlyMap<CFunction, Calling>,
    inPlace: ReadonlySet<CFunction>,
    names: ReadonlyMap<CFunction, string>,
  ): Migrated[] {
    const migrated: Migrated[] = [];
    for (const [helper, facts] of helpers) {
      if (functions.has(helper) || (!inPlace.has(helper) && this.#isCopied(helper))) continue;
      const result = inPlace.has(helper)
        ? this.#rewriteInPlace(helper, HELPER, facts, names)
        : this.#copy(helper, HELPER, facts, names);
      migrated.push(movedAs(helper, names.get(helper) as string, result));
    }
    return migrated;
  }

  /** A function of an entry that HPy code of the same step calls must mean to it what a helper means. */
  #checkCalled(fn: CFunction, convention: CallingConvention): void {
    const facts = this.#analyses.helper(fn);
    const isPlain =
      isCalledLikeHelper(fn, convention) &&
      !(facts instanceof Refused) &&
      facts.summary.steals.size === 0 &&
      facts.summary.outcomes.every(
        ({ result }) => result !== "borrowed" && (typeof result === "string" || !("argument" in result)),
      );
    if (!isPlain) this.#refuseUse(fn, "is called by functions that move with it, and HPy calls it in another way");
  }

  /**
   * Refuses without an analysis what something names that cannot move with the function: anything but its rows, itself
   * and the functions that it can reach. Throws {@link Refused}.
   */
  #refuseOtherUses(fn: CFunction, convention: CallingConvention, rows: readonly Row[]): void {
    if (this.#hasOwnCopy(fn, convention)) return;
    const outside = usesOf(this.#project, fn).filter(
      (use) => !use.isDead && !rows.some((r) => r.file === use.file && isWithin(r.file, r.node, use.start)),
    );
    if (outside.length === 0) return;
    const reached = this.#reachedFrom(fn);
    const isInside = (use: Use): boolean =>
      use.kind === "text" && reached.some((r) => r.file === use.file && isWithin(r.file, r.node, use.start));
    if (!outside.every(isInside)) this.#refuseUse(fn, "is used elsewhere than in its legacy tables");
  }

  /** The function and everything that it names, directly and through others. */
  #reachedFrom(fn: CFunction): CFunction[] {
    const found = new Set([fn]);
    for (const from of found)
      for (const n of from.file.tree.descendants(from.body, "identifier")) {
        const to = resolveFunction(this.#project, from.file, from.file.tree.source(n));
        if (to !== null) found.add(to);
      }
    return [...found];
  }

  /** Name of the HPy form of a function that legacy code goes on using. Throws {@link Refused}. */
  #nameOfCopy(fn: CFunction, convention: CallingConvention, rows: readonly Row[], copies: Copies): string {
    const isPlain = this.#servesBoth(fn, convention);
    if (copies === "none" && !this.#hasOwnCopy(fn, convention))
      this.#refuseUse(fn, "is used elsewhere than in its legacy tables");
    for (const use of usesOf(this.#project, fn)) {
      if (use.kind === "directive" && !use.isDead)
        throw new Refused("named-in-macro", this.#nameSpan(fn), `\`${fn.name}\` is named in a macro.`);
      if (rows.some((r) => r.file === use.file && isWithin(r.file, r.node, use.start))) continue;
      if (isCompared(use))
        this.#refuseUse(fn, "is compared with a slot or a method, and would not be what Python calls");
    }
    return isPlain ? `${fn.name}${COPY_SUFFIX}` : new FreeNames(this.#project).take(`${fn.name}_impl`);
  }

  #refuseUse(fn: CFunction, what: string): never {
    throw new Refused("function-used-elsewhere", this.#nameSpan(fn), `\`${fn.name}\` ${what}.`);
  }

  /** Whether an HPy copy that an earlier step has made for its callers can implement an entry too. */
  #hasOwnCopy(fn: CFunction, convention: CallingConvention): boolean {
    return this.#servesBoth(fn, convention) && this.#copyOf(fn, `${fn.name}${COPY_SUFFIX}`) !== undefined;
  }

  /** Whether other files call a function: HPy's macros declare what Python calls as static. */
  #isShared(fn: CFunction): boolean {
    return !fn.isStatic && (this.#project.prototypes.get(fn.name) ?? []).some((p) => p.file !== fn.file);
  }

  /** Whether one HPy form of a function can be what Python calls and what C code calls. */
  #servesBoth(fn: CFunction, convention: CallingConvention): boolean {
    return isCalledLikeHelper(fn, convention) && !this.#isShared(fn);
  }

  #copyOf(fn: CFunction, name: string): CFunction | undefined {
    return (this.#project.functions.get(name) ?? []).find((f) => f.isMigrated && f.file === fn.file);
  }

  /** HPy's macros declare the functions of definitions as static. */
  #makeStatic(fn: CFunction): void {
    const start = startWithMacros(fn.file, fn.node);
    if (!fn.isStatic && start === fn.file.tree.start(fn.node)) this.#of(fn.file).insert(start, "static ", RULE, -4);
  }

  /** Adds includes and support functions to the files in which HPy code was written. */
  #finish(): void {
    for (const [file, callers] of this.#legacyCallers)
      for (const [target, caller] of callers) writeLegacyBridge(this.#project, target, caller, this.#of(file));
    const needs = new Map(
      [...this.#edits.keys()].map((file) => [
        file,
        {
          support: this.#support.get(file) ?? new Set<string>(),
          bridges: this.#bridges.get(file) ?? new Map<string, Bridge>(),
        },
      ]),
    );
    for (const file of insertStructHelpers(this.#project, this.#structs, (f) => this.#of(f))) this.#usesHpy.add(file);
    const places = sharedSupport(this.#project, needs);
    for (const [file, { guarded }] of places) if (guarded.size > 0) guardSupport(file, this.#of(file), guarded);
    for (const [file, edits] of this.#edits) {
      const { support, bridges } = needs.get(file) ?? NO_NEEDS;
      insertSupport(file, edits, support, bridges.values(), places.get(file));
      if (this.#usesHpy.has(file)) insertHpyInclude(file, edits);
    }
  }

  /** All functions that must become HPy code with these because HPy code calls them for objects, with their facts. */
  #helperClosure(roots: ReadonlyMap<CFunction, Facts>): Map<CFunction, Facts> {
    const found = new Map<CFunction, Facts>();
    const queue = [...roots.values()].flatMap((f) => [...f.callees].filter((c) => c !== f.fn));
    for (let helper = queue.shift(); helper !== undefined; helper = queue.shift()) {
      if (found.has(helper)) continue;
      const root = roots.get(helper);
      if (root !== undefined) {
        found.set(helper, root);
        continue;
      }
      const own = this.#analyses.helper(helper);
      // What takes and returns no objects can go on being called as it is.
      if (!this.#touchesObjects(helper) && !this.#canMove(helper, new Set())) continue;
      if (own instanceof Refused) throw new RefusedAt(helper.file, own.id, own.span, own.message);
      this.#refuseInPlainModule(helper);
      found.set(helper, own);
      queue.push(...own.callees);
    }
    return found;
  }

  #nameSpan(fn: CFunction): { start: number; end: number } {
    const tree = fn.file.tree;
    return { start: tree.start(fn.declarator.node), end: tree.end(fn.declarator.node) };
  }

  /** Functions of the step that nothing outside of it refers to; they are rewritten where they stand. */
  #inPlace(
    functions: readonly CFunction[],
    helpers: readonly CFunction[],
    rows: readonly Row[],
  ): ReadonlySet<CFunction> {
    const inPlace = new Set([...functions, ...helpers]);
    const uses = new Map([...inPlace].map((fn) => [fn, usesOf(this.#project, fn)]));
    for (let changed = true; changed; ) {
      changed = false;
      const movers: readonly Row[] = [...rows, ...inPlace];
      for (const [fn, its] of uses) {
        if (!inPlace.has(fn)) continue;
        const isInside = (use: Use): boolean =>
          use.kind === "text" && movers.some((m) => m.file === use.file && isWithin(m.file, m.node, use.start));
        // A helper is kept for what other platforms compile; what Python calls has one form only.
        if (its.every((use) => isInside(use) || (use.isDead && functions.includes(fn)))) continue;
        inPlace.delete(fn);
        changed = true;
        break;
      }
    }
    return inPlace;
  }

  /** Helpers without an HPy copy; the copy of the others goes on serving until the legacy one retires. */
  #uncopied(helpers: Iterable<CFunction>): CFunction[] {
    return [...helpers].filter((h) => !this.#isCopied(h));
  }

  /** Whether an earlier step has made the HPy copy already. */
  #isCopied(helper: CFunction): boolean {
    return (this.#project.functions.get(`${helper.name}${COPY_SUFFIX}`) ?? []).some((f) => f.isMigrated);
  }

  #collect(file: ParsedFile, result: RewriteResult): void {
    this.#usesHpy.add(file);
    const support = this.#support.get(file) ?? new Set<string>();
    for (const s of result.support) support.add(s);
    this.#support.set(file, support);
    this.#structs.set(file, new Set([...(this.#structs.get(file) ?? []), ...result.structs]));
    const bridges = this.#bridges.get(file) ?? new Map<string, Bridge>();
    for (const [name, bridge] of result.bridges) bridges.set(name, bridge);
    this.#bridges.set(file, bridges);
    for (const note of result.notes) if (!this.#notes.includes(note)) this.#notes.push(note);
  }

  #rewrite(
    fn: CFunction,
    { convention, signature }: Calling,
    facts: Facts,
    names: ReadonlyMap<CFunction, string>,
    edits: EditSet,
  ): RewriteResult {
    const rewriter = new BodyRewriter(facts, edits, {
      rules: this.#rules.rules,
      unmapped: this.#rules.unmapped,
      helperName: (target) => {
        if (facts.bridged.has(target)) return nameOfLegacyBridge(target);
        return target === fn ? (names.get(fn) ?? fn.name) : (names.get(target) ?? null);
      },
      containers: this.#containers,
    });
    const result = rewriter.rewrite();
    for (const target of facts.bridged) this.#bridge(target, fn);
    this.#contextName = rewriter.names.ctx;
    rewriteSignature(fn, convention, rewriter.names, facts.parsed, edits);
    if (convention === "slot") completeSignature(fn, signature, edits);
    this.#collect(fn.file, result);
    return result;
  }

  /** Has a legacy function called from the HPy form of another. */
  #bridge(target: CFunction, caller: CFunction): void {
    const why = this.#analyses.helper(target);
    if (why instanceof Refused) this.#called.set(target, why);
    const callers = this.#legacyCallers.get(caller.file) ?? new Map<CFunction, CFunction>();
    this.#legacyCallers.set(caller.file, callers);
    const first = callers.get(target);
    if (first === undefined || caller.node < first.node) callers.set(target, caller);
  }

  #rewriteInPlace(fn: CFunction, calling: Calling, facts: Facts, names: ReadonlyMap<CFunction, string>): RewriteResult {
    const edits = this.#of(fn.file);
    const result = this.#rewrite(fn, calling, facts, names, edits);
    for (const prototype of prototypesOf(this.#project, fn)) {
      if (calling.convention === "helper" || (isCalledLikeHelper(fn, calling.convention) && this.#isCalled(fn))) {
        this.#useHpyFor(prototype);
        rewritePrototype(prototype, facts.parsed, this.#of(prototype.file), fn.name, this.#project.objects);
      } else this.#deletePrototype(prototype);
    }
    return result;
  }

  #touchesObjects(fn: CFunction): boolean {
    const { objects } = this.#project;
    return objects.mentionsObject(fn.result) || fn.parameters.some((p) => objects.mentionsObject(p.type));
  }

  /** Whether nothing stands in the way of a helper and those that it needs, as far as files and proofs go. */
  #canMove(helper: CFunction, seen: Set<CFunction>): boolean {
    if (seen.has(helper)) return true;
    seen.add(helper);
    const facts = this.#analyses.helper(helper);
    if (facts instanceof Refused || this.#plainModuleOf(helper.file) !== undefined) return false;
    const prototypes = prototypesOf(this.#project, helper);
    if (prototypes.some((p) => this.#plainModuleOf(p.file) !== undefined)) return false;
    return [...facts.callees].every((callee) => this.#canMove(callee, seen));
  }

  /** A module that reads a file and has no hpy.h in its build. */
  #plainModuleOf(file: ParsedFile): ExtensionModule | undefined {
    return this.#project.modules.find((m) => !m.isHPy && m.files.includes(file));
  }

  /** HPy code cannot stand where the build of a plain module reads it. Throws {@link Refused}. */
  #refuseInPlainModule(fn: CFunction): void {
    const plain = this.#plainModuleOf(fn.file);
    if (plain !== undefined)
      throw new RefusedAt(
        fn.file,
        "helper-in-header",
        this.#nameSpan(fn),
        `\`${fn.name}\` is defined in a file that the module ${plain.name} reads too; that is no HPy module.`,
      );
  }

  /** A prototype of HPy code needs hpy.h, which the build of a plain module does not have. */
  #useHpyFor(prototype: Prototype): void {
    const plain = this.#plainModuleOf(prototype.file);
    if (plain !== undefined)
      throw new Refused(
        "declared-in-header",
        { start: 0, end: 0 },
        `\`${prototype.name}\` is declared in ${prototype.file.path}, which the module ${plain.name} reads too; that is no HPy module.`,
      );
    this.#usesHpy.add(prototype.file);
  }

  /** `HPyDef_METH` declares its function itself. */
  #deletePrototype(prototype: Prototype): void {
    const { text, tree } = prototype.file;
    let end = tree.end(prototype.declaration);
    let start = startWithMacros(prototype.file, prototype.declaration);
    const lineEnd = text.indexOf("\n", end);
    const lineStart = text.lastIndexOf("\n", start - 1) + 1;
    if (text.slice(lineStart, start).trim() === "" && lineEnd >= 0 && text.slice(end, lineEnd).trim() === "") {
      start = lineStart;
      end = lineEnd + 1;
    }
    this.#of(prototype.file).replace({ start, end }, "", RULE);
  }

  /** Whether a static function is named in another, which needs it declared. */
  #isCalled(fn: CFunction): boolean {
    return (
      fn.isStatic &&
      usesOf(this.#project, fn).some(
        (use) => fn.file.tree.enclosing(fn.file.tree.spanning(use.start, use.end), "function_definition") !== NONE,
      )
    );
  }

  /** The legacy function stays; its HPy copy follows it. */
  #copy(fn: CFunction, calling: Calling, facts: Facts, names: ReadonlyMap<CFunction, string>): RewriteResult {
    const file = fn.file;
    const tree = file.tree;
    const own = new EditSet(file.text);
    const result = this.#rewrite(fn, calling, facts, names, own);
    const name = names.get(fn) as string;
    own.replace({ start: tree.start(fn.declarator.nameNode), end: tree.end(fn.declarator.nameNode) }, name, RULE);
    const newline = newlineOf(file.text);
    const isHelper = calling.convention === "helper";
    const start = startWithMacros(fn.file, fn.node);
    if (!isHelper && !fn.isStatic && start === tree.start(fn.node)) own.insert(start, "static ", RULE, -4);
    const text = own.render({ start, end: tree.end(fn.node) });
    // The definition of an entry stands right before its function.
    this.#of(file).insert(tree.end(fn.node), `${newline}${isHelper ? newline : ""}${text}`, RULE, 3);
    if (!isHelper && !this.#servesBoth(fn, calling.convention)) return result;
    for (const prototype of prototypesOf(this.#project, fn)) {
      this.#useHpyFor(prototype);
      const copy = new EditSet(prototype.file.text);
      rewritePrototype(prototype, facts.parsed, copy, name, this.#project.objects);
      const span = wholeItem(prototype.file, prototype.declaration);
      this.#of(prototype.file).insert(span.end, `${newline}${copy.render(span)}`, RULE, 3);
    }
    return result;
  }
}

/** Whether the body of a migrated function calls the C API. */
function usesCapi(fn: CFunction): boolean {
  const { tree } = fn.file;
  for (const n of tree.descendants(fn.body, "identifier")) {
    const name = tree.source(n);
    if (looksLikeCapi(name) || name === "HPy_AsPyObject" || name === "HPy_FromPyObject") return true;
  }
  return false;
}

function movedAs(fn: CFunction, name: string, { bridged }: RewriteResult): Migrated {
  return { name, file: fn.file.path, bridged, copyOf: name === fn.name ? null : fn.name };
}

/** The last word on how a function of several entries is called; all of them must agree. Throws {@link Refused}. */
function conventionsOf(defined: readonly Defined[]): Map<CFunction, Calling> {
  const functions = new Map<CFunction, Calling>();
  for (const { entry, functions: own } of defined)
    for (const { fn, convention, signature } of own) {
      const known = functions.get(fn);
      if (known !== undefined && !isSameSignature(known.signature, signature)) {
        if (!isCutShort(fn, [known.signature, signature]))
          throw refusedEntry(
            entry,
            "function-listed-twice",
            `\`${fn.name}\` is listed for ${known.signature} and for ${signature}.`,
          );
        functions.set(fn, { convention: "noargs", signature: "HPyFunc_NOARGS" });
        continue;
      }
      if (known === undefined || known.convention === "slot") functions.set(fn, { convention, signature });
    }
  return functions;
}

/** Whether a function is listed with and without an argument, and takes none: the argument is ignored. */
function isCutShort(fn: CFunction, signatures: readonly string[]): boolean {
  const isUnary = (name: string): boolean => isSameSignature(name, "HPyFunc_NOARGS");
  return (
    fn.parameters.length === 1 && signatures.some(isUnary) && signatures.every((s) => isUnary(s) || s === "HPyFunc_O")
  );
}

/** Whether the HPy form has the parameters of the C function with a context before them, as a helper has. */
function isCalledLikeHelper(fn: CFunction, convention: CallingConvention): boolean {
  return convention === "slot" || convention === "o" || (convention === "noargs" && fn.parameters.length === 1);
}

/** Whether a use stands in a comparison with `==` or `!=`. */
function isCompared(use: Use): boolean {
  const { tree } = use.file;
  let at = tree.spanning(use.start, use.end);
  while (at !== NONE && ["identifier", "cast_expression", "parenthesized_expression"].includes(tree.kind(at)))
    at = tree.parent(at);
  return at !== NONE && tree.kind(at) === "binary_expression";
}
