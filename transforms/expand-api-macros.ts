/**
 * Expands the macros of a project that hide the C API, objects or control flow inside of functions: expressions such as
 * `#define Point_Check(o) PyObject_TypeCheck(o, Point_Type)`, statements such as `RAISE_IF_READONLY(self, NULL);`, and
 * names for either. What they hide has to be rewritten.
 */

import { HARMLESS_CAPI, looksLikeCapi } from "../analysis/capi-names.ts";
import { CAPI_FUNCTIONS } from "../model/api/capi-table.ts";
import { readDeclarators } from "../model/declarations.ts";
import { type CFunction, isDead, type Project } from "../model/project.ts";
import { readDirective } from "../syntax/directives.ts";
import type { Edit } from "../syntax/edits.ts";
import { EditSet } from "../syntax/edits.ts";
import { breakOut, closingToken, jumpOut } from "../syntax/jumps.ts";
import { isPunctuation, lex, TokenKind, type Tokens, tokenText } from "../syntax/lexer.ts";
import type { InputFile, MacroDefinition, ParsedFile, Span } from "../syntax/source.ts";
import { indentationAt, indentationUnit, newlineOf } from "./statement-edits.ts";

const RULE = "expand-api-macros";
const HASH = 35;
const OPEN = 40;
const CLOSE = 41;
const STAR = 42;
const COMMA = 44;
const SEMICOLON = 59;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
/** Words that make a statement or a declaration of a macro's body. */
const NO_EXPRESSION: ReadonlySet<string> = new Set([
  "break",
  "case",
  "continue",
  "do",
  "else",
  "for",
  "goto",
  "if",
  "return",
  "static",
  "switch",
  "while",
]);
/** Words of a type that begin a declaration. */
const TYPE_WORDS: ReadonlySet<string> = new Set([
  "char",
  "const",
  "double",
  "enum",
  "float",
  "int",
  "long",
  "register",
  "short",
  "signed",
  "static",
  "struct",
  "union",
  "unsigned",
  "void",
  "volatile",
]);
const MAXIMAL_EXPRESSION = 400;
const MAXIMAL_STATEMENTS = 3000;

/** Expands these macros in all functions that are not of HPy yet; null when there is nothing to expand. */
export function expandApiMacros(project: Project): ReadonlyMap<ParsedFile, EditSet> | null {
  const macros = new Macros(project);
  if (macros.isEmpty) return null;
  const functions = new Map<ParsedFile, CFunction[]>();
  for (const all of project.functions.values())
    for (const fn of all) if (!fn.isMigrated) functions.set(fn.file, [...(functions.get(fn.file) ?? []), fn]);
  const expanded = new Map<ParsedFile, EditSet>();
  for (const [file, list] of functions) {
    const edits = new EditSet(file.text);
    list.sort((a, b) => a.body - b.body);
    for (const fn of list) expandIn(macros, fn, edits);
    if (edits.size > 0) expanded.set(file, edits);
  }
  return expanded.size === 0 ? null : expanded;
}

function expandIn(macros: Macros, fn: CFunction, edits: EditSet): void {
  const { file, body } = fn;
  const tokens = lex(file.text);
  const end = file.tree.end(body);
  let objects: ReadonlySet<string> | null = null;
  for (let t = firstAfter(tokens, file.tree.start(body)); t < tokens.count; t++) {
    const start = tokens.start[t] as number;
    if (start >= end) break;
    if (tokens.kind[t] !== TokenKind.identifier) continue;
    const name = tokenText(tokens, t);
    const macro = macros.find(name, { file, offset: start });
    if (macro === null || isField(tokens, t) || isDead(file, start)) continue;
    objects ??= objectLocals(macros.project, fn);
    const at: Place = { file, offset: start, objects };
    if (objects.has(name) || !macros.hides(macro, at)) continue;
    const call = callOf(tokens, t, macro);
    if (call === null) continue;
    const text = macros.expand(macro, call.values, at);
    if (text === null) continue;
    const use = isExpression(macro)
      ? { span: { start, end: tokens.end[call.last] as number }, text }
      : layOut(tokens, t, call.last, macros.columnOf(macro), text, file);
    if (use.text.length > (isExpression(macro) ? MAXIMAL_EXPRESSION : MAXIMAL_STATEMENTS)) continue;
    edits.replace(use.span, use.text, RULE);
    t = call.last;
  }
}

