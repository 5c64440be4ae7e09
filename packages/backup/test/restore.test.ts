// Restoring: all of it comes back exactly, in one visible step, or the store stays as it was.
import type { KeyValueStore, StorageNamespace, StoredRecord } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { BackupManager, memoryTarget, type Progress } from "../src/index.js";
import { failureOf } from "./support/fails.js";
import { snapshotOf } from "./support/files.js";
import { SEED, seeded } from "./support/random.js";
import { SteppingTarget } from "./support/stepping-target.js";
import {
  Clock,
  changesOf,
  fill,
  measure,
  openManager,
  openSite,
  openStore,
  START,
} from "./support/store.js";

/** Everything a record has but its version, which is the store's own. */
async function contentOf(store: KeyValueStore, key: string) {
  const found = await store.getWithMetadata(key);
  if (found === undefined) return undefined;
  const { version: _, value, ...rest } = found;
  return { ...rest, value: Buffer.from(value).toString("hex") } satisfies Omit<
    StoredRecord,
    "version" | "value"
  > & { value: string };
}

const keysOf = async (store: KeyValueStore): Promise<readonly string[]> =>
  (await store.keys({ limit: 10_000 })).items;

/** A store of another backend, holding what the backup holds. */
async function restored(
  target: Parameters<typeof openManager>[1],
  backupId: string,
  clock = new Clock(),
): Promise<KeyValueStore> {
  const copy = await openStore(clock.now);
  await (await openManager(copy, target, clock)).restoreBackup(backupId, { clearExisting: true });
  return copy;
}

describe("restore › brings back exactly", () => {
  it("values of every kind", async () => {
    const { store, target, backups } = await openSite();
    const values: Record<string, Uint8Array | string> = {
      empty: "",
      text: "plain",
      "日本語 😀": "grüße\u0000\uffff",
      bytes: Uint8Array.from({ length: 256 }, (_, i) => i),
      large: seeded().bytes(3 << 20),
    };
    for (const [key, value] of Object.entries(values)) await store.set(key, value);
    await backups.createBackup({ backupId: "b" });
    const copy = await restored(target, "b");
    for (const [key, value] of Object.entries(values)) {
      expect(Buffer.compare((await copy.get(key)) as Uint8Array, Buffer.from(value))).toBe(0);
    }
  });

  it("tags, times and expiry, to the millisecond (the original's bug 5)", async () => {
    const clock = new Clock();
    const site = await openSite();
    const store = await openStore(clock.now);
    const backups = await openManager(store, site.target, clock);
    await store.set("updated", "1", { tags: ["a"] });
    clock.time += 1_234;
    await store.set("updated", "2", { tags: ["ü", "b", "a"] });
    await store.set("ends", "v", { tags: ["t"], ttlSeconds: 12.345 });
    await store.set("many", "v", { tags: Array.from({ length: 500 }, (_, i) => `tag ${i}`) });
    await backups.createBackup({ backupId: "b" });
    clock.time += 5_000;
    const copy = await restored(site.target, "b", clock);
    for (const key of ["updated", "ends", "many"]) {
      expect(await contentOf(copy, key)).toEqual(await contentOf(store, key));
    }
    expect(await contentOf(copy, "updated")).toMatchObject({
      createdAt: START,
      updatedAt: START + 1_234,
      tags: ["a", "b", "ü"],
    });
    expect(await copy.listTags()).toEqual(await store.listTags());
    expect((await copy.queryByTags({ all: ["ü"] })).items).toEqual(["updated"]);
    clock.time = START + 1_234 + 12_344;
    expect(await copy.has("ends")).toBe(true);
    clock.time += 1;
    expect(await copy.has("ends")).toBe(false);
  });

  it("what lives: a record that has expired is counted and not restored", async () => {
    const clock = new Clock();
    const store = await openStore(clock.now);
    const target = memoryTarget();
    const backups = await openManager(store, target, clock);
    await store.set("short", "v", { ttlSeconds: 1 });
    clock.time += 2_000; // expired, and not swept yet
    const { stateDigest, recordCount } = await backups.createBackup({ backupId: "b" });
    expect(recordCount).toBe(1);
    const copy = await openStore(clock.now);
    const manager = await openManager(copy, target, clock);
    const restoration = await manager.restoreBackup("b", { clearExisting: true });
    expect(restoration).toMatchObject({ recordCount: 0, expired: 1 });
    expect(restoration.stateDigest).not.toBe(stateDigest);
    expect(await measure(copy.storage)).toMatchObject({ count: 0 });
  });

  it("a deleted key stays deleted (the original's bug 2)", async () => {
    const { store, target, backups } = await openSite();
    await fill(store, 5);
    await store.deleteMany(["k0001", "k0003"]);
    await backups.createBackup({ backupId: "b" });
    expect(await keysOf(await restored(target, "b"))).toEqual(["k0000", "k0002", "k0004"]);
  });

  it("nothing, from an empty backup: with clearExisting the store is empty after", async () => {
    const { store, backups } = await openSite();
    await backups.createBackup({ backupId: "b" });
    await fill(store, 3);
    await backups.restoreBackup("b");
    expect(await keysOf(store)).toHaveLength(3);
    await backups.restoreBackup("b", { clearExisting: true });
    expect(await keysOf(store)).toEqual([]);
    expect((await store.storage.head()).digest).toBe("0".repeat(64));
  });

  it.each([true, false])(
    "a run of many blocks and batches (compression %j)",
    { timeout: 120_000 },
    async (compression) => {
      const { store, target, backups } = await openSite();
      await fill(store, 5_000, 4_000);
      const { stateDigest } = await backups.createBackup({ backupId: "b", compression });
      const copy = await restored(target, "b");
      expect(await measure(copy.storage)).toMatchObject({ count: 5_000, digest: stateDigest });
    },
  );

  it(`whatever was done to the store before (NADB_SEED=${SEED})`, async () => {
    const random = seeded();
    const { store, target, backups, clock } = await openSite();
    const model = new Map<string, unknown>();
    for (let i = 0; i < 400; i++) {
      const key = `k${random.int(60)}`;
      clock.time += random.int(1_000);
      if (random.int(4) === 0) await store.delete(key);
      else await store.set(key, random.bytes(random.int(200)), { tags: [`t${random.int(5)}`] });
    }
    for (const key of await keysOf(store)) model.set(key, await contentOf(store, key));
    await backups.createBackup({ backupId: "b" });
    const copy = await restored(target, "b", clock);
    expect(await keysOf(copy)).toEqual([...model.keys()]);
    for (const [key, content] of model) expect(await contentOf(copy, key)).toEqual(content);
  });
});

