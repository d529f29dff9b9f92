import { jumpOut } from "../syntax/jumps.ts";
import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import type { ParsedFile } from "../syntax/source.ts";
import { NONE, type Node } from "../syntax/tree.ts";
import { type Declared, hasStorage, readDeclaration, Scope } from "./declarations.ts";

/** A function definition with what the checker needs to know before it looks into the body. */
export interface FunctionInfo {
  readonly file: ParsedFile;
  readonly node: Node;
  readonly name: string;
  readonly head: Declared;
  readonly scope: Scope;
  readonly isStatic: boolean;
  /** Slot or signature when an `HPyDef_*` names it as its implementation: `HPy_tp_new`, `HPyFunc_O`. Empty otherwise. */
  readonly entry: string;
  /** Whether it takes an `HPyContext *` or implements a slot without one, such as `HPy_tp_traverse`. */
  readonly usesHpy: boolean;
  /** Names that the body calls, once each. */
  readonly calls: ReadonlySet<string>;
}

/** One use of an `HPyDef_*` macro at file level. */
export interface Definition {
  readonly macro: string;
  readonly symbol: string;
  readonly start: number;
  readonly end: number;
  /** Arguments as written, without the symbol. */
  readonly rest: readonly string[];
}

/** What the checker reads of one file, whatever the others say. */
class FileFacts {
  readonly functions: readonly FunctionInfo[];
  readonly definitions: readonly Definition[];
  readonly prototypes: readonly Declared[];
  readonly called = new Set<string>();
  readonly asValue = new Set<string>();
  readonly registeredGlobals = new Set<string>();
  readonly objectStructs = new Set<string>();
  readonly handleStructs = new Set<string>();
  readonly visitedFields = new Set<string>();
  readonly macros = new Set<string>();
  readonly hidingMacros = new Set<string>();
  /** Macros and enumerators in their order; undefined for what is no number. */
  readonly constants: (readonly [string, number | undefined])[] = [];
  hasModule = false;

  constructor(file: ParsedFile) {
    const definitions = definitionsOf(file);
    this.readTables(file);
    this.readEnumerators(file);
    this.definitions = definitions;
    const entries = new Map<string, string>();
    for (const d of definitions) for (const [name, entry] of implementations(d)) entries.set(name, entry);
    for (const macro of file.macros) {
      if (macro.parameters === null) this.constants.push([macro.name, integer(macro.body)]);
      else this.macros.add(macro.name);
      if (hidesCode(macro.body)) this.hidingMacros.add(macro.name);
    }
    const { tree } = file;
    const found: FunctionInfo[] = [];
    for (const node of tree.descendants(0, "function_definition")) {
      const head = readDeclaration(tree, node)[0];
      if (head === undefined || !head.isFunction || head.name === "") continue;
      const scope = new Scope(tree, node);
      const calls = new Set<string>();
      for (const call of tree.descendants(node, "call_expression")) {
        const callee = tree.field(call, "function");
        if (callee === NONE || tree.kind(callee) !== "identifier") continue;
        calls.add(tree.source(callee));
        this.called.add(tree.source(callee));
      }
      found.push({
        file,
        node,
        name: head.name,
        head,
        scope,
        isStatic: hasStorage(tree, node, "static"),
        entry: entries.get(head.name) ?? "",
        usesHpy: entries.has(head.name) || scope.parameters.some((p) => p.type.base === "HPyContext"),
        calls,
      });
    }
    this.functions = found;
    for (const node of tree.descendants(0, "identifier")) {
      const field = tree.fieldOf(node);
      if (field !== "function" && field !== "declarator") this.asValue.add(tree.source(node));
    }
    const prototypes: Declared[] = [];
    for (const node of tree.descendants(0, "declaration"))
      for (const d of readDeclaration(tree, node)) if (d.isFunction) prototypes.push(d);
    this.prototypes = prototypes;
  }

  private readEnumerators(file: ParsedFile): void {
    const { tree } = file;
    for (const list of tree.descendants(0, "enumerator_list")) {
      let next: number | undefined = 0;
      for (const enumerator of tree.named(list)) {
        if (tree.kind(enumerator) !== "enumerator") continue;
        const value = tree.field(enumerator, "value");
        if (value !== NONE) next = integer(tree.source(value));
        this.constants.push([tree.source(tree.field(enumerator, "name")), next]);
        if (next !== undefined) next++;
      }
    }
  }

