/** Names of the C API by their form alone. */

/** Whether a name belongs to the C API by its form: `Py...`, `_Py...`. */
export function looksLikeCapi(name: string): boolean {
  const start = name.startsWith("_Py") ? 3 : name.startsWith("Py") ? 2 : 0;
  if (start === 0) return false;
  const next = name.charAt(start);
  return next === "_" || (next >= "A" && next <= "Z");
}

/** C-API names that plain C may use without touching objects or the interpreter. */
export const HARMLESS_CAPI: ReadonlySet<string> = new Set([
  "Py_ssize_t",
  "Py_hash_t",
  "Py_uhash_t",
  "Py_UCS1",
  "Py_UCS2",
  "Py_UCS4",
  "Py_UNUSED",
  "Py_MIN",
  "Py_MAX",
  "Py_ABS",
  "Py_ARRAY_LENGTH",
  "Py_CHARMASK",
  "Py_LOCAL",
  "Py_LOCAL_INLINE",
  "PY_SSIZE_T_MAX",
  "PY_SSIZE_T_MIN",
  "PY_LONG_LONG",
]);
