// Follows a namespace and archives what changes, a look at a time. INVARIANT: a segment goes on where the one before it ends,
// also after a crash, for the place is found from what the repository holds. A look that fails forgets the place.
import { type Head, isNadbError, NadbError, quote, type StorageNamespace } from "@nadb/core";
import { createFull, newBackupId } from "../create.js";
import { Lease } from "../lease.js";
import type { BackupInfo } from "../manifest.js";
import type { Compression } from "../pack/codecs.js";
import type { Repository } from "../repository.js";
import { type CompactHost, type CompactionStep, compact } from "./compact.js";
import type { Declaration } from "./declaration.js";
import { type Lag, lagBehind } from "./lag.js";
import { archiveFolder } from "./names.js";
import { findPosition, positionAt } from "./position.js";
import { settle, type WantedPromise } from "./promise.js";
import { ARCHIVE_LABEL } from "./rebase.js";
import { type Position, type Written, writeChanges } from "./write-segment.js";

export interface FollowOptions extends WantedPromise {
  readonly compression?: Compression;
  /** Encoded bytes that are sorted in memory at a time. Default 32 MiB. */
  readonly sortBytes?: number;
  /** Gives up a full backup that is being taken. */
  readonly signal?: AbortSignal;
  readonly onSegment?: (written: Written) => void;
  /** A full backup was taken for segments to go on from: the first one, or one after the content was replaced. */
  readonly onBackup?: (info: BackupInfo) => void;
  readonly onCompaction?: (step: CompactionStep) => void;
}

export class Follower {
  /** Where the next segment begins; undefined when it is to be found. */
  #position: Position | undefined;
  /** As far as is known. */
  #archived: Position | undefined;
  #lag: Lag = { versions: 0, seconds: 0 };
  #lookedAt: number | undefined;
  #compactedAt: number | undefined;

  private constructor(
    readonly repository: Repository,
    readonly storage: StorageNamespace,
    readonly lease: Lease,
    readonly options: FollowOptions,
    readonly promise: Declaration,
  ) {}

  /** Throws NADB_LOCKED while somebody else archives the namespace, and as `settle` does. */
  static async begin(
    repository: Repository,
    storage: StorageNamespace,
    options: FollowOptions,
  ): Promise<Follower> {
    await repository.checkWritable();
    const { target, host } = repository;
    const folder = archiveFolder(storage.id);
    const lease = await Lease.acquire(target, folder, host).catch(asLocked(storage));
    try {
      const promise = await settle(repository, storage.id, options);
      return new Follower(repository, storage, lease, options, promise);
    } catch (error) {
      await lease.release().catch(() => undefined);
      throw error;
    }
  }

  get lag(): Lag {
    return this.#lag;
  }

  /** Archives what has changed since the last look; writes nothing when nothing has. */
  async look(): Promise<void> {
    const now = this.#now();
    try {
      const head = await this.storage.head();
      this.#lag = lagBehind(head, this.#archived, now);
      await this.lease.renew();
      this.#position ??= await findPosition(this.repository, this.storage, head);
      this.#archived = this.#position ?? this.#archived;
      this.#lag = lagBehind(head, this.#archived, now);
      this.#position = this.#archived = await this.#follow(head, this.#position, now);
      this.#lag = { versions: 0, seconds: 0 };
      this.#lookedAt = now;
    } catch (error) {
      this.#position = undefined;
      throw error;
    }
  }

  /** Tells the lag anew where a look has failed before it came so far. */
  async measure(): Promise<void> {
    this.#lag = lagBehind(await this.storage.head(), this.#archived, this.#now());
  }

  /** As `look`, when the time for it has come. */
  readonly lookIfDue = async (): Promise<void> => {
    const since = this.#now() - (this.#lookedAt ?? Number.NEGATIVE_INFINITY);
    if (since < 0 || since >= this.options.everySeconds * 1000) await this.look();
  };

  /** Merges and removes what the policy lets, looking in between; only now and then. */
  async compactIfDue(): Promise<void> {
    const { policy } = this.promise;
    const now = this.#now();
    const since = now - (this.#compactedAt ?? Number.NEGATIVE_INFINITY);
    if (policy === null || (since >= 0 && since < compactionPause(this.promise) * 1000)) return;
    this.#compactedAt = now;
    const host = this.#host(this.lookIfDue);
    for await (const step of compact(host, this.storage.id, policy))
      this.options.onCompaction?.(step);
  }

  async end(): Promise<void> {
    await this.lease.release().catch(() => undefined); // it ends by itself
  }

  async #follow(head: Head, position: Position | undefined, now: number): Promise<Position> {
    if (position?.checkpoint === head.checkpoint) return { ...position, seenAt: now };
    if (position?.generation !== head.generation) return this.#base();
    try {
      const written = await writeChanges(this.#host(), this.storage, position);
      if (written === undefined) return { ...position, seenAt: now };
      this.options.onSegment?.(written);
      return positionAt(written.info);
    } catch (error) {
      if (!isNadbError(error, "NADB_CHECKPOINT_EXPIRED")) throw error;
      return this.#base();
    }
  }

  async #base(): Promise<Position> {
    const { repository, storage } = this;
    const { signal } = this.options;
    const backupId = newBackupId(ARCHIVE_LABEL, repository.host);
    const host = { repository, storage, ...repository.host, ...this.#sizes() };
    const info = await createFull(host, {
      backupId,
      label: ARCHIVE_LABEL,
      ...this.#compression(),
      ...(signal && { signal }),
    });
    this.options.onBackup?.(info);
    return positionAt(info);
  }

  #host(between?: () => Promise<void>): CompactHost {
    const { repository, lease } = this;
    const { target } = repository;
    const clock = (): number => this.#now();
    const own = { repository, target, lease, clock, ...this.#compression(), ...this.#sizes() };
    return between === undefined ? own : { ...own, between };
  }

  #compression(): Pick<FollowOptions, "compression"> {
    const { compression } = this.options;
    return compression === undefined ? {} : { compression };
  }

  #sizes(): Pick<FollowOptions, "sortBytes"> {
    const { sortBytes } = this.options;
    return sortBytes === undefined ? {} : { sortBytes };
  }

  #now(): number {
    return this.repository.host.clock();
  }
}

/** Each step of the finer level that ends makes something to merge. */
function compactionPause({ everySeconds, policy }: Declaration): number {
  const step = (policy?.[1] ?? policy?.[0])?.everySeconds ?? 0;
  return Math.max(everySeconds, Math.min(step, 3_600));
}

const asLocked =
  ({ id }: StorageNamespace) =>
  (error: unknown): never => {
    if (!isNadbError(error, "NADB_LOCKED")) throw error;
    throw new NadbError(
      "NADB_LOCKED",
      `somebody else archives ${quote(`${id.db}/${id.namespace}`)}`,
      {
        hint: "one archiver is enough; when it has died, its lease ends within a minute",
        cause: error,
      },
    );
  };
