// A data.mdb that is no store, or no longer whole: told by code, never by a crash, and the file stays as it is.
import { randomFillSync } from "node:crypto";
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isNadbError, type KeyValueStore } from "@nadb/core";
import { open } from "lmdb";
import { describe, expect, it } from "vitest";
import { contentOf, filledFolder, newFolder, openStore, sizeOf } from "./folders.js";
import { rejects } from "./refuses.js";

const PAGE = 8_192;
const dataFile = (folder: string): string => join(folder, "data.mdb");

function folderWith(content: Uint8Array): string {
  const folder = newFolder();
  writeFileSync(dataFile(folder), content);
  return folder;
}

describe("data.mdb is refused, and left as it is, when it", () => {
  /** A healthy one, made by the first test that asks. */
  const healthy = async (): Promise<Buffer> => {
    made ??= readFileSync(dataFile(await filledFolder(100)));
    return made;
  };
  let made: Buffer | undefined;

  const begins = (bytes: number) => async (): Promise<Uint8Array> =>
    (await healthy()).subarray(0, bytes);

  /** The file with some bytes of its first page changed. */
  const changed =
    (offset: number, ...bytes: number[]) =>
    async (): Promise<Uint8Array> => {
      const copy = Buffer.from(await healthy());
      copy.set(bytes, offset);
      return copy;
    };

  const NO_STORE: [string, () => Uint8Array | Promise<Uint8Array>, string][] = [
    ["is empty", () => Buffer.alloc(0), "ends before it begins"],
    ["is one byte", () => Buffer.alloc(1), "ends before it begins"],
    ["ends within its first meta", begins(100), "ends before it begins"],
    ["ends behind its first meta", begins(PAGE), "ends before it begins"],
    ["ends within its second meta", begins(PAGE + 100), "ends before it begins"],
    ["is text", () => Buffer.from("hello\n".repeat(9_999)), "is no LMDB file"],
    ["is all zeros", () => Buffer.alloc(9 * PAGE), "is no LMDB file"],
    ["is random", () => randomFillSync(Buffer.alloc(9 * PAGE)), "is no LMDB file"],
    ["says another magic number", changed(24, 1), "is no LMDB file"],
    ["says an impossible page size", changed(48, 1, 2, 3), "is no LMDB file"],
    ["has the format of another LMDB", changed(28, 1), "has LMDB's data format 1, not 2"],
  ];

  it.each(NO_STORE)("%s", async (_what, content, message) => {
    for (const create of [true, false]) {
      const folder = folderWith(await content());
      const before = contentOf(folder);
      await rejects("NADB_NOT_A_STORE", openStore(folder, create), message);
      expect(contentOf(folder)).toEqual(before);
    }
  });

  it("has lost its end: wherever it is cut, the store is whole or refused", async () => {
    const whole = await healthy();
    let refused = 0;
    for (let size = 2 * PAGE; size < whole.length; size += PAGE / 2) {
      const folder = folderWith(whole.subarray(0, size));
      const store = await openStore(folder).catch((error) => {
        if (!isNadbError(error, "NADB_CORRUPTION")) throw error;
        expect(error.message).toContain(`is cut short: it has ${size} bytes of ${whole.length}`);
      });
      if (store) await assertWhole(store, 100);
      else expect(contentOf(folder)).toEqual(contentOf(folderWith(whole.subarray(0, size))));
      refused += store ? 0 : 1;
      await store?.close();
    }
    expect(refused).toBeGreaterThan(5);
  });
});

async function assertWhole(store: KeyValueStore, count: number): Promise<void> {
  let found = 0;
  for await (const { changes } of store.storage.changes(null)) found += changes.length;
  expect([found, (await store.stats()).count]).toEqual([count, count]);
}

describe("data.mdb is a store", () => {
  it("though it ends before its last page, when only free pages are missing", async () => {
    const folder = await filledFolder(100);
    const db = open<Uint8Array, Uint8Array>({
      path: folder,
      noSubdir: false,
      encoding: "binary",
      keyEncoding: "binary",
    });
    for (let i = 0; i < 5; i++) await db.put(Buffer.from("zz"), Buffer.alloc(20_000, i)); // leaves free pages
    db.transactionSync(() => {
      db.putSync(Buffer.from("zz"), Buffer.alloc(9_000_000));
      db.removeSync(Buffer.from("zz"));
    });
    await db.flushed;
    await db.close();
    expect(sizeOf(folder)).toBeLessThan(9_000_000);
    const store = await openStore(folder);
    await assertWhole(store, 100);
  });

  it("though there is more behind its end", async () => {
    const folder = await filledFolder(100);
    truncateSync(dataFile(folder), sizeOf(folder) + 5 * PAGE + 77);
    const store = await openStore(folder);
    await assertWhole(store, 100);
    await store.set("one more", "1");
    await assertWhole(store, 101);
  });

  it("when it was copied without lock.mdb", async () => {
    const [from, to] = [await filledFolder(100), newFolder()];
    copyFileSync(dataFile(from), dataFile(to));
    await assertWhole(await openStore(to), 100);
  });

  it("when its lock.mdb is garbage that nobody holds", async () => {
    const folder = await filledFolder(100);
    writeFileSync(join(folder, "lock.mdb"), randomFillSync(Buffer.alloc(10_000)));
    await assertWhole(await openStore(folder), 100);
  });
});
