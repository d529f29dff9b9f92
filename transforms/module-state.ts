/**
 * Module state without HPy's help: HPy 0.9 has none, so the state struct of a module becomes one static variable, and the
 * module that `PyState_FindModule` found becomes another. That is what HPyGlobals do as well: one copy for each
 * process.
 */

import { Refused } from "../analysis/typing.ts";
import { readDeclarators, stripCasts, stripParentheses } from "../model/declarations.ts";
import {
  type CFunction,
  type ExtensionModule,
  isNullConstant,
  type Project,
  readFunction,
  type StructValue,
} from "../model/project.ts";
import { readDefinition } from "../syntax/directives.ts";
import type { EditSet } from "../syntax/edits.ts";
import { lex, TokenKind, type Tokens, tokenText } from "../syntax/lexer.ts";
import type { ParsedFile } from "../syntax/source.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import { newlineOf } from "./statement-edits.ts";

const RULE = "module-state-to-static";

/** Calls whose result is only looked into for the state; they go with the call that gets the state. */
const MODULE_LOOKUPS: ReadonlySet<string> = new Set([
  "PyState_FindModule",
  "PyType_GetModule",
  "PyType_GetModuleByDef",
  "_PyType_GetModuleByDef",
  "Py_TYPE",
]);
const STATE_GETTERS: ReadonlySet<string> = new Set(["PyModule_GetState", "PyType_GetModuleState"]);
const DESTRUCTORS = ["m_traverse", "m_clear", "m_free"];

/** What the exec function does first, and what a reviewer should know. */
export interface ModuleState {
  readonly prelude: readonly string[];
  /** Functions that are gone: nothing calls them any more. */
  readonly deleted: readonly string[];
  readonly notes: readonly string[];
}

interface Surroundings {
  readonly project: Project;
  readonly module: ExtensionModule;
  readonly init: CFunction;
  readonly definition: StructValue;
  /** Functions that run before the module is complete: the init function and those that create the module for it. */
  readonly creators: readonly CFunction[];
  readonly editsOf: (file: ParsedFile) => EditSet;
  readonly freeName: (wish: string) => string;
}

/** Plans the edits that take the place of module state; throws {@link Refused}. */
export function planModuleState(around: Surroundings): ModuleState {
  const { definition, module } = around;
  const tree = definition.file.tree;
  const prelude: string[] = [];
  const notes: string[] = [];
  let deleted: readonly string[] = [];
  const type = stateType(around);
  if (type !== null) {
    const variable = around.freeName(`${module.name}_state`);
    declareState(around, type, variable);
    replaceGetters(around, variable);
    prelude.push(`memset(&${variable}, 0, sizeof(${variable}));`);
    notes.push(
      `HPy 0.9 has no module state: it is the static variable \`${variable}\` now, which all interpreters of a process and all fresh imports share.`,
    );
  }
  const lookups = findLookups(around);
  if (lookups.length > 0) {
    const variable = around.freeName(`${module.name}_module`);
    const isUsedLater = replaceLookups(around, lookups, variable);
    if (isUsedLater) {
      declareModule(around, variable);
      prelude.push(`Py_XDECREF(${variable});`, `${variable} = HPy_AsPyObject(ctx, module);`);
    }
    notes.push("PyState_FindModule does not know HPy modules; the module is kept in a static variable.");
  }
  const gone = DESTRUCTORS.flatMap((field) => {
    const value = definition.fields.get(field);
    return value === undefined || isNullConstant(tree, value) ? [] : [tree.source(stripCasts(tree, value))];
  });
  if (gone.length > 0) {
    deleted = deleteUnused(around, gone);
    const names = [...new Set(gone)].map((name) => `${name}()`).join(", ");
    notes.push(
      `HPy modules have no traverse, clear or free function: ${names} ${gone.length === 1 ? "is" : "are"} not called any more, and what the module holds lives as long as the process.`,
    );
  }
  return { prelude, deleted, notes };
}

