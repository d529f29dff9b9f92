/**
 * Argument parsing: `PyArg_ParseTuple`, `PyArg_ParseTupleAndKeywords` and `PyArg_UnpackTuple` to HPy.
 *
 * A unit that HPy converts as CPython does is left to `HPyArg_Parse`; every other unit is converted by a support
 * function from its argument. Conversions run from left to right like the original's, so that the first wrong argument
 * decides which exception is raised. What the earlier ones acquired (buffers, encoded text, what converters made) is
 * undone when a later one fails. The number of arguments is checked before any of them is converted, which HPyArg_Parse
 * does not: a conversion of its own that could run Python code, or raise, waits for `hpyx_arg_count`.
 *
 * Keyword arguments are not given to `HPyArg_ParseKeywords`, which accepts unknown names, names given twice and too
 * many arguments in silence, and makes a tracked duplicate of every `O`. `hpyx_bind_keywords` binds them to
 * parameters first, with the checks and messages of CPython, as aliases that live as long as the call. Constructors and
 * initialisers of types get a dict, whose values are new handles: `hpyx_bind_keywords_dict` opens all arguments, and they
 * are closed after the conversion or, when the targets refer to them, by the caller.
 */
import { type ArgumentFormat, type ArgumentUnit, keepsArguments, readArgumentFormat } from "../model/format-units.ts";
import type { ArgumentPlan, ArgumentRequest, TargetEffect, Unsupported } from "./argument-parsing.types.ts";
import { cString } from "./c-literal.ts";

/** Units for which `HPyArg_Parse` has CPython's result and exception type, missing optional arguments included. */
const NATIVE_UNITS = new Set([..."bBhHiIlLfdO"]);

/** Units whose conversion can run Python code or raise something else than TypeError, and that can be tried out. */
const PROBED_UNITS = new Set([..."bBhHiIlLfdpnszy"]);
/** Units of which that holds too, but whose conversion acquires something. */
const UNPROBED_UNITS: ReadonlySet<string> = new Set(["s*", "z*", "y*", "w*", "es", "et", "es#", "et#", "D", "O&", "("]);

/** How a support function converts one unit. */
interface HandUnit {
  readonly function: string;
  /** C types of the pointers that it takes last, in order. */
  readonly outputs: readonly string[];
  readonly effects: readonly ("alias" | "interior" | "plain")[];
}

const HAND_UNITS: Readonly<Record<string, HandUnit>> = {
  p: { function: "hpyx_arg_bool", outputs: ["int"], effects: ["plain"] },
  n: { function: "hpyx_arg_ssize", outputs: ["HPy_ssize_t"], effects: ["plain"] },
  k: { function: "hpyx_arg_ulong", outputs: ["unsigned long"], effects: ["plain"] },
  K: { function: "hpyx_arg_ulonglong", outputs: ["unsigned long long"], effects: ["plain"] },
  c: { function: "hpyx_arg_byte", outputs: ["char"], effects: ["plain"] },
  C: { function: "hpyx_arg_character", outputs: ["int"], effects: ["plain"] },
  s: { function: "hpyx_arg_str", outputs: ["const char *"], effects: ["interior"] },
  z: { function: "hpyx_arg_str_or_none", outputs: ["const char *"], effects: ["interior"] },
  "s#": { function: "hpyx_arg_text", outputs: ["const char *", "HPy_ssize_t"], effects: ["interior", "plain"] },
  "z#": { function: "hpyx_arg_text_or_none", outputs: ["const char *", "HPy_ssize_t"], effects: ["interior", "plain"] },
  y: { function: "hpyx_arg_bytes_string", outputs: ["const char *"], effects: ["interior"] },
  "y#": { function: "hpyx_arg_bytes", outputs: ["const char *", "HPy_ssize_t"], effects: ["interior", "plain"] },
  U: { function: "hpyx_arg_unicode", outputs: ["HPy"], effects: ["alias"] },
  S: { function: "hpyx_arg_bytes_object", outputs: ["HPy"], effects: ["alias"] },
  Y: { function: "hpyx_arg_bytearray", outputs: ["HPy"], effects: ["alias"] },
  D: { function: "hpyx_arg_complex", outputs: ["Py_complex"], effects: ["plain"] },
};

