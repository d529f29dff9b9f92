import type { ParsedFile } from "../syntax/source.ts";
import { type Abi, checkFile } from "./file-checks.ts";
import type { Finding, Proof } from "./findings.ts";
import { BOTTOM, checkFunction, conventional, type FunctionResult } from "./function-check.ts";
import { recallCheck } from "./known-checks.ts";
import { type FunctionInfo, Project } from "./project.ts";
import type { Side } from "./resources.ts";
import type { Summary } from "./summary.ts";

export interface CheckOptions {
  /** Names of the functions to report on; all of the file when left out. */
  readonly functions?: readonly string[];
  /** The other files of the project, for what their functions do to handles. */
  readonly project?: readonly ParsedFile[];
}

/**
 * A failure that nobody looks at is carried over from the original code. It is worth a report, but neither leaks nor
 * closes anything, so it is no reason to hold back a step.
 */
const CARRIED_OVER = "handle-not-checked";

/**
 * Begins the names of functions that call legacy code for HPy code: they take such code to keep to the conventions of the
 * C API, borrowing its arguments and answering a new reference.
 */
const LEGACY_CALL = "legacy_call_";

/** Rounds after which a recursive group of functions is taken by convention. */
const ROUNDS = 8;

/** Checks functions of one project on demand and keeps what it learned of each. */
export class HandleChecker {
  private readonly project: Project;
  private readonly results = new Map<FunctionInfo, FunctionResult>();
  /** Summaries of functions in recursive groups that are still being worked out. */
  private readonly provisional = new Map<FunctionInfo, Summary>();

  private readonly side: Side;

  constructor(files: readonly ParsedFile[], side: Side = "hpy") {
    this.project = new Project(files);
    this.side = side;
  }

  /** Functions of a file that are checked: those that take part in HPy, or those of the C API that do not. */
  functionsOf(file: ParsedFile): readonly FunctionInfo[] {
    const isHpy = this.side === "hpy";
    const all = (this.project.byFile.get(file) ?? []).filter((f) => f.usesHpy === isHpy);
    if (isHpy) return all;
    const dead = file.conditionals.flatMap((c) => c.branches).filter((b) => b.liveness === "dead");
    return all.filter((f) => {
      const start = file.tree.start(f.node);
      return !dead.some(({ body }) => body.start <= start && start < body.end);
    });
  }

  /** Defects of the declarations, tables and formats of a file. */
  outside(file: ParsedFile, abi: Abi = "hybrid"): Finding[] {
    return checkFile(file, this.project, abi);
  }

  result(info: FunctionInfo): FunctionResult {
    const known = this.results.get(info);
    if (known !== undefined) return known;
    for (const group of this.groupsFrom(info)) this.solve(group);
    return this.results.get(info) as FunctionResult;
  }

  proof(info: FunctionInfo): Proof {
    const { findings: all, unproven } = this.result(info);
    const findings = all.filter((finding) => finding.id !== CARRIED_OVER);
    const verdict = findings.length > 0 ? "defect" : unproven.length > 0 ? "unproven" : "clean";
    return { verdict, findings, unproven };
  }

  /** Strongly connected groups of the call graph that are reachable from a function, callees first (Tarjan). */
  private groupsFrom(root: FunctionInfo): FunctionInfo[][] {
    const groups: FunctionInfo[][] = [];
    const index = new Map<FunctionInfo, number>();
    const low = new Map<FunctionInfo, number>();
    const stack: FunctionInfo[] = [];
    const open = new Set<FunctionInfo>();
    const visit = (f: FunctionInfo): void => {
      index.set(f, index.size);
      low.set(f, index.get(f) as number);
      stack.push(f);
      open.add(f);
      const callees = [...f.calls].flatMap((name) => this.project.candidates(name, f.file));
      for (const callee of callees) {
        if (this.results.has(callee)) continue;
        if (!index.has(callee)) {
          visit(callee);
          low.set(f, Math.min(low.get(f) as number, low.get(callee) as number));
        } else if (open.has(callee)) low.set(f, Math.min(low.get(f) as number, index.get(callee) as number));
      }
      if (low.get(f) !== index.get(f)) return;
      const group: FunctionInfo[] = [];
      for (;;) {
        const member = stack.pop() as FunctionInfo;
        open.delete(member);
        group.push(member);
        if (member === f) break;
      }
      groups.push(group);
    };
    visit(root);
    return groups;
  }

