// Evidence: what verifications leave beside a backup, of which content it counts, and that it is in nobody's way.
import { NadbError } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { Repository, readEvidence } from "../src/index.js";
import { chainedSite } from "./support/chained.js";
import { flipBit, patchFile, pathsOf, readFile, snapshotOf, writeFile } from "./support/files.js";
import { readJson } from "./support/manifest.js";
import { override } from "./support/override.js";
import { openManager, type Site } from "./support/store.js";

const evidenceOf = async ({ backups, target }: Site, backupId: string) =>
  readEvidence(target, await backups.getChain(backupId), "full");

describe("evidence", () => {
  it("of a full verification tells when, what and how long", async () => {
    const site = await chainedSite();
    const { backups, clock, target } = site;
    const onProgress = () => {
      clock.time += 500;
    };
    const { recorded, stateDigest } = await backups.verifyBackup("two", { onProgress });
    const at = new Date(clock.time).toISOString();
    expect(recorded).toBe(true);
    const found = await evidenceOf(site, "two");
    expect(found).toMatchObject({ level: "full", at, ok: true, findings: [], stateDigest });
    expect(found).toMatchObject({ records: 9, lastOkAt: at });
    expect(found?.seconds).toBeGreaterThan(0);
    expect(await readJson(target, "two/verified.json")).toMatchObject({
      format: "nadb-evidence",
      format_version: 1,
      at,
    });
  });

  it.each([{ level: "quick" }, { level: "checksum" }, { record: false }] as const)(
    "is not kept with %o",
    async (options) => {
      const { backups, target } = await chainedSite();
      const before = await snapshotOf(target);
      expect(await backups.verifyBackup("two", options)).toMatchObject({ recorded: false });
      expect(await snapshotOf(target)).toEqual(before);
    },
  );

  it("a repository keeps none unless it is told to", async () => {
    const { target } = await chainedSite();
    const repository = await Repository.open(target);
    expect(await repository.verify("full")).toMatchObject({ ok: true, recorded: false });
    expect(await repository.verify("full", { record: true })).toMatchObject({ recorded: true });
  });

  it("of damage replaces what was, and still tells when it was last ok", async () => {
    const site = await chainedSite();
    const { backups, clock, target } = site;
    await backups.verifyBackup("two");
    const okAt = new Date(clock.time).toISOString();
    clock.time += 60_000;
    await patchFile(target, "one/data.nadb", (bytes) => flipBit(bytes, 8 * 60));
    const { findings } = await backups.verifyBackup("two");
    expect(await evidenceOf(site, "two")).toMatchObject({
      ok: false,
      findings: [findings[0]?.detail],
      lastOkAt: okAt,
      at: new Date(clock.time).toISOString(),
    });
  });

  it("counts for nothing once anything of the chain is another", async () => {
    const site = await chainedSite();
    const { backups } = site;
    await backups.verifyBackup("two");
    await backups.consolidateBackup("one");
    expect(await evidenceOf(site, "two")).toBeUndefined();
    expect((await backups.verifyBackup("two")).recorded).toBe(true);
    expect(await evidenceOf(site, "two")).toMatchObject({ ok: true });
  });

  it("copied to another backup counts for nothing", async () => {
    const site = await chainedSite();
    await site.backups.verifyBackup("full");
    await writeFile(
      site.target,
      "one/verified.json",
      await readFile(site.target, "full/verified.json"),
    );
    expect(await evidenceOf(site, "one")).toBeUndefined();
  });

  it.each(["", "{}", "[]", '{"format":"nadb-evidence","format_version":2}'])(
    "that says %j counts for nothing",
    async (content) => {
      const site = await chainedSite();
      await writeFile(site.target, "full/verified.json", content);
      expect(await evidenceOf(site, "full")).toBeUndefined();
    },
  );

  it("that can not be written keeps no verification from its end", async () => {
    const { store, target, clock } = await chainedSite();
    const full = override(target, {
      write: async (path) => {
        throw new NadbError("NADB_IO", `${path}: no space left`);
      },
    });
    const manager = await openManager(store, full, clock);
    expect(await manager.verifyBackup("two")).toMatchObject({ ok: true, recorded: false });
  });

  it("goes with its backup", async () => {
    const { backups, target } = await chainedSite();
    await backups.verifyBackup("two");
    await backups.deleteBackup("two");
    expect((await pathsOf(target)).filter((path) => path.startsWith("two/"))).toEqual([]);
  });

  it("is swept with what a deletion has left because somebody was reading", async () => {
    const { backups, target } = await chainedSite();
    const reading = await backups.repository.reading("two");
    await backups.deleteBackup("two");
    await writeFile(target, "two/verified.json", "{}"); // by whoever was verifying it
    expect((await backups.listBackups()).length).toBe(2);
    await reading.release();
    await backups.repository.sweepLeftovers();
    expect((await pathsOf(target)).filter((path) => path.startsWith("two/"))).toEqual([]);
  });

  it("beside a manifest is no leftover", async () => {
    const { backups, target } = await chainedSite();
    await backups.verifyBackup("two");
    const before = await snapshotOf(target);
    await backups.repository.sweepLeftovers();
    expect(await snapshotOf(target)).toEqual(before);
  });
});

describe("the state that a manifest counts", () => {
  it("is the namespace's at the cut, of incrementals too", async () => {
    const { backups, store } = await chainedSite();
    const { count, bytes } = await store.storage.head();
    expect(await backups.getBackup("two")).toMatchObject({ stateCount: count, stateBytes: bytes });
    expect(await backups.getBackup("full")).toMatchObject({ stateCount: 11, recordCount: 11 });
  });

  it.each(["state_count", "state_bytes"])("is compared: %s", async (field) => {
    const { backups, target } = await chainedSite();
    const { seal, writeJson } = await import("./support/manifest.js");
    const json = await readJson(target, "two/metadata.json");
    await writeJson(
      target,
      "two/metadata.json",
      seal({ ...json, [field]: Number(json[field]) + 1 }),
    );
    const { ok, findings } = await backups.verifyBackup("two");
    expect(ok).toBe(false);
    expect(findings[0]?.detail).toContain(field.replace("_", " "));
  });
});
