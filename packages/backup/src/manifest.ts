// The manifest: what a backup says of itself (ID/metadata.json). On disk snake_case, as the chapter this product
// comes from has it; in the API camelCase. manifest_checksum covers all other fields, so no edit goes unseen.
import { corruption, NadbError, quote, sha256, toHex } from "@nadb/core";
import type { Codec } from "./pack/codecs.js";
import { isSafeName } from "./paths.js";

/** How the data file of a backup is written (formats.ts); "python-json" by the Python original, which has no manifests. */
export type FormatName = "nadb-pack" | "nadb-json" | "python-json";
const OWN_FORMATS: readonly unknown[] = ["nadb-pack", "nadb-json"] satisfies FormatName[];
export const isOwnFormat = (format: unknown): boolean => OWN_FORMATS.includes(format);

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

export const MANIFEST_VERSION = 1;
/** Manifests are small; anything larger is none. */
export const MAX_MANIFEST_BYTES = 1 << 20;

export type BackupType = "full" | "incremental" | "segment";
const BACKUPS: readonly BackupType[] = ["full", "incremental"];

export interface BackupInfo {
  readonly backupId: string;
  /** Place among the backups of a repository: 1 for the first. What is newer is told by it, not by the time. */
  readonly sequence: number;
  /** When the cut was taken, ISO 8601 in UTC. */
  readonly timestamp: string;
  /** segment: a run of the archive, never listed among the backups. */
  readonly backupType: BackupType;
  readonly sourceDb: string;
  readonly sourceNamespace: string;
  /** Records and tombstones in the data file. */
  readonly fileCount: number;
  readonly recordCount: number;
  readonly tombstoneCount: number;
  /** Bytes of all values, before compression. */
  readonly totalSize: number;
  /** Bytes of the data file. */
  readonly storedSize: number;
  /** "sha256:" and the SHA-256 of the data file, as sha256sum prints it. */
  readonly checksum: string;
  readonly compression: boolean;
  readonly codec: Codec;
  /** What it was taken for, or together with; several backups may have one. */
  readonly label: string | null;
  /** How many backups were taken together under the label; 1 for one by itself. */
  readonly setSize: number;
  readonly parentBackupId: string | null;
  /** Of the parent's cut (cutChecksumOf). */
  readonly parentChecksum: string | null;
  readonly fromCheckpoint: string | null;
  readonly toCheckpoint: string;
  /** Of the namespace at the cut (Head). Where the run begins: the parent's `toVersion`. */
  readonly generation: string;
  readonly fromVersion: number | null;
  readonly toVersion: number;
  /** Of the namespace at the cut. */
  readonly stateDigest: string;
  /** Records and bytes of values of the namespace at the cut (Head). Absent where nobody counted them. */
  readonly stateCount?: number;
  readonly stateBytes?: number;
  /** Of a merged backup, the run as it was taken (taken-run.ts). Absent on every other. */
  readonly takenFileCount?: number;
  readonly takenTombstoneCount?: number;
  readonly takenTotalSize?: number;
  readonly takenStoredSize?: number;
  /** Records of the state that it was laid over. Absent where nobody counted them. */
  readonly takenParentCount?: number;
  /** Of a salvaged backup: the damaged one it was made of. Absent on every other. */
  readonly salvagedFrom?: string;
  readonly dataFile: string;
  readonly format: FormatName;
  readonly formatVersion: number;
}

/**
 * Whether it holds what its namespace held at one instant. A salvaged backup does not: it is no parent, no point in time and
 * no proof of health, and retention leaves it alone.
 */
export const isCut = ({ salvagedFrom }: BackupInfo): boolean => salvagedFrom === undefined;

/** "?": may be null. "or absent": not written where it is not known. */
type Kind = "text" | "count" | "flag" | "text?" | "count?" | "count or absent" | "text or absent";

