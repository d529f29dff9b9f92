import type { Pair } from "../compare/pairs.ts";

/** Objects of many kinds, for functions that take any. */
const ANYTHING = [
  "(None,)",
  "(1,)",
  "('text',)",
  "(b'bytes',)",
  "([1, 2],)",
  "((1, 2),)",
  "({'a': 1},)",
  "({1, 2},)",
  "(frozenset((1,)),)",
  "(range(3),)",
  "(Countdown(2),)",
  "(OldSequence(),)",
  "(bytearray(b'x'),)",
  "(memoryview(b'x'),)",
  "(array.array('b', b'x'),)",
  "(collections.deque([1]),)",
  "(types.MappingProxyType({0: 1}),)",
  "(Missing(),)",
  "(MyList([1]),)",
  "(MyStr('x'),)",
  "(Index(),)",
  "(int,)",
  "(object,)",
  "(1.5,)",
  "(3j,)",
];

/** A pair whose sides are one call each with a new reference as the result. */
function fresh(name: string, capi: string, hpy: string, support: readonly string[], calls: readonly string[]): Pair {
  return { name, capi: `return found(${capi});`, hpy: `return found(ctx, ${hpy});`, support, calls };
}

/** A pair whose C-API side lends its result. */
function lent(name: string, capi: string, hpy: string, support: readonly string[], calls: readonly string[]): Pair {
  return { name, capi: `return lent(${capi});`, hpy: `return found(ctx, ${hpy});`, support, calls };
}

/** A pair whose result is a number, -1 with an exception on failure. */
function integer(name: string, capi: string, hpy: string, support: readonly string[], calls: readonly string[]): Pair {
  return { name, capi: `return number(${capi});`, hpy: `return number(ctx, ${hpy});`, support, calls };
}

/** A pair of statuses. */
function status(name: string, capi: string, hpy: string, support: readonly string[], calls: readonly string[]): Pair {
  return {
    name,
    capi: `if (${capi} < 0) return NULL; return done();`,
    hpy: `if (${hpy} < 0) return HPy_NULL; return done(ctx);`,
    support,
    calls,
  };
}

const DICTS = [
  "({'a': 1}, 'a')",
  "({'a': None}, 'a')",
  "({'a': 1}, 'b')",
  "({}, 'a')",
  "({'a': 1}, [])",
  "({'a': 1}, RaisingHash())",
  "({'a': 1}, RaisingEq())",
  "(Missing(a=1), 'a')",
  "(Missing(a=1), 'b')",
  "(Stubborn(a=1), 'a')",
  "(Stubborn(a=1), 'b')",
  "(collections.OrderedDict(a=1), 'a')",
  "(collections.defaultdict(list), 'a')",
  "([], 0)",
  "(None, 'a')",
];

const INDEXES = ["0", "1", "2", "-1", "-3", "5", "2**62"];
const withIndex = (objects: readonly string[]): string[] =>
  objects.flatMap((object) => INDEXES.map((index) => `(${object}, ${index})`));
const LISTS = ["[1, 2, 3]", "MyList([1, 2, 3])", "[]", "(1, 2)", "None"];
const TUPLES = ["(1, 2, 3)", "MyTuple((1, 2, 3))", "()", "[1]", "Pair(1, 2)"];
const BOUNDS = ["0, 2", "1, 1", "-1, 2", "0, -1", "2, 1", "0, 99", "-5, -2", "1, 3"];
const withBounds = (objects: readonly string[], rest = ""): string[] =>
  objects.flatMap((object) => BOUNDS.map((bounds) => `(${object}, ${bounds}${rest})`));

/** `long` bounds from arguments b and c. */
const C_BOUNDS = "Py_ssize_t low = PyLong_AsSsize_t(b), high = PyLong_AsSsize_t(c);";
const H_BOUNDS = "HPy_ssize_t low = HPyLong_AsSsize_t(ctx, b), high = HPyLong_AsSsize_t(ctx, c);";

const CALLS: readonly Pair[] = [
  fresh(
    "call_noargs",
    "PyObject_CallNoArgs(a)",
    "hpyx_call_noargs(ctx, a)",
    ["hpyx_call_noargs"],
    ["(list,)", "(len,)", "(1,)"],
  ),
  fresh(
    "call_one_arg",
    "PyObject_CallOneArg(a, b)",
    "hpyx_call_one_arg(ctx, a, b)",
    ["hpyx_call_one_arg"],
    ["(len, 'abc')", "(len, 1)", "(list, (1, 2))"],
  ),
  fresh(
    "call_method_noargs",
    "PyObject_CallMethodNoArgs(a, b)",
    "hpyx_call_method_noargs(ctx, a, b)",
    ["hpyx_call_method_noargs"],
    ["('abc', 'upper')", "('abc', 'nothing')", "([1], 'pop')", "([1], 'append')"],
  ),
  fresh(
    "call_method_one_arg",
    "PyObject_CallMethodOneArg(a, b, c)",
    "hpyx_call_method_one_arg(ctx, a, b, c)",
    ["hpyx_call_method_one_arg"],
    ["([1], 'append', 2)", "('abc', 'upper', 2)"],
  ),
  fresh(
    "call_objargs",
    "PyObject_CallFunctionObjArgs(a, b, c, d, NULL)",
    "hpyx_call_objargs(ctx, a, 3, b, c, d)",
    ["hpyx_call_objargs"],
    ["(max, 1, 2, 3)", "(max, 1, 2)", "(len, [1])", "(list,)", "(max, 1, 'a')", "(None, 1)"],
  ),
  {
    name: "call_objargs_many",
    capi: "return PyObject_CallFunctionObjArgs(a, b, b, b, b, b, b, b, b, b, b, NULL);",
    hpy: "return hpyx_call_objargs(ctx, a, 10, b, b, b, b, b, b, b, b, b, b);",
    support: ["hpyx_call_objargs"],
    calls: ["(lambda *args: args, 'x')", "(len, 1)"],
  },
  fresh(
    "call_method_objargs",
    "PyObject_CallMethodObjArgs(a, b, c, d, NULL)",
    "hpyx_call_method_objargs(ctx, a, b, 2, c, d)",
    ["hpyx_call_method_objargs"],
    ["('a-b', 'replace', '-', '+')", "('a-b', 'upper')", "('a', 'nothing', 1)", "([1], 'insert', 0, 2)"],
  ),
  fresh(
    "call_type_method",
    'PyObject_CallMethod((PyObject *)&PyList_Type, "__len__", "(O)", a)',
    'hpyx_call_type_method(ctx, ctx->h_ListType, "__len__", &a, 1)',
    ["hpyx_call_type_method"],
    ["([1, 2],)", "(MyList([1, 2]),)", "('text',)"],
  ),
  fresh(
    "call_builtin",
    'PyObject_CallFunctionObjArgs(PyDict_GetItemString(PyEval_GetBuiltins(), "sorted"), a, NULL)',
    'hpyx_call_builtin(ctx, "sorted", &a, 1)',
    ["hpyx_call_builtin"],
    ["([2, 1],)", "(1,)"],
  ),
  fresh(
    "call_builtin_method",
    'PyObject_CallMethod((PyObject *)&PyDict_Type, "copy", "O", a)',
    'hpyx_call_builtin_method(ctx, "dict", "copy", &a, 1)',
    ["hpyx_call_builtin_method"],
    ["({1: 2},)", "([],)"],
  ),
];

