import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import type { Cell, CellKind, State, Value } from "./domain.ts";
import type { FunctionInfo, ProjectAnswers } from "./project.ts";
import type { Summary } from "./summary.ts";

/** Which world the code lives in: handles with bridged references, or references of the C API only. */
export type Side = "hpy" | "capi";

/** Ids for references in code that knows nothing of handles. */
const CAPI_IDS: Readonly<Record<string, string>> = {
  "reference-leaked": "capi-reference-leaked",
  "reference-used-after-release": "capi-used-after-release",
  "reference-released-twice": "capi-over-released",
  "borrowed-reference-released": "capi-over-released",
};

/** What one function's run needs from its surroundings. */
export interface Surroundings {
  readonly side: Side;
  readonly info: FunctionInfo;
  readonly project: ProjectAnswers;
  /** What is known of a project function with this name; undefined for functions without a body. */
  summaryOf(name: string, count: number): Summary | undefined;
  report(id: string, node: Node, message: string, state: State, cell: Cell | undefined, certainty?: "possible"): void;
  giveUp(node: Node, reason: string): void;
  /** The function returns this value from within an expression, as macros do. */
  leave(node: Node, state: State, value: Value): void;
}

/** Owner of what lives as long as the interpreter. */
export const INTERPRETER = -2;

/** References to one object beyond which they are not counted. */
const MOST_REFERENCES = 3;

/** Index space of cells that stand behind pointer parameters. */
export const BEHIND = 1000;

const CELL_NAMES: Readonly<Record<CellKind, string>> = {
  handle: "handle",
  tracker: "tracker",
  builder: "builder",
  reference: "reference",
  interior: "pointer",
  view: "struct pointer",
};

function releasedWord(kind: CellKind): string {
  return kind === "builder" ? "used up" : kind === "reference" ? "released" : "closed";
}

/** What may and what must be done with the resources of a state; reports what is done wrong. */
export class Resources {
  private readonly around: Surroundings;
  private readonly tree: Tree;
  private nextCell = 1;

  constructor(around: Surroundings) {
    this.around = around;
    this.tree = around.info.file.tree;
  }

  addCell(state: State, made: Partial<Cell> & Pick<Cell, "kind" | "state">, origin: Node = NONE): Value {
    const id = this.nextCell++;
    state.cells.set(id, {
      maybeNull: false,
      by: -1,
      origin,
      releasedAt: NONE,
      holder: "",
      parameter: -1,
      many: false,
      count: made.state === "owned" ? 1 : 0,
      shared: false,
      ...made,
    });
    return { kind: "cell", cell: id };
  }

  fresh(state: State, kind: CellKind, origin: Node, maybeNull: boolean): Value {
    return this.addCell(state, { kind, state: "owned", maybeNull }, origin);
  }

  nameOf(cell: Cell): string {
    const what = CELL_NAMES[cell.kind];
    const place = cell.holder.includes("@") ? cell.holder.slice(0, cell.holder.indexOf("@")) : cell.holder;
    return place === "" ? `this ${what}` : `the ${what} \`${place}\``;
  }

  report(id: string, node: Node, message: string, state: State, value?: Value, certainty?: "possible"): void {
    const cell = value === undefined ? undefined : state.cell(value);
    const own = this.around.side === "capi" ? (CAPI_IDS[id] ?? id) : id;
    this.around.report(own, node, message, state, cell, certainty);
    if (value?.kind === "cell") state.update(value.cell, { state: "unknown" });
  }

  /** The value is used as what it is: passed on, looked into, returned. */
  consume(value: Value, node: Node, state: State): void {
    if (value.kind === "unassigned") {
      this.report("uninitialised-handle", node, `${this.shown(node)} is used before it is set`, state);
      return;
    }
    const cell = state.cell(value);
    if (cell === undefined) return;
    if (cell.state === "closed") {
      if (cell.many || (cell.kind === "reference" && this.isAliveThrough(state.cells.get(cell.by)))) return;
      const id = {
        handle: "handle-used-after-close",
        tracker: "tracker-used-after-close",
        builder: "builder-used-twice",
        reference: "reference-used-after-release",
        interior: "interior-pointer-dangling",
        view: "struct-pointer-dangling",
      }[cell.kind];
      this.report(
        id,
        node,
        `${this.nameOf(cell)} is used after it was ${releasedWord(cell.kind)}`,
        state,
        value,
        this.around.side === "capi" ? "possible" : undefined,
      );
      return;
    }
    if (this.around.side === "capi" && cell.kind === "reference") {
      const owner = state.cells.get(cell.by);
      if (cell.state !== "borrowed" || owner?.state !== "closed" || owner.kind !== "reference" || owner.shared) return;
      const message = `${this.nameOf(cell)} is borrowed from an object that was released`;
      this.report("capi-borrowed-after-owner", node, message, state, value, "possible");
      return;
    }
    if (cell.kind === "interior" || cell.kind === "view") {
      const owner = state.cells.get(cell.by);
      if (owner?.state !== "closed") return;
      if (this.around.side === "capi") {
        const message = `${this.nameOf(cell)} points into an object that was released`;
        this.report("capi-borrowed-after-owner", node, message, state, value, "possible");
        return;
      }
      const id = cell.kind === "interior" ? "interior-pointer-dangling" : "struct-pointer-dangling";
      const message = `${this.nameOf(cell)} points into an object whose handle was closed`;
      this.report(id, node, message, state, value, cell.kind === "view" ? "possible" : undefined);
    }
  }

