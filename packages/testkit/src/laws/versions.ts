// Without `transactions` a backend may number the changes of its partitions apart: then only the versions
// of one key are compared.
import assert from "node:assert/strict";
import type { Mutation, StorageNamespace } from "@nadb/core";
import { assertAscending } from "../assertions.js";
import type { Bench } from "../bench.js";
import { encodeAll, foreign, put, puts, remove } from "../generate.js";
import type { Law } from "../law.js";
import { mustGet, readState } from "../runs.js";

export const versions: Law = {
  name: "versions",
  cases: {
    "are whole numbers above 0 that rise with every change": async (bench) => {
      const made = await makeVersions(bench, [put("a"), put("a"), remove("a"), put("b"), put("a")]);
      for (const { version } of made) assert.ok(Number.isSafeInteger(version) && version > 0);
      assertRising(bench, made);
    },

    "rise inside a commit, and from one to the next (if transactions)": async (bench) => {
      if (!bench.capabilities.transactions) return;
      const { random } = bench;
      const made: Made[] = [];
      for (let i = 0; i < 20; i++) {
        const mutations = random.shuffle(puts(10)).slice(0, 1 + random.int(9));
        made.push(...paired(mutations, (await bench.namespace.commit(mutations)).versions));
      }
      assertRising(bench, made);
    },

    "are never used twice when commits come at once (if transactions)": async (bench) => {
      if (!bench.capabilities.transactions) return;
      const { namespace } = bench;
      const commits = puts(60).map((one, i) => namespace.commit([one, put("shared", `${i}`)]));
      const answers = (await Promise.all(commits)).map((one) => one.versions);
      assert.equal(new Set(answers.flat()).size, 120);
      const ofShared = answers.map((answer) => answer[1] as number);
      assert.equal((await mustGet(namespace, "shared")).version, Math.max(...ofShared));
    },

    "are the same in records and feed": async (bench) => {
      const [a, b] = await makeVersions(bench, [put("a"), put("b")]);
      const [a2] = await makeVersions(bench, [put("a", "2")]);
      assert.notEqual(a?.version, a2?.version);
      const state = await readState(bench.namespace);
      assert.deepEqual(
        [state.get("a")?.version, state.get("b")?.version],
        [a2?.version, b?.version],
      );
      assert.equal((await mustGet(bench.namespace, "a")).version, a2?.version);
    },

    "are not used again after deletes, sweep and trim": async (bench) => {
      const { namespace, clock } = bench;
      const made = await makeVersions(bench, [
        put("a"),
        put("b", "1", { expiresAt: clock.now() + 5 }),
        remove("a"),
      ]);
      clock.advance(10);
      await namespace.sweep(clock.now(), 10);
      await namespace.trim((await namespace.head()).checkpoint);
      assertRising(bench, [...made, ...(await makeVersions(bench, [put("a"), put("b")]))]);
    },

    "are not used again after a replace": async (bench) => {
      const { namespace } = bench;
      const before = await makeVersions(bench, [put("x"), put("y"), remove("y"), put("a")]);
      const load = await namespace.replace();
      await load.put(encodeAll([foreign("x"), foreign("y")]));
      await load.commit();
      const loaded = [await madeOf(namespace, "x"), await madeOf(namespace, "y")];
      loaded.sort((one, two) => one.version - two.version);
      const after = await makeVersions(bench, [put("x"), put("y"), put("z")]);
      assertRising(bench, [...before, ...loaded, ...after]);
    },

    "are not used again after an aborted replace": async (bench) => {
      const before = await makeVersions(bench, [put("a")]);
      const load = await bench.namespace.replace();
      await load.put(encodeAll([foreign("x", "x", { version: 999_999 })]));
      await load.abort();
      assertRising(bench, [...before, ...(await makeVersions(bench, [put("a")]))]);
    },

    "are not used again after close and open (if durable)": async (bench) => {
      if (!bench.outlivesClose) return;
      const before = await makeVersions(bench, [put("a"), put("b"), remove("b")]);
      await bench.reopen();
      assertRising(bench, [...before, ...(await makeVersions(bench, [put("b"), put("a")]))]);
    },
  },
};

interface Made {
  readonly key: string;
  readonly version: number;
}

/** Commits one mutation after the other. */
async function makeVersions({ namespace }: Bench, mutations: readonly Mutation[]): Promise<Made[]> {
  const made: Made[] = [];
  for (const mutation of mutations) {
    made.push(...paired([mutation], (await namespace.commit([mutation])).versions));
  }
  return made;
}

const madeOf = async (namespace: StorageNamespace, key: string): Promise<Made> => ({
  key,
  version: (await mustGet(namespace, key)).version,
});

function paired(mutations: readonly Mutation[], answered: readonly (number | undefined)[]): Made[] {
  return mutations.map(({ key }, i) => {
    const version = answered[i];
    assert.ok(version !== undefined, `${key} was changed, but no version is answered`);
    return { key, version };
  });
}

function assertRising({ capabilities }: Bench, made: readonly Made[]): void {
  const keys = new Set(made.map(({ key }) => key));
  const series = capabilities.transactions
    ? [made]
    : [...keys].map((key) => made.filter((one) => one.key === key));
  for (const one of series)
    assertAscending(
      one.map(({ version }) => version),
      "versions",
    );
}
