/** A real client over stdio. What is expected of edits comes from the command line, run on the same files. */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  CodeLensRequest,
  DiagnosticSeverity,
  DidChangeWatchedFilesNotification,
  DocumentLinkRequest,
  ExecuteCommandRequest,
  type Hover,
  HoverRequest,
} from "vscode-languageserver-protocol/node";
import {
  APPLY_STEP_REQUEST,
  type ApplyStepResult,
  PLAN_REQUEST,
  type PlanResult,
  REPORT_REQUEST,
  type ReportResult,
  STEP_DIFF_REQUEST,
  type StepDiffResult,
} from "../../lsp/protocol.ts";
import { Client, type ClientOptions, positionIn } from "./client.ts";
import { bundledProgram } from "./program.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

let program: string;
let scratch: string;
let client: Client | null = null;
let next = 0;

beforeAll(async () => {
  program = await bundledProgram("protocol");
  scratch = realpathSync(mkdtempSync(join(tmpdir(), "hpy-migrate-lsp-")));
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

afterEach(async () => {
  await client?.stop();
  client = null;
});

/** A copy of a fixture that a test may change. */
function copyOf(fixture: string, name = `copy${next++}`): string {
  const target = join(scratch, name);
  cpSync(join(ROOT, "fixtures", fixture), target, { recursive: true });
  return target;
}

async function started(folders: readonly string[], more: Partial<ClientOptions> = {}): Promise<Client> {
  client = new Client({ folders, program: [program], ...more });
  await client.start();
  return client;
}

function cli(...args: string[]): string {
  return execFileSync(process.execPath, [program, ...args, "--quiet"], { encoding: "utf8" });
}

function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [path.slice(folder.length + 1), readFileSync(path, "utf8")]),
  );
}

/** The files of a folder after an edit that the server made. */
function withEdit(at: Client, folder: string, edit: object): Record<string, string> {
  const result = contents(folder);
  for (const [uri, text] of at.after(edit)) result[fileURLToPath(uri).slice(folder.length + 1)] = text;
  return result;
}

describe("edits are those of the command line", () => {
  test("migrate this function: new files, several files, one edit", async () => {
    const folder = copyOf("module/many-files");
    const at = await started([folder]);
    await at.ready();
    const plan = await at.connection.sendRequest<PlanResult>(PLAN_REQUEST, {});
    const all = plan.folders[0]?.modules.flatMap((module) => [
      ...module.functions,
      ...module.types.flatMap((t) => t.functions),
    ]);
    const fn = all?.filter((unit) => unit.step?.startsWith("function-")).at(-1);
    if (fn === undefined) throw new Error("nothing moves");
    const uri = await at.open(fileURLToPath(fn.place.uri));
    await at.diagnostics(uri);
    const actions = await at.codeActions(uri, fn.place.range.start);
    expect(actions[0]?.title).toBe(`Migrate ${fn.name} to HPy, with what it needs`);
    const { edit } = await at.resolve(actions[0] as never);
    const twin = copyOf("module/many-files");
    cli("apply", "--function", fn.name, twin);
    expect(withEdit(at, folder, edit as object)).toEqual(contents(twin));
    expect(Object.keys(contents(twin)).length).toBeGreaterThan(2);
  });

  test("the next step, all steps, and the diffs of both", async () => {
    const folder = copyOf("functions/fastcall");
    const at = await started([folder]);
    await at.ready();
    for (const [selector, args] of [
      [{ kind: "next" }, []],
      [{ kind: "all" }, ["--all"]],
      [{ kind: "function", name: "largest" }, ["--function", "largest"]],
    ] as const) {
      const params = { folder: pathToFileURL(folder).href, selector };
      const { diff } = await at.connection.sendRequest<StepDiffResult>(STEP_DIFF_REQUEST, params);
      expect(diff).toBe(cli("diff", ...args, folder));
      const { edit } = await at.connection.sendRequest<ApplyStepResult>(APPLY_STEP_REQUEST, params);
      const twin = copyOf("functions/fastcall");
      cli("apply", ...args, twin);
      expect(withEdit(at, folder, edit as object)).toEqual(contents(twin));
    }
  });

  test("unsaved text counts, with characters that take several bytes before the edit, in UTF-16", async () => {
    const folder = copyOf("functions/fastcall");
    const path = join(folder, "fastcall.c");
    const at = await started([folder]);
    await at.ready();
    const text = `/* 😀 größer 日本 */ ${readFileSync(path, "utf8")}`.replace(
      "largest(PyObject",
      "/* 😀 */ largest(PyObject",
    );
    const uri = await at.open(path, text);
    await at.diagnostics(uri);
    const params = { folder: pathToFileURL(folder).href, selector: { kind: "function", name: "largest" } };
    const { edit } = await at.connection.sendRequest<ApplyStepResult>(APPLY_STEP_REQUEST, params);
    const twin = copyOf("functions/fastcall");
    writeFileSync(join(twin, "fastcall.c"), text);
    cli("apply", "--function", "largest", twin);
    expect(withEdit(at, folder, edit as object)).toEqual(contents(twin));
  });

  test("a client that knows UTF-8 gets UTF-8", async () => {
    const folder = copyOf("functions/fastcall");
    const at = await started([folder], { capabilities: { general: { positionEncodings: ["utf-16", "utf-8"] } } });
    expect(at.result?.capabilities.positionEncoding).toBe("utf-8");
  });
});

