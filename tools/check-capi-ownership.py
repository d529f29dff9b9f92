"""Checks the ownership facts of the C-API table by calling the running CPython (3.11) and counting references.

Reads the table as JSON on standard input (see check-capi-ownership.ts) and writes one JSON report on standard
output: which functions were called, which facts were confirmed, and every disagreement. Functions are called through
ctypes; macros through a shared object of one-line wrappers that is compiled on the fly. Every experiment runs in a
forked child, so that a crash is a result and not the end.
"""

import contextvars
import ctypes
import faulthandler
import gc
import json
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import types
import weakref

REPEAT = 40
EXTRA = 5


class Obj:
    """A fresh heap object without behaviour of its own."""


TRAPPED = []


def trap(name):
    def method(self, *args, **kwargs):
        TRAPPED.append(name)
        raise LookupError(name)

    return method


class Trap:
    """Records every special method that is looked up and run."""

    for _name in (
        "hash eq ne lt le gt ge bool len getitem setitem delitem iter next contains call repr str format bytes "
        "index int float complex setattr delattr add radd sub rsub mul rmul neg pos abs invert "
        "length_hint buffer enter exit fspath instancecheck subclasscheck reversed"
    ).split():
        locals()[f"__{_name}__"] = trap(_name)

    def __getattribute__(self, name):
        if name == "__class__":
            # isinstance() of this script asks for it.
            return Trap
        TRAPPED.append("getattribute")
        raise LookupError(name)


class Keep:
    """An argument whose references are not measured: shared, or consumed in a way of its own."""

    def __init__(self, value):
        self.value = value


class Out:
    """A `PyObject **` argument that starts as NULL, or holds an owned reference."""

    def __init__(self, value=None):
        self.value = value


class Raw:
    """A plain pointer argument: a buffer of this many bytes."""

    def __init__(self, size):
        self.buffer = ctypes.create_string_buffer(size)


class Array:
    """A `PyObject *const *` argument."""

    def __init__(self, *items):
        self.items = items


class Seq:
    def __len__(self):
        return 2

    def __getitem__(self, index):
        if index < 2:
            return "ab"[index]
        raise IndexError


class Num:
    """Every operator gives a fresh object."""

    def _op(self, *args):
        return Obj()

    for _name in (
        "add sub mul matmul floordiv truediv mod divmod pow lshift rshift and xor or iadd isub imul imatmul "
        "ifloordiv itruediv imod ipow ilshift irshift iand ixor ior neg pos abs invert"
    ).split():
        locals()[f"__{_name}__"] = _op


class Attr:
    def __init__(self):
        self.x = Obj()

    def m(self, *args, **kwargs):
        return Obj()


def fresh_error():
    return ValueError(Obj())


def fresh_cell(value=None):
    return types.CellType(value if value is not None else Obj())


def fresh_function():
    def function(a=Obj()):
        return a

    function.__annotations__ = {"a": Obj}
    return function


def generator():
    yield Obj()


BIG = 1 << 70
KEYWORD = {"k": 1}

RECIPES = {}


def recipe(names, build):
    for name in names.split():
        RECIPES.setdefault(name, []).append(build)


