/** The side view: the plan as a tree of modules, types and functions, with an icon for where each stands. */
import * as vscode from "vscode";
import type { BaseLanguageClient } from "vscode-languageclient";
import {
  type FolderPlan,
  PLAN_REQUEST,
  type Place,
  type PlanFunction,
  type PlanModule,
  type PlanRefusal,
  type PlanResult,
  type PlanType,
  type StepParams,
  type StepSelector,
  type UnitStatus,
} from "../protocol.ts";

/** One line of the tree. */
export interface PlanNode {
  /** What the menus of the manifest ask for; with `+step` when something can be applied. */
  readonly context: "folder" | "module" | "type" | "function" | "reason";
  /** Unique among its siblings. */
  readonly key: string;
  readonly label: string;
  readonly description: string;
  readonly tooltip: string;
  readonly icon: vscode.ThemeIcon;
  readonly place: Place | null;
  /** What applying or previewing the line means; null where there is nothing to do. */
  readonly params: StepParams | null;
  /** Id of the page that explains a reason; null for other lines. */
  readonly page: string | null;
  readonly expanded: boolean;
  readonly children: readonly PlanNode[];
}

/** Where a type or a function stands today. */
type State = "pure" | "bridged" | "ready" | "readyBridged" | "legacy";

const ICONS: Readonly<Record<State, vscode.ThemeIcon>> = {
  pure: new vscode.ThemeIcon("pass-filled", new vscode.ThemeColor("charts.green")),
  bridged: new vscode.ThemeIcon("pass", new vscode.ThemeColor("charts.yellow")),
  ready: new vscode.ThemeIcon("arrow-circle-right", new vscode.ThemeColor("charts.blue")),
  readyBridged: new vscode.ThemeIcon("arrow-circle-right", new vscode.ThemeColor("charts.yellow")),
  legacy: new vscode.ThemeIcon("circle-slash", new vscode.ThemeColor("charts.orange")),
};

const WORDS: Readonly<Record<State, string>> = {
  pure: "HPy",
  bridged: "HPy, bridged",
  ready: "can move",
  readyBridged: "can move, bridged",
  legacy: "stays",
};

const SENTENCES: Readonly<Record<State, string>> = {
  pure: "It uses no C API any more.",
  bridged: "It is HPy code, with single calls of the C API.",
  ready: "A step moves it to HPy.",
  readyBridged: "A step moves it to HPy; single calls of the C API stay, bridged.",
  legacy: "It stays on the C API.",
};

function stateOf(status: UnitStatus, step: string | null): State {
  if (status === "legacy") return "legacy";
  if (step === null) return status;
  return status === "pure" ? "ready" : "readyBridged";
}

function reasonNode({ id, message, place }: PlanRefusal, index: number): PlanNode {
  return {
    context: "reason",
    key: `${index}`,
    label: message,
    description: id,
    tooltip: message,
    icon: new vscode.ThemeIcon("info"),
    place,
    params: null,
    page: id,
    expanded: false,
    children: [],
  };
}

interface Planned {
  readonly folder: FolderPlan;
  params(selector: StepSelector | null): StepParams | null;
}

function tooltipOf({ folder }: Planned, state: State, step: string | null): string {
  const found = folder.steps.find(({ id }) => id === step);
  if (found === undefined) return SENTENCES[state];
  const notes = found.notes.map((note) => `\n- ${note}`).join("");
  return `${SENTENCES[state]}\n\n${found.title} (+${found.insertions} -${found.deletions})\n${notes}`;
}

function functionNode(unit: PlanFunction, planned: Planned): PlanNode {
  const state = stateOf(unit.status, unit.step);
  const [reason] = unit.refusals;
  return {
    context: "function",
    key: unit.name,
    label: unit.name,
    description: state === "legacy" && reason !== undefined ? `${WORDS.legacy}: ${reason.id}` : WORDS[state],
    tooltip: tooltipOf(planned, state, unit.step),
    icon: ICONS[state],
    place: unit.place,
    params: planned.params(unit.step === null ? null : { kind: "function", name: unit.name }),
    page: null,
    expanded: false,
    children: unit.refusals.map(reasonNode),
  };
}

function typeNode(type: PlanType, planned: Planned): PlanNode {
  const state = stateOf(type.status, type.step);
  return {
    context: "type",
    key: `type ${type.name}`,
    label: type.name,
    description: WORDS[state],
    tooltip: tooltipOf(planned, state, type.step),
    icon: ICONS[state],
    place: type.place,
    params: planned.params(type.step === null ? null : { kind: "through", id: type.step }),
    page: null,
    expanded: true,
    children: [...type.refusals.map(reasonNode), ...functionNodes(type.functions, planned)],
  };
}

/** Conditional compilation may define a function twice; each has its own line. */
function functionNodes(units: readonly PlanFunction[], planned: Planned): PlanNode[] {
  const seen = new Map<string, number>();
  return units.map((unit) => {
    const count = (seen.get(unit.name) ?? 0) + 1;
    seen.set(unit.name, count);
    const node = functionNode(unit, planned);
    return count === 1 ? node : { ...node, key: `${node.key} ${count}` };
  });
}

