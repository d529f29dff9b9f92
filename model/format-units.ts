/**
 * The three format languages of the C API: `PyArg_Parse*`, `Py_BuildValue` and `PyUnicode_FromFormat`/`PyErr_Format`.
 * Each reader answers a structure, or a sentence that says what is wrong with the format. Facts are from
 * `Doc/c-api/arg.rst`, `Python/getargs.c`, `Python/modsupport.c` and `Objects/unicodeobject.c` of CPython 3.11.
 */

export interface FormatProblem {
  readonly problem: string;
}

/** One unit of a `PyArg_Parse` format; `O&`, `s#`, `es#` and the like are one unit each. */
export interface ArgumentUnit {
  /** The letters as they stand, such as `i`, `z*`, `et#`; `(` for a nested sequence. */
  readonly code: string;
  /** How many C arguments it takes; for a nested sequence those of its items together. */
  readonly targets: number;
  /** The items of a nested sequence, otherwise empty. */
  readonly items: readonly ArgumentUnit[];
}

export interface ArgumentFormat {
  readonly units: readonly ArgumentUnit[];
  /** Number of leading units before `|`; all of them without one. */
  readonly required: number;
  /** Number of leading units before `$`, which may be given by position; all of them without one. */
  readonly positional: number;
  /** What follows the units, such as `:name` or `;message`, with the mark; empty when there is nothing. */
  readonly tail: string;
}

/** Units of one letter that take a single C argument. */
const SIMPLE_ARGUMENTS = new Set([..."bBhHiIlkLKnfdDpcCSUYO"]);
/** Letters that `#` and `*` may follow. */
const TEXT_ARGUMENTS = new Set([..."szyw"]);

/** Reads the format of `PyArg_ParseTuple` and its relatives. */
export function readArgumentFormat(format: string): ArgumentFormat | FormatProblem {
  const end = endOfUnits(format);
  const units: ArgumentUnit[] = [];
  let required = -1;
  let positional = -1;
  let at = 0;
  while (at < end) {
    const letter = format[at];
    if (letter === "|") {
      if (required >= 0) return { problem: "the format has two `|`" };
      if (positional >= 0) return { problem: "the format has `$` before `|`" };
      required = units.length;
      at += 1;
    } else if (letter === "$") {
      if (positional >= 0) return { problem: "the format has two `$`" };
      positional = units.length;
      at += 1;
    } else {
      const read = readArgumentUnit(format, at, end);
      if ("problem" in read) return read;
      units.push(read.unit);
      at = read.next;
    }
  }
  return {
    units,
    required: required < 0 ? units.length : required,
    positional: positional < 0 ? units.length : positional,
    tail: format.slice(end),
  };
}

/** Units whose targets receive an object or a pointer into one, so that it must outlive the parsing. */
const KEEPING_ARGUMENTS = new Set(["O", "O!", "O&", "U", "S", "Y", "s", "z", "y", "s#", "z#", "y#"]);

/** Whether what the targets of units receive lives only as long as the arguments; a converter may keep its argument. */
export function keepsArguments(units: readonly ArgumentUnit[]): boolean {
  return units.some((unit) => KEEPING_ARGUMENTS.has(unit.code) || keepsArguments(unit.items));
}

function endOfUnits(format: string): number {
  for (let at = 0; at < format.length; at += 1) {
    if (format[at] === ":" || format[at] === ";") return at;
  }
  return format.length;
}

function readArgumentUnit(
  format: string,
  at: number,
  end: number,
): { readonly unit: ArgumentUnit; readonly next: number } | FormatProblem {
  const letter = format[at] ?? "";
  const following = at + 1 < end ? (format[at + 1] ?? "") : "";
  if (letter === "(") {
    const items: ArgumentUnit[] = [];
    let next = at + 1;
    while (next < end && format[next] !== ")") {
      const read = readArgumentUnit(format, next, end);
      if ("problem" in read) return read;
      items.push(read.unit);
      next = read.next;
    }
    if (next >= end) return { problem: "a parenthesis in the format is not closed" };
    return { unit: { code: "(", targets: items.reduce((sum, item) => sum + item.targets, 0), items }, next: next + 1 };
  }
  if (letter === "e") {
    if (following !== "s" && following !== "t") return { problem: "the format has `e` without `s` or `t`" };
    const sized = at + 2 < end && format[at + 2] === "#";
    return plainUnit(format, at, sized ? 3 : 2, sized ? 3 : 2);
  }
  if (letter === "O" && (following === "!" || following === "&")) return plainUnit(format, at, 2, 2);
  if (TEXT_ARGUMENTS.has(letter)) {
    if (following === "*") return plainUnit(format, at, 2, 1);
    if (letter === "w") return { problem: "the format has `w` without `*`" };
    return following === "#" ? plainUnit(format, at, 2, 2) : plainUnit(format, at, 1, 1);
  }
  if (SIMPLE_ARGUMENTS.has(letter)) return plainUnit(format, at, 1, 1);
  return { problem: `\`${letter}\` is not a unit of an argument format` };
}

function plainUnit(format: string, at: number, length: number, targets: number) {
  return { unit: { code: format.slice(at, at + length), targets, items: [] }, next: at + length };
}

/** One unit of a `Py_BuildValue` format. */
export interface BuildUnit {
  /** The letters as they stand, such as `i`, `y#`, `O&`; `(`, `[` or `{` for a container. */
  readonly code: string;
  /** How many C values it takes itself; none for a container. */
  readonly values: number;
  /** The items of a container; keys and values alternate in a `{`. */
  readonly items: readonly BuildUnit[];
}

