// What to do after a repair, in sentences: which namespaces have nothing new to restore any more.
import { byAge } from "../catalog.js";
import { type BackupInfo, isCut } from "../manifest.js";
import type { LeftAlone } from "./plan.js";

export function adviceOn(
  known: readonly BackupInfo[],
  sound: readonly BackupInfo[],
  leftAlone: readonly LeftAlone[],
): string[] {
  const all = known.filter(isCut).sort(byAge);
  const sources = new Map(all.map((info) => [sourceOf(info), all.filter(isOf(info))]));
  const full = [...sources].flatMap(([source, backups]) => takeFull(source, backups, sound));
  return [...full, ...lookAt(leftAlone)];
}

function takeFull(
  source: string,
  backups: readonly BackupInfo[],
  sound: readonly BackupInfo[],
): string[] {
  const good = new Set(sound.map(({ backupId }) => backupId));
  const newest = backups.findLast(({ backupId }) => good.has(backupId));
  if (newest === undefined)
    return [`take a full backup of ${source} now: nothing of it can be restored`];
  if (newest === backups.at(-1)) return [];
  const { backupId, timestamp } = newest;
  return [
    `take a full backup of ${source} now: nothing of it can be restored that is newer than ${backupId} of ${timestamp}`,
  ];
}

const lookAt = (leftAlone: readonly LeftAlone[]): string[] =>
  leftAlone.some(({ code }) => code === "NADB_IO")
    ? ["see to what can not be read, then repair again: nothing was judged of it"]
    : [];

const sourceOf = ({ sourceDb, sourceNamespace }: BackupInfo): string =>
  `${sourceDb}/${sourceNamespace}`;

const isOf =
  (one: BackupInfo) =>
  (other: BackupInfo): boolean =>
    sourceOf(one) === sourceOf(other);
