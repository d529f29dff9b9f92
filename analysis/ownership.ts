/**
 * The ownership analysis: a path-sensitive abstract interpretation of one function in the C API, which runs the
 * C references and the handles of the rewritten function side by side (see `state.ts`). It ends with a set of
 * decisions that make both agree on every path, or with a refusal.
 */

import type { CapiFunction } from "../model/api/capi.ts";
import { CONTEXT_HANDLES } from "../model/api/context-handles.ts";
import { type CType, foldedText, stripCasts, stripParentheses } from "../model/declarations.ts";
import { type ArgumentUnit, keepsArguments, readArgumentFormat, readBuildFormat } from "../model/format-units.ts";
import type { CFunction, Project } from "../model/project.ts";
import { buildCfg } from "../syntax/build-cfg.ts";
import type { Cfg, CfgEdge, CfgNode } from "../syntax/cfg.ts";
import { NONE, type Node, type Tree } from "../syntax/tree.ts";
import {
  type Construction,
  customAllocator,
  FREEING,
  fragileTraverse,
  readSlotCall,
  type SlotCall,
  TRACKING,
} from "./constructions.ts";
import { mayThrow } from "./cplusplus.ts";
import { keptPointers } from "./kept-pointers.ts";
import { computeLiveness, EVALUATED } from "./liveness.ts";
import { isAlwaysGiven } from "./never-null.ts";
import { type ParsedArguments, parsedArguments } from "./parsed-arguments.ts";
import { CLOSED, NULL_VALUE, type ObjectState, State, UNINITIALISED, UNKNOWN, type Value } from "./state.ts";
import { STRUCT_CALLS } from "./struct-views.ts";
import { type FieldKind, parseType, Refused, Typing } from "./typing.ts";

/** How a function is called. */
export type CallingConvention =
  | "noargs"
  | "o"
  | "varargs"
  | "keywords"
  | "fastcall"
  | "fastcall-keywords"
  /**
   * A slot of a type: the context first, every object parameter a borrowed handle, the others as they
   * are; an object result must be a new reference.
   */
  | "slot"
  /** A getter or setter of a type: a slot that takes a closure last, whether the function had that parameter or not. */
  | "getter"
  | "setter"
  /** `tp_new(type, args, kwds)`: becomes (ctx, HPy type, const HPy *args, HPy_ssize_t nargs, HPy kw). */
  | "new"
  /** `tp_init(self, args, kwds)`: becomes (ctx, HPy self, const HPy *args, HPy_ssize_t nargs, HPy kw), result int. */
  | "type-init"
  /** Called from C only. */
  | "helper"
  /** The former `PyInit_` function: takes over a module and returns it or NULL; becomes the body of `HPy_mod_exec`. */
  | "init";

/** Whether Python passes the arguments as a tuple in the C API; HPy passes an array. */
export function passesTuple(convention: CallingConvention): boolean {
  return convention === "varargs" || convention === "keywords" || passesDict(convention);
}

/** Whether keyword arguments stay a dict; methods get a tuple of names in HPy. */
export function passesDict(convention: CallingConvention): boolean {
  return convention === "new" || convention === "type-init";
}

/** What happens at a reference-count operation. */
export type Decision =
  /** INCREF: `x = HPy_Dup(ctx, x)`. A returned or assigned expression: `HPy_Dup(ctx, x)`. */
  | "dup"
  /** INCREF of a handle that is the function's own already, or paired with a later consumer: deleted. */
  | "delete"
  /** DECREF: `HPy_Close(ctx, x)`. */
  | "close"
  /** The statement stays, it works on a C cell; the expression hands over its handle as it is. */
  | "keep";

/** A handle that the rewritten function has to close at the end of a region. */
export interface Closing {
  /** Variable, or temporary (`%t` and the node), that holds it. */
  readonly variable: string;
  /** Statement (child of a block) after which it is closed. */
  readonly after: Node;
  /** Whether any path comes out of that statement, so that a close must stand there. */
  readonly falls: "through" | "never";
  /** First statement of the region in the block of `after`. */
  readonly first: Node;
  /** return, goto, break and continue statements before which it is closed. */
  readonly before: readonly Node[];
  /** Statements before which it is closed because they assign the variable anew. */
  readonly reassigned: readonly Node[];
}

/** What a call of the function means to its callers, one entry per way to return. */
export interface Outcome {
  readonly result:
    | "null"
    | "new"
    | "borrowed"
    | "unknown"
    | { readonly integer: number }
    | { readonly interior: number }
    /** What this parameter is, borrowed: NULL where it is NULL. */
    | { readonly argument: number };
  /** What each `PyObject **` parameter (by index) received; `absent` where this is a way to return only without one. */
  readonly outputs: ReadonlyMap<number, "absent" | "unchanged" | "null" | "new" | "borrowed">;
}

export interface Summary {
  readonly outcomes: readonly Outcome[];
  /** Indexes of parameters whose reference the function takes over. */
  readonly steals: ReadonlySet<number>;
}

export interface Facts {
  readonly fn: CFunction;
  readonly convention: CallingConvention;
  readonly typing: Typing;
  readonly cfg: Cfg;
  readonly decisions: ReadonlyMap<Node, Decision>;
  /** Parameters that are duplicated at the start of the function. */
  readonly parameterDuplicates: ReadonlySet<string>;
  /** Calls and loads whose handle needs a variable of its own. */
  readonly temporaries: ReadonlySet<Node>;
  readonly closings: readonly Closing[];
  /** Local references that must start as HPy_NULL. */
  readonly initialise: ReadonlySet<string>;
  /** Variables that are set to HPy_NULL after their generated close. */
  readonly reset: ReadonlySet<string>;
  /** Variables, as copied by `x = y`, that are HPy_NULL after that statement. */
  readonly moves: ReadonlySet<Node>;
  readonly summary: Summary;
  /** Project functions called with or for objects. */
  readonly callees: ReadonlySet<CFunction>;
  /** Legacy functions of the project that are called with or for objects over a bridge. */
  readonly bridged: ReadonlySet<CFunction>;
  /** Whether `args` must exist as a tuple object. */
  readonly needsTuple: boolean;
  /** Whether the keyword arguments of a method must exist as a dict. */
  readonly needsDict: boolean;
  /** For a helper: its parameters that take its caller's arguments. */
  readonly parsed: ParsedArguments | null;
  /** Leaks of the original that the rewritten function closes; whole sentences. */
  readonly notes: readonly string[];
  /** What a variable with a view holds after each place that sets it, by {@link viewKey}. */
  readonly views: ReadonlyMap<string, "null" | "object" | "unknown">;
  /** The states seen at each node, for the printed facts. */
  readonly states: readonly (readonly State[])[];
}

/** What the analysis knows about other functions. */
export interface Surroundings {
  readonly project: Project;
  readonly fields: ReadonlyMap<string, FieldKind>;
  /** Summary of a project function; null when it has none (its analysis failed). */
  readonly summaryOf: (fn: CFunction) => Summary | null;
  /** Whether a function stays legacy, and its summary is only what its callers take it to mean. */
  readonly isBridged: (fn: CFunction) => boolean;
  /** Why a function has no summary: the id of the refusal at the root, and a whole sentence. */
  readonly whyNot: (fn: CFunction) => { readonly root: string; readonly reason: string };
}

/** Node of a graph at which a function is left. */
const EXIT = 1;
const MAX_STATES = 600;
const MAX_ROUNDS = 40;
/** Begins the names of what keeps the objects of an argument parser open; the node of its call follows. */
export const TRACKER = "%tracker";

interface Out {
  readonly state: State;
  readonly value: Value;
  /** Innermost expression that the value comes from. */
  readonly leaf: Node;
}

interface Split {
  readonly yes: readonly State[];
  readonly no: readonly State[];
}

type Flip =
  | { readonly kind: "increment"; readonly site: Node }
  | { readonly kind: "leaf"; readonly leaf: Node }
  | { readonly kind: "move"; readonly leaf: Node }
  | { readonly kind: "parameter"; readonly name: string };

interface Region {
  readonly sites: ReadonlySet<Node>;
  readonly variable: string;
  readonly first: Node;
  readonly last: Node;
  readonly before: ReadonlySet<Node>;
  readonly reassigned: ReadonlySet<Node>;
}

class Analysis {
  readonly fn: CFunction;
  readonly convention: CallingConvention;
  readonly around: Surroundings;
  readonly typing: Typing;
  readonly tree: Tree;
  readonly cfg: Cfg;
  readonly live: readonly ReadonlySet<string>[];
  /** Variables whose addresses helpers receive to put references into them. */
  readonly outputs = new Set<string>();
  readonly argumentsName: string;
  readonly needsTuple: boolean;
  readonly needsDict: boolean;
  readonly parsed: ParsedArguments | null;

  /** Choices that a conflict forced; they only grow. */
  readonly dupIncrements = new Set<Node>();
  readonly dupLeaves = new Set<Node>();
  readonly dupParameters = new Set<string>();
  /** Copies `x = y` after which `y` is HPy_NULL, so that only `x` is closed. */
  readonly moves = new Set<Node>();
  readonly stolen = new Set<number>();
  readonly initialise = new Set<string>();
  readonly reset = new Set<string>();
  regions: Region[] = [];

  /** Results of the current round. */
  decisions = new Map<Node, Set<Decision>>();
  flips = new Map<Node, Flip[]>();
  temporaries = new Set<Node>();
  outcomes = new Map<string, Outcome>();
  callees = new Set<CFunction>();
  bridged = new Set<CFunction>();
  /** Whether a reference of the function's own is given up nowhere on some path. */
  losesReferences = false;
  notes = new Set<string>();
  /** What variables hold where their views are taken; see {@link viewKey}. */
  views = new Map<string, "null" | "object" | "unknown">();
  states: State[][] = [];
  current: CfgNode | null = null;
  requested: Flip | null = null;
  normalExits = new Set<string>();
  /** Where an exception of C++ would pass a handle that a borrowed reference has become. */
  passed: Node = NONE;
  /** Places where a region's variable is closed on some path, and where it is still wanted on some path. */
  closedAt = new Set<string>();
  /** Leaves through which a variable came to share the handle of another. */
  readonly copies = new Map<string, Set<Node>>();
  /** Node of the graph in which each of these copies is made. */
  readonly copiedAt = new Map<Node, number>();
  keptAt = new Set<string>();
  deaths: { variable: string; site: Node; node: number; edge: CfgEdge | null; reassignment: Node }[] = [];

  constructor(fn: CFunction, convention: CallingConvention, around: Surroundings) {
    this.fn = fn;
    this.convention = convention;
    this.around = around;
    this.typing = new Typing(
      around.project,
      fn,
      around.fields,
      convention.startsWith("fastcall") ? (fn.parameters[1]?.name ?? "") : "",
    );
    this.tree = fn.file.tree;
    this.cfg = buildCfg(fn.file, fn.node);
    if (this.cfg.problem !== null)
      this.typing.refuse("control-flow-not-understood", this.cfg.problem.node, `${this.cfg.problem.reason}.`);
    this.parsed = convention === "helper" ? parsedArguments(around.project, fn) : null;
    this.argumentsName = passesTuple(convention)
      ? (fn.parameters[1]?.name ?? "")
      : (fn.parameters[this.parsed?.args ?? -1]?.name ?? "");
    this.#checkCounts();
    const asDict = convention === "keywords" || this.parsed !== null ? this.#useOfDict(this.#keywordsName()) : NONE;
    this.needsDict = asDict !== NONE;
    if (this.parsed !== null && asDict !== NONE)
      this.typing.refuse(
        "keywords-as-dict",
        asDict,
        `The dict of keyword arguments \`${this.#keywordsName()}\` is used other than by a parser.`,
      );
    this.needsTuple = this.argumentsName !== "" && this.#usesTupleObject();
    if (this.parsed !== null && this.needsTuple)
      this.typing.refuse(
        "parsed-tuple-is-not-args",
        fn.declarator.node,
        `It parses \`${this.argumentsName}\` and uses it as a tuple object too.`,
      );
    this.#checkDeclarations();
    this.live = computeLiveness(this.tree, this.cfg, {
      tracked: (name) => this.typing.local(name) !== undefined,
      isOutput: (n) => this.#isOutput(n),
    });
  }

  run(): Facts {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      this.#reset();
      const before = this.initialise.size + this.reset.size;
      this.#interpret();
      if (this.requested !== null && this.#applyFlip(this.requested)) continue;
      if (this.#resolveConflicts()) continue;
      if (this.#growRegions() || this.#grewSince(before)) continue;
      for (const place of this.closedAt)
        if (this.keptAt.has(place))
          this.typing.refuse(
            "ownership-differs-by-path",
            Number(place.slice(place.lastIndexOf(":") + 1)),
            "A handle ends here on one path and is still used on another.",
          );
      if (this.passed !== NONE)
        this.typing.refuse(
          "cplusplus-exception",
          this.passed,
          "An exception from here would pass over a handle that C does not have to release.",
        );
      return this.#facts();
    }
    return this.typing.refuse(
      "too-complex",
      this.fn.declarator.node,
      "The ownership of its references does not settle.",
    );
  }

  #grewSince(before: number): boolean {
    return this.initialise.size + this.reset.size > before;
  }

  #reset(): void {
    this.decisions = new Map();
    this.flips = new Map();
    this.temporaries = new Set();
    this.outcomes = new Map();
    this.callees = new Set();
    this.bridged = new Set();
    this.losesReferences = false;
    this.notes = new Set();
    this.views = new Map();
    this.states = this.cfg.nodes.map(() => []);
    this.deaths = [];
    this.normalExits = new Set();
    this.closedAt = new Set();
    this.keptAt = new Set();
    this.requested = null;
    this.passed = NONE;
  }

