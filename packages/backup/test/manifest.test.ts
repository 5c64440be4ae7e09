// The manifest: its fields on disk, and that no edit of them goes unseen.
import { describe, expect, it } from "vitest";
import {
  decodeManifest,
  encodeManifest,
  MAX_MANIFEST_BYTES,
  manifestToJson,
} from "../src/manifest.js";
import { failureOf, refuses } from "./support/fails.js";
import { flipBit, patchFile, readFile, sha256Hex, writeFile } from "./support/files.js";
import {
  type Json,
  manifestChecksum,
  readJson,
  sample,
  seal,
  wholeSample,
  writeJson,
} from "./support/manifest.js";
import { fill, openSite } from "./support/store.js";

const encoded = encodeManifest(sample);
const json = manifestToJson(sample) as Json;
const decode = (value: unknown) => decodeManifest(Buffer.from(JSON.stringify(value)), "the file");

describe("manifest fields", () => {
  it("stand on disk under the names of the chapter, then ours, then the checksum", () => {
    const all = JSON.parse(Buffer.from(encodeManifest(wholeSample)).toString());
    expect(Object.keys(all)).toEqual([
      "backup_id",
      "sequence",
      "timestamp",
      "backup_type",
      "source_db",
      "source_namespace",
      "file_count",
      "total_size",
      "checksum",
      "compression",
      "label",
      "set_size",
      "parent_backup_id",
      "parent_checksum",
      "record_count",
      "tombstone_count",
      "stored_size",
      "codec",
      "from_checkpoint",
      "to_checkpoint",
      "generation",
      "from_version",
      "to_version",
      "state_digest",
      "state_count",
      "state_bytes",
      "taken_file_count",
      "taken_tombstone_count",
      "taken_total_size",
      "taken_stored_size",
      "taken_parent_count",
      "salvaged_from",
      "data_file",
      "format",
      "format_version",
      "manifest_checksum",
    ]);
  });

  it("that nobody counted are not written, and read as not known", () => {
    const { stateCount, stateBytes, ...uncounted } = sample;
    expect([stateCount, stateBytes]).toEqual([2, 99]);
    const plain = manifestToJson(uncounted) as Json;
    expect(Object.keys(plain)).not.toContain("state_count");
    expect(decode(plain)).toStrictEqual(uncounted);
    expect(() => decode(seal({ ...plain, state_count: null }))).toThrow("state_count is null");
  });

  it("come back as they were", () => {
    expect(decodeManifest(encoded, "the file")).toEqual(sample);
    const incremental = {
      ...sample,
      backupType: "incremental",
      parentBackupId: "p",
      parentChecksum: "sha256:1",
      fromCheckpoint: "c",
      fromVersion: 3,
    } as const;
    expect(decodeManifest(encodeManifest(incremental), "the file")).toEqual(incremental);
  });

  it("are told by their file: checksum as sha256sum has it, sizes, counts, the cut", async () => {
    const { store, target, clock, backups } = await openSite();
    await fill(store, 10, 100);
    await store.delete("k0003");
    clock.time += 5_000;
    const info = await backups.createBackup({ backupId: "b" });
    const data = await readFile(target, "b/data.nadb");
    const head = await store.storage.head();
    expect(await readJson(target, "b/metadata.json")).toMatchObject({
      backup_id: "b",
      timestamp: new Date(clock.time).toISOString(),
      backup_type: "full",
      source_db: "default",
      source_namespace: "default",
      checksum: `sha256:${sha256Hex(data)}`,
      stored_size: data.length,
      file_count: 9,
      record_count: 9,
      tombstone_count: 0,
      total_size: 900,
      compression: true,
      codec: "gzip",
      parent_backup_id: null,
      from_checkpoint: null,
      to_checkpoint: head.checkpoint,
      state_digest: head.digest,
      data_file: "data.nadb",
    });
    expect(await backups.getBackup("b")).toEqual(info);
    expect(await backups.listBackups()).toEqual([info]);
  });

  it("say when nothing was compressed", async () => {
    const { backups } = await openSite();
    const info = await backups.createBackup({ backupId: "b", compression: false });
    expect(info).toMatchObject({ compression: false, codec: "none" });
  });
});

