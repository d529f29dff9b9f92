/** The language server: messages of the protocol in, answers out. It runs wherever {@link ServerHost} does. */
import {
  type ApplyWorkspaceEditResult,
  type CodeAction,
  CodeActionKind,
  CodeLensRefreshRequest,
  type Connection,
  type CreateFile,
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  FileChangeType,
  type Hover,
  type InitializeParams,
  type InitializeResult,
  LSPErrorCodes,
  MarkupKind,
  MessageType,
  type Range,
  ResponseError,
  type SemanticTokens,
  SemanticTokensBuilder,
  ShowMessageNotification,
  type TextDocumentEdit,
  TextDocumentSyncKind,
  type WorkDoneProgressServerReporter,
  type WorkspaceEdit,
} from "vscode-languageserver";
import { isCapiName } from "../engine/capi-use.ts";
import { explain } from "../engine/explain.ts";
import { isCFile } from "../engine/project-files.ts";
import type { FileChange } from "../engine/types.ts";
import type { StepSummary } from "./backend-calls.ts";
import { type ActionData, codeActions, FIX_ALL, REWRITE } from "./code-actions.ts";
import { codeLenses } from "./code-lenses.ts";
import { type DiagnosticData, diagnosticsOf, functionsIn, SOURCE } from "./diagnostics.ts";
import { Documents, type OpenDocument, parsed } from "./documents.ts";
import { textEdits } from "./edits.ts";
import { explanationMarkdown } from "./explanations.ts";
import { Folder } from "./folder.ts";
import type { ServerHost } from "./host.ts";
import { capiNames, identifierAt, idsInComments } from "./names.ts";
import { folderPlan } from "./plan-view.ts";
import { isUtf8, type PositionEncoding, TextPositions, toText } from "./positions.ts";
import {
  APPLY_STEP_REQUEST,
  type ApplyStepResult,
  COMMANDS,
  DEFAULT_SETTINGS,
  EXPLAIN_REQUEST,
  type ExplainParams,
  type ExplainResult,
  type FolderParams,
  type InitializationOptions,
  PLAN_CHANGED_NOTIFICATION,
  PLAN_REQUEST,
  type PlanChangedParams,
  type PlanParams,
  type PlanResult,
  type PlanStep,
  REPORT_REQUEST,
  type ReportResult,
  type Settings,
  STATUS_NOTIFICATION,
  STEP_DIFF_REQUEST,
  type StatusParams,
  type StepDiffResult,
  type StepParams,
} from "./protocol.ts";
import { Remote } from "./remote.ts";
import { Workspace } from "./workspace.ts";

/** Least milliseconds between two status notifications while files are read. */
const STATUS_INTERVAL = 100;

/** Starts to serve a connection, which the caller then lets listen. */
export function startServer(connection: Connection, host: ServerHost): void {
  let server: Server | null = null;
  connection.onInitialize((params) => {
    server = new Server(connection, host, params);
    return server.initializeResult();
  });
  connection.onInitialized(() => server?.initialized());
  connection.onShutdown(() => server?.close());
  connection.onExit(() => host.exit(0));
}

/** What the client can do, as far as the answers depend on it. */
interface Abilities {
  readonly configuration: boolean;
  readonly dynamicConfiguration: boolean;
  readonly dynamicWatching: boolean;
  readonly folders: boolean;
  readonly documentChanges: boolean;
  readonly createFile: boolean;
  readonly snippetEdits: boolean;
  readonly progress: boolean;
  readonly showDocument: boolean;
  readonly resolveEdit: boolean;
  readonly lensRefresh: boolean;
  readonly tokenRefresh: boolean;
}