  #facts(): Facts {
    const [unproven] = this.bridged;
    if (unproven !== undefined && this.losesReferences)
      this.typing.refuse(
        "calls-unproven-function",
        this.fn.declarator.node,
        `\`${unproven.name}\` cannot be proved, and a reference is lost here unless it takes that over. ${this.around.whyNot(unproven).reason}`,
      );
    const decisions = new Map<Node, Decision>();
    for (const [site, choices] of this.decisions) decisions.set(site, [...choices][0] as Decision);
    return {
      fn: this.fn,
      convention: this.convention,
      typing: this.typing,
      cfg: this.cfg,
      decisions,
      parameterDuplicates: this.dupParameters,
      temporaries: this.temporaries,
      closings: this.regions.map((r) => ({
        variable: r.variable,
        after: r.last,
        falls: this.normalExits.has(regionKey(r)) ? "through" : "never",
        first: r.first,
        before: [...r.before].sort((a, b) => a - b),
        reassigned: [...r.reassigned].sort((a, b) => a - b),
      })),
      initialise: this.initialise,
      reset: this.reset,
      moves: this.moves,
      summary: { outcomes: [...this.outcomes.values()], steals: this.stolen },
      callees: this.callees,
      bridged: this.bridged,
      needsTuple: this.needsTuple,
      needsDict: this.needsDict,
      parsed: this.parsed,
      notes: [...this.notes],
      views: this.views,
      states: this.states,
    };
  }

  // Setting up.

  /**
   * Whether an argument is the address of a variable into which a helper puts a reference. What the variable held
   * before is dead, which is checked: where a helper leaves the variable alone, it counts as closed afterwards, unless
   * it was NULL.
   */
  #isOutput(n: Node): boolean {
    const tree = this.tree;
    const at = stripCasts(tree, n);
    if (tree.kind(at) !== "pointer_expression" || tree.token(at, "&") === NONE) return false;
    const inner = stripParentheses(tree, tree.field(at, "argument"));
    if (tree.kind(inner) !== "identifier" || this.typing.typeOf(inner) !== "handle") return false;
    const call = tree.parent(tree.parent(n));
    const callee = tree.kind(call) === "call_expression" ? this.typing.callee(call) : null;
    if (callee?.kind !== "project") return false;
    const summary = this.around.summaryOf(callee.target);
    const index = tree.named(tree.parent(n)).indexOf(n);
    const isWritten = summary?.outcomes.some((o) => !["unchanged", "absent", undefined].includes(o.outputs.get(index)));
    if (isWritten === true) this.outputs.add(tree.source(inner));
    return isWritten === true;
  }

  #usesTupleObject(): boolean {
    for (const n of this.tree.descendants(this.fn.body, "identifier")) {
      if (this.tree.source(n) !== this.argumentsName) continue;
      if (!this.#isPlainArgumentUse(n)) return true;
    }
    return false;
  }

  /** Uses of `args` that have a direct form on `args[]` and `nargs`. */
  #isPlainArgumentUse(n: Node): boolean {
    const tree = this.tree;
    let at = n;
    while (["parenthesized_expression", "cast_expression"].includes(tree.kind(tree.parent(at)))) at = tree.parent(at);
    const list = tree.parent(at);
    if (tree.kind(list) !== "argument_list") return false;
    const call = tree.parent(list);
    if (this.typing.construction(call) !== null) return true;
    const callee = this.typing.callee(call);
    if (callee.kind === "project") {
      const index = parsedArguments(this.around.project, callee.target)?.args;
      return index !== undefined && tree.named(list)[index] === at;
    }
    if (callee.kind !== "capi" || tree.named(list)[0] !== at) return false;
    return (
      ["PyTuple_GET_SIZE", "PyTuple_Size", "PyTuple_GET_ITEM", "PyArg_ParseTuple", "PyArg_UnpackTuple"].includes(
        callee.name,
      ) || callee.name === "PyArg_ParseTupleAndKeywords"
    );
  }

  /** Uses of arguments whose form changes: a FASTCALL array holds handles, NOARGS drops one. */
  #checkArguments(): void {
    const tree = this.tree;
    const name = (index: number): string => this.fn.parameters[index]?.name ?? "";
    const isFastcall = this.convention.startsWith("fastcall");
    for (const n of tree.descendants(this.fn.body, "identifier")) {
      const source = tree.source(n);
      if (this.convention === "noargs" && source === name(1) && source !== "")
        this.typing.refuse("unused-argument-used", n, `\`${source}\` is always NULL, and HPy does not pass it.`);
      if (!isFastcall) continue;
      const parent = tree.parent(n);
      const kind = tree.kind(parent);
      if (source === name(1) && !(kind === "subscript_expression" && tree.field(parent, "argument") === n))
        this.typing.refuse(
          "object-array",
          n,
          `\`${source}\` is used as a pointer; the analysis follows single arguments only.`,
        );
      if (source !== name(2)) continue;
      const isChanged =
        kind === "update_expression" ||
        (kind === "assignment_expression" && tree.field(parent, "left") === n) ||
        (kind === "pointer_expression" && tree.token(parent, "&") !== NONE);
      if (isChanged)
        this.typing.refuse("argument-count-changed", n, `\`${source}\` is assigned; HPy's count is unsigned.`);
    }
  }

  #checkDeclarations(): void {
    this.#checkArguments();
    if (this.fn.isVariadic)
      this.typing.refuse("variadic-function", this.fn.declarator.node, "It takes a variable number of arguments.");
    const fastcall = this.convention.startsWith("fastcall");
    for (const declaration of this.tree.descendants(this.fn.body, "declaration")) {
      const source = this.tree.source(declaration);
      if (source.includes("__attribute__") && source.includes("cleanup"))
        this.typing.refuse(
          "variable-attribute",
          declaration,
          "A variable has an attribute that runs code at the end of its scope.",
        );
    }
    for (const local of this.typing.locals.values()) {
      const type = local.type;
      if (!this.typing.objects.mentionsObject(type) || this.typing.objects.isObjectPointer(type)) continue;
      if (type.pointers + type.arrays === 0)
        this.typing.refuse(
          "object-struct-copied",
          local.declarator.node,
          `\`${local.name}\` is the struct of an object itself; HPy knows objects by their handles only.`,
        );
      if (type.pointers === 2 && type.arrays === 0 && !type.isFunction && local.parameter >= 0) continue;
      if (fastcall && local.parameter === 1) continue;
      if (type.isFunction)
        this.typing.refuse(
          "function-pointer",
          local.declarator.node,
          `\`${local.name}\` is a pointer to a function on objects.`,
        );
      this.typing.refuse(
        "object-array",
        local.declarator.node,
        `\`${local.name}\` is an array of (or pointer to) references; the analysis follows single variables only.`,
      );
    }
  }

  #interpret(): void {
    let entry = new State(new Map(), new Map());
    this.fn.parameters.forEach((p, index) => {
      if (p.name === "") return;
      if (this.typing.viewedHandles.has(p.name))
        this.#recordView(NONE, p.name, this.#isNeverNull(p.name, index) ? "object" : "unknown");
      if (this.typing.objects.isObjectPointer(p.type)) {
        const isArguments = p.name === this.argumentsName;
        const isMade =
          this.dupParameters.has(p.name) ||
          (isArguments && this.needsTuple) ||
          (this.needsDict && p.name === this.#keywordsName());
        const added = entry.add({
          parameter: index,
          nonNull: isArguments || this.#isNeverNull(p.name, index),
          references: this.stolen.has(index) || this.convention === "init" ? 1 : 0,
          handles: isMade ? 1 : 0,
          site: isMade ? this.fn.body : NONE,
        });
        entry = added.state.set(p.name, { kind: "object", id: added.id });
      } else if (this.typing.objects.isObjectPointerPointer(p.type) && this.convention === "helper") {
        entry = entry.set(`*${p.name}`, UNKNOWN);
      } else if (this.#isTrackedInteger(p.name)) entry = entry.set(p.name, UNKNOWN);
    });
    const queue: { node: number; state: State }[] = [];
    const seen: Set<string>[] = this.cfg.nodes.map(() => new Set());
    const arrive = (id: number, state: State): void => {
      const { state: canonical, key } = state.canonical();
      const keys = seen[id] as Set<string>;
      if (keys.has(key)) return;
      keys.add(key);
      if (keys.size > MAX_STATES)
        this.typing.refuse(
          "too-complex",
          this.fn.declarator.node,
          "It has too many different paths for its references.",
        );
      this.states[id]?.push(canonical);
      queue.push({ node: id, state: canonical });
    };
    arrive(0, entry);
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      const node = this.cfg.nodes[item.node] as CfgNode;
      this.current = node;
      for (const { edge, state } of this.#step(node, item.state)) {
        this.#passExceptions(node, item.state, state);
        const isEnd = edge.to === EXIT && node.kind !== "return" && isNothing(this.fn.result);
        if (isEnd) this.#finish(state, "unknown");
        const after = this.#leave(node, edge, isEnd ? this.#atExit(state) : state);
        arrive(edge.to, after);
      }
      if (this.requested !== null) return;
    }
  }

  /** Notes a node of C++ that may throw while a borrowed reference is a handle, which the C code need not release. */
  #passExceptions(node: CfgNode, before: State, after: State): void {
    if (this.fn.file.language !== "cpp" || !EVALUATED.has(node.kind) || this.passed !== NONE) return;
    const holds = (state: State): boolean =>
      [...state.objects.values()].some((o) => o.handles === 1 && o.references === 0);
    if ((holds(before) || holds(after)) && mayThrow(this.around.project, this.fn, node.syntax))
      this.passed = node.syntax;
  }

  /** Whether a parameter always refers to an object: Python passes one, or the function reaches into it on every path. */
  #isNeverNull(name: string, index: number): boolean {
    switch (this.convention) {
      case "init":
        return true;
      case "helper":
        return (
          this.typing.viewedHandles.has(name) &&
          (this.#reachesIntoAlways(name) || isAlwaysGiven(this.around.project, this.fn, index))
        );
      case "slot":
      case "getter":
        return index === 0 || this.typing.objects.isObjectPointer(this.fn.result);
      case "o":
        return index <= 1;
      default:
        return index === 0;
    }
  }

  /** Whether every path through the function reads or writes a field behind a parameter. */
  #reachesIntoAlways(name: string): boolean {
    const seen = new Set<number>();
    const queue = [0];
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      if (seen.has(id)) continue;
      seen.add(id);
      const node = this.cfg.nodes[id] as CfgNode;
      if (node.kind === "exit") return false;
      if (EVALUATED.has(node.kind) && this.#reachesInto(node.syntax, name)) continue;
      for (const edge of node.successors) queue.push(edge.to);
    }
    return true;
  }

  /** Whether evaluating an expression or declaration always uses a field of a variable. */
  #reachesInto(n: Node, name: string): boolean {
    const tree = this.tree;
    switch (tree.kind(n)) {
      case "field_expression":
        if (tree.source(stripCasts(tree, tree.field(n, "argument"))) === name) return true;
        break;
      case "binary_expression": {
        const operator = tree.source(tree.field(n, "operator"));
        if (operator === "&&" || operator === "||") return this.#reachesInto(tree.field(n, "left"), name);
        break;
      }
      case "conditional_expression":
        return this.#reachesInto(tree.field(n, "condition"), name);
      case "sizeof_expression":
      case "offsetof_expression":
        return false;
      default:
    }
    return tree.named(n).some((c) => this.#reachesInto(c, name));
  }

  /** Notes what a variable holds where its view is taken, so that no view of nothing is taken. */
  #recordView(at: Node, name: string, held: "null" | "object" | "unknown"): void {
    const key = viewKey(at, name);
    const known = this.views.get(key);
    this.views.set(key, known === undefined || known === held ? held : "unknown");
  }

  #heldBy(value: Value, state: State): "null" | "object" | "unknown" {
    if (value.kind === "null") return "null";
    return value.kind === "object" && state.object(value.id).nonNull ? "object" : "unknown";
  }

  #isTrackedInteger(name: string): boolean {
    const local = this.typing.local(name);
    return (
      local !== undefined && local.type.pointers === 0 && local.type.arrays === 0 && INTEGER_BASES.has(local.type.base)
    );
  }

  /** Executes a node: the states at its edges. */
  #step(node: CfgNode, state: State): { edge: CfgEdge; state: State }[] {
    const all = (states: readonly State[]): { edge: CfgEdge; state: State }[] =>
      states.flatMap((s) => node.successors.map((edge) => ({ edge, state: s })));
    switch (node.kind) {
      case "entry":
      case "join":
        return all([state]);
      case "exit":
        return [];
      case "jump":
        return all([state]);
      case "declaration":
        return all(this.#declare(node.syntax, state));
      case "expression":
        return all(this.#effect(node.syntax, state));
      case "condition": {
        const split = this.#condition(node.syntax, state);
        return node.successors.flatMap((edge) =>
          (edge.guard.kind === "true"
            ? split.yes
            : edge.guard.kind === "false"
              ? split.no
              : [...split.yes, ...split.no]
          ).map((s) => ({ edge, state: s })),
        );
      }
      case "switch":
        return all(this.#evaluate(node.syntax, state).map((o) => o.state));
      case "return":
        return all(this.#return(node, node.syntax, state));
    }
  }

  /** Drops what is dead on an edge and records the handles that die there. */
  #leave(node: CfgNode, edge: CfgEdge, state: State): State {
    const live = this.live[edge.to] ?? new Set<string>();
    let after = state;
    for (const region of this.regions) {
      const inside = this.#inRegion(region, edge.to) || !this.#inRegion(region, node.id);
      if (!inside) after = this.#closeRegion(region, node, edge, after);
    }
    const isLive = (name: string): boolean => {
      if (name.startsWith("*") || name.startsWith("cell:") || name.startsWith("back:") || name.startsWith("const:"))
        return edge.to !== EXIT;
      if (name.startsWith(TRACKER)) return false;
      return live.has(name);
    };
    const kept = new Set<number>();
    const keep = (id: number): void => {
      if (kept.has(id)) return;
      kept.add(id);
      const keeper = after.object(id).keeper;
      if (keeper >= 0) keep(keeper);
    };
    for (const [name, value] of after.variables)
      if (isLive(name) && (value.kind === "object" || value.kind === "interior")) keep(value.id);
    for (const region of this.regions) {
      if (!this.#inRegion(region, edge.to)) continue;
      const value = after.variables.get(region.variable);
      if (value?.kind === "object" && region.sites.has(after.object(value.id).site)) keep(value.id);
    }
    const dying = new Set<number>();
    for (const value of after.variables.values())
      if ((value.kind === "object" || value.kind === "interior") && !kept.has(value.id)) dying.add(value.id);
    for (const id of dying) {
      after = this.#leaveToTwin(after, id, kept);
      const object = after.object(id);
      if (object.handles === 1 && object.references > 0 && object.source.startsWith("cell:")) {
        after = shift(shift(after, object.source, object.references), `back:${object.source}`, object.references);
        after = after.update(id, { references: 0 });
        this.#recordDeath(after, id, node, edge, NONE);
      } else if (object.handles === 1) this.#recordDeath(after, id, node, edge, NONE);
      else if (object.references > 0) this.#leaked(object, node);
    }
    for (const [name, value] of [...after.variables]) {
      if (isLive(name)) {
        if ((value.kind === "object" || value.kind === "interior") && dying.has(value.id))
          after = after.set(name, CLOSED);
        continue;
      }
      // A helper that fails may leave the variable alone: then it is still what it was set to before the call.
      if (value.kind === "null" && edge.to !== EXIT && this.outputs.has(name)) continue;
      const held = value.kind === "object" || value.kind === "interior";
      if (held && kept.has((value as { id: number }).id) && this.#needsHolder(name, value, isLive, after)) continue;
      const isRegionVariable = this.regions.some((r) => r.variable === name);
      if (isRegionVariable && (!held || this.regions.some((r) => r.variable === name && this.#inRegion(r, edge.to))))
        continue;
      after = after.remove(name);
    }
    return after;
  }

  /** What a dying handle owes is owed by another handle of the object that lives on. */
  #leaveToTwin(state: State, id: number, kept: ReadonlySet<number>): State {
    const object = state.object(id);
    if (object.references !== 1 || object.twins < 0) return state;
    for (const other of kept) {
      const twin = state.object(other);
      if (twin.twins === object.twins && twin.references === 0 && twin.handles === 1)
        return state.update(id, { references: 0 }).update(other, { references: 1 });
    }
    return state;
  }

  /** A dead variable stays while it is the only one through which a handle that is still needed can be closed. */
  #needsHolder(name: string, value: Value, isLive: (name: string) => boolean, state: State): boolean {
    if (value.kind !== "object") return false;
    if (state.object(value.id).handles === 0) return false;
    return !state.holders(value.id).some((other) => other !== name && isLive(other));
  }

  #leaked(object: ObjectState, node: CfgNode): void {
    if (this.convention === "init" && object.parameter >= 0) return;
    const at = object.increment !== NONE ? object.increment : object.site !== NONE ? object.site : node.syntax;
    if (object.parameter >= 0 && this.stolen.has(object.parameter))
      this.typing.refuse(
        "stolen-on-some-paths",
        this.fn.declarator.node,
        "It takes over a reference passed to it on some paths only.",
      );
    this.typing.refuse(
      "unpaired-incref",
      at === NONE ? this.fn.declarator.node : at,
      "A reference is added here that no path gives away or releases; HPy has no counterpart for that.",
    );
  }

  #recordDeath(state: State, id: number, node: CfgNode, edge: CfgEdge | null, reassignment: Node): void {
    const object = state.object(id);
    const holders = state.holders(id);
    const variable = holders.find((h) => !h.startsWith("*") && !h.startsWith("cell:") && !h.startsWith("const:"));
    if (variable === undefined)
      this.typing.refuse(
        "handle-without-variable",
        object.site === NONE ? this.fn.declarator.node : object.site,
        "A handle is left over that no variable holds when it should be closed.",
      );
    if (object.references > 0) {
      this.losesReferences = true;
      const line = this.#line(object.site === NONE ? this.fn.node : object.site);
      this.notes.add(
        `\`${this.fn.name}\` lost the reference made in line ${line} on some path; the rewritten function closes it.`,
      );
    }
    this.deaths.push({ variable, site: object.site, node: node.id, edge, reassignment });
  }

  #line(n: Node): number {
    let line = 1;
    const text = this.tree.text;
    const offset = this.tree.start(n);
    for (let i = text.indexOf("\n"); i >= 0 && i < offset; i = text.indexOf("\n", i + 1)) line++;
    return line;
  }

  // Regions: where generated closes go.

  #inRegion(region: Region, id: number): boolean {
    const statement = this.#statementOf(id);
    if (statement === NONE) return false;
    return (
      this.tree.start(statement) >= this.tree.start(region.first) &&
      this.tree.end(statement) <= this.tree.end(region.last)
    );
  }

  /** Statement that a graph node belongs to; joins belong to the statement whose paths meet there. */
  #statementOf(id: number): Node {
    return this.cfg.statement[id] ?? NONE;
  }

  /** The variable of a region on an edge that leaves it. */
  #closeRegion(region: Region, node: CfgNode, edge: CfgEdge, state: State): State {
    const value = state.variables.get(region.variable);
    if (value === undefined || value.kind === "null") return state;
    const isJump = node.kind === "jump" || node.kind === "return";
    if (value.kind === "uninitialised") {
      if (!isJump || region.before.has(this.#jumpStatement(node))) this.initialise.add(region.variable);
      return state;
    }
    if (value.kind === "closed") {
      if (!isJump || region.before.has(this.#jumpStatement(node))) this.reset.add(region.variable);
      return state;
    }
    if (value.kind !== "object") return state;
    const object = state.object(value.id);
    if (!region.sites.has(object.site)) {
      if (object.handles === 0) this.#requestAliasDuplicate(object, region.variable);
      return state;
    }
    const place = isJump ? this.#jumpStatement(node) : region.last;
    if (this.live[edge.to]?.has(region.variable) === true) {
      if (!isJump || region.before.has(place)) this.keptAt.add(`${regionKey(region)}:${place}`);
      return state;
    }
    for (const other of state.holders(value.id)) {
      if (other === region.variable || this.live[edge.to]?.has(other) !== true) continue;
      const leaves = [...(this.copies.get(other) ?? [])];
      const own = leaves.filter((leaf) => this.tree.source(leaf) === region.variable);
      for (const leaf of own.length > 0 ? own : leaves) {
        if (this.dupLeaves.has(leaf) || this.moves.has(leaf)) continue;
        const isMove = object.references > 0 && this.#isLastUse(leaf, region.variable);
        this.requested ??= { kind: isMove ? "move" : "leaf", leaf };
      }
    }
    if (!isJump || region.before.has(place)) this.closedAt.add(`${regionKey(region)}:${place}`);
    if (!isJump) this.normalExits.add(regionKey(region));
    if (isJump && !region.before.has(this.#jumpStatement(node)))
      this.deaths.push({ variable: region.variable, site: object.site, node: node.id, edge: null, reassignment: NONE });
    const heirs = new Set<number>();
    for (const [name, held] of state.variables)
      if (held.kind === "object" && this.live[edge.to]?.has(name) === true) heirs.add(held.id);
    const left = this.#leaveToTwin(state, value.id, heirs);
    this.losesReferences ||= left.object(value.id).references > 0;
    return this.#closed(left, value.id, region.variable);
  }

  /** Whether a leaf is a variable that is copied by a statement of its own and not used afterwards. */
  #isLastUse(leaf: Node, variable: string): boolean {
    const tree = this.tree;
    if (tree.kind(leaf) !== "identifier" || tree.source(leaf) !== variable) return false;
    let at = leaf;
    while (["parenthesized_expression", "cast_expression"].includes(tree.kind(tree.parent(at)))) at = tree.parent(at);
    const assignment = tree.parent(at);
    if (tree.kind(assignment) !== "assignment_expression") return false;
    if (tree.kind(tree.parent(assignment)) !== "expression_statement") return false;
    const node = this.cfg.nodes[this.copiedAt.get(leaf) ?? -1];
    return node?.successors.every((edge) => this.live[edge.to]?.has(variable) !== true) === true;
  }

  /** The state after a close through one variable. */
  #closed(state: State, id: number, variable: string): State {
    const after = state.update(id, { references: 0, handles: 0 }).substitute(id, CLOSED);
    return this.reset.has(variable) ? after.set(variable, NULL_VALUE) : after;
  }

  #requestAliasDuplicate(object: ObjectState, variable: string): void {
    if (object.leaf !== NONE && !this.dupLeaves.has(object.leaf))
      this.requested ??= { kind: "leaf", leaf: object.leaf };
    else if (object.parameter >= 0 && !this.dupParameters.has(variable))
      this.requested ??= { kind: "parameter", name: variable };
  }

  #jumpStatement(node: CfgNode): Node {
    return this.tree.kind(node.syntax) === "return_statement" ||
      this.tree.kind(node.syntax) === "goto_statement" ||
      this.tree.kind(node.syntax) === "break_statement" ||
      this.tree.kind(node.syntax) === "continue_statement"
      ? node.syntax
      : this.tree.parent(node.syntax);
  }

  #applyFlip(flip: Flip): boolean {
    switch (flip.kind) {
      case "increment":
        if (this.dupIncrements.has(flip.site)) return false;
        this.dupIncrements.add(flip.site);
        return true;
      case "leaf":
        if (this.dupLeaves.has(flip.leaf)) return false;
        this.dupLeaves.add(flip.leaf);
        return true;
      case "move":
        if (this.moves.has(flip.leaf)) return false;
        this.moves.add(flip.leaf);
        return true;
      case "parameter":
        if (this.dupParameters.has(flip.name)) return false;
        this.dupParameters.add(flip.name);
        return true;
    }
  }

  /** Sites whose states want different things: duplicate an alias so that all own their handle. */
  #resolveConflicts(): boolean {
    for (const [site, choices] of this.decisions) {
      if (choices.size < 2) continue;
      for (const flip of this.flips.get(site) ?? []) if (this.#applyFlip(flip)) return true;
      this.typing.refuse(
        "ownership-differs-by-path",
        site,
        "The same operation releases the function's own reference on one path and a borrowed one on another.",
      );
    }
    return false;
  }

  /** Turns recorded deaths into regions with one close; true when something changed. */
  #growRegions(): boolean {
    let changed = false;
    for (const death of this.deaths) {
      const region = this.regions.find((r) => r.variable === death.variable && r.sites.has(death.site));
      const grown = this.#grow(region, death);
      if (grown === null) continue;
      this.regions = [...this.regions.filter((r) => r !== region), grown];
      changed = true;
    }
    if (changed) this.#mergeRegions();
    return changed;
  }

  /** Regions of one variable that touch become one, so that the variable is closed once. */
  #mergeRegions(): void {
    for (let again = true; again; ) {
      again = false;
      for (const a of this.regions) {
        const b = this.regions.find(
          (r) =>
            r !== a &&
            r.variable === a.variable &&
            this.tree.start(r.first) < this.tree.end(a.last) &&
            this.tree.start(a.first) < this.tree.end(r.last),
        );
        if (b === undefined) continue;
        const merged = this.#span([a.first, a.last, b.first, b.last]);
        this.regions = this.regions.filter((r) => r !== a && r !== b);
        this.regions.push({
          ...a,
          sites: new Set([...a.sites, ...b.sites]),
          ...merged,
          before: new Set([...a.before, ...b.before]),
          reassigned: new Set([...a.reassigned, ...b.reassigned]),
        });
        again = true;
        break;
      }
    }
  }

  #grow(
    region: Region | undefined,
    death: { variable: string; site: Node; node: number; edge: CfgEdge | null; reassignment: Node },
  ): Region | null {
    const node = this.cfg.nodes[death.node] as CfgNode;
    const before = new Set(region?.before ?? []);
    const reassigned = new Set(region?.reassigned ?? []);
    const places: Node[] = region === undefined ? [] : [region.first, region.last];
    const site = death.site === NONE ? this.fn.body : death.site;
    // What the condition of a loop makes for its body is closed at the end of each round.
    const round = this.#loopBody(site, death.node);
    if (round.length > 0) places.push(...round);
    else places.push(site);
    if (death.reassignment !== NONE) {
      const statement = this.#statementOf(death.node);
      if (reassigned.has(statement)) return null;
      reassigned.add(statement);
      places.push(statement);
    } else if (node.kind === "jump" || node.kind === "return") {
      before.add(this.#jumpStatement(node));
      places.push(this.#jumpStatement(node));
    } else {
      const statement = this.#statementOf(death.node);
      places.push(statement === NONE ? this.fn.body : statement);
    }
    const { first, last } = this.#span(places);
    if (
      region !== undefined &&
      region.first === first &&
      region.last === last &&
      before.size === region.before.size &&
      reassigned.size === region.reassigned.size
    )
      return null;
    return {
      sites: new Set([...(region?.sites ?? []), death.site]),
      variable: death.variable,
      first,
      last,
      before,
      reassigned,
    };
  }

  /** First and last statement of the body of a loop whose condition holds a site, where a node of the graph is in that body. */
  #loopBody(site: Node, node: number): Node[] {
    const tree = this.tree;
    const loop = tree.enclosing(site, "while_statement", "for_statement");
    const condition = loop === NONE ? NONE : tree.field(loop, "condition");
    const body = loop === NONE ? NONE : tree.field(loop, "body");
    if (condition === NONE || body === NONE || site < condition || site >= tree.next(condition)) return [];
    const statement = this.#statementOf(node);
    if (statement < body || statement >= tree.next(body)) return [];
    if (tree.kind(body) !== "compound_statement") return [body];
    const statements = tree.named(body).filter((s) => !tree.isComment(s));
    return statements.length === 0 ? [] : [statements[0] as Node, statements[statements.length - 1] as Node];
  }

  /** The statements of the innermost block that span all the given nodes. */
  #span(places: readonly Node[]): { first: Node; last: Node } {
    const tree = this.tree;
    const chains = places.map((p) => {
      const chain: Node[] = [];
      for (let n = p; n !== NONE && n >= this.fn.body; n = tree.parent(n)) chain.push(n);
      return chain;
    });
    const [head, ...rest] = chains;
    const body = this.fn.body;
    for (const candidate of head ?? []) {
      if (this.#isUnbracedBody(candidate) && rest.every((chain) => chain.includes(candidate)))
        return { first: candidate, last: candidate };
      if (!BLOCKS.has(tree.kind(candidate))) continue;
      if (!rest.every((chain) => chain.includes(candidate))) continue;
      const children = places.map((p) => this.#childOf(candidate, p)).filter((c) => c !== NONE);
      if (children.length < places.length) break;
      children.sort((a, b) => a - b);
      return { first: children[0] as Node, last: children[children.length - 1] as Node };
    }
    const statements = tree.named(body);
    return { first: statements[0] ?? body, last: statements[statements.length - 1] ?? body };
  }

  /** A statement without braces that is the body of an `if`, `else` or loop. */
  #isUnbracedBody(n: Node): boolean {
    const tree = this.tree;
    const parent = tree.parent(n);
    if (parent === NONE || !tree.isNamed(n) || tree.kind(n) === "compound_statement" || tree.isComment(n)) return false;
    switch (tree.kind(parent)) {
      case "if_statement":
        return tree.fieldOf(n) === "consequence";
      case "else_clause":
        return tree.kind(n) !== "if_statement";
      case "for_statement":
      case "while_statement":
      case "do_statement":
        return tree.fieldOf(n) === "body";
      default:
        return false;
    }
  }

  #childOf(block: Node, n: Node): Node {
    let at = n;
    while (at !== NONE && this.tree.parent(at) !== block) at = this.tree.parent(at);
    return at;
  }

  // Statements.

  #declare(declaration: Node, state: State): State[] {
    const tree = this.tree;
    let states: State[] = [state];
    for (const d of tree.fields(declaration, "declarator")) {
      const isInit = tree.kind(d) === "init_declarator";
      const nameNode = this.#declaredName(isInit ? tree.field(d, "declarator") : d);
      if (nameNode === NONE) continue;
      const name = tree.source(nameNode);
      const local = this.typing.local(name);
      if (local === undefined) continue;
      if (local.isStatic) continue;
      if (this.typing.rawLocals.has(name)) {
        if (isInit)
          states = states.flatMap((s) => this.#storeCell(nameNode, tree.field(d, "value"), s, d)).map((o) => o.state);
        continue;
      }
      if (!isInit) {
        const start = this.initialise.has(name) ? NULL_VALUE : UNINITIALISED;
        states = states.map((s) => s.set(name, start));
        continue;
      }
      const value = tree.field(d, "value");
      states = states.flatMap((s) => this.#assignLocal(name, value, s.remove(name), d).map((o) => o.state));
    }
    return states;
  }

  #declaredName(declarator: Node): Node {
    for (const id of this.tree.descendants(declarator, "identifier")) return id;
    return NONE;
  }

  /** Evaluates for effect; a handle that nobody takes gets a temporary. */
  #effect(expression: Node, state: State): State[] {
    return this.#evaluate(expression, state).map((o) => o.state);
  }

  #return(node: CfgNode, syntax: Node, state: State): State[] {
    const tree = this.tree;
    const isObject = this.typing.objects.isObjectPointer(this.fn.result);
    if (tree.kind(syntax) !== "return_statement") return this.#returnMacro(syntax, state);
    const value = tree.named(syntax)[0];
    if (value === undefined) {
      this.#finish(state, "unknown");
      return [this.#atExit(state)];
    }
    const outs = isObject ? this.#handle(value, state) : this.#evaluate(value, state);
    return outs.map((out) => {
      if (!isObject) {
        if (this.typing.typeOf(value) === "handle" && this.fn.file.language === "cpp")
          this.typing.refuse("reference-cast", value, "A reference is returned as something else.");
        this.#finish(out.state, this.#plainResult(out));
        return this.#atExit(out.state);
      }
      return this.#returnObject(node, out);
    });
  }

  #plainResult(out: Out): Outcome["result"] {
    const value = out.value;
    if (value.kind === "integer") return { integer: value.value };
    if (value.kind === "null") return "null";
    if (value.kind === "interior") {
      const object = out.state.object(value.id);
      if (object.parameter >= 0) return { interior: object.parameter };
      this.typing.refuse(
        "interior-pointer-returned",
        out.leaf,
        "It returns a pointer into an object that it may be the last to hold.",
      );
    }
    return "unknown";
  }

  #returnMacro(syntax: Node, state: State): State[] {
    this.#finish(state, "new");
    if (this.tree.kind(syntax) === "call_expression") {
      const outs = this.#arguments(this.tree.named(this.tree.field(syntax, "arguments")), state);
      return outs.map((s) => this.#atExit(s.state));
    }
    return [this.#atExit(state)];
  }

  #returnObject(node: CfgNode, out: Out): State {
    const { state, value } = out;
    if (value.kind === "null") {
      this.#finish(state, "null");
      return this.#atExit(state);
    }
    if (value.kind !== "object")
      this.typing.refuse(
        value.kind === "closed" ? "used-after-release" : "unknown-reference",
        node.syntax,
        value.kind === "closed"
          ? "It returns a reference that it has released."
          : "The analysis cannot tell what reference is returned here.",
      );
    let taken = this.#takeFromTwin(this.#takeFromSource(state, value.id), value.id);
    const object = taken.object(value.id);
    if (this.convention === "init") {
      if (object.parameter < 0)
        this.typing.refuse(
          "init-returns-other",
          node.syntax,
          "The init function returns something else than the module.",
        );
      this.#finish(taken, "new");
      return this.#atExit(taken.update(value.id, { references: 0 }));
    }
    let result: Outcome["result"];
    if (object.references > 0) {
      result = "new";
      taken = taken.update(value.id, { references: object.references - 1 });
    } else {
      result = object.parameter < 0 ? "borrowed" : { argument: object.parameter };
      if (this.convention !== "helper")
        this.typing.refuse(
          "borrowed-reference-returned",
          node.syntax,
          "It returns a borrowed reference where Python expects a new one.",
        );
    }
    if (taken.object(value.id).references > 0 && object.handles === 1) this.#leaked(object, node);
    if (object.handles === 1) {
      this.#decide(out.leaf, "keep");
      taken = taken.update(value.id, { handles: 0, references: 0 }).substitute(value.id, CLOSED);
    } else this.#decide(out.leaf, "dup", this.#flipsOf(object, out.leaf));
    this.#finish(taken, result);
    if (!object.nonNull && typeof result === "string") this.#finish(taken, "null");
    return this.#atExit(taken);
  }

  /** Records an outcome: result and what the out-parameters hold. */
  #finish(state: State, result: Outcome["result"]): void {
    const outputs = new Map<number, "absent" | "unchanged" | "null" | "new" | "borrowed">();
    this.fn.parameters.forEach((p, index) => {
      if (!this.typing.objects.isObjectPointerPointer(p.type) || this.convention !== "helper") return;
      const value = state.variables.get(`*${p.name}`);
      if (value?.kind === "address") outputs.set(index, "absent");
      else if (value === undefined || value.kind === "unknown") outputs.set(index, "unchanged");
      else if (value.kind === "object") {
        const object = state.object(value.id);
        outputs.set(index, object.references > 0 ? "new" : "borrowed");
      } else outputs.set(index, "null");
    });
    const outcome: Outcome = { result, outputs };
    this.outcomes.set(JSON.stringify([result, [...outputs]]), outcome);
  }

  /** What the out-parameters hold leaves with the caller; constants and cells must balance. */
  #atExit(state: State): State {
    let after = state;
    for (const [name, value] of state.variables) {
      if (name.startsWith("*") && value.kind === "object") {
        const object = after.object(value.id);
        if (object.handles === 0 && object.leaf !== NONE && !this.dupLeaves.has(object.leaf)) {
          this.requested ??= { kind: "leaf", leaf: object.leaf };
          continue;
        }
        if (object.handles === 0)
          this.typing.refuse(
            "borrowed-out-parameter",
            this.fn.declarator.node,
            `It hands out a borrowed reference through \`${name}\`.`,
          );
        after = after.substitute(value.id, CLOSED);
      }
      if (
        name.startsWith("cell:") &&
        value.kind === "integer" &&
        (value.value < 0 || value.value > integerIn(state, `back:${name}`))
      )
        this.typing.refuse(
          "cell-reference-unbalanced",
          this.fn.declarator.node,
          `The references held by \`${name.slice(5)}\` do not balance inside the function.`,
        );
    }
    return after;
  }

  // Conditions.

  #condition(n: Node, state: State): Split {
    const tree = this.tree;
    const kind = tree.kind(n);
    if (kind === "parenthesized_expression") {
      const inner = tree.named(n)[0];
      return inner === undefined ? { yes: [state], no: [state] } : this.#condition(inner, state);
    }
    if (kind === "unary_expression" && tree.source(tree.field(n, "operator")) === "!") {
      const inner = this.#condition(tree.field(n, "argument"), state);
      return { yes: inner.no, no: inner.yes };
    }
    if (kind === "binary_expression") {
      const operator = tree.source(tree.field(n, "operator"));
      const left = tree.field(n, "left");
      const right = tree.field(n, "right");
      if (operator === "&&") {
        const first = this.#condition(left, state);
        const second = first.yes.map((s) => this.#condition(right, s));
        return { yes: second.flatMap((s) => s.yes), no: [...first.no, ...second.flatMap((s) => s.no)] };
      }
      if (operator === "||") {
        const first = this.#condition(left, state);
        const second = first.no.map((s) => this.#condition(right, s));
        return { yes: [...first.yes, ...second.flatMap((s) => s.yes)], no: second.flatMap((s) => s.no) };
      }
      if (COMPARISONS.has(operator)) return this.#comparison(n, operator, left, right, state);
    }
    if (kind === "comma_expression") {
      const states = this.#effect(tree.field(n, "left"), state);
      return joinSplits(states.map((s) => this.#condition(tree.field(n, "right"), s)));
    }
    if (kind === "call_expression") {
      const name = this.tree.source(tree.field(n, "function"));
      if (EXPECT_MACROS.has(name)) {
        const first = tree.named(tree.field(n, "arguments"))[0];
        if (first !== undefined) return this.#condition(first, state);
      }
    }
    if (this.#isOutParameter(n)) return this.#withOrWithout(n, state);
    const outs = this.typing.typeOf(n) === "handle" ? this.#handle(n, state) : this.#evaluate(n, state);
    return joinSplits(outs.map((o) => this.#truth(o.value, o.state)));
  }

  /** Whether an expression is a `PyObject **` parameter of a helper, which callers may leave out. */
  #isOutParameter(n: Node): boolean {
    const at = stripParentheses(this.tree, n);
    return (
      this.tree.kind(at) === "identifier" &&
      this.typing.typeOf(at) === "handle-pointer" &&
      this.convention === "helper" &&
      (this.typing.local(this.tree.source(at))?.parameter ?? -1) >= 0
    );
  }

  /** Splits on whether an out-parameter is there; {@link #finish} tells the ways to return without it apart. */
  #withOrWithout(n: Node, state: State): Split {
    const name = `*${this.tree.source(stripParentheses(this.tree, n))}`;
    const value = state.variables.get(name);
    if (value?.kind === "address") return { yes: [], no: [state] };
    if (value?.kind !== "unknown") return { yes: [state], no: [state] };
    return { yes: [state], no: [state.set(name, { kind: "address", name: "" })] };
  }

  /** Splits on whether a value is non-zero. */
  #truth(value: Value, state: State): Split {
    switch (value.kind) {
      case "null":
        return { yes: [], no: [state] };
      case "integer":
        return value.value !== 0 ? { yes: [state], no: [] } : { yes: [], no: [state] };
      case "address":
        return { yes: [state], no: [] };
      case "object": {
        const object = state.object(value.id);
        if (object.nonNull) return { yes: [state], no: [] };
        return { yes: [state.update(value.id, { nonNull: true })], no: [state.substitute(value.id, NULL_VALUE)] };
      }
      default:
        return { yes: [state], no: [state] };
    }
  }

  #comparison(n: Node, operator: string, left: Node, right: Node, state: State): Split {
    const leftType = this.typing.typeOf(left);
    const rightType = this.typing.typeOf(right);
    if (isRawComparison(this.typing, left, right)) {
      const states = this.#effect(left, state).flatMap((s) => this.#effect(right, s));
      return { yes: states, no: states };
    }
    const [tested] = [left, right].filter((side) => this.#isOutParameter(side));
    if (tested !== undefined && (leftType === "null" || rightType === "null")) {
      const split = this.#withOrWithout(tested, state);
      return operator === "==" ? { yes: split.no, no: split.yes } : split;
    }
    const objects = leftType === "handle" || rightType === "handle";
    if (objects && (leftType === "null" || rightType === "null")) {
      const side = leftType === "null" ? right : left;
      const split = joinSplits(this.#handle(side, state).map((o) => this.#truth(o.value, o.state)));
      if (operator === "==") return { yes: split.no, no: split.yes };
      if (operator === "!=") return split;
      this.typing.refuse("pointer-comparison", n, "References are compared by address order.");
    }
    if (objects) {
      if (operator !== "==" && operator !== "!=")
        this.typing.refuse("pointer-comparison", n, "References are compared by address order.");
      const states = this.#pair(left, right, state, leftType, rightType);
      return { yes: states, no: states };
    }
    const outs = this.#evaluate(left, state).flatMap((l) =>
      this.#evaluate(right, l.state).map((r) => ({ state: r.state, left: l.value, right: r.value })),
    );
    const yes: State[] = [];
    const no: State[] = [];
    for (const out of outs) {
      const known = compareIntegers(operator, out.left, out.right);
      if (known !== false) yes.push(out.state);
      if (known !== true) no.push(out.state);
    }
    return { yes, no };
  }

  #pair(left: Node, right: Node, state: State, leftType: string, rightType: string): State[] {
    const usable = (type: string): boolean => type === "handle" || type === "cell" || type === "null";
    if (!usable(leftType) || !usable(rightType)) {
      const odd = usable(leftType) ? right : left;
      this.typing.refuse("pointer-comparison", odd, "A reference is compared with something that is not one.");
    }
    return this.#handle(left, state).flatMap((l) => this.#handle(right, l.state).map((r) => r.state));
  }

  // Expressions.

  /** Evaluates an expression whose value is used as a reference: cells are loaded. */
  #handle(n: Node, state: State): Out[] {
    const tree = this.tree;
    const kind = tree.kind(n);
    if (kind === "parenthesized_expression") {
      const inner = tree.named(n)[0];
      if (inner !== undefined) return this.#handle(inner, state);
    }
    if (kind === "cast_expression" && this.typing.typeObject(n) === null) {
      const inner = tree.field(n, "value");
      if (this.typing.typeObject(inner) !== null)
        return this.#constant(inner, state, `&${this.typing.typeObject(inner)}`);
      if (this.typing.typeOf(n) === "cell" && this.typing.typeOf(inner) !== "cell") return this.#load(n, state);
      return this.#handle(inner, state);
    }
    if (kind === "conditional_expression") {
      const split = this.#condition(tree.field(n, "condition"), state);
      return [
        ...split.yes.flatMap((s) => this.#handle(tree.field(n, "consequence"), s)),
        ...split.no.flatMap((s) => this.#handle(tree.field(n, "alternative"), s)),
      ];
    }
    if (kind === "comma_expression")
      return this.#effect(tree.field(n, "left"), state).flatMap((s) => this.#handle(tree.field(n, "right"), s));
    const type = this.typing.typeOf(n);
    if (type === "cell") return this.#load(n, state);
    if (kind === "number_literal" && type === "null") return [{ state, value: NULL_VALUE, leaf: n }];
    if (type === "handle" || type === "null") return this.#evaluate(n, state);
    if (this.typing.isNullPointer(n))
      return this.#evaluate(n, state).map((o) => ({ state: o.state, value: NULL_VALUE, leaf: n }));
    if (kind === "call_expression" && this.typing.callee(n).kind === "computed" && this.fn.file.language === "cpp")
      this.typing.refuse(
        "cplusplus-call",
        n,
        `Nothing is known about the reference that \`${shorten(tree.source(n))}\` answers.`,
      );
    if (kind === "call_expression" && this.typing.callee(n).kind === "computed")
      this.typing.refuse("function-pointer", n, `\`${shorten(tree.source(n))}\` calls a function through a pointer.`);
    this.typing.refuse(
      "unknown-reference",
      n,
      `The analysis cannot tell what object \`${shorten(tree.source(n))}\` refers to.`,
    );
  }

  /** Reads a cell: HPy gets a new handle for the borrowed reference. */
  #load(n: Node, state: State): Out[] {
    const states = this.#evaluate(n, state).map((o) => o.state);
    return states.flatMap((s) => {
      const added = s.add({ handles: 1, nonNull: false, site: n, source: `cell:${foldedText(this.tree, n)}` });
      return [this.#bindTemporary(n, added.state, added.id)];
    });
  }

  /** Gives a produced handle a temporary unless its context binds it to a variable or returns it. */
  #bindTemporary(n: Node, state: State, id: number): Out {
    const value: Value = { kind: "object", id };
    if (this.#bindingContext(n) !== "temporary") return { state, value, leaf: n };
    const earlier = state.variables.get(`%t${n}`);
    if (earlier?.kind === "object" && state.object(earlier.id).handles === 1)
      this.typing.refuse(
        "temporary-in-loop-condition",
        n,
        "This makes a handle each time that the loop's condition is evaluated, and nothing could close it.",
      );
    this.temporaries.add(n);
    return { state: state.set(`%t${n}`, value), value, leaf: n };
  }

  /** What takes the value of an expression: a variable, the caller, or nothing that could close it. */
  #bindingContext(n: Node): "variable" | "return" | "temporary" {
    const tree = this.tree;
    let at = n;
    for (;;) {
      const parent = tree.parent(at);
      const kind = tree.kind(parent);
      if (kind === "parenthesized_expression" || kind === "cast_expression") at = parent;
      else if (kind === "conditional_expression" && tree.field(parent, "condition") !== at) at = parent;
      else if (kind === "comma_expression" && tree.field(parent, "right") === at) at = parent;
      else if (kind === "init_declarator") return this.#declaresRaw(parent) ? "temporary" : "variable";
      else if (kind === "argument_list" && this.#isReplacement(parent, at)) return "variable";
      else if (kind === "assignment_expression" && tree.field(parent, "right") === at)
        return this.typing.typeOf(tree.field(parent, "left")) === "handle" ? "variable" : "temporary";
      else if (kind === "return_statement")
        return this.typing.objects.isObjectPointer(this.fn.result) ? "return" : "temporary";
      else return "temporary";
    }
  }

  #declaresRaw(declarator: Node): boolean {
    const name = this.#declaredName(this.tree.field(declarator, "declarator"));
    return name !== NONE && this.typing.rawLocals.has(this.tree.source(name));
  }

  /** The second argument of Py_SETREF on a variable is bound to that variable. */
  #isReplacement(list: Node, at: Node): boolean {
    const callee = this.typing.callee(this.tree.parent(list));
    if (callee.kind !== "capi" || (callee.name !== "Py_SETREF" && callee.name !== "Py_XSETREF")) return false;
    const [first, second] = this.tree.named(list);
    return second === at && first !== undefined && this.typing.typeOf(stripCasts(this.tree, first)) === "handle";
  }

  #constant(n: Node, state: State, name: string): Out[] {
    const key = `const:${name}`;
    const held = state.variables.get(key);
    if (held?.kind === "object") return [{ state, value: held, leaf: n }];
    const added = state.add({ source: key });
    return [
      {
        state: added.state.set(key, { kind: "object", id: added.id }),
        value: { kind: "object", id: added.id },
        leaf: n,
      },
    ];
  }

  #evaluate(n: Node, state: State): Out[] {
    const tree = this.tree;
    const unknown = (states: readonly State[]): Out[] => states.map((s) => ({ state: s, value: UNKNOWN, leaf: n }));
    switch (tree.kind(n)) {
      case "identifier":
        return this.#identifier(n, state);
      case "null":
        return [{ state, value: NULL_VALUE, leaf: n }];
      case "number_literal": {
        const value = Number(tree.source(n).replace(/[uUlL]+$/, ""));
        return [{ state, value: Number.isInteger(value) ? { kind: "integer", value } : UNKNOWN, leaf: n }];
      }
      case "true":
        return [{ state, value: { kind: "integer", value: 1 }, leaf: n }];
      case "false":
        return [{ state, value: { kind: "integer", value: 0 }, leaf: n }];
      case "string_literal":
      case "concatenated_string":
      case "char_literal":
      case "sizeof_expression":
      case "alignof_expression":
      case "offsetof_expression":
        return unknown([state]);
      case "parenthesized_expression": {
        const inner = tree.named(n)[0];
        return inner === undefined ? unknown([state]) : this.#evaluate(inner, state);
      }
      case "cast_expression":
        return this.#cast(n, state);
      case "assignment_expression":
        return this.#assignment(n, state);
      case "update_expression": {
        const argument = tree.field(n, "argument");
        if (this.typing.typeOf(argument) === "handle" || this.typing.typeOf(argument) === "handle-pointer")
          this.typing.refuse("pointer-arithmetic", n, "It does arithmetic on a pointer to references.");
        const name = tree.kind(argument) === "identifier" ? tree.source(argument) : "";
        return this.#evaluate(argument, state).map((o) => ({
          state: o.value.kind === "integer" && name !== "" ? o.state.set(name, UNKNOWN) : o.state,
          value: o.value.kind === "interior" ? o.value : UNKNOWN,
          leaf: n,
        }));
      }
      case "unary_expression": {
        const operator = tree.source(tree.field(n, "operator"));
        const argument = tree.field(n, "argument");
        if (operator === "!") {
          const split = this.#condition(argument, state);
          return [
            ...split.yes.map((s): Out => ({ state: s, value: { kind: "integer", value: 0 }, leaf: n })),
            ...split.no.map((s): Out => ({ state: s, value: { kind: "integer", value: 1 }, leaf: n })),
          ];
        }
        return this.#evaluate(argument, state).map((o) => ({
          state: o.state,
          value: operator === "-" && o.value.kind === "integer" ? { kind: "integer", value: -o.value.value } : UNKNOWN,
          leaf: n,
        }));
      }
      case "pointer_expression":
        return this.#pointer(n, state);
      case "binary_expression":
        return this.#binary(n, state);
      case "conditional_expression": {
        const split = this.#condition(tree.field(n, "condition"), state);
        return [
          ...split.yes.flatMap((s) => this.#evaluate(tree.field(n, "consequence"), s)),
          ...split.no.flatMap((s) => this.#evaluate(tree.field(n, "alternative"), s)),
        ];
      }
      case "comma_expression":
        return this.#effect(tree.field(n, "left"), state).flatMap((s) => this.#evaluate(tree.field(n, "right"), s));
      case "field_expression": {
        const argument = tree.field(n, "argument");
        const field = tree.source(tree.field(n, "field"));
        if (field === "tp_name" && this.typing.typeOf(argument) === "handle")
          return this.#handle(argument, state).map((o) => ({
            state: o.state,
            value: o.value.kind === "object" ? { kind: "interior", id: o.value.id } : UNKNOWN,
            leaf: n,
          }));
        const base = this.typing.ctypeOf(argument)?.base ?? "";
        const isOwn = this.typing.objects.isObjectStruct(base) && this.typing.objects.fieldType(base, field) !== null;
        if (this.typing.typeOf(argument) === "handle" && isOwn) {
          const isInside = (this.typing.ctypeOf(n)?.arrays ?? 0) > 0;
          return this.#view(argument, state, n).map((o) => (isInside ? o : { ...o, value: UNKNOWN }));
        }
        if (this.typing.typeOf(argument) === "handle" || (INTERNAL_FIELDS.has(field) && !isOwn))
          this.typing.refuse(
            "object-internals",
            n,
            `It reads \`${field}\` inside an object; HPy hides the layout of objects.`,
          );
        return unknown(this.#effect(argument, state));
      }
      case "subscript_expression": {
        const argument = tree.field(n, "argument");
        if (this.typing.isFastcallArguments(argument)) {
          return this.#effect(tree.field(n, "index"), state).map((s) => {
            const added = s.add({ source: "argument" });
            return { state: added.state, value: { kind: "object", id: added.id }, leaf: n };
          });
        }
        return unknown(this.#effect(argument, state).flatMap((s) => this.#effect(tree.field(n, "index"), s)));
      }
      case "call_expression":
        return this.#call(n, state);
      case "initializer_list":
      case "compound_literal_expression":
      case "initializer_pair": {
        let states: State[] = [state];
        for (const c of tree.named(n)) {
          if (["type_descriptor", "field_designator", "subscript_designator"].includes(tree.kind(c))) continue;
          if (this.typing.typeOf(c) === "handle")
            this.typing.refuse("object-in-struct", c, "A reference is put into an array or struct.");
          states = states.flatMap((s) => this.#effect(c, s));
        }
        return unknown(states);
      }
      default:
        for (const id of tree.descendants(n, "identifier")) {
          const local = this.typing.local(tree.source(id));
          if (local !== undefined && this.typing.typeOf(id) === "handle")
            this.typing.refuse("expression-not-understood", n, "The analysis does not understand this expression.");
        }
        return unknown([state]);
    }
  }

  #identifier(n: Node, state: State): Out[] {
    const name = this.tree.source(n);
    const local = this.typing.local(name);
    if (local !== undefined && this.typing.rawLocals.has(name)) return [{ state, value: UNKNOWN, leaf: n }];
    if (local !== undefined) {
      const value = state.variables.get(name) ?? (local.isStatic ? UNKNOWN : UNINITIALISED);
      if (this.typing.typeOf(n) === "handle") {
        if (value.kind === "closed")
          this.typing.refuse("used-after-release", n, `\`${name}\` is used after its reference was released.`);
        if (value.kind === "uninitialised")
          this.typing.refuse("used-uninitialised", n, `\`${name}\` may be used before it has a value.`);
        return [{ state, value, leaf: n }];
      }
      return [{ state, value: value.kind === "uninitialised" ? UNKNOWN : value, leaf: n }];
    }
    const constant = this.typing.constantObject(name);
    if (constant !== null) return this.#constant(n, state, constant);
    if (this.typing.global(name) !== undefined) return [{ state, value: UNKNOWN, leaf: n }];
    const canonical = this.typing.canonicalName(name);
    if (canonical === "NULL") return [{ state, value: NULL_VALUE, leaf: n }];
    if (this.typing.macroNamed(canonical) !== null) {
      const problem = this.typing.macroProblem(canonical);
      if (problem !== null)
        this.typing.refuse("macro-uses-api", n, `The macro \`${name}\` expands to code with \`${problem}\` in it.`);
    }
    return [{ state, value: UNKNOWN, leaf: n }];
  }

  #cast(n: Node, state: State): Out[] {
    const tree = this.tree;
    if (this.typing.typeOf(n) === "handle") return this.#handle(n, state);
    const inner = tree.field(n, "value");
    const type = this.typing.typeOf(inner);
    const target = foldedText(tree, tree.field(n, "type"));
    if (type === "handle" && target !== "void" && this.typing.isAlwaysNull(inner))
      return this.#evaluate(stripCasts(tree, inner), state).map((o) => ({ ...o, leaf: n }));
    if (type === "handle" && target !== "void" && this.typing.isStruct(inner)) return this.#view(inner, state, n);
    if (type === "handle" && target !== "void")
      this.typing.refuse(
        "reference-cast",
        n,
        `A reference is cast to \`${target}\`; a handle is not a pointer to the object.`,
      );
    return this.#evaluate(inner, state).map((o) => ({ ...o, leaf: n }));
  }

  /** Evaluates a reference whose struct is used: the result points into the object, which must be there. */
  #view(n: Node, state: State, by: Node): Out[] {
    const isField = this.tree.kind(by) === "field_expression";
    return this.#handle(n, state).map((o): Out => {
      if (o.value.kind !== "object") return { state: o.state, value: UNKNOWN, leaf: by };
      const { id } = o.value;
      this.#recordView(n, "", this.#heldBy(o.value, o.state));
      const after = isField ? o.state.update(id, { nonNull: true }) : o.state;
      return { state: after, value: { kind: "interior", id }, leaf: by };
    });
  }

  #pointer(n: Node, state: State): Out[] {
    const tree = this.tree;
    const argument = stripParentheses(tree, tree.field(n, "argument"));
    if (tree.token(n, "&") !== NONE) {
      const type = this.typing.typeObject(n);
      if (type !== null) return this.#constant(n, state, `&${type}`);
      if (this.typing.typeOf(n) === "cell") return [{ state, value: UNKNOWN, leaf: n }];
      if (tree.kind(argument) === "identifier" && this.typing.typeOf(argument) === "handle")
        return [{ state, value: { kind: "address", name: tree.source(argument) }, leaf: n }];
      if (
        tree.kind(argument) === "field_expression" &&
        this.typing.typeOf(tree.field(argument, "argument")) === "handle"
      )
        return this.#view(tree.field(argument, "argument"), state, argument).map((o) => ({ ...o, leaf: n }));
      return this.#effect(argument, state).map((s) => ({
        state:
          tree.kind(argument) === "identifier" && s.variables.has(tree.source(argument))
            ? s.set(tree.source(argument), UNKNOWN)
            : s,
        value: UNKNOWN,
        leaf: n,
      }));
    }
    if (this.typing.typeOf(argument) === "handle") {
      const holder = tree.enclosing(tree.parent(n), "field_expression");
      const isReach =
        this.typing.isStruct(argument) &&
        holder !== NONE &&
        stripParentheses(tree, tree.field(holder, "argument")) === n;
      if (isReach) return this.#view(argument, state, holder);
      this.typing.refuse(
        "object-struct-copied",
        n,
        `\`${shorten(tree.source(n))}\` is the struct of an object itself; HPy knows objects by their handles only.`,
      );
    }
    if (this.typing.typeOf(argument) === "handle-pointer" && tree.kind(argument) === "identifier") {
      const value = state.value(`*${tree.source(argument)}`);
      return [{ state, value, leaf: n }];
    }
    return this.#evaluate(argument, state).map((o) => ({ state: o.state, value: UNKNOWN, leaf: n }));
  }

  #binary(n: Node, state: State): Out[] {
    const tree = this.tree;
    const operator = tree.source(tree.field(n, "operator"));
    if (operator === "&&" || operator === "||" || COMPARISONS.has(operator)) {
      const split = this.#condition(n, state);
      return [
        ...split.yes.map((s): Out => ({ state: s, value: { kind: "integer", value: 1 }, leaf: n })),
        ...split.no.map((s): Out => ({ state: s, value: { kind: "integer", value: 0 }, leaf: n })),
      ];
    }
    const left = tree.field(n, "left");
    const right = tree.field(n, "right");
    for (const side of [left, right])
      if (this.typing.typeOf(side) === "handle")
        this.typing.refuse("pointer-arithmetic", n, "A reference is used as a number.");
    return this.#evaluate(left, state).flatMap((l) =>
      this.#evaluate(right, l.state).map((r): Out => {
        const interior = l.value.kind === "interior" ? l.value : r.value.kind === "interior" ? r.value : UNKNOWN;
        return { state: r.state, value: operator === "+" || operator === "-" ? interior : UNKNOWN, leaf: n };
      }),
    );
  }

  #assignment(n: Node, state: State): Out[] {
    const tree = this.tree;
    const left = stripParentheses(tree, tree.field(n, "left"));
    const right = tree.field(n, "right");
    const operator = tree.source(tree.field(n, "operator"));
    const type = this.typing.typeOf(left);
    if (operator !== "=") {
      if (type !== "other") this.typing.refuse("pointer-arithmetic", n, "It does arithmetic on a reference.");
      const name = tree.kind(left) === "identifier" ? tree.source(left) : "";
      return this.#evaluate(right, state).flatMap((o) =>
        this.#effect(left, o.state).map((s) => {
          const held = s.variables.get(name);
          return { state: held?.kind === "integer" ? s.set(name, UNKNOWN) : s, value: held ?? UNKNOWN, leaf: n };
        }),
      );
    }
    if (tree.kind(left) === "identifier" && this.typing.local(tree.source(left)) !== undefined && type !== "cell")
      return this.#assignLocal(tree.source(left), right, state, n);
    if (type === "handle" && tree.kind(left) === "pointer_expression") {
      const name = `*${tree.source(stripParentheses(tree, tree.field(left, "argument")))}`;
      return this.#handle(right, state).map((o) => this.#bind(name, o, n));
    }
    if (type === "cell") return this.#storeCell(left, right, state, n);
    const rightType = this.typing.typeOf(right);
    if (rightType === "handle")
      this.typing.refuse(
        "object-in-struct",
        n,
        `A reference is stored in \`${shorten(tree.source(left))}\`, which is not known to hold objects.`,
      );
    return this.#effect(left, state).flatMap((s) =>
      this.#evaluate(right, s).map((o): Out => {
        if (
          o.value.kind === "interior" &&
          o.state.object(o.value.id).references === 0 &&
          o.state.object(o.value.id).handles === 1
        )
          this.typing.refuse(
            "interior-pointer-escapes",
            n,
            "A pointer into an object is kept in memory that outlives the handle.",
          );
        return { state: o.state, value: o.value, leaf: n };
      }),
    );
  }

  #assignLocal(name: string, right: Node, state: State, at: Node): Out[] {
    const local = this.typing.local(name);
    if (this.typing.viewLocals.has(name)) {
      const outs = this.typing.typeOf(right) === "handle" ? this.#handle(right, state) : this.#evaluate(right, state);
      return outs.map((o) => {
        this.#recordView(at, name, this.#heldBy(o.value, o.state));
        const value: Value = o.value.kind === "object" ? { kind: "interior", id: o.value.id } : o.value;
        return { state: o.state.set(name, value), value, leaf: at };
      });
    }
    if (local !== undefined && this.typing.objects.isObjectPointer(local.type) && !local.isStatic) {
      const outs = this.#handle(right, state);
      return outs.map((o) => this.#bind(name, o, at));
    }
    if (local !== undefined && this.typing.typeOf(right) === "handle")
      this.typing.refuse(
        "reference-cast",
        right,
        `A reference is assigned to \`${name}\`, which is not a \`PyObject *\`.`,
      );
    return this.#evaluate(right, state).map((o) => {
      const keep =
        o.value.kind === "interior" ||
        o.value.kind === "null" ||
        (o.value.kind === "integer" && this.#isTrackedInteger(name));
      return { state: o.state.set(name, keep ? o.value : UNKNOWN), value: o.value, leaf: at };
    });
  }

  /** Binds a reference to a variable, duplicating aliases where the variable must own its handle. */
  #bind(name: string, out: Out, at: Node): Out {
    let { state } = out;
    if (this.typing.viewedHandles.has(name)) this.#recordView(at, name, this.#heldBy(out.value, state));
    const previous = state.variables.get(name);
    if (previous?.kind === "object" && !(out.value.kind === "object" && out.value.id === previous.id)) {
      const object = state.object(previous.id);
      const others = state.holders(previous.id).filter((h) => h !== name);
      if (object.handles === 1 && others.length === 0 && !this.#interiorHeld(state, previous.id)) {
        if (object.references > 0 && !this.#isPromoted(object))
          this.typing.refuse(
            "reference-overwritten",
            at,
            `\`${name.replace("%", "")}\` is assigned while it still owns a reference.`,
          );
        const isStatement = this.tree.kind(this.tree.parent(at)) === "expression_statement";
        if (this.#mentions(at, name) && !(isStatement && this.tree.kind(at) === "assignment_expression"))
          this.typing.refuse(
            "overwritten-in-own-definition",
            at,
            `\`${name}\` is replaced by something read from itself while its handle is open.`,
          );
        this.#recordDeath(state, previous.id, this.current as CfgNode, null, at);
      }
    }
    if (out.value.kind !== "object") {
      const value = out.value.kind === "null" ? NULL_VALUE : out.value;
      return { state: state.set(name, value), value, leaf: out.leaf };
    }
    state = this.#takeFromSource(state, out.value.id);
    const object = state.object(out.value.id);
    const isSource = object.handles === 0;
    if (!isSource && this.dupLeaves.has(out.leaf)) {
      const taken = object.references >= 2 ? 1 : 0;
      this.#decide(out.leaf, "dup");
      const twins = state.twinsOf(out.value.id);
      state = state.update(out.value.id, { references: object.references - taken, twins });
      const added = state.add({ references: taken, handles: 1, nonNull: object.nonNull, site: out.leaf, twins });
      const value: Value = { kind: "object", id: added.id };
      return { state: added.state.set(name, value), value, leaf: out.leaf };
    }
    if (isSource && (this.dupLeaves.has(out.leaf) || (object.references > 0 && object.source.startsWith("const:")))) {
      const taken = object.references > 0 ? 1 : 0;
      this.#decide(out.leaf, "dup");
      state = state.update(out.value.id, { references: object.references - taken });
      const added = state.add({ references: taken, handles: 1, nonNull: object.nonNull, site: out.leaf });
      const value: Value = { kind: "object", id: added.id };
      return { state: added.state.set(name, value), value, leaf: out.leaf };
    }
    if (isSource) {
      const added = object.source.startsWith("const:")
        ? state.add({ ...object, source: "", leaf: out.leaf })
        : { state: state.update(out.value.id, { leaf: out.leaf }), id: out.value.id };
      const value: Value = { kind: "object", id: added.id };
      return { state: added.state.set(name, value), value, leaf: out.leaf };
    }
    const leaves = this.copies.get(name) ?? new Set<Node>();
    leaves.add(out.leaf);
    this.copies.set(name, leaves);
    this.copiedAt.set(out.leaf, (this.current as CfgNode).id);
    state = state.set(name, out.value);
    if (this.moves.has(out.leaf)) state = state.set(this.tree.source(out.leaf), NULL_VALUE);
    return { state, value: out.value, leaf: out.leaf };
  }

  #isPromoted(object: ObjectState): boolean {
    return object.references === 0;
  }

  #interiorHeld(state: State, id: number): boolean {
    for (const value of state.variables.values()) if (value.kind === "interior" && value.id === id) return true;
    return false;
  }

  #mentions(n: Node, name: string): boolean {
    const tree = this.tree;
    const right = tree.kind(n) === "assignment_expression" ? tree.field(n, "right") : tree.field(n, "value");
    if (right === NONE) return false;
    for (const id of tree.descendants(right, "identifier")) if (tree.source(id) === name) return true;
    return false;
  }

  /** A reference added to a cell or constant earlier (`Py_INCREF(global)`) moves to the handle that was read from it. */
  #takeFromSource(state: State, id: number): State {
    const object = state.object(id);
    if (!object.source.startsWith("cell:") || object.references > 0) return state;
    const balance = state.variables.get(object.source);
    if (balance?.kind !== "integer" || balance.value <= 0) return state;
    return state.set(object.source, { kind: "integer", value: balance.value - 1 }).update(id, { references: 1 });
  }

  /** A reference that is given up through one of several handles of an object may be the one that another came with. */
  #takeFromTwin(state: State, id: number): State {
    const object = state.object(id);
    if (object.references > 0 || object.twins < 0) return state;
    for (const [other, twin] of state.objects)
      if (other !== id && twin.twins === object.twins && twin.references > 0)
        return state.update(other, { references: twin.references - 1 }).update(id, { references: 1 });
    return state;
  }

  #storeCell(left: Node, right: Node, state: State, at: Node): Out[] {
    const key = `cell:${foldedText(this.tree, left)}`;
    const rightType = this.typing.typeOf(right);
    const isRaw = this.typing.rawLocals.has(this.tree.source(left));
    if (isRaw && integerIn(state, key) !== 0)
      this.typing.refuse(
        "reference-overwritten",
        at,
        `\`${this.tree.source(left)}\` is assigned while it still owns a reference.`,
      );
    if (rightType === "null" || rightType === "cell" || (rightType === "other" && isRaw))
      return this.#effect(left, state)
        .flatMap((s) => this.#effect(right, s))
        .map((s) => ({ state: s, value: UNKNOWN, leaf: at }));
    return this.#effect(left, state)
      .flatMap((s) => this.#handle(right, s))
      .map((o): Out => {
        if (o.value.kind !== "object") return { state: o.state, value: o.value, leaf: at };
        const taken = this.#takeFromSource(o.state, o.value.id);
        const object = taken.object(o.value.id);
        if (object.references > 0)
          return { state: taken.update(o.value.id, { references: object.references - 1 }), value: UNKNOWN, leaf: at };
        const balance = taken.variables.get(key);
        const value = (balance?.kind === "integer" ? balance.value : 0) - 1;
        return { state: taken.set(key, { kind: "integer", value }), value: UNKNOWN, leaf: at };
      });
  }

  // Calls.

  /** Evaluates arguments in order; `types` are those of the parameters, as far as they are known. */
  #arguments(
    list: readonly Node[],
    state: State,
    types: readonly (CType | undefined)[] = [],
  ): { state: State; values: readonly Out[] }[] {
    let partial: { state: State; values: readonly Out[] }[] = [{ state, values: [] }];
    list.forEach((argument, i) => {
      const wanted = types[i];
      partial = partial.flatMap((p) => {
        const type = this.typing.typeOf(argument);
        const isReference =
          type === "handle" ||
          type === "cell" ||
          (type === "other" && wanted !== undefined && this.typing.objects.isObjectPointer(wanted));
        const outs = isReference ? this.#handle(argument, p.state) : this.#evaluate(argument, p.state);
        return outs.map((o) => ({ state: o.state, values: [...p.values, o] }));
      });
    });
    return partial;
  }

  #call(n: Node, state: State): Out[] {
    const tree = this.tree;
    const list = tree.named(tree.field(n, "arguments"));
    const construction = this.typing.construction(n);
    if (construction !== null) return this.#construct(n, construction, state);
    const callee = this.typing.callee(n);
    switch (callee.kind) {
      case "capi":
        return this.#capiCall(n, callee.name, callee.facts, list, state);
      case "project":
        return this.#projectCall(n, callee.target, list, state);
      case "computed": {
        const slot = readSlotCall(tree, n);
        if (slot !== null) return this.#slotCall(n, slot, list, state);
        this.#effect(tree.field(n, "function"), state);
        const isPointer = this.fn.file.language === "c";
        return this.#foreignCall(
          n,
          list,
          state,
          isPointer ? "function-pointer" : "cplusplus-call",
          isPointer
            ? "A function is called through a pointer with a reference."
            : `Nothing is known about what \`${shorten(tree.source(n))}\` does with a reference.`,
        );
      }
      case "foreign": {
        if (this.typing.macroNamed(callee.name) !== null) {
          const problem = this.typing.macroProblem(callee.name);
          if (problem !== null)
            this.typing.refuse(
              "macro-uses-api",
              n,
              `The macro \`${callee.name}\` expands to code with \`${problem}\` in it.`,
            );
        }
        const isOwnMacro = this.typing.macroNamed(callee.name) !== null;
        if (!isOwnMacro && (callee.name.startsWith("Py") || callee.name.startsWith("_Py"))) {
          if (!NEUTRAL_CALLS.has(callee.name))
            this.typing.refuse("unknown-api", n, `Nothing is known about \`${callee.name}\`.`);
        }
        return this.#foreignCall(
          n,
          this.typing.evaluatedArguments(callee.name, list),
          state,
          "unknown-function",
          `\`${callee.name}\` is not defined in the project and takes a reference; nothing is known about what it does with it.`,
        );
      }
    }
  }

  /** `HPy_New`: a new object, or NULL. */
  #construct(n: Node, construction: Construction, state: State): Out[] {
    const items = construction.items === NONE ? "0" : this.tree.source(construction.items);
    if (items !== "0")
      this.typing.refuse(
        "variable-size-object",
        n,
        "It makes an object with a variable number of items; HPy 0.9 makes objects of the size of their type only.",
      );
    const allocator = customAllocator(this.around.project);
    if (allocator !== null)
      this.typing.refuse(
        "custom-allocator",
        n,
        `A type of the project has \`${allocator}\` as its \`tp_alloc\`, and \`HPy_New\` would not call it.`,
      );
    const traverse = construction.tracked === "by-call" ? fragileTraverse(this.around.project) : null;
    if (traverse !== null)
      this.typing.refuse(
        "traversed-too-early",
        n,
        `\`HPy_New\` has the object tracked before its fields are set, and \`${traverse}\` follows a pointer in such a struct.`,
      );
    return this.#handle(construction.type, state).flatMap(({ state: s }) => {
      const added = s.add({ references: 1, handles: 1, nonNull: true, site: n });
      return [this.#bindTemporary(n, added.state, added.id), { state: s, value: NULL_VALUE, leaf: n }];
    });
  }

  /** `base->tp_new(type, args, kwds)` and `base->tp_init(self, args, kwds)`, which stay calls of the C API. */
  #slotCall(n: Node, slot: SlotCall, list: readonly Node[], state: State): Out[] {
    const isBuiltIn = slot.builtIn !== "";
    if (isBuiltIn && !CONTEXT_HANDLES.has(`&${slot.builtIn}`))
      this.typing.refuse("function-pointer", n, `HPy 0.9 has no context handle for \`${slot.builtIn}\`.`);
    const bases = isBuiltIn ? [state] : this.#handle(slot.base, state).map((o) => o.state);
    return bases
      .flatMap((s) => this.#arguments(list, s))
      .flatMap(({ state: s }): Out[] => {
        if (slot.name === "tp_init") return [{ state: s, value: UNKNOWN, leaf: n }];
        const added = s.add({ references: 1, handles: 1, nonNull: true, site: n });
        return [this.#bindTemporary(n, added.state, added.id), { state: s, value: NULL_VALUE, leaf: n }];
      });
  }

  /** The memory of an object that was just made is given back without its deallocator. */
  #free(n: Node, argument: Node, state: State): Out[] {
    return this.#handle(argument, state).flatMap((out) => {
      const object = out.value.kind === "object" ? out.state.object(out.value.id) : null;
      if (object === null || object.references !== 1 || !this.#isMade(object.site))
        this.typing.refuse("freed-by-hand", n, "It frees an object that it has not made itself.");
      return this.#decrement(n, out);
    });
  }

  #isMade(site: Node): boolean {
    return site !== NONE && this.tree.kind(site) === "call_expression" && this.typing.construction(site) !== null;
  }

  /** HPy_New has the object tracked already. */
  #track(n: Node, argument: Node, state: State): Out[] {
    return this.#handle(argument, state).map((out) => {
      const site = out.value.kind === "object" ? out.state.object(out.value.id).site : NONE;
      if (!this.#isMade(site))
        this.typing.refuse("tracked-by-hand", n, "It tracks an object that it has not made itself.");
      return { state: out.state, value: UNKNOWN, leaf: n };
    });
  }

  #foreignCall(n: Node, list: readonly Node[], state: State, id: string, message: string): Out[] {
    const isView = (argument: Node): boolean => id !== "function-pointer" && this.typing.isStruct(argument);
    for (const argument of list) {
      const type = this.typing.typeOf(argument);
      if ((type === "handle" && !isView(argument)) || type === "handle-pointer") this.typing.refuse(id, n, message);
    }
    let outs: State[] = [state];
    for (const argument of list)
      outs = outs.flatMap((s) =>
        this.typing.typeOf(argument) === "handle"
          ? this.#view(argument, s, n).map((o) => o.state)
          : this.#effect(argument, s),
      );
    return outs.map((s) => ({ state: this.#givenByReference(list, s), value: UNKNOWN, leaf: n }));
  }

  /** A function of C++ may take any variable by reference and change its value. */
  #givenByReference(list: readonly Node[], state: State): State {
    if (this.fn.file.language !== "cpp") return state;
    let after = state;
    for (const argument of list) {
      const name = this.tree.kind(argument) === "identifier" ? this.tree.source(argument) : "";
      if (after.variables.get(name)?.kind === "integer") after = after.set(name, UNKNOWN);
    }
    return after;
  }

  #capiCall(n: Node, name: string, facts: CapiFunction, list: readonly Node[], state: State): Out[] {
    const [first] = list;
    if (STRUCT_CALLS.has(name) && first !== undefined) {
      const object = stripCasts(this.tree, first);
      if (this.typing.typeOf(object) === "handle" && this.typing.isStruct(object)) {
        let outs: State[] = this.#view(object, state, n).map((o) => o.state);
        for (const argument of list.slice(1)) outs = outs.flatMap((s) => this.#effect(argument, s));
        return outs.map((s) => ({ state: s, value: UNKNOWN, leaf: n }));
      }
    }
    if (TRACKING.has(name) && list[0] !== undefined) return this.#track(n, list[0], state);
    if (FREEING.has(name) && list[0] !== undefined && this.typing.typeOf(stripCasts(this.tree, list[0])) === "handle")
      return this.#free(n, stripCasts(this.tree, list[0]), state);
    if (this.typing.isCurrentExceptionMatch(n))
      return this.#handle(list[1] as Node, state).map((o) => ({ state: o.state, value: UNKNOWN, leaf: n }));
    if (name === "PyLong_FromVoidPtr" && first !== undefined) {
      const object = stripCasts(this.tree, first);
      if (this.typing.typeOf(object) === "handle")
        return this.#handle(object, state).flatMap((o) => {
          const added = o.state.add({ references: 1, handles: 1, site: n });
          return [this.#bindTemporary(n, added.state, added.id), { state: o.state, value: NULL_VALUE, leaf: n }];
        });
    }
    const special = this.#referenceCount(n, name, list, state) ?? this.#parse(n, name, list, state);
    if (special !== null) return special;
    if (this.#isArgumentAccess(name, list)) return this.#argumentAccess(n, name, list, state);
    if (this.isUntouched(n)) {
      let states: State[] = [state];
      for (const argument of list) states = states.flatMap((s) => this.#effect(argument, s));
      return states.map((s) => ({ state: s, value: UNKNOWN, leaf: n }));
    }
    // A view is enough for those that only read the head of the struct.
    const types = STRUCT_CALLS.has(name)
      ? []
      : facts.parameters.map((p) => (p.type === "..." ? undefined : parseType(p.type)));
    return this.#arguments(list, state, types).flatMap(({ state: s, values }) =>
      this.#applyFacts(n, name, facts, list, s, values),
    );
  }

  /**
   * A call of the C API whose objects are all cells and whose result is no reference stays as it is: it is ordinary
   * C in the hybrid ABI.
   */
  isUntouched(n: Node): boolean {
    return isUntouchedCall(this.typing, n);
  }

  #isArgumentAccess(name: string, list: readonly Node[]): boolean {
    if (this.argumentsName === "") return false;
    const first = list[0];
    if (first === undefined) return false;
    const stripped = stripCasts(this.tree, first);
    return (
      ["PyTuple_GET_SIZE", "PyTuple_Size", "PyTuple_GET_ITEM"].includes(name) &&
      this.tree.kind(stripped) === "identifier" &&
      this.tree.source(stripped) === this.argumentsName
    );
  }

  #argumentAccess(n: Node, name: string, list: readonly Node[], state: State): Out[] {
    if (name !== "PyTuple_GET_ITEM") return [{ state, value: UNKNOWN, leaf: n }];
    return this.#effect(list[1] as Node, state).map((s) => {
      const added = s.add({ source: "argument" });
      return { state: added.state, value: { kind: "object", id: added.id }, leaf: n };
    });
  }

  /** INCREF, DECREF and their kin; null for other calls. */
  #referenceCount(n: Node, name: string, list: readonly Node[], state: State): Out[] | null {
    if (!REFERENCE_COUNTS.has(name)) return null;
    const argument = list[0];
    if (argument === undefined)
      this.typing.refuse("expression-not-understood", n, "A reference-count macro without argument.");
    const target = stripCasts(this.tree, argument);
    const type = this.typing.typeOf(target);
    const isCell = type === "cell";
    const done = (s: State): Out[] => [{ state: s, value: UNKNOWN, leaf: n }];
    switch (name) {
      case "Py_INCREF":
      case "Py_XINCREF":
      case "Py_IncRef": {
        if (isCell) {
          const key = `cell:${foldedText(this.tree, target)}`;
          const balance = state.variables.get(key);
          this.#decide(n, "delete");
          return done(
            state.set(key, { kind: "integer", value: (balance?.kind === "integer" ? balance.value : 0) + 1 }),
          );
        }
        return this.#handle(target, state).flatMap((o) => this.#increment(n, target, o));
      }
      case "Py_NewRef":
      case "Py_XNewRef":
        return this.#handle(argument, state).flatMap((o) => {
          if (o.value.kind === "null") return [o];
          const added = o.state.add({
            references: 1,
            handles: 1,
            nonNull: o.value.kind === "object" ? o.state.object(o.value.id).nonNull : false,
            site: n,
          });
          return [this.#bindTemporary(n, added.state, added.id)];
        });
      case "Py_DECREF":
      case "Py_XDECREF":
      case "Py_DecRef":
        if (isCell) {
          const key = `cell:${foldedText(this.tree, target)}`;
          const balance = integerIn(state, key);
          this.#decide(n, balance > 0 ? "delete" : "keep");
          return done(balance > 0 ? shift(shift(state, key, -1), `back:${key}`, -1) : state);
        }
        return this.#handle(target, state).flatMap((o) => this.#decrement(n, o));
      case "Py_CLEAR":
        if (isCell) {
          this.#decide(n, "keep");
          return done(state);
        }
        if (type !== "handle" || this.tree.kind(target) !== "identifier")
          this.typing.refuse("expression-not-understood", n, "Py_CLEAR of something that is not a variable.");
        return this.#handle(target, state).flatMap((o) =>
          this.#decrement(n, o).map((d) => ({ ...d, state: d.state.set(this.tree.source(target), NULL_VALUE) })),
        );
      default:
        if (isCell && list[1] !== undefined) {
          this.#decide(n, "keep");
          return this.#storeCell(target, list[1], state, n);
        }
        return this.#replaceReference(n, name, target, list[1], state);
    }
  }

  /** `Py_SETREF(x, y)` on a variable: y takes the place of x, then x's old reference is released. */
  #replaceReference(n: Node, name: string, target: Node, replacement: Node | undefined, state: State): Out[] {
    const isVariable = this.tree.kind(target) === "identifier" && this.typing.typeOf(target) === "handle";
    if (!isVariable || replacement === undefined)
      this.typing.refuse("reference-replaced", n, `\`${name}\` works on something that is not a local variable.`);
    const variable = this.tree.source(target);
    return this.#handle(replacement, state).flatMap((value) =>
      this.#handle(target, value.state).flatMap((old) =>
        this.#decrement(n, old).map((d) => this.#bind(variable, { ...value, state: d.state.remove(variable) }, n)),
      ),
    );
  }

  #decide(site: Node, decision: Decision, flips: readonly Flip[] = []): void {
    const choices = this.decisions.get(site) ?? new Set<Decision>();
    choices.add(decision);
    this.decisions.set(site, choices);
    if (flips.length > 0) this.flips.set(site, [...(this.flips.get(site) ?? []), ...flips]);
  }

  #increment(n: Node, target: Node, out: Out): Out[] {
    const { state, value } = out;
    if (value.kind === "null") return [{ state, value: UNKNOWN, leaf: n }];
    if (value.kind !== "object")
      this.typing.refuse("unknown-reference", n, "The analysis cannot tell what reference is counted here.");
    const cell = this.#cellOwed(n, target, state);
    if (cell !== null) {
      this.#decide(n, "delete");
      const paid = state.set(cell, { kind: "integer", value: integerIn(state, cell) + 1 });
      return [{ state: paid, value: UNKNOWN, leaf: n }];
    }
    const object = state.object(value.id);
    const isVariable =
      this.tree.kind(target) === "identifier" && this.typing.local(this.tree.source(target)) !== undefined;
    if (object.handles === 1 && object.references === 0) {
      this.#decide(n, "delete", this.#flipsOf(object, target));
      return [{ state: state.update(value.id, { references: 1 }), value: UNKNOWN, leaf: n }];
    }
    if (object.handles === 0 && isVariable && this.dupIncrements.has(n)) {
      this.#decide(n, "dup");
      const added = state.add({ references: 1 + object.references, handles: 1, nonNull: object.nonNull, site: n });
      const name = this.tree.source(target);
      return [{ state: added.state.set(name, { kind: "object", id: added.id }), value: UNKNOWN, leaf: n }];
    }
    this.#decide(n, "delete", this.#flipsOf(object, target));
    const increment = object.handles === 0 && isVariable ? n : NONE;
    if (object.references >= 3)
      this.typing.refuse("unpaired-incref", n, "References are added in a loop or again and again.");
    return [
      { state: state.update(value.id, { references: object.references + 1, increment }), value: UNKNOWN, leaf: n },
    ];
  }

  /**
   * The cell that a variable was stored in just before its count goes up: `self->f = x; Py_INCREF(x);`. The store takes
   * a reference of its own in HPy, so this is the one that the cell still owes.
   */
  #cellOwed(n: Node, target: Node, state: State): string | null {
    const tree = this.tree;
    if (tree.kind(target) !== "identifier") return null;
    const name = tree.source(target);
    const statement = tree.enclosing(n, "expression_statement", "compound_statement");
    if (statement === NONE || tree.kind(statement) !== "expression_statement") return null;
    const siblings = tree.named(tree.parent(statement));
    for (const earlier of siblings.slice(0, siblings.indexOf(statement)).reverse()) {
      if (tree.kind(earlier) !== "expression_statement") return null;
      const expression = tree.named(earlier)[0] ?? NONE;
      if (expression === NONE) return null;
      if (tree.kind(expression) === "call_expression") continue;
      if (tree.kind(expression) !== "assignment_expression") return null;
      const left = tree.field(expression, "left");
      if (tree.source(left) === name) return null;
      if (tree.source(stripCasts(tree, tree.field(expression, "right"))) !== name) continue;
      const key = `cell:${foldedText(tree, left)}`;
      if (this.typing.typeOf(left) === "cell" && integerIn(state, key) < 0) return key;
    }
    return null;
  }

  /** Ways to make the holder of an alias own its handle. */
  #flipsOf(object: ObjectState, target: Node): Flip[] {
    const flips: Flip[] = [];
    if (object.handles === 1) return flips;
    if (object.leaf !== NONE) flips.push({ kind: "leaf", leaf: object.leaf });
    if (object.increment !== NONE) flips.push({ kind: "increment", site: object.increment });
    if (object.parameter >= 0 && this.tree.kind(target) === "identifier")
      flips.push({ kind: "parameter", name: this.tree.source(target) });
    return flips;
  }

  #decrement(n: Node, out: Out): Out[] {
    const { state, value } = out;
    if (value.kind === "null") return [{ state, value: UNKNOWN, leaf: n }];
    if (value.kind !== "object")
      this.typing.refuse("unknown-reference", n, "The analysis cannot tell what reference is released here.");
    const taken = this.#takeFromTwin(this.#takeFromSource(state, value.id), value.id);
    const object = taken.object(value.id);
    if (object.references === 0) {
      if (object.parameter >= 0 && !this.stolen.has(object.parameter) && this.convention === "helper")
        throw new StolenParameter(object.parameter);
      this.typing.refuse("over-release", n, "A reference is released here that the function does not own.");
    }
    if (object.handles === 0) {
      this.#decide(n, "delete", this.#flipsOf(object, stripCasts(this.tree, out.leaf)));
      return [
        {
          state: taken.update(value.id, { references: object.references - 1, increment: NONE }),
          value: UNKNOWN,
          leaf: n,
        },
      ];
    }
    if (object.references > 1) {
      this.#decide(n, "delete");
      return [{ state: taken.update(value.id, { references: object.references - 1 }), value: UNKNOWN, leaf: n }];
    }
    if (this.#usedLater(taken, value.id, n)) {
      this.#decide(n, "delete");
      return [{ state: taken.update(value.id, { references: 0 }), value: UNKNOWN, leaf: n }];
    }
    this.#decide(n, "close");
    const name = this.tree.kind(out.leaf) === "identifier" ? this.tree.source(out.leaf) : "";
    return [{ state: this.#closed(taken, value.id, name), value: UNKNOWN, leaf: n }];
  }

  /** Whether anything that needs the object may be read after the current node. */
  #usedLater(state: State, id: number, at: Node): boolean {
    const node = this.current as CfgNode;
    const live = new Set<string>();
    for (const edge of node.successors) for (const name of this.live[edge.to] ?? []) live.add(name);
    const isClear = ["Py_CLEAR", "Py_SETREF", "Py_XSETREF"].includes(this.tree.source(this.tree.field(at, "function")));
    const cleared = isClear
      ? this.tree.source(stripCasts(this.tree, this.tree.named(this.tree.field(at, "arguments"))[0] as Node))
      : "";
    for (const [name, value] of state.variables) {
      if (name === cleared || !(live.has(name) || name.startsWith("*"))) continue;
      if ((value.kind === "object" || value.kind === "interior") && value.id === id) return true;
      if (value.kind === "object" && state.object(value.id).keeper === id) return true;
    }
    return false;
  }

  /** What the reference count of an object is says nothing about its handles. */
  #checkCounts(): void {
    for (const call of this.tree.descendants(this.fn.body, "call_expression")) {
      const callee = this.typing.callee(call);
      if (callee.kind === "capi" && (callee.name === "Py_REFCNT" || callee.name === "Py_SET_REFCNT"))
        this.typing.refuse(
          "reference-count-as-logic",
          call,
          `\`${callee.name}\` is used; handles do not show reference counts.`,
        );
    }
  }

  /** Name of the parameter for keyword arguments; empty without one. */
  #keywordsName(): string {
    const index = this.parsed !== null ? this.parsed.keywords : this.argumentsName === "" ? -1 : 2;
    return this.fn.parameters[index]?.name ?? "";
  }

  /** A use of the keyword arguments other than by a parser, which HPy's tuple of names cannot serve; NONE without one. */
  #useOfDict(name: string): Node {
    const tree = this.tree;
    if (name === "") return NONE;
    for (const n of tree.descendants(this.fn.body, "identifier")) {
      if (tree.source(n) !== name) continue;
      const list = tree.parent(n);
      const callee = tree.kind(list) === "argument_list" ? this.typing.callee(tree.parent(list)) : null;
      if (callee?.kind === "capi" && PARSERS.has(callee.name) && tree.named(list)[1] === n) continue;
      const parsed = callee?.kind === "project" ? parsedArguments(this.around.project, callee.target) : null;
      if (parsed !== null && tree.named(list)[parsed.keywords] === n) continue;
      return n;
    }
    return NONE;
  }

  /** PyArg_Parse and its kin; null for other calls. */
  #parse(n: Node, name: string, list: readonly Node[], state: State): Out[] | null {
    const layout = PARSERS.get(name);
    if (layout === undefined) return null;
    const first = list[0];
    if (first === undefined) return null;
    const stripped = stripCasts(this.tree, first);
    const isOwn = this.argumentsName !== "" && this.tree.source(stripped) === this.argumentsName;
    const type = this.typing.typeOf(first);
    if (!isOwn && (name === "PyArg_ParseTupleAndKeywords" || (type !== "handle" && type !== "cell")))
      this.typing.refuse(
        "parsed-tuple-is-not-args",
        n,
        `\`${name}\` parses a tuple that is not the function's own arguments.`,
      );
    let holder = this.tree.parent(n);
    while (["parenthesized_expression", "cast_expression"].includes(this.tree.kind(holder)))
      holder = this.tree.parent(holder);
    if (this.tree.kind(holder) === "expression_statement")
      this.typing.refuse("parse-result-ignored", n, `The result of \`${name}\` is not looked at.`);
    if (isOwn) return this.#parseFrom(n, name, list, layout, state, "arguments");
    return this.#handle(first, state).flatMap((o) => this.#parseFrom(n, name, list, layout, o.state, "tuple"));
  }

  /** Parses the arguments of the call, or the items of a tuple, which are opened for it. */
  #parseFrom(
    n: Node,
    name: string,
    list: readonly Node[],
    layout: { readonly format: number; readonly targets: number },
    before: State,
    source: "arguments" | "tuple",
  ): Out[] {
    let state = before;
    const targets = list.slice(layout.targets);
    for (const target of targets) {
      const type = this.typing.typeOf(target);
      if (type === "handle" || type === "cell") state = this.#handle(target, state)[0]?.state ?? state;
    }
    const failure: Out = { state, value: { kind: "integer", value: 0 }, leaf: n };
    if (name === "PyArg_UnpackTuple") {
      const minimum = Number(this.tree.source(list[2] as Node));
      if (!Number.isInteger(minimum))
        this.typing.refuse("computed-format", n, "The number of arguments is not a literal.");
      let { state: success, keeper } = this.#openTracker(n, state, source === "tuple" && targets.length > 0);
      targets.forEach((t, i) => {
        success = this.#receive(
          t,
          { code: "O", targets: 1, items: [] },
          i < minimum ? "required" : "optional",
          success,
          keeper,
        );
      });
      return [failure, { state: success, value: { kind: "integer", value: 1 }, leaf: n }];
    }
    const formatNode = list[layout.format];
    const text = formatNode === undefined ? null : this.typing.stringOf(formatNode);
    if (text === null) this.typing.refuse("computed-format", n, "The format of the arguments is not a string literal.");
    const format = readArgumentFormat(text);
    if ("problem" in format) this.typing.refuse("format-not-understood", n, `The format "${text}": ${format.problem}.`);
    const inDict = name === "PyArg_ParseTupleAndKeywords" && passesDict(this.convention);
    if (name === "PyArg_ParseTupleAndKeywords") this.#checkParsedKeywords(n, name, list[1] ?? n);
    const opens = (inDict || source === "tuple") && keepsArguments(format.units);
    const tracks = opens || format.units.some((u) => u.items.length > 0 && flatten(u).some(usesObject));
    let { state: success, keeper } = this.#openTracker(n, state, tracks);
    let at = 0;
    format.units.forEach((unit, index) => {
      const when = index < format.required ? "required" : "optional";
      const unitKeeper = opens || unit.items.length > 0 ? keeper : -1;
      for (const item of flatten(unit)) {
        for (let k = 0; k < item.targets; k++) {
          const target = targets[at++];
          if (target === undefined)
            this.typing.refuse("format-not-understood", n, `The format "${text}" wants more arguments.`);
          const isReceiver = k === item.targets - 1 || item.code.endsWith("#");
          if (isReceiver) success = this.#receive(target, item, when, success, unitKeeper);
        }
      }
    });
    return [failure, { state: success, value: { kind: "integer", value: 1 }, leaf: n }];
  }

  /** What keeps the objects of a parser's targets open: a variable of the call. */
  #openTracker(n: Node, state: State, tracks: boolean): { state: State; keeper: number } {
    if (!tracks) return { state, keeper: -1 };
    const added = state.add({ handles: 1, site: n });
    return { state: added.state.set(`${TRACKER}${n}`, { kind: "object", id: added.id }), keeper: added.id };
  }

  #checkParsedKeywords(n: Node, name: string, keywords: Node): void {
    const at = stripCasts(this.tree, keywords);
    if (this.tree.source(at) !== this.#keywordsName())
      this.typing.refuse("parsed-tuple-is-not-args", n, `\`${name}\` parses a dict that is not the function's own.`);
  }

  /** A helper that parses its caller's arguments must be given them whole. */
  #checkPassedArguments(n: Node, target: CFunction, list: readonly Node[]): void {
    const parsed = parsedArguments(this.around.project, target);
    if (parsed === null) return;
    const nameAt = (index: number): string => {
      const argument = list[index];
      return argument === undefined ? "" : this.tree.source(stripCasts(this.tree, argument));
    };
    if (this.argumentsName === "" || nameAt(parsed.args) !== this.argumentsName)
      this.typing.refuse(
        "parsed-tuple-is-not-args",
        n,
        `\`${target.name}\` parses a tuple that is not the function's own arguments.`,
      );
    if (parsed.keywords < 0) return;
    if (passesDict(this.convention))
      this.typing.refuse("keywords-as-dict", n, `\`${target.name}\` parses keywords that are a dict here.`);
    const isNull = this.typing.typeOf(list[parsed.keywords] ?? n) === "null";
    if (!isNull && nameAt(parsed.keywords) !== this.#keywordsName())
      this.typing.refuse(
        "parsed-tuple-is-not-args",
        n,
        `\`${target.name}\` parses a dict that is not the function's own.`,
      );
  }

  /** One target of an argument parser: `&variable`. */
  #receive(target: Node, unit: ArgumentUnit, when: "required" | "optional", state: State, keeper: number): State {
    const tree = this.tree;
    const at = stripCasts(tree, target);
    if (tree.kind(at) !== "pointer_expression" || tree.token(at, "&") === NONE) {
      if (this.typing.typeOf(at) === "handle-pointer" && RECEIVES_OBJECT.has(unit.code))
        this.typing.refuse("argument-target", target, "An argument is parsed straight into an out-parameter.");
      return state;
    }
    const inner = stripParentheses(tree, tree.field(at, "argument"));
    const type = this.typing.typeOf(inner);
    if (type === "cell")
      this.typing.refuse("argument-target", target, "An argument is parsed straight into C memory that keeps objects.");
    if (tree.kind(inner) !== "identifier") return state;
    const name = tree.source(inner);
    if (type === "handle") {
      if (unit.code === "O&")
        this.typing.refuse("converter", target, "An `O&` converter makes this reference; its ownership is not known.");
      const previous = state.variables.get(name);
      if (previous?.kind === "object" && state.object(previous.id).references > 0)
        this.typing.refuse("reference-overwritten", target, `\`${name}\` is parsed into while it owns a reference.`);
      const nonNull = when === "required" || (previous?.kind === "object" && state.object(previous.id).nonNull);
      if (when === "optional" && (previous === undefined || previous.kind === "uninitialised"))
        this.initialise.add(name);
      const isOwned = this.dupLeaves.has(target);
      if (isOwned) this.#decide(target, "dup");
      const added = state.add(
        isOwned ? { nonNull, handles: 1, site: target } : { nonNull, leaf: target, source: "argument", keeper },
      );
      this.#recordView(target, name, nonNull ? "object" : "unknown");
      return added.state.set(name, { kind: "object", id: added.id });
    }
    if (RECEIVES_OBJECT.has(unit.code))
      this.typing.refuse(
        "argument-target",
        target,
        `An object is parsed into \`${name}\`, which is not a \`PyObject *\`.`,
      );
    if (INTERIOR_UNITS.has(unit.code.charAt(0)) && keptPointers(this.typing.project, this.fn).has(name))
      this.typing.refuse(
        "interior-pointer-escapes",
        target,
        `\`${name}\` points into an argument, and is kept in memory that outlives the call.`,
      );
    if (keeper >= 0 && INTERIOR_UNITS.has(unit.code.charAt(0))) {
      const added = state.add({ source: "argument", keeper });
      return added.state.set(name, { kind: "interior", id: added.id });
    }
    return state.variables.has(name) ? state.set(name, UNKNOWN) : state;
  }

  #applyFacts(
    n: Node,
    name: string,
    facts: CapiFunction,
    list: readonly Node[],
    state: State,
    values: readonly Out[],
  ): Out[] {
    let after = state;
    const onSuccess: number[] = [];
    const lastType = facts.parameters[facts.parameters.length - 1]?.type;
    const isVariadic = lastType === "...";
    values.forEach((out, i) => {
      const fact = facts.parameters[i] ?? (isVariadic ? undefined : facts.parameters[facts.parameters.length - 1]);
      const ownership = fact === undefined || fact.type === "..." ? "borrows" : fact.ownership;
      const value = out.value;
      if (value.kind === "address") {
        this.typing.refuse("address-of-reference", n, `The address of \`${value.name}\` is given to \`${name}\`.`);
      }
      if (value.kind !== "object") return;
      if (
        fact !== undefined &&
        fact.type !== "..." &&
        !fact.type.includes("PyObject") &&
        !fact.type.includes("PyTypeObject")
      )
        this.typing.refuse(
          "reference-cast",
          n,
          `A reference is given to \`${name}\` as \`${fact.type}\`; a handle is not a pointer to the object.`,
        );
      if (this.typing.typeOf(list[i] as Node) !== "handle" && this.typing.typeOf(list[i] as Node) !== "cell") return;
      if (ownership === "steals") after = this.#steal(n, name, after, value.id);
      else if (ownership === "steals-on-success") onSuccess.push(value.id);
      else if (ownership === "releases" || ownership === "retains")
        this.typing.refuse(
          "reference-replaced",
          n,
          `\`${name}\` changes reference counts in a way the analysis does not follow.`,
        );
    });
    const buildSteals = this.#stealingUnits(name, list);
    for (const index of buildSteals) {
      const value = values[index]?.value;
      if (value?.kind === "object") after = this.#steal(n, name, after, value.id);
    }
    if (onSuccess.length > 0) {
      let success = after;
      for (const id of onSuccess) success = this.#steal(n, name, success, id);
      let failure = after;
      for (const id of onSuccess) {
        const object = failure.object(id);
        if (object.source.startsWith("const:") && object.references > 0)
          failure = failure.update(id, { references: object.references - 1, increment: NONE });
      }
      return [
        { state: success, value: { kind: "integer", value: 0 }, leaf: n },
        { state: failure, value: { kind: "integer", value: -1 }, leaf: n },
      ];
    }
    const isObject = this.typing.objects.isObjectPointer(parseType(facts.result)) && this.typing.typeOf(n) === "handle";
    if (!isObject) {
      const interior = facts.ownership.kind === "interior" ? values[facts.ownership.of]?.value : undefined;
      if (interior?.kind === "object") return [{ state: after, value: { kind: "interior", id: interior.id }, leaf: n }];
      return [{ state: after, value: UNKNOWN, leaf: n }];
    }
    if (facts.ownership.kind === "same") {
      const same = values[facts.ownership.as];
      if (same !== undefined) return [{ state: after, value: same.value, leaf: n }];
    }
    if (facts.ownership.kind === "plain") return [{ state: after, value: NULL_VALUE, leaf: n }];
    const added = after.add({
      references: facts.ownership.kind === "new" ? 1 : 0,
      handles: 1,
      nonNull: true,
      site: n,
    });
    const outs: Out[] = [this.#bindTemporary(n, added.state, added.id)];
    if (facts.error !== "none") outs.push({ state: after, value: NULL_VALUE, leaf: n });
    return outs;
  }

  /** Indexes of the arguments whose reference a format takes over (`N`). */
  #stealingUnits(name: string, list: readonly Node[]): number[] {
    const at = BUILDERS.get(name);
    if (at === undefined) return [];
    const formatNode = list[at];
    const text = formatNode === undefined ? "" : this.typing.stringOf(formatNode);
    if (text === null) {
      if (this.typing.typeOf(formatNode as Node) === "null") return [];
      this.typing.refuse("computed-format", formatNode as Node, "The format of the values is not a string literal.");
    }
    const units = readBuildFormat(text);
    if ("problem" in units)
      this.typing.refuse("format-not-understood", formatNode as Node, `The format "${text}": ${units.problem}.`);
    const stealing: number[] = [];
    let index = at + 1;
    const walk = (
      nested: readonly {
        code: string;
        values: number;
        items: readonly { code: string; values: number; items: readonly unknown[] }[];
      }[],
    ): void => {
      for (const unit of nested) {
        if (unit.code === "N") stealing.push(index);
        const converted = unit.code === "O&" ? list[index + 1] : undefined;
        if (converted !== undefined && this.typing.typeOf(converted) === "handle")
          this.typing.refuse("converter", converted, "A reference is given to an `O&` converter as `void *`.");
        index += unit.values;
        walk(unit.items as never);
      }
    };
    walk(units as never);
    return stealing;
  }

  #steal(n: Node, name: string, state: State, id: number): State {
    const taken = this.#takeFromTwin(this.#takeFromSource(state, id), id);
    const object = taken.object(id);
    if (object.references === 0) {
      if (object.parameter >= 0 && !this.stolen.has(object.parameter) && this.convention === "helper")
        throw new StolenParameter(object.parameter);
      this.typing.refuse(
        "borrowed-reference-stolen",
        n,
        `\`${name}\` takes over a reference that the function does not own.`,
      );
    }
    return taken.update(id, { references: object.references - 1, increment: NONE });
  }

  #projectCall(n: Node, target: CFunction, list: readonly Node[], state: State): Out[] {
    const objects =
      this.typing.objects.isObjectPointer(target.result) ||
      target.parameters.some(
        (p) => this.typing.objects.isObjectPointer(p.type) || this.typing.objects.isObjectPointerPointer(p.type),
      );
    const raises = !objects && this.typing.callsApi(target) && this.around.summaryOf(target) !== null;
    if ((!objects && !raises) || this.typing.isPlain(target))
      return this.#foreignCall(
        n,
        list,
        state,
        "unknown-function",
        `\`${target.name}\` is given a reference as something else.`,
      );
    const summary = this.around.summaryOf(target);
    if (summary === null) {
      const { root, reason } = this.around.whyNot(target);
      throw new Refused(
        "calls-unproven-function",
        this.typing.span(n),
        `\`${target.name}\` cannot be proved, so calls of it cannot be rewritten. ${reason}`,
        root,
      );
    }
    (this.around.isBridged(target) ? this.bridged : this.callees).add(target);
    this.#checkPassedArguments(n, target, list);
    const types = target.parameters.map((p) => p.type);
    return this.#arguments(list, state, types).flatMap(({ state: s, values }) => {
      let before = s;
      values.forEach((out, i) => {
        if (out.value.kind === "object" && summary.steals.has(i))
          before = this.#steal(n, target.name, before, out.value.id);
        if (
          out.value.kind === "object" &&
          target.parameters[i] !== undefined &&
          !this.typing.objects.isObjectPointer(target.parameters[i].type)
        )
          this.typing.refuse("reference-cast", n, `A reference is given to \`${target.name}\` as something else.`);
      });
      before = this.#givenByReference(list, this.#pointersInto(n, list, target, before, values));
      return summary.outcomes.flatMap((outcome) => this.#applyOutcome(n, target, outcome, before, values));
    });
  }

  /** A local whose address goes to a helper together with a promoted borrow may come back pointing into it. */
  #pointersInto(n: Node, list: readonly Node[], target: CFunction, state: State, values: readonly Out[]): State {
    const promoted = values
      .map((v) => v.value)
      .filter((v) => v.kind === "object" && state.object(v.id).handles === 1 && state.object(v.id).references === 0);
    if (promoted.length === 0) return state;
    let after = state;
    list.forEach((argument, i) => {
      const at = stripCasts(this.tree, argument);
      const type = target.parameters[i]?.type;
      if (type === undefined || type.pointers < 2 || this.typing.objects.isObjectPointerPointer(type)) return;
      if (this.tree.kind(at) !== "pointer_expression") return;
      const inner = stripParentheses(this.tree, this.tree.field(at, "argument"));
      if (this.tree.kind(inner) !== "identifier") return;
      if (promoted.length > 1)
        this.typing.refuse(
          "interior-pointer-escapes",
          n,
          `\`${target.name}\` may hand out a pointer into one of several objects.`,
        );
      const [only] = promoted;
      if (only?.kind === "object") after = after.set(this.tree.source(inner), { kind: "interior", id: only.id });
    });
    return after;
  }

  /** Whether a call is all that a `return` gives back: what it was given and answers again leaves the function with it. */
  #isReturned(call: Node): boolean {
    const { tree } = this;
    let at = tree.parent(call);
    while (tree.kind(at) === "parenthesized_expression" || tree.kind(at) === "cast_expression") at = tree.parent(at);
    return tree.kind(at) === "return_statement";
  }

  #applyOutcome(n: Node, target: CFunction, outcome: Outcome, state: State, values: readonly Out[]): Out[] {
    let after = state;
    for (const [index, effect] of outcome.outputs) {
      const value = values[index]?.value;
      if (effect === "absent" && value?.kind === "address") return [];
      if (value === undefined || value.kind === "null" || effect === "unchanged" || effect === "absent") continue;
      if (value.kind !== "address")
        this.typing.refuse(
          "out-parameter-not-a-variable",
          n,
          `\`${target.name}\` hands out a reference to something that is not a local variable.`,
        );
      const previous = after.variables.get(value.name);
      if (
        previous?.kind === "object" &&
        after.object(previous.id).handles === 1 &&
        after.holders(previous.id).length === 1
      )
        this.typing.refuse(
          "reference-overwritten",
          n,
          `\`${value.name}\` is assigned by \`${target.name}\` while it holds a handle.`,
        );
      this.#recordView(n, value.name, effect === "null" ? "null" : "object");
      if (effect === "null") after = after.set(value.name, NULL_VALUE);
      else {
        const added = after.add({ references: effect === "new" ? 1 : 0, handles: 1, site: n });
        after = added.state.set(value.name, { kind: "object", id: added.id });
      }
    }
    const result = outcome.result;
    if (result === "null") return [{ state: after, value: NULL_VALUE, leaf: n }];
    if (result === "unknown") return [{ state: after, value: UNKNOWN, leaf: n }];
    if (result === "new" || result === "borrowed") {
      const added = after.add({ references: result === "new" ? 1 : 0, handles: 1, site: n });
      return [this.#bindTemporary(n, added.state, added.id)];
    }
    if ("argument" in result) {
      const given = values[result.argument]?.value;
      if (given?.kind === "null") return [{ state: after, value: NULL_VALUE, leaf: n }];
      const nonNull = given?.kind === "object" && after.object(given.id).nonNull;
      const isPassedOn = given?.kind === "object" && after.object(given.id).references > 0 && this.#isReturned(n);
      if (isPassedOn) after = this.#steal(n, target.name, after, given.id);
      const added = after.add({ references: isPassedOn ? 1 : 0, handles: 1, nonNull, site: n });
      return [this.#bindTemporary(n, added.state, added.id)];
    }
    if ("integer" in result) return [{ state: after, value: { kind: "integer", value: result.integer }, leaf: n }];
    const inside = values[result.interior]?.value;
    return [
      { state: after, value: inside?.kind === "object" ? { kind: "interior", id: inside.id } : UNKNOWN, leaf: n },
    ];
  }
}