describe("restore › answers", () => {
  it("what it put in place, as the store counted it", async () => {
    const { store, backups } = await openSite();
    await fill(store, 4);
    const { stateDigest, totalSize } = await backups.createBackup({ backupId: "b" });
    await store.set("other", "v");
    const over = await backups.restoreBackup("b");
    expect(over).toEqual({
      backupId: "b",
      recordCount: 4,
      stagedSize: totalSize,
      stateDigest,
      skipped: 0,
      filtered: 0,
      expired: 0,
      head: await store.storage.head(),
      clearedExisting: false,
    });
    expect(over.head.count).toBe(5);
    const cleared = await backups.restoreBackup("b", { clearExisting: true });
    expect(cleared).toMatchObject({ clearedExisting: true, stateDigest });
    expect(cleared.head).toEqual(await store.storage.head());
    expect(cleared.head.digest).toBe(stateDigest);
  });

  it("its progress: checked first, then loaded, each to its end", {
    timeout: 120_000,
  }, async () => {
    const { store, backups } = await openSite();
    await fill(store, 3_000, 1_500);
    await backups.createBackup({ backupId: "b" });
    const phases = async (verifyIntegrity: boolean): Promise<string[]> => {
      const events: Progress[] = [];
      const onProgress = (event: Progress) => void events.push(event);
      await backups.restoreBackup("b", { verifyIntegrity, onProgress });
      for (const phase of new Set(events.map((event) => event.phase))) {
        const of = events.filter((event) => event.phase === phase);
        const records = of.map((event) => event.records);
        expect(records).toEqual([...records].sort((a, b) => a - b));
        expect(of.at(-1)).toMatchObject({ records: 3_000, totalRecords: 3_000 });
      }
      return [...new Set(events.map((event) => event.phase))];
    };
    expect(await phases(true)).toEqual(["check", "load"]);
    expect(await phases(false)).toEqual(["load"]);
  });
});

