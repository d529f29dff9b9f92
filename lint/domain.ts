import type { Span } from "../syntax/source.ts";
import type { Node } from "../syntax/tree.ts";

/** What a number can be: a set of these five intervals, as bits. */
export const Range = { belowMinusOne: 1, minusOne: 2, zero: 4, one: 8, aboveOne: 16 } as const;
export const ANY = 31;
export const NONZERO = 27;
export const TRUTH = Range.zero | Range.one;

/** The kinds of things that must be released exactly once, and of pointers that die with them. */
export type CellKind = "handle" | "tracker" | "builder" | "reference" | "interior" | "view";

export type CellState =
  /** To be released exactly once by this function. */
  | "owned"
  /** Somebody else's: a parameter, an element of `args`, an alias into a container. */
  | "borrowed"
  /** A handle of the context. */
  | "constant"
  /** Closed later by the tracker `by`. */
  | "tracked"
  /** Released; `releasedAt` says where. */
  | "closed"
  /** Known to be the null handle (kept for parameters, whose callers want to know). */
  | "null"
  /** Not followed any more. */
  | "unknown";

/** One resource, or one pointer into a resource. Several variables may name the same cell. */
export interface Cell {
  readonly kind: CellKind;
  readonly state: CellState;
  readonly maybeNull: boolean;
  /** The tracker that closes it, or the handle that it points into; -1 for none. */
  readonly by: number;
  /** Where it came from. */
  readonly origin: Node;
  /** Where it was released; NONE while open. */
  readonly releasedAt: Node;
  /** The last place that named it, for messages; empty for a value that was never stored. */
  readonly holder: string;
  /** Index of the parameter that it came in through; -1 for anything else. */
  readonly parameter: number;
  /** Whether it stands for all elements of an array that is indexed by variables. */
  readonly many: boolean;
  /** For references of C-API code: how many of them are ours to release. */
  readonly count: number;
  /** For references of C-API code: whether something else may hold a reference too, so that releasing ours need not end its life. */
  readonly shared: boolean;
}

export type Value =
  | { readonly kind: "cell"; readonly cell: number }
  /** `untested`: a call may have given null, and nothing on this path has looked yet. */
  | { readonly kind: "null"; readonly untested?: true }
  /** Numbers, and everything that is not followed. `mask` uses {@link Range}. */
  | { readonly kind: "number"; readonly mask: number }
  | { readonly kind: "unassigned" }
  | { readonly kind: "address"; readonly place: string }
  | { readonly kind: "context" };

export const NULL: Value = { kind: "null" };
export const UNTESTED_NULL: Value = { kind: "null", untested: true };
export const UNKNOWN: Value = { kind: "number", mask: ANY };
export const UNASSIGNED: Value = { kind: "unassigned" };
export const CONTEXT: Value = { kind: "context" };

export function number(mask: number): Value {
  return { kind: "number", mask };
}

/** A condition that holds until one of its names changes. */
interface Fact {
  readonly truth: boolean;
  readonly names: readonly string[];
  /** Whether it reads memory that calls may change. */
  readonly memory: boolean;
}

/** How a path came here; newest first. */
export interface Trace {
  readonly span: Span;
  readonly note: string;
  readonly before: Trace | null;
}

/**
 * One abstract state on one path. Two states with the same {@link State.key} are the same as far as resources go;
 * numbers and facts of such states are joined, which keeps the correlation that matters (a flag that is set exactly
 * when a handle is open) and forgets the rest.
 */
export class State {
  readonly values: Map<string, Value>;
  readonly cells: Map<number, Cell>;
  readonly numbers: Map<string, number>;
  readonly facts: Map<string, Fact>;
  /** While the interpreter's lock is released, as between `HPy_BEGIN_LEAVE_PYTHON` and `HPy_END_LEAVE_PYTHON`. */
  outsidePython: boolean;
  trace: Trace | null;

  constructor(from?: State) {
    this.values = new Map(from?.values);
    this.cells = new Map(from?.cells);
    this.numbers = new Map(from?.numbers);
    this.facts = new Map(from?.facts);
    this.outsidePython = from?.outsidePython ?? false;
    this.trace = from?.trace ?? null;
  }

  clone(): State {
    return new State(this);
  }

  note(span: Span, note: string): void {
    this.trace = { span, note, before: this.trace };
  }

  /** The value of a place; numbers that are not followed are {@link UNKNOWN}. A null cell reads as {@link NULL}. */
  get(place: string): Value {
    const value = this.values.get(place);
    if (value !== undefined) return this.plain(value);
    const mask = this.numbers.get(place);
    return mask === undefined ? UNKNOWN : number(mask);
  }

