/** Checking the handles of a whole project: places for people and tools, and repairs that have been tried. */
import { HandleChecker } from "../lint/check-handles.ts";
import { DIAGNOSTICS, type Diagnostic } from "../lint/diagnostics.ts";
import type { Abi } from "../lint/file-checks.ts";
import type { Finding } from "../lint/findings.ts";
import { candidateFix, type Fix } from "../lint/fixes.ts";
import { type FileReport, lintHandles, lintReferences } from "../lint/lint-files.ts";
import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import type { InputFile, MacroKnowledge, ParsedFile, Parser, Span } from "../syntax/source.ts";
import type { ProjectInput } from "./types.ts";

export interface LintOptions {
  /** Whether repairs are worked out: each costs a check of the functions that it touches. */
  readonly fixes: "offered" | "none";
  /** Handles of HPy code, or references of the code that uses the C API. */
  readonly side: "hpy" | "capi";
  /** What the extension is built for; left out, the build files say it. */
  readonly abi?: Abi;
  /** The only file to report on; the others tell what their functions do. */
  readonly only?: string;
}

/** A place in a file. Lines and columns count from 1, columns in UTF-16 code units. */
export interface LintPlace {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly span: Span;
}

export interface LintFinding extends LintPlace {
  /** What `explain` answers. */
  readonly id: string;
  /** `error`: wrong at run time. `hazard`: correct code that meets a defect of HPy 0.9 itself. */
  readonly severity: Diagnostic["severity"];
  readonly certainty: Finding["certainty"];
  /** The enclosing function; the declared name for what stands outside of functions. */
  readonly function: string;
  readonly message: string;
  /** The path that leads there, in order of execution. */
  readonly related: readonly (LintPlace & { readonly message: string })[];
  /** A repair after which the finding is gone and nothing new is found; null where none is certain. */
  readonly fix: Fix | null;
}

export interface LintReport {
  /** By path, then by place. */
  readonly findings: readonly LintFinding[];
  readonly suppressed: number;
  /** HPy functions that were checked. */
  readonly functions: number;
  /** Places that were not understood; nothing is claimed of the functions that they are in. */
  readonly unproven: readonly {
    readonly path: string;
    readonly line: number;
    readonly function: string;
    readonly reason: string;
  }[];
}

const SEVERITY: ReadonlyMap<string, Diagnostic["severity"]> = new Map(DIAGNOSTICS.map((d) => [d.id, d.severity]));

/** Checks all HPy code of a project. */
export function lintProject(input: ProjectInput, parser: Parser, options: LintOptions): LintReport {
  const inputs = input.files.filter((file) => isSource(file.path));
  const knowledge = parser.prepare(inputs);
  const files = inputs.filter((file) => mentions(file, options.side)).map((file) => parser.parse(file, knowledge));
  const parse = (changed: InputFile): ParsedFile => parser.parse(changed, knowledge);
  return report(files, { ...options, abi: options.abi ?? builtFor(input) }, parse);
}

/**
 * Checks a project again and again while somebody edits it: what has not changed is neither parsed nor checked again.
 * The findings are those of {@link lintProject}, without repairs.
 */
export class LintSession {
  readonly #parser: Parser;
  #knowledge: MacroKnowledge | null = null;
  #directives = new Map<string, string>();
  #parsed = new Map<string, ParsedFile>();
  #input: ProjectInput = { files: [] };

  constructor(parser: Parser) {
    this.#parser = parser;
  }

