/**
 * Moves one module function out of `legacy_methods`: the function and the helpers that it needs become HPy code, and
 * an `HPyDef_METH` beside it takes its place in the module's defines. Helpers that legacy code still calls are copied.
 */

import type { CallingConvention, Facts } from "../analysis/ownership.ts";
import { Refused } from "../analysis/typing.ts";
import { isObjectPointer, readDeclarators, stripCasts } from "../model/declarations.ts";
import {
  type CFunction,
  type ExtensionModule,
  fileScopeNodes,
  isConditional,
  type MethodEntry,
  type Project,
  type Prototype,
  readFunction,
  resolveFunction,
} from "../model/project.ts";
import { EditSet } from "../syntax/edits.ts";
import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import type { ParsedFile } from "../syntax/source.ts";
import { NONE, type Node } from "../syntax/tree.ts";
import { type Analyses, refuseUnreadable } from "./analyses.ts";
import type { Bridge } from "./bridge.ts";
import {
  BodyRewriter,
  type CallRule,
  type RewriteContext,
  type RewriteResult,
  type Unmapping,
} from "./function-body.ts";
import { rewritePrototype, rewriteSignature, signatureConstant } from "./function-signature.ts";
import { insertHpyInclude, insertSupport } from "./insert-support.ts";
import { FreeNames, hasWord, type SourceEdits } from "./module-to-hpy.ts";
import { newlineOf } from "./statement-edits.ts";

const RULE = "method-to-hpydef";
const COPY_SUFFIX = "_hpy";

/** The rules that rewrites use, handed in by the engine. */
export interface RuleSet {
  readonly rules: ReadonlyMap<string, CallRule>;
  readonly unmapped: ReadonlyMap<string, Unmapping>;
}

export interface MethodStep extends SourceEdits {
  /** Functions that became HPy code, with what each still does through the C API. */
  readonly migrated: readonly { readonly name: string; readonly file: string; readonly bridged: boolean }[];
  readonly bridged: boolean;
}

/** Calling convention for METH_ flags; null where HPy has none. */
function conventionOf(flags: readonly string[] | null): CallingConvention | null {
  switch (flags?.join("|")) {
    case "METH_NOARGS":
      return "noargs";
    case "METH_O":
      return "o";
    case "METH_VARARGS":
      return "varargs";
    case "METH_KEYWORDS|METH_VARARGS":
      return "keywords";
    case "METH_FASTCALL":
      return "fastcall";
    case "METH_FASTCALL|METH_KEYWORDS":
      return "fastcall-keywords";
    default:
      return null;
  }
}

/** How lists and tuples that are only filled and returned are written. */
export type Containers = RewriteContext["containers"];

