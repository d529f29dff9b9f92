import type { BuildFacts, ExtensionListPlace } from "../model/build-files.types.ts";
import type { Script, Visit } from "../model/build-script.ts";
import type { PyArgument, PyCall, PyDict, PyExpression, PyImport } from "../model/python-syntax.ts";
import type { Span } from "../syntax/source.ts";
import { type BuildEdit, insertion, newlineOf } from "./build-requirements.ts";

/** Edits of one build script, or why it must be edited by hand. */
export type ScriptEdits =
  | { readonly kind: "edits"; readonly edits: readonly BuildEdit[] }
  | { readonly kind: "refused"; readonly path: string; readonly span: Span; readonly message: string };

/** Name of the constant that holds what is built with HPy where a list is split when the script runs. */
const PARTITION_NAME = "HPY_EXTENSIONS";

/**
 * Moves the extensions with the indexes `moving` from `ext_modules` to `hpy_ext_modules` in one script.
 *
 * Where every extension of the script moves, the keyword is renamed wherever it occurs, and nothing else changes. Where
 * some stay, a literal list is split in two, and any other list is split by name when the script runs, which holds for
 * conditional and computed lists alike.
 */
export function planListEdits(facts: BuildFacts, script: Script, moving: ReadonlySet<number>): ScriptEdits {
  const places = facts.lists.filter((place) => place.path === script.path && place.list === "ext_modules");
  const attribute = places.find((place) => place.form === "attribute");
  if (attribute !== undefined) {
    return refuse(
      attribute,
      "This uses the attribute ext_modules of the distribution. Make it use hpy_ext_modules for what is migrated, " +
        "and pass the migrated extensions to setup() as hpy_ext_modules.",
    );
  }
  const earlier = facts.lists.filter((place) => place.path === script.path && place.list === "hpy_ext_modules");
  const storedEarlier = earlier.some((place) => place.form !== "keyword" && place.form !== "dict-key");
  const moved = places.filter((place) => place.extensions.some((index) => moving.has(index)));
  const [first] = moved;
  const clash = moved.some((place) => clashes(script, place, earlier));
  if (first !== undefined && (clash || (storedEarlier && moved.some((place) => place.form !== "keyword")))) {
    return refuse(
      first,
      "Another part of this script sets hpy_ext_modules already. Add the migrated extensions to that list by hand.",
    );
  }
  const whole = places.every((place) => movesWhole(place, moving) || isEmptyList(place));
  if (whole && facts.packageDiscovery === "off-by-ext-modules") return keepDiscoveryOff(script, places, moving);
  if (whole) return { kind: "edits", edits: places.flatMap((place) => renameEdits(script, place)) };
  const edits: BuildEdit[] = [];
  for (const place of places) {
    const some = place.extensions.some((index) => moving.has(index));
    if (place.form === "reference" || place.form === "add" || place.form === "store") {
      return refuse(
        place,
        "Some extensions stay with the C API, and this dictionary key serves both kinds. Put the migrated extensions " +
          'under a second key "hpy_ext_modules" by hand.',
      );
    }
    if (!some) continue;
    const split = movesWhole(place, moving) ? renameEdits(script, place) : splitEdits(facts, script, place, moving);
    if (split === null) {
      return refuse(
        place,
        "Some of these extensions stay with the C API and the list cannot be split here. Pass the migrated ones to " +
          "setup() as hpy_ext_modules by hand.",
      );
    }
    edits.push(...split);
  }
  return { kind: "edits", edits };
}

/** Edits that make a script use the setup() and the build_ext of setuptools, which HPy extends. */
export function planImportEdits(script: Script): ScriptEdits {
  const edits: BuildEdit[] = [];
  for (const statement of script.imports) {
    if (script.fallbackImports.has(statement)) continue;
    const module = setuptoolsModule(statement);
    if (module === null) continue;
    const uses = module === "partly" ? null : plainImportUses(script, statement, module);
    if (module === "partly" || uses === null) {
      return {
        kind: "refused",
        path: script.path,
        span: statement.span,
        message:
          "HPy needs the setup() and build_ext of setuptools. Import setup, Extension and build_ext from setuptools " +
          "instead of distutils here.",
      };
    }
    edits.push({ ...statement.moduleSpan, text: module }, ...uses);
  }
  return { kind: "edits", edits };
}

