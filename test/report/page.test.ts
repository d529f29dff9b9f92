/** The page in a real browser: nothing fails, nothing leaves it, and people of all kinds can use it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import AxeBuilder from "@axe-core/playwright";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { historyOf } from "../../report/history.ts";
import { detail } from "../../report/make-report.ts";
import { REPORT_SCHEMA, type Report } from "../../report/report-data.ts";
import { renderHtml } from "../../report/report-html.ts";
import { browserPath } from "../../tools/browser.ts";
import { type Sample, samplePlan } from "./plans.ts";

const DAY = 86400;
const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1280, height: 900 };

const HISTORY = historyOf(
  Array.from({ length: 60 }, (_, index) => ({
    commit: String(index).padStart(40, "0"),
    time: 1_600_000_000 + index * 9 * DAY,
    subject: `Commit ${index} </script><script>alert(1)</script>`,
    capi: Math.max(2, 60 - index),
    bridged: Math.floor(index / 10),
    pure: index,
  })),
);

function pageOf({ plan, input }: Sample): string {
  const project = detail(plan, input, { name: "sample <b>", version: "1.0" }, HISTORY);
  const report: Report = { schema: REPORT_SCHEMA, hpy: "0.9", projects: [project] };
  return renderHtml(report, [{ project, plan, input }], "1.2.3");
}

function readinessPage(): string {
  const planned = [3, 40, 90].map((functions) => {
    const sample = samplePlan(functions, 2);
    return {
      ...sample,
      project: detail(sample.plan, sample.input, { name: `package-${functions}`, version: null }, null),
    };
  });
  const failure = {
    schema: REPORT_SCHEMA as typeof REPORT_SCHEMA,
    name: "broken",
    version: null,
    error: "no Python extension module found",
  };
  const report: Report = {
    schema: REPORT_SCHEMA,
    hpy: "0.9",
    projects: [...planned.map(({ project }) => project), failure],
  };
  return renderHtml(report, planned, "1.2.3");
}

/** 180,000 lines of C; made once, since it takes a while. */
let large = "";
function largePage(): string {
  large ||= pageOf(samplePlan(3000, 58));
  return large;
}

/** Milliseconds for a test that looks at a large page on a machine that others use too. */
const LONG = 240_000;

const scratch = mkdtempSync(join(tmpdir(), "hpy-migrate-page-"));
let browser: Browser;

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: browserPath(), args: ["--no-sandbox"] });
});

afterAll(async () => {
  await browser.close();
  rmSync(scratch, { recursive: true, force: true });
});

interface Opened {
  readonly page: Page;
  readonly file: string;
  /** Errors and warnings of the console, exceptions, dialogs, and requests to anywhere but the file. */
  readonly complaints: readonly string[];
}

let opened = 0;

