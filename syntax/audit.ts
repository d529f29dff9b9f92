import type { Tokens } from "./lexer.ts";
import type { MacroTable } from "./macros.ts";
import type { Span, Unparsed } from "./source.ts";
import { NONE, type Tree } from "./tree.ts";

/** What the audit compares. */
export interface AuditInput {
  readonly tree: Tree;
  readonly masked: string;
  /** Tokens of the original text, without comments. */
  readonly tokens: Tokens;
  readonly hidden: readonly Span[];
  readonly macros: MacroTable;
}

/** Parts of the tree that are not to be trusted. */
export function audit(input: AuditInput): Unparsed[] {
  const { tree } = input;
  const found = new Map<number, Unparsed>();
  for (let n = 0; n < tree.size; n++) {
    if (tree.kind(n) !== "ERROR" && !tree.isMissing(n)) continue;
    const owner = tree.enclosing(n, "function_definition");
    const node = owner === NONE ? n : owner;
    if (found.has(node)) continue;
    const declarator = owner === NONE ? NONE : tree.field(owner, "declarator");
    const name = declarator === NONE ? NONE : ([...tree.descendants(declarator, "identifier")][0] ?? NONE);
    const at = tree.start(n);
    found.set(node, {
      span: { start: tree.start(node), end: tree.end(node) },
      name: name === NONE ? "" : tree.source(name),
      reason: `${tree.isMissing(n) ? "missing token" : "syntax error"} near ${JSON.stringify(tree.text.slice(Math.max(0, at - 30), at + 50))}`,
    });
  }
  return [...found.values()];
}
