/**
 * What verifying a package gave, kept by everything that decides it: the package, how it is built and tested, the code that
 * verifies, and the text of the series itself. A change of the planner that leaves a series as it is costs no build.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Exclusion } from "../engine/types.ts";
import type { SeriesStep } from "../verify/series.ts";
import type { CorpusEntry, Verification } from "./corpus-entry.ts";

/** A verification, and the series that it was made of. */
export interface KeptVerification {
  /** Steps that were rolled back, for planning again without them. */
  readonly excluded: readonly Exclusion[];
  /** Digest of the series that was left when they had been. */
  readonly last: string;
  readonly verification: Verification;
}

/** A digest of the files below a directory, by path and content. */
export function directoryDigest(root: string): string {
  const hash = createHash("sha256");
  const entries = readdirSync(root, { withFileTypes: true, recursive: true }).map((entry) => ({
    entry,
    path: join(entry.parentPath, entry.name),
  }));
  for (const { entry, path } of entries.sort((a, b) => (a.path < b.path ? -1 : 1))) {
    if (entry.isDirectory()) continue;
    const content = entry.isSymbolicLink() ? Buffer.from(readlinkSync(path)) : readFileSync(path);
    hash.update(`${path.slice(root.length)}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/** A digest of a series: every step's id and the text of every file after it. */
export function seriesDigest(steps: readonly SeriesStep[]): string {
  const hash = createHash("sha256");
  for (const { id, changes } of steps) {
    hash.update(`step ${id}\0${changes.length}\0`);
    for (const { path, after } of changes)
      hash.update(`${path}\0${after === null ? "gone" : after.length}\0`).update(after ?? "", "latin1");
  }
  return hash.digest("hex");
}

/**
 * A digest of what decides a verification besides the series.
 *
 * @param source - Digest of the package's source.
 * @param decisive - Digests of the code that verifies and of the interpreter that it verifies with.
 * @param group - Steps between two checks.
 */
export function conditionsDigest(
  entry: CorpusEntry,
  source: string,
  decisive: readonly string[],
  group: number,
): string {
  // What it is here for is told on the page and decides nothing.
  const { about: _, tests, ...deciding } = entry;
  const own = tests === undefined ? "" : directoryDigest(tests);
  return createHash("sha256")
    .update(JSON.stringify([deciding, own, source, decisive, group]))
    .digest("hex");
}

/** Verifications that are kept in a directory. */
export class VerificationStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** What verifying a series under these conditions gave; null when it was not done. */
  recall(name: string, conditions: string, steps: readonly SeriesStep[]): KeptVerification | null {
    const path = this.#pathOf(name, conditions, steps);
    return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as KeptVerification) : null;
  }

  keep(name: string, conditions: string, steps: readonly SeriesStep[], kept: KeptVerification): void {
    const path = this.#pathOf(name, conditions, steps);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.${process.pid}`, `${JSON.stringify(kept, null, 2)}\n`);
    renameSync(`${path}.${process.pid}`, path);
  }

  #pathOf(name: string, conditions: string, steps: readonly SeriesStep[]): string {
    const key = createHash("sha256").update(conditions).update(seriesDigest(steps)).digest("hex").slice(0, 24);
    return join(this.#directory, `${name}-${key}.json`);
  }
}
