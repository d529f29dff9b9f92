import { buildCfg } from "../syntax/build-cfg.ts";
import type { CfgNode } from "../syntax/cfg.ts";
import type { Span } from "../syntax/source.ts";
import { NONE, type Node } from "../syntax/tree.ts";
import { ANY, type Cell, State, type Trace, UNKNOWN, type Value } from "./domain.ts";
import type { Finding, GiveUp, PathPoint } from "./findings.ts";
import { Interpreter } from "./interpreter.ts";
import { liveness } from "./liveness.ts";
import type { FunctionInfo, ProjectAnswers } from "./project.ts";
import { BEHIND, type Side } from "./resources.ts";
import type { ArgumentOutcome, Given, Outcome, Summary } from "./summary.ts";

/** What one run over a function found out. */
export interface FunctionResult {
  readonly findings: readonly Finding[];
  readonly unproven: readonly GiveUp[];
  readonly summary: Summary;
}

/**
 * Distinct states at one point, and steps over a whole function, beyond which the checker gives up. The functions of
 * C-API code need not be proved, so less is spent on them.
 */
const LIMITS = {
  hpy: { states: 256, steps: 40_000 },
  capi: { states: 64, steps: 3_000 },
} as const;
const OUTCOMES = 48;
/** Branch decisions shown with a finding. */
const SHOWN_DECISIONS = 8;

/** Follows all paths of a function. `summaryOf` answers what is known of the functions that it calls. */
export function checkFunction(
  info: FunctionInfo,
  project: ProjectAnswers,
  side: Side,
  summaryOf: (name: string, count: number) => Summary | undefined,
): FunctionResult {
  return new FunctionCheck(info, project, side, summaryOf).run();
}

class FunctionCheck {
  private readonly side: Side;
  private readonly info: FunctionInfo;
  private readonly project: ProjectAnswers;
  private readonly interpreter: Interpreter;
  private readonly findings = new Map<string, Finding>();
  private readonly unproven = new Map<string, GiveUp>();
  private readonly outcomes = new Map<string, Outcome>();
  /** Where a borrowed handle was returned, to be reported when other paths return new ones. */
  private readonly borrowedReturns: { node: Node; state: State; cell: Cell }[] = [];

  constructor(
    info: FunctionInfo,
    project: ProjectAnswers,
    side: Side,
    summaryOf: (name: string, count: number) => Summary | undefined,
  ) {
    this.side = side;
    this.info = info;
    this.project = project;
    this.interpreter = new Interpreter({
      side,
      info,
      project,
      summaryOf,
      report: (id, node, message, state, cell, certainty) => this.report(id, node, message, state, cell, certainty),
      giveUp: (node, reason) => this.giveUp(node, reason),
      leave: (node, state, value) => this.finish(node, state, value, "return"),
    });
  }

