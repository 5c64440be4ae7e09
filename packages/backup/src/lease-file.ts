// Lease files as others see them: who says that he works, and whether that still holds.
import { isNadbError } from "@nadb/core";
import { isObject, parseJson } from "./manifest.js";
import { type LeaseKind, leasePath, leaseToken } from "./paths.js";
import { type BackupTarget, readWhole } from "./target.js";

/** A lease not renewed for this long is over. */
export const LEASE_MS = 60_000;
export const RENEW_AFTER_MS = 15_000;
const MAX_LEASE_BYTES = 4_096;

export interface LeaseFile {
  readonly owner: string;
  readonly expiresAt: number;
  /** Tokens begin anew once a folder has been removed; this tells two holders of one token apart. */
  readonly nonce: string;
}

/** Of those there are, the one that holds. */
export async function latestToken(
  target: BackupTarget,
  backupId: string,
  kind: LeaseKind,
): Promise<number | undefined> {
  const entries = await target.list(backupId, { sizes: false });
  const all = entries.flatMap(({ name }) => leaseToken(name, kind) ?? []);
  return all.length === 0 ? undefined : Math.max(...all);
}

/** Whether somebody alive works on the backup, in whatever way. */
export async function isHeldByAnyone(
  target: BackupTarget,
  backupId: string,
  now: number,
): Promise<boolean> {
  for (const kind of ["lease", "merge"] as const) {
    const latest = await latestToken(target, backupId, kind);
    if (latest === undefined) continue;
    if (await isHeld(target, leasePath(backupId, kind, latest), now)) return true;
  }
  return false;
}

export async function isHeld(target: BackupTarget, path: string, now: number): Promise<boolean> {
  const lease = await readLease(target, path);
  return lease !== undefined && isAlive(lease, target, now);
}

export const isAlive = (lease: LeaseFile, target: BackupTarget, now: number): boolean =>
  isRunning(lease, now) && !target.isGone(lease.owner);

/** An end too far off comes from a wrong clock; it must not lock the id for years. */
export const isRunning = ({ expiresAt }: Pick<LeaseFile, "expiresAt">, now: number): boolean =>
  expiresAt > now && expiresAt <= now + 2 * LEASE_MS;

/** Undefined when it was released meanwhile, or is unreadable: nobody alive left that behind. */
export async function readLease(
  target: BackupTarget,
  path: string,
  maxBytes = MAX_LEASE_BYTES,
): Promise<LeaseFile | undefined> {
  try {
    const json = parseJson(await readWhole(target, path, maxBytes), path);
    return isLeaseFile(json) ? json : undefined;
  } catch (error) {
    if (isNadbError(error, "NADB_NOT_FOUND") || isNadbError(error, "NADB_CORRUPTION"))
      return undefined;
    throw error;
  }
}

const isLeaseFile = (json: unknown): json is LeaseFile =>
  isObject(json) && typeof json.owner === "string" && typeof json.expiresAt === "number";
