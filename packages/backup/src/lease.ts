// A lease on a backup id: who may write in its folder. The file name carries the fencing token; the highest
// token holds. Taking over is creating the next file, which only one of several racers can. A holder that
// died is replaced when its lease ends, or at once when the target knows that it is gone.
import { isNadbError, NadbError, quote, toHex } from "@nadb/core";
import { isWithoutManifest } from "./folder.js";
import { isObject, parseJson } from "./manifest.js";
import { type LeaseKind, leasePath, leaseToken } from "./paths.js";
import { type BackupTarget, readWhole } from "./target.js";

/** A lease not renewed for this long is over. */
export const LEASE_MS = 60_000;
export const RENEW_AFTER_MS = 15_000;
const MAX_LEASE_BYTES = 4_096;
/** Longer than the lease of a holder that died. */
const SOON_TRIES = 1_300;
const SOON_PAUSE_MS = 50;

export interface LeaseFile {
  readonly owner: string;
  readonly expiresAt: number;
  /** Tokens begin anew once a folder has been removed; this tells two holders of one token apart. */
  readonly nonce: string;
}

/** What a lease needs of whoever takes it. */
export interface LeaseHost {
  readonly clock: () => number;
  readonly random: (bytes: Uint8Array) => void;
}

export class Lease {
  readonly #clock: () => number;
  readonly #nonce: string;
  #renewedAt: number;

  private constructor(
    readonly target: BackupTarget,
    readonly backupId: string,
    readonly kind: LeaseKind,
    readonly token: number,
    { clock, random }: LeaseHost,
  ) {
    const nonce = new Uint8Array(8);
    random(nonce);
    this.#nonce = toHex(nonce);
    this.#clock = clock;
    this.#renewedAt = clock();
  }

  /** Throws NADB_LOCKED while somebody else holds it. */
  static async acquire(
    target: BackupTarget,
    backupId: string,
    host: LeaseHost,
    kind: LeaseKind = "lease",
  ): Promise<Lease> {
    const latest = await latestToken(target, backupId, kind);
    if (latest !== undefined) {
      const path = leasePath(backupId, kind, latest);
      if (await isHeld(target, path, host.clock())) throw locked(backupId);
    }
    const lease = new Lease(target, backupId, kind, (latest ?? 0) + 1, host);
    try {
      await target.write(lease.#path, [lease.#content()], { ifAbsent: true });
    } catch (error) {
      if (isNadbError(error, "NADB_ALREADY_EXISTS")) throw locked(backupId);
      throw error;
    }
    return lease;
  }

  /** As `acquire`, waiting for somebody who holds it for a moment, or died and held it. */
  static async acquireSoon(
    target: BackupTarget,
    backupId: string,
    host: LeaseHost,
  ): Promise<Lease> {
    for (let tried = 0; ; tried++) {
      try {
        return await Lease.acquire(target, backupId, host);
      } catch (error) {
        if (!isNadbError(error, "NADB_LOCKED") || tried === SOON_TRIES) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, SOON_PAUSE_MS));
    }
  }

  /** Call it often; it writes only now and then. */
  async renew(): Promise<void> {
    if (this.#clock() - this.#renewedAt < RENEW_AFTER_MS) return;
    await this.confirm();
    this.#renewedAt = this.#clock();
    await this.target.write(this.#path, [this.#content()]);
  }

  /** Throws NADB_LOCKED when somebody has taken over. */
  async confirm(): Promise<void> {
    const latest = await latestToken(this.target, this.backupId, this.kind);
    const file = latest === this.token ? await this.#read() : undefined;
    if (file?.nonce !== this.#nonce) throw locked(this.backupId);
  }

  /** Files of holders before it go, too; but beside data without a manifest they tell that these are a leftover. */
  async release(): Promise<void> {
    const { target, backupId, kind } = this;
    const names = (await target.list(backupId, { sizes: false })).map(({ name }) => name);
    for (const token of names.flatMap((name) => leaseToken(name, kind) ?? [])) {
      if (token === this.token || (token < this.token && !isWithoutManifest(names)))
        await target.remove(leasePath(backupId, kind, token));
    }
  }

  /** Ends it and leaves its file, which tells that what else is in the folder is a leftover of ours. */
  async end(): Promise<void> {
    await this.target.write(this.#path, [this.#content(0)]);
  }

  #read(): Promise<LeaseFile | undefined> {
    return readLease(this.target, this.#path);
  }

  get #path(): string {
    return leasePath(this.backupId, this.kind, this.token);
  }

  #content(expiresAt = this.#clock() + LEASE_MS): Uint8Array {
    const file: LeaseFile = { owner: this.target.owner, expiresAt, nonce: this.#nonce };
    return new TextEncoder().encode(JSON.stringify(file));
  }
}

async function tokens(target: BackupTarget, backupId: string, kind: LeaseKind): Promise<number[]> {
  const entries = await target.list(backupId, { sizes: false });
  return entries.flatMap(({ name }) => leaseToken(name, kind) ?? []);
}

async function latestToken(
  target: BackupTarget,
  backupId: string,
  kind: LeaseKind,
): Promise<number | undefined> {
  const all = await tokens(target, backupId, kind);
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

async function isHeld(target: BackupTarget, path: string, now: number): Promise<boolean> {
  const lease = await readLease(target, path);
  return lease !== undefined && isAlive(lease, target, now);
}

export const isAlive = (lease: LeaseFile, target: BackupTarget, now: number): boolean =>
  isRunning(lease, now) && !target.isGone(lease.owner);

/** An end too far off comes from a wrong clock; it must not lock the id for years. */
const isRunning = ({ expiresAt }: LeaseFile, now: number): boolean =>
  expiresAt > now && expiresAt <= now + 2 * LEASE_MS;

/** Undefined when it was released meanwhile, or is unreadable: nobody alive left that behind. */
async function readLease(target: BackupTarget, path: string): Promise<LeaseFile | undefined> {
  try {
    const json = parseJson(await readWhole(target, path, MAX_LEASE_BYTES), path);
    return isLeaseFile(json) ? json : undefined;
  } catch (error) {
    if (isNadbError(error, "NADB_NOT_FOUND") || isNadbError(error, "NADB_CORRUPTION"))
      return undefined;
    throw error;
  }
}

const isLeaseFile = (json: unknown): json is LeaseFile =>
  isObject(json) && typeof json.owner === "string" && typeof json.expiresAt === "number";

export const locked = (backupId: string): NadbError =>
  new NadbError("NADB_LOCKED", `backup ${quote(backupId)} is being written by somebody else`, {
    hint: "wait for it, or choose another id; a dead writer's lease ends within a minute",
  });
