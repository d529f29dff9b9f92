import { defineRules, direct } from "./define-rules.ts";

/** `PyImport_*` and `PySys_*`. */
export const importRules = defineRules("import", [
  {
    id: "import-get-module-dict",
    template: 'hpyx_sys_get_object($ctx, "modules")',
    summary: "sys.modules; a new handle, where the C API borrows.",
    why: "HPy has no such call; the attribute of sys is the dict that the interpreter keeps.",
    example: "PyImport_GetModuleDict()",
  },
  {
    id: "import-import",
    template: "hpyx_import($ctx, $0)",
    summary: "A module imported by a name that is a str.",
    why: "HPy imports by C string, and PyImport_ImportModule makes the str that PyImport_Import takes (Python/import.c).",
    example: "PyImport_Import(name)",
  },
  direct("import-import-module", "PyImport_ImportModule(text)", "HPyImport_ImportModule", "A module imported by name."),
  direct(
    "import-import-module-no-block",
    "PyImport_ImportModuleNoBlock(text)",
    "HPyImport_ImportModule",
    "A module imported by name, the old spelling.",
    {
      why: "PyImport_ImportModuleNoBlock is PyImport_ImportModule since Python 3.3 (Python/import.c).",
    },
  ),
  {
    id: "sys-get-object",
    template: "hpyx_sys_get_object($ctx, $0)",
    summary: "An attribute of sys, or NULL without an exception; a new handle, where the C API borrows.",
    why: "HPy has no such call; the support function imports sys and gets the attribute.",
    example: "PySys_GetObject(text)",
  },
  {
    id: "sys-set-object",
    template: "hpyx_sys_set_object($ctx, $0, $1)",
    summary: "An attribute of sys set, or deleted for NULL.",
    why: "HPy has no such call; the support function imports sys and sets the attribute.",
    example: "PySys_SetObject(text, value)",
  },
]);
