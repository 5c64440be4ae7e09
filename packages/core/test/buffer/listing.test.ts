import { describe, expect, it } from "vitest";
import {
  type BufferedNamespace,
  compareUtf8,
  type KeyQuery,
  type Page,
  type TagQuery,
} from "../../src/index.js";
import { rejects } from "../refuses.js";
import { Below, put, remove } from "./below.js";

type List = (query: KeyQuery & TagQuery) => Promise<Page<string>>;

/** All pages. Each but the last is full, and none is empty but an only one. */
async function pages(
  list: List,
  query: KeyQuery & TagQuery & { limit: number },
): Promise<string[]> {
  const items: string[] = [];
  let page = await list(query);
  while (page.cursor !== undefined) {
    expect(page.items).toHaveLength(query.limit);
    items.push(...page.items);
    page = await list({ ...query, cursor: page.cursor });
    expect(page.items).not.toEqual([]);
  }
  expect(page.items.length).toBeLessThanOrEqual(query.limit);
  return [...items, ...page.items];
}

const numbered = (from: number, count: number, step = 1): string[] =>
  Array.from({ length: count }, (_, i) => `key${String(from + i * step).padStart(4, "0")}`);

const keysOf =
  (buffered: BufferedNamespace): List =>
  (query) =>
    buffered.keys(query);

interface Scene {
  readonly name: string;
  readonly stored: readonly string[];
  readonly puts: readonly string[];
  readonly removes: readonly string[];
}

const SCENES: Scene[] = [
  { name: "nothing anywhere", stored: [], puts: [], removes: [] },
  { name: "nothing buffered", stored: numbered(0, 13), puts: [], removes: [] },
  { name: "nothing stored", stored: [], puts: numbered(0, 13), removes: ["no"] },
  { name: "both in turns", stored: numbered(0, 9, 2), puts: numbered(1, 9, 2), removes: [] },
  { name: "buffered first", stored: numbered(10, 9), puts: numbered(0, 9), removes: [] },
  { name: "buffered last", stored: numbered(0, 9), puts: numbered(10, 9), removes: [] },
  { name: "all overwritten", stored: numbered(0, 9), puts: numbered(0, 9), removes: [] },
  { name: "all removed", stored: numbered(0, 40), puts: [], removes: numbered(0, 40) },
  { name: "the front removed", stored: numbered(0, 40), puts: [], removes: numbered(0, 37) },
  { name: "the end removed", stored: numbered(0, 40), puts: [], removes: numbered(7, 33) },
  {
    name: "all but few removed",
    stored: numbered(0, 60),
    puts: ["m"],
    removes: numbered(0, 60, 1).filter((_, i) => i % 17 !== 3),
  },
  {
    name: "the end removed, and one behind",
    stored: numbered(0, 20),
    puts: ["z"],
    removes: numbered(4, 16),
  },
  {
    name: "keys from both ends of Unicode",
    stored: ["\u{10000}", "a", "\uffff", "é"],
    puts: ["\u{1f600}", "\ud7ff", "e\u0301", "\0"],
    removes: ["é"],
  },
];

async function openScene({ stored, puts, removes }: Scene): Promise<{
  readonly below: Below;
  readonly buffered: BufferedNamespace;
  readonly expected: readonly string[];
}> {
  const below = await Below.open();
  if (stored.length > 0)
    await below.real.commit(stored.map((key) => put(key, "", { tags: ["t"] })));
  const buffered = below.buffered();
  if (puts.length > 0) await buffered.buffer(puts.map((key) => put(key, "", { tags: ["t", "u"] })));
  if (removes.length > 0) await buffered.buffer(removes.map(remove));
  const gone = new Set(removes);
  const expected = [...new Set([...stored, ...puts])].filter((key) => !gone.has(key));
  return { below, buffered, expected: expected.sort(compareUtf8) };
}

