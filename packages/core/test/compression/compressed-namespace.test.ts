// Values are compressed on their way in where it pays, and nobody above the decorator can tell.
import { describe, expect, it } from "vitest";
import {
  type CommitOptions,
  compressValues,
  type Mutation,
  memoryBackend,
  type StorageNamespace,
  type StoredRecord,
} from "../../src/index.js";
import { refuses, rejects } from "../refuses.js";
import { get, measureOf, noise, openPair, put, same, text } from "./namespaces.js";

const MIB = 1 << 20;

/** What stands below for a value, and that it reads as it was. */
async function stored(value: Uint8Array, minBytes?: number): Promise<StoredRecord> {
  const { above, below } = await openPair(minBytes === undefined ? {} : { minBytes });
  await above.commit([put("k", value)]);
  expect(Buffer.compare((await get(above, "k")).value, value)).toBe(0);
  return get(below, "k");
}

describe("compression › of a value", () => {
  it("of 1,024 bytes happens, of one byte less does not", async () => {
    expect((await stored(text(1_023))).seal).toBeUndefined();
    const { seal, value } = await stored(text(1_024));
    expect(seal?.length).toBe(1_024);
    expect(value.length).toBeLessThan(100);
  });

  it("begins where minBytes says; Infinity compresses nothing", async () => {
    expect((await stored(text(200), 200)).seal).toBeDefined();
    expect((await stored(text(199), 200)).seal).toBeUndefined();
    expect((await stored(text(MIB), Number.POSITIVE_INFINITY)).seal).toBeUndefined();
  });

  it("that does not shrink is left out, and so is one whose gain the seal would eat", async () => {
    expect((await stored(noise(50_000))).seal).toBeUndefined();
    expect((await stored(noise(MIB))).seal).toBeUndefined();
    expect((await stored(text(60), 1)).seal).toBeUndefined();
    expect((await stored(new Uint8Array(0), 0)).seal).toBeUndefined();
    const mixed = Buffer.concat([noise(1_900), text(100)]);
    expect((await stored(mixed)).seal).toBeUndefined();
  });

  it("is kept up to the share that maxRatio allows, everything counted", async () => {
    const value = Buffer.concat([noise(1_000), text(1_000)]);
    const { value: packed } = await stored(value);
    for (const [maxRatio, kept] of [
      [(packed.length + 40) / 2_000, true],
      [(packed.length + 39) / 2_000, false],
    ] as const) {
      const { above, below } = await openPair({ maxRatio });
      await above.commit([put("k", value)]);
      expect((await get(below, "k")).seal !== undefined).toBe(kept);
    }
  });

  it.each([255 * 1024, 256 * 1024, 5 * MIB + 1, 64 * MIB])("of %i bytes works", async (length) => {
    const { seal, value } = await stored(text(length));
    expect(seal?.length).toBe(length);
    expect(value.length).toBeLessThan(length / 50);
  });
});

