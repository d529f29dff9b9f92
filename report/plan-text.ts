import type { FunctionStatus, MigrationPlan, ModuleReport, Refusal, Step } from "../engine/types.ts";
import { count } from "./account.ts";
import type { Style } from "./style.ts";

/** Rows of each list of the overview: all of it has to fit on one screen. */
const ROWS = 8;

interface Cause {
  readonly id: string;
  readonly units: number;
  readonly example: Refusal;
}

/** Refusals of functions, types and modules by id, the most frequent first. */
function causes(plan: MigrationPlan): Cause[] {
  const found = new Map<string, { units: number; example: Refusal }>();
  for (const module of plan.modules) {
    const units = [...module.functions, ...module.types, { refusals: module.refusals }];
    for (const unit of units) {
      for (const id of new Set(unit.refusals.map((refusal) => refusal.id))) {
        const example = unit.refusals.find((refusal) => refusal.id === id) as Refusal;
        const known = found.get(id);
        if (known) known.units++;
        else found.set(id, { units: 1, example });
      }
    }
  }
  return [...found]
    .map(([id, cause]) => ({ id, ...cause }))
    .sort((a, b) => b.units - a.units || (a.id < b.id ? -1 : 1));
}

/** Columns of an example in the overview. */
const WIDTH = 100;

function shortened(text: string): string {
  return text.length <= WIDTH ? text : `${text.slice(0, WIDTH - 3).trimEnd()}...`;
}

function pad(rows: readonly (readonly string[])[]): string[] {
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

function more(total: number, noun: string, style: Style): string[] {
  return total > ROWS ? [style.dim(`  and ${count(total - ROWS, `more ${noun}`)}`)] : [];
}

/** What one module looks like once all steps are applied, and how far it is. */
function moduleSummary(module: ModuleReport): string {
  const { functions } = module;
  const migrated = functions.filter((unit) => unit.kind === "migrated").length;
  const moving = functions.filter((unit) => unit.via !== null).length;
  const legacy = functions.filter((unit) => unit.status === "legacy").length;
  const parts: string[] = [];
  if (migrated > 0) parts.push(`${migrated} migrated`);
  if (moving > 0) parts.push(`${moving} to move`);
  if (legacy > 0) parts.push(`${legacy} staying legacy`);
  return `${count(functions.length, "function")}${parts.length > 0 ? `: ${parts.join(", ")}` : ""}`;
}

function moduleFiles(module: ModuleReport): string {
  const [first = ""] = module.files;
  return module.files.length > 1 ? `${first} and ${module.files.length - 1} more` : first;
}

function stepLine(step: Step): string[] {
  return [step.id, `+${step.insertions} -${step.deletions}`, step.title];
}

/** The bare command: what is here, what is done, what comes next. */
export function renderOverview(plan: MigrationPlan, style: Style): string {
  const lines: string[] = [];
  lines.push(style.bold(`${count(plan.modules.length, "extension module")}, target HPy ${plan.hpy}`));
  const modules = plan.modules.slice(0, ROWS);
  lines.push(
    ...pad(modules.map((module) => [`  ${module.name}`, moduleFiles(module), moduleSummary(module)])),
    ...more(plan.modules.length, "module", style),
    "",
  );

  const [next] = plan.steps;
  if (next === undefined) {
    lines.push(style.good(plan.totals.legacy === 0 ? "Everything has moved: no step is left." : "No step is left."));
  } else {
    lines.push(style.bold(`${count(plan.steps.length, "step")} to go`));
    lines.push(...pad(plan.steps.slice(0, ROWS).map((step) => ["  ", ...stepLine(step)])));
    lines.push(...more(plan.steps.length, "step", style), "");
    lines.push(
      `Next: ${style.notable("hpy-migrate diff")} shows ${next.id}, ${style.notable("hpy-migrate apply")} writes it.`,
    );
  }

  const reasons = causes(plan);
  if (reasons.length > 0) {
    lines.push("", style.bold("Staying legacy, by cause"));
    const rows = reasons
      .slice(0, ROWS)
      .map((cause) => [
        `  ${cause.units}`.padStart(5),
        cause.id,
        shortened(`${cause.example.path}:${cause.example.line}: ${cause.example.message}`),
      ]);
    lines.push(...pad(rows), ...more(reasons.length, "cause", style));
    lines.push(
      `${style.notable(`hpy-migrate explain ${reasons[0]?.id}`)} tells more; ${style.notable("hpy-migrate plan")} lists every function.`,
    );
  }
  for (const note of plan.notes.slice(0, ROWS)) lines.push("", ...renderNote(note, style));
  lines.push(...more(plan.notes.length, "note", style));
  return `${lines.join("\n")}\n`;
}

function renderNote(note: Refusal, style: Style): string[] {
  return [`${style.bad(note.id)} ${note.path}:${note.line}: ${note.message}`];
}

function statusText(status: FunctionStatus, style: Style): string {
  const text = status.padEnd(7);
  if (status === "pure") return style.good(text);
  return status === "bridged" ? style.notable(text) : style.bad(text);
}

/** `plan`: the ordered steps, and each function's status and refusals. */
export function renderPlan(plan: MigrationPlan, style: Style): string {
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
  if (plan.notes.length > 0) lines.push("", ...plan.notes.flatMap((note) => renderNote(note, style)));
  const { functions, pure, bridged, legacy } = plan.totals;
  lines.push(
    "",
    `${count(functions, "function")} once all steps are applied: ${pure} pure, ${bridged} bridged, ${legacy} legacy`,
  );
  return `${lines.join("\n")}\n`;
}
