// Files of a repository that are swapped, duplicated or gone, as hands and file systems do it: verify --all finds them, a
// restore refuses and leaves its target alone, and the two agree on every backup there is.
import { copyFileSync, cpSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { BackupManager, directoryTarget } from "@nadb/backup";
import { isNadbError, KeyValueStore, memoryBackend } from "@nadb/core";
import { beforeEach, describe, expect, it } from "vitest";
import { inFolder } from "./support/nadb.js";

const { nadb, json, path, open, stats } = inFolder();
const file = (...parts: string[]): string => path("backups", ...parts);
const manifest = (id: string): string => file(id, "metadata.json");
const data = (id: string): string =>
  file(id, JSON.parse(readFileSync(manifest(id), "utf8")).data_file);

function swap(one: string, other: string): void {
  const aside = path("aside");
  renameSync(one, aside);
  renameSync(other, one);
  renameSync(aside, other);
}

const BACKUPS = ["base", "one", "two", "branch", "alone"];

/** base + one + two, base + branch, and one that stands alone; then what is live is changed. */
async function fillRepository(): Promise<void> {
  await using store = await open();
  const backups = await BackupManager.open({ store, target: directoryTarget(file()) });
  await store.setMany([
    { key: "a", value: "1", tags: ["t"] },
    { key: "b", value: "2" },
    { key: "c", value: "3", ttlSeconds: 1_000_000 },
  ]);
  await backups.createBackup({ backupId: "base" });
  await store.set("a", "11");
  await store.delete("b");
  await backups.createIncrementalBackup("base", { backupId: "one" });
  await store.set("d", "4");
  await backups.createIncrementalBackup("one", { backupId: "two" });
  await store.set("e", "5");
  await backups.createIncrementalBackup("base", { backupId: "branch" });
  await backups.createBackup({ backupId: "alone" });
  await store.set("a", "live");
}

interface Damage {
  readonly what: string;
  readonly does: () => void;
  /** Backups that are still what they were. */
  readonly sound: readonly string[];
  /** Ids that verify --all looks at, if not all. */
  readonly seen?: readonly string[];
}

const DAMAGES: readonly Damage[] = [
  {
    what: "the data of a middle is gone",
    does: () => rmSync(data("one")),
    sound: ["base", "branch", "alone"],
  },
  {
    what: "the manifest of a middle is gone",
    does: () => rmSync(manifest("one")),
    sound: ["base", "branch", "alone"],
  },
  {
    what: "a middle is gone",
    does: () => renameSync(file("one"), path("aside")),
    sound: ["base", "branch", "alone"],
    seen: ["base", "two", "branch", "alone"],
  },
  { what: "the data of the full is gone", does: () => rmSync(data("base")), sound: ["alone"] },
  {
    what: "the full is gone",
    does: () => renameSync(file("base"), path("aside")),
    sound: ["alone"],
    seen: ["one", "two", "branch", "alone"],
  },
  {
    what: "the data of two increments are swapped",
    does: () => swap(data("one"), data("two")),
    sound: ["base", "branch", "alone"],
  },
  {
    what: "the data of a full and of an increment are swapped",
    does: () => swap(data("base"), data("two")),
    sound: ["alone"],
  },
  {
    what: "the data of two fulls are swapped",
    does: () => swap(data("base"), data("alone")),
    sound: [],
  },
  {
    what: "two manifests are swapped",
    does: () => swap(manifest("one"), manifest("two")),
    sound: ["base", "branch", "alone"],
  },
  {
    what: "two folders are swapped",
    does: () => swap(file("one"), file("branch")),
    sound: ["base", "alone"],
  },
  {
    what: "one increment's data stand in place of another's, too",
    does: () => copyFileSync(data("one"), data("two")),
    sound: ["base", "one", "branch", "alone"],
  },
  {
    what: "one manifest stands in place of another, too",
    does: () => copyFileSync(manifest("one"), manifest("branch")),
    sound: ["base", "one", "two", "alone"],
  },
  {
    what: "a backup stands in a second folder, too",
    does: () => cpSync(file("two"), file("copy"), { recursive: true }),
    sound: BACKUPS,
    seen: [...BACKUPS, "copy"],
  },
];

/** Of each backup, whether a restore of it into an empty store succeeds; what fails must say why. */
async function restorable(ids: readonly string[]): Promise<string[]> {
  const restored: string[] = [];
  for (const id of ids) {
    await using store = await KeyValueStore.open({ backend: memoryBackend() });
    const backups = await BackupManager.open({ store, target: directoryTarget(file()) });
    try {
      await backups.restoreBackup(id);
      restored.push(id);
    } catch (error) {
      expect(isNadbError(error, "NADB_CORRUPTION"), `${id}: ${String(error)}`).toBe(true);
      expect((await store.stats()).count).toBe(0);
    }
  }
  return restored;
}

describe("a repository in which", () => {
  beforeEach(fillRepository);

  it.each(DAMAGES)("$what is damaged, and restores only what is sound", async (damage) => {
    const { does, sound, seen = BACKUPS } = damage;
    does();
    const before = await stats();
    const { exitCode, stdout } = await nadb("backup verify --all --json");
    const document = JSON.parse(stdout);
    const found: { backupId: string; ok: boolean }[] = document.verifications;
    expect({ exitCode, ok: document.ok }).toEqual({ exitCode: 4, ok: false });
    expect(found.map(({ backupId }) => backupId).sort()).toEqual([...seen].sort());
    const ok = found.filter((one) => one.ok).map(({ backupId }) => backupId);
    expect(ok.sort()).toEqual([...sound].sort());
    expect((await restorable(seen)).sort()).toEqual(ok);
    const damaged = seen.find((id) => !sound.includes(id));
    for (const how of ["--clear", "--on-conflict keep-newer"]) {
      const refused = await nadb(`backup restore ${damaged} ${how} --yes --json`);
      expect(refused).toMatchObject({ exitCode: 4, stdout: "" });
      expect(JSON.parse(refused.stderr)).toMatchObject({ code: "NADB_CORRUPTION" });
    }
    expect(await stats()).toEqual(before);
  });

  it.each([
    ["is gone", (index: string) => rmSync(index)],
    ["is a manifest", (index: string) => copyFileSync(manifest("one"), index)],
  ])("the index %s has all its backups", async (_, does) => {
    does(join(file(), "metadata.json"));
    const { ok, verifications } = await json("backup verify --all");
    expect({ ok, count: verifications.length }).toEqual({ ok: true, count: BACKUPS.length });
    expect(await restorable(BACKUPS)).toEqual(BACKUPS);
  });
});
