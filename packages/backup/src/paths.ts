// File names in a repository, as DESIGN draws them. Everything that touches a file asks here.
//
//   metadata.json              index: a copy of all manifests
//   ID/metadata.json           manifest; a backup exists once it does
//   ID/data.nadb               the run
//   ID/lease-000001.json       who is writing the backup (lease.ts)
//   ID/piece-000001.nadb       a sorted piece of a run that is being written (run/sort.ts)
import { checkName, isNadbError } from "@nadb/core";

export const INDEX_PATH = "metadata.json";
export const DATA_FILE = "data.nadb";
export const MANIFEST_FILE = "metadata.json";
const LEASE = /^lease-(\d{6})\.json$/;

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

export const manifestPath = (backupId: string): string => `${backupId}/${MANIFEST_FILE}`;
export const dataPath = (backupId: string, dataFile: string): string => `${backupId}/${dataFile}`;
export const leasePath = (backupId: string, token: number): string =>
  `${backupId}/lease-${String(token).padStart(6, "0")}.json`;

/** The fencing token in a lease's file name; undefined for any other file. */
export function leaseToken(name: string): number | undefined {
  const match = LEASE.exec(name);
  return match === null ? undefined : Number(match[1]);
}

const PIECE = /^piece-\d{6}\.nadb$/;

export const piecePath = (backupId: string, number: number): string =>
  `${backupId}/piece-${String(number).padStart(6, "0")}.nadb`;

export const isPiece = (name: string): boolean => PIECE.test(name);