/** Field of the API, name on disk, kind of value; in the order in which they are written. */
const FIELDS: readonly (readonly [keyof BackupInfo, string, Kind])[] = [
  ["backupId", "backup_id", "text"],
  ["sequence", "sequence", "count"],
  ["timestamp", "timestamp", "text"],
  ["backupType", "backup_type", "text"],
  ["sourceDb", "source_db", "text"],
  ["sourceNamespace", "source_namespace", "text"],
  ["fileCount", "file_count", "count"],
  ["totalSize", "total_size", "count"],
  ["checksum", "checksum", "text"],
  ["compression", "compression", "flag"],
  ["label", "label", "text?"],
  ["setSize", "set_size", "count"],
  ["parentBackupId", "parent_backup_id", "text?"],
  ["parentChecksum", "parent_checksum", "text?"],
  ["recordCount", "record_count", "count"],
  ["tombstoneCount", "tombstone_count", "count"],
  ["storedSize", "stored_size", "count"],
  ["codec", "codec", "text"],
  ["fromCheckpoint", "from_checkpoint", "text?"],
  ["toCheckpoint", "to_checkpoint", "text"],
  ["generation", "generation", "text"],
  ["fromVersion", "from_version", "count?"],
  ["toVersion", "to_version", "count"],
  ["stateDigest", "state_digest", "text"],
  ["stateCount", "state_count", "count or absent"],
  ["stateBytes", "state_bytes", "count or absent"],
  ["takenFileCount", "taken_file_count", "count or absent"],
  ["takenTombstoneCount", "taken_tombstone_count", "count or absent"],
  ["takenTotalSize", "taken_total_size", "count or absent"],
  ["takenStoredSize", "taken_stored_size", "count or absent"],
  ["takenParentCount", "taken_parent_count", "count or absent"],
  ["salvagedFrom", "salvaged_from", "text or absent"],
  ["dataFile", "data_file", "text"],
  ["format", "format", "text"],
  ["formatVersion", "format_version", "count"],
];

export type ManifestJson = Readonly<Record<string, unknown>>;

export const manifestToJson = (info: BackupInfo): ManifestJson => ({
  ...plainOf(info),
  manifest_checksum: manifestChecksumOf(info),
});

/** Of those that were asked for: whoever goes through chains asks for the same ones again and again. */
const checksums = new WeakMap<BackupInfo, string>();

/** What `manifest_checksum` says: two backups with the same one are the same to the last byte. */
export function manifestChecksumOf(info: BackupInfo): string {
  const checksum = checksums.get(info) ?? checksumOf(plainOf(info));
  checksums.set(info, checksum);
  return checksum;
}

function plainOf(info: BackupInfo): ManifestJson {
  const fields = FIELDS.filter(([field]) => info[field] !== undefined);
  return Object.fromEntries(fields.map(([field, name]) => [name, info[field]]));
}

export function encodeManifest(info: BackupInfo): Uint8Array {
  return utf8.encode(`${JSON.stringify(manifestToJson(info), null, 2)}\n`);
}

/** @param what names the file in messages; @param types what it may be of. */
export function decodeManifest(
  bytes: Uint8Array,
  what: string,
  types: readonly BackupType[] = BACKUPS,
): BackupInfo {
  return manifestFromJson(parseJson(bytes, what), what, types);
}

export function manifestFromJson(
  json: unknown,
  what: string,
  types: readonly BackupType[] = BACKUPS,
): BackupInfo {
  if (!isObject(json) || !isOwnFormat(json.format))
    throw corruption(`${what} is no manifest of a backup`);
  const version = json.format_version;
  if (typeof version === "number" && version > MANIFEST_VERSION) {
    throw new NadbError(
      "NADB_NEWER_FORMAT",
      `${what} has format version ${version}, this NADB reads up to ${MANIFEST_VERSION}`,
      { hint: "update NADB" },
    );
  }
  const { manifest_checksum: checksum, ...plain } = json;
  if (checksum !== checksumOf(plain)) throw corruption(`${what} does not match its own checksum`);
  const info: Record<string, unknown> = {};
  for (const [field, name, kind] of FIELDS) {
    if (!isKind(plain[name], kind)) throw corruption(`${what}: ${name} is ${quote(plain[name])}`);
    if (plain[name] !== undefined) info[field] = plain[name];
  }
  const manifest = info as unknown as BackupInfo;
  checkValues(manifest, what);
  checkKind(manifest, what, types);
  for (const name of [manifest.backupId, manifest.dataFile, manifest.parentBackupId]) {
    if (name !== null && !isSafeName(name)) throw corruption(`${what} names a file ${quote(name)}`);
  }
  if (Object.keys(plain).length === Object.keys(info).length) checksums.set(manifest, checksum);
  return manifest;
}

