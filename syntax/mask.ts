import type { DirectiveGroup } from "./directives.ts";
import { filterTokens, type Tokens } from "./lexer.ts";
import type { MacroTable } from "./macros.ts";
import { MaskBuffer } from "./mask-buffer.ts";
import { maskMacros } from "./mask-macros.ts";
import type { Liveness } from "./source.ts";
import { planSplits, type SplitPlan } from "./split.ts";

/** Text of the same length as the original that the grammar can parse. */
export interface MaskedText {
  readonly text: string;
  /** Ascending offsets where a token was written that the file does not have. */
  readonly inserted: readonly number[];
  readonly plan: SplitPlan;
}

/** What masking needs to know about a file. */
export interface MaskInput {
  /** Tokens without comments. */
  readonly tokens: Tokens;
  readonly groups: readonly DirectiveGroup[];
  readonly liveness: readonly (readonly Liveness[])[];
  readonly macros: MacroTable;
  readonly language: "c" | "cpp";
  /** Groups that are to count as splitting whatever they look like. */
  readonly forced: ReadonlySet<number>;
  /** Branches to keep instead of the preferred ones, by group. */
  readonly choice: ReadonlyMap<number, number>;
}

/** Masks what the grammar cannot parse. */
export function mask(input: MaskInput): MaskedText {
  const { tokens, groups } = input;
  const plan = planSplits(input);
  const buffer = new MaskBuffer(tokens.text);
  for (let i = 0; i < 3 && i < buffer.length; i++) {
    // A byte order mark.
    if (buffer.at(i) === [0xef, 0xbb, 0xbf][i]) buffer.put(i, 32);
    else break;
  }
  for (const [g, keep] of plan.kept) {
    const group = groups[g] as DirectiveGroup;
    group.branches.forEach((directive, b) => {
      const next = group.branches[b + 1] ?? group.end;
      const end = next < 0 ? buffer.length : (tokens.start[next] as number);
      buffer.blank(tokens.start[directive] as number, b === keep ? (tokens.end[directive] as number) : end);
    });
    if (group.end >= 0) buffer.blank(tokens.start[group.end] as number, tokens.end[group.end] as number);
  }
  const shown = filterTokens(tokens, (t) => plan.hidden[t] !== 1);
  maskMacros(buffer, shown, input.macros, input.language);
  return { ...buffer.finish(), plan };
}