/** Spellings of a C type that need no cast to the one that a support function takes. */
const SAME_TYPES: Readonly<Record<string, readonly string[]>> = {
  HPy_ssize_t: ["Py_ssize_t"],
  "unsigned long": ["unsigned long int"],
};

/** Tests of an object that the target has received; they take the object, the label and, for `O!`, the type. */
const OBJECT_TESTS: Readonly<Record<string, string>> = {
  "O!": "hpyx_arg_is_instance",
  U: "hpyx_arg_is_str",
  S: "hpyx_arg_is_bytes",
  Y: "hpyx_arg_is_bytearray",
};

/** Buffer units: filled by the C API itself, since HPy 0.9.0 cannot read a buffer. */
const BUFFER_UNITS = new Set(["s*", "z*", "y*", "w*"]);
const ENCODED_UNITS = new Set(["es", "et", "es#", "et#"]);

/** Converters of the C API that have a support function of their own, with what their target receives. */
const KNOWN_CONVERTERS: Readonly<Record<string, string>> = {
  PyUnicode_FSConverter: "hpyx_arg_fs_bytes",
  PyUnicode_FSDecoder: "hpyx_arg_fs_str",
};

const WORDING =
  "Wrong arguments raise the same exceptions as before; the texts of those that HPy itself reports are HPy's.";
const UNPROBED =
  "When an argument is missing, or one is given by a name that is wrong, TypeError is raised before buffers, encoded text, nested sequences and arguments with converters are looked at.";
const TEXT_BUFFERS =
  "`s#`, `z#`, `y` and `y#` take str and bytes; other objects with a read-only buffer that is never released, such as ctypes arrays, now raise TypeError.";

/** One operand of the condition that replaces the parser call. */
interface Conversion {
  readonly call: string;
  /** What to do when a later conversion fails; null for nothing. */
  readonly undo: Undo | null;
}

interface Undo {
  /** An expression that is 0. */
  readonly text: string;
  /** The support function in it; null for none. */
  readonly name: string | null;
}

interface Build {
  readonly request: ArgumentRequest;
  /** The function's name and parenthesis for messages, such as `f() `; empty without a name. */
  readonly label: string;
  /** In the order of the original's conversions. */
  readonly conversions: Conversion[];
  readonly declarations: string[];
  readonly receives: TargetEffect[];
  readonly support: Set<string>;
  readonly notes: Set<string>;
  tracker: string | null;
  /** The array of opened arguments, for keywords in a dict. */
  opened: { readonly name: string; readonly count: number; readonly until: "converted" | "closed" } | null;
  bridged: boolean;
}

/** A unit with its place among the parameters and its share of the targets. */
interface PlacedUnit {
  readonly unit: ArgumentUnit;
  /** 0-based index of the parameter. */
  readonly index: number;
  /** Index of its first target. */
  readonly first: number;
  readonly optional: boolean;
  /** Whether no unit follows. */
  readonly last: boolean;
  /** What messages call it, such as `f() argument 2`. */
  readonly label: string;
}

/** Plans the HPy form of one argument parsing call. */
export function planArgumentParsing(request: ArgumentRequest): ArgumentPlan | Unsupported {
  if (request.flavour === "unpack" && request.tuple === undefined) return planUnpack(request);
  const text = request.flavour === "unpack" ? unpackFormat(request) : request.format;
  if (typeof text !== "string") return text;
  const format = readArgumentFormat(text);
  if ("problem" in format) return { unsupported: format.problem };
  const wanted = format.units.reduce((sum, unit) => sum + unit.targets, 0);
  if (wanted !== request.targets.length && request.flavour !== "unpack") {
    return { unsupported: `the format takes ${wanted} arguments, the call gives ${request.targets.length}` };
  }
  const build = newBuild(request, format);
  const problem =
    request.flavour === "keywords"
      ? planKeywords(build, format)
      : request.tuple === undefined
        ? planPositional(build, format)
        : planTuple(build, format, request.tuple);
  return problem ?? finish(build);
}

