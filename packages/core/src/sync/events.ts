// What a sync tells those who listen. INVARIANT: a listener that throws disturbs nobody else; its error is kept.
import { errorOf, type SyncError } from "./failure.js";

export interface StoreName {
  readonly backend: string;
  readonly db: string;
  readonly namespace: string;
}

export interface FlushEvent extends StoreName {
  /** Mutations committed. */
  readonly records: number;
  readonly bytes: number;
}

/** The data stays buffered, and the next round tries again. */
export interface FlushFailedEvent extends FlushEvent {
  readonly error: unknown;
}

export interface SweepFailedEvent extends StoreName {
  readonly error: unknown;
}

export interface SyncEvents {
  readonly flush: FlushEvent;
  readonly flushFailed: FlushFailedEvent;
  readonly sweepFailed: SweepFailedEvent;
}

export type SyncListener<Name extends keyof SyncEvents> = (event: SyncEvents[Name]) => unknown;

type AnyListener = (event: never) => unknown;

export class EventHub {
  readonly #listeners = new Map<keyof SyncEvents, Set<AnyListener>>();
  #lastError: SyncError | undefined;

  constructor(readonly clock: () => number) {}

  /** What a listener threw last. */
  get lastError(): SyncError | undefined {
    return this.#lastError;
  }

  /** Answers the call that ends it. */
  on<Name extends keyof SyncEvents>(name: Name, listener: SyncListener<Name>): () => void {
    const entered = (event: SyncEvents[Name]): unknown => listener(event); // the same one twice is two
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(entered));
    return () => void listeners.delete(entered);
  }

  emit<Name extends keyof SyncEvents>(name: Name, event: SyncEvents[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      this.#call(listener as SyncListener<Name>, event);
    }
  }

  #call<Event>(listener: (event: Event) => unknown, event: Event): void {
    const note = (error: unknown): void => {
      this.#lastError = errorOf(error, this.clock());
    };
    try {
      const result = listener(event);
      if (result instanceof Promise) result.catch(note);
    } catch (error) {
      note(error);
    }
  }
}
