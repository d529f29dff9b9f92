/** Rules beside the C calls that they replace, over edge values, in every ABI and in debug mode. */
import { describe, expect, test } from "vitest";
import type { Rule } from "../../rules/rule.ts";
import { RULE_FAMILIES, RULES } from "../../rules/table.ts";
import { comparePairs, type Pair } from "../compare/pairs.ts";
import { fixed, type Given, rulePair } from "./rule-pairs.ts";

/** Values of many kinds; every one is an expression of the interpreter that runs the comparison. */
const ANY = [
  "None",
  "True",
  "0",
  "-1",
  "2**100",
  "MyInt(5)",
  "1.5",
  "float('inf')",
  "float('nan')",
  "3j",
  "'text'",
  "MyStr('x')",
  "'\\ud800'",
  "b'by\\0tes'",
  "[1, 2, 3]",
  "(1, 2)",
  "Pair(1, 2)",
  "{'a': 1}",
  "{1, 2}",
  "frozenset((1,))",
  "bytearray(b'x')",
  "memoryview(b'x')",
  "range(3)",
  "slice(1, 2)",
  "int",
  "object",
  "Index()",
  "RaisingIndex()",
  "RaisingBool()",
  "RaisingText()",
  "Countdown(2)",
  "OldSequence()",
  "KeyError",
  "KeyError('x')",
  "Missing()",
  "Attributes()",
  "len",
  "collections.deque([1])",
];
const one = (values: readonly string[]): string[] => values.map((value) => `(${value},)`);
const two = (left: readonly string[], right: readonly string[]): string[] =>
  left.flatMap((a) => right.map((b) => `(${a}, ${b})`));

const NUMBERS = ["7", "-3", "2.5", "MyInt(2)", "'text'", "None", "{1, 2}"];
const NAMES = ["'plain'", "'missing'", "'broken'", "'nothing'", "'__class__'"];
const KEYS = ["0", "'a'", "-1", "[]", "RaisingHash()", "slice(0, 1)", "None"];
const CONTAINERS = [
  "[1, 2]",
  "(1, 2)",
  "{'a': 1}",
  "'abc'",
  "b'abc'",
  "None",
  "Missing(a=1)",
  "OldSequence()",
  "range(3)",
];
const INTEGERS = [
  "0",
  "1",
  "-1",
  "2**31 - 1",
  "2**31",
  "-2**31",
  "-2**31 - 1",
  "2**63 - 1",
  "2**63",
  "-2**63",
  "-2**63 - 1",
  "2**64 - 1",
  "2**64",
  "True",
  "MyInt(3)",
  "1.5",
  "'1'",
  "None",
  "Index()",
  "RaisingIndex()",
];
const C_INTEGERS = ["0", "1", "-1", "2**31", "-2**63", "2**63 - 1"];
const SIZES = ["0", "1", "2**63 - 1"];
const TEXTS = ["''", "'text'", "'gr\\xfc\\xdf'", "'\\U0001f600'", "'a\\0b'"];
const STRINGS = ["''", "'text'", "'gr\\xfc\\xdf'", "'\\U0001f600'", "'\\ud800'", "MyStr('x')"];
const DICTS = ["{'a': 1}", "{}", "Missing(a=1)", "collections.OrderedDict(a=1)"];
const SETS = ["{1, 2}", "set()", "MySet((1,))"];
const CAPSULE = "importlib.import_module('datetime').datetime_CAPI";
const CAPSULES = [CAPSULE, "5", "None"];
const CAPSULE_NAME = "'datetime.datetime_CAPI'";

interface Case {
  readonly calls: readonly string[];
  readonly given?: readonly Given[];
  readonly form?: "template" | "otherwise";
}

const values = (calls: readonly string[]): readonly Case[] => [{ calls }];
const V: Given = "value";

/** Calls for whole families whose rules take only objects, by the number of arguments. */
function familyCases(family: string, rule: Rule): readonly Case[] | undefined {
  switch (family) {
    case "number":
      if (rule.id === "number-as-ssize-t" || rule.id === "number-to-base") return undefined;
      if (rule.arity === 1) return values(one(ANY));
      if (rule.arity === 2) return values(two(NUMBERS, NUMBERS));
      return values(two(NUMBERS, NUMBERS).map((call) => `${call.slice(0, -1)}, None)`));
    case "type-checks":
      if (rule.id === "type-is-subtype")
        return values(two(["int", "bool", "object", "KeyError"], ["int", "object", "LookupError"]));
      return rule.arity === 1 ? values(one(ANY)) : values(two(ANY, ["int", "str", "object", "KeyError"]));
    default:
      return undefined;
  }
}

