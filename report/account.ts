import type { Account } from "../engine/types.ts";

/** `1 file`, `2 files`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** Sites that stay legacy, over all reasons. */
export function legacySites(account: Account): number {
  return account.legacy.reduce((sum, row) => sum + row.sites, 0);
}

/** The line that closes each run: where every use of the C API went. */
export function renderAccount(account: Account): string {
  const reasons = [...account.legacy]
    .filter((row) => row.sites > 0)
    .sort((a, b) => b.sites - a.sites || (a.reason < b.reason ? -1 : 1))
    .map((row) => `${row.sites} ${row.reason}`);
  const why = reasons.length > 0 ? ` (${reasons.join(", ")})` : "";
  const parts = [
    `${account.rewritten} rewritten`,
    `${legacySites(account)} kept legacy${why}`,
    `${account.suppressed} suppressed`,
    `${account.unparsed} unparsed`,
  ];
  return `C-API sites: ${account.found} found = ${parts.join(" + ")}\n`;
}