function newBuild(request: ArgumentRequest, format: ArgumentFormat): Build {
  return {
    request,
    label: format.tail.startsWith(":") ? `${format.tail.slice(1)}() ` : "",
    conversions: [],
    declarations: [],
    receives: [],
    support: new Set(),
    notes: new Set(),
    tracker: null,
    opened: null,
    bridged: false,
  };
}

/** Adds conversions of which nothing must be undone. */
function convert(build: Build, ...calls: readonly string[]): void {
  build.conversions.push(...calls.map((call) => ({ call, undo: null })));
}

function finish(build: Build): ArgumentPlan {
  const operands: string[] = [];
  const undo: Undo[] = [];
  for (const conversion of build.conversions) {
    operands.push(
      undo.length === 0 ? conversion.call : `(${[conversion.call, ...undo.map(({ text }) => text)].join(" || ")})`,
    );
    for (const { name } of undo) if (name !== null) build.support.add(name);
    if (conversion.undo !== null) undo.unshift(conversion.undo);
  }
  return {
    operands: closeOpened(build, operands),
    declarations: build.declarations,
    release: releaseOf(build),
    receives: build.receives,
    support: [...build.support].sort(),
    bridged: build.bridged,
    notes: [WORDING, ...build.notes],
  };
}

/** The operands with the closes of opened arguments: when a conversion fails, or after all when nothing refers to them. */
function closeOpened({ request, opened, support }: Build, operands: readonly string[]): readonly string[] {
  const [bind, ...conversions] = operands;
  if (opened === null || bind === undefined) return operands;
  const converted = conversions.join(" && ");
  if (opened.until === "converted") {
    support.add("hpyx_close_items");
    return [bind, `hpyx_close_items(${[request.ctx, converted, opened.count, opened.name].join(", ")})`];
  }
  support.add("hpyx_undo_arguments");
  const undo = `hpyx_undo_arguments(${[request.ctx, opened.count, opened.name].join(", ")})`;
  return [bind, conversions.length > 1 ? `((${converted}) || ${undo})` : `(${converted} || ${undo})`];
}

function releaseOf({ request, opened, support, tracker }: Build): string | null {
  if (tracker !== null) return `HPyTracker_Close(${request.ctx}, ${tracker})`;
  if (opened?.until !== "closed") return null;
  support.add("hpyx_close_arguments");
  return `hpyx_close_arguments(${request.ctx}, ${opened.count}, ${opened.name})`;
}

/** The format that says what `PyArg_UnpackTuple` does. */
function unpackFormat({ unpack, targets }: ArgumentRequest): string | Unsupported {
  if (unpack === undefined) return { unsupported: "the bounds of PyArg_UnpackTuple are not known" };
  if (targets.length < unpack.maximum) return { unsupported: "PyArg_UnpackTuple has fewer targets than its maximum" };
  const optional = "O".repeat(unpack.maximum - unpack.minimum);
  const units = "O".repeat(unpack.minimum) + (optional === "" ? "" : `|${optional}`);
  return units + (unpack.name === "" ? "" : `:${unpack.name}`);
}

function planUnpack(request: ArgumentRequest): ArgumentPlan | Unsupported {
  const format = unpackFormat(request);
  if (typeof format !== "string") return format;
  const { unpack, ctx, args, nargs, targets } = request;
  const used = targets.slice(0, unpack?.maximum);
  const call = `HPyArg_Parse(${[ctx, "NULL", args, nargs, cString(format), ...used].join(", ")})`;
  return {
    operands: [call],
    declarations: [],
    release: null,
    receives: targets.map((_, index) => ({ kind: "alias", optional: index >= (unpack?.minimum ?? 0) })),
    support: [],
    bridged: false,
    notes: [WORDING],
  };
}

