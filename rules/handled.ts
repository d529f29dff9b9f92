/** C-API functions that a transform or the ownership analysis moves, so that they have neither a rule nor a bridge. */

export interface Handled {
  readonly capi: string;
  /** What happens to the call, a whole sentence. */
  readonly how: string;
}

interface HandledFamily {
  readonly how: string;
  readonly names: readonly string[];
}

const FAMILIES: readonly HandledFamily[] = [
  {
    how: "Argument parsing is planned per format: HPyArg_Parse, HPyArg_ParseKeywords or the support functions that keep its errors.",
    names: ["PyArg_ParseTuple", "PyArg_ParseTupleAndKeywords", "PyArg_UnpackTuple"],
  },
  {
    how: "The format is translated unit by unit to HPy_BuildValue or to the calls that make the values.",
    names: ["Py_BuildValue"],
  },
  {
    how: "The format is checked and moved to the formats that HPy has.",
    names: ["PyErr_Format", "PyUnicode_FromFormat"],
  },
  {
    how: "The values of the format become handles of an HPy call.",
    names: ["PyObject_CallFunction", "PyObject_CallMethod", "PyEval_CallFunction", "PyEval_CallMethod"],
  },
  {
    how: "Reference counts become HPy_Dup, HPy_Close or nothing, as the ownership analysis decides.",
    names: [
      "Py_CLEAR",
      "Py_DECREF",
      "Py_DecRef",
      "Py_INCREF",
      "Py_IncRef",
      "Py_NewRef",
      "Py_SETREF",
      "Py_XDECREF",
      "Py_XINCREF",
      "Py_XNewRef",
      "Py_XSETREF",
    ],
  },
  {
    how: "The module definition becomes an HPyModuleDef with HPy_MODINIT.",
    names: ["PyModuleDef_Init", "PyModule_Create", "PyModule_Create2"],
  },
];

/** The functions by name. */
export const HANDLED: ReadonlyMap<string, Handled> = new Map(
  FAMILIES.flatMap(({ how, names }) => names.map((capi): [string, Handled] => [capi, { capi, how }])),
);
