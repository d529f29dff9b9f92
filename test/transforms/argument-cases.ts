/**
 * Extension functions made in pairs: one that parses its arguments with the C API, and the same with the plan of
 * `planArgumentParsing`. Both answer a description of what they received, so that Python can compare them.
 */
import { supportClosure } from "../../model/support-registry.ts";
import { planArgumentParsing } from "../../transforms/argument-parsing.ts";

/** C type of a target, the same for both sides except for object references. */
type TargetType =
  | "signed char"
  | "unsigned char"
  | "short"
  | "unsigned short"
  | "int"
  | "unsigned int"
  | "long"
  | "unsigned long"
  | "long long"
  | "unsigned long long"
  | "Py_ssize_t"
  | "float"
  | "double"
  | "char"
  | "const char *"
  | "Py_complex"
  | "Py_buffer"
  | "object";

/** A text with its size, encoded text that must be freed, and so on, need the target before or after them. */
interface Target {
  readonly type: TargetType | "size" | "encoded" | "owned" | "point";
}

/** An input that is not written, with its spelling on either side. */
interface Input {
  readonly capi: string;
  readonly hpy: string;
}

export interface ParsingCase {
  readonly format: string;
  readonly arguments: readonly (Target | Input)[];
  /** Names for `PyArg_ParseTupleAndKeywords`; without them it is `PyArg_ParseTuple`. */
  readonly keywords?: readonly string[];
  /** Whether the migrated function gets its keywords as a dict, as slots do. */
  readonly keywordsIn?: "dict";
  /** Whether the migrated function parses a tuple object in place of its arguments. */
  readonly source?: "tuple";
  /** Bounds of PyArg_UnpackTuple, in place of the format. */
  readonly unpack?: { readonly minimum: number; readonly maximum: number };
}

const t = (type: Target["type"]): Target => ({ type });
const isTarget = (argument: Target | Input): argument is Target => "type" in argument;

const STR_TYPE: Input = { capi: "&PyUnicode_Type", hpy: "ctx->h_UnicodeType" };
const LONG_TYPE: Input = { capi: "&PyLong_Type", hpy: "ctx->h_LongType" };
const same = (text: string): Input => ({ capi: text, hpy: text });

/** Targets of each unit, in order. */
const UNITS: Readonly<Record<string, readonly (Target | Input)[]>> = {
  b: [t("unsigned char")],
  B: [t("unsigned char")],
  h: [t("short")],
  H: [t("unsigned short")],
  i: [t("int")],
  I: [t("unsigned int")],
  l: [t("long")],
  k: [t("unsigned long")],
  L: [t("long long")],
  K: [t("unsigned long long")],
  n: [t("Py_ssize_t")],
  f: [t("float")],
  d: [t("double")],
  D: [t("Py_complex")],
  p: [t("int")],
  c: [t("char")],
  C: [t("int")],
  s: [t("const char *")],
  z: [t("const char *")],
  y: [t("const char *")],
  "s#": [t("const char *"), t("size")],
  "z#": [t("const char *"), t("size")],
  "y#": [t("const char *"), t("size")],
  "s*": [t("Py_buffer")],
  "z*": [t("Py_buffer")],
  "y*": [t("Py_buffer")],
  "w*": [t("Py_buffer")],
  es: [same('"utf-8"'), t("encoded")],
  et: [same('"latin-1"'), t("encoded")],
  "es#": [same('"utf-8"'), t("encoded"), t("size")],
  O: [t("object")],
  "O!": [STR_TYPE, t("object")],
  U: [t("object")],
  S: [t("object")],
  Y: [t("object")],
};

/** A format made of units, `|` and `$`, each as an element. */
export function caseOf(parts: readonly string[], keywords?: readonly string[]): ParsingCase {
  const units = parts.filter((part) => part !== "|" && part !== "$");
  const args = units.flatMap((unit) => {
    if (unit === "O!long") return [LONG_TYPE, t("object")];
    if (unit === "O&point") return [same("point_converter"), t("point")];
    if (unit === "O&kept") return [same("kept_converter"), t("point")];
    if (unit === "O&bytes") return [same("PyUnicode_FSConverter"), t("owned")];
    if (unit === "O&str") return [same("PyUnicode_FSDecoder"), t("owned")];
    if (unit.startsWith("(")) return [...unit.slice(1, -1)].flatMap((item) => UNITS[item] ?? []);
    return UNITS[unit] ?? [];
  });
  const format = parts
    .map((part) => (part.startsWith("O!") || part.startsWith("O&") ? part.slice(0, 2) : part))
    .join("");
  return { format, arguments: args, ...(keywords === undefined ? {} : { keywords }) };
}

