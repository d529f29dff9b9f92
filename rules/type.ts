import { defineRules } from "./define-rules.ts";

/** Facts about type objects. Type creation is a transform. */
export const typeRules = defineRules("type", [
  {
    id: "type-get-name",
    template: 'HPy_GetAttr_s($ctx, $0, "__name__")',
    summary: "The name of a type, as a str.",
    why: "HPyType_GetName answers a C string only; the attribute of `type` is PyType_GetName (Objects/typeobject.c).",
    example: "PyType_GetName(type)",
  },
  {
    id: "type-get-qual-name",
    template: 'HPy_GetAttr_s($ctx, $0, "__qualname__")',
    summary: "The qualified name of a type, as a str.",
    why: "HPy has no such call; the attribute of `type` is PyType_GetQualName (Objects/typeobject.c).",
    example: "PyType_GetQualName(type)",
  },
]);
