// A namespace as a backup or a restore sees it, with moments in between: after each page of a run, and before each part of
// a staged load is put or committed. What is to be done at a moment is given by who waits for the backup or the restore.
import type { ChangesOptions, Checkpoint, StagedLoad, StorageNamespace } from "@nadb/core";
import { override } from "../override.js";

export type Act = () => Promise<void>;

export class Moments {
  #acts: Act[] = [];
  #pageBytes: number | undefined;

  /** Does one act at each moment of the work, as long as there are both. Pages are closed at `pageBytes`. */
  async during<T>(acts: readonly Act[], pageBytes: number, work: () => Promise<T>): Promise<T> {
    this.#acts = [...acts];
    this.#pageBytes = pageBytes;
    try {
      return await work();
    } finally {
      this.#acts = [];
      this.#pageBytes = undefined;
    }
  }

  /** The namespace with these moments. */
  of(inner: StorageNamespace): StorageNamespace {
    return override(inner, {
      changes: (since, options) => this.#changes(inner, since, options),
      replace: async () => this.#load(await inner.replace()),
      merge: async (options) => this.#load(await inner.merge(options)),
    });
  }

  async *#changes(inner: StorageNamespace, since: Checkpoint | null, options?: ChangesOptions) {
    const pageBytes = this.#pageBytes;
    const paged = pageBytes === undefined ? options : { ...options, pageBytes };
    for await (const page of inner.changes(since, paged)) {
      yield page;
      await this.#next();
    }
  }

  #load(load: StagedLoad): StagedLoad {
    return override(load, {
      put: async (changes, options) => {
        await this.#next();
        await load.put(changes, options);
      },
      commit: async (options) => {
        await this.#next();
        return load.commit(options);
      },
    });
  }

  async #next(): Promise<void> {
    await this.#acts.shift()?.();
  }
}
