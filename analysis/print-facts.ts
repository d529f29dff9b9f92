/** The facts of the ownership analysis as text under the source, for people to check. */

import { lineOf } from "../model/project.ts";
import { NONE } from "../syntax/tree.ts";
import type { Facts } from "./ownership.ts";
import type { State, Value } from "./state.ts";

/** Prints a function line by line; under each statement stand the states before it, the decisions and the closings. */
export function printFacts(facts: Facts): string {
  const { tree, text } = facts.fn.file;
  const below = new Map<number, string[]>();
  const add = (offset: number, note: string): void => {
    const line = lineOf(text, offset);
    const notes = below.get(line) ?? [];
    if (!notes.includes(note)) notes.push(note);
    below.set(line, notes);
  };
  for (const node of facts.cfg.nodes) {
    if (node.syntax === NONE || node.kind === "join") continue;
    const seen = new Set((facts.states[node.id] ?? []).map(describeState).filter((s) => s !== ""));
    for (const state of [...seen].sort()) add(tree.start(node.syntax), `before: ${state}`);
  }
  for (const [node, decision] of facts.decisions) add(tree.start(node), `${decision}: ${tree.source(node)}`);
  for (const closing of facts.closings) {
    const name = closing.variable.startsWith("%t") ? tree.source(Number(closing.variable.slice(2))) : closing.variable;
    if (closing.falls === "through") add(tree.end(closing.after) - 1, `close after: ${name}`);
    for (const jump of closing.before) add(tree.start(jump), `close before: ${name}`);
    for (const statement of closing.reassigned) add(tree.start(statement), `close before the assignment: ${name}`);
  }
  const first = lineOf(text, tree.start(facts.fn.node));
  const last = lineOf(text, tree.end(facts.fn.node) - 1);
  const lines = text.split("\n").slice(first - 1, last);
  const printed = lines.flatMap((line, i) => [line, ...(below.get(first + i) ?? []).map((note) => `//  ${note}`)]);
  const summary = facts.summary.outcomes.map((o) => {
    const outputs = [...o.outputs].map(([index, what]) => `, parameter ${index} ${what}`).join("");
    const isArgument = typeof o.result === "object" && "argument" in o.result;
    const result = isArgument ? "borrowed" : typeof o.result === "string" ? o.result : JSON.stringify(o.result);
    return `//  returns ${result}${outputs}`;
  });
  const steals = [...facts.summary.steals].map((index) => `//  takes over parameter ${index}`);
  return [...printed, ...new Set(summary), ...steals, ...facts.notes.map((note) => `//  ${note}`), ""].join("\n");
}

function describeState(state: State): string {
  return [...state.variables]
    .filter(([name]) => !name.startsWith("%"))
    .map(([name, value]) => [name, describeValue(state, value)] as const)
    .filter(([, value]) => value !== "")
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
}

function describeValue(state: State, value: Value): string {
  switch (value.kind) {
    case "object": {
      const object = state.object(value.id);
      if (object.references > 0) return object.references === 1 ? "owned" : `owned ${object.references} times`;
      if (object.handles === 1) return "promoted";
      return object.nonNull ? "borrowed" : "borrowed or null";
    }
    case "interior":
      return "points into an object";
    case "address":
      return `is the address of ${value.name}`;
    case "null":
    case "closed":
      return value.kind;
    default:
      return "";
  }
}
