/** Facts of a project's functions for the transforms, and what makes a function unreadable to them. */

import { refuseBeyondC } from "../analysis/cplusplus.ts";
import {
  analyseFunction,
  type CallingConvention,
  type Facts,
  type Outcome,
  type Summary,
  type Surroundings,
} from "../analysis/ownership.ts";
import { parsedArguments } from "../analysis/parsed-arguments.ts";
import { collectFields, Refused } from "../analysis/typing.ts";
import type { ObjectTypes } from "../model/object-structs.ts";
import {
  type CFunction,
  conditionsAround,
  isUnparsed,
  lineOf,
  type Project,
  resolveFunction,
} from "../model/project.ts";
import { lex, TokenKind } from "../syntax/lexer.ts";
import type { ParsedFile } from "../syntax/source.ts";
import type { Node } from "../syntax/tree.ts";

/** Refusals of functions that jump over their callers, or whose results or arguments are not owned as is usual. */
const UNBRIDGEABLE: ReadonlySet<string> = new Set(["non-local-jump", "recursive-ownership", "stolen-on-some-paths"]);

/** Calls whose outcome depends on the reference count of an object, to which a bridge adds. */
const COUNTING: ReadonlySet<string> = new Set([
  "PyBytes_Concat",
  "PyBytes_ConcatAndDel",
  "PyTuple_SetItem",
  "PyUnicode_Append",
  "PyUnicode_AppendAndDel",
  "PyUnicode_CopyCharacters",
  "PyUnicode_Fill",
  "PyUnicode_Resize",
  "PyUnicode_WriteChar",
  "Py_REFCNT",
  "_PyBytes_Resize",
  "_PyTuple_Resize",
  "ob_refcnt",
]);

/**
 * Whether calls of functions that cannot be proved are refused, or go to the legacy functions over a bridge: with arguments
 * that stay their caller's and a result that is a new reference, where the caller's own C code agrees with that on every
 * path.
 */
export type LegacyCalls = "refused" | "bridged";

const SKIP = "hpy-migrate: skip";

/** Facts and summaries of a project's functions, worked out once each. */
export class Analyses {
  readonly project: Project;
  readonly around: Surroundings;
  readonly #facts = new Map<CFunction, Facts | Refused>();
  readonly #running = new Set<CFunction>();
  readonly #assumed = new Set<CFunction>();
  readonly #legacyCalls: LegacyCalls;
  #jumping: ReadonlySet<string> | null = null;

  /** `lineAt` tells the line of an offset in the text that messages are about. */
  constructor(
    project: Project,
    legacyCalls: LegacyCalls,
    lineAt = (file: ParsedFile, offset: number): number => lineOf(file.text, offset),
  ) {
    this.project = project;
    this.#legacyCalls = legacyCalls;
    this.around = {
      project,
      fields: collectFields(project),
      summaryOf: (fn) => this.#summary(fn),
      isBridged: (fn) => this.#facts.get(fn) instanceof Refused,
      whyNot: (fn) => {
        const facts = this.#facts.get(fn);
        if (!(facts instanceof Refused)) return { root: "calls-unproven-function", reason: "" };
        const line = lineAt(fn.file, facts.span.start);
        return { root: facts.root, reason: `Line ${line}: ${facts.message}` };
      },
    };
  }

  #summary(fn: CFunction): Summary | null {
    if (this.#running.has(fn)) {
      this.#assumed.add(fn);
      return assumedSummary(fn, this.project.objects);
    }
    const facts = this.helper(fn);
    if (!(facts instanceof Refused)) return facts.summary;
    if (this.#legacyCalls !== "bridged" || UNBRIDGEABLE.has(facts.id)) return null;
    const isBridged = hasBridgeableSignature(this.project, fn) && !countsReferences(this.project, fn);
    return isBridged ? assumedSummary(fn, this.project.objects) : null;
  }

