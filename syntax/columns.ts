import type { Language } from "web-tree-sitter";
import type { Columns, Grammar } from "./tree.ts";
import type { TreeWalker } from "./tree-walker.ts";

/** What {@link flatten} needs to know about a language, computed once. */
export interface SymbolTable {
  readonly grammar: Grammar;
  readonly named: Uint8Array;
  /** Symbol that stands for ERROR: the last one. */
  readonly error: number;
  readonly comment: Uint8Array;
}

/** Flag bits of {@link Columns.flags}. */
const NodeFlag = { named: 1, missing: 2, error: 4, extra: 8 } as const;

/** Tables of a language's symbols; `ERROR` gets the number after the last symbol of the grammar. */
export function buildSymbolTable(language: Language, name: "c" | "cpp"): SymbolTable {
  const count = language.nodeTypeCount;
  const symbols: string[] = [];
  const named = new Uint8Array(count + 1);
  const comment = new Uint8Array(count + 1);
  for (let id = 0; id < count; id++) {
    const symbol = language.nodeTypeForId(id) ?? "";
    symbols.push(symbol);
    named[id] = language.nodeTypeIsNamed(id) ? 1 : 0;
    comment[id] = symbol === "comment" ? 1 : 0;
  }
  symbols.push("ERROR");
  named[count] = 1;
  const fields: (string | null)[] = [];
  for (let id = 0; id <= language.fieldCount; id++) fields.push(language.fieldNameForId(id));
  // The field of C in which expressions of C++ get their index too.
  if (!fields.includes("index")) fields.push("index");
  return { grammar: { language: name, symbols, fields }, named, error: count, comment };
}

/**
 * Columns of the tree that `cursor` walks. `inserted` holds the ascending offsets where masking wrote a token that the file does not have:
 * such tokens become empty, and the nodes that they close end before them.
 */
export function flatten(cursor: TreeWalker, table: SymbolTable, inserted: readonly number[]): Columns {
  let capacity = 1024;
  let symbol = new Uint16Array(capacity);
  let field = new Uint8Array(capacity);
  let flags = new Uint8Array(capacity);
  let start = new Uint32Array(capacity);
  let end = new Uint32Array(capacity);
  let parent = new Int32Array(capacity);
  let next = new Int32Array(capacity);
  const grow = (): void => {
    const larger = capacity * 2;
    symbol = copyInto(symbol, new Uint16Array(larger));
    field = copyInto(field, new Uint8Array(larger));
    flags = copyInto(flags, new Uint8Array(larger));
    start = copyInto(start, new Uint32Array(larger));
    end = copyInto(end, new Uint32Array(larger));
    parent = copyInto(parent, new Int32Array(larger));
    next = copyInto(next, new Int32Array(larger));
    capacity = larger;
  };

  const isInserted = new Set(inserted);
  let count = 0;
  let above = -1;
  for (let more = true; more; ) {
    const n = count++;
    if (n === capacity) grow();
    const id = Math.min(cursor.symbol(), table.error);
    let from = cursor.start();
    let to = cursor.end();
    if (isInserted.has(to - 1)) {
      // A token that is missing there is empty already.
      if (from === to) from--;
      to--;
    }
    symbol[n] = id;
    field[n] = cursor.field();
    start[n] = from;
    end[n] = to;
    parent[n] = above;
    let bits =
      ((table.named[id] as number) === 1 ? NodeFlag.named : 0) | (table.comment[id] === 1 ? NodeFlag.extra : 0);
    if (id === table.error) bits |= NodeFlag.error;
    if (from === to && cursor.isMissing()) bits |= NodeFlag.missing | NodeFlag.error;
    flags[n] = bits;
    if (cursor.toFirstChild()) {
      above = n;
      continue;
    }
    next[n] = n + 1;
    while (!cursor.toNextSibling()) {
      if (!cursor.toParent()) {
        more = false;
        break;
      }
      next[above] = count;
      above = parent[above] as number;
    }
  }
  // A parent has an error when a node below it has one; parents come before children.
  for (let n = count - 1; n > 0; n--) {
    if (((flags[n] as number) & NodeFlag.error) === 0) continue;
    const p = parent[n] as number;
    flags[p] = (flags[p] as number) | NodeFlag.error;
  }
  return {
    symbol: symbol.slice(0, count),
    field: field.slice(0, count),
    flags: flags.slice(0, count),
    start: start.slice(0, count),
    end: end.slice(0, count),
    parent: parent.slice(0, count),
    next: next.slice(0, count),
  };
}

function copyInto<T extends Uint8Array | Uint16Array | Uint32Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
