// Writing the run of a backup: from the change feed, brought into the order of its keys, packed, hashed, counted.
import {
  type ChangePage,
  type Checkpoint,
  changeKey,
  corruption,
  type EncodedChange,
  type Head,
  isSealed,
  NadbError,
  quote,
  type StorageNamespace,
} from "@nadb/core";
import { chooseFormat, type FormatOptions } from "./formats.js";
import type { Lease, LeaseHost } from "./lease.js";
import { type BackupInfo, cutChecksumOf, MANIFEST_VERSION } from "./manifest.js";
import { dataPath } from "./paths.js";
import type { LongWork } from "./progress.js";
import type { Repository } from "./repository.js";
import { HashedChunks } from "./run/hashed-chunks.js";
import { Pieces } from "./run/pieces.js";
import { RunTotals } from "./run/read-run.js";
import { inKeyOrder } from "./run/sort.js";

export interface WriteRunOptions extends LongWork, FormatOptions {
  /** What the backup is taken for: a name by the rule for names. Default none. */
  readonly label?: string;
}

export interface CreateHost extends LeaseHost {
  readonly repository: Repository;
  readonly storage: StorageNamespace;
  /** Encoded bytes that are sorted in memory at a time. Default 32 MiB. */
  readonly sortBytes?: number;
}

/** What there is to write: everything, or what has changed since a parent. */
export interface Source {
  readonly backupId: string;
  /** How many backups are taken together. Default 1. */
  readonly setSize?: number;
  readonly parent: BackupInfo | null;
}

interface Cut {
  head?: Head;
  /** When the cut was certainly taken, so that no change in it came later. */
  takenAt?: number;
}

/** Writes the data file of a backup, from one cut of the store, and answers its manifest, but for its place. */
export async function writeRun(
  host: CreateHost,
  { backupId, parent, setSize = 1 }: Source,
  lease: Lease,
  options: WriteRunOptions,
): Promise<BackupInfo> {
  const { repository, storage, clock } = host;
  const { target } = repository;
  const { format, codec } = chooseFormat(options);
  const totals = new RunTotals();
  const file = new HashedChunks();
  const cut: Cut = {};
  const pieces = new Pieces(target, backupId);
  const since = parent?.toCheckpoint ?? null;
  const feed = followFeed(host, since, cut, lease, options);
  const changes = counted(inKeyOrder(feed, pieces, host.sortBytes), totals, lease, options);
  const dataFile = format.fileName(codec);
  const path = dataPath(backupId, dataFile);
  await target.remove(path); // a dead writer's leftover; a live one can not publish over ours
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const data = file.pass(format.encode(changes, { codec, counts: () => totals }));
  await target.write(path, data, { ifAbsent: true, ...signal });
  await pieces.clear();
  return {
    backupId,
    sequence: 0, // its place is told when it is published
    timestamp: new Date(cut.takenAt ?? clock()).toISOString(),
    backupType: parent === null ? "full" : "incremental",
    sourceDb: storage.id.db,
    sourceNamespace: storage.id.namespace,
    fileCount: totals.recordCount + totals.tombstoneCount,
    recordCount: totals.recordCount,
    tombstoneCount: totals.tombstoneCount,
    totalSize: totals.totalSize,
    storedSize: file.size,
    checksum: file.checksum(),
    compression: codec !== "none",
    codec,
    label: options.label ?? null,
    setSize,
    parentBackupId: parent?.backupId ?? null,
    parentChecksum: parent && cutChecksumOf(parent),
    fromCheckpoint: since,
    fromVersion: parent?.toVersion ?? null,
    ...endOfRun(cut.head, parent === null ? totals : undefined),
    dataFile,
    format: format.name,
    formatVersion: MANIFEST_VERSION,
  };
}

/** A run in key order is read from one view, which is there with its first page; another one's cut is that of its end. */
async function* followFeed(
  { storage, clock }: CreateHost,
  since: Checkpoint | null,
  cut: Cut,
  lease: Lease,
  { signal }: LongWork,
): AsyncGenerator<ChangePage, void, undefined> {
  for await (const page of storage.changes(since, signal === undefined ? {} : { signal })) {
    for (const change of page.changes) if (isSealed(change)) throw sealed(change);
    if (page.end !== undefined) cut.head = page.end;
    if (page.inKeyOrder !== true || cut.takenAt === undefined) cut.takenAt = clock();
    yield page;
    await lease.renew();
  }
}

async function* counted(
  run: AsyncIterable<readonly EncodedChange[]>,
  totals: RunTotals,
  lease: Lease,
  { onProgress }: LongWork,
): AsyncGenerator<readonly EncodedChange[], void, undefined> {
  for await (const changes of run) {
    for (const change of changes) totals.add(change);
    yield changes;
    await lease.renew();
    const records = totals.recordCount + totals.tombstoneCount;
    onProgress?.({ phase: "read", records, bytes: totals.bytes });
  }
}

/** A backup holds values as their readers see them, and can be read without whoever sealed them. */
export const sealed = (record: EncodedChange): NadbError =>
  new NadbError(
    "NADB_UNSUPPORTED",
    `the value of ${quote(changeKey(record))} is sealed, for instance compressed: a backup carries plain values`,
    { hint: "back up the store, or the namespace that its decorator gives (compressValues)" },
  );

/** The cut, for a full compared with what was read: a feed that lost a record must not become a backup. */
function endOfRun(
  head: Head | undefined,
  totals: RunTotals | undefined,
): Pick<BackupInfo, "toCheckpoint" | "generation" | "toVersion" | "stateDigest"> &
  Required<Pick<BackupInfo, "stateCount" | "stateBytes">> {
  if (head === undefined) throw corruption("the change feed ended without a cut");
  if (totals && (head.count !== totals.recordCount || head.bytes !== totals.totalSize)) {
    throw corruption(
      `the store says it holds ${head.count} records of ${head.bytes} bytes, ` +
        `its feed gave ${totals.recordCount} of ${totals.totalSize}`,
    );
  }
  const { checkpoint: toCheckpoint, generation, version: toVersion, digest: stateDigest } = head;
  const { count: stateCount, bytes: stateBytes } = head;
  return { toCheckpoint, generation, toVersion, stateDigest, stateCount, stateBytes };
}
