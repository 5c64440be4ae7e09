// Salvage, case by case: what it refuses, where it looks for what is left, what it says is lost, and that nothing goes on
// from what it makes.
import { isNadbError } from "@nadb/core";
import { describe, expect, it } from "vitest";
import {
  type BackupTarget,
  exportPython,
  memoryTarget,
  newestBackup,
  planRepair,
  planSalvage,
  Repository,
  readSalvageList,
  repairRepository,
  type SalvagePlan,
  salvageBackup,
} from "../../src/index.js";
import { chainedSite } from "../support/chained.js";
import { DATA, replaceData, stored } from "../support/damages.js";
import { dieAtEveryStep, nextProcess } from "../support/dying.js";
import { refuses } from "../support/fails.js";
import {
  flipBit,
  patchFile,
  readFile,
  sha256Hex,
  snapshotOf,
  writeFile,
} from "../support/files.js";
import { readJson, seal, writeJson } from "../support/manifest.js";
import { blocksOf, build, decode } from "../support/pack.js";
import { Clock, fill, openSite, record, type Site } from "../support/store.js";

const open = (target: BackupTarget): Promise<Repository> =>
  Repository.open(target, { clock: new Clock().now });

/** A chain whose runs have a block for each change or two: k0000 to k0009, changed, deleted, brought back. */
async function damagedSite(): Promise<Site> {
  const site = await chainedSite({ compression: false });
  for (const id of ["full", "one", "two"]) await inBlocks(site.target, id, 2);
  return site;
}

/** Rewrites the data file of a backup in blocks of so many changes. */
async function inBlocks(target: BackupTarget, id: string, size: number): Promise<void> {
  const changes = await decode(await readFile(target, `${id}/data.nadb`));
  const json = await readJson(target, `${id}/metadata.json`);
  const groups = Array.from({ length: Math.ceil(changes.length / size) }, (_, i) =>
    changes.slice(i * size, (i + 1) * size),
  );
  const file = build({
    blocks: groups.map(stored),
    recordCount: Number(json.record_count),
    tombstoneCount: Number(json.tombstone_count),
  });
  await writeFile(target, `${id}/data.nadb`, file);
  const checksum = `sha256:${sha256Hex(file)}`;
  const manifest = seal({ ...json, checksum, stored_size: file.length });
  await writeJson(target, `${id}/metadata.json`, manifest);
  const index = await readJson(target, "metadata.json");
  const backups = { ...(index.backups as object), [id]: manifest };
  await writeJson(target, "metadata.json", { ...index, backups });
}

/** Where a block of a file in `inBlocks` stands is told by what it holds. */
const breakAt = (target: BackupTarget, id: string, text: string): Promise<void> =>
  patchFile(target, `${id}/data.nadb`, (bytes) => {
    const at = Buffer.from(bytes).indexOf(text);
    if (at < 0) throw new Error(`${id} does not hold ${text}`);
    return flipBit(bytes, at * 8);
  });

const keysIn = async (repository: Repository, id: string): Promise<string[]> => {
  const keys: string[] = [];
  for await (const { key } of repository.readBackup(id)) keys.push(key);
  return keys;
};

async function salvaged(
  target: BackupTarget,
  name: string,
): Promise<{ plan: SalvagePlan; repository: Repository }> {
  const repository = await open(target);
  const plan = await planSalvage(repository, name, { into: "new" });
  await salvageBackup(repository, plan);
  expect(await repository.verify("new")).toMatchObject({ ok: true, findings: [] });
  return { plan, repository };
}

