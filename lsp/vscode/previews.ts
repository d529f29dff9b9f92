/** Steps as diffs: the texts before and after a step, side by side, without touching a file. */
import * as vscode from "vscode";
import type { BaseLanguageClient } from "vscode-languageclient";
import { STEP_DIFF_REQUEST, type StepDiffResult, type StepParams } from "../protocol.ts";
import { titleOf } from "./steps.ts";

/** Scheme of the documents of a preview; the manifest names it too. */
const SCHEME = "hpy-migrate";

/** Previews whose texts are kept. Editors of several files ask for them again whenever they scroll. */
const KEPT = 20;

interface Preview {
  readonly params: StepParams;
  /** Texts by the URIs of their documents. */
  readonly texts: ReadonlyMap<string, string>;
}

/** Provides the documents of previews that are open. */
export class Previews implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #client: BaseLanguageClient;
  readonly #registration: vscode.Disposable;
  /** The latest ones, the oldest first. */
  #previews: Preview[] = [];
  #count = 0;

  constructor(client: BaseLanguageClient) {
    this.#client = client;
    this.#registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  dispose(): void {
    this.#registration.dispose();
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#previewOf(uri)?.texts.get(uri.toString()) ?? "";
  }

  /** Shows what is selected, or says in a message why it cannot. */
  async show(params: StepParams): Promise<void> {
    const result: StepDiffResult = await this.#client.sendRequest(STEP_DIFF_REQUEST, params);
    if (result.problem !== null || result.files.length === 0) {
      void vscode.window.showWarningMessage(result.problem ?? "There is no step to show.");
      return;
    }
    const number = ++this.#count;
    const texts = new Map<string, string>();
    const document = (side: "before" | "after", path: string, text: string | null): vscode.Uri => {
      const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${path}`, query: `${side}-${number}` });
      texts.set(uri.toString(), text ?? "");
      return uri;
    };
    const files = result.files.map(({ uri, path, before, after }) => ({
      file: vscode.Uri.parse(uri),
      path,
      left: document("before", path, before),
      right: document("after", path, after),
    }));
    this.#previews = [...this.#previews.slice(1 - KEPT), { params, texts }];
    const title = titleOf(result.steps);
    const [only] = files;
    if (files.length === 1 && only !== undefined) {
      await vscode.commands.executeCommand("vscode.diff", only.left, only.right, `${title} (${only.path})`);
    } else {
      const resources = files.map(({ file, left, right }) => [file, left, right]);
      await vscode.commands.executeCommand("vscode.changes", title, resources);
    }
  }

  /** What a document of a preview shows; null for other documents. */
  paramsOf(uri: vscode.Uri): StepParams | null {
    return this.#previewOf(uri)?.params ?? null;
  }

  #previewOf(uri: vscode.Uri): Preview | undefined {
    return this.#previews.find(({ texts }) => texts.has(uri.toString()));
  }
}