  private summaryOf(from: FunctionInfo, name: string, count: number): Summary | undefined {
    const callee = this.project.resolve(name, from.file, count);
    if (callee === undefined || callee === "ambiguous") return undefined;
    const summary = this.provisional.get(callee) ?? this.results.get(callee)?.summary ?? BOTTOM;
    if (summary.doubtful === null || callee.usesHpy || !from.name.startsWith(LEGACY_CALL)) return summary;
    return { ...conventional(callee, summary.doubtful), doubtful: null };
  }

  private check(f: FunctionInfo): FunctionResult {
    return recallCheck(
      f,
      this.side,
      this.project,
      (name, count) => this.summaryOf(f, name, count),
      (project, summaryOf) => checkFunction(f, project, this.side, summaryOf),
    );
  }

  private solve(group: readonly FunctionInfo[]): void {
    const [first] = group;
    const recursive = group.length > 1 || first?.calls.has(first.name);
    if (recursive) {
      for (const f of group) this.provisional.set(f, BOTTOM);
      for (let round = 0; ; round++) {
        let changed = false;
        for (const f of group) {
          const { summary } = this.check(f);
          if (JSON.stringify(summary) !== JSON.stringify(this.provisional.get(f))) changed = true;
          this.provisional.set(f, summary);
        }
        if (!changed) break;
        if (round >= ROUNDS) {
          for (const f of group) this.provisional.set(f, conventional(f, "the recursion was not resolved"));
          break;
        }
      }
    }
    for (const f of group) this.results.set(f, this.check(f));
    for (const f of group) this.provisional.delete(f);
  }
}

/**
 * Checks a file: every path of every function that takes an `HPyContext *`, and its declarations, tables and formats.
 */
export function checkHandles(file: ParsedFile, options: CheckOptions = {}): readonly Finding[] {
  const checker = new HandleChecker(withFile(file, options.project));
  const wanted = options.functions === undefined ? null : new Set(options.functions);
  const functions = checker.functionsOf(file).filter((f) => wanted === null || wanted.has(f.name));
  const findings = functions.flatMap((f) => checker.result(f).findings);
  const outside = checker.outside(file).filter((f) => wanted === null || wanted.has(f.function));
  return [...findings, ...outside].sort((a, b) => a.span.start - b.span.start);
}

/**
 * Says whether a function of the file is proved clean. `project` holds the other files whose functions it calls; a
 * call into a file that is not there makes the function unproven when it concerns handles. Pass the same array again for
 * other functions of the same project (with `file` in it), and what was learned is not worked out anew.
 */
export function proveHandles(file: ParsedFile, functionName: string, project: readonly ParsedFile[]): Proof {
  const checker = checkerOf(file, project);
  const info = checker.functionsOf(file).find((f) => f.name === functionName);
  if (info === undefined) {
    return {
      verdict: "unproven",
      findings: [],
      unproven: [{ span: { start: 0, end: 0 }, reason: "no such HPy function" }],
    };
  }
  return checker.proof(info);
}

/** What was learned of a project, for as long as its list of files lives. */
const CHECKERS = new WeakMap<readonly ParsedFile[], HandleChecker>();

function checkerOf(file: ParsedFile, project: readonly ParsedFile[]): HandleChecker {
  if (!project.includes(file)) return new HandleChecker(withFile(file, project));
  const known = CHECKERS.get(project) ?? new HandleChecker(project);
  CHECKERS.set(project, known);
  return known;
}

function withFile(file: ParsedFile, project: readonly ParsedFile[] = []): ParsedFile[] {
  return [file, ...project.filter((f) => f.path !== file.path)];
}
