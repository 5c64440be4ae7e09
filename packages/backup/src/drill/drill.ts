// Drills: a backup restored for real, into a scratch namespace that is removed again, compared and timed. INVARIANT: a drill
// that is ok has read back from the store, record by record, the state digest that the manifest has.
import {
  type EncodedChange,
  isTombstone,
  NadbError,
  type NamespaceId,
  recordValueLength,
  StateDigest,
  type StorageNamespace,
} from "@nadb/core";
import { backupsOf } from "../archive/segments.js";
import { recordEvidence } from "../evidence.js";
import { asFinding, type Finding } from "../finding.js";
import type { BackupInfo } from "../manifest.js";
import type { LongWork } from "../progress.js";
import type { Reading } from "../reading.js";
import type { Repository } from "../repository.js";
import { StagedRestore } from "../restore.js";
import type { RestoreSource } from "../restore-source.js";
import { provenState } from "../run/state.js";
import { Selection } from "../selection.js";
import { type DrillBackend, Scratch } from "./scratch.js";

export interface DrillOptions extends LongWork {
  /** Where the scratch namespace is made, and removed again: an open backend. */
  readonly backend: DrillBackend;
  /** The database it is made in. Default: the one of the backup. */
  readonly db?: string;
  /** Keep what was found as evidence beside the backup. Default true. */
  readonly record?: boolean;
}

export interface Drill {
  readonly backupId: string;
  /** It was restored, and what the store then held was the state of its cut. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  /** Of the backend that it was restored into. */
  readonly backend: string;
  /** What was restored: records, and bytes of their values; 0 when it was not. */
  readonly recordCount: number;
  readonly bytes: number;
  readonly stateDigest: string;
  /** How long the restore took, its proof before included; what was compared afterwards is not counted. */
  readonly seconds: number;
  /** 0 where no time passed. */
  readonly recordsPerSecond: number;
  readonly bytesPerSecond: number;
  /** Kept as evidence in the backup's folder. */
  readonly recorded: boolean;
}

/** Throws NADB_NOT_FOUND, and whatever is no fault of the backup; then nothing is recorded and no scratch is left. */
export async function drillBackup(
  repository: Repository,
  backupId: string,
  options: DrillOptions,
): Promise<Drill> {
  let reading: Reading;
  try {
    reading = await repository.reading(backupId);
  } catch (error) {
    return drillOf(backupId, options, [asFinding(backupId, error)], nothing, false);
  }
  await using held = reading;
  const { findings, measured } = await inScratch(repository, held, options);
  const { record = true } = options;
  const recorded = record && (await keep(repository, held, findings, measured));
  return drillOf(backupId, options, findings, measured, recorded);
}

/** The newest backup of a namespace. Throws NADB_NOT_FOUND. */
export async function newestBackup(repository: Repository, id: NamespaceId): Promise<BackupInfo> {
  const newest = backupsOf(await repository.list(), id).at(-1);
  if (newest !== undefined) return newest;
  throw new NadbError("NADB_NOT_FOUND", `there is no backup of ${id.db}/${id.namespace} to drill`, {
    hint: "take a backup first, or name one of another namespace",
  });
}

interface Measured {
  readonly records: number;
  readonly bytes: number;
  readonly stateDigest: string;
  readonly seconds: number;
}

const nothing: Measured = { records: 0, bytes: 0, stateDigest: "", seconds: 0 };

interface Found {
  readonly findings: readonly Finding[];
  readonly measured: Measured;
}

/** The scratch is gone when this returns or throws, unless it could not be removed: then the next drill does. */
async function inScratch(
  repository: Repository,
  reading: Reading,
  options: DrillOptions,
): Promise<Found> {
  const { target, host } = repository;
  const { backend, db = reading.tip.sourceDb } = options;
  const scratch = await Scratch.make(backend, { target, ...host }, db);
  let found: Found;
  try {
    found = await restoreAndCompare(scratch, reading, options);
  } catch (error) {
    await scratch.drop().catch(() => undefined); // the failure that led here is the one to tell
    throw error;
  }
  await scratch.drop();
  return found;
}

