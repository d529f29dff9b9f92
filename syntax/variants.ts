import { type ChoiceInput, isCompatible } from "./choice.ts";
import { bodyBetween, type DirectiveGroup } from "./directives.ts";
import type { Tokens } from "./lexer.ts";
import type { Span } from "./source.ts";
import type { SplitPlan } from "./split.ts";
import { NONE, type Node, type Tree } from "./tree.ts";

/** A group that holds more than this is no suspect for an error somewhere in it, unless it begins or ends there. */
const SUSPECT_SIZE = 16_384;

/** The lines of branch `b` of a group. */
export function branchBody(tokens: Tokens, group: DirectiveGroup, b: number): Span {
  return bodyBetween(tokens, group.branches[b] as number, group.branches[b + 1] ?? group.end);
}

/** Groups that are not reduced yet and that an error touches or lies in. */
export function pickSuspects(tree: Tree, tokens: Tokens, groups: readonly DirectiveGroup[], plan: SplitPlan): number[] {
  const errors = errorSpans(tree);
  const found: number[] = [];
  groups.forEach((group, g) => {
    const first = group.branches[0] as number;
    if (plan.kept.has(g) || plan.hidden[first] === 1) return;
    const start = tokens.start[first] as number;
    const end = group.end < 0 ? tokens.text.length : (tokens.end[group.end] as number);
    const touched = errors.some((error) => {
      if (error.end < start || error.start > end) return false;
      return end - start <= SUSPECT_SIZE || (error.start <= start && error.end >= start) || error.end >= end;
    });
    if (touched) found.push(g);
  });
  return found;
}

function errorSpans(tree: Tree): Span[] {
  const spans: Span[] = [];
  for (let n = 0; n < tree.size; n++) {
    if (tree.kind(n) !== "ERROR" && !tree.isMissing(n)) continue;
    const owner = tree.enclosing(tree.parent(n), "function_definition", "preproc_if", "preproc_ifdef");
    // The real cause may lie before the token where the parser gave up, so a function counts as a whole.
    const node = owner === NONE || tree.kind(owner) !== "function_definition" ? n : owner;
    spans.push({ start: tree.start(node), end: tree.end(node) });
  }
  return spans;
}

/** Identifies branch `b` of group `g` in the set of branches that some tree shows. */
export function branchKey(g: number, b: number): string {
  return `${g}:${b}`;
}

/**
 * A choice of branches for as many of the `known` groups as possible, at most one that `isWanted` per group; the
 * branches around it are chosen along, and none contradicts another. Empty when none is wanted.
 */
export function chooseUncovered(
  tokens: Tokens,
  input: ChoiceInput,
  known: ReadonlySet<number>,
  isWanted: (g: number, b: number) => boolean,
): Map<number, number> {
  const { groups } = input;
  const choice = new Map<number, number>();
  for (const g of [...known].sort((a, b) => a - b)) {
    if (choice.has(g)) continue;
    const group = groups[g] as DirectiveGroup;
    const b = group.branches.findIndex((_, i) => isWanted(g, i) && !isEmpty(tokens, group, i));
    if (b < 0 || !isCompatible(input, choice, g, b)) continue;
    if (chooseAround(groups, known, group, choice)) choice.set(g, b);
  }
  return choice;
}

/** Chooses the branches that hold `group`; false when one of them contradicts the choice so far. */
function chooseAround(
  groups: readonly DirectiveGroup[],
  known: ReadonlySet<number>,
  group: DirectiveGroup,
  choice: Map<number, number>,
): boolean {
  const around: [number, number][] = [];
  for (let inner = group; inner.outer >= 0; inner = groups[inner.outer] as DirectiveGroup) {
    const chosen = choice.get(inner.outer);
    if (chosen !== undefined && chosen !== inner.outerBranch) return false;
    if (known.has(inner.outer)) around.push([inner.outer, inner.outerBranch]);
  }
  for (const [outer, branch] of around) choice.set(outer, branch);
  return true;
}

function isEmpty(tokens: Tokens, group: DirectiveGroup, b: number): boolean {
  const from = (group.branches[b] as number) + 1;
  const to = group.branches[b + 1] ?? (group.end < 0 ? tokens.count : group.end);
  return from >= to;
}

const CONTAINERS = new Set([
  "translation_unit",
  "preproc_if",
  "preproc_ifdef",
  "preproc_elif",
  "preproc_elifdef",
  "preproc_else",
  "linkage_specification",
  "declaration_list",
  "namespace_definition",
]);

/** Ascending, disjoint spans of the declarations of `tree` that touch one of `spans`. */
export function declarationsAround(tree: Tree, spans: readonly Span[]): Span[] {
  const touched: Span[] = spans.map(({ start, end }) => ({ start, end }));
  const visit = (n: Node): void => {
    const end = tree.next(n);
    for (let child = n + 1; child < end; child = tree.next(child)) {
      const from = tree.start(child);
      const to = tree.end(child);
      if (!spans.some((span) => span.start < to && span.end > from)) continue;
      if (CONTAINERS.has(tree.kind(child))) visit(child);
      else if (tree.isNamed(child)) touched.push({ start: from, end: to });
    }
  };
  visit(0);
  touched.sort((a, b) => a.start - b.start);
  const merged: Span[] = [];
  for (const span of touched) {
    const last = merged.at(-1);
    if (last !== undefined && span.start <= last.end) {
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, span.end) };
    } else merged.push(span);
  }
  return merged;
}