/** A tuple that is not the arguments: its items are opened, like the keywords in a dict. */
function planTuple(build: Build, format: ArgumentFormat, tuple: string): Unsupported | null {
  const { request } = build;
  if (format.positional < format.units.length) return { unsupported: "`$` in a format without keywords" };
  if (format.units.some(keepsItems)) return { unsupported: "a nested sequence with objects or text in a tuple" };
  const placed = placeUnits(build, format);
  build.support.add("hpyx_bind_tuple");
  const bind = (bound: string): string =>
    `hpyx_bind_tuple(${[request.ctx, tuple, format.required, placed.length, functionName(format), bound].join(", ")})`;
  if (placed.length === 0) {
    convert(build, bind("NULL"));
    return null;
  }
  const bound = request.fresh("items");
  const until = keepsArguments(format.units) ? "closed" : "converted";
  build.opened = { name: bound, count: placed.length, until };
  build.declarations.push(`HPy ${bound}[${placed.length}]`);
  convert(build, bind(bound));
  return planBound(build, format, placed, bound);
}

function placeUnits(build: Build, format: ArgumentFormat): PlacedUnit[] {
  let first = 0;
  return format.units.map((unit, index) => {
    const label = `${build.label}argument ${index + 1}`;
    const last = index + 1 === format.units.length;
    const placed = { unit, index, first, optional: index >= format.required, last, label };
    first += unit.targets;
    return placed;
  });
}

function isNative({ unit, optional }: PlacedUnit): boolean {
  return NATIVE_UNITS.has(unit.code) || (unit.code === "p" && !optional);
}

/**
 * The object that a required unit such as `O!` or `U` receives, as an expression: it is parsed as `O` and tested
 * after. Null for other units, and where the target is not the address of something.
 */
function testedObject(build: Build, { unit, first, optional }: PlacedUnit): string | null {
  const target = build.request.targets[first + unit.targets - 1] ?? "";
  if (optional || OBJECT_TESTS[unit.code] === undefined || !target.startsWith("&")) return null;
  return target.slice(1);
}

function testObject(build: Build, { unit, first, label }: PlacedUnit, object: string): readonly TargetEffect[] {
  const { ctx, targets } = build.request;
  const name = OBJECT_TESTS[unit.code] ?? "";
  build.support.add(name);
  const type = unit.code === "O!" ? [targets[first] ?? ""] : [];
  convert(build, `${name}(${[ctx, object, cString(label), ...type].join(", ")})`);
  const received: TargetEffect = { kind: "alias", optional: false };
  return unit.code === "O!" ? [{ kind: "type" }, received] : [received];
}

/** The name after `:` or the message after `;` is kept for every parser call. */
function parseCall(
  build: Build,
  source: string,
  count: string,
  units: string,
  tail: string,
  targets: readonly string[],
) {
  const { ctx } = build.request;
  return `HPyArg_Parse(${[ctx, "NULL", source, count, cString(units + tail), ...targets].join(", ")})`;
}

/** Puts a check of the number of arguments before a call of HPyArg_Parse that converts some of them itself. */
function checkCount(build: Build, format: ArgumentFormat, placed: readonly PlacedUnit[]): void {
  if (!placed.some((unit) => isNative(unit) && unit.unit.code !== "O")) return;
  const { ctx, nargs } = build.request;
  const range = `${format.required}, ${placed.length}`;
  build.support.add("hpyx_arg_count");
  convert(build, `hpyx_arg_count(${ctx}, ${nargs}, ${range}, ${functionName(format)})`);
}

