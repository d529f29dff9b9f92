/** Support functions about types. */

import type { SupportFunction } from "../support.ts";

export const TYPE_SUPPORT: readonly SupportFunction[] = [
  {
    name: "hpyx_type_name",
    requires: [],
    includes: [],
    bridged: true,
    code: `/* tp_name of a type: HPyType_GetName leaves out the module that static types carry in it. */
static const char *hpyx_type_name(HPyContext *ctx, HPy type)
{
    PyObject *object = HPy_AsPyObject(ctx, type);
    const char *name = ((PyTypeObject *)object)->tp_name;
    Py_DECREF(object);
    return name;
}
`,
  },
  {
    name: "hpyx_create_type",
    requires: [],
    includes: [],
    bridged: true,
    code: `/* Makes the type that a specification describes, with a base other than object unless that is NULL, and points *type
   to it: 0, or -1 with an exception. Like a static type it is made once and lives on. */
static int hpyx_create_type(HPyContext *ctx, HPyType_Spec *spec, PyTypeObject *base, PyTypeObject **type)
{
    if (*type != NULL)
        return 0;
    HPy h_base = HPy_FromPyObject(ctx, (PyObject *)base);
    HPyType_SpecParam params[] = {
        {HPyType_SpecParam_Base, h_base},
        {(HPyType_SpecParam_Kind)0, HPy_NULL}
    };
    HPy h_type = HPyType_FromSpec(ctx, spec, base == NULL ? NULL : params);
    HPy_Close(ctx, h_base);
    if (HPy_IsNull(h_type))
        return -1;
    *type = (PyTypeObject *)HPy_AsPyObject(ctx, h_type);
    HPy_Close(ctx, h_type);
    return 0;
}
`,
  },
  {
    name: "hpyx_create_global_type",
    requires: [],
    includes: [],
    bridged: false,
    code: `/* Makes the type that a specification describes and keeps it in a global: 0, or -1 with an exception. Like a static
   type it is made once and lives on. */
static int
hpyx_create_global_type(HPyContext *ctx, HPyType_Spec *spec, HPyGlobal *type, int *is_made)
{
    if (*is_made) {
        return 0;
    }
    HPy h_type = HPyType_FromSpec(ctx, spec, NULL);
    if (HPy_IsNull(h_type)) {
        return -1;
    }
    HPyGlobal_Store(ctx, type, h_type);
    HPy_Close(ctx, h_type);
    *is_made = 1;
    return 0;
}
`,
  },
  {
    name: "hpyx_free_object",
    requires: [],
    includes: [],
    bridged: true,
    code: `/* PyObject_Del and PyObject_GC_Del: frees a new object without its deallocator, and closes its handle. The type, which
   lives on, keeps the reference that the object had to it. */
static void hpyx_free_object(HPyContext *ctx, HPy h)
{
    PyObject *object = HPy_AsPyObject(ctx, h);
    HPy_Close(ctx, h);
    if (PyType_IS_GC(Py_TYPE(object))) {
        PyObject_GC_Del(object);
    } else {
        PyObject_Del(object);
    }
}
`,
  },
  {
    name: "hpyx_type_new",
    requires: [],
    includes: [],
    bridged: true,
    code: `/* Calls the constructor of a type for another type, which is the type itself or derives from it. */
static HPy hpyx_type_new(HPyContext *ctx, HPy base, HPy type, HPy args, HPy kw)
{
    PyObject *object = HPy_AsPyObject(ctx, base);
    newfunc function = ((PyTypeObject *)object)->tp_new;
    PyObject *subtype = HPy_AsPyObject(ctx, type);
    PyObject *tuple = HPy_AsPyObject(ctx, args);
    PyObject *dict = HPy_AsPyObject(ctx, kw);
    PyObject *made = function((PyTypeObject *)subtype, tuple, dict);
    HPy result = HPy_FromPyObject(ctx, made);
    Py_XDECREF(made);
    Py_XDECREF(dict);
    Py_XDECREF(tuple);
    Py_DECREF(subtype);
    Py_DECREF(object);
    return result;
}
`,
  },
  {
    name: "hpyx_type_init",
    requires: [],
    includes: [],
    bridged: true,
    code: `/* Calls the initialiser of a type for an object of it: 0, or -1 with an exception. */
static int hpyx_type_init(HPyContext *ctx, HPy base, HPy self, HPy args, HPy kw)
{
    PyObject *object = HPy_AsPyObject(ctx, base);
    initproc function = ((PyTypeObject *)object)->tp_init;
    PyObject *instance = HPy_AsPyObject(ctx, self);
    PyObject *tuple = HPy_AsPyObject(ctx, args);
    PyObject *dict = HPy_AsPyObject(ctx, kw);
    int result = function(instance, tuple, dict);
    Py_XDECREF(dict);
    Py_XDECREF(tuple);
    Py_DECREF(instance);
    Py_DECREF(object);
    return result;
}
`,
  },
];
