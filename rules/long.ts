import { defineRules, direct } from "./define-rules.ts";

/** `PyLong_*` and `PyBool_*`: conversions between C integers and int. Checks are in `type-checks.ts`. */
export const longRules = defineRules("long", [
  direct("bool-from-long", "PyBool_FromLong(number)", "HPyBool_FromLong", "True or False from a C number."),
  direct("long-as-double", "PyLong_AsDouble(object)", "HPyLong_AsDouble", "An int as a C double."),
  direct(
    "long-as-int",
    "_PyLong_AsInt(object)",
    "HPyLong_AsInt32_t",
    "An int as a C int, with OverflowError beyond it.",
    {
      note: "The text of the OverflowError differs.",
      why: "HPyLong_AsInt32_t has the range and the exceptions of _PyLong_AsInt (ctx_long.c of HPy 0.9).",
    },
  ),
  direct("long-as-long", "PyLong_AsLong(object)", "HPyLong_AsLong", "An int as a C long.", {
    note: "The text of the OverflowError names `int too big to convert` instead of the C type.",
    why: "An inline helper over HPyLong_AsInt64_t, which accepts `__index__` and overflows at the same bounds.",
  }),
  {
    id: "long-as-long-and-overflow",
    template: "hpyx_long_as_long_and_overflow($ctx, $0, $1)",
    summary: "An int as a C long, with the sign of an overflow instead of an exception.",
    why: "HPy has no such call; the support function converts, and asks for the sign only when the conversion overflows.",
    example: "PyLong_AsLongAndOverflow(object, &overflow)",
  },
  direct("long-as-longlong", "PyLong_AsLongLong(object)", "HPyLong_AsLongLong", "An int as a C long long."),
  {
    id: "long-as-longlong-and-overflow",
    template: "hpyx_long_as_long_long_and_overflow($ctx, $0, $1)",
    summary: "An int as a C long long, with the sign of an overflow instead of an exception.",
    why: "HPy has no such call; the support function converts, and asks for the sign only when the conversion overflows.",
    example: "PyLong_AsLongLongAndOverflow(object, &overflow)",
  },
  direct("long-as-pid", "PyLong_AsPid(object)", "HPyLong_AsPid", "An int as a process id.", {
    why: "A macro over the conversion to the C type of that width, as in the C API (hpy/macros.h).",
  }),
  direct("long-as-size-t", "PyLong_AsSize_t(object)", "HPyLong_AsSize_t", "An int as a size_t."),
  direct("long-as-ssize-t", "PyLong_AsSsize_t(object)", "HPyLong_AsSsize_t", "An int as a Py_ssize_t."),
  direct(
    "long-as-unsigned-long",
    "PyLong_AsUnsignedLong(object)",
    "HPyLong_AsUnsignedLong",
    "An int as an unsigned long.",
    {
      note: "The text of the OverflowError names another C type.",
      why: "An inline helper over HPyLong_AsUInt64_t, which like the C API takes no `__index__` and overflows at the same bounds.",
    },
  ),
  direct(
    "long-as-unsigned-long-mask",
    "PyLong_AsUnsignedLongMask(object)",
    "HPyLong_AsUnsignedLongMask",
    "An int as an unsigned long, modulo its range.",
  ),
  direct(
    "long-as-unsigned-longlong",
    "PyLong_AsUnsignedLongLong(object)",
    "HPyLong_AsUnsignedLongLong",
    "An int as an unsigned long long.",
  ),
  direct(
    "long-as-unsigned-longlong-mask",
    "PyLong_AsUnsignedLongLongMask(object)",
    "HPyLong_AsUnsignedLongLongMask",
    "An int as an unsigned long long, modulo its range.",
  ),
  direct("long-as-void-ptr", "PyLong_AsVoidPtr(object)", "HPyLong_AsVoidPtr", "An int as a pointer."),
  {
    id: "long-from-double",
    template: "hpyx_long_from_double($ctx, $0)",
    summary: "The integral part of a C double as an int.",
    why: "HPy has no such call; `HPy_Long` of a float truncates alike and raises the same OverflowError and ValueError.",
    example: "PyLong_FromDouble(real)",
  },
  direct("long-from-long", "PyLong_FromLong(number)", "HPyLong_FromLong", "An int from a C long."),
  direct("long-from-longlong", "PyLong_FromLongLong(number)", "HPyLong_FromLongLong", "An int from a C long long."),
  direct("long-from-pid", "PyLong_FromPid(status)", "HPyLong_FromPid", "An int from a process id.", {
    why: "A macro over the conversion from the C type of that width, as in the C API (hpy/macros.h).",
  }),
  direct("long-from-size-t", "PyLong_FromSize_t(size)", "HPyLong_FromSize_t", "An int from a size_t."),
  direct("long-from-ssize-t", "PyLong_FromSsize_t(size)", "HPyLong_FromSsize_t", "An int from a Py_ssize_t."),
  {
    id: "long-from-string",
    template: "hpyx_long_from_string($ctx, $0, $2)",
    when: { argument: 1, literal: "NULL" },
    summary: "An int from the whole of a C string in a base.",
    why: "HPy has no such call; calling the type with text and base is PyLong_FromUnicodeObject. The end pointer has no counterpart.",
    example: "PyLong_FromString(text, NULL, 16)",
  },
  {
    id: "long-from-unicode",
    template: "hpyx_long_from_unicode($ctx, $0, $1)",
    summary: "An int from a str in a base.",
    why: "HPy has no such call; calling the type with text and base does the same (Objects/longobject.c).",
    example: "PyLong_FromUnicodeObject(object, 16)",
  },
  direct(
    "long-from-unsigned-long",
    "PyLong_FromUnsignedLong(number)",
    "HPyLong_FromUnsignedLong",
    "An int from an unsigned long.",
  ),
  direct(
    "long-from-unsigned-longlong",
    "PyLong_FromUnsignedLongLong(number)",
    "HPyLong_FromUnsignedLongLong",
    "An int from an unsigned long long.",
  ),
  {
    id: "long-from-void-ptr",
    template: "hpyx_long_from_void_ptr($ctx, $0)",
    summary: "The address of a pointer as an int.",
    why: "The C API converts the pointer to the unsigned integer of its width (Objects/longobject.c); size_t has that width.",
    example: "PyLong_FromVoidPtr(pointer)",
  },
]);
