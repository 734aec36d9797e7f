import { expect, it } from "vitest";
import { commandText } from "./command";

it("quotes what a shell would take apart or run", () => {
  expect(commandText(["acidtest", "run", "my suite.yaml", "--gate", "ttft.p95 <= 1s", "it's", "$(rm -rf)", ""])).toBe(
    "acidtest run 'my suite.yaml' --gate 'ttft.p95 <= 1s' 'it'\\''s' '$(rm -rf)' ''",
  );
});
