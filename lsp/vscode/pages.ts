/** Pages of rules, refusals and names of the C API, shown as rendered Markdown. */
import * as vscode from "vscode";
import type { BaseLanguageClient } from "vscode-languageclient";
import { EXPLAIN_REQUEST, type ExplainParams, type ExplainResult } from "../protocol.ts";

/** Scheme of the pages; the manifest says that they are shown rendered. */
const SCHEME = "hpy-migrate-page";

/** URI of a page, with `{id}` in the places of its id. */
export const PAGES = `${SCHEME}:/{id}.md`;

/** Provides pages as documents. */
export class Pages implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #client: BaseLanguageClient;
  readonly #registration: vscode.Disposable;

  constructor(client: BaseLanguageClient) {
    this.#client = client;
    this.#registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  dispose(): void {
    this.#registration.dispose();
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const id = uri.path.slice("/".length, -".md".length);
    const result: ExplainResult = await this.#client.sendRequest(EXPLAIN_REQUEST, { id });
    return result.markdown ?? "";
  }

  /** Opens the page, or says that there is none. */
  async show({ id }: ExplainParams): Promise<void> {
    const result: ExplainResult = await this.#client.sendRequest(EXPLAIN_REQUEST, { id });
    if (result.markdown === null) {
      void vscode.window.showWarningMessage(`There is no page about "${id}".`);
      return;
    }
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${id}.md` });
    await vscode.commands.executeCommand("markdown.showPreviewToSide", uri);
  }
}
