/** Input that is not what it should be: one clear line, the right exit status, and nothing half-written. */
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readProject } from "../../cli/project.ts";
import { writeChanges } from "../../cli/write-files.ts";
import { contents, hpyMigrate, scratch } from "./command-line.ts";

const MODULE = "PyInit_m\nint todo_one;\n";

/** Runs every command that reads a project and expects all of them to fail with one and the same line. */
async function refusal(path: string): Promise<string> {
  const messages = new Set<string>();
  for (const command of [[], ["plan"], ["plan", "--json"], ["diff"], ["apply", "--all"]]) {
    const { status, out, err } = await hpyMigrate(...command, path);
    expect([command, status, out]).toEqual([command, 2, ""]);
    messages.add(err);
  }
  expect(messages.size).toBe(1);
  const [message = ""] = messages;
  expect(message.trimEnd().split("\n")).toHaveLength(1);
  return message.replaceAll(path, "PATH");
}

function pathsRead(root: string, exclude: readonly string[] = []): string[] {
  const project = readProject(root, { exclude });
  if (!project.ok) throw new Error(project.message);
  return project.value.input.files.map((file) => file.path);
}

describe("what is no project", () => {
  test("a missing path", async () => {
    expect(await refusal(join(scratch(), "missing"))).toBe("hpy-migrate: PATH: no such file or directory\n");
  });

  test("a file that is not C", async () => {
    const root = scratch({ "notes.txt": "PyInit_m" });
    expect(await refusal(join(root, "notes.txt"))).toBe("hpy-migrate: PATH: is not a C or C++ file\n");
  });

  test("a directory without an extension", async () => {
    const root = scratch({ "a.c": "int main(void) { return 0; }", "b.py": "" });
    expect(await refusal(root)).toBe("hpy-migrate: PATH: no Python extension module found\n");
  });

  test("an empty directory", async () => {
    expect(await refusal(scratch())).toBe("hpy-migrate: PATH: no Python extension module found\n");
  });

  test("a path through a file, and a loop of links", async () => {
    const root = scratch({ "m.c": MODULE });
    symlinkSync("loop", join(root, "loop"));
    expect(await refusal(join(root, "m.c", "x"))).toBe("hpy-migrate: PATH: not a directory\n");
    expect(await refusal(join(root, "loop"))).toBe("hpy-migrate: PATH: too many levels of symbolic links\n");
  });
});

describe("files that cannot be analysed", () => {
  test("NUL bytes in a file that uses Python stop the run, and --exclude goes round it", async () => {
    const root = scratch({ "m.c": MODULE, "bad.c": "PyObject *x;\0" });
    expect(await refusal(root)).toBe(
      "hpy-migrate: bad.c: contains NUL bytes, so it is not C text; leave it out with --exclude bad.c\n",
    );
    expect((await hpyMigrate("apply", "--exclude", "bad.c", root)).status).toBe(0);
    expect(contents(root)).toEqual({ "m.c": MODULE.replace("todo", "done"), "bad.c": "PyObject *x;\0" });
  });

  test("NUL bytes in a file that has nothing to do with Python are worth one line", async () => {
    const { status, err } = await hpyMigrate("diff", scratch({ "m.c": MODULE, "table.inc": "\0\x01" }));
    expect(status).toBe(0);
    expect(err.split("\n")[0]).toBe("hpy-migrate: table.inc: contains NUL bytes, so it is not C text; left alone");
  });

  test("a generated file of 20 MB", async () => {
    const line = "static const int table_entry = 12345;\n";
    const big = line.repeat(Math.ceil((20 * 1024 * 1024) / line.length));
    const root = scratch({ "m.c": MODULE, "big.c": big });
    const { status, err } = await hpyMigrate("plan", root);
    expect(status).toBe(0);
    expect(err.split("\n")[0]).toBe(
      "hpy-migrate: big.c: 20.0 MB is more than the 16 MB that can be analysed; left alone",
    );
    writeFileSync(join(root, "big.c"), `${big}PyObject *last;`);
    expect(await refusal(root)).toBe(
      "hpy-migrate: big.c: 20.0 MB is more than the 16 MB that can be analysed; leave it out with --exclude big.c\n",
    );
  });

  test("links: loops are not followed, targets inside are read once, dangling ones are told", async () => {
    const root = scratch({ "src/m.c": MODULE });
    symlinkSync("..", join(root, "src", "up"));
    symlinkSync("m.c", join(root, "src", "again.c"));
    symlinkSync("self.c", join(root, "self.c"));
    symlinkSync("gone.c", join(root, "dangling.c"));
    expect(pathsRead(root)).toEqual(["src/m.c"]);
    const { status, err } = await hpyMigrate("diff", root);
    expect(status).toBe(0);
    expect(err.split("\n").slice(0, 2)).toEqual([
      "hpy-migrate: dangling.c: no such file or directory; left alone",
      "hpy-migrate: self.c: too many levels of symbolic links; left alone",
    ]);
  });

  test("a file behind a link out of the project is read and never written", async () => {
    const outside = scratch({ "m.c": MODULE });
    const root = scratch();
    symlinkSync(join(outside, "m.c"), join(root, "m.c"));
    const { status, err } = await hpyMigrate("apply", root);
    expect([status, err]).toEqual([
      2,
      "hpy-migrate: m.c: is a symbolic link out of the project; nothing was written\n",
    ]);
    expect(contents(outside)).toEqual({ "m.c": MODULE });
  });
});