  run(): FunctionResult {
    const { file, node } = this.info;
    const cfg = buildCfg(file, node);
    if (cfg.problem !== null) this.giveUp(cfg.problem.node, cfg.problem.reason);
    this.noteHidden();
    const live = liveness(file.tree, cfg, this.info.scope);
    const order = reversePostorder(cfg.nodes);
    const waiting = new Map<number, State[]>();
    const seen = cfg.nodes.map(() => new Map<string, State>());
    let steps = 0;
    const limit = LIMITS[this.side].steps;
    const arrive = (to: number, state: State): void => {
      this.prune(state, live[to] as ReadonlySet<string>);
      const known = seen[to] as Map<string, State>;
      const key = state.key();
      const same = known.get(key);
      if (same === undefined) {
        if (known.size >= LIMITS[this.side].states) {
          this.giveUp(cfg.nodes[to]?.syntax ?? node, "too many combinations of paths");
          return;
        }
        known.set(key, state.clone());
      } else {
        if (!same.absorb(state)) return;
        state = same.clone();
      }
      const queue = waiting.get(to);
      if (queue === undefined) waiting.set(to, [state]);
      else queue.push(state);
    };
    const start = new State();
    this.interpreter.enter(start);
    arrive(0, start);
    while (waiting.size > 0) {
      let id = -1;
      for (const candidate of waiting.keys()) {
        if (id < 0 || (order[candidate] as number) < (order[id] as number)) id = candidate;
      }
      const states = waiting.get(id) as State[];
      waiting.delete(id);
      for (const state of states) {
        if (++steps > limit) break;
        this.transfer(cfg.nodes[id] as CfgNode, state, arrive);
      }
      if (steps > limit) {
        this.giveUp(node, "too many steps");
        break;
      }
    }
    this.reportMixedReturns();
    this.reportMixedCloses();
    const [first] = this.unproven.values();
    return {
      findings: [...this.findings.values()].sort((a, b) => a.span.start - b.span.start),
      unproven: [...this.unproven.values()],
      summary: {
        outcomes: joinedResults([...this.outcomes.values()], this.interpreter.parameterUses()),
        parameters: this.interpreter.parameterUses(),
        doubtful: first?.reason ?? null,
      },
    };
  }

  /** Text that the tree does not show could hold anything. */
  private noteHidden(): void {
    const { file, node } = this.info;
    const start = file.tree.start(node);
    const end = file.tree.end(node);
    for (const span of file.hidden) {
      if (span.start < start || span.end > end) continue;
      const branch = file.conditionals.flatMap((c) => c.branches).find((b) => b.body.start === span.start);
      if (branch?.liveness !== "dead")
        this.addGiveUp(span, "an `#if` splits a construct, its other branch was not followed");
    }
  }

  private transfer(node: CfgNode, state: State, arrive: (to: number, state: State) => void): void {
    const { interpreter } = this;
    const pass = (states: readonly State[], accepts: (kind: string) => boolean): void => {
      for (const s of states) {
        const edges = node.successors.filter((e) => accepts(e.guard.kind));
        for (const [i, edge] of edges.entries()) arrive(edge.to, i + 1 < edges.length ? s.clone() : s);
      }
    };
    switch (node.kind) {
      case "declaration": {
        const states = interpreter.declare(node.syntax, state);
        for (const s of states) interpreter.resources.collect(s, node.syntax);
        pass(states, () => true);
        return;
      }
      case "expression": {
        const results = interpreter.evaluate(node.syntax, state);
        for (const r of results) interpreter.resources.collect(r.state, node.syntax);
        pass(
          results.map((r) => r.state),
          () => true,
        );
        return;
      }
      case "condition": {
        const { yes, no } = interpreter.branch(node.syntax, state);
        const span = this.span(node.syntax);
        for (const [states, note] of [
          [yes, "true here"],
          [no, "false here"],
        ] as const) {
          for (const s of states) {
            s.note(span, note);
            interpreter.resources.collect(s, node.syntax);
          }
        }
        pass(yes, (kind) => kind !== "false");
        pass(no, (kind) => kind !== "true");
        return;
      }
      case "switch": {
        const results = interpreter.evaluate(node.syntax, state);
        for (const r of results) {
          interpreter.resources.collect(r.state, node.syntax);
          let rest = [r.state];
          const others: number[] = [];
          for (const { to, guard } of node.successors) {
            if (guard.kind !== "case" || guard.value === NONE) {
              others.push(to);
              continue;
            }
            const { value } = guard;
            const parts = rest.map((s) => interpreter.select(node.syntax, value, s));
            for (const s of parts.flatMap((p) => p.yes)) arrive(to, s);
            rest = parts.flatMap((p) => p.no);
          }
          for (const to of others) for (const s of rest) arrive(to, s.clone());
        }
        return;
      }
      case "return":
        this.leave(node.syntax, state);
        return;
      case "exit":
        this.finish(this.info.node, state, UNKNOWN, "end");
        return;
      default:
        pass([state], () => true);
    }
  }

