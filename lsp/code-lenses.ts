/** Lines above functions: where each stands, and what holds it. */
import type { CodeLens } from "vscode-languageserver";
import { selectorOf } from "./code-actions.ts";
import { functionsIn, stepOfType, typesIn } from "./diagnostics.ts";
import type { Folder } from "./folder.ts";
import type { TextPositions } from "./positions.ts";
import { COMMANDS, type ExplainParams, type StepParams } from "./protocol.ts";

export function codeLenses(folder: Folder, path: string, positions: TextPositions): CodeLens[] {
  const found: CodeLens[] = [];
  const add = (offset: number, title: string, command: string, argument: StepParams | ExplainParams): void => {
    const range = positions.range({ start: offset, end: offset });
    found.push({ range, command: { title, command, arguments: [argument] } });
  };
  for (const { unit, span } of functionsIn(folder, path)) {
    const selector = selectorOf(folder, unit);
    const [refusal] = unit.refusals;
    if (selector !== null) {
      const bridged = unit.status === "bridged" ? ", with bridges" : "";
      add(span.start, `Migrate to HPy${bridged}`, COMMANDS.applyStep, { folder: folder.uri, selector });
    } else if (unit.status === "legacy" && refusal !== undefined) {
      add(span.start, `legacy: ${refusal.id}`, COMMANDS.explain, { id: refusal.id });
    } else if (unit.kind === "migrated" && unit.status === "bridged") {
      add(span.start, "HPy, bridged", COMMANDS.explain, { id: "bridge" });
    }
  }
  for (const { unit, name } of typesIn(folder, path)) {
    const step = stepOfType(folder.planned?.plan, unit.name);
    const [refusal] = unit.refusals;
    if (step !== undefined) {
      const selector = { kind: "through", id: step.id } as const;
      add(name.start, "Migrate type to HPy", COMMANDS.applyStep, { folder: folder.uri, selector });
    } else if (unit.status === "legacy" && refusal !== undefined) {
      add(name.start, `legacy: ${refusal.id}`, COMMANDS.explain, { id: refusal.id });
    }
  }
  return found;
}
