import { isNadbError } from "@nadb/core";
import { type Mutant, namespace } from "./mutant.js";

export const commitMutants: readonly Mutant[] = [
  {
    does: "commits mutation by mutation",
    caughtBy: "commit › is all or nothing when a mutation is refused",
    open: namespace((inner) => ({
      commit: async (mutations, options) => {
        let last = await inner.commit([], options);
        for (const mutation of mutations) last = await inner.commit([mutation]);
        return last;
      },
    })),
  },
  {
    does: "lets readers see a commit in part",
    caughtBy: "commit › is never seen in part (if transactions)",
    open: namespace((inner) => ({
      getMany: (keys) =>
        Promise.all(
          keys.map(async (key, i) => {
            for (let turn = 0; turn < i; turn++) await new Promise(setImmediate);
            return (await inner.getMany([key]))[0];
          }),
        ),
    })),
  },
  {
    does: "reuses versions",
    caughtBy: "versions › are whole numbers above 0 that rise with every change",
    open: namespace((inner) => ({
      commit: async (mutations, options) => {
        const { checkpoint, versions } = await inner.commit(mutations, options);
        return {
          checkpoint,
          versions: versions.map((version) => version && ((version - 1) % 3) + 1),
        };
      },
    })),
  },
  {
    does: "answers a version for a mutation that changed nothing",
    caughtBy: "commit › answers for each mutation the version it made",
    open: namespace((inner) => ({
      commit: async (mutations, options) => {
        const { checkpoint, versions } = await inner.commit(mutations, options);
        return { checkpoint, versions: versions.map((version) => version ?? 1) };
      },
    })),
  },
  {
    does: "ignores expectations",
    caughtBy: "expectation › of another version is a conflict",
    open: namespace((inner) => ({ commit: (mutations) => inner.commit(mutations) })),
  },
  {
    does: "ignores commit ids",
    caughtBy: "commit id › makes a retry answer with the first result and write nothing",
    open: namespace((inner) => ({
      commit: (mutations, { expect } = {}) =>
        inner.commit(mutations, expect === undefined ? {} : { expect }),
    })),
  },
  {
    does: "writes, then checks the expectation",
    caughtBy: "expectation › of null is a conflict when the key is there",
    open: namespace((inner) => ({
      commit: async (mutations, options) => {
        try {
          return await inner.commit(mutations, options);
        } catch (error) {
          if (isNadbError(error, "NADB_CONFLICT")) await inner.commit(mutations);
          throw error;
        }
      },
    })),
  },
  {
    does: "answers with the checkpoint of before the commit",
    caughtBy: "commit › names the cut right after it",
    open: namespace((inner) => ({
      commit: async (mutations, options) => {
        const { checkpoint } = await inner.head();
        return { ...(await inner.commit(mutations, options)), checkpoint };
      },
    })),
  },
];
