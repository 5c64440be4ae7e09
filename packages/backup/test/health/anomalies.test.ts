// What is unusual about a backup, told from manifests; and the gate that holds what is older.
import { describe, expect, it } from "vitest";
import {
  anomaliesIn,
  anomaliesOf,
  type BackupInfo,
  heldFor,
  planRetention,
} from "../../src/index.js";
import { keptOfRun } from "../../src/taken-run.js";
import { sample } from "../support/manifest.js";
import { fill, openSite, type Site } from "../support/store.js";

const KB = 1_000;

/** Fulls of a namespace, one for each count of records. */
const fulls = (...counts: readonly number[]): BackupInfo[] =>
  counts.map((count, i) => ({
    ...sample,
    backupId: `b${i + 1}`,
    sequence: i + 1,
    recordCount: count,
    fileCount: count,
    tombstoneCount: 0,
    stateCount: count,
    totalSize: count * KB,
    stateBytes: count * KB,
    storedSize: count * KB * 0.4,
  }));

/** An incremental on the last of the others. */
const incremental = (
  parent: BackupInfo,
  id: string,
  changed: { readonly put?: number; readonly deleted?: number; readonly count?: number },
): BackupInfo => {
  const { put = 0, deleted = 0, count = parent.stateCount ?? 0 } = changed;
  return {
    ...parent,
    backupId: id,
    sequence: parent.sequence + 1,
    backupType: "incremental",
    parentBackupId: parent.backupId,
    recordCount: put,
    tombstoneCount: deleted,
    fileCount: put + deleted,
    totalSize: put * KB,
    storedSize: put * KB * 0.4,
    stateCount: count,
  };
};

const kinds = (backup: BackupInfo, earlier: readonly BackupInfo[]): string[] =>
  anomaliesOf(backup, earlier).map(({ kind }) => kind);

const last = (backups: readonly BackupInfo[]): [BackupInfo, BackupInfo[]] => [
  backups.at(-1) as BackupInfo,
  backups.slice(0, -1),
];

describe("anomalies › records", () => {
  it.each([
    ["as usual", [100, 102, 98, 101, 99, 100], []],
    ["grown by half", [100, 102, 98, 101, 99, 150], []],
    ["more than half as many again", [100, 102, 98, 101, 99, 151], ["records"]],
    ["less than half", [100, 102, 98, 101, 99, 49], ["records"]],
    ["of a namespace that always jumps", [100, 500, 50, 900, 200, 700, 1_000], []],
    ["of a namespace that grows steadily", [100, 130, 160, 190, 220, 250], []],
    ["too few earlier ones", [100, 100, 100, 100, 10], []],
    ["of a small namespace", [2, 3, 1, 2, 3, 15], []],
    ["none, after some", [2, 0], ["empty"]],
    ["none, and never any", [0, 0], []],
    ["none, as the first", [0], []],
  ])("%s", (_, counts, expected) => {
    expect(kinds(...last(fulls(...counts)))).toEqual(expected);
  });

  it("empty is told beside the trend", () => {
    expect(kinds(...last(fulls(100, 100, 100, 100, 100, 0)))).toEqual(["empty", "records"]);
  });

  it("an incremental tells the size of its state", () => {
    const base = fulls(100, 100, 100, 100, 100);
    const [parent] = base.slice(-1) as [BackupInfo];
    expect(kinds(incremental(parent, "i", { deleted: 100, count: 0 }), base)).toContain("empty");
    const { stateCount: _, ...uncounted } = incremental(parent, "i", { deleted: 100, count: 0 });
    expect(kinds(uncounted, base)).toEqual([]);
  });
});

