/**
 * Where commands of other people run: a scratch directory and process groups that are gone afterwards, whatever
 * happens. A guard, a process of its own, does the cleaning, so that it happens even when this process is killed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";

/** How a command ended. `output` is stdout and stderr as they came; of very long output the middle is left out. */
export interface Finished {
  /** Exit status; null when the command was killed or could not be run. */
  readonly status: number | null;
  /** The signal that ended it, such as `SIGSEGV`; null when it exited. */
  readonly signal: NodeJS.Signals | null;
  /** Whether it was ended because it took longer than its limit. */
  readonly timedOut: boolean;
  readonly output: string;
  readonly seconds: number;
}

export interface CommandOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Seconds after which the command and everything that it started are killed. */
  readonly limit: number;
}

/** Bytes of output that are kept from the start and from the end of a command. */
const KEPT = 1 << 20;

/** Name of the environment variable that marks the processes of a workplace, so that daemons are found too. */
const MARK = "HPY_MIGRATE_RUN";

/**
 * The guard. It reads `+PID` and `-PID`, lines that say which process groups are running. When its input ends, because
 * the workplace was closed or because this process died, it kills them, and where there is /proc every process that
 * carries the mark of the workplace, and removes the directory.
 */
const GUARD = `
const fs = require("node:fs");
const [directory, mark] = process.argv.slice(1);
const groups = new Set();
let rest = "";
process.stdin.setEncoding("utf8");
process.stdin.on("data", (text) => {
  const lines = (rest + text).split("\\n");
  rest = lines.pop();
  for (const line of lines) (line[0] === "+" ? (pid) => groups.add(pid) : (pid) => groups.delete(pid))(Number(line.slice(1)));
});
const kill = (pid) => { try { process.kill(pid, "SIGKILL"); return true; } catch { return false; } };
function killMarked() {
  let killed = 0;
  let names = [];
  try { names = fs.readdirSync("/proc"); } catch {}
  for (const name of names) {
    if (!/^[0-9]+$/.test(name) || Number(name) === process.pid) continue;
    try {
      if (fs.readFileSync("/proc/" + name + "/environ", "latin1").includes(mark) && kill(Number(name))) killed++;
    } catch {}
  }
  return killed;
}
process.stdin.on("end", () => {
  for (const pid of groups) kill(-pid);
  for (let i = 0; i < 50 && killMarked() > 0; i++) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  fs.rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
`;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Removes the directories of workplaces whose process and guard both died, such as after a loss of power. */
function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = Number(name.split("-")[0]);
    if (Number.isInteger(pid) && !isAlive(pid)) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

/** Keeps the first and the last part of what is added. */
class Output {
  #head = "";
  #tail = "";
  #dropped = 0;

  add(text: string): void {
    const room = KEPT - this.#head.length;
    this.#head += text.slice(0, Math.max(room, 0));
    this.#tail += text.slice(Math.max(room, 0));
    const surplus = this.#tail.length - KEPT;
    // Cut in large pieces: a command that never stops printing would otherwise copy the tail for each line.
    if (surplus < KEPT) return;
    this.#tail = this.#tail.slice(surplus);
    this.#dropped += surplus;
  }

  get text(): string {
    const gap = this.#dropped > 0 ? `\n[${this.#dropped} bytes left out]\n` : "";
    return `${this.#head}${gap}${this.#tail}`;
  }
}

/** A scratch directory in which commands run. Close it, or end the process in any way: nothing stays. */
export class Workplace {
  readonly directory: string;
  readonly #name: string;
  readonly #guard: ChildProcess;
  #commands = 0;

  /** @param parent - Directory for scratch directories; it is created when it is missing. */
  constructor(parent: string) {
    mkdirSync(parent, { recursive: true });
    removeAbandoned(parent);
    this.#name = `${process.pid}-${randomBytes(4).toString("hex")}`;
    // Interpreters and compilers tell where things really are, which is compared with paths in here.
    this.directory = join(realpathSync(parent), this.#name);
    // Detached, so that Ctrl-C in a terminal, which goes to the whole foreground group, does not end it.
    this.#guard = spawn(process.execPath, ["-e", GUARD, this.directory, `${MARK}=${this.#name}.`], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    this.#guard.stdin?.on("error", () => {});
    mkdirSync(this.directory);
  }

  /**
   * Runs a command in a process group of its own and kills what is left of the group, and the daemons that left it,
   * when the command has ended. Never throws: a command that cannot be run has status null and says why.
   */
  run(command: string, args: readonly string[], options: CommandOptions): Promise<Finished> {
    const start = performance.now();
    this.#commands++;
    const mark = `${this.#name}.${this.#commands}`;
    return new Promise((resolve) => {
      const output = new Output();
      let timedOut = false;
      const finish = (status: number | null, signal: NodeJS.Signals | null): void => {
        resolve({ status, signal, timedOut, output: output.text, seconds: (performance.now() - start) / 1000 });
      };
      const child = spawn(command, args, {
        cwd: options.cwd,
        env: { ...options.env, [MARK]: mark },
        stdio: ["ignore", "pipe", "pipe"],
        detached: true,
      });
      const { pid } = child;
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8");
        stream.on("data", (text: string) => output.add(text));
      }
      child.on("error", (error) => {
        output.add(`cannot run ${command}: ${error.message}\n`);
        if (pid === undefined) finish(null, null);
      });
      if (pid === undefined) return;
      this.#tell(`+${pid}`);
      const timer = setTimeout(() => {
        timedOut = true;
        killGroup(pid);
      }, options.limit * 1000);
      child.on("exit", () => {
        clearTimeout(timer);
        // What outlives the command would hold its output open, and could disturb the next one.
        killGroup(pid);
        killMarked(`${MARK}=${mark}`);
        this.#tell(`-${pid}`);
      });
      child.on("close", finish);
    });
  }

  /** Kills what runs and removes the directory. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        rmSync(this.directory, { recursive: true, force: true, maxRetries: 10 });
        resolve();
      };
      if (this.#guard.exitCode !== null || this.#guard.signalCode !== null) finish();
      else {
        this.#guard.on("exit", finish);
        this.#guard.stdin?.end();
      }
    });
  }

  #tell(line: string): void {
    this.#guard.stdin?.write(`${line}\n`);
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Everything in it has ended.
  }
}

/** Kills processes that were started with this entry in their environment; only where there is /proc. */
function killMarked(entry: string): void {
  let names: string[];
  try {
    names = readdirSync("/proc");
  } catch {
    return;
  }
  for (const name of names) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      if (
        readFileSync(join("/proc", name, "environ"), "latin1")
          .split("\0")
          .includes(entry)
      )
        process.kill(pid, "SIGKILL");
    } catch {
      // It has ended, or is another user's.
    }
  }
}
