// A repository of the Python original: told from ours and from other folders, listed, verified, restored and read, with its
// checksums checked; and never changed. The fixture is written by golden/python/make.py.
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  BackupManager,
  type BackupTarget,
  directoryTarget,
  memoryTarget,
  Repository,
  VERIFY_LEVELS,
} from "../src/index.js";
import { failureOf, refuses } from "./support/fails.js";
import {
  flipBit,
  readFile,
  sha256Hex,
  snapshotOf,
  temporaryFolder,
  writeFile,
} from "./support/files.js";
import { type Json, readJson, writeJson } from "./support/manifest.js";
import { contentOf } from "./support/oracle.js";
import { type Files, FrozenTarget, filesOf, withFiles } from "./support/overlay.js";
import { Clock, openManager, openSite, openStore } from "./support/store.js";

const FIXTURE = fileURLToPath(new URL("golden/python", import.meta.url));
const original = directoryTarget(FIXTURE);
const local = (...parts: [number, number, number, number, number, number, number?]): number =>
  new Date(...parts).getTime();
/** Before the records with a ttl expire. */
const THEN = local(2024, 0, 15, 10, 29, 0);
const content = (
  text: string,
  tags: readonly string[],
  createdAt: number,
  updatedAt = createdAt,
) => ({
  text,
  tags,
  createdAt,
  updatedAt,
  expiresAt: undefined,
});

async function restored(backupId: string, target: BackupTarget = original) {
  const clock = new Clock(THEN);
  const store = await openStore(clock.now);
  const manager = await openManager(store, target, clock);
  const restoration = await manager.restoreBackup(backupId, { clearExisting: true });
  return { store, restoration, content: await contentOf(store) };
}

/** A copy of the fixture that a test may change. */
async function copied(): Promise<BackupTarget> {
  const target = memoryTarget();
  for (const [path, bytes] of await filesOf(original)) await writeFile(target, path, bytes);
  return target;
}

