import { defineRules, direct } from "./define-rules.ts";

/** `PySlice_*`. */
export const sliceRules = defineRules("slice", [
  direct(
    "slice-adjust-indices",
    "PySlice_AdjustIndices(size, &start, &stop, step)",
    "HPySlice_AdjustIndices",
    "The bounds of a slice fitted to a length.",
    {
      why: "An inline helper with the code of the C API (hpy/inline_helpers.h).",
    },
  ),
  {
    id: "slice-get-indices-ex",
    template: "hpyx_slice_get_indices($ctx, $0, $1, $2, $3, $4, $5)",
    summary: "The bounds of a slice fitted to a length, and how many items it selects.",
    why: "HPy has the two parts, HPySlice_Unpack and HPySlice_AdjustIndices, of which the C API is made too.",
    example: "PySlice_GetIndicesEx(object, size, &start, &stop, &step, &count)",
  },
  {
    id: "slice-new",
    template: "hpyx_slice_new($ctx, $0, $1, $2)",
    summary: "A slice object; NULL stands for None.",
    why: "HPy 0.9 cannot make a slice; the support function calls the type with None for NULL.",
    example: "PySlice_New(object, other, NULL)",
  },
  direct(
    "slice-unpack",
    "PySlice_Unpack(object, &start, &stop, &step)",
    "HPySlice_Unpack",
    "The bounds of a slice as C numbers.",
  ),
]);