  /** Takes over the files as they are now; those with the same text may be other objects. */
  update(input: ProjectInput): void {
    const sources = input.files.filter((file) => isSource(file.path));
    const directives = new Map<string, string>();
    let isSame = sources.length === this.#directives.size;
    for (const file of sources) {
      const known = this.#directives.get(file.path);
      const earlier = this.#parsed.get(file.path);
      const now = known !== undefined && earlier?.text === file.text ? known : directivesOf(file.text);
      if (now !== known) isSame = false;
      directives.set(file.path, now);
    }
    this.#input = input;
    this.#directives = directives;
    if (isSame && this.#knowledge !== null) {
      for (const { path, text } of sources) if (this.#parsed.get(path)?.text !== text) this.#parsed.delete(path);
      return;
    }
    // A macro or a condition may mean something else everywhere.
    this.#knowledge = this.#parser.prepare(sources);
    this.#parsed.clear();
  }

  /** A file as it is now; null for one that is not there or is no source. */
  parsed(path: string): ParsedFile | null {
    const file = this.#input.files.find((candidate) => candidate.path === path);
    if (file === undefined || this.#knowledge === null || !isSource(path)) return null;
    const known = this.#parsed.get(path);
    if (known !== undefined) return known;
    const parsed = this.#parser.parse(file, this.#knowledge);
    this.#parsed.set(path, parsed);
    return parsed;
  }

  /** What is found in one file. */
  check(path: string, side: LintOptions["side"]): readonly LintFinding[] {
    const file = this.#input.files.find((candidate) => candidate.path === path);
    if (file === undefined || !isSource(path) || !mentions(file, side)) return [];
    const files = this.#input.files.flatMap((candidate) => {
      const parsed = isSource(candidate.path) && mentions(candidate, side) ? this.parsed(candidate.path) : null;
      return parsed === null ? [] : [parsed];
    });
    const options = { side, fixes: "none", only: path, abi: builtFor(this.#input) } as const;
    return report(files, options, () => files[0] as ParsedFile).findings;
  }
}

/** The directives of a text, which are all that it tells about macros. */
function directivesOf(text: string): string {
  const tokens = lex(text);
  const found: string[] = [];
  for (let t = 0; t < tokens.count; t++) if (tokens.kind[t] === TokenKind.directive) found.push(tokenText(tokens, t));
  return found.join("\n");
}

function report(
  files: readonly ParsedFile[],
  options: LintOptions & { readonly abi: Abi },
  parse: (file: InputFile) => ParsedFile,
): LintReport {
  const isCapi = options.side === "capi";
  const checked = options.only === undefined ? files : files.filter((file) => file.path === options.only);
  const reports = isCapi ? lintReferences(files, checked) : lintHandles(files, options.abi, checked);
  const findings: LintFinding[] = [];
  const unproven: LintReport["unproven"][number][] = [];
  for (const report of reports) {
    const { file } = report;
    const lines = new Lines(file.text);
    for (const finding of report.findings) {
      const fix = options.fixes === "offered" && !isCapi ? triedFix(file, finding, report, files, parse) : null;
      findings.push(located(file.path, lines, finding, fix));
    }
    for (const { span, reason, function: name } of report.unproven)
      unproven.push({ path: file.path, line: lines.place(span.start).line, function: name, reason: readable(reason) });
    for (const { span, reason, name } of file.unparsed)
      if (file.text.slice(span.start, span.end).includes(isCapi ? "Py" : "HPy"))
        unproven.push({
          path: file.path,
          line: lines.place(span.start).line,
          function: name,
          reason: readable(reason),
        });
  }
  return {
    findings: findings.sort((a, b) => (a.path === b.path ? a.span.start - b.span.start : a.path < b.path ? -1 : 1)),
    suppressed: reports.reduce((sum, report) => sum + report.suppressed, 0),
    functions: reports.reduce((sum, report) => sum + report.functions, 0),
    unproven,
  };
}

/**
 * Applies every repair that can be applied at once, again and again until none is left. The result holds the new texts
 * of the files that changed.
 *
 * @param only the path of the only file to repair.
 */
export function fixProject(
  input: ProjectInput,
  parser: Parser,
  only?: string,
): { readonly changes: ReadonlyMap<string, string>; readonly applied: number } {
  const texts = new Map(input.files.map((file) => [file.path, file.text]));
  let applied = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const files = [...texts].map(([path, text]): InputFile => ({ path, text }));
    const { findings } = lintProject({ files }, parser, {
      side: "hpy",
      fixes: "offered",
      ...(only === undefined ? {} : { only }),
    });
    const byFile = new Map<string, Fix[]>();
    for (const { path, fix } of findings) {
      if (fix === null) continue;
      const chosen = byFile.get(path) ?? [];
      byFile.set(path, chosen);
      if (!chosen.some((other) => overlaps(other, fix))) chosen.push(fix);
    }
    if (byFile.size === 0) break;
    for (const [path, fixes] of byFile) {
      texts.set(path, applyFixes(texts.get(path) as string, fixes));
      applied += fixes.length;
    }
  }
  const changes = new Map<string, string>();
  for (const { path, text } of input.files) if (texts.get(path) !== text) changes.set(path, texts.get(path) as string);
  return { changes, applied };
}

/** Rounds of repairs: one repair can make room for the next at the same place. */
const ROUNDS = 10;

/** Whether two repairs touch the same text, or the same place. */
function overlaps(a: Fix, b: Fix): boolean {
  return a.edits.some((x) => b.edits.some((y) => x.start <= y.end && y.start <= x.end));
}

function applyFixes(text: string, fixes: readonly Fix[]): string {
  const edits = fixes.flatMap((fix) => fix.edits).sort((a, b) => b.start - a.start || b.end - a.end);
  let result = text;
  for (const edit of edits) result = result.slice(0, edit.start) + edit.text + result.slice(edit.end);
  return result;
}

/** The repair of a finding, if after it the finding is gone, nothing new is found and all is understood. */
function triedFix(
  file: ParsedFile,
  finding: Finding,
  report: FileReport,
  files: readonly ParsedFile[],
  parse: (file: InputFile) => ParsedFile,
): Fix | null {
  if (report.unproven.some((u) => u.function === finding.function)) return null;
  const fix = candidateFix(file, finding);
  if (fix === null) return null;
  const changed = parse({ path: file.path, text: applyFixes(file.text, [fix]) });
  if (changed.unparsed.length > file.unparsed.length) return null;
  const before = tally(files, file, finding.function);
  const after = tally(
    files.map((f) => (f === file ? changed : f)),
    changed,
    finding.function,
  );
  const key = `${finding.function}\0${finding.id}`;
  if ((after.get(key) ?? 0) >= (before.get(key) ?? 0)) return null;
  for (const [other, number] of after) if (number > (before.get(other) ?? 0)) return null;
  return fix;
}

/** Numbers of findings by function and id around one function: its own, its callers' and those outside of functions. */
function tally(files: readonly ParsedFile[], file: ParsedFile, name: string): Map<string, number> {
  const checker = new HandleChecker(files);
  const numbers = new Map<string, number>();
  const add = (key: string): void => {
    numbers.set(key, (numbers.get(key) ?? 0) + 1);
  };
  for (const f of files) {
    for (const info of checker.functionsOf(f)) {
      if (!(f === file && info.name === name) && !info.calls.has(name)) continue;
      const { findings, unproven } = checker.result(info);
      for (const finding of findings) add(`${info.name}\0${finding.id}`);
      for (const _ of unproven) add(`${info.name}\0unproven`);
    }
  }
  for (const finding of checker.outside(file)) add(`${finding.function}\0${finding.id}`);
  return numbers;
}

/** A finding with places for people. */
export function located(path: string, lines: Lines, finding: Finding, fix: Fix | null): LintFinding {
  return {
    ...lines.range(path, finding.span),
    id: finding.id,
    severity: SEVERITY.get(finding.id) ?? "error",
    certainty: finding.certainty,
    function: readable(finding.function),
    message: readable(finding.message),
    related: finding.path.map((point) => ({ ...lines.range(path, point.span), message: readable(point.note) })),
    fix,
  };
}

/** The ABI that setup.cfg asks for. */
function builtFor(input: ProjectInput): Abi {
  for (const { path, text } of input.files) {
    if (!path.endsWith("setup.cfg")) continue;
    for (const line of text.split("\n")) {
      const [key = "", value = ""] = line.split("=");
      if (key.trim().replace("-", "_") === "hpy_abi" && value.trim() === "universal") return "universal";
    }
  }
  return "hybrid";
}

/** Whether a file has anything to check: what does not mention the API at all cannot use it wrongly. */
function mentions(file: InputFile, side: LintOptions["side"]): boolean {
  const marks = side === "capi" ? ["Py"] : ["HPy", "hpy.h"];
  return marks.some((mark) => file.text.includes(mark));
}

/** Whether a file of a project is C or C++; the others are build files. */
export function isSource(path: string): boolean {
  return !path.endsWith(".py") && !path.endsWith(".cfg") && !path.endsWith(".toml");
}

/** Bytes of a source as text for people: UTF-8 where they are. */
function readable(text: string): string {
  let ascii = true;
  for (let i = 0; i < text.length && ascii; i++) ascii = text.charCodeAt(i) < 128;
  if (ascii) return text;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(text, (c) => c.charCodeAt(0)));
  } catch {
    return text;
  }
}

/** Lines and columns of a text. */
export class Lines {
  private readonly text: string;
  private readonly starts: number[] = [0];

  constructor(text: string) {
    this.text = text;
    for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) this.starts.push(i + 1);
  }

  place(offset: number): { readonly line: number; readonly column: number } {
    let low = 0;
    let high = this.starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.starts[middle] as number) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: readable(this.text.slice(this.starts[low], offset)).length + 1 };
  }

  range(path: string, span: Span): LintPlace {
    const from = this.place(span.start);
    const to = this.place(span.end);
    return { path, line: from.line, column: from.column, endLine: to.line, endColumn: to.column, span };
  }
}