function moduleNode(module: PlanModule, planned: Planned): PlanNode {
  const functions = [...module.functions, ...module.types.flatMap((type) => type.functions)];
  const migrated = functions.filter((unit) => unit.migrated).length;
  // The next step of the module, with what other modules need before it.
  const next = planned.folder.steps.find((step) => step.module === module.name);
  return {
    context: "module",
    key: `module ${module.name}`,
    label: module.name,
    description: `${migrated} of ${functions.length} HPy`,
    tooltip: next === undefined ? "No step is left." : `Next: ${next.title} (+${next.insertions} -${next.deletions})`,
    icon: new vscode.ThemeIcon(module.refusals.length > 0 ? "circle-slash" : "package"),
    place: module.place,
    params: planned.params(next === undefined ? null : { kind: "through", id: next.id }),
    page: null,
    expanded: true,
    children: [
      ...module.refusals.map(reasonNode),
      ...module.types.map((type) => typeNode(type, planned)),
      ...functionNodes(module.functions, planned),
    ],
  };
}

function folderNode(folder: FolderPlan): PlanNode {
  const planned: Planned = {
    folder,
    params: (selector) => (selector === null ? null : { folder: folder.folder, selector }),
  };
  return {
    context: "folder",
    key: folder.folder,
    label: folder.name,
    description: folder.message ?? `${folder.totals.migrated} of ${folder.totals.functions} HPy`,
    tooltip: folder.message ?? "",
    icon: vscode.ThemeIcon.Folder,
    place: null,
    params: planned.params(folder.steps.length === 0 ? null : { kind: "next" }),
    page: null,
    expanded: true,
    children: folder.modules.map((module) => moduleNode(module, planned)),
  };
}

/** Milliseconds in which several changes of the plan are shown together. */
const PAUSE = 150;

/** The view and what it shows. */
export class PlanView implements vscode.TreeDataProvider<PlanNode>, vscode.Disposable {
  readonly #client: BaseLanguageClient;
  readonly #view: vscode.TreeView<PlanNode>;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #ids = new Map<PlanNode, string>();
  #folders: readonly FolderPlan[] = [];
  #roots: readonly PlanNode[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: BaseLanguageClient) {
    this.#client = client;
    this.#view = vscode.window.createTreeView("hpyMigrate.plan", { treeDataProvider: this, showCollapseAll: true });
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#view.dispose();
    this.#changed.dispose();
  }

  /** Folders with a plan, as they were told last. */
  get folders(): readonly FolderPlan[] {
    return this.#folders;
  }

  /** Asks for the plan soon. */
  refresh(): void {
    clearTimeout(this.#timer);
    // A server that is being restarted does not answer; the next one says when there is a plan.
    this.#timer = setTimeout(() => void this.load().catch(() => undefined), PAUSE);
  }

  /** Asks for the plan now; resolves when the view has been told. */
  async load(): Promise<void> {
    const { folders }: PlanResult = await this.#client.sendRequest(PLAN_REQUEST, {});
    this.#folders = folders;
    const found = folders.filter((folder) => folder.modules.length > 0 || folder.state === "failed");
    const nodes = found.map(folderNode);
    // A single folder needs no line of its own.
    const [only] = nodes;
    this.#roots = nodes.length === 1 && only !== undefined && only.children.length > 0 ? only.children : nodes;
    this.#ids.clear();
    const [folder] = folders;
    this.#view.message = folders.length === 1 && folder?.state === "failed" ? (folder.message ?? "") : "";
    const planned = folders.every((each) => each.state !== "planning");
    await vscode.commands.executeCommand("setContext", "hpyMigrate.planned", planned);
    this.#changed.fire();
  }

  getChildren(node?: PlanNode): readonly PlanNode[] & PlanNode[] {
    const children = node?.children ?? this.#roots;
    const parent = node === undefined ? "" : (this.#ids.get(node) ?? "");
    for (const child of children) this.#ids.set(child, `${parent}/${child.key}`);
    return [...children];
  }

  getTreeItem(node: PlanNode): vscode.TreeItem {
    const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
    const item = new vscode.TreeItem(
      node.label,
      node.children.length === 0 ? None : node.expanded ? Expanded : Collapsed,
    );
    item.id = this.#ids.get(node) ?? node.key;
    item.description = node.description;
    item.tooltip = new vscode.MarkdownString(node.tooltip);
    item.iconPath = node.icon;
    item.contextValue = node.params === null ? node.context : `${node.context}+step`;
    item.accessibilityInformation = { label: `${node.label}, ${node.context}, ${node.description}` };
    if (node.place !== null) {
      const { start } = node.place.range;
      const selection = new vscode.Range(start.line, start.character, start.line, start.character);
      item.command = {
        title: "Go to the Source",
        command: "vscode.open",
        arguments: [
          vscode.Uri.parse(node.place.uri),
          { selection, preserveFocus: true } satisfies vscode.TextDocumentShowOptions,
        ],
      };
    }
    return item;
  }
}
