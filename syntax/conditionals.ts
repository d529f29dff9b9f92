import { evaluateCondition, evaluateExpression } from "./condition.ts";
import {
  bodyBetween,
  branchCondition,
  type DirectiveGroup,
  readDefinition,
  readDirective,
  withoutComments,
} from "./directives.ts";
import { lex, TokenKind, type Tokens } from "./lexer.ts";
import type { Conditional, ConditionalBranch, Liveness, MacroDefinition } from "./source.ts";

/** What is known of one macro; see MacroFacts. */
export type Fact = number | "defined" | "undefined";

/** A `#define` with the liveness of the place where it stands. */
interface PlacedDefinition {
  readonly definition: MacroDefinition;
  readonly liveness: Liveness;
  /** True inside a conditional that is no include guard. */
  readonly conditional: boolean;
  readonly fact: Fact;
}

/** The conditionals of a file, evaluated from top to bottom. */
export interface EvaluatedConditionals {
  /** Liveness of each branch of each group. */
  readonly liveness: readonly (readonly Liveness[])[];
  readonly conditions: readonly (readonly string[])[];
  readonly definitions: readonly PlacedDefinition[];
}

interface OpenGroup {
  readonly outer: Liveness;
  /** An include guard. */
  readonly guard: boolean;
  /** X for `#ifndef X` / `#define X value`, which leaves X defined whichever way it goes; else empty. */
  readonly fallback: string;
  taken: boolean;
  unsure: boolean;
  current: Liveness;
}

/**
 * Evaluates the conditionals of a file. `initial` holds what is known before its first line; definitions that the
 * file makes on the way count from there on.
 */
export function evaluateConditionals(
  tokens: Tokens,
  groups: readonly DirectiveGroup[],
  initial: ReadonlyMap<string, Fact>,
): EvaluatedConditionals {
  const facts = new Map(initial);
  const liveness: Liveness[][] = groups.map(() => []);
  const conditions = groups.map((group) => group.branches.map((t) => branchCondition(tokens, t)));
  assumePython(tokens, groups, conditions, facts);
  const definitions: PlacedDefinition[] = [];
  const placeOf = new Map<number, readonly [number, number]>();
  groups.forEach((group, g) => {
    group.branches.forEach((t, b) => {
      placeOf.set(t, [g, b]);
    });
  });
  const ends = new Set(groups.map((group) => group.end));
  const open: OpenGroup[] = [];

  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] !== TokenKind.directive) continue;
    const place = placeOf.get(t);
    const around = open.at(-1);
    if (place !== undefined) {
      const [g, b] = place;
      const condition = conditions[g]?.[b] as string;
      const defined = b === 0 ? definedNext(tokens, t, condition) : null;
      const guard = defined !== null && (defined.body === "" || isWholeFile(tokens, groups[g] as DirectiveGroup));
      const fallback = defined !== null && !guard ? defined.name : "";
      if (b === 0) {
        const outer = around?.current ?? "live";
        open.push({ outer, guard, fallback, taken: false, unsure: false, current: "live" });
      }
      const group = open.at(-1) as OpenGroup;
      const holds = condition === "" ? true : evaluateGuarded(condition, guard, facts);
      group.current = nextLiveness(group, holds);
      liveness[g]?.push(group.current);
    } else if (ends.has(t)) open.pop();
    else {
      const definition = readDefinition(tokens, t);
      const here = around?.current ?? "live";
      if (definition !== null) {
        const fact = factOf(definition, facts);
        const conditional = open.some((group) => !group.guard);
        definitions.push({ definition, liveness: here, conditional, fact });
        if (here === "live") facts.set(definition.name, fact);
        else if (here === "unknown") {
          if (around?.fallback === definition.name && around.outer === "live") facts.set(definition.name, "defined");
          else facts.delete(definition.name);
        }
      } else if (here !== "dead") {
        const name = undefinedName(tokens, t);
        if (name !== "") here === "live" ? facts.set(name, "undefined") : facts.delete(name);
      }
    }
  }
  return { liveness, conditions, definitions };
}

/**
 * A file that includes `Python.h` under a condition holds no extension where the condition fails: what decides the
 * condition is taken to be as `Python.h` needs it (`NO_PYTHON` is not defined).
 */