/** Key of a place that sets a variable: the declarator, assignment, parser target or call; NONE for a parameter. */
export function viewKey(at: Node, name: string): string {
  return `${at}:${name}`;
}

function regionKey(region: { readonly variable: string; readonly first: Node; readonly last: Node }): string {
  return `${region.variable}:${region.first}:${region.last}`;
}

/** Whether a result type is `void`. */
function isNothing(type: CType): boolean {
  return type.base === "void" && type.pointers === 0;
}

/** Thrown when a helper turns out to take over a parameter's reference; the caller of the analysis tries again. */
class StolenParameter extends Error {
  readonly parameter: number;
  constructor(parameter: number) {
    super(`parameter ${parameter} is stolen`);
    this.parameter = parameter;
  }
}

/** Analyses a helper, finding out which of its parameters it takes over. Throws {@link Refused}. */
export function analyseFunction(fn: CFunction, convention: CallingConvention, around: Surroundings): Facts {
  const stolen = new Set<number>();
  for (;;) {
    const analysis = new Analysis(fn, convention, around);
    for (const index of stolen) analysis.stolen.add(index);
    try {
      return analysis.run();
    } catch (error) {
      if (!(error instanceof StolenParameter) || stolen.has(error.parameter)) throw error;
      stolen.add(error.parameter);
    }
  }
}

