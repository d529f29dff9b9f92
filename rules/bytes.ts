import { defineRules, direct } from "./define-rules.ts";

const CONST_RESULT =
  "The result is `const`, so that a variable that is not needs a cast; the pointer is valid while that very handle is open.";

/** `PyBytes_*`, `PyByteArray_*` and memoryview. */
export const bytesRules = defineRules("bytes", [
  {
    id: "bytearray-from-object",
    template: "hpyx_bytearray_from_object($ctx, $0)",
    summary: "bytearray(object).",
    why: "The C API calls the type; HPy has no handle for it in the context, so it is looked up in the builtins.",
    example: "PyByteArray_FromObject(object)",
  },
  {
    id: "bytearray-from-string-and-size",
    template: "hpyx_bytearray_from_string_and_size($ctx, $0, $1)",
    when: { argument: 0, unless: "NULL" },
    summary: "A bytearray from C memory.",
    why: "HPy has no bytearray API; the support function copies through bytes. Uninitialised memory (NULL) cannot be written afterwards.",
    example: "PyByteArray_FromStringAndSize(text, size)",
  },
  direct("bytearray-get-size", "PyByteArray_GET_SIZE(object)", "HPy_Length", "The length of a bytearray.", {
    note: "A subclass that overrides `__len__` is asked for it.",
    why: "HPy has no bytearray API; the length is that of the object.",
  }),
  direct("bytearray-size", "PyByteArray_Size(object)", "HPy_Length", "The length of a bytearray.", {
    note: "A subclass that overrides `__len__` is asked for it.",
    why: "HPy has no bytearray API; the length is that of the object.",
  }),
  {
    id: "bytes-as-string",
    template: "HPyBytes_AsString($ctx, $0)",
    summary: "The C memory of a bytes object, with TypeError for others.",
    why: CONST_RESULT,
    example: "PyBytes_AsString(object)",
  },
  {
    id: "bytes-as-string-and-size",
    template: "hpyx_bytes_as_string_and_size($ctx, $0, $1, $2)",
    summary: "The C memory and the length of a bytes object.",
    why: "HPy has the two parts only; the support function keeps the TypeError, and the ValueError for embedded NUL without a length.",
    example: "PyBytes_AsStringAndSize(object, &buffer, &size)",
  },
  {
    id: "bytes-as-string-unchecked",
    template: "HPyBytes_AS_STRING($ctx, $0)",
    summary: "The C memory of a bytes object.",
    why: CONST_RESULT,
    example: "PyBytes_AS_STRING(object)",
  },
  direct("bytes-from-object", "PyBytes_FromObject(object)", "HPy_Bytes", "bytes(object) for buffers and iterables.", {
    safety: "review",
    note: "HPy_Bytes honours `__bytes__`, which PyBytes_FromObject does not look at.",
    why: "PyObject_Bytes ends in PyBytes_FromObject when the type has no `__bytes__` (Objects/object.c).",
  }),
  direct("bytes-from-string", "PyBytes_FromString(text)", "HPyBytes_FromString", "bytes from a C string."),
  {
    id: "bytes-from-string-and-size",
    template: "hpyx_bytes_from_string_and_size($ctx, $0, $1)",
    when: { argument: 0, unless: "NULL" },
    summary: "bytes from C memory.",
    why: "HPyBytes_FromStringAndSize raises ValueError for NULL even when the size is 0; the support function keeps `b''`. Uninitialised memory (NULL) cannot be written afterwards.",
    example: "PyBytes_FromStringAndSize(text, size)",
  },
  direct("bytes-get-size", "PyBytes_GET_SIZE(object)", "HPyBytes_GET_SIZE", "The length of a bytes object."),
  direct(
    "bytes-size",
    "PyBytes_Size(object)",
    "HPyBytes_Size",
    "The length of a bytes object, with TypeError for others.",
  ),
  {
    id: "memoryview-from-object",
    template: "hpyx_call_one_arg($ctx, $ctx->h_MemoryViewType, $0)",
    summary: "memoryview(object).",
    why: "The type is a context handle, and calling it with one argument is PyMemoryView_FromObject (Objects/memoryobject.c).",
    example: "PyMemoryView_FromObject(object)",
  },
]);
