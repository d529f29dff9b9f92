/**
 * Turns a module into an HPy module: `PyModuleDef` becomes `HPyModuleDef` with all methods in `legacy_methods`, and the
 * init function becomes the body of `HPy_mod_exec`, still on the C API.
 */

import { hasOwnLinkage } from "../analysis/cplusplus.ts";
import { Refused } from "../analysis/typing.ts";
import { readDeclarators, stripCasts, stripParentheses } from "../model/declarations.ts";
import {
  type CFunction,
  type ExtensionModule,
  isConditional,
  isNullConstant,
  isUnparsed,
  type Project,
  resolveFunction,
  type StructValue,
} from "../model/project.ts";
import { EditSet } from "../syntax/edits.ts";
import type { ParsedFile } from "../syntax/source.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import { insertHpyInclude } from "./insert-support.ts";
import { planModuleState } from "./module-state.ts";
import { indentationUnit, newlineOf } from "./statement-edits.ts";

const RULE = "module-to-hpy";

export interface SourceEdits {
  readonly edits: ReadonlyMap<ParsedFile, EditSet>;
  readonly functions: readonly string[];
  readonly notes: readonly string[];
}

/** Plans the step; throws {@link Refused}. */
export function planModule(project: Project, module: ExtensionModule): SourceEdits {
  const init = module.init;
  if (init === null)
    throw new Refused("already-migrated", { start: 0, end: 0 }, "The module is an HPy module already.");
  const tree = init.file.tree;
  const refuse = (id: string, n: Node, message: string): never => {
    throw new Refused(id, { start: tree.start(n), end: tree.end(n) }, message);
  };
  const { definition } = module;
  if (definition === null)
    return refuse(
      "module-definition-not-found",
      init.node,
      "The PyModuleDef of the module is not a plain static variable.",
    );
  const held = definition.file.tree;
  if (isInNamespace(tree, init.node) || isInNamespace(held, definition.declaration))
    return refuse(
      "cplusplus-namespace",
      init.node,
      "The module's init function or definition stands in a named namespace; HPy's macros need names of the whole file.",
    );
  if (hasOwnLinkage(tree, init.node))
    return refuse(
      "cplusplus-linkage",
      init.node,
      'The init function is declared with `extern "C"` of its own, which PyMODINIT_FUNC says already.',
    );
  if (
    isUnparsed(init.file, spanOf(tree, init.node)) ||
    isUnparsed(definition.file, spanOf(held, definition.declaration))
  )
    return refuse("unparsed", init.node, "The parser does not understand the module's init function or definition.");
  if (isConditional(init.file, tree.start(init.node)))
    return refuse(
      "conditional-code",
      init.node,
      "The init function is compiled under a condition that cannot be decided.",
    );
  const size = definition.fields.get("m_size");
  const notes: string[] = [];
  if (size !== undefined && held.source(size) === "-1")
    notes.push(
      "m_size was -1: HPy runs the module's exec function at every fresh import, where the C API reused one copy.",
    );
  const sets = new Map<ParsedFile, EditSet>();
  const editsOf = (file: ParsedFile): EditSet => {
    const known = sets.get(file);
    if (known !== undefined) return known;
    const fresh = new EditSet(file.text);
    sets.set(file, fresh);
    return fresh;
  };
  const edits = editsOf(init.file);
  const names = new FreeNames(project);
  const exec = names.take(`${module.name}_exec`);
  const defines = names.take(`${module.name}_defines`);
  const slots = definition.fields.get("m_slots");
  const isMultiPhase = slots !== undefined && !isNullConstant(held, slots);
  const chain = isMultiPhase ? null : creationChain(project, init, new Set());
  const state = planModuleState({
    project,
    module,
    init,
    definition,
    creators: chain === null ? [init] : chain.map((c) => c.fn),
    editsOf,
    freeName: (wish) => names.take(wish),
  });
  notes.push(...state.notes);
  const body = isMultiPhase
    ? planMultiPhase(project, init, held.source(stripCasts(held, slots)), edits, exec, state.prelude, notes, refuse)
    : planSinglePhase(project, init, chain, edits, exec, state.prelude, names, refuse, module.name);
  const definitionText = definitionLines(definition, init.file, exec, defines);
  const isInner = held.enclosing(definition.declaration, "function_definition", "namespace_definition") !== NONE;
  if (definition.file === init.file && isInner) {
    edits.replace(wholeLines(init.file.text, spanOf(tree, definition.declaration)), "", RULE);
    edits.insert(tree.start(init.node), `${definitionText}\n\n`.replaceAll("\n", newlineOf(init.file.text)), RULE, -3);
  } else if (definition.file === init.file) replaceDefinition(definition, edits, definitionText);
  else {
    editsOf(definition.file).replace(spanOf(definition.file.tree, definition.declaration), "", RULE);
    edits.insert(tree.start(init.node), `${definitionText}\n\n`.replaceAll("\n", newlineOf(init.file.text)), RULE, -3);
  }
  const newline = newlineOf(init.file.text);
  const text = `${body}\nHPy_MODINIT(${module.name}, ${definition.name})`;
  if (isMultiPhase) edits.replace(spanOf(tree, init.node), text.replaceAll("\n", newline), RULE);
  else edits.insert(tree.end(init.node), `\n\n${text}`.replaceAll("\n", newline), RULE, 5);
  insertHpyInclude(init.file, edits);
  return { edits: sets, functions: [init.name, ...state.deleted], notes };
}

