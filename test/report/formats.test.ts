/** Every format shows the figures of the plan, follows its schema, and takes nothing of a source for markup. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import Ajv from "ajv";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { describe, expect, test } from "vitest";
import type { MigrationPlan } from "../../engine/types.ts";
import { assess } from "../../report/assessment.ts";
import { renderBadge } from "../../report/badge.ts";
import { historyOf } from "../../report/history.ts";
import { detail, summarize } from "../../report/make-report.ts";
import { planJson } from "../../report/plan-json.ts";
import { renderOverview } from "../../report/plan-text.ts";
import { sharedFeatures } from "../../report/readiness.ts";
import { REPORT_SCHEMA, type Report } from "../../report/report-data.ts";
import { renderHtml } from "../../report/report-html.ts";
import { renderMarkdown } from "../../report/report-markdown.ts";
import { renderReportSarif } from "../../report/report-sarif.ts";
import { renderComparison, renderHistory } from "../../report/report-text.ts";
import { renderSarif } from "../../report/sarif.ts";
import { PLAIN } from "../../report/style.ts";
import { samplePlan } from "./plans.ts";

// The compiled packages export their functions as `default` of a CommonJS module.
const makeAjv = Ajv.default ?? Ajv;
const makeAjv2020 = Ajv2020.default ?? Ajv2020;
const withFormats = addFormats.default ?? addFormats;

const REPORT_FILE = fileURLToPath(new URL("../../docs/report-schema.json", import.meta.url));
const SARIF_FILE = createRequire(import.meta.url).resolve("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json");

const SAMPLE = samplePlan(50, 3);
const HISTORY = historyOf([
  { commit: "a".repeat(40), time: 1_700_000_000, subject: "Start", capi: 50, bridged: 0, pure: 0 },
  { commit: "b".repeat(40), time: 1_701_000_000, subject: "Move ten", capi: 40, bridged: 0, pure: 10 },
]);
const PROJECT = detail(SAMPLE.plan, SAMPLE.input, { name: "sample", version: "1.0" }, HISTORY);
const REPORT: Report = { schema: REPORT_SCHEMA, hpy: "0.9", projects: [PROJECT] };
const FAILURE = {
  schema: REPORT_SCHEMA as typeof REPORT_SCHEMA,
  name: "broken",
  version: null,
  error: "it | is broken",
};
const SEVERAL: Report = {
  schema: REPORT_SCHEMA,
  hpy: "0.9",
  projects: [summarize(SAMPLE.plan, SAMPLE.input, { name: "one", version: null }), PROJECT, FAILURE],
};

function sarifErrors(text: string): unknown {
  const ajv = withFormats(new makeAjv({ strict: false, allErrors: true, unicodeRegExp: false }));
  // The file is of draft 4; it uses nothing that draft 7 reads otherwise, but for the name of its id.
  const { id: _id, $schema: _draft, ...schema } = JSON.parse(readFileSync(SARIF_FILE, "utf8"));
  const validate = ajv.compile(schema);
  validate(JSON.parse(text));
  return validate.errors ?? [];
}

function reportErrors(value: unknown, part: string): unknown {
  const ajv = new makeAjv2020({ allErrors: false, allowUnionTypes: true });
  ajv.addSchema(JSON.parse(readFileSync(REPORT_FILE, "utf8")), "report");
  const validate = ajv.getSchema(part);
  validate?.(JSON.parse(JSON.stringify(value)));
  return validate === undefined ? "no such part" : (validate.errors ?? []);
}

describe("json", () => {
  test("a report and the lines of a survey follow docs/report-schema.json", () => {
    expect(reportErrors(REPORT, "report")).toEqual([]);
    expect(reportErrors(SEVERAL, "report")).toEqual([]);
    for (const project of SEVERAL.projects.filter((candidate) => candidate !== PROJECT))
      expect(reportErrors({ ...project, source: "somewhere" }, "report#/$defs/line")).toEqual([]);
  });

  test("the check notices what is wrong", () => {
    expect(reportErrors({ ...REPORT, schema: 2 }, "report")).not.toEqual([]);
    expect(reportErrors({ ...REPORT, projects: [{ ...PROJECT, more: 1 }] }, "report")).not.toEqual([]);
  });

  test("the schema says the same of an assessment as that of the plan", () => {
    const plan = JSON.parse(readFileSync(new URL("../../docs/plan-schema.json", import.meta.url), "utf8"));
    const report = JSON.parse(readFileSync(REPORT_FILE, "utf8"));
    for (const name of ["assessment", "standing", "account"]) expect(report.$defs[name]).toEqual(plan.$defs[name]);
  });
});

describe("figures", () => {
  // Of 50 functions every fifth is done and every fifth stays; of the rest a third is bridged.
  const STANDING = { functions: 50, donePure: 10, doneBridged: 0, readyPure: 20, readyBridged: 10, legacy: 10 };

  test("the assessment counts what the plan says", () => {
    expect(PROJECT.assessment.standing).toEqual(STANDING);
    const { pure, bridged, legacy, functions } = SAMPLE.plan.totals;
    expect(STANDING.donePure + STANDING.readyPure).toBe(pure);
    expect(STANDING.doneBridged + STANDING.readyBridged).toBe(bridged);
    expect([STANDING.legacy, STANDING.functions]).toEqual([legacy, functions]);
    expect(planJson(SAMPLE.plan, PROJECT.assessment)).toMatchObject({ assessment: { standing: STANDING } });
    expect(PROJECT.assessment.diff).toEqual({ files: 2, insertions: 60, deletions: 60 });
    expect(PROJECT.files.map((file) => file.standing.functions)).toEqual([25, 25]);
  });

  test("the same figures stand in every format", () => {
    const overview = renderOverview(SAMPLE.plan, PROJECT.assessment, PLAIN);
    expect(overview).toContain("20 % HPy today, 80 % once all steps are applied");
    expect(overview).toContain("50 functions: 10 migrated, 30 to move, 10 staying legacy");
    const markdown = renderMarkdown(REPORT);
    expect(markdown).toContain("**20 %** of 50 functions");
    expect(markdown).toContain("**80 %** once all steps are applied");
    expect(markdown).toContain("| `sample` | 50 | 10 (20 %) | 30 | 10 | blocked |");
    expect(renderBadge(REPORT)).toContain(">20 %</text>");
    expect(renderBadge(REPORT)).toContain("HPy: 10 of 50 functions have moved");
    expect(renderComparison({ ...REPORT, projects: [PROJECT] }, PLAIN)).toContain(
      "1 project, 50 functions, 10 migrated, 30 to move, 10 staying legacy",
    );
    expect(JSON.parse(renderReportSarif(REPORT, "1")).runs[0].results).toHaveLength(10);
    const html = renderHtml(REPORT, [{ project: PROJECT, ...SAMPLE }], "1");
    const data = JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)?.[1] ?? "null");
    expect(data.report).toEqual(JSON.parse(JSON.stringify(REPORT)));
  });

  test("causes are grouped, with what HPy lacks", () => {
    const [blocker, ...others] = PROJECT.assessment.blockers;
    expect(others).toEqual([]);
    expect(blocker).toMatchObject({ id: "no-hpy-equivalent", capi: "PyErr_Fetch", holds: 10, follows: false });
    expect(blocker?.title).toBe("HPy 0.9 has no PyErr_Fetch");
    const [feature] = PROJECT.assessment.features;
    expect(feature).toMatchObject({ capi: ["PyErr_Fetch"], functions: 10, alone: 10 });
    expect(feature?.lacks).toMatch(/^HPy 0\.9 has no saved error state/);
    expect(sharedFeatures([PROJECT, PROJECT])[0]).toMatchObject({ packages: 2, functions: 20, alone: 20 });
  });

  test("functions of a module that cannot move are held back by the module's reason", () => {
    const plan: MigrationPlan = {
      ...SAMPLE.plan,
      modules: SAMPLE.plan.modules.map((module) => ({
        ...module,
        steps: [],
        functions: module.functions.map((unit) => ({
          ...unit,
          status: "legacy" as const,
          refusals: [{ id: "module-stays-legacy", path: unit.file, span: unit.span, line: 1, message: "The module." }],
        })),
        refusals: [{ id: "module-state", path: "m.c", span: { start: 0, end: 1 }, line: 7, message: "State." }],
      })),
    };
    const { blockers, features, modules } = assess(plan, SAMPLE.input);
    expect(blockers).toHaveLength(1);
    expect(blockers[0]).toMatchObject({ id: "module-state", holds: 50, example: { file: "m.c", line: 7 } });
    expect(features.find(({ lacks }) => lacks === "HPy 0.9 has no module state.")?.functions).toBe(50);
    expect(modules[0]?.universal).toBe("blocked");
  });

  test("a module whose functions are all pure HPy has reached the universal ABI", () => {
    const done = SAMPLE.plan.modules.map((module) => ({
      ...module,
      steps: [],
      functions: module.functions.filter((unit) => unit.kind === "migrated"),
    }));
    const { modules } = assess({ ...SAMPLE.plan, modules: done, steps: [] }, SAMPLE.input);
    expect(modules.map(({ universal }) => universal)).toEqual(["reached"]);
  });
});

describe("sarif", () => {
  test("a report follows the schema of SARIF 2.1.0", () => {
    expect(sarifErrors(renderReportSarif(REPORT, "1.2.3"))).toEqual([]);
    expect(sarifErrors(renderReportSarif(SEVERAL, "1.2.3"))).toEqual([]);
  });

  test("findings with places, relations and ids that nothing explains follow it too", () => {
    const text = renderSarif(
      [
        {
          id: "never-heard-of",
          level: "error",
          message: "m",
          path: "a dir/\u00e9 <x>%.c",
          line: 3,
          span: { start: 5, end: 9 },
          unit: "f",
          related: [{ path: "b.c", line: 1, message: "here" }],
          fix: { title: "Close it", edits: [{ start: 7, end: 8, text: "HPy_Close(ctx, x);" }] },
        },
        { id: "no-hpy-equivalent", level: "warning", message: "m", path: "b.c", line: 1, unit: "f" },
        { id: "no-hpy-equivalent", level: "warning", message: "m", path: "b.c", line: 2, unit: "f" },
      ],
      "1.2.3",
    );
    expect(sarifErrors(text)).toEqual([]);
    const [run] = JSON.parse(text).runs;
    expect(run.results[0].locations[0].physicalLocation).toEqual({
      artifactLocation: { uri: "a%20dir/%C3%A9%20%3Cx%3E%25.c", uriBaseId: "SRCROOT" },
      region: { startLine: 3, byteOffset: 5, byteLength: 4 },
    });
    const [{ locations }] = run.results[0].codeFlows[0].threadFlows;
    expect(locations.map((step: { location: { message: object } }) => step.location.message)).toEqual([
      { text: "here" },
      { text: "m" },
    ]);
    expect(run.results[0].fixes).toEqual([
      {
        description: { text: "Close it" },
        artifactChanges: [
          {
            artifactLocation: { uri: "a%20dir/%C3%A9%20%3Cx%3E%25.c", uriBaseId: "SRCROOT" },
            replacements: [
              {
                deletedRegion: { byteOffset: 7, byteLength: 1 },
                insertedContent: { text: "HPy_Close(ctx, x);" },
              },
            ],
          },
        ],
      },
    ]);
    expect(run.results[1].fixes).toBeUndefined();
    const prints = run.results.map(
      (result: { partialFingerprints: object }) => Object.values(result.partialFingerprints)[0],
    );
    expect(new Set(prints).size).toBe(3);
    expect(run.tool.driver.rules.map((rule: { id: string }) => rule.id)).toEqual([
      "never-heard-of",
      "no-hpy-equivalent",
    ]);
  });

  test("the check notices what is wrong", () => {
    const log = JSON.parse(renderReportSarif(REPORT, "1"));
    log.runs[0].results[0].level = "fatal";
    expect(sarifErrors(JSON.stringify(log))).not.toEqual([]);
  });
});

describe("markdown", () => {
  test("fits into a comment, and markup of a source stays text", () => {
    const large = samplePlan(3000, 1);
    const project = detail(large.plan, large.input, { name: "<b>|x|</b>", version: null }, null);
    const markdown = renderMarkdown({ schema: REPORT_SCHEMA, hpy: "0.9", projects: [project] });
    expect(markdown.length).toBeLessThan(65_536);
    expect(markdown).toContain("## HPy migration of \\<b\\>\\|x\\|\\</b\\>");
    expect(markdown).toContain("and 400 more");
    // Outside of code spans the only elements are the fold of the list.
    const outside = markdown.replaceAll(/`[^`]*`/g, "").replaceAll(/\\./g, "");
    expect([...outside.matchAll(/<[^>]*>/g)].map(([element]) => element)).toEqual([
      "<details>",
      "<summary>",
      "</summary>",
      "</details>",
    ]);
  });

  test("every row of a table has as many cells as its head", () => {
    for (const text of [renderMarkdown(REPORT), renderMarkdown(SEVERAL)]) {
      let columns = 0;
      for (const line of text.split("\n")) {
        const cells = line.startsWith("|") ? line.split(/(?<!\\)\|/).length : 0;
        if (cells > 0 && columns > 0) expect(line.split(/(?<!\\)\|/)).toHaveLength(columns);
        columns = cells;
      }
    }
  });
});

describe("text", () => {
  test("several projects: the closest first, what failed last", () => {
    const lines = renderComparison(SEVERAL, PLAIN).split("\n");
    expect(lines[0]).toMatch(/^project +version +functions/);
    expect(lines[3]).toBe("failed broken: it | is broken");
  });

  test("the history as bars, with its end", () => {
    const text = renderHistory(HISTORY, PLAIN);
    expect(text).toContain("2023-11-14  aaaaaaaa     50 left  ----------------------------------------");
    expect(text).toMatch(/2023-11-26 {2}bbbbbbbb {5}40 left {2}-{32}#{8}\n/);
    expect(text).toMatch(/the port is done by 2024-01-1\d\./);
  });
});

test("html: whatever a file is named, only the two scripts of the page are scripts", () => {
  const html = renderHtml(REPORT, [{ project: PROJECT, ...SAMPLE }], "1");
  expect([...html.matchAll(/<script/g)]).toHaveLength(2);
  expect([...html.matchAll(/<!--/g)]).toHaveLength(0);
  expect(html).toContain("default-src 'none'");
});
