/** What the light bulb offers. Edits are worked out when one is chosen, so that offering them costs nothing. */
import { type CodeAction, CodeActionKind, type Command, type Diagnostic } from "vscode-languageserver";
import type { LintFinding } from "../engine/lint-project.ts";
import type { PlannedFunction, StepSummary } from "./backend-calls.ts";
import { type DiagnosticData, functionsIn, SOURCE, stepOfType, typesIn } from "./diagnostics.ts";
import type { OpenDocument } from "./documents.ts";
import type { Folder } from "./folder.ts";
import { type Range, toText } from "./positions.ts";
import { COMMANDS, type ExplainParams, type StepSelector } from "./protocol.ts";

/** Kinds of the actions that migrate; clients filter by their prefixes. */
export const REWRITE = `${CodeActionKind.RefactorRewrite}.hpy`;
export const FIX_ALL = `${CodeActionKind.SourceFixAll}.hpyMigrate`;

/** What an action needs to be resolved: the version that it was offered for, and what it does. */
export type ActionData = { readonly uri: string; readonly version: number } & (
  | { readonly does: "steps"; readonly selector: StepSelector }
  | { readonly does: "fixAll" }
);

export interface ActionContext {
  readonly folder: Folder;
  readonly path: string;
  readonly document: OpenDocument;
  readonly range: Range;
  readonly diagnostics: readonly Diagnostic[];
  /** Kinds that the client asks for; all when left out. */
  readonly only: readonly string[] | undefined;
  /** Whether the client takes edits with places to fill in. */
  readonly snippets: boolean;
  /** Findings of the checker that can be repaired. */
  readonly repairs: readonly LintFinding[];
}

/** Whether a client that asks for `only` wants actions of a kind. */
function isWanted(kind: string, only: readonly string[] | undefined): boolean {
  return only === undefined || only.some((wanted) => wanted === "" || kind === wanted || kind.startsWith(`${wanted}.`));
}

export function codeActions(context: ActionContext): CodeAction[] {
  return [...migrations(context), ...ofDiagnostics(context), ...fixes(context)].filter((action) =>
    isWanted(action.kind ?? "", context.only),
  );
}

/** The selector of the command line that moves a function: by its name, unless others have the same one. */
export function selectorOf(folder: Folder, unit: PlannedFunction): StepSelector | null {
  if (unit.via === null) return null;
  const all = (folder.planned?.plan.modules ?? []).flatMap((module) => module.functions);
  const isAlone = all.every((other) => other.name !== unit.name || other.via === unit.via);
  return isAlone ? { kind: "function", name: unit.name } : { kind: "through", id: unit.via };
}

/** The steps of a plan up to one of them. */
function upTo(folder: Folder, id: string): readonly StepSummary[] {
  const steps = folder.planned?.plan.steps ?? [];
  return steps.slice(0, steps.findIndex((step) => step.id === id) + 1);
}

function migrations(context: ActionContext): CodeAction[] {
  const { folder, path, document, range } = context;
  const plan = folder.planned?.plan;
  const [next] = plan?.steps ?? [];
  if (plan === undefined || next === undefined) return [];
  const at = document.positions.offsetAt(range.start);
  const to = document.positions.offsetAt(range.end);
  const touches = (span: { readonly start: number; readonly end: number }): boolean =>
    span.start <= to && at <= span.end;
  const found: CodeAction[] = [];
  const offer = (title: string, selector: StepSelector): void => {
    const data: ActionData = { uri: document.uri, version: document.version, does: "steps", selector };
    found.push({ title: toText(title), kind: REWRITE, data });
  };
  const [fn] = functionsIn(folder, path).filter(({ span }) => touches(span));
  if (fn !== undefined) {
    const selector = selectorOf(folder, fn.unit);
    if (selector !== null) offer(`Migrate ${fn.unit.name} to HPy, with what it needs`, selector);
  }
  for (const { unit, name } of typesIn(folder, path)) {
    const line = document.positions.positionAt(name.start).line;
    if (line < range.start.line || line > range.end.line) continue;
    const step = stepOfType(plan, unit.name);
    if (step !== undefined)
      offer(`Migrate type ${unit.name} to HPy (${count(upTo(folder, step.id).length)})`, {
        kind: "through",
        id: step.id,
      });
  }
  if (fn === undefined && found.length === 0 && !isAtModule(context, at, to)) return [];
  offer(`Apply the next step: ${next.title}`, { kind: "next" });
  for (const module of plan.modules) {
    if (!module.files.includes(path)) continue;
    const last = plan.steps.filter((step) => step.module === module.name).at(-1);
    if (last === undefined) continue;
    const steps = upTo(folder, last.id);
    if (steps.length > 1)
      offer(`Migrate module ${module.name} to HPy (${count(steps.length)})`, { kind: "through", id: last.id });
  }
  return found;
}

function count(steps: number): string {
  return steps === 1 ? "1 step" : `${steps} steps`;
}