  /** Whether an open handle keeps the object of a reference alive. */
  private isAliveThrough(owner: Cell | undefined): boolean {
    return owner !== undefined && owner.state !== "closed" && owner.state !== "null";
  }

  /** Closes a handle, a tracker or a builder, or drops a reference. */
  release(value: Value, node: Node, state: State): void {
    if (value.kind === "unassigned") {
      this.report("uninitialised-handle", node, `${this.shown(node)} is closed before it is set`, state);
      return;
    }
    const cell = state.cell(value);
    if (value.kind !== "cell" || cell === undefined) return;
    if (this.around.side === "capi" && cell.kind === "reference") {
      this.drop(value, cell, node, state, "released");
      return;
    }
    const name = this.nameOf(cell);
    switch (cell.state) {
      case "owned":
        break;
      case "borrowed":
        if (cell.parameter < 0 || (cell.parameter < BEHIND && this.around.project.isEntry(this.around.info))) {
          const id = cell.kind === "reference" ? "borrowed-reference-released" : "borrowed-handle-closed";
          this.report(id, node, `${name} belongs to the caller and is closed here`, state, value);
          return;
        }
        break;
      case "constant":
        this.report("constant-closed", node, `${name} belongs to the context and is closed here`, state, value);
        return;
      case "tracked":
        this.report("tracked-handle-closed", node, `${name} is closed here and again by its tracker`, state, value);
        return;
      case "closed": {
        if (cell.many) return;
        const id = {
          handle: "double-close",
          tracker: "tracker-closed-twice",
          builder: "builder-used-twice",
          reference: "reference-released-twice",
          interior: "double-close",
          view: "double-close",
        }[cell.kind];
        this.report(id, node, `${name} was already ${releasedWord(cell.kind)}`, state, value);
        return;
      }
      default:
        return;
    }
    state.update(value.cell, { state: "closed", releasedAt: node });
    if (cell.kind !== "tracker") return;
    for (const [id, other] of state.cells) {
      if (other.state === "tracked" && other.by === value.cell) {
        state.update(id, { state: "closed", releasedAt: node });
      }
    }
  }

  /** One more reference of C-API code: `Py_INCREF`. */
  retain(value: Value, node: Node, state: State): void {
    const cell = state.cell(value);
    if (value.kind !== "cell" || cell === undefined) return;
    if (cell.state === "closed") {
      this.consume(value, node, state);
      return;
    }
    if (cell.state !== "owned" && cell.state !== "borrowed") return;
    const shared = cell.shared || cell.state === "borrowed";
    if (cell.count >= MOST_REFERENCES) state.update(value.cell, { state: "unknown" });
    else state.update(value.cell, { state: "owned", count: cell.count + 1, shared, maybeNull: false });
  }

