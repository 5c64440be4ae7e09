// Consolidation: the run of a backup merged with those before it, in place. The cut stays what it was, so the id, the
// restore and whatever hangs on the backup stay; what it needs becomes less. Runs are a chain of (from, to]: merged onto
// an ancestor it is still an incremental, merged onto nothing a full. INVARIANT: the merged data is durable, read back and
// proven before the manifest names it, and the data it replaces goes after that, once nobody reads it.
import { type EncodedChange, isTombstone, NadbError, quote, toHex } from "@nadb/core";
import { checkLink } from "./chain.js";
import { dividedAt } from "./consolidation-plan.js";
import { removeRemains } from "./discard.js";
import { formatOf, type WritableFormat } from "./formats.js";
import { confirmAll, Lease, type LeaseHost, locked } from "./lease.js";
import { type BackupInfo, cutChecksumOf } from "./manifest.js";
import { dataPath, mergedDataFile } from "./paths.js";
import type { LongWork } from "./progress.js";
import type { Reading } from "./reading.js";
import type { Repository } from "./repository.js";
import { HashedChunks } from "./run/hashed-chunks.js";
import { mergeRuns } from "./run/merge.js";
import { RunTotals, readRun } from "./run/read-run.js";
import { provenState } from "./run/state.js";
import { keptOfRun } from "./taken-run.js";

export interface ConsolidateOptions extends LongWork {
  /** The ancestor that it goes on from afterwards. Default null: it becomes a full backup. */
  readonly onto?: string | null;
}

export interface ConsolidateHost extends LeaseHost {
  readonly repository: Repository;
}

/**
 * Answers the manifest of the merged backup; the one there is when there is nothing to merge. Throws NADB_NOT_FOUND,
 * NADB_CORRUPTION, NADB_LOCKED while somebody else merges it, NADB_CONFLICT when it was changed or deleted meanwhile.
 */
export async function consolidate(
  { repository, ...host }: ConsolidateHost,
  backupId: string,
  options: ConsolidateOptions = {},
): Promise<BackupInfo> {
  await repository.checkWritable();
  await using reading = await repository.reading(backupId);
  const { chain } = reading;
  const tip = chain.at(-1) as BackupInfo;
  const { kept, merged } = dividedAt(chain, options.onto ?? null);
  if (merged.length === 1) return tip;
  const lease = await Lease.acquire(repository.target, backupId, host, "merge");
  try {
    return await replaced(repository, host, { reading, lease, tip, kept, merged }, options);
  } finally {
    await lease.release().catch(() => undefined); // it ends by itself
  }
}

/** As `BackupManager.consolidateBackup`, for callers that have no store. */
export const consolidateBackup = (
  repository: Repository,
  backupId: string,
  options: ConsolidateOptions = {},
): Promise<BackupInfo> => consolidate({ repository, ...repository.host }, backupId, options);

function newNonce({ random }: LeaseHost): string {
  const bytes = new Uint8Array(4);
  random(bytes);
  return toHex(bytes);
}

interface Merge {
  readonly reading: Reading;
  readonly lease: Lease;
  readonly tip: BackupInfo;
  readonly kept: readonly BackupInfo[];
  /** The tip's own run is the last. */
  readonly merged: readonly BackupInfo[];
}

async function replaced(
  repository: Repository,
  host: LeaseHost,
  merge: Merge,
  options: ConsolidateOptions,
): Promise<BackupInfo> {
  const { target } = repository;
  const { reading, lease, tip, kept } = merge;
  const format = formatOf(tip) as WritableFormat;
  const dataFile = mergedDataFile(format.fileName(tip.codec), host.clock(), newNonce(host));
  await checkUnchanged(repository, tip); // by somebody who merged it before the lease was ours
  try {
    const info = await write(target, merge, dataFile, options);
    for await (const _ of provenState(reading.with([...kept, info]), "check", options))
      await lease.renew();
    await lease.confirm();
    await publish(repository, host, info, merge);
    return info;
  } catch (error) {
    await discard(repository, merge, dataFile).catch(() => undefined); // or else it is swept
    throw error;
  }
}

