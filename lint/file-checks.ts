import { CAPI_CONSTANTS, CAPI_FUNCTIONS } from "../model/api/capi-table.ts";
import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import type { ParsedFile, Span } from "../syntax/source.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import { hasStorage, readDeclaration, readDeclarator } from "./declarations.ts";
import type { Finding } from "./findings.ts";
import { formatUnits, stringText, unsupportedConversions, unsupportedValueUnits } from "./formats.ts";
import { LIBC_NAMES } from "./libc-names.ts";
import type { FunctionInfo, Project } from "./project.ts";

/** Units that HPy's argument parsers know. Source: argparse.c of HPy 0.9. */
const PARSER_UNITS = new Set("b B h H i I l k L K n f d s p O".split(" "));

/** Where the format stands in calls that take one, by function. */
const FORMAT_ARGUMENT: ReadonlyMap<string, number> = new Map([
  ["HPyArg_Parse", 4],
  ["HPyArg_ParseKeywords", 5],
  ["HPyArg_ParseKeywordsDict", 5],
  ["HPy_BuildValue", 1],
  ["HPyErr_Format", 2],
  ["HPyUnicode_FromFormat", 1],
]);

/** Names of HPy that only the hybrid and the CPython ABI have. */
const LEGACY_WORDS: ReadonlySet<string> = new Set([
  "HPyType_BuiltinShape_Legacy",
  "HPyType_LEGACY_HELPERS",
  "HPy_AsPyObject",
  "HPy_FromPyObject",
  "legacy_methods",
  "legacy_slots",
]);

/** What the extension is built for. The universal ABI has no C API. */
export type Abi = "hybrid" | "universal";

/** Tables that HPy or Python reads up to an entry of zeros, by the type of their elements. */
const ZERO_TERMINATED: ReadonlySet<string> = new Set([
  "HPyType_SpecParam",
  "PyGetSetDef",
  "PyMemberDef",
  "PyMethodDef",
  "PyType_Slot",
]);

/** Containers of the C++ library, with the number of arguments that are keys. */
const CONTAINERS: ReadonlyMap<string, number> = new Map([
  ["array", 0],
  ["deque", 0],
  ["forward_list", 0],
  ["list", 0],
  ["map", 1],
  ["multimap", 1],
  ["multiset", 1],
  ["optional", 0],
  ["pair", 0],
  ["set", 1],
  ["tuple", 0],
  ["unordered_map", 1],
  ["unordered_multimap", 1],
  ["unordered_multiset", 1],
  ["unordered_set", 1],
  ["vector", 0],
]);

/** Defects of declarations, tables and formats: what shows without following paths. */
export function checkFile(file: ParsedFile, project: Project, abi: Abi): Finding[] {
  return new FileCheck(file, project).run(abi);
}

class FileCheck {
  private readonly file: ParsedFile;
  private readonly tree: Tree;
  private readonly project: Project;
  private readonly findings: Finding[] = [];

  constructor(file: ParsedFile, project: Project) {
    this.file = file;
    this.tree = file.tree;
    this.project = project;
  }

  run(abi: Abi): Finding[] {
    if (abi === "universal") this.legacyParts();
    for (const node of this.tree.descendants(0, "template_type")) this.container(node);
    for (const node of this.tree.descendants(0, "declaration")) this.declaration(node);
    for (const node of this.tree.descendants(0, "struct_specifier")) this.struct(node);
    for (const info of this.project.byFile.get(this.file) ?? []) this.calls(info);
    this.definitions();
    return this.findings.sort((a, b) => a.span.start - b.span.start);
  }

  private report(
    id: string,
    node: Node | Span,
    name: string,
    message: string,
    certainty: Finding["certainty"] = "certain",
  ): void {
    const span = typeof node === "number" ? { start: this.tree.start(node), end: this.tree.end(node) } : node;
    this.findings.push({ id, span, function: name, message, path: [], certainty, place: "" });
  }

  private isGlobal(node: Node): boolean {
    return this.tree.enclosing(this.tree.parent(node), "compound_statement", "field_declaration_list") === NONE;
  }

