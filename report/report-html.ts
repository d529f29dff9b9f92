/** A report as one page: self-contained, without any request, and with nothing of a source that could run. */
import { strToU8, zlibSync } from "fflate";
import type { MigrationPlan, ProjectInput } from "../engine/types.ts";
import { PAGE_SCRIPT, PAGE_SCRIPT_HASH, PAGE_STYLE, PAGE_STYLE_HASH } from "./page.generated.ts";
import { readable } from "./readable.ts";
import { isAssessed, isDetailed, type ProjectReport, type Report } from "./report-data.ts";
import { diffFile } from "./unified-diff.ts";
import { percent } from "./words.ts";

/** Texts in pieces: each is a JSON list, deflated, in base64. `first` is the index of the first text of a piece. */
export type PackedTexts = readonly { readonly first: number; readonly data: string }[];

/** What the page carries besides its script and style. */
export interface PageData {
  readonly report: Report;
  /**
   * By project: the diffs of its steps, then the sources of its functions that no step moves. Null for a project of
   * which only the figures are known.
   */
  readonly texts: readonly ({ readonly packed: PackedTexts } | null)[];
}

/** A plan that a project of a report was made from. */
export interface PlannedProject {
  readonly project: ProjectReport;
  readonly plan: MigrationPlan;
  readonly input: ProjectInput;
}

/** Characters of a piece before it is packed: small enough to unpack at a click, large enough to pack well. */
const PIECE = 65_536;
/** Packed characters of all texts together; a page of 5 MB has to hold the report too. */
const BUDGET = 3_200_000;
/** Lines of a function that are shown whole, and around a reason when it is longer. */
const WHOLE = 80;
const AROUND = 8;
/** Characters of a line, and of a change, that are shown. */
const LINE = 400;
const PATCH = 120_000;

function base64(bytes: Uint8Array): string {
  let text = "";
  // Arguments of a call are limited, so the bytes go in slices.
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

/** Packs texts until the budget is used up; texts beyond it are missing, and the page says so. */
function pack(texts: readonly string[], budget: number): { readonly packed: PackedTexts; readonly size: number } {
  const packed: { first: number; data: string }[] = [];
  let size = 0;
  let piece: string[] = [];
  let held = 0;
  let first = 0;
  const close = (next: number): boolean => {
    const data = base64(zlibSync(strToU8(JSON.stringify(piece)), { level: 9 }));
    if (size + data.length > budget) return false;
    packed.push({ first, data });
    size += data.length;
    piece = [];
    held = 0;
    first = next;
    return true;
  };
  for (const [index, text] of texts.entries()) {
    piece.push(text);
    held += text.length;
    if (held >= PIECE && !close(index + 1)) return { packed, size };
  }
  if (piece.length > 0) close(texts.length);
  return { packed, size };
}

function patchesOf(plan: MigrationPlan): string[] {
  return plan.steps.map((step) => {
    const patch = step.changes.map((change) => readable(diffFile(change).text)).join("");
    return patch.length > PATCH ? "" : patch;
  });
}

/** Sources of the functions that no step moves, in the order of the report; empty for the others. */
function sourcesOf({ project, plan, input }: PlannedProject): string[] {
  const lines = new Map<string, readonly string[]>();
  const units = plan.modules.flatMap((module) => module.functions);
  return project.functions.map((row, index) => {
    const unit = units[index];
    if (row.via !== null || unit === undefined) return "";
    let all = lines.get(unit.file);
    if (all === undefined) {
      all = (input.files.find((file) => file.path === unit.file)?.text ?? "").split("\n");
      lines.set(unit.file, all);
    }
    const text = input.files.find((file) => file.path === unit.file)?.text.slice(unit.span.start, unit.span.end) ?? "";
    const from = unit.line - 1;
    const to = from + text.split("\n").length;
    const noted = row.reasons.filter((reason) => reason.file === row.file).map((reason) => reason.line - 1);
    const isShown = (line: number): boolean =>
      to - from <= WHOLE || line < from + AROUND || noted.some((at) => Math.abs(at - line) <= AROUND);
    const shown: string[] = [];
    for (let line = from; line < to; line++) {
      if (isShown(line)) shown.push(`${line + 1}\t${readable((all[line] ?? "").slice(0, LINE).replace(/\r$/, ""))}`);
      else if (shown.at(-1) !== "") shown.push("");
    }
    return shown.join("\n");
  });
}

/** Text of an element or an attribute. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** JSON within a script element: without `<` it can neither end the element nor begin a comment. */
function embeddedJson(value: object): string {
  return JSON.stringify(value)
    .replaceAll("<", "\\u003c")
    .replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");
}

/** What a reader without scripts gets: the figures. */
function plainFigures(report: Report): string {
  const rows = report.projects.map((project) => {
    if (!isAssessed(project)) return `<li>${escaped(project.name)}: ${escaped(project.error)}</li>`;
    const { standing } = project.assessment;
    const done = standing.donePure + standing.doneBridged;
    return `<li>${escaped(project.name)}: ${standing.functions} functions, ${percent(done, standing.functions)} HPy today, ${standing.readyPure + standing.readyBridged} ready to move, ${standing.legacy} staying legacy</li>`;
  });
  return `<noscript><h1>HPy migration</h1><ul>${rows.join("")}</ul><p>The page needs its script to show more.</p></noscript>`;
}

/**
 * HTML text of a report. The page allows its own script and style only, by their hashes, and no connection.
 *
 * @param planned the plans behind the detailed projects; of the others the page shows the figures.
 * @param version of the program.
 */
export function renderHtml(report: Report, planned: readonly PlannedProject[], version: string): string {
  let budget = BUDGET;
  const texts = report.projects.map((project) => {
    const found = planned.find((candidate) => candidate.project === project);
    if (found === undefined || !isDetailed(project)) return null;
    const { packed, size } = pack([...patchesOf(found.plan), ...sourcesOf(found)], budget);
    budget -= size;
    return { packed };
  });
  const data: PageData = { report, texts };
  const [only] = report.projects;
  const title = report.projects.length === 1 && only !== undefined ? `${only.name}: HPy migration` : "HPy readiness";
  const policy = `default-src 'none'; script-src '${PAGE_SCRIPT_HASH}'; style-src '${PAGE_STYLE_HASH}'; img-src data:; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en" data-version="${escaped(version)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="generator" content="hpy-migrate ${escaped(version)}">
<link rel="icon" href="data:,">
<title>${escaped(title)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
${plainFigures(report)}
<script type="application/json" id="data">${embeddedJson(data)}</script>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}