describe("restore › the content that is there", () => {
  it("is replaced with clearExisting: nothing else remains, not even its tags", async () => {
    const { store, backups } = await openSite();
    await fill(store, 3);
    await backups.createBackup({ backupId: "b" });
    await store.clear();
    await store.set("other", "v", { tags: ["other"] });
    await backups.restoreBackup("b", { clearExisting: true });
    expect(await keysOf(store)).toEqual(["k0000", "k0001", "k0002"]);
    expect(await store.listTags()).toEqual(new Map([["t", 3]]));
  });

  it("is kept without, but where the backup has the key", async () => {
    const { store, backups, clock } = await openSite();
    await store.set("same", "old", { tags: ["old"] });
    await store.set("gone", "old");
    await backups.createBackup({ backupId: "b" });
    const before = { same: await contentOf(store, "same"), gone: await contentOf(store, "gone") };
    clock.time += 1_000;
    await store.set("same", "new", { tags: ["new"] });
    await store.set("added", "new", { tags: ["added"] });
    await store.delete("gone");
    const added = await contentOf(store, "added");
    await backups.restoreBackup("b");
    expect(await keysOf(store)).toEqual(["added", "gone", "same"]);
    expect(await contentOf(store, "same")).toEqual(before.same);
    expect(await contentOf(store, "gone")).toEqual(before.gone);
    expect(await contentOf(store, "added")).toEqual(added);
    expect(await store.listTags()).toEqual(
      new Map([
        ["added", 1],
        ["old", 1],
      ]),
    );
  });

  it("the same backup twice is the same as once", async () => {
    const { store, backups } = await openSite();
    await fill(store, 10);
    const { stateDigest } = await backups.createBackup({ backupId: "b" });
    for (const clearExisting of [false, true, false]) {
      const { head } = await backups.restoreBackup("b", { clearExisting });
      expect(head).toMatchObject({ digest: stateDigest, count: 10 });
    }
  });

  it("goes into another namespace, and leaves its own alone", async () => {
    const { store, target, backups } = await openSite();
    await fill(store, 3);
    const { stateDigest } = await backups.createBackup({ backupId: "b" });
    const before = await store.storage.head();
    const copy = await openStore();
    const elsewhere = await openManager(copy.storage, target);
    expect((await elsewhere.restoreBackup("b")).head.digest).toBe(stateDigest);
    expect(await store.storage.head()).toEqual(before);
  });

  it("is never seen half-way: each look shows the old state or the new one", async () => {
    const { store, backups } = await openSite();
    await fill(store, 3_000, 4_000);
    const { stateDigest } = await backups.createBackup({ backupId: "b" });
    await store.clear();
    await store.set("old", "v");
    const old = (await store.storage.head()).digest;
    const seen: string[] = [];
    const onProgress = async () => {
      const { digest } = await store.storage.head();
      seen.push(digest);
      expect(await store.has("old")).toBe(digest === old);
    };
    const looks: Promise<void>[] = [];
    await backups.restoreBackup("b", {
      clearExisting: true,
      onProgress: () => void looks.push(onProgress()),
    });
    await Promise.all(looks);
    expect(seen.length).toBeGreaterThan(5);
    expect(new Set(seen)).toEqual(new Set([old]));
    expect((await store.storage.head()).digest).toBe(stateDigest);
  });

  it("writes made meanwhile go with the old content, or stay beside what is laid over", {
    timeout: 120_000,
  }, async () => {
    const { store, backups } = await openSite();
    await fill(store, 2_000, 2_000);
    const { stateDigest } = await backups.createBackup({ backupId: "b" });
    for (const clearExisting of [true, false]) {
      let writing: Promise<unknown> = Promise.resolve();
      const onProgress = ({ phase }: Progress) => {
        if (phase === "load") writing = store.set("meanwhile", "v");
      };
      const { head } = await backups.restoreBackup("b", { clearExisting, onProgress });
      await writing;
      expect(await store.has("meanwhile")).toBe(!clearExisting);
      if (clearExisting) expect(head.digest).toBe(stateDigest);
      expect(await measure(store.storage)).toMatchObject({
        digest: (await store.storage.head()).digest,
      });
    }
  });
});

