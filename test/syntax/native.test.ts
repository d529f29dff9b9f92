import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { loadParser } from "../../cli/load-parser.ts";
import type { Tree } from "../../syntax/tree.ts";

interface NativeNode {
  readonly type: string;
  readonly startIndex: number;
  readonly endIndex: number;
  readonly isNamed: boolean;
  readonly isMissing: boolean;
  readonly children: readonly NativeNode[];
}

interface NativeParser {
  setLanguage(language: unknown): void;
  parse(text: string, old: null, options: { bufferSize: number }): { readonly rootNode: NativeNode };
}

/** The native binding with the grammar of C++ in the version of the WebAssembly module, or why it cannot be had. */
function loadNative(): { readonly parser: NativeParser | null; readonly reason: string } {
  const require = createRequire(import.meta.url);
  try {
    const Native = require("tree-sitter") as new () => NativeParser;
    const parser = new Native();
    parser.setLanguage(require("tree-sitter-cpp"));
    return { parser, reason: "" };
  } catch (error) {
    return { parser: null, reason: `the native binding has no build for this platform: ${String(error)}` };
  }
}

const native = loadNative();
const parser = await loadParser();

type Row = readonly [type: string, start: number, end: number, named: boolean, missing: boolean];

/** Conditions and subscripts as `plain-shapes.ts` gives them: in the shape of C. */
function nativeRows(node: NativeNode, rows: Row[] = []): Row[] {
  const type = node.type === "condition_clause" ? "parenthesized_expression" : node.type;
  if (type !== "subscript_argument_list")
    rows.push([type, node.startIndex, node.endIndex, node.isNamed, node.isMissing]);
  for (const child of node.children) nativeRows(child, rows);
  return rows;
}

function flatRows(tree: Tree): Row[] {
  return Array.from({ length: tree.size }, (_, n) => [
    tree.kind(n),
    tree.start(n),
    tree.end(n),
    tree.isNamed(n),
    tree.isMissing(n),
  ]);
}

/** Texts that masking leaves as they are, so that both bindings see the same bytes. */
const TEXTS: readonly string[] = [
  "int main(int argc, char **argv) { return argc > 1 ? f(argv[1]) : 0; }\n",
  "#include <vector>\nnamespace n { template <class T> struct S : B<T> { T get() const { return x_; } T x_; }; }\n",
  "struct s { int a : 3; union { float f; char c[4]; }; };\nenum e { A, B = 2 };\n",
  "void f() { for (auto &x : xs) { switch (x) { case 1: break; default: goto out; } } out:; }\n",
  'const char *t = "a" "b\\n"; auto l = [&](int x) { return x + y; };\n',
  "#if A\nint a;\n#elif B\nint b;\n#else\nint c;\n#endif\n#define M(x) (x)\n",
  "int f( { return 1 + ; }\nint g() { return 2; }\n",
];

describe("the WebAssembly parser against the native one", () => {
  it.skipIf(native.parser === null)(`gives the same trees${native.reason === "" ? "" : ` (${native.reason})`}`, () => {
    for (const text of TEXTS) {
      const file = parser.parse({ path: "a.cpp", text }, parser.prepare([]));
      const { rootNode } = (native.parser as NativeParser).parse(text, null, { bufferSize: 1 << 20 });
      expect(flatRows(file.tree)).toEqual(nativeRows(rootNode));
    }
  });
});