  private leave(syntax: Node, state: State): void {
    const { tree } = this.info.file;
    const isStatement = tree.kind(syntax) === "return_statement";
    const expression = isStatement ? tree.named(syntax)[0] : syntax;
    if (expression === undefined) {
      this.finish(syntax, state, UNKNOWN, "return");
      return;
    }
    for (const { state: s, value } of this.interpreter.evaluate(expression, state)) {
      if (isStatement) this.checkReturned(syntax, expression, value, s);
      this.finish(syntax, s, isStatement ? value : UNKNOWN, "return");
    }
  }

  private checkReturned(syntax: Node, expression: Node, value: Value, state: State): void {
    this.interpreter.resources.consume(value, expression, state);
    const cell = state.cell(value);
    if (this.side === "capi" && cell?.kind === "reference") {
      const { base, pointers } = this.info.head.type;
      if (cell.state !== "borrowed" || base !== "PyObject" || pointers !== 1) return;
      if (!this.project.isCallback(this.info)) return;
      const message = `${this.interpreter.resources.nameOf(cell)} is borrowed and returned without Py_INCREF`;
      this.report("capi-borrowed-returned", syntax, message, state, cell, "possible");
      return;
    }
    if (cell === undefined || cell.kind !== "handle") return;
    if (cell.state === "tracked") {
      this.report("tracked-handle-returned", syntax, "a handle is returned that its tracker closes", state, cell);
    } else if (cell.state === "borrowed" || cell.state === "constant") {
      if (!this.project.isEntry(this.info)) this.borrowedReturns.push({ node: syntax, state, cell });
      else this.reportBorrowedReturn(syntax, state, cell);
    } else return;
    if (this.project.isEntry(this.info) && value.kind === "cell") state.update(value.cell, { state: "unknown" });
  }

  private reportBorrowedReturn(node: Node, state: State, cell: Cell): void {
    const id = cell.state === "constant" ? "constant-returned" : "borrowed-handle-returned";
    const owner = cell.state === "constant" ? "the context" : "the caller";
    this.report(id, node, `a handle of ${owner} is returned without HPy_Dup`, state, cell);
  }

  /** A helper that always answers somebody else's handle is a convention; one that does so on some paths is a defect. */
  private reportMixedReturns(): void {
    if (![...this.outcomes.values()].some((o) => o.result.kind === "new")) return;
    for (const { node, state, cell } of this.borrowedReturns) {
      if (!this.isConsumed(cell.parameter)) this.reportBorrowedReturn(node, state, cell);
    }
  }

  /** A function either takes an argument over or leaves it to the caller; a caller cannot know which path it took. */
  private reportMixedCloses(): void {
    for (const p of this.info.scope.parameters) {
      if (p.type.base !== "HPy" || p.type.pointers > 0) continue;
      const taken = new Map<string, Set<boolean>>();
      for (const { result, arguments: args } of this.outcomes.values()) {
        const argument = args[p.index] as ArgumentOutcome;
        if (argument.when === "null" || argument.effect === "unknown") continue;
        const returned = result.kind === "argument" && result.index === p.index;
        const kind = result.kind === "number" ? `number ${result.mask}` : returned ? "new" : result.kind;
        const seen = taken.get(kind) ?? new Set();
        taken.set(kind, seen.add(argument.effect === "closed" || returned));
      }
      if (![...taken.values()].some((seen) => seen.size > 1)) continue;
      const message = `\`${p.name}\` is closed on some paths and left open on others with the same result`;
      this.report(
        "argument-closed-on-some-paths",
        this.info.head.nameNode,
        message,
        new State(),
        undefined,
        "possible",
      );
    }
  }

  /** Whether every path that returns something else closes the argument: then the function takes it over. */
  private isConsumed(parameter: number): boolean {
    if (parameter < 0) return false;
    const others = [...this.outcomes.values()].filter((o) => o.result.kind === "new");
    return others.length > 0 && others.every((o) => o.arguments[parameter]?.effect === "closed");
  }

