import { describe, expect, it } from "vitest";
import { loadParser } from "../../cli/load-parser.ts";
import { checkHandles, proveHandles } from "../../lint/check-handles.ts";
import type { ParsedFile } from "../../syntax/source.ts";

const parser = await loadParser();

function parse(text: string, path = "example.c"): ParsedFile {
  const file = { path, text };
  const parsed = parser.parse(file, parser.prepare([file]));
  expect(parsed.unparsed).toEqual([]);
  return parsed;
}

/** A method `f` with this body, after other declarations. */
function method(body: string, before = ""): ParsedFile {
  return parse(`#include "hpy.h"
${before}
HPyDef_METH(f, "f", HPyFunc_VARARGS)
static HPy f_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
${body}
}
`);
}

/** `id line` of every finding in the body given to {@link method}; the first line of the body is 1. */
function found(body: string, before = ""): string[] {
  const file = method(body, before);
  const start = file.text.indexOf(body);
  return checkHandles(file, { functions: ["f_impl"] }).map((f) => {
    const line = file.text.slice(start, f.span.start).split("\n").length;
    return `${f.id} ${line}`;
  });
}

describe("paths", () => {
  it("follows cleanup labels, loops and switches", () => {
    const clean = `HPy list = HPy_NULL, item = HPy_NULL;
list = HPyList_New(ctx, 0);
if (HPy_IsNull(list)) goto error;
for (size_t i = 0; i < nargs; i++) {
  item = HPy_Str(ctx, args[i]);
  if (HPy_IsNull(item)) goto error;
  if (HPyList_Append(ctx, list, item) < 0) goto error;
  HPy_Close(ctx, item);
  item = HPy_NULL;
}
return list;
error:
HPy_Close(ctx, item);
HPy_Close(ctx, list);
return HPy_NULL;`;
    expect(found(clean)).toEqual([]);
    // The next round sets it before anything can go wrong.
    expect(found(clean.replace("  item = HPy_NULL;\n", ""))).toEqual([]);
    expect(found(clean.replace("  item = HPy_NULL;\n", "  if (i > 5) goto error;\n"))).toEqual(["double-close 13"]);
    expect(found(clean.replace("  HPy_Close(ctx, item);\n  item", "  item"))).toEqual(["handle-overwritten 8"]);
    expect(found(clean.replace("HPy_Close(ctx, list);\n", ""))).toEqual(["handle-leaked 14"]);
    expect(
      found(`HPy x = HPy_Str(ctx, self);
switch (nargs) {
case 0: HPy_Close(ctx, x); break;
case 1: return x;
default: break;
}
return HPy_NULL;`),
    ).toEqual(["handle-leaked 7"]);
  });

  it("splits short-circuits, the conditional operator and assignments in conditions", () => {
    expect(
      found(`HPy a = HPy_NULL, b = HPy_NULL;
if (HPy_IsNull(a = HPy_Str(ctx, self)) || HPy_IsNull(b = HPy_Repr(ctx, self))) {
  HPy_Close(ctx, a);
  return HPy_NULL;
}
HPy sum = HPy_Add(ctx, a, b);
HPy_Close(ctx, a), HPy_Close(ctx, b);
return sum;`),
    ).toEqual([]);
    expect(
      found(`HPy a, b;
if (HPy_IsNull(a = HPy_Str(ctx, self)) || HPy_IsNull(b = HPy_Repr(ctx, self))) {
  return HPy_NULL;
}
HPy_Close(ctx, b);
return a;`),
    ).toEqual(["handle-leaked 3"]);
    expect(found("return nargs > 0 ? HPy_Dup(ctx, args[0]) : ctx->h_None;")).toEqual(["constant-returned 1"]);
    expect(found("return nargs > 0 ? args[0] : HPy_Dup(ctx, ctx->h_None);")).toEqual(["borrowed-handle-returned 1"]);
  });

  it("keeps the correlation of a flag or a repeated condition with a handle", () => {
    expect(
      found(`int owned = 0;
HPy x = ctx->h_None;
if (nargs > 1) { x = HPy_Str(ctx, args[1]); owned = 1; if (HPy_IsNull(x)) return HPy_NULL; }
int n = HPy_IsTrue(ctx, x);
if (owned) HPy_Close(ctx, x);
return HPyLong_FromLong(ctx, n);`),
    ).toEqual([]);
    expect(
      found(`HPy x = HPy_NULL;
if (nargs > 1) x = HPy_Str(ctx, args[1]);
HPy y = HPy_Repr(ctx, self);
if (nargs > 1) HPy_Close(ctx, x);
return y;`),
    ).toEqual([]);
    expect(
      found(`HPy x = HPy_NULL;
if (nargs > 1) x = HPy_Str(ctx, args[1]);
if (nargs > 2) HPy_Close(ctx, x);
return HPy_Dup(ctx, self);`),
    ).toEqual(["handle-leaked 4"]);
  });

  it("correlates results with what the call left behind", () => {
    const body = `HPyTracker ht;
long n;
HPy o;
static const char *names[] = {"n", "o", NULL};
int ok = HPyArg_ParseKeywords(ctx, &ht, args, nargs, HPy_NULL, "lO", names, &n, &o);
if (!ok) return HPy_NULL;
HPy r = HPy_Dup(ctx, o);
HPyTracker_Close(ctx, ht);
return r;`;
    const only = (ids: string[]): string[] => ids.filter((id) => !id.startsWith("keywords-not-checked"));
    expect(only(found(body))).toEqual([]);
    expect(only(found(body.replace("HPy_Dup(ctx, o)", "o")))).toEqual(["handle-used-after-close 9"]);
    expect(only(found(body.replace("if (!ok) ", "if (!ok) HPyTracker_Close(ctx, ht); if (!ok) ")))).toEqual([
      "tracker-closed-twice 6",
    ]);
  });

  it("shows the way from the origin to the defect", () => {
    const file = method(`HPy x = HPy_Str(ctx, self);
if (nargs == 1) return HPy_NULL;
return x;`);
    const [finding] = checkHandles(file, {});
    const shown = finding?.path.map((p) => `${file.text.slice(p.span.start, p.span.end)}: ${p.note}`);
    expect(shown).toEqual(["HPy_Str(ctx, self): comes from here", "nargs == 1: true here"]);
    expect(finding?.function).toBe("f_impl");
    expect(finding?.certainty).toBe("certain");
  });
});