  /** Facts of a helper, or why there are none. */
  helper(fn: CFunction): Facts | Refused {
    const known = this.#facts.get(fn);
    if (known !== undefined) return known;
    this.#running.add(fn);
    let result: Facts | Refused;
    try {
      this.#refuseUnusual(fn);
      refuseSplitCalls(fn);
      result = analyseFunction(fn, "helper", this.around);
      if (this.#assumed.delete(fn) && !agrees(result.summary, assumedSummary(fn, this.project.objects))) {
        this.#facts.clear();
        result = new Refused(
          "recursive-ownership",
          { start: fn.file.tree.start(fn.declarator.node), end: fn.file.tree.end(fn.declarator.node) },
          "It calls itself and does not keep to the usual ownership of arguments and results.",
        );
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      result = error;
    } finally {
      this.#running.delete(fn);
    }
    this.#facts.set(fn, result);
    return result;
  }

  /** Facts of a function that Python calls. Throws {@link Refused}. */
  method(fn: CFunction, convention: CallingConvention): Facts {
    this.#refuseUnusual(fn);
    return analyseFunction(fn, convention, this.around);
  }

  #refuseUnusual(fn: CFunction): void {
    refuseUnreadable(this.project, fn);
    const span = { start: fn.file.tree.start(fn.declarator.node), end: fn.file.tree.end(fn.declarator.node) };
    this.#jumping ??= jumpingFunctions(this.project);
    if (this.#jumping.has(fn.name))
      throw new Refused(
        "non-local-jump",
        span,
        "It may be left or entered by `longjmp`, which passes over the ends of handles.",
      );
    if (hasCleanupAttribute(fn, this.project))
      throw new Refused(
        "variable-attribute",
        span,
        "A variable has the attribute `cleanup`, which calls a function that is not written.",
      );
  }
}

/** Functions and macros of the C library that jump between functions. */
const JUMPS = [
  "setjmp",
  "_setjmp",
  "sigsetjmp",
  "longjmp",
  "_longjmp",
  "siglongjmp",
  "__builtin_setjmp",
  "__builtin_longjmp",
];

/** Names of the functions that jump between functions, themselves or in what they name. */
function jumpingFunctions(project: Project): ReadonlySet<string> {
  const jumping = new Set<string>();
  if (!project.files.some((f) => f.text.includes("setjmp") || f.text.includes("longjmp"))) return jumping;
  const named = new Map<string, Set<string>>();
  const add = (name: string, text: string): void => {
    const names = named.get(name) ?? new Set<string>();
    const tokens = lex(text, "piece");
    for (let i = 0; i < tokens.count; i++)
      if (tokens.kind[i] === TokenKind.identifier) names.add(text.slice(tokens.start[i], tokens.end[i]));
    named.set(name, names);
  };
  for (const [name, definitions] of project.knowledge.definitions) for (const d of definitions) add(name, d.body);
  for (const [name, definitions] of project.functions)
    for (const f of definitions) add(name, f.file.text.slice(f.file.tree.start(f.body), f.file.tree.end(f.body)));
  for (let size = -1; size !== jumping.size; ) {
    size = jumping.size;
    for (const [name, names] of named)
      if (!jumping.has(name) && [...names].some((n) => JUMPS.includes(n) || jumping.has(n))) jumping.add(name);
  }
  return jumping;
}

/** Whether a local variable of a function has `__attribute__((cleanup(f)))`, written out or by a macro. */
function hasCleanupAttribute(fn: CFunction, project: Project): boolean {
  const text = fn.file.text.slice(fn.file.tree.start(fn.body), fn.file.tree.end(fn.body));
  const tokens = lex(text);
  let hasAttribute = false;
  let hasCleanup = false;
  const read = (word: string): void => {
    if (word === "__attribute__" || word === "__attribute") hasAttribute = true;
    if (word === "cleanup" || word === "__cleanup__") hasCleanup = true;
  };
  for (let i = 0; i < tokens.count; i++) {
    if (tokens.kind[i] !== TokenKind.identifier) continue;
    const word = text.slice(tokens.start[i], tokens.end[i]);
    read(word);
    for (const { body } of project.knowledge.definitions.get(word) ?? []) {
      if (!body.includes("cleanup")) continue;
      const inner = lex(body, "piece");
      for (let j = 0; j < inner.count; j++)
        if (inner.kind[j] === TokenKind.identifier) read(body.slice(inner.start[j], inner.end[j]));
    }
  }
  return hasAttribute && hasCleanup;
}

/** What a recursive call is taken to mean while its function is being analysed; checked afterwards. */
function assumedSummary(fn: CFunction, objects: ObjectTypes): Summary | null {
  if (fn.parameters.some((p) => objects.isObjectPointerPointer(p.type))) return null;
  const outputs = new Map<number, never>();
  const results: Outcome["result"][] = objects.isObjectPointer(fn.result) ? ["new", "null"] : ["unknown"];
  return { outcomes: results.map((result) => ({ result, outputs })), steals: new Set() };
}

/** Whether a wrapper can take handles for the objects of a function and call it. */
function hasBridgeableSignature(project: Project, fn: CFunction): boolean {
  const { objects } = project;
  const { result } = fn;
  const isValue = result.pointers + result.arrays === 0 && !result.isFunction && !objects.mentionsObject(result);
  return (
    (isValue || objects.isObjectPointer(result)) &&
    !fn.isVariadic &&
    parsedArguments(project, fn) === null &&
    fn.parameters.every((p) => p.name !== "" && (objects.isObjectPointer(p.type) || !objects.mentionsObject(p.type)))
  );
}

/** Whether a function, or one that it names, looks at reference counts. */
function countsReferences(project: Project, fn: CFunction): boolean {
  const reached = new Set([fn]);
  for (const { file, body } of reached)
    for (const n of file.tree.descendants(body, "identifier", "field_identifier")) {
      const name = file.tree.source(n);
      if (COUNTING.has(name)) return true;
      for (const definition of project.knowledge.definitions.get(name) ?? [])
        if ([...COUNTING].some((counting) => definition.body.includes(counting))) return true;
      const callee = resolveFunction(project, file, name);
      if (callee !== null) reached.add(callee);
    }
  return false;
}

/** Whether every way to return found by the analysis is one that was assumed. */
function agrees(found: Summary, assumed: Summary | null): boolean {
  if (assumed === null || found.steals.size > 0) return false;
  return found.outcomes.every((o) =>
    assumed.outcomes.some(
      (a) => a.result === o.result || (a.result === "unknown" && typeof o.result === "object" && "integer" in o.result),
    ),
  );
}

/** The reason in a comment `hpy-migrate: skip: reason` right before a node; null where there is none. */
export function skipReason(file: ParsedFile, node: Node): string | null {
  const tree = file.tree;
  const siblings = tree.children(tree.parent(node));
  for (let i = siblings.indexOf(node) - 1; i >= 0; i--) {
    const sibling = siblings[i] as Node;
    if (!tree.isComment(sibling)) return null;
    const text = tree.source(sibling);
    const words = text.slice(2).trimStart();
    if (!words.startsWith(SKIP)) continue;
    const reason = words.slice(SKIP.length).replace("*/", "").trim();
    if (reason !== "" && !reason.startsWith(":")) continue;
    return reason.slice(1).trim();
  }
  return null;
}

/** Throws {@link Refused} for a function that the parser, a comment or its language takes out of reach. */
export function refuseUnreadable(project: Project, fn: CFunction): void {
  const tree = fn.file.tree;
  const skipped = skipReason(fn.file, fn.node);
  if (skipped !== null)
    throw new Refused(
      "skip-comment",
      { start: tree.start(fn.declarator.node), end: tree.end(fn.declarator.node) },
      skipped === "" ? "A comment keeps it legacy." : `A comment keeps it legacy: ${skipped}.`,
    );
  const span = { start: tree.start(fn.node), end: tree.end(fn.node) };
  const name = { start: tree.start(fn.declarator.node), end: tree.end(fn.declarator.node) };
  if (isUnparsed(fn.file, span)) {
    const reason = fn.file.unparsed.find((u) => u.span.start < span.end && span.start < u.span.end)?.reason ?? "";
    throw new Refused("unparsed", name, `The parser does not understand the function: ${reason}.`);
  }
  if (fn.file.hidden.some((h) => h.start >= span.start && h.end <= span.end && !isDeadSpan(fn.file, h)))
    throw new Refused("conditional-code", name, "An `#if` inside splits a statement, and both sides are possible.");
  if (conditionsAround(fn.file, span) === null)
    throw new Refused("conditional-code", name, "An `#if` that cannot be decided splits the function.");
  refuseBeyondC(project, fn);
}

/**
 * Throws {@link Refused} for a function with a call in a statement that an undecided `#if` splits: no line of a rewrite can
 * stand beside it, as it would be compiled with one of the sides only.
 */
function refuseSplitCalls(fn: CFunction): void {
  const { tree } = fn.file;
  const undecided = fn.file.conditionals.filter(
    (c) =>
      c.branches.some((b) => b.liveness === "unknown") &&
      c.branches.every((b) => tree.start(fn.body) < b.body.start && b.body.end < tree.end(fn.body)),
  );
  if (undecided.length === 0) return;
  for (const statement of tree.descendants(fn.body, "declaration", "expression_statement", "return_statement")) {
    const span = { start: tree.start(statement), end: tree.end(statement) };
    const isSplit = undecided.some((c) => c.branches.some((b) => span.start < b.body.end && b.body.end < span.end));
    if (isSplit && [...tree.descendants(statement, "call_expression")].length > 0)
      throw new Refused("conditional-code", span, "An `#if` splits a statement with a call.");
  }
}

function isDeadSpan(file: ParsedFile, span: { start: number; end: number }): boolean {
  return file.conditionals.some((c) =>
    c.branches.some((b) => b.liveness === "dead" && span.start >= b.body.start && span.end <= b.body.end),
  );
}
