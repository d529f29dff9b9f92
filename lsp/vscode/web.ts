/** The extension in a browser: the server is a web worker, and asks the editor for files. */
import * as vscode from "vscode";
import type { MessageTransports } from "vscode-languageclient";
import { BrowserMessageReader, BrowserMessageWriter, LanguageClient } from "vscode-languageclient/browser";
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
      // Each start of the server, the first as well as later ones, takes a worker of its own. The client would not know
      // it for one: the editor has put another constructor in the place of the browser's.
      const start = async (): Promise<MessageTransports> => {
        const worker = new Worker(script);
        return { reader: new BrowserMessageReader(worker), writer: new BrowserMessageWriter(worker) };
      };
      const client = new LanguageClient(id, name, start, options);
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
