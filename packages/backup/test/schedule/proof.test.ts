// When the newest backup counts as proven: what must not count, one case for each line that keeps it from it.
import { memoryBackend } from "@nadb/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { newestBackup } from "../../src/schedule/proof.js";
import { flipBit, patchFile } from "../support/files.js";
import { openSite, type Site } from "../support/store.js";

const HOUR = 3_600_000;

/** A full backup and an incremental on it, taken an hour after the start. */
async function takenSite(): Promise<Site> {
  const site = await openSite();
  await site.store.set("a", "1");
  site.clock.time += HOUR;
  await site.backups.createBackup({ backupId: "full" });
  await site.store.set("a", "2");
  await site.backups.createIncrementalBackup("full", { backupId: "one" });
  return site;
}

async function drill({ backups, clock }: Site): Promise<void> {
  const backend = memoryBackend({ clock: clock.now });
  await backend.open();
  onTestFinished(() => backend.close());
  await backups.drill("one", { backend });
}

const provenAt = async ({ backups }: Site) => (await newestBackup(backups))?.provenAt;

const flip = ({ target }: Site) =>
  patchFile(target, "one/data.nadb", (bytes) => flipBit(bytes, 8 * 60));

describe("the newest backup is proven ›", () => {
  it("by a full verification or a drill, whichever came last", async () => {
    const site = await takenSite();
    expect(await newestBackup(site.backups)).toMatchObject({ backupId: "one", provenAt: null });
    await site.backups.verifyBackup("one", { level: "checksum" });
    expect(await provenAt(site)).toBeNull();
    await site.backups.verifyBackup("one");
    expect(await provenAt(site)).toBe(new Date(site.clock.time).toISOString());
    site.clock.time += HOUR;
    await drill(site);
    expect(await provenAt(site)).toBe(new Date(site.clock.time).toISOString());
  });

  it("not by what a clock that was set back says was before it", async () => {
    const site = await takenSite();
    site.clock.time -= 1;
    await site.backups.verifyBackup("one");
    expect(await provenAt(site)).toBeNull();
    site.clock.time += 1;
    await site.backups.verifyBackup("one");
    expect(await provenAt(site)).not.toBeNull();
  });

  it.each(["one/data.nadb", "full/data.nadb", "full/metadata.json"])(
    "not once %s is gone",
    async (path) => {
      const site = await takenSite();
      await site.backups.verifyBackup("one");
      await site.target.remove(path);
      expect(await provenAt(site)).toBeNull();
    },
  );

  it("not once a verification has contradicted a drill, nor a drill a verification", async () => {
    for (const contradict of [drill, (site: Site) => site.backups.verifyBackup("one")]) {
      const site = await takenSite();
      await drill(site);
      await site.backups.verifyBackup("one");
      site.clock.time += HOUR;
      await flip(site);
      await contradict(site);
      expect(await provenAt(site)).toBeNull();
      await flip(site);
      expect(await provenAt(site), "nobody has read it since").toBeNull();
    }
  });

  it("not while one of them has found damage, though the other came later", async () => {
    const site = await takenSite();
    await flip(site);
    await drill(site);
    await flip(site);
    site.clock.time += HOUR;
    await site.backups.verifyBackup("one");
    expect(await provenAt(site)).toBeNull();
    await drill(site);
    expect(await provenAt(site)).not.toBeNull();
  });
});