function planPositional(build: Build, format: ArgumentFormat): Unsupported | null {
  const { request } = build;
  if (format.positional < format.units.length) return { unsupported: "`$` in a format without keywords" };
  const placed = placeUnits(build, format);
  if (placed.every(isNative)) {
    const units = request.format.slice(0, request.format.length - format.tail.length);
    checkCount(build, format, placed);
    convert(build, parseCall(build, request.args, request.nargs, units, format.tail, request.targets));
    for (const unit of placed) build.receives.push(nativeEffect(unit));
    return null;
  }
  // A conversion by HPyArg_Parse after one by hand would run too early if one call did them all.
  const firstByHand = placed.findIndex((unit) => !isNative(unit));
  const mixed =
    firstByHand >= 0 && placed.some((unit, index) => index > firstByHand && unit.unit.code !== "O" && isNative(unit));
  if (mixed) {
    const bound = request.fresh("bound");
    build.declarations.push(`HPy ${bound}[${placed.length}]`);
    const range = `${format.required}, ${placed.length}`;
    const name = functionName(format);
    convert(
      build,
      `hpyx_bind_arguments(${request.ctx}, ${request.args}, ${request.nargs}, ${range}, ${name}, ${bound})`,
    );
    build.support.add("hpyx_bind_arguments");
    return planBound(build, format, placed, bound);
  }
  let units = "";
  const targets: string[] = [];
  const later: { readonly unit: PlacedUnit; readonly alias: string | null }[] = [];
  for (const unit of placed) {
    if (unit.index === format.required) units += "|";
    const object = testedObject(build, unit);
    if (isNative(unit)) {
      units += unit.unit.code;
      targets.push(request.targets[unit.first] ?? "");
    } else if (object !== null) {
      units += "O";
      targets.push(`&${object}`);
      later.push({ unit, alias: null });
    } else {
      const alias = request.fresh(`arg_${identifierIn(request.targets[unit.first + unit.unit.targets - 1] ?? "")}`);
      build.declarations.push(`HPy ${alias} = HPy_NULL`);
      units += "O";
      targets.push(`&${alias}`);
      later.push({ unit, alias });
    }
  }
  checkCount(build, format, placed);
  convert(build, parseCall(build, request.args, request.nargs, units, format.tail, targets));
  const effects = new Map<number, readonly TargetEffect[]>();
  for (const { unit, alias } of later) {
    const converted =
      alias === null
        ? testObject(build, unit, testedObject(build, unit) ?? "")
        : convertByHand(build, unit, alias, format.tail);
    if ("unsupported" in converted) return converted;
    effects.set(unit.index, converted);
  }
  for (const unit of placed) build.receives.push(...(effects.get(unit.index) ?? [nativeEffect(unit)]));
  return null;
}

function planKeywords(build: Build, format: ArgumentFormat): Unsupported | null {
  const { request } = build;
  const { keywordNames: names, keywords } = request;
  if (names === undefined || keywords === undefined) return { unsupported: "the keyword list is not known" };
  if (names.length !== format.units.length) {
    return { unsupported: `the format has ${format.units.length} units, the keyword list ${names.length} names` };
  }
  const unnamed = names.findIndex((name) => name !== "");
  if (unnamed >= 0 && names.includes("", unnamed))
    return { unsupported: "an empty name after others in the keyword list" };
  const onlyByPosition = unnamed < 0 ? names.length : unnamed;
  if (onlyByPosition > format.positional) return { unsupported: "an empty name after `$` in the keyword list" };
  const placed = placeUnits(build, format);
  if (placed.length === 0) {
    // An array of no elements is not C; the function accepts nothing and needs no place for it.
    convert(build, bindKeywords(build, format, keywords, "NULL"));
    return null;
  }
  const bound = request.fresh("bound");
  if (request.keywordsIn === "dict") {
    if (format.units.some(keepsItems))
      return { unsupported: "a nested sequence with objects or text beside keywords in a dict" };
    const until = keepsArguments(format.units) ? "closed" : "converted";
    build.opened = { name: bound, count: placed.length, until };
  }
  build.declarations.push(`HPy ${bound}[${placed.length}]`);
  convert(build, bindKeywords(build, format, keywords, bound));
  return planBound(build, format, placed, bound);
}