function spanOf(tree: Tree, n: Node): { start: number; end: number } {
  return { start: tree.start(n), end: tree.end(n) };
}

/** Whether a node stands in a namespace with a name: what is in one without is known to the whole file. */
function isInNamespace(tree: Tree, n: Node): boolean {
  for (let at = tree.parent(n); at !== NONE; at = tree.parent(at))
    if (tree.kind(at) === "namespace_definition" && tree.field(at, "name") !== NONE) return true;
  return false;
}

/** A span with the rest of its lines where nothing else stands on them. */
function wholeLines(text: string, span: { start: number; end: number }): { start: number; end: number } {
  const start = text.lastIndexOf("\n", span.start - 1) + 1;
  const newline = text.indexOf("\n", span.end);
  const end = newline < 0 ? text.length : newline + 1;
  const isAlone = text.slice(start, span.start).trim() === "" && text.slice(span.end, end).trim() === "";
  return isAlone ? { start, end } : span;
}

/** Identifiers that no file of the project uses. */
export class FreeNames {
  readonly #project: Project;
  readonly #given = new Set<string>();
  constructor(project: Project) {
    this.#project = project;
  }
  take(wish: string): string {
    let name = wish;
    for (let i = 2; this.#given.has(name) || this.#isUsed(name); i++) name = `${wish}${i}`;
    this.#given.add(name);
    return name;
  }
  #isUsed(name: string): boolean {
    return this.#project.files.some((f) => hasWord(f.text, name));
  }
}

/** Whether a text contains a word as a whole identifier. */
export function hasWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (!/\w/.test(text.charAt(at - 1)) && !/\w/.test(text.charAt(at + word.length))) return true;
  }
  return false;
}

function* createCalls(tree: Tree, body: Node): Generator<Node> {
  for (const call of tree.descendants(body, "call_expression")) {
    const name = tree.source(tree.field(call, "function"));
    if (name === "PyModule_Create" || name === "PyModule_Create2") yield call;
  }
}

type Refuse = (id: string, n: Node, message: string) => never;

