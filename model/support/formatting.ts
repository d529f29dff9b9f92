import { pure } from "./define.ts";

/** `PyUnicode_FromFormat` as CPython 3.11 defines it in `Objects/unicodeobject.c`. */
export const FORMATTING_SUPPORT = [
  pure(
    "hpyx_format_values",
    { includes: ["<stdarg.h>"] },
    `/* Values of a format; in a struct they can be passed by address everywhere. */
typedef struct {
    va_list list;
} hpyx_format_values;
`,
  ),
  pure(
    "hpyx_format_text",
    { requires: ["hpyx_call_type_method"] },
    `/* A str cut to a precision and filled with spaces to a width, both in characters and -1 for none. Closes the str. */
static HPy
hpyx_format_text(HPyContext *ctx, HPy text, int width, int precision)
{
    if (!HPy_IsNull(text) && precision >= 0) {
        HPy cut = HPyUnicode_Substring(ctx, text, 0, precision);
        HPy_Close(ctx, text);
        text = cut;
    }
    if (!HPy_IsNull(text) && width > 0) {
        HPy args[2] = {text, HPyLong_FromLong(ctx, width)};
        HPy filled = HPy_NULL;
        if (!HPy_IsNull(args[1])) {
            filled = hpyx_call_type_method(ctx, ctx->h_UnicodeType, "rjust", args, 2);
        }
        HPy_Close(ctx, args[1]);
        HPy_Close(ctx, text);
        text = filled;
    }
    return text;
}
`,
  ),
  pure(
    "hpyx_format_bytes",
    { requires: ["hpyx_format_text", "hpyx_unicode_decode"], includes: ["<string.h>"] },
    `/* Text in UTF-8, of which at most \`precision\` bytes are read, with replacements for what is not UTF-8. */
static HPy
hpyx_format_bytes(HPyContext *ctx, const char *text, int width, int precision)
{
    size_t size = 0;
    while ((precision < 0 || size < (size_t)precision) && text[size] != '\\0') {
        size++;
    }
    return hpyx_format_text(ctx, hpyx_unicode_decode(ctx, text, (HPy_ssize_t)size, "utf-8", "replace"), width, -1);
}
`,
  ),
  pure(
    "hpyx_format_number",
    { requires: ["hpyx_format_values"], includes: ["<stdarg.h>", "<string.h>"] },
    `/* One conversion of a number or pointer, \`size\` characters long, which HPy formats as CPython does. */
static HPy
hpyx_format_number(HPyContext *ctx, const char *conversion, size_t size, hpyx_format_values *values)
{
    char format[64];
    if (size >= sizeof(format)) {
        HPyErr_SetString(ctx, ctx->h_ValueError, "width too big");
        return HPy_NULL;
    }
    memcpy(format, conversion, size);
    format[size] = '\\0';
    char letter = format[size - 1];
    if (letter == 'p') {
        return HPyUnicode_FromFormat(ctx, "%p", va_arg(values->list, void *));
    }
    if (size > 2 && format[size - 2] == 'z') {
        return HPyUnicode_FromFormat(ctx, format, va_arg(values->list, HPy_ssize_t));
    }
    if (size > 3 && format[size - 2] == 'l' && format[size - 3] == 'l') {
        return HPyUnicode_FromFormat(ctx, format, va_arg(values->list, long long));
    }
    if (size > 2 && format[size - 2] == 'l') {
        return HPyUnicode_FromFormat(ctx, format, va_arg(values->list, long));
    }
    return HPyUnicode_FromFormat(ctx, format, va_arg(values->list, int));
}
`,
  ),
  pure(
    "hpyx_format_conversion",
    {
      requires: [
        "hpyx_format_bytes",
        "hpyx_format_number",
        "hpyx_format_text",
        "hpyx_format_values",
        "hpyx_unicode_from_ordinal",
      ],
      includes: ["<stdarg.h>", "<string.h>"],
    },
    `/* One conversion; *format is moved from its percent sign to its end. */
static HPy
hpyx_format_conversion(HPyContext *ctx, const char **format, hpyx_format_values *values)
{
    const char *start = *format;
    const char *at = start + 1;
    int width = -1, precision = -1;
    if (*at == '0') {
        at++;
    }
    for (; *at >= '0' && *at <= '9'; at++) {
        width = (width < 0 ? 0 : width * 10) + (*at - '0');
    }
    if (*at == '.') {
        for (at++, precision = 0; *at >= '0' && *at <= '9'; at++) {
            precision = precision * 10 + (*at - '0');
        }
    }
    while (*at == 'l' || *at == 'z') {
        at++;
    }
    *format = *at == '\\0' ? at : at + 1;
    switch (*at) {
    case '%':
        return HPyUnicode_FromString(ctx, "%");
    case 'c': {
        int ordinal = va_arg(values->list, int);
        if (ordinal < 0 || ordinal > 0x10ffff) {
            HPyErr_SetString(ctx, ctx->h_OverflowError, "character argument not in range(0x110000)");
            return HPy_NULL;
        }
        return hpyx_unicode_from_ordinal(ctx, ordinal);
    }
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'p':
        return hpyx_format_number(ctx, start, (size_t)(*format - start), values);
    case 's':
        return hpyx_format_bytes(ctx, va_arg(values->list, const char *), width, precision);
    case 'U':
        return hpyx_format_text(ctx, HPy_Dup(ctx, va_arg(values->list, HPy)), width, precision);
    case 'V': {
        HPy text = va_arg(values->list, HPy);
        const char *other = va_arg(values->list, const char *);
        if (!HPy_IsNull(text)) {
            return hpyx_format_text(ctx, HPy_Dup(ctx, text), width, precision);
        }
        return hpyx_format_bytes(ctx, other, width, precision);
    }
    case 'S':
        return hpyx_format_text(ctx, HPy_Str(ctx, va_arg(values->list, HPy)), width, precision);
    case 'R':
        return hpyx_format_text(ctx, HPy_Repr(ctx, va_arg(values->list, HPy)), width, precision);
    case 'A':
        return hpyx_format_text(ctx, HPy_ASCII(ctx, va_arg(values->list, HPy)), width, precision);
    default:
        HPyErr_SetString(ctx, ctx->h_SystemError, "invalid format string");
        return HPy_NULL;
    }
}
`,
  ),
  pure(
    "hpyx_unicode_from_format_list",
    {
      requires: [
        "hpyx_format_conversion",
        "hpyx_format_values",
        "hpyx_unicode_from_string_and_size",
        "hpyx_unicode_join",
      ],
      includes: ["<stdarg.h>", "<string.h>"],
    },
    `/* PyUnicode_FromFormatV. HPyUnicode_FromFormatV stops at a NUL in a str, fails at lone surrogates, and writes past its
   buffer when a precision cuts a str. */
static HPy
hpyx_unicode_from_format_list(HPyContext *ctx, const char *format, va_list list)
{
    hpyx_format_values values;
    HPy result = HPy_NULL;
    HPy pieces = HPyList_New(ctx, 0);
    int failed = HPy_IsNull(pieces);
    va_copy(values.list, list);
    while (!failed && *format != '\\0') {
        HPy piece;
        if (*format == '%') {
            piece = hpyx_format_conversion(ctx, &format, &values);
        } else {
            size_t size = strcspn(format, "%");
            piece = hpyx_unicode_from_string_and_size(ctx, format, (HPy_ssize_t)size);
            format += size;
        }
        failed = HPy_IsNull(piece) || HPyList_Append(ctx, pieces, piece) < 0;
        HPy_Close(ctx, piece);
    }
    va_end(values.list);
    if (!failed) {
        HPy empty = HPyUnicode_FromString(ctx, "");
        if (!HPy_IsNull(empty)) {
            result = hpyx_unicode_join(ctx, empty, pieces);
        }
        HPy_Close(ctx, empty);
    }
    HPy_Close(ctx, pieces);
    return result;
}
`,
  ),
  pure(
    "hpyx_unicode_from_format",
    { requires: ["hpyx_unicode_from_format_list"], includes: ["<stdarg.h>"] },
    `/* PyUnicode_FromFormat. */
static HPy
hpyx_unicode_from_format(HPyContext *ctx, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    HPy result = hpyx_unicode_from_format_list(ctx, format, list);
    va_end(list);
    return result;
}
`,
  ),
];
