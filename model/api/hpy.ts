/**
 * What an HPy release offers: functions with their ownership facts, context handles, slots, signatures, flags, macros.
 *
 * Names and C signatures are generated from the headers of the release (`hpy-0.9.generated.ts`); what happens to
 * handles is decided by hand, with a source per fact (`hpy-ownership.ts`). All argument indexes are C argument
 * positions: the context, where a function takes one, is argument 0.
 */

import { CAPI_FUNCTIONS } from "./capi-table.ts";
import { HPY_0_9 } from "./hpy-0.9.generated.ts";
import { HPY_OWNERSHIP, type HpyResultWord, type HpyRow } from "./hpy-ownership.ts";

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
  /** `HPyTracker *` that receives a tracker, which must be closed when the parser succeeds; NULL for none. */
  | "out-tracker"
  /** A tracker that stays open. */
  | "tracker"
  /** A tracker that is used up (`HPyTracker_Close`). */
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
  /** -1 (or NULL, for pointers) is ambiguous: ask `HPyErr_Occurred`. */
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
  /** Names of the types that the headers define. */
  readonly types: readonly string[];
}

/** Pairs of HPy's own porting table whose CPython implementation goes through a function of HPy's runtime. */
const PORTING_TABLE_PAIRS: readonly (readonly [capi: string, hpy: string])[] = [
  ["PyContextVar_Get", "HPyContextVar_Get"],
  ["PyObject_Call", "HPy_CallTupleDict"],
  ["PyObject_TypeCheck", "HPy_TypeCheck"],
  ["PyObject_VectorcallMethod", "HPy_CallMethod"],
];

/** Macros that are called like functions; their types are those of the functions that they expand to. */
const HPY_MACRO_DECLARATIONS: readonly HpyDeclaration[] = [
  macroDeclaration("HPy_New", "HPy", ["HPyContext *", "ctx"], ["HPy", "cls"], ["void **", "data"]),
  macroDeclaration("HPy_IsNull", "int", ["HPy", "h"]),
  macroDeclaration("HPyField_IsNull", "int", ["HPyField", "f"]),
  macroDeclaration("HPyLong_AsPid", "long", ["HPyContext *", "ctx"], ["HPy", "h"]),
  macroDeclaration("HPyLong_FromPid", "HPy", ["HPyContext *", "ctx"], ["long", "l"]),
];

function macroDeclaration(
  name: string,
  result: string,
  ...parameters: readonly (readonly [type: string, name: string])[]
): HpyDeclaration {
  return {
    name,
    result,
    parameters: parameters.map(([type, parameter]) => ({ type, name: parameter })),
    implementation: "macro",
    capi: undefined,
  };
}

/** Functions and function-like macros of HPy 0.9 that take part in computing, by name. */
export const HPY_FUNCTIONS: ReadonlyMap<string, HpyFunction> = buildFunctions();

/** The `NAME_AsStruct` function that `HPyType_HELPERS` and `HPyType_LEGACY_HELPERS` define for a struct type. */
export const HPY_AS_STRUCT: HpyFunction = {
  name: "AsStruct",
  result: "TYPE *",
  parameters: [
    { type: "HPyContext *", name: "ctx" },
    { type: "HPy", name: "h" },
  ],
  implementation: "inline-helper",
  capi: undefined,
  ownership: { kind: "interior", of: 1 },
  arguments: ["context", "borrows"],
  nullable: [],
  error: "none",
  source: "hpy/hpytype.h",
};

/** Handles of the context by name (`h_None`). */
export const HPY_CONTEXT_HANDLES: ReadonlyMap<string, HpyContextHandle> = byName(HPY_0_9.contextHandles);

/** Context handles by the C-API expression that they replace: `Py_None`, `PyExc_TypeError`, `&PyLong_Type`. */
export const HPY_HANDLE_OF_CAPI: ReadonlyMap<string, HpyContextHandle> = new Map(
  HPY_0_9.contextHandles.map((handle) => [handle.capi, handle]),
);

