/** The engine: from the files of a project to an ordered series of steps, and the state of every function after them. */

import { skippedInitialiser } from "../analysis/cplusplus.ts";
import { Refused } from "../analysis/typing.ts";
import { proveHandles } from "../lint/check-handles.ts";
import { CAPI_FUNCTIONS } from "../model/api/capi-table.ts";
import { readBuildFiles } from "../model/build-files.ts";
import type { BuildFacts } from "../model/build-files.types.ts";
import { type HPyTypeSpec, readHPyTypes } from "../model/hpy-types.ts";
import {
  buildProject,
  type CFunction,
  type ExtensionModule,
  type GlobalVariable,
  lineOf,
  type Project,
  resolveFunction,
} from "../model/project.ts";
import { readStaticTypes } from "../model/static-types.ts";
import { RULES, UNMAPPED } from "../rules/table.ts";
import { readDirective } from "../syntax/directives.ts";
import { applyEdits, composeEdits, type Edit, type EditSet } from "../syntax/edits.ts";
import { lex, TokenKind } from "../syntax/lexer.ts";
import type { InputFile, MacroKnowledge, ParsedFile, Parser, Span } from "../syntax/source.ts";
import { NONE } from "../syntax/tree.ts";
import { Analyses, type LegacyCalls } from "../transforms/analyses.ts";
import { bridgeFor } from "../transforms/bridge.ts";
import { planBuildFileEdits } from "../transforms/build-files.ts";
import {
  type Entry,
  entryKey,
  entryTitle,
  functionNames,
  groupEntries,
  readEntries,
  type Units,
} from "../transforms/entries.ts";
import { expandApiMacros, restoreMacros } from "../transforms/expand-api-macros.ts";
import { expandModuleMacros } from "../transforms/expand-module-macros.ts";
import { planFinish } from "../transforms/finish-module.ts";
import type { CallRule } from "../transforms/function-body.ts";
import { planGlobals } from "../transforms/global-to-hpyglobal.ts";
import {
  type Containers,
  type Copies,
  findInit,
  type MethodStep,
  planEntries,
  planInit,
  type RuleSet,
} from "../transforms/method-to-hpydef.ts";
import { planModule, type SourceEdits } from "../transforms/module-to-hpy.ts";
import { planFields } from "../transforms/object-to-hpyfield.ts";
import { planPureShape } from "../transforms/pure-shape.ts";
import { RefusedAt } from "../transforms/refused-at.ts";
import { renameShadowed } from "../transforms/rename-shadowed.ts";
import { planRetirement } from "../transforms/retire-helper.ts";
import { planTypeSpec, readTypeSpecs, type TypeSpecification } from "../transforms/spec-to-hpy-spec.ts";
import { planTypeGlobals } from "../transforms/type-to-hpyglobal.ts";
import { planTypes, typeKey } from "../transforms/type-to-spec.ts";
import { isCapiName, usesCapi, usesCapiCalls } from "./capi-use.ts";
import { generatorOf } from "./generated-files.ts";
import { lineChanges } from "./line-changes.ts";
import { functionsOfTypes } from "./type-functions.ts";
import type {
  Account,
  BridgeUse,
  FileChange,
  FunctionReport,
  FunctionStatus,
  MigrationOptions,
  MigrationPlan,
  ModuleReport,
  ProjectInput,
  Refusal,
  Step,
  TypeReport,
} from "./types.ts";

