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
];
