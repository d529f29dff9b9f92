/** The extension in VS Code itself: packed, unpacked, loaded in a browser, and used as a person would. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Editor } from "./editor.ts";
import { packedExtension } from "./packed-extension.ts";

// An editor takes its time to start on a machine that others use too.
vi.setConfig({ testTimeout: 240_000 });

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const FIXTURE = join(ROOT, "fixtures", "types", "shared-header");

/** What `plan --json` tells of a module, as far as it is compared. */
interface PlannedModule {
  readonly functions: readonly {
    readonly name: string;
    readonly file: string;
    readonly status: "pure" | "bridged" | "legacy";
    readonly refusals: readonly { readonly id: string }[];
  }[];
}

const scratch = mkdtempSync(join(tmpdir(), "hpy-migrate-vscode-"));
const workspace = join(scratch, "workspace");
let editor: Editor;
/** The plan of the command line. */
let plan: PlannedModule;
/** The sources once `ring_new` has moved. */
let moved: Record<string, string> = {};

/** A fixture of several files, with line ends and characters that positions go wrong with. */
function copyFixture(target: string): void {
  mkdirSync(target);
  for (const name of readdirSync(FIXTURE)) cpSync(join(FIXTURE, name), join(target, name));
  const change = (name: string, edit: (text: string) => string): void => {
    const before = readFileSync(join(target, name), "utf8");
    const after = edit(before);
    expect(after).not.toBe(before);
    writeFileSync(join(target, name), after);
  };
  change("ring.c", (text) =>
    text.replace("static PyObject *\nring_new", "/* naïve: 𝚜𝚒𝚣𝚎 > 0 */ static PyObject *\nring_new"),
  );
  change("module.c", (text) => text.replaceAll("\n", "\r\n"));
}

const SOURCES = ["module.c", "ring.c", "ring.h"];

function sources(directory: string): Record<string, string> {
  return Object.fromEntries(SOURCES.map((name) => [name, readFileSync(join(directory, name), "utf8")]));
}

/** What a command of the command line prints. */
function commandLine(command: "plan" | "diff" | "apply", directory: string, ...options: readonly string[]): string {
  const program = ["--import", "tsx", join(ROOT, "cli", "main.ts"), command, "--quiet", ...options, directory];
  return execFileSync(process.execPath, program, { cwd: ROOT, encoding: "latin1", stdio: ["ignore", "pipe", "pipe"] });
}

function copyWorkspace(): string {
  const copy = mkdtempSync(join(scratch, "copy-"));
  cpSync(workspace, copy, { recursive: true });
  return copy;
}

/** The sources with the diff of the command line applied by git. */
function patched(name: string): Record<string, string> {
  const copy = copyWorkspace();
  writeFileSync(join(copy, "step.patch"), commandLine("diff", workspace, "--function", name), "latin1");
  execFileSync("git", ["apply", "step.patch"], { cwd: copy });
  return sources(copy);
}

/** The sources as the command line writes them. */
function applied(name: string): Record<string, string> {
  const copy = copyWorkspace();
  commandLine("apply", copy, "--function", name);
  return sources(copy);
}

async function buffers(): Promise<Record<string, string>> {
  const texts: [string, string][] = [];
  for (const name of SOURCES) texts.push([name, await editor.text(name)]);
  return Object.fromEntries(texts);
}

function lineOf(text: string, start: string): number {
  return text.slice(0, text.indexOf(start)).split("\n").length;
}

beforeAll(async () => {
  copyFixture(workspace);
  const { modules } = JSON.parse(commandLine("plan", workspace, "--json")) as { modules: [PlannedModule] };
  [plan] = modules;
  const extension = await packedExtension(scratch);
  editor = await Editor.open(extension, workspace, scratch);
  await editor.run("test.open", "ring.c");
});

afterAll(async () => {
  await editor?.close();
  rmSync(scratch, { recursive: true, force: true });
});

test("functions say where they stand, with lenses and in the status bar", async () => {
  const shown = await editor.until(
    () => editor.diagnostics("ring.c"),
    (all) => all.length > 0,
  );
  expect(shown.every(({ source }) => source === "hpy-migrate")).toBe(true);
  // A function that stays says why on the line of its name; others have words of their own for where they stand.
  const text = await editor.text("ring.c");
  const stays = plan.functions.filter(({ file, status }) => file === "ring.c" && status === "legacy");
  expect(stays.length).toBeGreaterThan(1);
  for (const { name, refusals } of stays) {
    const here = shown.filter(({ line }) => line === lineOf(text, `${name}(`));
    expect(
      here.map(({ code }) => code),
      name,
    ).toEqual([refusals[0]?.id]);
  }
  // Nothing is wrong with code that has not moved yet.
  expect(shown.filter(({ severity }) => severity < 2)).toEqual([]);
  await editor.page.waitForSelector(".codelens-decoration");
  expect(await editor.status()).toContain("HPy 0%");
});

