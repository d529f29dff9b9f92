/** Pairs of functions made from the rules themselves: the C call beside its expanded template. */
import { CAPI_FUNCTIONS } from "../../model/api/capi-table.ts";
import { CONTEXT_HANDLES } from "../../model/api/context-handles.ts";
import { expandTemplate } from "../../rules/expand-template.ts";
import type { Rule } from "../../rules/rule.ts";
import type { Pair } from "../compare/pairs.ts";

/** How an argument is given: by a Python value (`a` to `d`), or as fixed C text of each side. */
export type Given = "value" | { readonly capi: string; readonly hpy: string };

/** Text that is the same in both worlds. */
export function fixed(text: string): Given {
  return { capi: text, hpy: CONTEXT_HANDLES.has(text) ? `ctx->${CONTEXT_HANDLES.get(text)}` : text };
}

const LETTERS = ["a", "b", "c", "d"];

interface Conversion {
  readonly capi: (letter: string) => string;
  readonly hpy: (letter: string) => string;
}

/** How a Python value becomes a C value, by the type of the parameter. */
const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  "PyObject *": { capi: (l) => l, hpy: (l) => l },
  "PyTypeObject *": { capi: (l) => `(PyTypeObject *)${l}`, hpy: (l) => l },
  "const char *": { capi: (l) => `PyUnicode_AsUTF8(${l})`, hpy: (l) => `HPyUnicode_AsUTF8AndSize(ctx, ${l}, NULL)` },
  Py_ssize_t: { capi: (l) => `PyLong_AsSsize_t(${l})`, hpy: (l) => `HPyLong_AsSsize_t(ctx, ${l})` },
  size_t: { capi: (l) => `PyLong_AsSize_t(${l})`, hpy: (l) => `HPyLong_AsSize_t(ctx, ${l})` },
  int: { capi: (l) => `(int)PyLong_AsLong(${l})`, hpy: (l) => `(int)HPyLong_AsLong(ctx, ${l})` },
  long: { capi: (l) => `PyLong_AsLong(${l})`, hpy: (l) => `HPyLong_AsLong(ctx, ${l})` },
  "unsigned long": { capi: (l) => `PyLong_AsUnsignedLong(${l})`, hpy: (l) => `HPyLong_AsUnsignedLong(ctx, ${l})` },
  "long long": { capi: (l) => `PyLong_AsLongLong(${l})`, hpy: (l) => `HPyLong_AsLongLong(ctx, ${l})` },
  "unsigned long long": {
    capi: (l) => `PyLong_AsUnsignedLongLong(${l})`,
    hpy: (l) => `HPyLong_AsUnsignedLongLong(ctx, ${l})`,
  },
  "void *": { capi: (l) => `PyLong_AsVoidPtr(${l})`, hpy: (l) => `HPyLong_AsVoidPtr(ctx, ${l})` },
  "const void *": { capi: (l) => `PyLong_AsVoidPtr(${l})`, hpy: (l) => `HPyLong_AsVoidPtr(ctx, ${l})` },
  double: { capi: (l) => `PyFloat_AsDouble(${l})`, hpy: (l) => `HPyFloat_AsDouble(ctx, ${l})` },
};

/** A number, unless an exception is set: also one that should not be. */
const INTEGER = {
  capi: "long long r = E; return PyErr_Occurred() ? NULL : PyLong_FromLongLong(r);",
  hpy: "long long r = E; return HPyErr_Occurred(ctx) ? HPy_NULL : HPyLong_FromLongLong(ctx, r);",
};

