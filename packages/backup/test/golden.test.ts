// Repositories written by released formats, kept in golden/. Each must list, verify and restore for ever; a change
// of the bytes that a writer makes shows here first. NADB_WRITE_GOLDEN=1 writes them anew: only for a format that
// nobody has used yet.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { type BackupTarget, directoryTarget, memoryTarget, Repository } from "../src/index.js";
import { readFile, sha256Hex, snapshotOf } from "./support/files.js";
import { BORN, CHANGES, RECORDS, writeGolden } from "./support/golden.js";
import { type Json, readJson } from "./support/manifest.js";
import { decode, encode, hashes } from "./support/pack.js";
import { measure, openManager, openStore } from "./support/store.js";

const path = (name: string): string => fileURLToPath(new URL(`golden/${name}`, import.meta.url));
const PACK = path("pack-v1.nadb");

const EMPTY = "0".repeat(64);
const DIGEST = "60111d73e9f802679e3413ec2ad4e4b549b93f17b517b027874a8835aab606d4";
const CHECKSUM = "3c382e5f335caffeb422bcaa80d765cb30c900081c9822584385bce668d73e79";

beforeAll(async () => {
  if (process.env.NADB_WRITE_GOLDEN !== "1") return;
  rmSync(path("v1"), { recursive: true, force: true });
  await writeGolden(directoryTarget(path("v1")));
  writeFileSync(PACK, await encode(CHANGES, "none"));
});

/** All but the checkpoint, which is the backend's own affair, and the checksum over it. */
async function fieldsOf(target: BackupTarget, backupId: string): Promise<Json> {
  const { to_checkpoint, manifest_checksum, ...fields } = await readJson(
    target,
    `${backupId}/metadata.json`,
  );
  expect([to_checkpoint, manifest_checksum]).toEqual([expect.any(String), expect.any(String)]);
  return fields;
}

describe("golden repository v1", () => {
  const target = directoryTarget(path("v1"));

  it("lists", async () => {
    const backups = await (await Repository.open(target)).list();
    expect(backups).toMatchObject([
      { backupId: "plain", recordCount: 7, stateDigest: DIGEST, codec: "none" },
      { backupId: "packed", recordCount: 7, stateDigest: DIGEST, codec: "gzip" },
      { backupId: "empty", recordCount: 0, stateDigest: EMPTY, sourceNamespace: "nothing" },
    ]);
    expect(backups[0]).toMatchObject({
      timestamp: "2026-01-02T03:06:05.678Z",
      backupType: "full",
      sourceDb: "golden",
      sourceNamespace: "v1",
      totalSize: 10_294,
      checksum: `sha256:${CHECKSUM}`,
      formatVersion: 1,
    });
  });

  it.each(["plain", "packed", "empty"])("%s verifies", async (backupId) => {
    const repository = await Repository.open(target);
    expect(await repository.verify(backupId)).toMatchObject({ ok: true, findings: [] });
  });

  it.each(["plain", "packed"])("%s restores, record by record", async (backupId) => {
    const before = await snapshotOf(target);
    const store = await openStore(() => BORN);
    const backups = await openManager(store, target);
    const { head } = await backups.restoreBackup(backupId, { clearExisting: true });
    expect(head).toMatchObject({ count: RECORDS.length, digest: DIGEST });
    expect(await measure(store.storage)).toMatchObject({ digest: DIGEST });
    for (const { at, key, ...expected } of RECORDS) {
      const found = await store.getWithMetadata(key);
      expect(Buffer.from(found?.value ?? []).toString("hex")).toBe(expected.value.toString("hex"));
      expect(found).toMatchObject({
        createdAt: BORN + at,
        updatedAt: BORN + at,
        tags: expected.tags.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
      });
      const ttl = "ttlSeconds" in expected ? expected.ttlSeconds * 1_000 : undefined;
      expect(found?.expiresAt).toBe(ttl === undefined ? undefined : BORN + at + ttl);
    }
    expect(await snapshotOf(target)).toEqual(before);
  });

  it("empty restores to nothing", async () => {
    const store = await openStore();
    await store.set("k", "v");
    const backups = await openManager(store, target);
    await backups.restoreBackup("empty", { clearExisting: true });
    expect((await store.storage.head()).count).toBe(0);
  });

  it.each(["plain", "empty"])("today's writer makes the same bytes: %s", async (backupId) => {
    const today = memoryTarget();
    await writeGolden(today);
    const data = await readFile(target, `${backupId}/data.nadb`);
    expect(hashes([await readFile(today, `${backupId}/data.nadb`)])).toEqual(hashes([data]));
    const written = await fieldsOf(target, backupId);
    const { record_count: state_count, total_size: state_bytes } = written; // not told yet in those days
    expect(await fieldsOf(today, backupId)).toEqual({ ...written, state_count, state_bytes });
    const { checksum } = await (await Repository.open(target)).get(backupId);
    expect(checksum).toBe(`sha256:${sha256Hex(data)}`);
  });
});

describe("golden pack v1", () => {
  it("reads: records and tombstones", async () => {
    expect(hashes(await decode(readFileSync(PACK)))).toEqual(hashes(CHANGES));
  });

  it("today's writer makes the same bytes", async () => {
    const bytes = Buffer.from(await encode(CHANGES, "none"));
    expect(bytes.toString("hex")).toBe(readFileSync(PACK, "hex"));
  });
});
