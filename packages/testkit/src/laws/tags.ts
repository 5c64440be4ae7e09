import assert from "node:assert/strict";
import type { TagQuery } from "@nadb/core";
import type { Bench } from "../bench.js";
import { drawMutations, drawTag, drawTags, put, remove } from "../generate.js";
import type { Law } from "../law.js";
import { Model } from "../model.js";
import type { Random } from "../random.js";
import { byUtf8, mustGet, readPages } from "../runs.js";

export const tags: Law = {
  name: "tags",
  cases: {
    "answer all, any and none, each and together": async ({ namespace }) => {
      await namespace.commit([put("1", "", { tags: ["a"] })]);
      await namespace.commit([put("2", "", { tags: ["a", "b"] })]);
      await namespace.commit([put("3", "", { tags: ["b", "c"] })]);
      await namespace.commit([put("4")]);
      const table: [TagQuery, string[]][] = [
        [{ all: ["a"] }, ["1", "2"]],
        [{ all: ["a", "b"] }, ["2"]],
        [{ all: ["a", "a"] }, ["1", "2"]],
        [{ any: ["a", "c"] }, ["1", "2", "3"]],
        [{ any: ["no", "c"] }, ["3"]],
        [{ none: ["a"] }, ["3", "4"]],
        [{ all: ["b"], none: ["c"] }, ["2"]],
        [{ all: ["b"], any: ["a", "c"], none: ["a"] }, ["3"]],
        [{ all: ["a"], none: ["a"] }, []],
        [{ all: ["no"] }, []],
        [{ all: [], none: [] }, ["1", "2", "3", "4"]],
        [{}, ["1", "2", "3", "4"]],
      ];
      for (const [query, expected] of table) {
        assert.deepEqual(await namespace.query(query), { items: expected }, JSON.stringify(query));
      }
    },

    "agree with an oracle on drawn content and queries, page by page": async (bench) => {
      const model = await drawnContent(bench);
      for (let i = 0; i < 60; i++) {
        const query = drawQuery(bench.random);
        await model.assertAnswers(bench.namespace, query, bench.clock.now());
      }
    },

    "tell the total of all matches on every page when asked": async (bench) => {
      const { namespace, clock } = bench;
      const expiresAt = clock.now() + 1;
      await bench.write([
        ...["1", "2", "3", "4", "5"].map((key) => put(key, "", { tags: ["a", `only ${key}`] })),
        ...["6", "7"].map((key) => put(key, "", { tags: ["a", "b"], expiresAt })),
        put("8", "", { tags: ["b"] }),
        put("9"),
      ]);
      const totals = async (query: TagQuery): Promise<number | undefined> => {
        const first = await namespace.query({ ...query, total: true, limit: 2 });
        if (first.cursor === undefined) return first.total;
        const { cursor } = first;
        const second = await namespace.query({ ...query, total: true, limit: 2, cursor });
        assert.equal(second.total, first.total);
        return first.total;
      };
      const queries = (expected: (number | undefined)[]) =>
        Promise.all(
          [
            { all: ["a"] },
            { any: ["b"] },
            { any: ["a", "b"] },
            { all: ["a"], none: ["b"] },
            { all: ["a", "b"] },
            { none: ["a"] },
            {},
            { any: [] },
            { all: ["no"] },
          ].map(async (query, i) => {
            assert.equal(await totals(query), expected[i], JSON.stringify(query));
          }),
        );
      await queries([7, 3, 8, 5, 2, 2, 9, 0, 0]);
      clock.advance(1);
      await queries([5, 1, 6, 5, 0, 2, 7, 0, 0]);
      assert.equal((await namespace.query({ all: ["a"] })).total, undefined);
    },

    "stay exact through overwrites and deletes": async ({ namespace }) => {
      await namespace.commit([put("a", "1", { tags: ["old", "both"] })]);
      await namespace.commit([put("a", "2", { tags: ["both", "new"] })]);
      await namespace.commit([put("b", "1", { tags: ["both"] })]);
      const counts = async () => [...(await namespace.tags())].sort(([x], [y]) => byUtf8(x, y));
      assert.deepEqual(await counts(), [
        ["both", 2],
        ["new", 1],
      ]);
      assert.deepEqual((await namespace.query({ all: ["old"] })).items, []);
      await namespace.commit([remove("a")]);
      assert.deepEqual(await counts(), [["both", 1]]);
      await namespace.commit([put("b")]);
      assert.deepEqual(await counts(), []);
      assert.deepEqual((await namespace.query({ any: ["both"] })).items, []);
    },

    "are apart where one begins like another": async ({ namespace }) => {
      const alike = ["t", "tt", "t\0", "t:", "T", "é", "e\u0301", "\uffff", "\u{10000}"];
      for (const tag of alike) await namespace.commit([put(`key of ${tag}`, "", { tags: [tag] })]);
      for (const tag of alike) {
        assert.deepEqual((await namespace.query({ all: [tag] })).items, [`key of ${tag}`]);
      }
      assert.deepEqual(new Set((await namespace.tags()).keys()), new Set(alike));
    },

    "list keys by UTF-8 bytes, each once while others come and go": async (bench) => {
      const keys = ["\u{1f600}", "\uffff", "b", "a", "\u{10ffff}", "c", "é", "d"];
      await bench.write(keys.map((key) => put(key, "", { tags: ["t", "u"] })));
      const listed = await readPages(
        (options: TagQuery) => bench.namespace.query(options),
        { any: ["t", "u"], limit: 2 },
        async (page) => {
          const last = page.items.at(-1) as string;
          await bench.namespace.commit([put(last, "", { tags: [] })]);
          await bench.namespace.commit([put(`${page.items[0]}\0`, "", { tags: ["t"] })]);
        },
      );
      assert.deepEqual(
        listed.filter((key) => keys.includes(key)),
        keys.sort(byUtf8),
      );
    },

    "may be ten thousand, on one record and in all": async (bench) => {
      const many = Array.from({ length: 10_000 }, (_, i) => `tag${String(i).padStart(5, "0")}`);
      await bench.namespace.commit([put("many", "1", { tags: bench.random.shuffle(many) })]);
      await bench.write(
        [7, 77, 777].map((i) => put(`few${i}`, "1", { tags: many.slice(i, i + 2) })),
      );
      assert.deepEqual((await mustGet(bench.namespace, "many")).tags, many);
      const counts = await bench.namespace.tags();
      assert.equal(counts.size, 10_000);
      assert.deepEqual([counts.get("tag00777"), counts.get("tag09999")], [2, 1]);
      const { items } = await bench.namespace.query({ all: ["tag00078", "tag00077"] });
      assert.deepEqual(items, ["few77", "many"]);
      await bench.namespace.commit([remove("many")]);
      assert.equal((await bench.namespace.tags()).size, 6);
    },
  },
};

async function drawnContent(bench: Bench): Promise<Model> {
  const model = new Model();
  for (let i = 0; i < 20; i++) {
    const mutations = drawMutations(bench.random, bench.clock.now(), 6);
    await bench.write(mutations);
    model.apply(mutations, bench.clock.now());
    bench.clock.advance(bench.random.int(500));
  }
  return model;
}

function drawQuery(random: Random): TagQuery {
  const query: { -readonly [K in keyof TagQuery]: TagQuery[K] } = { limit: 1 + random.int(12) };
  if (random.oneIn(2)) query.all = drawTags(random).slice(0, 2);
  if (random.oneIn(2)) query.any = [drawTag(random), ...drawTags(random)];
  if (random.oneIn(2)) query.none = drawTags(random).slice(0, 3);
  if (random.oneIn(2)) query.total = true;
  return query;
}
