import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { contents, git, hpyMigrate, makeRepository, scratch } from "./command-line.ts";

const THREE = "PyInit_m\nint todo_one;\nint stay_two;\nint todo_three;\nint todo_noted;\n";

describe("the bare command", () => {
  test("says what is here, what comes next and what stays, and writes nothing", async () => {
    const root = scratch({ "m.c": THREE });
    const { status, out, err } = await hpyMigrate(root);
    expect(status).toBe(0);
    expect(out).toContain("1 extension module");
    expect(out).toContain("4 functions: 3 to move, 1 staying legacy");
    expect(out).toContain("3 steps to go");
    expect(out).toContain("hpy-migrate diff shows function-one");
    expect(out).toContain("1  not-today  it is asked to stay, as at m.c:3");
    expect(out).toContain("3 steps to go +3 -3 lines in 1 file");
    expect(out).toContain("0 % HPy today, 75 % once all steps are applied");
    expect(err).toBe("C-API sites: 4 found = 3 rewritten + 1 kept legacy (1 not-today) + 0 suppressed + 0 unparsed\n");
    expect(contents(root)).toEqual({ "m.c": THREE });
  });

  test("fits on one screen however large the project is", async () => {
    const names = Array.from({ length: 300 }, (_, index) => `todo_f${index}; stay_g${index};\n`);
    const { out } = await hpyMigrate(scratch({ "m.c": `PyInit_m\n${names.join("")}` }));
    expect(out.split("\n").length).toBeLessThan(40);
    expect(out).toContain("and 296 more steps");
  });

  test("says that a finished project is finished", async () => {
    const { status, out } = await hpyMigrate(scratch({ "m.c": "PyInit_m done_one" }));
    expect(status).toBe(0);
    expect(out).toContain("Everything has moved: no step is left.");
  });

  test("code that could not be parsed is told even with --quiet", async () => {
    const { status, err } = await hpyMigrate("--quiet", scratch({ "m.c": "PyInit_m @@@" }));
    expect(status).toBe(0);
    expect(err).toBe("hpy-migrate: 1 C-API site in code that could not be parsed; hpy-migrate plan says where\n");
  });
});

describe("plan", () => {
  test("lists steps in order, and each function with its status", async () => {
    const { status, out } = await hpyMigrate("plan", scratch({ "src/m.c": THREE }));
    expect(status).toBe(0);
    const steps = out.slice(out.indexOf("3 steps, in this order"));
    expect(steps.indexOf("1  function-one")).toBeLessThan(steps.indexOf("2  function-three"));
    expect(out).toContain("pure    one  src/m.c:2 via function-one");
    expect(out).toContain("legacy  two  src/m.c:3");
    expect(out).toContain("line 3 not-today: it is asked to stay");
  });

  test("--json follows the documented schema, with paths relative to PATH", async () => {
    const { out } = await hpyMigrate("plan", "--json", scratch({ "src/m.c": THREE }));
    const plan = JSON.parse(out);
    expect(plan).toMatchObject({
      schema: 1,
      hpy: "0.9",
      totals: { functions: 4, pure: 3, bridged: 0, legacy: 1, steps: 3 },
    });
    expect(plan.modules[0].functions[1]).toEqual({
      name: "two",
      file: "src/m.c",
      line: 3,
      kind: "method",
      status: "legacy",
      via: null,
      refusals: [{ id: "not-today", line: 3, message: "it is asked to stay" }],
    });
    expect(plan.modules[0].steps[0]).toEqual({
      id: "function-one",
      title: "Move one to HPy",
      kind: "function",
      files: ["src/m.c"],
      insertions: 1,
      deletions: 1,
      notes: [],
    });
  });

  test("gives the same bytes for the same input", async () => {
    const root = scratch({ "b.c": THREE, "a.c": "todo_x" });
    expect(await hpyMigrate("plan", "--json", root)).toEqual(await hpyMigrate("plan", "--json", root));
  });
});

