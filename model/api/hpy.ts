/**
 * What an HPy release offers: functions with their ownership facts, context handles, slots, signatures, flags, macros.
 *
 * Names and C signatures are generated from the headers of the release (`hpy-0.9.generated.ts`); what happens to
 * handles is decided by hand, with a source per fact (`hpy-ownership.ts`). All argument indexes are C argument
 * positions: the context, where a function takes one, is argument 0.
 */

/** Where an HPy function is implemented. */
export type HpyImplementation =
  /** A member of the context: a function of the ABI. */
  | "context"
  /** A `static inline` function in `inline_helpers.h`, built from context functions. */
  | "inline-helper"
  /** Compiled into every extension from HPy's own C files (`runtime/*.h`): argument parsing, formats, builders. */
  | "runtime"
  /** A function-like macro. */
  | "macro";

/** What the caller holds after the call. */
export type HpyResult =
  /** A new handle that must be closed exactly once; HPy_NULL where the error convention is `null`. */
  | { readonly kind: "new-handle" }
  /** C memory inside the object of the argument with this index, valid only while that very handle is open. */
  | { readonly kind: "interior"; readonly of: number }
  /** A list or tuple builder: exactly one `_Build` or `_Cancel` must follow on every path. */
  | { readonly kind: "builder" }
  /** A tracker: exactly one `HPyTracker_Close` must follow on every path. */
  | { readonly kind: "tracker" }
  /** A `PyObject *` that the caller owns (`HPy_AsPyObject`). */
  | { readonly kind: "new-reference" }
  /** The handle with all bits zero. */
  | { readonly kind: "null-handle" }
  /** Numbers, C memory of its own, `void`. */
  | { readonly kind: "plain" };

/** What the call does with one argument. HPy never steals a handle. */
export type HpyArgument =
  /** The `HPyContext *`. */
  | "context"
  /** A handle that is read during the call and stays the caller's. */
  | "borrows"
  /** A handle that is closed by the call (`HPy_Close`). */
  | "closes"
  /** A handle that the tracker closes later (`HPyTracker_Add`). */
  | "tracks"
  /** `HPy *`: an array of handles that are read during the call. */
  | "borrows-array"
  /** `HPy *` that receives a new handle, or HPy_NULL on failure. */
  | "out-new"
  /** Variadic pointers filled by an argument parser: handles are aliases of `args` without keywords, the tracker's otherwise. */
  | "out-parsed"
  /** Variadic handles that are read during the call (`HPyTuple_Pack`, `HPy_BuildValue`). */
  | "borrows-variadic"
  /** A builder that stays open (`_Set`). */
  | "builder"
  /** A builder that is used up (`_Build`, `_Cancel`). */
  | "closes-builder"
  /** A tracker that stays open. */
  | "tracker"
  /** A tracker that is used up (`HPyTracker_Close`); the parsers also close it when they fail. */
  | "closes-tracker"
  /** `HPyField`, `HPyGlobal` or a pointer to one: long-lived storage with a reference of its own. */
  | "storage"
  /** `PyObject *` of the legacy world, borrowed (`HPy_FromPyObject`). */
  | "borrows-reference"
  /** `T **` that receives a pointer into the struct of the result (`HPy_New`). */
  | "out-struct"
  /** Not an object. */
  | "plain";

/** How failure shows. Failure always leaves an exception set, except where noted. */
export type HpyError =
  /** The result is HPy_NULL, NULL or a null builder. */
  | "null"
  /** The result is negative. */
  | "negative"
  /** The result is zero (`HPyArg_Parse`, `HPyHelpers_AddType`). */
  | "zero"
  /** -1 is ambiguous: ask `HPyErr_Occurred`. */
  | "occurred"
  /** The result is always HPy_NULL and the exception is always set (`HPyErr_SetString` and friends). */
  | "raises"
  /** Cannot fail. */
  | "none";

export interface HpyParameter {
  /** The name in the header; empty where the header gives none, `...` for a variadic tail. */
  readonly name: string;
  /** C type without the name: `HPyContext *`, `const HPy *`, `...`. */
  readonly type: string;
}

/** What the headers alone say of a function. */
export interface HpyDeclaration {
  readonly name: string;
  readonly result: string;
  readonly parameters: readonly HpyParameter[];
  readonly implementation: HpyImplementation;
  /** The C-API call that the CPython ABI makes with the same arguments in the same order, else undefined. */
  readonly capi: string | undefined;
}

export interface HpyFunction extends HpyDeclaration {
  readonly ownership: HpyResult;
  /** One entry per parameter. */
  readonly arguments: readonly HpyArgument[];
  /** Arguments that may be HPy_NULL or NULL without a crash. */
  readonly nullable: readonly number[];
  readonly error: HpyError;
  /** Where the ownership facts come from. */
  readonly source: string;
}

/** A handle that is a member of the context, such as `h_None`. It is never closed. */
export interface HpyContextHandle {
  readonly name: string;
  /** The C-API expression it stands for: `Py_None`, `PyExc_TypeError`, `&PyLong_Type`, `PyEval_GetBuiltins()`. */
  readonly capi: string;
}

/** A slot that `HPyDef_SLOT` takes. */
export interface HpySlot {
  /** With its prefix: `HPy_tp_new`. */
  readonly name: string;
  readonly number: number;
  /** Name of the signature, such as `HPyFunc_NEWFUNC`. */
  readonly signature: string;
}

/** A function signature that definitions are declared with. */
export interface HpySignature {
  /** `HPyFunc_NOARGS`. */
  readonly name: string;
  readonly result: string;
  readonly parameters: readonly HpyParameter[];
}

/** A numeric macro or an enumerator. */
export interface HpyConstant {
  readonly name: string;
  /** The enumeration that it belongs to, or empty for a macro. */
  readonly group: string;
  /** The value as the header spells it, or the implied number of an enumerator. */
  readonly value: string;
}

/** A function-like or declaring macro for users. */
export interface HpyMacro {
  readonly name: string;
  /** Parameter names; undefined for an object-like macro. */
  readonly parameters: readonly string[] | undefined;
}

/** Everything that the headers of one release say. */
export interface HpyHeaders {
  readonly version: string;
  readonly declarations: readonly HpyDeclaration[];
  readonly contextHandles: readonly HpyContextHandle[];
  readonly slots: readonly HpySlot[];
  readonly signatures: readonly HpySignature[];
  readonly constants: readonly HpyConstant[];
  readonly macros: readonly HpyMacro[];
}