test("the edit of a version that is no more is refused", async () => {
  const folder = copyOf("functions/fastcall");
  const at = await started([folder]);
  await at.ready();
  const uri = await at.open(join(folder, "fastcall.c"));
  await at.diagnostics(uri);
  const offset = at.text(uri).indexOf("largest(");
  const [action] = await at.codeActions(uri, positionIn(at.text(uri), offset));
  await at.change(uri, 0, 0, "/* typed meanwhile */\n");
  await expect(at.resolve(action as never)).rejects.toThrow("changed since");
  // Asked again, it is offered for the new version, and fits that.
  const [again] = await at.codeActions(uri, positionIn(at.text(uri), at.text(uri).indexOf("largest(")));
  const { edit } = await at.resolve(again as never);
  const [change] = edit?.documentChanges ?? [];
  expect(change).toMatchObject({ textDocument: { uri, version: 2 } });
});

test("a file that changed on disk behind the editor's back is not overwritten", async () => {
  const folder = copyOf("functions/fastcall");
  const at = await started([folder]);
  await at.ready();
  writeFileSync(join(folder, "fastcall.c"), "int changed;\n");
  const params = { folder: pathToFileURL(folder).href, selector: { kind: "next" } };
  const { edit, problem } = await at.connection.sendRequest<ApplyStepResult>(APPLY_STEP_REQUEST, params);
  expect(edit).toBeNull();
  expect(problem).toMatch(/fastcall\.c has changed|ask again/);
});

