// Backups in JSON: the same backups as packs, for other programs to read, too; alone and in one chain with packs.
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { BackupTarget, FormatOptions } from "../../src/index.js";
import { CHAIN, chainedSite, runOf, sign } from "../support/chained.js";
import { dieAtEveryStep, expectSound, nextProcess } from "../support/dying.js";
import { refuses } from "../support/fails.js";
import { pathsOf, readFile, sha256Hex, snapshotOf, writeFile } from "../support/files.js";
import { RECORDS } from "../support/golden.js";
import { type Json, readJson, seal, writeJson } from "../support/manifest.js";
import { contentOf } from "../support/oracle.js";
import { fill, measure, openManager, openSite, openStore } from "../support/store.js";

const JSON_GZIP: FormatOptions = { format: "json" };
const JSON_PLAIN: FormatOptions = { format: "json", compression: false };
const PACK: FormatOptions = {};

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe("a backup in JSON", () => {
  it("is an array with one record on each line, in key order, in a file of that name", async () => {
    const { store, target, backups } = await openSite();
    await fill(store, 3);
    const info = await backups.createBackup({ ...JSON_PLAIN, backupId: "b" });
    expect(info).toMatchObject({ format: "nadb-json", dataFile: "data.json", codec: "none" });
    const lines = textOf(await readFile(target, "b/data.json")).split("\n");
    expect([lines[0], lines.at(-2), lines.at(-1)]).toEqual(["[", "]", ""]);
    const records = lines.slice(1, -2).map((line) => JSON.parse(line.replace(/,$/, "")));
    expect(records.map(({ key }) => key)).toEqual(["k0000", "k0001", "k0002"]);
    expect(lines.slice(1, -3).every((line) => line.endsWith("},"))).toBe(true);
  });

  it("by gzip is the same text, packed in members that any gzip reads as one", async () => {
    const { store, target, backups } = await openSite();
    await fill(store, 3_000, 1_000);
    await backups.createBackup({ ...JSON_PLAIN, backupId: "plain" });
    const info = await backups.createBackup({ ...JSON_GZIP, backupId: "packed" });
    expect(info).toMatchObject({ dataFile: "data.json.gz", codec: "gzip", compression: true });
    const packed = Buffer.from(await readFile(target, "packed/data.json.gz"));
    expect(packed.length).toBe(info.storedSize);
    expect(sha256Hex(packed)).toBe(info.checksum.slice("sha256:".length));
    expect(packed.lastIndexOf(Buffer.of(0x1f, 0x8b, 8))).toBeGreaterThan(0); // more than one member
    const text = gunzipSync(packed);
    expect(sha256Hex(text)).toBe(sha256Hex(await readFile(target, "plain/data.json")));
    expect(JSON.parse(textOf(text))).toHaveLength(3_000);
  });

  it("of nothing is an empty array", async () => {
    const { target, backups } = await openSite();
    await backups.createBackup({ ...JSON_PLAIN, backupId: "b" });
    expect(textOf(await readFile(target, "b/data.json"))).toBe("[\n]\n");
    expect(await backups.verifyBackup("b")).toMatchObject({ ok: true });
  });

  it.each([JSON_GZIP, JSON_PLAIN])("%j restores record by record", async (options) => {
    const { store, target, backups, clock } = await openSite();
    for (const { at: _, key, ...entry } of RECORDS) {
      clock.time += 7;
      await store.set(key, entry.value, entry);
    }
    const { stateDigest } = await backups.createBackup({ ...options, backupId: "b" });
    const copy = await openStore(clock.now);
    await (await openManager(copy, target, clock)).restoreBackup("b", { clearExisting: true });
    expect(await contentOf(copy)).toEqual(await contentOf(store));
    expect(await measure(copy.storage)).toMatchObject({ digest: stateDigest });
  });

  it("holds deletes as lines of their own", async () => {
    const site = await chainedSite(JSON_PLAIN);
    const array = JSON.parse(textOf(await readFile(site.target, "one/data.json"))) as Json[];
    expect(array.map((json) => `${json.deleted ? "-" : "+"}${json.key}`)).toEqual([
      "+added",
      "-ends",
      "+k0001",
      "-k0002",
      "-k0003",
    ]);
    expect((await runOf(site, "one")).map(sign)).toEqual([
      "+added",
      "-ends",
      "+k0001",
      "-k0002",
      "-k0003",
    ]);
  });

  it("is the same run as a pack of it", async () => {
    const [json, pack] = [await chainedSite(JSON_GZIP), await chainedSite(PACK)];
    for (const id of CHAIN) {
      const [ours, theirs] = [await runOf(json, id), await runOf(pack, id)];
      expect(ours).toEqual(theirs);
      expect((await json.backups.getBackup(id)).stateDigest).toBe(
        (await pack.backups.getBackup(id)).stateDigest,
      );
    }
  });

  it.each([
    ["zstd", { format: "json", compression: "zstd" }, "gzip or not at all"],
    ["an unknown format", { format: "xml" }, '"xml" is none of pack, json'],
  ])("%s is refused before anything is written", async (_, options, says) => {
    const { target, backups } = await openSite();
    const before = await snapshotOf(target);
    const create = () => backups.createBackup({ ...(options as FormatOptions), backupId: "b" });
    await refuses("NADB_INVALID_ARGUMENT", create, says);
    expect(await snapshotOf(target)).toEqual(before);
  });
});

