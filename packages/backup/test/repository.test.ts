// The repository: which backups there are, whatever has become of the index; and what is no repository.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  BackupManager,
  type BackupTarget,
  directoryTarget,
  memoryTarget,
  Repository,
} from "../src/index.js";
import { refuses } from "./support/fails.js";
import {
  patchFile,
  pathsOf,
  readFile,
  snapshotOf,
  temporaryFolder,
  writeFile,
} from "./support/files.js";
import { type Json, readJson, seal, writeJson } from "./support/manifest.js";
import { fill, openManager, openSite, openStore, type Site } from "./support/store.js";

/** A repository with backups a, b, c of growing content, taken a second apart. */
async function siteWithThree(target?: BackupTarget): Promise<Site> {
  const site = await openSite(target);
  for (const [i, backupId] of ["a", "b", "c"].entries()) {
    await fill(site.store, i + 1);
    site.clock.time += 1_000;
    await site.backups.createBackup({ backupId });
  }
  return site;
}

const idsOf = async (target: BackupTarget): Promise<string[]> =>
  (await (await Repository.open(target)).list()).map(({ backupId }) => backupId);

describe("listing", () => {
  it("is empty in a new repository", async () => {
    const { backups } = await openSite();
    expect(await backups.listBackups()).toEqual([]);
  });

  it("comes oldest first, whatever the ids", async () => {
    const { backups, clock } = await openSite();
    for (const backupId of ["z", "m", "a"]) {
      clock.time += 1_000;
      await backups.createBackup({ backupId });
    }
    expect((await backups.listBackups()).map(({ backupId }) => backupId)).toEqual(["z", "m", "a"]);
  });

  it("is the same from the index as from the folders", async () => {
    const { target, backups } = await siteWithThree();
    const fromIndex = await backups.listBackups();
    await target.remove("metadata.json");
    expect(await backups.listBackups()).toEqual(fromIndex);
    expect(fromIndex.map(({ recordCount }) => recordCount)).toEqual([1, 2, 3]);
  });

  const indexEdits: readonly (readonly [string, (target: BackupTarget) => Promise<void>])[] = [
    ["lost", (target) => target.remove("metadata.json")],
    ["empty", (target) => writeFile(target, "metadata.json", "")],
    ["cut short", (target) => patchFile(target, "metadata.json", (file) => file.slice(0, -100))],
    ["no JSON", (target) => writeFile(target, "metadata.json", "\u0000\u0001")],
    ["of something else", (target) => writeJson(target, "metadata.json", { name: "a package" })],
    ["a list", (target) => writeJson(target, "metadata.json", [])],
    ["without backups", (target) => editIndex(target, ({ backups: _, ...rest }) => rest)],
    [
      "of a newer version",
      (target) => editIndex(target, (json) => ({ ...json, format_version: 2 })),
    ],
    ["lacking an entry", (target) => editEntries(target, ({ b: _, ...rest }) => rest)],
    ["lacking all entries", (target) => editEntries(target, () => ({}))],
    [
      "naming a backup that is gone",
      (target) => editEntries(target, ({ a, ...rest }) => ({ ...rest, a, gone: a })),
    ],
    [
      "with an edited entry",
      (target) =>
        editEntries(target, ({ a, ...rest }) => ({
          ...rest,
          a: { ...(a as Json), file_count: 9 },
        })),
    ],
    [
      "with an entry of a newer version",
      (target) =>
        editEntries(target, ({ a, ...rest }) => ({
          ...rest,
          a: seal({ ...(a as Json), format_version: 2 }),
        })),
    ],
  ];

  const editIndex = async (target: BackupTarget, edit: (json: Json) => Json): Promise<void> =>
    writeJson(target, "metadata.json", edit(await readJson(target, "metadata.json")));

  const editEntries = (target: BackupTarget, edit: (entries: Json) => Json): Promise<void> =>
    editIndex(target, (json) => ({ ...json, backups: edit(json.backups as Json) }));

  it.each(indexEdits)("is complete when the index is %s", async (_, damage) => {
    const { store, target, backups } = await siteWithThree();
    const expected = await backups.listBackups();
    await damage(target);
    const reopened = await openManager(store, target);
    expect(await reopened.listBackups()).toEqual(expected);
    for (const { backupId } of expected) {
      expect(await reopened.verifyBackup(backupId)).toMatchObject({ ok: true });
    }
  });

  it.each(indexEdits)(
    "the next backup makes a whole index again when it was %s",
    async (_, damage) => {
      const { target, backups } = await siteWithThree();
      await damage(target);
      await backups.createBackup({ backupId: "d" });
      const index = await readJson(target, "metadata.json");
      expect(Object.keys(index.backups as Json).sort()).toEqual(["a", "b", "c", "d"]);
      expect((index.backups as Json).b).toEqual(await readJson(target, "b/metadata.json"));
    },
  );

  it("does not write: a lost index stays lost until the next backup", async () => {
    const { target, backups } = await siteWithThree();
    await target.remove("metadata.json");
    await backups.listBackups();
    await idsOf(target);
    expect(await pathsOf(target)).not.toContain("metadata.json");
  });

  it("takes a backup's folder that was copied in from elsewhere", async () => {
    const [here, there] = [await siteWithThree(), await openSite()];
    await there.backups.createBackup({ backupId: "moved" });
    for (const file of ["data.nadb", "metadata.json"]) {
      await writeFile(here.target, `moved/${file}`, await readFile(there.target, `moved/${file}`));
    }
    expect(await idsOf(here.target)).toContain("moved");
    expect(await here.backups.verifyBackup("moved")).toMatchObject({ ok: true });
  });

  it("reports a folder whose manifest is gone while the index knows it, and keeps its data", async () => {
    const { target, backups } = await siteWithThree();
    await target.remove("b/metadata.json");
    const { backups: listed, findings } = await backups.repository.scan();
    expect(listed.map(({ backupId }) => backupId)).toEqual(["a", "c"]);
    expect(findings).toMatchObject([{ severity: "damage", what: "unreadable", backupId: "b" }]);
    await refuses("NADB_CORRUPTION", () => backups.getBackup("b"), "b/metadata.json is missing");
    expect((await backups.verifyBackup("b")).ok).toBe(false);
    await refuses("NADB_ALREADY_EXISTS", () => backups.createBackup({ backupId: "b" }), '"b"');
    await backups.createBackup({ backupId: "d" });
    expect(await target.size("b/data.nadb")).toBeGreaterThan(0);
    await backups.deleteBackup("b");
    expect(await pathsOf(target)).not.toContain("b/data.nadb");
    expect((await backups.repository.scan()).findings).toEqual([]);
  });

  it("an entry in the index alone takes no id, and nothing being written for damage", async () => {
    const { store, target, backups } = await siteWithThree();
    const index = await readFile(target, "metadata.json");
    const deleteAlone = async (): Promise<void> => {
      await backups.deleteBackup("b");
      await writeFile(target, "metadata.json", index); // by a manager that read it before
    };
    await deleteAlone();
    expect((await backups.repository.scan()).findings).toEqual([]);
    await backups.createBackup({ backupId: "b" });
    await deleteAlone();
    await writeFile(target, "b/lease-000001.json", "{}"); // of a writer that died
    await writeFile(target, "b/data.nadb", "half");
    expect((await backups.repository.scan()).findings).toEqual([]);
    await (await openManager(store, target)).createBackup({ backupId: "b" });
    expect(await backups.verifyBackup("b")).toMatchObject({ ok: true });
  });

  it("says what the manifests say when the index says otherwise", async () => {
    const { target, backups } = await siteWithThree();
    const index = await readFile(target, "metadata.json");
    await backups.deleteBackup("b");
    await backups.createBackup({ backupId: "b" }); // of three records now
    await writeFile(target, "metadata.json", index);
    expect((await backups.getBackup("b")).recordCount).toBe(3);
    const listed = await backups.listBackups();
    expect(listed.find(({ backupId }) => backupId === "b")?.recordCount).toBe(3);
  });

  it("reports a damaged manifest though the index has a sound copy", async () => {
    const { target, backups } = await siteWithThree();
    await writeFile(target, "b/metadata.json", "{");
    expect((await backups.repository.scan()).findings).toMatchObject([{ backupId: "b" }]);
    expect(await idsOf(target)).toEqual(["a", "c"]);
  });

  it("leaves out folders that are no backup's", async () => {
    const { target, backups } = await siteWithThree();
    const strangers = [
      "lost+found/x",
      ".git/HEAD",
      "photos/1.jpg",
      "a b/metadata.json",
      "ü/data.nadb",
    ];
    for (const path of strangers) await writeFile(target, path, "mine");
    expect(await idsOf(target)).toEqual(["a", "b", "c"]);
    expect((await backups.repository.scan()).findings).toEqual([]);
    await backups.createBackup({ backupId: "d" });
    expect(await pathsOf(target)).toEqual(expect.arrayContaining(strangers));
  });

  it("one damaged manifest hides no other backup, and is told", async () => {
    const { target, backups } = await siteWithThree();
    await target.remove("metadata.json");
    await writeFile(target, "b/metadata.json", "{}");
    const { backups: listed, findings } = await backups.repository.scan();
    expect(listed.map(({ backupId }) => backupId)).toEqual(["a", "c"]);
    expect(findings).toMatchObject([{ backupId: "b", severity: "damage", what: "unreadable" }]);
    expect(await backups.verifyBackup("b")).toMatchObject({ ok: false, findings });
  });

  it("a backup of a newer format hides no other, and is told as such", async () => {
    const { target, backups } = await siteWithThree();
    const manifest = await readJson(target, "b/metadata.json");
    await writeJson(target, "b/metadata.json", { ...manifest, format_version: 2 });
    await target.remove("metadata.json");
    const { backups: listed, findings } = await backups.repository.scan();
    expect(listed).toHaveLength(2);
    expect(findings).toMatchObject([{ backupId: "b", what: "newer" }]);
    await refuses("NADB_NEWER_FORMAT", () => backups.restoreBackup("b"), "b/metadata.json");
  });

  it("a damaged backup neither keeps new ones from being made nor itself from being deleted", async () => {
    const { target, backups } = await siteWithThree();
    await writeFile(target, "b/metadata.json", "{}");
    await target.remove("metadata.json");
    await backups.createBackup({ backupId: "d" });
    await backups.deleteBackup("b");
    expect(await idsOf(target)).toEqual(["a", "c", "d"]);
    expect(await pathsOf(target)).not.toContain("b/data.nadb");
  });
});

