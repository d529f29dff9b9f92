/** Installs the editors of `npm run test:editors` below the cache, as far as they are missing. */
import { execFileSync } from "node:child_process";
import { setUpNeovim } from "./neovim.ts";

const { program, environment } = setUpNeovim();
const [version] = execFileSync(program, ["--version"], { env: environment, encoding: "utf8" }).split("\n");
process.stdout.write(`${version}: ${program}\n`);
