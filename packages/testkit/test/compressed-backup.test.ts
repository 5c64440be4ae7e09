// Backups carry the values that callers see: what a compressed namespace and a plain one hold is the same to them,
// byte for byte, in both directions. Records are compared by node:assert, which is quick with large values.
import assert from "node:assert/strict";
import { BackupManager, type BackupTarget, memoryTarget } from "@nadb/backup";
import {
  type CompressionOptions,
  compressValues,
  type Head,
  type Mutation,
  memoryBackend,
  type StorageNamespace,
} from "@nadb/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { put, remove, text } from "../src/generate.js";
import { checkNamespace } from "../src/index.js";
import { seeded } from "../src/random.js";
import { readState } from "../src/runs.js";

const NOW = Date.UTC(2031, 4, 17, 12);
const clock = (): number => NOW;
const NEVER: CompressionOptions = { minBytes: Number.POSITIVE_INFINITY };

interface Site {
  /** What the backend holds. */
  readonly below: StorageNamespace;
  /** What callers see. */
  readonly above: StorageNamespace;
}

async function openSite(options?: CompressionOptions): Promise<Site> {
  const backend = memoryBackend({ clock });
  await backend.open();
  onTestFinished(() => backend.close());
  const below = await backend.namespace({ db: "db", namespace: "main" });
  return { below, above: compressValues(below, options) };
}

/** Values that shrink and values that do not, short, long and empty; some overwritten, some deleted. */
function history(): Mutation[][] {
  const random = seeded(7);
  const large = text("All work and no play. ".repeat(30_000));
  const records = Array.from({ length: 300 }, (_, i) =>
    put(`key:${i}`, `value ${i} `.repeat(random.int(500)), { tags: [`t${i % 3}`] }),
  );
  const noise = { ...put("noise"), value: random.bytes(50_000) };
  const expiring = put("expiring", "soon ".repeat(1_000), { expiresAt: NOW + 5_000 });
  return [
    records,
    [noise, expiring, { ...put("large"), value: large }, put("empty", "")],
    [...records.slice(0, 50).map(({ key }) => remove(key)), put("key:60", "short")],
  ];
}

async function fill(namespace: StorageNamespace): Promise<void> {
  for (const mutations of history()) await namespace.commit(mutations);
}

const measured = ({ count, bytes, digest }: Head) => ({ count, bytes, digest });

const managerOf = (store: StorageNamespace, target: BackupTarget) =>
  BackupManager.open({ store, target, clock });

describe("a compressed namespace", () => {
  it("has the head, the records and the feed of a plain one, and is at one with itself", async () => {
    const [compressed, plain] = [await openSite(), await openSite(NEVER)];
    for (const site of [compressed, plain]) await fill(site.above);
    assert.deepEqual(await readState(compressed.above), await readState(plain.below));
    expect(measured(await compressed.above.head())).toEqual(measured(await plain.below.head()));
    expect(measured(await compressed.below.head())).toEqual(measured(await plain.below.head()));
    for (const { above, below } of [compressed, plain]) {
      await checkNamespace(above, NOW);
      await checkNamespace(below, NOW);
    }
    const kept = [...(await readState(compressed.below)).values()];
    expect(kept.filter(({ seal }) => seal !== undefined).length).toBeGreaterThan(100);
    expect(kept.filter(({ seal }) => seal === undefined).length).toBeGreaterThan(10);
  });
});

describe.each([
  ["compressed", "plain", undefined, NEVER],
  ["plain", "compressed", NEVER, undefined],
  ["compressed", "compressed", undefined, undefined],
])("a backup of a %s namespace", (_from, to, source, sink) => {
  it.each([true, false])(`restores into a ${to} one (clearExisting %o)`, async (clearExisting) => {
    const [from, into] = [await openSite(source), await openSite(sink)];
    await fill(from.above);
    const target = memoryTarget();
    const { stateDigest, totalSize } = await (await managerOf(from.above, target)).createBackup({
      backupId: "b",
    });
    const head = measured(await from.above.head());
    expect([stateDigest, totalSize]).toEqual([head.digest, head.bytes]);
    const backups = await managerOf(into.above, target);
    expect(await backups.verifyBackup("b")).toMatchObject({ ok: true });
    const restored = await backups.restoreBackup("b", { clearExisting });
    expect(measured(restored.head)).toEqual(head);
    await checkNamespace(into.above, NOW);
    const content = async (namespace: StorageNamespace) =>
      [...(await readState(namespace)).values()].map((record) => ({ ...record, version: 0 }));
    assert.deepEqual(await content(into.above), await content(from.above));
    const sealed = [...(await readState(into.below)).values()].some(({ seal }) => seal);
    expect(sealed).toBe(sink !== NEVER);
  });
});

describe("a backup past the decorator", () => {
  it("is refused, and says what to back up instead", async () => {
    const { above, below } = await openSite();
    await fill(above);
    const backups = await managerOf(below, memoryTarget());
    await expect(backups.createBackup()).rejects.toMatchObject({
      code: "NADB_UNSUPPORTED",
      message: expect.stringMatching(/the value of ".+" is sealed/),
      hint: expect.stringContaining("the store"),
    });
    expect(await backups.listBackups()).toEqual([]);
  });
});
