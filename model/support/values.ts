import type { SupportFunction } from "../support.ts";

/**
 * Values for `Py_BuildValue` units that `HPy_BuildValue` lacks, and calls with formats. Facts are from
 * `Python/modsupport.c` and `Objects/call.c` of CPython 3.11.
 */
export const VALUE_SUPPORT: readonly SupportFunction[] = [
  {
    name: "hpyx_unicode_or_none",
    requires: [],
    includes: [],
    bridged: false,
    code: `/* Units "s", "z" and "U" of Py_BuildValue: a str from UTF-8, or None for NULL, where HPy_BuildValue crashes. */
static HPy
hpyx_unicode_or_none(HPyContext *ctx, const char *text)
{
    return text == NULL ? HPy_Dup(ctx, ctx->h_None) : HPyUnicode_FromString(ctx, text);
}
`,
  },
  {
    name: "hpyx_unicode_or_none_sized",
    requires: ["hpyx_unicode_from_string_and_size"],
    includes: ["<string.h>"],
    bridged: false,
    code: `/* Units "s#", "z#" and "U#" of Py_BuildValue: a str from UTF-8, or None for NULL; a negative size measures the text. */
static HPy
hpyx_unicode_or_none_sized(HPyContext *ctx, const char *text, HPy_ssize_t size)
{
    if (text == NULL) {
        return HPy_Dup(ctx, ctx->h_None);
    }
    return hpyx_unicode_from_string_and_size(ctx, text, size < 0 ? (HPy_ssize_t)strlen(text) : size);
}
`,
  },
  {
    name: "hpyx_bytes_or_none",
    requires: [],
    includes: [],
    bridged: false,
    code: `/* Unit "y" of Py_BuildValue: bytes, or None for NULL. */
static HPy
hpyx_bytes_or_none(HPyContext *ctx, const char *data)
{
    return data == NULL ? HPy_Dup(ctx, ctx->h_None) : HPyBytes_FromString(ctx, data);
}
`,
  },
  {
    name: "hpyx_bytes_or_none_sized",
    requires: [],
    includes: ["<string.h>"],
    bridged: false,
    code: `/* Unit "y#" of Py_BuildValue: bytes, or None for NULL; a negative size measures the data. */
static HPy
hpyx_bytes_or_none_sized(HPyContext *ctx, const char *data, HPy_ssize_t size)
{
    if (data == NULL) {
        return HPy_Dup(ctx, ctx->h_None);
    }
    return HPyBytes_FromStringAndSize(ctx, data, size < 0 ? (HPy_ssize_t)strlen(data) : size);
}
`,
  },
  {
    name: "hpyx_wide_or_none",
    requires: [],
    includes: ["<wchar.h>"],
    bridged: false,
    code: `/* Units "u" and "u#" of Py_BuildValue: a str from wide characters, or None for NULL; a negative size measures them. */
static HPy
hpyx_wide_or_none(HPyContext *ctx, const wchar_t *text, HPy_ssize_t size)
{
    return text == NULL ? HPy_Dup(ctx, ctx->h_None) : HPyUnicode_FromWideChar(ctx, text, size < 0 ? -1 : size);
}
`,
  },
  {
    name: "hpyx_bytes_from_char",
    requires: [],
    includes: [],
    bridged: false,
    code: `/* Unit "c" of Py_BuildValue: bytes of length 1. */
static HPy
hpyx_bytes_from_char(HPyContext *ctx, int character)
{
    char data = (char)character;
    return HPyBytes_FromStringAndSize(ctx, &data, 1);
}
`,
  },
  {
    name: "hpyx_unicode_from_ordinal",
    requires: [],
    includes: ["<wchar.h>"],
    bridged: false,
    code: `/* PyUnicode_FromOrdinal and unit "C" of Py_BuildValue: a str of length 1; ValueError beyond Unicode. */
static HPy
hpyx_unicode_from_ordinal(HPyContext *ctx, int ordinal)
{
    wchar_t text[2];
    HPy_ssize_t size = 1;
    if (ordinal < 0 || ordinal > 0x10ffff) {
        HPyErr_SetString(ctx, ctx->h_ValueError, "chr() arg not in range(0x110000)");
        return HPy_NULL;
    }
    text[0] = (wchar_t)ordinal;
    if (sizeof(wchar_t) == 2 && ordinal > 0xffff) {
        text[0] = (wchar_t)(0xd800 + ((ordinal - 0x10000) >> 10));
        text[1] = (wchar_t)(0xdc00 + ((ordinal - 0x10000) & 0x3ff));
        size = 2;
    }
    return HPyUnicode_FromWideChar(ctx, text, size);
}
`,
  },
  {
    name: "hpyx_complex_from_doubles",
    requires: [],
    includes: [],
    bridged: false,
    code: `/* PyComplex_FromDoubles and unit "D" of Py_BuildValue. */
static HPy
hpyx_complex_from_doubles(HPyContext *ctx, double real, double imag)
{
    HPy parts[2] = {HPyFloat_FromDouble(ctx, real), HPyFloat_FromDouble(ctx, imag)};
    HPy result = HPy_NULL;
    if (!HPy_IsNull(parts[0]) && !HPy_IsNull(parts[1])) {
        result = HPy_Call(ctx, ctx->h_ComplexType, parts, 2, HPy_NULL);
    }
    HPy_Close(ctx, parts[0]);
    HPy_Close(ctx, parts[1]);
    return result;
}
`,
  },
  {
    name: "hpyx_build_converted",
    requires: [],
    includes: [],
    bridged: true,
    code: `/* Unit "O&" of Py_BuildValue with a converter that answers a PyObject *. */
static HPy
hpyx_build_converted(HPyContext *ctx, PyObject *(*converter)(void *), void *value)
{
    PyObject *object = converter(value);
    HPy result = HPy_FromPyObject(ctx, object);
    Py_XDECREF(object);
    return result;
}
`,
  },
  {
    name: "hpyx_call_values_list",
    requires: [],
    includes: ["<stdarg.h>", "<stdlib.h>"],
    bridged: false,
    code: `/* Calls with the handles of a variable argument list. HPy_NULL among them is the error that made it; when a method is
   named, it is looked up on the callable. */
static HPy
hpyx_call_values_list(HPyContext *ctx, HPy callable, const char *method, size_t count, va_list list)
{
    HPy few[8];
    HPy *values = few;
    HPy function = HPy_NULL, result = HPy_NULL;
    int complete = !HPy_IsNull(callable);
    size_t i;
    if (count > sizeof(few) / sizeof(few[0])) {
        values = (HPy *)malloc(count * sizeof(HPy));
        if (values == NULL) {
            return HPyErr_NoMemory(ctx);
        }
    }
    for (i = 0; i < count; i++) {
        values[i] = va_arg(list, HPy);
        complete = complete && !HPy_IsNull(values[i]);
    }
    if (!complete) {
        if (!HPyErr_Occurred(ctx)) {
            HPyErr_SetString(ctx, ctx->h_SystemError, "null argument to internal routine");
        }
    } else if (method == NULL) {
        result = HPy_Call(ctx, callable, values, count, HPy_NULL);
    } else {
        function = HPy_GetAttr_s(ctx, callable, method);
        if (!HPy_IsNull(function)) {
            result = HPy_Call(ctx, function, values, count, HPy_NULL);
        }
        HPy_Close(ctx, function);
    }
    if (values != few) {
        free(values);
    }
    return result;
}
`,
  },
  {
    name: "hpyx_call_values",
    requires: ["hpyx_call_values_list"],
    includes: ["<stdarg.h>"],
    bridged: false,
    code: `/* PyObject_CallFunction with the values of its format. */
static HPy
hpyx_call_values(HPyContext *ctx, HPy callable, size_t count, ...)
{
    va_list list;
    va_start(list, count);
    HPy result = hpyx_call_values_list(ctx, callable, NULL, count, list);
    va_end(list);
    return result;
}
`,
  },
  {
    name: "hpyx_call_method_values",
    requires: ["hpyx_call_values_list"],
    includes: ["<stdarg.h>"],
    bridged: false,
    code: `/* PyObject_CallMethod with the values of its format. */
static HPy
hpyx_call_method_values(HPyContext *ctx, HPy object, const char *method, size_t count, ...)
{
    va_list list;
    va_start(list, count);
    HPy result = hpyx_call_values_list(ctx, object, method, count, list);
    va_end(list);
    return result;
}
`,
  },
  {
    name: "hpyx_call_unpacked",
    requires: [],
    includes: [],
    bridged: false,
    code: `/* PyObject_CallFunction with a format of one object: a tuple is unpacked into the arguments. */
static HPy
hpyx_call_unpacked(HPyContext *ctx, HPy callable, HPy value)
{
    if (HPy_IsNull(callable) || HPy_IsNull(value)) {
        if (!HPyErr_Occurred(ctx)) {
            HPyErr_SetString(ctx, ctx->h_SystemError, "null argument to internal routine");
        }
        return HPy_NULL;
    }
    if (HPyTuple_Check(ctx, value)) {
        return HPy_CallTupleDict(ctx, callable, value, HPy_NULL);
    }
    return HPy_Call(ctx, callable, &value, 1, HPy_NULL);
}
`,
  },
  {
    name: "hpyx_call_method_unpacked",
    requires: ["hpyx_call_unpacked"],
    includes: [],
    bridged: false,
    code: `/* PyObject_CallMethod with a format of one object: a tuple is unpacked into the arguments. */
static HPy
hpyx_call_method_unpacked(HPyContext *ctx, HPy object, const char *method, HPy value)
{
    HPy function = HPy_IsNull(object) || HPy_IsNull(value) ? HPy_NULL : HPy_GetAttr_s(ctx, object, method);
    HPy result = HPy_NULL;
    if (!HPy_IsNull(function) || !HPyErr_Occurred(ctx)) {
        result = hpyx_call_unpacked(ctx, function, value);
    }
    HPy_Close(ctx, function);
    return result;
}
`,
  },
];
