import type { ParsedFile } from "../syntax/source.ts";
import { HandleChecker } from "./check-handles.ts";
import { DIAGNOSTICS } from "./diagnostics.ts";
import type { Abi } from "./file-checks.ts";
import type { Finding, GiveUp } from "./findings.ts";
import { sift } from "./suppressions.ts";

/** What one file has, after the comments in it have had their say. */
export interface FileReport {
  readonly file: ParsedFile;
  /** In source order. */
  readonly findings: readonly Finding[];
  /** Findings that comments take back. */
  readonly suppressed: number;
  /** Functions that were checked. */
  readonly functions: number;
  /** What was not understood, with the function that it is in; nothing is claimed of these places. */
  readonly unproven: readonly (GiveUp & { readonly function: string })[];
}

/** Ids of all findings, and those that a run over HPy code looks for. */
const ALL: ReadonlySet<string> = new Set(DIAGNOSTICS.map((d) => d.id));

/** Checks the HPy code of all files of a project. */
export function lintHandles(files: readonly ParsedFile[], abi: Abi): readonly FileReport[] {
  const checker = new HandleChecker(files);
  return files.map((file): FileReport => {
    const functions = checker.functionsOf(file);
    const unproven: (GiveUp & { readonly function: string })[] = [];
    const found: Finding[] = [...checker.outside(file, abi)];
    for (const info of functions) {
      const result = checker.result(info);
      found.push(...result.findings);
      for (const reason of result.unproven) unproven.push({ ...reason, function: info.name });
    }
    const { findings, suppressed } = sift(
      file,
      found.sort((a, b) => a.span.start - b.span.start),
      ALL,
      ALL,
    );
    return { file, findings, suppressed, functions: functions.length, unproven };
  });
}
