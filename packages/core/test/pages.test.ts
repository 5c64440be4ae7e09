import { describe, expect, it } from "vitest";
import { everyPage } from "../src/index.js";

/** A listing of 0 to `count` - 1, some to a page, that writes down what it was asked. */
function listing(count: number, size: number) {
  const asked: (string | undefined)[] = [];
  const list = async ({ cursor }: { readonly cursor?: string }) => {
    asked.push(cursor);
    const start = Number(cursor ?? 0);
    const items = Array.from({ length: Math.min(size, count - start) }, (_, i) => start + i);
    return start + size < count ? { items, cursor: String(start + size) } : { items };
  };
  return { asked, list };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe("everyPage", () => {
  it.each([0, 1, 2, 3, 7])("brings all of %i items, three to a page", async (count) => {
    const { list } = listing(count, 3);
    expect(await all(everyPage(list))).toEqual([...Array(count).keys()]);
  });

  it("asks for a page only once the one before is used up", async () => {
    const { asked, list } = listing(9, 3);
    const items = everyPage(list);
    for (let i = 0; i < 3; i++) await items.next();
    expect(asked).toEqual([undefined]);
    await items.next();
    expect(asked).toEqual([undefined, "3"]);
  });

  it("asks for nothing more when it is left early", async () => {
    const { asked, list } = listing(9, 3);
    for await (const item of everyPage(list)) if (item === 1) break;
    expect(asked).toEqual([undefined]);
  });

  it("goes on behind a page that is empty but not the last", async () => {
    const pages = [{ items: [1], cursor: "a" }, { items: [], cursor: "b" }, { items: [2] }];
    const items = everyPage(async () => pages.shift() ?? { items: [] });
    expect(await all(items)).toEqual([1, 2]);
  });

  it("fails as the listing fails", async () => {
    const failing = everyPage(() => Promise.reject(new Error("gone")));
    await expect(failing.next()).rejects.toThrow("gone");
  });
});