/** full, one and two, each in a format of its own. */
async function mixedSite([full, one, two]: readonly FormatOptions[], target?: BackupTarget) {
  const site = await openSite(target);
  const { store, backups } = site;
  await fill(store, 10);
  await backups.createBackup({ ...full, backupId: "full" });
  await store.set("k0001", "changed", { tags: ["new"], ttlSeconds: 60 });
  await store.deleteMany(["k0002", "k0003"]);
  await backups.createIncrementalBackup("full", { ...one, backupId: "one" });
  await store.set("k0002", "back");
  await store.delete("k0009");
  await backups.createIncrementalBackup("one", { ...two, backupId: "two" });
  return site;
}

describe("a chain of several formats", () => {
  it.each([
    ["JSON under packs", [JSON_GZIP, PACK, PACK]],
    ["JSON over packs", [PACK, PACK, JSON_PLAIN]],
    ["JSON between packs", [PACK, JSON_GZIP, PACK]],
    ["a pack between JSON", [JSON_PLAIN, PACK, JSON_GZIP]],
  ])("%s is restored, verified, read and compared like any other", async (_, formats) => {
    const { store, target, backups, clock } = await mixedSite(formats);
    for (const level of ["quick", "checksum", "full"] as const)
      expect(await backups.verifyBackup("two", { level })).toMatchObject({ ok: true });
    const copy = await openStore(clock.now);
    const other = await openManager(copy, target, clock);
    await other.restoreBackup("two", { clearExisting: true });
    expect(await contentOf(copy)).toEqual(await contentOf(store));
    expect(textOf((await backups.getFromBackup("two", "k0002"))?.value ?? Buffer.of())).toBe(
      "back",
    );
    expect(await backups.getFromBackup("two", "k0009")).toBeUndefined();
    expect(await backups.getFromBackup("two", "k0000")).toMatchObject({ key: "k0000" });
    const found: string[] = [];
    for await (const { type, key } of backups.diffBackups("one", "two"))
      found.push(`${type} ${key}`);
    expect(found).toEqual(["added k0002", "deleted k0009"]);
  });
});

type Edit = (text: string) => string | Uint8Array;

