/** Types that are created from an `HPyType_Spec`: what is in their `.defines`, and what their legacy slots still hold. */

import type { ParsedFile } from "../syntax/source.ts";
import { NONE, type Node } from "../syntax/tree.ts";
import { stringValue, stripCasts, stripParentheses } from "./declarations.ts";
import {
  type EntryTable,
  type GlobalVariable,
  isDead,
  isNullConstant,
  type MethodTable,
  type Project,
  readMethodTable,
  readStructValue,
  type StructValue,
  stripCastMacros,
} from "./project.ts";

/** One entry of a `PyType_Slot` array. */
export interface SlotEntry {
  /** Without its prefix: `tp_repr`. */
  readonly slot: string;
  /** The name that fills it, without casts and `&`; null when it is something else. */
  readonly value: string | null;
  readonly node: Node;
}

/** One entry of a `PyGetSetDef` table. */
export interface GetSetEntry {
  readonly nameSource: string;
  readonly pythonName: string | null;
  /** C function, without casts; null when there is none. */
  readonly getter: string | null;
  readonly setter: string | null;
  /** False when the getter or the setter is not a plain name. */
  readonly isReadable: boolean;
  /** C source of the docstring; null when absent or NULL. */
  readonly documentation: string | null;
  /** C source of the closure; null when absent or NULL. */
  readonly closure: string | null;
  readonly node: Node;
}

/** One entry of a `PyMemberDef` table. */
export interface MemberEntry {
  readonly nameSource: string;
  readonly pythonName: string | null;
  /** C source: `T_INT`. */
  readonly type: string;
  /** C source: `offsetof(S, x)`. */
  readonly offset: string;
  /** C source; null when absent or 0. */
  readonly flags: string | null;
  readonly documentation: string | null;
  readonly node: Node;
}

/** A type that an `HPyType_Spec` variable describes. */
export interface HPyTypeSpec {
  /** Python name without the module, as far as it can be read; the name of the variable otherwise. */
  readonly name: string;
  /** The `HPyType_Spec` variable. */
  readonly specification: StructValue;
  /** Variable that holds the type once `hpyx_create_type` has made it; null where none is found. */
  readonly pointer: string | null;
  /** C source of `.flags`; empty where there is none. */
  readonly flags: string;
  /** Whether its `.builtin_shape` is the one that legacy slots need. */
  readonly isLegacyShape: boolean;
  readonly slots: EntryTable<SlotEntry> | null;
  readonly methods: MethodTable | null;
  readonly getsets: EntryTable<GetSetEntry> | null;
  readonly members: EntryTable<MemberEntry> | null;
}

const SPEC_FIELDS = ["name", "basicsize", "itemsize", "flags", "builtin_shape", "legacy_slots", "defines", "doc"];
const GETSET_FIELDS = ["name", "get", "set", "doc", "closure"];
const MEMBER_FIELDS = ["name", "type", "offset", "flags", "doc"];

/** Types of the projects that are in use. */
const TYPES = new WeakMap<Project, readonly HPyTypeSpec[]>();

/** All types of a project that are described by an `HPyType_Spec`, in the order of their files. */
export function readHPyTypes(project: Project): readonly HPyTypeSpec[] {
  const known = TYPES.get(project) ?? readTypes(project);
  TYPES.set(project, known);
  return known;
}

function readTypes(project: Project): readonly HPyTypeSpec[] {
  const pointers = readCreations(project);
  const found: HPyTypeSpec[] = [];
  for (const variables of project.globals.values())
    for (const variable of variables) {
      if (!/^(struct )?HPyType_Spec$/.test(variable.declarator.type.base) || variable.isExtern) continue;
      const specification = readStructValue(variable, SPEC_FIELDS);
      if (specification !== null) found.push(readType(project, specification, pointers.get(variable.name) ?? null));
    }
  const place = (t: HPyTypeSpec): string => t.specification.file.path;
  return found.sort((a, b) =>
    place(a) < place(b) ? -1 : place(a) > place(b) ? 1 : a.specification.declaration - b.specification.declaration,
  );
}

/**
 * The variables that `hpyx_create_type(ctx, &spec, params, &pointer)` and `hpyx_create_global_type(ctx, &spec, &global,
 * &is_made)` fill, by specification.
 */
