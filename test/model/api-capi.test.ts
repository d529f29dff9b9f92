import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CAPI_FACTS } from "../../model/api/capi/families.ts";
import { CAPI_CONSTANTS, CAPI_FUNCTIONS, isObjectPointer } from "../../model/api/capi-table.ts";
import { capiDrift } from "../../tools/generate-capi.ts";
import { pythonEnvironment } from "../../verify/python-environment.ts";
import { DOCUMENTED_ALWAYS_NULL, DOCUMENTED_BORROWED, DOCUMENTED_NEW, SURVEYED } from "./api-names.ts";

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

function fn(name: string) {
  const found = CAPI_FUNCTIONS.get(name);
  if (found === undefined) throw new Error(`${name} is not in the table`);
  return found;
}

/** Arguments with an ownership, as `index:word`. */
function ownerships(name: string): string[] {
  return fn(name).parameters.flatMap(({ ownership }, index) =>
    ownership === "borrows" || ownership === "plain" ? [] : [`${index}:${ownership}`],
  );
}

describe("rows", () => {
  test("are unique and refer to parameters that exist", () => {
    const seen = new Set<string>();
    for (const { name, row } of CAPI_FACTS) {
      expect(seen.has(name), name).toBe(false);
      seen.add(name);
      const count = fn(name).parameters.length;
      const [, result, , , ...notes] = row;
      for (const text of [result, ...notes].filter((part) => part.includes(" "))) {
        const index = Number(text.slice(text.lastIndexOf(" ") + 1));
        expect(index >= -2 && index < count, `${name}: ${text}`).toBe(true);
      }
    }
  });

  test("are sorted within a family and page", () => {
    for (const source of new Set(CAPI_FACTS.map((fact) => fact.source))) {
      if (source === "") continue;
      const names = CAPI_FACTS.filter((fact) => fact.source === source).map((fact) => fact.name);
      expect(names).toEqual([...names].sort());
    }
  });

  test("say what every out-parameter for objects receives", () => {
    const arrays = new Set(["_Py_VaBuildStack", "_Py_VaBuildStack_SizeT"]);
    for (const { name, parameters } of CAPI_FUNCTIONS.values()) {
      if (arrays.has(name)) continue;
      for (const { type, ownership } of parameters) {
        if (type === "PyObject **") expect(ownership, name).toMatch(/^(out-|in-out)/);
      }
    }
  });

  test("give an ownership other than plain only to results that refer to objects", () => {
    for (const { name, result, ownership } of CAPI_FUNCTIONS.values()) {
      if (ownership.kind === "new" || ownership.kind === "borrowed" || ownership.kind === "same") {
        expect(isObjectPointer(result), name).toBe(true);
      }
      if (ownership.kind === "interior") expect(result.endsWith("*"), name).toBe(true);
      if (isObjectPointer(result)) expect(ownership.kind, name).not.toBe("interior");
    }
  });

  test("have error conventions that fit the type of the result", () => {
    for (const { name, result, error } of CAPI_FUNCTIONS.values()) {
      if (error === "null" || error === "null-without-error") {
        expect(
          result.endsWith("*") || result === "PyThread_type_lock" || !/^(int|void|double)$/.test(result),
          name,
        ).toBe(true);
      }
      if (error === "negative" || error === "zero") expect(result, name).not.toMatch(/\*$|^void$/);
      if (result === "void") expect(error, name).toBe("none");
    }
  });

  test("are disjoint from the constants", () => {
    expect([...CAPI_FUNCTIONS.keys()].filter((name) => CAPI_CONSTANTS.has(name))).toEqual([]);
  });
});

describe("coverage", () => {
  test("every surveyed name is a function or a constant", () => {
    expect(words(SURVEYED).filter((name) => !CAPI_FUNCTIONS.has(name) && !CAPI_CONSTANTS.has(name))).toEqual([]);
  });

  test.each([
    ["Py_None", "object"],
    ["PyExc_KeyError", "exception"],
    ["PyDict_Type", "type-object"],
    ["PyObject", "type"],
    ["Py_buffer", "type"],
    ["METH_VARARGS", "number"],
    ["Py_TPFLAGS_DEFAULT", "number"],
    ["Py_tp_new", "number"],
    ["T_OBJECT_EX", "number"],
    ["PyObject_HEAD", "keyword-macro"],
    ["Py_RETURN_NONE", "keyword-macro"],
    ["PyMODINIT_FUNC", "keyword-macro"],
  ])("%s is a constant of kind %s", (name, kind) => {
    expect(CAPI_CONSTANTS.get(name)?.kind).toBe(kind);
  });

  test.each([
    "PyInt_FromLong",
    "PyString_AsString",
    "PyEval_CallObject",
    "PyUnicode_AS_UNICODE",
    "PyCObject_FromVoidPtr",
  ])("%s of older releases has facts", (name) => {
    expect(CAPI_FUNCTIONS.has(name)).toBe(true);
  });

  test("macros are told from functions", () => {
    expect(fn("PyList_GET_ITEM").macro).toBe(true);
    expect(fn("PyList_GetItem").macro).toBe(false);
  });
});

