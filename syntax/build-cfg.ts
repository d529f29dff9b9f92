import type { BuildCfg, CfgEdge, CfgNode, EdgeGuard } from "./cfg.ts";
import type { Liveness, ParsedFile } from "./source.ts";
import { NONE, type Node, type Tree } from "./tree.ts";

/** Macros of `Python.h` that hold a return statement; their use is a `return` node whose syntax is the expression. */
const RETURN_MACROS: ReadonlySet<string> = new Set([
  "Py_RETURN_NONE",
  "Py_RETURN_TRUE",
  "Py_RETURN_FALSE",
  "Py_RETURN_NOTIMPLEMENTED",
  "Py_RETURN_INF",
  "Py_RETURN_NAN",
  "Py_RETURN_RICHCOMPARE",
  "HPy_RETURN_RICHCOMPARE",
]);

/** Functions and macros that never come back. */
const NO_RETURN: ReadonlySet<string> = new Set([
  "Py_FatalError",
  "HPy_FatalError",
  "Py_UNREACHABLE",
  "Py_Exit",
  "abort",
  "exit",
  "_exit",
  "_Exit",
  "quick_exit",
  "longjmp",
  "siglongjmp",
  "__builtin_unreachable",
  "__builtin_trap",
]);

/** Things in a block that evaluate nothing. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  "type_definition",
  "using_declaration",
  "alias_declaration",
  "static_assert_declaration",
  "namespace_alias_definition",
  "struct_specifier",
  "union_specifier",
  "enum_specifier",
  "class_specifier",
  "attribute_declaration",
  "preproc_def",
  "preproc_function_def",
  "preproc_call",
  "preproc_include",
  "preproc_directive",
]);

const ALWAYS: EdgeGuard = { kind: "always" };
const ALTERNATIVE: EdgeGuard = { kind: "alternative" };

/** An edge that waits for its target. */
interface Pending {
  readonly from: number;
  readonly guard: EdgeGuard;
}

type Frontier = readonly Pending[];

interface MutableNode {
  readonly id: number;
  readonly kind: CfgNode["kind"];
  readonly syntax: Node;
  readonly successors: CfgEdge[];
}

interface SwitchScope {
  readonly node: number;
  hasDefault: boolean;
}

/**
 * Builds the control-flow graph of a `function_definition`.
 *
 * Code that nothing reaches (after a `return`, in `if (0)`) is in the graph without predecessors, because a rewrite has
 * to compile there too. Branches of `#if` that are known to be dead are left out. A condition that is a literal
 * constant leaves by its one possible edge only.
 */
export const buildCfg: BuildCfg = (file, functionNode) => new CfgBuilder(file).build(functionNode);

class CfgBuilder {
  private readonly file: ParsedFile;
  private readonly tree: Tree;
  private readonly nodes: MutableNode[] = [];
  private readonly statement: Node[] = [];
  private readonly labels = new Map<string, { node: number; defined: boolean; use: Node }>();
  private readonly breaks: Pending[][] = [];
  private readonly continues: number[] = [];
  private readonly switches: SwitchScope[] = [];
  private current: Node = NONE;
  private problem: { readonly node: Node; readonly reason: string } | null = null;

  constructor(file: ParsedFile) {
    this.file = file;
    this.tree = file.tree;
  }

  build(functionNode: Node): ReturnType<BuildCfg> {
    const entry = this.add("entry", NONE);
    const exit = this.add("exit", NONE);
    const body = this.tree.field(functionNode, "body");
    if (body === NONE || this.tree.kind(body) !== "compound_statement") {
      this.fail(functionNode, "the function has no ordinary body");
      this.connect([{ from: entry, guard: ALWAYS }], exit);
    } else {
      this.connect(this.block(body, [{ from: entry, guard: ALWAYS }]), exit);
      this.findErrors(body);
    }
    for (const label of this.labels.values()) {
      if (!label.defined) this.fail(label.use, "goto to a label that is not in the function");
    }
    return { nodes: this.nodes, statement: this.statement, problem: this.problem };
  }

  private fail(node: Node, reason: string): void {
    this.problem ??= { node, reason };
  }

  private add(kind: CfgNode["kind"], syntax: Node): number {
    const id = this.nodes.length;
    this.nodes.push({ id, kind, syntax, successors: [] });
    this.statement.push(this.current);
    return id;
  }

  private connect(from: Frontier, to: number): void {
    for (const edge of from) this.nodes[edge.from]?.successors.push({ to, guard: edge.guard });
  }

  /** Adds a node behind the frontier and answers the frontier behind it. */
  private step(kind: CfgNode["kind"], syntax: Node, from: Frontier): Pending {
    const id = this.add(kind, syntax);
    this.connect(from, id);
    return { from: id, guard: ALWAYS };
  }

