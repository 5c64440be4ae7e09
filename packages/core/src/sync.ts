// The scheduler of stores that buffer: round after round it flushes what is buffered and sweeps what has expired.
// INVARIANT: nothing that was acknowledged is dropped; what could not be committed stays buffered for the next round,
// and nothing new is buffered while no round will come.
import type { StorageBackend, StorageNamespace } from "./backend.js";
import type { BufferedNamespace } from "./buffer/buffered-namespace.js";
import { invalidArgument, NadbError } from "./errors.js";
import { quote } from "./limits.js";
import { EventHub, type SyncEvents, type SyncListener } from "./sync/events.js";
import type { SyncError } from "./sync/failure.js";
import { Heartbeat } from "./sync/heartbeat.js";
import { type StoreStatus, SyncedStore } from "./sync/synced-store.js";

export type {
  FlushEvent,
  FlushFailedEvent,
  StoreName,
  SweepFailedEvent,
  SyncEvents,
  SyncListener,
} from "./sync/events.js";
export type { SyncError } from "./sync/failure.js";
export type { StoreStatus } from "./sync/synced-store.js";

export interface KeyValueSyncOptions {
  /** From the end of one round to the beginning of the next. Default 5; at most 2,000,000. */
  readonly flushIntervalSeconds?: number;
  /** Expired records swept per store and round. Default 1,000. */
  readonly sweepLimit?: number;
  /** Now, in ms since the epoch, for what status and events tell. Default `Date.now`. */
  readonly clock?: () => number;
}

export interface SyncStatus {
  readonly running: boolean;
  readonly flushIntervalSeconds: number;
  readonly stores: readonly StoreStatus[];
  /** What a listener threw last. */
  readonly lastError?: SyncError;
}

export interface AttachOptions {
  readonly backend: StorageBackend;
  /** The namespace below the buffer. */
  readonly namespace: StorageNamespace;
  /** A flush begins early at this size. The same for all stores of one namespace. */
  readonly maxBytes: number;
  readonly clock?: () => number;
}

/** A store's hold on a sync. */
export interface Attachment {
  /** What the store reads and commits through. */
  readonly storage: StorageNamespace;
  /** Undefined where every write is committed at once, since buffering does not pay. */
  readonly buffer: BufferedNamespace | undefined;
  /** Flushes and lets go; idempotent. Rejects when the flush fails, and then nothing is let go. */
  release(): Promise<void>;
}

/** What timers can wait for at most is 2^31 - 1 ms. */
const MAX_INTERVAL_SECONDS = 2_000_000;

export class KeyValueSync {
  readonly flushIntervalSeconds: number;
  readonly #sweepLimit: number;
  readonly #stores = new Map<StorageBackend, Map<string, SyncedStore>>();
  readonly #events: EventHub;
  readonly #heartbeat: Heartbeat;
  #rounds: Promise<void> = Promise.resolve();
  #running = false;
  #wasStopped = false;
  #stopping: Promise<void> | undefined;

  constructor({
    flushIntervalSeconds = 5,
    sweepLimit = 1_000,
    clock = Date.now,
  }: KeyValueSyncOptions = {}) {
    checkInterval(flushIntervalSeconds);
    checkSweepLimit(sweepLimit);
    this.flushIntervalSeconds = flushIntervalSeconds;
    this.#sweepLimit = sweepLimit;
    this.#events = new EventHub(clock);
    this.#heartbeat = new Heartbeat(flushIntervalSeconds * 1000, () => this.tick());
  }

  get running(): boolean {
    return this.#running;
  }