async function restoreAndCompare(
  scratch: Scratch,
  reading: Reading,
  options: DrillOptions,
): Promise<Found> {
  const storage = await scratch.backend.namespace(scratch.id);
  const { tip } = reading;
  let measured = nothing;
  try {
    measured = await timedRestore(scratch, storage, reading, options);
    const digest = await digestOf(storage, renewalOf(reading, scratch), options);
    await scratch.confirm();
    const expected = tip.stateDigest === "" ? measured.stateDigest : tip.stateDigest;
    const wrong = [measured.stateDigest, digest].find((one) => one !== expected);
    return { findings: wrong === undefined ? [] : [changed(tip, wrong)], measured };
  } catch (error) {
    const finding = asFinding(tip.backupId, error);
    await scratch.confirm();
    return { findings: [finding], measured };
  }
}

/** As `restore` with `clearExisting` does it, but for expiry: records are restored as they were at the cut. */
async function timedRestore(
  scratch: Scratch,
  storage: StorageNamespace,
  reading: Reading,
  options: DrillOptions,
): Promise<Measured> {
  const { clock } = scratch.host;
  const startedAt = clock();
  const source = sourceOf(reading, scratch);
  await source.prove(options);
  const all = { ...work(options), clearExisting: true };
  const staged = await StagedRestore.of(source, storage, all, scratch.renew);
  const { recordCount, stagedSize, head } = await staged.show(options);
  const seconds = Math.max(0, clock() - startedAt) / 1000;
  return { records: recordCount, bytes: stagedSize, stateDigest: head.digest, seconds };
}

function sourceOf(reading: Reading, scratch: Scratch): RestoreSource {
  const { target, chain, tip } = reading;
  const renew = renewalOf(reading, scratch);
  const held = { target, chain, renew };
  const check = (work: LongWork) => provenState(held, "check", work);
  return {
    info: tip,
    chain,
    selection: new Selection({}, 0, 0),
    check,
    prove: async (work) => {
      for await (const _ of check(work));
    },
    read: (work) => provenState(held, "load", work),
  };
}

/** The backup is held until what was found is recorded beside it. */
const renewalOf = (reading: Reading, scratch: Scratch) => async (): Promise<void> => {
  await reading.renew();
  await scratch.renew();
};

/** Of what the store gives back, record by record. */
async function digestOf(
  storage: StorageNamespace,
  renew: () => Promise<void>,
  { signal, onProgress }: LongWork,
): Promise<string> {
  const digest = new StateDigest();
  const read = { records: 0, bytes: 0 };
  for await (const { changes } of storage.changes(null, signal === undefined ? {} : { signal })) {
    const records = changes.filter((change: EncodedChange) => !isTombstone(change));
    for (const record of records) {
      digest.toggle(record);
      read.bytes += recordValueLength(record);
    }
    read.records += records.length;
    onProgress?.({ phase: "check", ...read });
    await renew();
  }
  return digest.toHex();
}

const changed = ({ backupId, stateDigest }: BackupInfo, digest: string): Finding => ({
  severity: "damage",
  what: "unreadable",
  backupId,
  detail: `restored, the store gives back state digest ${digest}, the manifest says ${stateDigest}`,
});

const keep = (
  repository: Repository,
  { chain }: Reading,
  findings: readonly Finding[],
  measured: Measured,
): Promise<boolean> =>
  recordEvidence(repository, chain, {
    level: "drill",
    ok: findings.length === 0,
    findings: findings.map(({ detail }) => detail),
    ...measured,
  });

function drillOf(
  backupId: string,
  { backend }: DrillOptions,
  findings: readonly Finding[],
  { records, bytes, stateDigest, seconds }: Measured,
  recorded: boolean,
): Drill {
  const perSecond = (count: number): number => (seconds === 0 ? 0 : count / seconds);
  return {
    backupId,
    ok: findings.length === 0,
    findings,
    backend: backend.name,
    recordCount: records,
    bytes,
    stateDigest,
    seconds,
    recordsPerSecond: perSecond(records),
    bytesPerSecond: perSecond(bytes),
    recorded,
  };
}

const work = ({ signal, onProgress }: LongWork): LongWork => ({
  ...(signal && { signal }),
  ...(onProgress && { onProgress }),
});
