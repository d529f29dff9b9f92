import { isPunctuation, TokenKind, type Tokens, tokenText } from "./lexer.ts";
import type { MacroLookup } from "./macros.ts";
import { type OutlinedFunction, outlineFunctions } from "./outline.ts";
import type { Span, Unparsed } from "./source.ts";
import { NONE, type Node, type Tree } from "./tree.ts";

/** What the audit compares. */
export interface AuditInput {
  readonly tree: Tree;
  /** The text that was parsed. */
  readonly masked: string;
  /** Tokens of the original text that the tree is to show: no comments, no hidden branches. */
  readonly tokens: Tokens;
  readonly macros: MacroLookup;
  /** Trees of other choices of conditionals that may be compiled: a syntax error in one counts as well. */
  readonly alternatives: readonly Tree[];
}

/** Errors outside functions that lie closer together than this are one part. */
const MERGE_DISTANCE = 400;

/**
 * Parts of a file that its tree does not show faithfully. A tree without an error can still be wrong (a macro taken
 * for a type swallows the call behind it), so the tree is held against the tokens: every function that the tokens
 * show has to be one in the tree, and every `Py...(` has to be a call, a declaration or a known macro.
 */
export function audit(input: AuditInput): Unparsed[] {
  const report = new AuditReport(input.tree, outlineFunctions(input.tokens, input.tree.grammar.language));
  reportErrors(input.tree, report);
  reportMissingFunctions(input.tree, report);
  reportKeywordsAsNames(input, report);
  reportMacrosAsTypes(input, report);
  reportLostCalls(input, report);
  for (const alternative of input.alternatives) reportErrors(alternative, report);
  return report.finish();
}

class AuditReport {
  readonly tree: Tree;
  readonly functions: readonly OutlinedFunction[];
  readonly #byStart = new Map<number, Unparsed>();

  constructor(tree: Tree, functions: readonly OutlinedFunction[]) {
    this.tree = tree;
    this.functions = functions;
  }

  /** Reports `[start, end)` in the function around it; only the first reason for a function is kept. */
  add(start: number, end: number, reason: string): void {
    const around = this.functions.find((one) => one.start <= start && start < one.end);
    if (around === undefined) this.addPart({ span: { start, end }, name: "", reason });
    else this.addPart({ span: { start: around.start, end: around.end }, name: around.name, reason });
  }

  addPart(part: Unparsed): void {
    if (!this.#byStart.has(part.span.start)) this.#byStart.set(part.span.start, part);
  }

  /** All parts in source order, with neighbouring ones outside functions merged. */
  finish(): Unparsed[] {
    const parts = [...this.#byStart.values()].sort((a, b) => a.span.start - b.span.start);
    const merged: Unparsed[] = [];
    for (const part of parts) {
      const last = merged.at(-1);
      const close = last !== undefined && part.span.start - last.span.end < MERGE_DISTANCE;
      if (last !== undefined && close && last.name === "" && part.name === "" && !this.#between(last.span, part.span)) {
        const end = Math.max(last.span.end, part.span.end);
        merged[merged.length - 1] = { ...last, span: { start: last.span.start, end } };
      } else merged.push(part);
    }
    return merged;
  }

  #between(a: Span, b: Span): boolean {
    return this.functions.some((one) => one.start >= a.end && one.end <= b.start);
  }
}

function reportErrors(tree: Tree, report: AuditReport): void {
  if (!tree.hasError(0)) return;
  for (let n = 0; n < tree.size; ) {
    if (!tree.hasError(n)) {
      n = tree.next(n);
      continue;
    }
    const missing = tree.isMissing(n);
    if (missing || tree.kind(n) === "ERROR") {
      const reason = missing ? `the parser misses ${JSON.stringify(tree.kind(n))}` : "syntax error";
      report.add(tree.start(n), tree.end(n), `${reason} near ${excerpt(tree.text, tree.start(n))}`);
    }
    n++;
  }
}

function excerpt(text: string, at: number): string {
  return JSON.stringify(text.slice(at, at + 40).trimEnd());
}

/** Functions that the tokens show and the tree does not. */
function reportMissingFunctions(tree: Tree, report: AuditReport): void {
  const bodies = new Map<number, number>();
  for (let n = 0; n < tree.size; n++) {
    if (tree.kind(n) !== "function_definition") continue;
    const body = tree.field(n, "body");
    if (body !== NONE) {
      // A `try` block as a body starts with its keyword.
      const block = tree.kind(body) === "try_statement" ? tree.field(body, "body") : body;
      bodies.set(tree.start(block === NONE ? body : block), tree.end(body));
    }
  }
  for (const { name, start, body, end } of report.functions) {
    if (bodies.get(body) === end || (bodies.has(body) && tree.grammar.language === "cpp")) continue;
    const reason = bodies.has(body) ? "the function ends elsewhere in the tree" : "the tree shows no function here";
    report.addPart({ span: { start, end }, name, reason });
  }
}

const STATEMENT_KEYWORDS = new Set(
  "if else for while do switch case return goto break continue sizeof static typedef".split(" "),
);

/** Keywords where the parser found a name: it has lost its way without noticing. */
function reportKeywordsAsNames({ tree, masked }: AuditInput, report: AuditReport): void {
  for (let n = 0; n < tree.size; n++) {
    if (tree.kind(n) !== "identifier" && tree.kind(n) !== "type_identifier") continue;
    const length = tree.end(n) - tree.start(n);
    if (length < 2 || length > 8) continue;
    const word = masked.slice(tree.start(n), tree.end(n));
    if (STATEMENT_KEYWORDS.has(word)) report.add(tree.start(n), tree.end(n), `the parser took ${word} for a name`);
  }
}

/** Macros that stand for statements but were taken for the type of a declaration. */
function reportMacrosAsTypes({ tree, macros }: AuditInput, report: AuditReport): void {
  for (let n = 0; n < tree.size; n++) {
    if (tree.kind(n) !== "type_identifier" || tree.start(n) === tree.end(n)) continue;
    const parent = tree.parent(n);
    if (tree.kind(parent) !== "declaration" && tree.kind(parent) !== "parameter_declaration") continue;
    const role = macros.get(tree.source(n))?.role;
    if (role !== "statement" && role !== "loop" && role !== "branch") continue;
    if (tree.field(parent, "declarator") === NONE) continue;
    report.add(tree.start(n), tree.end(n), `the macro ${tree.source(n)} was taken for a type`);
  }
}

/** Calls of the C API that the tree shows as something else, or not at all. */
function reportLostCalls({ tree, tokens, macros }: AuditInput, report: AuditReport): void {
  const names = new Map<number, Node>();
  for (let n = 0; n < tree.size; n++) {
    if (tree.isNamed(n) && tree.next(n) === n + 1 && isApiStart(tree.text, tree.start(n))) names.set(tree.start(n), n);
  }
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] !== TokenKind.identifier || !isPunctuation(tokens, t + 1, 40)) continue;
    const start = tokens.start[t] as number;
    if (!isApiStart(tokens.text, start)) continue;
    const word = tokenText(tokens, t);
    const node = names.get(start);
    if (node === undefined || tree.source(node) !== word) {
      if (!isMaskedMacro(word, macros)) report.add(start, start + word.length, `the tree lost the call of ${word}`);
    } else if (!isCallOrDeclaration(tree, node, macros)) {
      report.add(start, start + word.length, `the tree does not show the call of ${word} as a call`);
    }
  }
}