/** What each field by itself can not tell: the time is one, the codec goes with the flag, a run is told whole. */
function checkValues(info: BackupInfo, what: string): void {
  const { timestamp, compression, codec, setSize, formatVersion } = info;
  if (Number.isNaN(Date.parse(timestamp)))
    throw corruption(`${what}: timestamp is ${quote(timestamp)}`);
  if (compression !== (codec !== "none"))
    throw corruption(`${what}: codec ${quote(codec)} does not go with its compression`);
  if (formatVersion < 1) throw corruption(`${what}: format_version is ${formatVersion}`);
  if (setSize < 1) throw corruption(`${what}: set_size is ${setSize}`);
  const { takenFileCount, takenTombstoneCount, takenTotalSize, takenStoredSize } = info;
  const taken = [takenFileCount, takenTombstoneCount, takenTotalSize, takenStoredSize];
  if (taken.includes(undefined) && taken.some((count) => count !== undefined))
    throw corruption(`${what}: it tells only a part of the run as it was taken`);
}

/** A full begins at the beginning, an incremental on a parent, a segment at a checkpoint. */
function checkKind(info: BackupInfo, what: string, types: readonly BackupType[]): void {
  const { backupType, parentBackupId, parentChecksum, fromCheckpoint, fromVersion } = info;
  const has = [parentBackupId, parentChecksum, fromCheckpoint, fromVersion].map(isGiven);
  const wanted: Record<BackupType, string> = {
    full: "false,false,false,false",
    incremental: "true,true,true,true",
    segment: "false,false,true,true",
  };
  if (types.includes(backupType) && has.join() === wanted[backupType]) return;
  throw corruption(`${what}: backup_type ${quote(backupType)} does not go with its parent`);
}

const isGiven = (part: unknown): boolean => part !== null;

/** What stays of a backup when its run is merged with those before it: the cut, and what it is called. */
const CUT_FIELDS: ReadonlySet<keyof BackupInfo> = new Set([
  "backupId",
  "sequence",
  "timestamp",
  "sourceDb",
  "sourceNamespace",
  "label",
  "setSize",
  "toCheckpoint",
  "generation",
  "toVersion",
  "stateDigest",
  "stateCount",
  "stateBytes",
]);

/** What a child says of its parent: SHA-256 over the JSON of the fields of its cut, sorted by name. */
export function cutChecksumOf(info: BackupInfo): string {
  const fields = FIELDS.filter(([field]) => CUT_FIELDS.has(field));
  return checksumOf(Object.fromEntries(fields.map(([field, name]) => [name, info[field]])));
}

/** SHA-256 over the JSON of the fields, sorted by name. */
function checksumOf(plain: ManifestJson): string {
  const names = Object.keys(plain).sort();
  const sorted = Object.fromEntries(names.map((name) => [name, plain[name]]));
  return `sha256:${toHex(sha256(utf8.encode(JSON.stringify(sorted))))}`;
}

function isKind(value: unknown, kind: Kind): boolean {
  if (kind === "count?" && value === null) return true;
  if (value === undefined) return kind === "count or absent" || kind === "text or absent";
  if (kind === "count" || kind === "count?" || kind === "count or absent")
    return Number.isSafeInteger(value) && (value as number) >= 0;
  if (kind === "flag") return typeof value === "boolean";
  return typeof value === "string" || (kind === "text?" && value === null);
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(strictUtf8.decode(bytes));
  } catch {
    throw corruption(`${what} is no JSON`);
  }
}