function bindKeywords(build: Build, format: ArgumentFormat, keywords: string, bound: string): string {
  const { ctx, args, nargs, kwnames, keywordsIn } = build.request;
  const name = keywordsIn === "dict" ? "hpyx_bind_keywords_dict" : "hpyx_bind_keywords";
  build.support.add(name);
  const names = `(const char *const *)${keywords}`;
  const range = `${format.required}, ${format.positional}`;
  const units = probedUnits(build, format);
  return `${name}(${[ctx, args, nargs, kwnames, names, range, functionName(format), units, bound].join(", ")})`;
}

/**
 * What `hpyx_arg_probe` converts when arguments are missing or superfluous, as a C string with a character per parameter;
 * `NULL` when no conversion raises anything but TypeError.
 */
function probedUnits(build: Build, format: ArgumentFormat): string {
  if (format.units.some((unit) => UNPROBED_UNITS.has(unit.code))) build.notes.add(UNPROBED);
  const codes = format.units.map((unit) => (PROBED_UNITS.has(unit.code) ? unit.code : "O"));
  while (codes[codes.length - 1] === "O") codes.pop();
  return codes.length === 0 ? "NULL" : cString(codes.join(""));
}

function functionName(format: ArgumentFormat): string {
  return format.tail.startsWith(":") ? cString(format.tail.slice(1)) : "NULL";
}

/** Converts from an array with one alias per parameter, HPy_NULL where the argument is missing. */
function planBound(
  build: Build,
  format: ArgumentFormat,
  placed: readonly PlacedUnit[],
  bound: string,
): Unsupported | null {
  const { request } = build;
  let run: { readonly unit: PlacedUnit; readonly code: string; readonly target: string }[] = [];
  const flush = (): void => {
    const start = run[0];
    if (start === undefined) return;
    let units = "";
    for (const { unit, code } of run) {
      if (unit.index === format.required || (unit === start.unit && unit.optional)) units += "|";
      units += code;
    }
    const targets = run.map(({ target }) => target);
    const source = start.unit.index === 0 ? bound : `${bound} + ${start.unit.index}`;
    convert(build, parseCall(build, source, String(run.length), units, format.tail, targets));
    run = [];
  };
  for (const unit of placed) {
    if (isNative(unit)) {
      run.push({ unit, code: unit.unit.code, target: request.targets[unit.first] ?? "" });
      build.receives.push(nativeEffect(unit));
      continue;
    }
    const object = testedObject(build, unit);
    if (object !== null) {
      run.push({ unit, code: "O", target: `&${object}` });
      flush();
      build.receives.push(...testObject(build, unit, object));
      continue;
    }
    flush();
    const converted = convertByHand(build, unit, `${bound}[${unit.index}]`, format.tail);
    if ("unsupported" in converted) return converted;
    build.receives.push(...converted);
  }
  flush();
  return null;
}

function nativeEffect({ unit, optional }: PlacedUnit): TargetEffect {
  return unit.code === "O" ? { kind: "alias", optional } : { kind: "plain", optional };
}

