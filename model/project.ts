/** The model of a project: functions, globals, method tables and modules, read from the trees alone. */

import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import type { Conditional, MacroDefinition, MacroKnowledge, ParsedFile, Span } from "../syntax/source.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import {
  type CType,
  type Declarator,
  hasStorage,
  readDeclarator,
  readDeclarators,
  stringValue,
  stripCasts,
  stripParentheses,
  typeSpecifier,
} from "./declarations.ts";
import { ObjectTypes } from "./object-structs.ts";

/** A function definition. */
export interface CFunction {
  readonly name: string;
  readonly file: ParsedFile;
  readonly node: Node;
  readonly body: Node;
  readonly declarator: Declarator;
  readonly result: CType;
  readonly parameters: readonly Declarator[];
  readonly isStatic: boolean;
  readonly isVariadic: boolean;
  /** True when it takes an `HPyContext *`: it has been migrated. */
  readonly isMigrated: boolean;
}

/** A prototype: a declaration of a function without its body. */
export interface Prototype {
  readonly name: string;
  readonly file: ParsedFile;
  readonly declaration: Node;
  readonly declarator: Declarator;
}

/** A variable at file scope. */
export interface GlobalVariable {
  readonly name: string;
  readonly file: ParsedFile;
  readonly declaration: Node;
  readonly declarator: Declarator;
  readonly isStatic: boolean;
  readonly isExtern: boolean;
}

/** One entry of a `PyMethodDef` table. */
export interface MethodEntry {
  /** C source of the Python name, usually a string literal. */
  readonly nameSource: string;
  readonly pythonName: string | null;
  /** C function, without casts; null when it is not a plain name. */
  readonly functionName: string | null;
  /** METH_ flags, sorted; null when they cannot be read. */
  readonly flags: readonly string[] | null;
  /** C source of the docstring; null when absent or NULL. */
  readonly documentation: string | null;
  readonly node: Node;
}

/** An array of definitions that ends with an empty one. */
export interface EntryTable<E> {
  readonly name: string;
  readonly file: ParsedFile;
  readonly declaration: Node;
  readonly initializer: Node;
  readonly entries: readonly E[];
  /** The terminating entry, or NONE. */
  readonly sentinel: Node;
}

export type MethodTable = EntryTable<MethodEntry>;

/** An initialised struct variable with its fields by name. */
export interface StructValue {
  readonly name: string;
  readonly file: ParsedFile;
  readonly declaration: Node;
  readonly initializer: Node;
  readonly fields: ReadonlyMap<string, Node>;
}

/** A module of the extension, found by its init function or by `HPy_MODINIT`. */
export interface ExtensionModule {
  /** Last component of the dotted name. */
  readonly name: string;
  readonly file: ParsedFile;
  /** The `PyInit_` function; null once the module is an HPy module. */
  readonly init: CFunction | null;
  /** The `PyModuleDef` or `HPyModuleDef` variable. */
  readonly definition: StructValue | null;
  /** `PyMethodDef` table of the module (legacy_methods in an HPy module). */
  readonly methods: MethodTable | null;
  readonly isHPy: boolean;
  /** Files of the module, the one with the init function first. */
  readonly files: readonly ParsedFile[];
}

export interface Project {
  readonly files: readonly ParsedFile[];
  readonly knowledge: MacroKnowledge;
  /** Definitions outside dead `#if` branches, by name. */
  readonly functions: ReadonlyMap<string, readonly CFunction[]>;
  readonly prototypes: ReadonlyMap<string, readonly Prototype[]>;
  readonly globals: ReadonlyMap<string, readonly GlobalVariable[]>;
  readonly modules: readonly ExtensionModule[];
  /** Which types are references to objects. */
  readonly objects: ObjectTypes;
}

/** Fields of `PyModuleDef` in their order. */
const MODULE_FIELDS: readonly string[] = [
  "m_base",
  "m_name",
  "m_doc",
  "m_size",
  "m_methods",
  "m_slots",
  "m_traverse",
  "m_clear",
  "m_free",
];
const HPY_MODULE_FIELDS = ["doc", "size", "legacy_methods", "defines", "globals"];

