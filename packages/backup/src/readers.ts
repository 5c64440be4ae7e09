// Shared leases: who is reading which backups. A reader says so first and looks at the manifests then; whoever takes a
// file away first makes the manifests say so, looks for readers then, and leaves the file to a later sweep while there
// are any. So nothing is pulled from under a restore, and neither side waits for the other.
//
//   readers/NONCE.json   {"owner": text, "expiresAt": ms since 1970, "nonce": hex, "backups": [id, …]}
import { isNadbError, toHex } from "@nadb/core";
import type { LeaseHost } from "./lease.js";
import { isAlive, LEASE_MS, type LeaseFile, RENEW_AFTER_MS } from "./lease-file.js";
import { isObject, parseJson } from "./manifest.js";
import { READERS_FOLDER, readerPath } from "./paths.js";
import { type BackupTarget, readWhole } from "./target.js";

const MAX_READER_BYTES = 16 << 20;

interface ReaderFile extends LeaseFile {
  readonly backups: readonly string[];
}

/** The shared leases of one process on one repository: renewing one renews all, also those that wait for their turn. */
export type Held = Set<ReaderLease>;

/** Held while backups are read. */
export class ReaderLease {
  #renewedAt: number;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    readonly target: BackupTarget,
    readonly backupIds: readonly string[],
    readonly nonce: string,
    readonly clock: () => number,
    readonly held: Held,
  ) {
    this.#renewedAt = clock();
    held.add(this);
  }

  /**
   * REQUIRES: the manifests of the backups are read after this. Where nothing can be written (a read-only copy, a full
   * disk) the reading goes on unprotected.
   */
  static async acquire(
    target: BackupTarget,
    backupIds: readonly string[],
    { clock, random }: LeaseHost,
    held: Held,
  ): Promise<ReaderLease> {
    const nonce = new Uint8Array(8);
    random(nonce);
    const lease = new ReaderLease(target, backupIds, toHex(nonce), clock, held);
    await lease.#write();
    return lease;
  }

  /** Call it often; it writes only now and then. */
  async renew(): Promise<void> {
    for (const lease of this.held) await lease.#renewOne();
  }

  async #renewOne(): Promise<void> {
    const elapsed = this.clock() - this.#renewedAt;
    if (elapsed >= 0 && elapsed < RENEW_AFTER_MS) return; // below 0 the clock was set back: the end lies too far off to count
    this.#renewedAt = this.clock();
    await this.#write();
  }

  /** One that can not be removed ends by itself; what was read is read. */
  async release(): Promise<void> {
    this.held.delete(this);
    await this.#writing.catch(() => undefined); // one that is under way would make it anew
    await this.target.remove(readerPath(this.nonce)).catch(() => undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  async #write(): Promise<void> {
    const { target, nonce, backupIds: backups } = this;
    const expiresAt = this.clock() + LEASE_MS;
    const file: ReaderFile = { owner: target.owner, expiresAt, nonce, backups };
    const bytes = new TextEncoder().encode(JSON.stringify(file));
    this.#writing = ifWritable(target.write(readerPath(nonce), [bytes]));
    await this.#writing;
  }
}

/** The backups that somebody alive is reading. */
export async function backupsBeingRead(
  target: BackupTarget,
  now: number,
): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const { name } of await target.list(READERS_FOLDER)) {
    const reader = await readReader(target, `${READERS_FOLDER}/${name}`);
    if (reader === undefined || !isAlive(reader, target, now)) continue;
    for (const id of reader.backups) ids.add(id);
  }
  return ids;
}

/** Removes what readers that are gone have left behind. */
export async function sweepReaders(target: BackupTarget, now: number): Promise<void> {
  for (const { name } of await target.list(READERS_FOLDER)) {
    const path = `${READERS_FOLDER}/${name}`;
    const reader = await readReader(target, path);
    if (reader !== undefined && !isAlive(reader, target, now)) await target.remove(path);
  }
}

/** Undefined when it has ended meanwhile, or is none. */
async function readReader(target: BackupTarget, path: string): Promise<ReaderFile | undefined> {
  try {
    const json = parseJson(await readWhole(target, path, MAX_READER_BYTES), path);
    return isReaderFile(json) ? json : undefined;
  } catch (error) {
    if (isNadbError(error, "NADB_NOT_FOUND") || isNadbError(error, "NADB_CORRUPTION"))
      return undefined;
    throw error;
  }
}

const isReaderFile = (json: unknown): json is ReaderFile =>
  isObject(json) &&
  typeof json.owner === "string" &&
  typeof json.expiresAt === "number" &&
  Array.isArray(json.backups);

async function ifWritable(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isNadbError(error, "NADB_IO")) throw error;
  }
}
