// Taking a backup: who may, what it holds, and that a failure leaves nothing.
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import {
  type ChangePage,
  decodeRecord,
  encodeRecord,
  encodeTombstone,
  type Head,
  isTombstone,
  type StorageNamespace,
} from "@nadb/core";
import { describe, expect, it } from "vitest";
import { type BackupTarget, directoryTarget, memoryTarget, type Progress } from "../src/index.js";
import { failureOf, refuses } from "./support/fails.js";
import { pathsOf, snapshotOf, temporaryFolder, writeFile } from "./support/files.js";
import { SteppingTarget } from "./support/stepping-target.js";
import { Clock, fill, measure, openManager, openSite, openStore, record } from "./support/store.js";

/** Nothing is listed, and no file is there but the index. */
async function expectNothing(target: BackupTarget): Promise<void> {
  expect(await pathsOf(target)).toEqual(["metadata.json"]);
  expect(await (await openManager(await openStore(), target)).listBackups()).toEqual([]);
}

describe("create › ids", () => {
  it.each([
    "../x",
    "",
    ".hidden",
    "-dash",
    "_low",
    "a/b",
    "a\\b",
    "a b",
    "a\0",
    "ü",
    "日本語",
    "..",
    "a\n",
    "x".repeat(129),
    "metadata.json",
  ])("%j is refused before anything is written", async (backupId) => {
    const { target, backups } = await openSite();
    await refuses("NADB_INVALID_ARGUMENT", () => backups.createBackup({ backupId }));
    await expectNothing(target);
  });

  it.each(["a", "0", "A.b_c-d", "x".repeat(128), "lease-000001.json", "data.nadb", "constructor"])(
    "%j is taken",
    async (backupId) => {
      const { backups } = await openSite();
      await backups.createBackup({ backupId });
      expect(await backups.verifyBackup(backupId)).toMatchObject({ ok: true });
      expect((await backups.listBackups()).map((info) => info.backupId)).toEqual([backupId]);
    },
  );

  it("a value that is no string is refused", async () => {
    const { target, backups } = await openSite();
    for (const backupId of [7, {}, ["a"]] as unknown as string[]) {
      await refuses("NADB_INVALID_ARGUMENT", () => backups.createBackup({ backupId }));
    }
    await expectNothing(target);
  });

  it("an existing one is refused, and that backup left as it is", async () => {
    const { store, target, backups } = await openSite();
    await backups.createBackup({ backupId: "b" });
    const before = await snapshotOf(target);
    await fill(store, 5);
    await refuses("NADB_ALREADY_EXISTS", () => backups.createBackup({ backupId: "b" }), '"b"');
    expect(await snapshotOf(target)).toEqual(before);
  });

  it("an existing one is refused without a write, not even of a lease", async () => {
    const { store, target, backups, clock } = await openSite();
    await backups.createBackup({ backupId: "b" });
    const steps: string[] = [];
    const watched = new SteppingTarget(target, { onStep: (_, what) => void steps.push(what) });
    const other = await openManager(store, watched, clock);
    await refuses("NADB_ALREADY_EXISTS", () => other.createBackup({ backupId: "b" }));
    expect(steps.filter((what) => /^(write|remove)/.test(what))).toEqual([]);
  });

  it("are made of kind, time and chance when none is given", async () => {
    const { backups, clock } = await openSite();
    const ids = new Set<string>();
    for (let i = 0; i < 3; i++) {
      const { backupId } = await backups.createBackup();
      expect(backupId).toMatch(/^full-20260102T030405Z-[0-9a-f]{4}$/);
      ids.add(backupId);
      clock.time += 1;
    }
    expect(ids.size).toBe(3);
  });
});

