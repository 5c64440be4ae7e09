// A backup that was taken, and what it must hold: exactly what could be read at the instant of its cut.
import assert from "node:assert/strict";
import type { BackupInfo, BackupManager } from "@nadb/backup";
import type { StoredRecord } from "@nadb/core";
import { type Content, contentOf } from "../assertions.js";
import { isReadable } from "../check.js";
import { measure } from "../runs.js";
import type { Cut } from "./lineage.js";
import type { Instant, Place } from "./place.js";

export interface Taken extends Cut {
  readonly backupId: string;
  readonly parent: Taken | undefined;
  readonly place: Place;
  /** When the cut was taken. */
  readonly at: number;
  readonly digest: string;
  /** At the cut, in key order; records that had expired and were not swept are among them. */
  readonly records: readonly Content[];
}

/** Reads the new backup and fails unless it holds what stood at one of the instants, and says so. */
export async function assertTaken(
  info: BackupInfo,
  place: Place,
  parent: Taken | undefined,
  instants: readonly Instant[],
): Promise<Taken> {
  const { backupId, toCheckpoint: checkpoint, stateDigest: digest } = info;
  const at = Date.parse(info.timestamp);
  assert.equal(at, place.now, "the time of the backup");
  const instant = instants.find(({ head }) => head.checkpoint === checkpoint);
  assert.ok(instant !== undefined, `the cut of ${backupId} is none of the instants there were`);
  const records = await recordsOf(place.backups, backupId);
  assertIsCut(records.map(contentOf), instant, at);
  assert.deepEqual(
    { digest, count: records.length },
    { digest: instant.head.digest, count: instant.head.count },
    `digest and count of ${backupId}`,
  );
  assert.equal(measure(records).digest, digest, `the digest of what ${backupId} holds`);
  const taken = {
    backupId,
    parent,
    place,
    at,
    checkpoint,
    digest,
    records: records.map(contentOf),
  };
  assert.equal(info.parentBackupId, parent?.backupId ?? null, "the parent");
  assert.deepEqual(await chainIds(place.backups, backupId), idsOf(taken), "the chain");
  return taken;
}

function assertIsCut(records: readonly Content[], { readable }: Instant, at: number): void {
  const held = records.filter((record) => isReadable(record, at));
  assert.deepEqual(held, readable, "what the backup holds");
}

async function recordsOf(backups: BackupManager, backupId: string): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  for await (const record of backups.readBackup(backupId)) {
    records.push({ ...record, value: new Uint8Array(record.value) });
  }
  return records;
}

const chainIds = async (backups: BackupManager, backupId: string): Promise<string[]> =>
  (await backups.getChain(backupId)).map((info) => info.backupId);

/** Oldest first. */
const idsOf = ({ backupId, parent }: Taken): string[] =>
  parent === undefined ? [backupId] : [...idsOf(parent), backupId];
