import assert from "node:assert/strict";
import { contentOf } from "../assertions.js";
import { AWKWARD_KEYS, put, remove, text } from "../generate.js";
import type { Law } from "../law.js";
import { byUtf8, get, getMany, mustGet } from "../runs.js";

const LARGE_VALUE_BYTES = 16 * 1024 * 1024;

export const records: Law = {
  name: "records",
  cases: {
    "come back exactly: key, value, tags and times": async ({ namespace, clock }) => {
      const now = clock.now();
      const value = Uint8Array.from({ length: 256 }, (_, i) => i);
      const tags = ["b", "a"];
      const { versions } = await namespace.commit([
        { type: "put", key: "a", value, tags, expiresAt: now + 1_000 },
      ]);
      const record = await mustGet(namespace, "a");
      assert.equal(record.version, versions[0]);
      const times = { createdAt: now, updatedAt: now, expiresAt: now + 1_000 };
      assert.deepEqual(contentOf(record), { key: "a", value, tags: ["a", "b"], ...times });
    },

    "have no expiresAt when they never expire": async ({ namespace }) => {
      await namespace.commit([put("a")]);
      assert.equal("expiresAt" in (await mustGet(namespace, "a")), false);
    },

    "take values of every shape": async (bench) => {
      const values = [0, 1, 255, 4_095, 4_096, 4_097, 70_000].map((size) =>
        bench.random.bytes(size),
      );
      values.push(new Uint8Array(1_000), new Uint8Array(1_000).fill(0xff));
      await bench.write(values.map((value, i) => ({ type: "put", key: `v${i}`, value })));
      const stored = await getMany(
        bench.namespace,
        values.map((_, i) => `v${i}`),
      );
      assert.deepEqual(
        stored.map((record) => record?.value),
        values,
      );
    },

    "take a value of 16 MiB, or the largest allowed": async ({
      namespace,
      capabilities,
      random,
    }) => {
      const value = new Uint8Array(Math.min(LARGE_VALUE_BYTES, capabilities.maxValueBytes));
      value.set(random.bytes(Math.min(value.length, 65_536)), Math.floor(value.length / 2));
      value.fill(7, -3);
      await namespace.commit([{ type: "put", key: "large", value }]);
      const record = await mustGet(namespace, "large");
      assert.ok(Buffer.from(value).equals(record.value), "the large value came back changed");
    },

    "take a value that is a view into a larger buffer": async ({ namespace }) => {
      const pool = text("....view....");
      await namespace.commit([{ type: "put", key: "a", value: pool.subarray(4, 8) }]);
      await namespace.commit([{ type: "put", key: "b", value: Buffer.from("buffer") }]);
      assert.deepEqual((await mustGet(namespace, "a")).value, text("view"));
      assert.deepEqual((await mustGet(namespace, "b")).value, text("buffer"));
    },

    "stay as they are whatever the caller does to its buffers": async ({ namespace }) => {
      const value = text("as written");
      await namespace.commit([{ type: "put", key: "a", value, tags: ["t"] }]);
      value.fill(0);
      const [record] = await namespace.getMany(["a"]);
      record?.value.fill(1);
      assert.deepEqual((await mustGet(namespace, "a")).value, text("as written"));
    },

    "take every key that is well-formed Unicode, and keep each apart": async (bench) => {
      const { maxKeyBytes } = bench.capabilities;
      const longest = "😀".repeat(Math.floor(maxKeyBytes / 4)) + "x".repeat(maxKeyBytes % 4);
      const keys = [...AWKWARD_KEYS, longest, "x".repeat(maxKeyBytes), "x".repeat(maxKeyBytes - 1)];
      await bench.write(keys.map((key, i) => put(key, `${i}`)));
      const stored = await bench.namespace.getMany(keys);
      assert.deepEqual(
        stored.map((record) => record && [record.key, Buffer.from(record.value).toString()]),
        keys.map((key, i) => [key, `${i}`]),
      );
    },

    "carry their tags sorted by UTF-8 bytes, without duplicates": async ({ namespace, random }) => {
      const tags = ["\u{1f600}", "\uffff", "z", "a", "A", "aa", "é", "e\u0301", " ", "\0"];
      await namespace.commit([put("a", "1", { tags: random.shuffle([...tags, ...tags]) })]);
      assert.deepEqual((await mustGet(namespace, "a")).tags, tags.sort(byUtf8));
    },

    "are answered in the order asked for, missing ones as undefined": async ({ namespace }) => {
      await namespace.commit([put("a")]);
      await namespace.commit([put("b")]);
      const asked = ["b", "missing", "a", "b"];
      const answered = await namespace.getMany(asked);
      assert.deepEqual(
        answered.map((record) => record?.key),
        ["b", undefined, "a", "b"],
      );
      assert.deepEqual(await namespace.getMany([]), []);
    },

    "keep createdAt when overwritten; updatedAt moves": async ({ namespace, clock }) => {
      const createdAt = clock.now();
      await namespace.commit([put("a", "1", { tags: ["t"], expiresAt: createdAt + 60_000 })]);
      clock.advance(1_234);
      await namespace.commit([put("a", "2")]);
      const times = { createdAt, updatedAt: createdAt + 1_234 };
      const expected = { key: "a", value: text("2"), tags: [], ...times };
      assert.deepEqual(contentOf(await mustGet(namespace, "a")), expected);
    },

    "start anew when set after a delete": async ({ namespace, clock }) => {
      await namespace.commit([put("a", "1", { tags: ["t"] })]);
      await namespace.commit([remove("a")]);
      assert.equal(await get(namespace, "a"), undefined);
      clock.advance(5_000);
      await namespace.commit([put("a", "2")]);
      const record = await mustGet(namespace, "a");
      assert.deepEqual([record.createdAt, record.updatedAt], [clock.now(), clock.now()]);
    },
  },
};
