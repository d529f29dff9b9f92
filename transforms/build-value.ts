/**
 * `Py_BuildValue` and the formats of `PyObject_CallFunction` and `PyObject_CallMethod` to HPy.
 *
 * `HPy_BuildValue` knows fewer units and no separators but its own. A unit that it lacks becomes `O` with a handle
 * that a support function creates before and that is closed after; `N`, which gave a reference away, becomes `O` with
 * a handle that is closed after. One unit alone is built by its own function, which is cheaper.
 */
import { type BuildUnit, readBuildFormat } from "../model/format-units.ts";
import type { BuildPlan, BuildRequest, Unsupported } from "./argument-parsing.types.ts";
import { cString } from "./c-literal.ts";

/** A call whose arguments come from a format. */
export interface CallRequest extends BuildRequest {
  /** The callable; for a method call the object, with `method` the C source of the method's name. */
  readonly callable: string;
  readonly method?: string;
}

/** Function and cast that make an object of one number. The cast does what passing through `...` did. */
const NUMBERS: Readonly<Record<string, { readonly function: string; readonly cast: string }>> = {
  b: { function: "HPyLong_FromLong", cast: "int" },
  B: { function: "HPyLong_FromLong", cast: "int" },
  h: { function: "HPyLong_FromLong", cast: "int" },
  i: { function: "HPyLong_FromLong", cast: "int" },
  H: { function: "HPyLong_FromUnsignedLong", cast: "unsigned int" },
  I: { function: "HPyLong_FromUnsignedLong", cast: "unsigned int" },
  l: { function: "HPyLong_FromLong", cast: "" },
  k: { function: "HPyLong_FromUnsignedLong", cast: "" },
  L: { function: "HPyLong_FromLongLong", cast: "" },
  K: { function: "HPyLong_FromUnsignedLongLong", cast: "" },
  n: { function: "HPyLong_FromSsize_t", cast: "" },
  f: { function: "HPyFloat_FromDouble", cast: "" },
  d: { function: "HPyFloat_FromDouble", cast: "" },
};

/** Units of HPy_BuildValue that stand for units which it lacks but which pass the same C type. */
const RENAMED: Readonly<Record<string, string>> = { b: "i", B: "i", h: "i", H: "I", S: "O" };

interface Building {
  readonly request: BuildRequest;
  readonly closes: { readonly name: string; readonly create: string | null }[];
  readonly support: Set<string>;
  /** Arguments of HPy_BuildValue. */
  readonly values: string[];
  /** Index of the next value of the request. */
  next: number;
  bridged: boolean;
}

/** Plans the HPy form of `Py_BuildValue(format, values...)`: an expression for a new handle, or HPy_NULL on failure. */
export function planBuildValue(request: BuildRequest): BuildPlan | Unsupported {
  const units = readUnits(request);
  if ("unsupported" in units) return units;
  const build = newBuilding(request);
  return finish(build, buildExpression(build, units));
}

/** Plans `PyObject_CallFunction` or `PyObject_CallMethod`: an expression for the result of the call. */
export function planCallArguments(request: CallRequest): BuildPlan | Unsupported {
  const units = readUnits(request);
  if ("unsupported" in units) return units;
  const build = newBuilding(request);
  const { ctx, callable, method } = request;
  const only = units.length === 1 ? units[0] : undefined;
  // One object is a list of arguments when it is a tuple, and a format of one parenthesis is such a tuple.
  const list = only?.code === "(" ? only.items : units;
  if (only !== undefined && only.code !== "(" && mayBeTuple(only)) {
    const name = method === undefined ? "hpyx_call_unpacked" : "hpyx_call_method_unpacked";
    build.support.add(name);
    const value = handleFor(build, only);
    const receiver = method === undefined ? [callable] : [callable, method];
    return finish(build, `${name}(${[ctx, ...receiver, value].join(", ")})`);
  }
  const handles = list.map((unit) => handleFor(build, unit));
  if (method === undefined && handles.length === 0) {
    return finish(build, `HPy_Call(${ctx}, ${callable}, NULL, 0, HPy_NULL)`);
  }
  const name = method === undefined ? "hpyx_call_values" : "hpyx_call_method_values";
  build.support.add(name);
  const receiver = method === undefined ? [callable] : [callable, method];
  return finish(build, `${name}(${[ctx, ...receiver, String(handles.length), ...handles].join(", ")})`);
}

