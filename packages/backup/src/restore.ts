// Restoring a backup. First all of it is checked, then it is staged beside the target's content, then made
// visible in one step, and only when the digest of what was staged is the manifest's. Whatever fails before
// leaves the target as it was.
import type { EncodedChange, Head, StagedLoad, StorageNamespace } from "@nadb/core";
import type { BackupInfo } from "./manifest.js";
import type { LongWork } from "./progress.js";
import type { Repository } from "./repository.js";
import { provenState } from "./run/state.js";

/** Staged per transaction: large batches dirty fewer pages per record. */
const BATCH_BYTES = 8 << 20;

export interface RestoreOptions extends LongWork {
  /** Read and prove the whole backup before the first write. Default true; either way it is proven before it shows. */
  readonly verifyIntegrity?: boolean;
  /** The backup becomes the whole content. Default false: it is laid over the content, its keys win. */
  readonly clearExisting?: boolean;
}

export interface Restoration {
  readonly backupId: string;
  readonly recordCount: number;
  readonly totalSize: number;
  /** Of the restored records, computed by the target; equal to the manifest's. */
  readonly stateDigest: string;
  /** The target right after. */
  readonly head: Head;
  readonly clearedExisting: boolean;
}

export async function restoreRun(
  repository: Repository,
  storage: StorageNamespace,
  backupId: string,
  options: RestoreOptions,
): Promise<Restoration> {
  const info = await repository.get(backupId);
  const chain = await repository.chain(info);
  const { verifyIntegrity = true, clearExisting = false } = options;
  if (verifyIntegrity) {
    for await (const _ of provenState(repository.target, chain, "check", options));
  }
  const load = await (clearExisting ? storage.replace() : storage.merge());
  try {
    await stage(repository, chain, load, options);
    const expect = { expectDigest: info.stateDigest };
    const { head, count, digest } = await load.commit(
      options.signal === undefined ? expect : { ...expect, signal: options.signal },
    );
    const { totalSize } = info;
    return {
      backupId,
      recordCount: count,
      totalSize,
      stateDigest: digest,
      head,
      clearedExisting: clearExisting,
    };
  } catch (error) {
    await load.abort().catch(() => undefined); // the first failure is the one to tell; leftovers are cleared later
    throw error;
  }
}

async function stage(
  repository: Repository,
  chain: readonly BackupInfo[],
  load: StagedLoad,
  options: RestoreOptions,
): Promise<void> {
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  let batch: EncodedChange[] = [];
  let bytes = 0;
  for await (const changes of provenState(repository.target, chain, "load", options)) {
    for (const change of changes) {
      batch.push(change);
      bytes += change.length;
    }
    if (bytes < BATCH_BYTES) continue;
    await load.put(batch, signal);
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) await load.put(batch, signal);
}
