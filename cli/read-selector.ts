import type { Selector } from "../engine/select-steps.ts";
import { type Result, success, unusable } from "./failure.ts";

/** Options of the command line that select steps. */
export interface SelectorOptions {
  readonly step?: string;
  readonly function?: string;
  readonly through?: string;
  readonly all?: true;
}

/** The one selector that was given; the next step when there is none. */
export function readSelector(options: SelectorOptions): Result<Selector> {
  const given: Selector[] = [];
  if (options.step !== undefined) given.push({ kind: "step", id: options.step });
  if (options.function !== undefined) given.push({ kind: "function", name: options.function });
  if (options.through !== undefined) given.push({ kind: "through", id: options.through });
  if (options.all) given.push({ kind: "all" });
  if (given.length > 1) return unusable("--step, --function, --through and --all exclude each other");
  return success(given[0] ?? { kind: "next" });
}