const SOURCES = [".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".hh", ".hxx", ".inc"];

/** A project at one point of the series: its files, parsed and modelled. */
class Snapshot {
  readonly files: ReadonlyMap<string, InputFile>;
  readonly project: Project;
  readonly parsed: ReadonlyMap<string, ParsedFile>;
  readonly knowledge: MacroKnowledge;
  readonly generated: ReadonlyMap<string, string>;
  readonly facts: BuildFacts;
  /** What this one is a readable form of, with the edits by path that made it; null for a state of the series. */
  original: { readonly start: Snapshot; readonly edits: ReadonlyMap<string, readonly Edit[]> } | null = null;
  readonly #analyses = new Map<LegacyCalls, Analyses>();
  #readable: ReadableSnapshot | null | undefined;

  constructor(parser: Parser, files: ReadonlyMap<string, InputFile>, previous: Snapshot | null) {
    this.files = files;
    const sources = [...files.values()].filter((f) => isSource(f.path));
    const generated = new Map<string, string>();
    for (const file of sources) {
      const by = generatorOf(file.text);
      if (by !== null) generated.set(file.path, by);
    }
    this.generated = generated;
    const own = sources.filter((f) => !generated.has(f.path));
    this.knowledge = parser.prepare(own);
    const parsed = new Map<string, ParsedFile>();
    for (const file of own) {
      const earlier = previous?.parsed.get(file.path);
      parsed.set(
        file.path,
        earlier !== undefined && earlier.text === file.text ? earlier : parser.parse(file, this.knowledge),
      );
    }
    this.parsed = parsed;
    const facts =
      previous !== null && hasSameBuildFiles(previous.files, files) ? previous.facts : buildFactsOf(parser, files);
    this.facts = facts;
    this.project = buildProject([...parsed.values()], this.knowledge, (initFile, name) => {
      const extension = facts.extensions.find(
        (e) => (e.name === name || e.name?.endsWith(`.${name}`) === true) && e.sources.includes(initFile),
      );
      return extension === undefined || extension.sourcesResolved === "partial" ? null : extension.sources;
    });
  }

  analyses(calls: LegacyCalls): Analyses {
    const known = this.#analyses.get(calls);
    if (known !== undefined) return known;
    const fresh = new Analyses(this.project, calls, (file, offset) => this.#originalLine(file, offset));
    this.#analyses.set(calls, fresh);
    return fresh;
  }

  /** 1-based line of an offset in the files that people see. */
  #originalLine({ path, text }: ParsedFile, offset: number): number {
    if (this.original === null) return lineOf(text, offset);
    const { start, edits } = this.original;
    const before = start.files.get(path)?.text ?? "";
    return lineOf(before, originalSpan(edits.get(path) ?? [], { start: offset, end: offset }).start);
  }

  /** The project with functions made readable for the analysis; null when there is nothing to do. */
  readable(parser: Parser): ReadableSnapshot | null {
    if (this.#readable === undefined) this.#readable = makeReadable(parser, this);
    return this.#readable;
  }
}

/** A project in whose functions macros are expanded and variables have names of their own. */
interface ReadableSnapshot {
  readonly snapshot: Snapshot;
  /** By path, the edits that have done it. */
  readonly edits: ReadonlyMap<string, readonly Edit[]>;
}

function makeReadable(parser: Parser, start: Snapshot): ReadableSnapshot | null {
  let readable: ReadableSnapshot | null = null;
  for (const prepare of [expandApiMacros, renameShadowed]) {
    const from: Snapshot = readable?.snapshot ?? start;
    const sets = prepare(from.project);
    if (sets === null) continue;
    const edits: Map<string, readonly Edit[]> = new Map(readable?.edits ?? []);
    const usable = new Map<ParsedFile, EditSet>();
    for (const [file, set] of sets) {
      const composed = composeEdits(edits.get(file.path) ?? [], set.edits());
      if (composed === null) continue;
      edits.set(file.path, composed);
      usable.set(file, set);
    }
    const snapshot: Snapshot = advance(parser, from, from.files, usable);
    snapshot.original = { start, edits };
    readable = { snapshot, edits };
  }
  return readable;
}

/** What build files said that were read lately: a series goes through few versions of them, every time the same. */
const BUILD_FACTS = new WeakMap<
  Parser,
  { readonly files: ReadonlyMap<string, InputFile>; readonly facts: BuildFacts }[]
>();
const MAX_BUILD_FACTS = 16;

function buildFactsOf(parser: Parser, files: ReadonlyMap<string, InputFile>): BuildFacts {
  const recent = BUILD_FACTS.get(parser) ?? [];
  BUILD_FACTS.set(parser, recent);
  const paths = [...files.keys()];
  const known = recent.find(
    (r) => hasSameBuildFiles(r.files, files) && [...r.files.keys()].every((path, i) => path === paths[i]),
  );
  if (known !== undefined) return known.facts;
  const facts = readBuildFiles([...files.values()]);
  // The texts of C sources are of no interest, and would be kept.
  const bare = [...files].map(([path, file]) => [path, isSource(path) ? { path, text: "" } : file] as const);
  recent.push({ files: new Map(bare), facts });
  if (recent.length > MAX_BUILD_FACTS) recent.shift();
  return facts;
}

function isSource(path: string): boolean {
  return SOURCES.some((s) => path.endsWith(s));
}

/** Whether two sets of files differ in C sources only, by text. */
function hasSameBuildFiles(before: ReadonlyMap<string, InputFile>, after: ReadonlyMap<string, InputFile>): boolean {
  if (before.size !== after.size) return false;
  for (const [path, file] of after) {
    const earlier = before.get(path);
    if (earlier === undefined) return false;
    if (earlier.text !== file.text && !isSource(path)) return false;
  }
  return true;
}

interface Outcomes {
  readonly steps: Step[];
  /** Evidence against steps that must not be made, by their id. */
  readonly excluded: ReadonlyMap<string, string>;
  /** Step that migrated a function, by file and name. */
  readonly via: Map<string, { readonly step: string; readonly bridged: boolean }>;
  /** Why a function stays, by file and name. */
  readonly refusals: Map<string, Refusal[]>;
  /** Functions that tables of types list, by file and name. */
  readonly ofTypes: Set<string>;
  /** Why members, and slots that functions of Python fill, stay: by the C name of the type and by what people call them. */
  readonly entryRefusals: Map<string, Map<string, Refusal>>;
  /** Names of the HPy copies of legacy functions, by file and name of these. */
  readonly copies: Map<string, string>;
  readonly moduleRefusals: Map<string, Refusal[]>;
  /** Static types that became types of HPy, by file and name. */
  readonly movedTypes: Set<string>;
  /** Why static types stay, by file and name. */
  readonly typeRefusals: Map<string, Refusal>;
  /** Why the references in the structs of types stay, by the variable of the type. */
  readonly keptFields: Map<string, Refusal>;
  /** Why types of legacy shape keep it, by the variable of the type. */
  readonly keptHeads: Map<string, Refusal>;
  /** Why a step is missing that is of a module as a whole and not of a function. */
  readonly notes: Refusal[];
}

function keyOf(file: string, name: string): string {
  return `${file}\0${name}`;
}

/** How far a plan has got. */
export interface PlanProgress {
  /** The steps so far; those of the whole plan begin with them. */
  readonly steps: readonly Step[];
  /** Module whose turn it is. */
  readonly module: string;
}

/**
 * Plans the whole migration of a project. Pure: the same input gives the same plan. Whoever plans a project again after
 * a change keeps the parser: it remembers the files and parts of files that are the same, and what was read of them.
 */
export function planMigration(input: ProjectInput, parser: Parser, options: MigrationOptions): MigrationPlan {
  const planning = planGradually(input, parser, options);
  for (;;) {
    const { done, value } = planning.next();
    if (done === true) return value;
  }
}

/**
 * Plans like {@link planMigration}, and pauses before everything that may become a step. Whoever does not want the rest
 * any more (the sources have changed, or the step that was wanted is there) does not go on.
 */
export function* planGradually(
  input: ProjectInput,
  parser: Parser,
  options: MigrationOptions,
): Generator<PlanProgress, MigrationPlan, void> {
  const start = new Snapshot(parser, new Map(input.files.map((f) => [f.path, f])), null);
  const bridge = options.bridge ?? "needed";
  const rules: EngineRules = { rules: bridge === "always" ? exactRules() : RULES, unmapped: UNMAPPED, bridge };
  const outcomes: Outcomes = {
    steps: [],
    excluded: new Map(options.excluded?.map((e) => [e.step, e.evidence])),
    via: new Map(),
    refusals: new Map(),
    ofTypes: new Set(),
    copies: new Map(),
    entryRefusals: new Map(),
    moduleRefusals: new Map(),
    movedTypes: new Set(),
    typeRefusals: new Map(),
    keptFields: new Map(),
    keptHeads: new Map(),
    notes: [],
  };
  let snapshot = start;
  const moduleNames = start.project.modules.map((m) => ({ name: m.name, path: m.file.path }));
  // All modules first: a helper's prototype in a header that they share needs hpy.h in the build of each.
  for (const { name, path } of moduleNames) {
    yield { steps: outcomes.steps, module: name };
    snapshot = migrateModule(parser, snapshot, name, path, outcomes);
  }
  for (const { name, path } of moduleNames) {
    yield { steps: outcomes.steps, module: name };
    snapshot = migrateTypes(parser, snapshot, name, path, outcomes);
    snapshot = migrateTypeSpecs(parser, snapshot, name, path, outcomes);
    snapshot = retireHelpers(parser, snapshot, name, path, outcomes);
    snapshot = yield* migrateEntries(parser, snapshot, name, path, rules, outcomes, options.first ?? "");
    snapshot = migrateInit(parser, snapshot, name, path, rules, outcomes);
    snapshot = retireHelpers(parser, snapshot, name, path, outcomes);
    snapshot = migrateFields(parser, snapshot, name, path, outcomes);
    snapshot = migrateShapes(parser, snapshot, name, path, outcomes);
    snapshot = migrateGlobals(
      parser,
      snapshot,
      name,
      path,
      outcomes,
      planTypeGlobals,
      "Keep the module's types in HPyGlobals",
    );
    snapshot = migrateGlobals(
      parser,
      snapshot,
      name,
      path,
      outcomes,
      planGlobals,
      "Keep the module's objects in HPyGlobals",
    );
  }
  // A header that modules share loses Python.h when the last of them needs it no more.
  for (const { name, path } of moduleNames) snapshot = finishModule(parser, snapshot, name, path, outcomes);
  return report(start, snapshot, outcomes, options);
}

/** Rules, and when calls of the C API may be left in moved functions. */
interface EngineRules extends RuleSet {
  readonly bridge: BridgeUse;
}

/** The rules whose calls behave as the C API in every case, and those of calls that cannot be bridged. */
function exactRules(): ReadonlyMap<string, CallRule> {
  return new Map(
    [...RULES].filter(([name, rule]) => {
      const facts = CAPI_FUNCTIONS.get(name);
      return rule.note === undefined || facts === undefined || "unsupported" in bridgeFor(facts);
    }),
  );
}

/** Throws {@link Refused} for a step with calls of the C API where these are not wanted. */
function refuseBridges({ bridge }: EngineRules, plan: MethodStep, span: Span): void {
  const bridged = plan.migrated.find((m) => m.bridged);
  if (bridge !== "never" || bridged === undefined) return;
  throw new Refused(
    "bridge-not-wanted",
    span,
    `\`${bridged.name}\` would go on using the C API in places, and bridges are not wanted.`,
  );
}

function findModule(snapshot: Snapshot, name: string, path: string): ExtensionModule | undefined {
  return snapshot.project.modules.find((m) => m.name === name && m.file.path === path);
}

function refusalOf(error: Refused, file: ParsedFile): Refusal {
  return {
    id: error.id,
    ...(error.root === error.id ? {} : { root: error.root }),
    path: file.path,
    span: error.span,
    line: lineOf(file.text, error.span.start),
    message: error.message,
  };
}

/** An exception is a bug in the tool; it costs the one function that it happened in. */
function asRefused(error: unknown): Refused {
  if (error instanceof Refused) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new Refused(
    "internal-error",
    { start: 0, end: 0 },
    `The tool failed on this function, please report it: ${message}.`,
  );
}

/** The module as `planModule` can read it: with the macros expanded that define and create it, if there are any. */
function readableModule(parser: Parser, snapshot: Snapshot, module: ExtensionModule): Snapshot {
  const expansion = expandModuleMacros(snapshot.project, module);
  return expansion === null ? snapshot : advance(parser, snapshot, snapshot.files, expansion);
}

function migrateModule(parser: Parser, snapshot: Snapshot, name: string, path: string, outcomes: Outcomes): Snapshot {
  const module = findModule(snapshot, name, path);
  if (module === undefined || module.isHPy) return snapshot;
  const rival = snapshot.project.modules.find(
    (m) => m !== module && m.isHPy && (m.files.includes(module.file) || module.files.includes(m.file)),
  );
  if (rival !== undefined && module.init !== null) {
    const refused = new Refused(
      "module-linked-into-another",
      spanOfName(module.init),
      `The sources of ${name} are linked into ${rival.name} as well, and one shared library holds one HPy module.`,
    );
    outcomes.moduleRefusals.set(name, [refusalOf(refused, module.file)]);
    return snapshot;
  }
  try {
    const readable = readableModule(parser, snapshot, module);
    const plan = planModule(readable.project, findModule(readable, name, path) ?? module);
    const texts = new Map(readable.files);
    const buildRefusals: Refusal[] = [];
    const notes = [...plan.notes];
    const { facts } = snapshot;
    const build =
      facts.files.length === 0
        ? {
            changes: [],
            refusals: [],
            notes: ["There is no build file here: build the module with the `hpy_ext_modules` of setuptools."],
          }
        : planBuildFileEdits(facts, [...snapshot.files.values()], [dottedName(snapshot, module)]);
    for (const refusal of build.refusals) {
      const text = snapshot.files.get(refusal.path)?.text ?? "";
      buildRefusals.push({ ...refusal, line: lineOf(text, refusal.span.start) });
    }
    if (buildRefusals.length > 0) {
      outcomes.moduleRefusals.set(module.name, buildRefusals);
      return snapshot;
    }
    notes.push(...build.notes);
    for (const change of build.changes) {
      const before = snapshot.files.get(change.path)?.text ?? "";
      texts.set(change.path, {
        path: change.path,
        text: applyEdits(
          before,
          change.edits.map((e) => ({ ...e, rule: "build-files" })),
        ),
      });
    }
    const next = advance(parser, readable, texts, plan.edits);
    addStep(outcomes, snapshot, next, {
      id: `module-${module.name}`,
      title: `Make ${module.name} an HPy module, with all of its methods still legacy`,
      kind: "module",
      module: module.name,
      functions: plan.functions,
      notes,
    });
    for (const f of plan.functions)
      outcomes.via.set(keyOf(module.file.path, f), { step: `module-${module.name}`, bridged: f === module.init?.name });
    return next;
  } catch (error) {
    outcomes.moduleRefusals.set(module.name, [refusalOf(asRefused(error), module.file)]);
    return snapshot;
  }
}

/** Types that the C API makes from specifications become types that the exec function creates, base first. */
function migrateTypeSpecs(parser: Parser, start: Snapshot, name: string, path: string, outcomes: Outcomes): Snapshot {
  let snapshot = start;
  const tried = new Set<string>();
  for (;;) {
    const module = findModule(snapshot, name, path);
    if (module === undefined || !module.isHPy) return snapshot;
    const specification = readTypeSpecs(snapshot.project, module.files).find((s) => !tried.has(specKey(s)));
    if (specification === undefined) return snapshot;
    const key = specKey(specification);
    tried.add(key);
    try {
      const plan = planTypeSpec(snapshot.project, module, specification);
      const next = advance(parser, snapshot, snapshot.files, plan.edits);
      addStep(outcomes, snapshot, next, {
        id: uniqueId(`type-${specification.name}`, outcomes.steps),
        title: `Create the type of ${specification.name} from an HPyType_Spec of legacy shape`,
        kind: "type",
        module: name,
        functions: [],
        notes: plan.notes,
      });
      snapshot = next;
      outcomes.movedTypes.add(key);
      outcomes.typeRefusals.delete(key);
      // A type that derives from this one can follow now.
      tried.clear();
    } catch (error) {
      outcomes.typeRefusals.set(key, refusalOf(asRefused(error), specification.variable.file));
    }
  }
}

function specKey({ name, variable }: TypeSpecification): string {
  return keyOf(variable.file.path, name);
}

/** Static types become types that the exec function creates, those that derive from each other in one step. */
function migrateTypes(parser: Parser, start: Snapshot, name: string, path: string, outcomes: Outcomes): Snapshot {
  let snapshot = start;
  const kept = new Map<string, Refused>();
  for (;;) {
    const module = findModule(snapshot, name, path);
    if (module === undefined || !module.isHPy) return snapshot;
    const { step, refusals } = planTypes(snapshot.project, module, kept);
    if (step === null) {
      for (const { type, file, refused } of refusals)
        outcomes.typeRefusals.set(typeKey(type), refusalOf(refused, file));
      return snapshot;
    }
    const names = step.types.map((t) => t.name);
    try {
      const next = advance(parser, snapshot, snapshot.files, step.edits);
      const id = uniqueId(`type-${names[0]}`, outcomes.steps);
      const freeing = movedDeallocators(snapshot, next);
      addStep(outcomes, snapshot, next, {
        id,
        title: `Create ${names.join(", ")} from ${names.length === 1 ? "an HPyType_Spec" : "HPyType_Specs"} of legacy shape`,
        kind: "type",
        module: name,
        functions: freeing.map((f) => f.name),
        notes: step.notes,
      });
      for (const f of freeing) outcomes.via.set(keyOf(f.file, f.name), { step: id, bridged: f.bridged });
      snapshot = next;
      for (const type of step.types) outcomes.movedTypes.add(typeKey(type));
    } catch (error) {
      for (const type of step.types) kept.set(typeKey(type), asRefused(error));
    }
  }
}

/** Deallocators that a step for types has made into `HPy_tp_destroy`, or has removed because HPy does what they did. */
function movedDeallocators(
  before: Snapshot,
  after: Snapshot,
): { readonly name: string; readonly file: string; readonly bridged: boolean }[] {
  return [...before.project.functions.values()].flat().flatMap((fn) => {
    const { name, file } = fn;
    const now = (after.project.functions.get(name) ?? []).find((f) => f.file.path === file.path);
    if (now === undefined) return [{ name, file: file.path, bridged: false }];
    const definition = `, ${name}, HPy_tp_destroy)`;
    const isNew = now.file.text.includes(definition) && !file.text.includes(definition);
    return isNew ? [{ name, file: file.path, bridged: usesCapi(now) }] : [];
  });
}

function spanOfName(fn: CFunction): Span {
  const { tree } = fn.file;
  return { start: tree.start(fn.declarator.node), end: tree.end(fn.declarator.node) };
}

/** Name of the extension in the build files, by which it is moved to the HPy list. */
function dottedName(snapshot: Snapshot, module: ExtensionModule): string {
  const { facts } = snapshot;
  const extension = facts.extensions.find(
    (e) =>
      (e.name === module.name || e.name?.endsWith(`.${module.name}`) === true) && e.sources.includes(module.file.path),
  );
  return extension?.name ?? module.name;
}

function advance(
  parser: Parser,
  snapshot: Snapshot,
  texts: ReadonlyMap<string, InputFile>,
  edits: ReadonlyMap<ParsedFile, EditSet>,
): Snapshot {
  const files = new Map(texts);
  for (const [file, set] of edits) {
    if (set.size === 0) continue;
    const text = applyEdits(file.text, set.edits());
    if (!hasBalancedConditionals(text) && hasBalancedConditionals(file.text))
      throw new Refused(
        "conditional-code",
        { start: 0, end: 0 },
        "An `#if` stands across something that has to be replaced.",
      );
    files.set(file.path, { path: file.path, text });
  }
  return new Snapshot(parser, files, snapshot);
}

function hasBalancedConditionals(text: string): boolean {
  const tokens = lex(text);
  let depth = 0;
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] !== TokenKind.directive) continue;
    const { name } = readDirective(tokens, t);
    if (name === "if" || name === "ifdef" || name === "ifndef") depth++;
    else if ((name === "else" || name === "elif") && depth === 0) return false;
    else if (name === "endif" && --depth < 0) return false;
  }
  return depth === 0;
}

