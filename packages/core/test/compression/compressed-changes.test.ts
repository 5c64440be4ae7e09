// What leaves a compressed namespace as changes, and what enters it as a staged load, is plain: same bytes, same
// digests as without compression.
import { describe, expect, it } from "vitest";
import {
  changeKey,
  compressValues,
  decodeRecord,
  encodeRecord,
  encodeTombstone,
  isSealed,
  type StagedLoad,
  type StorageNamespace,
  type StoredRecord,
} from "../../src/index.js";
import { refuses, rejects } from "../refuses.js";
import {
  get,
  measureOf,
  noise,
  openPair,
  pagesOf,
  put,
  recordsOf,
  same,
  text,
} from "./namespaces.js";

const MIB = 1 << 20;

describe("compression › changes", () => {
  it("are the bytes that they are without it, in the same order", async () => {
    const { above, below, plain } = await openPair();
    const mutations = [
      put("a", text(5_000), { tags: ["t"], expiresAt: Date.UTC(2040, 1) }),
      put("b", noise(5_000)),
      put("large", text(MIB)),
    ];
    for (const namespace of [above, plain]) {
      await namespace.commit(mutations);
      await namespace.commit([put("a", text(4_000)), { type: "delete", key: "b" }]);
    }
    const bytes = async (namespace: StorageNamespace) =>
      (await pagesOf(namespace)).flatMap(({ changes }) => changes.map((one) => Buffer.from(one)));
    const [ours, others] = [await bytes(above), await bytes(plain)];
    expect(ours.map((one, i) => one.equals(others[i] as Buffer))).toEqual([true, true]);
    expect((await recordsOf(below)).every(({ seal }) => seal !== undefined)).toBe(true);
  });

  it("pass untouched where none is sealed", async () => {
    const { below } = await openPair();
    await below.commit([put("a", text(2_000)), put("b", text(9))]);
    const pages = await pagesOf(below);
    const inner = { changes: () => pages } as unknown as StorageNamespace;
    expect((await pagesOf(compressValues(inner)))[0]).toBe(pages[0]);
  });

  it("of a page that grows are several pages, the cut on the last", async () => {
    const { above, below } = await openPair();
    await above.commit(Array.from({ length: 100 }, (_, i) => put(`${100 + i}`, text(10_000))));
    const pageBytes = 50_000;
    expect(await pagesOf(below, { pageBytes })).toHaveLength(1);
    const pages = await pagesOf(above, { pageBytes });
    expect(pages.length).toBeGreaterThan(15);
    for (const { changes, end } of pages) {
      const bytes = changes.reduce((sum, change) => sum + change.length, 0);
      expect(bytes).toBeLessThan(pageBytes + 10_100);
      expect(end !== undefined).toBe(pages.at(-1)?.changes === changes);
    }
    const keys = pages.flatMap(({ changes }) => changes.map(changeKey));
    expect(keys).toEqual(Array.from({ length: 100 }, (_, i) => `${100 + i}`));
    expect(pages.at(-1)?.end).toEqual(await above.head());
  });

  it("stop at an aborted signal, between the pages that one page became, too", async () => {
    const { above } = await openPair();
    await above.commit(Array.from({ length: 9 }, (_, i) => put(`${i}`, text(10_000))));
    const controller = new AbortController();
    const pages = above.changes(null, { pageBytes: 10_000, signal: controller.signal });
    await pages[Symbol.asyncIterator]().next();
    controller.abort(new Error("stop"));
    await expect(pages[Symbol.asyncIterator]().next()).rejects.toThrow("stop");
  });

  it("of a record whose bytes are not what its seal hashed are NADB_CORRUPTION and named", async () => {
    const { above, below } = await openPair();
    await above.commit([put("good", text(2_000)), put("bad", text(2_000))]);
    const { value, seal } = await get(below, "bad");
    const contentHash = new Uint8Array(seal?.contentHash ?? []).fill(1, 31);
    await below.commit([put("bad", value, { seal: { length: 2_000, contentHash } })]);
    await rejects("NADB_CORRUPTION", pagesOf(above), '"bad" has not the content');
    const cut = value.subarray(0, -3);
    await below.commit([put("bad", cut, { seal: { length: 2_000, contentHash } })]);
    await rejects("NADB_CORRUPTION", pagesOf(above), 'the value of "bad" can not be unpacked');
  });
});

const record = (key: string, value: Uint8Array): StoredRecord => ({
  key,
  value,
  tags: ["t"],
  createdAt: 1_000,
  updatedAt: 2_000,
  version: 7,
});