/** How a result becomes a Python value, by its type; `E` stands for the call. */
const RESULTS: Readonly<Record<string, { readonly capi: string; readonly hpy: string }>> = {
  void: { capi: "E; return done();", hpy: "E; return done(ctx);" },
  int: INTEGER,
  long: INTEGER,
  "long long": INTEGER,
  Py_ssize_t: INTEGER,
  Py_hash_t: INTEGER,
  Py_UCS4: INTEGER,
  "unsigned long": {
    capi: "unsigned long r = E; return r == (unsigned long)-1 && PyErr_Occurred() ? NULL : PyLong_FromUnsignedLong(r);",
    hpy: "unsigned long r = E; return r == (unsigned long)-1 && HPyErr_Occurred(ctx) ? HPy_NULL : HPyLong_FromUnsignedLong(ctx, r);",
  },
  "unsigned long long": {
    capi: "unsigned long long r = E; return r == (unsigned long long)-1 && PyErr_Occurred() ? NULL : PyLong_FromUnsignedLongLong(r);",
    hpy: "unsigned long long r = E; return r == (unsigned long long)-1 && HPyErr_Occurred(ctx) ? HPy_NULL : HPyLong_FromUnsignedLongLong(ctx, r);",
  },
  size_t: {
    capi: "size_t r = E; return r == (size_t)-1 && PyErr_Occurred() ? NULL : PyLong_FromSize_t(r);",
    hpy: "size_t r = E; return r == (size_t)-1 && HPyErr_Occurred(ctx) ? HPy_NULL : HPyLong_FromSize_t(ctx, r);",
  },
  double: {
    capi: "double r = E; return r == -1.0 && PyErr_Occurred() ? NULL : PyFloat_FromDouble(r);",
    hpy: "double r = E; return r == -1.0 && HPyErr_Occurred(ctx) ? HPy_NULL : HPyFloat_FromDouble(ctx, r);",
  },
  "void *": {
    capi: "void *r = E; return r == NULL && PyErr_Occurred() ? NULL : PyLong_FromVoidPtr(r);",
    hpy: "void *r = E; return r == NULL && HPyErr_Occurred(ctx) ? HPy_NULL : HPyLong_FromSize_t(ctx, (size_t)r);",
  },
  "const char *": {
    capi: "const char *r = E; return r == NULL ? found(NULL) : PyUnicode_FromString(r);",
    hpy: "const char *r = E; return HPy_IsNull(a) || r == NULL ? found(ctx, HPy_NULL) : HPyUnicode_FromString(ctx, r);",
  },
  "char *": {
    capi: "char *r = E; return r == NULL ? found(NULL) : PyBytes_FromString(r);",
    hpy: "const char *r = E; return r == NULL ? found(ctx, HPy_NULL) : HPyBytes_FromString(ctx, r);",
  },
};

/**
 * The pair of a rule, or of its other form. `given` says how each argument is made; the default is a Python value each.
 *
 * @throws Error for a type that has no conversion.
 */
export function rulePair(
  rule: Rule,
  form: "template" | "otherwise",
  calls: readonly string[],
  given: readonly Given[] | null,
): Pair {
  const facts = CAPI_FUNCTIONS.get(rule.capi);
  if (facts === undefined) throw new Error(`${rule.capi} is unknown`);
  const ways = given ?? facts.parameters.map((): Given => "value");
  const letters = [...LETTERS];
  const capi: string[] = [];
  const hpy: string[] = [];
  for (const [index, way] of ways.entries()) {
    if (way !== "value") {
      capi.push(way.capi);
      hpy.push(way.hpy);
      continue;
    }
    const type = facts.parameters[index]?.type ?? "PyObject *";
    const conversion = CONVERSIONS[type === "..." ? "PyObject *" : type];
    const letter = letters.shift();
    if (conversion === undefined || letter === undefined) throw new Error(`${rule.capi}: no conversion to ${type}`);
    capi.push(conversion.capi(letter));
    hpy.push(conversion.hpy(letter));
  }
  const chosen = form === "template" ? rule : rule.otherwise;
  if (chosen === undefined) throw new Error(`${rule.capi} has no other form`);
  const written = rule.variadic === "null-terminated" ? hpy.slice(0, -1) : hpy;
  const capiCall = `${rule.capi}(${capi.join(", ")})`;
  const hpyCall = expandTemplate(chosen.template, { context: "ctx", arguments: written, sources: capi });
  const name = `${rule.id.replaceAll("-", "_")}_${form}`;
  const isLent = facts.ownership.kind === "borrowed";
  const isObject = facts.result.startsWith("PyObject *") || facts.result.startsWith("PyTypeObject *");
  const result = isObject
    ? { capi: `return ${isLent ? "lent" : "found"}((PyObject *)E);`, hpy: "return found(ctx, E);" }
    : RESULTS[facts.result];
  if (result === undefined) throw new Error(`${rule.capi}: no conversion from ${facts.result}`);
  // A stolen argument is the test's own reference, which the C side must give away.
  const steal = facts.parameters.flatMap(({ ownership }, index) =>
    ownership.startsWith("steals") ? [`Py_XINCREF(${capi[index]});`] : [],
  );
  return {
    name,
    capi: `${steal.join(" ")} ${result.capi.replace("E", capiCall)}`,
    hpy: result.hpy.replace("E", hpyCall),
    support: chosen.support,
    calls,
  };
}
