// Backups of a store whose server is set back while they read it: what would not be the store at one instant is not made.
import { redisBackend } from "@nadb/backend-redis";
import { BackupManager, type BackupTarget, memoryTarget } from "@nadb/backup";
import { type ChangePage, KeyValueStore, memoryBackend, type StorageNamespace } from "@nadb/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Server, startServer } from "../../../packages/backend-redis/test/servers/index.js";

const ID = { db: "default", namespace: "default" };
const RECORDS = 6_000;
const put = (number: number, value: string) =>
  ({ type: "put", key: `k${number}`, value: Buffer.from(value), tags: [] }) as const;

interface Place {
  readonly one: StorageNamespace;
  readonly backups: BackupManager;
  readonly target: BackupTarget;
  /** During the next run a record is written past it, and the server dies and comes back with what it had saved. */
  setBack(): void;
}

async function place(): Promise<Place> {
  const server = await startServer();
  onTestFinished(() => server.stop());
  const backend = redisBackend({ url: server.url, retrySeconds: 20 });
  onTestFinished(() => backend.close());
  await backend.open();
  const one = await backend.namespace(ID);
  let isDue = false;
  const store = withRuns(one, (pages) => {
    if (!isDue) return pages;
    isDue = false;
    return setBackDuring(pages, server, one);
  });
  const target = memoryTarget();
  const backups = await BackupManager.open({ store, target });
  const setBack = (): void => {
    isDue = true;
  };
  return { one, backups, target, setBack };
}

type Pages = AsyncIterable<ChangePage>;

const withRuns = (of: StorageNamespace, change: (pages: Pages) => Pages): StorageNamespace =>
  new Proxy(of, {
    get(target, name) {
      const value = target[name as keyof StorageNamespace] as unknown;
      if (typeof value !== "function") return value;
      if (name !== "changes") return value.bind(target);
      return (...args: Parameters<StorageNamespace["changes"]>) => change(target.changes(...args));
    },
  });

async function* setBackDuring(pages: Pages, server: Server, one: StorageNamespace): Pages {
  await server.call("SAVE");
  let count = 0;
  for await (const page of pages) {
    if (++count === 2) await one.commit([put(3_500, "later")]);
    if (count === 9) {
      await server.kill();
      await server.restart();
    }
    yield page;
  }
}

async function fill(one: StorageNamespace): Promise<void> {
  for (let i = 0; i < RECORDS; i += 500) {
    await one.commit(Array.from({ length: 500 }, (_, j) => put(i + j, "1")));
  }
}

async function restored(target: BackupTarget, backupId: string): Promise<string> {
  const store = await KeyValueStore.open({ backend: memoryBackend() });
  const backups = await BackupManager.open({ store, target });
  const { head } = await backups.restoreBackup(backupId, { clearExisting: true });
  return head.digest;
}

describe("a server that is set back while a backup is made of it", () => {
  it("a full is refused as expired, and the next one is what the store holds", async () => {
    const { one, backups, target, setBack } = await place();
    await fill(one);
    setBack();
    await expect(backups.createBackup({ backupId: "full" })).rejects.toMatchObject({
      code: "NADB_CHECKPOINT_EXPIRED",
      hint: expect.any(String),
    });
    expect(await backups.listBackups()).toEqual([]);
    await backups.createBackup({ backupId: "full" });
    expect(await restored(target, "full")).toBe((await one.head()).digest);
  });

  it("an incremental is refused as expired, and the next one can be restored", async () => {
    const { one, backups, target, setBack } = await place();
    await one.commit([put(RECORDS, "1")]);
    await backups.createBackup({ backupId: "full" });
    await fill(one);
    setBack();
    await expect(
      backups.createIncrementalBackup("full", { backupId: "next" }),
    ).rejects.toMatchObject({ code: "NADB_CHECKPOINT_EXPIRED", hint: expect.any(String) });
    const next = await backups.createIncrementalBackup("full", { backupId: "next" });
    expect(next).toMatchObject({ backupType: "incremental", recordCount: RECORDS });
    expect(await restored(target, "next")).toBe((await one.head()).digest);
  });
});
