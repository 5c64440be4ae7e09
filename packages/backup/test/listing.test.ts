// Listing a repository of many backups: in order, several manifests at a time, and no more than these; and opening one that
// is not to be made.
import { describe, expect, it } from "vitest";
import { BackupManager, type BackupTarget, memoryTarget, Repository } from "../src/index.js";
import { refuses } from "./support/fails.js";
import { patchFile, pathsOf } from "./support/files.js";
import { override } from "./support/override.js";
import { openSite, openStore } from "./support/store.js";

const turn = (): Promise<void> => new Promise(setImmediate);
const IDS = Array.from({ length: 40 }, (_, i) => `b${String((i * 7) % 40).padStart(2, "0")}`);

/** 40 backups, taken in the order of IDS. */
async function shelf(): Promise<BackupTarget> {
  const { target, backups, clock } = await openSite();
  for (const backupId of IDS) {
    clock.time += 1_000;
    await backups.createBackup({ backupId });
  }
  return target;
}

/** A target whose reads take their time, some longer; it counts them. */
function slow(target: BackupTarget) {
  const seen = { underWay: 0, most: 0, paths: [] as string[] };
  const read: BackupTarget["read"] = async function* (path, options) {
    seen.paths.push(path);
    seen.most = Math.max(seen.most, ++seen.underWay);
    for (let i = 0; i <= path.charCodeAt(2) % 5; i++) await turn();
    yield* target.read(path, options);
    seen.underWay--;
  };
  return { target: override(target, { read }), seen };
}

const idsOf = (items: readonly { readonly backupId: string }[]): string[] =>
  items.map(({ backupId }) => backupId);

describe("listing", () => {
  it("is in the order of age, whatever manifest comes first", async () => {
    const { target, seen } = slow(await shelf());
    const repository = await Repository.open(target);
    expect(idsOf(await repository.list())).toEqual(IDS);
    expect(seen.most).toBe(16);
  });

  it("reads each manifest once, and the index no more than to open", async () => {
    const { target, seen } = slow(await shelf());
    const repository = await Repository.open(target);
    seen.paths.length = 0;
    await repository.list();
    expect(seen.paths.sort()).toEqual(IDS.map((id) => `${id}/metadata.json`).sort());
  });

  it("tells what is damaged and what is lost, in the order of the folders", async () => {
    const target = await shelf();
    const damaged = ["b03", "b11", "b12", "b30"];
    for (const id of damaged) await patchFile(target, `${id}/metadata.json`, () => Buffer.of(0));
    for (const id of ["b07", "b29"]) await target.remove(`${id}/metadata.json`);
    const gone = [...damaged, "b07", "b29"];
    const { backups, findings } = await (await Repository.open(slow(target).target)).scan();
    expect(idsOf(backups)).toEqual(IDS.filter((id) => !gone.includes(id)));
    const folders = (await target.list("")).map(({ name }) => name);
    expect(idsOf(findings)).toEqual(folders.filter((name) => gone.includes(name)));
  });

  it("a target that fails ends it with that failure", async () => {
    const inner = await shelf();
    const failure = new Error("the line is dead");
    const read: BackupTarget["read"] = (path, options) => {
      if (path === "b20/metadata.json") throw failure;
      return inner.read(path, options);
    };
    const repository = await Repository.open(override(inner, { read }));
    await expect(repository.list()).rejects.toBe(failure);
  });
});

describe("a manager", () => {
  it("makes a repository of an empty target, or does not when told so", async () => {
    const store = await openStore();
    const target = memoryTarget();
    await refuses("NADB_NOT_A_REPOSITORY", () =>
      BackupManager.open({ store, target, create: false }),
    );
    expect(await pathsOf(target)).toEqual([]);
    await BackupManager.open({ store, target });
    expect(await pathsOf(target)).toEqual(["metadata.json"]);
    expect(
      await (await BackupManager.open({ store, target, create: false })).listBackups(),
    ).toEqual([]);
  });
});
