/** Installs the editors of `npm run test:editors` below the cache, and the browser, as far as they are missing. */
import { execFileSync } from "node:child_process";
import { browserPath } from "./browser.ts";
import { setUpNeovim } from "./neovim.ts";
import { vscodeWeb } from "./vscode-web.ts";

const { program, environment } = setUpNeovim();
const [version] = execFileSync(program, ["--version"], { env: environment, encoding: "utf8" }).split("\n");
process.stdout.write(`${version}: ${program}\n`);
process.stdout.write(`VS Code for the browser: ${await vscodeWeb()}\n`);
process.stdout.write(`Chromium: ${browserPath()}\n`);
