import type { FunctionStatus, MigrationPlan, ModuleReport, Refusal, Step } from "../engine/types.ts";
import { count } from "./account.ts";
import type { Assessment, Blocker, Feature, ModuleAssessment, Universal } from "./assessment.ts";
import type { Standing } from "./standing.ts";
import type { Style } from "./style.ts";
import { firstClause, percent } from "./words.ts";

/** Rows of each list of the overview: all of it has to fit on one screen. */
const ROWS = { modules: 6, steps: 4, blockers: 6, features: 4 } as const;

/** Columns of an example in the overview. */
const WIDTH = 100;

function shortened(text: string): string {
  return text.length <= WIDTH ? text : `${text.slice(0, WIDTH - 3).trimEnd()}...`;
}

export function pad(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] as number))
      .join("  ")
      .trimEnd(),
  );
}

function more(total: number, shown: number, noun: string, style: Style): string[] {
  return total > shown ? [style.dim(`  and ${count(total - shown, `more ${noun}`)}`)] : [];
}

/** What a set of functions looks like once all steps are applied, and how far it is. */
function standingText(standing: Standing): string {
  const done = standing.donePure + standing.doneBridged;
  const ready = standing.readyPure + standing.readyBridged;
  const parts: string[] = [];
  if (done > 0) parts.push(`${done} migrated`);
  if (ready > 0) parts.push(`${ready} to move`);
  if (standing.legacy > 0) parts.push(`${standing.legacy} staying legacy`);
  return `${count(standing.functions, "function")}${parts.length > 0 ? `: ${parts.join(", ")}` : ""}`;
}

function universalText(universal: Universal, style: Style): string {
  if (universal === "blocked") return style.dim("universal ABI not yet");
  return style.good(universal === "reached" ? "universal ABI reached" : "universal ABI reachable");
}

/** Columns of the bar. */
const BAR = 40;

/** The shares of a standing as one bar: done, to move, staying. */
function bar(standing: Standing, style: Style): string {
  const { functions, donePure, doneBridged, readyPure, readyBridged } = standing;
  if (functions === 0) return "";
  const done = Math.round(((donePure + doneBridged) * BAR) / functions);
  const moved = Math.round(((donePure + doneBridged + readyPure + readyBridged) * BAR) / functions);
  return style.good("#".repeat(done)) + style.notable("+".repeat(moved - done)) + style.dim(".".repeat(BAR - moved));
}

function moduleFiles(module: ModuleReport): string {
  const [first = ""] = module.files;
  return module.files.length > 1 ? `${first} and ${module.files.length - 1} more` : first;
}

function stepLine(step: Step): string[] {
  return [step.id, `+${step.insertions} -${step.deletions}`, step.title];
}

/** The bare command: what is here, what is done, what comes next, what holds the rest back. One screen. */
export function renderOverview(plan: MigrationPlan, assessment: Assessment, style: Style): string {
  const lines: string[] = [];
  const { standing } = assessment;
  const done = standing.donePure + standing.doneBridged;
  const moved = done + standing.readyPure + standing.readyBridged;
  lines.push(style.bold(`${count(plan.modules.length, "extension module")}, target HPy ${plan.hpy}`));
  if (standing.functions > 0)
    lines.push(
      `  [${bar(standing, style)}] ${percent(done, standing.functions)} HPy today, ${percent(moved, standing.functions)} once all steps are applied`,
    );
  const modules = [...plan.modules.entries()].sort((a, b) => b[1].functions.length - a[1].functions.length);
  lines.push(
    ...pad(
      modules.slice(0, ROWS.modules).map(([index, module]) => {
        const assessed = assessment.modules[index] as ModuleAssessment;
        const standingOfModule = standingText(assessed.standing);
        return [
          `  ${module.name}`,
          moduleFiles(module),
          standingOfModule,
          module.functions.length === 0 ? "" : universalText(assessed.universal, style),
        ];
      }),
    ),
    ...more(modules.length, ROWS.modules, "module", style),
    "",
  );

  const [next] = plan.steps;
  if (next === undefined) {
    lines.push(style.good(standing.legacy === 0 ? "Everything has moved: no step is left." : "No step is left."));
  } else {
    const { files, insertions, deletions } = assessment.diff;
    const size = `+${insertions} -${deletions} lines in ${count(files, "file")}`;
    lines.push(`${style.bold(`${count(plan.steps.length, "step")} to go`)} ${style.dim(size)}`);
    lines.push(...pad(plan.steps.slice(0, ROWS.steps).map((step) => ["  ", ...stepLine(step)])));
    lines.push(...more(plan.steps.length, ROWS.steps, "step", style));
    lines.push(
      `Next: ${style.notable("hpy-migrate diff")} shows ${next.id}, ${style.notable("hpy-migrate apply")} writes it.`,
    );
  }
  lines.push(...renderBlockers(assessment.blockers, style), ...renderFeatures(assessment.features, style));
  if (plan.notes.length > 0) {
    const [first] = plan.notes;
    const others = plan.notes.length > 1 ? ` and ${plan.notes.length - 1} more` : "";
    lines.push("", `${count(plan.notes.length, "note")}: ${first?.id} ${first?.path}:${first?.line}${others}`);
  }
  return `${lines.join("\n")}\n`;
}

