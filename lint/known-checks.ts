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

/** A check that was made, with what it asked. */
interface KnownCheck {
  readonly answers: ReadonlyMap<string, Question>;
  /** Where the function began. */
  readonly start: number;
  readonly result: FunctionResult;
}

interface Question {
  readonly ask: (project: ProjectAnswers, info: FunctionInfo, summaryOf: SummaryOf) => unknown;
  readonly answer: string;
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
    [...v.answers.values()].every(({ ask, answer }) => written(ask(project, info, summaryOf)) === answer),
  );
  const result = known === undefined ? null : moved(known.result, start - known.start);
  KNOWN.delete(key);
  KNOWN.set(key, versions);
  if (result !== null) return result;
  const recorder = new Recorder(project, info, summaryOf);
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

/** Answers for a project, and writes down what was asked. */
class Recorder implements ProjectAnswers {
  readonly answers = new Map<string, Question>();
  readonly macros: ProjectAnswers["macros"];
  readonly hidingMacros: ProjectAnswers["hidingMacros"];
  readonly prototypes: ProjectAnswers["prototypes"];
  readonly #project: ProjectAnswers;
  readonly #info: FunctionInfo;
  readonly #summaryOf: SummaryOf;

  constructor(project: ProjectAnswers, info: FunctionInfo, summaryOf: SummaryOf) {
    this.#project = project;
    this.#info = info;
    this.#summaryOf = summaryOf;
    this.macros = { has: (name) => this.#ask(`macro ${name}`, (p) => p.macros.has(name)) };
    this.hidingMacros = { has: (name) => this.#ask(`hiding ${name}`, (p) => p.hidingMacros.has(name)) };
    this.prototypes = {
      get: (name) => {
        const prototype = project.prototypes.get(name);
        this.#ask(`prototype ${name}`, (p) => typeOf(p.prototypes.get(name)));
        return prototype;
      },
    };
  }

  constant(name: string): number | undefined {
    return this.#ask(`constant ${name}`, (p) => p.constant(name));
  }

  isEntry(info: FunctionInfo): boolean {
    return this.#ask("entry", (p, own) => p.isEntry(own), info);
  }

  isCallback(info: FunctionInfo): boolean {
    return this.#ask("callback", (p, own) => p.isCallback(own), info);
  }

  summaryOf(name: string, count: number): Summary | undefined {
    return this.#ask(`summary ${name} ${count}`, (_project, _info, summaryOf) => summaryOf(name, count));
  }

  #ask<T>(
    question: string,
    ask: (project: ProjectAnswers, info: FunctionInfo, summaryOf: SummaryOf) => T,
    info: FunctionInfo = this.#info,
  ): T {
    const answer = ask(this.#project, info, this.#summaryOf);
    if (!this.answers.has(question)) this.answers.set(question, { ask, answer: written(answer) });
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
