/**
 * What HPy functions do with handles, decided by hand from the sources of HPy 0.9.0 and by experiment.
 *
 * The rule behind the rows: handles that HPy returns are new and must be closed; handles passed to HPy are never stolen.
 */
import type { HpyArgument, HpyError } from "./hpy.ts";

/** The result of a row; the number is an argument position, the context being 0. */
export type HpyResultWord =
  | "new-handle"
  | "builder"
  | "tracker"
  | "new-reference"
  | "null-handle"
  | "plain"
  | `interior ${number}`;

type HpyNote = `${HpyArgument} ${number}` | `nullable ${number}`;

/**
 * Name, result, error convention, deviations.
 *
 * Without a note an argument follows from its type: `HPyContext *` is the context, `HPy` borrows, `HPy *` is a
 * borrowed array, a builder or tracker stays open, a field or global is storage, the rest is plain.
 */
export type HpyRow = readonly [name: string, result: HpyResultWord, error: HpyError, ...notes: HpyNote[]];

/** Rows that share a source: a header, or a file below `hpy/devel/src` of HPy's repository. */
export interface HpyFamily {
  readonly source: string;
  readonly rows: readonly HpyRow[];
}

export const HPY_OWNERSHIP: readonly HpyFamily[] = [
  {
    source: "hpy.h",
    rows: [
      ["HPyField_IsNull", "plain", "none", "nullable 0"],
      ["HPy_AsVoidP", "plain", "none", "nullable 0"],
      ["HPy_FromVoidP", "plain", "none", "nullable 0"],
      ["HPy_IsNull", "plain", "none", "nullable 0"],
    ],
  },
  {
    source: "hpy/cpython/autogen_api_impl.h",
    rows: [
      ["HPyBool_FromBool", "new-handle", "none"],
      ["HPyBytes_AS_STRING", "interior 1", "none"],
      ["HPyBytes_AsString", "interior 1", "null"],
      ["HPyBytes_Check", "plain", "none"],
      ["HPyBytes_FromString", "new-handle", "null"],
      ["HPyBytes_GET_SIZE", "plain", "none"],
      ["HPyBytes_Size", "plain", "negative"],
      ["HPyCallable_Check", "plain", "none", "nullable 1"],
      ["HPyCapsule_GetContext", "interior 1", "occurred"],
      ["HPyCapsule_GetName", "interior 1", "occurred"],
      ["HPyCapsule_GetPointer", "interior 1", "null", "nullable 2"],
      ["HPyCapsule_IsValid", "plain", "none", "nullable 1", "nullable 2"],
      ["HPyCapsule_SetContext", "plain", "negative", "nullable 2"],
      ["HPyCapsule_SetName", "plain", "negative", "nullable 2"],
      ["HPyCapsule_SetPointer", "plain", "negative", "nullable 2"],
      ["HPyContextVar_New", "new-handle", "null", "nullable 2"],
      ["HPyContextVar_Set", "new-handle", "null"],
      ["HPyDict_Check", "plain", "none"],
      ["HPyDict_Copy", "new-handle", "null", "nullable 1"],
      ["HPyDict_Keys", "new-handle", "null", "nullable 1"],
      ["HPyDict_New", "new-handle", "null"],
      ["HPyErr_Clear", "plain", "none"],
      ["HPyErr_ExceptionMatches", "plain", "none"],
      ["HPyErr_NewException", "new-handle", "null", "nullable 2", "nullable 3"],
      ["HPyErr_NewExceptionWithDoc", "new-handle", "null", "nullable 2", "nullable 3", "nullable 4"],
      ["HPyErr_NoMemory", "null-handle", "raises"],
      ["HPyErr_SetFromErrnoWithFilename", "null-handle", "raises", "nullable 2"],
      ["HPyErr_SetFromErrnoWithFilenameObjects", "null-handle", "raises", "nullable 2", "nullable 3"],
      ["HPyErr_SetObject", "null-handle", "raises", "nullable 2"],
      ["HPyErr_SetString", "null-handle", "raises"],
      ["HPyErr_WarnEx", "plain", "negative", "nullable 1"],
      ["HPyErr_WriteUnraisable", "plain", "none", "nullable 1"],
      ["HPyFloat_AsDouble", "plain", "occurred", "nullable 1"],
      ["HPyFloat_FromDouble", "new-handle", "null"],
      ["HPyImport_ImportModule", "new-handle", "null"],
      ["HPyList_Append", "plain", "negative", "nullable 2"],
      ["HPyList_Check", "plain", "none"],
      ["HPyList_New", "new-handle", "null"],
      ["HPyLong_AsDouble", "plain", "occurred", "nullable 1"],
      ["HPyLong_AsSize_t", "plain", "occurred", "nullable 1"],
      ["HPyLong_AsSsize_t", "plain", "occurred", "nullable 1"],
      ["HPyLong_AsUInt32_tMask", "plain", "occurred", "nullable 1"],
      ["HPyLong_AsUInt64_tMask", "plain", "occurred", "nullable 1"],
      ["HPyLong_AsVoidPtr", "plain", "occurred"],
      ["HPyLong_FromSize_t", "new-handle", "null"],
      ["HPyLong_FromSsize_t", "new-handle", "null"],
      ["HPyNumber_Check", "plain", "none", "nullable 1"],
      ["HPySlice_Unpack", "plain", "negative"],
      ["HPyTuple_Check", "plain", "none"],
      ["HPyType_IsSubtype", "plain", "none"],
      ["HPyUnicode_AsASCIIString", "new-handle", "null"],
      ["HPyUnicode_AsLatin1String", "new-handle", "null"],
      ["HPyUnicode_AsUTF8AndSize", "interior 1", "null", "nullable 2"],
      ["HPyUnicode_AsUTF8String", "new-handle", "null"],
      ["HPyUnicode_Check", "plain", "none"],
      ["HPyUnicode_DecodeASCII", "new-handle", "null", "nullable 3"],
      ["HPyUnicode_DecodeFSDefault", "new-handle", "null"],
      ["HPyUnicode_DecodeFSDefaultAndSize", "new-handle", "null"],
      ["HPyUnicode_DecodeLatin1", "new-handle", "null", "nullable 3"],
      ["HPyUnicode_EncodeFSDefault", "new-handle", "null"],
      ["HPyUnicode_FromEncodedObject", "new-handle", "null", "nullable 1", "nullable 2", "nullable 3"],
      ["HPyUnicode_FromString", "new-handle", "null"],
      ["HPyUnicode_FromWideChar", "new-handle", "null"],
      ["HPyUnicode_ReadChar", "plain", "occurred"],
      ["HPyUnicode_Substring", "new-handle", "null"],
      ["HPy_ASCII", "new-handle", "null", "nullable 1"],
      ["HPy_Absolute", "new-handle", "null", "nullable 1"],
      ["HPy_Add", "new-handle", "null"],
      ["HPy_And", "new-handle", "null"],
      ["HPy_Bytes", "new-handle", "null", "nullable 1"],
      ["HPy_Call", "new-handle", "null", "nullable 4"],
      ["HPy_Contains", "plain", "negative"],
      ["HPy_DelItem", "plain", "negative", "nullable 1", "nullable 2"],
      ["HPy_Divmod", "new-handle", "null"],
      ["HPy_EvalCode", "new-handle", "null", "nullable 3"],
      ["HPy_FatalError", "plain", "none"],
      ["HPy_Float", "new-handle", "null", "nullable 1"],
      ["HPy_FloorDivide", "new-handle", "null"],
      ["HPy_GetAttr", "new-handle", "null"],
      ["HPy_GetAttr_s", "new-handle", "null"],
      ["HPy_GetItem", "new-handle", "null", "nullable 1", "nullable 2"],
      ["HPy_HasAttr", "plain", "none"],
      ["HPy_HasAttr_s", "plain", "none"],
      ["HPy_Hash", "plain", "negative"],
      ["HPy_InPlaceAdd", "new-handle", "null"],
      ["HPy_InPlaceAnd", "new-handle", "null"],
      ["HPy_InPlaceFloorDivide", "new-handle", "null"],
      ["HPy_InPlaceLshift", "new-handle", "null"],
      ["HPy_InPlaceMatrixMultiply", "new-handle", "null"],
      ["HPy_InPlaceMultiply", "new-handle", "null"],
      ["HPy_InPlaceOr", "new-handle", "null"],
      ["HPy_InPlacePower", "new-handle", "null"],
      ["HPy_InPlaceRemainder", "new-handle", "null"],
      ["HPy_InPlaceRshift", "new-handle", "null"],
      ["HPy_InPlaceSubtract", "new-handle", "null"],
      ["HPy_InPlaceTrueDivide", "new-handle", "null"],
      ["HPy_InPlaceXor", "new-handle", "null"],
      ["HPy_Index", "new-handle", "null", "nullable 1"],
      ["HPy_Invert", "new-handle", "null", "nullable 1"],
      ["HPy_IsTrue", "plain", "negative"],
      ["HPy_LeavePythonExecution", "plain", "none"],
      ["HPy_Length", "plain", "negative", "nullable 1"],
      ["HPy_Long", "new-handle", "null", "nullable 1"],
      ["HPy_Lshift", "new-handle", "null"],
      ["HPy_MatrixMultiply", "new-handle", "null"],
      ["HPy_Multiply", "new-handle", "null"],
      ["HPy_Negative", "new-handle", "null", "nullable 1"],
      ["HPy_Or", "new-handle", "null"],
      ["HPy_Positive", "new-handle", "null", "nullable 1"],
      ["HPy_Power", "new-handle", "null"],
      ["HPy_ReenterPythonExecution", "plain", "none"],
      ["HPy_Remainder", "new-handle", "null"],
      ["HPy_Repr", "new-handle", "null", "nullable 1"],
      ["HPy_RichCompare", "new-handle", "null", "nullable 1", "nullable 2"],
      ["HPy_RichCompareBool", "plain", "negative"],
      ["HPy_Rshift", "new-handle", "null"],
      ["HPy_SetAttr", "plain", "negative", "nullable 3"],
      ["HPy_SetAttr_s", "plain", "negative", "nullable 3"],
      ["HPy_SetItem", "plain", "negative", "nullable 1", "nullable 2", "nullable 3"],
      ["HPy_Str", "new-handle", "null", "nullable 1"],
      ["HPy_Subtract", "new-handle", "null"],
      ["HPy_TrueDivide", "new-handle", "null"],
      ["HPy_Type", "new-handle", "null", "nullable 1"],
      ["HPy_Xor", "new-handle", "null"],
    ],
  },
  {
    source: "hpy/cpython/misc.h",
    rows: [
      ["HPyField_Load", "new-handle", "none"],
      ["HPyField_Store", "plain", "none", "nullable 3"],
      ["HPyGlobal_Load", "new-handle", "none"],
      ["HPyGlobal_Store", "plain", "none", "nullable 2"],
      ["HPy_AsPyObject", "new-reference", "none", "nullable 1"],
      ["HPy_Close", "plain", "none", "closes 1", "nullable 1"],
      ["HPy_Dup", "new-handle", "none", "nullable 1"],
      ["HPy_FromPyObject", "new-handle", "none", "borrows-reference 1", "nullable 1"],
    ],
  },
  {
    source: "hpy/inline_helpers.h",
    rows: [
      ["HPyBool_FromLong", "new-handle", "none"],
      ["HPyErr_SetFromErrno", "null-handle", "raises"],
      ["HPyErr_SetFromErrnoWithFilenameObject", "null-handle", "raises", "nullable 2"],
      ["HPyLong_AsLong", "plain", "occurred", "nullable 1"],
      ["HPyLong_AsLongLong", "plain", "occurred", "nullable 1"],
      ["HPyLong_AsUnsignedLong", "plain", "occurred", "nullable 1"],
      ["HPyLong_AsUnsignedLongLong", "plain", "occurred", "nullable 1"],
      ["HPyLong_AsUnsignedLongLongMask", "plain", "occurred", "nullable 1"],
      ["HPyLong_AsUnsignedLongMask", "plain", "occurred", "nullable 1"],
      ["HPyLong_FromLong", "new-handle", "null"],
      ["HPyLong_FromLongLong", "new-handle", "null"],
      ["HPyLong_FromUnsignedLong", "new-handle", "null"],
      ["HPyLong_FromUnsignedLongLong", "new-handle", "null"],
      ["HPySlice_AdjustIndices", "plain", "none"],
      ["HPyTuple_Pack", "new-handle", "null", "borrows-variadic 2"],
      ["HPy_CallMethodTupleDict", "new-handle", "null", "nullable 3", "nullable 4"],
      ["HPy_CallMethodTupleDict_s", "new-handle", "null", "nullable 3", "nullable 4"],
      ["HPy_DelAttr", "plain", "negative"],
      ["HPy_DelAttr_s", "plain", "negative"],
    ],
  },
  {
    source: "hpy/macros.h",
    rows: [
      ["HPyLong_AsPid", "plain", "occurred", "nullable 1"],
      ["HPyLong_FromPid", "new-handle", "null"],
    ],
  },
  {
    source: "hpy/macros.h, runtime/ctx_type.c",
    rows: [["HPy_New", "new-handle", "null", "out-struct 2"]],
  },
  {
    source: "runtime/argparse.c",
    rows: [
      ["HPyArg_Parse", "plain", "zero", "out-tracker 1", "out-parsed 5", "nullable 1"],
      ["HPyArg_ParseKeywords", "plain", "zero", "out-tracker 1", "out-parsed 7", "nullable 1", "nullable 4"],
      ["HPyArg_ParseKeywordsDict", "plain", "zero", "out-tracker 1", "out-parsed 7", "nullable 1", "nullable 4"],
    ],
  },
  {
    source: "runtime/buildvalue.c",
    rows: [["HPy_BuildValue", "new-handle", "null", "borrows-variadic 2"]],
  },
  {
    source: "runtime/ctx_bytes.c",
    rows: [["HPyBytes_FromStringAndSize", "new-handle", "null", "nullable 1"]],
  },
  {
    source: "runtime/ctx_call.c",
    rows: [
      ["HPy_CallMethod", "new-handle", "null", "nullable 4"],
      ["HPy_CallTupleDict", "new-handle", "null", "nullable 2", "nullable 3"],
    ],
  },
  {
    source: "runtime/ctx_capsule.c",
    rows: [
      ["HPyCapsule_New", "new-handle", "null", "nullable 1", "nullable 2", "nullable 3"],
      ["HPyCapsule_SetDestructor", "plain", "negative", "nullable 2"],
    ],
  },
  {
    source: "runtime/ctx_contextvar.c",
    rows: [["HPyContextVar_Get", "plain", "negative", "out-new 3", "nullable 2"]],
  },
  {
    source: "runtime/ctx_err.c",
    rows: [["HPyErr_Occurred", "plain", "none"]],
  },
  {
    source: "runtime/ctx_eval.c",
    rows: [["HPy_Compile_s", "new-handle", "null"]],
  },
  {
    source: "runtime/ctx_listbuilder.c",
    rows: [
      ["HPyListBuilder_Build", "new-handle", "null", "closes-builder 1"],
      ["HPyListBuilder_Cancel", "plain", "none", "closes-builder 1"],
      ["HPyListBuilder_New", "builder", "none"],
      ["HPyListBuilder_Set", "plain", "none"],
    ],
  },
  {
    source: "runtime/ctx_long.c",
    rows: [
      ["HPyLong_AsInt32_t", "plain", "occurred", "nullable 1"],
      ["HPyLong_AsInt64_t", "plain", "occurred", "nullable 1"],
      ["HPyLong_AsUInt32_t", "plain", "occurred", "nullable 1"],
      ["HPyLong_AsUInt64_t", "plain", "occurred", "nullable 1"],
      ["HPyLong_FromInt32_t", "new-handle", "null"],
      ["HPyLong_FromInt64_t", "new-handle", "null"],
      ["HPyLong_FromUInt32_t", "new-handle", "null"],
      ["HPyLong_FromUInt64_t", "new-handle", "null"],
    ],
  },
  {
    source: "runtime/ctx_object.c",
    rows: [
      ["HPy_DelItem_i", "plain", "negative"],
      ["HPy_DelItem_s", "plain", "negative"],
      ["HPy_GetItem_i", "new-handle", "null"],
      ["HPy_GetItem_s", "new-handle", "null"],
      ["HPy_Is", "plain", "none", "nullable 1", "nullable 2"],
      ["HPy_SetItem_i", "plain", "negative"],
      ["HPy_SetItem_s", "plain", "negative"],
      ["HPy_TypeCheck", "plain", "none"],
    ],
  },
  {
    source: "runtime/ctx_tracker.c",
    rows: [
      ["HPyTracker_Add", "plain", "negative", "tracks 2"],
      ["HPyTracker_Close", "plain", "none", "closes-tracker 1"],
      ["HPyTracker_ForgetAll", "plain", "none"],
      ["HPyTracker_New", "tracker", "null"],
    ],
  },
  {
    source: "runtime/ctx_tuple.c",
    rows: [["HPyTuple_FromArray", "new-handle", "null", "nullable 1"]],
  },
  {
    source: "runtime/ctx_tuplebuilder.c",
    rows: [
      ["HPyTupleBuilder_Build", "new-handle", "null", "closes-builder 1"],
      ["HPyTupleBuilder_Cancel", "plain", "none", "closes-builder 1"],
      ["HPyTupleBuilder_New", "builder", "none"],
      ["HPyTupleBuilder_Set", "plain", "none"],
    ],
  },
  {
    source: "runtime/ctx_type.c",
    rows: [
      ["HPyType_FromSpec", "new-handle", "null", "nullable 2"],
      ["HPyType_GenericNew", "new-handle", "null", "nullable 2", "nullable 4"],
      ["HPyType_GetName", "interior 1", "null"],
      ["HPy_SetCallFunction", "plain", "negative"],
    ],
  },
  {
    source: "runtime/format.c",
    rows: [
      ["HPyErr_Format", "null-handle", "raises", "borrows-variadic 3"],
      ["HPyUnicode_FromFormat", "new-handle", "null", "borrows-variadic 2"],
      ["HPyUnicode_FromFormatV", "new-handle", "null"],
    ],
  },
  {
    source: "runtime/helpers.c",
    rows: [
      ["HPyHelpers_AddType", "plain", "zero", "nullable 4"],
      ["HPyHelpers_PackArgsAndKeywords", "plain", "zero", "out-new 4", "out-new 5", "nullable 3"],
    ],
  },
  {
    source: "runtime/structseq.c",
    rows: [
      ["HPyStructSequence_New", "new-handle", "null", "nullable 3"],
      ["HPyStructSequence_NewType", "new-handle", "null"],
    ],
  },
];
