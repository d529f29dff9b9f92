import { describe, expect, test } from "vitest";
import type { BuildPlan } from "../../transforms/argument-parsing.types.ts";
import { planBuildValue, planCallArguments } from "../../transforms/build-value.ts";
import { formatLiteral, planFormat } from "../../transforms/format-strings.ts";
import { comparePairs, type Pair } from "../compare/pairs.ts";

/** A value as it is written on either side. */
interface Value {
  readonly capi: string;
  readonly hpy: string;
}

const same = (text: string): Value => ({ capi: text, hpy: text });
/** An argument of the function; `nil` where the call leaves it out. */
const argument = (letter: "a" | "b" | "c"): Value => same(letter);
const created: Value = { capi: "PyLong_FromLong(12345)", hpy: "HPyLong_FromLong(ctx, 12345)" };
const failed: Value = {
  capi: '(PyErr_SetString(PyExc_KeyError, "made"), (PyObject *)NULL)',
  hpy: '(HPyErr_SetString(ctx, ctx->h_KeyError, "made"), HPy_NULL)',
};
const kept: Value = { capi: "(Py_XINCREF(a), a)", hpy: "HPy_Dup(ctx, a)" };

const SHARED = `
#include <stdio.h>
#include <string.h>
#include <limits.h>
#include <wchar.h>
static Py_complex z = {1.5, -2.5};
static PyObject *point(void *address)
{
    int *pair = (int *)address;
    return pair == NULL ? PyErr_Format(PyExc_LookupError, "no pair") : Py_BuildValue("ii", pair[0], pair[1]);
}
static int pair[2] = {4, 5};
`;

function freshNames(): (wish: string) => string {
  const taken = new Set(["a", "b", "c", "d", "ctx"]);
  return (wish) => {
    let name = wish;
    for (let number = 2; taken.has(name); number += 1) name = `${wish}${number}`;
    taken.add(name);
    return name;
  };
}

/** The statements that a plan stands for: creations, the expression, closes. */
function statements(plan: BuildPlan): string {
  const created_ = plan.closes
    .filter(({ create }) => create !== null)
    .map(({ name, create }) => `HPy ${name} = ${create};`);
  const closed = plan.closes.map(({ name }) => `HPy_Close(ctx, ${name});`);
  return [...created_, `HPy result_ = ${plan.expression};`, ...closed, "return result_;"].join(" ");
}

function call(name: string, ...rest: readonly string[]): string {
  return `${name}(${rest.join(", ")})`;
}

function buildPair(
  name: string,
  format: string,
  values: readonly Value[],
  calls: readonly string[] = ["()"],
  nonNull?: boolean[],
): Pair {
  const plan = planBuildValue({
    format,
    values: values.map(({ hpy }) => hpy),
    ...(nonNull === undefined ? {} : { nonNull }),
    ctx: "ctx",
    fresh: freshNames(),
  });
  if ("unsupported" in plan) throw new Error(`${format}: ${plan.unsupported}`);
  return {
    name: `build_${name}`,
    capi: `return ${call("Py_BuildValue", JSON.stringify(format), ...values.map(({ capi }) => capi))};`,
    hpy: statements(plan),
    support: plan.support,
    calls,
  };
}

const OBJECT_CALLS = ["('x', [1], None)", "('x',)", "()"];
const INT_MIN = same("INT_MIN");

