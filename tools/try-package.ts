/**
 * `npm run try -- NAME==VERSION [options of verify]`: fetches the source archive of a package and verifies its series,
 * as `hpy-migrate verify` does for a directory.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { pythonEnvironment } from "../verify/python-environment.ts";
import { fetchSourceArchive } from "./source-archive.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const [requirement, ...options] = process.argv.slice(2);
if (requirement === undefined || requirement.startsWith("-")) {
  process.stderr.write("usage: npm run try -- NAME==VERSION|DIRECTORY [options of hpy-migrate verify]\n");
  process.exitCode = 2;
} else {
  const source = existsSync(requirement) ? requirement : fetchSourceArchive(requirement, pythonEnvironment());
  const command = join(root, "node_modules", ".bin", "tsx");
  const result = spawnSync(command, [join(root, "cli", "main.ts"), "verify", source, ...options], { stdio: "inherit" });
  process.exitCode = result.status ?? 1;
}
