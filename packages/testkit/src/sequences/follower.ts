// A copy of a store that is kept by its changes alone, each time from the checkpoint reached before.
import { type Checkpoint, isNadbError, type KeyValueStore, type StoredValue } from "@nadb/core";
import { isReadable } from "../check.js";

export class Follower {
  readonly #copy = new Map<string, StoredValue>();
  #since: Checkpoint | null = null;

  /** Where the feed no longer reaches back, the copy begins anew. */
  async catchUp(store: KeyValueStore): Promise<void> {
    try {
      await this.#apply(store);
    } catch (error) {
      if (!isNadbError(error, "NADB_CHECKPOINT_EXPIRED")) throw error;
      this.#copy.clear();
      this.#since = null;
      await this.#apply(store);
    }
  }

  /** What can be read at `now`. */
  readable(now: number): StoredValue[] {
    return [...this.#copy.values()].filter((record) => isReadable(record, now));
  }

  async #apply(store: KeyValueStore): Promise<void> {
    for await (const change of store.changes({ since: this.#since })) {
      if (change.type === "put") this.#copy.set(change.key, change);
      else this.#copy.delete(change.key);
      this.#since = change.checkpoint ?? this.#since;
    }
  }
}
