/**
 * Runs one Python test file against several builds of the same module, all in one interpreter: its start-up would
 * otherwise cost more than the tests.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { cacheDirectory, type PythonEnvironment } from "./python-environment.ts";

/** `debug` is HPy's debug mode with one leak detector around the whole run. */
export type TestMode = "release" | "debug";

/** One run of the tests. */
export interface TestRun {
  /** What to call it in reports, such as `module-m (hybrid, debug)`. */
  readonly label: string;
  /** Directories that hold the built modules, with the key that names their content. */
  readonly builds: readonly { readonly directory: string; readonly key: string }[];
  readonly mode: TestMode;
}

export interface TestFailure {
  readonly label: string;
  /** Output of the tests, of the leak detector, or of the crashed interpreter. */
  readonly output: string;
}

/**
 * Reads a list of jobs, and writes one JSON line when a job starts and one when it ends, so that the caller knows which
 * job killed the interpreter. Modules that a job loaded are forgotten before the next one; each job has its own copy of
 * the libraries, because the loader would otherwise hand out the same static variables again.
 */
const DRIVER = `
import contextlib, faulthandler, gc, io, json, os, sys
import pytest

jobs, test, log = json.load(open(sys.argv[1])), sys.argv[2], open(sys.argv[3], "w")
# pytest captures descriptor 2; a crash must be told on the real one.
faulthandler.enable(os.fdopen(os.dup(2), "w"))
sys.dont_write_bytecode = True

class Counter:
    def __init__(self):
        self.ran = 0
    def pytest_runtest_logreport(self, report):
        if report.when == "call" and not report.skipped:
            self.ran += 1

def say(**line):
    log.write(json.dumps(line) + "\\n")
    log.flush()

def run(job):
    debug = job["mode"] == "debug"
    os.environ.pop("HPY", None)
    detector = None
    if debug:
        os.environ["HPY"] = "debug"
        from hpy.debug import LeakDetector
        detector = LeakDetector()
        detector.start()
    before = set(sys.modules)
    sys.path[:0] = job["paths"]
    counter, output = Counter(), io.StringIO()
    with contextlib.redirect_stdout(output):
        status = pytest.main(["-q", "-x", "--tb=short", "--no-header", "-p", "no:cacheprovider", "-p", "no:faulthandler",
                              "--rootdir", os.path.dirname(test), "-c", os.devnull, test], plugins=[counter])
    del sys.path[:len(job["paths"])]
    for name in set(sys.modules) - before:
        module = sys.modules[name]
        path = getattr(module, "__file__", None) or ""
        if path == test or any(path.startswith(p) for p in job["paths"]) or name in job["names"]:
            del sys.modules[name]
    module = None
    gc.collect()
    text = output.getvalue()
    ok = status == 0
    if ok and counter.ran == 0:
        ok, text = False, text + "no test ran"
    if detector is not None:
        from hpy.debug import HPyLeakError
        try:
            detector.stop()
        except HPyLeakError as error:
            ok, text = False, text + "leaked handles: " + str(error)
    return ok, text

for index, job in enumerate(jobs):
    say(start=index)
    ok, text = run(job)
    say(end=index, ok=ok, output="" if ok else text)
`;

interface LogLine {
  readonly start?: number;
  readonly end?: number;
  readonly ok?: boolean;
  readonly output?: string;
}

/** Seconds after which an interpreter that still runs is taken to hang. */
const LIMIT = 600;

function runPython(python: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(python, args, {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: LIMIT * 1000,
      killSignal: "SIGKILL",
    });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("error", (error) => resolve(`cannot run ${python}: ${error.message}`));
    child.on("close", (status, signal) => {
      const end = signal ? `killed by ${signal}` : `exit status ${status}`;
      resolve(`${Buffer.concat(chunks).toString("utf8")}\n${end}`);
    });
  });
}

/**
 * Runs a test file once per run and gives the failures, in order. After a crash the remaining runs go on in a new
 * interpreter. Runs that passed before with the same builds and the same test are not repeated.
 */
export async function runTests(
  runs: readonly TestRun[],
  testFile: string,
  environment: PythonEnvironment,
): Promise<TestFailure[]> {
  const passedDirectory = join(cacheDirectory(), "passed");
  mkdirSync(passedDirectory, { recursive: true });
  const testText = readFileSync(testFile);
  const marker = (run: TestRun): string => {
    const hash = createHash("sha256").update(DRIVER).update(testText).update(environment.python).update(run.mode);
    for (const build of run.builds) hash.update(build.key);
    return join(passedDirectory, hash.digest("hex").slice(0, 32));
  };

  let pending = runs.filter((run) => !existsSync(marker(run)));
  const failures: TestFailure[] = [];
  while (pending.length > 0) {
    const scratch = mkdtempSync(join(tmpdir(), "hpy-migrate-test-"));
    try {
      const test = join(scratch, basename(testFile));
      writeFileSync(test, testText);
      const jobs = pending.map((run, index) => ({ mode: run.mode, ...copyBuilds(run, join(scratch, String(index))) }));
      const jobFile = join(scratch, "jobs.json");
      const logFile = join(scratch, "log.jsonl");
      const driver = join(scratch, "driver.py");
      writeFileSync(jobFile, JSON.stringify(jobs));
      writeFileSync(driver, DRIVER);
      const output = await runPython(environment.python, [driver, jobFile, test, logFile], scratch);
      const lines = existsSync(logFile) ? readFileSync(logFile, "utf8").trim().split("\n") : [];
      const log = lines.filter((line) => line !== "").map((line) => JSON.parse(line) as LogLine);
      let finished = 0;
      for (const line of log) {
        if (line.end === undefined) continue;
        const run = pending[line.end] as TestRun;
        finished = line.end + 1;
        if (line.ok) writeFileSync(marker(run), "");
        else failures.push({ label: run.label, output: line.output ?? "" });
      }
      const crashed = pending[finished];
      if (crashed) failures.push({ label: crashed.label, output: `the interpreter died:\n${output}` });
      pending = pending.slice(finished + 1);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
  return failures;
}

function copyBuilds(run: TestRun, target: string): { paths: string[]; names: string[] } {
  const paths: string[] = [];
  const names: string[] = [];
  for (const [index, build] of run.builds.entries()) {
    const directory = join(target, String(index));
    cpSync(build.directory, directory, { recursive: true });
    paths.push(directory);
    for (const file of readdirSync(directory)) names.push(file.slice(0, file.indexOf(".")));
  }
  return { paths, names };
}