/** `O&` and the object units can give a tuple; so can a converter. Everything else gives another type. */
function mayBeTuple(unit: BuildUnit): boolean {
  return ["O", "S", "N", "O&"].includes(unit.code);
}

function readUnits(request: BuildRequest): readonly BuildUnit[] | Unsupported {
  const units = readBuildFormat(request.format);
  if ("problem" in units) return { unsupported: units.problem };
  const wanted = countValues(units);
  if (wanted !== request.values.length) {
    return { unsupported: `the format takes ${wanted} values, the call gives ${request.values.length}` };
  }
  return units;
}

function countValues(units: readonly BuildUnit[]): number {
  return units.reduce((sum, unit) => sum + unit.values + countValues(unit.items), 0);
}

function newBuilding(request: BuildRequest): Building {
  return { request, closes: [], support: new Set(), values: [], next: 0, bridged: false };
}

function finish(build: Building, expression: string): BuildPlan {
  return {
    expression,
    closes: build.closes,
    support: [...build.support].sort(),
    bridged: build.bridged,
    notes: [],
  };
}

/** An expression for a new handle with the value of the units: None, one object, or a tuple. */
function buildExpression(build: Building, units: readonly BuildUnit[]): string {
  const { request } = build;
  const { ctx } = request;
  const only = units.length === 1 ? units[0] : undefined;
  if (units.length === 0) return `HPy_Dup(${ctx}, ${ctx}->h_None)`;
  if (only !== undefined && only.items.length === 0 && only.values > 0) {
    const single = singleExpression(build, only);
    if (single !== null) return single;
  }
  const tuple = only?.code === "(" ? only.items : only === undefined ? units : null;
  if (tuple?.every((unit, index) => isObject(unit) && request.nonNull?.[index] === true)) {
    const handles = tuple.map((unit) => handleFor(build, unit));
    return `HPyTuple_Pack(${[ctx, String(handles.length), ...handles].join(", ")})`;
  }
  const format =
    units.length === 1 ? formatOf(build, units[0] as BuildUnit) : units.map((unit) => formatOf(build, unit)).join("");
  return `HPy_BuildValue(${[ctx, cString(format), ...build.values].join(", ")})`;
}

function isObject(unit: BuildUnit): boolean {
  return unit.code === "O" || unit.code === "S" || unit.code === "N";
}

/** The cheapest form of a format with one unit; null when only HPy_BuildValue will do. */
function singleExpression(build: Building, unit: BuildUnit): string | null {
  const { request } = build;
  if (unit.code === "N") {
    // The reference that the original gave away is the result, so there is nothing to close either.
    const value = request.values[build.next] ?? "";
    build.next += 1;
    return value;
  }
  if (isObject(unit)) {
    if (request.nonNull?.[build.next] !== true) return null;
    return `HPy_Dup(${request.ctx}, ${takeValue(build)})`;
  }
  return createExpression(build, unit);
}

function takeValue(build: Building): string {
  const value = build.request.values[build.next] ?? "";
  build.next += 1;
  return value;
}

