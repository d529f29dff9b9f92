/** What a survey and its processes say to each other. */
import { basename } from "node:path";
import type { ProjectName, ProjectSummary } from "../report/report-data.ts";

export interface SurveyJob {
  /** Absolute path of a directory or an archive. */
  readonly path: string;
  /** The path as the list has it; it identifies the tree when a survey goes on. */
  readonly source: string;
  /** An empty directory to unpack into. */
  readonly scratch: string;
  readonly exclude: readonly string[];
  readonly hpy: "0.9";
}

export type SurveyAnswer = (ProjectSummary & { readonly source: string }) | { readonly error: string };

const ARCHIVES = [".tar.gz", ".tgz", ".tar", ".zip"];

/** The extension of an archive that a survey can unpack; null for any other file. */
export function archiveExtension(path: string): string | null {
  return ARCHIVES.find((extension) => path.toLowerCase().endsWith(extension)) ?? null;
}

/** Name and version by the convention of source archives, `name-version`. */
export function surveyName(source: string): ProjectName {
  const stem = basename(source).slice(0, -(archiveExtension(source)?.length ?? 0) || undefined);
  const dash = stem.lastIndexOf("-");
  const version = stem.slice(dash + 1);
  if (dash <= 0 || !/^\d/.test(version)) return { name: stem, version: null };
  return { name: stem.slice(0, dash), version };
}