describe("compression › records", () => {
  it("are to callers what they are without it, head and times included", async () => {
    const { above, plain, clock } = await openPair();
    const expiresAt = clock.now() + 5_000;
    const commits: Mutation[][] = [
      [put("a", text(5_000), { tags: ["t", "s"] }), put("b", noise(5_000)), put("c", text(9))],
      [put("a", text(9), { expiresAt }), put("c", text(300_000), { tags: ["t"], expiresAt })],
      [{ type: "delete", key: "b" }, put("d", new Uint8Array(0)), put("d", text(2_000))],
      [put("c", text(4_000))],
    ];
    for (const mutations of commits) {
      clock.advance(10);
      const [one, other] = await Promise.all([above.commit(mutations), plain.commit(mutations)]);
      expect(one.versions).toEqual(other.versions);
      const keys = ["a", "b", "c", "d"];
      same(await above.getMany(keys), await plain.getMany(keys));
      expect(await measureOf(above)).toEqual(await measureOf(plain));
    }
    clock.advance(10_000);
    expect(await above.sweep(clock.now(), 10)).toBe(await plain.sweep(clock.now(), 10));
    expect(await measureOf(above)).toEqual(await measureOf(plain));
    expect(await above.tags()).toEqual(await plain.tags());
  });

  it("have no seal above, and a plain array as their value", async () => {
    const { above } = await openPair();
    await above.commit([put("k", Buffer.from(text(2_000))), put("large", text(MIB))]);
    for (const key of ["k", "large"]) {
      const record = await get(above, key);
      expect("seal" in record).toBe(false);
      expect(Buffer.isBuffer(record.value)).toBe(false);
    }
  });

  it("stay readable when compression is turned off, and are rewritten plain", async () => {
    const { above, below } = await openPair();
    await above.commit([put("k", text(2_000))]);
    const off = compressValues(below, { minBytes: Number.POSITIVE_INFINITY });
    expect(await get(off, "k")).toEqual(await get(above, "k"));
    await off.commit([put("k", text(2_000))]);
    expect((await get(below, "k")).seal).toBeUndefined();
  });

  it("are each the caller's own", async () => {
    const { above } = await openPair();
    await above.commit([put("k", text(2_000))]);
    (await get(above, "k")).value.fill(0);
    expect((await get(above, "k")).value).toEqual(text(2_000));
  });

  it("that can not be unpacked are NADB_CORRUPTION and named; others are not in the way", async () => {
    const { above, below } = await openPair();
    await above.commit([put("good", text(2_000)), put("bad", text(2_000))]);
    const { value, seal } = await get(below, "bad");
    if (seal === undefined) throw new Error("not sealed");
    const wrong = { ...seal, length: 2_001 };
    await below.commit([put("bad", value, { seal: wrong })]);
    await rejects("NADB_CORRUPTION", above.getMany(["good", "bad"]), 'the value of "bad"');
    expect((await get(above, "good")).value).toEqual(text(2_000));
  });
});

