import assert from "node:assert/strict";
import type { Loaded, MergeOptions, StorageNamespace, StoredRecord } from "@nadb/core";
import { changesNothing, contentOf, refuses } from "../assertions.js";
import type { Bench } from "../bench.js";
import { drawForeignRecord, drawMutations, encodeAll, foreign, put, text } from "../generate.js";
import type { Law } from "../law.js";
import { Model } from "../model.js";
import { get, keyOf, measure, mustGet, readKeys, readRun } from "../runs.js";

type OnConflict = NonNullable<MergeOptions["onConflict"]>;
const KINDS: readonly OnConflict[] = ["overwrite", "keep-existing", "keep-newer"];

export const onConflict: Law = {
  name: "merge onConflict",
  cases: {
    "overwrite is the default, and skips nothing": async ({ namespace }) => {
      await namespace.commit([put("a", "old")]);
      for (const options of [undefined, {}, { onConflict: "overwrite" } as const]) {
        const { skipped, count } = await load(namespace, [foreign("a", "new")], options);
        assert.deepEqual([skipped, count], [0, 1]);
        assert.deepEqual((await mustGet(namespace, "a")).value, text("new"));
      }
    },

    "keep-existing leaves what is there, whichever is newer": async ({ namespace, clock }) => {
      await namespace.commit([put("a", "there", { tags: ["t"] })]);
      const there = await mustGet(namespace, "a");
      for (const updatedAt of [clock.now() - 1, clock.now(), clock.now() + 1]) {
        const brought = [foreign("a", "new", { updatedAt }), foreign(`b${updatedAt}`)];
        const loaded = await load(namespace, brought, { onConflict: "keep-existing" });
        assert.deepEqual([loaded.count, loaded.skipped], [2, 1]);
        assert.deepEqual(await mustGet(namespace, "a"), there);
        await mustGet(namespace, `b${updatedAt}`);
      }
      assert.equal((await namespace.tags()).get("t"), 1);
    },

    "keep-newer goes by updatedAt; of two at one instant the one that is there stays": async (
      bench,
    ) => {
      const { namespace, clock } = bench;
      const now = clock.now();
      await bench.write([put("older", "there"), put("same", "there"), put("newer", "there")]);
      const brought = [
        foreign("older", "new", { updatedAt: now - 1 }),
        foreign("same", "new", { updatedAt: now }),
        foreign("newer", "new", { updatedAt: now + 1 }),
      ];
      const { count, skipped } = await load(namespace, brought, { onConflict: "keep-newer" });
      assert.deepEqual([count, skipped], [3, 2]);
      const texts = await Promise.all(
        ["older", "same", "newer"].map(async (key) => (await mustGet(namespace, key)).value),
      );
      assert.deepEqual(texts, [text("there"), text("there"), text("new")]);
    },

    "digest and count are of all that was loaded, the head of what stands": async (bench) => {
      const { namespace } = bench;
      await bench.write([put("a", "there"), put("b", "there")]);
      const brought = [foreign("a", "new"), foreign("c", "new")];
      const loaded = await load(namespace, brought, { onConflict: "keep-existing" });
      assert.equal(loaded.digest, measure(brought).digest);
      assert.deepEqual(loaded.head, await namespace.head());
      assert.deepEqual([loaded.head.count, loaded.count, loaded.skipped], [3, 2, 1]);
    },

    "is decided when the load commits": async (bench) => {
      const { namespace } = bench;
      await bench.write([put("gone", "there")]);
      const staged = await namespace.merge({ onConflict: "keep-existing" });
      await staged.put(encodeAll([foreign("gone", "new"), foreign("meanwhile", "new")]));
      await bench.write([{ type: "delete", key: "gone" }]);
      await bench.write([put("meanwhile", "written")]);
      assert.equal((await staged.commit()).skipped, 1);
      assert.deepEqual((await mustGet(namespace, "gone")).value, text("new"));
      assert.deepEqual((await mustGet(namespace, "meanwhile")).value, text("written"));
    },

    "what has expired does not count as there": async ({ namespace, clock }) => {
      await namespace.commit([put("a", "there", { expiresAt: clock.now() + 10 })]);
      clock.advance(10);
      for (const kind of ["keep-newer", "keep-existing"] as const) {
        const { skipped } = await load(namespace, [foreign("a", kind)], { onConflict: kind });
        assert.equal(skipped, kind === "keep-newer" ? 0 : 1);
        assert.deepEqual((await mustGet(namespace, "a")).value, text("keep-newer"));
      }
    },

    "what is skipped is no change": async (bench) => {
      const { namespace } = bench;
      await bench.write([put("a"), put("b")]);
      const { checkpoint } = await namespace.head();
      const brought = [foreign("a", "new"), foreign("c", "new")];
      await load(namespace, brought, { onConflict: "keep-existing" });
      assert.deepEqual((await readRun(namespace, checkpoint)).changes.map(keyOf), ["c"]);
    },

    "skips nothing where nothing was ever written": async (bench) => {
      for (const kind of KINDS) {
        const namespace = await bench.other(`fresh-${kind}`);
        const { skipped, count } = await load(namespace, [foreign("a")], { onConflict: kind });
        assert.deepEqual([skipped, count], [0, 1]);
        assert.deepEqual(await readKeys(namespace), ["a"]);
      }
    },

    "replace skips nothing": async ({ namespace }) => {
      await namespace.commit([put("a", "there")]);
      const staged = await namespace.replace();
      await staged.put(encodeAll([foreign("a", "new")]));
      assert.equal((await staged.commit()).skipped, 0);
    },

    "of another name is refused": async ({ namespace }) => {
      await namespace.commit([put("a")]);
      const onConflict = "keep-older" as OnConflict;
      await changesNothing(namespace, () =>
        refuses("NADB_INVALID_ARGUMENT", () => namespace.merge({ onConflict })),
      );
    },

    "of any kind does as the rule says, record by record": async (bench) => {
      for (let i = 0; i < 12; i++) await assertRule(bench, bench.random.pick(KINDS));
    },
  },
};

