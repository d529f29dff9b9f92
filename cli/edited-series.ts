/** The steps of a plan as they would have been with what was edited after they were applied. */
import { applyPatch, structuredPatch } from "diff";
import { type SeriesStep, statesOf } from "../verify/series.ts";

/**
 * Carries edits back through a series: each is made from the first step on after which its surroundings are there. So
 * an edit of what a step wrote belongs to that step.
 *
 * @param now - The files that differ from the start, as they are now; null for one that is gone.
 * @returns The same steps with other texts, the last of which are those of `now`; null where edits cannot be told from
 *   steps.
 */
export function withEdits(
  steps: readonly SeriesStep[],
  now: ReadonlyMap<string, string | null>,
): readonly SeriesStep[] | null {
  const planned = statesOf(steps).at(-1) ?? new Map<string, string | null>();
  if ([...planned.keys()].some((path) => !now.has(path))) return null;
  const edits = new Map<string, (text: string) => string>();
  const elsewhere: { readonly path: string; readonly after: string | null }[] = [];
  for (const [path, text] of now) {
    const before = planned.get(path);
    if (before === undefined) elsewhere.push({ path, after: text });
    else if (before !== text) {
      if (before === null || text === null) return null;
      const { hunks } = structuredPatch(path, path, before, text, "", "", { context: 3 });
      edits.set(path, (given) =>
        hunks.reduce((known, hunk) => {
          const patch = { oldFileName: path, newFileName: path, oldHeader: "", newHeader: "", hunks: [hunk] };
          const made = applyPatch(known, patch, { autoConvertLineEndings: false });
          return made === false ? known : made;
        }, given),
      );
    }
  }
  const edited = steps.map((step, index): SeriesStep => {
    const changes = step.changes.map(({ path, after }) => ({
      path,
      after: after === null ? null : (edits.get(path)?.(after) ?? after),
    }));
    return { id: step.id, title: step.title, changes: index === 0 ? [...changes, ...elsewhere] : changes };
  });
  const last = statesOf(edited).at(-1) ?? new Map<string, string | null>();
  return [...now].every(([path, text]) => last.get(path) === text) ? edited : null;
}
