// Damaged backups: verification finds each and names file and place, restore refuses each and touches nothing.
import { beforeEach, describe, expect, it } from "vitest";
import { type BackupTarget, memoryTarget } from "../src/index.js";
import { DATA, damages, replaceData, stored } from "./support/damages.js";
import { failureOf } from "./support/fails.js";
import { readFile, snapshotOf } from "./support/files.js";
import { build, decode } from "./support/pack.js";
import { changesOf, fill, openManager, openSite, type Site } from "./support/store.js";

/** Fails on whatever is no reading, and is not the word that somebody reads. */
const readOnly = (target: BackupTarget): BackupTarget => ({
  name: target.name,
  owner: target.owner,
  list: (folder) => target.list(folder),
  read: (path, options) => target.read(path, options),
  size: (path) => target.size(path),
  isGone: (owner) => target.isGone(owner),
  write: async (path, chunks, options) => {
    expect(path).toMatch(/^readers\//);
    await target.write(path, chunks, options);
  },
  remove: async (path) => {
    expect(path).toMatch(/^readers\//);
    await target.remove(path);
  },
});

/** The store has gone on since backup "b". */
async function prepare(): Promise<Site> {
  const site = await openSite();
  await fill(site.store, 12, 600);
  await site.backups.createBackup({ backupId: "b", compression: false });
  await inSmallBlocks(site.target);
  expect(await site.backups.verifyBackup("b")).toMatchObject({ ok: true });
  await fill(site.store, 3);
  await site.store.set("later", "v", { tags: ["new"], ttlSeconds: 60 });
  await site.store.delete("k0005");
  await site.backups.createBackup({ backupId: "c", compression: false });
  return site;
}

/** Three blocks of one length, which a writer would only make of megabytes. */
async function inSmallBlocks(target: BackupTarget): Promise<void> {
  const changes = await decode(await readFile(target, DATA));
  const blocks = [0, 4, 8].map((start) => stored(changes.slice(start, start + 4)));
  await replaceData(target, build({ blocks, recordCount: changes.length }));
}

describe.each(damages)("damage › $name", ({ what, says, file, make }) => {
  const code = what === "newer" ? "NADB_NEWER_FORMAT" : "NADB_CORRUPTION";
  let site: Site;
  beforeEach(async () => {
    site = await prepare();
    await make(site.target);
  });

  it("is found, with file and place, by reading alone", async () => {
    const reader = await openManager(site.store, readOnly(site.target));
    const verification = await reader.verifyBackup("b", { record: false });
    expect(verification).toMatchObject({
      backupId: "b",
      ok: false,
      findings: [{ severity: "damage", what, backupId: "b" }],
    });
    expect(verification.findings[0]?.detail).toContain(file);
    expect(verification.findings[0]?.detail).toContain(says);
  });

  it("is no matter of the other backups", async () => {
    expect(await site.backups.verifyBackup("c")).toMatchObject({ ok: true, findings: [] });
    expect(await site.backups.restoreBackup("c", { clearExisting: true })).toMatchObject({
      recordCount: 12,
    });
  });

  it("is not restored: store and repository stay as they are", async () => {
    const { store, target, backups } = site;
    const head = await store.storage.head();
    const content = Buffer.concat(await changesOf(store.storage));
    const files = await snapshotOf(target);
    const [finding] = (await backups.verifyBackup("b", { record: false })).findings;
    for (const clearExisting of [true, false]) {
      for (const verifyIntegrity of [true, false]) {
        const options = { clearExisting, verifyIntegrity };
        const error = await failureOf(() => backups.restoreBackup("b", options));
        expect(error).toMatchObject({ code, message: finding?.detail });
        expect(await store.storage.head()).toEqual(head);
      }
    }
    expect(Buffer.compare(Buffer.concat(await changesOf(store.storage)), content)).toBe(0);
    expect(await snapshotOf(target)).toEqual(files);
  });
});

describe("verify", () => {
  it("says of a sound backup what a restore gives back", async () => {
    const { backups } = await prepare();
    const { recordCount, totalSize, stateDigest } = await backups.getBackup("b");
    expect(await backups.verifyBackup("b")).toEqual({
      backupId: "b",
      level: "full",
      ok: true,
      findings: [],
      recordCount,
      totalSize,
      stateDigest,
      recorded: true,
    });
  });

  it("tells its progress, with the total", async () => {
    const { backups } = await prepare();
    const records: number[] = [];
    await backups.verifyBackup("b", {
      onProgress: (event) => {
        expect(event).toMatchObject({ phase: "check", totalRecords: 12 });
        records.push(event.records);
      },
    });
    expect(records).toEqual([...records].sort((a, b) => a - b));
    expect(records.at(-1)).toBe(12);
  });

  it("an abort is no finding", async () => {
    const { backups } = await prepare();
    const signal = AbortSignal.abort();
    expect(await failureOf(() => backups.verifyBackup("b", { signal }))).toBe(signal.reason);
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    const options = { signal: controller.signal, onProgress };
    expect(await failureOf(() => backups.verifyBackup("b", options))).toBe(options.signal.reason);
  });

  it("a target that can not be read is no finding", async () => {
    const target = memoryTarget();
    const { store, backups } = await openSite(target);
    await fill(store, 1);
    await backups.createBackup({ backupId: "b" });
    const failure = new Error("the network is down");
    const broken: BackupTarget = {
      ...readOnly(target),
      read: (path, options) => {
        if (path === DATA) throw failure;
        return target.read(path, options);
      },
    };
    const manager = await openManager(store, broken);
    expect(await failureOf(() => manager.verifyBackup("b"))).toBe(failure);
  });
});
