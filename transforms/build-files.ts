import type { BuildFacts } from "../model/build-files.types.ts";
import type { InputFile } from "../syntax/source.ts";
import type { BuildFilePlan } from "./build-files.types.ts";

/** Plans the edits that make setuptools build `moduleNames` with HPy; a stub that plans none yet. */
export function planBuildFileEdits(
  _facts: BuildFacts,
  _files: readonly InputFile[],
  _moduleNames: readonly string[],
): BuildFilePlan {
  return { changes: [], notes: [], refusals: [] };
}