const OBJECTS: readonly Pair[] = [
  integer(
    "is_instance",
    "PyObject_IsInstance(a, b)",
    "hpyx_is_instance(ctx, a, b)",
    ["hpyx_is_instance"],
    [
      "(1, int)",
      "(True, int)",
      "(1, str)",
      "(1, (str, int))",
      "(1, 2)",
      "(1, Strange)",
      "(Strange(), Strange)",
      "(1, ())",
    ],
  ),
  integer(
    "is_subclass",
    "PyObject_IsSubclass(a, b)",
    "hpyx_is_subclass(ctx, a, b)",
    ["hpyx_is_subclass"],
    ["(bool, int)", "(int, bool)", "(1, int)", "(int, Strange)", "(int, (str, int))"],
  ),
  integer(
    "list_check_exact",
    "PyList_CheckExact(a)",
    "hpyx_check_exact(ctx, a, ctx->h_ListType)",
    ["hpyx_check_exact"],
    ANYTHING,
  ),
  integer(
    "set_check",
    "PySet_Check(a)",
    'hpyx_type_check_builtin(ctx, a, "set")',
    ["hpyx_type_check_builtin"],
    [...ANYTHING, "(MySet(),)"],
  ),
  integer(
    "dict_check_exact",
    "PyDict_CheckExact(a)",
    'hpyx_check_exact_builtin(ctx, a, "dict")',
    ["hpyx_check_exact_builtin"],
    ANYTHING,
  ),
  {
    name: "id",
    // Only the very object that a number is the address of can tell it in both builds: the result is compared with id().
    capi: "PyObject *n = PyLong_FromVoidPtr(a); int same = n == NULL ? -1 : PyObject_RichCompareBool(n, b, Py_EQ); Py_XDECREF(n); return same < 0 ? NULL : PyLong_FromLong(same);",
    hpy: "HPy n = hpyx_id(ctx, a); int same = HPy_IsNull(n) ? -1 : HPy_RichCompareBool(ctx, n, b, HPy_EQ); HPy_Close(ctx, n); return same < 0 ? HPy_NULL : HPyLong_FromLong(ctx, same);",
    support: ["hpyx_id"],
    calls: ["(None, id(None))", "(1, id(1))", "(int, id(int))", "(int, id(str))"],
  },
  {
    name: "lookup_attr",
    capi: "PyObject *value; int found = _PyObject_LookupAttr(a, b, &value); if (found < 0) return NULL; if (found == 0) return PyLong_FromLong(0); return value;",
    hpy: "HPy value; int found = hpyx_lookup_attr(ctx, a, b, &value); if (found < 0) return HPy_NULL; if (found == 0) return HPyLong_FromLong(ctx, 0); return value;",
    support: ["hpyx_lookup_attr"],
    calls: [
      "(Attributes(), 'plain')",
      "(Attributes(), 'missing')",
      "(Attributes(), 'broken')",
      "(1, 'real')",
      "(1, 'nothing')",
    ],
  },
  {
    name: "get_attr_or_default",
    capi: 'PyObject *r = PyObject_GetAttrString(a, "broken"); if (r == NULL && PyErr_ExceptionMatches(PyExc_AttributeError)) { PyErr_Clear(); Py_INCREF(b); return b; } return r;',
    hpy: 'return hpyx_get_attr_or_default(ctx, a, "broken", b);',
    support: ["hpyx_get_attr_or_default"],
    calls: ["(Attributes(), 1)", "(1, 'default')"],
  },
  fresh(
    "generic_get_attr",
    "PyObject_GenericGetAttr(a, b)",
    "hpyx_generic_get_attr(ctx, a, b)",
    ["hpyx_generic_get_attr"],
    [
      "(Attributes(), 'plain')",
      "(Attributes(), 'missing')",
      "(Attributes(), 'broken')",
      "(1, 'nothing')",
      "(types.SimpleNamespace(x=3), 'x')",
    ],
  ),
  fresh("dir", "PyObject_Dir(a)", "hpyx_dir(ctx, a)", ["hpyx_dir"], ["(1,)", "(Attributes(),)"]),
  fresh(
    "format",
    "PyObject_Format(a, b)",
    "hpyx_format(ctx, a, b)",
    ["hpyx_format"],
    ["(1, '04d')", "(1, 'z')", "('x', '')", "(1.5,)", "(1, 2)"],
  ),
  fresh(
    "get_iter",
    "PyObject_GetIter(a)",
    "hpyx_get_iter(ctx, a)",
    ["hpyx_get_iter"],
    ["(Countdown(2),)", "(1,)", "(None,)", "(MyList(),)"],
  ),
  {
    name: "iterate",
    capi: `PyObject *it = PyObject_GetIter(a), *item, *all;
    if (it == NULL) return NULL;
    all = PyList_New(0);
    while ((item = PyIter_Next(it)) != NULL) { PyList_Append(all, item); Py_DECREF(item); }
    Py_DECREF(it);
    if (PyErr_Occurred()) { Py_DECREF(all); return NULL; }
    return all;`,
    hpy: `HPy it = hpyx_get_iter(ctx, a), item, all;
    if (HPy_IsNull(it)) return HPy_NULL;
    all = HPyList_New(ctx, 0);
    while (item = hpyx_iter_next(ctx, it), !HPy_IsNull(item)) { HPyList_Append(ctx, all, item); HPy_Close(ctx, item); }
    HPy_Close(ctx, it);
    if (HPyErr_Occurred(ctx)) { HPy_Close(ctx, all); return HPy_NULL; }
    return all;`,
    support: ["hpyx_get_iter", "hpyx_iter_next"],
    calls: [...ANYTHING, "(Countdown(2, Boom),)", "(Countdown(1, StopIteration(5)),)", "(x for x in [1, None])"].map(
      (call) => (call.startsWith("(x for") ? `(${call},)` : call),
    ),
  },
  ...(["iter", "sequence", "mapping", "index"] as const).map((kind) => {
    const capi = {
      iter: "PyIter_Check",
      sequence: "PySequence_Check",
      mapping: "PyMapping_Check",
      index: "PyIndex_Check",
    }[kind];
    return integer(`${kind}_check`, `${capi}(a)`, `hpyx_${kind}_check(ctx, a)`, [`hpyx_${kind}_check`], ANYTHING);
  }),
  integer("check_buffer", "PyObject_CheckBuffer(a)", "hpyx_check_buffer(ctx, a)", ["hpyx_check_buffer"], ANYTHING),
  {
    name: "get_buffer",
    capi: "Py_buffer v; if (PyObject_GetBuffer(a, &v, PyBUF_SIMPLE) < 0) return NULL; PyObject *r = PyBytes_FromStringAndSize(v.buf, v.len); PyBuffer_Release(&v); return r;",
    hpy: "Py_buffer v; if (hpyx_get_buffer(ctx, a, &v, PyBUF_SIMPLE) < 0) return HPy_NULL; HPy r = HPyBytes_FromStringAndSize(ctx, (const char *)v.buf, v.len); PyBuffer_Release(&v); return r;",
    support: ["hpyx_get_buffer"],
    calls: ANYTHING,
  },
];