function readCreations(project: Project): Map<string, string> {
  const pointers = new Map<string, string>();
  for (const file of project.files) for (const [spec, pointer] of creationsOf(file)) pointers.set(spec, pointer);
  return pointers;
}

/** Most files are the same from one step of a series to the next. */
const CREATIONS = new WeakMap<ParsedFile, ReadonlyMap<string, string>>();

function creationsOf(file: ParsedFile): ReadonlyMap<string, string> {
  const known = CREATIONS.get(file);
  if (known !== undefined) return known;
  const { tree, text } = file;
  const pointers = new Map<string, string>();
  if (text.includes("hpyx_create_"))
    for (const call of tree.descendants(0, "call_expression")) {
      const callee = tree.source(tree.field(call, "function"));
      if (callee !== "hpyx_create_type" && callee !== "hpyx_create_global_type") continue;
      const [, spec, third, fourth] = tree.named(tree.field(call, "arguments"));
      const pointer = callee === "hpyx_create_type" ? fourth : third;
      if (spec === undefined || pointer === undefined) continue;
      const name = (n: Node): string => tree.source(tree.named(n)[0] ?? NONE);
      pointers.set(name(spec), name(pointer));
    }
  CREATIONS.set(file, pointers);
  return pointers;
}

function readType(project: Project, specification: StructValue, pointer: string | null): HPyTypeSpec {
  const { file } = specification;
  const nameNode = specification.fields.get("name");
  const fullName = nameNode === undefined ? null : stringValue(file.tree, nameNode);
  const slots = tableOf(project, specification, "legacy_slots", (v) => readSlots(project, v));
  const named = <T>(slot: string, read: (variable: GlobalVariable) => T | null): T | null => {
    const entry = slots?.entries.find((e) => e.slot === slot);
    const variable = entry?.value == null || slots === null ? null : findVariable(project, slots.file, entry.value);
    return variable === null ? null : read(variable);
  };
  const flags = specification.fields.get("flags");
  const shape = specification.fields.get("builtin_shape");
  return {
    name: fullName?.slice(fullName.lastIndexOf(".") + 1) ?? specification.name,
    specification,
    pointer,
    flags: flags === undefined ? "" : file.tree.source(flags),
    isLegacyShape: shape !== undefined && file.tree.source(shape).endsWith("_Legacy"),
    slots,
    methods: named("tp_methods", (v) => readMethodTable(v, project.knowledge)),
    getsets: named("tp_getset", (v) => readGetSets(project, v)),
    members: named("tp_members", readMembers),
  };
}

function tableOf<T>(
  project: Project,
  specification: StructValue,
  field: string,
  read: (variable: GlobalVariable) => T | null,
): T | null {
  const value = specification.fields.get(field);
  if (value === undefined) return null;
  const name = specification.file.tree.source(stripCasts(specification.file.tree, value));
  const variable = findVariable(project, specification.file, name);
  return variable === null ? null : read(variable);
}

/** The initialised variable that a name in a file means; null when there is none or it is ambiguous. */
export function findVariable(project: Project, file: ParsedFile, name: string): GlobalVariable | null {
  const defined = (project.globals.get(name) ?? []).filter((g) => g.declarator.value !== NONE);
  const local = defined.filter((g) => g.file === file);
  if (local.length > 0) return local.length === 1 ? (local[0] as GlobalVariable) : null;
  const shared = defined.filter((g) => !g.isStatic);
  return shared.length === 1 ? (shared[0] as GlobalVariable) : null;
}

