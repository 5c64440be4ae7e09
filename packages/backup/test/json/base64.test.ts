// Base64: one text for each row of bytes, and no other text is taken.
import { describe, expect, it } from "vitest";
import { base64Length, decodeBase64, writeBase64 } from "../../src/json/base64.js";
import { seeded } from "../support/random.js";

function encode(bytes: Uint8Array): string {
  const room = new Uint8Array(base64Length(bytes.length) + 2).fill(0x2e);
  writeBase64(room, 1, bytes);
  const text = Buffer.from(room).toString("latin1");
  expect([text.at(0), text.at(-1)]).toEqual([".", "."]); // nothing beside it is touched
  return text.slice(1, -1);
}

describe("base64", () => {
  it("is what everybody else writes, whatever the length", () => {
    const random = seeded();
    for (let length = 0; length < 100; length++) {
      const bytes = random.bytes(length);
      const text = Buffer.from(bytes).toString("base64");
      expect(encode(bytes)).toBe(text);
      expect(Buffer.from(decodeBase64(text) ?? []).equals(bytes)).toBe(true);
    }
  });

  it("has a letter for every value", () => {
    const every = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(encode(every)).toBe(Buffer.from(every).toString("base64"));
  });

  it.each([
    ["no whole number of letters", "YQ"],
    ["white space", "YQ ="],
    ["a line feed", "YWJj\nYWJj"],
    ["letters for URLs", "-_-_"],
    ["a letter beyond ASCII", "YWJÿ"],
    ["a letter beyond Latin", "YWJ日"],
    ["padding alone", "===="],
    ["too much padding", "Y==="],
    ["padding in the middle", "YQ==YQ=="],
    ["padding too early", "Y=Q="],
    ["bits to spare behind one byte", "YR=="],
    ["bits to spare behind two bytes", "YWJ="],
  ])("refuses %s", (_, text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });
});