describe("a repository of the Python original", () => {
  it("lists, oldest first, in our words", async () => {
    const backups = await (await Repository.open(original)).list();
    expect(backups.map(({ backupId }) => backupId)).toEqual(["other", "full", "first", "second"]);
    const data = readFileSync(join(FIXTURE, "full/data.json.gz"));
    expect(backups[1]).toEqual({
      backupId: "full",
      sequence: 2,
      timestamp: new Date(local(2024, 0, 15, 11, 30, 0, 654)).toISOString(),
      backupType: "full",
      sourceDb: "my_db",
      sourceNamespace: "demo",
      fileCount: 10,
      recordCount: 10,
      tombstoneCount: 0,
      totalSize: 307,
      storedSize: data.length,
      checksum: `sha256:${sha256Hex(data)}`,
      compression: true,
      codec: "gzip",
      label: null,
      setSize: 1,
      parentBackupId: null,
      parentChecksum: null,
      fromCheckpoint: null,
      toCheckpoint: "",
      generation: "",
      fromVersion: null,
      toVersion: 0,
      stateDigest: "",
      dataFile: "data.json.gz",
      format: "python-json",
      formatVersion: 1,
    });
    expect(backups[3]).toMatchObject({
      backupType: "incremental",
      parentBackupId: "first",
      dataFile: "data.json",
      codec: "none",
    });
  });

  it.each(VERIFY_LEVELS)("verifies at level %s", async (level) => {
    const repository = await Repository.open(original);
    for (const { backupId } of await repository.list())
      expect(await repository.verify(backupId, { level })).toMatchObject({
        ok: true,
        findings: [],
      });
  });

  it("restores: values, tags, times of both kinds, ttl; of a key that stands there twice the last", async () => {
    const { content: found, restoration } = await restored("full");
    expect(restoration).toMatchObject({ recordCount: 9, expired: 0 });
    const half = local(2024, 0, 15, 10, 30, 0);
    const { bytes: _, ...rest } = Object.fromEntries(found);
    expect(rest).toEqual({
      "user:1": content("Alice", ["active", "user"], local(2024, 0, 15, 10, 29, 59, 999)),
      "user:2": content("Bob", ["inactive", "user"], half + 123),
      empty: content("", ["t"], half),
      "größe/日本語/😀": content("ünïcödé\0😀", ["a", "ü", "日本"], half),
      session: {
        ...content("soon", ["t"], half, local(2024, 0, 15, 11, 0, 0, 500)),
        expiresAt: local(2024, 0, 15, 12, 0, 0, 500),
      },
      fraction: { ...content("later", [], half), expiresAt: half + 1_250 },
      zone: content(
        "elsewhere",
        [],
        Date.UTC(2024, 0, 15, 5),
        Date.UTC(2024, 0, 15, 10, 30, 0, 250),
      ),
      twice: content("last", [], half),
    });
    const { store } = await restored("full");
    expect(await store.get("bytes")).toEqual(Uint8Array.from({ length: 256 }, (_, i) => i));
  });

  it("restores a chain: later links over earlier ones", async () => {
    const { content: found } = await restored("second");
    expect(found.size).toBe(10);
    const next = local(2024, 0, 16, 9, 0, 0);
    expect(found.get("user:3")).toEqual(
      content("Charlie, changed", [], next, local(2024, 0, 17, 9, 0, 0)),
    );
    expect(found.get("user:1")).toMatchObject({
      text: "Alice, changed",
      tags: ["user"],
      updatedAt: next,
    });
    expect(found.get("user:2")).toMatchObject({ text: "Bob" });
  });

  it("restores nothing that has expired", async () => {
    const store = await openStore();
    const backups = await openManager(store, original);
    expect(await backups.restoreBackup("full")).toMatchObject({ recordCount: 7, expired: 2 });
  });

  it("is read without a restore: keys, one record, differences", async () => {
    const repository = await Repository.open(original);
    const keys: string[] = [];
    for await (const { key } of repository.readBackup("full")) keys.push(key);
    expect(keys).toEqual([
      "bytes",
      "empty",
      "fraction",
      "größe/日本語/😀",
      "session",
      "twice",
      "user:1",
      "user:2",
      "zone",
    ]);
    expect(
      Buffer.from((await repository.getFromBackup("second", "user:1"))?.value ?? []).toString(),
    ).toBe("Alice, changed");
    expect(await repository.getFromBackup("second", "nosuch")).toBeUndefined();
    const found: string[] = [];
    for await (const { type, key } of repository.diffBackups("full", "second"))
      found.push(`${type} ${key}`);
    expect(found).toEqual(["changed user:1", "added user:3"]);
  });

  it("has its chain shown", async () => {
    const repository = await Repository.open(original);
    const chain = await repository.chain(await repository.get("second"));
    expect(chain.map(({ backupId }) => backupId)).toEqual(["full", "first", "second"]);
  });

  it("is only read: whatever would write is refused, and says what to do", async () => {
    const target = await copied();
    const before = await snapshotOf(target);
    const store = await openStore();
    const backups = await BackupManager.open({ store, target });
    for (const write of [
      () => backups.createBackup({ backupId: "new" }),
      () => backups.createIncrementalBackup("full"),
      () => backups.deleteBackup("second"),
      () => backups.repository.sweepLeftovers(),
    ]) {
      expect(await failureOf(write)).toMatchObject({
        code: expect.stringMatching(/UNSUPPORTED|INVALID/),
      });
    }
    await refuses("NADB_UNSUPPORTED", () => backups.createBackup(), "only read");
    await refuses("NADB_UNSUPPORTED", () => backups.deleteBackup("second"), "Python original");
    expect(await snapshotOf(target)).toEqual(before);
  });

  it("an unknown id says which ones there are", async () => {
    const repository = await Repository.open(original);
    await expect(repository.get("nosuch")).rejects.toMatchObject({
      code: "NADB_NOT_FOUND",
      hint: expect.stringContaining("full"),
    });
  });
});

describe("what is no repository of the Python original", () => {
  it.each<readonly [string, unknown]>([
    ["nothing in the index", {}],
    ["a list", []],
    ["text", "hello"],
    ["other JSON", { name: "a package", version: "1" }],
    ["entries under other names", { a: { backup_id: "b", backup_type: "full", file_count: 1 } }],
    ["entries without the fields", { b: { backup_id: "b" } }],
  ])("%s: it is refused, and left as it is", async (_, index) => {
    const target = memoryTarget();
    await writeJson(target, "metadata.json", index);
    await writeFile(target, "b/data.json", "[]");
    const before = await snapshotOf(target);
    await refuses("NADB_NOT_A_REPOSITORY", () => Repository.open(target, { create: true }));
    expect(await snapshotOf(target)).toEqual(before);
  });

  it("ours that holds JSON only is ours, with its index and without", async () => {
    const { target, backups } = await openSite();
    const info = await backups.createBackup({ format: "json", backupId: "b" });
    await target.remove("metadata.json");
    expect(await (await Repository.open(target)).list()).toEqual([info]);
  });
});