export const ALL_UNITS: readonly string[] = [
  ...Object.keys(UNITS),
  "O!long",
  "O&point",
  "O&bytes",
  "O&str",
  "(ii)",
  "(dl)",
];

const PRINTF: Readonly<Record<string, string>> = {
  "signed char": "%d",
  "unsigned char": "%d",
  short: "%d",
  "unsigned short": "%d",
  int: "%d",
  "unsigned int": "%u",
  long: "%ld",
  "unsigned long": "%lu",
  "long long": "%lld",
  "unsigned long long": "%llu",
  Py_ssize_t: "%zd",
  float: "%.9g",
  double: "%.17g",
  char: "%d",
};

const INITIAL: Readonly<Record<string, string>> = {
  "const char *": '"initial"',
  size: "7",
  encoded: "NULL",
  owned: "",
  object: "",
  Py_buffer: "{0}",
  Py_complex: "{8, 9}",
  point: "{8, 9}",
};

function declare(target: Target, name: string, side: "capi" | "hpy"): string {
  const object = side === "capi" ? "PyObject *" : "HPy ";
  switch (target.type) {
    case "object":
    case "owned":
      return `${object}${name} = ${side === "capi" ? "NULL" : "HPy_NULL"};`;
    case "size":
      return `Py_ssize_t ${name} = 7;`;
    case "encoded":
      return `char *${name} = NULL;`;
    case "point":
      return `struct point ${name} = {8, 9};`;
    case "const char *":
      return `const char *${name} = "initial";`;
    default:
      return `${target.type} ${name} = ${INITIAL[target.type] ?? "99"};`;
  }
}

function show(target: Target, name: string, next: string | null, side: "capi" | "hpy"): string {
  switch (target.type) {
    case "object":
      return side === "capi"
        ? `put("<%p>", (void *)${name});`
        : `{ PyObject *p_ = HPy_AsPyObject(ctx, ${name}); put("<%p>", (void *)p_); Py_XDECREF(p_); }`;
    case "owned":
      return side === "capi"
        ? `put_object(${name}); Py_XDECREF(${name});`
        : `{ PyObject *p_ = HPy_AsPyObject(ctx, ${name}); put_object(p_); Py_XDECREF(p_); HPy_Close(ctx, ${name}); }`;
    case "const char *":
    case "encoded": {
      const size = next === null ? `(${name} ? (Py_ssize_t)strlen(${name}) : -1)` : next;
      return `put_bytes(${name}, ${size});${target.type === "encoded" ? ` PyMem_Free(${name});` : ""}`;
    }
    case "size":
      return `put("#%zd", ${name});`;
    case "Py_complex":
      return `put("%.17g,%.17g", ${name}.real, ${name}.imag);`;
    case "point":
      return `put("%d,%d", ${name}.x, ${name}.y);`;
    case "Py_buffer":
      return `put_bytes((const char *)${name}.buf, ${name}.buf ? ${name}.len : -1); PyBuffer_Release(&${name});`;
    default:
      return `put("${PRINTF[target.type]}", ${name});`;
  }
}