const DICT_PAIRS: readonly Pair[] = [
  lent("dict_get_item", "PyDict_GetItem(a, b)", "hpyx_dict_get_item(ctx, a, b)", ["hpyx_dict_get_item"], DICTS),
  lent(
    "dict_get_item_with_error",
    "PyDict_GetItemWithError(a, b)",
    "hpyx_dict_get_item_with_error(ctx, a, b)",
    ["hpyx_dict_get_item_with_error"],
    DICTS,
  ),
  lent(
    "dict_get_item_s",
    'PyDict_GetItemString(a, "a")',
    'hpyx_dict_get_item_s(ctx, a, "a")',
    ["hpyx_dict_get_item_s"],
    DICTS,
  ),
  lent(
    "dict_set_default",
    "PyDict_SetDefault(a, b, c)",
    "hpyx_dict_set_default(ctx, a, b, c)",
    ["hpyx_dict_set_default"],
    ["({'a': 1}, 'a', 2)", "({}, 'a', 2)", "({}, [], 2)", "(Stubborn(a=1), 'b', 2)", "(Missing(), 'b', 2)"],
  ),
  {
    name: "dict_clear",
    capi: "PyDict_Clear(a); return done();",
    hpy: "hpyx_dict_clear(ctx, a); return done(ctx);",
    support: ["hpyx_dict_clear"],
    calls: ["({1: 2},)", "(Stubborn(a=1),)", "([1],)"],
  },
  status(
    "dict_update",
    "PyDict_Update(a, b)",
    "hpyx_dict_update(ctx, a, b)",
    ["hpyx_dict_update"],
    [
      "({1: 2}, {3: 4})",
      "({1: 2}, {1: 4})",
      "({}, [(1, 2)])",
      "({}, types.MappingProxyType({1: 2}))",
      "({}, 5)",
      "({}, collections.UserDict(x=1))",
    ],
  ),
  fresh(
    "dict_items",
    "PyDict_Items(a)",
    "hpyx_dict_items(ctx, a)",
    ["hpyx_dict_items"],
    ["({1: 2, 3: 4},)", "({},)", "(Stubborn(a=1),)"],
  ),
  fresh(
    "dict_values",
    "PyDict_Values(a)",
    "hpyx_dict_values(ctx, a)",
    ["hpyx_dict_values"],
    ["({1: 2, 3: 4},)", "({},)", "(Stubborn(a=1),)"],
  ),
];

const SETS = ["{1, 2}", "set()", "MySet([1, 2])", "[]", "None"];
const FROZEN = ["frozenset((1, 2))"];
const KEYS = ["1", "9", "[]", "{1}", "RaisingHash()"];
const withKey = (objects: readonly string[]): string[] =>
  objects.flatMap((object) => KEYS.map((key) => `(${object}, ${key})`));

const SET_PAIRS: readonly Pair[] = [
  fresh(
    "set_new",
    "PySet_New(a)",
    "hpyx_set_new(ctx, a)",
    ["hpyx_set_new"],
    ["()", "([1, 1],)", "(1,)", "('ab',)".replace("ab", "a"), "([[]],)"],
  ),
  fresh(
    "frozenset_new",
    "PyFrozenSet_New(a)",
    "hpyx_frozenset_new(ctx, a)",
    ["hpyx_frozenset_new"],
    ["()", "([1, 1],)", "(1,)"],
  ),
  status("set_add", "PySet_Add(a, b)", "hpyx_set_add(ctx, a, b)", ["hpyx_set_add"], withKey(SETS)),
  integer(
    "set_contains",
    "PySet_Contains(a, b)",
    "hpyx_set_contains(ctx, a, b)",
    ["hpyx_set_contains"],
    withKey([...SETS, ...FROZEN]),
  ),
  integer(
    "set_discard",
    "PySet_Discard(a, b)",
    "hpyx_set_discard(ctx, a, b)",
    ["hpyx_set_discard"],
    withKey([...SETS, ...FROZEN]),
  ),
  fresh(
    "set_pop",
    "PySet_Pop(a)",
    "hpyx_set_pop(ctx, a)",
    ["hpyx_set_pop"],
    ["({1},)", "(set(),)", "([],)", "(frozenset((1,)),)"],
  ),
  status(
    "set_clear",
    "PySet_Clear(a)",
    "hpyx_set_clear(ctx, a)",
    ["hpyx_set_clear"],
    ["({1},)", "(set(),)", "([],)", "(frozenset((1,)),)"],
  ),
  integer(
    "set_size",
    "PySet_Size(a)",
    "hpyx_set_size(ctx, a)",
    ["hpyx_set_size"],
    ["({1, 2},)", "(frozenset(),)", "([],)", "(MySet([1]),)"],
  ),
];