/** The first token that does not begin before an offset. */
function firstAfter(tokens: Tokens, offset: number): number {
  let low = 0;
  let high = tokens.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tokens.start[middle] as number) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Parameters and local variables of a function that hold or reach objects. */
function objectLocals(project: Project, fn: CFunction): ReadonlySet<string> {
  const names = new Set<string>();
  const { tree } = fn.file;
  const declared = [...tree.descendants(fn.body, "declaration")].flatMap((d) => readDeclarators(tree, d));
  for (const d of [...fn.parameters, ...declared])
    if (d.name !== "" && project.objects.mentionsObject(d.type)) names.add(d.name);
  return names;
}

/**
 * Adds to the edits of a step, which are of the expanded text, those that put macros back in functions that the step
 * does not rewrite, and those that remove the definitions of macros that nothing uses any more. `expansions` are the
 * edits that made the expanded text from the original.
 */
export function restoreMacros(
  project: Project,
  original: ReadonlyMap<string, InputFile>,
  expansions: ReadonlyMap<string, readonly Edit[]>,
  step: ReadonlyMap<ParsedFile, EditSet>,
): ReadonlyMap<ParsedFile, EditSet> {
  const result = new Map(step);
  /** Names in the text that the step takes out. */
  const gone = new Map<string, number>();
  for (const [path, edits] of expansions) {
    const file = project.files.find((f) => f.path === path);
    const before = original.get(path)?.text;
    if (file === undefined || before === undefined) continue;
    const { tree } = file;
    const set = result.get(file) ?? new EditSet(file.text);
    const touched = set.edits();
    const functions = [...project.functions.values()]
      .flat()
      .filter((f) => f.file === file)
      .map((f) => ({ start: tree.start(f.node), end: tree.end(f.node) }))
      .filter((span) => !touched.some((e) => e.start < span.end && e.end > span.start && e.start < e.end));
    let shift = 0;
    for (const edit of edits) {
      const start = edit.start + shift;
      const end = start + edit.text.length;
      shift += edit.text.length - (edit.end - edit.start);
      const replaced = before.slice(edit.start, edit.end);
      if (functions.some((f) => start >= f.start && end <= f.end)) set.replace({ start, end }, replaced, RULE);
      else for (const name of namesIn(replaced)) gone.set(name, (gone.get(name) ?? 0) + 1);
    }
    result.set(file, set);
  }
  removeUnused(project, original, gone, result);
  return result;
}

function namesIn(text: string): string[] {
  const tokens = lex(text, "piece");
  const names: string[] = [];
  for (let t = 0; t < tokens.count; t++) if (tokens.kind[t] === TokenKind.identifier) names.push(tokenText(tokens, t));
  return names;
}

/** Removes the definitions of macros whose last uses are gone. */
function removeUnused(
  project: Project,
  original: ReadonlyMap<string, InputFile>,
  gone: ReadonlyMap<string, number>,
  result: Map<ParsedFile, EditSet>,
): void {
  const candidates = new Set([...gone.keys()].filter((name) => project.knowledge.definitions.has(name)));
  if (candidates.size === 0) return;
  const uses = new Map<string, number>();
  for (const { text } of original.values()) {
    if (![...candidates].some((name) => text.includes(name))) continue;
    const tokens = lex(text);
    for (let t = 0; t < tokens.count; t++) {
      const isDirective = tokens.kind[t] === TokenKind.directive;
      if (!isDirective && tokens.kind[t] !== TokenKind.identifier) continue;
      const defined = isDirective ? definedName(tokens, t) : null;
      for (const name of isDirective ? namesIn(directiveArgument(tokens, t)) : [tokenText(tokens, t)])
        if (candidates.has(name) && name !== defined) uses.set(name, (uses.get(name) ?? 0) + 1);
    }
  }
  const unused = new Set([...candidates].filter((name) => (uses.get(name) ?? 0) <= (gone.get(name) ?? 0)));
  for (const file of project.files) {
    if (![...unused].some((name) => file.text.includes(name))) continue;
    const tokens = lex(file.text);
    for (let t = 0; t < tokens.count; t++) {
      const defined = tokens.kind[t] === TokenKind.directive ? definedName(tokens, t) : null;
      if (defined === null || !unused.has(defined)) continue;
      const set = result.get(file) ?? new EditSet(file.text);
      const span = { start: tokens.start[t] as number, end: tokens.end[t] as number };
      set.replace({ start: span.start, end: endWithLine(file.text, span) }, "", RULE);
      result.set(file, set);
    }
  }
}

