import { pure } from "./define.ts";

/** Exceptions and warnings. Facts are from `Python/errors.c` and `Python/_warnings.c` of CPython 3.11. */
export const ERROR_SUPPORT = [
  pure(
    "hpyx_err_set_none",
    {},
    `/* PyErr_SetNone: raises the type without arguments. */
static void
hpyx_err_set_none(HPyContext *ctx, HPy type)
{
    HPyErr_SetObject(ctx, type, ctx->h_None);
}
`,
  ),
  pure(
    "hpyx_err_bad_argument",
    {},
    `/* PyErr_BadArgument: raises TypeError; always 0. */
static int
hpyx_err_bad_argument(HPyContext *ctx)
{
    HPyErr_SetString(ctx, ctx->h_TypeError, "bad argument type for built-in operation");
    return 0;
}
`,
  ),
  pure(
    "hpyx_err_bad_internal_call",
    {},
    `/* PyErr_BadInternalCall: raises SystemError. */
static void
hpyx_err_bad_internal_call(HPyContext *ctx)
{
    HPyErr_SetString(ctx, ctx->h_SystemError, "bad argument to internal function");
}
`,
  ),
  pure(
    "hpyx_err_format",
    { requires: ["hpyx_unicode_from_format_list"], includes: ["<stdarg.h>"] },
    `/* PyErr_Format with CPython's rules where HPyErr_Format has others; always HPy_NULL. An exception that the formatting
   itself raises stays. */
static HPy
hpyx_err_format(HPyContext *ctx, HPy type, const char *format, ...)
{
    va_list list;
    HPyErr_Clear(ctx);
    va_start(list, format);
    HPy text = hpyx_unicode_from_format_list(ctx, format, list);
    va_end(list);
    if (!HPy_IsNull(text)) {
        HPyErr_SetObject(ctx, type, text);
        HPy_Close(ctx, text);
    }
    return HPy_NULL;
}
`,
  ),
  pure(
    "hpyx_err_warn_format",
    { requires: ["hpyx_unicode_from_format_list"], includes: ["<stdarg.h>"] },
    `/* PyErr_WarnFormat: 0, or -1 with an exception. */
static int
hpyx_err_warn_format(HPyContext *ctx, HPy category, HPy_ssize_t stack_level, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    HPy text = hpyx_unicode_from_format_list(ctx, format, list);
    va_end(list);
    if (HPy_IsNull(text)) {
        return -1;
    }
    const char *message = HPyUnicode_AsUTF8AndSize(ctx, text, NULL);
    int result = message == NULL ? -1 : HPyErr_WarnEx(ctx, category, message, stack_level);
    HPy_Close(ctx, text);
    return result;
}
`,
  ),
];
