import { type Tree as ForeignTree, Parser as ForeignParser, Language } from "web-tree-sitter";
import { buildSymbolTable, flatten, type SymbolTable } from "./columns.ts";
import { describeConditionals } from "./conditionals.ts";
import { groupDirectives, readDefinition, readInclude } from "./directives.ts";
import { platformFacts } from "./facts.ts";
import { lex, TokenKind } from "./lexer.ts";
import { mask } from "./mask.ts";
import type {
  Include,
  InputFile,
  MacroDefinition,
  MacroKnowledge,
  ParsedFile,
  Parser,
  Unparsed,
} from "./source.ts";
import { NONE, Tree } from "./tree.ts";

/** Bytes of the WebAssembly modules; `runtime` may be left out where web-tree-sitter finds its own. */
export interface ParserModules {
  readonly runtime?: Uint8Array | string;
  readonly c: Uint8Array;
  readonly cpp: Uint8Array;
}

/**
 * Loads the grammars. `wasm.runtime` is the runtime of web-tree-sitter, as bytes or as the address where it lies.
 * Rejects when a module cannot be compiled.
 */
export async function createParser(wasm: ParserModules): Promise<Parser> {
  const { runtime } = wasm;
  const options: Record<string, unknown> = {};
  if (typeof runtime === "string") options.locateFile = () => runtime;
  else if (runtime !== undefined) options.wasmBinary = runtime;
  await ForeignParser.init(options);
  return new TreeSitterParser(await GrammarParser.load(wasm.c, "c"), await GrammarParser.load(wasm.cpp, "cpp"));
}

/** One grammar with its parser and tables. */
class GrammarParser {
  readonly #parser: ForeignParser;
  readonly #table: SymbolTable;

  private constructor(parser: ForeignParser, table: SymbolTable) {
    this.#parser = parser;
    this.#table = table;
  }

  static async load(bytes: Uint8Array, name: "c" | "cpp"): Promise<GrammarParser> {
    const language = await Language.load(bytes);
    const parser = new ForeignParser();
    parser.setLanguage(language);
    return new GrammarParser(parser, buildSymbolTable(language, name));
  }

  /** Tree over `text` of the parse of `masked`, which has the same length. */
  parse(text: string, masked: string, inserted: readonly number[]): Tree {
    const foreign = this.#parser.parse(masked) as ForeignTree;
    try {
      return new Tree(text, this.#table.grammar, flatten(foreign, this.#table, inserted));
    } finally {
      foreign.delete();
    }
  }
}

class TreeSitterParser implements Parser {
  readonly #c: GrammarParser;
  readonly #cpp: GrammarParser;

  constructor(c: GrammarParser, cpp: GrammarParser) {
    this.#c = c;
    this.#cpp = cpp;
  }

  prepare(files: readonly InputFile[]): MacroKnowledge {
    const definitions = new Map<string, (MacroDefinition & { readonly path: string })[]>();
    for (const file of files) {
      const tokens = lex(file.text);
      for (let t = 0; t < tokens.count; t++) {
        if (tokens.kind[t] !== TokenKind.directive) continue;
        const definition = readDefinition(tokens, t);
        if (definition === null) continue;
        const known = definitions.get(definition.name);
        if (known) known.push({ ...definition, path: file.path });
        else definitions.set(definition.name, [{ ...definition, path: file.path }]);
      }
    }
    return { definitions };
  }

  parse(file: InputFile, _knowledge: MacroKnowledge): ParsedFile {
    const { path, text } = file;
    const language = /\.(cc|cpp|cxx|hpp|hh|hxx|C|H)$/.test(path) ? "cpp" : "c";
    const tokens = lex(text);
    const macros: MacroDefinition[] = [];
    const includes: Include[] = [];
    for (let t = 0; t < tokens.count; t++) {
      if (tokens.kind[t] !== TokenKind.directive) continue;
      const definition = readDefinition(tokens, t);
      if (definition !== null) macros.push(definition);
      const include = readInclude(tokens, t);
      if (include !== null) includes.push(include);
    }
    const masked = mask(tokens);
    const tree = (language === "c" ? this.#c : this.#cpp).parse(text, masked.text, masked.inserted);
    const conditionals = describeConditionals(tokens, groupDirectives(tokens), platformFacts(language));
    return {
      path,
      text,
      language,
      tree,
      alternatives: [],
      hidden: [],
      macros,
      conditionals,
      includes,
      unparsed: findErrors(tree),
    };
  }

  parseFragment(text: string, as: "expression" | "statements" | "file", language: "c" | "cpp"): Tree {
    const grammar = language === "c" ? this.#c : this.#cpp;
    const wrapped = as === "expression" ? `${text};` : as === "statements" ? `void f(void){${text}\n}` : text;
    return grammar.parse(wrapped, wrapped, []);
  }
}

function findErrors(tree: Tree): Unparsed[] {
  const found = new Map<number, Unparsed>();
  for (let n = 0; n < tree.size; n++) {
    if (tree.kind(n) !== "ERROR" && !tree.isMissing(n)) continue;
    const owner = tree.enclosing(n, "function_definition");
    const node = owner === NONE ? n : owner;
    if (found.has(node)) continue;
    const declarator = owner === NONE ? NONE : tree.field(owner, "declarator");
    const name = declarator === NONE ? NONE : ([...tree.descendants(declarator, "identifier")][0] ?? NONE);
    found.set(node, {
      span: { start: tree.start(node), end: tree.end(node) },
      name: name === NONE ? "" : tree.source(name),
      reason: tree.isMissing(n) ? "a token is missing" : "syntax error",
    });
  }
  return [...found.values()];
}