  /** One reference of C-API code less: it is released, taken over by a call, or kept in memory. */
  drop(value: Value, cell: Cell, node: Node, state: State, how: "released" | "stolen" | "stored"): void {
    if (value.kind !== "cell") return;
    if (cell.state === "owned") {
      const count = cell.count - 1;
      const shared = cell.shared || how !== "released";
      if (count > 0) state.update(value.cell, { count, shared });
      else if (shared) {
        const next = how === "stored" ? "unknown" : "borrowed";
        state.update(value.cell, {
          state: next,
          count,
          shared,
          releasedAt: how === "released" ? node : cell.releasedAt,
        });
      } else state.update(value.cell, { state: "closed", count, releasedAt: node });
      return;
    }
    if (cell.state === "closed" && how === "released") {
      const message = `${this.nameOf(cell)} was already released`;
      this.report("reference-released-twice", node, message, state, value);
      return;
    }
    if (cell.state !== "borrowed") return;
    if (how === "stored") {
      state.update(value.cell, { state: "unknown" });
      return;
    }
    if (cell.parameter >= 0 && !this.around.project.isCallback(this.around.info)) {
      state.update(value.cell, { state: "closed", releasedAt: node });
      return;
    }
    // What a null test has not settled is often settled by something that is not followed.
    if (cell.releasedAt !== NONE && how === "released") {
      const message = `${this.nameOf(cell)} was already released`;
      this.report("reference-released-twice", node, message, state, value);
      return;
    }
    const what = how === "stolen" ? "is taken over by this call" : "is released here";
    const message = `${this.nameOf(cell)} is borrowed and ${what}`;
    this.report("borrowed-reference-released", node, message, state, value, "possible");
  }

  /** Reports what is owned and cannot be named any more, and drops what nothing needs. */
  collect(state: State, node: Node, kept: readonly Value[] = []): void {
    const reachable = state.reachable(kept);
    for (const [id, cell] of state.cells) {
      if (reachable.has(id)) continue;
      if (cell.state === "owned") this.leak(state, id, cell, node);
      state.cells.delete(id);
    }
  }

  private leak(state: State, id: number, cell: Cell, node: Node): void {
    if (cell.by === INTERPRETER) return;
    const origin = cell.origin;
    const name = this.nameOf(cell);
    if (cell.kind === "tracker") {
      this.report("tracker-not-closed", node, `${name} is not closed on this path`, state, { kind: "cell", cell: id });
    } else if (cell.kind === "builder") {
      this.report("builder-not-finished", node, `${name} is neither built nor cancelled on this path`, state, {
        kind: "cell",
        cell: id,
      });
    } else if (cell.kind === "reference") {
      this.report("reference-leaked", node, `${name} is not released on this path`, state, { kind: "cell", cell: id });
    } else if (cell.holder !== "") {
      this.report("handle-overwritten", node, `${name} loses its value while it is open`, state, {
        kind: "cell",
        cell: id,
      });
    } else if (origin !== NONE && this.isArgument(origin)) {
      const text = `the new handle of ${this.shown(origin)} is passed on and never closed`;
      this.report("nested-handle-leaked", origin, text, state, { kind: "cell", cell: id });
    } else {
      const text = `the new handle of ${this.shown(origin === NONE ? node : origin)} is dropped`;
      this.report("handle-dropped", origin === NONE ? node : origin, text, state, { kind: "cell", cell: id });
    }
  }

  /** At the end of the function: everything that is still owned and was not handed over is lost. */
  leaveWith(state: State, node: Node, handed: readonly Value[]): void {
    const given = new Set(handed.map((v) => (v.kind === "cell" ? v.cell : -1)));
    for (const [place, value] of state.values) {
      if (place.startsWith("*") && value.kind === "cell") given.add(value.cell);
    }
    for (const [id, cell] of state.cells) {
      if (cell.state !== "owned" || cell.by === INTERPRETER) continue;
      // A helper that takes a reference for its caller is balanced by another one.
      if (this.around.side === "capi" && cell.parameter >= 0 && !this.around.project.isCallback(this.around.info))
        continue;
      if (given.has(id) && (this.around.side === "hpy" || cell.count === 1)) continue;
      const name = this.nameOf(cell);
      const id2 = {
        handle: "handle-leaked",
        tracker: "tracker-not-closed",
        builder: "builder-not-finished",
        reference: "reference-leaked",
        interior: "handle-leaked",
        view: "handle-leaked",
      }[cell.kind];
      const verb =
        cell.kind === "builder"
          ? "neither built nor cancelled"
          : cell.kind === "reference"
            ? "not released"
            : "not closed";
      this.report(id2, node, `${name} is ${verb} when the function leaves here`, state, { kind: "cell", cell: id });
    }
  }

  private isArgument(n: Node): boolean {
    for (let c = this.tree.parent(n); c !== NONE; c = this.tree.parent(c)) {
      const kind = this.tree.kind(c);
      if (kind === "argument_list" || kind === "initializer_list") return true;
      if (!kind.endsWith("_expression")) return false;
    }
    return false;
  }

  shown(n: Node): string {
    const text = this.tree.source(n).replaceAll("\n", " ");
    return `\`${text.length > 60 ? `${text.slice(0, 57)}...` : text}\``;
  }
}
