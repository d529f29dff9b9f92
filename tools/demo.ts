/**
 * `npm run demo [-- NAME==VERSION]`: migrates a real package. Fetches its source archive from the package index, shows
 * what is in it, prints the diff of every step, and writes them to a copy.
 */
import { spawnSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheDirectory, pythonEnvironment } from "../verify/python-environment.ts";
import { fetchSourceArchive } from "./source-archive.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const requirement = process.argv[2] ?? "setproctitle==1.3.3";

const source = fetchSourceArchive(requirement, pythonEnvironment());
const copy = join(cacheDirectory(), "demo", basename(source));
rmSync(copy, { recursive: true, force: true });
cpSync(source, copy, { recursive: true });

for (const args of [[], ["diff", "--all"], ["apply", "--all"], []]) {
  process.stdout.write(`\n$ hpy-migrate ${[...args, basename(source)].join(" ")}\n`);
  const command = join(root, "node_modules", ".bin", "tsx");
  const result = spawnSync(command, [join(root, "cli", "main.ts"), ...args, copy], { stdio: "inherit" });
  if (result.status !== 0) {
    process.exitCode = result.status ?? 1;
    break;
  }
}
process.stdout.write(`\nThe migrated package is in ${copy}; npm run try -- ${requirement} also builds and tests it.\n`);
