/** `hpy-migrate verify` tells the truth: green when all is well, and the right step with the evidence when it is not. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { type Engine, run } from "../../cli/program.ts";
import { cacheDirectory } from "../../verify/python-environment.ts";
import { capiPackage, directoryWith, hpySource, planOf } from "./tiny-package.ts";

// Each test makes an environment and builds at least twice.
vi.setConfig({ testTimeout: 240_000 });

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const GOOD = "return HPyLong_FromLong(ctx, 1);";
const BETTER = "long value = 1; return HPyLong_FromLong(ctx, value);";
const LEAKS = "HPyLong_FromLong(ctx, 70000); return HPyLong_FromLong(ctx, 1);";
const WRONG = "return HPyLong_FromLong(ctx, 3);";
const CRASHES = "*(volatile int *)8 = 1; return HPyLong_FromLong(ctx, 1);";
const HANGS = "for (volatile int i = 0;; i++); return HPy_NULL;";
const BROKEN = "return Py_None;";

interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function verify(root: string, bodies: readonly string[], ...args: readonly string[]): Promise<Outcome> {
  let out = "";
  let err = "";
  const engine: Partial<Engine> = { plan: async () => planOf(bodies) };
  const status = await run(["verify", root, ...args], async () => engine as Engine, {
    version: "1.2.3",
    out: (bytes) => {
      out += Buffer.from(bytes, "latin1").toString("utf8");
    },
    err: (text) => {
      err += text;
    },
    colour: { out: false },
  });
  return { status, out, err };
}

interface Result {
  readonly green: boolean;
  readonly failed: string | null;
  readonly checks: number;
  readonly baseline: { readonly failing: readonly string[]; readonly failure: { readonly message: string } | null };
  readonly steps: readonly {
    readonly id: string;
    readonly verdict: string;
    readonly unstable: readonly string[];
    readonly problems: readonly {
      readonly kind: string;
      readonly message: string;
      readonly evidence: readonly string[];
    }[];
  }[];
}

async function verifyJson(root: string, bodies: readonly string[], ...args: readonly string[]): Promise<Result> {
  const outcome = await verify(root, bodies, "--json", ...args);
  const result = JSON.parse(outcome.out) as Result;
  expect(outcome.status).toBe(result.green ? 0 : 1);
  return result;
}

function verdicts(result: Result): string[] {
  return result.steps.map((step) => step.verdict);
}

function contentsOf(root: string): Record<string, string> {
  const files = readdirSync(root, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => [
      join(entry.parentPath, entry.name),
      readFileSync(join(entry.parentPath, entry.name), "latin1"),
    ]),
  );
}

/** Scratch trees of this process. */
function scratchTrees(): string[] {
  const directory = join(cacheDirectory(), "verify");
  return existsSync(directory) ? readdirSync(directory).filter((name) => name.startsWith(`${process.pid}-`)) : [];
}

test("a series that is in order is green, and nothing is left or changed", async () => {
  const root = capiPackage();
  const before = contentsOf(root);
  const { status, out, err } = await verify(root, [GOOD, BETTER]);
  expect(out).toMatch(/^original: builds \(capi\) in [\d.]+ s, 2 passed in [\d.]+ s\n {2}modules: probe\n1\/2 ok /);
  expect(out).toContain("2/2 ok     function-1: Step 1");
  expect(out).toMatch(/green: 2 steps \(hybrid, the last also cpython\)\n$/);
  expect(err).toBe("C-API sites: 0 found = 0 rewritten + 0 kept legacy + 0 suppressed + 0 unparsed\n");
  expect(status).toBe(0);
  expect(contentsOf(root)).toEqual(before);
  expect(scratchTrees()).toEqual([]);
});

