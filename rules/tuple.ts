import { defineRules, direct } from "./define-rules.ts";

const ITEM_NOTE = "A subclass of tuple that overrides `__getitem__` is asked for it.";
const LENGTH_NOTE = "A subclass of tuple that overrides `__len__` is asked for it.";

/** `PyTuple_*`. */
export const tupleRules = defineRules("tuple", [
  {
    id: "tuple-get-item",
    template: "HPy_GetItem_i($ctx, $0, $1)",
    when: { argument: 1, is: "natural" },
    otherwise: "hpyx_tuple_get_item($ctx, $0, $1)",
    note: ITEM_NOTE,
    summary: "An item by index; a new handle, where the C API borrows.",
    why: "HPy_GetItem_i counts a negative index from the end where the C API raises IndexError; the support function keeps the error.",
    example: "PyTuple_GetItem(object, 0)",
  },
  direct(
    "tuple-get-item-unchecked",
    "PyTuple_GET_ITEM(object, index)",
    "HPy_GetItem_i",
    "An item by index; a new handle, where the C API borrows.",
    {
      note: ITEM_NOTE,
      why: "For an index inside the tuple, which the macro requires, it is the same item; it costs about four times as much.",
    },
  ),
  {
    id: "tuple-get-slice",
    template: "hpyx_tuple_get_slice($ctx, $0, $1, $2)",
    summary: "A tuple of the items between two indexes.",
    why: "HPy 0.9 has no slices; the support function takes an item by a slice object whose bounds are clipped at 0 like those of the C API.",
    example: "PyTuple_GetSlice(object, index, size)",
  },
  {
    id: "tuple-new-empty",
    template: "HPyTuple_FromArray($ctx, NULL, 0)",
    when: { argument: 0, literal: "0" },
    summary: "The empty tuple.",
    why: "A tuple cannot be changed in HPy; only the empty one needs no builder.",
    example: "PyTuple_New(0)",
  },
  {
    id: "tuple-pack",
    template: "HPyTuple_Pack($ctx, $0$*)",
    summary: "A tuple of its arguments.",
    why: "Neither call takes over its items.",
    example: "PyTuple_Pack(2, object, other)",
  },
  {
    id: "tuple-set-item",
    template: "hpyx_tuple_set_item($ctx, $0, $1, $2)",
    summary: "An item put into a tuple that nobody else has; the value is not stolen.",
    why: "HPy fills a tuple only through a builder. The support function asks the C API, which wants the only reference: that of the handle.",
    example: "PyTuple_SetItem(object, index, value)",
  },
  direct("tuple-size", "PyTuple_Size(object)", "HPy_Length", "The number of items.", {
    note: LENGTH_NOTE,
    why: "HPy has no call for tuples alone; the length of a tuple is its size.",
  }),
  direct("tuple-size-unchecked", "PyTuple_GET_SIZE(object)", "HPy_Length", "The number of items.", {
    note: LENGTH_NOTE,
    why: "HPy has no call for tuples alone; the length of a tuple is its size.",
  }),
]);
