/** A rule: how one call of the C API is written in HPy. */

export interface Rule {
  /** Kebab-case, names the C construct: `list-append`. Never recycled. */
  readonly id: string;
  /** C-API callee. */
  readonly capi: string;
  /** Number of arguments; `variadic` where any number from the count of placeholders up is taken by `$*`. */
  readonly arity: number | "variadic";
  /**
   * The HPy call. `$0`, `$1`, ... are the C arguments, each used at most once unless it is free of side effects (the
   * rewriter refuses to repeat one that is not); `$*` is the rest of the arguments of a variadic call, with its leading comma; `$ctx` the context.
   * `$n` is the number of arguments in `$*`, and `$q1` the source text of argument 1 as a C string literal.
   * All object arguments are handles (the rewriter loads and closes temporaries around the call); an object result is
   * always a NEW handle whatever the C API returned, and no argument is stolen: the rewriter repairs the difference.
   * A template may be an expression of several calls as long as every argument is evaluated exactly once. It is a
   * postfix expression, so that it can stand wherever the call stood.
   */
  readonly template: string;
  /** Support functions named in the template. */
  readonly support: readonly string[];
  /** The template holds only where this condition does; elsewhere `otherwise` holds, and without it the call is bridged. */
  readonly when?: RuleCondition;
  /** What to write where `when` does not hold. */
  readonly otherwise?: { readonly template: string; readonly support: readonly string[] };
  /** `null-terminated`: the last C argument must be a literal NULL and is not part of `$*`. */
  readonly variadic?: "null-terminated";
  /**
   * `truth`: the C result is a borrowed reference and the HPy result an `int`, so only truth tests and comparisons
   * with NULL can be rewritten.
   */
  readonly result?: "truth";
  readonly safety: "safe" | "review";
  /** What differs from the C API, a whole sentence; required unless safe. */
  readonly note?: string;
  /** One line for lists. */
  readonly summary: string;
  /** Why this is the faithful and cheap form, with the source of the fact: a header or C file of HPy or CPython. */
  readonly why: string;
  /** A statement or expression before and after; compiled by the tests. */
  readonly example: { readonly before: string; readonly after: string };
}

/** A condition on one argument, by index. */
export type RuleCondition =
  /** The argument is spelled exactly so: `0`, `NULL`. */
  | { readonly argument: number; readonly literal: string }
  /** The argument is not spelled so. */
  | { readonly argument: number; readonly unless: string }
  /** The argument is an integer literal without sign. */
  | { readonly argument: number; readonly is: "natural" };

/** Why a C-API name has no rule: it is bridged, or nothing can be done. */
export interface Unmapped {
  readonly capi: string;
  /** `bridge`: the call is made on `PyObject *` inside the HPy function. `stays`: plain C without objects, left as it is. `refuse`: the function that uses it stays legacy. */
  readonly answer: "bridge" | "stays" | "refuse";
  /** The HPy feature that is missing, a whole sentence. */
  readonly reason: string;
}

export type RuleTable = ReadonlyMap<string, Rule>;
