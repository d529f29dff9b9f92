/** `hpy-migrate lint`: the handle checker over a project. */
import type { LintOptions, LintReport } from "../engine/lint-project.ts";
import type { ProjectInput } from "../engine/types.ts";
import {
  lintAnnotations,
  lintJson,
  lintSarif,
  renderLintSummary,
  renderLintText,
  renderUnproven,
} from "../report/lint-output.ts";
import type { Style } from "../report/style.ts";
import { type Result, success } from "./failure.ts";
import { readProject } from "./project.ts";
import { writeChanges } from "./write-files.ts";

/** What the command needs of the core. */
export interface LintEngine {
  readonly lint: (input: ProjectInput, options: LintOptions) => Promise<LintReport>;
  /** Texts of the files that certain repairs change, by path, and how many repairs there are. */
  readonly fix: (
    input: ProjectInput,
  ) => Promise<{ readonly changes: ReadonlyMap<string, string>; readonly applied: number }>;
}

export interface LintCommandOptions {
  readonly format?: "text" | "json" | "sarif" | "github";
  readonly json?: true;
  readonly quiet?: true;
  readonly fix?: true;
  readonly unproven?: true;
  readonly capi?: true;
  readonly abi?: "hybrid" | "universal";
  readonly exclude: readonly string[];
}

export interface LintSurroundings {
  readonly version: string;
  readonly style: Style;
  /** Results, as text. */
  readonly print: (text: string) => void;
  /** Everything else. */
  readonly err: (text: string) => void;
}

/** Runs the command; its status is 1 when anything is found. */
export async function lint(
  path: string,
  options: LintCommandOptions,
  engine: LintEngine,
  around: LintSurroundings,
): Promise<Result<number>> {
  const format = options.format ?? (options.json ? "json" : "text");
  const read = readProject(path, { exclude: options.exclude });
  if (!read.ok) return read;
  for (const warning of read.value.warnings) around.err(`hpy-migrate: ${warning}\n`);
  let input = read.value.input;
  if (options.fix) {
    const { changes, applied } = await engine.fix(input);
    const written = writeChanges(
      read.value.root,
      input.files.flatMap(({ path: file, text }) => {
        const after = changes.get(file);
        return after === undefined ? [] : [{ path: file, before: text, after }];
      }),
    );
    if (!written.ok) return written;
    if (!options.quiet) around.err(`hpy-migrate: ${applied === 1 ? "1 repair" : `${applied} repairs`} made\n`);
    input = { files: input.files.map((file) => ({ ...file, text: changes.get(file.path) ?? file.text })) };
  }
  const report = await engine.lint(input, {
    side: options.capi ? "capi" : "hpy",
    fixes: format === "json" || format === "sarif" ? "offered" : "none",
    ...(options.abi === undefined ? {} : { abi: options.abi }),
  });
  if (report.functions === 0 && report.findings.length === 0 && report.unproven.length === 0 && !options.quiet)
    around.err(`hpy-migrate: ${path}: no ${options.capi ? "C-API" : "HPy"} code found\n`);
  switch (format) {
    case "json":
      around.print(`${JSON.stringify(lintJson(report), null, 2)}\n`);
      break;
    case "sarif":
      around.print(lintSarif(report.findings, around.version));
      break;
    case "github":
      around.print(lintAnnotations(report.findings));
      break;
    default:
      around.print(renderLintText(report.findings, around.style));
  }
  if (options.unproven) around.err(renderUnproven(report));
  if (!options.quiet) around.err(renderLintSummary(report));
  return success(report.findings.length > 0 ? 1 : 0);
}