  private finish(syntax: Node, state: State, value: Value, way: "return" | "end"): void {
    const end = way === "end" ? this.closingBrace() : syntax;
    this.interpreter.resources.collect(state, end, [value]);
    this.checkOuts(end, state);
    const outcome = this.outcome(state, value);
    this.interpreter.resources.leaveWith(state, end, [value]);
    const key = JSON.stringify(outcome);
    if (!this.outcomes.has(key) && this.outcomes.size >= OUTCOMES) this.giveUp(syntax, "too many ways to end");
    else this.outcomes.set(key, outcome);
  }

  private closingBrace(): Node {
    const { tree } = this.info.file;
    const body = tree.field(this.info.node, "body");
    const brace = body === NONE ? NONE : (tree.children(body).at(-1) ?? NONE);
    return brace === NONE ? this.info.node : brace;
  }

  private checkOuts(node: Node, state: State): void {
    for (const [place, value] of state.values) {
      if (!place.startsWith("*") || value.kind !== "cell") continue;
      const cell = state.cells.get(value.cell);
      if (cell === undefined || cell.parameter >= 0) continue;
      if (cell.state === "closed") this.interpreter.resources.consume(value, node, state);
    }
  }

  private outcome(state: State, value: Value): Outcome {
    const args = this.info.scope.parameters.map((p): ArgumentOutcome => {
      let when: ArgumentOutcome["when"] = "any";
      let effect: ArgumentOutcome["effect"] = "none";
      let oldWhen: ArgumentOutcome["oldWhen"] = "any";
      let closedOld = false;
      for (const cell of state.cells.values()) {
        if (cell.parameter === p.index) {
          if (cell.state === "null") when = "null";
          else if (!cell.maybeNull) when = "present";
          const returned = value.kind === "cell" && state.cells.get(value.cell) === cell;
          if (cell.state === "closed") effect = "closed";
          else if (this.side === "capi" && cell.state === "owned") effect = returned ? "none" : "retained";
          else if (cell.state === "tracked" || cell.state === "unknown") effect = "unknown";
        }
        if (cell.parameter === BEHIND + p.index) {
          closedOld = cell.state === "closed";
          if (cell.state === "null") oldWhen = "null";
          else if (!cell.maybeNull) oldWhen = "present";
        }
      }
      const place = this.interpreter.behind(p);
      const behind = state.values.get(place);
      let out: Given | null = null;
      const known = this.info.scope.parameters[p.index];
      if (known !== undefined && state.values.get(p.place)?.kind === "address") {
        const old = behind?.kind === "cell" && state.cells.get(behind.cell)?.parameter === BEHIND + p.index;
        if (!old) out = behind === undefined ? this.given(state, state.get(place)) : this.given(state, behind);
      }
      return { when, effect, out, oldWhen, closedOld };
    });
    return { result: this.given(state, value), arguments: args };
  }

  private given(state: State, raw: Value): Given {
    const value = state.plain(raw);
    switch (value.kind) {
      case "null":
        return { kind: "null" };
      case "unassigned":
        return { kind: "unassigned" };
      case "cell": {
        const cell = state.cells.get(value.cell);
        if (cell === undefined) return { kind: "number", mask: ANY };
        const counted = this.side === "capi" && cell.kind === "reference" && cell.state === "owned";
        if (counted) return { kind: "new", cell: cell.kind, maybeNull: cell.maybeNull };
        if (cell.parameter >= 0 && cell.parameter < BEHIND) return { kind: "argument", index: cell.parameter };
        if (cell.kind === "interior" || cell.kind === "view") {
          const owner = state.cells.get(cell.by);
          if (owner === undefined || owner.parameter < 0 || owner.parameter >= BEHIND)
            return { kind: "number", mask: ANY };
          return { kind: "inside", cell: cell.kind, index: owner.parameter, maybeNull: cell.maybeNull };
        }
        if (cell.state === "owned") return { kind: "new", cell: cell.kind, maybeNull: cell.maybeNull };
        if (cell.state === "unknown" || cell.state === "closed") return { kind: "number", mask: ANY };
        return { kind: "borrowed", cell: cell.kind };
      }
      case "number":
        return { kind: "number", mask: value.mask };
      default:
        return { kind: "number", mask: ANY };
    }
  }

