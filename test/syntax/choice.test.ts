import { describe, expect, it } from "vitest";
import { type ChoiceInput, chooseBranches, isCompatible } from "../../syntax/choice.ts";
import { evaluateConditionals } from "../../syntax/conditionals.ts";
import { groupDirectives, withoutComments } from "../../syntax/directives.ts";
import { platformFacts } from "../../syntax/facts.ts";
import { lex } from "../../syntax/lexer.ts";

/** One group per string; its branches are given by their directives, separated by `/`. */
function input(...groups: string[]): ChoiceInput {
  const text = groups.map((group) => `${group.split("/").join("\n")}\n#endif\n`).join("");
  const tokens = withoutComments(lex(text));
  const found = groupDirectives(tokens);
  return { groups: found, ...evaluateConditionals(tokens, found, platformFacts("c")) };
}

describe("chooseBranches", () => {
  it("prefers live branches, then the first unknown one, then none", () => {
    const groups = input("#if 0/#else", "#ifdef A/#else", "#ifdef _WIN32");
    expect([...chooseBranches(groups, new Map())]).toEqual([1, 0, -1]);
  });

  it("never takes a condition and its negation", () => {
    const groups = input("#ifdef A", "#ifndef A/#else", "#if !defined A", "#if !(defined(A))");
    expect([...chooseBranches(groups, new Map())]).toEqual([0, 1, -1, -1]);
  });

  it("carries a wanted branch over to the other groups", () => {
    const groups = input("#ifdef A/#else", "#if defined(A) && B", "#ifndef A", "#if B");
    expect([...chooseBranches(groups, new Map([[0, 1]]))]).toEqual([1, -1, 0, 0]);
    expect([...chooseBranches(groups, new Map([[1, 0]]))]).toEqual([0, 0, -1, 0]);
  });

  it("tells which branches exclude each other", () => {
    const groups = input("#ifdef A/#else", "#ifdef A/#else");
    expect(isCompatible(groups, new Map([[0, 1]]), 1, 1)).toBe(true);
    expect(isCompatible(groups, new Map([[0, 1]]), 1, 0)).toBe(false);
  });
});
