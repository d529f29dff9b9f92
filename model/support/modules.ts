import { pure } from "./define.ts";

/** Modules and imports. Facts are from `Python/modsupport.c`, `Python/import.c` and `Objects/capsule.c` of CPython 3.11. */
export const MODULE_SUPPORT = [
  pure(
    "hpyx_add_object_ref",
    {},
    `/* PyModule_AddObjectRef: 0, or -1 with an exception; HPy_NULL stands for an exception that is already set. */
static int
hpyx_add_object_ref(HPyContext *ctx, HPy module, const char *name, HPy value)
{
    if (HPy_IsNull(value)) {
        if (!HPyErr_Occurred(ctx)) {
            HPyErr_SetString(ctx, ctx->h_SystemError, "no value for the module, and no exception either");
        }
        return -1;
    }
    return HPy_SetAttr_s(ctx, module, name, value);
}
`,
  ),
  pure(
    "hpyx_add_int_constant",
    {},
    `/* PyModule_AddIntConstant: 0, or -1 with an exception. */
static int
hpyx_add_int_constant(HPyContext *ctx, HPy module, const char *name, long value)
{
    HPy number = HPyLong_FromLong(ctx, value);
    int result = HPy_IsNull(number) ? -1 : HPy_SetAttr_s(ctx, module, name, number);
    HPy_Close(ctx, number);
    return result;
}
`,
  ),
  pure(
    "hpyx_add_string_constant",
    {},
    `/* PyModule_AddStringConstant: 0, or -1 with an exception. */
static int
hpyx_add_string_constant(HPyContext *ctx, HPy module, const char *name, const char *value)
{
    HPy text = HPyUnicode_FromString(ctx, value);
    int result = HPy_IsNull(text) ? -1 : HPy_SetAttr_s(ctx, module, name, text);
    HPy_Close(ctx, text);
    return result;
}
`,
  ),
  pure(
    "hpyx_import_attr",
    {},
    `/* An attribute of a module, which is imported for it: a new handle, or HPy_NULL with an exception. */
static HPy
hpyx_import_attr(HPyContext *ctx, const char *module_name, const char *name)
{
    HPy module = HPyImport_ImportModule(ctx, module_name);
    HPy result = HPy_IsNull(module) ? HPy_NULL : HPy_GetAttr_s(ctx, module, name);
    HPy_Close(ctx, module);
    return result;
}
`,
  ),
  pure(
    "hpyx_import",
    {},
    `/* PyImport_Import: the name is a str. */
static HPy
hpyx_import(HPyContext *ctx, HPy name)
{
    const char *text = HPyUnicode_AsUTF8AndSize(ctx, name, NULL);
    return text == NULL ? HPy_NULL : HPyImport_ImportModule(ctx, text);
}
`,
  ),
  pure(
    "hpyx_sys_get_object",
    {},
    `/* PySys_GetObject: a new handle where the C API lends one, or HPy_NULL without an exception. */
static HPy
hpyx_sys_get_object(HPyContext *ctx, const char *name)
{
    HPy module = HPyImport_ImportModule(ctx, "sys");
    HPy result = HPy_IsNull(module) ? HPy_NULL : HPy_GetAttr_s(ctx, module, name);
    if (HPy_IsNull(result)) {
        HPyErr_Clear(ctx);
    }
    HPy_Close(ctx, module);
    return result;
}
`,
  ),
  pure(
    "hpyx_capsule_import",
    { includes: ["<stdlib.h>", "<string.h>"] },
    `/* PyCapsule_Import: the pointer of the capsule with this dotted name, or NULL with an exception. The module keeps the
   capsule alive. */
static void *
hpyx_capsule_import(HPyContext *ctx, const char *name)
{
    void *result = NULL;
    size_t size = strlen(name) + 1;
    char *copy = (char *)malloc(size);
    if (copy == NULL) {
        HPyErr_NoMemory(ctx);
        return NULL;
    }
    memcpy(copy, name, size);
    HPy object = HPy_NULL;
    char *part = copy;
    while (part != NULL) {
        char *dot = strchr(part, '.');
        if (dot != NULL) {
            *dot++ = '\\0';
        }
        if (HPy_IsNull(object)) {
            object = HPyImport_ImportModule(ctx, part);
            if (HPy_IsNull(object)) {
                HPyErr_Format(ctx, ctx->h_ImportError, "PyCapsule_Import could not import module \\"%s\\"", part);
            }
        } else {
            HPy next = HPy_GetAttr_s(ctx, object, part);
            HPy_Close(ctx, object);
            object = next;
        }
        part = HPy_IsNull(object) ? NULL : dot;
    }
    if (!HPy_IsNull(object)) {
        if (HPyCapsule_IsValid(ctx, object, name)) {
            result = HPyCapsule_GetPointer(ctx, object, name);
        } else {
            HPyErr_Format(ctx, ctx->h_AttributeError, "PyCapsule_Import \\"%s\\" is not valid", name);
        }
    }
    HPy_Close(ctx, object);
    free(copy);
    return result;
}
`,
  ),
];
