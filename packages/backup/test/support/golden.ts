// What the golden repositories hold. INVARIANT: never changed once released; a new format gets a new folder.
import {
  type EncodedChange,
  encodeRecord,
  encodeTombstone,
  KeyValueStore,
  memoryBackend,
} from "@nadb/core";
import { BackupManager, type BackupTarget } from "../../src/index.js";

/** Every record of the golden backups, in the order in which they were set, and when. */
export const RECORDS = [
  { at: 0, key: "plain", value: Buffer.from("a value"), tags: [] },
  { at: 1, key: "empty", value: Buffer.alloc(0), tags: ["t"] },
  {
    at: 2,
    key: "bytes",
    value: Buffer.from(Uint8Array.from({ length: 256 }, (_, i) => i)),
    tags: [],
  },
  {
    at: 1_000,
    key: "größe/日本語/😀",
    value: Buffer.from("ünïcödé\u0000😀"),
    tags: ["日本", "ü", "a"],
  },
  { at: 1_001, key: "ends", value: Buffer.from("soon"), tags: ["t"], ttlSeconds: 3_600.5 },
  { at: 60_000, key: "text", value: Buffer.from("again and ".repeat(1_000)), tags: ["long", "t"] },
  {
    at: 90_000,
    key: "k".repeat(1_024),
    value: Buffer.from("longest key"),
    tags: ["x".repeat(256)],
  },
] as const;

export const BORN = Date.parse("2026-01-02T03:04:05.678Z");
const BACKED_UP = BORN + 120_000;

/** No chance in it: every machine makes the same bytes. */
const counting = (): ((bytes: Uint8Array) => void) => {
  let next = 0;
  return (bytes) => {
    for (let i = 0; i < bytes.length; i++) bytes[i] = ++next & 255;
  };
};

/** Writes the repository: "plain" is stored as it is, "packed" by gzip, "empty" holds nothing. */
export async function writeGolden(target: BackupTarget): Promise<void> {
  let now = BORN;
  const clock = () => now;
  const backend = memoryBackend({ clock, random: counting() });
  const options = { backend, db: "golden", clock, closeBackend: false };
  const store = await KeyValueStore.open({ ...options, namespace: "v1" });
  for (const { at, key, ...entry } of RECORDS) {
    now = BORN + at;
    await store.set(key, entry.value, entry);
  }
  await store.set("deleted", "gone");
  await store.delete("deleted");
  now = BACKED_UP;
  const random = counting();
  const backups = await BackupManager.open({ store, target, clock, random });
  await backups.createBackup({ backupId: "plain", compression: false });
  await backups.createBackup({ backupId: "packed" });
  const nothing = await KeyValueStore.open({ ...options, namespace: "nothing" });
  const other = await BackupManager.open({ store: nothing, target, clock, random });
  await other.createBackup({ backupId: "empty" });
  await backend.close();
}

/** A run with tombstones, for the pack alone: a full backup has none. */
export const CHANGES: readonly EncodedChange[] = [
  encodeTombstone({ key: "größe", version: 1, deletedAt: BORN }),
  encodeRecord({
    key: "kept",
    value: Uint8Array.of(0, 1, 255),
    tags: ["a", "ü"],
    createdAt: BORN,
    updatedAt: BORN + 1,
    expiresAt: BORN + 2,
    version: 2,
  }),
  encodeTombstone({ key: "last", version: 2 ** 53 - 1, deletedAt: BORN + 3 }),
];
