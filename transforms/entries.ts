/** What is listed in the legacy tables of a module and of its types, and which of it HPy can define. */

import type { CallingConvention } from "../analysis/ownership.ts";
import { Refused } from "../analysis/typing.ts";
import { CAPI_FUNCTIONS } from "../model/api/capi-table.ts";
import { HPY_SLOTS } from "../model/api/hpy.ts";
import {
  findVariable,
  type GetSetEntry,
  type HPyTypeSpec,
  type MemberEntry,
  readHPyTypes,
  type SlotEntry,
} from "../model/hpy-types.ts";
import {
  type CFunction,
  conditionsAround,
  type EntryTable,
  type ExtensionModule,
  type MethodEntry,
  type Project,
  resolveFunction,
  topLevelCalls,
} from "../model/project.ts";
import type { ParsedFile, Span } from "../syntax/source.ts";
import type { Node } from "../syntax/tree.ts";
import { RefusedAt } from "./refused-at.ts";

interface Listed {
  /** The types whose tables list it; none for an entry of the module. */
  readonly owners: readonly HPyTypeSpec[];
  readonly table: EntryTable<unknown>;
  readonly node: Node;
}

/** One row of a legacy table. */
export type Entry = Listed &
  (
    | { readonly kind: "method"; readonly row: MethodEntry }
    | { readonly kind: "getset"; readonly row: GetSetEntry }
    | { readonly kind: "member"; readonly row: MemberEntry }
    | { readonly kind: "slot"; readonly row: SlotEntry }
  );

/** A function that an entry names, and how Python calls it through the entry. */
export interface EntryFunction {
  readonly fn: CFunction;
  readonly convention: CallingConvention;
  /** Name of the HPy signature: `HPyFunc_NOARGS`. */
  readonly signature: string;
  readonly role: "call" | "get" | "set";
}

/** Slots that name tables or values. */
const TABLES: ReadonlySet<string> = new Set(["tp_methods", "tp_members", "tp_getset", "tp_doc", "tp_base", "tp_bases"]);

/** Slots that HPy has under the same name and that nevertheless stay, with the reason. */
const KEPT_SLOTS: ReadonlyMap<string, string> = new Map([
  [
    "tp_traverse",
    "`HPy_tp_traverse` visits `HPyField`s only, and the fields of the struct are still `PyObject *`; the legacy function goes on visiting them.",
  ],
  [
    "bf_getbuffer",
    "It fills a `Py_buffer`. HPy hands a copy of what is filled on, so that a shape inside the buffer, as `PyBuffer_FillInfo` gives it, would point to memory that is gone.",
  ],
  ["bf_releasebuffer", "It releases what the legacy function of bf_getbuffer has filled."],
]);

/** Fills `tp_new` with nothing but an allocation, and its counterpart in HPy. */
const GENERIC_NEW = "PyType_GenericNew";
export const HPY_GENERIC_NEW = "HPyType_GenericNew";

/** Whether an entry fills `tp_new` with `PyType_GenericNew`, which HPy has too. */
export function isGenericNew(entry: Entry): boolean {
  return entry.kind === "slot" && entry.row.slot === "tp_new" && entry.row.value === GENERIC_NEW;
}

/** The definition in a file that fills `tp_new` with `HPyType_GenericNew`; null where there is none. */
export function genericNewOf(file: ParsedFile): { readonly symbol: string; readonly call: Node } | null {
  if (!file.text.includes(HPY_GENERIC_NEW)) return null;
  const { tree } = file;
  for (const call of topLevelCalls(tree, "HPyDef_SLOT_IMPL")) {
    const [symbol, implementation] = tree.named(tree.field(call, "arguments")).map((n) => tree.source(n));
    if (implementation === HPY_GENERIC_NEW && symbol !== undefined) return { symbol, call };
  }
  return null;
}

