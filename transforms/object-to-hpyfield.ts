/**
 * Turns the references in the struct of a type into `HPyField`s once only HPy code uses them: loads and stores in
 * functions, members, the traverse function. What cleared and released them goes, for HPy does that by itself.
 */

import { type FieldUse, fieldsStay, fieldUses, referenceFields, typeOf } from "../analysis/object-fields.ts";
import { readDeclarators, stripCasts } from "../model/declarations.ts";
import { findVariable, type HPyTypeSpec, type MemberEntry, readHPyTypes } from "../model/hpy-types.ts";
import type { StructType } from "../model/object-structs.ts";
import {
  type CFunction,
  type ExtensionModule,
  isDead,
  type Project,
  readFunction,
  resolveFunction,
} from "../model/project.ts";
import { EditSet } from "../syntax/edits.ts";
import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import type { ParsedFile, Span } from "../syntax/source.ts";
import { NONE, type Node } from "../syntax/tree.ts";
import { DefinitionWriter } from "./definitions.ts";
import { type Entry, entryTitle, isReadOnly, objectMemberType, readEntries } from "./entries.ts";
import { rewriteFields } from "./fields-in-function.ts";
import { checkTraverse, clearedFields, type ReleasedFields, releasedFields } from "./fields-lifecycle.ts";
import { insertHpyInclude, insertSupport, sharedSupport } from "./insert-support.ts";
import { FreeNames, type SourceEdits } from "./module-to-hpy.ts";
import { indentationUnit, newlineOf } from "./statement-edits.ts";
import { insertStructHelpers } from "./struct-views.ts";
import { isWithin, usesOf } from "./uses.ts";
import { wholeItem } from "./whole-item.ts";

const RULE = "object-to-hpyfield";
const COMMENT = "/* HPy wants this of types that take part in garbage collection;";
/** Functions that see a struct as memory. */
const COPIES: ReadonlySet<string> = new Set(["memcpy", "memmove", "memset", "bzero"]);

/** The references of one struct as `HPyField`s. */
export interface FieldsStep extends SourceEdits {
  readonly struct: string;
  readonly count: number;
  /** Functions that were rewritten and have handles to be proved. */
  readonly rewritten: readonly { readonly name: string; readonly file: string }[];
  /** Functions that have gone, because HPy does their work. */
  readonly removed: readonly { readonly name: string; readonly file: string }[];
  /** What people call the entries that are legacy no more. */
  readonly titles: readonly string[];
}

/**
 * Plans the step for one type of a module; null where its struct has no references.
 *
 * @throws Refused where legacy code still uses them, or something about them is not understood.
 */
export function planFields(project: Project, module: ExtensionModule, type: HPyTypeSpec): FieldsStep | null {
  const struct = structOf(project, type);
  if (struct === null) return null;
  const fields = referenceFields(project, struct);
  return fields.length === 0 ? null : new FieldsPlanner(project, module, type, struct, fields).plan();
}

/** The struct of the project that `.basicsize` measures. */
function structOf(project: Project, type: HPyTypeSpec): StructType | null {
  const size = measured(type);
  return size === null ? null : project.objects.struct(size);
}

/** What stands in `sizeof(...)` in the specification of a type; null where there is something else. */
function measured(type: HPyTypeSpec): string | null {
  const size = type.specification.fields.get("basicsize");
  const words = size === undefined ? [] : wordsOf(type.specification.file.tree.source(size));
  return words[0] === "sizeof" ? words.slice(2, -1).join(" ") : null;
}

function wordsOf(source: string): string[] {
  const tokens = lex(source, "piece");
  return Array.from({ length: tokens.count }, (_, t) => tokenText(tokens, t));
}

/** A definition that one of HPy's macros makes: `HPyDef_SLOT_IMPL(symbol, function, HPy_tp_destroy)`. */
interface SlotDefinition {
  readonly symbol: string;
  readonly fn: CFunction;
  readonly file: ParsedFile;
  readonly macro: Span;
}

class FieldsPlanner {
  readonly #project: Project;
  readonly #module: ExtensionModule;
  readonly #type: HPyTypeSpec;
  readonly #struct: StructType;
  readonly #fields: readonly string[];
  readonly #sets = new Map<ParsedFile, EditSet>();
  readonly #notes: string[] = [];
  /** What is deleted, by file. */
  readonly #removed: { readonly file: ParsedFile; readonly start: number; readonly end: number }[] = [];