/** Calls of the C API that a rule turns into one call of HPy on the same objects. */
const CALLS_ON_FIELDS: ReadonlySet<string> = new Set([
  "PyBytes_Check",
  "PyBytes_Size",
  "PyCallable_Check",
  "PyDict_Check",
  "PyDict_DelItem",
  "PyDict_SetItem",
  "PyDict_SetItemString",
  "PyDict_Size",
  "PyFloat_AsDouble",
  "PyFloat_Check",
  "PyList_Append",
  "PyList_Check",
  "PyList_GET_SIZE",
  "PyList_Size",
  "PyLong_AsLong",
  "PyLong_AsLongLong",
  "PyLong_AsSsize_t",
  "PyLong_AsUnsignedLong",
  "PyLong_Check",
  "PyObject_DelItem",
  "PyObject_HasAttr",
  "PyObject_HasAttrString",
  "PyObject_Hash",
  "PyObject_IsInstance",
  "PyObject_IsTrue",
  "PyObject_Length",
  "PyObject_Not",
  "PyObject_RichCompareBool",
  "PyObject_SetAttr",
  "PyObject_SetAttrString",
  "PyObject_SetItem",
  "PyObject_Size",
  "PySequence_Contains",
  "PySequence_Length",
  "PySequence_Size",
  "PyTuple_Check",
  "PyTuple_GET_SIZE",
  "PyTuple_Size",
  "PyUnicode_Check",
]);

