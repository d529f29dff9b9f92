import { ContextTracker } from "./context.ts";
import { type DirectiveGroup, readDirective } from "./directives.ts";
import { KEYWORDS } from "./header-macros.ts";
import { isPunctuation, TokenKind, type Tokens, tokenText } from "./lexer.ts";
import type { MacroLookup } from "./macros.ts";

/** What becomes of the conditionals of a file. */
export interface SplitPlan {
  /** Groups that cut a construct in two, with the branch that is kept; -1 when none is. */
  readonly kept: ReadonlyMap<number, number>;
  /** 1 for tokens that the masked text does not show. */
  readonly hidden: Uint8Array;
}

/** Inputs of {@link planSplits}; all indices of groups are those of `groups`. */
export interface SplitInput {
  /** Tokens without comments. */
  readonly tokens: Tokens;
  readonly groups: readonly DirectiveGroup[];
  readonly macros: MacroLookup;
  readonly language: "c" | "cpp";
  /** Groups that are to count as splitting whatever they look like. */
  readonly forced: ReadonlySet<number>;
  /** For each group the branch to keep if it splits a construct, or -1. */
  readonly keep: Int32Array;
  /** 1 for tokens that are not to be looked at; more are marked. */
  readonly hidden: Uint8Array;
}

/** Decides for every conditional whether it splits a construct, and hides what the masked text is not to show. */
export function planSplits(input: SplitInput): SplitPlan {
  const planner = new SplitPlanner(input);
  return planner.plan();
}

class SplitPlanner {
  readonly #input: SplitInput;
  readonly #groupAt = new Map<number, number>();
  readonly #kept = new Map<number, number>();
  readonly #hidden: Uint8Array;

  constructor(input: SplitInput) {
    this.#input = input;
    this.#hidden = input.hidden;
    input.groups.forEach((group, g) => {
      this.#groupAt.set(group.branches[0] as number, g);
    });
  }

  plan(): SplitPlan {
    const { tokens, groups, language } = this.#input;
    const tracker = new ContextTracker(tokens, language);
    for (let t = 0; t < tokens.count; t++) {
      if (this.#hidden[t] === 1) continue;
      if (tokens.kind[t] !== TokenKind.directive) {
        tracker.consume(t);
        this.#endMacroStatement(tracker, t);
        continue;
      }
      const g = this.#groupAt.get(t);
      if (g !== undefined && (this.#input.forced.has(g) || this.#splits(tracker, groups[g] as DirectiveGroup))) {
        this.#reduce(g);
      } else if (tracker.boundary || isConditional(tokens, t)) tracker.endStatement();
    }
    return { kept: this.#kept, hidden: this.#hidden };
  }

  #choose(g: number): number {
    return this.#input.keep[g] ?? -1;
  }

  /** First token of branch `b` of a group and the directive behind its last one. */
  #range(group: DirectiveGroup, b: number): readonly [number, number] {
    const next = group.branches[b + 1] ?? (group.end < 0 ? this.#input.tokens.count : group.end);
    return [(group.branches[b] as number) + 1, next];
  }

  #reduce(g: number): void {
    const group = this.#input.groups[g] as DirectiveGroup;
    const keep = this.#choose(g);
    this.#kept.set(g, keep);
    group.branches.forEach((directive, b) => {
      this.#hidden[directive] = 1;
      if (b !== keep) this.#hidden.fill(1, ...this.#range(group, b));
    });
    if (group.end >= 0) this.#hidden[group.end] = 1;
  }

  #splits(tracker: ContextTracker, group: DirectiveGroup): boolean {
    if (group.end < 0) return true;
    if (tracker.nesting > 0 || tracker.surrounding === "initialiser" || !tracker.boundary) return true;
    for (let b = 0; b < group.branches.length; b++) if (!this.#isWhole(tracker, group, b)) return true;
    return this.#continuesBehind(tracker, group);
  }

  /** Whether branch `b` holds whole statements, declarations, fields or enumerators only. */
  #isWhole(tracker: ContextTracker, group: DirectiveGroup, b: number): boolean {
    const { tokens } = this.#input;
    const [from, to] = this.#range(group, b);
    if (from < to && tokens.kind[from] === TokenKind.identifier && tokenText(tokens, from) === "else") return false;
    const fork = tracker.fork();
    fork.endStatement();
    const depth = fork.depth;
    return this.#walk(fork, from, to) && fork.depth === depth && fork.nesting === 0 && fork.boundary;
  }

