// What a restore reads, and what of it it takes: its options, and the chain of the backup, whose links are checked and
// which can be read and proven. Restoring (restore.ts), planning and sets begin here.
import { type EncodedChange, invalidArgument, type MergeOptions } from "@nadb/core";
import type { BackupInfo } from "./manifest.js";
import type { LongWork } from "./progress.js";
import type { Repository } from "./repository.js";
import { provenState } from "./run/state.js";
import { Selection, type SelectOptions } from "./selection.js";

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

/** The backup that a restore reads: its chain, whose links have been checked, and what of it is chosen. */
export interface RestoreSource extends AsyncDisposable {
  readonly info: BackupInfo;
  readonly chain: readonly BackupInfo[];
  readonly selection: Selection;
  /** Reads all of it. Throws NADB_CORRUPTION or NADB_NEWER_FORMAT. */
  prove(work: LongWork): Promise<void>;
  check(work: LongWork): AsyncIterable<readonly EncodedChange[]>;
  read(work: LongWork): AsyncIterable<readonly EncodedChange[]>;
}

export async function sourceOf(
  repository: Repository,
  backupId: string,
  options: SelectOptions,
): Promise<RestoreSource> {
  const selection = selectionOf(repository, await repository.get(backupId), options);
  const reading = await repository.reading(backupId);
  return {
    info: reading.tip,
    chain: reading.chain,
    selection,
    prove: async (work) => {
      for await (const _ of provenState(reading, "check", work));
    },
    check: (work) => provenState(reading, "check", work),
    read: (work) => provenState(reading, "load", work),
    [Symbol.asyncDispose]: () => reading.release(),
  };
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