/** End of a directive with its line break, and with an empty line after it where one is before it too. */
function endWithLine(text: string, { start, end }: Span): number {
  const next = text.indexOf("\n", end) + 1;
  if (next === 0) return text.length;
  const after = text.indexOf("\n", next) + 1;
  const isBetween = after > 0 && text.slice(next, after).trim() === "" && isAfterEmptyLine(text, start);
  return isBetween ? after : next;
}

function isAfterEmptyLine(text: string, start: number): boolean {
  const before = text.lastIndexOf("\n", start - 1);
  return before > 0 && text.slice(text.lastIndexOf("\n", before - 1) + 1, before).trim() === "";
}

function directiveArgument(tokens: Tokens, t: number): string {
  return tokens.text.slice(readDirective(tokens, t).argument, tokens.end[t]);
}

/** The name that a `#define` or `#undef` is for; null for other directives. */
function definedName(tokens: Tokens, t: number): string | null {
  const { name } = readDirective(tokens, t);
  if (name !== "define" && name !== "undef") return null;
  return namesIn(directiveArgument(tokens, t))[0] ?? null;
}

/** Where a macro is used: which of its definitions holds, and what it finds there, depends on it. */
interface Place {
  readonly file: ParsedFile;
  readonly offset: number;
  /** Variables of the function that hold objects. */
  readonly objects: ReadonlySet<string>;
}

/** The macros of a project as the functions in it see them. */
class Macros {
  readonly project: Project;
  readonly #files: ReadonlyMap<string, ParsedFile>;
  readonly #live = new Map<string, readonly (MacroDefinition & { readonly path: string })[]>();
  readonly #bodies = new Map<MacroDefinition, string>();
  readonly #hiding = new Map<MacroDefinition, boolean>();

  constructor(project: Project) {
    this.project = project;
    this.#files = new Map(project.files.map((f) => [f.path, f]));
    for (const [name, definitions] of project.knowledge.definitions) {
      // A stand-in for what some releases of Python lack means what the C API says.
      if (CAPI_FUNCTIONS.has(name)) continue;
      const live = definitions.filter((d) => {
        const file = this.#files.get(d.path);
        return d.body !== "" && (file === undefined || !isDead(file, d.span.start));
      });
      if (live.length > 0) this.#live.set(name, live);
    }
  }

  get isEmpty(): boolean {
    return this.#live.size === 0;
  }

  /** The definition that holds at a place; null where that is not certain. */
  find(name: string, { file, offset }: Omit<Place, "objects">): MacroDefinition | null {
    const live = this.#live.get(name);
    const first = live?.[0];
    if (live === undefined || first === undefined) return null;
    if (live.every((d) => isSame(d, first))) return first;
    const own = live.filter((d) => d.path === file.path && d.span.start < offset);
    const last = own[own.length - 1];
    if (last === undefined) return null;
    const isBranch = file.conditionals.some((c) =>
      c.branches.some(
        (b) => b.liveness === "unknown" && last.span.start >= b.body.start && last.span.end <= b.body.end,
      ),
    );
    return isBranch ? null : last;
  }

