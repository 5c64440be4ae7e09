// The backend below a target: one that dies, one that tells what is asked of it, and what stands in its namespace.
import {
  type CommitOptions,
  type Mutation,
  memoryBackend,
  NadbError,
  type StorageBackend,
  type StorageNamespace,
} from "@nadb/core";
import { decodeHead, isInPieces } from "../../src/backend-target/layout.js";
import { override } from "./override.js";

export const NAMESPACE = { db: "backups", namespace: "default" };

/** The same backend with namespaces that behave otherwise. */
export const withNamespaces = (
  inner: StorageBackend,
  mutate: (namespace: StorageNamespace) => Partial<StorageNamespace>,
): StorageBackend =>
  override(inner, {
    namespace: async (id) => {
      const namespace = await inner.namespace(id);
      return override(namespace, mutate(namespace));
    },
  });

/** Commits may name one key only. */
export function singleKeyBackend(inner: StorageBackend = memoryBackend()): StorageBackend {
  const capabilities = { ...inner.capabilities, transactions: false };
  return override(withNamespaces(inner, oneKeyAtATime), { capabilities });
}

const oneKeyAtATime = (namespace: StorageNamespace): Partial<StorageNamespace> => ({
  commit: async (mutations: readonly Mutation[], options: CommitOptions = {}) => {
    const keys = new Set([...mutations, ...(options.expect ?? [])].map(({ key }) => key));
    if (keys.size > 1) throw new NadbError("NADB_UNSUPPORTED", `${keys.size} keys in one commit`);
    return namespace.commit(mutations, options);
  },
});

/** Dies before its first commit, right after it, before its second, and so on; then nothing works any more. */
export function dyingBackend(inner: StorageBackend, steps: number): StorageBackend {
  let taken = 0;
  const step = (): void => {
    if (taken++ >= steps) throw new NadbError("NADB_IO", "the backend died");
  };
  const alive = (): void => {
    if (taken > steps) throw new NadbError("NADB_IO", "the backend is dead");
  };
  return withNamespaces(inner, (namespace) => ({
    commit: async (mutations, options) => {
      step();
      const commit = await namespace.commit(mutations, options);
      step();
      return commit;
    },
    getMany: async (keys, options) => {
      alive();
      return namespace.getMany(keys, options);
    },
    keys: async (query) => {
      alive();
      return namespace.keys(query);
    },
  }));
}

export async function keysIn(backend: StorageBackend): Promise<readonly string[]> {
  const namespace = await backend.namespace(NAMESPACE);
  return (await namespace.keys({ limit: 10_000 })).items;
}

/** Keys that belong to no file: what somebody has left. */
export async function leftoversIn(backend: StorageBackend): Promise<string[]> {
  const namespace = await backend.namespace(NAMESPACE);
  const keys = await keysIn(backend);
  const heads = await namespace.getMany(keys.filter((key) => key.startsWith("file/")));
  const named = heads.flatMap((record) => {
    const { content } = decodeHead(record?.value ?? new Uint8Array(), record?.key ?? "");
    return isInPieces(content) ? [`piece/${content.id}/`] : [];
  });
  const isKept = (key: string): boolean =>
    key === "nadb-target" ||
    key.startsWith("file/") ||
    named.some((prefix) => key.startsWith(prefix));
  return keys.filter((key) => !isKept(key));
}
