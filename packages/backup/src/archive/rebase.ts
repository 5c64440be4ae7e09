// A full backup at a point of the archive, made of a base and segments without touching the store: behind it the archive can
// let go what lies before it.
import type { EncodedChange, NamespaceId } from "@nadb/core";
import { letGo, newBackupId } from "../create.js";
import { discard } from "../discard.js";
import { confirmAll, Lease } from "../lease.js";
import { type BackupInfo, MANIFEST_VERSION } from "../manifest.js";
import { codecFor } from "../pack/codecs.js";
import { encodePack } from "../pack/writer.js";
import { dataPath, PACK_FILE } from "../paths.js";
import type { Repository } from "../repository.js";
import { HashedChunks } from "../run/hashed-chunks.js";
import { RunTotals } from "../run/read-run.js";
import { provenState } from "../run/state.js";
import { located, readSegments } from "./segments.js";
import { planPoint, type Timeline, type TimelinePoint } from "./timeline.js";
import type { SegmentHost } from "./write-segment.js";

/** The label of the backups that the archive makes for itself. */
export const ARCHIVE_LABEL = "archive";

interface RebaseHost extends SegmentHost {
  readonly repository: Repository;
}

/** Proven: the state digest of what was read is that of the point, and the backup reads back so. */
export async function rebase(
  host: RebaseHost,
  id: NamespaceId,
  timeline: Timeline,
  point: TimelinePoint,
): Promise<BackupInfo> {
  const { repository, target } = host;
  const { base, segments } = planPoint(timeline, point);
  const infos = await readSegments(target, id, segments);
  await using reading = await repository.reading(base.backupId);
  const source = reading.with([...reading.chain, ...infos.map((info) => located(id, info))]);
  const backupId = newBackupId(ARCHIVE_LABEL, repository.host);
  await repository.checkUnused(backupId);
  const lease = await Lease.acquire(target, backupId, repository.host);
  let info: BackupInfo | undefined;
  try {
    const state = between(provenState(source, "read", {}), host, lease);
    const timestamp = new Date(point.time).toISOString();
    const cut = { ...(infos.at(-1) ?? base), timestamp }; // a base of this state may have been taken later
    info = await write(host, backupId, state, [base, cut]);
    for await (const _ of between(
      provenState({ target, chain: [info] }, "check", {}),
      host,
      lease,
    ));
    await confirmAll([lease]);
    await repository.publish(info);
    await lease.confirm();
    await letGo(lease);
    return info;
  } catch (error) {
    await discard(repository, lease, info);
    throw error;
  }
}

async function* between(
  state: AsyncIterable<readonly EncodedChange[]>,
  host: RebaseHost,
  lease: Lease,
): AsyncGenerator<readonly EncodedChange[], void, undefined> {
  for await (const records of state) {
    yield records;
    await lease.renew();
    await host.lease.renew();
    await host.between?.();
  }
}

/** Its place among the backups is that of the base: it is of an earlier cut than whatever came since. */
async function write(
  { target, compression }: RebaseHost,
  backupId: string,
  state: AsyncIterable<readonly EncodedChange[]>,
  [base, cut]: readonly [BackupInfo, BackupInfo],
): Promise<BackupInfo> {
  const codec = codecFor(compression);
  const totals = new RunTotals();
  const file = new HashedChunks();
  const pack = encodePack(counted(state, totals), { codec, counts: () => totals });
  await target.write(dataPath(backupId, PACK_FILE), file.pass(pack), { ifAbsent: true });
  return {
    ...cut,
    backupId,
    sequence: base.sequence,
    backupType: "full",
    fileCount: totals.recordCount,
    recordCount: totals.recordCount,
    tombstoneCount: 0,
    totalSize: totals.totalSize,
    storedSize: file.size,
    checksum: file.checksum(),
    compression: codec !== "none",
    codec,
    label: ARCHIVE_LABEL,
    setSize: 1,
    parentBackupId: null,
    parentChecksum: null,
    fromCheckpoint: null,
    fromVersion: null,
    dataFile: PACK_FILE,
    format: "nadb-pack",
    formatVersion: MANIFEST_VERSION,
  };
}

async function* counted(
  state: AsyncIterable<readonly EncodedChange[]>,
  totals: RunTotals,
): AsyncGenerator<readonly EncodedChange[], void, undefined> {
  for await (const records of state) {
    for (const record of records) totals.add(record);
    yield records;
  }
}