/**
 * Adds a step, the difference of two snapshots, to the series.
 *
 * @throws Refused when the caller of the engine has excluded it; nothing has been added then.
 */
function addStep(outcomes: Outcomes, before: Snapshot, after: Snapshot, step: StepFacts): void {
  const evidence = outcomes.excluded.get(step.id);
  if (evidence !== undefined)
    throw new Refused("verification-failed", { start: 0, end: 0 }, `The step was made and failed: ${evidence}`);
  refuseInPlainModules(before, after);
  outcomes.steps.push(makeStep(before, after, step));
}

/** No step may put `hpy.h` where the build of a module that is no HPy module reads it. Throws {@link Refused}. */
function refuseInPlainModules(before: Snapshot, after: Snapshot): void {
  const includesHpy = (file: ParsedFile | undefined): boolean =>
    file?.includes.some((i) => i.path === "hpy.h") === true;
  for (const plain of after.project.modules) {
    if (plain.isHPy) continue;
    for (const file of plain.files)
      if (includesHpy(file) && !includesHpy(before.project.files.find((f) => f.path === file.path)))
        throw new Refused(
          "helper-in-header",
          { start: 0, end: 0 },
          `HPy code would stand in ${file.path}, which the module ${plain.name} reads too; that is no HPy module.`,
        );
  }
}