describe("calls into the project", () => {
  it("infers what helpers do with arguments, results and out-parameters", () => {
    const helpers = `
static HPy text_of(HPyContext *ctx, HPy h) { return HPy_IsNull(h) ? HPy_NULL : HPy_Str(ctx, h); }
static void drop(HPyContext *ctx, HPy h) { HPy_Close(ctx, h); }
static int pair(HPyContext *ctx, HPy h, HPy *a, HPy *b)
{
  *a = HPy_GetItem_i(ctx, h, 0);
  if (HPy_IsNull(*a)) return -1;
  *b = HPy_GetItem_i(ctx, h, 1);
  if (HPy_IsNull(*b)) { HPy_Close(ctx, *a); *a = HPy_NULL; return -1; }
  return 0;
}`;
    const clean = `HPy a, b;
if (pair(ctx, self, &a, &b) < 0) return HPy_NULL;
drop(ctx, b);
HPy t = text_of(ctx, a);
HPy_Close(ctx, a);
return t;`;
    expect(found(clean, helpers)).toEqual([]);
    expect(found(clean.replace("drop(ctx, b);\n", ""), helpers)).toEqual(["handle-leaked 5"]);
    expect(found(clean.replace("drop(ctx, b);", "drop(ctx, b); drop(ctx, b);"), helpers)).toEqual(["double-close 3"]);
    expect(found(clean.replace("HPy_Close(ctx, a);", ""), helpers)).toEqual(["handle-leaked 6"]);
    expect(found(clean.replace("HPy_Close(ctx, a)", "HPy_Close(ctx, t)"), helpers)).toEqual([
      "handle-leaked 6",
      "handle-used-after-close 6",
    ]);
  });

  it("resolves recursion", () => {
    const helper = `
static HPy depth(HPyContext *ctx, HPy h, long n)
{
  if (n <= 0) return HPy_Dup(ctx, h);
  HPy inner = HPy_GetItem_i(ctx, h, 0);
  if (HPy_IsNull(inner)) return HPy_NULL;
  HPy r = depth(ctx, inner, n - 1);
  HPy_Close(ctx, inner);
  return r;
}`;
    expect(found("return depth(ctx, self, 3);", helper)).toEqual([]);
    expect(found("HPy d = depth(ctx, self, 3); return HPy_NULL;", helper)).toEqual(["handle-leaked 1"]);
    const leaking = helper.replace("  HPy_Close(ctx, inner);\n", "");
    expect(checkHandles(method("return depth(ctx, self, 3);", leaking), {}).map((f) => [f.id, f.function])).toEqual([
      ["handle-leaked", "depth"],
    ]);
  });

  it("reads helpers of other files", () => {
    const helper = parse('#include "hpy.h"\nvoid drop(HPyContext *ctx, HPy h) { HPy_Close(ctx, h); }\n', "helper.c");
    const user = method("HPy x = HPy_Str(ctx, self);\ndrop(ctx, x);\nreturn HPy_Dup(ctx, self);");
    expect(proveHandles(user, "f_impl", [user, helper]).verdict).toBe("clean");
    expect(proveHandles(user, "f_impl", []).verdict).not.toBe("clean");
  });

  it("follows arrays of handles", () => {
    const helper = `
static int fill(HPyContext *ctx, HPy from, size_t count, HPy *items)
{
  for (size_t i = 0; i < count; i++) items[i] = HPy_NULL;
  for (size_t i = 0; i < count; i++) {
    items[i] = HPy_GetItem_i(ctx, from, (HPy_ssize_t)i);
    if (HPy_IsNull(items[i])) {
      while (i > 0) { i--; HPy_Close(ctx, items[i]); items[i] = HPy_NULL; }
      return 0;
    }
  }
  return 1;
}`;
    const clean = `HPy items[2];
if (!fill(ctx, self, 2, items)) return HPy_NULL;
HPy sum = HPy_Add(ctx, items[0], items[1]);
HPy_Close(ctx, items[0]);
HPy_Close(ctx, items[1]);
return sum;`;
    expect(found(clean, helper)).toEqual([]);
    expect(found(clean.replace("HPy_Close(ctx, items[1]);\n", ""), helper)).toEqual(["handle-leaked 5"]);
    expect(found(clean.replace("HPy_Close(ctx, items[1])", "HPy_Close(ctx, items[0])"), helper)).toEqual([
      "double-close 5",
      "handle-leaked 6",
    ]);
    expect(
      found(`HPy pair[] = {self, HPy_Str(ctx, self)};
HPy r = HPyTuple_FromArray(ctx, pair, 2);
return r;`),
    ).toEqual(["handle-leaked 3"]);
  });
});

