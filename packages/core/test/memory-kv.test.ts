// What the memory engine promises beyond plain reads and writes.
import { describe, expect, it } from "vitest";
import { MemoryKv } from "../src/memory/memory-kv.js";

const key = (table: number, n: number): Uint8Array => Uint8Array.of(table, n >> 8, n & 255);
const wholeTable = (table: number) => ({ gte: Uint8Array.of(table), lt: Uint8Array.of(table + 1) });

describe("a range of the memory engine", () => {
  it.each(["range", "keys"] as const)(
    "(%s) survives writes to other ranges under way",
    async (listing) => {
      const kv = new MemoryKv();
      const read: number[] = [];
      await kv.write((tx) => {
        for (let n = 0; n < 500; n++) tx.put(key(5, n), key(5, n));
      });
      await kv.write((tx) => {
        tx.put(key(4, 0), key(4, 0)); // from here on the nodes are this transaction's own
        for (const item of tx[listing](wholeTable(5))) {
          const bytes = item instanceof Uint8Array ? item : item.key;
          const n = ((bytes[1] as number) << 8) | (bytes[2] as number);
          read.push(n);
          for (const table of [3, 7]) tx.put(key(table, n), bytes);
          tx.delete(key(3, n - 1));
        }
      });
      expect(read).toEqual(Array.from({ length: 500 }, (_, n) => n));
      expect(kv.read((tx) => [...tx.keys(wholeTable(7))]).length).toBe(500);
    },
  );
});