type StepFacts = Pick<Step, "id" | "title" | "kind" | "module" | "functions" | "notes">;

/** Adds a step of a module as a whole; where it is excluded, a note says so and the answer is false. */
function tryToAddStep(
  outcomes: Outcomes,
  before: Snapshot,
  after: Snapshot,
  module: ExtensionModule,
  step: StepFacts,
): boolean {
  try {
    addStep(outcomes, before, after, step);
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    outcomes.notes.push(refusalOf(error, module.file));
    return false;
  }
}

function makeStep(before: Snapshot, after: Snapshot, step: StepFacts): Step {
  const changes: FileChange[] = [];
  for (const [path, file] of after.files) {
    const old = before.files.get(path);
    if (old?.text === file.text) continue;
    changes.push({ path, before: old?.text ?? null, after: file.text });
  }
  changes.sort((a, b) => (a.path < b.path ? -1 : 1));
  let insertions = 0;
  let deletions = 0;
  for (const change of changes) {
    const counts = lineChanges(change.before ?? "", change.after);
    insertions += counts.insertions;
    deletions += counts.deletions;
  }
  return { ...step, changes, insertions, deletions };
}

/** What is listed in the legacy tables of the module and of its types moves, entry by entry. */
function* migrateEntries(
  parser: Parser,
  start: Snapshot,
  name: string,
  path: string,
  rules: EngineRules,
  outcomes: Outcomes,
  first: string,
): Generator<PlanProgress, Snapshot, void> {
  let snapshot = start;
  const tried = new Set<string>();
  /** Units with functions that other code uses: each step may take the last use away. */
  const used = new Set<string>();
  /** Those of them that do not even move with copies of these functions. */
  const stuck = new Set<string>();
  /** Units with functions that call what cannot be proved. */
  const held = new Set<string>();
  /** Those of them that do not even move when these calls go over bridges. */
  const given = new Set<string>();
  /** The entries that are left; a refused unit leaves them as they are. */
  let grouped = null as (Units & { readonly project: Project }) | null;
  for (;;) {
    const module = findModule(snapshot, name, path);
    if (module === undefined || !module.isHPy) return snapshot;
    const { project } = snapshot;
    if (grouped?.project !== project) grouped = { project, ...groupEntries(project, readEntries(project, module)) };
    const { units, refused } = grouped;
    for (const { entry, error } of refused)
      refuseEntry(outcomes, project, entry, refusalOf(error, entry.table.file), "first");
    const open = units.filter((u) => !tried.has(unitKey(u)));
    // What is still in use after everything else has moved stays for its users, beside an HPy copy.
    const left = units.filter((u) => used.has(unitKey(u)) && !stuck.has(unitKey(u)));
    const last = units.filter((u) => held.has(unitKey(u)) && !given.has(unitKey(u)));
    const copies: Copies = open.length > 0 ? "none" : "allowed";
    const calls: LegacyCalls = open.length + left.length > 0 ? "refused" : "bridged";
    const unit = open.find((u) => u.some((e) => functionNames(e).includes(first))) ?? open[0] ?? left[0] ?? last[0];
    if (unit === undefined) return snapshot;
    yield { steps: outcomes.steps, module: name };
    (calls === "bridged" ? given : copies === "none" ? tried : stuck).add(unitKey(unit));
    for (const entry of unit)
      if (entry.owners.length > 0)
        for (const fn of functionNames(entry)) outcomes.ofTypes.add(functionKey(project, entry, fn));
    try {
      const { plan, next } = planUnit(parser, snapshot, { name, path }, unit, rules, copies, calls);
      const named = functionNames(unit[0] as Entry)[0] ?? "";
      const own = resolveFunction(project, functionFile(project, unit[0] as Entry, named), named);
      refuseBridges(rules, plan, own === null ? { start: 0, end: 0 } : spanOfName(own));
      const id = uniqueId(unitId(project, name, unit), outcomes.steps);
      addStep(outcomes, snapshot, next, {
        id,
        title: unitTitle(unit, plan.functions),
        kind: unit[0]?.kind === "member" ? "member" : "function",
        module: name,
        functions: plan.functions,
        notes: plan.notes,
      });
      noteMoved(outcomes, plan, id);
      for (const [fn, why] of plan.called)
        outcomes.refusals.set(keyOf(fn.file.path, fn.name), [refusalOf(why, fn.file)]);
      snapshot = retireHelpers(parser, next, name, path, outcomes);
      for (const key of used) tried.delete(key);
    } catch (error) {
      const refused = asRefused(error);
      if (refused.id === "function-used-elsewhere") used.add(unitKey(unit));
      if (refused.id === "calls-unproven-function") held.add(unitKey(unit));
      // What holds it even with copies is the better reason.
      if (copies === "none" && stuck.has(unitKey(unit))) continue;
      for (const entry of unit) {
        const file =
          refused instanceof RefusedAt ? refused.file : functionFile(project, entry, functionNames(entry)[0] ?? "");
        refuseEntry(outcomes, project, entry, refusalOf(refused, file), "last");
      }
    }
  }
}

/** Refusals of what macros and names cannot be to blame for. */
const IN_PLAIN_SIGHT: ReadonlySet<string> = new Set([
  "conditional-code",
  "cplusplus-auto",
  "cplusplus-class",
  "cplusplus-declaration-in-condition",
  "cplusplus-exception",
  "cplusplus-goto",
  "cplusplus-lambda",
  "cplusplus-linkage",
  "cplusplus-namespace",
  "cplusplus-overload",
  "cplusplus-range-loop",
  "cplusplus-reference",
  "cplusplus-static-local",
  "declared-in-header",
  "definition-in-other-file",
  "function-listed-twice",
  "function-not-found",
  "function-used-elsewhere",
  "internal-error",
  "method-flags",
  "slot-missing-in-hpy",
  "slot-signature",
  "slot-stays-legacy",
  "skip-comment",
  "unparsed",
]);

