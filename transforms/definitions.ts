/** The `HPyDef`s of entries, their lines in the `.defines` of modules and types, and their rows gone from legacy tables. */

import { Refused } from "../analysis/typing.ts";
import { hasStorage, readDeclarators, stripCasts } from "../model/declarations.ts";
import { findVariable, type HPyTypeSpec } from "../model/hpy-types.ts";
import {
  type CFunction,
  conditionsAround,
  type EntryTable,
  type ExtensionModule,
  fileScopeNodes,
  isDead,
  type MethodEntry,
  type Project,
  type StructValue,
} from "../model/project.ts";
import type { EditSet } from "../syntax/edits.ts";
import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import type { ParsedFile } from "../syntax/source.ts";
import { NONE, type Node } from "../syntax/tree.ts";
import {
  type Entry,
  type EntryFunction,
  entrySpan,
  genericNewOf,
  HPY_GENERIC_NEW,
  isGenericNew,
  isReadOnly,
  memberType,
  objectMemberType,
  refusedEntry,
} from "./entries.ts";
import { endOfGroup } from "./insert-support.ts";
import { FreeNames, hasWord } from "./module-to-hpy.ts";
import { RefusedAt } from "./refused-at.ts";
import { isSameSignature } from "./slot-signature.ts";
import { indentationUnit, newlineOf } from "./statement-edits.ts";
import { wholeItem } from "./whole-item.ts";

const RULE = "method-to-hpydef";

/** Where the HPy form of a function stands, as far as its definition needs it. */
export interface Implementation {
  readonly fn: CFunction;
  /** Its name in the rewritten text. */
  readonly name: string;
  /** The HPy signature that it has there. */
  readonly signature: string;
  /** Offset before which the function or its copy is written. */
  readonly at: number;
  /** Whether the definition goes on a line of its own at the start of one, or after what ends at `at`. */
  readonly placement: "before" | "after";
}

/** One entry with the functions that implement it. */
export interface Defined {
  readonly entry: Entry;
  readonly functions: readonly EntryFunction[];
}

/** What changes in the definitions of one type when something else than its entries moves. */
export interface Rearrangement {
  readonly specification: StructValue;
  /** Members of a legacy table that get definitions. */
  readonly members: readonly (Entry & { readonly kind: "member" })[];
  /** Rows of legacy tables that go without a definition. */
  readonly dropped: readonly Entry[];
  /** Definitions that are listed no more. */
  readonly unlisted: readonly string[];
  /** Definitions that have been written before `at` and are to be listed. */
  readonly listed: readonly { readonly symbol: string; readonly file: ParsedFile; readonly at: number }[];
}

interface Written {
  readonly symbol: string;
  readonly file: ParsedFile;
  readonly at: number;
  /** Conditions of the preprocessor under which the entry is listed, outermost first. */
  readonly conditions: readonly string[];
}

interface Place {
  readonly file: ParsedFile;
  readonly at: number;
  readonly placement: "before" | "after";
}

/** The struct with a `.defines` field that an entry goes into. */
interface Holder {
  readonly specification: StructValue;
  readonly written: Written[];
}

export class DefinitionWriter {
  readonly #project: Project;
  readonly #module: ExtensionModule;
  readonly #of: (file: ParsedFile) => EditSet;
  readonly #names: FreeNames;
  readonly #holders = new Map<StructValue, Holder>();
  /** Trampolines that HPy's macros have made in this step, by function and role. */
  readonly #trampolines = new Map<string, Place & { readonly symbol: string }>();
  /** Definitions of `HPyType_GenericNew` that this step has made. */
  readonly #genericNews = new Map<ParsedFile, Omit<Written, "conditions">>();

  constructor(project: Project, module: ExtensionModule, editsOf: (file: ParsedFile) => EditSet) {
    this.#project = project;
    this.#module = module;
    this.#of = editsOf;
    this.#names = new FreeNames(project);
  }