describe("an entry of the index that can not be", () => {
  const edits: readonly (readonly [string, unknown])[] = [
    ["backup_id", "other"],
    ["timestamp", "yesterday"],
    ["timestamp", 5],
    ["timestamp", undefined],
    ["backup_type", "other"],
    ["backup_type", "incremental"],
    ["parent_backup_id", "other"],
    ["source_db", 1],
    ["source_namespace", null],
    ["file_count", -1],
    ["file_count", "10"],
    ["total_size", 1.5],
    ["checksum", "abc"],
    ["checksum", `md5:${"0".repeat(64)}`],
    ["compression", "yes"],
  ];

  it.each(edits)("%s %j is told, and hides no other", async (name, value) => {
    const target = await copied();
    const index = await readJson(target, "metadata.json");
    await writeJson(target, "metadata.json", {
      ...index,
      full: { ...(index.full as Json), [name]: value },
    });
    const repository = await Repository.open(target);
    const { backups, findings } = await repository.scan();
    expect(backups.map(({ backupId }) => backupId)).toEqual(["other", "first", "second"]);
    expect(findings).toMatchObject([{ backupId: "full", what: "unreadable" }]);
    await refuses("NADB_CORRUPTION", () => repository.get("full"), "metadata.json", '"full"');
    expect(await repository.verify("second")).toMatchObject({ ok: false });
  });

  it.each(["../full", ".hidden", "a/b", ""])("an id %j is no folder's name", async (id) => {
    const target = await copied();
    const index = await readJson(target, "metadata.json");
    const entry = { ...(index.full as Json), backup_id: id };
    await writeJson(target, "metadata.json", { ...index, [id]: entry });
    const { backups, findings } = await (await Repository.open(target)).scan();
    expect(backups).toHaveLength(4);
    expect(findings).toMatchObject([{ backupId: id }]);
  });

  it.each<readonly [string, Json]>([
    ["a parent that is not there", { parent_backup_id: "nosuch" }],
    ["itself as parent", { parent_backup_id: "second" }],
    ["a parent of another namespace", { parent_backup_id: "other" }],
  ])("%s breaks its chain", async (_, edit) => {
    const target = await copied();
    const index = await readJson(target, "metadata.json");
    await writeJson(target, "metadata.json", {
      ...index,
      second: { ...(index.second as Json), ...edit },
    });
    const repository = await Repository.open(target);
    expect(await repository.verify("second")).toMatchObject({ ok: false });
    const store = await openStore();
    await refuses("NADB_CORRUPTION", async () =>
      (await openManager(store, target)).restoreBackup("second"),
    );
  });
});

/** Verification and restore of the chain's tip, which must agree; true when both found it sound. */
async function isSound(
  frozen: FrozenTarget,
  manager: BackupManager,
  files: Files,
): Promise<boolean> {
  frozen.files = files;
  const { ok } = await manager.verifyBackup("second");
  const outcome = await manager.restoreBackup("second", { clearExisting: true }).then(
    () => true,
    (error: unknown) => error,
  );
  if (outcome !== true) expect(outcome).toMatchObject({ code: "NADB_CORRUPTION" });
  expect(outcome === true).toBe(ok);
  return ok;
}