/** C that both sides use. */
const SHARED = `#include <errno.h>
#define EXAMPLE_NUMBER 3
#define EXAMPLE_TEXT "text"
static Py_ssize_t low, high, step;`;

const NULL_OBJECT: Given = { capi: "NULL", hpy: "HPy_NULL" };
const COMPARISONS = [0, 1, 2, 3, 4, 5].map((op) => ({
  calls: two(NUMBERS, NUMBERS),
  given: [V, V, fixed(String(op))],
}));
const ERROR_TYPES = ["ValueError", "OSError", "Boom"];

/** Calls by rule. Rules that only call a support function are compared where those are, in test/model. */
const CASES: Readonly<Record<string, readonly Case[]>> = {
  "bool-from-long": values(one(C_INTEGERS)),
  "bytearray-get-size": values(one(["bytearray(b'abc')", "bytearray()"])),
  "bytearray-size": values(one(["bytearray(b'abc')", "bytearray()"])),
  "bytes-as-string": values(one(["b'abc'", "b''", "'text'", "None"])),
  "bytes-as-string-unchecked": values(one(["b'abc'", "b''"])),
  "bytes-from-object": values(
    one(["b'abc'", "bytearray(b'x')", "[1, 2]", "(300,)", "5", "'text'", "memoryview(b'x')", "range(3)", "None"]),
  ),
  "bytes-from-string": values(one(TEXTS)),
  "bytes-from-string-and-size": [
    { calls: ["('text', 2)", "('', 0)", "('text', 4)", "('text', -1)"] },
    { calls: ["()"], given: [fixed("(char *)NULL + 0"), fixed("0")], form: "template" },
  ],
  "bytes-get-size": values(one(["b'abc'", "b''"])),
  "bytes-size": values(one(["b'abc'", "b''", "'text'", "None"])),
  "memoryview-from-object": values(one(ANY)),
  "call-args-kwargs": [
    { calls: ["(dict, (), {'a': 1})", "(len, ((),), {})", "(len, (), {'a': 1})", "(1, (), {})"] },
    { calls: ["(len, ('abc',))", "(list, ())", "(len, (1,))"], given: [V, V, NULL_OBJECT] },
  ],
  "call-function-objects": [
    { calls: ["(len, 'abc')", "(len, 1)"], given: [V, V, NULL_OBJECT] },
    { calls: ["(list,)", "(len,)", "(3,)"], given: [V, NULL_OBJECT] },
    { calls: ["(max, 1, 2, 3)"], given: [V, V, V, V, NULL_OBJECT] },
  ],
  "call-method-objects": [
    { calls: ["('a,b', 'split', ',')", "([1], 'append', 2)", "([1], 'nothing', 2)"], given: [V, V, V, NULL_OBJECT] },
    { calls: ["('abc', 'upper')", "('abc', 'nothing')"], given: [V, V, NULL_OBJECT] },
  ],
  "call-method-no-args": values(["('abc', 'upper')", "('abc', 'nothing')", "([1], 'pop')"]),
  "call-method-one-arg": values(["([1], 'append', 2)", "('abc', 'upper', 2)"]),
  "call-no-args": values(["(list,)", "(len,)", "(1,)", "(Boom,)"]),
  "call-object": [
    { calls: ["(len, ('abc',))", "(list, ())", "(len, [1])", "(len, None)"] },
    { calls: ["(list,)", "(len,)"], given: [V, NULL_OBJECT] },
  ],
  "call-one-arg": values(["(len, 'abc')", "(len, 1)", "(list, (1, 2))"]),
  "callable-check": values(one(ANY)),
  "dict-contains": values(two(DICTS, KEYS)),
  "dict-copy": values(one([...DICTS, "None", "[]"])),
  "dict-del-item": values(two(DICTS, KEYS)),
  "dict-del-item-string": values(two(DICTS, ["'a'", "'b'"])),
  "dict-get-item": values(two([...DICTS, "Stubborn(a=1)"], KEYS)),
  "dict-get-item-string": values(two([...DICTS, "Stubborn(a=1)"], ["'a'", "'b'"])),
  "dict-get-item-with-error": values(two([...DICTS, "Stubborn(a=1)"], KEYS)),
  "dict-keys": values(one([...DICTS, "[]"])),
  "dict-new": values(["()"]),
  "dict-set-default": values(["({}, 'a', 1)", "({'a': 2}, 'a', 1)", "({}, [], 1)", "(Missing(), 'a', 1)"]),
  // PyDict_SetItem on an OrderedDict stores an item that iteration does not see; HPy_SetItem runs its `__setitem__`.
  "dict-set-item": values(two(DICTS.slice(0, 3), KEYS).map((call) => `${call.slice(0, -1)}, 5)`)),
  "dict-set-item-string": values(["({}, 'a', 1)", "(Missing(), 'b', None)"]),
  "dict-size": values(one(DICTS)),
  "dict-size-unchecked": values(one(DICTS)),
  "err-bad-argument": values(["()"]),
  "err-new-exception": [
    { calls: ["()"], given: [fixed('"module.Error"'), NULL_OBJECT, NULL_OBJECT] },
    { calls: ["(KeyError, {'x': 1})", "((KeyError, ValueError), {})"], given: [fixed('"module.Error"'), V, V] },
  ],
  "err-new-exception-with-doc": [
    { calls: ["(KeyError,)"], given: [fixed('"module.Error"'), fixed('"Doc."'), V, NULL_OBJECT] },
  ],
  "err-no-memory": values(["()"]),
  "err-set-from-errno-with-filename": [
    { calls: ["('name',)"], given: [{ capi: "(errno = 2, PyExc_OSError)", hpy: "(errno = 2, ctx->h_OSError)" }, V] },
  ],
  "err-set-from-errno": [
    { calls: ["()"], given: [{ capi: "(errno = 2, PyExc_OSError)", hpy: "(errno = 2, ctx->h_OSError)" }] },
  ],
  "err-set-from-errno-with-filename-object": [
    {
      calls: ["('name',)", "(b'name',)"],
      given: [{ capi: "(errno = 13, PyExc_OSError)", hpy: "(errno = 13, ctx->h_OSError)" }, V],
    },
  ],
  "err-set-from-errno-with-filename-objects": [
    {
      calls: ["('name', 'other')"],
      given: [{ capi: "(errno = 2, PyExc_OSError)", hpy: "(errno = 2, ctx->h_OSError)" }, V, V],
    },
  ],
  "err-set-none": values(one([...ERROR_TYPES, "StopIteration", "int"])),
  "err-set-object": values(two(ERROR_TYPES, ["'text'", "(1, 2)", "None", "ValueError('x')"])),
  "err-set-string": values(two(ERROR_TYPES, ["'text'", "''"])),
  "err-warn": values(["(RuntimeWarning, 'text')", "(int, 'text')"]),
  "err-warn-format": [
    {
      calls: ["(RuntimeWarning, 'text', [1])"],
      given: [
        V,
        fixed("1"),
        fixed('"%s: %R"'),
        { capi: "PyUnicode_AsUTF8(b)", hpy: "HPyUnicode_AsUTF8AndSize(ctx, b, NULL)" },
        { capi: "c", hpy: "c" },
      ],
    },
  ],
  "err-warn-ex": [
    { calls: ["(RuntimeWarning, 'text')", "(DeprecationWarning, 'text')", "(int, 'text')"], given: [V, V, fixed("1")] },
  ],
  "exception-class-check": values(one(ANY)),
  "exception-get-cause": values(one(["KeyError()", "caused()"])),
  "exception-get-context": values(one(["KeyError()", "caused()"])),
  "exception-get-traceback": values(one(["KeyError()"])),
  "exception-instance-check": values(one(ANY)),
  "exception-set-cause": values(["(KeyError(), ValueError())"]),
  "exception-set-context": values(["(KeyError(), ValueError())"]),
  "exception-set-traceback": values(["(KeyError(), None)", "(KeyError(), 1)"]),
  "complex-from-doubles": values(["(1.5, -2.0)", "(0.0, float('inf'))"]),
  "complex-imag-as-double": values(one(["3j", "1.5", "2", "'x'"])),
  "complex-real-as-double": values(one(["3j", "1.5", "2", "'x'", "1+2j"])),
  "float-as-double": values(one(ANY)),
  "float-as-double-unchecked": values(one(["1.5", "-0.0", "float('inf')"])),
  "float-from-double": values(one(["1.5", "-0.0", "float('nan')"])),
  "float-from-string": values(one(["'1.5'", "' 2 '", "'x'", "b'3'", "''", "None", "[]"])),
  "import-import": values(one(["'collections'", "'os.path'", "'no_such_module'"])),
  "import-import-module": values(one(["'collections'", "'os.path'", "'no_such_module'"])),
  "sys-get-object": values(one(["'maxsize'", "'nothing'"])),
  "call-iter-new": values(["(list, 1)"]),
  "iter-check": values(
    one([...ANY, "iter([])", "iter({})", "(x for x in ())", "enumerate([])", "array.array('b', b'x')"]),
  ),
  "index-check": values(one(ANY)),
  "iter-next": values(
    one(["iter([1])", "iter([])", "Countdown(1)", "Countdown(0)", "Countdown(0, Boom())", "(x for x in 'a')"]),
  ),
  "object-self-iter": values(one(["iter([1])"])),
  "list-append": values(["([], 1)", "([1], None)", "((), 1)", "(MyList(), 1)"]),
  "list-as-tuple": values(one(["[1, 2]", "[]", "MyList([1])", "(1,)"])),
  "list-get-item": [
    { calls: ["([1, 2, 3],)", "([],)"], given: [V, fixed("0")] },
    { calls: ["([1, 2, 3], -1)", "([1, 2, 3], 2)", "([1], 1)", "((1,), 0)"], form: "otherwise" },
  ],
  "list-get-item-unchecked": values(["([1, 2, 3], 0)", "([1, 2, 3], 2)"]),
  "list-get-slice": values(["([1, 2, 3], 0, 2)", "([1, 2, 3], -1, 2)", "([1, 2, 3], 1, -1)", "([1, 2], 5, 9)"]),
  "list-insert": values(["([1, 2], 0, 9)", "([1, 2], -1, 9)", "([1, 2], 7, 9)", "((), 0, 1)"]),
  "list-new-empty": [{ calls: ["()"], given: [fixed("0")] }],
  "list-reverse": values(one(["[1, 2, 3]", "[]"])),
  "list-set-slice": [
    { calls: ["([1, 2, 3], 0, 2, [9])", "([1, 2, 3], -1, 2, ())", "([1, 2, 3], 1, 1, (7, 8))", "([1], 0, 1, 5)"] },
    { calls: ["([1, 2, 3], 0, 2)", "([1, 2, 3], 1, -1)"], given: [V, V, V, NULL_OBJECT] },
  ],
  "list-size": values(one(["[1, 2]", "[]"])),
  "list-size-unchecked": values(one(["[1, 2]", "[]"])),
  "list-sort": values(one(["[3, 1, 2]", "[1, 'a']", "[]"])),
  "long-as-double": values(one(INTEGERS)),
  "long-as-int": values(one(INTEGERS)),
  "long-as-long": values(one(INTEGERS)),
  "long-as-longlong": values(one(INTEGERS)),
  "long-as-size-t": values(one(INTEGERS)),
  "long-as-ssize-t": values(one(INTEGERS)),
  "long-as-unsigned-long": values(one(INTEGERS)),
  "long-as-unsigned-long-mask": values(one(INTEGERS)),
  "long-as-unsigned-longlong": values(one(INTEGERS)),
  "long-as-unsigned-longlong-mask": values(one(INTEGERS)),
  "long-as-void-ptr": values(one(["0", "1", "2**63 - 1", "2**64 - 1"])),
  "long-from-double": values(one(["1.5", "-1e30", "float('inf')", "float('nan')"])),
  "long-from-long": values(one(C_INTEGERS)),
  "long-from-longlong": values(one(C_INTEGERS)),
  "long-from-size-t": values(one(SIZES)),
  "long-from-ssize-t": values(one(C_INTEGERS)),
  "long-from-unsigned-long": values(one([...SIZES, "2**64 - 1"])),
  "long-from-unsigned-longlong": values(one([...SIZES, "2**64 - 1"])),
  "long-from-void-ptr": values(one(["0", "1", "2**64 - 1"])),
  "mapping-del-item": values(two(DICTS, ["'a'", "'b'", "[]"])),
  "mapping-del-item-string": values(two(DICTS, ["'a'", "'b'"])),
  "mapping-get-item-string": values(two([...DICTS, "[]", "None"], ["'a'", "'b'"])),
  "mapping-has-key": values(two([...DICTS, "[1]", "None"], KEYS)),
  "mapping-has-key-string": values(two([...DICTS, "[1]", "None"], ["'a'", "'b'"])),
  "mapping-items": values(one([...DICTS, "[]", "types.MappingProxyType({1: 2})"])),
  "mapping-keys": values(one([...DICTS, "[]", "types.MappingProxyType({1: 2})"])),
  "mapping-length": values(one([...DICTS, "[1]", "types.MappingProxyType({1: 2})"])),
  "mapping-set-item-string": values(["({}, 'a', 1)", "([], 'a', 1)", "(Missing(), 'a', 1)"]),
  "mapping-size": values(one([...DICTS, "[1]", "types.MappingProxyType({1: 2})"])),
  "mapping-values": values(one([...DICTS, "[]", "types.MappingProxyType({1: 2})"])),
  "module-add-int-constant": values(["(types.ModuleType('m'), 'x', 5)"]),
  "module-add-object": values(["(types.ModuleType('m'), 'x', [])"]),
  "module-add-object-ref": values(["(types.ModuleType('m'), 'x', [])"]),
  "module-add-string-constant": values(["(types.ModuleType('m'), 'x', 'text')"]),
  "module-get-dict": values(one(["types.ModuleType('m')"])),
  "module-get-name-object": values(one(["types.ModuleType('m')"])),
  "object-ascii": values(one(ANY)),
  "object-bytes": values(one(ANY)),
  "object-del-attr": values(two(["Attributes()", "1"], NAMES)),
  "object-del-attr-string": values(two(["Attributes()", "1"], NAMES)),
  "object-del-item": values(two(["[1, 2]", "{'a': 1}", "()", "None"], KEYS)),
  "object-del-item-string": values(two(["[1, 2]", "{'a': 1}", "None"], ["'a'", "'b'"])),
  "object-dir": values(one(["1", "KeyError"])),
  "object-format": values(["(1.5, '.2f')", "('x', '>3')", "(1, 'zz')"]),
  "object-generic-get-attr": values(two(["Attributes()"], NAMES)),
  "object-get-attr": values(two(["Attributes()", "1"], [...NAMES, "1"])),
  "object-get-attr-string": values(two(["Attributes()", "1"], NAMES)),
  "object-get-item": values(two(CONTAINERS, KEYS)),
  "object-has-attr": values(two(["Attributes()", "1"], NAMES)),
  "object-has-attr-string": values(two(["Attributes()", "1"], NAMES)),
  "object-hash": values(one(["1", "'a'", "[]", "RaisingHash()", "-1"])),
  "object-is": values(["(None, None)", "(1, 'a')", "(len, len)", "([], [])"]),
  "object-is-false": values(one(ANY)),
  "object-is-instance": values([...two(ANY.slice(0, 20), ["int", "(str, list)", "5"]), "(1, Strange)"]),
  "object-is-none": values(one(ANY)),
  "object-is-subclass": values(["(bool, int)", "(int, (str, bool))", "(1, int)", "(int, Strange)"]),
  "object-is-true": values(one(ANY)),
  "object-is-true-singleton": values(one(ANY)),
  "object-length": values(one(ANY)),
  "object-not": values(one(ANY)),
  "object-repr": values(one(ANY.filter((value) => !value.includes("memoryview")))),
  "object-rich-compare": COMPARISONS,
  "object-rich-compare-bool": COMPARISONS,
  "object-set-attr": values(two(["Attributes()", "1"], NAMES).map((call) => `${call.slice(0, -1)}, 5)`)),
  "object-set-attr-string": values(
    two(["Attributes()", "1"], NAMES.slice(0, 4)).map((call) => `${call.slice(0, -1)}, 5)`),
  ),
  "object-set-item": values(
    two(["[1, 2]", "{'a': 1}", "()", "None"], KEYS).map((call) => `${call.slice(0, -1)}, (5,))`),
  ),
  "object-size": values(one(ANY)),
  "object-str": values(one(ANY.filter((value) => !value.includes("memoryview")))),
  "object-type": values(one(ANY)),
  "object-type-borrowed": values(one(ANY)),
  "object-get-iter": values(one(["[1]", "None", "5", "OldSequence()"])),
  "sequence-concat": values(two(CONTAINERS, ["[1]", "'x'", "()", "1"])),
  "sequence-contains": values(two(CONTAINERS, ["1", "'a'", "[]"])),
  "sequence-count": values(two(["[1, 1]", "'abc'", "None", "5"], ["1", "'a'"])),
  "sequence-del-item": values(two(["[1, 2]", "()", "bytearray(b'ab')"], ["0", "-1", "5"])),
  "sequence-del-slice": values(["([1, 2, 3], 0, 2)", "([1, 2, 3], -2, 3)", "((1,), 0, 1)"]),
  "sequence-fast": [
    { calls: one(["[1]", "(1,)", "'ab'", "5", "Countdown(2)", "MyTuple((1,))"]), given: [V, fixed('"message"')] },
  ],
  "sequence-fast-get-item": values(["([1, 2], 1)", "((1, 2), 0)"]),
  "sequence-fast-get-size": values(["([1, 2],)", "((),)"]),
  "sequence-get-item": values(
    two(
      ["[1, 2, 3]", "(1, 2)", "'abc'", "b'abc'", "range(3)", "collections.deque([1])", "None"],
      ["0", "-1", "5", "-9"],
    ),
  ),
  "sequence-get-slice": values(["([1, 2, 3], 0, 2)", "('abc', -2, 3)", "({}, 0, 1)", "(None, 0, 1)"]),
  "sequence-in": values(two(CONTAINERS, ["1", "'a'"])),
  "sequence-index": values(two(["[1, 1]", "'abc'", "None"], ["1", "'a'"])),
  "sequence-inplace-concat": values(two(["[1]", "'a'", "5"], ["[1]", "'x'", "1"])),
  "sequence-item-unchecked": values(two(["[1, 2, 3]", "(1, 2)", "'abc'"], ["0", "1"])),
  "sequence-length": values(one(["[1, 2]", "()", "'abc'", "b''", "range(3)", "None", "5"])),
  "sequence-list": values(one(["[1]", "'ab'", "None", "Countdown(2)", "Countdown(1, Boom())", "OldSequence()"])),
  "sequence-set-item": values(
    two(["[1, 2]", "()", "bytearray(b'ab')"], ["0", "-1", "5"]).map((call) => `${call.slice(0, -1)}, 7)`),
  ),
  "sequence-set-slice": values(["([1, 2, 3], 0, 2, (9,))", "([1, 2, 3], -2, 3, 'x')", "((1,), 0, 1, ())"]),
  "sequence-size": values(one(["[1, 2]", "()", "'abc'", "b''", "range(3)", "None", "5"])),
  "sequence-tuple": values(one(["[1]", "'ab'", "None", "Countdown(2)", "Countdown(1, Boom())", "(1,)"])),
  "frozenset-new": [{ calls: one(["[1, 1]", "5", "'ab'", "[[]]"]) }, { calls: ["()"], given: [NULL_OBJECT] }],
  "set-new": [{ calls: one(["[1, 1]", "5", "'ab'", "[[]]"]) }, { calls: ["()"], given: [NULL_OBJECT] }],
  "set-add": values(two(SETS, ["1", "[]", "'x'"])),
  "set-clear": values(one(SETS)),
  "set-contains": values(two(SETS, ["1", "[]", "{1}"])),
  "set-discard": values(two(SETS, ["1", "[]", "5"])),
  "set-pop": values(one(["{1}", "set()"])),
  "set-size": values(one([...SETS, "None"])),
  "set-size-unchecked": values(one(SETS)),
  "slice-new": [
    { calls: ["(1, 2, 3)", "(None, 'a', 0)"] },
    { calls: ["()"], given: [NULL_OBJECT, NULL_OBJECT, NULL_OBJECT] },
  ],
  "tuple-get-item": [
    { calls: ["((1, 2, 3),)", "((),)"], given: [V, fixed("0")] },
    { calls: ["((1, 2, 3), -1)", "((1, 2, 3), 2)", "((1,), 1)", "([1], 0)"], form: "otherwise" },
  ],
  "tuple-get-item-unchecked": values(["((1, 2, 3), 0)", "((1, 2, 3), 2)"]),
  "tuple-get-slice": values(["((1, 2, 3), 0, 2)", "((1, 2, 3), -1, 2)", "((1, 2, 3), 1, -1)"]),
  "tuple-new-empty": [{ calls: ["()"], given: [fixed("0")] }],
  "tuple-pack": [
    { calls: ["(1, 'a')"], given: [fixed("2"), V, V] },
    { calls: ["()"], given: [fixed("0")] },
  ],
  "tuple-size": values(one(["(1, 2)", "()"])),
  "tuple-size-unchecked": values(one(["(1, 2)", "()"])),
  "type-get-name": values(one(["int", "Missing", "collections.OrderedDict"])),
  "type-get-qual-name": values(one(["int", "Missing", "collections.OrderedDict"])),
  "unicode-as-ascii-string": values(one([...STRINGS, "5"])),
  "unicode-as-encoded-string": [{ calls: one([...STRINGS, "5"]), given: [V, fixed('"utf-16-le"'), fixed("NULL")] }],
  "unicode-as-latin1-string": values(one([...STRINGS, "5"])),
  "unicode-as-raw-unicode-escape-string": values(one([...STRINGS, "5"])),
  "unicode-as-unicode-escape-string": values(one([...STRINGS, "5"])),
  "unicode-as-utf16-string": values(one([...STRINGS, "5"])),
  "unicode-as-utf32-string": values(one([...STRINGS, "5"])),
  "unicode-as-utf8": values(one([...STRINGS, "5"])),
  "unicode-as-utf8-string": values(one([...STRINGS, "5"])),
  "unicode-compare": values(two(STRINGS, [...STRINGS, "5"])),
  "unicode-compare-with-ascii-string": values(
    two(["''", "'text'", "'tex'", "'gr\\xfc'", "'\\U0001f600'"], ["''", "'text'", "'texts'"]),
  ),
  "unicode-concat": values(two(STRINGS, [...STRINGS, "5"])),
  "unicode-contains": values(two(STRINGS, ["'e'", "''", "5"])),
  "unicode-decode": [
    { calls: ["('text', 4)", "('abc', 3)", "('', 0)"], given: [V, V, fixed('"utf-16-le"'), fixed("NULL")] },
  ],
  "unicode-decode-ascii": [{ calls: ["('text', 4)", "('gr\\xfc', 4)"], given: [V, V, fixed('"strict"')] }],
  "unicode-decode-fs-default": values(one(["'text'", "'gr\\xfc'", "''"])),
  "unicode-decode-fs-default-and-size": values(["('text', 2)", "('gr\\xfc', 4)"]),
  "unicode-decode-latin1": [{ calls: ["('text', 4)", "('gr\\xfc', 4)"], given: [V, V, fixed("NULL")] }],
  "unicode-decode-utf8": [
    { calls: ["('text', 4)", "('gr\\xfc', 4)", "('gr\\xfc', 3)", "('', 0)"], given: [V, V, fixed("NULL")] },
    { calls: ["('gr\\xfc', 3)"], given: [V, V, fixed('"replace"')] },
  ],
  "unicode-decode-unicode-escape": [{ calls: ["('a\\\\n', 3)", "('\\\\x', 2)"], given: [V, V, fixed("NULL")] }],
  "unicode-encode-fs-default": values(one([...STRINGS, "5"])),
  "unicode-format": values(["('%s', 1)", "('%d', 'x')", "('%s %s', (1, 2))", "(5, 1)"]),
  "unicode-from-encoded-object": [
    {
      calls: one(["b'abc'", "bytearray(b'x')", "'text'", "5", "b'\\xff'"]),
      given: [V, fixed('"utf-8"'), fixed("NULL")],
    },
  ],
  "unicode-from-object": values(one([...STRINGS, "5", "b'x'"])),
  "unicode-from-ordinal": values(one(["65", "0", "0x10ffff", "0x110000", "-1"])),
  "unicode-from-string": values(one(TEXTS)),
  "unicode-from-string-and-size": values(["('text', 2)", "('gr\\xfc', 4)", "('gr\\xfc', 3)", "('', 0)"]),
  "unicode-get-length": values(one([...STRINGS, "5"])),
  "unicode-get-length-unchecked": values(one(STRINGS.filter((text) => !text.includes("MyStr")))),
  "unicode-intern-from-string": values(one(TEXTS)),
  "unicode-join": [
    { calls: ["(', ', ['a', 'b'])", "('', ())", "(', ', [1])", "(5, ['a', 'b'])"] },
    { calls: one(["['a', 'b']"]), given: [NULL_OBJECT, V] },
  ],
  "unicode-read-char": values(two(STRINGS.slice(0, 4), ["0", "2", "-1", "99"])),
  "unicode-read-char-unchecked": values(["('text', 0)", "('\\U0001f600', 0)"]),
  "unicode-replace": values(["('aaa', 'a', 'b', -1)", "('aaa', 'a', 'b', 2)", "('aaa', 1, 'b', 2)"]),
  "unicode-split": [
    { calls: ["('a,b,c', ',', -1)", "('a,b,c', ',', 1)", "('a', '', 1)"] },
    { calls: ["(' a b ', -1)"], given: [V, NULL_OBJECT, V] },
  ],
  "unicode-substring": values(["('text', 1, 3)", "('text', 2, 99)", "('text', 3, 1)", "('text', -1, 2)"]),
  "run-string": [
    {
      calls: ["('1 + x', {'x': 2})", "('nope', {})", "('1 +', {})"],
      given: [V, fixed("258"), V, { capi: "b", hpy: "b" }],
    },
  ],
  "compile-string": [{ calls: ["('1 + 2',)", "('1 +',)"], given: [V, fixed('"file"'), fixed("258")] }],
  "capsule-get-context": values(one(CAPSULES)),
  "capsule-get-name": values(one(CAPSULES)),
  "capsule-get-pointer": values(two(CAPSULES, [CAPSULE_NAME, "'other'"])),
  "capsule-import": [
    {
      calls: one([CAPSULE_NAME, "'datetime.nothing'", "'no_such_module.x'", "'datetime.date'"]),
      given: [V, fixed("0")],
    },
  ],
  "capsule-is-valid": values(two(CAPSULES, [CAPSULE_NAME, "'other'"])),
  "capsule-new": [{ calls: one(["5", "0"]), given: [V, fixed('"name"'), fixed("NULL")] }],
  "context-var-new": [{ calls: ["('variable', 1)"] }, { calls: ["('variable',)"], given: [V, NULL_OBJECT] }],
  "err-bad-internal-call": values(["()"]),
  "eval-call-object": values(["(len, ('abc',))", "(len, [1])"]),
  "eval-call-object-with-keywords": values(["(dict, (), {'a': 1})", "(len, ('abc',), {})", "(len, (), 5)"]),
  "eval-code": values([
    "(compile('1 + x', 'file', 'eval'), {'x': 1}, {'x': 2})",
    "(compile('nope', 'file', 'eval'), {}, {})",
  ]),
  "import-import-module-no-block": values(one(["'collections'", "'no_such_module'"])),
  "module-add-int-macro": [{ calls: one(["types.ModuleType('m')"]), given: [V, fixed("EXAMPLE_NUMBER")] }],
  "module-add-string-macro": [{ calls: one(["types.ModuleType('m')"]), given: [V, fixed("EXAMPLE_TEXT")] }],
  "object-check-buffer": values(one(ANY)),
  "slice-adjust-indices": [
    { calls: ["(10, 1)", "(3, 2)", "(0, 1)"], given: [V, fixed("(low = -2, &low)"), fixed("(high = 7, &high)"), V] },
    { calls: ["(10, -1)", "(3, -2)"], given: [V, fixed("(low = 9, &low)"), fixed("(high = -20, &high)"), V] },
  ],
  "slice-unpack": [
    {
      calls: one(["slice(1, 2)", "slice(None, None, 0)", "slice('a')"]),
      given: [V, fixed("&low"), fixed("&high"), fixed("&step")],
    },
  ],
  "unicode-as-utf8-and-size": [{ calls: one([...STRINGS, "5"]), given: [V, fixed("&low")] }],
  "unicode-from-wide-char": [{ calls: one(["4", "2", "-1", "0"]), given: [fixed('L"te\\u00fct"'), V] }],
};

