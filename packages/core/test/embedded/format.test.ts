// What an embedded backend does with a database it finds: it takes its own, and leaves alone what it can not read.
import { describe, expect, it } from "vitest";
import { EmbeddedBackend, memoryBackend, type OrderedKv } from "../../src/index.js";
import { MemoryKv } from "../../src/memory/memory-kv.js";
import { rejects } from "../refuses.js";
import { ID, Kept, puts } from "./kept.js";

const FORMAT = Uint8Array.of(0);

async function holding(key: Uint8Array, value: Uint8Array): Promise<Kept> {
  const kept = new Kept();
  await kept.write((tx) => tx.put(key, value));
  return kept;
}

describe("opening a database", () => {
  it("that is empty makes it a store of this layout", async () => {
    const kept = new Kept();
    await kept.backend();
    expect(kept.dump()).toEqual(["00 0002"]);
  });

  it("that is a store leaves it as it is", async () => {
    const kept = new Kept();
    await (await kept.namespace()).commit(puts(3));
    const before = kept.dump();
    await kept.backend();
    expect(kept.dump()).toEqual(before);
  });

  it.each([
    ["the next layout", Uint8Array.of(0, 3), "layout version 3"],
    ["the last layout there can be", Uint8Array.of(255, 255), "layout version 65535"],
  ])("of %s is refused, unchanged and closed", async (_name, format, message) => {
    const kept = await holding(FORMAT, format);
    const before = kept.dump();
    await rejects("NADB_NEWER_FORMAT", kept.backend(), message);
    expect([kept.dump(), kept.closed]).toEqual([before, 1]);
  });

  it.each([
    ["text", Uint8Array.from(Buffer.from("user:1"))],
    ["a key that begins like ours", Uint8Array.of(0, 0)],
  ])("that others made (%s) is refused, unchanged and closed", async (_name, key) => {
    const kept = await holding(key, Uint8Array.of(1));
    const before = kept.dump();
    await rejects("NADB_NOT_A_STORE", kept.backend(), "was not made by NADB");
    expect([kept.dump(), kept.closed]).toEqual([before, 1]);
  });

  it("that is refused can be opened once the reason is gone", async () => {
    const kept = await holding(Uint8Array.of(9), Uint8Array.of(1));
    const { capabilities } = memoryBackend();
    const backend = new EmbeddedBackend({ name: "kept", capabilities, openKv: async () => kept });
    await rejects("NADB_NOT_A_STORE", backend.open());
    await kept.write((tx) => tx.delete(Uint8Array.of(9)));
    await backend.open();
    await (await backend.namespace(ID)).commit(puts(1));
  });

  it("happens once, however many ask for it at a time", async () => {
    const kv = new MemoryKv();
    let opened = 0;
    const openKv = async (): Promise<OrderedKv> => {
      opened += 1;
      return kv;
    };
    const { capabilities } = memoryBackend();
    const backend = new EmbeddedBackend({ name: "once", capabilities, openKv });
    await Promise.all([backend.open(), backend.open(), backend.open()]);
    expect(opened).toBe(1);
  });

  it("that is under way is waited for by close", async () => {
    const kept = new Kept();
    const { capabilities } = memoryBackend();
    const backend = new EmbeddedBackend({ name: "kept", capabilities, openKv: async () => kept });
    const opening = backend.open();
    await backend.close();
    await opening;
    expect(kept.closed).toBe(1);
    await rejects("NADB_CLOSED", backend.open());
  });
});

describe("a namespace entry", () => {
  it("that is damaged is told as corruption, not answered from", async () => {
    const kept = new Kept();
    const namespace = await kept.namespace();
    await namespace.commit(puts(1));
    const [entry] = kept.keys(0x02);
    await kept.write((tx) => tx.put(entry as Uint8Array, new Uint8Array(20)));
    await rejects("NADB_CORRUPTION", namespace.head(), "namespace entry");
    await rejects("NADB_CORRUPTION", namespace.commit(puts(1)), "namespace entry");
  });

  it("whose feed names a record that is not there is told as corruption", async () => {
    const kept = new Kept();
    const namespace = await kept.namespace();
    const { checkpoint } = await namespace.commit(puts(1));
    await namespace.commit(puts(2));
    await kept.write((tx) => {
      for (const key of kept.keys(0x10, 0, 0, 0, 1, 0x01)) tx.delete(key);
    });
    const changes = namespace.changes(checkpoint)[Symbol.asyncIterator]();
    await rejects("NADB_CORRUPTION", changes.next(), "the feed names a record at version");
  });
});
