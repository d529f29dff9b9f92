/** Where functions stand, as figures. */

/**
 * Functions that touch the C API or HPy, by where they stand. `done` are HPy code already, `ready` are moved by the
 * steps that are left, `legacy` stay as they are. `bridged` ones keep single calls of the C API.
 */
export interface Standing {
  readonly functions: number;
  readonly donePure: number;
  readonly doneBridged: number;
  readonly readyPure: number;
  readonly readyBridged: number;
  readonly legacy: number;
}

/** Where a function stands; the keys of {@link Standing} but for the total. */
export type State = Exclude<keyof Standing, "functions">;

/** No function at all. */
export const NO_FUNCTIONS: Standing = {
  functions: 0,
  donePure: 0,
  doneBridged: 0,
  readyPure: 0,
  readyBridged: 0,
  legacy: 0,
};

/** Adds the figures of two sets of functions. */
export function sumOfStandings(standings: readonly Standing[]): Standing {
  const sum = { ...NO_FUNCTIONS };
  for (const standing of standings)
    for (const key of Object.keys(NO_FUNCTIONS) as (keyof Standing)[]) sum[key] += standing[key];
  return sum;
}
