/** The program as one would install it, made in a second: worker threads need files of JavaScript. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Bundles the program below the cache, once for each caller, and answers the path of its entry. */
export async function bundledProgram(caller: string): Promise<string> {
  const outdir = join(ROOT, ".cache", "lsp", caller);
  await build({
    entryPoints: [join(ROOT, "cli", "main.ts")],
    outdir,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    logLevel: "error",
  });
  // The pages lie beside it, as in the package.
  cpSync(join(ROOT, "docs"), join(outdir, "docs"), { recursive: true });
  return join(outdir, "main.js");
}
