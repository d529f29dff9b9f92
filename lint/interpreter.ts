import type { CapiFunction } from "../model/api/capi.ts";
import { CAPI_FUNCTIONS } from "../model/api/capi-table.ts";
import { HPY_FUNCTIONS, type HpyArgument, type HpyFunction } from "../model/api/hpy.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import type { DeclaredType, Variable } from "./declarations.ts";
import { readDeclaration } from "./declarations.ts";
import {
  ANY,
  type CellKind,
  CONTEXT,
  NONZERO,
  NULL,
  number,
  Range,
  type State,
  TRUTH,
  UNASSIGNED,
  UNKNOWN,
  UNTESTED_NULL,
  type Value,
} from "./domain.ts";
import { formatUnits, stringText } from "./formats.ts";
import { integer } from "./project.ts";
import { compareMasks, FLIPPED, narrow, rangeOf, singleNumber, stepped } from "./ranges.ts";
import { BEHIND, INTERPRETER, Resources, type Surroundings } from "./resources.ts";
import type { Given, Summary } from "./summary.ts";

export interface Result {
  readonly state: State;
  readonly value: Value;
}

export interface Branches {
  readonly yes: State[];
  readonly no: State[];
}

/** Macros and functions that pass their first argument through as a truth value. */
const HINTS = new Set([
  "__builtin_expect",
  "likely",
  "unlikely",
  "LIKELY",
  "UNLIKELY",
  "HPy_LIKELY",
  "HPy_UNLIKELY",
  "HPY_LIKELY",
  "HPY_UNLIKELY",
]);

/** Calls whose answer stays the same while their arguments do. */
const STABLE = new Set(["HPyField_IsNull", "HPy_Is", "HPy_TypeCheck"]);

/** Where the format stands in calls of the C API whose formats can hold `N`. */
const FORMAT_AT: ReadonlyMap<string, number> = new Map([
  ["Py_BuildValue", 0],
  ["_Py_BuildValue_SizeT", 0],
  ["PyObject_CallFunction", 1],
  ["PyObject_CallMethod", 2],
]);

/** Types whose pointers are no objects. */
const PLAIN_TYPES: ReadonlySet<string> = new Set(
  "bool char double FILE float int int16_t int32_t int64_t int8_t long Py_buffer Py_ssize_t PyTypeObject short size_t ssize_t uint16_t uint32_t uint64_t uint8_t unsigned void wchar_t".split(
    " ",
  ),
);

/** Objects that live as long as the interpreter. */
const IMMORTAL: ReadonlySet<string> = new Set(["Py_None", "Py_True", "Py_False", "Py_NotImplemented", "Py_Ellipsis"]);

/** Functions that give HPy_NULL only for HPy_NULL. */
const NEVER_FAILS = new Set(["HPy_Type", "HPy_Dup", "HPy_FromPyObject"]);

/** C functions whose result points into their first argument. */
const POINTS_INTO = new Set(["strchr", "strrchr", "strstr", "strpbrk", "memchr", "strchrnul", "rawmemchr"]);

/** Functions whose result is memory of the extension itself, which no handle keeps alive. */
const FOREIGN_MEMORY = new Set(["HPyCapsule_GetPointer", "HPyCapsule_GetContext", "PyCapsule_GetPointer"]);

/** Kind of the resource that a variable of this type holds by value; undefined for types that are not followed. */
function cellKind(type: DeclaredType): CellKind | undefined {
  if (type.array) return undefined;
  if (type.pointers === 0) {
    if (type.base === "HPy") return "handle";
    if (type.base === "HPyTracker") return "tracker";
    if (type.base === "HPyListBuilder" || type.base === "HPyTupleBuilder") return "builder";
  }
  return type.pointers === 1 && type.base === "PyObject" ? "reference" : undefined;
}

/** The struct in which handles are lent to HPyType_FromSpec. */
const LENDING_STRUCT = "HPyType_SpecParam";

/**
 * Evaluates the expressions of one function over abstract states.
 *
 * A state that is passed in belongs to the call: it is changed in place and comes back in the results, cloned where
 * the path splits.
 */
export class Interpreter {
  private readonly around: Surroundings;
  private readonly tree: Tree;
  readonly resources: Resources;
  private readonly variables = new Map<string, Variable>();
  /** Pointer parameters that are indexed by more than 0. */
  private readonly arrays: ReadonlySet<string>;

  constructor(around: Surroundings) {
    this.around = around;
    this.tree = around.info.file.tree;
    this.resources = new Resources(around);
    for (const v of around.info.scope.all()) this.variables.set(v.place, v);
    this.arrays = this.indexedParameters();
  }

  private indexedParameters(): Set<string> {
    const found = new Set<string>();
    for (const n of this.tree.descendants(this.around.info.node, "subscript_expression")) {
      const base = this.tree.field(n, "argument");
      if (base === NONE || this.tree.kind(base) !== "identifier" || this.constant(this.index(n)) === 0) continue;
      const variable = this.variable(base);
      if (variable?.storage === "parameter") found.add(variable.place);
    }
    return found;
  }

  /** The place behind a pointer parameter: one handle, or all elements of an array. */
  behind(p: Variable): string {
    return this.arrays.has(p.place) ? `*${p.place}[]` : `*${p.place}`;
  }

  /** How the parameters are used, for callers. */
  parameterUses(): Summary["parameters"] {
    return this.around.info.scope.parameters.map((p) => {
      if (cellKind({ ...p.type, pointers: p.type.pointers - 1 }) === undefined) return "value";
      if (this.isArgumentArray(p)) return "read-array";
      return this.arrays.has(p.place) ? "array" : "pointer";
    });
  }

  /** Makes the state at the entry of the function. */
  enter(state: State): void {
    for (const p of this.around.info.scope.parameters) {
      const { type, index, place } = p;
      if (type.base === "HPyContext") {
        state.set(place, CONTEXT);
        continue;
      }
      const kind = cellKind(type) ?? (this.around.side === "capi" && isStructPointer(type) ? "reference" : undefined);
      if (kind !== undefined && !type.reference) {
        state.set(place, this.resources.addCell(state, { kind, state: "borrowed", maybeNull: true, parameter: index }));
        continue;
      }
      const behind = cellKind({ ...type, pointers: type.pointers - 1, reference: false });
      if (behind === undefined || this.isArgumentArray(p)) continue;
      state.set(place, { kind: "address", place: `*${place}` });
      const many = this.arrays.has(place);
      const old = { kind: behind, state: "borrowed", maybeNull: true, parameter: BEHIND + index, many } as const;
      state.set(this.behind(p), this.resources.addCell(state, old));
    }
  }

  /** Whether a parameter is the usual `const HPy *` array of arguments. */
  private isArgumentArray(p: Variable): boolean {
    return p.type.base === "HPy" && p.type.pointers === 1 && p.type.constant;
  }

  // ---- declarations and assignments ---------------------------------------------------------------------------

  /** Runs a declaration statement. */
  declare(node: Node, state: State): State[] {
    let states = [state];
    for (const declared of readDeclaration(this.tree, node)) {
      if (declared.isFunction && declared.value === NONE) continue;
      const variable = this.around.info.scope.resolve(declared.name, this.tree.start(declared.nameNode));
      if (variable === undefined || variable.storage === "static") continue;
      states = states.flatMap((s) => this.initialise(variable, declared.value, s));
    }
    return states;
  }

  private initialise(variable: Variable, value: Node, state: State): State[] {
    const { place, type } = variable;
    if (type.base === LENDING_STRUCT && value !== NONE && this.tree.kind(value) === "initializer_list") {
      // HPyType_FromSpec reads the bases in it and keeps none: the handles stay with who made them.
      const items = this.tree
        .named(value)
        .flatMap((item) => (this.tree.kind(item) === "initializer_list" ? this.tree.named(item) : [item]));
      return this.evaluateAll(items, state).map(({ state: s }) => s);
    }
    if (type.array) {
      state.set(place, { kind: "address", place });
      if (value === NONE || this.tree.kind(value) !== "initializer_list") return [state];
      return this.evaluateAll(this.tree.named(value), state).map(({ state: s, values }) => {
        values.forEach((v, i) => {
          s.set(`${place}[${i}]`, v);
        });
        return s;
      });
    }
    if (value === NONE) {
      const kind = cellKind(type);
      state.set(place, kind === undefined || kind === "reference" ? UNKNOWN : UNASSIGNED);
      return [state];
    }
    const kind = this.tree.kind(value);
    if (kind === "initializer_list" || kind === "argument_list") {
      const items = this.tree.named(value);
      return this.evaluateAll(items, state).map(({ state: s, values }) => {
        const [only] = values;
        if (cellKind(type) !== undefined && values.length === 1 && only !== undefined) {
          s.set(place, only.kind === "number" && only.mask === Range.zero ? NULL : only);
        } else {
          values.forEach((v, i) => {
            this.escape(v, items[i] as Node, s);
          });
          s.forget(place);
        }
        return s;
      });
    }
    return this.evaluate(value, state).map((r) => {
      r.state.set(place, this.converted(r.value, type, value, r.state));
      return r.state;
    });
  }

  /**
   * A value as it looks after conversion to a type: 0 becomes the null pointer. What an unknown function gives for a
   * handle is new, by the conventions; a macro may give anything.
   */
  private converted(value: Value, type: DeclaredType, node: Node, state: State): Value {
    if (value.kind !== "number") return value;
    if (type.pointers > 0 && value.mask === Range.zero) return NULL;
    const isCall = this.tree.kind(node) === "call_expression" && !this.around.project.macros.has(this.calleeName(node));
    if (value.mask !== ANY || !isCall || cellKind(type) !== "handle") return value;
    return this.resources.fresh(state, "handle", node, true);
  }

  private assign(target: Node, value: Value, state: State): void {
    const place = this.placeOf(target, state);
    if (place === null) {
      if (this.isBufferOwner(target) && state.cell(value)?.state === "owned" && value.kind === "cell") {
        state.update(value.cell, { state: "unknown" });
        return;
      }
      if (value.kind === "context" && this.lastsLonger(target, state))
        this.resources.report("context-stored", target, "the context is kept in an object, beyond the call", state);
      if (!this.isScratch(target) || state.cell(value)?.state !== "borrowed") this.escape(value, target, state);
      if (this.around.side === "hpy") state.forgetMemory();
      else if (this.tree.kind(target) === "field_expression")
        state.forgetWord(this.tree.source(this.tree.field(target, "field")));
      return;
    }
    if (place.endsWith("[]")) this.assignElement(place, value, target, state);
    else state.set(place, value);
  }

