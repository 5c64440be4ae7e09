// A checkpoint of one engine is none of another; and a copy of a copy is as good as the first.
import { BackupManager, memoryTarget } from "@nadb/backup";
import { KeyValueStore, memoryBackend } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { ALL, type Engine, isThere, opened, type Pair, pairsFrom } from "./all-engines.js";
import { clock, compressing, copyAndCompare } from "./chains.js";
import { STEPS } from "./hard-values.js";

async function storeOf(engine: Engine, name: string, keys: readonly string[]) {
  const backend = await opened(engine, name, clock);
  const store = await KeyValueStore.open({ backend, clock, closeBackend: false });
  for (const key of keys) await store.set(key, key);
  return store;
}

const isOfTwo = ({ from, into }: Pair): boolean => from !== into;

describe("an incremental on a parent that another engine made", () => {
  for (const pair of pairsFrom(ALL).filter(isOfTwo))
    it.skipIf(!isThere(pair))(
      `${pair.from}, then ${pair.into}: refused as expired; with fallbackToFull a full backup`,
      async () => {
        const target = memoryTarget();
        const first = await storeOf(pair.from, "one", ["x", "y"]);
        await (await BackupManager.open({ store: first, target, clock })).createBackup({
          backupId: "full",
        });
        const second = await storeOf(pair.into, "two", ["y", "z"]); // as many changes as the other
        const backups = await BackupManager.open({ store: second, target, clock });
        await expect(backups.createIncrementalBackup("full")).rejects.toMatchObject({
          code: "NADB_CHECKPOINT_EXPIRED",
          hint: expect.stringContaining("fallbackToFull"),
        });
        expect(await backups.listBackups()).toHaveLength(1);
        const next = await backups.createIncrementalBackup("full", { fallbackToFull: true });
        expect(next).toMatchObject({ backupType: "full", parentBackupId: null, recordCount: 2 });
        expect(next.stateDigest).toBe((await second.stats()).digest);
        await expect(
          backups.createIncrementalBackup("full", { skipUnchanged: true }),
        ).rejects.toMatchObject({ code: "NADB_CHECKPOINT_EXPIRED" });
      },
      60_000,
    );
});

describe("a copy", () => {
  it("of a copy brings all back, and leaves nothing but its own notes", async () => {
    const source = await compressing(memoryBackend({ clock }));
    for (const change of STEPS) await change(source);
    const there = await opened("a cluster in 4 partitions", "there", clock);
    const to = await copyAndCompare(source.storage, there);
    const back = await opened("fs", "back", clock);
    await copyAndCompare(to, back);
    const names: string[] = [];
    for await (const { namespace } of back.namespaces()) names.push(namespace);
    expect(names.sort()).toEqual(["default", "nadb.copies"]);
  });
});
