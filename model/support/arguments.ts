import type { SupportFunction } from "../support.ts";

/**
 * Conversions of one argument each, for units that `HPyArg_Parse` lacks or converts differently. Each answers 1, or 0
 * with an exception; a missing optional argument is HPy_NULL and leaves the output untouched. Facts are from
 * `Python/getargs.c` of CPython 3.11.
 */
export const ARGUMENT_SUPPORT: readonly SupportFunction[] = [
  {
    name: "hpyx_arg_error",
    requires: [],
    includes: [],
    bridged: false,
    code: `/* Raises the TypeError of PyArg_Parse for an argument of a wrong type; always 0. */
static int
hpyx_arg_error(HPyContext *ctx, HPy arg, const char *label, const char *expected)
{
    HPy type = HPy_Type(ctx, arg);
    const char *actual = "None";
    if (!HPy_Is(ctx, arg, ctx->h_None)) {
        actual = HPyType_GetName(ctx, type);
    }
    if (actual != NULL) {
        HPyErr_Format(ctx, ctx->h_TypeError, "%s must be %s, not %s", label, expected, actual);
    }
    HPy_Close(ctx, type);
    return 0;
}
`,
  },
  {
    name: "hpyx_arg_is_instance",
    requires: ["hpyx_arg_error"],
    includes: [],
    bridged: false,
    code: `/* Unit "O!" of PyArg_Parse: tests for an instance of a type or of a subtype. */
static int
hpyx_arg_is_instance(HPyContext *ctx, HPy arg, const char *label, HPy type)
{
    if (HPy_TypeCheck(ctx, arg, type)) {
        return 1;
    }
    const char *expected = HPyType_GetName(ctx, type);
    return expected == NULL ? 0 : hpyx_arg_error(ctx, arg, label, expected);
}
`,
  },
  {
    name: "hpyx_arg_is_str",
    requires: ["hpyx_arg_error"],
    includes: [],
    bridged: false,
    code: `/* Unit "U" of PyArg_Parse: tests for a str. */
static int
hpyx_arg_is_str(HPyContext *ctx, HPy arg, const char *label)
{
    return HPyUnicode_Check(ctx, arg) ? 1 : hpyx_arg_error(ctx, arg, label, "str");
}
`,
  },
  {
    name: "hpyx_arg_is_bytes",
    requires: ["hpyx_arg_error"],
    includes: [],
    bridged: false,
    code: `/* Unit "S" of PyArg_Parse: tests for a bytes object. */
static int
hpyx_arg_is_bytes(HPyContext *ctx, HPy arg, const char *label)
{
    return HPyBytes_Check(ctx, arg) ? 1 : hpyx_arg_error(ctx, arg, label, "bytes");
}
`,
  },
  {
    name: "hpyx_arg_is_bytearray",
    requires: ["hpyx_arg_error"],
    includes: [],
    bridged: false,
    code: `/* Unit "Y" of PyArg_Parse: tests for a bytearray. */
static int
hpyx_arg_is_bytearray(HPyContext *ctx, HPy arg, const char *label)
{
    HPy type = HPy_GetItem_s(ctx, ctx->h_Builtins, "bytearray");
    if (HPy_IsNull(type)) {
        return 0;
    }
    int matches = HPy_TypeCheck(ctx, arg, type);
    HPy_Close(ctx, type);
    return matches ? 1 : hpyx_arg_error(ctx, arg, label, "bytearray");
}
`,
  },
  {
    name: "hpyx_arg_instance",
    requires: ["hpyx_arg_is_instance"],
    includes: [],
    bridged: false,
    code: `/* Unit "O!" of PyArg_Parse for an argument that may be missing. The result is an alias. */
static int
hpyx_arg_instance(HPyContext *ctx, HPy arg, const char *label, HPy type, HPy *value)
{
    if (HPy_IsNull(arg)) {
        return 1;
    }
    if (!hpyx_arg_is_instance(ctx, arg, label, type)) {
        return 0;
    }
    *value = arg;
    return 1;
}
`,
  },
  {
    name: "hpyx_arg_unicode",
    requires: ["hpyx_arg_is_str"],
    includes: [],
    bridged: false,
    code: `/* Unit "U" of PyArg_Parse for an argument that may be missing. The result is an alias. */
static int
hpyx_arg_unicode(HPyContext *ctx, HPy arg, const char *label, HPy *value)
{
    if (HPy_IsNull(arg)) {
        return 1;
    }
    if (!hpyx_arg_is_str(ctx, arg, label)) {
        return 0;
    }
    *value = arg;
    return 1;
}
`,
  },
  {
    name: "hpyx_arg_bytes_object",
    requires: ["hpyx_arg_is_bytes"],
    includes: [],
    bridged: false,
    code: `/* Unit "S" of PyArg_Parse for an argument that may be missing. The result is an alias. */
static int
hpyx_arg_bytes_object(HPyContext *ctx, HPy arg, const char *label, HPy *value)
{
    if (HPy_IsNull(arg)) {
        return 1;
    }
    if (!hpyx_arg_is_bytes(ctx, arg, label)) {
        return 0;
    }
    *value = arg;
    return 1;
}
`,
  },
  {
    name: "hpyx_arg_bytearray",
    requires: ["hpyx_arg_is_bytearray"],
    includes: [],
    bridged: false,
    code: `/* Unit "Y" of PyArg_Parse for an argument that may be missing. The result is an alias. */
static int
hpyx_arg_bytearray(HPyContext *ctx, HPy arg, const char *label, HPy *value)
{
    if (HPy_IsNull(arg)) {
        return 1;
    }
    if (!hpyx_arg_is_bytearray(ctx, arg, label)) {
        return 0;
    }
    *value = arg;
    return 1;
}
`,
  },
  {
    name: "hpyx_arg_str",
    requires: ["hpyx_arg_error"],
    includes: ["<string.h>"],
    bridged: false,
    code: `/* Unit "s" of PyArg_Parse: a str without NUL, as UTF-8 that lives as long as the argument. HPyArg_Parse raises
   SystemError for lone surrogates and crashes when the argument is optional and missing. */
static int
hpyx_arg_str(HPyContext *ctx, HPy arg, const char *label, const char **value)
{
    if (HPy_IsNull(arg)) {
        return 1;
    }
    if (!HPyUnicode_Check(ctx, arg)) {
        return hpyx_arg_error(ctx, arg, label, "str");
    }
    HPy_ssize_t size;
    const char *text = HPyUnicode_AsUTF8AndSize(ctx, arg, &size);
    if (text == NULL) {
        return 0;
    }
    if (strlen(text) != (size_t)size) {
        HPyErr_SetString(ctx, ctx->h_ValueError, "embedded null character");
        return 0;
    }
    *value = text;
    return 1;
}
`,
  },
  {
    name: "hpyx_arg_str_or_none",
    requires: ["hpyx_arg_error", "hpyx_arg_str"],
    includes: [],
    bridged: false,
    code: `/* Unit "z" of PyArg_Parse: like "s", and None gives NULL. */
static int
hpyx_arg_str_or_none(HPyContext *ctx, HPy arg, const char *label, const char **value)
{
    if (HPy_IsNull(arg)) {
        return 1;
    }
    if (HPy_Is(ctx, arg, ctx->h_None)) {
        *value = NULL;
        return 1;
    }
    if (!HPyUnicode_Check(ctx, arg)) {
        return hpyx_arg_error(ctx, arg, label, "str or None");
    }
    return hpyx_arg_str(ctx, arg, label, value);
}
`,
  },
  {
    name: "hpyx_arg_bytes",
    requires: ["hpyx_arg_error"],
    includes: [],
    bridged: false,
    code: `/* Unit "y#" of PyArg_Parse: the content of a bytes object, which lives as long as the argument. */
static int
hpyx_arg_bytes(HPyContext *ctx, HPy arg, const char *label, const char **value, HPy_ssize_t *size)
{
    if (HPy_IsNull(arg)) {
        return 1;
    }
    if (!HPyBytes_Check(ctx, arg)) {
        return hpyx_arg_error(ctx, arg, label, "read-only bytes-like object");
    }
    *value = HPyBytes_AsString(ctx, arg);
    *size = HPyBytes_Size(ctx, arg);
    return *value != NULL && *size >= 0;
}
`,
  },
  {
    name: "hpyx_arg_bytes_string",
    requires: ["hpyx_arg_error"],
    includes: ["<string.h>"],
    bridged: false,
    code: `/* Unit "y" of PyArg_Parse: like "y#", but without NUL bytes. */
static int
hpyx_arg_bytes_string(HPyContext *ctx, HPy arg, const char *label, const char **value)
{
    if (HPy_IsNull(arg)) {
        return 1;
    }
    if (!HPyBytes_Check(ctx, arg)) {
        return hpyx_arg_error(ctx, arg, label, "read-only bytes-like object");
    }
    const char *bytes = HPyBytes_AsString(ctx, arg);
    if (bytes == NULL) {
        return 0;
    }
    if (strlen(bytes) != (size_t)HPyBytes_Size(ctx, arg)) {
        HPyErr_SetString(ctx, ctx->h_ValueError, "embedded null byte");
        return 0;
    }
    *value = bytes;
    return 1;
}
`,
  },
  {
    name: "hpyx_arg_text",
    requires: ["hpyx_arg_error"],
    includes: [],
    bridged: false,
    code: `/* Unit "s#" of PyArg_Parse: a str as UTF-8, or the content of a bytes object; it lives as long as the argument. */
static int
hpyx_arg_text(HPyContext *ctx, HPy arg, const char *label, const char **value, HPy_ssize_t *size)
{
    if (HPy_IsNull(arg)) {
        return 1;
    }
    if (HPyUnicode_Check(ctx, arg)) {
        const char *text = HPyUnicode_AsUTF8AndSize(ctx, arg, size);
        if (text == NULL) {
            return 0;
        }
        *value = text;
        return 1;
    }
    if (!HPyBytes_Check(ctx, arg)) {
        return hpyx_arg_error(ctx, arg, label, "str or read-only bytes-like object");
    }
    *value = HPyBytes_AsString(ctx, arg);
    *size = HPyBytes_Size(ctx, arg);
    return *value != NULL && *size >= 0;
}
`,
  },
  {
    name: "hpyx_arg_text_or_none",
    requires: ["hpyx_arg_error", "hpyx_arg_text"],
    includes: [],
    bridged: false,
    code: `/* Unit "z#" of PyArg_Parse: like "s#", and None gives NULL and 0. */
static int
hpyx_arg_text_or_none(HPyContext *ctx, HPy arg, const char *label, const char **value, HPy_ssize_t *size)
{
    if (HPy_IsNull(arg)) {
        return 1;
    }
    if (HPy_Is(ctx, arg, ctx->h_None)) {
        *value = NULL;
        *size = 0;
        return 1;
    }
    if (!HPyUnicode_Check(ctx, arg) && !HPyBytes_Check(ctx, arg)) {
        return hpyx_arg_error(ctx, arg, label, "str, read-only bytes-like object or None");
    }
    return hpyx_arg_text(ctx, arg, label, value, size);
}
`,
  },
  {
    name: "hpyx_arg_byte",
    requires: ["hpyx_arg_error"],
    includes: [],
    bridged: false,
    code: `/* Unit "c" of PyArg_Parse: a bytes or bytearray of length 1, as a char. */
static int
hpyx_arg_byte(HPyContext *ctx, HPy arg, const char *label, char *value)
{
    if (HPy_IsNull(arg)) {
        return 1;
    }
    if (HPyBytes_Check(ctx, arg)) {
        if (HPyBytes_Size(ctx, arg) == 1) {
            *value = HPyBytes_AsString(ctx, arg)[0];
            return 1;
        }
        return hpyx_arg_error(ctx, arg, label, "a byte string of length 1");
    }
    HPy type = HPy_GetItem_s(ctx, ctx->h_Builtins, "bytearray");
    if (HPy_IsNull(type)) {
        return 0;
    }
    int matches = HPy_TypeCheck(ctx, arg, type);
    HPy_Close(ctx, type);
    if (!matches) {
        return hpyx_arg_error(ctx, arg, label, "a byte string of length 1");
    }
    HPy bytes = HPy_Bytes(ctx, arg);
    if (HPy_IsNull(bytes)) {
        return 0;
    }
    matches = HPyBytes_Size(ctx, bytes) == 1;
    if (matches) {
        *value = HPyBytes_AsString(ctx, bytes)[0];
    }
    HPy_Close(ctx, bytes);
    return matches ? 1 : hpyx_arg_error(ctx, arg, label, "a byte string of length 1");
}
`,
  },
  {
    name: "hpyx_arg_character",
    requires: ["hpyx_arg_error"],
    includes: [],
    bridged: false,
    code: `/* Unit "C" of PyArg_Parse: a str of length 1, as a code point. */
static int
hpyx_arg_character(HPyContext *ctx, HPy arg, const char *label, int *value)
{
    if (HPy_IsNull(arg)) {
        return 1;
    }
    if (!HPyUnicode_Check(ctx, arg)) {
        return hpyx_arg_error(ctx, arg, label, "a unicode character");
    }
    HPy_ssize_t length = HPy_Length(ctx, arg);
    if (length != 1) {
        return length < 0 ? 0 : hpyx_arg_error(ctx, arg, label, "a unicode character");
    }
    *value = (int)HPyUnicode_ReadChar(ctx, arg, 0);
    return 1;
}
`,
  },
  {
    name: "hpyx_arg_bool",
    requires: [],
    includes: [],
    bridged: false,
    code: `/* Unit "p" of PyArg_Parse where the argument is optional: HPyArg_Parse crashes when it is missing. */
static int
hpyx_arg_bool(HPyContext *ctx, HPy arg, const char *label, int *value)
{
    (void)label;
    if (HPy_IsNull(arg)) {
        return 1;
    }
    int truth = HPy_IsTrue(ctx, arg);
    if (truth < 0) {
        return 0;
    }
    *value = truth;
    return 1;
}
`,
  },
  {
    name: "hpyx_arg_ssize",
    requires: [],
    includes: [],
    bridged: false,
    code: `/* Unit "n" of PyArg_Parse: an int or an object with __index__, which HPyArg_Parse rejects. */
static int
hpyx_arg_ssize(HPyContext *ctx, HPy arg, const char *label, HPy_ssize_t *value)
{
    (void)label;
    if (HPy_IsNull(arg)) {
        return 1;
    }
    HPy index = HPy_Index(ctx, arg);
    if (HPy_IsNull(index)) {
        return 0;
    }
    HPy_ssize_t number = HPyLong_AsSsize_t(ctx, index);
    HPy_Close(ctx, index);
    if (number == -1 && HPyErr_Occurred(ctx)) {
        return 0;
    }
    *value = number;
    return 1;
}
`,
  },
  {
    name: "hpyx_arg_ulong",
    requires: ["hpyx_arg_error"],
    includes: [],
    bridged: false,
    code: `/* Unit "k" of PyArg_Parse: an int without overflow check; __index__ is not used, while HPyArg_Parse uses it. */
static int
hpyx_arg_ulong(HPyContext *ctx, HPy arg, const char *label, unsigned long *value)
{
    if (HPy_IsNull(arg)) {
        return 1;
    }
    if (!HPy_TypeCheck(ctx, arg, ctx->h_LongType)) {
        return hpyx_arg_error(ctx, arg, label, "int");
    }
    *value = HPyLong_AsUnsignedLongMask(ctx, arg);
    return 1;
}
`,
  },
  {
    name: "hpyx_arg_ulonglong",
    requires: ["hpyx_arg_error"],
    includes: [],
    bridged: false,
    code: `/* Unit "K" of PyArg_Parse: an int without overflow check; __index__ is not used, while HPyArg_Parse uses it. */
static int
hpyx_arg_ulonglong(HPyContext *ctx, HPy arg, const char *label, unsigned long long *value)
{
    if (HPy_IsNull(arg)) {
        return 1;
    }
    if (!HPy_TypeCheck(ctx, arg, ctx->h_LongType)) {
        return hpyx_arg_error(ctx, arg, label, "int");
    }
    *value = HPyLong_AsUnsignedLongLongMask(ctx, arg);
    return 1;
}
`,
  },
  {
    name: "hpyx_arg_sequence",
    requires: ["hpyx_arg_error"],
    includes: ["<stdio.h>"],
    bridged: false,
    code: `/* The parenthesis of PyArg_Parse: tests for a sequence of a given length. */
static int
hpyx_arg_sequence(HPyContext *ctx, HPy arg, const char *label, size_t count)
{
    char expected[48];
    HPy type = HPy_Type(ctx, arg);
    int indexed = HPy_HasAttr_s(ctx, type, "__getitem__") && !HPyDict_Check(ctx, arg) && !HPyBytes_Check(ctx, arg);
    HPy_Close(ctx, type);
    if (!indexed) {
        snprintf(expected, sizeof(expected), "%d-item sequence", (int)count);
        return hpyx_arg_error(ctx, arg, label, expected);
    }
    HPy_ssize_t length = HPy_Length(ctx, arg);
    if (length < 0) {
        return 0;
    }
    if ((size_t)length != count) {
        HPyErr_Format(ctx, ctx->h_TypeError, "%s must be sequence of length %zd, not %zd", label, (HPy_ssize_t)count,
                      length);
        return 0;
    }
    return 1;
}
`,
  },
  {
    name: "hpyx_arg_items",
    requires: ["hpyx_arg_sequence"],
    includes: [],
    bridged: false,
    code: `/* The parenthesis of PyArg_Parse around numbers: the items as new handles. A missing argument and a failure leave
   HPy_NULL in all of them. */
static int
hpyx_arg_items(HPyContext *ctx, HPy arg, const char *label, size_t count, HPy *items)
{
    size_t i;
    for (i = 0; i < count; i++) {
        items[i] = HPy_NULL;
    }
    if (HPy_IsNull(arg)) {
        return 1;
    }
    if (!hpyx_arg_sequence(ctx, arg, label, count)) {
        return 0;
    }
    for (i = 0; i < count; i++) {
        items[i] = HPy_GetItem_i(ctx, arg, (HPy_ssize_t)i);
        if (HPy_IsNull(items[i])) {
            HPyErr_Format(ctx, ctx->h_TypeError, "%s is not retrievable", label);
            while (i > 0) {
                i--;
                HPy_Close(ctx, items[i]);
                items[i] = HPy_NULL;
            }
            return 0;
        }
    }
    return 1;
}
`,
  },
  {
    name: "hpyx_close_items",
    requires: [],
    includes: [],
    bridged: false,
    code: `/* Closes handles after their use; passes the result of that use on. */
static int
hpyx_close_items(HPyContext *ctx, int result, size_t count, HPy *items)
{
    for (size_t i = 0; i < count; i++) {
        HPy_Close(ctx, items[i]);
        items[i] = HPy_NULL;
    }
    return result;
}
`,
  },
  {
    name: "hpyx_open_tracker",
    requires: [],
    includes: [],
    bridged: false,
    code: `/* Makes the tracker that keeps the items of nested arguments open; 1, or 0 with an exception. */
static int
hpyx_open_tracker(HPyContext *ctx, HPyTracker *tracker)
{
    *tracker = HPyTracker_New(ctx, 0);
    return !HPy_IsNull(*tracker);
}
`,
  },
  {
    name: "hpyx_arg_tracked_items",
    requires: ["hpyx_arg_sequence"],
    includes: [],
    bridged: false,
    code: `/* The parenthesis of PyArg_Parse with objects or text in it: the items belong to the tracker, and are HPy_NULL when
   the argument is missing. */
static int
hpyx_arg_tracked_items(HPyContext *ctx, HPy arg, const char *label, HPyTracker tracker, size_t count, HPy *items)
{
    if (!HPy_IsNull(arg) && !hpyx_arg_sequence(ctx, arg, label, count)) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        items[i] = HPy_NULL;
        if (!HPy_IsNull(arg)) {
            HPy item = HPy_GetItem_i(ctx, arg, (HPy_ssize_t)i);
            if (HPy_IsNull(item)) {
                HPyErr_Format(ctx, ctx->h_TypeError, "%s is not retrievable", label);
                return 0;
            }
            /* The tracker has the handle even when it then fails to grow. */
            if (HPyTracker_Add(ctx, tracker, item) < 0) {
                return 0;
            }
            items[i] = item;
        }
    }
    return 1;
}
`,
  },
  {
    name: "hpyx_arg_complex",
    requires: [],
    includes: [],
    bridged: true,
    code: `/* Unit "D" of PyArg_Parse, by the C API: HPy has no complex numbers. */
static int
hpyx_arg_complex(HPyContext *ctx, HPy arg, const char *label, Py_complex *value)
{
    (void)label;
    if (HPy_IsNull(arg)) {
        return 1;
    }
    PyObject *object = HPy_AsPyObject(ctx, arg);
    int converted = object != NULL && PyArg_Parse(object, "D", value);
    Py_XDECREF(object);
    return converted;
}
`,
  },
  {
    name: "hpyx_arg_buffer",
    requires: [],
    includes: [],
    bridged: true,
    code: `/* Units "s*", "z*", "y*" and "w*" of PyArg_Parse, by the C API: HPy cannot read buffers. The view has a reference of
   its own, which PyBuffer_Release gives up. */
static int
hpyx_arg_buffer(HPyContext *ctx, HPy arg, const char *format, Py_buffer *view)
{
    if (HPy_IsNull(arg)) {
        return 1;
    }
    PyObject *object = HPy_AsPyObject(ctx, arg);
    int converted = object != NULL && PyArg_Parse(object, format, view);
    Py_XDECREF(object);
    return converted;
}
`,
  },
  {
    name: "hpyx_undo_buffer",
    requires: [],
    includes: [],
    bridged: true,
    code: `/* Releases a buffer because a later argument is wrong; always 0. */
static int
hpyx_undo_buffer(HPy arg, Py_buffer *view)
{
    if (!HPy_IsNull(arg)) {
        PyBuffer_Release(view);
    }
    return 0;
}
`,
  },
  {
    name: "hpyx_arg_encoded",
    requires: [],
    includes: [],
    bridged: true,
    code: `/* Units "es" and "et" of PyArg_Parse, by the C API: the caller frees the text with PyMem_Free. */
static int
hpyx_arg_encoded(HPyContext *ctx, HPy arg, const char *format, const char *encoding, char **text)
{
    if (HPy_IsNull(arg)) {
        return 1;
    }
    PyObject *object = HPy_AsPyObject(ctx, arg);
    int converted = object != NULL && PyArg_Parse(object, format, encoding, text);
    Py_XDECREF(object);
    return converted;
}
`,
  },
  {
    name: "hpyx_undo_encoded",
    requires: [],
    includes: [],
    bridged: true,
    code: `/* Frees encoded text because a later argument is wrong; always 0. */
static int
hpyx_undo_encoded(HPy arg, char **text)
{
    if (!HPy_IsNull(arg)) {
        PyMem_Free(*text);
        *text = NULL;
    }
    return 0;
}
`,
  },
  {
    name: "hpyx_arg_encoded_sized",
    requires: [],
    includes: [],
    bridged: true,
    code: `/* Units "es#" and "et#" of PyArg_Parse, by the C API, with their rules about who allocates the text. */
static int
hpyx_arg_encoded_sized(HPyContext *ctx, HPy arg, const char *format, const char *encoding, char **text,
                       HPy_ssize_t *size)
{
    if (HPy_IsNull(arg)) {
        return 1;
    }
    PyObject *object = HPy_AsPyObject(ctx, arg);
    int converted = object != NULL && PyArg_Parse(object, format, encoding, text, size);
    Py_XDECREF(object);
    return converted;
}
`,
  },
  {
    name: "hpyx_arg_convert",
    requires: [],
    includes: [],
    bridged: true,
    code: `/* Unit "O&" of PyArg_Parse with a converter for PyObject *; status receives what the converter answered. */
static int
hpyx_arg_convert(HPyContext *ctx, HPy arg, int (*converter)(PyObject *, void *), void *target, int *status)
{
    if (HPy_IsNull(arg)) {
        return 1;
    }
    PyObject *object = HPy_AsPyObject(ctx, arg);
    if (object == NULL) {
        return 0;
    }
    *status = converter(object, target);
    if (*status == 0 && !HPyErr_Occurred(ctx)) {
        HPyErr_SetString(ctx, ctx->h_SystemError, "argument (unspecified)");
    }
    Py_DECREF(object);
    return *status != 0;
}
`,
  },
  {
    name: "hpyx_undo_convert",
    requires: [],
    includes: [],
    bridged: true,
    code: `/* Lets a converter clean up because a later argument is wrong, when it asked for that; always 0. */
static int
hpyx_undo_convert(int (*converter)(PyObject *, void *), void *target, int status)
{
    if (status == Py_CLEANUP_SUPPORTED) {
        converter(NULL, target);
    }
    return 0;
}
`,
  },
  {
    name: "hpyx_arg_fs_bytes",
    requires: [],
    includes: ["<string.h>"],
    bridged: false,
    code: `/* PyUnicode_FSConverter: a path as bytes in the file system's encoding, without NUL; a new handle. */
static int
hpyx_arg_fs_bytes(HPyContext *ctx, HPy arg, HPy *value)
{
    if (HPy_IsNull(arg)) {
        return 1;
    }
    HPy module = HPyImport_ImportModule(ctx, "os");
    HPy function = HPy_IsNull(module) ? HPy_NULL : HPy_GetAttr_s(ctx, module, "fspath");
    HPy path = HPy_IsNull(function) ? HPy_NULL : HPy_Call(ctx, function, &arg, 1, HPy_NULL);
    HPy_Close(ctx, function);
    HPy_Close(ctx, module);
    if (HPy_IsNull(path)) {
        return 0;
    }
    if (!HPyBytes_Check(ctx, path)) {
        HPy encoded = HPyUnicode_EncodeFSDefault(ctx, path);
        HPy_Close(ctx, path);
        if (HPy_IsNull(encoded)) {
            return 0;
        }
        path = encoded;
    }
    if (strlen(HPyBytes_AsString(ctx, path)) != (size_t)HPyBytes_Size(ctx, path)) {
        HPyErr_SetString(ctx, ctx->h_ValueError, "embedded null byte");
        HPy_Close(ctx, path);
        return 0;
    }
    *value = path;
    return 1;
}
`,
  },
  {
    name: "hpyx_arg_fs_str",
    requires: [],
    includes: [],
    bridged: false,
    code: `/* PyUnicode_FSDecoder: a path as str, without NUL; a new handle. Bytes-like objects are decoded, with a
   DeprecationWarning unless they are bytes. */
static int
hpyx_arg_fs_str(HPyContext *ctx, HPy arg, HPy *value)
{
    if (HPy_IsNull(arg)) {
        return 1;
    }
    HPy path = HPy_NULL;
    if (HPyUnicode_Check(ctx, arg) || HPyBytes_Check(ctx, arg)) {
        path = HPy_Dup(ctx, arg);
    } else {
        HPy view = HPy_Call(ctx, ctx->h_MemoryViewType, &arg, 1, HPy_NULL);
        if (!HPy_IsNull(view)) {
            if (HPyErr_WarnEx(ctx, ctx->h_DeprecationWarning, "path should be string, bytes, or os.PathLike", 1) == 0) {
                path = HPy_Bytes(ctx, view);
            }
            HPy_Close(ctx, view);
        } else {
            HPyErr_Clear(ctx);
            HPy module = HPyImport_ImportModule(ctx, "os");
            HPy function = HPy_IsNull(module) ? HPy_NULL : HPy_GetAttr_s(ctx, module, "fspath");
            path = HPy_IsNull(function) ? HPy_NULL : HPy_Call(ctx, function, &arg, 1, HPy_NULL);
            HPy_Close(ctx, function);
            HPy_Close(ctx, module);
        }
    }
    if (HPy_IsNull(path)) {
        return 0;
    }
    if (HPyBytes_Check(ctx, path)) {
        HPy decoded = HPyUnicode_DecodeFSDefaultAndSize(ctx, HPyBytes_AsString(ctx, path), HPyBytes_Size(ctx, path));
        HPy_Close(ctx, path);
        if (HPy_IsNull(decoded)) {
            return 0;
        }
        path = decoded;
    }
    HPy_ssize_t length = HPy_Length(ctx, path);
    for (HPy_ssize_t i = 0; i < length; i++) {
        if (HPyUnicode_ReadChar(ctx, path, i) == 0) {
            HPyErr_SetString(ctx, ctx->h_ValueError, "embedded null character");
            HPy_Close(ctx, path);
            return 0;
        }
    }
    *value = path;
    return 1;
}
`,
  },
  {
    name: "hpyx_undo_handle",
    requires: [],
    includes: [],
    bridged: false,
    code: `/* Closes a converted argument because a later argument is wrong; always 0. */
static int
hpyx_undo_handle(HPyContext *ctx, HPy arg, HPy *value)
{
    if (!HPy_IsNull(arg)) {
        HPy_Close(ctx, *value);
        *value = HPy_NULL;
    }
    return 0;
}
`,
  },
];