const BUILDS: readonly Pair[] = [
  buildPair("empty", "", []),
  buildPair("tuple0", "()", []),
  buildPair("list0", "[]", []),
  buildPair("dict0", "{}", []),
  ...["b", "B", "h", "i"].map((unit) => buildPair(`int_${unit}`, unit, [same("-5")])),
  ...["b", "i", "I", "H"].map((unit) => buildPair(`variable_${unit}`, unit, [same("pair[1] - 9")])),
  buildPair("int_min", "i", [INT_MIN]),
  buildPair("unsigned_as_int", "i", [same("4000000000u")]),
  buildPair("int_as_unsigned", "I", [same("-1")]),
  buildPair("unsigned_short", "H", [same("(unsigned short)65535")]),
  buildPair("long", "l", [same("LONG_MIN")]),
  buildPair("unsigned_long", "k", [same("ULONG_MAX")]),
  buildPair("long_long", "L", [same("LLONG_MIN")]),
  buildPair("unsigned_long_long", "K", [same("ULLONG_MAX")]),
  buildPair("ssize", "n", [same("(Py_ssize_t)-3")]),
  buildPair("float", "f", [same("(float)1.5")]),
  buildPair("double", "d", [same("-0.25")]),
  buildPair("complex", "D", [same("&z")]),
  buildPair("numbers", "bBhHiIlkLKnfd", [
    ...["1", "2", "3", "4", "5", "6u", "7L", "8UL", "9LL", "10ULL", "(Py_ssize_t)11", "12.5", "13.5"].map(same),
  ]),
  buildPair("char", "c", [same("'x'")]),
  buildPair("char_high", "c", [same("200")]),
  buildPair("ordinal", "C", [same("0x20ac")]),
  buildPair("ordinal_wide", "C", [same("0x1f600")]),
  buildPair("ordinal_surrogate", "C", [same("0xd800")]),
  buildPair("ordinal_wrong", "C", [same("0x110000")]),
  ...["s", "z", "U", "y"].flatMap((unit) => [
    buildPair(`literal_${unit}`, unit, [same('"h\\xc3\\xa9"')]),
    buildPair(`text_${unit}`, unit, [same("strchr(\"ab\", 'b')")]),
    buildPair(`null_${unit}`, unit, [same("(const char *)NULL")]),
    buildPair(`wrong_${unit}`, unit, [same('"\\xff"')]),
    buildPair(`pair_${unit}`, `(${unit}i)`, [same("(const char *)NULL"), same("1")]),
  ]),
  ...["s#", "z#", "U#", "y#"].flatMap((unit) => [
    buildPair(`sized_${unit[0]}`, unit, [same('"ab\\0cd"'), same("(Py_ssize_t)4")]),
    buildPair(`sized_null_${unit[0]}`, unit, [same("(const char *)NULL"), same("(Py_ssize_t)4")]),
    buildPair(`sized_negative_${unit[0]}`, unit, [same('"abc"'), same("(Py_ssize_t)-1")]),
    buildPair(`sized_wrong_${unit[0]}`, unit, [same('"\\xff\\xfe"'), same("(Py_ssize_t)2")]),
    buildPair(
      `sized_in_list_${unit[0]}`,
      `[${unit}O]`,
      [same('"ab\\0cd"'), same("(Py_ssize_t)4"), argument("a")],
      ["(1,)"],
    ),
  ]),
  buildPair("wide", "u", [same('L"wide\\u20ac"')]),
  buildPair("wide_null", "u", [same("(wchar_t *)NULL")]),
  buildPair("wide_sized", "u#", [same('L"wide"'), same("(Py_ssize_t)2")]),
  ...["O", "S"].map((unit) => buildPair(`object_${unit}`, unit, [argument("a")], ["('x',)", "(None,)", "()"])),
  buildPair("object_known", "O", [argument("a")], ["('x',)"], [true]),
  buildPair("pack", "(OO)", [argument("a"), argument("b")], OBJECT_CALLS),
  buildPair("pack_known", "(OO)", [argument("a"), argument("b")], ["('x', 1)"], [true, true]),
  buildPair("pack_known_bare", "OO", [argument("a"), argument("b")], ["('x', 1)"], [true, true]),
  buildPair("pack_one", "(O)", [argument("a")], ["('x',)", "((1, 2),)"], [true]),
  buildPair("failing_object", "(OO)", [argument("a"), failed], ["('x',)"]),
  buildPair("given", "N", [created]),
  buildPair("given_twice", "(NN)", [created, kept], ["('x',)"]),
  buildPair("given_failing", "(NN)", [created, failed]),
  buildPair("given_mixed", "[N{s:N}O]", [created, same('"key"'), kept, argument("b")], ["('x', 'y')"]),
  buildPair("converter", "O&", [same("point"), same("pair")]),
  buildPair("converter_failing", "(O&i)", [same("point"), same("NULL"), same("1")]),
  buildPair("converter_inside", "[O&]", [same("point"), same("pair")]),
  buildPair(
    "nested",
    "(i[iO(d)]{s:i,s:(ii)})",
    [same("1"), same("2"), argument("a"), same("0.5"), same('"k"'), same("3"), same('"l"'), same("4"), same("5")],
    ["('x',)"],
  ),
  buildPair("separators", " ( i , i) , [ i\ti] : { s : i , i : s}", [
    same("1"),
    same("2"),
    same("3"),
    same("4"),
    same('"a"'),
    same("5"),
    same("6"),
    same('"b"'),
  ]),
  buildPair(
    "unseparated_dict",
    "{sisisO}",
    [same('"a"'), same("1"), same('"b"'), same("2"), same('"c"'), argument("a")],
    ["(0,)"],
  ),
  buildPair("unhashable_key", "{O:i}", [argument("a"), same("1")], ["([],)", "('k',)"]),
  buildPair("repeated_key", "{s:i,s:i}", [same('"a"'), same("1"), same('"a"'), same("2")]),
  buildPair("two", "ss", [same('"a"'), same("(const char *)NULL")]),
];

