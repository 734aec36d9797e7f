/** Stored text that no page may believe, on every page that shows it, from a server and from disk. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ANSWERS, hostileServer, hostileSuite } from "./hostile";
import { acidtest, browser, drawn, runIds, scratch, scrolled, to, view, visit, type Server } from "./rig";

const folder = scratch();
const store = join(folder, "s.db");
let server: Server;
let chrome: Browser;
let run: string;

beforeAll(async () => {
  const { url, server: model } = await hostileServer();
  await acidtest(["run", hostileSuite(folder, url), "--quiet", "--undecided", "pass", "--store", store]);
  model.close();
  [run = ""] = await runIds(store);
  [server, chrome] = await Promise.all([view(store), browser()]);
});
afterAll(async () => {
  await chrome?.close();
  await server?.stop();
});

async function isUnharmed(page: Page): Promise<void> {
  expect(await page.evaluate("window.hit")).toBeUndefined();
  expect(await page.locator("main img, main svg[onload], main u").count()).toBe(0);
  expect(await page.title()).toContain("acidtest");
}

test("pages show it as text", async () => {
  const { context, page, misdeeds } = await visit(chrome, server.entry);
  for (const route of [`/run/${run}`, `/run/${run}/cases`, `/run/${run}/annotate?person=kim`, "/vote"]) {
    await to(page, server, route);
    await isUnharmed(page);
  }
  await to(page, server, `/run/${run}/cases`);
  expect(await page.locator("main").innerText()).toContain("<script>window.hit = 9</script>");
  for (let slot = 0; slot < ANSWERS.length; slot += 1) {
    await to(page, server, `/run/${run}/case/${slot}.0`);
    await isUnharmed(page);
  }
  expect(misdeeds).toEqual({ said: [], left: [] });
  await context.close();
});

test("charts' hints show it as text", async () => {
  const { context, page } = await visit(chrome, server.entry);
  await to(page, server, `/run/${run}`);
  await scrolled(page);
  expect(await page.locator("main canvas").count()).toBeGreaterThan(2);
  for (const chart of await page.locator("main canvas").all()) {
    await chart.scrollIntoViewIfNeeded();
    const box = await chart.boundingBox();
    for (const part of [0.3, 0.5, 0.7]) {
      if (box) await page.mouse.move(box.x + box.width * part, box.y + box.height / 2);
    }
  }
  await isUnharmed(page);
  await context.close();
});

test("a report on disk shows it as text and asks nobody", async () => {
  const file = join(folder, "report.html");
  await acidtest(["report", run, "--store", store, "--format", "html", "--output", file]);
  const { context, page, misdeeds } = await visit(chrome, pathToFileURL(file).href);
  await drawn(page);
  await isUnharmed(page);
  expect(misdeeds.said).toEqual([]);
  await context.close();
});
