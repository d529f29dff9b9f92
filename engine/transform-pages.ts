/** What the transforms do, by the id that their edits carry. Rules are documented by their own rows. */

export interface TransformPage {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly example: { readonly before: string; readonly after: string };
}

/** In the order of their ids. */
export const TRANSFORMS: readonly TransformPage[] = [
  {
    id: "finish-module",
    title: "The last step drops Python.h",
    text: `When no function, type or variable of the module uses the C API any more, the include of Python.h and the empty legacy tables go, and names of the C API that HPy spells differently, such as \`Py_ssize_t\`, are replaced. From then on the module also builds under the universal ABI.`,
    example: {
      before: '#include <Python.h>\n#include "hpy.h"',
      after: '#include "hpy.h"',
    },
  },
  {
    id: "function-body",
    title: "References in a function become handles",
    text: `Declarations, tests, calls and returns of a function move from \`PyObject *\` to \`HPy\`. Every new handle is closed exactly once on every path: a former borrowed reference is closed when it and everything read out of it is dead, a former stolen one after the call that took it. Py_INCREF disappears where its reference is given away and becomes HPy_Dup otherwise. Calls without HPy form are bridged through HPy_AsPyObject and HPy_FromPyObject.`,
    example: {
      before:
        "PyObject *item = PyList_GET_ITEM(list, i);\nif (item == Py_None) return NULL;\nPy_INCREF(item);\nreturn item;",
      after:
        "HPy item = HPy_GetItem_i(ctx, list, i);\nif (HPy_Is(ctx, item, ctx->h_None)) {\n    HPy_Close(ctx, item);\n    return HPy_NULL;\n}\nreturn item;",
    },
  },
  {
    id: "function-signature",
    title: "The signature of a function receives the context",
    text: `A method takes the parameters of its HPy calling convention, a helper the context as its first parameter, and \`PyObject *\` becomes \`HPy\`. Declarations and calls move along. A helper that legacy code still calls keeps its legacy copy until the last such caller has moved.`,
    example: {
      before: "static PyObject *first(PyObject *list)",
      after: "static HPy first(HPyContext *ctx, HPy list)",
    },
  },
  {
    id: "global-to-hpyglobal",
    title: "A static object becomes an HPyGlobal",
    text: `Once no legacy code uses a static \`PyObject *\` of the module, it becomes an HPyGlobal, listed in the \`.globals\` of the module. Every use must be a load or a store of HPy code, and the exec function must store it on every successful path, because HPy crashes when it loads a global that was never stored. A load is a new handle that is closed after its last use.`,
    example: {
      before: "static PyObject *empty;\n...\nHPy value = HPy_FromPyObject(ctx, empty);",
      after: "static HPyGlobal empty;\n...\nHPy value = HPyGlobal_Load(ctx, empty);",
    },
  },
  {
    id: "method-to-hpydef",
    title: "Entries of legacy tables become HPyDefs",
    text: `A method of the module, or a method, getset, member or slot of a type that an HPyType_Spec describes, leaves its legacy table; an HPyDef in front of its function defines it and is listed in the \`.defines\` of the module or the type. Helpers that the function calls move with it. A table that becomes empty goes, with the field or slot that names it.

HPy's macros serve a function once. What shares a function moves in one step, and further definitions are written out with the trampoline of the first. A function that legacy code goes on using stays beside an HPy copy.`,
    example: {
      before: '{"x", (getter)Point_get_x, (setter)Point_set_x, "The abscissa.", NULL},',
      after: 'HPyDef_GETSET_IMPL(Point_get_x_def, "x", Point_get_x, Point_set_x, .doc = "The abscissa.")',
    },
  },
  {
    id: "module-to-hpy",
    title: "The module becomes an HPy module",
    text: `The PyModuleDef becomes an HPyModuleDef whose methods stay legacy for now, PyInit becomes HPy_MODINIT, and what the init function did with the module moves into an HPy_mod_exec slot. The build files pass the Extension as \`hpy_ext_modules\`.`,
    example: {
      before: "PyMODINIT_FUNC PyInit_fast(void) { return PyModule_Create(&definition); }",
      after: "HPy_MODINIT(fast, definition)",
    },
  },
  {
    id: "retire-helper",
    title: "The legacy copy of a helper is removed",
    text: `A helper that moved methods and legacy code both call exists twice for a while: the HPy copy has the suffix \`_hpy\`. When no legacy code calls the other any more, it is removed and the HPy copy takes its name.`,
    example: {
      before: "static PyObject *first(PyObject *list) { ... }\nstatic HPy first_hpy(HPyContext *ctx, HPy list) { ... }",
      after: "static HPy first(HPyContext *ctx, HPy list) { ... }",
    },
  },
  {
    id: "support-functions",
    title: "Support functions are added to the file",
    text: `Where HPy has no single call for what the C API did, a static function with the prefix \`hpyx_\` reproduces it. Each is added once per file, with the functions and headers that it needs; a file that already defines one keeps its own.`,
    example: {
      before: "PyDict_GetItemString(dict, key)",
      after: "hpyx_dict_get_item_s(ctx, dict, key)",
    },
  },
];
