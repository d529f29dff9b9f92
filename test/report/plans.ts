/** Plans of any size for the tests of reports, with sources that try to be markup. */
import type { FunctionReport, MigrationPlan, ModuleReport, ProjectInput, Refusal, Step } from "../../engine/types.ts";

export interface Sample {
  readonly plan: MigrationPlan;
  readonly input: ProjectInput;
}

/** Every fifth function is HPy already, three of five can move, every fifth stays for the want of PyErr_Fetch. */
function bodyOf(name: string, place: number, lines: number): string {
  const body = Array.from({ length: lines }, (_, line) => `    total += ${line} * value;\n`).join("");
  if (place % 5 === 0)
    return `static HPy ${name}(HPyContext *ctx, HPy self)\n{\n${body}    return HPyLong_FromLong(ctx, total);\n}\n`;
  const rest =
    place % 5 === 4 ? "    PyErr_Fetch(&type, &value, &trace); /* </script><script>alert(1)</script> */\n" : "";
  return `static PyObject *${name}(PyObject *self, PyObject *args)\n{\n${body}${rest}    return PyLong_FromLong(total);\n}\n`;
}

function moved(text: string): string {
  return text
    .replace("static PyObject *", "static HPy ")
    .replace("(PyObject *self, PyObject *args)", "(HPyContext *ctx, HPy self, HPy arg)")
    .replace("PyLong_FromLong(", "HPyLong_FromLong(ctx, ");
}

/**
 * A project of one module.
 *
 * @param functions how many functions it has.
 * @param lines of the body of each.
 */
export function samplePlan(functions: number, lines: number): Sample {
  const perFile = 25;
  const texts = new Map<string, string>();
  const reports: FunctionReport[] = [];
  const bodies = new Map<string, string>();
  for (let place = 0; place < functions; place++) {
    const file = place < perFile ? "src/<script>alert(1)<!--.c" : `src/part${Math.floor(place / perFile)}/code.c`;
    const name = `function_${place}`;
    const text = bodyOf(name, place, lines);
    const before = texts.get(file) ?? "";
    texts.set(file, before + text);
    bodies.set(name, text);
    const line = before.split("\n").length;
    const span = { start: before.length, end: before.length + text.length };
    const at = text.indexOf("PyErr_Fetch");
    const refusal: Refusal = {
      id: "no-hpy-equivalent",
      path: file,
      span: { start: span.start + at, end: span.start + at + "PyErr_Fetch".length },
      line: line + 2 + lines,
      message: '`PyErr_Fetch`: HPy 0.9 has no saved error state <img src="x" onerror="alert(1)">.',
    };
    const kind = place % 5;
    reports.push({
      name,
      file,
      line,
      span,
      kind: kind === 0 ? "migrated" : "method",
      type: null,
      status: kind === 4 ? "legacy" : kind === 3 ? "bridged" : "pure",
      via: kind === 0 || kind === 4 ? null : `function-${name}`,
      refusals: kind === 4 ? [refusal] : [],
    });
  }
  const input: ProjectInput = { files: [...texts].map(([path, text]) => ({ path, text })) };
  const steps: Step[] = [];
  for (const { name, file, via } of reports) {
    if (via === null) continue;
    const before = texts.get(file) as string;
    const body = bodies.get(name) as string;
    const after = before.replace(body, moved(body));
    texts.set(file, after);
    steps.push({
      id: via,
      title: `Move ${name}() to HPy`,
      kind: "function",
      module: "sample",
      functions: [name],
      changes: [{ path: file, before, after }],
      insertions: 2,
      deletions: 2,
      notes: [],
    });
  }
  const module: ModuleReport = {
    name: "sample",
    files: input.files.map((file) => file.path),
    functions: reports,
    types: [],
    steps,
    refusals: [],
  };
  const count = (status: FunctionReport["status"]): number => reports.filter((unit) => unit.status === status).length;
  const legacy = count("legacy");
  return {
    input,
    plan: {
      hpy: "0.9",
      modules: [module],
      steps,
      account: {
        found: functions,
        rewritten: functions - legacy,
        legacy: [{ reason: "no-hpy-equivalent", sites: legacy }],
        suppressed: 0,
        unparsed: 0,
      },
      notes: [],
      totals: { functions, pure: count("pure"), bridged: count("bridged"), legacy, steps: steps.length },
    },
  };
}
