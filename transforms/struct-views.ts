/**
 * Views of object structs in rewritten functions: where a variable that pointed to an object struct becomes a handle,
 * the pointer stays as a view that is taken from the handle wherever that is set.
 */

import { type Facts, viewKey } from "../analysis/ownership.ts";
import { structUse } from "../analysis/struct-views.ts";
import { Refused } from "../analysis/typing.ts";
import { type Declarator, readDeclarators, stripCasts, stripParentheses } from "../model/declarations.ts";
import { fileScopeNodes, includedFiles, isNullConstant, type Project, shareUnit } from "../model/project.ts";
import type { EditSet } from "../syntax/edits.ts";
import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import type { ParsedFile } from "../syntax/source.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import type { ArgumentNames } from "./function-body.ts";
import { endOfGroup, supportOffset } from "./insert-support.ts";
import { newlineOf, type StatementEdits, statementOf } from "./statement-edits.ts";

/** What a handle refers to where a view is taken. */
export type HeldView = "null" | "object" | "unknown";

/** Writes the views of one function. */
export class StructViews {
  /** Typedef names of the structs whose `NAME_AsStruct` is called. */
  readonly structs = new Set<string>();
  readonly #facts: Facts;
  readonly #tree: Tree;
  readonly #statements: StatementEdits;
  readonly #names: ArgumentNames;

  constructor(facts: Facts, statements: StatementEdits, names: ArgumentNames) {
    this.#facts = facts;
    this.#tree = facts.typing.tree;
    this.#statements = statements;
    this.#names = names;
  }

  #refuse(id: string, n: Node, message: string): never {
    throw new Refused(id, this.#facts.typing.span(n), message);
  }

  /** What a variable holds after a place that sets it. */
  heldBy(at: Node, name: string): HeldView {
    return this.#facts.views.get(viewKey(at, name)) ?? "unknown";
  }

  /** Typedef name of the struct that an expression points to. */
  structName(n: Node): string {
    const base = this.#facts.typing.ctypeOf(n)?.base ?? "";
    return this.#useStruct(base, n);
  }