/** Slots by name (`HPy_tp_new`). */
export const HPY_SLOTS: ReadonlyMap<string, HpySlot> = byName(HPY_0_9.slots);

/** Signatures by name (`HPyFunc_NOARGS`). */
export const HPY_SIGNATURES: ReadonlyMap<string, HpySignature> = byName(HPY_0_9.signatures);

/** Enumerators, flags and numeric macros by name. */
export const HPY_CONSTANTS: ReadonlyMap<string, HpyConstant> = byName(HPY_0_9.constants);

/** Macros by name, those of `HPY_FUNCTIONS` included. */
export const HPY_MACROS: ReadonlyMap<string, HpyMacro> = byName(HPY_0_9.macros);

/**
 * C-API calls that become an HPy call with the context put first and the same arguments in the same order.
 *
 * It says nothing of ownership or semantics: those must agree in `CAPI_FUNCTIONS` and `HPY_FUNCTIONS`.
 */
export const HPY_EQUIVALENTS: ReadonlyMap<string, string> = buildEquivalents();

function byName<T extends { readonly name: string }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.name, item]));
}

function buildFunctions(): Map<string, HpyFunction> {
  const declarations = byName([...HPY_0_9.declarations, ...HPY_MACRO_DECLARATIONS]);
  const functions = new Map<string, HpyFunction>();
  for (const { source, rows } of HPY_OWNERSHIP) {
    for (const row of rows) {
      const declaration = declarations.get(row[0]);
      if (declaration === undefined) throw new Error(`${row[0]} has ownership facts but no declaration`);
      functions.set(row[0], functionOf(declaration, row, source));
    }
  }
  return functions;
}

function functionOf(declaration: HpyDeclaration, row: HpyRow, source: string): HpyFunction {
  const [, result, error, ...notes] = row;
  const stated = new Map<number, HpyArgument>();
  const nullable: number[] = [];
  for (const note of notes) {
    const space = note.lastIndexOf(" ");
    const word = note.slice(0, space) as HpyArgument | "nullable";
    const index = Number(note.slice(space + 1));
    if (word === "nullable") nullable.push(index);
    else stated.set(index, word);
  }
  return {
    ...declaration,
    ownership: resultOf(result),
    arguments: declaration.parameters.map(({ type }, index) => stated.get(index) ?? defaultArgument(type)),
    nullable,
    error,
    source,
  };
}

function resultOf(word: HpyResultWord): HpyResult {
  const [kind, index] = word.split(" ");
  if (kind === "interior") return { kind: "interior", of: Number(index) };
  return { kind: word as Exclude<HpyResultWord, `interior ${number}`> };
}

function defaultArgument(type: string): HpyArgument {
  switch (type) {
    case "HPyContext *":
      return "context";
    case "HPy":
      return "borrows";
    case "HPy *":
    case "const HPy *":
      return "borrows-array";
    case "HPyListBuilder":
    case "HPyTupleBuilder":
      return "builder";
    case "HPyTracker":
      return "tracker";
    case "HPyField":
    case "HPyField *":
    case "HPyGlobal":
    case "HPyGlobal *":
      return "storage";
    default:
      return "plain";
  }
}

function buildEquivalents(): Map<string, string> {
  const equivalents = new Map<string, string>(PORTING_TABLE_PAIRS);
  for (const { name, capi } of HPY_0_9.declarations) {
    if (capi !== undefined && !equivalents.has(capi)) equivalents.set(capi, name);
  }
  for (const { name, parameters, implementation } of HPY_0_9.declarations) {
    const capi = name.slice(1);
    const sameName = implementation === "inline-helper" || equivalents.has(capi);
    if (sameName && CAPI_FUNCTIONS.get(capi)?.parameters.length === parameters.length - 1) equivalents.set(capi, name);
  }
  return equivalents;
}