def recipes():
    o = Obj
    recipe("PyList_GetItem PyList_GET_ITEM PySequence_Fast_GET_ITEM PySequence_GetItem PySequence_ITEM", lambda: [[o(), o()], 0])
    recipe("PyTuple_GetItem PyTuple_GET_ITEM", lambda: [(o(), o()), 0])
    recipe("PyList_SetItem PyList_SET_ITEM", lambda: [[None, None], 0, o()])
    recipe("PyList_SetItem", lambda: [[None], 7, o()])
    recipe("PyTuple_SET_ITEM", lambda: [(None, Obj()), 0, o()])
    recipe("PyTuple_SetItem", lambda: [(None, Obj()), 0, o()])
    recipe("PyList_Append PySet_Add PySet_Contains PySet_Discard", lambda: [[], o()])
    RECIPES["PySet_Add"] = [lambda: [set(), o()]]
    RECIPES["PySet_Contains"] = RECIPES["PySet_Discard"] = [lambda: [{1, 2}, o()]]
    recipe("PyList_Insert", lambda: [[1], 0, o()])
    recipe("PyList_AsTuple PySequence_Tuple PySequence_List PyList_Sort PyList_Reverse", lambda: [[2, 1, 3]])
    recipe("PyList_GetSlice PySequence_GetSlice", lambda: [[o(), o()], 0, 1])
    recipe("PyTuple_GetSlice", lambda: [(o(), o()), 0, 1])
    recipe("PyList_SetSlice PySequence_SetSlice", lambda: [[1, 2], 0, 1, [o()]])
    recipe("PyList_New PyTuple_New _PyDict_NewPresized", lambda: [3])
    recipe("PyList_Size PyList_GET_SIZE PySequence_Size PyObject_Size PyObject_Length PySequence_Length PySequence_Fast_GET_SIZE", lambda: [[o()]])
    recipe("PyTuple_Size PyTuple_GET_SIZE", lambda: [(o(),)])
    recipe("PyTuple_Pack", lambda: [2, o(), o()])
    recipe("PyDict_New", lambda: [])
    recipe("PyDict_GetItem PyDict_GetItemWithError PyObject_GetItem _PyDict_GetItemWithError", lambda: [{"k": o()}, "k"])
    recipe("PyDict_GetItemString PyMapping_GetItemString _PyDict_GetItemStringWithError", lambda: [{"k": o()}, b"k"])
    recipe("_PyDict_GetItem_KnownHash", lambda: [{"k": o()}, "k", hash("k")])
    recipe("PyDict_SetItem PyObject_SetItem", lambda: [{}, o(), o()])
    recipe("PyDict_SetItemString PyMapping_SetItemString PyObject_SetAttrString", lambda: [{}, b"k", o()])
    RECIPES["PyObject_SetAttrString"] = [lambda: [o(), b"k", o()]]
    recipe("PyObject_SetAttr PyObject_GenericSetAttr", lambda: [o(), Keep("name"), o()])
    recipe("PyDict_SetDefault", lambda: [{}, o(), o()])
    recipe("PyDict_DelItem PyObject_DelItem PyDict_Contains PySequence_Contains", lambda: [{"k": o()}, "k"])
    recipe("PyDict_DelItemString PyObject_DelItemString PyMapping_HasKeyString", lambda: [{"k": o()}, b"k"])
    recipe("PyDict_Keys PyDict_Values PyDict_Items PyDict_Copy PyDict_Size PyDict_Clear PyMapping_Keys PyMapping_Values PyMapping_Items PyMapping_Size PyDict_GET_SIZE PyDictProxy_New", lambda: [{"k": o()}])
    recipe("PyDict_Merge", lambda: [{}, {"k": o()}, 1])
    recipe("PyDict_Update", lambda: [{}, {"k": o()}])
    recipe("PyDict_MergeFromSeq2", lambda: [{}, [("k", o())], 1])
    recipe("PyDict_Next", lambda: [{"k" * 40: o()}, Raw(8), Out(), Out()])
    recipe("_PyDict_Next", lambda: [{"k" * 40: o()}, Raw(8), Out(), Out(), Raw(8)])
    recipe("_PyDict_Pop", lambda: [{"k": o()}, "k", o()])
    recipe("_PySet_NextEntry", lambda: [{"k" * 40}, Raw(8), Out(), Raw(8)])
    recipe("PySet_New PyFrozenSet_New", lambda: [[o()]])
    recipe("PySet_Size PySet_GET_SIZE PySet_Clear", lambda: [{o()}])
    recipe("PySet_Pop", lambda: [{o() for _ in range(REPEAT * 3)}])
    recipe("PySlice_New", lambda: [o(), o(), o()])
    recipe("PySequence_Concat PySequence_InPlaceConcat", lambda: [[o()], [o()]])
    recipe("PySequence_Repeat PySequence_InPlaceRepeat", lambda: [[o()], 1])
    recipe("PySequence_SetItem", lambda: [[1], 0, o()])
    recipe("PySequence_DelItem", lambda: [[o()], 0])
    recipe("PySequence_DelSlice", lambda: [[o()], 0, 1])
    recipe("PySequence_Count PySequence_Index", lambda: [[Ellipsis], Keep(Ellipsis)])
    recipe("PySequence_Fast", lambda: [[o()], b"no"])
    recipe("PySequence_Fast", lambda: [Seq(), b"no"])
    recipe("PySequence_Fast_ITEMS", lambda: [[o()]])
    recipe("PyObject_GetIter", lambda: [[o()]])
    recipe("PyIter_Next", lambda: [iter([o() for _ in range(REPEAT * 3)])])
    recipe("PyIter_Send", lambda: [iter([o() for _ in range(REPEAT * 3)]), None, Out()])
    recipe("PySeqIter_New", lambda: [[o()]])
    recipe("PyCallIter_New", lambda: [Obj, o()])
    recipe("PyObject_Repr PyObject_Str PyObject_ASCII PyObject_Hash PyObject_Type PyObject_Dir PyObject_IsTrue PyObject_Not PyCallable_Check PyObject_SelfIter Py_NewRef Py_XNewRef Py_TYPE Py_REFCNT", lambda: [o()])
    recipe("PyObject_Bytes", lambda: [b"x" * 50])
    recipe("PyObject_Bytes PyBytes_FromObject PyByteArray_FromObject", lambda: [bytearray(b"xyz")])
    recipe("PyObject_Format", lambda: [BIG + 1, "d"])
    recipe("PyObject_RichCompare", lambda: [o(), o(), 2])
    recipe("PyObject_RichCompareBool", lambda: [o(), o(), 2])
    recipe("PyObject_GetAttr PyObject_GenericGetAttr", lambda: [Attr(), "x"])
    recipe("PyObject_GetAttrString", lambda: [Attr(), b"x"])
    recipe("PyObject_HasAttr", lambda: [Attr(), "x"])
    recipe("PyObject_HasAttrString", lambda: [Attr(), b"x"])
    recipe("PyObject_DelAttrString", lambda: [Attr(), b"x"])
    recipe("PyObject_DelAttr", lambda: [Attr(), "x"])
    recipe("_PyObject_LookupAttr", lambda: [Attr(), "x", Out()])
    recipe("_PyObject_GetMethod", lambda: [Attr(), "x", Out()])
    recipe("PyObject_GenericGetDict", lambda: [Attr(), None])
    recipe("PyObject_GenericSetDict", lambda: [Attr(), {}, None])
    recipe("PyObject_IsInstance PyObject_IsSubclass", lambda: [Obj, (Obj, int)])
    recipe("PyObject_LengthHint", lambda: [[1], 3])
    recipe("PyObject_CallNoArgs", lambda: [Obj])
    recipe("PyObject_CallOneArg", lambda: [lambda a: Obj(), o()])
    recipe("PyObject_Call PyEval_CallObjectWithKeywords", lambda: [lambda *a, **k: Obj(), (o(),), {"k": o()}])
    recipe("PyCFunction_Call", lambda: [dict, (), {"k": o()}])
    recipe("PyObject_CallObject PyEval_CallObject", lambda: [lambda *a: Obj(), (o(),)])
    recipe("PyObject_CallFunction PyEval_CallFunction", lambda: [lambda *a: Obj(), b"(O)", o()])
    recipe("PyObject_CallMethod PyEval_CallMethod", lambda: [Attr(), b"m", b"(O)", o()])
    recipe("PyObject_CallFunctionObjArgs", lambda: [lambda *a: Obj(), o(), None])
    recipe("PyObject_CallMethodObjArgs", lambda: [Attr(), "m", o(), None])
    recipe("PyObject_CallMethodNoArgs", lambda: [Attr(), "m"])
    recipe("PyObject_CallMethodOneArg", lambda: [Attr(), "m", o()])
    recipe("PyObject_Vectorcall PyObject_VectorcallDict", lambda: [lambda *a: Obj(), Array(), 0, None])
    recipe("_PyObject_FastCall", lambda: [lambda *a: Obj(), Array(), 0])
    recipe("PyObject_Vectorcall PyObject_VectorcallDict", lambda: [lambda *a: Obj(), Array(o(), o()), 2, None])
    recipe("_PyObject_FastCall", lambda: [lambda *a: Obj(), Array(o(), o()), 2])
    recipe("PyObject_VectorcallMethod", lambda: ["m", Array(Attr(), o()), 2, None])
    binary = "Add Subtract Multiply MatrixMultiply FloorDivide TrueDivide Remainder Divmod Lshift Rshift And Xor Or".split()
    recipe(" ".join(f"PyNumber_{n}" for n in binary), lambda: [Num(), o()])
    recipe(" ".join(f"PyNumber_InPlace{n}" for n in binary if n != "Divmod"), lambda: [Num(), o()])
    recipe("PyNumber_Power PyNumber_InPlacePower", lambda: [Num(), o(), Keep(None)])
    recipe("PyNumber_Negative PyNumber_Positive PyNumber_Absolute PyNumber_Invert", lambda: [Num()])
    recipe("PyNumber_Index PyNumber_Long PyNumber_Float", lambda: [BIG + 3])
    recipe("PyNumber_ToBase", lambda: [BIG + 3, 16])
    recipe("PyNumber_AsSsize_t", lambda: [1000, None])
    recipe("PyLong_FromLong PyLong_FromLongLong PyLong_FromUnsignedLong PyLong_FromUnsignedLongLong PyLong_FromSsize_t PyLong_FromSize_t PyLong_FromVoidPtr", lambda: [123456789])
    recipe("PyLong_FromLong PyBool_FromLong", lambda: [1])
    recipe("PyLong_FromDouble PyFloat_FromDouble", lambda: [12345.5])
    recipe("PyLong_FromString", lambda: [b"123456", None, 10])
    recipe("PyLong_FromUnicodeObject", lambda: ["123456789", 10])
    recipe("PyLong_AsLong PyLong_AsLongLong PyLong_AsUnsignedLong PyLong_AsUnsignedLongLong PyLong_AsSsize_t PyLong_AsSize_t PyLong_AsUnsignedLongMask PyLong_AsUnsignedLongLongMask PyLong_AsDouble PyLong_AsVoidPtr _PyLong_AsInt _PyLong_Sign _PyLong_NumBits _PyLong_Copy PyFloat_AsDouble", lambda: [1000003])
    recipe("PyLong_AsLongAndOverflow PyLong_AsLongLongAndOverflow", lambda: [1000003, Raw(8)])
    recipe("_PyLong_FromByteArray", lambda: [b"12345678", 8, 1, 0])
    recipe("_PyLong_AsByteArray", lambda: [1000003, Raw(8), 8, 1, 0])
    recipe("PyFloat_AsDouble PyFloat_AS_DOUBLE", lambda: [1.5])
    recipe("PyFloat_FromString", lambda: ["1.5"])
    recipe("PyComplex_FromDoubles", lambda: [1.5, 2.5])
    recipe("PyComplex_RealAsDouble PyComplex_ImagAsDouble", lambda: [1.5 + 2j])
    recipe("PyBytes_FromString PyUnicode_FromString PyUnicode_InternFromString PyUnicode_DecodeFSDefault", lambda: [b"some text of its own"])
    recipe("PyBytes_FromStringAndSize PyByteArray_FromStringAndSize PyUnicode_FromStringAndSize PyUnicode_DecodeFSDefaultAndSize", lambda: [b"some text of its own", 10])
    recipe("PyBytes_FromFormat PyUnicode_FromFormat", lambda: [b"some text of its own %d", 12])
    recipe("PyUnicode_FromFormat", lambda: [b"some text %R", o()])
    recipe("PyBytes_AsString PyBytes_AS_STRING PyBytes_Size PyBytes_GET_SIZE", lambda: [b"x" * 40])
    recipe("PyBytes_Repr", lambda: [b"x" * 40, 0])
    recipe("PyBytes_AsStringAndSize", lambda: [b"x" * 40, Raw(8), Raw(8)])
    recipe("PyBytes_Concat", lambda: [Out(b"x" * 30), b"y" * 40])
    recipe("PyBytes_ConcatAndDel", lambda: [Out(b"x" * 30), b"y" * 40])
    recipe("PyByteArray_AsString PyByteArray_AS_STRING PyByteArray_Size", lambda: [bytearray(b"xyz")])
    recipe("PyByteArray_Resize", lambda: [bytearray(b"xyz"), 30])
    recipe("PyByteArray_Concat", lambda: [bytearray(b"xyz"), b"abc" * 10])
    recipe("PyUnicode_AsUTF8 PyUnicode_AsUTF8String PyUnicode_AsASCIIString PyUnicode_AsLatin1String PyUnicode_AsUTF16String PyUnicode_AsUTF32String PyUnicode_AsUnicodeEscapeString PyUnicode_AsRawUnicodeEscapeString PyUnicode_GetLength PyUnicode_GET_LENGTH PyUnicode_EncodeFSDefault PyUnicode_FromObject PyUnicode_KIND PyUnicode_DATA PyUnicode_IsIdentifier PyUnicode_MAX_CHAR_VALUE _PyUnicode_Copy", lambda: ["some text of its own %d" % id(o)])
    recipe("PyUnicode_AsUTF8AndSize PyUnicode_AsWideCharString", lambda: ["text %d" % id(o), Raw(8)])
    recipe("PyUnicode_AsEncodedString", lambda: ["text %d" % id(o), b"utf-8", b"strict"])
    recipe("PyUnicode_Decode", lambda: [b"some text of its own", 12, b"utf-8", b"strict"])
    recipe("PyUnicode_DecodeUTF8 PyUnicode_DecodeASCII PyUnicode_DecodeLatin1 PyUnicode_DecodeUnicodeEscape PyUnicode_DecodeRawUnicodeEscape PyUnicode_DecodeUTF7", lambda: [b"some text of its own", 12, b"strict"])
    recipe("PyUnicode_FromEncodedObject", lambda: [b"some text of its own", b"utf-8", b"strict"])
    recipe("PyUnicode_Concat", lambda: ["some text %d" % id(o), "more text %d" % id(recipe)])
    recipe("PyUnicode_Append", lambda: [Out("some text %d" % id(o)), "more text %d" % id(recipe)])
    recipe("PyUnicode_AppendAndDel", lambda: [Out("some text %d" % id(o)), "more text %d" % id(recipe)])
    recipe("PyUnicode_InternInPlace", lambda: [Out("some text %d" % id(Obj()))])
    recipe("PyUnicode_Resize", lambda: [Out("some text %d" % id(Obj())), 4])
    recipe("PyUnicode_Join", lambda: ["; some", ["text %d" % id(o), "b"]])
    recipe("PyUnicode_Split PyUnicode_RSplit", lambda: ["some text %d" % id(o), " ", -1])
    recipe("PyUnicode_Splitlines", lambda: ["some\ntext %d" % id(o), 0])
    recipe("PyUnicode_Partition PyUnicode_RPartition", lambda: ["some text %d" % id(o), " t"])
    recipe("PyUnicode_Replace", lambda: ["some text %d" % id(o), "me", "you", -1])
    recipe("PyUnicode_Substring", lambda: ["some text %d" % id(o), 2, 9])
    recipe("PyUnicode_Format", lambda: ["some text %s", "text %d" % id(o)])
    recipe("PyUnicode_Contains PyUnicode_Compare", lambda: ["some text %d" % id(o), "tex"])
    recipe("PyUnicode_RichCompare", lambda: ["some text %d" % id(o), "tex", 2])
    recipe("PyUnicode_CompareWithASCIIString _PyUnicode_EqualToASCIIString", lambda: ["some text %d" % id(o), b"tex"])
    recipe("PyUnicode_Find PyUnicode_Tailmatch", lambda: ["some text %d" % id(o), "tex", 0, 9, 1])
    recipe("PyUnicode_Count", lambda: ["some text %d" % id(o), "tex", 0, 9])
    recipe("PyUnicode_FindChar", lambda: ["some text %d" % id(o), 116, 0, 9, 1])
    recipe("PyUnicode_ReadChar PyUnicode_READ_CHAR", lambda: ["some text %d" % id(o), 1])
    recipe("PyUnicode_New", lambda: [20, 127])
    recipe("PyUnicode_FromOrdinal", lambda: [0x1F600])
    recipe("PyUnicode_FromKindAndData", lambda: [1, b"some text of its own", 12])
    recipe("PyUnicode_FSConverter PyUnicode_FSDecoder", lambda: ["some/text%d" % id(o), Out(b"held")])
    recipe("PyUnicode_FSConverter", lambda: ["some/text%d" % id(o), Out()])
    recipe("PyUnicode_FSDecoder", lambda: ["some/text%d" % id(o), Out()])
    recipe("PyUnicode_Translate", lambda: ["some text %d" % id(o), {115: "z"}, b"strict"])
    recipe("PyCodec_Encode", lambda: ["some text %d" % id(o), b"utf-8", b"strict"])
    recipe("PyCodec_Decode", lambda: [b"some text of its own", b"utf-8", b"strict"])
    recipe("PyCodec_Encoder PyCodec_Decoder PyCodec_LookupError _PyCodec_Lookup PyCodec_KnownEncoding", lambda: [b"utf-8"])
    RECIPES["PyCodec_LookupError"] = [lambda: [b"strict"]]
    recipe("Py_BuildValue", lambda: [b"(O)", o()])
    recipe("Py_BuildValue", lambda: [b"O", o()])
    recipe("PyArg_ParseTuple", lambda: [(o(),), b"O", Out()])
    recipe("PyArg_UnpackTuple", lambda: [(o(),), b"f", 1, 1, Out()])
    recipe("PyErr_SetString", lambda: [Keep(ValueError), b"text"])
    recipe("PyErr_SetObject", lambda: [Keep(ValueError), o()])
    recipe("PyErr_SetNone", lambda: [Keep(ValueError)])
    recipe("PyErr_Format", lambda: [Keep(ValueError), b"text %R", o()])
    recipe("PyErr_NoMemory PyErr_BadArgument PyErr_Occurred PyErr_GetHandledException", lambda: [])
    recipe("PyErr_SetFromErrno", lambda: [Keep(OSError)])
    recipe("PyErr_SetFromErrnoWithFilename", lambda: [Keep(OSError), b"name"])
    recipe("PyErr_SetFromErrnoWithFilenameObject", lambda: [Keep(OSError), o()])
    recipe("PyErr_SetFromErrnoWithFilenameObjects", lambda: [Keep(OSError), o(), o()])
    recipe("PyErr_SetImportError", lambda: ["text %d" % id(o), o(), o()])
    recipe("PyErr_Restore PyErr_SetExcInfo", lambda: [Keep(ValueError), fresh_error(), Keep(None)])
    recipe("PyErr_Fetch", lambda: [Out(), Out(), Out()])
    recipe("PyErr_GetExcInfo", lambda: [Out(), Out(), Out()])
    recipe("PyErr_SetHandledException", lambda: [fresh_error()])
    recipe("PyErr_GivenExceptionMatches", lambda: [fresh_error(), ValueError])
    recipe("PyErr_NewException", lambda: [b"m.E", None, {"k": o()}])
    recipe("PyErr_NewExceptionWithDoc", lambda: [b"m.E", b"doc", None, {"k": o()}])
    recipe("PyErr_WarnEx", lambda: [Keep(UserWarning), b"text", 1])
    recipe("PyException_SetCause PyException_SetContext", lambda: [fresh_error(), fresh_error()])
    recipe("PyException_GetCause PyException_GetContext PyException_GetTraceback", lambda: [chained_error()])
    recipe("PyException_SetTraceback", lambda: [fresh_error(), Keep(None)])
    recipe("PyExceptionInstance_Class", lambda: [fresh_error()])
    recipe("PyModule_New", lambda: [b"name"])
    recipe("PyModule_NewObject", lambda: ["name %d" % id(o)])
    recipe("PyModule_GetDict PyModule_GetNameObject PyModule_GetName PyModule_GetState PyModule_GetDef", lambda: [types.ModuleType("m")])
    recipe("PyModule_AddObject PyModule_AddObjectRef _PyModule_Add", lambda: [types.ModuleType("m"), b"x", o()])
    recipe("PyModule_AddIntConstant", lambda: [types.ModuleType("m"), b"x", 5])
    recipe("PyModule_AddStringConstant", lambda: [types.ModuleType("m"), b"x", b"y"])
    recipe("PyModule_AddType", lambda: [types.ModuleType("m"), Keep(Obj)])
    recipe("PyImport_ImportModule PyImport_AddModule PyImport_ImportModuleNoBlock", lambda: [b"string"])
    recipe("PyImport_Import PyImport_AddModuleObject PyImport_GetModule", lambda: [Keep("string")])
    recipe("PyImport_GetModuleDict PyEval_GetBuiltins PyEval_GetGlobals PyEval_GetLocals PyThreadState_GetDict PySys_GetXOptions PyFloat_GetInfo PyLong_GetInfo", lambda: [])
    recipe("PyImport_ImportModuleLevel", lambda: [b"string", None, None, None, 0])
    recipe("PySys_GetObject", lambda: [b"path"])
    recipe("PySys_SetObject", lambda: [b"checked_by_us", Keep(o())])
    recipe("PyCell_New", lambda: [o()])
    recipe("PyCell_Get PyCell_GET", lambda: [fresh_cell()])
    recipe("PyCell_Set PyCell_SET", lambda: [types.CellType(), o()])
    recipe("PyWeakref_NewRef PyWeakref_NewProxy", lambda: [o(), o()])
    recipe("PyWeakref_GetObject PyWeakref_GET_OBJECT", lambda: [weakref.ref(held())])
    recipe("PyMethod_New", lambda: [o(), o()])
    recipe("PyMethod_Function PyMethod_Self PyMethod_GET_FUNCTION PyMethod_GET_SELF", lambda: [types.MethodType(Obj, o())])
    recipe("PyInstanceMethod_New PyStaticMethod_New PyClassMethod_New", lambda: [o()])
    recipe("PyCFunction_GetSelf PyCFunction_GET_SELF", lambda: [[o()].append])
    recipe("PyFunction_GetCode PyFunction_GetGlobals PyFunction_GetModule PyFunction_GetDefaults PyFunction_GetAnnotations PyFunction_GET_CODE PyFunction_GET_GLOBALS PyFunction_GET_MODULE PyFunction_GET_DEFAULTS PyFunction_GET_ANNOTATIONS", lambda: [fresh_function()])
    recipe("PyFunction_SetDefaults", lambda: [fresh_function(), (o(),)])
    recipe("PyFunction_SetAnnotations", lambda: [fresh_function(), {"a": o()}])
    recipe("PyFunction_New", lambda: [fresh_function().__code__, {"k": o()}])
    recipe("PyCapsule_GetName PyCapsule_GetContext", lambda: [capsule()])
    recipe("PyCapsule_GetPointer PyCapsule_IsValid", lambda: [capsule(), b"n"])
    recipe("PyContextVar_New", lambda: [b"name", o()])
    recipe("PyContextVar_Get", lambda: [context_variable(), o(), Out()])
    recipe("PyContextVar_Set", lambda: [context_variable(), o()])
    recipe("PyContext_New PyContext_CopyCurrent", lambda: [])
    recipe("PyContext_Copy", lambda: [fresh_context()])
    recipe("PyMemoryView_FromObject", lambda: [bytearray(b"abc")])
    recipe("PyMemoryView_GET_BASE", lambda: [memoryview(bytearray(b"abc"))])
    recipe("PyMemoryView_FromMemory", lambda: [b"abc", 3, 0x100])
    recipe("PyMemoryView_GetContiguous", lambda: [bytearray(b"abc"), 0x100, b"C"[0]])
    recipe("PyStructSequence_GetItem PyStructSequence_GET_ITEM", lambda: [os.times_result((o(), 1, 2, 3, 4)), 0])
    recipe("PyStructSequence_SetItem PyStructSequence_SET_ITEM", lambda: [os.times_result((None, 1, 2, 3, 4)), 0, o()])
    recipe("PyStructSequence_New", lambda: [Keep(os.times_result)])
    recipe("PyDescr_NAME", lambda: [str.join])
    recipe("PyDescr_TYPE", lambda: [str.join])
    recipe("PyFrame_GetBack PyFrame_GetCode PyFrame_GetGlobals PyFrame_GetLocals PyFrame_GetBuiltins", lambda: [frame()])
    recipe("PyCode_GetCode PyCode_GetVarnames PyCode_GetFreevars PyCode_GetCellvars", lambda: [fresh_function().__code__])
    recipe("PyType_GetName PyType_GetQualName", lambda: [type("T%d" % id(o), (), {})])
    recipe("_PyType_Lookup", lambda: [type("T", (), {"x": o()}), "x"])
    recipe("PyType_GenericAlloc", lambda: [Keep(Obj), 0])
    recipe("PyType_GenericNew", lambda: [Keep(Obj), (), None])
    recipe("PyEval_EvalCode", lambda: [compile("[]", "f", "eval"), {}, {}])
    recipe("PyRun_String", lambda: [b"[]", 258, {}, {}])
    recipe("Py_CompileString", lambda: [b"[]", b"f", 258])
    recipe("Py_GenericAlias", lambda: [o(), (o(),)])
    recipe("PyFile_WriteObject", lambda: [o(), Sink(), 0])
    recipe("PyFile_WriteString", lambda: [b"x", Sink()])
    recipe("PyFile_GetLine", lambda: [Source(), 0])
    recipe("PyMarshal_WriteObjectToString", lambda: [[1, 2], 2])
    recipe("PyDate_FromDate", lambda: [2020, 5, 6])
    recipe("PyTime_FromTime", lambda: [5, 6, 7, 8])
    recipe("PyDateTime_FromDateAndTime", lambda: [2020, 5, 6, 1, 2, 3, 4])
    recipe("PyDelta_FromDSU", lambda: [5, 6, 7])
    recipe("PyDateTime_DATE_GET_TZINFO", lambda: [zoned()])
    recipe("Py_INCREF Py_XINCREF Py_IncRef Py_DECREF Py_XDECREF Py_DecRef", lambda: [o()])
    recipe("PyObject_AsFileDescriptor", lambda: [sys.__stdout__])
    for name in "List Tuple Dict Set FrozenSet Long Float Complex Unicode Bytes ByteArray Module CFunction Gen Type AnySet".split():
        recipe(f"Py{name}_Check Py{name}_CheckExact", lambda: [o()])
    for name in "Bool Slice MemoryView Function Method Code Frame Cell".split():
        recipe(f"Py{name}_Check", lambda: [o()])
    recipe("PyNumber_Check PySequence_Check PyMapping_Check PyIter_Check PyIndex_Check PyObject_CheckBuffer PyWeakref_Check PyWeakref_CheckRef PyExceptionInstance_Check PyExceptionClass_Check", lambda: [o()])
    recipe("PyObject_TypeCheck Py_IS_TYPE", lambda: [o(), Keep(Obj)])
    recipe("PyType_IsSubtype", lambda: [Keep(Obj), Keep(object)])
    recipe("Py_Is", lambda: [o(), o()])
    recipe("Py_IsNone Py_IsTrue Py_IsFalse", lambda: [o()])