const SEQUENCES: readonly Pair[] = [
  {
    name: "list_get_item",
    capi: "Py_ssize_t i = PyLong_AsSsize_t(b); return lent(PyList_GetItem(a, i));",
    hpy: "HPy_ssize_t i = HPyLong_AsSsize_t(ctx, b); return found(ctx, hpyx_list_get_item(ctx, a, i));",
    support: ["hpyx_list_get_item"],
    calls: withIndex(LISTS),
  },
  {
    name: "tuple_get_item",
    capi: "Py_ssize_t i = PyLong_AsSsize_t(b); return lent(PyTuple_GetItem(a, i));",
    hpy: "HPy_ssize_t i = HPyLong_AsSsize_t(ctx, b); return found(ctx, hpyx_tuple_get_item(ctx, a, i));",
    support: ["hpyx_tuple_get_item"],
    calls: withIndex(TUPLES),
  },
  {
    name: "list_set_item",
    capi: "Py_ssize_t i = PyLong_AsSsize_t(b); Py_INCREF(c); if (PyList_SetItem(a, i, c) < 0) return NULL; return done();",
    hpy: "HPy_ssize_t i = HPyLong_AsSsize_t(ctx, b); if (hpyx_list_set_item(ctx, a, i, c) < 0) return HPy_NULL; return done(ctx);",
    support: ["hpyx_list_set_item"],
    calls: withIndex(LISTS).map((call) => call.replace(/\)$/, ", 'new')")),
  },
  {
    name: "list_insert",
    capi: "Py_ssize_t i = PyLong_AsSsize_t(b); if (PyList_Insert(a, i, c) < 0) return NULL; return done();",
    hpy: "HPy_ssize_t i = HPyLong_AsSsize_t(ctx, b); if (hpyx_list_insert(ctx, a, i, c) < 0) return HPy_NULL; return done(ctx);",
    support: ["hpyx_list_insert"],
    calls: withIndex(LISTS).map((call) => call.replace(/\)$/, ", 'new')")),
  },
  status(
    "list_sort",
    "PyList_Sort(a)",
    "hpyx_list_sort(ctx, a)",
    ["hpyx_list_sort"],
    ["([2, 1],)", "([1, 'a'],)", "((1,),)"],
  ),
  status(
    "list_reverse",
    "PyList_Reverse(a)",
    "hpyx_list_reverse(ctx, a)",
    ["hpyx_list_reverse"],
    ["([2, 1, 5],)", "((1,),)"],
  ),
  fresh(
    "list_as_tuple",
    "PyList_AsTuple(a)",
    "hpyx_list_as_tuple(ctx, a)",
    ["hpyx_list_as_tuple"],
    LISTS.map((list) => `(${list},)`),
  ),
  {
    name: "list_get_slice",
    capi: `${C_BOUNDS} return PyList_GetSlice(a, low, high);`,
    hpy: `${H_BOUNDS} return hpyx_list_get_slice(ctx, a, low, high);`,
    support: ["hpyx_list_get_slice"],
    calls: withBounds(LISTS),
  },
  {
    name: "tuple_get_slice",
    capi: `${C_BOUNDS} return PyTuple_GetSlice(a, low, high);`,
    hpy: `${H_BOUNDS} return hpyx_tuple_get_slice(ctx, a, low, high);`,
    support: ["hpyx_tuple_get_slice"],
    calls: withBounds(TUPLES),
  },
  {
    name: "list_set_slice",
    capi: `${C_BOUNDS} if (PyList_SetSlice(a, low, high, d) < 0) return NULL; return done();`,
    hpy: `${H_BOUNDS} if (hpyx_list_set_slice(ctx, a, low, high, d) < 0) return HPy_NULL; return done(ctx);`,
    support: ["hpyx_list_set_slice"],
    calls: [...withBounds(LISTS), ...withBounds(LISTS, ", ['x', 'y']"), ...withBounds(["[1, 2, 3]"], ", 5")],
  },
  {
    name: "sequence_get_slice",
    capi: `${C_BOUNDS} return PySequence_GetSlice(a, low, high);`,
    hpy: `${H_BOUNDS} return hpyx_sequence_get_slice(ctx, a, low, high);`,
    support: ["hpyx_sequence_get_slice"],
    calls: withBounds(["[1, 2, 3]", "'abc'", "(1, 2)", "5", "{1: 2}", "MyList([1])"]),
  },
  {
    name: "sequence_set_slice",
    capi: `${C_BOUNDS} if (PySequence_SetSlice(a, low, high, d) < 0) return NULL; return done();`,
    hpy: `${H_BOUNDS} if (hpyx_sequence_set_slice(ctx, a, low, high, d) < 0) return HPy_NULL; return done(ctx);`,
    support: ["hpyx_sequence_set_slice"],
    calls: withBounds(["[1, 2, 3]", "'abc'", "bytearray(b'abc')"], ", [7]"),
  },
  {
    name: "sequence_del_slice",
    capi: `${C_BOUNDS} if (PySequence_DelSlice(a, low, high) < 0) return NULL; return done();`,
    hpy: `${H_BOUNDS} if (hpyx_sequence_del_slice(ctx, a, low, high) < 0) return HPy_NULL; return done(ctx);`,
    support: ["hpyx_sequence_del_slice"],
    calls: withBounds(["[1, 2, 3]", "'abc'", "bytearray(b'abc')"]),
  },
  fresh(
    "sequence_list",
    "PySequence_List(a)",
    "hpyx_sequence_list(ctx, a)",
    ["hpyx_sequence_list"],
    [...ANYTHING, "(Countdown(1, Boom),)"],
  ),
  fresh(
    "sequence_tuple",
    "PySequence_Tuple(a)",
    "hpyx_sequence_tuple(ctx, a)",
    ["hpyx_sequence_tuple"],
    [...ANYTHING, "(Countdown(1, Boom),)"],
  ),
  fresh(
    "sequence_fast",
    'PySequence_Fast(a, "message")',
    'hpyx_sequence_fast(ctx, a, "message")',
    ["hpyx_sequence_fast"],
    [...ANYTHING, "(Countdown(1, Boom),)", "(Countdown(1, TypeError),)"],
  ),
  fresh(
    "sequence_concat",
    "PySequence_Concat(a, b)",
    "hpyx_sequence_concat(ctx, a, b)",
    ["hpyx_sequence_concat"],
    ["([1], [2])", "('a', 'b')", "(1, 2)", "([1], (2,))"],
  ),
  integer(
    "sequence_count",
    "PySequence_Count(a, b)",
    "hpyx_sequence_count(ctx, a, b)",
    ["hpyx_sequence_count"],
    ["([1, 1], 1)", "('aab', 'a')", "(1, 1)", "(Countdown(3), 1)"],
  ),
  integer(
    "sequence_index",
    "PySequence_Index(a, b)",
    "hpyx_sequence_index(ctx, a, b)",
    ["hpyx_sequence_index"],
    ["([1, 2], 2)", "('aab', 'b')", "(1, 1)", "([], 1)"],
  ),
  fresh(
    "bytearray_from_object",
    "PyByteArray_FromObject(a)",
    "hpyx_bytearray_from_object(ctx, a)",
    ["hpyx_bytearray_from_object"],
    ["(b'x',)", "([1, 2],)", "('x',)", "(3,)", "(None,)"],
  ),
  {
    name: "bytearray_from_string_and_size",
    capi: 'return PyByteArray_FromStringAndSize("a\\0bc", 3);',
    hpy: 'return hpyx_bytearray_from_string_and_size(ctx, "a\\0bc", 3);',
    support: ["hpyx_bytearray_from_string_and_size"],
    calls: ["()"],
  },
  {
    name: "bytes_from_size",
    capi: "PyObject *r = PyBytes_FromStringAndSize(NULL, PyLong_AsSsize_t(a)); if (r) memset(PyBytes_AS_STRING(r), 'x', PyBytes_GET_SIZE(r)); return r;",
    hpy: "char *data; HPy_ssize_t n = HPyLong_AsSsize_t(ctx, a); HPy r = hpyx_bytes_from_size(ctx, n, &data); if (data) memset(data, 'x', (size_t)n); return r;",
    support: ["hpyx_bytes_from_size"],
    calls: ["(5,)", "(0,)", "(-5,)"],
  },
];

