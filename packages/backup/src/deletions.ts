// Deleting backups, many with one look at the manifests: under the lease on a backup nobody can lay a new one over it, so what
// the look has told stays true. INVARIANT: the index forgets first, if there is room to write it; then the manifest goes, then
// the data, then the lease, which tells what is left. Where there is no room for a lease: unleased.ts.
import { checkName, isNadbError, type NadbError } from "@nadb/core";
import { type DeleteOptions, type Scan, unknownBackup } from "./catalog.js";
import { checkNoDependents } from "./chain.js";
import { rewriteIndex } from "./index-file.js";
import { Lease } from "./lease.js";
import { manifestPath } from "./paths.js";
import { checkNotPinned } from "./retention/pin-file.js";
import {
  checkUnwanted,
  type DeletionHost,
  deleteUnleased,
  ifUnreadable,
  NO_ROOM,
  putBack,
  unlessFull,
} from "./unleased.js";
import { withUnreachable } from "./unreachable.js";

/** So many leases are held at a time. */
const AT_ONCE = 32;

/** What keeps a backup from going, and no other one. */
const REFUSALS = [
  "NADB_CONFLICT",
  "NADB_LOCKED",
  "NADB_NOT_FOUND",
  "NADB_CORRUPTION",
  "NADB_NEWER_FORMAT",
  "NADB_INVALID_ARGUMENT",
] as const;

export type Refused = Map<string, NadbError>;

export class Deletions {
  constructor(readonly host: DeletionHost) {}

  /** Answers which stay, and why. @param ids what is laid over others before these. */
  async several(ids: readonly string[], options: DeleteOptions): Promise<Refused> {
    const refused: Refused = new Map();
    for (let rest = ids; rest.length > 0; ) {
      const taken = options.withoutLease ? 0 : await this.#leased(rest, options, refused);
      const [next] = rest.slice(taken);
      rest = rest.slice(Math.max(1, taken));
      if (taken === 0 && next !== undefined)
        await refusing(refused, next, () => this.#unleased(next, options));
    }
    return refused;
  }

  /** Answers how many of the ids are done with; none where no lease can be written. */
  async #leased(ids: readonly string[], options: DeleteOptions, refused: Refused): Promise<number> {
    const leases = new Map<string, Lease>();
    let begun = 0;
    try {
      for (const id of ids.slice(0, AT_ONCE)) {
        const lease = await refusing(refused, id, () => this.#begin(id, options));
        if (lease === NO_ROOM) break;
        begun++;
        if (lease !== undefined) leases.set(id, lease);
        await options.meanwhile?.();
      }
      if (leases.size > 0) await this.#takeAll(leases, options, refused);
    } finally {
      for (const lease of leases.values()) await lease.release().catch(() => undefined);
    }
    return begun;
  }

  async #begin(backupId: string, options: DeleteOptions): Promise<Lease | typeof NO_ROOM> {
    const { target } = this.host.folders;
    await this.#checkThere(backupId);
    const lease = await unlessFull(Lease.acquire(target, backupId, this.host.host));
    if (lease === NO_ROOM) return lease;
    try {
      if (!options.force) await checkNotPinned(target, backupId);
      return lease;
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  async #checkThere(backupId: string): Promise<void> {
    checkName("backup id", backupId);
    if (await this.host.folders.isTaken(backupId)) return;
    throw unknownBackup(backupId, (await this.host.scan()).backups);
  }

  /** The leases of those whose files go are theirs to end: they are taken out of `leases`. */
  async #takeAll(
    leases: Map<string, Lease>,
    options: DeleteOptions,
    refused: Refused,
  ): Promise<void> {
    const scan = await this.host.scan();
    const known = await withUnreachable(this.host.folders.target, scan);
    const right = Promise.resolve(options.stillRight?.(scan));
    const going = new Set<string>();
    for (const id of leases.keys()) {
      await refusing(refused, id, async () => {
        await right;
        checkNoDependents(id, known, going);
        going.add(id);
      });
    }
    if (going.size === 0) return;
    const forgot = await unlessFull(this.#forget(going, scan));
    const gone = new Set<string>();
    for (const id of going) {
      await options.meanwhile?.();
      for (const lease of leases.values()) await lease.renew();
      await refusing(refused, id, async () => {
        checkNoDependents(id, known, gone);
        await this.#take(id, leases, options);
        gone.add(id);
      });
    }
    if (forgot === NO_ROOM) await unlessFull(this.#forget(going, await this.host.scan()));
  }

  async #take(id: string, leases: Map<string, Lease>, options: DeleteOptions): Promise<void> {
    const { folders, sweeper } = this.host;
    const lease = leases.get(id) as Lease;
    const manifest = await folders.manifestBytes(id).catch(ifUnreadable);
    await lease.confirm();
    leases.delete(id);
    await folders.target.remove(manifestPath(id));
    try {
      await this.#lookAgain(id, lease, options);
    } catch (error) {
      if (manifest !== undefined) await putBack(folders, id, manifest);
      throw error;
    }
    if (!(await sweeper.take(id, lease))) await lease.end();
  }

  /** Somebody may have held it before the manifest went, and laid a backup over this one, or pinned it. */
  async #lookAgain(id: string, lease: Lease, options: DeleteOptions): Promise<void> {
    if (!lease.hasEnded) return lease.confirm();
    await lease.renew();
    await checkUnwanted(this.host, id, options);
  }

  #forget(ids: Iterable<string>, scan: Scan): Promise<void> {
    return rewriteIndex(this.host.folders.target, scan, (index) => {
      for (const id of ids) index.delete(id);
    });
  }

  async #unleased(backupId: string, options: DeleteOptions): Promise<void> {
    await this.#checkThere(backupId);
    await deleteUnleased(this.host, backupId, options);
    await unlessFull(this.#forget([backupId], await this.host.scan()));
  }
}

async function refusing<T>(
  refused: Refused,
  id: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isNadbError(error) || !REFUSALS.some((code) => code === error.code)) throw error;
    refused.set(id, error);
    return undefined;
  }
}
