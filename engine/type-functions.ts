/** Which functions are parts of which types: what the tables of a type object, or of its specification, list. */
import { definedFunctions } from "../lint/project.ts";
import { type CFunction, type GlobalVariable, type Project, resolveFunction } from "../model/project.ts";
import { NONE } from "../syntax/tree.ts";

/** Types of the tables that a type leads to; what it points to of any other type is not a part of it. */
const TABLES: ReadonlySet<string> = new Set([
  "HPyDef",
  "PyAsyncMethods",
  "PyBufferProcs",
  "PyGetSetDef",
  "PyMappingMethods",
  "PyMethodDef",
  "PyNumberMethods",
  "PySequenceMethods",
  "PyType_Slot",
]);

/**
 * The functions that the variables of types lead to, over tables and `HPyDef`s. Of several types that list a function it
 * belongs to the first.
 *
 * @param types variables of type objects and of specifications, with the names of their types.
 */
export function functionsOfTypes(
  project: Project,
  types: readonly { readonly name: string; readonly variable: GlobalVariable }[],
): ReadonlyMap<CFunction, string> {
  const owners = new Map<CFunction, string>();
  const definitions = new Map(project.files.map((file) => [file, definedFunctions(file)]));
  for (const { name, variable } of types) {
    const seen = new Set<GlobalVariable>();
    const add = (from: GlobalVariable, word: string): void => {
      for (const named of [word, ...(definitions.get(from.file)?.get(word) ?? [])]) {
        const fn = resolveFunction(project, from.file, named);
        if (fn !== null && !owners.has(fn)) owners.set(fn, name);
      }
    };
    const follow = (at: GlobalVariable): void => {
      if (seen.has(at) || at.declarator.value === NONE) return;
      seen.add(at);
      const { tree } = at.file;
      for (const node of tree.descendants(at.declarator.value, "identifier")) {
        const word = tree.source(node);
        add(at, word);
        const variables = project.globals.get(word) ?? [];
        const next =
          variables.find((g) => g.file === at.file && g.declarator.value !== NONE) ??
          variables.find((g) => !g.isStatic && g.declarator.value !== NONE);
        if (next !== undefined && TABLES.has(next.declarator.type.base.replace(/^struct /, ""))) follow(next);
      }
    };
    follow(variable);
  }
  return owners;
}
