/**
 * A web extension of the test: the workspace as a file system over the test's server, and commands by which the test
 * sees what only extensions see. It is bundled with esbuild and runs in the editor's extension host.
 */
import * as vscode from "vscode";

interface Answer {
  readonly kind: "none" | "directory" | "file";
  readonly mtimeMs: number;
  readonly size: number;
  readonly entries: readonly (readonly [name: string, isDirectory: boolean])[] | null;
  readonly content: string | null;
}

class ServerFiles implements vscode.FileSystemProvider {
  readonly #changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.#changed.event;
  readonly #base: string;

  constructor(base: string) {
    this.#base = base;
  }

  /** The server's address of a file: its path below the workspace folder, whose name is the first part of the path. */
  #address(uri: vscode.Uri): string {
    return `${this.#base}/workspace/${uri.path.split("/").slice(2).map(encodeURIComponent).join("/")}`;
  }

  async #ask(uri: vscode.Uri): Promise<Answer> {
    const answer = (await (await fetch(this.#address(uri))).json()) as Answer;
    if (answer.kind === "none") throw vscode.FileSystemError.FileNotFound(uri);
    return answer;
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const { kind, mtimeMs, size } = await this.#ask(uri);
    return {
      type: kind === "directory" ? vscode.FileType.Directory : vscode.FileType.File,
      ctime: mtimeMs,
      mtime: mtimeMs,
      size,
    };
  }

  async readDirectory(uri: vscode.Uri): Promise<[string, vscode.FileType][]> {
    const { entries } = await this.#ask(uri);
    return (entries ?? []).map(([name, isDirectory]) => [
      name,
      isDirectory ? vscode.FileType.Directory : vscode.FileType.File,
    ]);
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    const { content } = await this.#ask(uri);
    return Uint8Array.from(atob(content ?? ""), (character) => character.charCodeAt(0));
  }

  async writeFile(uri: vscode.Uri, content: Uint8Array): Promise<void> {
    await fetch(this.#address(uri), { method: "PUT", body: new Uint8Array(content) });
    this.#changed.fire([{ type: vscode.FileChangeType.Changed, uri }]);
  }

  async delete(uri: vscode.Uri): Promise<void> {
    await fetch(this.#address(uri), { method: "DELETE" });
    this.#changed.fire([{ type: vscode.FileChangeType.Deleted, uri }]);
  }

  createDirectory(): void {
    // The server makes directories when a file is written.
  }

  rename(): never {
    throw vscode.FileSystemError.NoPermissions("the test renames nothing");
  }
}

function fileUri(path: string): vscode.Uri {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  if (folder === undefined) throw new Error("the editor has no folder open");
  return vscode.Uri.joinPath(folder.uri, path);
}

/** Called by VS Code. */
export function activate(context: vscode.ExtensionContext): void {
  const { scheme, authority } = context.extensionUri;
  context.subscriptions.push(
    vscode.workspace.registerFileSystemProvider("fixture", new ServerFiles(`${scheme}://${authority}`), {
      isCaseSensitive: true,
    }),
    vscode.commands.registerCommand("test.open", async (path: string) => {
      await vscode.window.showTextDocument(fileUri(path));
    }),
    vscode.commands.registerCommand("test.select", (line: number, character: number) => {
      const editor = vscode.window.activeTextEditor as vscode.TextEditor;
      const position = new vscode.Position(line, character);
      editor.selection = new vscode.Selection(position, position);
      editor.revealRange(editor.selection, vscode.TextEditorRevealType.InCenter);
    }),
    vscode.commands.registerCommand("test.text", async (path: string) =>
      (await vscode.workspace.openTextDocument(fileUri(path))).getText(),
    ),
    vscode.commands.registerCommand("test.diagnostics", (path: string) =>
      vscode.languages.getDiagnostics(fileUri(path)).map(({ message, range, severity, code, source }) => ({
        message,
        line: range.start.line + 1,
        severity,
        code: typeof code === "object" ? code.value : code,
        source,
      })),
    ),
    vscode.commands.registerCommand("test.previews", () => {
      const right = vscode.workspace.textDocuments.filter(
        ({ uri }) => uri.scheme === "hpy-migrate" && uri.query.startsWith("after-"),
      );
      return Object.fromEntries(right.map((document) => [document.uri.path.slice(1), document.getText()]));
    }),
    vscode.commands.registerCommand("test.saveAll", async () => {
      // The editor's own command leaves out files that no tab shows.
      for (const document of vscode.workspace.textDocuments) if (document.isDirty) await document.save();
    }),
  );
}
