/** Inserting statements next to others in the style of the file, with braces where the grammar wants them. */

import { Refused } from "../analysis/typing.ts";
import type { EditSet, Part } from "../syntax/edits.ts";
import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";

/** Line ending that a text uses, by its first line. */
export function newlineOf(text: string): "\n" | "\r\n" {
  const at = text.indexOf("\n");
  return at > 0 && text.charAt(at - 1) === "\r" ? "\r\n" : "\n";
}

/** White space at the start of the line that holds an offset. */
export function indentationAt(text: string, offset: number): string {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  let end = start;
  while (text.charAt(end) === " " || text.charAt(end) === "\t") end++;
  return text.slice(start, end);
}

/** One level of indentation in a text: a tab, or the most usual step of spaces. */
export function indentationUnit(text: string): string {
  const unit = lastUnit.text === text ? lastUnit.unit : measureIndentation(text);
  lastUnit = { text, unit };
  return unit;
}

/** The unit of the text that was asked for last: one is asked for many times in a row. */
let lastUnit: { readonly text: string; readonly unit: string } = { text: "", unit: "    " };

function measureIndentation(text: string): string {
  let tabs = 0;
  const steps = new Map<number, number>();
  let previous = 0;
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    if (line.startsWith("\t")) {
      tabs++;
      continue;
    }
    const width = line.length - line.trimStart().length;
    if (width > previous) steps.set(width - previous, (steps.get(width - previous) ?? 0) + 1);
    previous = width;
  }
  let best = 4;
  let count = 0;
  for (const [step, times] of steps) {
    if (step >= 2 && step <= 8 && times > count) {
      best = step;
      count = times;
    }
  }
  const spaces = [...steps.values()].reduce((a, b) => a + b, 0);
  return tabs > spaces ? "\t" : " ".repeat(best);
}

interface Around {
  readonly before: Part[][];
  readonly after: Part[][];
  /** Set when a declaration is inserted, which cannot follow a label. */
  declares: boolean;
  /** Where the lines before the statement go: its start, or the start of the line of an `#if` before it. */
  start: number;
}

/** Collects statements to insert before and after others, then writes them with the braces they need. */
export class StatementEdits {
  readonly #tree: Tree;
  readonly #edits: EditSet;
  readonly #around = new Map<Node, Around>();
  readonly #removed = new Set<Node>();
  readonly #rule: string;
  readonly #newline: string;
  readonly #unit: string;

  constructor(tree: Tree, edits: EditSet, rule: string) {
    this.#tree = tree;
    this.#edits = edits;
    this.#rule = rule;
    this.#newline = newlineOf(tree.text);
    this.#unit = indentationUnit(tree.text);
  }

  #of(statement: Node): Around {
    const known = this.#around.get(statement);
    if (known !== undefined) return known;
    const fresh: Around = { before: [], after: [], declares: false, start: this.#tree.start(statement) };
    this.#around.set(statement, fresh);
    return fresh;
  }

  /** Adds a line before a statement; `declaration` when it declares a variable. */
  before(statement: Node, line: readonly Part[], kind: "statement" | "declaration" = "statement"): void {
    const start = this.#startOutsideIf(statement);
    const around = this.#of(statement);
    around.start = start;
    around.before.push([...line]);
    if (kind === "declaration") around.declares = true;
  }

  after(statement: Node, line: readonly Part[]): void {
    this.#startOutsideIf(statement);
    this.#of(statement).after.push([...line]);
  }

