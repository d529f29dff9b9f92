import { defineRules, direct } from "./define-rules.ts";

/** The mapping protocol, `PyMapping_*`. */
export const mappingRules = defineRules("mapping", [
  direct("mapping-del-item", "PyMapping_DelItem(object, key)", "HPy_DelItem", "del object[key].", {
    why: "The C macro is PyObject_DelItem (Include/abstract.h).",
  }),
  direct(
    "mapping-del-item-string",
    "PyMapping_DelItemString(object, text)",
    "HPy_DelItem_s",
    "del object[key] for a C string.",
    {
      why: "The C macro is PyObject_DelItemString (Include/abstract.h).",
    },
  ),
  direct(
    "mapping-get-item-string",
    "PyMapping_GetItemString(object, text)",
    "HPy_GetItem_s",
    "object[key] for a C string.",
    {
      why: "Both make a str and get the item (Objects/abstract.c, hpy/devel/src/runtime/ctx_object.c).",
    },
  ),
  {
    id: "mapping-has-key",
    template: "hpyx_mapping_has_key($ctx, $0, $1)",
    summary: "Whether getting an item succeeds; exceptions are cleared.",
    why: "HPy has no such call; the support function gets the item and clears, as the C API does.",
    example: "PyMapping_HasKey(object, key)",
  },
  {
    id: "mapping-has-key-string",
    template: "hpyx_mapping_has_key_s($ctx, $0, $1)",
    summary: "Whether getting an item succeeds; exceptions are cleared.",
    why: "HPy has no such call; the support function gets the item and clears, as the C API does.",
    example: "PyMapping_HasKeyString(object, text)",
  },
  {
    id: "mapping-items",
    template: 'hpyx_mapping_list($ctx, $0, "items")',
    summary: "list(object.items()).",
    why: "HPy has no such call; the support function calls the method and makes a list, as the C API does.",
    example: "PyMapping_Items(object)",
  },
  {
    id: "mapping-keys",
    template: 'hpyx_mapping_list($ctx, $0, "keys")',
    summary: "list(object.keys()).",
    why: "HPy has no such call; the support function calls the method and makes a list, as the C API does.",
    example: "PyMapping_Keys(object)",
  },
  direct("mapping-length", "PyMapping_Length(object)", "HPy_Length", "len(object).", {
    safety: "review",
    note: "A sequence answers its length, where the C API raises TypeError.",
    why: "HPy has one length; a mapping answers the same slot.",
  }),
  direct(
    "mapping-set-item-string",
    "PyMapping_SetItemString(object, text, value)",
    "HPy_SetItem_s",
    "object[key] = value for a C string.",
    {
      why: "Both make a str and set the item (Objects/abstract.c, hpy/devel/src/runtime/ctx_object.c).",
    },
  ),
  direct("mapping-size", "PyMapping_Size(object)", "HPy_Length", "len(object).", {
    safety: "review",
    note: "A sequence answers its length, where the C API raises TypeError.",
    why: "HPy has one length; a mapping answers the same slot.",
  }),
  {
    id: "mapping-values",
    template: 'hpyx_mapping_list($ctx, $0, "values")',
    summary: "list(object.values()).",
    why: "HPy has no such call; the support function calls the method and makes a list, as the C API does.",
    example: "PyMapping_Values(object)",
  },
]);