def chained_error():
    error = fresh_error()
    error.__cause__ = fresh_error()
    error.__context__ = fresh_error()
    try:
        raise error
    except ValueError:
        return error


HELD = []


def held():
    HELD.append(Obj())
    return HELD[-1]


def capsule():
    ctypes.pythonapi.PyCapsule_New.restype = ctypes.py_object
    ctypes.pythonapi.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    return ctypes.pythonapi.PyCapsule_New(id(Obj), b"n", None)


def context_variable():
    return contextvars.ContextVar("v")


def fresh_context():
    return contextvars.Context()


def frame():
    return sys._getframe()


def zoned():
    import datetime

    return datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=3)))


class Sink:
    def write(self, text):
        pass


class Source:
    def readline(self, *args):
        return "some line of text\n"


INTEGERS = {
    "int": ctypes.c_int,
    "long": ctypes.c_long,
    "unsigned long": ctypes.c_ulong,
    "long long": ctypes.c_longlong,
    "unsigned long long": ctypes.c_ulonglong,
    "Py_ssize_t": ctypes.c_ssize_t,
    "size_t": ctypes.c_size_t,
    "Py_hash_t": ctypes.c_ssize_t,
    "unsigned int": ctypes.c_uint,
    "Py_UCS4": ctypes.c_uint32,
    "char": ctypes.c_char,
    "double": ctypes.c_double,
    "PySendResult": ctypes.c_int,
    "int32_t": ctypes.c_int32,
}


