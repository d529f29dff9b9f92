import type { BuildFacts } from "../model/build-files.types.ts";
import type { Script } from "../model/build-script.ts";
import type { PyCall, PyDict, PyExpression } from "../model/python-syntax.ts";
import type { Span } from "../syntax/source.ts";
import type { BuildEdit } from "./build-requirements.ts";
import type { ScriptEdits } from "./build-script-edits.ts";

const MACRO = "Py_LIMITED_API";
const OPTION = "py_limited_api";

/**
 * Edits after which a build script asks for the limited C API nowhere: HPy's headers need the full one, and its own
 * ABIs take the place of `abi3`. Refused where the request is not written as data: an element of a list, an argument
 * of `append`, a keyword, or an entry of a dictionary.
 */
export function planLimitedApiEdits(facts: BuildFacts, script: Script): ScriptEdits {
  const edits: BuildEdit[] = [];
  for (const { expression } of script.visits) {
    if (expression.kind === "dict") edits.push(...dictionaryEdits(expression));
    else if (expression.kind === "list" || expression.kind === "set")
      edits.push(...elementEdits(expression.elements, script.text));
    else if (expression.kind === "call") edits.push(...callEdits(expression, script));
  }
  const left = facts.limitedApi.find(
    (place) =>
      place.path === script.path && !edits.some((edit) => edit.start <= place.span.end && place.span.start <= edit.end),
  );
  if (left === undefined) return { kind: "edits", edits };
  return {
    kind: "refused",
    path: script.path,
    span: left.span,
    message:
      "The script asks for the limited C API here in a way that is not static; HPy's headers need the full one. Remove " +
      `${OPTION} and ${MACRO} by hand.`,
  };
}

function asksForLimitedApi(element: PyExpression): boolean {
  if (element.kind === "string") return element.value.startsWith(`-D${MACRO}`);
  const first = element.kind === "tuple" || element.kind === "list" ? element.elements[0] : undefined;
  return first !== undefined && first.kind === "string" && first.value === MACRO;
}

function isOption(key: PyExpression | null): boolean {
  return key !== null && key.kind === "string" && key.value === OPTION;
}

function isFalse(value: PyExpression): boolean {
  return value.kind === "constant" && value.value !== true;
}

/** The whole dictionary is emptied where the option is all that it holds: scripts test it for being empty. */
function dictionaryEdits(dictionary: PyDict): BuildEdit[] {
  const { entries } = dictionary;
  const at = entries.findIndex((entry) => isOption(entry.key) && !isFalse(entry.value));
  const entry = entries[at];
  if (entry === undefined || entry.key === null) return [];
  if (entries.length === 1) return [{ ...dictionary.span, text: "{}" }];
  const next = entries[at + 1];
  const previous = entries[at - 1];
  if (next !== undefined) return [{ start: entry.key.span.start, end: startOf(next), text: "" }];
  return previous === undefined ? [] : [{ start: previous.value.span.end, end: entry.value.span.end, text: "" }];
}

function startOf(entry: PyDict["entries"][number]): number {
  return (entry.key ?? entry.value).span.start;
}

function elementEdits(elements: readonly PyExpression[], text: string): BuildEdit[] {
  const edits: BuildEdit[] = [];
  elements.forEach((element, at) => {
    if (!asksForLimitedApi(element)) return;
    const next = elements[at + 1];
    if (next !== undefined) edits.push({ start: element.span.start, end: next.span.start, text: "" });
    else {
      const previous = elements[at - 1];
      const start = previous !== undefined && !asksForLimitedApi(previous) ? previous.span.end : element.span.start;
      edits.push({ start, end: endWithComma(element.span, text, start), text: "" });
    }
  });
  return edits;
}

/** The comma after a sole element goes with it. */
function endWithComma(span: Span, text: string, start: number): number {
  if (start !== span.start) return span.end;
  const rest = text.slice(span.end);
  return rest.trimStart().startsWith(",") ? span.end + rest.indexOf(",") + 1 : span.end;
}

function callEdits(call: PyCall, script: Script): BuildEdit[] {
  const edits: BuildEdit[] = [];
  for (const argument of call.arguments)
    if (argument.form === "keyword" && argument.name === OPTION && !isFalse(argument.value))
      edits.push({ ...argument.value.span, text: "False" });
  const [only] = call.arguments;
  const isAppend = call.callee.kind === "attribute" && call.callee.name === "append" && call.arguments.length === 1;
  if (!isAppend || only === undefined || !asksForLimitedApi(only.value)) return edits;
  const isStatement = script.statementSpans.some((s) => s.start === call.span.start && s.end === call.span.end);
  if (isStatement) edits.push(statementEdit(call.span, script.text));
  return edits;
}

/** Deletes a statement with its line where a neighbour of equal indentation keeps the block from being empty. */
function statementEdit(span: Span, text: string): BuildEdit {
  const lineStart = text.lastIndexOf("\n", span.start - 1) + 1;
  const newline = text.indexOf("\n", span.end);
  const lineEnd = newline < 0 ? text.length : newline + 1;
  const indent = text.slice(lineStart, span.start);
  const isAlone = indent.trim() === "" && text.slice(span.end, lineEnd).trim() === "";
  const before = text.slice(text.lastIndexOf("\n", lineStart - 2) + 1, Math.max(0, lineStart - 1));
  const after = text.slice(lineEnd).split("\n", 1)[0] ?? "";
  const isNeighbour = (line: string): boolean =>
    line.startsWith(indent) && /^[^\s#]/.test(line.slice(indent.length)) && !line.trimEnd().endsWith(":");
  const hasNeighbour = isNeighbour(before) || (indent !== "" && isNeighbour(after)) || indent === "";
  return isAlone && hasNeighbour
    ? { start: lineStart, end: lineEnd, text: "" }
    : { start: span.start, end: span.end, text: "pass" };
}