/** Removes what was written, unless somebody has taken over or the manifest names it: its write may fail and be done. */
async function discard(
  repository: Repository,
  { lease, tip }: Merge,
  dataFile: string,
): Promise<void> {
  await lease.confirm();
  if ((await repository.get(tip.backupId)).dataFile === dataFile) return;
  await repository.target.remove(dataPath(tip.backupId, dataFile));
}

async function write(
  target: Repository["target"],
  { reading, lease, tip, kept, merged }: Merge,
  dataFile: string,
  options: ConsolidateOptions,
): Promise<BackupInfo> {
  const parent = kept.at(-1) ?? null;
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const runs = mergeRuns(merged.map((info) => readRun(target, info, { ...signal, ahead: 1 })));
  const totals = new RunTotals();
  const changes = counted(runs, totals, parent === null, async () => {
    await lease.renew();
    await reading.renew();
    options.onProgress?.({ phase: "read", records: totals.changeCount, bytes: totals.bytes });
  });
  const file = new HashedChunks();
  const format = formatOf(tip) as WritableFormat;
  const data = file.pass(format.encode(changes, { codec: tip.codec, counts: () => totals }));
  await target.write(dataPath(tip.backupId, dataFile), data, { ifAbsent: true, ...signal });
  return {
    ...tip,
    ...keptOfRun(tip, merged.at(-2) as BackupInfo),
    backupType: parent === null ? "full" : "incremental",
    fileCount: totals.changeCount,
    recordCount: totals.recordCount,
    tombstoneCount: totals.tombstoneCount,
    totalSize: totals.totalSize,
    storedSize: file.size,
    checksum: file.checksum(),
    parentBackupId: parent?.backupId ?? null,
    parentChecksum: parent && cutChecksumOf(parent),
    fromCheckpoint: parent?.toCheckpoint ?? null,
    fromVersion: parent?.toVersion ?? null,
    dataFile,
  };
}

/** The changes, counted; a full needs no tombstones. */
async function* counted(
  runs: AsyncIterable<readonly EncodedChange[]>,
  totals: RunTotals,
  isFull: boolean,
  afterBatch: () => Promise<void>,
): AsyncGenerator<readonly EncodedChange[], void, undefined> {
  for await (const batch of runs) {
    const changes = isFull ? batch.filter((change) => !isTombstone(change)) : batch;
    for (const change of changes) totals.add(change);
    yield changes;
    await afterBatch();
  }
}

/** Under the leases of the backup and of its new parent, always the younger first: so nobody waits for each other. */
async function publish(
  repository: Repository,
  host: LeaseHost,
  info: BackupInfo,
  { reading, lease, tip, kept }: Merge,
): Promise<void> {
  const parent = kept.at(-1);
  const { target } = repository;
  const held = [lease];
  const renew = async () => {
    for (const one of held) await one.renew();
  };
  try {
    const own = await Lease.acquireSoon(target, info.backupId, host, renew);
    held.push(own);
    if (parent !== undefined)
      held.push(await Lease.acquireSoon(target, parent.backupId, host, renew));
    await checkUnchanged(repository, tip);
    if (parent !== undefined) checkLink(info, await repository.get(parent.backupId));
    await reading.release(); // the data that is replaced is not ours to hold any more
    await confirmAll(held);
    await repository.replace(info);
    if (await own.isOurs()) return;
    await removeRemains(repository, info.backupId, info); // who deleted it before our manifest was there has taken our data, too
    throw locked(info.backupId);
  } finally {
    await Promise.allSettled(held.slice(1).map((one) => one.release()));
  }
}

async function checkUnchanged(repository: Repository, tip: BackupInfo): Promise<void> {
  const now = await repository.get(tip.backupId);
  if (now.dataFile === tip.dataFile && now.checksum === tip.checksum) return;
  throw new NadbError(
    "NADB_CONFLICT",
    `the backup ${quote(tip.backupId)} was changed while it was being merged`,
    { hint: "try again" },
  );
}
