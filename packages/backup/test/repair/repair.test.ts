// Repair: what is mended, what is moved and what is left alone, case by case; and a repair that dies anywhere.
import { NadbError } from "@nadb/core";
import { describe, expect, it } from "vitest";
import {
  type BackupTarget,
  directoryTarget,
  exportPython,
  listQuarantine,
  memoryTarget,
  planRepair,
  Repository,
  repairRepository,
} from "../../src/index.js";
import { ArchivedSite } from "../support/archiving.js";
import { CHAIN, chainedSite } from "../support/chained.js";
import { DATA, replaceData, stored } from "../support/damages.js";
import { copyOf, dieAtEveryStep, expectSound, nextProcess } from "../support/dying.js";
import { refuses } from "../support/fails.js";
import {
  flipBit,
  patchFile,
  pathsOf,
  readFile,
  temporaryFolder,
  writeFile,
} from "../support/files.js";
import { readJson, seal, writeJson } from "../support/manifest.js";
import { filesOf } from "../support/overlay.js";
import { build, decode } from "../support/pack.js";
import { SteppingTarget } from "../support/stepping-target.js";
import { Clock, openManager, openSite, openStore } from "../support/store.js";

const open = (target: BackupTarget): Promise<Repository> =>
  Repository.open(target, { clock: new Clock().now });

const breakData = (target: BackupTarget, id: string): Promise<void> =>
  patchFile(target, `${id}/data.nadb`, (bytes) => flipBit(bytes, 300));

const idsOf = async (target: BackupTarget): Promise<string[]> =>
  (await (await open(target)).list()).map(({ backupId }) => backupId);

describe("repair › what is mended", () => {
  it("nothing, of a repository that is in order", async () => {
    const { target } = await chainedSite();
    const files = await filesOf(target);
    const plan = await planRepair(await open(target));
    expect(plan).toEqual({ steps: [], sound: [...CHAIN], leftAlone: [], losses: [], advice: [] });
    expect(await repairRepository(await open(target), plan)).toEqual({ plan, done: [], left: [] });
    expect(await filesOf(target)).toEqual(files);
  });

  it.each([
    ["lost", (target: BackupTarget) => target.remove("metadata.json")],
    ["damaged", (target: BackupTarget) => patchFile(target, "metadata.json", (b) => b.subarray(9))],
    [
      "behind",
      async (target: BackupTarget) => {
        const json = await readJson(target, "metadata.json");
        const { two: _, ...backups } = json.backups as Record<string, unknown>;
        await writeJson(target, "metadata.json", { ...json, backups });
      },
    ],
  ] as const)("an index that is %s", async (was, damage) => {
    const { target } = await chainedSite();
    const before = await readFile(target, "metadata.json");
    await damage(target);
    const { done } = await repairRepository(await open(target));
    expect(done).toEqual([{ type: "rebuild-index", was }]);
    expect(Buffer.from(await readFile(target, "metadata.json"))).toEqual(Buffer.from(before));
  });

  it("a manifest that is damaged or lost, from the copy in the index; the damaged one is kept", async () => {
    const { target } = await chainedSite();
    const manifest = await readFile(target, "one/metadata.json");
    const damaged = flipBit(manifest, 99);
    await writeFile(target, "one/metadata.json", damaged);
    await target.remove("two/metadata.json");
    const { done, left } = await repairRepository(await open(target));
    expect(left).toEqual([]);
    expect(done.map(({ type }) => type)).toEqual(["restore-manifest", "restore-manifest"]);
    expect(Buffer.from(await readFile(target, "one/metadata.json"))).toEqual(Buffer.from(manifest));
    expect(await readFile(target, "quarantine/one.manifest/metadata.json")).toEqual(damaged);
    expect(await idsOf(target)).toEqual([...CHAIN]);
  });

  it("a child whose parent has a forged record that the child replaces: it is merged, and stays", async () => {
    const site = await openSite();
    await site.store.set("a", "1");
    await site.store.set("b", "1");
    await site.backups.createBackup({ backupId: "b", compression: false });
    await site.store.set("a", "2");
    await site.backups.createIncrementalBackup("b", { backupId: "child" });
    const [first, second] = await decode(await readFile(site.target, DATA));
    const forged = (first as Uint8Array).slice().fill(0x21, -1);
    const changes = [forged, second as Uint8Array];
    await replaceData(site.target, build({ blocks: [stored(changes)], recordCount: 2 }));
    const { stateDigest } = await site.backups.getBackup("child");
    const { done, left } = await repairRepository(await open(site.target));
    expect(left).toEqual([]);
    expect(done).toMatchObject([
      { type: "consolidate", backupId: "child", onto: null },
      { type: "quarantine", backupId: "b", because: null },
      { type: "rebuild-index", was: "behind" },
    ]);
    expect(await (await open(site.target)).verify("child")).toMatchObject({
      ok: true,
      stateDigest,
    });
  });
});

