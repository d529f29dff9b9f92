/** The C API as maps from names to facts: signatures from the headers, ownership from the hand-decided rows. */

import { CAPI_FACTS, type CapiFact } from "./capi/families.ts";
import { CAPI_MACRO_SIGNATURES } from "./capi/macro-signatures.ts";
import { CAPI_TYPED_CONSTANTS } from "./capi/typed-constants.ts";
import { CAPI_DECLARED_CONSTANTS, CAPI_MACRO_HEADERS, CAPI_SIGNATURES } from "./capi.generated.ts";
import type { ArgumentOwnership, CapiConstant, CapiFunction, ResultOwnership } from "./capi.ts";
import type { ResultWord } from "./capi-facts.ts";

/** The release whose headers count as the C API of today; names of others carry their release in `source`. */
const REFERENCE_RELEASE = "3.11";

/** Struct types of the C API that begin with `ob_refcnt`. */
const OBJECT_STRUCTS: ReadonlySet<string> = new Set(["PyObject", "PyVarObject", "PyWeakReference", "PyHeapTypeObject"]);

/** Structs whose name ends in `Object` although they are no objects. */
const NOT_OBJECTS: ReadonlySet<string> = new Set(["PyTryBlockObject"]);

/** Source of names that the headers declare for Windows alone. */
const WINDOWS_HEADERS = "Include (Windows)";

interface Signature {
  readonly result: string;
  readonly parameters: readonly string[];
  readonly macro: boolean;
  /** Header and release, as a source. */
  readonly header: string;
}

/**
 * Every function and function-like macro of the C API that an extension can call, by name.
 *
 * It holds CPython 3.11 and names of 2.7 and 3.6 to 3.13, so that older and newer code can be named in refusals.
 * A function of type `PyObject *` whose ownership is `plain` always returns NULL with an exception set.
 */
export const CAPI_FUNCTIONS: ReadonlyMap<string, CapiFunction> = buildFunctions();

/** Every name of the C API that is not called, by name. */
export const CAPI_CONSTANTS: ReadonlyMap<string, CapiConstant> = buildConstants();

function buildFunctions(): Map<string, CapiFunction> {
  const signatures = new Map<string, Signature>();
  for (const [name, result, parameters, header, python] of CAPI_SIGNATURES) {
    signatures.set(name, { result, parameters, macro: false, header: headerSource(header, python) });
  }
  const macroHeaders = new Map(
    CAPI_MACRO_HEADERS.map(([name, header, python]) => [name, headerSource(header, python)]),
  );
  for (const { name, result, parameters } of CAPI_MACRO_SIGNATURES) {
    signatures.set(name, {
      result,
      parameters,
      macro: macroHeaders.has(name),
      header: macroHeaders.get(name) ?? WINDOWS_HEADERS,
    });
  }
  const functions = new Map<string, CapiFunction>();
  for (const fact of CAPI_FACTS) {
    const signature = signatures.get(fact.name);
    if (signature === undefined) throw new Error(`${fact.name} has facts but no signature`);
    functions.set(fact.name, functionOf(fact, signature));
  }
  return functions;
}

function functionOf(fact: CapiFact, signature: Signature): CapiFunction {
  const [name, result, error, runs, ...notes] = fact.row;
  const stated = new Map<number, ArgumentOwnership>();
  const nullable: number[] = [];
  for (const note of notes) {
    const space = note.lastIndexOf(" ");
    const word = note.slice(0, space) as ArgumentOwnership | "nullable";
    const index = Number(note.slice(space + 1));
    if (word === "nullable") nullable.push(index);
    else stated.set(index, word);
  }
  return {
    name,
    result: signature.result,
    parameters: signature.parameters.map((type, index) => ({
      type,
      ownership: stated.get(index) ?? defaultOwnership(type),
    })),
    ownership: ownershipOf(result),
    error,
    nullable,
    macro: signature.macro,
    runsPython: runs === "python",
    source: fact.source || signature.header,
  };
}

function ownershipOf(word: ResultWord): ResultOwnership {
  const [kind, number] = word.split(" ");
  const index = Number(number);
  switch (kind) {
    case "new":
      return { kind: "new" };
    case "borrowed":
      return { kind: "borrowed", from: index };
    case "same":
      return { kind: "same", as: index };
    case "interior":
      return { kind: "interior", of: index };
    default:
      return { kind: "plain" };
  }
}

/** True for a pointer to an object struct of the C API: `PyObject *`, `const PyLongObject *`, `PyTypeObject *`. */
export function isObjectPointer(type: string): boolean {
  const words = type.split(" ").filter((word) => word !== "const" && word !== "struct");
  const [base, star] = words;
  if (base === undefined || star !== "*" || words.length !== 2 || NOT_OBJECTS.has(base)) return false;
  return OBJECT_STRUCTS.has(base) || (base.startsWith("Py") && base.endsWith("Object"));
}

function defaultOwnership(type: string): ArgumentOwnership {
  return isObjectPointer(type) || type === "PyObject *const *" || type === "..." ? "borrows" : "plain";
}

function buildConstants(): Map<string, CapiConstant> {
  const constants = new Map<string, CapiConstant>();
  for (const [name, kind, type, header, python] of CAPI_DECLARED_CONSTANTS) {
    constants.set(name, { name, kind, type, source: headerSource(header, python) });
  }
  for (const constant of CAPI_TYPED_CONSTANTS) constants.set(constant.name, constant);
  return constants;
}

function headerSource(header: string, python: string): string {
  return python === REFERENCE_RELEASE ? `Include/${header}` : `Include/${header} of Python ${python}`;
}
