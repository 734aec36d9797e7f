/** What the page says when something is not there, too new, or gone. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { browser, docent, freePort, runIds, scratch, to, view, visit } from "./rig";

const store = join(scratch(), "s.db");
let chrome: Browser;
beforeAll(async () => {
  await docent(store);
  chrome = await browser();
});
afterAll(() => chrome?.close());

test("an unknown run, case and page are named, with a way on", async () => {
  const server = await view(store);
  const { page } = await visit(chrome, server.entry);
  const [run] = await runIds(store);
  for (const route of ["/run/ffffffffffffffff", `/run/${run}/case/999999.0`, `/compare?base=${run}&other=nope`]) {
    await page.goto(`${server.url}/#${route}`);
    await page.locator("main [role=alert]").first().waitFor();
  }
  await page.goto(`${server.url}/#/no/such/page`);
  await page.locator("main a[href^='#/runs']").first().waitFor();
  await server.stop();
});

test("a stopped server is said and what was seen stays", async () => {
  const port = await freePort();
  const server = await view(store, port);
  const { page } = await visit(chrome, server.entry);
  await to(page, server, "/runs");
  const before = await page.locator("main [data-requests]").count();
  await server.stop();
  await page.locator("[data-connection=lost]").waitFor();
  expect(await page.locator("main [data-requests]").count()).toBe(before);
});

test("two servers show one store", async () => {
  const copy = join(scratch(), "s.db");
  copyFileSync(store, copy);
  const servers = await Promise.all([view(copy), view(copy)]);
  for (const server of servers) {
    const { page } = await visit(chrome, server.entry);
    await to(page, server, "/runs");
    expect(await page.locator("main [data-requests]").count()).toBe(1);
  }
  await Promise.all(servers.map((server) => server.stop()));
});
