/** What a document shows: where its functions stand, and what the handle checker found. */
import { type Diagnostic, type DiagnosticRelatedInformation, DiagnosticSeverity } from "vscode-languageserver";
import type { LintFinding } from "../engine/lint-project.ts";
import type { Refusal } from "../engine/types.ts";
import type { FileCheck, PlannedFunction, PlannedType, PlanSummary, StepSummary } from "./backend-calls.ts";
import type { Folder } from "./folder.ts";
import type { PositionEncoding, TextPositions } from "./positions.ts";
import { toText } from "./positions.ts";
import type { Settings } from "./protocol.ts";

export const SOURCE = "hpy-migrate";

/** What comes with a diagnostic and goes back with a code action. */
export interface DiagnosticData {
  /** `status`: of a function or type. `lint`: of the checker. */
  readonly kind: "status" | "lint";
  readonly id: string;
  /** The function or type; empty outside of any. */
  readonly name: string;
}

interface Around {
  readonly folder: Folder;
  readonly path: string;
  readonly positions: TextPositions;
  readonly encoding: PositionEncoding;
  readonly settings: Settings;
  /** URI of a page, or null. */
  readonly page: (id: string) => string | null;
}

/** A function or type of the plan at its place in the present text. */
export interface Unit<T> {
  readonly unit: T;
  readonly name: { readonly start: number; readonly end: number };
}

/** Functions of a file that stand in the present text as they were planned, each once. */
export function functionsIn(
  folder: Folder,
  path: string,
): (Unit<PlannedFunction> & { readonly span: { start: number; end: number } })[] {
  const relocation = folder.relocation(path);
  if (relocation === null) return [];
  const seen = new Set<number>();
  const found: (Unit<PlannedFunction> & { readonly span: { start: number; end: number } })[] = [];
  for (const module of folder.planned?.plan.modules ?? [])
    for (const unit of module.functions) {
      if (unit.file !== path || seen.has(unit.span.start)) continue;
      seen.add(unit.span.start);
      const span = relocation.find(unit.span);
      const name = relocation.find(unit.nameSpan);
      if (span !== null && name !== null) found.push({ unit, span, name });
    }
  return found.sort((a, b) => a.span.start - b.span.start);
}

/** Types of a file at their places in the present text, each once. */
export function typesIn(folder: Folder, path: string): Unit<PlannedType>[] {
  const relocation = folder.relocation(path);
  if (relocation === null) return [];
  const found = new Map<string, Unit<PlannedType>>();
  for (const module of folder.planned?.plan.modules ?? [])
    for (const unit of module.types) {
      const name = unit.file === path ? relocation.find(unit.nameSpan) : null;
      if (name !== null) found.set(`${unit.name}\0${name.start}`, { unit, name });
    }
  return [...found.values()];
}

/** The step that makes a type one of HPy. */
export function stepOfType(plan: PlanSummary | undefined, name: string, module?: string): StepSummary | undefined {
  return plan?.steps.find(
    (step) =>
      step.kind === "type" &&
      (module === undefined || step.module === module) &&
      (step.id === `type-${name}` || step.title.split(/[ ,]+/).includes(name)),
  );
}

/** The diagnostics of one version of a document. */
export function diagnosticsOf(around: Around, check: FileCheck): Diagnostic[] {
  return [...statuses(around), ...check.findings.map((finding) => ofFinding(around, finding))];
}

function statuses(around: Around): Diagnostic[] {
  const { folder, path, settings } = around;
  if (settings.diagnostics === "none") return [];
  const found: Diagnostic[] = [];
  for (const { unit, name } of functionsIn(folder, path)) {
    const known = statusOfFunction(around, unit);
    if (known !== null) found.push(make(around, name, known, unit.name));
  }
  for (const { unit, name } of typesIn(folder, path)) {
    const known = statusOfType(around, unit);
    if (known !== null) found.push(make(around, name, known, unit.name));
  }
  for (const module of folder.planned?.plan.modules ?? []) {
    for (const refusal of module.refusals) {
      const span = refusal.path === path ? folder.relocation(path)?.find(refusal.span) : null;
      if (span)
        found.push(
          make(
            around,
            span,
            {
              id: refusal.id,
              message: `Module ${module.name}: ${refusal.message}`,
              severity: DiagnosticSeverity.Information,
              related: [],
            },
            "",
          ),
        );
    }
  }
  return settings.diagnostics === "all"
    ? found
    : found.filter((one) => one.severity === DiagnosticSeverity.Information);
}