/**
 * Where a script uses what `import distutils.x` gives under its full name; empty for other imports, and null where the
 * name `distutils` would no longer be bound for something else.
 */
function plainImportUses(script: Script, statement: PyImport, module: string): BuildEdit[] | null {
  const [imported] = statement.names;
  if (statement.module !== null || imported === undefined || imported.alias !== null) return [];
  const edits: BuildEdit[] = [];
  const replaced = new Set<number>();
  for (const { expression } of script.visits) {
    if (expression.kind !== "attribute") continue;
    const { span } = expression.object;
    if (script.text.slice(span.start, span.end) !== imported.name || replaced.has(span.start)) continue;
    if (imported.name === "distutils.core" && !CORE_NAMES.has(expression.name)) return null;
    replaced.add(span.start);
    edits.push({ ...span, text: module });
  }
  const others = script.visits.some(
    ({ expression }) =>
      expression.kind === "name" && expression.name === "distutils" && !replaced.has(expression.span.start),
  );
  const boundOtherwise = script.imports.some(
    (each) =>
      each !== statement &&
      each.module === null &&
      each.names.some(
        (name) => name.alias === null && name.name.startsWith("distutils") && setuptoolsModule(each) === null,
      ),
  );
  return others && !boundOtherwise ? null : edits;
}

/**
 * A rename that leaves an empty `ext_modules`: without packages and modules, setuptools searches for packages unless
 * `ext_modules` is given, and may then find what was never part of the distribution.
 */
function keepDiscoveryOff(
  script: Script,
  places: readonly ExtensionListPlace[],
  moving: ReadonlySet<number>,
): ScriptEdits {
  const edits: BuildEdit[] = [];
  for (const place of places) {
    if (!place.extensions.some((index) => moving.has(index))) {
      if (isEmptyList(place) && place.form !== "reference") continue;
    }
    const slot = findSlot(script, place.nameSpan);
    if (slot === null) {
      return refuse(
        place,
        "No packages are given, so setuptools would search for some once ext_modules is gone. Give setup() packages " +
          "or py_modules, and pass the migrated extensions as hpy_ext_modules by hand.",
      );
    }
    const sibling = siblingOf(slot);
    if (sibling === null) {
      const empty = script.text.slice(slot.nameSpan.start, slot.value.span.start);
      edits.push(...renameEdits(script, place));
      edits.push(insertion(slot.span.end, `${slotSeparator(script.text, slot)}${empty}[]`));
    } else if (slot.value.kind === "list" && sibling.value.kind === "list") {
      edits.push({ ...slot.value.span, text: "[]" });
      edits.push(...addElements(script.text, sibling.value, elementTexts(script, slot.value)));
    } else {
      edits.push({ ...slot.value.span, text: "[]" });
      const inner = script.text.slice(slot.value.span.start, slot.value.span.end);
      edits.push(insertion(sibling.value.span.end, ` + ${inner}`));
    }
  }
  return { kind: "edits", edits };
}

/** Whether a renamed keyword would be given twice: here, and by a `**dictionary` that has `hpy_ext_modules` already. */
function clashes(script: Script, place: ExtensionListPlace, earlier: readonly ExtensionListPlace[]): boolean {
  const slot = findSlot(script, place.nameSpan);
  if (slot === null || slot.holder.kind !== "call" || siblingOf(slot) !== null) return false;
  return earlier.length > 0 && slot.holder.arguments.some((argument) => argument.form === "double-star");
}

function movesWhole(place: ExtensionListPlace, moving: ReadonlySet<number>): boolean {
  if (place.extensions.length === 0) return place.form === "reference";
  return place.unknown === "none" && place.extensions.every((index) => moving.has(index));
}

/** `ext_modules=[]` of a fallback: renamed with the others, so that the options of HPy stay known there. */
function isEmptyList(place: ExtensionListPlace): boolean {
  return place.extensions.length === 0 && place.unknown === "none";
}

function refuse(place: ExtensionListPlace, message: string): ScriptEdits {
  return { kind: "refused", path: place.path, span: place.span, message };
}