/** Everything that the legacy tables of a module and of the types in its files still list. */
export function readEntries(project: Project, module: ExtensionModule): Entry[] {
  const entries: Entry[] = [];
  const table = module.methods;
  if (table !== null)
    for (const row of table.entries) entries.push({ kind: "method", owners: [], table, node: row.node, row });
  const types = readHPyTypes(project).filter((t) => module.files.includes(t.specification.file));
  const seen = new Set<string>();
  const ownersOf = (list: EntryTable<unknown>): HPyTypeSpec[] =>
    types.filter((t) => [t.methods, t.getsets, t.members, t.slots].some((x) => x !== null && isSame(x, list)));
  const isNew = (list: EntryTable<unknown>): boolean => {
    const key = `${list.file.path}\0${list.name}`;
    if (seen.has(key) || (table !== null && isSame(table, list))) return false;
    seen.add(key);
    return true;
  };
  for (const { methods, getsets, members, slots } of types) {
    if (methods !== null && isNew(methods))
      for (const row of methods.entries)
        entries.push({ kind: "method", owners: ownersOf(methods), table: methods, node: row.node, row });
    if (getsets !== null && isNew(getsets))
      for (const row of getsets.entries)
        entries.push({ kind: "getset", owners: ownersOf(getsets), table: getsets, node: row.node, row });
    if (members !== null && isNew(members))
      for (const row of members.entries)
        entries.push({ kind: "member", owners: ownersOf(members), table: members, node: row.node, row });
    if (slots !== null && isNew(slots))
      for (const row of slots.entries)
        if (!TABLES.has(row.slot))
          entries.push({ kind: "slot", owners: ownersOf(slots), table: slots, node: row.node, row });
  }
  return entries;
}

function isSame(a: EntryTable<unknown>, b: EntryTable<unknown>): boolean {
  return a.file === b.file && a.declaration === b.declaration && a.name === b.name;
}

/** Names of the C functions of an entry. */
export function functionNames(entry: Entry): string[] {
  switch (entry.kind) {
    case "method":
      return entry.row.functionName === null ? [] : [entry.row.functionName];
    case "getset":
      return [entry.row.getter, entry.row.setter].filter((name) => name !== null);
    case "slot":
      return entry.row.value === null ? [] : [entry.row.value];
    case "member":
      return [];
  }
}

/** Tells entries apart over the steps of a series. */
export function entryKey(entry: Entry): string {
  const label = entry.kind === "slot" ? entry.row.slot : entry.row.nameSource;
  const owners = entry.owners.map((o) => o.specification.name).join(",");
  return [entry.kind, owners, label, ...functionNames(entry)].join("\0");
}

/** What people call it: `norm()` of a module, `Point.norm()`, `Point.x`, `the slot tp_repr of Point`. */
export function entryTitle(entry: Entry): string {
  const type = entry.owners.map((o) => o.name).join(" and ");
  const prefix = type === "" ? "" : `${type}.`;
  switch (entry.kind) {
    case "method":
      return `${prefix}${entry.row.pythonName ?? entry.row.functionName ?? ""}()`;
    case "slot":
      return `the slot ${entry.row.slot} of ${type}`;
    default:
      return `${prefix}${entry.row.pythonName ?? entry.row.nameSource}`;
  }
}

export function entrySpan(entry: Entry): Span {
  const { tree } = entry.table.file;
  return { start: tree.start(entry.node), end: tree.end(entry.node) };
}

/** A refusal of an entry, at its row. */
export function refusedEntry(entry: Entry, id: string, message: string): RefusedAt {
  return new RefusedAt(entry.table.file, id, entrySpan(entry), message);
}

/** The functions of an entry with their conventions. Throws {@link Refused} where HPy cannot define the entry. */
export function entryFunctions(project: Project, entry: Entry): EntryFunction[] {
  const isMethod = entry.kind === "method";
  if (isMethod && entry.row.functionName === null)
    throw refusedEntry(entry, "method-not-a-name", "The entry of the method table does not name a function.");
  if (entry.kind === "getset" && !entry.row.isReadable)
    throw refusedEntry(entry, "method-not-a-name", "The entry does not name its functions.");
  if (entry.kind === "slot") refuseSlot(project, entry, entry.row);
  const resolve = (name: string): CFunction => {
    const fn = resolveFunction(project, entry.table.file, name);
    if (fn === null)
      throw refusedEntry(entry, "function-not-found", `\`${name}\` has no single definition in the project.`);
    return fn;
  };
  const functions: EntryFunction[] = [];
  if (entry.kind === "method") {
    const fn = resolve(entry.row.functionName ?? "");
    const { convention, signature } = methodConvention(entry, entry.row);
    functions.push({ fn, convention, signature, role: "call" });
  } else if (entry.kind === "getset") {
    const { getter, setter } = entry.row;
    if (getter !== null)
      functions.push({ fn: resolve(getter), convention: "slot", signature: "HPyFunc_GETTER", role: "get" });
    if (setter !== null)
      functions.push({ fn: resolve(setter), convention: "slot", signature: "HPyFunc_SETTER", role: "set" });
  } else if (entry.kind === "slot") {
    const slot = isGenericNew(entry) ? undefined : HPY_SLOTS.get(`HPy_${entry.row.slot}`);
    if (slot !== undefined && entry.row.value !== null)
      functions.push({
        fn: resolve(entry.row.value),
        convention: slotConvention(entry.row.slot),
        signature: slot.signature,
        role: "call",
      });
  } else refuseMember(entry, entry.row);
  if (conditionsAround(entry.table.file, entrySpan(entry)) === null)
    throw refusedEntry(entry, "conditional-code", "An `#if` splits the entry.");
  return functions;
}