/** Plans the step for one entry; throws {@link Refused} with the file of the span in `where`. */
export function planMethod(
  project: Project,
  module: ExtensionModule,
  entry: MethodEntry,
  analyses: Analyses,
  rules: RuleSet,
  containers: Containers = "builders",
): MethodStep {
  const table = module.methods;
  if (table === null || module.definition === null)
    throw new Refused("method-table-not-found", { start: 0, end: 0 }, "The method table of the module cannot be read.");
  const tableTree = table.file.tree;
  const entrySpan = { start: tableTree.start(entry.node), end: tableTree.end(entry.node) };
  if (entry.functionName === null)
    throw new Refused("method-not-a-name", entrySpan, "The entry of the method table does not name a function.");
  const fn = resolveFunction(project, table.file, entry.functionName);
  if (fn === null)
    throw new Refused(
      "function-not-found",
      entrySpan,
      `\`${entry.functionName}\` has no single definition in the project.`,
    );
  const convention = conventionOf(entry.flags);
  if (convention === null)
    throw new Refused(
      "method-flags",
      entrySpan,
      `HPy has no calling convention for ${entry.flags?.join(" | ") ?? "these flags"}.`,
    );
  if (isConditional(table.file, entrySpan.start))
    throw new Refused("conditional-code", entrySpan, "The entry stands under a condition that cannot be decided.");
  if (table.entries.filter((e) => e.functionName === entry.functionName).length > 1)
    throw new Refused("function-listed-twice", entrySpan, `\`${entry.functionName}\` is listed more than once.`);
  const step = new MethodPlanner(project, module, analyses, rules, containers);
  return step.plan(fn, convention, entry);
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
  refuseUnreadable(found.init);
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

class MethodPlanner {
  readonly #containers: Containers;
  readonly #project: Project;
  readonly #module: ExtensionModule;
  readonly #analyses: Analyses;
  readonly #rules: RuleSet;
  readonly #edits = new Map<ParsedFile, EditSet>();
  readonly #support = new Map<ParsedFile, Set<string>>();
  readonly #bridges = new Map<ParsedFile, Map<string, Bridge>>();
  readonly #notes: string[] = [];
  /** Files in which HPy code is written. */
  readonly #usesHpy = new Set<ParsedFile>();

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

  plan(fn: CFunction, convention: CallingConvention, entry: MethodEntry): MethodStep {
    this.#checkUses(fn);
    const facts = this.#analyses.method(fn, convention);
    const helpers = this.#helperClosure(facts);
    const inPlace = this.#inPlace(fn, this.#uncopied(helpers.keys()));
    const names = new Map<CFunction, string>();
    for (const helper of helpers.keys()) {
      if (inPlace.has(helper)) names.set(helper, helper.name);
      else names.set(helper, `${helper.name}${COPY_SUFFIX}`);
    }
    const migrated: { name: string; file: string; bridged: boolean }[] = [];
    for (const [helper, helperFacts] of helpers) {
      if (!inPlace.has(helper) && this.#isCopied(helper)) continue;
      const result = inPlace.has(helper)
        ? this.#rewriteInPlace(helper, "helper", helperFacts, names)
        : this.#copy(helper, helperFacts, names);
      migrated.push({ name: names.get(helper) as string, file: helper.file.path, bridged: result.bridged });
    }
    const result = this.#rewriteInPlace(fn, convention, facts, names);
    migrated.unshift({ name: fn.name, file: fn.file.path, bridged: result.bridged });
    this.#defineMethod(fn, convention, entry);
    this.#finish();
    return {
      edits: this.#edits,
      functions: migrated.map((m) => m.name),
      notes: this.#notes,
      migrated,
      bridged: migrated.some((m) => m.bridged),
    };
  }

  planInit(exec: CFunction, init: CFunction): MethodStep {
    const facts = this.#analyses.method(init, "init");
    const helpers = this.#helperClosure(facts);
    const inPlace = this.#inPlace(init, this.#uncopied(helpers.keys()));
    const names = new Map<CFunction, string>();
    for (const helper of helpers.keys())
      names.set(helper, inPlace.has(helper) ? helper.name : `${helper.name}${COPY_SUFFIX}`);
    const migrated: { name: string; file: string; bridged: boolean }[] = [];
    for (const [helper, helperFacts] of helpers) {
      if (!inPlace.has(helper) && this.#isCopied(helper)) continue;
      const result = inPlace.has(helper)
        ? this.#rewriteInPlace(helper, "helper", helperFacts, names)
        : this.#copy(helper, helperFacts, names);
      migrated.push({ name: names.get(helper) as string, file: helper.file.path, bridged: result.bridged });
    }
    const result = this.#rewriteInPlace(init, "init", facts, names);
    const tree = init.file.tree;
    const edits = this.#of(init.file);
    edits.replace(
      { start: tree.start(init.declarator.nameNode), end: tree.end(init.declarator.nameNode) },
      exec.name,
      RULE,
    );
    this.#deleteDeclaration(exec.file, exec.node);
    migrated.unshift({ name: exec.name, file: exec.file.path, bridged: result.bridged });
    this.#finish();
    return {
      edits: this.#edits,
      functions: [init.name, ...migrated.slice(1).map((m) => m.name)],
      notes: this.#notes,
      migrated,
      bridged: migrated.some((m) => m.bridged),
    };
  }

  /** Adds includes and support functions to the files in which HPy code was written. */
  #finish(): void {
    for (const [file, edits] of this.#edits) {
      const support = this.#support.get(file) ?? new Set<string>();
      const bridges = this.#bridges.get(file) ?? new Map<string, Bridge>();
      insertSupport(file, edits, support, bridges.values());
      if (this.#usesHpy.has(file)) insertHpyInclude(file, edits);
    }
  }

  /** The function may be named nowhere but in its one table entry and in prototypes. */
  #checkUses(fn: CFunction): void {
    const tree = fn.file.tree;
    const span = { start: tree.start(fn.declarator.node), end: tree.end(fn.declarator.node) };
    let uses = 0;
    for (const file of this.#project.files) {
      if (fn.isStatic && file !== fn.file) continue;
      if (!hasWord(file.text, fn.name)) continue;
      const tokens = lex(file.text);
      for (let i = 0; i < tokens.count; i++) {
        if (tokens.kind[i] !== TokenKind.directive) continue;
        if (hasWord(file.text.slice(tokens.start[i], tokens.end[i]), fn.name))
          throw new Refused("named-in-macro", span, `\`${fn.name}\` is named in a macro.`);
      }
      uses += referencesTo(file, fn.name);
    }
    const prototypes = this.#project.prototypes.get(fn.name) ?? [];
    if (uses !== 2 + prototypes.length)
      throw new Refused("function-used-elsewhere", span, `\`${fn.name}\` is used elsewhere than in its method table.`);
  }

  /** All object helpers that must become HPy code together, with their facts. */
  #helperClosure(facts: Facts): Map<CFunction, Facts> {
    const found = new Map<CFunction, Facts>();
    const queue = [...facts.callees];
    for (let helper = queue.shift(); helper !== undefined; helper = queue.shift()) {
      if (found.has(helper) || helper === facts.fn) continue;
      const own = this.#analyses.helper(helper);
      if (own instanceof Refused) throw own;
      if (helper.file.path.endsWith(".h"))
        throw new Refused("helper-in-header", this.#nameSpan(helper), `\`${helper.name}\` is defined in a header.`);
      found.set(helper, own);
      queue.push(...own.callees);
    }
    return found;
  }

  #nameSpan(fn: CFunction): { start: number; end: number } {
    const tree = fn.file.tree;
    return { start: tree.start(fn.declarator.node), end: tree.end(fn.declarator.node) };
  }

  /** Helpers that nothing outside the functions of this step refers to; they are rewritten where they stand. */
  #inPlace(fn: CFunction, helpers: readonly CFunction[]): ReadonlySet<CFunction> {
    const inPlace = new Set(helpers);
    for (let changed = true; changed; ) {
      changed = false;
      const movers = [fn, ...inPlace];
      for (const helper of inPlace) {
        if (!this.#isUsedOutside(helper, movers)) continue;
        inPlace.delete(helper);
        changed = true;
        break;
      }
    }
    return inPlace;
  }

  #isUsedOutside(helper: CFunction, movers: readonly CFunction[]): boolean {
    for (const file of this.#project.files) {
      if (helper.isStatic && file !== helper.file) continue;
      if (!hasWord(file.text, helper.name)) continue;
      const inside = movers.filter((m) => m.file === file);
      const prototypes = (this.#project.prototypes.get(helper.name) ?? []).filter((p) => p.file === file);
      const tokens = lex(file.text);
      for (let i = 0; i < tokens.count; i++) {
        const start = tokens.start[i] as number;
        if (tokens.kind[i] === TokenKind.directive) {
          if (hasWord(file.text.slice(start, tokens.end[i]), helper.name)) return true;
          continue;
        }
        if (tokens.kind[i] !== TokenKind.identifier || file.text.slice(start, tokens.end[i]) !== helper.name) continue;
        const within = (n: Node): boolean => start >= file.tree.start(n) && start < file.tree.end(n);
        if (inside.some((m) => within(m.node)) || prototypes.some((p) => within(p.declaration))) continue;
        return true;
      }
    }
    return false;
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
    const bridges = this.#bridges.get(file) ?? new Map<string, Bridge>();
    for (const [name, bridge] of result.bridges) bridges.set(name, bridge);
    this.#bridges.set(file, bridges);
    for (const note of result.notes) if (!this.#notes.includes(note)) this.#notes.push(note);
  }

  #rewrite(
    fn: CFunction,
    convention: CallingConvention,
    facts: Facts,
    names: ReadonlyMap<CFunction, string>,
    edits: EditSet,
  ): RewriteResult {
    const rewriter = new BodyRewriter(facts, edits, {
      rules: this.#rules.rules,
      unmapped: this.#rules.unmapped,
      helperName: (target) => (target === fn ? (names.get(fn) ?? fn.name) : (names.get(target) ?? null)),
      containers: this.#containers,
    });
    const result = rewriter.rewrite();
    rewriteSignature(fn, convention, rewriter.names, edits);
    this.#collect(fn.file, result);
    return result;
  }

  #rewriteInPlace(
    fn: CFunction,
    convention: CallingConvention,
    facts: Facts,
    names: ReadonlyMap<CFunction, string>,
  ): RewriteResult {
    const edits = this.#of(fn.file);
    const result = this.#rewrite(fn, convention, facts, names, edits);
    for (const prototype of this.#project.prototypes.get(fn.name) ?? []) {
      if (convention === "helper") {
        this.#useHpyFor(prototype);
        rewritePrototype(prototype, this.#of(prototype.file), fn.name);
      } else this.#deletePrototype(prototype);
    }
    return result;
  }

  /** A prototype of HPy code needs hpy.h, which the build of a plain module does not have. */
  #useHpyFor(prototype: Prototype): void {
    const plain = this.#project.modules.find((m) => !m.isHPy && m.files.includes(prototype.file));
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
    const tree = prototype.file.tree;
    const text = prototype.file.text;
    let end = tree.end(prototype.declaration);
    let start = tree.start(prototype.declaration);
    const lineEnd = text.indexOf("\n", end);
    const lineStart = text.lastIndexOf("\n", start - 1) + 1;
    if (text.slice(lineStart, start).trim() === "" && lineEnd >= 0 && text.slice(end, lineEnd).trim() === "") {
      start = lineStart;
      end = lineEnd + 1;
    }
    this.#of(prototype.file).replace({ start, end }, "", RULE);
  }

  /** The legacy helper stays; its HPy copy follows it. */
  #copy(helper: CFunction, facts: Facts, names: ReadonlyMap<CFunction, string>): RewriteResult {
    const file = helper.file;
    const tree = file.tree;
    const own = new EditSet(file.text);
    const result = this.#rewrite(helper, "helper", facts, names, own);
    const name = names.get(helper) as string;
    own.replace(
      { start: tree.start(helper.declarator.nameNode), end: tree.end(helper.declarator.nameNode) },
      name,
      RULE,
    );
    const newline = newlineOf(file.text);
    const text = own.render({ start: startWithMacros(helper), end: tree.end(helper.node) });
    this.#of(file).insert(tree.end(helper.node), `${newline}${newline}${text}`, RULE, 3);
    for (const prototype of this.#project.prototypes.get(helper.name) ?? []) {
      this.#useHpyFor(prototype);
      const copy = new EditSet(prototype.file.text);
      rewritePrototype(prototype, copy, name);
      const span = {
        start: prototype.file.tree.start(prototype.declaration),
        end: prototype.file.tree.end(prototype.declaration),
      };
      this.#of(prototype.file).insert(span.end, `${newline}${copy.render(span)}`, RULE, 3);
    }
    return result;
  }

  /** The HPyDef beside the function, its line in the defines, and the entry gone from the legacy table. */
  #defineMethod(fn: CFunction, convention: CallingConvention, entry: MethodEntry): void {
    const file = fn.file;
    const tree = file.tree;
    const newline = newlineOf(file.text);
    const symbol = new FreeNames(this.#project).take(`${fn.name}_def`);
    const doc = entry.documentation === null ? "" : `, .doc = ${plainDocumentation(entry.documentation)}`;
    const start = startWithMacros(fn);
    const at = Math.max(start, this.#endOfDocumentation(file, entry.documentation));
    const head = `HPyDef_METH_IMPL(${symbol}, ${entry.nameSource}, ${fn.name}, ${signatureConstant(convention)}${doc})`;
    const isBefore = at === start;
    this.#of(file).insert(at, isBefore ? `${head}${newline}` : `${newline}${newline}${head}`, RULE, -5);
    if (!fn.isStatic && start === tree.start(fn.node)) this.#of(file).insert(start, "static ", RULE, -4);
    this.#removeEntry(entry);
    this.#addDefine(symbol, file);
  }

  /** End of the file-scope item that defines the docstring variable, where it is in the same file; 0 otherwise. */
  #endOfDocumentation(file: ParsedFile, documentation: string | null): number {
    if (documentation === null || !/^\w+$/.test(documentation)) return 0;
    const tree = file.tree;
    for (const n of fileScopeNodes(tree, "declaration", "expression_statement", "function_definition")) {
      if (tree.kind(n) === "function_definition") continue;
      for (const id of tree.descendants(n, "identifier"))
        if (tree.source(id) === documentation) {
          const end = tree.end(n);
          return file.text.charAt(end) === ";" ? end + 1 : end;
        }
    }
    return 0;
  }

  #removeEntry(entry: MethodEntry): void {
    const table = this.#module.methods;
    const definition = this.#module.definition;
    if (table === null || definition === null) return;
    const tree = table.file.tree;
    const others = tree
      .named(table.initializer)
      .filter((item) => item !== entry.node && item !== table.sentinel && !tree.isComment(item));
    if (others.length === 0) {
      const inDefinition = [...definition.fields].find(([field]) => field === "legacy_methods");
      if (inDefinition !== undefined) {
        const pair = definition.file.tree.parent(inDefinition[1]);
        this.#deleteItem(definition.file, pair);
      }
      this.#deleteDeclaration(table.file, table.declaration);
      for (const other of this.#project.globals.get(table.name) ?? [])
        if (other.declaration !== table.declaration && other.file === table.file)
          this.#deleteDeclaration(other.file, other.declaration);
      return;
    }
    this.#deleteItem(table.file, entry.node);
  }

  /** Deletes an item of an initialiser with its comma, and its line when nothing else is on it. */
  #deleteItem(file: ParsedFile, node: Node): void {
    const tree = file.tree;
    const text = file.text;
    let start = tree.start(node);
    let end = tree.end(node);
    while (/\s/.test(text.charAt(end)) && text.slice(end).trimStart().startsWith(",")) end++;
    if (text.charAt(end) === ",") end++;
    const lineStart = text.lastIndexOf("\n", start - 1) + 1;
    const lineEnd = text.indexOf("\n", end);
    if (text.slice(lineStart, start).trim() === "" && lineEnd >= 0 && text.slice(end, lineEnd).trim() === "") {
      start = lineStart;
      end = lineEnd + 1;
    }
    this.#of(file).replace({ start, end }, "", RULE);
  }

  #deleteDeclaration(file: ParsedFile, declaration: Node): void {
    const tree = file.tree;
    const text = file.text;
    const start = tree.start(declaration);
    let end = tree.end(declaration);
    const lineEnd = text.indexOf("\n", end);
    if (lineEnd >= 0 && text.slice(end, lineEnd).trim() === "") {
      end = lineEnd + 1;
      const next = text.indexOf("\n", end);
      if (next >= 0 && text.slice(end, next).trim() === "") end = next + 1;
    }
    this.#of(file).replace({ start, end }, "", RULE);
  }

  #addDefine(symbol: string, file: ParsedFile): void {
    const definition = this.#module.definition;
    const value = definition?.fields.get("defines");
    if (definition === null || definition === undefined || value === undefined)
      throw new Refused("defines-not-found", { start: 0, end: 0 }, "The HPyModuleDef has no `.defines` array.");
    const tree = definition.file.tree;
    const name = tree.source(stripCasts(tree, value));
    const array = (this.#project.globals.get(name) ?? []).find(
      (g) => g.file === definition.file && g.declarator.value !== NONE,
    );
    if (array === undefined)
      throw new Refused(
        "defines-not-found",
        { start: tree.start(value), end: tree.end(value) },
        `The array \`${name}\` cannot be read.`,
      );
    const items = tree.named(array.declarator.value);
    const last = items[items.length - 1];
    if (last === undefined || tree.source(last) !== "NULL")
      throw new Refused(
        "defines-not-found",
        { start: tree.start(value), end: tree.end(value) },
        `The array \`${name}\` does not end with NULL.`,
      );
    const edits = this.#of(definition.file);
    const newline = newlineOf(definition.file.text);
    const start = tree.start(last);
    const lineStart = definition.file.text.lastIndexOf("\n", start - 1) + 1;
    const lead = definition.file.text.slice(lineStart, start);
    const isOwnLine = lead.trim() === "";
    edits.insert(start, `&${symbol},${isOwnLine ? newline + lead : " "}`, RULE, 0);
    const isLater = file === definition.file && this.#definedAfter(file, symbol, array.declaration);
    if (file !== definition.file || isLater)
      edits.insert(tree.start(array.declaration), `extern HPyDef ${symbol};${newline}`, RULE, -1);
  }

  /** Whether the function of a symbol stands below the array of defines. */
  #definedAfter(file: ParsedFile, symbol: string, array: Node): boolean {
    const fn = symbol.slice(0, symbol.lastIndexOf("_def"));
    const target = (this.#project.functions.get(fn) ?? []).find((f) => f.file === file);
    return target !== undefined && file.tree.start(target.node) > file.tree.start(array);
  }
}

