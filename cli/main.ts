#!/usr/bin/env node
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { type Engine, run, type Surroundings } from "./program.ts";

/** The version in package.json, which lies one folder up in development and two in the published package. */
function version(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, "package.json"))) directory = dirname(directory);
  return (JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as { version: string }).version;
}

/** The core is loaded by the first command that needs it: `--help` and `--version` should not wait for a parser. */
async function loadEngine(): Promise<Engine> {
  const [{ planMigration }, { lintProject, fixProject }, { explain }, { loadParser }] = await Promise.all([
    import("../engine/engine.ts"),
    import("../engine/lint-project.ts"),
    import("../engine/explain.ts"),
    import("./load-parser.ts"),
  ]);
  return {
    plan: async (input, options) => planMigration(input, await loadParser(), options),
    lint: async (input, options) => lintProject(input, await loadParser(), options),
    fix: async (input) => fixProject(input, await loadParser()),
    check: async (input, baseline) => {
      const { checkProject } = await import("../engine/check-project.ts");
      return checkProject(input, await loadParser(), baseline);
    },
    loadCounter: async () => {
      const { countFunctions } = await import("../engine/count-functions.ts");
      const parser = await loadParser();
      return (file) => countFunctions(file, parser);
    },
    explain,
  };
}

// The optimising compiler of WebAssembly costs more CPU time on the grammars than it saves on any but huge projects.
setFlagsFromString("--liftoff-only");

const colourful = process.env.NO_COLOR === undefined || process.env.NO_COLOR === "";

const surroundings: Surroundings = {
  version: version(),
  out: (bytes) => process.stdout.write(Buffer.from(bytes, "latin1")),
  err: (text) => process.stderr.write(text),
  colour: { out: colourful && process.stdout.isTTY === true },
  ...(process.stderr.isTTY ? { columns: process.stderr.columns } : {}),
};

// A reader that has seen enough, such as `head`, is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    throw error;
  });
}

try {
  process.exitCode = await run(process.argv.slice(2), loadEngine, surroundings);
} catch (error) {
  const [message] = (error instanceof Error ? error.message : String(error)).split("\n");
  process.stderr.write(`hpy-migrate: internal error: ${message}\n`);
  if (process.env.HPY_MIGRATE_DEBUG) process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  else process.stderr.write("This is a bug in hpy-migrate; HPY_MIGRATE_DEBUG=1 shows where it happened.\n");
  process.exitCode = 3;
}
