import { lex, TokenKind } from "../syntax/lexer.ts";
import type { ParsedFile, Span } from "../syntax/source.ts";
import { NONE, type Node } from "../syntax/tree.ts";
import type { Finding } from "./findings.ts";

/** A comment `hpy-migrate: allow ID[, ID...]: reason`. */
interface Suppression {
  readonly span: Span;
  readonly ids: readonly string[];
  /** Findings that start in here are taken back. */
  readonly scope: Span;
  /** Name of the function around it; empty at file level. */
  readonly function: string;
}

/** What the comments of a file left over. */
export interface Sifted {
  readonly findings: readonly Finding[];
  /** Findings that a comment takes back. */
  readonly suppressed: number;
}

const MARK = "hpy-migrate: allow";

/** Nodes that a comment before them covers as a whole. */
const COVERED: ReadonlySet<string> = new Set([
  "declaration",
  "expression_statement",
  "field_declaration",
  "function_definition",
  "return_statement",
]);

/**
 * Takes back the findings that comments allow. A comment covers its own line when code stands before it, else the next
 * statement, declaration or function; it names ids of `known` and gives a reason. Comments without one have no effect
 * and are reported, and so are those that allow nothing that `checked` ids would find here.
 */
export function sift(
  file: ParsedFile,
  findings: readonly Finding[],
  known: ReadonlySet<string>,
  checked: ReadonlySet<string>,
): Sifted {
  if (!file.text.includes(MARK)) return { findings, suppressed: 0 };
  const { suppressions, malformed } = readSuppressions(file, known);
  const used = new Map<Suppression, Set<string>>();
  const left = findings.filter((finding) => {
    const { start } = finding.span;
    const by = suppressions.find((s) => s.ids.includes(finding.id) && s.scope.start <= start && start < s.scope.end);
    if (by !== undefined) used.set(by, (used.get(by) ?? new Set()).add(finding.id));
    return by === undefined;
  });
  const unused = suppressions.flatMap((s): Finding[] =>
    s.ids
      .filter((id) => checked.has(id) && used.get(s)?.has(id) !== true)
      .map((id) => ({
        id: "suppression-unused",
        span: s.span,
        function: s.function,
        message: `nothing here is reported as ${id}`,
        path: [],
        certainty: "certain",
        place: "",
      })),
  );
  return {
    findings: [...left, ...malformed, ...unused].sort((a, b) => a.span.start - b.span.start),
    suppressed: findings.length - left.length,
  };
}

function readSuppressions(
  file: ParsedFile,
  known: ReadonlySet<string>,
): { readonly suppressions: readonly Suppression[]; readonly malformed: readonly Finding[] } {
  const tokens = lex(file.text);
  const suppressions: Suppression[] = [];
  const malformed: Finding[] = [];
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] !== TokenKind.comment) continue;
    const span = { start: tokens.start[t] as number, end: tokens.end[t] as number };
    const text = file.text.slice(span.start, span.end);
    const at = text.indexOf(MARK);
    if (at < 0) continue;
    const rest = text.slice(at + MARK.length).replace(text.startsWith("/*") ? "*/" : "", "");
    const colon = rest.indexOf(":");
    const ids = (colon < 0 ? rest : rest.slice(0, colon)).split(",").map((id) => id.trim());
    const reason = colon < 0 ? "" : rest.slice(colon + 1).trim();
    const unknown = ids.filter((id) => !known.has(id));
    const scope = scopeOf(file, span);
    const name = functionAround(file, scope.start);
    const problem =
      unknown.length > 0 ? `\`${unknown[0]}\` is no id of a finding` : reason === "" ? "it gives no reason" : null;
    if (problem === null) suppressions.push({ span, ids, scope, function: name });
    else {
      malformed.push({
        id: "suppression-malformed",
        span,
        function: name,
        message: `this comment has no effect: ${problem}`,
        path: [],
        certainty: "certain",
        place: "",
      });
    }
  }
  return { suppressions, malformed };
}

/** What a comment covers. */
function scopeOf(file: ParsedFile, comment: Span): Span {
  const { text, tree } = file;
  const lineStart = text.lastIndexOf("\n", comment.start - 1) + 1;
  const lineEnd = endOfLine(text, comment.end);
  if (text.slice(lineStart, comment.start).trim() !== "") return { start: lineStart, end: lineEnd };
  let start = comment.end;
  while (start < text.length && text.slice(start, endOfLine(text, start)).trim() === "")
    start = endOfLine(text, start) + 1;
  while (start < text.length && text.charCodeAt(start) <= 32) start++;
  let end = endOfLine(text, start);
  for (let node: Node = tree.spanning(start, start + 1); node !== NONE; node = tree.parent(node)) {
    if (tree.start(node) !== start) break;
    if (COVERED.has(tree.kind(node))) end = Math.max(end, tree.end(node));
  }
  return { start, end };
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

function functionAround(file: ParsedFile, offset: number): string {
  const { tree } = file;
  const node = tree.enclosing(tree.spanning(offset, offset), "function_definition");
  if (node === NONE) return "";
  let declarator = tree.field(node, "declarator");
  while (declarator !== NONE && tree.kind(declarator).endsWith("_declarator"))
    declarator = tree.field(declarator, "declarator");
  return declarator === NONE ? "" : tree.source(declarator);
}