/** Plans a unit; where macros or names hide what it does, from a text that shows it. Throws {@link Refused}. */
function planUnit(
  parser: Parser,
  snapshot: Snapshot,
  of: { readonly name: string; readonly path: string },
  unit: readonly Entry[],
  rules: EngineRules,
  copies: Copies,
  calls: LegacyCalls,
): { readonly plan: MethodStep; readonly next: Snapshot } {
  const module = findModule(snapshot, of.name, of.path) as ExtensionModule;
  const plain = (): { readonly plan: MethodStep; readonly next: Snapshot } =>
    proved(parser, snapshot, (containers) =>
      planEntries(snapshot.project, module, unit, snapshot.analyses(calls), rules, containers, copies),
    );
  const inReadable = (error: unknown): { readonly plan: MethodStep; readonly next: Snapshot } => {
    const readable = snapshot.readable(parser);
    if (readable === null) throw error;
    const { project } = readable.snapshot;
    const analyses = readable.snapshot.analyses(calls);
    const again = findModule(readable.snapshot, of.name, of.path);
    const { units } = groupEntries(project, again === undefined ? [] : readEntries(project, again));
    const same = units.find((u) => unitKey(u) === unitKey(unit));
    if (again === undefined || same === undefined) throw error;
    try {
      return proved(parser, readable.snapshot, (containers) => {
        const plan = planEntries(project, again, same, analyses, rules, containers, copies);
        return { ...plan, edits: restoreMacros(project, snapshot.files, readable.edits, plan.edits) };
      });
    } catch (retried) {
      const [entry] = same;
      const isUnread = retried instanceof Refused && retried.id.startsWith("rewrite-not-");
      if (!(retried instanceof Refused) || isUnread || entry === undefined) throw error;
      const { path } = functionFile(project, entry, functionNames(entry)[0] ?? "");
      const span = originalSpan(readable.edits.get(path) ?? [], retried.span);
      throw new Refused(retried.id, span, retried.message, retried.root);
    }
  };
  try {
    // What macros hide is better rewritten than called over a bridge.
    return calls === "bridged" && snapshot.readable(parser) !== null ? inReadable(null) : plain();
  } catch (error) {
    if (calls === "bridged") return plain();
    if (!(error instanceof Refused) || IN_PLAIN_SIGHT.has(error.id)) throw error;
    return inReadable(error);
  }
}

/** Where a span of an edited text comes from. */
function originalSpan(edits: readonly Edit[], span: Span): Span {
  const original = (offset: number): number => {
    let shift = 0;
    for (const edit of edits) {
      const start = edit.start + shift;
      if (offset <= start) break;
      if (offset < start + edit.text.length) return edit.start;
      shift += edit.text.length - (edit.end - edit.start);
    }
    return offset - shift;
  };
  return { start: original(span.start), end: original(span.end) };
}

/** Notes which step has moved functions, and which legacy functions have HPy copies now. */
function noteMoved(outcomes: Outcomes, plan: MethodStep, step: string): void {
  for (const m of plan.migrated) {
    outcomes.via.set(keyOf(m.file, m.name), { step, bridged: m.bridged });
    if (m.copyOf !== null) outcomes.copies.set(keyOf(m.file, m.copyOf), m.name);
  }
}

/** Notes why an entry stays: for its functions, or for itself where it has none. */
function refuseEntry(
  outcomes: Outcomes,
  project: Project,
  entry: Entry,
  refusal: Refusal,
  which: "first" | "last",
): void {
  const names = functionNames(entry);
  const keys =
    names.length > 0
      ? names.map((n) => functionKey(project, entry, n))
      : [keyOf(entry.table.file.path, entryTitle(entry))];
  const hasFunction = names.some((n) => resolveFunction(project, entry.table.file, n) !== null);
  if (!hasFunction)
    for (const owner of entry.owners) {
      const known = outcomes.entryRefusals.get(cNameOf(owner)) ?? new Map<string, Refusal>();
      outcomes.entryRefusals.set(cNameOf(owner), known.set(entryTitle(entry), refusal));
    }
  for (const key of keys) {
    if (entry.owners.length > 0) outcomes.ofTypes.add(key);
    if (which === "last" || !outcomes.refusals.has(key)) outcomes.refusals.set(key, [refusal]);
  }
}

/**
 * The independent checker reads what the step emits afresh; a function that it does not find clean is not offered.
 * Throws {@link Refused}.
 */
function proveStep(after: Snapshot, migrated: readonly { readonly name: string; readonly file: string }[]): void {
  const files = [...after.parsed.values()];
  for (const { name, file } of migrated) {
    const parsed = after.parsed.get(file);
    if (parsed === undefined) continue;
    const unread = parsed.unparsed.find((u) => u.name === name);
    if (unread !== undefined)
      throw new Refused(
        "rewrite-not-parsed",
        { start: 0, end: 0 },
        `The rewritten \`${name}\` does not parse: ${unread.reason}.`,
      );
    const moved = (after.project.functions.get(name) ?? []).find((f) => f.file.path === file);
    const skipped = moved === undefined ? null : skippedInitialiser(moved);
    if (skipped !== null)
      throw new Refused(
        "cplusplus-goto",
        { start: 0, end: 0 },
        `The rewritten \`${name}\` would jump over the initialisation of \`${skipped}\`, which C++ forbids.`,
      );
    const proof = proveHandles(parsed, name, files);
    if (proof.verdict === "clean") continue;
    const finding = proof.findings[0];
    const what =
      finding === undefined ? proof.unproven.map((u) => u.reason).join("; ") : `${finding.id}: ${finding.message}`;
    throw new Refused(
      "rewrite-not-proved",
      { start: 0, end: 0 },
      `The handles of the rewritten \`${name}\` could not be proved: ${what}`,
    );
  }
}

/**
 * A planned method and the tree after it. Builders are tried first; where the checker cannot follow them, lists and
 * tuples stay objects that the C API makes. Throws {@link Refused}.
 */
function proved(
  parser: Parser,
  snapshot: Snapshot,
  planWith: (containers: Containers) => MethodStep,
): { readonly plan: MethodStep; readonly next: Snapshot } {
  const attempt = (containers: Containers): { readonly plan: MethodStep; readonly next: Snapshot } => {
    const plan = planWith(containers);
    const next = advance(parser, snapshot, snapshot.files, plan.edits);
    proveStep(next, plan.migrated);
    return { plan, next };
  };
  try {
    return attempt("builders");
  } catch (error) {
    if (!(error instanceof Refused) || error.id !== "rewrite-not-proved") throw error;
    return attempt("bridged");
  }
}

/** Legacy copies of helpers go as soon as no legacy code calls them. */
function retireHelpers(parser: Parser, start: Snapshot, name: string, path: string, outcomes: Outcomes): Snapshot {
  let snapshot = start;
  for (;;) {
    const module = findModule(snapshot, name, path);
    const plan = module === undefined ? null : planRetirement(snapshot.project, module);
    if (plan === null) return snapshot;
    const next = advance(parser, snapshot, snapshot.files, plan.edits);
    const id = uniqueId(`retire-${plan.helper}`, outcomes.steps);
    try {
      addStep(outcomes, snapshot, next, {
        id,
        title: `Remove the legacy copy of ${plan.helper}()`,
        kind: "retire",
        module: name,
        functions: plan.functions,
        notes: plan.notes,
      });
    } catch (error) {
      if (!(error instanceof Refused) || module === undefined) throw error;
      outcomes.refusals.set(keyOf(path, plan.helper), [refusalOf(error, module.file)]);
      return snapshot;
    }
    for (const [key, via] of [...outcomes.via]) {
      const [file = "", fn = ""] = key.split("\0");
      if (fn === `${plan.helper}_hpy`) outcomes.via.set(keyOf(file, plan.helper), { step: id, bridged: via.bridged });
    }
    snapshot = next;
  }
}

