import { readBuildFiles } from "../../model/build-files.ts";
import type { InputFile } from "../../syntax/source.ts";
import { planBuildFileEdits } from "../../transforms/build-files.ts";
import type { BuildFilePlan } from "../../transforms/build-files.types.ts";

/** A project that migrates `modules`, before and after. */
export interface MigratedBuild {
  readonly plan: BuildFilePlan;
  readonly files: readonly InputFile[];
  /** Text of a file after the edits; an empty string where there is none. */
  text(path: string): string;
}

/** Reads the build files of a project, plans the edits for `modules` and applies them. */
export function migrateBuild(files: readonly InputFile[], modules: readonly string[]): MigratedBuild {
  const plan = planBuildFileEdits(readBuildFiles(files), files, modules);
  const texts = new Map(files.map((file) => [file.path, file.text]));
  for (const change of plan.changes) {
    if (change.kind === "create" && texts.has(change.path)) throw new Error(`${change.path} exists`);
    let text = texts.get(change.path) ?? "";
    let last = text.length;
    for (const edit of [...change.edits].reverse()) {
      if (edit.end > last) throw new Error(`overlapping edits in ${change.path}`);
      last = edit.start;
      text = text.slice(0, edit.start) + edit.text + text.slice(edit.end);
    }
    texts.set(change.path, text);
  }
  return {
    plan,
    files: [...texts].map(([path, text]) => ({ path, text })),
    text: (path) => texts.get(path) ?? "",
  };
}

/** Files from a record of paths and texts. */
export function projectFiles(texts: Readonly<Record<string, string>>): InputFile[] {
  return Object.entries(texts).map(([path, text]) => ({ path, text }));
}