describe("manifest checksum", () => {
  it("is the SHA-256 of the other fields in order of name", () => {
    expect(json.manifest_checksum).toBe(manifestChecksum(json));
  });

  const edited = (value: unknown): unknown => {
    if (typeof value === "number") return value + 1;
    if (typeof value === "boolean") return !value;
    return value === null ? "x" : `${value}x`;
  };

  it.each(Object.keys(json))("finds an edit of %s, and its absence", async (name) => {
    const error = await failureOf(() => decode({ ...json, [name]: edited(json[name]) }));
    expect(error).toMatchObject({
      code: name === "format_version" ? "NADB_NEWER_FORMAT" : "NADB_CORRUPTION",
    });
    const { [name]: _, ...rest } = json;
    await refuses("NADB_CORRUPTION", () => decode(rest), "the file");
  });

  it.each(["note", "__proto__", "constructor"])("finds a field too many: %s", async (name) => {
    const more = { ...json };
    Object.defineProperty(more, name, { value: { a: 1 }, enumerable: true });
    await refuses("NADB_CORRUPTION", () => decode(more), "checksum");
  });

  it("covers fields that this version does not know, and lets them be", () => {
    expect(decode(seal({ ...json, note: "from a later writer" }))).toEqual(sample);
  });

  it("does not mind white space or the order of fields: they say nothing", () => {
    const reversed = Object.fromEntries(Object.entries(json).reverse());
    expect(decode(reversed)).toEqual(sample);
  });

  it("every single flipped bit is found", { timeout: 120_000 }, async () => {
    const missed: number[] = [];
    for (let bit = 0; bit < encoded.length * 8; bit++) {
      const error = await failureOf(() => decodeManifest(flipBit(encoded, bit), "f")).catch(
        () => undefined,
      );
      if (!["NADB_CORRUPTION", "NADB_NEWER_FORMAT"].includes((error as { code: string })?.code))
        missed.push(bit);
    }
    expect(missed).toEqual([]);
  });

  it("a cut at every byte is found", async () => {
    // The last byte is a newline.
    for (let length = 0; length < encoded.length - 1; length++) {
      await refuses("NADB_CORRUPTION", () => decodeManifest(encoded.subarray(0, length), "f"));
    }
  });
});

describe("manifest refusals", () => {
  it.each([
    ["nothing", ""],
    ["text", "hello"],
    ["a list", "[]"],
    ["null", "null"],
    ["a number", "1"],
    ["JSON of something else", '{"name":"a package"}'],
    [
      "a manifest of the Python original",
      '{"backup_id":"b","file_count":1,"checksum":"sha256:00"}',
    ],
    ["bytes that are not UTF-8", Buffer.of(0x22, 0xff, 0x22)],
  ])("%s is no manifest", async (_, content) => {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    await refuses(
      "NADB_CORRUPTION",
      () => decodeManifest(bytes, "b/metadata.json"),
      "b/metadata.json",
    );
  });

  it("a newer format is told as such, whatever else has changed with it", async () => {
    const newer = { format: json.format, format_version: 2, other: "fields" };
    await refuses("NADB_NEWER_FORMAT", () => decode(newer), "version 2", "the file");
  });

  const misfits: readonly (readonly [string, unknown])[] = [
    ["backup_id", 7],
    ["backup_id", "../x"],
    ["backup_id", ""],
    ["timestamp", null],
    ["timestamp", "yesterday"],
    ["file_count", -1],
    ["file_count", 1.5],
    ["total_size", "99"],
    ["stored_size", 2 ** 53],
    ["compression", 1],
    ["parent_backup_id", 1],
    ["parent_backup_id", "../x"],
    ["codec", "none"],
    ["parent_checksum", 1],
    ["to_checkpoint", null],
    ["state_digest", 0],
    ["data_file", "../../etc/passwd"],
    ["data_file", "a/b"],
    ["format_version", "1"],
  ];

  it.each(misfits)("%s %j is refused though the checksum is right", async (name, value) => {
    await refuses("NADB_CORRUPTION", () => decode(seal({ ...json, [name]: value })));
  });

  it("a part of the run as it was taken is refused, no parent's count is not", async () => {
    const { taken_stored_size: _, ...part } = manifestToJson(wholeSample);
    await refuses("NADB_CORRUPTION", () => decode(seal(part)), "a part");
    const { takenParentCount, ...uncounted } = wholeSample;
    expect(decode(manifestToJson(uncounted))).toEqual(uncounted);
  });

  it("more than a manifest can hold is not read", async () => {
    const { target, backups } = await openSite();
    await backups.createBackup({ backupId: "b" });
    await patchFile(target, "b/metadata.json", (bytes) =>
      Buffer.concat([bytes, Buffer.alloc(MAX_MANIFEST_BYTES, " ")]),
    );
    await refuses("NADB_CORRUPTION", () => backups.getBackup("b"), "b/metadata.json");
  });

  it("the manifest of another backup is refused", async () => {
    const { target, backups } = await openSite();
    await backups.createBackup({ backupId: "b" });
    await backups.createBackup({ backupId: "c" });
    await writeFile(target, "b/metadata.json", await readFile(target, "c/metadata.json"));
    await refuses("NADB_CORRUPTION", () => backups.getBackup("b"), "b/metadata.json", "another");
    expect(await backups.verifyBackup("b")).toMatchObject({ ok: false });
  });

  it("a manifest forged to read a file outside its folder reads nothing", async () => {
    const { store, target, backups } = await openSite();
    await fill(store, 1);
    await backups.createBackup({ backupId: "b" });
    await writeFile(target, "secret", "not yours");
    const manifest = await readJson(target, "b/metadata.json");
    await writeJson(target, "b/metadata.json", seal({ ...manifest, data_file: "../secret" }));
    await refuses("NADB_CORRUPTION", () => backups.restoreBackup("b"), "../secret");
  });
});
