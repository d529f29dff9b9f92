import { defineRules, direct } from "./define-rules.ts";

/** Attributes of modules. Module creation is a transform. */
export const moduleRules = defineRules("module", [
  {
    id: "module-add-int-constant",
    template: "hpyx_add_int_constant($ctx, $0, $1, $2)",
    summary: "An int constant added to a module.",
    why: "HPy has no such call; the support function makes the int, sets the attribute and closes it.",
    example: "PyModule_AddIntConstant(module, text, number)",
  },
  {
    id: "module-add-int-macro",
    template: "hpyx_add_int_constant($ctx, $0, $q1, $1)",
    summary: "A C macro or enumerator added to a module under its own name.",
    why: "HPy has no such call; the macro passes the spelling of its argument as the name (Include/modsupport.h).",
    example: "PyModule_AddIntMacro(module, EXAMPLE_NUMBER)",
  },
  direct(
    "module-add-object",
    "PyModule_AddObject(module, text, value)",
    "HPy_SetAttr_s",
    "An object added to a module; the value is not stolen.",
    {
      note: "A value that is NULL raises AttributeError, where the C API keeps the exception that made it.",
      why: "The attribute of a module is an item of its dict.",
    },
  ),
  {
    id: "module-add-object-ref",
    template: "hpyx_add_object_ref($ctx, $0, $1, $2)",
    summary: "An object added to a module; NULL stands for an exception that is already set.",
    why: "HPy_SetAttr_s would delete for NULL; the support function keeps the exception. The attribute of a module is an item of its dict.",
    example: "PyModule_AddObjectRef(module, text, value)",
  },
  {
    id: "module-add-string-constant",
    template: "hpyx_add_string_constant($ctx, $0, $1, $2)",
    summary: "A str constant added to a module.",
    why: "HPy has no such call; the support function makes the str, sets the attribute and closes it.",
    example: "PyModule_AddStringConstant(module, text, text)",
  },
  {
    id: "module-add-string-macro",
    template: "hpyx_add_string_constant($ctx, $0, $q1, $1)",
    summary: "A C macro for a string added to a module under its own name.",
    why: "HPy has no such call; the macro passes the spelling of its argument as the name (Include/modsupport.h).",
    example: "PyModule_AddStringMacro(module, EXAMPLE_TEXT)",
  },
  {
    id: "module-get-dict",
    template: 'HPy_GetAttr_s($ctx, $0, "__dict__")',
    summary: "The dict of a module; a new handle, where the C API borrows.",
    why: "HPy has no such call; the attribute is the dict itself.",
    example: "PyModule_GetDict(module)",
  },
  {
    id: "module-get-name-object",
    template: 'HPy_GetAttr_s($ctx, $0, "__name__")',
    note: "A module without name raises AttributeError instead of SystemError.",
    summary: "The name of a module, as a str.",
    why: "HPy has no such call; the C API reads the same item of the dict of the module.",
    example: "PyModule_GetNameObject(module)",
  },
]);
