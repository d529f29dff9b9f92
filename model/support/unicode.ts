import { pure } from "./define.ts";

/** Text. Facts are from `Objects/unicodeobject.c` of CPython 3.11. */
export const UNICODE_SUPPORT = [
  pure(
    "hpyx_unicode_from_string_and_size",
    {},
    `/* PyUnicode_FromStringAndSize for text that is not NULL: a str from UTF-8. */
static HPy
hpyx_unicode_from_string_and_size(HPyContext *ctx, const char *text, HPy_ssize_t size)
{
    if (size < 0) {
        HPyErr_SetString(ctx, ctx->h_SystemError, "Negative size passed to PyUnicode_FromStringAndSize");
        return HPy_NULL;
    }
    HPy bytes = HPyBytes_FromStringAndSize(ctx, text, size);
    HPy result = HPy_IsNull(bytes) ? HPy_NULL : HPyUnicode_FromEncodedObject(ctx, bytes, "utf-8", "strict");
    HPy_Close(ctx, bytes);
    return result;
}
`,
  ),
  pure(
    "hpyx_unicode_decode",
    {},
    `/* PyUnicode_Decode, and PyUnicode_DecodeUTF8 with the encoding "utf-8"; NULL stands for "utf-8" and "strict". */
static HPy
hpyx_unicode_decode(HPyContext *ctx, const char *text, HPy_ssize_t size, const char *encoding, const char *errors)
{
    HPy bytes = HPyBytes_FromStringAndSize(ctx, text, size);
    HPy result = HPy_NULL;
    if (!HPy_IsNull(bytes)) {
        result = HPyUnicode_FromEncodedObject(ctx, bytes, encoding == NULL ? "utf-8" : encoding,
                                              errors == NULL ? "strict" : errors);
    }
    HPy_Close(ctx, bytes);
    return result;
}
`,
  ),
  pure(
    "hpyx_unicode_encode",
    { requires: ["hpyx_call_type_method"] },
    `/* PyUnicode_AsEncodedString; NULL stands for "utf-8" and "strict". */
static HPy
hpyx_unicode_encode(HPyContext *ctx, HPy text, const char *encoding, const char *errors)
{
    HPy result = HPy_NULL;
    if (!HPyUnicode_Check(ctx, text)) {
        HPyErr_SetString(ctx, ctx->h_TypeError, "bad argument type for built-in operation");
        return HPy_NULL;
    }
    HPy args[3] = {text, HPyUnicode_FromString(ctx, encoding == NULL ? "utf-8" : encoding),
                   HPyUnicode_FromString(ctx, errors == NULL ? "strict" : errors)};
    if (!HPy_IsNull(args[1]) && !HPy_IsNull(args[2])) {
        result = hpyx_call_type_method(ctx, ctx->h_UnicodeType, "encode", args, 3);
    }
    HPy_Close(ctx, args[1]);
    HPy_Close(ctx, args[2]);
    return result;
}
`,
  ),
  pure(
    "hpyx_unicode_intern",
    { requires: ["hpyx_import_attr"] },
    `/* PyUnicode_InternFromString. */
static HPy
hpyx_unicode_intern(HPyContext *ctx, const char *text)
{
    HPy plain = HPyUnicode_FromString(ctx, text);
    HPy function = HPy_IsNull(plain) ? HPy_NULL : hpyx_import_attr(ctx, "sys", "intern");
    HPy result = HPy_IsNull(function) ? HPy_NULL : HPy_Call(ctx, function, &plain, 1, HPy_NULL);
    HPy_Close(ctx, function);
    HPy_Close(ctx, plain);
    return result;
}
`,
  ),
  pure(
    "hpyx_unicode_get_length",
    { requires: ["hpyx_call_type_method", "hpyx_check_exact"] },
    `/* PyUnicode_GetLength: -1 with TypeError for an object that is no str. */
static HPy_ssize_t
hpyx_unicode_get_length(HPyContext *ctx, HPy text)
{
    if (!HPyUnicode_Check(ctx, text)) {
        HPyErr_SetString(ctx, ctx->h_TypeError, "bad argument type for built-in operation");
        return -1;
    }
    if (hpyx_check_exact(ctx, text, ctx->h_UnicodeType)) {
        return HPy_Length(ctx, text);
    }
    HPy length = hpyx_call_type_method(ctx, ctx->h_UnicodeType, "__len__", &text, 1);
    HPy_ssize_t result = HPy_IsNull(length) ? -1 : HPyLong_AsSsize_t(ctx, length);
    HPy_Close(ctx, length);
    return result;
}
`,
  ),
  pure(
    "hpyx_unicode_concat",
    { requires: ["hpyx_call_type_method"] },
    `/* PyUnicode_Concat: TypeError unless both are str. */
static HPy
hpyx_unicode_concat(HPyContext *ctx, HPy left, HPy right)
{
    HPy args[2] = {left, right};
    return hpyx_call_type_method(ctx, ctx->h_UnicodeType, "__add__", args, 2);
}
`,
  ),
  pure(
    "hpyx_unicode_join",
    { requires: ["hpyx_call_type_method"] },
    `/* PyUnicode_Join; HPy_NULL separates by a space. */
static HPy
hpyx_unicode_join(HPyContext *ctx, HPy separator, HPy items)
{
    HPy args[2] = {HPy_IsNull(separator) ? HPyUnicode_FromString(ctx, " ") : HPy_Dup(ctx, separator), items};
    HPy result = HPy_NULL;
    if (!HPy_IsNull(args[0])) {
        result = hpyx_call_type_method(ctx, ctx->h_UnicodeType, "join", args, 2);
    }
    HPy_Close(ctx, args[0]);
    return result;
}
`,
  ),
  pure(
    "hpyx_unicode_split",
    { requires: ["hpyx_call_type_method"] },
    `/* PyUnicode_Split; HPy_NULL splits at white space. */
static HPy
hpyx_unicode_split(HPyContext *ctx, HPy text, HPy separator, HPy_ssize_t maximum)
{
    HPy args[3] = {text, HPy_IsNull(separator) ? ctx->h_None : separator, HPyLong_FromSsize_t(ctx, maximum)};
    HPy result = HPy_NULL;
    if (!HPy_IsNull(args[2])) {
        result = hpyx_call_type_method(ctx, ctx->h_UnicodeType, "split", args, 3);
    }
    HPy_Close(ctx, args[2]);
    return result;
}
`,
  ),
  pure(
    "hpyx_unicode_replace",
    { requires: ["hpyx_call_type_method"] },
    `/* PyUnicode_Replace. */
static HPy
hpyx_unicode_replace(HPyContext *ctx, HPy text, HPy old, HPy replacement, HPy_ssize_t maximum)
{
    HPy args[4] = {text, old, replacement, HPyLong_FromSsize_t(ctx, maximum)};
    HPy result = HPy_NULL;
    if (!HPy_IsNull(args[3])) {
        result = hpyx_call_type_method(ctx, ctx->h_UnicodeType, "replace", args, 4);
    }
    HPy_Close(ctx, args[3]);
    return result;
}
`,
  ),
  pure(
    "hpyx_unicode_format",
    { requires: ["hpyx_call_type_method"] },
    `/* PyUnicode_Format: the operator % of str. */
static HPy
hpyx_unicode_format(HPyContext *ctx, HPy format, HPy values)
{
    HPy args[2] = {format, values};
    return hpyx_call_type_method(ctx, ctx->h_UnicodeType, "__mod__", args, 2);
}
`,
  ),
  pure(
    "hpyx_unicode_contains",
    { requires: ["hpyx_call_type_method", "hpyx_truth"] },
    `/* PyUnicode_Contains: 1, 0, or -1 with an exception. */
static int
hpyx_unicode_contains(HPyContext *ctx, HPy text, HPy part)
{
    HPy args[2] = {text, part};
    return hpyx_truth(ctx, hpyx_call_type_method(ctx, ctx->h_UnicodeType, "__contains__", args, 2));
}
`,
  ),
  pure(
    "hpyx_unicode_from_object",
    { requires: ["hpyx_check_exact"] },
    `/* PyUnicode_FromObject: a str as it is, an instance of a subclass as a plain str; TypeError for anything else. */
static HPy
hpyx_unicode_from_object(HPyContext *ctx, HPy object)
{
    if (hpyx_check_exact(ctx, object, ctx->h_UnicodeType)) {
        return HPy_Dup(ctx, object);
    }
    if (HPyUnicode_Check(ctx, object)) {
        return HPyUnicode_Substring(ctx, object, 0, HPY_SSIZE_T_MAX);
    }
    HPy type = HPy_Type(ctx, object);
    const char *name = HPyType_GetName(ctx, type);
    if (name != NULL) {
        HPyErr_Format(ctx, ctx->h_TypeError, "Can't convert '%s' object to str implicitly", name);
    }
    HPy_Close(ctx, type);
    return HPy_NULL;
}
`,
  ),
  pure(
    "hpyx_unicode_compare",
    {},
    `/* PyUnicode_Compare: -1, 0 or 1 by code points; -1 with TypeError unless both are str. */
static int
hpyx_unicode_compare(HPyContext *ctx, HPy left, HPy right)
{
    HPy pair[2], plain[2];
    int result = -1;
    size_t i;
    if (!HPyUnicode_Check(ctx, left) || !HPyUnicode_Check(ctx, right)) {
        HPyErr_SetString(ctx, ctx->h_TypeError, "Can't compare objects other than str");
        return -1;
    }
    pair[0] = left;
    pair[1] = right;
    for (i = 0; i < 2; i++) {
        /* The copy of an instance of a subclass is a plain str, whose comparison nothing overrides. */
        plain[i] = HPyUnicode_Substring(ctx, pair[i], 0, HPY_SSIZE_T_MAX);
    }
    if (!HPy_IsNull(plain[0]) && !HPy_IsNull(plain[1])) {
        int equal = HPy_RichCompareBool(ctx, plain[0], plain[1], HPy_EQ);
        result = equal > 0 ? 0 : HPy_RichCompareBool(ctx, plain[0], plain[1], HPy_LT) > 0 ? -1 : 1;
    }
    HPy_Close(ctx, plain[0]);
    HPy_Close(ctx, plain[1]);
    return result;
}
`,
  ),
  pure(
    "hpyx_unicode_compare_ascii",
    { requires: ["hpyx_unicode_get_length"] },
    `/* PyUnicode_CompareWithASCIIString: -1, 0 or 1 by code points, the bytes being Latin-1. */
static int
hpyx_unicode_compare_ascii(HPyContext *ctx, HPy text, const char *ascii)
{
    HPy_ssize_t length = hpyx_unicode_get_length(ctx, text);
    HPy_ssize_t i;
    for (i = 0; i < length && ascii[i] != '\\0'; i++) {
        HPy_UCS4 character = HPyUnicode_ReadChar(ctx, text, i);
        if (character != (unsigned char)ascii[i]) {
            return character < (unsigned char)ascii[i] ? -1 : 1;
        }
    }
    return i < length ? 1 : ascii[i] != '\\0' ? -1 : 0;
}
`,
  ),
];
