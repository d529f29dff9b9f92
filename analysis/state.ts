/** Abstract states of the ownership analysis: what each variable holds and who owns it, in the C API and in HPy. */

import { NONE, type Node } from "../syntax/tree.ts";

/** Abstract value of a variable or expression. */
export type Value =
  | { readonly kind: "null" }
  | { readonly kind: "integer"; readonly value: number }
  /** A reference to the object with this id. */
  | { readonly kind: "object"; readonly id: number }
  /** A pointer into the object with this id (`char *`); possibly NULL. */
  | { readonly kind: "interior"; readonly id: number }
  /** Address of a variable. */
  | { readonly kind: "address"; readonly name: string }
  /** A reference whose handle has been closed. */
  | { readonly kind: "closed" }
  | { readonly kind: "uninitialised" }
  | { readonly kind: "unknown" };

export const UNKNOWN: Value = { kind: "unknown" };
export const NULL_VALUE: Value = { kind: "null" };
export const CLOSED: Value = { kind: "closed" };
export const UNINITIALISED: Value = { kind: "uninitialised" };

/**
 * One object as the function sees it. `references` counts the C references that the function owns, `handles` says
 * whether the rewritten function has an open handle of its own for it. A new reference has 1 and 1; a borrowed
 * reference that HPy hands out as a new handle (a promoted borrow) has 0 and 1; an alias has 0 and 0.
 */
export interface ObjectState {
  readonly references: number;
  readonly handles: 0 | 1;
  readonly nonNull: boolean;
  /** Node that made it: a call, a leaf that loads a global. NONE for parameters. */
  readonly site: Node;
  /** Index of the parameter, -1 for others. */
  readonly parameter: number;
  /** Leaf expression that bound an alias to the variable that holds it now; NONE at the start. */
  readonly leaf: Node;
  /** Site of an INCREF whose reference is still to be consumed. */
  readonly increment: Node;
  /** Name of the constant or text of the cell that it was read from; empty for others. */
  readonly source: string;
  /** Id of the object that must stay open while this one is used (the tracker of a keyword parser); -1 for none. */
  readonly keeper: number;
  /** Number that objects share which are duplicated handles of one object, whose references C counts together; -1 for others. */
  readonly twins: number;
}

/** One abstract state; immutable, every change makes a copy. */
export class State {
  readonly variables: ReadonlyMap<string, Value>;
  readonly objects: ReadonlyMap<number, ObjectState>;
  /** What identifies a state that is in its canonical form. */
  #key: string | null = null;

  constructor(variables: ReadonlyMap<string, Value>, objects: ReadonlyMap<number, ObjectState>) {
    this.variables = variables;
    this.objects = objects;
  }

  value(name: string): Value {
    return this.variables.get(name) ?? UNINITIALISED;
  }

  object(id: number): ObjectState {
    return this.objects.get(id) as ObjectState;
  }

  set(name: string, value: Value): State {
    const variables = new Map(this.variables);
    variables.set(name, value);
    return new State(variables, this.objects);
  }

  remove(name: string): State {
    if (!this.variables.has(name)) return this;
    const variables = new Map(this.variables);
    variables.delete(name);
    return new State(variables, this.objects);
  }

  /** Adds an object and answers its id. */
  add(object: Partial<ObjectState>): { readonly state: State; readonly id: number } {
    const objects = new Map(this.objects);
    let id = objects.size;
    while (objects.has(id)) id++;
    objects.set(id, {
      references: 0,
      handles: 0,
      nonNull: true,
      site: NONE,
      parameter: -1,
      leaf: NONE,
      increment: NONE,
      source: "",
      keeper: -1,
      twins: -1,
      ...object,
    });
    return { state: new State(this.variables, objects), id };
  }

  update(id: number, change: Partial<ObjectState>): State {
    const objects = new Map(this.objects);
    objects.set(id, { ...this.object(id), ...change });
    return new State(this.variables, objects);
  }

  /** Replaces every occurrence of an object (and of pointers into it) by another value. */
  substitute(id: number, value: Value): State {
    const variables = new Map(this.variables);
    for (const [name, held] of variables)
      if ((held.kind === "object" || held.kind === "interior") && held.id === id) variables.set(name, value);
    return new State(variables, this.objects);
  }

  /** A number for the twins of an object: the one that they have, or one that no objects share yet. */
  twinsOf(id: number): number {
    const known = this.object(id).twins;
    return known >= 0 ? known : Math.max(-1, ...[...this.objects.values()].map((o) => o.twins)) + 1;
  }

  /** Names of variables that hold this object itself. */
  holders(id: number): string[] {
    const names: string[] = [];
    for (const [name, held] of this.variables) if (held.kind === "object" && held.id === id) names.push(name);
    return names;
  }

  /** Same state with objects renumbered in order of their first holder, and unreachable objects dropped. */
  canonical(): { readonly state: State; readonly key: string } {
    if (this.#key !== null) return { state: this, key: this.#key };
    const names = [...this.variables.keys()].sort();
    const order = new Map<number, number>();
    const reach = (id: number): void => {
      if (order.has(id)) return;
      order.set(id, order.size);
      const keeper = this.object(id).keeper;
      if (keeper >= 0 && this.objects.has(keeper)) reach(keeper);
    };
    for (const name of names) {
      const held = this.variables.get(name) as Value;
      if (held.kind === "object" || held.kind === "interior") reach(held.id);
    }
    const variables = new Map<string, Value>();
    let key = "";
    for (const name of names) {
      let held = this.variables.get(name) as Value;
      if (held.kind === "object" || held.kind === "interior")
        held = { kind: held.kind, id: order.get(held.id) as number };
      variables.set(name, held);
      const detail =
        held.kind === "object" || held.kind === "interior"
          ? held.id
          : held.kind === "integer"
            ? held.value
            : held.kind === "address"
              ? held.name
              : "";
      key += `${name}=${held.kind}${detail};`;
    }
    const objects = new Map<number, ObjectState>();
    const groups = new Map<number, number>();
    for (const [id, number] of order) {
      const o = this.object(id);
      const keeper = o.keeper >= 0 ? (order.get(o.keeper) ?? -1) : -1;
      const isTwin =
        o.twins >= 0 && [...order.keys()].some((other) => other !== id && this.object(other).twins === o.twins);
      if (isTwin && !groups.has(o.twins)) groups.set(o.twins, groups.size);
      const twins = isTwin ? (groups.get(o.twins) as number) : -1;
      objects.set(number, { ...o, keeper, twins });
      key += `${number}:${o.references},${o.handles},${o.nonNull},${o.site},${o.parameter},${o.leaf},${o.increment},${o.source},${keeper},${twins};`;
    }
    const state = new State(variables, objects);
    state.#key = key;
    return { state, key };
  }
}
