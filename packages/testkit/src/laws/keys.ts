import assert from "node:assert/strict";
import type { KeyQuery, StorageNamespace } from "@nadb/core";
import { assertAscending } from "../assertions.js";
import { AWKWARD_KEYS, put, puts, remove } from "../generate.js";
import type { Law } from "../law.js";
import { byUtf8, readKeys, readPages } from "../runs.js";

export const keys: Law = {
  name: "keys",
  cases: {
    "stand in the order of their UTF-8 bytes": async (bench) => {
      const shuffled = bench.random.shuffle(AWKWARD_KEYS);
      await bench.write(shuffled.map((key) => put(key)));
      assert.deepEqual(await readKeys(bench.namespace), [...AWKWARD_KEYS].sort(byUtf8));
    },

    "with a prefix are those that begin with it": async (bench) => {
      await bench.write(
        [...AWKWARD_KEYS, "\u{10ffff}\u{10ffff}", "aa\u{10ffff}"].map((key) => put(key)),
      );
      const all = await readKeys(bench.namespace);
      const prefixes = [
        "",
        "a",
        "aa",
        "aaa",
        "\0",
        "😀",
        "e",
        "\uffff",
        "\u{10ffff}",
        "\u{10ffff}\u{10ffff}",
      ];
      for (const prefix of prefixes) {
        const found = await list(bench.namespace, { prefix });
        assert.deepEqual(
          found,
          all.filter((key) => key.startsWith(prefix)),
          JSON.stringify(prefix),
        );
      }
    },

    "come in pages of any size, each key exactly once": async (bench) => {
      await bench.write(AWKWARD_KEYS.map((key) => put(key)));
      const all = [...AWKWARD_KEYS].sort(byUtf8);
      for (let limit = 1; limit <= all.length + 1; limit++) {
        assert.deepEqual(await list(bench.namespace, { limit }), all, `limit ${limit}`);
      }
    },

    "with a prefix come in pages, too": async (bench) => {
      await bench.write(["a", "b", "c"].flatMap((prefix) => puts(9, prefix)));
      for (const limit of [1, 2, 3, 8, 9, 10]) {
        const found = await list(bench.namespace, { prefix: "b", limit });
        assert.deepEqual(
          found,
          puts(9, "b").map((one) => one.key),
          `limit ${limit}`,
        );
      }
    },

    "come 1,000 to a page when no limit is given, 10,000 at most": async (bench) => {
      await bench.write(puts(1_001));
      assert.equal((await bench.namespace.keys()).items.length, 1_000);
      const all = await bench.namespace.keys({ limit: 10_000 });
      assert.equal(all.items.length, 1_001);
      assert.equal(all.cursor, undefined, "the only page has a cursor");
    },

    "that stay are listed exactly once while others come and go": async (bench) => {
      const { namespace, random } = bench;
      const staying = puts(40).map((one) => one.key);
      await bench.write([
        ...staying.map((key) => put(key)),
        ...staying.map((key) => put(`${key}-`)),
      ]);
      const listed = await readPages(
        (options) => namespace.keys(options),
        { limit: 7 },
        async (page) => {
          const last = page.items.at(-1) as string;
          const leaving = [last, page.items[0] as string, random.pick(staying).concat("-")];
          await bench.write(leaving.filter((key) => key.endsWith("-")).map(remove));
          await bench.write([put(`${random.pick(staying)}+`), put(`${last}+`)]);
        },
      );
      assertAscending(ranks(listed), "keys across pages");
      assert.deepEqual(
        listed.filter((key) => staying.includes(key)),
        staying,
      );
    },

    "go on behind a cursor whose key has been deleted": async (bench) => {
      await bench.write(puts(10));
      const { items, cursor } = await bench.namespace.keys({ limit: 4 });
      assert.ok(cursor !== undefined, "there is more, but no cursor");
      await bench.write(items.map(remove));
      const rest = await list(bench.namespace, { cursor });
      assert.deepEqual(
        rest,
        puts(10)
          .slice(4)
          .map((one) => one.key),
      );
    },

    "of an empty namespace are none": async ({ namespace }) => {
      assert.deepEqual(await namespace.keys(), { items: [] });
      assert.deepEqual(await namespace.keys({ prefix: "a", limit: 1 }), { items: [] });
    },
  },
};

const list = (namespace: StorageNamespace, query: KeyQuery): Promise<string[]> =>
  readPages((options: KeyQuery) => namespace.keys(options), query);

/** For keys in order their ranks rise; a key listed twice has the same rank twice. */
function ranks(listed: readonly string[]): number[] {
  const sorted = [...new Set(listed)].sort(byUtf8);
  return listed.map((key) => sorted.indexOf(key));
}
