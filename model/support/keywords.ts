import type { SupportFunction } from "../support.ts";

/**
 * Binding of arguments to parameters with the checks of CPython, which HPy 0.9.0 lacks for keywords: unknown names,
 * names given by position too, and too many positional arguments are all accepted by `HPyArg_ParseKeywords`. And of the
 * number of positional arguments, which `HPyArg_Parse` notices after it has converted those that are there. Facts are
 * from `vgetargs1_impl` and `vgetargskeywords` in `Python/getargs.c` of CPython 3.11.
 */
export const KEYWORD_SUPPORT: readonly SupportFunction[] = [
  {
    name: "hpyx_arg_count",
    requires: [],
    includes: [],
    bridged: false,
    code: `/* Checks the number of positional arguments before any of them is converted, as PyArg_ParseTuple does and
   HPyArg_Parse does not. 1, or 0 with a TypeError. */
static int
hpyx_arg_count(HPyContext *ctx, size_t nargs, size_t required, size_t count, const char *function)
{
    if (nargs < required || nargs > count) {
        size_t limit = nargs < required ? required : count;
        HPyErr_Format(ctx, ctx->h_TypeError, "%s%s takes %s %zu argument%s (%zu given)",
                      function == NULL ? "function" : function, function == NULL ? "" : "()",
                      required == count ? "exactly" : nargs < required ? "at least" : "at most",
                      limit, limit == 1 ? "" : "s", nargs);
        return 0;
    }
    return 1;
}
`,
  },
  {
    name: "hpyx_bind_arguments",
    requires: ["hpyx_arg_count"],
    includes: [],
    bridged: false,
    code: `/* Binds positional arguments to parameters as PyArg_ParseTuple does: bound[i] is an alias of the argument, or HPy_NULL
   when it is missing. 1, or 0 with a TypeError about the number of arguments. */
static int
hpyx_bind_arguments(HPyContext *ctx, const HPy *args, size_t nargs, size_t required, size_t count,
                    const char *function, HPy *bound)
{
    if (!hpyx_arg_count(ctx, nargs, required, count, function)) {
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
    name: "hpyx_arg_parameter",
    requires: [],
    includes: ["<string.h>"],
    bridged: false,
    code: `/* Index of the parameter with this name, or that of the NULL after the last. Empty names are no names. */
static size_t
hpyx_arg_parameter(HPyContext *ctx, HPy name, const char *const *names)
{
    size_t i = 0;
    HPy_ssize_t size = 0;
    const char *text = HPyUnicode_Check(ctx, name) ? HPyUnicode_AsUTF8AndSize(ctx, name, &size) : NULL;
    if (text == NULL) {
        /* A name that UTF-8 cannot express is not the name of any parameter. */
        HPyErr_Clear(ctx);
    }
    while (names[i] != NULL &&
           (text == NULL || names[i][0] == '\\0' || strlen(names[i]) != (size_t)size ||
            memcmp(names[i], text, (size_t)size) != 0)) {
        i++;
    }
    return i;
}
`,
  },
  {
    name: "hpyx_arg_probe",
    requires: [],
    includes: ["<string.h>"],
    bridged: false,
    code: `/* Converts arguments without keeping the results. PyArg_ParseTupleAndKeywords notices what is missing or superfluous
   only after it has converted what comes before that, so that an exception of these conversions is the one that it
   raises. units[i] says how argument i is converted, "O" that this raises nothing but TypeError. 1, or 0 and an
   exception. */
static int
hpyx_arg_probe(HPyContext *ctx, const HPy *bound, size_t count, const char *units)
{
    for (size_t i = 0; i < count && units != NULL && units[i] != '\\0'; i++) {
        union {
            char c;
            short h;
            int i;
            long l;
            long long ll;
            float f;
            double d;
        } ignored;
        char format[2] = {units[i], '\\0'};
        HPy_ssize_t size;
        const char *text;
        HPy index;
        if (HPy_IsNull(bound[i]) || units[i] == 'O') {
            continue;
        }
        switch (units[i]) {
        case 'n':
            index = HPy_Index(ctx, bound[i]);
            if (HPy_IsNull(index)) {
                return 0;
            }
            size = HPyLong_AsSsize_t(ctx, index);
            HPy_Close(ctx, index);
            if (size == -1 && HPyErr_Occurred(ctx)) {
                return 0;
            }
            break;
        case 's':
        case 'z':
            if (HPyUnicode_Check(ctx, bound[i])) {
                text = HPyUnicode_AsUTF8AndSize(ctx, bound[i], &size);
                if (text == NULL) {
                    return 0;
                }
                if (strlen(text) != (size_t)size) {
                    HPyErr_SetString(ctx, ctx->h_ValueError, "embedded null character");
                    return 0;
                }
            }
            break;
        case 'y':
            if (HPyBytes_Check(ctx, bound[i]) &&
                strlen(HPyBytes_AsString(ctx, bound[i])) != (size_t)HPyBytes_Size(ctx, bound[i])) {
                HPyErr_SetString(ctx, ctx->h_ValueError, "embedded null byte");
                return 0;
            }
            break;
        default:
            if (!HPyArg_Parse(ctx, NULL, &bound[i], 1, format, &ignored)) {
                return 0;
            }
        }
    }
    return 1;
}
`,
  },
  {
    name: "hpyx_arg_misbound",
    requires: ["hpyx_arg_parameter"],
    includes: [],
    bridged: false,
    code: `/* Raises the TypeError for arguments that do not fit: too many by position, the parameter \`missing\` not given, or
   \`name\` of no parameter or of one that was given by position too. */
static void
hpyx_arg_misbound(HPyContext *ctx, size_t nargs, const char *const *names, size_t positional, const char *function,
                  size_t missing, HPy name)
{
    size_t i;
    HPy_ssize_t size;
    if (missing == positional && nargs > positional) {
        HPyErr_Format(ctx, ctx->h_TypeError, "%s() takes at most %zu positional argument%s (%zu given)", function,
                      positional, positional == 1 ? "" : "s", nargs);
        return;
    }
    if (names[missing] != NULL) {
        HPyErr_Format(ctx, ctx->h_TypeError, "%s() missing required argument '%s' (pos %zu)", function,
                      names[missing], missing + 1);
        return;
    }
    if (!HPyUnicode_Check(ctx, name)) {
        HPyErr_SetString(ctx, ctx->h_TypeError, "keywords must be strings");
        return;
    }
    i = hpyx_arg_parameter(ctx, name, names);
    if (names[i] != NULL) {
        HPyErr_Format(ctx, ctx->h_TypeError, "argument for %s() given by name ('%s') and position (%zu)", function,
                      names[i], i + 1);
    } else {
        const char *text = HPyUnicode_AsUTF8AndSize(ctx, name, &size);
        HPyErr_Clear(ctx);
        HPyErr_Format(ctx, ctx->h_TypeError, "'%s' is an invalid keyword argument for %s()",
                      text == NULL ? "?" : text, function);
    }
}
`,
  },
  {
    name: "hpyx_bind_keywords",
    requires: ["hpyx_arg_parameter", "hpyx_arg_probe", "hpyx_arg_misbound"],
    includes: [],
    bridged: false,
    code: `/* Binds positional and keyword arguments to parameters as PyArg_ParseTupleAndKeywords does: bound[i] is an alias of
   the argument, or HPy_NULL when it is missing. The first \`required\` parameters must be given, the first \`positional\`
   may be given by position; parameters with an empty name cannot be given by name. 1, or 0 with a TypeError, or with
   what the conversions by \`units\` raise before that (see hpyx_arg_probe). */
static int
hpyx_bind_keywords(HPyContext *ctx, const HPy *args, size_t nargs, HPy kwnames, const char *const *names,
                   size_t required, size_t positional, const char *function, const char *units, HPy *bound)
{
    size_t count = 0, given = 0, stop, i, k;
    HPy bad = HPy_NULL;
    if (function == NULL) {
        function = "function";
    }
    while (names[count] != NULL) {
        count++;
    }
    if (!HPy_IsNull(kwnames)) {
        given = (size_t)HPy_Length(ctx, kwnames);
    }
    if (nargs + given > count) {
        HPyErr_Format(ctx, ctx->h_TypeError, "%s() takes at most %zu %sargument%s (%zu given)", function, count,
                      nargs == 0 ? "keyword " : "", count == 1 ? "" : "s", nargs + given);
        return 0;
    }
    for (i = 0; i < count; i++) {
        bound[i] = i < nargs ? args[i] : HPy_NULL;
    }
    for (k = 0; k < given; k++) {
        HPy name = HPy_GetItem_i(ctx, kwnames, (HPy_ssize_t)k);
        i = hpyx_arg_parameter(ctx, name, names);
        if (i < count && i >= nargs) {
            bound[i] = args[nargs + k];
        } else if (HPy_IsNull(bad)) {
            bad = HPy_Dup(ctx, name);
        }
        HPy_Close(ctx, name);
    }
    for (stop = 0; stop < count; stop++) {
        if ((stop == positional && nargs > positional) || (stop < required && HPy_IsNull(bound[stop]))) {
            break;
        }
    }
    if (stop == count && HPy_IsNull(bad)) {
        return 1;
    }
    if (hpyx_arg_probe(ctx, bound, stop, units)) {
        hpyx_arg_misbound(ctx, nargs, names, positional, function, stop, bad);
    }
    HPy_Close(ctx, bad);
    return 0;
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
    requires: ["hpyx_close_arguments", "hpyx_arg_parameter", "hpyx_arg_probe", "hpyx_arg_misbound"],
    includes: [],
    bridged: false,
    code: `/* Binds positional arguments and a dict of keyword arguments, which is how types get theirs, to parameters as
   PyArg_ParseTupleAndKeywords does: bound[i] is a new handle of the argument, or HPy_NULL when it is missing. The first
   \`required\` parameters must be given, the first \`positional\` may be given by position; parameters with an empty name
   cannot be given by name. 1, or 0 with an exception and nothing open: a TypeError, or what the conversions by \`units\`
   raise before that (see hpyx_arg_probe). */
static int
hpyx_bind_keywords_dict(HPyContext *ctx, const HPy *args, HPy_ssize_t nargs, HPy kw, const char *const *names,
                        size_t required, size_t positional, const char *function, const char *units, HPy *bound)
{
    size_t count = 0, npos = (size_t)nargs, given = 0, stop, i, k;
    HPy keys = HPy_NULL, bad = HPy_NULL;
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
    if (npos + given > count) {
        HPyErr_Format(ctx, ctx->h_TypeError, "%s() takes at most %zu %sargument%s (%zu given)", function, count,
                      npos == 0 ? "keyword " : "", count == 1 ? "" : "s", npos + given);
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
        HPy name = HPy_GetItem_i(ctx, keys, (HPy_ssize_t)k);
        i = HPy_IsNull(name) ? count : hpyx_arg_parameter(ctx, name, names);
        if (i < count && i >= npos) {
            bound[i] = HPy_GetItem(ctx, kw, name);
        } else if (HPy_IsNull(bad)) {
            bad = HPy_Dup(ctx, name);
        }
        HPy_Close(ctx, name);
        if (HPyErr_Occurred(ctx)) {
            HPy_Close(ctx, bad);
            HPy_Close(ctx, keys);
            hpyx_close_arguments(ctx, count, bound);
            return 0;
        }
    }
    for (stop = 0; stop < count; stop++) {
        if ((stop == positional && npos > positional) || (stop < required && HPy_IsNull(bound[stop]))) {
            break;
        }
    }
    if (stop == count && HPy_IsNull(bad)) {
        HPy_Close(ctx, keys);
        return 1;
    }
    if (hpyx_arg_probe(ctx, bound, stop, units)) {
        hpyx_arg_misbound(ctx, npos, names, positional, function, stop, bad);
    }
    HPy_Close(ctx, bad);
    HPy_Close(ctx, keys);
    hpyx_close_arguments(ctx, count, bound);
    return 0;
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
