// A chain whose packs were written with zstd, by a runtime that can, kept in golden/: every runtime verifies and restores
// it. The manifests are today's, with the packs put in the place of those that they name. To write the packs anew, for a
// format that nobody has used yet: run this under Node 22.15 or later with NADB_WRITE_GOLDEN=1.
import { readFileSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { Compression } from "../src/index.js";
import type * as platform from "../src/platform/zstd.node.js";
import * as portable from "../src/platform/zstd.portable.js";
import { refuses } from "./support/fails.js";
import { pathsOf, readFile, sha256Hex, writeFile } from "./support/files.js";
import { readJson, seal, writeJson } from "./support/manifest.js";
import { blocksOf } from "./support/pack.js";
import { fill, measure, openManager, openSite, openStore, type Site } from "./support/store.js";
import { canWrite } from "./support/zstd.js";

const choice = vi.hoisted(() => ({ portable: true }));

// What the default condition of package.json's "imports" would choose, or Node's, as a test says.
vi.mock("../src/platform/zstd.node.js", async (original) => {
  const ours: typeof platform = await original();
  return {
    zstd: ours.zstd,
    unzstd: (frame: Uint8Array, rawLength: number) =>
      (choice.portable ? portable : ours).unzstd(frame, rawLength),
  } satisfies typeof platform;
});

const CHAIN = ["full", "one"] as const;
const COUNTS = { full: 201, one: 198 };
const DIGESTS = {
  full: "b90a1bbafd5d34e109795b598eec2da7001d1a424e9d6f53a26fd1e9ce8d4b3e",
  one: "378d0f373bb14b20b77c92566f9d2963cf4c70df94ffe4545a2c046388b08f64",
};

const golden = (backupId: string): URL =>
  new URL(`golden/pack-zstd-${backupId}-v1.nadb`, import.meta.url);

/** A full with a value of 1 MiB, and an incremental that changes and deletes. */
async function chain(compression: Compression): Promise<Site> {
  const site = await openSite();
  const { store, backups, clock } = site;
  await fill(store, 200, 300);
  await store.set("zeros", new Uint8Array(1 << 20), { tags: ["large"] });
  await backups.createBackup({ backupId: "full", compression });
  clock.time += 1_000;
  await fill(store, 60, 200);
  await store.deleteMany(["k0100", "k0101", "zeros"]);
  await backups.createIncrementalBackup("full", { backupId: "one", compression });
  return site;
}

/** The chain, its packs those that were kept. */
async function goldenChain(): Promise<Site> {
  const site = await chain("gzip");
  for (const id of CHAIN) {
    const pack = readFileSync(golden(id));
    const [data, manifest] = [`${id}/data.nadb`, `${id}/metadata.json`];
    const facts = { checksum: `sha256:${sha256Hex(pack)}`, stored_size: pack.length };
    await writeFile(site.target, data, pack);
    const json = await readJson(site.target, manifest);
    await writeJson(site.target, manifest, seal({ ...json, ...facts, codec: "zstd" }));
  }
  return site;
}

describe.runIf(canWrite && process.env.NADB_WRITE_GOLDEN === "1")("golden packs in zstd", () => {
  it("are written anew", async () => {
    const { target } = await chain("zstd");
    for (const id of CHAIN) writeFileSync(golden(id), await readFile(target, `${id}/data.nadb`));
  });
});

describe.each([
  ["node", false],
  ["portable", true],
])("golden packs in zstd, read by %s", (_, isPortable) => {
  beforeAll(() => {
    choice.portable = isPortable;
  });

  it.each(CHAIN)("the blocks of %s are packed by zstd", (backupId) => {
    const codecs = blocksOf(readFileSync(golden(backupId))).map(({ codec }) => codec);
    expect(new Set(codecs)).toEqual(new Set([2]));
  });

  it.each(CHAIN)("%s verifies, and restores to its digest", async (backupId) => {
    const { target } = await goldenChain();
    const store = await openStore();
    const backups = await openManager(store, target);
    expect(await backups.verifyBackup(backupId)).toMatchObject({ ok: true, findings: [] });
    await backups.restoreBackup(backupId, { clearExisting: true });
    const [count, digest] = [COUNTS[backupId], DIGESTS[backupId]];
    expect(await measure(store.storage)).toMatchObject({ count, digest });
  });

  it("damage is found, wherever it is", async () => {
    const { target, backups } = await goldenChain();
    const sound = readFileSync(golden("one"));
    for (let byte = 0; byte < sound.length; byte += 13) {
      const damaged = Buffer.from(sound).fill(0xee, byte, byte + 3);
      await writeFile(target, "one/data.nadb", damaged);
      expect(await backups.verifyBackup("one")).toMatchObject({ ok: false });
    }
  });
});

describe("a backup in zstd", () => {
  it.skipIf(canWrite)("is refused where it can not be written, before anything is", async () => {
    const { backups, target: empty, store } = await openSite();
    await store.set("k", "v");
    const before = await pathsOf(empty);
    const create = () => backups.createBackup({ backupId: "b", compression: "zstd" });
    await refuses("NADB_UNSUPPORTED", create, "zstd");
    expect(await pathsOf(empty)).toEqual(before);
  });

  it("of a codec that is none is refused, before anything is written", async () => {
    const { backups, target: empty, store } = await openSite();
    await store.set("k", "v");
    const before = await pathsOf(empty);
    const create = () => backups.createBackup({ backupId: "b", compression: "lz4" as "gzip" });
    await refuses("NADB_INVALID_ARGUMENT", create, '"lz4"', "zstd");
    expect(await pathsOf(empty)).toEqual(before);
  });

  it.skipIf(!canWrite)("is smaller than one in gzip, and the same state", async () => {
    const { backups, store } = await openSite();
    await fill(store, 2_000, 500);
    const zstd = await backups.createBackup({ backupId: "z", compression: "zstd" });
    const gzip = await backups.createBackup({ backupId: "g", compression: "gzip" });
    expect(zstd.storedSize).toBeLessThan(gzip.storedSize);
    expect(zstd.stateDigest).toBe(gzip.stateDigest);
    expect(await backups.verifyBackup("z")).toMatchObject({ ok: true });
  });
});
