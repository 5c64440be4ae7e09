// Damage to a chain, all of it: every bit, every length, every file that is lost, doubled or in another's place, every
// field of every manifest. Each is found by verify, refused by restore, and leaves the store as it was.
import { isNadbError, type KeyValueStore } from "@nadb/core";
import { beforeEach, describe, expect, it } from "vitest";
import {
  BackupManager,
  type FormatOptions,
  VERIFY_LEVELS,
  type VerifyLevel,
} from "../src/index.js";
import { CHAIN, chainedSite } from "./support/chained.js";
import { flipBit } from "./support/files.js";
import { type Json, seal } from "./support/manifest.js";
import { type Files, FrozenTarget, filesOf, withFiles } from "./support/overlay.js";
import { Clock, measure, openStore } from "./support/store.js";

const TIP = "two";

async function scene(options: FormatOptions): Promise<Files> {
  const filled = options.format === "json" ? 4 : 10; // a line of JSON is three times as long
  const { target } = await chainedSite(options, undefined, filled);
  return filesOf(target);
}

/** Looks at damaged files through a store that must not change. */
class Witness {
  private constructor(
    readonly store: KeyValueStore,
    readonly manager: BackupManager,
    readonly target: FrozenTarget,
    readonly head: object,
  ) {}

  static async make(files: Files): Promise<Witness> {
    const { now } = new Clock();
    const store = await openStore(now);
    await store.set("own", "v", { tags: ["t"] });
    const target = new FrozenTarget(files);
    const manager = await BackupManager.open({ store, target, clock: now });
    return new Witness(store, manager, target, await store.storage.head());
  }

  /** True when no damage was found. */
  async verify(files: Files, level: VerifyLevel = "full", backupId = TIP): Promise<boolean> {
    this.target.files = files;
    const { ok, findings } = await this.manager.verifyBackup(backupId, { level, record: false });
    if (ok === findings.length > 0) throw new Error(`${ok}, and ${findings.length} findings`);
    return ok;
  }

  /** True when it was restored; false when it was refused, and nothing has changed. */
  async restore(files: Files, verifyIntegrity: boolean, backupId = TIP): Promise<boolean> {
    this.target.files = files;
    try {
      await this.manager.restoreBackup(backupId, { clearExisting: true, verifyIntegrity });
      return true;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return false;
    }
  }

  /** Verify must find it, at this level; restore must refuse it. */
  async assertDamaged(what: string, files: Files, ...levels: VerifyLevel[]): Promise<void> {
    for (const level of ["full", ...levels] as const) {
      if (await this.verify(files, level)) throw new Error(`${what} was not found (${level})`);
    }
  }

  async assertRefused(what: string, files: Files): Promise<void> {
    for (const verifyIntegrity of [true, false]) {
      if (await this.restore(files, verifyIntegrity)) throw new Error(`${what} was restored`);
    }
  }

  async assertUntouched(): Promise<void> {
    expect(await this.store.storage.head()).toEqual(this.head);
    expect(await measure(this.store.storage)).toMatchObject({ count: 1 });
    expect((await this.store.storage.query({ all: ["t"] })).items).toEqual(["own"]);
  }
}

/** A backup that is gone altogether is not found rather than damaged. */
const isRefusal = (error: unknown): boolean =>
  (["NADB_CORRUPTION", "NADB_NEWER_FORMAT", "NADB_NOT_FOUND"] as const).some((code) =>
    isNadbError(error, code),
  );

/** verify of a backup that is not there says so by an error; that counts as found. */
async function agrees(witness: Witness, files: Files, backupId: string): Promise<boolean> {
  const sound = await witness.verify(files, "full", backupId).catch((error: unknown) => {
    if (isNadbError(error, "NADB_NOT_FOUND")) return false;
    throw error;
  });
  const fresh = await Witness.make(files);
  const restored = await fresh.restore(files, true, backupId);
  if (!restored) await fresh.assertUntouched();
  expect(restored).toBe(sound);
  return sound;
}

const WRITTEN: readonly (readonly [string, string, FormatOptions])[] = [
  ["uncompressed", "data.nadb", { compression: false }],
  ["gzip", "data.nadb", { compression: true }],
  ["JSON", "data.json", { format: "json", compression: false }],
  ["JSON by gzip", "data.json.gz", { format: "json" }],
];

