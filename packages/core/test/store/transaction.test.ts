import { describe, expect, it } from "vitest";
import {
  json,
  KeyValueStore,
  memoryBackend,
  NadbError,
  type StorageBackend,
  type Transaction,
} from "../../src/index.js";
import { Clock } from "../clock.js";
import { rejects } from "../refuses.js";

const open = (backend: StorageBackend = memoryBackend(), clock: () => number = Date.now) =>
  KeyValueStore.open({ backend, codec: json<number>(), random: () => 0, clock });

type Store = Awaited<ReturnType<typeof open>>;

/** A promise and the way to fulfil it. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe("a transaction", () => {
  it("commits all it has set and deleted in one cut, and answers what its body does", async () => {
    const store = await open();
    await store.setMany([
      { key: "a", value: 1 },
      { key: "b", value: 2 },
    ]);
    const { checkpoint } = await store.stats();
    const answer = await store.transaction(async (tx) => {
      tx.set("c", ((await tx.get("a")) ?? 0) + ((await tx.get("b")) ?? 0), { tags: ["sum"] });
      tx.delete("a");
      tx.delete("missing");
      return "done";
    });
    expect(answer).toBe("done");
    expect([...(await store.getMany(["a", "b", "c"]))]).toEqual([
      ["b", 2],
      ["c", 3],
    ]);
    expect((await store.queryByTags({ all: ["sum"] })).items).toEqual(["c"]);
    const checkpoints = [];
    for await (const change of store.changes({ since: checkpoint }))
      checkpoints.push(change.checkpoint);
    expect(checkpoints.map((at) => at !== undefined)).toEqual([false, true]);
  });

  it("sees its own writes, others do not until it commits", async () => {
    const clock = new Clock();
    const store = await open(memoryBackend({ clock: clock.now }), clock.now);
    await store.set("a", 1);
    await store.transaction(async (tx) => {
      tx.set("a", 2, { tags: ["t"], ttlSeconds: 1 });
      tx.delete("b");
      tx.set("c", 3);
      expect(await tx.get("a")).toBe(2);
      expect(await tx.getWithMetadata("a")).toMatchObject({
        tags: ["t"],
        version: 0,
        expiresAt: clock.now() + 1_000,
      });
      expect(await tx.has("b")).toBe(false);
      expect([...(await tx.getMany(["c", "a", "no"]))]).toEqual([
        ["c", 3],
        ["a", 2],
      ]);
      expect(await store.get("a")).toBe(1);
      expect(await store.has("c")).toBe(false);
      clock.advance(1_000);
      expect(await tx.has("a")).toBe(false);
    });
    expect(await store.get("c")).toBe(3);
  });

  it("reads the same however often it asks", async () => {
    const store = await open();
    await store.set("a", 1);
    const seen: unknown[] = [];
    const reading = store.transaction(
      async (tx) => {
        seen.push(await tx.get("a"));
        if (seen.length === 1) await store.set("a", 2);
        seen.push(await tx.get("a"));
      },
      { retries: 0 },
    );
    await reading; // a single read stands for one instant
    expect(seen).toEqual([1, 1]);
  });

  it("keeps what it has set apart from what the caller does to it later", async () => {
    const store = await KeyValueStore.open({ backend: memoryBackend() });
    const value = Uint8Array.of(1);
    await store.transaction(async (tx) => {
      tx.set("a", value);
      value[0] = 9;
      const read = await tx.get("a");
      (read as Uint8Array)[0] = 8;
    });
    expect(await store.get("a")).toEqual(Uint8Array.of(1));
  });
});

describe("a transaction that throws", () => {
  it("leaves nothing behind and tells its own error", async () => {
    const store = await open();
    const reason = new Error("changed my mind");
    const failing = store.transaction((tx) => {
      tx.set("a", 1);
      throw reason;
    });
    await expect(failing).rejects.toBe(reason);
    expect(await store.has("a")).toBe(false);
  });

  it("because it read two moments at once runs again", async () => {
    const store = await open();
    await store.setMany([
      { key: "a", value: 1 },
      { key: "b", value: -1 },
    ]);
    let runs = 0;
    const sum = await store.transaction(async (tx) => {
      runs++;
      const a = (await tx.get("a")) as number;
      if (runs === 1) {
        await store.setMany([
          { key: "a", value: 5 },
          { key: "b", value: -5 },
        ]);
      }
      const b = (await tx.get("b")) as number;
      if (a + b !== 0) throw new Error("the sum is off");
      return a + b;
    });
    expect([sum, runs]).toEqual([0, 2]);
  });

  it("an error of its own from reads that agree is told, and not run again", async () => {
    const store = await open();
    let runs = 0;
    const failing = store.transaction(async (tx) => {
      runs++;
      await tx.get("a");
      await tx.get("b");
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(runs).toBe(1);
  });
});

describe("transactions that meet", () => {
  const increment = (store: Store) =>
    store.transaction(async (tx) => tx.set("n", ((await tx.get("n")) ?? 0) + 1));

  it("lose no increment", async () => {
    const store = await open();
    await Promise.all(Array.from({ length: 30 }, () => increment(store)));
    expect(await store.get("n")).toBe(30);
  });

  it("can not both go off duty: write skew is caught", async () => {
    const store = await open();
    await store.setMany([
      { key: "ann", value: 1 },
      { key: "bob", value: 1 },
    ]);
    const both = gate();
    let first = true;
    const goOff = (who: string) =>
      store.transaction(async (tx) => {
        const onDuty = [...(await tx.getMany(["ann", "bob"])).values()].filter(Boolean).length;
        if (first) {
          first = false;
          await both.opened;
        } else both.open();
        if (onDuty > 1) tx.set(who, 0);
      });
    await Promise.all([goOff("ann"), goOff("bob")]);
    const left = [...(await store.getMany(["ann", "bob"])).values()];
    expect(left.reduce((a, b) => a + b)).toBe(1);
  });

  it("on what is absent, meet, too", async () => {
    const store = await open();
    const claims = ["x", "y"].map((who) =>
      store.transaction(async (tx) => {
        if (await tx.has("seat")) return `${who} came late`;
        tx.set("seat", 1);
        return `${who} sits`;
      }),
    );
    expect((await Promise.all(claims)).filter((said) => said.endsWith("sits")).length).toBe(1);
  });

  it("give up after the retries asked for, with NADB_CONFLICT", async () => {
    const store = await open();
    let runs = 0;
    const unlucky = store.transaction(
      async (tx) => {
        runs++;
        await tx.get("n");
        await store.set("n", runs);
        tx.set("n", -1);
      },
      { retries: 3 },
    );
    await rejects("NADB_CONFLICT", unlucky, "4 times");
    expect([runs, await store.get("n")]).toEqual([4, 4]);
  });

  it("read what they only read at one instant", async () => {
    const store = await open();
    let runs = 0;
    const read = await store.transaction(async (tx) => {
      runs++;
      const a = await tx.get("a");
      if (runs === 1) {
        await store.setMany([
          { key: "a", value: 1 },
          { key: "b", value: 1 },
        ]);
      }
      return [a, await tx.get("b")];
    });
    expect([read, runs]).toEqual([[1, 1], 2]);
  });

  it.each([-1, 1.5, Number.NaN, 10_001])("refuse retries %s", async (retries) => {
    const store = await open();
    const refused = store.transaction(() => 1, { retries });
    await rejects("NADB_INVALID_ARGUMENT", refused, "retries");
  });

  it("stop at the signal", async () => {
    const store = await open();
    const controller = new AbortController();
    const stopped = store.transaction(
      async (tx) => {
        await tx.get("n");
        await store.set("n", 1);
        controller.abort(new Error("enough"));
        tx.set("n", 2);
      },
      { signal: controller.signal },
    );
    await expect(stopped).rejects.toThrow("enough");
    expect(await store.get("n")).toBe(1);
  });
});

describe("a transaction that has ended", () => {
  it("can not be used any more", async () => {
    const store = await open();
    let kept: Transaction<number, number> | undefined;
    await store.transaction((tx) => {
      kept = tx;
    });
    expect(() => kept?.set("a", 1)).toThrow(NadbError);
    expect(() => kept?.delete("a")).toThrow(NadbError);
    await rejects("NADB_CLOSED", (kept as Transaction<number, number>).get("a"), "ended");
  });
});

describe("bad input", () => {
  it.each(["", "x".repeat(1_025), "\ud800"])("as a key is refused: %j", async (key) => {
    const store = await open();
    for (const body of [
      (tx: Transaction<number, number>) => tx.set(key, 1),
      (tx: Transaction<number, number>) => tx.delete(key),
      (tx: Transaction<number, number>) => tx.get(key),
    ]) {
      await rejects("NADB_INVALID_ARGUMENT", store.transaction(body), "key");
    }
    expect((await store.stats()).count).toBe(0);
  });
});