describe("diagnostics", () => {
  test("one for each function, at its name, as quiet as it can be", async () => {
    const folder = copyOf("functions/fastcall");
    const at = await started([folder]);
    const uri = await at.open(join(folder, "fastcall.c"));
    await at.ready();
    await at.until(() => (at.published.at(-1)?.diagnostics.length ?? 0) > 1);
    const diagnostics = at.published.at(-1)?.diagnostics ?? [];
    const lines = at.text(uri).split("\n");
    const named = diagnostics.map(({ range, severity, code }) => ({
      name: lines[range.start.line]?.slice(range.start.character, range.end.character),
      severity,
      code,
    }));
    expect(named).toContainEqual({ name: "largest", severity: DiagnosticSeverity.Hint, code: "can-move" });
    expect(named).toContainEqual({
      name: "count_true",
      severity: DiagnosticSeverity.Information,
      code: "object-array",
    });
    expect(new Set(named.map(({ name }) => name)).size).toBe(named.length);
    expect(diagnostics.every(({ severity }) => severity !== DiagnosticSeverity.Error)).toBe(true);
    const refused = diagnostics.find(({ code }) => code === "object-array");
    expect(refused?.codeDescription?.href).toMatch(/refusals\.md#object-array$/);
  });

  test("findings of the checker are warnings with the way that leads there, and can be repaired", async () => {
    const folder = join(scratch, "leak");
    mkdirSync(folder);
    const text = `#include "hpy.h"

static HPy twice_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPy two = HPyLong_FromLong(ctx, 2);
    if (HPy_IsNull(two))
        return HPy_NULL;
    HPy result = HPy_Multiply(ctx, arg, two);
    return result;
}
`;
    writeFileSync(join(folder, "leak.c"), text);
    const at = await started([folder]);
    await at.ready();
    const uri = await at.open(join(folder, "leak.c"));
    const [found, ...others] = await at.diagnostics(uri);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ code: "handle-leaked", severity: DiagnosticSeverity.Warning });
    expect(found?.relatedInformation?.length).toBeGreaterThan(0);
    expect(found?.codeDescription?.href).toMatch(/diagnostics\.md#handle-leaked$/);
    const actions = await at.codeActions(uri, found?.range.start as never, [found as never]);
    const titles = actions.map(({ title }) => title);
    expect(titles).toContain("Explain handle-leaked");
    const repaired = async (): Promise<string | undefined> => {
      const offered = await at.codeActions(uri, found?.range.start as never, [found as never]);
      const repair = offered.find(({ isPreferred }) => isPreferred === true);
      return repair === undefined ? undefined : at.after(repair.edit as object).get(uri);
    };
    // The repair is worked out in the background.
    await expect.poll(repaired, { timeout: 20_000 }).toContain("HPy_Close(ctx, two);\n    return result;");
    const allow = actions.find(({ title }) => title === "Allow handle-leaked here, with a reason");
    const allowed = at.after(allow?.edit as object).get(uri) ?? "";
    expect(
      allowed.split("\n").filter((line) => line.includes("hpy-migrate: allow handle-leaked: the reason")),
    ).toHaveLength(1);
    const all = actions.find(({ kind }) => kind === "source.fixAll.hpyMigrate");
    const { edit } = await at.resolve(all as never);
    const twin = join(scratch, "leak-twin");
    mkdirSync(twin);
    writeFileSync(join(twin, "leak.c"), text);
    cli("lint", "--fix", twin);
    expect(at.after(edit as object).get(uri)).toBe(readFileSync(join(twin, "leak.c"), "utf8"));
    await at.change(uri, 0, at.text(uri).length, allowed);
    expect(await at.diagnostics(uri)).toEqual([]);
  });

  test("keeping a function legacy takes it out of the plan", async () => {
    const folder = copyOf("functions/fastcall");
    const at = await started([folder]);
    await at.ready();
    const uri = await at.open(join(folder, "fastcall.c"));
    const hint = (await at.diagnostics(uri)).find(({ message }) => String(message).startsWith("largest "));
    const actions = await at.codeActions(uri, hint?.range.start as never, [hint as never]);
    const keep = actions.find(({ title }) => title === "Keep largest legacy, with a reason");
    at.applyEdit(keep?.edit as object);
    await at.until(() => at.published.at(-1)?.diagnostics.some(({ code }) => code === "skip-comment") === true);
    const quiet = at.published.at(-1)?.diagnostics.find(({ code }) => code === "skip-comment");
    expect(quiet).toMatchObject({ severity: DiagnosticSeverity.Hint });
    expect(quiet?.message).toContain("the reason");
  });

  test("a type moves by its action, or stays for a reason", async () => {
    const folder = copyOf("types/static-plain");
    const at = await started([folder]);
    await at.ready();
    const uri = await at.open(join(folder, "static_plain.c"));
    const isOfType = (message: unknown): boolean => /^Type \w+ can move to HPy/.test(String(message));
    const hint = (await at.diagnostics(uri)).find(({ message }) => isOfType(message));
    const name = String(hint?.message).split(" ")[1] ?? "";
    const actions = await at.codeActions(uri, hint?.range.start as never, [hint as never]);
    const migrate = actions.find(({ title }) => title.startsWith(`Migrate type ${name} to HPy`));
    const { edit } = await at.resolve(migrate as never);
    const twin = copyOf("types/static-plain");
    cli("apply", "--through", `type-${name}`, twin);
    expect(withEdit(at, folder, edit as object)).toEqual(contents(twin));
    const keep = actions.find(({ title }) => title === `Keep ${name} legacy, with a reason`);
    at.applyEdit(keep?.edit as object);
    await at.until(() => at.published.at(-1)?.diagnostics.some(({ code }) => code === "skip-comment") === true);
  });

  test("the settings silence them", async () => {
    const folder = copyOf("functions/fastcall");
    const at = await started([folder], { settings: { diagnostics: "none", codeLens: false } });
    await at.ready();
    const uri = await at.open(join(folder, "fastcall.c"));
    expect(await at.diagnostics(uri)).toEqual([]);
    expect(await at.connection.sendRequest(CodeLensRequest.type, { textDocument: { uri } })).toEqual([]);
  });
});

test("hover tells what HPy has for a name of the C API, with an example; not in comments", async () => {
  const folder = join(scratch, "hover");
  mkdirSync(folder);
  writeFileSync(
    join(folder, "h.c"),
    "#include <Python.h>\n/* PyLong_FromLong */ void *f(void) { return PyLong_FromLong(1); }\n",
  );
  const at = await started([folder]);
  const uri = await at.open(join(folder, "h.c"));
  const ask = (offset: number): Promise<Hover | null> =>
    at.connection.sendRequest(HoverRequest.type, { textDocument: { uri }, position: positionIn(at.text(uri), offset) });
  const hover = await ask(at.text(uri).lastIndexOf("PyLong_FromLong") + 3);
  expect(JSON.stringify(hover?.contents)).toContain("HPyLong_FromLong(ctx");
  expect(await ask(at.text(uri).indexOf("PyLong_FromLong"))).toBeNull();
});