test("the plan is a tree of modules, types and functions", async () => {
  await editor.run("hpyMigrate.plan.focus");
  const rows = await editor.until(
    () => editor.tree(),
    (all) => all.length > 5,
  );
  expect(rows[0]).toBe(`fx_shared_header, module, 0 of ${plan.functions.length} HPy`);
  const words = ({ status, refusals }: (typeof plan.functions)[number]): string =>
    status === "legacy" ? `stays: ${refusals[0]?.id}` : status === "pure" ? "can move" : "can move, bridged";
  const lines = (functions: typeof plan.functions): string[] =>
    functions.map((fn) => `${fn.name}, function, ${words(fn)}`);
  const functionsUnder = (type: string): string[] => {
    const start = rows.findIndex((row) => row.startsWith(`${type}, type, `)) + 1;
    const end = rows.findIndex((row, index) => index >= start && !row.includes(", function, ") && !isReason(row));
    return rows.slice(start, end < 0 ? rows.length : end).filter((row) => !isReason(row));
  };
  const isReason = (row: string): boolean => row.includes(", reason, ");
  // The functions that the type object of each lists, in the order of the file.
  const iterator = ["ringiter_dealloc", "ringiter_next"];
  const ring = ["ring_new", "ring_traverse", "ring_clear", "ring_dealloc", "ring_push", "ring_oldest", "ring_length"];
  const named = (names: readonly string[]): typeof plan.functions =>
    plan.functions.filter(({ name }) => names.includes(name));
  expect(functionsUnder("RingIter_Type")).toEqual(lines(named(iterator)));
  // Functions of no type follow the last type.
  const others = plan.functions.filter(({ name }) => ![...iterator, ...ring].includes(name));
  expect(functionsUnder("Ring_Type")).toEqual([...lines(named(ring)), ...lines(others)]);
  await editor.picture("plan");
});

test("a preview shows the texts of the command line, and touches no file", async () => {
  moved = patched("ring_new");
  const before = await buffers();
  await editor.act("ring_new", "Preview");
  await editor.page.waitForSelector(".multiDiffEntry, .monaco-diff-editor");
  await editor.picture("preview");
  const previews = await editor.run<Record<string, string>>("test.previews");
  expect(previews).toEqual(Object.fromEntries(SOURCES.map((name) => [name, moved[name]])));
  expect(await buffers()).toEqual(before);
  await editor.run("workbench.action.closeActiveEditor");
});

test("the light bulb moves a function as the command line does, across files", async () => {
  const before = await buffers();
  await editor.run("test.open", "ring.c");
  const titles = await editor.lightBulb(lineOf(before["ring.c"] ?? "", "ring_new("));
  await editor.picture("light-bulb", "middle");
  const title = titles.find((each) => each.startsWith("Migrate ring_new"));
  expect(titles).toContain(title);
  await editor.choose(title as string);
  await editor.until(
    () => editor.text("ring.c"),
    (text) => text !== before["ring.c"],
  );
  expect(await buffers()).toEqual(moved);
  // Undo brings back every file; the editor saves them when code is refactored.
  await editor.run("undo");
  await editor.until(buffers, (texts) => SOURCES.every((name) => texts[name] === before[name]));
  await editor.run("test.saveAll");
  expect(sources(workspace)).toEqual(before);
});

test("applying from the tree writes what the command line writes", async () => {
  const expected = applied("ring_length");
  const before = await editor.text("ring.c");
  await editor.run("hpyMigrate.plan.focus");
  await editor.act("ring_length", "Apply");
  await editor.until(
    () => editor.text("ring.c"),
    (text) => text !== before,
  );
  expect(await buffers()).toEqual(expected);
  await editor.run("test.saveAll");
  expect(sources(workspace)).toEqual(expected);
  const rows = await editor.until(
    () => editor.tree(),
    (all) => all.some((row) => row.startsWith("ring_length, function, HPy")),
  );
  expect(rows.filter((row) => row.startsWith("ring_length,"))).toEqual(["ring_length, function, HPy"]);
  // The view has scrolled to where the click was.
  await editor.run("hpyMigrate.plan.focus");
  await editor.page.keyboard.press("Home");
  const [first] = await editor.until(
    () => editor.tree(),
    (all) => all[0]?.startsWith("fx_shared_header") === true,
  );
  expect(first).toMatch(/^fx_shared_header, module, [1-9]\d* of \d+ HPy$/);
  await editor.until(
    () => editor.status(),
    (text) => text.includes("HPy") && !text.includes(" 0%"),
  );
});

test("a restarted server shows the same plan", async () => {
  const before = await editor.tree();
  await editor.run("hpyMigrate.restart");
  await editor.until(
    () => editor.tree(),
    (rows) => rows.join("\n") === before.join("\n"),
  );
  await editor.until(
    () => editor.diagnostics("ring.c"),
    (all) => all.length > 0,
  );
});

test("the report is a page that may do nothing but show itself", async () => {
  await editor.run("hpyMigrate.openReport");
  const page = await editor.webview();
  const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute("content");
  expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; img-src data:;/);
  expect(await page.locator("h1").textContent()).toBe("extension");
  expect(await page.locator("main").textContent()).toContain("functions that touch Python's C API");
  await editor.picture("report");
});

test("nothing failed on the way, and nothing left the machine", () => {
  expect(editor.complaints).toEqual([]);
  expect(editor.missing).toEqual([]);
});
