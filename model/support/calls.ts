import { pure } from "./define.ts";

/** Calls with fixed arguments. Facts are from `Objects/call.c` of CPython 3.11. */
export const CALL_SUPPORT = [
  pure(
    "hpyx_call_noargs",
    {},
    `/* PyObject_CallNoArgs. */
static HPy
hpyx_call_noargs(HPyContext *ctx, HPy callable)
{
    return HPy_Call(ctx, callable, NULL, 0, HPy_NULL);
}
`,
  ),
  pure(
    "hpyx_call_one_arg",
    {},
    `/* PyObject_CallOneArg. */
static HPy
hpyx_call_one_arg(HPyContext *ctx, HPy callable, HPy arg)
{
    return HPy_Call(ctx, callable, &arg, 1, HPy_NULL);
}
`,
  ),
  pure(
    "hpyx_call_method_noargs",
    {},
    `/* PyObject_CallMethodNoArgs: the name of the method is an object. */
static HPy
hpyx_call_method_noargs(HPyContext *ctx, HPy object, HPy name)
{
    return HPy_CallMethod(ctx, name, &object, 1, HPy_NULL);
}
`,
  ),
  pure(
    "hpyx_call_method_one_arg",
    {},
    `/* PyObject_CallMethodOneArg: the name of the method is an object. */
static HPy
hpyx_call_method_one_arg(HPyContext *ctx, HPy object, HPy name, HPy arg)
{
    HPy args[2] = {object, arg};
    return HPy_CallMethod(ctx, name, args, 2, HPy_NULL);
}
`,
  ),
  pure(
    "hpyx_call_objargs_list",
    { includes: ["<stdarg.h>", "<stdlib.h>"] },
    `/* Calls with the handles of a variable argument list up to the first HPy_NULL; when a method is named, it is looked up
   on the callable. */
static HPy
hpyx_call_objargs_list(HPyContext *ctx, HPy callable, HPy method, size_t count, va_list list)
{
    HPy few[8];
    HPy *args = few;
    HPy function, result = HPy_NULL;
    size_t given = 0;
    if (HPy_IsNull(callable)) {
        if (!HPyErr_Occurred(ctx)) {
            HPyErr_SetString(ctx, ctx->h_SystemError, "null argument to internal routine");
        }
        return HPy_NULL;
    }
    if (count > sizeof(few) / sizeof(few[0])) {
        args = (HPy *)malloc(count * sizeof(HPy));
        if (args == NULL) {
            return HPyErr_NoMemory(ctx);
        }
    }
    while (given < count) {
        args[given] = va_arg(list, HPy);
        if (HPy_IsNull(args[given])) {
            break;
        }
        given++;
    }
    function = HPy_IsNull(method) ? HPy_Dup(ctx, callable) : HPy_GetAttr(ctx, callable, method);
    if (!HPy_IsNull(function)) {
        result = HPy_Call(ctx, function, args, given, HPy_NULL);
        HPy_Close(ctx, function);
    }
    if (args != few) {
        free(args);
    }
    return result;
}
`,
  ),
  pure(
    "hpyx_call_objargs",
    { requires: ["hpyx_call_objargs_list"], includes: ["<stdarg.h>"] },
    `/* PyObject_CallFunctionObjArgs with the number of arguments in place of the final NULL; a null handle among them
   still ends the list. */
static HPy
hpyx_call_objargs(HPyContext *ctx, HPy callable, size_t count, ...)
{
    va_list list;
    va_start(list, count);
    HPy result = hpyx_call_objargs_list(ctx, callable, HPy_NULL, count, list);
    va_end(list);
    return result;
}
`,
  ),
  pure(
    "hpyx_call_method_objargs",
    { requires: ["hpyx_call_objargs_list"], includes: ["<stdarg.h>"] },
    `/* PyObject_CallMethodObjArgs with the number of arguments in place of the final NULL; the name is an object. */
static HPy
hpyx_call_method_objargs(HPyContext *ctx, HPy object, HPy name, size_t count, ...)
{
    va_list list;
    va_start(list, count);
    HPy result = hpyx_call_objargs_list(ctx, object, name, count, list);
    va_end(list);
    return result;
}
`,
  ),
  pure(
    "hpyx_call_type_method",
    {},
    `/* Calls a method as the type itself defines it, so that overrides in subclasses are passed by, as the concrete
   functions of the C API do. The first argument is the instance. */
static HPy
hpyx_call_type_method(HPyContext *ctx, HPy type, const char *name, const HPy *args, size_t nargs)
{
    HPy function = HPy_GetAttr_s(ctx, type, name);
    if (HPy_IsNull(function)) {
        return HPy_NULL;
    }
    HPy result = HPy_Call(ctx, function, args, nargs, HPy_NULL);
    HPy_Close(ctx, function);
    return result;
}
`,
  ),
  pure(
    "hpyx_call_builtin",
    {},
    `/* Calls a function or type of the builtins. */
static HPy
hpyx_call_builtin(HPyContext *ctx, const char *name, const HPy *args, size_t nargs)
{
    HPy function = HPy_GetItem_s(ctx, ctx->h_Builtins, name);
    if (HPy_IsNull(function)) {
        return HPy_NULL;
    }
    HPy result = HPy_Call(ctx, function, args, nargs, HPy_NULL);
    HPy_Close(ctx, function);
    return result;
}
`,
  ),
  pure(
    "hpyx_call_builtin_method",
    { requires: ["hpyx_call_type_method"] },
    `/* Calls a method of a type of the builtins, such as "dict" or "set", as that type itself defines it. */
static HPy
hpyx_call_builtin_method(HPyContext *ctx, const char *type_name, const char *name, const HPy *args, size_t nargs)
{
    HPy type = HPy_GetItem_s(ctx, ctx->h_Builtins, type_name);
    if (HPy_IsNull(type)) {
        return HPy_NULL;
    }
    HPy result = hpyx_call_type_method(ctx, type, name, args, nargs);
    HPy_Close(ctx, type);
    return result;
}
`,
  ),
  pure(
    "hpyx_done",
    {},
    `/* Turns the result of a call that is only wanted for its effect into 0, or -1 for HPy_NULL. */
static int
hpyx_done(HPyContext *ctx, HPy result)
{
    if (HPy_IsNull(result)) {
        return -1;
    }
    HPy_Close(ctx, result);
    return 0;
}
`,
  ),
  pure(
    "hpyx_truth",
    {},
    `/* Turns the result of a call into 1 or 0 by its truth, or -1 for HPy_NULL. */
static int
hpyx_truth(HPyContext *ctx, HPy result)
{
    if (HPy_IsNull(result)) {
        return -1;
    }
    int truth = HPy_IsTrue(ctx, result);
    HPy_Close(ctx, result);
    return truth;
}
`,
  ),
];
