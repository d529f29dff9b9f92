/**
 * A type that the C API makes from a `PyType_Spec` becomes one that the exec function creates from an `HPyType_Spec` of
 * legacy shape. Its slots stay where they are, except for those that HPy replaces.
 */

import { Refused } from "../analysis/typing.ts";
import { readDeclarators, stripCasts } from "../model/declarations.ts";
import {
  type CFunction,
  type ExtensionModule,
  type GlobalVariable,
  isConditional,
  isDead,
  isNullConstant,
  isUnparsed,
  type Project,
  readStructValue,
  resolveFunction,
} from "../model/project.ts";
import { EditSet } from "../syntax/edits.ts";
import type { ParsedFile, Span } from "../syntax/source.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import { skipReason } from "./analyses.ts";
import { insertHpyInclude, insertSharedSupport } from "./insert-support.ts";
import { FreeNames, hasWord, type SourceEdits } from "./module-to-hpy.ts";
import { indentationUnit, newlineOf } from "./statement-edits.ts";
import {
  addressed,
  createdPointers,
  execFunction,
  hpyFlags,
  insertCreation,
  isOneUnit,
  removal,
} from "./type-creation.ts";
import { type Deallocator, readDeallocator, writeDestroy } from "./type-deallocator.ts";

const RULE = "spec-to-hpy-spec";
const SPEC_FIELDS = ["name", "basicsize", "itemsize", "flags", "slots"];
/** Functions that make a type, with the positions of the specification and of the bases. */
const MAKERS: ReadonlyMap<string, { readonly spec: number; readonly bases: number }> = new Map([
  ["PyType_FromSpec", { spec: 0, bases: -1 }],
  ["PyType_FromSpecWithBases", { spec: 0, bases: 1 }],
  ["PyType_FromModuleAndSpec", { spec: 1, bases: 2 }],
]);

/** A `PyType_Spec` variable. */
export interface TypeSpecification {
  readonly name: string;
  readonly variable: GlobalVariable;
}

/** All `PyType_Spec` variables of the files of a module, in order. */
export function readTypeSpecs(project: Project, files: readonly ParsedFile[]): TypeSpecification[] {
  const specifications = [...project.globals.values()].flat().filter((g) => !g.isExtern && isSpecification(g));
  return files.flatMap((file) =>
    specifications
      .filter((g) => g.file === file)
      .sort((a, b) => a.declaration - b.declaration)
      .map((variable) => ({ name: variable.name, variable })),
  );
}

function isSpecification(variable: GlobalVariable): boolean {
  const { type, value } = variable.declarator;
  return type.base === "PyType_Spec" && type.pointers === 0 && type.arrays === 0 && value !== NONE;
}

function spanOf(tree: Tree, n: Node): Span {
  return { start: tree.start(n), end: tree.end(n) };
}

/** The call that makes the type. */
interface Making {
  readonly file: ParsedFile;
  readonly call: Node;
  readonly bases: Node | null;
}

