import { describe, expect, it } from "vitest";
import { deriveSeed, seeded } from "../src/index.js";

describe("seeded chance", () => {
  it("draws the same from the same seed", () => {
    const draw = (seed: number) => {
      const random = seeded(seed);
      return [
        random.int(1_000_000),
        random.bytes(8),
        random.shuffle([1, 2, 3, 4, 5]),
        random.oneIn(2),
      ];
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it("stays in its range and reaches all of it", () => {
    const random = seeded(1);
    const drawn = new Set(Array.from({ length: 1_000 }, () => random.int(10)));
    expect([...drawn].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("shuffles a copy that holds the same items", () => {
    const items = Object.freeze(Array.from({ length: 50 }, (_, i) => i));
    const shuffled = seeded(3).shuffle(items);
    expect(shuffled).not.toEqual(items);
    expect(shuffled.toSorted((a, b) => a - b)).toEqual(items);
  });

  it("gives each name a seed of its own", () => {
    const seeds = ["a", "b", "ab", "ba", ""].map((name) => deriveSeed(5, name));
    expect(new Set(seeds).size).toBe(5);
    expect(deriveSeed(5, "a")).not.toBe(deriveSeed(6, "a"));
  });
});
