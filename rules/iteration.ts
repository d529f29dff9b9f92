import { defineRules } from "./define-rules.ts";

const BUILTIN = "HPy 0.9 has no iteration; the builtin function does nothing but the C call (Python/bltinmodule.c).";

/** Iterators. */
export const iterationRules = defineRules("iteration", [
  {
    id: "call-iter-new",
    template: "hpyx_call_iter_new($ctx, $0, $1)",
    summary: "iter(callable, sentinel).",
    why: BUILTIN,
    example: "PyCallIter_New(callable, value)",
  },
  {
    id: "iter-check",
    template: 'hpyx_type_has($ctx, $0, "__next__")',
    summary: "Whether an object is an iterator.",
    why: "HPy shows no slots; a type has the attribute `__next__` exactly when it fills the slot tp_iternext.",
    example: "PyIter_Check(object)",
  },
  {
    id: "iter-next",
    template: "hpyx_iter_next($ctx, $0)",
    summary: "The next item, or NULL without an exception at the end.",
    why: "HPy 0.9 has no iteration; the support function calls the builtin `next` and clears StopIteration.",
    example: "PyIter_Next(object)",
  },
  {
    id: "object-get-iter",
    template: "hpyx_get_iter($ctx, $0)",
    summary: "iter(object).",
    why: BUILTIN,
    example: "PyObject_GetIter(object)",
  },
  {
    id: "object-self-iter",
    template: "HPy_Dup($ctx, $0)",
    summary: "The object itself, as an iterator.",
    why: "PyObject_SelfIter adds a reference and answers its argument (Objects/object.c).",
    example: "PyObject_SelfIter(object)",
  },
]);