/** Whether an identifier that starts at `at` is spelt like one of the C API: `Py` or `_Py`, then a capital or `_`. */
function isApiStart(text: string, at: number): boolean {
  const from = text.charCodeAt(at) === 95 ? at + 1 : at;
  if (text.charCodeAt(from) !== 80 || text.charCodeAt(from + 1) !== 121) return false;
  const next = text.charCodeAt(from + 2);
  return next === 95 || (next >= 65 && next <= 90);
}

function isMaskedMacro(word: string, macros: MacroLookup): boolean {
  const role = macros.get(word)?.role;
  return role !== undefined && role !== "other" && role !== "statement" && role !== "item";
}

/** Nodes around the name in a callee such as `a::f`, `f<T>` and `x->f`. */
const CALLEE_PARTS = new Set([
  "qualified_identifier",
  "template_function",
  "template_method",
  "field_expression",
  "dependent_name",
  "destructor_name",
  "parenthesized_expression",
]);

function isCallOrDeclaration(tree: Tree, node: Node, macros: MacroLookup): boolean {
  let n = node;
  let parent = tree.parent(n);
  while (CALLEE_PARTS.has(tree.kind(parent)) && tree.fieldOf(n) !== "argument") {
    n = parent;
    parent = tree.parent(n);
  }
  switch (tree.kind(parent)) {
    case "call_expression":
      return tree.fieldOf(n) === "function";
    case "function_declarator":
      // In a block it would be a declaration of a function; macros without a semicolon before them look like one.
      return tree.enclosing(parent, "compound_statement") === NONE || isDefinition(tree, parent);
    case "macro_type_specifier":
      return macros.get(tree.source(n))?.role === "other" && tree.enclosing(parent, "compound_statement") === NONE;
    case "preproc_call_expression":
      return true;
    default:
      if (declaresFunctionPointer(tree, parent)) return true;
      // A type before `(name)`, or in C++ a constructor and its like.
      return tree.kind(node) === "type_identifier" || tree.kind(node) === "field_identifier"
        ? tree.enclosing(parent, "compound_statement") === NONE || tree.fieldOf(n) === "name"
        : tree.kind(parent) === "ERROR" || tree.enclosing(parent, "preproc_if", "preproc_elif") === parent;
  }
}

/** Whether a declaration has the shape `Type (*name)(parameters)`. */
function declaresFunctionPointer(tree: Tree, declaration: Node): boolean {
  let declarator = tree.field(declaration, "declarator");
  if (tree.kind(declarator) === "init_declarator") declarator = tree.field(declarator, "declarator");
  if (declarator === NONE || tree.kind(declarator) !== "function_declarator") return false;
  const inner = tree.field(declarator, "declarator");
  return (
    tree.kind(inner) === "parenthesized_declarator" && tree.kind(tree.named(inner)[0] ?? NONE) === "pointer_declarator"
  );
}

function isDefinition(tree: Tree, declarator: Node): boolean {
  const owner = tree.enclosing(declarator, "function_definition", "compound_statement");
  return owner !== NONE && tree.kind(owner) === "function_definition";
}
