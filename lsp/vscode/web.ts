/** The extension in a browser: the server is a web worker, and asks the editor for files. */
import * as vscode from "vscode";
import { LanguageClient } from "vscode-languageclient/browser";
import { serveFiles } from "./files.ts";
import { Session } from "./session.ts";

let session: Session | null = null;

/** Called by VS Code when the extension is needed for the first time. */
export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const script = vscode.Uri.joinPath(context.extensionUri, "out", "server", "browser.js").toString(true);
  session = new Session(context, {
    schemes: [...new Set(vscode.workspace.workspaceFolders?.map((folder) => folder.uri.scheme))],
    wasm: true,
    makeClient: (id, name, options) => {
      const client = new LanguageClient(id, name, new Worker(script), options);
      context.subscriptions.push(serveFiles(client));
      return client;
    },
  });
  await session.start();
}

/** Called by VS Code before it ends. */
export async function deactivate(): Promise<void> {
  await session?.stop();
}