/** What holds functions back; those that only wait for others are one line. */
function renderBlockers(blockers: readonly Blocker[], style: Style): string[] {
  if (blockers.length === 0) return [];
  const causes = blockers.filter((blocker) => !blocker.follows);
  const waiting = blockers.filter((blocker) => blocker.follows).reduce((sum, blocker) => sum + blocker.holds, 0);
  const rows = causes
    .slice(0, ROWS.blockers)
    .map(({ holds, id, title, example }) => [
      String(holds).padStart(6),
      id,
      shortened(`${title}, as at ${example.file}:${example.line}`),
    ]);
  return [
    "",
    style.bold("What holds the rest back, by functions"),
    ...pad(rows),
    ...more(causes.length, ROWS.blockers, "cause", style),
    ...(waiting > 0
      ? [`${String(waiting).padStart(6)}  wait for others: only types and functions that stay use them`]
      : []),
    `${style.notable(`hpy-migrate explain ${blockers[0]?.id}`)} tells more; ${style.notable("hpy-migrate plan")} lists every function.`,
  ];
}

function renderFeatures(features: readonly Feature[], style: Style): string[] {
  if (features.length === 0) return [];
  const rows = features.slice(0, ROWS.features).map(({ functions, alone, lacks, capi }) => {
    const calls = capi.length === 0 ? "" : ` (${capi.slice(0, 3).join(", ")}${capi.length > 3 ? ", ..." : ""})`;
    return [String(functions).padStart(6), `${alone} lack only this`, shortened(`${firstClause(lacks)}${calls}`)];
  });
  return [
    "",
    style.bold("What HPy would have to offer, by functions that use it"),
    ...pad(rows),
    ...more(features.length, ROWS.features, "feature", style),
  ];
}

function renderNote(note: Refusal, style: Style): string[] {
  return [`${style.bad(note.id)} ${note.path}:${note.line}: ${note.message}`];
}

function statusText(status: FunctionStatus, style: Style): string {
  const text = status.padEnd(7);
  if (status === "pure") return style.good(text);
  return status === "bridged" ? style.notable(text) : style.bad(text);
}

/** `plan`: the ordered steps, each function's status and refusals, and what holds the rest back. */
export function renderPlan(plan: MigrationPlan, assessment: Assessment, style: Style): string {
  const lines: string[] = [];
  for (const module of plan.modules) {
    lines.push(style.bold(`${module.name}  ${style.dim(module.files.join(" "))}`));
    for (const refusal of module.refusals) lines.push(`  ${renderNote(refusal, style).join("")}`);
    for (const unit of [...module.functions, ...module.types]) {
      const place = style.dim(`${unit.file}:${unit.line}`);
      const via = "via" in unit && unit.via !== null ? style.dim(` via ${unit.via}`) : "";
      const done = "kind" in unit && unit.kind === "migrated" ? style.dim(" already") : "";
      const noun = "kind" in unit ? "" : "type ";
      lines.push(`  ${statusText(unit.status, style)} ${noun}${unit.name}  ${place}${via}${done}`);
      for (const refusal of unit.refusals) {
        lines.push(`          ${style.dim(`line ${refusal.line}`)} ${refusal.id}: ${refusal.message}`);
      }
    }
    lines.push("");
  }
  lines.push(
    style.bold(plan.steps.length === 0 ? "No step is left." : `${count(plan.steps.length, "step")}, in this order`),
  );
  const rows = plan.steps.map((step, index) => [String(index + 1).padStart(4), ...stepLine(step)]);
  lines.push(...pad(rows));
  const defects = plan.notes.filter((note) => note.id.startsWith("capi-"));
  const others = plan.notes.filter((note) => !note.id.startsWith("capi-"));
  if (others.length > 0) lines.push("", ...others.flatMap((note) => renderNote(note, style)));
  if (defects.length > 0) {
    const title = `${count(defects.length, "defect")} of the original code, which a migration carries along (hpy-migrate lint --capi shows how they come about)`;
    lines.push("", style.bold(title), ...defects.flatMap((note) => renderNote(note, style)));
  }
  lines.push(...renderBlockers(assessment.blockers, style), ...renderFeatures(assessment.features, style));
  const { functions, pure, bridged, legacy } = plan.totals;
  lines.push(
    "",
    `${count(functions, "function")} once all steps are applied: ${pure} pure, ${bridged} bridged, ${legacy} legacy`,
  );
  return `${lines.join("\n")}\n`;
}