describe("diff", () => {
  test("prints the next step, and nothing else on stdout", async () => {
    const { status, out } = await hpyMigrate("diff", scratch({ "m.c": "PyInit_m\ntodo_one\ntodo_two\n" }));
    expect(status).toBe(0);
    expect(out).toBe(
      "diff --git a/m.c b/m.c\n--- a/m.c\n+++ b/m.c\n@@ -1,3 +1,3 @@\n PyInit_m\n-todo_one\n+done_one\n todo_two\n",
    );
  });

  test("selects", async () => {
    const root = scratch({ "m.c": THREE });
    const added = async (...args: string[]) => {
      const { out } = await hpyMigrate("diff", ...args, root);
      return [...out.matchAll(/^\+int done_(\w+)/gm)].map((match) => match[1]);
    };
    expect(await added()).toEqual(["one"]);
    expect(await added("--step", "function-three")).toEqual(["three"]);
    expect(await added("--through", "function-three")).toEqual(["one", "three"]);
    expect(await added("--function", "three")).toEqual(["one", "three"]);
    expect(await added("--all")).toEqual(["one", "three", "noted"]);
  });

  test("refuses what it cannot select, with exit status 2", async () => {
    const root = scratch({ "m.c": `${THREE} done_four` });
    const message = async (...args: string[]) => {
      const { status, out, err } = await hpyMigrate("diff", ...args, root);
      expect([status, out]).toEqual([2, ""]);
      return err;
    };
    expect(await message("--step", "x")).toBe(
      'hpy-migrate: no step "x"; the next one is "function-one", hpy-migrate plan lists all\n',
    );
    expect(await message("--function", "x")).toBe('hpy-migrate: no function "x" that uses the C API\n');
    expect(await message("--function", "two")).toBe(
      'hpy-migrate: function "two" stays legacy (not-today: it is asked to stay)\n',
    );
    expect(await message("--function", "four")).toBe('hpy-migrate: function "four" has moved already\n');
    expect(await message("--all", "--step", "x")).toContain("exclude each other");
  });

  test("an empty diff when nothing is left", async () => {
    const { status, out, err } = await hpyMigrate("diff", scratch({ "m.c": "PyInit_m done_one" }));
    expect([status, out]).toEqual([0, ""]);
    expect(err).toContain("no step is left");
  });

  test("keeps latin-1 bytes, CRLF and a missing final newline", async () => {
    const { out } = await hpyMigrate("diff", scratch({ "m.c": "PyInit_m\r\n/* \xe9\xff */\r\ntodo_one" }));
    expect(out).toContain(" /* \xe9\xff */\r\n-todo_one\n\\ No newline at end of file\n+done_one\n");
  });
});

