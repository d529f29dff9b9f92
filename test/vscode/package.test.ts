/** The packed extension: what is in it, and that its parts run from where it was unpacked. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createProtocolConnection, type InitializeResult } from "vscode-languageserver-protocol/node";
import { PLAN_REQUEST, type PlanResult } from "../../lsp/protocol.ts";
import { packedExtension } from "./packed-extension.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

const scratch = mkdtempSync(join(tmpdir(), "hpy-migrate-vsix-"));
let extension: string;

beforeAll(async () => {
  extension = await packedExtension(scratch);
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();
}

interface Manifest {
  readonly version: string;
  readonly main: string;
  readonly browser: string;
  readonly icon: string;
  readonly scripts?: unknown;
  readonly contributes: {
    readonly commands: readonly { readonly command: string }[];
    readonly configuration: { readonly properties: Readonly<Record<string, { readonly default: unknown }>> };
    readonly walkthroughs: readonly { readonly steps: readonly { readonly media: { readonly markdown: string } }[] }[];
  };
}

function manifest(): Manifest {
  return JSON.parse(readFileSync(join(extension, "package.json"), "utf8")) as Manifest;
}

test("holds the bundles, the grammars, the icon and its texts, and nothing else", () => {
  const { walkthroughs } = manifest().contributes;
  const media = walkthroughs.flatMap(({ steps }) => steps.map((step) => step.media.markdown));
  const images = readdirSync(join(ROOT, "lsp", "vscode", "images")).map((name) => `images/${name}`);
  expect(filesBelow(extension)).toEqual(
    [
      "LICENSE.txt",
      "ThirdPartyNotices.txt",
      "changelog.md",
      "icon.png",
      "media/activity.svg",
      "out/desktop.js",
      "out/server/browser.js",
      "out/server/node.mjs",
      "out/wasm/tree-sitter-c.wasm",
      "out/wasm/tree-sitter-cpp.wasm",
      "out/wasm/web-tree-sitter.wasm",
      "out/web.js",
      "package.json",
      "readme.md",
      ...images,
      ...media,
    ].sort(),
  );
  // An icon of 256 pixels: width and height stand in the header of a PNG.
  const icon = readFileSync(join(extension, "icon.png"));
  expect([icon.readUInt32BE(16), icon.readUInt32BE(20)]).toEqual([256, 256]);
  expect(statSync(join(scratch, "extension.vsix")).size).toBeLessThan(4_000_000);
});

test("the README shows pictures that are in the package", () => {
  const readme = readFileSync(join(extension, "readme.md"), "utf8");
  const shown = [...readme.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map((match) => match[1] as string);
  expect(shown.length).toBeGreaterThan(2);
  expect(shown.filter((path) => !filesBelow(extension).includes(path))).toEqual([]);
});

test("has the version of the program and no scripts", () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  expect(manifest().version).toBe(version);
  expect(manifest().scripts).toBeUndefined();
});

test("every package in the bundles comes with its licence", () => {
  const notices = readFileSync(join(extension, "ThirdPartyNotices.txt"), "utf8");
  const sections = notices.split(/^-{80}$/m);
  expect(sections.length).toBeGreaterThan(5);
  expect(sections.filter((section) => section.trim().split("\n").length < 5)).toEqual([]);
});

test("the bundles ask for nothing but VS Code and Node's own modules", async () => {
  const asked = async (name: string): Promise<string[]> => {
    const { metafile } = await build({
      entryPoints: [join(extension, name)],
      bundle: true,
      write: false,
      metafile: true,
      platform: "node",
      format: "esm",
      packages: "external",
      logLevel: "silent",
    });
    const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path));
    return [...new Set(imports)].filter((path) => !builtinModules.includes(path.replace(/^node:/, "")));
  };
  expect(await asked("out/desktop.js")).toEqual(["vscode"]);
  expect(await asked("out/web.js")).toEqual(["vscode"]);
  expect(await asked("out/server/node.mjs")).toEqual([]);
  const worker = readFileSync(join(extension, "out", "server", "browser.js"), "utf8");
  const { metafile } = await build({ stdin: { contents: worker }, bundle: true, write: false, metafile: true });
  expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([]);
});

/** Starts the desktop's server as the extension does. */
function startServer(): ChildProcess {
  const server = join(extension, "out", "server", "node.mjs");
  // Nothing of the repository's packages may be found from there.
  return spawn(process.execPath, [server, "--stdio"], { cwd: scratch, stdio: ["pipe", "pipe", "inherit"] });
}

test("the desktop's server plans a project from where it was unpacked", async () => {
  const child = startServer();
  try {
    const { stdin, stdout } = child;
    if (stdin === null || stdout === null) throw new Error("the server has no pipes");
    const connection = createProtocolConnection(stdout, stdin);
    connection.listen();
    const uri = pathToFileURL(join(ROOT, "fixtures", "module", "many-files")).href;
    const initialized: InitializeResult = await connection.sendRequest("initialize", {
      processId: process.pid,
      rootUri: uri,
      workspaceFolders: [{ uri, name: "many-files" }],
      capabilities: {},
    });
    expect(initialized.capabilities.textDocumentSync).toBeDefined();
    expect(initialized.capabilities.codeActionProvider).toBeTruthy();
    await connection.sendNotification("initialized", {});
    const { folders }: PlanResult = await connection.sendRequest(PLAN_REQUEST, { folder: uri });
    expect(folders.map(({ name }) => name)).toEqual(["many-files"]);
    await expect
      .poll(
        async () => {
          const plan: PlanResult = await connection.sendRequest(PLAN_REQUEST, { folder: uri });
          return plan.folders[0]?.steps.map(({ id }) => id);
        },
        { timeout: 50_000, interval: 200 },
      )
      .toContain("function-circle_area");
    await connection.sendRequest("shutdown");
    const ended = new Promise((resolve) => child.once("exit", resolve));
    await connection.sendNotification("exit");
    expect(await ended).toBe(0);
    connection.dispose();
  } finally {
    child.kill();
  }
});

test("the desktop's bundle starts its server, shows the plan and applies a step", () => {
  const host = join(ROOT, "test", "vscode", "desktop-host.ts");
  const folder = join(ROOT, "fixtures", "module", "many-files");
  const output = execFileSync(process.execPath, ["--import", "tsx", host, extension, folder], {
    cwd: ROOT,
    encoding: "utf8",
    timeout: 50_000,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { lines, status, edited } = JSON.parse(output) as { lines: string[]; status: string; edited: string[] };
  expect(lines.map((line) => line.split(":")[0]?.trim())).toEqual(
    expect.arrayContaining(["fx_many_files", "circle_area", "circle_points", "polygon_length"]),
  );
  expect(lines[0]).toMatch(/^fx_many_files: 0 of \d+ HPy$/);
  expect(lines).toContain("  circle_points: can move");
  expect(status).toContain("HPy 0%");
  // The first step makes the module one of HPy, and there is no build file to change.
  expect(edited).toEqual(["shapes.c"]);
});
