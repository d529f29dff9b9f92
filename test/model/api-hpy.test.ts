import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { CAPI_CONSTANTS, CAPI_FUNCTIONS } from "../../model/api/capi-table.ts";
import {
  HPY_AS_STRUCT,
  HPY_CONSTANTS,
  HPY_CONTEXT_HANDLES,
  HPY_EQUIVALENTS,
  HPY_FUNCTIONS,
  HPY_HANDLE_OF_CAPI,
  HPY_MACROS,
  HPY_SIGNATURES,
  HPY_SLOTS,
} from "../../model/api/hpy.ts";
import { HPY_0_9 } from "../../model/api/hpy-0.9.generated.ts";
import { HPY_OWNERSHIP } from "../../model/api/hpy-ownership.ts";
import { generateHpy, HPY_TARGET } from "../../tools/generate-hpy.ts";
import { pythonEnvironment } from "../../verify/python-environment.ts";
import { PORTING_GUIDE_PAIRS } from "./api-names.ts";

function fn(name: string) {
  const found = HPY_FUNCTIONS.get(name);
  if (found === undefined) throw new Error(`${name} is not in the table`);
  return found;
}

const pairs = PORTING_GUIDE_PAIRS.split(/\s+/)
  .filter((word) => word !== "")
  .map((word) => word.split("=") as [string, string]);

describe("headers", () => {
  test("are those of the installed release", () => {
    const include = process.env.HPY_INCLUDE ?? pythonEnvironment().hpyInclude;
    expect(generateHpy(include)).toBe(readFileSync(HPY_TARGET, "utf8"));
  });

  test("give a function its names and types", () => {
    expect(fn("HPyCapsule_New").parameters).toEqual([
      { type: "HPyContext *", name: "ctx" },
      { type: "void *", name: "pointer" },
      { type: "const char *", name: "utf8_name" },
      { type: "HPyCapsule_Destructor *", name: "destructor" },
    ]);
    expect(fn("HPy_Length").result).toBe("HPy_ssize_t");
  });

  test("give slots their numbers and signatures", () => {
    expect(HPY_SLOTS.get("HPy_tp_destroy")).toEqual({
      name: "HPy_tp_destroy",
      number: 1000,
      signature: "HPyFunc_DESTROYFUNC",
    });
    expect(HPY_SLOTS.get("HPy_nb_add")?.signature).toBe("HPyFunc_BINARYFUNC");
    expect(HPY_SLOTS.has("HPy_tp_iter")).toBe(false);
    for (const slot of HPY_SLOTS.values()) expect(HPY_SIGNATURES.has(slot.signature), slot.name).toBe(true);
  });

  test("give signatures their C prototypes", () => {
    expect(HPY_SIGNATURES.get("HPyFunc_KEYWORDS")).toEqual({
      name: "HPyFunc_KEYWORDS",
      result: "HPy",
      parameters: [
        { type: "HPyContext *", name: "ctx" },
        { type: "HPy", name: "self" },
        { type: "const HPy *", name: "args" },
        { type: "size_t", name: "nargs" },
        { type: "HPy", name: "kwnames" },
      ],
    });
    expect(HPY_SIGNATURES.get("HPyFunc_DESTROYFUNC")?.parameters).toEqual([{ type: "void *", name: "" }]);
  });

  test("give constants, macros and context handles", () => {
    expect(HPY_CONSTANTS.get("HPy_TPFLAGS_HAVE_GC")?.value).toContain("14");
    expect(HPY_CONSTANTS.get("HPyType_BuiltinShape_Legacy")?.value).toBe("-1");
    expect(HPY_CONSTANTS.get("HPyMember_OBJECT_EX")?.value).toBe("16");
    expect(HPY_MACROS.get("HPyDef_METH")?.parameters).toEqual(["SYM", "NAME", "SIG", "..."]);
    expect(HPY_CONTEXT_HANDLES.get("h_LongType")?.capi).toBe("&PyLong_Type");
    expect(HPY_HANDLE_OF_CAPI.get("PyExc_TypeError")?.name).toBe("h_TypeError");
    expect(HPY_HANDLE_OF_CAPI.get("PyEval_GetBuiltins()")?.name).toBe("h_Builtins");
  });

  test("name constants that the C API has", () => {
    for (const { capi } of HPY_CONTEXT_HANDLES.values()) {
      const name = capi.replace("&", "").replace("()", "");
      expect(CAPI_CONSTANTS.has(name) || CAPI_FUNCTIONS.has(name), capi).toBe(true);
    }
  });
});

