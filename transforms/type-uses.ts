/**
 * Uses of static type objects that become pointers: `&T` is `T` and `T.f` is `T->f`, in functions, in the bodies of
 * macros and in headers, by tokens, so that nothing hides from it.
 */

import { Refused } from "../analysis/typing.ts";
import { hasStorage, readDeclarators } from "../model/declarations.ts";
import { fileScopeNodes, isDead } from "../model/project.ts";
import { withoutComments } from "../syntax/directives.ts";
import type { EditSet } from "../syntax/edits.ts";
import { isPunctuation, lex, TokenKind, type Tokens, tokenText } from "../syntax/lexer.ts";
import type { MacroKnowledge, ParsedFile, Span } from "../syntax/source.ts";
import { NONE } from "../syntax/tree.ts";

const RULE = "type-to-spec";
const DOT = 46;
const AMPERSAND = 38;
const HASH = 35;
const GREATER = 62;
const MINUS = 45;

/** A use of a type object that cannot follow when the object becomes a pointer. */
export class UseRefused extends Refused {
  readonly file: ParsedFile;
  readonly typeName: string;
  constructor(id: string, span: Span, message: string, file: ParsedFile, typeName: string) {
    super(id, span, message);
    this.file = file;
    this.typeName = typeName;
  }
}

/** A change of the text of one use. */
interface Change extends Span {
  readonly text: string;
}

/**
 * Rewrites all uses of `names` in a file. `macros` are those of {@link macrosNaming}; `covered` are spans that other edits replace whole. Throws
 * {@link UseRefused} for a use that is no address and no field, or one whose address a constant initialiser needs.
 */
export function rewriteTypeUses(
  file: ParsedFile,
  names: ReadonlySet<string>,
  macros: ReadonlyMap<string, string>,
  covered: readonly Span[],
  edits: EditSet,
): void {
  const { text } = file;
  const isCovered = (offset: number): boolean => covered.some((c) => offset >= c.start && offset < c.end);
  const constants = constantSpans(file).filter((s) => !covered.some((c) => c.start <= s.start && s.end <= c.end));
  const refuse: (id: string, span: Span, message: string, name: string) => never = (
    id: string,
    span: Span,
    message: string,
    name: string,
  ): never => {
    throw new UseRefused(id, span, message, file, name);
  };
  const visit = (tokens: Tokens): void => {
    for (let t = 0; t < tokens.count; t++) {
      const span = { start: tokens.start[t] as number, end: tokens.end[t] as number };
      if (tokens.kind[t] === TokenKind.directive) {
        const macro = file.macros.find((m) => m.span.start >= span.start && m.span.start < span.end);
        if (macro !== undefined) visit(withoutComments(lex(text, "piece", macro.bodySpan.start, macro.bodySpan.end)));
        continue;
      }
      if (tokens.kind[t] !== TokenKind.identifier) continue;
      const name = tokenText(tokens, t);
      const isConstant = (): boolean => constants.some((c) => span.start >= c.start && span.start < c.end);
      if (isCovered(span.start)) continue;
      if (!names.has(name)) {
        const hidden = macros.get(name);
        if (hidden !== undefined && isConstant() && !isDead(file, span.start))
          refuse(
            "type-address-constant",
            span,
            `The macro \`${name}\` puts the address of \`${hidden}\` into an initialiser, which must be constant.`,
            hidden,
          );
        continue;
      }
      const change = changeOf(tokens, t);
      if (change === "none") continue;
      if (isDead(file, span.start)) {
        if (change !== "value") edits.replace(change, change.text, RULE);
        continue;
      }
      if (change === "value")
        refuse(
          "type-used-as-value",
          span,
          `\`${name}\` is used as a value here: neither its address nor one of its fields is taken.`,
          name,
        );
      if (isConstant())
        refuse(
          "type-address-constant",
          span,
          `An initialiser needs the address of \`${name}\`, which is no constant once the type is created at run time.`,
          name,
        );
      edits.replace(change, change.text, RULE);
    }
  };
  visit(withoutComments(lex(text)));
}

/** What a use becomes; `none` for other things of the same name, `value` for a use that cannot be rewritten. */
function changeOf(tokens: Tokens, t: number): Change | "none" | "value" {
  const touches = (a: number): boolean => tokens.end[a] === tokens.start[a + 1];
  if (isPunctuation(tokens, t - 1, DOT)) return "none";
  if (isPunctuation(tokens, t - 1, GREATER) && isPunctuation(tokens, t - 2, MINUS) && touches(t - 2)) return "none";
  if (["struct", "union", "enum", "goto"].includes(tokenText(tokens, t - 1))) return "none";
  if (isPunctuation(tokens, t - 1, HASH) || isPunctuation(tokens, t + 1, HASH)) return "value";
  if (isPunctuation(tokens, t + 1, DOT))
    return { start: tokens.start[t + 1] as number, end: tokens.end[t + 1] as number, text: "->" };
  if (!isPunctuation(tokens, t - 1, AMPERSAND)) return "value";
  if (isPunctuation(tokens, t - 2, AMPERSAND) && touches(t - 2)) return "value";
  const glued = t >= 2 && tokens.kind[t - 2] !== TokenKind.punctuation && touches(t - 2);
  return { start: tokens.start[t - 1] as number, end: tokens.start[t] as number, text: glued ? " " : "" };
}

/** Initialisers that the compiler must be able to evaluate: of variables at file scope and of static locals. */
function constantSpans(file: ParsedFile): Span[] {
  const { tree } = file;
  const spans: Span[] = [];
  const add = (declaration: number): void => {
    for (const { value } of readDeclarators(tree, declaration))
      if (value !== NONE) spans.push({ start: tree.start(value), end: tree.end(value) });
  };
  for (const n of fileScopeNodes(tree, "declaration", "function_definition")) {
    if (tree.kind(n) === "declaration") add(n);
    else for (const inner of tree.descendants(n, "declaration")) if (hasStorage(tree, inner, "static")) add(inner);
  }
  return spans;
}

/** Macros whose bodies name one of the types, with that name. */
export function macrosNaming(knowledge: MacroKnowledge, names: ReadonlySet<string>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [name, definitions] of knowledge.definitions)
    for (const { body } of definitions) {
      if (![...names].some((n) => body.includes(n))) continue;
      const tokens = lex(body, "piece");
      for (let t = 0; t < tokens.count; t++) {
        const word = tokens.kind[t] === TokenKind.identifier ? tokenText(tokens, t) : "";
        if (names.has(word)) found.set(name, word);
      }
    }
  return found;
}
