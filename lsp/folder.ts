/** One project of the workspace: its files as they are stored, what open documents make of them, and its plan. */

import type { URI } from "vscode-uri";
import { isSource } from "../engine/lint-project.ts";
import {
  type Configuration,
  excludes,
  isInProject,
  isProjectFile,
  NO_CONFIGURATION,
  PYTHON_MARKS,
  parseConfiguration,
  SIZE_LIMIT,
} from "../engine/project-files.ts";
import type { InputFile, Span } from "../syntax/source.ts";
import type { PlanSummary } from "./backend-calls.ts";
import { type OpenDocument, parsed } from "./documents.ts";
import type { HostFiles } from "./host.ts";
import { type PositionEncoding, TextPositions } from "./positions.ts";
import type { StatusParams, Totals } from "./protocol.ts";
import { Relocation } from "./relocation.ts";

/** Files that are read at a time. */
const PARALLEL = 16;

/** A plan with the texts that it was made from. */
export interface Planned {
  readonly plan: PlanSummary;
  readonly revision: number;
  readonly texts: ReadonlyMap<string, string>;
}

/** Where a folder stands: `waiting` for a plan that nobody makes at the moment. */
export type FolderState = StatusParams["folders"][number]["state"];

export class Folder {
  /** As the client spells it. */
  readonly uri: string;
  readonly name: string;
  /** Path of the only C file that belongs to it; null for all. */
  readonly single: string | null;
  readonly #root: URI;
  readonly #stored = new Map<string, string>();
  readonly #open = new Map<string, OpenDocument>();
  readonly #positions = new Map<string, TextPositions>();
  #excluded: (path: string) => boolean = () => false;
  #configuration: Configuration = NO_CONFIGURATION;
  /** Counts changes of texts. */
  revision = 0;
  state: FolderState = "indexing";
  /** Why there is no plan. */
  message: string | null = null;
  /** Why its files cannot be known, so that nothing can be planned. */
  blocked: string | null = null;
  progress: { done: number; total: number } | null = null;
  planned: Planned | null = null;

  constructor(uri: string, name: string, single: string | null) {
    this.uri = uri;
    this.name = name;
    this.single = single;
    const root = parsed(uri);
    this.#root = root.path.endsWith("/") ? root : root.with({ path: `${root.path}/` });
  }

  /** Path below the folder; null for what lies elsewhere. */
  pathOf(uri: string): string | null {
    const { scheme, authority, path } = parsed(uri);
    const root = this.#root;
    if (scheme !== root.scheme || authority !== root.authority || !path.startsWith(root.path)) return null;
    return path.length === root.path.length ? null : path.slice(root.path.length);
  }

  uriOf(path: string): string {
    return this.#open.get(path)?.uri ?? this.uriOfStored(path);
  }

  /** Whether the file at a path is one of the project. */
  admits(path: string): boolean {
    if (this.single !== null) {
      const isOther = isProjectFile(path) && !path.includes("/") && (isHeader(path) || !isSource(path));
      return path === this.single || isOther;
    }
    return isProjectFile(path) && isInProject(path) && !this.#excluded(path);
  }

  document(path: string): OpenDocument | undefined {
    return this.#open.get(path);
  }

  documents(): IterableIterator<[string, OpenDocument]> {
    return this.#open.entries();
  }

  /** Text of a file: that of the editor, or the stored one. */
  text(path: string): string | undefined {
    return this.#open.get(path)?.text ?? this.#stored.get(path);
  }

  /** Text of a file as it is stored. */
  stored(path: string): string | undefined {
    return this.#stored.get(path);
  }