describe("ownership", () => {
  test("every declaration has exactly one row", () => {
    const rows = HPY_OWNERSHIP.flatMap((family) => family.rows.map((row) => row[0]));
    expect(new Set(rows).size).toBe(rows.length);
    expect(HPY_0_9.declarations.filter(({ name }) => !HPY_FUNCTIONS.has(name))).toEqual([]);
  });

  test("notes refer to parameters that exist", () => {
    for (const row of HPY_OWNERSHIP.flatMap((family) => family.rows)) {
      const [name, result, , ...notes] = row;
      for (const text of [result, ...notes].filter((part) => part.includes(" "))) {
        expect(Number(text.slice(text.lastIndexOf(" ") + 1)) < fn(name).parameters.length, `${name}: ${text}`).toBe(
          true,
        );
      }
    }
  });

  test("a result of type HPy is a new handle, the null handle, or a conversion", () => {
    for (const { name, result, ownership } of HPY_FUNCTIONS.values()) {
      if (result !== "HPy") expect(ownership.kind, name).not.toBe("new-handle");
      else if (name !== "HPy_FromVoidP") expect(["new-handle", "null-handle"], name).toContain(ownership.kind);
    }
  });

  test("only HPy_Close and trackers take a handle over", () => {
    const taking = [...HPY_FUNCTIONS.values()].filter(({ arguments: kinds }) =>
      kinds.some((kind) => kind === "closes" || kind === "tracks"),
    );
    expect(taking.map(({ name }) => name).sort()).toEqual(["HPyTracker_Add", "HPy_Close"]);
  });

  test("every function but the conversions and macros takes the context first", () => {
    const without = [...HPY_FUNCTIONS.values()].filter(({ arguments: kinds }) => kinds[0] !== "context");
    expect(without.map(({ name }) => name).sort()).toEqual([
      "HPyField_IsNull",
      "HPy_AsVoidP",
      "HPy_FromVoidP",
      "HPy_IsNull",
    ]);
  });

  test.each([
    ["HPyUnicode_AsUTF8AndSize", { kind: "interior", of: 1 }],
    ["HPyBytes_AsString", { kind: "interior", of: 1 }],
    ["HPyType_GetName", { kind: "interior", of: 1 }],
    ["HPyField_Load", { kind: "new-handle" }],
    ["HPy_Type", { kind: "new-handle" }],
    ["HPyErr_SetString", { kind: "null-handle" }],
    ["HPyListBuilder_New", { kind: "builder" }],
    ["HPyTracker_New", { kind: "tracker" }],
    ["HPy_AsPyObject", { kind: "new-reference" }],
    ["HPyErr_Occurred", { kind: "plain" }],
  ])("the result of %s", (name, expected) => {
    expect(fn(name).ownership).toEqual(expected);
  });

  test("a struct view lives in its object", () => {
    expect(HPY_AS_STRUCT.ownership).toEqual({ kind: "interior", of: 1 });
  });

  test("out-parameters", () => {
    expect(fn("HPyContextVar_Get").arguments[3]).toBe("out-new");
    expect(fn("HPyArg_Parse").arguments).toEqual([
      "context",
      "out-tracker",
      "borrows-array",
      "plain",
      "plain",
      "out-parsed",
    ]);
    expect(fn("HPy_New").arguments[2]).toBe("out-struct");
  });
});

describe("against the C API", () => {
  test("the porting guide's pairs are known on both sides and are the equivalents", () => {
    for (const [capi, hpy] of pairs) {
      expect(CAPI_FUNCTIONS.has(capi), capi).toBe(true);
      expect(HPY_FUNCTIONS.has(hpy), hpy).toBe(true);
      expect(HPY_EQUIVALENTS.get(capi), capi).toBe(hpy);
    }
  });

  test("equivalents agree in results, errors and NULL", () => {
    for (const [capiName, hpyName] of HPY_EQUIVALENTS) {
      const capi = CAPI_FUNCTIONS.get(capiName);
      const hpy = fn(hpyName);
      if (capi === undefined) throw new Error(`${capiName} is not in the table`);
      const label = `${capiName} and ${hpyName}`;
      expect(hpy.parameters.length, label).toBe(capi.parameters.length + 1);
      if (capi.ownership.kind === "new") expect(hpy.ownership.kind, label).toBe("new-handle");
      if (capi.ownership.kind === "interior") {
        expect(hpy.ownership, label).toEqual({ kind: "interior", of: capi.ownership.of + 1 });
      }
      expect(["borrowed", "same"], label).not.toContain(capi.ownership.kind);
      if (hpy.error === "negative" || hpy.error === "zero") expect(capi.error, label).toBe(hpy.error);
      if (hpy.error === "none") expect(capi.error, label).toBe("none");
      const handles = hpy.nullable.filter((index) => hpy.parameters[index]?.type === "HPy");
      if (hpyName === "HPy_CallTupleDict") continue;
      expect(
        handles.filter((index) => !capi.nullable.includes(index - 1)),
        label,
      ).toEqual([]);
    }
  });

  test("no equivalent steals or writes through an object pointer", () => {
    for (const capiName of HPY_EQUIVALENTS.keys()) {
      const kinds = CAPI_FUNCTIONS.get(capiName)?.parameters.map(({ ownership }) => ownership) ?? [];
      const odd = kinds.filter((kind) => kind !== "borrows" && kind !== "plain");
      expect(odd, capiName).toEqual(capiName === "PyContextVar_Get" ? ["out-new"] : []);
    }
  });
});
