import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { generatePage, PAGE_BUNDLE } from "../../tools/generate-page.ts";

test("the bundle of the page is made from page/ as it is; npm run generate renews it", async () => {
  const current = readFileSync(new URL(`../../${PAGE_BUNDLE}`, import.meta.url), "utf8");
  expect(current === (await generatePage())).toBe(true);
});
