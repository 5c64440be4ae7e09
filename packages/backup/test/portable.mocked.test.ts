// The same backups where there is no Node: gzip by fflate, files in memory, no file system.
import { describe, expect, it, vi } from "vitest";
import { memoryTarget } from "../src/index.js";
import * as portableDirectory from "../src/platform/directory.portable.js";
import type * as node from "../src/platform/gzip.node.js";
import * as portable from "../src/platform/gzip.portable.js";
import { refuses } from "./support/fails.js";
import { pathsOf, readFile, writeFile } from "./support/files.js";
import { fill, measure, openManager, openStore } from "./support/store.js";

const choice = vi.hoisted(() => ({ portable: true, used: 0 }));

// What the default condition of package.json's "imports" would choose, or Node's, as a test says.
vi.mock("../src/platform/gzip.node.js", async (original) => {
  const ours: typeof node = await original();
  const fflate: typeof portable = await vi.importActual("../src/platform/gzip.portable.js");
  const chosen = () => {
    choice.used++;
    return choice.portable ? fflate : ours;
  };
  return {
    gzip: (bytes: Uint8Array, level: number) => chosen().gzip(bytes, level),
    gunzip: (bytes: Uint8Array, rawLength: number) => chosen().gunzip(bytes, rawLength),
  } satisfies typeof node;
});

describe("without Node", () => {
  it.each([
    ["portable", "portable", true, true],
    ["portable", "node", true, false],
    ["node", "portable", false, true],
  ])("a backup made by %s is verified and restored by %s", async (_, __, maker, reader) => {
    const target = memoryTarget();
    const store = await openStore();
    await fill(store, 2_000, 1_500);
    choice.portable = maker;
    const { stateDigest, storedSize } = await (await openManager(store, target)).createBackup({
      backupId: "b",
    });
    expect(storedSize).toBeLessThan(500_000);
    choice.portable = reader;
    choice.used = 0;
    const copy = await openStore();
    const backups = await openManager(copy, target);
    expect(await backups.verifyBackup("b")).toMatchObject({ ok: true });
    await backups.restoreBackup("b", { clearExisting: true });
    expect(await measure(copy.storage)).toMatchObject({ count: 2_000, digest: stateDigest });
    expect(choice.used).toBeGreaterThan(0);
  });

  it("damage is found all the same", async () => {
    choice.portable = true;
    const target = memoryTarget();
    const store = await openStore();
    await fill(store, 500, 1_500);
    const backups = await openManager(store, target);
    await backups.createBackup({ backupId: "b" });
    const sound = await readFile(target, "b/data.nadb");
    for (let byte = 0; byte < sound.length; byte += 97) {
      await writeFile(target, "b/data.nadb", sound.slice().fill(0xee, byte, byte + 3));
      expect(await backups.verifyBackup("b", { record: false })).toMatchObject({ ok: false });
    }
    expect(await pathsOf(target)).toHaveLength(3);
  });

  it("a folder as target is refused: it needs Node", async () => {
    await refuses("NADB_UNSUPPORTED", () => portableDirectory.directoryTarget("backups"), "Node");
  });

  it("offers what the variants for Node offer", async () => {
    const forNode = await vi.importActual("../src/platform/gzip.node.js");
    expect(Object.keys(portable).sort()).toEqual(Object.keys(forNode as object).sort());
  });
});