describe("salvage › refuses", () => {
  it("a backup that is not damaged", async () => {
    const { backups } = await chainedSite();
    await refuses(
      "NADB_INVALID_ARGUMENT",
      () => backups.planSalvage("two", { into: "new" }),
      "not damaged",
    );
  });

  it("an id that is taken, or that is none", async () => {
    const { backups, target } = await damagedSite();
    await breakAt(target, "two", "k0002");
    await refuses("NADB_ALREADY_EXISTS", () => backups.planSalvage("two", { into: "one" }));
    await refuses("NADB_INVALID_ARGUMENT", () =>
      backups.planSalvage("two", { into: "quarantine" }),
    );
    await refuses("NADB_INVALID_ARGUMENT", () => backups.planSalvage("../two", { into: "new" }));
  });

  it("what nothing is left of", async () => {
    const { backups, target } = await damagedSite();
    await refuses("NADB_NOT_FOUND", () => backups.planSalvage("three", { into: "new" }), "three");
    await refuses("NADB_NOT_FOUND", () => backups.planSalvage("quarantine/two", { into: "new" }));
    for (const id of ["full", "one", "two"]) await target.remove(`${id}/data.nadb`);
    await refuses(
      "NADB_CORRUPTION",
      () => backups.planSalvage("two", { into: "new" }),
      "not one record",
    );
  });

  it("a folder that was never finished", async () => {
    const { backups, target } = await damagedSite();
    await writeFile(target, "begun/data.nadb", await readFile(target, "full/data.nadb"));
    await writeFile(target, "begun/lease-000001.json", '{"owner":"x","expiresAt":1,"nonce":"0"}');
    await refuses("NADB_NOT_FOUND", () => backups.planSalvage("begun", { into: "new" }));
  });

  it("a newer pack and a newer manifest, but not one that only looks newer", async () => {
    const { backups, target } = await openSite();
    await backups.createBackup({ backupId: "b" });
    const file = build({ version: 2, blocks: [stored([record("a")])], recordCount: 1 });
    await replaceData(target, file);
    await refuses("NADB_NEWER_FORMAT", () => backups.planSalvage("b", { into: "new" }));
    const newer = { ...(await readJson(target, "b/metadata.json")), format_version: 2 };
    await writeJson(target, "b/metadata.json", seal(newer));
    await target.remove("metadata.json");
    await refuses("NADB_NEWER_FORMAT", () => backups.planSalvage("b", { into: "new" }));
    const site = await damagedSite();
    await patchFile(site.target, "full/data.nadb", (bytes) => flipBit(bytes, 8 * 8));
    const { plan } = await salvaged(site.target, "two");
    expect(plan).toMatchObject({ isComplete: true, losses: [] });
  });

  it("a repository of the Python original", async () => {
    const { backups } = await chainedSite();
    const target = memoryTarget();
    await exportPython(backups.repository, "two", target);
    const repository = await Repository.open(target);
    await refuses("NADB_UNSUPPORTED", () => planSalvage(repository, "two", { into: "new" }));
  });
});

describe("salvage › what is lost", () => {
  it("is told by block, bytes, keys and count; an older version stands in, and what was deleted may be back", async () => {
    const { target } = await damagedSite();
    await breakAt(target, "one", "k0002"); // deleted, in a block with k0001, which is changed
    const before = await snapshotOf(target);
    const { plan, repository } = await salvaged(target, "one");
    expect(plan).toMatchObject({ from: "one", into: "new", isComplete: false });
    expect(plan.losses).toMatchObject([
      {
        what: "blocks",
        backupId: "one",
        path: "one/data.nadb",
        count: 1,
        first: 1,
        keys: { after: "ends", before: "k0003" },
        changes: 2,
        deletes: 1,
        standIns: { count: 3, keys: ["k0000", "k0001", "k0002"] },
      },
    ]);
    expect(await keysIn(repository, "new")).toEqual(expect.arrayContaining(["k0002", "added"]));
    expect(await keysIn(repository, "new")).not.toContain("k0003");
    const file = await readFile(target, "one/data.nadb");
    const [block] = blocksOf(file).slice(1);
    expect(plan.losses[0]?.bytes).toEqual({
      start: block?.offset,
      end: (block?.offset ?? 0) + (block?.length ?? 0),
    });
    const after = await snapshotOf(target);
    for (const [path, hash] of Object.entries(before))
      if (path !== "metadata.json") expect([path, after[path]]).toEqual([path, hash]);
  });

  it("is nothing where a newer run says all of it: the state is complete", async () => {
    const { target } = await openSite().then(async (site) => {
      await fill(site.store, 3);
      await site.backups.createBackup({ backupId: "full", compression: false });
      await site.store.set("k0001", "new");
      await site.backups.createIncrementalBackup("full", { backupId: "one", compression: false });
      return site;
    });
    await inBlocks(target, "full", 1);
    await breakAt(target, "full", "k0001");
    const { plan } = await salvaged(target, "one");
    expect(plan).toMatchObject({ isComplete: true, losses: [], recordCount: 3 });
  });

  it("is the whole run where its file is missing, by the count of its manifest", async () => {
    const { target } = await damagedSite();
    await target.remove("one/data.nadb");
    const { plan } = await salvaged(target, "two");
    expect(plan.losses).toMatchObject([
      {
        what: "file",
        backupId: "one",
        keys: { after: null, before: null },
        changes: 5,
        deletes: 3,
      },
    ]);
    expect(plan.runs.map(({ state }) => state)).toEqual(["whole", "missing", "whole"]);
  });

  it("is told from the state digest where nothing else tells", async () => {
    const { target } = await openSite().then(async (site) => {
      await site.store.set("a", "v");
      await site.backups.createBackup({ backupId: "b" });
      return site;
    });
    await replaceData(target, build({ blocks: [stored([record("a", "x")])], recordCount: 1 }));
    const { plan } = await salvaged(target, "b");
    expect(plan.losses).toMatchObject([{ what: "state", keys: { after: null, before: null } }]);
  });

  it("holds no record of a pack that was the value of one", async () => {
    const { store, backups, target } = await openSite();
    const inner = build({ blocks: [stored([record("foreign")])], recordCount: 1 });
    await store.set("a", "v");
    await store.set("m", inner);
    await store.set("z", "v");
    await backups.createBackup({ backupId: "b", compression: false });
    await inBlocks(target, "b", 1);
    await patchFile(target, DATA, (bytes) => {
      const copy = bytes.slice(0, -120); // without an index
      const mark = Buffer.from(copy).indexOf("m\0\0", 60);
      return copy.fill(0, mark - 80, mark + 1); // and without the header of the block
    });
    const { repository } = await salvaged(target, "b");
    expect(await keysIn(repository, "new")).not.toContain("foreign");
  });
});

