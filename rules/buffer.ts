import { defineRules } from "./define-rules.ts";

/** Buffers, which HPy 0.9 cannot consume: the support functions call the C API and the `Py_buffer` stays what it is. */
export const bufferRules = defineRules("buffer", [
  {
    id: "object-check-buffer",
    template: "hpyx_check_buffer($ctx, $0)",
    summary: "Whether an object has a buffer.",
    why: "HPy 0.9 has no API to consume a buffer; the support function asks the C API.",
    example: "PyObject_CheckBuffer(object)",
  },
  {
    id: "object-get-buffer",
    template: "hpyx_get_buffer($ctx, $0, $1, $2)",
    summary: "A view of the buffer of an object.",
    why: "HPy 0.9 has no API to consume a buffer; the support function calls the C API. The view holds its own reference until PyBuffer_Release.",
    example: "PyObject_GetBuffer(object, &view, PyBUF_SIMPLE)",
  },
]);
