// Commits what is buffered, layer by layer, oldest first. INVARIANT: a layer leaves the buffer only after its commit
// has resolved; one whose commit fails stays as it is, to be retried before anything newer.
import type { StorageNamespace } from "../backend.js";
import type { Layer } from "./layer.js";
import type { Overlay } from "./overlay.js";
import type { SteadyReads } from "./steady-reads.js";

/** What a flush was about. */
export interface Flushed {
  readonly records: number;
  readonly bytes: number;
}

/** Told of what happens in a buffer, at once and in order; must not throw. */
export interface BufferObserver {
  /** Something is buffered where nothing was. */
  readonly filled?: () => void;
  readonly flushed?: (flushed: Flushed) => void;
  /** The data stays buffered. */
  readonly flushFailed?: (error: unknown, kept: Flushed) => void;
}

export class Flusher {
  #underWay: Promise<void> | undefined;

  constructor(
    readonly namespace: StorageNamespace,
    readonly overlay: Overlay,
    readonly reads: SteadyReads,
    readonly observer: BufferObserver,
  ) {}

  /** Commits the oldest layer; calls while that is under way share it. REQUIRES: something is buffered. */
  step(): Promise<void> {
    this.#underWay ??= this.#commitOldest().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  /** Resolves once `layer` and all before it are committed. */
  async through(layer: Layer | undefined): Promise<void> {
    while (layer !== undefined && this.overlay.holds(layer)) await this.step();
  }

  async #commitOldest(): Promise<void> {
    const layer = this.overlay.oldest;
    if (layer === this.overlay.fresh) this.overlay.freeze();
    if (!layer.isReady) await layer.ready();
    const { size: records, bytes } = layer;
    await this.#commit(layer);
    await this.reads.settle();
    this.overlay.depart();
    if (records > 0) this.observer.flushed?.({ records, bytes });
  }

  /** Those who wait for newer layers are refused, too; so nothing stands between the frozen ones any more. */
  async #commit(layer: Layer): Promise<void> {
    try {
      if (layer.size > 0) await this.namespace.commit(layer.mutations());
    } catch (error) {
      this.overlay.mergeFrozen();
      this.observer.flushFailed?.(error, { records: layer.size, bytes: layer.bytes });
      throw error;
    }
  }
}
