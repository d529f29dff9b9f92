import type { CellKind } from "./domain.ts";

/** What a function hands to its caller through its result or an out-parameter. */
export type Given =
  /** A resource that the caller must release. */
  | { readonly kind: "new"; readonly cell: CellKind; readonly maybeNull: boolean }
  | { readonly kind: "null" }
  /** The very resource that came in as this argument. */
  | { readonly kind: "argument"; readonly index: number }
  /** A handle that belongs to somebody else (`args[i]`, a constant of the context). */
  | { readonly kind: "borrowed"; readonly cell: CellKind }
  /** A pointer into the object of an argument. */
  | { readonly kind: "inside"; readonly cell: CellKind; readonly index: number; readonly maybeNull: boolean }
  | { readonly kind: "number"; readonly mask: number }
  | { readonly kind: "unassigned" };

/** What happened to one argument. */
export interface ArgumentOutcome {
  /** What the argument must have been for this outcome. */
  readonly when: "any" | "null" | "present";
  /** `retained`: C-API code took one more reference for the caller. */
  readonly effect: "none" | "closed" | "tracked" | "retained" | "unknown";
  /** For pointers and arrays: what stands behind afterwards (in every element); null when it was not written. */
  readonly out: Given | null;
  /** For pointers: what must have stood there before. */
  readonly oldWhen: "any" | "null" | "present";
  /** For pointers: whether the handle that stood there before was closed. */
  readonly closedOld: boolean;
}

/** One way in which a call can end. Correlated: all parts belong together. */
export interface Outcome {
  readonly result: Given;
  readonly arguments: readonly ArgumentOutcome[];
}

/** What a function of the project does to the resources of its caller. */
export interface Summary {
  readonly outcomes: readonly Outcome[];
  /**
   * How each parameter is used: a value, a pointer to one handle, an array whose elements are written or closed, or an
   * array that is only read.
   */
  readonly parameters: readonly ("value" | "pointer" | "array" | "read-array")[];
  /** Set when the body was not understood; callers then cannot be proved either. */
  readonly doubtful: string | null;
}
