// docs/writing-a-backend.md shows the example as it is, and names laws that there are.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { memoryBackend } from "@nadb/core";
import { backendConformance } from "@nadb/testkit";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const page = readFileSync(join(root, "docs/writing-a-backend.md"), "utf8");
const prose = page.replace(/```.*?```/gs, "").replace(/\s+/g, " ");

/** The suite's laws with their cases. */
function lawsOfTheSuite(): Map<string, string[]> {
  const laws = new Map<string, string[]>();
  let law = "";
  const runner = {
    describe(name: string, body: () => void) {
      law = name;
      body();
    },
    it: (name: string) => laws.set(law, [...(laws.get(law) ?? []), name]),
  };
  backendConformance(runner, () => memoryBackend());
  return laws;
}

describe("docs/writing-a-backend.md", () => {
  const laws = lawsOfTheSuite();

  it("shows lines of the example as they stand there", () => {
    const blocks = Array.from(page.matchAll(/```ts\n\/\/ (\S+)\n(.*?)```/gs));
    expect(blocks.length).toBeGreaterThanOrEqual(5);
    for (const [, file = "", code = ""] of blocks) {
      expect(readFileSync(join(root, "examples/backend-sqlite", file), "utf8")).toContain(code);
    }
  });

  it("quotes cases that there are", () => {
    const quotes = Array.from(prose.matchAll(/`([^`]+) › ([^`]+)`/g));
    expect(quotes.length).toBeGreaterThanOrEqual(4);
    for (const [, law = "", name = ""] of quotes) expect(laws.get(law), law).toContain(name);
  });

  it("names laws that there are", () => {
    const groups = Array.from(prose.matchAll(/\(laws? ([^)]+)\)/g), ([, names = ""]) => names);
    const named = groups.flatMap((names) =>
      Array.from(names.matchAll(/`([^`]+)`/g), ([, law]) => law),
    );
    expect(named.length).toBeGreaterThanOrEqual(12);
    for (const law of named) expect([...laws.keys()]).toContain(law);
  });
});
