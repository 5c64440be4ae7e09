// Drills: restored for real, compared, timed, and gone again, whatever happens.
import { memoryBackend, NadbError, type NamespaceId, type StorageBackend } from "@nadb/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { backupAllNamespaces, readEvidence, sweepScratch } from "../../src/index.js";
import { chainedSite } from "../support/chained.js";
import { failureOf } from "../support/fails.js";
import { flipBit, patchFile, pathsOf } from "../support/files.js";
import { override } from "../support/override.js";
import { Clock, openSite } from "../support/store.js";

async function openBackend(clock: () => number): Promise<StorageBackend> {
  const backend = memoryBackend({ clock });
  await backend.open();
  onTestFinished(() => backend.close());
  return backend;
}

async function namespacesOf(backend: StorageBackend): Promise<string[]> {
  const ids: NamespaceId[] = [];
  for await (const id of backend.namespaces()) ids.push(id);
  return ids.map(({ db, namespace }) => `${db}/${namespace}`);
}

async function drillSite() {
  const site = await chainedSite();
  const backend = await openBackend(site.clock.now);
  return { ...site, backend };
}

describe("drill", () => {
  it("restores the newest backup, tells how long it took, and leaves nothing in the store", async () => {
    const { backups, backend, clock, target } = await drillSite();
    const onProgress = () => {
      clock.time += 250;
    };
    const { stateDigest } = await backups.getBackup("two");
    const drill = await backups.drill(undefined, { backend, onProgress });
    expect(drill).toMatchObject({ backupId: "two", ok: true, findings: [], recorded: true });
    expect(drill).toMatchObject({ recordCount: 9, stateDigest, backend: "memory" });
    expect(drill.seconds).toBeGreaterThan(0);
    expect(drill.recordsPerSecond).toBeCloseTo(9 / drill.seconds);
    expect(await namespacesOf(backend)).toEqual([]);
    const evidence = await readEvidence(target, await backups.getChain("two"), "drill");
    expect(evidence).toMatchObject({ ok: true, seconds: drill.seconds, records: 9, stateDigest });
  });

  it("restores what has expired since as it was at the cut", async () => {
    const { backups, backend, clock } = await drillSite();
    clock.time += 3_600_000;
    const { stateDigest } = await backups.getBackup("full");
    expect(await backups.drill("full", { backend })).toMatchObject({
      ok: true,
      recordCount: 11,
      stateDigest,
    });
  });

  it("of a damaged backup says so, records it, and leaves nothing in the store", async () => {
    const { backups, backend, target } = await drillSite();
    await patchFile(target, "one/data.nadb", (bytes) => flipBit(bytes, 8 * 60));
    const drill = await backups.drill("two", { backend });
    expect(drill).toMatchObject({ ok: false, recordCount: 0, recorded: true });
    expect(drill.findings[0]?.detail).toContain("one/data.nadb");
    expect(await namespacesOf(backend)).toEqual([]);
    const evidence = await readEvidence(target, await backups.getChain("two"), "drill");
    expect(evidence).toMatchObject({ ok: false, lastOkAt: null });
  });

  it("of a backup whose manifest is damaged says so", async () => {
    const { backups, backend, target } = await drillSite();
    await patchFile(target, "two/metadata.json", (bytes) => flipBit(bytes, 400));
    expect(await backups.drill("two", { backend })).toMatchObject({ ok: false, recorded: false });
  });

  it("finds a store that gives back something else than was loaded", async () => {
    const { backups, backend } = await drillSite();
    const forgetful = override(backend, {
      namespace: async (id) => {
        const storage = await backend.namespace(id);
        return override(storage, {
          async *changes(since, options) {
            for await (const page of storage.changes(since, options))
              yield { ...page, changes: page.changes.slice(1) };
          },
        });
      },
    });
    const { ok, findings } = await backups.drill("two", { backend: forgetful });
    expect(ok).toBe(false);
    expect(findings[0]?.detail).toContain("the store gives back state digest");
  });

  it("throws what is no fault of the backup, records nothing and leaves nothing", async () => {
    const { backups, backend, target } = await drillSite();
    const failure = new NadbError("NADB_IO", "no space left");
    const full = override(backend, {
      namespace: async (id) => {
        const storage = await backend.namespace(id);
        return override(storage, {
          replace: async () => {
            await storage.commit([{ type: "put", key: "half", value: new Uint8Array(1) }]);
            throw failure;
          },
        });
      },
    });
    expect(await failureOf(() => backups.drill("two", { backend: full }))).toBe(failure);
    expect(await namespacesOf(backend)).toEqual([]);
    expect(await pathsOf(target)).not.toContain("two/drilled.json");
    await expect(backups.drill("nosuch", { backend })).rejects.toMatchObject({
      code: "NADB_NOT_FOUND",
    });
  });

  it("an abort leaves nothing", async () => {
    const { backups, backend } = await drillSite();
    const controller = new AbortController();
    const options = { backend, signal: controller.signal, onProgress: () => controller.abort() };
    expect(await failureOf(() => backups.drill("two", options))).toBe(controller.signal.reason);
    expect(await namespacesOf(backend)).toEqual([]);
  });

  it("without any backup of the namespace is refused", async () => {
    const { backups, clock } = await openSite();
    const backend = await openBackend(clock.now);
    await expect(backups.drill(undefined, { backend })).rejects.toMatchObject({
      code: "NADB_NOT_FOUND",
    });
  });
});