/** 1-based line of an offset. */
export function lineOf(text: string, offset: number): number {
  if (lastLines?.text !== text) {
    const ends: number[] = [];
    for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) ends.push(i);
    lastLines = { text, ends };
  }
  const { ends } = lastLines;
  let low = 0;
  for (let high = ends.length; low < high; ) {
    const middle = (low + high) >> 1;
    if ((ends[middle] as number) < offset) low = middle + 1;
    else high = middle;
  }
  return low + 1;
}

/** Ends of the lines of the text that was asked for last: one is asked for many times in a row. */
let lastLines: { readonly text: string; readonly ends: readonly number[] } | null = null;

/** Whether an offset lies in a branch that CPython 3.11 on Linux never compiles. */
export function isDead(file: ParsedFile, offset: number): boolean {
  return file.conditionals.some((group) =>
    group.branches.some((b) => b.liveness === "dead" && offset >= b.body.start && offset < b.body.end),
  );
}

/** Whether an offset lies in a branch whose condition cannot be decided. */
export function isConditional(file: ParsedFile, offset: number): boolean {
  return file.conditionals.some((group) =>
    group.branches.some((b) => b.liveness === "unknown" && offset >= b.body.start && offset < b.body.end),
  );
}

/** Whether two nodes stand in different branches of one `#if`, so that never both are compiled. */
export function areAlternatives(file: ParsedFile, a: Node, b: Node): boolean {
  const branchOf = (group: Conditional, n: Node): number =>
    group.branches.findIndex((x) => file.tree.start(n) >= x.body.start && file.tree.end(n) <= x.body.end);
  return file.conditionals.some((group) => {
    const first = branchOf(group, a);
    const second = branchOf(group, b);
    return first >= 0 && second >= 0 && first !== second;
  });
}

/** Whether a span touches something that the parser could not read. */
export function isUnparsed(file: ParsedFile, span: Span): boolean {
  return file.unparsed.some((u) => u.span.start < span.end && span.start < u.span.end);
}

/**
 * The undecided conditions that a span is compiled under, outermost first, as `#if` expressions; null where one of them
 * begins or ends inside the span.
 */
export function conditionsAround(file: ParsedFile, span: Span): string[] | null {
  const conditions: string[] = [];
  for (const group of file.conditionals) {
    const at = group.branches.findIndex((b) => span.start >= b.body.start && span.start < b.body.end);
    const branch = group.branches[at];
    if (branch === undefined || branch.liveness !== "unknown") continue;
    if (span.end > branch.body.end) return null;
    const earlier = group.branches.slice(0, at).filter((b) => b.liveness !== "dead");
    const terms = [...earlier.map((b) => `!(${b.condition})`), ...(branch.condition === "" ? [] : [branch.condition])];
    conditions.push(
      terms.length === 1 ? (terms[0] ?? "") : terms.map((t) => (t.startsWith("!(") ? t : `(${t})`)).join(" && "),
    );
  }
  return conditions;
}

