// The time that a cut is labelled with: none of its changes came later, whoever writes while its feed is read.
import { decodeChange, type EncodedChange } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { located } from "../../src/archive/segments.js";
import { type BackupInfo, BackupManager } from "../../src/index.js";
import { readRun } from "../../src/run/read-run.js";
import { openSite, type Site } from "../support/store.js";
import { whileRead } from "../support/while-read.js";

/** A manager whose feed is read while somebody writes a key each second. */
async function writtenSite(isChasing: boolean) {
  const site = await openSite();
  await site.store.set("first", "1");
  let writes = 0;
  const meanwhile = async (): Promise<void> => {
    site.clock.time += 1_000;
    await site.store.set(`beside ${writes++}`, "2");
  };
  const store = whileRead(site.store.storage, { meanwhile, isChasing });
  const { target, clock } = site;
  return { site, manager: await BackupManager.open({ store, target, clock: clock.now }) };
}

async function latestIn({ target }: Site, info: BackupInfo): Promise<number> {
  const times: number[] = [];
  const timeOf = (encoded: EncodedChange): number => {
    const change = decodeChange(encoded);
    return change.type === "record" ? change.record.updatedAt : change.tombstone.deletedAt;
  };
  for await (const changes of readRun(target, info, {})) times.push(...changes.map(timeOf));
  return Math.max(...times);
}

const timeOf = ({ timestamp }: BackupInfo): number => Date.parse(timestamp);

describe("a label is not earlier than any change of its cut ›", () => {
  it.each([
    ["a view", false],
    ["a feed that is chased", true],
  ])("a full backup from %s, and an incremental", async (_, isChasing) => {
    const { site, manager } = await writtenSite(isChasing);
    const full = await manager.createBackup({ backupId: "full" });
    expect(timeOf(full)).toBe(await latestIn(site, full));
    const incremental = await manager.createIncrementalBackup("full");
    expect(incremental.recordCount).toBe(2);
    expect(timeOf(incremental)).toBe(await latestIn(site, incremental));
  });

  it("a segment", async () => {
    const { site, manager } = await writtenSite(false);
    await manager.archiveOnce();
    await site.store.set("second", "1");
    const written: BackupInfo[] = [];
    await manager.archiveOnce({ onSegment: ({ info }) => written.push(info) });
    const info = written[0] as BackupInfo;
    expect(info.recordCount).toBe(3);
    expect(timeOf(info)).toBe(await latestIn(site, located(manager.storage.id, info)));
    expect((await manager.points()).latest).toMatchObject({ time: timeOf(info) });
  });
});