/** The init function becomes a function on the module that HPy has made; answers the exec function's definition. */
function planSinglePhase(
  project: Project,
  init: CFunction,
  chain: readonly { readonly fn: CFunction; readonly call: Node }[] | null,
  edits: EditSet,
  exec: string,
  prelude: readonly string[],
  names: FreeNames,
  refuse: Refuse,
  moduleName: string,
): string {
  const tree = init.file.tree;
  if (chain === null)
    return refuse(
      "module-creation-not-found",
      init.node,
      "The call of PyModule_Create is not reached by plain calls from the init function.",
    );
  for (const { fn, call } of chain) {
    if (fn.file !== init.file) refuse("module-creation-not-found", call, "The module is created in another file.");
    if ([...createCalls(fn.file.tree, fn.body)].length > 1)
      refuse("module-creation-not-found", call, "PyModule_Create is called more than once.");
    if (fn !== init && fn.parameters.length > 0)
      refuse("module-creation-not-found", call, `\`${fn.name}\` creates the module and takes parameters.`);
    const isCreate = ["PyModule_Create", "PyModule_Create2"].includes(tree.source(tree.field(call, "function")));
    const parameter = freeLocal(fn, "module");
    if (isCreate) edits.replace(spanOf(tree, call), parameter, RULE);
    else edits.replace(spanOf(tree, tree.field(call, "arguments")), `(${parameter})`, RULE);
    if (fn === init) continue;
    edits.replace(spanOf(tree, fn.declarator.parameters), `(PyObject *${parameter})`, RULE);
    for (const prototype of project.prototypes.get(fn.name) ?? [])
      edits.replace(spanOf(tree, prototype.declarator.parameters), `(PyObject *${parameter})`, RULE);
  }
  const name = names.take(`${moduleName}_init`);
  const headEnd = endOfSplitHead(init, refuse);
  const headText = init.file.text.slice(tree.start(init.node), headEnd).trimEnd();
  const head = { start: tree.start(init.node), end: tree.start(init.node) + headText.length };
  const onOneLine = !headText.includes("\n") && headText.includes(" ");
  const newline = newlineOf(init.file.text);
  edits.replace(
    head,
    `static PyObject *${onOneLine ? "" : newline}${name}(PyObject *${freeLocal(init, "module")})`,
    RULE,
  );
  for (const prototype of project.prototypes.get(init.name) ?? []) {
    if (prototype.file === init.file) edits.replace(spanOf(tree, prototype.declaration), "", RULE);
  }
  const unit = indentationUnit(init.file.text);
  return [
    `static int ${exec}_impl(HPyContext *ctx, HPy module)`,
    "{",
    ...prelude.map((line) => `${unit}${line}`),
    `${unit}/* The function takes over the reference and hands it back, as with PyModule_Create. */`,
    `${unit}PyObject *result = ${name}(HPy_AsPyObject(ctx, module));`,
    `${unit}if (result == NULL)`,
    `${unit}${unit}return -1;`,
    `${unit}Py_DECREF(result);`,
    `${unit}return 0;`,
    "}",
    "",
  ].join("\n");
}

/**
 * Where the head of the init function ends: after the `#if` that gives it another name under Python 2, if there is one.
 * An `#if` that begins before the head keeps its branches, though it may end within the body; only the living head
 * changes.
 */
function endOfSplitHead(init: CFunction, refuse: Refuse): number {
  const tree = init.file.tree;
  const start = tree.start(init.node);
  const headEnd = tree.end(init.declarator.parameters);
  let end = headEnd;
  for (const group of init.file.conditionals) {
    const isBefore = group.span.end <= start;
    const isAfter = group.span.start >= headEnd;
    const isAround = group.span.start < start && group.span.end >= tree.end(init.node);
    if (isBefore || isAfter || isAround) continue;
    const isInHead = group.span.start >= start;
    const isUnknown = group.branches.some((b) => b.liveness === "unknown");
    if (isUnknown || (isInHead && group.span.end > tree.start(init.body)))
      refuse("conditional-code", init.node, "The head of the init function stands under a condition.");
    if (isInHead) end = Math.max(end, group.span.end);
    else if (!group.branches.some((b) => start >= b.body.start && headEnd <= b.body.end))
      refuse("conditional-code", init.node, "An `#if` splits the head of the init function.");
  }
  return end;
}

function freeLocal(fn: CFunction, wish: string): string {
  const tree = fn.file.tree;
  const used = new Set<string>();
  for (let n = fn.node; n < tree.next(fn.node); n++) if (tree.kind(n).endsWith("identifier")) used.add(tree.source(n));
  let name = wish;
  for (let i = 2; used.has(name); i++) name = `${wish}${i}`;
  return name;
}

/** The calls that lead from the init function to PyModule_Create. */
function creationChain(
  project: Project,
  fn: CFunction,
  seen: ReadonlySet<CFunction>,
): { readonly fn: CFunction; readonly call: Node }[] | null {
  const tree = fn.file.tree;
  for (const call of createCalls(tree, fn.body)) return [{ fn, call }];
  for (const call of tree.descendants(fn.body, "call_expression")) {
    const name = tree.field(call, "function");
    if (name === NONE || tree.kind(name) !== "identifier") continue;
    const target = resolveFunction(project, fn.file, tree.source(name));
    if (target === null || seen.has(target)) continue;
    const rest = creationChain(project, target, new Set([...seen, fn]));
    if (rest !== null) return [{ fn, call }, ...rest];
  }
  return null;
}