  /**
   * Where lines before a statement go: its start, or that of the line of the `#if` around its beginning, as in
   * `#ifndef NDEBUG`, `int ret =`, `#endif`, `f(x);`. A line beside a statement that an `#if` splits otherwise would be
   * compiled with one of its sides only, or belong to what only one side evaluates. Throws {@link Refused}.
   */
  #startOutsideIf(statement: Node): number {
    const tree = this.#tree;
    const span = { start: tree.start(statement), end: tree.end(statement) };
    if (!["declaration", "expression_statement", "return_statement"].includes(tree.kind(statement))) return span.start;
    const tokens = lex(tree.text, "file", span.start, span.end);
    const directives: number[] = [];
    for (let t = 0; t < tokens.count; t++) if (tokens.kind[t] === TokenKind.directive) directives.push(t);
    const [first] = directives;
    if (first === undefined) return span.start;
    let isPlain = directives.length === 1 && directiveName(tokenText(tokens, first)) === "endif";
    for (let t = 0; t < first; t++) if (tokenText(tokens, t) === "(") isPlain = false;
    const lineStart = tree.text.lastIndexOf("\n", span.start - 1) + 1;
    const above = tree.text.lastIndexOf("\n", lineStart - 2) + 1;
    const opens = directiveName(tree.text.slice(above, lineStart).trim()).startsWith("if");
    if (!isPlain || !opens || this.#needsBraces(statement) || tree.text.slice(lineStart, span.start).trim() !== "")
      throw new Refused("conditional-code", span, "An `#if` splits a statement beside which a line has to stand.");
    return above;
  }