  private block(block: Node, from: Frontier): Frontier {
    return this.sequence(this.tree.named(block), from);
  }

  private sequence(statements: readonly Node[], from: Frontier): Frontier {
    let frontier = from;
    for (const statement of statements) frontier = this.visit(statement, frontier);
    return frontier;
  }

  /** A statement with its own place in a block. */
  private visit(node: Node, from: Frontier): Frontier {
    const outer = this.current;
    this.current = node;
    const after = this.visitKind(node, from);
    this.current = outer;
    return after;
  }

  private visitKind(node: Node, from: Frontier): Frontier {
    const kind = this.tree.kind(node);
    switch (kind) {
      case "compound_statement":
        return this.block(node, from);
      case "expression_statement": {
        const expression = this.tree.named(node)[0];
        return expression === undefined ? from : this.expressionStatement(expression, from);
      }
      case "declaration":
        this.inspect(node);
        return [this.step("declaration", node, from)];
      case "if_statement":
        return this.ifStatement(node, from);
      case "while_statement":
        return this.whileStatement(node, from);
      case "do_statement":
        return this.doStatement(node, from);
      case "for_statement":
        return this.forStatement(node, from);
      case "for_range_loop":
        return this.rangeLoop(node, from);
      case "switch_statement":
        return this.switchStatement(node, from);
      case "case_statement":
        return this.caseStatement(node, from);
      case "labeled_statement":
        return this.labeled(node, from);
      case "attributed_statement": {
        const inner = this.tree.named(node).filter((c) => !this.tree.kind(c).startsWith("attribute"));
        return this.sequence(inner, from);
      }
      case "return_statement":
        this.inspect(node);
        this.connect([this.step("return", node, from)], 1);
        return [];
      case "goto_statement":
        return this.goto(node, from);
      case "break_statement": {
        const jump = this.step("jump", node, from);
        const target = this.breaks.at(-1);
        if (target === undefined) this.fail(node, "break outside of a loop or switch");
        else target.push(jump);
        return [];
      }
      case "continue_statement": {
        const jump = this.step("jump", node, from);
        const target = this.continues.at(-1);
        if (target === undefined) this.fail(node, "continue outside of a loop");
        else this.connect([jump], target);
        return [];
      }
      case "preproc_if":
      case "preproc_ifdef":
        return this.conditional(node, from);
      case "try_statement":
      case "seh_try_statement":
      case "throw_statement":
        this.fail(node, "C++ exceptions are not followed");
        return [this.step("expression", node, from)];
      default:
        if (WITHOUT_EFFECT.has(kind)) return from;
        if (kind.endsWith("expression") || kind === "identifier") return this.expressionStatement(node, from);
        if (kind !== "ERROR") this.fail(node, `${kind.replaceAll("_", " ")} in a body`);
        return [this.step("expression", node, from)];
    }
  }

  /** Records what hides control flow inside an expression or a declaration. */
  private inspect(node: Node): void {
    const end = this.tree.next(node);
    for (let c = node; c < end; c++) {
      const kind = this.tree.kind(c);
      if (kind === "lambda_expression") c = this.tree.next(c) - 1;
      else if (kind === "compound_statement") this.fail(c, "a statement inside an expression");
      else if (kind === "gnu_asm_goto_list") this.fail(c, "assembly code with jumps");
    }
  }

  private findErrors(body: Node): void {
    if (!this.tree.hasError(body)) return;
    for (let c = body; c < this.tree.next(body); c++) {
      if (this.tree.kind(c) === "ERROR" || this.tree.isMissing(c)) this.fail(c, "text that does not parse in a body");
    }
  }

  private expressionStatement(expression: Node, from: Frontier): Frontier {
    this.inspect(expression);
    const name = this.calledName(expression);
    if (RETURN_MACROS.has(name)) {
      this.connect([this.step("return", expression, from)], 1);
      return [];
    }
    const after = this.step("expression", expression, from);
    return NO_RETURN.has(name) && this.tree.kind(expression) === "call_expression" ? [] : [after];
  }

  /** Name of the called function or of a bare identifier; empty for anything else. */
  private calledName(expression: Node): string {
    if (this.tree.kind(expression) === "identifier") return this.tree.source(expression);
    if (this.tree.kind(expression) !== "call_expression") return "";
    const callee = this.tree.field(expression, "function");
    return callee !== NONE && this.tree.kind(callee) === "identifier" ? this.tree.source(callee) : "";
  }

