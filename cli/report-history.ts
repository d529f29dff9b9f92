/** Reading the history of a project out of git: which C sources each commit holds, and what they count. */
import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { FunctionCounts } from "../engine/count-functions.ts";
import { type History, type HistoryPoint, historyOf } from "../report/history.ts";
import type { InputFile } from "../syntax/source.ts";
import { describeSystemError, type Result, success, unusable } from "./failure.ts";
import { sourceFilter } from "./project.ts";

export interface HistoryOptions {
  /** What git takes for a date, such as `2022-01-01` or `6 months ago`. */
  readonly since?: string;
  /** Commits to look at, spread evenly; the first and the last one are among them. */
  readonly max: number;
  readonly exclude: readonly string[];
  /** Counts one file; called once per version of a file that was never counted before. */
  readonly count: (file: InputFile) => FunctionCounts;
  /** Told after each commit, for a progress line. */
  readonly progress: (done: number, total: number) => void;
}

interface Commit {
  readonly hash: string;
  readonly time: number;
  readonly subject: string;
}

interface Blob {
  readonly hash: string;
  readonly path: string;
}

/** Globs of the sources that are counted. */
const GLOBS = ["c", "cc", "cpp", "cxx", "h", "hh", "hpp", "hxx", "inc"].map((extension) => `*.${extension}`);

/** Bytes above which a blob is left alone, as a file of that size is. */
const LIMIT = 16 << 20;

/** Objects that a partial clone lacks are not fetched: a report asks for nothing from outside. */
const ENVIRONMENT = { ...process.env, GIT_NO_LAZY_FETCH: "1" };

function git(root: string, args: readonly string[]): Result<string> {
  const result = spawnSync("git", ["-c", "log.showSignature=false", ...args], {
    cwd: root,
    encoding: "latin1",
    maxBuffer: 1 << 30,
    env: ENVIRONMENT,
  });
  if (result.error) return unusable(`cannot run git: ${result.error.message}`);
  if (result.status === 0) return success(result.stdout);
  return unusable(`git ${args[0]}: ${result.stderr.trim().split("\n")[0] ?? `exit status ${result.status}`}`);
}

/** Commits on the first-parent line that change C sources, oldest first. */
function commitsOf(root: string, since: string | undefined): Result<Commit[]> {
  const log = git(root, [
    "log",
    "--first-parent",
    "--reverse",
    ...(since === undefined ? [] : [`--since=${since}`]),
    "--format=%H%x09%at%x09%s",
    "HEAD",
    "--",
    ...GLOBS.map((glob) => `:(glob)**/${glob}`),
  ]);
  if (!log.ok) return log;
  const commits = log.value.split("\n").flatMap((line): Commit[] => {
    const [hash = "", time = "", ...subject] = line.split("\t");
    if (hash === "") return [];
    return [{ hash, time: Number(time), subject: Buffer.from(subject.join("\t"), "latin1").toString("utf8") }];
  });
  return success(commits);
}

/** Evenly spread members of a list, the first and the last among them. */
function spread<T>(list: readonly T[], max: number): T[] {
  if (list.length <= max) return [...list];
  const step = (list.length - 1) / Math.max(1, max - 1);
  return Array.from({ length: max }, (_, index) => list[Math.round(index * step)] as T);
}

/** C sources of a commit below the project's directory; links and submodules are none. */
function blobsOf(root: string, commit: string, wanted: (path: string) => boolean): Result<Blob[]> {
  const listed = git(root, ["ls-tree", "-r", "-z", commit]);
  if (!listed.ok) return listed;
  const blobs: Blob[] = [];
  for (const entry of listed.value.split("\0")) {
    const [meta = "", path = ""] = entry.split("\t");
    const [mode = "", kind = "", hash = ""] = meta.split(" ");
    if (kind === "blob" && mode.startsWith("100") && wanted(path)) blobs.push({ hash, path });
  }
  return success(blobs);
}

/** Texts of blobs, read by one process of git. */
async function readBlobs(
  root: string,
  hashes: readonly string[],
  use: (hash: string, text: string) => void,
): Promise<void> {
  if (hashes.length === 0) return;
  const child = spawn("git", ["cat-file", "--batch"], {
    cwd: root,
    stdio: ["pipe", "pipe", "ignore"],
    env: ENVIRONMENT,
  });
  child.stdin.on("error", () => {});
  child.stdin.end(`${hashes.join("\n")}\n`);
  let pending: Buffer = Buffer.alloc(0);
  const pieces: Buffer[] = [];
  let held = 0;
  for await (const piece of child.stdout as AsyncIterable<Buffer>) {
    pieces.push(piece);
    held += piece.length;
    // Joining at every piece would copy a large blob again and again.
    if (held < pending.length) continue;
    pending = Buffer.concat([pending, ...pieces.splice(0)]);
    held = 0;
    pending = takeBlobs(pending, use);
  }
  takeBlobs(Buffer.concat([pending, ...pieces]), use);
}

