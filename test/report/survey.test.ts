/** Surveys with the real engine in processes of their own. */
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zipSync } from "fflate";
import { create } from "tar";
import { describe, expect, test } from "vitest";
import { type SurveyOptions, survey } from "../../cli/survey-command.ts";
import { hpyMigrate, scratch } from "../cli/command-line.ts";

const MODULE = `#include <Python.h>

static PyObject *
answer(PyObject *self, PyObject *args)
{
    return PyLong_FromLong(42);
}

static PyMethodDef methods[] = {
    {"answer", answer, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL}
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "NAME", NULL, -1, methods};

PyMODINIT_FUNC
PyInit_NAME(void)
{
    return PyModule_Create(&definition);
}
`;

const SETUP =
  'from setuptools import Extension, setup\nsetup(name="NAME", version="1.5", ext_modules=[Extension("NAME", ["NAME.c"])])\n';

function sources(name: string): Record<string, string> {
  return {
    [`${name}.c`]: MODULE.replaceAll("NAME", name),
    "setup.py": SETUP.replaceAll("NAME", name),
    "PKG-INFO": `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.5\n`,
  };
}

function addTree(root: string, name: string): void {
  mkdirSync(join(root, name), { recursive: true });
  for (const [path, text] of Object.entries(sources(name))) writeFileSync(join(root, name, path), text);
}

interface Line {
  readonly schema: number;
  readonly source: string;
  readonly name: string;
  readonly version: string | null;
  readonly error?: string;
  readonly assessment?: { readonly standing: { readonly functions: number } };
}

async function run(given: string, options: Partial<SurveyOptions>): Promise<{ lines: Line[]; err: string }> {
  let out = "";
  let err = "";
  const result = await survey(
    given,
    { jobs: 2, timeout: 200, exclude: [], hpy: "0.9", ...options },
    {
      print: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
    },
  );
  expect(result).toEqual({ ok: true, value: 0 });
  const text = options.out === undefined ? out : readFileSync(options.out, "utf8");
  const lines = text
    .split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => JSON.parse(line) as Line);
  return { lines: lines.sort((a, b) => (a.source < b.source ? -1 : 1)), err };
}

const LONG = 300_000;

describe("a directory", () => {
  test("trees and archives are assessed, broken ones are told, and the report takes the lines", {
    timeout: LONG,
  }, async () => {
    const root = scratch({ "empty/readme.txt": "", "torn-2.0.tar.gz": "no archive" });
    addTree(root, "plain");
    addTree(root, "packed");
    await create({ cwd: root, gzip: true, file: join(root, "packed-1.5.tar.gz") }, ["packed"]);
    rmSync(join(root, "packed"), { recursive: true });
    const zipped = Object.entries(sources("zipped")).map(([path, text]) => [`zipped-1.5/${path}`, Buffer.from(text)]);
    const outside = ["zipped-1.5/../../evil.c", Buffer.from("Py")];
    writeFileSync(join(root, "zipped-1.5.zip"), zipSync(Object.fromEntries([...zipped, outside])));

    const { lines, err } = await run(root, {});
    expect(lines.map(({ source, name, version }) => [source, name, version])).toEqual([
      ["empty", "empty", null],
      ["packed-1.5.tar.gz", "packed", "1.5"],
      ["plain", "plain", "1.5"],
      ["torn-2.0.tar.gz", "torn", "2.0"],
      ["zipped-1.5.zip", "zipped", "1.5"],
    ]);
    for (const source of ["packed-1.5.tar.gz", "plain", "zipped-1.5.zip"])
      expect(lines.find((line) => line.source === source)?.assessment?.standing.functions).toBe(2);
    expect(lines.filter((line) => line.error !== undefined).map(({ source }) => source)).toEqual([
      "empty",
      "torn-2.0.tar.gz",
    ]);
    expect(lines[0]?.error).toBe("no Python extension module found");
    expect(err).toBe("hpy-migrate: 5 source trees surveyed, 2 of them failed\n");

    const file = join(root, "lines.jsonl");
    writeFileSync(file, lines.map((line) => JSON.stringify(line)).join("\n"));
    const { status, out } = await hpyMigrate("report", file);
    expect(status).toBe(0);
    expect(out).toContain("failed torn:");
    expect(out).toContain("5 projects, 6 functions");
  });
});

