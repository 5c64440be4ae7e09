// Where what is left of a backup may lie: its folder, and folders of the quarantine that it was moved to; with what its
// manifest says, be it damaged. INVARIANT: a folder that was never finished is no place of a backup.
import { isNadbError } from "@nadb/core";
import {
  type BackupInfo,
  decodeManifest,
  isObject,
  MAX_MANIFEST_BYTES,
  parseJson,
} from "../manifest.js";
import { isBackupId, isDataFile, isLease, MANIFEST_FILE, mergedAt } from "../paths.js";
import { asFault } from "../repair/folders.js";
import { listQuarantine, QUARANTINE_FOLDER, REASON_FILE } from "../repair/quarantine.js";
import { type BackupTarget, readWhole } from "../target.js";
import type { RunSource } from "./report.js";

export type Place = Omit<RunSource, "state">;
type Manifest = Pick<Place, "manifest" | "known">;

/** @param copies the manifests that the index remembers, by id. */
export async function placesOf(
  target: BackupTarget,
  backupId: string,
  copies: ReadonlyMap<string, BackupInfo>,
): Promise<readonly Place[]> {
  const copy = copies.get(backupId);
  const own = await placeIn(target, backupId, backupId, copy);
  const aside = (await listQuarantine(target)).filter(({ from }) => from === backupId).reverse();
  const places = [own];
  for (const { folder } of aside) places.push(await placeIn(target, folder, backupId, undefined));
  const found = places.filter((place) => place !== undefined);
  if (found.length > 0 || copy === undefined) return found;
  return [{ backupId, folder: null, dataFile: null, manifest: "copy", known: copy }];
}

/** A folder of the quarantine that is named as such. */
export async function placeAside(target: BackupTarget, folder: string): Promise<Place | undefined> {
  const said = (await listQuarantine(target)).find((one) => one.folder === folder);
  if (said === undefined || !isBackupId(said.from)) return undefined;
  return placeIn(target, folder, said.from, undefined);
}

export const isAside = (name: string): boolean => name.startsWith(`${QUARANTINE_FOLDER}/`);

async function placeIn(
  target: BackupTarget,
  folder: string,
  backupId: string,
  copy: BackupInfo | undefined,
): Promise<Place | undefined> {
  const names = (await target.list(folder)).map(({ name }) => name);
  const hasManifest = names.includes(MANIFEST_FILE);
  const data = names.filter(isDataFile).sort(newestMergedFirst);
  if (!hasManifest && (data.length === 0 || isUnfinished(names, copy))) return undefined;
  const said = hasManifest ? await readManifest(target, folder, backupId, copy) : withCopy(copy);
  return { backupId, folder, dataFile: dataFileOf(said, data), ...said };
}

/** Nothing says that it ever was a backup. */
const isUnfinished = (names: readonly string[], copy: BackupInfo | undefined): boolean =>
  copy === undefined && names.some(isLease) && !names.includes(REASON_FILE);

const newestMergedFirst = (a: string, b: string): number => (mergedAt(b) ?? 0) - (mergedAt(a) ?? 0);

/** The one that a manifest names, or that there is. */
function dataFileOf({ manifest, known }: Manifest, data: readonly string[]): string | null {
  const { dataFile } = known;
  if (dataFile !== undefined && data.includes(dataFile)) return dataFile;
  return manifest === "sound" || manifest === "copy" ? null : (data[0] ?? null);
}

const withCopy = (copy: BackupInfo | undefined): Manifest =>
  copy === undefined ? { manifest: "missing", known: {} } : { manifest: "copy", known: copy };

/** Throws NADB_NEWER_FORMAT for one that only a newer NADB reads. */
async function readManifest(
  target: BackupTarget,
  folder: string,
  backupId: string,
  copy: BackupInfo | undefined,
): Promise<Manifest> {
  const path = `${folder}/${MANIFEST_FILE}`;
  try {
    const bytes = await readWhole(target, path, MAX_MANIFEST_BYTES);
    try {
      const known = decodeManifest(bytes, path);
      if (known.backupId === backupId) return { manifest: "sound", known };
    } catch (error) {
      const fault = asFault(error);
      if (copy === undefined && fault.code === "NADB_NEWER_FORMAT") throw fault;
      if (copy === undefined) return { manifest: "damaged", known: claimsIn(bytes, path) };
    }
    return withCopy(copy);
  } catch (error) {
    if (isNadbError(error, "NADB_CORRUPTION")) return withCopy(copy); // it is too large for a manifest
    throw error;
  }
}

/** What a damaged manifest says, as far as it can be read. */
function claimsIn(bytes: Uint8Array, path: string): Partial<BackupInfo> {
  const json = readable(bytes, path);
  const claims: Record<string, unknown> = {};
  for (const [field, name, type] of CLAIMS)
    if (typeof json[name] === type || (json[name] === null && field === "parentBackupId"))
      claims[field] = json[name];
  return claims;
}

function readable(bytes: Uint8Array, path: string): Readonly<Record<string, unknown>> {
  try {
    const json = parseJson(bytes, path);
    return isObject(json) ? json : {};
  } catch (error) {
    asFault(error);
    return {};
  }
}

const CLAIMS: readonly (readonly [keyof BackupInfo, string, "string" | "number"])[] = [
  ["backupType", "backup_type", "string"],
  ["parentBackupId", "parent_backup_id", "string"],
  ["parentChecksum", "parent_checksum", "string"],
  ["fromCheckpoint", "from_checkpoint", "string"],
  ["toCheckpoint", "to_checkpoint", "string"],
  ["fromVersion", "from_version", "number"],
  ["toVersion", "to_version", "number"],
  ["sourceDb", "source_db", "string"],
  ["sourceNamespace", "source_namespace", "string"],
  ["dataFile", "data_file", "string"],
];
