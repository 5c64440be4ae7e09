// What the files in a backup's folder, by their names alone, tell of it. INVARIANT: a folder that somebody else may have
// made is never taken for a leftover.
import {
  isBeside,
  isDataFile,
  isJsonFile,
  isLease,
  isPiece,
  MANIFEST_FILE,
  mergedAt,
} from "./paths.js";
import type { BackupTarget } from "./target.js";

/** The files of a backup's folder, with their sizes. */
export type Files = ReadonlyMap<string, number>;

export const filesIn = async (target: BackupTarget, backupId: string): Promise<Files> =>
  new Map((await target.list(backupId)).map(({ name, size }) => [name, size]));

const MERGED_STAYS_MS = 24 * 60 * 60_000;

/** Whether a dead writer left something: all of a folder without a manifest, or something beside one. */
export function isLeftover(names: readonly string[]): boolean {
  if (names.includes(MANIFEST_FILE)) {
    return (
      names.some((name) => isLease(name) || isPiece(name)) || names.filter(isDataFile).length > 1
    );
  }
  return (
    names.every(isOurs) && (names.some(isLease) || (names.some(isPiece) && !names.some(isDataFile)))
  );
}

/** Whether there are data and no manifest. */
export const isWithoutManifest = (names: readonly string[]): boolean =>
  names.some(isDataFile) && !names.includes(MANIFEST_FILE);

/** Data without a manifest, and without a lease: nobody was writing or removing them. */
export const isLostManifest = (names: readonly string[]): boolean =>
  isWithoutManifest(names) && !names.some(isLease);

/** Whether the names alone tell that the data are ours; files called data.json are found in many folders. */
export const hasOwnData = (names: readonly string[]): boolean =>
  names.every(isOurs) && names.some((name) => isDataFile(name) && !isJsonFile(name));

const isOurs = (name: string): boolean =>
  isDataFile(name) || isLease(name) || isPiece(name) || isBeside(name);

/**
 * Whether these data took no place, or lost it to `named`, which the manifest names. Merged data stay for a day: whoever
 * wrote them may be asleep, and wake up to name them.
 */
export const isReplaced = (name: string, named: string, now: number): boolean =>
  isDataFile(name) && name !== named && (mergedAt(name) ?? 0) + MERGED_STAYS_MS <= now;
