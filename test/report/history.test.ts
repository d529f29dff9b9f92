import { describe, expect, test } from "vitest";
import { type HistoryPoint, historyOf, isoDate } from "../../report/history.ts";

const DAY = 86400;
const START = Date.UTC(2024, 0, 1) / 1000;

function point(day: number, capi: number, pure: number, bridged = 0): HistoryPoint {
  return { commit: "c", subject: "s", time: START + day * DAY, capi, pure, bridged };
}

describe("the forecast", () => {
  test("a steady port of ten functions a week ends when the line says", () => {
    const points = Array.from({ length: 11 }, (_, week) => point(week * 7, 200 - week * 10, week * 10));
    const { forecast } = historyOf(points);
    expect(forecast?.perWeek).toBe(10);
    // 100 functions are left after ten weeks: ten more weeks, 140 days after the start.
    expect(isoDate(forecast?.doneBy ?? 0)).toBe("2024-05-20");
  });

  test("what came before the port does not slow it down", () => {
    const before = Array.from({ length: 50 }, (_, month) => point((month - 50) * 30, 200, 0));
    const port = Array.from({ length: 11 }, (_, week) => point(week * 7, 200 - week * 10, week * 10));
    expect(historyOf([...before, ...port]).forecast?.perWeek).toBe(10);
  });

  test("bridged functions are left to do", () => {
    const points = [point(0, 20, 0), point(7, 0, 10, 10)];
    expect(historyOf(points).forecast?.perWeek).toBe(10);
  });

  test("there is none without HPy code, for a single commit, and once the port is done", () => {
    expect(historyOf([]).forecast).toBeNull();
    expect(historyOf([point(0, 5, 0), point(9, 4, 0)]).forecast).toBeNull();
    expect(historyOf([point(0, 5, 1)]).forecast).toBeNull();
    expect(historyOf([point(0, 5, 0), point(9, 0, 5)]).forecast).toBeNull();
  });

  test("a port that loses ground has a pace but no end", () => {
    const { forecast } = historyOf([point(0, 10, 1), point(7, 12, 1), point(14, 14, 1)]);
    expect(forecast?.perWeek).toBe(-2);
    expect(forecast?.doneBy).toBeNull();
  });
});

test("dates that are out of order take the place of the commits around them", () => {
  const days = [0, 10, 200, 11, 12, 1, 20];
  const { points } = historyOf(days.map((day) => point(day, 1, 0)));
  expect(points.map(({ time }) => (time - START) / DAY)).toEqual([0, 10, 10, 11, 12, 12, 20]);
});

test("isoDate agrees with the calendar", () => {
  for (let time = Date.UTC(1968, 0, 1); time < Date.UTC(2105, 0, 1); time += 997 * 3_599_999)
    expect(isoDate(time / 1000)).toBe(new Date(time).toISOString().slice(0, 10));
});