describe.each(WRITTEN)("damage to a chain (%s)", (_name, dataFile, options) => {
  const FILES = CHAIN.flatMap((id) => [`${id}/${dataFile}`, `${id}/metadata.json`]);
  let files: Files;
  let witness: Witness;

  beforeEach(async () => {
    files = await scene(options);
    witness = await Witness.make(files);
  });

  const fileAt = (path: string): Uint8Array => files.get(path) as Uint8Array;

  const folder = (from: string, to: string): Record<string, Uint8Array | undefined> =>
    Object.fromEntries(
      [dataFile, "metadata.json"].map((name) => [`${to}/${name}`, files.get(`${from}/${name}`)]),
    );

  it("none: it is sound at every level, and restores", async () => {
    for (const level of VERIFY_LEVELS) expect(await witness.verify(files, level)).toBe(true);
    for (const backupId of CHAIN) expect(await agrees(witness, files, backupId)).toBe(true);
  });

  // Manifests are alike in all formats: every bit of them is flipped in one, a bit of every byte in each.
  const isFirst = options === WRITTEN[0]?.[2];
  const everyBit = FILES.filter((path) => isFirst || !path.endsWith("metadata.json"));

  it.each(everyBit)(
    "every single flipped bit of %s is found",
    { timeout: 120_000 },
    async (path) => {
      const file = fileAt(path);
      for (let bit = 0; bit < file.length * 8; bit++) {
        const damaged = withFiles(files, { [path]: flipBit(file, bit) });
        await witness.assertDamaged(`bit ${bit} of ${path}`, damaged);
      }
      await witness.assertUntouched();
    },
  );

  it.each(FILES)(
    "a flipped bit in every byte of %s is found by level checksum, and not restored",
    async (path) => {
      const file = fileAt(path);
      for (let at = 0; at < file.length; at++) {
        const what = `a bit of byte ${at} of ${path}`;
        const damaged = withFiles(files, { [path]: flipBit(file, at * 8 + (at % 8)) });
        await witness.assertDamaged(what, damaged, "checksum");
        await witness.assertRefused(what, damaged);
        expect(await witness.verify(damaged, "quick")).toBe(path.endsWith(`/${dataFile}`));
      }
      await witness.assertUntouched();
    },
  );

  it.each(FILES)("every cut of %s is found at every level, and not restored", async (path) => {
    const file = fileAt(path);
    const isManifest = path.endsWith("metadata.json");
    const end = isManifest ? file.length - 1 : file.length; // a manifest's last byte, a line feed, says nothing
    for (let length = 0; length < end; length++) {
      const damaged = withFiles(files, { [path]: file.subarray(0, length) });
      const what = `${path} cut to ${length} bytes`;
      await witness.assertDamaged(what, damaged, "quick", "checksum");
      await witness.assertRefused(what, damaged);
    }
    await witness.assertUntouched();
  });

  it("a file grown by one byte is found", async () => {
    for (const path of FILES) {
      const grown = withFiles(files, { [path]: Buffer.concat([fileAt(path), Buffer.of(0)]) });
      await witness.assertDamaged(`${path} grown`, grown, "quick", "checksum");
      await witness.assertRefused(`${path} grown`, grown);
    }
  });

  it.each(FILES)("%s lost is found at every level, and not restored", async (path) => {
    const lost = withFiles(files, { [path]: undefined });
    await witness.assertDamaged(`${path} lost`, lost, "quick", "checksum");
    await witness.assertRefused(`${path} lost`, lost);
    for (const id of CHAIN) await agrees(witness, lost, id);
  });

  it("a whole backup lost is found, and so is the loss with the index", async () => {
    for (const id of ["full", "one"]) {
      const folder = { [`${id}/${dataFile}`]: undefined, [`${id}/metadata.json`]: undefined };
      for (const index of [fileAt("metadata.json"), undefined]) {
        const lost = withFiles(files, { ...folder, "metadata.json": index });
        await witness.assertDamaged(`${id} lost`, lost, "quick", "checksum");
        await witness.assertRefused(`${id} lost`, lost);
        for (const other of CHAIN) await agrees(witness, lost, other);
      }
    }
  });

  it("any file in the place of another is found, and not restored", async () => {
    for (const [path, other] of pairs([...FILES, "metadata.json"])) {
      if (path === "metadata.json") continue; // the index is a copy; it is looked at below
      const what = `${other} in the place of ${path}`;
      const copied = withFiles(files, { [path]: fileAt(other) });
      await witness.assertDamaged(what, copied, "checksum");
      await witness.assertRefused(what, copied);
      const swapped = withFiles(copied, { [other]: fileAt(path) });
      await witness.assertDamaged(`${what}, and the other way round`, swapped, "checksum");
      for (const id of CHAIN) await agrees(witness, swapped, id);
    }
  });

  it("two whole backups swapped are found, one under another name is no backup", async () => {
    for (const [a, b] of pairs(CHAIN)) {
      const swapped = withFiles(files, { ...folder(a, b), ...folder(b, a) });
      await witness.assertDamaged(`${a} and ${b} swapped`, swapped, "quick", "checksum");
      for (const id of CHAIN) await agrees(witness, swapped, id);
    }
    const doubled = withFiles(files, folder("one", "copy"));
    expect(await agrees(witness, doubled, "copy")).toBe(false);
    for (const id of CHAIN) expect(await agrees(witness, doubled, id)).toBe(true);
  });

  it("the index damaged in any way hides nothing and breaks nothing", async () => {
    const index = fileAt("metadata.json");
    for (let at = 0; at < index.length; at += 7) {
      for (const bytes of [flipBit(index, at * 8 + (at % 8)), index.subarray(0, at)]) {
        const damaged = withFiles(files, { "metadata.json": bytes });
        expect(await witness.verify(damaged)).toBe(true);
        expect((await witness.manager.listBackups()).length).toBe(3);
      }
    }
  });
});

