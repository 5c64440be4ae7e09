import { describe, expect, it } from "vitest";
import { type Committed, describeCycle, findCycle } from "../src/serializability.js";

const ran = (
  name: string,
  reads: Record<string, number>,
  writes: Record<string, number>,
): Committed => ({
  name,
  reads: new Map(Object.entries(reads)),
  writes: new Map(Object.entries(writes)),
});

const cycleOf = (...history: Committed[]): string | undefined => {
  const cycle = findCycle(history);
  return cycle && describeCycle(cycle);
};

describe("a history is serializable", () => {
  it.each<[string, Committed[]]>([
    ["that is empty", []],
    ["of one that reads and writes", [ran("a", { x: 1 }, { x: 2, y: 3 })]],
    ["of one after the other", [ran("a", { x: 0 }, { x: 1 }), ran("b", { x: 1 }, { x: 2 })]],
    ["of blind writes", [ran("a", {}, { x: 1, y: 2 }), ran("b", {}, { x: 3, y: 4 })]],
    ["of a reader of the past", [ran("a", { x: 0, y: 0 }, {}), ran("b", {}, { x: 1, y: 2 })]],
  ])("%s", (_name, history) => {
    expect(cycleOf(...history)).toBeUndefined();
  });
});

describe("a history is not serializable", () => {
  it("in which an update is lost", () => {
    const cycle = cycleOf(ran("a", { x: 0 }, { x: 1 }), ran("b", { x: 0 }, { x: 2 }));
    expect(cycle).toBe('a -ww "x"-> b -rw "x"-> a');
  });

  it("with write skew", () => {
    const reads = { x: 0, y: 0 };
    const cycle = cycleOf(ran("a", reads, { x: 1 }), ran("b", reads, { y: 2 }));
    expect(cycle).toBe('a -rw "y"-> b -rw "x"-> a');
  });

  it("with a read of two instants", () => {
    const cycle = cycleOf(ran("w", {}, { x: 1, y: 2 }), ran("r", { x: 0, y: 2 }, {}));
    expect(cycle).toBe('w -wr "y"-> r -rw "x"-> w');
  });

  it("with a cycle of three, beside others", () => {
    const cycle = cycleOf(
      ran("o", { o: 0 }, { o: 9 }),
      ran("p", { o: 9 }, {}),
      ran("a", { x: 0 }, { y: 1 }),
      ran("b", { y: 0 }, { z: 2 }),
      ran("c", { z: 0 }, { x: 3 }),
    );
    expect(cycle).toBe('a -rw "x"-> c -rw "z"-> b -rw "y"-> a');
  });
});
