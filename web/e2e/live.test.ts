/** A run that goes on, seen by two browsers, and a server that goes away and comes back. */
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { acidtest, browser, docent, freePort, runIds, scratch, started, to, view, visit } from "./rig";

let chrome: Browser;
beforeAll(async () => void (chrome = await browser()));
afterAll(() => chrome?.close());

/** Requests that the list of runs shows of the newest run. */
async function requests(page: Page): Promise<number> {
  const shown = await page.locator("main tbody tr [data-requests]").first().getAttribute("data-requests");
  return Number(shown);
}

test("two browsers follow a run, over a restart of the server", async () => {
  const store = join(scratch(), "s.db");
  await docent(store);
  const port = await freePort();
  let server = await view(store, port);
  const [one, two] = await Promise.all([visit(chrome, server.entry), visit(chrome, server.entry)]);
  await Promise.all([to(one.page, server, "/runs"), to(two.page, server, "/runs")]);

  const bench = started([
    ...["bench", "--url", "sim:slow", "--model", "sim", "--concurrency", "2", "--duration", "40s"],
    ...["--quiet", "--undecided", "pass", "--store", store],
  ]);
  for (const { page } of [one, two]) {
    await page.waitForFunction(() => document.querySelectorAll("main tbody tr [data-requests]").length === 2);
    const before = await requests(page);
    await expect.poll(() => requests(page), { timeout: 20_000 }).toBeGreaterThan(before);
  }

  await server.stop();
  await one.page.locator("[data-connection=lost]").waitFor();
  const before = await requests(one.page);
  expect(before).toBeGreaterThan(0);
  server = await view(store, port);
  for (const { page } of [one, two]) {
    await page.locator("[data-connection=connected]").waitFor({ timeout: 30_000 });
    await expect.poll(() => requests(page), { timeout: 20_000 }).toBeGreaterThan(before);
  }

  const [running = ""] = await runIds(store);
  await to(one.page, server, `/run/${running}`);
  bench.kill("SIGINT");
  await one.page.locator("main [data-state=stopped]").first().waitFor({ timeout: 30_000 });
  expect(await acidtest(["report", running, "--store", store])).toContain("bench");
  await server.stop();
});
