import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createParser, type ParserMemory } from "../syntax/parser.ts";
import type { Parser } from "../syntax/source.ts";

const require = createRequire(import.meta.url);

/** Bytes of a grammar: the published package carries them in `dist/wasm`, in development they lie in node_modules. */
async function readGrammar(name: "tree-sitter-c" | "tree-sitter-cpp"): Promise<Uint8Array> {
  const published = join(dirname(fileURLToPath(import.meta.url)), "..", "wasm", `${name}.wasm`);
  return readFile(existsSync(published) ? published : require.resolve(`${name}/${name}.wasm`));
}

/** The parser with grammars read from the installation. Rejects when a module is not there. */
export async function loadParser(memory: ParserMemory = "kept"): Promise<Parser> {
  const [runtime, c, cpp] = await Promise.all([
    readFile(require.resolve("web-tree-sitter/web-tree-sitter.wasm")),
    readGrammar("tree-sitter-c"),
    readGrammar("tree-sitter-cpp"),
  ]);
  return createParser({ runtime, c, cpp }, memory);
}
