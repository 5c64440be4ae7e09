// File names in a repository, as DESIGN draws them. Everything that touches a file asks here.
//
//   metadata.json              index: a copy of all manifests
//   ID/metadata.json           manifest; a backup exists once it does
//   ID/data.nadb               the run; or in JSON
//   ID/data.json.gz, ID/data.json
//   ID/data-TIME-NONCE.nadb    the run that took its place when it was merged with those before it
//   ID/lease-000001.json       who is writing the backup (lease.ts); merge-000001.json: who is merging it
//   ID/pin.json                nothing deletes the backup (retention/pin-file.ts)
//   ID/verified.json           what its last full verification found; drilled.json: its last drill (evidence.ts)
//   ID/accepted.json           an operator has looked at what is unusual about it (health/acceptance.ts)
//   ID/salvaged.json           what was lost when the backup was salvaged from a damaged one (salvage/list-file.ts)
//   readers/NONCE.json         who is reading which backups (readers.ts)
//   schedule/lease-000001.json who does scheduled work (schedule/exclusive.ts); schedule/runs/… (schedule/trace.ts)
//   ID/piece-000001.nadb       a sorted piece of a run that is being written (run/sort.ts)
import { checkName, isNadbError } from "@nadb/core";

export const INDEX_PATH = "metadata.json";
export const READERS_FOLDER = "readers";
/** Of schedules: who works, and when what was last done. */
export const SCHEDULE_FOLDER = "schedule";
export const readerPath = (nonce: string): string => `${READERS_FOLDER}/${nonce}.json`;
export const PACK_FILE = "data.nadb";
export const JSON_FILE = "data.json";
export const JSON_GZIP_FILE = "data.json.gz";
export const MANIFEST_FILE = "metadata.json";
export const PIN_FILE = "pin.json";
export const VERIFIED_FILE = "verified.json";
export const DRILLED_FILE = "drilled.json";
export const ACCEPTED_FILE = "accepted.json";
export const SALVAGED_FILE = "salvaged.json";
/** What others say about a backup. It goes with the backup and keeps nothing of it. */
const BESIDE: readonly string[] = [
  PIN_FILE,
  VERIFIED_FILE,
  DRILLED_FILE,
  ACCEPTED_FILE,
  SALVAGED_FILE,
];
export const isBeside = (name: string): boolean => BESIDE.includes(name);
const LEASE = /^(lease|merge)-(\d{6})\.json$/;
/** Folders at the root that are no backup's. */
const RESERVED: ReadonlySet<string> = new Set([
  INDEX_PATH,
  READERS_FOLDER,
  SCHEDULE_FOLDER,
  "archive",
  "quarantine",
]);

/** Whether it may name a backup's folder or file; nothing else in a repository's folder is a repository's. */
export function isSafeName(name: string): boolean {
  try {
    checkName("name", name);
    return true;
  } catch (error) {
    if (isNadbError(error)) return false;
    throw error;
  }
}

export const isJsonFile = (name: string): boolean => isDataFile(name) && !name.endsWith(".nadb");

export const manifestPath = (backupId: string): string => `${backupId}/${MANIFEST_FILE}`;
export const pinPath = (backupId: string): string => `${backupId}/${PIN_FILE}`;
export const evidencePath = (backupId: string, level: "full" | "drill"): string =>
  `${backupId}/${level === "full" ? VERIFIED_FILE : DRILLED_FILE}`;
export const acceptedPath = (backupId: string): string => `${backupId}/${ACCEPTED_FILE}`;
export const salvagedPath = (backupId: string): string => `${backupId}/${SALVAGED_FILE}`;
export const dataPath = (backupId: string, dataFile: string): string => `${backupId}/${dataFile}`;

/** lease: who writes, links to or removes the backup. merge: who merges its run with those before it, for long. */
export type LeaseKind = "lease" | "merge";

export const leasePath = (backupId: string, kind: LeaseKind, token: number): string =>
  `${backupId}/${kind}-${String(token).padStart(6, "0")}.json`;

export const isLease = (name: string): boolean => LEASE.test(name);

/** The fencing token in the name of a lease of this kind; undefined for any other file. */
export function leaseToken(name: string, kind: LeaseKind): number | undefined {
  const match = LEASE.exec(name);
  return match?.[1] === kind ? Number(match[2]) : undefined;
}

/** Whether it may name a backup. */
export const isBackupId = (name: string): boolean => isSafeName(name) && !RESERVED.has(name);

const DATA_FILE = /^data(?:-(\d{13,15})-[0-9a-f]{8})?\.(nadb|json|json\.gz)$/;

export const isDataFile = (name: string): boolean => DATA_FILE.test(name);

/** A name that no other writer takes for merged data, in a format whose files are called `fileName`. */
export const mergedDataFile = (fileName: string, time: number, nonce: string): string =>
  fileName.replace("data.", `data-${String(time).padStart(13, "0")}-${nonce}.`);

/** When merged data was begun, in ms since the epoch; undefined for the data of a backup that was never merged. */
export function mergedAt(dataFile: string): number | undefined {
  const time = DATA_FILE.exec(dataFile)?.[1];
  return time === undefined ? undefined : Number(time);
}

const PIECE = /^piece-\d{6}\.nadb$/;

export const piecePath = (backupId: string, number: number): string =>
  `${backupId}/piece-${String(number).padStart(6, "0")}.nadb`;

export const isPiece = (name: string): boolean => PIECE.test(name);
