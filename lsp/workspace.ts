/** The folders of the workspace and the backends that check and plan them; which work is due, and in what order. */
import type { LintFinding } from "../engine/lint-project.ts";
import type { BackendCalls, BackendMethod, FileCheck, Selection } from "./backend-calls.ts";
import type { Documents, OpenDocument } from "./documents.ts";
import { parsed } from "./documents.ts";
import type { Folder } from "./folder.ts";
import type { HostFiles } from "./host.ts";
import type { Settings, StepSelector } from "./protocol.ts";
import { BackendGone, type Remote } from "./remote.ts";

/** Milliseconds without a change after which a plan is made; longer where plans take longer. */
const PLAN_DELAY = 250;

/** Calls after which a backend makes way for a fresh one. */
const MOST_CALLS = 800;
/** Milliseconds that an answer waits for repairs. */
const REPAIR_PATIENCE = 30;

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A check of one version of a document. */
export interface Checked {
  readonly document: OpenDocument;
  readonly check: FileCheck;
}

export interface WorkspaceEvents {
  /** A document has been checked, or what its diagnostics depend on has changed. */
  checked(folder: Folder, path: string): void;
  /** There is a new plan, or a reason why there is none. */
  planned(folder: Folder): void;
  status(): void;
  /** One line for the log. */
  problem(message: string): void;
}

/** A backend with what it has yet to be told. */
class Link {
  readonly #start: () => Promise<Remote>;
  #remote: Promise<Remote> | null = null;
  readonly #dirty = new Map<Folder, Set<string>>();
  /** Calls of this backend so far, and those that have not been answered. */
  #calls = 0;
  #waiting = 0;

  constructor(start: () => Promise<Remote>) {
    this.#start = start;
  }

  touch(folder: Folder, path: string): void {
    this.#dirty.get(folder)?.add(path);
  }

  /** Tells a running backend of changes at once. */
  async tell(folder: Folder): Promise<void> {
    const remote = await this.#remote;
    const paths = this.#dirty.get(folder);
    if (remote === null || paths === undefined || paths.size === 0) return;
    this.#dirty.set(folder, new Set());
    await remote.call("update", { folder: folder.uri, ...folder.files(paths) }).catch(() => {});
  }

  /** Calls the backend after it has been told of all changes. */
  async call<M extends BackendMethod>(
    folder: Folder,
    method: M,
    params: Omit<BackendCalls[M]["params"], "folder">,
  ): Promise<BackendCalls[M]["result"]> {
    this.#calls++;
    this.#waiting++;
    try {
      return await this.#callNow(folder, method, params);
    } finally {
      this.#waiting--;
      // What a parser remembers of earlier texts is bounded, but the bound is generous: a fresh backend has none of it.
      if (this.#waiting === 0 && this.#calls >= MOST_CALLS) this.restart();
    }
  }

  async #callNow<M extends BackendMethod>(
    folder: Folder,
    method: M,
    params: Omit<BackendCalls[M]["params"], "folder">,
  ): Promise<BackendCalls[M]["result"]> {
    this.#remote ??= this.#start();
    const remote = await this.#remote;
    const dirty = this.#dirty.get(folder);
    // A backend that has not heard of the folder needs all of it.
    const paths = dirty ?? new Set(folder.paths());
    this.#dirty.set(folder, new Set());
    if (paths.size > 0) void remote.call("update", { folder: folder.uri, ...folder.files(paths) }).catch(() => {});
    try {
      return await remote.call(method, { ...params, folder: folder.uri } as BackendCalls[M]["params"]);
    } catch (error) {
      if (error instanceof BackendGone) this.#forget(remote);
      throw error;
    }
  }

