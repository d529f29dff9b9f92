/**
 * Checks of functions that were made before, of earlier versions of a project among others. A check reads the function
 * and asks a few things about the project; where the function is the same and every answer too, so is the result.
 */

import type { Declared } from "./declarations.ts";
import type { Finding } from "./findings.ts";
import type { FunctionResult } from "./function-check.ts";
import type { FunctionInfo, ProjectAnswers } from "./project.ts";
import type { Side } from "./resources.ts";
import type { Summary } from "./summary.ts";

/** What is known of the functions that a function calls. */
export type SummaryOf = (name: string, count: number) => Summary | undefined;

/**
 * A check that was made, with the answers to what it asked. Questions are plain text: a function that asks would keep the
 * project alive that it was made for, with all of its trees.
 */
interface KnownCheck {
  readonly answers: ReadonlyMap<string, string>;
  /** Where the function began. */
  readonly start: number;
  readonly result: FunctionResult;
}

/** Functions that are remembered, and versions of the project around each. */
const MOST_FUNCTIONS = 4000;
const MOST_VERSIONS = 4;

/** By the function, the one that was asked for last coming last. */
const KNOWN = new Map<string, KnownCheck[]>();

/** The result for a function from memory, or from `check`, which has to ask the project that it is given. */
export function recallCheck(
  info: FunctionInfo,
  side: Side,
  project: ProjectAnswers,
  summaryOf: SummaryOf,
  check: (project: ProjectAnswers, summaryOf: SummaryOf) => FunctionResult,
): FunctionResult {
  const start = info.file.tree.start(info.node);
  const key = `${side}\0${info.entry}\0${info.usesHpy}\0${shapeOf(info)}\0${info.file.tree.source(info.node)}`;
  const versions = KNOWN.get(key) ?? [];
  const known = versions.find((v) =>
    [...v.answers].every(([question, answer]) => written(ask(question, project, info, summaryOf)) === answer),
  );
  const result = known === undefined ? null : moved(known.result, start - known.start);
  KNOWN.delete(key);
  KNOWN.set(key, versions);
  if (result !== null) return result;
  const recorder = new Recorder(project, summaryOf);
  const fresh = check(recorder, (name, count) => recorder.summaryOf(name, count));
  if (isMovable(info, fresh)) versions.push({ answers: recorder.answers, start, result: fresh });
  if (versions.length > MOST_VERSIONS) versions.shift();
  for (const oldest of KNOWN.keys()) {
    if (KNOWN.size <= MOST_FUNCTIONS) break;
    KNOWN.delete(oldest);
  }
  return fresh;
}

function written(answer: unknown): string {
  return JSON.stringify(answer) ?? "undefined";
}

/** What a question asks about: a kind, and for some a name and a number of arguments. */
function question(kind: string, name = "", count = 0): string {
  return `${kind}\0${name}\0${count}`;
}

function ask(asked: string, project: ProjectAnswers, info: FunctionInfo, summaryOf: SummaryOf): unknown {
  const [kind, name = "", count] = asked.split("\0");
  switch (kind) {
    case "macro":
      return project.macros.has(name);
    case "hiding":
      return project.hidingMacros.has(name);
    case "prototype":
      return typeOf(project.prototypes.get(name));
    case "constant":
      return project.constant(name);
    case "entry":
      return project.isEntry(info);
    case "callback":
      return project.isCallback(info);
    default:
      return summaryOf(name, Number(count));
  }
}

/** Answers for a project, and writes down what was asked. */
class Recorder implements ProjectAnswers {
  readonly answers = new Map<string, string>();
  readonly macros: ProjectAnswers["macros"];
  readonly hidingMacros: ProjectAnswers["hidingMacros"];
  readonly prototypes: ProjectAnswers["prototypes"];
  readonly #project: ProjectAnswers;
  readonly #summaryOf: SummaryOf;

  constructor(project: ProjectAnswers, summaryOf: SummaryOf) {
    this.#project = project;
    this.#summaryOf = summaryOf;
    this.macros = { has: (name) => this.#note(question("macro", name), project.macros.has(name)) };
    this.hidingMacros = { has: (name) => this.#note(question("hiding", name), project.hidingMacros.has(name)) };
    this.prototypes = {
      get: (name) => {
        const prototype = project.prototypes.get(name);
        this.#note(question("prototype", name), typeOf(prototype));
        return prototype;
      },
    };
  }

  constant(name: string): number | undefined {
    return this.#note(question("constant", name), this.#project.constant(name));
  }

  isEntry(info: FunctionInfo): boolean {
    return this.#note(question("entry"), this.#project.isEntry(info));
  }

  isCallback(info: FunctionInfo): boolean {
    return this.#note(question("callback"), this.#project.isCallback(info));
  }

  summaryOf(name: string, count: number): Summary | undefined {
    return this.#note(question("summary", name, count), this.#summaryOf(name, count));
  }

  #note<T>(asked: string, answer: T): T {
    if (!this.answers.has(asked)) this.answers.set(asked, written(answer));
    return answer;
  }
}

/** Of a prototype only its type is of interest: its nodes are those of another place. */
function typeOf(prototype: Declared | undefined): Declared["type"] | undefined {
  return prototype?.type;
}

/** Fingerprint of the tree of a function and of the conditionals around and in it: macros change how a text is read. */
function shapeOf({ file, node }: FunctionInfo): string {
  const { tree } = file;
  const { symbol, field, flags, start, end, next } = tree.columns;
  const first = tree.start(node);
  const last = tree.end(node);
  let one = 0x811c9dc5;
  let two = 0x1000193;
  const add = (value: number): void => {
    one = Math.imul(one ^ value, 0x01000193);
    two = Math.imul(two + value, 0x5bd1e995) ^ (two >>> 15);
  };
  for (let n = node; n < tree.next(node); n++) {
    add(symbol[n] as number);
    add(((field[n] as number) << 8) | (flags[n] as number));
    add((start[n] as number) - first);
    add((end[n] as number) - first);
    add((next[n] as number) - node);
  }
  const touches = (span: { readonly start: number; readonly end: number }): boolean =>
    span.start < last && span.end > first;
  const parts = file.conditionals.filter((group) => touches(group.span));
  const around = parts.map(({ span, branches }) => [
    span.start - first,
    span.end - first,
    branches.map((b) => [b.directive.start - first, b.body.start - first, b.body.end - first, b.liveness]),
  ]);
  const hidden = file.hidden.filter(touches).map((span) => [span.start - first, span.end - first]);
  return `${file.language} ${one} ${two} ${JSON.stringify([around, hidden])}`;
}

/** Whether nothing in a result belongs to a place: all spans lie in the function, and no variable is known by its offset. */
function isMovable({ file, node, scope }: FunctionInfo, { findings, unproven }: FunctionResult): boolean {
  if (scope.all().some((v) => v.place.includes("@"))) return false;
  const start = file.tree.start(node);
  const end = file.tree.end(node);
  const spans = [...findings.flatMap((f) => [f.span, ...f.path.map((p) => p.span)]), ...unproven.map((u) => u.span)];
  return spans.every((span) => span.start >= start && span.end <= end);
}

function moved(result: FunctionResult, by: number): FunctionResult {
  if (by === 0) return result;
  const move = (span: Finding["span"]): Finding["span"] => ({ start: span.start + by, end: span.end + by });
  return {
    findings: result.findings.map((f) => ({
      ...f,
      span: move(f.span),
      path: f.path.map((point) => ({ ...point, span: move(point.span) })),
    })),
    unproven: result.unproven.map((u) => ({ ...u, span: move(u.span) })),
    summary: result.summary,
  };
}
