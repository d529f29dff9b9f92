/**
 * `npm run build:vscode`: bundles the VS Code extension and packs it into `dist/hpy-migrate-VERSION.vsix`. The package
 * holds all that it needs: no module of another package, and no native code.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Metafile } from "esbuild";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const SOURCE = join(ROOT, "lsp", "vscode");
const require = createRequire(import.meta.url);

/** Files and directories of the extension that go into the package as they are. */
const COPIED = ["README.md", "CHANGELOG.md", "icon.png", "media", "images"];

const GRAMMARS = [
  "web-tree-sitter/web-tree-sitter.wasm",
  "tree-sitter-c/tree-sitter-c.wasm",
  "tree-sitter-cpp/tree-sitter-cpp.wasm",
];

/** Version of the program, which is the extension's too. */
function version(): string {
  return (JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string }).version;
}

const COMMON: BuildOptions = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  metafile: true,
  target: ["es2022"],
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
};

/** What the desktop's server runs in is a module, and the CommonJS packages in its bundle ask for `require`. */
const REQUIRE =
  'import { createRequire as makeRequire } from "node:module"; const require = makeRequire(import.meta.url);';

/** The program of the desktop's server: it runs as soon as it is loaded. */
const SERVER = `import { serveStdio } from "./lsp/node.ts"; serveStdio(${JSON.stringify(version())});`;

const BUNDLES: readonly BuildOptions[] = [
  { entryPoints: ["lsp/vscode/desktop.ts"], outfile: "out/desktop.js", platform: "node", format: "cjs" },
  { entryPoints: ["lsp/vscode/web.ts"], outfile: "out/web.js", platform: "browser", format: "cjs" },
  {
    stdin: { contents: SERVER, resolveDir: ROOT, loader: "ts" },
    outfile: "out/server/node.mjs",
    platform: "node",
    format: "esm",
    banner: { js: REQUIRE },
  },
  { entryPoints: ["lsp/browser.ts"], outfile: "out/server/browser.js", platform: "browser", format: "iife" },
];

/** Names of the packages whose files went into bundles, sorted. */
function packagesOf(metafiles: readonly Metafile[]): string[] {
  const names = new Set<string>();
  for (const path of metafiles.flatMap((metafile) => Object.keys(metafile.inputs))) {
    const inside = path.split("node_modules/").at(-1) as string;
    if (inside === path) continue;
    const [scope = "", name] = inside.split("/");
    names.add(scope.startsWith("@") ? `${scope}/${name}` : scope);
  }
  return [...names].sort();
}

/** Licences of what the bundles contain. Throws when a package comes without one. */
function notices(packages: readonly string[]): string {
  const texts = packages.map((name) => {
    const directory = join(ROOT, "node_modules", name);
    const { version, license } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as {
      version: string;
      license: string;
    };
    const file = ["LICENSE", "LICENSE.md", "LICENSE.txt", "License.txt", "license", "LICENCE"].find((candidate) => {
      try {
        return readFileSync(join(directory, candidate)).length > 0;
      } catch {
        return false;
      }
    });
    const text = file === undefined ? "" : readFileSync(join(directory, file), "utf8").trim();
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  return `This extension contains the following packages.\n\n${texts.join(`\n${"-".repeat(80)}\n\n`)}`;
}

/** Writes the unpacked extension to a directory that does not exist yet. */
export async function buildExtension(target: string): Promise<void> {
  mkdirSync(join(target, "out", "wasm"), { recursive: true });
  for (const name of COPIED) cpSync(join(SOURCE, name), join(target, name), { recursive: true });
  copyFileSync(join(ROOT, "LICENSE"), join(target, "LICENSE"));
  for (const grammar of GRAMMARS) {
    copyFileSync(require.resolve(grammar), join(target, "out", "wasm", grammar.split("/")[1] as string));
  }
  const manifest = JSON.parse(readFileSync(join(SOURCE, "package.json"), "utf8")) as object;
  writeFileSync(join(target, "package.json"), `${JSON.stringify({ ...manifest, version: version() }, null, 2)}\n`);
  const metafiles: Metafile[] = [];
  for (const bundle of BUNDLES) {
    const outfile = join(target, bundle.outfile as string);
    const { metafile } = await build({ ...COMMON, external: ["vscode"], ...bundle, outfile });
    if (metafile !== undefined) metafiles.push(metafile);
  }
  writeFileSync(join(target, "ThirdPartyNotices.txt"), notices(packagesOf(metafiles)));
}

/**
 * Packs an unpacked extension.
 *
 * @throws Error with what the packer says when it refuses.
 */
export function packExtension(directory: string, vsix: string): void {
  mkdirSync(dirname(vsix), { recursive: true });
  const packer = require.resolve("@vscode/vsce/vsce");
  const options = ["--no-dependencies", "--allow-missing-repository", "--no-rewrite-relative-links", "--out", vsix];
  const result = spawnSync(process.execPath, [packer, "package", ...options], { cwd: directory, encoding: "utf8" });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`the extension cannot be packed:\n${result.stdout}${result.stderr}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const scratch = mkdtempSync(join(tmpdir(), "hpy-migrate-vscode-"));
  try {
    const vsix = join(ROOT, "dist", `hpy-migrate-${version()}.vsix`);
    await buildExtension(join(scratch, "extension"));
    packExtension(join(scratch, "extension"), vsix);
    process.stdout.write(`${vsix}\n`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