describe("a list", () => {
  test("goes on where an earlier run stopped, even in the middle of a line", { timeout: LONG }, async () => {
    const root = scratch({ list: "# packages\none\n\ntwo\none\n" });
    addTree(root, "one");
    addTree(root, "two");
    const out = join(root, "lines.jsonl");
    writeFileSync(
      out,
      `${JSON.stringify({ schema: 1, source: "one", name: "kept", version: null, error: "earlier" })}\n`,
    );
    appendFileSync(out, '{"schema":1,"source":"two","na');
    const { lines, err } = await run(join(root, "list"), { out });
    expect(lines.map(({ source, name }) => [source, name])).toEqual([
      ["one", "kept"],
      ["two", "two"],
    ]);
    expect(err).toBe("hpy-migrate: 1 source tree surveyed, 1 were there before\n");
    const again = await run(join(root, "list"), { out, retryFailed: true });
    expect(again.lines.map(({ name, error }) => [name, error])).toEqual([
      ["kept", "earlier"],
      ["one", undefined],
      ["two", undefined],
    ]);
  });

  test("shards are disjoint and complete", async () => {
    const root = scratch({ list: ["a", "b", "c", "d", "e"].join("\n") });
    const shard = async (index: number): Promise<string[]> =>
      (await run(join(root, "list"), { shard: { index, of: 3 } })).lines.map(({ source }) => source);
    expect([await shard(1), await shard(2), await shard(3)]).toEqual([["a", "d"], ["b", "e"], ["c"]]);
  });

  test("a tree that takes too long is given up, and the next one is assessed", { timeout: LONG }, async () => {
    const root = scratch({ list: "slow\n" });
    addTree(root, "slow");
    const { lines } = await run(join(root, "list"), { timeout: 0.001 });
    expect(lines.map(({ error }) => error)).toEqual(["not assessed within 0.001 s"]);
  });
});

test("bad usage is told with status 2", async () => {
  const root = scratch({});
  expect((await hpyMigrate("survey", join(root, "missing"))).status).toBe(2);
  expect((await hpyMigrate("survey", "--shard", "5/4", root)).status).toBe(2);
  expect((await hpyMigrate("report", join(root, "missing"))).status).toBe(2);
});

describe("history", () => {
  test("counts the commits of a repository that never saw the tool, in a folder of it too", {
    timeout: LONG,
  }, async () => {
    const root = scratch({ "ext/m.c": "PyInit_m todo_one todo_two\n" });
    const git = (date: string, ...args: string[]): void => {
      const env = { ...process.env, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date, GIT_CONFIG_GLOBAL: "/dev/null" };
      const identity = ["-c", "user.name=T", "-c", "user.email=t@localhost"];
      const done = spawnSync("git", [...identity, ...args], { cwd: root, env, encoding: "utf8" });
      expect(done.status, done.stderr).toBe(0);
    };
    git("2024-01-01T00:00:00Z", "init", "--quiet");
    const commit = (date: string, text: string): void => {
      writeFileSync(join(root, "ext/m.c"), text);
      git(date, "add", ".");
      git(date, "commit", "--quiet", "--message", `At ${date}`);
    };
    commit("2024-01-01T00:00:00Z", "PyInit_m todo_one todo_two\n");
    commit("2024-01-08T00:00:00Z", "PyInit_m done_one todo_two\n");
    writeFileSync(join(root, "ext/notes.txt"), "no source");
    git("2024-01-09T00:00:00Z", "add", ".");
    git("2024-01-09T00:00:00Z", "commit", "--quiet", "--message", "No source");
    commit("2024-01-15T00:00:00Z", "PyInit_m done_one done_two stay_three\n");

    const points = async (...args: string[]): Promise<unknown[]> => {
      const before = process.env.XDG_CACHE_HOME;
      process.env.XDG_CACHE_HOME = join(root, "cache");
      try {
        const { status, out, err } = await hpyMigrate("report", "--json", "--history", ...args, join(root, "ext"));
        expect(status, err).toBe(0);
        const { history } = JSON.parse(out).projects[0];
        return history.points.map((point: { time: number; capi: number; pure: number }) => [
          new Date(point.time * 1000).toISOString().slice(0, 10),
          point.capi,
          point.pure,
        ]);
      } finally {
        process.env.XDG_CACHE_HOME = before ?? "";
      }
    };
    const all = [
      ["2024-01-01", 2, 0],
      ["2024-01-08", 1, 1],
      ["2024-01-15", 1, 2],
    ];
    expect(await points()).toEqual(all);
    expect(readFileSync(join(root, "cache/hpy-migrate/function-counts-1.tsv"), "utf8").trim().split("\n")).toHaveLength(
      3,
    );
    expect(await points()).toEqual(all);
    expect(await points("--max", "2")).toEqual([all[0], all[2]]);
    expect(await points("--since", "2024-01-05T00:00:00Z")).toEqual(all.slice(1));
  });
});
