import type { FactFamily } from "../capi-facts.ts";

/** Argument parsing, value building, buffers. */
export const PARSING_FACTS: readonly FactFamily[] = [
  {
    source: "Doc/c-api/arg.rst",
    rows: [
      ["PyArg_Parse", "plain", "zero", "python", "out-borrowed 2"],
      ["PyArg_ParseTuple", "plain", "zero", "python", "out-borrowed 2"],
      ["PyArg_ParseTupleAndKeywords", "plain", "zero", "python", "out-borrowed 4", "nullable 1"],
      ["PyArg_UnpackTuple", "plain", "zero", "quiet", "out-borrowed 4", "nullable 1"],
      ["PyArg_VaParse", "plain", "zero", "python"],
      ["PyArg_VaParseTupleAndKeywords", "plain", "zero", "python", "nullable 1"],
      ["PyArg_ValidateKeywordArguments", "plain", "zero", "python"],
      ["Py_BuildValue", "new", "null", "python"],
      ["Py_VaBuildValue", "new", "null", "python"],
    ],
  },
  {
    source: "Doc/c-api/buffer.rst",
    rows: [
      ["PyBuffer_FillContiguousStrides", "plain", "none", "quiet"],
      ["PyBuffer_FillInfo", "plain", "negative", "quiet", "nullable 0", "nullable 1"],
      ["PyBuffer_FromContiguous", "plain", "negative", "quiet"],
      ["PyBuffer_GetPointer", "plain", "none", "quiet"],
      ["PyBuffer_IsContiguous", "plain", "none", "quiet"],
      ["PyBuffer_Release", "plain", "none", "python"],
      ["PyBuffer_SizeFromFormat", "plain", "negative", "python"],
      ["PyBuffer_ToContiguous", "plain", "negative", "quiet"],
      ["PyObject_CheckBuffer", "plain", "none", "quiet"],
      ["PyObject_CopyData", "plain", "negative", "python"],
      ["PyObject_GetBuffer", "plain", "negative", "python"],
    ],
  },
  {
    source: "Doc/c-api/conversion.rst",
    rows: [
      ["PyOS_double_to_string", "plain", "null", "quiet"],
      ["PyOS_snprintf", "plain", "none", "quiet"],
      ["PyOS_stricmp", "plain", "none", "quiet"],
      ["PyOS_string_to_double", "plain", "occurred", "quiet", "nullable 1", "nullable 2"],
      ["PyOS_strnicmp", "plain", "none", "quiet"],
      ["PyOS_vsnprintf", "plain", "none", "quiet"],
    ],
  },
  {
    source: "Doc/c-api/memoryview.rst",
    rows: [
      ["PyMemoryView_Check", "plain", "none", "quiet"],
      ["PyMemoryView_FromBuffer", "new", "null", "quiet"],
      ["PyMemoryView_FromMemory", "new", "null", "quiet"],
      ["PyMemoryView_FromObject", "new", "null", "python"],
      ["PyMemoryView_GET_BASE", "borrowed 0", "null-without-error", "quiet"],
      ["PyMemoryView_GET_BUFFER", "interior 0", "none", "quiet"],
      ["PyMemoryView_GetContiguous", "new", "null", "python"],
    ],
  },
  {
    source: "Doc/c-api/objbuffer.rst",
    rows: [
      [
        "PyObject_AsCharBuffer",
        "plain",
        "negative",
        "python",
        "out-interior 1",
        "nullable 0",
        "nullable 1",
        "nullable 2",
      ],
      [
        "PyObject_AsReadBuffer",
        "plain",
        "negative",
        "python",
        "out-interior 1",
        "nullable 0",
        "nullable 1",
        "nullable 2",
      ],
      [
        "PyObject_AsWriteBuffer",
        "plain",
        "negative",
        "python",
        "out-interior 1",
        "nullable 0",
        "nullable 1",
        "nullable 2",
      ],
      ["PyObject_CheckReadBuffer", "plain", "none", "quiet"],
    ],
  },
  {
    source: "",
    rows: [
      ["PyPickleBuffer_FromObject", "new", "null", "python"],
      ["PyPickleBuffer_GetBuffer", "interior 0", "null", "quiet"],
      ["PyPickleBuffer_Release", "plain", "negative", "python"],
    ],
  },
];
