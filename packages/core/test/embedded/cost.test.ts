// What an operation costs in calls to the engine. The numbers are ceilings: less is welcome, more needs a reason.
// INVARIANT: none depends on the size of the store.
import { beforeAll, describe, expect, it } from "vitest";
import type { Mutation, StorageNamespace } from "../../src/index.js";
import { type Cost, Kept, puts, remove, settle } from "./kept.js";

const SIZES = [20, 1_000, 10_000];
const stores: { readonly kept: Kept; readonly namespace: StorageNamespace }[] = [];

beforeAll(async () => {
  for (const size of SIZES) {
    const kept = new Kept();
    const namespace = await kept.namespace();
    await namespace.commit(puts(size));
    stores.push({ kept, namespace });
  }
});

type Work = (namespace: StorageNamespace) => Promise<unknown>;
interface Case {
  readonly what: string;
  readonly before?: Work;
  readonly work: Work;
  readonly atMost: Cost;
}

const cost = (gets: number, puts: number, deletes: number, scanned: number): Cost => ({
  gets,
  puts,
  deletes,
  scanned,
});

/** One record with two tags of its own, so that nothing else moves their counts. */
const put = (key: string, tags = ["one", "two"], expiresAt?: number): Mutation => {
  const value = new Uint8Array(10);
  return { type: "put", key, value, tags, ...(expiresAt === undefined ? {} : { expiresAt }) };
};
const FAR = Date.UTC(2100, 0, 1);

async function follow(namespace: StorageNamespace, since: string | null): Promise<number> {
  let changes = 0;
  for await (const page of namespace.changes(since)) changes += page.changes.length;
  return changes;
}

const CASES: Case[] = [
  { what: "a get", work: (ns) => ns.getMany(["key000007"]), atMost: cost(2, 0, 0, 0) },
  { what: "a get of a missing key", work: (ns) => ns.getMany(["no"]), atMost: cost(2, 0, 0, 0) },
  {
    what: "a get of five keys, which look up their namespace once",
    work: (ns) => ns.getMany([1, 2, 3, 4, 5].map((i) => `key00000${i}`)),
    atMost: cost(6, 0, 0, 0),
  },
  { what: "the head", work: (ns) => ns.head(), atMost: cost(1, 0, 0, 0) },
  {
    what: "a set of a new key: entry, record, feed, two tags, two counts",
    work: (ns) => ns.commit([put("set")]),
    atMost: cost(5, 7, 0, 0),
  },
  {
    what: "a set of a new key without tags",
    work: (ns) => ns.commit([put("bare", [])]),
    atMost: cost(3, 3, 0, 0),
  },
  {
    what: "an overwrite with the same tags, which leaves index and counts alone",
    before: (ns) => ns.commit([put("over")]),
    work: (ns) => ns.commit([put("over")]),
    atMost: cost(2, 3, 1, 0),
  },
  {
    what: "an overwrite that trades one tag for another",
    before: (ns) => ns.commit([put("trade")]),
    work: (ns) => ns.commit([put("trade", ["one", "three"])]),
    atMost: cost(4, 6, 2, 0),
  },
  {
    what: "an overwrite that sets an expiry, which the tag index repeats",
    before: (ns) => ns.commit([put("expiring")]),
    work: (ns) => ns.commit([put("expiring", ["one", "two"], FAR)]),
    atMost: cost(2, 6, 1, 0),
  },
  {
    what: "a delete: its tombstone in, record and indexes out",
    before: (ns) => ns.commit([put("gone")]),
    work: (ns) => ns.commit([remove("gone")]),
    atMost: cost(5, 5, 4, 1),
  },
  {
    what: "a delete of a missing key",
    work: (ns) => ns.commit([remove("no")]),
    atMost: cost(2, 1, 0, 1),
  },
  {
    what: "a commit of 100 new keys with the same two tags: five calls to a record",
    work: (ns) => ns.commit(Array.from({ length: 100 }, (_, i) => put(`many${i}`))),
    atMost: cost(203, 403, 0, 2),
  },
  {
    what: "a commit with an id",
    work: (ns) => ns.commit([put("id", [])], { id: "id" }),
    atMost: cost(5, 5, 0, 1),
  },
  {
    what: "a page of five keys, which looks one further",
    work: (ns) => ns.keys({ limit: 5 }),
    atMost: cost(1, 0, 0, 6),
  },
  {
    what: "a page of one tag, which looks one further and at each tag again",
    work: (ns) => ns.query({ all: ["all"], limit: 5 }),
    atMost: cost(8, 0, 0, 6),
  },
  {
    what: "a page of either of two tags, which looks one further in each",
    work: (ns) => ns.query({ any: ["tag3", "tag4"], limit: 1 }),
    atMost: cost(5, 0, 0, 4),
  },
  {
    what: "the tags in use: one entry to a tag",
    work: (ns) => ns.tags(),
    atMost: cost(1, 0, 0, 11 + 3),
  },
  {
    what: "a sweep that finds nothing, which writes nothing",
    work: (ns) => ns.sweep(Date.UTC(2031, 5), 1_000),
    atMost: cost(1, 0, 0, 1),
  },
  {
    what: "a staged load that is begun and aborted",
    work: async (ns) => (await ns.merge()).abort().then(settle),
    atMost: cost(8, 6, 4, 1),
  },
];

describe("the cost, whatever the size of the store, of", () => {
  it.each(CASES.map((one) => [one.what, one] as const))("%s", async (_what, one) => {
    const { before, work, atMost } = one;
    const costs: Cost[] = [];
    for (const { kept, namespace } of stores) {
      await before?.(namespace);
      costs.push(await kept.costOf(() => work(namespace)));
    }
    for (const found of costs) expect(found).toEqual(costs[0]);
    for (const [call, most] of Object.entries(atMost)) {
      expect(costs[0]?.[call as keyof Cost], call).toBeLessThanOrEqual(most);
    }
  });

  it.each([1, 10, 100])(
    "an incremental of %i changes: two calls to a record, one to a tombstone",
    async (k) => {
      for (const { kept, namespace } of stores) {
        const doomed = Array.from({ length: k }, (_, i) => put(`doomed${k}-${i}`));
        const { checkpoint } = await namespace.commit(doomed);
        await namespace.commit(Array.from({ length: k }, (_, i) => put(`new${k}-${i}`)));
        await namespace.commit(doomed.map(({ key }) => remove(key)));
        const found = await kept.costOf(() => follow(namespace, checkpoint));
        expect(found).toEqual(cost(1 + k, 0, 0, 2 * k));
      }
    },
  );

  it("an incremental of no changes", async () => {
    for (const { kept, namespace } of stores) {
      const { checkpoint } = await namespace.head();
      expect(await kept.costOf(() => follow(namespace, checkpoint))).toEqual(cost(1, 0, 0, 0));
    }
  });
});

describe("the cost of a full run", () => {
  it("is one sequential read: nothing is looked up", async () => {
    for (const { kept, namespace } of stores) {
      const { count } = await namespace.head();
      const found = await kept.costOf(() => follow(namespace, null));
      expect(found).toEqual(cost(1, 0, 0, count));
    }
  });
});