/** A rename; where `hpy_ext_modules` is given as well, its list takes the extensions in. */
function renameEdits(script: Script, place: ExtensionListPlace): BuildEdit[] {
  const slot = findSlot(script, place.nameSpan);
  const sibling = slot === null ? null : siblingOf(slot);
  if (slot !== null && sibling !== null && slot.value.kind === "list" && sibling.value.kind === "list") {
    return [
      ...removeSlot(script.text, slot),
      ...addElements(script.text, sibling.value, elementTexts(script, slot.value)),
    ];
  }
  if (slot !== null && sibling !== null) {
    const inner = script.text.slice(slot.value.span.start, slot.value.span.end);
    return [...removeSlot(script.text, slot), insertion(sibling.value.span.end, ` + ${inner}`)];
  }
  const quoted = script.text.slice(place.nameSpan.start, place.nameSpan.end);
  return [{ ...place.nameSpan, text: quoted.replace("ext_modules", "hpy_ext_modules") }];
}

/** A `keyword=value` of a call or a `"key": value` of a dictionary. */
interface Slot {
  readonly holder: PyCall | PyDict;
  readonly visit: Visit;
  readonly key: string;
  readonly span: Span;
  readonly nameSpan: Span;
  readonly value: PyExpression;
}

function slotsOf(visit: Visit): Slot[] {
  const { expression } = visit;
  if (expression.kind === "call") {
    return expression.arguments
      .filter((argument: PyArgument) => argument.form === "keyword")
      .map((argument) => ({
        holder: expression,
        visit,
        key: argument.name,
        span: argument.span,
        nameSpan: argument.nameSpan,
        value: argument.value,
      }));
  }
  if (expression.kind !== "dict") return [];
  return expression.entries.flatMap(({ key, value }): Slot[] =>
    key?.kind === "string"
      ? [
          {
            holder: expression,
            visit,
            key: key.value,
            span: { start: key.span.start, end: value.span.end },
            nameSpan: key.span,
            value,
          },
        ]
      : [],
  );
}

function findSlot(script: Script, nameSpan: Span): Slot | null {
  for (const visit of script.visits) {
    const slot = slotsOf(visit).find((each) => each.nameSpan.start === nameSpan.start);
    if (slot !== undefined) return slot;
  }
  return null;
}

function siblingOf(slot: Slot): Slot | null {
  return slotsOf(slot.visit).find((each) => each.key === "hpy_ext_modules") ?? null;
}

function splitEdits(
  facts: BuildFacts,
  script: Script,
  place: ExtensionListPlace,
  moving: ReadonlySet<number>,
): BuildEdit[] | null {
  const slot = findSlot(script, place.nameSpan);
  if (slot === null) return null;
  const names = place.extensions
    .filter((index) => moving.has(index))
    .map((index) => facts.extensions[index]?.declaredName);
  if (names.some((name) => name === null || name === undefined)) return null;
  const wanted = [...new Set(names.filter((name) => typeof name === "string"))];
  return (
    growPartition(script, slot, wanted) ??
    splitLiteral(facts, script, slot, place, moving) ??
    partitionByName(script, slot, place, wanted)
  );
}

/** Adds names to the constant of an earlier split. */
function growPartition(script: Script, slot: Slot, names: readonly string[]): BuildEdit[] | null {
  if (slot.value.kind !== "comprehension") return null;
  for (const clause of slot.value.clauses) {
    if (clause.kind !== "if" || clause.test.kind !== "binary" || clause.test.op !== "not in") continue;
    const container = clause.test.right;
    const definitions =
      container.kind === "name"
        ? [
            ...script.definitions(slot.visit.owner, container.name),
            ...script.definitions(null, container.name),
          ].flatMap((definition) => (definition.kind === "assign" ? [definition.value] : []))
        : [container];
    const [literal] = definitions;
    if (literal === undefined) return null;
    if (literal.kind !== "set" && literal.kind !== "tuple" && literal.kind !== "list") return null;
    return addElements(
      script.text,
      literal,
      names.map((name) => `"${name}"`),
    );
  }
  return null;
}