  /**
   * Whether the analysis cannot see what a macro does: its expansion has the C API, objects, functions on objects, or
   * jumps out of itself in it.
   */
  hides(macro: MacroDefinition, at: Place): boolean {
    if (isAlias(macro)) return false;
    return this.#hidesAnywhere(macro, at, new Set()) || this.#captures(macro, at, new Set());
  }

  #hidesAnywhere(macro: MacroDefinition, at: Place, seen: ReadonlySet<string>): boolean {
    const known = this.#hiding.get(macro);
    if (known !== undefined) return known;
    const within = new Set([...seen, macro.name]);
    const tokens = lex(macro.body, "piece");
    const { objects, functions, globals } = this.project;
    let answer = jumpOut(tokens) !== null;
    for (let t = 0; t < tokens.count && !answer; t++) {
      if (tokens.kind[t] !== TokenKind.identifier || isField(tokens, t)) continue;
      const word = tokenText(tokens, t);
      if (macro.parameters?.includes(word) === true) continue;
      const isCast =
        isPunctuation(tokens, t + 1, STAR) &&
        isPunctuation(tokens, t + 2, CLOSE) &&
        objects.mentionsObject({ base: word, pointers: 1, arrays: 0, isFunction: false });
      const nested = within.has(word) ? null : this.find(word, at);
      answer =
        isCast ||
        (looksLikeCapi(word) && !HARMLESS_CAPI.has(word)) ||
        functions
          .get(word)
          ?.some(
            (f) => objects.mentionsObject(f.result) || f.parameters.some((p) => objects.mentionsObject(p.type)),
          ) === true ||
        globals.get(word)?.some((g) => objects.mentionsObject(g.declarator.type)) === true ||
        (nested !== null && this.#hidesAnywhere(nested, at, within));
    }
    if (seen.size === 0) this.#hiding.set(macro, answer);
    return answer;
  }

  /** Whether an expansion names a variable with an object itself. */
  #captures(macro: MacroDefinition, at: Place, seen: ReadonlySet<string>): boolean {
    const within = new Set([...seen, macro.name]);
    const tokens = lex(macro.body, "piece");
    for (let t = 0; t < tokens.count; t++) {
      const word = tokenText(tokens, t);
      if (tokens.kind[t] !== TokenKind.identifier || isField(tokens, t) || macro.parameters?.includes(word) === true)
        continue;
      if (at.objects.has(word)) return true;
      const nested = within.has(word) ? null : this.find(word, at);
      if (nested !== null && this.#captures(nested, at, within)) return true;
    }
    return false;
  }

  /** Expansion of a use; null where it cannot be written. */
  expand(macro: MacroDefinition, values: readonly string[], at: Place): string | null {
    return this.#expandCall(macro, values, at, new Set());
  }

  /** The replacement text with its comments and line breaks. */
  body(macro: MacroDefinition): string {
    const known = this.#bodies.get(macro);
    if (known !== undefined) return known;
    const raw = this.#textAround(macro).slice(macro.bodySpan.start, macro.bodySpan.end);
    // A comment that ends with its line goes on after a continuation.
    const body = isExpression(macro) || raw.includes("//") ? macro.body : withoutContinuations(raw);
    this.#bodies.set(macro, body);
    return body;
  }

  /** The column in which the body of a macro begins; -1 where it begins after something else on the line. */
  columnOf(macro: MacroDefinition): number {
    const text = this.#textAround(macro);
    const start = text.lastIndexOf("\n", macro.bodySpan.start - 1) + 1;
    const before = text.slice(start, macro.bodySpan.start);
    return before.trim() === "" ? before.length : -1;
  }

  #textAround(macro: MacroDefinition): string {
    for (const definition of this.#live.get(macro.name) ?? [])
      if (definition === macro) return this.#files.get(definition.path)?.text ?? "";
    return "";
  }

