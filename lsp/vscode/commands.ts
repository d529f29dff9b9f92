/** The commands of the extension. */
import * as vscode from "vscode";
import { type BaseLanguageClient, State } from "vscode-languageclient";
import { COMMANDS, type ExplainParams, type FolderPlan, type StepParams } from "../protocol.ts";
import type { Pages } from "./pages.ts";
import type { PlanNode, PlanView } from "./plan-view.ts";
import type { Previews } from "./previews.ts";
import type { Reports } from "./reports.ts";
import type { Steps } from "./steps.ts";

/** What commands work on. */
export interface Parts {
  readonly client: BaseLanguageClient;
  readonly plan: PlanView;
  readonly previews: Previews;
  readonly reports: Reports;
  readonly steps: Steps;
  readonly pages: Pages;
}

/** The folder of the open file, the only one with a plan, or the one that the user picks; undefined when there is none. */
async function pickFolder(folders: readonly FolderPlan[]): Promise<FolderPlan | undefined> {
  const planned = folders.filter((folder) => folder.modules.length > 0);
  if (planned.length < 2) return planned[0] ?? folders[0];
  const active = vscode.window.activeTextEditor?.document.uri;
  const own = active && vscode.workspace.getWorkspaceFolder(active)?.uri.toString();
  const found = planned.find((each) => vscode.Uri.parse(each.folder).toString() === own);
  if (found !== undefined) return found;
  const items = planned.map((folder) => ({ label: folder.name, folder }));
  return (await vscode.window.showQuickPick(items, { placeHolder: "Which folder?" }))?.folder;
}

/** Registers all commands as long as the result is not disposed of. */
export function registerCommands({ client, plan, previews, reports, steps, pages }: Parts): vscode.Disposable {
  const inFolder =
    (run: (folder: FolderPlan) => Promise<void>): (() => Promise<void>) =>
    async () => {
      if (plan.folders.length === 0) await plan.load();
      const folder = await pickFolder(plan.folders);
      if (folder !== undefined) await run(folder);
      else void vscode.window.showInformationMessage("No folder is open.");
    };
  const handlers: Readonly<Record<string, (...parameters: never[]) => unknown>> = {
    // Code lenses and code actions of the server run these two.
    [COMMANDS.applyStep]: (params: StepParams) => steps.apply(params),
    [COMMANDS.explain]: (params: ExplainParams) => pages.show(params),
    "hpyMigrate.applyItem": async ({ params }: PlanNode) => {
      if (params !== null) await steps.apply(params);
    },
    "hpyMigrate.previewItem": async ({ params }: PlanNode) => {
      if (params !== null) await previews.show(params);
    },
    "hpyMigrate.applyModule": async (node: PlanNode) => {
      const folder = plan.folders.find((each) => each.folder === node.params?.folder);
      const last = folder?.steps.findLast((step) => step.module === node.label);
      if (folder !== undefined && last !== undefined) {
        await steps.apply({ folder: folder.folder, selector: { kind: "through", id: last.id } });
      }
    },
    "hpyMigrate.explainItem": async ({ page }: PlanNode) => {
      if (page !== null) await pages.show({ id: page });
    },
    "hpyMigrate.applyShown": async (uri?: vscode.Uri) => {
      const shown = uri ?? vscode.window.activeTextEditor?.document.uri;
      const params = shown === undefined ? null : previews.paramsOf(shown);
      if (params !== null) await steps.apply(params);
    },
    "hpyMigrate.applyNext": inFolder(({ folder }) => steps.apply({ folder, selector: { kind: "next" } })),
    "hpyMigrate.applyAll": inFolder(({ folder }) => steps.apply({ folder, selector: { kind: "all" } })),
    "hpyMigrate.previewNext": inFolder(({ folder }) => previews.show({ folder, selector: { kind: "next" } })),
    "hpyMigrate.openReport": inFolder(({ folder, name }) => reports.show(folder, name)),
    "hpyMigrate.refresh": () => plan.load(),
    "hpyMigrate.restart": async () => {
      if (client.state === State.Running) await client.stop();
      await client.start();
      await plan.load();
    },
    "hpyMigrate.showOutput": () => client.outputChannel.show(),
    "hpyMigrate.openWalkthrough": () =>
      vscode.commands.executeCommand("workbench.action.openWalkthrough", "hpy-migrate.hpy-migrate#start"),
  };
  return vscode.Disposable.from(
    pages,
    ...Object.entries(handlers).map(([name, handler]) => vscode.commands.registerCommand(name, handler)),
  );
}