  async #forget(gone: Remote): Promise<void> {
    if ((await this.#remote) !== gone) return;
    this.#remote = null;
    this.#dirty.clear();
  }

  /** Ends the backend; the next call starts another one. */
  restart(): void {
    const remote = this.#remote;
    this.#calls = 0;
    this.#remote = null;
    this.#dirty.clear();
    void remote?.then((running) => running.close());
  }

  drop(folder: Folder): void {
    if (!this.#dirty.delete(folder)) return;
    void this.#remote?.then((remote) => remote.call("drop", { folder: folder.uri })).catch(() => {});
  }
}

/** What is going on in one folder. */
interface Activity {
  /** Counts starts of indexing: an earlier one gives up. */
  indexing: number;
  timer: ReturnType<typeof setTimeout> | null;
  plan: Promise<void> | null;
  /** When the running plan was started, and of which revision it is. */
  since: number;
  revision: number;
  /** Milliseconds that the last plan took. */
  took: number;
  /** Paths whose documents are being checked, and those that have changed since. */
  readonly checking: Set<string>;
  readonly checks: Map<string, Checked>;
  /** By path, the repairs of a version of its document; null while they are worked out. */
  readonly repairs: Map<
    string,
    { readonly document: OpenDocument; readonly found: readonly LintFinding[] | null; readonly done: Promise<void> }
  >;
}

export class Workspace {
  readonly folders: Folder[] = [];
  readonly #activities = new Map<Folder, Activity>();
  readonly #checker: Link;
  readonly #planner: Link;
  readonly #files: HostFiles;
  readonly #documents: Documents;
  readonly #settings: (folder: Folder) => Settings;
  readonly #events: WorkspaceEvents;
  readonly #now: () => number;

  constructor(
    around: { readonly files: HostFiles; readonly now: () => number },
    start: () => Promise<Remote>,
    documents: Documents,
    settings: (folder: Folder) => Settings,
    events: WorkspaceEvents,
  ) {
    this.#files = around.files;
    this.#now = around.now;
    this.#checker = new Link(start);
    this.#planner = new Link(start);
    this.#documents = documents;
    this.#settings = settings;
    this.#events = events;
  }

  /** The innermost folder that a file belongs to, with its path there. */
  locate(uri: string): { readonly folder: Folder; readonly path: string } | null {
    let best: { readonly folder: Folder; readonly path: string } | null = null;
    for (const folder of this.folders) {
      const path = folder.pathOf(uri);
      if (path === null || !folder.admits(path)) continue;
      if (best === null || path.length < best.path.length) best = { folder, path };
    }
    return best;
  }

  add(folder: Folder): void {
    this.folders.push(folder);
    this.#activities.set(folder, {
      indexing: 0,
      timer: null,
      plan: null,
      since: 0,
      revision: -1,
      took: 0,
      checking: new Set(),
      checks: new Map(),
      repairs: new Map(),
    });
    for (const document of this.#documents.all()) this.#adopt(folder, document);
  }

  remove(folder: Folder): void {
    const index = this.folders.indexOf(folder);
    if (index < 0) return;
    this.folders.splice(index, 1);
    const activity = this.#activity(folder);
    activity.indexing++;
    if (activity.timer !== null) clearTimeout(activity.timer);
    this.#activities.delete(folder);
    this.#checker.drop(folder);
    this.#planner.drop(folder);
  }

  find(uri: string): Folder | undefined {
    const wanted = parsed(uri).toString();
    return this.folders.find((folder) => parsed(folder.uri).toString() === wanted);
  }

  /** Reads the files of a folder and plans it. Resolves when the plan is there or cannot be. */
  async index(folder: Folder, isCancelled: () => boolean): Promise<void> {
    const activity = this.#activity(folder);
    const mine = ++activity.indexing;
    const isGivenUp = (): boolean => isCancelled() || activity.indexing !== mine;
    const { exclude } = this.#settings(folder);
    const isDone = await folder.index(this.#files, exclude, isGivenUp, () => this.#events.status());
    if (activity.indexing !== mine) return;
    this.#planner.drop(folder);
    this.#checker.drop(folder);
    for (const document of this.#documents.all()) this.#adopt(folder, document);
    if (!isDone) folder.blocked = "reading the files was cancelled";
    folder.state = folder.blocked === null ? "planning" : "failed";
    folder.message = folder.blocked;
    this.#events.status();
    for (const [path] of folder.documents()) this.#check(folder, path);
    if (folder.blocked === null) await this.#plan(folder);
    else this.#events.planned(folder);
  }

  #adopt(folder: Folder, document: OpenDocument): void {
    const path = folder.pathOf(document.uri);
    if (path !== null && folder.admits(path)) folder.setDocument(path, document);
  }

  /** Takes over a new version of a document. */
  changed(folder: Folder, path: string, document: OpenDocument | null): void {
    const before = folder.revision;
    folder.setDocument(path, document);
    if (document === null) {
      const { checks, repairs } = this.#activity(folder);
      checks.delete(path);
      repairs.delete(path);
    }
    if (folder.revision !== before) this.touched(folder, path);
    if (document !== null) this.#check(folder, path);
  }

  /** Notes that the text of a file has changed. */
  touched(folder: Folder, path: string): void {
    this.#checker.touch(folder, path);
    this.#planner.touch(folder, path);
    // A plan that is being made is of no use any more, and gives way.
    if (this.#activity(folder).plan !== null) void this.#planner.tell(folder);
    if (folder.state !== "indexing" && folder.blocked === null) this.#planSoon(folder);
  }

  checked(folder: Folder, path: string): Checked | undefined {
    return this.#activity(folder).checks.get(path);
  }

  /** Checks the documents of a folder again, after a change of settings. */
  recheck(folder: Folder): void {
    for (const [path] of folder.documents()) this.#check(folder, path);
  }

  #activity(folder: Folder): Activity {
    const activity = this.#activities.get(folder);
    if (activity === undefined) throw new Error(`${folder.uri} is no folder of the workspace`);
    return activity;
  }

  /** Checks a document, and again if it has changed meanwhile; at any time one check of it is on its way. */
  #check(folder: Folder, path: string): void {
    const activity = this.#activity(folder);
    if (activity.checking.has(path) || folder.state === "indexing") return;
    const document = folder.document(path);
    if (document === undefined) return;
    activity.checking.add(path);
    const { lint } = this.#settings(folder);
    this.#checker
      .call(folder, "check", { path, lint })
      .then(
        (check) => {
          if (folder.document(path) !== document) return;
          activity.checks.set(path, { document, check });
          this.#events.checked(folder, path);
        },
        (error: unknown) => this.#failed(error, `checking ${path}`),
      )
      .finally(() => {
        activity.checking.delete(path);
        const now = folder.document(path);
        if (this.#activities.has(folder) && now !== undefined && now !== document) this.#check(folder, path);
      });
  }

  #failed(error: unknown, doing: string): void {
    const text = error instanceof Error ? error.message : String(error);
    this.#events.problem(`${doing}: ${text}`);
  }

  #planSoon(folder: Folder): void {
    const activity = this.#activity(folder);
    if (activity.timer !== null) clearTimeout(activity.timer);
    const delay = Math.min(2000, Math.max(PLAN_DELAY, activity.took / 4));
    activity.timer = setTimeout(() => {
      activity.timer = null;
      void this.#plan(folder);
    }, delay);
  }

