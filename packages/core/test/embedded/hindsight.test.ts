// What a commit or a load must not depend on: what happens between the call and its turn.
import { describe, expect, it } from "vitest";
import { type Mutation, memoryBackend, type StorageBackend } from "../../src/index.js";
import { rejects } from "../refuses.js";

const ID = { db: "db", namespace: "ns" };
const HOUR_MS = 3_600_000;

async function opened(clock = { now: 1_700_000_000_000 }): Promise<StorageBackend> {
  const backend = memoryBackend({ clock: () => clock.now });
  await backend.open();
  return backend;
}

describe("commit", () => {
  it("holds what it was given, whatever the caller does to it afterwards", async () => {
    const namespace = await (await opened()).namespace(ID);
    const value = Uint8Array.of(1);
    const put = { type: "put" as const, key: "a", value, tags: ["t"] };
    const expect_ = [{ key: "a", version: null as number | null }];
    const committed = namespace.commit([put], { expect: expect_ });
    value[0] = 9;
    put.key = "";
    put.tags.push("u");
    (expect_[0] as { version: number | null }).version = 7;
    await committed;
    const [record] = await namespace.getMany(["a"]);
    expect(record).toMatchObject({ value: Uint8Array.of(1), tags: ["t"] });
  });

  it("checks tags before its turn", async () => {
    const namespace = await (await opened()).namespace(ID);
    const bad: Mutation[] = [{ type: "put", key: "a", value: new Uint8Array(0), tags: [""] }];
    await rejects("NADB_INVALID_ARGUMENT", namespace.commit(bad));
  });

  it("under an id used over an hour ago is a new one", async () => {
    const clock = { now: 1_700_000_000_000 };
    const namespace = await (await opened(clock)).namespace(ID);
    const put = (byte: number): Mutation[] => [
      { type: "put", key: "a", value: Uint8Array.of(byte) },
    ];
    const first = await namespace.commit(put(1), { id: "same" });
    expect(await namespace.commit(put(2), { id: "same" })).toEqual(first);
    clock.now += HOUR_MS;
    const second = await namespace.commit(put(3), { id: "same" });
    expect(second).not.toEqual(first);
    clock.now += HOUR_MS / 2; // the first use is forgotten, the second is not
    await namespace.commit(put(4), { id: "other" });
    expect(await namespace.commit(put(5), { id: "same" })).toEqual(second);
  });

  it("keeps up with expiry, however many records each commit brings", async () => {
    const clock = { now: 1_700_000_000_000 };
    const namespace = await (await opened(clock)).namespace(ID);
    for (let round = 0; round < 50; round++) {
      clock.now += 1_000;
      const puts = Array.from({ length: 100 }, (_, i): Mutation => {
        const expiresAt = clock.now + 500;
        return { type: "put", key: `${round}-${i}`, value: new Uint8Array(0), expiresAt };
      });
      await namespace.commit(puts);
    }
    expect((await namespace.head()).count).toBe(100);
  });
});

describe("staged replace", () => {
  it("is refused when the namespace was dropped and made anew meanwhile", async () => {
    const backend = await opened();
    const namespace = await backend.namespace(ID);
    const put = (key: string): Mutation => ({ type: "put", key, value: new Uint8Array(0) });
    await namespace.commit([put("a")]);
    const load = await namespace.replace();
    await backend.drop(ID);
    await namespace.commit([put("b")]);
    const before = await namespace.head();
    await rejects("NADB_CONFLICT", load.commit());
    expect(await namespace.head()).toEqual(before);
  });
});
