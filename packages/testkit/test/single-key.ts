// A backend whose commits may name one key only: what a store that is spread over several servers can promise.
import { type Mutation, memoryBackend, NadbError, type StorageBackend } from "@nadb/core";
import type { Environment } from "../src/index.js";
import { override } from "../src/override.js";

export function singleKeyBackend({ clock }: Pick<Environment, "clock">): StorageBackend {
  const inner = memoryBackend({ clock });
  return override(inner, {
    capabilities: { ...inner.capabilities, transactions: false },
    namespace: async (id) => {
      const namespace = await inner.namespace(id);
      return override(namespace, {
        commit: async (mutations, options = {}) => {
          checkOneKey(mutations, options.expect ?? []);
          return namespace.commit(mutations, options);
        },
      });
    },
  });
}

function checkOneKey(...named: readonly (readonly Pick<Mutation, "key">[])[]): void {
  const keys = new Set(named.flat().map(({ key }) => key));
  if (keys.size <= 1) return;
  throw new NadbError("NADB_UNSUPPORTED", `${keys.size} keys in one commit`);
}
