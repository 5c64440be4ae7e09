// Backends that count the matches of a tag query wrongly.
import type { TagQuery } from "@nadb/core";
import { type Mutant, namespace } from "./mutant.js";

const CAUGHT_BY = "tags › tell the total of all matches on every page when asked";

export const totalMutants: readonly Mutant[] = [
  {
    does: "counts what has expired in totals",
    caughtBy: CAUGHT_BY,
    open: namespace((inner, { clock }) => {
      const expiring: { readonly tags: readonly string[]; readonly expiresAt: number }[] = [];
      return {
        commit: (mutations, options) => {
          for (const one of mutations) {
            if (one.type !== "put" || one.expiresAt === undefined) continue;
            expiring.push({ tags: one.tags ?? [], expiresAt: one.expiresAt });
          }
          return inner.commit(mutations, options);
        },
        query: async (query) => {
          const page = await inner.query(query);
          if (page.total === undefined) return page;
          const expired = expiring.filter(({ expiresAt }) => expiresAt <= clock());
          const match = expired.filter(({ tags }) => query.all?.every((tag) => tags.includes(tag)));
          return { ...page, total: page.total + match.length };
        },
      };
    }),
  },
  {
    does: "tells as the total what the page holds",
    caughtBy: CAUGHT_BY,
    open: namespace((inner) => ({
      query: async (query) => {
        const page = await inner.query(query);
        return page.total === undefined ? page : { ...page, total: page.items.length };
      },
    })),
  },
  {
    does: "tells as the total what is left from the cursor on",
    caughtBy: CAUGHT_BY,
    open: namespace((inner) => {
      const before = new Map<string | undefined, number>();
      return {
        query: async (query) => {
          const page = await inner.query(query);
          const passed = before.get(query.cursor) ?? 0;
          if (page.cursor !== undefined) before.set(page.cursor, passed + page.items.length);
          return page.total === undefined ? page : { ...page, total: page.total - passed };
        },
      };
    }),
  },
  {
    does: "tells the total on the first page only",
    caughtBy: CAUGHT_BY,
    open: namespace((inner) => ({
      query: ({ total, ...query }: TagQuery) =>
        inner.query(query.cursor === undefined && total === true ? { ...query, total } : query),
    })),
  },
];
