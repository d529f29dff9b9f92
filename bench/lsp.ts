/**
 * `npm run bench:lsp [-- DIRECTORY FILE]`: how long an editor waits for the language server, which runs as it does in an
 * editor, against bare incremental parsing by tree-sitter of the same edits in the same run. Without arguments the file is a
 * made one of 5000 lines, and a workspace of 36 such files shows how the server answers while it reads and plans.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { HoverRequest } from "vscode-languageserver-protocol/node";
import { Edit, Language, Parser as TreeSitter } from "web-tree-sitter";
import { Client, positionIn } from "../test/lsp/client.ts";
import { bundledProgram } from "../test/lsp/program.ts";

const KEYSTROKES = 40;
const FILES = 36;
const require = createRequire(import.meta.url);

/** A module with as many functions as make about 5000 lines, half of which use the C API. */
function madeModule(name: string): string {
  const functions = Array.from({ length: 100 }, (_, i) => [
    `static long
count_${i}(const char *text, long size)
{
    long found = 0;
    for (long at = 0; at < size; at++) {
        if (text[at] == ' ') {
            found++;
        }
        else if (text[at] == '\\n' && at + 1 < size) {
            found += 2;
        }
    }
    while (found > 100) {
        found -= 7;
    }
    switch (found) {
    case 1:
        return ${i};
    case 2:
        return 2;
    default:
        break;
    }
    return found;
}
`,
    `static PyObject *
measure_${i}(PyObject *self, PyObject *arg)
{
    PyObject *result = PyList_New(0);
    if (result == NULL) {
        return NULL;
    }
    Py_ssize_t size = PyObject_Length(arg);
    if (size < 0) {
        Py_DECREF(result);
        return NULL;
    }
    for (Py_ssize_t i = 0; i < size; i++) {
        PyObject *value = PyLong_FromLong(count_${i}("a b", (long)i));
        if (value == NULL) {
            goto fail;
        }
        if (PyList_Append(result, value) < 0) {
            Py_DECREF(value);
            goto fail;
        }
        Py_DECREF(value);
    }
    return result;
fail:
    Py_DECREF(result);
    return NULL;
}
`,
  ]).flat();
  const entries = Array.from({ length: 100 }, (_, i) => `    {"measure_${i}", measure_${i}, METH_O, NULL},`);
  return `#define PY_SSIZE_T_CLEAN
#include <Python.h>

${functions.join("\n")}
static PyMethodDef methods[] = {
${entries.join("\n")}
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "${name}", NULL, -1, methods};

PyMODINIT_FUNC
PyInit_${name}(void)
{
    return PyModule_Create(&definition);
}
`;
}

function quantiles(samples: readonly number[]): string {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.floor(share * (sorted.length - 1))] as number).toFixed(1).padStart(8);
  return `${at(0)} ${at(0.5)} ${at(0.9)} ${at(1)}`;
}

function print(name: string, samples: readonly number[]): void {
  process.stdout.write(`${name.padEnd(44)} ${quantiles(samples)}\n`);
}

function offsetOfTyping(text: string): number {
  return text.indexOf("{\n", Math.floor(text.length / 2)) + 2;
}

async function measureBare(text: string): Promise<number[]> {
  await TreeSitter.init();
  const parser = new TreeSitter();
  parser.setLanguage(await Language.load(require.resolve("tree-sitter-c/tree-sitter-c.wasm")));
  const samples: number[] = [];
  let now = text;
  let tree = parser.parse(now);
  for (let i = 0; i < KEYSTROKES; i++) {
    const at = offsetOfTyping(text) + i;
    const { line: row, character: column } = positionIn(now, at);
    now = `${now.slice(0, at)} ${now.slice(at)}`;
    const start = performance.now();
    tree?.edit(
      new Edit({
        startIndex: at,
        oldEndIndex: at,
        newEndIndex: at + 1,
        startPosition: { row, column },
        oldEndPosition: { row, column },
        newEndPosition: { row, column: column + 1 },
      }),
    );
    const next = parser.parse(now, tree);
    samples.push(performance.now() - start);
    tree?.delete();
    tree = next;
  }
  return samples;
}

const scratch = mkdtempSync(join(tmpdir(), "hpy-migrate-bench-"));
const program = [await bundledProgram("bench")];
process.stdout.write(
  `${"milliseconds".padEnd(44)} ${["least", "median", "90 %", "most"].map((s) => s.padStart(8)).join(" ")}\n`,
);

try {
  let [, , directory = "", file = ""] = process.argv;
  const isMade = directory === "";
  if (isMade) {
    directory = join(scratch, "one");
    file = "made.c";
    mkdirSync(directory);
    writeFileSync(join(directory, file), madeModule("made"));
  }
  directory = resolve(directory);
  const original = readFileSync(join(directory, file), "utf8");
  process.stdout.write(`${file}: ${original.split("\n").length} lines\n`);
  print("bare incremental parsing", await measureBare(original));

  const client = new Client({ folders: [directory], program });
  await client.start();
  const uri = await client.open(join(directory, file));
  await client.diagnostics(uri);
  const type = async (): Promise<void> => {
    const at = offsetOfTyping(original);
    await client.change(uri, at, at, " ");
  };
  const keystrokes: number[] = [];
  for (let i = 0; i < KEYSTROKES; i++) {
    const start = performance.now();
    await type();
    await client.diagnostics(uri);
    keystrokes.push(performance.now() - start);
  }
  print("keystroke to refreshed diagnostics", keystrokes);

  const planned = performance.now();
  await client.until(() => client.status?.folders[0]?.state === "ready", 1_800_000);
  print("last keystroke to the new plan", [performance.now() - planned]);
  const actions: number[] = [];
  for (let i = 0; i < KEYSTROKES; i++) {
    const position = positionIn(client.text(uri), Math.floor((i / KEYSTROKES) * client.text(uri).length));
    const start = performance.now();
    await client.codeActions(uri, position);
    actions.push(performance.now() - start);
  }
  print("code actions", actions);
  await client.stop();

  if (isMade) {
    const many = join(scratch, "many");
    mkdirSync(many);
    for (let i = 0; i < FILES; i++) writeFileSync(join(many, `made${i}.c`), madeModule(`made${i}`));
    const large = new Client({ folders: [many], program });
    await large.start();
    const opened = await large.open(join(many, "made0.c"));
    const hovers: number[] = [];
    const position = positionIn(large.text(opened), large.text(opened).indexOf("PyList_New") + 2);
    const end = performance.now() + 20_000;
    while (performance.now() < end) {
      const start = performance.now();
      await large.connection.sendRequest(HoverRequest.type, { textDocument: { uri: opened }, position });
      hovers.push(performance.now() - start);
      await new Promise((done) => setTimeout(done, 50));
    }
    const lines = FILES * original.split("\n").length;
    print(`hover while ${lines} lines are read and planned`, hovers);
    large.kill();
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