describe("diff --out", () => {
  const FILES = {
    "m.c": "PyInit_m\nint todo_one;\nint todo_two;\n",
    "sub dir/caf\xe9.c": "/* \xe9\xa4 latin-1 */\nint todo_three;",
    "crlf.c": "one\r\nint todo_noted;\r\n",
  };

  test("writes patches that git apply takes", async () => {
    const root = scratch(FILES);
    makeRepository(root);
    const out = join(scratch(), "patches");
    const made = await hpyMigrate("diff", "--all", "--out", out, root);
    expect(made.status).toBe(0);
    const patches = made.out.trim().split("\n");
    expect(patches).toHaveLength(4);
    for (const patch of patches) git(root, "apply", "--whitespace=error-all", patch);
    const wanted = scratch(FILES);
    expect((await hpyMigrate("apply", "--all", wanted)).status).toBe(0);
    expect(contents(root)).toEqual(contents(wanted));
    expect(Object.values(contents(root)).join("")).not.toContain("todo_");
  });

  test("writes mails that git am turns into one commit each", async () => {
    const root = scratch(FILES);
    makeRepository(root);
    const out = scratch();
    const made = await hpyMigrate("diff", "--all", "--out", out, root);
    expect(made.err).toContain("git am --keep-cr");
    git(root, "am", "--quiet", "--keep-cr", ...made.out.trim().split("\n"));
    expect(git(root, "log", "--format=%s|%an|%aI", "-4").trim().split("\n").reverse()).toContain(
      "Move one to HPy|hpy-migrate|2000-01-01T00:00:00+00:00",
    );
    expect(git(root, "log", "--format=%B")).toContain("- the text of one error changes");
    expect(git(root, "status", "--porcelain")).toBe("");
    expect(Object.values(contents(root)).join("")).not.toContain("todo_");
  });

  test("gives the same bytes on every run, and the given date", async () => {
    const root = scratch(FILES);
    const [first, second] = [scratch(), scratch()];
    await hpyMigrate("diff", "--all", "--out", first, root);
    await hpyMigrate("diff", "--all", "--out", second, root);
    expect(contents(first)).toEqual(contents(second));
    await hpyMigrate("diff", "--all", "--out", second, "--date", "2024-05-31", root);
    expect(Object.values(contents(second))[0]).toContain("Date: Fri, 31 May 2024 00:00:00 +0000\n");
  });

  test("does not mix with another series", async () => {
    const out = scratch({ "0007-other.patch": "" });
    const { status, err } = await hpyMigrate("diff", "--out", out, scratch(FILES));
    expect(status).toBe(2);
    expect(err).toContain("0007-other.patch: is of another series; nothing was written");
    expect(Object.keys(contents(out))).toEqual(["0007-other.patch"]);
  });
});

describe("apply", () => {
  test("writes the next step only, then the next", async () => {
    const root = scratch({ "m.c": THREE });
    const first = await hpyMigrate("apply", root);
    expect(first.status).toBe(0);
    expect(first.out).toContain("function-one: Move one to HPy (+1 -1)");
    expect(first.err).toContain("2 steps left");
    expect(contents(root)["m.c"]).toBe(THREE.replace("todo_one", "done_one"));
    await hpyMigrate("apply", root);
    expect(contents(root)["m.c"]).toBe(THREE.replace("todo_one", "done_one").replace("todo_three", "done_three"));
  });

  test("--all finishes, and a second run changes nothing", async () => {
    const root = scratch({ "m.c": THREE });
    expect((await hpyMigrate("apply", "--all", root)).status).toBe(0);
    const finished = contents(root);
    expect(finished["m.c"]).toBe(THREE.replaceAll("todo_", "done_"));
    const again = await hpyMigrate("apply", "--all", root);
    expect(again.status).toBe(0);
    expect(again.err).toContain("no step is left");
    expect(contents(root)).toEqual(finished);
  });

  test("a step out of order is refused with what it builds on", async () => {
    const root = scratch({ "m.c": THREE });
    const { status, err } = await hpyMigrate("apply", "--step", "function-three", root);
    expect(status).toBe(2);
    expect(err).toBe(
      'hpy-migrate: step "function-three" builds on function-one; --through function-three writes them all\n',
    );
    expect(contents(root)["m.c"]).toBe(THREE);
  });

  test("--json tells what was applied", async () => {
    const { out } = await hpyMigrate("apply", "--json", "--all", scratch({ "m.c": THREE }));
    expect(JSON.parse(out).applied.map((step: { id: string }) => step.id)).toEqual([
      "function-one",
      "function-three",
      "function-noted",
    ]);
  });

  test("--commit makes one commit per step, of the step's files only", async () => {
    const root = scratch({ "m.c": THREE, "notes.txt": "x" });
    makeRepository(root);
    const { status } = await hpyMigrate("apply", "--all", "--commit", root);
    expect(status).toBe(0);
    expect(git(root, "log", "--format=%s").trim().split("\n")).toEqual([
      "Move noted to HPy",
      "Move three to HPy",
      "Move one to HPy",
      "Start",
    ]);
    expect(git(root, "show", "--stat", "--format=", "HEAD")).toContain("m.c | 2 +-");
  });

  test("--commit refuses a dirty tree, unless --allow-dirty", async () => {
    const root = scratch({ "m.c": THREE, "other.c": "a" });
    makeRepository(root);
    writeFileSync(join(root, "other.c"), "b");
    const refused = await hpyMigrate("apply", "--commit", root);
    expect(refused.status).toBe(2);
    expect(refused.err).toContain("1 uncommitted change");
    expect(contents(root)["m.c"]).toBe(THREE);
    const allowed = await hpyMigrate("apply", "--commit", "--allow-dirty", root);
    expect(allowed.status).toBe(0);
    expect(git(root, "status", "--porcelain").trim()).toBe("M other.c");
  });

  test("--commit outside a repository, and with a failing hook, writes nothing", async () => {
    const outside = scratch({ "m.c": THREE });
    const refused = await hpyMigrate("apply", "--commit", outside);
    expect([refused.status, refused.err]).toEqual([2, "hpy-migrate: --commit: not in a git repository\n"]);
    expect(contents(outside)["m.c"]).toBe(THREE);

    const root = scratch({ "m.c": THREE });
    makeRepository(root);
    const hook = join(scratch({ "pre-commit": "#!/bin/sh\necho not on a Sunday >&2\nexit 1\n" }), "pre-commit");
    chmodSync(hook, 0o755);
    git(root, "config", "core.hooksPath", dirname(hook));
    const failed = await hpyMigrate("apply", "--commit", root);
    expect(failed.status).toBe(2);
    expect(failed.err).toBe("hpy-migrate: git commit: not on a Sunday\n");
    expect(contents(root)["m.c"]).toBe(THREE);
    expect(git(root, "status", "--porcelain")).toBe("");
  });
});