/** The type in `m_size = sizeof(T)`; null where there is no state. */
function stateType(around: Surroundings): string | null {
  const { definition, init } = around;
  const tree = definition.file.tree;
  const size = definition.fields.get("m_size");
  if (size === undefined || isNullConstant(tree, size)) return null;
  const source = tree.source(stripCasts(tree, size));
  if (source === "-1") return null;
  const tokens = lex(source, "piece");
  const words = Array.from({ length: tokens.count }, (_, t) => tokenText(tokens, t));
  if (words[0] === "sizeof" && words[1] === "(" && words[words.length - 1] === ")") return words.slice(2, -1).join(" ");
  throw new Refused(
    "module-state",
    { start: init.file.tree.start(init.declarator.nameNode), end: init.file.tree.end(init.declarator.nameNode) },
    `The size of the module's state, \`${source}\`, is not the size of a type.`,
  );
}

function refuse(around: Surroundings, message: string): never {
  const { tree } = around.init.file;
  const name = around.init.declarator.nameNode;
  throw new Refused("module-state", { start: tree.start(name), end: tree.end(name) }, message);
}

/** Declares the state right after its type, where everything that knows the type can see it. */
function declareState(around: Surroundings, type: string, variable: string): void {
  for (const file of around.module.files) {
    const { tree } = file;
    for (const n of tree.descendants(0, "type_definition", "declaration", "struct_specifier")) {
      if (tree.enclosing(n, "function_definition") !== NONE || !definesType(file, n, type)) continue;
      const text = tree.kind(n) === "struct_specifier" ? endOfStatement(file, n) : tree.end(n);
      const isHeader = file !== around.init.file && /\.(h|hh|hpp|hxx)$/.test(file.path);
      if (!isHeader && file !== around.init.file)
        refuse(around, `The type \`${type}\` of its state is defined in another source file.`);
      const newline = newlineOf(file.text);
      const storage = isHeader ? "extern" : "static";
      around.editsOf(file).insert(text, `${newline}${newline}${storage} ${type} ${variable};`, RULE);
      if (isHeader) declareBefore(around, around.definition.declaration, `${type} ${variable};`);
      return;
    }
  }
  refuse(around, `The type \`${type}\` of its state is not defined in the sources of the module.`);
}

/** Whether a file-scope node completes a type: `typedef struct {...} T;` or `struct T {...};`. */
function definesType(file: ParsedFile, n: Node, type: string): boolean {
  const { tree } = file;
  if (tree.kind(n) === "type_definition") return readDeclarators(tree, n).some((d) => d.name === type);
  if (tree.kind(n) !== "struct_specifier" || tree.field(n, "body") === NONE) return false;
  const name = tree.field(n, "name");
  return name !== NONE && `struct ${tree.source(name)}` === type && tree.kind(tree.parent(n)) !== "type_definition";
}

function endOfStatement(file: ParsedFile, n: Node): number {
  const end = file.tree.end(n);
  const semicolon = file.text.indexOf(";", end);
  return file.text.slice(end, semicolon).trim() === "" ? semicolon + 1 : end;
}

function declareBefore(around: Surroundings, declaration: Node, line: string): void {
  const { file } = around.definition;
  around
    .editsOf(file)
    .insert(file.tree.start(declaration), `${line}${newlineOf(file.text)}${newlineOf(file.text)}`, RULE, -9);
}

interface CallSite {
  readonly file: ParsedFile;
  readonly start: number;
  readonly end: number;
  /** Source between the parentheses. */
  readonly argument: string;
  readonly name: string;
  /** First character after the call. */
  readonly next: string;
}

