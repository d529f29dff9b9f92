import type { SupportFunction } from "../support.ts";

/**
 * Binding of arguments to parameters with the checks of CPython, which HPy 0.9.0 lacks for keywords: unknown names,
 * names given by position too, and too many positional arguments are all accepted by `HPyArg_ParseKeywords`. Facts are
 * from `vgetargs1_impl` and `vgetargskeywords` in `Python/getargs.c` of CPython 3.11.
 */
export const KEYWORD_SUPPORT: readonly SupportFunction[] = [
  {
    name: "hpyx_bind_arguments",
    requires: [],
    includes: [],
    bridged: false,
    code: `/* Binds positional arguments to parameters as PyArg_ParseTuple does: bound[i] is an alias of the argument, or HPy_NULL
   when it is missing. 1, or 0 with a TypeError about the number of arguments. */
static int
hpyx_bind_arguments(HPyContext *ctx, const HPy *args, size_t nargs, size_t required, size_t count,
                    const char *function, HPy *bound)
{
    if (nargs < required || nargs > count) {
        size_t limit = nargs < required ? required : count;
        HPyErr_Format(ctx, ctx->h_TypeError, "%s%s takes %s %zu argument%s (%zu given)",
                      function == NULL ? "function" : function, function == NULL ? "" : "()",
                      required == count ? "exactly" : nargs < required ? "at least" : "at most",
                      limit, limit == 1 ? "" : "s", nargs);
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        bound[i] = i < nargs ? args[i] : HPy_NULL;
    }
    return 1;
}
`,
  },
  {
    name: "hpyx_bind_keywords",
    requires: [],
    includes: ["<string.h>"],
    bridged: false,
    code: `/* Binds positional and keyword arguments to parameters as PyArg_ParseTupleAndKeywords does: bound[i] is an alias of
   the argument, or HPy_NULL when it is missing. The first \`required\` parameters must be given, the first \`positional\`
   may be given by position; parameters with an empty name cannot be given by name. 1, or 0 with a TypeError. */
static int
hpyx_bind_keywords(HPyContext *ctx, const HPy *args, size_t nargs, HPy kwnames, const char *const *names,
                   size_t required, size_t positional, const char *function, HPy *bound)
{
    size_t count = 0, given = 0, i, k;
    if (function == NULL) {
        function = "function";
    }
    while (names[count] != NULL) {
        count++;
    }
    if (!HPy_IsNull(kwnames)) {
        given = (size_t)HPy_Length(ctx, kwnames);
    }
    if (nargs > positional || nargs + given > count) {
        int many = nargs > positional && nargs <= count;
        HPyErr_Format(ctx, ctx->h_TypeError, "%s() takes at most %zu %sargument%s (%zu given)", function,
                      many ? positional : count, many ? "positional " : nargs == 0 ? "keyword " : "",
                      (many ? positional : count) == 1 ? "" : "s", many ? nargs : nargs + given);
        return 0;
    }
    for (i = 0; i < count; i++) {
        bound[i] = i < nargs ? args[i] : HPy_NULL;
    }
    for (k = 0; k < given; k++) {
        HPy_ssize_t size;
        HPy name = HPy_GetItem_i(ctx, kwnames, (HPy_ssize_t)k);
        const char *text = HPy_IsNull(name) ? NULL : HPyUnicode_AsUTF8AndSize(ctx, name, &size);
        for (i = 0; text != NULL && i < count; i++) {
            if (names[i][0] != '\\0' && strlen(names[i]) == (size_t)size && memcmp(names[i], text, (size_t)size) == 0) {
                break;
            }
        }
        if (text == NULL || i == count) {
            /* A name that UTF-8 cannot express is not the name of any parameter either. */
            HPyErr_Clear(ctx);
            HPyErr_Format(ctx, ctx->h_TypeError, "'%s' is an invalid keyword argument for %s()",
                          text == NULL ? "?" : text, function);
        } else if (i < nargs) {
            HPyErr_Format(ctx, ctx->h_TypeError, "argument for %s() given by name ('%s') and position (%zu)", function,
                          names[i], i + 1);
        } else {
            bound[i] = args[nargs + k];
        }
        HPy_Close(ctx, name);
        if (text == NULL || i == count || i < nargs) {
            return 0;
        }
    }
    for (i = 0; i < required; i++) {
        if (HPy_IsNull(bound[i])) {
            HPyErr_Format(ctx, ctx->h_TypeError, "%s() missing required argument '%s' (pos %zu)", function, names[i],
                          i + 1);
            return 0;
        }
    }
    return 1;
}
`,
  },
  {
    name: "hpyx_close_arguments",
    requires: [],
    includes: [],
    bridged: false,
    code: `/* Closes the arguments that hpyx_bind_keywords_dict opened. */
static void
hpyx_close_arguments(HPyContext *ctx, size_t count, HPy *bound)
{
    for (size_t i = 0; i < count; i++) {
        HPy_Close(ctx, bound[i]);
        bound[i] = HPy_NULL;
    }
}
`,
  },
  {
    name: "hpyx_bind_keywords_dict",
    requires: ["hpyx_close_arguments"],
    includes: ["<string.h>"],
    bridged: false,
    code: `/* Binds positional arguments and a dict of keyword arguments, which is how types get theirs, to parameters as
   PyArg_ParseTupleAndKeywords does: bound[i] is a new handle of the argument, or HPy_NULL when it is missing. The first
   \`required\` parameters must be given, the first \`positional\` may be given by position; parameters with an empty name
   cannot be given by name. 1, or 0 with an exception and nothing open. */
static int
hpyx_bind_keywords_dict(HPyContext *ctx, const HPy *args, HPy_ssize_t nargs, HPy kw, const char *const *names,
                        size_t required, size_t positional, const char *function, HPy *bound)
{
    size_t count = 0, npos = (size_t)nargs, given = 0, i, k;
    HPy keys = HPy_NULL;
    if (function == NULL) {
        function = "function";
    }
    while (names[count] != NULL) {
        bound[count] = HPy_NULL;
        count++;
    }
    if (!HPy_IsNull(kw)) {
        given = (size_t)HPy_Length(ctx, kw);
    }
    if (npos > positional || npos + given > count) {
        int many = npos > positional && npos <= count;
        HPyErr_Format(ctx, ctx->h_TypeError, "%s() takes at most %zu %sargument%s (%zu given)", function,
                      many ? positional : count, many ? "positional " : npos == 0 ? "keyword " : "",
                      (many ? positional : count) == 1 ? "" : "s", many ? npos : npos + given);
        return 0;
    }
    if (given > 0) {
        keys = HPyDict_Keys(ctx, kw);
        if (HPy_IsNull(keys)) {
            return 0;
        }
    }
    for (i = 0; i < npos; i++) {
        bound[i] = HPy_Dup(ctx, args[i]);
    }
    for (k = 0; k < given; k++) {
        HPy_ssize_t size;
        int is_bound = 0;
        HPy name = HPy_GetItem_i(ctx, keys, (HPy_ssize_t)k);
        const char *text = NULL;
        if (!HPy_IsNull(name) && HPyUnicode_Check(ctx, name)) {
            text = HPyUnicode_AsUTF8AndSize(ctx, name, &size);
        }
        for (i = 0; text != NULL && i < count; i++) {
            if (names[i][0] != '\\0' && strlen(names[i]) == (size_t)size && memcmp(names[i], text, (size_t)size) == 0) {
                break;
            }
        }
        if (!HPy_IsNull(name) && !HPyUnicode_Check(ctx, name)) {
            HPyErr_SetString(ctx, ctx->h_TypeError, "keywords must be strings");
        } else if (text == NULL || i == count) {
            /* A name that UTF-8 cannot express is not the name of any parameter either. */
            HPyErr_Clear(ctx);
            HPyErr_Format(ctx, ctx->h_TypeError, "'%s' is an invalid keyword argument for %s()",
                          text == NULL ? "?" : text, function);
        } else if (i < npos) {
            HPyErr_Format(ctx, ctx->h_TypeError, "argument for %s() given by name ('%s') and position (%zu)", function,
                          names[i], i + 1);
        } else {
            bound[i] = HPy_GetItem(ctx, kw, name);
            is_bound = !HPy_IsNull(bound[i]);
        }
        HPy_Close(ctx, name);
        if (!is_bound) {
            HPy_Close(ctx, keys);
            hpyx_close_arguments(ctx, count, bound);
            return 0;
        }
    }
    HPy_Close(ctx, keys);
    for (i = 0; i < required; i++) {
        if (HPy_IsNull(bound[i])) {
            HPyErr_Format(ctx, ctx->h_TypeError, "%s() missing required argument '%s' (pos %zu)", function, names[i],
                          i + 1);
            hpyx_close_arguments(ctx, count, bound);
            return 0;
        }
    }
    return 1;
}
`,
  },
  {
    name: "hpyx_undo_arguments",
    requires: [],
    includes: [],
    bridged: false,
    code: `/* Closes the arguments that hpyx_bind_keywords_dict opened because a conversion failed; always 0. */
static int
hpyx_undo_arguments(HPyContext *ctx, size_t count, HPy *bound)
{
    for (size_t i = 0; i < count; i++) {
        HPy_Close(ctx, bound[i]);
        bound[i] = HPy_NULL;
    }
    return 0;
}
`,
  },
  {
    name: "hpyx_keywords_dict",
    requires: [],
    includes: [],
    bridged: false,
    code: `/* Gives the keyword arguments of a method as a new dict, or HPy_NULL when there are none: 0, or -1 and an exception. */
static int
hpyx_keywords_dict(HPyContext *ctx, const HPy *args, size_t nargs, HPy kwnames, HPy *dict)
{
    *dict = HPy_NULL;
    HPy_ssize_t count = HPy_IsNull(kwnames) ? 0 : HPy_Length(ctx, kwnames);
    if (count == 0) {
        return 0;
    }
    HPy made = HPyDict_New(ctx);
    if (HPy_IsNull(made)) {
        return -1;
    }
    for (HPy_ssize_t i = 0; i < count; i++) {
        HPy name = HPy_GetItem_i(ctx, kwnames, i);
        int failed = HPy_IsNull(name) || HPy_SetItem(ctx, made, name, args[nargs + (size_t)i]) < 0;
        HPy_Close(ctx, name);
        if (failed) {
            HPy_Close(ctx, made);
            return -1;
        }
    }
    *dict = made;
    return 0;
}
`,
  },
  {
    name: "hpyx_bind_tuple",
    requires: ["hpyx_close_arguments"],
    includes: [],
    bridged: false,
    code: `/* Binds items of a tuple to targets as PyArg_ParseTuple does: bound[i] is a new handle of the item, or HPy_NULL when
   it is missing. 1, or 0 with an exception and nothing open. */
static int
hpyx_bind_tuple(HPyContext *ctx, HPy tuple, size_t required, size_t count, const char *function, HPy *bound)
{
    size_t given, i;
    for (i = 0; i < count; i++) {
        bound[i] = HPy_NULL;
    }
    if (!HPyTuple_Check(ctx, tuple)) {
        HPyErr_SetString(ctx, ctx->h_SystemError, "new style getargs format but argument is not a tuple");
        return 0;
    }
    given = (size_t)HPy_Length(ctx, tuple);
    if (given < required || given > count) {
        size_t limit = given < required ? required : count;
        HPyErr_Format(ctx, ctx->h_TypeError, "%s%s takes %s %zu argument%s (%zu given)",
                      function == NULL ? "function" : function, function == NULL ? "" : "()",
                      required == count ? "exactly" : given < required ? "at least" : "at most",
                      limit, limit == 1 ? "" : "s", given);
        return 0;
    }
    for (i = 0; i < given; i++) {
        bound[i] = HPy_GetItem_i(ctx, tuple, (HPy_ssize_t)i);
        if (HPy_IsNull(bound[i])) {
            hpyx_close_arguments(ctx, count, bound);
            return 0;
        }
    }
    return 1;
}
`,
  },
];