  /** `seen` are the macros that are being expanded, which stay as they are. */
  #expandCall(macro: MacroDefinition, values: readonly string[], at: Place, seen: ReadonlySet<string>): string | null {
    const given = values.map((v) => this.#expandText(v, at, seen));
    const isCompact = isExpression(macro);
    const body = this.body(macro);
    const tokens = lex(body, "piece");
    let text = "";
    let end = 0;
    for (let t = 0; t < tokens.count; t++) {
      const between = body.slice(end, tokens.start[t]);
      end = tokens.end[t] as number;
      text += isCompact && between !== "" ? " " : between;
      if (isPunctuation(tokens, t, HASH)) {
        if (isPunctuation(tokens, t + 1, HASH)) {
          text = text.trimEnd();
          t++;
          const next = this.#rawArgument(macro, tokens, t + 1, values);
          if (next === null) return null;
          text += next;
          end = tokens.end[++t] as number;
          continue;
        }
        const operand = this.#rawArgument(macro, tokens, t + 1, values);
        if (operand === null || macro.parameters === null) return null;
        if (operand.includes('"') || operand.includes("\\") || operand.includes("\n")) return null;
        text += `"${operand}"`;
        end = tokens.end[++t] as number;
        continue;
      }
      const isPasted = isPunctuation(tokens, t + 1, HASH) && isPunctuation(tokens, t + 2, HASH);
      const parameter =
        tokens.kind[t] === TokenKind.identifier && !isField(tokens, t)
          ? parameterIndex(macro, tokenText(tokens, t))
          : -1;
      const value = parameter < 0 ? tokenText(tokens, t) : (isPasted ? values : given)[parameter];
      if (value === undefined || value === null) return null;
      // A name needs no parentheses around it, unless they are those of a call.
      if (isPunctuation(tokens, t, OPEN) && isPunctuation(tokens, t + 2, CLOSE) && !endsOperand(tokens, t - 1)) {
        const inner = parameterIndex(macro, tokenText(tokens, t + 1));
        const only = inner < 0 ? undefined : given[inner];
        if (only !== undefined && only !== null && isName(only)) {
          text += only;
          t += 2;
          end = tokens.end[t] as number;
          continue;
        }
      }
      text += value;
    }
    return this.#expandText(text, at, new Set([...seen, macro.name]));
  }

  /** What stands beside `#` or `##`: an argument as it is written, or a word of the body. */
  #rawArgument(macro: MacroDefinition, tokens: Tokens, t: number, values: readonly string[]): string | null {
    if (t >= tokens.count) return null;
    const word = tokenText(tokens, t);
    const parameter = parameterIndex(macro, word);
    return parameter < 0 ? word : (values[parameter] ?? null);
  }

  #expandText(source: string, at: Place, seen: ReadonlySet<string>): string | null {
    const tokens = lex(source, "piece");
    let text = "";
    let from = 0;
    for (let t = 0; t < tokens.count; t++) {
      const name = tokenText(tokens, t);
      if (seen.has(name) || tokens.kind[t] !== TokenKind.identifier || isField(tokens, t)) continue;
      const macro = this.find(name, at);
      if (macro === null || !this.hides(macro, at)) continue;
      const call = callOf(tokens, t, macro);
      if (call === null) continue;
      const expanded = this.#expandCall(macro, call.values, at, seen);
      if (expanded === null) return null;
      text += source.slice(from, tokens.start[t]) + expanded;
      from = tokens.end[call.last] as number;
      t = call.last;
    }
    return text + source.slice(from);
  }
}

function parameterIndex(macro: MacroDefinition, word: string): number {
  const { parameters } = macro;
  if (parameters === null) return -1;
  return word === "__VA_ARGS__" ? parameters.indexOf("...") : parameters.indexOf(word);
}

function isAlias(macro: MacroDefinition): boolean {
  return macro.parameters === null && lex(macro.body, "piece").count === 1;
}

function isSame(a: MacroDefinition, b: MacroDefinition): boolean {
  return a.body === b.body && (a.parameters ?? [null]).join() === (b.parameters ?? [null]).join();
}

