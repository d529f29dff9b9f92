/**
 * Checks the C-API table against a running CPython 3.11 by counting references.
 *
 *     tsx tools/check-capi-ownership.ts [PYTHON]
 *
 * Prints the report of check-capi-ownership.py; the exit status is 1 when a fact disagrees.
 */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CAPI_FUNCTIONS } from "../model/api/capi-table.ts";

const script = join(dirname(fileURLToPath(import.meta.url)), "check-capi-ownership.py");
const run = spawnSync(process.argv[2] ?? "python3", [script], {
  input: JSON.stringify(Object.fromEntries(CAPI_FUNCTIONS)),
  encoding: "utf8",
  maxBuffer: 1 << 26,
  stdio: ["pipe", "pipe", "inherit"],
});
process.stdout.write(run.stdout);
const report: unknown = run.status === 0 ? JSON.parse(run.stdout) : undefined;
const disagreements =
  typeof report === "object" && report !== null && "disagreements" in report ? report.disagreements : undefined;
process.exitCode = Array.isArray(disagreements) && disagreements.length === 0 ? 0 : 1;
