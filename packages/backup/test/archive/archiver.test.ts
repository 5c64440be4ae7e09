// The archiver on a timer that the test moves: what it writes and when, what it tells, how it bears failures, how it ends.
import { compressValues, memoryBackend, NadbError } from "@nadb/core";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ArchiveOptions, Archiver, Lag } from "../../src/index.js";
import { refuses } from "../support/fails.js";
import { pathsOf, snapshotOf } from "../support/files.js";
import { ManualTimer } from "../support/manual-timer.js";
import { override } from "../support/override.js";
import { SteppingTarget } from "../support/stepping-target.js";
import { openManager, openSite, type Site } from "../support/store.js";

interface Running extends Site {
  readonly archiver: Archiver;
  readonly timer: ManualTimer;
}

async function start(site: Site, options: ArchiveOptions = {}): Promise<Running> {
  const timer = new ManualTimer(site.clock);
  const archiver = await site.backups.archive({ timer, ...options });
  onTestFinished(() => archiver[Symbol.asyncDispose]());
  await timer.idle();
  return { ...site, archiver, timer };
}

const segmentsOf = async ({ target }: Site): Promise<string[]> =>
  (await pathsOf(target)).filter((path) => /^archive\/.*-\d{13}-\d+\.json$/.test(path));

/** A site whose target fails while `down.is`. */
async function failingSite() {
  const site = await openSite();
  const down = { is: false };
  const target = new SteppingTarget(site.target, {
    onStep: (_, what) => {
      if (down.is) throw new NadbError("NADB_IO", `the target is away: ${what}`);
    },
  });
  return { down, site: { ...site, backups: await openManager(site.store, target, site.clock) } };
}

describe("the archiver › its lag", () => {
  it("is told also of looks that are refused before they begin", async () => {
    const site = await openSite();
    let isRefused = false;
    const around = async (look: () => Promise<void>): Promise<void> => {
      if (isRefused) throw new NadbError("NADB_IO", "the target is away");
      await look();
    };
    const lags: Lag[] = [];
    const running = await start(site, { around, onLag: (lag) => lags.push(lag) });
    isRefused = true;
    for (const value of ["1", "2", "3"]) await site.store.set("a", value);
    await running.timer.pass(1_000);
    expect(lags).toEqual([
      { versions: 0, seconds: 0 },
      { versions: 3, seconds: 1 },
    ]);
  });
});

describe("the archiver › following", () => {
  it("begins with a full backup, then one segment for each look that finds changes", async () => {
    const site = await openSite();
    await site.store.set("a", "1");
    const running = await start(site);
    expect(await site.backups.listBackups()).toMatchObject([
      { backupType: "full", label: "archive" },
    ]);
    await site.store.set("a", "2");
    await site.store.set("b", "1");
    await running.timer.pass(1_000);
    await site.store.delete("a");
    await running.timer.pass(1_000);
    expect(await segmentsOf(site)).toHaveLength(2);
    expect(await site.backups.listBackups()).toHaveLength(1);
    const { digest } = await site.store.storage.head();
    const { stateDigest } = await site.backups.restoreBackup({ at: site.clock.time });
    expect(stateDigest).toBe(digest);
  });

  it("no change, no file: nothing is written but its own lease now and then", async () => {
    const site = await openSite();
    await site.store.set("a", "1");
    const { timer } = await start(site);
    const quiet = async () => {
      const all = Object.entries(await snapshotOf(site.target));
      return all.filter(([path]) => !path.includes("/lease-"));
    };
    const before = await quiet();
    await timer.pass(120_000);
    expect(await quiet()).toEqual(before);
  });

  it("goes on from where the last one ended, without another full backup", async () => {
    const site = await openSite();
    await site.store.set("a", "1");
    const first = await start(site);
    await site.store.set("a", "2");
    await first.timer.pass(1_000);
    await first.archiver.stop();
    for (let i = 0; i < 5; i++) await site.store.set(`k${i}`, "v");
    await start(site);
    expect(await site.backups.listBackups()).toHaveLength(1);
    const names = (await segmentsOf(site)).map((path) => path.split("/").at(-1));
    expect(names.map((name) => name?.slice(11, 33))).toEqual([
      "00001-0000000000000002",
      "00002-0000000000000007",
    ]);
  });

  it("a content that is replaced as a whole begins anew with a full backup, and a gap", async () => {
    const site = await openSite();
    await site.store.set("a", "1");
    await site.backups.createBackup({ backupId: "own" });
    const { timer } = await start(site);
    await site.store.set("a", "2");
    await timer.pass(1_000);
    await site.backups.restoreBackup("own", { clearExisting: true });
    await timer.pass(1_000);
    const { gaps, stretches } = await site.backups.points();
    expect(gaps).toMatchObject([{ reason: "replaced" }]);
    expect(stretches).toHaveLength(2);
  });

  it("a store that forgot deletes is archived from a full backup on, and a gap is told", async () => {
    const site = await openSite();
    await site.store.set("a", "1");
    const { archiver } = await start(site);
    await archiver.stop();
    await site.store.delete("a");
    await site.store.set("b", "1");
    await site.store.storage.trim((await site.store.storage.head()).checkpoint);
    await start(site);
    expect(await site.backups.listBackups()).toHaveLength(2);
    expect((await site.backups.points()).gaps).toMatchObject([{ reason: "missing" }]);
  });

  it("archives a compressed namespace as its readers see it, and refuses sealed values", async () => {
    const site = await openSite();
    const backend = memoryBackend();
    await backend.open();
    const raw = await backend.namespace({ db: "default", namespace: "raw" });
    const compressed = compressValues(raw);
    await compressed.commit([{ type: "put", key: "a", value: new Uint8Array(5_000) }]);
    const plain = await openManager(compressed, site.target, site.clock);
    await plain.archiveOnce();
    await compressed.commit([{ type: "put", key: "b", value: new Uint8Array(6_000) }]);
    await plain.archiveOnce();
    const record = await plain.getAt("b", site.clock.time);
    expect(record?.value).toEqual(new Uint8Array(6_000));
    await compressed.commit([{ type: "put", key: "c", value: new Uint8Array(6_000) }]);
    const sealed = await openManager(raw, site.target, site.clock);
    const ended = await sealed.archive({ timer: new ManualTimer(site.clock) });
    await refuses("NADB_UNSUPPORTED", () => ended.done, "sealed");
  });
});