/** Builds the model of a set of parsed files; `moduleFiles` tells the sources of a module where build files say so. */
export function buildProject(
  files: readonly ParsedFile[],
  knowledge: MacroKnowledge,
  moduleFiles: (initFile: string, moduleName: string) => readonly string[] | null,
): Project {
  const functions = new Map<string, CFunction[]>();
  const prototypes = new Map<string, Prototype[]>();
  const globals = new Map<string, GlobalVariable[]>();
  for (const file of files) {
    const items = itemsOf(file);
    // What is learned of a function of one project does not hold in another.
    for (const f of items.functions) push(functions, f.name, { ...f });
    for (const p of items.prototypes) push(prototypes, p.name, p);
    for (const g of items.globals) push(globals, g.name, g);
  }
  const modules: ExtensionModule[] = [];
  for (const definitions of functions.values()) {
    const init = definitions[0] as CFunction;
    const initName = nameBehindMacros(init, knowledge, files);
    if (!initName.startsWith("PyInit_")) continue;
    const moduleName = initName.slice("PyInit_".length);
    const definition = findModuleDefinition(init, functions, globals);
    modules.push({
      name: moduleName,
      file: init.file,
      init,
      definition,
      methods: definition === null ? null : methodsOf(definition, "m_methods", globals, knowledge),
      isHPy: false,
      files: filesOf(init.file, moduleName, files, functions, prototypes, globals, moduleFiles),
    });
  }
  for (const file of files) {
    for (const call of topLevelCalls(file.tree, "HPy_MODINIT")) {
      const [nameNode, definitionNode] = file.tree.named(file.tree.field(call, "arguments"));
      if (nameNode === undefined || definitionNode === undefined) continue;
      const moduleName = file.tree.source(nameNode);
      const variables = (globals.get(file.tree.source(definitionNode)) ?? []).filter((g) => g.file === file);
      const variable = variables.find((g) => g.declarator.value !== NONE) ?? variables[0];
      const definition = variable === undefined ? null : readStructValue(variable, HPY_MODULE_FIELDS);
      modules.push({
        name: moduleName,
        file,
        init: null,
        definition,
        methods: definition === null ? null : methodsOf(definition, "legacy_methods", globals, knowledge),
        isHPy: true,
        files: filesOf(file, moduleName, files, functions, prototypes, globals, moduleFiles),
      });
    }
  }
  modules.sort((a, b) => (a.file.path < b.file.path ? -1 : a.file.path > b.file.path ? 1 : a.name < b.name ? -1 : 1));
  return { files, knowledge, functions, prototypes, globals, modules, objects: new ObjectTypes(files, knowledge) };
}

/** What one file defines and declares, whatever the others say. */
interface FileItems {
  readonly functions: readonly CFunction[];
  readonly prototypes: readonly Prototype[];
  readonly globals: readonly GlobalVariable[];
}

/** Most files are the same from one step of a series to the next. */
const ITEMS = new WeakMap<ParsedFile, FileItems>();

function itemsOf(file: ParsedFile): FileItems {
  const known = ITEMS.get(file);
  if (known !== undefined) return known;
  const items = readItems(file);
  ITEMS.set(file, items);
  return items;
}

function readItems(file: ParsedFile): FileItems {
  const prototypes: Prototype[] = [];
  const globals: GlobalVariable[] = [];
  for (const n of fileScopeDeclarations(file.tree)) {
    if (isDead(file, file.tree.start(n))) continue;
    for (const declarator of readDeclarators(file.tree, n)) {
      const { name } = declarator;
      if (name === "") continue;
      if (declarator.parameters !== NONE && declarator.type.isFunction && !isPointerToFunction(file.tree, declarator))
        prototypes.push({ name, file, declaration: n, declarator });
      else
        globals.push({
          name,
          file,
          declaration: n,
          declarator,
          isStatic: hasStorage(file.tree, n, "static"),
          isExtern: hasStorage(file.tree, n, "extern"),
        });
    }
  }
  return { functions: readFunctions(file), prototypes, globals };
}

/**
 * The name that a function has for the compiler. Sources that once served Python 2 too hide it in a macro, of their own
 * or of a header: an object-like one in place of the name, `MOD_INIT(spam)` in place of the whole head, or
 * `INIT_MODULE(spam)` in place of the name.
 */
function nameBehindMacros(fn: CFunction, knowledge: MacroKnowledge, files: readonly ParsedFile[]): string {
  const macroBodies = (name: string, parameters: number | null) =>
    (knowledge.definitions.get(name) ?? []).filter((d) => {
      const file = files.find((f) => f.path === d.path);
      return (d.parameters?.length ?? null) === parameters && file !== undefined && !isDead(file, d.span.start);
    });
  for (const macro of macroBodies(fn.name, null)) if (macro.path === fn.file.path) return macro.body.trim();
  for (const name of [fn.result.base, macroAroundName(fn)])
    for (const macro of macroBodies(name, 1)) if (makesInitName(macro)) return `PyInit_${fn.name}`;
  return fn.name;
}

