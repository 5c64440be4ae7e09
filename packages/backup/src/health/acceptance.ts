// Acceptance: an operator has looked at what is unusual about a backup, and it is as it should be. A small file beside the
// manifest. INVARIANT: it is of one cut; merged with those before it the backup stays accepted, another one never is.
//
//   ID/accepted.json   {"format": "nadb-acceptance", "format_version": 1, "cut_checksum": "sha256:…",
//                       "reason": text or null, "accepted_at": ISO time}
import { invalidArgument, isNadbError, quote } from "@nadb/core";
import { type BackupInfo, cutChecksumOf, isObject, parseJson } from "../manifest.js";
import { acceptedPath } from "../paths.js";
import type { Repository } from "../repository.js";
import { underLease } from "../retention/pins.js";
import { mapSeveral } from "../several.js";
import { type BackupTarget, readWhole } from "../target.js";

const FORMAT = "nadb-acceptance";
const VERSION = 1;
const MAX_REASON_LENGTH = 1_000;
const MAX_BYTES = 1 << 16;
const READ_AT_ONCE = 16;
const UNREADABLE = ["NADB_NOT_FOUND", "NADB_CORRUPTION", "NADB_IO"] as const;

export interface Acceptance {
  readonly backupId: string;
  /** Why it is as it should be; null when nobody said. */
  readonly reason: string | null;
  /** ISO 8601 in UTC. */
  readonly acceptedAt: string;
}

/** Throws NADB_NOT_FOUND, NADB_CORRUPTION, NADB_LOCKED. */
export async function acceptBackup(
  repository: Repository,
  backupId: string,
  { reason }: { readonly reason?: string } = {},
): Promise<Acceptance> {
  checkReason(reason);
  const info = await repository.get(backupId);
  const acceptedAt = new Date(repository.host.clock()).toISOString();
  const acceptance: Acceptance = { backupId, reason: reason ?? null, acceptedAt };
  await underLease(repository, backupId, () =>
    repository.target.write(acceptedPath(backupId), [encode(acceptance, info)]),
  );
  return acceptance;
}

/** The ids of those of the backups that are accepted. */
export async function acceptedOf(
  target: BackupTarget,
  backups: readonly BackupInfo[],
): Promise<ReadonlySet<string>> {
  const ids = await mapSeveral(backups, READ_AT_ONCE, async (info) =>
    (await isAccepted(target, info)) ? [info.backupId] : [],
  );
  return new Set(ids.flat());
}

/** One that can not be read accepts nothing. */
async function isAccepted(target: BackupTarget, info: BackupInfo): Promise<boolean> {
  const path = acceptedPath(info.backupId);
  try {
    const json = parseJson(await readWhole(target, path, MAX_BYTES), path);
    const isOurs = isObject(json) && json.format === FORMAT && json.format_version === VERSION;
    return isOurs && json.cut_checksum === cutChecksumOf(info);
  } catch (error) {
    if (UNREADABLE.some((code) => isNadbError(error, code))) return false;
    throw error;
  }
}

function checkReason(reason: unknown): void {
  if (reason === undefined) return;
  if (typeof reason === "string" && reason !== "" && reason.length <= MAX_REASON_LENGTH) return;
  throw invalidArgument(
    `the reason ${quote(reason)} is no text of 1 to ${MAX_REASON_LENGTH} characters`,
  );
}

function encode({ reason, acceptedAt }: Acceptance, info: BackupInfo): Uint8Array {
  const json = {
    format: FORMAT,
    format_version: VERSION,
    cut_checksum: cutChecksumOf(info),
    reason,
    accepted_at: acceptedAt,
  };
  return new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`);
}