  /** Lets `fork` walk the tokens `[from, to)`; false as soon as they close a brace that they did not open. */
  #walk(fork: ContextTracker, from: number, to: number): boolean {
    const { tokens, groups } = this.#input;
    const floor = fork.depth;
    for (let t = from; t < to; t++) {
      if (this.#hidden[t] === 1) continue;
      if (tokens.kind[t] !== TokenKind.directive) {
        fork.consume(t);
        this.#endMacroStatement(fork, t);
        if (fork.depth < floor) return false;
        continue;
      }
      if (fork.boundary) fork.endStatement();
      const inner = this.#groupAt.get(t);
      if (inner === undefined) continue;
      // Of an inner group only one branch counts, or its braces would be counted twice.
      const group = groups[inner] as DirectiveGroup;
      const keep = this.#choose(inner);
      if (keep >= 0) this.#walk(fork, ...this.#range(group, keep));
      if (fork.depth < floor) return false;
      t = group.end < 0 ? to : group.end;
    }
    return true;
  }

  /** Whether what follows the group goes on with what a branch began: `else`, or the body of a function header. */
  #continuesBehind(tracker: ContextTracker, group: DirectiveGroup): boolean {
    const { tokens } = this.#input;
    let t = group.end + 1;
    while (t < tokens.count && (this.#hidden[t] === 1 || tokens.kind[t] === TokenKind.directive)) t++;
    if (t >= tokens.count) return false;
    if (tokens.kind[t] === TokenKind.identifier) return tokenText(tokens, t) === "else";
    return isPunctuation(tokens, t, 123) && tracker.surrounding !== "body";
  }

  /**
   * A macro call without a semicolon ends a statement too. That is only told here where a directive or a token on
   * another line follows, so that the test stays cheap.
   */
  #endMacroStatement(tracker: ContextTracker, t: number): void {
    const { tokens, macros } = this.#input;
    const next = t + 1;
    if (tracker.nesting > 0 || tracker.boundary || tracker.statement < 0) return;
    const first = tracker.statement;
    if (tokens.kind[first] !== TokenKind.identifier) return;
    const call = isPunctuation(tokens, t, 41) && isPunctuation(tokens, first + 1, 40) && tracker.lastOpen === first + 1;
    if (t !== first && !call) return;
    const directive = next >= tokens.count || tokens.kind[next] === TokenKind.directive;
    const word = tokenText(tokens, first);
    if (KEYWORDS.has(word)) return;
    const info = macros.get(word);
    if (info?.role === "statement" && (call || info.form !== "function")) {
      if (call || !isPunctuation(tokens, next, 40) || info.form === "object") {
        if (!isPunctuation(tokens, next, 59)) tracker.endStatement();
      }
    } else if (directive && isMacroName(word) && (call || tracker.surrounding === "struct")) {
      if (call || info !== undefined) tracker.endStatement();
    }
  }
}

function isConditional(tokens: Tokens, t: number): boolean {
  const { name } = readDirective(tokens, t);
  return name.startsWith("if") || name.startsWith("el") || name === "endif";
}

/** Whether a name is spelt as macros are: without lower-case letters, or with some capital in it. */
export function isMacroName(word: string): boolean {
  for (let i = 0; i < word.length; i++) {
    const c = word.charCodeAt(i);
    if (c >= 65 && c <= 90) return true;
  }
  return false;
}
