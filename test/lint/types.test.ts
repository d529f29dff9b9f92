/** Every construct that HPy types are made of passes the checker, and mistakes in them are found. */
import { describe, expect, it } from "vitest";
import { loadParser } from "../../cli/load-parser.ts";
import { checkHandles, proveHandles } from "../../lint/check-handles.ts";
import type { ParsedFile } from "../../syntax/source.ts";

const parser = await loadParser();

function parse(text: string): ParsedFile {
  const file = { path: "point.c", text };
  const parsed = parser.parse(file, parser.prepare([file]));
  expect(parsed.unparsed).toEqual([]);
  return parsed;
}

const POINT = `#include "hpy.h"
typedef struct { PyObject_HEAD HPyField name; HPyField other; double x; } PointObject;
HPyType_LEGACY_HELPERS(PointObject)
static HPyGlobal Point_Type;
HPyDef_SLOT(Point_new, HPy_tp_new)
static HPy Point_new_impl(HPyContext *ctx, HPy cls, const HPy *args, HPy_ssize_t nargs, HPy kw)
{
    PointObject *self;
    HPy h_self = HPy_New(ctx, cls, &self);
    if (HPy_IsNull(h_self)) return HPy_NULL;
    self->x = 1.0;
    HPyField_Store(ctx, h_self, &self->name, ctx->h_None);
    self->other = HPyField_NULL;
    return h_self;
}
HPyDef_SLOT(Point_init, HPy_tp_init)
static int Point_init_impl(HPyContext *ctx, HPy h_self, const HPy *args, HPy_ssize_t nargs, HPy kw)
{
    PointObject *self = PointObject_AsStruct(ctx, h_self);
    HPy name;
    if (!HPyArg_Parse(ctx, NULL, args, nargs, "O", &name)) return -1;
    HPyField_Store(ctx, h_self, &self->name, name);
    return 0;
}
HPyDef_SLOT(Point_traverse, HPy_tp_traverse)
static int Point_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg)
{
    PointObject *p = (PointObject *)self;
    HPy_VISIT(&p->name);
    HPy_VISIT(&p->other);
    return 0;
}
HPyDef_SLOT(Point_destroy, HPy_tp_destroy)
static void Point_destroy_impl(void *obj)
{
    PointObject *p = (PointObject *)obj;
    (void)p;
}
HPyDef_SLOT(Point_finalize, HPy_tp_finalize)
static void Point_finalize_impl(HPyContext *ctx, HPy self)
{
    PointObject *p = PointObject_AsStruct(ctx, self);
    HPyField_Store(ctx, self, &p->name, HPy_NULL);
}
HPyDef_SLOT(Point_richcompare, HPy_tp_richcompare)
static HPy Point_richcompare_impl(HPyContext *ctx, HPy a, HPy b, HPy_RichCmpOp op)
{
    HPy t = HPyGlobal_Load(ctx, Point_Type);
    int ok = HPy_TypeCheck(ctx, b, t);
    HPy_Close(ctx, t);
    if (!ok) return HPy_Dup(ctx, ctx->h_NotImplemented);
    PointObject *p = PointObject_AsStruct(ctx, a);
    PointObject *q = PointObject_AsStruct(ctx, b);
    HPy_RETURN_RICHCOMPARE(ctx, p->x, q->x, op);
}
HPyDef_SLOT(Point_getbuffer, HPy_bf_getbuffer)
static int Point_getbuffer_impl(HPyContext *ctx, HPy self, HPy_buffer *buf, int flags)
{
    PointObject *p = PointObject_AsStruct(ctx, self);
    buf->buf = &p->x;
    buf->len = 8;
    buf->itemsize = 8;
    buf->readonly = 0;
    buf->ndim = 1;
    buf->format = NULL;
    buf->shape = NULL; buf->strides = NULL; buf->suboffsets = NULL; buf->internal = NULL;
    buf->obj = HPy_Dup(ctx, self);
    return 0;
}
HPyDef_SLOT(Point_relbuffer, HPy_bf_releasebuffer)
static void Point_relbuffer_impl(HPyContext *ctx, HPy self, HPy_buffer *buf) { }
HPyDef_SLOT(Point_hash, HPy_tp_hash)
static HPy_hash_t Point_hash_impl(HPyContext *ctx, HPy self) {
    PointObject *p = PointObject_AsStruct(ctx, self);
    HPy n = HPyField_Load(ctx, self, p->name);
    HPy_hash_t h = HPy_Hash(ctx, n);
    HPy_Close(ctx, n);
    return h;
}
HPyDef_SLOT(Point_len, HPy_sq_length)
static HPy_ssize_t Point_len_impl(HPyContext *ctx, HPy self) { return 2; }
HPyDef_SLOT(Point_setitem, HPy_mp_ass_subscript)
static int Point_setitem_impl(HPyContext *ctx, HPy self, HPy key, HPy value) {
    PointObject *p = PointObject_AsStruct(ctx, self);
    if (HPy_IsNull(value)) { HPyErr_SetString(ctx, ctx->h_TypeError, "no"); return -1; }
    HPyField_Store(ctx, self, &p->other, value);
    return 0;
}
HPyDef_GETSET(Point_name, "name")
static HPy Point_name_get(HPyContext *ctx, HPy self, void *closure) {
    PointObject *p = PointObject_AsStruct(ctx, self);
    if (HPyField_IsNull(p->name)) return HPy_Dup(ctx, ctx->h_None);
    return HPyField_Load(ctx, self, p->name);
}
static int Point_name_set(HPyContext *ctx, HPy self, HPy value, void *closure) {
    PointObject *p = PointObject_AsStruct(ctx, self);
    HPyField_Store(ctx, self, &p->name, value);
    return 0;
}
HPyDef_SLOT(Point_call, HPy_tp_call)
static HPy Point_call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames) {
    return HPyLong_FromLong(ctx, (long)nargs);
}
HPyDef_SLOT(Point_pow, HPy_nb_power)
static HPy Point_pow_impl(HPyContext *ctx, HPy a, HPy b, HPy c) { return HPy_Dup(ctx, ctx->h_NotImplemented); }
static HPyDef *Point_defines[] = { &Point_new, &Point_init, &Point_traverse, &Point_destroy, &Point_finalize, &Point_richcompare, &Point_getbuffer, &Point_relbuffer, &Point_hash, &Point_len, &Point_setitem, &Point_name, &Point_call, &Point_pow, NULL };
static PyType_Slot Point_legacy_slots[] = { {Py_tp_iter, NULL}, {0, NULL} };
static HPyType_Spec Point_spec = {
    .name = "m.Point", .basicsize = sizeof(PointObject), .builtin_shape = SHAPE(PointObject),
    .legacy_slots = Point_legacy_slots, .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC, .defines = Point_defines,
};
HPyDef_SLOT(m_exec, HPy_mod_exec)
static int m_exec_impl(HPyContext *ctx, HPy m)
{
    HPy h_type = HPyType_FromSpec(ctx, &Point_spec, NULL);
    if (HPy_IsNull(h_type)) return -1;
    HPyGlobal_Store(ctx, &Point_Type, h_type);
    if (HPy_SetAttr_s(ctx, m, "Point", h_type) < 0) { HPy_Close(ctx, h_type); return -1; }
    HPy_Close(ctx, h_type);
    if (!HPyHelpers_AddType(ctx, m, "Point2", &Point_spec, NULL)) return -1;
    HPyType_SpecParam params[] = { { HPyType_SpecParam_Base, ctx->h_LongType }, { 0 } };
    HPy t2 = HPyType_FromSpec(ctx, &Point_spec, params);
    if (HPy_IsNull(t2)) return -1;
    int r = HPy_SetAttr_s(ctx, m, "T2", t2);
    HPy_Close(ctx, t2);
    return r;
}
static HPyDef *m_defines[] = { &m_exec, NULL };
static HPyGlobal *m_globals[] = { &Point_Type, NULL };
static HPyModuleDef m = { .doc = "m", .defines = m_defines, .globals = m_globals };
HPy_MODINIT(m, m)
`;

