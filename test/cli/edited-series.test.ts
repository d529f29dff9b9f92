/** Edits that were made after a series was applied belong to the steps that wrote what they are in. */
import { expect, test } from "vitest";
import { withEdits } from "../../cli/edited-series.ts";
import type { SeriesStep } from "../../verify/series.ts";

/** A file of functions, each of some lines, so that edits in two of them have no surroundings in common. */
function source(bodies: Readonly<Record<string, string>>): string {
  const functions = Object.entries(bodies).map(
    ([name, body]) => `int ${name}(void)\n{\n    /* ${name} */\n    ${body}\n    return 0;\n}\n`,
  );
  return `#include <x.h>\n\n${functions.join("\n")}`;
}

function step(id: string, text: string): SeriesStep {
  return { id, title: id, changes: [{ path: "a.c", after: text }] };
}

const STEPS: readonly SeriesStep[] = [
  step("module", source({ f: "old_f();", g: "old_g();", h: "old_h();" })),
  step("f", source({ f: "new_f();", g: "old_g();", h: "old_h();" })),
  step("h", source({ f: "new_f();", g: "old_g();", h: "new_h();" })),
];
const LAST = source({ f: "new_f();", g: "old_g();", h: "new_h();" });

function textsOf(steps: readonly SeriesStep[] | null): (string | null | undefined)[] | undefined {
  return steps?.map(({ changes }) => changes.find((change) => change.path === "a.c")?.after);
}

test("an edit is there from the step on that wrote what it is in", () => {
  const edited = withEdits(
    STEPS,
    new Map([["a.c", LAST.replace("new_f();", "bad_f();").replace("new_h();", "bad_h();")]]),
  );
  expect(textsOf(edited)).toEqual([
    source({ f: "old_f();", g: "old_g();", h: "old_h();" }),
    source({ f: "bad_f();", g: "old_g();", h: "old_h();" }),
    source({ f: "bad_f();", g: "old_g();", h: "bad_h();" }),
  ]);
  expect(edited?.map(({ id }) => id)).toEqual(["module", "f", "h"]);
});

test("an edit of what no step wrote is there from the start, as is a file that the steps leave alone", () => {
  const edited = withEdits(
    STEPS,
    new Map([
      ["a.c", LAST.replace("old_g();", "bad_g();")],
      ["b.c", "other"],
    ]),
  );
  expect(textsOf(edited)?.every((text) => text?.includes("bad_g();"))).toBe(true);
  expect(edited?.map(({ changes }) => changes.length)).toEqual([2, 1, 1]);
});

test("without edits the steps are what they were", () => {
  expect(withEdits(STEPS, new Map([["a.c", LAST]]))).toEqual(STEPS);
});

test("no answer where edits cannot be told from steps", () => {
  expect(withEdits(STEPS, new Map())).toBeNull();
  expect(withEdits(STEPS, new Map([["a.c", null]]))).toBeNull();
  expect(withEdits([], new Map([["a.c", LAST]]))).toBeNull();
});
