import { defineRules, direct } from "./define-rules.ts";

const TUPLE_CALL = "HPy_CallTupleDict takes the same tuple and dict and allows NULL for both.";
const OBJECTS =
  "HPy calls with an array of handles; the support function collects the arguments up to the first NULL, which is how the C API counts them.";

/** Calls of Python objects without format strings. */
export const callRules = defineRules("call", [
  direct(
    "call-args-kwargs",
    "PyObject_Call(callable, args, kwargs)",
    "HPy_CallTupleDict",
    "callable(*args, **kwargs).",
    { why: TUPLE_CALL },
  ),
  {
    id: "call-function-objects",
    template: "hpyx_call_objargs($ctx, $0, $n$*)",
    variadic: "null-terminated",
    summary: "callable(argument, ...).",
    why: OBJECTS,
    example: "PyObject_CallFunctionObjArgs(callable, object, other, NULL)",
  },
  {
    id: "call-method-no-args",
    template: "hpyx_call_method_noargs($ctx, $0, $1)",
    summary: "object.name().",
    why: OBJECTS,
    example: "PyObject_CallMethodNoArgs(object, name)",
  },
  {
    id: "call-method-objects",
    template: "hpyx_call_method_objargs($ctx, $0, $1, $n$*)",
    variadic: "null-terminated",
    summary: "object.name(argument, ...).",
    why: OBJECTS,
    example: "PyObject_CallMethodObjArgs(object, name, value, NULL)",
  },
  {
    id: "call-method-one-arg",
    template: "hpyx_call_method_one_arg($ctx, $0, $1, $2)",
    summary: "object.name(argument).",
    why: OBJECTS,
    example: "PyObject_CallMethodOneArg(object, name, value)",
  },
  {
    id: "call-no-args",
    template: "hpyx_call_noargs($ctx, $0)",
    summary: "callable().",
    why: "HPy_Call without arguments is the vectorcall that PyObject_CallNoArgs makes (Objects/call.c).",
    example: "PyObject_CallNoArgs(callable)",
  },
  {
    id: "call-object",
    template: "HPy_CallTupleDict($ctx, $0, $1, HPy_NULL)",
    summary: "callable(*args), or callable() for NULL.",
    why: TUPLE_CALL,
    example: "PyObject_CallObject(callable, args)",
  },
  {
    id: "call-one-arg",
    template: "hpyx_call_one_arg($ctx, $0, $1)",
    summary: "callable(argument).",
    why: "HPy calls with an array of handles; the support function takes the address of its parameter.",
    example: "PyObject_CallOneArg(callable, value)",
  },
  direct("callable-check", "PyCallable_Check(object)", "HPyCallable_Check", "callable(object)."),
  {
    id: "eval-call-object",
    template: "HPy_CallTupleDict($ctx, $0, $1, HPy_NULL)",
    summary: "callable(*args), the old spelling.",
    why: TUPLE_CALL,
    example: "PyEval_CallObject(callable, args)",
  },
  direct(
    "eval-call-object-with-keywords",
    "PyEval_CallObjectWithKeywords(callable, args, kwargs)",
    "HPy_CallTupleDict",
    "callable(*args, **kwargs), the old spelling.",
    {
      why: TUPLE_CALL,
    },
  ),
]);