  /** Makes a plan of the present texts, unless there is one. */
  async #plan(folder: Folder): Promise<void> {
    const activity = this.#activity(folder);
    if (activity.timer !== null) clearTimeout(activity.timer);
    activity.timer = null;
    while (activity.plan !== null) await activity.plan;
    if (!this.#activities.has(folder) || folder.planned?.revision === folder.revision) return;
    activity.plan = this.#makePlan(folder, activity).finally(() => {
      activity.plan = null;
    });
    await activity.plan;
  }

  async #makePlan(folder: Folder, activity: Activity): Promise<void> {
    const { revision } = folder;
    const texts = folder.texts();
    folder.state = "planning";
    activity.since = this.#now();
    activity.revision = revision;
    this.#events.status();
    try {
      const plan = await this.#planner.call(folder, "plan", {});
      if (!this.#activities.has(folder)) return;
      if (plan === null) {
        this.#planSoon(folder);
        return;
      }
      activity.took = this.#now() - activity.since;
      folder.planned = { plan, revision, texts };
      folder.state = "ready";
      const [note] = plan.notes;
      folder.message =
        plan.modules.length > 0 ? null : `no Python extension module found${note ? `: ${note.message}` : ""}`;
    } catch (error) {
      if (!this.#activities.has(folder)) return;
      folder.state = "failed";
      folder.message = error instanceof BackendGone ? "planning was interrupted" : "planning failed, see the log";
      if (!(error instanceof BackendGone)) this.#failed(error, `planning ${folder.name}`);
    }
    if (folder.revision !== revision) this.#planSoon(folder);
    this.#events.planned(folder);
  }

  /** Ends a plan that is being made. */
  interrupt(folder: Folder): void {
    if (this.#activity(folder).plan !== null) this.#planner.restart();
  }

  /**
   * What the steps of a selector make of the texts as they are now. A problem when there are no such steps, or when a
   * text has changed before the answer came.
   */
  async select(folder: Folder, selector: StepSelector): Promise<Selection | { readonly problem: string }> {
    if (folder.state === "indexing") return { problem: "the files are still being read" };
    if (folder.blocked !== null) return { problem: folder.blocked };
    const { revision } = folder;
    const selection = await this.#planner.call(folder, "select", { selector });
    if (folder.revision !== revision) return { problem: "the text has changed meanwhile; ask again" };
    return selection;
  }

  report(folder: Folder): Promise<BackendCalls["report"]["result"]> {
    return this.#planner.call(folder, "report", { name: folder.name });
  }

  fix(folder: Folder, path: string): Promise<BackendCalls["fix"]["result"]> {
    return this.#checker.call(folder, "fix", { path });
  }

  /**
   * Findings of a document with their repairs, which take long to work out. What is not known within some milliseconds
   * is known when it is asked for the next time.
   */
  async repairs(folder: Folder, path: string): Promise<readonly LintFinding[]> {
    const { repairs } = this.#activity(folder);
    const document = folder.document(path);
    if (document === undefined) return [];
    let known = repairs.get(path);
    if (known?.document !== document) {
      const made = { document, found: null as readonly LintFinding[] | null, done: Promise.resolve() };
      made.done = this.#planner.call(folder, "repairs", { path }).then(
        (found) => {
          made.found = found;
        },
        (error: unknown) => this.#failed(error, `repairing ${path}`),
      );
      repairs.set(path, made);
      known = made;
    }
    if (known.found === null) await Promise.race([known.done, pause(REPAIR_PATIENCE)]);
    return folder.document(path) === document ? (known.found ?? []) : [];
  }

  /** Reads a stored file again after a change. Answers whether anything is different. */
  async refresh(folder: Folder, path: string): Promise<boolean> {
    const before = folder.stored(path);
    const problem = await folder.reread(this.#files, path);
    if (problem !== null) this.#events.problem(problem);
    if (folder.stored(path) === before) return false;
    this.touched(folder, path);
    return true;
  }

  close(): void {
    for (const folder of [...this.folders]) this.remove(folder);
    this.#checker.restart();
    this.#planner.restart();
  }
}
