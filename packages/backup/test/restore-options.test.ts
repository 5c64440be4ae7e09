// What of a backup is restored, over what, and with which expiry; and the plan that tells it beforehand.
import { describe, expect, it } from "vitest";
import type { RestoreOptions } from "../src/index.js";
import { refuses } from "./support/fails.js";
import { changesOf, openManager, openSite, openStore, type Site } from "./support/store.js";

const HOUR = 3_600_000;

/** A backup of four records, one of them ending in an hour, and then other content. */
async function site(): Promise<Site> {
  const made = await openSite();
  const { store, backups, clock } = made;
  await store.set("user:1", "ann", { tags: ["user", "eu"] });
  await store.set("user:2", "bob", { tags: ["user"] });
  await store.set("config", "dark", { tags: ["config"] });
  await store.set("session", "s", { ttlSeconds: 3_600 });
  await backups.createBackup({ backupId: "b" });
  clock.time += HOUR / 2;
  await store.set("user:1", "anna", { tags: ["user", "eu"] });
  await store.delete("user:2");
  await store.set("other", "o");
  return made;
}

async function texts({ store }: Site): Promise<Record<string, string>> {
  const { items } = await store.keys();
  const values = await store.getMany(items);
  return Object.fromEntries(
    Array.from(values, ([key, value]) => [key, new TextDecoder().decode(value)]),
  );
}

const NOW = { "user:1": "anna", config: "dark", session: "s", other: "o" };
const THEN = { "user:1": "ann", "user:2": "bob", config: "dark", session: "s" };

describe("onConflict", () => {
  it.each([
    ["overwrite", { ...NOW, ...THEN }],
    ["keep-existing", { ...THEN, ...NOW }],
    ["keep-newer", { ...THEN, ...NOW }],
  ] as const)("%s", async (onConflict, expected) => {
    const made = await site();
    await made.backups.restoreBackup("b", { onConflict });
    expect(await texts(made)).toEqual(expected);
  });

  it("keep-newer takes the backup's where that is newer", async () => {
    const made = await site();
    made.clock.time += HOUR / 10;
    await made.backups.createBackup({ backupId: "later" });
    await made.backups.restoreBackup("b", { clearExisting: true });
    const { skipped, recordCount } = await made.backups.restoreBackup("later", {
      onConflict: "keep-newer",
    });
    expect(await texts(made)).toEqual({ ...THEN, ...NOW });
    expect([recordCount, skipped]).toEqual([2, 2]); // user:1 and other; config and session are as new
  });

  it("counts what it skips, and does not go with clearExisting", async () => {
    const { backups } = await site();
    const { recordCount, skipped } = await backups.restoreBackup("b", {
      onConflict: "keep-existing",
    });
    expect([recordCount, skipped]).toEqual([1, 3]);
    const options = { onConflict: "keep-newer", clearExisting: true } as const;
    await refuses("NADB_INVALID_ARGUMENT", () => backups.restoreBackup("b", options));
    await refuses("NADB_INVALID_ARGUMENT", () =>
      backups.restoreBackup("b", { onConflict: "other" as "overwrite" }),
    );
  });
});

describe("filters", () => {
  it.each<[RestoreOptions, string[]]>([
    [{ prefixes: ["user:"] }, ["user:1", "user:2"]],
    [{ keys: ["config", "no"] }, ["config"]],
    [{ prefixes: ["user:"], keys: ["config"] }, ["config", "user:1", "user:2"]],
    [{ tags: ["config", "eu"] }, ["config", "user:1"]],
    [{ prefixes: ["user:"], tags: ["eu"] }, ["user:1"]],
    [{ keys: ["no"] }, []],
  ])("%j", async (filter, expected) => {
    const { target, clock } = await site();
    const store = await openStore(clock.now);
    const backups = await openManager(store, target, clock);
    const restoration = await backups.restoreBackup("b", { ...filter, clearExisting: true });
    expect((await store.keys()).items).toEqual(expected);
    expect(restoration).toMatchObject({
      recordCount: expected.length,
      filtered: 4 - expected.length,
      stateDigest: (await store.storage.head()).digest,
    });
  });
});

describe("ttl", () => {
  it.each([
    ["keep", HOUR],
    ["extend", HOUR + HOUR / 2],
    ["strip", undefined],
  ] as const)("%s", async (ttl, livesUntil) => {
    const { store, backups, clock } = await site();
    const taken = clock.time - HOUR / 2;
    await backups.restoreBackup("b", { ttl, clearExisting: true });
    const record = await store.getWithMetadata("session");
    expect(record?.expiresAt).toBe(livesUntil && taken + livesUntil);
    expect(record?.createdAt).toBe(taken);
  });

  it.each([
    ["keep", 3, 1],
    ["extend", 4, 0],
    ["strip", 4, 0],
  ] as const)("%s, when the record would have expired", async (ttl, recordCount, expired) => {
    const { backups, clock } = await site();
    clock.time += HOUR;
    const restoration = await backups.restoreBackup("b", { ttl, clearExisting: true });
    expect(restoration).toMatchObject({ recordCount, expired });
  });

  it("of another name is refused", async () => {
    const { backups } = await site();
    const options = { ttl: "forever" as "keep" };
    await refuses("NADB_INVALID_ARGUMENT", () => backups.restoreBackup("b", options), "forever");
  });
});

describe("the plan", () => {
  it.each<[string, RestoreOptions, object]>([
    ["a merge", {}, { add: 1, change: 1, same: 2, skip: 0, delete: 0, bytes: 6 }],
    ["a replacement", { clearExisting: true }, { add: 1, change: 1, same: 2, delete: 1, bytes: 6 }],
    ["keeping what is there", { onConflict: "keep-existing" }, { add: 1, change: 0, skip: 1 }],
    ["keeping what is newer", { onConflict: "keep-newer" }, { add: 1, change: 0, skip: 1 }],
    ["some of it", { keys: ["user:2"], clearExisting: true }, { add: 1, delete: 4, filtered: 3 }],
  ])("of %s tells what it would do and does nothing", async (_name, options, expected) => {
    const { store, backups } = await site();
    const before = await changesOf(store.storage);
    const plan = await backups.planRestore("b", options);
    expect(plan).toMatchObject({ backupId: "b", chain: ["b"], ...expected });
    expect(await changesOf(store.storage)).toEqual(before);
    const sizes = Object.entries(plan.samples).map(([action, keys]) => [action, keys.length]);
    const { add, change, skip, delete: gone } = plan;
    expect(Object.fromEntries(sizes)).toEqual({ add, change, skip, delete: gone });
  });

  it("names some keys of each kind", async () => {
    const { backups } = await site();
    const { samples } = await backups.planRestore("b", { clearExisting: true });
    expect(samples).toEqual({ add: ["user:2"], change: ["user:1"], skip: [], delete: ["other"] });
  });

  it("is what the restore then does", async () => {
    const { store, backups } = await site();
    const plan = await backups.planRestore("b", { clearExisting: true });
    const { recordCount } = await backups.restoreBackup("b", { clearExisting: true });
    expect(plan.add + plan.change + plan.same).toBe(recordCount);
    expect((await store.storage.head()).count).toBe(recordCount);
  });

  it("of a damaged backup is refused", async () => {
    const { target, backups } = await site();
    await target.remove("b/data.nadb");
    await refuses("NADB_CORRUPTION", () => backups.planRestore("b"));
  });
});