/** Calls of some functions in the text and the macros of a file. */
function callSites(file: ParsedFile, names: ReadonlySet<string>): CallSite[] {
  const sites: CallSite[] = [];
  if (![...names].some((name) => file.text.includes(name))) return sites;
  const scan = (tokens: Tokens): void => {
    for (let t = 0; t + 1 < tokens.count; t++) {
      const name = tokenText(tokens, t);
      if (tokens.kind[t] !== TokenKind.identifier || !names.has(name) || tokenText(tokens, t + 1) !== "(") continue;
      let depth = 0;
      let close = t + 1;
      for (; close < tokens.count; close++) {
        const text = tokenText(tokens, close);
        if (text === "(") depth++;
        else if (text === ")" && --depth === 0) break;
      }
      if (close >= tokens.count) continue;
      const start = tokens.start[t] as number;
      const end = tokens.end[close] as number;
      sites.push({
        file,
        start,
        end,
        name,
        argument: file.text.slice(tokens.end[t + 1], tokens.start[close]).trim(),
        next: file.text.slice(end).trimStart().charAt(0),
      });
    }
  };
  const tokens = lex(file.text);
  scan(tokens);
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] !== TokenKind.directive || readDefinition(tokens, t) === null) continue;
    const start = (tokens.start[t] as number) + 1;
    scan(lex(file.text, "piece", start, tokens.end[t] as number));
  }
  return sites;
}

function replaceGetters(around: Surroundings, variable: string): void {
  for (const file of around.module.files) {
    const sites = callSites(file, STATE_GETTERS);
    for (const site of sites) {
      if (hasEffect(site.argument))
        refuse(around, `\`${site.name}\` is called with \`${site.argument}\`, which may do more than name a module.`);
      const text = site.next === "-" || site.next === "[" ? `(&${variable})` : `&${variable}`;
      around.editsOf(file).replace({ start: site.start, end: site.end }, text, RULE);
    }
    dropParameters(around, file, sites, variable);
  }
}

/** A macro whose parameter only said whose state was wanted becomes one without parameters, and so do its uses. */
function dropParameters(around: Surroundings, file: ParsedFile, getters: readonly CallSite[], variable: string): void {
  const tokens = lex(file.text);
  for (let t = 0; t < tokens.count; t++) {
    const macro = tokens.kind[t] === TokenKind.directive ? readDefinition(tokens, t) : null;
    const [parameter] = macro?.parameters ?? [];
    if (macro === null || parameter === undefined || macro.parameters?.length !== 1) continue;
    const end = tokens.end[t] as number;
    const own = getters.filter((g) => g.start >= (tokens.start[t] as number) && g.end <= end);
    if (own.length === 0) continue;
    const words = lex(file.text, "piece", (tokens.start[t] as number) + 1, end);
    const places: number[] = [];
    for (let w = 0; w < words.count; w++) {
      const at = words.start[w] as number;
      if (tokenText(words, w) === parameter && !own.some((g) => at >= g.start && at < g.end)) places.push(w);
    }
    const [only] = places;
    if (only === undefined || places.length > 1 || tokenText(words, only - 1) !== "(") continue;
    const uses = around.module.files.flatMap((f) => callSites(f, new Set([macro.name])));
    const calls = uses.filter((u) => u.file !== file || u.start < (tokens.start[t] as number) || u.start >= end);
    if (calls.some((u) => hasEffect(u.argument))) continue;
    // A type or a variable of the same name would be taken for the macro if that had no parameters.
    const isShared = around.module.files.some((f) => isUsedWithoutCall(f, macro.name));
    let body = macro.body;
    for (const g of own) body = body.replace(file.text.slice(g.start, g.end), `&${variable}`);
    const edits = around.editsOf(file);
    if (!isShared)
      edits.replace({ start: words.start[only - 1] as number, end: words.end[only + 1] as number }, "", RULE);
    for (const use of calls) {
      if (getters.some((g) => g.file === use.file && g.start <= use.start && use.end <= g.end)) continue;
      const start = isShared ? use.start : use.start + macro.name.length;
      around.editsOf(use.file).replace({ start, end: use.end }, isShared ? body : "", RULE);
    }
  }
}

/** Whether a name stands anywhere in a file without an argument list. */
function isUsedWithoutCall(file: ParsedFile, name: string): boolean {
  if (!file.text.includes(name)) return false;
  const find = (tokens: Tokens): boolean => {
    for (let t = 0; t < tokens.count; t++)
      if (tokens.kind[t] === TokenKind.identifier && tokenText(tokens, t) === name)
        if (t + 1 >= tokens.count || tokenText(tokens, t + 1) !== "(") return true;
    return false;
  };
  const tokens = lex(file.text);
  if (find(tokens)) return true;
  for (let t = 0; t < tokens.count; t++)
    if (tokens.kind[t] === TokenKind.directive)
      if (find(lex(file.text, "piece", (tokens.start[t] as number) + 1, tokens.end[t] as number))) return true;
  return false;
}