/** Plans the step for one specification; throws {@link Refused}. */
export function planTypeSpec(project: Project, module: ExtensionModule, specification: TypeSpecification): SourceEdits {
  const { variable, name } = specification;
  const { file } = variable;
  const { tree, text } = file;
  const place = spanOf(tree, variable.declarator.node);
  const refuse = (id: string, message: string): never => {
    throw new Refused(id, place, message);
  };
  const skipped = skipReason(file, variable.declaration);
  if (skipped !== null) refuse("skip-comment", `A comment keeps it legacy: ${skipped}.`);
  if (isUnparsed(file, spanOf(tree, variable.declaration)))
    refuse("unparsed", "The parser does not understand the specification.");
  if (isConditional(file, tree.start(variable.declaration)))
    refuse("conditional-code", "It is compiled under a condition that cannot be decided.");
  if (project.modules.filter((m) => m.files.includes(file)).length > 1)
    refuse("type-in-several-modules", "The file belongs to several modules, each with a copy of the type.");
  if (module.files.some((f) => f.text.includes("PyType_GetModule")))
    refuse("module-state", "Code asks a type for its module, which HPy does not put into it.");
  const exec = execFunction(project, module);
  if (exec === null)
    return refuse("type-without-exec", "The exec function of the module, which would create it, is not found.");
  const struct = readStructValue(variable, SPEC_FIELDS);
  if (struct === null || readDeclarators(tree, variable.declaration).length > 1)
    return refuse("type-initialiser", "The specification is no plain initialiser.");
  const making = findMaking(project, name);
  if (making === null)
    return refuse(
      "type-set-up-at-run-time",
      "The specification is used otherwise than in one call that makes the type.",
    );
  const slots = slotsOf(project, file, struct.fields.get("slots"));
  if (slots === null) return refuse("type-initialiser", "The slots of the type are no plain table.");
  const sources = new Map([...slots].map(([slot, e]) => [slot, e.value]));
  const flags = source(tree, struct.fields.get("flags")) ?? "0";
  const hasGc = hasWord(flags, "Py_TPFLAGS_HAVE_GC");
  const base = baseOf(project, making, sources, file);
  if (base === undefined) return refuse("type-base", "The base is not known before the module's own code runs.");
  const edits = new Map<ParsedFile, EditSet>();
  const editsOf = (f: ParsedFile): EditSet => {
    const known = edits.get(f) ?? new EditSet(f.text);
    edits.set(f, known);
    return known;
  };
  const names = new FreeNames(project);
  const unit = indentationUnit(text);
  const blocks: string[] = [];
  const defines: string[] = [];
  const pokes: string[] = [];
  const dropped = new Set<string>(base === null || !slots.has("Py_tp_base") ? [] : ["Py_tp_base"]);
  const pointer = pointerOf(project, making, exec) ?? names.take(`${stem(name)}_type`);
  const isOwnVariable = project.globals.has(pointer);
  if (!isOwnVariable) blocks.push(`static PyTypeObject *${pointer};`);

  const deallocName = slots.get("Py_tp_dealloc")?.value ?? null;
  const destroy =
    deallocName === null ? null : destroyOf(project, file, deallocName, base, slots.has("Py_tp_finalize"));
  if (destroy !== null) {
    writeDestroy(project, destroy, `${destroy.fn.name}_def`, editsOf(file));
    defines.push(`${destroy.fn.name}_def`);
    dropped.add("Py_tp_dealloc");
  } else if (deallocName !== null && hasGc) {
    pokes.push(`${pointer}->tp_dealloc = (destructor)${deallocName};`);
    dropped.add("Py_tp_dealloc");
  } else if (hasGc && base !== null && createdPointers(project).has(base))
    pokes.push(`${pointer}->tp_dealloc = ${base}->tp_dealloc;`);
  else if (hasGc && base !== null)
    return refuse(
      "type-base",
      "The type has a base other than object, and no deallocator of its own that calls that of the base.",
    );
  if (hasGc) {
    const symbol = names.take(`${stem(name)}_fields`);
    defines.unshift(symbol);
    blocks.push(
      [
        "/* HPy wants this of types that take part in garbage collection; Py_tp_traverse visits the fields. */",
        `HPyDef_SLOT(${symbol}, HPy_tp_traverse)`,
        `static int ${symbol}_impl(void *self, HPyFunc_visitproc visit, void *arg)`,
        "{",
        `${unit}return 0;`,
        "}",
      ].join("\n"),
    );
    const clear = slots.get("Py_tp_clear");
    if (clear !== undefined) {
      pokes.push(`${pointer}->tp_clear = (inquiry)${clear.value};`);
      dropped.add("Py_tp_clear");
    }
  }
  const documentation = slots.get("Py_tp_doc");
  const isDocumented =
    documentation !== undefined &&
    !isNullConstant(tree, documentation.content) &&
    tree.start(documentation.node) < tree.start(variable.declaration);
  if (isDocumented) dropped.add("Py_tp_doc");
  for (const slot of dropped) {
    const entry = slots.get(slot);
    if (entry === undefined) continue;
    const comma = text.charAt(tree.end(entry.node)) === "," ? 1 : 0;
    editsOf(file).replace(
      lineOfEntry(text, { start: tree.start(entry.node), end: tree.end(entry.node) + comma }),
      "",
      RULE,
    );
  }
  const definesName = names.take(`${stem(name)}_defines`);
  const lines = [`.name = ${source(tree, struct.fields.get("name")) ?? '""'},`];
  for (const field of ["basicsize", "itemsize"]) {
    const value = struct.fields.get(field);
    if (value !== undefined && !isNullConstant(tree, value)) lines.push(`.${field} = ${tree.source(value)},`);
  }
  lines.push(
    `.flags = ${hasWord(flags, "Py_TPFLAGS_DEFAULT") ? hpyFlags(flags) : `HPy_TPFLAGS_DEFAULT | ${hpyFlags(flags)}`},`,
    ".builtin_shape = HPyType_BuiltinShape_Legacy,",
    `.legacy_slots = ${source(tree, struct.fields.get("slots"))},`,
    `.defines = ${definesName},`,
  );
  if (isDocumented) lines.push(`.doc = ${documentation.value},`);
  blocks.push(
    [`static HPyDef *${definesName}[] = {`, ...defines.map((d) => `${unit}&${d},`), `${unit}NULL`, "};"].join("\n"),
    [`static HPyType_Spec ${name} = {`, ...lines.map((l) => `${unit}${l}`), "};"].join("\n"),
  );
  const statements = [
    `if (hpyx_create_type(ctx, &${name}, ${base ?? "NULL"}, &${pointer}) < 0)`,
    `${unit}return -1;`,
    ...pokes,
  ];
  const isVisible = isOneUnit(file, exec, variable.declaration, module);
  const creator = isVisible ? null : names.take(`${stem(name)}_create`);
  if (creator !== null)
    blocks.push(
      [`int ${creator}(HPyContext *ctx)`, "{", ...statements.map((s) => `${unit}${s}`), `${unit}return 0;`, "}"].join(
        "\n",
      ),
    );
  editsOf(file).replace(
    spanOf(tree, variable.declaration),
    blocks.join("\n\n").replaceAll("\n", newlineOf(text)),
    RULE,
  );
  for (const other of (project.globals.get(name) ?? []).filter((g) => g.file === file && g !== variable))
    editsOf(file).replace(removal(text, spanOf(tree, other.declaration)), "", RULE);
  replaceMaking(making, pointer, isOwnVariable, editsOf(making.file));
  insertCreation(exec, editsOf(exec.file), [
    creator === null
      ? { statements, prototype: null }
      : {
          statements: [`if (${creator}(ctx) < 0)`, `${indentationUnit(exec.file.text)}return -1;`],
          prototype: `extern int ${creator}(HPyContext *ctx);`,
        },
  ]);
  const needs = { support: new Set(["hpyx_create_type"]), bridges: new Map() };
  insertSharedSupport(project, new Map([[isVisible ? exec.file : file, needs]]), editsOf);
  for (const f of new Set([file, exec.file])) insertHpyInclude(f, editsOf(f));
  const notes = ["The type is made once and kept, also when the module is imported afresh."];
  return { edits, functions: [], notes };
}