describe("the archiver › one at a time", () => {
  it("a second one is refused, and begins once the first has ended", async () => {
    const site = await openSite();
    const { archiver } = await start(site);
    await refuses("NADB_LOCKED", () => site.backups.archive(), "default/default");
    await refuses("NADB_LOCKED", () => site.backups.archiveOnce());
    await archiver.stop();
    expect(await site.backups.archiveOnce()).toEqual({ versions: 0, seconds: 0 });
  });

  it("its lease lives on through pauses that are longer than it", async () => {
    const site = await openSite();
    const { timer } = await start(site, { everySeconds: 300 });
    for (let i = 0; i < 29; i++) {
      await timer.pass(10_000);
      await refuses("NADB_LOCKED", () => site.backups.archiveOnce());
    }
  });

  it("one that slept while another took over publishes nothing and ends", async () => {
    const site = await openSite();
    await site.store.set("a", "1");
    const { archiver, timer } = await start(site);
    site.clock.time += 61_000; // it did not come to renew
    await site.store.set("a", "2");
    const other = await openManager(site.store, site.target, site.clock);
    await other.archiveOnce();
    const before = await segmentsOf(site);
    await site.store.set("a", "3");
    const ended = refuses("NADB_LOCKED", () => archiver.done);
    timer.pass(1_000).catch(() => undefined);
    await ended;
    expect(await segmentsOf(site)).toEqual(before);
  });
});

describe("the archiver › taken over", () => {
  it.each([
    ["while it writes: it publishes nothing", /^wrote archive.*nadb$/],
    [
      "just before its manifest, its data swept: the manifest goes, too",
      /^write archive.*\d\.json$/,
    ],
  ])("%s", async (_name, when) => {
    const site = await openSite();
    await site.store.set("a", "1");
    await site.backups.archiveOnce();
    await site.store.set("a", "2");
    let isTaken = false;
    const other = await openManager(
      site.store,
      new SteppingTarget(site.target, { onStep: () => undefined, isGone: () => true }),
      site.clock,
    );
    const target = new SteppingTarget(site.target, {
      onStep: async (_, what) => {
        if (isTaken || !when.test(what) || what.includes("lease")) return;
        isTaken = true;
        site.clock.time += 1;
        await other.archiveOnce();
      },
    });
    const first = await openManager(site.store, target, site.clock);
    await refuses("NADB_LOCKED", () => first.archiveOnce());
    expect(isTaken).toBe(true);
    expect(await segmentsOf(site)).toHaveLength(1);
    expect((await site.backups.verifyArchive()).findings).toEqual([]);
    await site.backups.archiveOnce();
    expect((await site.backups.points()).latest).toMatchObject({ version: 2 });
  });
});

