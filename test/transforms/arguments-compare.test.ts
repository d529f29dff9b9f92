import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { type Abi, buildExtension } from "../../verify/build.ts";
import { type PythonEnvironment, pythonEnvironment } from "../../verify/python-environment.ts";
import { ALL_UNITS, capiSource, caseOf, hpySource, type ParsingCase } from "./argument-cases.ts";

const DRIVER = fileURLToPath(new URL("arguments-compare.py", import.meta.url));

/** Formats with several units: order of conversion, optional arguments, buffers before others, and so on. */
const COMBINATIONS: readonly (readonly string[])[] = [
  [],
  ["|", "i"],
  ["i", "i"],
  ["O", "|", "O"],
  ["s", "i"],
  ["i", "s", "d", "O"],
  ["O!", "i", "O!long"],
  ["s", "|", "i", "s", "p"],
  ["n", "|", "n", "O"],
  ["s#", "y*", "i"],
  ["y*", "y*", "s*"],
  ["s*", "|", "w*", "z*"],
  ["es", "i", "y*"],
  ["O&kept", "y*", "O&kept", "i"],
  ["O&bytes", "|", "O&str", "i"],
  ["(ii)", "|", "(dl)", "s"],
  ["(Os)", "|", "(iO)", "i"],
  ["O", "|", "(ns)"],
  ["y*", "(OO)", "i"],
  ["(OO)", "y*"],
  ["(i(ii)O)"],
  ["(kz)", "(Kp)", "|", "(Us)"],
  ["U", "S", "|", "O", "O!"],
  ["z", "z#", "|", "z"],
  ["k", "K", "H", "B", "|", "f"],
];

const KEYWORDS: readonly { readonly parts: readonly string[]; readonly names: readonly string[] }[] = [
  { parts: [], names: [] },
  { parts: ["O", "O", "|", "O"], names: ["a", "b", "c"] },
  { parts: ["|", "O", "i", "s"], names: ["a", "b", "c"] },
  { parts: ["O", "|", "$", "O", "i"], names: ["a", "b", "c"] },
  { parts: ["O", "$", "i", "s"], names: ["a", "b", "c"] },
  { parts: ["O", "|", "i", "$", "s"], names: ["a", "b", "c"] },
  { parts: ["|", "$", "p", "n"], names: ["a", "b"] },
  { parts: ["O", "|", "i", "s"], names: ["", "b", "c"] },
  { parts: ["O", "i", "|", "s", "$", "y*"], names: ["", "", "c", "d"] },
  { parts: ["s", "i", "d", "|", "p", "z#", "O!"], names: ["a", "b", "c", "d", "e", "f"] },
  { parts: ["O", "|", "O"], names: ["", ""] },
];

/** Formats for tuples that are not the arguments: not those that keep items of a nested sequence. */
const TUPLES: readonly (readonly string[])[] = [
  ...ALL_UNITS.map((unit) => [unit]),
  ...COMBINATIONS.filter((parts) => !parts.some((part) => part.startsWith("(") && /[OSUYszy]/.test(part))),
];

function casesOf(): readonly ParsingCase[] {
  return [
    ...ALL_UNITS.map((unit) => caseOf([unit])),
    ...ALL_UNITS.map((unit) => caseOf(["|", unit])),
    ...ALL_UNITS.map((unit) => caseOf([unit], ["a"])),
    ...ALL_UNITS.map((unit) => caseOf(["|", unit], ["a"])),
    ...COMBINATIONS.map((parts) => caseOf(parts)),
    ...KEYWORDS.map(({ parts, names }) => caseOf(parts, names)),
    ...ALL_UNITS.map((unit) => ({ ...caseOf([unit], ["a"]), keywordsIn: "dict" as const })),
    ...KEYWORDS.map(({ parts, names }) => ({ ...caseOf(parts, names), keywordsIn: "dict" as const })),
    ...TUPLES.map((parts) => ({ ...caseOf(parts), source: "tuple" as const })),
    { ...caseOf(["O", "O", "O"]), unpack: { minimum: 1, maximum: 3 }, source: "tuple" },
    { ...caseOf(["O", "O", "O"]), unpack: { minimum: 1, maximum: 3 } },
    { ...caseOf(["O"]), unpack: { minimum: 1, maximum: 1 } },
  ];
}