/** Adds the conversion of a unit from the handle `source`, which is HPy_NULL when the argument is missing. */
function convertByHand(
  build: Build,
  placed: PlacedUnit,
  source: string,
  tail: string,
): readonly TargetEffect[] | Unsupported {
  const { request } = build;
  const { unit, first, optional } = placed;
  const label = cString(placed.label);
  const target = (offset: number): string => request.targets[first + offset] ?? "";
  const call = (name: string, ...rest: readonly string[]): string => {
    build.support.add(name);
    return `${name}(${[request.ctx, source, ...rest].join(", ")})`;
  };
  const acquire: Acquire = (text, undoName, ...undoArguments) => {
    build.conversions.push({ call: text, undo: { text: `${undoName}(${undoArguments.join(", ")})`, name: undoName } });
  };

  const hand = HAND_UNITS[unit.code];
  if (hand !== undefined) {
    const outputs = hand.outputs.map((type, offset) => castTo(request, first + offset, type));
    convert(build, call(hand.function, label, ...outputs));
    if (unit.code === "D") build.bridged = true;
    if (["s#", "z#", "y", "y#"].includes(unit.code)) build.notes.add(TEXT_BUFFERS);
    return hand.effects.map((kind) => (kind === "interior" ? { kind, optional, tracked: false } : { kind, optional }));
  }
  if (unit.code === "O!") {
    convert(build, call("hpyx_arg_instance", label, target(0), castTo(request, first + 1, "HPy")));
    return [{ kind: "type" }, { kind: "alias", optional }];
  }
  if (BUFFER_UNITS.has(unit.code)) {
    const view = castTo(request, first, "Py_buffer");
    acquire(call("hpyx_arg_buffer", cString(unit.code + tail), view), "hpyx_undo_buffer", source, view);
    build.bridged = true;
    return [{ kind: "plain", optional }];
  }
  if (ENCODED_UNITS.has(unit.code)) return convertEncoded(build, placed, source, call, acquire, tail);
  if (unit.code === "O&") return convertWithConverter(build, placed, source, call, acquire);
  if (unit.code === "(") return convertNested(build, placed, source, label, tail);
  return { unsupported: `unit \`${unit.code}\` has no counterpart` };
}

type Call = (name: string, ...rest: readonly string[]) => string;
type Acquire = (text: string, undoName: string, ...undoArguments: readonly string[]) => void;

function convertEncoded(
  build: Build,
  { unit, first, optional, last }: PlacedUnit,
  source: string,
  call: Call,
  acquire: Acquire,
  tail: string,
): readonly TargetEffect[] | Unsupported {
  const { request } = build;
  const buffer = castTo(request, first + 1, "char *");
  const encoding = request.targets[first] ?? "NULL";
  const format = cString(unit.code + tail);
  if (unit.code.endsWith("#")) {
    // With `#` the caller may have given a buffer of its own, which must not be freed when a later argument fails.
    if (!last) return { unsupported: `unit \`${unit.code}\` before others` };
    const size = castTo(request, first + 2, "HPy_ssize_t");
    convert(build, call("hpyx_arg_encoded_sized", format, encoding, buffer, size));
    build.bridged = true;
    return [{ kind: "input" }, { kind: "plain", optional }, { kind: "plain", optional }];
  }
  acquire(call("hpyx_arg_encoded", format, encoding, buffer), "hpyx_undo_encoded", source, buffer);
  build.bridged = true;
  return [{ kind: "input" }, { kind: "plain", optional }];
}

function convertWithConverter(
  build: Build,
  { first, optional }: PlacedUnit,
  source: string,
  call: Call,
  acquire: Acquire,
): readonly TargetEffect[] | Unsupported {
  const { request } = build;
  const converter = request.targets[first] ?? "";
  const known = KNOWN_CONVERTERS[converter];
  if (known !== undefined) {
    const output = castTo(request, first + 1, "HPy");
    acquire(call(known, output), "hpyx_undo_handle", request.ctx, source, output);
    return [{ kind: "input" }, { kind: "owned", optional }];
  }
  const type = request.targetTypes?.[first + 1];
  if (type === undefined) return { unsupported: `what the converter ${converter} writes is not known` };
  if (type === "HPy" || type.startsWith("PyObject")) {
    return { unsupported: `the converter ${converter} writes a reference to an object` };
  }
  const state = request.fresh("converted");
  build.declarations.push(`int ${state} = 0`);
  const output = request.targets[first + 1] ?? "";
  acquire(call("hpyx_arg_convert", converter, output, `&${state}`), "hpyx_undo_convert", converter, output, state);
  build.bridged = true;
  return [{ kind: "input" }, { kind: "plain", optional }];
}

/** Whether the unit is a nested sequence with objects or text, whose items must stay open after the conversion. */
function keepsItems(unit: ArgumentUnit): boolean {
  return keepsArguments(unit.items);
}

/**
 * A nested sequence. Its items are new handles: closed as soon as the numbers are read, or given to a tracker when the
 * targets receive the items themselves or pointers into them.
 */
