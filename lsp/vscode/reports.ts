/** The report in the editor: the page that `hpy-migrate report --format html` writes, with nothing added to what it may do. */
import * as vscode from "vscode";
import type { BaseLanguageClient } from "vscode-languageclient";
import { REPORT_REQUEST, type ReportResult } from "../protocol.ts";

interface Shown {
  readonly panel: vscode.WebviewPanel;
  /** Whether the plan has changed since the page was made. */
  isStale: boolean;
}

function theme(): "light" | "dark" {
  const { kind } = vscode.window.activeColorTheme;
  return kind === vscode.ColorThemeKind.Dark || kind === vscode.ColorThemeKind.HighContrast ? "dark" : "light";
}

/** One panel for each folder. */
export class Reports implements vscode.Disposable {
  readonly #client: BaseLanguageClient;
  readonly #panels = new Map<string, Shown>();

  constructor(client: BaseLanguageClient) {
    this.#client = client;
  }

  dispose(): void {
    for (const { panel } of this.#panels.values()) panel.dispose();
  }

  /** Opens the report of a folder, or brings it to the front. */
  async show(folder: string, name: string): Promise<void> {
    const shown = this.#panels.get(folder);
    if (shown !== undefined) {
      shown.panel.reveal();
      return;
    }
    const html = await this.#page(folder);
    if (html === null) return;
    // The page carries all that it shows, so it needs scripts but neither files nor messages.
    const panel = vscode.window.createWebviewPanel("hpyMigrate.report", `HPy: ${name}`, vscode.ViewColumn.Active, {
      enableScripts: true,
      enableForms: false,
      localResourceRoots: [],
    });
    const added: Shown = { panel, isStale: false };
    this.#panels.set(folder, added);
    panel.onDidDispose(() => this.#panels.delete(folder));
    panel.onDidChangeViewState(() => this.#update(folder, added));
    panel.webview.html = html;
  }

  /** Makes the pages that can be seen anew, and the others when they are looked at. */
  refresh(): void {
    for (const [folder, shown] of this.#panels) {
      shown.isStale = true;
      void this.#update(folder, shown);
    }
  }

  async #update(folder: string, shown: Shown): Promise<void> {
    if (!shown.isStale || !shown.panel.visible) return;
    shown.isStale = false;
    const html = await this.#page(folder);
    if (html !== null && this.#panels.get(folder) === shown) shown.panel.webview.html = html;
  }

  async #page(folder: string): Promise<string | null> {
    const result: ReportResult = await this.#client.sendRequest(REPORT_REQUEST, { folder });
    if (result.html === null) {
      void vscode.window.showWarningMessage(result.problem ?? "There is no report.");
      return null;
    }
    return result.html.replace("<html ", `<html data-theme="${theme()}" `);
  }
}
