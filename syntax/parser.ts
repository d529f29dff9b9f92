import { Parser as ForeignParser, type Tree as ForeignTree, Language } from "web-tree-sitter";
import { audit } from "./audit.ts";
import { type ChoiceInput, chooseBranches } from "./choice.ts";
import { buildSymbolTable, flatten, type SymbolTable } from "./columns.ts";
import { describeConditionals, type EvaluatedConditionals, evaluateConditionals, type Fact } from "./conditionals.ts";
import { type DirectiveGroup, groupDirectives, readDefinition, readInclude, withoutComments } from "./directives.ts";
import { learnFacts, platformFacts } from "./facts.ts";
import { findForeignText } from "./foreign.ts";
import { detectLanguage, HeaderUse } from "./language.ts";
import { filterTokens, lex, TokenKind, type Tokens, tokenText } from "./lexer.ts";
import { classifyMacros, type MacroInfo, type MacroLookup, type MacroTable } from "./macros.ts";
import { type MaskedText, mask } from "./mask.ts";
import { maskPasting } from "./pasting.ts";
import { inPlainShapes } from "./plain-shapes.ts";
import { type ParsedText, reparse } from "./reparse.ts";
import type {
  Include,
  InputFile,
  MacroDefinition,
  MacroKnowledge,
  ParsedFile,
  Parser,
  Span,
  Unparsed,
} from "./source.ts";
import { type Columns, Tree } from "./tree.ts";
import { accessRuntime, type RuntimeAccess, walkTree } from "./tree-walker.ts";
import { branchBody, branchKey, chooseUncovered, declarationsAround, pickSuspects } from "./variants.ts";
import { type WasmImports, type WasmInstance, webAssembly } from "./web-assembly.ts";

/** Bytes of the WebAssembly modules; `runtime` may be left out where web-tree-sitter finds its own. */
export interface ParserModules {
  /** The runtime of web-tree-sitter: its bytes, or the address where it lies. */
  readonly runtime?: Uint8Array | string;
  readonly c: Uint8Array;
  readonly cpp: Uint8Array;
}

/** What is known of macros without a project. */
const HEADER_TABLE = classifyMacros(new Map());

/** Most trees of other choices that one file gets, and as many of dead ones; more would need deeper nesting. */
const MAX_ALTERNATIVES = 6;

/** Sets of files of which is kept what was learned: a series goes back and forth between few. */
const MAX_LEARNED = 4;

/** Characters of the files that are kept as they were parsed; what is derived of them takes ten times as much. */
const MAX_PARSED_LENGTH = 12_000_000;

/** Characters of earlier texts that are kept to parse later ones from, about a tenth of what their trees take. */
const MAX_EARLIER_LENGTH = 24_000_000;

/** The runtime is one per process, however many parsers are made; set when its module has been given as bytes. */
let runtimeAccess: RuntimeAccess | null = null;

/** Whether a parser answers from what it has read before where nothing of that has changed. The answers are the same. */
export type ParserMemory = "kept" | "none";

/** Loads the grammars. Rejects when a module cannot be compiled. */
export async function createParser(wasm: ParserModules, memory: ParserMemory = "kept"): Promise<Parser> {
  await ForeignParser.init(await runtimeOptions(wasm.runtime));
  const c = await GrammarParser.load(wasm.c, "c", memory);
  return new TreeSitterParser(c, await GrammarParser.load(wasm.cpp, "cpp", memory), memory);
}

/** Options of web-tree-sitter that make it use `runtime`. */
async function runtimeOptions(runtime: Uint8Array | string | undefined): Promise<Record<string, unknown>> {
  if (runtime === undefined) return {};
  if (typeof runtime === "string") return { locateFile: () => runtime };
  const module = await webAssembly.compile(runtime);
  const instantiateWasm = (imports: WasmImports, receive: (instance: WasmInstance, module: object) => void): object => {
    void webAssembly.instantiate(module, imports).then((instance) => {
      runtimeAccess = accessRuntime(instance, imports);
      receive(instance, module);
    });
    return {};
  };
  return { instantiateWasm };
}

/** One grammar with its parser and tables. */
class GrammarParser {
  readonly #parser: ForeignParser;
  readonly #table: SymbolTable;
  readonly #memory: ParserMemory;
  /** What was parsed last under each name, the latest last. */
  readonly #earlier = new Map<string, ParsedText>();
  #earlierLength = 0;

  private constructor(parser: ForeignParser, table: SymbolTable, memory: ParserMemory) {
    this.#parser = parser;
    this.#table = table;
    this.#memory = memory;
  }

