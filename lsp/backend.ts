/** The half of the server that parses, checks and plans. It knows nothing of the protocol and runs in a worker. */
import { planGradually } from "../engine/engine.ts";
import { fixProject, LintSession, lintProject } from "../engine/lint-project.ts";
import { compareAsWalked } from "../engine/project-files.ts";
import { type Selector, selectSteps, wantedFunction } from "../engine/select-steps.ts";
import type { FileChange, MigrationPlan, ProjectInput, Step } from "../engine/types.ts";
import { detail } from "../report/make-report.ts";
import { REPORT_SCHEMA } from "../report/report-data.ts";
import { renderHtml } from "../report/report-html.ts";
import { diffFile } from "../report/unified-diff.ts";
import { createParser } from "../syntax/parser.ts";
import type { InputFile, Parser, Span } from "../syntax/source.ts";
import type {
  BackendAnswer,
  BackendCalls,
  BackendMethod,
  BackendRequest,
  FileCheck,
  PlannedModule,
  PlanSummary,
  Selection,
  StepSummary,
} from "./backend-calls.ts";
import type { BackendChannel } from "./host.ts";
import { outline } from "./outline.ts";

/** Plans that are kept of one state of a folder: the plain one, and those that put a function first. */
const PLANS = 4;

/** Milliseconds of planning after which other messages get their turn. */
const SLICE = 20;

/** What a plan is answered with whose text was replaced while it was made. */
const SUPERSEDED = { problem: "the text has changed meanwhile; ask again" } as const;

/** A folder as the backend knows it. */
class BackendFolder {
  readonly #files = new Map<string, InputFile>();
  readonly #parser: Parser;
  readonly #session: LintSession;
  #input: ProjectInput | null = null;
  readonly #plans = new Map<string, Promise<MigrationPlan | null>>();
  #revision = 0;

  constructor(parser: Parser) {
    this.#parser = parser;
    this.#session = new LintSession(parser);
  }