  /** Drops values of places that nothing reads any more, except those that still have to be released. */
  private prune(state: State, live: ReadonlySet<string>): void {
    for (const [place, value] of state.values) {
      if (place.startsWith("*") || live.has(root(place))) continue;
      if (place.startsWith("(")) {
        state.values.delete(place);
        continue;
      }
      const cell = state.cell(value);
      if (cell?.state === "owned") continue;
      if (value.kind === "address") continue;
      state.values.delete(place);
    }
    for (const place of state.numbers.keys()) {
      if (!place.startsWith("*") && !live.has(root(place))) state.numbers.delete(place);
    }
    for (const [key, fact] of state.facts) {
      if (fact.names.every((name) => !live.has(name))) state.facts.delete(key);
    }
    const reachable = state.reachable([]);
    for (const [id, cell] of state.cells) {
      if (!reachable.has(id) && cell.state !== "owned") state.cells.delete(id);
    }
  }

  private span(node: Node): Span {
    const { tree } = this.info.file;
    return { start: tree.start(node), end: tree.end(node) };
  }

  private giveUp(node: Node, reason: string): void {
    this.addGiveUp(this.span(node), reason);
  }

  private addGiveUp(span: Span, reason: string): void {
    const key = `${span.start}:${reason}`;
    if (!this.unproven.has(key)) this.unproven.set(key, { span, reason });
  }

  private report(
    id: string,
    node: Node,
    message: string,
    state: State,
    cell: Cell | undefined,
    certainty?: "possible",
  ): void {
    const span = this.span(node);
    const origin = cell === undefined || cell.origin === NONE ? -1 : cell.origin;
    // A handle needs its close on every path, so each is reported. References of the original code are not repaired here.
    const everywhere = this.side === "capi" && origin >= 0;
    const key = everywhere ? `${id}:${origin}` : `${id}:${span.start}:${span.end}:${origin}`;
    const known = this.findings.get(key);
    if (known !== undefined && known.span.start <= span.start) return;
    this.findings.set(key, {
      id,
      span,
      function: this.info.name,
      message,
      path: this.path(state, cell),
      certainty: certainty ?? "certain",
      place: cell === undefined ? "" : variableOf(cell.holder),
    });
  }

  private path(state: State, cell: Cell | undefined): PathPoint[] {
    const points: PathPoint[] = [];
    const from = cell === undefined || cell.origin === NONE ? 0 : this.span(cell.origin).start;
    for (let t: Trace | null = state.trace; t !== null && points.length < SHOWN_DECISIONS; t = t.before) {
      if (t.span.start >= from) points.unshift({ span: t.span, note: t.note });
    }
    if (cell !== undefined && cell.origin !== NONE)
      points.unshift({ span: this.span(cell.origin), note: "comes from here" });
    if (cell !== undefined && cell.releasedAt !== NONE)
      points.push({ span: this.span(cell.releasedAt), note: "closed here" });
    return points;
  }
}

/**
 * Joins outcomes with the same effects: "nothing" and "something new" become "something new that may be null", and
 * pointers that were left alone or set to null are covered by outcomes that fill them with aliases. Fewer states at the
 * call, and a caller that never tests the result is not charged with a certain null.
 */