describe("two managers on one target", () => {
  const makers: readonly (readonly [string, () => () => BackupTarget])[] = [
    [
      "memory",
      () => {
        const target = memoryTarget();
        return () => target;
      },
    ],
    [
      "directory",
      () => {
        const folder = temporaryFolder();
        return () => directoryTarget(folder);
      },
    ],
  ];

  it.each(makers)("that add at once lose nothing (%s)", async (_, shared) => {
    const open = shared();
    const store = await openStore();
    await fill(store, 5);
    const managers = await Promise.all([1, 2, 3].map(() => openManager(store, open())));
    const ids = managers.flatMap((_, i) => [`m${i}-1`, `m${i}-2`]);
    await Promise.all(
      managers.map(async (manager, i) => {
        for (const n of [1, 2]) await manager.createBackup({ backupId: `m${i}-${n}` });
      }),
    );
    expect((await idsOf(open())).sort()).toEqual(ids);
    for (const id of ids) expect((await managers[0]?.verifyBackup(id))?.ok).toBe(true);
  });

  it.each(makers)(
    "that add and delete at once keep exactly what was not deleted (%s)",
    async (_, shared) => {
      const open = shared();
      const site = await siteWithThree(open());
      const other = await openManager(site.store, open());
      await Promise.all([
        site.backups.deleteBackup("a"),
        other.createBackup({ backupId: "d" }),
        site.backups.deleteBackup("c"),
        other.createBackup({ backupId: "e" }),
      ]);
      expect((await idsOf(open())).sort()).toEqual(["b", "d", "e"]);
    },
  );
});

