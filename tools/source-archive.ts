/** Source archives from the Python package index, fetched by its ordinary client and kept in the cache. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory, type PythonEnvironment } from "../verify/python-environment.ts";

/** Unpacks a tar or zip archive; the directory that it holds becomes the target. */
const UNPACK = `
import os, shutil, sys
archive, target = sys.argv[1:]
shutil.unpack_archive(archive, target, **({} if archive.endswith(".zip") else {"filter": "data"} if sys.version_info >= (3, 12) else {}))
`;

/**
 * The unpacked source archive of `name==version`, fetched when it is not there yet.
 *
 * @param sha256 - What the archive must hash to; null to take any.
 * @throws Error when there is no such archive or it cannot be fetched; the message holds what the client said.
 */
export function fetchSourceArchive(
  requirement: string,
  environment: PythonEnvironment,
  sha256: string | null = null,
): string {
  const packages = join(cacheDirectory(), "packages");
  const target = join(packages, `${requirement.replace("==", "-")}${sha256 === null ? "" : `-${sha256.slice(0, 8)}`}`);
  if (existsSync(target)) return target;
  const scratch = `${target}.new`;
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(join(scratch, "archive"), { recursive: true });
  const python = (...args: string[]): void => {
    const result = spawnSync(environment.python, args, { encoding: "utf8" });
    if (result.status === 0) return;
    rmSync(scratch, { recursive: true, force: true });
    throw new Error(`${requirement} cannot be fetched:\n${`${result.stdout}${result.stderr}`.trim()}`);
  };
  const download = ["-m", "pip", "download", "--quiet", "--no-binary", ":all:", "--no-deps"];
  python(...download, requirement, "--dest", join(scratch, "archive"));
  const [archive] = readdirSync(join(scratch, "archive"));
  const found = createHash("sha256")
    .update(readFileSync(join(scratch, "archive", archive as string)))
    .digest("hex");
  if (sha256 !== null && found !== sha256) {
    rmSync(scratch, { recursive: true, force: true });
    throw new Error(`${requirement}: the archive's sha256 is ${found}, not ${sha256}`);
  }
  python("-c", UNPACK, join(scratch, "archive", archive as string), join(scratch, "tree"));
  const [top] = readdirSync(join(scratch, "tree"));
  renameSync(join(scratch, "tree", top as string), target);
  rmSync(scratch, { recursive: true, force: true });
  return target;
}
