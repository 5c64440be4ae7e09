// How much is left of the run of each backup of a damaged chain, found by reading it as every reader does.
import { invalidArgument, isNadbError, type NadbError, quote } from "@nadb/core";
import type { BackupInfo } from "../manifest.js";
import { checkFile, readRun } from "../run/read-run.js";
import type { BackupTarget } from "../target.js";
import { infoOf } from "./lineage.js";
import { isAside, type Place } from "./places.js";
import type { RunSource } from "./report.js";

export interface SourceWork {
  readonly signal?: AbortSignal;
  /** Called after each block. */
  readonly onRead: (changes: number, bytes: number) => void;
  /** Of the lease under which it is read. */
  readonly renew: () => Promise<void>;
}

/** With how much of the run is left. Throws NADB_NEWER_FORMAT for one that only a newer NADB reads. */
export async function sourceOf(
  target: BackupTarget,
  place: Place,
  work: SourceWork,
): Promise<RunSource> {
  const { folder, dataFile } = place;
  if (folder === null || dataFile === null) return { ...place, state: "missing" };
  const info = infoOf(place);
  const isWhole =
    info !== undefined && (await isReadable(target, { ...info, backupId: folder }, work));
  return { ...place, state: isWhole ? "whole" : "damaged" };
}

/** As the readers of runs take it: with the folder where its data file is in the place of its id. */
export const locatedInfo = (source: RunSource): BackupInfo => ({
  ...(source.known as BackupInfo),
  backupId: source.folder as string,
});

async function isReadable(
  target: BackupTarget,
  info: BackupInfo,
  work: SourceWork,
): Promise<boolean> {
  try {
    for await (const _ of readRun(target, info, work));
    return true;
  } catch (error) {
    if (isNadbError(error, "NADB_CORRUPTION")) return false;
    if (isNadbError(error, "NADB_NEWER_FORMAT") && (await isTorn(target, info, work))) return false;
    throw error;
  }
}

/** It only looks newer because a bit of its version is wrong. */
async function isTorn(target: BackupTarget, info: BackupInfo, work: SourceWork): Promise<boolean> {
  try {
    await checkFile(target, info, "checksum", work);
    return false;
  } catch (error) {
    return isNadbError(error, "NADB_CORRUPTION");
  }
}

export const notDamaged = (name: string): NadbError =>
  invalidArgument(
    `${quote(name)} is not damaged, and neither is what it is laid over: there is nothing to salvage`,
    isAside(name) ? "move it back where it was, see docs/repair.md" : "restore it",
  );