const TEXTS: readonly Pair[] = [
  {
    name: "unicode_from_string_and_size",
    capi: "return PyUnicode_FromStringAndSize(PyBytes_AS_STRING(a), PyLong_AsSsize_t(b));",
    hpy: "return hpyx_unicode_from_string_and_size(ctx, HPyBytes_AsString(ctx, a), HPyLong_AsSsize_t(ctx, b));",
    support: ["hpyx_unicode_from_string_and_size"],
    calls: [
      "(b'abc', 2)",
      "(b'', 0)",
      "('h\\xe9'.encode(), 3)",
      "('h\\xe9'.encode(), 2)",
      "(b'a\\0b', 3)",
      "(b'\\xff', 1)",
      "(b'x', -1)",
    ],
  },
  {
    name: "unicode_decode",
    capi: "return PyUnicode_Decode(PyBytes_AS_STRING(a), PyBytes_GET_SIZE(a), b ? PyUnicode_AsUTF8(b) : NULL, c ? PyUnicode_AsUTF8(c) : NULL);",
    hpy: "return hpyx_unicode_decode(ctx, HPyBytes_AsString(ctx, a), HPyBytes_Size(ctx, a), HPy_IsNull(b) ? NULL : HPyUnicode_AsUTF8AndSize(ctx, b, NULL), HPy_IsNull(c) ? NULL : HPyUnicode_AsUTF8AndSize(ctx, c, NULL));",
    support: ["hpyx_unicode_decode"],
    calls: [
      "(b'abc',)",
      "(b'\\xff',)",
      "(b'\\xff', 'latin-1')",
      "(b'\\xff', 'ascii', 'replace')",
      "(b'a', 'nonsense')",
      "(b'\\xff', 'utf-8', 'nonsense')",
    ],
  },
  {
    name: "unicode_encode",
    capi: "return PyUnicode_AsEncodedString(a, b ? PyUnicode_AsUTF8(b) : NULL, c ? PyUnicode_AsUTF8(c) : NULL);",
    hpy: "return hpyx_unicode_encode(ctx, a, HPy_IsNull(b) ? NULL : HPyUnicode_AsUTF8AndSize(ctx, b, NULL), HPy_IsNull(c) ? NULL : HPyUnicode_AsUTF8AndSize(ctx, c, NULL));",
    support: ["hpyx_unicode_encode"],
    calls: [
      "('h\\xe9',)",
      "('h\\xe9', 'latin-1')",
      "('h\\xe9', 'ascii')",
      "('h\\xe9', 'ascii', 'replace')",
      "('\\ud800',)",
      "(1,)",
      "('a', 'nonsense')",
      "(MyStr('x'), 'ascii')",
    ],
  },
  {
    name: "unicode_intern",
    capi: 'PyObject *x = PyUnicode_InternFromString("some_interned_name"), *y = PyUnicode_InternFromString("some_interned_name"); int same = x == y; Py_DECREF(x); Py_DECREF(y); return PyBool_FromLong(same);',
    hpy: 'HPy x = hpyx_unicode_intern(ctx, "some_interned_name"), y = hpyx_unicode_intern(ctx, "some_interned_name"); int same = HPy_Is(ctx, x, y); HPy_Close(ctx, x); HPy_Close(ctx, y); return HPyBool_FromBool(ctx, same);',
    support: ["hpyx_unicode_intern"],
    calls: ["()"],
  },
  integer(
    "unicode_get_length",
    "PyUnicode_GetLength(a)",
    "hpyx_unicode_get_length(ctx, a)",
    ["hpyx_unicode_get_length"],
    ["('abc',)", "(MyStr('ab'),)", "(b'x',)", "('\\U0001f600',)"],
  ),
  fresh(
    "unicode_concat",
    "PyUnicode_Concat(a, b)",
    "hpyx_unicode_concat(ctx, a, b)",
    ["hpyx_unicode_concat"],
    ["('a', 'b')", "('a', 1)", "(1, 'a')", "(MyStr('a'), 'b')", "('', 'b')", "('a', MyStr('b'))"],
  ),
  fresh(
    "unicode_join",
    "PyUnicode_Join(a, b)",
    "hpyx_unicode_join(ctx, a, b)",
    ["hpyx_unicode_join"],
    [
      "(',', ['a', 'b'])",
      "(',', 'abc')",
      "(',', [1])",
      "(1, ['a', 'b'])",
      "('', [])",
      "('', [MyStr('a')])",
      "(',', 5)",
    ],
  ),
  fresh(
    "unicode_join_space",
    "PyUnicode_Join(NULL, a)",
    "hpyx_unicode_join(ctx, HPy_NULL, a)",
    ["hpyx_unicode_join"],
    ["(['a', 'b'],)"],
  ),
  fresh(
    "unicode_split",
    "PyUnicode_Split(a, b, 1)",
    "hpyx_unicode_split(ctx, a, b, 1)",
    ["hpyx_unicode_split"],
    ["('a b c',)", "('a-b-c', '-')", "('a', '')", "(1, 'a')", "('a', 1)"],
  ),
  fresh(
    "unicode_replace",
    "PyUnicode_Replace(a, b, c, 1)",
    "hpyx_unicode_replace(ctx, a, b, c, 1)",
    ["hpyx_unicode_replace"],
    ["('aaa', 'a', 'b')", "('aaa', 1, 'b')", "(1, 'a', 'b')"],
  ),
  fresh(
    "unicode_format",
    "PyUnicode_Format(a, b)",
    "hpyx_unicode_format(ctx, a, b)",
    ["hpyx_unicode_format"],
    ["('%s', 1)", "('%s-%d', ('a', 2))", "('%d', 'x')", "(1, 1)", "('%(a)s', {'a': 1})"],
  ),
  integer(
    "unicode_contains",
    "PyUnicode_Contains(a, b)",
    "hpyx_unicode_contains(ctx, a, b)",
    ["hpyx_unicode_contains"],
    ["('abc', 'b')", "('abc', 'x')", "('abc', 1)", "(1, 'a')"],
  ),
  fresh(
    "unicode_from_object",
    "PyUnicode_FromObject(a)",
    "hpyx_unicode_from_object(ctx, a)",
    ["hpyx_unicode_from_object"],
    ["('abc',)", "(MyStr('abc'),)", "(1,)", "(b'x',)"],
  ),
  integer(
    "unicode_compare",
    "PyUnicode_Compare(a, b)",
    "hpyx_unicode_compare(ctx, a, b)",
    ["hpyx_unicode_compare"],
    [
      "('a', 'a')",
      "('a', 'b')",
      "('b', 'a')",
      "('a', 'ab')",
      "('ab', 'a')",
      "('a', 1)",
      "(MyStr('a'), 'a')",
      "('\\xe9', 'z')",
      "('\\U0001f600', '\\uffff')",
    ],
  ),
  {
    name: "unicode_compare_ascii",
    capi: "return PyLong_FromLong(PyUnicode_CompareWithASCIIString(a, PyBytes_AS_STRING(b)));",
    hpy: "return HPyLong_FromLong(ctx, hpyx_unicode_compare_ascii(ctx, a, HPyBytes_AsString(ctx, b)));",
    support: ["hpyx_unicode_compare_ascii"],
    calls: [
      "('a', b'a')",
      "('a', b'b')",
      "('b', b'a')",
      "('a', b'ab')",
      "('ab', b'a')",
      "('', b'')",
      "('\\xe9', b'\\xe9')",
      "('\\u20ac', b'\\xff')",
      "('a\\0', b'a')",
      "(MyStr('a'), b'a')",
    ],
  },
];

