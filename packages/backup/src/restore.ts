// Restoring a backup. First all of its chain is checked (restore-source.ts), then it is staged beside the target's content,
// then made visible in one step, and only when the digest of what was staged is the one computed on the way. Whatever
// fails before leaves the target as it was.
import {
  type EncodedChange,
  type Head,
  recordValueLength,
  type StagedLoad,
  StateDigest,
  type StorageNamespace,
} from "@nadb/core";
import type { LongWork } from "./progress.js";
import type { Repository } from "./repository.js";
import { checkMode, type RestoreOptions, type RestoreSource, sourceIn } from "./restore-source.js";
import type { PassedOver } from "./selection.js";

/** Staged per transaction: large batches dirty fewer pages per record. */
const BATCH_BYTES = 8 << 20;

export interface Restoration extends Readonly<PassedOver> {
  readonly backupId: string;
  /** Records restored. */
  readonly recordCount: number;
  /** Bytes of the values that were staged, those of skipped records included: the target alone knows which it skips. */
  readonly stagedSize: number;
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
  checkMode(options);
  await using reading = await repository.reading(backupId);
  return await restoreFrom(sourceIn(repository, reading, reading.tip, options), storage, options);
}

export async function restoreFrom(
  source: RestoreSource,
  storage: StorageNamespace,
  options: RestoreOptions,
): Promise<Restoration> {
  if (options.verifyIntegrity ?? true) await source.prove(options);
  const staged = await StagedRestore.of(source, storage, options);
  return staged.show(options);
}

/** There whole beside the target's content, proven, and not visible yet. */
export class StagedRestore {
  private constructor(
    readonly source: RestoreSource,
    readonly load: StagedLoad,
    readonly staged: Staged,
    readonly clearedExisting: boolean,
  ) {}

  /** Whatever fails leaves nothing staged. @param afterBatch called whenever some of it has been staged. */
  static async of(
    source: RestoreSource,
    storage: StorageNamespace,
    options: RestoreOptions,
    afterBatch: () => Promise<void> = async () => undefined,
  ): Promise<StagedRestore> {
    const load = await beginLoad(storage, options);
    try {
      const staged = await stage(source, load, options, afterBatch);
      return new StagedRestore(source, load, staged, options.clearExisting === true);
    } catch (error) {
      await abandon(load);
      throw error;
    }
  }

  /** Makes it visible in one step, when the target counts the digest that was computed on the way; else nothing changes. */
  async show({ signal }: Pick<LongWork, "signal">): Promise<Restoration> {
    const { source, load, staged, clearedExisting } = this;
    const expect = { expectDigest: staged.digest.toHex() };
    try {
      const loaded = await load.commit(signal === undefined ? expect : { ...expect, signal });
      const { head, count, digest: stateDigest, skipped } = loaded;
      return {
        backupId: source.info.backupId,
        recordCount: count - skipped,
        stagedSize: staged.size,
        skipped,
        ...source.selection.passedOver,
        stateDigest,
        head,
        clearedExisting,
      };
    } catch (error) {
      await this.abandon();
      throw error;
    }
  }

  /** Tells the target that somebody still wants it. */
  keep(): Promise<void> {
    return this.load.put([]);
  }

  abandon(): Promise<void> {
    return abandon(this.load);
  }
}

const beginLoad = (
  storage: StorageNamespace,
  { clearExisting, onConflict }: RestoreOptions,
): Promise<StagedLoad> =>
  clearExisting ? storage.replace() : storage.merge(onConflict === undefined ? {} : { onConflict });

/** The failure that led here is the one to tell; leftovers are cleared later. */
const abandon = (load: StagedLoad): Promise<void> => load.abort().catch(() => undefined);

interface Staged {
  readonly digest: StateDigest;
  size: number;
}

async function stage(
  source: RestoreSource,
  load: StagedLoad,
  options: LongWork,
  afterBatch: () => Promise<void>,
): Promise<Staged> {
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const staged = { digest: new StateDigest(), size: 0 };
  let batch: EncodedChange[] = [];
  let bytes = 0;
  for await (const records of source.read(options)) {
    for (const record of source.selection.select(records)) {
      staged.digest.toggle(record);
      staged.size += recordValueLength(record);
      batch.push(record);
      bytes += record.length;
    }
    if (bytes < BATCH_BYTES) continue;
    await load.put(batch, signal);
    await afterBatch();
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) await load.put(batch, signal);
  return staged;
}