/** The references in the structs of types become fields that HPy knows. */
function migrateFields(parser: Parser, start: Snapshot, name: string, path: string, outcomes: Outcomes): Snapshot {
  let snapshot = start;
  const tried = new Set<string>();
  for (;;) {
    const module = findModule(snapshot, name, path);
    if (module === undefined || !module.isHPy) return snapshot;
    const type = readHPyTypes(snapshot.project).find(
      (t) => module.files.includes(t.specification.file) && !tried.has(cNameOf(t)),
    );
    if (type === undefined) return snapshot;
    tried.add(cNameOf(type));
    try {
      const plan = planFields(snapshot.project, module, type);
      if (plan === null) continue;
      const next = advance(parser, snapshot, snapshot.files, plan.edits);
      proveStep(next, plan.rewritten);
      const id = uniqueId(`fields-${plan.struct}`, outcomes.steps);
      addStep(outcomes, snapshot, next, {
        id,
        title: `Keep the ${plan.count === 1 ? "object" : `${plan.count} objects`} of ${plan.struct} in ${plan.count === 1 ? "an HPyField" : "HPyFields"}`,
        kind: "fields",
        module: name,
        functions: plan.functions,
        notes: plan.notes,
      });
      for (const { name: gone, file } of plan.removed)
        outcomes.via.set(keyOf(file, gone), { step: id, bridged: false });
      for (const title of plan.titles) outcomes.entryRefusals.get(cNameOf(type))?.delete(title);
      for (const { name: moved, file } of plan.rewritten) {
        const key = keyOf(file, moved);
        const now = (next.project.functions.get(moved) ?? []).find((f) => f.file.path === file);
        const known = outcomes.via.get(key);
        if (now !== undefined && known !== undefined) outcomes.via.set(key, { ...known, bridged: usesCapi(now) });
      }
      snapshot = next;
    } catch (error) {
      const { id, message } = asRefused(error);
      outcomes.keptFields.set(cNameOf(type), { ...placeOfType(type), id, message });
    }
  }
}

function placeOfType({ specification }: Pick<HPyTypeSpec, "specification">): Pick<Refusal, "path" | "span" | "line"> {
  const { tree, text, path } = specification.file;
  const span = { start: tree.start(specification.declaration), end: tree.end(specification.declaration) };
  return { path, span, line: lineOf(text, span.start) };
}

/** Types of which nothing is legacy any more are laid out by HPy. */
function migrateShapes(parser: Parser, start: Snapshot, name: string, path: string, outcomes: Outcomes): Snapshot {
  let snapshot = start;
  for (;;) {
    const module = findModule(snapshot, name, path);
    if (module === undefined || !module.isHPy) return snapshot;
    const { shape, kept } = planPureShape(snapshot.project, module);
    for (const { variable, specification, reason } of kept) {
      outcomes.keptHeads.set(variable, {
        ...placeOfType({ specification }),
        id: "type-keeps-head",
        message: `It keeps PyObject_HEAD: ${reason}.`,
      });
    }
    if (shape === null) return snapshot;
    const next = advance(parser, snapshot, snapshot.files, shape.edits);
    const added = tryToAddStep(outcomes, snapshot, next, module, {
      id: uniqueId(`shape-${shape.struct}`, outcomes.steps),
      title: `Take PyObject_HEAD out of ${shape.struct}: HPy lays out ${shape.type}`,
      kind: "type",
      module: name,
      functions: [],
      notes: shape.notes,
    });
    if (!added) return snapshot;
    snapshot = next;
  }
}

type GlobalsPlanner = (project: Project, module: ExtensionModule) => SourceEdits | null;

function migrateGlobals(
  parser: Parser,
  snapshot: Snapshot,
  name: string,
  path: string,
  outcomes: Outcomes,
  planner: GlobalsPlanner,
  title: string,
): Snapshot {
  const module = findModule(snapshot, name, path);
  const plan: SourceEdits | null = module === undefined ? null : planner(snapshot.project, module);
  if (module === undefined || plan === null) return snapshot;
  const next = advance(parser, snapshot, snapshot.files, plan.edits);
  const functions = [...next.project.functions.values()].flat().filter((f) => f.isMigrated && f.file.path === path);
  try {
    proveStep(
      next,
      functions.map((f) => ({ name: f.name, file: path })),
    );
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return snapshot;
  }
  const added = tryToAddStep(outcomes, snapshot, next, module, {
    id: uniqueId(`globals-${name}`, outcomes.steps),
    title,
    kind: "global",
    module: name,
    functions: [],
    notes: plan.notes,
  });
  if (!added) return snapshot;
  for (const fn of functions) {
    const known = outcomes.via.get(keyOf(path, fn.name));
    const init = outcomes.via.get(keyOf(path, `PyInit_${name}`));
    if (init !== undefined && fn.name.endsWith("_exec_impl"))
      outcomes.via.set(keyOf(path, `PyInit_${name}`), { ...init, bridged: usesCapiCalls(fn) });
    if (known !== undefined) outcomes.via.set(keyOf(path, fn.name), { ...known, bridged: usesCapiCalls(fn) });
  }
  return next;
}

/** Python.h goes when nothing of it is used any more. */
function finishModule(parser: Parser, snapshot: Snapshot, name: string, path: string, outcomes: Outcomes): Snapshot {
  const module = findModule(snapshot, name, path);
  const plan = module === undefined ? null : planFinish(module);
  if (module === undefined || plan === null) return snapshot;
  const next = advance(parser, snapshot, snapshot.files, plan.edits);
  const added = tryToAddStep(outcomes, snapshot, next, module, {
    id: uniqueId(`finish-${name}`, outcomes.steps),
    title: `Drop Python.h from ${name}: it builds under the universal ABI`,
    kind: "finish",
    module: name,
    functions: [],
    notes: plan.notes,
  });
  return added ? next : snapshot;
}

/** The module's initialisation moves after its methods. */
function migrateInit(
  parser: Parser,
  snapshot: Snapshot,
  name: string,
  path: string,
  rules: EngineRules,
  outcomes: Outcomes,
): Snapshot {
  const module = findModule(snapshot, name, path);
  if (module === undefined || !module.isHPy) return snapshot;
  const found = findInit(snapshot.project, module);
  if (found === null) return snapshot;
  const original = `PyInit_${name}`;
  try {
    const plan = planInit(snapshot.project, module, snapshot.analyses("refused"), rules);
    if (plan === null) return snapshot;
    refuseBridges(rules, plan, spanOfName(found.init));
    const next = advance(parser, snapshot, snapshot.files, plan.edits);
    proveStep(next, plan.migrated);
    const id = uniqueId(`function-${found.init.name}`, outcomes.steps);
    addStep(outcomes, snapshot, next, {
      id,
      title: `Move the initialisation of ${name} to HPy`,
      kind: "function",
      module: name,
      functions: plan.functions,
      notes: plan.notes,
    });
    noteMoved(outcomes, plan, id);
    outcomes.via.set(keyOf(path, found.init.name), { step: id, bridged: plan.migrated[0]?.bridged === true });
    outcomes.via.set(keyOf(path, original), { step: id, bridged: plan.migrated[0]?.bridged === true });
    return next;
  } catch (error) {
    outcomes.refusals.set(keyOf(path, found.init.name), [refusalOf(asRefused(error), found.init.file)]);
    return snapshot;
  }
}

const UNIT_KEYS = new WeakMap<readonly Entry[], string>();

function unitKey(unit: readonly Entry[]): string {
  const known = UNIT_KEYS.get(unit) ?? unit.map(entryKey).join("\0\0");
  UNIT_KEYS.set(unit, known);
  return known;
}

function uniqueId(wish: string, steps: readonly Step[]): string {
  let id = wish;
  for (let i = 2; steps.some((s) => s.id === id); i++) id = `${wish}-${i}`;
  return id;
}

