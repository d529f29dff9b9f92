/** The browser of the page's tests: Chromium of the system, installed by the system's package manager when it is missing. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory, withLock } from "../verify/python-environment.ts";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/snap/bin/chromium"];

/** Other programs of the machine may hold the lock of dpkg for a while. */
const WAIT = ["-o", "DPkg::Lock::Timeout=300"];

function installed(): string | null {
  const named = process.env.CHROMIUM_PATH;
  if (named !== undefined && existsSync(named)) return named;
  return PLACES.find((place) => existsSync(place)) ?? null;
}

/** Held while apt-get runs: test files that begin at once on a new machine would find its own locks taken, and fail. */
export function packageLock(): string {
  return join(cacheDirectory(), "apt.lock");
}

/** Runs a command to its end. Throws with what it said when it fails. */
function run(command: string, ...args: readonly string[]): void {
  const result = spawnSync(command, args, {
    encoding: "utf8",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  if (result.error) throw new Error(`${command} cannot be run: ${result.error.message}`);
  if (result.status !== 0) throw new Error(`${command} ${args.join(" ")} fails:\n${result.stderr || result.stdout}`);
}

/**
 * Path of a Chromium. `CHROMIUM_PATH` names one that lies elsewhere; where there is none, and the user may install
 * packages of Debian, it is installed.
 *
 * @throws Error when there is none and none can be installed.
 */
export function browserPath(): string {
  const found = installed();
  if (found !== null) return found;
  return withLock(packageLock(), () => {
    if (installed() === null) {
      run("apt-get", "update");
      run("apt-get", "install", ...WAIT, "--yes", "--no-install-recommends", "chromium", "fonts-dejavu-core");
    }
    const now = installed();
    if (now === null) throw new Error("Chromium is not where its package should have put it; set CHROMIUM_PATH");
    return now;
  });
}
