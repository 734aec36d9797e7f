/**
 * A picture of every page from the docent suite, into docs/pictures:
 * `cargo xtask web shots`. With `ALL=1` both languages, both themes and a narrow screen.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "vitest";
import { acidtest, browser, requestOf, root, runIds, scratch, scrolled, to, view, visit, type Server } from "./rig";

const out = process.env.OUT ?? join(root, "docs/pictures");
const store = process.env.STORE ?? join(scratch(), "s.db");

async function filled(): Promise<void> {
  if (process.env.STORE) return;
  const run = (suite: string, seed: string) =>
    acidtest(["run", suite, "--seed", seed, "--quiet", "--undecided", "pass", "--store", store]);
  await run("suites/docent/suite.yaml", "1");
  await run("suites/docent/suite.yaml", "2");
  await run("suites/docent/two-targets.yaml", "1");
}

async function routes(server: Server): Promise<Record<string, string>> {
  const [two = "", other = "", base = ""] = await runIds(store);
  return {
    runs: "/runs",
    run: `/run/${base}`,
    "two-targets": `/run/${two}`,
    cases: `/run/${two}/cases?judgement=wrong`,
    case: `/run/${base}/case/${await requestOf(server, base, "judgement=wrong")}`,
    annotate: `/run/${two}/annotate?person=kim&name=helpful`,
    compare: `/compare?base=${base}&other=${other}`,
    frontier: `/frontier?runs=${two},${base}`,
    leaderboard: `/leaderboard?source=score:correct&runs=${two}`,
    vote: `/vote?runs=${two}&voter=kim`,
  };
}

const faces = [
  { name: "", lang: "en", theme: "light", width: 1280 },
  { name: "-ko-dark", lang: "ko", theme: "dark", width: 1280 },
  { name: "-ko", lang: "ko", theme: "light", width: 1280 },
  { name: "-dark", lang: "en", theme: "dark", width: 1280 },
  { name: "-narrow", lang: "en", theme: "light", width: 390 },
] as const;

test("pictures", { timeout: 900_000 }, async () => {
  mkdirSync(out, { recursive: true });
  await filled();
  const server = await view(store);
  const chrome = await browser();
  for (const face of process.env.ALL ? faces : faces.slice(0, 1)) {
    for (const [name, route] of Object.entries(await routes(server))) {
      const { context, page } = await visit(chrome, server.entry, face);
      await to(page, server, route);
      if (!process.env.FOLD) await scrolled(page);
    await page.screenshot({ path: join(out, `${name}${face.name}.png`), fullPage: !process.env.FOLD });
      await context.close();
    }
  }
  await chrome.close();
  await server.stop();
});