/** A name that several files define keeps its step's id however far the others have got. */
function unitId(project: Project, module: string, unit: readonly Entry[]): string {
  const entry = unit[0] as Entry;
  if (entry.kind === "member") return `member-${entry.table.name}`;
  const name = functionNames(entry)[0] ?? "unknown";
  const isShared = (project.functions.get(name) ?? []).length > 1;
  return `function-${isShared ? `${module}-` : ""}${name}`;
}

function unitTitle(unit: readonly Entry[], functions: readonly string[]): string {
  const [first, ...others] = unit.map(entryTitle);
  const last = others.pop();
  const what = last === undefined ? first : `${[first, ...others].join(", ")} and ${last}`;
  const named = new Set(unit.flatMap(functionNames));
  const helpers = Math.max(0, functions.length - named.size);
  if (helpers === 0) return `Move ${what} to HPy`;
  return `Move ${what} to HPy with ${helpers === 1 ? "a helper" : `${helpers} helpers`}`;
}

function functionFile(project: Project, entry: Entry, name: string): ParsedFile {
  const { file } = entry.table;
  return resolveFunction(project, file, name)?.file ?? project.functions.get(name)?.[0]?.file ?? file;
}

function functionKey(project: Project, entry: Entry, name: string): string {
  return keyOf(functionFile(project, entry, name).path, name);
}

/** Definitions of modules whose init functions were not recognised, so that their functions are not counted either. */
function unfoundModules(project: Project): Refusal[] {
  const known = new Set(project.modules.flatMap((m) => m.files));
  const found: Refusal[] = [];
  for (const [name, variables] of project.globals)
    for (const { file, declaration, declarator } of variables) {
      const isDefinition = ["PyModuleDef", "struct PyModuleDef"].includes(declarator.type.base);
      if (!isDefinition || declarator.value === NONE || known.has(file)) continue;
      const span = { start: file.tree.start(declaration), end: file.tree.end(declaration) };
      found.push({
        id: "module-init-not-found",
        path: file.path,
        span,
        line: lineOf(file.text, span.start),
        message: `No init function was recognised for the module that \`${name}\` defines; nothing of it is planned or counted.`,
      });
    }
  return found;
}

// The report.

function report(start: Snapshot, end: Snapshot, outcomes: Outcomes, options: MigrationOptions): MigrationPlan {
  const modules: ModuleReport[] = [];
  const byFile = functionsByFile(start.project);
  const isCounted = new Map<CFunction, boolean>();
  const counts = (fn: CFunction): boolean => {
    const key = keyOf(fn.file.path, fn.name);
    const known =
      isCounted.get(fn) ?? (fn.isMigrated || outcomes.ofTypes.has(key) || outcomes.via.has(key) || usesCapi(fn));
    isCounted.set(fn, known);
    return known;
  };
  const counted = new Set<CFunction>();
  for (const module of start.project.modules) {
    const functions: FunctionReport[] = [];
    const owners = functionsOfTypes(start.project, typesOf(start.project, module));
    for (const file of module.files) {
      for (const fn of byFile.get(file) ?? []) {
        if (counted.has(fn) || !counts(fn) || ownerOf(fn, start.project.modules, outcomes) !== module) continue;
        counted.add(fn);
        functions.push(functionReport(module, fn, owners.get(fn) ?? null, outcomes, end));
      }
    }
    functions.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line));
    modules.push({
      name: module.name,
      files: module.files.map((f) => f.path),
      functions,
      types: typeReports(start, end, module, outcomes),
      steps: outcomes.steps.filter((s) => s.module === module.name),
      refusals: outcomes.moduleRefusals.get(module.name) ?? [],
    });
  }
  const all = modules.flatMap((m) => m.functions);
  const count = (status: FunctionStatus): number => all.filter((f) => f.status === status).length;
  const notes: Refusal[] = [...outcomes.notes];
  for (const file of start.parsed.values())
    for (const u of file.unparsed)
      notes.push({
        id: "unparsed",
        path: file.path,
        span: u.span,
        line: lineOf(file.text, u.span.start),
        message: `${u.name === "" ? "A part of the file" : `\`${u.name}\``} is not understood by the parser: ${u.reason}.`,
      });
  for (const [path, by] of start.generated)
    notes.push({
      id: "generated-file",
      path,
      span: { start: 0, end: 0 },
      line: 1,
      message: `Generated by ${by}; migrate its source instead.`,
    });
  notes.push(...unfoundModules(start.project));
  return {
    hpy: options.hpy,
    modules,
    steps: outcomes.steps,
    account: accountOf(start, end, all),
    notes,
    totals: {
      functions: all.length,
      pure: count("pure"),
      bridged: count("bridged"),
      legacy: count("legacy"),
      steps: outcomes.steps.length,
    },
  };
}

/** The functions of a project by file, in the order of the project. */
function functionsByFile(project: Project): ReadonlyMap<ParsedFile, readonly CFunction[]> {
  const byFile = new Map<ParsedFile, CFunction[]>();
  for (const list of project.functions.values())
    for (const fn of list) {
      const others = byFile.get(fn.file);
      if (others === undefined) byFile.set(fn.file, [fn]);
      else others.push(fn);
    }
  return byFile;
}

/**
 * The module that a function is counted in, where several are built from its file: the one that it initialises or that
 * lists it, else the first that can be moved.
 */
function ownerOf(fn: CFunction, modules: readonly ExtensionModule[], outcomes: Outcomes): ExtensionModule | undefined {
  const candidates = modules.filter((m) => m.files.includes(fn.file));
  return (
    candidates.find((m) => m.file === fn.file) ??
    candidates.find((m) => m.methods?.entries.some((e) => e.functionName === fn.name)) ??
    candidates.find((m) => !outcomes.moduleRefusals.has(m.name)) ??
    candidates[0]
  );
}

/** The types of a module: why static ones stay that do, and what of the others stays that is no function of the project. */
function typeReports(start: Snapshot, end: Snapshot, module: ExtensionModule, outcomes: Outcomes): TypeReport[] {
  const described = new Map(readHPyTypes(end.project).map((type) => [cNameOf(type), type]));
  const statusOf = (name: string): FunctionStatus => {
    const type = described.get(name);
    return type !== undefined && type.slots === null && !type.isLegacyShape ? "pure" : "bridged";
  };
  const ofCapi = [
    ...readStaticTypes(start.project, module.files).map((t) => ({ name: t.name, definition: t.definition })),
    ...readTypeSpecs(start.project, module.files).map((t) => ({ name: t.name, definition: t.variable })),
  ].map(({ name, definition }) => {
    const { file } = definition;
    const key = keyOf(file.path, name);
    const made = readHPyTypes(end.project).find((t) => t.specification.name === name);
    const cName = made === undefined ? name : cNameOf(made);
    const span = { start: file.tree.start(definition.declarator.node), end: file.tree.end(definition.declarator.node) };
    const line = lineOf(file.text, span.start);
    const isMoved = outcomes.movedTypes.has(key);
    const refusal = outcomes.typeRefusals.get(key);
    const ofModule = outcomes.moduleRefusals.get(module.name)?.[0];
    const refusals: Refusal[] = refusal === undefined ? [] : [refusal];
    if (isMoved) refusals.push(...refusalsOfType(outcomes, cName));
    else if (refusal === undefined && ofModule !== undefined)
      refusals.push({
        id: "module-stays-legacy",
        path: file.path,
        span,
        line,
        message: `The module cannot be made an HPy module: ${ofModule.message}`,
      });
    return {
      name,
      file: file.path,
      line,
      status: isMoved ? statusOf(cName) : "legacy",
      refusals,
    } as const;
  });
  const specified = readHPyTypes(start.project)
    .filter((type) => module.files.includes(type.specification.file))
    .map((type) => {
      const { file, declaration } = type.specification;
      const name = cNameOf(type);
      return {
        name,
        file: file.path,
        line: lineOf(file.text, file.tree.start(declaration)),
        status: statusOf(name),
        refusals: refusalsOfType(outcomes, name),
      };
    });
  return [...ofCapi, ...specified];
}

/** Why something of a type that HPy makes stays as it is. */
function refusalsOfType(outcomes: Outcomes, cName: string): Refusal[] {
  const fields = outcomes.keptFields.get(cName);
  const refusals = [...(outcomes.entryRefusals.get(cName)?.values() ?? []), ...(fields === undefined ? [] : [fields])];
  // What keeps the head matters once nothing else of the type is left: slots and fields keep it too.
  const head = outcomes.keptHeads.get(cName);
  return head === undefined || refusals.length > 0 ? refusals : [head];
}

/** The variable that a type is known by in C. */
function cNameOf(type: HPyTypeSpec): string {
  return type.pointer ?? type.specification.name;
}

/** The variables that describe the types of a module, with the names that the types are reported by. */
function typesOf(project: Project, module: ExtensionModule): { name: string; variable: GlobalVariable }[] {
  const described = readHPyTypes(project)
    .filter((type) => module.files.includes(type.specification.file))
    .flatMap((type) => {
      const { name, file } = type.specification;
      const variable = project.globals.get(name)?.find((g) => g.file === file && g.declarator.value !== NONE);
      return variable === undefined ? [] : [{ name: cNameOf(type), variable }];
    });
  return [
    ...readStaticTypes(project, module.files).map((t) => ({ name: t.name, variable: t.definition })),
    ...readTypeSpecs(project, module.files).map((t) => ({ name: t.name, variable: t.variable })),
    ...described,
  ];
}

function functionReport(
  module: ExtensionModule,
  fn: CFunction,
  type: string | null,
  outcomes: Outcomes,
  end: Snapshot,
): FunctionReport {
  const key = keyOf(fn.file.path, fn.name);
  const via = outcomes.via.get(key);
  const isMethod = module.methods?.entries.some((e) => e.functionName === fn.name) === true;
  const kind = fn.isMigrated
    ? "migrated"
    : fn === module.init
      ? "init"
      : isMethod
        ? "method"
        : outcomes.ofTypes.has(key)
          ? "type"
          : "helper";
  const base = {
    name: fn.name,
    file: fn.file.path,
    line: lineOf(fn.file.text, fn.file.tree.start(fn.node)),
    span: { start: fn.file.tree.start(fn.node), end: fn.file.tree.end(fn.node) },
    kind,
    type,
  } as const;
  if (fn.isMigrated) {
    const now = (end.project.functions.get(fn.name) ?? []).find((f) => f.file.path === fn.file.path);
    return { ...base, status: now !== undefined && usesCapi(now) ? "bridged" : "pure", via: null, refusals: [] };
  }
  if (via !== undefined) return { ...base, status: via.bridged ? "bridged" : "pure", via: via.step, refusals: [] };
  const copy = outcomes.copies.get(key);
  const copied = copy === undefined ? undefined : outcomes.via.get(keyOf(fn.file.path, copy));
  if (copied !== undefined) {
    const message = `Its HPy copy \`${copy}\` serves Python and HPy code; this one stays for the legacy code that uses it.`;
    const refusals = [{ ...placeOf(fn), id: "kept-beside-copy", message }];
    return { ...base, status: copied.bridged ? "bridged" : "pure", via: copied.step, refusals };
  }
  const known = outcomes.refusals.get(key) ?? [];
  const refusals = known.length > 0 ? known : [explainLegacy(module, fn, outcomes)];
  return { ...base, status: "legacy", via: null, refusals };
}

