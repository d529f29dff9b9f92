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
    id: "expand-api-macros",
    title: "Macros that hide the C API are written out",
    text: `A macro such as \`Point_Check(o)\` or \`FAIL_IF(x)\` hides calls of the C API, objects or jumps that have to be rewritten. Where that keeps a function from moving, its expansion is written in place of the macro, in the functions of the step only; elsewhere the macro stays. Its definition goes with its last use.`,
    example: {
      before:
        '#define FAIL_IF(x, text) do { if (x) { PyErr_SetString(PyExc_ValueError, text); return NULL; } } while (0)\nFAIL_IF(n < 0, "negative");',
      after: 'if (n < 0) { HPyErr_SetString(ctx, ctx->h_ValueError, "negative"); return HPy_NULL; }',
    },
  },
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
    id: "legacy-calls",
    title: "Functions that stay legacy are called over a bridge",
    text: `A helper that cannot be proved holds back every function that calls it. Such a caller moves last, when its own code shows on every path that it keeps its references to the arguments and owns the result. The call then goes through \`legacy_call_NAME\`, which turns handles into objects, calls the helper and makes a handle of what it returns.`,
    example: {
      before: "PyObject *list = kept_list(value, 1);",
      after: "HPy list = legacy_call_kept_list(ctx, value, 1);",
    },
  },
  {
    id: "method-to-hpydef",
    title: "Entries of legacy tables become HPyDefs",
    text: `A method of the module, or a method, getset, member or slot of a type that an HPyType_Spec describes, leaves its legacy table; an HPyDef in front of its function defines it and is listed in the \`.defines\` of the module or the type. Helpers that the function calls move with it. A table that becomes empty goes, with the field or slot that names it.

HPy's macros serve a function once. What shares a function moves in one step, and further definitions are written out with the trampoline of the first. \`PyType_GenericNew\` in \`tp_new\` becomes \`HPyType_GenericNew\`, with one definition for all types of a file. A function that legacy code goes on using stays beside an HPy copy.`,
    example: {
      before: '{"x", (getter)Point_get_x, (setter)Point_set_x, "The abscissa.", NULL},',
      after: 'HPyDef_GETSET_IMPL(Point_get_x_def, "x", Point_get_x, Point_set_x, .doc = "The abscissa.")',
    },
  },
  {
    id: "module-state-to-static",
    title: "Module state becomes a static variable",
    text: `HPy 0.9 has no module state. The struct that \`m_size\` asks for becomes one static variable, \`PyModule_GetState(...)\` its address, and \`PyState_FindModule\` a static variable with the module. Functions that only \`m_traverse\`, \`m_clear\` and \`m_free\` name are deleted: HPy calls none like them, so what the state holds lives as long as the process. All interpreters and fresh imports share the variable, as they share HPyGlobals.`,
    example: {
      before: "typedef struct { PyObject *error; } state_t;\nstate_t *state = PyModule_GetState(module);",
      after:
        "typedef struct { PyObject *error; } state_t;\n\nstatic state_t spam_state;\nstate_t *state = &spam_state;",
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
    id: "object-to-hpyfield",
    title: "The references in a struct become HPyFields",
    text: `Once only HPy code uses the \`PyObject *\` fields of an object's struct, they become \`HPyField\`s. A load is a new handle that is closed after its last use, and HPy_NULL for an empty field; a store releases the old object, so that the variable that kept it goes, or becomes a handle. \`HPy_tp_traverse\` visits every field; what visited, cleared and released them in C goes, for HPy does that. Members that are objects become members of HPy.`,
    example: {
      before: "PyObject *old = self->name;\nself->name = HPy_AsPyObject(ctx, value);\nPy_XDECREF(old);",
      after: "HPyField_Store(ctx, h_self, &self->name, value);",
    },
  },
  {
    id: "pure-shape",
    title: "HPy lays out the struct of a type",
    text: `When nothing of a type is legacy any more, its struct holds no references, and all code sees it through handles, \`PyObject_HEAD\` goes and the type takes the shape of an HPy type. A type with \`Py_TPFLAGS_BASETYPE\` keeps it: in HPy 0.9, instances of Python subclasses get a wrong pointer.`,
    example: {
      before:
        "typedef struct {\n    PyObject_HEAD\n    double x;\n} PointObject;\n\nHPyType_LEGACY_HELPERS(PointObject)",
      after: "typedef struct {\n    double x;\n} PointObject;\n\nHPyType_HELPERS(PointObject)",
    },
  },
  {
    id: "rename-shadowed",
    title: "Variables of one name get names of their own",
    text: `Where a function declares one name several times for objects, in a block inside of the scope of another or with different types, the later ones get a number after their name in the function that moves.`,
    example: {
      before: "PyObject *item = first;\n{\n    PyObject *item = PyObject_Str(other);",
      after: "HPy item = first;\n{\n    HPy item2 = HPy_Str(ctx, other);",
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
    id: "spec-to-hpy-spec",
    title: "A PyType_Spec becomes an HPyType_Spec",
    text: `A type that \`PyType_FromSpec\` or one of its kin makes is made by the exec function instead, from an HPyType_Spec of legacy shape that lists the same slots; its documentation goes into \`.doc\`. The calls become uses of the type that is there.`,
    example: {
      before: "type = PyType_FromSpec(&point_spec);",
      after: "if (hpyx_create_type(ctx, &point_spec, NULL, &point_type) < 0)\n    return -1;",
    },
  },
  {
    id: "struct-views",
    title: "Pointers to object structs become handles with views",
    text: `A variable that points to the struct of an object becomes a handle, and the pointer stays as a view, taken from the handle wherever that is set. A test for NULL becomes a test of the handle.`,
    example: {
      before: "PointObject *p = (PointObject *)value;\nreturn PyFloat_FromDouble(p->x);",
      after: "PointObject *p = PointObject_AsStruct(ctx, value);\nreturn HPyFloat_FromDouble(ctx, p->x);",
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
  {
    id: "type-to-hpyglobal",
    title: "A type is kept in an HPyGlobal",
    text: `The variable of a type that HPy lays out is a \`PyTypeObject *\` for as long as legacy code may look at it. When all that is left are loads in HPy code, it becomes an HPyGlobal, and with that the module needs the C API for its types no more. The exec function creates the type before anything loads it, once in a process.`,
    example: {
      before:
        "static PyTypeObject *Point_Type;\n...\nHPy h_Point_Type = HPy_FromPyObject(ctx, (PyObject *)Point_Type);",
      after: "static HPyGlobal Point_Type;\n...\nHPy h_Point_Type = HPyGlobal_Load(ctx, Point_Type);",
    },
  },
  {
    id: "type-to-spec",
    title: "A static type becomes an HPyType_Spec",
    text: `A static PyTypeObject becomes an HPyType_Spec of legacy shape with all of its functions as legacy slots, which the exec function creates; the name of the type becomes a pointer to it. Types that are connected by \`tp_base\` move together. The deallocator becomes HPy_tp_destroy, or releases the type if it stays. Flags keep the type immutable, and without constructor if it had none.`,
    example: {
      before:
        'static PyTypeObject Point_Type = {\n    PyVarObject_HEAD_INIT(NULL, 0)\n    .tp_name = "spam.Point",\n    .tp_basicsize = sizeof(PointObject),\n    .tp_repr = Point_repr,\n};',
      after:
        'static PyTypeObject *Point_Type;\n\nstatic PyType_Slot Point_Type_slots[] = {\n    {Py_tp_repr, Point_repr},\n    {0, NULL}\n};\n\nstatic HPyType_Spec Point_Type_spec = {\n    .name = "spam.Point",\n    .basicsize = sizeof(PointObject),\n    .builtin_shape = HPyType_BuiltinShape_Legacy,\n    .legacy_slots = Point_Type_slots,\n};',
    },
  },
];
