// Transactions of a store: serializable where commits span keys, refused where they do not.
import assert from "node:assert/strict";
import { type KeyValueStore, type StorageBackend, text } from "@nadb/core";
import { turn, whileRunning } from "../alongside.js";
import { changesNothing, refuses } from "../assertions.js";
import type { Bench } from "../bench.js";
import type { Law } from "../law.js";
import { openStore, PATIENT } from "../stores.js";
import { assertSerializable } from "./serializable.js";

type TextStore = KeyValueStore<string, string>;

const withTransactions =
  (test: (bench: Bench) => Promise<void>) =>
  async (bench: Bench): Promise<void> => {
    if (bench.capabilities.transactions) await test(bench);
  };

export const transactions: Law = {
  name: "store transactions",
  cases: {
    "throw NADB_UNSUPPORTED and write nothing (unless transactions)": async (bench) => {
      if (bench.capabilities.transactions) return;
      const store = await openStore(bench);
      await changesNothing(bench.namespace, () =>
        refuses("NADB_UNSUPPORTED", () =>
          store.transaction((tx) => {
            tx.set("a", "1");
            tx.set("b", "1");
          }),
        ),
      );
    },

    "keep the sum of accounts, whoever transfers and whenever one looks": withTransactions(
      async (bench) => {
        const stores = await textStores(bench);
        const [first] = stores as [TextStore];
        await first.setMany(ACCOUNTS.map((key) => ({ key, value: "100" })));
        const moved = Array.from({ length: 6 }, (_, i) => `moved:${i}`);
        const workers = moved.map((key, i) =>
          transfers(bench, stores[i % stores.length] as TextStore, key),
        );
        await whileRunning(Promise.all(workers), async () => {
          for (const store of stores) await assertSum(store);
        });
        await assertSum(first);
        const counted = sum(await first.getMany(moved));
        assert.equal(counted, moved.length * TRANSFERS, "transfers that left a trace");
      },
    ),

    "that decide by what the other writes do not both happen (write skew)": withTransactions(
      async (bench) => {
        const stores = await textStores(bench);
        for (let round = 0; round < 8; round++) await bothLeave(stores, `${round}`);
      },
    ),

    "could have run one after the other": withTransactions(async (bench) => {
      const backends = await backendsOf(bench);
      for (let round = 0; round < 4; round++) {
        await assertSerializable(bench, backends, `round-${round}`);
      }
    }),

    "leave nothing behind when they throw": withTransactions(async (bench) => {
      const store = await openStore(bench, { codec: text });
      await store.set("a", "before", { tags: ["t"] });
      const failure = new Error("thrown by the body");
      await changesNothing(bench.namespace, () =>
        assert.rejects(
          store.transaction(async (tx) => {
            tx.set("a", `${await tx.get("a")} and after`);
            tx.set("b", "new", { tags: ["t"], ttlSeconds: 5 });
            tx.delete("a");
            await turn();
            throw failure;
          }),
          (error) => error === failure,
        ),
      );
    }),

    "that only read write nothing": withTransactions(async (bench) => {
      const store = await openStore(bench, { codec: text });
      await store.set("a", "1");
      await changesNothing(bench.namespace, () =>
        store.transaction(async (tx) => {
          assert.deepEqual([await tx.get("a"), await tx.get("b")], ["1", undefined]);
        }),
      );
    }),

    "run again when a record they read has expired and come again": withTransactions(
      async (bench) => {
        const store = await openStore(bench, { codec: text });
        await store.set("a", "old", { ttlSeconds: 0.001 });
        let attempts = 0;
        await store.transaction(async (tx) => {
          const found = await tx.get("a");
          if (++attempts === 1) {
            bench.clock.advance(1);
            await store.set("a", "new");
          }
          tx.set("b", `made from ${found}`);
        }, PATIENT);
        assert.equal(await store.get("b"), "made from new");
      },
    ),
  },
};

const ACCOUNTS = Array.from({ length: 6 }, (_, i) => `account:${i}`);
const TRANSFERS = 10;

/** The bench's twice, and another where several processes may share the storage. */
async function backendsOf(bench: Bench): Promise<StorageBackend[]> {
  const { backend, capabilities } = bench;
  return [backend, backend, ...(capabilities.multiProcess ? [await bench.open()] : [])];
}

const textStores = async (bench: Bench): Promise<TextStore[]> =>
  Promise.all(
    (await backendsOf(bench)).map((backend) => openStore(bench, { codec: text, backend })),
  );

async function transfers({ random }: Bench, store: TextStore, moved: string): Promise<void> {
  for (let i = 1; i <= TRANSFERS; i++) {
    const [from, to] = random.shuffle(ACCOUNTS) as [string, string];
    const amount = 1 + random.int(30);
    await store.transaction(async (tx) => {
      const balance = Number(await tx.get(from));
      if (random.oneIn(2)) await turn();
      tx.set(from, `${balance - amount}`);
      tx.set(to, `${Number(await tx.get(to)) + amount}`);
      tx.set(moved, `${i}`);
    }, PATIENT);
  }
}

async function assertSum(store: TextStore): Promise<void> {
  assert.equal(sum(await store.getMany(ACCOUNTS)), 600, "the sum that one read sees");
  const read = await store.transaction((tx) => tx.getMany(ACCOUNTS), PATIENT);
  assert.equal(sum(read), 600, "the sum that a transaction sees");
}

const sum = (values: ReadonlyMap<string, string>): number =>
  [...values.values()].reduce((total, value) => total + Number(value), 0);

/** Each may leave while the other is there; both have looked before either writes. */
async function bothLeave(stores: readonly TextStore[], round: string): Promise<void> {
  const people = [`ann:${round}`, `bob:${round}`];
  const [first, last] = [stores[0], stores.at(-1)] as [TextStore, TextStore];
  await first.setMany(people.map((key) => ({ key, value: "there" })));
  let looked = 0;
  const leave = (store: TextStore, who: string): Promise<void> =>
    store.transaction(async (tx) => {
      const there = [...(await tx.getMany(people)).values()].filter((one) => one === "there");
      looked += 1;
      while (looked < people.length) await turn();
      if (there.length === people.length) tx.set(who, "gone");
    }, PATIENT);
  await Promise.all([leave(first, people[0] as string), leave(last, people[1] as string)]);
  const states = [...(await first.getMany(people)).values()].sort();
  assert.deepEqual(states, ["gone", "there"]);
}
