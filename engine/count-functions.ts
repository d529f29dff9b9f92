/** How far one file is, from its text alone: for histories, which look at thousands of them. */
import { buildProject } from "../model/project.ts";
import type { InputFile, Parser } from "../syntax/source.ts";
import { usesCapi } from "./capi-use.ts";
import { generatorOf } from "./generated-files.ts";

/** Functions of a file that touch the C API or HPy. */
export interface FunctionCounts {
  /** HPy code that names nothing of the C API. */
  readonly pure: number;
  /** HPy code that names something of the C API. */
  readonly bridged: number;
  /** Functions on the C API. */
  readonly capi: number;
}

const NOTHING: FunctionCounts = { pure: 0, bridged: 0, capi: 0 };

/**
 * Counts the functions of one file as a plan does, but without the rest of the project: macros of other files are not
 * known, so that a function which hides behind them may be missed. Files that a generator wrote count nothing.
 */
export function countFunctions(file: InputFile, parser: Parser): FunctionCounts {
  if (!file.text.includes("Py") || generatorOf(file.text) !== null) return NOTHING;
  const knowledge = parser.prepare([file]);
  const project = buildProject([parser.parse(file, knowledge)], knowledge, () => null);
  const counts = { ...NOTHING };
  for (const fn of [...project.functions.values()].flat()) {
    const touches = usesCapi(fn);
    if (fn.isMigrated) counts[touches ? "bridged" : "pure"]++;
    else if (touches) counts.capi++;
  }
  return counts;
}