  /** Names that are bound by macros or in tables. */
  private readTables(file: ParsedFile): void {
    const tokens = lex(file.text);
    for (let t = 0; t + 2 < tokens.count; t++) {
      if (tokens.kind[t] !== TokenKind.identifier) continue;
      const word = tokenText(tokens, t);
      if (word === "HPy_MODINIT") this.hasModule = true;
      if (word === "HPyType_HELPERS" || word === "HPyType_LEGACY_HELPERS")
        this.objectStructs.add(tokenText(tokens, t + 2));
      if (word !== "HPy_VISIT") continue;
      for (let u = t + 1; u < tokens.count && tokenText(tokens, u) !== ";"; u++) {
        if (tokens.kind[u] === TokenKind.identifier) this.visitedFields.add(tokenText(tokens, u));
      }
    }
    const { tree } = file;
    for (const node of tree.descendants(0, "struct_specifier")) this.readStruct(file, node);
    for (const node of tree.descendants(0, "declaration")) {
      for (const d of readDeclaration(tree, node)) {
        if (d.type.base !== "HPyGlobal" || !d.type.array || d.value === NONE) continue;
        for (const name of tree.descendants(d.value, "identifier", "qualified_identifier")) {
          // Of `Term::TypeObject` neither part alone is registered.
          if (tree.kind(tree.parent(name)) === "qualified_identifier") continue;
          this.registeredGlobals.add(tree.source(name).replaceAll(" ", ""));
        }
      }
    }
  }

  private readStruct(file: ParsedFile, node: Node): void {
    const { tree } = file;
    const body = tree.field(node, "body");
    if (body === NONE) return;
    const holds = tree
      .named(body)
      .filter((field) => tree.kind(field) === "field_declaration")
      .some((field) =>
        readDeclaration(tree, field).some((d) => d.type.base === "HPy" && d.type.pointers === 0 && !d.isFunction),
      );
    if (!holds) return;
    const name = tree.field(node, "name");
    if (name !== NONE) this.handleStructs.add(`struct ${tree.source(name)}`);
    const parent = tree.parent(node);
    if (tree.kind(parent) !== "type_definition") {
      if (name !== NONE && file.language === "cpp") this.handleStructs.add(tree.source(name));
      return;
    }
    for (const d of tree.fields(parent, "declarator")) this.handleStructs.add(tree.source(d));
  }
}

/** Files that several checks read, such as those that a step of a migration does not change. */
const KNOWN_FILES = new WeakMap<ParsedFile, FileFacts>();

function factsOf(file: ParsedFile): FileFacts {
  const known = KNOWN_FILES.get(file);
  if (known !== undefined) return known;
  const facts = new FileFacts(file);
  KNOWN_FILES.set(file, facts);
  return facts;
}

/** What the check of a function asks about the project around it. */
export interface ProjectAnswers {
  readonly macros: { has(name: string): boolean };
  readonly hidingMacros: { has(name: string): boolean };
  readonly prototypes: { get(name: string): Declared | undefined };
  constant(name: string): number | undefined;
  isEntry(info: FunctionInfo): boolean;
  isCallback(info: FunctionInfo): boolean;
}

/** Everything about the files of a project that is looked up by name. */
export class Project {
  private readonly functions = new Map<string, FunctionInfo[]>();
  readonly byFile = new Map<ParsedFile, readonly FunctionInfo[]>();
  readonly definitions = new Map<ParsedFile, readonly Definition[]>();
  /** Functions that are declared without a body somewhere, by name. */
  readonly prototypes = new Map<string, Declared>();
  /** Names that some function of the project calls. */
  readonly called = new Set<string>();
  /** Names that stand for a value somewhere: functions among them are called through pointers. */
  private readonly asValue = new Set<string>();
  /** Names in the initialisers of `HPyGlobal *` arrays. */
  private readonly registeredGlobals = new Set<string>();
  /** Structs that `HPyType_HELPERS` or `HPyType_LEGACY_HELPERS` binds to objects. */
  readonly objectStructs = new Set<string>();
  /** Structs with a handle as a member: `struct x`, or the name that a typedef gives. */
  readonly handleStructs = new Set<string>();
  /** Names of fields that an `HPy_VISIT` visits. */
  readonly visitedFields = new Set<string>();
  /** Whether a module is defined in these files, so that its tables are known. */
  hasModule = false;
  /** Names of function-like macros. */
  readonly macros = new Set<string>();
  /** Macros that leave the function, jump, or call either API: nothing of that shows where they are used. */
  readonly hidingMacros = new Set<string>();
  /** Values of macros and enumerators that are whole numbers; names with different values are left out. */
  private readonly constants = new Map<string, number | null>();