describe("the step that spoils something is named, with the evidence", () => {
  test("a leak, with the place that made the handle", async () => {
    const { status, out } = await verify(capiPackage(), [GOOD, BETTER, LEAKS, GOOD]);
    expect(status).toBe(1);
    expect(out).toContain("3/4 FAILED function-2: Step 2");
    expect(out).toContain("    2 handles are never closed (hybrid, debug mode)\n");
    expect(out).toContain("      2 handles for 70000, made in one_impl (src/probe.c:4)\n");
    expect(out).toContain("not green: function-2 is the first step that fails; 1 step after it not checked\n");
    expect(scratchTrees()).toEqual([]);
  });

  test("a compile error", async () => {
    const result = await verifyJson(capiPackage(), [GOOD, BROKEN, GOOD]);
    expect(result.failed).toBe("function-1");
    expect(verdicts(result)).toEqual(["green", "failed", "unchecked"]);
    const [problem] = result.steps[1]?.problems ?? [];
    expect(problem?.kind).toBe("build");
    expect(problem?.evidence.join("\n")).toMatch(
      /object\.h:\d+:\d+: error: incompatible types when returning .*\nsrc\/probe\.c:4:\d+: note: in expansion of macro/,
    );
  });

  test("a test that fails", async () => {
    const result = await verifyJson(capiPackage(), [GOOD, WRONG]);
    expect(result.failed).toBe("function-1");
    const [problem] = result.steps[1]?.problems ?? [];
    expect(problem).toMatchObject({ kind: "test", message: "a test that passed before fails (hybrid)" });
    expect(problem?.evidence).toEqual(["tests/test_probe.py::test_one: assert 3 == 1"]);
  });

  test("a crash, with the signal and the test", async () => {
    const result = await verifyJson(capiPackage(), [CRASHES]);
    expect(result.failed).toBe("module-probe");
    const [problem] = result.steps[0]?.problems ?? [];
    expect(problem?.kind).toBe("crash");
    expect(problem?.message).toBe("the interpreter died of SIGSEGV in tests/test_probe.py::test_one (hybrid)");
    expect(problem?.evidence[0]).toBe("Fatal Python error: Segmentation fault");
  });

  test("a hang", async () => {
    const result = await verifyJson(capiPackage(), [HANGS], "--timeout", "5");
    const [problem] = result.steps[0]?.problems ?? [];
    expect(problem).toMatchObject({
      kind: "hang",
      message: "the tests did not end in 5 s in tests/test_probe.py::test_one (hybrid)",
    });
  });

  test("any failure, when only the exit status of the test command is known", async () => {
    const command = "python -c 'from tiny import probe; assert probe.one() == 1'";
    const result = await verifyJson(capiPackage(), [GOOD, WRONG], "--test", command);
    expect(result.failed).toBe("function-1");
    expect(result.steps[1]?.problems[0]?.evidence.join("\n")).toContain("AssertionError");
  });
});

test("--bisect finds the same step in fewer builds", async () => {
  const bodies = [GOOD, BETTER, GOOD, BETTER, GOOD, WRONG, WRONG, WRONG, WRONG];
  const result = await verifyJson(capiPackage(), bodies, "--bisect", "--abi", "cpython");
  expect(result.failed).toBe("function-5");
  expect(result.checks).toBeLessThanOrEqual(5);
  expect(verdicts(result).slice(5)).toEqual(["failed", "unchecked", "unchecked", "unchecked"]);
  const green = await verify(capiPackage(), [GOOD, BETTER, GOOD], "--bisect", "--abi", "cpython");
  expect(green.out).toContain("green: 3 steps (cpython); (*) 2 steps not checked alone, but a later state is green\n");
});

/** Makes the directory a repository of one commit, and gives what commits everything else. */
function repositoryAt(root: string): (subject: string) => void {
  const git = (...args: readonly string[]): void => {
    const identity = ["-c", "user.name=Test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"];
    execFileSync("git", [...identity, ...args], { cwd: root, stdio: "ignore" });
  };
  git("init");
  git("add", ".");
  git("commit", "-m", "Original");
  return (subject) => git("commit", "-a", "-m", subject);
}

test("--since replays commits and what is not committed, and names the one with the fault", async () => {
  const root = capiPackage();
  const commit = repositoryAt(root);
  const bodies = [GOOD, BETTER, LEAKS, LEAKS];
  for (const step of planOf(bodies).steps.slice(0, 3)) {
    for (const change of step.changes) writeFileSync(join(root, change.path), change.after);
    commit(step.title);
  }
  writeFileSync(join(root, "src", "probe.c"), hpySource(WRONG));
  const before = contentsOf(root);
  const found = await verify(root, [], "--since", "HEAD~3", "--bisect");
  expect(found.out).toMatch(/3\/4 FAILED [0-9a-f]+: Step 2/);
  expect(found.out).toContain("2 handles for 70000, made in one_impl (src/probe.c:4)");
  expect(found.status).toBe(1);
  const last = await verifyJson(root, [], "--since", "HEAD~3", "--abi", "cpython");
  expect(last.failed).toBe("uncommitted");
  expect(verdicts(last)).toEqual(["green", "green", "green", "failed"]);
  expect(contentsOf(root)).toEqual(before);
  expect((await verify(root, [], "--since", "nowhere")).err).toContain('--since: no revision "nowhere"');
});

