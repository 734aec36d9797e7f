/** People's opinions: blind votes and labels, by keyboard, stored as verdicts. */
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { acidtest, browser, docent, drawn, runIds, scratch, to, view, visit, type Server } from "./rig";

const store = join(scratch(), "s.db");
let server: Server;
let chrome: Browser;
let run: string;

beforeAll(async () => {
  await docent(store);
  [run = ""] = await runIds(store);
  [server, chrome] = await Promise.all([view(store), browser()]);
});
afterAll(async () => {
  await chrome?.close();
  await server?.stop();
});

interface Verdict {
  name: string;
  maker: { kind: string; name: string };
  value: unknown;
  status: string;
}

/** Opinions of people that the store holds. */
async function opinions(name: string): Promise<Verdict[]> {
  const lines = (await acidtest(["export", run, "--store", store])).split("\n").filter((l) => l !== "");
  const all = lines.map((line) => JSON.parse(line)).map((line) => line.verdict ?? line);
  return all.filter((v) => v?.maker?.kind === "person" && v?.name === name);
}

test("a blind vote by keyboard, names only afterwards", async () => {
  const { context, page } = await visit(chrome, server.entry);
  await to(page, server, `/vote?runs=${run}`);
  await page.getByRole("textbox").first().fill("kim");
  await page.keyboard.press("Enter");
  await page.locator("[data-side]").first().waitFor();
  for (const name of ["docent-search", "rival"]) {
    expect(await page.locator("main").innerHTML()).not.toContain(name);
  }
  await page.keyboard.press("ArrowLeft");
  await page.locator("[data-revealed]").first().waitFor();
  const revealed = await page.locator("[data-revealed]").allInnerTexts();
  expect(revealed.join(" ")).toContain("docent-search");
  expect(revealed.join(" ")).toContain("rival");
  const stored = await opinions("preference");
  expect(stored.map((v) => v.maker.name)).toEqual(["kim"]);

  await page.keyboard.press("Enter");
  await expect.poll(() => page.locator("[data-revealed]").count()).toBe(0);
  await drawn(page);
  await page.keyboard.press("x");
  await page.locator("[data-revealed]").first().waitFor();
  expect((await opinions("preference")).length).toBe(2);
  await to(page, server, `/leaderboard?source=votes&runs=${run}`);
  expect(await page.locator("main").innerText()).toContain("rival");
  await context.close();
});

test("a vote sent twice is stored once, one without the token not at all", async () => {
  const before = (await opinions("preference")).length;
  const next = await fetch(`${server.url}/api/votes/next?voter=lee&runs=${run}`);
  const { pair } = (await next.json()) as { pair: { ticket: string } };
  const post = (headers: Record<string, string>) =>
    fetch(`${server.url}/api/votes`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: server.url, ...headers },
      body: JSON.stringify({ ticket: pair.ticket, voter: "lee", choice: "tie" }),
    });
  const bearer = { authorization: `Bearer ${server.token}` };
  expect((await post({})).status).toBe(401);
  expect((await post({ ...bearer, origin: "http://evil.example" })).status).toBe(403);
  const answers = [await post(bearer), await post(bearer)];
  expect(answers.map((a) => a.status)).toEqual([200, 200]);
  const said = await Promise.all(answers.map((a) => a.json() as Promise<{ stored: boolean }>));
  expect(said.map((s) => s.stored)).toEqual([true, false]);
  expect((await opinions("preference")).length).toBe(before + 1);
});

test("a person labels cases by keyboard", async () => {
  const { context, page } = await visit(chrome, server.entry);
  await to(page, server, `/run/${run}/annotate?person=kim&name=helpful`);
  await page.locator("main form [aria-pressed]").first().waitFor();
  await page.keyboard.press("1");
  await expect.poll(async () => (await opinions("helpful")).length).toBe(1);
  await page.keyboard.press("2");
  await expect.poll(async () => (await opinions("helpful")).length).toBe(2);
  await page.reload();
  await drawn(page);
  expect(await page.locator("progress").first().getAttribute("value")).toBe("2");
  await context.close();
});

test("without the token the page reads and says how to write", async () => {
  const { context, page } = await visit(chrome, server.url);
  await to(page, server, `/vote?runs=${run}`);
  expect(await page.locator("main").innerText()).toContain("token");
  expect(await page.locator("[data-side]").count()).toBe(0);
  await context.close();
});