  /** The same value with a cell that is known to be null replaced by {@link NULL}. */
  plain(value: Value): Value {
    return value.kind === "cell" && this.cells.get(value.cell)?.state === "null" ? NULL : value;
  }

  set(place: string, value: Value): void {
    this.forget(place);
    if (value.kind === "number") {
      if (value.mask !== ANY) this.numbers.set(place, value.mask);
      return;
    }
    this.values.set(place, value);
    if (value.kind === "cell") this.update(value.cell, { holder: place });
  }

  /** Drops what is known of a place and of its parts. */
  forget(place: string): void {
    this.values.delete(place);
    this.numbers.delete(place);
    for (const key of this.values.keys()) if (isPart(key, place)) this.values.delete(key);
    for (const key of this.numbers.keys()) if (isPart(key, place)) this.numbers.delete(key);
    this.forgetFacts(place);
  }

  forgetFacts(name: string): void {
    for (const [key, fact] of this.facts) if (fact.names.includes(name)) this.facts.delete(key);
  }

  /** What a store to a member of this name may change. */
  forgetWord(word: string): void {
    for (const key of this.facts.keys()) if (key.split(" ").includes(word)) this.facts.delete(key);
  }

  /** What a call or a store through a pointer may change. */
  forgetMemory(): void {
    for (const [key, fact] of this.facts) if (fact.memory) this.facts.delete(key);
  }

  cell(value: Value): Cell | undefined {
    return value.kind === "cell" ? this.cells.get(value.cell) : undefined;
  }

  update(id: number, change: Partial<Cell>): void {
    const cell = this.cells.get(id);
    if (cell !== undefined) this.cells.set(id, { ...cell, ...change });
  }

  /** Cells that some place can still name, directly or through what they depend on. */
  reachable(extra: readonly Value[]): Set<number> {
    const found = new Set<number>();
    const visit = (id: number): void => {
      if (id < 0 || found.has(id)) return;
      const cell = this.cells.get(id);
      if (cell === undefined) return;
      found.add(id);
      visit(cell.by);
    };
    for (const value of this.values.values()) if (value.kind === "cell") visit(value.cell);
    for (const value of extra) if (value.kind === "cell") visit(value.cell);
    for (const [id, cell] of this.cells) if (cell.parameter >= 0) visit(id);
    return found;
  }

  /** Identifies the state up to the numbering of its cells, its numbers and its facts. */
  key(): string {
    const order = new Map<number, number>();
    const parts: string[] = [this.outsidePython ? "out" : ""];
    const visit = (id: number): number => {
      if (id < 0) return -1;
      const known = order.get(id);
      if (known !== undefined) return known;
      const index = order.size;
      order.set(id, index);
      const cell = this.cells.get(id);
      if (cell !== undefined) {
        parts.push(
          `${index}${cell.kind[0]}${cell.state}${cell.maybeNull ? "?" : ""}${cell.many ? "*" : ""}${cell.shared ? "s" : ""}${cell.count}p${cell.parameter}<${visit(cell.by)}`,
        );
      }
      return index;
    };
    for (const [id, cell] of this.cells) if (cell.parameter >= 0) visit(id);
    for (const place of [...this.values.keys()].sort()) {
      const value = this.values.get(place) as Value;
      const shown =
        value.kind === "cell" ? visit(value.cell) : value.kind === "address" ? `&${value.place}` : value.kind;
      parts.push(`${place}=${shown}`);
    }
    const rest: string[] = [];
    for (const [id, cell] of this.cells) {
      if (!order.has(id)) rest.push(`${cell.kind}${cell.state}${cell.maybeNull}<${order.get(cell.by) ?? "-"}`);
    }
    return parts.concat(rest.sort()).join(";");
  }

  /** Joins the numbers and facts of a state with the same key into this one; tells whether anything was lost. */
  absorb(other: State): boolean {
    let changed = false;
    for (const [place, mask] of this.numbers) {
      const joined = mask | (other.numbers.get(place) ?? ANY);
      if (joined === mask) continue;
      changed = true;
      if (joined === ANY) this.numbers.delete(place);
      else this.numbers.set(place, joined);
    }
    for (const [key, fact] of this.facts) {
      if (other.facts.get(key)?.truth === fact.truth) continue;
      this.facts.delete(key);
      changed = true;
    }
    return changed;
  }
}

function isPart(key: string, place: string): boolean {
  if (!key.startsWith(place) || key.length === place.length) return false;
  const next = key[place.length];
  return next === "." || next === "[";
}
