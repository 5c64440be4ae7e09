// kill -9 in the middle of a backup or a restore leaves store and repository whole.
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fsBackend } from "@nadb/backend-fs";
import { BackupManager, directoryTarget } from "@nadb/backup";
import { changeKey, type Head, KeyValueStore, StateDigest } from "@nadb/core";
import { seeded, seedOfRun } from "@nadb/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { killVictim } from "./kill.js";

/** Of backups; half as many of each mode of restore. */
const KILLS = Number(process.env.NADB_KILLS || 52);
/** Together some 10 MiB: several blocks of a pack, two batches of a restore. */
const RECORDS = 500;
const seed = seedOfRun();

async function withStore<T>(path: string, use: (store: KeyValueStore) => Promise<T>): Promise<T> {
  await using store = await KeyValueStore.open({ backend: fsBackend({ path }) });
  return await use(store);
}

/** The same keys with other values, tags and times for each `state`. */
async function fill(store: KeyValueStore, state: string): Promise<Head> {
  const entries = Array.from({ length: RECORDS }, (_, i) => ({
    key: `record:${String(i).padStart(6, "0")}`,
    value: `${state} ${i} ${"abcdefghijklmnopqrstuvwxyz ".repeat(800)}`,
    tags: [`state-${state}`, `tenth-${i % 10}`],
    ...(i % 7 === 0 ? { ttlSeconds: 86_400 } : {}),
  }));
  await store.setMany(entries);
  return store.storage.head();
}

/** The head, after a look that it says what the records, the listing and the tags say. */
async function wholeHead(path: string): Promise<Head> {
  return withStore(path, async ({ storage }) => {
    const head = await storage.head();
    const digest = new StateDigest();
    const keys: string[] = [];
    for await (const { changes } of storage.changes(null)) {
      for (const change of changes) {
        digest.toggle(change);
        keys.push(changeKey(change));
      }
    }
    expect({ digest: digest.toHex(), count: keys.length }).toEqual({
      digest: head.digest,
      count: head.count,
    });
    expect((await storage.keys()).items).toEqual(keys);
    const tags = [...(await storage.tags()).values()];
    expect(tags.reduce((a, b) => a + b, 0)).toBe(2 * RECORDS);
    return head;
  });
}

describe(`kill -9 (NADB_SEED=${seed}, ${KILLS} times)`, () => {
  let folder: string;
  const path = (name: string) => join(folder, name);
  const digests = new Map<string, string>();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "nadb-kill-"));
    await withStore(path("data"), async (store) => {
      const manager = await BackupManager.open({ store, target: directoryTarget(path("states")) });
      for (const state of ["one", "two"]) {
        const { digest } = await fill(store, state);
        await manager.createBackup({ backupId: state });
        digests.set(state, digest);
      }
    });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("during backups: what was done is listed and sound, what was not is not listed", async () => {
    const random = seeded(seed);
    const done = new Set<string>();
    let killed = 0;
    for (let round = 0; killed < KILLS; round++) {
      const ids = [`b${round}-0`, `b${round}-1`];
      const death = await killVictim(
        ["backup", path("data"), path("backups"), ...ids],
        random,
        120,
      );
      if (death.killed) killed++;
      for (const id of death.done) done.add(id);
      await withStore(path("data"), async (store) => {
        expect((await store.storage.head()).digest).toBe(digests.get("two"));
        const target = directoryTarget(path("backups"));
        const manager = await BackupManager.open({ store, target });
        const { backups, findings } = await manager.repository.scan();
        expect(findings).toEqual([]);
        const listed = backups.map(({ backupId }) => backupId);
        expect(listed).toEqual(expect.arrayContaining([...done]));
        for (const id of listed) {
          expect(await manager.verifyBackup(id, { record: false })).toMatchObject({
            ok: true,
            findings: [],
          });
        }
        const unfinished = death.begun.filter((id) => !listed.includes(id));
        const made = [...unfinished, "next"]; // the unfinished at once, under the same id
        for (const id of made) await manager.createBackup({ backupId: id });
        const folders = readdirSync(path("backups")).filter(
          (name) => name !== "metadata.json" && name !== "readers",
        );
        const readers = join(path("backups"), "readers");
        expect(existsSync(readers) ? readdirSync(readers) : []).toEqual([]);
        expect(folders.sort()).toEqual([...listed, ...made].sort()); // nothing is left over
        for (const id of folders) {
          expect(readdirSync(join(path("backups"), id)).sort()).toEqual([
            "data.nadb",
            "metadata.json",
          ]);
          await manager.deleteBackup(id);
          done.delete(id);
        }
      });
    }
    await wholeHead(path("data"));
  }, 240_000);

  for (const mode of ["restore", "merge"]) {
    it(`during a ${mode}: the store holds the old state or the new one, whole`, async () => {
      const random = seeded(seed + mode.length);
      const target = path(`target-${mode}`);
      await withStore(target, (store) => fill(store, "one"));
      let before = (await wholeHead(target)).digest;
      let killed = 0;
      const seen = new Set<string | undefined>();
      while (killed < KILLS / 2) {
        const args = [mode, target, path("states"), "two@0", "one@1", "two@2"];
        const death = await killVictim(args, random, 30);
        if (death.killed) killed++;
        const after = (await wholeHead(target)).digest;
        const last = death.done.at(-1);
        const old = last === undefined ? before : digests.get(last.split("@")[0] as string);
        const underWay = death.begun.at(death.done.length)?.split("@")[0];
        const wanted = underWay === undefined ? [old] : [old, digests.get(underWay)];
        expect(wanted).toContain(after);
        seen.add(after);
        before = after;
      }
      expect(seen.size).toBeGreaterThan(1); // it did die on both sides of the step that makes it visible
      await withStore(target, async (store) => {
        const manager = await BackupManager.open({
          store,
          target: directoryTarget(path("states")),
        });
        await manager.restoreBackup("one", { clearExisting: true });
        expect((await store.storage.head()).digest).toBe(digests.get("one"));
      });
    }, 240_000);
  }
});