describe("explain", () => {
  test("prints title, text and example", async () => {
    const { status, out } = await hpyMigrate("explain", "not-today");
    expect(status).toBe(0);
    expect(out).toBe("not-today (refusal): It stays\n\nBecause it was asked to.\n\nbefore\na();\n\nafter\na();\n");
  });

  test("an unknown id is bad usage", async () => {
    expect(await hpyMigrate("explain", "nonsense")).toEqual({
      status: 2,
      out: "",
      err: 'hpy-migrate: nothing is called "nonsense"\n',
    });
  });
});

describe("usage", () => {
  test("--version and --help are results", async () => {
    expect(await hpyMigrate("--version")).toEqual({ status: 0, out: "1.2.3\n", err: "" });
    const help = await hpyMigrate("--help");
    expect([help.status, help.err]).toEqual([0, ""]);
    for (const command of ["plan", "diff", "apply", "explain"]) expect(help.out).toContain(`  ${command} `);
  });

  test("the README tells of every command and of no other", async () => {
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    const told = [...readme.matchAll(/^ {4}npx hpy-migrate ([a-z]+)/gm)].map((match) => match[1]);
    const { out } = await hpyMigrate("--help");
    const listed = [...out.slice(out.indexOf("Commands:")).matchAll(/^ {2}([a-z]+) /gm)].map((match) => match[1]);
    expect(told).toEqual(listed);
  });

  test.each([
    [["--frobnicate"], "unknown option '--frobnicate'"],
    [["plan", ".", "extra"], "too many arguments"],
    [["--hpy", "1.0"], "The only known version is 0.9."],
    [["-j", "0"], "positive whole number"],
    [["diff", "--step"], "argument missing"],
    [["diff", "--date", "soon", "--out", "x"], "must be a date"],
    [["explain"], "missing required argument 'id'"],
  ])("%j is bad usage: one line, status 2", async (args, message) => {
    const { status, out, err } = await hpyMigrate(...args);
    expect([status, out]).toEqual([2, ""]);
    expect(err).toContain(message);
    expect(err.trim().split("\n")).toHaveLength(1);
    expect(err.startsWith("hpy-migrate: ")).toBe(true);
  });
});
