// Splitting an array into its elements: whatever the chunks and the white space, and nothing but an array of objects.
import { describe, expect, it } from "vitest";
import { elementsOf } from "../../src/json/elements.js";
import { refuses } from "../support/fails.js";
import { inChunks } from "../support/pack.js";

async function split(text: string, chunkBytes = 1 << 16, maxBytes = 1_000): Promise<string[]> {
  const found: string[] = [];
  for await (const elements of elementsOf(inChunks(Buffer.from(text), chunkBytes), maxBytes))
    found.push(...elements.map((element) => Buffer.from(element).toString()));
  return found;
}

const TRICKY = [
  "{}",
  '{"a":[1,{"b":[]}]}',
  '{"}]":"[{"}',
  '{"quote\\"}":"back\\\\"}',
  '{"text":"\\\\\\"]"}',
  '{"größe":"日本語😀"}',
];

describe("elements of an array", () => {
  it.each([
    ["on one line", `[${TRICKY.join(",")}]`],
    ["one on each line", `[\n${TRICKY.join(",\n")}\n]\n`],
    ["as Python writes them", `[${TRICKY.join(", ")}]`],
    ["with white space everywhere", ` \t\r\n[ ${TRICKY.join(" \r\n,\t")} ] \n\n`],
  ])("are found %s, whatever the chunks", async (_, text) => {
    for (const chunkBytes of [1, 2, 3, 7, 1 << 16])
      expect(await split(text, chunkBytes)).toEqual(TRICKY);
  });

  it.each(["[]", " [ ] ", "[\n]\n"])("%j has none", async (text) => {
    expect(await split(text)).toEqual([]);
  });

  it.each([
    ["nothing", "", "does not end"],
    ["white space", " \n", "does not end"],
    ["an object", "{}", "no JSON array"],
    ["text", "hello", "no JSON array"],
    ["a byte order mark", "\uFEFF[]", "no JSON array"],
    ["an array that does not end", "[", "does not end"],
    ["an element that does not end", '[{"a":1', "does not end"],
    ["a string that does not end", '[{"a":"}]', "does not end"],
    ["an array without its end", "[{}", "does not end"],
    ["a comma at the end", "[{},]", "neither"],
    ["a comma at the beginning", "[,{}]", "neither"],
    ["two commas", "[{},,{}]", "neither"],
    ["no comma", "[{}{}]", "neither"],
    ["a number", "[1]", "neither"],
    ["a text", '["a"]', "neither"],
    ["an array in the array", "[[]]", "neither"],
    ["null", "[null]", "neither"],
    ["a second array", "[][]", "follows the array at byte 2"],
    ["something behind", "[{}] x", "follows the array at byte 5"],
    ["a zero behind", "[{}]\0", "follows"],
  ])("%s is refused", async (_, text, says) => {
    for (const chunkBytes of [1, 1 << 16])
      await refuses("NADB_CORRUPTION", () => split(text, chunkBytes), says);
  });

  it("an element is as long as the limit, and not a byte longer, however it comes", async () => {
    const longest = `{"a":"${"x".repeat(92)}"}`;
    expect(longest).toHaveLength(100);
    for (const chunkBytes of [1, 64, 1 << 16]) {
      expect(await split(`[${longest}]`, chunkBytes, 100)).toEqual([longest]);
      await refuses("NADB_CORRUPTION", () => split(`[${longest}]`, chunkBytes, 99), "99 bytes");
    }
  });

  it("an element without an end is given up at the limit, not kept", async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('[{"a":"');
      for (;;) {
        given += 1_000;
        yield Buffer.alloc(1_000, "x");
      }
    }
    await refuses("NADB_CORRUPTION", async () => {
      for await (const _ of elementsOf(endless(), 10_000));
    });
    expect(given).toBeLessThanOrEqual(11_000);
  });
});
