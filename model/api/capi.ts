/** Facts about the CPython C API, one entry per function or function-like macro. */

/** What a function's result is, as far as references go. */
export type ResultOwnership =
  /** A new (owned) reference, NULL on failure. */
  | { readonly kind: "new" }
  /** A reference borrowed from an argument (by index), from the interpreter (-1) or from an unknown owner (-2). */
  | { readonly kind: "borrowed"; readonly from: number }
  /** The same reference as the argument with this index (`Py_NewRef` is `new`, not this). */
  | { readonly kind: "same"; readonly as: number }
  /** A pointer into the argument's object (`char *` of a str), valid while that object lives. */
  | { readonly kind: "interior"; readonly of: number }
  /** Nothing that refers to an object: numbers, void, C memory. */
  | { readonly kind: "plain" };

/** What a function does with the reference passed as an argument. */
export type ArgumentOwnership =
  /** Uses it during the call only; containers that keep it take their own reference. */
  | "borrows"
  /** Takes over the caller's reference, whether the call succeeds or not. */
  | "steals"
  /** Takes over the caller's reference only on success. */
  | "steals-on-success"
  /** `PyObject **` that receives a new reference (or NULL). */
  | "out-new"
  /** `PyObject **` that receives a borrowed reference (or NULL); a variadic tail of such pointers. */
  | "out-borrowed"
  /** `char **` that receives a pointer into the object passed as argument 0 (`PyBytes_AsStringAndSize`). */
  | "out-interior"
  /** `PyObject **` that is read and replaced (`PyUnicode_Append`, `_PyBytes_Resize`). */
  | "in-out"
  /** Releases the reference (`Py_DECREF`). */
  | "releases"
  /** Adds a reference (`Py_INCREF`). */
  | "retains"
  /** Not an object. */
  | "plain";

/** How failure shows. */
export type ErrorConvention =
  /** The result is NULL with an exception set. */
  | "null"
  /** The result is NULL without an exception set when nothing is found (or both are possible). */
  | "null-without-error"
  /** The result is negative with an exception set. */
  | "negative"
  /** The result is zero with an exception set (`PyArg_ParseTuple`). */
  | "zero"
  /** -1 is ambiguous: ask PyErr_Occurred. */
  | "occurred"
  /** Cannot fail. */
  | "none";

export interface CapiFunction {
  readonly name: string;
  /** C types, spelled as in the documentation: `PyObject *`, `const char *`, `Py_ssize_t`. */
  readonly result: string;
  /** One entry per parameter; a variadic function has `...` as its last type. */
  readonly parameters: readonly { readonly type: string; readonly ownership: ArgumentOwnership }[];
  readonly ownership: ResultOwnership;
  readonly error: ErrorConvention;
  /** Whether NULL may be passed, by argument index; the others crash or are undefined. */
  readonly nullable: readonly number[];
  /** True for macros without a function of the same name. */
  readonly macro: boolean;
  /** Whether arbitrary Python code may run during the call (so that borrowed references may die). */
  readonly runsPython: boolean;
  /** Where the facts come from, for example `refcounts.dat`, `Doc/c-api/list.rst`, `Include/cpython/listobject.h`. */
  readonly source: string;
}

/** A C-API name that is not called: a constant object, a type object, an exception, a type, a numeric macro. */
export interface CapiConstant {
  readonly name: string;
  readonly kind: "object" | "type-object" | "exception" | "type" | "number" | "keyword-macro";
  /** C spelling of the type of the constant, such as `PyObject *` or `PyTypeObject`. */
  readonly type: string;
  readonly source: string;
}