async function open(html: string, options: BrowserContextOptions): Promise<Opened> {
  opened++;
  const file = join(scratch, `page-${opened}.html`);
  writeFileSync(file, html);
  const context = await browser.newContext({ reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`exception: ${error.message}`));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  const url = pathToFileURL(file).href;
  page.on("request", (request) => {
    if (request.url() !== url && !request.url().startsWith("data:")) complaints.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  await page.waitForSelector("main section");
  return { page, file, complaints };
}

async function violations(page: Page): Promise<string[]> {
  const { violations: found } = await new AxeBuilder({ page }).analyze();
  return found.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).join(" | ")}`);
}

describe.each([
  { functions: 3, make: () => pageOf(samplePlan(3, 4)) },
  { functions: 3000, make: largePage },
])("$functions functions", ({ make }) => {
  let html = "";

  beforeAll(() => {
    html = make();
  }, LONG);

  test.each([
    { device: "desktop", viewport: DESKTOP, colorScheme: "light" },
    { device: "phone", viewport: PHONE, colorScheme: "dark" },
  ] as const)(
    "on a $device, in $colorScheme: no complaint, no violation",
    async ({ viewport, colorScheme }) => {
      const { page, complaints } = await open(html, { viewport, colorScheme });
      await page.locator("table.functions .disclose").nth(1).click();
      await page.evaluate(
        "for (const element of [...document.querySelectorAll('details')].slice(0, 4)) element.open = true",
      );
      await page.waitForSelector("table.diff");
      expect(await violations(page)).toEqual([]);
      expect(complaints).toEqual([]);
      const widths = await page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]",
      );
      const [content, visible] = widths as [number, number];
      expect(content).toBe(visible);
    },
    LONG,
  );

  test("the file is smaller than 5 MB", async () => {
    expect(Buffer.byteLength(html)).toBeLessThan(5_000_000);
  });
});

describe("the table of functions", () => {
  test("search, status and file filter; sorting turns around", async () => {
    const { page } = await open(pageOf(samplePlan(250, 3)), { viewport: DESKTOP });
    const rows = page.locator("table.functions tbody tr[data-row]");
    const status = page.getByRole("status");
    expect(await rows.count()).toBe(100);
    expect(await status.textContent()).toBe("100 of 250 functions");
    await page.getByRole("button", { name: "Show 150 more" }).click();
    expect(await rows.count()).toBe(250);

    await page.getByRole("searchbox").fill("function_24");
    expect(await status.textContent()).toBe("11 functions of 250");
    await page.getByRole("searchbox").fill("");

    await page.getByRole("button", { name: "legacy 50" }).click();
    expect(await status.textContent()).toBe("50 functions of 250");
    expect(await page.getByRole("button", { name: "legacy 50" }).getAttribute("aria-pressed")).toBe("true");
    await page.getByRole("button", { name: "legacy 50" }).click();

    await page.getByLabel("Reason").selectOption("no-hpy-equivalent");
    expect(await status.textContent()).toBe("50 functions of 250");
    await page.getByLabel("Reason").selectOption("");

    await page.getByRole("button", { name: /^src\/part3\/code\.c/ }).click();
    expect(await status.textContent()).toBe("25 functions of 250");
    await page.getByRole("button", { name: "Stop filtering by src/part3/code.c" }).click();

    await page.getByRole("button", { name: "Function", exact: true }).click();
    const first = async (): Promise<string | null> => rows.first().locator("button").textContent();
    expect(await first()).toBe("function_0");
    await page.getByRole("button", { name: "Function", exact: true }).click();
    expect(await first()).toBe("function_99");
    expect(await page.getByRole("columnheader", { name: "Function" }).getAttribute("aria-sort")).toBe("descending");
  });

  test("a click shows the change of a function that moves, by keyboard too", async () => {
    const { page } = await open(pageOf(samplePlan(10, 3)), { viewport: DESKTOP });
    await page.getByRole("button", { name: "function_1", exact: true }).focus();
    await page.keyboard.press("Enter");
    const detailRow = page.locator(".detail-row");
    expect(await detailRow.locator("td.code.removed").first().textContent()).toBe(
      "static PyObject *function_1(PyObject *self, PyObject *args)",
    );
    expect(await detailRow.locator("td.code.added").first().textContent()).toBe(
      "static HPy function_1(HPyContext *ctx, HPy self, HPy arg)",
    );
    expect(await detailRow.getByRole("columnheader").allTextContents()).toEqual(["Before", "After"]);
    await page.keyboard.press("Enter");
    expect(await detailRow.count()).toBe(0);
  });

  test("a click shows the reason and the source of a function that stays", async () => {
    const { page, complaints } = await open(pageOf(samplePlan(10, 3)), { viewport: PHONE });
    await page.getByRole("button", { name: "function_4", exact: true }).click();
    const detailRow = page.locator(".detail-row");
    expect(await detailRow.locator(".reasons").textContent()).toContain('<img src="x" onerror="alert(1)">');
    expect(await detailRow.locator("tr.noted").textContent()).toContain("</script><script>alert(1)</script>");
    expect(complaints).toEqual([]);
  });

  test(
    "3000 functions: a filter answers within a tenth of a second",
    async () => {
      const { page } = await open(largePage(), { viewport: DESKTOP });
      const milliseconds = (await page.evaluate(`
      const search = document.querySelector("input[type=search]");
      const times = ["f", "fu", "function_2", "legacy", ""].map((text) => {
        const started = performance.now();
        search.value = text;
        search.dispatchEvent(new Event("input"));
        document.body.getBoundingClientRect();
        return performance.now() - started;
      });
      times.sort((a, b) => a - b)[2];
    `)) as number;
      // Other processes share the machine: the bound is wider than what it is for.
      expect(milliseconds).toBeLessThan(400);
    },
    LONG,
  );
});

describe("the rest of the page", () => {
  test("the plan shows the next step first, and its change on a click", async () => {
    const { page } = await open(pageOf(samplePlan(50, 3)), { viewport: DESKTOP });
    const step = page.locator("details.step").first();
    expect(await step.locator(".step-title").textContent()).toBe("Move function_1() to HPy");
    await step.locator("summary").click();
    expect(await step.locator("td.added").first().textContent()).toBe("+");
  });

  test("the burn-down goes through its commits by keyboard", async () => {
    const { page } = await open(pageOf(samplePlan(5, 3)), { viewport: DESKTOP });
    const slider = page.getByRole("slider", { name: "Commit" });
    await slider.focus();
    await page.keyboard.press("ArrowLeft");
    expect(await slider.getAttribute("aria-valuetext")).toContain("Commit 58");
    expect(await page.locator("svg.burn-down path.layer").count()).toBe(3);
  });

  test("prints every function that matches, without controls", async () => {
    const { page } = await open(pageOf(samplePlan(250, 3)), { viewport: DESKTOP });
    await page.emulateMedia({ media: "print" });
    await page.evaluate('dispatchEvent(new Event("beforeprint"))');
    expect(await page.locator("table.functions tbody tr[data-row]").count()).toBe(250);
    expect(await page.getByRole("searchbox").count()).toBe(0);
    expect((await page.pdf()).length).toBeGreaterThan(10_000);
  });

  test("without scripts there are the figures", async () => {
    const { page } = await open(
      pageOf(samplePlan(5, 3)).replace(/<script>[\s\S]*?<\/script>/, "<main><section></section></main>"),
      {
        javaScriptEnabled: false,
      },
    );
    expect(await page.locator("noscript").textContent()).toContain("5 functions, 20 % HPy today");
  });
});

describe("several packages", () => {
  test.each([
    { viewport: DESKTOP, colorScheme: "dark" },
    { viewport: PHONE, colorScheme: "light" },
  ] as const)("$viewport.width pixels: sorted, searched, opened, and nothing complains", async (options) => {
    const { page, complaints } = await open(readinessPage(), options);
    expect(await violations(page)).toEqual([]);
    const names = page.locator("table.packages tbody th button");
    // Without the package that has no legacy function the order is by the share that can move: 3 of 3, 32 of 40, 72 of 90.
    expect(await names.allTextContents()).toEqual(["package-3", "package-40", "package-90"]);
    await page.getByRole("button", { name: "Functions", exact: true }).click();
    expect(await names.allTextContents()).toEqual(["package-90", "package-40", "package-3"]);
    await page.getByRole("searchbox").fill("40");
    expect(await names.allTextContents()).toEqual(["package-40"]);
    expect(await page.getByText("no Python extension module found").count()).toBe(1);
    await names.first().click();
    await page.waitForSelector("table.functions");
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("package-40");
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "All packages" }).click();
    expect(await names.count()).toBe(3);
    expect(complaints).toEqual([]);
  });
});
