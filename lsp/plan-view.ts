/** The plan of a folder as the tree that a side view shows. */
import type { Refusal } from "../engine/types.ts";
import type { PlannedFunction } from "./backend-calls.ts";
import { stepOfType } from "./diagnostics.ts";
import type { Folder } from "./folder.ts";
import { type PositionEncoding, toText } from "./positions.ts";
import type { FolderPlan, Place, PlanFunction, PlanModule, PlanRefusal } from "./protocol.ts";

export function folderPlan(folder: Folder, encoding: PositionEncoding): FolderPlan {
  const plan = folder.planned?.plan;
  const place = (path: string, span: { readonly start: number; readonly end: number }): Place => ({
    uri: folder.uriOf(path),
    range: folder.plannedRange(path, span, encoding),
  });
  const refusals = (given: readonly Refusal[]): PlanRefusal[] =>
    given.map(({ id, message, path, span }) => ({ id, message: toText(message), place: place(path, span) }));
  const ofFunction = (fn: PlannedFunction): PlanFunction => ({
    name: toText(fn.name),
    place: place(fn.file, fn.nameSpan),
    kind: fn.kind,
    status: fn.status,
    migrated: fn.kind === "migrated",
    step: fn.via,
    refusals: refusals(fn.refusals),
  });
  const modules = (plan?.modules ?? []).map((module): PlanModule => {
    const steps = plan?.steps ?? [];
    const owned = new Set<PlannedFunction>();
    const types = module.types.map((type) => {
      const functions = module.functions.filter((fn) => fn.type === type.name);
      for (const fn of functions) owned.add(fn);
      return {
        name: toText(type.name),
        place: place(type.file, type.nameSpan),
        status: type.status,
        refusals: refusals(type.refusals),
        step: stepOfType(plan, type.name, module.name)?.id ?? null,
        functions: functions.map(ofFunction),
      };
    });
    const init = module.functions.find((fn) => fn.kind === "init");
    const [file] = module.files;
    return {
      name: toText(module.name),
      place:
        init !== undefined
          ? place(init.file, init.nameSpan)
          : file === undefined
            ? null
            : place(file, { start: 0, end: 0 }),
      refusals: refusals(module.refusals),
      step: steps.find((step) => step.kind === "module" && step.module === module.name)?.id ?? null,
      types,
      functions: module.functions.filter((fn) => !owned.has(fn)).map(ofFunction),
    };
  });
  const { uri, name, message } = folder;
  return {
    folder: uri,
    name,
    state: folder.state === "ready" || folder.state === "failed" ? folder.state : "planning",
    message,
    modules,
    steps: (plan?.steps ?? []).map(({ id, title, kind, module, files, insertions, deletions, notes }) => ({
      id,
      title: toText(title),
      kind,
      module,
      files,
      insertions,
      deletions,
      notes: notes.map(toText),
    })),
    totals: folder.totals(),
  };
}