describe("repair › quarantine", () => {
  it("takes what depends on a damaged backup, with the reason, and says what to do", async () => {
    const { target, store, backups } = await chainedSite();
    await breakData(target, "one");
    const plan = await planRepair(await open(target));
    expect(plan.steps).toMatchObject([
      { type: "quarantine", backupId: "two", because: "one" },
      { type: "quarantine", backupId: "one", because: null },
    ]);
    const { timestamp } = await backups.getBackup("full");
    expect(plan.advice[0]).toBe(
      `take a full backup of ${store.storage.id.db}/${store.storage.id.namespace} now: nothing of it can be restored that is newer than full of ${timestamp}`,
    );
    await repairRepository(await open(target), plan);
    expect(await idsOf(target)).toEqual(["full"]);
    expect(await listQuarantine(target)).toMatchObject([
      { folder: "quarantine/two", from: "two", because: "one" },
      {
        folder: "quarantine/one",
        from: "one",
        because: null,
        why: expect.stringContaining("one/data.nadb"),
      },
    ]);
  });

  it("a folder that is moved back is a backup again", async () => {
    const target = directoryTarget(temporaryFolder());
    const site = await chainedSite({}, target);
    const sound = await readFile(target, "full/data.nadb");
    await breakData(target, "full");
    await repairRepository(await open(target));
    expect(await idsOf(target)).toEqual([]);
    for (const id of CHAIN) {
      for (const name of ["data.nadb", "metadata.json"])
        await writeFile(
          target,
          `${id}/${name}`,
          await readFile(target, `quarantine/${id}/${name}`),
        );
    }
    await writeFile(target, "full/data.nadb", sound);
    await expectSound(site.backups);
    expect(await idsOf(target)).toEqual([...CHAIN]);
  });

  it("keeps two of one name apart", async () => {
    const { target, backups, store } = await chainedSite();
    await breakData(target, "two");
    await repairRepository(await open(target));
    await store.set("more", "v");
    await backups.createIncrementalBackup("one", { backupId: "two" });
    await breakData(target, "two");
    await repairRepository(await open(target));
    const folders = (await listQuarantine(target)).map(({ folder }) => folder);
    expect(folders).toEqual(["quarantine/two", "quarantine/two.2"]);
  });

  it("data without a manifest and without a writer is not swept away", async () => {
    const { target } = await chainedSite();
    await target.remove("two/metadata.json");
    await target.remove("metadata.json");
    await repairRepository(await open(target));
    expect(await pathsOf(target, "quarantine/two")).toContain("quarantine/two/data.nadb");
  });
});