describe("what is no repository", () => {
  const strangers: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ["a metadata.json of something else", { "metadata.json": '{"name":"x"}' }],
    [
      "an index of another program",
      { "metadata.json": '{"format":"others","format_version":1,"backups":{}}' },
    ],
    [
      "an index of a newer version and no backups",
      { "metadata.json": '{"format":"nadb-repository","format_version":2,"backups":{}}' },
    ],
    ["a metadata.json that is no JSON", { "metadata.json": "hello" }],
    ["a file", { "notes.txt": "mine" }],
    ["a folder of files", { "photos/1.jpg": "mine", "photos/metadata.json": "{}" }],
    [
      "what looks like a repository of the Python original and lacks its fields",
      {
        "metadata.json": '{"b":{"backup_id":"b"}}',
        "b/metadata.json": "{}",
        "b/data.json.gz": "x",
      },
    ],
    ["a store", { "data.mdb": "x", "lock.mdb": "x" }],
  ];

  it.each(strangers)("a folder that holds %s is refused, and left as it is", async (_, files) => {
    const target = memoryTarget();
    for (const [path, content] of Object.entries(files)) await writeFile(target, path, content);
    const before = await snapshotOf(target);
    const store = await openStore();
    await refuses("NADB_NOT_A_REPOSITORY", () => Repository.open(target), "memory");
    await refuses("NADB_NOT_A_REPOSITORY", () => Repository.open(target, { create: true }));
    await refuses("NADB_NOT_A_REPOSITORY", () => BackupManager.open({ store, target }));
    expect(await snapshotOf(target)).toEqual(before);
  });

  it("a missing folder, and an empty one, unless one is to be made", async () => {
    const empty = temporaryFolder();
    const missing = join(empty, "missing");
    for (const folder of [missing, empty]) {
      await refuses(
        "NADB_NOT_A_REPOSITORY",
        () => Repository.open(directoryTarget(folder)),
        folder,
      );
    }
    expect(await pathsOf(directoryTarget(empty))).toEqual([]);
    const store = await openStore();
    for (const folder of [missing, join(empty, "deep", "er")]) {
      await BackupManager.open({ store, target: directoryTarget(folder) });
      expect(await idsOf(directoryTarget(folder))).toEqual([]);
    }
  });

  it("a file in the folder's place is no repository", async () => {
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "mine");
    await refuses("NADB_NOT_A_REPOSITORY", () => Repository.open(directoryTarget(file)), file);
  });

  it("what a killed process left while it made the repository is in nobody's way", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, ".tmp-00000000-1-0000000000000000"), "{");
    const store = await openStore();
    const backups = await BackupManager.open({ store, target: directoryTarget(folder) });
    expect(await backups.createBackup({ backupId: "b" })).toMatchObject({ backupId: "b" });
  });

  it("a folder with other files is one all the same once it holds a backup", async () => {
    const folder = temporaryFolder();
    const site = await openSite(directoryTarget(folder));
    await site.backups.createBackup({ backupId: "b" });
    mkdirSync(join(folder, "other"));
    writeFileSync(join(folder, "notes.txt"), "mine");
    rmSync(join(folder, "metadata.json"));
    expect(await idsOf(directoryTarget(folder))).toEqual(["b"]);
  });
});

