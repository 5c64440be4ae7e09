// The suite asks no more than the contract: a backend that has neither transactions nor snapshots, and says
// so, passes. Its runs chase the feed until nothing is left behind, as an engine on a network does.
import {
  type ChangePage,
  type ChangesOptions,
  type Checkpoint,
  type CommitOptions,
  type Mutation,
  NadbError,
  type StorageNamespace,
} from "@nadb/core";
import { describe, it } from "vitest";
import { backendConformance } from "../src/index.js";
import { backend, override } from "./mutants/mutant.js";

const modest = backend((inner) => ({
  name: "modest",
  capabilities: { ...inner.capabilities, transactions: false, snapshots: false },
  namespace: async (id) => {
    const namespace = await inner.namespace(id);
    return override(namespace, {
      commit: async (mutations, options) => {
        checkOneKey(mutations, options);
        return namespace.commit(mutations, options);
      },
      changes: (since, options) => chase(namespace, since, options),
    });
  },
}));

function checkOneKey(mutations: readonly Mutation[], { expect = [] }: CommitOptions = {}): void {
  if (new Set([...mutations, ...expect].map(({ key }) => key)).size < 2) return;
  throw new NadbError("NADB_UNSUPPORTED", "a commit over several keys");
}

async function* chase(
  namespace: StorageNamespace,
  since: Checkpoint | null,
  options?: ChangesOptions,
): AsyncGenerator<ChangePage> {
  for (let from = since; ; ) {
    let reached: Checkpoint | undefined;
    for await (const { changes, end } of namespace.changes(from, options)) {
      reached = end?.checkpoint;
      const head = end === undefined ? undefined : await namespace.head();
      if (head !== undefined && head.checkpoint === reached) return yield { changes, end: head };
      yield { changes };
    }
    from = reached ?? from;
  }
}

backendConformance({ describe, it }, modest);