describe.each(SCENES)("a listing with $name", (scene) => {
  it("has every key once, in order, in pages of any size", async () => {
    const { buffered, expected } = await openScene(scene);
    for (let limit = 1; limit <= expected.length + 2; limit++) {
      expect(await pages(keysOf(buffered), { limit })).toEqual(expected);
      const query: List = (asked) => buffered.query(asked);
      expect(await pages(query, { any: ["t", "no"], limit })).toEqual(expected);
    }
  });

  it("has the keys with a prefix", async () => {
    const { buffered, expected } = await openScene(scene);
    for (const prefix of ["key000", "key001", "key", "z", "a", "\u{1f600}", "\u{10ffff}"]) {
      const found = expected.filter((key) => key.startsWith(prefix));
      for (const limit of [1, 2, 100]) {
        expect(await pages(keysOf(buffered), { prefix, limit })).toEqual(found);
      }
    }
  });

  it("has what the buffer alone carries", async () => {
    const { buffered, expected } = await openScene(scene);
    const list: List = (asked) => buffered.query(asked);
    const found = expected.filter((key) => scene.puts.includes(key));
    expect(await pages(list, { all: ["t", "u"], limit: 3 })).toEqual(found);
    const rest = expected.filter((key) => !scene.puts.includes(key));
    expect(await pages(list, { all: ["t"], none: ["u"], limit: 3 })).toEqual(rest);
    expect(await pages(list, { any: [], limit: 3 })).toEqual([]);
  });
});

describe("a cursor", () => {
  it("goes on where a flush between two pages moved everything below", async () => {
    const stored = numbered(0, 20, 2);
    const more = numbered(1, 20, 2);
    const { buffered, expected } = await openScene({ name: "", stored, puts: more, removes: [] });
    for (const limit of [1, 3, 7, 20]) {
      await buffered.buffer(more.map((key) => put(key)));
      let flushes = 0;
      const list: List = async (query) => {
        if (query.cursor !== undefined && flushes++ === 1) await buffered.flush();
        return buffered.keys(query);
      };
      expect(await pages(list, { limit })).toEqual(expected);
    }
  });

  it("goes on where the keys before it have been deleted", async () => {
    const { buffered } = await openScene({
      name: "",
      stored: numbered(0, 10),
      puts: numbered(10, 10),
      removes: [],
    });
    const { items, cursor } = await buffered.keys({ limit: 13 });
    await buffered.buffer(items.map(remove));
    expect((await buffered.keys({ ...(cursor && { cursor }) })).items).toEqual(numbered(13, 7));
  });

  it("of a listing that nothing is buffered for asks below for one page at a time", async () => {
    const { below, buffered } = await openScene({
      name: "",
      stored: numbered(0, 20),
      puts: [],
      removes: [],
    });
    await pages(keysOf(buffered), { limit: 5 });
    expect(below.calls).toEqual(["keys", "keys", "keys", "keys"]);
  });

  it("behind many hidden keys is found in few calls below", async () => {
    const stored = numbered(0, 2_000);
    const { below, buffered } = await openScene({
      name: "",
      stored,
      puts: [],
      removes: stored.slice(0, -1),
    });
    below.calls.length = 0;
    expect((await buffered.keys({ limit: 1 })).items).toEqual(stored.slice(-1));
    expect(below.calls.length).toBeLessThan(13);
  });

  it.each(["", "k:a", "b:", "b:[]", "b:[1]", 'b:[""]', 'b:["a","k:a",1]', 'b:"a"', "b:[", 5, null])(
    "%j is refused",
    async (cursor) => {
      const { buffered } = await openScene({ name: "", stored: ["a"], puts: ["b"], removes: [] });
      const bad = { cursor: cursor as string };
      await rejects("NADB_INVALID_ARGUMENT", buffered.keys(bad), "no cursor of this listing");
      await rejects("NADB_INVALID_ARGUMENT", buffered.query(bad), "no cursor of this listing");
    },
  );

  it("with a position below that nobody made is refused below", async () => {
    const { buffered } = await openScene({ name: "", stored: ["a"], puts: ["b"], removes: [] });
    await rejects("NADB_INVALID_ARGUMENT", buffered.keys({ cursor: 'b:["a","?"]' }));
  });
});

describe("a query", () => {
  it("of tags that are one text is refused", async () => {
    const buffered = (await Below.open()).buffered();
    await rejects("NADB_INVALID_ARGUMENT", buffered.query({ all: "tag" as never }));
  });

  it("is the one that was asked, whatever the caller does to its arrays", async () => {
    const { below, buffered } = await openScene({
      name: "",
      stored: numbered(0, 10),
      puts: [],
      removes: numbered(0, 8),
    });
    below.delay = () => 2;
    const all = ["t"];
    const asked = buffered.query({ all, limit: 1 });
    all[0] = "no";
    expect((await asked).items).toEqual(["key0008"]);
  });
});
