// What a restore reads, and what of it it takes: its options, and the chain of the cut, whose links are checked and
// which can be read and proven. Restoring (restore.ts), planning and sets begin here.
import { type EncodedChange, invalidArgument, type MergeOptions } from "@nadb/core";
import type { BackupInfo } from "./manifest.js";
import type { LongWork } from "./progress.js";
import type { Repository } from "./repository.js";
import { type ChainSource, provenState } from "./run/state.js";
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

/** What a restore reads, and what of it is chosen. Each use takes a new one: its selection counts what it passes over. */
export interface RestoreSource {
  readonly info: BackupInfo;
  readonly chain: readonly BackupInfo[];
  readonly selection: Selection;
  /** Reads all of it. Throws NADB_CORRUPTION or NADB_NEWER_FORMAT. */
  prove(work: LongWork): Promise<void>;
  check(work: LongWork): AsyncIterable<readonly EncodedChange[]>;
  read(work: LongWork): AsyncIterable<readonly EncodedChange[]>;
}

/** REQUIRES: the chain is held for as long as it is read. @param info the manifest of the cut. */
export const sourceIn = (
  repository: Repository,
  chain: ChainSource,
  info: BackupInfo,
  options: SelectOptions,
): RestoreSource => ({
  info,
  chain: chain.chain,
  selection: new Selection(options, Date.parse(info.timestamp), repository.host.clock()),
  prove: async (work) => {
    for await (const _ of provenState(chain, "check", work));
  },
  check: (work) => provenState(chain, "check", work),
  read: (work) => provenState(chain, "load", work),
});

/** Throws NADB_INVALID_ARGUMENT for options that are none, or do not go together. */
export function checkMode(options: RestoreOptions): void {
  const { clearExisting = false, onConflict = "overwrite" } = options;
  new Selection(options, 0, 0); // throws for what can not be chosen
  if (!ON_CONFLICT.includes(onConflict)) {
    throw invalidArgument(`onConflict ${String(onConflict)} is none of ${ON_CONFLICT.join(", ")}`);
  }
  if (!clearExisting || onConflict === "overwrite") return;
  throw invalidArgument(
    `clearExisting leaves nothing that onConflict ${onConflict} could keep`,
    "give one of them",
  );
}