function callPair(
  name: string,
  format: string,
  values: readonly Value[],
  calls: readonly string[],
  method?: string,
): Pair {
  const plan = planCallArguments({
    format,
    values: values.map(({ hpy }) => hpy),
    callable: "a",
    ...(method === undefined ? {} : { method: JSON.stringify(method) }),
    ctx: "ctx",
    fresh: freshNames(),
  });
  if ("unsupported" in plan) throw new Error(`${format}: ${plan.unsupported}`);
  const head = method === undefined ? ["a"] : ["a", JSON.stringify(method)];
  const function_ = method === undefined ? "PyObject_CallFunction" : "PyObject_CallMethod";
  return {
    name: `call_${name}`,
    capi: `return ${call(function_, ...head, JSON.stringify(format), ...values.map(({ capi }) => capi))};`,
    hpy: statements(plan),
    support: plan.support,
    calls,
  };
}

const ECHO = "(lambda *args: args";
const echo = (rest = ""): string =>
  `${ECHO}${rest})`.replace("(lambda", "((lambda").replace("args: args", "args: args)");

const CALLS: readonly Pair[] = [
  callPair("nothing", "", [], [echo(","), "(5,)", "(len,)"]),
  callPair("parenthesis_empty", "()", [], [echo(",")]),
  callPair(
    "one_object",
    "O",
    [argument("b")],
    [echo(", 1"), echo(", (1, 2)"), echo(", ()"), echo(", [1]"), "(5, 1)", echo(","), echo(", Pair(1, 2)")],
  ),
  callPair("one_in_parenthesis", "(O)", [argument("b")], [echo(", 1"), echo(", (1, 2)"), echo(",")]),
  callPair("one_given", "N", [created], [echo(",")]),
  callPair("one_given_failing", "N", [failed], [echo(",")]),
  callPair("one_number", "i", [same("7")], [echo(",")]),
  callPair("one_text", "s", [same('"text"')], [echo(",")]),
  callPair("one_text_null", "s", [same("(const char *)NULL")], [echo(",")]),
  callPair("one_list", "[ii]", [same("7"), same("8")], [echo(",")]),
  callPair("one_dict", "{s:N}", [same('"key"'), created], [echo(",")]),
  callPair("two_tuples", "(i)(i)", [same("7"), same("8")], [echo(",")]),
  callPair("nested_parenthesis", "((ii))", [same("7"), same("8")], [echo(",")]),
  callPair("one_tuple_with_more", "(iO)", [same("7"), argument("b")], [echo(", 'x'"), echo(", (1,)")]),
  callPair(
    "several",
    "iOs#N",
    [same("7"), argument("b"), same('"a\\0b"'), same("(Py_ssize_t)3"), created],
    [echo(", 'x'"), echo(",")],
  ),
  callPair("converter", "O&", [same("point"), same("pair")], [echo(",")]),
  callPair("converter_and_more", "O&i", [same("point"), same("pair"), same("1")], [echo(",")]),
  callPair("many", "iiiiiiiiii", [..."0123456789"].map(same), [echo(","), "(len,)"]),
  callPair("method_nothing", "", [], ["('abc',)", "(1,)"], "upper"),
  callPair(
    "method_one",
    "O",
    [argument("b")],
    ["('-', ['a'])", "('-', ('a',))", "('-', (['a', 'b'],))", "(1, 2)", "('-', 1)", "('-',)"],
    "join",
  ),
  callPair("method_two", "ss", [same('"a"'), same('"b"')], ["('banana',)", "(1,)"], "replace"),
  callPair("method_tuple", "(ss)", [same('"a"'), same('"b"')], ["('banana',)"], "replace"),
  callPair("method_given", "(N)", [created], ["([],)", "('x',)"], "append"),
];

interface FormatCase {
  readonly name: string;
  readonly format: string;
  readonly values: readonly Value[];
  readonly calls?: readonly string[];
}

