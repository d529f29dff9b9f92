/**
 * Turns `static PyObject *` variables into `HPyGlobal`s once no legacy code uses them: every use must be a load or a
 * store that an earlier step wrote, and the exec function must store each unconditionally, since HPy crashes when it
 * loads a global that was never stored.
 */

import { isObjectPointer, readDeclarators, stripCasts, stripParentheses } from "../model/declarations.ts";
import {
  type ExtensionModule,
  type GlobalVariable,
  isNullConstant,
  type Project,
  readFunction,
  type StructValue,
} from "../model/project.ts";
import { EditSet } from "../syntax/edits.ts";
import { lex, TokenKind } from "../syntax/lexer.ts";
import type { ParsedFile } from "../syntax/source.ts";
import { NONE, type Node } from "../syntax/tree.ts";
import { FreeNames, hasWord, type SourceEdits } from "./module-to-hpy.ts";
import { indentationAt, indentationUnit, newlineOf } from "./statement-edits.ts";

const RULE = "global-to-hpyglobal";

interface Use {
  /** The call of HPy_FromPyObject or of a release, the assignment, or the `if` statement that tests the value. */
  readonly node: Node;
  readonly kind: "load" | "store" | "test" | "clear";
}

const CLEARS: ReadonlySet<string> = new Set(["Py_CLEAR", "Py_XDECREF", "Py_DECREF"]);

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
  for (const { global, uses } of whole) {
    for (const use of uses) {
      if (use.kind === "clear") {
        const context = contextName(file, use.node);
        edits.replace(
          { start: tree.start(use.node), end: tree.end(use.node) },
          `HPyGlobal_Store(${context}, &${global.name}, HPy_NULL)`,
          RULE,
        );
        continue;
      }
      if (use.kind === "test") continue;
      if (use.kind === "load") {
        const call = use.node;
        const name = tree.field(call, "function");
        edits.replace({ start: tree.start(name), end: tree.end(name) }, "HPyGlobal_Load", RULE);
        const variable = tree.named(tree.field(call, "arguments"))[1];
        if (variable !== undefined && tree.kind(variable) !== "identifier")
          edits.replace({ start: tree.start(variable), end: tree.end(variable) }, global.name, RULE);
        continue;
      }
      const value = stripCasts(tree, tree.field(use.node, "right"));
      const [context, handle] = tree.named(tree.field(value, "arguments"));
      if (context === undefined || handle === undefined) continue;
      const tested = testAfter(file, tree.parent(use.node), global.name, tree.source(handle));
      if (tested !== null) {
        moveStore(
          file,
          edits,
          tested,
          `HPyGlobal_Store(${tree.source(context)}, &${global.name}, ${tree.source(handle)});`,
        );
        continue;
      }
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
  const variables = whole.map(({ global }) => global.name);
  if (!listGlobals(project, module, definition, variables, edits)) return null;
  return { edits: new Map([[file, edits]]), functions: [], notes: [] };
}

/** Lists variables in the `.globals` of the module; false where the array that is there cannot be read. */
export function listGlobals(
  project: Project,
  module: ExtensionModule,
  definition: StructValue,
  variables: readonly string[],
  edits: EditSet,
): boolean {
  const { file } = definition;
  const { tree } = file;
  const newline = newlineOf(file.text);
  const names = new FreeNames(project);
  const unit = indentationUnit(file.text);
  const existing = definition.fields.get("globals");
  if (existing === undefined) {
    const array = names.take(`${module.name}_globals`);
    const lines = [
      `static HPyGlobal *${array}[] = {`,
      ...variables.map((name) => `${unit}&${name},`),
      `${unit}NULL`,
      "};",
      "",
      "",
    ];
    edits.insert(tree.start(definition.declaration), lines.join(newline), RULE);
    const items = tree.named(definition.initializer);
    const last = items[items.length - 1];
    if (last === undefined) return false;
    const comma = file.text.charAt(tree.end(last)) === "," ? 1 : 0;
    const separator = comma === 1 ? "" : ",";
    edits.insert(tree.end(last) + comma, `${separator}${newline}${unit}.globals = ${array},`, RULE);
  } else {
    const name = tree.source(stripCasts(tree, existing));
    const array = (project.globals.get(name) ?? []).find((g) => g.file === file && g.declarator.value !== NONE);
    const items = array === undefined ? [] : tree.named(array.declarator.value);
    const last = items[items.length - 1];
    if (last === undefined || tree.source(last) !== "NULL") return false;
    edits.insert(tree.start(last), variables.map((name) => `&${name},${newline}${unit}`).join(""), RULE);
  }
  return true;
}

/** Store, close and NULL test that follow each other: the test comes first once the value is tested as a handle. */
interface TestedStore {
  readonly store: Node;
  readonly close: Node;
  readonly test: Node;
  readonly condition: Node;
  readonly handle: string;
}

/** The pattern around a store: `G = HPy_AsPyObject(ctx, v); HPy_Close(ctx, v); if (G == NULL) <leave>`; null otherwise. */
function testAfter(file: ParsedFile, store: Node, name: string, handle: string): TestedStore | null {
  const tree = file.tree;
  const siblings = tree.named(tree.parent(store));
  const at = siblings.indexOf(store);
  const close = siblings[at + 1];
  const test = siblings[at + 2];
  if (close === undefined || test === undefined || tree.kind(test) !== "if_statement") return null;
  const call = tree.named(close)[0];
  if (call === undefined || tree.kind(call) !== "call_expression") return null;
  if (tree.source(tree.field(call, "function")) !== "HPy_Close") return null;
  if (tree.source(tree.named(tree.field(call, "arguments"))[1] ?? call) !== handle) return null;
  if (tree.field(test, "alternative") !== NONE) return null;
  const condition = stripParentheses(tree, tree.field(test, "condition"));
  const isTest =
    (tree.kind(condition) === "unary_expression" &&
      tree.source(tree.field(condition, "operator")) === "!" &&
      tree.source(tree.field(condition, "argument")) === name) ||
    (tree.kind(condition) === "binary_expression" &&
      tree.source(tree.field(condition, "operator")) === "==" &&
      tree.source(tree.field(condition, "left")) === name &&
      isNullConstant(tree, tree.field(condition, "right")));
  if (!isTest || !leaves(file, tree.field(test, "consequence"))) return null;
  return { store, close, test, condition, handle };
}

/** Whether a statement always leaves by `return` or `goto`. */
function leaves(file: ParsedFile, statement: Node): boolean {
  const tree = file.tree;
  const kind = tree.kind(statement);
  if (kind === "return_statement" || kind === "goto_statement") return true;
  if (kind !== "compound_statement") return false;
  const statements = tree.named(statement);
  const last = statements[statements.length - 1];
  return last !== undefined && leaves(file, last);
}

function moveStore(file: ParsedFile, edits: EditSet, found: TestedStore, store: string): void {
  const tree = file.tree;
  const newline = newlineOf(file.text);
  const indent = indentationAt(file.text, tree.start(found.store));
  edits.replace({ start: tree.start(found.store), end: tree.start(found.test) }, "", RULE);
  edits.replace(
    { start: tree.start(found.condition), end: tree.end(found.condition) },
    `HPy_IsNull(${found.handle})`,
    RULE,
  );
  edits.insert(tree.end(found.test), `${newline}${indent}${store}${newline}${indent}${tree.source(found.close)}`, RULE);
}

/** Name of the context parameter of the function around a node. */
function contextName(file: ParsedFile, n: Node): string {
  const tree = file.tree;
  const fn = readFunction(file, tree.enclosing(n, "function_definition"));
  return fn?.parameters.find((p) => p.type.base === "HPyContext")?.name ?? "ctx";
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
    const test = tree.enclosing(at, "if_statement", "compound_statement", "function_definition");
    const isTested =
      test !== NONE &&
      tree.kind(test) === "if_statement" &&
      tree.start(at) < tree.end(tree.field(test, "condition")) &&
      testOf(file, test, global.name);
    if (isTested) uses.push({ node: test, kind: "test" });
    else if (
      tree.kind(parent) === "argument_list" &&
      CLEARS.has(tree.source(tree.field(tree.parent(parent), "function")))
    ) {
      const call = tree.parent(parent);
      if (tree.kind(tree.parent(call)) !== "expression_statement" || !isInExec(file, call)) return null;
      uses.push({ node: call, kind: "clear" });
    } else if (tree.kind(parent) === "argument_list") {
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

/** Whether an `if` tests a store that stands two statements before it. */
function testOf(file: ParsedFile, test: Node, name: string): boolean {
  const tree = file.tree;
  const siblings = tree.named(tree.parent(test));
  const store = siblings[siblings.indexOf(test) - 2];
  const assignment = store === undefined ? undefined : tree.named(store)[0];
  if (store === undefined || assignment === undefined || tree.kind(assignment) !== "assignment_expression")
    return false;
  if (tree.source(tree.field(assignment, "left")) !== name) return false;
  const value = stripCasts(tree, tree.field(assignment, "right"));
  if (tree.kind(value) !== "call_expression") return false;
  const handle = tree.named(tree.field(value, "arguments"))[1];
  return handle !== undefined && testAfter(file, store, name, tree.source(handle)) !== null;
}

/** Whether a store is a statement of the exec function's own block. */
function isUnconditional(file: ParsedFile, assignment: Node): boolean {
  const tree = file.tree;
  const block = tree.parent(tree.parent(assignment));
  if (tree.kind(block) !== "compound_statement" || tree.kind(tree.parent(block)) !== "function_definition")
    return false;
  return isInExec(file, assignment);
}

/** Whether a node is in the module's exec function. */
function isInExec(file: ParsedFile, n: Node): boolean {
  const tree = file.tree;
  const fn = tree.enclosing(n, "function_definition");
  if (fn === NONE) return false;
  for (const id of tree.descendants(tree.field(fn, "declarator"), "identifier"))
    return tree.source(id).endsWith("_exec_impl");
  return false;
}
