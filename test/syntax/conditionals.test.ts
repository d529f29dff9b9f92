import { describe, expect, it } from "vitest";
import { evaluateCondition } from "../../syntax/condition.ts";
import { evaluateConditionals } from "../../syntax/conditionals.ts";
import { groupDirectives, withoutComments } from "../../syntax/directives.ts";
import { learnFacts, platformFacts } from "../../syntax/facts.ts";
import { lex } from "../../syntax/lexer.ts";

const facts = new Map<string, number | "defined" | "undefined">([
  ["FOUR", 4],
  ["THERE", "defined"],
  ["GONE", "undefined"],
]);

describe("evaluateCondition", () => {
  it.each([
    ["1", true],
    ["0", false],
    ["FOUR == 4", true],
    ["FOUR >= 0x10 || FOUR < 5", true],
    ["(FOUR << 2) == 16 && FOUR % 3 == 1", true],
    ["defined(FOUR) && defined THERE", true],
    ["!defined(GONE)", true],
    ["GONE", false],
    ["GONE > 3", false],
    ["defined(NEVER_HEARD)", null],
    ["THERE > 3", null],
    ["defined(NEVER_HEARD) && 0", false],
    ["0 && defined(NEVER_HEARD)", false],
    ["defined(NEVER_HEARD) || 1", true],
    ["defined(NEVER_HEARD) || 0", null],
    ["!NEVER_HEARD", null],
    ["FOUR ? 0 : 1", false],
    ["NEVER_HEARD ? 1 : 1", true],
    ["__has_include(<x.h>)", null],
    ["-1 < 0", true],
    ["012 == 10", true],
    ["10L == 10U", true],
    ["1 / 0", null],
    ["", null],
    ["1 +", null],
    ["1 2", null],
  ])("%s", (condition, expected) => {
    expect(evaluateCondition(condition, facts)).toBe(expected);
  });

  it("gives up on nesting that is too deep instead of failing", () => {
    expect(evaluateCondition("(".repeat(5000), facts)).toBe(null);
    expect(evaluateCondition("!".repeat(5000), facts)).toBe(null);
  });
});

/** Liveness of the branches of each group, for CPython 3.11 on Linux. */
function liveness(text: string): string[] {
  const tokens = withoutComments(lex(text));
  const groups = groupDirectives(tokens);
  return evaluateConditionals(tokens, groups, platformFacts("c")).liveness.map((branches) => branches.join(" "));
}

describe("evaluateConditionals", () => {
  it("knows the version of Python and the platform", () => {
    expect(liveness("#if PY_MAJOR_VERSION >= 3\n#else\n#endif")).toEqual(["live dead"]);
    expect(liveness("#if PY_VERSION_HEX < 0x03080000\n#elif 1\n#else\n#endif")).toEqual(["dead live dead"]);
    expect(liveness("#ifdef _WIN32\n#elif defined(__APPLE__)\n#else\n#endif")).toEqual(["dead dead live"]);
    expect(liveness("#ifdef PYPY_VERSION\n#endif")).toEqual(["dead"]);
  });

  it("leaves everything behind an unknown condition open", () => {
    expect(liveness("#ifdef HAVE_X\n#elif 1\n#else\n#endif")).toEqual(["unknown unknown dead"]);
  });

  it("gives what lies in a dead branch up", () => {
    expect(liveness("#if 0\n#if 1\n#endif\n#endif")).toEqual(["dead", "dead"]);
    expect(liveness("#ifdef HAVE_X\n#if 1\n#else\n#endif\n#endif")).toEqual(["unknown", "unknown dead"]);
  });

  it("takes an include guard for live", () => {
    expect(liveness("#ifndef A_H\n#define A_H\n#if 1\n#endif\n#endif")).toEqual(["live", "live"]);
  });

  it("takes a guard that gives its name a value for live where it holds all of the file", () => {
    const guarded = "#ifndef A_H\n#define A_H 1\n#include <Python.h>\nint f(void);\n#endif";
    expect(liveness(`/* What it is. */\n${guarded} /* A_H */\n`)).toEqual(["live"]);
    expect(liveness("#ifndef SIZE\n#define SIZE 8\n#endif\nint g(void);")).toEqual(["unknown"]);
    expect(liveness("int g(void);\n#ifndef SIZE\n#define SIZE 8\n#endif")).toEqual(["unknown"]);
  });

  it("learns from definitions and #undef on the way", () => {
    expect(liveness("#define A 2\n#if A > 1\n#endif\n#undef A\n#if A\n#endif")).toEqual(["live", "dead"]);
    expect(liveness("#ifndef B\n#define B 1\n#endif\n#ifdef B\n#endif")).toEqual(["unknown", "live"]);
    expect(liveness("#ifdef HAVE_X\n#define C\n#endif\n#ifdef C\n#endif")).toEqual(["unknown", "unknown"]);
  });

  it("survives unbalanced directives", () => {
    expect(liveness("#endif\n#else\n#if 1\n")).toEqual(["live"]);
  });
});

describe("learnFacts", () => {
  const learn = (text: string): Map<string, unknown> => learnFacts([withoutComments(lex(text))]);

  it("learns names for versions of Python", () => {
    const learned = learn(
      "#if PY_MAJOR_VERSION >= 3\n#define IS_PY3K\n#define LEVEL 3\n#else\n#define IS_PY2 1\n#endif",
    );
    expect(learned.get("IS_PY3K")).toBe("defined");
    expect(learned.get("LEVEL")).toBe(3);
    expect(learned.get("IS_PY2")).toBe("undefined");
  });

  it("learns nothing from platforms that are not ours, include guards and plain definitions", () => {
    const learned = learn(
      "#ifdef _WIN32\n#define HAVE_A 1\n#endif\n#ifndef G_H\n#define G_H\n#define HAVE_B 1\n#endif",
    );
    expect([...learned.keys()]).toEqual([]);
  });
});
