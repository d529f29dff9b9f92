/** The published package: installed from its tarball in an empty folder, without install scripts and without a compiler. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client } from "./lsp/client.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");

interface PackedFile {
  readonly path: string;
  readonly mode: number;
}

let scratch: string;
let project: string;
let packed: { readonly filename: string; readonly size: number; readonly files: readonly PackedFile[] };
let env: NodeJS.ProcessEnv;

/** Where a command is on the path of the tests themselves. */
function which(command: string): string {
  const found = (process.env.PATH ?? "").split(delimiter).find((directory) => existsSync(join(directory, command)));
  if (!found) throw new Error(`${command} is not on the path`);
  return realpathSync(join(found, command));
}

function installed(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(join(scratch, "bin", command), args, {
    cwd,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "hpy-migrate-package-"));
  const output = execFileSync("npm", ["pack", "--json", "--pack-destination", scratch], {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  // The build that runs before packing may print lines of its own first.
  [packed] = JSON.parse(output.slice(output.indexOf("[\n"))) as [typeof packed];

  const bin = join(scratch, "bin");
  mkdirSync(bin);
  for (const command of ["node", "npm", "npx", "sh"]) symlinkSync(which(command), join(bin, command));
  env = { ...process.env, PATH: bin };
  project = join(scratch, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), "{}");
  const tarball = join(scratch, packed.filename);
  installed("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", tarball], project);
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test("holds the compiled program, the two grammars, the pages that editors show, the licence and the README, and nothing else", () => {
  const paths = packed.files.map((file) => file.path);
  expect(paths).toEqual(
    expect.arrayContaining([
      "LICENSE",
      "README.md",
      "package.json",
      "dist/cli/main.js",
      "dist/wasm/tree-sitter-c.wasm",
      "dist/wasm/tree-sitter-cpp.wasm",
    ]),
  );
  const unexpected = paths.filter(
    (path) =>
      !["LICENSE", "README.md", "package.json"].includes(path) && !/^dist\/(.*\.(js|wasm)|docs\/\w+\.md)$/.test(path),
  );
  expect(unexpected).toEqual([]);
  expect(paths.filter((path) => /^dist\/(test|tools|bench)\//.test(path))).toEqual([]);
});

test("has no install scripts, and neither has anything that it brings along", () => {
  const lock = JSON.parse(readFileSync(join(project, "node_modules", ".package-lock.json"), "utf8")) as {
    packages: Record<string, { hasInstallScript?: boolean }>;
  };
  const scripted = Object.entries(lock.packages).filter(([, entry]) => entry.hasInstallScript);
  expect(scripted).toEqual([]);
});

test("the lock file holds the packages of every platform, so that npm ci accepts it", () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
    packages: Record<string, { optionalDependencies?: Record<string, string>; resolved?: string }>;
  };
  const missing = Object.values(packages)
    .flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}))
    .filter((name) => !(`node_modules/${name}` in packages));
  expect(missing).toEqual([]);
  expect(Object.values(packages).filter((entry) => entry.resolved !== undefined)).toEqual([]);
});

test("there is no compiler to fall back on", () => {
  expect(() => installed("sh", ["-c", "cc --version || gcc --version"], project)).toThrow();
});

test("npx hpy-migrate --version", () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  expect(installed("npx", ["--no-install", "hpy-migrate", "--version"], project)).toBe(`${version}\n`);
});

test("npx hpy-migrate lsp --stdio answers, with its worker and its pages", async () => {
  const folder = join(project, "served");
  mkdirSync(folder);
  writeFileSync(join(folder, "s.c"), "#include <Python.h>\nstatic PyObject *f(void) { return NULL; }\n");
  const program = [join(project, "node_modules", "hpy-migrate", "dist", "cli", "main.js")];
  const client = new Client({ folders: [folder], program });
  const { serverInfo } = await client.start();
  expect(serverInfo?.name).toBe("hpy-migrate");
  await client.ready();
  const uri = await client.open(join(folder, "s.c"));
  expect(await client.diagnostics(uri)).toEqual([]);
  await client.stop();
});

test("npx hpy-migrate plan on an extension", () => {
  const extension = join(project, "extension");
  mkdirSync(extension);
  writeFileSync(
    join(extension, "answer.c"),
    `#include <Python.h>

static PyObject *
answer(PyObject *self, PyObject *ignored)
{
    return PyLong_FromLong(42);
}

static PyMethodDef methods[] = {
    {"answer", answer, METH_NOARGS, "The answer."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef moduledef = {
    PyModuleDef_HEAD_INIT, "answer", NULL, -1, methods,
};

PyMODINIT_FUNC
PyInit_answer(void)
{
    return PyModule_Create(&moduledef);
}
`,
  );
  const plan = JSON.parse(installed("npx", ["--no-install", "hpy-migrate", "plan", "--json", "extension"], project));
  expect(plan.modules).toHaveLength(1);
  expect(plan.modules[0]).toMatchObject({ name: "answer", files: ["answer.c"] });
  expect(plan.modules[0].functions).toContainEqual(
    expect.objectContaining({
      name: "answer",
      file: "answer.c",
      line: 3,
      kind: "method",
      status: "pure",
      refusals: [],
    }),
  );
  expect(plan.totals.steps).toBeGreaterThan(0);
});
