// A drawn write as an application would make it.
import type { KeyValueStore, SetEntry } from "@nadb/core";
import type { Change, Put } from "./lines.js";

/** By the call an application would take; those of one kind go together, others by the contract's own commit. */
export async function apply(store: KeyValueStore, changes: readonly Change[]): Promise<void> {
  const deletes = changes.flatMap((one) => ("delete" in one ? one.delete : []));
  const entries = changes.flatMap((one) => ("put" in one ? entryOf(one) : []));
  const [entry] = entries;
  if (entry === undefined) await remove(store, deletes);
  else if (deletes.length > 0) await commit(store, entries, deletes);
  else if (entries.length > 1) await store.setMany(entries);
  else await set(store, entry);
}

type Entry = SetEntry<string>;

function entryOf({ put: key, text, times, tags, expiresAt }: Put): Entry {
  const entry = { key, value: text.repeat(times), tags };
  return expiresAt === undefined ? entry : { ...entry, expiresAt };
}

const set = (store: KeyValueStore, { key, value, ...options }: Entry): Promise<unknown> =>
  store.set(key, value, options);

const remove = (store: KeyValueStore, keys: readonly string[]): Promise<unknown> =>
  keys.length === 1 ? store.delete(keys[0] as string) : store.deleteMany(keys);

function commit(
  store: KeyValueStore,
  entries: readonly Entry[],
  deletes: readonly string[],
): Promise<unknown> {
  const encoder = new TextEncoder();
  return store.storage.commit([
    ...entries.map((one) => ({ type: "put" as const, ...one, value: encoder.encode(one.value) })),
    ...deletes.map((key) => ({ type: "delete" as const, key })),
  ]);
}