function placeOf(fn: CFunction): Pick<Refusal, "path" | "span" | "line"> {
  const { tree, text, path } = fn.file;
  const start = tree.start(fn.declarator.node);
  return { path, span: { start, end: tree.end(fn.declarator.node) }, line: lineOf(text, start) };
}

/** Why a function that is no method of the module stays. */
function explainLegacy(module: ExtensionModule, fn: CFunction, outcomes: Outcomes): Refusal {
  const place = placeOf(fn);
  const ofModule = outcomes.moduleRefusals.get(module.name);
  if (ofModule !== undefined && ofModule[0] !== undefined)
    return {
      ...place,
      id: "module-stays-legacy",
      message: `The module cannot be made an HPy module: ${ofModule[0].message}`,
    };
  return {
    ...place,
    id: "only-used-by-legacy-code",
    message: "Only legacy code uses it: types of the extension, the init function, or functions that stay legacy.",
  };
}

/** Counts the C-API sites of the start and says what became of them. */
function accountOf(start: Snapshot, end: Snapshot, functions: readonly FunctionReport[]): Account {
  let found = 0;
  let rewritten = 0;
  let unparsed = 0;
  let suppressed = 0;
  const legacy = new Map<string, number>();
  const keep = (reason: string, sites: number): void => {
    if (sites > 0) legacy.set(reason, (legacy.get(reason) ?? 0) + sites);
  };
  const reports = new Map(functions.map((f) => [keyOf(f.file, f.name), f]));
  const files = new Set(start.project.modules.flatMap((m) => m.files));
  const functionsBefore = functionsByFile(start.project);
  const functionsAfter = functionsByFile(end.project);
  for (const file of files) {
    const before = sitesOf(file, functionsBefore.get(file) ?? []);
    found += before.all;
    unparsed += before.unparsed;
    for (const [name, sites] of before.byFunction) {
      const report = reports.get(keyOf(file.path, name));
      if (report?.refusals[0]?.id === "skip-comment") suppressed += sites;
      else if (report?.refusals[0]?.id === "kept-beside-copy") keep("kept-beside-copy", sites);
      else if (report !== undefined && report.status !== "legacy") rewritten += sites;
      else keep(report?.refusals[0]?.id ?? "only-used-by-legacy-code", sites);
    }
    const after = end.parsed.get(file.path);
    const sites = after === file ? before : after && sitesOf(after, functionsAfter.get(after) ?? []);
    const left = Math.min(before.fileScope, sites?.fileScope ?? 0);
    rewritten += before.fileScope - left;
    keep("file-scope", left);
  }
  return {
    found,
    rewritten,
    legacy: [...legacy]
      .map(([reason, sites]) => ({ reason, sites }))
      .sort((a, b) => b.sites - a.sites || (a.reason < b.reason ? -1 : 1)),
    suppressed,
    unparsed,
  };
}

interface Sites {
  readonly all: number;
  readonly unparsed: number;
  readonly fileScope: number;
  readonly byFunction: ReadonlyMap<string, number>;
}

/** C-API sites of a file by where they stand. */
function sitesOf(file: ParsedFile, functions: readonly CFunction[]): Sites {
  const tokens = lex(file.text);
  const ranges = functions.map(({ name, node }) => ({ start: file.tree.start(node), end: file.tree.end(node), name }));
  ranges.sort((a, b) => a.start - b.start);
  let all = 0;
  let unparsed = 0;
  let fileScope = 0;
  let next = 0;
  const byFunction = new Map<string, number>();
  for (let i = 0; i < tokens.count; i++) {
    if (tokens.kind[i] !== TokenKind.identifier) continue;
    const at = tokens.start[i] as number;
    if (!isCapiName(file.text.slice(at, tokens.end[i]))) continue;
    all++;
    while (next < ranges.length && (ranges[next]?.end ?? 0) <= at) next++;
    const range = ranges[next];
    if (file.unparsed.some((u) => at >= u.span.start && at < u.span.end)) unparsed++;
    else if (range !== undefined && at >= range.start)
      byFunction.set(range.name, (byFunction.get(range.name) ?? 0) + 1);
    else fileScope++;
  }
  return { all, unparsed, fileScope, byFunction };
}