describe("the archiver › failures", () => {
  it("a target that is away is told and tried again, later each time; then one segment catches up", async () => {
    const { site, down } = await failingSite();
    const [pauses, lags]: [number[], Lag[]] = [[], []];
    await site.store.set("a", "1");
    const onRetry = (error: unknown, afterMs: number) => {
      expect(error).toMatchObject({ code: "NADB_IO" });
      pauses.push(afterMs);
    };
    const running = await start(site, { onRetry, onLag: (lag) => lags.push(lag) });
    down.is = true;
    for (let i = 0; i < 5; i++) await site.store.set("a", `more ${i}`);
    await running.timer.pass(40_000);
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000]);
    expect(lags.at(-1)?.versions).toBe(5);
    expect(lags.at(-1)?.seconds).toBeGreaterThan(20);
    down.is = false;
    await running.timer.pass(60_000);
    expect(running.archiver.lag).toEqual({ versions: 0, seconds: 0 });
    expect(await segmentsOf(site)).toHaveLength(1);
  });

  it("gives up after as many failures in a row as it may have, with the last of them", async () => {
    const { site, down } = await failingSite();
    await site.store.set("a", "1");
    const { archiver, timer } = await start(site, { maxFailures: 3 });
    down.is = true;
    await site.store.set("a", "2");
    const ended = refuses("NADB_IO", () => archiver.done, "the target is away");
    timer.pass(600_000).catch(() => undefined);
    await ended;
  });

  it("a store that is closed ends it at once", async () => {
    const site = await openSite();
    const { archiver, timer } = await start(site);
    await site.store.close();
    const ended = refuses("NADB_CLOSED", () => archiver.done);
    timer.pass(1_000).catch(() => undefined);
    await ended;
  });

  it("an older copy of the store in its place is noticed, and nothing is archived of it", async () => {
    const site = await openSite();
    for (let i = 0; i < 5; i++) await site.store.set("a", `${i}`);
    const { archiver } = await start(site);
    await archiver.stop();
    const head = await site.store.storage.head();
    const older = (changed: object) =>
      override(site.store.storage, { head: async () => ({ ...head, ...changed }) });
    for (const changed of [
      { version: head.version - 1, checkpoint: "other" },
      { digest: "00".repeat(32) },
    ]) {
      const manager = await openManager(older(changed), site.target, site.clock);
      const before = await pathsOf(site.target);
      await refuses(
        "NADB_CORRUPTION",
        () => manager.archiveOnce(),
        "not the one that was archived",
      );
      expect(await pathsOf(site.target)).toEqual(before);
    }
  });

  it("a compaction that fails is told, and archiving goes on", async () => {
    const site = await openSite();
    const failures: unknown[] = [];
    const policy = [{ everySeconds: 4, forSeconds: 8 }];
    await site.store.set("a", "1");
    const running = await start(site, {
      policy,
      onCompactionFailed: (error) => failures.push(error),
    });
    await site.store.set("a", "2");
    await running.timer.pass(1_000);
    const [damaged] = await segmentsOf(site);
    await site.target.write(damaged as string, [Buffer.from("{}")]);
    for (let i = 0; i < 12; i++) {
      await site.store.set("a", `more ${i}`);
      await running.timer.pass(1_000);
    }
    expect(failures[0]).toMatchObject({ code: "NADB_CORRUPTION" });
    expect(running.archiver.lag).toEqual({ versions: 0, seconds: 0 });
  });
});

describe("the archiver › options", () => {
  it.each<[string, ArchiveOptions]>([
    ["no pause", { everySeconds: 0 }],
    ["a pause of more than a day", { everySeconds: 90_000 }],
    ["an empty policy", { policy: [] }],
    ["a step of no whole seconds", { policy: [{ everySeconds: 0.5, forSeconds: 10 }] }],
    ["a level shorter than its step", { policy: [{ everySeconds: 60, forSeconds: 10 }] }],
    [
      "a finer level behind a coarser one",
      {
        policy: [
          { everySeconds: 60, forSeconds: 60 },
          { everySeconds: 1, forSeconds: 90 },
        ],
      },
    ],
    [
      "a step that is no multiple",
      {
        policy: [
          { everySeconds: 7, forSeconds: 70 },
          { everySeconds: 60, forSeconds: 600 },
        ],
      },
    ],
    [
      "a coarser level that is no longer",
      {
        policy: [
          { everySeconds: 1, forSeconds: 600 },
          { everySeconds: 60, forSeconds: 600 },
        ],
      },
    ],
  ])("%s is refused before anything is written", async (_name, options) => {
    const site = await openSite();
    const before = await pathsOf(site.target);
    await refuses("NADB_INVALID_ARGUMENT", () => site.backups.archive(options));
    expect(await pathsOf(site.target)).toEqual(before);
  });

  it("a signal stops it, after the segment that it is writing", async () => {
    const site = await openSite();
    await site.store.set("a", "1");
    const controller = new AbortController();
    let reading = false;
    const target = new SteppingTarget(site.target, {
      onStep: (_, what) => {
        if (!what.startsWith("write archive/") || !what.includes(".nadb") || reading) return;
        reading = true;
        controller.abort();
      },
    });
    const backups = await openManager(site.store, target, site.clock);
    const { archiver, timer } = await start({ ...site, backups }, { signal: controller.signal });
    await site.store.set("a", "2");
    timer.pass(1_000).catch(() => undefined);
    await archiver.done;
    expect(await segmentsOf(site)).toHaveLength(1);
    expect((await pathsOf(site.target)).filter((path) => path.includes("lease"))).toEqual([]);
  });
});
