// One change as a line of JSON: it comes back as it was, and nothing else is taken for one.
import {
  decodeChange,
  type EncodedChange,
  encodeRecord,
  encodeTombstone,
  type StoredRecord,
} from "@nadb/core";
import { describe, expect, it } from "vitest";
import { changeOf, lineOf } from "../../src/json/lines.js";
import { failureOf, refuses } from "../support/fails.js";
import { sha256Hex } from "../support/files.js";
import { CHANGES } from "../support/golden.js";
import type { Json } from "../support/manifest.js";

const BORN = 1_767_323_045_678;
const plain: StoredRecord = {
  key: "k",
  value: Buffer.from("hi"),
  tags: ["a", "ü"],
  createdAt: BORN,
  updatedAt: BORN + 1_000,
  expiresAt: BORN + 2_500,
  version: 7,
};

const parsed = (change: EncodedChange): Json => JSON.parse(Buffer.from(lineOf(change)).toString());
const back = (change: EncodedChange): EncodedChange => changeOf(parsed(change));

describe("a line of JSON", () => {
  const changes: readonly (readonly [string, EncodedChange])[] = [
    ["a record with everything", encodeRecord(plain)],
    ["a record that never expires", encodeRecord({ ...plain, expiresAt: undefined } as never)],
    ["an empty value", encodeRecord({ ...plain, value: new Uint8Array(0) })],
    [
      "every byte",
      encodeRecord({ ...plain, value: Uint8Array.from({ length: 256 }, (_, i) => i) }),
    ],
    ["a key of quotes and line feeds", encodeRecord({ ...plain, key: '"\\\n\u2028\u0000😀' })],
    ["no tags", encodeRecord({ ...plain, tags: [] })],
    ["the last instant", encodeRecord({ ...plain, expiresAt: 8_640_000_000_000_000 })],
    ["an odd millisecond", encodeRecord({ ...plain, expiresAt: plain.updatedAt + 1 })],
    ["an expiry before the update", encodeRecord({ ...plain, expiresAt: 1 })],
    ["the highest version", encodeRecord({ ...plain, version: 2 ** 53 - 1 })],
    ["the beginning of time", encodeRecord({ ...plain, createdAt: 0, updatedAt: 0 })],
    ["a tombstone", encodeTombstone({ key: "gone", deletedAt: BORN, version: 9 })],
    ...CHANGES.map((change, i) => [`golden change ${i}`, change] as const),
  ];

  it.each(changes)("%s comes back as it was", (_, change) => {
    expect(decodeChange(back(change))).toEqual(decodeChange(change));
    expect(Buffer.from(back(change)).equals(change)).toBe(true);
    expect(Buffer.from(lineOf(change)).includes("\n")).toBe(false);
  });

  it("has the fields that docs/format.md names", () => {
    expect(parsed(encodeRecord(plain))).toEqual({
      key: "k",
      value: "aGk=",
      tags: ["a", "ü"],
      metadata: {
        created_at: "2026-01-02T03:04:05.678+00:00",
        last_updated: "2026-01-02T03:04:06.678+00:00",
        ttl: 1.5,
        expires_at: "2026-01-02T03:04:08.178+00:00",
        version: 7,
      },
      checksum: sha256Hex(Buffer.from("hi")),
    });
  });

  it("a time that no date has is refused, naming the record", async () => {
    const late = encodeRecord({ ...plain, createdAt: 2 ** 53 - 1 });
    await refuses("NADB_UNSUPPORTED", () => lineOf(late), '"k"');
  });

  const sound = parsed(encodeRecord(plain));
  const gone = parsed(encodeTombstone({ key: "gone", deletedAt: BORN, version: 9 }));
  const meta = (changed: Json): Json => ({ metadata: { ...(sound.metadata as Json), ...changed } });
  const misfits: readonly (readonly [string, Json, string])[] = [
    ["no key", { key: undefined }, "key"],
    ["an empty key", { key: "" }, "empty"],
    ["a key too long", { key: "x".repeat(1_025) }, "1025 bytes"],
    ["half a character as key", { key: "\ud800" }, "well-formed"],
    ["a number as key", { key: 1 }, "key"],
    ["no value", { value: undefined }, "value is missing"],
    ["a number as value", { value: 1 }, "value is 1"],
    ["a value that is no base64", { value: "aGk" }, "base64"],
    ["a value in other letters", { value: "aGl=" }, "base64"],
    ["another value", { value: "aGo=" }, "checksum"],
    ["no checksum", { checksum: undefined }, "checksum"],
    ["a checksum in capitals", { checksum: String(sound.checksum).toUpperCase() }, "checksum"],
    ["no tags", { tags: undefined }, "tags"],
    ["tags that are no list", { tags: "a" }, "tags"],
    ["a number as tag", { tags: [1] }, "tags"],
    ["an empty tag", { tags: [""] }, "tag"],
    ["tags out of order", { tags: ["ü", "a"] }, "order"],
    ["a tag twice", { tags: ["a", "a"] }, "order"],
    ["no metadata", { metadata: undefined }, "metadata"],
    ["metadata that is a list", { metadata: [] }, "metadata"],
    ["no created_at", meta({ created_at: undefined }), "created_at is missing"],
    ["created_at without an offset", meta({ created_at: "2026-01-02T03:04:05.678" }), "created_at"],
    ["created_at before 1970", meta({ created_at: "1969-01-02T03:04:05.678+00:00" }), "created_at"],
    [
      "last_updated in another zone",
      meta({ last_updated: "2026-01-02T04:04:06.678+01:00" }),
      "last_updated",
    ],
    ["a number as last_updated", meta({ last_updated: BORN }), "last_updated"],
    ["no version", meta({ version: undefined }), "version is missing"],
    ["half a version", meta({ version: 1.5 }), "version"],
    ["a version beyond the numbers", meta({ version: 2 ** 53 }), "version"],
    ["no expires_at beside a ttl", meta({ expires_at: null }), "expires_at"],
    ["no ttl beside expires_at", meta({ ttl: null }), "ttl"],
    ["no ttl at all", meta({ ttl: undefined }), "ttl"],
    ["another ttl", meta({ ttl: 1.501 }), "ttl"],
    ["a ttl as text", meta({ ttl: "1.5" }), "ttl"],
    [
      "an expiry that means never",
      meta({ ttl: -(BORN + 1_000) / 1_000, expires_at: "1970-01-01T00:00:00.000+00:00" }),
      "ttl",
    ],
    ["deleted, and not", { deleted: false }, "deleted"],
  ];

  it.each(misfits)("%s is refused", async (_, changed, says) => {
    await refuses("NADB_CORRUPTION", () => changeOf({ ...sound, ...changed }), says);
  });

  it.each([
    ["no key", { key: undefined }],
    ["no metadata", { metadata: null }],
    ["no time", { metadata: { version: 9 } }],
    ["no version", { metadata: { deleted_at: (gone.metadata as Json).deleted_at } }],
    ["a text for true", { deleted: "true" }],
  ])("a tombstone with %s is refused", async (_, changed) => {
    expect(await failureOf(() => changeOf({ ...gone, ...changed }))).toMatchObject({
      code: "NADB_CORRUPTION",
    });
  });
});