const COMMON = `
#include <string.h>
#include <stdio.h>
#include <stdarg.h>
struct point { int x, y; };
static char out[1 << 16];
static size_t used;
static int kept;
static void put(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    used += (size_t)vsnprintf(out + used, sizeof(out) - used, format, list);
    va_end(list);
    out[used++] = ' ';
    out[used] = 0;
}
static void put_bytes(const char *data, Py_ssize_t size)
{
    put("%zd:", size);
    for (Py_ssize_t i = 0; data != NULL && i < size && i < 64; i++) put("%02x", (unsigned char)data[i]);
}
static void put_object(PyObject *object)
{
    if (object == NULL) { put("null"); return; }
    PyObject *text = PyObject_Repr(object);
    PyObject *ascii = PyUnicode_AsEncodedString(text, "ascii", "backslashreplace");
    put("%s", PyBytes_AS_STRING(ascii));
    Py_DECREF(text);
    Py_DECREF(ascii);
}
static int point_converter(PyObject *object, void *address)
{
    struct point *point = (struct point *)address;
    long value = PyLong_AsLong(object);
    if (value == -1 && PyErr_Occurred()) return 0;
    if (value == 3) return 0;
    point->x = (int)value;
    point->y = -(int)value;
    return 1;
}
static int kept_converter(PyObject *object, void *address)
{
    struct point *point = (struct point *)address;
    if (object == NULL) { kept--; return 1; }
    long value = PyLong_AsLong(object);
    if (value == -1 && PyErr_Occurred()) return 0;
    kept++;
    point->x = (int)value;
    return Py_CLEANUP_SUPPORTED;
}
`;

function body(test: ParsingCase, side: "capi" | "hpy"): { declarations: string; shows: string; pass: string[] } {
  const targets = test.arguments;
  const declarations: string[] = [];
  const shows: string[] = [];
  const pass = targets.map((argument, index) => {
    if (!isTarget(argument)) return argument[side];
    const name = `v${index}`;
    const following = targets[index + 1];
    const size = following !== undefined && isTarget(following) && following.type === "size" ? `v${index + 1}` : null;
    declarations.push(declare(argument, name, side));
    shows.push(show(argument, name, size, side));
    return `&${name}`;
  });
  return { declarations: declarations.join("\n    "), shows: shows.join("\n    "), pass };
}

function literal(text: string): string {
  return JSON.stringify(text);
}

function keywordList(test: ParsingCase): string {
  if (test.keywords === undefined) return "";
  return `static char *kwlist[] = {${[...test.keywords.map(literal), "NULL"].join(", ")}};`;
}

/** The original extension. */
export function capiSource(module: string, cases: readonly ParsingCase[]): string {
  const functions = cases.map((test, index) => {
    const { declarations, shows, pass } = body(test, "capi");
    const name = `f_${index}`;
    const parse = test.unpack
      ? `PyArg_UnpackTuple(args, ${[literal(name), test.unpack.minimum, test.unpack.maximum, ...pass].join(", ")})`
      : test.keywords
        ? `PyArg_ParseTupleAndKeywords(${["args", "kw", literal(`${test.format}:${name}`), "kwlist", ...pass].join(", ")})`
        : `PyArg_ParseTuple(${["args", literal(`${test.format}:${name}`), ...pass].join(", ")})`;
    return `static PyObject *${name}(PyObject *self, PyObject *args${test.keywords ? ", PyObject *kw" : ""})
{
    ${keywordList(test)}
    ${declarations}
    used = 0;
    out[0] = 0;
    if (!${parse})
        return NULL;
    ${shows}
    return PyBytes_FromString(out);
}
`;
  });
  const methods = cases.map((test, index) => {
    const flags = test.keywords ? "METH_VARARGS | METH_KEYWORDS" : "METH_VARARGS";
    return `    {"f_${index}", (PyCFunction)(void (*)(void))f_${index}, ${flags}, NULL},`;
  });
  return `#define PY_SSIZE_T_CLEAN
#include <Python.h>
${COMMON}
${functions.join("\n")}
static PyObject *get_kept(PyObject *self, PyObject *unused) { return PyLong_FromLong(kept); }
static PyMethodDef methods[] = {
${methods.join("\n")}
    {"get_kept", get_kept, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "${module}", NULL, 0, methods};
PyMODINIT_FUNC PyInit_${module}(void) { return PyModule_Create(&definition); }
`;
}

/** Calls a function as HPy calls `tp_new`; the values live in the dict only. */
const WITH_DICT = `
typedef HPy (*constructor)(HPyContext *, HPy, const HPy *, HPy_ssize_t, HPy);
static HPy with_dict(HPyContext *ctx, constructor call, HPy type, const HPy *args, size_t nargs, HPy kwnames)
{
    HPy kw = HPy_NULL;
    if (!HPy_IsNull(kwnames)) {
        kw = HPyDict_New(ctx);
        for (HPy_ssize_t i = 0; i < HPy_Length(ctx, kwnames); i++) {
            HPy name = HPy_GetItem_i(ctx, kwnames, i);
            HPy_SetItem(ctx, kw, name, args[nargs + (size_t)i]);
            HPy_Close(ctx, name);
        }
    }
    HPy result = call(ctx, type, args, (HPy_ssize_t)nargs, kw);
    HPy_Close(ctx, kw);
    return result;
}
`;

