/** The extension on a computer: the server is a Node process of its own, which reads files by itself. */
import * as vscode from "vscode";
import { LanguageClient, TransportKind } from "vscode-languageclient/node";
import { Session } from "./session.ts";

let session: Session | null = null;

/** Called by VS Code when the extension is needed for the first time. */
export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const module = vscode.Uri.joinPath(context.extensionUri, "out", "server", "node.mjs").fsPath;
  session = new Session(context, {
    schemes: ["file"],
    wasm: false,
    makeClient: (id, name, options) =>
      new LanguageClient(id, name, { module, transport: TransportKind.stdio, args: [] }, options),
  });
  await session.start();
}

/** Called by VS Code before it ends. */
export async function deactivate(): Promise<void> {
  await session?.stop();
}
