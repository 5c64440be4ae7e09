// What is ready at once happens at once; what is not happens in the order in which it was asked for.
import { describe, expect, it } from "vitest";
import { mapReady, type Ready, Turns, whenReady } from "../../src/compression/ready.js";

interface Later<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

function later<T>(): Later<T> {
  let settle: Omit<Later<T>, "promise"> | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...(settle as Omit<Later<T>, "promise">) };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("whenReady", () => {
  it("uses at once what is ready, and later what is not", async () => {
    expect(whenReady(1, (n) => n + 1)).toBe(2);
    expect(await whenReady(Promise.resolve(1), (n) => n + 1)).toBe(2);
  });
});

describe("mapReady", () => {
  it("is ready when all are, in their order", async () => {
    expect(mapReady([1, 2], (n) => n + 1)).toEqual([2, 3]);
    const mixed: Ready<number>[] = [Promise.resolve(1), 2];
    expect(await mapReady(mixed, (n) => n)).toEqual([1, 2]);
  });

  it("fails with the first failure, and leaves no other unheard", async () => {
    const unheard: unknown[] = [];
    const hear = (reason: unknown): void => void unheard.push(reason);
    process.on("unhandledRejection", hear);
    const slow = later<number>();
    const made = mapReady([0, 1], (n) => {
      if (n === 0) return slow.promise;
      throw new Error("at once");
    });
    await expect(made).rejects.toThrow("at once");
    slow.reject(new Error("later"));
    await settled();
    process.off("unhandledRejection", hear);
    expect(unheard).toEqual([]);
  });
});

describe("turns", () => {
  const started: string[] = [];
  const start = (name: string) => async () => {
    started.push(name);
    return name;
  };

  it("start what is ready within the call, when nobody waits", () => {
    started.length = 0;
    void new Turns().run(undefined, start("a"));
    expect(started).toEqual(["a"]);
  });

  it("keep the order, whatever is ready first, and are free once the last has started", async () => {
    started.length = 0;
    const turns = new Turns();
    const [first, third] = [later<void>(), later<void>()];
    const calls = [
      turns.run(first.promise, start("first")),
      turns.run(undefined, start("second")),
      turns.run(third.promise, start("third")),
    ];
    third.resolve();
    await settled();
    expect([started, turns.free]).toEqual([[], false]);
    first.resolve();
    expect(await Promise.all(calls)).toEqual(["first", "second", "third"]);
    expect([started, turns.free]).toEqual([["first", "second", "third"], true]);
  });

  it("wait for the start of the call before, not for its end", async () => {
    started.length = 0;
    const turns = new Turns();
    const endless = turns.run(Promise.resolve(), () => {
      started.push("endless");
      return new Promise(() => {});
    });
    expect(await turns.run(undefined, start("next"))).toBe("next");
    expect(started).toEqual(["endless", "next"]);
    expect(endless).toBeInstanceOf(Promise);
  });

  it("go on after a call that could not be prepared, and one that failed; nobody overtakes", async () => {
    started.length = 0;
    const turns = new Turns();
    const slow = later<void>();
    const outcomes = Promise.allSettled([
      turns.run(slow.promise, start("slow")),
      turns.run(Promise.reject(new Error("not prepared")), start("never")),
      turns.run(undefined, () => Promise.reject(new Error("failed"))),
      turns.run(undefined, start("last")),
    ]);
    await settled();
    expect(started).toEqual([]);
    slow.resolve();
    expect(
      (await outcomes).map((one) => (one.status === "rejected" ? one.reason.message : one.value)),
    ).toEqual(["slow", "not prepared", "failed", "last"]);
    expect([started, turns.free]).toEqual([["slow", "last"], true]);
  });
});