const MODULES: readonly Pair[] = [
  status(
    "add_object_ref",
    'PyModule_AddObjectRef(a, "name", b)',
    'hpyx_add_object_ref(ctx, a, "name", b)',
    ["hpyx_add_object_ref"],
    ["(types.ModuleType('m'), 5)", "(types.ModuleType('m'),)"],
  ),
  {
    name: "add_int_constant",
    capi: 'if (PyModule_AddIntConstant(a, "name", -7) < 0) return NULL; return PyObject_GetAttrString(a, "name");',
    hpy: 'if (hpyx_add_int_constant(ctx, a, "name", -7) < 0) return HPy_NULL; return HPy_GetAttr_s(ctx, a, "name");',
    support: ["hpyx_add_int_constant"],
    calls: ["(types.ModuleType('m'),)"],
  },
  {
    name: "add_string_constant",
    capi: 'if (PyModule_AddStringConstant(a, "name", "h\\xc3\\xa9") < 0) return NULL; return PyObject_GetAttrString(a, "name");',
    hpy: 'if (hpyx_add_string_constant(ctx, a, "name", "h\\xc3\\xa9") < 0) return HPy_NULL; return HPy_GetAttr_s(ctx, a, "name");',
    support: ["hpyx_add_string_constant"],
    calls: ["(types.ModuleType('m'),)"],
  },
  {
    name: "import_attr",
    capi: 'PyObject *m = PyImport_ImportModule("json"); PyObject *r = m ? PyObject_GetAttrString(m, "dumps") : NULL; Py_XDECREF(m); return r;',
    hpy: 'return hpyx_import_attr(ctx, "json", "dumps");',
    support: ["hpyx_import_attr"],
    calls: ["()"],
  },
  fresh(
    "import_object",
    "PyImport_Import(a)",
    "hpyx_import(ctx, a)",
    ["hpyx_import"],
    ["('json',)", "('os.path',)", "('no_such_module',)"],
  ),
  lent(
    "sys_get_object",
    'PySys_GetObject(a ? PyUnicode_AsUTF8(a) : "path")',
    'hpyx_sys_get_object(ctx, HPy_IsNull(a) ? "path" : HPyUnicode_AsUTF8AndSize(ctx, a, NULL))',
    ["hpyx_sys_get_object"],
    ["('byteorder',)", "('no_such_name',)"],
  ),
  {
    name: "capsule_import",
    capi: "void *p = PyCapsule_Import(PyUnicode_AsUTF8(a), 0); if (p == NULL) return NULL; return PyBool_FromLong(1);",
    hpy: "void *p = hpyx_capsule_import(ctx, HPyUnicode_AsUTF8AndSize(ctx, a, NULL)); if (p == NULL) return HPy_NULL; return HPyBool_FromBool(ctx, 1);",
    support: ["hpyx_capsule_import"],
    calls: [
      "('datetime.datetime_CAPI',)",
      "('datetime.datetime',)",
      "('no_such_module.x',)",
      "('datetime.nothing',)",
      "('datetime',)",
    ],
  },
];

const ERRORS: readonly Pair[] = [
  {
    name: "err_set_none",
    capi: "PyErr_SetNone(a); return NULL;",
    hpy: "hpyx_err_set_none(ctx, a); return HPy_NULL;",
    support: ["hpyx_err_set_none"],
    calls: ["(KeyError,)", "(StopIteration,)", "(Boom,)"],
  },
  {
    name: "err_bad_argument",
    capi: "if (!PyErr_BadArgument()) return NULL; return done();",
    hpy: "if (!hpyx_err_bad_argument(ctx)) return HPy_NULL; return done(ctx);",
    support: ["hpyx_err_bad_argument"],
    calls: ["()"],
  },
  {
    name: "err_bad_internal_call",
    capi: "PyErr_BadInternalCall(); return NULL;",
    hpy: "hpyx_err_bad_internal_call(ctx); return HPy_NULL;",
    support: ["hpyx_err_bad_internal_call"],
    calls: ["()"],
  },
  {
    name: "err_warn_format",
    capi: 'if (PyErr_WarnFormat(a, 1, "%s: %R", "text", b) < 0) return NULL; return done();',
    hpy: 'if (hpyx_err_warn_format(ctx, a, 1, "%s: %R", "text", b) < 0) return HPy_NULL; return done(ctx);',
    support: ["hpyx_err_warn_format"],
    calls: ["(UserWarning, 'x')", "(DeprecationWarning, [1])", "(5, 'x')"],
  },
];

