import { changeKey, changeTime, type StorageNamespace } from "@nadb/core";
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
  {
    does: "overwrites whatever onConflict says",
    caughtBy: "merge onConflict › keep-existing leaves what is there, whichever is newer",
    open: namespace((inner) => ({ merge: () => inner.merge() })),
  },
  {
    does: "keeps the loaded one of two at the same instant",
    caughtBy:
      "merge onConflict › keep-newer goes by updatedAt; of two at one instant the one that is there stays",
    open: namespace((inner) => ({
      merge: async (options) => {
        const load = await inner.merge(options);
        const staged: Uint8Array[] = [];
        return override(load, {
          put: async (changes) => {
            staged.push(...changes);
            await load.put(changes);
          },
          commit: async (committing) => {
            const loaded = await load.commit(committing);
            if (options?.onConflict !== "keep-newer") return loaded;
            const same = await atTheSameInstant(inner, staged);
            await inner.commit(same.map(asMutation));
            return { ...loaded, head: await inner.head() };
          },
        });
      },
    })),
  },
  {
    does: "does not tell what it has skipped",
    caughtBy:
      "merge onConflict › digest and count are of all that was loaded, the head of what stands",
    open: namespace((inner) => ({
      merge: async (options) => {
        const load = await inner.merge(options);
        return override(load, {
          commit: async (committing) => ({ ...(await load.commit(committing)), skipped: 0 }),
        });
      },
    })),
  },
  {
    does: "decides on conflicts when the load begins",
    caughtBy: "merge onConflict › is decided when the load commits",
    open: namespace((inner) => ({
      merge: async (options) => {
        if (options?.onConflict !== "keep-existing") return inner.merge(options);
        const { items } = await inner.keys({ limit: 10_000 });
        const load = await inner.merge();
        return override(load, {
          put: (changes) => load.put(changes.filter((one) => !items.includes(changeKey(one)))),
        });
      },
    })),
  },
  {
    does: "takes an onConflict of any name",
    caughtBy: "merge onConflict › of another name is refused",
    open: namespace((inner) => ({
      merge: (options) => inner.merge(options).catch(() => inner.merge()),
    })),
  },
];

async function atTheSameInstant(
  inner: StorageNamespace,
  staged: readonly Uint8Array[],
): Promise<Uint8Array[]> {
  const found = await inner.getMany(staged.map(changeKey));
  return staged.filter((change, i) => found[i]?.updatedAt === changeTime(change));
}
