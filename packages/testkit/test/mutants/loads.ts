import { asMutation, type Mutant, namespace, override, stagedLoad } from "./mutant.js";

export const loadMutants: readonly Mutant[] = [
  {
    does: "shows a replace before its commit",
    caughtBy: "replace › is invisible until its commit, then visible at once",
    open: stagedLoad("replace", (load, inner) => ({
      put: async (changes) => {
        await load.put(changes);
        await inner.commit(changes.map(asMutation));
      },
    })),
  },
  {
    does: "replaces by deleting and setting",
    caughtBy: "checkpoint › of a replaced content is refused",
    open: namespace((inner) => ({
      replace: async () => {
        const load = await inner.merge();
        return override(load, {
          commit: async (options) => {
            const { items } = await inner.keys({ limit: 10_000 });
            await inner.commit(items.map((key) => ({ type: "delete", key })));
            return load.commit(options);
          },
        });
      },
    })),
  },
  {
    does: "loads with times of its own",
    caughtBy: "replace › keeps times, tags and expiry exactly as they are",
    open: stagedLoad("replace", (load, inner) => {
      const staged: Uint8Array[] = [];
      return {
        put: async (changes) => {
          staged.push(...changes);
          await load.put(changes);
        },
        commit: async (options) => {
          const loaded = await load.commit(options);
          await inner.commit(staged.map(asMutation));
          return { ...loaded, head: await inner.head() };
        },
      };
    }),
  },
  {
    does: "ignores expectDigest",
    caughtBy:
      "staged load › whose digest is not the expected one throws NADB_CORRUPTION and changes nothing",
    open: stagedLoad("replace", (load) => ({ commit: () => load.commit() })),
  },
  {
    does: "commits what is aborted",
    caughtBy: "staged load › that is aborted leaves everything as it was",
    open: stagedLoad("merge", (load) => ({
      abort: async () => {
        await load.commit().catch(() => {});
      },
    })),
  },
  {
    does: "merges by replacing",
    caughtBy: "merge › lays the loaded keys over the content; others stay",
    open: namespace((inner) => ({ merge: () => inner.replace() })),
  },
  {
    does: "counts superseded changes as loaded",
    caughtBy: "replace › answers the true count, digest and head",
    open: stagedLoad("replace", (load) => {
      let count = 0;
      return {
        put: async (changes) => {
          count += changes.length;
          await load.put(changes);
        },
        commit: async (options) => ({ ...(await load.commit(options)), count }),
      };
    }),
  },
];
