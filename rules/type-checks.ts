import { defineRules, direct, type RuleRow } from "./define-rules.ts";

/** A check for a type that is a context handle, subclasses included. */
function check(id: string, capi: string, handle: string, name: string, isFinal?: "final"): RuleRow {
  return {
    id,
    template: `HPy_TypeCheck($ctx, $0, $ctx->${handle})`,
    summary: `Whether an object is ${name}${isFinal === "final" ? "" : " or of a subclass"}.`,
    why:
      isFinal === "final"
        ? `The type has no subclasses, so that the subtype test of HPy is the exact test of the C API.`
        : "The C macro tests a flag or the subtype relation, which is what HPy_TypeCheck tests.",
    example: `${capi}(object)`,
  };
}

/** A check for exactly one type that is a context handle. */
function exact(id: string, capi: string, handle: string, name: string): RuleRow {
  return {
    id,
    template: `hpyx_check_exact($ctx, $0, $ctx->${handle})`,
    summary: `Whether an object is ${name}, subclasses excluded.`,
    why: "HPy shows the type only as a new handle; the support function compares it by HPy_Is and closes it.",
    example: `${capi}(object)`,
  };
}

/** A check for a type that is only to be found in the builtins. */
function builtin(id: string, capi: string, support: string, type: string, suffix: string): RuleRow {
  return {
    id,
    template: `${support}($ctx, $0, "${type}")`,
    summary: `Whether an object is a ${type}${suffix}.`,
    why: "The context has no handle for this type; the support function looks it up in the builtins.",
    example: `${capi}(object)`,
  };
}

/** `Py*_Check`, `Py*_CheckExact` and subtype tests. */
export const typeChecksRules = defineRules("type-checks", [
  check("bool-check", "PyBool_Check", "h_BoolType", "True or False", "final"),
  builtin("bytearray-check", "PyByteArray_Check", "hpyx_type_check_builtin", "bytearray", " or of a subclass"),
  builtin(
    "bytearray-check-exact",
    "PyByteArray_CheckExact",
    "hpyx_check_exact_builtin",
    "bytearray",
    ", subclasses excluded",
  ),
  direct("bytes-check", "PyBytes_Check(object)", "HPyBytes_Check", "Whether an object is bytes or of a subclass."),
  exact("bytes-check-exact", "PyBytes_CheckExact", "h_BytesType", "bytes"),
  check("capsule-check-exact", "PyCapsule_CheckExact", "h_CapsuleType", "a capsule", "final"),
  check("complex-check", "PyComplex_Check", "h_ComplexType", "complex"),
  exact("complex-check-exact", "PyComplex_CheckExact", "h_ComplexType", "complex"),
  direct("dict-check", "PyDict_Check(object)", "HPyDict_Check", "Whether an object is a dict or of a subclass."),
  {
    id: "dict-check-exact",
    template: 'hpyx_check_exact_builtin($ctx, $0, "dict")',
    summary: "Whether an object is a dict, subclasses excluded.",
    why: "The context has no handle for this type; the support function looks it up in the builtins.",
    example: "PyDict_CheckExact(object)",
  },
  check("float-check", "PyFloat_Check", "h_FloatType", "a float"),
  exact("float-check-exact", "PyFloat_CheckExact", "h_FloatType", "a float"),
  builtin("frozenset-check", "PyFrozenSet_Check", "hpyx_type_check_builtin", "frozenset", " or of a subclass"),
  builtin(
    "frozenset-check-exact",
    "PyFrozenSet_CheckExact",
    "hpyx_check_exact_builtin",
    "frozenset",
    ", subclasses excluded",
  ),
  {
    id: "index-check",
    template: 'hpyx_type_has($ctx, $0, "__index__")',
    summary: "Whether an object can be an index.",
    why: "HPy shows no slots; a type has the attribute `__index__` exactly when it fills the slot nb_index.",
    example: "PyIndex_Check(object)",
  },
  direct("list-check", "PyList_Check(object)", "HPyList_Check", "Whether an object is a list or of a subclass."),
  exact("list-check-exact", "PyList_CheckExact", "h_ListType", "a list"),
  check("long-check", "PyLong_Check", "h_LongType", "an int"),
  exact("long-check-exact", "PyLong_CheckExact", "h_LongType", "an int"),
  {
    id: "mapping-check",
    template: "hpyx_mapping_check($ctx, $0)",
    summary: "Whether the type of an object fills the mapping slot.",
    why: "HPy shows no slots, and `__getitem__` does not tell mapping from sequence; the support function asks the C API.",
    example: "PyMapping_Check(object)",
  },
  check("memoryview-check", "PyMemoryView_Check", "h_MemoryViewType", "a memoryview", "final"),
  {
    id: "object-is-type",
    template: "hpyx_check_exact($ctx, $0, $1)",
    summary: "Whether the type of an object is exactly this one.",
    why: "HPy shows the type only as a new handle; the support function compares it by HPy_Is and closes it.",
    example: "Py_IS_TYPE(object, &PyLong_Type)",
  },
  direct(
    "object-type-check",
    "PyObject_TypeCheck(object, &PyLong_Type)",
    "HPy_TypeCheck",
    "Whether an object is of a type or a subtype.",
    {
      why: "The same test; the type must be a handle of a type (hpy/devel/src/runtime/ctx_object.c).",
    },
  ),
  {
    id: "sequence-check",
    template: "hpyx_sequence_check($ctx, $0)",
    summary: "Whether the type of an object fills the sequence slot and is no dict.",
    why: "HPy shows no slots, and `__getitem__` does not tell sequence from mapping; the support function asks the C API.",
    example: "PySequence_Check(object)",
  },
  builtin("set-check", "PySet_Check", "hpyx_type_check_builtin", "set", " or of a subclass"),
  builtin("set-check-exact", "PySet_CheckExact", "hpyx_check_exact_builtin", "set", ", subclasses excluded"),
  {
    id: "set-or-frozenset-check",
    template: "hpyx_any_set_check($ctx, $0)",
    summary: "Whether an object is a set, a frozenset or of a subclass.",
    why: "The context has no handles for these types; the support function looks them up in the builtins.",
    example: "PyAnySet_Check(object)",
  },
  {
    id: "set-or-frozenset-check-exact",
    template: "hpyx_any_set_check_exact($ctx, $0)",
    summary: "Whether an object is a set or a frozenset, subclasses excluded.",
    why: "The context has no handles for these types; the support function looks them up in the builtins.",
    example: "PyAnySet_CheckExact(object)",
  },
  check("slice-check", "PySlice_Check", "h_SliceType", "a slice", "final"),
  direct("tuple-check", "PyTuple_Check(object)", "HPyTuple_Check", "Whether an object is a tuple or of a subclass."),
  exact("tuple-check-exact", "PyTuple_CheckExact", "h_TupleType", "a tuple"),
  check("type-check", "PyType_Check", "h_TypeType", "a type"),
  exact("type-check-exact", "PyType_CheckExact", "h_TypeType", "a type whose metatype is `type`"),
  direct(
    "type-is-subtype",
    "PyType_IsSubtype(type, &PyLong_Type)",
    "HPyType_IsSubtype",
    "Whether a type derives from another.",
  ),
  direct(
    "unicode-check",
    "PyUnicode_Check(object)",
    "HPyUnicode_Check",
    "Whether an object is a str or of a subclass.",
  ),
  exact("unicode-check-exact", "PyUnicode_CheckExact", "h_UnicodeType", "a str"),
]);
