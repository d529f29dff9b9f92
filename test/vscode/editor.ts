/** VS Code in a browser with the packed extension, opened on a copy of sources; what a user would click and read. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { type BrowserContext, chromium, type Frame, type Locator, type Page } from "playwright-core";
import { browserPath } from "../../tools/browser.ts";
import { vscodeWeb } from "../../tools/vscode-web.ts";
import { type RunningSite, serve } from "./server.ts";

const SWITCHES = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Milliseconds for anything that the editor has to start or to plan, on a machine that others use too. */
const PATIENCE = 90_000;

/** Pixels; tall enough for all lines of the plan. */
const WINDOW = { width: 1040, height: 900 };
/** Pixels of a picture. */
const PICTURE = { width: 1040, height: 560 };
/** The part of the window around a cursor in the middle of its editor. */
const MIDDLE = { x: 308, y: 230, width: 732, height: 490 };

/** A diagnostic as the editor has it. */
export interface Shown {
  readonly message: string;
  /** 1-based. */
  readonly line: number;
  /** 0 error, 1 warning, 2 information, 3 hint. */
  readonly severity: number;
  readonly code: string | number | undefined;
  readonly source: string | undefined;
}

/** Bundles the extension that gives the editor its files. */
async function buildFiles(target: string): Promise<void> {
  mkdirSync(target, { recursive: true });
  const manifest = {
    name: "workspace",
    publisher: "test",
    version: "1.0.0",
    engines: { vscode: "^1.91.0" },
    browser: "./extension.js",
    activationEvents: ["onFileSystem:fixture", "*"],
  };
  writeFileSync(join(target, "package.json"), JSON.stringify(manifest));
  await build({
    entryPoints: [join(import.meta.dirname, "workspace-extension.ts")],
    outfile: join(target, "extension.js"),
    bundle: true,
    platform: "browser",
    format: "cjs",
    external: ["vscode"],
  });
}

/** A running editor. */
export class Editor {
  readonly page: Page;
  /** Errors of the page, and requests that went anywhere but to the test's server. */
  readonly complaints: string[] = [];
  readonly #site: RunningSite;
  readonly #browser: BrowserContext;

  private constructor(site: RunningSite, browser: BrowserContext, page: Page) {
    this.#site = site;
    this.#browser = browser;
    this.page = page;
    page.setDefaultTimeout(PATIENCE);
    page.on("pageerror", (error) => this.complaints.push(`exception: ${error.message}`));
    const { host } = new URL(site.url);
    page.on("request", (request) => {
      const url = new URL(request.url());
      const isOwn = url.host === host || url.host.endsWith(`.${host}`);
      if (!isOwn && !["data:", "blob:"].includes(url.protocol)) this.complaints.push(`request: ${url.href}`);
    });
  }

  /**
   * Starts an editor.
   *
   * @param extension directory of the unpacked extension.
   * @param workspace directory that the editor opens and writes to.
   * @param scratch directory for what the editor and the browser need.
   */
  static async open(extension: string, workspace: string, scratch: string): Promise<Editor> {
    const files = join(scratch, "workspace-extension");
    await buildFiles(files);
    const site = await serve({
      vscode: await vscodeWeb(),
      extensions: { workspace: files, "hpy-migrate": extension },
      workspace,
      settings: { "editor.minimap.enabled": false, "workbench.editor.enablePreview": false },
    });
    // Webviews have origins of their own and a service worker, which the browser would take for another site's.
    const profile = join(scratch, "profile");
    mkdirSync(join(profile, "Default"), { recursive: true });
    const preferences = { profile: { cookie_controls_mode: 0, block_third_party_cookies: false } };
    writeFileSync(join(profile, "Default", "Preferences"), JSON.stringify(preferences));
    const browser = await chromium.launchPersistentContext(profile, {
      executablePath: browserPath(),
      args: SWITCHES,
      viewport: WINDOW,
      reducedMotion: "reduce",
    });
    const editor = new Editor(site, browser, browser.pages()[0] ?? (await browser.newPage()));
    await editor.page.goto(site.url);
    await editor.page.waitForSelector(".monaco-workbench");
    return editor;
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#site.close();
  }

  /** Paths that were asked for and are not there. */
  get missing(): readonly string[] {
    // VS Code looks for translations of manifests, and browsers for an icon, whether there are any or not.
    return this.#site.missing.filter((line) => !line.includes("/package.nls.json") && !line.includes("/favicon.ico"));
  }

  /** Runs a command of the editor or of an extension. */
  async run<T>(command: string, ...parameters: readonly (string | number)[]): Promise<T> {
    const run = ([name, values]: [string, readonly (string | number)[]]): Promise<unknown> => {
      const { runCommand } = globalThis as unknown as { runCommand: (...all: unknown[]) => Promise<unknown> };
      return runCommand(name, ...values);
    };
    return (await this.page.evaluate(run, [command, parameters] as [string, readonly (string | number)[]])) as T;
  }