function convertNested(
  build: Build,
  { unit, first, optional, label: name }: PlacedUnit,
  source: string,
  label: string,
  tail: string,
): readonly TargetEffect[] | Unsupported {
  const { request } = build;
  const strange = unit.items.find((item) => !isPossibleItem(item));
  if (strange !== undefined) return { unsupported: `unit \`${strange.code}\` in a nested sequence` };
  if (unit.items.length === 0) return { unsupported: "a nested sequence without units" };
  const items = request.fresh("items");
  const count = String(unit.items.length);
  const inner: Build = { ...build, conversions: [], receives: [] };
  let next = first;
  const placed = unit.items.map((item, at) => {
    const place = {
      unit: item,
      index: at,
      first: next,
      optional,
      last: at + 1 === unit.items.length,
      label: `${name}, item ${at + 1}`,
    };
    next += item.targets;
    return place;
  });
  const format = { units: unit.items, required: optional ? 0 : placed.length, positional: placed.length, tail };
  build.declarations.push(`HPy ${items}[${count}]`);
  const problem = planBound(inner, format, placed, items);
  if (problem !== null) return problem;
  if (!keepsItems(unit)) {
    build.support.add("hpyx_arg_items");
    build.support.add("hpyx_close_items");
    convert(
      build,
      `hpyx_arg_items(${[request.ctx, source, label, count, items].join(", ")})`,
      `hpyx_close_items(${[request.ctx, inner.conversions.map(({ call }) => call).join(" && "), count, items].join(", ")})`,
    );
    return inner.receives;
  }
  if (build.tracker === null) {
    build.tracker = request.fresh("tracker");
    build.declarations.push(`HPyTracker ${build.tracker}`);
    build.support.add("hpyx_open_tracker");
    build.conversions.push({
      call: `hpyx_open_tracker(${request.ctx}, &${build.tracker})`,
      undo: { text: `(HPyTracker_Close(${request.ctx}, ${build.tracker}), 0)`, name: null },
    });
  }
  build.support.add("hpyx_arg_tracked_items");
  const unpack = `hpyx_arg_tracked_items(${[request.ctx, source, label, build.tracker, count, items].join(", ")})`;
  convert(build, unpack);
  build.conversions.push(...inner.conversions);
  return inner.receives.map((effect): TargetEffect => {
    if (effect.kind === "alias") return { kind: "tracked", optional };
    return effect.kind === "interior" ? { ...effect, tracked: true } : effect;
  });
}

/** Units in a nested sequence that need nothing undone. A sequence with kept items must not stand inside another. */
function isPossibleItem(item: ArgumentUnit): boolean {
  if (item.code === "(") return !keepsItems(item) && item.items.every(isPossibleItem);
  return (
    item.code !== "D" &&
    item.code !== "O&" &&
    (keepsArguments([item]) || NATIVE_UNITS.has(item.code) || HAND_UNITS[item.code] !== undefined)
  );
}

/** The target as a pointer to `type`, with a cast unless it is declared so. */
function castTo(request: ArgumentRequest, index: number, type: string): string {
  const target = request.targets[index] ?? "";
  const declared = request.targetTypes?.[index];
  if (type === "HPy" || type === "Py_buffer" || type === "Py_complex") return target;
  if (declared === type || (declared !== undefined && SAME_TYPES[type]?.includes(declared))) return target;
  return `(${type}${type.endsWith("*") ? "" : " "}*)${target}`;
}

/** The last identifier in a C expression such as `&self->name`, for a readable name. */
function identifierIn(expression: string): string {
  let identifier = "";
  let current = "";
  for (const character of `${expression} `) {
    const word = (character >= "a" && character <= "z") || (character >= "A" && character <= "Z") || character === "_";
    if (word || (current !== "" && character >= "0" && character <= "9")) current += character;
    else {
      if (current !== "") identifier = current;
      current = "";
    }
  }
  return identifier === "" ? "value" : identifier;
}