const FITTING: Readonly<Record<string, string>> = {
  s: "text",
  z: "optional",
  "s#": "text",
  "z#": "optional",
  "s*": "text",
  "z*": "optional",
  es: "text",
  et: "text",
  "es#": "text",
  y: "bytes",
  "y#": "bytes",
  "y*": "bytes",
  "w*": "writable",
  S: "bytes",
  Y: "bytearray",
  U: "text",
  C: "letter",
  c: "byte",
  O: "any",
  "O!": "text",
  "O!long": "numbers",
  "O&bytes": "path",
  "O&str": "path",
  "(ii)": "pair",
  "(dl)": "pair",
  d: "floats",
  f: "floats",
  D: "floats",
};

const PARTS: readonly (readonly string[])[] = [
  ...ALL_UNITS.flatMap((unit) => [[unit]]),
  ...ALL_UNITS.flatMap((unit) => [[unit]]),
  ...ALL_UNITS.flatMap((unit) => [[unit]]),
  ...ALL_UNITS.flatMap((unit) => [[unit]]),
  ...COMBINATIONS,
  ...KEYWORDS.map(({ parts }) => parts),
  ...ALL_UNITS.flatMap((unit) => [[unit]]),
  ...KEYWORDS.map(({ parts }) => parts),
  ...TUPLES,
  ["O", "O", "O"],
  ["O", "O", "O"],
  ["O"],
];

const CASES = casesOf();
const DESCRIPTIONS = CASES.map((parsing, index) => {
  const parts = PARTS[index] ?? [];
  const units = parts.filter((part) => part !== "|" && part !== "$");
  const before = (mark: string): number => {
    const at = parts.indexOf(mark);
    return at < 0 ? units.length : parts.slice(0, at).filter((part) => part !== "|").length;
  };
  return {
    format: parsing.format,
    keywords: parsing.keywords ?? null,
    count: units.length,
    // Conversions that need undoing run last, so of two wrong arguments another one may be reported.
    reordered:
      units.length > 1 &&
      units.some((unit) => unit.endsWith("*") || unit.startsWith("(") || unit.startsWith("O&") || unit.startsWith("e")),
    required: parsing.unpack?.minimum ?? before("|"),
    positional: before("$"),
    fitting: units.map((unit) => FITTING[unit] ?? (unit.startsWith("(") ? "pairs" : "numbers")),
  };
});

let environment: PythonEnvironment;
const directories: string[] = [];

async function build(name: string, abi: Abi, text: string): Promise<void> {
  const built = await buildExtension(
    { name, files: [{ path: `${name}.c`, text }], units: [`${name}.c`] },
    abi,
    environment,
  );
  if (!built.ok) throw new Error(`${abi}: ${built.output}`);
  directories.push(built.directory);
}

beforeAll(async () => {
  environment = pythonEnvironment();
  await build("args_capi", "capi", capiSource("args_capi", CASES));
  await build("args_cpython", "cpython", hpySource("args_cpython", CASES));
  await build("args_hybrid", "hybrid", hpySource("args_hybrid", CASES));
});

function compare(debug: string | undefined): {
  readonly differences: unknown[];
  readonly compared: number;
  readonly output: string;
} {
  const scratch = mkdtempSync(join(tmpdir(), "arguments-"));
  try {
    const list = join(scratch, "cases.json");
    writeFileSync(list, JSON.stringify(DESCRIPTIONS));
    const { HPY: _unused, ...inherited } = process.env;
    const result = spawnSync(environment.python, [DRIVER, list, "args_capi", "args_cpython", "args_hybrid"], {
      encoding: "utf8",
      env: { ...inherited, PYTHONPATH: directories.join(":"), ...(debug === undefined ? {} : { HPY: debug }) },
      maxBuffer: 64 << 20,
    });
    const lines = result.stdout.split("\n").filter((line) => line !== "");
    const summary = result.stderr.trim().split("\n").at(-1) ?? "";
    if (result.status !== 0)
      throw new Error(`status ${result.status} ${result.signal}\n${result.stdout}\n${result.stderr}`);
    return {
      differences: lines.map((line) => JSON.parse(line)),
      compared: JSON.parse(summary).compared,
      output: summary,
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

describe("argument parsing beside the C API", () => {
  test("gives the same values and exceptions, and keeps no reference", () => {
    const { differences, compared } = compare(undefined);
    expect(differences).toEqual([]);
    expect(compared).toBeGreaterThan(30_000);
  });

  test("leaks no handle and uses none after its close in debug mode", () => {
    const { differences } = compare("debug");
    expect(differences).toEqual([]);
  });
});