describe("restore › refused or interrupted", () => {
  async function prepare() {
    const site = await openSite();
    await fill(site.store, 2_500, 4_000);
    await site.backups.createBackup({ backupId: "b", compression: false });
    await fill(site.store, 3);
    await site.store.set("later", "v");
    return site;
  }

  /** The call fails, and store and repository stand as before. */
  async function changesNothing(
    { store, target }: Awaited<ReturnType<typeof prepare>>,
    call: () => Promise<unknown>,
  ): Promise<unknown> {
    const before = [await store.storage.head(), await snapshotOf(target)];
    const content = await changesOf(store.storage);
    const error = await failureOf(call);
    expect([await store.storage.head(), await snapshotOf(target)]).toEqual(before);
    expect(
      Buffer.compare(Buffer.concat(await changesOf(store.storage)), Buffer.concat(content)),
    ).toBe(0);
    return error;
  }

  it.each([true, false])(
    "by a signal, at any step (clearExisting %j)",
    { timeout: 120_000 },
    async (clearExisting) => {
      const site = await prepare();
      const head = await site.store.storage.head();
      let aborted = 0;
      for (let at = 1; ; at += 23) {
        const controller = new AbortController();
        const { signal } = controller;
        const onStep = (step: number) => {
          if (step === at) controller.abort();
        };
        const target = new SteppingTarget(site.target, { onStep });
        const backups = await BackupManager.open({ store: site.store, target });
        const work = backups.restoreBackup("b", { clearExisting, signal });
        const error = await work.then(
          () => undefined,
          (reason) => reason,
        );
        if (error === undefined) break; // it got to its end
        expect(error).toBe(signal.reason);
        expect(await site.store.storage.head()).toEqual(head);
        aborted++;
      }
      expect(aborted).toBeGreaterThan(10);
      expect((await site.backups.restoreBackup("b", { clearExisting })).recordCount).toBe(2_500);
    },
  );

  it.each([
    ["check", true],
    ["load", true],
    ["load", false],
  ] as const)("by a signal in the %s (clearExisting %j)", async (phase, clearExisting) => {
    const site = await prepare();
    const controller = new AbortController();
    const { signal } = controller;
    let eventsAfter = 0;
    const onProgress = (event: Progress) => {
      if (signal.aborted) eventsAfter++;
      if (event.phase === phase && event.records > 500) controller.abort();
    };
    const options = { clearExisting, signal, onProgress };
    const error = await changesNothing(site, () => site.backups.restoreBackup("b", options));
    expect(error).toBe(signal.reason);
    expect(eventsAfter).toBe(0);
  });

  it("by a listener that throws", async () => {
    const site = await prepare();
    const onProgress = ({ phase }: Progress) => {
      if (phase === "load") throw new Error("no more");
    };
    const error = await changesNothing(site, () => site.backups.restoreBackup("b", { onProgress }));
    expect(error).toMatchObject({ message: "no more" });
  });

  it("by a store that can not take a batch", async () => {
    const site = await prepare();
    const failure = new Error("the disk is full");
    let aborted = false;
    const abort = async () => {
      aborted = true;
      throw new Error("and stays full");
    };
    const failing: StorageNamespace = Object.create(site.store.storage, {
      replace: {
        value: async () => {
          const load = await site.store.storage.replace();
          let puts = 0;
          const put: typeof load.put = async (changes) => {
            if (++puts === 2) throw failure;
            await load.put(changes);
          };
          return { put, commit: () => load.commit(), abort };
        },
      },
    });
    const backups = await openManager(failing, site.target);
    const error = await changesNothing(site, () =>
      backups.restoreBackup("b", { clearExisting: true }),
    );
    expect(error).toBe(failure);
    expect(aborted).toBe(true);
  });

  it("by a store that loses a record on the way in: the digests differ, nothing shows", async () => {
    const site = await prepare();
    const losing: StorageNamespace = Object.create(site.store.storage, {
      replace: {
        value: async () => {
          const load = await site.store.storage.replace();
          const put: typeof load.put = (changes) => load.put(changes.slice(1));
          const commit: typeof load.commit = (options) => load.commit(options);
          return { put, commit, abort: () => load.abort() };
        },
      },
    });
    const backups = await openManager(losing, site.target);
    const error = await changesNothing(site, () =>
      backups.restoreBackup("b", { clearExisting: true }),
    );
    expect(error).toMatchObject({ code: "NADB_CORRUPTION" });
  });

  it("not at all: each record is put in once", async () => {
    const site = await prepare();
    let given = 0;
    const counting: StorageNamespace = Object.create(site.store.storage, {
      merge: {
        value: async () => {
          const load = await site.store.storage.merge();
          const put: typeof load.put = (changes) => {
            given += changes.length;
            return load.put(changes);
          };
          return { put, commit: () => load.commit(), abort: () => load.abort() };
        },
      },
    });
    const backups = await openManager(counting, site.target);
    expect((await backups.restoreBackup("b")).recordCount).toBe(given);
  });

  it("before it is checked to its end it has not begun to load (the original's bug 4)", async () => {
    const site = await prepare();
    const order: string[] = [];
    const watched: StorageNamespace = Object.create(site.store.storage, {
      replace: {
        value: async () => {
          order.push("load begins");
          return site.store.storage.replace();
        },
      },
    });
    const backups = await openManager(watched, site.target);
    await backups.restoreBackup("b", {
      clearExisting: true,
      onProgress: ({ phase, records, totalRecords }) => {
        if (records === totalRecords) order.push(`${phase} ends`);
      },
    });
    expect(order).toEqual(["check ends", "load begins", "load ends"]);
  });
});