  /** Whether a target lies in the struct of an object. */
  private lastsLonger(target: Node, state: State): boolean {
    if (this.tree.kind(target) !== "field_expression") return false;
    return state.cell(this.peek(this.tree.field(target, "argument"), state))?.kind === "view";
  }

  /** Whether this is the member `obj` of an `HPy_buffer`, which takes over the handle that is stored in it. */
  private isBufferOwner(target: Node): boolean {
    if (this.tree.kind(target) !== "field_expression") return false;
    if (this.tree.source(this.tree.field(target, "field")) !== "obj") return false;
    const base = this.tree.field(target, "argument");
    const variable = base !== NONE && this.tree.kind(base) === "identifier" ? this.variable(base) : undefined;
    return variable?.type.base === "HPy_buffer";
  }

  /** Whether an element of a local array of handles on the heap is written: it may hold aliases during the call. */
  private isScratch(target: Node): boolean {
    if (this.tree.kind(target) !== "subscript_expression") return false;
    const base = this.tree.field(target, "argument");
    const variable = base !== NONE && this.tree.kind(base) === "identifier" ? this.variable(base) : undefined;
    return variable?.storage === "local" && variable.type.base === "HPy" && variable.type.pointers === 1;
  }

  /**
   * Writes one element of an array that is indexed by a variable. One cell stands for all elements; a loop is taken to
   * reach every one, so that filling and closing in loops balance.
   */
  private assignElement(place: string, value: Value, target: Node, state: State): void {
    const base = place.slice(0, -2);
    for (const [key, element] of state.values) {
      if (key === place || !key.startsWith(`${base}[`)) continue;
      if (state.cell(element)?.state === "owned") {
        this.around.giveUp(target, "an array of handles is indexed by constants and by variables");
        if (element.kind === "cell") state.update(element.cell, { state: "unknown" });
      }
      state.values.delete(key);
    }
    const old = state.get(place);
    const before = state.cell(old);
    const cell = state.cell(value);
    if (value.kind === "cell" && cell !== undefined) {
      if (before?.state === "owned" && cell.state === "owned" && old.kind === "cell") {
        state.update(old.cell, { maybeNull: before.maybeNull || cell.maybeNull });
        state.cells.delete(value.cell);
        return;
      }
      if (before?.state === "owned") {
        this.around.giveUp(target, "an array holds handles of its own and of others");
        if (old.kind === "cell") state.update(old.cell, { state: "unknown" });
        state.set(place, UNKNOWN);
        return;
      }
      if (before?.state === "borrowed" && cell.state === "borrowed") return;
      if (cell.state === "owned")
        state.update(value.cell, { many: true, maybeNull: cell.maybeNull || old.kind === "null" });
      else {
        const alias = { kind: cell.kind, state: "borrowed", maybeNull: true, many: true } as const;
        state.set(place, this.resources.addCell(state, alias, cell.origin));
        return;
      }
    } else if (value.kind === "null" && before !== undefined && before.state === "borrowed" && before.parameter < 0) {
      return;
    }
    state.set(place, value);
  }

  /** The value of a place; an element that was not set by itself is what all elements are. */
  private read(place: string, state: State): Value {
    const value = state.get(place);
    if (value.kind !== "number" || value.mask !== ANY || !place.endsWith("]")) return value;
    const base = place.slice(0, place.lastIndexOf("["));
    if (place.endsWith("[]")) this.gather(base, state);
    else this.spread(base, state);
    return state.get(place);
  }

  /** Replaces what stands for all elements of an array of known length by its elements. */
  private spread(base: string, state: State): void {
    const all = state.values.get(`${base}[]`);
    const size = this.length(base);
    if (all === undefined || size === undefined) return;
    const cell = state.cell(all);
    state.values.delete(`${base}[]`);
    for (let i = 0; i < size; i++) {
      if (cell === undefined) state.set(`${base}[${i}]`, all);
      else state.set(`${base}[${i}]`, this.resources.addCell(state, { ...cell, many: false }, cell.origin));
    }
    if (all.kind === "cell") state.cells.delete(all.cell);
  }

  /** Replaces the elements of an array by one cell that stands for all, where they are alike enough. */
  private gather(base: string, state: State): void {
    const places = [...state.values.keys()].filter((key) => key.startsWith(`${base}[`));
    const cells = places.flatMap((key) => state.cell(state.values.get(key) as Value) ?? []);
    const [first] = cells;
    if (first === undefined || cells.some((c) => c.state !== first.state && c.state !== "null" && c.state !== "closed"))
      return;
    const lead = cells.find((c) => c.state === "owned") ?? first;
    for (const key of places) {
      const value = state.values.get(key);
      if (value?.kind === "cell") state.cells.delete(value.cell);
      state.values.delete(key);
    }
    const maybeNull = lead.maybeNull || cells.length < places.length || cells.some((c) => c.state === "null");
    state.set(`${base}[]`, this.resources.addCell(state, { ...lead, many: true, maybeNull }, lead.origin));
  }

  /** Places of the single handles that an address stands for. */
  private elements(place: string): string[] {
    if (place.startsWith("*")) return this.arrays.has(place.slice(1)) ? [`${place}[]`] : [place];
    const type = this.variables.get(place)?.type;
    if (type?.array !== true) return [place];
    const size = this.length(place);
    if (size === undefined) return [`${place}[]`];
    return Array.from({ length: size }, (_, i) => `${place}[${i}]`);
  }

  /** Number of elements of a local array that is small enough to be followed by element. */
  private length(place: string): number | undefined {
    const text = this.variables.get(place)?.type.size ?? "";
    const size = integer(text) ?? this.around.project.constant(text);
    return size !== undefined && size > 0 && size <= 16 ? size : undefined;
  }

  /**
   * The value goes where this analysis does not follow it. Handles have no business there; a reference of the C API may
   * be kept anywhere, and its ownership goes with it.
   */
  private escape(value: Value, node: Node, state: State): void {
    const cell = state.cell(value);
    if (value.kind !== "cell" || cell === undefined) return;
    this.resources.consume(value, node, state);
    if (cell.kind === "interior" || cell.kind === "view") return;
    if (this.around.side === "capi") {
      const now = state.cell(value);
      if (now !== undefined) this.resources.drop(value, now, node, state, "stored");
      return;
    }
    if (cell.state === "owned" || cell.state === "tracked" || cell.state === "borrowed") {
      if (cell.kind !== "reference") {
        this.around.giveUp(node, `${this.resources.nameOf(cell)} is stored where the checker does not follow it`);
      }
      state.update(value.cell, { state: "unknown" });
    }
  }

  /** The followed place that an lvalue means, or null. */
  placeOf(n: Node, state: State): string | null {
    const { tree } = this;
    switch (tree.kind(n)) {
      case "parenthesized_expression": {
        const inner = tree.named(n)[0];
        return inner === undefined ? null : this.placeOf(inner, state);
      }
      case "identifier": {
        const variable = this.variable(n);
        if (variable === undefined || variable.storage === "static") return null;
        if (variable.type.reference) return null;
        return variable.place;
      }
      case "field_expression": {
        const base = tree.field(n, "argument");
        const field = tree.source(tree.field(n, "field"));
        if (tree.token(n, ".") !== NONE || this.operator(n) === ".") {
          const place = this.placeOf(base, state);
          return place === null ? null : `${place}.${field}`;
        }
        const pointer = this.peek(base, state);
        return pointer.kind === "address" && !pointer.place.startsWith("*") ? `${pointer.place}.${field}` : null;
      }
      case "subscript_expression": {
        const index = this.constant(this.index(n));
        const base = this.peek(tree.field(n, "argument"), state);
        if (base.kind !== "address") return null;
        if (base.place.startsWith("*")) {
          if (this.arrays.has(base.place.slice(1))) return `${base.place}[]`;
          return index === 0 ? base.place : null;
        }
        return index === undefined ? `${base.place}[]` : `${base.place}[${index}]`;
      }
      case "pointer_expression": {
        if (this.operator(n) !== "*") return null;
        const pointer = this.peek(tree.field(n, "argument"), state);
        return pointer.kind === "address" ? pointer.place : null;
      }
      default:
        return null;
    }
  }

  private variable(n: Node): Variable | undefined {
    return this.around.info.scope.resolve(this.tree.source(n), this.tree.start(n));
  }

  /** The value of a name, or of the address of a place, without evaluating anything. */
  private peek(n: Node, state: State): Value {
    const kind = this.tree.kind(n);
    if (kind === "identifier") {
      const variable = this.variable(n);
      return variable === undefined ? UNKNOWN : state.get(variable.place);
    }
    if (kind === "parenthesized_expression" || kind === "cast_expression") {
      const inner = kind === "cast_expression" ? this.tree.field(n, "value") : this.tree.named(n)[0];
      return inner === undefined || inner === NONE ? UNKNOWN : this.peek(inner, state);
    }
    if (kind === "pointer_expression" && this.operator(n) === "&") {
      const place = this.placeOf(this.tree.field(n, "argument"), state);
      return place === null ? UNKNOWN : { kind: "address", place };
    }
    return UNKNOWN;
  }

  private index(n: Node): Node {
    const index = this.tree.field(n, "index");
    if (index !== NONE) return index;
    const indices = this.tree.field(n, "indices");
    return indices === NONE ? NONE : (this.tree.named(indices)[0] ?? NONE);
  }

  private operator(n: Node): string {
    const operator = this.tree.field(n, "operator");
    return operator === NONE ? "" : this.tree.kind(operator);
  }

  /** Value of an integer constant expression of the simplest kinds. */
  private constant(n: Node): number | undefined {
    if (n === NONE) return undefined;
    const { tree } = this;
    switch (tree.kind(n)) {
      case "parenthesized_expression": {
        const inner = tree.named(n)[0];
        return inner === undefined ? undefined : this.constant(inner);
      }
      case "cast_expression":
        return this.constant(tree.field(n, "value"));
      case "number_literal": {
        return integer(tree.source(n));
      }
      case "identifier":
        return this.variable(n) === undefined ? this.around.project.constant(tree.source(n)) : undefined;
      case "unary_expression": {
        if (this.operator(n) !== "-") return undefined;
        const value = this.constant(tree.field(n, "argument"));
        return value === undefined ? undefined : -value;
      }
      case "true":
        return 1;
      case "false":
        return 0;
      default:
        return undefined;
    }
  }