  constructor(files: readonly ParsedFile[]) {
    for (const file of files) this.addFile(file);
  }

  private addFile(file: ParsedFile): void {
    const facts = factsOf(file);
    this.definitions.set(file, facts.definitions);
    this.byFile.set(file, facts.functions);
    for (const info of facts.functions) {
      const same = this.functions.get(info.name);
      if (same === undefined) this.functions.set(info.name, [info]);
      else same.push(info);
    }
    for (const d of facts.prototypes) this.prototypes.set(d.name, d);
    for (const [name, value] of facts.constants) this.define(name, value);
    addAll(this.called, facts.called);
    addAll(this.asValue, facts.asValue);
    addAll(this.registeredGlobals, facts.registeredGlobals);
    addAll(this.objectStructs, facts.objectStructs);
    addAll(this.handleStructs, facts.handleStructs);
    addAll(this.visitedFields, facts.visitedFields);
    addAll(this.macros, facts.macros);
    addAll(this.hidingMacros, facts.hidingMacros);
    this.hasModule ||= facts.hasModule;
  }

  /** Whether an `HPyGlobal` is in a `globals` array; either name may be qualified further than the other. */
  isRegistered(name: string): boolean {
    for (const known of this.registeredGlobals)
      if (known === name || known.endsWith(`::${name}`) || name.endsWith(`::${known}`)) return true;
    return false;
  }

  /** Value of a macro or an enumerator; undefined when it is not one known number. */
  constant(name: string): number | undefined {
    return this.constants.get(name) ?? undefined;
  }

  private define(name: string, value: number | undefined): void {
    const known = this.constants.get(name);
    this.constants.set(name, value === undefined || (known !== undefined && known !== value) ? null : value);
  }

  /**
   * Whether callers that are not in the code call this function by HPy's conventions: it implements an `HPyDef_*`,
   * its address is taken, or nothing here calls it.
   */
  isEntry(info: FunctionInfo): boolean {
    return info.entry !== "" || this.asValue.has(info.name) || !this.called.has(info.name);
  }

  /** Whether the address of a function is taken: then Python or somebody else calls it by the conventions. */
  isCallback(info: FunctionInfo): boolean {
    return info.entry !== "" || this.asValue.has(info.name);
  }

  /** Definitions that a call of this name in this file may mean; several for C++ overloads. */
  candidates(name: string, file: ParsedFile): readonly FunctionInfo[] {
    const all = this.functions.get(name) ?? [];
    const here = all.filter((f) => f.file === file);
    if (here.length > 0) return here;
    const seen = all.filter((f) => !f.isStatic || (f.usesHpy && this.mayInclude(file, f.file)));
    // Guarded copies of one function in several headers are one function.
    return seen.filter((f, i) => !seen.slice(0, i).some((g) => isSameText(f, g)));
  }

  /** Whether a file may see what is static in another: that is a header, or a source that the file includes. */
  private mayInclude(file: ParsedFile, other: ParsedFile): boolean {
    const dot = other.path.lastIndexOf(".");
    if (HEADERS.has(other.path.slice(dot))) return true;
    const name = other.path.slice(other.path.lastIndexOf("/") + 1);
    return file.includes.some((i) => i.path === name || i.path.endsWith(`/${name}`));
  }

  /** The definition that a call means; `"ambiguous"` when the number of arguments does not tell which. */
  resolve(name: string, file: ParsedFile, count: number): FunctionInfo | "ambiguous" | undefined {
    const all = this.candidates(name, file);
    if (all.length <= 1) return all[0];
    const fitting = all.filter((f) => f.scope.parameters.length === count);
    return fitting.length === 1 ? fitting[0] : "ambiguous";
  }
}

function addAll(to: Set<string>, from: ReadonlySet<string>): void {
  for (const name of from) to.add(name);
}

function isSameText(a: FunctionInfo, b: FunctionInfo): boolean {
  return a.file.tree.source(a.node) === b.file.tree.source(b.node);
}

/** Ends of the names of files that others include. */
const HEADERS: ReadonlySet<string> = new Set([".h", ".hh", ".hpp", ".hxx", ".inc"]);