/** The macro whose argument the name of a function is; empty when the name stands alone. */
function macroAroundName(fn: CFunction): string {
  const { tree, text } = fn.file;
  const tokens = lex(text.slice(tree.start(fn.node), tree.start(fn.declarator.nameNode)), "piece");
  const isCall = tokens.count >= 2 && tokenText(tokens, tokens.count - 1) === "(";
  return isCall && tokens.kind[tokens.count - 2] === TokenKind.identifier ? tokenText(tokens, tokens.count - 2) : "";
}

/** Whether a macro of one parameter pastes that behind `PyInit_`. */
function makesInitName(macro: MacroDefinition): boolean {
  const tokens = lex(macro.body, "piece");
  for (let t = 0; t < tokens.count; t++) {
    if (tokenText(tokens, t) !== "PyInit_") continue;
    const rest = macro.body.slice(tokens.end[t]).trimStart();
    if (!rest.startsWith("##")) continue;
    const pasted = lex(rest.slice(2), "piece");
    return pasted.count > 0 && tokenText(pasted, 0) === macro.parameters?.[0];
  }
  return false;
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** `T (*name)(...)`: the function declarator lies around parentheses with a star in them. */
function isPointerToFunction(tree: Tree, declarator: Declarator): boolean {
  if (declarator.nameNode === NONE) return false;
  const parameters = declarator.parameters;
  return declarator.stars.some((s) => tree.end(s) <= tree.start(declarator.nameNode) && isBelow(tree, s, parameters));
}

function isBelow(tree: Tree, star: Node, parameters: Node): boolean {
  const holder = tree.parent(parameters);
  return star > holder && star < parameters;
}

const FILE_SCOPES: ReadonlySet<string> = new Set([
  "translation_unit",
  "preproc_if",
  "preproc_ifdef",
  "preproc_else",
  "preproc_elif",
  "preproc_elifdef",
  "linkage_specification",
  "declaration_list",
  "namespace_definition",
]);

/** Nodes of this kind at file scope, `#if` groups and `extern "C"` blocks included. */
export function* fileScopeNodes(tree: Tree, ...kinds: readonly string[]): Generator<Node> {
  for (let n = 0; n < tree.size; ) {
    const kind = tree.kind(n);
    if (kinds.includes(kind)) {
      yield n;
      n = tree.next(n);
    } else if (FILE_SCOPES.has(kind)) n++;
    else n = tree.next(n);
  }
}

function fileScopeDeclarations(tree: Tree): Generator<Node> {
  return fileScopeNodes(tree, "declaration");
}

/** Calls of a macro at file scope, such as `HPy_MODINIT(...)`. */
export function* topLevelCalls(tree: Tree, name: string): Generator<Node> {
  for (const n of fileScopeNodes(tree, "expression_statement")) {
    const call = tree.named(n)[0];
    if (call === undefined || tree.kind(call) !== "call_expression") continue;
    if (tree.source(tree.field(call, "function")) === name) yield call;
  }
}

function readFunctions(file: ParsedFile): CFunction[] {
  const tree = file.tree;
  const found: CFunction[] = [];
  for (const n of fileScopeNodes(tree, "function_definition")) {
    if (isDead(file, tree.start(n))) continue;
    const f = readFunction(file, n);
    if (f !== null) found.push(f);
  }
  return found;
}

/** Reads one function definition; null when it has no plain name or body. */
export function readFunction(file: ParsedFile, n: Node): CFunction | null {
  const tree = file.tree;
  const declaratorNode = tree.field(n, "declarator");
  const body = tree.field(n, "body");
  if (declaratorNode === NONE || body === NONE || tree.kind(body) !== "compound_statement") return null;
  const base = typeSpecifier(tree, n);
  const declarator = readDeclarator(tree, declaratorNode, base);
  if (declarator.name === "" || declarator.parameters === NONE) return null;
  const parameters = readParameters(tree, declarator.parameters);
  return {
    name: declarator.name,
    file,
    node: n,
    body,
    declarator,
    result: { base, pointers: declarator.type.pointers, arrays: 0, isFunction: false },
    parameters,
    isStatic: hasStorage(tree, n, "static"),
    isVariadic:
      tree.token(declarator.parameters, "...") !== NONE ||
      tree.named(declarator.parameters).some((p) => tree.kind(p) === "variadic_parameter"),
    isMigrated: parameters.some((p) => p.type.base === "HPyContext"),
  };
}

/** Parameters of a function declarator; `(void)` and `()` give none. */
export function readParameters(tree: Tree, list: Node): Declarator[] {
  const found: Declarator[] = [];
  for (const p of tree.named(list)) {
    if (tree.kind(p) !== "parameter_declaration") continue;
    const base = typeSpecifier(tree, p);
    const node = tree.field(p, "declarator");
    if (node === NONE) {
      if (base !== "void")
        found.push({
          name: "",
          nameNode: NONE,
          type: { base, pointers: 0, arrays: 0, isFunction: false },
          node: p,
          value: NONE,
          stars: [],
          parameters: NONE,
        });
    } else found.push(readDeclarator(tree, node, base));
  }
  return found;
}

/** Fields of a struct initialiser, positional ones named by `names`. */
export function readStructValue(variable: GlobalVariable, names: readonly string[]): StructValue | null {
  const tree = variable.file.tree;
  const initializer = variable.declarator.value;
  if (initializer === NONE || tree.kind(initializer) !== "initializer_list") return null;
  const fields = new Map<string, Node>();
  let position = 0;
  for (const item of tree.named(initializer)) {
    if (tree.kind(item) === "initializer_pair") {
      const designator = tree.field(item, "designator");
      const name = tree.named(designator)[0];
      if (name === undefined) return null;
      const field = tree.source(name);
      fields.set(field, tree.field(item, "value"));
      position = names.indexOf(field) + 1;
    } else {
      const name = names[position++];
      if (name !== undefined) fields.set(name, item);
    }
  }
  return { name: variable.name, file: variable.file, declaration: variable.declaration, initializer, fields };
}

/** The definition that the init function names, or one of the functions in its file that it calls to make the module. */
function findModuleDefinition(
  init: CFunction,
  functions: ReadonlyMap<string, readonly CFunction[]>,
  globals: ReadonlyMap<string, readonly GlobalVariable[]>,
): StructValue | null {
  const { tree } = init.file;
  const reached = new Set([init]);
  for (const fn of reached) {
    const found = definitionNamedIn(fn, globals);
    if (found !== null) return found;
    for (const call of tree.descendants(fn.body, "call_expression")) {
      const called = functions.get(tree.source(tree.field(call, "function"))) ?? [];
      for (const target of called) if (target.file === init.file) reached.add(target);
    }
  }
  return null;
}

/** Whether a variable is one definition with its fields: no array of them, no pointer. */
function isModuleDefinition({ type, value }: Declarator): boolean {
  return value !== NONE && /^(struct )?PyModuleDef$/.test(type.base) && type.arrays === 0 && type.pointers === 0;
}

function definitionNamedIn(
  init: CFunction,
  globals: ReadonlyMap<string, readonly GlobalVariable[]>,
): StructValue | null {
  const tree = init.file.tree;
  for (const declaration of tree.descendants(init.body, "declaration"))
    for (const declarator of readDeclarators(tree, declaration))
      if (isModuleDefinition(declarator))
        return readStructValue(
          { name: declarator.name, file: init.file, declaration, declarator, isStatic: true, isExtern: false },
          MODULE_FIELDS,
        );
  for (const n of tree.descendants(init.body, "identifier")) {
    const variables = (globals.get(tree.source(n)) ?? []).filter((g) => isModuleDefinition(g.declarator));
    const variable = variables.find((g) => g.file === init.file) ?? (variables.length === 1 ? variables[0] : undefined);
    if (variable !== undefined) return readStructValue(variable, MODULE_FIELDS);
  }
  return null;
}

function methodsOf(
  definition: StructValue,
  field: string,
  globals: ReadonlyMap<string, readonly GlobalVariable[]>,
  knowledge: MacroKnowledge,
): MethodTable | null {
  const value = definition.fields.get(field);
  if (value === undefined) return null;
  const name = definition.file.tree.source(stripCasts(definition.file.tree, value));
  const variables = globals.get(name) ?? [];
  const variable =
    variables.find((g) => g.file === definition.file && g.declarator.value !== NONE) ??
    variables.find((g) => g.declarator.value !== NONE);
  return variable === undefined ? null : readMethodTable(variable, knowledge);
}

/** Reads a `PyMethodDef` table; null when the variable is none. */
export function readMethodTable(variable: GlobalVariable, knowledge: MacroKnowledge): MethodTable | null {
  const tree = variable.file.tree;
  const initializer = variable.declarator.value;
  if (!/^(struct )?PyMethodDef$/.test(variable.declarator.type.base) || tree.kind(initializer) !== "initializer_list")
    return null;
  const entries: MethodEntry[] = [];
  let sentinel: Node = NONE;
  for (const item of tree.named(initializer)) {
    if (tree.kind(item) !== "initializer_list") continue;
    const entry = readMethodEntry(variable.file, item, knowledge);
    if (entry === null) sentinel = item;
    else entries.push(entry);
  }
  return {
    name: variable.name,
    file: variable.file,
    declaration: variable.declaration,
    initializer,
    entries,
    sentinel,
  };
}

const ENTRY_FIELDS = ["ml_name", "ml_meth", "ml_flags", "ml_doc"];

function readMethodEntry(file: ParsedFile, item: Node, knowledge: MacroKnowledge): MethodEntry | null {
  const { tree } = file;
  const fields = new Map<string, Node>();
  let position = 0;
  for (const part of tree.named(item)) {
    if (tree.kind(part) === "initializer_pair") {
      const name = tree.named(tree.field(part, "designator"))[0];
      if (name !== undefined) {
        fields.set(tree.source(name), tree.field(part, "value"));
        position = ENTRY_FIELDS.indexOf(tree.source(name)) + 1;
      }
    } else fields.set(ENTRY_FIELDS[position++] ?? "", part);
  }
  const nameNode = fields.get("ml_name");
  if (nameNode === undefined || isNullConstant(tree, nameNode)) return null;
  const functionNode = stripCastMacros(tree, fields.get("ml_meth") ?? nameNode, knowledge);
  const documentation = fields.get("ml_doc");
  const flagsNode = fields.get("ml_flags");
  return {
    nameSource: tree.source(nameNode),
    pythonName: stringValue(tree, nameNode),
    functionName: tree.kind(functionNode) === "identifier" ? tree.source(functionNode) : null,
    flags: flagsNode === undefined ? null : readFlags(file, flagsNode, knowledge),
    documentation:
      documentation === undefined || isNullConstant(tree, documentation)
        ? null
        : tree.source(stripParentheses(tree, documentation)),
    node: item,
  };
}

/** Whether an expression is a null pointer constant (`NULL`, `0`, `nullptr`, with casts). */
export function isNullConstant(tree: Tree, n: Node): boolean {
  const at = stripCasts(tree, n);
  if (at === NONE) return false;
  const source = tree.source(at);
  return source === "NULL" || source === "0" || source === "nullptr";
}

/** The METH_ flags of an expression, macros of the project replaced; null for anything but names joined by `|`. */
function readFlags(file: ParsedFile, n: Node, knowledge: MacroKnowledge): string[] | null {
  const start = file.tree.start(n);
  let text = file.tree.source(n);
  for (const group of file.conditionals)
    for (const { body, liveness } of group.branches) {
      if (body.start < start || body.end > file.tree.end(n) || liveness === "live") continue;
      if (liveness === "unknown") return null;
      const [from, to] = [body.start - start, body.end - start];
      text = text.slice(0, from) + " ".repeat(to - from) + text.slice(to);
    }
  const names = flagNames(text, knowledge, 0);
  return names === null ? null : [...new Set(names)].sort();
}

function flagNames(text: string, knowledge: MacroKnowledge, depth: number): string[] | null {
  const tokens = lex(text, "piece");
  const names: string[] = [];
  for (let i = 0; i < tokens.count; i++) {
    const source = text.slice(tokens.start[i], tokens.end[i]);
    if (tokens.kind[i] === TokenKind.identifier) {
      const definitions = knowledge.definitions.get(source) ?? [];
      const definition = definitions[0];
      if (definition === undefined) names.push(source);
      else {
        const inner =
          definitions.length === 1 && definition.parameters === null && depth < 10
            ? flagNames(definition.body, knowledge, depth + 1)
            : null;
        if (inner === null) return null;
        names.push(...inner);
      }
    } else if (tokens.kind[i] === TokenKind.number) {
      if (source !== "0") return null;
    } else if (
      tokens.kind[i] !== TokenKind.comment &&
      tokens.kind[i] !== TokenKind.directive &&
      !"|()".includes(source)
    )
      return null;
  }
  return names;
}

/** The operand of casts, written out or by macros that only cast: `_PyCFunction_CAST(f)` of CPython, or the project's own. */
export function stripCastMacros(tree: Tree, n: Node, knowledge: MacroKnowledge): Node {
  const at = stripCasts(tree, n);
  if (at === NONE || tree.kind(at) !== "call_expression") return at;
  const name = tree.source(tree.field(at, "function"));
  const [operand, ...more] = tree.named(tree.field(at, "arguments"));
  if (operand === undefined || more.length > 0) return at;
  const definitions = knowledge.definitions.get(name) ?? [];
  const isCast =
    definitions.length === 0 ? name === "_PyCFunction_CAST" : definitions.every((d) => onlyCasts(d.parameters, d.body));
  return isCast ? stripCastMacros(tree, operand, knowledge) : at;
}

/** Whether a macro's body is its one parameter with casts to function types around it. */
function onlyCasts(parameters: readonly string[] | null, body: string): boolean {
  const parameter = parameters?.[0];
  if (parameter === undefined || parameters?.length !== 1) return false;
  const tokens = lex(body, "piece");
  let uses = 0;
  for (let i = 0; i < tokens.count; i++) {
    const source = body.slice(tokens.start[i], tokens.end[i]);
    if (source === parameter) uses++;
    else if (tokens.kind[i] === TokenKind.identifier) {
      if (source !== "void" && source !== "_PyCFunction_CAST" && !source.includes("PyCFunction")) return false;
    } else if (!"()*".includes(source)) return false;
  }
  return uses === 1;
}

function filesOf(
  initFile: ParsedFile,
  moduleName: string,
  files: readonly ParsedFile[],
  functions: ReadonlyMap<string, readonly CFunction[]>,
  prototypes: ReadonlyMap<string, readonly Prototype[]>,
  globals: ReadonlyMap<string, readonly GlobalVariable[]>,
  moduleFiles: (initFile: string, moduleName: string) => readonly string[] | null,
): ParsedFile[] {
  const byPath = new Paths(files);
  const found = new Set<ParsedFile>([initFile]);
  const declared = moduleFiles(initFile.path, moduleName);
  if (declared !== null) for (const path of declared) found.add(byPath.get(path) ?? initFile);
  const queue = [...found];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    const add = (other: ParsedFile | undefined): void => {
      if (other !== undefined && !found.has(other)) {
        found.add(other);
        queue.push(other);
      }
    };
    for (const include of file.includes) add(resolveInclude(file, include.path, byPath));
    if (declared === null) {
      for (const name of namesIn(file)) {
        const variables = globals.get(name);
        if (variables?.some((g) => g.isExtern)) {
          const defined = variables.filter((g) => !g.isExtern && !g.isStatic);
          if (defined.length === 1) add(defined[0]?.file);
        } else if (prototypes.has(name)) {
          const definitions = functions.get(name) ?? [];
          if (definitions.length === 1 && definitions[0]?.isStatic === false) add(definitions[0].file);
        }
      }
    }
  }
  return [initFile, ...[...found].filter((f) => f !== initFile).sort((a, b) => (a.path < b.path ? -1 : 1))];
}