/** Splits `[a, b]` where each element is one extension, and nothing else holds the list. */
function splitLiteral(
  facts: BuildFacts,
  script: Script,
  slot: Slot,
  place: ExtensionListPlace,
  moving: ReadonlySet<number>,
): BuildEdit[] | null {
  const { value } = slot;
  if (value.kind !== "list") return null;
  // An element that is not one known call may be any extension; then names decide when the script runs.
  const moved = value.elements.map((element) => {
    const call = declarationOf(script, slot, element);
    const index = place.extensions.find((each) => {
      const extension = facts.extensions[each];
      return call !== null && extension?.span.start === call.start && extension.path === script.path;
    });
    return index === undefined ? null : moving.has(index);
  });
  const loops = slot.visit.loops.length > 0;
  if (loops || moved.includes(null)) return null;
  const movedElements = value.elements.filter((_, index) => moved[index] === true);
  const edits = removeElements(script.text, value.elements, moved);
  const sibling = siblingOf(slot);
  const texts = movedElements.map((element) => script.text.slice(element.span.start, element.span.end));
  if (sibling !== null) {
    if (sibling.value.kind !== "list") return null;
    return [...edits, ...addElements(script.text, sibling.value, texts)];
  }
  const before = script.text.slice(value.span.start, value.elements[0]?.span.start);
  const after = script.text.slice(value.elements.at(-1)?.span.end, value.span.end);
  // Comments stay where they are; only the layout is the same.
  const lineBreak = before.includes("\n") ? newlineOf(script.text) + before.slice(before.lastIndexOf("\n") + 1) : "";
  const open = `[${lineBreak}`;
  const separator = lineBreak === "" ? ", " : `,${lineBreak}`;
  const close = after.includes("\n") ? `,${newlineOf(script.text)}${after.slice(after.lastIndexOf("\n") + 1)}` : "]";
  const text = `${open}${texts.join(separator)}${close}`;
  return [...edits, insertion(slot.span.end, slotSeparator(script.text, slot) + named(slot, script.text, text))];
}

/** The call that an element of a list is, in place or through a variable with that one value. */
function declarationOf(script: Script, slot: Slot, element: PyExpression): Span | null {
  if (element.kind === "call") return element.span;
  if (element.kind !== "name") return null;
  const local = slot.visit.owner === null ? [] : script.definitions(slot.visit.owner, element.name);
  const definitions = local.length > 0 ? local : script.definitions(null, element.name);
  const [only] = definitions;
  if (definitions.length !== 1 || only?.kind !== "assign" || only.path.length > 0 || only.loops.length > 0) return null;
  return only.value.kind === "call" ? only.value.span : null;
}

/** Splits any list by the names of its elements when the script runs. */
function partitionByName(
  script: Script,
  slot: Slot,
  place: ExtensionListPlace,
  names: readonly string[],
): BuildEdit[] | null {
  if (siblingOf(slot) !== null) return null;
  const statement = statementStart(script, slot.span.start);
  if (statement === null) return null;
  const newline = newlineOf(script.text);
  const indent = script.text.slice(script.text.lastIndexOf("\n", statement - 1) + 1, statement);
  if (indent.trim() !== "") return null;
  let before = `${PARTITION_NAME} = {${names.map((name) => `"${name}"`).join(", ")}}${newline}${indent}`;
  let source = script.text.slice(slot.value.span.start, slot.value.span.end);
  if (slot.value.kind !== "name") {
    // The expression must run once only: it may have effects.
    before += `all_extensions = ${source}${newline}${indent}`;
    source = "all_extensions";
  }
  const iterable = place.value === "list-or-none" ? `${source} or []` : source;
  const part = (test: string): string => `[ext for ext in ${iterable} if ext.name ${test} ${PARTITION_NAME}]`;
  return [
    insertion(statement, before),
    { ...slot.value.span, text: part("not in") },
    insertion(slot.span.end, slotSeparator(script.text, slot) + named(slot, script.text, part("in"))),
  ];
}

/** `hpy_ext_modules=value` or `"hpy_ext_modules": value` in the notation of a slot. */
function named(slot: Slot, text: string, value: string): string {
  const notation = text.slice(slot.nameSpan.start, slot.value.span.start);
  return notation.replace("ext_modules", "hpy_ext_modules") + value;
}

/** What separates two slots of the same call: a comma, and a new line where this one begins a line. */
function slotSeparator(text: string, slot: Slot): string {
  const lineStart = text.lastIndexOf("\n", slot.span.start - 1) + 1;
  const indent = text.slice(lineStart, slot.span.start);
  return indent.trim() === "" ? `,${newlineOf(text)}${indent}` : ", ";
}

