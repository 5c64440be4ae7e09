// Reading backups without restoring them.
import { describe, expect, it } from "vitest";
import type { Difference } from "../src/index.js";
import { refuses } from "./support/fails.js";
import { fill, openSite, type Site } from "./support/store.js";

async function chained(): Promise<Site> {
  const site = await openSite();
  const { store, backups } = site;
  await fill(store, 3_000);
  await store.set("expiring", "v", { ttlSeconds: 60, tags: ["t"] });
  await backups.createBackup({ backupId: "full" });
  await store.set("k0001", "changed", { tags: ["t"] });
  await store.set("k0002", "value 2 ".padEnd(20, "."), { tags: ["t", "u"] });
  await store.persist("expiring");
  await store.set("new", "v");
  await store.delete("k0003");
  await backups.createIncrementalBackup("full", { backupId: "next" });
  return site;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const LEADS: Difference[] = [
  { type: "changed", key: "expiring", value: false, tags: false, expiresAt: true },
  { type: "changed", key: "k0001", value: true, tags: false, expiresAt: false },
  { type: "changed", key: "k0002", value: false, tags: true, expiresAt: false },
  { type: "deleted", key: "k0003" },
  { type: "added", key: "new" },
];

describe("a backup", () => {
  it("gives all its records in key order, as they were", async () => {
    const { store, backups } = await chained();
    const records = await all(backups.readBackup("next"));
    expect(records.length).toBe(3_001);
    const keys = records.map((record) => record.key);
    expect(keys).toEqual([...keys].sort());
    expect(records.find(({ key }) => key === "k0002")?.tags).toEqual(["t", "u"]);
    expect(keys).toEqual((await store.keys({ limit: 10_000 })).items);
  });

  it("gives one record, as it was then", async () => {
    const { backups } = await chained();
    const text = async (id: string, key: string) => {
      const record = await backups.getFromBackup(id, key);
      return record && new TextDecoder().decode(record.value);
    };
    expect(await text("full", "k0001")).toBe("value 1 ............");
    expect(await text("next", "k0001")).toBe("changed");
    expect(await text("full", "k0003")).toBe("value 3 ............");
    for (const key of ["k0003", "k00", "zzz"]) expect(await text("next", key)).toBeUndefined();
  });

  it("that is damaged or missing is refused", async () => {
    const { target, backups } = await chained();
    await refuses("NADB_NOT_FOUND", () => all(backups.readBackup("no")));
    await target.remove("full/data.nadb");
    await refuses("NADB_CORRUPTION", () => all(backups.readBackup("next")), "full/data.nadb");
    await refuses("NADB_CORRUPTION", () => backups.getFromBackup("next", "new"));
  });
});

describe("the difference", () => {
  it("between two backups tells what leads from one to the other", async () => {
    const { backups } = await chained();
    expect(await all(backups.diffBackups("full", "next"))).toEqual(LEADS);
    expect(await all(backups.diffBackups("next", "next"))).toEqual([]);
    const back = await all(backups.diffBackups("next", "full"));
    expect(back.map(({ type }) => type)).toEqual([
      "changed",
      "changed",
      "changed",
      "added",
      "deleted",
    ]);
  });

  it("to what is live now", async () => {
    const { store, backups } = await chained();
    expect(await all(backups.diffBackups("full", { live: true }))).toEqual(LEADS);
    expect(await all(backups.diffBackups("next", { live: true }))).toEqual([]);
    await store.delete("new");
    expect(await all(backups.diffBackups("next", { live: true }))).toEqual([
      { type: "deleted", key: "new" },
    ]);
  });
});
