// What the Python original gets wrong with chains, each by its number in the list of its defects.
import { KeyValueStore, KeyValueSync, memoryBackend, type StorageNamespace } from "@nadb/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { BackupManager, memoryTarget } from "../src/index.js";
import { CHAIN, chainedSite, runOf, sign } from "./support/chained.js";
import { refuses } from "./support/fails.js";
import { flipBit, patchFile, pathsOf } from "./support/files.js";
import { contentOf } from "./support/oracle.js";
import { override } from "./support/override.js";
import { SteppingTarget } from "./support/stepping-target.js";
import { Clock, changesOf, fill, openManager, openSite, openStore } from "./support/store.js";

describe("defect 1 › the parent's time is taken after the read", () => {
  it("what is written while a backup is made stands in it or in the next, and nothing in both", async () => {
    const { store, target, clock } = await openSite();
    await fill(store, 50);
    let written = 0;
    const busy = new SteppingTarget(target, {
      onStep: async () => {
        clock.time += 1_000; // times tell nothing: each write is "before the end" of the backup under way
        await store.set(`during:${String(++written).padStart(3, "0")}`, "v");
      },
    });
    const backups = await openManager(store, busy, clock);
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) {
      const parent = ids.at(-1);
      const options = { backupId: `b${i}` };
      await (parent === undefined
        ? backups.createBackup(options)
        : backups.createIncrementalBackup(parent, options));
      ids.push(options.backupId);
    }
    expect(written).toBeGreaterThan(100);
    await store.set("the last", "v");
    const quiet = await openManager(store, target, clock);
    await quiet.createIncrementalBackup("b5", { backupId: "b6" });
    const site = { store, target, clock, backups: quiet };
    const signs: string[] = [];
    for (const id of [...ids, "b6"]) signs.push(...(await runOf(site, id)).map(sign));
    const expected = (await store.keys({ limit: 10_000 })).items.map((key) => `+${key}`);
    expect(signs.sort()).toEqual(expected);
    await expectRestored(quiet, "b6", store);
  });
});

describe("defect 2 › deletes are not in incrementals", () => {
  it("a restored chain brings no deleted key back, whichever run deleted it", async () => {
    const site = await chainedSite();
    expect((await runOf(site, "one")).map(sign)).toEqual([
      "+added",
      "-ends",
      "+k0001",
      "-k0002",
      "-k0003",
    ]);
    const other = await openStore(site.clock.now);
    await other.setMany(["k0003", "added", "ends"].map((key) => ({ key, value: "to be gone" })));
    const backups = await openManager(other, site.target, site.clock);
    await backups.restoreBackup("two", { clearExisting: true });
    for (const key of ["k0003", "added", "ends"]) expect(await other.has(key)).toBe(false);
    expect(await contentOf(other)).toEqual(await contentOf(site.store));
  });
});

describe("defect 3 › a failing key is logged and skipped, a failing listing yields an empty success", () => {
  const failure = new Error("the disk");
  const feeds: Record<string, (inner: StorageNamespace) => Partial<StorageNamespace>> = {
    "a feed that fails at once": () => ({
      // biome-ignore lint/correctness/useYield: it fails before the first page
      async *changes() {
        throw failure;
      },
    }),
    "a feed that fails in the middle": (inner) => ({
      async *changes(since) {
        for await (const page of inner.changes(since, { pageBytes: 1 })) {
          if (page.end !== undefined) throw failure;
          yield page;
        }
      },
    }),
  };

  it.each(Object.entries(feeds))("%s fails the backup, and nothing is listed", async (_, feed) => {
    const { store, target, clock, backups } = await chainedSite();
    await store.setMany([1, 2, 3].map((i) => ({ key: `new:${i}`, value: "v" })));
    const files = await pathsOf(target);
    const failing = await openManager(override(store.storage, feed(store.storage)), target, clock);
    for (const create of [
      () => failing.createBackup({ backupId: "b" }),
      () => failing.createIncrementalBackup("two", { backupId: "b" }),
      () => failing.createIncrementalBackup("two", { backupId: "b", fallbackToFull: true }),
    ]) {
      await expect(create()).rejects.toBe(failure);
    }
    expect(await pathsOf(target)).toEqual(files);
    expect((await backups.listBackups()).length).toBe(3);
  });

  it("a record that can not be read back fails it, too", async () => {
    const { store, target, clock } = await chainedSite();
    await store.set("new", "v");
    const files = await pathsOf(target);
    const broken = override(store.storage, {
      async *changes(since) {
        for await (const page of store.storage.changes(since)) {
          yield { ...page, changes: page.changes.map((change) => spoiled(change)) };
        }
      },
    });
    const backups = await openManager(broken, target, clock);
    await refuses("NADB_CORRUPTION", () => backups.createIncrementalBackup("two"));
    expect(await pathsOf(target)).toEqual(files);
  });

  /** Its expiry is no time. */
  const spoiled = (change: Uint8Array): Uint8Array => new Uint8Array(change).fill(0xff, 25, 33);
});