function withoutContinuations(text: string): string {
  return text
    .split("\\\r\n")
    .join("\n")
    .split("\\\n")
    .join("\n")
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

const expressions = new WeakMap<MacroDefinition, boolean>();

/** Whether a macro stands for a single expression. */
function isExpression(macro: MacroDefinition): boolean {
  const known = expressions.get(macro);
  if (known !== undefined) return known;
  const answer = readsAsExpression(macro);
  expressions.set(macro, answer);
  return answer;
}

function readsAsExpression(macro: MacroDefinition): boolean {
  const tokens = lex(macro.body, "piece");
  let depth = 0;
  for (let t = 0; t < tokens.count; t++) {
    if ([SEMICOLON, OPEN_BRACE, CLOSE_BRACE].some((p) => isPunctuation(tokens, t, p))) return false;
    if (NO_EXPRESSION.has(tokenText(tokens, t))) return false;
    if (isPunctuation(tokens, t, OPEN)) depth++;
    if (isPunctuation(tokens, t, CLOSE) && --depth < 0) return false;
    // What a comma at the top separates is several arguments, or no expression of its own.
    if (depth === 0 && isPunctuation(tokens, t, COMMA)) return false;
  }
  return tokens.count > 0 && depth === 0;
}

/** The statements of `do { ... } while (0)`, as a span of the text; null for other code, and where they break out of it. */
function insideOfDo(text: string): Span | null {
  const tokens = lex(text, "piece");
  let last = tokens.count - 1;
  if (isPunctuation(tokens, last, SEMICOLON)) last--;
  if (tokenText(tokens, 0) !== "do" || !isPunctuation(tokens, 1, OPEN_BRACE)) return null;
  const close = closingToken(tokens, 1, tokens.count);
  const isOnce =
    close === last - 4 &&
    tokenText(tokens, last - 3) === "while" &&
    ["0", "false"].includes(tokenText(tokens, last - 1));
  if (!isOnce || breakOut(tokens, 2, close) !== null) return null;
  return { start: tokens.end[1] as number, end: tokens.start[close] as number };
}

/** Whether a statement in a piece of code looks like a declaration, so that it needs a block of its own. */
function declares(text: string): boolean {
  const tokens = lex(text, "piece");
  let starts = true;
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] === TokenKind.comment) continue;
    if (starts && tokens.kind[t] === TokenKind.identifier) {
      const word = tokenText(tokens, t);
      const isTyped = tokens.kind[t + 1] === TokenKind.identifier || isPunctuation(tokens, t + 1, STAR);
      if (TYPE_WORDS.has(word) || (isTyped && !NO_EXPRESSION.has(word))) return true;
    }
    starts = [SEMICOLON, OPEN_BRACE, CLOSE_BRACE].some((p) => isPunctuation(tokens, t, p));
  }
  return false;
}

/**
 * The text that takes the place of a use of statements, and that place: where the use is a statement of a block, the
 * semicolon that only ends the macro goes, and so does a `do` around the statements.
 */
function layOut(
  tokens: Tokens,
  first: number,
  last: number,
  column: number,
  expansion: string,
  file: ParsedFile,
): { readonly span: Span; readonly text: string } {
  const start = tokens.start[first] as number;
  const indentation = indentationAt(file.text, start);
  const span = { start, end: tokens.end[last] as number };
  const isStatement = isStatementStart(tokens, first);
  const hasSemicolon = isPunctuation(tokens, last + 1, SEMICOLON);
  const whole = { start, end: hasSemicolon ? (tokens.end[last + 1] as number) : span.end };
  const inside = isStatement && hasSemicolon ? insideOfDo(expansion) : null;
  const unit = indentationUnit(file.text);
  const newline = newlineOf(file.text);
  const lay = (text: string, to: string): string => indent(text, column, to, unit).split("\n").join(newline);
  if (inside !== null) {
    const statements = expansion.slice(inside.start, inside.end);
    if (!declares(statements)) return { span: whole, text: lay(statements, indentation) };
    const inner = lay(statements, `${indentation}${unit}`);
    return { span: whole, text: `{${newline}${indentation}${unit}${inner}${newline}${indentation}}` };
  }
  const end = expansion.trimEnd().at(-1);
  const isClosed = isStatement && hasSemicolon && (end === "}" || end === ";");
  return { span: isClosed ? whole : span, text: lay(expansion, indentation) };
}

