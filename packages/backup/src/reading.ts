// A chain that is being read, held by a shared lease (readers.ts). INVARIANT: its manifests were read after the lease said
// so; one that changed meanwhile, because a backup was merged with those before it, is read again.
import { NadbError, quote } from "@nadb/core";
import type { Catalog } from "./catalog.js";
import { chainOf } from "./chain.js";
import type { BackupInfo } from "./manifest.js";
import type { ReaderLease } from "./readers.js";
import type { ChainSource } from "./run/state.js";
import type { BackupTarget } from "./target.js";

/** A chain can only become shorter so often. */
const TRIES = 10;

export class Reading implements ChainSource {
  private constructor(
    readonly target: BackupTarget,
    /** Oldest first. */
    readonly chain: readonly BackupInfo[],
    readonly lease: ReaderLease | undefined,
  ) {}

  static async of(catalog: Catalog, target: BackupTarget, backupId: string): Promise<Reading> {
    let chain = await chainOf(await catalog.get(backupId), catalog);
    for (let tried = 0; tried < TRIES; tried++) {
      const lease = await catalog.hold(chain.map((info) => info.backupId));
      try {
        const now = await chainOf(await catalog.get(backupId), catalog);
        if (isSame(chain, now)) return new Reading(target, now, lease);
        chain = now;
      } catch (error) {
        await lease?.release();
        throw error;
      }
      await lease?.release();
    }
    throw new NadbError("NADB_LOCKED", `the chain of ${quote(backupId)} changes all the time`, {
      hint: "try again when it is not being merged",
    });
  }

  get tip(): BackupInfo {
    return this.chain.at(-1) as BackupInfo;
  }

  /** Another chain under the same lease. */
  with(chain: readonly BackupInfo[]): ChainSource {
    return { target: this.target, chain, renew: this.renew };
  }

  readonly renew = async (): Promise<void> => {
    await this.lease?.renew();
  };

  async release(): Promise<void> {
    await this.lease?.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}

/** Whatever a reader would open is the same file. */
const isSame = (a: readonly BackupInfo[], b: readonly BackupInfo[]): boolean =>
  a.length === b.length &&
  a.every(({ backupId, dataFile, checksum }, i) => {
    const other = b[i] as BackupInfo;
    return (
      backupId === other.backupId && dataFile === other.dataFile && checksum === other.checksum
    );
  });
