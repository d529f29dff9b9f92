import { pure } from "./define.ts";

/** `PyUnicode_FromFormat` as CPython 3.11 defines it in `Objects/unicodeobject.c`. */
export const FORMATTING_SUPPORT = [
  pure(
    "hpyx_unicode_from_format_list",
    {
      requires: ["hpyx_unicode_from_ordinal"],
      includes: ["<stdarg.h>", "<stdio.h>", "<stdlib.h>", "<string.h>"],
    },
    `/* PyUnicode_FromFormatV. HPyUnicode_FromFormatV stops at a NUL in a str, fails at lone surrogates, and writes past its
   buffer when a precision cuts a str. */
static HPy
hpyx_unicode_from_format_list(HPyContext *ctx, const char *format, va_list list)
{
    HPy result = HPyUnicode_FromString(ctx, "");
    while (*format != '\\0' && !HPy_IsNull(result)) {
        HPy piece = HPy_NULL;
        size_t size = strcspn(format, "%");
        if (size > 0) {
            piece = HPyUnicode_DecodeASCII(ctx, format, (HPy_ssize_t)size, "strict");
        } else {
            char unit[64], *at;
            const char *text = NULL;
            HPy_ssize_t width = strtol(format + 1, &at, 10), precision = HPY_SSIZE_T_MAX, length = 0;
            if (*at == '.') {
                precision = strtol(at + 1, &at, 10);
            }
            size_t modifiers = strspn(at, "lz");
            char letter = at[modifiers];
            size = (size_t)(at - format) + modifiers + 1;
            snprintf(unit, sizeof(unit), "%.*s", (int)size, format);
            if (letter == '%') {
                piece = HPyUnicode_FromString(ctx, "%");
            } else if (letter == 'c') {
                int ordinal = va_arg(list, int);
                if (ordinal < 0 || ordinal > 0x10ffff) {
                    HPyErr_SetString(ctx, ctx->h_OverflowError, "character argument not in range(0x110000)");
                } else {
                    piece = hpyx_unicode_from_ordinal(ctx, ordinal);
                }
            } else if (letter == 's') {
                text = va_arg(list, const char *);
            } else if (letter == 'V') {
                piece = HPy_Dup(ctx, va_arg(list, HPy));
                text = va_arg(list, const char *);
            } else if (letter == 'U') {
                piece = HPy_Dup(ctx, va_arg(list, HPy));
            } else if (letter == 'S') {
                piece = HPy_Str(ctx, va_arg(list, HPy));
            } else if (letter == 'R') {
                piece = HPy_Repr(ctx, va_arg(list, HPy));
            } else if (letter == 'A') {
                piece = HPy_ASCII(ctx, va_arg(list, HPy));
            } else if (letter == 'p') {
                piece = HPyUnicode_FromFormat(ctx, "%p", va_arg(list, void *));
            } else if (modifiers == 2) {
                piece = HPyUnicode_FromFormat(ctx, unit, va_arg(list, long long));
            } else if (modifiers == 1 && *at == 'z') {
                piece = HPyUnicode_FromFormat(ctx, unit, va_arg(list, HPy_ssize_t));
            } else if (modifiers == 1) {
                piece = HPyUnicode_FromFormat(ctx, unit, va_arg(list, long));
            } else {
                piece = HPyUnicode_FromFormat(ctx, unit, va_arg(list, int));
            }
            if (text != NULL && HPy_IsNull(piece)) {
                /* The precision counts bytes here; what is not UTF-8 is replaced. */
                while (length < precision && text[length] != '\\0') {
                    length++;
                }
                HPy bytes = HPyBytes_FromStringAndSize(ctx, text, length);
                piece = HPy_IsNull(bytes) ? HPy_NULL : HPyUnicode_FromEncodedObject(ctx, bytes, "utf-8", "replace");
                HPy_Close(ctx, bytes);
                precision = HPY_SSIZE_T_MAX;
            }
            if (strchr("sVUSRA", letter) != NULL && !HPy_IsNull(piece)) {
                HPy cut = HPyUnicode_Substring(ctx, piece, 0, precision);
                HPy_Close(ctx, piece);
                piece = cut;
            }
            if (width > 0 && strchr("sVUSRA", letter) != NULL && !HPy_IsNull(piece)) {
                width -= HPy_Length(ctx, piece);
                snprintf(unit, sizeof(unit), "%%%lds", (long)(width < 0 ? 0 : width));
                HPy blanks = HPyUnicode_FromFormat(ctx, width > 0 ? unit : "", "");
                HPy filled = HPy_IsNull(blanks) ? HPy_NULL : HPy_Add(ctx, blanks, piece);
                HPy_Close(ctx, blanks);
                HPy_Close(ctx, piece);
                piece = filled;
            }
        }
        HPy sum = HPy_IsNull(piece) ? HPy_NULL : HPy_Add(ctx, result, piece);
        HPy_Close(ctx, piece);
        HPy_Close(ctx, result);
        result = sum;
        format += size;
    }
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
