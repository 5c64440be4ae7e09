// NADB on its fs backend: each write is flushed when it resolves, unless a sync buffers it.
import { fsBackend } from "@nadb/backend-fs";
import { KeyValueStore, KeyValueSync } from "@nadb/core";

const PAGE = 10_000;
/** Longer than any sample: what flushes is the size of the buffer, or the benchmark. */
const NEVER_SECONDS = 3600;

export const nadb = { name: "NADB", load: async () => {}, open, openBuffered };

const openStore = (folder, options) =>
  KeyValueStore.open({ backend: fsBackend({ path: folder }), ...options });

async function open(folder) {
  const store = await openStore(folder);
  return {
    store,
    set: ({ key, value, tags }) => store.set(key, value, { tags }),
    setMany: (entries) => store.setMany(entries),
    get: (key) => store.get(key),
    delete: (key) => store.delete(key),
    keys: async (prefix) => (await store.keys({ prefix, limit: PAGE })).items,
    values: async (prefix) => {
      const { items } = await store.keys({ prefix, limit: PAGE });
      return [...(await store.getMany(items)).values()];
    },
    close: () => store.close(),
  };
}

/** `bufferSizeMb`: undefined is the default of 1. */
async function openBuffered(folder, bufferSizeMb) {
  const sync = new KeyValueSync({ flushIntervalSeconds: NEVER_SECONDS });
  const store = await openStore(folder, { sync, ...(bufferSizeMb && { bufferSizeMb }) });
  return {
    set: ({ key, value, tags }) => store.set(key, value, { tags }),
    flush: () => store.flush(),
    close: async () => {
      await store.close();
      await sync.stop();
    },
  };
}
