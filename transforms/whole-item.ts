/** Where definitions and declarations begin in the text, with the macros that the tree does not show. */

import { lex, TokenKind, tokenText } from "../syntax/lexer.ts";
import type { ParsedFile, Span } from "../syntax/source.ts";
import type { Node } from "../syntax/tree.ts";

/**
 * Offset at which a definition or declaration begins in the text: the tree does not show a macro around its type, so
 * that the node of `Py_LOCAL(PyObject *) f(void) {}` begins behind the parenthesis.
 */
export function startWithMacros(file: ParsedFile, item: Node): number {
  const { tree } = file;
  const start = tree.start(item);
  let before = 0;
  for (const sibling of tree.children(tree.parent(item))) {
    if (sibling === item) break;
    before = tree.end(sibling);
  }
  const tokens = lex(file.text, "piece", before, start);
  const last = tokens.count - 1;
  const isAround = last > 0 && tokenText(tokens, last) === "(" && tokens.kind[last - 1] === TokenKind.identifier;
  return isAround ? (tokens.start[last - 1] as number) : start;
}

/** All of a definition or declaration, so that nothing of it stays where the span is deleted or replaced. */
export function wholeItem(file: ParsedFile, item: Node): Span {
  return { start: startWithMacros(file, item), end: file.tree.end(item) };
}
