import { defineRules, direct } from "./define-rules.ts";

/** `PyCapsule_*` without destructors, which need a definition of their own in HPy. */
export const capsuleRules = defineRules("capsule", [
  direct(
    "capsule-get-context",
    "PyCapsule_GetContext(object)",
    "HPyCapsule_GetContext",
    "The context pointer of a capsule.",
  ),
  direct("capsule-get-name", "PyCapsule_GetName(object)", "HPyCapsule_GetName", "The name of a capsule."),
  direct(
    "capsule-get-pointer",
    "PyCapsule_GetPointer(object, text)",
    "HPyCapsule_GetPointer",
    "The pointer of a capsule of a name.",
  ),
  {
    id: "capsule-import",
    template: "hpyx_capsule_import($ctx, $0)",
    when: { argument: 1, literal: "0" },
    summary: "The pointer of a capsule that is an attribute of a module.",
    why: "HPy has no such call; the support function imports, gets the attributes and checks the name like the C API.",
    example: 'PyCapsule_Import("datetime.datetime_CAPI", 0)',
  },
  direct(
    "capsule-is-valid",
    "PyCapsule_IsValid(object, text)",
    "HPyCapsule_IsValid",
    "Whether an object is a capsule of a name.",
  ),
  {
    id: "capsule-new",
    template: "HPyCapsule_New($ctx, $0, $1, NULL)",
    when: { argument: 2, literal: "NULL" },
    summary: "A capsule without destructor.",
    why: "The same call. A destructor must be an HPyCapsule_DESTRUCTOR, whose signature differs.",
    example: "PyCapsule_New(pointer, text, NULL)",
  },
  direct(
    "capsule-set-context",
    "PyCapsule_SetContext(object, pointer)",
    "HPyCapsule_SetContext",
    "The context pointer of a capsule set.",
  ),
  {
    id: "capsule-set-destructor",
    template: "HPyCapsule_SetDestructor($ctx, $0, NULL)",
    when: { argument: 1, literal: "NULL" },
    summary: "The destructor of a capsule removed.",
    why: "The same call. A destructor must be an HPyCapsule_DESTRUCTOR, whose signature differs.",
    example: "PyCapsule_SetDestructor(object, NULL)",
  },
  direct("capsule-set-name", "PyCapsule_SetName(object, text)", "HPyCapsule_SetName", "The name of a capsule set."),
  direct(
    "capsule-set-pointer",
    "PyCapsule_SetPointer(object, pointer)",
    "HPyCapsule_SetPointer",
    "The pointer of a capsule set.",
  ),
]);