def ctype(type_name):
    if type_name in INTEGERS:
        return INTEGERS[type_name]
    if type_name == "void":
        return None
    if type_name.endswith("*") or type_name in ("PyCapsule_Destructor", "PyCFunction"):
        return ctypes.c_void_p
    raise LookupError(type_name)


def is_object(type_name):
    return type_name in ("PyObject *", "PyTypeObject *", "PyVarObject *") or (
        type_name.startswith("Py") and type_name.endswith("Object *")
    )


def wrappers(table, wanted):
    """A shared object with a function for every wanted name; the last result can be read even when it raised."""
    lines = ["#include <Python.h>", "#include <structmember.h>", "#include <datetime.h>", "#include <frameobject.h>"]
    lines.append("#include <marshal.h>")
    lines.append("long long check_last;")
    lines.append("void check_import(void) { PyDateTime_IMPORT; }")
    lines.append("PyObject *check_occurred(void) { return PyErr_Occurred(); }")
    for name in wanted:
        fact = table[name]
        kinds = [p["type"] for p in fact["parameters"]]
        if "..." in kinds or not all(kind in INTEGERS or kind.endswith("*") for kind in kinds):
            continue
        parameters = ", ".join(f"{kind} a{at}" for at, kind in enumerate(kinds)) or "void"
        values = ", ".join(f"a{at}" for at in range(len(kinds)))
        if fact["result"] == "void":
            body = f"{name}({values});"
        else:
            body = f"{fact['result']} r = ({fact['result']}) {name}({values}); check_last = (long long) r; return r;"
        lines.append(f"{fact['result']} check_{name}({parameters}) {{ {body} }}")
    folder = tempfile.mkdtemp(prefix="check-capi-")
    source = os.path.join(folder, "wrappers.c")
    library = os.path.join(folder, "wrappers.so")
    with open(source, "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")
    include = sysconfig.get_paths()["include"]
    run = subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O0", "-w", "-Werror=implicit-function-declaration", f"-I{include}", source, "-o", library], capture_output=True, text=True
    )
    if run.returncode != 0:
        raise SystemExit(run.stderr)
    return ctypes.PyDLL(library)


