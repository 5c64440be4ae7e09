// What the root of a repository holds, read without judging: each folder with its manifest. INVARIANT: what can not be read
// for another reason than damage is told so, and never taken for damaged.
import { isNadbError, NadbError, sha256, toHex } from "@nadb/core";
import type { LeaseHost } from "../lease.js";
import { isAlive, readLease } from "../lease-file.js";
import { type BackupInfo, decodeManifest, MAX_MANIFEST_BYTES } from "../manifest.js";
import {
  isBackupId,
  isLease,
  type LeaseKind,
  leasePath,
  leaseToken,
  MANIFEST_FILE,
  manifestPath,
} from "../paths.js";
import { mapSeveral } from "../several.js";
import { type BackupTarget, readWhole } from "../target.js";

const READ_AT_ONCE = 16;
const LEASE_KINDS: readonly LeaseKind[] = ["lease", "merge"];

export interface Folder {
  readonly backupId: string;
  readonly names: readonly string[];
  /** SHA-256 of the manifest's bytes; "" where there is none, or none to read. */
  readonly seen: string;
  readonly info?: BackupInfo;
  /** Why the manifest that is there, or the folder, can not be read. */
  readonly fault?: NadbError;
  /** Somebody alive is writing there. */
  readonly isBusy: boolean;
}

/** All folders that may be a backup's. Throws NADB_IO only where the root can not be listed. */
export async function readFolders(target: BackupTarget, host: LeaseHost): Promise<Folder[]> {
  const entries = await target.list("");
  const folders = entries.filter(({ type, name }) => type === "folder" && isBackupId(name));
  return mapSeveral(folders, READ_AT_ONCE, ({ name }) => readFolder(target, name, host));
}

export async function readFolder(
  target: BackupTarget,
  backupId: string,
  host: LeaseHost,
): Promise<Folder> {
  const empty: Folder = { backupId, names: [], seen: "", isBusy: false };
  try {
    const names = (await target.list(backupId)).map(({ name }) => name);
    const isBusy = await isWrittenTo(target, backupId, names, host);
    const folder = { ...empty, names, isBusy };
    return names.includes(MANIFEST_FILE) ? await withManifest(target, folder) : folder;
  } catch (error) {
    return { ...empty, fault: asFault(error) };
  }
}

async function withManifest(target: BackupTarget, folder: Folder): Promise<Folder> {
  const path = manifestPath(folder.backupId);
  let seen = "";
  try {
    const bytes = await readWhole(target, path, MAX_MANIFEST_BYTES);
    seen = toHex(sha256(bytes));
    const info = decodeManifest(bytes, path);
    if (info.backupId === folder.backupId) return { ...folder, seen, info };
    const fault = new NadbError("NADB_CORRUPTION", `${path} is the manifest of another backup`);
    return { ...folder, seen, fault };
  } catch (error) {
    if (isNadbError(error, "NADB_NOT_FOUND")) return { ...folder, isBusy: true }; // it goes just now
    return { ...folder, seen, fault: asFault(error) };
  }
}

/** Damage, a newer format, a target that fails; anything else is no matter of the folder. */
export function asFault(error: unknown): NadbError {
  const codes = ["NADB_CORRUPTION", "NADB_NEWER_FORMAT", "NADB_IO"] as const;
  if (isNadbError(error) && codes.some((code) => isNadbError(error, code))) return error;
  throw error;
}

async function isWrittenTo(
  target: BackupTarget,
  folder: string,
  names: readonly string[],
  { clock }: LeaseHost,
): Promise<boolean> {
  if (!names.some(isLease)) return false;
  for (const kind of LEASE_KINDS) {
    const tokens = names.flatMap((name) => leaseToken(name, kind) ?? []);
    if (tokens.length === 0) continue;
    const path = leasePath(folder, kind, Math.max(...tokens));
    const lease = await readLease(target, path);
    if (lease !== undefined && isAlive(lease, target, clock())) return true;
  }
  return false;
}
