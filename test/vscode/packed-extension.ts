/** The extension as it is published: built, packed, and unpacked again. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { unzipSync } from "fflate";
import { buildExtension, packExtension } from "../../tools/build-vscode.ts";

/** Packs the extension below a directory and unpacks it there. Gives the directory of the unpacked extension. */
export async function packedExtension(scratch: string): Promise<string> {
  const vsix = join(scratch, "extension.vsix");
  await buildExtension(join(scratch, "built"));
  packExtension(join(scratch, "built"), vsix);
  const unpacked = join(scratch, "unpacked");
  for (const [path, bytes] of Object.entries(unzipSync(readFileSync(vsix)))) {
    if (path.endsWith("/")) continue;
    mkdirSync(dirname(join(unpacked, path)), { recursive: true });
    writeFileSync(join(unpacked, path), bytes);
  }
  return join(unpacked, "extension");
}