function stem(name: string): string {
  for (const suffix of ["_Type_spec", "_type_spec", "_spec", "_Spec", "Spec"])
    if (name.endsWith(suffix) && name.length > suffix.length) return name.slice(0, -suffix.length);
  return name;
}

function source(tree: Tree, n: Node | undefined): string | null {
  return n === undefined ? null : tree.source(n);
}

function lineOfEntry(text: string, span: Span): Span {
  const start = text.lastIndexOf("\n", span.start - 1) + 1;
  const newline = text.indexOf("\n", span.end);
  if (newline < 0 || text.slice(start, span.start).trim() !== "" || text.slice(span.end, newline).trim() !== "")
    return span;
  return { start, end: newline + 1 };
}

interface Slot {
  /** C source without casts. */
  readonly value: string;
  readonly content: Node;
  readonly node: Node;
}

/** The entries of a `PyType_Slot` table of the same file by their names; null when it cannot be read. */
function slotsOf(project: Project, file: ParsedFile, value: Node | undefined): Map<string, Slot> | null {
  const { tree } = file;
  const name = value === undefined ? "" : tree.source(stripCasts(tree, value));
  const variable = (project.globals.get(name) ?? []).find((g) => g.file === file && g.declarator.value !== NONE);
  if (variable === undefined || tree.kind(variable.declarator.value) !== "initializer_list") return null;
  const found = new Map<string, Slot>();
  for (const item of tree.named(variable.declarator.value)) {
    if (isDead(file, tree.start(item))) continue;
    if (isConditional(file, tree.start(item)) || tree.kind(item) !== "initializer_list") return null;
    const parts = tree.named(item).map((p) => (tree.kind(p) === "initializer_pair" ? tree.field(p, "value") : p));
    const [slot, content] = parts;
    if (slot === undefined || isNullConstant(tree, slot)) continue;
    if (content === undefined) return null;
    found.set(tree.source(slot), { value: tree.source(stripCasts(tree, content)), content, node: item });
  }
  return found;
}

/** The one call that makes a type from a specification; null when it is used in any other way. */
function findMaking(project: Project, name: string): Making | null {
  let making: Making | null = null;
  for (const file of project.files) {
    if (!hasWord(file.text, name)) continue;
    const { tree } = file;
    if (file.macros.some((m) => hasWord(m.body, name))) return null;
    const declared = new Set((project.globals.get(name) ?? []).map((g) => g.declarator.nameNode));
    for (const id of tree.descendants(0, "identifier")) {
      if (tree.source(id) !== name || declared.has(id) || isDead(file, tree.start(id))) continue;
      const call = tree.enclosing(id, "call_expression");
      const maker = call === NONE ? undefined : MAKERS.get(tree.source(tree.field(call, "function")));
      if (maker === undefined || making !== null) return null;
      const parts = tree.named(tree.field(call, "arguments"));
      const specification = parts[maker.spec];
      if (specification === undefined || addressed(tree, specification) !== name) return null;
      const bases = parts[maker.bases];
      making = { file, call, bases: bases === undefined || isNullConstant(tree, bases) ? null : bases };
    }
  }
  return making;
}

