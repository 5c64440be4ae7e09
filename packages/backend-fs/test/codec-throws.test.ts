// A codec that throws, wherever it is asked: a typed error that names the key, nothing written, the store in service.
import { KeyValueStore, KeyValueSync, type ValueCodec } from "@nadb/core";
import { checkNamespace } from "@nadb/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { fsBackend } from "../src/index.js";
import { newFolder } from "./folders.js";
import { rejects } from "./refuses.js";

/** Text, but for "bad", which it can neither write nor, once there, read. */
const moody = (refuses: { encode?: boolean; decode?: boolean }): ValueCodec<string> => ({
  name: "moody",
  encode: (value): Uint8Array => {
    if (refuses.encode && value === "bad") throw new Error("in no mood to write");
    return new TextEncoder().encode(value);
  },
  decode: (bytes): string => {
    const value = new TextDecoder().decode(bytes);
    if (refuses.decode && value === "bad") throw new Error("in no mood to read");
    return value;
  },
});

async function moodyStore(
  refuses: { encode?: boolean; decode?: boolean },
  sync?: KeyValueSync,
): Promise<KeyValueStore<string>> {
  const backend = fsBackend({ path: newFolder() });
  const store = await KeyValueStore.open({ backend, codec: moody(refuses), ...(sync && { sync }) });
  onTestFinished(() => store.close());
  return store;
}

describe.each([
  ["committed at once", (): undefined => undefined],
  ["buffered", (): KeyValueSync => new KeyValueSync({ flushIntervalSeconds: 3_600 })],
] as const)("a codec that throws, writes %s:", (_how, newSync) => {
  type Write = (store: KeyValueStore<string>) => Promise<unknown>;
  const WRITES: [string, Write][] = [
    ["set", (store) => store.set("key", "bad")],
    [
      "setMany",
      (store) =>
        store.setMany([
          { key: "good", value: "good" },
          { key: "key", value: "bad" },
          { key: "other", value: "good" },
        ]),
    ],
    [
      "transaction",
      (store) =>
        store.transaction(async (tx) => {
          tx.set("good", "good");
          tx.delete("before");
          tx.set("key", "bad");
        }),
    ],
  ];

  it.each(WRITES)(
    "%s is refused, nothing is written, the store is in service",
    async (_name, write) => {
      const store = await moodyStore({ encode: true }, newSync());
      await store.set("before", "1");
      const head = await store.storage.head();
      await rejects("NADB_INVALID_ARGUMENT", write(store), 'the value of "key"');
      expect(await store.storage.head()).toEqual(head);
      await store.set("after", "good");
      expect((await store.keys()).items).toEqual(["after", "before"]);
      await checkNamespace(store.storage, Date.now());
    },
  );

  it("beside others in flight, only its own write is refused", async () => {
    const store = await moodyStore({ encode: true }, newSync());
    const values = Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? "bad" : "good"));
    const outcomes = await Promise.allSettled(
      values.map((value, i) => store.set(`key${i}`, value)),
    );
    expect(outcomes.map(({ status }) => status === "fulfilled")).toEqual(
      values.map((value) => value === "good"),
    );
    expect((await store.stats()).count).toBe(20);
    await checkNamespace(store.storage, Date.now());
  });

  it("a follow loop that can not read a value ends with its name, and begins again from its checkpoint", async () => {
    const refuses = { decode: false };
    const store = await moodyStore(refuses, newSync());
    await store.set("a", "1");
    const feed = store.changes({ follow: true, pollSeconds: 0.001 })[Symbol.asyncIterator]();
    const { checkpoint = null } = (await feed.next()).value ?? {};
    refuses.decode = true;
    await store.set("b", "bad");
    await rejects("NADB_UNDECODABLE", feed.next(), 'the value of "b"');
    expect(await feed.next()).toEqual({ done: true, value: undefined });
    await store.set("c", "3");
    expect(await store.get("c")).toBe("3");
    refuses.decode = false;
    const keys: string[] = [];
    for await (const { key } of store.changes({ since: checkpoint })) keys.push(key);
    expect(keys).toEqual(["b", "c"]);
  });
});