describe("against the CPython documentation", () => {
  test("borrowed results are borrowed, or the argument itself", () => {
    for (const name of words(DOCUMENTED_BORROWED)) {
      expect(["borrowed", "same"], name).toContain(fn(name).ownership.kind);
    }
  });

  test("new results are new", () => {
    const wrong = words(DOCUMENTED_NEW).filter((name) => fn(name).ownership.kind !== "new");
    expect(wrong).toEqual([]);
  });

  test("functions that always return NULL own nothing", () => {
    for (const name of words(DOCUMENTED_ALWAYS_NULL)) {
      expect(fn(name).ownership.kind, name).toBe("plain");
      expect(fn(name).error, name).toBe("null");
    }
  });
});

describe("ownership of arguments", () => {
  test.each([
    ["PyTuple_SetItem", ["2:steals"]],
    ["PyTuple_SET_ITEM", ["2:steals"]],
    ["PyList_SetItem", ["2:steals"]],
    ["PyList_SET_ITEM", ["2:steals"]],
    ["PyStructSequence_SetItem", ["2:steals"]],
    ["PyModule_AddObject", ["2:steals-on-success"]],
    ["PyModule_AddObjectRef", []],
    ["PyException_SetCause", ["1:steals"]],
    ["PyException_SetContext", ["1:steals"]],
    ["PyException_SetTraceback", []],
    ["PyErr_Restore", ["0:steals", "1:steals", "2:steals"]],
    ["PyErr_SetExcInfo", ["0:steals", "1:steals", "2:steals"]],
    ["PyErr_Fetch", ["0:out-new", "1:out-new", "2:out-new"]],
    ["PyErr_NormalizeException", ["0:in-out", "1:in-out", "2:in-out"]],
    ["PyCell_SET", ["1:steals"]],
    ["PyCell_Set", []],
    ["PyUnicode_AppendAndDel", ["0:in-out", "1:steals"]],
    ["PyUnicode_Append", ["0:in-out"]],
    ["PyBytes_ConcatAndDel", ["0:in-out", "1:steals"]],
    ["_PyBytes_Resize", ["0:in-out"]],
    ["_PyTuple_Resize", ["0:in-out"]],
    ["PyUnicode_InternInPlace", ["0:in-out"]],
    ["PyDict_Next", ["2:out-borrowed", "3:out-borrowed"]],
    ["PyDict_SetItem", []],
    ["PyList_Append", []],
    ["PySequence_SetItem", []],
    ["PyDict_GetItemRef", ["2:out-new"]],
    ["PyArg_ParseTuple", ["2:out-borrowed"]],
    ["PyBytes_AsStringAndSize", ["1:out-interior"]],
    ["Py_INCREF", ["0:retains"]],
    ["Py_DECREF", ["0:releases"]],
    ["Py_CLEAR", ["0:releases"]],
    ["Py_XSETREF", ["0:releases", "1:steals"]],
  ])("%s", (name, expected) => {
    expect(ownerships(name)).toEqual(expected);
  });
});

describe("NULL, errors, Python code", () => {
  test.each([
    ["PyDict_GetItem", "null-without-error"],
    ["PyDict_GetItemWithError", "null-without-error"],
    ["PyIter_Next", "null-without-error"],
    ["PyErr_Occurred", "null-without-error"],
    ["PyObject_GetAttr", "null"],
    ["PyObject_SetAttr", "negative"],
    ["PyArg_ParseTuple", "zero"],
    ["PyUnicode_FSConverter", "zero"],
    ["PyLong_AsLong", "occurred"],
    ["PyFloat_AsDouble", "occurred"],
    ["PyObject_HasAttr", "none"],
    ["PyList_Check", "none"],
    ["PyList_GET_SIZE", "none"],
  ])("%s fails as %s", (name, error) => {
    expect(fn(name).error).toBe(error);
  });

  test("NULL may be passed where CPython tests for it", () => {
    expect(fn("PyObject_Call").nullable).toEqual([2]);
    expect(fn("Py_XDECREF").nullable).toEqual([0]);
    expect(fn("Py_DECREF").nullable).toEqual([]);
    expect(fn("PyTuple_Pack").nullable).toEqual([]);
    expect(fn("PyErr_Restore").nullable).toEqual([0, 1, 2]);
  });

  test("only what cannot run Python code says so", () => {
    for (const name of ["PyList_GET_SIZE", "PyList_Append", "PyUnicode_FromString", "PyTuple_New", "PyErr_Occurred"]) {
      expect(fn(name).runsPython, name).toBe(false);
    }
    for (const name of ["PyDict_GetItem", "PyObject_GetAttr", "PyLong_AsLong", "PyEval_SaveThread", "Py_DECREF"]) {
      expect(fn(name).runsPython, name).toBe(true);
    }
  });
});

test("the headers of CPython 3.11 declare nothing that the table lacks or spells otherwise", () => {
  const { pythonInclude, version } = pythonEnvironment();
  if (!version.startsWith("3.11.") || !existsSync(join(pythonInclude, "Python.h"))) return;
  expect(capiDrift(pythonInclude)).toEqual([]);
});
