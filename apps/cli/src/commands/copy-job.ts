// What nadb copy has to do: one namespace, or all of them.
import {
  type Copied,
  type CopyEvent,
  type CopyNamespaceOptions,
  type CopyOptions,
  type CopyPlan,
  copyAll,
  copyNamespace,
  copyProgress,
  followCopy,
  followCopyAll,
  planCopy,
  planCopyAll,
  type StorageBackend,
} from "@nadb/core";
import type { Flags } from "../session.js";

export interface CopyJob {
  plan(): Promise<readonly CopyPlan[]>;
  once(): Promise<readonly Copied[]>;
  follow(how: { everySeconds: number; untilSynced: boolean }): AsyncIterable<CopyEvent>;
}

export function jobOfAll(
  from: StorageBackend,
  to: StorageBackend,
  options: CopyOptions & { readonly db?: string },
): CopyJob {
  return {
    plan: () => planCopyAll(from, to, options),
    once: () => copyAll(from, to, options),
    follow: (how) => followCopyAll(from, to, { ...options, ...how }),
  };
}

export async function jobOfOne(
  { db, namespace }: Flags,
  fromBackend: StorageBackend,
  toBackend: StorageBackend,
  { to: name = namespace, ...how }: CopyOptions & { readonly to: string | undefined },
): Promise<CopyJob> {
  const progress = await copyProgress(toBackend, { db });
  const from = await fromBackend.namespace({ db, namespace });
  const to = await toBackend.namespace({ db, namespace: name });
  const options: CopyNamespaceOptions = { ...how, progress };
  return {
    plan: async () => [await planCopy(from, to, options)],
    once: async () => [await copyNamespace(from, to, options)],
    follow: (when) => followCopy(from, to, { ...options, ...when }),
  };
}
