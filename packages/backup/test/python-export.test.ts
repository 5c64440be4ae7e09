// Backups exported for the Python original: in its layout, and read back as any repository of its own.
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  type BackupTarget,
  directoryTarget,
  exportPython,
  memoryTarget,
  Repository,
} from "../src/index.js";
import { chainedSite } from "./support/chained.js";
import { refuses } from "./support/fails.js";
import {
  pathsOf,
  readFile,
  sha256Hex,
  snapshotOf,
  temporaryFolder,
  writeFile,
} from "./support/files.js";
import { RECORDS } from "./support/golden.js";
import { type Json, readJson } from "./support/manifest.js";
import { contentOf } from "./support/oracle.js";
import { dyingTarget } from "./support/stepping-target.js";
import { openManager, openSite, openStore, type Site } from "./support/store.js";

/** A backup "b" of every kind of record. */
async function siteWithAll(): Promise<Site> {
  const site = await openSite();
  for (const { at: _, key, ...entry } of RECORDS) {
    site.clock.time += 7;
    await site.store.set(key, entry.value, entry);
  }
  await site.backups.createBackup({ backupId: "b" });
  return site;
}

const localTime = (ms: number): string => {
  const text = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, -1);
  return text.endsWith(".000") ? text.slice(0, -4) : `${text}000`;
};

async function recordsIn(target: BackupTarget, path: string): Promise<Json[]> {
  const bytes = await readFile(target, path);
  return JSON.parse((path.endsWith(".gz") ? gunzipSync(bytes) : Buffer.from(bytes)).toString());
}

describe("an export for Python", () => {
  it("has the original's files and fields, and no others", async () => {
    const { backups, clock } = await siteWithAll();
    const target = memoryTarget();
    await exportPython(backups.repository, "b", target);
    expect(await pathsOf(target)).toEqual(["b/data.json.gz", "metadata.json"]);
    const data = await readFile(target, "b/data.json.gz");
    expect(await readJson(target, "metadata.json")).toEqual({
      b: {
        backup_id: "b",
        timestamp: localTime(clock.time),
        backup_type: "full",
        source_db: "default",
        source_namespace: "default",
        file_count: RECORDS.length,
        total_size: RECORDS.reduce((sum, { value }) => sum + value.length, 0),
        checksum: sha256Hex(data),
        compression: true,
        parent_backup_id: null,
      },
    });
    const records = await recordsIn(target, "b/data.json.gz");
    const ends = records.find(({ key }) => key === "ends") as Json;
    const { at: _, ...expected } = RECORDS[4];
    const updated = localTime(clock.time - 7 * (RECORDS.length - 5));
    expect(ends).toEqual({
      key: "ends",
      value: expected.value.toString("base64"),
      tags: ["t"],
      metadata: { created_at: updated, last_updated: updated, ttl: 3_600.5 },
      checksum: sha256Hex(expected.value),
    });
  });

  it.each([true, false])("is read back as it was (compression %s)", async (compression) => {
    const { store, backups, clock } = await siteWithAll();
    const target = memoryTarget();
    const info = await exportPython(backups.repository, "b", target, { compression });
    expect(info).toMatchObject({ format: "python-json", compression, backupType: "full" });
    expect(await pathsOf(target)).toContain(compression ? "b/data.json.gz" : "b/data.json");
    const repository = await Repository.open(target);
    expect(await repository.list()).toEqual([info]);
    expect(await repository.verify("b")).toMatchObject({ ok: true });
    const copy = await openStore(clock.now);
    await (await openManager(copy, target, clock)).restoreBackup("b", { clearExisting: true });
    expect(await contentOf(copy)).toEqual(await contentOf(store));
    const { digest } = await store.storage.head();
    expect((await copy.storage.head()).digest).toBe(digest);
  });

  it("of a chain is the state at its end, without deletes", async () => {
    const { store, backups, clock } = await chainedSite();
    const target = memoryTarget();
    await exportPython(backups.repository, "two", target);
    await exportPython(backups.repository, "full", target, { compression: false });
    const copy = await openStore(clock.now);
    const other = await openManager(copy, target, clock);
    await other.restoreBackup("two", { clearExisting: true });
    expect(await contentOf(copy)).toEqual(await contentOf(store));
    expect((await other.listBackups()).map(({ backupId }) => backupId)).toEqual(["full", "two"]);
    const listed = await readJson(target, "metadata.json");
    expect(Object.values(listed)).toMatchObject([
      { backup_type: "full", parent_backup_id: null },
      { backup_type: "full", parent_backup_id: null },
    ]);
  });

  it("of an export is the same records again", async () => {
    const { backups } = await siteWithAll();
    const [first, second] = [memoryTarget(), memoryTarget()];
    await exportPython(backups.repository, "b", first);
    await exportPython(await Repository.open(first), "b", second);
    expect(await snapshotOf(second)).toEqual(await snapshotOf(first));
  });

  it("adds to a repository that is there, and refuses an id that is taken", async () => {
    const { backups } = await siteWithAll();
    const folder = temporaryFolder();
    const target = directoryTarget(folder);
    await exportPython(backups.repository, "b", target);
    const before = await snapshotOf(target);
    await refuses(
      "NADB_ALREADY_EXISTS",
      () => exportPython(backups.repository, "b", target, { compression: false }),
      '"b"',
    );
    expect(await snapshotOf(target)).toEqual(before);
  });

  it.each([
    ["other files", { "notes.txt": "mine" }, "NADB_NOT_A_REPOSITORY"],
    ["an index of something else", { "metadata.json": "{}" }, "NADB_NOT_A_REPOSITORY"],
    ["a folder of that name", { "b/notes.txt": "mine" }, "NADB_ALREADY_EXISTS"],
  ] as const)("refuses a folder with %s, and leaves it as it is", async (_, files, code) => {
    const { backups } = await siteWithAll();
    const target = memoryTarget();
    for (const [path, text] of Object.entries(files)) await writeFile(target, path, text);
    const before = await snapshotOf(target);
    await refuses(code, () => exportPython(backups.repository, "b", target), target.name);
    expect(await snapshotOf(target)).toEqual(before);
  });

  it("refuses our own repository as the place", async () => {
    const { backups, target } = await siteWithAll();
    const before = await snapshotOf(target);
    await refuses("NADB_NOT_A_REPOSITORY", () => exportPython(backups.repository, "b", target));
    expect(await snapshotOf(target)).toEqual(before);
  });

  it("of a damaged backup fails and leaves nothing", async () => {
    const { backups, target } = await siteWithAll();
    await writeFile(target, "b/data.nadb", "damaged");
    const out = memoryTarget();
    await refuses(
      "NADB_CORRUPTION",
      () => exportPython(backups.repository, "b", out),
      "b/data.nadb",
    );
    expect(await pathsOf(out)).toEqual([]);
  });

  it("that dies at any step lists a whole backup or none, and no other is touched", {
    timeout: 120_000,
  }, async () => {
    const { backups } = await chainedSite();
    for (let steps = 0; ; steps++) {
      const target = memoryTarget();
      await exportPython(backups.repository, "full", target);
      const run = exportPython(backups.repository, "two", dyingTarget(target, steps));
      const died = await run.then(
        () => false,
        () => true,
      );
      const repository = await Repository.open(target);
      const ids = (await repository.list()).map(({ backupId }) => backupId);
      expect(died ? ["full", "full,two"] : ["full,two"]).toContain(ids.join());
      for (const id of ids) expect(await repository.verify(id)).toMatchObject({ ok: true });
      if (!died) return;
    }
  });
});
