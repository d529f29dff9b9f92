/** A report for a terminal: several projects side by side, and the course of one. */
import { count } from "./account.ts";
import { type History, isoDate, remaining } from "./history.ts";
import { pad } from "./plan-text.ts";
import { isAssessed, type Report } from "./report-data.ts";
import { sumOfStandings } from "./standing.ts";
import type { Style } from "./style.ts";
import { percent } from "./words.ts";

/** One row a project, the closest to HPy first; what could not be assessed comes last. */
export function renderComparison(report: Report, style: Style): string {
  const assessed = report.projects.filter(isAssessed).map((project) => {
    const { standing } = project.assessment;
    const done = standing.donePure + standing.doneBridged;
    return { project, standing, done, moved: done + standing.readyPure + standing.readyBridged };
  });
  assessed.sort((a, b) => shareOf(b.moved, b.standing.functions) - shareOf(a.moved, a.standing.functions));
  const rows = assessed.map(({ project, standing, done, moved }) => [
    project.name,
    project.version ?? "",
    String(standing.functions).padStart(9),
    percent(done, standing.functions).padStart(5),
    percent(moved, standing.functions).padStart(15),
    project.assessment.blockers.find((blocker) => !blocker.follows)?.title ?? "",
  ]);
  const head = ["project", "version", "functions", "today", "after all steps", "what holds most back"];
  const failed = report.projects.flatMap((project) =>
    isAssessed(project) ? [] : [`${style.bad("failed")} ${project.name}: ${project.error}`],
  );
  const [first = "", ...lines] = pad([head, ...rows]);
  const total = sumOfStandings(assessed.map(({ standing }) => standing));
  const sum = `${count(report.projects.length, "project")}, ${count(total.functions, "function")}, ${total.donePure + total.doneBridged} migrated, ${total.readyPure + total.readyBridged} to move, ${total.legacy} staying legacy`;
  return `${[style.bold(first), ...lines, ...failed, "", sum].join("\n")}\n`;
}

function shareOf(part: number, whole: number): number {
  return whole === 0 ? 1 : part / whole;
}

/** Rows of a course. */
const ROWS = 16;
const BAR = 40;

/** The burn-down as rows of bars, oldest first, with what can be told of its end. */
export function renderHistory(history: History, style: Style): string {
  const { points, forecast } = history;
  const most = Math.max(1, ...points.map((point) => point.pure + remaining(point)));
  const step = Math.max(1, (points.length - 1) / (ROWS - 1));
  const shown = new Set<number>();
  for (let row = 0; row < ROWS && row < points.length; row++) shown.add(Math.round(row * step));
  const lines = [style.bold("Functions left on the C API (-), HPy with bridges (+) and HPy (#)")];
  for (const index of shown) {
    const point = points[index];
    if (point === undefined) continue;
    const width = (functions: number): number => Math.round((functions * BAR) / most);
    const bar =
      style.bad("-".repeat(width(point.capi))) +
      style.notable("+".repeat(width(point.bridged))) +
      style.good("#".repeat(width(point.pure)));
    lines.push(
      `  ${isoDate(point.time)}  ${point.commit.slice(0, 8)}  ${String(remaining(point)).padStart(5)} left  ${bar}`,
    );
  }
  if (forecast !== null) {
    const pace = `${forecast.perWeek} functions a week since ${isoDate(forecast.from)}`;
    lines.push(
      forecast.doneBy === null
        ? `At the recent pace (${pace}) the port does not come to an end.`
        : `At the recent pace (${pace}) the port is done by ${isoDate(forecast.doneBy)}.`,
    );
  } else if (points.length > 0) {
    const last = points.at(-1);
    const finished = last !== undefined && remaining(last) === 0 && last.pure > 0;
    lines.push(
      finished ? "The port is done." : "There is no HPy code in the history yet, so there is no pace to tell.",
    );
  }
  return `${lines.join("\n")}\n`;
}
