/** Answers `explain`: what an id or a name of the C API means to the migration. */

import { DIAGNOSTICS } from "../lint/diagnostics.ts";
import { CAPI_CONSTANTS, CAPI_FUNCTIONS } from "../model/api/capi-table.ts";
import { CONTEXT_HANDLES } from "../model/api/context-handles.ts";
import { HANDLED } from "../rules/handled.ts";
import type { Rule, RuleCondition, Unmapped } from "../rules/rule.ts";
import { RULES, UNMAPPED } from "../rules/table.ts";
import { REFUSALS } from "./refusals.ts";
import { TRANSFORMS } from "./transform-pages.ts";

export interface Explanation {
  readonly id: string;
  readonly kind: "rule" | "transform" | "refusal" | "diagnostic" | "api";
  /** One line. */
  readonly title: string;
  /** Paragraphs separated by empty lines. */
  readonly text: string;
  readonly example?: { readonly before: string; readonly after: string };
}

/** What the id of a rule, transform, refusal or diagnostic, or a name of the C API means; null for any other text. */
export function explain(id: string): Explanation | null {
  const page = REFUSALS.find((refusal) => refusal.id === id);
  if (page !== undefined) return { kind: "refusal", ...page };
  const transform = TRANSFORMS.find((candidate) => candidate.id === id);
  if (transform !== undefined) return { kind: "transform", ...transform };
  const diagnostic = DIAGNOSTICS.find((candidate) => candidate.id === id);
  if (diagnostic !== undefined) {
    const { title, explanation, example, repaired } = diagnostic;
    return { id, kind: "diagnostic", title, text: explanation, example: { before: example, after: repaired } };
  }
  const rule = RULES.get(id) ?? [...RULES.values()].find((candidate) => candidate.id === id);
  if (rule !== undefined) return explainRule(rule, id);
  return explainHandled(id) ?? explainUnmapped(id) ?? explainConstant(id);
}

function explainRule(rule: Rule, id: string): Explanation {
  const paragraphs = [rule.summary, rule.why];
  if (rule.when !== undefined) paragraphs.push(conditionText(rule, rule.when));
  if (rule.note !== undefined)
    paragraphs.push(rule.safety === "review" ? `To review: ${rule.note}` : `Note: ${rule.note}`);
  if (rule.support.length > 0) paragraphs.push(`It adds the support function ${rule.support.join(", ")} to the file.`);
  return {
    id,
    kind: id === rule.id ? "rule" : "api",
    title: id === rule.id ? `${rule.capi} in HPy` : `moved by the rule ${rule.id}`,
    text: paragraphs.join("\n\n"),
    example: rule.example,
  };
}

/** A whole sentence about when a rule holds and what happens elsewhere. */
export function conditionText(rule: Rule, when: RuleCondition): string {
  const argument = `argument ${when.argument + 1}`;
  const condition =
    "literal" in when
      ? `${argument} is \`${when.literal}\``
      : "unless" in when
        ? `${argument} is not \`${when.unless}\``
        : `${argument} is an integer literal without sign`;
  const elsewhere =
    rule.otherwise === undefined
      ? "elsewhere the call is bridged"
      : `elsewhere ${rule.otherwise.support.join(", ")} stands in`;
  return `The form holds where ${condition}; ${elsewhere}.`;
}

/** What happens to a call without rule, whole sentences. */
export const UNMAPPED_ANSWERS: Readonly<Record<Unmapped["answer"], string>> = {
  bridge:
    "The call is made on `PyObject *` inside the HPy function, which is then bridged: it needs the hybrid or CPython ABI.",
  stays: "The call uses no objects and stays as it is; it needs Python.h, so the hybrid or CPython ABI.",
  refuse: "A function that uses it stays legacy.",
};

function explainUnmapped(name: string): Explanation | null {
  const unmapped = UNMAPPED.get(name);
  if (unmapped === undefined) return null;
  const titles = { bridge: "bridged", stays: "stays as it is", refuse: "keeps its function legacy" };
  return {
    id: name,
    kind: "api",
    title: titles[unmapped.answer],
    text: `${unmapped.reason}\n\n${UNMAPPED_ANSWERS[unmapped.answer]}`,
  };
}

function explainHandled(name: string): Explanation | null {
  const handled = HANDLED.get(name);
  return handled === undefined ? null : { id: name, kind: "api", title: "moved by a transform", text: handled.how };
}

function explainConstant(name: string): Explanation | null {
  const constant = CAPI_CONSTANTS.get(name);
  if (constant === undefined || CAPI_FUNCTIONS.has(name)) return null;
  const handle = CONTEXT_HANDLES.get(name) ?? CONTEXT_HANDLES.get(`&${name}`);
  if (handle !== undefined) {
    return {
      id: name,
      kind: "api",
      title: `the context handle ${handle}`,
      text: "HPy keeps it in the context. It is never closed, and returning it needs HPy_Dup.",
      example: { before: constant.kind === "type-object" ? `&${name}` : name, after: `ctx->${handle}` },
    };
  }
  const isObject = constant.kind === "object" || constant.kind === "exception" || constant.kind === "type-object";
  return {
    id: name,
    kind: "api",
    title: isObject ? "without context handle" : "not a call",
    text: isObject
      ? "The context of HPy 0.9 holds no handle for this object."
      : `A name of the C API of the kind ${constant.kind}, from ${constant.source}. It is no call and moves with the construct that it is part of.`,
  };
}
