// A lease on a backup id: who may write in its folder. The file name carries the fencing token; the highest
// token holds. Taking over is creating the next file, which only one of several racers can. A holder that
// died is replaced when its lease ends, or at once when the target knows that it is gone.
import { isNadbError, NadbError, quote } from "@nadb/core";
import { leasePath, leaseToken } from "./paths.js";
import { type BackupTarget, readWhole } from "./target.js";

/** A lease not renewed for this long is over. */
const LEASE_MS = 60_000;
const RENEW_AFTER_MS = 15_000;
const MAX_LEASE_BYTES = 4_096;

interface LeaseFile {
  readonly owner: string;
  readonly expiresAt: number;
}

export class Lease {
  #renewedAt: number;

  private constructor(
    readonly target: BackupTarget,
    readonly backupId: string,
    readonly clock: () => number,
    readonly token: number,
  ) {
    this.#renewedAt = clock();
  }

  /** Throws NADB_LOCKED while somebody else holds it. */
  static async acquire(
    target: BackupTarget,
    backupId: string,
    clock: () => number,
  ): Promise<Lease> {
    const latest = await latestToken(target, backupId);
    if (latest !== undefined && (await isHeld(target, backupId, latest, clock())))
      throw locked(backupId);
    const lease = new Lease(target, backupId, clock, (latest ?? 0) + 1);
    try {
      await target.write(leasePath(backupId, lease.token), [lease.#content()], { ifAbsent: true });
    } catch (error) {
      if (isNadbError(error, "NADB_ALREADY_EXISTS")) throw locked(backupId);
      throw error;
    }
    return lease;
  }

  /** Call it often; it writes only now and then. */
  async renew(): Promise<void> {
    if (this.clock() - this.#renewedAt < RENEW_AFTER_MS) return;
    await this.confirm();
    this.#renewedAt = this.clock();
    await this.target.write(leasePath(this.backupId, this.token), [this.#content()]);
  }

  /** Throws NADB_LOCKED when somebody has taken over. */
  async confirm(): Promise<void> {
    if ((await latestToken(this.target, this.backupId)) !== this.token) throw locked(this.backupId);
  }

  async release(): Promise<void> {
    for (const token of await tokens(this.target, this.backupId)) {
      if (token <= this.token) await this.target.remove(leasePath(this.backupId, token));
    }
  }

  #content(): Uint8Array {
    const file: LeaseFile = { owner: this.target.owner, expiresAt: this.clock() + LEASE_MS };
    return new TextEncoder().encode(JSON.stringify(file));
  }
}

/** Whether somebody alive is writing this backup. */
export async function isLeased(
  target: BackupTarget,
  backupId: string,
  now: number,
): Promise<boolean> {
  const latest = await latestToken(target, backupId);
  return latest !== undefined && (await isHeld(target, backupId, latest, now));
}

async function tokens(target: BackupTarget, backupId: string): Promise<number[]> {
  const entries = await target.list(backupId);
  return entries.flatMap(({ name }) => leaseToken(name) ?? []);
}

async function latestToken(target: BackupTarget, backupId: string): Promise<number | undefined> {
  const all = await tokens(target, backupId);
  return all.length === 0 ? undefined : Math.max(...all);
}

async function isHeld(
  target: BackupTarget,
  backupId: string,
  token: number,
  now: number,
): Promise<boolean> {
  const lease = await readLease(target, leasePath(backupId, token));
  return lease !== undefined && lease.expiresAt > now && !target.isGone(lease.owner);
}

/** Undefined when it was released meanwhile, or is unreadable: nobody alive left that behind. */
async function readLease(target: BackupTarget, path: string): Promise<LeaseFile | undefined> {
  try {
    return JSON.parse(
      new TextDecoder().decode(await readWhole(target, path, MAX_LEASE_BYTES)),
    ) as LeaseFile;
  } catch (error) {
    if (isNadbError(error, "NADB_NOT_FOUND") || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const locked = (backupId: string): NadbError =>
  new NadbError("NADB_LOCKED", `backup ${quote(backupId)} is being written by somebody else`, {
    hint: "wait for it, or choose another id; a dead writer's lease ends within a minute",
  });