  /** The condition of an `if`, `while` or `do` in its parentheses; answers what leaves it when true and when false. */
  private condition(clause: Node, from: Frontier): { readonly yes: Frontier; readonly no: Frontier } {
    let frontier = from;
    let value = clause;
    if (this.tree.kind(clause) === "condition_clause") {
      const initializer = this.tree.field(clause, "initializer");
      if (initializer !== NONE) frontier = this.initializer(initializer, frontier);
      value = this.tree.field(clause, "value");
    } else if (this.tree.kind(clause) === "parenthesized_expression") {
      value = this.tree.named(clause)[0] ?? NONE;
    }
    if (value === NONE) {
      this.fail(clause, "a condition that does not parse");
      value = clause;
    }
    return this.decide(value, frontier);
  }

  private decide(value: Node, from: Frontier): { readonly yes: Frontier; readonly no: Frontier } {
    this.inspect(value);
    const { from: id } = this.step("condition", value, from);
    const constant = this.constant(value);
    return {
      yes: constant === false ? [] : [{ from: id, guard: { kind: "true" } }],
      no: constant === true ? [] : [{ from: id, guard: { kind: "false" } }],
    };
  }

  /** Truth of a literal; undefined for what depends on anything. */
  private constant(value: Node): boolean | undefined {
    switch (this.tree.kind(value)) {
      case "parenthesized_expression": {
        const inner = this.tree.named(value)[0];
        return inner === undefined ? undefined : this.constant(inner);
      }
      case "number_literal": {
        const text = this.tree.source(value);
        const number = text[1] === "x" || text[1] === "X" ? Number.parseInt(text, 16) : Number.parseFloat(text);
        return Number.isNaN(number) ? undefined : number !== 0;
      }
      case "true":
        return true;
      case "false":
        return false;
      case "unary_expression": {
        if (this.tree.token(value, "!") === NONE) return undefined;
        const inner = this.constant(this.tree.field(value, "argument"));
        return inner === undefined ? undefined : !inner;
      }
      default:
        return undefined;
    }
  }

  private initializer(node: Node, from: Frontier): Frontier {
    if (this.tree.kind(node) === "init_statement") return this.sequence(this.tree.named(node), from);
    if (this.tree.kind(node) === "declaration") {
      this.inspect(node);
      return [this.step("declaration", node, from)];
    }
    if (this.tree.kind(node) === "expression_statement") return this.visitKind(node, from);
    return this.expressionStatement(node, from);
  }

  private ifStatement(node: Node, from: Frontier): Frontier {
    const { yes, no } = this.condition(this.tree.field(node, "condition"), from);
    const consequence = this.tree.field(node, "consequence");
    const afterYes = consequence === NONE ? yes : this.visit(consequence, yes);
    const alternative = this.tree.field(node, "alternative");
    if (alternative === NONE) return [...afterYes, ...no];
    const otherwise = this.tree.kind(alternative) === "else_clause" ? this.tree.named(alternative) : [alternative];
    return [...afterYes, ...this.sequence(otherwise, no)];
  }

  private whileStatement(node: Node, from: Frontier): Frontier {
    const head = this.step("join", node, from);
    const { yes, no } = this.condition(this.tree.field(node, "condition"), [head]);
    const breaks: Pending[] = [];
    this.breaks.push(breaks);
    this.continues.push(head.from);
    this.connect(this.visit(this.tree.field(node, "body"), yes), head.from);
    this.breaks.pop();
    this.continues.pop();
    return [...no, ...breaks];
  }

  private doStatement(node: Node, from: Frontier): Frontier {
    const head = this.step("join", node, from);
    const check = this.add("join", node);
    const breaks: Pending[] = [];
    this.breaks.push(breaks);
    this.continues.push(check);
    this.connect(this.visit(this.tree.field(node, "body"), [head]), check);
    this.breaks.pop();
    this.continues.pop();
    const { yes, no } = this.condition(this.tree.field(node, "condition"), [{ from: check, guard: ALWAYS }]);
    this.connect(yes, head.from);
    return [...no, ...breaks];
  }

  private forStatement(node: Node, from: Frontier): Frontier {
    const initializer = this.tree.field(node, "initializer");
    const start = initializer === NONE ? from : this.initializer(initializer, from);
    const head = this.step("join", node, start);
    const condition = this.tree.field(node, "condition");
    const { yes, no } = condition === NONE ? { yes: [head], no: [] } : this.decide(condition, [head]);
    const advance = this.add("join", node);
    const breaks: Pending[] = [];
    this.breaks.push(breaks);
    this.continues.push(advance);
    this.connect(this.visit(this.tree.field(node, "body"), yes), advance);
    this.breaks.pop();
    this.continues.pop();
    const update = this.tree.field(node, "update");
    const again: Frontier = [{ from: advance, guard: ALWAYS }];
    this.connect(update === NONE ? again : this.expressionStatement(update, again), head.from);
    return [...no, ...breaks];
  }

