/**
 * How fast the page is with a run of 100,000 records, and what the server holds: `cargo xtask
 * prove page`. Writes a JSON of medians into the file that `ACIDTEST_MEASURED` names.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import type { Page } from "playwright-core";
import { acidtest, browser, drawn, runIds, scratch, started, view, visit, type Server } from "./rig";

const RECORDS = Number(process.env.RECORDS ?? 100_000);
const TIMES = 7;

async function filled(): Promise<string> {
  if (process.env.STORE) return process.env.STORE;
  const store = join(scratch(), "big.db");
  const model = started(["sim", "--listen", "127.0.0.1:8129", "--config-json", SIM]);
  await new Promise((done) => setTimeout(done, 1000));
  const load = ["--requests", String(RECORDS), "--concurrency", "64", "--undecided", "pass", "--quiet"];
  const url = ["--url", "http://127.0.0.1:8129/v1", "--model", "sim"];
  await acidtest(["bench", ...url, ...load, "--store", store]);
  model.kill("SIGINT");
  return store;
}
const SIM = '{"ttft_ms": 2, "gap_ms": 1, "tokens": 16}';

/** Milliseconds from asking for an address to two frames after all of it is drawn. */
async function painted(page: Page, server: Server, route: string): Promise<number> {
  await page.goto(`${server.url}/#/about-blank`);
  await page.goto("about:blank");
  const began = performance.now();
  await page.goto(`${server.url}/#${route}`);
  await drawn(page);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  return performance.now() - began;
}

async function medianOf(measure: () => Promise<number>): Promise<number> {
  const all: number[] = [];
  for (let i = 0; i < TIMES; i += 1) all.push(await measure());
  all.sort((a, b) => a - b);
  return all[(TIMES - 1) / 2] ?? NaN;
}

/** Megabytes: what the server holds now, and at most so far. */
function memory(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const of = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
  return { now: of("VmRSS"), peak: of("VmHWM") };
}

test("times and memory", { timeout: 900_000 }, async () => {
  const store = await filled();
  const [run = ""] = await runIds(store);
  const chrome = await browser();

  // Asked at once after the start: findings are computed while the browser waits.
  const cold = await view(store);
  const first = await visit(chrome, cold.url);
  const cold_ms = await painted(first.page, cold, `/run/${run}`);
  await first.context.close();

  const { page } = await visit(chrome, cold.url);
  const run_ms = await medianOf(() => painted(page, cold, `/run/${run}`));
  const cases_ms = await medianOf(() => painted(page, cold, `/run/${run}/cases?sort=e2e&order=desc`));
  let from = 0;
  await painted(page, cold, `/run/${run}/cases?sort=e2e&order=desc`);
  const page_ms = await medianOf(async () => {
    from += 100;
    const began = performance.now();
    const answered = page.waitForResponse((r) => r.url().includes("/cases?"));
    await page.goto(`${cold.url}/#/run/${run}/cases?sort=e2e&order=desc&from=${from}`);
    await answered;
    await drawn(page);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    return performance.now() - began;
  });
  const held = memory(cold.pid);
  const measured = { records: RECORDS, cold_ms, run_ms, cases_ms, page_ms, rss_mib: held.now, peak_mib: held.peak };
  console.log(measured);
  if (process.env.ACIDTEST_MEASURED) writeFileSync(process.env.ACIDTEST_MEASURED, JSON.stringify(measured));
  await chrome.close();
  await cold.stop();
});