async function load(
  namespace: StorageNamespace,
  records: readonly StoredRecord[],
  options?: MergeOptions,
): Promise<Loaded> {
  const staged = await namespace.merge(options);
  await staged.put(encodeAll(records));
  return staged.commit();
}

/** Drawn content, a drawn load; each key must stand as the rule says. */
async function assertRule(bench: Bench, kind: OnConflict): Promise<void> {
  const { namespace, random, clock } = bench;
  const model = new Model();
  await (await namespace.replace()).commit();
  const mutations = drawMutations(random, clock.now(), 12);
  await bench.write(mutations);
  model.apply(mutations, clock.now());
  clock.advance(random.int(4_000));
  const drawn = Array.from({ length: 8 }, () => drawBrought(bench));
  const brought = [...new Map(drawn.map((record) => [record.key, record])).values()];
  const wins: StoredRecord[] = [];
  for (const record of brought) {
    const there = await get(namespace, record.key);
    if (there === undefined || kind === "overwrite") wins.push(record);
    else if (kind === "keep-newer" && record.updatedAt > there.updatedAt) wins.push(record);
  }
  model.load(wins);
  const { count, skipped } = await load(namespace, brought, { onConflict: kind });
  assert.deepEqual([count, count - skipped], [brought.length, wins.length], kind);
  await model.assertHolds(namespace, clock.now());
  for (const record of wins) {
    const found = await get(namespace, record.key);
    if (found !== undefined) assert.deepEqual(contentOf(found), contentOf(record));
  }
}

/** As new as what is there, or newer, in one case of two. */
function drawBrought({ random, clock }: Bench): StoredRecord {
  const record = drawForeignRecord(random, clock.now());
  return random.oneIn(2) ? { ...record, updatedAt: clock.now() - random.int(4_000) } : record;
}
