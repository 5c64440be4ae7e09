// Whatever happened, every table of a space is what its records and tombstones say it must be, entry by entry.
// The tables are those of layout.ts. NADB_SEED asks for another history.
import { describe, expect, it } from "vitest";
import {
  canonicalTags,
  decodeRecord,
  decodeTombstone,
  encodeRecord,
  encodeTombstone,
  type Mutation,
  StateDigest,
  type StorageNamespace,
} from "../../src/index.js";
import { Kept, remove, settle } from "./kept.js";

const SPACES = 0x10;
const [LIVE, FEED, DEAD, GRAVES, TAGS, TAG_COUNTS, EXPIRY] = [1, 2, 3, 4, 5, 6, 7] as const;

const hex = (text: string): string => Buffer.from(text).toString("hex");
const u64 = (number: number): string => number.toString(16).padStart(16, "0");
const u16 = (number: number): string => number.toString(16).padStart(4, "0");

type Table = Map<string, string>;

/** One table of the only space there is: hex of key, behind space and table, to hex of value. */
function table(kept: Kept, number: number): Table {
  const prefix = /^10[0-9a-f]{8}/;
  const rows = kept.dump().flatMap((line) => {
    const [key = "", value = ""] = line.split(" ");
    const inTable = prefix.test(key) && Number.parseInt(key.slice(10, 12), 16) === number;
    return inTable ? [[key.slice(12), value] as const] : [];
  });
  return new Map(rows);
}

/** What the tables must be, and the head, by the records alone. */
function derived(kept: Kept) {
  const tables = { feed: new Map(), tags: new Map(), counts: new Map(), expiry: new Map() };
  const digest = new StateDigest();
  let [count, bytes] = [0, 0];
  for (const [key, value] of table(kept, LIVE)) {
    const encoded = Buffer.from(value, "hex");
    const { key: text, version, expiresAt, tags, value: content } = decodeRecord(encoded);
    expect(hex(text)).toBe(key);
    tables.feed.set(u64(version), key);
    if (expiresAt !== undefined) tables.expiry.set(u64(expiresAt) + key, "");
    for (const tag of tags) {
      const before: string = tables.counts.get(hex(tag)) ?? "0";
      tables.counts.set(hex(tag), u64(Number.parseInt(before, 16) + 1));
      tables.tags.set(u16(Buffer.byteLength(tag)) + hex(tag) + key, u64(expiresAt ?? 0));
    }
    digest.toggle(encoded);
    bytes += content.length;
    count += 1;
  }
  return { tables, head: { count, bytes, digest: digest.toHex() } };
}

/** The versions of tombstones by their keys. */
function derivedDead(graves: Table): Table {
  const dead = new Map<string, string>();
  for (const [version, value] of graves) {
    const tombstone = decodeTombstone(Buffer.from(value, "hex"));
    expect(u64(tombstone.version)).toBe(version);
    dead.set(hex(tombstone.key), version);
  }
  expect(dead.size, "one tombstone to a key").toBe(graves.size);
  return dead;
}

async function assertIndexesTrue(kept: Kept, namespace: StorageNamespace): Promise<void> {
  const spaces = new Set(kept.keys(SPACES).map((key) => Buffer.from(key).readUInt32BE(1)));
  expect(spaces.size, "one generation").toBeLessThanOrEqual(1);
  const [live, feed, graves] = [table(kept, LIVE), table(kept, FEED), table(kept, GRAVES)];
  const { tables, head } = derived(kept);
  const [tags, counts, expiry] = [table(kept, TAGS), table(kept, TAG_COUNTS), table(kept, EXPIRY)];
  expect({ feed, tags, counts, expiry }).toEqual(tables);
  const dead = derivedDead(graves);
  expect(table(kept, DEAD)).toEqual(dead);
  expect([...dead.keys()].filter((key) => live.has(key))).toEqual([]);
  const { checkpoint, generation, version, ...rest } = await namespace.head();
  expect(rest).toEqual(head);
  if (version > 0)
    expect(checkpoint).toMatch(new RegExp(`^${generation}-${version}-[0-9a-f]{16}$`));
  const versions = [...feed.keys(), ...graves.keys()].map((version) => Number(`0x${version}`));
  expect(new Set(versions).size, "no version twice").toBe(versions.length);
  expect(Math.max(0, ...versions)).toBeLessThanOrEqual(Number(checkpoint.split("-")[1] ?? 0));
}

/** Whole numbers below `below`, the same for the same seed (xorshift). */
function chance(seed: number): (below: number) => number {
  let state = seed || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

type Draw = (below: number) => number;

const drawKey = (draw: Draw): string => `k${draw(12)}`;
const drawTags = (draw: Draw): string[] => ["a", "ab", "é", "\0"].filter(() => draw(2) === 0);

function drawMutation(draw: Draw, now: number): Mutation {
  if (draw(3) === 0) return remove(drawKey(draw));
  const put = { type: "put", key: drawKey(draw), value: new Uint8Array(draw(9)) } as const;
  const more = draw(3) === 0 ? { expiresAt: now + draw(3_000) } : {};
  return { ...put, tags: drawTags(draw), ...more };
}

function drawChange(draw: Draw, now: number): Uint8Array {
  const mutation = drawMutation(draw, now);
  const { key } = mutation;
  const times = { createdAt: 1, updatedAt: 2, version: 1 + draw(99) };
  if (mutation.type === "delete") return encodeTombstone({ key, version: 5, deletedAt: now });
  const { type: _type, tags, ...more } = mutation;
  return encodeRecord({ ...times, ...more, tags: canonicalTags(tags) });
}

async function step(kept: Kept, namespace: StorageNamespace, draw: Draw): Promise<void> {
  const now = kept.clock.now();
  const kind = draw(20);
  if (kind < 12) {
    await namespace.commit(Array.from({ length: draw(4) }, () => drawMutation(draw, now)));
  } else if (kind < 15) {
    kept.clock.advance(draw(1_000));
  } else if (kind === 15) {
    await namespace.sweep(now, 1 + draw(5));
  } else if (kind === 16) {
    await namespace.trim((await namespace.head()).checkpoint);
  } else {
    const load = kind === 17 ? await namespace.replace() : await namespace.merge();
    for (let puts = draw(3); puts >= 0; puts--) {
      await load.put(Array.from({ length: draw(6) }, () => drawChange(draw, now)));
    }
    await (draw(4) === 0 ? load.abort() : load.commit());
  }
}

describe("the indexes of a space", () => {
  const seed = Number(process.env.NADB_SEED || 1);

  it.each(Array.from({ length: 20 }, (_, i) => seed + i))(
    "are true after every step of history %i",
    async (run) => {
      const kept = new Kept();
      const namespace = await kept.namespace({ tombstoneRetentionSeconds: 3 });
      const draw = chance(run * 7_919);
      for (let i = 0; i < 100; i++) {
        await step(kept, namespace, draw);
        await settle();
        await assertIndexesTrue(kept, namespace);
      }
    },
  );
});