class Call:
    """One function, bound with the C types of the table."""

    def __init__(self, table, library, name):
        self.fact = table[name]
        self.name = name
        self.library = library
        try:
            self.function = library[f"check_{name}"]
        except AttributeError:
            self.function = ctypes.pythonapi[name]
        self.function.restype = ctype(self.fact["result"])
        self.kinds = [p["type"] for p in self.fact["parameters"]]

    def prepare(self, args):
        values, keepers, outs = [], [], []
        for at, arg in enumerate(args):
            kind = self.kinds[min(at, len(self.kinds) - 1)] if self.kinds else "..."
            if isinstance(arg, Keep):
                arg = arg.value
                keepers.append(arg)
                values.append(ctypes.c_void_p(id(arg)))
            elif isinstance(arg, Out):
                cell = ctypes.c_void_p(None)
                if arg.value is not None:
                    incref(id(arg.value))
                    cell.value = id(arg.value)
                keepers.append(cell)
                outs.append((at, cell))
                values.append(ctypes.byref(cell))
            elif isinstance(arg, Raw):
                keepers.append(arg.buffer)
                ctypes.memset(arg.buffer, 0, len(arg.buffer))
                values.append(ctypes.cast(arg.buffer, ctypes.c_void_p))
            elif isinstance(arg, Array):
                array = (ctypes.c_void_p * len(arg.items))(*[id(item) for item in arg.items])
                keepers.append((array, arg.items))
                values.append(ctypes.cast(array, ctypes.c_void_p))
            elif kind in INTEGERS:
                values.append(INTEGERS[kind](arg))
            elif arg is None:
                values.append(ctypes.c_void_p(None))
            elif kind == "..." and isinstance(arg, int) and not isinstance(arg, bool):
                values.append(ctypes.c_int(arg))
            elif isinstance(arg, bytes) and not is_object(kind) and kind != "...":
                buffer = ctypes.create_string_buffer(arg)
                keepers.append(buffer)
                values.append(ctypes.cast(buffer, ctypes.c_void_p))
            else:
                keepers.append(arg)
                values.append(ctypes.c_void_p(id(arg)))
        return values, keepers, outs

    def __call__(self, values):
        try:
            return self.function(*values), None
        except BaseException as error:
            return None, type(error).__name__


