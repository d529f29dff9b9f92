/**
 * Reads declarations out of C headers: just enough C for the headers of CPython (after the preprocessor) and of HPy
 * (before it). Function bodies are kept as tokens; everything else inside braces is kept too, so that enumerators
 * and struct members can be read from the same stream.
 */

export interface CToken {
  readonly text: string;
  /** Path of the header, as the last line marker gave it, or the empty string. */
  readonly file: string;
}

/** A `#define` line with continuations joined. */
export interface CDefine {
  readonly name: string;
  /** Parameter names of a function-like macro. */
  readonly parameters: readonly string[] | undefined;
  readonly value: readonly string[];
  readonly file: string;
}

export interface CSource {
  readonly tokens: readonly CToken[];
  readonly defines: readonly CDefine[];
}

export interface CParameter {
  readonly type: string;
  readonly name: string;
}

export interface CFunction {
  readonly name: string;
  readonly result: string;
  readonly parameters: readonly CParameter[];
  readonly file: string;
  /** Tokens of the definition's body without its braces; undefined for a prototype. */
  readonly body: readonly string[] | undefined;
}

/** One declaration or definition at the outermost level. */
export interface CDeclaration {
  readonly tokens: readonly string[];
  readonly body: readonly string[] | undefined;
  readonly file: string;
}

const isWordStart = (c: string): boolean => (c >= "a" && c <= "z") || (c >= "A" && c <= "Z") || c === "_";
const isDigit = (c: string): boolean => c >= "0" && c <= "9";
const isWordPart = (c: string): boolean => isWordStart(c) || isDigit(c);

/** True for an identifier or keyword. */
export function isWord(text: string | undefined): text is string {
  return text !== undefined && text !== "" && isWordStart(text.charAt(0));
}

/** Splits C text into tokens; comments vanish, directives go to `defines` or are dropped. */
export function scan(text: string, file = ""): CSource {
  const tokens: CToken[] = [];
  const defines: CDefine[] = [];
  let current = file;
  let at = 0;
  let lineStart = true;
  while (at < text.length) {
    const c = text.charAt(at);
    if (c === "\n") {
      lineStart = true;
      at += 1;
    } else if (c === " " || c === "\t" || c === "\r" || c === "\f" || c === "\v" || c === "\\") {
      at += 1;
    } else if (c === "#" && lineStart) {
      const end = directiveEnd(text, at);
      const words = wordsOf(text.slice(at + 1, end));
      const define = words[0] === "define" ? readDefine(text.slice(at + 1, end), current) : undefined;
      if (define !== undefined) defines.push(define);
      if (words[0] !== undefined && isDigit(words[0].charAt(0)) && words[1] !== undefined)
        current = words[1].slice(1, -1);
      at = end;
    } else {
      const end = tokenEnd(text, at);
      const token = text.slice(at, end);
      if (!token.startsWith("/*") && !token.startsWith("//")) tokens.push({ text: token, file: current });
      lineStart = false;
      at = end;
    }
  }
  return { tokens, defines };
}

function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (let at = 0; at < text.length; ) {
    const c = text.charAt(at);
    if (c === " " || c === "\t" || c === "\r" || c === "\n" || c === "\\" || c === "\f") {
      at += 1;
      continue;
    }
    const end = tokenEnd(text, at);
    const token = text.slice(at, end);
    if (!token.startsWith("/*") && !token.startsWith("//")) words.push(token);
    at = end;
  }
  return words;
}

function directiveEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charAt(at) !== "\n") {
    if (text.startsWith("\\\n", at)) at += 2;
    else if (text.startsWith("\\\r\n", at)) at += 3;
    else if (text.startsWith("/*", at)) at = tokenEnd(text, at);
    else at += 1;
  }
  return at;
}

function readDefine(line: string, file: string): CDefine | undefined {
  const words = wordsOf(line);
  const name = words[1];
  if (name === undefined) return undefined;
  const functionLike = line.charAt(line.indexOf(name, line.indexOf("define") + 6) + name.length) === "(";
  if (!functionLike) return { name, parameters: undefined, value: words.slice(2), file };
  const close = words.indexOf(")");
  const parameters = words.slice(3, close).filter((word) => word !== ",");
  return { name, parameters, value: words.slice(close + 1), file };
}

function tokenEnd(text: string, from: number): number {
  const c = text.charAt(from);
  let at = from + 1;
  if (isWordStart(c)) {
    while (at < text.length && isWordPart(text.charAt(at))) at += 1;
    return at;
  }
  if (isDigit(c)) {
    while (at < text.length && (isWordPart(text.charAt(at)) || text.charAt(at) === ".")) at += 1;
    return at;
  }
  if (c === '"' || c === "'") {
    while (at < text.length && text.charAt(at) !== c && text.charAt(at) !== "\n")
      at += text.charAt(at) === "\\" ? 2 : 1;
    return Math.min(at + 1, text.length);
  }
  if (text.startsWith("/*", from)) {
    const end = text.indexOf("*/", from + 2);
    return end === -1 ? text.length : end + 2;
  }
  if (text.startsWith("//", from)) {
    const end = text.indexOf("\n", from);
    return end === -1 ? text.length : end;
  }
  for (const wide of ["...", "<<=", ">>=", "->", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "##"]) {
    if (text.startsWith(wide, from)) return from + wide.length;
  }
  return at;
}