const loadings: [string, (namespace: StorageNamespace) => Promise<StagedLoad>][] = [
  ["replace", (namespace) => namespace.replace()],
  ["merge", (namespace) => namespace.merge()],
];

describe.each(loadings)("compression › %s", (_, begin) => {
  const records = [
    record("a", text(5_000)),
    record("large", text(MIB)),
    record("noise", noise(5_000)),
    record("small", text(9)),
  ];
  const changes = [
    ...records.map(encodeRecord),
    encodeTombstone({ key: "gone", version: 9, deletedAt: 3_000 }),
  ];

  it("seals what pays, and counts and hashes what it was given", async () => {
    const { above, below, plain } = await openPair();
    const [ours, others] = [await begin(above), await begin(plain)];
    for (const load of [ours, others]) await load.put(changes);
    const { digest, count, head } = await others.commit();
    const loaded = await ours.commit({ expectDigest: digest });
    expect([loaded.digest, loaded.count]).toEqual([digest, count]);
    expect(loaded.head.digest).toBe(head.digest);
    expect(await measureOf(above)).toEqual(await measureOf(plain));
    expect((await recordsOf(below)).filter(({ seal }) => seal).map(({ key }) => key)).toEqual([
      "a",
      "large",
    ]);
    const keys = records.map(({ key }) => key);
    same(await above.getMany(keys), await plain.getMany(keys));
  });

  it("passes tombstones, whatever their keys look like as records", async () => {
    const { above } = await openPair({ minBytes: 1 });
    const keys = ["\0".repeat(100), "\x01".repeat(300), "k".repeat(1_024)];
    await above.commit(keys.map((key) => put(key, text(9))));
    const load = await begin(above);
    await load.put(keys.map((key) => encodeTombstone({ key, version: 9, deletedAt: 3_000 })));
    expect((await load.commit()).head.count).toBe(0);
  });

  it("keeps the order of calls that do not wait for each other", async () => {
    const { above } = await openPair();
    const load = await begin(above);
    const calls = [
      load.put([encodeRecord(record("k", text(MIB)))]),
      load.put([encodeRecord(record("k", text(9)))]),
      load.commit(),
    ];
    await Promise.all(calls);
    expect((await get(above, "k")).value).toHaveLength(9);
  });

  it("that is aborted leaves nothing, also while values are being compressed", async () => {
    const { above } = await openPair();
    const load = await begin(above);
    const waiting = load.put(changes);
    await Promise.all([waiting, load.abort()]);
    await load.abort();
    expect((await above.head()).count).toBe(0);
    await rejects("NADB_INVALID_ARGUMENT", load.put([]));
  });

  it("refuses what is sealed already, and what is no record", async () => {
    const { above } = await openPair();
    const load = await begin(above);
    const seal = { length: 3, contentHash: new Uint8Array(32) };
    const sealed = encodeRecord({ ...record("k", text(9)), seal });
    await rejects("NADB_INVALID_ARGUMENT", load.put([sealed]), '"k" is sealed already');
    const whole = encodeRecord(record("k", text(5_000)));
    whole.fill(0xff, 38, 40);
    for (const bytes of [new Uint8Array(), Uint8Array.of(9), Uint8Array.of(2), whole]) {
      const outcome = await load.put([bytes]).catch((error: unknown) => error);
      expect(outcome).toMatchObject({ name: "NadbError" });
    }
    await load.abort();
  });

  it("with an aborted signal stages nothing", async () => {
    const { above } = await openPair();
    const load = await begin(above);
    const aborted = { signal: AbortSignal.abort(new Error("stop")) };
    await expect(load.put(changes, aborted)).rejects.toThrow("stop");
    expect((await load.commit()).count).toBe(0);
  });
});

describe("compression › twice", () => {
  it("is refused by name, and loses nothing", async () => {
    const { above } = await openPair();
    const twice = compressValues(above);
    await rejects("NADB_INVALID_ARGUMENT", twice.commit([put("k", text(5_000))]), "sealed already");
    expect((await above.head()).count).toBe(0);
  });
});

describe("a sealed change", () => {
  it("is what the namespace below gives: its reader must be the one who sealed it", async () => {
    const { above, below } = await openPair();
    await above.commit([put("k", text(5_000))]);
    const [page] = await pagesOf(below);
    const [change] = page?.changes ?? [];
    if (change === undefined) throw new Error("no change");
    expect(isSealed(change)).toBe(true);
    expect(decodeRecord(change).seal?.length).toBe(5_000);
    refuses("NADB_CORRUPTION", () => decodeRecord(change.subarray(0, 60)));
  });
});