describe("bytes", () => {
  test.each([
    ["mixed line ends", "PyInit_m\r\nint todo_one;\n/* x */\r\n"],
    ["latin-1", "PyInit_m\n/* caf\xe9 \xff */ int todo_one;\n"],
    ["UTF-8", "PyInit_m\n/* caf\xc3\xa9 \xe2\x82\xac */ int todo_one;\n"],
    ["a byte order mark", "\xef\xbb\xbfPyInit_m\nint todo_one;\n"],
    ["no final newline", "PyInit_m\nint todo_one;"],
    ["a truncated file", "PyInit_m\nint todo_one(int x) {\n  if (x) {\n    /* never clo"],
  ])("%s survive", async (_, text) => {
    const root = scratch({ "m.c": text });
    expect((await hpyMigrate("apply", "--all", root)).status).toBe(0);
    expect(contents(root)).toEqual({ "m.c": text.replace("todo_one", "done_one") });
  });

  test("permission bits survive", async () => {
    const root = scratch({ "m.c": MODULE });
    chmodSync(join(root, "m.c"), 0o755);
    await hpyMigrate("apply", root);
    expect(statSync(join(root, "m.c")).mode & 0o777).toBe(0o755);
  });
});

describe("nothing half-written", () => {
  test("a read-only file stops the step before anything is written", async () => {
    const root = scratch({ "m.c": MODULE });
    chmodSync(join(root, "m.c"), 0o444);
    const { status, out, err } = await hpyMigrate("apply", root);
    expect([status, out, err]).toEqual([2, "", "hpy-migrate: m.c: is read-only; nothing was written\n"]);
    expect(contents(root)).toEqual({ "m.c": MODULE });
  });

  test("all files of a step or none", () => {
    const root = scratch({ "a.c": "old a", "b.c": "old b", file: "" });
    chmodSync(join(root, "b.c"), 0o444);
    const both = [
      { path: "a.c", before: "old a", after: "new a" },
      { path: "b.c", before: "old b", after: "new b" },
    ];
    expect(writeChanges(root, both)).toMatchObject({ ok: false, status: 2 });
    const impossible = [
      { path: "a.c", before: "old a", after: "new a" },
      { path: "file/new.c", before: null, after: "x" },
    ];
    expect(writeChanges(root, impossible)).toMatchObject({ ok: false, status: 2 });
    expect(contents(root)).toEqual({ "a.c": "old a", "b.c": "old b", file: "" });
  });

  test("files that were moved into place go back when a later one cannot be moved", () => {
    const root = scratch({ "a.c": "old a" });
    const changes = [
      { path: "a.c", before: "old a", after: "new a" },
      { path: "new.c", before: null, after: "x" },
    ];
    const blocked = {
      ...changes[1],
      path: "new.c",
      before: null,
      // Read when the new texts are written, which is after the targets were checked.
      get after(): string {
        mkdirSync(join(root, "new.c", "x"), { recursive: true });
        return "x";
      },
    };
    const result = writeChanges(root, [changes[0] as (typeof changes)[0], blocked]);
    expect(result).toMatchObject({ ok: false, status: 2 });
    rmSync(join(root, "new.c"), { recursive: true });
    expect(contents(root)).toEqual({ "a.c": "old a" });
    expect(readdirSync(root)).toEqual(["a.c"]);
  });

  test("a file that changed after it was read is not overwritten", () => {
    const root = scratch({ "a.c": "theirs" });
    const result = writeChanges(root, [{ path: "a.c", before: "read", after: "ours" }]);
    expect(result).toMatchObject({
      ok: false,
      message: "a.c: has changed since it was read; nothing was written, plan again",
    });
    expect(contents(root)).toEqual({ "a.c": "theirs" });
  });
});

