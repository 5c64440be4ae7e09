// The progress record in the hands of the one copier that may write it. Every write is conditional on the version that was
// read, and carries the lease. INVARIANT: whoever has lost the lease can not write, and finds out before it changes the
// target.
import type { NamespaceId, StorageNamespace } from "../backend.js";
import { toHex } from "../bytes.js";
import { isNadbError, NadbError } from "../errors.js";
import { quote } from "../limits.js";
import type { CopyHolder } from "./options.js";
import {
  type CopyLease,
  type CopySource,
  encodeProgress,
  NOTHING_SWEPT,
  nameOf,
  newProgress,
  type Progress,
  readProgress,
} from "./progress.js";

/** A lease not renewed for this long is over. */
const LEASE_MS = 60_000;
export const RENEW_AFTER_MS = 15_000;

export interface LedgerHost {
  readonly clock: () => number;
  readonly random: (bytes: Uint8Array) => void;
  readonly holder: CopyHolder;
}

export class Ledger {
  readonly #nonce: string;
  #version: number | null = null;
  #progress: Progress;
  #renewedAt = Number.NEGATIVE_INFINITY;

  constructor(
    readonly storage: StorageNamespace,
    readonly target: NamespaceId,
    readonly source: CopySource,
    readonly host: LedgerHost,
  ) {
    const nonce = new Uint8Array(8);
    host.random(nonce);
    this.#nonce = toHex(nonce);
    this.#progress = newProgress(source);
  }

  get progress(): Progress {
    return this.#progress;
  }

  /** As it stands, without the lease. Throws NADB_LOCKED while somebody else holds it. */
  async look(): Promise<Progress> {
    const kept = await readProgress(this.storage, this.target);
    this.#version = kept?.version ?? null;
    this.#progress = kept?.progress ?? newProgress(this.source);
    const { lease } = this.#progress;
    if (lease !== null && this.#isAnothers(lease)) throw locked(this.target);
    return this.#progress;
  }

  /** Reads it anew, and takes the lease where it is not held. Throws NADB_LOCKED while somebody else holds it. */
  async hold(): Promise<void> {
    const { lease } = await this.look();
    if (lease?.nonce !== this.#nonce) return this.save({});
    await this.renew();
  }

  /** Throws NADB_LOCKED when somebody else has written it since it was read here, NADB_IO when it has gone since. */
  async save(change: Partial<Progress>): Promise<void> {
    const now = this.host.clock();
    const { owner } = this.host.holder;
    const lease = { owner, nonce: this.#nonce, until: now + LEASE_MS };
    await this.#write({ ...this.#progress, ...change, lease });
    this.#renewedAt = now;
  }

  /** Call it often; it writes only now and then. */
  async renew(): Promise<void> {
    if (Math.abs(this.host.clock() - this.#renewedAt) >= RENEW_AFTER_MS) await this.save({});
  }

  /** Runs a proof of the target. What is found to be no true copy counts as none from then on. */
  async proving<T>(proof: () => Promise<T>): Promise<T> {
    try {
      return await proof();
    } catch (error) {
      if (isNadbError(error, "NADB_CORRUPTION")) await this.#forget();
      throw error;
    }
  }

  /** Whoever has lost the lease is told that instead: what it has seen may be the other's work. */
  async #forget(): Promise<void> {
    try {
      await this.save({ copied: null, pending: null, swept: NOTHING_SWEPT });
    } catch (error) {
      if (isNadbError(error, "NADB_LOCKED")) throw error;
    }
  }

  /** Leaves it to the next one. Does nothing where somebody else has taken over. */
  async release(): Promise<void> {
    const kept = await readProgress(this.storage, this.target);
    if (kept?.progress.lease?.nonce !== this.#nonce) return;
    this.#version = kept.version;
    await this.#write({ ...kept.progress, lease: null });
  }

  async #write(progress: Progress): Promise<void> {
    const key = nameOf(this.target);
    const put = { type: "put", key, value: encodeProgress(progress) } as const;
    try {
      const expect = [{ key, version: this.#version }];
      const { versions } = await this.storage.commit([put], { expect });
      this.#version = versions[0] as number;
      this.#progress = progress;
    } catch (error) {
      throw isNadbError(error, "NADB_CONFLICT") ? await this.#conflict(error) : error;
    }
  }

  /** Somebody else who has written it copies; a record that is gone, or is ours, was lost or written in some other way. */
  async #conflict(cause: NadbError): Promise<NadbError> {
    const kept = await readProgress(this.storage, this.target);
    const isOthers = kept !== undefined && kept.progress.lease?.nonce !== this.#nonce;
    return isOthers ? locked(this.target, cause) : lost(this.target, cause);
  }

  #isAnothers({ owner, nonce, until }: CopyLease): boolean {
    if (nonce === this.#nonce || this.host.holder.isGone(owner)) return false;
    const now = this.host.clock();
    return until > now && until <= now + 2 * LEASE_MS; // an end too far off comes from a wrong clock
  }
}

const lost = (target: NamespaceId, cause: unknown): NadbError =>
  new NadbError(
    "NADB_IO",
    `how far the copy into ${quote(nameOf(target))} is has been lost there`,
    {
      hint: "copy again; it goes on where that can be told",
      cause,
    },
  );

const locked = (target: NamespaceId, cause?: unknown): NadbError =>
  new NadbError("NADB_LOCKED", `somebody else copies into ${quote(nameOf(target))}`, {
    hint: "one copier is enough; when it has died, its lease ends within a minute",
    cause,
  });