/** The rows of a table by field; a row whose first field is null or absent ends it. */
function readTable<E>(
  variable: GlobalVariable,
  base: RegExp,
  names: readonly string[],
  read: (fields: ReadonlyMap<string, Node>, node: Node) => E | null,
): EntryTable<E> | null {
  const { tree } = variable.file;
  const initializer = variable.declarator.value;
  if (!base.test(variable.declarator.type.base) || initializer === NONE) return null;
  if (tree.kind(initializer) !== "initializer_list") return null;
  const entries: E[] = [];
  let sentinel: Node = NONE;
  for (const item of tree.named(initializer)) {
    if (tree.kind(item) !== "initializer_list" || isDead(variable.file, tree.start(item))) continue;
    const fields = new Map<string, Node>();
    let position = 0;
    for (const part of tree.named(item)) {
      if (tree.kind(part) === "initializer_pair") {
        const name = tree.named(tree.field(part, "designator"))[0];
        if (name === undefined) continue;
        fields.set(tree.source(name), tree.field(part, "value"));
        position = names.indexOf(tree.source(name)) + 1;
      } else fields.set(names[position++] ?? "", part);
    }
    const first = fields.get(names[0] as string);
    const entry = first === undefined || isNullConstant(tree, first) ? null : read(fields, item);
    if (entry === null) sentinel = item;
    else entries.push(entry);
  }
  return {
    name: variable.name,
    file: variable.file,
    declaration: variable.declaration,
    initializer,
    entries,
    sentinel,
  };
}

function readSlots(project: Project, variable: GlobalVariable): EntryTable<SlotEntry> | null {
  const { tree } = variable.file;
  return readTable(variable, /^(struct )?PyType_Slot$/, ["slot", "pfunc"], (fields, node) => {
    const slot = tree.source(fields.get("slot") as Node);
    const value = fields.get("pfunc");
    return {
      slot: slot.startsWith("Py_") ? slot.slice("Py_".length) : slot,
      value: value === undefined ? null : plainName(project, variable.file, value),
      node,
    };
  });
}

function readGetSets(project: Project, variable: GlobalVariable): EntryTable<GetSetEntry> | null {
  const { tree } = variable.file;
  return readTable(variable, /^(struct )?PyGetSetDef$/, GETSET_FIELDS, (fields, node) => {
    const nameNode = fields.get("name") as Node;
    const present = (field: string): Node | undefined => {
      const n = fields.get(field);
      return n === undefined || isNullConstant(tree, n) ? undefined : n;
    };
    const functionOf = (field: string): string | null => {
      const n = present(field);
      return n === undefined ? null : plainName(project, variable.file, n);
    };
    const closure = present("closure");
    return {
      nameSource: tree.source(stripCasts(tree, nameNode)),
      pythonName: stringValue(tree, stripCasts(tree, nameNode)),
      getter: functionOf("get"),
      setter: functionOf("set"),
      isReadable: ["get", "set"].every((f) => present(f) === undefined || functionOf(f) !== null),
      documentation: sourceOf(variable.file, present("doc")),
      closure: closure === undefined ? null : tree.source(closure),
      node,
    };
  });
}

function readMembers(variable: GlobalVariable): EntryTable<MemberEntry> | null {
  const { tree } = variable.file;
  return readTable(variable, /^(struct )?PyMemberDef$/, MEMBER_FIELDS, (fields, node) => {
    const nameNode = stripCasts(tree, fields.get("name") as Node);
    const source = (field: string): string => tree.source(fields.get(field) ?? NONE);
    const flags = fields.get("flags");
    const documentation = fields.get("doc");
    return {
      nameSource: tree.source(nameNode),
      pythonName: stringValue(tree, nameNode),
      type: source("type"),
      offset: source("offset"),
      flags: flags === undefined || isNullConstant(tree, flags) ? null : tree.source(flags),
      documentation:
        documentation === undefined || isNullConstant(tree, documentation)
          ? null
          : sourceOf(variable.file, documentation),
      node,
    };
  });
}

/** Source of an expression without casts and parentheses around it; null for none. */
function sourceOf(file: ParsedFile, n: Node | undefined): string | null {
  return n === undefined ? null : file.tree.source(stripCasts(file.tree, n));
}

/** The identifier below casts, casting macros and `&`; null for anything else. */
function plainName(project: Project, file: ParsedFile, n: Node): string | null {
  const { tree } = file;
  let at = stripCastMacros(tree, n, project.knowledge);
  if (at !== NONE && tree.kind(at) === "pointer_expression" && tree.token(at, "&") !== NONE)
    at = stripParentheses(tree, tree.field(at, "argument"));
  return at !== NONE && tree.kind(at) === "identifier" ? tree.source(at) : null;
}
