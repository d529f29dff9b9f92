import type { DirectiveGroup } from "./directives.ts";
import { filterTokens, TokenKind, type Tokens } from "./lexer.ts";
import type { MacroLookup } from "./macros.ts";
import { MaskBuffer } from "./mask-buffer.ts";
import { maskMacros } from "./mask-macros.ts";
import type { Span } from "./source.ts";
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
  readonly macros: MacroLookup;
  readonly language: "c" | "cpp";
  /** Groups that are to count as splitting whatever they look like. */
  readonly forced: ReadonlySet<number>;
  /** For each group the branch to keep if it splits a construct, or -1. */
  readonly keep: Int32Array;
  /** Ascending spans of whole declarations; everything else is blanked. Null for the whole file. */
  readonly only: readonly Span[] | null;
}

/** Masks what the grammar cannot parse. */
export function mask(input: MaskInput): MaskedText {
  const { tokens, groups } = input;
  const outside = input.only === null ? null : tokensOutside(tokens, input.only);
  const plan = planSplits({ ...input, hidden: outside ?? new Uint8Array(tokens.count) });
  const buffer = new MaskBuffer(tokens.text);
  joinStringLines(buffer, tokens);
  if (input.only !== null) buffer.restrict(input.only);
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
  const visible = filterTokens(tokens, (t) => plan.hidden[t] !== 1);
  maskMacros(buffer, visible, input.macros, input.language);
  return { ...buffer.finish(), plan };
}

/** The grammar knows a backslash at the end of a line within a string only where a bare line feed ends that line. */
function joinStringLines(buffer: MaskBuffer, tokens: Tokens): void {
  const CONTINUED = "\\\r\n";
  for (let at = tokens.text.indexOf(CONTINUED), t = 0; at >= 0; at = tokens.text.indexOf(CONTINUED, at + 1)) {
    while (t < tokens.count && (tokens.end[t] as number) <= at) t++;
    const isWithin = t < tokens.count && (tokens.start[t] as number) < at;
    if (isWithin && tokens.kind[t] === TokenKind.string) buffer.write(at, " \\\n");
  }
}

/** 1 for each token that lies in none of the ascending spans. */
function tokensOutside(tokens: Tokens, spans: readonly Span[]): Uint8Array {
  const outside = new Uint8Array(tokens.count).fill(1);
  let s = 0;
  for (let t = 0; t < tokens.count; t++) {
    const at = tokens.start[t] as number;
    while (s < spans.length && (spans[s] as Span).end <= at) s++;
    if (s < spans.length && (spans[s] as Span).start <= at) outside[t] = 0;
  }
  return outside;
}