function methodConvention(
  entry: Entry,
  row: MethodEntry,
): { readonly convention: CallingConvention; readonly signature: string } {
  switch (row.flags?.join("|")) {
    case "METH_NOARGS":
      return { convention: "noargs", signature: "HPyFunc_NOARGS" };
    case "METH_O":
      return { convention: "o", signature: "HPyFunc_O" };
    case "METH_VARARGS":
      return { convention: "varargs", signature: "HPyFunc_VARARGS" };
    case "METH_KEYWORDS|METH_VARARGS":
      return { convention: "keywords", signature: "HPyFunc_KEYWORDS" };
    case "METH_FASTCALL":
      return { convention: "fastcall", signature: "HPyFunc_VARARGS" };
    case "METH_FASTCALL|METH_KEYWORDS":
      return { convention: "fastcall-keywords", signature: "HPyFunc_KEYWORDS" };
    default: {
      const special = row.flags?.find((f) => ["METH_CLASS", "METH_STATIC", "METH_COEXIST"].includes(f));
      throw refusedEntry(
        entry,
        "method-flags",
        special === undefined
          ? `HPy has no calling convention for ${row.flags?.join(" | ") ?? "these flags"}.`
          : `\`HPyDef_METH\` has no counterpart of ${special}.`,
      );
    }
  }
}

function slotConvention(slot: string): CallingConvention {
  if (slot === "tp_new") return "new";
  if (slot === "tp_init") return "type-init";
  return slot === "tp_call" ? "keywords" : "slot";
}

function refuseSlot(project: Project, entry: Entry, row: SlotEntry): void {
  const name = `HPy_${row.slot}`;
  if (!HPY_SLOTS.has(name)) throw refusedEntry(entry, "slot-missing-in-hpy", `HPy 0.9 has no slot \`${name}\`.`);
  const kept = KEPT_SLOTS.get(row.slot);
  if (kept !== undefined) throw refusedEntry(entry, "slot-stays-legacy", kept);
  if (row.slot === "tp_call") refuseCall(project, entry);
  if (row.value === null)
    throw refusedEntry(entry, "method-not-a-name", "The slot is not filled with a plain function.");
  if (CAPI_FUNCTIONS.has(row.value) && !isGenericNew(entry))
    throw refusedEntry(
      entry,
      "slot-stays-legacy",
      `\`${row.value}\` of the C API fills the slot ${row.slot}, and it takes no handles.`,
    );
}

/** `HPy_tp_call` reaches only objects whose memory HPy has allocated. */
function refuseCall(project: Project, entry: Entry): void {
  const reason = (text: string): never => {
    throw refusedEntry(entry, "slot-stays-legacy", text);
  };
  for (const type of entry.owners) {
    if (type.flags.includes("BASETYPE"))
      reason(
        `Objects of Python subclasses of ${type.name} would have no call function: HPy gives it only to objects that \`HPy_New\` makes.`,
      );
    if (type.slots?.entries.some((e) => e.slot === "tp_new" || e.slot === "tp_alloc") === true)
      reason(`The legacy constructor of ${type.name} makes objects without the call function of HPy.`);
    if (isMadeGenerically(project, type))
      reason(`\`${HPY_GENERIC_NEW}\`, which makes objects of ${type.name}, leaves out the call function of HPy.`);
  }
}

/** Whether the definitions of a type fill `tp_new` with `HPyType_GenericNew`. */
function isMadeGenerically(project: Project, { specification }: HPyTypeSpec): boolean {
  const { file, fields } = specification;
  const value = fields.get("defines");
  const array = value === undefined ? null : findVariable(project, file, file.tree.source(value));
  if (array === null) return false;
  const { tree } = array.file;
  const symbols = project.files.map((f) => genericNewOf(f)?.symbol).filter((s) => s !== undefined);
  return tree.named(array.declarator.value).some((n) => symbols.some((s) => tree.source(n) === `&${s}`));
}