  // ---- expressions --------------------------------------------------------------------------------------------

  /** Evaluates several expressions in order. */
  private evaluateAll(nodes: readonly Node[], state: State): { state: State; values: Value[] }[] {
    let results: { state: State; values: Value[] }[] = [{ state, values: [] }];
    for (const n of nodes) {
      results = results.flatMap((r) =>
        this.evaluate(n, r.state).map(({ state: s, value }) => ({ state: s, values: [...r.values, value] })),
      );
    }
    return results;
  }

  /** Evaluates an expression; one result per way in which it can go. */
  evaluate(n: Node, state: State): Result[] {
    const { tree } = this;
    switch (tree.kind(n)) {
      case "parenthesized_expression": {
        const inner = tree.named(n)[0];
        return inner === undefined ? [{ state, value: UNKNOWN }] : this.evaluate(inner, state);
      }
      case "identifier":
        return [{ state, value: this.name(n, state) }];
      case "null":
        return [{ state, value: NULL }];
      case "true":
      case "false":
      case "number_literal":
        return [{ state, value: number(rangeOf(this.constant(n))) }];
      case "string_literal":
      case "concatenated_string":
      case "raw_string_literal":
        return [{ state, value: number(Range.aboveOne) }];
      case "cast_expression":
        return this.evaluate(tree.field(n, "value"), state);
      case "comma_expression":
        return this.evaluate(tree.field(n, "left"), state).flatMap((r) => {
          this.resources.collect(r.state, n);
          return this.evaluate(tree.field(n, "right"), r.state);
        });
      case "assignment_expression":
        return this.assignment(n, state);
      case "update_expression": {
        const target = tree.field(n, "argument");
        return this.evaluate(target, state).map((r) => {
          const place = this.placeOf(target, r.state);
          if (r.value.kind !== "number") return r;
          const next = stepped(r.value.mask, this.operator(n));
          if (place !== null) r.state.set(place, number(next));
          const prefix = tree.start(n) < tree.start(target);
          return { state: r.state, value: prefix ? number(next) : r.value };
        });
      }
      case "unary_expression": {
        if (this.operator(n) === "!" || this.operator(n) === "not") return this.truth(n, state);
        const constant = this.constant(n);
        if (constant !== undefined) return [{ state, value: number(rangeOf(constant)) }];
        return this.evaluate(tree.field(n, "argument"), state).map((r) => ({ state: r.state, value: UNKNOWN }));
      }
      case "binary_expression":
        return this.binary(n, state);
      case "conditional_expression": {
        const { yes, no } = this.branch(tree.field(n, "condition"), state);
        const consequence = tree.field(n, "consequence");
        return [
          ...yes.flatMap((s) => this.evaluate(consequence === NONE ? tree.field(n, "condition") : consequence, s)),
          ...no.flatMap((s) => this.evaluate(tree.field(n, "alternative"), s)),
        ];
      }
      case "pointer_expression":
        return this.pointer(n, state);
      case "field_expression":
        return this.field(n, state);
      case "subscript_expression":
        return this.subscript(n, state);
      case "call_expression":
        return this.call(n, state);
      case "compound_literal_expression":
        return this.evaluateAll(tree.named(tree.field(n, "value")), state).map(({ state: s, values }) => {
          const place = `(${n})`;
          s.forget(place);
          values.forEach((v, i) => {
            this.resources.consume(v, n, s);
            if (s.cell(v) !== undefined) s.values.set(`${place}[${i}]`, v);
          });
          return { state: s, value: { kind: "address", place } };
        });
      case "initializer_list":
        return this.evaluateAll(tree.named(n), state).map(({ state: s, values }) => {
          for (const v of values) this.escape(v, n, s);
          return { state: s, value: UNKNOWN };
        });
      case "lambda_expression":
        if (this.mentionsResource(n, state)) this.around.giveUp(n, "a lambda uses a handle");
        return [{ state, value: UNKNOWN }];
      case "sizeof_expression":
      case "alignof_expression":
      case "offsetof_expression":
        return [{ state, value: number(ANY & ~Range.minusOne & ~Range.belowMinusOne) }];
      default: {
        const children = tree
          .named(n)
          .filter((c) => /_expression$/.test(tree.kind(c)) || tree.kind(c) === "argument_list");
        const parts = children.flatMap((c) => (tree.kind(c) === "argument_list" ? tree.named(c) : [c]));
        return this.evaluateAll(parts, state).map(({ state: s, values }) => {
          for (const [i, v] of values.entries()) this.escape(v, parts[i] as Node, s);
          return { state: s, value: UNKNOWN };
        });
      }
    }
  }

  private name(n: Node, state: State): Value {
    const text = this.tree.source(n);
    if (text === "HPy_NULL" || text === "NULL" || text === "nullptr") return NULL;
    const variable = this.variable(n);
    if (variable === undefined) {
      if (this.around.side === "capi" && IMMORTAL.has(text)) return this.immortal(text, state);
      if (this.around.project.hidingMacros.has(text)) this.around.giveUp(n, `the macro ${text} hides code`);
      return number(rangeOf(this.constant(n)));
    }
    return variable.storage === "static" ? UNKNOWN : state.get(variable.place);
  }

  /** An object of the interpreter, whose references C-API code counts all the same. */
  private immortal(name: string, state: State): Value {
    const place = `@${name}`;
    const known = state.values.get(place);
    if (known !== undefined) return known;
    const made = { kind: "reference", state: "borrowed", shared: true, by: INTERPRETER, holder: name } as const;
    const value = this.resources.addCell(state, made);
    state.values.set(place, value);
    return value;
  }

  private truth(n: Node, state: State): Result[] {
    const { yes, no } = this.branch(n, state);
    return [
      ...yes.map((s) => ({ state: s, value: number(Range.one) })),
      ...no.map((s) => ({ state: s, value: number(Range.zero) })),
    ];
  }

  private assignment(n: Node, state: State): Result[] {
    const left = this.tree.field(n, "left");
    const right = this.tree.field(n, "right");
    const operator = this.operator(n);
    return this.evaluate(right, state).flatMap((r) => {
      if (operator !== "=" && operator !== "") {
        const place = this.placeOf(left, r.state);
        if (place !== null && r.state.values.get(place)?.kind !== "cell") r.state.set(place, UNKNOWN);
        else r.state.forgetMemory();
        return [{ state: r.state, value: UNKNOWN }];
      }
      return this.visitTarget(left, r.state).map((s) => {
        const value = this.assignedType(left, r.value, right, s);
        this.assign(left, value, s);
        return { state: s, value };
      });
    });
  }

  private assignedType(left: Node, value: Value, right: Node, state: State): Value {
    const variable = this.tree.kind(left) === "identifier" ? this.variable(left) : undefined;
    return variable === undefined ? value : this.converted(value, variable.type, right, state);
  }

  /** Evaluates what an assignment target computes before it is written: `p` in `p->x = 1`. */
  private visitTarget(target: Node, state: State): State[] {
    const { tree } = this;
    switch (tree.kind(target)) {
      case "identifier":
        return [state];
      case "parenthesized_expression": {
        const inner = tree.named(target)[0];
        return inner === undefined ? [state] : this.visitTarget(inner, state);
      }
      case "field_expression":
      case "subscript_expression":
      case "pointer_expression": {
        if (this.placeOf(target, state) !== null) return [state];
        const parts = [tree.field(target, "argument"), this.index(target)].filter((c) => c !== NONE);
        return this.evaluateAll(parts, state).map(({ state: s, values }) => {
          values.forEach((v, i) => {
            this.resources.consume(v, parts[i] as Node, s);
          });
          return s;
        });
      }
      default:
        return this.evaluate(target, state).map((r) => r.state);
    }
  }

  private binary(n: Node, state: State): Result[] {
    const operator = this.operator(n);
    if (["&&", "||", "and", "or", "==", "!=", "<", "<=", ">", ">="].includes(operator)) return this.truth(n, state);
    const left = this.tree.field(n, "left");
    const right = this.tree.field(n, "right");
    return this.evaluateAll([left, right], state).map(({ state: s, values }) => {
      const [a = UNKNOWN, b = UNKNOWN] = values;
      const pointer = [a, b].find((v) => {
        const kind = s.cell(v)?.kind;
        return kind === "interior" || kind === "view";
      });
      if (pointer !== undefined && (operator === "+" || operator === "-")) return { state: s, value: pointer };
      this.resources.consume(a, left, s);
      this.resources.consume(b, right, s);
      return { state: s, value: UNKNOWN };
    });
  }

  private pointer(n: Node, state: State): Result[] {
    const argument = this.tree.field(n, "argument");
    if (this.operator(n) === "&") {
      const place = this.placeOf(argument, state);
      if (place !== null) return [{ state, value: { kind: "address", place } }];
      if (this.tree.kind(argument) === "identifier") return [{ state, value: number(NONZERO) }];
      return this.visitTarget(argument, state).map((s) => ({ state: s, value: number(NONZERO) }));
    }
    const place = this.placeOf(n, state);
    if (place !== null) return [{ state, value: this.read(place, state) }];
    return this.evaluate(argument, state).map((r) => {
      this.resources.consume(r.value, argument, r.state);
      return { state: r.state, value: this.element(argument, r.state, n) };
    });
  }

  private field(n: Node, state: State): Result[] {
    const { tree } = this;
    const base = tree.field(n, "argument");
    const field = tree.source(tree.field(n, "field"));
    if (this.peek(base, state).kind === "context") {
      if (!field.startsWith("h_")) return [{ state, value: UNKNOWN }];
      return [{ state, value: this.resources.addCell(state, { kind: "handle", state: "constant" }, n) }];
    }
    const place = this.placeOf(n, state);
    if (place !== null) {
      const root = this.peek(base, state);
      if (state.cell(root)?.kind === "handle") {
        // Printing the bits for people to look at is harmless.
        const used = this.tree.enclosing(this.tree.parent(n), "argument_list", "binary_expression", "return_statement");
        if (used !== NONE && this.tree.kind(used) === "argument_list" && this.isPrinted(used))
          return [{ state, value: UNKNOWN }];
        this.resources.report("handle-bits-read", n, `${this.resources.shown(n)} looks at the bits of a handle`, state);
        return [{ state, value: UNKNOWN }];
      }
      return [{ state, value: state.get(place) }];
    }
    return this.evaluate(base, state).map((r) => {
      this.resources.consume(r.value, base, r.state);
      return { state: r.state, value: UNKNOWN };
    });
  }

