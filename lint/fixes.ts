import type { ParsedFile } from "../syntax/source.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import type { Finding } from "./findings.ts";

/** One replacement on the text of a file. */
export interface FixEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A repair of one finding. All edits belong together and are in source order. */
export interface Fix {
  /** What it does, as a command: `Close item before the return`. */
  readonly title: string;
  readonly edits: readonly FixEdit[];
}

/** How a resource that is still open is released, by the id of the finding. */
const RELEASE: ReadonlyMap<string, (ctx: string, place: string) => string> = new Map([
  ["handle-leaked", (ctx, place) => `HPy_Close(${ctx}, ${place});`],
  ["handle-overwritten", (ctx, place) => `HPy_Close(${ctx}, ${place});`],
  ["tracker-not-closed", (ctx, place) => `HPyTracker_Close(${ctx}, ${place});`],
  ["reference-leaked", (_, place) => `Py_XDECREF(${place});`],
]);

/** Releases that are wrong as a whole statement. */
const SUPERFLUOUS: ReadonlySet<string> = new Set([
  "double-close",
  "borrowed-handle-closed",
  "constant-closed",
  "tracked-handle-closed",
  "tracker-closed-twice",
  "reference-released-twice",
  "borrowed-reference-released",
]);

/**
 * An edit that may repair a finding, or null. It is a guess from the shape of the code: the caller applies it, checks
 * the function again, and offers it only when the finding is gone and nothing new is found.
 */
export function candidateFix(file: ParsedFile, finding: Finding): Fix | null {
  const { tree } = file;
  const { start, end } = finding.span;
  const node = tree.spanning(start, end);
  const body = tree.enclosing(node, "function_definition");
  if (finding.id === "array-not-terminated") {
    return { title: "End the table with NULL", edits: [{ start: end, end, text: ", NULL" }] };
  }
  if (body === NONE) return null;
  const ctx = contextName(tree, body);
  const statement = tree.enclosing(node, "expression_statement", "return_statement", "declaration");
  if (statement === NONE || tree.end(statement) < end) return null;
  const kind = tree.kind(statement);
  const release = RELEASE.get(finding.id);
  if (release !== undefined) {
    if (finding.place === "" || (ctx === null && finding.id !== "reference-leaked")) return null;
    const text = release(ctx ?? "", finding.place);
    const where = kind === "return_statement" ? "before the return" : "before it gets a new value";
    return { title: `Close ${finding.place} ${where}`, edits: before(tree, statement, text) };
  }
  if (finding.id === "builder-not-finished") {
    const type = builderType(tree, body, finding.place);
    if (type === null || ctx === null || kind !== "return_statement") return null;
    return {
      title: `Cancel ${finding.place} before the return`,
      edits: before(tree, statement, `${type}_Cancel(${ctx}, ${finding.place});`),
    };
  }
  if (finding.id === "borrowed-handle-returned" || finding.id === "constant-returned") {
    const value = kind === "return_statement" ? tree.named(statement)[0] : undefined;
    if (value === undefined || ctx === null) return null;
    return {
      title: "Return a duplicate",
      edits: [
        { start: tree.start(value), end: tree.start(value), text: `HPy_Dup(${ctx}, ` },
        { start: tree.end(value), end: tree.end(value), text: ")" },
      ],
    };
  }
  if (finding.id === "handle-dropped") {
    if (kind !== "expression_statement" || ctx === null) return null;
    const value = tree.named(statement)[0];
    if (value === undefined || tree.start(value) !== start || tree.end(value) !== end) return null;
    return {
      title: "Close the new handle",
      edits: [
        { start, end: start, text: `HPy_Close(${ctx}, ` },
        { start: end, end, text: ")" },
      ],
    };
  }
  if (SUPERFLUOUS.has(finding.id)) {
    if (kind !== "expression_statement" || tree.kind(tree.parent(statement)) !== "compound_statement") return null;
    return { title: "Remove the call", edits: [wholeLines(tree, statement)] };
  }
  if (finding.id === "uninitialised-handle" || finding.id === "optional-argument-uninitialised") {
    return initialise(tree, body, tree.source(node).replace("&", "").trim());
  }
  return null;
}

function contextName(tree: Tree, definition: Node): string | null {
  for (const parameter of tree.descendants(tree.field(definition, "declarator"), "parameter_declaration")) {
    const type = tree.field(parameter, "type");
    if (type === NONE || tree.source(type) !== "HPyContext") continue;
    for (const name of tree.descendants(tree.field(parameter, "declarator"), "identifier")) return tree.source(name);
  }
  return null;
}

function builderType(tree: Tree, definition: Node, place: string): string | null {
  for (const declaration of tree.descendants(definition, "declaration")) {
    const type = tree.source(tree.field(declaration, "type"));
    if (type !== "HPyListBuilder" && type !== "HPyTupleBuilder") continue;
    for (const name of tree.descendants(declaration, "identifier")) if (tree.source(name) === place) return type;
  }
  return null;
}

/** Puts a statement before another one, with braces where only one statement may stand. */
function before(tree: Tree, statement: Node, text: string): FixEdit[] {
  const start = tree.start(statement);
  const parent = tree.kind(tree.parent(statement));
  if (parent === "compound_statement" || parent === "case_statement" || parent === "labeled_statement") {
    const indent = indentation(tree.text, start);
    return [{ start, end: start, text: indent === null ? `${text} ` : `${text}${newline(tree.text)}${indent}` }];
  }
  const end = tree.end(statement);
  return [
    { start, end: start, text: `{ ${text} ` },
    { start: end, end, text: " }" },
  ];
}

/** White space before an offset when nothing else stands there in its line. */
function indentation(text: string, offset: number): string | null {
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset);
  return line.trim() === "" ? line : null;
}

function newline(text: string): string {
  const first = text.indexOf("\n");
  return first > 0 && text[first - 1] === "\r" ? "\r\n" : "\n";
}

/** Removes a statement, with its line when nothing else stands there. */
function wholeLines(tree: Tree, statement: Node): FixEdit {
  const { text } = tree;
  const start = tree.start(statement);
  const end = tree.end(statement);
  const indent = indentation(text, start);
  const lineEnd = text.indexOf("\n", end);
  if (indent === null || lineEnd < 0 || text.slice(end, lineEnd).trim() !== "") return { start, end, text: "" };
  return { start: start - indent.length, end: lineEnd + 1, text: "" };
}

/** Gives a variable that is declared without a value the null handle. */
function initialise(tree: Tree, definition: Node, name: string): Fix | null {
  for (const declaration of tree.descendants(definition, "declaration")) {
    if (tree.source(tree.field(declaration, "type")) !== "HPy") continue;
    for (const declarator of tree.fields(declaration, "declarator")) {
      if (tree.kind(declarator) !== "identifier" || tree.source(declarator) !== name) continue;
      const end = tree.end(declarator);
      return { title: `Initialise ${name}`, edits: [{ start: end, end, text: " = HPy_NULL" }] };
    }
  }
  return null;
}