const NAMES = new WeakMap<ParsedFile, ReadonlySet<string>>();

/** The identifiers of a file, each once. */
function namesIn(file: ParsedFile): ReadonlySet<string> {
  const known = NAMES.get(file);
  if (known !== undefined) return known;
  const names = new Set<string>();
  for (const n of file.tree.descendants(0, "identifier")) names.add(file.tree.source(n));
  NAMES.set(file, names);
  return names;
}

const units = new WeakMap<Project, ReadonlyMap<ParsedFile, ReadonlySet<ParsedFile>>>();

/**
 * Whether two files are compiled together: one includes the other, or a third includes both, so that what is static in
 * one can be seen in the other.
 */
export function shareUnit(project: Project, a: ParsedFile, b: ParsedFile): boolean {
  const known = units.get(project) ?? new Map(project.files.map((f) => [f, includedFiles(project, f)]));
  units.set(project, known);
  if (a === b || known.get(a)?.has(b) === true || known.get(b)?.has(a) === true) return true;
  return project.files.some((f) => known.get(f)?.has(a) === true && known.get(f)?.has(b) === true);
}

/**
 * The prototypes of a function. What is static is announced only where it can be seen: a prototype of the name elsewhere,
 * such as in a header for other systems, is another function's.
 */
export function prototypesOf(project: Project, fn: CFunction): readonly Prototype[] {
  const named = project.prototypes.get(fn.name) ?? [];
  return fn.isStatic ? named.filter((p) => shareUnit(project, p.file, fn.file)) : named;
}