  static async load(bytes: Uint8Array, name: "c" | "cpp", memory: ParserMemory): Promise<GrammarParser> {
    const language = await Language.load(bytes);
    const parser = new ForeignParser();
    parser.setLanguage(language);
    return new GrammarParser(parser, buildSymbolTable(language, name), memory);
  }

  get language(): "c" | "cpp" {
    return this.#table.grammar.language;
  }

  /** Tree over `text` of the parse of `masked`, which has the same length. */
  parse(text: string, masked: string, inserted: readonly number[]): Tree {
    return new Tree(text, this.#table.grammar, this.#columns(masked, inserted));
  }

  /** The same, where the text that was parsed last under this name may be a good part of it. */
  parseAgain(name: string, text: string, masked: string, inserted: readonly number[]): Tree {
    if (this.#memory === "none") return this.parse(text, masked, inserted);
    const earlier = this.#earlier.get(name);
    const columns =
      (earlier === undefined ? null : reparse(earlier, masked, inserted, (part, own) => this.#columns(part, own))) ??
      this.#columns(masked, inserted);
    this.#remember(name, { masked, inserted, columns });
    return new Tree(text, this.#table.grammar, columns);
  }

  #remember(name: string, parsed: ParsedText): void {
    this.#earlierLength += parsed.masked.length - (this.#earlier.get(name)?.masked.length ?? 0);
    this.#earlier.delete(name);
    this.#earlier.set(name, parsed);
    for (const [oldest, { masked }] of this.#earlier) {
      if (this.#earlierLength <= MAX_EARLIER_LENGTH || oldest === name) break;
      this.#earlier.delete(oldest);
      this.#earlierLength -= masked.length;
    }
  }

  #columns(masked: string, inserted: readonly number[]): Columns {
    const foreign = this.#parser.parse(masked) as ForeignTree;
    const walker = walkTree(foreign, runtimeAccess);
    try {
      return inPlainShapes(flatten(walker, this.#table, inserted), this.#table, masked);
    } finally {
      walker.delete();
      foreign.delete();
    }
  }
}

/** What the parser keeps behind an opaque {@link MacroKnowledge}. */
interface Learned {
  readonly macros: MacroTable;
  readonly facts: ReadonlyMap<string, Fact>;
  readonly headers: HeaderUse;
}

function learnFrom(
  files: readonly { readonly path: string; readonly directives: FileDirectives }[],
  definitions: MacroKnowledge["definitions"],
): Learned {
  const headers = new HeaderUse();
  for (const { path, directives } of files) headers.add(path, directives.includes);
  return { macros: classifyMacros(definitions), facts: learnFacts(files.map((f) => f.directives.tokens)), headers };
}

/** Macros of a project, with a record of what was asked about them. */
class RecordedMacros implements MacroLookup {
  readonly asked = new Map<string, MacroInfo | undefined>();
  readonly #macros: MacroTable;

  constructor(macros: MacroTable) {
    this.#macros = macros;
  }

  get(name: string): MacroInfo | undefined {
    const known = this.asked.get(name);
    if (known !== undefined || this.asked.has(name)) return known;
    const info = this.#macros.get(name);
    this.asked.set(name, info);
    return info;
  }
}

/** A file as it was parsed, and everything of the rest of the project that its parse has looked at. */
interface ParsedVersion {
  readonly file: ParsedFile;
  readonly asked: ReadonlyMap<string, MacroInfo | undefined>;
  /** What was learned when it was parsed or found to be the same last. */
  learned: Learned;
}

/** Whether a file would be parsed the same with other knowledge. */
function isSameWith({ file, asked, learned: before }: ParsedVersion, now: Learned): boolean {
  if (before === now) return true;
  if (before.headers.isCppOnly(file.path) !== now.headers.isCppOnly(file.path)) return false;
  if (!hasSameFacts(before.facts, now.facts)) return false;
  for (const [name, info] of asked) if (!isSameMacro(info, now.macros.get(name))) return false;
  return true;
}

function hasSameFacts(a: ReadonlyMap<string, Fact>, b: ReadonlyMap<string, Fact>): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [name, fact] of a) if (b.get(name) !== fact) return false;
  return true;
}

function isSameMacro(a: MacroInfo | undefined, b: MacroInfo | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a === b || (a.role === b.role && a.form === b.form && a.empty === b.empty && a.kept === b.kept);
}

/** What the directives of one file say. */
interface FileDirectives {
  readonly tokens: Tokens;
  /** The directives alone: files with the same ones teach the same facts. */
  readonly text: string;
  readonly definitions: readonly MacroDefinition[];
  readonly includes: readonly string[];
}

function readFileDirectives(text: string): FileDirectives {
  const tokens = onlyDirectives(lex(text));
  const definitions: MacroDefinition[] = [];
  const includes: string[] = [];
  const parts: string[] = [];
  for (let t = 0; t < tokens.count; t++) {
    parts.push(tokenText(tokens, t));
    const definition = readDefinition(tokens, t);
    const include = definition === null ? readInclude(tokens, t) : null;
    if (include !== null) includes.push(include.path);
    if (definition !== null) definitions.push(definition);
  }
  return { tokens, text: parts.join("\n"), definitions, includes };
}

class TreeSitterParser implements Parser {
  readonly #c: GrammarParser;
  readonly #cpp: GrammarParser;
  readonly #directives = new WeakMap<InputFile, FileDirectives>();
  /** What was learned of the files that were prepared last, by what their paths and directives were. */
  readonly #recentlyLearned: { readonly key: readonly string[]; readonly learned: Learned }[] = [];
  readonly #learned = new WeakMap<MacroKnowledge, Learned>();
  /** Files that were parsed last, the latest last, by their texts. */
  readonly #parsed = new Map<string, ParsedVersion[]>();
  #parsedLength = 0;
  readonly #memory: ParserMemory;

  constructor(c: GrammarParser, cpp: GrammarParser, memory: ParserMemory) {
    this.#c = c;
    this.#cpp = cpp;
    this.#memory = memory;
  }

  prepare(files: readonly InputFile[]): MacroKnowledge {
    const definitions = new Map<string, (MacroDefinition & { readonly path: string })[]>();
    const all: { readonly path: string; readonly directives: FileDirectives }[] = [];
    for (const file of files) {
      const { path, text } = file;
      if (findForeignText(path, text) !== null) continue;
      const known = this.#directives.get(file);
      const directives = known ?? readFileDirectives(text);
      if (known === undefined && this.#memory === "kept") this.#directives.set(file, directives);
      all.push({ path, directives });
      for (const definition of directives.definitions) {
        const same = definitions.get(definition.name);
        if (same) same.push({ ...definition, path });
        else definitions.set(definition.name, [{ ...definition, path }]);
      }
    }
    const knowledge: MacroKnowledge = { definitions };
    this.#learned.set(knowledge, this.#learn(all, definitions));
    return knowledge;
  }

  /** What all files teach, which is in their directives alone; steps of a migration seldom change one. */
  #learn(
    files: readonly { readonly path: string; readonly directives: FileDirectives }[],
    definitions: MacroKnowledge["definitions"],
  ): Learned {
    if (this.#memory === "none") return learnFrom(files, definitions);
    const key = files.flatMap(({ path, directives }) => [path, directives.text]);
    const known = this.#recentlyLearned.findIndex(
      (l) => l.key.length === key.length && key.every((k, i) => k === l.key[i]),
    );
    const [found] = known < 0 ? [] : this.#recentlyLearned.splice(known, 1);
    const entry = found ?? { key, learned: learnFrom(files, definitions) };
    this.#recentlyLearned.push(entry);
    if (this.#recentlyLearned.length > MAX_LEARNED) this.#recentlyLearned.shift();
    return entry.learned;
  }

  parse(file: InputFile, knowledge: MacroKnowledge): ParsedFile {
    const learned = this.#learnedFrom(knowledge);
    if (this.#memory === "none") return this.#parse(file, learned).file;
    const versions = this.#parsed.get(file.text) ?? [];
    const known = versions.find((v) => v.file.path === file.path && isSameWith(v, learned));
    const version = known ?? this.#parse(file, learned);
    if (known === undefined) {
      versions.push(version);
      this.#parsedLength += file.text.length;
    }
    version.learned = learned;
    if (versions.length > MAX_LEARNED) {
      versions.shift();
      this.#parsedLength -= file.text.length;
    }
    this.#parsed.delete(file.text);
    this.#parsed.set(file.text, versions);
    for (const [oldest, dropped] of this.#parsed) {
      if (this.#parsedLength <= MAX_PARSED_LENGTH || oldest === file.text) break;
      this.#parsed.delete(oldest);
      this.#parsedLength -= oldest.length * dropped.length;
    }
    return version.file;
  }

  #parse(file: InputFile, learned: Learned): ParsedVersion {
    const { path, text } = file;
    const recorded = new RecordedMacros(learned.macros);
    const foreign = findForeignText(path, text);
    if (foreign !== null) return { file: this.#unparsedFile(file, foreign), asked: recorded.asked, learned };
    const tokens = withoutComments(lex(text));
    const groups = groupDirectives(tokens);
    const language = detectLanguage(path, tokens, groups, learned.headers);
    const facts = new Map<string, Fact>([...platformFacts(language), ...learned.facts]);
    const evaluated = evaluateConditionals(tokens, groups, facts);
    const job: Job = {
      path,
      text,
      tokens,
      groups,
      evaluated,
      macros: recorded,
      grammar: this.#grammar(language),
      language,
    };
    const { tree, masked, forced } = parseLive(job);
    const hidden = listHidden(job, masked);
    const { macros, includes } = readDirectives(tokens);
    const { possible, dead } = parseAlternatives(job, tree, masked, forced);
    const parsed: ParsedFile = {
      path,
      text,
      language,
      tree,
      alternatives: [...possible, ...dead],
      hidden,
      macros,
      conditionals: describeConditionals(tokens, groups, evaluated),
      includes,
      unparsed: audit({
        tree,
        masked: masked.text,
        tokens: filterTokens(tokens, (t) => masked.plan.hidden[t] !== 1),
        macros: recorded,
        alternatives: possible,
      }),
    };
    return { file: parsed, asked: recorded.asked, learned };
  }

  parseFragment(text: string, as: "expression" | "statements" | "file", language: "c" | "cpp"): Tree {
    return parseFragment(this.#grammar(language), text, as);
  }

  #grammar(language: "c" | "cpp"): GrammarParser {
    return language === "c" ? this.#c : this.#cpp;
  }

  #learnedFrom(knowledge: MacroKnowledge): Learned {
    const known = this.#learned.get(knowledge);
    if (known !== undefined) return known;
    // Knowledge that another parser (or nobody) prepared still tells what the macros are.
    const learned = {
      macros: classifyMacros(knowledge.definitions),
      facts: new Map<string, Fact>(),
      headers: new HeaderUse(),
    };
    this.#learned.set(knowledge, learned);
    return learned;
  }

  #unparsedFile(file: InputFile, reason: string): ParsedFile {
    const { path, text } = file;
    const tree = this.#c.parse("", "", []);
    const unparsed: Unparsed = { span: { start: 0, end: text.length }, name: "", reason };
    return {
      path,
      text,
      language: "c",
      tree: new Tree(text, tree.grammar, tree.columns),
      alternatives: [],
      hidden: [],
      macros: [],
      conditionals: [],
      includes: [],
      unparsed: [unparsed],
    };
  }
}

/** Everything about one file that its parses share. */
interface Job {
  readonly path: string;
  readonly text: string;
  readonly tokens: Tokens;
  readonly groups: readonly DirectiveGroup[];
  readonly evaluated: EvaluatedConditionals;
  readonly macros: MacroLookup;
  readonly grammar: GrammarParser;
  readonly language: "c" | "cpp";
}

function choiceInput({ groups, evaluated }: Job): ChoiceInput {
  return { groups, liveness: evaluated.liveness, conditions: evaluated.conditions };
}

function maskJob(
  job: Job,
  forced: ReadonlySet<number>,
  wanted: ReadonlyMap<number, number>,
  only: readonly Span[] | null,
): MaskedText {
  const { tokens, groups, macros, language } = job;
  const keep = chooseBranches(choiceInput(job), wanted);
  return mask({ tokens, groups, macros, language, forced, keep, only });
}

/**
 * Parses the live configuration. Where errors remain next to conditionals, those are reduced to one branch and the
 * file is parsed again; the second tree counts when it has fewer errors.
 */
function parseLive(job: Job): {
  readonly tree: Tree;
  readonly masked: MaskedText;
  readonly forced: ReadonlySet<number>;
} {
  let forced: ReadonlySet<number> = new Set();
  let masked = maskJob(job, forced, new Map(), null);
  let tree = job.grammar.parseAgain(job.path, job.text, masked.text, masked.inserted);
  for (let round = 0; round < 2 && tree.hasError(0); round++) {
    const suspects = pickSuspects(tree, job.tokens, job.groups, masked.plan);
    if (suspects.length === 0) break;
    const more = new Set([...forced, ...suspects]);
    const other = maskJob(job, more, new Map(), null);
    const otherTree = job.grammar.parseAgain(`${job.path}\0\0${round}`, job.text, other.text, other.inserted);
    if (countErrors(otherTree) >= countErrors(tree)) break;
    forced = more;
    masked = other;
    tree = otherTree;
  }
  return { tree, masked, forced };
}

function countErrors(tree: Tree): number {
  let count = 0;
  for (let n = 0; n < tree.size; n++) if (tree.isMissing(n) || tree.kind(n) === "ERROR") count++;
  return count;
}

/** Bodies of the branches that the masked text does not show, in source order. */
function listHidden(job: Job, masked: MaskedText): Span[] {
  const spans: Span[] = [];
  for (const [g, keep] of masked.plan.kept) {
    const group = job.groups[g] as DirectiveGroup;
    group.branches.forEach((_, b) => {
      if (b === keep) return;
      const body = branchBody(job.tokens, group, b);
      if (body.end > body.start) spans.push(body);
    });
  }
  return spans.sort((a, b) => a.start - b.start);
}

/**
 * Trees that show the branches that the live tree hides, reduced to the declarations around them: first those of
 * branches that may be compiled, then those of dead ones.
 */
function parseAlternatives(
  job: Job,
  tree: Tree,
  masked: MaskedText,
  forced: ReadonlySet<number>,
): { readonly possible: readonly Tree[]; readonly dead: readonly Tree[] } {
  const possible: Tree[] = [];
  const dead: Tree[] = [];
  const known = new Set<number>();
  const shown = new Set<string>();
  const remember = (kept: ReadonlyMap<number, number>): void => {
    for (const [g, b] of kept) {
      known.add(g);
      shown.add(branchKey(g, b));
    }
  };
  remember(masked.plan.kept);
  for (const trees of [possible, dead]) {
    const isWanted = (g: number, b: number): boolean =>
      (job.evaluated.liveness[g]?.[b] === "dead") === (trees === dead) && !shown.has(branchKey(g, b));
    for (let round = 0; round < MAX_ALTERNATIVES; round++) {
      const choice = chooseUncovered(job.tokens, choiceInput(job), known, isWanted);
      if (choice.size === 0) break;
      const other = maskJob(job, forced, choice, rangesToShow(job, tree, known, choice));
      const name = `${job.path}\0${possible.length + dead.length}`;
      trees.push(job.grammar.parseAgain(name, job.text, other.text, other.inserted));
      remember(choice);
      remember(other.plan.kept);
    }
  }
  return { possible, dead };
}

/**
 * Spans of the declarations that hold the chosen groups, and of every other group that splits one of them: half a
 * group would leave a stray directive.
 */
function rangesToShow(
  job: Job,
  tree: Tree,
  known: ReadonlySet<number>,
  choice: ReadonlyMap<number, number>,
): readonly Span[] {
  const inside = new Set(choice.keys());
  for (;;) {
    const ranges = declarationsAround(
      tree,
      [...inside].map((g) => groupSpan(job, g)),
    );
    const before = inside.size;
    for (const g of known) {
      const { start, end } = groupSpan(job, g);
      if (ranges.some((range) => range.start < end && range.end > start)) inside.add(g);
    }
    if (inside.size === before) return ranges;
  }
}

function groupSpan(job: Job, g: number): Span {
  const group = job.groups[g] as DirectiveGroup;
  const start = job.tokens.start[group.branches[0] as number] as number;
  return { start, end: group.end < 0 ? job.text.length : (job.tokens.end[group.end] as number) };
}

function readDirectives(tokens: Tokens): { readonly macros: MacroDefinition[]; readonly includes: Include[] } {
  const macros: MacroDefinition[] = [];
  const includes: Include[] = [];
  for (let t = 0; t < tokens.count; t++) {
    if (tokens.kind[t] !== TokenKind.directive) continue;
    const definition = readDefinition(tokens, t);
    if (definition !== null) macros.push(definition);
    const include = readInclude(tokens, t);
    if (include !== null) includes.push(include);
  }
  return { macros, includes };
}

function onlyDirectives(tokens: Tokens): Tokens {
  return filterTokens(tokens, (t) => tokens.kind[t] === TokenKind.directive);
}

function parseFragment(grammar: GrammarParser, text: string, as: "expression" | "statements" | "file"): Tree {
  const [before, after] = as === "expression" ? ["(", ");"] : as === "statements" ? ["{", "\n}"] : ["", "\n"];
  const tokens = withoutComments(lex(before + maskPasting(text) + after, as === "file" ? "file" : "piece"));
  const masked = mask({
    tokens,
    groups: [],
    macros: HEADER_TABLE,
    language: grammar.language,
    forced: new Set(),
    keep: new Int32Array(0),
    only: null,
  });
  const { columns, grammar: symbols } = grammar.parse(tokens.text, masked.text, masked.inserted);
  const shift = (offsets: Uint32Array): Uint32Array =>
    offsets.map((offset) => Math.min(text.length, Math.max(0, offset - before.length)));
  return new Tree(text, symbols, { ...columns, start: shift(columns.start), end: shift(columns.end) });
}
