/** Figures and sentences as every format writes them. */

/** `12.5 %`, without a fraction that says nothing. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return "0 %";
  const value = (100 * part) / whole;
  return `${value > 0 && value < 10 ? value.toFixed(1).replace(/\.0$/, "") : Math.floor(value)} %`;
}

/** The first clause of a sentence. */
export function firstClause(sentence: string): string {
  const end = sentence.search(/[;:,.](\s|$)/);
  return end < 0 ? sentence : sentence.slice(0, end);
}
