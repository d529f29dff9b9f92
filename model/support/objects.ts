import { bridged, pure } from "./define.ts";

/** Type tests, attributes and protocols of any object. Facts are from `Objects/object.c` and `Objects/abstract.c` of CPython 3.11. */
export const OBJECT_SUPPORT = [
  pure(
    "hpyx_is_instance",
    { requires: ["hpyx_call_builtin", "hpyx_truth"] },
    `/* PyObject_IsInstance: 1, 0, or -1 with an exception. HPy_TypeCheck would ignore __instancecheck__ and tuples. */
static int
hpyx_is_instance(HPyContext *ctx, HPy object, HPy type)
{
    HPy args[2] = {object, type};
    return hpyx_truth(ctx, hpyx_call_builtin(ctx, "isinstance", args, 2));
}
`,
  ),
  pure(
    "hpyx_is_subclass",
    { requires: ["hpyx_call_builtin", "hpyx_truth"] },
    `/* PyObject_IsSubclass: 1, 0, or -1 with an exception. */
static int
hpyx_is_subclass(HPyContext *ctx, HPy derived, HPy type)
{
    HPy args[2] = {derived, type};
    return hpyx_truth(ctx, hpyx_call_builtin(ctx, "issubclass", args, 2));
}
`,
  ),
  pure(
    "hpyx_id",
    { requires: ["hpyx_call_builtin"] },
    `/* PyLong_FromVoidPtr on an object: the number that \`id\` answers. */
static HPy
hpyx_id(HPyContext *ctx, HPy object)
{
    return hpyx_call_builtin(ctx, "id", &object, 1);
}
`,
  ),
  pure(
    "hpyx_check_exact",
    {},
    `/* Whether the type of an object is exactly this one, as the Py..._CheckExact macros tell: 1 or 0. */
static int
hpyx_check_exact(HPyContext *ctx, HPy object, HPy type)
{
    HPy actual = HPy_Type(ctx, object);
    int same = HPy_Is(ctx, actual, type);
    HPy_Close(ctx, actual);
    return same;
}
`,
  ),
  pure(
    "hpyx_load_field",
    {},
    `/* The object in a field as a new handle, or HPy_NULL for an empty field, which HPyField_Load cannot load. */
static HPy
hpyx_load_field(HPyContext *ctx, HPy owner, HPyField field)
{
    return HPyField_IsNull(field) ? HPy_NULL : HPyField_Load(ctx, owner, field);
}
`,
  ),
  pure(
    "hpyx_field_is",
    {},
    `/* Whether a field holds this very object: 1 or 0. */
static int
hpyx_field_is(HPyContext *ctx, HPy owner, HPyField field, HPy object)
{
    if (HPyField_IsNull(field)) {
        return 0;
    }
    HPy value = HPyField_Load(ctx, owner, field);
    int same = HPy_Is(ctx, value, object);
    HPy_Close(ctx, value);
    return same;
}
`,
  ),
  pure(
    "hpyx_type_check_builtin",
    {},
    `/* Whether an object is an instance of a type of the builtins that the context does not hold, such as "set", as
   PySet_Check and its like tell: 1 or 0. */
static int
hpyx_type_check_builtin(HPyContext *ctx, HPy object, const char *type_name)
{
    HPy type = HPy_GetItem_s(ctx, ctx->h_Builtins, type_name);
    if (HPy_IsNull(type)) {
        HPyErr_Clear(ctx);
        return 0;
    }
    int matches = HPy_TypeCheck(ctx, object, type);
    HPy_Close(ctx, type);
    return matches;
}
`,
  ),
  pure(
    "hpyx_check_exact_builtin",
    { requires: ["hpyx_check_exact"] },
    `/* Whether the type of an object is exactly a type of the builtins, such as "dict", as PyDict_CheckExact and its like
   tell: 1 or 0. */
static int
hpyx_check_exact_builtin(HPyContext *ctx, HPy object, const char *type_name)
{
    HPy type = HPy_GetItem_s(ctx, ctx->h_Builtins, type_name);
    if (HPy_IsNull(type)) {
        HPyErr_Clear(ctx);
        return 0;
    }
    int same = hpyx_check_exact(ctx, object, type);
    HPy_Close(ctx, type);
    return same;
}
`,
  ),
  pure(
    "hpyx_lookup_attr",
    {},
    `/* An attribute that may be missing (_PyObject_LookupAttr, PyObject_GetOptionalAttr): 1 with a new handle, 0 with
   HPy_NULL and no exception, or -1 with any exception other than AttributeError. */
static int
hpyx_lookup_attr(HPyContext *ctx, HPy object, HPy name, HPy *value)
{
    *value = HPy_GetAttr(ctx, object, name);
    if (!HPy_IsNull(*value)) {
        return 1;
    }
    if (!HPyErr_ExceptionMatches(ctx, ctx->h_AttributeError)) {
        return -1;
    }
    HPyErr_Clear(ctx);
    return 0;
}
`,
  ),
  pure(
    "hpyx_get_attr_or_default",
    {},
    `/* getattr with a default: a new handle, or HPy_NULL with any exception other than AttributeError. */
static HPy
hpyx_get_attr_or_default(HPyContext *ctx, HPy object, const char *name, HPy value)
{
    HPy result = HPy_GetAttr_s(ctx, object, name);
    if (HPy_IsNull(result) && HPyErr_ExceptionMatches(ctx, ctx->h_AttributeError)) {
        HPyErr_Clear(ctx);
        return HPy_Dup(ctx, value);
    }
    return result;
}
`,
  ),
  pure(
    "hpyx_generic_get_attr",
    { requires: ["hpyx_call_type_method"] },
    `/* PyObject_GenericGetAttr. */
static HPy
hpyx_generic_get_attr(HPyContext *ctx, HPy object, HPy name)
{
    HPy args[2] = {object, name};
    return hpyx_call_type_method(ctx, ctx->h_BaseObjectType, "__getattribute__", args, 2);
}
`,
  ),
  pure(
    "hpyx_dir",
    { requires: ["hpyx_call_builtin"] },
    `/* PyObject_Dir for an object that is not NULL. */
static HPy
hpyx_dir(HPyContext *ctx, HPy object)
{
    return hpyx_call_builtin(ctx, "dir", &object, 1);
}
`,
  ),
  pure(
    "hpyx_format",
    { requires: ["hpyx_call_builtin"] },
    `/* PyObject_Format: the specification is a str or HPy_NULL. */
static HPy
hpyx_format(HPyContext *ctx, HPy object, HPy specification)
{
    HPy args[2] = {object, specification};
    if (!HPy_IsNull(specification) && !HPyUnicode_Check(ctx, specification)) {
        HPyErr_SetString(ctx, ctx->h_SystemError, "Format specifier must be a string");
        return HPy_NULL;
    }
    return hpyx_call_builtin(ctx, "format", args, HPy_IsNull(specification) ? 1 : 2);
}
`,
  ),
  pure(
    "hpyx_get_iter",
    { requires: ["hpyx_call_builtin"] },
    `/* PyObject_GetIter. */
static HPy
hpyx_get_iter(HPyContext *ctx, HPy object)
{
    return hpyx_call_builtin(ctx, "iter", &object, 1);
}
`,
  ),
  pure(
    "hpyx_iter_next",
    { requires: ["hpyx_call_builtin"] },
    `/* PyIter_Next: a new handle, or HPy_NULL; at the end of the iteration no exception is set. */
static HPy
hpyx_iter_next(HPyContext *ctx, HPy iterator)
{
    HPy item = hpyx_call_builtin(ctx, "next", &iterator, 1);
    if (HPy_IsNull(item) && HPyErr_ExceptionMatches(ctx, ctx->h_StopIteration)) {
        HPyErr_Clear(ctx);
    }
    return item;
}
`,
  ),
  bridged(
    "hpyx_iter_check",
    {},
    `/* PyIter_Check, by the C API: HPy cannot look at slots. */
static int
hpyx_iter_check(HPyContext *ctx, HPy object)
{
    PyObject *legacy = HPy_AsPyObject(ctx, object);
    int result = PyIter_Check(legacy);
    Py_DECREF(legacy);
    return result;
}
`,
  ),
  bridged(
    "hpyx_sequence_check",
    {},
    `/* PySequence_Check, by the C API: HPy cannot look at slots. */
static int
hpyx_sequence_check(HPyContext *ctx, HPy object)
{
    PyObject *legacy = HPy_AsPyObject(ctx, object);
    int result = PySequence_Check(legacy);
    Py_DECREF(legacy);
    return result;
}
`,
  ),
  bridged(
    "hpyx_mapping_check",
    {},
    `/* PyMapping_Check, by the C API: HPy cannot look at slots. */
static int
hpyx_mapping_check(HPyContext *ctx, HPy object)
{
    PyObject *legacy = HPy_AsPyObject(ctx, object);
    int result = PyMapping_Check(legacy);
    Py_DECREF(legacy);
    return result;
}
`,
  ),
  bridged(
    "hpyx_index_check",
    {},
    `/* PyIndex_Check, by the C API: HPy cannot look at slots. */
static int
hpyx_index_check(HPyContext *ctx, HPy object)
{
    PyObject *legacy = HPy_AsPyObject(ctx, object);
    int result = PyIndex_Check(legacy);
    Py_DECREF(legacy);
    return result;
}
`,
  ),
  bridged(
    "hpyx_check_buffer",
    {},
    `/* PyObject_CheckBuffer, by the C API: HPy cannot read buffers. */
static int
hpyx_check_buffer(HPyContext *ctx, HPy object)
{
    PyObject *legacy = HPy_AsPyObject(ctx, object);
    int result = PyObject_CheckBuffer(legacy);
    Py_DECREF(legacy);
    return result;
}
`,
  ),
  bridged(
    "hpyx_get_buffer",
    {},
    `/* PyObject_GetBuffer, by the C API: 0, or -1 with an exception. The view has a reference of its own, which
   PyBuffer_Release gives up. */
static int
hpyx_get_buffer(HPyContext *ctx, HPy object, Py_buffer *view, int flags)
{
    PyObject *legacy = HPy_AsPyObject(ctx, object);
    int result = legacy == NULL ? -1 : PyObject_GetBuffer(legacy, view, flags);
    Py_XDECREF(legacy);
    return result;
}
`,
  ),
];
