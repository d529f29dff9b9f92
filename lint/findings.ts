import type { Span } from "../syntax/source.ts";

/** One point on the way to a defect. */
export interface PathPoint {
  readonly span: Span;
  readonly note: string;
}

/** A defect in HPy code. `id` is one of {@link DIAGNOSTICS}; all spans are in the file that was checked. */
export interface Finding {
  readonly id: string;
  readonly span: Span;
  /** The enclosing function, or the declared name for what stands outside of functions. */
  readonly function: string;
  readonly message: string;
  /** From the origin of the resource to the place of the defect, in order of execution. */
  readonly path: readonly PathPoint[];
  /** `possible` where a caller or an invariant that is not in the code may make it harmless. */
  readonly certainty: "certain" | "possible";
  /** The variable that holds the resource, as it is written; empty where there is none. */
  readonly place: string;
}

/** Why the checker cannot say that a function is clean. */
export interface GiveUp {
  readonly span: Span;
  readonly reason: string;
}

/** What is known of one function after the check. */
export interface Proof {
  /** `clean`: every path was followed and nothing is wrong. `unproven`: something was not understood, see `unproven`. */
  readonly verdict: "clean" | "defect" | "unproven";
  readonly findings: readonly Finding[];
  /** What was not understood; may stand beside findings. */
  readonly unproven: readonly GiveUp[];
}
