/**
 * Somebody types at random: pieces of code, halves of comments and strings, deletions anywhere. HPY_MIGRATE_EDITS sets
 * how many edits; 10 000 is what a release is tried with.
 */
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Diagnostic } from "vscode-languageserver-protocol/node";
import { Client } from "./client.ts";
import { bundledProgram } from "./program.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const EDITS = Number(process.env.HPY_MIGRATE_EDITS ?? 400);
/** Edits after which the text goes back to the original: deletions would leave nothing to type in. */
const SESSION = 80;
/** Megabytes that a server may have grown by between a third of the edits and the last. */
const GROWTH = 150;

const PIECES = [
  "{",
  "}",
  "(",
  ")",
  ";",
  ",",
  '"',
  "'",
  "\\",
  "/*",
  "*/",
  "//",
  "#if 1\n",
  "#endif\n",
  "#define X(a) a\n",
  "#else\n",
  "\n",
  "\r\n",
  "\t",
  " ",
  "*",
  "=",
  "Py_INCREF(",
  "Py_DECREF(self);",
  "return NULL;",
  "PyObject *x = ",
  "HPy_Close(ctx, h);",
  "ß",
  "日本",
  "😀",
  "static PyObject *\nf(PyObject *self, PyObject *arg)\n{\n",
  "PyLong_FromLong(",
  "/* hpy-migrate: skip: why */\n",
  "hpy-migrate: allow handle-leaked: why",
  "goto out;",
  "if (x == NULL) {\n",
  "PyMODINIT_FUNC",
  "PyMethodDef m[] = {",
  "\0",
];

let program: string;
let scratch: string;

beforeAll(async () => {
  program = await bundledProgram("fuzz");
  scratch = realpathSync(mkdtempSync(join(tmpdir(), "hpy-migrate-fuzz-")));
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Numbers from 0 up to a limit, always the same ones. */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** An offset that does not split a character. */
function boundary(text: string, offset: number): number {
  const code = text.charCodeAt(offset);
  return code >= 0xdc00 && code <= 0xdfff ? offset - 1 : offset;
}

/** Megabytes of memory that a process and its threads hold. */
function memoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

function comparable(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map((one) => `${JSON.stringify(one.range)} ${one.code} ${one.message}`).sort();
}

/** Waits until the diagnostics of the present version, with a plan of it, are there. */
async function settled(client: Client, uri: string): Promise<readonly Diagnostic[]> {
  let last = "";
  for (let same = 0; same < 2; ) {
    await client.ready();
    const now = JSON.stringify(await client.diagnostics(uri));
    await new Promise((resolve) => setTimeout(resolve, 600));
    const after = JSON.stringify(await client.diagnostics(uri));
    same = now === after && after === last && client.status?.folders[0]?.state !== "planning" ? same + 1 : 0;
    last = after;
  }
  return client.diagnostics(uri);
}

test(`${EDITS} random edits`, async () => {
  const folder = join(scratch, "project");
  cpSync(join(ROOT, "fixtures", "functions", "parse-forms"), folder, { recursive: true });
  const path = join(folder, "parse_forms.c");
  const original = readFileSync(path, "utf8");
  const client = new Client({ folders: [folder], program: [program] });
  await client.start();
  await client.ready();
  const uri = await client.open(path);
  const random = randomNumbers(20260101);
  let early = 0;
  for (let edit = 0; edit < EDITS; edit++) {
    const text = client.text(uri);
    if (edit % SESSION === SESSION - 1) await client.change(uri, 0, text.length, original);
    else if (random(3) === 0) {
      const start = boundary(text, random(text.length));
      const end = boundary(text, Math.min(text.length, start + 1 + random(30)));
      await client.change(uri, start, Math.max(start, end), "");
    } else {
      const at = boundary(text, random(text.length));
      await client.change(uri, at, at, PIECES[random(PIECES.length)] as string);
    }
    if (random(8) === 0) await client.diagnostics(uri);
    if (random(40) === 0) await client.codeActions(uri, { line: random(60), character: 0 });
    if (edit === Math.floor(EDITS / 3)) early = memoryOf(client.pid);
  }
  await client.diagnostics(uri);
  expect(client.exitCode).toBeNull();
  expect(memoryOf(client.pid) - early).toBeLessThan(GROWTH);
  // Errors in the log would be exceptions of a backend.
  expect(client.messages).toEqual([]);

  // No version comes after a later one, and none of the future.
  const versions = client.published.filter((params) => params.uri === uri).map(({ version }) => version ?? 0);
  expect(versions).toEqual([...versions].sort((a, b) => a - b));
  expect(Math.max(...versions)).toBe(client.version(uri));

  // What is told in the end is what a server says that has seen nothing but the last text.
  const text = client.text(uri);
  const told = comparable(await settled(client, uri));
  await client.stop();
  const fresh = new Client({ folders: [folder], program: [program] });
  await fresh.start();
  await fresh.ready();
  const opened = await fresh.open(path, text);
  expect(told).toEqual(comparable(await settled(fresh, opened)));
  await fresh.stop();
}, 3_600_000);
