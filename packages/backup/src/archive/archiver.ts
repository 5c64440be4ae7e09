// The archiver: a follower that looks at its store every so often until it is stopped. A look that fails is tried again,
// later each time; what trying again can not mend, and what has failed too often, ends it with that error.
import { type ErrorCode, isNadbError, type StorageNamespace } from "@nadb/core";
import { RENEW_AFTER_MS } from "../lease-file.js";
import type { Repository } from "../repository.js";
import { systemTimer, type Timer } from "../timer.js";
import { type ArchiveOptions, followOptions } from "./archive-options.js";
import { Follower } from "./follower.js";
import type { Lag } from "./lag.js";

export type { ArchiveOptions } from "./archive-options.js";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
const MAX_FAILURES = 20;

export class Archiver {
  /** Resolves when it has been stopped, rejects when it gave up. */
  readonly done: Promise<void>;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #timer: Timer;

  private constructor(
    readonly follower: Follower,
    readonly options: ArchiveOptions,
  ) {
    const { signal } = options;
    this.#timer = options.timer ?? systemTimer(follower.repository.host.clock);
    this.#signal = signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal;
    this.done = this.#run().finally(() => follower.end());
    this.done.catch(() => undefined); // whoever awaits it is told
  }

  /** Throws NADB_LOCKED while somebody else archives the namespace, NADB_INVALID_ARGUMENT for the options. */
  static async start(
    repository: Repository,
    storage: StorageNamespace,
    options: ArchiveOptions,
  ): Promise<Archiver> {
    return new Archiver(await Follower.begin(repository, storage, followOptions(options)), options);
  }

  get lag(): Lag {
    return this.follower.lag;
  }

  /** Resolves once the segment that it is writing is there; rejects when the archiver gave up. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.done.catch(() => undefined);
  }

  async #run(): Promise<void> {
    const { everySeconds } = this.follower.options;
    const { around = (look) => look() } = this.options;
    for (let failures = 0; !this.#signal.aborted; ) {
      const error = await failureOf(() => around(() => this.follower.look()));
      if (error !== undefined) await this.follower.measure().catch(() => undefined); // the store is away, too
      this.options.onLag?.(this.lag);
      failures = error === undefined ? 0 : failures + 1;
      if (error !== undefined) {
        await this.#bear(error, failures);
        continue;
      }
      await this.#compact();
      await this.#pause(everySeconds * 1000);
    }
  }

  async #compact(): Promise<void> {
    const error = await failureOf(() => this.follower.compactIfDue());
    if (isNadbError(error, "NADB_LOCKED")) throw error;
    if (error !== undefined) this.options.onCompactionFailed?.(error);
  }

  async #bear(error: unknown, failures: number): Promise<void> {
    const { maxFailures = MAX_FAILURES, onRetry } = this.options;
    if (!isPassing(error) || failures > maxFailures) throw error;
    const afterMs = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
    onRetry?.(error, afterMs);
    await this.#pause(afterMs);
  }

  /** In parts, so that the lease lives on. A lease that can not be renewed is seen by the next look. */
  async #pause(ms: number): Promise<void> {
    for (let left = ms; left > 0 && !this.#signal.aborted; left -= RENEW_AFTER_MS) {
      await this.#timer.wait(Math.min(left, RENEW_AFTER_MS), this.#signal);
      if (left > RENEW_AFTER_MS) await this.follower.lease.renew().catch(() => undefined);
    }
  }
}

/** One look, and what the policy lets be compacted. */
export async function archiveOnce(
  repository: Repository,
  storage: StorageNamespace,
  options: ArchiveOptions,
): Promise<Lag> {
  const follower = await Follower.begin(repository, storage, followOptions(options));
  try {
    await follower.look();
    await follower.compactIfDue();
    return follower.lag;
  } finally {
    await follower.end();
  }
}

async function failureOf(work: () => Promise<void>): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error ?? new TypeError("it failed with nothing");
  }
}

/** What no further try can mend. Anything else may be gone by then: a target that is away, a disk that is full. */
const LASTING: readonly ErrorCode[] = [
  "NADB_INVALID_ARGUMENT",
  "NADB_UNSUPPORTED",
  "NADB_CORRUPTION",
  "NADB_NEWER_FORMAT",
  "NADB_NOT_A_STORE",
  "NADB_NOT_A_REPOSITORY",
  "NADB_LOCKED",
  "NADB_CLOSED",
];

const isPassing = (error: unknown): boolean =>
  !(error instanceof TypeError) && !LASTING.some((code) => isNadbError(error, code));
