/** The course of a port: what each commit's sources hold, and when it would be done at the pace of the last ones. */
import type { FunctionCounts } from "../engine/count-functions.ts";

/** One commit, counted from its sources. */
export interface HistoryPoint extends FunctionCounts {
  /** Full hash; `worktree` for what is not committed. */
  readonly commit: string;
  /** When it was written, in seconds since 1970. */
  readonly time: number;
  /** First line of its message. */
  readonly subject: string;
}

export interface Forecast {
  /** Functions that leave the C API per week, by a straight line through the recent commits; below 0 when they grow. */
  readonly perWeek: number;
  /** First and last commit that the line is drawn through, in seconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** When the line meets zero, in seconds since 1970; null when it does not within ten years. */
  readonly doneBy: number | null;
}

export interface History {
  readonly points: readonly HistoryPoint[];
  /** Null when nothing is left, or when there is no course to tell from. */
  readonly forecast: Forecast | null;
}

const WEEK = 7 * 86400;
const TEN_YEARS = 10 * 365.25 * 86400;
/** Share of the port's duration that counts as recent. */
const RECENT = 1 / 3;
/** A recent part is never shorter than this many seconds while the port itself is longer. */
const SHORTEST = 4 * WEEK;

/** Functions that still need the C API. */
export function remaining(point: FunctionCounts): number {
  return point.capi + point.bridged;
}

/**
 * The line through the recent part of a port. The port starts with the first commit that holds HPy code; without one
 * nothing can be told.
 */
function forecastOf(points: readonly HistoryPoint[]): Forecast | null {
  const last = points.at(-1);
  const first = points.findIndex((point) => point.pure + point.bridged > 0);
  if (last === undefined || first < 0 || remaining(last) === 0) return null;
  // The commit before the first HPy code shows what the port started from.
  const port = points.slice(Math.max(0, first - 1));
  const start = port[0]?.time ?? last.time;
  const since = Math.min(last.time - (last.time - start) * RECENT, last.time - SHORTEST);
  let recent = port.filter((point) => point.time >= since);
  if (recent.length < 2) recent = port.slice(-2);
  const from = recent[0]?.time ?? last.time;
  if (recent.length < 2 || from === last.time) return null;
  const meanTime = recent.reduce((sum, point) => sum + point.time, 0) / recent.length;
  const meanLeft = recent.reduce((sum, point) => sum + remaining(point), 0) / recent.length;
  let covariance = 0;
  let variance = 0;
  for (const point of recent) {
    covariance += (point.time - meanTime) * (remaining(point) - meanLeft);
    variance += (point.time - meanTime) ** 2;
  }
  if (variance === 0) return null;
  const slope = covariance / variance;
  const left = remaining(last) / -slope;
  return {
    perWeek: Math.round(-slope * WEEK * 100) / 100,
    from,
    to: last.time,
    doneBy: slope < 0 && left <= TEN_YEARS ? Math.round(last.time + left) : null,
  };
}

/** Indices of a longest part of the times that never goes back, in order. */
function forwardOnly(times: readonly number[]): number[] {
  // tails[n]: where the part of n + 1 times that ends earliest has its end.
  const tails: number[] = [];
  const before: number[] = [];
  for (const [index, time] of times.entries()) {
    let low = 0;
    for (let high = tails.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((times[tails[middle] as number] as number) <= time) low = middle + 1;
      else high = middle;
    }
    before[index] = low === 0 ? -1 : (tails[low - 1] as number);
    tails[low] = index;
  }
  const kept: number[] = [];
  for (let index = tails.at(-1) ?? -1; index >= 0; index = before[index] as number) kept.unshift(index);
  return kept;
}

/**
 * A history from its commits in order, oldest first. Dates of authors tell when the work was done, but rebases and
 * patches that waited put some out of order: those are taken to lie where the commits around them are.
 */
export function historyOf(commits: readonly HistoryPoint[]): History {
  const times = commits.map((point) => point.time);
  const forward = forwardOnly(times);
  const kept = new Set(forward);
  let latest = times[forward[0] ?? 0] ?? 0;
  const points = commits.map((point, index) => {
    if (kept.has(index)) latest = point.time;
    return { ...point, time: latest };
  });
  return { points, forecast: forecastOf(points) };
}

/** `2024-05-31` of seconds since 1970, in UTC; the days are counted by Howard Hinnant's civil_from_days. */
export function isoDate(seconds: number): string {
  const days = Math.floor(seconds / 86400) + 719468;
  const era = Math.floor(days / 146097);
  const dayOfEra = days - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${year}-${two(month)}-${two(day)}`;
}