function joinedResults(outcomes: readonly Outcome[], uses: Summary["parameters"]): Outcome[] {
  const covered = outcomes.filter((o) => !outcomes.some((other) => other !== o && covers(other, o, uses)));
  const byEffect = new Map<string, Outcome[]>();
  for (const outcome of covered) {
    const key = JSON.stringify(outcome.arguments);
    const group = byEffect.get(key);
    if (group === undefined) byEffect.set(key, [outcome]);
    else group.push(outcome);
  }
  const joined: Outcome[] = [];
  for (const group of byEffect.values()) {
    const made = group.find((o) => o.result.kind === "new");
    const empty = group.some((o) => o.result.kind === "null");
    if (made?.result.kind !== "new" || !empty) {
      joined.push(...group);
      continue;
    }
    const { cell } = made.result;
    joined.push({ result: { kind: "new", cell, maybeNull: true }, arguments: made.arguments });
    joined.push(
      ...group.filter((o) => o.result.kind !== "null" && !(o.result.kind === "new" && o.result.cell === cell)),
    );
  }
  return joined;
}

/**
 * Whether `wide` says the same as `narrow`, with aliases where that has nothing behind its pointers. An array that was
 * left alone had no elements, when another path with the same result goes through all of them.
 */
function covers(wide: Outcome, narrow: Outcome, uses: Summary["parameters"]): boolean {
  if (JSON.stringify(wide.result) !== JSON.stringify(narrow.result)) return false;
  let wider = false;
  for (const [i, a] of wide.arguments.entries()) {
    const b = narrow.arguments[i] as ArgumentOutcome;
    if (uses[i] === "array" && b.out === null && !b.closedOld && (a.out !== null || a.closedOld)) {
      wider = true;
      continue;
    }
    const { out: outA, ...restA } = a;
    const { out: outB, ...restB } = b;
    if (JSON.stringify(restA) !== JSON.stringify(restB)) return false;
    if (JSON.stringify(outA) === JSON.stringify(outB)) continue;
    if (outA?.kind !== "borrowed" || (outB !== null && outB.kind !== "null")) return false;
    wider = true;
  }
  return wider;
}

/** A place as it can be written in the source; empty for what has no name there. */
function variableOf(place: string): string {
  const at = place.indexOf("@");
  const name = at < 0 ? place : place.slice(0, at);
  return name.startsWith("(") || name.endsWith("[]") ? "" : name;
}

/** The variable that a place is a part of. */
function root(place: string): string {
  for (let i = 0; i < place.length; i++) if (place[i] === "." || place[i] === "[") return place.slice(0, i);
  return place;
}

function reversePostorder(nodes: readonly CfgNode[]): number[] {
  const order: number[] = nodes.map(() => nodes.length);
  const state = new Uint8Array(nodes.length);
  const stack: [number, number][] = [[0, 0]];
  let next = nodes.length;
  state[0] = 1;
  while (stack.length > 0) {
    const top = stack.at(-1) as [number, number];
    const edge = nodes[top[0]]?.successors[top[1]++];
    if (edge === undefined) {
      order[top[0]] = next--;
      stack.pop();
    } else if (state[edge.to] === 0) {
      state[edge.to] = 1;
      stack.push([edge.to, 0]);
    }
  }
  return order;
}

/** The summary of a function of which nothing is known yet: it does not return. Recursion starts from here. */
export const BOTTOM: Summary = { outcomes: [], parameters: [], doubtful: null };

/** What HPy's conventions say of a function that could not be understood. */
export function conventional(info: FunctionInfo, reason: string): Summary {
  const { type } = info.head;
  const handle = type.base === "HPy" && type.pointers === 0;
  const result: Given = handle ? { kind: "new", cell: "handle", maybeNull: true } : { kind: "number", mask: ANY };
  const args = info.scope.parameters.map(
    (): ArgumentOutcome => ({ when: "any", effect: "none", out: null, oldWhen: "any", closedOld: false }),
  );
  return { outcomes: [{ result, arguments: args }], parameters: [], doubtful: reason };
}
