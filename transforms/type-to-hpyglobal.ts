/**
 * Keeps types in `HPyGlobal`s instead of `PyTypeObject *` variables, once HPy code only loads them: the last thing that
 * ties a module whose types are pure to the C API.
 */

import { readDeclarators, stripCasts } from "../model/declarations.ts";
import { type HPyTypeSpec, readHPyTypes } from "../model/hpy-types.ts";
import {
  type ExtensionModule,
  type GlobalVariable,
  isNullConstant,
  type Project,
  resolveFunction,
} from "../model/project.ts";
import { EditSet } from "../syntax/edits.ts";
import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import type { ParsedFile } from "../syntax/source.ts";
import { NONE, type Node } from "../syntax/tree.ts";
import { listGlobals } from "./global-to-hpyglobal.ts";
import { insertSupport, sharedSupport } from "./insert-support.ts";
import { FreeNames, hasWord, type SourceEdits } from "./module-to-hpy.ts";
import { execFunction } from "./type-creation.ts";

const RULE = "type-to-hpyglobal";
const CREATE = "hpyx_create_type";

interface Ready {
  readonly name: string;
  readonly declarations: readonly GlobalVariable[];
  readonly creation: Node;
  readonly loads: readonly Node[];
}

/** Plans one step for all types of the module that are ready; null when there is none. */
export function planTypeGlobals(project: Project, module: ExtensionModule): SourceEdits | null {
  const { file, definition } = module;
  if (!module.isHPy || definition === null || definition.file !== file) return null;
  const ready = readHPyTypes(project)
    .map((type) => readyType(project, module, type))
    .filter((r) => r !== null);
  if (ready.length === 0) return null;
  const { tree } = file;
  const edits = new EditSet(file.text);
  const names = new FreeNames(project);
  for (const { name, declarations, creation, loads } of ready) {
    const made = names.take(`${name}_is_made`);
    const [first] = declarations;
    for (const g of declarations) {
      const span = { start: tree.start(g.declaration), end: tree.end(g.declaration) };
      edits.replace(
        span,
        g === first ? `static HPyGlobal ${name};\nstatic int ${made};` : `static HPyGlobal ${name};`,
        RULE,
      );
    }
    const [context, specification] = tree.named(tree.field(creation, "arguments"));
    if (context === undefined || specification === undefined) return null;
    edits.replace(
      { start: tree.start(creation), end: tree.end(creation) },
      `hpyx_create_global_type(${tree.source(context)}, ${tree.source(specification)}, &${name}, &${made})`,
      RULE,
    );
    for (const call of loads) {
      const callee = tree.field(call, "function");
      const argument = tree.named(tree.field(call, "arguments"))[1] as Node;
      edits.replace({ start: tree.start(callee), end: tree.end(callee) }, "HPyGlobal_Load", RULE);
      edits.replace({ start: tree.start(argument), end: tree.end(argument) }, name, RULE);
    }
    for (const span of unusedMacros(project, file, name)) edits.replace(span, "", RULE);
  }
  const variables = ready.map((r) => r.name);
  if (!listGlobals(project, module, definition, variables, edits)) return null;
  removeOldSupport(project, file, ready.length, edits);
  const support = new Set(["hpyx_create_global_type"]);
  const visible = sharedSupport(project, new Map([[file, { support, bridges: new Map() }]]));
  insertSupport(file, edits, support, [], visible.get(file));
  return { edits: new Map([[file, edits]]), functions: [], notes: [] };
}

/** The variable of a type when everything that names it creates the type first or loads it. */
function readyType(project: Project, module: ExtensionModule, type: HPyTypeSpec): Ready | null {
  const { file } = module;
  const { tree } = file;
  const name = type.pointer;
  if (name === null || type.specification.file !== file || type.isLegacyShape) return null;
  const declarations = (project.globals.get(name) ?? []).filter((g) => g.file === file);
  const isPlain = declarations.every(
    (g) =>
      g.isStatic &&
      g.declarator.value === NONE &&
      readDeclarators(tree, g.declaration).length === 1 &&
      g.declarator.type.pointers === 1,
  );
  if (declarations.length === 0 || !isPlain) return null;
  if (project.files.some((f) => f !== file && hasWord(f.text, name))) return null;
  const exec = execFunction(project, module);
  const loads: Node[] = [];
  let creation: Node = NONE;
  for (const n of tree.descendants(0, "identifier")) {
    if (tree.source(n) !== name || declarations.some((g) => g.declarator.nameNode === n)) continue;
    if (unusedMacros(project, file, name).some((span) => tree.start(n) >= span.start && tree.end(n) <= span.end))
      continue;
    let at = n;
    while (["parenthesized_expression", "cast_expression", "pointer_expression"].includes(tree.kind(tree.parent(at))))
      at = tree.parent(at);
    const call = tree.parent(tree.parent(at));
    if (tree.kind(tree.parent(at)) !== "argument_list") return null;
    const callee = tree.source(tree.field(call, "function"));
    const list = tree.named(tree.field(call, "arguments"));
    const isLoad = callee === "HPy_FromPyObject" && list[1] === at && stripCasts(tree, at) === n;
    const isCreation =
      callee === CREATE &&
      list[3] === at &&
      list[2] !== undefined &&
      isNullConstant(tree, list[2]) &&
      creation === NONE;
    if (isLoad) loads.push(call);
    else if (isCreation) creation = call;
    else return null;
  }
  if (creation === NONE || exec === null || !isFirst(file, creation, exec.body)) return null;
  if (isInMacro(project, file, name)) return null;
  return { name, declarations, creation, loads };
}

