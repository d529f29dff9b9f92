/**
 * Builds `dist/`: the compiled shells and core, and the grammars next to them, so that the published package needs
 * neither the grammar packages (50 MB) nor a compiler.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");
const require = createRequire(import.meta.url);

rmSync(dist, { recursive: true, force: true });
execFileSync(process.execPath, [require.resolve("typescript/bin/tsc"), "-p", join(root, "tsconfig.build.json")], {
  stdio: "inherit",
});
mkdirSync(join(dist, "wasm"), { recursive: true });
for (const language of ["c", "cpp"]) {
  const name = `tree-sitter-${language}`;
  copyFileSync(
    join(dirname(require.resolve(`${name}/package.json`)), `${name}.wasm`),
    join(dist, "wasm", `${name}.wasm`),
  );
}
// What links in diagnostics lead to.
mkdirSync(join(dist, "docs"), { recursive: true });
for (const page of ["api.md", "diagnostics.md", "refusals.md", "rules.md"])
  copyFileSync(join(root, "docs", page), join(dist, "docs", page));
chmodSync(join(dist, "cli", "main.js"), 0o755);
