import { evaluateCondition, type MacroFacts } from "./condition.ts";
import { bodyBetween, branchCondition, type DirectiveGroup } from "./directives.ts";
import type { Tokens } from "./lexer.ts";
import type { Conditional, ConditionalBranch, Liveness } from "./source.ts";

/** Liveness of each branch of `group`, given how its conditions evaluate; `outer` is that of the branch around it. */
export function branchLiveness(conditions: readonly (boolean | null)[], outer: Liveness): Liveness[] {
  let taken = false;
  let unsure = false;
  return conditions.map((condition) => {
    if (outer === "dead" || taken || condition === false) return "dead";
    if (condition === null) {
      unsure = true;
      return "unknown";
    }
    taken = true;
    return unsure || outer === "unknown" ? "unknown" : "live";
  });
}

/** The groups of a file with their branches evaluated under `facts`. */
export function describeConditionals(
  tokens: Tokens,
  groups: readonly DirectiveGroup[],
  facts: MacroFacts,
): Conditional[] {
  const liveness: Liveness[][] = [];
  return groups.map((group, g) => {
    const conditions = group.branches.map((t) => branchCondition(tokens, t));
    const outer = group.outer < 0 ? "live" : (liveness[group.outer]?.[group.outerBranch] ?? "live");
    const alive = branchLiveness(
      conditions.map((condition) => (condition === "" ? true : evaluateCondition(condition, facts))),
      outer,
    );
    liveness[g] = alive;
    const branches = group.branches.map(
      (t, i): ConditionalBranch => ({
        directive: { start: tokens.start[t] as number, end: tokens.end[t] as number },
        condition: conditions[i] as string,
        body: bodyBetween(tokens, t, group.branches[i + 1] ?? group.end),
        liveness: alive[i] as Liveness,
      }),
    );
    const start = tokens.start[group.branches[0] as number] as number;
    return { span: { start, end: group.end < 0 ? tokens.text.length : (tokens.end[group.end] as number) }, branches };
  });
}
