// Who is laid over whom among the backups of a repository, as their manifests say it, and which of them can be restored.
// Parents that are not there, and circles that only a forger makes, end a walk; nothing here is read from the target.
import { byAge } from "../catalog.js";
import type { BackupInfo } from "../manifest.js";

export class Lineage {
  /** Oldest first, but a parent always before its children. */
  readonly backups: readonly BackupInfo[];
  readonly #byId: ReadonlyMap<string, BackupInfo>;
  /** Those whose whole chain is there and undamaged. */
  readonly #good = new Set<string>();

  constructor(backups: Iterable<BackupInfo>, damaged: ReadonlySet<string>) {
    const oldestFirst = [...backups].sort(byAge);
    this.#byId = new Map(oldestFirst.map((info) => [info.backupId, info]));
    this.backups = this.#parentsFirst(oldestFirst);
    for (const { backupId, parentBackupId } of this.backups) {
      const standsOnGood = parentBackupId === null || this.#good.has(parentBackupId);
      if (standsOnGood && !damaged.has(backupId)) this.#good.add(backupId);
    }
  }

  isGood({ backupId }: BackupInfo): boolean {
    return this.#good.has(backupId);
  }

  parentOf({ parentBackupId }: BackupInfo): BackupInfo | undefined {
    return parentBackupId === null ? undefined : this.#byId.get(parentBackupId);
  }

  /** What the backup is laid over, nearest first. */
  *ancestorsOf(info: BackupInfo): Generator<BackupInfo, void, undefined> {
    const seen = new Set([info]);
    for (let one = this.parentOf(info); one !== undefined; one = this.parentOf(one)) {
      if (seen.has(one)) return;
      seen.add(one);
      yield one;
    }
  }

  #parentsFirst(oldestFirst: readonly BackupInfo[]): readonly BackupInfo[] {
    const placed = new Set<BackupInfo>();
    for (const info of oldestFirst) {
      const waiting = new Set<BackupInfo>();
      let one: BackupInfo | undefined = info;
      while (one !== undefined && !placed.has(one) && !waiting.has(one)) {
        waiting.add(one);
        one = this.parentOf(one);
      }
      for (const ready of [...waiting].reverse()) placed.add(ready);
    }
    return [...placed];
  }
}

/** The groups in the order in which each comes first, their items in order. */
export function groupBy<T>(
  items: readonly T[],
  nameOfGroup: (item: T) => string,
): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(nameOfGroup(item));
    if (group === undefined) groups.set(nameOfGroup(item), [item]);
    else group.push(item);
  }
  return groups;
}
