/** Applying steps: the server says what to edit, the editor edits. */
import * as vscode from "vscode";
import type { BaseLanguageClient, WorkspaceEdit } from "vscode-languageclient";
import { APPLY_STEP_REQUEST, type ApplyStepResult, type PlanStep, type StepParams } from "../protocol.ts";

/** Versions of open documents that an edit was made for and that are others by now. */
function isStale(edit: WorkspaceEdit): boolean {
  const versions = new Map(
    vscode.workspace.textDocuments.map((document) => [document.uri.toString(), document.version]),
  );
  return (edit.documentChanges ?? []).some((change) => {
    if (!("textDocument" in change)) return false;
    const { uri, version } = change.textDocument;
    const now = versions.get(vscode.Uri.parse(uri).toString());
    return version !== null && now !== undefined && now !== version;
  });
}

/** What steps are for: the last of them, and how many it takes before that. */
export function titleOf(steps: readonly PlanStep[]): string {
  const before = steps.length - 1;
  const title = steps.at(-1)?.title ?? "";
  return before < 1 ? title : `${title}, after ${before === 1 ? "a step" : `${before} steps`} that it needs`;
}

/** Applies steps of the plan to the buffers of the editor. */
export class Steps {
  readonly #client: BaseLanguageClient;

  constructor(client: BaseLanguageClient) {
    this.#client = client;
  }

  /** Applies what is selected, or says in a message why it cannot. */
  async apply(params: StepParams): Promise<void> {
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: "HPy Migrate: planning" },
      async () => {
        const result: ApplyStepResult = await this.#client.sendRequest(APPLY_STEP_REQUEST, params);
        if (result.edit === null) {
          void vscode.window.showWarningMessage(result.problem ?? "There is no step to apply.");
          return;
        }
        const edit = result.edit as WorkspaceEdit;
        const converted = await this.#client.protocol2CodeConverter.asWorkspaceEdit(edit);
        if (isStale(edit)) {
          void vscode.window.showWarningMessage("A file has changed since the step was planned. Nothing was applied.");
          return;
        }
        // As with every refactoring, `files.refactoring.autoSave` decides whether the files are saved.
        const applied = await vscode.workspace.applyEdit(converted, { isRefactoring: true });
        if (!applied) void vscode.window.showWarningMessage("The editor did not accept the step. Nothing was applied.");
        else void vscode.window.setStatusBarMessage(`$(check) ${titleOf(result.steps)}`, 5000);
      },
    );
  }
}
