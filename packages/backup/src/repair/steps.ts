// What follows from the verdicts on backups: which manifests come back, what is merged, what goes into the quarantine.

import { byAge } from "../catalog.js";
import type { BackupInfo } from "../manifest.js";
import type { Folder } from "./folders.js";
import { isSameInfo } from "./index-copies.js";
import type { Judge, Verdict } from "./judge.js";
import type { LeftAlone, RepairStep } from "./plan.js";

export interface Judged {
  readonly steps: readonly RepairStep[];
  /** Oldest first. */
  readonly sound: readonly BackupInfo[];
  readonly leftAlone: readonly LeftAlone[];
}

export function stepsFor(
  folders: readonly Folder[],
  judge: Judge,
  verdicts: ReadonlyMap<string, Verdict>,
  copies: ReadonlyMap<string, BackupInfo>,
): Judged {
  const lines = new Lines((id) => judge.infoOf(id) ?? copies.get(id), verdicts);
  const known = folders.filter(({ backupId }) => judge.infoOf(backupId) !== undefined);
  const sound = lines.of("sound").sort(byAge);
  const merged = sound.filter(
    ({ parentBackupId }) => parentBackupId && !lines.isSound(parentBackupId),
  );
  const needed = new Set([...sound, ...merged.flatMap((info) => lines.ancestorsOf(info))]);
  const inUse = new Set(lines.of("unknown").flatMap((info) => lines.ancestorsOf(info)));
  const damaged = lines.of("damaged").sort((a, b) => lines.depthOf(b) - lines.depthOf(a));
  const restored = known.filter(({ info, backupId }) => {
    const is = judge.infoOf(backupId) as BackupInfo;
    return needed.has(is) && (info === undefined || !isSameInfo(info, is));
  });
  const moved = damaged.filter((info) => !inUse.has(info) && judge.infoOf(info.backupId) === info);
  const folderOf = new Map(folders.map((folder) => [folder.backupId, folder]));
  return {
    sound,
    steps: [
      ...restored.map((folder) => restore(folder, judge)),
      ...merged.map((info) => merge(info, lines)),
      ...moved.map((info) => quarantine(info, folderOf.get(info.backupId)?.seen ?? "", verdicts)),
    ],
    leftAlone: [
      ...unknown(lines, verdicts),
      ...damaged.filter((info) => inUse.has(info)).map(held),
    ],
  };
}

/** Backups by their parents. */
class Lines {
  constructor(
    readonly infoOf: (id: string) => BackupInfo | undefined,
    readonly verdicts: ReadonlyMap<string, Verdict>,
  ) {}

  of(is: Verdict["is"]): BackupInfo[] {
    const ids = [...this.verdicts].filter(([, verdict]) => verdict.is === is);
    return ids.flatMap(([id]) => this.infoOf(id) ?? []);
  }

  isSound(id: string): boolean {
    return this.verdicts.get(id)?.is === "sound";
  }

  /** The parent first. */
  ancestorsOf({ parentBackupId }: BackupInfo): BackupInfo[] {
    const found = new Set<BackupInfo>();
    for (let id = parentBackupId; id !== null; ) {
      const info = this.infoOf(id);
      if (info === undefined || found.has(info)) break;
      found.add(info);
      id = info.parentBackupId;
    }
    return [...found];
  }

  depthOf(info: BackupInfo): number {
    return this.ancestorsOf(info).length;
  }
}

function restore({ backupId, info, fault, seen }: Folder, judge: Judge): RepairStep {
  const why =
    fault?.message ??
    (info === undefined
      ? "its manifest is missing"
      : "its manifest does not go with what it names");
  return {
    type: "restore-manifest",
    backupId,
    info: judge.infoOf(backupId) as BackupInfo,
    why,
    seen,
  };
}

/** Onto the nearest ancestor that stays. */
function merge(info: BackupInfo, lines: Lines): RepairStep {
  const kept = lines.ancestorsOf(info).find(({ backupId }) => lines.isSound(backupId));
  return {
    type: "consolidate",
    backupId: info.backupId,
    onto: kept?.backupId ?? null,
    why: `it can be restored, and ${info.parentBackupId}, which it is laid over, can not`,
  };
}

function quarantine(
  info: BackupInfo,
  seen: string,
  verdicts: ReadonlyMap<string, Verdict>,
): RepairStep {
  const { backupId } = info;
  const verdict = verdicts.get(backupId) as Extract<Verdict, { is: "damaged" }>;
  const { why, because } = verdict;
  return { type: "quarantine", backupId, info, why, because, seen };
}

const unknown = (lines: Lines, verdicts: ReadonlyMap<string, Verdict>): LeftAlone[] =>
  lines.of("unknown").map(({ backupId: name }) => {
    const { fault } = verdicts.get(name) as Extract<Verdict, { is: "unknown" }>;
    return { name, code: fault.code, why: fault.message };
  });

const held = ({ backupId: name }: BackupInfo): LeftAlone => ({
  name,
  code: "NADB_CONFLICT",
  why: "it is damaged, and one that is laid over it could not be judged",
});
