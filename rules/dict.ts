import { defineRules, direct } from "./define-rules.ts";

const DICT_METHOD =
  "HPy 0.9 has no such call; the method of `dict` itself is the same C function, and an override in a subclass is not looked at.";
const LOOKUP =
  "HPy_GetItem raises KeyError and runs `__missing__`, which may insert; the support function looks a plain dict up in two calls and a subclass through `dict.get`.";

/** `PyDict_*`. */
export const dictRules = defineRules("dict", [
  {
    id: "dict-clear",
    template: "hpyx_dict_clear($ctx, $0)",
    summary: "All items removed.",
    why: DICT_METHOD,
    example: "PyDict_Clear(object)",
  },
  direct("dict-contains", "PyDict_Contains(object, key)", "HPy_Contains", "Whether a key is there.", {
    note: "A subclass of dict that overrides `__contains__` is asked for it.",
    why: "The `in` of dict is PyDict_Contains (Objects/dictobject.c).",
  }),
  direct("dict-copy", "PyDict_Copy(object)", "HPyDict_Copy", "A new dict with the same items."),
  direct(
    "dict-del-item",
    "PyDict_DelItem(object, key)",
    "HPy_DelItem",
    "A key removed, with KeyError when it is missing.",
    {
      note: "A subclass of dict that overrides `__delitem__` is asked for it, and so is anything else than a dict, where the C API raises SystemError.",
      why: "`del` on a dict is PyDict_DelItem (Objects/dictobject.c).",
    },
  ),
  direct(
    "dict-del-item-string",
    "PyDict_DelItemString(object, text)",
    "HPy_DelItem_s",
    "A key removed, with KeyError when it is missing.",
    {
      note: "A subclass of dict that overrides `__delitem__` is asked for it, and so is anything else than a dict, where the C API raises SystemError.",
      why: "`del` on a dict is PyDict_DelItem (Objects/dictobject.c).",
    },
  ),
  {
    id: "dict-get-item",
    template: "hpyx_dict_get_item($ctx, $0, $1)",
    summary:
      "The value of a key; NULL without an exception when it is missing or the lookup fails. A new handle, where the C API borrows.",
    why: LOOKUP,
    example: "PyDict_GetItem(object, key)",
  },
  {
    id: "dict-get-item-string",
    template: "hpyx_dict_get_item_s($ctx, $0, $1)",
    summary:
      "The value of a C string as key; NULL without an exception when it is missing or the lookup fails. A new handle, where the C API borrows.",
    why: LOOKUP,
    example: "PyDict_GetItemString(object, text)",
  },
  {
    id: "dict-get-item-with-error",
    template: "hpyx_dict_get_item_with_error($ctx, $0, $1)",
    summary: "The value of a key; NULL without an exception when it is missing. A new handle, where the C API borrows.",
    why: LOOKUP,
    example: "PyDict_GetItemWithError(object, key)",
  },
  {
    id: "dict-items",
    template: "hpyx_dict_items($ctx, $0)",
    summary: "A list of the (key, value) pairs.",
    why: DICT_METHOD,
    example: "PyDict_Items(object)",
  },
  direct("dict-keys", "PyDict_Keys(object)", "HPyDict_Keys", "A list of the keys."),
  {
    id: "dict-merge",
    template: "hpyx_dict_merge($ctx, $0, $1, $2)",
    summary: "The items of a mapping added, existing keys replaced or kept.",
    why: DICT_METHOD,
    example: "PyDict_Merge(object, other, 0)",
  },
  direct("dict-new", "PyDict_New()", "HPyDict_New", "An empty dict."),
  {
    id: "dict-set-default",
    template: "hpyx_dict_set_default($ctx, $0, $1, $2)",
    summary: "The value of a key, which is inserted when missing. A new handle, where the C API borrows.",
    why: DICT_METHOD,
    example: "PyDict_SetDefault(object, key, value)",
  },
  direct("dict-set-item", "PyDict_SetItem(object, key, value)", "HPy_SetItem", "A value stored under a key.", {
    note: "A subclass of dict that overrides `__setitem__` is asked for it, and so is anything else than a dict, where the C API raises SystemError.",
    why: "Item assignment on a dict is PyDict_SetItem (Objects/dictobject.c); neither takes over the references.",
  }),
  direct(
    "dict-set-item-string",
    "PyDict_SetItemString(object, text, value)",
    "HPy_SetItem_s",
    "A value stored under a C string.",
    {
      note: "A subclass of dict that overrides `__setitem__` is asked for it, and so is anything else than a dict, where the C API raises SystemError.",
      why: "Item assignment on a dict is PyDict_SetItem (Objects/dictobject.c); the C API interns the key, which only saves memory.",
    },
  ),
  direct("dict-size", "PyDict_Size(object)", "HPy_Length", "The number of items.", {
    note: "A subclass of dict that overrides `__len__` is asked for it.",
    why: "HPy has no call for dicts alone; the length of a dict is its size.",
  }),
  direct("dict-size-unchecked", "PyDict_GET_SIZE(object)", "HPy_Length", "The number of items.", {
    note: "A subclass of dict that overrides `__len__` is asked for it.",
    why: "HPy has no call for dicts alone; the length of a dict is its size.",
  }),
  {
    id: "dict-update",
    template: "hpyx_dict_update($ctx, $0, $1)",
    summary: "The items of a mapping added, existing keys replaced.",
    why: DICT_METHOD,
    example: "PyDict_Update(object, other)",
  },
  {
    id: "dict-values",
    template: "hpyx_dict_values($ctx, $0)",
    summary: "A list of the values.",
    why: DICT_METHOD,
    example: "PyDict_Values(object)",
  },
]);