/** A call that makes a new handle from the value of a unit that is neither an object nor a container. */
function createExpression(build: Building, unit: BuildUnit): string {
  const { ctx } = build.request;
  const number = NUMBERS[unit.code];
  if (number !== undefined) {
    const value = takeValue(build);
    const cast = number.cast === "" || isDecimal(value) ? "" : `(${number.cast})`;
    return `${number.function}(${ctx}, ${cast === "" ? value : cast + operand(value)})`;
  }
  const call = (name: string, ...values: readonly string[]): string => {
    build.support.add(name);
    return `${name}(${[ctx, ...values].join(", ")})`;
  };
  const value = takeValue(build);
  switch (unit.code) {
    case "s":
    case "z":
    case "U":
      return isStringLiteral(value) ? `HPyUnicode_FromString(${ctx}, ${value})` : call("hpyx_unicode_or_none", value);
    case "y":
      return isStringLiteral(value) ? `HPyBytes_FromString(${ctx}, ${value})` : call("hpyx_bytes_or_none", value);
    case "s#":
    case "z#":
    case "U#":
      return call("hpyx_unicode_or_none_sized", value, takeValue(build));
    case "y#":
      return call("hpyx_bytes_or_none_sized", value, takeValue(build));
    case "u":
      return call("hpyx_wide_or_none", value, "-1");
    case "u#":
      return call("hpyx_wide_or_none", value, takeValue(build));
    case "c":
      return call("hpyx_bytes_from_char", value);
    case "C":
      return call("hpyx_unicode_from_ordinal", value);
    case "D":
      return call("hpyx_complex_from_doubles", `(${value})->real`, `(${value})->imag`);
    case "O&":
      build.bridged = true;
      return call("hpyx_build_converted", value, takeValue(build));
    default:
      throw new RangeError(`unit ${unit.code} of a build format has no creation`);
  }
}

/** The unit for HPy_BuildValue; its values are added to the arguments. */
function formatOf(build: Building, unit: BuildUnit): string {
  if (unit.code === "(" || unit.code === "[") {
    const closer = unit.code === "(" ? ")" : "]";
    return unit.code + unit.items.map((item) => formatOf(build, item)).join("") + closer;
  }
  if (unit.code === "{") {
    const pairs: string[] = [];
    for (let index = 0; index < unit.items.length; index += 2) {
      const key = formatOf(build, unit.items[index] as BuildUnit);
      pairs.push(`${key}:${formatOf(build, unit.items[index + 1] as BuildUnit)}`);
    }
    return `{${pairs.join(",")}}`;
  }
  if (NUMBERS[unit.code] !== undefined) {
    build.values.push(takeValue(build));
    return RENAMED[unit.code] ?? unit.code;
  }
  if (unit.code === "s" || unit.code === "z" || unit.code === "U") {
    const value = build.request.values[build.next] ?? "";
    if (isStringLiteral(value) || build.request.nonNull?.[build.next] === true) {
      build.values.push(takeValue(build));
      return "s";
    }
  }
  build.values.push(handleFor(build, unit));
  return "O";
}

/** A handle with the unit's value: the value itself for an object, else one that is created and closed. */
function handleFor(build: Building, unit: BuildUnit): string {
  if (unit.code === "O" || unit.code === "S") return takeValue(build);
  const { fresh } = build.request;
  if (unit.code === "N") {
    const value = takeValue(build);
    const created = !isIdentifier(value);
    const name = created ? fresh("item") : value;
    build.closes.push({ name, create: created ? value : null });
    return name;
  }
  const name = fresh("item");
  const create = unit.values > 0 ? createExpression(build, unit) : nestedExpression(build, unit);
  build.closes.push({ name, create });
  return name;
}

/** A container inside the arguments of a call. Its own handles come before it in the list of creations. */
function nestedExpression(build: Building, unit: BuildUnit): string {
  const inner: Building = { ...build, values: [] };
  const format = formatOf(inner, unit);
  build.next = inner.next;
  build.bridged = inner.bridged;
  return `HPy_BuildValue(${[build.request.ctx, cString(format), ...inner.values].join(", ")})`;
}

function isStringLiteral(value: string): boolean {
  return value.startsWith('"');
}

function isWordCharacter(character: string): boolean {
  return (
    (character >= "a" && character <= "z") ||
    (character >= "A" && character <= "Z") ||
    (character >= "0" && character <= "9") ||
    character === "_"
  );
}

function isDecimal(value: string): boolean {
  return value.length < 10 && value !== "" && [...value].every((character) => character >= "0" && character <= "9");
}

function isIdentifier(value: string): boolean {
  return value !== "" && [...value].every(isWordCharacter);
}

/** The value as the operand of a cast. */
function operand(value: string): string {
  return isIdentifier(value) ? value : `(${value})`;
}