/** See `Analysis.isUntouched`. */
export function isUntouchedCall(typing: Typing, n: Node): boolean {
  const callee = typing.callee(n);
  if (callee.kind !== "capi" || REFERENCE_COUNTS.has(callee.name) || PARSERS.has(callee.name)) return false;
  if (typing.objects.isObjectPointer(parseType(callee.facts.result)) && typing.typeOf(n) === "handle") return false;
  if (isCallOnFields(typing, n, callee.name)) return false;
  const list = typing.tree.named(typing.tree.field(n, "arguments"));
  let cells = 0;
  for (const argument of list) {
    const type = typing.typeOf(argument);
    if (type === "handle" || type === "handle-pointer") return false;
    if (type === "cell" || isRawAddress(typing, argument)) cells++;
  }
  return cells > 0;
}

/**
 * Whether a call gets references in the fields of an object that HPy has a plain counterpart for, so that it need not
 * keep the fields `PyObject *`. In the condition of a loop nothing could close the handles.
 */
function isCallOnFields(typing: Typing, n: Node, name: string): boolean {
  const { tree } = typing;
  if (!CALLS_ON_FIELDS.has(name)) return false;
  const isField = (argument: Node): boolean => {
    const at = stripCasts(tree, argument);
    if (tree.kind(at) !== "field_expression") return false;
    return typing.objects.isObjectStruct(typing.ctypeOf(tree.field(at, "argument"))?.base ?? "");
  };
  const cells = tree.named(tree.field(n, "arguments")).filter((argument) => typing.typeOf(argument) === "cell");
  if (cells.length === 0 || !cells.every(isField)) return false;
  for (let at = n; tree.kind(at) !== "compound_statement" && at !== NONE; at = tree.parent(at))
    if (["while_statement", "do_statement", "for_statement"].includes(tree.kind(tree.parent(at))))
      return tree.fieldOf(at) === "body";
  return true;
}

