// What has come to a repository since a plan of retention was made. INVARIANT: the gate (health/gate.ts) holds for it, too:
// what is older than something unusual that nobody has accepted does not go, though the plan did not know of it.
import { NadbError, quote } from "@nadb/core";
import type { Scan } from "../catalog.js";
import type { AnomalyLimits } from "../health/anomalies.js";
import { heldFor, inWords, unusualBackups } from "../health/gate.js";
import { knownBackups } from "../index-file.js";
import { type BackupInfo, isCut } from "../manifest.js";
import type { Repository } from "../repository.js";

export class Arrivals {
  readonly #known: Set<string>;

  constructor(
    readonly repository: Repository,
    known: Iterable<BackupInfo>,
    readonly limits: AnomalyLimits | undefined,
  ) {
    this.#known = new Set([...known].map(({ backupId }) => backupId));
  }

  /** Throws NADB_CONFLICT. @param relyingOn of the namespace of those that go. */
  async checkNotHeld(scan: Scan, going: Iterable<string>, relyingOn: string): Promise<void> {
    const backups = await knownBackups(this.repository.target, scan);
    const last = backups.find(({ backupId }) => backupId === relyingOn);
    const group = backups.filter((info) => last && isCut(info) && isBeside(info, last));
    const arrived = new Set(group.filter(({ backupId }) => !this.#known.has(backupId)));
    if (arrived.size === 0) return;
    const unusual = await unusualBackups(this.repository, group, this.limits);
    const since = unusual.filter(({ info }) => arrived.has(info));
    const held = heldFor(since, group);
    const newest = since.at(-1);
    if (newest !== undefined && [...going].some((id) => held.has(id))) {
      const { info, anomalies } = newest;
      const what = `${quote(info.backupId)} has come since the plan was made, and is unusual`;
      throw new NadbError("NADB_CONFLICT", `${what}: ${inWords(anomalies)}`, {
        hint: `accept ${info.backupId} if it is as it should be, and make a new plan`,
      });
    }
    for (const { backupId } of arrived) this.#known.add(backupId);
  }
}

const isBeside = (a: BackupInfo, b: BackupInfo): boolean =>
  a.sourceDb === b.sourceDb && a.sourceNamespace === b.sourceNamespace;