  /** Writes the definitions of all entries, lists them, and takes the entries out of their tables. */
  write(defined: readonly Defined[], implementations: ReadonlyMap<CFunction, Implementation>): void {
    const isCutShort = ({ functions }: Defined): boolean =>
      functions.some((f) => !isSameSignature(f.signature, implementations.get(f.fn)?.signature ?? f.signature));
    // What ignores its argument calls the function that another definition declares.
    const ordered = [...defined.filter((d) => !isCutShort(d)), ...defined.filter(isCutShort)];
    for (const { entry, functions } of ordered) {
      const written =
        entry.kind === "member"
          ? this.#writeMember(entry)
          : isGenericNew(entry)
            ? this.#writeGenericNew(entry)
            : this.#writeFunctions(
                entry,
                functions.map((f) => ({ ...f, implementation: implementations.get(f.fn) as Implementation })),
              );
      this.#list(entry, written);
    }
    for (const holder of this.#holders.values()) this.#addDefines(holder);
    this.#removeEntries(defined.map((d) => d.entry));
  }

  /** Lists and drops definitions of one type, and takes rows out of its legacy tables. */
  rearrange({ specification, members, dropped, unlisted, listed }: Rearrangement): void {
    const holder: Holder = { specification, written: [] };
    this.#holders.set(specification, holder);
    for (const definition of listed) holder.written.push({ ...definition, conditions: [] });
    for (const entry of members)
      holder.written.push({
        ...this.#writeMember(entry),
        conditions: conditionsAround(entry.table.file, entrySpan(entry)) ?? [],
      });
    if (holder.written.length > 0) this.#addDefines(holder);
    const { file } = specification;
    const value = specification.fields.get("defines");
    const array = value === undefined ? null : findVariable(this.#project, file, file.tree.source(value));
    const items = array === null ? [] : array.file.tree.named(array.declarator.value);
    for (const item of items)
      if (unlisted.some((symbol) => array?.file.tree.source(item) === `&${symbol}`))
        this.#deleteItem(array?.file ?? file, item);
    this.#removeEntries([...members, ...dropped]);
  }

  #writeMember(entry: Entry & { readonly kind: "member" }): Omit<Written, "conditions"> {
    const { file } = entry.table;
    const { row } = entry;
    const base = cName(entry.owners[0]);
    const symbol = this.#names.take(`${base}_${row.pythonName ?? "member"}_def`);
    const options = [
      ...(isReadOnly(row.flags) === true ? [".readonly = 1"] : []),
      ...(row.documentation === null ? [] : [`.doc = ${plainDocumentation(row.documentation)}`]),
    ];
    const at = file.tree.start(entry.table.declaration);
    const text = macroCall("HPyDef_MEMBER", [
      symbol,
      row.nameSource,
      memberType(row.type) ?? objectMemberType(row.type) ?? "",
      row.offset,
      ...options,
    ]);
    this.#of(file).insert(at, `${text}${newlineOf(file.text)}`, RULE, -6);
    return { symbol, file, at };
  }

