// What an incremental may go on from: nothing that is known to be lost or damaged, be it the parent or what that is laid over.
import type { NadbError } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { chainedSite } from "./support/chained.js";
import { refuses } from "./support/fails.js";
import { flipBit, patchFile } from "./support/files.js";
import type { Site } from "./support/store.js";

const flip = (bytes: Uint8Array): Uint8Array => flipBit(bytes, 8 * 60);

const DAMAGES: readonly [string, string, (site: Site) => Promise<unknown>][] = [
  [
    "its data file is missing",
    "two/data.nadb is missing",
    ({ target }) => target.remove("two/data.nadb"),
  ],
  [
    "its data file has another size",
    "two/data.nadb has",
    ({ target }) => patchFile(target, "two/data.nadb", (bytes) => bytes.slice(1)),
  ],
  [
    "a data file of its chain is missing",
    "full/data.nadb is missing",
    ({ target }) => target.remove("full/data.nadb"),
  ],
  [
    "a verification has found it damaged",
    'the last verification of "two" found it damaged',
    async ({ target, backups }) => {
      await patchFile(target, "two/data.nadb", flip);
      await backups.verifyBackup("two");
    },
  ],
  [
    "a verification has found one of its chain damaged",
    'the last verification of "full" found it damaged',
    async ({ target, backups }) => {
      await patchFile(target, "full/data.nadb", flip);
      await backups.verifyBackup("full");
    },
  ],
];

describe.each(DAMAGES)("a parent of which %s", (_, words, damage) => {
  it("is refused, changed or not, and no backup is made", async () => {
    const site = await chainedSite();
    await damage(site);
    for (const skipUnchanged of [true, false]) {
      const create = () => site.backups.createIncrementalBackup("two", { skipUnchanged });
      await refuses("NADB_CORRUPTION", create, words);
    }
    await site.store.set("later", "v");
    await refuses("NADB_CORRUPTION", () => site.backups.createIncrementalBackup("two"), words);
    expect(await site.backups.listBackups()).toHaveLength(3);
  });

  it("becomes a full backup where that is wanted, though nothing has changed, and why is told", async () => {
    const site = await chainedSite();
    await damage(site);
    const told: NadbError[] = [];
    const info = await site.backups.createIncrementalBackup("two", {
      fallbackToFull: true,
      skipUnchanged: true,
      onFallback: (why) => told.push(why),
    });
    expect(info).toMatchObject({ backupType: "full", parentBackupId: null });
    expect(told.map(({ code, message }) => `${code} ${message}`).join()).toContain(words);
    expect((await site.backups.verifyBackup(info.backupId)).ok).toBe(true);
  });
});

describe("a parent", () => {
  it("that a later verification has found sound is gone on from", async () => {
    const site = await chainedSite();
    await patchFile(site.target, "two/data.nadb", flip);
    await site.backups.verifyBackup("two");
    await patchFile(site.target, "two/data.nadb", flip);
    site.clock.time += 1_000;
    await site.backups.verifyBackup("two");
    expect(await site.backups.createIncrementalBackup("two")).toMatchObject({
      parentBackupId: "two",
    });
  });

  it("that is sound is gone on from though a sibling is lost", async () => {
    const site = await chainedSite();
    await site.target.remove("two/data.nadb");
    expect(await site.backups.createIncrementalBackup("one")).toMatchObject({
      parentBackupId: "one",
    });
  });
});
