import type { Tree as ForeignTree } from "web-tree-sitter";
import type { WasmImports, WasmInstance, WasmMemory } from "./web-assembly.ts";

/** A walk over a tree-sitter tree; at first it stands at the root. */
export interface TreeWalker {
  symbol(): number;
  start(): number;
  end(): number;
  field(): number;
  isMissing(): boolean;
  toFirstChild(): boolean;
  toNextSibling(): boolean;
  toParent(): boolean;
  delete(): void;
}

/** The functions of web-tree-sitter's runtime (0.27) that its class TreeCursor calls. */
interface CursorExports {
  ts_init(): number;
  ts_tree_cursor_current_node_type_id_wasm(tree: number): number;
  ts_tree_cursor_start_index_wasm(tree: number): number;
  ts_tree_cursor_end_index_wasm(tree: number): number;
  ts_tree_cursor_current_field_id_wasm(tree: number): number;
  ts_tree_cursor_current_node_is_missing_wasm(tree: number): number;
  ts_tree_cursor_goto_first_child_wasm(tree: number): number;
  ts_tree_cursor_goto_next_sibling_wasm(tree: number): number;
  ts_tree_cursor_goto_parent_wasm(tree: number): number;
}

/** The instance behind web-tree-sitter and its memory. */
export interface RuntimeAccess {
  readonly exports: CursorExports;
  readonly memory: WasmMemory;
}

const CURSOR_WORDS = 4;
const NAMES: readonly string[] = [
  "ts_init",
  "ts_tree_cursor_current_node_type_id_wasm",
  "ts_tree_cursor_start_index_wasm",
  "ts_tree_cursor_end_index_wasm",
  "ts_tree_cursor_current_field_id_wasm",
  "ts_tree_cursor_current_node_is_missing_wasm",
  "ts_tree_cursor_goto_first_child_wasm",
  "ts_tree_cursor_goto_next_sibling_wasm",
  "ts_tree_cursor_goto_parent_wasm",
];

/** Access to the runtime's own functions, or null when it does not have what {@link walkTree} needs. */
export function accessRuntime({ exports }: WasmInstance, imports: WasmImports): RuntimeAccess | null {
  const memory = imports.env?.memory as Partial<WasmMemory> | undefined;
  if (!(memory?.buffer instanceof ArrayBuffer)) return null;
  if (NAMES.some((name) => typeof exports[name] !== "function")) return null;
  return { exports: exports as unknown as CursorExports, memory: memory as WasmMemory };
}

/**
 * Starts a walk. TreeCursor copies its state into the runtime's memory and back at every step, which costs more than
 * the step; with access to the runtime the state stays there during the whole walk.
 */
export function walkTree(tree: ForeignTree, runtime: RuntimeAccess | null): TreeWalker {
  return runtime === null ? walkByCursor(tree) : walkInMemory(tree, runtime);
}

function walkByCursor(tree: ForeignTree): TreeWalker {
  const cursor = tree.walk();
  return {
    symbol: () => cursor.nodeTypeId,
    start: () => cursor.startIndex,
    end: () => cursor.endIndex,
    field: () => cursor.currentFieldId,
    isMissing: () => cursor.nodeIsMissing,
    toFirstChild: () => cursor.gotoFirstChild(),
    toNextSibling: () => cursor.gotoNextSibling(),
    toParent: () => cursor.gotoParent(),
    delete: () => cursor.delete(),
  };
}

function walkInMemory(tree: ForeignTree, { exports, memory }: RuntimeAccess): TreeWalker {
  const cursor = tree.walk();
  // Both classes keep addresses and words of the runtime under numbers.
  const words = cursor as unknown as Record<number, number>;
  const address = (tree as unknown as Record<number, number>)[0] as number;
  const buffer = exports.ts_init();
  const state = (): Int32Array => new Int32Array(memory.buffer, buffer, CURSOR_WORDS);
  state().set(Array.from({ length: CURSOR_WORDS }, (_, i) => words[i] as number));
  return {
    symbol: () => exports.ts_tree_cursor_current_node_type_id_wasm(address) & 0xffff,
    start: () => exports.ts_tree_cursor_start_index_wasm(address),
    end: () => exports.ts_tree_cursor_end_index_wasm(address),
    field: () => exports.ts_tree_cursor_current_field_id_wasm(address),
    isMissing: () => exports.ts_tree_cursor_current_node_is_missing_wasm(address) !== 0,
    toFirstChild: () => exports.ts_tree_cursor_goto_first_child_wasm(address) !== 0,
    toNextSibling: () => exports.ts_tree_cursor_goto_next_sibling_wasm(address) !== 0,
    toParent: () => exports.ts_tree_cursor_goto_parent_wasm(address) !== 0,
    delete: () => {
      // The walk may have moved the cursor's stack, and deleting the cursor has to free the new one.
      const now = state();
      for (let i = 0; i < CURSOR_WORDS; i++) words[i] = now[i] as number;
      cursor.delete();
    },
  };
}
