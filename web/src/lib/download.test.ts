import { expect, it } from "vitest";
import { csv, fileName } from "./download";

it("writes text that a spreadsheet reads and does not obey", () => {
  expect(csv(["a", "b"], [['say "hi"', 1.5], ["x,y\nz", null], ["=1+1", -2], ["@cmd", false]])).toBe(
    'a,b\r\n"say ""hi""",1.5\r\n"x,y\nz",\r\n\'=1+1,-2\r\n\'@cmd,false\r\n',
  );
});

it("names files in any language and in no path", () => {
  expect(fileName("TTFT: p50/p95", "csv")).toBe("acidtest-ttft-p50-p95.csv");
  expect(fileName("../첫 토큰", "svg")).toBe("acidtest-첫-토큰.svg");
  expect(fileName("…", "svg")).toBe("acidtest-figures.svg");
});
