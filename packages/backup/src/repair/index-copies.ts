// The manifests that the index remembers, each for itself: where one of them is damaged the others still count. And the
// index as it should be.
import { isNadbError, type NadbError } from "@nadb/core";
import {
  type BackupInfo,
  isObject,
  manifestFromJson,
  manifestToJson,
  parseJson,
} from "../manifest.js";
import { INDEX_PATH } from "../paths.js";
import { type BackupTarget, readWhole } from "../target.js";
import { asFault, type Folder } from "./folders.js";

const MAX_INDEX_BYTES = 256 << 20;

export interface IndexCopies {
  readonly state: "sound" | "lost" | "damaged";
  readonly copies: ReadonlyMap<string, BackupInfo>;
  /** It can not be read, for another reason than damage. */
  readonly fault?: NadbError;
}

export async function readCopies(target: BackupTarget): Promise<IndexCopies> {
  const none = new Map<string, BackupInfo>();
  try {
    const json = parseJson(await readWhole(target, INDEX_PATH, MAX_INDEX_BYTES), INDEX_PATH);
    if (!isObject(json) || !isObject(json.backups)) return { state: "damaged", copies: none };
    const isKnown = json.format === "nadb-repository" && json.format_version === 1;
    const entries = Object.entries(json.backups);
    const copies = new Map(entries.flatMap(([id, manifest]) => copyOf(id, manifest)));
    return { state: isKnown && copies.size === entries.length ? "sound" : "damaged", copies };
  } catch (error) {
    if (isNadbError(error, "NADB_NOT_FOUND")) return { state: "lost", copies: none };
    const fault = asFault(error);
    return {
      state: "damaged",
      copies: none,
      ...(fault.code === "NADB_CORRUPTION" ? {} : { fault }),
    };
  }
}

/** As an entry of a map; none for what is no manifest of that backup. */
function copyOf(id: string, manifest: unknown): [string, BackupInfo][] {
  try {
    const info = manifestFromJson(manifest, INDEX_PATH);
    return info.backupId === id ? [[id, info]] : [];
  } catch (error) {
    asFault(error);
    return [];
  }
}

/** The manifests there are, and what is remembered of those that can not be read. */
export function indexOf(
  folders: readonly Folder[],
  copies: ReadonlyMap<string, BackupInfo>,
): Map<string, BackupInfo> {
  const infos = folders.map(({ backupId, info }) => [backupId, info ?? copies.get(backupId)]);
  return new Map(infos.filter((entry): entry is [string, BackupInfo] => entry[1] !== undefined));
}

export const isSameIndex = (
  a: ReadonlyMap<string, BackupInfo>,
  b: ReadonlyMap<string, BackupInfo>,
): boolean => a.size === b.size && [...a].every(([id, info]) => textOf(info) === textOf(b.get(id)));

export const isSameInfo = (a: BackupInfo, b: BackupInfo): boolean => textOf(a) === textOf(b);

const textOf = (info: BackupInfo | undefined): string =>
  info === undefined ? "" : JSON.stringify(manifestToJson(info));