describe("which files are read", () => {
  const TREE = {
    "setup.py": "",
    "pyproject.toml": "",
    "src/m.c": "",
    "src/m.h": "",
    "src/x.cpp": "",
    "src/templ.c.src": "",
    "src/m.py": "",
    "src/build/real.c": "",
    "build/temp/m.c": "",
    ".git/x.c": "",
    "node_modules/a/a.c": "",
    "venv2/pyvenv.cfg": "",
    "venv2/include/a.h": "",
    "vendor/zlib/z.c": "",
  };

  test("sources, headers and build files, but no build output and no environments", () => {
    expect(pathsRead(scratch(TREE))).toEqual([
      "pyproject.toml",
      "setup.py",
      "src/build/real.c",
      "src/m.c",
      "src/m.h",
      "src/templ.c.src",
      "src/x.cpp",
      "vendor/zlib/z.c",
    ]);
  });

  test.each(["vendor", "vendor/", "vendor/**", "**/zlib", "**/z.c", "vendor/*/z.?"])("--exclude %s", (pattern) => {
    expect(pathsRead(scratch(TREE), [pattern])).not.toContain("vendor/zlib/z.c");
    expect(pathsRead(scratch(TREE), [pattern])).toContain("src/m.c");
  });

  test("[tool.hpy-migrate] exclude in pyproject.toml", () => {
    const root = scratch({ ...TREE, "pyproject.toml": '[tool.hpy-migrate]\nexclude = ["vendor", "src/*.cpp"]\n' });
    expect(pathsRead(root)).not.toContain("vendor/zlib/z.c");
    expect(pathsRead(root)).not.toContain("src/x.cpp");
  });

  test.each([
    ["[tool.hpy-migrate]\nexclud = []\n", 'pyproject.toml: [tool.hpy-migrate] has no setting "exclud"'],
    ["[tool.hpy-migrate]\nexclude = 1\n", "pyproject.toml: [tool.hpy-migrate] exclude must be a list of strings"],
    ["[tool.hpy", "pyproject.toml: Invalid TOML document"],
  ])("a configuration that is wrong: %j", async (text, message) => {
    expect(await refusal(scratch({ "m.c": MODULE, "pyproject.toml": text }))).toContain(`hpy-migrate: ${message}`);
  });

  test("a single C file is a project with the headers and build files beside it", () => {
    const root = scratch({ "a.c": MODULE, "b.c": "", "a.h": "", "setup.py": "", "sub/c.h": "" });
    expect(pathsRead(join(root, "a.c"))).toEqual(["a.c", "a.h", "setup.py"]);
  });
});