const NUMBERS: readonly Pair[] = [
  {
    name: "long_from_string",
    capi: "return PyLong_FromString(PyBytes_AS_STRING(a), NULL, (int)PyLong_AsLong(b));",
    hpy: "return hpyx_long_from_string(ctx, HPyBytes_AsString(ctx, a), (int)HPyLong_AsLong(ctx, b));",
    support: ["hpyx_long_from_string"],
    calls: [
      "(b'12', 10)",
      "(b'ff', 16)",
      "(b'0x1f', 0)",
      "(b' 12 ', 10)",
      "(b'1_0', 10)",
      "(b'', 10)",
      "(b'zz', 10)",
      "(b'1', 99)",
      "(b'-5', 10)",
      "(b'12x', 10)",
    ],
  },
  {
    name: "long_from_unicode",
    capi: "return PyLong_FromUnicodeObject(a, (int)PyLong_AsLong(b));",
    hpy: "return hpyx_long_from_unicode(ctx, a, (int)HPyLong_AsLong(ctx, b));",
    support: ["hpyx_long_from_unicode"],
    calls: ["('12', 10)", "('\\u0664', 10)", "('x', 10)"],
  },
  {
    name: "long_from_double",
    capi: "return PyLong_FromDouble(PyFloat_AsDouble(a));",
    hpy: "return hpyx_long_from_double(ctx, HPyFloat_AsDouble(ctx, a));",
    support: ["hpyx_long_from_double"],
    calls: ["(1.9,)", "(-1.9,)", "(1e40,)", "(float('inf'),)", "(float('nan'),)"],
  },
  {
    name: "long_from_void_ptr",
    capi: "return PyLong_FromVoidPtr((void *)&PyList_Type);",
    hpy: "return hpyx_long_from_void_ptr(ctx, (const void *)&PyList_Type);",
    support: ["hpyx_long_from_void_ptr"],
    calls: ["()"],
  },
  {
    name: "long_as_long_and_overflow",
    capi: 'int o; long v = PyLong_AsLongAndOverflow(a, &o); if (v == -1 && PyErr_Occurred()) return NULL; return Py_BuildValue("li", v, o);',
    hpy: 'int o; long v = hpyx_long_as_long_and_overflow(ctx, a, &o); if (v == -1 && HPyErr_Occurred(ctx)) return HPy_NULL; return HPy_BuildValue(ctx, "li", v, o);',
    support: ["hpyx_long_as_long_and_overflow"],
    calls: [
      "(5,)",
      "(-1,)",
      "(2**63,)",
      "(-2**63,)",
      "(-2**63 - 1,)",
      "(1.5,)",
      "('x',)",
      "(Index(),)",
      "(RaisingIndex(),)",
    ],
  },
  {
    name: "long_as_long_long_and_overflow",
    capi: 'int o; long long v = PyLong_AsLongLongAndOverflow(a, &o); if (v == -1 && PyErr_Occurred()) return NULL; return Py_BuildValue("Li", v, o);',
    hpy: 'int o; long long v = hpyx_long_as_long_long_and_overflow(ctx, a, &o); if (v == -1 && HPyErr_Occurred(ctx)) return HPy_NULL; return HPy_BuildValue(ctx, "Li", v, o);',
    support: ["hpyx_long_as_long_long_and_overflow"],
    calls: ["(5,)", "(-1,)", "(2**63,)", "(-2**63 - 1,)", "(1.5,)", "(Index(),)"],
  },
  integer(
    "number_as_ssize",
    "PyNumber_AsSsize_t(a, b)",
    "hpyx_number_as_ssize(ctx, a, b)",
    ["hpyx_number_as_ssize"],
    [
      "(5,)",
      "(2**70,)",
      "(-2**70,)",
      "(2**70, IndexError)",
      "(-1, IndexError)",
      "(1.5, IndexError)",
      "(Index(),)",
      "(MyInt(2**70), OverflowError)",
    ],
  ),
  ...[2, 8, 10, 16, 7].map((base) =>
    fresh(
      `number_to_base_${base}`,
      `PyNumber_ToBase(a, ${base})`,
      `hpyx_number_to_base(ctx, a, ${base})`,
      ["hpyx_number_to_base"],
      ["(5,)", "(-255,)", "(1.5,)", "(Index(),)", "(True,)", "(MyInt(9),)"],
    ),
  ),
  ...(["real", "imag"] as const).map((part): Pair => {
    const function_ = part === "real" ? "PyComplex_RealAsDouble" : "PyComplex_ImagAsDouble";
    return {
      name: `complex_${part}`,
      capi: `double v = ${function_}(a); if (v == -1.0 && PyErr_Occurred()) return NULL; return PyFloat_FromDouble(v);`,
      hpy: `double v = hpyx_complex_part(ctx, a, "${part}"); if (v == -1.0 && HPyErr_Occurred(ctx)) return HPy_NULL; return HPyFloat_FromDouble(ctx, v);`,
      support: ["hpyx_complex_part"],
      calls: ["(3+4j,)", "(1.5,)", "(2,)", ...(part === "real" ? ["('x',)"] : []), "(-1j,)"],
    };
  }),
];

