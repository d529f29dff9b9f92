import { bridged, pure } from "./define.ts";

/** What rules need beyond the other files: bytes, slices, exceptions, mappings, evaluation. Facts are from CPython 3.11. */
export const RULES_EXTRA_SUPPORT = [
  pure(
    "hpyx_bytes_from_string_and_size",
    {},
    `/* PyBytes_FromStringAndSize for data to be copied; NULL is allowed for no bytes, where HPy raises ValueError. */
static HPy
hpyx_bytes_from_string_and_size(HPyContext *ctx, const char *data, HPy_ssize_t size)
{
    return HPyBytes_FromStringAndSize(ctx, data == NULL && size == 0 ? "" : data, size);
}
`,
  ),
  pure(
    "hpyx_bytes_as_string_and_size",
    { includes: ["<string.h>"] },
    `/* PyBytes_AsStringAndSize: 0, or -1 with TypeError, or with ValueError when an embedded NUL would hide the end. */
static int
hpyx_bytes_as_string_and_size(HPyContext *ctx, HPy bytes, char **data, HPy_ssize_t *size)
{
    if (!HPyBytes_Check(ctx, bytes)) {
        HPy type = HPy_Type(ctx, bytes);
        const char *name = HPyType_GetName(ctx, type);
        if (name != NULL) {
            HPyErr_Format(ctx, ctx->h_TypeError, "expected bytes, %s found", name);
        }
        HPy_Close(ctx, type);
        return -1;
    }
    *data = (char *)HPyBytes_AS_STRING(ctx, bytes);
    if (size != NULL) {
        *size = HPyBytes_GET_SIZE(ctx, bytes);
    } else if (strlen(*data) != (size_t)HPyBytes_GET_SIZE(ctx, bytes)) {
        HPyErr_SetString(ctx, ctx->h_ValueError, "embedded null byte");
        return -1;
    }
    return 0;
}
`,
  ),
  pure(
    "hpyx_any_set_check",
    { requires: ["hpyx_type_check_builtin"] },
    `/* PyAnySet_Check: 1 or 0. */
static int
hpyx_any_set_check(HPyContext *ctx, HPy object)
{
    return hpyx_type_check_builtin(ctx, object, "set") || hpyx_type_check_builtin(ctx, object, "frozenset");
}
`,
  ),
  pure(
    "hpyx_any_set_check_exact",
    { requires: ["hpyx_check_exact_builtin"] },
    `/* PyAnySet_CheckExact: 1 or 0. */
static int
hpyx_any_set_check_exact(HPyContext *ctx, HPy object)
{
    return hpyx_check_exact_builtin(ctx, object, "set") || hpyx_check_exact_builtin(ctx, object, "frozenset");
}
`,
  ),
  pure(
    "hpyx_type_has",
    {},
    `/* Whether the type of an object has an attribute, such as "__next__" for PyIter_Check: 1 or 0. */
static int
hpyx_type_has(HPyContext *ctx, HPy object, const char *name)
{
    HPy type = HPy_Type(ctx, object);
    int result = HPy_HasAttr_s(ctx, type, name);
    HPy_Close(ctx, type);
    return result;
}
`,
  ),
  pure(
    "hpyx_not",
    {},
    `/* PyObject_Not: 1, 0, or -1 with an exception. */
static int
hpyx_not(HPyContext *ctx, HPy object)
{
    int truth = HPy_IsTrue(ctx, object);
    return truth < 0 ? -1 : !truth;
}
`,
  ),
  pure(
    "hpyx_exception_class_check",
    {},
    `/* PyExceptionClass_Check: 1 or 0. */
static int
hpyx_exception_class_check(HPyContext *ctx, HPy object)
{
    return HPy_TypeCheck(ctx, object, ctx->h_TypeType) && HPyType_IsSubtype(ctx, object, ctx->h_BaseException);
}
`,
  ),
  pure(
    "hpyx_exception_attribute",
    {},
    `/* PyException_GetCause and its like: a new handle, or HPy_NULL without an exception where the attribute is None. */
static HPy
hpyx_exception_attribute(HPyContext *ctx, HPy exception, const char *name)
{
    HPy value = HPy_GetAttr_s(ctx, exception, name);
    if (HPy_IsNull(value)) {
        HPyErr_Clear(ctx);
        return HPy_NULL;
    }
    if (HPy_Is(ctx, value, ctx->h_None)) {
        HPy_Close(ctx, value);
        return HPy_NULL;
    }
    return value;
}
`,
  ),
  pure(
    "hpyx_exception_set_attribute",
    {},
    `/* PyException_SetCause and PyException_SetContext without stealing the value; HPy_NULL removes it. */
static void
hpyx_exception_set_attribute(HPyContext *ctx, HPy exception, const char *name, HPy value)
{
    if (HPy_SetAttr_s(ctx, exception, name, HPy_IsNull(value) ? ctx->h_None : value) < 0) {
        HPyErr_Clear(ctx);
    }
}
`,
  ),
  pure(
    "hpyx_mapping_has_key",
    {},
    `/* PyMapping_HasKey: 1, or 0 without an exception. */
static int
hpyx_mapping_has_key(HPyContext *ctx, HPy mapping, HPy key)
{
    HPy value = HPy_GetItem(ctx, mapping, key);
    if (HPy_IsNull(value)) {
        HPyErr_Clear(ctx);
        return 0;
    }
    HPy_Close(ctx, value);
    return 1;
}
`,
  ),
  pure(
    "hpyx_mapping_has_key_s",
    {},
    `/* PyMapping_HasKeyString: 1, or 0 without an exception. */
static int
hpyx_mapping_has_key_s(HPyContext *ctx, HPy mapping, const char *key)
{
    HPy value = HPy_GetItem_s(ctx, mapping, key);
    if (HPy_IsNull(value)) {
        HPyErr_Clear(ctx);
        return 0;
    }
    HPy_Close(ctx, value);
    return 1;
}
`,
  ),
  pure(
    "hpyx_mapping_list",
    {},
    `/* PyMapping_Keys, PyMapping_Values and PyMapping_Items: a new list of what the method of this name answers. */
static HPy
hpyx_mapping_list(HPyContext *ctx, HPy mapping, const char *name)
{
    HPy method = HPy_GetAttr_s(ctx, mapping, name);
    HPy view = HPy_IsNull(method) ? HPy_NULL : HPy_Call(ctx, method, NULL, 0, HPy_NULL);
    HPy result = HPy_IsNull(view) ? HPy_NULL : HPy_Call(ctx, ctx->h_ListType, &view, 1, HPy_NULL);
    HPy_Close(ctx, view);
    HPy_Close(ctx, method);
    return result;
}
`,
  ),
  pure(
    "hpyx_call_iter_new",
    { requires: ["hpyx_call_builtin"] },
    `/* PyCallIter_New. */
static HPy
hpyx_call_iter_new(HPyContext *ctx, HPy callable, HPy sentinel)
{
    HPy args[2] = {callable, sentinel};
    return hpyx_call_builtin(ctx, "iter", args, 2);
}
`,
  ),
  pure(
    "hpyx_slice_new",
    {},
    `/* PySlice_New: HPy_NULL stands for None. */
static HPy
hpyx_slice_new(HPyContext *ctx, HPy start, HPy stop, HPy step)
{
    HPy args[3] = {
        HPy_IsNull(start) ? ctx->h_None : start,
        HPy_IsNull(stop) ? ctx->h_None : stop,
        HPy_IsNull(step) ? ctx->h_None : step,
    };
    return HPy_Call(ctx, ctx->h_SliceType, args, 3, HPy_NULL);
}
`,
  ),
  pure(
    "hpyx_slice_get_indices",
    {},
    `/* PySlice_GetIndicesEx: 0, or -1 with an exception. */
static int
hpyx_slice_get_indices(HPyContext *ctx, HPy slice, HPy_ssize_t length, HPy_ssize_t *start, HPy_ssize_t *stop,
                       HPy_ssize_t *step, HPy_ssize_t *count)
{
    if (HPySlice_Unpack(ctx, slice, start, stop, step) < 0) {
        return -1;
    }
    *count = HPySlice_AdjustIndices(ctx, length, start, stop, *step);
    return 0;
}
`,
  ),
  pure(
    "hpyx_sys_set_object",
    {},
    `/* PySys_SetObject: 0, or -1 with an exception; HPy_NULL deletes the attribute when it is there. */
static int
hpyx_sys_set_object(HPyContext *ctx, const char *name, HPy value)
{
    HPy sys = HPyImport_ImportModule(ctx, "sys");
    int result = -1;
    if (!HPy_IsNull(sys)) {
        result = HPy_IsNull(value) && !HPy_HasAttr_s(ctx, sys, name) ? 0 : HPy_SetAttr_s(ctx, sys, name, value);
    }
    HPy_Close(ctx, sys);
    return result;
}
`,
  ),
  pure(
    "hpyx_compile",
    {},
    `/* Py_CompileString: the kinds of source are 256 for one statement, 257 for a file and 258 for an expression. */
static HPy
hpyx_compile(HPyContext *ctx, const char *source, const char *filename, int start)
{
    HPy_SourceKind kind =
        start == 256 ? HPy_SourceKind_Single : start == 257 ? HPy_SourceKind_File : HPy_SourceKind_Expr;
    return HPy_Compile_s(ctx, source, filename, kind);
}
`,
  ),
  pure(
    "hpyx_run_string",
    { requires: ["hpyx_compile"] },
    `/* PyRun_String, which gives globals without __builtins__ those of the interpreter. */
static HPy
hpyx_run_string(HPyContext *ctx, const char *source, int start, HPy globals, HPy locals)
{
    HPy code = hpyx_compile(ctx, source, "<string>", start);
    HPy name = HPyUnicode_FromString(ctx, "__builtins__");
    HPy result = HPy_NULL;
    int found = HPy_IsNull(code) || HPy_IsNull(name) ? -1 : HPy_Contains(ctx, globals, name);
    if (found > 0 || (found == 0 && HPy_SetItem(ctx, globals, name, ctx->h_Builtins) == 0)) {
        result = HPy_EvalCode(ctx, code, globals, locals);
    }
    HPy_Close(ctx, name);
    HPy_Close(ctx, code);
    return result;
}
`,
  ),
  pure(
    "hpyx_not_repeatable",
    {},
    `/* The TypeError of PySequence_Repeat; always HPy_NULL. */
static HPy
hpyx_not_repeatable(HPyContext *ctx, HPy object)
{
    HPy type = HPy_Type(ctx, object);
    const char *name = HPyType_GetName(ctx, type);
    if (name != NULL) {
        HPyErr_Format(ctx, ctx->h_TypeError, "'%s' object can't be repeated", name);
    }
    HPy_Close(ctx, type);
    return HPy_NULL;
}
`,
  ),
  pure(
    "hpyx_sequence_repeat",
    { requires: ["hpyx_type_has", "hpyx_not_repeatable"] },
    `/* PySequence_Repeat: TypeError for what has no items, such as a number. */
static HPy
hpyx_sequence_repeat(HPyContext *ctx, HPy object, HPy_ssize_t count)
{
    if (!hpyx_type_has(ctx, object, "__getitem__")) {
        return hpyx_not_repeatable(ctx, object);
    }
    HPy number = HPyLong_FromSsize_t(ctx, count);
    HPy result = HPy_IsNull(number) ? HPy_NULL : HPy_Multiply(ctx, object, number);
    HPy_Close(ctx, number);
    return result;
}
`,
  ),
  pure(
    "hpyx_sequence_inplace_repeat",
    { requires: ["hpyx_type_has", "hpyx_not_repeatable"] },
    `/* PySequence_InPlaceRepeat: TypeError for what has no items, such as a number. */
static HPy
hpyx_sequence_inplace_repeat(HPyContext *ctx, HPy object, HPy_ssize_t count)
{
    if (!hpyx_type_has(ctx, object, "__getitem__")) {
        return hpyx_not_repeatable(ctx, object);
    }
    HPy number = HPyLong_FromSsize_t(ctx, count);
    HPy result = HPy_IsNull(number) ? HPy_NULL : HPy_InPlaceMultiply(ctx, object, number);
    HPy_Close(ctx, number);
    return result;
}
`,
  ),
  pure(
    "hpyx_dict_merge",
    { requires: ["hpyx_call_builtin_method", "hpyx_dict_update", "hpyx_mapping_list", "hpyx_truth"] },
    `/* PyDict_Merge: 0, or -1 with an exception. Without override only keys that are missing are added. */
static int
hpyx_dict_merge(HPyContext *ctx, HPy dict, HPy other, int override)
{
    HPy keys;
    HPy_ssize_t i, count;
    int result = 0;
    if (override) {
        return hpyx_dict_update(ctx, dict, other);
    }
    keys = HPyDict_Check(ctx, other) ? HPyDict_Keys(ctx, other) : hpyx_mapping_list(ctx, other, "keys");
    count = HPy_IsNull(keys) ? -1 : HPy_Length(ctx, keys);
    if (count < 0) {
        result = -1;
    }
    for (i = 0; i < count && result == 0; i++) {
        HPy args[3] = {dict, HPy_GetItem_i(ctx, keys, i), HPy_NULL};
        int found = HPy_IsNull(args[1])
                        ? -1
                        : hpyx_truth(ctx, hpyx_call_builtin_method(ctx, "dict", "__contains__", args, 2));
        if (found == 0) {
            args[2] = HPy_GetItem(ctx, other, args[1]);
            HPy stored = HPy_IsNull(args[2]) ? HPy_NULL : hpyx_call_builtin_method(ctx, "dict", "__setitem__", args, 3);
            found = HPy_IsNull(stored) ? -1 : 0;
            HPy_Close(ctx, stored);
        }
        result = found < 0 ? -1 : 0;
        HPy_Close(ctx, args[1]);
        HPy_Close(ctx, args[2]);
    }
    HPy_Close(ctx, keys);
    return result;
}
`,
  ),
  bridged(
    "hpyx_tuple_set_item",
    {},
    `/* PyTuple_SetItem without stealing the item, by the C API: 0, or -1 with an exception. It insists on the only
   reference to the tuple, which is the one that the handle keeps. */
static int
hpyx_tuple_set_item(HPyContext *ctx, HPy tuple, HPy_ssize_t index, HPy item)
{
    PyObject *object = HPy_AsPyObject(ctx, tuple);
    Py_DECREF(object);
    return PyTuple_SetItem(object, index, HPy_AsPyObject(ctx, item));
}
`,
  ),
];
