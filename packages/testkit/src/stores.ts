// Stores on a bench, for laws and sequences that work as an application does. INVARIANT: a store of the bench's
// takes the time from the bench's clock, waits no longer than it must before it tries again, and leaves the backend open.
import {
  type AcceptedFor,
  type Commit,
  KeyValueStore,
  KeyValueSync,
  type Mutation,
  type OpenStoreOptions,
  type StorageBackend,
} from "@nadb/core";
import { type Bench, MAIN } from "./bench.js";
import { override } from "./override.js";

/** More conflicts in a row than any law can cause. */
export const PATIENT = { retries: 10_000 };

/** A store on the bench's main namespace, unless the options say another. */
export const openStore = <T = Uint8Array, Accepts = AcceptedFor<T>>(
  bench: Bench,
  options: Partial<OpenStoreOptions<T, Accepts>> = {},
): Promise<KeyValueStore<T, Accepts>> =>
  KeyValueStore.open<T, Accepts>({
    backend: bench.backend,
    ...MAIN,
    clock: bench.clock.now,
    random: () => 0,
    closeBackend: false,
    ...options,
  });

/** A sync whose rounds come when they are called for, by `tick`. */
export const manualSync = (bench: Bench): KeyValueSync =>
  new KeyValueSync({ flushIntervalSeconds: 2_000_000, clock: bench.clock.now });

type CommitSeen = (mutations: readonly Mutation[], commit: Commit) => void;

/** The backend, with a look at every commit that has succeeded. */
export const watchCommits = (inner: StorageBackend, seen: CommitSeen): StorageBackend =>
  override(inner, {
    namespace: async (id) => {
      const namespace = await inner.namespace(id);
      return override(namespace, {
        commit: async (mutations, options) => {
          const commit = await namespace.commit(mutations, options);
          seen(mutations, commit);
          return commit;
        },
      });
    },
  });