describe("repair › what is left alone", () => {
  it("what can not be read for another reason than damage, and what is laid over it", async () => {
    const { target, store, clock } = await chainedSite();
    const failing = new SteppingTarget(target, {
      onStep: (_, what) => {
        if (what === "read one/metadata.json") throw new NadbError("NADB_IO", "permission denied");
      },
    });
    const { repository } = await openManager(store, failing, clock);
    const plan = await planRepair(repository);
    expect(plan.steps).toEqual([]);
    expect(plan.sound).toEqual(["full"]);
    expect(plan.leftAlone.map(({ name, code }) => [name, code])).toEqual([
      ["one", "NADB_IO"],
      ["two", "NADB_IO"],
    ]);
    expect(plan.advice.slice(1)).toEqual([expect.stringContaining("see to what can not be read")]);
  });

  it("a newer manifest that nothing older is known of", async () => {
    const { target } = await chainedSite();
    const json = await readJson(target, "two/metadata.json");
    await writeJson(target, "two/metadata.json", seal({ ...json, format_version: 2 }));
    await target.remove("metadata.json");
    const { plan } = await repairRepository(await open(target));
    expect(plan.leftAlone).toMatchObject([{ name: "two", code: "NADB_NEWER_FORMAT" }]);
    expect(await pathsOf(target, "two")).toEqual(["two/data.nadb", "two/metadata.json"]);
  });

  it("a damaged backup that somebody reads, until they are done", async () => {
    const { target } = await chainedSite();
    const repository = await open(target);
    const reading = await repository.reading("two");
    await breakData(target, "two");
    const { left } = await repairRepository(repository);
    expect(left).toMatchObject([{ code: "NADB_LOCKED", step: { backupId: "two" } }]);
    expect(await pathsOf(target, "two")).toContain("two/data.nadb");
    await reading.release();
    expect(await repairRepository(repository)).toMatchObject({ left: [] });
    expect(await idsOf(target)).toEqual(["full", "one"]);
  });

  it("a backup that was taken anew since the plan was made", async () => {
    const { target, backups } = await chainedSite();
    await breakData(target, "two");
    const repository = await open(target);
    const plan = await planRepair(repository);
    await backups.deleteBackup("two");
    await backups.createBackup({ backupId: "two" });
    const { left } = await repairRepository(repository, plan);
    expect(left).toMatchObject([{ code: "NADB_CONFLICT" }]);
    expect(await repository.verify("two")).toMatchObject({ ok: true });
  });

  it("a repository of the Python original is refused", async () => {
    const { backups } = await chainedSite();
    const target = memoryTarget();
    await exportPython(backups.repository, "two", target);
    const repository = await open(target);
    await refuses("NADB_UNSUPPORTED", () => planRepair(repository));
  });
});

describe("repair › archive", () => {
  it("puts a damaged segment aside, and tells what is lost with it", async () => {
    const site = await ArchivedSite.open();
    for (const value of ["1", "2", "3"]) {
      await site.store.set("k", value);
      await site.look();
      site.clock.time += 1_000;
    }
    const { target } = site;
    const segments = (await pathsOf(target, "archive")).filter((path) => /\d\.nadb$/.test(path));
    const damaged = segments[0] as string;
    await patchFile(target, damaged, (bytes) => flipBit(bytes, 300));
    await site.newProcess();
    const { repository } = site.manager;
    const { plan, left } = await repairRepository(repository);
    expect(left).toEqual([]);
    expect(plan.steps).toMatchObject([{ type: "quarantine-segment" }]);
    expect(plan.losses.map(({ why }) => why)).toEqual([
      expect.stringMatching(/^the changes of versions \d+ to \d+/),
      expect.stringMatching(/^no backup leads to its point of/),
    ]);
    expect(await pathsOf(target, "quarantine")).toHaveLength(3);
    expect((await pathsOf(target)).includes(damaged)).toBe(false);
    expect(await planRepair(repository)).toMatchObject({ steps: [] });
  });
});

describe("repair › archive › a damaged backup", () => {
  it("that the archive leads past needs no new one", async () => {
    const site = await ArchivedSite.open();
    await site.store.set("k", "0");
    await site.look();
    await site.store.set("k", "1");
    const { backupId } = await site.manager.createBackup({ backupId: "damaged" });
    await site.look();
    await breakData(site.target, backupId);
    await site.newProcess();
    const { repository } = site.manager;
    const plan = await planRepair(repository);
    expect(plan.steps).toMatchObject([{ type: "quarantine", backupId: "damaged" }]);
    expect(plan.advice).toEqual([]);
    await repairRepository(repository, plan);
    const { latest } = await site.manager.points();
    expect(latest).toMatchObject({ kind: "segment" });
  });

  it("that a segment comes short of asks for a full one, and names the newest point", async () => {
    const site = await ArchivedSite.open();
    await site.store.set("k", "0");
    await site.look();
    await site.store.set("k", "1");
    await site.look();
    const { latest } = await site.manager.points();
    await site.store.set("k", "2");
    await site.manager.createBackup({ backupId: "damaged" });
    await breakData(site.target, "damaged");
    await site.newProcess();
    const { advice } = await planRepair(site.manager.repository);
    expect(advice).toEqual([
      expect.stringMatching(`nothing of it .* newer than ${latest?.id} of `),
    ]);
  });
});

