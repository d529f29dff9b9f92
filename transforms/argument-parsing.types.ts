/** A call of `PyArg_ParseTuple`, `PyArg_ParseTupleAndKeywords`, `PyArg_UnpackTuple` or `PyArg_Parse` to be rewritten. */
export interface ArgumentRequest {
  readonly flavour: "tuple" | "keywords" | "unpack";
  /** The format without quotes, adjacent literals joined, escapes decoded; ignored for `unpack`. */
  readonly format: string;
  readonly unpack?: { readonly minimum: number; readonly maximum: number; readonly name: string };
  /** C source of each argument after the format (and after the keyword list), in order, already rewritten for HPy. */
  readonly targets: readonly string[];
  /**
   * C type of what each target points to, as declared (`const char *`, `Py_ssize_t`, `HPy`), by index; undefined or
   * missing where it is not known. A known type saves a cast in the output and is needed for `O&`.
   */
  readonly targetTypes?: readonly (string | undefined)[];
  /** Name of the C variable that holds the keyword list, for `keywords`. */
  readonly keywords?: string;
  /** The names in the keyword list (empty ones are positional only), without the NULL that ends it, for `keywords`. */
  readonly keywordNames?: readonly string[];
  /** What holds the names of keyword arguments: a tuple after the arguments, or a dict, which constructors get. */
  readonly keywordsIn: "names" | "dict";
  /** C source of the handle of a tuple that is parsed in place of the arguments. */
  readonly tuple?: string;
  /** C names of `args`, `nargs`, the tuple or dict of keywords and the context in the migrated function. */
  readonly args: string;
  readonly nargs: string;
  readonly kwnames: string;
  readonly ctx: string;
  /** Gives a C identifier that is free in the function, close to the wish. */
  readonly fresh: (wish: string) => string;
}

/** What replaces it. */
export interface ArgumentPlan {
  /**
   * C expression that is 1 on success and 0 with an exception set on failure, exactly when the original was;
   * a chain such as `HPyArg_Parse(ctx, NULL, args, nargs, "OO:f", &a, &arg_b) && hpyx_arg_str(ctx, arg_b, …, &b)`,
   * given as its operands of `&&` so that a negated call can be written `!A || !B`. Each operand binds tighter than `!`.
   */
  readonly operands: readonly string[];
  /** Locals that the expression needs, to be declared before it: `HPy arg_b = HPy_NULL`. No `;`. */
  readonly declarations: readonly string[];
  /**
   * Call that closes what the targets refer to, when there is such a thing; made by the caller of this once the
   * expression is true, on every path. Nested sequences with objects or text in them have a tracker; keywords in a dict
   * an array of opened arguments.
   */
  readonly release: string | null;
  /** For each target (by index) what it receives on success. */
  readonly receives: readonly TargetEffect[];
  /** Names of the support functions that the expression calls. */
  readonly support: readonly string[];
  /** True when the C API is still called (buffers). */
  readonly bridged: boolean;
  /** Differences that a reviewer should know, such as error texts; whole sentences. */
  readonly notes: readonly string[];
}

export type TargetEffect =
  /** An alias of an argument: never closed, alive during the whole call; `optional` keeps its initial value when missing. */
  | { readonly kind: "alias"; readonly optional: boolean }
  /** A handle owned by the tracker: alive until the tracker is closed. */
  | { readonly kind: "tracked"; readonly optional: boolean }
  /** A new handle that the function closes, where the original had a new reference (`PyUnicode_FSConverter`). */
  | { readonly kind: "owned"; readonly optional: boolean }
  /** A pointer into an argument (`const char *`), alive during the whole call (`tracked`: until the release). */
  | { readonly kind: "interior"; readonly optional: boolean; readonly tracked: boolean }
  /** A number, a buffer or other C data; a `Py_buffer` is released by the original code's own PyBuffer_Release. */
  | { readonly kind: "plain"; readonly optional: boolean }
  /** Not written: this argument is an input (the converter of `O&`, the encoding of `es`). */
  | { readonly kind: "input" }
  /** Not written: the handle of the type that an argument must have (`O!`). */
  | { readonly kind: "type" };

export interface Unsupported {
  readonly unsupported: string;
}

/** A `Py_BuildValue`-like format with its arguments: BuildValue itself, and the formats of PyObject_CallFunction/CallMethod. */
export interface BuildRequest {
  readonly format: string;
  /** C source of each value, already rewritten for HPy. */
  readonly values: readonly string[];
  /** For each value (by index) whether it is known not to be NULL, which allows a cheaper form; false when missing. */
  readonly nonNull?: readonly boolean[];
  readonly ctx: string;
  readonly fresh: (wish: string) => string;
}

export interface BuildPlan {
  /** `HPy_BuildValue(ctx, "...", ...)` or a cheaper equal such as `HPyTuple_Pack` or `HPyLong_FromLong`. */
  readonly expression: string;
  /**
   * Handles that the expression creates or takes over and that the caller closes after it, in order.
   * `create` is the C expression to evaluate first into a fresh variable `name`; null when `name` is an existing
   * handle whose reference the original gave away (unit `N`). A creation may fail and leave HPy_NULL: the expression
   * then fails too, with the exception of the creation.
   */
  readonly closes: readonly { readonly name: string; readonly create: string | null }[];
  /** Support functions called. */
  readonly support: readonly string[];
  readonly bridged: boolean;
  readonly notes: readonly string[];
}