describe("anomalies › shares of an incremental", () => {
  const daily = (put: number, deleted: number): BackupInfo[] => {
    const chain = fulls(1_000);
    for (let day = 1; day <= 6; day++)
      chain.push(incremental(chain.at(-1) as BackupInfo, `i${day}`, { put, deleted }));
    return chain;
  };

  it.each([
    ["deletes as usual", { deleted: 20 }, []],
    ["deletes a quarter", { deleted: 250 }, []],
    ["deletes a third", { deleted: 340, count: 660 }, ["deletes"]],
    ["changes half", { put: 500 }, []],
    ["changes all", { put: 1_000 }, ["changes"]],
    ["changes nothing", {}, []],
  ])("%s", (_, changed, expected) => {
    const chain = daily(10, 5);
    expect(kinds(incremental(chain.at(-1) as BackupInfo, "new", changed), chain)).toEqual(expected);
  });

  it("once merged, by the run as it was taken", () => {
    const chain = daily(10, 5);
    const usual = incremental(chain.at(-1) as BackupInfo, "new", { put: 10 });
    const [full] = chain as [BackupInfo];
    const merged = { ...usual, parentBackupId: full.backupId, fileCount: 900, recordCount: 900 };
    expect(kinds(merged, chain)).toEqual(["changes"]);
    const taken = keptOfRun(usual, chain.at(-1) as BackupInfo);
    expect(kinds({ ...merged, ...taken }, chain)).toEqual([]);
    const evil = incremental(chain.at(-1) as BackupInfo, "new", { put: 1_000, deleted: 500 });
    const kept = keptOfRun(evil, chain.at(-1) as BackupInfo);
    const asFull: BackupInfo = {
      ...evil,
      backupType: "full",
      parentBackupId: null,
      tombstoneCount: 0,
    };
    expect(kinds(asFull, chain)).toEqual([]);
    expect(kinds({ ...asFull, ...kept }, chain)).toEqual(["deletes", "changes"]);
    expect(keptOfRun({ ...asFull, ...kept }, full)).toEqual(kept);
  });

  it("a namespace that always changes all of it may", () => {
    const chain = daily(1_000, 0);
    expect(kinds(incremental(chain.at(-1) as BackupInfo, "new", { put: 1_000 }), chain)).toEqual(
      [],
    );
  });
});

describe("anomalies › compression", () => {
  const stored = (share: number, info: BackupInfo): BackupInfo => ({
    ...info,
    storedSize: info.totalSize * share,
  });

  it.each([
    ["values that do not compress any more", 1, ["compression"]],
    ["values that compress to nothing", 0.01, ["compression"]],
    ["values that compress somewhat worse", 0.6, []],
  ])("%s", (_, share, expected) => {
    const [newest, earlier] = last(fulls(100, 100, 100, 100, 100, 100));
    expect(kinds(stored(share, newest), earlier)).toEqual(expected);
  });

  it("is compared with what was written the same way alone", () => {
    const [newest, earlier] = last(fulls(100, 100, 100, 100, 100, 100));
    const plain: BackupInfo = { ...stored(1, newest), compression: false, codec: "none" };
    expect(kinds(plain, earlier)).toEqual([]);
    expect(kinds({ ...stored(1, newest), codec: "zstd" }, earlier)).toEqual([]);
  });
});

describe("anomalies in a history", () => {
  const idsOf = (backups: readonly BackupInfo[], accepted: readonly string[] = []): string[] => [
    ...anomaliesIn(backups, new Set(accepted)).keys(),
  ];

  it("what is unusual never becomes usual by itself", () => {
    expect(idsOf(fulls(100, 100, 100, 100, 100, 10, 10, 10))).toEqual(["b6", "b7", "b8"]);
    expect(idsOf(fulls(100, 0, 0))).toEqual(["b2", "b3"]);
  });

  it("what was accepted is usual from then on", () => {
    const counts = [100, 100, 100, 100, 100, 10, 10, 10];
    expect(idsOf(fulls(...counts), ["b6"])).toEqual([]);
    expect(idsOf(fulls(...counts, 0), ["b6"])).toEqual(["b9"]);
  });

  it("the limits are the caller's", () => {
    const backups = fulls(100, 100, 70);
    const limits = { minEarlier: 2, recordsShare: 0.2 };
    expect([...anomaliesIn(backups, new Set(), limits).keys()]).toEqual(["b3"]);
  });
});

