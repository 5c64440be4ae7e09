// Several pieces of work at a time: how many, in what order, and what a failure ends.
import { describe, expect, it } from "vitest";
import { mapSeveral } from "../src/several.js";
import { failureOf } from "./support/fails.js";

const turn = (): Promise<void> => new Promise(setImmediate);

describe("several at a time", () => {
  it("the results stand in the order of the items, whatever ends first", async () => {
    const items = [5, 1, 4, 0, 3, 2];
    const ended: number[] = [];
    const results = await mapSeveral(items, 3, async (item) => {
      for (let i = 0; i < item; i++) await turn();
      ended.push(item);
      return `${item}!`;
    });
    expect(results).toEqual(items.map((item) => `${item}!`));
    expect(ended).not.toEqual(items);
  });

  it.each([
    [1, 10, 1],
    [3, 10, 3],
    [16, 10, 10],
    [16, 0, 0],
  ])("up to %i of %i items are under way at once", async (most, count, expected) => {
    let [underWay, highest] = [0, 0];
    const items = Array.from({ length: count }, (_, i) => i);
    await mapSeveral(items, most, async () => {
      highest = Math.max(highest, ++underWay);
      await turn();
      underWay--;
    });
    expect(highest).toBe(expected);
  });

  it("after a failure nothing is begun, and what is under way is awaited", async () => {
    const failure = new Error("the third failed");
    const [begun, ended]: [number[], number[]] = [[], []];
    const error = await failureOf(() =>
      mapSeveral([0, 1, 2, 3, 4, 5, 6, 7], 4, async (item) => {
        begun.push(item);
        await turn();
        if (item === 2) throw failure;
        for (let i = 0; i < 5; i++) await turn();
        ended.push(item);
      }),
    );
    expect(error).toBe(failure);
    expect(begun).toEqual([0, 1, 2, 3]);
    expect(ended).toEqual([0, 1, 3]);
  });
});
