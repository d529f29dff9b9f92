import { ANY, Range } from "./domain.ts";

/** The comparison with its sides exchanged. */
export const FLIPPED: Readonly<Record<string, string>> = {
  "==": "==",
  "!=": "!=",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};

const INTERVALS: readonly (readonly [bit: number, low: number, high: number])[] = [
  [Range.belowMinusOne, Number.NEGATIVE_INFINITY, -2],
  [Range.minusOne, -1, -1],
  [Range.zero, 0, 0],
  [Range.one, 1, 1],
  [Range.aboveOne, 2, Number.POSITIVE_INFINITY],
];

/** Which of the ranges in a mask a comparison with a constant can leave on each side. */
export function narrow(mask: number, operator: string, constant: number): { yes: number; no: number } {
  let yes = 0;
  let no = 0;
  for (const [bit, low, high] of INTERVALS) {
    if ((mask & bit) === 0) continue;
    const inside = low <= constant && constant <= high;
    const single = low === high;
    const may: Readonly<Record<string, readonly [boolean, boolean]>> = {
      "==": [inside, !(inside && single)],
      "!=": [!(inside && single), inside],
      "<": [low < constant, high >= constant],
      "<=": [low <= constant, high > constant],
      ">": [high > constant, low <= constant],
      ">=": [high >= constant, low < constant],
    };
    const [canHold, canFail] = may[operator] ?? [true, true];
    if (canHold) yes |= bit;
    if (canFail) no |= bit;
  }
  return { yes, no };
}

/** Whether a comparison of two ranges can hold, and whether it can fail. */
export function compareMasks(a: number, operator: string, b: number): readonly [boolean, boolean] {
  let holds = false;
  let fails = false;
  for (const [bit, low, high] of INTERVALS) {
    if ((b & bit) === 0) continue;
    for (const constant of low === high ? [low] : [low, high]) {
      const { yes, no } = narrow(a, operator, constant);
      if (yes !== 0) holds = true;
      if (no !== 0) fails = true;
    }
  }
  return [holds, fails];
}

/** The range after `++` or `--`. */
export function stepped(mask: number, operator: string): number {
  let result = 0;
  for (const [i, [bit]] of INTERVALS.entries()) {
    if ((mask & bit) === 0) continue;
    const next = INTERVALS[operator === "++" ? Math.min(i + 1, 4) : Math.max(i - 1, 0)];
    result |= next?.[0] ?? ANY;
    if (bit === Range.belowMinusOne || bit === Range.aboveOne) result |= bit;
  }
  return result;
}

/** The number that a range holds when it holds only one. */
export function singleNumber(mask: number | undefined): number | undefined {
  if (mask === Range.zero) return 0;
  if (mask === Range.one) return 1;
  return mask === Range.minusOne ? -1 : undefined;
}

/** The range that holds a number; any range when the number is not known. */
export function rangeOf(value: number | undefined): number {
  if (value === undefined) return ANY;
  for (const [bit, low, high] of INTERVALS) if (low <= value && value <= high) return bit;
  return ANY;
}
