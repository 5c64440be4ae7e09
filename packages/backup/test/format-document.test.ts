// docs/format.md says what the code does: its grammars, tables and example are compared with it.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  encodeRecord,
  encodeTombstone,
  MAX_KEY_BYTES,
  MAX_RECORD_TAGS,
  MAX_TAG_BYTES,
  recordContent,
  StateDigest,
  type StoredRecord,
} from "@nadb/core";
import { describe, expect, it } from "vitest";
import { MAX_ELEMENT_BYTES } from "../src/json/elements.js";
import { encodeJson } from "../src/json/writer.js";
import { MAX_MANIFEST_BYTES, manifestToJson } from "../src/manifest.js";
import { BLOCK_BYTES, MAX_BLOCK_BYTES, PACK_VERSION } from "../src/pack/format.js";
import { INDEX_PATH, leasePath, PACK_FILE } from "../src/paths.js";
import { only } from "../src/run/merge.js";
import { RECORDS } from "./support/golden.js";
import { wholeSample } from "./support/manifest.js";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const page = read("../../../docs/format.md");

/** The text under one heading. */
function section(heading: string): string {
  const [, body = ""] = page.split(`\n## ${heading}\n`);
  const [text = ""] = body.split("\n## ");
  expect(text, `docs/format.md has a section ${heading}`).not.toBe("");
  return text;
}

const rules = (text: string): string[] => text.split("\n").filter((line) => / := /.test(line));

/** The grammar in the comment on top of a source file. */
function grammarOf(path: string): string[] {
  const [comment = ""] = read(path).split("\nimport ");
  return rules(comment).map((line) => line.replace(/^\/\/ {3}/, ""));
}

describe("docs/format.md", () => {
  it.each([
    ["Pack", "../src/pack/format.ts", 8],
    ["Change", "../../core/src/record.ts", 7],
    ["Archive", "../src/archive/names.ts", 1],
  ])("has the grammar of the %s word for word", (heading, source, lines) => {
    const grammar = grammarOf(source);
    expect(grammar).toHaveLength(lines);
    expect(rules(section(heading))).toEqual(grammar);
  });

  it("names every field of the manifest, in order, with its type", () => {
    const rows = [...section("Manifest").matchAll(/^\| `(\w+)` \| ([\w ]+) \|/gm)];
    const documented = rows.map(([, name, type]) => [name, type]);
    const types = { number: "count", boolean: "flag", string: "text", object: "text or null" };
    const actual = Object.entries(manifestToJson(wholeSample)).map(([name, value]) => [
      name,
      name === "from_version" ? "count or null" : types[typeof value as keyof typeof types],
    ]);
    expect(documented).toEqual(actual);
  });

  it("has a worked state digest that is right", () => {
    const never = { createdAt: 1, updatedAt: 2, version: 3 };
    const records: StoredRecord[] = [
      { key: "a", value: Buffer.from("hi"), tags: ["t"], ...never },
      { key: "ü", value: Buffer.alloc(0), tags: [], expiresAt: 1_767_323_045_678, ...never },
    ];
    const digest = new StateDigest();
    const lines = records.flatMap((record) => {
      const encoded = encodeRecord(record);
      digest.toggle(encoded);
      const content = Buffer.from(recordContent(encoded));
      const hash = createHash("sha256").update(content).digest("hex");
      return [`content   ${content.toString("hex")}`, `sha256    ${hash}`];
    });
    const example = [...lines, `digest    ${digest.toHex()}`].join("\n");
    expect(section("State digest")).toContain(`\`\`\`text\n${example}\n\`\`\``);
  });

  it("has a worked example of JSON that is what is written, and read", async () => {
    const born = { createdAt: 1_767_323_045_678, updatedAt: 1_767_323_045_678 };
    const ends = { updatedAt: 1_767_323_046_000, expiresAt: 1_767_323_047_500 };
    const changes = [
      encodeRecord({ key: "a", value: Buffer.from("hi"), tags: ["t"], ...born, version: 3 }),
      encodeTombstone({ key: "b", deletedAt: 1_767_323_047_000, version: 5 }),
      encodeRecord({ key: "ü", value: Buffer.alloc(0), tags: [], ...born, ...ends, version: 4 }),
    ];
    const text = await textOf(encodeJson(only(changes), "none"));
    expect(section("JSON")).toContain(`\`\`\`json\n${text}\`\`\``);
    const fields = [...section("JSON").matchAll(/^\| (.+) \| /gm)].join();
    for (const [, name] of text.matchAll(/"(\w+)":/g)) expect(fields).toContain(name);
  });

  it("has a worked example of the Python original, as golden/python holds it", () => {
    const text = section("Python");
    const { other } = JSON.parse(read("golden/python/metadata.json"));
    expect(text).toContain(JSON.stringify({ other }, null, 2));
    expect(text).toContain(`\`\`\`json\n${read("golden/python/other/data.json")}\n\`\`\``);
  });

  it("has the limits", () => {
    const number = (value: number): string => value.toLocaleString("en-US");
    expect(
      [...section("Limits").matchAll(/^\| (?!what|-)(.+) \| (.+) \|$/gm)].map((row) => row[2]),
    ).toEqual([
      `1 to ${number(MAX_KEY_BYTES)} bytes of UTF-8`,
      `1 to ${number(MAX_TAG_BYTES)} bytes of UTF-8`,
      number(MAX_RECORD_TAGS),
      `${number(MAX_BLOCK_BYTES)} bytes`,
      `${number(BLOCK_BYTES)} bytes`,
      `${number(MAX_MANIFEST_BYTES)} bytes`,
      `${number(MAX_ELEMENT_BYTES)} bytes`,
    ]);
  });

  it("names the files and the version", () => {
    for (const name of [INDEX_PATH, PACK_FILE, leasePath("x", "lease", 1).slice(2)]) {
      expect(section("Layout")).toContain(name);
    }
    expect(page).toContain(`Format version ${PACK_VERSION}.`);
  });
});

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString();
}

/** The state digest from its definition alone. */
function digestByHand(records: readonly Buffer[]): string {
  const sum = Buffer.alloc(32);
  for (const content of records) {
    const hash = createHash("sha256").update(content).digest();
    for (let i = 0; i < 32; i++) sum[i] = (sum[i] as number) ^ (hash[i] as number);
  }
  return sum.toString("hex");
}

function contentByHand(record: (typeof RECORDS)[number], born: number): Buffer {
  const u16 = (value: number) => Buffer.of(value >> 8, value & 255);
  const text = (value: string) => [u16(Buffer.byteLength(value)), Buffer.from(value)];
  const expiresAt = Buffer.alloc(8);
  if ("ttlSeconds" in record) {
    expiresAt.writeBigUInt64BE(BigInt(born + record.at + record.ttlSeconds * 1_000));
  }
  const tags = record.tags.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return Buffer.concat([
    expiresAt,
    ...text(record.key),
    u16(tags.length),
    ...tags.flatMap(text),
    record.value,
  ]);
}

describe("the golden repository", () => {
  it("has the state digest that docs/format.md defines", () => {
    const manifest = JSON.parse(read("golden/v1/plain/metadata.json"));
    const contents = RECORDS.map((record) =>
      contentByHand(record, Date.UTC(2026, 0, 2, 3, 4, 5, 678)),
    );
    expect(manifest.state_digest).toBe(digestByHand(contents));
  });
});