  private declaration(node: Node): void {
    const global = this.isGlobal(node);
    const lasting = global || hasStorage(this.tree, node, "static");
    for (const d of readDeclaration(this.tree, node)) {
      if (d.isFunction) continue;
      if (d.type.array && d.type.pointers === 1 && (d.type.base === "HPyDef" || d.type.base === "HPyGlobal")) {
        this.terminated(d.name, d.value, `the array of ${d.type.base} pointers \`${d.name}\``);
      }
      if (d.type.array && d.type.pointers === 0 && ZERO_TERMINATED.has(d.type.base)) {
        this.zeroTerminated(d.name, d.value, `the array of ${d.type.base} \`${d.name}\``);
      }
      if (d.type.base === "HPyField" && d.type.pointers === 0) {
        const message = `\`${d.name}\` is a field outside of an object: nothing visits it; use ${lasting ? "an HPyGlobal" : "a handle"}`;
        this.report("field-outside-object", node, d.name, message);
      }
      if (!lasting || hasStorage(this.tree, node, "extern")) continue;
      if (d.type.base === "HPy" && d.type.pointers === 0) {
        this.report("handle-in-static", node, d.name, `\`${d.name}\` keeps a handle beyond the call; use an HPyGlobal`);
      }
      if (d.type.pointers === 0 && this.project.handleStructs.has(d.type.base)) {
        const message = `\`${d.name}\` keeps the handle in its ${d.type.base} beyond the call; use an HPyGlobal`;
        this.report("handle-in-static", node, d.name, message);
      }
      if (d.type.base === "HPyContext") {
        this.report("context-stored", node, d.name, `\`${d.name}\` keeps the context beyond the call`);
      }
      if (global && d.type.base === "HPyGlobal" && d.type.pointers === 0 && !d.type.array) {
        if (this.project.hasModule && !this.project.isRegistered(d.name)) {
          this.report("global-not-registered", node, d.name, `\`${d.name}\` is in no \`globals\` array of a module`);
        }
      }
    }
  }

  /** Reports a table that does not end with NULL. */
  private terminated(name: string, value: Node, what: string): void {
    if (value === NONE || this.tree.kind(value) !== "initializer_list") return;
    const last = this.tree.named(value).at(-1);
    if (last === undefined) return;
    const text = this.tree.source(last);
    if (["NULL", "0", "nullptr"].includes(text) || this.tree.kind(last) === "null") return;
    this.report("array-not-terminated", last, name, `${what} does not end with NULL`);
  }

  /** Reports a table whose last entry is not one of zeros. */
  private zeroTerminated(name: string, value: Node, what: string): void {
    if (value === NONE || this.tree.kind(value) !== "initializer_list") return;
    const last = this.tree.named(value).at(-1);
    if (last === undefined || this.tree.kind(last) !== "initializer_list") return;
    const first = this.tree.named(last)[0];
    const text = first === undefined ? "0" : this.tree.source(first).replaceAll(" ", "");
    if (["0", "NULL", "nullptr", "(HPyType_SpecParam_Kind)0"].includes(text)) return;
    if (
      first !== undefined &&
      this.tree.kind(first) !== "string_literal" &&
      !text.startsWith("Py_") &&
      !text.startsWith("HPyType_SpecParam_")
    )
      return;
    this.report("array-not-terminated", last, name, `${what} does not end with an entry of zeros`);
  }

  /** Handles in containers that outlive the call, and as keys, which are compared by their bits. */
  private container(node: Node): void {
    const { tree } = this;
    const keys = CONTAINERS.get(tree.source(tree.field(node, "name")));
    if (keys === undefined) return;
    const list = tree.field(node, "arguments");
    const types = list === NONE ? [] : tree.named(list).map((n) => tree.source(n).trim());
    const at = types.findIndex((type) => type === "HPy" || type === "HPy *" || type === "HPy*");
    if (at < 0) return;
    const enclosing = tree.enclosing(node, "declaration", "field_declaration", "parameter_declaration");
    const name = tree.source(node);
    if (at < keys) {
      this.report("handle-bits-read", node, name, `\`${name}\` looks handles up by their bits`);
      return;
    }
    if (types[at] !== "HPy" || enclosing === NONE) return;
    const declaration = tree.kind(enclosing) === "declaration";
    const lasting =
      tree.kind(enclosing) === "field_declaration" ||
      (declaration && (this.isGlobal(enclosing) || hasStorage(tree, enclosing, "static")));
    if (!lasting) return;
    const isMember = tree.kind(enclosing) === "field_declaration";
    const message = `\`${name}\` keeps handles in a container${isMember ? " that may outlive the call" : " beyond the call"}`;
    this.report("handle-in-container", node, name, message, isMember ? "possible" : "certain");
  }