describe("deleting", () => {
  it("takes the backup, its files and its entry, and no other", async () => {
    const { target, backups } = await siteWithThree();
    const before = await snapshotOf(target);
    await backups.deleteBackup("b");
    expect(await idsOf(target)).toEqual(["a", "c"]);
    const { "metadata.json": _, ...rest } = await snapshotOf(target);
    const kept = Object.entries(before).filter(([path]) => /^[ac]\//.test(path));
    expect(rest).toEqual(Object.fromEntries(kept));
    expect(Object.keys((await readJson(target, "metadata.json")).backups as Json)).toEqual([
      "a",
      "c",
    ]);
  });

  it("frees the id", async () => {
    const { backups } = await siteWithThree();
    await backups.deleteBackup("b");
    expect(await backups.createBackup({ backupId: "b" })).toMatchObject({ recordCount: 3 });
  });

  it.each([
    ["an unknown id", "nosuch", "NADB_NOT_FOUND"],
    ["a path", "../a", "NADB_INVALID_ARGUMENT"],
    ["nothing", "", "NADB_INVALID_ARGUMENT"],
  ] as const)("refuses %s", async (_, id, code) => {
    const { target, backups } = await siteWithThree();
    const before = await snapshotOf(target);
    await refuses(code, () => backups.deleteBackup(id), JSON.stringify(id));
    expect(await snapshotOf(target)).toEqual(before);
  });
});

describe("asking for an unknown backup", () => {
  it.each([
    ["getBackup", (backups: BackupManager) => backups.getBackup("nosuch")],
    ["restoreBackup", (backups: BackupManager) => backups.restoreBackup("nosuch")],
    ["verifyBackup", (backups: BackupManager) => backups.verifyBackup("nosuch")],
  ] as const)("%s says which ones there are", async (_, ask) => {
    const { backups } = await siteWithThree();
    await expect(ask(backups)).rejects.toMatchObject({
      code: "NADB_NOT_FOUND",
      message: expect.stringContaining('"nosuch"'),
      hint: expect.stringContaining("a, b, c"),
    });
  });
});
