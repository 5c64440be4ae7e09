// Namespaces whose runs do not end where they say, or whose commits are not one step: what real engines have got wrong.
import type { ChangePage, Commit, Mutation, StorageNamespace } from "@nadb/core";
import { turn } from "./boundary.js";

const PAGE_BYTES = 8_192;
/** Turns between the halves of a commit: so many that hardly a cut finds none of eight writers there. */
const HALVES_APART = 20;

export interface BrokenCut {
  readonly does: string;
  /** What the proof says of it. */
  readonly found: RegExp;
  readonly of: (inner: StorageNamespace) => StorageNamespace;
}

const override = (inner: StorageNamespace, changed: Partial<StorageNamespace>): StorageNamespace =>
  new Proxy(inner, {
    get(target, name): unknown {
      const value: unknown = Reflect.get(Object.hasOwn(changed, name) ? changed : target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

/** Runs come in many pages, so that writers write between them. */
export const inSmallPages = (inner: StorageNamespace): StorageNamespace =>
  override(inner, {
    changes: (since, options) => inner.changes(since, { ...options, pageBytes: PAGE_BYTES }),
  });

/** Only runs since a checkpoint go wrong: a full proves itself when it is taken. */
const wrongSince = (
  does: string,
  changes: (
    inner: StorageNamespace,
    ...args: Parameters<StorageNamespace["changes"]>
  ) => AsyncIterable<ChangePage>,
): BrokenCut => ({
  does,
  found: /to deeply equal/,
  of: (inner) =>
    override(inner, {
      changes: (since, options) =>
        since === null ? inner.changes(since, options) : changes(inner, since, options),
    }),
});

const withHead = (page: ChangePage, end: ChangePage["end"]): ChangePage =>
  page.end === undefined || end === undefined ? page : { ...page, end };

export const BROKEN_CUTS: readonly BrokenCut[] = [
  wrongSince("reads the head before the data", async function* (inner, since, options) {
    const end = await inner.head();
    await turn();
    for await (const page of inner.changes(since, options)) yield withHead(page, end);
  }),
  wrongSince("reads the head after the data", async function* (inner, since, options) {
    for await (const page of inner.changes(since, options)) {
      await turn();
      yield withHead(page, await inner.head());
    }
  }),
  wrongSince(
    "ends at one state, and holds the changes of an earlier one",
    async function* (inner, since, options) {
      const pages: ChangePage[] = [];
      for await (const { changes } of inner.changes(since, options)) {
        pages.push({ changes: changes.map((one) => new Uint8Array(one)) });
      }
      await turn();
      let end: ChangePage["end"];
      for await (const page of inner.changes(since, options)) end = page.end;
      yield* pages.slice(0, -1);
      yield withHead({ changes: pages.at(-1)?.changes ?? [], ...(end && { end }) }, end);
    },
  ),
  {
    does: "commits in two steps",
    found: /goes through a commit/,
    of: (inner) =>
      override(inner, {
        commit: async (mutations: readonly Mutation[], options = {}): Promise<Commit> => {
          const half = mutations.length >> 1;
          if (half === 0) return inner.commit(mutations, options);
          const first = await inner.commit(mutations.slice(0, half), options);
          for (let i = 0; i < HALVES_APART; i++) await turn();
          const { checkpoint, versions } = await inner.commit(mutations.slice(half));
          return { checkpoint, versions: [...first.versions, ...versions] };
        },
      }),
  },
];
