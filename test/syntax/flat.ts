import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Language, Parser, type Node as SyntaxNode } from "web-tree-sitter";
import type { Conditional, ParsedFile } from "../../syntax/source.ts";
import { type Grammar, Tree } from "../../syntax/tree.ts";

const require = createRequire(import.meta.url);

async function load(language: "c" | "cpp"): Promise<Language> {
  await Parser.init();
  return Language.load(readFileSync(require.resolve(`tree-sitter-${language}/tree-sitter-${language}.wasm`)));
}

const languages = { c: await load("c"), cpp: await load("cpp") };

/** Parses unmasked text straight into the flat tree, so that the tests of the graph do not depend on the masking. */
export function parseFlat(text: string, language: "c" | "cpp" = "c", conditionals: Conditional[] = []): ParsedFile {
  const parser = new Parser();
  parser.setLanguage(languages[language]);
  const tree = parser.parse(text);
  if (tree === null) throw new Error("the parser gave no tree");
  const symbols: string[] = [];
  const fields: (string | null)[] = [null];
  const rows: { symbol: number; field: number; flags: number; start: number; end: number; parent: number }[] = [];
  const next: number[] = [];
  const intern = <T>(list: T[], value: T): number => {
    const at = list.indexOf(value);
    return at >= 0 ? at : list.push(value) - 1;
  };
  const visit = (node: SyntaxNode, field: string | null, parent: number): void => {
    const id = rows.length;
    const flags = (node.isNamed ? 1 : 0) | (node.isMissing ? 2 : 0) | (node.hasError ? 4 : 0) | (node.isExtra ? 8 : 0);
    rows.push({
      symbol: intern(symbols, node.type),
      field: field === null ? 0 : intern(fields, field),
      flags,
      start: node.startIndex,
      end: node.endIndex,
      parent,
    });
    node.children.forEach((child, i) => {
      if (child !== null) visit(child, node.fieldNameForChild(i), id);
    });
    next[id] = rows.length;
  };
  visit(tree.rootNode, null, -1);
  tree.delete();
  const grammar: Grammar = { language, symbols, fields };
  return {
    path: `x.${language}`,
    text,
    language,
    tree: new Tree(text, grammar, {
      symbol: Uint16Array.from(rows, (r) => r.symbol),
      field: Uint8Array.from(rows, (r) => r.field),
      flags: Uint8Array.from(rows, (r) => r.flags),
      start: Uint32Array.from(rows, (r) => r.start),
      end: Uint32Array.from(rows, (r) => r.end),
      parent: Int32Array.from(rows, (r) => r.parent),
      next: Int32Array.from(next),
    }),
    alternatives: [],
    hidden: [],
    macros: [],
    conditionals,
    includes: [],
    unparsed: [],
  };
}
