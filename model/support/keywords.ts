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
    const char *who = function == NULL ? "function" : function;
    const char *call = function == NULL ? "" : "()";
    const char *article = function == NULL ? "this function" : function;
    size_t count = 0, unnamed = 0, given = 0, i, k;
    HPy_ssize_t unknown = -1;
    while (names[count] != NULL) {
        unnamed += names[count][0] == '\\0';
        count++;
    }
    size_t repeated = count;
    if (!HPy_IsNull(kwnames)) {
        HPy_ssize_t length = HPy_Length(ctx, kwnames);
        if (length < 0) {
            return 0;
        }
        given = (size_t)length;
    }
    if (nargs + given > count) {
        HPyErr_Format(ctx, ctx->h_TypeError, "%s%s takes at most %zu %sargument%s (%zu given)", who, call, count,
                      nargs == 0 ? "keyword " : "", count == 1 ? "" : "s", nargs + given);
        return 0;
    }
    if (nargs > positional) {
        HPyErr_Format(ctx, ctx->h_TypeError, "%s%s takes %s %zu positional argument%s (%zu given)", who, call,
                      required < count ? "at most" : "exactly", positional, positional == 1 ? "" : "s", nargs);
        return 0;
    }
    for (i = 0; i < count; i++) {
        bound[i] = i < nargs ? args[i] : HPy_NULL;
    }
    for (k = 0; k < given; k++) {
        HPy name = HPy_GetItem_i(ctx, kwnames, (HPy_ssize_t)k);
        if (HPy_IsNull(name)) {
            return 0;
        }
        HPy_ssize_t size;
        const char *text = HPyUnicode_AsUTF8AndSize(ctx, name, &size);
        if (text == NULL) {
            /* A name that UTF-8 cannot express is not the name of any parameter. */
            HPyErr_Clear(ctx);
        }
        for (i = unnamed; i < count; i++) {
            if (text != NULL && strlen(names[i]) == (size_t)size && memcmp(names[i], text, (size_t)size) == 0) {
                break;
            }
        }
        HPy_Close(ctx, name);
        if (i == count) {
            unknown = unknown < 0 ? (HPy_ssize_t)k : unknown;
        } else if (i < nargs) {
            repeated = i < repeated ? i : repeated;
        } else {
            bound[i] = args[nargs + k];
        }
    }
    for (i = 0; i < required; i++) {
        if (!HPy_IsNull(bound[i])) {
            continue;
        }
        if (i < unnamed) {
            size_t minimum = required < unnamed ? required : unnamed;
            HPyErr_Format(ctx, ctx->h_TypeError, "%s%s takes %s %zu positional argument%s (%zu given)", who, call,
                          minimum < positional ? "at least" : "exactly", minimum, minimum == 1 ? "" : "s", nargs);
        } else {
            HPyErr_Format(ctx, ctx->h_TypeError, "%s%s missing required argument '%s' (pos %zu)", who, call, names[i],
                          i + 1);
        }
        return 0;
    }
    if (repeated < count) {
        HPyErr_Format(ctx, ctx->h_TypeError, "argument for %s%s given by name ('%s') and position (%zu)", who, call,
                      names[repeated], repeated + 1);
        return 0;
    }
    if (unknown >= 0) {
        HPy name = HPy_GetItem_i(ctx, kwnames, unknown);
        if (!HPy_IsNull(name)) {
            HPyErr_Format(ctx, ctx->h_TypeError, "'%U' is an invalid keyword argument for %s%s", name, article, call);
            HPy_Close(ctx, name);
        }
        return 0;
    }
    return 1;
}
`,
  },
];