def incref(address):
    ctypes.pythonapi.Py_IncRef(ctypes.c_void_p(address))


def decref(address):
    ctypes.pythonapi.Py_DecRef(ctypes.c_void_p(address))


def count(address):
    return ctypes.c_ssize_t.from_address(address).value


def result_kind(call, build):
    """`new`, `borrowed`, or None when the result is no object or NULL."""
    if not is_object(call.fact["result"]):
        return None
    args = build()
    for _ in range(2):
        warm, keepers, _ = call.prepare(args)
        first, _ = call(warm)
    if not first:
        return None
    incref(first)
    prepared = [call.prepare(args) for _ in range(REPEAT)]
    pointers = [None] * REPEAT
    gc.collect()
    gc.disable()
    blocks, references = sys.getallocatedblocks(), count(first)
    for at in range(REPEAT):
        pointers[at] = call(prepared[at][0])[0]
    grown, counted = sys.getallocatedblocks() - blocks, count(first) - references
    if all(pointer == first for pointer in pointers):
        return "new" if counted >= REPEAT else "borrowed"
    if len(set(pointers)) == 1:
        return "borrowed"
    if call.name in ("PyIter_Next", "PySet_Pop"):
        return "new" if all(count(pointer) >= 1 for pointer in pointers if pointer) else "borrowed"
    return "new" if grown >= REPEAT // 2 else "borrowed"


