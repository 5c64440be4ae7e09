// What writers and readers that are gone have left behind, as steps of a plan. INVARIANT: data without a manifest is a
// leftover only with the word of a writer beside it; without one it may be a backup that lost its manifest.
import { isLeftover, isLostManifest, isReplaced } from "../folder.js";
import type { LeaseHost } from "../lease.js";
import { isAlive, readLease } from "../lease-file.js";
import type { BackupInfo } from "../manifest.js";
import { isLease, isPiece, READERS_FOLDER } from "../paths.js";
import type { BackupTarget } from "../target.js";
import type { Folder } from "./folders.js";
import type { RepairStep } from "./plan.js";

const MAX_READER_BYTES = 16 << 20;

/** Of a folder without a manifest. */
export const isUnfinished = ({ names, info, fault }: Folder): boolean =>
  info === undefined && fault === undefined && isLeftover(names);

/** Data without manifest and without a writer: a backup that has lost its manifest. */
export const isBereft = ({ names, info, fault }: Folder): boolean =>
  info === undefined && fault === undefined && isLostManifest(names);

export function sweepUnfinished({ backupId, names }: Folder): RepairStep {
  const paths = names.map((name) => `${backupId}/${name}`);
  return { type: "sweep", what: "folder", name: backupId, paths };
}

/** What is in the way beside a sound backup. */
export function sweepBeside(
  { backupId, names, isBusy }: Folder,
  info: BackupInfo,
  now: number,
): RepairStep[] {
  if (isBusy) return [];
  const useless = names.filter((name) => isUseless(name, info, now));
  const paths = useless.map((name) => `${backupId}/${name}`);
  return paths.length === 0 ? [] : [{ type: "sweep", what: "beside", name: backupId, paths }];
}

export const isUseless = (name: string, { dataFile }: BackupInfo, now: number): boolean =>
  isLease(name) || isPiece(name) || isReplaced(name, dataFile, now);

export async function sweepReaders(
  target: BackupTarget,
  { clock }: LeaseHost,
): Promise<RepairStep[]> {
  const paths: string[] = [];
  for (const { name } of await target.list(READERS_FOLDER)) {
    const path = `${READERS_FOLDER}/${name}`;
    const lease = await readLease(target, path, MAX_READER_BYTES);
    if (lease === undefined || !isAlive(lease, target, clock())) paths.push(path);
  }
  return paths.length === 0 ? [] : [{ type: "sweep", what: "reader", name: READERS_FOLDER, paths }];
}