/** Whether evaluating an argument may do anything: it assigns or calls something else than a look-up. */
function hasEffect(source: string): boolean {
  const tokens = lex(source, "piece");
  for (let t = 0; t < tokens.count; t++) {
    const text = tokenText(tokens, t);
    if (["=", "++", "--", "+=", "-="].includes(text)) return true;
    if (text !== "(" || t === 0 || tokens.kind[t - 1] !== TokenKind.identifier) continue;
    if (!MODULE_LOOKUPS.has(tokenText(tokens, t - 1))) return true;
  }
  return false;
}

function findLookups(around: Surroundings): CallSite[] {
  const getters = around.module.files.flatMap((file) => callSites(file, STATE_GETTERS));
  return around.module.files
    .flatMap((file) => callSites(file, new Set(["PyState_FindModule"])))
    .filter((site) => !getters.some((g) => g.file === site.file && g.start <= site.start && site.end <= g.end));
}

/** While the module is being created it is not found yet; answers whether it is looked up at any other time. */
function replaceLookups(around: Surroundings, lookups: readonly CallSite[], variable: string): boolean {
  let isUsedLater = false;
  for (const site of lookups) {
    const wanted = site.argument.replace("&", "").trim();
    if (wanted !== around.definition.name)
      refuse(around, `PyState_FindModule looks for \`${site.argument}\`, which is not this module.`);
    const { tree } = site.file;
    const holder = tree.enclosing(tree.spanning(site.start, site.end), "function_definition");
    const fn = holder === NONE ? null : readFunction(site.file, holder);
    const isEarly = fn !== null && around.creators.some((c) => c.file === site.file && c.node === fn.node);
    isUsedLater ||= !isEarly;
    if (isEarly) replaceEarly(around, site);
    else around.editsOf(site.file).replace({ start: site.start, end: site.end }, variable, RULE);
  }
  for (const file of around.module.files)
    for (const site of callSites(file, new Set(["PyState_AddModule", "PyState_RemoveModule"])))
      refuse(around, `\`${site.name}\` is called, and HPy modules are not in the interpreter's list of modules.`);
  return isUsedLater;
}

/** A look-up while the module is created finds nothing: an `if` on its success goes, with the variable left NULL. */
function replaceEarly(around: Surroundings, site: CallSite): void {
  const { tree, text } = site.file;
  const edits = around.editsOf(site.file);
  const call = tree.spanning(site.start, site.end);
  const test = tree.enclosing(call, "if_statement", "compound_statement");
  const isTest =
    test !== NONE &&
    tree.kind(test) === "if_statement" &&
    tree.field(test, "alternative") === NONE &&
    site.end <= tree.end(tree.field(test, "condition"));
  const target = isTest ? testedTarget(tree, tree.field(test, "condition"), call) : null;
  if (target === null) edits.replace({ start: site.start, end: site.end }, "NULL", RULE);
  else if (target === "" || isSetNext(tree, test, target))
    edits.replace(withBlankLine(text, tree.start(test), tree.end(test)), "", RULE);
  else edits.replace({ start: tree.start(test), end: tree.end(test) }, `${target} = NULL;`, RULE);
}

/** Whether the statement after another one sets a variable. */
function isSetNext(tree: Tree, statement: Node, target: string): boolean {
  const siblings = tree.named(tree.parent(statement)).filter((n) => !tree.isComment(n));
  const next = siblings[siblings.indexOf(statement) + 1];
  const assignment = next === undefined ? undefined : tree.named(next)[0];
  return (
    assignment !== undefined &&
    tree.kind(assignment) === "assignment_expression" &&
    tree.source(tree.field(assignment, "left")) === target
  );
}

