/** What many packages together say: which are closest to HPy, and what HPy lacks most. */
import type { ProjectSummary } from "./report-data.ts";

/** Something that HPy lacks, over many packages. */
export interface SharedFeature {
  readonly lacks: string;
  readonly capi: readonly string[];
  readonly packages: number;
  readonly functions: number;
  readonly alone: number;
}

/** A cause that holds functions back, over many packages. */
export interface SharedBlocker {
  readonly id: string;
  readonly title: string;
  readonly packages: number;
  readonly holds: number;
}

/** Adds up what the packages lack of HPy; what most packages lack comes first. */
export function sharedFeatures(projects: readonly ProjectSummary[]): SharedFeature[] {
  const found = new Map<string, { capi: Map<string, number>; packages: number; functions: number; alone: number }>();
  for (const { assessment } of projects) {
    for (const feature of assessment.features) {
      const known = found.get(feature.lacks) ?? { capi: new Map(), packages: 0, functions: 0, alone: 0 };
      found.set(feature.lacks, known);
      known.packages++;
      known.functions += feature.functions;
      known.alone += feature.alone;
      for (const name of feature.capi) known.capi.set(name, (known.capi.get(name) ?? 0) + 1);
    }
  }
  return [...found]
    .map(([lacks, { capi, ...figures }]) => ({
      lacks,
      capi: [...capi].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([name]) => name),
      ...figures,
    }))
    .sort((a, b) => b.packages - a.packages || b.functions - a.functions || (a.lacks < b.lacks ? -1 : 1));
}

/** Adds up what holds functions back; calls of the C API count under the cause that they share. */
export function sharedBlockers(projects: readonly ProjectSummary[]): SharedBlocker[] {
  const found = new Map<string, { title: string; packages: Set<number>; holds: number }>();
  for (const [index, { assessment }] of projects.entries()) {
    for (const { id, capi, title, holds, follows } of assessment.blockers) {
      if (follows) continue;
      const known = found.get(id) ?? {
        title: capi === null ? title : "A call has no counterpart in HPy",
        packages: new Set(),
        holds: 0,
      };
      found.set(id, known);
      known.packages.add(index);
      known.holds += holds;
    }
  }
  return [...found]
    .map(([id, { title, packages, holds }]) => ({ id, title, packages: packages.size, holds }))
    .sort((a, b) => b.packages - a.packages || b.holds - a.holds || (a.id < b.id ? -1 : 1));
}