describe("repair › archive › a segment that has lost its manifest", () => {
  async function siteWithout(place: number): Promise<{ site: ArchivedSite; lost: string }> {
    const site = await ArchivedSite.open();
    for (const value of ["1", "2", "3", "4"]) {
      await site.store.set("k", value);
      await site.look();
      site.clock.time += 1_000;
    }
    const paths = (await pathsOf(site.target, "archive")).filter((path) => /\d\.json$/.test(path));
    const manifest = paths[place] as string;
    await site.target.remove(manifest);
    await site.newProcess();
    return { site, lost: manifest.replace(/json$/, "nadb") };
  }

  it.each([0, 1])("is put aside with its data, and told as lost: number %d", async (place) => {
    const { site, lost } = await siteWithout(place);
    const { plan, left } = await repairRepository(site.manager.repository);
    expect(left).toEqual([]);
    expect(plan.steps).toMatchObject([
      { type: "quarantine-segment", why: "its manifest is missing" },
    ]);
    expect(plan.losses.map(({ why }) => why)).toEqual([
      expect.stringMatching(/^the changes of versions \d+ to \d+/),
      expect.stringMatching(/^no backup leads to its/),
    ]);
    const aside = await pathsOf(site.target, "quarantine");
    expect(aside.some((path) => path.endsWith(lost.split("/").at(-1) as string))).toBe(true);
  });

  it("is left for a repair by an archive that goes on", async () => {
    const { site, lost } = await siteWithout(0);
    await site.store.set("k", "5");
    await site.look();
    expect(await pathsOf(site.target)).toContain(lost);
  });

  it("is swept where nothing was written behind it: it may never have been finished", async () => {
    const { site, lost } = await siteWithout(2);
    const { plan } = await repairRepository(site.manager.repository);
    expect(plan.steps).toMatchObject([{ type: "sweep", paths: [lost] }]);
  });
});

describe("repair › on a target that dies at every step", () => {
  it("another repair completes it", { timeout: 120_000 }, async () => {
    const { target, store } = await chainedSite();
    const other = await openStore();
    await other.set("k", "v");
    const backups = await openManager(store, target);
    for (const id of ["lost", "torn"]) await backups.createBackup({ backupId: id });
    await breakData(target, "one");
    await target.remove("lost/metadata.json");
    await patchFile(target, "torn/metadata.json", (bytes) => flipBit(bytes, 77));
    await writeFile(
      target,
      "begun/lease-000001.json",
      JSON.stringify({ owner: "x", expiresAt: 1, nonce: "0" }),
    );
    await writeFile(target, "begun/data.nadb", "begun");
    await writeFile(target, "full/piece-000001.nadb", "piece");
    const json = await readJson(target, "metadata.json");
    await writeJson(target, "metadata.json", { ...json, format: "?" });
    const files = await filesOf(target);
    const deaths = await dieAtEveryStep(
      async () => ({ store, target: await copyOf(files), clock: new Clock() }),
      (manager) => repairRepository(manager.repository),
      async (scene) => {
        const { repository } = await nextProcess(scene);
        const { left } = await repairRepository(repository);
        expect(left).toEqual([]);
        expect(await expectSound(await nextProcess(scene))).toEqual(["full", "lost", "torn"]);
        for (const id of ["one", "two"])
          expect(await pathsOf(scene.target, `quarantine/${id}`)).toEqual([
            `quarantine/${id}/data.nadb`,
            `quarantine/${id}/metadata.json`,
            `quarantine/${id}/reason.json`,
          ]);
        expect(await pathsOf(scene.target, "begun")).toEqual([]);
        expect(await planRepair(repository)).toMatchObject({ steps: [] });
      },
    );
    expect(deaths).toBeGreaterThan(100);
  });
});
