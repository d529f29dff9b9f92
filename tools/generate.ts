/**
 * `npm run generate`: makes everything in the repository that is made from something else. With `-- --check` it writes
 * nothing, says what is out of date, and fails when anything is.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { pythonEnvironment } from "../verify/python-environment.ts";
import { capiDrift } from "./generate-capi.ts";
import { generateDocs } from "./generate-docs.ts";
import { generateHpy } from "./generate-hpy.ts";
import { generatePage, PAGE_BUNDLE } from "./generate-page.ts";
import { renderTerminal, TERMINAL_PICTURE } from "./render-terminal.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");

/** The generated files by path from the root, except the table of the C API, which is made from several releases. */
async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const pages = [...generateDocs()].map(([name, text]) => [`docs/${name}`, text] as const);
  return new Map([
    ["model/api/hpy-0.9.generated.ts", generateHpy(pythonEnvironment().hpyInclude)],
    ...pages,
    [PAGE_BUNDLE, await generatePage()],
    [TERMINAL_PICTURE, await renderTerminal()],
  ]);
}

function current(path: string): string | null {
  try {
    return readFileSync(join(ROOT, path), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

const checking = process.argv.includes("--check");
const outdated: string[] = [];
for (const [path, text] of await generatedFiles()) {
  if (current(path) === text) continue;
  outdated.push(path);
  if (!checking) writeFileSync(join(ROOT, path), text);
}
for (const path of outdated) process.stdout.write(`${path} ${checking ? "is out of date" : "written"}\n`);

const drift = capiDrift(pythonEnvironment().pythonInclude);
for (const line of drift) process.stdout.write(`model/api/capi.generated.ts: ${line}\n`);
if (drift.length > 0)
  process.stdout.write("Write it with tools/generate-capi.ts, which names the headers that it needs.\n");

if (drift.length > 0 || (checking && outdated.length > 0)) process.exitCode = 1;