  /**
   * What `KeyValueStore.open` calls. The first one starts the sync, unless it has been stopped. Stores on the same
   * namespace of the same backend object share one buffer.
   */
  attach(options: AttachOptions): Attachment {
    const store = this.#storeOf(options);
    store.users += 1;
    if (!this.#running && !this.#wasStopped) this.start();
    this.#adjust();
    let released: Promise<void> | undefined;
    return {
      storage: store.buffer ?? options.namespace,
      buffer: store.buffer,
      release: () => {
        released ??= this.#release(options.backend, store).catch((error: unknown) => {
          released = undefined;
          throw error;
        });
        return released;
      },
    };
  }

  /** Idempotent while it runs. */
  start(): void {
    this.#running = true;
    this.#wasStopped = false;
    this.#adjust();
  }

  /**
   * Flushes every store; from then on their writes are committed at once. When a flush fails it rejects with that
   * error, and goes on running. NADB_CLOSED when it is not running.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#running) await this.stop();
  }

  /** One round: flushes and sweeps every store. Never rejects; failures are in status and events. */
  tick(): Promise<void> {
    this.#rounds = this.#rounds.then(async () => {
      await Promise.all(this.#allStores().map((store) => store.round()));
    });
    return this.#rounds;
  }

  /** Answers the call that ends it. What a listener throws is in the status and disturbs nothing. */
  on<Name extends keyof SyncEvents>(event: Name, listener: SyncListener<Name>): () => void {
    return this.#events.on(event, listener);
  }

  status(): SyncStatus {
    const { lastError } = this.#events;
    return {
      running: this.#running,
      flushIntervalSeconds: this.flushIntervalSeconds,
      stores: this.#allStores().map((store) => store.status()),
      ...(lastError === undefined ? {} : { lastError }),
    };
  }

  async #stop(): Promise<void> {
    if (!this.#running) throw notRunning();
    const flushes = await Promise.allSettled(this.#allStores().map((store) => store.flush()));
    for (const flush of flushes) if (flush.status === "rejected") throw flush.reason;
    this.#running = false;
    this.#wasStopped = true;
    this.#adjust();
    await this.#rounds;
  }

  async #release(backend: StorageBackend, store: SyncedStore): Promise<void> {
    do await store.flush();
    while (store.users === 1 && store.hasPending);
    store.users -= 1;
    if (store.users > 0) return;
    this.#stores.get(backend)?.delete(nameOf(store.name));
    if (this.#stores.get(backend)?.size === 0) this.#stores.delete(backend);
    this.#adjust();
  }

  #storeOf({ backend, namespace, maxBytes, clock = Date.now }: AttachOptions): SyncedStore {
    const stores = this.#stores.get(backend) ?? new Map<string, SyncedStore>();
    const name = nameOf(namespace.id);
    const store = stores.get(name) ?? this.#newStore({ backend, namespace, maxBytes, clock });
    if (store.maxBytes !== maxBytes) throw otherSize(name, store.maxBytes, maxBytes);
    this.#stores.set(backend, stores.set(name, store));
    return store;
  }

  #newStore(options: Required<AttachOptions>): SyncedStore {
    return new SyncedStore({
      ...options,
      sweepLimit: this.#sweepLimit,
      events: this.#events,
      roundsGoOn: () => this.#running && this.#stopping === undefined,
      pendingChanged: () => this.#adjust(),
    });
  }

  #allStores(): SyncedStore[] {
    return [...this.#stores.values()].flatMap((stores) => [...stores.values()]);
  }

  /** Beats while it runs and has stores; holds the process while something is buffered. */
  #adjust(): void {
    this.#heartbeat.hold(this.#allStores().some((store) => store.hasPending));
    if (this.#running && this.#stores.size > 0) this.#heartbeat.start();
    else this.#heartbeat.stop();
  }
}

const nameOf = ({ db, namespace }: { readonly db: string; readonly namespace: string }): string =>
  `${db}/${namespace}`;

function checkInterval(seconds: unknown): void {
  if (typeof seconds === "number" && seconds > 0 && seconds <= MAX_INTERVAL_SECONDS) return;
  throw invalidArgument(
    `flushIntervalSeconds ${String(seconds)} is not a number above 0 and up to ${MAX_INTERVAL_SECONDS}`,
  );
}

function checkSweepLimit(limit: unknown): void {
  if (Number.isInteger(limit) && (limit as number) > 0) return;
  throw invalidArgument(`sweepLimit ${String(limit)} is not a whole number above 0`);
}

const notRunning = (): NadbError =>
  new NadbError("NADB_CLOSED", "the sync is not running", {
    hint: "it has been stopped already, or no store was ever opened with it; start() runs it again",
  });

const otherSize = (name: string, there: number, asked: number): NadbError =>
  invalidArgument(
    `${quote(name)} is buffered up to ${there} bytes already, not ${asked}: its stores share one buffer`,
    "give all stores of a namespace the same buffer size",
  );