  /** What the universal ABI does not have: Python.h, legacy tables, and every name of the C API. */
  private legacyParts(): void {
    const { file } = this;
    if (!file.text.includes("HPy") && !file.text.includes("hpy.h")) return;
    for (const include of file.includes) {
      if (include.path !== "Python.h") continue;
      this.report("capi-in-universal", include.span, "", "Python.h cannot be included under the universal ABI");
    }
    const tokens = lex(file.text);
    const seen = new Set<string>();
    for (let t = 0; t < tokens.count; t++) {
      if (tokens.kind[t] !== TokenKind.identifier) continue;
      const word = tokenText(tokens, t);
      if (!LEGACY_WORDS.has(word) && !CAPI_FUNCTIONS.has(word) && !CAPI_CONSTANTS.has(word)) continue;
      const span = { start: tokens.start[t] as number, end: tokens.end[t] as number };
      const info = (this.project.byFile.get(file) ?? []).find(
        (f) => this.tree.start(f.node) <= span.start && span.end <= this.tree.end(f.node),
      );
      const name = info?.name ?? "";
      if (seen.has(`${name}\0${word}`)) continue;
      seen.add(`${name}\0${word}`);
      this.report("capi-in-universal", span, name, `${word} does not exist under the universal ABI`);
    }
  }

  /** Structs behind objects: no handles in them, and every field visited. */
  private struct(node: Node): void {
    const body = this.tree.field(node, "body");
    if (body === NONE) return;
    const names = [this.tree.field(node, "name")].filter((n) => n !== NONE).map((n) => this.tree.source(n));
    const parent = this.tree.parent(node);
    if (this.tree.kind(parent) === "type_definition") {
      for (const d of this.tree.fields(parent, "declarator")) names.push(this.tree.source(d));
    }
    const name = names.find((n) => this.project.objectStructs.has(n));
    if (name === undefined) return;
    for (const field of this.tree.named(body)) {
      if (this.tree.kind(field) !== "field_declaration") continue;
      for (const declarator of this.tree.fields(field, "declarator")) {
        const d = readDeclarator(this.tree, field, declarator);
        if (d.type.base === "HPyContext") {
          this.report("context-stored", field, name, `\`${d.name}\` keeps the context in an object, beyond the call`);
        }
        if (d.type.pointers > 0) continue;
        if (d.type.base === "HPy") {
          this.report(
            "handle-in-object-struct",
            field,
            name,
            `\`${d.name}\` keeps a handle in an object; use an HPyField`,
          );
        } else if (d.type.base === "HPyField" && !this.project.visitedFields.has(d.name)) {
          this.report("field-not-visited", field, name, `no HPy_tp_traverse visits the field \`${d.name}\``);
        }
      }
    }
  }

  private calls(info: FunctionInfo): void {
    const { tree } = this;
    let guarded = false;
    for (const call of tree.descendants(info.node, "call_expression")) {
      const callee = tree.field(call, "function");
      if (callee === NONE || tree.kind(callee) !== "identifier") continue;
      const name = tree.source(callee);
      const list = tree.field(call, "arguments");
      const args = list === NONE ? [] : tree.named(list);
      const at = FORMAT_ARGUMENT.get(name);
      if (at !== undefined && args[at] !== undefined) this.format(info, name, args[at], args);
      if (name.startsWith("HPyArg_ParseKeywords")) this.keywords(info, name, call, args, guarded);
      else if (info.usesHpy && this.passesKeywords(info, args) && !name.startsWith("HPy")) guarded = true;
    }
  }

