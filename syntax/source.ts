import type { Tree } from "./tree.ts";

/** Half-open byte range in a file. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** One `#define`. */
export interface MacroDefinition {
  readonly name: string;
  /** Parameter names; null for an object-like macro. A variadic macro ends with `...`. */
  readonly parameters: readonly string[] | null;
  /** Replacement text with continuations and comments blanked; trimmed. */
  readonly body: string;
  /** The whole directive in the file, without its final newline. */
  readonly span: Span;
  /** The replacement text in the file (raw). */
  readonly bodySpan: Span;
}

/** What the condition of an `#if` branch says for CPython 3.11 on Linux, the platform that verification runs on. */
export type Liveness = "live" | "dead" | "unknown";

/** One `#if ... #elif ... #else ... #endif` group. */
export interface Conditional {
  readonly span: Span;
  readonly branches: readonly ConditionalBranch[];
}

export interface ConditionalBranch {
  /** The directive line itself (`#if X`, `#elif Y`, `#else`). */
  readonly directive: Span;
  /** Text of the condition, normalised to an `#if` expression: `#ifdef X` gives `defined(X)`; empty for `#else`. */
  readonly condition: string;
  /** The lines between this directive and the next of the group. */
  readonly body: Span;
  readonly liveness: Liveness;
}

/** A part of a file that the parser could not understand; nothing in it is ever rewritten. */
export interface Unparsed {
  readonly span: Span;
  /** Name of the enclosing function where it can be told, else an empty string. */
  readonly name: string;
  readonly reason: string;
}

/** A `#include`. */
export interface Include {
  readonly span: Span;
  readonly path: string;
  readonly system: boolean;
}

/** A parsed C or C++ file. */
export interface ParsedFile {
  readonly path: string;
  readonly text: string;
  readonly language: "c" | "cpp";
  /** The tree of the live configuration; offsets are those of `text`. */
  readonly tree: Tree;
  /**
   * Trees of other choices for conditionals that split a construct (the live tree shows one branch of those only).
   * Conditionals that do not split a construct are in `tree` as preproc nodes with all their branches.
   */
  readonly alternatives: readonly Tree[];
  /** Bodies of conditionals that `tree` does not show because they split a construct. */
  readonly hidden: readonly Span[];
  readonly macros: readonly MacroDefinition[];
  readonly conditionals: readonly Conditional[];
  readonly includes: readonly Include[];
  readonly unparsed: readonly Unparsed[];
}

/** One input file: path relative to the root of the project with `/` separators, bytes decoded as latin-1. */
export interface InputFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Parses C and C++; created once per process by `createParser`, synchronous afterwards.
 *
 * Macro knowledge comes from all files of the project: give every source and header to `prepare` before `parse`.
 */
export interface Parser {
  /** Learns the macros of a project from all of its files; cheap, uses only the lexer. */
  prepare(files: readonly InputFile[]): MacroKnowledge;
  parse(file: InputFile, knowledge: MacroKnowledge): ParsedFile;
  /** Parses C text as an expression, a statement list or a translation unit fragment; used for macro bodies. */
  parseFragment(text: string, as: "expression" | "statements" | "file", language: "c" | "cpp"): Tree;
}

/** What the masking pass knows about a project's macros. Opaque outside syntax/, except for the definitions. */
export interface MacroKnowledge {
  /** Every definition of a name, in file order; several where `#if` branches define it differently. */
  readonly definitions: ReadonlyMap<string, readonly (MacroDefinition & { readonly path: string })[]>;
}
