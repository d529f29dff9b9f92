import { readIni, readToml } from "../model/build-files.ts";
import type { TomlPair, TomlTable, TomlValue } from "../model/toml-spans.ts";
import type { Span } from "../syntax/source.ts";

/** Replaces `start..end` of the original text. */
export interface BuildEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Edits of one file, or why there can be none. */
export type RequirementEdits =
  | { readonly kind: "edits"; readonly edits: readonly BuildEdit[] }
  | { readonly kind: "refused"; readonly span: Span; readonly message: string };

/** The HPy release that the tables of this tool describe. */
export const HPY_REQUIREMENT = "hpy==0.9.0";
/** HPy needs setuptools 64, and its loader stubs import `pkg_resources`, which setuptools dropped after 80. */
const SETUPTOOLS_LOWER = [64];
const SETUPTOOLS_UPPER = [81];
export const SETUPTOOLS_REQUIREMENT = "setuptools>=64,<81";

/** Text of a pyproject.toml for a project that has none; setuptools stays the backend, by default and as before. */
export function newPyproject(newline: string): string {
  return `[build-system]${newline}requires = ["${SETUPTOOLS_REQUIREMENT}", "${HPY_REQUIREMENT}"]${newline}`;
}

/** Edits that make `[build-system] requires` hold HPy and a setuptools that works with it; existing bounds are only tightened. */
export function planRequirementEdits(text: string): RequirementEdits {
  const { tables } = readToml(text);
  const newline = newlineOf(text);
  const found = findPair(tables, ["build-system", "requires"]);
  const table = tables.find((each) => each.path.join(".") === "build-system");
  if (found === null) {
    const line = `requires = ["${SETUPTOOLS_REQUIREMENT}", "${HPY_REQUIREMENT}"]`;
    if (table !== undefined) {
      return { kind: "edits", edits: [insertion(table.header.end, `${newline}${line}`)] };
    }
    return { kind: "edits", edits: [newTable(text, tables, `[build-system]${newline}${line}${newline}`, newline)] };
  }
  const edits: BuildEdit[] = [];
  const missing: string[] = [];
  const named = (name: string): TomlValue[] =>
    found.value.elements.filter((element) => requirementName(element.text) === name);
  const setuptools = named("setuptools");
  if (setuptools.length === 0) missing.push(SETUPTOOLS_REQUIREMENT);
  for (const element of setuptools) {
    const tightened = tightenSetuptools(element.text);
    if (tightened === null) return refuseRequirement(element, SETUPTOOLS_REQUIREMENT);
    if (tightened !== element.text) edits.push(replaceString(element, tightened));
  }
  const hpy = named("hpy");
  if (hpy.length === 0) missing.push(HPY_REQUIREMENT);
  for (const element of hpy) {
    const pinned = pinHpy(element.text);
    if (pinned === null) return refuseRequirement(element, HPY_REQUIREMENT);
    if (pinned !== element.text) edits.push(replaceString(element, pinned));
  }
  if (missing.length > 0) edits.push(...appendElements(text, found.value, missing, newline));
  return { kind: "edits", edits: edits.sort((a, b) => a.start - b.start) };
}

/** Edits of setup.cfg that link HPy's static library, so that the manifest never sees absolute source paths. */
export function planStaticLibraryEdits(text: string): readonly BuildEdit[] {
  const entries = readIni(text);
  const inGlobal = entries.filter((entry) => entry.section === "global");
  if (inGlobal.some((entry) => entry.key === "hpy_use_static_libs")) return [];
  const newline = newlineOf(text);
  const header = inGlobal.find((entry) => entry.key === "");
  if (header !== undefined) return [insertion(header.span.end, `${newline}hpy_use_static_libs = 1`)];
  const blank = text === "" || text.endsWith(newline + newline);
  const gap = blank ? "" : text.endsWith("\n") ? newline : newline + newline;
  return [insertion(text.length, `${gap}[global]${newline}hpy_use_static_libs = 1${newline}`)];
}

export function newlineOf(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}

export function insertion(at: number, text: string): BuildEdit {
  return { start: at, end: at, text };
}

/** A key and its value by their full path, however the document spells the table. */
function findPair(tables: readonly TomlTable[], path: readonly string[]): TomlPair | null {
  for (const table of tables) {
    for (const pair of table.pairs) {
      if ([...table.path, ...pair.key].join("\n") === path.join("\n")) return pair;
    }
  }
  return null;
}