  private passesKeywords(info: FunctionInfo, args: readonly Node[]): boolean {
    const last = info.scope.parameters.at(-1);
    return last !== undefined && last.type.base === "HPy" && args.some((a) => this.tree.source(a) === last.name);
  }

  private keywords(info: FunctionInfo, name: string, call: Node, args: readonly Node[], guarded: boolean): void {
    const wantsDict = info.entry === "HPy_tp_new" || info.entry === "HPy_tp_init";
    const isDict = name === "HPyArg_ParseKeywordsDict";
    if (wantsDict && !isDict) {
      this.report(
        "keywords-of-other-kind",
        call,
        info.name,
        `${info.entry} gets its keywords as a dict, ${name} wants a tuple of names`,
      );
    }
    const last = info.scope.parameters.at(-1);
    const passesOwn = args[4] !== undefined && this.tree.source(args[4]) === last?.name;
    if (!wantsDict && isDict && passesOwn && (info.entry === "HPyFunc_KEYWORDS" || info.entry === "HPy_tp_call")) {
      this.report(
        "keywords-of-other-kind",
        call,
        info.name,
        `${info.entry} gets a tuple of keyword names, ${name} wants a dict`,
      );
    }
    if (!guarded) {
      const message = `${name} accepts unknown keywords, arguments given twice and too many positional ones`;
      this.report("keywords-not-checked", call, info.name, message, "possible");
    }
    const names = args[6];
    if (names === undefined) return;
    const text = this.tree.source(lastIdentifier(this.tree, names));
    for (const node of this.tree.descendants(0, "declaration")) {
      for (const d of readDeclaration(this.tree, node)) {
        if (d.name === text && d.type.array && d.type.base === "char") {
          const enclosing = this.tree.enclosing(node, "function_definition");
          if (enclosing === NONE || enclosing === info.node)
            this.terminated(info.name, d.value, `the list of keywords \`${d.name}\``);
        }
      }
    }
  }

  private format(info: FunctionInfo, name: string, node: Node, args: readonly Node[]): void {
    const format = stringText(this.tree, node);
    if (format === null) return;
    if (name === "HPy_BuildValue") {
      for (const unit of unsupportedValueUnits(format)) {
        this.report("unsupported-format-unit", node, info.name, `HPy_BuildValue does not know \`${unit}\``);
      }
      return;
    }
    if (!name.startsWith("HPyArg_")) {
      for (const unit of unsupportedConversions(format)) {
        this.report("unsupported-format-unit", node, info.name, `${name} does not know \`${unit}\``);
      }
      return;
    }
    const { units, groups } = formatUnits(format);
    if (groups) this.report("unsupported-format-unit", node, info.name, `${name} does not know nested tuples`);
    if (name === "HPyArg_Parse" && format.includes("$")) {
      this.report("unsupported-format-unit", node, info.name, "HPyArg_Parse does not know `$`");
    }
    for (const { unit, optional } of units) {
      if (!PARSER_UNITS.has(unit)) {
        this.report("unsupported-format-unit", node, info.name, `${name} does not know \`${unit}\``);
      } else if (optional && (unit === "s" || unit === "p")) {
        this.report(
          "optional-string-unit",
          node,
          info.name,
          `${name} crashes when an argument for an optional \`${unit}\` is missing`,
        );
      }
    }
    const tracker = args[1];
    if (
      name !== "HPyArg_Parse" &&
      tracker !== undefined &&
      this.tree.source(tracker) === "NULL" &&
      units.some((u) => u.unit === "O")
    ) {
      this.report("tracker-missing", tracker, info.name, `${name} needs a tracker for \`O\``);
    }
  }

  private definitions(): void {
    for (const d of this.project.definitions.get(this.file) ?? []) {
      if (!LIBC_NAMES.has(d.symbol)) continue;
      const message = `\`${d.symbol}\` is a global symbol that the C library has too: the definition may resolve to the library's`;
      this.report("definition-name-taken", { start: d.start, end: d.end }, d.symbol, message);
    }
  }
}

function lastIdentifier(tree: Tree, n: Node): Node {
  let found = n;
  for (const c of tree.descendants(n, "identifier")) found = c;
  return found;
}
