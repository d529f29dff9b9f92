/** A client of the language server over stdio, as an editor is one. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  ApplyWorkspaceEditRequest,
  type ClientCapabilities,
  type CodeAction,
  CodeActionRequest,
  CodeActionResolveRequest,
  ConfigurationRequest,
  createProtocolConnection,
  type Diagnostic,
  DidChangeTextDocumentNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  ExitNotification,
  InitializedNotification,
  InitializeRequest,
  type InitializeResult,
  LogMessageNotification,
  type Position,
  type ProtocolConnection,
  PublishDiagnosticsNotification,
  type PublishDiagnosticsParams,
  type Range,
  RegistrationRequest,
  ShowMessageNotification,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
  type TextEdit,
  WorkDoneProgress,
  WorkDoneProgressCreateRequest,
  type WorkspaceEdit,
} from "vscode-languageserver-protocol/node";
import { STATUS_NOTIFICATION, type StatusParams } from "../../lsp/protocol.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

const CAPABILITIES: ClientCapabilities = {
  general: { positionEncodings: ["utf-16"] },
  workspace: {
    applyEdit: true,
    configuration: true,
    workspaceFolders: true,
    workspaceEdit: { documentChanges: true, resourceOperations: ["create", "rename", "delete"] },
    didChangeConfiguration: { dynamicRegistration: true },
    didChangeWatchedFiles: { dynamicRegistration: true },
  },
  textDocument: {
    publishDiagnostics: { relatedInformation: true, versionSupport: true, codeDescriptionSupport: true },
    codeAction: {
      dataSupport: true,
      resolveSupport: { properties: ["edit"] },
      codeActionLiteralSupport: { codeActionKind: { valueSet: ["quickfix", "refactor", "source"] } },
    },
  },
  window: { workDoneProgress: true },
};

export interface ClientOptions {
  /** Absolute paths of the workspace's folders. */
  readonly folders: readonly string[];
  readonly capabilities?: ClientCapabilities;
  /** The section `hpyMigrate` of the configuration. */
  readonly settings?: object;
  readonly initializationOptions?: object;
  /** Arguments of node; by default those that run the sources. */
  readonly program?: readonly string[];
}

/** The position of an offset in a JavaScript string, in UTF-16 code units. */
export function positionIn(text: string, offset: number): Position {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length - 1, character: (before.at(-1) as string).length };
}

function offsetIn(text: string, { line, character }: Position): number {
  let start = 0;
  for (let left = line; left > 0; left--) {
    const end = text.indexOf("\n", start);
    if (end < 0) return text.length;
    start = end + 1;
  }
  return Math.min(start + character, text.length);
}

/** A text after edits of the protocol, in UTF-16. */
export function edited(text: string, edits: readonly TextEdit[]): string {
  const spans = edits.map(({ range, newText }) => ({
    start: offsetIn(text, range.start),
    end: offsetIn(text, range.end),
    newText,
  }));
  let result = text;
  for (const { start, end, newText } of spans.sort((a, b) => b.start - a.start))
    result = result.slice(0, start) + newText + result.slice(end);
  return result;
}

export class Client {
  readonly #process: ChildProcess;
  readonly connection: ProtocolConnection;
  readonly #options: ClientOptions;
  readonly #texts = new Map<string, { version: number; text: string }>();
  /** All that was published, in order. */
  readonly published: PublishDiagnosticsParams[] = [];
  readonly messages: string[] = [];
  readonly progress: object[] = [];
  readonly applied: WorkspaceEdit[] = [];
  status: StatusParams | null = null;
  readonly #listeners = new Set<() => void>();
  exitCode: number | null = null;
  result: InitializeResult | null = null;

