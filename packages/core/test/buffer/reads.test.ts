import { describe, expect, it, vi } from "vitest";
import type { BufferedNamespace } from "../../src/index.js";
import { rejects } from "../refuses.js";
import { Below, bytes, diskFull, put, read, remove, settle } from "./below.js";

const counts = async (buffered: BufferedNamespace): Promise<Record<string, number>> =>
  Object.fromEntries(await buffered.tags());

describe("a buffered record", () => {
  it("reads as it was given, with version 0 and the time it was buffered", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    const now = below.clock.now();
    await buffered.buffer([put("a", "1", { tags: ["b", "a", "b"], expiresAt: now + 10 })]);
    below.clock.advance(3);
    const record = { key: "a", value: bytes("1"), tags: ["a", "b"], expiresAt: now + 10 };
    const times = { createdAt: now, updatedAt: now };
    expect(await buffered.getMany(["a"])).toEqual([{ ...record, ...times, version: 0 }]);
    await buffered.buffer([put("a", "2")]);
    expect((await buffered.getMany(["a"]))[0]).not.toHaveProperty("expiresAt");
  });

  it("keeps the time of the readable record that it overwrites", async () => {
    const below = await Below.open();
    const createdAt = below.clock.now();
    await below.real.commit([put("a", "1"), put("dying", "1", { expiresAt: createdAt + 5 })]);
    below.clock.advance(5);
    const buffered = below.buffered();
    await buffered.buffer([put("a", "2"), put("dying", "2")]);
    const [a, dying] = await buffered.getMany(["a", "dying"]);
    expect(a).toMatchObject({ createdAt, updatedAt: createdAt + 5, version: 0 });
    expect(dying).toMatchObject({ createdAt: createdAt + 5, updatedAt: createdAt + 5 });
  });

  it("keeps the time of a buffered one that it overwrites, unless that was gone", async () => {
    const below = await Below.open();
    const start = below.clock.now();
    const buffered = below.buffered();
    await buffered.buffer([put("a"), put("gone"), put("dying", "1", { expiresAt: start + 2 })]);
    below.clock.advance(1);
    await buffered.buffer([remove("gone")]);
    below.clock.advance(1);
    await buffered.buffer([put("a"), put("gone"), put("dying")]);
    const records = await buffered.getMany(["a", "gone", "dying"]);
    expect(records.map((record) => record?.createdAt)).toEqual([start, start + 2, start + 2]);
    expect(records.map((record) => record?.updatedAt)).toEqual(Array(3).fill(start + 2));
  });

  it("over one on its way, or a delete on its way, has the times it will have", async () => {
    const below = await Below.open();
    const createdAt = below.clock.now();
    await below.real.commit([put("gone"), put("kept")]);
    below.clock.advance(1);
    const buffered = below.buffered();
    const release = below.hold();
    await buffered.buffer([remove("gone"), put("new"), put("kept")]);
    const flush = buffered.flush();
    below.clock.advance(1);
    await buffered.buffer([put("gone"), put("new"), put("kept")]);
    const records = await buffered.getMany(["gone", "new", "kept"]);
    expect(records.map((record) => record?.createdAt)).toEqual([
      createdAt + 2,
      createdAt + 1,
      createdAt,
    ]);
    release();
    await flush;
  });

  it("that has expired is absent, and so is what it hides", async () => {
    const below = await Below.open();
    await below.real.commit([put("a", "stored", { tags: ["t"] })]);
    const buffered = below.buffered();
    const expiresAt = below.clock.now() + 10;
    await buffered.buffer([put("a", "1", { tags: ["u"], expiresAt })]);
    below.clock.advance(9);
    expect(await read(buffered, "a")).toBe("1");
    expect((await buffered.query({ all: ["u"] })).items).toEqual(["a"]);
    below.clock.advance(1);
    expect(await read(buffered, "a")).toBeUndefined();
    expect((await buffered.keys()).items).toEqual([]);
    expect((await buffered.query({ any: ["t", "u"] })).items).toEqual([]);
    expect(await counts(buffered)).toEqual({});
    await buffered.flush();
    expect(await read(buffered, "a")).toBeUndefined();
  });
});

