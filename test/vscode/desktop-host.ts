/**
 * The smallest extension host for the desktop's bundle, run as a program of its own: VS Code for the desktop is no package
 * that a test could fetch. What the test looks at is real (URIs, events, commands, the tree, the status bar); the rest of
 * the editor's interface accepts everything and does nothing.
 *
 *     desktop-host.ts EXTENSION FOLDER    applies the next step; prints the plan, the status bar and the files edited as JSON
 */
import { EventEmitter as NodeEmitter } from "node:events";
import Module, { createRequire } from "node:module";
import { basename, join } from "node:path";
import { URI, Utils } from "vscode-uri";

/** What a bundle in CommonJS asks for modules with; the type of Node leaves it out. */
interface Loader {
  _load(request: string, parent: unknown, isMain: boolean): unknown;
}

interface Extension {
  activate(context: object): Promise<void>;
  deactivate(): Promise<void>;
}

const [, , extension = "", folder = ""] = process.argv;

class Disposable {
  readonly dispose: () => void;
  constructor(dispose: () => void = () => undefined) {
    this.dispose = dispose;
  }
  static from(...all: readonly { dispose(): unknown }[]): Disposable {
    return new Disposable(() => {
      for (const each of all) each.dispose();
    });
  }
}

class EventEmitter {
  readonly #emitter = new NodeEmitter();
  readonly event = (listener: (value: unknown) => void): Disposable => {
    this.#emitter.on("event", listener);
    return new Disposable(() => this.#emitter.off("event", listener));
  };
  fire(value: unknown): void {
    this.#emitter.emit("event", value);
  }
  dispose(): void {
    this.#emitter.removeAllListeners();
  }
}

class Plain {
  constructor(...values: readonly unknown[]) {
    Object.assign(this, { values });
  }
}

/** Remembers which files it is about. */
class WorkspaceEdit {
  readonly files: string[] = [];
  set(uri: URI): void {
    this.files.push(Utils.basename(uri));
  }
}

/** Something that can be called, constructed, extended and asked for any property. */
function anything(): unknown {
  class Something {}
  return new Proxy(Something, {
    get: (target, name) => {
      if (name === "prototype") return target.prototype;
      if (name === "then") return undefined;
      if (name === Symbol.toPrimitive) return () => 0;
      return anything();
    },
    apply: () => anything(),
  });
}

/** The given members, and anything for all others. */
function partly(members: object): object {
  return new Proxy(members, { get: (target, name) => Reflect.get(target, name) ?? anything() });
}

interface Provider {
  getChildren(node?: unknown): unknown[];
  getTreeItem(node: unknown): { readonly label: string; readonly description: string };
}

const commands = new Map<string, (...parameters: unknown[]) => unknown>();
const edited: string[] = [];
const statusBar = { text: "", show: () => undefined, hide: () => undefined, dispose: () => undefined };
let provider: Provider | null = null;
const nothing = (): Disposable => new Disposable();
const uri = URI.file(folder);

const vscode = partly({
  version: "1.91.0",
  Disposable,
  EventEmitter,
  Uri: Object.assign(URI, { joinPath: Utils.joinPath }),
  ThemeIcon: Plain,
  ThemeColor: Plain,
  MarkdownString: Plain,
  WorkspaceEdit,
  TreeItem: class {
    readonly label: string;
    constructor(label: string) {
      this.label = label;
    }
  },
  env: partly({ language: "en", appName: "test" }),
  commands: partly({
    registerCommand: (name: string, run: (...parameters: unknown[]) => unknown) => {
      commands.set(name, run);
      return new Disposable();
    },
    executeCommand: async () => undefined,
  }),
  workspace: partly({
    workspaceFolders: [{ uri, name: basename(folder), index: 0 }],
    textDocuments: [],
    notebookDocuments: [],
    getConfiguration: () => partly({ get: (_: string, value?: unknown) => value, inspect: () => undefined }),
    applyEdit: async (edit: WorkspaceEdit) => {
      edited.push(...edit.files);
      return true;
    },
  }),
  window: partly({
    visibleTextEditors: [],
    activeTextEditor: undefined,
    tabGroups: { all: [], onDidChangeTabs: nothing, onDidChangeTabGroups: nothing },
    createOutputChannel: () => partly({ error: (message: string) => process.stderr.write(`${message}\n`) }),
    createStatusBarItem: () => statusBar,
    createTreeView: (_: string, options: { readonly treeDataProvider: Provider }) => {
      provider = options.treeDataProvider;
      return { dispose: () => undefined };
    },
    withProgress: async (_: unknown, task: (progress: object, token: object) => Promise<unknown>) =>
      task({ report: () => undefined }, { isCancellationRequested: false, onCancellationRequested: nothing }),
  }),
});

// A bundle copies the members that a module owns and takes its prototype, so what answers for all others is that.
const editor: unknown = Object.create(vscode);
const loader = Module as unknown as Loader;
const load = loader._load;
loader._load = (request, parent, isMain) => (request === "vscode" ? editor : load(request, parent, isMain));
const bundle = createRequire(import.meta.url)(join(extension, "out", "desktop.js")) as Extension;

/** Labels and descriptions of the plan, two blanks deeper for each level. */
function lines(node?: unknown, depth = 0): string[] {
  return (provider?.getChildren(node) ?? []).flatMap((child) => {
    const { label, description } = provider?.getTreeItem(child) ?? { label: "", description: "" };
    return [`${"  ".repeat(depth)}${label}: ${description}`, ...lines(child, depth + 1)];
  });
}

await bundle.activate({ extensionUri: URI.file(extension), subscriptions: [] });
while (lines().length < 2) {
  await commands.get("hpyMigrate.refresh")?.();
  await new Promise((resolve) => setTimeout(resolve, 100));
}
await commands.get("hpyMigrate.applyStep")?.({ folder: uri.toString(), selector: { kind: "next" } });
process.stdout.write(JSON.stringify({ lines: lines(), status: statusBar.text, edited }));
await bundle.deactivate();
process.exit(0);