/** C source of the base; null for object, undefined when it is not known early enough. */
function baseOf(
  project: Project,
  making: Making,
  slots: ReadonlyMap<string, string>,
  file: ParsedFile,
): string | null | undefined {
  const { tree } = making.file;
  const early = (text: string): string | undefined => {
    const bare = text.startsWith("&") ? text.slice(1).trim() : text;
    if (text.startsWith("&") && bare.startsWith("Py") && !project.globals.has(bare)) return text;
    if (text.startsWith("PyExc_")) return `(PyTypeObject *)${text}`;
    const created = createdPointers(project);
    if (created.has(text)) return text;
    for (const word of createdIn(project, making.file, text, created)) return word;
    return undefined;
  };
  if (making.bases === null) {
    const slot = slots.get("Py_tp_base");
    if (slots.has("Py_tp_bases")) return undefined;
    return slot === undefined ? null : file === making.file || slot.startsWith("&Py") ? early(slot) : undefined;
  }
  let bases = stripCasts(tree, making.bases);
  if (tree.kind(bases) === "identifier") {
    const name = tree.source(bases);
    const fn = tree.enclosing(making.call, "function_definition");
    const values = [...tree.descendants(fn === NONE ? 0 : fn, "assignment_expression")].filter(
      (n) => tree.source(tree.field(n, "left")) === name,
    );
    const value = values[0];
    if (value !== undefined && values.length === 1) bases = stripCasts(tree, tree.field(value, "right"));
  }
  if (tree.kind(bases) === "call_expression" && tree.source(tree.field(bases, "function")) === "PyTuple_Pack") {
    const [count, only] = tree.named(tree.field(bases, "arguments"));
    if (count === undefined || only === undefined || tree.source(count) !== "1") return undefined;
    bases = stripCasts(tree, only);
  }
  return early(tree.source(bases));
}

/** Types made at the start of the exec function that init code puts into a variable. */
function* createdIn(
  project: Project,
  file: ParsedFile,
  variable: string,
  created: ReadonlySet<string>,
): Generator<string> {
  if (!project.globals.has(variable)) return;
  const { tree } = file;
  for (const n of tree.descendants(0, "assignment_expression")) {
    if (tree.source(tree.field(n, "left")) !== variable) continue;
    for (const id of tree.descendants(tree.field(n, "right"), "identifier"))
      if (created.has(tree.source(id))) yield tree.source(id);
  }
}

/** The variable that keeps the type, where it is a `PyTypeObject *` at file scope that the exec function sees. */
function pointerOf(project: Project, making: Making, exec: CFunction): string | null {
  const { tree } = making.file;
  let at = making.call;
  while (["cast_expression", "parenthesized_expression"].includes(tree.kind(tree.parent(at)))) at = tree.parent(at);
  const assignment = tree.parent(at);
  if (tree.kind(assignment) !== "assignment_expression" || tree.field(assignment, "right") !== at) return null;
  if (tree.kind(tree.parent(assignment)) !== "expression_statement") return null;
  const name = tree.source(tree.field(assignment, "left"));
  const variables = (project.globals.get(name) ?? []).filter((g) => g.file === making.file && g.file === exec.file);
  const { type } = variables[0]?.declarator ?? { type: null };
  return type?.base === "PyTypeObject" && type.pointers === 1 && type.arrays === 0 ? name : null;
}

/** The call that made the type gives out the one that exists. */
function replaceMaking(making: Making, pointer: string, isOwnVariable: boolean, edits: EditSet): void {
  const { tree, text } = making.file;
  if (!isOwnVariable) {
    edits.replace(spanOf(tree, making.call), `(Py_INCREF(${pointer}), (PyObject *)${pointer})`, RULE);
    return;
  }
  const statement = tree.enclosing(making.call, "expression_statement");
  edits.replace(lineOfEntry(text, spanOf(tree, statement)), "", RULE);
}

/** A deallocator that HPy can call as a destroy function; null for one that has to stay. */
function destroyOf(
  project: Project,
  file: ParsedFile,
  name: string,
  base: string | null,
  finalizes: boolean,
): Deallocator | null {
  const fn = resolveFunction(project, file, name);
  if (fn === null || fn.file !== file || base !== null) return null;
  let deallocator: Deallocator;
  try {
    deallocator = readDeallocator(project, fn, new Set());
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
  const { tree } = file;
  const uses = [...tree.descendants(0, "identifier")].filter((id) => tree.source(id) === name).length;
  const prototypes = (project.prototypes.get(name) ?? []).filter((p) => p.file === file).length;
  const isOnlySlot = uses === 2 + prototypes && !project.files.some((f) => f !== file && hasWord(f.text, name));
  const isPlain = deallocator.obstacle === null && deallocator.baseCalls.length === 0;
  return isPlain && isOnlySlot && finalizes === deallocator.finalizers.length > 0 ? deallocator : null;
}
