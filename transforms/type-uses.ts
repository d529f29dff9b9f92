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
import type { MacroDefinition, MacroKnowledge, ParsedFile, Span } from "../syntax/source.ts";
import { NONE } from "../syntax/tree.ts";

const RULE = "type-to-spec";
const DOT = 46;
const AMPERSAND = 38;
const HASH = 35;
const GREATER = 62;
const MINUS = 45;
const OPEN = 40;
const CLOSE = 41;
const COMMA = 44;
const SEMICOLON = 59;
const BRACE = 123;

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
  knowledge: MacroKnowledge,
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
      if (isLocalVariable(file, name, span.start))
        refuse("type-used-as-value", span, `A local variable is called \`${name}\` too.`, name);
      const isPasted = isArgumentOfPasting(tokens, t, knowledge);
      const change = isPasted && changeOf(tokens, t) !== "none" ? "pasted" : changeOf(tokens, t);
      if (change === "none") continue;
      if (isDead(file, span.start)) {
        if (change !== "pasted") edits.replace(change, change.text, RULE);
        continue;
      }
      if (change === "pasted")
        refuse("type-used-as-value", span, `A macro makes another name, or a text, of \`${name}\`.`, name);
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

/** What a use becomes; `none` for other things of the same name, `pasted` for a use that cannot be rewritten. */
function changeOf(tokens: Tokens, t: number): Change | "none" | "pasted" {
  const touches = (a: number): boolean => tokens.end[a] === tokens.start[a + 1];
  if (isPunctuation(tokens, t - 1, DOT)) return "none";
  if (isPunctuation(tokens, t - 1, GREATER) && isPunctuation(tokens, t - 2, MINUS) && touches(t - 2)) return "none";
  if (["struct", "union", "enum", "goto"].includes(t > 0 ? tokenText(tokens, t - 1) : "")) return "none";
  if (isPunctuation(tokens, t - 1, HASH) || isPunctuation(tokens, t + 1, HASH)) return "pasted";
  if (isPunctuation(tokens, t + 1, DOT))
    return { start: tokens.start[t + 1] as number, end: tokens.end[t + 1] as number, text: "->" };
  const isAddress =
    isPunctuation(tokens, t - 1, AMPERSAND) && !(isPunctuation(tokens, t - 2, AMPERSAND) && touches(t - 2));
  if (!isAddress)
    return { start: tokens.start[t] as number, end: tokens.end[t] as number, text: `(*${tokenText(tokens, t)})` };
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

/** Whether a name at an offset belongs to a variable or parameter of the function around it. */
function isLocalVariable(file: ParsedFile, name: string, offset: number): boolean {
  const { tree } = file;
  for (const n of fileScopeNodes(tree, "function_definition")) {
    if (offset < tree.start(n) || offset >= tree.end(n)) continue;
    for (const d of tree.descendants(n, "declaration", "parameter_declaration"))
      if (readDeclarators(tree, d).some((v) => v.name === name)) return true;
  }
  return false;
}

function hasHash(body: string): boolean {
  return body.includes("#");
}

/** Whether a token stands in the arguments of a macro of the project that makes names or texts of its arguments. */
function isArgumentOfPasting(tokens: Tokens, t: number, knowledge: MacroKnowledge): boolean {
  let depth = 0;
  for (let i = t - 1; i > 0; i--) {
    if (tokens.kind[i] === TokenKind.directive) return false;
    if (isPunctuation(tokens, i, SEMICOLON) || isPunctuation(tokens, i, BRACE)) return false;
    if (isPunctuation(tokens, i, CLOSE)) depth++;
    if (!isPunctuation(tokens, i, OPEN) || --depth >= 0) continue;
    depth = 0;
    const callee = tokenText(tokens, i - 1);
    if (knowledge.definitions.get(callee)?.some((d) => d.parameters !== null && hasHash(d.body)) === true) return true;
  }
  return false;
}

/** A part of a name that a macro pastes: its text, or the position of the argument. */
type Piece = string | number;

/** Names that a macro makes with `##`, as sequences of pieces. */
function pastedBy(definition: MacroDefinition): Piece[][] {
  const found: Piece[][] = [];
  const tokens = withoutComments(lex(definition.body, "piece"));
  const piece = (t: number): Piece => {
    const word = tokenText(tokens, t);
    const parameter = definition.parameters?.indexOf(word) ?? -1;
    return parameter >= 0 ? parameter : word;
  };
  const isPaste = (t: number): boolean =>
    isPunctuation(tokens, t, HASH) && isPunctuation(tokens, t + 1, HASH) && tokens.end[t] === tokens.start[t + 1];
  for (let t = 1; t + 2 < tokens.count; t++) {
    if (!isPaste(t)) continue;
    const pieces = [piece(t - 1)];
    for (; isPaste(t) && t + 2 < tokens.count; t += 3) pieces.push(piece(t + 2));
    found.push(pieces);
  }
  return found;
}

/**
 * Throws {@link UseRefused} when a macro call makes the name of one of the types out of parts, as the text would then
 * hide a use of it. An argument that is no single word may stand for anything.
 */
export function refusePasted(
  files: readonly ParsedFile[],
  knowledge: MacroKnowledge,
  names: ReadonlySet<string>,
): void {
  const pasting = new Map<string, Piece[][]>();
  for (const [macro, definitions] of knowledge.definitions) {
    const pieces = definitions.filter((d) => d.body.includes("##")).flatMap(pastedBy);
    if (pieces.length > 0) pasting.set(macro, pieces);
  }
  if (pasting.size === 0) return;
  for (const file of files) {
    const visit = (tokens: Tokens, parameters: readonly string[]): void => {
      for (let t = 0; t < tokens.count; t++) {
        if (tokens.kind[t] === TokenKind.directive) {
          const start = tokens.start[t] as number;
          const macro = file.macros.find((m) => m.span.start >= start && m.span.start < (tokens.end[t] as number));
          if (macro !== undefined)
            visit(
              withoutComments(lex(file.text, "piece", macro.bodySpan.start, macro.bodySpan.end)),
              macro.parameters ?? [],
            );
          continue;
        }
        const made = tokens.kind[t] === TokenKind.identifier ? pasting.get(tokenText(tokens, t)) : undefined;
        if (made === undefined || !isPunctuation(tokens, t + 1, OPEN)) continue;
        const words = argumentWords(tokens, t + 1).map((w) => (w === null || parameters.includes(w) ? null : w));
        for (const pieces of made) {
          const parts = pieces.map((p) => (typeof p === "string" ? p : (words[p] ?? null)));
          const name = [...names].find((n) => canBe(parts, n));
          const span = { start: tokens.start[t] as number, end: tokens.end[t] as number };
          if (name !== undefined && !isDead(file, span.start))
            throw new UseRefused(
              "type-used-as-value",
              span,
              `The macro \`${tokenText(tokens, t)}\` makes the name \`${name}\` out of parts.`,
              file,
              name,
            );
        }
      }
    };
    visit(withoutComments(lex(file.text)), []);
  }
}

/** The arguments of a call whose parenthesis is at `open`: their text where they are one word, else null. */
function argumentWords(tokens: Tokens, open: number): (string | null)[] {
  const words: (string | null)[] = [];
  let depth = 0;
  let current: string[] = [];
  for (let t = open; t < tokens.count; t++) {
    if (isPunctuation(tokens, t, OPEN)) depth++;
    else if (isPunctuation(tokens, t, CLOSE)) depth--;
    const isEnd = depth === 0;
    if (isEnd || (depth === 1 && isPunctuation(tokens, t, COMMA))) {
      words.push(current.length === 1 ? (current[0] as string) : current.length === 0 ? "" : null);
      current = [];
    } else if (t !== open) current.push(tokenText(tokens, t));
    if (isEnd) return words;
  }
  return words;
}

/** Whether parts, of which null ones may be any text, can make a name. */
function canBe(parts: readonly (string | null)[], name: string): boolean {
  if (parts.every((p) => p !== null)) return parts.join("") === name;
  if (parts.every((p) => p === null)) return false;
  let at = 0;
  for (const [i, part] of parts.entries()) {
    if (part === null) continue;
    const isFree = i > 0 && parts[i - 1] === null;
    const found = isFree ? name.indexOf(part, at) : name.startsWith(part, at) ? at : -1;
    if (found < 0) return false;
    at = found + part.length;
  }
  return parts[parts.length - 1] === null || at === name.length;
}
