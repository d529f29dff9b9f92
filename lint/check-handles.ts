import type { ParsedFile } from "../syntax/source.ts";
import type { Finding, Proof } from "./findings.ts";
import { BOTTOM, checkFunction, conventional, type FunctionResult } from "./function-check.ts";
import type { ApiTables } from "./interpreter.ts";
import { type FunctionInfo, Project } from "./project.ts";
import type { Summary } from "./summary.ts";

export interface CheckOptions {
  /** Names of the functions to report on; all of the file when left out. */
  readonly functions?: readonly string[];
  /** The other files of the project, for what their functions do to handles. */
  readonly project?: readonly ParsedFile[];
}

/** Rounds after which a recursive group of functions is taken by convention. */
const ROUNDS = 8;

/** Checks functions of one project on demand and keeps what it learned of each. */
export class HandleChecker {
  private readonly project: Project;
  private readonly tables: ApiTables;
  private readonly results = new Map<FunctionInfo, FunctionResult>();
  /** Summaries of functions in recursive groups that are still being worked out. */
  private readonly provisional = new Map<string, Summary>();

  constructor(files: readonly ParsedFile[], tables: ApiTables) {
    this.project = new Project(files);
    this.tables = tables;
  }

  /** Functions of a file that take part in HPy. */
  functionsOf(file: ParsedFile): readonly FunctionInfo[] {
    return (this.project.byFile.get(file) ?? []).filter((f) => f.usesHpy);
  }

  result(info: FunctionInfo): FunctionResult {
    const known = this.results.get(info);
    if (known !== undefined) return known;
    for (const group of this.groupsFrom(info)) this.solve(group);
    return this.results.get(info) as FunctionResult;
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
      for (const name of f.calls) {
        const callee = this.callee(name);
        if (callee === undefined || this.results.has(callee)) continue;
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

  /** The project's function of this name, when calls to it concern handles or references. */
  private callee(name: string): FunctionInfo | undefined {
    return this.project.functions.get(name);
  }

  private solve(group: readonly FunctionInfo[]): void {
    const summaryOf = (name: string): Summary | undefined => {
      const callee = this.callee(name);
      if (callee === undefined) return undefined;
      return this.provisional.get(name) ?? this.results.get(callee)?.summary ?? BOTTOM;
    };
    const recursive = group.length > 1 || group[0]?.calls.has(group[0].name) === true;
    if (recursive) {
      for (const f of group) this.provisional.set(f.name, BOTTOM);
      for (let round = 0; ; round++) {
        let changed = false;
        for (const f of group) {
          const { summary } = checkFunction(f, this.project, this.tables, summaryOf);
          if (JSON.stringify(summary) !== JSON.stringify(this.provisional.get(f.name))) changed = true;
          this.provisional.set(f.name, summary);
        }
        if (!changed) break;
        if (round >= ROUNDS) {
          for (const f of group) this.provisional.set(f.name, conventional(f, "the recursion was not resolved"));
          break;
        }
      }
    }
    for (const f of group) this.results.set(f, checkFunction(f, this.project, this.tables, summaryOf));
    for (const f of group) this.provisional.delete(f.name);
  }
}

/** Checks the HPy functions of a file with the given API tables. */
export function checkHandlesWith(tables: ApiTables, file: ParsedFile, options: CheckOptions): readonly Finding[] {
  const checker = new HandleChecker(withFile(file, options.project), tables);
  const wanted = options.functions === undefined ? null : new Set(options.functions);
  return checker
    .functionsOf(file)
    .filter((f) => wanted === null || wanted.has(f.name))
    .flatMap((f) => checker.result(f).findings);
}

/** Says whether a function is proved clean with the given API tables. */
export function proveHandlesWith(
  tables: ApiTables,
  file: ParsedFile,
  functionName: string,
  project: readonly ParsedFile[],
): Proof {
  const checker = new HandleChecker(withFile(file, project), tables);
  const info = checker.functionsOf(file).find((f) => f.name === functionName);
  if (info === undefined) {
    return {
      verdict: "unproven",
      findings: [],
      unproven: [{ span: { start: 0, end: 0 }, reason: "no such HPy function" }],
    };
  }
  const { findings, unproven } = checker.result(info);
  const verdict = findings.length > 0 ? "defect" : unproven.length > 0 ? "unproven" : "clean";
  return { verdict, findings, unproven };
}

function withFile(file: ParsedFile, project: readonly ParsedFile[] = []): ParsedFile[] {
  return [file, ...project.filter((f) => f.path !== file.path)];
}