  /** Whether an argument list is that of a call that prints. */
  private isPrinted(list: Node): boolean {
    return this.calleeName(this.tree.parent(list)).includes("print");
  }

  private subscript(n: Node, state: State): Result[] {
    const base = this.tree.field(n, "argument");
    const index = this.index(n);
    return this.evaluateAll(
      [base, index].filter((c) => c !== NONE),
      state,
    ).map(({ state: s, values }) => {
      const place = this.placeOf(n, s);
      if (place !== null) return { state: s, value: this.read(place, s) };
      const [pointer = UNKNOWN] = values;
      this.resources.consume(pointer, base, s);
      return { state: s, value: this.element(base, s, n) };
    });
  }

  /** What is read through a pointer to handles that is not followed element by element. */
  private element(base: Node, state: State, n: Node): Value {
    const variable = this.tree.kind(base) === "identifier" ? this.variable(base) : undefined;
    const type = variable?.type;
    if (type === undefined || type.base !== "HPy" || type.pointers + (type.array ? 1 : 0) !== 1) return UNKNOWN;
    if (type.array || !type.constant) return UNKNOWN;
    return this.resources.addCell(state, { kind: "handle", state: "borrowed", maybeNull: true }, n);
  }

  private mentionsResource(n: Node, state: State): boolean {
    for (const name of this.tree.descendants(n, "identifier")) {
      const variable = this.variable(name);
      if (variable !== undefined && state.cell(state.get(variable.place)) !== undefined) return true;
    }
    return false;
  }

  // ---- conditions ---------------------------------------------------------------------------------------------

  /** Evaluates a condition; the states where it holds and those where it does not. */
  branch(n: Node, state: State): Branches {
    const { tree } = this;
    const kind = tree.kind(n);
    if (kind === "parenthesized_expression") {
      const inner = tree.named(n)[0];
      if (inner !== undefined) return this.branch(inner, state);
    }
    if (kind === "unary_expression" && (this.operator(n) === "!" || this.operator(n) === "not")) {
      const { yes, no } = this.branch(tree.field(n, "argument"), state);
      return { yes: no, no: yes };
    }
    if (kind === "declaration") {
      const [declared] = readDeclaration(tree, n);
      return join(
        this.declare(n, state).map((s) => {
          if (declared === undefined) return { yes: [s.clone()], no: [s] };
          const variable = this.around.info.scope.resolve(declared.name, tree.start(declared.nameNode));
          return variable === undefined
            ? { yes: [s.clone()], no: [s] }
            : this.split(s.get(variable.place), s, variable.place);
        }),
      );
    }
    if (kind === "binary_expression") {
      const operator = this.operator(n);
      const left = tree.field(n, "left");
      const right = tree.field(n, "right");
      if (operator === "&&" || operator === "and") {
        const first = this.branch(left, state);
        const second = join(first.yes.map((s) => this.branch(right, s)));
        return { yes: second.yes, no: [...first.no, ...second.no] };
      }
      if (operator === "||" || operator === "or") {
        const first = this.branch(left, state);
        const second = join(first.no.map((s) => this.branch(right, s)));
        return { yes: [...first.yes, ...second.yes], no: second.no };
      }
      if (["==", "!=", "<", "<=", ">", ">="].includes(operator)) return this.compare(n, operator, left, right, state);
    }
    if (kind === "comma_expression") {
      return join(this.evaluate(tree.field(n, "left"), state).map((r) => this.branch(tree.field(n, "right"), r.state)));
    }
    if (kind === "call_expression") {
      const name = this.calleeName(n);
      const [first] = this.argumentsOf(n);
      if (first !== undefined && HINTS.has(name)) return this.branch(first, state);
      if (first !== undefined && name === "HPy_IsNull") return this.isNull(first, state);
      const fact = STABLE.has(name) || name.endsWith("_Check") ? this.factOf(n, state) : null;
      return join(
        this.evaluate(n, state).map((r) =>
          fact === null ? this.split(r.value, r.state, null) : this.decide(fact, r.state),
        ),
      );
    }
    const fact = kind === "identifier" ? null : this.factOf(n, state);
    return join(
      this.evaluate(n, state).map((r) => {
        const known = r.value.kind === "number" && r.value.mask === ANY;
        if (fact !== null && known) return this.decide(fact, r.state);
        return this.split(r.value, r.state, this.assignedPlace(n, r.state));
      }),
    );
  }

  /** The place that a condition tests: `x` in `if (x)` and in `if ((x = f()))`. */
  private assignedPlace(n: Node, state: State): string | null {
    const kind = this.tree.kind(n);
    if (kind === "assignment_expression") return this.placeOf(this.tree.field(n, "left"), state);
    return this.placeOf(n, state);
  }

  private isNull(n: Node, state: State): Branches {
    return join(
      this.evaluate(n, state).map(({ state: s, value }) => {
        if (value.kind === "unassigned") {
          this.resources.report("uninitialised-handle", n, `${this.resources.shown(n)} is tested before it is set`, s);
        }
        const { yes, no } = this.split(value, s, this.assignedPlace(n, s));
        return { yes: no, no: yes };
      }),
    );
  }

  /** Splits by the truth of a value, and narrows the place that holds it. */
  private split(value: Value, state: State, place: string | null): Branches {
    switch (value.kind) {
      case "null":
        if (value.untested && place !== null) state.set(place, NULL);
        return { yes: [], no: [state] };
      case "address":
      case "context":
        return { yes: [state], no: [] };
      case "cell": {
        const cell = state.cells.get(value.cell);
        if (cell === undefined || cell.state === "unknown") return { yes: [state.clone()], no: [state] };
        if (!cell.maybeNull) return { yes: [state], no: [] };
        const no = state.clone();
        no.update(value.cell, { state: "null" });
        state.update(value.cell, { maybeNull: false });
        return { yes: [state], no: [no] };
      }
      case "number": {
        const yes = value.mask & NONZERO;
        const no = value.mask & Range.zero;
        if (yes === 0) return { yes: [], no: [state] };
        if (no === 0) return { yes: [state], no: [] };
        const other = state.clone();
        if (place !== null) {
          state.set(place, number(yes));
          other.set(place, number(no));
        }
        return { yes: [state], no: [other] };
      }
      default:
        return { yes: [state.clone()], no: [state] };
    }
  }

  /** Reports comparisons of what handles are made of: `HPy_AsVoidP(a) == HPy_AsVoidP(b)`, `*(void **)&a == ...`. */
  private checkBits(left: Node, right: Node, state: State): void {
    for (const side of [left, right]) {
      const bits = this.tree.kind(side) === "call_expression" && this.calleeName(side) === "HPy_AsVoidP";
      if (!bits && !this.readsThroughCast(side, state)) continue;
      const message = `${this.resources.shown(side)} compares the bits of a handle`;
      this.resources.report("handle-bits-read", side, message, state);
      return;
    }
  }

  /** Whether `n` is `*(T *)&h` for a handle `h`. */
  private readsThroughCast(n: Node, state: State): boolean {
    if (this.tree.kind(n) !== "pointer_expression" || this.operator(n) !== "*") return false;
    const cast = this.tree.field(n, "argument");
    return this.tree.kind(cast) === "cast_expression" && this.isHandleAddress(this.tree.field(cast, "value"), state);
  }

  private isHandleAddress(n: Node, state: State): boolean {
    if (this.tree.kind(n) !== "pointer_expression" || this.operator(n) !== "&") return false;
    const target = this.tree.field(n, "argument");
    if (this.tree.kind(target) !== "identifier") return false;
    const variable = this.variable(target);
    if (variable === undefined) return false;
    return cellKind(variable.type) === "handle" || state.cell(state.get(variable.place))?.kind === "handle";
  }

  private compare(n: Node, operator: string, left: Node, right: Node, state: State): Branches {
    this.checkBits(left, right, state);
    const fact = this.factOf(n, state);
    return join(
      this.evaluateAll([left, right], state).map(({ state: s, values }) => {
        const [a = UNKNOWN, b = UNKNOWN] = values;
        const equality = operator === "==" || operator === "!=";
        const other = isNothing(b) ? a : isNothing(a) ? b : undefined;
        if (equality && other !== undefined && other.kind !== "number") {
          const { yes, no } = this.split(other, s, null);
          return operator === "==" ? { yes: no, no: yes } : { yes, no };
        }
        const constant = this.constant(right);
        if (constant !== undefined && a.kind === "number")
          return this.compareRange(a.mask, operator, constant, left, s, fact);
        const flipped = this.constant(left);
        if (flipped !== undefined && b.kind === "number") {
          return this.compareRange(b.mask, FLIPPED[operator] as string, flipped, right, s, fact);
        }
        if (this.around.side === "capi" && equality && a.kind === "cell" && b.kind === "cell" && a.cell !== b.cell) {
          const same = s.clone();
          this.unify(same, a.cell, b.cell);
          return operator === "==" ? { yes: [same], no: [s] } : { yes: [s], no: [same] };
        }
        if (a.kind === "number" && b.kind === "number") {
          const [holds, fails] = compareMasks(a.mask, operator, b.mask);
          if (!holds) return { yes: [], no: [s] };
          if (!fails) return { yes: [s], no: [] };
        }
        return fact === null ? { yes: [s.clone()], no: [s] } : this.decide(fact, s);
      }),
    );
  }

  /**
   * Two references turn out to be of one object. When it is one of the interpreter's, what is owned of the one is owned
   * of the other; else whose count is whose cannot be told.
   */
  private unify(state: State, a: number, b: number): void {
    const isImmortal = (id: number): boolean => state.cells.get(id)?.by === INTERPRETER;
    if (!isImmortal(a) && !isImmortal(b)) {
      for (const id of [a, b]) state.update(id, { state: "unknown" });
      return;
    }
    const [kept, gone] = isImmortal(a) ? [a, b] : [b, a];
    const moved = state.cells.get(gone);
    const count = (state.cells.get(kept)?.count ?? 0) + (moved?.count ?? 0);
    if (moved?.state === "unknown") return;
    for (const [place, value] of state.values)
      if (value.kind === "cell" && value.cell === gone) state.values.set(place, { kind: "cell", cell: kept });
    state.update(kept, { count, state: count > 0 ? "owned" : "borrowed" });
    state.update(gone, { state: "unknown" });
  }

