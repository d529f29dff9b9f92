import { pure } from "./define.ts";

/**
 * Dictionaries. The functions of the C API work on the dict itself and pass by what a subclass overrides, `__missing__`
 * included; so do these. Facts are from `Objects/dictobject.c` of CPython 3.11.
 */
export const DICT_SUPPORT = [
  pure(
    "hpyx_dict_get_item_with_error",
    { requires: ["hpyx_call_type_method", "hpyx_check_exact", "hpyx_truth"] },
    `/* PyDict_GetItemWithError: a new handle where the C API lends one, or HPy_NULL; a missing key is no exception. */
static HPy
hpyx_dict_get_item_with_error(HPyContext *ctx, HPy dict, HPy key)
{
    HPy args[2] = {dict, key};
    HPy result = HPy_NULL;
    if (HPy_IsNull(dict) || !HPyDict_Check(ctx, dict)) {
        HPyErr_SetString(ctx, ctx->h_SystemError, "bad argument to internal function");
        return HPy_NULL;
    }
    HPy type = HPy_GetItem_s(ctx, ctx->h_Builtins, "dict");
    if (HPy_IsNull(type)) {
        return HPy_NULL;
    }
    int exact = hpyx_check_exact(ctx, dict, type);
    int found = exact ? HPy_Contains(ctx, dict, key)
                      : hpyx_truth(ctx, hpyx_call_type_method(ctx, type, "__contains__", args, 2));
    if (found > 0) {
        result = exact ? HPy_GetItem(ctx, dict, key) : hpyx_call_type_method(ctx, type, "get", args, 2);
    }
    HPy_Close(ctx, type);
    return result;
}
`,
  ),
  pure(
    "hpyx_dict_get_item",
    { requires: ["hpyx_dict_get_item_with_error"] },
    `/* PyDict_GetItem: a new handle where the C API lends one, or HPy_NULL; never with an exception. */
static HPy
hpyx_dict_get_item(HPyContext *ctx, HPy dict, HPy key)
{
    HPy result = hpyx_dict_get_item_with_error(ctx, dict, key);
    if (HPy_IsNull(result)) {
        HPyErr_Clear(ctx);
    }
    return result;
}
`,
  ),
  pure(
    "hpyx_dict_get_item_s",
    { requires: ["hpyx_dict_get_item"] },
    `/* PyDict_GetItemString: a new handle where the C API lends one, or HPy_NULL; never with an exception. */
static HPy
hpyx_dict_get_item_s(HPyContext *ctx, HPy dict, const char *key)
{
    HPy name = HPyUnicode_FromString(ctx, key);
    if (HPy_IsNull(name)) {
        HPyErr_Clear(ctx);
        return HPy_NULL;
    }
    HPy result = hpyx_dict_get_item(ctx, dict, name);
    HPy_Close(ctx, name);
    return result;
}
`,
  ),
  pure(
    "hpyx_dict_set_default",
    { requires: ["hpyx_call_builtin_method"] },
    `/* PyDict_SetDefault: a new handle where the C API lends one. */
static HPy
hpyx_dict_set_default(HPyContext *ctx, HPy dict, HPy key, HPy value)
{
    HPy args[3] = {dict, key, value};
    return hpyx_call_builtin_method(ctx, "dict", "setdefault", args, 3);
}
`,
  ),
  pure(
    "hpyx_dict_clear",
    { requires: ["hpyx_call_builtin_method"] },
    `/* PyDict_Clear. */
static void
hpyx_dict_clear(HPyContext *ctx, HPy dict)
{
    HPy result = hpyx_call_builtin_method(ctx, "dict", "clear", &dict, 1);
    if (HPy_IsNull(result)) {
        HPyErr_Clear(ctx);
    }
    HPy_Close(ctx, result);
}
`,
  ),
  pure(
    "hpyx_dict_update",
    { requires: ["hpyx_call_builtin_method", "hpyx_done"] },
    `/* PyDict_Update: 0, or -1 with an exception. Unlike dict.update it takes mappings only. */
static int
hpyx_dict_update(HPyContext *ctx, HPy dict, HPy other)
{
    HPy args[2] = {dict, other};
    if (!HPyDict_Check(ctx, other)) {
        HPy keys = HPy_GetAttr_s(ctx, other, "keys");
        if (HPy_IsNull(keys)) {
            return -1;
        }
        HPy_Close(ctx, keys);
    }
    return hpyx_done(ctx, hpyx_call_builtin_method(ctx, "dict", "update", args, 2));
}
`,
  ),
  pure(
    "hpyx_dict_items",
    { requires: ["hpyx_call_builtin_method"] },
    `/* PyDict_Items: a new list of pairs. */
static HPy
hpyx_dict_items(HPyContext *ctx, HPy dict)
{
    HPy view = hpyx_call_builtin_method(ctx, "dict", "items", &dict, 1);
    HPy result = HPy_IsNull(view) ? HPy_NULL : HPy_Call(ctx, ctx->h_ListType, &view, 1, HPy_NULL);
    HPy_Close(ctx, view);
    return result;
}
`,
  ),
  pure(
    "hpyx_dict_values",
    { requires: ["hpyx_call_builtin_method"] },
    `/* PyDict_Values: a new list. */
static HPy
hpyx_dict_values(HPyContext *ctx, HPy dict)
{
    HPy view = hpyx_call_builtin_method(ctx, "dict", "values", &dict, 1);
    HPy result = HPy_IsNull(view) ? HPy_NULL : HPy_Call(ctx, ctx->h_ListType, &view, 1, HPy_NULL);
    HPy_Close(ctx, view);
    return result;
}
`,
  ),
];