  /** Writes everything into the edit set. */
  finish(): void {
    const tree = this.#tree;
    for (const statement of this.#removed) this.#finishRemoved(statement);
    const innerFirst = [...this.#around].sort(([a], [b]) => tree.end(a) - tree.end(b) || tree.start(b) - tree.start(a));
    for (const [statement, around] of innerFirst) {
      if (this.#removed.has(statement)) continue;
      const start = tree.start(statement);
      const end = tree.end(statement);
      const indent = indentationAt(tree.text, start);
      if (around.start < start && (around.declares || around.before.length > 0)) {
        if (this.#followsLabel(statement))
          throw new Refused("conditional-code", { start, end }, "An `#if` splits a statement behind a label.");
        const head = around.before.flatMap((line): Part[] => [indent, ...line, this.#newline]);
        this.#edits.replace({ start: around.start, end: around.start }, head, this.#rule, -1);
        around.before.length = 0;
        around.declares = false;
      }
      const needsBraces = this.#needsBraces(statement) || (around.declares && this.#followsLabel(statement));
      if (!needsBraces) {
        const head = around.before.flatMap((line): Part[] => [...line, this.#newline + indent]);
        if (head.length > 0) this.#edits.replace({ start, end: start }, head, this.#rule, -1);
        const tail = around.after.flatMap((line): Part[] => [this.#newline + indent, ...line]);
        if (tail.length > 0)
          this.#edits.replace(
            { start: this.#endOfLineComment(end), end: this.#endOfLineComment(end) },
            tail,
            this.#rule,
            1,
          );
        continue;
      }
      const parentIndent = indentationAt(tree.text, tree.start(tree.parent(statement)));
      const sameLine = !this.#startsLine(statement);
      const inner = sameLine || indent === parentIndent ? parentIndent + this.#unit : indent;
      const open = this.#openBraceOffset(statement);
      const head: Part[] = around.before.flatMap((line): Part[] => [...line, this.#newline + inner]);
      if (sameLine)
        this.#edits.replace({ start: open, end: start }, [` {${this.#newline}${inner}`, ...head], this.#rule, -1);
      else {
        this.#edits.insert(open, " {", this.#rule, -2);
        if (head.length > 0) this.#edits.replace({ start, end: start }, head, this.#rule, -1);
      }
      const close = this.#endOfLineComment(end);
      const tail: Part[] = around.after.flatMap((line): Part[] => [this.#newline + inner, ...line]);
      this.#edits.replace({ start: close, end: close }, [...tail, `${this.#newline}${parentIndent}}`], this.#rule, 1);
    }
  }

  #needsBraces(statement: Node): boolean {
    const kind = this.#tree.kind(this.#tree.parent(statement));
    if (
      kind === "compound_statement" ||
      kind === "case_statement" ||
      kind === "labeled_statement" ||
      kind.startsWith("preproc")
    )
      return false;
    return true;
  }

  #followsLabel(statement: Node): boolean {
    const tree = this.#tree;
    const parent = tree.parent(statement);
    if (tree.kind(parent) === "labeled_statement") return true;
    if (tree.kind(parent) !== "case_statement") return false;
    const statements = tree.named(parent).filter((c) => tree.fieldOf(c) !== "value");
    return statements[0] === statement;
  }

  #startsLine(statement: Node): boolean {
    const start = this.#tree.start(statement);
    const line = this.#tree.text.lastIndexOf("\n", start - 1) + 1;
    return this.#tree.text.slice(line, start).trim() === "";
  }

  /** End of the token before the statement: where an opening brace goes. */
  #openBraceOffset(statement: Node): number {
    const text = this.#tree.text;
    const tree = this.#tree;
    const parent = tree.parent(statement);
    let end = tree.start(parent);
    for (const c of tree.children(parent)) {
      if (c === statement) break;
      if (!tree.isComment(c)) end = tree.end(c);
    }
    if (tree.kind(parent) === "labeled_statement" || tree.kind(parent) === "case_statement")
      end = tree.start(statement);
    while (end > 0 && text.charAt(end - 1) === " ") end--;
    return end;
  }

  /** A comment at the end of the statement's line stays with it. */
  #endOfLineComment(end: number): number {
    const text = this.#tree.text;
    const lineEnd = text.indexOf("\n", end);
    const rest = text.slice(end, lineEnd < 0 ? text.length : lineEnd);
    const trimmed = rest.trimEnd();
    const comment = trimmed.trimStart();
    const whole =
      comment.startsWith("//") ||
      (comment.startsWith("/*") && comment.endsWith("*/") && comment.indexOf("*/") === comment.length - 2);
    return whole ? end + trimmed.length : end;
  }

  /** Deletes a whole statement, with its line when nothing else is on it; an unbraced body becomes `;`. */
  remove(statement: Node): void {
    this.#removed.add(statement);
  }

  #finishRemoved(statement: Node): void {
    const tree = this.#tree;
    const text = tree.text;
    let start = tree.start(statement);
    let end = tree.end(statement);
    const around = this.#around.get(statement);
    const lines = [...(around?.before ?? []), ...(around?.after ?? [])];
    if (lines.length > 0) {
      const indent = indentationAt(text, start);
      const parts = lines.flatMap((line, i): Part[] => (i === 0 ? line : [this.#newline + indent, ...line]));
      const braces = lines.length > 1 && this.#needsBraces(statement);
      this.#edits.replace({ start, end }, braces ? ["{ ", ...parts, " }"] : parts, this.#rule);
      return;
    }
    if (this.#needsBraces(statement) || tree.kind(tree.parent(statement)) === "labeled_statement") {
      this.#edits.replace({ start, end }, ";", this.#rule);
      return;
    }
    const line = text.lastIndexOf("\n", start - 1) + 1;
    const lineEnd = text.indexOf("\n", end);
    const alone =
      text.slice(line, start).trim() === "" && text.slice(end, lineEnd < 0 ? text.length : lineEnd).trim() === "";
    if (alone && lineEnd >= 0) {
      start = line;
      end = lineEnd + 1;
    } else while (text.charAt(end) === " ") end++;
    this.#edits.replace({ start, end }, "", this.#rule);
  }
}

/** Nearest ancestor-or-self that is a statement in a block or an unbraced body. */
export function statementOf(tree: Tree, n: Node): Node {
  let at = n;
  while (at !== NONE) {
    const kind = tree.kind(at);
    const parent = tree.parent(at);
    const parentKind = parent === NONE ? "" : tree.kind(parent);
    const inBlock =
      parentKind === "compound_statement" ||
      (parentKind === "case_statement" && tree.fieldOf(at) !== "value") ||
      parentKind === "labeled_statement";
    if (inBlock || STATEMENTS.has(kind)) return at;
    at = parent;
  }
  return NONE;
}

const STATEMENTS: ReadonlySet<string> = new Set([
  "expression_statement",
  "return_statement",
  "if_statement",
  "for_statement",
  "while_statement",
  "do_statement",
  "switch_statement",
  "goto_statement",
  "break_statement",
  "continue_statement",
  "declaration",
  "compound_statement",
  "labeled_statement",
]);

/** The word after the `#` of a directive; empty for a line that is none. */
function directiveName(line: string): string {
  if (!line.startsWith("#")) return "";
  const tokens = lex(line.slice(1), "piece");
  return tokens.count === 0 ? "" : tokenText(tokens, 0);
}
