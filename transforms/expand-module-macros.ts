/**
 * Expands the macros with which sources that once served Python 2 too define and create their module, so that the
 * module can be read: `MOD_DEF(m, "spam", doc, methods)` for a `PyModuleDef` and the call of `PyModule_Create`, and
 * `METHOD(spam)` for an entry of the method table.
 */
import { type ExtensionModule, isDead, type Project } from "../model/project.ts";
import { EditSet } from "../syntax/edits.ts";
import { isPunctuation, lex, TokenKind, type Tokens, tokenText } from "../syntax/lexer.ts";
import type { MacroDefinition, ParsedFile } from "../syntax/source.ts";
import { newlineOf } from "./statement-edits.ts";

const RULE = "module-to-hpy";
const OPEN = 40;
const CLOSE = 41;
const COMMA = 44;
const SEMICOLON = 59;
const HASH = 35;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/** Edits that expand these macros in the file of the module's init function; null when there is nothing to expand. */
export function expandModuleMacros(project: Project, module: ExtensionModule): ReadonlyMap<ParsedFile, EditSet> | null {
  const file = module.file;
  const macros = new Map<string, MacroDefinition>();
  for (const [name, definitions] of project.knowledge.definitions) {
    const live = definitions.filter((d) => d.path === file.path && !isDead(file, d.span.start));
    const macro = live[0];
    if (live.length === 1 && macro !== undefined && macro.parameters !== null && makesModule(macro))
      macros.set(name, macro);
  }
  if (macros.size === 0) return null;
  const edits = new EditSet(file.text);
  const tokens = lex(file.text);
  for (let t = 0; t < tokens.count; t++) {
    const macro = macros.get(tokenText(tokens, t));
    if (macro === undefined || !isPunctuation(tokens, t + 1, OPEN)) continue;
    const start = tokens.start[t] as number;
    if (isDead(file, start) || isInDirective(file, start)) continue;
    const call = readArguments(tokens, t + 1);
    if (call === null || call.texts.length !== macro.parameters?.length) return null;
    const text = expand(macro, call.texts, lineBreak(file.text, start));
    if (text === null) return null;
    const end = tokens.end[call.last] as number;
    const isTerminated = isPunctuation(tokens, call.last + 1, SEMICOLON);
    edits.replace({ start, end }, isTerminated && text.endsWith(";") ? text.slice(0, -1) : text, RULE);
  }
  return edits.size === 0 ? null : new Map([[file, edits]]);
}

function makesModule(macro: MacroDefinition): boolean {
  const tokens = lex(macro.body, "piece");
  for (let t = 0; t < tokens.count; t++)
    if (["PyModuleDef", "PyModule_Create"].includes(tokenText(tokens, t))) return true;
  if (!isPunctuation(tokens, 0, OPEN_BRACE) || !isPunctuation(tokens, tokens.count - 1, CLOSE_BRACE)) return false;
  for (let t = 0; t < tokens.count; t++) if (tokenText(tokens, t).startsWith("METH_")) return true;
  return false;
}

function isInDirective(file: ParsedFile, offset: number): boolean {
  return file.macros.some((m) => offset >= m.span.start && offset < m.span.end);
}

/** A line break with the indentation of the line that an offset is in. */
function lineBreak(text: string, offset: number): string {
  const line = text.lastIndexOf("\n", offset - 1) + 1;
  let end = line;
  while (text[end] === " " || text[end] === "\t") end++;
  return newlineOf(text) + text.slice(line, end);
}

function readArguments(tokens: Tokens, open: number): { readonly texts: string[]; readonly last: number } | null {
  const texts: string[] = [];
  let depth = 0;
  let start = tokens.end[open] as number;
  for (let t = open; t < tokens.count; t++) {
    if (isPunctuation(tokens, t, OPEN)) depth++;
    const ends = isPunctuation(tokens, t, CLOSE) && --depth === 0;
    if (!ends && !(depth === 1 && isPunctuation(tokens, t, COMMA))) continue;
    texts.push(tokens.text.slice(start, tokens.start[t]).trim());
    start = tokens.end[t] as number;
    if (ends) return { texts, last: t };
  }
  return null;
}

/** The macro's body on one line per statement; null where it quotes more than a name, or pastes what it computes. */
function expand(macro: MacroDefinition, values: readonly string[], newline: string): string | null {
  const tokens = lex(macro.body, "piece");
  const isHash = (t: number) => isPunctuation(tokens, t, HASH);
  let text = "";
  let depth = 0;
  for (let t = 0; t < tokens.count; t++) {
    if (isPaste(tokens, t)) {
      t += tokenText(tokens, t) === "##" ? 0 : 1;
      continue;
    }
    const source = tokenText(tokens, t);
    const isQuoted = isHash(t);
    const named = isQuoted ? tokenText(tokens, t + 1) : source;
    const parameter =
      isQuoted || tokens.kind[t] === TokenKind.identifier ? (macro.parameters ?? []).indexOf(named) : -1;
    const value = parameter >= 0 ? (values[parameter] ?? "") : source;
    const isPasted = isPaste(tokens, t + 1) || isPaste(tokens, t - 1) || isPaste(tokens, t - 2);
    if ((isQuoted || (isPasted && parameter >= 0)) && (parameter < 0 || !/^\w+$/.test(value))) return null;
    if (source === "(" || source === "{") depth++;
    if (source === ")" || source === "}") depth--;
    const isApart = t > 0 && (tokens.end[t - 1] as number) < (tokens.start[t] as number);
    const isNewStatement = t > 0 && depth === 0 && isPunctuation(tokens, t - 1, SEMICOLON);
    const follows = isPaste(tokens, t - 1) || isPaste(tokens, t - 2);
    text += `${isNewStatement ? newline : isApart && !follows ? " " : ""}${isQuoted ? `"${value}"` : value}`;
    if (isQuoted) t++;
  }
  return text;
}

/** Whether `##` begins at a token, which the lexer may give as one token or two. */
function isPaste(tokens: Tokens, t: number): boolean {
  if (t < 0 || t >= tokens.count) return false;
  if (tokenText(tokens, t) === "##") return true;
  return isPunctuation(tokens, t, HASH) && isPunctuation(tokens, t + 1, HASH) && tokens.end[t] === tokens.start[t + 1];
}