/** `&x` of a local that stays a `PyObject *`. */
function isRawAddress(typing: Typing, n: Node): boolean {
  const tree = typing.tree;
  const at = stripCasts(tree, n);
  if (tree.kind(at) !== "pointer_expression" || tree.token(at, "&") === NONE) return false;
  return typing.rawLocals.has(tree.source(stripParentheses(tree, tree.field(at, "argument"))));
}

/** Whether two operands are compared as C pointers, because both stay `PyObject *`: cells, constants, NULL. */
export function isRawComparison(typing: Typing, left: Node, right: Node): boolean {
  const types = [left, right].map((n) => {
    const type = typing.typeOf(n);
    const at = stripCasts(typing.tree, n);
    const isConstant = typing.tree.kind(at) === "identifier" && typing.constantObject(typing.tree.source(at)) !== null;
    return isConstant || typing.typeObject(at) !== null ? "constant" : type;
  });
  return types.includes("cell") && types.every((t) => t === "cell" || t === "constant" || t === "null");
}

function usesObject(unit: ArgumentUnit): boolean {
  return !"bBhHiIlkLKnfdDpcC".includes(unit.code);
}

function flatten(unit: ArgumentUnit): ArgumentUnit[] {
  return unit.items.length > 0 ? unit.items.flatMap(flatten) : [unit];
}

