import { expect, test } from "vitest";
import { applyEdits, composeEdits, type Edit } from "../../syntax/edits.ts";
import { jumpOut } from "../../syntax/jumps.ts";
import { lex } from "../../syntax/lexer.ts";

test.each([
  ["do { if (x) break; f(); } while (0)", null],
  ["for (;;) { if (x) continue; }", null],
  ["switch (x) { case 1: break; }", null],
  ["while (x) { switch (y) { case 1: continue; } }", null],
  ["switch (x) { case 1: continue; }", "continue"],
  ["if (x) { f(); break; }", "break"],
  ["do { return; } while (0)", "return"],
  ["if (x) goto fail", "goto"],
  ["for (;;) break;", "break"],
])("%s jumps out with %s", (text, word) => {
  expect(jumpOut(lex(text, "piece"))).toBe(word);
});

const edit = (start: number, end: number, text: string): Edit => ({ start, end, text, rule: "r" });

test("two lists of edits become one that does what both do", () => {
  const text = "one two three four";
  const first = [edit(4, 7, "(two, 2)"), edit(14, 18, "4")];
  const middle = applyEdits(text, first);
  expect(middle).toBe("one (two, 2) three 4");
  const second = [edit(0, 3, "1"), edit(5, 8, "II"), edit(13, 18, "3"), edit(20, 20, "!")];
  const both = composeEdits(first, second);
  expect(both === null ? null : applyEdits(text, both)).toBe(applyEdits(middle, second));
});

test("an edit across the border of another has no place in the original", () => {
  expect(composeEdits([edit(2, 4, "xyz")], [edit(1, 3, "")])).toBeNull();
});