/** Whether the replacement of a macro jumps out of itself or calls Python. */
function hidesCode(body: string): boolean {
  const tokens = lex(body, "piece");
  if (jumpOut(tokens) !== null) return true;
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] !== TokenKind.identifier) continue;
    const word = tokenText(tokens, t);
    const called = t + 1 < tokens.count && tokenText(tokens, t + 1) === "(";
    if (called && (word.startsWith("HPy") || word.startsWith("Py")) && word !== "HPy_IsNull") return true;
  }
  return false;
}

/** A whole number in C, possibly negative and in parentheses; undefined for anything else. */
export function integer(text: string): number | undefined {
  let digits = text.trim();
  while (digits.startsWith("(") && digits.endsWith(")")) digits = digits.slice(1, -1).trim();
  const negative = digits.startsWith("-");
  if (negative) digits = digits.slice(1).trim();
  while ("uUlL".includes(digits.at(-1) ?? "end") && digits.length > 1) digits = digits.slice(0, -1);
  const octal = digits.length > 1 && digits.startsWith("0") && !Number.isNaN(Number(digits[1]));
  const value = digits === "" ? Number.NaN : Number(octal ? `0o${digits.slice(1)}` : digits);
  if (!Number.isInteger(value)) return undefined;
  return negative ? -value : value;
}

/** Function names that an `HPyDef_*` binds, each with its slot or signature. */
function implementations(d: Definition): [string, string][] {
  const slot = d.rest[0] ?? "";
  const signature = d.rest[1] ?? "";
  const s = d.symbol;
  switch (d.macro) {
    case "HPyDef_METH":
      // Before HPy 0.9 the name of the implementation stood before the signature.
      return [signature.startsWith("HPyFunc_") ? [`${s}_impl`, signature] : [signature, d.rest[2] ?? ""]];
    case "HPyDef_METH_IMPL":
      return [[signature, d.rest[2] ?? ""]];
    case "HPyDef_SLOT":
      return [signature.startsWith("HPy_") ? [slot, signature] : [`${s}_impl`, slot]];
    case "HPyDef_SLOT_IMPL":
      return [[slot, signature]];
    case "HPyDef_GET":
      return [[`${s}_get`, "get"]];
    case "HPyDef_SET":
      return [[`${s}_set`, "set"]];
    case "HPyDef_GETSET":
      return [
        [`${s}_get`, "get"],
        [`${s}_set`, "set"],
      ];
    case "HPyDef_GET_IMPL":
      return [[signature, "get"]];
    case "HPyDef_SET_IMPL":
      return [[signature, "set"]];
    case "HPyDef_GETSET_IMPL":
      return [
        [signature, "get"],
        [d.rest[2] ?? "", "set"],
      ];
    case "HPyDef_CALL_FUNCTION":
      return [[`${s}_impl`, "HPyFunc_KEYWORDS"]];
    default:
      return [];
  }
}

/** Names of the functions that the `HPyDef_*` macros of a file bind, by the symbols that they define. */
export function definedFunctions(file: ParsedFile): ReadonlyMap<string, readonly string[]> {
  return new Map(definitionsOf(file).map((d) => [d.symbol, implementations(d).map(([name]) => name)]));
}

const DEFINITIONS = new WeakMap<ParsedFile, readonly Definition[]>();

/** The `HPyDef_*` macros of a file. The parser masks them, so they are read from the tokens. */
function definitionsOf(file: ParsedFile): readonly Definition[] {
  const known = DEFINITIONS.get(file) ?? (file.text.includes("HPyDef_") ? readDefinitions(file) : []);
  DEFINITIONS.set(file, known);
  return known;
}

function readDefinitions(file: ParsedFile): Definition[] {
  const tokens = lex(file.text);
  const found: Definition[] = [];
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] !== TokenKind.identifier || !tokenText(tokens, t).startsWith("HPyDef_")) continue;
    if (t + 1 >= tokens.count || tokenText(tokens, t + 1) !== "(") continue;
    const parts: string[] = [];
    let depth = 0;
    let current = "";
    let u = t + 1;
    for (; u < tokens.count; u++) {
      if (tokens.kind[u] === TokenKind.comment) continue;
      const text = tokenText(tokens, u);
      if (text === "(" && depth++ === 0) continue;
      if (text === ")" && --depth === 0) break;
      if (text === "," && depth === 1) {
        parts.push(current);
        current = "";
      } else current += text;
    }
    parts.push(current);
    const [symbol = "", ...rest] = parts;
    found.push({
      macro: tokenText(tokens, t),
      symbol,
      start: tokens.start[t] as number,
      end: tokens.end[Math.min(u, tokens.count - 1)] as number,
      rest,
    });
    t = u;
  }
  return found;
}