describe("create › feeds that lie", () => {
  const head = async (records: number): Promise<Head> => {
    const store = await openStore();
    await fill(store, records);
    return store.storage.head();
  };

  /** A namespace that says of itself what a test tells it to. */
  const lying = (changes: () => AsyncGenerator<ChangePage>): StorageNamespace =>
    ({ id: { db: "d", namespace: "n" }, changes }) as unknown as StorageNamespace;

  async function refusesFeed(changes: () => AsyncGenerator<ChangePage>): Promise<unknown> {
    const target = memoryTarget();
    const backups = await openManager(lying(changes), target);
    const error = await failureOf(() => backups.createBackup({ backupId: "b" }));
    await expectNothing(target);
    return error;
  }

  it("a feed that loses a record", async () => {
    const end = await head(3);
    const error = await refusesFeed(async function* () {
      yield { changes: [record("a"), record("b")], end };
    });
    expect(error).toMatchObject({ code: "NADB_CORRUPTION" });
    expect(String(error)).toContain("holds 3 records");
  });

  it("a feed that loses a record without a value", async () => {
    const end = { ...(await head(2)), bytes: 1 };
    const error = await refusesFeed(async function* () {
      yield { changes: [record("a", "x")], end };
    });
    expect(String(error)).toContain("holds 2 records");
  });

  it("a feed that gives one too many", async () => {
    const end = await head(1);
    const error = await refusesFeed(async function* () {
      yield { changes: [record("a"), record("b")], end };
    });
    expect(error).toMatchObject({ code: "NADB_CORRUPTION" });
  });

  it("a feed whose values have another length", async () => {
    const end = { ...(await head(1)), bytes: 1 };
    const error = await refusesFeed(async function* () {
      yield { changes: [record("a", "two")], end };
    });
    expect(error).toMatchObject({ code: "NADB_CORRUPTION" });
    expect(String(error)).toContain("of 1 bytes");
  });

  it("a feed whose counts fit and whose content does not", async () => {
    const end = { ...(await head(1)), bytes: 1 };
    const error = await refusesFeed(async function* () {
      yield { changes: [record("a", "x")], end };
    });
    expect(error).toMatchObject({ code: "NADB_CORRUPTION" });
    expect(String(error)).toContain("state digest");
  });

  it("a feed with a record that can not be read", async () => {
    const end = await head(0);
    const broken = record("a").fill(0xff, 35, 36); // the key is no UTF-8
    const error = await refusesFeed(async function* () {
      yield { changes: [broken], end: { ...end, count: 1, bytes: 1 } };
    });
    expect(error).toMatchObject({ code: "NADB_CORRUPTION" });
  });

  it("a feed of values that only their writer can read", async () => {
    const end = await head(1);
    const seal = { length: 1, contentHash: new Uint8Array(32) };
    const sealed = encodeRecord({ ...decodeRecord(record("k0000", "x")), seal });
    const error = await refusesFeed(async function* () {
      yield { changes: [sealed], end };
    });
    expect(error).toMatchObject({
      code: "NADB_UNSUPPORTED",
      hint: expect.stringContaining("store"),
    });
    expect(String(error)).toContain('the value of "k0000" is sealed');
  });

  it("a feed that ends without a cut", async () => {
    const error = await refusesFeed(async function* () {
      yield { changes: [record("a")] };
    });
    expect(error).toMatchObject({ code: "NADB_CORRUPTION" });
    expect(String(error)).toContain("without a cut");
  });

  it("a feed that gives nothing at all", async () => {
    const error = await refusesFeed(async function* () {});
    expect(error).toMatchObject({ code: "NADB_CORRUPTION" });
  });

  it.each([0, 1, 3])("a feed that fails after %i pages", async (pages) => {
    const failure = new Error("the engine failed");
    const error = await refusesFeed(async function* () {
      for (let i = 0; i < pages; i++) yield { changes: [record(`k${i}`, new Uint8Array(2 << 20))] };
      throw failure;
    });
    expect(error).toBe(failure);
  });

  it("a failing listing of keys is no empty success (the original's bug 3)", async () => {
    const store = await openStore();
    await fill(store, 3);
    const backups = await openManager(store, memoryTarget());
    await store.close();
    await refuses("NADB_CLOSED", () => backups.createBackup({ backupId: "b" }));
  });
});