/** Where the innermost statement around an offset begins. */
function statementStart(script: Script, offset: number): number | null {
  let best: number | null = null;
  for (const span of script.statementSpans) {
    if (span.start <= offset && offset < span.end && (best === null || span.start > best)) best = span.start;
  }
  return best;
}

function elementTexts(script: Script, list: Extract<PyExpression, { elements: unknown }>): string[] {
  return list.elements.map((element) => script.text.slice(element.span.start, element.span.end));
}

/** Adds elements at the end of a literal, one per line where the literal is written so. */
function addElements(
  text: string,
  literal: Extract<PyExpression, { elements: unknown }>,
  elements: readonly string[],
): BuildEdit[] {
  const last = literal.elements.at(-1);
  if (last === undefined) return [insertion(literal.span.start + 1, elements.join(", "))];
  const lineStart = text.lastIndexOf("\n", last.span.start - 1) + 1;
  const indent = text.slice(lineStart, last.span.start);
  const separator = indent.trim() === "" ? `,${newlineOf(text)}${indent}` : ", ";
  return [insertion(last.span.end, elements.map((element) => separator + element).join(""))];
}

/** Removes elements with the comma and the white space that follow them, or precede the last one. */
function removeElements(
  text: string,
  elements: readonly PyExpression[],
  removed: readonly (boolean | null)[],
): BuildEdit[] {
  const edits: BuildEdit[] = [];
  elements.forEach((element, index) => {
    if (removed[index] !== true) return;
    const next = elements[index + 1];
    // After the last element that stays, the comma before is what goes.
    const laterStays = removed.slice(index + 1).includes(false);
    const previous = elements[index - 1];
    if (next !== undefined && laterStays) edits.push({ start: element.span.start, end: next.span.start, text: "" });
    else if (previous !== undefined) {
      edits.push({ start: previous.span.end, end: element.span.end, text: "" });
    } else edits.push({ ...element.span, text: "" });
  });
  return edits.filter((edit) => text.length >= edit.end);
}

/** Removes a slot with the separator after it, or before it where it is the last. */
function removeSlot(text: string, slot: Slot): BuildEdit[] {
  const holderEnd = slot.holder.kind === "call" ? slot.holder.argumentsSpan.end : slot.holder.span.end;
  let end = slot.span.end;
  while (end < holderEnd && " \t\r\n".includes(text[end] ?? "")) end++;
  if (text[end] !== ",") return [{ start: text.lastIndexOf(",", slot.span.start), end: slot.span.end, text: "" }];
  end++;
  while (end < holderEnd && " \t\r\n".includes(text[end] ?? "")) end++;
  return [{ start: slot.span.start, end, text: "" }];
}

/** What setuptools has of distutils.core. */
const CORE_NAMES: ReadonlySet<string> = new Set(["setup", "Extension", "Command", "Distribution"]);

const PLAIN_IMPORTS: ReadonlyMap<string, string> = new Map([
  ["distutils.core", "setuptools"],
  ["distutils.command.build_ext", "setuptools.command.build_ext"],
]);

const COMMAND_MODULES: ReadonlySet<string> = new Set([
  "build_ext",
  "build_py",
  "build_clib",
  "install",
  "install_lib",
  "sdist",
]);

/** The setuptools module that has all names of a distutils import; `partly` where it has only some that matter. */
function setuptoolsModule(statement: PyImport): string | "partly" | null {
  const names = statement.names.map((each) => each.name);
  switch (statement.module) {
    case "distutils.core":
      if (names.every((name) => CORE_NAMES.has(name))) return "setuptools";
      return names.some((name) => name === "setup" || name === "*") ? "partly" : null;
    case "distutils.extension":
      return names.every((name) => name === "Extension") ? "setuptools" : null;
    case "distutils.command.build_ext":
      return names.every((name) => name === "build_ext") ? "setuptools.command.build_ext" : "partly";
    case "distutils.command":
      if (!names.includes("build_ext")) return null;
      return names.every((name) => COMMAND_MODULES.has(name)) ? "setuptools.command" : "partly";
    case "distutils":
      return names.includes("core") ? "partly" : null;
    case null: {
      const module = PLAIN_IMPORTS.get(names[0] ?? "");
      if (module !== undefined && names.length === 1) return module;
      return names.some((name) => PLAIN_IMPORTS.has(name)) ? "partly" : null;
    }
    default:
      return null;
  }
}
