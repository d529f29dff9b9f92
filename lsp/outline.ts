/** The functions that a file defines, from its syntax tree. */
import type { ParsedFile } from "../syntax/source.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import type { OutlinedFunction } from "./backend-calls.ts";

/** The identifier that a declarator declares. */
function declaredName(tree: Tree, declarator: Node): Node {
  let node = declarator;
  while (node !== NONE && tree.kind(node) !== "identifier") node = tree.field(node, "declarator");
  return node;
}

/** All function definitions of the live configuration, in source order. */
export function outline(file: ParsedFile): OutlinedFunction[] {
  const { tree } = file;
  const found: OutlinedFunction[] = [];
  for (const node of tree.descendants(0, "function_definition")) {
    const name = declaredName(tree, tree.field(node, "declarator"));
    if (name === NONE) continue;
    found.push({
      name: tree.source(name),
      span: { start: tree.start(node), end: tree.end(node) },
      nameSpan: { start: tree.start(name), end: tree.end(name) },
    });
  }
  return found;
}