describe("proveHandles", () => {
  const verdict = (body: string, before = ""): string => {
    const file = method(body, before);
    return proveHandles(file, "f_impl", [file]).verdict;
  };

  it("tells clean, defect and unproven apart", () => {
    expect(verdict("return HPy_Dup(ctx, self);")).toBe("clean");
    expect(verdict("return self;")).toBe("defect");
    expect(verdict("return elsewhere(ctx, self);", "HPy elsewhere(HPyContext *ctx, HPy h);")).toBe("unproven");
    expect(verdict("HPy x = ({ HPy_Str(ctx, self); }); return x;")).not.toBe("clean");
  });

  it("believes in the conventions for calls through pointers and enforces them on functions whose address is taken", () => {
    const table = "typedef HPy (*convert)(HPyContext *ctx, HPy h);\n";
    expect(verdict("convert c = 0; HPy x = c(ctx, self); HPy_Close(ctx, x); return HPy_NULL;", table)).toBe("clean");
    const file = parse(`#include "hpy.h"
typedef void (*use)(HPyContext *ctx, HPy h);
static void bad(HPyContext *ctx, HPy h) { HPy_Close(ctx, h); }
static const use uses[] = {bad};
`);
    expect(proveHandles(file, "bad", [file]).findings.map((f) => f.id)).toEqual(["borrowed-handle-closed"]);
  });

  it("does not know functions that are not there or do not use HPy", () => {
    expect(proveHandles(method("return HPy_NULL;"), "g", []).verdict).toBe("unproven");
  });

  it("follows references of the C API in bridged code", () => {
    const clean = `PyObject *o = HPy_AsPyObject(ctx, self);
PyObject *r = PyObject_GetAttrString(o, "x");
Py_DECREF(o);
HPy h = HPy_FromPyObject(ctx, r);
Py_XDECREF(r);
return h;`;
    expect(verdict(clean)).toBe("clean");
    expect(found(clean.replace("Py_DECREF(o);\n", ""))).toEqual(["reference-leaked 5"]);
    expect(found(clean.replace("Py_XDECREF(r);\n", ""))).toEqual(["reference-leaked 5"]);
    expect(found(clean.replace("Py_XDECREF(r)", "Py_XDECREF(o)"))).toContain("reference-released-twice 5");
  });
});