test("a fault in a project that is HPy already is the fault of a commit", async () => {
  const root = capiPackage();
  const commit = repositoryAt(root);
  for (const step of planOf([GOOD, BETTER, LEAKS, BETTER.replace("value = 1", "value = 2 - 1")]).steps) {
    // The leak comes with the second commit, and stays.
    for (const change of step.changes) {
      const text =
        step.id === "function-3"
          ? change.after.replace("{ long", "{ HPyLong_FromLong(ctx, 70000); long")
          : change.after;
      writeFileSync(join(root, change.path), text);
    }
    commit(step.title);
  }
  const before = contentsOf(root);
  const { status, out } = await verify(root, []);
  expect(out).toContain("leaks before the first step");
  expect(out).toMatch(/\n3\/4 FAILED [0-9a-f]+: Step 2.*\n {4}2 handles are never closed/);
  expect(out).toMatch(/not green: [0-9a-f]+ is the first step that fails; 1 step after it not checked\n$/);
  expect(status).toBe(1);
  const result = await verifyJson(root, []);
  expect(verdicts(result)).toEqual(["within", "green", "failed", "unchecked"]);

  // A build that fails too, which is not committed.
  writeFileSync(join(root, "src", "probe.c"), hpySource(BROKEN));
  expect((await verifyJson(root, [])).failed).toMatch(/^[0-9a-f]+$/);
  expect(contentsOf(root)).toEqual({ ...before, [join(root, "src", "probe.c")]: hpySource(BROKEN) });
});

test("a fault in what was applied and not committed is the fault of the step that wrote it", async () => {
  const bodies = [GOOD, BETTER, `/* checked */ ${BETTER}`, `/* checked */ ${BETTER} /* twice */`];
  const root = capiPackage();
  repositoryAt(root);
  const final = planOf(bodies).steps.slice(0, 3);
  for (const step of final) for (const change of step.changes) writeFileSync(join(root, change.path), change.after);
  // A file that a step makes is not known to git yet.
  writeFileSync(join(root, "pyproject.toml"), "[build-system]\n");
  // What a step adds is not known to git yet.
  writeFileSync(join(root, "pyproject.toml"), "[build-system]\n");
  const source = join(root, "src", "probe.c");
  writeFileSync(source, readFileSync(source, "latin1").replace("value = 1", "value = 4"));
  const plan: Engine["plan"] = async ({ files }) => {
    const isApplied = files.some((file) => file.text.includes("HPy_MODINIT"));
    const { steps: plain, ...rest } = planOf(bodies);
    const made = { path: "pyproject.toml", before: null, after: "[build-system]\n" };
    const steps = plain.map((step, index) => (index === 0 ? { ...step, changes: [...step.changes, made] } : step));
    return { ...rest, steps: isApplied ? steps.slice(3) : steps };
  };
  let out = "";
  const status = await run(["verify", root], async () => ({ plan }) as Engine, {
    version: "1.2.3",
    out: (bytes) => {
      out += Buffer.from(bytes, "latin1").toString("utf8");
    },
    err: () => {},
    colour: { out: false },
  });
  expect(out).toContain("fail before the first step");
  expect(out).toContain("since HEAD, which is of the C API:\noriginal: builds (capi)");
  expect(out).toMatch(/\n3\/3 FAILED function-2: Step 2.*\n {4}a test that passed before fails \(hybrid\)\n/);
  expect(status).toBe(1);
});

test("without a history, a fault in a project that is HPy already is told as it is", async () => {
  const root = capiPackage();
  for (const change of planOf([LEAKS]).steps[0]?.changes ?? []) writeFileSync(join(root, change.path), change.after);
  const { status, out } = await verify(root, []);
  expect(out).toContain("2 handles for 70000, made in one_impl (src/probe.c:4)");
  expect(out).toMatch(/not green: there is no step to check, and handles are never closed\n$/);
  expect(status).toBe(1);
  expect((await verifyJson(root, [])).green).toBe(false);
});

test("tests that fail before are listed and not blamed on a step", async () => {
  const failing = "def test_never():\n    assert False\n";
  const root = capiPackage({ "tests/test_other.py": failing });
  const { status, out } = await verify(root, [GOOD], "--abi", "cpython");
  expect(out).toContain(
    "  fail before the first step, and are not blamed on any:\n    tests/test_other.py::test_never\n",
  );
  expect(out).toContain("1/1 ok ");
  expect(status).toBe(0);
});

test("a test that fails now and then is told, and not blamed on a step", async () => {
  const state = join(directoryWith({}), "runs");
  // It fails in the second run only: the first after the first step.
  const flaky = `def test_flaky():
    with open(${JSON.stringify(state)}, "a+") as f:
        f.write("x"); f.seek(0)
        assert len(f.read()) != 2
`;
  const result = await verifyJson(capiPackage({ "tests/test_flaky.py": flaky }), [GOOD], "--abi", "cpython");
  expect(verdicts(result)).toEqual(["green"]);
  expect(result.steps[0]?.unstable).toEqual(["tests/test_flaky.py::test_flaky"]);
});

