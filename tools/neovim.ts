/** Neovim as Debian packages it, unpacked below the cache: nothing of the machine changes, and nobody need be root. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withLock } from "../verify/python-environment.ts";
import { packageLock } from "./browser.ts";

const CACHE = join(fileURLToPath(new URL("..", import.meta.url)), ".cache", "editors");
const HOME = join(CACHE, "neovim");

/** How Neovim is started. */
export interface Neovim {
  readonly program: string;
  readonly environment: NodeJS.ProcessEnv;
}

function installed(): Neovim | null {
  const program = join(HOME, "usr", "bin", "nvim");
  if (!existsSync(program)) return null;
  const libraries = join(HOME, "usr", "lib");
  const triplet = readdirSync(libraries).find((name) => name.endsWith("-linux-gnu"));
  return {
    program,
    environment: {
      ...process.env,
      LD_LIBRARY_PATH: triplet === undefined ? libraries : `${join(libraries, triplet)}:${libraries}`,
      VIMRUNTIME: join(HOME, "usr", "share", "nvim", "runtime"),
    },
  };
}

/** Packages that an installation of Neovim would add to this machine, or all that it needs where it is installed. */
function neededPackages(): string[] {
  const simulated = execFileSync("apt-get", ["--simulate", "--no-install-recommends", "install", "neovim"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  const added = simulated
    .split("\n")
    .flatMap((line) => (line.startsWith("Inst ") ? [line.split(" ")[1] as string] : []));
  return added.includes("neovim") ? added : ["neovim", "neovim-runtime", ...added];
}

/** Neovim, fetched from Debian's archive when it is missing. Throws when that cannot be had. */
export function setUpNeovim(): Neovim {
  return installed() ?? withLock(packageLock(), () => installed() ?? fetchNeovim());
}

function fetchNeovim(): Neovim {
  const scratch = join(CACHE, `neovim.${process.pid}`);
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(join(scratch, "root"), { recursive: true });
  let packages: string[];
  try {
    packages = neededPackages();
  } catch {
    // A new machine has no list of packages yet.
    execFileSync("apt-get", ["--quiet", "update"], { stdio: "ignore" });
    packages = neededPackages();
  }
  // The superuser may write there, but the user that apt-get fetches as may not: it warns and fetches all the same.
  execFileSync("apt-get", ["--quiet", "download", ...packages], { cwd: scratch, stdio: "ignore" });
  for (const name of readdirSync(scratch).filter((file) => file.endsWith(".deb")))
    execFileSync("dpkg-deb", ["--extract", join(scratch, name), join(scratch, "root")]);
  rmSync(HOME, { recursive: true, force: true });
  renameSync(join(scratch, "root"), HOME);
  rmSync(scratch, { recursive: true, force: true });
  const made = installed();
  if (made === null) throw new Error("the packages of Neovim hold no program");
  return made;
}