  /** Asks again and again until the answer passes. Throws with the last answer when it never does. */
  async until<T>(ask: () => Promise<T>, passes: (answer: T) => boolean): Promise<T> {
    const end = performance.now() + PATIENCE;
    for (;;) {
      const answer = await ask();
      if (passes(answer)) return answer;
      if (performance.now() > end) throw new Error(`still not as expected: ${JSON.stringify(answer)}`);
      await this.page.waitForTimeout(200);
    }
  }

  text(path: string): Promise<string> {
    return this.run("test.text", path);
  }

  diagnostics(path: string): Promise<readonly Shown[]> {
    return this.run("test.diagnostics", path);
  }

  /** Puts the cursor on a 1-based line, opens the light bulb there, and gives the titles of what it offers. */
  async lightBulb(line: number): Promise<string[]> {
    await this.run("test.select", line - 1, 0);
    const menu = this.page.locator(".action-widget .monaco-list-row");
    const open = async (): Promise<boolean> => {
      await this.#click(this.page.locator(".lightBulbWidget[class*=codicon-]"));
      await this.page.waitForTimeout(2000);
      return (await menu.count()) > 0;
    };
    // The light bulb of the line before may still be there, or go while the mouse is on its way.
    await this.until(open, (isOpen) => isOpen);
    return this.page.locator(".action-widget .monaco-list-row.action").allTextContents();
  }

  async choose(title: string): Promise<void> {
    await this.#click(this.page.locator(".action-widget .monaco-list-row.action", { hasText: title }));
  }

  /**
   * Moves the mouse to something and clicks there. The mouse has to move first: a layer over menus takes the clicks
   * until then. Nothing is scrolled, which would shift the editor's window.
   */
  async #click(target: Locator): Promise<void> {
    await target.waitFor();
    let box = await target.boundingBox();
    for (let before = null; JSON.stringify(before) !== JSON.stringify(box); ) {
      before = box;
      await this.page.waitForTimeout(100);
      box = await target.boundingBox();
    }
    if (box === null) throw new Error("what is to be clicked cannot be seen");
    const [x, y] = [box.x + Math.min(box.width / 2, 40), box.y + box.height / 2];
    await this.page.mouse.move(x - 2, y);
    await this.page.mouse.move(x, y);
    await this.page.mouse.down();
    await this.page.mouse.up();
  }

  /** What the lines of the plan say to those who cannot see them: name, kind, where it stands. */
  async tree(): Promise<string[]> {
    const rows = this.page.locator(".sidebar .monaco-list-row");
    const labels = await rows.evaluateAll((elements) =>
      elements.map((element): [number, string] => [
        Number(element.getAttribute("data-index")),
        element.getAttribute("aria-label") ?? "",
      ]),
    );
    // The list uses its elements again wherever there is need of one.
    return labels.sort(([a], [b]) => a - b).map(([, label]) => label);
  }

  /** Text of the extension's entry in the status bar. */
  async status(): Promise<string> {
    return (await this.page.locator('.statusbar-item[id$="hpyMigrate.share"]').textContent()) ?? "";
  }

  /** Clicks an action of a line of the plan. */
  async act(name: string, action: "Preview" | "Apply" | "Explain"): Promise<void> {
    const row = this.page.locator(`.sidebar .monaco-list-row[aria-label^="${name},"]`);
    const box = await row.boundingBox();
    if (box === null) throw new Error(`${name} cannot be seen`);
    await this.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await this.#click(row.locator(`.action-label[aria-label="${action}"]`));
  }

  /** The page in the webview that is open. */
  async webview(): Promise<Frame> {
    const find = async (): Promise<Frame | undefined> => {
      for (const frame of this.page.frames()) {
        if (frame.url().includes("/fake.html") && (await frame.locator("main section").count()) > 0) return frame;
      }
      return undefined;
    };
    const frame = await this.until(find, (found) => found !== undefined);
    if (frame === undefined) throw new Error("there is no webview");
    return frame;
  }

  /**
   * Writes a picture when `HPY_MIGRATE_PICTURES` names a directory for them: of the window made smaller, or of the
   * middle of its editor, for a menu that would close.
   */
  async picture(name: string, part: "window" | "middle" = "window"): Promise<void> {
    const directory = process.env.HPY_MIGRATE_PICTURES;
    if (directory === undefined) return;
    mkdirSync(directory, { recursive: true });
    const path = join(directory, `${name}.png`);
    if (part === "middle") {
      await this.page.screenshot({ path, clip: MIDDLE });
      return;
    }
    await this.page.mouse.move(600, 12);
    await this.page.setViewportSize(PICTURE);
    await this.page.waitForTimeout(1000);
    await this.page.screenshot({ path });
    await this.page.setViewportSize(WINDOW);
    await this.page.waitForTimeout(500);
  }
}