describe("JSON whose manifest fits it", () => {
  async function forge(edit: Edit, options: FormatOptions) {
    const site = await openSite();
    await fill(site.store, 3);
    const { dataFile } = await site.backups.createBackup({ ...options, backupId: "b" });
    const sound = await readFile(site.target, `b/${dataFile}`);
    const changed = edit(textOf(dataFile === "data.json" ? sound : gunzipSync(sound)));
    const bytes = typeof changed === "string" ? Buffer.from(changed) : changed;
    await writeFile(site.target, `b/${dataFile}`, bytes);
    const sealed = { checksum: `sha256:${sha256Hex(bytes)}`, stored_size: bytes.length };
    const manifest = await readJson(site.target, "b/metadata.json");
    await writeJson(site.target, "b/metadata.json", seal({ ...manifest, ...sealed }));
    return site;
  }

  /** Versions are the source's own affair: no digest covers them. */
  const respelled: readonly (readonly [string, Edit, FormatOptions])[] = [
    ["on one line", (text) => text.replaceAll("\n", ""), JSON_PLAIN],
    ["indented", (text) => JSON.stringify(JSON.parse(text), null, 2), JSON_PLAIN],
    ["with another version", (text) => text.replace('"version":', '"version":1'), JSON_PLAIN],
    ["in one member of gzip", (text) => gzipSync(text), JSON_GZIP],
  ];

  it.each(respelled)("is read %s", async (_, edit, options) => {
    const { backups } = await forge(edit, options);
    expect(await backups.verifyBackup("b")).toMatchObject({ ok: true, findings: [] });
  });

  const records = (text: string): Json[] => JSON.parse(text);
  const lines = (edited: readonly Json[]): string => JSON.stringify(edited);
  const moved = (text: string): string => lines(records(text).reverse());

  const forged: readonly (readonly [string, Edit, string])[] = [
    ["records out of order", moved, "out of order"],
    [
      "a record twice",
      (text) => lines([...records(text), records(text)[2] as Json]),
      "out of order",
    ],
    ["a record too few", (text) => lines(records(text).slice(1)), "record_count"],
    ["another tag", (text) => text.replace('"t"', '"u"'), "state digest"],
    ["a key of another record", (text) => text.replace("k0000", "k000"), "state digest"],
    [
      "a line that is no JSON",
      (text) => text.replace('"tags":', '"tags"'),
      "record 1: it is no JSON",
    ],
    [
      "bytes that are no UTF-8",
      (text) => Buffer.from(text.replace('"t"', '"é"'), "latin1"),
      "no JSON",
    ],
    ["no end", (text) => text.slice(0, -3), "does not end"],
    ["something behind", (text) => `${text}x`, "follows the array"],
    ["gzip instead of text", (text) => gzipSync(text), "no JSON array"],
  ];
  const forgedGzip: readonly (readonly [string, Edit, string])[] = [
    ["text instead of gzip", (text) => text, "unpack"],
    ["gzip cut short", (text) => gzipSync(text).subarray(0, -30), "data.json.gz"],
  ];
  const everyForged = [
    ...forged.map((row) => [...row, JSON_PLAIN] as const),
    ...forgedGzip.map((row) => [...row, JSON_GZIP] as const),
  ];

  it.each(everyForged)("is refused with %s", async (_, edit, says, options) => {
    const { backups, target } = await forge(edit, options);
    const { ok, findings } = await backups.verifyBackup("b");
    expect(ok).toBe(false);
    expect(findings[0]?.detail).toContain(says);
    expect(findings[0]?.detail).toMatch(/^b\/data\.json/);
    const store = await openStore();
    const restore = async () => (await openManager(store, target)).restoreBackup("b");
    await refuses("NADB_CORRUPTION", restore, says);
    expect((await store.storage.head()).count).toBe(0);
  });

  it("is not unpacked to more than there can be: a bomb of one record is given up", async () => {
    const { backups } = await forge(
      () =>
        gzipSync(Buffer.concat([Buffer.from('[{"a":"'), Buffer.alloc(40 << 20, "x")]), {
          level: 1,
        }),
      JSON_GZIP,
    );
    const before = process.memoryUsage().arrayBuffers;
    const { findings } = await backups.verifyBackup("b");
    expect(findings[0]?.detail).toContain("a record has more than 20");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 << 20);
  });
});

describe("a writer of JSON that dies at any step", () => {
  it("leaves nothing that is listed or that the next backup does not sweep, or a whole backup", async () => {
    const died = await dieAtEveryStep(
      async () => {
        const site = await openSite();
        await fill(site.store, 3);
        await site.backups.createBackup({ ...JSON_PLAIN, backupId: "before" });
        return site;
      },
      (manager) => manager.createBackup({ ...JSON_GZIP, backupId: "b" }),
      async (scene) => {
        const next = await nextProcess(scene);
        const listed = await expectSound(next);
        expect(["before", "before,b"]).toContain(listed.join());
        await next.createBackup({ ...PACK, backupId: "next" });
        expect(await expectSound(next)).toEqual([...listed, "next"]);
        const folders = await pathsOf(scene.target);
        expect(folders.some((path) => path.startsWith("b/"))).toBe(listed.includes("b"));
      },
    );
    expect(died).toBeGreaterThan(10);
  });
});

describe("leftovers of a writer of JSON", () => {
  it("are swept with their lease; a folder with a file called data.json alone is somebody else's", async () => {
    const { target, backups } = await openSite();
    await writeFile(target, "dead/data.json", "[");
    await writeFile(target, "dead/lease-000001.json", "{}");
    await writeFile(target, "photos/data.json", "mine");
    await writeFile(target, "notes/data.json.gz", "mine");
    await backups.createBackup({ ...JSON_GZIP, backupId: "b" });
    expect(await pathsOf(target)).toEqual([
      "b/data.json.gz",
      "b/metadata.json",
      "metadata.json",
      "notes/data.json.gz",
      "photos/data.json",
    ]);
    expect((await backups.repository.scan()).findings).toEqual([]);
  });
});
