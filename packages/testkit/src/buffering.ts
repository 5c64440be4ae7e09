// The bench of the law of buffered writes: a store that buffers beside one that does not, and what reaches the backend.
import type { KeyValueStore, KeyValueSync } from "@nadb/core";
import { type Bench, MAIN } from "./bench.js";
import { override } from "./override.js";
import { manualSync, openStore } from "./stores.js";

export interface Buffering {
  readonly bench: Bench;
  /** Buffers. */
  readonly store: KeyValueStore;
  /** On the same namespace, without a sync. */
  readonly plain: KeyValueStore;
  readonly sync: KeyValueSync;
  /** How many mutations each commit of `store` has brought. */
  readonly commits: readonly number[];
  /** From now on nothing of `store` reaches the backend, as if its process were gone. */
  readonly kill: () => void;
}

/** A case for backends on which a store buffers; elsewhere it does nothing. */
export const buffering =
  (test: (on: Buffering) => Promise<void>) =>
  async (bench: Bench): Promise<void> => {
    const { buffering, transactions } = bench.capabilities;
    if (buffering && transactions) await withBuffer(bench, test);
  };

async function withBuffer(bench: Bench, test: (on: Buffering) => Promise<void>): Promise<void> {
  const sync = manualSync(bench);
  const commits: number[] = [];
  let killed = false;
  const below = await bench.backend.namespace(MAIN);
  const namespace = override(below, {
    commit: async (mutations, options) => {
      if (killed) return { checkpoint: "", versions: [] };
      const commit = await below.commit(mutations, options);
      commits.push(mutations.length);
      return commit;
    },
  });
  const backend = override(bench.backend, { namespace: async () => namespace });
  const store = await openStore(bench, { backend, sync });
  const plain = await openStore(bench);
  const kill = (): void => {
    killed = true;
  };
  try {
    await test({ bench, store, plain, sync, commits, kill });
  } finally {
    await store.close();
    await sync.stop();
  }
}

/** What a store shows of itself, the tag "t" in particular. */
export async function seen(store: KeyValueStore) {
  const { items: keys } = await store.keys();
  const found = await store.getMany(keys);
  const tagged = await store.queryByTags({ all: ["t"], total: true });
  const values = [...found].map(([key, value]) => `${key}=${Buffer.from(value).toString()}`);
  const tags = [...(await store.listTags())].map(([tag, count]) => `${tag}:${count}`).sort();
  return { keys, values: values.join(" "), tagged, tags: tags.join(" ") };
}
