// What was lost, kept beside the salvaged backup, so that it can be read as long as that is there.
//
//   ID/salvaged.json
//   {"format": "nadb-salvage", "format_version": 1, "checksum": that of the backup's data file, "at": ISO time,
//    "from": backup id, "is_complete": flag, "loss_count": count, "losses": [loss, …]}
//   loss := {"what", "backup_id", "path", "first", "count", "bytes": {"start", "end"} or null, "keys": {"after", "before"},
//            "changes", "deletes", "stand_ins": {"count", "keys": [text, …]}, "why"}
//
// INVARIANT: it stands there before the backup exists. It holds the first losses and names some of the keys that older versions
// stand in for; the counts are of all.
import { isNadbError } from "@nadb/core";
import { type BackupInfo, isObject, parseJson } from "../manifest.js";
import { salvagedPath } from "../paths.js";
import { type BackupTarget, readWhole } from "../target.js";
import type { SalvageLoss, SalvageReport } from "./report.js";

const FORMAT = "nadb-salvage";
const VERSION = 1;
const MAX_BYTES = 64 << 20;
const MAX_LOSSES = 10_000;
/** Of all losses together: some ten MiB of the longest keys. */
const MAX_KEYS = 10_000;

/** What is kept of a salvage. */
export interface SalvageList extends Pick<SalvageReport, "from" | "isComplete"> {
  /** ISO 8601 in UTC. */
  readonly at: string;
  readonly lossCount: number;
  /** The first of them. */
  readonly losses: readonly SalvageLoss[];
}

export async function writeSalvageList(
  target: BackupTarget,
  info: BackupInfo,
  { from, isComplete, losses }: SalvageReport,
): Promise<void> {
  const json = {
    format: FORMAT,
    format_version: VERSION,
    checksum: info.checksum,
    at: info.timestamp,
    from,
    is_complete: isComplete,
    loss_count: losses.length,
    losses: bounded(losses).map(lossJson),
  };
  const bytes = new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`);
  await target.write(salvagedPath(info.backupId), [bytes]);
}

function bounded(losses: readonly SalvageLoss[]): readonly SalvageLoss[] {
  let left = MAX_KEYS;
  return losses.slice(0, MAX_LOSSES).map((loss) => {
    const keys = loss.standIns.keys.slice(0, left);
    left -= keys.length;
    return { ...loss, standIns: { ...loss.standIns, keys } };
  });
}

const lossJson = ({ backupId, standIns, why, ...loss }: SalvageLoss): object => ({
  ...loss,
  backup_id: backupId,
  stand_ins: standIns,
  why,
});

/** Undefined where there is none, or none of this backup as it is that can be read. */
export async function readSalvageList(
  target: BackupTarget,
  info: BackupInfo,
): Promise<SalvageList | undefined> {
  const path = salvagedPath(info.backupId);
  try {
    const json = parseJson(await readWhole(target, path, MAX_BYTES), path);
    const isOurs = isObject(json) && json.format === FORMAT && json.format_version === VERSION;
    return isOurs && json.checksum === info.checksum ? listOf(json) : undefined;
  } catch (error) {
    if (isNadbError(error, "NADB_NOT_FOUND") || isNadbError(error, "NADB_CORRUPTION"))
      return undefined;
    throw error;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function listOf(json: Fields): SalvageList | undefined {
  const { at, from, is_complete: isComplete, loss_count: lossCount, losses } = json;
  if (typeof at !== "string" || typeof from !== "string" || typeof isComplete !== "boolean")
    return undefined;
  if (typeof lossCount !== "number" || !Array.isArray(losses)) return undefined;
  const read = losses.map(lossOf);
  return read.every((loss) => loss !== undefined)
    ? { at, from, isComplete, lossCount, losses: read }
    : undefined;
}

function lossOf(json: unknown): SalvageLoss | undefined {
  if (!isObject(json)) return undefined;
  const { backup_id: backupId, stand_ins: standIns, keys, what, path, why, ...rest } = json;
  const texts = [backupId, what, path, why].every((text) => typeof text === "string");
  const hasKeys = isObject(keys) && isObject(standIns) && Array.isArray(standIns.keys);
  if (!texts || !hasKeys) return undefined;
  return { what, backupId, path, keys, standIns, why, ...rest } as unknown as SalvageLoss;
}
