// One namespace that a sync looks after, shared by all stores on it. INVARIANT: they share one buffer, so they see
// each other's buffered writes. It is known only to its sync.
import type { StorageBackend, StorageNamespace } from "../backend.js";
import { BufferedNamespace } from "../buffer/buffered-namespace.js";
import type { EventHub, StoreName } from "./events.js";
import { errorOf, type SyncError } from "./failure.js";

export interface StoreStatus extends StoreName {
  /** Whether writes gather in memory; false where the backend says that it does not pay. */
  readonly buffered: boolean;
  /** What is in memory only. */
  readonly records: number;
  readonly bytes: number;
  /** In ms since the epoch. */
  readonly lastFlushAt?: number;
  readonly lastFlushRecords?: number;
  readonly flushes: number;
  readonly failedFlushes: number;
  /** The last flush or sweep that failed; later ones may have succeeded. */
  readonly lastError?: SyncError;
}

export interface SyncedStoreOptions {
  readonly backend: StorageBackend;
  readonly namespace: StorageNamespace;
  readonly maxBytes: number;
  readonly clock: () => number;
  readonly sweepLimit: number;
  readonly events: EventHub;
  /** Whether a round will come that flushes what is buffered now. */
  readonly roundsGoOn: () => boolean;
  /** Something is buffered now, or less than before. */
  readonly pendingChanged: () => void;
}

interface Flushes {
  lastFlushAt?: number;
  lastFlushRecords?: number;
  flushes: number;
  failedFlushes: number;
  lastError?: SyncError;
}

export class SyncedStore {
  readonly name: StoreName;
  readonly buffer: BufferedNamespace | undefined;
  /** Attachments; at 0 it is about to be forgotten, and nothing is buffered any more. */
  users = 0;
  readonly #options: SyncedStoreOptions;
  readonly #flushes: Flushes = { flushes: 0, failedFlushes: 0 };

  constructor(options: SyncedStoreOptions) {
    const { backend, namespace } = options;
    this.#options = options;
    this.name = { backend: backend.name, ...namespace.id };
    // A flush is one commit over many keys, which a backend without transactions can not do.
    const { buffering, transactions } = backend.capabilities;
    this.buffer = buffering && transactions ? this.#newBuffer() : undefined;
  }

  get maxBytes(): number {
    return this.#options.maxBytes;
  }

  get hasPending(): boolean {
    return this.buffer !== undefined && this.buffer.pending.records > 0;
  }

  async flush(): Promise<void> {
    await this.buffer?.flush();
  }

  /** Never rejects: a failure is in the status and an event by then. */
  async round(): Promise<void> {
    await this.flush().catch(() => undefined);
    const { namespace, clock, sweepLimit } = this.#options;
    try {
      await namespace.sweep(clock(), sweepLimit);
    } catch (error) {
      this.#failed(error);
      this.#options.events.emit("sweepFailed", { ...this.name, error });
    }
  }

  status(): StoreStatus {
    const pending = this.buffer?.pending ?? { records: 0, bytes: 0 };
    return { ...this.name, buffered: this.buffer !== undefined, ...pending, ...this.#flushes };
  }

  #newBuffer(): BufferedNamespace {
    const { backend, namespace, maxBytes, clock, events, roundsGoOn } = this.#options;
    const { maxKeyBytes, maxTagBytes, maxValueBytes } = backend.capabilities;
    return new BufferedNamespace(namespace, {
      maxBytes,
      maxKeyBytes,
      maxTagBytes,
      maxValueBytes,
      clock,
      writesThrough: () => this.users === 0 || !roundsGoOn(),
      observer: {
        filled: () => this.#options.pendingChanged(),
        flushed: (flushed) => {
          this.#flushes.flushes += 1;
          this.#flushes.lastFlushAt = events.clock();
          this.#flushes.lastFlushRecords = flushed.records;
          this.#options.pendingChanged();
          events.emit("flush", { ...this.name, ...flushed });
        },
        flushFailed: (error, kept) => {
          this.#flushes.failedFlushes += 1;
          this.#failed(error);
          events.emit("flushFailed", { ...this.name, ...kept, error });
        },
      },
    });
  }

  #failed(error: unknown): void {
    this.#flushes.lastError = errorOf(error, this.#options.events.clock());
  }
}