describe("damage to a repository of the Python original", () => {
  const DATA = ["full/data.json.gz", "first/data.json.gz", "second/data.json"];

  async function scene() {
    const files = await filesOf(original);
    const frozen = new FrozenTarget(files);
    const { now } = new Clock(THEN);
    const store = await openStore(now);
    await store.set("own", "v");
    const manager = await BackupManager.open({ store, target: frozen, clock: now });
    return { files, frozen, store, manager, head: await store.storage.head() };
  }

  it.each(DATA)("a flipped bit in every byte of %s is found and not restored", async (path) => {
    const { files, frozen, store, manager, head } = await scene();
    const file = files.get(path) as Uint8Array;
    for (let at = 0; at < file.length; at++) {
      const damaged = withFiles(files, { [path]: flipBit(file, at * 8 + (at % 8)) });
      expect(await isSound(frozen, manager, damaged)).toBe(false);
      expect(await manager.verifyBackup("second", { level: "checksum" })).toMatchObject({
        ok: false,
      });
    }
    expect(await store.storage.head()).toEqual(head);
  });

  it.each(DATA)("a cut of %s at every byte is found and not restored", async (path) => {
    const { files, frozen, store, manager, head } = await scene();
    const file = files.get(path) as Uint8Array;
    for (let length = 0; length < file.length; length++) {
      const damaged = withFiles(files, { [path]: file.subarray(0, length) });
      expect(await isSound(frozen, manager, damaged)).toBe(false);
    }
    expect(await store.storage.head()).toEqual(head);
  });

  it.each(DATA)("%s lost is found at every level", async (path) => {
    const { files, frozen, manager } = await scene();
    frozen.files = withFiles(files, { [path]: undefined });
    for (const level of VERIFY_LEVELS)
      expect(await manager.verifyBackup("second", { level })).toMatchObject({ ok: false });
  });

  it("a damaged index makes verify and restore agree, whatever the byte", async () => {
    const { files, frozen, manager } = await scene();
    const index = files.get("metadata.json") as Uint8Array;
    for (let at = 0; at < index.length; at += 3) {
      for (const bytes of [flipBit(index, at * 8 + (at % 8)), index.subarray(0, at)]) {
        frozen.files = withFiles(files, { "metadata.json": bytes });
        const verification = await manager.verifyBackup("second").catch((error: unknown) => error);
        const restore = manager.restoreBackup("second", { clearExisting: true });
        const outcome = await restore.then(
          () => "done",
          ({ code }) => code,
        );
        expect(["done", "NADB_CORRUPTION", "NADB_NOT_FOUND"]).toContain(outcome);
        const { ok, code } = verification as { ok?: boolean; code?: string };
        expect(outcome).toBe(ok ? "done" : (code ?? "NADB_CORRUPTION"));
      }
    }
  });

  it.each<readonly [string, (records: Json[]) => Json[], string]>([
    [
      "one record's own checksum",
      ([a, ...rest]) => [{ ...a, checksum: "0".repeat(64) }, ...rest],
      "record 1: checksum",
    ],
    [
      "another value",
      ([a, b, ...rest]) => [a as Json, { ...b, value: "AAAA" }, ...rest],
      "record 2: checksum",
    ],
    ["a record too few", ([, ...rest]) => rest, "file_count"],
    ["a record too many", (all) => [...all, all[0] as Json], "file_count"],
    [
      "no metadata",
      ([a, ...rest]) => [{ ...a, metadata: undefined }, ...rest],
      "metadata is missing",
    ],
    [
      "a ttl as text",
      ([a, ...rest]) => [{ ...a, metadata: { ...(a?.metadata as Json), ttl: "60" } }, ...rest],
      "ttl",
    ],
    [
      "no ttl",
      ([a, ...rest]) => [{ ...a, metadata: { ...(a?.metadata as Json), ttl: undefined } }, ...rest],
      "ttl",
    ],
    [
      "a ttl beyond all time",
      ([a, ...rest]) => [{ ...a, metadata: { ...(a?.metadata as Json), ttl: 1e15 } }, ...rest],
      "ttl",
    ],
    [
      "a time that is none",
      ([a, ...rest]) => [
        { ...a, metadata: { ...(a?.metadata as Json), last_updated: "x" } },
        ...rest,
      ],
      "last_updated",
    ],
    ["a key too long", ([a, ...rest]) => [{ ...a, key: "x".repeat(2_000) }, ...rest], "key"],
    ["an empty tag", ([a, ...rest]) => [{ ...a, tags: [""] }, ...rest], "tag"],
  ])("a file forged with %s, its checksum right, is found", async (_, edit, says) => {
    const target = await copied();
    const path = "full/data.json.gz";
    const records = JSON.parse(gunzipSync(await readFile(target, path)).toString()) as Json[];
    const bytes = Buffer.from(JSON.stringify(edit(records)));
    await target.remove(path);
    await writeFile(target, "full/data.json", bytes);
    const index = await readJson(target, "metadata.json");
    const entry = { ...(index.full as Json), compression: false, checksum: sha256Hex(bytes) };
    await writeJson(target, "metadata.json", { ...index, full: entry });
    const { ok, findings } = await (await Repository.open(target)).verify("full");
    expect(ok).toBe(false);
    expect(findings[0]?.detail).toContain(says);
    expect(findings[0]?.detail).toMatch(/^full\/data\.json: /);
  });
});

describe("a repository of the Python original in a folder of its own", () => {
  it("is the same from a disk", async () => {
    const folder = temporaryFolder();
    cpSync(FIXTURE, folder, { recursive: true });
    expect((await restored("second", directoryTarget(folder))).content).toEqual(
      (await restored("second")).content,
    );
  });
});
