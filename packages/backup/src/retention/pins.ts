// Pins: backups that nothing deletes until they are unpinned.
import { invalidArgument, quote } from "@nadb/core";
import { Lease } from "../lease.js";
import { pinPath } from "../paths.js";
import type { Repository } from "../repository.js";
import { encodePin, type Pin, readPin } from "./pin-file.js";

const MAX_REASON_LENGTH = 1_000;

export interface PinOptions {
  readonly reason?: string;
}

/** Pins a backup; one that is pinned already gets the new reason. Throws NADB_NOT_FOUND, NADB_CORRUPTION, NADB_LOCKED. */
export async function pinBackup(
  repository: Repository,
  backupId: string,
  { reason }: PinOptions = {},
): Promise<Pin> {
  checkReason(reason);
  const pinnedAt = new Date(repository.host.clock()).toISOString();
  const pin: Pin = { backupId, reason: reason ?? null, pinnedAt };
  await underLease(repository, backupId, () =>
    repository.target.write(pinPath(backupId), [encodePin(pin)]),
  );
  return pin;
}

/** Answers whether it was pinned. Throws NADB_NOT_FOUND, NADB_CORRUPTION, NADB_LOCKED. */
export async function unpinBackup(repository: Repository, backupId: string): Promise<boolean> {
  let wasPinned = false;
  await underLease(repository, backupId, async () => {
    wasPinned = (await readPin(repository.target, backupId)) !== undefined;
    if (wasPinned) await repository.target.remove(pinPath(backupId));
  });
  return wasPinned;
}

/** The backup's lease, so that nobody deletes it meanwhile. */
export async function underLease(
  repository: Repository,
  backupId: string,
  work: () => Promise<void>,
): Promise<void> {
  await repository.checkWritable();
  await repository.get(backupId);
  const lease = await Lease.acquireSoon(repository.target, backupId, repository.host);
  try {
    await repository.get(backupId);
    await work();
  } finally {
    await lease.release().catch(() => undefined); // it ends by itself, and the next run sweeps it
  }
}

function checkReason(reason: unknown): void {
  if (reason === undefined) return;
  if (typeof reason === "string" && reason !== "" && reason.length <= MAX_REASON_LENGTH) return;
  throw invalidArgument(
    `the reason ${quote(reason)} is no text of 1 to ${MAX_REASON_LENGTH} characters`,
  );
}
