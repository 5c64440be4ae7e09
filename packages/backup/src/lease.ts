// A lease on a backup id: who may write in its folder. The file name carries the fencing token; the highest
// token holds. Taking over is creating the next file, which only one of several racers can. A holder that
// died is replaced when its lease ends, or at once when the target knows that it is gone.
import { isNadbError, NadbError, quote, toHex } from "@nadb/core";
import { isWithoutManifest } from "./folder.js";
import {
  isHeld,
  isRunning,
  LEASE_MS,
  type LeaseFile,
  latestToken,
  RENEW_AFTER_MS,
  readLease,
} from "./lease-file.js";
import { type LeaseKind, leasePath, leaseToken } from "./paths.js";
import type { BackupTarget } from "./target.js";

/** Renewed later than that, the end may be over before the new one is written. */
const IN_TIME_MS = LEASE_MS / 2;
/** Longer than the lease of a holder that died. */
const SOON_TRIES = 1_300;
const SOON_PAUSE_MS = 50;

/** What a lease needs of whoever takes it. */
export interface LeaseHost {
  readonly clock: () => number;
  readonly random: (bytes: Uint8Array) => void;
}

export class Lease {
  readonly #clock: () => number;
  readonly #nonce: string;
  #token: number;
  #renewedAt: number;
  #isLost = false;

  private constructor(
    readonly target: BackupTarget,
    readonly backupId: string,
    readonly kind: LeaseKind,
    token: number,
    { clock, random }: LeaseHost,
  ) {
    const nonce = new Uint8Array(8);
    random(nonce);
    this.#nonce = toHex(nonce);
    this.#token = token;
    this.#clock = clock;
    this.#renewedAt = clock();
  }

  get token(): number {
    return this.#token;
  }

  /** Whether it was not renewed in time: others may hold it, or have held it meanwhile and be gone. */
  get hasEnded(): boolean {
    return !isRunning({ expiresAt: this.#renewedAt + LEASE_MS }, this.#clock());
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
    await lease.#create(lease.#path, lease.#renewedAt);
    return lease;
  }

  /**
   * As `acquire`, waiting for somebody who holds it for a moment, or died and held it.
   *
   * @param meanwhile called often: it renews what is held already.
   */
  static async acquireSoon(
    target: BackupTarget,
    backupId: string,
    host: LeaseHost,
    meanwhile: () => Promise<void> = async () => undefined,
  ): Promise<Lease> {
    for (let tried = 0; ; tried++) {
      try {
        return await Lease.acquire(target, backupId, host);
      } catch (error) {
        if (!isNadbError(error, "NADB_LOCKED") || tried === SOON_TRIES) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, SOON_PAUSE_MS));
      await meanwhile();
    }
  }

  /** Call it often; it writes only now and then. Throws NADB_LOCKED when somebody has taken over, or may have. */
  async renew(): Promise<void> {
    const now = this.#clock();
    const elapsed = now - this.#renewedAt;
    if (elapsed >= 0 && elapsed < RENEW_AFTER_MS) return; // below 0 the clock was set back: the end lies too far off to count
    await this.confirm();
    if (Math.abs(elapsed) < IN_TIME_MS) await this.#putOff(now);
    else await this.#takeAgain(now);
    this.#renewedAt = now;
  }

  /** Throws NADB_LOCKED when somebody has taken over. */
  async confirm(): Promise<void> {
    if (!(await this.isOurs())) throw locked(this.backupId);
  }

  /** Whether nobody has taken over. */
  async isOurs(): Promise<boolean> {
    if (this.#isLost) return false;
    const latest = await latestToken(this.target, this.backupId, this.kind);
    return latest === this.token && (await this.#isFile(this.#path));
  }

  /** Files of holders before it go first; but beside data without a manifest they tell that these are a leftover. */
  async release(): Promise<void> {
    const { target, backupId, kind } = this;
    if (this.hasEnded && !(await this.isOurs())) return; // the file of that name may be another's by now
    const names = (await target.list(backupId, { sizes: false })).map(({ name }) => name);
    const tokens = names.flatMap((name) => leaseToken(name, kind) ?? []);
    for (const token of tokens.sort((a, b) => a - b)) {
      if (token === this.token || (token < this.token && !isWithoutManifest(names)))
        await target.remove(leasePath(backupId, kind, token));
    }
  }

  /** Ends it and leaves its file, which tells that what else is in the folder is a leftover of ours. */
  async end(): Promise<void> {
    await this.target.write(this.#path, [this.#content(0)]);
  }

  async #putOff(now: number): Promise<void> {
    await this.target.write(this.#path, [this.#content(now + LEASE_MS)]);
    if (this.hasEnded) await this.#lose(); // that took so long that the file may have been gone, or another's
  }

  /**
   * One that has ended, or may have by the time, is taken as by anybody else, under the next token. Whoever held it since is
   * there, or has removed the file of before.
   */
  async #takeAgain(now: number): Promise<void> {
    const before = this.#path;
    await this.#create(leasePath(this.backupId, this.kind, this.token + 1), now);
    this.#token++;
    if (!(await this.#isFile(before))) await this.#lose();
    await this.target.remove(before).catch(() => undefined); // it is swept
  }

  async #lose(): Promise<never> {
    this.#isLost = true;
    await this.target.remove(this.#path).catch(() => undefined); // it ends by itself
    throw locked(this.backupId);
  }

  async #create(path: string, now: number): Promise<void> {
    try {
      await this.target.write(path, [this.#content(now + LEASE_MS)], { ifAbsent: true });
    } catch (error) {
      if (isNadbError(error, "NADB_ALREADY_EXISTS")) throw locked(this.backupId);
      throw error;
    }
  }

  async #isFile(path: string): Promise<boolean> {
    return (await readLease(this.target, path))?.nonce === this.#nonce;
  }

  get #path(): string {
    return leasePath(this.backupId, this.kind, this.token);
  }

  #content(expiresAt: number): Uint8Array {
    const file: LeaseFile = { owner: this.target.owner, expiresAt, nonce: this.#nonce };
    return new TextEncoder().encode(JSON.stringify(file));
  }
}

/** For what makes a backup exist: all of them hold, and are not about to end. Throws NADB_LOCKED. */
export async function confirmAll(leases: readonly Lease[]): Promise<void> {
  for (const lease of leases) await lease.renew();
  for (const lease of leases) await lease.confirm();
}

export const locked = (backupId: string): NadbError =>
  new NadbError("NADB_LOCKED", `backup ${quote(backupId)} is being written by somebody else`, {
    hint: "wait for it, or choose another id; a dead writer's lease ends within a minute",
  });
