import { bridged, pure } from "./define.ts";

/**
 * Lists, tuples, bytes and sequences. The functions of the C API work on the list or tuple itself and pass by what a
 * subclass overrides; so do these. Facts are from `Objects/listobject.c`, `tupleobject.c` and `abstract.c` of CPython 3.11.
 */
export const SEQUENCE_SUPPORT = [
  pure(
    "hpyx_item_of",
    { requires: ["hpyx_call_type_method", "hpyx_check_exact"] },
    `/* An item by an index that is not negative, as the type itself defines it. */
static HPy
hpyx_item_of(HPyContext *ctx, HPy object, HPy type, HPy_ssize_t index)
{
    HPy args[2] = {object, HPy_NULL};
    if (hpyx_check_exact(ctx, object, type)) {
        return HPy_GetItem_i(ctx, object, index);
    }
    args[1] = HPyLong_FromSsize_t(ctx, index);
    if (HPy_IsNull(args[1])) {
        return HPy_NULL;
    }
    HPy result = hpyx_call_type_method(ctx, type, "__getitem__", args, 2);
    HPy_Close(ctx, args[1]);
    return result;
}
`,
  ),
  pure(
    "hpyx_list_get_item",
    { requires: ["hpyx_item_of"] },
    `/* PyList_GetItem: a new handle where the C API lends one. A negative index is out of range. */
static HPy
hpyx_list_get_item(HPyContext *ctx, HPy list, HPy_ssize_t index)
{
    if (!HPyList_Check(ctx, list)) {
        HPyErr_SetString(ctx, ctx->h_SystemError, "bad argument to internal function");
        return HPy_NULL;
    }
    if (index < 0) {
        HPyErr_SetString(ctx, ctx->h_IndexError, "list index out of range");
        return HPy_NULL;
    }
    return hpyx_item_of(ctx, list, ctx->h_ListType, index);
}
`,
  ),
  pure(
    "hpyx_tuple_get_item",
    { requires: ["hpyx_item_of"] },
    `/* PyTuple_GetItem: a new handle where the C API lends one. A negative index is out of range. */
static HPy
hpyx_tuple_get_item(HPyContext *ctx, HPy tuple, HPy_ssize_t index)
{
    if (!HPyTuple_Check(ctx, tuple)) {
        HPyErr_SetString(ctx, ctx->h_SystemError, "bad argument to internal function");
        return HPy_NULL;
    }
    if (index < 0) {
        HPyErr_SetString(ctx, ctx->h_IndexError, "tuple index out of range");
        return HPy_NULL;
    }
    return hpyx_item_of(ctx, tuple, ctx->h_TupleType, index);
}
`,
  ),
  pure(
    "hpyx_list_set_item",
    { requires: ["hpyx_call_type_method", "hpyx_done"] },
    `/* PyList_SetItem without stealing the item: 0, or -1 with an exception. A negative index is out of range. */
static int
hpyx_list_set_item(HPyContext *ctx, HPy list, HPy_ssize_t index, HPy item)
{
    if (!HPyList_Check(ctx, list)) {
        HPyErr_SetString(ctx, ctx->h_SystemError, "bad argument to internal function");
        return -1;
    }
    if (index < 0) {
        HPyErr_SetString(ctx, ctx->h_IndexError, "list assignment index out of range");
        return -1;
    }
    HPy args[3] = {list, HPyLong_FromSsize_t(ctx, index), item};
    if (HPy_IsNull(args[1])) {
        return -1;
    }
    int result = hpyx_done(ctx, hpyx_call_type_method(ctx, ctx->h_ListType, "__setitem__", args, 3));
    HPy_Close(ctx, args[1]);
    return result;
}
`,
  ),
  pure(
    "hpyx_list_insert",
    { requires: ["hpyx_call_type_method", "hpyx_done"] },
    `/* PyList_Insert: 0, or -1 with an exception. */
static int
hpyx_list_insert(HPyContext *ctx, HPy list, HPy_ssize_t index, HPy item)
{
    HPy args[3] = {list, HPyLong_FromSsize_t(ctx, index), item};
    if (!HPyList_Check(ctx, list)) {
        HPyErr_SetString(ctx, ctx->h_SystemError, "bad argument to internal function");
        HPy_Close(ctx, args[1]);
        return -1;
    }
    if (HPy_IsNull(args[1])) {
        return -1;
    }
    int result = hpyx_done(ctx, hpyx_call_type_method(ctx, ctx->h_ListType, "insert", args, 3));
    HPy_Close(ctx, args[1]);
    return result;
}
`,
  ),
  pure(
    "hpyx_list_sort",
    { requires: ["hpyx_call_type_method", "hpyx_done"] },
    `/* PyList_Sort: 0, or -1 with an exception. */
static int
hpyx_list_sort(HPyContext *ctx, HPy list)
{
    if (!HPyList_Check(ctx, list)) {
        HPyErr_SetString(ctx, ctx->h_SystemError, "bad argument to internal function");
        return -1;
    }
    return hpyx_done(ctx, hpyx_call_type_method(ctx, ctx->h_ListType, "sort", &list, 1));
}
`,
  ),
  pure(
    "hpyx_list_reverse",
    { requires: ["hpyx_call_type_method", "hpyx_done"] },
    `/* PyList_Reverse: 0, or -1 with an exception. */
static int
hpyx_list_reverse(HPyContext *ctx, HPy list)
{
    if (!HPyList_Check(ctx, list)) {
        HPyErr_SetString(ctx, ctx->h_SystemError, "bad argument to internal function");
        return -1;
    }
    return hpyx_done(ctx, hpyx_call_type_method(ctx, ctx->h_ListType, "reverse", &list, 1));
}
`,
  ),
  pure(
    "hpyx_list_as_tuple",
    { requires: ["hpyx_slice_of"] },
    `/* PyList_AsTuple. */
static HPy
hpyx_list_as_tuple(HPyContext *ctx, HPy list)
{
    if (HPy_IsNull(list) || !HPyList_Check(ctx, list)) {
        HPyErr_SetString(ctx, ctx->h_SystemError, "bad argument to internal function");
        return HPy_NULL;
    }
    HPy plain = hpyx_slice_of(ctx, list, ctx->h_ListType, 0, HPY_SSIZE_T_MAX);
    HPy result = HPy_IsNull(plain) ? HPy_NULL : HPy_Call(ctx, ctx->h_TupleType, &plain, 1, HPy_NULL);
    HPy_Close(ctx, plain);
    return result;
}
`,
  ),
  pure(
    "hpyx_slice",
    {},
    `/* slice(low, high). */
static HPy
hpyx_slice(HPyContext *ctx, HPy_ssize_t low, HPy_ssize_t high)
{
    HPy bounds[2] = {HPyLong_FromSsize_t(ctx, low), HPyLong_FromSsize_t(ctx, high)};
    HPy result = HPy_NULL;
    if (!HPy_IsNull(bounds[0]) && !HPy_IsNull(bounds[1])) {
        result = HPy_Call(ctx, ctx->h_SliceType, bounds, 2, HPy_NULL);
    }
    HPy_Close(ctx, bounds[0]);
    HPy_Close(ctx, bounds[1]);
    return result;
}
`,
  ),
  pure(
    "hpyx_slice_of",
    { requires: ["hpyx_call_type_method", "hpyx_slice"] },
    `/* A slice of a list or tuple as the type itself makes it; bounds below zero count as zero. */
static HPy
hpyx_slice_of(HPyContext *ctx, HPy object, HPy type, HPy_ssize_t low, HPy_ssize_t high)
{
    HPy args[2] = {object, hpyx_slice(ctx, low < 0 ? 0 : low, high < 0 ? 0 : high)};
    if (HPy_IsNull(args[1])) {
        return HPy_NULL;
    }
    HPy result = hpyx_call_type_method(ctx, type, "__getitem__", args, 2);
    HPy_Close(ctx, args[1]);
    return result;
}
`,
  ),
  pure(
    "hpyx_list_get_slice",
    { requires: ["hpyx_slice_of"] },
    `/* PyList_GetSlice: bounds do not count from the end. */
static HPy
hpyx_list_get_slice(HPyContext *ctx, HPy list, HPy_ssize_t low, HPy_ssize_t high)
{
    if (!HPyList_Check(ctx, list)) {
        HPyErr_SetString(ctx, ctx->h_SystemError, "bad argument to internal function");
        return HPy_NULL;
    }
    return hpyx_slice_of(ctx, list, ctx->h_ListType, low, high);
}
`,
  ),
  pure(
    "hpyx_tuple_get_slice",
    { requires: ["hpyx_slice_of"] },
    `/* PyTuple_GetSlice: bounds do not count from the end. */
static HPy
hpyx_tuple_get_slice(HPyContext *ctx, HPy tuple, HPy_ssize_t low, HPy_ssize_t high)
{
    if (HPy_IsNull(tuple) || !HPyTuple_Check(ctx, tuple)) {
        HPyErr_SetString(ctx, ctx->h_SystemError, "bad argument to internal function");
        return HPy_NULL;
    }
    return hpyx_slice_of(ctx, tuple, ctx->h_TupleType, low, high);
}
`,
  ),
  pure(
    "hpyx_list_set_slice",
    { requires: ["hpyx_call_type_method", "hpyx_done", "hpyx_slice"] },
    `/* PyList_SetSlice: bounds do not count from the end, and HPy_NULL deletes. 0, or -1 with an exception. */
static int
hpyx_list_set_slice(HPyContext *ctx, HPy list, HPy_ssize_t low, HPy_ssize_t high, HPy items)
{
    if (!HPyList_Check(ctx, list)) {
        HPyErr_SetString(ctx, ctx->h_SystemError, "bad argument to internal function");
        return -1;
    }
    HPy args[3] = {list, hpyx_slice(ctx, low < 0 ? 0 : low, high < 0 ? 0 : high), items};
    if (HPy_IsNull(args[1])) {
        return -1;
    }
    HPy done = HPy_IsNull(items) ? hpyx_call_type_method(ctx, ctx->h_ListType, "__delitem__", args, 2)
                                 : hpyx_call_type_method(ctx, ctx->h_ListType, "__setitem__", args, 3);
    HPy_Close(ctx, args[1]);
    return hpyx_done(ctx, done);
}
`,
  ),
  pure(
    "hpyx_sequence_get_slice",
    { requires: ["hpyx_slice"] },
    `/* PySequence_GetSlice. */
static HPy
hpyx_sequence_get_slice(HPyContext *ctx, HPy object, HPy_ssize_t low, HPy_ssize_t high)
{
    HPy slice = hpyx_slice(ctx, low, high);
    HPy result = HPy_IsNull(slice) ? HPy_NULL : HPy_GetItem(ctx, object, slice);
    HPy_Close(ctx, slice);
    return result;
}
`,
  ),
  pure(
    "hpyx_sequence_set_slice",
    { requires: ["hpyx_slice"] },
    `/* PySequence_SetSlice: 0, or -1 with an exception. */
static int
hpyx_sequence_set_slice(HPyContext *ctx, HPy object, HPy_ssize_t low, HPy_ssize_t high, HPy items)
{
    HPy slice = hpyx_slice(ctx, low, high);
    int result = HPy_IsNull(slice) ? -1 : HPy_SetItem(ctx, object, slice, items);
    HPy_Close(ctx, slice);
    return result;
}
`,
  ),
  pure(
    "hpyx_sequence_del_slice",
    { requires: ["hpyx_slice"] },
    `/* PySequence_DelSlice: 0, or -1 with an exception. */
static int
hpyx_sequence_del_slice(HPyContext *ctx, HPy object, HPy_ssize_t low, HPy_ssize_t high)
{
    HPy slice = hpyx_slice(ctx, low, high);
    int result = HPy_IsNull(slice) ? -1 : HPy_DelItem(ctx, object, slice);
    HPy_Close(ctx, slice);
    return result;
}
`,
  ),
  pure(
    "hpyx_sequence_list",
    {},
    `/* PySequence_List: a new list of the items of an iterable. */
static HPy
hpyx_sequence_list(HPyContext *ctx, HPy iterable)
{
    return HPy_Call(ctx, ctx->h_ListType, &iterable, 1, HPy_NULL);
}
`,
  ),
  pure(
    "hpyx_sequence_tuple",
    {},
    `/* PySequence_Tuple: a tuple of the items of an iterable. */
static HPy
hpyx_sequence_tuple(HPyContext *ctx, HPy iterable)
{
    return HPy_Call(ctx, ctx->h_TupleType, &iterable, 1, HPy_NULL);
}
`,
  ),
  pure(
    "hpyx_sequence_fast",
    { requires: ["hpyx_check_exact", "hpyx_get_iter"] },
    `/* PySequence_Fast: a list or tuple as it is, or the items of an iterable as a new list; the message is for objects
   that are not iterable. */
static HPy
hpyx_sequence_fast(HPyContext *ctx, HPy object, const char *message)
{
    if (hpyx_check_exact(ctx, object, ctx->h_ListType) || hpyx_check_exact(ctx, object, ctx->h_TupleType)) {
        return HPy_Dup(ctx, object);
    }
    HPy iterator = hpyx_get_iter(ctx, object);
    if (HPy_IsNull(iterator)) {
        if (HPyErr_ExceptionMatches(ctx, ctx->h_TypeError)) {
            HPyErr_SetString(ctx, ctx->h_TypeError, message);
        }
        return HPy_NULL;
    }
    HPy result = HPy_Call(ctx, ctx->h_ListType, &iterator, 1, HPy_NULL);
    HPy_Close(ctx, iterator);
    return result;
}
`,
  ),
  pure(
    "hpyx_call_operator",
    { requires: ["hpyx_import_attr"] },
    `/* Calls a function of the module operator, whose functions on sequences are those of the C API. */
static HPy
hpyx_call_operator(HPyContext *ctx, const char *name, HPy left, HPy right)
{
    HPy args[2] = {left, right};
    HPy function = hpyx_import_attr(ctx, "operator", name);
    HPy result = HPy_IsNull(function) ? HPy_NULL : HPy_Call(ctx, function, args, 2, HPy_NULL);
    HPy_Close(ctx, function);
    return result;
}
`,
  ),
  pure(
    "hpyx_sequence_concat",
    { requires: ["hpyx_call_operator"] },
    `/* PySequence_Concat. */
static HPy
hpyx_sequence_concat(HPyContext *ctx, HPy left, HPy right)
{
    return hpyx_call_operator(ctx, "concat", left, right);
}
`,
  ),
  pure(
    "hpyx_sequence_count",
    { requires: ["hpyx_call_operator"] },
    `/* PySequence_Count: -1 with an exception. */
static HPy_ssize_t
hpyx_sequence_count(HPyContext *ctx, HPy object, HPy value)
{
    HPy count = hpyx_call_operator(ctx, "countOf", object, value);
    HPy_ssize_t result = HPy_IsNull(count) ? -1 : HPyLong_AsSsize_t(ctx, count);
    HPy_Close(ctx, count);
    return result;
}
`,
  ),
  pure(
    "hpyx_sequence_index",
    { requires: ["hpyx_call_operator"] },
    `/* PySequence_Index: -1 with an exception, ValueError when the value is not there. */
static HPy_ssize_t
hpyx_sequence_index(HPyContext *ctx, HPy object, HPy value)
{
    HPy index = hpyx_call_operator(ctx, "indexOf", object, value);
    HPy_ssize_t result = HPy_IsNull(index) ? -1 : HPyLong_AsSsize_t(ctx, index);
    HPy_Close(ctx, index);
    return result;
}
`,
  ),
  pure(
    "hpyx_bytearray_from_object",
    { requires: ["hpyx_call_builtin"] },
    `/* PyByteArray_FromObject. */
static HPy
hpyx_bytearray_from_object(HPyContext *ctx, HPy object)
{
    return hpyx_call_builtin(ctx, "bytearray", &object, 1);
}
`,
  ),
  pure(
    "hpyx_bytearray_from_string_and_size",
    { requires: ["hpyx_call_builtin"] },
    `/* PyByteArray_FromStringAndSize for data that is not NULL. */
static HPy
hpyx_bytearray_from_string_and_size(HPyContext *ctx, const char *data, HPy_ssize_t size)
{
    if (size < 0) {
        HPyErr_SetString(ctx, ctx->h_SystemError, "Negative size passed to PyByteArray_FromStringAndSize");
        return HPy_NULL;
    }
    HPy bytes = HPyBytes_FromStringAndSize(ctx, data, size);
    HPy result = HPy_IsNull(bytes) ? HPy_NULL : hpyx_call_builtin(ctx, "bytearray", &bytes, 1);
    HPy_Close(ctx, bytes);
    return result;
}
`,
  ),
  bridged(
    "hpyx_bytes_from_size",
    {},
    `/* PyBytes_FromStringAndSize(NULL, size), by the C API: bytes to be filled before anything else sees them, at *data. */
static HPy
hpyx_bytes_from_size(HPyContext *ctx, HPy_ssize_t size, char **data)
{
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, size);
    HPy result = HPy_FromPyObject(ctx, bytes);
    *data = bytes == NULL ? NULL : PyBytes_AS_STRING(bytes);
    Py_XDECREF(bytes);
    return result;
}
`,
  ),
];
