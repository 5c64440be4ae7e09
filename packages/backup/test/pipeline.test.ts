// Work done several pieces at a time: order, bounds, and the end of everything on a failure.
import { describe, expect, it } from "vitest";
import { mapInOrder } from "../src/pipeline.js";
import { failureOf } from "./support/fails.js";

async function* upTo(count: number): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) yield i;
}

/** Resolves after some turns of the event loop. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}

const one = (): number => 1;

describe("pipeline", () => {
  it("yields results in order, though later pieces finish first", async () => {
    const results: number[] = [];
    const slowFirst = async (i: number) => {
      await turns(10 - i);
      return i;
    };
    for await (const result of mapInOrder(upTo(10), one, slowFirst)) results.push(result);
    expect(results).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  /** The most pieces, and bytes, that were under way at once. */
  async function mostUnderWay(count: number, bytes: number) {
    let now = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++now);
      await turns(2);
      now--;
    };
    for await (const _ of mapInOrder(upTo(count), () => bytes, work));
    return most;
  }

  it("has four pieces under way, and no more", async () => {
    expect(await mostUnderWay(20, 1)).toBe(4);
  });

  it("has fewer under way when they are large", async () => {
    expect(await mostUnderWay(8, 6 << 20)).toBe(2);
  });

  it("lets a piece beyond the bound through, alone", async () => {
    expect(await mostUnderWay(4, 300 << 20)).toBe(1);
  });

  it("fails with the first failure, once what is under way has ended", async () => {
    let underWay = 0;
    const work = async (i: number) => {
      underWay++;
      await turns(i === 1 ? 1 : 5);
      underWay--;
      if (i === 1) throw new Error("piece 1");
      return i;
    };
    const results: number[] = [];
    const error = await failureOf(async () => {
      for await (const result of mapInOrder(upTo(10), one, work)) results.push(result);
    });
    expect(error).toMatchObject({ message: "piece 1" });
    expect(results).toEqual([0]);
    expect(underWay).toBe(0);
  });

  it("a reader that stops ends the source and waits for what is under way", async () => {
    let ended = false;
    let underWay = 0;
    async function* source() {
      try {
        yield* upTo(100);
      } finally {
        ended = true;
      }
    }
    const work = async () => {
      underWay++;
      await turns(3);
      underWay--;
    };
    for await (const _ of mapInOrder(source(), one, work)) break;
    expect({ ended, underWay }).toEqual({ ended: true, underWay: 0 });
  });
});