  /** `HPyType_GenericNew` is made a definition once in a file, which serves all types there. */
  #writeGenericNew(entry: Entry): Omit<Written, "conditions"> {
    const { file } = entry.table;
    const known = this.#genericNews.get(file) ?? genericNewOf(file);
    if (known !== null && "file" in known) return known;
    if (known !== null) return { symbol: known.symbol, file, at: file.tree.start(known.call) };
    const written = {
      symbol: this.#names.take("generic_new_def"),
      file,
      at: file.tree.start(entry.table.declaration),
    };
    this.#genericNews.set(file, written);
    const text = macroCall("HPyDef_SLOT_IMPL", [written.symbol, HPY_GENERIC_NEW, "HPy_tp_new"]);
    const newline = newlineOf(file.text);
    this.#of(file).insert(written.at, `${text}${newline}${newline}`, RULE, -6);
    return written;
  }

  #writeFunctions(
    entry: Exclude<Entry, { readonly kind: "member" }>,
    functions: readonly (EntryFunction & { readonly implementation: Implementation })[],
  ): Omit<Written, "conditions"> {
    const first = functions[0];
    if (first === undefined) throw new Error("an entry without functions has no definition");
    const { file } = first.fn;
    if (functions.some((f) => f.fn.file !== file))
      throw refusedEntry(
        entry,
        "definition-in-other-file",
        "Getter and setter are defined in different files, and one definition needs both.",
      );
    const isShort = !isSameSignature(first.signature, first.implementation.signature);
    const fresh = isShort ? [] : functions.filter((f) => !this.#trampolines.has(trampolineKey(f)));
    const lead = fresh[0] ?? first;
    const symbol = this.#names.take(
      fresh.length > 0 && !this.#isSymbolTaken(`${lead.implementation.fn.name}_def`)
        ? `${lead.implementation.fn.name}_def`
        : `${lead.implementation.fn.name}_${labelOf(entry)}_def`,
    );
    const place = this.#placeOf(entry, functions, file);
    const newline = newlineOf(file.text);
    const text = isShort
      ? wrapperText(entry, symbol, first.implementation.name, newline, indentationUnit(file.text))
      : fresh.length > 0
        ? this.#macroText(entry, symbol, functions, fresh)
        : this.#structText(entry, symbol, functions);
    this.#of(file).insert(
      place.at,
      place.placement === "before" ? `${text}${newline}` : `${newline}${newline}${text}`,
      RULE,
      place.placement === "before" ? -5 : 2,
    );
    for (const f of fresh) this.#trampolines.set(trampolineKey(f), { ...place, symbol });
    return { symbol, file, at: place.at };
  }

  #isSymbolTaken(symbol: string): boolean {
    return [...this.#trampolines.values()].some((t) => t.symbol === symbol);
  }

  /** Before the first of the functions, unless something that the definition names is declared later. */
  #placeOf(
    entry: Exclude<Entry, { readonly kind: "member" }>,
    functions: readonly (EntryFunction & { readonly implementation: Implementation })[],
    file: ParsedFile,
  ): Place {
    const sources =
      entry.kind === "method"
        ? [entry.row.nameSource, entry.row.documentation]
        : entry.kind === "getset"
          ? [entry.row.nameSource, entry.row.documentation, entry.row.closure]
          : [];
    const needed = this.#endOfNames(
      file,
      entry,
      sources.filter((s) => s !== null),
    );
    const starts = functions.map((f) => f.implementation);
    const first = starts.reduce((a, b) => (b.at < a.at ? b : a));
    const earlier = functions
      .map((f) => this.#trampolines.get(trampolineKey(f)))
      .filter((t) => t !== undefined)
      .reduce<Place | null>((a, b) => (a === null || b.at > a.at ? b : a), null);
    const start: Place = earlier !== null && earlier.at > first.at ? earlier : { file, ...first };
    return needed > start.at ? { file, at: needed, placement: "after" } : start;
  }

  /** End of the last declaration or macro in the file that one of the expressions names; 0 when all stand in headers. */
  #endOfNames(file: ParsedFile, entry: Entry, sources: readonly string[]): number {
    let end = 0;
    const reach = (offset: number): void => {
      end = Math.max(end, endOfGroup(file, offset));
    };
    for (const name of identifiersIn(sources)) {
      const macro = (this.#project.knowledge.definitions.get(name) ?? []).find((d) => d.path === file.path);
      if (macro !== undefined) {
        const lineEnd = file.text.indexOf("\n", macro.span.end - 1);
        reach(lineEnd < 0 ? file.text.length : macro.span.end);
        continue;
      }
      const declared = endOfDeclaration(file, name);
      if (declared > 0) reach(declared);
      else if (
        entry.table.file !== file &&
        (this.#project.globals.get(name) ?? []).some((g) => g.file === entry.table.file)
      )
        throw refusedEntry(
          entry,
          "definition-in-other-file",
          `\`${name}\` belongs to ${entry.table.file.path}, and the definition has to stand beside the function in ${file.path}.`,
        );
    }
    return end;
  }

  #macroText(
    entry: Exclude<Entry, { readonly kind: "member" }>,
    symbol: string,
    functions: readonly (EntryFunction & { readonly implementation: Implementation })[],
    fresh: readonly (EntryFunction & { readonly implementation: Implementation })[],
  ): string {
    const names = fresh.map((f) => f.implementation.name);
    if (entry.kind === "slot") return macroCall("HPyDef_SLOT_IMPL", [symbol, ...names, `HPy_${entry.row.slot}`]);
    const { nameSource, documentation } = entry.row;
    const doc = documentation === null ? [] : [`.doc = ${plainDocumentation(documentation)}`];
    if (entry.kind === "method")
      return macroCall("HPyDef_METH_IMPL", [
        symbol,
        nameSource,
        ...names,
        (functions[0] as EntryFunction).signature,
        ...doc,
      ]);
    const macro =
      fresh.length === 2 ? "HPyDef_GETSET_IMPL" : fresh[0]?.role === "get" ? "HPyDef_GET_IMPL" : "HPyDef_SET_IMPL";
    const others = functions.filter((f) => !fresh.includes(f)).flatMap((f) => this.#accessorFields(f));
    const closure = entry.row.closure === null ? [] : [`.closure = ${entry.row.closure}`];
    return macroCall(macro, [symbol, nameSource, ...names, ...others, ...doc, ...closure]);
  }

  #accessorFields(f: EntryFunction & { readonly implementation: Implementation }): string[] {
    const trampoline = this.#trampolines.get(trampolineKey(f))?.symbol ?? "";
    return [
      `.${f.role}ter_impl = (HPyCFunction)${f.implementation.name}`,
      `.${f.role}ter_cpy_trampoline = (cpy_${f.role}ter)${trampoline}_${f.role}_trampoline`,
    ];
  }

  /** HPy's macros serve a function once; what uses it again is written out with the trampoline that is there. */
  #structText(
    entry: Exclude<Entry, { readonly kind: "member" }>,
    symbol: string,
    functions: readonly (EntryFunction & { readonly implementation: Implementation })[],
  ): string {
    const { file } = entry.table;
    const unit = indentationUnit(file.text);
    const call = functions[0] as EntryFunction & { readonly implementation: Implementation };
    const trampoline = this.#trampolines.get(trampolineKey(call))?.symbol ?? "";
    const implementation = [
      `.impl = (HPyCFunction)${call.implementation.name}`,
      `.cpy_trampoline = (cpy_PyCFunction)${trampoline}_trampoline`,
    ];
    const [kind, member, fields]: [string, string, string[]] =
      entry.kind === "slot"
        ? ["Slot", "slot", [`.slot = HPy_${entry.row.slot}`, ...implementation]]
        : entry.kind === "method"
          ? ["Meth", "meth", [`.name = ${entry.row.nameSource}`, ...implementation, `.signature = ${call.signature}`]]
          : [
              "GetSet",
              "getset",
              [`.name = ${entry.row.nameSource}`, ...functions.flatMap((f) => this.#accessorFields(f))],
            ];
    if (entry.kind !== "slot" && entry.row.documentation !== null)
      fields.push(`.doc = ${plainDocumentation(entry.row.documentation)}`);
    if (entry.kind === "getset" && entry.row.closure !== null) fields.push(`.closure = ${entry.row.closure}`);
    return [
      `HPyDef ${symbol} = {`,
      `${unit}.kind = HPyDef_Kind_${kind},`,
      `${unit}.${member} = {`,
      ...fields.map((f) => `${unit}${unit}${f},`),
      `${unit}},`,
      "};",
      "",
    ].join(newlineOf(file.text));
  }

  // The arrays of definitions.

  #list(entry: Entry, written: Omit<Written, "conditions">): void {
    const specifications =
      entry.owners.length > 0 ? entry.owners.map((o) => o.specification) : [this.#module.definition];
    for (const specification of specifications) {
      if (specification === null)
        throw new Refused("defines-not-found", { start: 0, end: 0 }, "The HPyModuleDef cannot be read.");
      checkNamespaces(entry, specification, written);
      const holder = this.#holders.get(specification) ?? { specification, written: [] };
      this.#holders.set(specification, holder);
      holder.written.push({ ...written, conditions: conditionsAround(entry.table.file, entrySpan(entry)) ?? [] });
    }
  }

  #addDefines({ specification, written }: Holder): void {
    const { file } = specification;
    const { tree } = file;
    const value = specification.fields.get("defines");
    if (value === undefined) {
      this.#createDefines(specification, written);
      return;
    }
    const span = { start: tree.start(value), end: tree.end(value) };
    const name = tree.source(stripCasts(tree, value));
    const array = findVariable(this.#project, file, name);
    if (array === null || array.file !== file)
      throw new Refused("defines-not-found", span, `The array \`${name}\` cannot be read.`);
    const items = tree.named(array.declarator.value);
    const last = items[items.length - 1];
    if (last === undefined || !["NULL", "0"].includes(tree.source(stripCasts(tree, last))))
      throw new Refused("defines-not-found", span, `The array \`${name}\` does not end with NULL.`);
    const newline = newlineOf(file.text);
    const start = tree.start(last);
    const lead = file.text.slice(file.text.lastIndexOf("\n", start - 1) + 1, start);
    const gap = lead.trim() === "" ? newline + lead : " ";
    for (const { symbol, conditions } of written) {
      const isAlone = lead.trim() === "";
      const conditional = conditionalLine(`${isAlone ? lead : ""}&${symbol},`, conditions, newline);
      const group = isAlone ? groupBefore(file, beginningOfLine(file.text, start), conditions) : null;
      if (conditions.length === 0) this.#of(file).insert(start, `&${symbol},${gap}`, RULE, 0);
      else if (group !== null) this.#of(file).insert(group, `${lead}&${symbol},${newline}`, RULE, 0);
      else if (isAlone) this.#of(file).insert(beginningOfLine(file.text, start), conditional, RULE, 0);
      else this.#of(file).insert(start, newline + conditional, RULE, 0);
    }
    this.#declare(written, file, tree.start(array.declaration));
  }

  /** A type whose specification has no `.defines` yet. */
  #createDefines(specification: StructValue, written: readonly Written[]): void {
    const { file } = specification;
    const { tree } = file;
    const newline = newlineOf(file.text);
    const unit = indentationUnit(file.text);
    const anchors = ["builtin_shape", "flags", "itemsize", "basicsize", "name"];
    const anchor = anchors.map((a) => specification.fields.get(a)).find((n) => n !== undefined);
    if (anchor === undefined || tree.kind(tree.parent(anchor)) !== "initializer_pair")
      throw new Refused(
        "defines-not-found",
        { start: tree.start(specification.initializer), end: tree.end(specification.initializer) },
        `\`${specification.name}\` has no \`.defines\`.`,
      );
    const pair = tree.parent(anchor);
    const lineStart = file.text.lastIndexOf("\n", tree.start(pair) - 1) + 1;
    const lead = file.text.slice(lineStart, tree.start(pair));
    const name = this.#names.take(`${specification.name.replace(/_spec$/, "")}_defines`);
    this.#of(file).insert(tree.end(pair), `,${lead.trim() === "" ? newline + lead : " "}.defines = ${name}`, RULE, 0);
    const start = tree.start(specification.declaration);
    const lines = [
      `static HPyDef *${name}[] = {`,
      ...written.map((w) => conditionalLine(`${unit}&${w.symbol},`, w.conditions, newline).trimEnd()),
      `${unit}NULL`,
      "};",
      "",
      "",
    ];
    this.#of(file).insert(start, lines.join(newline), RULE, 0);
    this.#declare(written, file, start);
  }

  #declare(written: readonly Written[], file: ParsedFile, array: number): void {
    for (const w of written)
      if (w.file !== file || w.at > array)
        this.#of(file).insert(array, `extern HPyDef ${w.symbol};${newlineOf(file.text)}`, RULE, -1);
  }

  // The legacy tables.

  #removeEntries(entries: readonly Entry[]): void {
    const tables = new Map<EntryTable<unknown>, Set<Node>>();
    const remove = (table: EntryTable<unknown>, node: Node): void => {
      const known = [...tables.keys()].find((t) => t.file === table.file && t.declaration === table.declaration);
      const nodes = tables.get(known ?? table) ?? new Set();
      tables.set(known ?? table, nodes.add(node));
    };
    for (const entry of entries) remove(entry.table, entry.node);
    const types = new Set(entries.flatMap((e) => e.owners));
    for (const [table, nodes] of [...tables]) {
      if (entries.some((e) => e.kind === "slot" && e.table === table) || !isEmptied(table, nodes)) continue;
      for (const { slots } of types)
        for (const row of slots?.entries ?? []) if (row.value === table.name && slots !== null) remove(slots, row.node);
    }
    for (const [table, nodes] of tables) {
      this.#refuseOtherUses(table, nodes, entries);
      if (isEmptied(table, nodes)) this.#removeTable(table);
      else this.#deleteItems(table.file, nodes);
    }
  }

  /** Code that reads the table itself would miss what is gone from it. */
  #refuseOtherUses(table: EntryTable<unknown>, nodes: ReadonlySet<Node>, entries: readonly Entry[]): void {
    const holders = [...this.#holders.keys()];
    const types = [...new Set(entries.flatMap((e) => e.owners))];
    const isStatic = hasStorage(table.file.tree, table.declaration, "static");
    for (const file of this.#project.files) {
      if ((isStatic && file !== table.file) || !hasWord(file.text, table.name)) continue;
      const { tree } = file;
      for (const n of tree.descendants(0, "identifier")) {
        const isParameter = tree.enclosing(n, "preproc_function_def") !== NONE;
        if (tree.source(n) !== table.name || isParameter || isDead(file, tree.start(n))) continue;
        const declaration = tree.enclosing(n, "declaration", "function_definition");
        const isDeclared = declaration !== NONE && readDeclarators(tree, declaration).some((d) => d.nameNode === n);
        const isHeld = holders.some((h) => h.file === file && h.declaration === declaration);
        const isListed = types.some((t) => t.slots?.file === file && t.slots.declaration === declaration);
        if (isDeclared || isHeld || isListed) continue;
        const first = [...nodes][0] as Node;
        throw new RefusedAt(
          table.file,
          "table-used-elsewhere",
          { start: table.file.tree.start(first), end: table.file.tree.end(first) },
          `Other code reads \`${table.name}\` and would miss the entry.`,
        );
      }
    }
  }

  #removeTable(table: EntryTable<unknown>): void {
    for (const specification of this.#holders.keys())
      for (const field of ["legacy_methods", "legacy_slots"]) {
        const value = specification.fields.get(field);
        if (value === undefined) continue;
        const { tree } = specification.file;
        const pair = tree.parent(value);
        if (tree.source(stripCasts(tree, value)) !== table.name) continue;
        if (tree.kind(pair) === "initializer_pair") this.#deleteItem(specification.file, pair);
        else this.#of(specification.file).replace({ start: tree.start(value), end: tree.end(value) }, "NULL", RULE);
      }
    this.deleteDeclaration(table.file, table.declaration);
    for (const other of this.#project.globals.get(table.name) ?? [])
      if (other.declaration !== table.declaration && other.file === table.file)
        this.deleteDeclaration(other.file, other.declaration);
  }

  /** Deletes items of an initialiser, with the `#if` lines that would be left around nothing. */
  #deleteItems(file: ParsedFile, nodes: ReadonlySet<Node>): void {
    const { tree, text } = file;
    const handled = new Set<Node>();
    for (const group of file.conditionals) {
      const [branch] = group.branches;
      if (branch === undefined || group.branches.length > 1) continue;
      const inside = [...nodes].filter((n) => tree.start(n) >= branch.body.start && tree.end(n) <= branch.body.end);
      let rest = "";
      let end = branch.body.start;
      for (const n of inside.sort((a, b) => a - b)) {
        rest += text.slice(end, tree.start(n));
        end = tree.end(n);
      }
      rest += text.slice(end, branch.body.end);
      if (inside.length === 0 || rest.replaceAll(",", "").trim() !== "") continue;
      const start = beginningOfLine(text, group.span.start);
      const newline = text.indexOf("\n", group.span.end - 1);
      this.#of(file).replace({ start, end: newline < 0 ? group.span.end : newline + 1 }, "", RULE);
      for (const n of inside) handled.add(n);
    }
    for (const node of nodes) if (!handled.has(node)) this.#deleteItem(file, node);
  }

  /** Deletes an item of an initialiser with its comma, and its line when nothing else is on it. */
  #deleteItem(file: ParsedFile, node: Node): void {
    const { tree, text } = file;
    let start = tree.start(node);
    let end = tree.end(node);
    while (/\s/.test(text.charAt(end)) && text.slice(end).trimStart().startsWith(",")) end++;
    if (text.charAt(end) === ",") end++;
    const lineStart = text.lastIndexOf("\n", start - 1) + 1;
    const lineEnd = text.indexOf("\n", end);
    if (text.slice(lineStart, start).trim() === "" && lineEnd >= 0 && text.slice(end, lineEnd).trim() === "") {
      start = lineStart;
      end = lineEnd + 1;
    }
    this.#of(file).replace({ start, end }, "", RULE);
  }

  /** Deletes a declaration with its line and one empty line after it. */
  deleteDeclaration(file: ParsedFile, declaration: Node): void {
    const { text } = file;
    const { start, end: itsEnd } = wholeItem(file, declaration);
    let end = itsEnd;
    const lineEnd = text.indexOf("\n", end);
    if (lineEnd >= 0 && text.slice(end, lineEnd).trim() === "") {
      end = lineEnd + 1;
      const next = text.indexOf("\n", end);
      if (next >= 0 && text.slice(end, next).trim() === "") end = next + 1;
    }
    this.#of(file).replace({ start, end }, "", RULE);
  }
}

