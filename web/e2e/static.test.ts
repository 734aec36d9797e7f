/** The report as one file, opened from disk. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serious } from "./axe";
import { acidtest, browser, docent, drawn, runIds, scratch, scrolled, visit } from "./rig";

const folder = scratch();
const store = join(folder, "s.db");
const file = join(folder, "report.html");
let chrome: Browser;
let run: string;

beforeAll(async () => {
  await docent(store);
  [run = ""] = await runIds(store);
  await acidtest(["report", run, "--store", store, "--format", "html", "--output", file]);
  chrome = await browser();
});
afterAll(() => chrome?.close());

test("it is small, whole and quiet", async () => {
  expect(statSync(file).size).toBeLessThan(3_000_000);
  const { page, misdeeds } = await visit(chrome, pathToFileURL(file).href);
  await drawn(page);
  await scrolled(page);
  expect(await page.locator("main canvas").count()).toBeGreaterThan(2);
  expect(await serious(page)).toEqual([]);
  expect(misdeeds.said).toEqual([]);
  expect(misdeeds.left.filter((url) => !url.startsWith("file:"))).toEqual([]);
});

test("its cases can be searched and opened", async () => {
  const { page, misdeeds } = await visit(chrome, `${pathToFileURL(file).href}#/run/${run}/cases`);
  await drawn(page);
  const all = await page.locator("main table tbody tr").count();
  expect(all).toBeGreaterThan(10);
  await page.goto(`${pathToFileURL(file).href}#/run/${run}/cases?judgement=wrong`);
  await drawn(page);
  const wrong = await page.locator("main table tbody tr").count();
  expect(wrong).toBeGreaterThan(0);
  expect(wrong).toBeLessThan(all);
  await page.locator("main table tbody tr a").first().click();
  await page.waitForURL(/\/case\//);
  await drawn(page);
  expect(await page.locator("main [role=alert]").count()).toBe(0);
  expect(misdeeds.said).toEqual([]);
});

test("what only a server can do is not offered", async () => {
  const { page } = await visit(chrome, pathToFileURL(file).href);
  await drawn(page);
  for (const there of ["#/vote", "#/leaderboard", "#/runs"]) {
    expect(await page.locator(`a[href^='${there}']`).count()).toBe(0);
  }
});