describe("create › the cut", () => {
  it("an empty namespace makes an empty backup, and says so", async () => {
    const { backups } = await openSite();
    expect(await backups.createBackup({ backupId: "b" })).toMatchObject({
      recordCount: 0,
      totalSize: 0,
      stateDigest: "0".repeat(64),
    });
    expect(await backups.verifyBackup("b")).toMatchObject({ ok: true, recordCount: 0 });
  });

  it("is one instant, though others write all the while", async () => {
    const { store, target, backups } = await openSite();
    await fill(store, 2_000, 2_000);
    let running = true;
    let commits = 0;
    const heads = new Set([(await store.storage.head()).digest]);
    const write = async () => {
      while (running) {
        const key = `k${String(commits++ % 500).padStart(4, "0")}`;
        await store.setMany([
          { key, value: `changed ${commits}` },
          { key: "z-last", value: String(commits) },
        ]);
        if (commits % 3 === 0) await store.delete(`k${String(1_000 + (commits % 500))}`);
        heads.add((await store.storage.head()).digest);
        await new Promise(setImmediate);
      }
    };
    const writing = write();
    const infos = [];
    while (infos.length < 3 || commits <= 20) {
      infos.push(await backups.createBackup({ backupId: `b${infos.length}` }));
    }
    running = false;
    await writing;
    for (const info of infos) {
      expect(heads).toContain(info.stateDigest);
      const copy = await openStore();
      const restored = await openManager(copy, target);
      await restored.restoreBackup(info.backupId, { clearExisting: true });
      expect((await measure(copy.storage)).digest).toBe(info.stateDigest);
      expect((await copy.storage.head()).count).toBe(info.recordCount);
    }
    expect(new Set(infos.map(({ toCheckpoint }) => toCheckpoint)).size).toBe(infos.length);
  });

  it("what was committed before it began is in it (the original's bug 1)", async () => {
    const { store, target, backups } = await openSite();
    for (let i = 0; i < 5; i++) {
      await store.set("last", String(i));
      const { backupId } = await backups.createBackup({ backupId: `b${i}` });
      const copy = await openStore();
      await (await openManager(copy, target)).restoreBackup(backupId);
      expect(Buffer.from((await copy.get("last")) ?? []).toString()).toBe(String(i));
    }
  });

  it("has no tombstones in a full backup: there is nothing they could delete", async () => {
    const { store, backups } = await openSite();
    await fill(store, 5);
    await store.deleteMany(["k0001", "k0002"]);
    const info = await backups.createBackup({ backupId: "b" });
    expect(info).toMatchObject({ fileCount: 3, recordCount: 3, tombstoneCount: 0 });
  });

  it("a tombstone that a feed gives is counted, and restores to nothing", async () => {
    const dead = encodeTombstone({ key: "dead", version: 3, deletedAt: 1 });
    expect(isTombstone(dead)).toBe(true);
    const source = await openStore();
    await source.set("alive", "v");
    const end = await source.storage.head();
    async function* changes(): AsyncGenerator<ChangePage> {
      for await (const page of source.storage.changes(null)) {
        yield { changes: [...page.changes, dead], end };
      }
    }
    const target = memoryTarget();
    const namespace = { id: source.storage.id, changes } as unknown as StorageNamespace;
    const info = await (await openManager(namespace, target)).createBackup({ backupId: "b" });
    expect(info).toMatchObject({ fileCount: 2, recordCount: 1, tombstoneCount: 1 });
    const copy = await openStore();
    await (await openManager(copy, target)).restoreBackup("b", { clearExisting: true });
    expect((await copy.storage.head()).digest).toBe(end.digest);
  });
});

describe("create › progress", () => {
  it("rises from phase to phase, knows the total when it can, and ends at it", async () => {
    const { store, backups } = await openSite();
    await fill(store, 3_000, 1_500);
    const events: Progress[] = [];
    const { recordCount } = await backups.createBackup({
      onProgress: (event) => events.push(event),
    });
    expect([...new Set(events.map(({ phase }) => phase))]).toEqual(["read", "check"]);
    for (const phase of ["read", "check"]) {
      const of = events.filter((event) => event.phase === phase);
      expect(of.length).toBeGreaterThan(2);
      for (const [i, event] of of.entries()) {
        expect(event.records).toBeGreaterThanOrEqual(of[i - 1]?.records ?? 0);
        expect(event.bytes).toBeGreaterThanOrEqual(of[i - 1]?.bytes ?? 0);
        expect(event.totalRecords).toBe(phase === "check" ? recordCount : undefined);
      }
      expect(of.at(-1)?.records).toBe(recordCount);
    }
  });

  it("a listener that throws fails the backup, which leaves nothing", async () => {
    const { store, target, backups } = await openSite();
    await fill(store, 3);
    for (const phase of ["read", "check"]) {
      const onProgress = (event: Progress) => {
        if (event.phase === phase) throw new Error("no more");
      };
      await expect(backups.createBackup({ onProgress })).rejects.toThrow("no more");
      await expectNothing(target);
    }
  });
});