  private compareRange(
    mask: number,
    operator: string,
    constant: number,
    n: Node,
    state: State,
    fact: FactKey | null,
  ): Branches {
    const { yes, no } = narrow(mask, operator, constant);
    if (yes === 0) return { yes: [], no: [state] };
    if (no === 0) return { yes: [state], no: [] };
    const { yes: [first] = [], no: [second] = [] } =
      fact === null ? { yes: [state.clone()], no: [state] } : this.decide(fact, state);
    const place = this.assignedPlace(n, state);
    if (place !== null) {
      const facts = (s: State | undefined, range: number): void => {
        if (s === undefined) return;
        const kept = new Map(s.facts);
        s.set(place, number(range));
        for (const [key, value] of kept) s.facts.set(key, value);
      };
      facts(first, yes);
      facts(second, no);
    }
    return { yes: first === undefined ? [] : [first], no: second === undefined ? [] : [second] };
  }

  /** Splits a state by whether a switch over `value` takes an arm. */
  select(value: Node, arm: Node, state: State): Branches {
    const subject = this.factOf(value, state);
    const constant = this.constant(arm);
    if (subject === null || constant === undefined) return { yes: [state.clone()], no: [state] };
    const fact = { ...subject, key: `${subject.key} == ${constant}` };
    const held = this.peek(value, state);
    const mask = held.kind === "number" ? held.mask : ANY;
    return this.compareRange(mask, "==", constant, value, state, fact);
  }

  private decide(fact: FactKey, state: State): Branches {
    const known = state.facts.get(fact.key);
    if (known !== undefined) return known.truth ? { yes: [state], no: [] } : { yes: [], no: [state] };
    const other = state.clone();
    state.facts.set(fact.key, { truth: true, names: fact.names, memory: fact.memory });
    other.facts.set(fact.key, { truth: false, names: fact.names, memory: fact.memory });
    return { yes: [state], no: [other] };
  }

  /** A condition without side effects as a fact to remember; null when it calls or changes something. */
  private factOf(n: Node, state: State): FactKey | null {
    const { tree } = this;
    const words: string[] = [];
    const names: string[] = [];
    let memory = false;
    const end = tree.next(n);
    for (let c = n; c < end; c++) {
      const kind = tree.kind(c);
      if (kind === "assignment_expression" || kind === "update_expression" || kind === "lambda_expression") return null;
      if (kind === "call_expression") {
        const name = this.calleeName(c);
        if (!STABLE.has(name) && !name.endsWith("_Check")) return null;
      }
      if (kind === "field_expression" || kind === "subscript_expression" || kind === "pointer_expression")
        memory = true;
      if (
        kind === "identifier" &&
        !(tree.fieldOf(c) === "function" && tree.kind(tree.parent(c)) === "call_expression")
      ) {
        const name = tree.source(c);
        const variable = this.variable(c);
        const constant = variable === undefined ? this.constant(c) : singleNumber(state.numbers.get(variable.place));
        if (constant !== undefined) {
          words.push(String(constant));
          continue;
        }
        names.push(name);
        if (variable === undefined) memory = true;
      }
      if (tree.next(c) === c + 1 && !tree.isComment(c)) words.push(tree.source(c));
    }
    return { key: words.join(" "), names, memory };
  }

  // ---- calls --------------------------------------------------------------------------------------------------

  private calleeName(n: Node): string {
    let callee = this.tree.field(n, "function");
    if (callee === NONE) return "";
    if (this.tree.kind(callee) === "qualified_identifier") callee = this.tree.field(callee, "name");
    if (this.tree.kind(callee) === "template_function") callee = this.tree.field(callee, "name");
    return this.tree.kind(callee) === "identifier" ? this.tree.source(callee) : "";
  }

  private argumentsOf(n: Node): Node[] {
    const list = this.tree.field(n, "arguments");
    return list === NONE ? [] : this.tree.named(list);
  }

  private call(n: Node, state: State): Result[] {
    const name = this.calleeName(n);
    const nodes = this.argumentsOf(n);
    const [first] = nodes;
    if (name === "HPy_IsNull") return this.truth(n, state);
    if (first !== undefined && HINTS.has(name)) return this.truth(n, state);
    if (name === "HPyField_IsNull" || name === "HPyGlobal_IsNull") return this.valueOf(nodes, state, number(TRUTH));
    if (name === "assert" && first !== undefined) {
      return this.branch(first, state).yes.map((s) => ({ state: s, value: UNKNOWN }));
    }
    if (name === "memcmp" && nodes.some((argument) => this.isHandleAddress(argument, state))) {
      const message = `${this.resources.shown(n)} compares the bits of handles`;
      this.resources.report("handle-bits-read", n, message, state);
      return [{ state, value: UNKNOWN }];
    }
    if (name === "HPy_RETURN_RICHCOMPARE") return this.richCompare(n, nodes, state);
    if (name === "HPy_BEGIN_LEAVE_PYTHON" || name === "HPy_END_LEAVE_PYTHON") {
      state.outsidePython = name === "HPy_BEGIN_LEAVE_PYTHON";
      return [{ state, value: UNKNOWN }];
    }
    if (["static_cast", "reinterpret_cast", "const_cast", "dynamic_cast"].includes(name) && first !== undefined) {
      return this.evaluate(first, state);
    }
    if (name === "va_arg") {
      const type = nodes[1] === undefined ? "" : this.tree.source(nodes[1]);
      const borrowed = { kind: "handle", state: "borrowed", maybeNull: true } as const;
      return [{ state, value: type === "HPy" ? this.resources.addCell(state, borrowed, n) : UNKNOWN }];
    }
    if (name === "HPy_FromVoidP") {
      // The very handle that HPy_AsVoidP hid: whose it is cannot be told.
      const hidden = { kind: "handle", state: "unknown", maybeNull: true } as const;
      return this.evaluateAll(nodes, state).map(({ state: s }) => ({
        state: s,
        value: this.resources.addCell(s, hidden, n),
      }));
    }
    if (name.startsWith("HPyArg_Parse")) return this.parseArguments(n, name, nodes, state);
    const hpy = HPY_FUNCTIONS.get(name);
    if (hpy !== undefined) return this.callHpy(n, hpy, nodes, state);
    if (name.endsWith("AsStruct") || name.endsWith("_AsStructLegacy") || name.startsWith("HPy_AsStruct")) {
      return this.evaluateAll(nodes, state).map(({ state: s, values }) => {
        const handle = values[1] ?? UNKNOWN;
        this.resources.consume(handle, nodes[1] ?? n, s);
        this.checkNull(name, handle, nodes[1] ?? n, s);
        const value = this.resources.addCell(
          s,
          { kind: "view", state: "borrowed", by: handle.kind === "cell" ? handle.cell : -1 },
          n,
        );
        return { state: s, value };
      });
    }
    const summary = this.around.summaryOf(name, nodes.length);
    if (summary !== undefined) return this.callProject(n, name, summary, nodes, state);
    const capi = CAPI_FUNCTIONS.get(name);
    if (this.around.side === "capi") {
      return capi === undefined ? this.callForeign(n, name, nodes, state) : this.callCounted(n, capi, nodes, state);
    }
    if (capi !== undefined) return this.callCapi(n, capi, nodes, state);
    return this.callUnknown(n, name, nodes, state);
  }

  /** `HPy_RETURN_RICHCOMPARE` leaves the function with a new handle on every path. */
  private richCompare(n: Node, nodes: readonly Node[], state: State): Result[] {
    for (const { state: s } of this.valueOf(nodes, state, UNKNOWN)) {
      this.around.leave(n, s, this.resources.fresh(s, "handle", n, false));
    }
    return [];
  }

  /**
   * After a call, what is known of memory holds no longer. In C-API code it is taken to hold: calls that change a
   * setting between two tests of it are rare, and mistakes on such paths rarer than false alarms.
   */
  private forgetMemory(state: State): void {
    if (this.around.side === "hpy") state.forgetMemory();
  }

  /** Evaluates arguments for their effects and answers a fixed value. */
  private valueOf(nodes: readonly Node[], state: State, value: Value): Result[] {
    return this.evaluateAll(nodes, state).map(({ state: s, values }) => {
      values.forEach((v, i) => {
        this.resources.consume(v, nodes[i] as Node, s);
      });
      return { state: s, value };
    });
  }

  private checkNull(name: string, value: Value, node: Node, state: State): void {
    if (value.kind !== "null" || value.untested) return;
    this.resources.report(
      "null-handle-passed",
      node,
      `${this.resources.shown(node)} is HPy_NULL here and ${name} does not accept that`,
      state,
    );
  }

  /** Reports a new handle that nobody has compared with HPy_NULL yet; once for each handle. */
  private checkTested(name: string, value: Value, node: Node, state: State): void {
    const cell = state.cell(value);
    if (value.kind !== "cell" || cell === undefined || !cell.maybeNull || cell.origin === NONE) return;
    if (cell.kind !== "handle" || (cell.state !== "owned" && cell.state !== "tracked") || cell.many) return;
    if (this.tree.kind(cell.origin) !== "call_expression" || NEVER_FAILS.has(this.calleeName(cell.origin))) return;
    const shown = this.resources.shown(cell.origin);
    const message = `${name} crashes on HPy_NULL, which ${shown} gives when it fails`;
    this.around.report("handle-not-checked", node, message, state, cell, "possible");
    state.update(value.cell, { maybeNull: false });
  }

  /** Reports a field that is read or written with the handle of another object than the one that it lies in. */
  private checkFieldOwner(name: string, nodes: readonly Node[], values: readonly Value[], state: State): void {
    const [, owner] = values;
    const field = nodes[2];
    if (owner === undefined || field === undefined) return;
    const inner =
      this.tree.kind(field) === "pointer_expression" && this.operator(field) === "&"
        ? this.tree.field(field, "argument")
        : field;
    if (this.tree.kind(inner) !== "field_expression") return;
    const view = state.cell(this.peek(this.tree.field(inner, "argument"), state));
    if (view?.kind !== "view") return;
    const right = state.cells.get(view.by);
    const given = state.cell(owner);
    if (right === undefined || given === undefined || right === given) return;
    if (right.parameter < 0 || given.parameter < 0 || right.parameter === given.parameter) return;
    const message = `${this.resources.shown(inner)} belongs to another object than the handle that ${name} gets`;
    this.resources.report("field-of-other-object", field, message, state);
  }

