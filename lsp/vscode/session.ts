/** One run of the extension: the client of the server, and the views and commands that show what it says. */
import * as vscode from "vscode";
import { type BaseLanguageClient, type LanguageClientOptions, RevealOutputChannelOn } from "vscode-languageclient";
import { COMMANDS, type InitializationOptions, PLAN_CHANGED_NOTIFICATION, STATUS_NOTIFICATION } from "../protocol.ts";
import { registerCommands } from "./commands.ts";
import { PAGES, Pages } from "./pages.ts";
import { PlanView } from "./plan-view.ts";
import { Previews } from "./previews.ts";
import { Reports } from "./reports.ts";
import { StatusBar } from "./status-bar.ts";
import { Steps } from "./steps.ts";

/** What differs between a computer and a browser. */
export interface Surroundings {
  /** Schemes of the documents that the server is told of. */
  readonly schemes: readonly string[];
  /** Whether the server has to be told where its WebAssembly modules lie. */
  readonly wasm: boolean;
  makeClient(id: string, name: string, options: LanguageClientOptions): BaseLanguageClient;
}

const LANGUAGES = ["c", "cpp"];

/** The extension while it is active. */
export class Session {
  readonly #client: BaseLanguageClient;
  readonly #context: vscode.ExtensionContext;

  constructor(context: vscode.ExtensionContext, surroundings: Surroundings) {
    this.#context = context;
    this.#client = surroundings.makeClient("hpyMigrate", "HPy Migrate", {
      documentSelector: surroundings.schemes.flatMap((scheme) => LANGUAGES.map((language) => ({ scheme, language }))),
      initializationOptions: initializationOptions(context.extensionUri, surroundings),
      // Messages of the server are of interest when something is wrong, which the status bar says.
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      outputChannelName: "HPy Migrate",
    });
  }

  /** Resolves once the server has answered. */
  async start(): Promise<void> {
    const client = this.#client;
    const plan = new PlanView(client);
    const status = new StatusBar();
    const previews = new Previews(client);
    const reports = new Reports(client);
    const steps = new Steps(client);
    this.#context.subscriptions.push(
      plan,
      status,
      previews,
      reports,
      registerCommands({ client, plan, previews, reports, steps, pages: new Pages(client) }),
      client.onNotification(STATUS_NOTIFICATION, (params) => status.show(params)),
      client.onNotification(PLAN_CHANGED_NOTIFICATION, () => {
        plan.refresh();
        reports.refresh();
      }),
    );
    await client.start();
    plan.refresh();
  }

  async stop(): Promise<void> {
    await this.#client.stop();
  }
}

function initializationOptions(extension: vscode.Uri, { wasm }: Surroundings): InitializationOptions {
  const module = (name: string): string => vscode.Uri.joinPath(extension, "out", "wasm", name).toString();
  return {
    clientCommands: Object.values(COMMANDS),
    pages: PAGES,
    ...(wasm && {
      wasm: {
        runtime: module("web-tree-sitter.wasm"),
        c: module("tree-sitter-c.wasm"),
        cpp: module("tree-sitter-cpp.wasm"),
      },
    }),
  };
}
