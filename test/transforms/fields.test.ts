/** When the references in a struct become HPyFields, and what stands in the way: one module, spoilt in one place each. */
import { expect, test } from "vitest";
import { loadParser } from "../../cli/load-parser.ts";
import { planMigration } from "../../engine/engine.ts";
import type { MigrationPlan } from "../../engine/types.ts";

const parser = await loadParser();

const MODULE = `#include <Python.h>
#include <structmember.h>
#include <stdlib.h>

typedef struct {
    PyObject_HEAD
    PyObject *content;
    char *text;
} BoxObject;

/* extra */

static int
Box_traverse(BoxObject *self, visitproc visit, void *arg)
{
    Py_VISIT(self->content);
    return 0;
}

static int
Box_clear(BoxObject *self)
{
    Py_CLEAR(self->content);
    return 0;
}

static void
Box_dealloc(BoxObject *self)
{
    PyObject_GC_UnTrack(self);
    free(self->text);
    Py_XDECREF(self->content);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *
Box_get(BoxObject *self, PyObject *unused)
{
    if (self->content == NULL)
        Py_RETURN_NONE;
    Py_INCREF(self->content);
    return self->content;
}

static PyObject *
Box_put(BoxObject *self, PyObject *value)
{
    PyObject *old = self->content;
    Py_INCREF(value);
    self->content = value;
    Py_XDECREF(old);
    Py_RETURN_NONE;
}

static PyMethodDef Box_methods[] = {
    {"get", (PyCFunction)Box_get, METH_NOARGS, NULL},
    {"put", (PyCFunction)Box_put, METH_O, NULL},
    {NULL, NULL, 0, NULL}
};

static PyTypeObject Box_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "m.Box",
    .tp_basicsize = sizeof(BoxObject),
    .tp_dealloc = (destructor)Box_dealloc,
    .tp_traverse = (traverseproc)Box_traverse,
    .tp_clear = (inquiry)Box_clear,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_methods = Box_methods,
};

static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "m", NULL, -1, NULL};

PyMODINIT_FUNC
PyInit_m(void)
{
    PyObject *m;
    if (PyType_Ready(&Box_Type) < 0)
        return NULL;
    m = PyModule_Create(&def);
    if (m == NULL)
        return NULL;
    if (PyModule_AddObjectRef(m, "Box", (PyObject *)&Box_Type) < 0) {
        Py_DECREF(m);
        return NULL;
    }
    return m;
}
`;

function plan(text: string): MigrationPlan {
  return planMigration({ files: [{ path: "m.c", text }] }, parser, { hpy: "0.9" });
}

function spoilt(from: string, to: string): string {
  expect(MODULE).toContain(from);
  const result = plan(MODULE.replace(from, to));
  expect(result.steps.filter((s) => s.kind === "fields")).toEqual([]);
  const refusal = result.modules[0]?.types[0]?.refusals.find((r) => r.id === "fields-stay-pointers");
  return refusal?.message.replace("Its references stay `PyObject *`: ", "") ?? "";
}

test("a field becomes an HPyField, the swap a store, and the functions that HPy replaces go", () => {
  const { steps } = plan(MODULE);
  const step = steps.find((s) => s.kind === "fields");
  expect(step?.id).toBe("fields-BoxObject");
  expect(step?.functions).toEqual(["Box_traverse", "Box_clear"]);
  const after = step?.changes[0]?.after ?? "";
  expect(after).toContain("    HPyField content;\n    char *text;");
  expect(after).toContain(
    "    HPyField_Store(ctx, h_self, &self->content, value);\n    return HPy_Dup(ctx, ctx->h_None);",
  );
  expect(after).toContain(
    "    if (HPyField_IsNull(self->content))\n        return HPy_Dup(ctx, ctx->h_None);\n    return HPyField_Load(ctx, h_self, self->content);",
  );
  expect(after).toContain("    HPy_VISIT(&object->content);\n    return 0;");
  expect(after).not.toContain("Py_XDECREF");
  expect(after).not.toContain("tp_clear");
  expect(steps.at(-1)?.kind).toBe("finish");
});

test("what the deallocator does with the objects keeps them where they are", () => {
  expect(spoilt("free(self->text);", "abandon(self->text);")).toBe(
    "`Box_dealloc` calls `abandon` before it releases the fields, and HPy releases them first.",
  );
  expect(spoilt("    Py_XDECREF(self->content);\n    Py_TYPE", "    Py_TYPE")).toBe(
    "the deallocator does not release `content`.",
  );
  expect(spoilt("free(self->text);", "if (self->text == NULL)\n        return;")).not.toBe("");
  expect(spoilt("    Py_XDECREF(self->content);\n", "    if (self->text)\n        Py_XDECREF(self->content);\n")).toBe(
    "`Box_dealloc` uses `self->content` when HPy has cleared it, or does not release it on every path.",
  );
});

test("functions that do more than visit and clear stay", () => {
  expect(spoilt("    Py_VISIT(self->content);", "    visited++;\n    Py_VISIT(self->content);")).toBe(
    "`Box_traverse` does more than HPy, which only visits the fields: `visited++`.",
  );
  expect(spoilt("    Py_CLEAR(self->content);", "    self->text = NULL;\n    Py_CLEAR(self->content);")).toBe(
    "`Box_clear` does more than HPy, which only clears the fields: `self->text = NULL`.",
  );
});

test("a field that legacy code or a macro reaches stays", () => {
  expect(
    spoilt(
      "/* extra */",
      "PyObject *peek(BoxObject *box, PyObject *(*filter)(PyObject *))\n{\n    return filter(box->content);\n}",
    ),
  ).toBe("legacy code uses them: `peek`.");
  expect(spoilt("/* extra */", "#define CONTENT(o) (((BoxObject *)(o))->content)")).toBe(
    "a macro in m.c reaches the field `content` of an object.",
  );
  expect(spoilt("/* extra */", "static const size_t place = offsetof(BoxObject, content);")).toBe(
    "`offsetof(BoxObject, content)` is the place of a field.",
  );
  expect(spoilt("/* extra */", "void wipe(BoxObject *box)\n{\n    memset(box, 0, sizeof(*box));\n}")).toBe(
    "`memset` writes or copies the struct as memory.",
  );
});
