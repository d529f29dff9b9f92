/** Nothing may stay behind of what a workplace ran: after success, failure, a hang, a daemon, and a kill. */
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { Workplace } from "../../verify/workplace.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

function parentDirectory(): string {
  const parent = mkdtempSync(join(tmpdir(), "hpy-migrate-workplace-"));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  return parent;
}

function isAlive(pid: number): boolean {
  try {
    // A zombie has ended; only nobody has asked yet.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<boolean> {
  for (let i = 0; i < 200 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  return condition();
}

test("status, signal and output of a command", async () => {
  const work = new Workplace(parentDirectory());
  const options = { cwd: work.directory, env: process.env, limit: 20 };
  expect(await work.run("sh", ["-c", "echo out; echo err >&2; exit 3"], options)).toMatchObject({
    status: 3,
    signal: null,
    timedOut: false,
  });
  expect((await work.run("sh", ["-c", "kill -SEGV $$"], options)).signal).toBe("SIGSEGV");
  const missing = await work.run("/nowhere/to/be/found", [], options);
  expect(missing).toMatchObject({ status: null });
  expect(missing.output).toContain("cannot run /nowhere/to/be/found");
  await work.close();
  expect(existsSync(work.directory)).toBe(false);
});

test("its directory is where it really is, as interpreters tell the places of what they load", async () => {
  const parent = parentDirectory();
  mkdirSync(join(parent, "real"));
  symlinkSync("real", join(parent, "link"));
  const work = new Workplace(join(parent, "link"));
  const { output } = await work.run("pwd", ["-P"], { cwd: work.directory, env: process.env, limit: 20 });
  expect(output).toBe(`${work.directory}\n`);
  expect(dirname(work.directory)).toBe(realpathSync(join(parent, "real")));
  await work.close();
  expect(readdirSync(join(parent, "real"))).toEqual([]);
});

test("the middle of endless output is left out", async () => {
  const work = new Workplace(parentDirectory());
  const script = "echo first; head -c 9000000 /dev/zero | tr '\\0' x; echo; echo last";
  const { output } = await work.run("sh", ["-c", script], { cwd: work.directory, env: process.env, limit: 60 });
  expect(output.startsWith("first\n")).toBe(true);
  expect(output.endsWith("\nlast\n")).toBe(true);
  expect(output).toMatch(/\[\d+ bytes left out\]/);
  expect(output.length).toBeLessThan(4_000_000);
  await work.close();
});

test("a hang ends at its limit, with the processes that it started", async () => {
  const work = new Workplace(parentDirectory());
  const pidFile = join(work.directory, "pid");
  const script = `sleep 600 & echo $! > ${pidFile}; wait`;
  const result = await work.run("sh", ["-c", script], { cwd: work.directory, env: process.env, limit: 0.5 });
  expect(result).toMatchObject({ timedOut: true, signal: "SIGKILL" });
  expect(result.seconds).toBeLessThan(20);
  const pid = Number(readFileSync(pidFile, "utf8"));
  expect(await until(() => !isAlive(pid))).toBe(true);
  await work.close();
});

test("a daemon that left its process group is ended with the command that started it", async () => {
  const work = new Workplace(parentDirectory());
  const pidFile = join(work.directory, "pid");
  const script = `setsid sh -c 'echo $$ > ${pidFile}; exec sleep 600' > /dev/null 2>&1 & while ! test -s ${pidFile}; do sleep 0.05; done`;
  const result = await work.run("sh", ["-c", script], { cwd: work.directory, env: process.env, limit: 30 });
  expect(result.status).toBe(0);
  const pid = Number(readFileSync(pidFile, "utf8"));
  expect(await until(() => !isAlive(pid))).toBe(true);
  await work.close();
});

test.each(["SIGKILL", "SIGTERM", "SIGINT"] as const)(
  "%s to this process leaves no process and no directory",
  async (signal) => {
    const parent = parentDirectory();
    const marks = parentDirectory();
    const pidFile = join(marks, "pid");
    const script = join(marks, "run.mts");
    writeFileSync(
      script,
      `import { Workplace } from ${JSON.stringify(join(ROOT, "verify", "workplace.ts"))};
const work = new Workplace(${JSON.stringify(parent)});
const script = ${JSON.stringify(`sleep 600 & setsid sleep 600 & echo $! $$ > ${pidFile}; wait`)};
await work.run("sh", ["-c", script], { cwd: work.directory, env: process.env, limit: 600 });
`,
    );
    const child = spawn(process.execPath, ["--import", "tsx", script], { cwd: ROOT, stdio: "ignore" });
    expect(await until(() => existsSync(pidFile) && readFileSync(pidFile, "utf8").endsWith("\n"))).toBe(true);
    const pids = readFileSync(pidFile, "utf8").trim().split(" ").map(Number);
    expect(pids.every(isAlive)).toBe(true);
    child.kill(signal);
    expect(await until(() => !pids.some(isAlive) && readdirSync(parent).length === 0)).toBe(true);
  },
);

test("the directory of a run that died together with its guard goes at the next start", async () => {
  const parent = parentDirectory();
  // No process has this number: it is above what Linux gives out.
  mkdirSync(join(parent, "99999999-abcdef00", "tree"), { recursive: true });
  mkdirSync(join(parent, `${process.pid}-abcdef00`));
  const work = new Workplace(parent);
  expect(readdirSync(parent).sort()).toEqual(
    [`${process.pid}-abcdef00`, work.directory.slice(parent.length + 1)].sort(),
  );
  await work.close();
});