interface Known {
  readonly id: string;
  readonly message: string;
  readonly severity: DiagnosticSeverity;
  /** Where the reason lies. */
  readonly related: readonly Refusal[];
}

function statusOfFunction({ folder }: Around, unit: PlannedFunction): Known | null {
  const [refusal] = unit.refusals;
  if (unit.kind === "migrated") {
    if (unit.status !== "bridged") return null;
    const message = `${unit.name} is HPy code that still calls the C API over bridges`;
    return { id: "bridged", message, severity: DiagnosticSeverity.Hint, related: [] };
  }
  if (unit.status === "legacy") {
    if (refusal === undefined) return null;
    const message = `${unit.name} stays legacy: ${refusal.message}`;
    // What somebody decided, or what only follows from others, needs no attention.
    const isQuiet = ["skip-comment", "only-used-by-legacy-code", "module-stays-legacy", "kept-beside-copy"].includes(
      refusal.id,
    );
    return {
      id: refusal.id,
      message,
      severity: isQuiet ? DiagnosticSeverity.Hint : DiagnosticSeverity.Information,
      related: unit.refusals.filter((r) => r.path !== unit.file || r.span.start !== unit.nameSpan.start),
    };
  }
  const step = folder.planned?.plan.steps.find((candidate) => candidate.id === unit.via);
  const how = unit.status === "bridged" ? "can move to HPy, with bridges to the C API" : "can move to HPy";
  return {
    id: unit.status === "bridged" ? "bridged" : "can-move",
    message: `${unit.name} ${how}${step === undefined ? "" : ` (${step.id})`}`,
    severity: DiagnosticSeverity.Hint,
    related: [],
  };
}

function statusOfType({ folder }: Around, unit: PlannedType): Known | null {
  const [refusal] = unit.refusals;
  const step = stepOfType(folder.planned?.plan, unit.name);
  if (step !== undefined) {
    const message = `Type ${unit.name} can move to HPy (${step.id})`;
    return { id: "can-move", message, severity: DiagnosticSeverity.Hint, related: [] };
  }
  if (refusal === undefined || unit.status !== "legacy") return null;
  return {
    id: refusal.id,
    message: `Type ${unit.name} stays legacy: ${refusal.message}`,
    severity: DiagnosticSeverity.Information,
    related: [],
  };
}

function make(
  around: Around,
  span: { readonly start: number; readonly end: number },
  { id, message, severity, related }: Known,
  name: string,
): Diagnostic {
  const { folder, encoding } = around;
  const information = related.flatMap((refusal): DiagnosticRelatedInformation[] => {
    const found = folder.relocation(refusal.path)?.find(refusal.span);
    const text = folder.text(refusal.path);
    if (!found || text === undefined) return [];
    const range = folder.positions(refusal.path, text, encoding).range(found);
    return [{ location: { uri: folder.uriOf(refusal.path), range }, message: toText(refusal.message) }];
  });
  return finished(around, {
    range: around.positions.range(span),
    severity,
    source: SOURCE,
    code: id,
    message: toText(message),
    ...(information.length > 0 ? { relatedInformation: information } : {}),
    data: { kind: "status", id, name } satisfies DiagnosticData,
  });
}

function ofFinding(around: Around, finding: LintFinding): Diagnostic {
  const { folder, encoding } = around;
  const related = finding.related.flatMap((point): DiagnosticRelatedInformation[] => {
    const text = folder.text(point.path);
    if (text === undefined) return [];
    const range = folder.positions(point.path, text, encoding).range(point.span);
    return [{ location: { uri: folder.uriOf(point.path), range }, message: point.message }];
  });
  return finished(around, {
    range: around.positions.range(finding.span),
    severity: finding.certainty === "certain" ? DiagnosticSeverity.Warning : DiagnosticSeverity.Information,
    source: SOURCE,
    code: finding.id,
    message: finding.message,
    ...(related.length > 0 ? { relatedInformation: related } : {}),
    data: { kind: "lint", id: finding.id, name: finding.function } satisfies DiagnosticData,
  });
}

function finished({ page }: Around, diagnostic: Diagnostic): Diagnostic {
  const href = page(String(diagnostic.code));
  return href === null ? diagnostic : { ...diagnostic, codeDescription: { href } };
}
