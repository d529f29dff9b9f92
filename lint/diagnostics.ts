/** What a finding means, for `explain`, the documentation and the tests. */
export interface Diagnostic {
  /** Stable kebab-case id. */
  readonly id: string;
  readonly title: string;
  /** `error`: wrong at run time. `hazard`: correct HPy that meets a defect or a trap of HPy 0.9 itself. */
  readonly severity: "error" | "hazard";
  readonly explanation: string;
  /** `capi` for what `lint --capi` finds in code that uses the C API, `check` for what `check` finds. */
  readonly side?: "capi" | "check";
  /** `cpp` where the example is C++. */
  readonly language?: "cpp";
  /** Code that has the defect, and nothing else wrong. */
  readonly example: string;
  /** The same code without it. */
  readonly repaired: string;
}

const HEADER = '#include "hpy.h"\n\n';

/** The body of a method that takes one argument. */
function method(body: string): string {
  return `${HEADER}HPyDef_METH(example, "example", HPyFunc_O)
static HPy
example_impl(HPyContext *ctx, HPy self, HPy arg)
{
${body}
}
`;
}

/** The body of a method that takes keyword arguments. */
function keywords(body: string): string {
  return `${HEADER}int check_keywords(HPyContext *ctx, size_t nargs, HPy kwnames);

HPyDef_METH(example, "example", HPyFunc_KEYWORDS)
static HPy
example_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    static const char *names[] = {"value", NULL};
    HPyTracker tracker;
    HPy value;
    if (check_keywords(ctx, nargs, kwnames) < 0) {
        return HPy_NULL;
    }
    if (!HPyArg_ParseKeywords(ctx, &tracker, args, nargs, kwnames, "O", names, &value)) {
        return HPy_NULL;
    }
${body}
}
`;
}

/** A method of the C API that takes one argument. */
function capiMethod(body: string): string {
  return `#include <Python.h>

static PyObject *
example(PyObject *self, PyObject *arg)
{
${body}
}

static PyMethodDef methods[] = {
    {"example", example, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
`;
}

/** A method of a type with one field. */
function fieldMethod(body: string): string {
  return `${HEADER}typedef struct { HPyField name; } Point;
HPyType_HELPERS(Point)

HPyDef_SLOT(Point_traverse, HPy_tp_traverse)
static int
Point_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg)
{
    Point *point = (Point *)self;
    HPy_VISIT(&point->name);
    return 0;
}

HPyDef_METH(example, "example", HPyFunc_O)
static HPy
example_impl(HPyContext *ctx, HPy self, HPy arg)
{
    Point *point = Point_AsStruct(ctx, self);
${body}    return HPy_Dup(ctx, ctx->h_None);
}
`;
}