describe("compression › commits", () => {
  /** The namespace below, and in which order and with what it was called. */
  function recorded(inner: StorageNamespace): [StorageNamespace, string[], CommitOptions[]] {
    const [keys, seen]: [string[], CommitOptions[]] = [[], []];
    const commit: StorageNamespace["commit"] = (mutations, options) => {
      keys.push(mutations.map(({ key }) => key).join());
      if (options !== undefined) seen.push(options);
      return inner.commit(mutations, options);
    };
    const spy = new Proxy(inner, {
      get: (target, name) => {
        const member: unknown = name === "commit" ? commit : Reflect.get(target, name);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
    return [spy, keys, seen];
  }

  it("reach the namespace below in the order in which they were made", async () => {
    const { below } = await openPair();
    const [spy, order] = recorded(below);
    const above = compressValues(spy);
    const sizes = [MIB, 10, 2_000, 3 * MIB, 10, 300_000, 2_000];
    await Promise.all(sizes.map((size, i) => above.commit([put(`${i}`, text(size))])));
    expect(order).toEqual(sizes.map((_, i) => `${i}`));
  });

  it("of small values reach it within the call", async () => {
    const { below } = await openPair();
    const [spy, order] = recorded(below);
    const done = compressValues(spy).commit([put("a", text(2_000)), put("b", text(1))]);
    expect(order).toEqual(["a,b"]);
    await done;
  });

  it("that bring nothing to compress pass as they are", async () => {
    const { below } = await openPair();
    const [spy, , seen] = recorded(below);
    const options = { id: "x" };
    await compressValues(spy).commit([put("a", text(9))], options);
    expect(seen[0]).toBe(options);
  });

  it("take what they are given at the time of the call", async () => {
    const { above } = await openPair();
    const large = text(MIB);
    const [small, tags, expect1] = [text(100), ["t"], { key: "small", version: null }];
    const mutations = [put("large", large, { tags }), put("small", small, { tags })];
    const options = { expect: [expect1], id: "one" };
    const waiting = above.commit(mutations, options);
    const behind = above.commit([put("behind", small, { tags })]);
    large.fill(0);
    small.fill(0);
    tags[0] = "changed";
    expect1.key = "large";
    mutations.length = 0;
    options.expect.length = 0;
    options.id = "two";
    await Promise.all([waiting, behind]);
    expect(Buffer.compare((await get(above, "large")).value, text(MIB))).toBe(0);
    expect((await get(above, "small")).value).toEqual(text(100));
    expect((await get(above, "behind")).value).toEqual(text(100));
    expect([...(await above.tags())]).toEqual([["t", 3]]);
    const again = await above.commit([], { id: "one" });
    expect(again.versions).toHaveLength(2);
  });

  it("keep expectations and ids, also while they wait", async () => {
    const { above } = await openPair();
    const create = { expect: [{ key: "k", version: null }] };
    const outcomes = await Promise.allSettled([
      above.commit([put("k", text(MIB))], create),
      above.commit([put("k", text(9))], create),
      above.commit([put("other", text(MIB))], { id: "x" }),
      above.commit([put("other", text(MIB))], { id: "x" }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    expect((await get(above, "other")).version).toBe(2);
  });

  it("that are refused leave nothing behind, and the next ones pass", async () => {
    const { above } = await openPair();
    const wrong = <T>(value: unknown): T => value as T;
    const bad: Mutation[] = [
      put("", text(MIB)),
      put("k", wrong("text".repeat(1_000))),
      put("k", text(MIB), { tags: wrong("tag") }),
      put("k", text(2_000), { tags: [""] }),
      put("k", text(2_000), { expiresAt: 0.5 }),
      wrong({ type: "increment", key: "k", value: text(2_000) }),
    ];
    const before = await above.head();
    for (const mutation of bad) {
      await rejects("NADB_INVALID_ARGUMENT", above.commit([put("a", text(MIB)), mutation]));
      await rejects("NADB_INVALID_ARGUMENT", above.commit([mutation]));
    }
    expect(await above.head()).toEqual(before);
    await above.commit([put("k", text(MIB))]);
  });

  it("of a value too large for the backend are refused, however small it packs", async () => {
    const backend = memoryBackend();
    const { maxValueBytes } = backend.capabilities;
    await backend.open();
    const above = compressValues(await backend.namespace({ db: "a", namespace: "b" }));
    const zeros = new Uint8Array(maxValueBytes + 1);
    await rejects(
      "NADB_INVALID_ARGUMENT",
      above.commit([put("k", zeros)]),
      `${maxValueBytes + 1} bytes`,
    );
    await backend.close();
  });

  it("with an aborted signal do nothing, also while they wait", async () => {
    const { above } = await openPair();
    const aborted = { signal: AbortSignal.abort(new Error("stop")) };
    await expect(above.commit([put("a", text(MIB))], aborted)).rejects.toThrow("stop");
    const controller = new AbortController();
    const waiting = above.commit([put("b", text(MIB))], controller);
    controller.abort(new Error("later"));
    await expect(waiting).rejects.toThrow("later");
    expect((await above.head()).count).toBe(0);
  });

  it("of values sealed by the caller are refused", async () => {
    const { above } = await openPair();
    const seal = { length: 5, contentHash: new Uint8Array(32) };
    const sealed = above.commit([put("k", text(9), { seal })]);
    await rejects("NADB_INVALID_ARGUMENT", sealed, 'the value of "k" is sealed already');
  });
});

describe("compression › options", () => {
  it.each([{ minBytes: -1 }, { minBytes: Number.NaN }, { maxRatio: 0 }, { maxRatio: Number.NaN }])(
    "%o is refused",
    async (options) => {
      const { below } = await openPair();
      refuses("NADB_INVALID_ARGUMENT", () => compressValues(below, options));
    },
  );
});
