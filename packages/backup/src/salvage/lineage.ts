// What there is of the chain of a damaged backup, each run where it was found. INVARIANT: a run is taken for the parent of
// another only when their manifests say so to each other, or, where too little of these is left, by its name alone; what
// contradicts is not taken.
import { checkName, isNadbError, NadbError, quote } from "@nadb/core";
import { checkLink } from "../chain.js";
import type { BackupInfo } from "../manifest.js";
import { isBackupId, isSafeName } from "../paths.js";
import { readCopies } from "../repair/index-copies.js";
import type { Repository } from "../repository.js";
import { isAside, type Place, placeAside, placesOf } from "./places.js";

export interface Lineage {
  /** Oldest first. */
  readonly places: readonly Place[];
  /** What the oldest is laid over is not to be found: its id, where that is known, and why. */
  readonly broken?: { readonly parent: string | null; readonly why: string };
}

/** Throws NADB_NOT_FOUND when nothing is left of the backup, NADB_NEWER_FORMAT. */
export async function lineageOf(repository: Repository, name: string): Promise<Lineage> {
  const { target } = repository;
  if (!isAside(name)) checkName("backup id", name);
  const { copies, fault } = await readCopies(target);
  if (fault !== undefined) throw fault;
  const tip = isAside(name)
    ? await placeAside(target, name)
    : (await placesOf(target, name, copies))[0];
  if (tip === undefined) throw nothingOf(name);
  const places = [tip];
  for (;;) {
    const child = places[0] as Place;
    const parent = parentOf(child);
    if (parent === null) return { places };
    const broken = (why: string): Lineage => ({ places, broken: { parent: parent ?? null, why } });
    if (parent === undefined) return broken("its manifest does not tell what it is laid over");
    if (places.some(({ backupId }) => backupId === parent))
      return broken("its chain has no beginning");
    const found = await placesOf(target, parent, copies);
    const place = found.find((one) => mayBeParent(child, one));
    if (place === undefined)
      return broken(
        found.length === 0
          ? `${parent}, which it is laid over, is gone`
          : `${parent} is not what it is laid over`,
      );
    places.unshift(place);
  }
}

const nothingOf = (name: string): NadbError =>
  new NadbError("NADB_NOT_FOUND", `there is nothing left of a backup ${quote(name)}`, {
    hint: "name a backup of the repository, or a folder of its quarantine",
  });

/** Null for a full; undefined where nothing tells. */
function parentOf({ known }: Place): string | null | undefined {
  const { backupType, parentBackupId } = known;
  if (backupType === "full" && parentBackupId === null) return null;
  const isNamed = typeof parentBackupId === "string" && isSafeName(parentBackupId);
  return backupType === "incremental" && isNamed && isBackupId(parentBackupId)
    ? parentBackupId
    : undefined;
}

export const infoOf = ({
  manifest,
  known,
}: Pick<Place, "manifest" | "known">): BackupInfo | undefined =>
  manifest === "sound" || manifest === "copy" ? (known as BackupInfo) : undefined;

function mayBeParent(child: Place, parent: Place): boolean {
  const [after, before] = [infoOf(child), infoOf(parent)];
  if (after !== undefined && before !== undefined) return isLinked(after, before);
  const said = [
    [child.known.fromCheckpoint, parent.known.toCheckpoint],
    [child.known.fromVersion, parent.known.toVersion],
  ].filter(([a, b]) => a !== undefined && b !== undefined);
  return said.length === 0 || said.some(([a, b]) => a === b);
}

function isLinked(child: BackupInfo, parent: BackupInfo): boolean {
  try {
    checkLink(child, parent);
    return true;
  } catch (error) {
    if (isNadbError(error, "NADB_CORRUPTION")) return false;
    throw error;
  }
}
