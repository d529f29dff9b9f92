import { defineRules, direct } from "./define-rules.ts";

const INDEX_NOTE =
  "A mapping is asked for the index as a key, where the C API raises TypeError; a class that defines only `__getitem__` gets a negative index as it is.";
const OPERATOR =
  "HPy has no such call; the function of the module `operator` does nothing but the C call (Modules/_operator.c).";
const SLICES = "HPy 0.9 has no slices; the support function makes the slice object that the C API makes.";

/** The sequence protocol, `PySequence_*`. */
export const sequenceRules = defineRules("sequence", [
  {
    id: "sequence-concat",
    template: "hpyx_sequence_concat($ctx, $0, $1)",
    summary: "Two sequences joined.",
    why: `HPy_Add would add numbers too. ${OPERATOR}`,
    example: "PySequence_Concat(object, other)",
  },
  direct("sequence-contains", "PySequence_Contains(object, value)", "HPy_Contains", "value in object."),
  {
    id: "sequence-count",
    template: "hpyx_sequence_count($ctx, $0, $1)",
    summary: "How often a value occurs.",
    why: OPERATOR,
    example: "PySequence_Count(object, value)",
  },
  direct("sequence-del-item", "PySequence_DelItem(object, index)", "HPy_DelItem_i", "del object[index].", {
    safety: "review",
    note: INDEX_NOTE,
    why: "HPy 0.9 has only the item protocol with an int.",
  }),
  {
    id: "sequence-del-slice",
    template: "hpyx_sequence_del_slice($ctx, $0, $1, $2)",
    summary: "del object[start:stop].",
    why: SLICES,
    example: "PySequence_DelSlice(object, index, size)",
  },
  {
    id: "sequence-fast",
    template: "hpyx_sequence_fast($ctx, $0, $1)",
    summary: "The same list or tuple, or a list of the items of an iterable.",
    why: "HPy has no such call; the support function keeps the text of the TypeError.",
    example: "PySequence_Fast(object, text)",
  },
  direct(
    "sequence-fast-get-item",
    "PySequence_Fast_GET_ITEM(object, index)",
    "HPy_GetItem_i",
    "An item of a list or tuple; a new handle, where the C API borrows.",
    {
      why: "For an index inside the sequence, which the macro requires, it is the same item.",
    },
  ),
  direct("sequence-fast-get-size", "PySequence_Fast_GET_SIZE(object)", "HPy_Length", "The length of a list or tuple.", {
    why: "The length of a list or tuple is its size.",
  }),
  direct("sequence-get-item", "PySequence_GetItem(object, index)", "HPy_GetItem_i", "object[index].", {
    safety: "review",
    note: INDEX_NOTE,
    why: "HPy 0.9 has only the item protocol with an int.",
  }),
  {
    id: "sequence-get-slice",
    template: "hpyx_sequence_get_slice($ctx, $0, $1, $2)",
    summary: "object[start:stop].",
    why: SLICES,
    example: "PySequence_GetSlice(object, index, size)",
  },
  direct("sequence-in", "PySequence_In(object, value)", "HPy_Contains", "value in object, the old spelling.", {
    why: "PySequence_In is PySequence_Contains (Objects/abstract.c).",
  }),
  {
    id: "sequence-index",
    template: "hpyx_sequence_index($ctx, $0, $1)",
    summary: "The first index of a value; ValueError when it is missing.",
    why: OPERATOR,
    example: "PySequence_Index(object, value)",
  },
  {
    id: "sequence-inplace-concat",
    template: 'hpyx_call_operator($ctx, "iconcat", $0, $1)',
    summary: "A sequence extended, in place where it can be.",
    why: `HPy_InPlaceAdd would add numbers too. ${OPERATOR}`,
    example: "PySequence_InPlaceConcat(object, other)",
  },
  {
    id: "sequence-inplace-repeat",
    template: "hpyx_sequence_inplace_repeat($ctx, $0, $1)",
    summary: "A sequence repeated so many times, in place where it can be.",
    why: "HPy_InPlaceMultiply would multiply numbers too; the support function keeps the TypeError for what has no items.",
    example: "PySequence_InPlaceRepeat(object, count)",
  },
  direct("sequence-item-unchecked", "PySequence_ITEM(object, index)", "HPy_GetItem_i", "object[index].", {
    safety: "review",
    note: INDEX_NOTE,
    why: "HPy 0.9 has only the item protocol with an int.",
  }),
  direct("sequence-length", "PySequence_Length(object)", "HPy_Length", "len(object).", {
    safety: "review",
    note: "A mapping answers its length, where the C API raises TypeError.",
    why: "HPy has one length; for a sequence both ask the same slot first (Objects/abstract.c).",
  }),
  {
    id: "sequence-list",
    template: "hpyx_sequence_list($ctx, $0)",
    summary: "list(object).",
    why: "The list type fills itself by the function that PySequence_List uses (Objects/listobject.c).",
    example: "PySequence_List(object)",
  },
  {
    id: "sequence-repeat",
    template: "hpyx_sequence_repeat($ctx, $0, $1)",
    summary: "A sequence repeated so many times.",
    why: "HPy_Multiply would multiply numbers too; the support function keeps the TypeError for what has no items.",
    example: "PySequence_Repeat(object, count)",
  },
  direct("sequence-set-item", "PySequence_SetItem(object, index, value)", "HPy_SetItem_i", "object[index] = value.", {
    safety: "review",
    note: INDEX_NOTE,
    why: "HPy 0.9 has only the item protocol with an int.",
  }),
  {
    id: "sequence-set-slice",
    template: "hpyx_sequence_set_slice($ctx, $0, $1, $2, $3)",
    summary: "object[start:stop] = value.",
    why: SLICES,
    example: "PySequence_SetSlice(object, index, size, value)",
  },
  direct("sequence-size", "PySequence_Size(object)", "HPy_Length", "len(object).", {
    safety: "review",
    note: "A mapping answers its length, where the C API raises TypeError.",
    why: "HPy has one length; for a sequence both ask the same slot first (Objects/abstract.c).",
  }),
  {
    id: "sequence-tuple",
    template: "hpyx_sequence_tuple($ctx, $0)",
    summary: "tuple(object).",
    why: "The tuple type makes an instance by PySequence_Tuple (Objects/tupleobject.c).",
    example: "PySequence_Tuple(object)",
  },
]);