describe("reads", () => {
  it("see buffered writes and deletes over what is stored, while no flush can succeed", async () => {
    const below = await Below.open();
    await below.real.commit(["a", "b", "c"].map((key) => put(key, "stored", { tags: ["t"] })));
    const buffered = below.buffered();
    below.failure = diskFull();
    await buffered.buffer([remove("a"), put("b", "new", { tags: ["u"] }), put("d")]);
    await rejects("NADB_IO", buffered.flush());
    const values = await Promise.all(["a", "b", "c", "d"].map((key) => read(buffered, key)));
    expect(values).toEqual([undefined, "new", "stored", "d"]);
    expect((await buffered.keys()).items).toEqual(["b", "c", "d"]);
    expect((await buffered.query({ all: ["t"] })).items).toEqual(["c"]);
    expect((await buffered.query({ any: ["t", "u"] })).items).toEqual(["b", "c"]);
    expect((await buffered.query({ none: ["t"] })).items).toEqual(["b", "d"]);
    expect(await counts(buffered)).toEqual({ t: 1, u: 1 });
    expect(below.commits).toEqual([]);
  });

  it.each(["before", "after"] as const)(
    "see the same while a flush is under way, %s it is visible below",
    async (where) => {
      const below = await Below.open();
      await below.real.commit([put("a", "stored", { tags: ["t"] }), put("b", "", { tags: ["t"] })]);
      const buffered = below.buffered();
      await buffered.buffer([put("a", "1", { tags: ["u"] }), remove("b"), put("c")]);
      const release = below.hold(where);
      const flush = buffered.flush();
      await settle();
      expect(await read(buffered, "a")).toBe("1");
      expect((await buffered.keys()).items).toEqual(["a", "c"]);
      expect(await buffered.query({ none: ["no"], total: true })).toEqual({
        items: ["a", "c"],
        total: 2,
      });
      expect(await counts(buffered)).toEqual({ u: 1 });
      await buffered.buffer([put("a", "2", { tags: ["t", "v"] }), put("b", "2"), remove("c")]);
      expect(await read(buffered, "a")).toBe("2");
      expect((await buffered.keys()).items).toEqual(["a", "b"]);
      expect(await counts(buffered)).toEqual({ t: 1, v: 1 });
      release();
      await flush;
      await buffered.flush();
      expect([await read(below.real, "a"), await read(below.real, "c")]).toEqual(["2", undefined]);
    },
  );

  it("of many keys come in one call below, in the order asked", async () => {
    const below = await Below.open();
    await below.real.commit([put("a"), put("c")]);
    const buffered = below.buffered();
    await buffered.buffer([put("b")]);
    const asked = ["c", "no", "b", "a", "b"];
    const reading = buffered.getMany(asked);
    asked.fill("changed");
    const records = await reading;
    expect(records.map((record) => record?.key)).toEqual(["c", undefined, "b", "a", "b"]);
    expect(below.calls).toEqual(["getMany"]);
  });

  it("never miss a write on its way from the buffer to below", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    for (const [before, after] of [0, 1, 2, 3, 5, 8].flatMap((x) =>
      [0, 4, 9, 20].map((y) => [x, y]),
    )) {
      const key = `after ${before} and before ${after} turns`;
      await buffered.buffer([put(key, "there")]);
      const delays = [before, after];
      below.delay = () => delays.shift() ?? 0;
      const [value] = await Promise.all([read(buffered, key), buffered.flush()]);
      expect([key, value]).toEqual([key, "there"]);
    }
  });

  it("that are overtaken by flush after flush come to their end", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    await buffered.buffer([put("a", "0")]);
    below.delay = (call) => (call === "getMany" ? 400 : 0);
    const done = vi.fn();
    const reading = read(buffered, "a").finally(done);
    let rounds = 0;
    for (; done.mock.calls.length === 0 && rounds < 1_000; rounds++) {
      await buffered.buffer([put("a", `${rounds}`)]);
      await buffered.flush();
    }
    expect(await reading).toBeDefined();
    expect(rounds).toBeLessThan(1_000);
  });

  it("show what was acknowledged before, and of writes that belong together both or neither", async () => {
    const below = await Below.open();
    const buffered = below.buffered({ maxBytes: 3_000 });
    let [turn, acknowledged, done] = [0, -1, false];
    below.delay = () => (turn = (turn * 7 + 3) % 11);
    const writing = (async () => {
      for (let i = 0; i < 200; i++) {
        await buffered.buffer([put("left", `${i}`), put("right", `${i}`), put(`filler${i % 50}`)]);
        acknowledged = i;
        if (i % 7 === 0) await buffered.flush();
        if (i % 31 === 0) await buffered.commit([put("left", `${i}`), put("right", `${i}`)]);
      }
      done = true;
    })();
    let reads = 0;
    for (; !done; reads++) {
      const before = acknowledged;
      const [left, right] = await buffered.getMany(["left", "right"]);
      const [one, other] = [left, right].map((record) => Number(text(record?.value) || -1));
      expect(one).toBe(other);
      expect(one).toBeGreaterThanOrEqual(before);
    }
    await writing;
    expect(reads).toBeGreaterThan(20);
  });
});

