import type { ArgumentOwnership, ErrorConvention } from "./capi.ts";

/** The result of a function in a fact row; numbers are argument indexes, -1 the interpreter, -2 an unknown owner. */
export type ResultWord = "new" | "plain" | `borrowed ${number}` | `same ${number}` | `interior ${number}`;

/** `quiet` promises that no Python code can run during the call; `python` promises nothing. */
type RunWord = "quiet" | "python";

/** What deviates from the defaults for one argument: `steals 2`, `nullable 1`. */
type FactNote = `${ArgumentOwnership} ${number}` | `nullable ${number}`;

/**
 * One row of facts: name, result, error convention, whether Python code may run, deviations.
 *
 * Without a note an argument is never NULL; it `borrows` when it is an object pointer, an array of them or `...`,
 * and is `plain` otherwise. A function of type `PyObject *` whose result is `plain` always returns NULL.
 */
export type FactRow = readonly [
  name: string,
  result: ResultWord,
  error: ErrorConvention,
  runs: RunWord,
  ...notes: FactNote[],
];

/** Facts that share a source. */
export interface FactFamily {
  /** Page of the CPython documentation (`Doc/c-api/list.rst`), or empty: then the header is the source. */
  readonly source: string;
  readonly rows: readonly FactRow[];
}