function abilitiesOf({ capabilities }: InitializeParams): Abilities {
  const { workspace, window, textDocument } = capabilities;
  const resolved = textDocument?.codeAction?.resolveSupport?.properties ?? [];
  return {
    configuration: workspace?.configuration === true,
    dynamicConfiguration: workspace?.didChangeConfiguration?.dynamicRegistration === true,
    dynamicWatching: workspace?.didChangeWatchedFiles?.dynamicRegistration === true,
    folders: workspace?.workspaceFolders === true,
    // Files can be made by document changes only, so a client that can make them knows these, whether it says so or not.
    documentChanges:
      workspace?.workspaceEdit?.documentChanges === true ||
      workspace?.workspaceEdit?.resourceOperations?.includes("create") === true,
    createFile: workspace?.workspaceEdit?.resourceOperations?.includes("create") === true,
    snippetEdits: workspace?.workspaceEdit?.snippetEditSupport === true,
    progress: window?.workDoneProgress === true,
    showDocument: window?.showDocument?.support === true,
    resolveEdit: resolved.includes("edit") && textDocument?.codeAction?.dataSupport === true,
    lensRefresh: workspace?.codeLens?.refreshSupport === true,
    tokenRefresh: workspace?.semanticTokens?.refreshSupport === true,
  };
}

/** UTF-8 needs no conversion; UTF-16 is what every client speaks. */
function chooseEncoding({ capabilities }: InitializeParams): PositionEncoding {
  const offered = capabilities.general?.positionEncodings ?? [];
  return offered.includes("utf-8") ? "utf-8" : "utf-16";
}

function asSettings(given: unknown): Settings {
  const known = (typeof given === "object" && given !== null ? given : {}) as Record<string, unknown>;
  const choice = <T>(key: keyof Settings, allowed: readonly T[]): T =>
    (allowed.includes(known[key] as T) ? known[key] : DEFAULT_SETTINGS[key]) as T;
  const exclude = known.exclude;
  return {
    exclude: Array.isArray(exclude) && exclude.every((glob) => typeof glob === "string") ? exclude : [],
    diagnostics: choice("diagnostics", ["all", "refused", "none"] as const),
    lint: choice("lint", ["all", "handles", "none"] as const),
    codeLens: choice("codeLens", [true, false]),
    semanticTokens: choice("semanticTokens", [true, false]),
  };
}

class Server {
  readonly #connection: Connection;
  readonly #host: ServerHost;
  readonly #can: Abilities;
  readonly #encoding: PositionEncoding;
  readonly #options: InitializationOptions;
  readonly #documents: Documents;
  readonly #workspace: Workspace;
  readonly #initialFolders: readonly Folder[];
  /** By URI of the folder. */
  readonly #settings = new Map<string, Settings>();
  #lastStatus = "";
  #statusTimer: ReturnType<typeof setTimeout> | null = null;
  #isClosed = false;