/** Edits whose own checksum is right again: only what else knows better can find them. */
describe("a manifest of a chain edited and sealed again", () => {
  let files: Files;
  let witness: Witness;
  const digest = "00".repeat(32);

  beforeEach(async () => {
    files = await scene({ compression: false });
    witness = await Witness.make(files);
  });

  const EDITS: readonly (readonly [string, unknown])[] = [
    ["backup_id", "other"],
    ["backup_id", "../full"],
    ["sequence", 0],
    ["sequence", -1],
    ["timestamp", "2020-01-01T00:00:00.000Z"],
    ["timestamp", "never"],
    ["backup_type", "full"],
    ["backup_type", "incremental"],
    ["backup_type", "other"],
    ["source_db", "other"],
    ["source_namespace", "other"],
    ["file_count", 1],
    ["file_count", Number.MAX_SAFE_INTEGER],
    ["record_count", 9],
    ["tombstone_count", 9],
    ["total_size", 0],
    ["total_size", Number.MAX_SAFE_INTEGER],
    ["state_count", 1],
    ["state_bytes", 1],
    ["stored_size", 0],
    ["stored_size", Number.MAX_SAFE_INTEGER],
    ["checksum", `sha256:${digest}`],
    ["checksum", ""],
    ["compression", true],
    ["codec", "gzip"],
    ["codec", "zstd"],
    ["codec", "other"],
    ["label", "other"],
    ["set_size", 0],
    ["set_size", 2],
    ["parent_backup_id", "full"],
    ["parent_backup_id", "one"],
    ["parent_backup_id", "two"],
    ["parent_backup_id", "missing"],
    ["parent_backup_id", "../full"],
    ["parent_backup_id", ""],
    ["parent_backup_id", null],
    ["parent_checksum", `sha256:${digest}`],
    ["parent_checksum", null],
    ["from_checkpoint", "other"],
    ["from_checkpoint", ""],
    ["from_checkpoint", null],
    ["to_checkpoint", "other"],
    ["to_checkpoint", ""],
    ["generation", "other"],
    ["from_version", 1_000],
    ["from_version", null],
    ["to_version", 1_000],
    ["state_digest", digest],
    ["state_digest", ""],
    ["data_file", "metadata.json"],
    ["data_file", "other.nadb"],
    ["data_file", "../full/data.nadb"],
    ["format", "other"],
    ["format", "nadb-json"],
    ["format", "python-json"],
    ["format_version", 2],
    ["format_version", 0],
  ];

  /** Nothing else tells when the newest backup was taken, what for, and where it ended, so nothing can know better. */
  const ONLY_THERE = [
    ["timestamp", "2020-01-01T00:00:00.000Z"],
    ["label", "other"],
    ["set_size", 2],
    ["to_checkpoint", "other"],
    ["to_checkpoint", ""],
    ["generation", "other"],
    ["to_version", 1_000],
    ["sequence", 0],
  ];

  function edited(backupId: string, name: string, value: unknown): Files | undefined {
    const path = `${backupId}/metadata.json`;
    const json = JSON.parse(Buffer.from(files.get(path) as Uint8Array).toString()) as Json;
    if (json[name] === value) return undefined;
    const bytes = Buffer.from(JSON.stringify(seal({ ...json, [name]: value })));
    return withFiles(files, { [path]: bytes });
  }

  it.each(EDITS)(
    "%s: %j is found wherever it stands in the chain, and not restored",
    async (name, value) => {
      for (const backupId of CHAIN) {
        const isKnown = backupId !== TIP || !ONLY_THERE.some(([a, b]) => a === name && b === value);
        const damaged = edited(backupId, name, value);
        if (damaged === undefined) continue;
        expect(await agrees(witness, damaged, TIP)).toBe(!isKnown);
        for (const id of CHAIN) await agrees(witness, damaged, id);
      }
    },
  );

  it("codec: another one than the blocks have is found, at every place of the chain", async () => {
    files = await scene({});
    witness = await Witness.make(files);
    for (const backupId of CHAIN) {
      const damaged = edited(backupId, "codec", "zstd") as Files;
      expect(await agrees(witness, damaged, TIP)).toBe(false);
    }
  });

  it("covers every field", () => {
    const json = JSON.parse(Buffer.from(files.get("two/metadata.json") as Uint8Array).toString());
    const names = Object.keys(json).filter((name) => name !== "manifest_checksum");
    expect(new Set(EDITS.map(([name]) => name))).toEqual(new Set(names));
  });
});

function pairs<T>(items: readonly T[]): (readonly [T, T])[] {
  return items.flatMap((a) => items.filter((b) => b !== a).map((b) => [a, b] as const));
}
