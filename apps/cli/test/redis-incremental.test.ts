// What a backup costs a Redis server: the commands it executed, those of scripts included, and the bytes it answered.
import { redisBackend } from "@nadb/backend-redis";
import { BackupManager, memoryTarget } from "@nadb/backup";
import { KeyValueStore } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { type Server, sharedServer } from "../../../packages/backend-redis/test/servers/index.js";

const server = sharedServer();
const FEW = 1_000;
const BATCH = 5_000;

/** What the server has done since `reset`. */
interface Work {
  readonly commands: number;
  readonly bytes: number;
}

const reset = (on: Server): Promise<unknown> => on.call("CONFIG", "RESETSTAT");

async function workOf(on: Server): Promise<Work> {
  const calls = String(await on.call("INFO", "commandstats")).matchAll(/:calls=(\d+)/g);
  const bytes = /total_net_output_bytes:(\d+)/.exec(String(await on.call("INFO", "stats")))?.[1];
  return { commands: [...calls].reduce((sum, [, n]) => sum + Number(n), 0), bytes: Number(bytes) };
}

const keyOf = (i: number): string => `user:{${i}}`;

async function fill(store: KeyValueStore, count: number): Promise<void> {
  for (let from = 0; from < count; from += BATCH) {
    const keys = Array.from({ length: Math.min(BATCH, count - from) }, (_, i) => keyOf(from + i));
    await Promise.all(keys.map((key) => store.set(key, "some value", { tags: ["user"] })));
  }
}

/** 100 changes, spread over all records. */
async function change(store: KeyValueStore, count: number): Promise<void> {
  const step = count / 100;
  for (let i = 0; i < 100; i++) {
    const key = keyOf(i * step);
    if (i % 4 === 0) await store.delete(key);
    else if (i % 4 === 1) await store.touch(key, { ttlSeconds: 10_000 });
    else await store.set(key, "another", { tags: ["user", "changed"] });
  }
}

async function measure(count: number, partitions: number): Promise<{ full: Work; next: Work }> {
  const backend = redisBackend({ url: server().url, prefix: `of${count}`, partitions });
  await using store = await KeyValueStore.open({ backend });
  await fill(store, count);
  const backups = await BackupManager.open({ store, target: memoryTarget() });
  await reset(server());
  expect((await backups.createBackup({ backupId: "full" })).recordCount).toBe(count);
  const full = await workOf(server());
  await change(store, count);
  await reset(server());
  const { recordCount, tombstoneCount } = await backups.createIncrementalBackup("full");
  expect([recordCount, tombstoneCount]).toEqual([75, 25]);
  return { full, next: await workOf(server()) };
}

describe("an incremental costs what has changed, not what there is", () => {
  it.each([
    [1, 100_000],
    [4, 20_000],
  ])(
    "in %d partitions, 100 changes of 1,000 records and of %d",
    async (partitions, large) => {
      const few = await measure(FEW, partitions);
      const many = await measure(large, partitions);
      expect(many.next.commands).toBeLessThan(few.next.commands * 1.1 + 10);
      expect(many.next.bytes).toBeLessThan(few.next.bytes * 1.1 + 1_000);
      const atLeast = large / FEW / 2; // what a full costs more: so it would have been seen
      expect(many.full.commands).toBeGreaterThan(few.full.commands * atLeast);
      expect(many.full.bytes).toBeGreaterThan(few.full.bytes * atLeast);
    },
    60_000,
  );
});
