// Group commit: what waits together goes down together, and still succeeds or fails alone.
import { beforeEach, describe, expect, it } from "vitest";
import type { OrderedKv } from "../../src/embedded/ordered-kv.js";
import { WriteGroups } from "../../src/embedded/write-groups.js";
import { MemoryKv } from "../../src/memory/memory-kv.js";

const key = (n: number): Uint8Array => Uint8Array.of(n);

/** Counts transactions, and fails one of them on demand once its body has run. */
class CountingKv extends MemoryKv {
  transactions = 0;
  failing: Error | undefined;

  override async write<T>(body: Parameters<OrderedKv["write"]>[0]): Promise<T> {
    return super.write((tx) => {
      this.transactions++;
      const result = body(tx);
      if (this.failing !== undefined) throw this.failing;
      return result as T;
    });
  }
}

let kv: CountingKv;
let groups: WriteGroups;
const stored = (): number[] =>
  kv.read((tx) =>
    Array.from(tx.keys({ gte: key(0), lt: key(255) }), (bytes) => bytes[0] as number),
  );
const put = (n: number): Promise<void> => groups.run((tx) => tx.put(key(n), key(n)));

beforeEach(() => {
  kv = new CountingKv();
  groups = new WriteGroups(kv);
});

describe("a group of writes", () => {
  it("is one transaction", async () => {
    await Promise.all([1, 2, 3].map(put));
    expect(stored()).toEqual([1, 2, 3]);
    expect(kv.transactions).toBe(1);
  });

  it("gathers again those who were told together", async () => {
    await Promise.all([1, 2, 3].map(async (n) => [await put(n), await put(n + 10)]));
    expect(stored()).toEqual([1, 2, 3, 11, 12, 13]);
    expect(kv.transactions).toBe(2);
  });

  it("runs in the order asked for", async () => {
    const order: number[] = [];
    await Promise.all([3, 1, 2].map((n) => groups.run(() => order.push(n))));
    expect(order).toEqual([3, 1, 2]);
  });

  it("of over a thousand is several", async () => {
    await Promise.all(Array.from({ length: 1_001 }, (_, n) => put(n % 200)));
    expect(kv.transactions).toBe(2);
  });

  it("goes on without one that refuses before it has written", async () => {
    const refusal = new Error("no");
    const refused = groups.run(() => {
      throw refusal;
    });
    const others = Promise.all([put(1), put(2)]);
    await expect(refused).rejects.toBe(refusal);
    await others;
    expect(stored()).toEqual([1, 2]);
    expect(kv.transactions).toBe(1);
  });

  it("undoes one that fails half-way and runs the others again, in order", async () => {
    const failure = new Error("half-way");
    const order: number[] = [];
    const ordered = (n: number) =>
      groups.run((tx) => {
        order.push(n);
        tx.put(key(n), key(n));
      });
    const before = ordered(1);
    const failing = groups.run((tx) => {
      tx.put(key(9), key(9));
      throw failure;
    });
    const after = ordered(2);
    await expect(failing).rejects.toBe(failure);
    await Promise.all([before, after]);
    expect(stored()).toEqual([1, 2]);
    expect(order).toEqual([1, 1, 2]);
  });

  it("fails as a whole when the engine can not commit, and the next one succeeds", async () => {
    kv.failing = new Error("disk full");
    const results = await Promise.allSettled([put(1), put(2)]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(stored()).toEqual([]);
    kv.failing = undefined;
    await put(3);
    expect(stored()).toEqual([3]);
  });

  it("tells everybody who waits when no transaction can begin", async () => {
    const broken: OrderedKv = Object.assign(new MemoryKv(), {
      write: () => Promise.reject(new Error("no lock")),
    });
    groups = new WriteGroups(broken);
    await expect(put(1)).rejects.toThrow("no lock");
    await expect(put(2)).rejects.toThrow("no lock");
  });

  it("leaves out one that was called off while it waited", async () => {
    const controller = new AbortController();
    const calledOff = groups.run((tx) => tx.put(key(1), key(1)), { signal: controller.signal });
    const other = put(2);
    controller.abort(new Error("never mind"));
    await expect(calledOff).rejects.toThrow("never mind");
    await other;
    expect(stored()).toEqual([2]);
  });
});

describe("chores of a group", () => {
  const owner = {};
  const due = (amount: number) => ({ chores: { owner, amount } });

  it("are done once, by the first write that succeeds, for all", async () => {
    const seen: number[] = [];
    const body = (_: unknown, chores: number) => seen.push(chores);
    const refused = groups.run(() => {
      throw new Error("no");
    }, due(1));
    await Promise.all([
      expect(refused).rejects.toThrow("no"),
      groups.run(body, due(2)),
      groups.run(body, due(4)),
    ]);
    expect(seen).toEqual([7, 0]);
  });

  it("are each owner's own", async () => {
    const seen: number[] = [];
    const body = (_: unknown, chores: number) => seen.push(chores);
    await Promise.all([
      groups.run(body, due(2)),
      groups.run(body, { chores: { owner: {}, amount: 3 } }),
      groups.run(body),
    ]);
    expect(seen).toEqual([2, 3, 0]);
  });
});