  update(files: readonly InputFile[], removed: readonly string[]): void {
    for (const path of removed) this.#files.delete(path);
    for (const { path, text } of files) {
      if (this.#files.get(path)?.text !== text) this.#files.set(path, { path, text });
    }
    this.#input = null;
    this.#plans.clear();
    this.#revision++;
  }

  file(path: string): InputFile | undefined {
    return this.#files.get(path);
  }

  /** The files in the order in which the command line reads them, which is that of its directories. */
  get input(): ProjectInput {
    this.#input ??= { files: [...this.#files.values()].sort((a, b) => compareAsWalked(a.path, b.path)) };
    return this.#input;
  }

  /** Parses and checks, as far as it is needed after what was checked last. */
  get session(): LintSession {
    this.#session.update(this.input);
    return this.#session;
  }

  /** A plan, made in slices between which other messages are read; null when one of them changed the files. */
  plan(first: string | undefined): Promise<MigrationPlan | null> {
    const known = this.#plans.get(first ?? "");
    if (known !== undefined) return known;
    for (const key of this.#plans.keys()) {
      if (this.#plans.size < PLANS) break;
      if (key !== "") this.#plans.delete(key);
    }
    const plan = this.#makePlan(first);
    this.#plans.set(first ?? "", plan);
    return plan;
  }

  async #makePlan(first: string | undefined): Promise<MigrationPlan | null> {
    const revision = this.#revision;
    const options = { hpy: "0.9", ...(first === undefined ? {} : { first }) } as const;
    const planning = planGradually(this.input, this.#parser, options);
    for (;;) {
      const until = performance.now() + SLICE;
      while (performance.now() < until) {
        const { done, value } = planning.next();
        if (done === true) return value;
      }
      await new Promise((resolve) => setTimeout(resolve));
      if (this.#revision !== revision) return null;
    }
  }
}

type Methods = {
  [M in BackendMethod]: (
    params: BackendCalls[M]["params"],
  ) => BackendCalls[M]["result"] | Promise<BackendCalls[M]["result"]>;
};

class Backend {
  readonly #parser: Parser;
  readonly #version: string;
  readonly #folders = new Map<string, BackendFolder>();

  constructor(parser: Parser, version: string) {
    this.#parser = parser;
    this.#version = version;
  }

  readonly methods: Omit<Methods, "start"> = {
    update: ({ folder, files, removed }) => {
      this.#folder(folder).update(files, removed);
      return null;
    },
    check: ({ folder, path, lint }) => this.#check(this.#folder(folder), path, lint),
    plan: async ({ folder }) => {
      const found = this.#folder(folder);
      const plan = await found.plan(undefined);
      return plan === null ? null : summarize(found, plan);
    },
    select: ({ folder, selector }) => this.#select(this.#folder(folder), selector),
    fix: ({ folder, path }) => {
      const { input } = this.#folder(folder);
      const { changes, applied } = fixProject(input, this.#parser, path);
      const before = this.#folder(folder).file(path)?.text ?? "";
      return { after: changes.get(path) ?? before, applied };
    },
    repairs: ({ folder, path }) => {
      const { input } = this.#folder(folder);
      const { findings } = lintProject(input, this.#parser, { side: "hpy", fixes: "offered", only: path });
      return findings.filter(({ fix }) => fix !== null);
    },
    report: async ({ folder, name }) => {
      const found = this.#folder(folder);
      const plan = await found.plan(undefined);
      if (plan === null) return SUPERSEDED;
      if (plan.modules.length === 0) return { problem: noModule(plan) };
      const project = detail(plan, found.input, { name, version: null }, null);
      const report = { schema: REPORT_SCHEMA, hpy: "0.9", projects: [project] } as const;
      return { html: renderHtml(report, [{ project, plan, input: found.input }], this.#version) };
    },
    drop: ({ folder }) => {
      this.#folders.delete(folder);
      return null;
    },
  };

  #folder(uri: string): BackendFolder {
    let found = this.#folders.get(uri);
    if (found === undefined) {
      found = new BackendFolder(this.#parser);
      this.#folders.set(uri, found);
    }
    return found;
  }

  #check(folder: BackendFolder, path: string, lint: BackendCalls["check"]["params"]["lint"]): FileCheck {
    const { session } = folder;
    const parsed = session.parsed(path);
    if (parsed === null) return { functions: [], findings: [], unparsed: [] };
    const sides = lint === "none" ? [] : lint === "handles" ? (["hpy"] as const) : (["hpy", "capi"] as const);
    const findings = sides.flatMap((side) => session.check(path, side));
    return { functions: outline(parsed), findings, unparsed: parsed.unparsed };
  }

  async #select(folder: BackendFolder, selector: Selector): Promise<Selection | { readonly problem: string }> {
    const plan = await folder.plan(wantedFunction(selector));
    if (plan === null) return SUPERSEDED;
    if (plan.modules.length === 0) return { problem: noModule(plan) };
    const steps = selectSteps(plan, selector);
    if (!steps.ok) return { problem: steps.message };
    return {
      steps: steps.value.map(summarizeStep),
      changes: combine(steps.value),
      diff: steps.value.flatMap((step) => step.changes.map((change) => diffFile(change).text)).join(""),
    };
  }
}

function noModule(plan: MigrationPlan): string {
  const [note] = plan.notes;
  const why = note ? ` (${note.path}:${note.line}: ${note.message})` : "";
  return `no Python extension module found${why}`;
}

/** What consecutive steps do to each file. */
function combine(steps: readonly Step[]): FileChange[] {
  const changes = new Map<string, FileChange>();
  for (const step of steps)
    for (const change of step.changes) {
      const earlier = changes.get(change.path);
      changes.set(change.path, earlier === undefined ? change : { ...earlier, after: change.after });
    }
  return [...changes.values()];
}

function summarizeStep({ changes, ...step }: Step): StepSummary {
  return { ...step, files: changes.map((change) => change.path) };
}

function summarize(folder: BackendFolder, plan: MigrationPlan): PlanSummary {
  const modules = plan.modules.map(
    ({ steps: _steps, ...module }): PlannedModule => ({
      ...module,
      functions: module.functions.map((fn) => ({
        ...fn,
        nameSpan: nameSpan(folder.file(fn.file)?.text ?? "", fn.name, fn.span),
      })),
      types: module.types.map((type) => ({
        ...type,
        nameSpan: nameInLine(folder.file(type.file)?.text ?? "", type.name, type.line),
      })),
    }),
  );
  return { modules, steps: plan.steps.map(summarizeStep), notes: plan.notes };
}

function isWordCode(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122);
}

/** The first place of a name as a whole word in a span; the start of the span where there is none. */
function nameSpan(text: string, name: string, span: Span): Span {
  for (let at = text.indexOf(name, span.start); at >= 0 && at < span.end; at = text.indexOf(name, at + 1)) {
    const end = at + name.length;
    if (!isWordCode(text.charCodeAt(at - 1)) && !isWordCode(text.charCodeAt(end))) return { start: at, end };
  }
  return { start: span.start, end: span.start };
}

function nameInLine(text: string, name: string, line: number): Span {
  let start = 0;
  for (let left = line - 1; left > 0; left--) {
    const end = text.indexOf("\n", start);
    if (end < 0) break;
    start = end + 1;
  }
  const end = text.indexOf("\n", start);
  return nameSpan(text, name, { start, end: end < 0 ? text.length : end });
}

/** Answers the requests that come through a channel, one by one in their order. */
export function serveBackend(channel: Pick<BackendChannel, "post" | "onMessage">): void {
  let backend: Promise<Backend> | null = null;
  const answer = async ({ method, params }: BackendRequest): Promise<unknown> => {
    if (method === "start") {
      const { wasm, version } = params as BackendCalls["start"]["params"];
      backend = createParser(wasm).then((parser) => new Backend(parser, version));
      await backend;
      return null;
    }
    if (backend === null) throw new Error("the backend has not been started");
    const { methods } = await backend;
    return (methods[method] as (params: unknown) => unknown)(params);
  };
  channel.onMessage((message) => {
    const request = message as BackendRequest;
    answer(request).then(
      (result) => channel.post({ id: request.id, result } satisfies BackendAnswer),
      (error: unknown) => {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        channel.post({ id: request.id, error: text } satisfies BackendAnswer);
      },
    );
  });
}
