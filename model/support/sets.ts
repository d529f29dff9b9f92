import { pure } from "./define.ts";

/** Sets, by the methods of the builtin types. Facts are from `Objects/setobject.c` of CPython 3.11. */
export const SET_SUPPORT = [
  pure(
    "hpyx_set_new",
    { requires: ["hpyx_call_builtin"] },
    `/* PySet_New: HPy_NULL makes an empty set. */
static HPy
hpyx_set_new(HPyContext *ctx, HPy iterable)
{
    return hpyx_call_builtin(ctx, "set", &iterable, HPy_IsNull(iterable) ? 0 : 1);
}
`,
  ),
  pure(
    "hpyx_frozenset_new",
    { requires: ["hpyx_call_builtin"] },
    `/* PyFrozenSet_New: HPy_NULL makes an empty frozenset. */
static HPy
hpyx_frozenset_new(HPyContext *ctx, HPy iterable)
{
    return hpyx_call_builtin(ctx, "frozenset", &iterable, HPy_IsNull(iterable) ? 0 : 1);
}
`,
  ),
  pure(
    "hpyx_set_check_internal",
    { requires: ["hpyx_type_check_builtin"] },
    `/* 1 for a set (or, where allowed, a frozenset); otherwise 0 with the SystemError of PyErr_BadInternalCall. */
static int
hpyx_set_check_internal(HPyContext *ctx, HPy set, int frozen)
{
    if (hpyx_type_check_builtin(ctx, set, "set") || (frozen && hpyx_type_check_builtin(ctx, set, "frozenset"))) {
        return 1;
    }
    HPyErr_SetString(ctx, ctx->h_SystemError, "bad argument to internal function");
    return 0;
}
`,
  ),
  pure(
    "hpyx_set_add",
    { requires: ["hpyx_call_builtin_method", "hpyx_done", "hpyx_set_check_internal"] },
    `/* PySet_Add to a set: 0, or -1 with an exception. */
static int
hpyx_set_add(HPyContext *ctx, HPy set, HPy key)
{
    HPy args[2] = {set, key};
    if (!hpyx_set_check_internal(ctx, set, 0)) {
        return -1;
    }
    return hpyx_done(ctx, hpyx_call_builtin_method(ctx, "set", "add", args, 2));
}
`,
  ),
  pure(
    "hpyx_set_contains",
    {
      requires: ["hpyx_call_builtin_method", "hpyx_set_check_internal", "hpyx_truth", "hpyx_type_check_builtin"],
    },
    `/* PySet_Contains: 1, 0, or -1 with an exception. Unlike the operator it does not look a set up as a frozenset. */
static int
hpyx_set_contains(HPyContext *ctx, HPy set, HPy key)
{
    HPy args[2] = {set, key};
    if (!hpyx_set_check_internal(ctx, set, 1) || (HPy_Hash(ctx, key) == -1 && HPyErr_Occurred(ctx))) {
        return -1;
    }
    const char *type = hpyx_type_check_builtin(ctx, set, "set") ? "set" : "frozenset";
    return hpyx_truth(ctx, hpyx_call_builtin_method(ctx, type, "__contains__", args, 2));
}
`,
  ),
  pure(
    "hpyx_set_discard",
    { requires: ["hpyx_call_builtin_method", "hpyx_done", "hpyx_set_check_internal", "hpyx_truth"] },
    `/* PySet_Discard: 1 when the key was found, 0 when not, or -1 with an exception. */
static int
hpyx_set_discard(HPyContext *ctx, HPy set, HPy key)
{
    HPy args[2] = {set, key};
    if (!hpyx_set_check_internal(ctx, set, 0) || (HPy_Hash(ctx, key) == -1 && HPyErr_Occurred(ctx))) {
        return -1;
    }
    int found = hpyx_truth(ctx, hpyx_call_builtin_method(ctx, "set", "__contains__", args, 2));
    if (found <= 0) {
        return found;
    }
    return hpyx_done(ctx, hpyx_call_builtin_method(ctx, "set", "discard", args, 2)) < 0 ? -1 : 1;
}
`,
  ),
  pure(
    "hpyx_set_pop",
    { requires: ["hpyx_call_builtin_method", "hpyx_set_check_internal"] },
    `/* PySet_Pop. */
static HPy
hpyx_set_pop(HPyContext *ctx, HPy set)
{
    return hpyx_set_check_internal(ctx, set, 0) ? hpyx_call_builtin_method(ctx, "set", "pop", &set, 1) : HPy_NULL;
}
`,
  ),
  pure(
    "hpyx_set_clear",
    { requires: ["hpyx_call_builtin_method", "hpyx_done", "hpyx_set_check_internal"] },
    `/* PySet_Clear: 0, or -1 with an exception. */
static int
hpyx_set_clear(HPyContext *ctx, HPy set)
{
    if (!hpyx_set_check_internal(ctx, set, 0)) {
        return -1;
    }
    return hpyx_done(ctx, hpyx_call_builtin_method(ctx, "set", "clear", &set, 1));
}
`,
  ),
  pure(
    "hpyx_set_size",
    { requires: ["hpyx_set_check_internal"] },
    `/* PySet_Size: -1 with an exception for an object that is no set. */
static HPy_ssize_t
hpyx_set_size(HPyContext *ctx, HPy set)
{
    return hpyx_set_check_internal(ctx, set, 1) ? HPy_Length(ctx, set) : -1;
}
`,
  ),
];
