// A backend of several namespaces, written to and read by plain names, and a repository for sets of their backups.
import {
  type EmbeddedOptions,
  type Mutation,
  memoryBackend,
  type NamespaceId,
  type StorageBackend,
} from "@nadb/core";
import { onTestFinished } from "vitest";
import { type BackupTarget, memoryTarget, Repository } from "../../src/index.js";
import { Clock } from "./store.js";

export interface SetSite {
  readonly backend: StorageBackend;
  readonly target: BackupTarget;
  readonly repository: Repository;
  readonly clock: Clock;
}

/** "db/namespace". */
export function idOf(name: string): NamespaceId {
  const [db = "", namespace = ""] = name.split("/");
  return { db, namespace };
}

/** Closed when the test ends. */
export async function openBackend(options: EmbeddedOptions = {}): Promise<StorageBackend> {
  const backend = memoryBackend(options);
  await backend.open();
  onTestFinished(() => backend.close());
  return backend;
}

/** Namespaces a/one of two records, a/two of one and b/one of one. */
export async function openSetSite(target: BackupTarget = memoryTarget()): Promise<SetSite> {
  const clock = new Clock();
  const backend = await openBackend({ clock: clock.now });
  await write(backend, "a/one", { x: "1", y: "2" });
  await write(backend, "a/two", { x: "3" });
  await write(backend, "b/one", { x: "4" });
  return { backend, target, clock, repository: await openRepository(target, clock) };
}

export const openRepository = (target: BackupTarget, clock: Clock): Promise<Repository> =>
  Repository.open(target, { create: true, clock: clock.now });

/** `undefined` deletes. */
export async function write(
  backend: StorageBackend,
  name: string,
  values: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const storage = await backend.namespace(idOf(name));
  await storage.commit(
    Object.entries(values).map(
      ([key, value]): Mutation =>
        value === undefined
          ? { type: "delete", key }
          : { type: "put", key, value: new TextEncoder().encode(value) },
    ),
  );
}

/** All namespaces that hold anything, with all that they hold. */
export async function contentsOf(
  backend: StorageBackend,
): Promise<Record<string, Record<string, string>>> {
  const contents: Record<string, Record<string, string>> = {};
  for await (const id of backend.namespaces()) {
    const storage = await backend.namespace(id);
    const { items } = await storage.keys({ limit: 10_000 });
    if (items.length === 0) continue;
    const records = await storage.getMany(items);
    contents[`${id.db}/${id.namespace}`] = Object.fromEntries(
      records.map((record) => [record?.key, new TextDecoder().decode(record?.value)]),
    );
  }
  return contents;
}
