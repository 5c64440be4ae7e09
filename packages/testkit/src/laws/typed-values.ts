// A store's values on this backend: what a codec makes of a value comes back byte for byte.
import assert from "node:assert/strict";
import { bytes, isNadbError, json, text, type ValueCodec } from "@nadb/core";
import { changesNothing, refuses } from "../assertions.js";
import type { Bench } from "../bench.js";
import type { Law } from "../law.js";
import { openStore } from "../stores.js";

interface Point {
  readonly x: number;
  readonly y: number;
}

const points: ValueCodec<Point> = {
  name: "points",
  encode: ({ x, y }) => new Uint8Array(new Float64Array([x, y]).buffer),
  decode: (value) => {
    if (value.length !== 16) throw new RangeError(`a point of ${value.length} bytes`);
    const [x, y] = new Float64Array(Uint8Array.from(value).buffer) as unknown as [number, number];
    return { x, y };
  },
};

/** Bytes as plain data: an engine may hand out a Buffer. */
const plainBytes: ValueCodec<Uint8Array> = {
  name: bytes.name,
  encode: bytes.encode,
  decode: (value) => new Uint8Array(bytes.decode(value)),
};

export const typedValues: Law = {
  name: "typed values",
  cases: {
    "come back from every codec as they went in": async (bench) => {
      const every = Uint8Array.from({ length: 256 }, (_, i) => i);
      await comesBack(bench, plainBytes, [new Uint8Array(), every, bench.random.bytes(5_000)]);
      await comesBack(bench, text, ["", "a\0b", "\ufeffmark", "größe \u{1f600}\uffff", "\r\n"]);
      await comesBack(bench, json<unknown>(), [null, 0, "", [1, { a: ["\u2028"] }], { __x: true }]);
      await comesBack(bench, points, [
        { x: 0.1, y: -0 },
        { x: Number.MAX_VALUE, y: Number.NaN },
      ]);
    },

    "that a codec can not read fail and name their key; the others are read": async (bench) => {
      const raw = await openStore(bench);
      await raw.set("broken", "no point");
      const store = await openStore<Point, Point>(bench, { codec: points });
      await store.set("whole", { x: 1, y: 2 });
      const namesIt = (error: unknown): boolean =>
        isNadbError(error, "NADB_UNDECODABLE") && error.message.includes("broken");
      await assert.rejects(() => store.get("broken"), namesIt);
      await assert.rejects(() => store.getMany(["whole", "broken"]), namesIt);
      assert.deepEqual(await store.get("whole"), { x: 1, y: 2 });
      assert.equal(await store.has("broken"), true);
      assert.equal(await store.delete("broken"), true);
    },

    "that a codec refuses are not written": async (bench) => {
      const store = await openStore<unknown, unknown>(bench, { codec: json() });
      await store.set("a", 1);
      await changesNothing(bench.namespace, async () => {
        await refuses("NADB_INVALID_ARGUMENT", () => store.set("a", undefined));
        const entries = [
          { key: "b", value: 1 },
          { key: "a", value: 1n },
        ];
        await refuses("NADB_INVALID_ARGUMENT", () => store.setMany(entries));
      });
    },
  },
};

async function comesBack<T>(
  bench: Bench,
  codec: ValueCodec<T>,
  values: readonly T[],
): Promise<void> {
  const store = await openStore<T, T>(bench, { codec, namespace: codec.name });
  const expected = new Map(values.map((value, i) => [`key${i}`, value]));
  for (const [key, value] of expected) await store.set(key, value);
  for (const [key, value] of expected) {
    assert.deepEqual(await store.get(key), value, codec.name);
    assert.deepEqual((await store.getWithMetadata(key))?.value, value, codec.name);
  }
  assert.deepEqual(await store.getMany([...expected.keys()]), expected, codec.name);
  const followed = new Map<string, T>();
  for await (const change of store.changes()) {
    if (change.type === "put") followed.set(change.key, change.value);
  }
  assert.deepEqual(followed, expected, codec.name);
}