/** Every id that {@link checkHandles} reports, in the order of the documentation. */
export const DIAGNOSTICS: readonly Diagnostic[] = [
  {
    id: "handle-leaked",
    title: "A handle is not closed on a path that leaves the function",
    severity: "error",
    explanation:
      "Every handle that a function of the API gives must be closed exactly once. An early return, a `goto` past the cleanup or a loop exit leaves this one open: the object never dies, and debug mode reports a leak where a test takes the path.",
    example: method(`    HPy one = HPyLong_FromLong(ctx, 1);
    if (HPy_IsNull(one)) {
        return HPy_NULL;
    }
    HPy sum = HPy_Add(ctx, arg, one);
    return sum;`),
    repaired: method(`    HPy one = HPyLong_FromLong(ctx, 1);
    if (HPy_IsNull(one)) {
        return HPy_NULL;
    }
    HPy sum = HPy_Add(ctx, arg, one);
    HPy_Close(ctx, one);
    return sum;`),
  },
  {
    id: "handle-overwritten",
    title: "A variable gets a new value while its handle is open",
    severity: "error",
    explanation:
      "The old handle cannot be reached any more, so nobody can close it. In a loop this leaks once per round.",
    example: method(`    HPy item = HPy_GetItem_i(ctx, arg, 0);
    if (HPy_IsNull(item)) {
        return HPy_NULL;
    }
    item = HPy_GetItem_i(ctx, arg, 1);
    return item;`),
    repaired: method(`    HPy item = HPy_GetItem_i(ctx, arg, 0);
    if (HPy_IsNull(item)) {
        return HPy_NULL;
    }
    HPy_Close(ctx, item);
    item = HPy_GetItem_i(ctx, arg, 1);
    return item;`),
  },
  {
    id: "handle-dropped",
    title: "A new handle is not used at all",
    severity: "error",
    explanation: "The call gives a new handle, and the statement throws it away.",
    example: method(`    HPy_GetAttr_s(ctx, arg, "touch");
    return HPy_Dup(ctx, ctx->h_None);`),
    repaired: method(`    HPy_Close(ctx, HPy_GetAttr_s(ctx, arg, "touch"));
    return HPy_Dup(ctx, ctx->h_None);`),
  },
  {
    id: "nested-handle-leaked",
    title: "A new handle is passed on as an argument and never closed",
    severity: "error",
    explanation:
      "No function of HPy takes over a handle that it gets. A call nested in the arguments of another, such as `HPyField_Store(ctx, self, &f, HPyField_Load(...))`, needs a variable that is closed afterwards.",
    example: method(`    return HPy_Add(ctx, arg, HPyLong_FromLong(ctx, 1));`),
    repaired: method(`    HPy one = HPyLong_FromLong(ctx, 1);
    if (HPy_IsNull(one)) {
        return HPy_NULL;
    }
    HPy sum = HPy_Add(ctx, arg, one);
    HPy_Close(ctx, one);
    return sum;`),
  },
  {
    id: "double-close",
    title: "A handle is closed twice",
    severity: "error",
    explanation: "The second call releases a reference that belongs to somebody else; the process crashes later.",
    example: method(`    HPy type = HPy_Type(ctx, arg);
    int same = HPy_Is(ctx, type, ctx->h_LongType);
    HPy_Close(ctx, type);
    HPy_Close(ctx, type);
    return HPyLong_FromLong(ctx, same);`),
    repaired: method(`    HPy type = HPy_Type(ctx, arg);
    int same = HPy_Is(ctx, type, ctx->h_LongType);
    HPy_Close(ctx, type);
    return HPyLong_FromLong(ctx, same);`),
  },
  {
    id: "handle-used-after-close",
    title: "A handle is used after it was closed",
    severity: "error",
    explanation: "A closed handle, also one that its tracker closed, means nothing; debug mode aborts here.",
    example: method(`    HPy type = HPy_Type(ctx, arg);
    HPy_Close(ctx, type);
    return HPy_Str(ctx, type);`),
    repaired: method(`    HPy type = HPy_Type(ctx, arg);
    HPy text = HPy_Str(ctx, type);
    HPy_Close(ctx, type);
    return text;`),
  },
  {
    id: "uninitialised-handle",
    title: "A handle is used before it is set",
    severity: "error",
    explanation:
      "A path reaches the use without an assignment. Initialise the variable with HPy_NULL, which may be closed.",
    example: method(`    HPy text;
    if (HPyUnicode_Check(ctx, arg)) {
        text = HPy_Str(ctx, arg);
    }
    HPy_Close(ctx, text);
    return HPy_Dup(ctx, ctx->h_None);`),
    repaired: method(`    HPy text = HPy_NULL;
    if (HPyUnicode_Check(ctx, arg)) {
        text = HPy_Str(ctx, arg);
    }
    HPy_Close(ctx, text);
    return HPy_Dup(ctx, ctx->h_None);`),
  },
  {
    id: "optional-argument-uninitialised",
    title: "An optional argument is parsed into a variable without a value",
    severity: "error",
    explanation: "The parser leaves the variable alone when the argument is missing, so it must hold HPy_NULL before.",
    example: `${HEADER}HPyDef_METH(example, "example", HPyFunc_VARARGS)
static HPy
example_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    HPy value;
    if (!HPyArg_Parse(ctx, NULL, args, nargs, "|O", &value)) {
        return HPy_NULL;
    }
    return HPy_Dup(ctx, value);
}
`,
    repaired: `${HEADER}HPyDef_METH(example, "example", HPyFunc_VARARGS)
static HPy
example_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    HPy value = HPy_NULL;
    if (!HPyArg_Parse(ctx, NULL, args, nargs, "|O", &value)) {
        return HPy_NULL;
    }
    return HPy_Dup(ctx, HPy_IsNull(value) ? ctx->h_None : value);
}
`,
  },
  {
    id: "borrowed-handle-closed",
    title: "A handle of the caller is closed",
    severity: "error",
    explanation:
      "Parameters, elements of `args` and what HPyArg_Parse gives for `O` belong to the caller. Closing one takes a reference from somebody else.",
    example: method(`    HPy text = HPy_Str(ctx, arg);
    HPy_Close(ctx, arg);
    return text;`),
    repaired: method(`    HPy text = HPy_Str(ctx, arg);
    return text;`),
  },
  {
    id: "argument-closed-on-some-paths",
    title: "A helper closes its argument on some paths only",
    severity: "error",
    explanation:
      "A caller cannot know whether its handle is still open. By HPy's convention a function leaves its arguments alone; one that takes over an argument must do so on every path.",
    example: `${HEADER}static HPy
as_text(HPyContext *ctx, HPy value)
{
    if (HPyUnicode_Check(ctx, value)) {
        return HPy_Dup(ctx, value);
    }
    HPy text = HPy_Str(ctx, value);
    HPy_Close(ctx, value);
    return text;
}

${method(`    HPy item = HPy_GetItem_i(ctx, arg, 0);
    if (HPy_IsNull(item)) {
        return HPy_NULL;
    }
    return as_text(ctx, item);`).slice(HEADER.length)}`,
    repaired: `${HEADER}static HPy
as_text(HPyContext *ctx, HPy value)
{
    if (HPyUnicode_Check(ctx, value)) {
        return value;
    }
    HPy text = HPy_Str(ctx, value);
    HPy_Close(ctx, value);
    return text;
}

${method(`    HPy item = HPy_GetItem_i(ctx, arg, 0);
    if (HPy_IsNull(item)) {
        return HPy_NULL;
    }
    return as_text(ctx, item);`).slice(HEADER.length)}`,
  },
  {
    id: "borrowed-handle-returned",
    title: "A handle of the caller is returned without HPy_Dup",
    severity: "error",
    explanation: "The caller closes the result, so it must be a handle of its own.",
    example: method(`    return arg;`),
    repaired: method(`    return HPy_Dup(ctx, arg);`),
  },
  {
    id: "constant-closed",
    title: "A handle of the context is closed",
    severity: "error",
    explanation:
      "`ctx->h_None` and its kin live as long as the context. Closing one drops a reference to the object itself.",
    example: method(`    HPy_Close(ctx, ctx->h_None);
    return HPy_Dup(ctx, arg);`),
    repaired: method(`    return HPy_Dup(ctx, arg);`),
  },
  {
    id: "constant-returned",
    title: "A handle of the context is returned without HPy_Dup",
    severity: "error",
    explanation: "The caller closes the result; after enough calls the constant itself is destroyed.",
    example: method(`    return ctx->h_None;`),
    repaired: method(`    return HPy_Dup(ctx, ctx->h_None);`),
  },
  {
    id: "null-handle-passed",
    title: "HPy_NULL is passed to a function that does not accept it",
    severity: "error",
    explanation:
      "On this path the handle is known to be null: its test went the other way, or nothing was ever stored.",
    example: method(`    HPy text = HPy_NULL;
    if (HPyUnicode_Check(ctx, arg)) {
        text = HPy_Str(ctx, arg);
    }
    int ready = HPyUnicode_Check(ctx, text);
    HPy_Close(ctx, text);
    return HPyLong_FromLong(ctx, ready);`),
    repaired: method(`    HPy text = HPy_Str(ctx, arg);
    if (HPy_IsNull(text)) {
        return HPy_NULL;
    }
    int ready = HPyUnicode_Check(ctx, text);
    HPy_Close(ctx, text);
    return HPyLong_FromLong(ctx, ready);`),
  },
  {
    id: "handle-bits-read",
    title: "The bits of a handle are read",
    severity: "error",
    explanation:
      "Two handles of one object differ in debug mode and in other implementations. HPy_Is compares objects, HPy_IsNull tests for null.",
    example: method(`    return HPyLong_FromLong(ctx, arg._i == self._i);`),
    repaired: method(`    return HPyLong_FromLong(ctx, HPy_Is(ctx, arg, self));`),
  },
  {
    id: "tracker-not-closed",
    title: "A tracker is not closed on a path",
    severity: "error",
    explanation:
      "After a successful parse the tracker must be closed on every path; it holds the handles of `O` units and memory of its own.",
    example: keywords(`    return HPy_Str(ctx, value);`),
    repaired: keywords(`    HPy text = HPy_Str(ctx, value);
    HPyTracker_Close(ctx, tracker);
    return text;`),
  },
  {
    id: "tracker-closed-twice",
    title: "A tracker is closed twice",
    severity: "error",
    explanation: "A parser that fails has closed the tracker already, and HPyTracker_Close frees its memory.",
    example: keywords(`    HPy text = HPy_Str(ctx, value);
    HPyTracker_Close(ctx, tracker);
    HPyTracker_Close(ctx, tracker);
    return text;`),
    repaired: keywords(`    HPy text = HPy_Str(ctx, value);
    HPyTracker_Close(ctx, tracker);
    return text;`),
  },
  {
    id: "tracker-used-after-close",
    title: "A tracker is used after it was closed",
    severity: "error",
    explanation: "Its memory is freed.",
    example: method(`    HPyTracker tracker = HPyTracker_New(ctx, 0);
    HPyTracker_Close(ctx, tracker);
    HPyTracker_Add(ctx, tracker, HPy_Str(ctx, arg));
    return HPy_Dup(ctx, ctx->h_None);`),
    repaired: method(`    HPyTracker tracker = HPyTracker_New(ctx, 0);
    HPyTracker_Add(ctx, tracker, HPy_Str(ctx, arg));
    HPyTracker_Close(ctx, tracker);
    return HPy_Dup(ctx, ctx->h_None);`),
  },
  {
    id: "tracked-handle-closed",
    title: "A handle is closed that its tracker closes as well",
    severity: "error",
    explanation: "HPyTracker_Close closes everything that was added, so this is a double close.",
    example: keywords(`    HPy text = HPy_Str(ctx, value);
    HPy_Close(ctx, value);
    HPyTracker_Close(ctx, tracker);
    return text;`),
    repaired: keywords(`    HPy text = HPy_Str(ctx, value);
    HPyTracker_Close(ctx, tracker);
    return text;`),
  },
  {
    id: "tracked-handle-returned",
    title: "A handle is returned that its tracker closes",
    severity: "error",
    explanation: "The tracker's handle dies with the tracker; return a duplicate.",
    example: method(`    HPyTracker tracker = HPyTracker_New(ctx, 0);
    HPy text = HPy_Str(ctx, arg);
    HPyTracker_Add(ctx, tracker, text);
    if (HPy_IsNull(text)) {
        HPyTracker_Close(ctx, tracker);
        return HPy_NULL;
    }
    return text;`),
    repaired: method(`    HPyTracker tracker = HPyTracker_New(ctx, 0);
    HPy text = HPy_Str(ctx, arg);
    HPyTracker_Add(ctx, tracker, text);
    HPy result = HPy_Dup(ctx, text);
    HPyTracker_Close(ctx, tracker);
    return result;`),
  },
  {
    id: "builder-not-finished",
    title: "A list or tuple builder is neither built nor cancelled",
    severity: "error",
    explanation: "The half-made container and everything in it leak. Debug mode does not report builders.",
    example: method(`    HPyListBuilder builder = HPyListBuilder_New(ctx, 1);
    HPy text = HPy_Str(ctx, arg);
    if (HPy_IsNull(text)) {
        return HPy_NULL;
    }
    HPyListBuilder_Set(ctx, builder, 0, text);
    HPy_Close(ctx, text);
    return HPyListBuilder_Build(ctx, builder);`),
    repaired: method(`    HPyListBuilder builder = HPyListBuilder_New(ctx, 1);
    HPy text = HPy_Str(ctx, arg);
    if (HPy_IsNull(text)) {
        HPyListBuilder_Cancel(ctx, builder);
        return HPy_NULL;
    }
    HPyListBuilder_Set(ctx, builder, 0, text);
    HPy_Close(ctx, text);
    return HPyListBuilder_Build(ctx, builder);`),
  },
  {
    id: "builder-used-twice",
    title: "A builder is used after it was built or cancelled",
    severity: "error",
    explanation: "The container belongs to the result by then; changing or releasing it again crashes.",
    example: method(`    HPyTupleBuilder builder = HPyTupleBuilder_New(ctx, 1);
    HPyTupleBuilder_Set(ctx, builder, 0, arg);
    HPy tuple = HPyTupleBuilder_Build(ctx, builder);
    HPyTupleBuilder_Cancel(ctx, builder);
    return tuple;`),
    repaired: method(`    HPyTupleBuilder builder = HPyTupleBuilder_New(ctx, 1);
    HPyTupleBuilder_Set(ctx, builder, 0, arg);
    HPy tuple = HPyTupleBuilder_Build(ctx, builder);
    return tuple;`),
  },
  {
    id: "interior-pointer-dangling",
    title: "A pointer into an object is used after its handle was closed",
    severity: "error",
    explanation:
      "`HPyUnicode_AsUTF8AndSize`, `HPyBytes_AsString` and `HPyType_GetName` give memory that is valid while that very handle is open.",
    example: method(`    HPy text = HPy_Str(ctx, arg);
    if (HPy_IsNull(text)) {
        return HPy_NULL;
    }
    const char *bytes = HPyUnicode_AsUTF8AndSize(ctx, text, NULL);
    HPy_Close(ctx, text);
    if (bytes == NULL) {
        return HPy_NULL;
    }
    return HPyBytes_FromString(ctx, bytes);`),
    repaired: method(`    HPy text = HPy_Str(ctx, arg);
    if (HPy_IsNull(text)) {
        return HPy_NULL;
    }
    const char *bytes = HPyUnicode_AsUTF8AndSize(ctx, text, NULL);
    HPy result = bytes == NULL ? HPy_NULL : HPyBytes_FromString(ctx, bytes);
    HPy_Close(ctx, text);
    return result;`),
  },
  {
    id: "struct-pointer-dangling",
    title: "A struct of an object is used after its handle was closed",
    severity: "error",
    explanation:
      "The struct lives as long as its object. Unless something else keeps the object alive, closing its last handle frees the memory.",
    example: `${HEADER}typedef struct { long value; } Point;
HPyType_HELPERS(Point)

HPyDef_METH(example, "example", HPyFunc_O)
static HPy
example_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPy other = HPy_GetAttr_s(ctx, arg, "other");
    if (HPy_IsNull(other)) {
        return HPy_NULL;
    }
    Point *point = Point_AsStruct(ctx, other);
    HPy_Close(ctx, other);
    return HPyLong_FromLong(ctx, point->value);
}
`,
    repaired: `${HEADER}typedef struct { long value; } Point;
HPyType_HELPERS(Point)

HPyDef_METH(example, "example", HPyFunc_O)
static HPy
example_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPy other = HPy_GetAttr_s(ctx, arg, "other");
    if (HPy_IsNull(other)) {
        return HPy_NULL;
    }
    Point *point = Point_AsStruct(ctx, other);
    long value = point->value;
    HPy_Close(ctx, other);
    return HPyLong_FromLong(ctx, value);
}
`,
  },
  {
    id: "reference-leaked",
    title: "A reference from HPy_AsPyObject is not released",
    severity: "error",
    explanation: "HPy_AsPyObject gives a new reference of the C API. Debug mode does not see that it leaks.",
    example: method(`    PyObject *object = HPy_AsPyObject(ctx, arg);
    return HPyLong_FromLong(ctx, PyCallable_Check(object));`),
    repaired: method(`    PyObject *object = HPy_AsPyObject(ctx, arg);
    int callable = PyCallable_Check(object);
    Py_DECREF(object);
    return HPyLong_FromLong(ctx, callable);`),
  },
  {
    id: "reference-used-after-release",
    title: "A reference is used after Py_DECREF",
    severity: "error",
    explanation: "The object may be gone.",
    example: method(`    PyObject *object = PyList_New(0);
    Py_XDECREF(object);
    return HPyLong_FromLong(ctx, PyCallable_Check(object));`),
    repaired: method(`    PyObject *object = PyList_New(0);
    int callable = PyCallable_Check(object);
    Py_XDECREF(object);
    return HPyLong_FromLong(ctx, callable);`),
  },
  {
    id: "reference-released-twice",
    title: "A reference is released twice",
    severity: "error",
    explanation: "The second Py_DECREF takes a reference from somebody else.",
    example: method(`    PyObject *object = HPy_AsPyObject(ctx, arg);
    Py_DECREF(object);
    Py_DECREF(object);
    return HPy_Dup(ctx, ctx->h_None);`),
    repaired: method(`    PyObject *object = HPy_AsPyObject(ctx, arg);
    Py_DECREF(object);
    return HPy_Dup(ctx, ctx->h_None);`),
  },
  {
    id: "borrowed-reference-released",
    title: "A borrowed reference is released",
    severity: "error",
    explanation: "The C API call gives a reference that belongs to a container or to the interpreter.",
    example: method(`    PyObject *list = HPy_AsPyObject(ctx, arg);
    PyObject *item = PyList_GetItem(list, 0);
    HPy result = HPy_FromPyObject(ctx, item);
    Py_XDECREF(item);
    Py_DECREF(list);
    return result;`),
    repaired: method(`    PyObject *list = HPy_AsPyObject(ctx, arg);
    PyObject *item = PyList_GetItem(list, 0);
    HPy result = HPy_FromPyObject(ctx, item);
    Py_DECREF(list);
    return result;`),
  },
  {
    id: "api-outside-python",
    title: "HPy is called where Python was left",
    severity: "error",
    explanation:
      "Between HPy_BEGIN_LEAVE_PYTHON and HPy_END_LEAVE_PYTHON other threads run Python; no API may be called.",
    example: method(`    HPy_ssize_t length;
    HPy_BEGIN_LEAVE_PYTHON(ctx)
    length = HPy_Length(ctx, arg);
    HPy_END_LEAVE_PYTHON(ctx)
    return HPyLong_FromSsize_t(ctx, length);`),
    repaired: method(`    HPy_ssize_t length = HPy_Length(ctx, arg);
    HPy_BEGIN_LEAVE_PYTHON(ctx)
    length = length + 1;
    HPy_END_LEAVE_PYTHON(ctx)
    return HPyLong_FromSsize_t(ctx, length);`),
  },
  {
    id: "handle-in-static",
    title: "A handle is kept in a variable that outlives the call",
    severity: "error",
    explanation: "Handles are valid during the call that made them. HPyGlobal keeps an object for longer.",
    example: `${HEADER}static HPy cached;\n`,
    repaired: `${HEADER}static HPyGlobal cached;\n`,
  },
  {
    id: "context-stored",
    title: "The context is kept in a variable that outlives the call",
    severity: "error",
    explanation: "Another call may come with another context; debug mode aborts.",
    example: `${HEADER}static HPyContext *context;\n`,
    repaired: `${HEADER}int uses_context(HPyContext *context);\n`,
  },
  {
    id: "handle-in-object-struct",
    title: "The struct of an object holds a handle",
    severity: "error",
    explanation: "Use an HPyField, which the garbage collector can see, and HPyField_Store and HPyField_Load.",
    example: `${HEADER}typedef struct { HPy name; } Point;\nHPyType_HELPERS(Point)\n`,
    repaired: `${HEADER}typedef struct { double name; } Point;\nHPyType_HELPERS(Point)\n`,
  },
  {
    id: "field-not-visited",
    title: "An HPyField is not visited by HPy_tp_traverse",
    severity: "error",
    explanation: "HPy releases fields through the traverse function. A field that it does not visit is never released.",
    example: `${HEADER}typedef struct { HPyField name; } Point;\nHPyType_HELPERS(Point)\n`,
    repaired: `${HEADER}typedef struct { HPyField name; } Point;
HPyType_HELPERS(Point)

HPyDef_SLOT(Point_traverse, HPy_tp_traverse)
static int
Point_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg)
{
    Point *point = (Point *)self;
    HPy_VISIT(&point->name);
    return 0;
}
`,
  },
  {
    id: "global-not-registered",
    title: "An HPyGlobal is in no `globals` array",
    severity: "error",
    explanation:
      "HPy's contract wants every HPyGlobal in the module definition; other implementations than CPython depend on it.",
    example: `${HEADER}static HPyGlobal cached;
static HPyModuleDef module = {.doc = "example"};
HPy_MODINIT(example, module)
`,
    repaired: `${HEADER}static HPyGlobal cached;
static HPyGlobal *globals[] = {&cached, NULL};
static HPyModuleDef module = {.doc = "example", .globals = globals};
HPy_MODINIT(example, module)
`,
  },
  {
    id: "array-not-terminated",
    title: "A table does not end with NULL",
    severity: "error",
    explanation: "HPy reads `defines`, `globals` and lists of keywords up to NULL, and beyond the array without it.",
    example: `${HEADER}static HPyGlobal cached;\nstatic HPyGlobal *globals[] = {&cached};\n`,
    repaired: `${HEADER}static HPyGlobal cached;\nstatic HPyGlobal *globals[] = {&cached, NULL};\n`,
  },
  {
    id: "keywords-of-other-kind",
    title: "A keyword parser gets keywords of the other kind",
    severity: "error",
    explanation:
      "HPy_tp_new and HPy_tp_init get a dict, which HPyArg_ParseKeywordsDict reads; methods and HPy_tp_call get a tuple of names, which HPyArg_ParseKeywords reads. The wrong parser crashes or gives wrong values.",
    example: `${HEADER}int check_keywords(HPyContext *ctx, HPy keywords);

HPyDef_SLOT(example, HPy_tp_init)
static int
example_impl(HPyContext *ctx, HPy self, const HPy *args, HPy_ssize_t nargs, HPy keywords)
{
    static const char *names[] = {"value", NULL};
    long value;
    if (check_keywords(ctx, keywords) < 0) {
        return -1;
    }
    return HPyArg_ParseKeywords(ctx, NULL, args, nargs, keywords, "l", names, &value) ? 0 : -1;
}
`,
    repaired: `${HEADER}int check_keywords(HPyContext *ctx, HPy keywords);

HPyDef_SLOT(example, HPy_tp_init)
static int
example_impl(HPyContext *ctx, HPy self, const HPy *args, HPy_ssize_t nargs, HPy keywords)
{
    static const char *names[] = {"value", NULL};
    long value;
    if (check_keywords(ctx, keywords) < 0) {
        return -1;
    }
    return HPyArg_ParseKeywordsDict(ctx, NULL, args, nargs, keywords, "l", names, &value) ? 0 : -1;
}
`,
  },
  {
    id: "keywords-not-checked",
    title: "Keywords are parsed without a check",
    severity: "hazard",
    explanation:
      "HPy 0.9 accepts unknown keywords, an argument given by position and by name, and too many positional arguments, where CPython raises TypeError. Check the keywords before parsing them.",
    example: `${HEADER}HPyDef_METH(example, "example", HPyFunc_KEYWORDS)
static HPy
example_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    static const char *names[] = {"value", NULL};
    long value;
    if (!HPyArg_ParseKeywords(ctx, NULL, args, nargs, kwnames, "l", names, &value)) {
        return HPy_NULL;
    }
    return HPyLong_FromLong(ctx, value);
}
`,
    repaired: `${HEADER}int check_keywords(HPyContext *ctx, size_t nargs, HPy kwnames);

HPyDef_METH(example, "example", HPyFunc_KEYWORDS)
static HPy
example_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    static const char *names[] = {"value", NULL};
    long value;
    if (check_keywords(ctx, nargs, kwnames) < 0) {
        return HPy_NULL;
    }
    if (!HPyArg_ParseKeywords(ctx, NULL, args, nargs, kwnames, "l", names, &value)) {
        return HPy_NULL;
    }
    return HPyLong_FromLong(ctx, value);
}
`,
  },
  {
    id: "optional-string-unit",
    title: "An optional `s` or `p` unit",
    severity: "error",
    explanation: "HPy 0.9 reads the missing argument and crashes. Parse `O` and convert by hand.",
    example: `${HEADER}HPyDef_METH(example, "example", HPyFunc_VARARGS)
static HPy
example_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    const char *name = "";
    if (!HPyArg_Parse(ctx, NULL, args, nargs, "|s", &name)) {
        return HPy_NULL;
    }
    return HPyUnicode_FromString(ctx, name);
}
`,
    repaired: `${HEADER}HPyDef_METH(example, "example", HPyFunc_VARARGS)
static HPy
example_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    const char *name;
    if (!HPyArg_Parse(ctx, NULL, args, nargs, "s", &name)) {
        return HPy_NULL;
    }
    return HPyUnicode_FromString(ctx, name);
}
`,
  },
  {
    id: "unsupported-format-unit",
    title: "A format has a unit that HPy does not know",
    severity: "error",
    explanation: "The call fails at run time with a SystemError or a misleading TypeError.",
    example: method(`    return HPy_BuildValue(ctx, "(Oy)", arg, "text");`),
    repaired: method(`    return HPy_BuildValue(ctx, "(Os)", arg, "text");`),
  },
  {
    id: "tracker-missing",
    title: "A keyword parser with `O` has no tracker",
    severity: "error",
    explanation:
      "The keyword parsers give handles of their own for `O` and need a tracker to keep them; without one they raise SystemError.",
    example: keywords(`    HPy text = HPy_Str(ctx, value);
    HPyTracker_Close(ctx, tracker);
    return text;`)
      .replace("&tracker, args", "NULL, args")
      .replace("    HPyTracker_Close(ctx, tracker);\n", "")
      .replace("    HPyTracker tracker;\n", ""),
    repaired: keywords(`    HPy text = HPy_Str(ctx, value);
    HPyTracker_Close(ctx, tracker);
    return text;`),
  },
  {
    id: "definition-name-taken",
    title: "An HPyDef has the name of a function of the C library",
    severity: "error",
    explanation:
      "HPyDef macros define global symbols. The dynamic linker may take the C library's, and the method vanishes without a message. Give the definition a prefix.",
    example: `${HEADER}HPyDef_METH(stat, "stat", HPyFunc_NOARGS)
static HPy
stat_impl(HPyContext *ctx, HPy self)
{
    return HPy_Dup(ctx, ctx->h_None);
}
`,
    repaired: `${HEADER}HPyDef_METH(example_stat, "stat", HPyFunc_NOARGS)
static HPy
example_stat_impl(HPyContext *ctx, HPy self)
{
    return HPy_Dup(ctx, ctx->h_None);
}
`,
  },
  {
    id: "handle-not-checked",
    title: "A new handle is passed on before anybody looks whether the call failed",
    severity: "error",
    explanation:
      "When the first call fails its result is HPy_NULL, and the second one crashes on it. Test the result first. Functions of HPy that accept HPy_NULL, and raise in turn, are not reported.",
    example: method(`    HPy text = HPy_Str(ctx, arg);
    int ready = HPyUnicode_Check(ctx, text);
    HPy_Close(ctx, text);
    return HPyLong_FromLong(ctx, ready);`),
    repaired: method(`    HPy text = HPy_Str(ctx, arg);
    if (HPy_IsNull(text)) {
        return HPy_NULL;
    }
    int ready = HPyUnicode_Check(ctx, text);
    HPy_Close(ctx, text);
    return HPyLong_FromLong(ctx, ready);`),
  },
  {
    id: "handle-in-container",
    title: "A container that outlives the call holds handles",
    severity: "error",
    explanation:
      "Handles are valid during the call that made them. Keep the objects in an HPyField, an HPyGlobal, or a list that one of these holds. A container that lives within one call is fine as long as its handles are closed.",
    language: "cpp",
    example: `${HEADER}#include <vector>\n\nstatic std::vector<HPy> cached;\n`,
    repaired: `${HEADER}#include <vector>\n\nstatic HPyGlobal cached;\n`,
  },
  {
    id: "field-outside-object",
    title: "An HPyField that is no member of an object's struct",
    severity: "error",
    explanation:
      "A field belongs to the object that its handle names: HPy finds it through the traverse function of the type. A variable of this type is never visited or released.",
    example: `${HEADER}static HPyField cached;\n`,
    repaired: `${HEADER}static HPyGlobal cached;\n`,
  },
  {
    id: "field-of-other-object",
    title: "A field is used with the handle of another object",
    severity: "error",
    explanation:
      "HPyField_Store and HPyField_Load get the handle of the object that holds the field, not of the one that is stored: other implementations than CPython track writes by it.",
    example: fieldMethod("    HPyField_Store(ctx, arg, &point->name, arg);\n"),
    repaired: fieldMethod("    HPyField_Store(ctx, self, &point->name, arg);\n"),
  },
  {
    id: "capi-in-universal",
    title: "The C API is used in an extension for the universal ABI",
    severity: "error",
    explanation:
      "The universal ABI has neither Python.h nor legacy tables. A call that remains may still compile, with a warning only, and bind to a symbol of the interpreter that loads the module. Reported with `--abi universal`, or where setup.cfg says `hpy_abi = universal`.",
    example: method(`    PyObject *object = HPy_AsPyObject(ctx, arg);
    int callable = PyCallable_Check(object);
    Py_DECREF(object);
    return HPyLong_FromLong(ctx, callable);`),
    repaired: method(`    return HPyLong_FromLong(ctx, HPyCallable_Check(ctx, arg));`),
  },
  {
    id: "suppression-unused",
    title: "A comment allows what is not found",
    severity: "hazard",
    explanation:
      "A comment `/* hpy-migrate: allow ID: reason */` takes back the findings with this id in its own line, or in the next statement, declaration or function when it stands alone. This one takes back nothing: the code is right by now, or the comment stands in the wrong place. Remove it, so that it cannot hide a later mistake.",
    example: method(`    /* hpy-migrate: allow handle-leaked: the interpreter exits here */
    return HPy_Dup(ctx, arg);`),
    repaired: method(`    return HPy_Dup(ctx, arg);`),
  },
  {
    id: "suppression-malformed",
    title: "A comment names no known id or gives no reason",
    severity: "hazard",
    explanation:
      "A comment that allows a finding names its id and, after a colon, the reason for the next reader: `/* hpy-migrate: allow handle-leaked: the interpreter exits here */`. Several ids are separated by commas. Without both it has no effect.",
    example: method(`    /* hpy-migrate: allow handle-dropped */
    HPy_GetAttr_s(ctx, arg, "touch");
    return HPy_Dup(ctx, ctx->h_None);`),
    repaired: method(`    /* hpy-migrate: allow handle-dropped: the attribute is None, which never dies */
    HPy_GetAttr_s(ctx, arg, "touch");
    return HPy_Dup(ctx, ctx->h_None);`),
  },
  {
    id: "capi-reference-leaked",
    title: "A reference of the C API is not released on a path",
    severity: "error",
    side: "capi",
    explanation:
      "The code owns this reference and loses it: by an early return, by a new value for the variable, or by passing it on to a call that takes its own. A migration to HPy carries the leak along, as a handle that is not closed, so it has to be decided what is meant.",
    example: capiMethod(`    PyObject *text = PyObject_Str(arg);
    if (text == NULL)
        return NULL;
    if (PyObject_Length(text) == 0)
        return PyLong_FromLong(0);
    PyObject *hash = PyLong_FromSsize_t(PyObject_Hash(text));
    Py_DECREF(text);
    return hash;`),
    repaired: capiMethod(`    PyObject *text = PyObject_Str(arg);
    if (text == NULL)
        return NULL;
    if (PyObject_Length(text) == 0) {
        Py_DECREF(text);
        return PyLong_FromLong(0);
    }
    PyObject *hash = PyLong_FromSsize_t(PyObject_Hash(text));
    Py_DECREF(text);
    return hash;`),
  },
  {
    id: "capi-over-released",
    title: "A reference of the C API is released more often than it is owned",
    severity: "error",
    side: "capi",
    explanation:
      "The reference was released before, was given away, or was only borrowed. Often a variable keeps its old value after Py_DECREF, and a cleanup label releases it again. The object dies while others use it.",
    example: capiMethod(`    PyObject *pair = PyTuple_New(2);
    if (pair == NULL)
        return NULL;
    PyTuple_SET_ITEM(pair, 0, arg);
    Py_INCREF(arg);
    PyTuple_SET_ITEM(pair, 1, arg);
    return pair;`),
    repaired: capiMethod(`    PyObject *pair = PyTuple_New(2);
    if (pair == NULL)
        return NULL;
    Py_INCREF(arg);
    PyTuple_SET_ITEM(pair, 0, arg);
    Py_INCREF(arg);
    PyTuple_SET_ITEM(pair, 1, arg);
    return pair;`),
  },
  {
    id: "capi-used-after-release",
    title: "An object is used after its last reference was released",
    severity: "error",
    side: "capi",
    explanation: "Nothing in this function keeps the object alive at that point.",
    example: capiMethod(`    PyObject *text = PyObject_Str(arg);
    if (text == NULL)
        return NULL;
    Py_DECREF(text);
    return PyLong_FromSsize_t(PyObject_Length(text));`),
    repaired: capiMethod(`    PyObject *text = PyObject_Str(arg);
    if (text == NULL)
        return NULL;
    Py_ssize_t length = PyObject_Length(text);
    Py_DECREF(text);
    return PyLong_FromSsize_t(length);`),
  },
  {
    id: "capi-borrowed-after-owner",
    title: "A borrowed reference or a pointer is used after its owner was released",
    severity: "error",
    side: "capi",
    explanation:
      "An item borrowed from a container, and the memory of a string, live as long as the object that they come from. Here the last reference to that object that the function holds is gone.",
    example: capiMethod(`    PyObject *items = PySequence_List(arg);
    if (items == NULL)
        return NULL;
    PyObject *first = PyList_GET_ITEM(items, 0);
    Py_DECREF(items);
    return PyObject_Str(first);`),
    repaired: capiMethod(`    PyObject *items = PySequence_List(arg);
    if (items == NULL)
        return NULL;
    PyObject *first = PyList_GET_ITEM(items, 0);
    PyObject *text = PyObject_Str(first);
    Py_DECREF(items);
    return text;`),
  },
  {
    id: "capi-borrowed-returned",
    title: "A borrowed reference is returned to Python",
    severity: "error",
    side: "capi",
    explanation:
      "Methods and slots give a reference of their own to the caller, which releases it. A borrowed one needs Py_INCREF first.",
    example: capiMethod(`    return arg;`),
    repaired: capiMethod(`    Py_INCREF(arg);
    return arg;`),
  },
  {
    id: "capi-null-unchecked",
    title: "A result is used before anybody looks whether the call failed",
    severity: "error",
    side: "capi",
    explanation: "When the first call fails its result is NULL, and the second one crashes on it.",
    example: capiMethod(`    PyObject *pair = PyTuple_New(1);
    Py_INCREF(arg);
    PyTuple_SET_ITEM(pair, 0, arg);
    return pair;`),
    repaired: capiMethod(`    PyObject *pair = PyTuple_New(1);
    if (pair == NULL)
        return NULL;
    Py_INCREF(arg);
    PyTuple_SET_ITEM(pair, 0, arg);
    return pair;`),
  },
  {
    id: "capi-use-new",
    title: "The C API is used where the baseline does not know of it",
    severity: "error",
    side: "check",
    explanation:
      "The file hpy-migrate.baseline.json records which names of the C API each function still uses, and how often. This use is new: it would have to be moved to HPy later. Write it with HPy, or record it with `hpy-migrate check --update-baseline` and say why in the review.",
    example: method(`    return HPyLong_FromLong(ctx, PyErr_CheckSignals());`),
    repaired: method(`    return HPyLong_FromLong(ctx, 0);`),
  },
  {
    id: "step-pending",
    title: "A step of the migration is pending",
    severity: "error",
    side: "check",
    explanation:
      "With `--pending`, `hpy-migrate check` fails as long as `hpy-migrate apply` has something to do: this function, or this part of the module, can be moved to HPy.",
    example: capiMethod(`    return PyNumber_Absolute(arg);`),
    repaired: method(`    return HPy_Absolute(ctx, arg);`),
  },
];
