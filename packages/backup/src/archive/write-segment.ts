// Writing a segment: from the change feed, or merged from the segments it takes the place of. INVARIANT (write order): data
// file, durable → read back and compared → manifest, while the lease is held. A segment that fails anywhere is not listed.
import {
  type ChangePage,
  type EncodedChange,
  type Head,
  isSealed,
  type NamespaceId,
  type StorageNamespace,
} from "@nadb/core";
import { confirmAll, type Lease } from "../lease.js";
import { type BackupInfo, encodeManifest, MANIFEST_VERSION } from "../manifest.js";
import { type Compression, codecFor } from "../pack/codecs.js";
import { encodePack } from "../pack/writer.js";
import { HashedChunks } from "../run/hashed-chunks.js";
import type { SortedRun } from "../run/merge.js";
import { Pieces } from "../run/pieces.js";
import { RunTotals, readRun } from "../run/read-run.js";
import { inKeyOrder } from "../run/sort.js";
import type { BackupTarget } from "../target.js";
import { sealed } from "../write-run.js";
import { dataFile, generationFolder, manifestFile, namedSegment, type Segment } from "./names.js";
import { located } from "./segments.js";

export interface SegmentHost {
  readonly target: BackupTarget;
  readonly lease: Lease;
  readonly clock: () => number;
  readonly compression?: Compression;
  /** Encoded bytes that are sorted in memory at a time. Default 32 MiB. */
  readonly sortBytes?: number;
  /** Called often during long work. */
  readonly between?: () => Promise<void>;
}

/** Where a segment begins. */
export interface Position {
  readonly generation: string;
  readonly version: number;
  readonly checkpoint: string;
  readonly stateDigest: string;
  /** When somebody last saw that the namespace stood here. */
  readonly seenAt: number;
}

export interface Written {
  readonly segment: Segment;
  readonly info: BackupInfo;
}

/** The cut of a segment, as its manifest has it. */
export type SegmentCut = Pick<
  BackupInfo,
  "timestamp" | "fromCheckpoint" | "toCheckpoint" | "stateDigest" | "stateCount" | "stateBytes"
>;

/**
 * What has changed since `since`, as a segment; undefined when nothing has. Throws NADB_CHECKPOINT_EXPIRED when the store
 * can not tell, NADB_LOCKED when somebody else has taken over.
 */
export async function writeChanges(
  host: SegmentHost,
  storage: StorageNamespace,
  since: Position,
): Promise<Written | undefined> {
  const { target, clock } = host;
  const pieces = new Pieces(target, generationFolder(storage.id, since.generation));
  const end: { head?: Head } = {};
  const pages = versionOrdered(host, storage, since, end);
  const sorted = inKeyOrder(pages, pieces, host.sortBytes)[Symbol.asyncIterator]();
  const first = await sorted.next(); // comes when the feed has been read to its end
  const { head } = end;
  if (head === undefined || head.version <= since.version) return undefined;
  const now = clock();
  const segment = namedSegment({
    generation: since.generation,
    from: since.version,
    to: head.version,
    time: now,
    unwatchedMs: Math.max(0, now - since.seenAt),
  });
  const written = await writeSegment(host, storage.id, segment, rest(first, sorted), {
    timestamp: new Date(now).toISOString(),
    fromCheckpoint: since.checkpoint,
    toCheckpoint: head.checkpoint,
    stateDigest: head.digest,
    stateCount: head.count,
    stateBytes: head.bytes,
  });
  await pieces.clear();
  return written;
}

/** Without the word that it comes in key order: the end of the feed must be known before the first change is written. */
async function* versionOrdered(
  { lease, between }: SegmentHost,
  storage: StorageNamespace,
  since: Position,
  end: { head?: Head },
): AsyncGenerator<ChangePage, void, undefined> {
  for await (const page of storage.changes(since.checkpoint)) {
    for (const change of page.changes) if (isSealed(change)) throw sealed(change);
    if (page.end !== undefined) end.head = page.end;
    yield { changes: page.changes };
    await lease.renew();
    await between?.();
  }
}

async function* rest<T>(
  first: IteratorResult<T, void>,
  others: AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  if (first.done) return;
  yield first.value;
  yield* others;
}

/** Writes a run under the name of a segment, proves that it reads back so, and makes it exist. */
export async function writeSegment(
  host: SegmentHost,
  id: NamespaceId,
  segment: Segment,
  run: SortedRun,
  cut: SegmentCut,
): Promise<Written> {
  const { target } = host;
  const folder = generationFolder(id, segment.generation);
  const codec = codecFor(host.compression);
  const totals = new RunTotals();
  const file = new HashedChunks();
  const path = `${folder}/${dataFile(segment.name)}`;
  const pack = encodePack(counted(run, totals, host), { codec, counts: () => totals });
  await target.write(path, file.pass(pack), { ifAbsent: true });
  const info: BackupInfo = {
    ...cut,
    backupId: segment.name,
    sequence: 0,
    backupType: "segment",
    sourceDb: id.db,
    sourceNamespace: id.namespace,
    fileCount: totals.recordCount + totals.tombstoneCount,
    recordCount: totals.recordCount,
    tombstoneCount: totals.tombstoneCount,
    totalSize: totals.totalSize,
    storedSize: file.size,
    checksum: file.checksum(),
    compression: codec !== "none",
    codec,
    label: null,
    setSize: 1,
    parentBackupId: null,
    parentChecksum: null,
    generation: segment.generation,
    fromVersion: segment.from,
    toVersion: segment.to,
    dataFile: dataFile(segment.name),
    format: "nadb-pack",
    formatVersion: MANIFEST_VERSION,
  };
  await prove(host, id, info);
  await publish(host, id, info);
  return { segment, info };
}

/** Where somebody else has taken over, and swept what was being written, that is what is told. */
async function prove(
  { target, lease }: SegmentHost,
  id: NamespaceId,
  info: BackupInfo,
): Promise<void> {
  try {
    for await (const _ of readRun(target, located(id, info), {})) await lease.renew();
  } finally {
    await confirmAll([lease]);
  }
}

/**
 * Who takes over before the manifest is there goes on from an earlier cut, which does no harm: segments may overlap. It may
 * have swept the data, too; then the manifest goes.
 */
async function publish(
  { target, lease }: SegmentHost,
  id: NamespaceId,
  info: BackupInfo,
): Promise<void> {
  const folder = generationFolder(id, info.generation);
  const path = `${folder}/${manifestFile(info.backupId)}`;
  await target.write(path, [encodeManifest(info)], { ifAbsent: true });
  try {
    await lease.confirm();
  } catch (error) {
    if ((await target.size(`${folder}/${info.dataFile}`)) === undefined) await target.remove(path);
    throw error;
  }
}

async function* counted(
  run: SortedRun,
  totals: RunTotals,
  { lease, between }: SegmentHost,
): AsyncGenerator<readonly EncodedChange[], void, undefined> {
  for await (const changes of run) {
    for (const change of changes) totals.add(change);
    yield changes;
    await lease.renew();
    await between?.();
  }
}