const EXTRAS: readonly Pair[] = [
  {
    name: "type_name",
    capi: "return PyUnicode_FromString(Py_TYPE(a)->tp_name);",
    hpy: "HPy t = HPy_Type(ctx, a); HPy r = HPyUnicode_FromString(ctx, hpyx_type_name(ctx, t)); HPy_Close(ctx, t); return r;",
    support: ["hpyx_type_name"],
    calls: ANYTHING,
  },
  {
    name: "bytes_from_string_and_size",
    capi: "return PyBytes_FromStringAndSize(PyBytes_AS_STRING(a), PyLong_AsSsize_t(b));",
    hpy: "return hpyx_bytes_from_string_and_size(ctx, HPyBytes_AsString(ctx, a), HPyLong_AsSsize_t(ctx, b));",
    support: ["hpyx_bytes_from_string_and_size"],
    calls: ["(b'a\\0b', 3)", "(b'', 0)", "(b'x', -1)"],
  },
  {
    name: "bytes_from_nothing",
    capi: "return PyBytes_FromStringAndSize(NULL, 0);",
    hpy: "return hpyx_bytes_from_string_and_size(ctx, NULL, 0);",
    support: ["hpyx_bytes_from_string_and_size"],
    calls: ["()"],
  },
  {
    name: "bytes_as_string_and_size",
    capi: "char *p; Py_ssize_t n; if (PyBytes_AsStringAndSize(a, &p, b ? NULL : &n) < 0) return NULL; return b ? PyBytes_FromString(p) : PyBytes_FromStringAndSize(p, n);",
    hpy: "char *p; HPy_ssize_t n; if (hpyx_bytes_as_string_and_size(ctx, a, &p, HPy_IsNull(b) ? &n : NULL) < 0) return HPy_NULL; return HPy_IsNull(b) ? HPyBytes_FromStringAndSize(ctx, p, n) : HPyBytes_FromString(ctx, p);",
    support: ["hpyx_bytes_as_string_and_size"],
    calls: ["(b'a\\0b',)", "(b'a\\0b', 1)", "(b'ab', 1)", "('text',)", "(bytearray(b'x'),)"],
  },
  integer(
    "any_set_check",
    "PyAnySet_Check(a)",
    "hpyx_any_set_check(ctx, a)",
    ["hpyx_any_set_check"],
    [...ANYTHING, "(MySet(),)"],
  ),
  integer(
    "any_set_check_exact",
    "PyAnySet_CheckExact(a)",
    "hpyx_any_set_check_exact(ctx, a)",
    ["hpyx_any_set_check_exact"],
    [...ANYTHING, "(MySet(),)"],
  ),
  integer(
    "type_has",
    'PyObject_HasAttrString((PyObject *)Py_TYPE(a), "__next__")',
    'hpyx_type_has(ctx, a, "__next__")',
    ["hpyx_type_has"],
    ANYTHING,
  ),
  integer("not", "PyObject_Not(a)", "hpyx_not(ctx, a)", ["hpyx_not"], ["(0,)", "([1],)", "(RaisingBool(),)"]),
  integer(
    "exception_class_check",
    "PyExceptionClass_Check(a)",
    "hpyx_exception_class_check(ctx, a)",
    ["hpyx_exception_class_check"],
    ["(KeyError,)", "(int,)", "(5,)", "(KeyError(),)", "(Strange,)"],
  ),
  fresh(
    "exception_cause",
    "PyException_GetCause(a)",
    'hpyx_exception_attribute(ctx, a, "__cause__")',
    ["hpyx_exception_attribute"],
    ["(KeyError(),)", "(caused(),)"],
  ),
  {
    name: "exception_set_cause",
    capi: 'Py_XINCREF(b); PyException_SetCause(a, b); return PyObject_GetAttrString(a, "__cause__");',
    hpy: 'hpyx_exception_set_attribute(ctx, a, "__cause__", b); return HPy_GetAttr_s(ctx, a, "__cause__");',
    support: ["hpyx_exception_set_attribute"],
    calls: ["(KeyError(), ValueError())", "(caused(),)"],
  },
  integer(
    "mapping_has_key",
    "PyMapping_HasKey(a, b)",
    "hpyx_mapping_has_key(ctx, a, b)",
    ["hpyx_mapping_has_key"],
    DICTS,
  ),
  integer(
    "mapping_has_key_s",
    'PyMapping_HasKeyString(a, "a")',
    'hpyx_mapping_has_key_s(ctx, a, "a")',
    ["hpyx_mapping_has_key_s"],
    DICTS,
  ),
  ...(["Keys", "Values", "Items"] as const).map((what) =>
    fresh(
      `mapping_${what.toLowerCase()}`,
      `PyMapping_${what}(a)`,
      `hpyx_mapping_list(ctx, a, "${what.toLowerCase()}")`,
      ["hpyx_mapping_list"],
      [
        "({1: 2},)",
        "(types.MappingProxyType({1: 2}),)",
        "([],)",
        "(collections.UserDict(x=1),)",
        "(collections.OrderedDict(x=1),)",
      ],
    ),
  ),
  fresh("call_iter_new", "PyCallIter_New(a, b)", "hpyx_call_iter_new(ctx, a, b)", ["hpyx_call_iter_new"], ["(int, 0)"]),
  fresh(
    "slice_new",
    "PySlice_New(a, b, c)",
    "hpyx_slice_new(ctx, a, b, c)",
    ["hpyx_slice_new"],
    ["(1, 2, 3)", "()", "(1,)"],
  ),
  {
    name: "slice_get_indices",
    capi: 'Py_ssize_t x, y, z, n; if (PySlice_GetIndicesEx(a, PyLong_AsSsize_t(b), &x, &y, &z, &n) < 0) return NULL; return Py_BuildValue("nnnn", x, y, z, n);',
    hpy: 'HPy_ssize_t x, y, z, n; if (hpyx_slice_get_indices(ctx, a, HPyLong_AsSsize_t(ctx, b), &x, &y, &z, &n) < 0) return HPy_NULL; return HPy_BuildValue(ctx, "nnnn", x, y, z, n);',
    support: ["hpyx_slice_get_indices"],
    calls: [
      "(slice(1, 9), 5)",
      "(slice(None, None, -1), 5)",
      "(slice(0, 1, 0), 5)",
      "(slice('a'), 5)",
      "(slice(-3, None), 5)",
    ],
  },
  {
    // A tuple as C code fills it: the handle has the only reference. Arguments from Python have more.
    name: "tuple_set_item",
    capi: "PyObject *t = PyTuple_New(2); Py_INCREF(a); Py_INCREF(a); if (PyTuple_SetItem(t, 0, a) < 0 || PyTuple_SetItem(t, PyLong_AsSsize_t(b), a) < 0) { Py_DECREF(t); return NULL; } return t;",
    hpy: "PyObject *o = PyTuple_New(2); HPy t = HPy_FromPyObject(ctx, o); Py_DECREF(o); if (hpyx_tuple_set_item(ctx, t, 0, a) < 0 || hpyx_tuple_set_item(ctx, t, HPyLong_AsSsize_t(ctx, b), a) < 0) { HPy_Close(ctx, t); return HPy_NULL; } return t;",
    support: ["hpyx_tuple_set_item"],
    calls: ["('x', 1)", "('x', 2)", "('x', -1)"],
  },
  ...["Repeat", "InPlaceRepeat"].map((what) => {
    const support = what === "Repeat" ? "hpyx_sequence_repeat" : "hpyx_sequence_inplace_repeat";
    return fresh(
      `sequence_${what.toLowerCase()}`,
      `PySequence_${what}(a, PyLong_AsSsize_t(b))`,
      `${support}(ctx, a, HPyLong_AsSsize_t(ctx, b))`,
      [support],
      [
        "[1, 2]",
        "(1,)",
        "'ab'",
        "bytearray(b'x')",
        "array.array('b', b'x')",
        "5",
        "1.5",
        "None",
        "{}",
        "{1}",
        "range(2)",
      ].flatMap((object) => ["2", "0", "-1"].map((count) => `(${object}, ${count})`)),
    );
  }),
  ...[0, 1].map((override) =>
    status(
      `dict_merge_${override}`,
      `PyDict_Merge(a, b, ${override})`,
      `hpyx_dict_merge(ctx, a, b, ${override})`,
      ["hpyx_dict_merge"],
      [
        "({'a': 1}, {'a': 2, 'b': 3})",
        "({}, {})",
        "({1: 2}, types.MappingProxyType({1: 3, 4: 5}))",
        "({}, None)",
        "({}, [(1, 2)])",
        "({'a': 1}, Missing(a=2, b=3))",
        "(Missing(a=1), {'a': 2, 'b': 3})",
      ],
    ),
  ),
  {
    name: "sys_set_object",
    capi: 'if (PySys_SetObject("hpy_migrate_test", a) < 0) return NULL; return lent(PySys_GetObject("hpy_migrate_test"));',
    hpy: 'if (hpyx_sys_set_object(ctx, "hpy_migrate_test", a) < 0) return HPy_NULL; return found(ctx, hpyx_sys_get_object(ctx, "hpy_migrate_test"));',
    support: ["hpyx_sys_get_object", "hpyx_sys_set_object"],
    calls: ["()", "(5,)", "()"],
  },
  ...([256, 257, 258] as const).map((start) =>
    fresh(
      `compile_${start}`,
      `Py_CompileString(PyUnicode_AsUTF8(a), "file", ${start})`,
      `hpyx_compile(ctx, HPyUnicode_AsUTF8AndSize(ctx, a, NULL), "file", ${start})`,
      ["hpyx_compile"],
      ["('1 + 1',)", "('x = 1',)", "('1 +',)"],
    ),
  ),
  fresh(
    "run_string",
    "PyRun_String(PyUnicode_AsUTF8(a), 258, b, c)",
    "hpyx_run_string(ctx, HPyUnicode_AsUTF8AndSize(ctx, a, NULL), 258, b, c)",
    ["hpyx_run_string"],
    ["('x + y', {'x': 1}, {'y': 2})", "('nothing', {}, {})", "('1 +', {}, {})"],
  ),
];

export const SUPPORT_PAIRS: readonly Pair[] = [
  ...CALLS,
  ...OBJECTS,
  ...DICT_PAIRS,
  ...SET_PAIRS,
  ...SEQUENCES,
  ...TEXTS,
  ...MODULES,
  ...ERRORS,
  ...NUMBERS,
  ...EXTRAS,
];