/** A new first table, unless a comment opens the file: then the comment stays first and the table goes last. */
function newTable(text: string, tables: readonly TomlTable[], table: string, newline: string): BuildEdit {
  const first = tables[0]?.header.start ?? 0;
  const rootKeys = (tables[0]?.pairs.length ?? 0) > 0;
  if (!rootKeys && !text.slice(first).trimStart().startsWith("#")) return insertion(first, `${table}${newline}`);
  return insertion(text.length, `${text.endsWith("\n") ? newline : newline + newline}${table}`);
}

function refuseRequirement(element: TomlValue, wanted: string): RequirementEdits {
  return {
    kind: "refused",
    span: element.span,
    message: `The build requirement "${element.text}" excludes what HPy 0.9.0 needs: change it to "${wanted}".`,
  };
}

/** Normalised name of a PEP 508 requirement. */
function requirementName(requirement: string): string {
  const trimmed = requirement.trim();
  let end = 0;
  while (end < trimmed.length && !"[<>=!~;@ (".includes(trimmed[end] ?? "")) end++;
  return trimmed.slice(0, end).toLowerCase().replaceAll("_", "-").replaceAll(".", "-");
}

interface Clause {
  readonly op: string;
  readonly version: string;
}

interface Requirement {
  /** Name and extras. */
  readonly head: string;
  readonly clauses: readonly Clause[];
  /** `;` and the marker, with the space before it. */
  readonly marker: string;
  /** What stands between the parts: a space or nothing. */
  readonly beforeOp: string;
  readonly afterOp: string;
  readonly afterComma: string;
}

/** Null for a direct reference or anything that is no plain list of version clauses. */
function parseRequirement(requirement: string): Requirement | null {
  const markerAt = requirement.indexOf(";");
  const body = markerAt < 0 ? requirement : requirement.slice(0, markerAt);
  if (body.includes("@") || body.includes("(")) return null;
  const close = body.indexOf("]");
  let at = Math.max(close, 0);
  while (at < body.length && !"<>=!~".includes(body[at] ?? "")) at++;
  const head = body.slice(0, at);
  const clauses: Clause[] = [];
  const spec = body.slice(at);
  for (const part of spec.split(",")) {
    const clause = part.trim();
    if (clause === "") continue;
    let end = 0;
    while ("<>=!~".includes(clause[end] ?? " ")) end++;
    if (end === 0) return null;
    clauses.push({ op: clause.slice(0, end), version: clause.slice(end).trim() });
  }
  const firstOp = clauses[0]?.op ?? "";
  return {
    head: head.trimEnd(),
    clauses,
    marker: requirement.slice(body.trimEnd().length),
    beforeOp: clauses.length > 0 && head.endsWith(" ") ? " " : "",
    afterOp: clauses.length > 0 && spec[firstOp.length] === " " ? " " : "",
    afterComma: spec.includes(",") ? (spec.includes(", ") ? " " : "") : head.endsWith(" ") ? " " : "",
  };
}

function writeRequirement(parsed: Requirement, clauses: readonly Clause[]): string {
  const spec = clauses.map((clause) => `${clause.op}${parsed.afterOp}${clause.version}`).join(`,${parsed.afterComma}`);
  return `${parsed.head}${parsed.beforeOp}${spec}${parsed.marker}`;
}

/** The requirement with bounds of 64 and 81; null where it excludes every release between them. */
function tightenSetuptools(requirement: string): string | null {
  const parsed = parseRequirement(requirement);
  if (parsed === null) return null;
  let lower = false;
  let upper = false;
  const clauses: Clause[] = [];
  for (const clause of parsed.clauses) {
    const version = versionNumbers(clause.version);
    const low = compareVersions(version, SETUPTOOLS_LOWER);
    const high = compareVersions(version, SETUPTOOLS_UPPER);
    switch (clause.op) {
      case "==":
      case "===":
        if (low < 0 || high >= 0) return null;
        lower = true;
        upper = true;
        clauses.push(clause);
        break;
      case ">=":
      case ">":
        if (high >= 0) return null;
        lower = true;
        clauses.push(low < 0 ? { op: ">=", version: "64" } : clause);
        break;
      case "<":
      case "<=":
        if (low < 0 || (low === 0 && clause.op === "<")) return null;
        upper = true;
        clauses.push(high > 0 || (high === 0 && clause.op === "<=") ? { op: "<", version: "81" } : clause);
        break;
      case "~=": {
        // `~=68.1` bounds the major version; below it would need a bound that it already excludes.
        if (low < 0 || high >= 0) return null;
        lower = true;
        upper = true;
        clauses.push(clause);
        break;
      }
      default:
        clauses.push(clause);
    }
  }
  if (!lower) clauses.unshift({ op: ">=", version: "64" });
  if (!upper) clauses.push({ op: "<", version: "81" });
  const unchanged =
    clauses.length === parsed.clauses.length && clauses.every((clause, index) => clause === parsed.clauses[index]);
  return unchanged ? requirement : writeRequirement(parsed, clauses);
}