describe("create › abort", () => {
  it("before it begins writes nothing", async () => {
    const { target, backups } = await openSite();
    const signal = AbortSignal.abort();
    expect(await failureOf(() => backups.createBackup({ signal }))).toBe(signal.reason);
    await expectNothing(target);
  });

  it("at any step: nothing is listed and nothing left, or the backup is whole", {
    timeout: 120_000,
  }, async () => {
    const inner = memoryTarget();
    const clock = new Clock();
    const store = await openStore(clock.now);
    await fill(store, 1_500, 2_000);
    await openManager(store, inner, clock);
    let ended = 0;
    let aborted = 0;
    for (let at = 1; ended === 0; at++) {
      const controller = new AbortController();
      const onStep = (step: number) => {
        if (step === at) controller.abort();
      };
      const target = new SteppingTarget(inner, { onStep });
      const backups = await openManager(store, target, clock);
      const { signal } = controller;
      try {
        await backups.createBackup({ backupId: "b", signal });
        expect(await backups.verifyBackup("b")).toMatchObject({ ok: true });
        await backups.deleteBackup("b");
        if (!signal.aborted) ended = at;
      } catch (error) {
        expect(error).toBe(signal.reason);
        aborted++;
      }
      await expectNothing(inner);
    }
    expect(aborted).toBeGreaterThan(10);
  });
});

describe("create › leftovers", () => {
  const leftByTheDead = [
    ["a lease that ended", { "dead/lease-000001.json": '{"owner":"x","expiresAt":1,"nonce":"a"}' }],
    ["both", { "dead/data.nadb": "half", "dead/lease-000002.json": '{"owner":"x","expiresAt":1}' }],
    ["a lease that is no JSON", { "dead/lease-000001.json": "{" }],
    ["an empty lease", { "dead/lease-000001.json": "" }],
    ["a lease of null", { "dead/lease-000001.json": "null" }],
    ["a lease that is too large", { "dead/lease-000001.json": " ".repeat(10_000) }],
    ["a lease of other fields", { "dead/lease-000001.json": '{"owner":1,"expiresAt":"soon"}' }],
  ] as const satisfies readonly (readonly [string, Record<string, string>])[];

  it.each(leftByTheDead)("%s: swept by the next backup, of whatever id", async (_, files) => {
    const { target, backups } = await openSite();
    for (const [path, content] of Object.entries(files)) await writeFile(target, path, content);
    expect(await backups.listBackups()).toEqual([]);
    await backups.createBackup({ backupId: "next" });
    expect(await pathsOf(target)).toEqual([
      "metadata.json",
      "next/data.nadb",
      "next/metadata.json",
    ]);
  });

  it.each(leftByTheDead)("%s: in nobody's way under the same id", async (_, files) => {
    const { target, backups } = await openSite();
    for (const [path, content] of Object.entries(files)) await writeFile(target, path, content);
    await backups.createBackup({ backupId: "dead" });
    expect(await backups.verifyBackup("dead")).toMatchObject({ ok: true });
  });

  it("data without manifest, lease and index are a backup that lost its manifest: kept, and told of", async () => {
    const { target, backups } = await openSite();
    await backups.createBackup({ backupId: "lost" });
    const { "lost/data.nadb": data } = await snapshotOf(target);
    await target.remove("lost/metadata.json");
    await target.remove("metadata.json");
    await backups.createBackup({ backupId: "next" });
    expect(await snapshotOf(target)).toMatchObject({ "lost/data.nadb": data });
    await refuses("NADB_CORRUPTION", () => backups.getBackup("lost"));
    await refuses("NADB_ALREADY_EXISTS", () => backups.createBackup({ backupId: "lost" }));
    const { findings } = await backups.repository.scan();
    expect(findings).toMatchObject([{ backupId: "lost", severity: "damage" }]);
    await backups.deleteBackup("lost");
    expect((await backups.repository.scan()).findings).toEqual([]);
  });

  it("a lease left beside a manifest goes, too, and the backup stays", async () => {
    const { target, backups } = await openSite();
    await backups.createBackup({ backupId: "b" });
    const before = await snapshotOf(target);
    await writeFile(target, "b/lease-000001.json", '{"owner":"x","expiresAt":1,"nonce":"a"}');
    await backups.createBackup({ backupId: "next" });
    await backups.deleteBackup("next");
    expect(await snapshotOf(target)).toEqual(before);
  });

  it("an empty folder is left alone: whoever made it may be about to use it", async () => {
    const folder = temporaryFolder();
    const { backups } = await openSite(directoryTarget(folder));
    mkdirSync(join(folder, "empty"));
    await backups.createBackup({ backupId: "b" });
    expect(readdirSync(folder).sort()).toEqual(["b", "empty", "metadata.json"]);
  });

  it("a folder of somebody else's files is left alone", async () => {
    const { target, backups } = await openSite();
    const files = ["photos/1.jpg", "half/data.nadb", "half/notes.txt"];
    for (const path of files) await writeFile(target, path, "mine");
    await backups.createBackup({ backupId: "b" });
    expect(await pathsOf(target)).toEqual(expect.arrayContaining(files));
  });
});