describe("the scratch of a drill that died", () => {
  /** A backend whose process dies when the drill would drop its scratch. */
  const dying = (backend: StorageBackend): StorageBackend =>
    override(backend, {
      drop: async () => {
        throw new NadbError("NADB_IO", "killed");
      },
    });

  it("is removed by the next drill once its mark has ended, and not before", async () => {
    const { backups, backend, clock } = await drillSite();
    await failureOf(() => backups.drill("two", { backend: dying(backend) }));
    const left = await namespacesOf(backend);
    expect(left).toHaveLength(2);
    expect(left[0]).toMatch(/^default\/nadb-drill-[0-9a-f]{16}$/);
    await backups.drill("two", { backend });
    expect(await namespacesOf(backend)).toEqual(left);
    clock.time += 60_001;
    await backups.drill("two", { backend });
    expect(await namespacesOf(backend)).toEqual([]);
  });

  it("is removed at once when its process is known to be gone", async () => {
    const { backups, backend, target, clock } = await drillSite();
    await failureOf(() => backups.drill("two", { backend: dying(backend) }));
    const { host } = backups.repository;
    const knowing = override(target, { isGone: () => true });
    expect(await sweepScratch(backend, { ...host, clock: clock.now, target: knowing })).toBe(1);
    expect(await namespacesOf(backend)).toEqual([]);
  });

  it("nothing of users is taken for one", async () => {
    const { backups, backend } = await drillSite();
    const value = new Uint8Array(1);
    for (const namespace of ["nadb-drill", "nadb-drill-mine", "xnadb-drill-0123456789abcdef"]) {
      const storage = await backend.namespace({ db: "d", namespace });
      await storage.commit([{ type: "put", key: "k", value }]);
    }
    const before = await namespacesOf(backend);
    await backups.drill("two", { backend });
    expect(await namespacesOf(backend)).toEqual(before);
  });

  it("is in no set of backups", async () => {
    const { backups, backend, clock } = await drillSite();
    await failureOf(() => backups.drill("two", { backend: dying(backend) }));
    const storage = await backend.namespace({ db: "d", namespace: "n" });
    await storage.commit([{ type: "put", key: "k", value: new Uint8Array(1) }]);
    const { repository } = backups;
    const set = await backupAllNamespaces({ backend, repository, label: "set" });
    expect(set.backups.map(({ sourceNamespace }) => sourceNamespace)).toEqual(["n"]);
    expect(clock).toBeInstanceOf(Clock);
  });
});