/** Number of identifiers in a file that mean the function with this name, not a local variable of the same name. */
function referencesTo(file: ParsedFile, name: string): number {
  const tree = file.tree;
  let count = 0;
  const shadowed = new Map<Node, boolean>();
  for (const n of tree.descendants(0, "identifier")) {
    if (tree.source(n) !== name || isModuleName(file, n)) continue;
    const holder = tree.enclosing(n, "function_definition");
    if (holder !== NONE) {
      let hides = shadowed.get(holder);
      if (hides === undefined) {
        hides = declaresLocal(file, holder, name);
        shadowed.set(holder, hides);
      }
      if (hides) continue;
    }
    count++;
  }
  return count;
}

/** Whether an identifier is the module's name in `HPy_MODINIT(name, definition)`. */
function isModuleName(file: ParsedFile, n: Node): boolean {
  const tree = file.tree;
  const call = tree.parent(tree.parent(n));
  return (
    call !== NONE &&
    tree.kind(call) === "call_expression" &&
    tree.source(tree.field(call, "function")) === "HPy_MODINIT"
  );
}

function declaresLocal(file: ParsedFile, holder: Node, name: string): boolean {
  const tree = file.tree;
  const fn = readFunction(file, holder);
  if (fn === null) return false;
  if (fn.parameters.some((p) => p.name === name)) return true;
  for (const d of tree.descendants(fn.body, "declaration"))
    if (readDeclarators(tree, d).some((x) => x.name === name)) return true;
  return false;
}

/** `PyDoc_STR("...")` is its argument: docstrings are always compiled in with HPy. */
function plainDocumentation(source: string): string {
  const open = source.indexOf("(");
  if (open < 0 || source.slice(0, open).trim() !== "PyDoc_STR" || !source.endsWith(")")) return source;
  return source.slice(open + 1, -1).trim();
}

/** Where a definition begins in the text: the tree does not show a macro around its type, `Py_LOCAL(PyObject *)`. */
function startWithMacros(fn: CFunction): number {
  const tree = fn.file.tree;
  const start = tree.start(fn.node);
  let before = 0;
  for (const sibling of tree.children(tree.parent(fn.node))) {
    if (sibling === fn.node) break;
    before = tree.end(sibling);
  }
  const tokens = lex(fn.file.text, "piece", before, start);
  const last = tokens.count - 1;
  const isAround = last > 0 && tokenText(tokens, last) === "(" && tokens.kind[last - 1] === TokenKind.identifier;
  return isAround ? (tokens.start[last - 1] as number) : start;
}