  private callHpy(n: Node, api: HpyFunction, nodes: readonly Node[], given: State): Result[] {
    return this.evaluateAll(nodes, given).flatMap(({ state, values }) => {
      if (state.outsidePython && api.name !== "HPy_ReenterPythonExecution") {
        this.resources.report(
          "api-outside-python",
          n,
          `${api.name} is called while the interpreter's lock is released`,
          state,
        );
      }
      if (api.name === "HPy_LeavePythonExecution") state.outsidePython = true;
      if (api.name === "HPy_ReenterPythonExecution") state.outsidePython = false;
      if (api.name === "HPyField_Load" || api.name === "HPyField_Store")
        this.checkFieldOwner(api.name, nodes, values, state);
      const outs: number[] = [];
      let pointsInto: Value = UNKNOWN;
      values.forEach((value, i) => {
        const role = roleOf(api, i);
        const node = nodes[i] as Node;
        this.applyArgument(api, role, i, value, node, state);
        if (role === "out-new" || role === "out-struct") outs.push(i);
        if (api.ownership.kind === "interior" && api.ownership.of === i) pointsInto = value;
      });
      this.forgetMemory(state);
      return this.hpyResult(n, api, values, outs, pointsInto, state);
    });
  }

  private applyArgument(api: HpyFunction, role: HpyArgument, i: number, value: Value, node: Node, state: State): void {
    switch (role) {
      case "closes":
      case "closes-builder":
      case "closes-tracker":
        this.resources.release(value, node, state);
        return;
      case "tracks": {
        const cell = state.cell(value);
        const tracker = this.trackerArgument;
        if (value.kind === "cell" && cell?.state === "owned") {
          state.update(value.cell, { state: "tracked", by: tracker?.kind === "cell" ? tracker.cell : -1 });
        } else if (cell !== undefined && (cell.state === "borrowed" || cell.state === "constant")) {
          this.resources.report(
            "borrowed-handle-closed",
            node,
            `${this.resources.nameOf(cell)} is not ours and the tracker would close it`,
            state,
            value,
          );
        } else this.resources.consume(value, node, state);
        return;
      }
      case "borrows-array":
        if (value.kind === "address") {
          for (const [place, element] of state.values) {
            if (place.startsWith(`${value.place}[`)) this.resources.consume(element, node, state);
          }
        }
        return;
      case "tracker":
        this.trackerArgument = value;
        this.resources.consume(value, node, state);
        return;
      case "context":
      case "storage":
      case "out-new":
      case "out-parsed":
      case "out-struct":
        return;
      case "borrows":
      case "borrows-variadic":
        this.resources.consume(value, node, state);
        if (role === "borrows" && !api.nullable.includes(i)) {
          this.checkNull(api.name, value, node, state);
          this.checkTested(api.name, value, node, state);
        }
        return;
      default:
        this.resources.consume(value, node, state);
    }
  }

  /** The tracker of the call that is being applied. */
  private trackerArgument: Value | null = null;

  private hpyResult(
    n: Node,
    api: HpyFunction,
    values: readonly Value[],
    outs: readonly number[],
    into: Value,
    state: State,
  ): Result[] {
    const writeOuts = (s: State, made: (i: number) => Value): void => {
      for (const i of outs) {
        const target = values[i];
        if (target?.kind === "address") s.set(target.place, made(i));
      }
    };
    if (api.name === "HPyTracker_ForgetAll") {
      const tracker = values.find((v) => state.cell(v)?.kind === "tracker");
      for (const [id, cell] of state.cells) {
        if (cell.state === "tracked" && tracker?.kind === "cell" && cell.by === tracker.cell) {
          state.update(id, { state: "owned", by: -1 });
        }
      }
    }
    switch (api.ownership.kind) {
      case "new-handle": {
        const handle = this.newHandle(n, api, values, state);
        if (outs.length > 0) {
          const by = handle.kind === "cell" ? handle.cell : -1;
          writeOuts(state, (i) =>
            roleOf(api, i) === "out-struct"
              ? this.resources.addCell(state, { kind: "view", state: "borrowed", by }, n)
              : this.resources.fresh(state, "handle", n, true),
          );
        }
        return [{ state, value: handle }];
      }
      case "interior": {
        if (into.kind !== "cell" || FOREIGN_MEMORY.has(api.name)) return [{ state, value: UNKNOWN }];
        return [
          {
            state,
            value: this.resources.addCell(
              state,
              { kind: "interior", state: "borrowed", maybeNull: api.error === "null", by: into.cell },
              n,
            ),
          },
        ];
      }
      case "builder":
        return [{ state, value: this.resources.fresh(state, "builder", n, api.error === "null") }];
      case "tracker":
        return [{ state, value: this.resources.fresh(state, "tracker", n, false) }];
      case "new-reference": {
        const from = values.find((v, i) => roleOf(api, i) === "borrows" && v.kind !== "number");
        if (from?.kind === "null") return [{ state, value: NULL }];
        const maybeNull = state.cell(from ?? UNKNOWN)?.maybeNull ?? false;
        const by = from?.kind === "cell" ? from.cell : -1;
        return [
          { state, value: this.resources.addCell(state, { kind: "reference", state: "owned", maybeNull, by }, n) },
        ];
      }
      case "null-handle":
        return [{ state, value: NULL }];
      default:
        break;
    }
    if (api.error === "raises") return [{ state, value: NULL }];
    const failure = api.error === "negative" ? Range.minusOne : api.error === "zero" ? Range.zero : 0;
    const success =
      api.error === "negative" ? Range.zero | Range.one | Range.aboveOne : api.error === "zero" ? Range.one : ANY;
    if (outs.length === 0) return [{ state, value: number(failure | success) }];
    const results: Result[] = [];
    if (failure !== 0) {
      const failed = state.clone();
      writeOuts(failed, () => NULL);
      results.push({ state: failed, value: number(failure) });
    }
    writeOuts(state, () => this.resources.fresh(state, "handle", n, failure === 0));
    results.push({ state, value: number(success) });
    return results;
  }

  private newHandle(n: Node, api: HpyFunction, values: readonly Value[], state: State): Value {
    if (api.name === "HPy_Dup" || api.name === "HPy_FromPyObject") {
      const from = values[1] ?? UNKNOWN;
      if (from.kind === "null") return NULL;
      const cell = state.cell(from);
      return this.resources.fresh(state, "handle", n, cell === undefined ? true : cell.maybeNull);
    }
    return this.resources.fresh(state, "handle", n, api.error === "null" || api.error === "occurred");
  }

  /** `HPyArg_Parse`, `HPyArg_ParseKeywords` and `HPyArg_ParseKeywordsDict`. */
  private parseArguments(n: Node, name: string, nodes: readonly Node[], given: State): Result[] {
    const keywords = name !== "HPyArg_Parse";
    const formatAt = keywords ? 5 : 4;
    const firstOut = keywords ? 7 : 5;
    const format = nodes[formatAt] === undefined ? null : stringText(this.tree, nodes[formatAt]);
    const units = format === null ? null : formatUnits(format).units;
    return this.evaluateAll(nodes, given).flatMap(({ state, values }) => {
      const tracker = values[1] ?? UNKNOWN;
      const failed = state.clone();
      if (tracker.kind === "address") {
        const closed = this.resources.addCell(failed, { kind: "tracker", state: "closed", releasedAt: n }, n);
        failed.set(tracker.place, closed);
      }
      this.forgetMemory(failed);
      this.forgetMemory(state);
      let by = -1;
      if (tracker.kind === "address") {
        const made = this.resources.fresh(state, "tracker", n, false);
        state.set(tracker.place, made);
        if (made.kind === "cell") by = made.cell;
      }
      let successes = [state];
      for (let i = firstOut; i < nodes.length; i++) {
        const target = values[i] ?? UNKNOWN;
        const unit = units?.[i - firstOut];
        const type = this.targetType(nodes[i] as Node);
        const isHandle = type === undefined ? unit?.unit === "O" : cellKind(type) === "handle";
        if (target.kind !== "address") continue;
        if (!isHandle) {
          for (const s of successes) s.set(target.place, UNKNOWN);
          failed.set(target.place, UNKNOWN);
          continue;
        }
        const optional = unit === undefined || unit.optional;
        successes = successes.flatMap((s) =>
          this.parsedHandle(
            s,
            target.place,
            optional,
            keywords,
            by,
            values[2] ?? UNKNOWN,
            i - firstOut,
            nodes[i] as Node,
          ),
        );
      }
      return [
        { state: failed, value: number(Range.zero) },
        ...successes.map((s) => ({ state: s, value: number(Range.one) })),
      ];
    });
  }

  private parsedHandle(
    state: State,
    place: string,
    optional: boolean,
    keywords: boolean,
    tracker: number,
    from: Value,
    position: number,
    node: Node,
  ): State[] {
    const old = state.get(place);
    const maybeNull = optional && old.kind === "null";
    const results: State[] = [];
    if (optional && old.kind === "unassigned") {
      this.resources.report(
        "optional-argument-uninitialised",
        node,
        `${this.resources.shown(node)} keeps no value when the argument is missing`,
        state,
        undefined,
        "possible",
      );
    }
    if (optional && old.kind === "cell") results.push(state.clone());
    const element = !keywords && from.kind === "address" ? this.read(`${from.place}[${position}]`, state) : UNKNOWN;
    if (element.kind === "cell" && !optional) state.set(place, element);
    else if (keywords && tracker >= 0) {
      state.set(
        place,
        this.resources.addCell(state, { kind: "handle", state: "tracked", maybeNull, by: tracker }, node),
      );
    } else state.set(place, this.resources.addCell(state, { kind: "handle", state: "borrowed", maybeNull }, node));
    results.push(state);
    return results;
  }

  /** Declared type of what `&x` points to. */
  private targetType(n: Node): DeclaredType | undefined {
    if (this.tree.kind(n) !== "pointer_expression" || this.operator(n) !== "&") return undefined;
    const target = this.tree.field(n, "argument");
    return this.tree.kind(target) === "identifier" ? this.variable(target)?.type : undefined;
  }

  /** Checks the arguments of a call into the project before any of its outcomes is taken. */
  private passArguments(
    name: string,
    summary: Summary,
    nodes: readonly Node[],
    values: readonly Value[],
    state: State,
  ): void {
    values.forEach((value, i) => {
      const node = nodes[i] as Node;
      if (!summary.outcomes.some((o) => o.arguments[i]?.effect === "closed"))
        this.resources.consume(value, node, state);
      if (value.kind !== "address") return;
      const use = summary.parameters[i];
      if (use === "read-array") {
        for (const [place, element] of state.values) {
          if (place.startsWith(`${value.place}[`)) this.resources.consume(element, node, state);
        }
      } else if (use !== "array" && this.hasParts(value.place, state)) {
        this.around.giveUp(node, `${name} gets a struct or an array that holds handles`);
      }
    });
  }