test("lenses say what can move and what holds the rest, and run the migration", async () => {
  const folder = copyOf("functions/fastcall");
  const at = await started([folder]);
  await at.ready();
  const uri = await at.open(join(folder, "fastcall.c"));
  await at.diagnostics(uri);
  const lenses = (await at.connection.sendRequest(CodeLensRequest.type, { textDocument: { uri } })) ?? [];
  const titles = lenses.map(({ command }) => command?.title);
  expect(titles).toEqual([
    "Migrate to HPy",
    "Migrate to HPy, with bridges",
    "Migrate to HPy",
    "legacy: object-array",
    "Migrate to HPy",
  ]);
  const { command } = lenses[0] as { command: { command: string; arguments: object[] } };
  const done = await at.connection.sendRequest(ExecuteCommandRequest.type, {
    command: command.command,
    arguments: command.arguments,
  });
  expect(done).toBe(true);
  const twin = copyOf("functions/fastcall");
  cli("apply", "--function", "largest", twin);
  expect(at.text(uri)).toBe(readFileSync(join(twin, "fastcall.c"), "utf8"));
  // What has moved is told as soon as the text has been planned again.
  await at.until(() => (at.status?.folders[0]?.totals.migrated ?? 0) > 0 && at.status?.folders[0]?.state === "ready");
});

test("ids in comments lead to their pages", async () => {
  const folder = join(scratch, "links");
  mkdirSync(folder);
  writeFileSync(join(folder, "l.c"), "/* hpy-migrate: allow handle-leaked, double-close: for a reason-able cause */\n");
  const at = await started([folder], { initializationOptions: { pages: "pages:/{kind}/{id}" } });
  const uri = await at.open(join(folder, "l.c"));
  const links = await at.connection.sendRequest(DocumentLinkRequest.type, { textDocument: { uri } });
  expect(links?.map(({ target }) => target)).toEqual([
    "pages:/diagnostics/handle-leaked",
    "pages:/diagnostics/double-close",
  ]);
});

describe("the workspace", () => {
  test("several folders are several projects; progress is shown; the report is a page", async () => {
    const first = copyOf("functions/fastcall");
    const second = copyOf("functions/noargs");
    const at = await started([first, second]);
    await at.until(() => at.status?.folders.length === 2);
    await at.ready();
    const { folders } = await at.connection.sendRequest<PlanResult>(PLAN_REQUEST, {});
    expect(folders.map(({ modules }) => modules.map(({ name }) => name))).toEqual([["fx_fastcall"], ["fx_noargs"]]);
    expect(at.progress.length).toBeGreaterThan(0);
    const { html } = await at.connection.sendRequest<ReportResult>(REPORT_REQUEST, { folder: folders[1]?.folder });
    expect(html).toContain("<!doctype html>");
    expect(html).toContain("fx_noargs");
  });

  test("pyproject.toml and the settings leave files out", async () => {
    const folder = copyOf("functions/fastcall");
    writeFileSync(join(folder, "pyproject.toml"), '[tool.hpy-migrate]\nexclude = ["fastcall.c"]\n');
    const at = await started([folder]);
    await at.ready();
    expect(at.status?.folders[0]?.message).toContain("no Python extension module");
    writeFileSync(join(folder, "pyproject.toml"), "[tool.hpy-migrate]\n");
    const uri = pathToFileURL(join(folder, "pyproject.toml")).href;
    await at.connection.sendNotification(DidChangeWatchedFilesNotification.type, { changes: [{ uri, type: 2 }] });
    await at.until(() => (at.status?.folders[0]?.totals.functions ?? 0) > 0);
  });

  test("a file outside of all folders is a project of its own", async () => {
    const folder = copyOf("functions/fastcall");
    const at = await started([]);
    const uri = await at.open(join(folder, "fastcall.c"));
    await at.until(() => at.published.some((params) => params.uri === uri && params.diagnostics.length > 1));
    await at.close(uri);
    await at.until(() => at.published.at(-1)?.diagnostics.length === 0);
  });

  test("a new, unsaved file takes part", async () => {
    const folder = join(scratch, "unsaved");
    mkdirSync(folder);
    const at = await started([folder]);
    await at.ready();
    const text = readFileSync(join(ROOT, "fixtures", "functions", "fastcall", "fastcall.c"), "utf8");
    const uri = await at.open(join(folder, "new.c"), text);
    await at.until(() => at.published.some((params) => params.uri === uri && params.diagnostics.length > 1));
  });
});