test("an original that does not build is no step's fault", async () => {
  const root = capiPackage({ "src/probe.c": "#error this needs a library\n" });
  const { status, out } = await verify(root, [GOOD]);
  expect(status).toBe(1);
  expect(out).toMatch(/^original: failed\n {4}the original does not build\n {6}src\/probe\.c:1:2: error: #error/);
});

test("modules that the tests never load are told", async () => {
  const root = capiPackage({ "tests/test_probe.py": "def test_nothing():\n    pass\n" });
  const { out } = await verify(root, [GOOD], "--abi", "cpython");
  expect(out).toContain("  modules that the tests do not load:\n    probe\n");
});

test("a test command that runs nothing proves nothing", async () => {
  const root = capiPackage({ "tests/test_probe.py": "" });
  const { status, out } = await verify(root, [GOOD]);
  expect(status).toBe(1);
  expect(out).toContain("the test command ran no test");
});

test("tests that all fail prove nothing", async () => {
  const root = capiPackage({ "tests/test_probe.py": "import nowhere\n" });
  const { status, out } = await verify(root, [GOOD]);
  expect(status).toBe(1);
  expect(out).toContain("no test of the original passes, so none can tell against a step");
  expect(out).toContain("No module named 'nowhere'");
});

test("modules that the build does not make are told", async () => {
  const root = capiPackage();
  const plan: Engine["plan"] = async () => {
    const made = planOf([GOOD]);
    const [module] = made.modules;
    return module === undefined ? made : { ...made, modules: [module, { ...module, name: "elsewhere" }] };
  };
  let out = "";
  const status = await run(["verify", root, "--abi", "cpython"], async () => ({ plan }) as Engine, {
    version: "1.2.3",
    out: (bytes) => {
      out += Buffer.from(bytes, "latin1").toString("utf8");
    },
    err: () => {},
    colour: { out: false },
  });
  expect(out).toContain("modules that the build does not make here, whose steps are not verified:\n    elsewhere\n");
  expect(status).toBe(0);
});

test("a project that nobody knows how to build is bad usage", async () => {
  const root = directoryWith({ "probe.c": "PyInit_" });
  const { status, err } = await verify(root, [GOOD]);
  expect(status).toBe(2);
  expect(err).toContain("say how to build with --build");
});

test("an interpreter that does not exist is bad usage", async () => {
  const { status, err } = await verify(capiPackage(), [GOOD], "--python", "/nowhere/python3");
  expect(status).toBe(2);
  expect(err).toContain("/nowhere/python3: no such interpreter");
});

test("commands come from [tool.hpy-migrate] too", async () => {
  const settings = `[tool.hpy-migrate]
build = "echo mine; python setup.py build_ext --inplace --force"
test = "python -c 'from tiny import probe; probe.one()'"
`;
  const result = await verify(capiPackage({ "pyproject.toml": settings }), [GOOD], "--abi", "cpython");
  expect(result.out).toContain("the test command succeeds");
  expect(result.status).toBe(0);
});

test("a build that installs changes only an environment of its own", async () => {
  const build = "python setup.py develop";
  const result = await verifyJson(capiPackage(), [GOOD], "--abi", "cpython", "--build", build);
  expect(result.green).toBe(true);
  const again = await verifyJson(
    capiPackage(),
    [GOOD],
    "--abi",
    "cpython",
    "--test",
    "python -c 'import tiny.nothing'",
  );
  expect(again.baseline.failure?.message).toBe(
    "the original's test command fails (status 1) and does not say which tests do",
  );
});

test.each(["SIGINT", "SIGKILL"] as const)("%s leaves no process and no scratch tree", async (signal) => {
  const marks = directoryWith({});
  const pidFile = join(marks, "pid");
  const root = capiPackage();
  const command = `echo $$ > ${pidFile}; sleep 600`;
  const before = contentsOf(root);
  const environment = { ...process.env, HPY_MIGRATE_CACHE: cacheDirectory() };
  const args = ["--import", "tsx", join(ROOT, "cli", "main.ts"), "verify", root, "--test", command];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: "ignore", env: environment });
  const exited = new Promise<number | null>((resolve) => child.on("exit", resolve));
  const until = async (condition: () => boolean): Promise<boolean> => {
    for (let i = 0; i < 600 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
    return condition();
  };
  expect(await until(() => existsSync(pidFile) && readFileSync(pidFile, "utf8").endsWith("\n"))).toBe(true);
  const pid = readFileSync(pidFile, "utf8").trim();
  child.kill(signal);
  expect(await exited).toBe(signal === "SIGINT" ? 130 : null);
  const trees = (): string[] =>
    readdirSync(join(cacheDirectory(), "verify")).filter((n) => n.startsWith(`${child.pid}-`));
  expect(await until(() => !existsSync(`/proc/${pid}`) && trees().length === 0)).toBe(true);
  expect(contentsOf(root)).toEqual(before);
  writeFileSync(pidFile, "");
});
