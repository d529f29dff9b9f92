/**
 * Formats of `PyErr_Format` and `PyUnicode_FromFormat` for HPy. HPy 0.9.0 reads the same language less completely:
 * it raises SystemError where CPython ignores a flag, writes past its buffer when a `%S`, `%R`, `%A`, `%U` or `%V`
 * is cut by a precision, loses what follows a NUL inside a str and cannot carry lone surrogates (`format.c`).
 */
import { readTextFormat, type TextPiece } from "../model/format-units.ts";
import type { Unsupported } from "./argument-parsing.types.ts";
import { cString } from "./c-literal.ts";

export interface FormatPlan {
  /** The format for HPy, not yet a C literal. The arguments stay as they are, in number, order and type. */
  readonly format: string;
  /** Function to call in place of `HPyErr_Format` or `HPyUnicode_FromFormat`; takes the same arguments. */
  readonly callee: "HPyErr_Format" | "HPyUnicode_FromFormat" | "hpyx_err_format" | "hpyx_unicode_from_format";
  /** Support functions called. */
  readonly support: readonly string[];
  readonly notes: readonly string[];
}

const OBJECT_LETTERS = new Set([..."AUVSR"]);

/**
 * Plans the format of `PyErr_Format` (`error`) or `PyUnicode_FromFormat` (`unicode`).
 *
 * The text that HPy builds is the same; where it would not be, a support function with CPython's own rules is named.
 */
export function planFormat(format: string, kind: "error" | "unicode"): FormatPlan | Unsupported {
  const pieces = readTextFormat(format);
  if ("problem" in pieces) return { unsupported: pieces.problem };
  const bytes = [...format].some((character) => character.charCodeAt(0) > 0x7f);
  if (bytes) return { unsupported: "the format has a byte that is not ASCII, which CPython rejects with ValueError" };
  const own = pieces.some((piece) => needsOwnFormatter(piece, kind));
  if (own) {
    const callee = kind === "error" ? "hpyx_err_format" : "hpyx_unicode_from_format";
    return { format, callee, support: [callee], notes: [] };
  }
  const callee = kind === "error" ? "HPyErr_Format" : "HPyUnicode_FromFormat";
  return { format: pieces.map(textForHpy).join(""), callee, support: [], notes: notesFor(pieces, kind) };
}

function needsOwnFormatter(piece: TextPiece, kind: "error" | "unicode"): boolean {
  if (piece.kind === "literal") return false;
  // HPy ends the text at a NUL, which `%c` is asked to show when input is told to be wrong.
  if (piece.letter === "c") return true;
  if (kind === "unicode" && piece.letter === "s" && piece.width !== null) return true;
  if (!OBJECT_LETTERS.has(piece.letter)) return false;
  if (piece.width !== null) return true;
  // An error message that is not cut, or is cut at a NUL, is still the same exception; in a str it is a wrong result.
  return kind === "unicode" && (piece.precision !== null || piece.letter !== "A");
}

/** What a reviewer should know about the conversions that are left to HPy. */
function notesFor(pieces: readonly TextPiece[], kind: "error" | "unicode"): string[] {
  const uses = (letters: string): boolean =>
    pieces.some((piece) => piece.kind === "conversion" && letters.includes(piece.letter));
  const notes: string[] = [];
  if (kind === "error") {
    if (uses("RSA"))
      notes.push(
        "When repr() or str() of an object in the message raises, the exception is now the one that was to be formatted.",
      );
    if (uses("US")) notes.push("A message loses its text when an object in it cannot be encoded in UTF-8.");
  } else if (uses("s")) {
    notes.push("Text given for `%s` that is not valid UTF-8 raises UnicodeDecodeError; CPython replaced such bytes.");
  }
  const isCut = (piece: TextPiece): boolean =>
    piece.kind === "conversion" && OBJECT_LETTERS.has(piece.letter) && piece.precision !== null;
  if (pieces.some(isCut))
    notes.push(
      "The text of an object in a message is no longer cut: HPy 0.9.0 writes past its buffer when it cuts one.",
    );
  const padded = pieces.some(
    (piece) =>
      piece.kind === "conversion" &&
      "di".includes(piece.letter) &&
      (piece.precision !== null || (piece.zero && piece.width !== null)),
  );
  if (padded)
    notes.push(
      "Negative numbers with leading zeros have the sign first, as in CPython 3.12; earlier ones filled before the sign.",
    );
  return notes;
}

/** CPython ignores `0`, width and precision where they mean nothing; HPy raises SystemError. */
function textForHpy(piece: TextPiece): string {
  if (piece.kind === "literal") return piece.text;
  if (piece.letter === "p") return `%${piece.letter}`;
  if (OBJECT_LETTERS.has(piece.letter)) return `%${piece.letter}`;
  if (piece.letter === "s") {
    const width = piece.width === null ? "" : String(piece.width);
    const precision = piece.precision === null ? "" : `.${piece.precision}`;
    return `%${width}${precision}${piece.letter}`;
  }
  return piece.text;
}

/** The C literal of a planned format. */
export function formatLiteral(plan: FormatPlan): string {
  return cString(plan.format);
}
