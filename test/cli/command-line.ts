/** A command line over a scripted engine, in a scratch directory. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { type Engine, run } from "../../cli/program.ts";
import type { FunctionReport, MigrationPlan, ProjectInput, Step } from "../../engine/types.ts";

/**
 * A stand-in for the engine: a file that mentions PyInit_ is a module, each word `todo_<name>` is a function to move
 * by renaming it to `done_<name>`, and each word `stay_<name>` one that stays legacy.
 */
function scriptedPlan(input: ProjectInput): MigrationPlan {
  const current = new Map(input.files.map((file) => [file.path, file.text]));
  const functions: FunctionReport[] = [];
  const steps: Step[] = [];
  const owners = input.files.filter((file) => file.text.includes("PyInit_"));
  for (const { path, text } of input.files) {
    for (const match of text.matchAll(/(todo|stay|done)_(\w+)/g)) {
      const [word, state, name = ""] = match;
      const line = text.slice(0, match.index).split("\n").length;
      const span = { start: match.index, end: match.index + word.length };
      const refusal = { id: "not-today", path, span, line, message: "it is asked to stay" };
      const id = `function-${name}`;
      functions.push({
        name,
        file: path,
        line,
        span,
        kind: state === "done" ? "migrated" : "method",
        type: null,
        status: state === "stay" ? "legacy" : "pure",
        via: state === "todo" ? id : null,
        refusals: state === "stay" ? [refusal] : [],
      });
      if (state !== "todo") continue;
      const before = current.get(path) as string;
      const after = before.replace(word, `done_${name}`);
      current.set(path, after);
      steps.push({
        id,
        title: `Move ${name} to HPy`,
        kind: "function",
        module: "m",
        functions: [name],
        changes: [{ path, before, after }],
        insertions: 1,
        deletions: 1,
        notes: name === "noted" ? ["the text of one error changes"] : [],
      });
    }
  }
  const legacy = functions.filter((unit) => unit.status === "legacy").length;
  const module = { name: "m", files: owners.map((file) => file.path), functions, types: [], steps, refusals: [] };
  return {
    hpy: "0.9",
    modules: owners.length > 0 ? [module] : [],
    steps,
    account: {
      found: steps.length + legacy,
      rewritten: steps.length,
      legacy: [{ reason: "not-today", sites: legacy }],
      suppressed: 0,
      unparsed: input.files.some((file) => file.text.includes("@@@")) ? 1 : 0,
    },
    notes: [],
    totals: { functions: functions.length, pure: functions.length - legacy, bridged: 0, legacy, steps: steps.length },
  };
}

const scriptedEngine: Engine = {
  lint: async () => ({ findings: [], suppressed: 0, functions: 0, unproven: [] }),
  fix: async () => ({ changes: new Map(), applied: 0 }),
  check: async () => ({ findings: [], suppressed: 0, gone: 0, current: { schema: 1, hpy: "0.9", legacy: {} } }),
  plan: async (input) => scriptedPlan(input),
  loadCounter: async () => (file) => {
    const words = (state: string): number => file.text.split(`${state}_`).length - 1;
    return { pure: words("done"), bridged: 0, capi: words("todo") + words("stay") };
  },
  explain: (id) =>
    id === "not-today"
      ? {
          id,
          kind: "refusal",
          title: "It stays",
          text: "Because it was asked to.",
          example: { before: "a();", after: "a();" },
        }
      : null,
};

export interface Outcome {
  readonly status: number;
  /** Bytes as latin-1. */
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process. */
export async function hpyMigrate(...args: readonly string[]): Promise<Outcome> {
  let out = "";
  let err = "";
  const status = await run(args, async () => scriptedEngine, {
    version: "1.2.3",
    out: (bytes) => {
      out += bytes;
    },
    err: (text) => {
      err += text;
    },
    colour: { out: false },
  });
  return { status, out, err };
}

/** A new directory with these files (latin-1), removed after the test. */
export function scratch(files: Readonly<Record<string, string>> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), "hpy-migrate-cli-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), Buffer.from(text, "latin1"));
  }
  return directory;
}

/** Everything below a directory except `.git`: path to latin-1 text. */
export function contents(directory: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !path.includes("/.git/"))
      found[path.slice(directory.length + 1)] = readFileSync(path, "latin1");
  }
  return found;
}

/** Runs git in a directory, with an identity and without the user's configuration. */
export function git(directory: string, ...args: readonly string[]): string {
  return execFileSync("git", args, {
    cwd: directory,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" },
  });
}

/** Makes a directory a repository with everything committed. */
export function makeRepository(directory: string): void {
  git(directory, "init", "--quiet");
  git(directory, "config", "user.name", "Test");
  git(directory, "config", "user.email", "test@localhost");
  git(directory, "config", "core.autocrlf", "false");
  git(directory, "add", ".");
  git(directory, "commit", "--quiet", "--message", "Start");
}