describe("salvage › looks for what is left", () => {
  it.each([
    ["lost", (target: BackupTarget) => target.remove("one/metadata.json")],
    [
      "damaged",
      (target: BackupTarget) => patchFile(target, "one/metadata.json", (b) => b.subarray(9)),
    ],
  ])("by the index's copy where a manifest is %s", async (_, damage) => {
    const { target } = await damagedSite();
    await damage(target);
    const { plan } = await salvaged(target, "two");
    expect(plan).toMatchObject({ isComplete: true, losses: [] });
    expect(plan.runs.map(({ manifest }) => manifest)).toEqual(["sound", "copy", "sound"]);
  });

  it("by what a damaged manifest says, where there is no copy", async () => {
    const { target } = await damagedSite();
    await target.remove("metadata.json");
    const json = await readJson(target, "one/metadata.json");
    await writeJson(target, "one/metadata.json", { ...json, record_count: 99 });
    const { plan } = await salvaged(target, "two");
    expect(plan.runs.map(({ manifest }) => manifest)).toEqual(["sound", "damaged", "sound"]);
    expect(plan).toMatchObject({ isComplete: true, losses: [] });
  });

  it("no further than manifests lead: what is below is told to be lost", async () => {
    const { target } = await damagedSite();
    await target.remove("metadata.json");
    await target.remove("one/metadata.json");
    const { plan, repository } = await salvaged(target, "two");
    expect(plan.runs.map(({ backupId, manifest }) => [backupId, manifest])).toEqual([
      ["one", "missing"],
      ["two", "sound"],
    ]);
    expect(plan.losses).toMatchObject([
      { what: "chain", keys: { after: null, before: null }, changes: null },
    ]);
    expect(await keysIn(repository, "new")).toEqual(["k0001", "k0002"]);
  });

  it("in no backup of the same id that is another", async () => {
    const { target } = await damagedSite();
    const other = await readJson(target, "full/metadata.json");
    await writeJson(target, "full/metadata.json", seal({ ...other, to_checkpoint: "other" }));
    const { plan } = await salvaged(target, "two");
    expect(plan.losses).toMatchObject([
      { what: "chain", backupId: "full", why: "full is not what it is laid over" },
    ]);
  });

  it("in the quarantine, by the id of the backup and by the folder", async () => {
    const { target } = await damagedSite();
    await breakAt(target, "one", "k0002");
    const repository = await open(target);
    await repairRepository(repository, await planRepair(repository));
    expect((await repository.list()).map(({ backupId }) => backupId)).toEqual(["full"]);
    const { plan } = await salvaged(target, "two");
    expect(plan.runs.map(({ folder }) => folder)).toEqual([
      "full",
      "quarantine/one",
      "quarantine/two",
    ]);
    const again = await planSalvage(repository, "quarantine/two", { into: "again" });
    expect({ ...again, into: "new" }).toEqual(plan);
  });

  it("where the plan has seen it, or not at all", async () => {
    const { target } = await damagedSite();
    await breakAt(target, "two", "k0002");
    const repository = await open(target);
    const plan = await planSalvage(repository, "two", { into: "new" });
    await breakAt(target, "one", "added");
    const error = await salvageBackup(repository, plan).catch((reason: unknown) => reason);
    expect(isNadbError(error, "NADB_CORRUPTION") || isNadbError(error, "NADB_CONFLICT")).toBe(true);
    expect((await repository.list()).map(({ backupId }) => backupId)).not.toContain("new");
    expect(await target.list("new")).toEqual([]);
  });
});

