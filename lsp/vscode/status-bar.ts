/** The status bar: how much of the functions that used the C API is HPy. */
import * as vscode from "vscode";
import type { StatusParams } from "../protocol.ts";

type FolderStatus = StatusParams["folders"][number];

function describe({ name, state, message, totals, share, progress }: FolderStatus): string {
  if (state === "failed") return `**${name}**: ${message ?? "there is no plan"}`;
  if (state === "indexing")
    return `**${name}**: reading files${progress ? ` (${progress.done} of ${progress.total})` : ""}`;
  if (share === null) return `**${name}**: no function uses the C API`;
  const counts = `${totals.migrated} of ${totals.functions} functions are HPy, ${totals.ready} can move, ${totals.legacy} stay`;
  return `**${name}**: ${counts}${state === "planning" ? " (planning)" : ""}`;
}

/** An entry of the status bar that leads to the plan. */
export class StatusBar implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem("hpyMigrate.share", vscode.StatusBarAlignment.Left, 0);

  constructor() {
    this.#item.name = "HPy Migrate";
    this.#item.command = "hpyMigrate.plan.focus";
  }

  dispose(): void {
    this.#item.dispose();
  }

  show({ folders }: StatusParams): void {
    const failed = folders.some((folder) => folder.state === "failed");
    const busy = folders.some((folder) => folder.state === "indexing" || folder.state === "planning");
    const functions = folders.reduce((sum, folder) => sum + folder.totals.functions, 0);
    const migrated = folders.reduce((sum, folder) => sum + folder.totals.migrated, 0);
    if (functions === 0 && !failed && !busy) {
      this.#item.hide();
      return;
    }
    const icon = failed ? "$(warning)" : busy ? "$(sync~spin)" : "$(arrow-right)";
    // A share that is not whole is never shown as one.
    const share = functions === 0 ? "" : ` ${Math.floor((100 * migrated) / functions)}%`;
    this.#item.text = `${icon} HPy${share}`;
    this.#item.tooltip = new vscode.MarkdownString(folders.map(describe).join("\n\n"));
    this.#item.accessibilityInformation = { label: `HPy migration${share === "" ? "" : `,${share} moved`}` };
    this.#item.show();
  }
}