const text = (value: Uint8Array | undefined): string => new TextDecoder().decode(value);

describe("totals and counts", () => {
  it("count buffered matches and leave out hidden ones", async () => {
    const below = await Below.open();
    await below.real.commit(["a", "b", "c", "d"].map((key) => put(key, "", { tags: ["t"] })));
    const buffered = below.buffered();
    await buffered.buffer([
      remove("a"),
      put("b", "", { tags: ["u"] }),
      put("e", "", { tags: ["t"] }),
    ]);
    const page = await buffered.query({ all: ["t"], limit: 2, total: true });
    expect(page).toMatchObject({ items: ["c", "d"], total: 3 });
    const { cursor } = page;
    expect(
      await buffered.query({ all: ["t"], limit: 2, total: true, ...(cursor && { cursor }) }),
    ).toEqual({ items: ["e"], total: 3 });
    expect(await buffered.query({ any: ["t", "u"], none: ["v"], total: true })).toMatchObject({
      total: 4,
    });
    expect(await buffered.query({ total: true })).toMatchObject({ total: 4 });
    expect(await buffered.query({ all: ["t"] })).not.toHaveProperty("total");
    expect(await counts(buffered)).toEqual({ t: 3, u: 1 });
  });

  it("are exact though others write below between their parts", async () => {
    const below = await Below.open();
    await below.real.commit([put("a", "", { tags: ["t"] })]);
    const buffered = below.buffered();
    await buffered.buffer([put("a", "", { tags: ["u"] })]);
    const delays = [0, 0, 0, 0, 9, 0, 9, 0]; // head, tags, then the records and the head after them
    below.delay = () => delays.shift() ?? 0;
    const counting = counts(buffered);
    await below.real.commit([put("a", "", { tags: ["v", "w"] })]);
    expect(await counting).toEqual({ u: 1 });
  });

  it("come to an end though others never rest", async () => {
    const below = await Below.open();
    const buffered = below.buffered();
    await buffered.buffer([put("a", "", { tags: ["u"] })]);
    let [calls, done] = [0, false];
    below.delay = () => 7 * (calls++ % 8); // the head before comes long before the one after
    const writing = (async () => {
      while (!done) await below.real.commit([put("b")]);
    })();
    expect(await counts(buffered)).toEqual({ u: 1 });
    done = true;
    await writing;
    expect(below.calls.filter((call) => call === "tags").length).toBeGreaterThan(1);
  });
});
