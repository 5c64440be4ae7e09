// The index of a repository (metadata.json at its root): a copy of the manifests of all backups, by id. It tells a
// backup whose manifest was lost from one that was never finished (repository.ts).
import { isNadbError } from "@nadb/core";
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
  try {
    const json = parseJson(await readWhole(target, INDEX_PATH, MAX_INDEX_BYTES), INDEX_PATH);
    if (!isObject(json) || json.format !== INDEX_FORMAT || json.format_version !== INDEX_VERSION) {
      return undefined;
    }
    const manifests = isObject(json.backups) ? json.backups : {};
    return new Map(
      Object.entries(manifests).map(([id, manifest]) => [
        id,
        manifestFromJson(manifest, INDEX_PATH),
      ]),
    );
  } catch (error) {
    const unreadable = ["NADB_NOT_FOUND", "NADB_CORRUPTION", "NADB_NEWER_FORMAT"] as const;
    if (unreadable.some((code) => isNadbError(error, code))) return undefined;
    throw error;
  }
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
