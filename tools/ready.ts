/** Everything that continuous integration checks, in one command: every check runs, and the summary names those that failed. */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

const checks: readonly (readonly [name: string, command: string, ...args: string[]])[] = [
  ["generated files", "tsx", "tools/generate.ts", "--check"],
  ["lint and format", "biome", "check", "."],
  ["types", "tsc"],
  ["types of the page", "tsc", "-p", "page"],
  ["types of the VS Code extension", "tsc", "-p", "lsp/vscode"],
  ["tests", "vitest", "run"],
  ["unused code", "knip"],
  ["build", "tsx", "tools/build.ts"],
  ["package", "publint", "--strict"],
];

const failed: string[] = [];
for (const [name, command, ...args] of checks) {
  process.stdout.write(`\n== ${name}\n`);
  const result = spawnSync(join(root, "node_modules", ".bin", command), args, { cwd: root, stdio: "inherit" });
  if (result.status !== 0) failed.push(name);
}
process.stdout.write(failed.length === 0 ? "\nready\n" : `\nnot ready: ${failed.join(", ")}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