function beginningOfLine(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

/** Offset of the `#endif` of a group under one condition that ends right before a line; null where there is none. */
function groupBefore(file: ParsedFile, line: number, conditions: readonly string[]): number | null {
  const [condition] = conditions;
  if (condition === undefined || conditions.length > 1) return null;
  for (const group of file.conditionals) {
    const [branch] = group.branches;
    if (branch === undefined || group.branches.length > 1 || branch.condition !== condition) continue;
    if (file.text.slice(group.span.end, line).trim() === "" && group.span.end <= line) return branch.body.end;
  }
  return null;
}

/** A line, with an `#if` around it for each condition and a line end after each. */
function conditionalLine(line: string, conditions: readonly string[], newline: string): string {
  const open = conditions.map((c) => `${directiveOf(c)}${newline}`).join("");
  return `${open}${line}${newline}${`#endif${newline}`.repeat(conditions.length)}`;
}

function directiveOf(condition: string): string {
  const simple = /^(!?)defined\((\w+)\)$/.exec(condition);
  return simple === null ? `#if ${condition}` : `#if${simple[1] === "!" ? "n" : ""}def ${simple[2]}`;
}

function isEmptied(table: EntryTable<unknown>, nodes: ReadonlySet<Node>): boolean {
  const { tree } = table.file;
  return tree.named(table.initializer).every((item) => nodes.has(item) || item === table.sentinel);
}

function trampolineKey(f: EntryFunction): string {
  return `${f.fn.file.path}\0${f.fn.name}\0${f.role}`;
}

/** What tells an entry from others of the same function: its name in C identifier characters. */
function labelOf(entry: Exclude<Entry, { readonly kind: "member" }>): string {
  if (entry.kind === "slot") return entry.row.slot;
  const name = entry.row.pythonName ?? "";
  return /^\w+$/.test(name) ? name : entry.kind;
}

/** A prefix for the symbols of a type: the name of its variable without what is said of it there. */
function cName(type: HPyTypeSpec | undefined): string {
  if (type === undefined) return "module";
  const name = type.pointer ?? type.specification.name.replace(/_spec$/, "");
  return name.replace(/_?[tT]ype$/, "") || name;
}

/** `PyDoc_STR("...")` is its argument: docstrings are always compiled in with HPy. */
function plainDocumentation(source: string): string {
  const open = source.indexOf("(");
  if (open < 0 || source.slice(0, open).trim() !== "PyDoc_STR" || !source.endsWith(")")) return source;
  return source.slice(open + 1, -1).trim();
}

/** A method of one argument that its function does not take. */
function wrapperText(entry: Entry, symbol: string, name: string, newline: string, unit: string): string {
  const { nameSource, documentation } = entry.row as MethodEntry;
  const doc = documentation === null ? [] : [`.doc = ${plainDocumentation(documentation)}`];
  return [
    macroCall("HPyDef_METH", [symbol, nameSource, "HPyFunc_O", ...doc]),
    "static HPy",
    `${symbol}_impl(HPyContext *ctx, HPy self, HPy arg)`,
    "{",
    `${unit}return ${name}(ctx, self);`,
    "}",
    "",
  ].join(newline);
}

/** A macro call on one line. */
function macroCall(macro: string, parts: readonly string[]): string {
  return `${macro}(${parts.join(", ")})`;
}

function* identifiersIn(sources: readonly string[]): Generator<string> {
  for (const source of sources) {
    const tokens = lex(source, "piece");
    for (let t = 0; t < tokens.count; t++) if (tokens.kind[t] === TokenKind.identifier) yield tokenText(tokens, t);
  }
}

/** End of the file-scope item that declares a name, where it is in this file; 0 otherwise. */
function endOfDeclaration(file: ParsedFile, name: string): number {
  const { tree } = file;
  for (const n of fileScopeNodes(
    tree,
    "declaration",
    "expression_statement",
    "type_definition",
    "struct_specifier",
    "function_definition",
  )) {
    if (tree.kind(n) === "function_definition") continue;
    const names = tree.kind(n) === "expression_statement" ? identifiersBelow(file, n) : declaredNames(file, n);
    if (!names.includes(name)) continue;
    const end = tree.end(n);
    return file.text.charAt(end) === ";" ? end + 1 : end;
  }
  return 0;
}

/** Names in a macro call such as `PyDoc_STRVAR(doc, "...")`. */
function identifiersBelow(file: ParsedFile, n: Node): string[] {
  return [...file.tree.descendants(n, "identifier")].map((id) => file.tree.source(id));
}

function declaredNames(file: ParsedFile, n: Node): string[] {
  const { tree } = file;
  const tag = tree.field(n, "name");
  return [...readDeclarators(tree, n).map((d) => d.name), ...(tag === NONE ? [] : [tree.source(tag)])];
}

/** Refuses a definition in a namespace of C++ in which the array that lists it does not find it. */
function checkNamespaces(entry: Entry, specification: StructValue, written: Omit<Written, "conditions">): void {
  const own = namespacesAround(written.file, written.at);
  const array = namespacesAround(specification.file, specification.file.tree.start(specification.declaration));
  const isSameFile = written.file === specification.file;
  const isSeen = isSameFile
    ? own.named.every((name, i) => array.named[i] === name)
    : own.named.length === 0 && own.unnamed === 0 && array.named.length === 0;
  const isLater =
    isSameFile && own.unnamed > 0 && written.at > specification.file.tree.start(specification.declaration);
  if (isSeen && !isLater) return;
  throw refusedEntry(
    entry,
    "cplusplus-namespace",
    "Its definition would stand in a namespace in which the array of definitions cannot name it.",
  );
}

function namespacesAround(
  file: ParsedFile,
  offset: number,
): { readonly named: readonly string[]; readonly unnamed: number } {
  const { tree } = file;
  const named: string[] = [];
  let unnamed = 0;
  for (let n = tree.spanning(offset, offset + 1); n !== NONE; n = tree.parent(n)) {
    if (tree.kind(n) !== "namespace_definition") continue;
    const name = tree.field(n, "name");
    if (name === NONE) unnamed++;
    else named.unshift(tree.source(name));
  }
  return { named, unnamed };
}