/** A counter kept among the variables of a state; 0 where there is none. */
function integerIn(state: State, key: string): number {
  const value = state.variables.get(key);
  return value?.kind === "integer" ? value.value : 0;
}

function shift(state: State, key: string, by: number): State {
  const value = Math.max(integerIn(state, key) + by, key.startsWith("back:") ? 0 : Number.NEGATIVE_INFINITY);
  return value === 0 ? state.remove(key) : state.set(key, { kind: "integer", value });
}

function joinSplits(splits: readonly Split[]): Split {
  return { yes: splits.flatMap((s) => s.yes), no: splits.flatMap((s) => s.no) };
}

/** Result of comparing two known integers; undefined when it cannot be told. */
function compareIntegers(operator: string, left: Value, right: Value): boolean | undefined {
  const number = (v: Value): number | undefined => (v.kind === "integer" ? v.value : v.kind === "null" ? 0 : undefined);
  const a = number(left);
  const b = number(right);
  if (a === undefined || b === undefined) return undefined;
  switch (operator) {
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    default:
      return undefined;
  }
}

function shorten(text: string): string {
  const folded = text.split(/\s+/).join(" ");
  return folded.length > 60 ? `${folded.slice(0, 57)}...` : folded;
}

const BLOCKS: ReadonlySet<string> = new Set(["compound_statement", "case_statement"]);
const INTEGER_BASES: ReadonlySet<string> = new Set([
  "int",
  "long",
  "bool",
  "_Bool",
  "Py_ssize_t",
  "char",
  "short",
  "unsigned int",
  "size_t",
]);
const COMPARISONS: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">="]);
const EXPECT_MACROS: ReadonlySet<string> = new Set([
  "__builtin_expect",
  "likely",
  "unlikely",
  "Py_LIKELY",
  "Py_UNLIKELY",
]);
const INTERNAL_FIELDS: ReadonlySet<string> = new Set([
  "ob_refcnt",
  "ob_type",
  "ob_size",
  "ob_base",
  "ob_item",
  "ob_digit",
  "ob_fval",
  "ob_sval",
]);