/** Type codes of members that HPy has under the same name, without their prefix. */
const MEMBER_TYPES: ReadonlySet<string> = new Set([
  "SHORT",
  "INT",
  "LONG",
  "FLOAT",
  "DOUBLE",
  "STRING",
  "CHAR",
  "BYTE",
  "UBYTE",
  "USHORT",
  "UINT",
  "ULONG",
  "STRING_INPLACE",
  "BOOL",
  "LONGLONG",
  "ULONGLONG",
]);

/** The `HPyMember_` constant for `T_INT` and `Py_T_INT`; null where there is none. */
export function memberType(type: string): string | null {
  const code = type.startsWith("Py_T_") ? type.slice("Py_T_".length) : type.startsWith("T_") ? type.slice(2) : "";
  if (code === "PYSSIZET") return "HPyMember_HPYSSIZET";
  return MEMBER_TYPES.has(code) ? `HPyMember_${code}` : null;
}

/** The `HPyMember_` constant for a member that is a reference in the struct; null for other members. */
export function objectMemberType(type: string): string | null {
  const code = type.slice(type.indexOf("T_") + "T_".length);
  const isKnown = ["T_", "Py_T_", "_Py_T_"].some((prefix) => type === prefix + code);
  return isKnown && (code === "OBJECT" || code === "OBJECT_EX") ? `HPyMember_${code}` : null;
}

/** Whether flags of a member say that it is read-only; null when they say something that HPy does not know. */
export function isReadOnly(flags: string | null): boolean | null {
  if (flags === null) return false;
  const names = flags.split("|").map((f) => f.replaceAll(/[()\s]/g, ""));
  if (names.every((f) => f === "READONLY" || f === "Py_READONLY" || f === "1")) return true;
  return names.every((f) => f === "0") ? false : null;
}

function refuseMember(entry: Entry, row: MemberEntry): void {
  if (row.type.includes("T_OBJECT"))
    throw refusedEntry(
      entry,
      "member-of-object",
      `\`${row.pythonName ?? row.nameSource}\` is a \`PyObject *\` in the struct, and a member of HPy that is an object needs an \`HPyField\`.`,
    );
  if (memberType(row.type) === null || isReadOnly(row.flags) === null)
    throw refusedEntry(
      entry,
      "member-kind",
      `\`${row.pythonName ?? row.nameSource}\` is of the kind ${row.type} with ${row.flags ?? "no flags"}, and HPy has no such member.`,
    );
  if (["__weaklistoffset__", "__dictoffset__", "__vectorcalloffset__"].includes(row.pythonName ?? ""))
    throw refusedEntry(
      entry,
      "member-kind",
      `\`${row.pythonName}\` tells CPython an offset; HPy shifts or ignores it.`,
    );
}

/** What can move in one step, and what cannot move at all. */
export interface Units {
  readonly units: readonly (readonly Entry[])[];
  readonly refused: readonly { readonly entry: Entry; readonly error: Refused }[];
}

/** Entries that share a function move together; so do the members of a type and uses of `PyType_GenericNew`. */
export function groupEntries(project: Project, entries: readonly Entry[]): Units {
  const units: {
    readonly entries: Entry[];
    readonly functions: Set<CFunction>;
    /** What entries without functions of the project share. */
    readonly shared: Entry["table"] | typeof GENERIC_NEW | null;
  }[] = [];
  const refused: { readonly entry: Entry; readonly error: Refused }[] = [];
  for (const entry of entries) {
    let functions: CFunction[];
    try {
      functions = entryFunctions(project, entry).map((f) => f.fn);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refused.push({ entry, error });
      continue;
    }
    const shared = entry.kind === "member" ? entry.table : isGenericNew(entry) ? GENERIC_NEW : null;
    const related = units.filter(
      (u) => functions.some((f) => u.functions.has(f)) || (shared !== null && u.shared === shared),
    );
    const [first, ...others] = related;
    if (first === undefined) {
      units.push({ entries: [entry], functions: new Set(functions), shared });
      continue;
    }
    first.entries.push(entry);
    for (const f of functions) first.functions.add(f);
    for (const other of others) {
      first.entries.push(...other.entries);
      for (const f of other.functions) first.functions.add(f);
      units.splice(units.indexOf(other), 1);
    }
  }
  return { units: units.map((u) => u.entries), refused };
}