  private rangeLoop(node: Node, from: Frontier): Frontier {
    const initializer = this.tree.field(node, "initializer");
    const start = initializer === NONE ? from : this.initializer(initializer, from);
    const right = this.tree.field(node, "right");
    const ranged = right === NONE ? start : this.expressionStatement(right, start);
    const head = this.step("join", node, ranged);
    const choice: Frontier = [{ from: head.from, guard: ALTERNATIVE }];
    const breaks: Pending[] = [];
    this.breaks.push(breaks);
    this.continues.push(head.from);
    this.connect(this.visit(this.tree.field(node, "body"), choice), head.from);
    this.breaks.pop();
    this.continues.pop();
    return [...choice, ...breaks];
  }

  private switchStatement(node: Node, from: Frontier): Frontier {
    const clause = this.tree.field(node, "condition");
    let frontier = from;
    let value = clause;
    if (this.tree.kind(clause) === "condition_clause") {
      const initializer = this.tree.field(clause, "initializer");
      if (initializer !== NONE) frontier = this.initializer(initializer, frontier);
      value = this.tree.field(clause, "value");
    } else if (this.tree.kind(clause) === "parenthesized_expression") {
      value = this.tree.named(clause)[0] ?? clause;
    }
    this.inspect(value);
    const { from: id } = this.step("switch", value, frontier);
    const scope: SwitchScope = { node: id, hasDefault: false };
    const breaks: Pending[] = [];
    this.breaks.push(breaks);
    this.switches.push(scope);
    const end = this.visit(this.tree.field(node, "body"), []);
    this.switches.pop();
    this.breaks.pop();
    const past: Frontier = scope.hasDefault ? [] : [{ from: id, guard: { kind: "case", value: NONE } }];
    return [...end, ...breaks, ...past];
  }

  private caseStatement(node: Node, from: Frontier): Frontier {
    const scope = this.switches.at(-1);
    const value = this.tree.field(node, "value");
    const entries: Pending[] = [...from];
    if (scope === undefined) this.fail(node, "a case label outside of a switch");
    else {
      entries.push({ from: scope.node, guard: { kind: "case", value } });
      if (value === NONE) scope.hasDefault = true;
    }
    const label = this.step("join", node, entries);
    return this.sequence(
      this.tree.named(node).filter((c) => c !== value),
      [label],
    );
  }

  private label(node: Node): { node: number; defined: boolean; use: Node } {
    const name = this.tree.source(node);
    let label = this.labels.get(name);
    if (label === undefined) {
      label = { node: this.add("join", this.tree.parent(node)), defined: false, use: node };
      this.labels.set(name, label);
    }
    return label;
  }

  private labeled(node: Node, from: Frontier): Frontier {
    const name = this.tree.field(node, "label");
    const label = this.label(name);
    label.defined = true;
    this.statement[label.node] = node;
    this.connect(from, label.node);
    return this.sequence(
      this.tree.named(node).filter((c) => c !== name),
      [{ from: label.node, guard: ALWAYS }],
    );
  }

  private goto(node: Node, from: Frontier): Frontier {
    const jump = this.step("jump", node, from);
    const name = this.tree.field(node, "label");
    if (name === NONE || this.tree.kind(name) !== "statement_identifier") this.fail(node, "a computed goto");
    else this.connect([jump], this.label(name).node);
    return [];
  }

  /** A `#if` group among statements: every branch that is not known to be dead is possible. */
  private conditional(node: Node, from: Frontier): Frontier {
    const branches: Node[] = [];
    let complete = false;
    let live = false;
    for (let branch = node; branch !== NONE; branch = this.tree.field(branch, "alternative")) {
      const liveness = this.liveness(branch);
      if (this.tree.kind(branch) === "preproc_else") complete = true;
      if (liveness !== "dead" && !live) branches.push(branch);
      if (liveness === "live") live = true;
    }
    const choices = branches.length + (complete || live ? 0 : 1);
    let entry = from;
    if (choices > 1) {
      const fork = this.step("join", node, from);
      entry = [{ from: fork.from, guard: ALTERNATIVE }];
    }
    const after: Pending[] = [];
    for (const branch of branches) {
      const condition = this.tree.field(branch, "condition");
      const name = this.tree.field(branch, "name");
      const next = this.tree.field(branch, "alternative");
      const body = this.tree.named(branch).filter((c) => c !== condition && c !== name && c !== next);
      after.push(...this.sequence(body, entry));
    }
    return complete || live ? after : [...after, ...entry];
  }

  private liveness(branch: Node): Liveness {
    const at = this.tree.start(branch);
    for (const group of this.file.conditionals) {
      if (at < group.span.start || at >= group.span.end) continue;
      for (const { directive, liveness } of group.branches) {
        if (directive.start <= at && at < directive.end) return liveness;
      }
    }
    return "unknown";
  }
}