/** Reference-count operations; everything else that changes counts is in the table of the C API. */
export const REFERENCE_COUNTS: ReadonlySet<string> = new Set([
  "Py_INCREF",
  "Py_XINCREF",
  "Py_IncRef",
  "Py_DECREF",
  "Py_XDECREF",
  "Py_DecRef",
  "Py_CLEAR",
  "Py_SETREF",
  "Py_XSETREF",
  "Py_NewRef",
  "Py_XNewRef",
]);

/** Argument parsers: index of the format and of the first target. */
export const PARSERS: ReadonlyMap<string, { readonly format: number; readonly targets: number }> = new Map([
  ["PyArg_ParseTuple", { format: 1, targets: 2 }],
  ["PyArg_ParseTupleAndKeywords", { format: 2, targets: 4 }],
  ["PyArg_UnpackTuple", { format: 1, targets: 4 }],
]);

/** Functions with a value format: index of the format. */
export const BUILDERS: ReadonlyMap<string, number> = new Map([
  ["Py_BuildValue", 0],
  ["PyObject_CallFunction", 1],
  ["PyObject_CallMethod", 2],
]);

const RECEIVES_OBJECT: ReadonlySet<string> = new Set(["O", "O!", "S", "U", "Y"]);
const INTERIOR_UNITS: ReadonlySet<string> = new Set(["s", "z", "y"]);

/** Macros in the form of calls that neither take references nor touch the interpreter. */
const NEUTRAL_CALLS: ReadonlySet<string> = new Set([
  "Py_UNUSED",
  "Py_UNREACHABLE",
  // A cast, as the grammar sees it: `(Py_ssize_t)(x)`.
  "Py_ssize_t",
  "Py_hash_t",
  "Py_MIN",
  "Py_MAX",
  "Py_ABS",
  "Py_ARRAY_LENGTH",
  "Py_CHARMASK",
]);
