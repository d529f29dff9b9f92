/** Wrappers that make a call of the C API from HPy code: handles in, references across the border balanced. */

import type { CapiFunction } from "../model/api/capi.ts";

export interface Bridge {
  /** Name of the wrapper: `hpyx_` and the name of the C-API function. */
  readonly name: string;
  /** C-API function that is called. */
  readonly capi: string;
  /** Indexes of the parameters that are handles in the wrapper. */
  readonly objects: ReadonlySet<number>;
  /** Definition of the wrapper, ending in a newline. */
  readonly code: string;
}

/** Writes the wrapper of a function; says why when there can be none. */
export function bridgeFor(facts: CapiFunction): Bridge | { readonly unsupported: string } {
  const objects = new Set<number>();
  const parameters: string[] = ["HPyContext *ctx"];
  const call: string[] = [];
  const before: string[] = [];
  const after: string[] = [];
  const onFailure: string[] = [];
  for (const [index, { type, ownership }] of facts.parameters.entries()) {
    if (type === "..." || type.includes("va_list")) return { unsupported: "it takes a variable number of arguments" };
    if (type.includes("(*")) return { unsupported: "it takes a function" };
    if (isObject(type)) {
      if (ownership === "retains" || ownership === "releases") return { unsupported: "it changes reference counts" };
      objects.add(index);
      parameters.push(`HPy arg${index}`);
      const cast = type.includes("PyTypeObject") ? "(PyTypeObject *)" : "";
      before.push(`PyObject *object${index} = HPy_AsPyObject(ctx, arg${index});`);
      call.push(`${cast}object${index}`);
      if (ownership === "steals-on-success") onFailure.push(`Py_XDECREF(object${index});`);
      else if (ownership !== "steals") after.push(`Py_XDECREF(object${index});`);
    } else if (type.includes("PyTypeObject")) return { unsupported: "it takes a pointer to types" };
    else {
      parameters.push(type.endsWith("*") ? `${type}arg${index}` : `${type} arg${index}`);
      call.push(`arg${index}`);
    }
  }
  const name = `hpyx_${facts.name.replace("->", "_")}`;
  const lines: string[] = [];
  let result = facts.result;
  const expression = `${facts.name}(${call.join(", ")})`;
  lines.push(...before);
  if (isObject(facts.result)) {
    result = "HPy";
    if (facts.ownership.kind === "same") return { unsupported: "it returns one of its arguments" };
    const cast = facts.result.includes("PyTypeObject") ? "(PyObject *)" : "";
    lines.push(`PyObject *result = ${cast}${expression};`, "HPy handle = HPy_FromPyObject(ctx, result);");
    if (facts.ownership.kind === "new") lines.push("Py_XDECREF(result);");
    lines.push(...after, "return handle;");
  } else if (facts.result.includes("PyObject")) return { unsupported: "its result is a pointer to references" };
  else if (facts.result === "void") lines.push(`${expression};`, ...after);
  else {
    lines.push(`${facts.result.endsWith("*") ? facts.result : `${facts.result} `}result = ${expression};`);
    if (onFailure.length > 0) lines.push("if (result < 0) {", ...onFailure.map((l) => `    ${l}`), "}");
    lines.push(...after, "return result;");
  }
  const head = `static ${result}${result.endsWith("*") ? "" : " "}${name}(${parameters.join(", ")})`;
  const code = [
    `/* HPy has no counterpart of ${facts.name}: the call goes through the C API. */`,
    head,
    "{",
    ...lines.map((l) => `    ${l}`),
    "}",
    "",
  ].join("\n");
  return { name, capi: facts.name, objects, code };
}

function isObject(type: string): boolean {
  const bare = type.replace("const ", "").replaceAll(" ", "");
  return bare === "PyObject*" || bare === "PyTypeObject*";
}