  constructor(
    project: Project,
    module: ExtensionModule,
    type: HPyTypeSpec,
    struct: StructType,
    fields: readonly string[],
  ) {
    this.#project = project;
    this.#module = module;
    this.#type = type;
    this.#struct = struct;
    this.#fields = fields;
  }

  #of(file: ParsedFile): EditSet {
    const known = this.#sets.get(file) ?? new EditSet(file.text);
    this.#sets.set(file, known);
    return known;
  }

  plan(): FieldsStep {
    const type = this.#type;
    this.#refuseSharing();
    const members = this.#members();
    this.#refuseOtherLooks(members);
    const uses = fieldUses(this.#project, this.#struct, this.#fields);
    const of = (fn: CFunction | null): FieldUse[] =>
      fn === null ? [] : uses.filter((u) => u.fn.node === fn.node && u.file === fn.file);
    const traverse = this.#slotFunction("tp_traverse");
    const clear = this.#clearFunction();
    const destroy = this.#slotDefinition("HPy_tp_destroy");
    if (traverse !== null) checkTraverse(traverse, of(traverse));
    const cleared = clear === null ? null : { name: clear.name, fields: clearedFields(clear, of(clear)) };
    if (destroy === null) throw fieldsStay("no deallocator releases them");
    const released = releasedFields(destroy.fn, of(destroy.fn), cleared);
    const held = this.#fields.filter((f) => !released.fields.has(f));
    if (held.length > 0) throw fieldsStay(`the deallocator does not release ${listed(held)}`);
    this.#noteCollection(cleared?.fields ?? null);

    const special = [traverse, clear, destroy.fn].filter((fn) => fn !== null);
    const users = uses.filter((u) => !special.some((fn) => fn.node === u.fn.node && fn.file === u.file));
    const legacy = [...new Set(users.filter((u) => !u.fn.isMigrated).map((u) => u.fn.name))];
    if (legacy.length > 0) throw fieldsStay(`legacy code uses them: ${listed(legacy)}`);

    const rewritten = this.#rewriteUsers(users);
    this.#declareFields();
    const unlisted = this.#removeReleases(destroy, released);
    if (traverse !== null) this.#removeFunction(traverse);
    if (clear !== null) this.#removeFunction(clear);
    this.#refuseLeftUses([traverse, clear].filter((fn) => fn !== null));
    const traversal = this.#writeTraverse();
    const accessible = members.filter((e) => needsAccessors(e.row));
    const moved = members.filter((e) => !accessible.includes(e));
    const dropped = this.#droppedSlots();
    new DefinitionWriter(this.#project, this.#module, (file) => this.#of(file)).rearrange({
      specification: type.specification,
      members: moved,
      dropped: [...dropped, ...accessible],
      unlisted,
      listed: [...(traversal === null ? [] : [traversal]), ...this.#writeAccessors(accessible)],
    });
    const gone = [traverse, clear, released.isEmptied ? destroy.fn : null].filter((fn) => fn !== null).map(nameAndFile);
    return {
      struct: this.#struct.name,
      count: this.#fields.length,
      rewritten: rewritten.map(nameAndFile),
      removed: gone,
      titles: [...members, ...dropped].map(entryTitle),
      edits: this.#sets,
      functions: gone.map((fn) => fn.name),
      notes: this.#notes,
    };
  }

  // What stands in the way.

  #refuseSharing(): void {
    const struct = this.#struct;
    if (struct.name === "") throw fieldsStay("the struct has no typedef name");
    if (struct.head !== "PyObject_HEAD" && struct.head !== "PyObject_VAR_HEAD")
      throw fieldsStay(`the struct begins with \`${struct.head}\`, and its references belong to another type as well`);
    const isSame = (t: HPyTypeSpec): boolean => this.#project.objects.struct(measured(t) ?? "")?.node === struct.node;
    if (readHPyTypes(this.#project).filter(isSame).length !== 1) throw fieldsStay("several types share the struct");
    const embeds = (s: StructType): boolean =>
      s !== struct && [...s.fields.values()].some((t) => this.#isOurs(t.base) && t.pointers === 0);
    if (this.#project.objects.objectStructs().some(embeds)) throw fieldsStay("another struct begins with this one");
    const { pointer } = this.#type;
    for (const { tree, text } of this.#project.files) {
      if (pointer === null || !text.includes("hpyx_create_type")) continue;
      for (const call of tree.descendants(0, "call_expression")) {
        const base = tree.named(tree.field(call, "arguments"))[2];
        const isCreation = tree.source(tree.field(call, "function")) === "hpyx_create_type";
        if (isCreation && base !== undefined && wordsOf(tree.source(base)).includes(pointer))
          throw fieldsStay("other types of the extension derive from it");
      }
    }
  }

  #isOurs(base: string): boolean {
    const found = this.#project.objects.struct(base);
    return found !== null && found.node === this.#struct.node && found.file === this.#struct.file;
  }

  /** The rows of member tables of the type that measure one of the fields. */
  #members(): (Entry & { readonly kind: "member" })[] {
    const { name } = this.#type.specification;
    const found = readEntries(this.#project, this.#module).filter(
      (e) => e.kind === "member" && e.owners.some((o) => o.specification.name === name),
    ) as (Entry & { readonly kind: "member" })[];
    const members = found.filter((e) => this.#fields.includes(this.#measuredField(e.row.offset) ?? ""));
    const unclear = found.find((e) => !members.includes(e) && objectMemberType(e.row.type) !== null);
    if (unclear !== undefined) throw fieldsStay(`it is not known what \`${unclear.row.offset}\` is the place of`);
    for (const entry of members) {
      const { row } = entry;
      const label = row.pythonName ?? row.nameSource;
      if (label === "__weaklistoffset__" || label === "__dictoffset__")
        throw fieldsStay(
          label === "__dictoffset__"
            ? "its objects have a dict, which HPy cannot hold in a field"
            : "weak references to its objects must be cleared before the fields, and HPy clears the fields first",
        );
      const readOnly = isReadOnly(row.flags);
      if (objectMemberType(row.type) === null || readOnly === null || entry.owners.length !== 1)
        throw fieldsStay(`HPy has no member like \`${label}\``);
      if (readOnly)
        this.#notes.push(
          `Setting \`${label}\` is an AttributeError as before; outside of the cpython ABI its text is that of a property without setter.`,
        );
      else if (needsAccessors(row))
        this.#notes.push(
          `\`${label}\` becomes a property: a member of HPy 0.9 raises nothing when it is deleted and not there. The text of that AttributeError names the type without its module.`,
        );
    }
    return members;
  }

  /**
   * The field in `offsetof(S, f)` for the struct, or in a macro call that stands for that; null for anything else.
   */
  #measuredField(offset: string): string | null {
    const words = wordsOf(offset);
    const macro = this.#project.knowledge.definitions.get(words[0] ?? "")?.[0];
    if (macro !== undefined && macro.parameters !== null) {
      const body = wordsOf(macro.body);
      if (!body.includes("offsetof")) return null;
      const parameters = macro.parameters;
      const values = words.slice(2, -1).filter((w) => w !== ",");
      const expanded = body.map((w) => (parameters.includes(w) ? (values[parameters.indexOf(w)] ?? w) : w));
      return values.length === parameters.length ? this.#measuredIn(expanded) : null;
    }
    return this.#measuredIn(words);
  }

  #measuredIn(words: readonly string[]): string | null {
    const first = words.indexOf("offsetof");
    const comma = words.indexOf(",", first);
    const isOurs = first >= 0 && this.#isOurs(words.slice(first + 2, comma).join(" "));
    return isOurs ? (words[comma + 1] ?? null) : null;
  }

  /** Places that see the struct as memory, measure a field, or have it as a value. */
  #refuseOtherLooks(members: readonly Entry[]): void {
    for (const file of this.#project.files) {
      const { tree } = file;
      const isMember = (n: Node): boolean =>
        members.some(
          (e) => e.table.file === file && tree.start(e.node) <= tree.start(n) && tree.end(n) <= tree.end(e.node),
        );
      for (const n of tree.descendants(
        0,
        "offsetof_expression",
        "call_expression",
        "declaration",
        "pointer_expression",
      )) {
        if (isDead(file, tree.start(n))) continue;
        const source = tree.source(n);
        switch (tree.kind(n)) {
          case "declaration":
            for (const d of readDeclarators(tree, n))
              if (d.type.pointers === 0 && !d.type.isFunction && this.#isOurs(d.type.base))
                throw fieldsStay(`\`${d.name}\` is no object but the struct itself`);
            break;
          case "pointer_expression": {
            const isCopy = tree.token(n, "*") !== NONE && tree.kind(tree.parent(n)) !== "parenthesized_expression";
            if (isCopy && this.#isView(file, tree.field(n, "argument")))
              throw fieldsStay(`\`${source}\` copies the struct`);
            break;
          }
          case "call_expression": {
            const callee = tree.source(tree.field(n, "function"));
            if (this.#fields.includes(this.#measuredField(source) ?? "") && !isMember(n))
              throw fieldsStay(`\`${source}\` is the place of a field`);
            const isCopied =
              COPIES.has(callee) && tree.named(tree.field(n, "arguments")).some((a) => this.#isView(file, a));
            if (isCopied) throw fieldsStay(`\`${callee}\` writes or copies the struct as memory`);
            break;
          }
          default:
            if (this.#fields.includes(this.#measuredField(source) ?? "") && !isMember(n))
              throw fieldsStay(`\`${source}\` is the place of a field`);
        }
      }
    }
  }

  #isView(file: ParsedFile, n: Node): boolean {
    const { tree } = file;
    const at = stripCasts(tree, n);
    if (tree.kind(at) !== "identifier") return false;
    const holder = tree.enclosing(n, "function_definition");
    const type = typeOf(this.#project, file, holder === NONE ? null : readFunction(file, holder), at);
    return type !== null && type.pointers === 1 && this.#isOurs(type.base);
  }

  #noteCollection(cleared: ReadonlySet<string> | null): void {
    if (!this.#type.flags.includes("HAVE_GC")) return;
    const kept = this.#fields.filter((f) => cleared === null || !cleared.has(f));
    if (kept.length > 0)
      this.#notes.push(
        `When the collector breaks a cycle, HPy empties every field; tp_clear left ${listed(kept)} alone.`,
      );
  }

  // The functions of the type.

  #slotFunction(slot: string): CFunction | null {
    const row = this.#type.slots?.entries.find((e) => e.slot === slot);
    if (row === undefined) return null;
    const fn = row.value === null ? null : resolveFunction(this.#project, this.#type.specification.file, row.value);
    if (fn === null) throw fieldsStay(`its ${slot} is no function of the project`);
    return fn;
  }

  /** The function that the type is given as `tp_clear`, in a legacy slot or after its creation. */
  #clearFunction(): CFunction | null {
    const inSlots = this.#slotFunction("tp_clear");
    const poke = this.#poke();
    if (poke === null) return inSlots;
    const { file, node } = poke;
    const value = file.tree.source(stripCasts(file.tree, file.tree.field(node, "right")));
    const fn = resolveFunction(this.#project, file, value);
    if (fn === null || inSlots !== null) throw fieldsStay("its tp_clear is no function of the project");
    return fn;
  }

  /** `T->tp_clear = ...`. */
  #poke(): { readonly file: ParsedFile; readonly node: Node } | null {
    const { pointer } = this.#type;
    for (const file of this.#project.files) {
      if (pointer === null || !file.text.includes("tp_clear")) continue;
      const { tree } = file;
      for (const node of tree.descendants(0, "assignment_expression"))
        if (
          wordsOf(tree.source(tree.field(node, "left")))
            .join("")
            .replace("->", ".") === `${pointer}.tp_clear`
        )
          return { file, node };
    }
    return null;
  }

  #droppedSlots(): Entry[] {
    const { name } = this.#type.specification;
    return readEntries(this.#project, this.#module).filter(
      (e) =>
        e.kind === "slot" &&
        e.owners.some((o) => o.specification.name === name) &&
        (e.row.slot === "tp_traverse" || e.row.slot === "tp_clear"),
    );
  }

  /** The definition among those of the type that fills a slot of HPy. */
  #slotDefinition(slot: string): SlotDefinition | null {
    const symbols = this.#definedSymbols();
    for (const file of this.#project.files) {
      const tokens = lex(file.text);
      for (let t = 0; t + 5 < tokens.count; t++) {
        const macro = tokenText(tokens, t);
        if (tokens.kind[t] !== TokenKind.identifier || (macro !== "HPyDef_SLOT" && macro !== "HPyDef_SLOT_IMPL"))
          continue;
        const symbol = tokenText(tokens, t + 2);
        const at = macro === "HPyDef_SLOT" ? t + 4 : t + 6;
        if (at + 1 >= tokens.count || tokenText(tokens, at) !== slot || !symbols.includes(symbol)) continue;
        const name = macro === "HPyDef_SLOT" ? `${symbol}_impl` : tokenText(tokens, t + 4);
        const fn = resolveFunction(this.#project, file, name);
        if (fn === null) throw fieldsStay(`\`${name}\` has no single definition in the project`);
        return { symbol, fn, file, macro: { start: tokens.start[t] as number, end: tokens.end[at + 1] as number } };
      }
    }
    return null;
  }

  #definedSymbols(): string[] {
    const { file, fields } = this.#type.specification;
    const value = fields.get("defines");
    const array = value === undefined ? null : findVariable(this.#project, file, file.tree.source(value));
    if (array === null) return [];
    const { tree } = array.file;
    return tree.named(array.declarator.value).map((item) => tree.source(item).replace("&", "").trim());
  }

  // What is written.

  #declareFields(): void {
    const { file, node } = this.#struct;
    const { tree } = file;
    for (const declaration of tree.descendants(node, "field_declaration")) {
      const declarators = readDeclarators(tree, declaration);
      if (!declarators.some((d) => this.#fields.includes(d.name))) continue;
      if (!declarators.every((d) => this.#fields.includes(d.name)))
        throw fieldsStay(`\`${tree.source(declaration)}\` declares other members as well`);
      const type = tree.field(declaration, "type");
      this.#of(file).replace({ start: tree.start(type), end: tree.end(type) }, "HPyField", RULE);
      for (const star of declarators.flatMap((d) => d.stars)) {
        let end = tree.end(star);
        while (tree.text.charAt(end) === " ") end++;
        this.#of(file).replace({ start: tree.start(star), end }, "", RULE);
      }
    }
  }

  #rewriteUsers(users: readonly FieldUse[]): CFunction[] {
    const functions = new Map<string, { readonly fn: CFunction; readonly uses: FieldUse[] }>();
    for (const use of users) {
      const key = `${use.file.path}\0${use.fn.node}`;
      const known = functions.get(key) ?? { fn: use.fn, uses: [] };
      known.uses.push(use);
      functions.set(key, known);
    }
    const needs = new Map<ParsedFile, Set<string>>();
    const careless: string[] = [];
    for (const { fn, uses } of functions.values()) {
      const found = rewriteFields(this.#project, fn, uses, this.#of(fn.file), RULE);
      const support = needs.get(fn.file) ?? new Set();
      needs.set(fn.file, support);
      for (const name of found.support) support.add(name);
      if (found.overwritten.size > 0) careless.push(`${fn.name} (${[...found.overwritten].sort().join(", ")})`);
    }
    if (careless.length > 0)
      this.#notes.push(
        `HPyField_Store releases the object that was in a field; the C code left that undone in ${careless.join(", ")}, where an object that is filled again lost a reference.`,
      );
    const bridges = new Map();
    const visible = sharedSupport(
      this.#project,
      new Map([...needs].map(([file, support]) => [file, { support, bridges }])),
    );
    for (const [file, support] of needs) insertSupport(file, this.#of(file), support, [], visible.get(file));
    return [...functions.values()].map((f) => f.fn);
  }

  /** Deletes what releases fields from the deallocator, and all of it where nothing else is left. */
  #removeReleases(destroy: SlotDefinition, { statements, isEmptied }: ReleasedFields): string[] {
    const { fn, file } = destroy;
    const { tree, text } = file;
    if (isEmptied) {
      this.#remove(file, { start: destroy.macro.start, end: endOfLine(text, destroy.macro.end) });
      this.#removeFunction(fn);
      return [destroy.symbol];
    }
    const rest = tree.named(fn.body).filter((s) => !statements.includes(s));
    const isUnused = (statement: Node): boolean => {
      if (tree.kind(statement) !== "declaration") return false;
      const names = readDeclarators(tree, statement).map((d) => d.name);
      return !rest.some(
        (s) => s !== statement && [...tree.descendants(s, "identifier")].some((n) => names.includes(tree.source(n))),
      );
    };
    for (const statement of [...statements, ...rest.filter(isUnused)])
      this.#remove(file, wholeLine(text, tree.start(statement), tree.end(statement)));
    return [];
  }

  #removeFunction(fn: CFunction): void {
    const whole = wholeItem(fn.file, fn.node);
    this.#remove(fn.file, { start: whole.start, end: withBlankLine(fn.file.text, whole.end) });
    for (const prototype of this.#project.prototypes.get(fn.name) ?? []) {
      const { file, declaration } = prototype;
      const { start, end } = wholeItem(file, declaration);
      this.#remove(file, { start, end: endOfLine(file.text, end) });
    }
    const poke = this.#poke();
    if (
      poke === null ||
      poke.file.tree.source(stripCasts(poke.file.tree, poke.file.tree.field(poke.node, "right"))) !== fn.name
    )
      return;
    const statement = poke.file.tree.parent(poke.node);
    if (poke.file.tree.kind(poke.file.tree.parent(statement)) !== "compound_statement")
      throw fieldsStay("the type gets its tp_clear under a condition");
    this.#remove(poke.file, wholeLine(poke.file.text, poke.file.tree.start(statement), poke.file.tree.end(statement)));
  }

  #remove(file: ParsedFile, span: Span): void {
    this.#of(file).replace(span, "", RULE);
    this.#removed.push({ file, ...span });
  }

  /** Code that uses a function which is gone; rows of slots go with it. */
  #refuseLeftUses(functions: readonly CFunction[]): void {
    const rows = this.#droppedSlots();
    for (const fn of functions)
      for (const use of usesOf(this.#project, fn)) {
        const isRow = rows.some((e) => e.table.file === use.file && isWithin(use.file, e.node, use.start));
        const isGone = this.#removed.some((r) => r.file === use.file && use.start >= r.start && use.end <= r.end);
        if (!isRow && !isGone) throw fieldsStay(`other code uses \`${fn.name}\``);
      }
  }

  /** Writes the visits; answers the definition to list when there was none yet. */
  #writeTraverse(): { readonly symbol: string; readonly file: ParsedFile; readonly at: number } | null {
    const existing = this.#slotDefinition("HPy_tp_traverse");
    const { name } = this.#struct;
    if (existing !== null) {
      this.#fillTraverse(existing);
      return null;
    }
    const { file, declaration } = this.#type.specification;
    const value = this.#type.specification.fields.get("defines");
    const array = value === undefined ? null : findVariable(this.#project, file, file.tree.source(value));
    const at = file.tree.start(array !== null && array.file === file ? array.declaration : declaration);
    const newline = newlineOf(file.text);
    const unit = indentationUnit(file.text);
    const stem = this.#type.pointer ?? this.#type.specification.name.replace("_spec", "");
    const symbol = new FreeNames(this.#project).take(`${stem}_fields`);
    const lines = [
      commentFor(name),
      `HPyDef_SLOT(${symbol}, HPy_tp_traverse)`,
      `static int ${symbol}_impl(void *self, HPyFunc_visitproc visit, void *arg)`,
      "{",
      `${unit}${name} *object = (${name} *)self;`,
      ...this.#fields.map((f) => `${unit}HPy_VISIT(&object->${f});`),
      `${unit}return 0;`,
      "}",
      "",
      "",
    ];
    this.#of(file).insert(at, lines.join(newline), RULE, -2);
    return { symbol, file, at };
  }

  /** Getters and setters for members that may be missing and be set. */
  #writeAccessors(
    entries: readonly (Entry & { readonly kind: "member" })[],
  ): { readonly symbol: string; readonly file: ParsedFile; readonly at: number }[] {
    const struct = this.#struct.name;
    const names = new FreeNames(this.#project);
    const users = new Map(entries.map(({ table }) => [table.file, [struct]]));
    for (const header of insertStructHelpers(this.#project, users, (file) => this.#of(file)))
      insertHpyInclude(header, this.#of(header));
    return entries.map(({ table, row }) => {
      const { file } = table;
      const unit = indentationUnit(file.text);
      const at = file.tree.start(table.declaration);
      const field = `object->${this.#measuredField(row.offset) ?? ""}`;
      const stem = (this.#type.pointer ?? this.#type.specification.name.replace("_spec", "")).replace("_Type", "");
      const symbol = names.take(`${stem}_${row.pythonName ?? "member"}_def`);
      const doc = row.documentation === null ? "" : `, .doc = ${row.documentation}`;
      const error = `HPyErr_SetString(ctx, ctx->h_AttributeError, ${row.nameSource});`;
      const lines = [
        `HPyDef_GETSET(${symbol}, ${row.nameSource}${doc})`,
        `static HPy ${symbol}_get(HPyContext *ctx, HPy self, void *closure)`,
        "{",
        `${unit}${struct} *object = ${struct}_AsStruct(ctx, self);`,
        `${unit}if (HPyField_IsNull(${field})) {`,
        `${unit}${unit}HPy type = HPy_Type(ctx, self);`,
        `${unit}${unit}HPyErr_Format(ctx, ctx->h_AttributeError, "'%.200s' object has no attribute '%s'",`,
        `${unit}${unit}${unit}${unit}${unit}  HPyType_GetName(ctx, type), ${row.nameSource});`,
        `${unit}${unit}HPy_Close(ctx, type);`,
        `${unit}${unit}return HPy_NULL;`,
        `${unit}}`,
        `${unit}return HPyField_Load(ctx, self, ${field});`,
        "}",
        "",
        `static int ${symbol}_set(HPyContext *ctx, HPy self, HPy value, void *closure)`,
        "{",
        `${unit}${struct} *object = ${struct}_AsStruct(ctx, self);`,
        `${unit}if (HPy_IsNull(value) && HPyField_IsNull(${field})) {`,
        `${unit}${unit}${error}`,
        `${unit}${unit}return -1;`,
        `${unit}}`,
        `${unit}HPyField_Store(ctx, self, &${field}, value);`,
        `${unit}return 0;`,
        "}",
        "",
        "",
      ];
      this.#of(file).insert(at, lines.join(newlineOf(file.text)), RULE, -7);
      return { symbol, file, at };
    });
  }

  #fillTraverse({ fn, file, macro }: SlotDefinition): void {
    const { tree, text } = file;
    const { name } = this.#struct;
    const statements = tree.named(fn.body);
    const [only] = statements;
    const [object, visit, argument] = fn.parameters;
    if (statements.length !== 1 || only === undefined || tree.kind(only) !== "return_statement")
      throw fieldsStay(`\`${fn.name}\` visits something already`);
    if (visit?.name !== "visit" || argument?.name !== "arg" || object === undefined)
      throw fieldsStay(`the parameters of \`${fn.name}\` are not called \`visit\` and \`arg\`, as HPy_VISIT wants`);
    const unit = indentationUnit(text);
    const newline = newlineOf(text);
    const lines = [
      `${name} *object = (${name} *)${object.name};`,
      ...this.#fields.map((f) => `HPy_VISIT(&object->${f});`),
      "",
    ];
    this.#of(file).insert(tree.start(only), lines.join(newline + unit), RULE);
    const comment = text.lastIndexOf(COMMENT, macro.start);
    const end = text.indexOf("*/", comment) + 2;
    if (comment >= 0 && text.slice(end, macro.start).trim() === "")
      this.#of(file).replace({ start: comment, end }, commentFor(name), RULE);
  }
}

/** Whether a member of HPy does not do for a legacy one: deleting what is not there must raise an exception. */
function needsAccessors(row: MemberEntry): boolean {
  return objectMemberType(row.type) === "HPyMember_OBJECT_EX" && isReadOnly(row.flags) === false;
}

function nameAndFile(fn: CFunction): { readonly name: string; readonly file: string } {
  return { name: fn.name, file: fn.file.path };
}

function commentFor(struct: string): string {
  return `/* The objects that a ${struct} holds: HPy visits, clears and releases them through this. */`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 4).map((n) => `\`${n}\``);
  return names.length > 4 ? `${shown.join(", ")} and ${names.length - 4} more` : shown.join(", ");
}

/** End of a line where nothing but space follows an offset; the offset itself otherwise. */
function endOfLine(text: string, offset: number): number {
  const newline = text.indexOf("\n", offset);
  return newline >= 0 && text.slice(offset, newline).trim() === "" ? newline + 1 : offset;
}

/** End of a removed item with its line end and one empty line after it. */
function withBlankLine(text: string, offset: number): number {
  return endOfLine(text, endOfLine(text, offset));
}

function wholeLine(text: string, start: number, end: number): Span {
  const line = text.lastIndexOf("\n", start - 1) + 1;
  return text.slice(line, start).trim() === "" && endOfLine(text, end) > end
    ? { start: line, end: endOfLine(text, end) }
    : { start, end };
}
