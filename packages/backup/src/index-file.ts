// The index of a repository (metadata.json at its root): a copy of the manifests of all backups, by id. A lost
// manifest can be written anew from it. INVARIANT: it is always written from a look
// at all manifests, so whatever was wrong with it is right afterwards.
import { corruption, isNadbError } from "@nadb/core";
import { byAge, type Scan } from "./catalog.js";
import {
  type BackupInfo,
  isObject,
  manifestFromJson,
  manifestToJson,
  parseJson,
} from "./manifest.js";
import { INDEX_PATH } from "./paths.js";
import { type BackupTarget, readWhole } from "./target.js";

const INDEX_FORMAT = "nadb-repository";
const INDEX_VERSION = 1;
const MAX_INDEX_BYTES = 256 << 20;

/** Undefined when it is lost, damaged or of another version: then it counts for nothing. */
export async function readIndex(
  target: BackupTarget,
): Promise<Map<string, BackupInfo> | undefined> {
  return ifReadable(async () => {
    const entries = Object.entries(await readEntries(target));
    return new Map(entries.map(([id, entry]) => [id, manifestFromJson(entry, INDEX_PATH)]));
  });
}

/** The ids that it names, whatever it says of them; none when it counts for nothing. */
export async function readIndexIds(target: BackupTarget): Promise<ReadonlySet<string>> {
  return new Set(Object.keys((await ifReadable(() => readEntries(target))) ?? {}));
}

async function readEntries(target: BackupTarget): Promise<Readonly<Record<string, unknown>>> {
  const json = parseJson(await readWhole(target, INDEX_PATH, MAX_INDEX_BYTES), INDEX_PATH);
  if (!isObject(json) || json.format !== INDEX_FORMAT || json.format_version !== INDEX_VERSION)
    throw corruption(`${INDEX_PATH} is no index of this version`);
  return isObject(json.backups) ? json.backups : {};
}

async function ifReadable<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    const unreadable = ["NADB_NOT_FOUND", "NADB_CORRUPTION", "NADB_NEWER_FORMAT"] as const;
    if (unreadable.some((code) => isNadbError(error, code))) return undefined;
    throw error;
  }
}

/** The backups of a scan, and of those that it could not read what the index remembers; oldest first. */
export async function knownBackups(
  target: BackupTarget,
  { backups, findings }: Scan,
): Promise<readonly BackupInfo[]> {
  if (findings.length === 0) return backups;
  const known = await readIndex(target);
  const copies = findings.flatMap(({ backupId }) => known?.get(backupId) ?? []);
  return [...backups, ...copies].sort(byAge);
}

/** Behind all backups there are, those too that can not be read: 1 for the first. */
export async function nextSequence(target: BackupTarget, scan: Scan): Promise<number> {
  const known = await knownBackups(target, scan);
  return known.reduce((last, { sequence }) => Math.max(last, sequence), 0) + 1;
}

/** Makes it say what a look at all manifests has told, but for a change. Of a manifest damaged or lost it keeps its copy. */
export async function rewriteIndex(
  target: BackupTarget,
  scan: Scan,
  change: (index: Map<string, BackupInfo>) => void,
): Promise<void> {
  const known = await knownBackups(target, scan);
  const index = new Map(known.map((info) => [info.backupId, info]));
  change(index);
  await writeIndex(target, index);
}

export async function writeIndex(
  target: BackupTarget,
  backups: ReadonlyMap<string, BackupInfo>,
): Promise<void> {
  const manifests = Object.fromEntries(
    [...backups].map(([id, info]) => [id, manifestToJson(info)]),
  );
  const json = { format: INDEX_FORMAT, format_version: INDEX_VERSION, backups: manifests };
  await target.write(INDEX_PATH, [new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`)]);
}
