// Restoring a backup. First all of its chain is checked, then it is staged beside the target's content, then made visible
// in one step, and only when the digest of what was staged is the one computed on the way. Whatever fails before leaves
// the target as it was.
import {
  type EncodedChange,
  type Head,
  invalidArgument,
  type MergeOptions,
  recordValueLength,
  type StagedLoad,
  StateDigest,
  type StorageNamespace,
} from "@nadb/core";
import type { BackupInfo } from "./manifest.js";
import type { LongWork } from "./progress.js";
import type { Repository } from "./repository.js";
import { provenState } from "./run/state.js";
import { type PassedOver, Selection, type SelectOptions } from "./selection.js";

/** Staged per transaction: large batches dirty fewer pages per record. */
const BATCH_BYTES = 8 << 20;

export type OnConflict = NonNullable<MergeOptions["onConflict"]>;
export const ON_CONFLICT: readonly OnConflict[] = ["overwrite", "keep-existing", "keep-newer"];

export interface RestoreOptions extends LongWork, SelectOptions {
  /** Read and prove the whole backup before the first write. Default true; either way it is proven before it shows. */
  readonly verifyIntegrity?: boolean;
  /** What is restored becomes the whole content. Default false: it is laid over the content. */
  readonly clearExisting?: boolean;
  /**
   * Laid over content, which record stands where both have one: the backup's (`overwrite`, the default), the one that is
   * there, or the one updated later. Not together with `clearExisting`.
   */
  readonly onConflict?: OnConflict;
}

export interface Restoration extends Readonly<PassedOver> {
  readonly backupId: string;
  /** Records restored. */
  readonly recordCount: number;
  /** Bytes of the values taken from the backup, those of skipped records included. */
  readonly totalSize: number;
  /** Records left aside because of `onConflict`. */
  readonly skipped: number;
  /** Of the records taken from the backup, computed by the target; the manifest's when nothing was passed over. */
  readonly stateDigest: string;
  /** The target right after. */
  readonly head: Head;
  readonly clearedExisting: boolean;
}

export async function restoreChain(
  repository: Repository,
  storage: StorageNamespace,
  backupId: string,
  options: RestoreOptions,
): Promise<Restoration> {
  const { verifyIntegrity = true, clearExisting = false } = options;
  checkMode(options);
  const info = await repository.get(backupId);
  const chain = await repository.chain(info);
  const selection = selectionOf(repository, info, options);
  if (verifyIntegrity) {
    for await (const _ of provenState(repository.target, chain, "check", options));
  }
  const { onConflict } = options;
  const load = await (clearExisting
    ? storage.replace()
    : storage.merge(onConflict === undefined ? {} : { onConflict }));
  try {
    const staged = await stage(repository, chain, selection, load, options);
    const expect = { expectDigest: staged.digest.toHex() };
    const { head, count, digest, skipped } = await load.commit(
      options.signal === undefined ? expect : { ...expect, signal: options.signal },
    );
    return {
      backupId,
      recordCount: count - skipped,
      totalSize: staged.totalSize,
      skipped,
      ...selection.passedOver,
      stateDigest: digest,
      head,
      clearedExisting: clearExisting,
    };
  } catch (error) {
    await load.abort().catch(() => undefined); // the first failure is the one to tell; leftovers are cleared later
    throw error;
  }
}

/** Throws NADB_INVALID_ARGUMENT for options that do not go together. */
export function checkMode({
  clearExisting = false,
  onConflict = "overwrite",
}: RestoreOptions): void {
  if (!ON_CONFLICT.includes(onConflict)) {
    throw invalidArgument(`onConflict ${String(onConflict)} is none of ${ON_CONFLICT.join(", ")}`);
  }
  if (!clearExisting || onConflict === "overwrite") return;
  throw invalidArgument(
    `clearExisting leaves nothing that onConflict ${onConflict} could keep`,
    "give one of them",
  );
}

export const selectionOf = (
  repository: Repository,
  info: BackupInfo,
  options: SelectOptions,
): Selection => new Selection(options, Date.parse(info.timestamp), repository.host.clock());

interface Staged {
  readonly digest: StateDigest;
  totalSize: number;
}

async function stage(
  repository: Repository,
  chain: readonly BackupInfo[],
  selection: Selection,
  load: StagedLoad,
  options: RestoreOptions,
): Promise<Staged> {
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const staged = { digest: new StateDigest(), totalSize: 0 };
  let batch: EncodedChange[] = [];
  let bytes = 0;
  for await (const records of provenState(repository.target, chain, "load", options)) {
    for (const record of selection.select(records)) {
      staged.digest.toggle(record);
      staged.totalSize += recordValueLength(record);
      batch.push(record);
      bytes += record.length;
    }
    if (bytes < BATCH_BYTES) continue;
    await load.put(batch, signal);
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) await load.put(batch, signal);
  return staged;
}
