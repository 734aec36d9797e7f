/**
 * A model server that answers what no page may believe: scripts, markup, terminal codes, signs
 * that turn the line round, bytes that are no text, and ten megabytes at once.
 */
import { createServer, type Server } from "node:http";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Ten megabytes of text without a break. */
const HUGE = "가나다라 abc ".repeat(500_000);

/** By the number of the case. Each would be seen in `window.hit` if it were ever run. */
export const ANSWERS: string[] = [
  "<script>window.hit = 1</script>",
  "<img src=x onerror='window.hit = 2'><svg onload='window.hit = 3'>",
  "</script><script>window.hit = 4</script><!-- ",
  "\u001b[31mred\u001b[0m \u001b]0;title\u0007 \u001b[2J",
  "user\u202Etxt.exe\u202C \u2066hidden\u2069 \u200Fright",
  "javascript:window.hit = 5 [click](javascript:window.hit=6)",
  "null \u0000 bell \u0007 backspace \b line\u2028separator\u2029",
  "{{constructor.constructor('window.hit = 7')()}} ${window.hit = 8}",
  "쪼개진 글자 \u1100\u1161 e\u0301 👩‍👩‍👧‍👦 𝒳",
  HUGE,
];
/** A number whose answer holds bytes that are no UTF-8. */
export const BROKEN = ANSWERS.length;

/** Listens on a free port of loopback. */
export function hostileServer(): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const number = Number(/number (\d+)/.exec(Buffer.concat(pieces).toString())?.[1] ?? 0);
      response.writeHead(200, { "content-type": "application/json", "x-evil": "<b>bold</b>" });
      response.end(number === BROKEN ? broken() : Buffer.from(JSON.stringify(answer(number))));
    });
  });
  return new Promise((done) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address ? address.port : 0;
      done({ url: `http://127.0.0.1:${port}/v1`, server });
    });
  });
}

function answer(number: number): object {
  const content = ANSWERS[number] ?? "nothing";
  return {
    id: "x",
    object: "chat.completion",
    model: "<i>evil</i>",
    choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
    usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 },
  };
}

/** The same form with bytes that are no UTF-8 inside of the text. */
function broken(): Buffer {
  const whole = JSON.stringify({ ...answer(0), choices: [] });
  const message = `"choices":[{"index":0,"message":{"role":"assistant","content":"bad `;
  const end = ` end"},"finish_reason":"stop"}]`;
  const [head, tail] = whole.split('"choices":[]');
  const bytes = Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0x80]);
  return Buffer.concat([Buffer.from(`${head}${message}`), bytes, Buffer.from(`${end}${tail}`)]);
}

/** A suite that asks it, with ids, tags and questions that are no better. */
export function hostileSuite(folder: string, url: string): string {
  const cases = Array.from({ length: BROKEN + 1 }, (_, number) => ({
    id: `<b>${number}</b>\u202E`,
    question: `number ${number} <script>window.hit = 9</script>`,
    expected: ["</textarea><script>window.hit = 10</script>"],
    kind: `<u>tag</u>${number % 3}`,
  }));
  writeFileSync(join(folder, "cases.jsonl"), cases.map((c) => JSON.stringify(c)).join("\n") + "\n");
  const suite = join(folder, "suite.yaml");
  writeFileSync(
    suite,
    `name: hostile
target: { name: evil, url: "${url}", model: evil, stream: false }
prompt: "{{ question }}"
params: { max_tokens: 16 }
cases: { file: cases.jsonl, map: { id: id, expected: expected, tags: [kind] } }
scorers: [{ type: contains }]
phases: [{ closed: 4 }]
`,
  );
  return suite;
}