/** Whether a range of a file of a module lies outside of functions, where the module itself is meant. */
function isAtModule({ folder, path }: ActionContext, _at: number, _to: number): boolean {
  return (folder.planned?.plan.modules ?? []).some((module) => module.files.includes(path));
}

function fixes({ document, diagnostics, only }: ActionContext): CodeAction[] {
  const isAsked = only?.some((kind) => FIX_ALL === kind || FIX_ALL.startsWith(`${kind}.`)) === true;
  const hasFinding = diagnostics.some((one) => (one.data as DiagnosticData | undefined)?.kind === "lint");
  if (!isAsked && !hasFinding) return [];
  const data: ActionData = { uri: document.uri, version: document.version, does: "fixAll" };
  return [{ title: "Make all certain repairs of handles in this file", kind: FIX_ALL, data }];
}

/** Explaining and suppressing what is reported. */
function ofDiagnostics(context: ActionContext): CodeAction[] {
  const found: CodeAction[] = [];
  for (const diagnostic of context.diagnostics) {
    const data = diagnostic.data as DiagnosticData | undefined;
    if (diagnostic.source !== SOURCE || data === undefined) continue;
    if (
      diagnostic.codeDescription !== undefined ||
      data.kind === "lint" ||
      !["bridged", "can-move"].includes(data.id)
    ) {
      const argument: ExplainParams = { id: data.id };
      const command: Command = { title: "Explain", command: COMMANDS.explain, arguments: [argument] };
      found.push({ title: `Explain ${data.id}`, kind: CodeActionKind.QuickFix, diagnostics: [diagnostic], command });
    }
    const repair = repairOf(context, diagnostic, data);
    if (repair !== null) found.push(repair);
    const suppression = suppress(context, diagnostic, data);
    if (suppression !== null) found.push(suppression);
  }
  return found;
}

/** The repair of a finding of the checker. */
function repairOf(
  { document, repairs }: ActionContext,
  diagnostic: Diagnostic,
  data: DiagnosticData,
): CodeAction | null {
  const { positions, uri, version } = document;
  const at = positions.offsetAt(diagnostic.range.start);
  const fix = repairs.find((finding) => finding.id === data.id && finding.span.start === at)?.fix;
  if (!fix || data.kind !== "lint") return null;
  const edits = fix.edits.map(({ start, end, text }) => ({
    range: positions.range({ start, end }),
    newText: toText(text),
  }));
  return {
    title: toText(fix.title),
    kind: CodeActionKind.QuickFix,
    diagnostics: [diagnostic],
    isPreferred: true,
    edit: { documentChanges: [{ textDocument: { uri, version }, edits }] },
  };
}

/** Puts a comment with a reason before the line that a diagnostic is about, or before the whole function. */
function suppress(context: ActionContext, diagnostic: Diagnostic, data: DiagnosticData): CodeAction | null {
  const { document, folder, path, snippets } = context;
  const { positions } = document;
  if (data.id === "skip-comment" || data.id.startsWith("suppression-")) return null;
  let line = diagnostic.range.start.line;
  if (data.kind === "status") {
    const fn = functionsIn(folder, path).find(
      ({ unit, name }) => unit.name === data.name && positions.positionAt(name.start).line === line,
    );
    if (fn?.unit.kind === "migrated") return null;
    if (fn !== undefined) line = positions.positionAt(fn.span.start).line;
    else if (!isType(context, data.name) || !startsHere(positions.text, positions.lineStart(line))) return null;
  }
  const start = positions.lineStart(line);
  const text = positions.text.slice(start, positions.lineEnd(line));
  const indent = text.slice(0, text.length - text.trimStart().length);
  const end = positions.text.includes("\r\n") ? "\r\n" : "\n";
  const mark = data.kind === "status" ? "skip" : `allow ${data.id}`;
  const comment = (reason: string): string => `${indent}/* hpy-migrate: ${mark}: ${reason} */${end}`;
  const range = positions.range({ start, end: start });
  const edit = snippets
    ? { range, snippet: { kind: "snippet" as const, value: comment(`\${1:${REASON}}`) } }
    : { range, newText: comment(REASON) };
  const title =
    data.kind === "status" ? `Keep ${data.name} legacy, with a reason` : `Allow ${data.id} here, with a reason`;
  return {
    title: toText(title),
    kind: CodeActionKind.QuickFix,
    diagnostics: [diagnostic],
    edit: { documentChanges: [{ textDocument: { uri: document.uri, version: document.version }, edits: [edit] }] },
  };
}

function isType({ folder, path }: ActionContext, name: string): boolean {
  return typesIn(folder, path).some(({ unit }) => unit.name === name);
}

/** Whether a declaration cannot have begun before an offset: what is before it ends one, or is a comment. */
function startsHere(text: string, offset: number): boolean {
  const before = text.slice(Math.max(0, offset - 1000), offset).trimEnd();
  return before === "" || before.endsWith(";") || before.endsWith("}") || before.endsWith("*/");
}

/** What stands for the reason until somebody writes it. */
const REASON = "the reason";
