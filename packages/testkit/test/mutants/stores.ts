// Backends on which a store would break its promises.
import { type CommitOptions, isNadbError, type Mutation, NadbError, type Put } from "@nadb/core";
import { turn } from "../../src/alongside.js";
import { text } from "../../src/generate.js";
import { backend, type Mutant, namespace, override } from "./mutant.js";

export const storeMutants: readonly Mutant[] = [
  {
    does: "keeps values as text",
    caughtBy: "typed values › come back from every codec as they went in",
    open: namespace((inner) => ({
      commit: (mutations, options) => inner.commit(mutations.map(throughText), options),
    })),
  },
  {
    does: "takes a record that has expired for present",
    caughtBy: "conditions › take a record that has expired for absent, swept or not",
    open: namespace((inner) => {
      const expiring = new Set<string>();
      return {
        commit: async (mutations, options = {}) => {
          for (const { key, version } of options.expect ?? []) {
            if (version === null && expiring.has(key)) throw conflict(key);
          }
          const commit = await inner.commit(mutations, options);
          for (const one of mutations) {
            if (one.type === "put" && one.expiresAt !== undefined) expiring.add(one.key);
            else expiring.delete(one.key);
          }
          return commit;
        },
      };
    }),
  },
  {
    does: "checks a condition, and writes later",
    caughtBy: "conditions › have one winner however many try",
    open: namespace((inner) => ({
      commit: async (mutations, options) => {
        await inner.commit([], options);
        return inner.commit(mutations);
      },
    })),
  },
  {
    does: "skips puts that change neither value nor tags",
    caughtBy: "touch and persist › move the end of a record, exact to the millisecond",
    open: namespace((inner) => ({
      commit: async (mutations, options) => {
        const found = await inner.getMany(mutations.map(({ key }) => key));
        const isNew = (one: Mutation, i: number): boolean =>
          one.type === "delete" || fingerprint(one) !== fingerprint(found[i]);
        return inner.commit(mutations.filter(isNew), options);
      },
    })),
  },
  {
    does: "says that nothing is left to sweep when it has swept a little",
    caughtBy: "cleanupExpired › removes all that has expired, however much, and tells how many",
    open: namespace((inner) => ({
      sweep: async (now, limit) => {
        const swept = await inner.sweep(now, Math.min(limit, 100));
        return swept < 100 ? swept : 0;
      },
    })),
  },
  {
    does: "says it has no transactions, and commits them all the same",
    caughtBy: "store transactions › throw NADB_UNSUPPORTED and write nothing (unless transactions)",
    open: backend((inner) => ({ capabilities: { ...inner.capabilities, transactions: false } })),
  },
  {
    does: "reads keys one after the other",
    caughtBy:
      "store transactions › keep the sum of accounts, whoever transfers and whenever one looks",
    open: namespace((inner) => ({
      getMany: async (keys) => {
        const records = [];
        for (const key of keys) {
          records.push((await inner.getMany([key]))[0]);
          await turn();
        }
        return records;
      },
    })),
  },
  ...[
    "store transactions › that decide by what the other writes do not both happen (write skew)",
    "store transactions › could have run one after the other",
  ].map((caughtBy) => ({
    does: `checks expectations of what it writes only (${caughtBy})`,
    caughtBy,
    open: namespace((inner) => ({
      commit: (mutations, options) => inner.commit(mutations, ofWritten(mutations, options)),
    })),
  })),
  {
    does: "leaves out the last change of a run",
    caughtBy:
      "changes of a store › keep a copy equal to it, from checkpoint to checkpoint, also after close and open",
    open: namespace((inner) => ({
      async *changes(since, options) {
        for await (const { changes, end } of inner.changes(since, options)) {
          const short = changes.length > 2 ? changes.slice(0, -1) : changes;
          yield end === undefined ? { changes } : { changes: short, end };
        }
      },
    })),
  },
  {
    does: "begins anew silently where its feed no longer reaches back",
    caughtBy:
      "changes of a store › from a checkpoint of a replaced content throw NADB_CHECKPOINT_EXPIRED",
    open: namespace((inner) => ({
      async *changes(since, options) {
        try {
          yield* inner.changes(since, options);
        } catch (error) {
          if (!isNadbError(error, "NADB_CHECKPOINT_EXPIRED")) throw error;
          yield* inner.changes(null, options);
        }
      },
    })),
  },
  {
    does: "writes what is buffered bit by bit",
    caughtBy: "buffered writes › go down in one commit, of which others see all or nothing",
    open: backend((inner) => ({
      capabilities: { ...inner.capabilities, buffering: true },
      namespace: async (id) => {
        const handle = await inner.namespace(id);
        return override(handle, {
          commit: async (mutations, options) => {
            const half = mutations.length >> 1;
            await handle.commit(mutations.slice(0, half), options);
            await turn();
            return handle.commit(mutations.slice(half));
          },
        });
      },
    })),
  },
];

function throughText(mutation: Mutation): Mutation {
  if (mutation.type === "delete") return mutation;
  return { ...mutation, value: text(new TextDecoder().decode(mutation.value)) };
}

const conflict = (key: string): NadbError => new NadbError("NADB_CONFLICT", `${key} is there`);

const fingerprint = (record: Pick<Put, "value" | "tags"> | undefined): string =>
  JSON.stringify(record === undefined ? [] : [[...record.value], record.tags ?? []]);

function ofWritten(
  mutations: readonly Mutation[],
  { expect = [], ...options }: CommitOptions = {},
): CommitOptions {
  const written = new Set(mutations.map(({ key }) => key));
  return { ...options, expect: expect.filter(({ key }) => written.has(key)) };
}
