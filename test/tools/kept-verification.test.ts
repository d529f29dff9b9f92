/** What is verified is not verified again, and only that. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { CorpusEntry, Verification } from "../../tools/corpus-entry.ts";
import { conditionsDigest, directoryDigest, seriesDigest, VerificationStore } from "../../tools/kept-verification.ts";
import type { SeriesStep } from "../../verify/series.ts";

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), "hpy-migrate-kept-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const ENTRY: CorpusEntry = { name: "tiny", version: "1", sha256: "00", modules: ["tiny"], about: "a tiny one" };
const STEPS: readonly SeriesStep[] = [
  { id: "module-tiny", title: "Make it HPy", changes: [{ path: "tiny.c", after: "one" }] },
  {
    id: "function-f",
    title: "Move f",
    changes: [
      { path: "tiny.c", after: "two" },
      { path: "tiny.h", after: null },
    ],
  },
];
const VERIFICATION: Verification = {
  unverified: null,
  steps: { total: 2, green: 2, within: 0, rolledBack: [] },
  checks: 2,
  testsBefore: { passed: 3, failed: 0, skipped: 0 },
  testsAfter: { passed: 3, failed: 0, skipped: 0 },
  leaks: 0,
  untested: [],
  unbuilt: [],
  comparison: null,
  verifySeconds: 12.5,
};

/** The steps with the text after the last one replaced. */
function withLastText(after: string | null): readonly SeriesStep[] {
  const [first, last] = STEPS as readonly [SeriesStep, SeriesStep];
  return [first, { ...last, changes: [{ path: "tiny.c", after }, ...last.changes.slice(1)] }];
}

test("a series is known by ids and texts, not by titles", () => {
  const digest = seriesDigest(STEPS);
  expect(seriesDigest(STEPS.map((step) => ({ ...step, title: "Otherwise" })))).toBe(digest);
  const others = [
    withLastText("other"),
    withLastText(null),
    withLastText(""),
    STEPS.slice(0, 1),
    [...STEPS].reverse(),
    STEPS.map((step) => ({ ...step, id: `${step.id}-x` })),
    STEPS.map((step) => ({ ...step, changes: step.changes.map((c) => ({ ...c, path: `src/${c.path}` })) })),
  ];
  const digests = new Set([digest, ...others.map(seriesDigest)]);
  expect(digests.size).toBe(others.length + 1);
});

test("whatever decides a verification is a condition of it; what a package is here for is not", () => {
  const tests = scratch();
  writeFileSync(join(tests, "test_tiny.py"), "assert True");
  const entry = { ...ENTRY, tests };
  const digest = conditionsDigest(entry, "source", ["code", "3.11.7"], 1);
  expect(conditionsDigest({ ...entry, about: "something else" }, "source", ["code", "3.11.7"], 1)).toBe(digest);
  const others = [
    conditionsDigest(entry, "other source", ["code", "3.11.7"], 1),
    conditionsDigest(entry, "source", ["other code", "3.11.7"], 1),
    conditionsDigest(entry, "source", ["code", "3.12.0"], 1),
    conditionsDigest(entry, "source", ["code", "3.11.7"], 8),
    conditionsDigest({ ...entry, test: "python -m unittest" }, "source", ["code", "3.11.7"], 1),
    conditionsDigest({ ...entry, build: "make" }, "source", ["code", "3.11.7"], 1),
    conditionsDigest({ ...entry, requires: ["pytz"] }, "source", ["code", "3.11.7"], 1),
  ];
  writeFileSync(join(tests, "test_tiny.py"), "assert 1");
  others.push(conditionsDigest(entry, "source", ["code", "3.11.7"], 1));
  expect(new Set([digest, ...others]).size).toBe(others.length + 1);
});

test("a directory is known by the paths and contents of its files, wherever it is", () => {
  const write = (files: Readonly<Record<string, string>>): string => {
    const root = scratch();
    mkdirSync(join(root, "sub"));
    for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text);
    return directoryDigest(root);
  };
  const digest = write({ a: "1", "sub/b": "2" });
  expect(write({ "sub/b": "2", a: "1" })).toBe(digest);
  expect(new Set([digest, write({ a: "1", b: "2" }), write({ a: "12", "sub/b": "" }), write({ a: "1" })]).size).toBe(4);
});

test("a verification is found again for the same series under the same conditions only", () => {
  const directory = join(scratch(), "verifications");
  const store = new VerificationStore(directory);
  expect(store.recall("tiny", "conditions", STEPS)).toBeNull();
  const kept = {
    excluded: [{ step: "function-g", evidence: "it does not build" }],
    last: seriesDigest(STEPS),
    verification: VERIFICATION,
  };
  store.keep("tiny", "conditions", STEPS, kept);
  expect(new VerificationStore(directory).recall("tiny", "conditions", STEPS)).toEqual(kept);
  expect(store.recall("tiny", "others", STEPS)).toBeNull();
  expect(store.recall("tiny", "conditions", withLastText("other"))).toBeNull();
  expect(store.recall("tinier", "conditions", STEPS)).toBeNull();
  expect(readdirSync(directory)).toHaveLength(1);
});
