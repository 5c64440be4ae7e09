// Reading backups without restoring them.
import type { StoredRecord } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { type Difference, Repository } from "../src/index.js";
import { CHAIN, chainedSite } from "./support/chained.js";
import { refuses } from "./support/fails.js";
import { fill, openSite, type Site, START } from "./support/store.js";

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

const plain = (found: StoredRecord | undefined) =>
  found && { ...found, value: Buffer.from(found.value).toString() };

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
    await refuses(
      "NADB_CORRUPTION",
      () => backups.getFromBackup("next", "k0004"),
      "full/data.nadb",
    );
  });

  it("needs no store to be read", async () => {
    const { target, store, backups } = await chained();
    const repository = await Repository.open(target);
    const keys = (await all(repository.readBackup("next"))).map(({ key }) => key);
    expect(keys).toEqual((await store.keys({ limit: 10_000 })).items);
    expect((await repository.getFromBackup("next", "new"))?.key).toBe("new");
    expect(await all(repository.diffBackups("full", "next"))).toEqual(LEADS);
    expect(await all(backups.diffBackups("full", "next"))).toEqual(LEADS);
  });
});

describe("one key", () => {
  /** Every key that any backup of the chain has ever held, and one that none has. */
  const KEYS = ["added", "ends", ...Array.from({ length: 10 }, (_, i) => `k000${i}`), "nosuch"];

  it.each([{ compression: true }, { compression: false }, { format: "json" }] as const)(
    "is found as a whole reading finds it: %o",
    async (options) => {
      const { target } = await chainedSite(options);
      const repository = await Repository.open(target);
      for (const id of CHAIN) {
        const read = (await all(repository.readBackup(id))).map(plain);
        const records = new Map(read.map((one) => [one?.key, one]));
        for (const key of KEYS) {
          const found = plain(await repository.getFromBackup(id, key));
          expect(found, `${key} in ${id}`).toEqual(records.get(key));
        }
      }
    },
  );

  it("is what the newest backup that says anything says; no older one is read then", async () => {
    const { target, backups } = await chainedSite();
    await target.remove("full/data.nadb");
    for (const [key, value] of [
      ["k0001", "changed"],
      ["k0002", "back"],
      ["k0003", undefined],
      ["added", undefined],
      ["ends", undefined],
    ] as const) {
      const found = await backups.getFromBackup("two", key);
      expect(found && Buffer.from(found.value).toString(), key).toBe(value);
    }
    await refuses("NADB_CORRUPTION", () => backups.getFromBackup("two", "k0000"), "full/data.nadb");
  });

  it("is a record, a tombstone or nothing in each backup by itself", async () => {
    const { target } = await chainedSite();
    const repository = await Repository.open(target);
    const said = async (key: string) =>
      Promise.all(
        CHAIN.map(async (id) => (await repository.changeInBackup(id, key))?.type ?? "nothing"),
      );
    expect(await said("k0000")).toEqual(["record", "nothing", "nothing"]);
    expect(await said("k0001")).toEqual(["record", "record", "nothing"]);
    expect(await said("k0002")).toEqual(["record", "tombstone", "record"]);
    expect(await said("added")).toEqual(["nothing", "record", "tombstone"]);
    expect(await said("nosuch")).toEqual(["nothing", "nothing", "nothing"]);
    expect(await repository.changeInBackup("one", "k0002")).toEqual({
      type: "tombstone",
      tombstone: { key: "k0002", version: expect.any(Number), deletedAt: START + 1_000 },
    });
  });

  it("that can be none, and a backup that there is not, are refused", async () => {
    const { backups } = await chainedSite();
    const { repository } = backups;
    const looks = [
      (id: string, key: string) => backups.getFromBackup(id, key),
      (id: string, key: string) => repository.getFromBackup(id, key),
      (id: string, key: string) => repository.changeInBackup(id, key),
    ];
    for (const look of looks) {
      await refuses("NADB_INVALID_ARGUMENT", () => look("two", ""), "empty");
      await refuses("NADB_NOT_FOUND", () => look("nosuch", "k0000"), "nosuch");
    }
  });

  it("of a chain whose link is broken is refused", async () => {
    const { target, backups } = await chainedSite();
    await target.remove("one");
    await refuses("NADB_CORRUPTION", () => backups.getFromBackup("two", "k0002"), "is missing");
    expect((await backups.repository.changeInBackup("two", "k0002"))?.type).toBe("record");
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
