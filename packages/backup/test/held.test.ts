// Whoever reads holds what it reads until the end, however long that takes: the clock goes on with every step on a data file.
import { memoryBackend } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { archiveOnce } from "../src/archive/archiver.js";
import {
  type BackupManager,
  type BackupTarget,
  drillBackup,
  exportPython,
  memoryTarget,
  planRepair,
  planSalvage,
  salvageBackup,
} from "../src/index.js";
import { backupsBeingRead } from "../src/readers.js";
import { chainedSite } from "./support/chained.js";
import { patchFile } from "./support/files.js";
import { SteppingTarget } from "./support/stepping-target.js";
import { openManager, type Site } from "./support/store.js";

const MINUTE = 60_000;

/** Does the work on a target where every step on a data file takes so long; answers at how many of them nobody was reading. */
async function unheld(
  { store, target, clock }: Site,
  stepMs: number,
  work: (manager: BackupManager) => Promise<unknown>,
  isRead = (path: string): boolean => /(^|\/)(data|\d{6}).*\.nadb$/.test(path),
): Promise<{ readonly unheld: readonly string[]; readonly minutes: number }> {
  const startedAt = clock.time;
  const free: string[] = [];
  const stepping = new SteppingTarget(target, {
    owner: "slow",
    onStep: async (_, what) => {
      const [, path] = /^read (?:on )?(.*)$/.exec(what) ?? [];
      if (path === undefined || !isRead(path)) return;
      if ((await backupsBeingRead(target, clock.time)).size === 0) free.push(what);
      clock.time += stepMs;
    },
  });
  await work(await openManager(store, stepping, clock));
  return { unheld: free, minutes: (clock.time - startedAt) / MINUTE };
}

async function each<T>(all: AsyncIterable<T>): Promise<void> {
  for await (const _ of all);
}

const works: readonly (readonly [
  name: string,
  stepMs: number,
  work: (manager: BackupManager, target: BackupTarget) => Promise<unknown>,
])[] = [
  ["a full verification", 20_000, (one) => one.verifyBackup("two")],
  ["a verification of checksums", 20_000, (one) => one.verifyBackup("two", { level: "checksum" })],
  ["a restore", 20_000, (one) => one.restoreBackup("two", { clearExisting: true })],
  ["the plan of a restore", 20_000, (one) => one.planRestore("two")],
  ["reading records", 20_000, (one) => each(one.readBackup("two"))],
  ["a comparison", 15_000, (one) => each(one.repository.diffBackups("one", "two"))],
  [
    "a drill",
    20_000,
    async ({ repository }) => {
      const backend = memoryBackend();
      await backend.open();
      await drillBackup(repository, "two", { backend });
    },
  ],
  ["an export", 20_000, ({ repository }) => exportPython(repository, "two", memoryTarget())],
  ["the plan of a repair", 20_000, ({ repository }) => planRepair(repository)],
  ["the verification of an archive", 20_000, (one) => one.verifyArchive()],
  ["a record at a time", 4_000, (one) => one.getAt("never", 8.64e15)],
  ["the history of a key", 500, (one) => one.history("never")],
];

describe("what is read", () => {
  it.each(works)("is held until the end: %s", async (_, stepMs, work) => {
    const site = await chainedSite();
    const { store, backups, clock } = site;
    for (let i = 0; i < 40; i++) {
      await archiveOnce(backups.repository, store.storage, { everySeconds: 1, policy: null });
      await store.set(`k${i}`, "v");
      clock.time += 1_000;
    }
    const found = await unheld(site, stepMs, (manager) => work(manager, site.target));
    expect(found.unheld).toEqual([]);
    expect(found.minutes).toBeGreaterThan(1);
  });

  it("is held until the end: a salvage", async () => {
    const site = await chainedSite();
    await patchFile(site.target, "one/data.nadb", (bytes) => bytes.fill(0, 40, 60));
    const { unheld: free, minutes } = await unheld(
      site,
      10_000,
      async ({ repository }) => {
        const plan = await planSalvage(repository, "two", { into: "saved" });
        await salvageBackup(repository, plan);
      },
      (path) => /^(full|one|two).data.nadb$/.test(path),
    );
    expect(free).toEqual([]);
    expect(minutes).toBeGreaterThan(1);
  });

  it("is held until what a drill has found is recorded, though the store is read slowly", async () => {
    const { store, target, clock } = await chainedSite();
    let isLoaded = false;
    let held: ReadonlySet<string> | undefined;
    const stepping = new SteppingTarget(target, {
      onStep: async (_, what) => {
        if (what === "write two/drilled.json") held = await backupsBeingRead(target, clock.time);
      },
    });
    const { repository } = await openManager(store, stepping, clock);
    const backend = memoryBackend();
    await backend.open();
    const { recorded } = await drillBackup(repository, "two", {
      backend,
      onProgress: ({ phase }) => {
        isLoaded ||= phase === "load";
        if (isLoaded && phase === "check") clock.time += MINUTE;
      },
    });
    expect(recorded).toBe(true);
    expect([...(held ?? [])]).toEqual(["full", "one", "two"]);
  });
});
