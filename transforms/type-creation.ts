/** Where a module creates its types: the start of its exec function, or a function that this calls. */

import { stripCasts, stripParentheses } from "../model/declarations.ts";
import { type CFunction, type ExtensionModule, type Project, topLevelCalls } from "../model/project.ts";
import type { EditSet } from "../syntax/edits.ts";
import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import type { ParsedFile, Span } from "../syntax/source.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import { indentationUnit, newlineOf } from "./statement-edits.ts";

const RULE = "type-to-spec";

/** The exec function of an HPy module; null when it is not found. */
export function execFunction(project: Project, module: ExtensionModule): CFunction | null {
  const { file } = module;
  const { tree } = file;
  const find = (name: string): CFunction | null =>
    (project.functions.get(name) ?? []).find((f) => f.file === file && f.isMigrated) ?? null;
  for (const call of topLevelCalls(tree, "HPyDef_SLOT")) {
    const [symbol, slot] = tree.named(tree.field(call, "arguments"));
    if (symbol !== undefined && slot !== undefined && tree.source(slot) === "HPy_mod_exec")
      return find(`${tree.source(symbol)}_impl`);
  }
  for (const call of topLevelCalls(tree, "HPyDef_SLOT_IMPL")) {
    const [, implementation, slot] = tree.named(tree.field(call, "arguments"));
    if (implementation !== undefined && slot !== undefined && tree.source(slot) === "HPy_mod_exec")
      return find(tree.source(implementation));
  }
  return null;
}

/** The identifier in `&name`, below casts; null for anything else. */
export function addressed(tree: Tree, n: Node): string | null {
  const at = stripCasts(tree, n);
  if (tree.kind(at) !== "pointer_expression" || !tree.source(at).startsWith("&")) return null;
  const target = stripParentheses(tree, tree.field(at, "argument"));
  return tree.kind(target) === "identifier" ? tree.source(target) : null;
}

/** Files of the module that include a file. */
export function includersOf(file: ParsedFile, module: ExtensionModule): ParsedFile[] {
  const names = (path: string): boolean =>
    file.path === path || file.path.endsWith(`/${path.replace(/^(\.\.?\/)+/, "")}`);
  return module.files.filter((f) => f !== file && f.includes.some((i) => names(i.path)));
}

/** The file that a compiler is called for when it compiles a file; null when there are several or none. */
export function unitOf(file: ParsedFile, module: ExtensionModule): ParsedFile | null {
  const roots = new Set<ParsedFile>();
  const seen = new Set<ParsedFile>();
  const visit = (at: ParsedFile): void => {
    if (seen.has(at)) return;
    seen.add(at);
    const above = includersOf(at, module);
    if (above.length === 0) roots.add(at);
    for (const other of above) visit(other);
  };
  visit(file);
  return roots.size === 1 ? ([...roots][0] as ParsedFile) : null;
}

/** How the module creates a type. */
export interface Creation {
  readonly statements: readonly string[];
  /** Of a function in another file that creates it; null where the exec function does. */
  readonly prototype: string | null;
}

/** C source of type flags with those that HPy has under its names, without comments. */
export function hpyFlags(source: string): string {
  let text = "";
  let at = 0;
  const tokens = lex(source, "piece");
  for (let t = 0; t < tokens.count; t++) {
    const word = tokenText(tokens, t);
    const start = tokens.start[t] as number;
    if (tokens.kind[t] === TokenKind.comment) {
      text += source.slice(at, start);
      at = tokens.end[t] as number;
    }
    if (!["Py_TPFLAGS_DEFAULT", "Py_TPFLAGS_BASETYPE", "Py_TPFLAGS_HAVE_GC"].includes(word)) continue;
    text += `${source.slice(at, start)}H${word}`;
    at = tokens.end[t] as number;
  }
  return text + source.slice(at);
}

/** The span of a declaration with its line and the blank line after it. */
export function removal(text: string, span: Span): Span {
  const start = text.lastIndexOf("\n", span.start - 1) + 1;
  const newline = text.indexOf("\n", span.end);
  let end = newline < 0 ? text.length : newline + 1;
  if (text.slice(start, span.start).trim() !== "" || text.slice(span.end, end).trim() !== "") return span;
  const next = text.indexOf("\n", end);
  if (next >= 0 && text.slice(end, next).trim() === "") end = next + 1;
  return { start, end };
}

/** Whether the exec function can name what a file declares at an offset's node: they are compiled together, in this order. */
export function isOneUnit(file: ParsedFile, exec: CFunction, declaration: Node, module: ExtensionModule): boolean {
  return unitOf(file, module) === exec.file && (file !== exec.file || declaration < exec.node);
}

/** Pointers to types that earlier steps create. */
export function createdPointers(project: Project): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { tree, text } of project.files) {
    if (!text.includes("hpyx_create_type")) continue;
    for (const call of tree.descendants(0, "call_expression")) {
      if (tree.source(tree.field(call, "function")) !== "hpyx_create_type") continue;
      const pointer = tree.named(tree.field(call, "arguments"))[3];
      const name = pointer === undefined ? null : addressed(tree, pointer);
      if (name !== null) found.add(name);
    }
  }
  return found;
}

/** Creates types at the start of the exec function, after those that earlier steps create there. */
export function insertCreation(exec: CFunction, edits: EditSet, creations: readonly Creation[]): void {
  const { file, body, node } = exec;
  const { tree, text } = file;
  const unit = indentationUnit(text);
  const newline = newlineOf(text);
  let after: Node = NONE;
  for (const statement of tree.named(body)) {
    const source = tree.source(statement);
    const isCreation =
      tree.kind(statement) === "if_statement" &&
      (source.includes("hpyx_create_type(ctx") ||
        source.includes("_create(ctx)") ||
        source.includes('->tp_dict, "__annotations__"'));
    const isPoke = tree.kind(statement) === "expression_statement" && source.includes("->tp_");
    if (!isCreation && !isPoke) break;
    after = statement;
  }
  const lines = creations.flatMap((c) => c.statements).map((s) => `${newline}${unit}${s}`);
  edits.insert(after === NONE ? tree.start(body) + 1 : tree.end(after), lines.join(""), RULE);
  const prototypes = creations.map((c) => c.prototype).filter((p) => p !== null);
  if (prototypes.length > 0) edits.insert(tree.start(node), prototypes.join(newline) + newline + newline, RULE, -5);
}
