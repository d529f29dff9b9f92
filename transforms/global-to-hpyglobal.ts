/**
 * Turns `static PyObject *` variables into `HPyGlobal`s once no legacy code uses them: every use must be a load or a
 * store that an earlier step wrote, and the exec function must store each unconditionally, since HPy crashes when it
 * loads a global that was never stored.
 */

import { isObjectPointer, readDeclarators, stripCasts } from "../model/declarations.ts";
import { type ExtensionModule, type GlobalVariable, isNullConstant, type Project } from "../model/project.ts";
import { EditSet } from "../syntax/edits.ts";
import { lex, TokenKind } from "../syntax/lexer.ts";
import type { ParsedFile } from "../syntax/source.ts";
import { NONE, type Node } from "../syntax/tree.ts";
import { FreeNames, hasWord, type SourceEdits } from "./module-to-hpy.ts";
import { indentationUnit, newlineOf } from "./statement-edits.ts";

const RULE = "global-to-hpyglobal";

interface Use {
  /** The call of HPy_FromPyObject, or the assignment. */
  readonly node: Node;
  readonly kind: "load" | "store";
}

/** Plans one step for all globals of the module that are ready; null when there is none. */
export function planGlobals(project: Project, module: ExtensionModule): SourceEdits | null {
  const file = module.file;
  const definition = module.definition;
  if (!module.isHPy || definition === null || definition.file !== file) return null;
  const tree = file.tree;
  const ready: { readonly global: GlobalVariable; readonly uses: readonly Use[] }[] = [];
  for (const list of project.globals.values()) {
    const global = list.find((g) => g.file === file);
    if (global === undefined || list.some((g) => g.file === file && g !== global)) continue;
    if (!global.isStatic || !isObjectPointer(global.declarator.type)) continue;
    if (global.declarator.value !== NONE && !isNullConstant(tree, global.declarator.value)) continue;
    if (tree.start(global.declaration) > tree.start(definition.declaration)) continue;
    const uses = usesOf(file, global);
    if (uses === null || !uses.some((u) => u.kind === "store" && isUnconditional(file, u.node))) continue;
    ready.push({ global, uses });
  }
  const whole = ready.filter(({ global }) =>
    readDeclarators(tree, global.declaration).every((d) => ready.some((r) => r.global.name === d.name)),
  );
  if (whole.length === 0) return null;
  const edits = new EditSet(file.text);
  const newline = newlineOf(file.text);
  for (const { global, uses } of whole) {
    for (const use of uses) {
      if (use.kind === "load") {
        const call = use.node;
        const name = tree.field(call, "function");
        edits.replace({ start: tree.start(name), end: tree.end(name) }, "HPyGlobal_Load", RULE);
        continue;
      }
      const value = stripCasts(tree, tree.field(use.node, "right"));
      const [context, handle] = tree.named(tree.field(value, "arguments"));
      if (context === undefined || handle === undefined) continue;
      edits.replace(
        { start: tree.start(use.node), end: tree.end(use.node) },
        [
          "HPyGlobal_Store(",
          { start: tree.start(context), end: tree.end(context) },
          `, &${global.name}, `,
          { start: tree.start(handle), end: tree.end(handle) },
          ")",
        ],
        RULE,
      );
    }
  }
  for (const declaration of new Set(whole.map((w) => w.global.declaration))) {
    const names = readDeclarators(tree, declaration).map((d) => d.name);
    edits.replace(
      { start: tree.start(declaration), end: tree.end(declaration) },
      `static HPyGlobal ${names.join(", ")};`,
      RULE,
    );
  }
  const names = new FreeNames(project);
  const unit = indentationUnit(file.text);
  const existing = definition.fields.get("globals");
  if (existing === undefined) {
    const array = names.take(`${module.name}_globals`);
    const lines = [
      `static HPyGlobal *${array}[] = {`,
      ...whole.map(({ global }) => `${unit}&${global.name},`),
      `${unit}NULL`,
      "};",
      "",
      "",
    ];
    edits.insert(tree.start(definition.declaration), lines.join(newline), RULE);
    const items = tree.named(definition.initializer);
    const last = items[items.length - 1];
    if (last === undefined) return null;
    const comma = file.text.charAt(tree.end(last)) === "," ? 1 : 0;
    const separator = comma === 1 ? "" : ",";
    edits.insert(tree.end(last) + comma, `${separator}${newline}${unit}.globals = ${array},`, RULE);
  } else {
    const name = tree.source(stripCasts(tree, existing));
    const array = (project.globals.get(name) ?? []).find((g) => g.file === file && g.declarator.value !== NONE);
    const items = array === undefined ? [] : tree.named(array.declarator.value);
    const last = items[items.length - 1];
    if (last === undefined || tree.source(last) !== "NULL") return null;
    edits.insert(tree.start(last), whole.map(({ global }) => `&${global.name},${newline}${unit}`).join(""), RULE);
  }
  return { edits: new Map([[file, edits]]), functions: [], notes: [] };
}

/** All uses of a global when every one is a load or a store; null otherwise. */
function usesOf(file: ParsedFile, global: GlobalVariable): Use[] | null {
  const tree = file.tree;
  const tokens = lex(file.text);
  for (let i = 0; i < tokens.count; i++)
    if (tokens.kind[i] === TokenKind.directive && hasWord(file.text.slice(tokens.start[i], tokens.end[i]), global.name))
      return null;
  const uses: Use[] = [];
  for (const n of tree.descendants(0, "identifier")) {
    if (tree.source(n) !== global.name || n === global.declarator.nameNode) continue;
    let at = n;
    while (["parenthesized_expression", "cast_expression"].includes(tree.kind(tree.parent(at)))) at = tree.parent(at);
    const parent = tree.parent(at);
    if (tree.kind(parent) === "argument_list") {
      const call = tree.parent(parent);
      if (tree.source(tree.field(call, "function")) !== "HPy_FromPyObject" || tree.named(parent)[1] !== at) return null;
      uses.push({ node: call, kind: "load" });
    } else if (tree.kind(parent) === "assignment_expression" && tree.field(parent, "left") === at) {
      const value = stripCasts(tree, tree.field(parent, "right"));
      const isStore =
        tree.kind(tree.parent(parent)) === "expression_statement" &&
        tree.kind(value) === "call_expression" &&
        tree.source(tree.field(value, "function")) === "HPy_AsPyObject";
      if (!isStore) return null;
      uses.push({ node: parent, kind: "store" });
    } else return null;
  }
  return uses.length === 0 ? null : uses;
}

/** Whether a store is a statement of the exec function's own block. */
function isUnconditional(file: ParsedFile, assignment: Node): boolean {
  const tree = file.tree;
  const statement = tree.parent(assignment);
  const block = tree.parent(statement);
  const fn = tree.parent(block);
  if (tree.kind(block) !== "compound_statement" || tree.kind(fn) !== "function_definition") return false;
  for (const id of tree.descendants(tree.field(fn, "declarator"), "identifier"))
    return tree.source(id).endsWith("_exec_impl");
  return false;
}
