/** Neovim of Debian as the client: a code action makes of the buffer what the command line makes of the file. */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Neovim, setUpNeovim } from "../../tools/neovim.ts";
import { bundledProgram } from "./program.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SCRIPT = join(ROOT, "test", "lsp", "neovim.lua");

interface Answer {
  readonly status: string;
  readonly error?: string;
  readonly messages: readonly string[];
  readonly actions: readonly string[];
  readonly hover: string;
  readonly lines: readonly string[];
  readonly diagnostics: readonly { line: number; code: string; message: string; severity: number }[];
}

let program: string;
let neovim: Neovim;
let scratch: string;

beforeAll(async () => {
  program = await bundledProgram("neovim");
  neovim = setUpNeovim();
  scratch = realpathSync(mkdtempSync(join(tmpdir(), "hpy-migrate-neovim-")));
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Takes a code action in Neovim and saves all files. */
function takeAction(folder: string, file: string, line: number, action: string): Answer {
  const report = join(scratch, "report.json");
  rmSync(report, { force: true });
  const run = spawnSync(neovim.program, ["--clean", "--headless", "-n", "-c", `luafile ${SCRIPT}`], {
    encoding: "utf8",
    timeout: 170_000,
    env: {
      ...neovim.environment,
      HOME: scratch,
      XDG_STATE_HOME: join(scratch, "state"),
      XDG_CACHE_HOME: join(scratch, "cache"),
      SERVER: JSON.stringify([process.execPath, program, "lsp", "--stdio"]),
      REPORT: report,
      FOLDER: folder,
      FILE: join(folder, file),
      LINE: String(line),
      ACTION: action,
    },
  });
  if (run.status !== 0) {
    const said = `${run.stderr}${run.stdout}`;
    throw new Error(`nvim: ${run.error?.message ?? run.status}: ${said}${readFileSync(report, "utf8")}`);
  }
  return JSON.parse(readFileSync(report, "utf8")) as Answer;
}

function contents(folder: string): Record<string, string> {
  const names = readdirSync(folder).sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), "latin1")]));
}

function cli(...args: string[]): string {
  return execFileSync(process.execPath, [program, ...args, "--quiet"], { encoding: "latin1" });
}

test("the buffer after `migrate this function` is what `hpy-migrate diff` says", () => {
  const folder = join(scratch, "fastcall");
  const twin = join(scratch, "fastcall-twin");
  for (const target of [folder, twin]) {
    cpSync(join(ROOT, "fixtures", "functions", "fastcall"), target, { recursive: true });
    writeFileSync(
      join(target, "setup.py"),
      'from setuptools import Extension, setup\n\nsetup(name="x", ext_modules=[Extension("fx_fastcall", ["fastcall.c"])])\n',
    );
  }
  const line =
    readFileSync(join(folder, "fastcall.c"), "utf8")
      .split("\n")
      .findIndex((text) => text.startsWith("power_mod")) + 1;
  expect(line).toBeGreaterThan(1);
  const answer = takeAction(folder, "fastcall.c", line, "Migrate power_mod");
  expect(answer).toMatchObject({ status: "done", messages: [] });
  expect(answer.actions[0]).toBe("Migrate power_mod to HPy, with what it needs");
  expect(answer.diagnostics.map(({ code }) => code)).toContain("object-array");

  const diff = cli("diff", "--function", "power_mod", twin);
  expect(diff).toContain("+++ b/fastcall.c");
  const patched = spawnSync("git", ["apply", "-"], {
    cwd: twin,
    input: Buffer.from(diff, "latin1"),
    encoding: "utf8",
  });
  expect(patched.stderr).toBe("");
  expect(contents(folder)).toEqual(contents(twin));
  expect(answer.lines).toEqual(readFileSync(join(twin, "fastcall.c"), "utf8").split("\n").slice(0, -1));
});

test("files with CRLF and text beyond ASCII keep both", () => {
  const folder = join(scratch, "crlf");
  const twin = join(scratch, "crlf-twin");
  for (const target of [folder, twin]) {
    cpSync(join(ROOT, "fixtures", "functions", "noargs"), target, { recursive: true });
    const file = join(target, "noargs.c");
    const text = `/* größer als 4 GiB: 😀 日本 */ ${readFileSync(file, "utf8")}`;
    writeFileSync(file, text.replaceAll("\n", "\r\n"));
  }
  const lines = readFileSync(join(folder, "noargs.c"), "utf8").split("\r\n");
  const plan = JSON.parse(cli("plan", "--json", folder)) as {
    modules: { functions: { name: string; line: number; via: string }[] }[];
  };
  const unit = plan.modules[0]?.functions.find((fn) => fn.via?.startsWith("function-"));
  if (unit === undefined) throw new Error(`nothing moves in ${lines.length} lines`);
  takeAction(folder, "noargs.c", unit.line + 1, `Migrate ${unit.name} `);
  cli("apply", "--function", unit.name, twin);
  expect(contents(folder)).toEqual(contents(twin));
});
