/**
 * Real parts for tests in a browser: a store that the real program filled, the real server over
 * it, Debian's Chromium, and a page that notes whatever it should not have done.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const program = process.env.ACIDTEST ?? join(root, "target/debug/acidtest");
const chromiumPath = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** A folder that goes away with the process. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "acidtest-page-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs the program to its end and gives what it printed; exit codes 1 and 5 speak of gates. */
export function acidtest(words: string[], cwd = root): Promise<string> {
  if (!existsSync(program)) throw new Error(`${program} is not there: cargo build`);
  const child = spawn(program, words, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  const [out, complaint]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (piece: Buffer) => out.push(piece));
  child.stderr.on("data", (piece: Buffer) => complaint.push(piece));
  return new Promise((done, failed) => {
    child.once("error", failed);
    child.once("close", (code) => {
      children.delete(child);
      if ([0, 1, 5].includes(code ?? -1)) return done(Buffer.concat(out).toString());
      const said = Buffer.concat(complaint).toString();
      failed(new Error(`acidtest ${words.join(" ")} ended with ${code}\n${said}`));
    });
  });
}

/** Starts the program and leaves it running. */
export function started(words: string[], cwd = root): ChildProcess {
  const child = spawn(program, words, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  children.add(child);
  child.on("exit", () => children.delete(child));
  return child;
}
const children = new Set<ChildProcess>();
process.on("exit", () => children.forEach((child) => child.kill("SIGKILL")));

/** The ids of a store's runs, the newest first. */
export async function runIds(store: string): Promise<string[]> {
  const list = JSON.parse(await acidtest(["runs", "--store", store, "--format", "json"]));
  return list.runs.map((run: { id: string }) => run.id);
}

/** Asks forty of the docent's cases of two targets. */
export async function docent(store: string, seed = 1): Promise<void> {
  const suite = ["run", "suites/docent/two-targets.yaml", "--sample", "40", "--undecided", "pass"];
  await acidtest([...suite, "--seed", String(seed), "--quiet", "--store", store]);
}

export interface Server {
  /** `http://127.0.0.1:PORT` */
  url: string;
  /** The same with the token by which one may write. */
  entry: string;
  token: string;
  pid: number;
  stop(): Promise<void>;
}

/** Starts `acidtest view` and waits for its address. */
export async function view(store: string, port = 0, more: string[] = []): Promise<Server> {
  const child = started(["view", "--listen", `127.0.0.1:${port}`, "--store", store, ...more]);
  const entry = await firstLine(child);
  const [url, fragment] = entry.split("/#");
  const token = /token=([^&\s]+)/.exec(fragment ?? "")?.[1];
  if (!url || !token || child.pid === undefined) throw new Error(`unexpected first line: ${entry}`);
  const stop = () =>
    new Promise<void>((done) => {
      child.once("exit", () => done());
      child.kill("SIGINT");
    });
  return { url, entry, token, pid: child.pid, stop };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((done, failed) => {
    let text = "";
    child.stdout?.on("data", (piece: Buffer) => {
      text += piece.toString();
      const found = /https?:\/\/\S+/.exec(text);
      if (found && text.includes("\n")) done(found[0]);
    });
    child.once("exit", (code) => failed(new Error(`the server ended with ${code}: ${text}`)));
  });
}

/** `SLOT.STEP` of the first request of a run that matches. */
export async function requestOf(server: Server, run: string, query = ""): Promise<string> {
  const answer = await fetch(`${server.url}/api/runs/${run}/cases?limit=1&${query}`);
  const { rows } = (await answer.json()) as { rows: { slot: number; step: number }[] };
  return `${rows[0]?.slot}.${rows[0]?.step}`;
}

/** A port that nobody listens on right now. */
export function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once("error", failed);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => done(typeof address === "object" && address ? address.port : 0));
    });
  });
}

export function browser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** What a page did that it must never do. */
export interface Misdeeds {
  /** Errors and warnings of the console, exceptions, violations of the content policy. */
  said: string[];
  /** Requests to anything but the server itself, inlined data aside. */
  left: string[];
}

export interface Visit {
  context: BrowserContext;
  page: Page;
  misdeeds: Misdeeds;
}

interface How {
  lang?: "en" | "ko";
  theme?: "light" | "dark";
  width?: number;
  height?: number;
}

/** Opens an address in a browser of its own memory and watches it. */
export async function visit(from: Browser, address: string, how: How = {}): Promise<Visit> {
  const { lang = "en", theme = "light", width = 1280, height = 900 } = how;
  const context = await from.newContext({
    viewport: { width, height },
    locale: lang === "ko" ? "ko-KR" : "en-GB",
    colorScheme: theme,
    timezoneId: "Asia/Seoul",
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const misdeeds = watch(page, new URL(address).origin);
  await page.goto(address);
  return { context, page, misdeeds };
}

/** Notes errors, and requests that leave the origin. */
export function watch(page: Page, origin: string): Misdeeds {
  const misdeeds: Misdeeds = { said: [], left: [] };
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) misdeeds.said.push(message.text());
  });
  page.on("pageerror", (error) => misdeeds.said.push(String(error)));
  page.on("request", (request) => {
    const url = request.url();
    const isInline = url.startsWith("data:") || url.startsWith("blob:");
    if (!isInline && new URL(url).origin !== origin) misdeeds.left.push(url);
  });
  return misdeeds;
}

/** Goes to a view by its address and waits until it is drawn. */
export async function to(page: Page, server: Server, route: string): Promise<void> {
  await page.goto(`${server.url}/#${route}`);
  await drawn(page);
}

/** Waits until nothing is loading any more. */
export async function drawn(page: Page): Promise<void> {
  await page.locator("main h1").first().waitFor();
  await page.waitForFunction(() => !document.querySelector("main [aria-busy=true], main [data-pending]"));
}

/** Charts are drawn when they come into sight. */
export async function scrolled(page: Page): Promise<void> {
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  for (let y = 0; y < height; y += 600) {
    await page.evaluate((to) => scrollTo({ top: to, behavior: "instant" }), y);
    await page.waitForTimeout(60);
  }
  await page.evaluate(() => scrollTo({ top: 0, behavior: "instant" }));
  await page.waitForTimeout(60);
}