/** Whether a creation is one of the statements at the start of the exec function that do nothing but create types. */
function isFirst(file: ParsedFile, creation: Node, body: Node): boolean {
  const { tree } = file;
  for (const statement of tree.named(body)) {
    const holds = tree.start(statement) <= tree.start(creation) && tree.end(creation) <= tree.end(statement);
    if (tree.kind(statement) !== "if_statement" || tree.field(statement, "alternative") !== NONE) return false;
    const condition = tree.source(tree.field(statement, "condition"));
    const isCreation =
      condition.startsWith("(hpyx_create_") &&
      condition.endsWith(" < 0)") &&
      !condition.includes("||") &&
      !condition.includes("&&");
    if (!isCreation) return false;
    if (holds) return tree.source(tree.field(statement, "consequence")).includes("return -1;");
  }
  return false;
}

/** Directives that define a macro which names a type and is used nowhere. */
function unusedMacros(
  project: Project,
  file: ParsedFile,
  type: string,
): { readonly start: number; readonly end: number }[] {
  const found: { readonly start: number; readonly end: number }[] = [];
  for (const [macro, definitions] of project.knowledge.definitions) {
    const [only, ...others] = definitions;
    if (only === undefined || others.length > 0 || only.path !== file.path || !hasWord(only.body, type)) continue;
    const uses = project.files.reduce((count, f) => count + occurrences(f, macro), 0);
    if (uses > 1) continue;
    const end = file.text.indexOf("\n", only.span.end - 1);
    found.push({ start: only.span.start, end: end < 0 ? file.text.length : end + 1 });
  }
  return found;
}

function occurrences(file: ParsedFile, word: string): number {
  if (!file.text.includes(word)) return 0;
  const tokens = lex(file.text);
  let count = 0;
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] === TokenKind.directive) {
      const inner = lex(file.text.slice((tokens.start[t] as number) + 1, tokens.end[t]), "piece");
      for (let i = 0; i < inner.count; i++) if (tokenText(inner, i) === word) count++;
    } else if (tokenText(tokens, t) === word) count++;
  }
  return count;
}

/** Whether a macro that stays names the type. */
function isInMacro(project: Project, file: ParsedFile, type: string): boolean {
  const gone = unusedMacros(project, file, type);
  const tokens = lex(file.text);
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] !== TokenKind.directive) continue;
    const start = tokens.start[t] as number;
    if (!hasWord(file.text.slice(start, tokens.end[t]), type)) continue;
    if (!gone.some((span) => start >= span.start && start < span.end)) return true;
  }
  return false;
}

/** `hpyx_create_type` goes with the last type that it makes. */
function removeOldSupport(project: Project, file: ParsedFile, gone: number, edits: EditSet): void {
  const fn = resolveFunction(project, file, CREATE);
  if (fn === null || fn.file !== file || !fn.isStatic) return;
  const calls = [...file.tree.descendants(0, "call_expression")].filter(
    (n) => file.tree.source(file.tree.field(n, "function")) === CREATE,
  );
  if (calls.length !== gone) return;
  const { text, tree } = file;
  let start = tree.start(fn.node);
  const comment = text.lastIndexOf("/*", start);
  if (comment >= 0 && text.slice(text.indexOf("*/", comment) + 2, start).trim() === "") start = comment;
  let end = text.indexOf("\n", tree.end(fn.node) - 1) + 1;
  const next = text.indexOf("\n", end);
  if (next >= 0 && text.slice(end, next).trim() === "") end = next + 1;
  edits.replace({ start, end }, "", RULE);
}