  /** Whether a callee can do anything to handles through this argument; plain C data and pointers into objects carry none. */
  private carriesResource(value: Value, state: State): boolean {
    if (value.kind === "context") return true;
    const isAddress = value.kind === "address";
    if (isAddress && this.hasParts(value.place, state)) return true;
    const cell = state.cell(isAddress ? state.get(value.place) : value);
    // What points into an object holds nothing that could be closed without a context.
    return cell !== undefined && cell.kind !== "interior" && cell.kind !== "view";
  }

  private callProject(n: Node, name: string, summary: Summary, nodes: readonly Node[], given: State): Result[] {
    if (this.around.side === "capi" && summary.doubtful !== null) return this.callForeign(n, name, nodes, given);
    return this.evaluateAll(nodes, given).flatMap(({ state, values }) => {
      if (summary.doubtful !== null && values.some((value) => this.carriesResource(value, state)))
        this.around.giveUp(n, `it calls ${name}, which was not understood: ${summary.doubtful}`);
      this.passArguments(name, summary, nodes, values, state);
      this.forgetMemory(state);
      const results: Result[] = [];
      for (const outcome of summary.outcomes) {
        const possible = values.every((value, i) => {
          const when = outcome.arguments[i]?.when ?? "any";
          const cell = state.cell(value);
          if (when === "null")
            return value.kind !== "cell" || cell === undefined || cell.maybeNull || cell.state === "unknown";
          if (when === "present" && value.kind === "null") return false;
          // Nothing is written through a null pointer.
          if (value.kind === "null" && outcome.arguments[i]?.out?.kind === "new") return false;
          const oldWhen = outcome.arguments[i]?.oldWhen ?? "any";
          if (oldWhen === "any" || value.kind !== "address") return true;
          const old = state.get(value.place);
          if (oldWhen === "present") return old.kind !== "null";
          return old.kind !== "cell" || state.cell(old)?.maybeNull !== false || state.cell(old)?.state === "unknown";
        });
        if (!possible) continue;
        const s = state.clone();
        values.forEach((value, i) => {
          const effect = outcome.arguments[i];
          if (effect === undefined) return;
          const cell = s.cell(value);
          if (value.kind === "cell" && cell?.maybeNull && effect.when !== "any") {
            s.update(value.cell, effect.when === "null" ? { state: "null" } : { maybeNull: false });
          }
          if (effect.effect === "closed") this.resources.release(value, nodes[i] as Node, s);
          else if (effect.effect === "retained") this.resources.retain(value, nodes[i] as Node, s);
          else if (effect.effect !== "none" && value.kind === "cell") s.update(value.cell, { state: "unknown" });
          else if (this.around.side === "capi" && value.kind === "cell") s.update(value.cell, { shared: true });
          if (value.kind !== "address") {
            if (effect.out?.kind === "new")
              this.around.giveUp(nodes[i] as Node, `${name} writes a new handle to a place that is not followed`);
            return;
          }
          const old = s.values.get(value.place);
          if (old?.kind === "cell" && s.cells.get(old.cell)?.maybeNull === true && effect.oldWhen !== "any") {
            s.update(old.cell, effect.oldWhen === "null" ? { state: "null" } : { maybeNull: false });
          }
          const places = summary.parameters[i] === "array" ? this.elements(value.place) : [value.place];
          for (const place of places) {
            if (effect.closedOld) this.resources.release(this.read(place, s), nodes[i] as Node, s);
            if (effect.out === null) continue;
            const received = this.receive(effect.out, n, values, s);
            if (received.kind === "cell" && place.endsWith("[]")) s.update(received.cell, { many: true });
            s.set(place, received);
          }
        });
        results.push({ state: s, value: this.receive(outcome.result, n, values, s) });
      }
      return results;
    });
  }

  private hasParts(place: string, state: State): boolean {
    for (const [key, value] of state.values) {
      if (value.kind === "cell" && key.startsWith(place) && (key[place.length] === "." || key[place.length] === "["))
        return true;
    }
    return false;
  }

  private receive(given: Given, n: Node, values: readonly Value[], state: State): Value {
    switch (given.kind) {
      case "new":
        return this.resources.fresh(state, given.cell, n, given.maybeNull);
      case "null":
        return UNTESTED_NULL;
      case "argument":
        return values[given.index] ?? UNKNOWN;
      case "borrowed":
        // Whose it is in C-API code cannot be told from here.
        if (this.around.side === "capi") return UNKNOWN;
        return this.resources.addCell(state, { kind: given.cell, state: "borrowed", maybeNull: true }, n);
      case "inside": {
        const into = values[given.index];
        const by = into?.kind === "cell" ? into.cell : -1;
        return this.resources.addCell(
          state,
          { kind: given.cell, state: "borrowed", maybeNull: given.maybeNull, by },
          n,
        );
      }
      case "number":
        return number(given.mask);
      default:
        return UNASSIGNED;
    }
  }

  /** A call of the C API in code without handles, where references are counted. */
  private callCounted(n: Node, api: CapiFunction, nodes: readonly Node[], given: State): Result[] {
    if (api.name === "PyObject_New" || api.name === "PyObject_GC_New" || api.name.endsWith("_NewVar"))
      return [{ state: given, value: this.resources.fresh(given, "reference", n, true) }];
    return this.evaluateAll(nodes, given).flatMap(({ state, values }) => {
      const stolen = this.stolenByFormat(api.name, nodes);
      const later: number[] = [];
      values.forEach((value, i) => {
        const role = api.parameters[Math.min(i, api.parameters.length - 1)]?.ownership ?? "plain";
        const node = nodes[i] as Node;
        if (role === "retains") {
          if (!api.nullable.includes(i)) this.checkUnchecked(api.name, value, node, state);
          this.resources.retain(value, node, state);
        } else if (frees(api.name) && value.kind === "cell") state.update(value.cell, { state: "unknown" });
        else if (role === "releases") {
          if (!api.nullable.includes(i)) this.checkUnchecked(api.name, value, node, state);
          this.resources.release(value, node, state);
        } else {
          this.resources.consume(value, node, state);
          if (role === "borrows" && !api.nullable.includes(i)) this.checkUnchecked(api.name, value, node, state);
          const now = state.cell(value);
          if (now === undefined || value.kind !== "cell") {
            this.writeReference(n, role, value, state);
            return;
          }
          if (role === "steals" || stolen.has(i)) this.resources.drop(value, now, node, state, "stolen");
          else if (role === "steals-on-success") later.push(i);
          else if (!isReader(api)) state.update(value.cell, { shared: true });
        }
      });
      if (api.name === "Py_CLEAR" && nodes[0] !== undefined) {
        const place = this.placeOf(nodes[0], state);
        if (place !== null) state.set(place, NULL);
      }
      if (api.name.endsWith("SETREF") && nodes[0] !== undefined) {
        const place = this.placeOf(nodes[0], state);
        if (place !== null) state.set(place, UNKNOWN);
      }
      this.forgetMemory(state);
      const resized = values.find((value, i) => value.kind === "address" && api.parameters[i]?.ownership === "in-out");
      if (resized?.kind === "address" && state.cell(state.get(resized.place)) !== undefined) {
        // What could not be replaced was released.
        const failed = state.clone();
        const old = failed.get(resized.place);
        if (old.kind === "cell") failed.update(old.cell, { state: "closed", count: 0, releasedAt: n });
        failed.set(resized.place, NULL);
        const result = api.error === "negative" ? Range.minusOne : ANY;
        return [
          { state: failed, value: number(result) },
          { state, value: number(api.error === "negative" ? Range.zero : ANY) },
        ];
      }
      if (later.length > 0) {
        const failed = state.clone();
        for (const i of later) {
          const value = values[i] ?? UNKNOWN;
          const cell = state.cell(value);
          if (cell !== undefined) this.resources.drop(value, cell, nodes[i] as Node, state, "stolen");
        }
        const succeeded = { state, value: number(Range.zero) };
        // Nobody can do anything about a failure that is not looked at.
        const ignored = this.tree.kind(this.tree.parent(n)) === "expression_statement";
        return ignored ? [succeeded] : [{ state: failed, value: number(Range.minusOne) }, succeeded];
      }
      return [{ state, value: this.countedResult(n, api, values, state) }];
    });
  }

  /** What a call writes through a pointer argument. */
  private writeReference(n: Node, role: string, value: Value, state: State): void {
    if (value.kind !== "address") return;
    if (role === "in-out") {
      const cell = state.cell(state.get(value.place));
      if (cell === undefined) state.set(value.place, UNKNOWN);
      return;
    }
    const type = this.variables.get(value.place)?.type;
    if (role === "out-new") {
      // An object of C++ that converts to a pointer releases what it holds itself.
      const isPointer = type === undefined || cellKind(type) === "reference";
      state.set(value.place, isPointer ? this.resources.fresh(state, "reference", n, true) : UNKNOWN);
    } else if (role === "out-borrowed") {
      if (state.cell(state.get(value.place))?.state === "owned") return;
      const converter = this.argumentsOf(n).some((a) => stringText(this.tree, a)?.includes("&") === true);
      const isReference = type !== undefined && cellKind(type) === "reference" && !converter;
      const made = { kind: "reference", state: "borrowed", maybeNull: true, shared: true } as const;
      state.set(value.place, isReference ? this.resources.addCell(state, made, n) : UNKNOWN);
    } else if (!this.hasParts(value.place, state)) state.set(value.place, UNKNOWN);
  }

