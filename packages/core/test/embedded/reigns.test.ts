// A store whose files were copied, and the copy used: it hands out versions of its own from there on. What a checkpoint of
// the one means to the other.
import { describe, expect, it } from "vitest";
import type { Checkpoint, StorageNamespace } from "../../src/index.js";
import { rejects } from "../refuses.js";
import { Kept, puts, remove } from "./kept.js";

const DAY = 86_400_000;

async function keysSince(namespace: StorageNamespace, since: Checkpoint): Promise<string[]> {
  const keys: string[] = [];
  for await (const { changes } of namespace.changes(since))
    for (const change of changes) keys.push(Buffer.from(change).toString("latin1"));
  return keys;
}

const serves = async (namespace: StorageNamespace, since: Checkpoint, count: number) =>
  expect(await keysSince(namespace, since)).toHaveLength(count);

const refuses = (namespace: StorageNamespace, since: Checkpoint) =>
  rejects("NADB_CHECKPOINT_EXPIRED", keysSince(namespace, since), "parted from that history");

/** A store with three records, a checkpoint of it, and its copy at that cut. */
async function parted() {
  const kept = new Kept();
  const namespace = await kept.namespace();
  const { checkpoint: shared } = await namespace.commit(puts(3));
  return { kept, namespace, shared, copy: await kept.copy() };
}

/** Each brings one version in that is not there yet. */
const CHANGES: Record<string, (namespace: StorageNamespace) => Promise<unknown>> = {
  commits: (namespace) => namespace.commit(puts(1, "other")),
  deletes: (namespace) => namespace.commit([remove("key000000")]),
  merges: async (namespace) => {
    const load = await namespace.merge();
    const one = await new Kept().namespace();
    await one.commit(puts(1, "merged"));
    for await (const { changes } of one.changes(null)) await load.put(changes);
    await load.commit();
  },
};

describe("a checkpoint, after the store was copied and the copy was used,", () => {
  it("of before is served by both", async () => {
    const { namespace, shared, copy } = await parted();
    const other = await copy.namespace();
    for (const one of [namespace, other]) {
      await one.commit(puts(2, "new"));
      await serves(one, shared, 2);
    }
  });

  it.each(Object.entries(CHANGES))(
    "of behind is refused by the copy that %s, however far it has come",
    async (_name, change) => {
      const { namespace, copy } = await parted();
      const { checkpoint } = await namespace.commit(puts(1, "first"));
      const other = await copy.namespace();
      for (let i = 0; i < 5; i++) {
        await change(other);
        await refuses(other, checkpoint).catch(async (error) => {
          if ((await other.head()).version > 4) throw error; // a copy that is behind says so
        });
        await other.commit(puts(1, `more${i}`));
      }
      await refuses(other, checkpoint);
    },
  );

  it("of the copy is refused by the store, also once it is further", async () => {
    const { namespace, copy } = await parted();
    const { checkpoint } = await (await copy.namespace()).commit(puts(1, "copied"));
    await namespace.commit(puts(5, "own"));
    await refuses(namespace, checkpoint);
  });

  it("of two copies of one cut means nothing to the other", async () => {
    const { copy } = await parted();
    const again = await copy.copy();
    const [one, other] = [await copy.namespace(), await again.namespace()];
    const { checkpoint } = await one.commit(puts(1, "a"));
    await other.commit(puts(2, "b"));
    await refuses(other, checkpoint);
    expect((await other.head()).checkpoint).not.toBe(checkpoint);
  });

  it("is refused though versions were staged in the copy before it was written to", async () => {
    const { namespace, copy } = await parted();
    const { checkpoint } = await namespace.commit(puts(1, "first"));
    const other = await copy.namespace();
    const load = await other.replace();
    for await (const { changes } of other.changes(null)) await load.put(changes);
    await load.abort();
    await other.commit(puts(8, "other"));
    await refuses(other, checkpoint);
  });

  it("is refused though the copy's first commit failed at its end", async () => {
    const { namespace, copy } = await parted();
    const { checkpoint } = await namespace.commit(puts(1, "first"));
    const other = await copy.namespace();
    copy.failsNext = true;
    await expect(other.commit(puts(2, "other"))).rejects.toThrow("no room");
    await other.commit(puts(2, "other"));
    await refuses(other, checkpoint);
  });
});

describe("a checkpoint of a store that is opened again and again", () => {
  it("is the same, and served, for as long as it is remembered", async () => {
    const kept = new Kept();
    const checkpoints: Checkpoint[] = [];
    for (let i = 0; i < 20; i++) {
      const namespace = await kept.namespace();
      if (i > 0) expect((await namespace.head()).checkpoint).toBe(checkpoints.at(-1));
      checkpoints.push((await namespace.commit(puts(1, `of${i}-`))).checkpoint);
      kept.clock.advance(DAY);
    }
    const namespace = await kept.namespace();
    for (const [i, checkpoint] of checkpoints.entries())
      await serves(namespace, checkpoint, 19 - i);
  });

  it("is refused once its reign was forgotten, and few are kept", async () => {
    const kept = new Kept();
    const options = { tombstoneRetentionSeconds: 0 };
    const { checkpoint } = await (await kept.namespace(options)).commit(puts(1));
    for (let i = 0; i < 30; i++) {
      kept.clock.advance(DAY / 10);
      await (await kept.namespace(options)).commit(puts(1, `of${i}-`));
    }
    await refuses(await kept.namespace(), checkpoint);
    expect(kept.keys(0x10, 0, 0, 0, 1, 0x08).length).toBeLessThan(12);
  });

  it("by two processes that take turns is served, and no turn costs an entry", async () => {
    const kept = new Kept();
    const [one, other] = [await kept.namespace(), await kept.namespace()];
    const { checkpoint } = await one.commit(puts(1));
    for (let i = 0; i < 20; i++) await (i % 2 === 0 ? other : one).commit(puts(1, `of${i}-`));
    await serves(one, checkpoint, 20);
    expect(kept.keys(0x10, 0, 0, 0, 1, 0x08)).toHaveLength(1);
  });

  it("that only reads begins no reign, nor does a commit that changes nothing", async () => {
    const { kept, namespace } = await parted();
    const before = kept.dump();
    const again = await kept.namespace();
    await again.head();
    await again.commit([remove("no such key")]);
    expect(kept.dump()).toEqual(before);
    expect((await again.head()).checkpoint).toBe((await namespace.head()).checkpoint);
  });
});

describe("a store of the first layout", () => {
  /** Without reigns, as it was written before there were any. */
  async function old() {
    const { kept, namespace, shared } = await parted();
    const [entry] = kept.keys(0x02);
    await kept.write((tx) => {
      const bytes = tx.get(entry as Uint8Array) as Uint8Array;
      tx.put(entry as Uint8Array, bytes.slice(0, -8));
      tx.put(Uint8Array.of(0), Uint8Array.of(0, 1));
    });
    const { digest } = await namespace.head();
    return { kept, digest, checkpoint: shared.replace(/-[0-9a-f]{16}$/, "") };
  }

  it("is taken over, and the checkpoints that were made of it are served", async () => {
    const { kept, digest, checkpoint } = await old();
    const namespace = await kept.namespace();
    expect(await namespace.head()).toMatchObject({ checkpoint, digest, count: 3 });
    const first = await namespace.commit(puts(2, "new"));
    await serves(namespace, checkpoint, 2);
    await serves(namespace, first.checkpoint, 0);
    expect(kept.dump()[0]).toBe("00 0002");
  });
});
