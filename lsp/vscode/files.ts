/** Files for a server without a file system, read through the editor. */
import * as vscode from "vscode";
import type { BaseLanguageClient } from "vscode-languageclient";
import {
  LIST_FILES_REQUEST,
  type ListFilesParams,
  type ListFilesResult,
  READ_FILE_REQUEST,
  type ReadFileParams,
  type ReadFileResult,
} from "../protocol.ts";

/** Bytes that become characters at once: arguments of a call are limited. */
const SLICE = 8192;

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += SLICE) text += String.fromCharCode(...bytes.subarray(at, at + SLICE));
  return btoa(text);
}

async function read({ uri }: ReadFileParams): Promise<ReadFileResult> {
  try {
    return { base64: base64(await vscode.workspace.fs.readFile(vscode.Uri.parse(uri))) };
  } catch {
    return { base64: null };
  }
}

function matters(name: string, { extensions, names }: ListFilesParams): boolean {
  const lower = name.toLowerCase();
  return names.includes(name) || extensions.some((extension) => lower.endsWith(extension));
}

async function list(params: ListFilesParams, token: vscode.CancellationToken): Promise<ListFilesResult> {
  const root = vscode.Uri.parse(params.folder);
  const files: string[] = [];
  const walk = async (path: string): Promise<void> => {
    if (token.isCancellationRequested) return;
    const uri = path === "" ? root : vscode.Uri.joinPath(root, path);
    let entries: [string, vscode.FileType][];
    try {
      entries = await vscode.workspace.fs.readDirectory(uri);
    } catch {
      // A directory that cannot be read holds nothing that can be planned.
      return;
    }
    const directories: string[] = [];
    for (const [name, type] of entries) {
      const child = path === "" ? name : `${path}/${name}`;
      // A link to a directory may lead back to where it lies.
      if (type === vscode.FileType.Directory) {
        if (!name.startsWith(".") && !params.skip.includes(name)) directories.push(child);
      } else if ((type & vscode.FileType.File) !== 0 && matters(name, params)) files.push(child);
    }
    await Promise.all(directories.map(walk));
  };
  await walk("");
  return { files };
}

/** Answers the server's questions for files as long as the result is not disposed of. */
export function serveFiles(client: BaseLanguageClient): vscode.Disposable {
  return vscode.Disposable.from(
    client.onRequest(READ_FILE_REQUEST, read),
    client.onRequest(LIST_FILES_REQUEST, (params: ListFilesParams, token) => list(params, token)),
  );
}
