/** The ratchet of `hpy-migrate check`: what of the C API is still used, and what is new since the baseline was written. */
import { HARMLESS_CAPI, looksLikeCapi } from "../analysis/capi-names.ts";
import { DIAGNOSTICS } from "../lint/diagnostics.ts";
import type { Finding } from "../lint/findings.ts";
import { sift } from "../lint/suppressions.ts";
import { CAPI_FUNCTIONS } from "../model/api/capi-table.ts";
import { lex, TokenKind } from "../syntax/lexer.ts";
import type { ParsedFile, Parser, Span } from "../syntax/source.ts";
import { NONE } from "../syntax/tree.ts";
import { isSource, Lines, type LintFinding, located } from "./lint-project.ts";
import type { MigrationPlan, ProjectInput } from "./types.ts";

/** Number of uses by path, function and name of the C API; the empty function is the file itself. */
export type CapiUses = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, number>>>>>>;

/** The contents of `hpy-migrate.baseline.json`. Keys are sorted, and no line numbers are in it. */
export interface Baseline {
  readonly schema: 1;
  readonly hpy: "0.9";
  readonly legacy: CapiUses;
}

export interface CheckReport {
  readonly findings: readonly LintFinding[];
  readonly suppressed: number;
  /** Uses that the baseline allows and that are gone. */
  readonly gone: number;
  /** What the baseline would say of the sources as they are. */
  readonly current: Baseline;
}

/** Version of the baseline's format. */
const BASELINE_SCHEMA = 1;
const NEW_USE = "capi-use-new";

interface Use {
  readonly name: string;
  readonly function: string;
  readonly span: Span;
}

/** Compares the sources with a baseline; without one only {@link CheckReport.current} is worked out. */
export function checkProject(input: ProjectInput, parser: Parser, baseline: Baseline | null): CheckReport {
  const inputs = input.files.filter((file) => isSource(file.path));
  const knowledge = parser.prepare(inputs);
  const files = inputs.map((file) => parser.parse(file, knowledge));
  const uses = new Map(files.map((file) => [file, usesOf(file)]));
  const current = baselineOf(uses);
  if (baseline === null) return { findings: [], suppressed: 0, gone: 0, current };
  const allowance = new Allowance(baseline.legacy, new Set(files.map((file) => file.path)));
  const findings: LintFinding[] = [];
  let suppressed = 0;
  for (const [file, found] of uses) {
    const excess: Finding[] = [];
    for (const use of found) {
      if (allowance.take(file.path, use.function, use.name)) continue;
      const where = use.function === "" ? "outside of functions" : `in ${use.function}`;
      excess.push({
        id: NEW_USE,
        span: use.span,
        function: use.function,
        message: `${use.name} ${where} is not in the baseline`,
        path: [],
        certainty: "certain",
        place: "",
      });
    }
    const left = sift(file, excess, KNOWN, new Set([NEW_USE]));
    suppressed += left.suppressed;
    const lines = new Lines(file.text);
    findings.push(...left.findings.map((finding) => located(file.path, lines, finding, null)));
  }
  return { findings, suppressed, gone: allowance.left(), current };
}

/** A finding for each function that a pending step of a plan moves, and for each step that moves none. */
export function pendingSteps(plan: MigrationPlan, input: ProjectInput): LintFinding[] {
  const texts = new Map(input.files.map((file) => [file.path, file.text]));
  return plan.steps.map((step) => {
    const moved = plan.modules.flatMap((module) => module.functions).find((unit) => unit.via === step.id);
    const path = moved?.file ?? step.changes[0]?.path ?? "";
    const line = moved?.line ?? 1;
    const place = { line, column: 1, endLine: line, endColumn: 1, span: lineSpan(texts.get(path) ?? "", line) };
    return {
      ...place,
      path,
      id: "step-pending",
      severity: "error",
      certainty: "certain",
      function: moved?.name ?? "",
      message: `the step ${step.id} is pending: ${step.title}`,
      related: [],
      fix: null,
    };
  });
}