def out_kinds(call, build):
    """Ownership of what the out-parameters receive, by argument index: `out-new` or `out-borrowed`."""
    args = build()
    if not any(isinstance(arg, Out) and arg.value is None for arg in args):
        return {}
    values, _, outs = call.prepare(args)
    call(values)
    found = {}
    firsts = {at: cell.value for at, cell in outs if cell.value}
    for pointer in firsts.values():
        incref(pointer)
    before = {at: count(pointer) for at, pointer in firsts.items()}
    blocks = sys.getallocatedblocks()
    prepared = [call.prepare(args) for _ in range(REPEAT)]
    blocks = sys.getallocatedblocks()
    gc.disable()
    for values, _, _ in prepared:
        call(values)
    grown = sys.getallocatedblocks() - blocks
    for at, pointer in firsts.items():
        same = all(cell.value == pointer for _, _, cells in prepared for index, cell in cells if index == at)
        if same:
            found[at] = "out-new" if count(pointer) - before[at] >= REPEAT else "out-borrowed"
        else:
            found[at] = "out-new" if grown >= REPEAT // 2 else "out-borrowed"
    return found


def measurable(call, args):
    """Positions of the arguments whose references are measured; an array stands for its first item."""
    found = []
    for at, arg in enumerate(args):
        kind = call.kinds[min(at, len(call.kinds) - 1)] if call.kinds else "..."
        plain = isinstance(arg, (Keep, Out, Raw)) or arg is None or kind in INTEGERS
        text = isinstance(arg, bytes) and not is_object(kind) and kind != "..."
        number = kind == "..." and isinstance(arg, int)
        if not plain and not text and not number and not (isinstance(arg, Array) and not arg.items):
            found.append(at)
    return found


def references_left(call, build, at, owned_result, owned_outs, calls):
    """References to argument `at` when everything else that took part is gone, after `calls` calls (0 or 1)."""
    args = build()
    address = id(args[at].items[0] if isinstance(args[at], Array) else args[at])
    for _ in range(EXTRA):
        incref(address)
    values, keepers, outs = call.prepare(args)
    for index, arg in enumerate(args):
        stated = call.fact["parameters"][min(index, len(call.kinds) - 1)]["ownership"]
        if index != at and stated.startswith("steals"):
            incref(id(arg.value if isinstance(arg, Keep) else arg))
    pointer = error = None
    if calls:
        pointer, error = contextvars.copy_context().run(call, values)
    if pointer and owned_result == "new":
        decref(pointer)
    for index, cell in outs:
        if cell.value and (owned_outs.get(index) == "out-new" or args[index].value is not None):
            decref(cell.value)
    arg = args = keepers = values = outs = error = None
    ctypes.pythonapi.PyErr_Clear()
    ctypes.pythonapi.PyErr_SetHandledException(ctypes.c_void_p(id(None)))
    if hasattr(sys, "checked_by_us"):
        del sys.checked_by_us
    sys._clear_type_cache()
    gc.enable()
    gc.collect()
    return count(address)


def argument_kinds(call, build, owned_result, owned_outs):
    """What happened to each object argument: `borrows`, `steals`, `retains`."""
    words = {0: "borrows", -1: "steals", 1: "retains"}
    found = {}
    for at in measurable(call, build()):
        with_call, without = (
            in_child(lambda calls=calls: references_left(call, build, at, owned_result, owned_outs, calls))
            for calls in (1, 0)
        )
        if "failed" in with_call:
            return with_call
        if "failed" in without:
            return without
        delta = with_call["value"] - without["value"]
        found[str(at)] = words.get(delta, f"changed by {delta}")
    return {"value": found}