  constructor(options: ClientOptions) {
    this.#options = options;
    const program = options.program ?? ["--import", "tsx", join(ROOT, "cli", "main.ts")];
    this.#process = spawn(process.execPath, [...program, "lsp", "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
    this.#process.on("exit", (code) => {
      this.exitCode = code;
      this.#changed();
    });
    const { stdin, stdout } = this.#process;
    if (stdin === null || stdout === null) throw new Error("the server has no streams");
    this.connection = createProtocolConnection(new StreamMessageReader(stdout), new StreamMessageWriter(stdin));
    this.#listen();
    this.connection.listen();
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  #listen(): void {
    const { connection } = this;
    connection.onNotification(PublishDiagnosticsNotification.type, (params) => {
      this.published.push(params);
      this.#changed();
    });
    connection.onNotification(STATUS_NOTIFICATION, (params: StatusParams) => {
      this.status = params;
      this.#changed();
    });
    connection.onNotification(LogMessageNotification.type, ({ message }) => {
      this.messages.push(message);
    });
    connection.onNotification(ShowMessageNotification.type, ({ message }) => {
      this.messages.push(message);
    });
    connection.onRequest(RegistrationRequest.type, () => {});
    connection.onRequest(WorkDoneProgressCreateRequest.type, ({ token }) => {
      connection.onProgress(WorkDoneProgress.type, token, (value) => {
        this.progress.push(value);
      });
    });
    connection.onRequest(ConfigurationRequest.type, ({ items }) => items.map(() => this.#options.settings ?? {}));
    connection.onRequest(ApplyWorkspaceEditRequest.type, ({ edit }) => {
      this.applied.push(edit);
      this.applyEdit(edit);
      return { applied: true };
    });
    connection.onNotification("hpyMigrate/planChanged", () => {});
  }

  async start(): Promise<InitializeResult> {
    const workspaceFolders = this.#options.folders.map((path) => ({
      uri: pathToFileURL(path).href,
      name: path.slice(path.lastIndexOf("/") + 1),
    }));
    const result = await this.connection.sendRequest(InitializeRequest.type, {
      processId: process.pid,
      rootUri: null,
      capabilities: this.#options.capabilities ?? CAPABILITIES,
      workspaceFolders,
      initializationOptions: this.#options.initializationOptions,
    });
    this.result = result;
    await this.connection.sendNotification(InitializedNotification.type, {});
    return result;
  }

  async stop(): Promise<void> {
    await this.connection.sendRequest(ShutdownRequest.type);
    await this.connection.sendNotification(ExitNotification.type);
    await this.until(() => this.exitCode !== null);
    this.connection.dispose();
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** Waits until something holds that messages of the server bring about. */
  async until(holds: () => boolean, milliseconds = 60_000): Promise<void> {
    if (holds()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#listeners.delete(listener);
        reject(new Error(`timed out; ${JSON.stringify(this.status)} ${this.messages.join("\n")}`));
      }, milliseconds);
      const listener = (): void => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#listeners.delete(listener);
        resolve();
      };
      this.#listeners.add(listener);
    });
  }

  /** Waits until all folders have been planned, or cannot be. */
  ready(): Promise<void> {
    return this.until(() => {
      const folders = this.status?.folders ?? [];
      return folders.length > 0 && folders.every(({ state }) => state === "ready" || state === "failed");
    });
  }

  /** Opens a file as it is on disk, or with another text. */
  async open(path: string, text = readFileSync(path, "utf8")): Promise<string> {
    const uri = pathToFileURL(path).href;
    this.#texts.set(uri, { version: 1, text });
    await this.connection.sendNotification(DidOpenTextDocumentNotification.type, {
      textDocument: { uri, languageId: "c", version: 1, text },
    });
    return uri;
  }

  async close(uri: string): Promise<void> {
    this.#texts.delete(uri);
    await this.connection.sendNotification(DidCloseTextDocumentNotification.type, { textDocument: { uri } });
  }

  text(uri: string): string {
    return this.#texts.get(uri)?.text ?? "";
  }

  version(uri: string): number {
    return this.#texts.get(uri)?.version ?? 0;
  }

  /** Replaces a stretch of an open document, by offsets in UTF-16. */
  async change(uri: string, start: number, end: number, newText: string): Promise<void> {
    const known = this.#texts.get(uri);
    if (known === undefined) throw new Error(`${uri} is not open`);
    const range: Range = { start: positionIn(known.text, start), end: positionIn(known.text, end) };
    known.text = known.text.slice(0, start) + newText + known.text.slice(end);
    known.version++;
    await this.connection.sendNotification(DidChangeTextDocumentNotification.type, {
      textDocument: { uri, version: known.version },
      contentChanges: [{ range, text: newText }],
    });
  }

  /** The diagnostics of the version that the document has now; waits for them. */
  async diagnostics(uri: string): Promise<readonly Diagnostic[]> {
    const version = this.version(uri);
    const find = (): PublishDiagnosticsParams | undefined =>
      this.published.findLast((params) => params.uri === uri && params.version === version);
    await this.until(() => find() !== undefined);
    return find()?.diagnostics ?? [];
  }

  async codeActions(
    uri: string,
    at: Position,
    diagnostics: readonly Diagnostic[] = [],
    only?: string[],
  ): Promise<CodeAction[]> {
    const actions = await this.connection.sendRequest(CodeActionRequest.type, {
      textDocument: { uri },
      range: { start: at, end: at },
      context: { diagnostics: [...diagnostics], ...(only === undefined ? {} : { only }) },
    });
    return (actions ?? []) as CodeAction[];
  }

  resolve(action: CodeAction): Promise<CodeAction> {
    return this.connection.sendRequest(CodeActionResolveRequest.type, action);
  }

  /** The texts after an edit, by URI: of open documents and of files on disk. The versions of open ones must be right. */
  after(edit: WorkspaceEdit): Map<string, string> {
    const texts = new Map<string, string>();
    for (const change of edit.documentChanges ?? []) {
      if (!("textDocument" in change)) {
        if (change.kind === "create") texts.set(change.uri, "");
        continue;
      }
      const { uri, version } = change.textDocument;
      const open = this.#texts.get(uri);
      if ((open?.version ?? null) !== version) throw new Error(`${uri}: version ${version} is not the present one`);
      const before = texts.get(uri) ?? open?.text ?? readFileSync(fileURLToPath(uri), "utf8");
      texts.set(uri, edited(before, change.edits as TextEdit[]));
    }
    return texts;
  }

  /** Makes an edit in the open documents, and opens the others that it changes. */
  applyEdit(edit: WorkspaceEdit): void {
    for (const [uri, text] of this.after(edit)) {
      const known = this.#texts.get(uri);
      if (known === undefined) {
        void this.open(fileURLToPath(uri), text);
        continue;
      }
      known.text = text;
      known.version++;
      void this.connection.sendNotification(DidChangeTextDocumentNotification.type, {
        textDocument: { uri, version: known.version },
        contentChanges: [{ text }],
      });
    }
  }
}