/** Cuts a token stream into outermost declarations. `extern "C" {` does not count as a level. */
export function declarations(tokens: readonly CToken[]): CDeclaration[] {
  const found: CDeclaration[] = [];
  let head: string[] = [];
  let at = 0;
  while (at < tokens.length) {
    const token = tokens[at];
    if (token === undefined) break;
    if (token.text === ";") {
      if (head.length > 0) found.push({ tokens: head, body: undefined, file: token.file });
      head = [];
      at += 1;
    } else if (token.text === "{" && head[0] === "extern" && head[1]?.startsWith('"') === true) {
      head = [];
      at += 1;
    } else if (token.text === "}") {
      at += 1;
    } else if (token.text === "{") {
      const end = matching(tokens, at);
      const body = tokens.slice(at + 1, end).map((inner) => inner.text);
      const definesFunction = head.includes("(") && head[0] !== "typedef" && !head.includes("=");
      if (definesFunction) {
        found.push({ tokens: head, body, file: token.file });
        head = [];
      } else {
        head.push("{", ...body, "}");
      }
      at = end + 1;
    } else {
      head.push(token.text);
      at += 1;
    }
  }
  return found;
}

function matching(tokens: readonly CToken[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    const text = tokens[at]?.text;
    if (text === "{") depth += 1;
    if (text === "}" && --depth === 0) return at;
  }
  return tokens.length;
}

const STORAGE = new Set([
  "extern",
  "static",
  "inline",
  "__inline__",
  "__inline",
  "__extension__",
  "_Noreturn",
  "typedef",
]);
const ATTRIBUTES = new Set(["__attribute__", "__asm__", "__declspec", "_Alignas"]);
const QUALIFIERS = new Set(["const", "volatile", "restrict", "__restrict", "register", "struct", "union", "enum"]);
const TYPE_WORDS = new Set(["void", "int", "long", "short", "char", "unsigned", "signed", "float", "double", "_Bool"]);

/** Drops storage classes, attributes and the words in `macros` (declaration macros that a header leaves in place). */
export function plainTokens(tokens: readonly string[], macros: ReadonlySet<string> = new Set()): string[] {
  const kept: string[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const text = tokens[at] ?? "";
    if (ATTRIBUTES.has(text)) at = closing(tokens, at + 1);
    else if (!STORAGE.has(text) && !macros.has(text)) kept.push(text);
  }
  return kept;
}

/** Index of the parenthesis that closes the one at `open`. */
function closing(tokens: readonly string[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (tokens[at] === "(") depth += 1;
    if (tokens[at] === ")" && --depth === 0) return at;
  }
  return tokens.length;
}

/** Reads a declaration as a function; undefined when it declares something else. */
export function asFunction(declaration: CDeclaration, macros: ReadonlySet<string> = new Set()): CFunction | undefined {
  if (declaration.tokens[0] === "typedef") return undefined;
  const tokens = plainTokens(declaration.tokens, macros);
  const open = tokens.indexOf("(");
  const name = tokens[open - 1];
  if (open < 1 || !isWord(name) || tokens.includes("=") || tokens.includes("{")) return undefined;
  const result = spell(tokens.slice(0, open - 1));
  if (result === "") return undefined;
  const inner = tokens.slice(open + 1, closing(tokens, open));
  return { name, result, parameters: parameterList(inner), file: declaration.file, body: declaration.body };
}

/** Parameters between the parentheses of a declarator. */
export function parameterList(inner: readonly string[]): CParameter[] {
  const parameters = splitTop(inner).map(parameter);
  return parameters.length === 1 && parameters[0]?.type === "void" ? [] : parameters;
}

/** Splits at the commas outside parentheses, brackets and braces. */
export function splitTop(tokens: readonly string[]): string[][] {
  const parts: string[][] = [];
  let current: string[] = [];
  let depth = 0;
  for (const text of tokens) {
    if (text === "(" || text === "[" || text === "{") depth += 1;
    if (text === ")" || text === "]" || text === "}") depth -= 1;
    if (text === "," && depth === 0) {
      parts.push(current);
      current = [];
    } else {
      current.push(text);
    }
  }
  if (current.length > 0) parts.push(current);
  return parts;
}

function parameter(tokens: readonly string[]): CParameter {
  const kept = tokens.filter((text) => text !== "register" && text !== "restrict" && text !== "__restrict");
  if (kept[0] === "...") return { type: "...", name: "..." };
  const pointer = kept.findIndex((text, at) => text === "(" && kept[at + 1] === "*");
  if (pointer !== -1) {
    const name = kept[pointer + 2];
    if (!isWord(name)) return { type: spell(kept), name: "" };
    return { type: spell([...kept.slice(0, pointer + 2), ...kept.slice(pointer + 3)]), name };
  }
  if (kept.at(-1) === ")" && kept.at(-3) === "(" && isWord(kept.at(-2))) {
    return parameter([...kept.slice(0, -3), kept.at(-2) ?? ""]);
  }
  const bracket = kept.indexOf("[");
  const stars = kept.filter((text) => text === "[").map(() => "*");
  const base = bracket === -1 ? kept : kept.slice(0, bracket);
  const last = base.at(-1);
  const before = base.slice(0, -1).filter((text) => !QUALIFIERS.has(text) && text !== "*");
  const named = isWord(last) && !QUALIFIERS.has(last) && !TYPE_WORDS.has(last) && before.length > 0;
  return named
    ? { type: spell([...base.slice(0, -1), ...stars]), name: last }
    : { type: spell([...base, ...stars]), name: "" };
}

/** Spells a type as the documentation does: `PyObject *`, `PyObject *const *`, `int (*)(void *)`. */
export function spell(tokens: readonly string[]): string {
  let text = "";
  for (const token of tokens) {
    const tight = text === "" || text.endsWith("(") || token === ")" || token === "," || token === "[" || token === "]";
    const afterStar = text.endsWith("*");
    if (afterStar && (token === "*" || isWord(token))) text += token;
    else if (tight) text += token;
    else if (token === "(" && text.endsWith(")")) text += token;
    else if (token === "(" && afterStar) text += token;
    else text += ` ${token}`;
  }
  return text;
}
