import { memoryBackend, type StoredRecord } from "@nadb/core";
import { type Mutant, namespace, records } from "./mutant.js";

export const readMutants: readonly Mutant[] = [
  {
    does: "returns expired records",
    caughtBy: "expiry › is exact to the millisecond, in every read",
    open: namespace((inner) => {
      const kept = new Map<string, StoredRecord>();
      return {
        getMany: async (keys) => {
          const found = await inner.getMany(keys);
          for (const record of found) if (record !== undefined) kept.set(record.key, record);
          return keys.map((key, i) => found[i] ?? kept.get(key));
        },
      };
    }),
  },
  {
    does: "expires a millisecond late",
    caughtBy: "expiry › is exact to the millisecond, in every read",
    open: (environment) => memoryBackend({ clock: () => environment.clock() - 1 }),
  },
  {
    does: "serves a stale head",
    caughtBy: "head › has a digest that tells content apart",
    open: namespace((inner) => {
      const first = inner.head();
      return { head: async () => ({ ...(await inner.head()), digest: (await first).digest }) };
    }),
  },
  {
    does: "orders keys by UTF-16 units",
    caughtBy: "keys › stand in the order of their UTF-8 bytes",
    open: namespace((inner) => ({
      keys: async (query) => {
        const page = await inner.keys(query);
        return { ...page, items: [...page.items].sort() };
      },
    })),
  },
  {
    does: "lists the key at the cursor again",
    caughtBy: "keys › come in pages of any size, each key exactly once",
    open: namespace((inner) => {
      let last: string | undefined;
      return {
        keys: async (query = {}) => {
          const page = await inner.keys(query);
          const again = query.cursor !== undefined && last !== undefined ? [last] : [];
          last = page.items.at(-1);
          return { ...page, items: [...again, ...page.items].slice(0, query.limit) };
        },
      };
    }),
  },
  {
    does: "answers missing keys by leaving them out",
    caughtBy: "records › are answered in the order asked for, missing ones as undefined",
    open: namespace((inner) => ({
      getMany: async (keys) => (await inner.getMany(keys)).filter((record) => record !== undefined),
    })),
  },
  {
    does: "forgets createdAt when a record is overwritten",
    caughtBy: "records › keep createdAt when overwritten; updatedAt moves",
    open: records((record) => ({ ...record, createdAt: record.updatedAt })),
  },
  {
    does: "hands out tags in the order of UTF-16 units",
    caughtBy: "records › carry their tags sorted by UTF-8 bytes, without duplicates",
    open: records((record) => ({ ...record, tags: [...record.tags].sort() })),
  },
  {
    does: "cuts values at 1 MiB",
    caughtBy: "records › take a value of 16 MiB, or the largest allowed",
    open: records((record) => ({ ...record, value: record.value.subarray(0, 1024 * 1024) })),
  },
  {
    does: "hands out the value it holds, not a copy",
    caughtBy: "records › stay as they are whatever the caller does to its buffers",
    open: namespace((inner) => {
      const held = new Map<string, StoredRecord>();
      return {
        getMany: async (keys) => {
          const found = await inner.getMany(keys);
          return found.map((record) => {
            if (record !== undefined && !held.has(record.key)) held.set(record.key, record);
            return record && held.get(record.key);
          });
        },
      };
    }),
  },
  {
    does: "ignores `none`",
    caughtBy: "tags › answer all, any and none, each and together",
    open: namespace((inner) => ({ query: ({ none: _none, ...query }) => inner.query(query) })),
  },
  {
    does: "counts tags that no record carries any more",
    caughtBy: "tags › stay exact through overwrites and deletes",
    open: namespace((inner) => {
      const seen = new Set<string>();
      return {
        tags: async () => {
          const counts = await inner.tags();
          for (const tag of counts.keys()) seen.add(tag);
          return new Map([...seen].map((tag) => [tag, counts.get(tag) ?? 0]));
        },
      };
    }),
  },
  {
    does: "ignores signals",
    caughtBy: "signal › that is aborted stops every call before it does anything",
    open: namespace((inner) => ({ head: () => inner.head() })),
  },
  {
    does: "answers a sweep that it did not do",
    caughtBy: "sweep › turns what has expired into tombstones",
    open: namespace(() => ({ sweep: async (_now, limit) => Math.min(limit, 6) })),
  },
  {
    does: "sweeps more than it was asked to",
    caughtBy: "sweep › does no more than its limit at a time, and comes to an end",
    open: namespace((inner) => ({ sweep: (now) => inner.sweep(now, 1_000) })),
  },
  {
    does: "takes an over-long key by cutting it",
    caughtBy: "bad input › a key of 1,025 bytes in a put",
    open: namespace((inner) => ({
      commit: (mutations, options) =>
        inner.commit(
          mutations.map((mutation) => ({ ...mutation, key: mutation.key.slice(0, 1_024) })),
          options,
        ),
    })),
  },
];