/** Takes whole blobs off the front of git's answer and gives what is left. */
function takeBlobs(bytes: Buffer, use: (hash: string, text: string) => void): Buffer {
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf(10, at);
    if (lineEnd < 0) return bytes.subarray(at);
    const [hash = "", kind = "", size = "0"] = bytes.toString("latin1", at, lineEnd).split(" ");
    if (kind === "missing") {
      at = lineEnd + 1;
      continue;
    }
    const end = lineEnd + 1 + Number(size);
    if (bytes.length < end + 1) return bytes.subarray(at);
    if (Number(size) <= LIMIT) use(hash, bytes.toString("latin1", lineEnd + 1, end));
    at = end + 1;
  }
}

/** Raised when the counting changes, so that counts of earlier releases are not taken for its own. */
const CACHE_VERSION = 1;

/** Counts by the hash of a blob: a blob never changes, so neither does its count. */
class CountCache {
  readonly #file: string | null;
  readonly #counts = new Map<string, FunctionCounts>();
  #fresh: string[] = [];

  /** @param directory of the user's caches; null keeps nothing. */
  constructor(directory: string | null) {
    this.#file = directory === null ? null : join(directory, `function-counts-${CACHE_VERSION}.tsv`);
    if (this.#file === null || !existsSync(this.#file)) return;
    for (const line of readFileSync(this.#file, "latin1").split("\n")) {
      const [key = "", pure, bridged, capi, end] = line.split("\t");
      // A line that was cut off by an interruption has no end mark.
      if (end === ".") this.#counts.set(key, { pure: Number(pure), bridged: Number(bridged), capi: Number(capi) });
    }
  }

  get(key: string): FunctionCounts | undefined {
    return this.#counts.get(key);
  }

  set(key: string, counts: FunctionCounts): void {
    this.#counts.set(key, counts);
    this.#fresh.push(`${key}\t${counts.pure}\t${counts.bridged}\t${counts.capi}\t.\n`);
    if (this.#fresh.length >= 200) this.flush();
  }

  /** Writes what is new. A cache that cannot be written is none. */
  flush(): void {
    if (this.#file === null || this.#fresh.length === 0) return;
    try {
      mkdirSync(join(this.#file, ".."), { recursive: true });
      appendFileSync(this.#file, this.#fresh.join(""));
    } catch {
      // Counting again costs time only.
    }
    this.#fresh = [];
  }
}

/** Where caches of this program lie; null when the user has no home. */
function cacheDirectory(): string | null {
  const base = process.env.XDG_CACHE_HOME || (homedir() === "" ? null : join(homedir(), ".cache"));
  return base === null ? null : join(base, "hpy-migrate");
}

/** A C++ header and a C header of the same bytes parse differently: the extension belongs to the key. */
function keyOf(blob: Blob): string {
  return `${blob.hash}${blob.path.slice(blob.path.lastIndexOf("."))}`;
}

const NOTHING: FunctionCounts = { pure: 0, bridged: 0, capi: 0 };

/**
 * The history of the project at a directory, from the repository that it lies in. Commits are counted from their
 * sources, so the repository need never have seen this program. Writes nothing but a cache in the user's cache
 * directory. Fails when the directory is in no repository, or when there is no commit.
 */
export async function readHistory(root: string, options: HistoryOptions): Promise<Result<History>> {
  const inside = git(root, ["rev-parse", "--is-inside-work-tree", "--verify", "HEAD"]);
  if (!inside.ok)
    return inside.message.startsWith("cannot run") ? inside : unusable(`--history: ${root} has no git history`);
  const listed = commitsOf(root, options.since);
  if (!listed.ok) return listed;
  const commits = spread(listed.value, options.max);
  if (commits.length === 0) return unusable("--history: no commit changes C sources in this time");
  let cache: CountCache;
  try {
    cache = new CountCache(cacheDirectory());
  } catch (error) {
    return unusable(describeSystemError(error, "cache of counts"));
  }
  const wanted = sourceFilter(options.exclude);
  const points: HistoryPoint[] = [];
  for (const [index, commit] of commits.entries()) {
    const blobs = blobsOf(root, commit.hash, wanted);
    if (!blobs.ok) return blobs;
    const unknown = new Map<string, Blob>();
    for (const blob of blobs.value) if (cache.get(keyOf(blob)) === undefined) unknown.set(blob.hash, blob);
    await readBlobs(root, [...unknown.keys()], (hash, text) => {
      const blob = unknown.get(hash);
      if (blob !== undefined)
        cache.set(keyOf(blob), text.includes("\0") ? NOTHING : options.count({ path: blob.path, text }));
    });
    const sum = { ...NOTHING };
    for (const blob of blobs.value) {
      const counts = cache.get(keyOf(blob)) ?? NOTHING;
      sum.pure += counts.pure;
      sum.bridged += counts.bridged;
      sum.capi += counts.capi;
    }
    points.push({ commit: commit.hash, time: commit.time, subject: commit.subject, ...sum });
    options.progress(index + 1, commits.length);
  }
  cache.flush();
  return success(historyOf(points));
}
