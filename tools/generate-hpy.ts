/**
 * Writes `model/api/hpy-0.9.generated.ts` from the headers of an installed HPy release.
 *
 *     tsx tools/generate-hpy.ts [INCLUDE_DIR] [--check]
 *
 * INCLUDE_DIR is the directory that holds `hpy.h`; by default the environment variable HPY_INCLUDE, else the one of
 * the project's own Python environment. With `--check` nothing is written and the exit status is 1 when the file differs.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Project, VariableDeclarationKind } from "ts-morph";
import type {
  HpyConstant,
  HpyContextHandle,
  HpyDeclaration,
  HpyHeaders,
  HpyImplementation,
  HpyMacro,
  HpySignature,
  HpySlot,
} from "../model/api/hpy.ts";
import { pythonEnvironment } from "../verify/python-environment.ts";
import {
  asFunction,
  type CDeclaration,
  type CFunction,
  type CSource,
  declarations,
  isWord,
  parameterList,
  scan,
  spell,
  splitTop,
} from "./c-declarations.ts";

/** The file that this tool writes. */
export const HPY_TARGET = join(dirname(fileURLToPath(import.meta.url)), "..", "model", "api", "hpy-0.9.generated.ts");

/** Words that HPy's headers put before a declaration. */
const DECLARATION_WORDS: ReadonlySet<string> = new Set([
  "HPyAPI_FUNC",
  "HPyAPI_HELPER",
  "HPyAPI_IMPL",
  "HPyAPI_INLINE_HELPER",
  "_HPY_LEGACY",
  "_HPy_NO_RETURN",
  "_HPy_UNUSED",
  "_HPy_UNUSED_ARG",
]);

/** Reads every fact that the headers below `include` hold. */
export function readHpyHeaders(include: string): HpyHeaders {
  const read = (path: string): CSource => scan(readFileSync(join(include, path), "latin1"));
  const misc = read("hpy/cpython/misc.h");
  const apiImpl = read("hpy/cpython/autogen_api_impl.h");
  const slots = read("hpy/autogen_hpyslot.h");
  const headers = headerPaths(include).map(read);
  return {
    version: versionOf(read("hpy/version.h")),
    declarations: sorted(publicDeclarations(read, [misc, apiImpl])),
    contextHandles: contextHandles(read("hpy/universal/autogen_ctx.h"), misc),
    slots: slotsOf(slots),
    signatures: signaturesOf(read("hpy/autogen_hpyfunc_declare.h")),
    constants: headers.flatMap(constantsOf),
    macros: sorted(headers.flatMap(macrosOf)),
    types: [...new Set(headers.flatMap(typesOf))].sort(),
  };
}

/** Headers that a user of HPy sees, in a fixed order; the trampolines and implementations are left out. */
function headerPaths(include: string): string[] {
  const top = readdirSync(join(include, "hpy")).filter((name) => name.endsWith(".h") && !name.startsWith("autogen_"));
  const runtime = readdirSync(join(include, "hpy", "runtime")).filter((name) => !name.startsWith("ctx_"));
  return ["hpy.h", ...top.map((name) => `hpy/${name}`), ...runtime.map((name) => `hpy/runtime/${name}`)].sort();
}

function versionOf(source: CSource): string {
  const text = source.defines.find((define) => define.name === "HPY_VERSION")?.value[0];
  if (text === undefined) throw new Error("hpy/version.h has no HPY_VERSION");
  return text.slice(1, -1);
}

