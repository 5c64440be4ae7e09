// The losses of one run, gathered while it is read: where a range of keys is open it is closed by the next key that is proven.
// At the end the run's manifest, where it is known, tells how much each has lost, and whether anything was.
import type { BackupInfo } from "../manifest.js";
import { infoOf } from "./lineage.js";
import type { Hole } from "./piece.js";
import type { LossKind, RunSource, SalvageLoss } from "./report.js";
import { pathOf } from "./run-pieces.js";

/** Keys that are named of those that an older version stands in for; all are counted. */
const NAMED = 1_000;

/** As long as the run is being read. */
export class OpenLoss {
  before: string | null = null;
  changes: number | null;
  #standIns = 0;
  readonly #named: string[] = [];

  constructor(
    readonly what: LossKind,
    readonly where: Pick<SalvageLoss, "first" | "count" | "bytes" | "changes" | "why">,
    readonly after: string | null,
  ) {
    this.changes = where.changes;
  }

  addStandIn(key: string): void {
    this.#standIns++;
    if (this.#named.length < NAMED) this.#named.push(key);
  }

  close(source: RunSource, deletes: number | null): SalvageLoss {
    const { what, where, after, before, changes } = this;
    return {
      what,
      backupId: source.backupId,
      path: pathOf(source),
      first: where.first,
      count: where.count,
      bytes: where.bytes,
      keys: { after, before },
      changes,
      deletes,
      standIns: { count: this.#standIns, keys: this.#named },
      why: where.why,
    };
  }
}

const NOWHERE = { first: null, count: null, bytes: null, changes: null };

export class Losses {
  readonly #holes: OpenLoss[] = [];
  readonly #unproven: OpenLoss[] = [];
  #openHole: OpenLoss | undefined;
  #openUnproven: OpenLoss | undefined;

  constructor(readonly source: RunSource) {}

  /** The run is not there at all. */
  missing(): OpenLoss {
    const why = "the data file is missing";
    const changes = infoOf(this.source)?.fileCount ?? null;
    return this.#add(new OpenLoss("file", { ...NOWHERE, changes, why }, null));
  }

  hole({ what, ...where }: Hole, after: string | null): OpenLoss {
    this.#openHole = this.#add(new OpenLoss(what, where, after));
    return this.#openHole;
  }

  /** @param key the first behind it. */
  endHole(key: string): void {
    if (this.#openHole !== undefined) this.#openHole.before = key;
    this.#openHole = undefined;
  }

  /** @param after the last key that is proven. */
  unproven(changes: number, after: string | null): void {
    if (this.#openUnproven === undefined) {
      const why = "the checksum of a line covers its value, not its key, tags and times";
      this.#openUnproven = new OpenLoss("unproven", { ...NOWHERE, changes: 0, why }, after);
      this.#unproven.push(this.#openUnproven);
    }
    this.#openUnproven.changes = (this.#openUnproven.changes ?? 0) + changes;
  }

  /** @param key the first that is proven again. */
  endUnproven(key: string): void {
    if (this.#openUnproven !== undefined) this.#openUnproven.before = key;
    this.#openUnproven = undefined;
  }

  /** @param kept what was read of the run. */
  settled(kept: Pick<BackupInfo, "recordCount" | "tombstoneCount">): SalvageLoss[] {
    const { source } = this;
    const lost = lostOf(infoOf(source), kept);
    const holes = lost?.changes === 0 ? [] : this.#holes;
    const unknown = holes.filter(({ changes }) => changes === null);
    const known = holes.reduce((sum, { changes }) => sum + (changes ?? 0), 0);
    const [only, second] = unknown;
    if (lost !== undefined && only !== undefined && second === undefined)
      only.changes = Math.max(0, lost.changes - known);
    const deletes =
      lost !== undefined && (lost.deletes === 0 || holes.length === 1) ? lost.deletes : null;
    const missing = lost !== undefined && only === undefined ? lost.changes - known : 0;
    return [
      ...holes.map((hole) => hole.close(source, deletes)),
      ...(missing > 0 ? [lossSomewhere(source, missing)] : []),
      ...this.#unproven.map((one) => one.close(source, null)),
    ];
  }

  #add(loss: OpenLoss): OpenLoss {
    this.#holes.push(loss);
    return loss;
  }
}

/** What a run should hold and does not; undefined where its manifest is not known, or fits worse than the data. */
function lostOf(
  info: BackupInfo | undefined,
  kept: Pick<BackupInfo, "recordCount" | "tombstoneCount">,
): { changes: number; deletes: number } | undefined {
  if (info === undefined) return undefined;
  const records = info.recordCount - kept.recordCount;
  const deletes = info.tombstoneCount - kept.tombstoneCount;
  return records < 0 || deletes < 0 ? undefined : { changes: records + deletes, deletes };
}

const lossSomewhere = (source: RunSource, changes: number): SalvageLoss => ({
  ...lossOfAll(
    source,
    "state",
    `${changes === 1 ? "1 change is" : `${changes} changes are`} missing, and nothing tells where ${changes === 1 ? "it" : "they"} stood`,
  ),
  changes,
});

/** Of the chain as a whole, under its oldest run or over all of it. */
export const lossOfAll = (source: RunSource, what: LossKind, why: string): SalvageLoss =>
  new OpenLoss(what, { ...NOWHERE, why }, null).close(source, null);