/** For `call`, `call != NULL`, `(v = call)` and `(v = call) != NULL`: the source of `v`, or nothing; null for others. */
function testedTarget(tree: Tree, condition: Node, call: Node): string | null {
  let at = stripParentheses(tree, condition);
  if (
    tree.kind(at) === "binary_expression" &&
    tree.source(tree.field(at, "operator")) === "!=" &&
    isNullConstant(tree, tree.field(at, "right"))
  )
    at = stripParentheses(tree, tree.field(at, "left"));
  if (at === call) return "";
  if (tree.kind(at) !== "assignment_expression" || stripCasts(tree, tree.field(at, "right")) !== call) return null;
  return tree.source(tree.field(at, "left"));
}

/** Declares the module's variable wherever the definition of the module is declared: every look-up could see that. */
function declareModule(around: Surroundings, variable: string): void {
  const { definition, module } = around;
  const others = module.files.filter((f) => f !== definition.file && declares(f, definition.name) !== NONE);
  for (const file of others)
    around
      .editsOf(file)
      .insert(
        file.tree.start(declares(file, definition.name)),
        `extern PyObject *${variable};${newlineOf(file.text)}`,
        RULE,
        -9,
      );
  const first = declares(definition.file, definition.name);
  const storage = others.length > 0 ? "" : "static ";
  declareBefore(around, first === NONE ? definition.declaration : first, `${storage}PyObject *${variable};`);
}

/** The first declaration of a variable at file scope; NONE where there is none. */
function declares(file: ParsedFile, name: string): Node {
  const { tree } = file;
  for (const n of tree.descendants(0, "declaration"))
    if (tree.enclosing(n, "function_definition") === NONE && readDeclarators(tree, n).some((d) => d.name === name))
      return n;
  return NONE;
}

/** Static functions that only the definition of the module named go with their prototypes. */
function deleteUnused(around: Surroundings, roots: readonly string[]): readonly string[] {
  const { definition, project } = around;
  const { file } = definition;
  const { tree } = file;
  const within = (n: Node, at: number): boolean => at >= tree.start(n) && at < tree.end(n);
  const going = new Map<string, CFunction>();
  for (const name of roots) {
    const own = (project.functions.get(name) ?? []).filter((f) => f.file === file);
    const [fn] = own;
    if (fn !== undefined && own.length === 1 && fn.isStatic && !fn.isMigrated) going.set(name, fn);
  }
  const prototypesOf = (name: string): readonly Node[] =>
    (project.prototypes.get(name) ?? []).filter((p) => p.file === file).map((p) => p.declaration);
  const tokens = lex(file.text);
  for (let changed = true; changed; ) {
    changed = false;
    for (const [name, fn] of going) {
      let isUsed = false;
      for (let t = 0; t < tokens.count && !isUsed; t++) {
        const at = tokens.start[t] as number;
        if (tokens.kind[t] === TokenKind.directive) {
          const directive = lex(file.text, "piece", at + 1, tokens.end[t] as number);
          for (let d = 0; d < directive.count; d++) if (tokenText(directive, d) === name) isUsed = true;
          continue;
        }
        if (tokens.kind[t] !== TokenKind.identifier || tokenText(tokens, t) !== name) continue;
        const isKnown =
          within(definition.declaration, at) ||
          within(fn.node, at) ||
          [...going.values()].some((g) => within(g.node, at)) ||
          prototypesOf(name).some((p) => within(p, at));
        if (!isKnown) isUsed = true;
      }
      if (!isUsed) continue;
      going.delete(name);
      changed = true;
    }
  }
  for (const [name, fn] of going)
    for (const n of [fn.node, ...prototypesOf(name)])
      around.editsOf(file).replace(withBlankLine(file.text, tree.start(n), tree.end(n)), "", RULE);
  return [...going.keys()];
}

/** A span with the line end after it, and with one blank line where it stands between two. */
function withBlankLine(text: string, start: number, end: number): { readonly start: number; readonly end: number } {
  const newline = text.indexOf("\n", end);
  if (newline < 0 || text.slice(end, newline).trim() !== "") return { start, end };
  const next = text.indexOf("\n", newline + 1);
  const isBlank = next >= 0 && text.slice(newline + 1, next).trim() === "";
  return { start, end: isBlank ? next + 1 : newline + 1 };
}