const ODD = [
  "('text',)",
  "('n\\0l',)",
  "('\\ud800',)",
  "('h\\xe9\\u20ac\\U0001f600',)",
  "([1, 'x'],)",
  "(MyStr('x'),)",
  "(RaisingIndex(),)",
  "('long' * 300,)",
];
const STRINGS = ODD.filter((text) => !text.includes("[") && !text.includes("Raising"));
const FORMATS: readonly FormatCase[] = [
  { name: "plain", format: "plain text 100%%", values: [] },
  {
    name: "integers",
    format: "%d %i %u %x|%5d|%05d|%.3d|%05i|%8.4d",
    values: ["-42", "42", "42u", "255", "-42", "42", "42", "42", "42"].map(same),
  },
  {
    name: "long",
    format: "%ld %li %lu %lld %lli %llu %zd %zi %zu",
    values: [
      "LONG_MIN",
      "-1L",
      "ULONG_MAX",
      "LLONG_MIN",
      "-1LL",
      "ULLONG_MAX",
      "(Py_ssize_t)-1",
      "(Py_ssize_t)-2",
      "(size_t)-1",
    ].map(same),
  },
  {
    name: "widths",
    format: "[%10ld|%010ld][%3zd][%.12lld]",
    values: ["-5L", "5L", "(Py_ssize_t)12345", "7LL"].map(same),
  },
  {
    name: "text",
    format: "%s|%.2s|%5s|%7.3s|%05s",
    values: ['"h\\xc3\\xa9"', '"abc"', '"x"', '"abcdef"', '"y"'].map(same),
  },
  { name: "char", format: "%c%c|%5c", values: ["'a'", "'b'", "'c'"].map(same) },
  { name: "pointer", format: "%p|%10p", values: ["(void *)0x1234", "(void *)0x1234"].map(same) },
  { name: "filled", format: "<%9R|%3S>", values: [argument("a"), argument("a")], calls: ODD },
  { name: "repr", format: "<%R>", values: [argument("a")], calls: ODD },
  { name: "str", format: "<%S>", values: [argument("a")], calls: ODD },
  { name: "ascii", format: "<%A>", values: [argument("a")], calls: ODD },
  { name: "unicode", format: "<%U>", values: [argument("a")], calls: STRINGS },
  {
    name: "cut",
    format: "<%.3R|%.200S|%10.2U|%20U>",
    values: [argument("a"), argument("a"), argument("a"), argument("a")],
    calls: STRINGS,
  },
  {
    name: "either",
    format: "%V-%V",
    values: [argument("a"), same('"other"'), same("b"), same('"h\\xc3\\xa9"')],
    calls: STRINGS,
  },
  {
    name: "either_cut",
    format: "%5.2V-%5.2V",
    values: [argument("a"), same('"other"'), same("b"), same('"other"')],
    calls: STRINGS,
  },
];

function formatPairs({ name, format, values, calls = ["()"] }: FormatCase): Pair[] {
  return (["unicode", "error"] as const).map((kind) => {
    const plan = planFormat(format, kind);
    if ("unsupported" in plan) throw new Error(`${format}: ${plan.unsupported}`);
    const capi = values.map((value) => value.capi);
    const hpy = values.map((value) => value.hpy);
    return kind === "unicode"
      ? {
          name: `text_${name}`,
          capi: `return ${call("PyUnicode_FromFormat", JSON.stringify(format), ...capi)};`,
          hpy: `return ${call(plan.callee, "ctx", formatLiteral(plan), ...hpy)};`,
          support: plan.support,
          calls,
        }
      : {
          name: `error_${name}`,
          capi: `return ${call("PyErr_Format", "PyExc_KeyError", JSON.stringify(format), ...capi)};`,
          hpy: `return ${call(plan.callee, "ctx", "ctx->h_KeyError", formatLiteral(plan), ...hpy)};`,
          support: plan.support,
          calls,
        };
  });
}

const UNICODE_ONLY: readonly FormatCase[] = [
  { name: "cut_raising", format: "<%.9R>", values: [argument("a")], calls: ["(RaisingText(),)", "(5,)"] },
  { name: "char_high", format: "%c|%c", values: ["0x20ac", "0xd800"].map(same) },
  { name: "wide_text", format: "%5s", values: [same('"\\xe2\\x82\\xac"')] },
];

const PAIRS: readonly Pair[] = [
  ...BUILDS,
  ...CALLS,
  ...FORMATS.flatMap(formatPairs),
  ...UNICODE_ONLY.flatMap(formatPairs).filter(({ name }) => name.startsWith("text_")),
];

describe("values, calls and formats beside the C API", () => {
  test("give the same results, exceptions and effects in every ABI, and leak nothing", async () => {
    const { differences, compared } = await comparePairs("values", PAIRS, SHARED);
    expect(differences).toEqual([]);
    expect(compared).toBeGreaterThan(700);
  });
});
