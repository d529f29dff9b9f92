/** The C signature that HPy's macros declare for a function, and what a definition lacks of it. */

import { Refused } from "../analysis/typing.ts";
import { HPY_SIGNATURES, type HpySignature } from "../model/api/hpy.ts";
import { type CType, isObjectPointer } from "../model/declarations.ts";
import type { CFunction } from "../model/project.ts";
import type { EditSet } from "../syntax/edits.ts";

const RULE = "function-signature";

/** C types that are passed like the type of HPy's signature. */
const SAME_TYPES: Readonly<Record<string, readonly string[]>> = {
  int: ["int"],
  HPy_ssize_t: ["Py_ssize_t", "HPy_ssize_t", "ssize_t"],
  HPy_hash_t: ["Py_hash_t", "HPy_hash_t", "Py_ssize_t", "long"],
  HPy_RichCmpOp: ["int", "HPy_RichCmpOp"],
  void: ["void"],
};

const NO_OBJECTS: ReadonlySet<string> = new Set(["void", "char", "int", "long", "double", "float", "Py_buffer"]);

/** The signature by its name. Throws when HPy has none: the name comes from HPy's own tables. */
function signatureNamed(name: string): HpySignature {
  const signature = HPY_SIGNATURES.get(name);
  if (signature === undefined) throw new Error(`HPy has no signature ${name}`);
  return signature;
}

/** Whether functions of both signatures are declared alike. */
export function isSameSignature(a: string, b: string): boolean {
  const text = (name: string): string => {
    const { result, parameters } = signatureNamed(name);
    return [result, ...parameters.map((p) => p.type)].join(",");
  };
  return a === b || text(a) === text(b);
}

function fits(type: CType, wanted: string): boolean {
  if (type.isFunction || type.arrays > 0) return false;
  if (wanted === "HPy") return isObjectPointer(type) || (type.pointers === 1 && !NO_OBJECTS.has(type.base));
  if (wanted.endsWith("*")) return type.pointers === 1 && `${type.base} *` === wanted;
  return type.pointers === 0 && (SAME_TYPES[wanted] ?? []).includes(type.base);
}

/** The context comes first in HPy's signature; a closure that a getter or setter does not take is missing at the end. */
function missingParameters(fn: CFunction, signature: HpySignature): number {
  return signature.parameters.length - 1 - fn.parameters.length;
}

/** Throws {@link Refused} when a function cannot be declared as HPy's macro declares it. */
export function checkSignature(fn: CFunction, name: string): void {
  const signature = signatureNamed(name);
  const wanted = signature.parameters.slice(1).map((p) => p.type);
  const missing = missingParameters(fn, signature);
  const lacksClosureOnly = missing === 1 && wanted.at(-1) === "void *";
  const isFitting =
    (missing === 0 || lacksClosureOnly) &&
    fits(fn.result, signature.result) &&
    fn.parameters.every((p, i) => fits(p.type, wanted[i] ?? ""));
  if (isFitting) return;
  const { tree } = fn.file;
  throw new Refused(
    "slot-signature",
    { start: tree.start(fn.declarator.node), end: tree.end(fn.declarator.node) },
    `\`${fn.name}\` is not declared like a function of the kind ${name}: it is called through a cast.`,
  );
}

/** Adds the closure that a getter or setter leaves out, and gives the operator of a comparison HPy's type. */
export function completeSignature(fn: CFunction, name: string, edits: EditSet): void {
  const { tree } = fn.file;
  const signature = signatureNamed(name);
  const list = fn.declarator.parameters;
  if (missingParameters(fn, signature) === 1)
    edits.insert(tree.end(list) - 1, `, void *${freeName(fn, "closure")}`, RULE, 9);
  signature.parameters.slice(1).forEach((parameter, i) => {
    const declared = fn.parameters[i];
    if (parameter.type !== "HPy_RichCmpOp" || declared?.type.base !== "int") return;
    const owner = tree.named(list).find((n) => declared.node >= n && declared.node < tree.next(n));
    const type = owner === undefined ? -1 : tree.field(owner, "type");
    if (type >= 0) edits.replace({ start: tree.start(type), end: tree.end(type) }, "HPy_RichCmpOp", RULE);
  });
}

function freeName(fn: CFunction, wish: string): string {
  const { tree } = fn.file;
  const taken = new Set<string>();
  for (const n of tree.descendants(fn.node, "identifier")) taken.add(tree.source(n));
  let name = wish;
  for (let i = 2; taken.has(name); i++) name = `${wish}${i}`;
  return name;
}
