/** Every page, in both languages, both themes and on a narrow screen, over one real store. */
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serious } from "./axe";
import { browser, docent, drawn, requestOf, runIds, scratch, to, view, visit, type Server } from "./rig";

let server: Server;
let chrome: Browser;
let routes: Record<string, string>;

beforeAll(async () => {
  const store = join(scratch(), "s.db");
  await docent(store, 1);
  await docent(store, 2);
  const [other = "", base = ""] = await runIds(store);
  [server, chrome] = await Promise.all([view(store), browser()]);
  routes = routesOf(base, other, await requestOf(server, base));
});

afterAll(async () => {
  await chrome?.close();
  await server?.stop();
});

function routesOf(base: string, other: string, request: string): Record<string, string> {
  return {
    runs: "/runs",
    run: `/run/${base}`,
    cases: `/run/${base}/cases?judgement=wrong`,
    case: `/run/${base}/case/${request}`,
    annotate: `/run/${base}/annotate?person=kim`,
    compare: `/compare?base=${base}&other=${other}`,
    frontier: `/frontier?runs=${base},${other}`,
    leaderboard: `/leaderboard?source=score:correct&runs=${base}`,
    vote: `/vote?runs=${base}`,
  };
}

const faces = [
  { lang: "en", theme: "light", width: 1280 },
  { lang: "ko", theme: "dark", width: 1280 },
  { lang: "ko", theme: "light", width: 390 },
] as const;

describe.each(faces)("in $lang, $theme, $width px", (how) => {
  const names = ["runs", "run", "cases", "case", "annotate", "compare", "frontier", "leaderboard", "vote"];
  test.each(names)("%s", async (name) => {
    const { context, page, misdeeds } = await visit(chrome, server.entry, how);
    await to(page, server, routes[name] ?? "");
    expect(await page.locator("html").getAttribute("lang")).toBe(how.lang);
    expect(await page.locator("main [role=alert]").allInnerTexts()).toEqual([]);
    expect(await serious(page)).toEqual([]);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
    expect(misdeeds).toEqual({ said: [], left: [] });
    await context.close();
  });
});

test("a view is reached again by its address, and by going back", async () => {
  const { context, page } = await visit(chrome, server.entry);
  await to(page, server, routes.cases ?? "");
  const address = page.url();
  const rows = await page.locator("main table tbody tr").count();
  expect(rows).toBeGreaterThan(0);
  await to(page, server, routes.compare ?? "");
  await page.goBack();
  await expect.poll(() => page.locator("main table tbody tr").count()).toBe(rows);
  expect(page.url()).toBe(address);
  await context.close();
});

test("the token does not stay in the address", async () => {
  const { context, page } = await visit(chrome, server.entry);
  await drawn(page);
  expect(page.url()).not.toContain(server.token);
  expect(await page.content()).not.toContain(server.token);
  await context.close();
});
