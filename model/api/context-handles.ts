/** Context handles of HPy by the C-API constant that each stands for. */

import { HPY_0_9 } from "./hpy-0.9.generated.ts";

/** `Py_None` gives `h_None`, `&PyUnicode_Type` gives `h_UnicodeType`. Names that were aliases in Python 3 are included. */
export const CONTEXT_HANDLES: ReadonlyMap<string, string> = new Map([
  ...HPY_0_9.contextHandles.map((h): [string, string] => [h.capi, h.name]),
  ["PyExc_IOError", "h_OSError"],
  ["PyExc_EnvironmentError", "h_OSError"],
]);
