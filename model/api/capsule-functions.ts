/**
 * Functions of the C API that are members of a struct in a capsule, `PyDateTimeAPI->DateTime_FromDateAndTime(...)`, by
 * how they are called (Include/datetime.h and Modules/_datetimemodule.c of CPython 3.11). Types are given as `void *`:
 * they are members of the same struct, static objects that no handle stands for.
 */

import type { CapiFunction } from "./capi.ts";

const INT = "int";
const OBJECT = "PyObject *";
const TYPE = "void *";

/** Each makes a new object, or answers NULL with an exception. */
const MEMBERS: readonly (readonly [string, readonly string[]])[] = [
  ["Date_FromDate", [INT, INT, INT, TYPE]],
  ["DateTime_FromDateAndTime", [INT, INT, INT, INT, INT, INT, INT, OBJECT, TYPE]],
  ["DateTime_FromDateAndTimeAndFold", [INT, INT, INT, INT, INT, INT, INT, OBJECT, INT, TYPE]],
  ["Time_FromTime", [INT, INT, INT, INT, OBJECT, TYPE]],
  ["Time_FromTimeAndFold", [INT, INT, INT, INT, OBJECT, INT, TYPE]],
  ["Delta_FromDelta", [INT, INT, INT, INT, TYPE]],
  ["TimeZone_FromTimeZone", [OBJECT, OBJECT]],
];

/** By `PyDateTimeAPI->member`. */
export const CAPSULE_FUNCTIONS: ReadonlyMap<string, CapiFunction> = new Map(
  MEMBERS.map(([member, types]) => {
    const name = `PyDateTimeAPI->${member}`;
    return [
      name,
      {
        name,
        result: OBJECT,
        parameters: types.map((type) => ({ type, ownership: type === OBJECT ? "borrows" : "plain" })),
        ownership: { kind: "new" },
        error: "null",
        nullable: member === "TimeZone_FromTimeZone" ? [1] : [],
        macro: false,
        runsPython: true,
        source: "Include/datetime.h of Python 3.11",
      } satisfies CapiFunction,
    ];
  }),
);