/** Exec slots are called from one exec function; the init function and the slot table go. */
function planMultiPhase(
  project: Project,
  init: CFunction,
  slotsName: string,
  edits: EditSet,
  exec: string,
  prelude: readonly string[],
  notes: string[],
  refuse: Refuse,
): string {
  const tree = init.file.tree;
  const variable = (project.globals.get(slotsName) ?? []).find(
    (g) => g.file === init.file && g.declarator.value !== NONE,
  );
  if (variable === undefined)
    return refuse("module-definition-not-found", init.node, "The slots of the module cannot be read.");
  const functions: string[] = [];
  for (const item of tree.named(variable.declarator.value)) {
    if (tree.kind(item) !== "initializer_list") continue;
    const [slot, value] = tree.named(item);
    if (slot === undefined || value === undefined || isNullConstant(tree, slot)) continue;
    const name = tree.source(slot);
    if (name === "Py_mod_exec") {
      const target = tree.source(stripCasts(tree, value));
      if (isConditional(init.file, tree.start(item)))
        refuse("conditional-code", item, "A slot is compiled under a condition.");
      functions.push(target);
    } else if (name === "Py_mod_create")
      refuse("module-create-slot", item, "The module is made by a Py_mod_create slot.");
    else notes.push(`The module slot ${name} has no counterpart in HPy 0.9 and is dropped.`);
  }
  const statements = tree.named(init.body);
  const plain = statements.length === 1 && tree.kind(statements[0] as Node) === "return_statement";
  if (!plain) refuse("module-creation-not-found", init.node, "The init function does more than return the definition.");
  edits.replace(spanOf(tree, variable.declaration), "", RULE);
  for (const prototype of project.prototypes.get(init.name) ?? [])
    if (prototype.file === init.file) edits.replace(spanOf(tree, prototype.declaration), "", RULE);
  const unit = indentationUnit(init.file.text);
  const lines = [
    `static int ${exec}_impl(HPyContext *ctx, HPy module)`,
    "{",
    ...prelude.map((line) => `${unit}${line}`),
  ];
  if (functions.length === 0) lines.push(`${unit}return 0;`);
  else {
    lines.push(`${unit}PyObject *m = HPy_AsPyObject(ctx, module);`, `${unit}int result = ${functions[0]}(m);`);
    for (const f of functions.slice(1)) lines.push(`${unit}if (result == 0)`, `${unit}${unit}result = ${f}(m);`);
    lines.push(`${unit}Py_DECREF(m);`, `${unit}return result;`);
  }
  lines.push("}", "");
  return lines.join("\n");
}

/** Text of the `HPyModuleDef` for a `PyModuleDef`, with the exec slot in its defines; lines end in `\n`. */
function definitionLines(definition: StructValue, into: ParsedFile, exec: string, defines: string): string {
  const tree = definition.file.tree;
  const unit = indentationUnit(into.text);
  const fields: string[] = [];
  const text = (field: string): string | null => {
    const value = definition.fields.get(field);
    return value === undefined || isNullConstant(tree, value) ? null : tree.source(stripParentheses(tree, value));
  };
  const doc = text("m_doc");
  if (doc !== null) fields.push(`.doc = ${doc}`);
  const methods = text("m_methods");
  if (methods !== null) fields.push(`.legacy_methods = ${methods}`);
  fields.push(`.defines = ${defines}`);
  return [
    `HPyDef_SLOT(${exec}, HPy_mod_exec)`,
    "",
    `static HPyDef *${defines}[] = {`,
    `${unit}&${exec},`,
    `${unit}NULL`,
    "};",
    "",
    `${isInternal(definition) ? "static " : ""}HPyModuleDef ${definition.name} = {`,
    ...fields.map((f) => `${unit}${f},`),
    "};",
  ].join("\n");
}

/** Whether other translation units cannot name the definition. */
function isInternal(definition: StructValue): boolean {
  const tree = definition.file.tree;
  if (tree.enclosing(definition.declaration, "namespace_definition") !== NONE) return true;
  return tree.children(definition.declaration).some((c) => tree.source(c) === "static");
}

function replaceDefinition(definition: StructValue, edits: EditSet, text: string): void {
  const tree = definition.file.tree;
  const newline = newlineOf(definition.file.text);
  edits.replace(spanOf(tree, definition.declaration), text.replaceAll("\n", newline), RULE);
  for (const other of fileDeclarations(tree, definition.name, definition.declaration))
    edits.replace(
      spanOf(tree, other),
      `${isInternal(definition) ? "static " : "extern "}HPyModuleDef ${definition.name};`,
      RULE,
    );
}

/** Other declarations of the same variable in the file. */
function* fileDeclarations(tree: Tree, name: string, except: Node): Generator<Node> {
  for (const n of tree.descendants(0, "declaration")) {
    if (n === except || tree.kind(tree.parent(n)) === "compound_statement") continue;
    if (readDeclarators(tree, n).some((d) => d.name === name)) yield n;
  }
}