const BUILD_UNITS = new Set([..."bBhHiIlkLKncCdfD"]);
const BUILD_TEXT = new Set([..."szyuU"]);
const BUILD_OBJECTS = new Set([..."OSN"]);
const BUILD_SEPARATORS = new Set([" ", "\t", ",", ":"]);
const BUILD_CLOSERS: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** Reads the format of `Py_BuildValue`, without its separators. */
export function readBuildFormat(format: string): readonly BuildUnit[] | FormatProblem {
  const read = readBuildUnits(format, 0, "");
  return "problem" in read ? read : read.units;
}

function readBuildUnits(
  format: string,
  start: number,
  closer: string,
): { readonly units: readonly BuildUnit[]; readonly next: number } | FormatProblem {
  const units: BuildUnit[] = [];
  let at = start;
  let separated = false;
  while (at < format.length) {
    const letter = format[at] ?? "";
    const following = format[at + 1] ?? "";
    const inner = BUILD_CLOSERS[letter];
    if (BUILD_SEPARATORS.has(letter)) {
      separated = true;
      at += 1;
      continue;
    }
    if (letter === closer) {
      if (separated) return { problem: "a separator before the end of a container, which CPython rejects" };
      return { units, next: at + 1 };
    }
    separated = false;
    if (inner !== undefined) {
      const read = readBuildUnits(format, at + 1, inner);
      if ("problem" in read) return read;
      if (letter === "{" && read.units.length % 2 === 1) return { problem: "a key in the format has no value" };
      units.push({ code: letter, values: 0, items: read.units });
      at = read.next;
    } else if ((BUILD_TEXT.has(letter) && following === "#") || (letter === "O" && following === "&")) {
      units.push({ code: letter + following, values: 2, items: [] });
      at += 2;
    } else if (BUILD_UNITS.has(letter) || BUILD_TEXT.has(letter) || BUILD_OBJECTS.has(letter)) {
      units.push({ code: letter, values: 1, items: [] });
      at += 1;
    } else {
      return { problem: `\`${letter}\` is not a unit of a build format` };
    }
  }
  if (closer !== "") return { problem: `\`${closer}\` is missing in the format` };
  if (separated && units.length > 1) return { problem: "a separator at the end of the format, which CPython rejects" };
  return { units, next: at };
}

/** A stretch of a `PyUnicode_FromFormat` format: literal text, or one conversion. */
export type TextPiece =
  | { readonly kind: "literal"; readonly text: string }
  | {
      readonly kind: "conversion";
      /** The whole conversion, such as `%-5.3ld`. */
      readonly text: string;
      readonly zero: boolean;
      readonly width: number | null;
      readonly precision: number | null;
      /** Length modifier: ``, `l`, `ll` or `z`. */
      readonly length: string;
      /** The conversion letter, such as `d`, `s`, `R`; `%` for a percent sign. */
      readonly letter: string;
      /** Number of C arguments taken: none for `%%`, two for `%V`. */
      readonly values: number;
    };

const DIGITS = new Set([..."0123456789"]);
/** Conversions of CPython 3.11; `o` and `X` came with 3.12 and are unknown (copied verbatim) before. */
const TEXT_LETTERS = new Set([..."cdiuxspAUVSR"]);
const INTEGER_LETTERS = new Set([..."diu"]);

/** Reads the format of `PyUnicode_FromFormat` and `PyErr_Format`. */
export function readTextFormat(format: string): readonly TextPiece[] | FormatProblem {
  const pieces: TextPiece[] = [];
  let at = 0;
  let literal = "";
  const flush = (): void => {
    if (literal !== "") pieces.push({ kind: "literal", text: literal });
    literal = "";
  };
  while (at < format.length) {
    if (format[at] !== "%") {
      literal += format[at];
      at += 1;
      continue;
    }
    flush();
    const start = at;
    at += 1;
    const zero = format[at] === "0";
    if (zero) at += 1;
    const width = readDigits(format, at);
    at += width.length;
    let precision: string | null = null;
    if (format[at] === ".") {
      precision = readDigits(format, at + 1);
      at += 1 + precision.length;
    }
    let length = "";
    if (format[at] === "l") length = format[at + 1] === "l" ? "ll" : "l";
    else if (format[at] === "z") length = "z";
    at += length.length;
    const letter = format[at] ?? "";
    at += 1;
    const text = format.slice(start, at);
    if (letter !== "%" && !TEXT_LETTERS.has(letter))
      return { problem: `\`${text}\` is not a conversion of CPython 3.11` };
    if (length !== "" && !INTEGER_LETTERS.has(letter))
      return { problem: `\`${text}\` is not a conversion of CPython 3.11` };
    if (letter === "%" && text !== "%%") return { problem: `\`${text}\` is not a conversion of CPython 3.11` };
    pieces.push({
      kind: "conversion",
      text,
      zero,
      width: width === "" ? null : Number(width),
      precision: precision === null ? null : Number(precision),
      length,
      letter,
      values: letter === "%" ? 0 : letter === "V" ? 2 : 1,
    });
  }
  flush();
  return pieces;
}

function readDigits(format: string, at: number): string {
  let end = at;
  while (DIGITS.has(format[end] ?? "")) end += 1;
  return format.slice(at, end);
}