  #useStruct(base: string, at: Node): string {
    const struct = this.#facts.typing.objects.struct(base);
    const tag = base.startsWith("struct ") ? base.slice("struct ".length).trim() : "";
    const name = struct === null || tag === "" ? base : struct.name === "" ? this.#freeTag(tag) : struct.name;
    if (struct === null || name === "")
      this.#refuse(
        "struct-without-name",
        at,
        `\`${base}\` has no typedef name, which HPy's helper for the struct of an object needs, and its tag cannot be one.`,
      );
    this.structs.add(name);
    return name;
  }

  /** The tag of a struct if a typedef may have the same name: nothing but the struct is called that in any file. */
  #freeTag(tag: string): string {
    const { project } = this.#facts.typing;
    if (project.knowledge.definitions.has(tag)) return "";
    for (const { tree, text } of project.files) {
      if (!text.includes(tag)) continue;
      for (const n of tree.descendants(0, "identifier", "type_identifier", "field_identifier"))
        if (tree.source(n) === tag && tree.kind(tree.parent(n)) !== "struct_specifier") return "";
    }
    return tag;
  }

  /** The pointer to the struct behind a variable's handle. */
  #viewOf(name: string, held: HeldView): string {
    if (held === "null") return "NULL";
    const local = this.#facts.typing.local(name);
    const struct = this.#useStruct(local?.type.base ?? "", local?.declarator.node ?? NONE);
    const handle = this.#names.handles.get(name) ?? name;
    const view = `${struct}_AsStruct(${this.#names.ctx}, ${handle})`;
    return held === "object" ? view : `HPy_IsNull(${handle}) ? NULL : ${view}`;
  }

  /** Views of the parameters, before the first statement. */
  declareParameters(first: Node): void {
    for (const p of this.#facts.fn.parameters) {
      if (!this.#names.handles.has(p.name)) continue;
      const declaration = this.#tree.source(this.#tree.enclosing(p.node, "parameter_declaration"));
      const view = this.#viewOf(p.name, this.heldBy(NONE, p.name));
      this.#statements.before(first, [`${declaration} = ${view};`], "declaration");
    }
  }

  /** The view of a variable that this declaration declares, after it. */
  declared(d: Declarator, declaration: Node): void {
    const tree = this.#tree;
    if (tree.kind(tree.parent(declaration)) === "for_statement")
      this.#refuse("struct-view-in-loop-head", d.node, `\`${d.name}\` is declared in the head of a loop.`);
    for (const other of readDeclarators(tree, declaration))
      if (other.value !== NONE && this.#isReachedIn(d.name, other.value))
        this.#refuse(
          "struct-view-in-declaration",
          other.node,
          `The declaration of \`${d.name}\` reads its fields for another variable.`,
        );
    const head = this.#headOf(d, declaration);
    if (d.value === NONE) {
      this.#statements.after(declaration, [`${head};`]);
      return;
    }
    const held = this.heldBy(tree.parent(d.value), d.name);
    const later = held === "unknown" ? this.#testAfter(declaration, d.name) : NONE;
    const view = this.#viewOf(d.name, later === NONE ? held : "object");
    this.#statements.after(later === NONE ? declaration : later, [`${head} = ${view};`]);
  }

  /** The view of a variable whose declaration makes an object: it is declared first, and set with the handle. */
  constructed(d: Declarator, declaration: Node): void {
    this.#statements.before(declaration, [`${this.#headOf(d, declaration)};`], "declaration");
  }

  /** The declaration of one variable, as it was written, without its value. */
  #headOf(d: Declarator, declaration: Node): string {
    const tree = this.#tree;
    const type = tree.field(declaration, "type");
    const [first] = tree.fields(declaration, "declarator");
    const isFirst = first !== undefined && tree.start(first) === tree.start(d.node);
    const gap = isFirst ? tree.text.slice(tree.end(type), tree.start(d.node)) : " ";
    return `${tree.text.slice(tree.start(declaration), tree.end(type))}${gap}${tree.source(d.node)}`;
  }

  /** The view after a statement that sets a variable; `at` is the assignment or call. */
  assigned(name: string, at: Node, statement: Node): void {
    if (!this.#names.handles.has(name)) return;
    const held = this.heldBy(at, name);
    if (held === "null" && !this.#isHandedOn(name)) return;
    const later = held === "unknown" ? this.#testAfter(statement, name) : NONE;
    const view = this.#viewOf(name, later === NONE ? held : "object");
    this.#statements.after(later === NONE ? statement : later, [`${name} = ${view};`]);
  }

  /**
   * The view after an assignment anywhere. Answers what the view must be set to inside the expression, or null where a
   * statement of its own sets it.
   */
  assignedInside(name: string, assignment: Node): string | null {
    const tree = this.#tree;
    const parent = tree.parent(assignment);
    if (tree.kind(parent) === "expression_statement") {
      this.assigned(name, assignment, parent);
      return null;
    }
    const held = this.heldBy(assignment, name);
    if (held === "null" && !this.#isHandedOn(name)) return null;
    const statement = statementOf(tree, assignment);
    if (this.#leavesUnless(statement, name, assignment)) {
      this.#statements.after(statement, [`${name} = ${this.#viewOf(name, "object")};`]);
      return null;
    }
    const view = this.#viewOf(name, held);
    return held === "unknown" ? `(${view})` : view;
  }

  /** A variable that is set to nothing: its view may be handed on. */
  forget(name: string, statement: Node): void {
    if (this.#names.handles.has(name) && this.#isHandedOn(name)) this.#statements.after(statement, [`${name} = NULL;`]);
  }

  /** The view after a call that is given the address of a variable. */
  passed(address: Node): void {
    const tree = this.#tree;
    const name = tree.source(stripParentheses(tree, tree.field(address, "argument")));
    if (!this.#names.handles.has(name)) return;
    let argument = address;
    while (["parenthesized_expression", "cast_expression"].includes(tree.kind(tree.parent(argument))))
      argument = tree.parent(argument);
    const call = tree.parent(tree.parent(argument));
    const known = this.#facts.views.get(viewKey(argument, name)) ?? this.#facts.views.get(viewKey(call, name));
    const statement = statementOf(tree, address);
    if (tree.kind(call) === "call_expression" && tree.kind(statement) === "if_statement") {
      const condition = stripParentheses(tree, tree.field(statement, "condition"));
      const body = tree.field(statement, "consequence");
      const [first] = tree.kind(body) === "compound_statement" ? tree.named(body) : [body];
      if (condition === call && first !== undefined && !this.#isReachedAfterLabel(name)) {
        this.#statements.before(first, [`${name} = ${this.#viewOf(name, known ?? "unknown")};`]);
        return;
      }
      if (this.#isLeaving(statement, name) && this.#failsAlone(condition, call)) {
        this.#statements.after(statement, [`${name} = ${this.#viewOf(name, known ?? "unknown")};`]);
        return;
      }
    }
    this.#refuse(
      "struct-view-out-parameter",
      address,
      `\`${name}\` is set through its address where no view of its struct can be taken at once.`,
    );
  }

  /** Whether a condition holds whenever a call in it fails: it is the call, its negation, or part of a chain of `||`. */
  #failsAlone(condition: Node, call: Node): boolean {
    const tree = this.#tree;
    for (let at = call; at !== condition; at = tree.parent(at)) {
      const parent = tree.parent(at);
      if (tree.kind(parent) === "conditional_expression") return false;
      if (tree.kind(parent) === "binary_expression" && tree.source(tree.field(parent, "operator")) === "&&")
        return false;
    }
    return true;
  }

  /** The `if` right after a statement that leaves when a variable is NULL; NONE when there is no such. */
  #testAfter(statement: Node, name: string): Node {
    const tree = this.#tree;
    const siblings = tree.named(tree.parent(statement));
    const next = siblings[siblings.indexOf(statement) + 1];
    return next !== undefined && this.#leavesUnless(next, name, NONE) ? next : NONE;
  }

  /** Whether a statement is an `if` that leaves the block when a variable (or an assignment to it) is NULL. */
  #leavesUnless(statement: Node, name: string, assignment: Node): boolean {
    if (!this.#isLeaving(statement, name)) return false;
    return this.#testsNull(this.#tree.field(statement, "condition"), name, assignment);
  }

  #isLeaving(statement: Node, name: string): boolean {
    const tree = this.#tree;
    return (
      statement !== NONE &&
      tree.kind(statement) === "if_statement" &&
      tree.field(statement, "alternative") === NONE &&
      leaves(tree, tree.field(statement, "consequence")) &&
      !this.#isReachedIn(name, statement) &&
      !this.#isReachedAfterLabel(name)
    );
  }

  /** Whether a condition holds when the variable is NULL; an assignment to it must be what is tested. */
  #testsNull(condition: Node, name: string, assignment: Node): boolean {
    const tree = this.#tree;
    const at = stripParentheses(tree, condition);
    const isMeant = (n: Node): boolean => {
      const inner = stripCasts(tree, n);
      return assignment === NONE
        ? tree.kind(inner) === "identifier" && tree.source(inner) === name
        : stripParentheses(tree, n) === assignment;
    };
    if (tree.kind(at) === "unary_expression")
      return tree.source(tree.field(at, "operator")) === "!" && isMeant(tree.field(at, "argument"));
    if (tree.kind(at) !== "binary_expression") return false;
    const left = tree.field(at, "left");
    const right = tree.field(at, "right");
    switch (tree.source(tree.field(at, "operator"))) {
      case "==":
        return (isMeant(left) && isNullConstant(tree, right)) || (isMeant(right) && isNullConstant(tree, left));
      case "||":
        return this.#testsNull(left, name, assignment) || this.#testsNull(right, name, assignment);
      default:
        return false;
    }
  }

  /** The occurrences of a variable through which its struct is used. */
  *#reaches(name: string, within: Node): Generator<{ readonly at: Node; readonly by: Node }> {
    const { project, fn } = this.#facts.typing;
    const place = {
      project,
      file: fn.file,
      isLocal: (word: string): boolean => this.#facts.typing.local(word) !== undefined,
    };
    for (const n of this.#tree.descendants(within, "identifier")) {
      if (this.#tree.source(n) !== name) continue;
      const { use, by } = structUse(place, n);
      if (use === "view" || use === "copy") yield { at: n, by };
    }
  }

  #isReachedIn(name: string, within: Node): boolean {
    for (const _ of this.#reaches(name, within)) return true;
    return false;
  }

  /** Whether the struct is used behind a label, to which a jump may come before the view is taken. */
  #isReachedAfterLabel(name: string): boolean {
    const tree = this.#tree;
    const { body } = this.#facts.fn;
    let first = tree.end(body);
    for (const label of tree.descendants(body, "labeled_statement")) first = Math.min(first, tree.start(label));
    for (const { at } of this.#reaches(name, body)) if (tree.start(at) >= first) return true;
    return false;
  }

  /** Whether the pointer itself goes somewhere, so that it must be NULL when there is no object. */
  #isHandedOn(name: string): boolean {
    for (const { by } of this.#reaches(name, this.#facts.fn.body))
      if (!["field_expression", "pointer_expression"].includes(this.#tree.kind(by))) return true;
    return false;
  }
}

/** Whether a statement never goes on to the next one. */
export function leaves(tree: Tree, statement: Node): boolean {
  switch (tree.kind(statement)) {
    case "return_statement":
    case "goto_statement":
    case "break_statement":
    case "continue_statement":
      return true;
    case "expression_statement":
      return tree.source(statement).startsWith("Py_RETURN_");
    case "compound_statement": {
      const statements = tree.named(statement);
      const last = statements[statements.length - 1];
      return last !== undefined && leaves(tree, last);
    }
    default:
      return false;
  }
}

const RULE = "struct-views";
const HELPERS: ReadonlySet<string> = new Set(["HPyType_HELPERS", "HPyType_LEGACY_HELPERS"]);

/** `HPyType_LEGACY_HELPERS(S)` or its pure form, as it stands in a file. */
interface BoundStruct {
  readonly macro: string;
  readonly struct: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Adds `HPyType_LEGACY_HELPERS(S)` for each struct that a file needs it for and that none binds yet in what is compiled
 * with that file. It stands behind the typedef, also when that is in a header, so that every file which knows the struct
 * sees it, once. Only where a module that is no HPy module reads the header, whose build has no `hpy.h`, it stands in the
 * file that needs it; it moves to the header when another file needs it too. Answers the headers that need `hpy.h` now.
 */
export function insertStructHelpers(
  project: Project,
  wanted: ReadonlyMap<ParsedFile, Iterable<string>>,
  editsOf: (file: ParsedFile) => EditSet,
): ReadonlySet<ParsedFile> {
  const bound = new Map(project.files.map((file) => [file, boundStructs(file)]));
  const placed = new Map<ParsedFile, Set<string>>();
  const headers = new Set<ParsedFile>();
  for (const [file, structs] of wanted)
    for (const name of [...structs].sort()) {
      const home = homeOf(project, file, name);
      const seen = [file, home, ...includedFiles(project, file)];
      if (seen.some((f) => bound.get(f)?.some((b) => b.struct === name))) continue;
      const names = placed.get(home) ?? new Set();
      placed.set(home, names);
      if (names.has(name)) continue;
      names.add(name);
      let macro = "HPyType_LEGACY_HELPERS";
      for (const other of project.files) {
        if (!shareUnit(project, home, other)) continue;
        for (const b of bound.get(other) ?? []) {
          if (b.struct !== name) continue;
          macro = b.macro;
          editsOf(other).replace(lineOf(other.text, b), "", RULE);
        }
      }
      const typedef = endOfTypedef(home, name);
      const end = typedef >= 0 ? typedef : endOfTag(home, name);
      const newline = newlineOf(home.text);
      const alias = typedef < 0 && end >= 0 ? `${newline.repeat(2)}typedef struct ${name} ${name};` : "";
      const text = `${alias}${newline.repeat(2)}${macro}(${name})`;
      if (end >= 0) editsOf(home).insert(end, text, RULE, 4);
      else editsOf(home).insert(supportOffset(home), text, RULE, -2);
      if (home !== file) headers.add(home);
    }
  return headers;
}

/** The file with the typedef of a struct that another file uses; the user itself when that is not known. */
function homeOf(project: Project, user: ParsedFile, name: string): ParsedFile {
  const defines = (f: ParsedFile): boolean => endOfTypedef(f, name) >= 0 || endOfTag(f, name) >= 0;
  if (defines(user)) return user;
  const candidates = project.files.filter((f) => f !== user && shareUnit(project, user, f) && defines(f));
  const included = includedFiles(project, user);
  const [home] = candidates.filter((f) => included.has(f) || candidates.length === 1);
  if (home === undefined || project.modules.some((m) => !m.isHPy && m.files.includes(home))) return user;
  return home;
}

/** What binds structs to objects in a file. */
function boundStructs(file: ParsedFile): BoundStruct[] {
  if (!file.text.includes("_HELPERS")) return [];
  const tokens = lex(file.text);
  const found: BoundStruct[] = [];
  for (let t = 0; t + 3 < tokens.count; t++)
    if (tokens.kind[t] === TokenKind.identifier && HELPERS.has(tokenText(tokens, t)))
      found.push({
        macro: tokenText(tokens, t),
        struct: tokenText(tokens, t + 2),
        start: tokens.start[t] as number,
        end: tokens.end[t + 3] as number,
      });
  return found;
}

/** A span that is all of a line, with that line and the blank line before it. */
function lineOf(text: string, span: { readonly start: number; readonly end: number }): { start: number; end: number } {
  const lineStart = text.lastIndexOf("\n", span.start - 1) + 1;
  const newline = text.indexOf("\n", span.end);
  const isWhole = newline >= 0 && text.slice(lineStart, span.start).trim() === "";
  if (!isWhole || text.slice(span.end, newline).trim() !== "") return { start: span.start, end: span.end };
  const before = text.lastIndexOf("\n", lineStart - 2) + 1;
  const isSpaced = lineStart > 0 && text.slice(before, lineStart).trim() === "";
  return { start: isSpaced ? before : lineStart, end: newline + 1 };
}

/** End of the typedef of a name in a file, after all of its alternatives in `#if`; -1 when it is elsewhere. */
function endOfTypedef(file: ParsedFile, name: string): number {
  const { tree } = file;
  if (!file.text.includes(name)) return -1;
  const ends = [];
  for (const n of tree.descendants(0, "type_definition"))
    if (readDeclarators(tree, n).some((d) => d.name === name)) ends.push(tree.end(n));
  const last = ends[ends.length - 1] ?? (file.language === "cpp" ? endOfTag(file, name) : -1);
  return ends.length > 1 ? endOfGroup(file, last) : last;
}

/** End of the definition of a struct by its tag, which is a type name in C++ only; -1 when there is none in the file. */
function endOfTag(file: ParsedFile, name: string): number {
  const { tree } = file;
  if (!file.text.includes(name)) return -1;
  for (const n of fileScopeNodes(tree, "struct_specifier", "declaration")) {
    const definition = tree.kind(n) === "declaration" ? tree.field(n, "type") : n;
    if (definition === NONE || tree.kind(definition) !== "struct_specifier") continue;
    const tag = tree.field(definition, "name");
    if (tag === NONE || tree.source(tag) !== name || tree.field(definition, "body") === NONE) continue;
    const end = file.text.indexOf(";", tree.end(definition));
    if (file.text.slice(tree.end(definition), end).trim() === "") return end + 1;
  }
  return -1;
}
