import {
  changeKey,
  decodeRecord,
  isNadbError,
  isTombstone,
  type StorageNamespace,
} from "@nadb/core";
import { type Mutant, namespace } from "./mutant.js";

export const feedMutants: readonly Mutant[] = [
  {
    does: "leaves tombstones out of the feed",
    caughtBy: "changes since a checkpoint › are what was changed since, deletes as tombstones",
    open: namespace((inner) => ({
      async *changes(since, options) {
        for await (const page of inner.changes(since, options)) {
          yield { ...page, changes: page.changes.filter((change) => !isTombstone(change)) };
        }
      },
    })),
  },
  {
    does: "reads the end of a run after its data",
    caughtBy: "changes while others write › lose nothing from run to run",
    open: namespace((inner) => ({
      async *changes(since, options) {
        for await (const { changes } of inner.changes(since, options)) yield { changes };
        await new Promise(setImmediate);
        yield { changes: [], end: await inner.head() };
      },
    })),
  },
  {
    does: "takes the end of a run before its data",
    caughtBy: "changes while others write › from null equal the instant they end at",
    open: namespace((inner) => ({
      async *changes(since, options) {
        const end = await inner.head();
        const keys = await inner.keys({ limit: 10_000 });
        if (since !== null) return yield* inner.changes(since, options);
        for (const key of keys.items) {
          for await (const { changes } of inner.changes(null)) {
            const found = changes.filter(
              (one) => !isTombstone(one) && decodeRecord(one).key === key,
            );
            yield { changes: found };
          }
        }
        yield { changes: [], end };
      },
    })),
  },
  {
    does: "continues silently from a checkpoint it no longer serves",
    caughtBy: "checkpoint › of a replaced content is refused",
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
    does: "includes the checkpoint itself in the run since it",
    caughtBy: "changes since a checkpoint › exclude the checkpoint itself: one run joins the next",
    open: namespace((inner) => ({
      async *changes(since, options) {
        yield* inner.changes(since === null ? null : await before(inner, since), options);
      },
    })),
  },
  {
    does: "serves the feed backwards",
    caughtBy: "changes since a checkpoint › stand in the order of their versions (if transactions)",
    open: namespace((inner) => ({
      async *changes(since, options) {
        for await (const page of inner.changes(since, options)) {
          yield { ...page, changes: [...page.changes].reverse() };
        }
      },
    })),
  },
  {
    does: "ignores pageBytes",
    caughtBy: "changes from null › come in pages, each closed once it holds pageBytes",
    open: namespace((inner) => ({
      changes: (since, { signal } = {}) =>
        inner.changes(since, signal === undefined ? {} : { signal }),
    })),
  },
  {
    does: "ends a run without saying where",
    caughtBy: "changes from null › of an empty namespace are one page: its end",
    open: namespace((inner) => ({
      async *changes(since, options) {
        for await (const { changes } of inner.changes(since, options)) yield { changes };
      },
    })),
  },
  {
    does: "says of every run that it comes in key order",
    caughtBy: "inKeyOrder › said of a run since a checkpoint, is said on every page and is true",
    open: namespace((inner) => ({
      async *changes(since, options) {
        for await (const page of inner.changes(since, options)) yield { ...page, inKeyOrder: true };
      },
    })),
  },
  {
    does: "says of the first page alone that it comes in key order",
    caughtBy: "inKeyOrder › said of a run from null, is said on every page and is true",
    open: namespace((inner) => ({
      async *changes(since, options) {
        let order: { inKeyOrder?: true } = { inKeyOrder: true };
        for await (const { inKeyOrder: _, ...page } of inner.changes(since, options)) {
          yield { ...page, ...order };
          order = {};
        }
      },
    })),
  },
  {
    does: "orders keys by UTF-16",
    caughtBy: "inKeyOrder › said of a run from null, is said on every page and is true",
    open: namespace((inner) => ({
      async *changes(since, options) {
        const all: Uint8Array[] = [];
        for await (const { changes, end } of inner.changes(since, options)) {
          all.push(...changes.map((change) => new Uint8Array(change)));
          if (end === undefined) continue;
          all.sort((a, b) => (changeKey(a) < changeKey(b) ? -1 : 1));
          yield { changes: all, end, inKeyOrder: true };
        }
      },
    })),
  },
  {
    does: "does not trim",
    caughtBy: "trim › makes earlier checkpoints expire",
    open: namespace(() => ({ trim: async () => {} })),
  },
];

/** Some checkpoint before this one, as far as the decorator can know: the beginning. */
async function before(inner: StorageNamespace, since: string): Promise<string | null> {
  return since === (await inner.head()).checkpoint ? since : null;
}