/** Rules without cases that are the same call as in C by the header of HPy. */
const SAME_CALL: Readonly<Record<string, string>> = {
  "capsule-set-context": "it needs a capsule that Python code cannot make",
  "capsule-set-destructor": "it needs a capsule that Python code cannot make",
  "capsule-set-name": "it needs a capsule that Python code cannot make",
  "capsule-set-pointer": "it needs a capsule that Python code cannot make",
  "context-var-get": "its result is a handle in a variable",
  "context-var-set": "the context keeps every variable, which looks like a leak",
  "err-clear": "it needs an exception that is set",
  "err-exception-matches": "it needs an exception that is set",
  "err-occurred": "it needs an exception that is set",
  "err-write-unraisable": "it prints",
  "eval-get-builtins": "its result is the dict of the running module",
  "long-as-pid": "a macro over PyLong_AsLong",
  "long-from-pid": "a macro over PyLong_FromLong",
};

describe("rules beside the C API", () => {
  const pairs: Pair[] = [];
  const uncovered: string[] = [];
  for (const { name, rules } of RULE_FAMILIES) {
    for (const rule of rules) {
      const cases = CASES[rule.id] ?? familyCases(name, rule);
      if (cases === undefined) {
        // A rule that only passes its arguments to a support function is compared with that function in test/model.
        if (rule.support.length === 0 && !(rule.id in SAME_CALL)) uncovered.push(rule.id);
        continue;
      }
      cases.forEach((entry, index) => {
        const pair = rulePair(rule, entry.form ?? "template", entry.calls, entry.given ?? null);
        pairs.push({ ...pair, name: `${pair.name}_${index}` });
      });
    }
  }

  test("cover what has Python values for arguments", () => {
    expect(Object.keys(CASES).filter((id) => ![...RULES.values()].some((rule) => rule.id === id))).toEqual([]);
    expect(uncovered).toEqual([]);
  });

  test("give the same results, exceptions and effects, and leak nothing", async () => {
    const { differences, compared } = await comparePairs("rules", pairs, SHARED);
    expect(differences).toEqual([]);
    expect(compared).toBeGreaterThan(20_000);
  }, 300_000);
});
