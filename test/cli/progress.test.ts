/** The progress bar fits its line, says what is left, and goes. */
import { expect, test } from "vitest";
import { ProgressBar } from "../../cli/progress.ts";

test("a bar of one line that is drawn over and removed in the end", () => {
  const written: string[] = [];
  const bar = new ProgressBar((text) => written.push(text), 60);
  bar.activity("building the original");
  bar.steps(0, 4);
  bar.steps(2, 4);
  bar.activity("function-with-a-name-that-is-longer-than-the-terminal is: testing");
  bar.clear();
  expect(written.every((text) => text.startsWith("\r\x1b[K") && !text.includes("\n"))).toBe(true);
  expect(written.every((text) => text.length - "\r\x1b[K".length < 60)).toBe(true);
  expect(written[0]).toContain("] 0/0 building the original");
  expect(written[2]).toMatch(/\[={12} {12}\] 2\/4 \d+ s left/);
  expect(written.at(-1)).toBe("\r\x1b[K");
});