describe("defect 4 › clear_existing empties the store before the chain is checked, only the last link is verified", () => {
  it.each(CHAIN)("damage to %s is found before anything is begun", async (id) => {
    const { store, target, clock } = await chainedSite();
    await patchFile(target, `${id}/data.nadb`, (bytes) => flipBit(bytes, bytes.length * 4));
    const begun = () => expect.fail("the restore has begun");
    const guarded = override(store.storage, { replace: begun, merge: begun, commit: begun });
    const before = Buffer.concat(await changesOf(store.storage));
    const backups = await openManager(guarded, target, clock);
    for (const clearExisting of [true, false]) {
      await refuses(
        "NADB_CORRUPTION",
        () => backups.restoreBackup("two", { clearExisting }),
        `${id}/data.nadb`,
      );
    }
    expect(Buffer.compare(before, Buffer.concat(await changesOf(store.storage)))).toBe(0);
  });
});

describe("defect 5 › TTL and timestamps are lost on restore", () => {
  it("a chain brings tags, times and expiry back exactly, from whichever run they come", async () => {
    const { store, target, clock, backups } = await openSite();
    const set = async (key: string, more: object) => {
      clock.time += 7;
      await store.set(key, key, { tags: ["é", "t", key], ...more });
    };
    for (const key of ["full:ttl", "touched", "overwritten"]) await set(key, { ttlSeconds: 60 });
    await set("full:forever", {});
    await backups.createBackup({ backupId: "full" });
    await set("one:ttl", { expiresAt: clock.time + 12_345 });
    await set("overwritten", {});
    await store.touch("touched", { ttlSeconds: 1_000 });
    await backups.createIncrementalBackup("full", { backupId: "one" });
    clock.time += 1_000;
    const expected = await contentOf(store);
    expect([...expected.values()].filter(({ expiresAt }) => expiresAt !== undefined).length).toBe(
      3,
    );
    const other = await openStore(clock.now);
    const there = await openManager(other, target, clock);
    await there.restoreBackup("one", { clearExisting: true });
    expect(await contentOf(other)).toEqual(expected);
    clock.time += 60_000;
    expect(await contentOf(other)).toEqual(await contentOf(store));
    expect(await other.has("one:ttl")).toBe(false);
  });
});

describe("defect 8 › buffered writes are left out", () => {
  async function bufferedSite() {
    const clock = new Clock();
    const memory = memoryBackend({ clock: clock.now });
    const backend = override(memory, {
      capabilities: { ...memory.capabilities, buffering: true },
    });
    const sync = new KeyValueSync({ clock: clock.now }); // never started: nothing is flushed by itself
    const store = await KeyValueStore.open({ backend, sync, bufferSizeMb: 1, clock: clock.now });
    onTestFinished(() => store.close());
    const target = memoryTarget();
    const below = await backend.namespace({ db: store.db, namespace: store.namespace });
    const backups = await BackupManager.open({ store, target, clock: clock.now });
    return { store, target, clock, backups, sync, below };
  }

  it("a full and an incremental hold what is buffered at their time, deletes included", async () => {
    const site = await bufferedSite();
    const { store, below, backups } = site;
    site.sync.start();
    onTestFinished(() => site.sync.stop());
    await store.setMany(["a", "b", "c"].map((key) => ({ key, value: "1" })));
    expect((await below.head()).count).toBe(0);
    await backups.createBackup({ backupId: "full" });
    expect((await runOf(site, "full")).map(sign)).toEqual(["+a", "+b", "+c"]);
    const { checkpoint } = await below.head();
    await store.set("d", "1");
    await store.delete("a");
    expect((await below.head()).checkpoint).toBe(checkpoint);
    await backups.createIncrementalBackup("full", { backupId: "one" });
    expect((await runOf(site, "one")).map(sign)).toEqual(["-a", "+d"]);
    await expectRestored(backups, "one", store);
  });

  it("skipUnchanged does not take what is buffered for unchanged", async () => {
    const { store, backups, sync } = await bufferedSite();
    sync.start();
    onTestFinished(() => sync.stop());
    await store.set("a", "1");
    await backups.createBackup({ backupId: "full" });
    await store.set("b", "1");
    const options = { backupId: "one", skipUnchanged: true };
    expect(await backups.createIncrementalBackup("full", options)).toMatchObject({
      backupId: "one",
      recordCount: 1,
    });
    const { backupId } = await backups.createIncrementalBackup("one", { skipUnchanged: true });
    expect(backupId).toBe("one");
  });
});

/** The backup, restored elsewhere, is the store. */
async function expectRestored(
  { repository }: BackupManager,
  backupId: string,
  store: KeyValueStore,
): Promise<void> {
  const { clock, random } = repository.host;
  const other = await openStore(clock);
  const options = { store: other, target: repository.target, clock, random };
  const { head } = await (await BackupManager.open(options)).restoreBackup(backupId, {
    clearExisting: true,
  });
  expect(head.digest).toBe((await store.storage.head()).digest);
  expect(await contentOf(other)).toEqual(await contentOf(store));
}