def in_child(work, seconds=20):
    """Runs `work` in a forked child; its JSON value, or the name of what ended the child."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        os.dup2(null, 2)
        faulthandler.disable()
        signal.alarm(seconds)
        try:
            text = json.dumps({"value": work()})
        except BaseException as error:
            text = json.dumps({"failed": f"{type(error).__name__}: {error}"})
        os.write(write, text.encode())
        os._exit(0)
    os.close(write)
    text = b""
    while chunk := os.read(read, 65536):
        text += chunk
    os.close(read)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return {"failed": signal.Signals(os.WTERMSIG(status)).name}
    return json.loads(text) if text else {"failed": f"exit {status}"}


def experiment(call, build):
    def work():
        result = result_kind(call, build)
        return result

    def out_work():
        return {str(at): kind for at, kind in out_kinds(call, build).items()}

    result = in_child(work)
    outs = in_child(out_work)
    owned = {int(at): kind for at, kind in (outs.get("value") or {}).items()}
    arguments = argument_kinds(call, build, result.get("value"), owned)
    return result, outs, arguments


def null_experiments(call, build):
    """For every pointer argument: whether NULL there ends the process."""
    found = {}
    for at, arg in enumerate(build()):
        kind = call.kinds[min(at, len(call.kinds) - 1)] if call.kinds else "..."
        if kind == "..." or kind in INTEGERS or isinstance(arg, (Raw, Out)):
            continue

        def work(at=at):
            args = build()
            args[at] = None
            values, keepers, outs = call.prepare(args)
            call(values)
            return True

        outcome = in_child(work)
        found[at] = "survives" if outcome.get("value") else outcome.get("failed", "?")
    return found


def trap_experiment(call, build):
    """Special methods that ran when each object argument in turn, and every item of a container, was a trap."""

    def work(at, inside):
        args = build()
        if inside:
            container = args[at]
            args[at] = type(container)([Trap()]) if type(container) in (list, tuple) else {"k": Trap()}
        else:
            args[at] = Trap()
        values, keepers, outs = call.prepare(args)
        TRAPPED.clear()
        call(values)
        return sorted(set(TRAPPED))

    found = set()
    for at in measurable(call, build()):
        if isinstance(build()[at], Array):
            continue
        for inside in (False, True) if type(build()[at]) in (list, tuple, dict) else (False,):
            found.update(in_child(lambda: work(at, inside)).get("value") or [])
    return sorted(found)


def error_experiment(call, build):
    """Calls with an object of the wrong type first; the raw result when that raised, else None."""
    args = build()
    objects = measurable(call, args)
    if not objects or call.fact["result"] == "void" or "..." in call.kinds or isinstance(args[objects[0]], Array):
        return None

    def work():
        args = build()
        args[objects[0]] = Obj()
        values, keepers, outs = call.prepare(args)
        error = call(values)[1]
        return None if error is None else ctypes.c_longlong.in_dll(call.library, "check_last").value

    return in_child(work).get("value")


def error_agrees(name, stated, result, type_name):
    """Whether a call that raised returned what its error convention says."""
    if stated in ("null", "null-without-error", "zero"):
        return result == 0
    if stated == "negative":
        return result < 0
    if name in ("PyUnicode_Find", "_PyObject_GetMethod"):
        # -2 is the error and -1 means not found; 0 is both an unbound attribute and an error.
        return True
    if stated == "occurred":
        return INTEGERS[type_name](-1).value == INTEGERS[type_name](result).value if type_name in INTEGERS else result == 0
    return False


def agrees(stated, observed):
    kind = stated["kind"]
    if kind == "same":
        return True
    return kind == observed


def argument_agrees(stated, observed):
    pairs = {
        "borrows": {"borrows"},
        "steals": {"steals"},
        "steals-on-success": {"steals", "borrows"},
        "releases": {"steals"},
        "retains": {"retains"},
    }
    return observed in pairs.get(stated, {observed})


def main():
    table = json.load(sys.stdin)
    recipes()
    names = [name for name in RECIPES if name in table]
    unknown = [name for name in RECIPES if name not in table]
    library = wrappers(table, names)
    library.check_import()
    report = {"functions": 0, "facts": 0, "nulls": 0, "errors": 0, "traps": 0, "disagreements": [], "notes": [], "unreached": unknown}
    for name in names:
        try:
            call = Call(table, library, name)
        except (LookupError, AttributeError) as error:
            report["unreached"].append(name)
            continue
        fact = call.fact
        reached = False
        for build in RECIPES[name]:
            result, outs, arguments = experiment(call, build)
            for part, outcome in (("result", result), ("outs", outs), ("arguments", arguments)):
                if "failed" in outcome:
                    report["notes"].append(f"{name}: {part} experiment ended with {outcome['failed']}")
            if result.get("value") is not None:
                reached = True
                report["facts"] += 1
                if not agrees(fact["ownership"], result["value"]):
                    report["disagreements"].append(f"{name}: result {fact['ownership']['kind']}, observed {result['value']}")
            for at, observed in (outs.get("value") or {}).items():
                reached = True
                report["facts"] += 1
                stated = fact["parameters"][min(int(at), len(fact["parameters"]) - 1)]["ownership"]
                if stated != observed:
                    report["disagreements"].append(f"{name}: argument {at} {stated}, observed {observed}")
            for at, observed in (arguments.get("value") or {}).items():
                reached = True
                report["facts"] += 1
                stated = fact["parameters"][min(int(at), len(fact["parameters"]) - 1)]["ownership"]
                if not argument_agrees(stated, observed):
                    report["disagreements"].append(f"{name}: argument {at} {stated}, observed {observed}")
            report["traps"] += 1
            ran = trap_experiment(call, build)
            if ran and not fact["runsPython"]:
                report["disagreements"].append(f"{name}: runs no Python code, observed {' '.join(ran)}")
            raised = error_experiment(call, build)
            if raised is not None:
                report["errors"] += 1
                if not error_agrees(name, fact["error"], raised, fact["result"]):
                    report["disagreements"].append(f"{name}: error convention {fact['error']}, observed {raised}")
        for at, outcome in null_experiments(call, RECIPES[name][0]).items():
            report["nulls"] += 1
            stated = at in fact["nullable"]
            if stated and outcome != "survives":
                report["disagreements"].append(f"{name}: argument {at} nullable, observed {outcome}")
            if not stated and outcome == "survives":
                report["notes"].append(f"{name}: argument {at} survives NULL")
        report["functions"] += reached
    json.dump(report, sys.stdout, indent=1)


main()
