// What to do after a repair, in sentences: which namespaces have nothing new to restore any more.
import type { Segment } from "../archive/names.js";
import { type TimelinePoint, timelineOf } from "../archive/timeline.js";
import { byAge } from "../catalog.js";
import { type BackupInfo, isCut } from "../manifest.js";
import { groupBy } from "../retention/lineage.js";
import type { LeftAlone } from "./plan.js";

/** What there is, and what of it stays. */
export interface Remains {
  readonly known: readonly BackupInfo[];
  readonly sound: readonly BackupInfo[];
  /** Sound segments by `db/namespace`. */
  readonly segments: ReadonlyMap<string, readonly Segment[]>;
  readonly leftAlone: readonly LeftAlone[];
}

export function adviceOn({ known, sound, segments, leftAlone }: Remains): string[] {
  const soundOf = groupBy(sound.filter(isCut), sourceOf);
  const full = [...groupBy(known.filter(isCut), sourceOf)].flatMap(([source, backups]) => {
    const { points } = timelineOf(soundOf.get(source) ?? [], segments.get(source) ?? []);
    return takeFull(source, [...backups].sort(byAge).at(-1) as BackupInfo, points.at(-1));
  });
  return [...full, ...lookAt(leftAlone)];
}

/** @param last the newest backup there was; @param newest what can be restored now. */
function takeFull(source: string, last: BackupInfo, newest: TimelinePoint | undefined): string[] {
  if (newest === undefined)
    return [`take a full backup of ${source} now: nothing of it can be restored`];
  if (newest.generation === last.generation && newest.version >= last.toVersion) return [];
  const { id, time } = newest;
  return [
    `take a full backup of ${source} now: nothing of it can be restored that is newer than ${id} of ${new Date(time).toISOString()}`,
  ];
}

const lookAt = (leftAlone: readonly LeftAlone[]): string[] =>
  leftAlone.some(({ code }) => code === "NADB_IO")
    ? ["see to what can not be read, then repair again: nothing was judged of it"]
    : [];

const sourceOf = ({ sourceDb, sourceNamespace }: BackupInfo): string =>
  `${sourceDb}/${sourceNamespace}`;