  constructor(connection: Connection, host: ServerHost, params: InitializeParams) {
    this.#connection = connection;
    this.#host = host;
    this.#can = abilitiesOf(params);
    this.#encoding = chooseEncoding(params);
    this.#options = (params.initializationOptions ?? {}) as InitializationOptions;
    this.#documents = new Documents(this.#encoding);
    this.#workspace = new Workspace(
      host,
      () => this.#startBackend(),
      this.#documents,
      (folder) => this.#settingsOf(folder),
      {
        checked: (folder, path) => this.#publish(folder, path),
        planned: (folder) => this.#planned(folder),
        status: () => this.#statusSoon(),
        problem: (message) => connection.console.error(message),
      },
    );
    const folders = params.workspaceFolders ?? [];
    const roots = folders.length > 0 ? folders : params.rootUri ? [{ uri: params.rootUri, name: "" }] : [];
    this.#initialFolders = roots.map(({ uri, name }) => new Folder(uri, name || nameOf(uri), null));
    this.#listen();
  }

  async #startBackend(): Promise<Remote> {
    const remote = new Remote(this.#host.startBackend());
    await remote.call("start", { wasm: await this.#host.wasm(this.#options), version: this.#host.version });
    return remote;
  }

  initializeResult(): InitializeResult {
    const own = this.#options.clientCommands ?? [];
    return {
      serverInfo: { name: SOURCE, version: this.#host.version },
      capabilities: {
        positionEncoding: this.#encoding,
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: false },
        codeActionProvider: {
          codeActionKinds: [CodeActionKind.QuickFix, REWRITE, FIX_ALL],
          resolveProvider: true,
        },
        codeLensProvider: { resolveProvider: false },
        documentLinkProvider: { resolveProvider: false },
        hoverProvider: true,
        semanticTokensProvider: {
          legend: { tokenTypes: ["macro"], tokenModifiers: ["legacy"] },
          full: true,
          range: false,
        },
        executeCommandProvider: { commands: Object.values(COMMANDS).filter((command) => !own.includes(command)) },
        workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
      },
    };
  }

  async initialized(): Promise<void> {
    const { client, workspace } = this.#connection;
    if (this.#can.dynamicConfiguration)
      void client.register(DidChangeConfigurationNotification.type, { section: "hpyMigrate" });
    if (this.#can.dynamicWatching) {
      const watchers = [
        "**/*.{c,cc,cpp,cxx,c++,h,hh,hpp,hxx,inc,inl,src}",
        "**/{setup.py,setup.cfg,pyproject.toml}",
      ].map((globPattern) => ({ globPattern }));
      void client.register(DidChangeWatchedFilesNotification.type, { watchers });
    }
    if (this.#can.folders) {
      workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
        for (const { uri } of removed) {
          const folder = this.#workspace.find(uri);
          if (folder !== undefined) this.#removeFolder(folder);
        }
        for (const { uri, name } of added) void this.#addFolder(new Folder(uri, name, null));
      });
    }
    await Promise.all(this.#initialFolders.map((folder) => this.#addFolder(folder)));
  }

  close(): void {
    this.#isClosed = true;
    if (this.#statusTimer !== null) clearTimeout(this.#statusTimer);
    this.#workspace.close();
  }

  #listen(): void {
    const connection = this.#connection;
    connection.onDidOpenTextDocument(({ textDocument }) => {
      const document = this.#documents.open(textDocument.uri, textDocument.version, textDocument.text);
      this.#openDocument(document);
    });
    connection.onDidChangeTextDocument((params) => {
      const document = this.#documents.change(params);
      if (document === null) return;
      const found = this.#workspace.locate(document.uri);
      if (found === null) return;
      this.#workspace.changed(found.folder, found.path, document);
      if (found.path === "pyproject.toml") this.#reconfigure(found.folder, document);
    });
    connection.onDidCloseTextDocument(({ textDocument: { uri } }) => this.#closeDocument(uri));
    connection.onDidChangeWatchedFiles(({ changes }) => this.#watched(changes));
    connection.onDidChangeConfiguration(({ settings }) => void this.#configured(settings));

    connection.onHover(({ textDocument, position }) => this.#hover(textDocument.uri, position));
    connection.onCodeAction(async ({ textDocument, range, context }) => {
      const found = this.#open(textDocument.uri);
      if (found === null) return [];
      const isOfLint = context.diagnostics.some((one) => (one.data as DiagnosticData | undefined)?.kind === "lint");
      const repairs = isOfLint ? await this.#workspace.repairs(found.folder, found.path) : [];
      const actions = codeActions({
        ...found,
        range,
        diagnostics: context.diagnostics,
        only: context.only,
        snippets: this.#can.snippetEdits,
        repairs,
      });
      return this.#can.resolveEdit ? actions : actions.flatMap((action) => this.#asCommand(found.folder, action));
    });
    connection.onCodeActionResolve((action) => this.#resolve(action));
    connection.onCodeLens(({ textDocument }) => {
      const found = this.#open(textDocument.uri);
      if (found === null || !this.#settingsOf(found.folder).codeLens) return [];
      return codeLenses(found.folder, found.path, found.document.positions);
    });
    connection.onDocumentLinks(({ textDocument }) => {
      const document = this.#documents.get(textDocument.uri);
      if (document === undefined) return [];
      return idsInComments(document.text).flatMap(({ name, span }) => {
        const target = this.#page(name);
        return target === null ? [] : [{ range: document.positions.range(span), target, tooltip: `Explain ${name}` }];
      });
    });
    connection.languages.semanticTokens.on(({ textDocument }) => this.#tokens(textDocument.uri));
    connection.onExecuteCommand(({ command, arguments: given }) => this.#execute(command, given?.[0]));

    connection.onRequest(PLAN_REQUEST, (params: PlanParams): PlanResult => {
      const wanted = params.folder === undefined ? this.#workspace.folders : [this.#folder(params.folder)];
      return { folders: wanted.map((folder) => folderPlan(folder, this.#encoding)) };
    });
    connection.onRequest(STEP_DIFF_REQUEST, (params: StepParams) => this.#stepDiff(params));
    connection.onRequest(APPLY_STEP_REQUEST, (params: StepParams) => this.#applyStep(params));
    connection.onRequest(REPORT_REQUEST, async (params: FolderParams): Promise<ReportResult> => {
      const folder = this.#folder(params.folder);
      if (folder.blocked !== null) return { html: null, problem: folder.blocked };
      const report = await this.#workspace.report(folder);
      return "html" in report ? { html: report.html, problem: null } : { html: null, problem: report.problem };
    });
    connection.onRequest(EXPLAIN_REQUEST, ({ id }: ExplainParams): ExplainResult => {
      return { markdown: explanationMarkdown(id) };
    });
  }

  /** An open document that belongs to a project. */
  #open(uri: string): { readonly folder: Folder; readonly path: string; readonly document: OpenDocument } | null {
    const found = this.#workspace.locate(uri);
    const document = found === null ? undefined : found.folder.document(found.path);
    return found === null || document === undefined ? null : { ...found, document };
  }

  /** @throws ResponseError when there is no such folder. */
  #folder(uri: string): Folder {
    const folder = this.#workspace.find(uri);
    if (folder === undefined)
      throw new ResponseError(LSPErrorCodes.RequestFailed, `${uri} is no folder of the workspace`);
    return folder;
  }

  // Folders.

  async #addFolder(folder: Folder): Promise<void> {
    if (this.#workspace.find(folder.uri) !== undefined) return;
    // A file that was opened before its folder stood alone until now.
    for (const other of [...this.#workspace.folders])
      if (other.single !== null && folder.pathOf(other.uriOf(other.single)) !== null) this.#removeFolder(other);
    await this.#loadSettings(folder);
    if (this.#isClosed || this.#workspace.find(folder.uri) !== undefined) return;
    this.#workspace.add(folder);
    await this.#index(folder);
  }

  #removeFolder(folder: Folder): void {
    for (const [, document] of folder.documents())
      void this.#connection.sendDiagnostics({ uri: document.uri, diagnostics: [] });
    this.#workspace.remove(folder);
    this.#settings.delete(folder.uri);
    this.#statusSoon();
  }

  async #index(folder: Folder): Promise<void> {
    const progress = this.#can.progress ? await this.#connection.window.createWorkDoneProgress() : null;
    progress?.begin(`HPy: ${folder.name}`, 0, "reading files", true);
    const updates = progress === null ? null : setInterval(() => this.#showProgress(folder, progress), STATUS_INTERVAL);
    let isCancelled = false;
    progress?.token.onCancellationRequested(() => {
      isCancelled = true;
      this.#workspace.interrupt(folder);
    });
    try {
      await this.#workspace.index(folder, () => isCancelled || this.#isClosed);
    } finally {
      if (updates !== null) clearInterval(updates);
      progress?.done();
    }
  }

  #showProgress(folder: Folder, progress: WorkDoneProgressServerReporter): void {
    const { done, total } = folder.progress ?? { done: 0, total: 0 };
    if (folder.state === "indexing" && total > 0)
      progress.report(Math.floor((100 * done) / total), `file ${done} of ${total}`);
    else if (folder.state === "planning") progress.report(100, "planning");
  }

  // Documents.

  #openDocument(document: OpenDocument): void {
    const found = this.#workspace.locate(document.uri);
    if (found !== null) {
      this.#workspace.changed(found.folder, found.path, document);
      return;
    }
    const isInside = this.#workspace.folders.some(
      (folder) => folder.single === null && folder.pathOf(document.uri) !== null,
    );
    const { path } = parsed(document.uri);
    if (isInside || this.#initialFolders.some((folder) => folder.pathOf(document.uri) !== null) || !isCFile(path))
      return;
    // A file on its own is a project with the headers and build files around it, as on the command line.
    const slash = document.uri.lastIndexOf("/");
    const single = path.slice(path.lastIndexOf("/") + 1);
    void this.#addFolder(new Folder(document.uri.slice(0, slash), single, single));
  }

  #closeDocument(uri: string): void {
    const found = this.#open(uri);
    this.#documents.close(uri);
    if (found === null) return;
    void this.#connection.sendDiagnostics({ uri: found.document.uri, diagnostics: [] });
    this.#workspace.changed(found.folder, found.path, null);
    if (found.folder.single === found.path) this.#removeFolder(found.folder);
  }

  #watched(changes: readonly { readonly uri: string; readonly type: FileChangeType }[]): void {
    for (const { uri, type } of changes) {
      const found = this.#workspace.locate(uri);
      if (found === null) continue;
      const { folder, path } = found;
      if (folder.state === "indexing" || folder.blocked !== null) {
        void this.#index(folder);
        continue;
      }
      void this.#workspace.refresh(folder, path).then(async (isOther) => {
        if (!isOther || path !== "pyproject.toml" || type === FileChangeType.Deleted) return;
        const { isOther: isExcluding } = folder.configure(folder.text(path) ?? "", this.#settingsOf(folder).exclude);
        if (isExcluding) await this.#index(folder);
      });
    }
  }

  /** Takes the settings over that an open pyproject.toml holds. */
  #reconfigure(folder: Folder, document: OpenDocument): void {
    const { problem, isOther } = folder.configure(document.text, this.#settingsOf(folder).exclude);
    const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
    const diagnostics = problem === null ? [] : [{ range, message: problem, severity: 1 as const, source: SOURCE }];
    void this.#connection.sendDiagnostics({ uri: document.uri, version: document.version, diagnostics });
    if (isOther) void this.#index(folder);
  }

  #publish(folder: Folder, path: string): void {
    const checked = this.#workspace.checked(folder, path);
    const document = folder.document(path);
    if (checked === undefined || document === undefined || checked.document !== document || !isCFile(path)) return;
    const diagnostics = diagnosticsOf(
      {
        folder,
        path,
        positions: document.positions,
        encoding: this.#encoding,
        settings: this.#settingsOf(folder),
        page: (id) => this.#page(id),
      },
      checked.check,
    );
    void this.#connection.sendDiagnostics({ uri: document.uri, version: document.version, diagnostics });
  }

  #planned(folder: Folder): void {
    if (this.#isClosed) return;
    for (const [path] of folder.documents()) this.#publish(folder, path);
    this.#statusSoon();
    const params: PlanChangedParams = { folder: folder.uri };
    void this.#connection.sendNotification(PLAN_CHANGED_NOTIFICATION, params);
    if (this.#can.lensRefresh) void this.#connection.sendRequest(CodeLensRefreshRequest.type);
    if (this.#can.tokenRefresh) this.#connection.languages.semanticTokens.refresh();
  }

  #statusSoon(): void {
    this.#statusTimer ??= setTimeout(() => {
      this.#statusTimer = null;
      const params = this.#status();
      const text = JSON.stringify(params);
      if (text === this.#lastStatus || this.#isClosed) return;
      this.#lastStatus = text;
      void this.#connection.sendNotification(STATUS_NOTIFICATION, params);
    }, STATUS_INTERVAL);
  }

  #status(): StatusParams {
    return {
      folders: this.#workspace.folders.map((folder) => {
        const totals = folder.totals();
        const { uri, name, state, message, progress } = folder;
        const share = totals.functions === 0 ? null : Math.floor((100 * totals.migrated) / totals.functions);
        return { folder: uri, name, state, message, totals, share, progress };
      }),
    };
  }

  // Settings.

  #settingsOf(folder: Folder): Settings {
    return this.#settings.get(folder.uri) ?? asSettings(this.#options.settings);
  }

  async #loadSettings(folder: Folder): Promise<void> {
    if (!this.#can.configuration) return;
    const given: unknown = await this.#connection.workspace.getConfiguration({
      section: "hpyMigrate",
      scopeUri: folder.uri,
    });
    this.#settings.set(folder.uri, asSettings(given));
  }

  async #configured(pushed: unknown): Promise<void> {
    const section = (pushed as { hpyMigrate?: unknown } | null)?.hpyMigrate;
    for (const folder of [...this.#workspace.folders]) {
      const before = this.#settingsOf(folder);
      if (this.#can.configuration) await this.#loadSettings(folder);
      else if (section !== undefined) this.#settings.set(folder.uri, asSettings(section));
      const now = this.#settingsOf(folder);
      if (JSON.stringify(before.exclude) !== JSON.stringify(now.exclude)) void this.#index(folder);
      else this.#workspace.recheck(folder);
    }
  }

  /** URI of the page of an id; null where there is no page. */
  #page(id: string): string | null {
    const template = this.#options.pages ?? this.#host.pages;
    const kind = template === null ? undefined : explain(id)?.kind;
    if (template === null || kind === undefined) return null;
    return template.replace("{kind}", PAGES[kind]).replace("{id}", encodeURIComponent(id));
  }

  // Answers.

  #hover(uri: string, position: Range["start"]): Hover | null {
    const document = this.#documents.get(uri);
    if (document === undefined) return null;
    const found = identifierAt(document.text, document.positions.offsetAt(position));
    const value = found === null ? null : explanationMarkdown(found.name);
    if (found === null || value === null) return null;
    return { contents: { kind: MarkupKind.Markdown, value }, range: document.positions.range(found.span) };
  }

  #tokens(uri: string): SemanticTokens {
    const builder = new SemanticTokensBuilder();
    const found = this.#open(uri);
    if (found === null || !this.#settingsOf(found.folder).semanticTokens) return builder.build();
    const { folder, path, document } = found;
    const legacy = functionsIn(folder, path).filter(({ unit }) => unit.kind !== "migrated");
    for (const span of capiNames(
      document.text,
      legacy.map((fn) => fn.span),
      isCapiName,
    )) {
      const { start, end } = document.positions.range(span);
      builder.push(start.line, start.character, end.character - start.character, 0, 1);
    }
    return builder.build();
  }

  /** A code action for clients that cannot resolve edits: the server applies the edit by a command. */
  #asCommand(folder: Folder, action: CodeAction): CodeAction[] {
    const data = action.data as ActionData | undefined;
    if (data === undefined) return [action];
    if (data.does !== "steps") return [];
    const argument: StepParams = { folder: folder.uri, selector: data.selector };
    const command = { title: action.title, command: COMMANDS.applyStep, arguments: [argument] };
    return [{ title: action.title, ...(action.kind === undefined ? {} : { kind: action.kind }), command }];
  }

  /** @throws ResponseError when the document is not the one any more that the action was offered for. */
  async #resolve(action: CodeAction): Promise<CodeAction> {
    const data = action.data as ActionData | undefined;
    if (data === undefined) return action;
    const found = this.#open(data.uri);
    if (found === null || found.document.version !== data.version)
      throw new ResponseError(LSPErrorCodes.ContentModified, "The text has changed since this was offered.");
    const { folder, path, document } = found;
    if (data.does === "fixAll") {
      const { after } = await this.#workspace.fix(folder, path);
      if (folder.document(path) !== document)
        throw new ResponseError(LSPErrorCodes.ContentModified, "The text has changed meanwhile.");
      const edit = await this.#edit(folder, [{ path, before: document.text, after }]);
      return typeof edit === "string" ? this.#refuse(edit) : { ...action, edit };
    }
    const selection = await this.#workspace.select(folder, data.selector);
    if ("problem" in selection) return this.#refuse(selection.problem);
    const edit = await this.#edit(folder, selection.changes);
    return typeof edit === "string" ? this.#refuse(edit) : { ...action, edit };
  }

  /** Shows a line without asking for an answer, which would stop some editors. */
  #tell(type: MessageType, message: string): void {
    void this.#connection.sendNotification(ShowMessageNotification.type, { type, message });
  }

  #refuse(problem: string): never {
    this.#tell(MessageType.Error, `HPy: ${toText(problem)}`);
    throw new ResponseError(LSPErrorCodes.RequestFailed, toText(problem));
  }

  /**
   * The edit of several files, or one line that says why there is none. Open documents are named with the versions that
   * it is for; of others the stored text is compared first.
   */
  async #edit(folder: Folder, changes: readonly FileChange[]): Promise<WorkspaceEdit | string> {
    const edits: (CreateFile | TextDocumentEdit)[] = [];
    for (const { path, before, after } of changes) {
      const document = folder.document(path);
      if (document === undefined) await this.#workspace.refresh(folder, path);
      if ((folder.text(path) ?? null) !== before) return `${path} has changed since it was planned; ask again`;
      const stored = folder.stored(path);
      if (stored !== undefined && !isUtf8(stored))
        return `${path} is not UTF-8, and an editor could damage it; use hpy-migrate apply`;
      const uri = folder.uriOf(path);
      if (before === null) {
        if (!this.#can.documentChanges || !this.#can.createFile)
          return `the editor cannot create ${path}, which the step needs; use hpy-migrate apply`;
        edits.push({ kind: "create", uri, options: { overwrite: false, ignoreIfExists: false } });
      }
      const positions = document?.positions ?? new TextPositions(before ?? "", this.#encoding);
      const version = document?.version ?? null;
      edits.push({ textDocument: { uri, version }, edits: textEdits(positions, after) });
    }
    if (this.#can.documentChanges) return { documentChanges: edits };
    const flat: NonNullable<WorkspaceEdit["changes"]> = {};
    for (const edit of edits)
      if ("textDocument" in edit) flat[edit.textDocument.uri] = edit.edits.filter((one) => "newText" in one);
    return { changes: flat };
  }

  async #stepDiff({ folder: uri, selector }: StepParams): Promise<StepDiffResult> {
    const folder = this.#folder(uri);
    const selection = await this.#workspace.select(folder, selector);
    if ("problem" in selection) return { diff: "", files: [], steps: [], problem: toText(selection.problem) };
    return {
      diff: toText(selection.diff),
      files: selection.changes.map(({ path, before, after }) => ({
        uri: folder.uriOf(path),
        path,
        before: before === null ? null : toText(before),
        after: toText(after),
      })),
      steps: selection.steps.map(planStep),
      problem: null,
    };
  }

  async #applyStep({ folder: uri, selector }: StepParams): Promise<ApplyStepResult> {
    const folder = this.#folder(uri);
    const selection = await this.#workspace.select(folder, selector);
    if ("problem" in selection) return { edit: null, steps: [], problem: toText(selection.problem) };
    if (selection.steps.length === 0) return { edit: null, steps: [], problem: "no step is left" };
    const builds = selector.kind === "step" ? await this.#buildsOn(folder, selection.steps) : null;
    if (builds !== null) return { edit: null, steps: [], problem: builds };
    const edit = await this.#edit(folder, selection.changes);
    if (typeof edit === "string") return { edit: null, steps: [], problem: toText(edit) };
    return { edit, steps: selection.steps.map(planStep), problem: null };
  }

  /** What a single step builds on that has not been made, one line; null where nothing is missing. */
  async #buildsOn(folder: Folder, steps: readonly StepSummary[]): Promise<string | null> {
    const next = await this.#workspace.select(folder, { kind: "next" });
    if ("problem" in next) return next.problem;
    const [wanted] = steps;
    if (wanted === undefined || wanted.id === next.steps[0]?.id) return null;
    return `step "${wanted.id}" builds on others that come first`;
  }

  async #execute(command: string, argument: unknown): Promise<unknown> {
    if (command === COMMANDS.applyStep) {
      const { edit, problem, steps } = await this.#applyStep(argument as StepParams);
      if (edit === null) {
        this.#tell(MessageType.Error, `HPy: ${problem}`);
        return false;
      }
      const label = steps.at(-1)?.title ?? "Migrate to HPy";
      const result: ApplyWorkspaceEditResult = await this.#connection.workspace.applyEdit({ label, edit });
      if (!result.applied)
        this.#tell(MessageType.Error, `HPy: the editor did not apply the edit: ${result.failureReason ?? "unknown"}`);
      return result.applied;
    }
    if (command === COMMANDS.explain) {
      const { id } = argument as ExplainParams;
      const page = this.#page(id);
      if (page !== null && this.#can.showDocument) {
        const shown = await this.#connection.window.showDocument({ uri: page, external: false, takeFocus: true });
        if (shown.success) return true;
      }
      const text = explanationMarkdown(id);
      this.#tell(MessageType.Info, text ?? `Nothing is called "${id}".`);
      return text !== null;
    }
    return null;
  }
}

/** The page of the documentation that a kind of id is on. */
const PAGES = {
  rule: "rules",
  transform: "rules",
  refusal: "refusals",
  diagnostic: "diagnostics",
  api: "api",
} as const;

function planStep({ id, title, kind, module, files, insertions, deletions, notes }: StepSummary): PlanStep {
  return { id, title, kind, module, files, insertions, deletions, notes: notes.map(toText) };
}

function nameOf(uri: string): string {
  const { path } = parsed(uri);
  return path.slice(path.replace(/\/$/, "").lastIndexOf("/") + 1).replace(/\/$/, "") || path;
}
