// The gate before pruning: while something about a backup is unusual and nobody has accepted it, neither it nor anything
// older of its namespace goes. What was encrypted or emptied must not push out what was not.
import { type BackupInfo, isCut } from "../manifest.js";
import type { Repository } from "../repository.js";
import { acceptedOf } from "./acceptance.js";
import { type Anomaly, type AnomalyLimits, anomaliesIn } from "./anomalies.js";

export interface UnusualBackup {
  readonly info: BackupInfo;
  readonly anomalies: readonly Anomaly[];
}

/** Those that nobody has accepted, of every namespace. @param backups as the repository lists them. @param known which are accepted, if that is known. */
export async function unusualBackups(
  repository: Repository,
  backups: readonly BackupInfo[],
  limits?: AnomalyLimits,
  known?: ReadonlySet<string>,
): Promise<readonly UnusualBackup[]> {
  const accepted = known ?? (await acceptedOf(repository.target, backups));
  return byNamespace(backups).flatMap((group) => {
    const found = anomaliesIn(group, accepted, limits);
    return group.flatMap((info) => {
      const anomalies = found.get(info.backupId);
      return anomalies === undefined ? [] : [{ info, anomalies }];
    });
  });
}

/** By id, why retention holds it. */
export function heldFor(
  unusual: readonly UnusualBackup[],
  backups: readonly BackupInfo[],
): ReadonlyMap<string, string> {
  const ids = new Set(unusual.map(({ info }) => info.backupId));
  const held = new Map<string, string>();
  for (const group of byNamespace(backups)) {
    const last = group.findLastIndex(({ backupId }) => ids.has(backupId));
    const newest = group[last];
    for (const { backupId } of group.slice(0, Math.max(0, last))) {
      held.set(backupId, `until ${newest?.backupId} is accepted, which is unusual`);
    }
  }
  for (const { info, anomalies } of unusual)
    held.set(info.backupId, `unusual: ${inWords(anomalies)}`);
  return held;
}

export const inWords = (anomalies: readonly Anomaly[]): string =>
  anomalies.map(({ detail }) => detail).join("; ");

/** The groups keep the order: oldest first. */
function byNamespace(backups: readonly BackupInfo[]): readonly (readonly BackupInfo[])[] {
  const groups = new Map<string, BackupInfo[]>();
  for (const info of backups.filter(isCut)) {
    const name = `${info.sourceDb}/${info.sourceNamespace}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [info]);
    else group.push(info);
  }
  return [...groups.values()];
}
