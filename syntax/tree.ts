/**
 * The flat syntax tree: every later pass reads these typed arrays and never a tree-sitter object.
 *
 * Nodes are numbered in preorder, so the descendants of `n` are exactly `n + 1 .. next(n) - 1`. All offsets are
 * byte offsets into the original file, which is decoded as latin-1 (one byte, one character).
 */

/** Index of a node in a {@link Tree}; `-1` stands for "no such node". */
export type Node = number;

/** "No such node": what every lookup answers when there is nothing. */
export const NONE: Node = -1;

/** Names of a grammar's symbols and fields, shared by all trees of one language. */
export interface Grammar {
  readonly language: "c" | "cpp";
  readonly symbols: readonly string[];
  readonly fields: readonly (string | null)[];
}

/** Column store of one tree; all arrays have one entry per node, in preorder. */
export interface Columns {
  readonly symbol: Uint16Array;
  /** Field id of the node in its parent; 0 where it has none. */
  readonly field: Uint8Array;
  /** Bit 0 named, bit 1 missing, bit 2 has an error below or is one, bit 3 extra (comments). */
  readonly flags: Uint8Array;
  readonly start: Uint32Array;
  readonly end: Uint32Array;
  readonly parent: Int32Array;
  /** First node after the subtree: `n + 1` for a leaf. */
  readonly next: Int32Array;
}

/** An immutable syntax tree over the original text. */
export class Tree {
  readonly text: string;
  readonly grammar: Grammar;
  readonly columns: Columns;

  constructor(text: string, grammar: Grammar, columns: Columns) {
    this.text = text;
    this.grammar = grammar;
    this.columns = columns;
  }

  /** Number of nodes. */
  get size(): number {
    return this.columns.symbol.length;
  }

  /** Grammar name of the node, such as `call_expression` or `(`. */
  kind(n: Node): string {
    return this.grammar.symbols[this.columns.symbol[n] as number] ?? "";
  }

  start(n: Node): number {
    return this.columns.start[n] as number;
  }

  end(n: Node): number {
    return this.columns.end[n] as number;
  }

  parent(n: Node): Node {
    return this.columns.parent[n] ?? NONE;
  }

  /** First node after the subtree of `n`. */
  next(n: Node): Node {
    return this.columns.next[n] as number;
  }

  isNamed(n: Node): boolean {
    return ((this.columns.flags[n] as number) & 1) !== 0;
  }

  isMissing(n: Node): boolean {
    return ((this.columns.flags[n] as number) & 2) !== 0;
  }

  hasError(n: Node): boolean {
    return ((this.columns.flags[n] as number) & 4) !== 0;
  }

  isComment(n: Node): boolean {
    return this.kind(n) === "comment";
  }

  /** Original text of the node, as latin-1. */
  source(n: Node): string {
    return this.text.slice(this.start(n), this.end(n));
  }

  /** All children, anonymous tokens and comments included. */
  children(n: Node): Node[] {
    const found: Node[] = [];
    const end = this.next(n);
    for (let c = n + 1; c < end; c = this.next(c)) found.push(c);
    return found;
  }

  /** Named children without comments. */
  named(n: Node): Node[] {
    return this.children(n).filter((c) => this.isNamed(c) && !this.isComment(c));
  }

  /** First child in the given field, or {@link NONE}. */
  field(n: Node, name: string): Node {
    const id = fieldId(this.grammar, name);
    const end = this.next(n);
    for (let c = n + 1; c < end; c = this.next(c)) {
      if (this.columns.field[c] === id && !this.isComment(c)) return c;
    }
    return NONE;
  }

  /** All children in the given field. */
  fields(n: Node, name: string): Node[] {
    const id = fieldId(this.grammar, name);
    return this.children(n).filter((c) => this.columns.field[c] === id && !this.isComment(c));
  }

  /** Name of the field that `n` fills in its parent, or null. */
  fieldOf(n: Node): string | null {
    const id = this.columns.field[n] as number;
    return id === 0 ? null : (this.grammar.fields[id] ?? null);
  }

  /** First anonymous child token with this text, or {@link NONE}. */
  token(n: Node, text: string): Node {
    const end = this.next(n);
    for (let c = n + 1; c < end; c = this.next(c)) {
      if (!this.isNamed(c) && this.kind(c) === text) return c;
    }
    return NONE;
  }

  /** Nearest ancestor-or-self of one of these kinds, or {@link NONE}. */
  enclosing(n: Node, ...kinds: readonly string[]): Node {
    for (let c = n; c >= 0; c = this.parent(c)) if (kinds.includes(this.kind(c))) return c;
    return NONE;
  }

  /** Descendants-or-self of this kind, in source order. */
  *descendants(n: Node, ...kinds: readonly string[]): Generator<Node> {
    const end = this.next(n);
    const { symbol } = this.columns;
    const isWanted = symbolsOf(this.grammar, kinds);
    for (let c = n; c < end; c++) if (isWanted[symbol[c] as number] === 1) yield c;
  }

  /** Deepest node whose span holds `[start, end)`. */
  spanning(start: number, end: number): Node {
    let best: Node = 0;
    for (let c = 0; c < this.size; ) {
      if (this.start(c) <= start && this.end(c) >= end) {
        best = c;
        c++;
      } else c = this.next(c);
      if (c >= this.next(best)) break;
    }
    return best;
  }
}

/** What was asked of a grammar before. */
interface Lookups {
  readonly fields: ReadonlyMap<string, number>;
  readonly symbols: Map<string, Uint8Array>;
}

const LOOKUPS = new WeakMap<Grammar, Lookups>();

function lookupsOf(grammar: Grammar): Lookups {
  const known = LOOKUPS.get(grammar);
  if (known !== undefined) return known;
  const fields = new Map<string, number>();
  grammar.fields.forEach((name, id) => {
    if (name !== null && !fields.has(name)) fields.set(name, id);
  });
  const lookups = { fields, symbols: new Map<string, Uint8Array>() };
  LOOKUPS.set(grammar, lookups);
  return lookups;
}

function fieldId(grammar: Grammar, name: string): number {
  return lookupsOf(grammar).fields.get(name) ?? -1;
}

/** 1 for each symbol of one of these kinds; several symbols may share a name. */
function symbolsOf(grammar: Grammar, kinds: readonly string[]): Uint8Array {
  const { symbols } = lookupsOf(grammar);
  const key = kinds.length === 1 ? (kinds[0] as string) : kinds.join("\0");
  const known = symbols.get(key);
  if (known !== undefined) return known;
  const found = Uint8Array.from(grammar.symbols, (symbol) => (kinds.includes(symbol) ? 1 : 0));
  symbols.set(key, found);
  return found;
}
