// Chains at their edges: racing writers of backups, feeds in any order, clocks that go back, long chains, stores that are
// written to while they are restored into.
import { decodeRecord, encodeRecord, encodeTombstone, isTombstone } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { type BackupManager, type BackupTarget, memoryTarget } from "../src/index.js";
import { chainedSite, runOf, sign } from "./support/chained.js";
import { expectSound, filesOf } from "./support/dying.js";
import { failureOf, refuses } from "./support/fails.js";
import { pathsOf } from "./support/files.js";
import { contentOf } from "./support/oracle.js";
import { override } from "./support/override.js";
import { SteppingTarget } from "./support/stepping-target.js";
import { fill, openManager, openSite, openStore, type Site } from "./support/store.js";

/** The backup, restored elsewhere. */
async function restored({ target, clock }: Site, backupId: string) {
  const store = await openStore(clock.now);
  const backups = await openManager(store, target, clock);
  const { head } = await backups.restoreBackup(backupId, { clearExisting: true });
  return { store, head };
}

async function expectRestores(site: Site, backupId: string): Promise<void> {
  const { store, head } = await restored(site, backupId);
  expect(head.digest).toBe((await site.store.storage.head()).digest);
  expect(await contentOf(store)).toEqual(await contentOf(site.store));
}

describe("incrementals at once", () => {
  it("on one parent are all there, and each restores", async () => {
    const site = await chainedSite();
    const made = await Promise.all(
      [1, 2, 3, 4].map((i) => site.backups.createIncrementalBackup("two", { backupId: `b${i}` })),
    );
    for (const { backupId } of made) await expectRestores(site, backupId);
    expect(await pathsOf(site.target)).toEqual(
      filesOf("full", "one", "two", ...made.map((info) => info.backupId)),
    );
  });

  it("under one id: one of them is there", async () => {
    const site = await chainedSite();
    const outcomes = await Promise.allSettled(
      [1, 2, 3].map(() => site.backups.createIncrementalBackup("two", { backupId: "b" })),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBe(1);
    await expectRestores(site, "b");
  });
});

describe("a parent deleted while its incremental is written, at any step", () => {
  it("is kept, or the incremental is refused: never one without the other", async () => {
    const outcomes = new Set<string>();
    for (let at = 1; ; at++) {
      const site = await chainedSite();
      let came = false;
      let deleted: unknown = "kept";
      const target = new SteppingTarget(site.target, {
        onStep: async (step) => {
          if (step !== at) return;
          came = true;
          deleted = await site.backups.deleteBackup("two").catch((error: unknown) => error);
        },
      });
      const manager = await openManager(site.store, target, site.clock);
      const create = () => manager.createIncrementalBackup("two", { backupId: "b" });
      const error = await create().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      const listed = await expectSound(site.backups);
      if (listed.includes("b")) expect(listed).toContain("two");
      if (error !== undefined) expect(listed).not.toContain("b");
      outcomes.add(`${codeOf(deleted)} / ${codeOf(error)}`);
      site.clock.time += 60_000;
      const next = await site.backups.createIncrementalBackup("one", { backupId: "next" });
      expect(next.stateDigest).toBe((await site.store.storage.head()).digest);
      expect(await expectSound(site.backups)).toContain("next");
      if (!came) break;
    }
    expect([...outcomes].sort()).toEqual([
      "NADB_CONFLICT / done",
      "NADB_LOCKED / done",
      "done / NADB_NOT_FOUND",
      "kept / done",
    ]);
  });

  const codeOf = (outcome: unknown): string =>
    typeof outcome === "string" ? outcome : ((outcome as { code?: string })?.code ?? "done");
});

describe("a feed without key order", () => {
  /** As an engine without snapshots: old versions of a key before its latest, records of what is deleted by then. */
  const chasing = ({ store: { storage } }: Site) =>
    override(storage, {
      async *changes(since) {
        for await (const { changes, end } of storage.changes(since, { pageBytes: 200 })) {
          const records = changes.filter((change) => !isTombstone(change)).map(decodeRecord);
          const stale = records.map((record) =>
            encodeRecord({ ...record, value: new Uint8Array(3), version: record.version - 1 }),
          );
          const gone = records.map(({ key, version }) =>
            encodeTombstone({ key: `gone:${key}`, version, deletedAt: 5 }),
          );
          yield { changes: [...stale, ...gone].reverse() };
          const page = { changes: [...changes].reverse() };
          yield end === undefined ? page : { ...page, end };
        }
      },
    });

  it("makes the same backups, fulls with tombstones included", async () => {
    const site = await openSite();
    const { store, target, clock } = site;
    await fill(store, 40);
    const backups = await openManager(chasing(site), target, clock);
    await backups.createBackup({ backupId: "full" });
    await expectRestores(site, "full");
    expect((await runOf(site, "full")).map(sign)).toContain("-gone:k0001");
    await store.deleteMany(["k0001", "k0030"]);
    await store.set("k0000", "changed");
    await backups.createIncrementalBackup("full", { backupId: "one" });
    await expectRestores(site, "one");
  });

  it("is compared with backups, too", async () => {
    const site = await openSite();
    await fill(site.store, 10);
    const backups = await openManager(chasing(site), site.target, site.clock);
    await backups.createBackup({ backupId: "full" });
    await site.store.delete("k0003");
    const differences = [];
    for await (const one of backups.diffBackups("full", { live: true })) differences.push(one);
    expect(differences).toEqual([{ type: "deleted", key: "k0003" }]);
  });

  it("that says it has key order and has not is refused, not written", async () => {
    const { store, target, clock } = await openSite();
    await fill(store, 5);
    const lying = override(store.storage, {
      async *changes(since) {
        for await (const page of store.storage.changes(since)) {
          yield { ...page, changes: [...page.changes].reverse(), inKeyOrder: true };
        }
      },
    });
    const backups = await openManager(lying, target, clock);
    await refuses("NADB_CORRUPTION", () => backups.createBackup(), "out of order");
    expect(await pathsOf(target)).toEqual(["metadata.json"]);
  });
});

describe("a namespace never written to", () => {
  it("has a full, empty incrementals, and incrementals that begin at nothing", async () => {
    const site = await openSite();
    const { store, backups } = site;
    expect(await backups.createBackup({ backupId: "full" })).toMatchObject({ fileCount: 0 });
    await backups.createIncrementalBackup("full", { backupId: "empty" });
    await expectRestores(site, "empty");
    await fill(store, 3);
    await store.delete("k0001");
    await backups.createIncrementalBackup("empty", { backupId: "first" });
    await expectRestores(site, "first");
    await store.clear();
    await store.set("new", "v");
    await refuses("NADB_CHECKPOINT_EXPIRED", () => backups.createIncrementalBackup("first"));
    await backups.createIncrementalBackup("empty", { backupId: "anew" }); // nothing is behind every content
    await expectRestores(site, "anew");
  });

  it("takes a chain by merge as by replacement", async () => {
    const { store, target, clock } = await chainedSite();
    const other = await openStore(clock.now);
    const backups = await openManager(other, target, clock);
    await backups.restoreBackup("two", { onConflict: "keep-newer" });
    expect(await contentOf(other)).toEqual(await contentOf(store));
  });
});

describe("an incremental after a restore", () => {
  it("laid over the content: goes on, with what the restore brought", async () => {
    const site = await chainedSite();
    await site.store.set("own", "v");
    await site.backups.restoreBackup("full");
    await site.backups.createIncrementalBackup("two", { backupId: "b" });
    await expectRestores(site, "b");
    expect((await runOf(site, "b")).map(sign)).toContain("+own");
  });

  it("that replaced the content: is refused, or is a full", async () => {
    const site = await chainedSite();
    await site.backups.restoreBackup("one", { clearExisting: true });
    for (const parent of ["one", "two"]) {
      await refuses("NADB_CHECKPOINT_EXPIRED", () => site.backups.createIncrementalBackup(parent));
    }
    const options = { backupId: "b", fallbackToFull: true };
    expect((await site.backups.createIncrementalBackup("two", options)).backupType).toBe("full");
    await expectRestores(site, "b");
  });
});

describe("a clock that goes back", () => {
  it("changes nothing of what chains hold and restore", async () => {
    const site = await chainedSite();
    const { store, backups, clock } = site;
    clock.time -= 86_400_000;
    await store.set("k0005", "earlier");
    await store.delete("k0001");
    await backups.createIncrementalBackup("two", { backupId: "b" });
    await expectRestores(site, "b");
    clock.time -= 1;
    await backups.createIncrementalBackup("b", { backupId: "c" });
    const chain = await backups.getChain("c");
    expect(chain.map((info) => info.backupId)).toEqual(["full", "one", "two", "b", "c"]);
    await refuses("NADB_CONFLICT", () => backups.deleteBackup("b"));
  });
});

describe("lives extended", () => {
  it("end with time itself, not beyond", async () => {
    const { store, backups, clock } = await openSite();
    const last = 8_640_000_000_000_000;
    await store.set("long", "v", { expiresAt: last - 5 });
    await backups.createBackup({ backupId: "full" });
    clock.time += 1_000;
    await backups.restoreBackup("full", { ttl: "extend", clearExisting: true });
    expect((await store.getWithMetadata("long"))?.expiresAt).toBe(last);
  });
});

describe("a long chain", () => {
  const LENGTH = 300;

  /** Counts the files that are open for reading. */
  const counting = (target: BackupTarget) => {
    const open = { now: 0, most: 0 };
    const read: BackupTarget["read"] = async function* (path, options) {
      open.most = Math.max(open.most, ++open.now);
      try {
        yield* target.read(path, options);
      } finally {
        open.now--;
      }
    };
    return { open, target: override(target, { read }) };
  };

  it(`of ${LENGTH} incrementals of one change restores as one, and leaves nothing open`, async () => {
    const { target, open } = counting(memoryTarget());
    const site = await openSite(target);
    const { store, backups } = site;
    await fill(store, 20);
    let { backupId } = await backups.createBackup({ backupId: "b0" });
    for (let i = 1; i <= LENGTH; i++) {
      const key = `k00${String(i % 30).padStart(2, "0")}`;
      await (i % 7 === 0 ? store.delete(key) : store.set(key, `at ${i}`));
      const options = { backupId: `b${i}`, compression: false };
      ({ backupId } = await backups.createIncrementalBackup(backupId, options));
    }
    open.most = 0;
    await expectRestores(site, backupId);
    expect((await backups.verifyBackup(backupId)).ok).toBe(true);
    expect(open.now).toBe(0);
    expect(open.most).toBeLessThan(20);
    for await (const _ of backups.readBackup(backupId)) break;
    expect(open.now).toBe(0);
  }, 120_000);
});

describe("a restore into a store that is written to", () => {
  /** Writes at every step that the restore takes in reading. */
  async function restoreWhileWriting(site: Site, options: object) {
    const { store, target, clock } = site;
    let written = 0;
    const busy = new SteppingTarget(target, {
      onStep: async (_, what) => {
        if (what.includes("readers/")) return;
        await store.set(`own:${++written}`, "v");
        await store.set("k0000", `own ${written}`);
      },
    });
    const backups: BackupManager = await openManager(store, busy, clock);
    const restoration = await backups.restoreBackup("two", options);
    expect(written).toBeGreaterThan(10);
    return { restoration, written };
  }

  it("replaces all of it in one step, and the next write lands on the new content", async () => {
    const site = await chainedSite();
    const { stateDigest } = await site.backups.getBackup("two");
    const { restoration } = await restoreWhileWriting(site, { clearExisting: true });
    expect(restoration.head.digest).toBe(stateDigest);
    expect((await site.store.storage.head()).digest).toBe(stateDigest);
    await site.store.set("own:1", "after");
    expect((await site.store.keys({ prefix: "own:" })).items).toEqual(["own:1"]);
  });

  it.each(["overwrite", "keep-existing", "keep-newer"] as const)(
    "laid over it (%s) loses no other write, and decides on conflicts at its end",
    async (onConflict) => {
      const site = await chainedSite();
      site.clock.time += 1_000;
      const { written, restoration } = await restoreWhileWriting(site, { onConflict });
      const own = await site.store.keys({ prefix: "own:", limit: 10_000 });
      expect(own.items.length).toBe(written);
      const value = new TextDecoder().decode(await site.store.get("k0000"));
      expect(value.startsWith("own")).toBe(onConflict !== "overwrite");
      expect(restoration.skipped > 0).toBe(onConflict !== "overwrite");
    },
  );

  it("of content replaced meanwhile is refused, and that content stays", async () => {
    const site = await chainedSite();
    let steps = 0;
    const busy = new SteppingTarget(site.target, {
      onStep: async (_, what) => {
        if (what === "read on full/data.nadb" && ++steps === 2) await site.store.clear();
      },
    });
    const backups = await openManager(site.store, busy, site.clock);
    const error = await failureOf(() => backups.restoreBackup("two", { clearExisting: true }));
    expect(error).toMatchObject({ code: "NADB_CONFLICT" });
    expect((await site.store.keys()).items).toEqual([]);
  });
});
