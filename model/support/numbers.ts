import { pure } from "./define.ts";

/** Numbers. Facts are from `Objects/longobject.c`, `floatobject.c` and `abstract.c` of CPython 3.11. */
export const NUMBER_SUPPORT = [
  pure(
    "hpyx_long_from_string",
    {},
    `/* PyLong_FromString without an end pointer: the whole text is a number in the base. */
static HPy
hpyx_long_from_string(HPyContext *ctx, const char *text, int base)
{
    HPy args[2] = {HPyBytes_FromString(ctx, text), HPyLong_FromLong(ctx, base)};
    HPy result = HPy_NULL;
    if (!HPy_IsNull(args[0]) && !HPy_IsNull(args[1])) {
        result = HPy_Call(ctx, ctx->h_LongType, args, 2, HPy_NULL);
    }
    HPy_Close(ctx, args[0]);
    HPy_Close(ctx, args[1]);
    return result;
}
`,
  ),
  pure(
    "hpyx_long_from_unicode",
    {},
    `/* PyLong_FromUnicodeObject. */
static HPy
hpyx_long_from_unicode(HPyContext *ctx, HPy text, int base)
{
    HPy args[2] = {text, HPyLong_FromLong(ctx, base)};
    HPy result = HPy_IsNull(args[1]) ? HPy_NULL : HPy_Call(ctx, ctx->h_LongType, args, 2, HPy_NULL);
    HPy_Close(ctx, args[1]);
    return result;
}
`,
  ),
  pure(
    "hpyx_long_from_double",
    {},
    `/* PyLong_FromDouble: the integer part; OverflowError for infinities, ValueError for NaN. */
static HPy
hpyx_long_from_double(HPyContext *ctx, double value)
{
    HPy number = HPyFloat_FromDouble(ctx, value);
    HPy result = HPy_IsNull(number) ? HPy_NULL : HPy_Long(ctx, number);
    HPy_Close(ctx, number);
    return result;
}
`,
  ),
  pure(
    "hpyx_long_from_void_ptr",
    { includes: ["<stddef.h>", "<stdint.h>"] },
    `/* PyLong_FromVoidPtr. */
static HPy
hpyx_long_from_void_ptr(HPyContext *ctx, const void *pointer)
{
    return HPyLong_FromSize_t(ctx, (size_t)(uintptr_t)pointer);
}
`,
  ),
  pure(
    "hpyx_sign",
    {},
    `/* -1, 0 or 1 for the sign of an int; 0 with an exception on failure. */
static int
hpyx_sign(HPyContext *ctx, HPy number)
{
    int sign = 0;
    HPy zero = HPyLong_FromLong(ctx, 0);
    if (!HPy_IsNull(zero)) {
        int less = HPy_RichCompareBool(ctx, number, zero, HPy_LT);
        sign = less > 0 ? -1 : less == 0 && HPy_RichCompareBool(ctx, number, zero, HPy_GT) > 0 ? 1 : 0;
    }
    HPy_Close(ctx, zero);
    return sign;
}
`,
  ),
  pure(
    "hpyx_long_as_long_and_overflow",
    { requires: ["hpyx_sign"] },
    `/* PyLong_AsLongAndOverflow: out of range gives -1 without an exception and the sign in *overflow. */
static long
hpyx_long_as_long_and_overflow(HPyContext *ctx, HPy object, int *overflow)
{
    *overflow = 0;
    HPy index = HPy_Index(ctx, object);
    if (HPy_IsNull(index)) {
        return -1;
    }
    long value = HPyLong_AsLong(ctx, index);
    if (value == -1 && HPyErr_ExceptionMatches(ctx, ctx->h_OverflowError)) {
        HPyErr_Clear(ctx);
        *overflow = hpyx_sign(ctx, index);
    }
    HPy_Close(ctx, index);
    return value;
}
`,
  ),
  pure(
    "hpyx_long_as_long_long_and_overflow",
    { requires: ["hpyx_sign"] },
    `/* PyLong_AsLongLongAndOverflow: out of range gives -1 without an exception and the sign in *overflow. */
static long long
hpyx_long_as_long_long_and_overflow(HPyContext *ctx, HPy object, int *overflow)
{
    *overflow = 0;
    HPy index = HPy_Index(ctx, object);
    if (HPy_IsNull(index)) {
        return -1;
    }
    long long value = HPyLong_AsLongLong(ctx, index);
    if (value == -1 && HPyErr_ExceptionMatches(ctx, ctx->h_OverflowError)) {
        HPyErr_Clear(ctx);
        *overflow = hpyx_sign(ctx, index);
    }
    HPy_Close(ctx, index);
    return value;
}
`,
  ),
  pure(
    "hpyx_number_as_ssize",
    { requires: ["hpyx_sign"] },
    `/* PyNumber_AsSsize_t: out of range raises the exception type, or is clipped when that is HPy_NULL. */
static HPy_ssize_t
hpyx_number_as_ssize(HPyContext *ctx, HPy object, HPy exception)
{
    HPy index = HPy_Index(ctx, object);
    if (HPy_IsNull(index)) {
        return -1;
    }
    HPy_ssize_t value = HPyLong_AsSsize_t(ctx, index);
    if (value == -1 && HPyErr_ExceptionMatches(ctx, ctx->h_OverflowError)) {
        HPyErr_Clear(ctx);
        if (HPy_IsNull(exception)) {
            value = hpyx_sign(ctx, index) < 0 ? HPY_SSIZE_T_MIN : HPY_SSIZE_T_MAX;
        } else {
            HPy type = HPy_Type(ctx, object);
            const char *name = HPyType_GetName(ctx, type);
            if (name != NULL) {
                HPyErr_Format(ctx, exception, "cannot fit '%s' into an index-sized integer", name);
            }
            HPy_Close(ctx, type);
        }
    }
    HPy_Close(ctx, index);
    return value;
}
`,
  ),
  pure(
    "hpyx_number_to_base",
    { requires: ["hpyx_call_builtin"] },
    `/* PyNumber_ToBase for the bases 2, 8, 10 and 16. */
static HPy
hpyx_number_to_base(HPyContext *ctx, HPy object, int base)
{
    HPy result = HPy_NULL;
    if (base != 2 && base != 8 && base != 10 && base != 16) {
        HPyErr_SetString(ctx, ctx->h_SystemError, "PyNumber_ToBase: base must be 2, 8, 10 or 16");
        return HPy_NULL;
    }
    HPy index = HPy_Index(ctx, object);
    if (HPy_IsNull(index)) {
        return HPy_NULL;
    }
    switch (base) {
    case 2:
        result = hpyx_call_builtin(ctx, "bin", &index, 1);
        break;
    case 8:
        result = hpyx_call_builtin(ctx, "oct", &index, 1);
        break;
    case 10:
        result = HPy_Repr(ctx, index);
        break;
    default:
        result = hpyx_call_builtin(ctx, "hex", &index, 1);
        break;
    }
    HPy_Close(ctx, index);
    return result;
}
`,
  ),
  pure(
    "hpyx_complex_part",
    {},
    `/* PyComplex_RealAsDouble and PyComplex_ImagAsDouble for "real" and "imag": -1.0 with an exception on failure. */
static double
hpyx_complex_part(HPyContext *ctx, HPy object, const char *part)
{
    if (!HPy_TypeCheck(ctx, object, ctx->h_ComplexType)) {
        return part[0] == 'i' ? 0.0 : HPyFloat_AsDouble(ctx, object);
    }
    HPy number = HPy_GetAttr_s(ctx, object, part);
    double value = HPy_IsNull(number) ? -1.0 : HPyFloat_AsDouble(ctx, number);
    HPy_Close(ctx, number);
    return value;
}
`,
  ),
];