function assumePython(
  tokens: Tokens,
  groups: readonly DirectiveGroup[],
  conditions: readonly (readonly string[])[],
  facts: Map<string, Fact>,
): void {
  const includes: number[] = [];
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] !== TokenKind.directive) continue;
    const { name, argument } = readDirective(tokens, t);
    if (name === "include" && /^[<"]Python\.h[>"]/.test(tokens.text.slice(argument, tokens.end[t]).trim()))
      includes.push(t);
  }
  const include = includes[0];
  if (include === undefined || includes.length > 1) return;
  groups.forEach((group, g) => {
    const [first, second] = group.branches;
    if (first === undefined || include < first || include > group.end || group.branches.length > 2) return;
    if (second !== undefined && conditions[g]?.[1] !== "") return;
    const isInFirst = second === undefined || include < second;
    const condition = (conditions[g]?.[0] ?? "").replaceAll(" ", "");
    const isNegated = condition.startsWith("!");
    const name = /^!?defined\(?(\w+)\)?$/.exec(condition)?.[1];
    if (name !== undefined && !facts.has(name)) facts.set(name, isInFirst === isNegated ? "undefined" : "defined");
  });
}

function nextLiveness(group: OpenGroup, holds: boolean | null): Liveness {
  if (group.outer === "dead" || group.taken || holds === false) return "dead";
  if (holds === null) {
    group.unsure = true;
    return "unknown";
  }
  group.taken = true;
  return group.unsure || group.outer === "unknown" ? "unknown" : "live";
}

/** Whether an `#if` without other branches has all of the file in it, comments aside. */
function isWholeFile(tokens: Tokens, { branches, end }: DirectiveGroup): boolean {
  if (branches.length !== 1 || branches[0] !== 0 || end !== tokens.count - 1) return false;
  const isEmpty = (text: string): boolean => withoutComments(lex(text)).count === 0;
  return isEmpty(tokens.text.slice(0, tokens.start[0])) && isEmpty(tokens.text.slice(tokens.end[end]));
}

/** `#ifndef X` before `#define X`: true for an include guard, and what the facts say for a default value. */
function evaluateGuarded(condition: string, guard: boolean, facts: ReadonlyMap<string, Fact>): boolean | null {
  const holds = evaluateCondition(condition, facts);
  return guard && holds === null ? true : holds;
}

/** The definition of X when the condition is `!defined(X)` and the next directive defines X. */
function definedNext(tokens: Tokens, t: number, condition: string): MacroDefinition | null {
  if (!condition.startsWith("!")) return null;
  let next = t + 1;
  while (next < tokens.count && tokens.kind[next] !== TokenKind.directive) next++;
  const definition = next < tokens.count ? readDefinition(tokens, next) : null;
  if (definition === null) return null;
  const compact = condition.replaceAll(" ", "");
  const same = compact === `!defined(${definition.name})` || compact === `!defined${definition.name}`;
  return same ? definition : null;
}

function factOf(definition: MacroDefinition, facts: ReadonlyMap<string, Fact>): Fact {
  if (definition.parameters !== null || definition.body === "") return "defined";
  return evaluateExpression(definition.body, facts) ?? "defined";
}

function undefinedName(tokens: Tokens, t: number): string {
  const { name, argument } = readDirective(tokens, t);
  return name === "undef" ? (tokens.text.slice(argument, tokens.end[t]).trim().split(/\s/)[0] ?? "") : "";
}

/** The groups of a file in the form of the contract. */
export function describeConditionals(
  tokens: Tokens,
  groups: readonly DirectiveGroup[],
  evaluated: EvaluatedConditionals,
): Conditional[] {
  return groups.map((group, g) => {
    const branches = group.branches.map(
      (t, b): ConditionalBranch => ({
        directive: { start: tokens.start[t] as number, end: tokens.end[t] as number },
        condition: evaluated.conditions[g]?.[b] ?? "",
        body: bodyBetween(tokens, t, group.branches[b + 1] ?? group.end),
        liveness: evaluated.liveness[g]?.[b] ?? "unknown",
      }),
    );
    const start = tokens.start[group.branches[0] as number] as number;
    return { span: { start, end: group.end < 0 ? tokens.text.length : (tokens.end[group.end] as number) }, branches };
  });
}
