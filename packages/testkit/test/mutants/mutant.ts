// How a mutant is made: a decorator over the memory backend that changes one thing.
import {
  decodeChange,
  type Mutation,
  memoryBackend,
  type StagedLoad,
  type StorageBackend,
  type StorageNamespace,
  type StoredRecord,
} from "@nadb/core";
import type { Environment, OpenBackend } from "../../src/index.js";
import { override } from "../../src/override.js";

export { override };

export interface Mutant {
  readonly does: string;
  /** "law › case" */
  readonly caughtBy: string;
  readonly open: OpenBackend;
}

type MutateNamespace = (
  inner: StorageNamespace,
  environment: Environment,
) => Partial<StorageNamespace>;

export const backend =
  (
    mutate: (inner: StorageBackend, environment: Environment) => Partial<StorageBackend>,
  ): OpenBackend =>
  (environment) => {
    const inner = memoryBackend({ clock: environment.clock });
    return override(inner, mutate(inner, environment));
  };

export const namespace = (mutate: MutateNamespace): OpenBackend =>
  backend((inner, environment) => ({
    namespace: async (id) => {
      const handle = await inner.namespace(id);
      return override(handle, mutate(handle, environment));
    },
  }));

export const stagedLoad = (
  kind: "replace" | "merge",
  mutate: (load: StagedLoad, inner: StorageNamespace) => Partial<StagedLoad>,
): OpenBackend =>
  namespace((inner) => ({
    [kind]: async () => {
      const load = await inner[kind]();
      return override(load, mutate(load, inner));
    },
  }));

export const records = (mutate: (record: StoredRecord) => StoredRecord): OpenBackend =>
  namespace((inner) => ({
    getMany: async (keys, options) =>
      (await inner.getMany(keys, options)).map((record) => record && mutate(record)),
  }));

export const asMutation = (change: Uint8Array): Mutation => {
  const decoded = decodeChange(change);
  if (decoded.type === "tombstone") return { type: "delete", key: decoded.tombstone.key };
  return { type: "put", ...decoded.record };
};