function sorted<T extends { readonly name: string }>(items: readonly T[]): T[] {
  const byName = new Map(items.map((item) => [item.name, item]));
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function functionsOf(source: CSource): CFunction[] {
  return declarations(source.tokens).flatMap((declaration) => asFunction(declaration, DECLARATION_WORDS) ?? []);
}

const isPublicName = (name: string): boolean => name.startsWith("HPy");

function publicDeclarations(read: (path: string) => CSource, implementations: readonly CSource[]): HpyDeclaration[] {
  const callees = new Map(implementations.flatMap(functionsOf).map((fn) => [fn.name, calleeOf(fn)] as const));
  const from = (paths: readonly string[], implementation: HpyImplementation): HpyDeclaration[] =>
    paths
      .flatMap((path) => functionsOf(read(path)))
      .filter((fn) => isPublicName(fn.name))
      .filter((fn) => implementation !== "context" || callees.has(fn.name))
      .map(({ name, result, parameters }) => ({
        name,
        result,
        parameters,
        implementation,
        capi: implementation === "context" ? callees.get(name) : undefined,
      }));
  return [
    ...from(["hpy/universal/autogen_trampolines.h", "hpy/universal/misc_trampolines.h", "hpy/cpy_types.h"], "context"),
    ...from(["hpy/inline_helpers.h", "hpy.h"], "inline-helper"),
    ...from(
      ["argparse", "buildvalue", "format", "helpers", "structseq"].map((name) => `hpy/runtime/${name}.h`),
      "runtime",
    ),
  ];
}

/** Reference counting inside an implementation is not the call that it maps to. */
const REFERENCE_MACROS: ReadonlySet<string> = new Set(["Py_INCREF", "Py_XINCREF", "Py_DECREF", "Py_XDECREF"]);

/** The C-API function that an implementation calls with its own parameters, all of them and in order. */
function calleeOf(fn: CFunction): string | undefined {
  const body = fn.body ?? [];
  const calls = body.flatMap((text, at) =>
    body[at + 1] === "(" && (isCapiName(text) || isHelperName(text)) ? [at] : [],
  );
  const [only] = calls;
  const name = only === undefined ? undefined : body[only];
  if (only === undefined || name === undefined || calls.length !== 1 || !isCapiName(name)) return undefined;
  const values = splitTop(body.slice(only + 2, closingIndex(body, only + 1)));
  const expected = fn.parameters.slice(1).map((parameter) => parameter.name);
  const linedUp =
    values.length === expected.length && values.every((value, at) => namesOf(value, expected) === expected[at]);
  return linedUp ? name : undefined;
}

const isCapiName = (text: string): boolean =>
  (text.startsWith("Py") || text.startsWith("_Py")) && !REFERENCE_MACROS.has(text);
const isHelperName = (text: string): boolean => text.startsWith("ctx_");

/** The one parameter that an argument passes on, through casts and conversions; undefined when it passes more. */
function namesOf(value: readonly string[], names: readonly string[]): string | undefined {
  const used = value.filter((text) => names.includes(text));
  const computed = value.some((text) => ["+", "-", "&", "?", "!", ",", "."].includes(text));
  return used.length === 1 && !computed ? used[0] : undefined;
}

function closingIndex(tokens: readonly string[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (tokens[at] === "(") depth += 1;
    if (tokens[at] === ")" && --depth === 0) return at;
  }
  return tokens.length;
}

/** Members `HPy h_X` of the context, with what the CPython ABI fills them with. */
function contextHandles(context: CSource, misc: CSource): HpyContextHandle[] {
  const filled = new Map<string, string>();
  const tokens = misc.tokens.map((token) => token.text);
  for (const [at, text] of tokens.entries()) {
    if (text !== "ctx" || tokens[at + 1] !== "->" || tokens[at + 3] !== "=" || tokens[at + 4] !== "_py2h") continue;
    const value = tokens.slice(at + 6, closingIndex(tokens, at + 5));
    const cast = value[0] === "(" && value[1] === "PyObject" ? value.slice(closingIndex(value, 0) + 1) : value;
    filled.set(tokens[at + 2] ?? "", cast.join(""));
  }
  const names = context.tokens.map((token) => token.text);
  return names.flatMap((text, at) => {
    const name = names[at + 1] ?? "";
    if (text !== "HPy" || !name.startsWith("h_") || names[at + 2] !== ";") return [];
    const capi = filled.get(name);
    if (capi === undefined) throw new Error(`the CPython ABI does not fill ${name}`);
    return [{ name, capi }];
  });
}

function slotsOf(source: CSource): HpySlot[] {
  const signatures = new Map(source.defines.map((define) => [define.name, define.value[0] ?? ""]));
  return enumerators(declarations(source.tokens)).map(({ name, value }) => {
    const signature = signatures.get(`_HPySlot_SIG__${name}`);
    if (signature === undefined) throw new Error(`no signature for the slot ${name}`);
    return { name, number: Number(value), signature };
  });
}

interface Enumerator {
  readonly group: string;
  readonly name: string;
  readonly value: string;
}

function enumerators(items: readonly CDeclaration[]): Enumerator[] {
  return items.flatMap(({ tokens }) => {
    if (tokens[0] !== "typedef" || tokens[1] !== "enum") return [];
    const group = tokens.at(-1) ?? "";
    let next = 0;
    return splitTop(tokens.slice(tokens.indexOf("{") + 1, tokens.lastIndexOf("}"))).map(([name = "", , ...value]) => {
      const text = value.length > 0 ? value.join("") : String(next);
      next = Number(text) + 1;
      return { group, name, value: text };
    });
  });
}

/** `#define _HPyFunc_DECLARE_HPyFunc_X(SYM) static R SYM(P...)`. */
function signaturesOf(source: CSource): HpySignature[] {
  const prefix = "_HPyFunc_DECLARE_";
  return source.defines.flatMap((define) => {
    if (!define.name.startsWith(prefix)) return [];
    const symbol = define.value.indexOf("SYM");
    const result = spell(define.value.slice(1, symbol));
    const parameters = parameterList(define.value.slice(symbol + 2, -1));
    return [{ name: define.name.slice(prefix.length), result, parameters }];
  });
}

function constantsOf(source: CSource): HpyConstant[] {
  const flags = source.defines.filter(
    (define) =>
      define.parameters === undefined && (define.name.startsWith("HPy_TPFLAGS_") || define.name.startsWith("HPY_")),
  );
  const macros = flags.filter((define) => define.value.some((text) => text.charAt(0) >= "0" && text.charAt(0) <= "9"));
  const seen = new Map<string, HpyConstant>();
  for (const { group, name, value } of enumerators(declarations(source.tokens))) {
    if (isPublicName(name)) seen.set(name, { name, group, value });
  }
  for (const define of macros) seen.set(define.name, { name: define.name, group: "", value: define.value.join(" ") });
  return [...seen.values()];
}

function macrosOf(source: CSource): HpyMacro[] {
  return source.defines
    .filter((define) => define.name === "SHAPE" || (isPublicName(define.name) && define.value.length > 0))
    .filter((define) => !define.name.endsWith("_AsStruct") && !define.name.startsWith("HPy_TPFLAGS_"))
    .filter((define) => !define.name.startsWith("HPyAPI_"))
    .map(({ name, parameters }) => ({ name, parameters }));
}

function typesOf(source: CSource): string[] {
  return declarations(source.tokens).flatMap(({ tokens }) => {
    if (tokens[0] !== "typedef") return [];
    const open = tokens.findIndex((text, at) => text === "(" && tokens[at + 1] === "*");
    const name = open !== -1 && !tokens.includes("{") ? tokens[open + 2] : tokens.at(-1);
    return isWord(name) && isPublicName(name) ? [name] : [];
  });
}

/** The text of the generated file for the headers below `include`. */
export function generateHpy(include: string): string {
  const headers = readHpyHeaders(include);
  const rows = (items: readonly unknown[]): string => `[\n${items.map((item) => `${literal(item)},\n`).join("")}]`;
  const file = new Project({ useInMemoryFileSystem: true }).createSourceFile("hpy.generated.ts");
  file.addImportDeclaration({ isTypeOnly: true, namedImports: ["HpyHeaders"], moduleSpecifier: "./hpy.ts" });
  file.addVariableStatement({
    isExported: true,
    declarationKind: VariableDeclarationKind.Const,
    docs: [`What the headers of HPy ${headers.version} declare.`],
    declarations: [
      {
        name: "HPY_0_9",
        type: "HpyHeaders",
        initializer: `{\n${Object.entries(headers)
          .map(([key, value]) => `${key}: ${Array.isArray(value) ? rows(value) : literal(value)},\n`)
          .join("")}}`,
      },
    ],
  });
  file.insertStatements(
    0,
    "/* Generated by tools/generate-hpy.ts from the headers of HPy. Do not edit. */\n" +
      "// biome-ignore-all format: one row per name keeps the table searchable.",
  );
  return file.getFullText();
}

/** A JavaScript literal on one line, with bare keys. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (value === null || typeof value !== "object") return value === undefined ? "undefined" : JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([key, inner]) => `${key}: ${literal(inner)}`)
    .join(", ")} }`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const stated = process.argv.slice(2).find((argument) => !argument.startsWith("--")) ?? process.env.HPY_INCLUDE;
  const generated = generateHpy(stated ?? pythonEnvironment().hpyInclude);
  if (process.argv.includes("--check")) process.exitCode = readFileSync(HPY_TARGET, "utf8") === generated ? 0 : 1;
  else writeFileSync(HPY_TARGET, generated);
}