  private countedResult(n: Node, api: CapiFunction, values: readonly Value[], state: State): Value {
    switch (api.ownership.kind) {
      case "new": {
        if (!api.name.endsWith("NewRef"))
          return this.resources.fresh(state, "reference", n, api.error !== "none" && api.error !== "occurred");
        const [value = UNKNOWN] = values;
        this.resources.retain(value, n, state);
        return value;
      }
      case "borrowed": {
        const owner = values[api.ownership.from];
        const by = owner?.kind === "cell" ? owner.cell : -1;
        const maybeNull = api.error !== "none";
        // Within a statement or two, the same call gives the same object: `Py_INCREF(ITEM(t, i)); f(ITEM(t, i))`.
        const place = `@${this.tree.source(n)}`;
        const known = state.values.get(place);
        if (known !== undefined && state.cell(known) !== undefined) return known;
        const made = this.resources.addCell(state, { kind: "reference", state: "borrowed", maybeNull, by }, n);
        state.values.set(place, made);
        return made;
      }
      case "same":
        return values[api.ownership.as] ?? UNKNOWN;
      case "interior": {
        const owner = values[api.ownership.of];
        if (owner?.kind !== "cell" || FOREIGN_MEMORY.has(api.name)) return UNKNOWN;
        const made = { kind: "interior", state: "borrowed", maybeNull: true, by: owner.cell } as const;
        return this.resources.addCell(state, made, n);
      }
      default:
        return number(numericRange(api));
    }
  }

  /** Arguments that a format with `N` takes over. */
  private stolenByFormat(name: string, nodes: readonly Node[]): ReadonlySet<number> {
    const found = new Set<number>();
    const at = FORMAT_AT.get(name);
    const text = at === undefined || nodes[at] === undefined ? null : stringText(this.tree, nodes[at]);
    if (at === undefined || text === null) return found;
    let next = at + 1;
    for (let i = 0; i < text.length; i++) {
      const c = text[i] as string;
      if ("()[]{},: \t".includes(c)) continue;
      if (c === "#" || c === "&") {
        next++;
        continue;
      }
      if (c === "N") found.add(next);
      next++;
    }
    return found;
  }

  /** Reports a result that nobody has compared with NULL where NULL crashes. */
  private checkUnchecked(name: string, value: Value, node: Node, state: State): void {
    const cell = state.cell(value);
    if (value.kind !== "cell" || cell === undefined || !cell.maybeNull || cell.origin === NONE) return;
    if (cell.state !== "owned" || cell.kind !== "reference") return;
    if (this.tree.kind(cell.origin) !== "call_expression") return;
    const source = CAPI_FUNCTIONS.get(this.calleeName(cell.origin));
    if (source !== undefined && source.ownership.kind !== "new") return;
    const message = `${name} crashes on NULL, which ${this.resources.shown(cell.origin)} gives when it fails`;
    this.around.report("capi-null-unchecked", node, message, state, cell, "possible");
    state.update(value.cell, { maybeNull: false });
  }

  /** A call of code that is not known: it may do anything with the references that it gets. */
  private callForeign(n: Node, name: string, nodes: readonly Node[], given: State): Result[] {
    const callee = this.tree.field(n, "function");
    if (this.around.project.hidingMacros.has(name)) this.around.giveUp(n, `the macro ${name} hides code`);
    const before = name === "" && callee !== NONE ? this.evaluate(callee, given).map((r) => r.state) : [given];
    const made =
      this.tree.kind(callee) === "field_expression" ? this.tree.source(this.tree.field(callee, "field")) : "";
    return before.flatMap((start) =>
      this.evaluateAll(nodes, start).map(({ state, values }) => {
        values.forEach((value, i) => {
          this.resources.consume(value, nodes[i] as Node, state);
          if (value.kind === "cell") state.update(value.cell, { state: "unknown" });
          if (value.kind !== "address") return;
          const behind = state.get(value.place);
          if (behind.kind === "cell") state.update(behind.cell, { state: "unknown" });
          state.set(value.place, UNKNOWN);
        });
        this.forgetMemory(state);
        const isNew = made === "tp_alloc" || made === "tp_new";
        return { state, value: isNew ? this.resources.fresh(state, "reference", n, true) : UNKNOWN };
      }),
    );
  }

  private callCapi(n: Node, api: CapiFunction, nodes: readonly Node[], given: State): Result[] {
    return this.evaluateAll(nodes, given).map(({ state, values }) => {
      if (api.name === "PyEval_SaveThread") state.outsidePython = true;
      if (api.name === "PyEval_RestoreThread") state.outsidePython = false;
      values.forEach((value, i) => {
        const role = api.parameters[Math.min(i, api.parameters.length - 1)]?.ownership ?? "plain";
        const node = nodes[i] as Node;
        const cell = state.cell(value);
        if (role === "releases") this.resources.release(value, node, state);
        else this.resources.consume(value, node, state);
        if ((role === "steals" || role === "steals-on-success") && value.kind === "cell") {
          state.update(value.cell, { state: "unknown" });
        }
        if (role === "retains" && value.kind === "cell") {
          state.update(value.cell, { state: cell?.state === "borrowed" ? "owned" : "unknown" });
        }
        if (value.kind !== "address") return;
        if (role === "out-new") state.set(value.place, this.resources.fresh(state, "reference", n, true));
        else if (role === "out-borrowed") {
          state.set(
            value.place,
            this.resources.addCell(state, { kind: "reference", state: "borrowed", maybeNull: true }, n),
          );
        } else if (!this.hasParts(value.place, state)) state.set(value.place, UNKNOWN);
      });
      if (api.name === "Py_CLEAR" && nodes[0] !== undefined) {
        const place = this.placeOf(nodes[0], state);
        if (place !== null) state.set(place, NULL);
      }
      this.forgetMemory(state);
      const maybeNull = api.error !== "none";
      const into = api.ownership.kind === "interior" ? values[api.ownership.of] : undefined;
      switch (api.ownership.kind) {
        case "new":
          return { state, value: this.resources.fresh(state, "reference", n, maybeNull) };
        case "borrowed":
          return {
            state,
            value: this.resources.addCell(state, { kind: "reference", state: "borrowed", maybeNull: true }, n),
          };
        case "same":
          return { state, value: values[api.ownership.as] ?? UNKNOWN };
        case "interior": {
          if (into?.kind !== "cell" || FOREIGN_MEMORY.has(api.name)) return { state, value: UNKNOWN };
          // The memory belongs to the object, which the handle behind a bridged reference keeps alive.
          const through = state.cells.get(into.cell)?.by ?? -1;
          const by = through >= 0 ? through : into.cell;
          return {
            state,
            value: this.resources.addCell(state, { kind: "interior", state: "borrowed", maybeNull: true, by }, n),
          };
        }
        default:
          return { state, value: number(numericRange(api)) };
      }
    });
  }

  /**
   * A call through a pointer that hands over no places of handles. Functions whose address is taken are checked against
   * the conventions, so the conventions hold for such calls.
   */
  private isCallback(name: string, callee: Node, values: readonly Value[], state: State): boolean {
    if (values.some((v) => v.kind === "address" && (this.hasParts(v.place, state) || v.place.startsWith("*"))))
      return false;
    if (values.some((v) => v.kind === "address" && state.cell(state.get(v.place)) !== undefined)) return false;
    const kind = this.tree.kind(callee);
    return name === "" ? kind === "field_expression" && this.language === "c" : this.variable(callee) !== undefined;
  }

  private get language(): "c" | "cpp" {
    return this.around.info.file.language;
  }

  /** A function without a body in the project: by HPy's convention it borrows what it gets and gives new handles. */
  private callUnknown(n: Node, name: string, nodes: readonly Node[], given: State): Result[] {
    const callee = this.tree.field(n, "function");
    const before = name === "" && callee !== NONE ? this.evaluate(callee, given).map((r) => r.state) : [given];
    return before.flatMap((start) =>
      this.evaluateAll(nodes, start).map(({ state, values }) => {
        let concerned = this.around.project.hidingMacros.has(name);
        values.forEach((value, i) => {
          this.resources.consume(value, nodes[i] as Node, state);
          const kind = state.cell(value)?.kind;
          if (kind !== undefined && kind !== "interior" && kind !== "view") concerned = true;
          if (value.kind === "context") concerned = true;
          if (value.kind !== "address") return;
          if (this.hasParts(value.place, state) || state.cell(state.get(value.place)) !== undefined) concerned = true;
          else state.set(value.place, UNKNOWN);
        });
        this.forgetMemory(state);
        const shown = name === "" ? this.resources.shown(callee) : name;
        if (concerned && !this.isCallback(name, callee, values, state))
          this.around.giveUp(n, `${shown} has no body here`);
        const prototype = this.around.project.prototypes.get(name);
        const pointed = this.tree.kind(callee) === "identifier" ? this.variable(callee)?.type : undefined;
        const type = pointed === undefined ? prototype?.type : { ...pointed, pointers: pointed.pointers - 1 };
        const result = type === undefined ? undefined : cellKind(type);
        const [pointer] = values;
        if (result === "handle" || result === "reference")
          return { state, value: this.resources.fresh(state, result, n, true) };
        if (POINTS_INTO.has(name) && pointer?.kind === "cell") {
          const by = state.cells.get(pointer.cell)?.by ?? -1;
          return {
            state,
            value: this.resources.addCell(state, { kind: "interior", state: "borrowed", maybeNull: true, by }, n),
          };
        }
        return { state, value: UNKNOWN };
      }),
    );
  }
}

interface FactKey {
  readonly key: string;
  readonly names: readonly string[];
  readonly memory: boolean;
}

function isNothing(value: Value): boolean {
  return value.kind === "null" || (value.kind === "number" && value.mask === Range.zero);
}

function join(branches: readonly Branches[]): Branches {
  return { yes: branches.flatMap((b) => b.yes), no: branches.flatMap((b) => b.no) };
}

function roleOf(api: HpyFunction, index: number): HpyArgument {
  return api.arguments[Math.min(index, api.arguments.length - 1)] ?? "plain";
}

/** Whether a call keeps nothing of what it gets: tests, conversions to numbers and pointers, sizes. */
function isReader(api: CapiFunction): boolean {
  const { name } = api;
  if (api.ownership.kind !== "plain" && api.ownership.kind !== "interior") return api.ownership.kind === "borrowed";
  return (
    ["Check", "CheckExact", "Size", "SIZE", "Length", "IsTrue", "Compare"].some((end) => name.endsWith(end)) ||
    name.includes("_As") ||
    name.includes("_AS_") ||
    name === "Py_TYPE"
  );
}

/** Whether a type may be the pointer to the struct of an object. */
function isStructPointer(type: DeclaredType): boolean {
  return type.pointers === 1 && !type.array && !PLAIN_TYPES.has(type.base);
}

/** Whether a call ends an object without looking at its references. */
function frees(name: string): boolean {
  return ["Del", "DEL", "Free", "FREE"].some((end) => name.endsWith(end));
}

function numericRange(api: CapiFunction): number {
  if (api.error === "negative") return ANY & ~Range.belowMinusOne;
  return api.error === "zero" ? TRUTH : ANY;
}