describe("a salvaged backup", () => {
  const made = async (): Promise<Site> => {
    const site = await damagedSite();
    await breakAt(site.target, "two", "k0002");
    await site.backups.salvageBackup("two", { into: "new" });
    return site;
  };

  it("says what it is, and keeps the list of what was lost", async () => {
    const { backups, target } = await made();
    const info = await backups.getBackup("new");
    expect(info).toMatchObject({
      backupType: "full",
      label: "salvaged",
      salvagedFrom: "two",
      sequence: 4,
    });
    expect(info.generation).toMatch(/^salvaged:/);
    const list = await readSalvageList(target, info);
    expect(list).toMatchObject({ from: "two", isComplete: false, lossCount: 1 });
    expect(list?.losses).toMatchObject([
      { what: "blocks", backupId: "two", path: "two/data.nadb" },
    ]);
    expect(await readSalvageList(target, { ...info, checksum: "other" })).toBeUndefined();
    await patchFile(target, "new/salvaged.json", (bytes) => bytes.subarray(9));
    expect(await readSalvageList(target, info)).toBeUndefined();
  });

  it("is restored as any other", async () => {
    const { backups, store } = await made();
    const { recordCount } = await backups.restoreBackup("new", { clearExisting: true });
    expect((await store.stats()).count).toBe(recordCount);
  });

  it("is no parent: the store can tell nothing since it", async () => {
    const { backups } = await made();
    await refuses("NADB_CHECKPOINT_EXPIRED", () => backups.createIncrementalBackup("new"));
    const full = await backups.createIncrementalBackup("new", { fallbackToFull: true });
    expect(full.backupType).toBe("full");
  });

  it("is no point in time, no newest backup, no proof of health", async () => {
    const { backups, store } = await made();
    expect((await backups.points()).points.map(({ id }) => id)).not.toContain("new");
    expect(await newestBackup(backups.repository, store.storage.id)).toMatchObject({
      backupId: "two",
    });
    const health = await backups.backupHealth();
    expect(JSON.stringify(health)).not.toContain('"new"');
  });

  it("keeps its place whatever retention does, and takes no other's", async () => {
    const { backups, clock } = await made();
    for (const backupId of ["x", "y"]) {
      clock.time += 86_400_000;
      await backups.createBackup({ backupId });
    }
    await backups.pruneBackups({ keepLast: 1 });
    expect((await backups.listBackups()).map(({ backupId }) => backupId)).toEqual(["new", "y"]);
    await backups.deleteBackup("new");
    expect((await backups.listBackups()).map(({ backupId }) => backupId)).toEqual(["y"]);
  });

  it("is there whole or not at all, wherever the target dies; its source stays", {
    timeout: 120_000,
  }, async () => {
    const deaths = await dieAtEveryStep(
      async () => {
        const site = await damagedSite();
        await breakAt(site.target, "two", "k0002");
        return site;
      },
      (manager) => manager.salvageBackup("two", { into: "new" }),
      async (scene, died) => {
        const manager = await nextProcess(scene);
        const ids = (await manager.listBackups()).map(({ backupId }) => backupId);
        expect(ids.slice(0, 3)).toEqual(["full", "one", "two"]);
        if (!died) expect(ids).toContain("new");
        if (ids.includes("new")) {
          expect(await manager.verifyBackup("new")).toMatchObject({ ok: true });
          const info = await manager.getBackup("new");
          expect(await readSalvageList(scene.target, info)).toMatchObject({ lossCount: 1 });
        } else await manager.salvageBackup("two", { into: "new" });
      },
    );
    expect(deaths).toBeGreaterThan(50);
  });
});