function pinHpy(requirement: string): string | null {
  const parsed = parseRequirement(requirement);
  if (parsed === null) return null;
  const target = [0, 9, 0];
  let pinned = false;
  for (const clause of parsed.clauses) {
    const order = compareVersions(versionNumbers(clause.version), target);
    const wildcard = clause.version.endsWith(".*");
    if (clause.op === "==" || clause.op === "===") {
      if (wildcard ? versionNumbers(clause.version).some((part, index) => part !== target[index]) : order !== 0)
        return null;
      pinned = true;
    } else if (clause.op === "~=") {
      if (order !== 0) return null;
      pinned = true;
    } else if (clause.op === ">=" && order > 0) return null;
    else if (clause.op === ">" && order >= 0) return null;
    else if (clause.op === "<=" && order < 0) return null;
    else if (clause.op === "<" && order <= 0) return null;
    else if (clause.op === "!=" && order === 0) return null;
  }
  return pinned ? requirement : writeRequirement(parsed, [{ op: "==", version: "0.9.0" }]);
}

function versionNumbers(version: string): readonly number[] {
  const numbers: number[] = [];
  for (const part of version.split(".")) {
    const value = Number.parseInt(part, 10);
    if (Number.isNaN(value)) break;
    numbers.push(value);
  }
  return numbers;
}

function compareVersions(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function replaceString(element: TomlValue, text: string): BuildEdit {
  const { quote, span } = element;
  const escaped = quote.startsWith('"') ? text.replaceAll("\\", "\\\\").replaceAll('"', '\\"') : text;
  return { start: span.start + quote.length, end: span.end - quote.length, text: escaped };
}

/** Adds strings at the end of an array, in the array's own layout. */
function appendElements(
  text: string,
  array: TomlValue,
  values: readonly string[],
  newline: string,
): readonly BuildEdit[] {
  const last = array.elements.at(-1);
  const quote = last !== undefined && last.quote.length === 1 ? last.quote : '"';
  const quoted = values.map((value) => `${quote}${value}${quote}`);
  if (last === undefined) return [{ start: array.span.start, end: array.span.end, text: `[${quoted.join(", ")}]` }];
  const after = text.slice(last.span.end, array.span.end - 1);
  const comma = trailingComma(after);
  const lineStart = text.lastIndexOf("\n", last.span.start - 1) + 1;
  const indent = text.slice(lineStart, last.span.start);
  if (indent.trim() !== "" || !after.includes("\n")) {
    return [insertion(last.span.end, quoted.map((value) => `, ${value}`).join(""))];
  }
  // A comment behind the last element stays with it: the new lines go after the end of its line.
  const lineEnd = text.indexOf("\n", last.span.end + (comma === null ? 0 : comma + 1));
  const end = text[lineEnd - 1] === "\r" ? lineEnd - 1 : lineEnd;
  const lines = quoted.map((value) => `${newline}${indent}${value}`).join(",") + (comma === null ? "" : ",");
  if (comma !== null) return [insertion(end, lines)];
  return end === last.span.end ? [insertion(end, `,${lines}`)] : [insertion(last.span.end, ","), insertion(end, lines)];
}

/** Offset of the comma in what follows the last element; null where there is none outside comments. */
function trailingComma(after: string): number | null {
  let comment = false;
  for (let at = 0; at < after.length; at++) {
    const character = after[at];
    if (character === "#") comment = true;
    else if (character === "\n") comment = false;
    else if (character === "," && !comment) return at;
  }
  return null;
}
