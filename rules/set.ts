import { defineRules, direct } from "./define-rules.ts";

const SET_METHOD =
  "HPy 0.9 has no set API; the method of `set` itself, looked up in the builtins, is the same C function.";
const LENGTH_NOTE = "A subclass of set that overrides `__len__` is asked for it.";

/** `PySet_*` and `PyFrozenSet_*`. */
export const setRules = defineRules("set", [
  {
    id: "frozenset-new",
    template: "hpyx_frozenset_new($ctx, $0)",
    summary: "A frozenset of the items of an iterable, or the empty one for NULL.",
    why: "HPy has no set API; calling the type with the iterable, or without, is PyFrozenSet_New.",
    example: "PyFrozenSet_New(object)",
  },
  {
    id: "set-add",
    template: "hpyx_set_add($ctx, $0, $1)",
    safety: "review",
    note: "A frozenset is refused by SystemError, where the C API fills one that nobody else holds.",
    summary: "An item added to a set.",
    why: SET_METHOD,
    example: "PySet_Add(object, key)",
  },
  {
    id: "set-clear",
    template: "hpyx_set_clear($ctx, $0)",
    summary: "All items removed.",
    why: SET_METHOD,
    example: "PySet_Clear(object)",
  },
  {
    id: "set-contains",
    template: "hpyx_set_contains($ctx, $0, $1)",
    summary: "Whether an item is in a set.",
    why: "HPy_Contains would look a set up as a frozenset, and ask a subclass; the support function keeps the TypeError.",
    example: "PySet_Contains(object, key)",
  },
  {
    id: "set-discard",
    template: "hpyx_set_discard($ctx, $0, $1)",
    summary: "An item removed; 1 when it was there.",
    why: SET_METHOD,
    example: "PySet_Discard(object, key)",
  },
  {
    id: "set-new",
    template: "hpyx_set_new($ctx, $0)",
    summary: "A set of the items of an iterable, or an empty one for NULL.",
    why: "HPy has no set API; calling the type with the iterable, or without, is PySet_New.",
    example: "PySet_New(object)",
  },
  {
    id: "set-pop",
    template: "hpyx_set_pop($ctx, $0)",
    summary: "An arbitrary item, removed from the set; KeyError when it is empty.",
    why: SET_METHOD,
    example: "PySet_Pop(object)",
  },
  {
    id: "set-size",
    template: "hpyx_set_size($ctx, $0)",
    summary: "The number of items, with SystemError for what is no set.",
    why: SET_METHOD,
    example: "PySet_Size(object)",
  },
  direct("set-size-unchecked", "PySet_GET_SIZE(object)", "HPy_Length", "The number of items.", {
    note: LENGTH_NOTE,
    why: "HPy has no set API; the length of a set is its size.",
  }),
]);