  paths(): string[] {
    return [...new Set([...this.#stored.keys(), ...this.#open.keys()])].filter((path) => this.admits(path));
  }

  texts(): Map<string, string> {
    return new Map(this.paths().map((path) => [path, this.text(path) ?? ""]));
  }

  files(paths: Iterable<string>): { readonly files: InputFile[]; readonly removed: string[] } {
    const files: InputFile[] = [];
    const removed: string[] = [];
    for (const path of paths) {
      const text = this.admits(path) ? this.text(path) : undefined;
      if (text === undefined) removed.push(path);
      else files.push({ path, text });
    }
    return { files, removed };
  }

  /** Sets or, by null, takes away the open document at a path. */
  setDocument(path: string, document: OpenDocument | null): void {
    const before = this.text(path);
    if (document === null) this.#open.delete(path);
    else this.#open.set(path, document);
    if (before !== this.text(path)) this.revision++;
  }

  setStored(path: string, text: string | null): void {
    const before = this.text(path);
    if (text === null) this.#stored.delete(path);
    else this.#stored.set(path, text);
    if (before !== this.text(path)) this.revision++;
  }

  /** Lines of a text of a file, kept for the next question about the same text. */
  positions(path: string, text: string, encoding: PositionEncoding): TextPositions {
    const open = this.#open.get(path);
    if (open?.text === text) return open.positions;
    const known = this.#positions.get(path);
    if (known?.text === text) return known;
    const made = new TextPositions(text, encoding);
    this.#positions.set(path, made);
    return made;
  }

  /** Finds spans of the planned text of a file in its present one; null where there is no plan of the file. */
  relocation(path: string): Relocation | null {
    const before = this.planned?.texts.get(path);
    const after = this.text(path);
    return before === undefined || after === undefined ? null : new Relocation(before, after);
  }

  /** A span of the planned text of a file as a place in it. */
  plannedRange(path: string, span: Span, encoding: PositionEncoding): ReturnType<TextPositions["range"]> {
    return this.positions(path, this.planned?.texts.get(path) ?? "", encoding).range(span);
  }

  totals(): Totals {
    const functions = uniqueFunctions(this.planned?.plan);
    const migrated = functions.filter((fn) => fn.kind === "migrated").length;
    const legacy = functions.filter((fn) => fn.status === "legacy").length;
    return { functions: functions.length, migrated, legacy, ready: functions.length - migrated - legacy };
  }

  /**
   * Reads pyproject.toml and then all files. Answers false when it was given up.
   *
   * @param extra globs to leave alone, of the settings.
   */
  async index(
    files: HostFiles,
    extra: readonly string[],
    isGivenUp: () => boolean,
    onProgress: () => void,
  ): Promise<boolean> {
    this.state = "indexing";
    this.message = null;
    this.blocked = null;
    this.progress = null;
    await this.#configure(files, extra);
    const listed = await files.list(this.uri, this.single === null ? "deep" : "flat");
    if (isGivenUp()) return false;
    const wanted = listed.filter((path) => this.admits(path));
    const queue = [...wanted];
    const progress = { done: 0, total: wanted.length };
    this.progress = progress;
    const problems: string[] = [];
    const worker = async (): Promise<void> => {
      for (let path = queue.shift(); path !== undefined && !isGivenUp(); path = queue.shift()) {
        const problem = await this.reread(files, path);
        if (problem !== null) problems.push(problem);
        progress.done++;
        onProgress();
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
    if (isGivenUp()) return false;
    const known = new Set(wanted);
    for (const path of [...this.#stored.keys()]) if (!known.has(path)) this.setStored(path, null);
    this.progress = null;
    this.revision++;
    this.blocked = problems[0] ?? null;
    return true;
  }

  /** Reads one file again. Answers one line when it must matter and cannot be read. */
  async reread(files: HostFiles, path: string): Promise<string | null> {
    const content = await files.read(this.uriOfStored(path));
    if (content.kind === "failed") return `${path}: ${content.message}`;
    const text = content.kind === "missing" ? null : content.text;
    const problem = text === null ? null : problemOf(text);
    this.setStored(path, problem === null ? text : null);
    // What has nothing to do with Python can be left alone; of the rest it would be unknown what it uses.
    const isOfPython = problem !== null && PYTHON_MARKS.some((mark) => text?.includes(mark));
    return isOfPython ? `${path}: ${problem}; leave it out with the setting hpyMigrate.exclude` : null;
  }

  /** Reads the configuration in pyproject.toml. Answers whether other files are left out now. */
  async #configure(files: HostFiles, extra: readonly string[]): Promise<void> {
    let text = this.#open.get("pyproject.toml")?.text;
    if (text === undefined) {
      const content = await files.read(this.uriOfStored("pyproject.toml"));
      text = content.kind === "text" ? content.text : "";
    }
    this.configure(text, extra);
  }

  /**
   * Takes the configuration from the text of a pyproject.toml. One that is wrong leaves the earlier one in force.
   * Answers what is wrong, and whether the files have to be read again.
   */
  configure(text: string, extra: readonly string[]): { readonly problem: string | null; readonly isOther: boolean } {
    const parsed = parseConfiguration(text);
    const before = JSON.stringify(this.#configuration.exclude);
    if (parsed.ok) this.#configuration = parsed.value;
    this.#excluded = excludes([...this.#configuration.exclude, ...extra]);
    return {
      problem: parsed.ok ? null : parsed.message,
      isOther: before !== JSON.stringify(this.#configuration.exclude),
    };
  }

  uriOfStored(path: string): string {
    return this.#root.with({ path: this.#root.path + path }).toString();
  }
}

function isHeader(path: string): boolean {
  return path.includes(".h") || path.includes(".in");
}

/** Why a text cannot be analysed; null when it can. */
function problemOf(text: string): string | null {
  if (text.length > SIZE_LIMIT) return "is larger than what can be analysed";
  return text.includes("\0") ? "contains NUL bytes, so it is not C text" : null;
}

/** A file that is linked into several modules has its functions once in the figures. */
function uniqueFunctions(plan: PlanSummary | undefined): PlanSummary["modules"][number]["functions"][number][] {
  const found = new Map<string, PlanSummary["modules"][number]["functions"][number]>();
  for (const module of plan?.modules ?? [])
    for (const fn of module.functions) found.set(`${fn.file}\0${fn.name}\0${fn.span.start}`, fn);
  return [...found.values()];
}
