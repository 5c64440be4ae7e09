import type { Mutation, StoredRecord } from "@nadb/core";
import { type Mutant, namespace, records } from "./mutant.js";

const withoutSeal = <T extends { readonly seal?: unknown }>({ seal: _seal, ...rest }: T) => rest;

export const sealMutants: readonly Mutant[] = [
  {
    does: "forgets the seals it is given",
    caughtBy:
      "sealed values › are counted and hashed as their seals say, so the head is that of the plain ones",
    open: namespace((inner) => ({
      commit: (mutations, options) =>
        inner.commit(
          mutations.map((one): Mutation => (one.type === "put" ? withoutSeal(one) : one)),
          options,
        ),
    })),
  },
  {
    does: "keeps seals and does not hand them out",
    caughtBy: "sealed values › come back as they were put, with their seals",
    open: records((record): StoredRecord => withoutSeal(record)),
  },
  {
    does: "counts the bytes it holds instead of what seals say",
    caughtBy: "sealed values › may be longer or shorter than the bytes that stand for them",
    open: namespace((inner) => ({
      head: async () => {
        const { items } = await inner.keys({ limit: 10_000 });
        const found = await inner.getMany(items);
        const bytes = found.reduce((sum, record) => sum + (record?.value.length ?? 0), 0);
        return { ...(await inner.head()), bytes };
      },
    })),
  },
  {
    does: "takes any seal",
    caughtBy: "sealed values › whose seal has a hash of 31 bytes are refused",
    open: namespace((inner) => ({
      commit: (mutations, options) =>
        inner.commit(
          mutations.map((one): Mutation => {
            if (one.type !== "put" || one.seal === undefined) return one;
            const contentHash = new Uint8Array(32);
            contentHash.set(one.seal.contentHash);
            return { ...one, seal: { ...one.seal, contentHash } };
          }),
          options,
        ),
    })),
  },
];
