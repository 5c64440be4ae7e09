// Backups taken while 8 writers write, and the proof that nothing is wrong with them: every version lands in exactly one
// run, no cut goes through a commit, and each backup restores to what the writers themselves say of its cut.
import {
  type BackupInfo,
  BackupManager,
  type BackupTarget,
  decodePack,
  memoryTarget,
} from "@nadb/backup";
import {
  changeKey,
  changeVersion,
  isTombstone,
  KeyValueStore,
  memoryBackend,
  type StorageNamespace,
} from "@nadb/core";
import { expect } from "vitest";
import { BoundaryOracle, type Cut } from "./boundary-oracle.js";
import type { Told } from "./boundary-writers.mjs";

const CHAIN = 6;

export interface Extent {
  /** At least so many versions are written while backups are made. */
  readonly writes: number;
  /** At least so many backups are made. */
  readonly backups: number;
}

/** What the writers have told: one entry for each commit. */
export class Log {
  readonly commits: (readonly Told[])[] = [];
  /** Versions written. */
  writes = 0;

  readonly tell = (changes: readonly Told[]): void => {
    if (changes.length > 0) this.commits.push(changes);
    this.writes += changes.length;
  };
}

/** Writers at work; `log` grows as they tell. */
export interface Writers {
  readonly log: Log;
  /** Resolves when all that was written has been told. */
  stop(): Promise<void>;
}

export const turn = (): Promise<void> => new Promise(setImmediate);

/** Gives the writers a turn at each step, so that backups take their time. */
const lingering = (target: BackupTarget): BackupTarget =>
  new Proxy(target, {
    get(inner, name: keyof BackupTarget) {
      const member = inner[name];
      if (typeof member !== "function") return member;
      const bound = (member as (...args: unknown[]) => unknown).bind(inner);
      if (name === "read" || name === "isGone") return bound;
      return async (...args: unknown[]) => {
        await turn();
        return bound(...args);
      };
    },
  });

export async function prove(
  storage: StorageNamespace,
  start: () => Writers,
  extent: Extent,
): Promise<void> {
  const target = lingering(memoryTarget());
  const manager = await BackupManager.open({ store: storage, target });
  await storage.commit([{ type: "put", key: "first", value: new Uint8Array(1) }]);
  await storage.commit([{ type: "delete", key: "first" }]);
  const writers = start();
  const infos = await takeBackups(manager, writers, extent).finally(() => writers.stop());
  const quiet = await manager.createIncrementalBackup(infos.at(-1)?.backupId as string);
  const all = [...infos, quiet];
  await assertRuns(target, all, writers.log);
  const restored = await restoreEach(target, all);
  expect(await contentOf(restored.storage)).toEqual(await contentOf(storage));
  await restored.close();
}

/** Fulls and incrementals, one after the other, until enough was written while they were made. */
async function takeBackups(
  manager: BackupManager,
  { log }: Writers,
  { writes, backups }: Extent,
): Promise<readonly BackupInfo[]> {
  const infos: BackupInfo[] = [];
  let atBoundaries = 0;
  while (log.writes === 0) await turn(); // processes take a while to start
  while (atBoundaries < writes || infos.length < backups) {
    const before = log.writes;
    const options = { backupId: `b${infos.length}`, compression: infos.length % 2 === 0 };
    const parent = infos.length % CHAIN === 0 ? undefined : infos.at(-1);
    infos.push(
      parent === undefined
        ? await manager.createBackup(options)
        : await manager.createIncrementalBackup(parent.backupId, options),
    );
    atBoundaries += log.writes - before;
  }
  return infos;
}

async function assertRuns(target: BackupTarget, infos: readonly BackupInfo[], log: Log) {
  const partitions = cutOf(infos[0] as BackupInfo).length;
  const oracle = new BoundaryOracle(log.commits, partitions);
  let inChain = new Set<string>();
  for (const info of infos) {
    oracle.advance(cutOf(info));
    const isFull = info.backupType === "full";
    if (isFull) inChain = new Set();
    const run = await runOf(target, info);
    if (isFull) assertFull(run, oracle);
    else expect(run).toEqual(oracle.changed());
    for (const version of run) {
      expect(inChain.has(version)).toBe(false);
      inChain.add(version);
    }
    expect(info.stateDigest).toBe(oracle.digest);
  }
}

function assertFull(run: readonly string[], oracle: BoundaryOracle): void {
  expect(run.filter((change) => change.startsWith("+"))).toEqual(oracle.everything());
  const deletes = new Set(oracle.deletes());
  expect(run.filter((change) => change.startsWith("-") && !deletes.has(change))).toEqual([]);
}

/** The changes in one backup's file, in the oracle's words. */
async function runOf(target: BackupTarget, info: BackupInfo): Promise<string[]> {
  const found: string[] = [];
  const bytes = target.read(`${info.backupId}/${info.dataFile}`);
  for await (const changes of decodePack(bytes, info.storedSize)) {
    for (const change of changes) {
      found.push(`${isTombstone(change) ? "-" : "+"}${changeKey(change)}@${changeVersion(change)}`);
    }
  }
  return found.sort();
}

/** Where a backup ends: embedded engines call it "generation-version-reign", Redis "generation-server.version_server.version". */
function cutOf({ toCheckpoint }: BackupInfo): Cut {
  const points = (toCheckpoint.split("-")[1] as string).split("_");
  return points.map((point) => Number(point.slice(point.indexOf(".") + 1)));
}

/** Each into a store of its own; answers the last one's. */
async function restoreEach(
  target: BackupTarget,
  infos: readonly BackupInfo[],
): Promise<KeyValueStore> {
  let store: KeyValueStore | undefined;
  for (const { backupId, stateDigest } of infos) {
    await store?.close();
    store = await KeyValueStore.open({ backend: memoryBackend() });
    const manager = await BackupManager.open({ store, target });
    const { head } = await manager.restoreBackup(backupId, { clearExisting: true });
    expect(head.digest).toBe(stateDigest);
  }
  return store as KeyValueStore;
}

async function contentOf(storage: StorageNamespace): Promise<unknown[]> {
  const { items } = await storage.keys({ limit: 10_000 });
  return (await storage.getMany(items)).map((record) => ({
    ...record,
    version: 0,
    value: Buffer.from(record?.value ?? []).toString(),
  }));
}