describe("the gate", () => {
  it("holds the unusual backup and all that is older, of its namespace", () => {
    const backups = fulls(100, 100, 0);
    const other = fulls(5, 5).map((info) => ({
      ...info,
      backupId: `o${info.sequence}`,
      sourceNamespace: "other",
    }));
    const info = backups[2] as BackupInfo;
    const unusual = [{ info, anomalies: anomaliesOf(info, backups.slice(0, 2)) }];
    const held = heldFor(unusual, [...backups, ...other]);
    expect([...held.keys()].sort()).toEqual(["b1", "b2", "b3"]);
    expect(held.get("b1")).toBe("until b3 is accepted, which is unusual");
    const plan = planRetention([...backups, ...other], { keepLast: 1 }, { now: 0, held });
    const removed = plan.steps.map(({ backupId }) => backupId);
    expect(removed).toEqual(["o1"]);
  });

  it("nothing is held while nothing is unusual", () => {
    expect(heldFor([], fulls(100, 100, 0)).size).toBe(0);
  });

  it("prune holds what is older until somebody has accepted it", async () => {
    const { backups, store } = await openSite();
    await fill(store, 5);
    await backups.createBackup({ backupId: "good" });
    await backups.createBackup({ backupId: "good2" });
    await store.deleteMany(["k0000", "k0001", "k0002", "k0003", "k0004"]);
    await backups.createIncrementalBackup("good2", { backupId: "emptied" });
    const [unusual] = await backups.unusualBackups();
    expect(unusual?.info.backupId).toBe("emptied");
    const { plan, removed } = await backups.pruneBackups({ keepLast: 1 });
    expect(removed).toEqual([]);
    expect(plan.decisions.map(({ backup, isHeld }) => [backup.backupId, isHeld])).toEqual([
      ["good", true],
      ["good2", false], // needed by what stays in any case
      ["emptied", false],
    ]);
    expect(plan.decisions[0]?.reasons).toEqual([
      "held: until emptied is accepted, which is unusual",
    ]);
    await backups.acceptBackup("emptied", { reason: "the shop is closed" });
    expect(await backups.unusualBackups()).toEqual([]);
    expect((await backups.pruneBackups({ keepLast: 1 })).removed).toEqual(["good"]);
  });

  it("an acceptance is of one cut: merged it stays, of another backup it is none", async () => {
    const { backups, store, target } = await openSite();
    await fill(store, 5);
    await backups.createBackup({ backupId: "good" });
    await store.deleteMany(["k0000", "k0001", "k0002", "k0003", "k0004"]);
    await backups.createIncrementalBackup("good", { backupId: "emptied" });
    await backups.acceptBackup("emptied");
    await backups.consolidateBackup("emptied");
    expect(await backups.unusualBackups()).toEqual([]);
    await target.remove("emptied");
    await backups.createIncrementalBackup("good", { backupId: "emptied2" });
    expect((await backups.unusualBackups()).map(({ info }) => info.backupId)).toEqual(["emptied2"]);
  });

  /** Incrementals that change six others of 40 records each, and one that changes everything. */
  async function overwritten(): Promise<Site> {
    const site = await openSite();
    await fill(site.store, 40);
    await site.backups.createBackup({ backupId: "d0" });
    for (let day = 1; day <= 7; day++) {
      const keys = day === 7 ? 40 : 6;
      for (let i = 0; i < keys; i++)
        await site.store.set(`k${String((day * 6 + i) % 40).padStart(4, "0")}`, `of day ${day}`);
      await site.backups.createIncrementalBackup(`d${day - 1}`, { backupId: `d${day}` });
    }
    return site;
  }

  it.each([null, "d2"])(
    "a merge onto %s leaves an unusual backup unusual, and the gate shut",
    async (onto) => {
      const { backups } = await overwritten();
      const before = await backups.unusualBackups();
      expect(before.map(({ info }) => info.backupId)).toEqual(["d7"]);
      await backups.consolidateBackup("d7", { onto: "d4" });
      await backups.consolidateBackup("d7", { onto });
      const merged = await backups.unusualBackups();
      expect(merged.map(({ anomalies }) => anomalies)).toEqual(before.map((one) => one.anomalies));
      for (const consolidate of [false, true])
        expect((await backups.pruneBackups({ keepLast: 1 }, { consolidate })).removed).toEqual([]);
      await backups.acceptBackup("d7");
      const { removed } = await backups.pruneBackups({ keepLast: 1 }, { consolidate: true });
      expect(removed).toContain("d6");
    },
  );

  it("a merge makes no backup unusual: a prune does not hold what it has merged itself", async () => {
    const { backups } = await overwritten();
    await backups.deleteBackup("d7");
    for (const id of ["d0", "d6"]) await backups.pinBackup(id);
    const { consolidated } = await backups.pruneBackups({ keepLast: 1 }, { consolidate: true });
    expect(consolidated).toEqual(["d6"]);
    expect(await backups.getBackup("d6")).toMatchObject({
      fileCount: 36,
      takenFileCount: 6,
      takenParentCount: 40,
    });
    expect(await backups.unusualBackups()).toEqual([]);
  });

  it("what is not there can not be accepted, and a reason is a text", async () => {
    const { backups } = await openSite();
    await expect(backups.acceptBackup("no")).rejects.toMatchObject({ code: "NADB_NOT_FOUND" });
    await backups.createBackup({ backupId: "b" });
    await expect(backups.acceptBackup("b", { reason: "" })).rejects.toMatchObject({
      code: "NADB_INVALID_ARGUMENT",
    });
  });
});