const KNOWN: ReadonlySet<string> = new Set(DIAGNOSTICS.map((d) => d.id));

function lineSpan(text: string, line: number): Span {
  let start = 0;
  for (let i = 1; i < line; i++) start = text.indexOf("\n", start) + 1;
  const end = text.indexOf("\n", start);
  return { start, end: end < 0 ? text.length : end };
}

/** Uses of the C API in source order. The support functions that the tool writes are its own business. */
function usesOf(file: ParsedFile): Use[] {
  const { tree, text } = file;
  const ranges: { readonly start: number; readonly end: number; readonly name: string }[] = [];
  for (const node of tree.descendants(0, "function_definition")) {
    let declarator = tree.field(node, "declarator");
    while (declarator !== NONE && tree.kind(declarator).endsWith("_declarator"))
      declarator = tree.field(declarator, "declarator");
    const name = declarator === NONE ? "" : tree.source(declarator);
    ranges.push({ start: tree.start(node), end: tree.end(node), name: canonical(name) });
  }
  const tokens = lex(text);
  const found: Use[] = [];
  let next = 0;
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] !== TokenKind.identifier) continue;
    const span = { start: tokens.start[t] as number, end: tokens.end[t] as number };
    while (next < ranges.length && (ranges[next]?.end ?? 0) <= span.start) next++;
    const name = text.slice(span.start, span.end);
    if (HARMLESS_CAPI.has(name) || name.startsWith("PyInit_") || (!CAPI_FUNCTIONS.has(name) && !looksLikeCapi(name)))
      continue;
    const range = ranges[next];
    const inside = range !== undefined && range.start <= span.start ? range.name : "";
    if (!inside.startsWith("hpyx_")) found.push({ name, function: inside, span });
  }
  return found;
}

/** The name of a function before it moved: what it still uses was there before. */
function canonical(name: string): string {
  for (const suffix of ["_impl", "_hpy"]) if (name.endsWith(suffix)) return name.slice(0, -suffix.length);
  return name;
}

function baselineOf(uses: ReadonlyMap<ParsedFile, readonly Use[]>): Baseline {
  const legacy: Record<string, Record<string, Record<string, number>>> = {};
  for (const [file, found] of [...uses].sort(([a], [b]) => (a.path < b.path ? -1 : 1))) {
    if (found.length === 0) continue;
    const byFunction = new Map<string, Map<string, number>>();
    for (const use of found) {
      const names = byFunction.get(use.function) ?? new Map<string, number>();
      byFunction.set(use.function, names.set(use.name, (names.get(use.name) ?? 0) + 1));
    }
    legacy[file.path] = Object.fromEntries(
      [...byFunction].sort(byKey).map(([name, names]) => [name, Object.fromEntries([...names].sort(byKey))]),
    );
  }
  return { schema: BASELINE_SCHEMA, hpy: "0.9", legacy };
}

function byKey(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}

/** What the baseline still allows. What it allows in files that are gone may turn up in the same function elsewhere. */
class Allowance {
  private readonly numbers = new Map<string, number>();

  constructor(legacy: CapiUses, present: ReadonlySet<string>) {
    for (const [path, functions] of Object.entries(legacy))
      for (const [name, names] of Object.entries(functions))
        for (const [capi, number] of Object.entries(names)) {
          const key = `${present.has(path) ? path : ""}\0${canonical(name)}\0${capi}`;
          this.numbers.set(key, (this.numbers.get(key) ?? 0) + number);
        }
  }

  take(path: string, name: string, capi: string): boolean {
    for (const place of [path, ""]) {
      const key = `${place}\0${name}\0${capi}`;
      const number = this.numbers.get(key) ?? 0;
      if (number === 0) continue;
      this.numbers.set(key, number - 1);
      return true;
    }
    return false;
  }

  left(): number {
    let sum = 0;
    for (const number of this.numbers.values()) sum += number;
    return sum;
  }
}