/** The files of the project that a file includes, directly or through others. */
export function includedFiles(project: Project, file: ParsedFile): ReadonlySet<ParsedFile> {
  const byPath = new Paths(project.files);
  const found = new Set<ParsedFile>();
  const queue = [file];
  for (let at = queue.pop(); at !== undefined; at = queue.pop())
    for (const include of at.includes) {
      const other = resolveInclude(at, include.path, byPath);
      if (other === undefined || other === file || found.has(other)) continue;
      found.add(other);
      queue.push(other);
    }
  return found;
}

/** The files of a project by path, and by the last component of it. */
class Paths {
  readonly #files: ReadonlyMap<string, ParsedFile>;
  readonly #byName = new Map<string, string[]>();

  constructor(files: readonly ParsedFile[]) {
    this.#files = new Map(files.map((f) => [f.path, f]));
    for (const path of this.#files.keys()) push(this.#byName, lastComponent(path), path);
  }

  get(path: string): ParsedFile | undefined {
    return this.#files.get(path);
  }

  /** The only file whose path ends with the components of `path`; undefined for none or several. */
  endingWith(path: string): ParsedFile | undefined {
    const named = this.#byName.get(lastComponent(path)) ?? [];
    const matches = named.filter((p) => p === path || p.endsWith(`/${path}`));
    return matches.length === 1 ? this.get(matches[0] as string) : undefined;
  }
}

function lastComponent(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The project file that `#include "path"` in `from` names, by the usual search next to the file and by suffix. */
function resolveInclude(from: ParsedFile, path: string, files: Paths): ParsedFile | undefined {
  const directory = from.path.includes("/") ? from.path.slice(0, from.path.lastIndexOf("/") + 1) : "";
  return files.get(normalizePath(directory + path)) ?? files.endingWith(path);
}

/** Resolves `.` and `..` in a relative path. */
function normalizePath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}

/**
 * The definition that a name in a file refers to; null when there is none or it is ambiguous. Where files of several
 * platforms define the same function, those count that are built into a module together with the file.
 */
export function resolveFunction(project: Project, file: ParsedFile, name: string): CFunction | null {
  const definitions = project.functions.get(name) ?? [];
  const local = definitions.filter((f) => f.file === file);
  if (local.length > 0) return local.length === 1 ? (local[0] as CFunction) : null;
  const shared = definitions.filter((f) => !f.isStatic || f.file.path.endsWith(".h"));
  if (shared.length <= 1) return shared[0] ?? null;
  const modules = project.modules.filter((m) => m.files.includes(file));
  const together = shared.filter((f) => modules.some((m) => m.files.includes(f.file)));
  return together.length === 1 ? (together[0] as CFunction) : null;
}
