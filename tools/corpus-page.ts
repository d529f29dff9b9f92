/** docs/CORPUS.md. */
import type { CorpusEntry, CorpusResult, TestNumbers } from "./corpus-entry.ts";

function tests(numbers: TestNumbers | null): string {
  if (numbers === null) return "none";
  if (numbers.passed + numbers.failed + numbers.skipped === 0) return "command ok";
  return `${numbers.passed} / ${numbers.failed}`;
}

function row(cells: readonly (string | number)[]): string {
  return `| ${cells.join(" | ")} |`;
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const align = head.map((_, index) => (index === 0 ? "---" : "--:"));
  return [row(head), `|${align.join("|")}|`, ...rows.map(row)].join("\n");
}

/** Text in a table: no line breaks, no bars. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

/** Rows of the causes that hold most functions back, those that only wait for others last. */
function largestCauses(results: readonly CorpusResult[]): (string | number)[][] {
  const found = new Map<string, { title: string; holds: number; packages: number; follows: boolean }>();
  for (const { causes } of results)
    for (const { id, title, holds, follows } of causes ?? []) {
      const known = found.get(`${id} ${title}`) ?? { title, holds: 0, packages: 0, follows };
      found.set(`${id} ${title}`, known);
      known.holds += holds;
      known.packages++;
    }
  return [...found]
    .sort(([, a], [, b]) => Number(a.follows) - Number(b.follows) || b.holds - a.holds || (a.title < b.title ? -1 : 1))
    .map(([key, { title, holds, packages }]) => [
      cell(title),
      `\`${key.slice(0, key.indexOf(" "))}\``,
      holds,
      packages,
    ]);
}

/**
 * The page of results.
 *
 * @param failed - Packages that could not even be planned, with what went wrong.
 */
export function renderCorpus(
  entries: readonly CorpusEntry[],
  results: readonly CorpusResult[],
  failed: readonly { readonly name: string; readonly version: string; readonly error: string }[],
): string {
  const verified = results.filter((result) => result.unverified === null);
  const rest = results.filter((result) => result.unverified !== null);
  const sum = (value: (result: CorpusResult) => number): number => results.reduce((total, r) => total + value(r), 0);
  const about = new Map(entries.map((entry) => [entry.name, entry.about]));
  const steps = verified.reduce((total, r) => total + r.steps.green + r.steps.within, 0);
  const dropped = verified.flatMap((result) => result.steps.rolledBack.map((step) => ({ result, step })));

  const parts = [
    `# Real packages

This page is written by \`npm run corpus\` and by nothing else. Each package is fetched from the package index, built and tested
as it is, migrated, and built and tested again along the series with its own setup.py and its own tests: under the hybrid
ABI, there also in HPy's debug mode with the leak detector, and in the end under the cpython ABI (and the universal one
where nothing of the C API is left). Steps that spoil something are rolled back: what they move stays legacy. Planning is done
for each writing of this page; what building and testing gave is taken from an earlier run where the archive, the commands, the
code that verifies and the text of every step are the same.

${results.length} packages, ${verified.length} of them verified: ${steps} steps are green, ${dropped.length} were rolled back. Of ${sum(
      (r) => r.functions.pure + r.functions.bridged + r.functions.legacy,
    )} functions ${sum((r) => r.functions.pure)} end up pure, ${sum((r) => r.functions.bridged)} bridged and ${sum((r) => r.functions.legacy)} legacy.`,
    `## Verified

Tests are *passed / failed*, before and after; tests that fail before are the original's. \`(n)\` steps were checked as part of a
group whose last state is green. Leaks are handles that were open at the end of the last state's debug run. Memory is the peak of
planning.

${table(
  [
    "package",
    "pure",
    "bridged",
    "legacy",
    "types moved",
    "steps green",
    "rolled back",
    "tests before",
    "tests after",
    "leaks",
    "lines",
    "plan",
    "verification",
    "memory",
  ],
  verified.map((r) => [
    `${r.name} ${r.version}`,
    r.functions.pure,
    r.functions.bridged,
    r.functions.legacy,
    `${r.types.moved}/${r.types.moved + r.types.legacy}`,
    `${r.steps.green + r.steps.within}/${r.steps.total}${r.steps.within > 0 ? ` (${r.steps.within})` : ""}`,
    r.steps.rolledBack.length,
    tests(r.testsBefore),
    tests(r.testsAfter),
    r.leaks ?? "-",
    `+${r.insertions} -${r.deletions}`,
    `${r.planSeconds.toFixed(1)} s`,
    `${Math.round(r.verifySeconds)} s`,
    `${r.memory} MB`,
  ]),
)}`,
  ];
  const untested = verified.filter((result) => result.untested.length > 0);
  if (untested.length > 0) {
    const lines = untested.map((r) => `- ${r.name}: ${r.untested.join(", ")}`);
    parts.push(`Modules that the tests do not load, so that only their builds are verified:\n\n${lines.join("\n")}`);
  }
  const unbuilt = verified.filter((result) => result.unbuilt.length > 0);
  if (unbuilt.length > 0) {
    const lines = unbuilt.map((r) => `- ${r.name}: ${r.unbuilt.join(", ")}`);
    parts.push(`Modules of other systems, whose steps nothing here compiles:\n\n${lines.join("\n")}`);
  }
  if (dropped.length > 0) {
    const rows = dropped.map(({ result, step }) => [
      result.name,
      `\`${step.id}\``,
      cell(step.evidence.slice(0, 3).join("; ")),
    ]);
    parts.push(`## Rolled back\n\n${table(["package", "step", "evidence"], rows).replaceAll("--:", "---")}`);
  }
  const compared = verified.filter((result) => result.comparison !== null);
  if (compared.length > 0) {
    const rows = compared.map((r) => [
      r.name,
      r.comparison?.functions ?? 0,
      r.comparison?.calls ?? 0,
      cell(r.comparison?.differences.slice(0, 5).join("; ") || "none"),
    ]);
    parts.push(
      `## Compared\n\nModule functions called with edge values on the original and on the migrated build.\n\n${table(["package", "functions", "calls", "differences"], rows)}`,
    );
  }
  const causes = largestCauses(results);
  if (causes.length > 0)
    parts.push(`## Largest causes

What keeps functions and types legacy, by the number of them in all packages; a function that calls one which is refused counts
for the cause of that. \`hpy-migrate explain ID\` says what each means and what can be done.

${table(["cause", "id", "holds back", "packages"], causes).replace("|---|--:|", "|---|---|")}`);
  if (rest.length > 0) {
    const rows = rest.map((r) => [
      `${r.name} ${r.version}`,
      r.functions.pure,
      r.functions.bridged,
      r.functions.legacy,
      r.steps.total,
      cell(r.unverified ?? ""),
    ]);
    parts.push(
      `## Planned only\n\n${table(["package", "pure", "bridged", "legacy", "steps", "why it is not verified"], rows)}`,
    );
  }
  if (failed.length > 0) {
    const rows = failed.map((r) => [`${r.name} ${r.version}`, cell(r.error)]);
    parts.push(`## Not run\n\n${table(["package", "why"], rows).replaceAll("--:", "---")}`);
  }
  const listed = entries.map((entry) => `- **${entry.name}** ${entry.version}: ${about.get(entry.name)}`);
  parts.push(`## What they are here for\n\n${listed.join("\n")}`);
  return `${parts.join("\n\n")}\n`;
}