describe("a type with fields, a buffer and most slots", () => {
  const file = parse(POINT);
  const names = [...POINT.matchAll(/^(?:static )?\w+ (\w+_(?:impl|get|set))\(/gm)].map((m) => m[1] as string);

  it("has no defect", () => {
    expect(checkHandles(file)).toEqual([]);
  });

  it.each(names)("%s is proved", (name) => {
    expect(proveHandles(file, name, [file])).toEqual({ verdict: "clean", findings: [], unproven: [] });
  });

  it.each([
    ["    HPy_Close(ctx, n);\n", "", ["handle-leaked"]],
    ["    HPy_Close(ctx, t);\n    if (!ok)", "    if (!ok)", ["handle-leaked", "handle-leaked"]],
    ["buf->obj = HPy_Dup(ctx, self);", "HPy_Dup(ctx, self);", ["handle-dropped"]],
    ["    HPy_VISIT(&p->other);\n", "", ["field-not-visited"]],
    ["{ HPy_Close(ctx, h_type); return -1; }", "return -1;", ["handle-leaked"]],
  ])("without %j it is a defect", (before, after, ids) => {
    expect(POINT).toContain(before);
    expect(checkHandles(parse(POINT.replace(before, after))).map((f) => f.id)).toEqual(ids);
  });
});
