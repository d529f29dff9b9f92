import { defineRules, direct } from "./define-rules.ts";

const ITEM_NOTE = "A subclass of list that overrides `__getitem__` is asked for it.";
const LENGTH_NOTE = "A subclass of list that overrides `__len__` is asked for it.";
const LIST_METHOD =
  "HPy 0.9 has no such call; the method of `list` itself is the same C function, and an override in a subclass is not looked at.";

/** `PyList_*`. */
export const listRules = defineRules("list", [
  direct("list-append", "PyList_Append(object, value)", "HPyList_Append", "An item added at the end."),
  {
    id: "list-as-tuple",
    template: "hpyx_list_as_tuple($ctx, $0)",
    summary: "A tuple of the items.",
    why: "HPy has no such call; the support function copies the items as `list` itself does, and the tuple type takes a plain list by PyList_AsTuple (Objects/abstract.c).",
    example: "PyList_AsTuple(object)",
  },
  {
    id: "list-get-item",
    template: "HPy_GetItem_i($ctx, $0, $1)",
    when: { argument: 1, is: "natural" },
    otherwise: "hpyx_list_get_item($ctx, $0, $1)",
    note: ITEM_NOTE,
    summary: "An item by index; a new handle, where the C API borrows.",
    why: "HPy_GetItem_i counts a negative index from the end where the C API raises IndexError; the support function keeps the error.",
    example: "PyList_GetItem(object, 0)",
  },
  direct(
    "list-get-item-unchecked",
    "PyList_GET_ITEM(object, index)",
    "HPy_GetItem_i",
    "An item by index; a new handle, where the C API borrows.",
    {
      note: ITEM_NOTE,
      why: "For an index inside the list, which the macro requires, it is the same item; it costs about four times as much.",
    },
  ),
  {
    id: "list-get-slice",
    template: "hpyx_list_get_slice($ctx, $0, $1, $2)",
    summary: "A list of the items between two indexes.",
    why: "HPy 0.9 has no slices; the support function takes an item by a slice object whose bounds are clipped at 0 like those of the C API.",
    example: "PyList_GetSlice(object, index, size)",
  },
  {
    id: "list-insert",
    template: "hpyx_list_insert($ctx, $0, $1, $2)",
    summary: "An item inserted before an index.",
    why: LIST_METHOD,
    example: "PyList_Insert(object, index, value)",
  },
  {
    id: "list-new-empty",
    template: "HPyList_New($ctx, 0)",
    when: { argument: 0, literal: "0" },
    summary: "An empty list.",
    why: "Only the empty list: the slots of a longer one are NULL, and HPy_SetItem_i crashes on them; that takes a builder.",
    example: "PyList_New(0)",
  },
  {
    id: "list-reverse",
    template: "hpyx_list_reverse($ctx, $0)",
    summary: "The items in reverse order, in place.",
    why: LIST_METHOD,
    example: "PyList_Reverse(object)",
  },
  {
    id: "list-set-slice",
    template: "hpyx_list_set_slice($ctx, $0, $1, $2, $3)",
    summary: "The items between two indexes replaced, or deleted when the value is NULL.",
    why: "HPy 0.9 has no slices; the support function sets an item by a slice object whose bounds are clipped at 0 like those of the C API.",
    example: "PyList_SetSlice(object, index, size, value)",
  },
  direct("list-size", "PyList_Size(object)", "HPy_Length", "The number of items.", {
    note: LENGTH_NOTE,
    why: "HPy has no call for lists alone; the length of a list is its size.",
  }),
  direct("list-size-unchecked", "PyList_GET_SIZE(object)", "HPy_Length", "The number of items.", {
    note: LENGTH_NOTE,
    why: "HPy has no call for lists alone; the length of a list is its size.",
  }),
  {
    id: "list-sort",
    template: "hpyx_list_sort($ctx, $0)",
    summary: "The items sorted in place.",
    why: LIST_METHOD,
    example: "PyList_Sort(object)",
  },
]);