/** The migrated extension. Throws when a case is not supported: every case here is meant to be. */
export function hpySource(module: string, cases: readonly ParsingCase[]): string {
  const support = new Set<string>();
  const functions = cases.map((test, index) => {
    const { declarations, shows, pass } = body(test, "hpy");
    const taken = new Set<string>();
    const fresh = (wish: string): string => {
      let name = wish;
      for (let number = 2; taken.has(name); number += 1) name = `${wish}${number}`;
      taken.add(name);
      return name;
    };
    const plan = planArgumentParsing({
      flavour: test.unpack ? "unpack" : test.keywords ? "keywords" : "tuple",
      format: `${test.format}:f_${index}`,
      ...(test.unpack ? { unpack: { ...test.unpack, name: `f_${index}` } } : {}),
      ...(test.source === "tuple" ? { tuple: "tuple" } : {}),
      ...(test.keywords ? { keywords: "kwlist", keywordNames: test.keywords } : {}),
      targets: pass,
      targetTypes: test.arguments.map((argument) =>
        isTarget(argument) && argument.type === "point" ? "struct point" : undefined,
      ),
      args: "args",
      nargs: "nargs",
      kwnames: test.keywordsIn === "dict" ? "kw" : "kwnames",
      keywordsIn: test.keywordsIn ?? "names",
      ctx: "ctx",
      fresh,
    });
    if ("unsupported" in plan) throw new Error(`${test.format}: ${plan.unsupported}`);
    if (plan.receives.length !== pass.length)
      throw new Error(`${test.format}: effects for ${plan.receives.length} targets`);
    for (const name of plan.support) support.add(name);
    const inner = `f_${index}_new`;
    const method = `HPyDef_METH(f_${index}, "f_${index}", ${test.keywords ? "HPyFunc_KEYWORDS" : "HPyFunc_VARARGS"})
static HPy f_${index}_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs${test.keywords ? ", HPy kwnames" : ""})`;
    const slot = `static HPy ${inner}(HPyContext *ctx, HPy type, const HPy *args, HPy_ssize_t nargs, HPy kw)`;
    const caller = `${method}
{
    return with_dict(ctx, ${inner}, self, args, nargs, kwnames);
}
`;
    const helper = `static HPy ${inner}(HPyContext *ctx, HPy tuple)`;
    const packer = `${method}
{
    HPy tuple = HPyTuple_FromArray(ctx, (HPy *)args, (HPy_ssize_t)nargs);
    HPy result = ${inner}(ctx, tuple);
    HPy_Close(ctx, tuple);
    return result;
}
`;
    return `${test.keywordsIn === "dict" ? slot : test.source === "tuple" ? helper : method}
{
    ${keywordList(test)}
    ${declarations}
    ${plan.declarations.map((declaration) => `${declaration};`).join("\n    ")}
    used = 0;
    out[0] = 0;
    if (${plan.operands.map((operand) => `!${operand}`).join("\n        || ")})
        return HPy_NULL;
    ${shows}
    ${plan.release === null ? "" : `${plan.release};`}
    return HPyBytes_FromString(ctx, out);
}
${test.keywordsIn === "dict" ? caller : test.source === "tuple" ? packer : ""}`;
  });
  const closure = supportClosure(support);
  const includes = new Set(closure.flatMap((entry) => entry.includes));
  return `#include "hpy.h"
${[...includes].map((header) => `#include ${header}`).join("\n")}
${COMMON}
${WITH_DICT}
${closure.map((entry) => entry.code).join("\n")}
${functions.join("\n")}
HPyDef_METH(get_kept, "get_kept", HPyFunc_NOARGS)
static HPy get_kept_impl(HPyContext *ctx, HPy self) { return HPyLong_FromLong(ctx, kept); }
static HPyDef *defines[] = {${cases.map((_, index) => `&f_${index}, `).join("")}&get_kept, NULL};
static HPyModuleDef definition = {.defines = defines};
HPy_MODINIT(${module}, definition)
`;
}