/**
 * Lines as they are indented in a macro, indented anew: `column` is where the first began, -1 where that says nothing.
 */
function indent(text: string, column: number, indentation: string, unit: string): string {
  const lines = text.trim().split("\n");
  const rest = lines.slice(1).filter((line) => line.trim() !== "");
  const widths = rest.map((line) => line.length - line.trimStart().length);
  const least = Math.min(...widths);
  const closesLast = rest.at(-1)?.trimStart().startsWith("}") === true;
  const first = text.startsWith("\n") ? least : column >= 0 ? column : closesLast ? (widths.at(-1) ?? 0) : -1;
  return lines
    .map((line, i) => {
      if (i === 0 || line.trim() === "") return line.trim();
      const width = line.length - line.trimStart().length;
      const deeper = first >= 0 ? " ".repeat(Math.max(0, width - first)) : `${unit}${" ".repeat(width - least)}`;
      return `${indentation}${deeper}${line.trimStart()}`;
    })
    .join("\n");
}

/** Whether a token begins a statement of a block. */
function isStatementStart(tokens: Tokens, t: number): boolean {
  for (let before = t - 1; before >= 0; before--) {
    if (tokens.kind[before] === TokenKind.comment || tokens.kind[before] === TokenKind.directive) continue;
    return [SEMICOLON, OPEN_BRACE, CLOSE_BRACE].some((p) => isPunctuation(tokens, before, p));
  }
  return false;
}

/** Whether an identifier names a field: `x.name` or `x->name`. */
function isField(tokens: Tokens, t: number): boolean {
  if (t < 1) return false;
  const before = tokenText(tokens, t - 1);
  return before === "." || (before === ">" && t > 1 && tokenText(tokens, t - 2) === "-");
}

/** Arguments of a macro's use and its last token; null where a function-like macro is not called, or not with as many. */
function callOf(
  tokens: Tokens,
  name: number,
  macro: MacroDefinition,
): { readonly values: readonly string[]; readonly last: number } | null {
  if (macro.parameters === null) return { values: [], last: name };
  if (!isPunctuation(tokens, name + 1, OPEN)) return null;
  const isVariadic = macro.parameters.includes("...");
  const count = macro.parameters.length;
  const values: string[] = [];
  let depth = 0;
  let start = tokens.end[name + 1] as number;
  for (let t = name + 1; t < tokens.count; t++) {
    if (tokens.kind[t] === TokenKind.directive || tokens.kind[t] === TokenKind.comment) return null;
    if (isPunctuation(tokens, t, OPEN)) depth++;
    const ends = isPunctuation(tokens, t, CLOSE) && --depth === 0;
    if (!ends && !(depth === 1 && isPunctuation(tokens, t, COMMA))) continue;
    if (!ends && isVariadic && values.length === count - 1) continue;
    values.push(tokens.text.slice(start, tokens.start[t]).trim());
    start = tokens.end[t] as number;
    if (!ends) continue;
    if (count === 0 && values.length === 1 && values[0] === "") return { values: [], last: t };
    return values.length === count && !values.includes("") ? { values, last: t } : null;
  }
  return null;
}

function isName(text: string): boolean {
  const tokens = lex(text, "piece");
  return tokens.count === 1 && tokens.kind[0] === TokenKind.identifier;
}

/** Whether parentheses after this token are those of a call: a name, or a parenthesis that closes no cast to a pointer. */
function endsOperand(tokens: Tokens, t: number): boolean {
  if (t < 0) return false;
  if (isPunctuation(tokens, t, CLOSE)) return !isPunctuation(tokens, t - 1, STAR);
  return tokens.kind[t] === TokenKind.identifier || tokenText(tokens, t) === "]";
}
